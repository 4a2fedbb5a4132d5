"""`bnlab runs gc`: what of the results folder may go."""

from __future__ import annotations

from pathlib import Path

import click

from bnlab.cli.options import Number, json_option, out_option
from bnlab.cli.tables import print_json, print_table, print_text
from bnlab.errors import plural
from bnlab.lab.store import Store
from bnlab.studies.garbage import Found, delete, find

MB = 1e6


@click.command("gc", epilog="Example: bnlab runs gc --status failed --older-than 7 --delete")
@click.option(
    "--study",
    "studies",
    multiple=True,
    metavar="NAME",
    help="Runs of this study too, by its name or the name of its results folder. Repeatable.",
)
@click.option(
    "--status",
    type=click.Choice(["finished", "diverged", "failed"]),
    help="Runs that ended like this too; with --study only those of them.",
)
@click.option(
    "--older-than",
    type=Number(min=0),
    default=0.0,
    metavar="DAYS",
    help="Only files that nobody has changed for so many days.",
)
@click.option("--delete", "deletes", is_flag=True, help="Delete them. Without it nothing is changed.")
@json_option
@out_option
def command(
    studies: tuple[str, ...], status: str | None, older_than: float, deletes: bool, as_json: bool, out: Path
) -> None:  # fmt: skip
    """List what may go: runs of older versions, what killed programs left half-written, damaged files that were set aside,
    and the runs that you name.

    A run that another study lists stays, unless that study is named too. A run that no study lists stays unless it failed:
    it may be a replicate that a later command, with fewer of them, left out.
    """
    store = Store(out, read_only=not deletes)
    found = find(store, studies, status, older_than)
    if deletes:
        found = delete(store, found)
    if as_json:
        rows = [{"path": str(each.path), "why": each.why, "bytes": each.bytes, "days": each.days} for each in found.files]
        print_json({"files": rows, "shared": found.shared, "deleted": deletes})
    else:
        _print(found, deletes)


def _print(found: Found, deletes: bool) -> None:
    if found.files:
        rows = [[str(each.path), each.why, f"{each.bytes:,}", f"{each.days:.1f}"] for each in found.files]
        print_table(["file", "why", "bytes", "days"], rows, drop=["days", "bytes"], wrap=["why"])
    done = "deleted" if deletes else "nothing was deleted; --delete deletes them" if found.files else "nothing to delete"
    shared = f"; {plural(found.shared, 'run')} stay, since another study lists them" if found.shared else ""
    print_text(f"{plural(len(found.files), 'file')}, {sum(each.bytes for each in found.files) / MB:.1f} MB: {done}{shared}")
