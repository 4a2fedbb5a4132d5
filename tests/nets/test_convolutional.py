"""ThreeLayerConvNet: its parameters, its loss and gradients against PyTorch, and what it refuses.

Its gradients against numeric ones stand in the table of cases.
"""

import numpy as np
import pytest

from bnlab import layers
from bnlab.nets import ThreeLayerConvNet
from bnlab.solver import Solver

KINDS = [None, "spatial_batchnorm", "spatial_groupnorm"]
every_kind = pytest.mark.parametrize("normalization", KINDS)
CONV = {"stride": 1, "pad": 1}
POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}


def small(**settings):
    """Six 3x3 filters on images of 2x5x6, 4 hidden units, 3 classes, in float64; weights large enough for all to matter."""
    settings = {"weight_scale": 0.5, "dtype": np.float64, "rng": np.random.RandomState(1), "num_groups": 3, **settings}
    return ThreeLayerConvNet((2, 5, 6), 6, 3, 4, 3, **settings)


@pytest.fixture
def batch():
    return images(4)


def images(count):
    rng = np.random.RandomState(231)
    return rng.randn(count, 2, 5, 6), rng.randint(3, size=count)


SHAPES = {"W1": (6, 2, 3, 3), "b1": (6,), "W2": (36, 4), "b2": (4,), "W3": (4, 3), "b3": (3,)}
SCALES = {None: None, "spatial_batchnorm": (6,), "spatial_groupnorm": (1, 6, 1, 1)}


@every_kind
def test_names_and_shapes(normalization):
    params = small(normalization=normalization).params
    scales = {"gamma1": SCALES[normalization], "beta1": SCALES[normalization]} if normalization else {}
    assert {name: array.shape for name, array in params.items()} == SHAPES | scales


def test_defaults():
    np.random.seed(5)
    params = ThreeLayerConvNet().params
    assert {name: array.shape for name, array in params.items()} == {
        "W1": (32, 3, 7, 7), "b1": (32,), "W2": (32 * 16 * 16, 100), "b2": (100,), "W3": (100, 10), "b3": (10,),
    }  # fmt: skip
    assert {array.dtype for array in params.values()} == {np.dtype(np.float32)}
    rng = np.random.RandomState(5)
    for name in ("W1", "W2", "W3"):
        np.testing.assert_array_equal(params[name], (1e-3 * rng.randn(*params[name].shape)).astype(np.float32))
    assert not any(params[name].any() for name in ("b1", "b2", "b3"))


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 4])
def test_loss_and_gradients_against_torch(normalization, count, dtype):
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    net = small(normalization=normalization, dtype=dtype, reg=0.3)
    X, y = images(count)
    params = {name: torch.tensor(array, requires_grad=True) for name, array in net.params.items()}
    normalize = {
        None: lambda x: x,
        "spatial_batchnorm": lambda x: F.batch_norm(x, None, None, params["gamma1"], params["beta1"], training=True),
        "spatial_groupnorm": lambda x: F.group_norm(x, 3, params["gamma1"].reshape(-1), params["beta1"].reshape(-1)),
    }[normalization]
    out = F.conv2d(torch.tensor(X.astype(dtype)), params["W1"], params["b1"], padding=1)
    out = F.max_pool2d(F.relu(normalize(out)), 2).flatten(1)
    out = F.relu(out @ params["W2"] + params["b2"]) @ params["W3"] + params["b3"]
    expected = F.cross_entropy(out, torch.tensor(y)) + 0.15 * sum((params[f"W{i}"] ** 2).sum() for i in (1, 2, 3))
    expected.backward()

    loss, grads = net.loss(X, y)
    precision = {np.float32: 1e-5, np.float64: 1e-12}[dtype]
    assert loss == pytest.approx(expected.item(), rel=precision)
    assert list(grads) == list(net.params)
    for name, gradient in grads.items():
        assert gradient.dtype == dtype
        theirs = params[name].grad.numpy()
        np.testing.assert_allclose(gradient, theirs, rtol=10 * precision, atol=precision, err_msg=name)


@every_kind
def test_scores_are_those_of_the_layers_at_test_time(normalization, batch):
    net = small(normalization=normalization)
    net.loss(*batch)  # moves the running statistics
    p, X = net.params, batch[0]
    out, _ = layers.conv_forward(X, p["W1"], p["b1"], CONV)
    if normalization == "spatial_batchnorm":
        out, _ = layers.spatial_batchnorm_forward(out, p["gamma1"], p["beta1"], {**net.bn_params[0], "mode": "test"})
    if normalization == "spatial_groupnorm":
        out, _ = layers.spatial_groupnorm_forward(out, p["gamma1"], p["beta1"], 3, {})
    out, _ = layers.max_pool_forward(np.maximum(out, 0), POOL)
    out, _ = layers.affine_relu_forward(out, p["W2"], p["b2"])
    np.testing.assert_allclose(net.loss(X), out @ p["W3"] + p["b3"], rtol=1e-13)
    activations = net.activations(X)
    np.testing.assert_array_equal(activations["affine3"], net.loss(X))
    np.testing.assert_allclose(activations["relu2"], out, rtol=1e-13)
    stages = [
        "conv1",
        *filter(None, [normalization and f"{normalization}1"]),
        "relu1",
        "max_pool1",
        "affine2",
        "relu2",
        "affine3",
    ]
    assert list(activations) == stages


@pytest.mark.parametrize(("dtype", "given"), [(np.float32, np.float64), (np.float64, np.float32), (np.float32, np.uint8)])
def test_images_are_cast_to_the_nets_dtype(dtype, given, batch):
    X, y = batch
    net = small(dtype=dtype, normalization="spatial_groupnorm")
    assert net.loss((10 * X).astype(given)).dtype == dtype
    _, grads = net.loss((10 * X).astype(given), y)
    assert {gradient.dtype for gradient in grads.values()} == {np.dtype(dtype)}


@every_kind
def test_learns_a_few_images_by_heart(normalization):
    rng = np.random.RandomState(7)
    X, y = rng.randn(20, 2, 5, 6), rng.randint(3, size=20)
    net = small(normalization=normalization, weight_scale=0.1)
    solver = Solver(
        net, {"X_train": X, "y_train": y, "X_val": X, "y_val": y}, update_rule="adam", optim_config={"learning_rate": 1e-2},
        batch_size=10, num_epochs=40, verbose=False, rng=np.random.RandomState(3),
    )  # fmt: skip
    solver.train()
    assert solver.best_val_acc >= 0.95


@pytest.mark.parametrize("size", [1, 4])
def test_population_statistics_are_of_all_pixels(size):
    """Var = m / (m - 1) E[var], m the values that share a statistic: N · H · W, so that one image will do."""
    batches = list(np.random.RandomState(4).randn(3, size, 2, 5, 6))
    net = small(normalization="spatial_batchnorm")
    net.estimate_population_statistics(batches)
    outputs = [layers.conv_forward(X, net.params["W1"], net.params["b1"], CONV)[0] for X in batches]
    m, (param,) = size * 5 * 6, net.bn_params
    np.testing.assert_allclose(
        param["running_mean"], np.mean([a.mean(axis=(0, 2, 3)) for a in outputs], axis=0), rtol=1e-12
    )
    variance = np.mean([a.var(axis=(0, 2, 3)) for a in outputs], axis=0)
    np.testing.assert_allclose(param["running_var"], m / (m - 1) * variance, rtol=1e-12)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"filter_size": 4}, r"filter_size is 4: it must be odd"),
        ({"filter_size": -1}, r"filter_size is -1: it must be odd and at least 1"),
        ({"input_dim": (1, 1, 9)}, r"input_dim is \(1, 1, 9\).* at least 2"),
        ({"normalization": "batchnorm"}, r"'batchnorm': it must be None or one of spatial_batchnorm, spatial_groupnorm"),
        (
            {"normalization": "spatial_groupnorm", "num_filters": 6},
            r"6 channels can't be split into 8 groups.*6 = 0 \* 8 \+ 6",
        ),
    ],
)
def test_what_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ThreeLayerConvNet(**{"input_dim": (1, 4, 4), "filter_size": 3, **settings})


def test_groups_do_not_matter_without_groupnorm_and_repr_is_short():
    net = ThreeLayerConvNet((1, 4, 6), num_filters=3, filter_size=3, normalization="spatial_batchnorm")
    assert repr(net) == "ThreeLayerConvNet(1x4x6, 3 filters 3x3, 100-10, spatial_batchnorm, float32)"
