"""docs/performance.md: its commands are right, its links lead somewhere, its figures are those of the files beside it."""

import importlib.util
import json
import re
import shlex
from pathlib import Path

import click
import pytest

from bnlab.bench.document import Findings
from bnlab.bench.figures import ratio_of, time_of
from bnlab.cli import cli
from bnlab.lab.files import json_bytes

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
COMMANDS = [line.strip() for line in re.findall(r"^    (\S.*)$", PAGE, re.MULTILINE)]
QUOTED = re.findall(r"`((?:bnlab|python) [^`]+)`", PAGE)
MACHINES = sorted((ROOT / "docs" / "performance").glob("*/bench.json"))


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("update", ROOT / "scripts" / "update_performance.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parse(words):
    """Parse a command line without carrying it out; an error if it isn't right."""
    command, words = cli, [*words]
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words.pop(0))
    command.make_context("bnlab", words)


@pytest.mark.parametrize("line", dict.fromkeys([*COMMANDS, *QUOTED]))
def test_each_command_is_right(line):
    words = shlex.split(line, comments=True)
    if words[0] == "python":
        assert words[1] == "-m"
        assert importlib.util.find_spec(words[2])
        words = words[words.index("bnlab") :] if "bnlab" in words else []
    if words:
        assert words[0] == "bnlab"
        parse(words[1:])


def test_a_wrong_command_is_found():
    with pytest.raises(click.ClickException):
        parse(["bench", "--onyl", "run"])


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)]*)\)", PAGE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_the_figures_are_those_of_the_files(script):
    assert script.with_figures(PAGE, script.folders()) == PAGE
    assert len(MACHINES) == PAGE.count("\n### ")


def test_no_folder_of_the_machine_is_told():
    for path in [path.parent / name for path in MACHINES for name in ("bench.json", "scaling.json")]:
        assert "/" not in json.loads(path.read_text(encoding="utf-8"))["command"]


@pytest.fixture
def machine(tmp_path):
    """What `bnlab bench` and `bnlab bench --scaling` leave, with few figures."""
    figures = [
        ratio_of("sweep", "the sweep against PyTorch", "NumPy", [4.0, 4.0], [2.0, 2.0]),
        time_of("run", "a run on one core", "NumPy", [0.2]),
        time_of("run", "a run on one core", "numba", [0.1]),
        time_of("run", "its limit", "numba", [0.08]),
    ]
    found = Findings(figures, [], {"JAX": "pip install jax optax"}, ["it rained"], {}, 1.0)
    (tmp_path / "bench.json").write_bytes(json_bytes(found.to_json("bnlab bench")))
    (tmp_path / "scaling.json").write_text(json.dumps({"remarks": ["depth is dear"]}), encoding="utf-8")
    return tmp_path


def test_a_machine_has_its_goals_where_its_time_goes_and_its_scaling(script, machine):
    page = script.with_figures(PAGE, [machine])
    assert script.with_figures(page, [machine]) == page
    assert "| the sweep against PyTorch | NumPy | at least 1.9 | 2 | 2 to 2 | met |" in page
    assert "| a run on one core | 200 ms | 100 ms |" in page
    assert "| its limit | - | 80 ms |" in page
    assert "Not measured: JAX (pip install jax optax)." in page
    assert "Warned: it rained." in page
    assert "- depth is dear" in page
    assert script.with_figures(page, script.folders()) == PAGE
