"""The normalizations as one formula over two sets of axes, in the simplest form, with places to put a slip in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from bnlab.layers.types import Array

EPS = 1e-5


@dataclass(frozen=True)
class Norm:
    """x and what goes with it, in shapes that broadcast; the axes that share a statistic, and that share a parameter."""

    x: Array
    gamma: Array
    beta: Array
    dout: Array
    statistic: tuple[int, ...]
    parameter: tuple[int, ...]
    eps: float = EPS

    @property
    def m(self) -> int:
        """The number of entries that share a statistic."""
        return math.prod(self.x.shape[axis] for axis in self.statistic)

    @property
    def mu(self) -> Array:
        return self.mean(self.x)

    @property
    def centred(self) -> Array:
        return self.x - self.mu

    @property
    def var(self) -> Array:
        return self.mean(self.centred**2)

    @property
    def corrected(self) -> Array:
        """The variance with m - 1 instead of m."""
        return self.var * (self.m / (self.m - 1))

    @property
    def inv_std(self) -> Array:
        inverse: Array = (self.var + self.eps) ** -0.5
        return inverse

    @property
    def xhat(self) -> Array:
        return self.centred * self.inv_std

    @property
    def g(self) -> Array:
        return self.dout * self.gamma

    def mean(self, a: Array) -> Array:
        mean: Array = a.mean(axis=self.statistic, keepdims=True)
        return mean

    def sum(self, a: Array) -> Array:
        """Over the entries that share a parameter."""
        total: Array = a.sum(axis=self.parameter)
        return total

    def over(self, *statistic: int, eps: float = EPS) -> Norm:
        """The same with other axes for the statistics, or another eps."""
        return replace(self, statistic=statistic, eps=eps)

    def out(self, divisor: Array | None = None) -> Array:
        """The output; or the one with another divisor than `sqrt(var + eps)`."""
        out: Array = self.gamma * self.centred / (1 / self.inv_std if divisor is None else divisor) + self.beta
        return out

    def dx(
        self,
        var_path: float | Array = 1,
        mu_path: float | Array = 1,
        xhat_path: float | Array = 1,
        g: Array | None = None,
        sums: Norm | None = None,
        outer: Array | None = None,
        inner: Array | None = None,
    ) -> Array:
        """The gradient. It can have a factor at the path through var, mu, or xhat alone; another g; the means of another
        layout (sums); another array than xhat in the path through var, before the mean (outer) or in it (inner)."""
        g, mean = self.g if g is None else g, (sums or self).mean
        outer, inner = (self.xhat if array is None else array for array in (outer, inner))
        return (xhat_path * g - mu_path * mean(g) - var_path * outer * mean(g * inner)) * self.inv_std


def rows(statistic: int) -> Callable[..., Norm]:
    """(N, D), statistics along one axis."""
    return lambda x, gamma, beta, dout, G: Norm(x, gamma, beta, dout, (statistic,), (0,))


def channels(x: Array, gamma: Array, beta: Array, dout: Array, G: int) -> Norm:
    """(N, C, H, W), statistics of each channel."""
    return Norm(x, gamma.reshape(-1, 1, 1), beta.reshape(-1, 1, 1), dout, (0, 2, 3), (0, 2, 3))


def groups(x: Array, gamma: Array, beta: Array, dout: Array, G: int) -> Norm:
    """(N, G, C / G, H, W), statistics of each image's groups."""
    (n, c, h, w), per_channel = x.shape, (1, G, x.shape[1] // G, 1, 1)
    x, dout = (array.reshape(n, G, c // G, h, w) for array in (x, dout))
    return Norm(x, gamma.reshape(per_channel), beta.reshape(per_channel), dout, (2, 3, 4), (0, 3, 4))


LAYOUTS: dict[str, Callable[..., Norm]] = {
    "batchnorm": rows(0),
    "batchnorm_alt": rows(0),
    "batchnorm_test": rows(0),
    "layernorm": rows(1),
    "spatial_batchnorm": channels,
    "spatial_batchnorm_test": channels,
    "spatial_groupnorm": groups,
}
LAYOUTS |= {f"{case} with other settings": layout for case, layout in LAYOUTS.items()}
"""By case, how its arguments are laid out."""


def swapped(n: Norm) -> Norm:
    """Rows with their statistics along the other axis."""
    return n.over(1 - n.statistic[0])


def spatial_as_rows(n: Norm) -> Norm:
    """Images cut into rows of C as they lie in memory, which mixes channels."""
    c = n.x.shape[1]
    return Norm(n.x.reshape(-1, c), n.gamma.reshape(c), n.beta.reshape(c), n.dout.reshape(-1, c), (0,), (0,))
