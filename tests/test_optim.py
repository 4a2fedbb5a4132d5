"""The update rules: their formulas, what they keep in config, and what they leave alone."""

import copy

import numpy as np
import pytest

from bnlab.optim import BLOCK, RULES, adam, rmsprop, sgd, sgd_momentum

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
STATE = {sgd: (), sgd_momentum: ("velocity",), rmsprop: ("cache",), adam: ("m", "v")}
STEPS = 5


def gradients(shape, dtype=np.float64):
    """A start and the gradients of a few steps."""
    rng = np.random.RandomState(231)
    return rng.randn(*shape).astype(dtype), [rng.randn(*shape).astype(dtype) for _ in range(STEPS)]


def run(rule, w, grads, config=None, in_place=False):
    """All steps, as the notebooks call a rule, or over w itself."""
    config = dict(config or {})
    for dw in grads:
        w, config = rule(w, dw, config, out=w) if in_place else rule(w, dw, config)
    return w, config


class Straightforward:
    """The formulas, one entry at a time."""

    @staticmethod
    def sgd(w, grads, learning_rate=1e-2):
        for dw in grads:
            w = w - learning_rate * dw
        return w, {}

    @staticmethod
    def sgd_momentum(w, grads, learning_rate=1e-2, momentum=0.9):
        v = 0.0
        for dw in grads:
            v = momentum * v - learning_rate * dw
            w = w + v
        return w, {"velocity": v}

    @staticmethod
    def rmsprop(w, grads, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8):
        cache = 0.0
        for dw in grads:
            cache = decay_rate * cache + (1 - decay_rate) * dw**2
            w = w - learning_rate * dw / (cache**0.5 + epsilon)
        return w, {"cache": cache}

    @staticmethod
    def adam(w, grads, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
        m = v = 0.0
        for t, dw in enumerate(grads, start=1):
            m = beta1 * m + (1 - beta1) * dw
            v = beta2 * v + (1 - beta2) * dw**2
            w = w - learning_rate * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)) ** 0.5 + epsilon)
        return w, {"m": m, "v": v}


CONFIGS = {
    "sgd": [{}, {"learning_rate": 0.3}],
    "sgd_momentum": [{}, {"learning_rate": 0.3, "momentum": 0.5}],
    "rmsprop": [{}, {"learning_rate": 0.3, "decay_rate": 0.6, "epsilon": 0.2}],
    "adam": [{}, {"learning_rate": 0.3, "beta1": 0.6, "beta2": 0.7, "epsilon": 0.2}],
}


@pytest.mark.parametrize(("name", "config"), [(name, config) for name in CONFIGS for config in CONFIGS[name]], ids=str)
def test_the_formula(name, config):
    w, grads = gradients((3, 4))
    next_w, state = run(RULES[name], w, grads, config)
    expected, expected_state = np.empty_like(w), {key: np.empty_like(w) for key in STATE[RULES[name]]}
    for index in np.ndindex(w.shape):
        expected[index], entry = getattr(Straightforward, name)(w[index], [dw[index] for dw in grads], **config)
        for key, value in entry.items():
            expected_state[key][index] = value
    np.testing.assert_allclose(next_w, expected, rtol=1e-12)
    for key in expected_state:
        np.testing.assert_allclose(state[key], expected_state[key], rtol=1e-12, err_msg=key)


DEFAULTS = {
    "sgd": {"learning_rate": 1e-2},
    "sgd_momentum": {"learning_rate": 1e-2, "momentum": 0.9},
    "rmsprop": {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8},
    "adam": {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 1},
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_defaults_and_state_stand_in_the_config_afterwards(name, dtype):
    w, (dw, *_) = gradients((3, 4), dtype)
    _, config = RULES[name](w, dw)
    state = {key: config.pop(key) for key in STATE[RULES[name]]}
    assert config == DEFAULTS[name]
    assert {key: (array.shape, array.dtype) for key, array in state.items()} == dict.fromkeys(state, (w.shape, w.dtype))


def test_adam_counts_on_from_the_steps_it_is_told_of():
    w, grads = gradients((3, 4))
    halfway, config = run(adam, w, grads[:2])
    assert config["t"] == 2
    end, config = run(adam, halfway, grads[2:], config)
    assert config["t"] == STEPS
    np.testing.assert_array_equal(end, run(adam, w, grads)[0])


@every_rule
def test_what_comes_in_is_left_alone(rule):
    w, (dw, *_) = gradients((3, 4))
    given = {key: np.full_like(w, 0.5) for key in STATE[rule]}
    before = copy.deepcopy((w, dw, given))
    next_w, config = rule(w, dw, dict(given))
    for array, old in zip((w, dw, *given.values()), (*before[:2], *before[2].values()), strict=True):
        np.testing.assert_array_equal(array, old)
    assert not np.shares_memory(next_w, w)
    assert all((config[key] != given[key]).all() for key in given)


@every_rule
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 4), (2 * BLOCK + 7,), (3, BLOCK // 2 + 1)], ids=str)
def test_over_w_itself_the_numbers_are_the_same(rule, dtype, shape):
    w, grads = gradients(shape, dtype)
    expected, expected_config = run(rule, w, grads)
    own = w.copy()
    result, config = run(rule, own, grads, in_place=True)
    assert result is own
    assert expected.dtype == result.dtype == dtype
    np.testing.assert_array_equal(own, expected)
    for key in STATE[rule]:
        np.testing.assert_array_equal(config[key], expected_config[key], err_msg=key)


@every_rule
def test_out_may_be_another_array(rule):
    w, (dw, *_) = gradients((3, 4))
    before, out = w.copy(), np.full_like(w, np.nan)
    result, _ = rule(w, dw, out=out)
    assert result is out
    np.testing.assert_array_equal(out, rule(w, dw)[0])
    np.testing.assert_array_equal(w, before)


@every_rule
def test_with_out_the_state_moves_in_place(rule):
    w, grads = gradients((3, 4))
    _, config = rule(w, grads[0], out=w)
    arrays = {key: config[key] for key in STATE[rule]}
    rule(w, grads[1], config, out=w)
    assert all(config[key] is arrays[key] for key in arrays)


@every_rule
@pytest.mark.parametrize("size", [BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_blocks_do_not_show(rule, size):
    w, grads = gradients((size,))
    whole, _ = run(rule, w, grads)
    pieces = [run(rule, part, parts)[0] for part, *parts in zip(*(np.array_split(a, 7) for a in (w, *grads)), strict=True)]
    np.testing.assert_array_equal(whole, np.concatenate(pieces))


LAYOUTS = {
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "strided": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "backwards": lambda a: np.ascontiguousarray(a[::-1])[::-1],
}
every_layout = pytest.mark.parametrize("relay", LAYOUTS.values(), ids=LAYOUTS)


@every_rule
@every_layout
def test_the_layout_of_w_and_dw_does_not_matter(rule, relay):
    w, grads = gradients((6, 5))
    relaid = relay(w)
    assert not relaid.flags.c_contiguous
    np.testing.assert_array_equal(run(rule, relaid, [relay(dw) for dw in grads])[0], run(rule, w, grads)[0])


@every_rule
@every_layout
def test_the_layout_of_out_does_not_matter(rule, relay):
    w, grads = gradients((6, 5))
    own = relay(w)
    run(rule, own, grads, in_place=True)
    np.testing.assert_array_equal(own, run(rule, w, grads)[0])


@every_rule
@every_layout
def test_the_layout_of_a_given_state_does_not_matter(rule, relay):
    w, grads = gradients((6, 5))
    state = {key: np.abs(np.random.RandomState(1).randn(6, 5)) for key in STATE[rule]}
    expected, expected_config = run(rule, w, grads, state)
    result, config = run(rule, w, grads, {key: relay(array) for key, array in state.items()})
    np.testing.assert_array_equal(result, expected)
    for key in state:
        np.testing.assert_array_equal(config[key], expected_config[key], err_msg=key)


@pytest.mark.parametrize(
    ("rule", "config", "name", "settings"),
    [
        (sgd, {"learning_rate": 0.1}, "SGD", {"lr": 0.1}),
        (sgd_momentum, {"learning_rate": 0.1, "momentum": 0.8}, "SGD", {"lr": 0.1, "momentum": 0.8}),
        (rmsprop, {"learning_rate": 0.1, "decay_rate": 0.9}, "RMSprop", {"lr": 0.1, "alpha": 0.9, "eps": 1e-8}),
        (rmsprop, {"learning_rate": 0.1, "epsilon": 0.3}, "RMSprop", {"lr": 0.1, "alpha": 0.99, "eps": 0.3}),
        (adam, {"learning_rate": 0.1}, "Adam", {"lr": 0.1}),
        (adam, {"beta1": 0.7, "beta2": 0.8, "epsilon": 0.3}, "Adam", {"lr": 1e-3, "betas": (0.7, 0.8), "eps": 0.3}),
    ],
)
def test_against_torch(rule, config, name, settings):
    torch = pytest.importorskip("torch")
    w, grads = gradients((7, 3))
    theirs = torch.tensor(w, requires_grad=True)
    optimizer = getattr(torch.optim, name)([theirs], **settings)
    for dw in grads:
        theirs.grad = torch.tensor(dw)
        optimizer.step()
    np.testing.assert_allclose(run(rule, w, grads, config)[0], theirs.detach().numpy(), rtol=1e-12, atol=1e-14)
