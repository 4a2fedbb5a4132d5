"""The small drawing of an interval against the margin: where the claim holds is shaded, zero is a thin line."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH, HEIGHT, EDGE = 140.0, 22.0, 6.0
"""The drawing's size, and the room at its ends, in pixels."""


@dataclass(frozen=True)
class Interval:
    """What is drawn, in the claim's direction and unit. within: the claim is true between minus and plus the margin."""

    mean: float
    low: float
    high: float
    margin: float
    within: bool

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and highest value that the drawing reaches: beyond zero, the margin and the interval."""
        least = -self.margin if self.within else 0.0
        low, high = min(self.low, least), max(self.high, self.margin)
        room = 0.06 * (high - low) or 1.0
        return low - room, high + room

    def x(self, value: float) -> float:
        """The place of a value."""
        low, high = self.ends
        return round(EDGE + (value - low) / (high - low) * (WIDTH - 2 * EDGE), 1)

    @property
    def zone(self) -> tuple[float, float]:
        """The left side and the width of what the claim says."""
        left = self.x(-self.margin) if self.within else self.x(self.margin)
        right = self.x(self.margin) if self.within else WIDTH - EDGE
        return left, round(right - left, 1)
