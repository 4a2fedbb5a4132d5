"""The known slips: the usual mistakes in writing a layer, with what to say of each.

There is one table for each family of layers. A slip has the wrong formula itself, which is computed from the inputs. If a
user's wrong array agrees with it, the user has made that slip.
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
