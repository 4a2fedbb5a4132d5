"""Slips of the affine layer and the relu."""

from __future__ import annotations

from bnlab.homework.slips.slip import slips

AFFINE = ("affine",)

SLIPS = (
    *slips(AFFINE, "out", {"the bias is missing; add b": lambda x, w: x.reshape(len(x), -1) @ w}),
    *slips(AFFINE, "dx", {"comes back flattened; reshape it to x.shape": lambda dout, w: dout @ w.T}),
    *slips(
        AFFINE,
        "dw",
        {
            "is transposed; it is x.T dout": lambda x, dout: dout.T @ x.reshape(len(x), -1),
            "is a mean; sum over the minibatch": lambda right, x: right / len(x),
        },
    ),
    *slips(
        AFFINE,
        "db",
        {
            "sums over the wrong axis; sum over axis 0, the minibatch": lambda dout: dout.sum(axis=1),
            "sums over all entries; sum over axis 0, the minibatch": lambda dout: dout.sum(),
            "keeps the axis that it sums over; leave keepdims out": lambda dout: dout.sum(axis=0, keepdims=True),
            "is a mean; sum over the minibatch": lambda dout: dout.mean(axis=0),
        },
    ),
    *slips(
        ("relu",),
        "dx",
        {
            "dout goes through everywhere; it stops where x <= 0": lambda dout: dout,
            "is the mask alone; multiply it by dout": lambda x: (x > 0) * 1.0,
        },
    ),
    *slips(("relu at 0",), "dx", {"the gradient at 0 is 0; take x > 0, not x >= 0": lambda x, dout: dout * (x >= 0)}),
)
