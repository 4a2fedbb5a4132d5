"""The critical values of Student's t."""

import numpy as np
import pytest

from bnlab.evidence.student import critical_t

PRINTED = [  # tables in textbooks, two-sided
    (0.05, 1, 12.706), (0.05, 2, 4.303), (0.05, 4, 2.776), (0.05, 9, 2.262), (0.05, 30, 2.042), (0.05, 120, 1.980),
    (0.10, 5, 2.015), (0.01, 3, 5.841), (0.01, 4, 4.604), (0.01, 19, 2.861), (0.002, 7, 4.785), (0.001, 10, 4.587),
    (0.5, 1, 1.000), (0.5, 8, 0.706),
]  # fmt: skip


@pytest.mark.parametrize(("alpha", "df", "t"), PRINTED)
def test_the_values_that_tables_print(alpha, df, t):
    assert critical_t(alpha, df) == pytest.approx(t, abs=5.01e-4)


@pytest.mark.parametrize("alpha", [0.9, 0.5, 0.05, 1e-3, 1e-7])
def test_two_degrees_of_freedom_have_a_formula(alpha):
    """P(|T| < t) = t / sqrt(2 + t²)."""
    inside = 1 - alpha
    assert critical_t(alpha, 2) == pytest.approx(inside * (2 / (alpha * (2 - alpha))) ** 0.5, rel=1e-12)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 9, 19, 39, 100, 9999])
def test_scipy_agrees(df):
    special = pytest.importorskip("scipy.special")
    alphas = [0.5, 0.1, 0.05, 0.01, 0.05 / 18, 0.05 / 72, 1e-4, 1e-5, 1e-6, 1e-7]
    wanted = [-special.stdtrit(df, alpha / 2) for alpha in alphas]
    assert [critical_t(alpha, df) for alpha in alphas] == pytest.approx(wanted, rel=1e-10)


def test_it_falls_without_a_jump_where_the_computation_changes_sides():
    values = [critical_t(alpha, 9) for alpha in (0.118, 0.1179, 0.1178, 0.1177, 0.1176, 0.1175, 0.1174)]
    steps = np.diff(values)
    assert steps == pytest.approx([steps[0]] * len(steps), rel=0.01)
    assert steps[0] > 0


@pytest.mark.parametrize(("alpha", "df"), [(0, 4), (1, 4), (-0.1, 4), (0.05, 0), (0.05, 10_001), (float("nan"), 4)])
def test_what_has_no_value_is_refused(alpha, df):
    with pytest.raises(ValueError, match="alpha must lie between 0 and 1"):
        critical_t(alpha, df)
