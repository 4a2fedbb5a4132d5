"""Blocks on the kernels, in NumPy and compiled, against the stages that they stand for: the same bits."""

import contextlib
import itertools

import numpy as np
import pytest

from bnlab import fast
from bnlab.fast import numpy_kernels
from bnlab.nets.blocks import Block, fused
from bnlab.nets.normalizers import NORMALIZATIONS
from bnlab.nets.stages import Affine, Dropout, FirstAffine, Normalization, Relu
from bnlab.optim import SETTINGS, adam

needs_numba = pytest.mark.skipif(not fast.compiled(), reason="numba isn't installed: pip install 'bnlab[fast]'")
KERNELS = {"numpy": fast.only_numpy, "numba": contextlib.nullcontext}
every_form = pytest.mark.parametrize(
    "form", [pytest.param(name, marks=needs_numba if name == "numba" else ()) for name in KERNELS]
)
every_dtype = pytest.mark.parametrize("dtype", fast.DTYPES)
SHAPES = [
    *itertools.product((1, 2, 50), (1, 2, 7, 8, 50)),  # rows, features
    *((5, 127), (3, 128), (2, 129), (2, 136), (2, 1000)),  # NumPy halves rows of more than 128
    (500, 50),
]


def stages_of(kind, first):
    """affine, the normalization if any, relu."""
    affine = (FirstAffine if first else Affine)("W1", "b1")
    if kind is None:
        return [affine, Relu()]
    return [affine, Normalization(kind, NORMALIZATIONS[kind], "gamma1", "beta1"), Relu()]


def parameters(rng, inputs, features, dtype):
    shapes = {"W1": (inputs, features), "b1": (features,), "gamma1": (features,), "beta1": (features,)}
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def through(stages, x, dout, params, mode):
    """What a list of stages makes of it all: the output, all gradients, the running statistics."""
    caches, out = [], x
    for stage in stages:
        out, cache = stage.forward(out, params, mode)
        caches.append(cache)
    found = {"out": out.copy()}
    grads = {name: np.zeros_like(array) for name, array in params.items()}
    if mode == "train":
        dout = dout.copy()
        for stage, cache in zip(reversed(stages), reversed(caches), strict=True):
            dout = stage.backward(dout, cache, grads)
        found |= {"dx": dout, **grads}
    return found


def running(normalization):
    return {key: value for key, value in normalization.param.items() if key != "mode"}


def same_bits(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        if array is None:
            assert theirs[name] is None
        else:
            assert array.dtype == theirs[name].dtype
            np.testing.assert_array_equal(array, theirs[name], err_msg=name)


@every_form
@every_dtype
@pytest.mark.parametrize("kind", [None, *NORMALIZATIONS])
@pytest.mark.parametrize("first", [True, False])
def test_a_block_gives_the_bits_of_its_stages(form, dtype, kind, first):
    for rows, features in SHAPES:
        rng = np.random.RandomState(rows * features)
        x, dout = rng.standard_normal((rows, 6)).astype(dtype), rng.standard_normal((rows, features)).astype(dtype)
        params, single = parameters(rng, 6, features, dtype), stages_of(kind, first)
        block = fused(stages_of(kind, first))
        assert [type(each).__mro__[-3] for each in block] == [Block]
        with KERNELS[form]():
            for mode in ("train", "train", "test"):  # the second time running statistics are there
                same_bits(through(block, x, dout, params, mode), through(single, x, dout, params, mode))
            if kind is not None:
                same_bits(running(block[0].normalization), running(single[1]))


@every_form
@every_dtype
@pytest.mark.parametrize("kind", [None, *NORMALIZATIONS])
def test_what_is_not_finite_stays_the_same(form, dtype, kind):
    """A net that diverges does so at the same iteration."""
    rng = np.random.RandomState(0)
    x, dout = rng.standard_normal((5, 6)).astype(dtype), rng.standard_normal((5, 4)).astype(dtype)
    params = parameters(rng, 6, 4, dtype)
    x[1, 2], x[2, 0], dout[3, 1], params["b1"][3] = np.nan, np.inf, np.inf, -np.inf
    with KERNELS[form](), np.errstate(all="ignore"):
        block, single = fused(stages_of(kind, False)), stages_of(kind, False)
        ours, theirs = (through(stages, x, dout, params, "train") for stages in (block, single))
    same_bits(ours, theirs)


@every_form
@pytest.mark.parametrize("kind", NORMALIZATIONS)
def test_a_division_by_zero_is_that_of_numpy(form, kind):
    """All values of a statistic are equal, and eps is 0."""
    x, dout = np.ones((5, 6), np.float32), np.ones((5, 4), np.float32)
    params = {name: np.ones_like(array) for name, array in parameters(np.random.RandomState(0), 6, 4, np.float32).items()}
    block, single = fused(stages_of(kind, False)), stages_of(kind, False)
    for param in (single[1].param, block[0].normalization.param):
        param["eps"] = 0.0
    with KERNELS[form](), np.errstate(all="ignore"):
        same_bits(through(block, x, dout, params, "train"), through(single, x, dout, params, "train"))


@every_form
@every_dtype
def test_momentum_and_epsilon_are_those_of_the_param_dict(form, dtype):
    rng = np.random.RandomState(0)
    x, dout = rng.standard_normal((5, 6)).astype(dtype), rng.standard_normal((5, 4)).astype(dtype)
    params, single = parameters(rng, 6, 4, dtype), stages_of("batchnorm", False)
    block = fused(stages_of("batchnorm", False))
    for param in (single[1].param, block[0].normalization.param):
        param.update(momentum=0.3, eps=0.5, running_mean=np.full(4, 2.0), running_var=np.full(4, 3.0))
    with KERNELS[form]():
        for mode in ("train", "test"):
            same_bits(through(block, x, dout, params, mode), through(single, x, dout, params, mode))
    for key in ("running_mean", "running_var"):
        np.testing.assert_array_equal(block[0].normalization.param[key], single[1].param[key])
        assert block[0].normalization.param[key].dtype == dtype


@every_form
@pytest.mark.parametrize("mode", ["train", "test"])
def test_running_statistics_of_another_shape_are_refused(form, mode):
    """A compiled kernel would read beyond their end."""
    (block,) = fused(stages_of("batchnorm", False))
    params = parameters(np.random.RandomState(0), 6, 4, np.float32)
    block.normalization.param["running_var"] = np.ones(3, np.float32)
    with KERNELS[form](), pytest.raises(ValueError, match="broadcast"):
        block.forward(np.ones((5, 6), np.float32), params, mode)


def test_a_block_never_changes_its_input():
    x = np.ones((3, 2, 4), np.float32)
    x.setflags(write=False)
    params = parameters(np.random.RandomState(0), 8, 5, np.float32)
    for kind in (None, *NORMALIZATIONS):
        for mode in ("train", "test"):
            found = through(fused(stages_of(kind, False)), x, np.ones((3, 5), np.float32), params, mode)
            assert mode == "test" or found["dx"].shape == x.shape


def test_only_groups_that_have_a_block_are_fused():
    dropout = Dropout({"mode": "train", "p": 0.5})
    last = Affine("W2", "b2")
    stages = [*stages_of("batchnorm", True), dropout, *stages_of(None, False), last]
    first, same, second, end = fused(stages)
    assert (same, end) == (dropout, last)
    assert first.affine is stages[0]
    assert first.normalization is stages[1]
    assert (second.affine, second.normalization) == (stages[4], None)


@every_form
@every_dtype
@pytest.mark.parametrize("size", [1, 2, 1000, 70_000])  # the last is updated in two blocks
def test_a_step_of_adam_in_place_gives_the_bits_of_one_that_is_not(form, dtype, size):
    rng = np.random.RandomState(size)
    w, config, state = rng.standard_normal(size).astype(dtype), dict(SETTINGS["adam"]), dict(SETTINGS["adam"])
    ours = w.copy()
    with KERNELS[form]():
        for _ in range(3):
            dw = rng.standard_normal(size).astype(dtype)
            w, config = adam(w, dw, config)
            assert adam(ours, dw, state, out=ours)[0] is ours
    same_bits({"w": ours, "m": state["m"], "v": state["v"]}, {"w": w, "m": config["m"], "v": config["v"]})


@every_form
def test_adam_in_place_on_arrays_that_do_not_go_together_is_an_error(form):
    """A compiled kernel would read beyond the end of the shorter one."""
    w = np.ones(10, np.float32)
    with KERNELS[form](), pytest.raises(ValueError, match="broadcast"):
        adam(w, np.ones(4, np.float32), out=w)


@every_form
@pytest.mark.parametrize(("of_w", "of_dw"), [("float16", "float16"), ("float32", "float64")])
def test_adam_in_place_in_a_dtype_without_kernels_is_that_of_numpy(form, of_w, of_dw):
    w, dw = np.ones(10, of_w), np.full(10, 0.5, of_dw)
    with np.errstate(all="ignore"):
        with fast.only_numpy():
            expected, _ = adam(w.copy(), dw, out=w.copy())
        with KERNELS[form]():
            same_bits({"w": adam(w, dw, out=w)[0]}, {"w": expected})


@needs_numba
def test_every_kernel_has_both_forms():
    from bnlab.fast import numba_kernels

    public = [
        {name for name, value in vars(module).items() if callable(value) and name.islower() and not name.startswith("_")}
        for module in (numpy_kernels, numba_kernels)
    ]
    assert public[0] == public[1] - {"jit", "njit"}


def test_without_numba_numpy_is_used():
    with fast.only_numpy():
        assert not fast.compiled()
        assert fast.kernels(50) is numpy_kernels
        assert fast.description() == "NumPy"
