"""One page with all that a results folder holds: claims and verdicts, figures, tables, derivations, in a single HTML file.

The file needs nothing beside it: no script to be read, no font, style or picture from elsewhere. It knows no study: all
comes from the files in the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bnlab.report.page.gather import gather
from bnlab.report.page.render import render

__all__ = ["build", "gather", "render"]


def build(folder: Path, without_answers: bool = False, order: Sequence[str] = ()) -> bytes:
    """The page about a results folder, as HTML in UTF-8.

    without_answers: verdicts, findings, tables that give them away and titles that state them are left out, and there is
    room to write. order: the names of studies in the page's order.

    Raises StoreError if there is no such folder, or nothing in it to show. Damaged files are named and left out.
    """
    return render(gather(folder, order), without_answers)
