"""The layers against the frameworks on awkward input: the same result, or a difference whose reason `DIFFERENT` says."""

import importlib
import warnings
from dataclasses import replace

import numpy as np
import pytest

from bnlab.cases import FUNCTION_CASES
from bnlab.engines import FRAMEWORKS, installed
from bnlab.layers import affine_backward, affine_forward
from bnlab.parity.differences import SIDES
from bnlab.parity.numbers import distance

each_engine = pytest.mark.parametrize(
    "engine",
    [
        pytest.param(name, marks=pytest.mark.skipif(not installed(name), reason=f"{FRAMEWORKS[name].name} isn't installed"))
        for name in SIDES
    ],
)
TOLERANCE = 1e-10


def with_entry(value):
    def change(x):
        x = x.copy()
        x.flat[0] = value
        return x

    return change


def constant(x):
    return np.full_like(x, 1.5)


def not_contiguous(x):
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


def read_only(x):
    x = x.copy()
    x.setflags(write=False)
    return x


def turned(x):
    """The same values, in Fortran's order."""
    return np.asfortranarray(x)


AWKWARD = {
    "NaN": (with_entry(np.nan), None),
    "an infinity": (with_entry(np.inf), None),
    "a negative infinity": (with_entry(-np.inf), None),
    "zero variance": (constant, None),
    "all zero": (np.zeros_like, None),
    "one row": (np.copy, 1),
    "no row": (np.copy, 0),
    "huge": (lambda x: 1e100 * x, None),
    "beyond squares": (lambda x: 1e200 * x, None),
    "tiny": (lambda x: 1e-100 * x, None),
    "denormal": (lambda x: 1e-310 * x, None),
    "not contiguous": (not_contiguous, None),
    "Fortran's order": (turned, None),
    "read-only": (read_only, None),
}
"""What is done to x, and how many rows it has; None: as many as usual."""


def ours(case, inputs, dout):
    with np.errstate(all="ignore"):
        if case.name.endswith("_loss"):
            loss, dx = case.call(inputs)
            return np.asarray(loss), {"x": dx}
        out, cache = case.call(inputs)
        gradients = case.backward_function(dout, cache)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    return out, dict(zip(inputs, gradients, strict=True))


def apart(engine, case, inputs, laid_out=np.asarray, tolerance=TOLERANCE):
    """What differs of output and gradients, by name; or "refused" where the framework takes no such input. laid_out: puts
    the upstream gradient into memory."""
    side = importlib.import_module(SIDES[engine])
    kept = {name: array.copy() for name, array in inputs.items()}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, of a mean of nothing
        shape = np.shape(case.call(inputs)[0])
        dout = np.random.RandomState(232).standard_normal(shape) if not case.name.endswith("_loss") else np.ones(())
        own = ours(case, inputs, laid_out(dout))
    assert all(np.array_equal(inputs[name], kept[name], equal_nan=True) for name in kept)
    try:
        theirs = side.layer(case.name, inputs, case.extra, dout)
    except ValueError:
        return "refused"
    pairs = [("out", own[0], theirs[0]), *((name, own[1][name], theirs[1][name]) for name in own[1])]
    return {what for what, one, other in pairs if not distance(np.asarray(one), np.asarray(other)) <= tolerance}


def awkward_inputs(case, what):
    change, rows = AWKWARD[what]
    inputs = case.inputs(np.random.RandomState(231), np.dtype("float64"), rows)
    return {"x": change(inputs.pop("x")), **inputs}


RELU = "PyTorch's relu hands the gradient back to NaN, ours to what is above 0 alone"
HINGE = "a margin that is NaN counts as 0 in PyTorch"
AFTER_RELU = "as for relu: behind a normalization the infinity has become NaN"
NONE = "the mean of no costs: ours is 0 for softmax and NaN for the hinge, the other way round or NaN there"
MASKED = "TensorFlow has no such loss; with a mask for the labels, 0 times infinity is NaN"
DIFFERENT = {
    ("torch", "NaN"): {
        **dict.fromkeys(("relu", "affine_relu", "affine_bn_relu", "affine_ln_relu", "conv_relu", "conv_bn_relu"), RELU),
        "conv_relu_pool": RELU,
        "svm_loss": HINGE,
    },
    ("torch", "an infinity"): dict.fromkeys(("affine_bn_relu", "affine_ln_relu", "conv_bn_relu"), AFTER_RELU),
    ("torch", "a negative infinity"): dict.fromkeys(("affine_bn_relu", "affine_ln_relu", "conv_bn_relu"), AFTER_RELU),
    ("torch", "one row"): dict.fromkeys(
        ("batchnorm", "batchnorm_alt", "affine_bn_relu"), "PyTorch refuses one value, which is its own mean; ours is beta"
    ),
    ("torch", "no row"): dict.fromkeys(("softmax_loss", "svm_loss"), NONE),
    ("torch", "beyond squares"): {
        "spatial_groupnorm": "an infinite variance gives 0 here, and NaN in PyTorch's, which multiplies before it adds"
    },
    ("tensorflow", "NaN"): {
        **dict.fromkeys(("max_pool", "conv_relu_pool"), "TensorFlow's maximum passes over NaN"),
        "svm_loss": "written with relu, whose gradient at NaN is not 0",
    },
    **{
        ("tensorflow", what): {
            "svm_loss": "TensorFlow has no such loss; with a mask for the labels, 0 times infinity is NaN"
        }
        for what in ("an infinity", "a negative infinity")
    },
    ("tensorflow", "no row"): {
        **dict.fromkeys(
            ("batchnorm", "batchnorm_alt", "spatial_batchnorm", "affine_bn_relu", "conv_bn_relu"),
            "the moments of nothing are NaN in TensorFlow; our gradients are sums of nothing",
        ),
        "softmax_loss": NONE,
    },
    ("tensorflow", "denormal"): dict.fromkeys(("relu", "max_pool"), "TensorFlow takes numbers below 2e-308 for 0"),
}
"""By engine and input, the layers that differ, and why. Whatever isn't here is the same to a relative 1e-10."""


@each_engine
@pytest.mark.parametrize("what", AWKWARD)
def test_awkward_input_gives_the_same_or_a_documented_difference(engine, what):
    found = {case.name: apart(engine, case, awkward_inputs(case, what)) for case in FUNCTION_CASES.values()}
    assert {name for name, different in found.items() if different} == {*DIFFERENT.get((engine, what), {})}


@each_engine
@pytest.mark.parametrize("what", ["not contiguous", "Fortran's order", "read-only"])
def test_weights_and_gradients_may_lie_in_memory_as_they_like_too(engine, what):
    change, _ = AWKWARD[what]
    for case in FUNCTION_CASES.values():
        inputs = case.inputs(np.random.RandomState(231), np.dtype("float64"))
        of_all = {name: change(array) for name, array in inputs.items()}
        assert apart(engine, case, of_all, lambda dout: change(dout) if dout.ndim else dout) == set(), case.name


@each_engine
def test_squares_that_float32_cant_hold(engine):
    """Sums round more coarsely here, and so is the tolerance. PyTorch's layernorm and groupnorm give NaN, ours 0."""
    found = set()
    for case in FUNCTION_CASES.values():
        inputs = case.inputs(np.random.RandomState(231), np.dtype("float32"))
        if apart(engine, case, {**inputs, "x": np.float32(1e30) * inputs["x"]}, tolerance=1e-4):
            found.add(case.name)
    assert found == ({"layernorm", "affine_ln_relu", "spatial_groupnorm"} if engine == "torch" else set())


SINGLE = {
    "batchnorm": {"x": (4, 1), "gamma": (1,), "beta": (1,)},
    "layernorm": {"x": (4, 1), "gamma": (1,), "beta": (1,)},
    "affine": {"x": (4, 1), "w": (1, 1), "b": (1,)},
    "conv": {"x": (2, 1, 5, 8), "w": (1, 1, 4, 5), "b": (1,)},
    "max_pool": {"x": (2, 1, 6, 8)},
    "spatial_batchnorm": {"x": (4, 1, 2, 3), "gamma": (1,), "beta": (1,)},
    "spatial_groupnorm": {"x": (4, 1, 4, 5), "gamma": (1, 1, 1, 1), "beta": (1, 1, 1, 1)},
}


@each_engine
@pytest.mark.parametrize("name", SINGLE)
def test_one_channel(engine, name):
    case = replace(FUNCTION_CASES[name], arguments=lambda n: SINGLE[name])
    if name == "spatial_groupnorm":
        case = replace(case, extra=(1, {}))
    assert apart(engine, case, case.inputs(np.random.RandomState(231), np.dtype("float64"))) == set()


@pytest.mark.parametrize("shape", [(0, 5), (0, 2, 3)])
def test_no_images_give_no_rows(shape):
    w, b = np.ones((int(np.prod(shape[1:])), 4)), np.ones(4)
    out, cache = affine_forward(np.zeros(shape), w, b)
    dx, dw, db = affine_backward(np.zeros((0, 4)), cache)
    assert (out.shape, dx.shape) == ((0, 4), shape)
    assert not dw.any()
    assert not db.any()
