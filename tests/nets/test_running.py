"""Running statistics: kept with the parameters, and replaced by population statistics."""

import numpy as np
import pytest

from tests.nets.models import every_kind, small


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
        np.testing.assert_equal(net.snapshot(), expected.snapshot())

    def test_draw_no_masks(self, batches):
        rng = np.random.RandomState(2)
        small(normalization="batchnorm", dropout_keep_ratio=0.5, dropout_rng=rng).estimate_population_statistics(batches)
        assert rng.rand() == np.random.RandomState(2).rand()

    @pytest.mark.parametrize("normalization", [None, "layernorm"])
    def test_of_a_net_without_running_statistics_are_nothing(self, normalization, batches):
        net = small(normalization=normalization)
        before = net.snapshot()
        net.estimate_population_statistics(batches)
        np.testing.assert_equal(net.snapshot(), before)

    def test_of_one_image_are_an_error_that_leaves_the_momentum_as_it_was(self, batches):
        net = small(normalization="batchnorm")
        with pytest.raises(ValueError, match=r"^population statistics need minibatches of at least 2 images, not 1: "):
            net.estimate_population_statistics([batches[0], batches[1][:1]])
        assert [param.get("momentum", 0.9) for param in net.bn_params] == [0.9, 0.9]

    def test_of_no_minibatch_are_an_error(self):
        with pytest.raises(ValueError, match=r"^population statistics need at least one minibatch$"):
            small(normalization="batchnorm").estimate_population_statistics([])
