"""Values evenly spaced in the logarithm, as sweeps use them, and their texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np

from bnlab.runs.fields import Range

DRAWABLE = Range(at_least=1e-30, at_most=1e30)
"""Wide of anything that trains in float32, and narrow enough to be drawn on a logarithmic axis."""
Drawable = Annotated[float, DRAWABLE]
ROUNDING = 1e-9
"""How far, in steps, a bound may lie beyond a point of the grid and still count as that point."""


def log_spaced(lowest: float, highest: float, count: int) -> list[float]:
    """`count` values from lowest to highest, ascending, each once, the ends exactly as given."""
    values = [float(value) for value in np.logspace(math.log10(lowest), math.log10(highest), count)]
    values[-1], values[0] = highest if count > 1 else values[-1], lowest
    return list(dict.fromkeys(values))


def powers_of_ten(lowest: float, highest: float, per_decade: int) -> list[float]:
    """All 10**(k / per_decade), k a whole number, from lowest to highest, ascending; none if there is none.

    A wider range has the same points and more of them, so runs that are stored serve the wider range too.
    """
    first = math.ceil(per_decade * math.log10(lowest) - ROUNDING)
    last = math.floor(per_decade * math.log10(highest) + ROUNDING)
    return [10 ** (k / per_decade) for k in range(first, last + 1)]


def texts(values: Sequence[float]) -> list[str]:
    """The values, each another, in as few digits, from three, as tell them apart."""
    written = ([f"{value:.{digits}g}" for value in values] for digits in range(3, 18))
    return next(found for found in written if len(set(found)) == len(values))
