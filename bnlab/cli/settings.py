"""`bnlab settings STUDY`: the settings a study would use, what each means, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from bnlab.cli.options import PATH
from bnlab.errors import did_you_mean
from bnlab.runs.fields import Setting
from bnlab.runs.spec import RULE_SETTINGS
from bnlab.studies import STUDIES, SWEEP, StudyEntry
from bnlab.studies.settings import Loaded, known_settings, load_settings, parse_set
from bnlab.studies.study import load_study
from bnlab.studies.yaml_files import as_yaml

ALIGNED = 34
"""The column at which comments start, where the value leaves room."""
NAMES = {entry.name: entry for entry in (*STUDIES, SWEEP)}


@click.command(
    "settings",
    epilog="Example: bnlab settings sweep weight-scale -s net.reg=0.1 > mine.yaml",
    help="Print the settings that a study would use: each value, what it means, what it may be, and where it comes "
    f"from. The output is YAML, ready for --config. STUDY is one of: {', '.join(NAMES)}.",
)
@click.argument("words", nargs=-1, required=True, metavar="STUDY")
@click.option("--model", help="The kind of net, where a study has several.")
@click.option("--config", type=PATH, help="YAML file with settings, over the study's own.")
@click.option(
    "-s", "--set", "sets", multiple=True, metavar="KEY.PATH=VALUE", help="One setting, over --config. Repeatable."
)
def command(words: tuple[str, ...], model: str | None, config: Path | None, sets: tuple[str, ...]) -> None:
    entry = _entry(words, model)
    study = load_study(entry.module)
    loaded = load_settings(study, entry.experiment, config, map(parse_set, sets))
    click.echo(f"# The settings of: bnlab {entry.name}")
    print_settings(_rows(known_settings(study), loaded))
    for key, instead in study.VARIED.items():
        click.echo(f"# {key} is what the study varies: {instead}")


def print_settings(rows: Iterable[tuple[str, Any, str]]) -> None:
    """Rows of key, value and comment, as YAML in sections. The rows of a section stand together."""
    for section, members in groupby(rows, lambda row: row[0].rpartition(".")[0]):
        if section:
            click.echo(f"{section}:")
        for key, value, comment in members:
            line = f"{'  ' if section else ''}{key.rpartition('.')[2]}: {as_yaml(value)}"
            click.echo(f"{line:{ALIGNED}}  # {comment}" if comment else line)


def _rows(known: dict[str, Setting], loaded: Loaded) -> Iterator[tuple[str, Any, str]]:
    """Each setting with its value and comment. The update rule's own are given in full, those of other rules left out."""
    rule = loaded.settings.solver.rule_config
    for key, setting in known.items():
        section, _, name = key.rpartition(".")
        part = getattr(loaded.settings, section) if section else loaded.settings
        value, origin = getattr(part, name), loaded.origins.get(key, "default")
        if section == "solver" and name in RULE_SETTINGS:
            if name not in rule:
                continue
            value, origin = rule[name], loaded.origins.get(key, f"default of {loaded.settings.solver.update_rule}")
        yield key, value, f"{setting.meaning}; {setting.choices} ({origin.partition(': ')[0]})"


def _entry(words: tuple[str, ...], model: str | None) -> StudyEntry:
    """The study of that name. Raises UsageError if there is none."""
    name = " ".join(words)
    found = [entry for entry in NAMES.values() if entry.command == name and (model is None or entry.model == model)]
    if not found:
        asked = name if model is None else f"{name} --model {model}"
        hint = did_you_mean(asked, NAMES)
        raise click.UsageError(
            f"no study is called {asked!r}: there are {', '.join(NAMES)}{hint}", click.get_current_context()
        )
    return found[0]
