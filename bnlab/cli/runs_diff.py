"""`bnlab runs diff RUN RUN`: what differs between two stored runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bnlab.cli.options import json_option, out_option
from bnlab.cli.tables import print_json, print_table
from bnlab.lab.files import finite_or_none
from bnlab.lab.store import USUAL_DIGITS, Store, read_run
from bnlab.report.run_facts import outcome, settings
from bnlab.studies.yaml_files import as_yaml

Differences = dict[str, tuple[Any, Any]]


@click.command("diff", epilog="Example: bnlab runs diff 3f9ac2d1 77e0b1c4")
@click.argument("first", metavar="RUN")
@click.argument("second", metavar="RUN")
@json_option
@out_option
def command(first: str, second: str, as_json: bool, out: Path) -> None:
    """Show what differs between two runs: first the settings, then the outcome. Exit status 0, whatever differs.

    Each RUN is the run's name or the first digits of it, at least 4, as `bnlab runs list` shows them.
    """
    store = Store(out)
    one, other = read_run(store.find(first)), read_run(store.find(second))
    values = [{key: value for key, (value, _) in settings(run.spec).items()} for run in (one, other)]
    of_settings, of_outcome = _differences(*values), _differences(outcome(one), outcome(other))
    names = [run.spec.name for run in (one, other)]
    if as_json:
        document = {"settings": of_settings, "outcome": of_outcome}
        print_json({"runs": names, **{part: _strict(found) for part, found in document.items()}})
    elif found := of_settings | of_outcome:
        rows = [[key, *("-" if value is None else as_yaml(value) for value in pair)] for key, pair in found.items()]
        head = ["", *(name[:USUAL_DIGITS] for name in names)]
        print_table(head, rows, wrap=head[1:])
    else:
        click.echo("nothing differs")


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> Differences:
    """Both values of each name under which they differ; None where one has no such value."""
    return {
        name: (one.get(name), other.get(name)) for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)
    }


def _strict(found: Differences) -> dict[str, list[Any]]:
    return {name: [finite_or_none(value) for value in pair] for name, pair in found.items()}
