"""What all nets share: a list of stages from images to scores, the softmax loss on top, L2 regularization, and the one
buffer that holds their parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from bnlab.fast import computes_in
from bnlab.layers.checks import MODES
from bnlab.layers.losses import softmax_loss
from bnlab.layers.normalization_core import values_per_statistic
from bnlab.layers.types import Array, Param
from bnlab.nets.blocks import fused
from bnlab.nets.parameters import Parameters, Shapes, draw_initial
from bnlab.nets.running import estimate_population, set_statistics, statistics_of
from bnlab.nets.sources import or_global, set_state, state_of
from bnlab.nets.stages import Normalization, Stage, name_stages


class Net:
    """A classifier: `loss(X)` gives scores, `loss(X, y)` the loss and its gradients.

    stages: from the images to the scores; the net names them. shapes: the parameters' shapes by name. reg: the strength of
    L2 regularization; it adds `0.5 · reg · Σ W²` for each weight array (their names begin with W), and nothing for biases,
    gamma or beta. Images are cast to dtype. evaluation_batch: how many images go through at once in accuracy checks.
    """

    evaluation_batch = 500

    def __init__(self, stages: Sequence[Stage], shapes: Shapes, reg: float, dtype: DTypeLike) -> None:
        self.stages, self.reg, self.dtype = list(stages), float(reg), np.dtype(dtype)
        name_stages(self.stages)
        self._blocks = fused(self.stages) if computes_in(self.dtype) else self.stages
        self._params = Parameters(shapes, self.dtype)
        self._weights = [name for name in shapes if name.startswith("W")]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join([*self._traits(), self.dtype.name])})"

    @property
    def params(self) -> Parameters:
        """The parameters by name, views of one flat buffer. Assigning to one, or to `params`, copies into it."""
        return self._params

    @params.setter
    def params(self, values: Mapping[str, Array]) -> None:
        self._params.update(values)

    @property
    def bn_params(self) -> list[Param]:
        """The param dicts of the normalizations, first layer first. Running statistics live here."""
        return [stage.param for stage in self.stages if isinstance(stage, Normalization)]

    @property
    def sources(self) -> list[Any]:
        """The sources of random numbers that training draws from: dropout's, unless it has a seed."""
        return [stage.source for stage in self.stages if stage.source is not None]

    def loss(self, X: Array, y: Array | None = None) -> Any:
        """Scores (N, C) at test time when y is None; else `(loss, grads)`, grads keyed and shaped as params.

        X: (N, …) images, y: (N,) labels. The gradients are the caller's: no later call overwrites them.
        """
        if y is None:
            return self.scores(X)
        grads = self._params.like()
        return self.loss_and_gradients(X, y, grads), dict(grads)

    def scores(self, X: Array) -> Array:
        """The scores (N, C) of the images at test time. No cache outlives its stage."""
        out = self._cast(X)
        for block in self._blocks:
            out = block.forward(out, self._params, "test")[0]
        return out

    def activations(self, X: Array, mode: str = "test") -> dict[str, Array]:
        """The output of each stage by the stage's name, from the images to the scores.

        mode: 'test', or 'train': normalized by the minibatch's own statistics, and with dropout. The net stays as it was:
        its running statistics and its sources of random numbers are put back. Raises ValueError for another mode.
        """
        if mode not in MODES:
            raise ValueError(f"mode is {mode!r}: it must be 'train' or 'test'")
        out, outputs = self._cast(X), {}
        with self._left_as_it_was(mode):
            for stage in self.stages:
                outputs[stage.name] = out = stage.forward(out, self._params, mode)[0]
        return outputs

    def output_gradients(self, X: Array, y: Array) -> dict[str, Array]:
        """The gradient of the training loss with respect to the output of each stage, by the stage's name, from the images
        to the scores; each is shaped as that output. The net stays as it was, as for `activations`.

        X: (N, …) images, y: (N,) labels.
        """
        with self._left_as_it_was("train"):
            scores, caches = self._forward(X, "train", self.stages)
        douts = [*self._backward(softmax_loss(scores, y)[1], caches, self._params.like())]
        return {stage.name: dout for stage, dout in zip(self.stages, reversed(douts), strict=True)}

    def loss_and_gradients(self, X: Array, y: Array, grads: Parameters) -> Any:
        """The training loss, a scalar. Its gradients are written into `grads`."""
        scores, caches = self._forward(X, "train", self._blocks)
        dout: Any
        loss, dout = softmax_loss(scores, y)
        for block, cache in zip(reversed(self._blocks), reversed(caches), strict=True):
            dout = block.backward(dout, cache, grads)
        return loss + self._regularize(grads) if self.reg else loss

    def snapshot(self) -> tuple[Array, list[Param]]:
        """A copy of all that test-time scores depend on: the parameters and the running statistics."""
        return self._params.flat.copy(), statistics_of(self.bn_params)

    def restore(self, snapshot: tuple[Array, list[Param]]) -> None:
        """Go back to a snapshot."""
        flat, statistics = snapshot
        self._params.flat[...] = flat
        set_statistics(self.bn_params, statistics)

    def estimate_population_statistics(self, batches: Iterable[Array]) -> None:
        """Replace the running statistics by the paper's own, expectations over training minibatches: `E[x] = E[mu]` and
        `Var[x] = m / (m - 1) · E[var]` (Ioffe and Szegedy, 2015, algorithm 2, lines 10 and 11; section 3.2). m is how many
        values share a statistic: the images of a minibatch or, in a convolutional net, their pixels.

        batches: minibatches (N, …) of training images, all of one size. They pass without dropout, as at test time. Does
        nothing to nets without running statistics. Raises ValueError where m is 1: a single value has no variance.
        """
        params = [stage.param for stage in self._running()]
        if params:
            estimate_population(params, batches, self._pass_for_statistics)

    def _running(self) -> list[Normalization]:
        return [stage for stage in self.stages if isinstance(stage, Normalization) and stage.normalizer.running]

    def _pass_for_statistics(self, X: Array) -> list[int]:
        """Move the running statistics by a minibatch; gives how many values shared each."""
        caches = dict(zip(self.stages, self._forward(X, "statistics", self.stages)[1], strict=True))
        return [values_per_statistic(caches[stage]) for stage in self._running()]

    def _draw_weights(self, weight_scale: float, rng: Any) -> None:
        """`weight_scale` times standard normal draws for each weight array in order; gamma one, the rest stays zero."""
        draw_initial(self._params, weight_scale, or_global(rng))

    def _traits(self) -> list[str]:
        """What tells this net from others of its class, for `repr`."""
        return [stage.name for stage in self.stages]

    def _cast(self, X: Array) -> Array:
        return X.astype(self.dtype, copy=False)

    def _forward(self, X: Array, mode: str, stages: Sequence[Stage]) -> tuple[Array, list[Any]]:
        out, caches = self._cast(X), []
        for stage in stages:
            out, cache = stage.forward(out, self._params, mode)
            caches.append(cache)
        return out, caches

    def _backward(self, dout: Any, caches: Sequence[Any], grads: Parameters) -> Iterator[Array]:
        """Gives the gradient with respect to the output of each stage, from the scores to the images; on the way, the
        gradients of the parameters are written into `grads`. dout: the gradient with respect to the scores."""
        for stage, cache in zip(reversed(self.stages), reversed(caches), strict=True):
            yield dout
            dout = stage.backward(dout, cache, grads)

    @contextmanager
    def _left_as_it_was(self, mode: str) -> Iterator[None]:
        """After a pass in this mode, put back what it moves: the running statistics, and the sources of random numbers."""
        sources = self.sources if mode == "train" else []
        statistics, states = statistics_of(self.bn_params), [state_of(source) for source in sources]
        try:
            yield
        finally:
            set_statistics(self.bn_params, statistics)
            for source, state in zip(sources, states, strict=True):
                set_state(source, state)

    def _regularize(self, grads: Mapping[str, Array]) -> Any:
        penalty: Any = self.dtype.type(0)
        for name in self._weights:
            w = self._params[name]
            penalty += 0.5 * self.reg * np.vdot(w, w)
            grads[name][...] += self.reg * w
        return penalty
