"""Numeric gradients at kinks and beside them: what is left out, and that nothing else is."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from bnlab.cases import CASES, FUNCTION_CASES, Case, LossCase
from bnlab.gradcheck import check
from bnlab.gradcheck.comparison import KINK_TOLERANCE, TOLERANCE
from bnlab.gradcheck.slopes import POINTS, slopes

STEP = 1e-5


@dataclass(frozen=True)
class At(Case):
    """A case at inputs of its own."""

    given: dict | None = None

    def inputs(self, rng, dtype, batch=None):
        return {name: array.copy() for name, array in self.given.items()}


@dataclass(frozen=True)
class LossAt(LossCase):
    given: dict | None = None

    inputs = At.inputs


def at(name, **given):
    case = FUNCTION_CASES[name]
    kind = LossAt if isinstance(case, LossCase) else At
    return kind(*(getattr(case, field) for field in case.__dataclass_fields__), given=given)


def scaled(name, seed, **factors):
    """The case at random inputs, some of them scaled."""
    inputs = FUNCTION_CASES[name].inputs(np.random.RandomState(seed), np.dtype(np.float64))
    return at(name, **{key: array * factors.get(key, 1) for key, array in inputs.items()})


def kinks(case, seed=231):
    return {comparison.gradient: set(comparison.kinks) for comparison in check(case, seed)}


def test_a_smooth_function():
    x = np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]])
    df = np.arange(1.0, 7).reshape(2, 3)
    gradient, harm = slopes(lambda: np.exp(x), x, df)
    np.testing.assert_allclose(gradient, np.exp(x) * df, rtol=1e-9)
    assert harm.max() < 1e-8


def test_a_polynomial_of_degree_four_has_the_exact_slope_at_any_step():
    x = np.array([0.5])
    gradient, harm = slopes(lambda: x**4 - 3 * x**3, x, np.ones(1), h=0.1)
    slope_of_quartic = np.polyder(np.polyfit(0.1 * POINTS, (0.5 + 0.1 * POINTS) ** 4 - 3 * (0.5 + 0.1 * POINTS) ** 3, 4))[
        -1
    ]
    assert gradient[0] == pytest.approx(slope_of_quartic, rel=1e-10)
    assert harm[0] < 1e-12


def test_x_is_restored_to_the_last_bit_even_where_the_function_fails():
    x = np.array([0.1, 0.7])
    before = x.copy()

    def fails():
        if (x != before).any():
            raise RuntimeError
        return x

    with pytest.raises(RuntimeError):
        slopes(fails, x, np.ones(2))
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("slope", [0.0, 5.0])
def test_the_harm_of_a_kink_is_never_larger_than_said(slope):
    """A kink anywhere between the points, on a smooth curve."""
    for place in np.linspace(-2.99, 2.99, 61):
        x = np.zeros(1)
        gradient, harm = slopes(lambda x=x, place=place: np.maximum(0, x - place * STEP) + np.sin(slope * x), x, np.ones(1))
        error = abs(gradient[0] - slope - (place < 0))
        assert error <= harm[0] + 1e-9, place
        assert harm[0] > KINK_TOLERANCE, place


@pytest.mark.parametrize("place", [-30, -3.001, 3.001, 30])
def test_a_kink_beyond_the_points_does_no_harm(place):
    x = np.zeros(1)
    gradient, harm = slopes(lambda: np.maximum(0, x - place * STEP), x, np.ones(1))
    assert gradient[0] == pytest.approx(float(place < 0), abs=1e-9)
    assert harm[0] < 1e-9


def test_relu_on_both_sides_of_zero_and_at_it():
    x = np.array([[0.0, 1e-6, -1e-6, 2.9e-5], [-2.9e-5, 3.1e-5, -3.1e-5, 1.0]])
    [comparison] = check(at("relu", x=x))
    assert comparison.kinks == ((0, 0), (0, 1), (0, 2), (0, 3), (1, 0))
    assert (comparison.ok, comparison.entries) == (True, 8)
    assert comparison.index not in comparison.kinks


def test_where_all_entries_lie_at_kinks_nothing_was_checked():
    [comparison] = check(at("relu", x=np.zeros((2, 3))))
    assert not comparison.ok
    assert "every entry lies at a kink" in comparison.problem
    assert len(comparison.kinks) == comparison.entries == 6


def test_a_tie_in_max_pooling_and_one_nearly():
    x = np.random.RandomState(0).permutation(30.0 + np.zeros(240) + np.arange(240)).reshape(4, 2, 6, 5)
    assert kinks(at("max_pool", x=x)) == {"x": set()}
    x[0, 0, 0, :2] = 500
    assert kinks(at("max_pool", x=x)) == {"x": {(0, 0, 0, 0), (0, 0, 0, 1)}}
    x[1, 1, 0, :2] = 500, 500 + 1e-6
    assert kinks(at("max_pool", x=x)) == {"x": {(0, 0, 0, 0), (0, 0, 0, 1), (1, 1, 0, 0), (1, 1, 0, 1)}}


def test_a_hinge_at_its_margin():
    x = np.random.RandomState(1).standard_normal((4, 6))
    assert kinks(at("svm_loss", x=x)) == {"x": set()}
    x[0, 5] = x[0, 3] - 1 + 1e-6  # the right class of the first row is 3
    assert kinks(at("svm_loss", x=x)) == {"x": {(0, 3), (0, 5)}}


def sides_changed(case):
    """By argument, the entries whose moves within the points make some unit of the output's relu change sides."""
    inputs = case.inputs(None, None)
    changed = {name: set() for name in inputs}
    for name, array in inputs.items():
        for index in np.ndindex(array.shape):
            old, active = array[index], []
            for t in STEP * POINTS:
                array[index] = old + t
                active.append(case.forward(inputs) > 0)
            array[index] = old
            if any((units != active[3]).any() for units in active):
                changed[name].add(index)
    return changed


@pytest.mark.parametrize(("name", "shift"), [("affine_relu", "b"), ("conv_relu", "b"), ("affine_bn_relu", "beta")])
def test_what_is_left_out_is_where_a_unit_changes_sides(name, shift):
    """With x, gamma and the last shift so small that many units lie near the kink."""
    left_out = 0
    for seed in range(6):
        case = scaled(name, seed, **{"x": 1e-4, "gamma": 1e-4, shift: 1e-4})
        found = kinks(case, seed)
        assert found == sides_changed(case)
        left_out += sum(map(len, found.values()))
    assert left_out > 10


@pytest.mark.parametrize("name", ["batchnorm", "batchnorm_alt", "layernorm", "spatial_batchnorm", "spatial_groupnorm"])
@pytest.mark.parametrize("scale", [1, 1e-2, 1e-4, 0])
def test_no_smooth_point_is_left_out_however_small_the_variance(name, scale):
    for seed in range(2):
        comparisons = check(scaled(name, seed, x=scale), seed)
        assert [comparison.kinks for comparison in comparisons] == [()] * len(comparisons)
        assert all(comparison.ok for comparison in comparisons)


def wrong(case, change):
    def backward(dout, cache):
        gradient = case.backward_function(dout, cache)
        return change(gradient)

    return replace(case, backward_function=backward)


def test_what_is_left_out_does_not_depend_on_the_analytic_gradient():
    case = at("relu", x=np.array([[0.0, 1e-6, 1.0, -1.0, 2.0]]))
    [right] = check(case)
    for change in (np.negative, np.zeros_like, lambda g: g + 1, lambda g: g * np.nan):
        [comparison] = check(wrong(case, change))
        assert comparison.kinks == right.kinks == ((0, 0), (0, 1))
        assert not comparison.ok
        assert comparison.index[1] > 1


def test_a_wrong_entry_beside_a_kink_is_found():
    def change(gradient):
        gradient[0, 2] += 1e-5
        return gradient

    [comparison] = check(wrong(at("relu", x=np.array([[0.0, 1e-6, 1.0, -1.0]])), change))
    assert (comparison.ok, comparison.index) == (False, (0, 2))


MANY_KINKS = ("conv", "max_pool", "ThreeLayerConvNet-spatial_groupnorm")
SEEDS = {name: range(3) for name in FUNCTION_CASES} | {name: [0] for name in MANY_KINKS}


@pytest.mark.parametrize("name", SEEDS)
def test_other_seeds_pass_too(name):
    for seed in SEEDS[name]:
        for comparison in check(CASES[name], seed):
            assert comparison.ok, (seed, comparison)
            assert comparison.zero or comparison.error < TOLERANCE / 2
