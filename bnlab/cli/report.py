"""`bnlab report`: one page with all that a results folder holds."""

from __future__ import annotations

from pathlib import Path

import click

from bnlab.cli.options import PATH
from bnlab.lab.files import write
from bnlab.studies import STUDIES

REPORT, WORKSHEET = "report.html", "worksheet.html"
"""The page with answers, and the one without: neither overwrites the other."""


@click.command("report", epilog="Example: bnlab report results")
@click.argument("folder", type=PATH, default="results", metavar="[FOLDER]")
@click.option(
    "--without-answers",
    is_flag=True,
    help=f"For a class: write {WORKSHEET} instead, without verdicts, findings, and the tables and titles that give them "
    "away, but with the numbers to find them, and room to write. Hand out this file alone: the folder holds the answers.",
)
def command(folder: Path, without_answers: bool) -> None:
    """Gather a results folder (default: results) into FOLDER/report.html, one file that opens anywhere, offline.

    It holds the claims of all studies with their verdicts, each study with its figures and numbers, the published numbers
    and the gradient checks if they are there, and the derivations. Nothing is computed anew.
    """
    path, problems = write_report(folder, without_answers)
    for problem in problems:
        click.echo(f"Warning: {problem}", err=True)
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


def write_report(folder: Path, without_answers: bool = False) -> tuple[Path, tuple[str, ...]]:
    """Write the page, whole or not at all; hand back its path, and which files are damaged. without_answers: the worksheet.

    Raises StoreError if there is no such folder, nothing in it to show, or no room for the page.
    """
    from bnlab.report.page import gather, render

    book = gather(folder, tuple(entry.name for entry in STUDIES))
    path = folder / (WORKSHEET if without_answers else REPORT)
    write(path, render(book, without_answers))
    return path, book.left_out
