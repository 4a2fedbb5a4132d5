"""When the claims of a study are looked at, and which part of the 5 % each look may spend.

All of it is fixed before the first run. One look spends all. With several, each spends an equal share, so that all looks
together err in at most 5 % of studies however they depend on each other (Bonferroni).
"""

from __future__ import annotations

from typing import NamedTuple

from bnlab.evidence.verdicts import FEWEST

ALPHA = 0.05
"""How often a study may have any wrong verdict, at most."""
DEFAULT_MOST = 40
"""The replicates of the last look, if nothing else is said."""


class Look(NamedTuple):
    """A look at the claims, with so many replicates, that may spend this share of the 5 %."""

    replicates: int
    share: float


def one_look(replicates: int) -> tuple[Look, ...]:
    """A single look, which spends all."""
    return (Look(replicates, 1.0),)


def looks_up_to(most: int) -> tuple[Look, ...]:
    """Looks at 5, 10, 20, 40, … replicates, twice as many each time, the last at `most`."""
    counts = []
    count = FEWEST
    while count < most:
        counts.append(count)
        count *= 2
    counts.append(most)
    return tuple(Look(count, 1 / len(counts)) for count in counts)
