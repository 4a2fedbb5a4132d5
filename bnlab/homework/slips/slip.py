"""What a slip is, and how an array is compared with it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnlab.gradcheck.comparison import SMALL, VALUE_TOLERANCE
from bnlab.gradcheck.numeric import relative
from bnlab.layers.types import Array

SlipFacts = Mapping[str, Any]
"""By name: a case's inputs, the entries of its param dicts, the number of groups `G`, the labels `y`, the upstream gradient
`dout`; the output `out` of the user's forward pass; the array under check, both as `given` and `right`; the `case`."""


@dataclass(frozen=True)
class Slip:
    """A usual mistake. cases: where it can be made. what: the array that it makes wrong (`out`, `loss`, `dx`, …). text:
    what is wrong, and how to mend it. wrong: computes the wrong array from the facts that its parameters name.
    """

    cases: tuple[str, ...]
    what: str
    text: str
    wrong: Callable[..., Any]

    def explains(self, facts: SlipFacts) -> bool:
        """Whether the array given is the one that this slip leads to, with the same shape."""
        with np.errstate(all="ignore"):
            wrong = np.asarray(self.wrong(**{name: facts[name] for name in inspect.signature(self.wrong).parameters}))
            return agree(facts["given"], wrong)


def slips(cases: tuple[str, ...], what: str, table: Mapping[str, Callable[..., Any]]) -> tuple[Slip, ...]:
    """The slips of one array: text to wrong formula."""
    return tuple(Slip(cases, what, text, wrong) for text, wrong in table.items())


def name_slip(known: Iterable[Slip], what: str, facts: SlipFacts) -> str | None:
    """The text of the first slip that explains the array given; None if there is none."""
    fitting = (slip for slip in known if slip.what == what and facts["case"] in slip.cases)
    return next((slip.text for slip in fitting if slip.explains(facts)), None)


def agree(given: Array, wrong: Array) -> bool:
    """Whether the arrays are the same, with the same shape."""
    return given.shape == wrong.shape and bool(np.all(relative(given, wrong, SMALL) <= VALUE_TOLERANCE))
