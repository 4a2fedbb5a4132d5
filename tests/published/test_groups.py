"""Every published number that needs no images, computed again; and that a wrong one does not pass."""

import numpy as np
import pytest

from bnlab.published import layer_gradients, nets, statistics
from bnlab.published.facts import numbers
from bnlab.published.groups import GROUPS, recompute

COUNTS = {
    "batchnorm_forward_train": 18,
    "batchnorm_forward_test": 6,
    "batchnorm_backward": 3,
    "batchnorm_backward_alt": 4,
    "layernorm_forward": 24,
    "layernorm_backward": 3,
    "initial_loss": 7,
    "batchnorm_net_gradients": 20,
    "compare_batchnorm": 32,
    "compare_baseline": 32,
}
EXACT = [name for name in GROUPS if not GROUPS[name].trains]


def leaves(tree):
    """All numbers of a group's facts, in order; those that say how near ours must come left out."""
    if isinstance(tree, dict):
        return [leaf for key, value in tree.items() if "at_most" not in key for leaf in leaves(value)]
    return [leaf for value in tree for leaf in leaves(value)] if isinstance(tree, list) else [tree]


@pytest.fixture(scope="module")
def computed():
    """The rows of all groups, and the first number that NumPy's global stream gives afterwards."""
    np.random.seed(7)
    rows = {name: recompute(name) for name in GROUPS}
    return rows, np.random.rand()


@pytest.fixture
def rows(computed):
    return computed[0]


def test_every_group_of_the_facts_has_its_row_in_the_table():
    assert [*GROUPS] == [*numbers()["groups"]] == [*COUNTS]


def test_the_global_stream_is_left_alone(computed):
    assert computed[1] == np.random.RandomState(7).rand()


@pytest.mark.parametrize("name", COUNTS)
def test_every_number_is_a_row(rows, name):
    assert len(rows[name]) == COUNTS[name]
    assert len({row.what for row in rows[name]}) == COUNTS[name]
    assert all(row.what.startswith(f"{name} ") for row in rows[name])
    assert {row.published for row in rows[name]} == {*leaves(numbers()["groups"][name])}


@pytest.mark.parametrize("name", EXACT)
def test_ours_agree(rows, name):
    judged = [row for row in rows[name] if row.status != "reported"]
    assert [row for row in judged if row.ok is not True] == []
    assert [row.what for row in rows[name] if row.ok is None] == [f"{name} speedup"] * (name == "batchnorm_backward_alt")
    for row in judged:
        limited = abs(row.ours) if row.limited == "ours" else row.difference
        assert limited <= row.tolerance


TOLERANCES = {
    "batchnorm_forward_train": {5e-9, 1e-15},
    "batchnorm_forward_test": {5e-9},
    "batchnorm_backward": {1e-8},
    "batchnorm_backward_alt": {1e-11},
    "layernorm_forward": {5e-9, 1e-14},
    "layernorm_backward": {1e-8},
    "initial_loss": {1e-12},
}


@pytest.mark.parametrize("name", TOLERANCES)
def test_tolerances_are_half_a_unit_of_the_eighth_decimal_and_each_errors_own_bound(rows, name):
    assert {float(f"{row.tolerance:.3g}") for row in rows[name] if row.ok is not None} == TOLERANCES[name]


def test_the_bounds_of_the_nets_gradients(rows):
    bounds = {row.what.split(maxsplit=2)[2]: row.tolerance for row in rows["batchnorm_net_gradients"]}
    others = dict.fromkeys(("W3", "b3", "gamma1", "gamma2", "beta1", "beta2"), 1e-6)
    assert bounds == {"W1": 1e-3, "W2": 1e-4, "b1, absolute": 1e-10, "b2, absolute": 1e-10, **others}


def test_some_numbers_once_more_so_that_a_slip_in_the_file_shows():
    groups = numbers()["groups"]
    assert groups["batchnorm_forward_train"]["before"]["means"] == [-2.3814598, -13.18038246, 1.91780462]
    assert groups["layernorm_forward"]["gamma_3_beta_5"]["stds"] == [2.99999985, 2.99999998, 2.99999999, 2.99999907]
    assert groups["initial_loss"]["plain"] == {"reg_0": 2.300479089768492, "reg_3.14": 7.052114776533016}
    assert groups["initial_loss"]["dropout_seed_123"]["keep_0.5"] == 2.30427592207859
    assert groups["batchnorm_backward"]["errors"]["dx"] == 1.7029261167605239e-09
    assert groups["batchnorm_backward_alt"]["speedup"] == 0.66
    sums = {
        name: [round(sum(column), 6) for column in groups[f"compare_{name}"].values()] for name in ("batchnorm", "baseline")
    }
    assert sums == {"batchnorm": [14.68903, 6.017, 3.248], "baseline": [16.244641, 5.015, 3.231]}


def test_a_true_gradient_of_zero_is_judged_by_its_absolute_value_and_says_so(rows):
    by_name = {row.what: row for row in rows["batchnorm_net_gradients"]}
    row = by_name["batchnorm_net_gradients reg_0 b1, absolute"]
    assert (row.published, row.difference, row.limited) == (4.44e-8, None, "ours")
    assert row.ours < 1e-13
    assert "true gradient" in row.why


def test_an_error_is_set_beside_the_published_one_and_judged_by_its_bound(rows):
    row = rows["batchnorm_backward"][0]
    assert row.difference == abs(row.ours - row.published) > 0
    assert (row.limited, row.tolerance) == ("ours", 1e-8)


def test_the_closed_form_is_timed_and_not_judged(rows):
    *_, row = rows["batchnorm_backward_alt"]
    assert (row.published, row.ok, row.tolerance, row.status) == (0.66, None, None, "reported")
    assert row.ours > 0
    assert "1.3" in row.why


def spoilt(function, which, how):
    """A forward or backward function with one of the things it gives spoilt."""

    def wrong(*args):
        given = [*function(*args)]
        given[which] = how(given[which])
        return tuple(given)

    return wrong


WRONG = {"a little": lambda a: a * (1 + 2e-6) + 2e-6, "nan": lambda a: a * np.nan}


@pytest.mark.parametrize("how", WRONG)
@pytest.mark.parametrize(
    ("module", "function", "which", "name", "disagreeing"),
    [
        (statistics, "batchnorm_forward", 0, "batchnorm_forward_train", 12),
        (statistics, "batchnorm_forward", 0, "batchnorm_forward_test", 6),
        (statistics, "layernorm_forward", 0, "layernorm_forward", 16),
        (layer_gradients, "batchnorm_backward", 0, "batchnorm_backward", 1),
        (layer_gradients, "batchnorm_backward_alt", 1, "batchnorm_backward_alt", 1),
        (layer_gradients, "layernorm_backward", 2, "layernorm_backward", 1),
    ],
)
def test_a_wrong_layer_disagrees(monkeypatch, module, function, which, name, disagreeing, how):
    monkeypatch.setattr(module, function, spoilt(getattr(module, function), which, WRONG[how]))
    with np.errstate(all="ignore"):
        rows = recompute(name)
    assert sum(row.ok is False for row in rows) == disagreeing


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_loss_disagrees(monkeypatch, how):
    class Wrong(nets.FullyConnectedNet):
        def loss(self, X, y=None):
            loss, grads = super().loss(X, y)
            return WRONG[how](loss), grads

    monkeypatch.setattr(nets, "FullyConnectedNet", Wrong)
    assert [row.ok for row in recompute("initial_loss")] == [False] * 7


def test_wrong_gradients_of_a_net_disagree(monkeypatch):
    """W1 by its relative error, b1 by its absolute value."""

    class Wrong(nets.FullyConnectedNet):
        def loss(self, X, y=None):
            loss, grads = super().loss(X, y)
            return loss, grads | {name: grads[name] * 1.01 + 1e-9 for name in ("W1", "b1")}

    monkeypatch.setattr(nets, "FullyConnectedNet", Wrong)
    wrong = [row.what.split()[2].rstrip(",") for row in recompute("batchnorm_net_gradients") if row.ok is False]
    assert wrong == ["W1", "b1"] * 2
