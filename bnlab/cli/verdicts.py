"""How the verdicts of a gradient check are shown: a row each, or a JSON object each."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from bnlab.cli.output import print_table
from bnlab.gradcheck import Verdict

OUTCOMES = {True: "ok", False: "FAILED", None: "not checked"}


def print_verdicts(verdicts: list[Verdict], given: str = "analytic", right: str = "numeric") -> None:
    """A table with a row a verdict."""
    print_table(["layer", "", "worst error", "at", given, right, "kinks left out", ""], [_row(each) for each in verdicts])


def as_json_row(verdict: Verdict) -> dict[str, Any]:
    """All that the verdict says, in strict JSON: a number that isn't finite is null."""
    return {name: _strict(value) for name, value in asdict(verdict).items()} | {"ok": verdict.ok}


def _strict(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _row(verdict: Verdict) -> list[str]:
    return [
        verdict.case,
        verdict.value or f"d{verdict.gradient}",
        f"{verdict.error:.2e}" + (" abs." if verdict.zero else ""),
        ", ".join(map(str, verdict.index)),
        f"{verdict.analytic:+.9e}",
        f"{verdict.numeric:+.9e}",
        f"{len(verdict.kinks)} of {verdict.entries}" if verdict.kinks else "",
        OUTCOMES[verdict.ok],
    ]
