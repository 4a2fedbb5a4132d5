"""The known slips: what a layer gives when it is written with one of the usual mistakes, and how that is called.

A table a family of layers. Each slip is computed from the inputs alone, by the wrong formula itself; a user's array that is
wrong and agrees with it has that slip.
"""

from bnlab.homework.slips import (
    affine,
    closed_form,
    convolution,
    dropout,
    losses,
    normalization,
    normalization_state,
    pooling,
    running_statistics,
)
from bnlab.homework.slips.slip import Slip, SlipFacts, agree, name_slip

SLIPS: tuple[Slip, ...] = (
    *affine.SLIPS,
    *normalization.SLIPS,
    *closed_form.SLIPS,
    *normalization_state.SLIPS,
    *running_statistics.SLIPS,
    *dropout.SLIPS,
    *convolution.SLIPS,
    *pooling.SLIPS,
    *losses.SLIPS,
)

__all__ = ["SLIPS", "Slip", "SlipFacts", "agree", "name_slip"]
