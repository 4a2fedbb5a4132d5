"""`bnlab runs show RUN`: all that is stored of one run."""

from __future__ import annotations

from pathlib import Path

import click

from bnlab.cli.options import json_option, out_option
from bnlab.cli.runs_list import named_if_damaged
from bnlab.cli.settings import print_settings
from bnlab.cli.tables import can_print, print_text, room
from bnlab.lab.store import Store, read_run
from bnlab.report.run_facts import ASCII_BLOCKS, BLOCKS, one_line_curve, outcome, settings
from bnlab.runs.history import History
from bnlab.studies.memberships import lists_of_runs, read_memberships

WIDEST = 60
"""Characters of a curve, at most."""
MARGIN = 42
"""Characters that a line needs besides its curve."""


@click.command("show", epilog="Example: bnlab runs show 3f9ac2d1")
@click.argument("run")
@json_option
@out_option
def command(run: str, as_json: bool, out: Path) -> None:
    """Show one run: its file, its studies and arms, its settings, its outcome, and one line per curve.

    RUN is the run's name or the first digits of it, at least 4, as `bnlab runs list` shows them. With --json, print the
    run's file.
    """
    store = Store(out)
    path = store.find(run)
    ended = read_run(path)
    if as_json:
        click.echo(path.read_text(encoding="utf-8"), nl=False)
        return
    click.echo(path)
    _print_places(store, ended.spec.name)
    click.echo()
    rows = [(key, value, "default" if is_default else "") for key, (value, is_default) in settings(ended.spec).items()]
    print_settings([*rows, *((f"outcome.{name}", value, "") for name, value in outcome(ended).items())])
    if isinstance(ended, History):
        click.echo()
        _print_curve("training loss", ended.outcome.loss_history)
        _print_curve("validation accuracy", ended.outcome.val_acc_history)


def _print_places(store: Store, name: str) -> None:
    """The studies and arms that the run belongs to, each with its folder."""
    places = [each for some in named_if_damaged(read_memberships, lists_of_runs(store.root)) for each in some]
    for place in [each for each in places if each.run == name]:
        print_text(f"{place.study}: {place.arm} ({store.root / place.folder})")


def _print_curve(label: str, values: list[float]) -> None:
    """One line: the first value, the curve, the last value."""
    width = int(min(WIDEST, max(1, room() - MARGIN)))
    curve = one_line_curve(values, width, BLOCKS if can_print(BLOCKS) else ASCII_BLOCKS)
    click.echo(f"{label:19} {values[0]:>9.4g} {curve} {values[-1]:.4g}")
