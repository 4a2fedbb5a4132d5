"""How fast bnlab means to be, and whether it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from bnlab.bench import driver
from bnlab.bench.convolution import SHAPES
from bnlab.bench.figures import FAST, PLAIN, Figure, between, in_words
from bnlab.bench.sweep import AROUND, against

OVER_LIMIT = "a run on one core, over its limit"
AT_LEAST, AT_MOST = "at least", "at most"


class Goal(NamedTuple):
    """A bound for the figure of that part and name, with each kind of kernels."""

    part: str
    what: str
    sense: str
    bounds: Mapping[str, float]

    def met(self, figure: Figure) -> bool:
        """Whether a figure reaches it."""
        bound = self.bounds[figure.kernels]
        return figure.value >= bound if self.sense == AT_LEAST else figure.value <= bound


GOALS = (
    Goal("sweep", against("PyTorch"), AT_LEAST, {PLAIN: 1.9, FAST: 2.5}),
    Goal("sweep", against("a notebook"), AT_LEAST, {PLAIN: 4.5, FAST: 6.0}),
    Goal("run", OVER_LIMIT, AT_MOST, {PLAIN: 2.2, FAST: 1.5}),
    *(Goal("conv", f"{shape}, over PyTorch's", AT_MOST, {"": b}) for shape, b in zip(SHAPES, (1.0, 1.2, 2.0), strict=True)),
    Goal("sweep", AROUND, AT_MOST, {PLAIN: 0.7, FAST: 0.7}),
    Goal(driver.PART, f"{driver.PER_RUN}, 10,000 runs", AT_MOST, {"": 3e-3}),
    Goal(driver.PART, driver.PER_RUN_MEMORY, AT_MOST, {"": 1000}),
    Goal(driver.PART, driver.STORED.format(10_000), AT_MOST, {"": 3.0}),
    Goal(driver.PART, f"{driver.TWO_WORKERS}, 400 runs", AT_LEAST, {"": 1.8}),
)
"""The weight-scale sweep and its runs, against PyTorch in the same number of processes, and against a notebook."""


class Judged(NamedTuple):
    """A goal beside the figure that was measured."""

    goal: Goal
    figure: Figure

    @property
    def met(self) -> bool:
        """Whether the figure reaches the goal."""
        return self.goal.met(self.figure)

    @property
    def bound(self) -> float:
        """The goal's bound for the figure's kernels."""
        return self.goal.bounds[self.figure.kernels]

    def to_json(self) -> dict[str, Any]:
        """The goal, and whether it is met."""
        return {
            "part": self.goal.part, "what": self.goal.what, "kernels": self.figure.kernels, "sense": self.goal.sense,
            "bound": self.bound, "value": self.figure.value, "met": self.met,
        }  # fmt: skip


def judge(figures: Iterable[Figure]) -> Iterator[Judged]:
    """Each goal that something was measured for, in the order of the goals."""
    by_name: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        by_name.setdefault((figure.part, figure.what), []).append(figure)
    for goal in GOALS:
        for figure in by_name.get((goal.part, goal.what), ()):
            if figure.kernels in goal.bounds:
                yield Judged(goal, figure)


def cells(judged: Judged) -> list[str]:
    """A row of the table of goals: what, the kernels, the bound, and what was measured, with its ends."""
    goal, figure = judged.goal, judged.figure
    bound = f"{goal.sense} {in_words(judged.bound, figure.unit)}"
    return [goal.what, figure.kernels or "-", bound, in_words(figure.value, figure.unit), between(figure)]


def markdown(judged: Sequence[Judged]) -> str:
    """The table of goals for a page."""
    head = ["what", "kernels", "goal", "measured", "between", ""]
    rows = [[*cells(each), "met" if each.met else "**not met**"] for each in judged]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))
