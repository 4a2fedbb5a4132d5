"""What all nets share: a list of stages from images to scores, the softmax loss on top, L2 regularization, and the one
buffer that holds their parameters.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from bnlab.layers.losses import softmax_loss
from bnlab.layers.normalization_core import MOMENTUM, values_per_statistic
from bnlab.layers.types import Array, Param
from bnlab.nets.parameters import Parameters, Shapes, draw_initial
from bnlab.nets.stages import Normalization, Stage


class Net:
    """A classifier: `loss(X)` gives scores, `loss(X, y)` the loss and its gradients.

    stages: from the images to the scores. shapes: the parameters' shapes by name. reg: the strength of L2
    regularization; it adds `0.5 · reg · Σ W²` for each weight array (their names begin with W), and nothing for
    biases, gamma or beta. Images are cast to dtype. evaluation_batch: images a pass when accuracy is checked.
    """

    evaluation_batch = 500

    def __init__(self, stages: Sequence[Stage], shapes: Shapes, reg: float, dtype: DTypeLike) -> None:
        self.stages, self.reg, self.dtype = list(stages), float(reg), np.dtype(dtype)
        self._params = Parameters(shapes, self.dtype)
        self._weights = [name for name in shapes if name.startswith("W")]

    @property
    def params(self) -> Parameters:
        """The parameters by name, views of one flat buffer; assigning to one, or to `params`, copies into it."""
        return self._params

    @params.setter
    def params(self, values: Mapping[str, Array]) -> None:
        self._params.update(values)

    @property
    def bn_params(self) -> list[Param]:
        """The param dicts of the normalizations, first layer first: running statistics live here."""
        return [stage.param for stage in self.stages if isinstance(stage, Normalization)]

    def loss(self, X: Array, y: Array | None = None) -> Any:
        """Scores (N, C) at test time when y is None; else `(loss, grads)`, grads keyed and shaped as params.

        X: (N, …) images, y: (N,) labels. The gradients are the caller's: no later call overwrites them.
        """
        if y is None:
            return self.scores(X)
        grads = self._params.like()
        return self.loss_and_gradients(X, y, grads), dict(grads)

    def scores(self, X: Array) -> Array:
        """The scores (N, C) of the images at test time."""
        return self._forward(X, "test")[0]

    def loss_and_gradients(self, X: Array, y: Array, grads: Parameters) -> Any:
        """The training loss, a scalar; its gradients are written into `grads`."""
        scores, caches = self._forward(X, "train")
        dout: Any
        loss, dout = softmax_loss(scores, y)
        for stage, cache in zip(reversed(self.stages), reversed(caches), strict=True):
            dout = stage.backward(dout, cache, grads)
        return loss + self._regularize(grads) if self.reg else loss

    def snapshot(self) -> tuple[Array, list[Param]]:
        """A copy of all that test-time scores depend on: the parameters, and the running statistics that belong to them."""
        return self._params.flat.copy(), [_state_of(param) for param in self.bn_params]

    def restore(self, snapshot: tuple[Array, list[Param]]) -> None:
        """Go back to a snapshot."""
        flat, states = snapshot
        self._params.flat[...] = flat
        for param, state in zip(self.bn_params, states, strict=True):
            _forget_statistics(param)
            param.update(copy.deepcopy(state))

    def estimate_population_statistics(self, batches: Iterable[Array]) -> None:
        """Replace the running statistics by the paper's own: expectations over training minibatches of equal size,
        `E[x] = E[mu]` and `Var[x] = m / (m - 1) · E[var]`, m being the values that share a statistic: the images of a
        minibatch, in a convolutional net their pixels (Ioffe and Szegedy, 2015, algorithm 2, lines 10 and 11; section 3.2).

        batches: minibatches (N, …) of training images. They pass without dropout, as at test time. Does nothing to nets
        without running statistics. Raises ValueError where m is 1: a single value has no variance.
        """
        params = [s.param for s in self.stages if isinstance(s, Normalization) and s.normalizer.running]
        if not params:
            return
        momenta = [param.get("momentum", MOMENTUM) for param in params]
        try:
            counts = self._average_statistics(batches, params)
        finally:
            for param, momentum in zip(params, momenta, strict=True):
                param["momentum"] = momentum
        for param, m in zip(params, counts, strict=True):
            param["running_var"] = param["running_var"] * (m / (m - 1))

    def _average_statistics(self, batches: Iterable[Array], params: list[Param]) -> list[int]:
        """Make the running statistics the plain means over the minibatches; gives the m of each."""
        counts: list[int] = []
        for seen, X in enumerate(batches):
            for param in params:
                if seen == 0:
                    _forget_statistics(param)
                param["momentum"] = seen / (seen + 1)
            _, caches = self._forward(X, "statistics")
            counts = [
                values_per_statistic(cache)
                for stage, cache in zip(self.stages, caches, strict=True)
                if isinstance(stage, Normalization) and stage.normalizer.running
            ]
            if min(counts) < 2:
                raise ValueError("population statistics need minibatches of at least 2 images: one has no variance")
        if not counts:
            raise ValueError("population statistics need at least one minibatch")
        return counts

    def _draw_weights(self, weight_scale: float, rng: Any) -> None:
        """`weight_scale` times standard normal draws for each weight array in order; gamma one, the rest stays zero."""
        draw_initial(self._params, weight_scale, rng)

    def _forward(self, X: Array, mode: str) -> tuple[Array, list[Any]]:
        out, caches = X.astype(self.dtype, copy=False), []
        for stage in self.stages:
            out, cache = stage.forward(out, self._params, mode)
            caches.append(cache)
        return out, caches

    def _regularize(self, grads: Mapping[str, Array]) -> Any:
        penalty: Any = self.dtype.type(0)
        for name in self._weights:
            w = self._params[name]
            penalty += 0.5 * self.reg * np.vdot(w, w)
            grads[name][...] += self.reg * w
        return penalty


RUNNING = ("running_mean", "running_var")


def _state_of(param: Param) -> Param:
    return {key: param[key].copy() for key in RUNNING if key in param}


def _forget_statistics(param: Param) -> None:
    for key in RUNNING:
        param.pop(key, None)
