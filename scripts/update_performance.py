"""Puts figures into docs/performance.md: those of a machine, as `bnlab bench` and `bnlab bench --scaling` left them.

    bnlab bench
    bnlab bench --scaling
    python scripts/update_performance.py NAME [--results FOLDER]

NAME is a folder in docs/performance/, one for each machine; without it the page is made anew from those that are there.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bnlab.bench.document import FOLDER
from bnlab.bench.figures import FAST, PLAIN, Figure, from_json, in_words
from bnlab.bench.goals import judge, markdown

DOCS = Path(__file__).parents[1] / "docs"
PAGE, MEASURED = DOCS / "performance.md", DOCS / "performance"
FILES = ("bench.json", "scaling.json", "scaling.png")
BEGIN, END = "<!-- made by scripts/update_performance.py -->\n", "<!-- end -->\n"


def main() -> None:
    """Copies the files of a machine, if one is named, and writes the page."""
    parser = argparse.ArgumentParser(description="Puts measured figures into docs/performance.md.")
    parser.add_argument("name", nargs="?", help="the machine's folder in docs/performance")
    parser.add_argument("--results", type=Path, default=Path("results"), help="the results folder")
    asked = parser.parse_args()
    if asked.name:
        (MEASURED / asked.name).mkdir(parents=True, exist_ok=True)
        for file in FILES:
            shutil.copy(asked.results / FOLDER / file, MEASURED / asked.name / file)
    PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8"), folders()), encoding="utf-8")


def folders() -> list[Path]:
    """One for each machine."""
    return sorted(path.parent for path in MEASURED.glob("*/bench.json"))


def with_figures(page: str, machines: Sequence[Path]) -> str:
    """The page with the section of each machine between the two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "".join(map(section, machines)) + END + after


def section(machine: Path) -> str:
    """What was measured on a machine."""
    bench, scaling = (json.loads((machine / name).read_text(encoding="utf-8")) for name in FILES[:2])
    figures = [from_json(values) for values in bench["figures"]]
    lines = [
        f"\n### {_title(bench['provenance'])}\n",
        f"`{bench['command']}`: {_facts(bench['provenance'])}.\n",
        markdown([*judge(figures)]),
        *_warned(bench),
        "Where the time of a run goes, and its limit:\n",
        _by_kernels([figure for figure in figures if figure.part == "run"]),
        f"![Time and memory per multiply-add as work grows]({MEASURED.name}/{machine.name}/scaling.png)\n",
        "".join(f"- {remark}\n" for remark in scaling["remarks"]),
    ]
    return "\n".join(lines) + "\n"


def _title(facts: dict[str, Any]) -> str:
    return f"{facts['processor']}, {facts['cpus']} cores"


def _facts(facts: dict[str, Any]) -> str:
    blas = f"{facts['blas']}, kernel {facts['blas_kernel']}, {facts['blas_threads']} thread"
    return f"NumPy {facts['numpy']}, {blas}, {facts['kernels']}, Python {facts['python']}, {facts['finished_at'][:10]}"


def _warned(bench: dict[str, Any]) -> Iterator[str]:
    for what, install in bench["missing"].items():
        yield f"Not measured: {what} ({install}).\n"
    for warning in bench["warnings"]:
        yield f"Warned: {warning}.\n"


def _by_kernels(figures: Sequence[Figure]) -> str:
    """A table with a row for each thing and a column for each kind of kernels."""
    by_name: dict[str, dict[str, str]] = {}
    for figure in figures:
        by_name.setdefault(figure.what, {})[figure.kernels] = in_words(figure.value, figure.unit)
    head = f"| | {PLAIN} | {FAST} |\n|---|---|---|\n"
    return head + "".join(f"| {what} | {row.get(PLAIN, '-')} | {row.get(FAST, '-')} |\n" for what, row in by_name.items())


if __name__ == "__main__":
    main()
