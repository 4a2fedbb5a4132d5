"""Prints two tables of docs/questions.md: signals and gradients before any training, by weight scale and in deep nets.

One forward and one backward pass, in training mode, of the nets of two studies: replicate 0, on its first minibatch.
`bnlab/studies/signals.py` says what the signal is.

    python scripts/print_signals.py
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from bnlab.engines.numpy import build_net
from bnlab.lab.images import arrays
from bnlab.layers.types import Array
from bnlab.runs.draws import Draws
from bnlab.runs.spec import NetSpec, RunSpec
from bnlab.studies import STUDIES
from bnlab.studies.plan import make_plan
from bnlab.studies.settings import Override
from bnlab.studies.signals import signals

ENTRIES = {entry.name: entry for entry in STUDIES}
SETTINGS = {"seed": 2026, "replicates": 1}
DECADES = {"arms.num_weight_scales": 5}
"""The weight-scale study at 1e-4, 1e-3, …, 1."""
DEPTH = 20


def main() -> None:
    """Prints both tables."""
    print("\n".join([*by_weight_scale(), "", *by_normalization()]))


def by_weight_scale() -> list[str]:
    """A table for the nets of the weight-scale study. Layer 1 gets the images, and layer 8 gives the scores."""
    starts = {
        (spec.net.normalization, spec.net.weight_scale): start(spec) for spec in _specs("sweep weight-scale", DECADES)
    }
    rows = []
    for scale in dict.fromkeys(scale for _, scale in starts):
        none, batchnorm = starts["none", scale], starts["batchnorm", scale]
        numbers = none.forward[0], none.forward[-1], none.gradient("W2"), batchnorm.forward[-2], batchnorm.gradient("W2")
        rows.append([f"{scale:g}", f"{scale * none.factor:g}", *map(_short, numbers)])
    return _table(
        ["weight scale", "factor", "none: layer 1", "none: scores", "none: gradient of W2", "batchnorm: layer 7",
         "batchnorm: gradient of W2"],
        rows,
    )  # fmt: skip


def by_normalization() -> list[str]:
    """A table for the deepest nets of the depth study."""
    rows = []
    for spec in _specs("sweep depth", {"arms.depths": [DEPTH]}):
        found = start(spec)
        numbers = found.forward[DEPTH - 1], found.gradient(f"W{DEPTH}"), found.gradient("W2")
        rows.append([spec.net.normalization, *map(_short, numbers), *(f"{each:.2f}" for each in found.cosines)])
    return _table(
        [f"{DEPTH} hidden layers", f"layer {DEPTH}", f"gradient of W{DEPTH}", "gradient of W2", "cosine, layer 1",
         f"cosine, layer {DEPTH}"],
        rows,
    )  # fmt: skip


class Start(NamedTuple):
    """A net before any update. forward: the signal at each layer. gradients: of the loss, by name. cosines: the mean cosine
    between the outputs of two images of the minibatch, after the first relu and after the last."""

    net: NetSpec
    forward: list[float]
    gradients: Mapping[str, Array]
    cosines: tuple[float, float]

    def gradient(self, name: str) -> float:
        """The standard deviation of a gradient's entries."""
        return float(np.std(self.gradients[name], dtype=np.float64))

    @property
    def factor(self) -> float:
        """By which a hidden layer without normalization multiplies the signal, at weight scale 1 (He et al., 2015)."""
        return float(np.sqrt(self.net.hidden_dims[0] / 2))


def start(spec: RunSpec) -> Start:
    """The run's net on the run's first minibatch."""
    data = arrays(spec, ())
    draws = Draws(spec, data)
    net = build_net(spec, draws)
    picked = draws.streams.minibatches.choice(len(data["X_train"]), spec.solver.batch_size)
    X, y = data["X_train"][picked], data["y_train"][picked]
    first, *_, last = (out for name, out in net.activations(X, "train").items() if name.startswith("relu"))
    _, gradients = net.loss(X, y)
    assert isinstance(spec.net, NetSpec)
    return Start(spec.net, signals(spec, data).forward, gradients, (_mean_cosine(first), _mean_cosine(last)))


def _mean_cosine(rows: Array) -> float:
    """Of all pairs of rows that aren't zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    directions = (rows / np.where(lengths > 0, lengths, 1))[lengths[:, 0] > 0]
    return float((directions @ directions.T)[np.triu_indices(len(directions), 1)].mean())


def _specs(study: str, settings: Mapping[str, Any]) -> list[RunSpec]:
    """The first run of each arm of a study."""
    overrides = [Override(key, value, key) for key, value in {**SETTINGS, **settings}.items()]
    return [arm.runs[0] for arm in make_plan(ENTRIES[study], overrides=overrides).arms]


def _short(number: float) -> str:
    """One or two digits of it; no power of ten where there need be none."""
    return f"{number:.1g}" if number < 0.001 else f"{float(f'{number:.2g}'):g}"


def _table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    """In Markdown."""
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


if __name__ == "__main__":
    main()
