"""Y-axes of accuracies that no study has fixed."""

import pytest

from bnlab.report.draw import compose
from bnlab.report.figure import Band, Figure, Line, Panel
from bnlab.studies.panels import within_accuracies

from .conftest import ENTRIES


def limits(lines, bands=(), **options):
    lines = tuple(Line("a", range(len(each)), each) for each in lines)
    bands = tuple(Band("a", range(len(low)), low, high) for low, high in bands)
    panel = within_accuracies(Panel("t", "x", "accuracy", lines, bands=bands, **options))
    return compose(Figure("t", "c", (panel,))).axes[0].get_ylim()


@pytest.mark.parametrize("small", ENTRIES, indirect=True)
def test_no_axis_goes_far_beyond_what_an_accuracy_can_be(small):
    drawn = small.plan.study.figure(small.plan.settings, small.results)
    axes = [axes for axes, panel in zip(compose(drawn).axes, drawn.panels, strict=False) if panel.y_label == "accuracy"]
    assert axes
    for each in axes:
        low, high = each.get_ylim()
        assert -0.081 < low < high < 1.081


def test_wide_intervals_are_cut_off_and_the_rest_stays_as_it_is():
    assert limits([[0.5, 0.9]], [([-1, 0.7], [2.7, 1.1])]) == pytest.approx((-0.08, 1.08))
    assert limits([[0.5, 0.9]], [([0.4, 0.8], [0.6, 1.1])]) == pytest.approx((0.4 - 0.048, 1 + 0.048))
    assert limits([[0.5, 0.9]], [([0.4, 0.8], [0.6, 0.95])]) == pytest.approx((0.4 - 0.044, 0.95 + 0.044))
    assert limits([[0.2, 0.9]], [([-1, 0.7], [2.7, 1.1])], y_limits=(0.1, 0.5)) == (0.1, 0.5)


def test_accuracies_that_are_all_the_same_keep_a_range():
    assert limits([[1.0, 1.0]]) == pytest.approx((0.9 - 0.008, 1 + 0.008))
    assert limits([[0.0]]) == pytest.approx((-0.008, 0.1 + 0.008))
    assert limits([[0.7, 0.7]]) == pytest.approx((0.6 - 0.016, 0.8 + 0.016))


def test_what_is_not_finite_says_nothing_of_the_range():
    nan = float("nan")
    assert limits([[0.5, nan, 1.0]], [([nan, 0.4], [nan, 1.2])]) == pytest.approx((0.4 - 0.048, 1.048))
