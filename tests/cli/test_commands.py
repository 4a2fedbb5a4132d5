"""All commands: that each explains itself, is in the README, and is loaded only when it is called."""

import re
from pathlib import Path

import click
import pytest

from bnlab import __version__
from bnlab.cli import cli
from bnlab.cli.main import COMMANDS
from bnlab.studies import STUDIES

ROOT = Path(__file__).parents[2]


def walk(command, path=()):
    """All commands and groups, by the words after `bnlab`."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from walk(command.get_command(context, name), (*path, name))


ALL = dict(walk(cli))
LEAVES = {path: command for path, command in ALL.items() if not isinstance(command, click.Group)}


def test_every_study_and_every_other_command_of_the_tables_is_there():
    assert {" ".join(path) for path in LEAVES} == {entry.command for entry in STUDIES} | {*COMMANDS}


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_each_command_has_help(path):
    assert ALL[path].help


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_each_option_has_help(path):
    options = [parameter for parameter in LEAVES[path].params if isinstance(parameter, click.Option)]
    assert options
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_each_help_shows_an_example(path, call):
    done = call(*path, "--help")
    assert done.status == 0
    assert done.err == ""
    assert "Example: bnlab" in " ".join(done.out.split())


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_the_example_in_each_help_is_right(path, call):
    example = re.search(r"Example: bnlab (.*)", " ".join(call(*path, "--help").out.split()))[1]
    words = example.split()
    named = [name for name in path if "=" not in name]  # the general form is called by its arguments alone
    assert words[: len(named)] == named
    assert not any(word.startswith("-") and word not in flags(LEAVES[path]) for word in words[len(named) :])


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_each_list_of_commands_says_what_they_do(path, call):
    if isinstance(ALL[path], click.Group):
        out = call(*path, "--help").out
        for name, row in ALL[path].table.items():
            assert re.search(rf"^  {name}\s+{re.escape(row.help[:20])}", out, re.MULTILINE)


def flags(command):
    return {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}


COMMON = {
    "--dataset", "--seed", "--out", "-j", "--jobs", "--config", "-s", "--set", "-n", "--dry-run", "--json", "-q", "-v",
}  # fmt: skip


@pytest.mark.parametrize("command", [*dict.fromkeys(entry.command for entry in STUDIES), "sweep KEY=V1,V2"])
def test_each_study_takes_the_common_options(command):
    assert flags(LEAVES[tuple(command.split())]) >= COMMON


def single(option):
    return isinstance(option, click.Option) and not (option.multiple or option.is_flag)


@pytest.mark.parametrize(
    ("path", "option"), [(path, option) for path in LEAVES for option in filter(single, LEAVES[path].params)]
)
def test_an_option_that_takes_one_value_may_be_given_once(call, path, option):
    done = call(*path, option.opts[0], "1", option.opts[-1], "1")
    assert (done.status, done.out) == (2, "")
    assert done.err == f"Error: {option.opts[-1]} is given 2 times: give it once; see bnlab {' '.join(path)} --help\n"


def test_flags_and_repeatable_options_may_be_given_again(call):
    done = call("dropout", "-n", "-n", "--json", "--json", "--keep", "0.5", "--keep", "0.5", "-s", "seed=1", "-s", "seed=2")
    assert {run["spec"]["seed"] for run in done.json["runs"]} == {2}


def test_a_leading_tilde_is_the_home_folder(call, tmp_path, tiny, monkeypatch):
    """In `--out=~/x` the shell leaves it as it is."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert call("compare", *tiny, "-j", 1, "-q", "--out=~/x") == (0, "", "")
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*")] == ["home/x"]
    assert f"{tmp_path}/home/none " in call("data", "list", "--data-dir=~/none").err
    assert f"{tmp_path}/home/none.py " in call("gradcheck", "--module=~/none.py").err
    monkeypatch.setenv("BNLAB_DATA_DIR", "~/none")
    assert f"{tmp_path}/home/none/cifar10" in call("data", "list").out


def test_the_defaults():
    options = {parameter.name: parameter for parameter in LEAVES["compare",].params}
    assert Path(options["out"].default) == Path("results")
    assert "231" in options["seed"].help
    assert options["sets"].multiple
    assert {p.name: p for p in LEAVES["dropout",].params}["keep"].multiple


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_the_readme_names_each_command_and_each_of_its_options(path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"`bnlab {' '.join(path)}\b", readme)
    studies = {*(tuple(entry.command.split()) for entry in STUDIES), ("sweep", "KEY=V1,V2")}
    options = [each.opts for each in LEAVES[path].params if path in studies and isinstance(each, click.Option)]
    named = [any(re.search(rf"`[^`]*{flag}(?![\w-])", readme) for flag in opts) for opts in options]
    assert [opts for opts, found in zip(options, named, strict=True) if not found] == []


def test_version(run):
    done = run("--version")
    assert (done.status, done.err) == (0, "")
    assert done.out == f"bnlab, version {__version__}\n"


def test_without_a_command_the_help_is_shown_and_the_status_is_2(run):
    done = run()
    assert done.status == 2
    assert done.out == ""
    assert "Commands:" in done.err


HEAVY = ("jinja2", "markdown_it", "numpy", "matplotlib", "yaml", "rich", "bnlab.layers", "bnlab.studies.compare")


def test_help_imports_nothing_heavy(run):
    done = run.python("import sys; sys.argv[1:] = ['--help']; from bnlab.__main__ import main; main()", "-X", "importtime")
    assert done.status == 0
    imported = {line.split("|")[2].strip() for line in done.err.splitlines() if line.startswith("import time:")}
    assert "bnlab.cli.main" in imported
    assert imported.isdisjoint(HEAVY)


def test_importing_the_command_line_imports_nothing_heavy(run):
    done = run.python(f"import sys, bnlab.cli; print([name for name in {HEAVY} if name in sys.modules])")
    assert done.out == "[]\n"


def test_importing_every_module_starts_prints_and_writes_nothing(run, tmp_path):
    done = run.python(
        "import importlib, importlib.util, multiprocessing, pkgutil, threading, bnlab\n"
        "names = [module.name for module in pkgutil.walk_packages(bnlab.__path__, 'bnlab.')]\n"
        "apart = 'bench.peers.', 'engines.tensorflow', 'engines.torch', 'parity.on_'  # on libraries that may be missing\n"
        "if importlib.util.find_spec('numba') is None: apart += ('fast.numba_kernels',)\n"
        "names = [name for name in names if not any(word in name for word in apart)]\n"
        "for name in names: importlib.import_module(name)\n"
        "assert len(names) > 40\n"
        "assert threading.active_count() == 1\n"
        "assert multiprocessing.active_children() == []\n"
        "assert multiprocessing.get_start_method(allow_none=True) is None\n"
    )
    assert (done.status, done.out, done.err) == (0, "", "")
    assert [*tmp_path.iterdir()] == []
