"""Runs the notebooks' cell again that made the training logs. It builds both nets, then trains both, from one stream."""

from __future__ import annotations

from threadpoolctl import threadpool_limits

from bnlab.nets import FullyConnectedNet
from bnlab.published.facts import notebook_stream, numbers
from bnlab.published.images import Images
from bnlab.solver import Solver


def replay(images: Images) -> dict[str, Solver]:
    """The trained Solvers by log.

    Draws are made in the cell's order: both nets' weights, then the minibatches of one training, then those of the
    other. The accuracy checks see all 1,000 images and draw nothing.
    """
    facts, rng = numbers()["training"], notebook_stream()
    nets = {
        log: FullyConnectedNet(
            facts["hidden_dims"],
            normalization=None if normalization == "none" else normalization,
            weight_scale=facts["weight_scale"],
            rng=rng,
        )
        for log, normalization in facts["nets"].items()
    }
    solvers = {
        log: Solver(
            net,
            images.arrays,
            facts["update_rule"],
            {"learning_rate": facts["learning_rate"]},
            batch_size=facts["batch_size"],
            num_epochs=facts["num_epochs"],
            verbose=False,
            rng=rng,
        )
        for log, net in nets.items()
    }
    with threadpool_limits(limits=1, user_api="blas"):
        for solver in solvers.values():
            solver.train()
    return solvers
