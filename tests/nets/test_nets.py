"""The nets: which parameters they have and how these start, what a call gives, and what it leaves alone.

Their gradients stand in the table of cases, which tests/layers/test_cases.py goes through.
"""

import copy
import pickle
import re
import weakref

import numpy as np
import pytest

from bnlab import layers
from bnlab.gradcheck import eval_numerical_gradient
from bnlab.layers import softmax_loss
from bnlab.nets import FullyConnectedNet, Net, TwoLayerNet
from bnlab.nets.stages import Stage
from tests.nets.models import every_kind, small


def assert_same(actual, expected):
    assert list(actual) == list(expected)
    for name in expected:
        np.testing.assert_array_equal(actual[name], expected[name], err_msg=name)


PLAIN = {"W1": (6, 5), "b1": (5,), "W2": (5, 7), "b2": (7,), "W3": (7, 4), "b3": (4,)}
NORMALIZED = {
    **{"W1": (6, 5), "b1": (5,), "gamma1": (5,), "beta1": (5,)},
    **{"W2": (5, 7), "b2": (7,), "gamma2": (7,), "beta2": (7,)},
    **{"W3": (7, 4), "b3": (4,)},
}


class TestParameters:
    @every_kind
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_weights_are_scaled_draws_in_layer_order_and_the_rest_is_zero_or_one(self, normalization, dtype):
        params = small(normalization=normalization, dtype=dtype, weight_scale=0.3, rng=np.random.RandomState(5)).params
        expected = NORMALIZED if normalization else PLAIN
        assert [(name, array.shape) for name, array in params.items()] == list(expected.items())
        rng = np.random.RandomState(5)
        for name, array in params.items():
            draws = (0.3 * rng.randn(*PLAIN[name])).astype(dtype) if name[0] == "W" else float(name.startswith("gamma"))
            assert array.dtype == dtype
            np.testing.assert_array_equal(array, np.broadcast_to(draws, array.shape), err_msg=name)

    @pytest.mark.parametrize("hidden_dims", [[], [3], [3, 3, 3, 3, 3, 3, 3]])
    def test_of_any_number_of_hidden_layers(self, hidden_dims, batch):
        net = small(hidden_dims=hidden_dims, normalization="batchnorm")
        assert sum(name.startswith("W") for name in net.params) == len(hidden_dims) + 1
        assert sum(name.startswith("gamma") for name in net.params) == len(hidden_dims)
        assert np.isfinite(net.loss(*batch)[0])

    def test_without_a_source_they_come_from_the_global_one(self):
        np.random.seed(5)
        nets = [small(rng=None), small(rng=None)]
        rng = np.random.RandomState(5)
        assert_same(nets[0].params, small(rng=rng).params)
        assert_same(nets[1].params, small(rng=rng).params)

    def test_with_a_source_the_global_one_is_left_alone(self, batch):
        np.random.seed(7)
        small(dropout_keep_ratio=0.5, dropout_rng=np.random.RandomState(2)).loss(*batch)
        small(dropout_keep_ratio=0.5, seed=3).loss(*batch)
        assert np.random.rand() == np.random.RandomState(7).rand()

    def test_defaults(self):
        np.random.seed(5)
        two, many = TwoLayerNet(), FullyConnectedNet([100])
        rng = np.random.RandomState(5)
        np.testing.assert_array_equal(two.params["W1"], 1e-3 * rng.randn(3 * 32 * 32, 100))
        np.testing.assert_array_equal(two.params["W2"], 1e-3 * rng.randn(100, 10))
        assert two.params["W1"].dtype == np.float64
        assert list(two.params) == ["W1", "b1", "W2", "b2"]
        np.testing.assert_array_equal(many.params["W1"], (1e-2 * rng.randn(3 * 32 * 32, 100)).astype(np.float32))
        np.testing.assert_array_equal(many.params["W2"], (1e-2 * rng.randn(100, 10)).astype(np.float32))
        assert (two.reg, many.reg) == (0, 0)

    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
    def test_a_copy_of_a_net_has_its_own(self, duplicate, batch):
        net = small(normalization="batchnorm")
        net.loss(*batch)
        twin, scores = duplicate(net), net.loss(batch[0])
        np.testing.assert_array_equal(twin.loss(batch[0]), scores)
        twin.params["W1"] *= 2
        twin.loss(*batch)
        np.testing.assert_array_equal(net.loss(batch[0]), scores)
        assert (twin.params.flat[:30] == 2 * net.params.flat[:30]).all()

    def test_assigned_or_changed_in_place_take_effect_in_the_next_call(self, batch):
        nets, twin = [small(), small()], small(rng=np.random.RandomState(9))
        expected = twin.loss(batch[0])
        for name, array in twin.params.items():
            nets[0].params[name] = array
        nets[1].params = twin.params.arrays()
        for net in nets:
            np.testing.assert_array_equal(net.loss(batch[0]), expected)
            assert np.shares_memory(net.params["W1"], net.params.flat)
            net.params["b3"][1] += 2
            np.testing.assert_allclose(net.loss(batch[0]) - expected, np.tile([0, 2, 0, 0], (5, 1)), atol=1e-14)
        np.testing.assert_array_equal(twin.loss(batch[0]), expected)


def by_hand(net, x, mode):
    """The output of each stage of a `small` net: {affine, normalization, relu, dropout} twice, then affine."""
    p, norm, dropout, outputs = net.params, net.normalization, {"mode": mode, "p": net.dropout_param["p"], "seed": 3}, {}
    for i in (1, 2):
        outputs[f"affine{i}"], _ = layers.affine_forward(x, p[f"W{i}"], p[f"b{i}"])
        if norm is not None:
            running = {key: value for key, value in net.bn_params[i - 1].items() if key.startswith("running")}
            scales = p[f"gamma{i}"], p[f"beta{i}"], {"mode": mode, **running}
            outputs[f"{norm}{i}"], _ = getattr(layers, f"{norm}_forward")(outputs[f"affine{i}"], *scales)
        outputs[f"relu{i}"] = x = np.maximum(outputs[f"{norm or 'affine'}{i}"], 0)
        if dropout["p"] != 1:
            outputs[f"dropout{i}"], _ = layers.dropout_forward(x, dropout)
            x = outputs[f"dropout{i}"]
    outputs["affine3"], _ = layers.affine_forward(x, p["W3"], p["b3"])
    return outputs


class TestScores:
    @every_kind
    @pytest.mark.parametrize("keep", [1, 0.6])
    @pytest.mark.parametrize("mode", ["train", "test"])
    def test_and_all_activations_are_those_of_the_layers(self, normalization, keep, mode, batch):
        net = small(normalization=normalization, dropout_keep_ratio=keep, seed=3)
        net.params.flat[...] += 0.1
        for _ in range(3):
            net.loss(*batch)
        expected, activations = by_hand(net, batch[0], mode), net.activations(batch[0], mode)
        assert list(activations) == list(expected)
        for name in expected:
            np.testing.assert_allclose(activations[name], expected[name], rtol=1e-12, err_msg=name)
        if mode == "test":
            np.testing.assert_array_equal(net.loss(batch[0]), activations["affine3"])
        else:
            assert net.loss(*batch)[0] == pytest.approx(softmax_loss(expected["affine3"], batch[1])[0], rel=1e-12)

    @every_kind
    def test_and_activations_leave_the_net_as_it_was(self, normalization, batch):
        rng = np.random.RandomState(3)
        net = small(normalization=normalization, dropout_keep_ratio=0.6, dropout_rng=rng)
        net.loss(*batch)
        before, place = net.snapshot(), rng.get_state()
        first, second = net.loss(batch[0]), net.loss(batch[0])
        np.testing.assert_array_equal(first, second)
        assert not np.shares_memory(first, second)
        net.activations(batch[0])
        net.activations(batch[0], mode="train")
        np.testing.assert_equal(net.snapshot(), before)
        np.testing.assert_equal(rng.get_state(), place)

    def test_drop_each_cache_at_once(self):
        alive = []

        class Cache:
            pass

        class Watching(Stage):
            def forward(self, x, params, mode):
                assert [cache() for cache in alive] == [None] * len(alive)
                cache = Cache()
                alive.append(weakref.ref(cache))
                return x + 1, cache

        net = Net([Watching() for _ in range(3)], {"W1": (1, 1)}, 0, np.float64)
        np.testing.assert_array_equal(net.scores(np.zeros((2, 2))), 3)
        assert list(net.activations(np.zeros((2, 2)))) == ["stage0", "stage0b", "stage0bb"]
        assert len(alive) == 6

    def test_another_mode_is_an_error(self, batch):
        with pytest.raises(ValueError, match=r"^mode is 'testing': it must be 'train' or 'test'$"):
            small().activations(batch[0], mode="testing")


class TestGradients:
    @pytest.mark.parametrize("normalization", ["batchnorm", "layernorm"])
    def test_with_dropout_and_a_normalization_agree_with_the_numeric_ones(self, normalization, batch):
        net = small(normalization=normalization, dropout_keep_ratio=0.6, seed=3, reg=0.3)
        net.params.flat[...] += 0.1 * np.random.RandomState(2).randn(net.params.flat.size)
        _, grads = net.loss(*batch)
        for name, array in net.params.items():
            numeric = eval_numerical_gradient(lambda _: net.loss(*batch)[0], array, verbose=False)
            np.testing.assert_allclose(grads[name], numeric, rtol=1e-6, atol=1e-9, err_msg=name)

    @every_kind
    def test_regularization_is_on_weights_alone(self, normalization, batch):
        plain, regular = (small(normalization=normalization, reg=reg) for reg in (0, 3.14))
        for net in (plain, regular):
            net.params.flat[...] += 0.1
        (loss, grads), (more, regularized) = plain.loss(*batch), regular.loss(*batch)
        weights = [plain.params[name] for name in ("W1", "W2", "W3")]
        assert more - loss == pytest.approx(0.5 * 3.14 * sum(np.sum(w**2) for w in weights), rel=1e-12)
        for name in grads:
            decay = 3.14 * plain.params[name] if name[0] == "W" else 0
            np.testing.assert_allclose(regularized[name], grads[name] + decay, rtol=1e-12, err_msg=name)

    @every_kind
    def test_are_the_callers_and_overwritten_by_no_later_call(self, normalization, batch):
        net = small(normalization=normalization)
        _, grads = net.loss(*batch)
        before = {name: array.copy() for name, array in grads.items()}
        net.loss(batch[0][::-1] + 1, batch[1])
        assert_same(grads, before)
        assert list(grads) == list(net.params)
        for array in grads.values():
            array[...] = np.nan
        assert_same(net.loss(*batch)[1], before)

    def test_fill_the_arrays_given(self, batch):
        net = small(normalization="batchnorm", reg=0.3)
        expected_loss, expected = net.loss(*batch)
        grads = net.params.like()
        grads.flat[...] = np.nan
        assert net.loss_and_gradients(*batch, grads) == expected_loss
        assert_same(grads, expected)

    @every_kind
    def test_of_the_outputs_agree_with_the_numeric_ones(self, normalization, batch):
        net = small(normalization=normalization, dropout_keep_ratio=0.6, seed=3, reg=0.3)
        net.params.flat[...] += 0.1 * np.random.RandomState(2).randn(net.params.flat.size)
        before = net.snapshot()
        outputs, gradients = net.activations(batch[0], "train"), net.output_gradients(*batch)
        np.testing.assert_equal(net.snapshot(), before)
        assert list(gradients) == list(outputs)
        for i, stage in enumerate(net.stages, start=1):

            def loss(out, rest=net.stages[i:]):
                for each in rest:
                    out = each.forward(out, net.params, "train")[0]
                return softmax_loss(out, batch[1])[0]

            numeric = eval_numerical_gradient(loss, outputs[stage.name], verbose=False)
            np.testing.assert_allclose(gradients[stage.name], numeric, rtol=1e-6, atol=1e-9, err_msg=stage.name)

    def test_of_the_outputs_draw_no_masks_from_the_source(self, batch):
        rng, twin = np.random.RandomState(2), np.random.RandomState(2)
        net = small(dropout_keep_ratio=0.6, dropout_rng=rng)
        first = net.output_gradients(*batch)
        assert_same(net.output_gradients(*batch), first)
        assert rng.rand() == twin.rand()

    def test_of_the_images_are_not_computed(self, batch):
        net = small()
        first = net.stages[0]
        out, cache = first.forward(batch[0], net.params, "train")
        assert first.backward(out, cache, net.params.like()) is None


@every_kind
@pytest.mark.parametrize(("dtype", "given"), [(np.float32, np.float64), (np.float64, np.float32), (np.float32, np.uint8)])
def test_images_are_cast_to_the_nets_dtype(normalization, dtype, given):
    X, y = np.random.RandomState(1).randint(256, size=(5, 2, 3)).astype(given), np.array([0, 1, 2, 3, 0])
    net = small(normalization=normalization, dtype=dtype, reg=0.3, dropout_keep_ratio=0.5, seed=3)
    loss, grads = net.loss(X, y)
    assert {array.dtype for array in (loss, net.loss(X), *grads.values())} == {np.dtype(dtype)}
    assert np.isfinite(loss)


class TestDropout:
    @pytest.mark.parametrize("keep", [{}, {"dropout_keep_ratio": 1.0}, {"dropout": 1}], ids=str)
    def test_keep_1_draws_nothing(self, keep, batch):
        rng = np.random.RandomState(2)
        small(**keep, dropout_rng=rng).loss(*batch)
        np.random.seed(7)
        small(**keep).loss(*batch)
        assert rng.rand() == np.random.RandomState(2).rand()
        assert np.random.rand() == np.random.RandomState(7).rand()

    def test_masks_come_from_the_source_layer_by_layer(self, batch):
        rng, expected = np.random.RandomState(2), np.random.RandomState(2)
        small(dropout_keep_ratio=0.5, dropout_rng=rng).loss(*batch)
        expected.rand(5, 5), expected.rand(5, 7)
        assert rng.rand() == expected.rand()

    def test_without_a_source_masks_come_from_the_global_one(self, batch):
        net = small(dropout_keep_ratio=0.5)
        np.random.seed(2)
        loss, _ = net.loss(*batch)
        assert loss == small(dropout_keep_ratio=0.5, dropout_rng=np.random.RandomState(2)).loss(*batch)[0]

    def test_a_seed_repeats_and_a_source_does_not(self, batch):
        seeded, streaming = (
            small(dropout_keep_ratio=0.5, **s) for s in ({"seed": 3}, {"dropout_rng": np.random.RandomState(3)})
        )
        assert seeded.loss(*batch)[0] == seeded.loss(*batch)[0]
        assert (seeded.sources, {*streaming.sources}) == ([], {streaming.dropout_param["rng"]})
        assert streaming.loss(*batch)[0] != streaming.loss(*batch)[0]

    def test_has_two_names_for_one_number(self, batch):
        older, newer = (small(**{name: 0.6}, seed=3) for name in ("dropout", "dropout_keep_ratio"))
        assert older.loss(*batch)[0] == newer.loss(*batch)[0] != small().loss(*batch)[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        *(
            ({"normalization": name}, f"normalization is {name!r}: it must be None or one of batchnorm, layernorm")
            for name in ("batch", "", False)
        ),
        *(
            ({name: keep}, f"{name} is {keep}: it must be above 0 and at most 1")
            for name in ("dropout_keep_ratio", "dropout")
            for keep in (0, -0.5, 1.5, float("nan"))
        ),
        (
            {"dropout_keep_ratio": 1, "dropout": 0.25},
            "dropout_keep_ratio=1 and dropout=0.25 are two names of one number: give one of them",
        ),
    ],
    ids=str,
)
def test_what_is_refused(settings, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        small(**settings)


@pytest.mark.parametrize(
    ("net", "shown"),
    [
        (lambda: TwoLayerNet(6, 5, 4), "TwoLayerNet(6-5-4, float64)"),
        (lambda: small(normalization="layernorm"), "FullyConnectedNet(6-5-7-4, layernorm, float64)"),
        (lambda: small(dropout=0.25, dtype="float32"), "FullyConnectedNet(6-5-7-4, keep 0.25, float32)"),
        (lambda: Net(small().stages[-2:], {"W3": (7, 4), "b3": (4,)}, 0, float), "Net(relu0, affine1, float64)"),
    ],
)
def test_repr_is_short_and_tells_nets_apart(net, shown):
    assert repr(net()) == shown
