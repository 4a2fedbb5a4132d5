"""From a results folder to what the page says. Everything comes from the files; nothing is computed anew.

A file that is damaged is named and left out, and the rest is shown. A study without a summary that can be read is left out,
and named too.
"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

from bnlab.errors import StoreError
from bnlab.report.findings import rules as rules_of
from bnlab.report.page.drawing import make_drawing
from bnlab.report.page.exercise import exercise
from bnlab.report.page.model import NOT_RECORDED, VERDICTS, Book, Check, Claim, Picture, Study
from bnlab.report.page.numbers import arm_rows, number_tables

DAMAGED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OSError, csv.Error, RecursionError)
"""What reading a file raises that isn't what it should be."""
Read = TypeVar("Read")
NUMBERS = ("n", "mean", "low", "high", "margin", "sd", "least_sd", "t", "look", "missing_replicates")
"""What a claim has as numbers, besides those of the replicates."""
LARGEST = 1e9
"""No number of a claim is larger: accuracies, epochs, decades. What is larger is damage, and too wide for the page."""
FACTS = {
    "bnlab": "bnlab",
    "git revision": "git_revision",
    "Python": "python",
    "NumPy": "numpy",
    "BLAS": "blas",
    "BLAS kernel": "blas_kernel",
    "kernels": "kernels",
    "system": "system",
    "machine": "machine",
    "processor": "processor",
    "cores": "cpus",
    "seconds": "seconds",
    "finished": "finished_at",
}
"""What the page says of where a study was computed, and the key in `provenance`. No host, no user, no path; and neither the
threads of BLAS nor the framework, which the study's own process has otherwise than its runs."""
REVISION = 10
"""So many digits of a git revision are enough."""
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
VERIFY, GRADCHECK, PARITY = "verify", "gradcheck", "parity"
"""The folders of the checks, which are no studies."""
SUMMARY, FINDINGS, ARMS, CLAIMS = "summary.json", "findings.json", "arms.csv", "claims.yaml"
LEFT_BY_STUDIES = ("figure.svg", "table.csv", FINDINGS, ARMS)
"""A folder with one of these holds a study."""


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
            self._note(path, f"is damaged and left out: {reason}{_one_line(error)}")
            return None

    def missing(self, path: Path, meaning: str) -> None:
        """Remember a file that should be there, if it isn't, and what that means."""
        if not path.is_file():
            self._note(path, f"is missing: {meaning}")

    def _note(self, path: Path, problem: str) -> None:
        self.problems.append(f"{path.relative_to(self.root).as_posix()} {problem}")


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
    headings = [_heading(study, one_seed) for study in studies]
    shared = {heading for heading, times in Counter(headings).items() if times > 1}
    numbered = tuple(
        replace(study, number=number, heading=heading + (f" ({study.folder})" if heading in shared else ""))
        for number, (study, heading) in enumerate(zip(studies, headings, strict=True), 1)
    )
    verify, gradcheck = _verify(folder / VERIFY, reader), _check(folder / GRADCHECK / "gradcheck.json", _gradcheck, reader)
    book = Book(numbered, verify, gradcheck, tuple(reader.problems))
    if not (book.studies or book.verify or book.gradcheck):
        more = "; ".join(("", *book.left_out)) if book.left_out else ": run a study first, for instance bnlab compare"
        raise StoreError(f"{folder} holds no study that can be shown{more}")
    return book


def _place(study: Study, order: Sequence[str]) -> tuple[int, int, int, str]:
    """The faithful study comes before its variations, the usual data set before others."""
    known = order.index(study.study) if study.study in order else len(order)
    return known, len(study.datasets), len(study.changed), study.folder


def _heading(study: Study, one_seed: bool) -> str:
    """The study's title, or the folder's name as words; with the seed only if it tells studies apart."""
    if study.heading:
        return study.heading if one_seed else f"{study.heading}, seed {study.seed}"
    name = study.folder.removesuffix(f"-seed-{study.seed}") if one_seed else study.folder
    return name.replace("-", " ").capitalize()


def _study(folder: Path, reader: _Reader) -> Study | None:
    if folder.name not in (VERIFY, GRADCHECK, PARITY) and any((folder / name).is_file() for name in LEFT_BY_STUDIES):
        reader.missing(folder / SUMMARY, "the study is left out; run it again to have it here")
    return reader.read(folder / SUMMARY, lambda path: _from_summary(folder, _json(path), reader))


def _from_summary(folder: Path, summary: Mapping[str, Any], reader: _Reader) -> Study:
    runs, settings, facts = list(summary["runs"]), dict(summary["settings"]), dict(summary["provenance"])
    said, command = [str(sentence) for sentence in summary["findings"]], str(summary.get("command") or "")
    changed = {str(key): _plain(value) for key, value in dict(summary["changed"]).items()}
    datasets = tuple(dict.fromkeys(str(run["dataset"]) for run in runs)) or (str(settings["data"]["dataset"]),)
    own_claims = CLAIMS if "--claims" in command.split() else ""
    reader.missing(folder / FINDINGS, "the study's claims can't be shown")
    found = reader.read(folder / FINDINGS, _findings)
    reader.missing(folder / ARMS, "the table of the arms can't be shown")
    arms = reader.read(folder / ARMS, lambda path: tuple(arm_rows(_csv(path), runs)))
    claims, rules = found or ((), {})
    return Study(
        folder=folder.name,
        heading=str(summary.get("title") or ""),
        study=str(summary["study"]),
        question=str(summary.get("question") or ""),
        command=command,
        datasets=datasets,
        seed=str(settings["seed"]),
        replicates=int(rules.get("replicates", settings["replicates"])),
        claims=claims,
        rules=rules,
        remarks=tuple(said[len(claims) :]),
        pictures=tuple(_pictures(folder, reader)),
        arms=arms or (),
        changed=changed,
        provenance=_provenance(facts, summary, runs),
        version=str(facts.get("bnlab") or NOT_RECORDED),
        unread=tuple(name for name, read in {FINDINGS: found, ARMS: arms}.items() if read is None),
        claims_file=(own_claims and reader.read(folder / own_claims, _text)) or "",
    )


def _findings(path: Path) -> tuple[tuple[Claim, ...], Mapping[str, Any]]:
    """The claims, checked, and what else the file says."""
    document = _json(path)
    claims = tuple(Claim(dict(fields)) for fields in document.pop("claims"))
    for claim in claims:
        if claim.verdict not in VERDICTS:
            raise ValueError(f"there is no verdict {claim.verdict!r}")
        _check_numbers(claim)
        _ = (claim.text, claim.replicates, claim.effect, claim.range, claim.interval and claim.interval.zone)
        exercise(claim)
    int(document["replicates"])
    if claims:
        rules_of(document)
    return claims, document


def _check_numbers(claim: Claim) -> None:
    """Raise ValueError for what is no number that can be shown, and for an interval that doesn't hold its mean."""
    for value in (*map(claim.fields.get, NUMBERS), *(claim.fields.get("values") or ())):
        if value is not None and not (isinstance(value, int | float) and abs(value) <= LARGEST):
            raise ValueError(f"{value!r} is no number that a claim can have")
    drawn = claim.interval
    if drawn and not drawn.low <= drawn.mean <= drawn.high:
        raise ValueError(f"the mean {drawn.mean:g} lies outside its interval, {drawn.low:g} to {drawn.high:g}")


def _pictures(folder: Path, reader: _Reader) -> Iterator[Picture]:
    """The study's own figure first."""
    for path in sorted(folder.glob("*.svg"), key=lambda path: (path.stem != "figure", path.stem)):
        picture = _picture(path, reader)
        if picture is not None:
            yield picture


def _picture(path: Path, reader: _Reader) -> Picture | None:
    reader.pictures += 1
    identity = f"f{reader.pictures}"
    drawing = reader.read(path, lambda path: make_drawing(_text(path), f"{identity}-"))
    table = path.with_name(f"{path.stem}-numbers.csv")
    if drawing is None:
        return None
    reader.missing(table, "the numbers of the figure can't be shown")
    numbers = reader.read(table, lambda path: tuple(number_tables(_csv(path))))
    return Picture(path.stem, identity, drawing, numbers or (), path.stem == "figure", unread=numbers is None)


def _provenance(facts: Mapping[str, Any], summary: Mapping[str, Any], runs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    prints = dict.fromkeys(str(run["fingerprint"]) for run in runs if run.get("fingerprint"))
    fingerprint = facts.get("fingerprint") or summary.get("fingerprint") or ", ".join(prints)
    return {**_facts(facts), "data fingerprint": _fact(fingerprint)}


def _facts(facts: Mapping[str, Any]) -> dict[str, str]:
    return {word: SHORTER.get(word, str)(_fact(facts.get(key))) for word, key in FACTS.items()}


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(str(each) for each in value.values() if each) or NOT_RECORDED
    return NOT_RECORDED if value is None or value == "" else str(value)


def _seconds(text: str) -> str:
    """With one digit, if it is a number."""
    try:
        return f"{float(text):.1f}"
    except ValueError:
        return text


def _date(text: str) -> str:
    """'21 November 2026, 21:04 UTC', if it is a time with its zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    if time.utcoffset() is None:
        return text
    time = time.astimezone(timezone.utc)
    return f"{time.day} {MONTHS[time.month - 1]} {time:%Y, %H:%M} UTC"


SHORTER: Mapping[str, Callable[[str], str]] = {
    "git revision": lambda text: text[:REVISION] if len(text) >= 40 else text,
    "seconds": _seconds,
    "finished": _date,
}
"""How facts are shortened for readers."""


def _verify(folder: Path, reader: _Reader) -> Check | None:
    found, picture = _check(folder / "verify.json", _verify_document, reader), _picture(folder / "figure.svg", reader)
    return found if picture is None else replace(found or Check(), picture=picture)


def _check(path: Path, parse: Callable[[Path], Check], reader: _Reader) -> Check | None:
    """What the file holds; None if there is none."""
    return (reader.read(path, parse) or Check(unread=True)) if path.is_file() else None


def _verify_document(path: Path) -> Check:
    document = _json(path)
    rows = tuple({**row, "what": str(row["what"])} for row in document["rows"])
    counts = {str(status): int(count) for status, count in dict(document["counts"]).items()}
    images = document.get("images") or {}
    data = {"data set": _fact(images["dataset"]), "data fingerprint": _fact(images["fingerprint"])} if images else {}
    return _made_by(document, Check(rows, counts, without_images=str(document.get("without_images") or "")), data)


def _gradcheck(path: Path) -> Check:
    document = _loads(_text(path))
    document = document if isinstance(document, Mapping) else {"rows": document}
    rows = tuple({**row, "case": str(row["case"]), "ok": row["ok"]} for row in document["rows"])
    return _made_by(document, Check(rows), {})


def _made_by(document: Mapping[str, Any], check: Check, data: Mapping[str, str]) -> Check:
    """The check with its command and with where it was computed. data: what is said of the images."""
    facts = {**data, **_facts(dict(document.get("provenance") or {}))}
    return replace(check, command=str(document.get("command") or ""), provenance=facts)


def _json(path: Path) -> dict[str, Any]:
    document = _loads(_text(path))
    if not isinstance(document, dict):
        raise ValueError("it holds no object")
    return document


def _loads(text: str) -> Any:
    """Strict JSON: a number that isn't finite is refused, and so is one too large for a float."""
    return json.loads(text, parse_constant=_finite, parse_float=_finite, parse_int=_whole)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is no number that can be shown")
    return value


def _whole(digits: str) -> int:
    _finite(digits)
    return int(digits)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _csv(path: Path) -> list[dict[str, str]]:
    """The rows, which may be none. Raises ValueError if there isn't even the line that names the columns."""
    with open(path, encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, strict=True)
        if not table.fieldnames:
            raise ValueError("it is empty")
        return list(table)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _one_line(error: Exception) -> str:
    return " ".join(str(error.strerror if isinstance(error, OSError) and error.strerror else error).split())
