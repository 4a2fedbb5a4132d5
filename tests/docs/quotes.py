"""Code that a document quotes: each quote begins with a comment that names its file."""

import re
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def quotes_of(page):
    return [text for kind, text in FENCE.findall(page) if kind == "python"]


def stands_in_its_file(quote):
    """Whether the lines after the first are lines of that file, whatever their indentation there."""
    first, code = quote.split("\n", 1)
    source = (ROOT / first.removeprefix("# ")).read_text(encoding="utf-8").splitlines()
    lines = code.count("\n")
    return code in [dedent("\n".join(source[i : i + lines])) + "\n" for i in range(len(source))]
