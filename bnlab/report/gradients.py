"""The comparisons of a gradient check as JSON: a row for each, and the file that `bnlab reproduce` leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bnlab.gradcheck import Comparison
from bnlab.gradcheck.batchnorm_graph import NodeComparison
from bnlab.lab.files import finite_or_none, json_bytes, write
from bnlab.lab.provenance import provenance
from bnlab.lab.store import Store

FOLDER, FILE, SCHEMA = "gradcheck", "gradcheck.json", 1
COMMAND = "bnlab gradcheck"


def as_json_row(comparison: Comparison | NodeComparison) -> dict[str, Any]:
    """All fields of the comparison, in strict JSON: a number that isn't finite is null."""
    return {name: finite_or_none(value) for name, value in asdict(comparison).items()} | {"ok": comparison.ok}


def publish(comparisons: Sequence[Comparison], store: Store, seconds: float) -> dict[str, Any]:
    """Write `gradcheck/gradcheck.json` in the results folder, and give the document. seconds: what the check took."""
    rows = [as_json_row(comparison) for comparison in comparisons]
    failed = sum(comparison.ok is False for comparison in comparisons)
    counts = {"gradients": len(rows), "failed": failed}
    document = {"schema": SCHEMA, "command": COMMAND, "counts": counts, "rows": rows, "provenance": provenance(seconds)}
    write(store.root / FOLDER / FILE, json_bytes(document))
    return document
