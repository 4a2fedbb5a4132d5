"""The table of slips: each is a mistake that is told from the others, and a file with that mistake is told its name."""

import inspect
import re
from pathlib import Path
from textwrap import indent
from typing import NamedTuple

import numpy as np
import pytest

from bnlab.cases import FUNCTION_CASES
from bnlab.homework import findings
from bnlab.homework.probes import PROBES
from bnlab.homework.slips import SLIPS, name_slip
from bnlab.homework.slips.dropout import ANOTHER_MASK
from bnlab.homework.trial import Trial
from tests.homework.sources import SOURCE, only, spoilt


class Block(NamedTuple):
    """A block of slips.txt: a spoilt file, and what is said of it."""

    case: str
    function: str
    before: str
    after: str
    said: list[str]

    def source(self):
        """The file, without the layers that aren't checked. The texts of a block are indented like their first line."""
        body = SOURCE[SOURCE.index(f"def {self.function}(") :]
        line = body[: body.index(self.before.split("\n")[0])].rpartition("\n")[2]
        margin = " " * (len(line) - len(line.lstrip()))
        text = spoilt(self.function, [indent(text, margin).lstrip() for text in (self.before, self.after)])
        return only(self.case.removesuffix("_alt").removesuffix("_test"), "batchnorm", text=text)


def blocks():
    for block in (Path(__file__).parent / "slips.txt").read_text(encoding="utf-8").split("\n\n")[1:]:
        head, *parts = re.split(r"\n(?=[-+>])", block.rstrip("\n"))
        _, case, function = head.split()
        texts = {mark: [part[2:].replace("\n  ", "\n") for part in parts if part[0] == mark] for mark in "-+>"}
        yield Block(case, function, texts["-"][0], texts["+"][0], texts[">"])


BLOCKS = list(blocks())


@pytest.mark.parametrize("block", BLOCKS, ids=[f"{block.case} {block.said[0]}" for block in BLOCKS])
def test_a_spoilt_file_is_told_what_its_slip_is(block, check):
    comparisons = check(block.source(), block.case)
    told = findings(comparisons)
    assert [line for line, said in zip(told, block.said, strict=True) if not line.startswith(said)] == []
    assert len([each for each in comparisons if each.ok is False]) == len(told)


def test_there_is_a_file_for_every_slip():
    told = [re.match(r"\w+, (\w+): (?:has shape .*?; )?(.*)", line) for block in BLOCKS for line in block.said]
    by_name = [(match[1], match[2]) for match in told if match]
    without = [
        slip for slip in SLIPS if not any(slip.what == what and slip.text.startswith(text) for what, text in by_name)
    ]
    assert without == []


def facts_of(name, seed, monkeypatch):
    """The facts of each array of a case, with our own arrays as the user's; in dropout's test mode with units dropped."""
    probes = {probe.case.name: (probe.case, probe.inputs) for probe in PROBES}
    case, inputs = probes.get(name) or (FUNCTION_CASES[name], None)
    gathered = {}
    monkeypatch.setattr("bnlab.homework.trial.name_slip", lambda slips, what, facts: gathered.setdefault(what, facts))
    trial = Trial(case, None, None, seed, inputs)
    given = dict(trial.right)
    for what in trial.right:
        trial.slip(what, given, SLIPS)
    if name == "dropout_test":
        gathered["out"]["out"] = given["out"] * (np.arange(given["out"].size).reshape(given["out"].shape) % 2)
    return gathered


def wrong_array(slip, facts):
    return np.asarray(slip.wrong(**{name: facts[name] for name in inspect.signature(slip.wrong).parameters}))


@pytest.mark.parametrize("case", dict.fromkeys(case for slip in SLIPS for case in slip.cases))
def test_each_slip_is_wrong_in_each_case_and_told_by_its_own_name(case, monkeypatch):
    gathered = facts_of(case, 0, monkeypatch)
    for slip in (slip for slip in SLIPS if case in slip.cases):
        facts = gathered[slip.what]
        wrong = wrong_array(slip, facts)
        assert np.isfinite(wrong).all(), slip.text
        assert not slip.explains(facts), slip.text
        as_output = {"out": wrong} if slip.what == "out" else {}
        assert name_slip(SLIPS, slip.what, {**facts, "given": wrong, **as_output}) == slip.text


def test_another_mask_is_one_of_kept_and_scaled_units(monkeypatch):
    facts = facts_of("dropout", 0, monkeypatch)["out"]
    mask = np.random.RandomState(7).rand(*facts["x"].shape) < facts["p"]
    scaled = facts["x"] * mask / facts["p"]
    assert ANOTHER_MASK.explains({**facts, "given": scaled, "out": scaled})
    for out in (facts["x"] * mask, facts["x"] / facts["p"], 0 * facts["x"], facts["x"] * mask / (1 - facts["p"])):
        assert not ANOTHER_MASK.explains({**facts, "given": out, "out": out})


def test_a_slip_of_another_case_or_array_is_not_considered(monkeypatch):
    facts = facts_of("affine", 0, monkeypatch)["db"]
    facts["given"] = facts["dout"].sum(axis=1)
    assert name_slip(SLIPS, "db", facts).startswith("sums over the wrong axis")
    assert name_slip(SLIPS, "dw", facts) is None
    assert name_slip(SLIPS, "db", {**facts, "case": "layernorm"}) is None
