"""Prints two tables of docs/questions.md: how large the signal is before any training, by weight scale and by depth.

One forward and one backward pass, in training mode, of the nets of two studies: replicate 0, on its first minibatch.
`bnlab/studies/signals.py` says what the signal is.

    python scripts/print_signals.py
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from bnlab.engines.numpy import build_net
from bnlab.lab.images import arrays
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
    specs = _first_runs("sweep weight-scale", DECADES)
    found = {(spec.net.normalization, spec.net.weight_scale): signals(spec, arrays(spec, ())) for spec in specs}
    rows = []
    for scale in dict.fromkeys(scale for _, scale in found):
        none, batchnorm = found["none", scale], found["batchnorm", scale]
        numbers = none.forward[0], none.forward[-1], none.backward[1], batchnorm.forward[-2], batchnorm.backward[1]
        rows.append([f"{scale:g}", f"{_factor(specs[0], scale):g}", *map(_short, numbers)])
    return _table(
        ["weight scale", "factor", "none: layer 1", "none: scores", "none: gradient, layer 2", "batchnorm: layer 7",
         "batchnorm: gradient, layer 2"],
        rows,
    )  # fmt: skip


def by_normalization() -> list[str]:
    """A table for the deepest nets of the depth study."""
    rows = []
    for spec in _first_runs("sweep depth", {"arms.depths": [DEPTH]}):
        found = signals(spec, arrays(spec, ()))
        numbers = found.forward[DEPTH - 1], found.backward[DEPTH - 1], found.backward[1]
        rows.append([spec.net.normalization, *map(_short, numbers), *(f"{each:.2f}" for each in alikeness(spec))])
    return _table(
        [f"{DEPTH} hidden layers", f"layer {DEPTH}", f"gradient, layer {DEPTH}", "gradient, layer 2",
         "cosine, layer 1", f"cosine, layer {DEPTH}"],
        rows,
    )  # fmt: skip


def alikeness(spec: RunSpec) -> tuple[float, float]:
    """The mean cosine between the outputs of two images of the minibatch, after the first relu and after the last."""
    data = arrays(spec, ())
    draws = Draws(spec, data)
    net = build_net(spec, draws)
    picked = draws.streams.minibatches.choice(len(data["X_train"]), spec.solver.batch_size)
    outputs = [out for name, out in net.activations(data["X_train"][picked], "train").items() if name.startswith("relu")]
    first, *_, last = map(_mean_cosine, outputs)
    return first, last


def _mean_cosine(rows: Any) -> float:
    """Of all pairs of rows that aren't zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    directions = (rows / np.where(lengths > 0, lengths, 1))[lengths[:, 0] > 0]
    return float((directions @ directions.T)[np.triu_indices(len(directions), 1)].mean())


def _first_runs(study: str, settings: Mapping[str, Any]) -> list[RunSpec]:
    """The first run of each arm of a study."""
    overrides = [Override(key, value, key) for key, value in {**SETTINGS, **settings}.items()]
    return [arm.runs[0] for arm in make_plan(ENTRIES[study], overrides=overrides).arms]


def _factor(spec: RunSpec, scale: float) -> float:
    """By which a layer without normalization multiplies the signal (He et al., 2015)."""
    assert isinstance(spec.net, NetSpec)
    return scale * float(np.sqrt(spec.net.hidden_dims[0] / 2))


def _short(number: float) -> str:
    """One or two digits of it; no power of ten where there need be none."""
    return f"{number:.1g}" if number < 0.001 else f"{float(f'{number:.2g}'):g}"


def _table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    """In Markdown."""
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


if __name__ == "__main__":
    main()
