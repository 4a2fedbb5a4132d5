"""Values evenly spaced in the logarithm: their ends, their order, and their texts."""

import math

import numpy as np
import pytest

from bnlab.studies.grids import log_spaced, powers_of_ten, texts


def test_log_spaced_has_its_ends_exactly():
    np.testing.assert_allclose(log_spaced(1e-4, 0.3, 7), np.geomspace(1e-4, 0.3, 7), rtol=1e-12)
    values = log_spaced(0.0003, 0.7, 12)
    assert (values[0], values[-1], len(values)) == (0.0003, 0.7, 12)
    assert values == sorted(set(values))


def test_one_value_is_the_lowest_and_equal_ends_are_one_value():
    assert log_spaced(0.3, 0.7, 1) == [0.3]
    assert log_spaced(0.3, 0.3, 5)[0] == 0.3
    assert len(log_spaced(1.0, 1.0, 5)) == 1


@pytest.mark.parametrize("per_decade", [1, 2, 3, 6, 7, 10])
def test_powers_of_ten_are_the_exact_powers_with_both_ends(per_decade):
    found = powers_of_ten(1e-5, 1, per_decade)
    assert found == [10 ** (k / per_decade) for k in range(-5 * per_decade, 1)]
    assert {1e-5, 1e-3, 1.0} <= set(found)


def test_bounds_between_two_powers_are_not_points():
    assert powers_of_ten(0.002, 5, 1) == [0.01, 0.1, 1.0]
    assert powers_of_ten(2, 3, 1) == []
    assert powers_of_ten(3, 2, 6) == []


def test_a_wider_range_keeps_the_points():
    assert set(powers_of_ten(1e-3, 1e-1, 6)) < set(powers_of_ten(1e-4, 10, 6))


def test_a_bound_that_is_a_power_up_to_rounding_is_that_power():
    for k in range(-30, 30):
        for bound in (math.nextafter(10 ** (k / 6), 0), 10 ** (k / 6), math.nextafter(10 ** (k / 6), math.inf)):
            assert powers_of_ten(bound, bound, 6) == [10 ** (k / 6)]


def test_texts_tell_the_values_apart_in_as_few_digits_as_do():
    assert texts([0.001, 10 ** (-17 / 6), 1.0]) == ["0.001", "0.00147", "1"]
    assert texts([0.12341, 0.12342]) == ["0.12341", "0.12342"]
    assert texts([]) == []
