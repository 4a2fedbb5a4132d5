"""What all commands print on standard output: tables and lines for people, JSON for programs.

A pipe gets everything in full width. On a terminal that is too narrow for a table:

1. Its columns move closer together, and headers go on in a second line.
2. The texts in the columns named in `wrap` go on in further lines. All lines are broken at spaces only.
3. If that isn't enough, the columns named in `drop` are left out, the first one first, until the rest fits.
4. What doesn't fit even then is printed in lines that are too long. No word and no number is ever cut.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import click

GAP, NARROW_GAP = 3, 2
"""Spaces between two columns."""
ALARMS = frozenset({"FAILED", "DISAGREES"})
"""Cells that a terminal shows in bold red."""


def print_json(document: Any) -> None:
    """One JSON document, strict."""
    click.echo(json.dumps(document, indent=1, allow_nan=False))


def print_text(text: str) -> None:
    """A line of words; on a terminal in as many lines as it takes."""
    for line in _wrapped(text, room()):
        click.echo(line)


def print_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, drop: Sequence[str] = (), wrap: Sequence[str] = ()
) -> None:
    """A table with a header row. drop: columns that may be left out, the least important first. wrap: columns of text."""
    columns = [_Column(name, [row[i] for row in rows], name in wrap) for i, name in enumerate(head)]
    width = room()
    gap = GAP if _width([column.most for column in columns], GAP) <= width else NARROW_GAP
    for name in drop:
        if _width([column.least for column in columns], gap) <= width:
            break
        columns = [column for column in columns if column.name != name]
    for line in ("", *_lines(columns, _widths(columns, gap, width), gap), ""):
        click.echo(line)


class _Column(NamedTuple):
    name: str
    cells: Sequence[str]
    is_text: bool

    @property
    def most(self) -> int:
        """Its width if nothing is wrapped."""
        return max(map(len, (self.name, *self.cells)))

    @property
    def least(self) -> int:
        """Its width if everything is wrapped that may be. Texts keep half their width: else they take too many lines."""
        if not self.is_text:
            return max(_longest_word(self.name), *map(len, self.cells), 0)
        return max(self.most // 2, *map(_longest_word, (self.name, *self.cells)))


def _widths(columns: Sequence[_Column], gap: int, room: float) -> list[int]:
    """Of each column: the least it takes. Room that is left goes to texts first, then to headers that fit whole with it."""
    widths = [column.least for column in columns]
    for i in sorted(range(len(columns)), key=lambda i: not columns[i].is_text):
        left, wanted = max(0, room - _width(widths, gap)), columns[i].most - widths[i]
        if columns[i].is_text or wanted <= left:
            widths[i] += int(min(wanted, left))
    return widths


def _width(widths: Sequence[int], gap: int) -> int:
    """Of a line, with an empty place at either end."""
    return 1 + sum(widths) + gap * (len(widths) - 1) + 1


def _lines(columns: Sequence[_Column], widths: Sequence[int], gap: int) -> Iterator[str]:
    head = [_wrapped(column.name, width) for column, width in zip(columns, widths, strict=True)]
    deepest = max(map(len, head))
    yield from _row([[""] * (deepest - len(lines)) + lines for lines in head], widths, gap)
    rule = "─" if can_print("─") else "-"
    yield " " + rule * (_width(widths, gap) - 2)
    for cells in zip(*(column.cells for column in columns), strict=True):
        yield from _row([_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)], widths, gap)


def _row(cells: Sequence[list[str]], widths: Sequence[int], gap: int) -> Iterator[str]:
    """The lines of a row from the lines of its cells."""
    for texts in zip_longest(*cells, fillvalue=""):
        yield f" {(' ' * gap).join(map(_shown, texts, widths))}".rstrip()


def _shown(text: str, width: int) -> str:
    in_colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    shown = click.style(text, fg="red", bold=True) if in_colour and text in ALARMS else text
    return shown + " " * (width - len(text))


def _wrapped(text: str, width: float) -> list[str]:
    """Its lines, broken at spaces only, each indented like the first."""
    if len(text) <= width:
        return [text]
    return textwrap.wrap(text, int(width), subsequent_indent=_indent(text), break_long_words=False, break_on_hyphens=False)


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _longest_word(text: str) -> int:
    return len(_indent(text)) + max(map(len, text.split()), default=0)


def can_print(text: str) -> bool:
    """Whether standard output's encoding has these characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def room() -> float:
    """The width of the terminal; without end where standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else math.inf
