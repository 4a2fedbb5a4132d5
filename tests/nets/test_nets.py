"""The nets: which parameters they have and how these start, what a call gives, and what it leaves alone."""

import copy
import pickle

import numpy as np
import pytest

from bnlab import layers
from bnlab.gradcheck import eval_numerical_gradient
from bnlab.layers import softmax_loss
from bnlab.nets import FullyConnectedNet, TwoLayerNet

KINDS = [None, "batchnorm", "layernorm"]
every_kind = pytest.mark.parametrize("normalization", KINDS)


def small(**settings):
    """Two hidden layers, in float64, on images of 2x3 and 4 classes; weights large enough for all to matter."""
    settings = {
        "hidden_dims": [5, 7],
        "weight_scale": 0.5,
        "dtype": np.float64,
        "rng": np.random.RandomState(1),
        **settings,
    }
    return FullyConnectedNet(input_dim=6, num_classes=4, **settings)


@pytest.fixture
def batch():
    rng = np.random.RandomState(231)
    return rng.randn(5, 2, 3), rng.randint(4, size=5)


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
    def test_names_and_shapes(self, normalization):
        params = small(normalization=normalization).params
        expected = NORMALIZED if normalization else PLAIN
        assert {name: array.shape for name, array in params.items()} == expected
        assert list(params) == list(expected)

    @every_kind
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_weights_are_scaled_draws_in_layer_order_and_the_rest_is_zero_or_one(self, normalization, dtype):
        params = small(normalization=normalization, dtype=dtype, weight_scale=0.3, rng=np.random.RandomState(5)).params
        rng = np.random.RandomState(5)
        for name in ("W1", "W2", "W3"):
            expected = (0.3 * rng.randn(*PLAIN[name])).astype(dtype)
            assert params[name].dtype == dtype
            np.testing.assert_array_equal(params[name], expected, err_msg=name)
        for name, array in params.items():
            if name[0] != "W":
                assert (array == name.startswith("gamma")).all(), name

    def test_without_a_stream_they_come_from_the_global_one(self):
        np.random.seed(5)
        nets = [small(rng=None), small(rng=None)]
        rng = np.random.RandomState(5)
        assert_same(nets[0].params, small(rng=rng).params)
        assert_same(nets[1].params, small(rng=rng).params)

    def test_with_a_stream_the_global_one_is_left_alone(self, batch):
        np.random.seed(7)
        small(dropout_keep_ratio=0.5, dropout_rng=np.random.RandomState(2)).loss(*batch)
        small(dropout_keep_ratio=0.5, seed=3).loss(*batch)
        assert np.random.rand() == np.random.RandomState(7).rand()

    def test_of_a_two_layer_net(self):
        np.random.seed(5)
        params = TwoLayerNet(input_dim=6, hidden_dim=5, num_classes=4, weight_scale=0.3).params
        rng = np.random.RandomState(5)
        expected = {"W1": 0.3 * rng.randn(6, 5), "b1": np.zeros(5), "W2": 0.3 * rng.randn(5, 4), "b2": np.zeros(4)}
        assert_same(params, expected)

    def test_defaults(self):
        np.random.seed(5)
        two, many = TwoLayerNet(), FullyConnectedNet([100])
        rng = np.random.RandomState(5)
        np.testing.assert_array_equal(two.params["W1"], 1e-3 * rng.randn(3 * 32 * 32, 100))
        np.testing.assert_array_equal(two.params["W2"], 1e-3 * rng.randn(100, 10))
        assert two.params["W1"].dtype == np.float64
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


class TestScores:
    def test_of_a_two_layer_net(self, batch):
        net = TwoLayerNet(input_dim=6, hidden_dim=5, num_classes=4, weight_scale=0.5, rng=np.random.RandomState(1))
        p = net.params
        expected = np.maximum(batch[0].reshape(5, 6) @ p["W1"] + p["b1"], 0) @ p["W2"] + p["b2"]
        np.testing.assert_allclose(net.loss(batch[0]), expected, rtol=1e-13)

    @every_kind
    @pytest.mark.parametrize("keep", [1, 0.6])
    def test_are_those_of_the_layers_at_test_time_without_dropout(self, normalization, keep, batch):
        net = small(normalization=normalization, dropout_keep_ratio=keep, seed=3)
        net.params.flat[...] += 0.1
        for _ in range(3):
            net.loss(*batch)
        np.testing.assert_allclose(net.loss(batch[0]), by_hand(net, batch[0], "test"), rtol=1e-12)

    @every_kind
    @pytest.mark.parametrize("keep", [1, 0.6])
    def test_in_training_make_the_loss(self, normalization, keep, batch):
        net = small(normalization=normalization, dropout_keep_ratio=keep, seed=3)
        net.params.flat[...] += 0.1
        expected, _ = softmax_loss(by_hand(net, batch[0], "train"), batch[1])
        assert net.loss(*batch)[0] == pytest.approx(expected, rel=1e-12)

    @every_kind
    def test_do_not_change_the_net(self, normalization, batch):
        net = small(normalization=normalization, dropout_keep_ratio=0.6)
        net.loss(*batch)
        before, states = net.params.arrays(), copy.deepcopy(net.bn_params)
        first, second = net.loss(batch[0]), net.loss(batch[0])
        np.testing.assert_array_equal(first, second)
        assert not np.shares_memory(first, second)
        assert_same(net.params, before)
        for param, state in zip(net.bn_params, states, strict=True):
            for key in ("running_mean", "running_var"):
                np.testing.assert_array_equal(param.get(key), state.get(key))


def by_hand(net, x, mode):
    """Scores of a `small` net, layer by layer: {affine, normalization, relu, dropout} twice, then affine."""
    p, norm, dropout = net.params, net.normalization, {"mode": mode, "p": net.dropout_param["p"], "seed": 3}
    for i in (1, 2):
        x, _ = layers.affine_forward(x, p[f"W{i}"], p[f"b{i}"])
        if norm == "batchnorm":
            running = {key: value for key, value in net.bn_params[i - 1].items() if key.startswith("running")}
            x, _ = layers.batchnorm_forward(x, p[f"gamma{i}"], p[f"beta{i}"], {"mode": mode, **running})
        elif norm == "layernorm":
            x, _ = layers.layernorm_forward(x, p[f"gamma{i}"], p[f"beta{i}"], {})
        x, _ = layers.relu_forward(x)
        x, _ = layers.dropout_forward(x, dropout)
    return layers.affine_forward(x, p["W3"], p["b3"])[0]


class TestGradients:
    @every_kind
    @pytest.mark.parametrize("keep", [1, 0.6])
    @pytest.mark.parametrize("reg", [0, 0.3])
    def test_agree_with_the_numeric_ones(self, normalization, keep, reg, batch):
        net = small(normalization=normalization, dropout_keep_ratio=keep, seed=3, reg=reg)
        net.params.flat[...] += 0.1 * np.random.RandomState(2).randn(net.params.flat.size)
        _, grads = net.loss(*batch)
        for name, array in net.params.items():
            numeric = eval_numerical_gradient(lambda _: net.loss(*batch)[0], array, verbose=False)
            np.testing.assert_allclose(grads[name], numeric, rtol=1e-6, atol=1e-9, err_msg=name)

    def test_of_a_two_layer_net_agree_with_the_numeric_ones(self, batch):
        net = TwoLayerNet(6, 5, 4, weight_scale=0.5, reg=0.3, rng=np.random.RandomState(1))
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
    def test_are_not_overwritten_by_the_next_call(self, normalization, batch):
        net = small(normalization=normalization)
        _, grads = net.loss(*batch)
        before = {name: array.copy() for name, array in grads.items()}
        net.loss(batch[0][::-1] + 1, batch[1])
        assert_same(grads, before)
        assert list(grads) == list(net.params)

    def test_are_the_callers_to_change(self, batch):
        net = small()
        _, grads = net.loss(*batch)
        before = {name: array.copy() for name, array in grads.items()}
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

    def test_of_the_images_are_not_computed(self, batch):
        net = small()
        first = net.stages[0]
        out, cache = first.forward(batch[0], net.params, "train")
        assert first.backward(out, cache, net.params.like()) is None


class TestCalls:
    @every_kind
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("given", [np.float32, np.float64, np.uint8, np.int64])
    def test_images_are_cast_to_the_nets_dtype(self, normalization, dtype, given):
        X, y = np.random.RandomState(1).randint(256, size=(5, 2, 3)).astype(given), np.array([0, 1, 2, 3, 0])
        net = small(normalization=normalization, dtype=dtype, reg=0.3, dropout_keep_ratio=0.5, seed=3)
        loss, grads = net.loss(X, y)
        assert {array.dtype for array in (loss, net.loss(X), *grads.values())} == {np.dtype(dtype)}
        assert np.isfinite(loss)

    @every_kind
    def test_images_and_labels_are_left_alone(self, normalization, batch):
        X, y = (array.copy() for array in batch)
        small(normalization=normalization, dropout_keep_ratio=0.5, seed=3).loss(X, y)
        np.testing.assert_array_equal(X, batch[0])
        np.testing.assert_array_equal(y, batch[1])

    def test_assigning_a_parameter_takes_effect(self, batch):
        net, twin = small(), small(rng=np.random.RandomState(9))
        for name, array in twin.params.items():
            net.params[name] = array
        np.testing.assert_array_equal(net.loss(batch[0]), twin.loss(batch[0]))
        twin.params["W1"] *= 0
        assert (net.loss(batch[0]) != twin.loss(batch[0])).any()

    def test_assigning_all_parameters_takes_effect(self, batch):
        net, twin = small(), small(rng=np.random.RandomState(9))
        net.params = twin.params.arrays()
        np.testing.assert_array_equal(net.loss(batch[0]), twin.loss(batch[0]))
        assert np.shares_memory(net.params["W1"], net.params.flat)

    def test_changing_a_parameter_in_place_takes_effect(self, batch):
        net = small()
        before = net.loss(batch[0])
        net.params["b3"][1] += 2
        np.testing.assert_allclose(net.loss(batch[0]) - before, np.tile([0, 2, 0, 0], (5, 1)), atol=1e-14)

    @every_kind
    @pytest.mark.parametrize("hidden_dims", [[], [3], [3, 3, 3, 3, 3, 3, 3]])
    def test_any_number_of_hidden_layers(self, normalization, hidden_dims, batch):
        net = small(hidden_dims=hidden_dims, normalization=normalization)
        assert sum(name.startswith("W") for name in net.params) == len(hidden_dims) + 1
        assert sum(name.startswith("gamma") for name in net.params) == (len(hidden_dims) if normalization else 0)
        loss, _ = net.loss(*batch)
        assert np.isfinite(loss)

    @every_kind
    def test_a_batch_of_one(self, normalization, batch):
        X, y = batch
        loss, grads = small(normalization=normalization).loss(X[:1], y[:1])
        assert np.isfinite(loss)
        assert all(np.isfinite(array).all() for array in grads.values())


class TestDropout:
    def test_keep_1_draws_nothing(self, batch):
        rng = np.random.RandomState(2)
        small(dropout_keep_ratio=1, dropout_rng=rng).loss(*batch)
        np.random.seed(7)
        small(dropout_keep_ratio=1.0).loss(*batch)
        assert rng.rand() == np.random.RandomState(2).rand()
        assert np.random.rand() == np.random.RandomState(7).rand()

    def test_masks_come_from_the_stream_layer_by_layer(self, batch):
        rng, expected = np.random.RandomState(2), np.random.RandomState(2)
        small(dropout_keep_ratio=0.5, dropout_rng=rng).loss(*batch)
        expected.rand(5, 5), expected.rand(5, 7)
        assert rng.rand() == expected.rand()

    def test_without_a_stream_masks_come_from_the_global_one(self, batch):
        net = small(dropout_keep_ratio=0.5)
        np.random.seed(2)
        loss, _ = net.loss(*batch)
        assert loss == small(dropout_keep_ratio=0.5, dropout_rng=np.random.RandomState(2)).loss(*batch)[0]

    def test_a_seed_repeats_and_a_stream_does_not(self, batch):
        seeded, streaming = (
            small(dropout_keep_ratio=0.5, seed=3),
            small(dropout_keep_ratio=0.5, dropout_rng=np.random.RandomState(3)),
        )
        assert seeded.loss(*batch)[0] == seeded.loss(*batch)[0]
        assert streaming.loss(*batch)[0] != streaming.loss(*batch)[0]


class TestErrors:
    @pytest.mark.parametrize("normalization", ["batch", "", False])
    def test_an_unknown_normalization(self, normalization):
        with pytest.raises(ValueError, match=rf"^normalization is {normalization!r}: .*batchnorm, layernorm"):
            small(normalization=normalization)

    @pytest.mark.parametrize("keep", [0, -0.5, 1.5, float("nan")])
    def test_an_impossible_keep_ratio(self, keep):
        with pytest.raises(ValueError, match=f"^dropout_keep_ratio is {keep}: it must be above 0 and at most 1"):
            small(dropout_keep_ratio=keep)


class TestSnapshots:
    @every_kind
    def test_restore_brings_parameters_and_running_statistics_back(self, normalization, batch):
        net = small(normalization=normalization)
        net.loss(*batch)
        scores, snapshot = net.loss(batch[0]), net.snapshot()
        for _ in range(2):  # the second time, to see that restoring hands out nothing of the snapshot
            net.params.flat[...] *= 1.5
            net.loss(*batch)
            assert (net.loss(batch[0]) != scores).any()
            net.restore(snapshot)
            np.testing.assert_array_equal(net.loss(batch[0]), scores)

    def test_restore_of_an_untrained_net(self, batch):
        net = small(normalization="batchnorm")
        snapshot, scores = net.snapshot(), net.loss(batch[0])
        net.loss(*batch)
        net.restore(snapshot)
        np.testing.assert_array_equal(net.loss(batch[0]), scores)


class TestPopulationStatistics:
    """Expectations over minibatches of m: the mean of their means, and m / (m - 1) times the mean of their variances."""

    @pytest.fixture
    def batches(self):
        return list(3 * np.random.RandomState(4).randn(6, 5, 2, 3) + 1)

    @pytest.mark.parametrize("dropout", [{}, {"dropout_keep_ratio": 0.5, "dropout_rng": np.random.RandomState(1)}])
    @pytest.mark.parametrize("momentum", [None, 0.7])
    def test_against_numpy(self, dropout, momentum, batches):
        net = small(normalization="batchnorm", **dropout)
        for param in net.bn_params:
            param |= {"running_mean": 100.0, "running_var": 100.0} | ({} if momentum is None else {"momentum": momentum})
        net.estimate_population_statistics(iter(batches))

        p, inputs = net.params, [X.reshape(5, 6) for X in batches]
        for i, param in enumerate(net.bn_params, start=1):
            values = [x @ p[f"W{i}"] + p[f"b{i}"] for x in inputs]
            means, variances = ([f(a, axis=0) for a in values] for f in (np.mean, np.var))
            np.testing.assert_allclose(param["running_mean"], np.mean(means, axis=0), rtol=1e-12)
            np.testing.assert_allclose(param["running_var"], 5 / 4 * np.mean(variances, axis=0), rtol=1e-12)
            assert param.get("momentum", 0.9) == (momentum or 0.9)
            inputs = [np.maximum((a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + 1e-5), 0) for a in values]

    @pytest.mark.parametrize("before", [np.inf, np.nan])
    def test_do_not_depend_on_the_running_ones_before(self, before, batches):
        net, expected = small(normalization="batchnorm"), small(normalization="batchnorm")
        net.bn_params[0].update(running_mean=np.full(5, before), running_var=np.full(5, before))
        with np.errstate(invalid="ignore"):
            net.estimate_population_statistics(batches)
        expected.estimate_population_statistics(batches)
        np.testing.assert_array_equal(net.bn_params[0]["running_mean"], expected.bn_params[0]["running_mean"])
        np.testing.assert_array_equal(net.bn_params[0]["running_var"], expected.bn_params[0]["running_var"])

    def test_scores_use_them(self, batches, batch):
        net = small(normalization="batchnorm")
        net.loss(*batch)
        net.estimate_population_statistics(batches)
        np.testing.assert_allclose(net.loss(batch[0]), by_hand(net, batch[0], "test"), rtol=1e-12)

    def test_draw_no_masks(self, batches):
        rng = np.random.RandomState(2)
        small(normalization="batchnorm", dropout_keep_ratio=0.5, dropout_rng=rng).estimate_population_statistics(batches)
        assert rng.rand() == np.random.RandomState(2).rand()

    @pytest.mark.parametrize("normalization", [None, "layernorm"])
    def test_of_a_net_without_running_statistics_are_nothing(self, normalization, batches):
        net = small(normalization=normalization)
        before = net.params.arrays()
        net.estimate_population_statistics(batches)
        assert_same(net.params, before)
        assert not any(key.startswith("running") for param in net.bn_params for key in param)

    def test_need_two_images(self, batches):
        with pytest.raises(ValueError, match=r"^population statistics need minibatches of at least 2 images"):
            small(normalization="batchnorm").estimate_population_statistics([batches[0][:1]])

    def test_an_error_leaves_the_momentum_as_it_was(self, batches):
        net = small(normalization="batchnorm")
        with pytest.raises(ValueError, match="at least 2 images"):
            net.estimate_population_statistics([batches[0], batches[1][:1]])
        assert [param.get("momentum", 0.9) for param in net.bn_params] == [0.9, 0.9]
