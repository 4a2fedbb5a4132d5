"""`bnlab gradcheck batchnorm --steps`."""

import re
from pathlib import Path

import numpy as np
import pytest

from bnlab.gradcheck import TOLERANCE, batchnorm_graph
from bnlab.layers.normalization import batchnorm_steps

PAGE = Path(__file__).parents[2] / "docs" / "derivations.md"
HEAD = ["node", "gradient", "shape", "worst", "error", "at", "analytic", "numeric"]
NODES = [
    "beta", "scaled", "gamma", "xhat", "inv_std", "var", "squared", "path 1", "path 2", "centred", "mu", "path 3", "x",
]  # fmt: skip


def test_every_step_passes(call):
    done = call("gradcheck", "batchnorm", "--steps")
    assert (done.status, done.err) == (0, "")
    head, _, *rows, summary, tolerance = [line.split() for line in done.out.splitlines() if line.strip()]
    assert head == HEAD
    assert [" ".join(row[: 1 + (row[0] == "path")]) for row in rows] == NODES
    assert all(row[-1] == "ok" for row in rows)
    assert " ".join(summary).startswith("13 gradients, from the output back to x, 0 failed;")
    assert tolerance == ["Relative", "errors,", "at", "most", "1e-06"]


def columns(table):
    """The rows of a printed table, in columns: two spaces or more are between them."""
    return [re.split(r"  +", line.strip()) for line in table.splitlines() if line.strip()]


def test_the_page_shows_the_table_but_for_rounding(call):
    page = re.search(
        r"^\$ bnlab gradcheck batchnorm --steps\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )[1]
    shown, printed = columns(page), columns(call("gradcheck", "batchnorm", "--steps").out)
    rows = slice(2, 2 + len(NODES))
    assert [row[0] for row in shown[rows]] == NODES
    for ours, theirs in zip(shown[rows], printed[rows], strict=True):
        assert (*ours[:3], ours[-1]) == (*theirs[:3], theirs[-1])
        error, analytic, numeric = (float(ours[i]) for i in (3, 5, 6))
        assert error < TOLERANCE
        assert analytic == pytest.approx(numeric, rel=2e-4)
    assert shown[:1] + shown[rows.stop :] == printed[:1] + printed[rows.stop :]


def test_json_has_a_document_a_step(call):
    document = call("gradcheck", "batchnorm", "--steps", "--json").json
    assert [step["node"] for step in document] == NODES
    assert {key for step in document for key in step} == {
        "node", "gradient", "shape", "index", "error", "analytic", "numeric", "ok",
    }  # fmt: skip
    xhat = document[NODES.index("xhat")]
    assert (xhat["gradient"], xhat["shape"], xhat["ok"]) == ("dscaled * gamma", [4, 5], True)
    assert xhat["analytic"] == pytest.approx(xhat["numeric"], rel=1e-7)


def test_the_seed_changes_the_inputs(call):
    first, again, other = (call("gradcheck", "batchnorm", "--steps", "--seed", seed, "--json").out for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("value", [1e3, np.nan])
@pytest.mark.parametrize("flags", [(), ("--json",)], ids=str)
def test_a_wrong_step_is_named_with_status_1(call, monkeypatch, flags, value):
    def wrong(dout, cache):
        return batchnorm_steps(dout, cache)._replace(dvar=np.full(5, value))

    monkeypatch.setattr(batchnorm_graph, "batchnorm_steps", wrong)
    done = call("gradcheck", "batchnorm", "--steps", *flags)
    assert (done.status, done.err) == (1, "")
    if flags:
        assert [step["node"] for step in done.json if not step["ok"]] == ["var"]
    else:
        assert [line.split()[0] for line in done.out.splitlines() if "FAILED" in line] == ["var"]
        assert " 1 failed" in done.out


@pytest.mark.parametrize("layers", [(), ("layernorm",), ("batchnorm", "relu"), ("batchnorm_alt",)], ids=str)
def test_only_batchnorm_has_steps(call, refused, layers):
    refused(call("gradcheck", *layers, "--steps"), "--steps", *layers, "bnlab gradcheck batchnorm --steps")


def test_a_misspelt_layer_is_named_first(call, refused):
    refused(call("gradcheck", "batchnrom", "--steps"), "batchnrom", "did you mean batchnorm?")
