"""`bnlab gradcheck --module` on a correct file and, for each slip, on one with that slip: it is told by its name."""

import re
from pathlib import Path
from textwrap import indent
from typing import NamedTuple

import pytest

from bnlab.homework.slips import SLIPS

FOLDER = Path(__file__).parents[1] / "homework"
SOURCE = (FOLDER / "notebook_layers.py").read_text(encoding="utf-8")


class Spoilt(NamedTuple):
    """A block of slips.txt."""

    case: str
    function: str
    before: str
    after: str
    said: list[str]

    def source(self):
        start = SOURCE.index(f"def {self.function}(")
        end = SOURCE.find("\ndef ", start)
        body = SOURCE[start:end]
        at = body.index(self.before.split("\n")[0])
        line = body[body.rindex("\n", 0, at) + 1 : at]
        indented = len(line) - len(line.lstrip())
        before, after = (indent(text, " " * indented).lstrip() for text in (self.before, self.after))
        return SOURCE[:start] + body.replace(before, after) + SOURCE[end:]


def blocks():
    for block in (FOLDER / "slips.txt").read_text(encoding="utf-8").split("\n\n")[1:]:
        head, *parts = re.split(r"\n(?=[-+>])", block.rstrip("\n"))
        _, case, function = head.split()
        texts = {mark: [part[2:].replace("\n  ", "\n") for part in parts if part[0] == mark] for mark in "-+>"}
        yield Spoilt(case, function, texts["-"][0], texts["+"][0], texts[">"])


BLOCKS = list(blocks())


@pytest.mark.parametrize("spoilt", BLOCKS, ids=[f"{block.case} {block.said[0]}" for block in BLOCKS])
def test_a_spoilt_file_is_told_what_its_slip_is(spoilt, call, tmp_path):
    (tmp_path / "mylayers.py").write_text(spoilt.source(), encoding="utf-8")
    assert spoilt.source() != SOURCE
    done = call("gradcheck", "--module", "mylayers.py", spoilt.case)
    assert (done.status, done.err) == (1, "")
    lines = done.out.splitlines()
    findings = [line for line in lines if re.match(r"\w+(, \w+)?: ", line)]
    assert findings == [line for line in findings if line.startswith(tuple(spoilt.said))]
    assert len(findings) == len(spoilt.said)
    failed = [line for line in lines if line.endswith("FAILED ")]
    assert len(failed) == len([line for line in findings if not re.search(": (has shape|is None|raises)", line)])


def test_there_is_a_file_for_every_slip():
    told = [re.match(r"\w+, (\w+): (?:has shape .*?; )?(.*)", line) for block in BLOCKS for line in block.said]
    by_name = [(match[1], match[2]) for match in told if match]
    without = [
        slip for slip in SLIPS if not any(slip.what == what and slip.text.startswith(text) for what, text in by_name)
    ]
    assert without == []
