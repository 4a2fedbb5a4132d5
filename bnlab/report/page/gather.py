"""From a results folder to what the page says. Everything comes from the files; nothing is computed anew.

A file that is damaged is named and left out, and the rest is shown. A study without a summary that can be read is left out.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from bnlab.errors import StoreError
from bnlab.report.page.drawing import make_drawing
from bnlab.report.page.exercise import exercise
from bnlab.report.page.model import NOT_RECORDED, VERDICTS, Book, Claim, Picture, Study, Verify
from bnlab.report.page.numbers import arm_rows, number_tables

DAMAGED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OSError, csv.Error, RecursionError)
"""What reading a file raises that isn't what it should be."""
Read = TypeVar("Read")
FACTS = {
    "bnlab": "bnlab",
    "git revision": "git_revision",
    "Python": "python",
    "NumPy": "numpy",
    "BLAS": "blas",
    "BLAS kernel": "blas_kernel",
    "system": "system",
    "machine": "machine",
    "processor": "processor",
    "cores": "cpus",
    "seconds": "seconds",
    "finished": "finished_at",
}
"""What the page says of where a study was computed, and the key in `provenance`. No host, no user, no path."""


class _Reader:
    """Reads files, remembers those that can't be read, and counts the pictures."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[str] = []
        self.pictures = 0

    def read(self, path: Path, parse: Callable[[Path], Read]) -> Read | None:
        """What parse makes of the file; None if there is none, or if it is damaged."""
        if not path.is_file():
            return None
        try:
            return parse(path)
        except DAMAGED as error:
            reason = "a key is missing: " if isinstance(error, KeyError) else ""
            where = path.relative_to(self.root).as_posix()
            self.problems.append(f"{where} is damaged and left out: {reason}{_one_line(error)}")
            return None


def gather(folder: Path, order: Sequence[str] = ()) -> Book:
    """What the folder holds. order: names of studies, in the page's order; others come after them.

    Raises StoreError if there is no such folder, or nothing in it to show.
    """
    if not folder.is_dir():
        raise StoreError(f"{folder} is no folder: name a results folder, as --out of the studies makes it")
    reader = _Reader(folder)
    found = [_study(each, reader) for each in sorted(folder.iterdir()) if each.is_dir()]
    studies = sorted(filter(None, found), key=lambda study: _place(study, order))
    one_seed = len({study.seed for study in studies}) == 1
    numbered = tuple(
        replace(study, number=number, heading=_heading(study, one_seed)) for number, study in enumerate(studies, 1)
    )
    gradcheck = reader.read(folder / "gradcheck" / "gradcheck.json", _gradcheck)
    book = Book(numbered, _verify(folder / "verify", reader), gradcheck, tuple(reader.problems))
    if not (book.studies or book.verify or book.gradcheck):
        more = "; ".join(("", *book.left_out)) if book.left_out else ": run a study first, for instance bnlab compare"
        raise StoreError(f"{folder} holds no study that can be shown{more}")
    return book


def _place(study: Study, order: Sequence[str]) -> tuple[int, int, int, str]:
    """The faithful study comes before its variations, the usual data set before others."""
    known = order.index(study.study) if study.study in order else len(order)
    return known, len(study.datasets), len(study.changed), study.folder


def _heading(study: Study, one_seed: bool) -> str:
    """The folder's name as words; without the seed if it tells no study from another."""
    name = study.folder.removesuffix(f"-seed-{study.seed}") if one_seed else study.folder
    return name.replace("-", " ").capitalize()


def _study(folder: Path, reader: _Reader) -> Study | None:
    return reader.read(folder / "summary.json", lambda path: _from_summary(folder, _json(path), reader))


def _from_summary(folder: Path, summary: Mapping[str, Any], reader: _Reader) -> Study:
    runs, settings, facts = list(summary["runs"]), dict(summary["settings"]), dict(summary["provenance"])
    claims, rules = reader.read(folder / "findings.json", _findings) or ((), {})
    said = [str(sentence) for sentence in summary["findings"]]
    arms = reader.read(folder / "arms.csv", lambda path: tuple(arm_rows(_csv(path), runs)))
    return Study(
        folder=folder.name,
        heading=folder.name,
        study=str(summary["study"]),
        question=str(summary.get("question") or ""),
        command=str(summary.get("command") or ""),
        datasets=tuple(dict.fromkeys(str(run["dataset"]) for run in runs)) or (str(settings["data"]["dataset"]),),
        seed=str(settings["seed"]),
        replicates=int(rules.get("replicates", settings["replicates"])),
        claims=claims,
        rules=rules,
        remarks=tuple(said[len(claims) :]),
        pictures=tuple(_pictures(folder, reader)),
        arms=arms or (),
        changed={str(key): _plain(value) for key, value in dict(summary["changed"]).items()},
        provenance=_provenance(facts, summary, runs),
        version=str(facts.get("bnlab") or NOT_RECORDED),
    )


def _findings(path: Path) -> tuple[tuple[Claim, ...], Mapping[str, Any]]:
    """The claims, checked, and what else the file says."""
    document = _json(path)
    claims = tuple(Claim(dict(fields)) for fields in document.pop("claims"))
    for claim in claims:
        if claim.verdict not in VERDICTS:
            raise ValueError(f"there is no verdict {claim.verdict!r}")
        _ = (claim.text, claim.replicates, claim.effect, claim.range, claim.interval and claim.interval.zone)
        exercise(claim)
    int(document["replicates"])
    return claims, document


def _pictures(folder: Path, reader: _Reader) -> Iterator[Picture]:
    """The study's own figure first."""
    for path in sorted(folder.glob("*.svg"), key=lambda path: (path.stem != "figure", path.stem)):
        picture = _picture(path, reader)
        if picture is not None:
            yield picture


def _picture(path: Path, reader: _Reader) -> Picture | None:
    reader.pictures += 1
    identity = f"f{reader.pictures}"
    drawing = reader.read(path, lambda path: make_drawing(path.read_text(encoding="utf-8"), f"{identity}-"))
    table = path.with_name(f"{path.stem}-numbers.csv")
    numbers = reader.read(table, lambda path: tuple(number_tables(_csv(path)))) or ()
    return None if drawing is None else Picture(path.stem, identity, drawing, numbers, main=path.stem == "figure")


def _provenance(facts: Mapping[str, Any], summary: Mapping[str, Any], runs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    found = {word: _fact(facts.get(key)) for word, key in FACTS.items()}
    prints = dict.fromkeys(str(run["fingerprint"]) for run in runs if run.get("fingerprint"))
    fingerprint = facts.get("fingerprint") or summary.get("fingerprint") or ", ".join(prints)
    return {**found, "data fingerprint": _fact(fingerprint)}


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(str(each) for each in value.values() if each) or NOT_RECORDED
    return NOT_RECORDED if value is None or value == "" else str(value)


def _verify(folder: Path, reader: _Reader) -> Verify | None:
    document = reader.read(folder / "verify.json", _verify_document)
    picture = _picture(folder / "figure.svg", reader)
    if document is None and picture is None:
        return None
    counts, rows = document or ({}, ())
    return Verify(counts, rows, picture)


def _verify_document(path: Path) -> tuple[dict[str, int], tuple[dict[str, Any], ...]]:
    document = _json(path)
    rows = tuple({**row, "what": str(row["what"])} for row in document["rows"])
    return {str(status): int(count) for status, count in dict(document["counts"]).items()}, rows


def _gradcheck(path: Path) -> tuple[dict[str, Any], ...]:
    document = json.loads(path.read_text(encoding="utf-8"))
    rows = document["rows"] if isinstance(document, Mapping) else document
    return tuple({**row, "case": str(row["case"]), "ok": row["ok"]} for row in rows)


def _json(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise ValueError("it holds no object")
    return document


def _csv(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _one_line(error: Exception) -> str:
    return " ".join(str(error.strerror if isinstance(error, OSError) and error.strerror else error).split())
