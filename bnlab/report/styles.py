"""Styles: the colour, dashes and marker of each label's curve, and how far its crosses are turned.

The first colours are Okabe and Ito's palette, safe for the colour-blind; each curve also has a line style and a marker of
its own, and the order of the colours keeps neighbours apart in grey. Source: Okabe and Ito, 2008, "Color universal
design". Curves for the values of a setting with an order take their colours from viridis, which is safe too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from bnlab.report.figure import Figure

BAND_ALPHA = 0.22
"""The opacity of a band's fill."""


class Style(NamedTuple):
    """How a curve looks."""

    color: str
    dashes: Any
    marker: str
    angle: float = 45.0
    """How far its crosses are turned, in degrees."""

    @property
    def cross(self) -> tuple[int, int, float]:
        """Matplotlib's marker: four strokes from the centre."""
        return (4, 2, self.angle)


STYLES = (
    Style("#0072B2", "solid", "o"),
    Style("#E69F00", (0, (5, 2)), "s"),
    Style("#000000", (0, (1, 1.2)), "^"),
    Style("#009E73", (0, (6, 2, 1, 2)), "D"),
    Style("#CC79A7", (0, (3, 1, 1, 1, 1, 1)), "v"),
    Style("#D55E00", (0, (8, 3)), "P"),
)
MORE_COLORS = (
    "#332288", "#80B1D3", "#B2182B", "#A0A0FF", "#4D9221", "#5E3C00", "#D0A060",
    "#AA4499", "#1B3A6B", "#8C564B", "#FB9A99", "#555555", "#003C30", "#C51B7D",
)  # fmt: skip
"""For a seventh curve and further ones; then a colormap is sampled."""
BESIDE_ORDERED = ("#000000", "#D55E00", "#E69F00", "#0072B2", "#CC79A7", "#009E73")
"""The colours of STYLES, those first that can't be taken for a part of viridis."""
ORDERED = (("viridis", 0.06, 0.82), ("Oranges_r", 0.05, 0.55), ("Purples_r", 0.05, 0.5), ("Greys_r", 0.0, 0.5))
"""For each family of ordered curves the part of a colormap, from dark to light: neither black nor too light on white."""


def styles_by_label(figure: Figure) -> dict[str, Style]:
    """A style for each label, the same in all panels. Crosses are turned apart: at one place, none hides another."""
    labels = figure.labels
    ordered = [label for family in figure.ordered for label in family]
    others = [label for label in labels if label not in ordered]
    first = BESIDE_ORDERED if ordered else tuple(style.color for style in STYLES)
    colors = dict(zip(others, _colors(first, len(others)), strict=True))
    for i, family in enumerate(figure.ordered):
        colors |= dict(zip(family, _ordered_colors(i, len(family)), strict=True))
    places = {label: i for i, label in enumerate([*others, *ordered])}
    angles = {label: 90 * (i + 0.5) / len(labels) for i, label in enumerate(labels)}
    return {label: _shape(places[label])._replace(color=colors[label], angle=angles[label]) for label in labels}


def _shape(i: int) -> Style:
    """The i-th combination of dashes and marker. When all dashes are taken, they come again with other markers."""
    return STYLES[i % len(STYLES)]._replace(marker=STYLES[(i + i // len(STYLES)) % len(STYLES)].marker)


def _colors(first: tuple[str, ...], count: int) -> list[str]:
    """As many colours, no two the same."""
    table = first + MORE_COLORS
    more = max(0, count - len(table))
    return [*table[:count], *_sampled("plasma", [0.8 * (i + 0.5) / more for i in range(more)])]


def _ordered_colors(family: int, count: int) -> list[str]:
    """As many colours from dark to light, at even distances."""
    name, start, end = ORDERED[family % len(ORDERED)]
    step = (end - start) / max(1, count - 1)
    return _sampled(name, [start + step * i for i in range(count)])


def _sampled(name: str, places: list[float]) -> list[str]:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps[name](place)) for place in places]
