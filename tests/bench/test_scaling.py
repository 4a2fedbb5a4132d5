"""Cost as work grows: what is doubled, what a multiply-add costs, and which cache is left."""

import pytest

from bnlab.bench.scaling import AXES, Base, Point, figure, grown, measure_scaling, remarks, steps, working_set
from bnlab.report.draw import draw

TINY = Base(runs=1, images=120, width=4, depth=1, batch=10, iterations=24, pixels=6)


@pytest.mark.parametrize("axis", AXES)
def test_each_axis_is_doubled_three_times_and_nothing_else_but_the_iterations_of_more_images(axis):
    works = grown(TINY, axis)
    assert [getattr(work, axis) for work in works] == [getattr(TINY, axis) * factor for factor in (1, 2, 4, 8)]
    others = {work._replace(**{axis: 0}) for work in works}
    assert len(others) == (4 if axis == "images" else 1)
    assert [work.iterations for work in works] == [24 * factor if axis == "images" else 24 for factor in (1, 2, 4, 8)]


def test_all_is_measured():
    points = measure_scaling(1, TINY)
    assert [point.axis for point in points] == [axis for axis in AXES for _ in range(4)]
    for point in points:
        assert min(point.seconds, point.peak_bytes, point.multiply_adds) > 0
    work = {axis: [point.multiply_adds for point in points if point.axis == axis] for axis in AXES}
    assert work["runs"] == [work["runs"][0] * factor for factor in (1, 2, 4, 8)]
    assert all(some == sorted(some) and len({*some}) == 4 for some in work.values())


def test_a_working_set_counted_by_hand():
    """6 to 4 to 10: 28 and 50 parameters, gamma and beta of 4; batch 10."""
    parameters = 28 + 50 + 8
    assert working_set(TINY, "width") == 4 * (4 * parameters + 10 * (6 + 3 * 4))
    assert working_set(TINY, "images") == working_set(TINY, "width") + 4 * 120 * 6


POINTS = [
    Point("width", 50, 1.0, 100, 100, 2**18),
    Point("width", 100, 2.2, 150, 200, 2**19),  # 1.1 times as long per multiply-add
    Point("width", 200, 5.5, 200, 400, 2**21),  # 1.25 times
    Point("runs", 1, 1.0, 100, 100, 5),
    Point("runs", 2, 2.4, 220, 200, 5),  # 1.2 times, and 1.1 times the memory
]


def test_steps_stay_on_their_axis():
    assert [(step.after.axis, step.after.size) for step in steps(POINTS)] == [("width", 100), ("width", 200), ("runs", 2)]
    assert [step.time for step in steps(POINTS)] == pytest.approx([1.1, 1.25, 1.2])
    assert [step.memory for step in steps(POINTS)] == pytest.approx([0.75, 2 / 3, 1.1])


def test_a_dear_doubling_names_the_cache_it_left():
    width, runs, time, memory = remarks(POINTS, {"L1": 2**15, "L2": 2**20})
    assert width == (
        "width from 100 to 200, 1.25 times as long per multiply-add: what a step goes through grows from 0.5 MB to 2 MB "
        "and leaves L2 (1 MB)"
    )
    assert runs.startswith("runs from 1 to 2, 1.20 times as long")
    assert runs.endswith("which leaves no cache")
    assert time == "the dearest doubling in time: width from 100 to 200, 1.25 times as long per multiply-add"
    assert memory == "the dearest doubling in memory: runs from 1 to 2, 1.10 times as much per multiply-add"


def test_the_figure_has_a_line_for_each_axis_over_its_smallest():
    drawn = figure(POINTS, "A 1")
    time, memory = drawn.panels
    assert [line.label for line in time.lines] == ["width", "runs"]
    assert [*time.lines[0].y] == pytest.approx([1, 1.1, 1.375])
    assert [*memory.lines[1].y] == pytest.approx([1, 1.1])
    assert draw(drawn)["png"].startswith(b"\x89PNG")
