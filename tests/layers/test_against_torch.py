"""The layers against PyTorch: outputs and all gradients, in both precisions."""

import numpy as np
import pytest

from bnlab.layers import (
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    dropout_backward,
    dropout_forward,
    layernorm_backward,
    layernorm_forward,
    relu_backward,
    relu_forward,
    softmax_loss,
    svm_loss,
)

torch = pytest.importorskip("torch")
F = torch.nn.functional

both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])
both_batchnorm_gradients = pytest.mark.parametrize("backward", [batchnorm_backward, batchnorm_backward_alt])
row_shapes = pytest.mark.parametrize("shape", [(2, 1), (5, 7), (33, 13)], ids=str)


@both_precisions
@pytest.mark.parametrize("shape", [(1, 3), (3, 5, 7), (9, 2, 3, 5)], ids=str)
def test_affine(dtype, shape, compare, drawn):
    inputs = drawn(dtype, shape, (int(np.prod(shape[1:])), 11), (11,))
    out, cache = affine_forward(*inputs)
    compare(lambda x, w, b: F.linear(x.flatten(1), w.T, b), out, lambda dout: affine_backward(dout, cache), inputs)


@both_precisions
@pytest.mark.parametrize("shape", [(1, 1), (5, 3, 7)], ids=str)
def test_relu(dtype, shape, compare, drawn):
    inputs = drawn(dtype, shape)
    inputs[0].flat[0] = 0
    out, cache = relu_forward(*inputs)
    compare(F.relu, out, lambda dout: relu_backward(dout, cache), inputs)


@both_precisions
@both_batchnorm_gradients
@row_shapes
def test_batchnorm_in_training(dtype, backward, shape, compare, close, drawn):
    n, d = shape
    inputs = drawn(dtype, shape, (d,), (d,))
    running = {"running_mean": np.linspace(-1, 1, d, dtype=dtype), "running_var": np.linspace(1, 2, d, dtype=dtype)}
    mean, var = (torch.tensor(array) for array in running.values())
    param = {"mode": "train", "momentum": 0.8, "eps": 1e-3, **running}

    out, cache = batchnorm_forward(*inputs, param)
    compare(
        lambda x, gamma, beta: F.batch_norm(x, mean, var, gamma, beta, training=True, momentum=0.2, eps=1e-3),
        out,
        lambda dout: backward(dout, cache),
        inputs,
    )
    close(param["running_mean"], mean)
    # PyTorch's running variance moves by the corrected one, n / (n - 1) times ours.
    moved = (var - 0.8 * torch.tensor(running["running_var"])) * ((n - 1) / n)
    close(param["running_var"] - dtype(0.8) * running["running_var"], moved)


@both_precisions
@both_batchnorm_gradients
@pytest.mark.parametrize("shape", [(1, 3), (5, 7)], ids=str)
def test_batchnorm_at_test_time(dtype, backward, shape, compare, drawn):
    d = shape[1]
    inputs = drawn(dtype, shape, (d,), (d,))
    running = {"running_mean": np.linspace(-1, 1, d, dtype=dtype), "running_var": np.linspace(1, 2, d, dtype=dtype)}
    mean, var = (torch.tensor(array) for array in running.values())
    out, cache = batchnorm_forward(*inputs, {"mode": "test", **running})
    compare(
        lambda x, gamma, beta: F.batch_norm(x, mean, var, gamma, beta, training=False, eps=1e-5),
        out,
        lambda dout: backward(dout, cache),
        inputs,
    )


@both_precisions
@pytest.mark.parametrize("shape", [(1, 5), (5, 7), (33, 13)], ids=str)
@pytest.mark.parametrize("eps", [1e-5, 1e-2])
def test_layernorm(dtype, shape, eps, compare, drawn):
    d = shape[1]
    inputs = drawn(dtype, shape, (d,), (d,))
    out, cache = layernorm_forward(*inputs, {"eps": eps})
    compare(
        lambda x, gamma, beta: F.layer_norm(x, (d,), gamma, beta, eps),
        out,
        lambda dout: layernorm_backward(dout, cache),
        inputs,
    )


@both_precisions
@pytest.mark.parametrize("shape", [(1,), (1, 3), (5, 3, 7), (2, 3, 5, 4)], ids=str)
@pytest.mark.parametrize("mode", ["train", "test"])
def test_dropout_with_a_given_mask(dtype, shape, mode, compare, drawn):
    inputs = drawn(dtype, shape)
    out, cache = dropout_forward(*inputs, {"mode": mode, "p": 0.6, "seed": 123})
    kept = torch.tensor(np.random.RandomState(123).rand(*shape) < 0.6)
    theirs = {"train": lambda x: torch.where(kept, x / 0.6, 0), "test": lambda x: F.dropout(x, 0.4, training=False)}
    compare(theirs[mode], out, lambda dout: dropout_backward(dout, cache), inputs)


@both_precisions
@pytest.mark.parametrize("shape", [(1, 3), (7, 5), (33, 10)], ids=str)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (softmax_loss, F.cross_entropy),
        (svm_loss, lambda x, y: F.multi_margin_loss(x, y) * x.shape[1]),  # PyTorch divides by the number of classes
    ],
    ids=["softmax", "svm"],
)
def test_losses(ours, theirs, dtype, shape, close, drawn):
    (x,) = drawn(dtype, shape)
    y = np.random.RandomState(1).randint(shape[1], size=shape[0])
    tensor = torch.tensor(x, requires_grad=True)
    expected = theirs(tensor, torch.tensor(y))
    expected.backward()
    loss, dx = ours(x, y)
    close(np.asarray(loss), expected)
    close(dx, tensor.grad)
