"""Draws batchnorm's computation graph for docs/derivations.md from its table in bnlab/gradcheck/batchnorm_graph.py.

Names, operations, gradients and paths are the table's; here stand the places and the looks. The file comes out the same, to
the last byte with one release of Matplotlib.

    python scripts/draw_batchnorm_graph.py [--output FILE]
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from bnlab.gradcheck.batchnorm_graph import LEAVES, NODES, PATHS, Edge
from bnlab.layers.types import Array

Place: TypeAlias = tuple[float, float]

OUTPUT = Path(__file__).parents[1] / "docs" / "batchnorm-graph.svg"
SIZE = (10.8, 6.35)  # inches, as are all places, from the lower left corner
HALF = np.array([0.72, 0.36])  # of a box
GAP = 0.075  # of each arrow from the line between the two boxes
FORWARD, BACKWARD, INK, INPUT = "#0072B2", "#C44601", "#222222", "#F0F0F0"
MINUS = "\N{MINUS SIGN}"
TINTS = {"path 1": "#FBE7A1", "path 2": "#E6D5F2", "path 3": "#CBEADB"}

PLACES: dict[str, Place] = {
    "x": (0.95, 4.4), "centred": (3.75, 4.4), "xhat": (6.9, 4.4), "scaled": (9.85, 4.4),
    "mu": (0.95, 2.6), "squared": (3.75, 2.6), "inv_std": (6.9, 2.6), "out": (9.85, 2.6),
    "var": (5.325, 0.9), "gamma": (9.85, 5.8), "beta": (9.85, 1.2),
}  # fmt: skip
LABELS: dict[Edge, tuple[float, float, str]] = {
    ("x", "mu"): (0.5, 0.2, "left"),
    ("x", "centred"): (0, -0.31, "center"),
    ("mu", "centred"): (0.12, -0.36, "left"),
    ("centred", "squared"): (0.5, 0, "left"),
    ("squared", "var"): (-0.3, -0.17, "right"),
    ("var", "inv_std"): (0.3, -0.17, "left"),
    ("centred", "xhat"): (-0.45, -0.31, "left"),
    ("inv_std", "xhat"): (0.25, 0, "left"),
    ("xhat", "scaled"): (0, -0.29, "center"),
    ("gamma", "scaled"): (-0.18, 0, "right"),
    ("scaled", "out"): (-0.18, 0, "right"),
    ("beta", "out"): (-0.18, 0, "right"),
}
"""Where the gradient of an edge is written: from the middle of the edge, and how it is aligned there."""
TRAILS = {
    "path 3": ("centred", "mu", "x"),
    "path 2": ("xhat", "inv_std", "var", "squared", "centred"),
    "path 1": ("xhat", "centred", "x"),
}
WORDS = {"path 1": "straight through xhat", "path 2": "through the variance", "path 3": "through the mean"}


def main() -> None:
    """Writes the drawing and prints its name."""
    parser = argparse.ArgumentParser(description="Draw batchnorm's computation graph.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the file to write (default: %(default)s)")
    output = parser.parse_args().output
    save(output)
    print(output)


def save(output: Path) -> None:
    """Draws into the file; its ending says in which format."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a user's own style must not change the picture
        matplotlib.rcParams["svg.hashsalt"] = "bnlab"
        draw().savefig(output, metadata={"Date": None, "Creator": None} if output.suffix == ".svg" else None)


def draw() -> Figure:
    """The whole picture. The boxes have the ids `node-NAME`."""
    figure = Figure(figsize=SIZE)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, SIZE[0]), ylim=(0, SIZE[1]))
    axes.set_axis_off()
    for path, names in TRAILS.items():
        axes.plot(*zip(*(PLACES[name] for name in names), strict=True), color=TINTS[path], linewidth=26, zorder=0)
    for name in LEAVES:
        _box(axes, name, "", fill=INPUT)
    for node in NODES:
        _box(axes, node.name, node.forward)
        for parent, gradient in node.edges.items():
            _edge(axes, (parent, node.name), gradient)
    _legend(axes)
    return figure


def _box(axes: Axes, name: str, operation: str, fill: str = "white") -> None:
    x, y = PLACES[name]
    corner, (width, height) = (x, y) - HALF, 2 * HALF
    looks: dict[str, Any] = {"boxstyle": "round,pad=0,rounding_size=0.12", "facecolor": fill, "edgecolor": INK}
    axes.add_patch(FancyBboxPatch(tuple(corner), width, height, linewidth=1.2, zorder=3, gid=f"node-{name}", **looks))
    _text(axes, (x, y + 0.13 if operation else y), name, INK, size=13, weight="bold")
    _text(axes, (x, y - 0.16), pretty(operation), FORWARD, size=10)


def _edge(axes: Axes, edge: Edge, gradient: str) -> None:
    """An arrow each way, and what the way back brings."""
    start, end = (np.array(PLACES[name]) for name in edge)
    along = (end - start) / np.hypot(*(end - start))
    aside = GAP * np.array([-along[1], along[0]])
    _arrow(axes, _outside(start, aside, along), _outside(end, aside, -along), FORWARD)
    _arrow(axes, _outside(end, -aside, -along), _outside(start, -aside, along), BACKWARD)
    dx, dy, side = LABELS[edge]
    x, y = (start + end) / 2 + [dx, dy]
    _text(axes, (x, y), pretty(gradient), BACKWARD, size=11, ha=side)
    for path in (path for path, own in PATHS.items() if own == edge):
        _badge(axes, (x - 0.2, y), path)


def _outside(centre: Array, aside: Array, along: Array) -> Place:
    """Where the line through centre + aside, in the direction of along, has left the box around the centre."""
    with np.errstate(divide="ignore"):
        to_each_side = (np.copysign(HALF, along) - aside) / along
    x, y = centre + aside + (np.min(to_each_side) + 0.06) * along
    return float(x), float(y)


def _arrow(axes: Axes, start: Place, end: Place, color: str) -> None:
    looks: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 12, "shrinkA": 0, "shrinkB": 0}
    axes.add_patch(FancyArrowPatch(start, end, color=color, linewidth=1.5, zorder=2, **looks))


def _badge(axes: Axes, place: Place, path: str) -> None:
    axes.add_patch(Circle(place, 0.13, facecolor=INK, edgecolor="none", zorder=4))
    _text(axes, (place[0], place[1] - 0.008), path.removeprefix("path "), "white", size=9.5, weight="bold")


def _legend(axes: Axes) -> None:
    back = "backwards: what an edge adds to the gradient dz = ∂L/∂z of the node z it leads to"
    _text(axes, (0.25, 6.02), "Batchnorm, forwards and backwards", INK, size=15, weight="bold", ha="left")
    _arrow(axes, (0.25, 5.62), (0.85, 5.62), FORWARD)
    _text(axes, (1.0, 5.62), "forwards: what a node is made of", FORWARD, size=11, ha="left")
    _arrow(axes, (0.85, 5.3), (0.25, 5.3), BACKWARD)
    _text(axes, (1.0, 5.3), back, BACKWARD, size=11, ha="left")
    for i, (path, words) in enumerate(WORDS.items()):
        y = 1.32 - 0.36 * i
        axes.plot((0.42, 0.95), (y, y), color=TINTS[path], linewidth=16, solid_capstyle="round", zorder=0)
        _badge(axes, (0.68, y), path)
        _text(axes, (1.25, y), words, INK, size=11, ha="left")


def _text(axes: Axes, place: Place, text: str, color: str, **looks: Any) -> Any:
    return axes.text(*place, text, color=color, va="center", **{"ha": "center", "zorder": 5, **looks})


def pretty(formula: str) -> str:
    """The formula as one writes it by hand."""
    formula = re.sub(r"sum\((.*)\)", r"Σ \1", formula).replace("sqrt", "√").replace("-", MINUS)
    return formula.replace("**2", "²").replace("**3", "³").replace("0.5", "½").replace("*", "·")


if __name__ == "__main__":
    main()
