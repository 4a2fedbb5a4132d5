"""The rows of the table for layers and losses. To check a new one, add its row."""

from __future__ import annotations

import numpy as np

from bnlab import layers
from bnlab.cases.case import Case, LossCase, Shapes


def _image_shapes(n: int) -> Shapes:
    return {"x": (n, 2, 3), "w": (6, 5), "b": (5,)}


def _row_shapes(n: int) -> Shapes:
    return {"x": (n, 5), "gamma": (5,), "beta": (5,)}


def _sandwich_shapes(n: int) -> Shapes:
    return {**_image_shapes(n), "gamma": (5,), "beta": (5,)}


def _conv_shapes(n: int) -> Shapes:
    return {"x": (n, 3, 5, 8), "w": (6, 3, 4, 5), "b": (6,)}


def _conv_sandwich_shapes(n: int) -> Shapes:
    return {"x": (n, 2, 6, 3), "w": (3, 2, 3, 2), "b": (3,)}


def _conv_norm_shapes(n: int) -> Shapes:
    return {**_conv_sandwich_shapes(n), "gamma": (3,), "beta": (3,)}


def _channel_shapes(n: int) -> Shapes:
    return {"x": (n, 5, 2, 3), "gamma": (5,), "beta": (5,)}


def _group_shapes(n: int) -> Shapes:
    return {"x": (n, 6, 4, 5), "gamma": (1, 6, 1, 1), "beta": (1, 6, 1, 1)}


def _pool_shape(n: int) -> Shapes:
    return {"x": (n, 5, 6, 8)}


def _x_shape(n: int) -> Shapes:
    return {"x": (n, 2, 3)}


def _score_shape(n: int) -> Shapes:
    return {"x": (n, 6)}


TRAIN_PARAM = ({"mode": "train"},)
CONV_PARAM = ({"stride": 2, "pad": 1},)  # the last of the padded rows and columns is left out
POOL_PARAM = ({"pool_height": 3, "pool_width": 4, "stride": 2},)  # windows overlap, and the last row is left out
SMALL_POOL_PARAM = ({"pool_height": 2, "pool_width": 2, "stride": 1},)
DROPOUT_PARAM = ({"mode": "train", "p": 0.6, "seed": 123},)
DROPOUT_TEST_PARAM = ({"mode": "test", "p": 0.6, "seed": 123},)
STATISTICS_PARAM = (
    {
        "mode": "test",
        "running_mean": np.linspace(-1, 1, 5),
        "running_var": np.linspace(0.5, 2, 5),
    },
)

# In conv and max_pool all sizes differ: channels, height and width; filters, window and stride; the sides of the output. So
# code that takes one for another fails.
LAYERS = (
    Case("affine", layers.affine_forward, layers.affine_backward, _image_shapes),
    Case("relu", layers.relu_forward, layers.relu_backward, _x_shape),
    Case("batchnorm", layers.batchnorm_forward, layers.batchnorm_backward, _row_shapes, TRAIN_PARAM),
    Case("batchnorm_alt", layers.batchnorm_forward, layers.batchnorm_backward_alt, _row_shapes, TRAIN_PARAM),
    Case("batchnorm_test", layers.batchnorm_forward, layers.batchnorm_backward, _row_shapes, STATISTICS_PARAM),
    Case("layernorm", layers.layernorm_forward, layers.layernorm_backward, _row_shapes, ({},)),
    Case("dropout", layers.dropout_forward, layers.dropout_backward, _x_shape, DROPOUT_PARAM),
    Case("dropout_test", layers.dropout_forward, layers.dropout_backward, _x_shape, DROPOUT_TEST_PARAM),
    Case("affine_relu", layers.affine_relu_forward, layers.affine_relu_backward, _image_shapes),
    Case(
        "affine_bn_relu",
        layers.affine_bn_relu_forward,
        layers.affine_bn_relu_backward,
        _sandwich_shapes,
        TRAIN_PARAM,
        zero=("b",),  # subtracting the minibatch's mean removes a bias
    ),
    Case("affine_ln_relu", layers.affine_ln_relu_forward, layers.affine_ln_relu_backward, _sandwich_shapes, ({},)),
    Case("conv", layers.conv_forward, layers.conv_backward, _conv_shapes, CONV_PARAM, batch=2),
    Case("max_pool", layers.max_pool_forward, layers.max_pool_backward, _pool_shape, POOL_PARAM, batch=2),
    Case(
        "spatial_batchnorm",
        layers.spatial_batchnorm_forward,
        layers.spatial_batchnorm_backward,
        _channel_shapes,
        TRAIN_PARAM,
    ),
    Case(
        "spatial_batchnorm_test",
        layers.spatial_batchnorm_forward,
        layers.spatial_batchnorm_backward,
        _channel_shapes,
        STATISTICS_PARAM,
    ),
    Case(
        "spatial_groupnorm",
        layers.spatial_groupnorm_forward,
        layers.spatial_groupnorm_backward,
        _group_shapes,
        (3, {}),
    ),
    Case("conv_relu", layers.conv_relu_forward, layers.conv_relu_backward, _conv_sandwich_shapes, CONV_PARAM),
    Case(
        "conv_relu_pool",
        layers.conv_relu_pool_forward,
        layers.conv_relu_pool_backward,
        _conv_sandwich_shapes,
        CONV_PARAM + SMALL_POOL_PARAM,
    ),
    Case(
        "conv_bn_relu",
        layers.conv_bn_relu_forward,
        layers.conv_bn_relu_backward,
        _conv_norm_shapes,
        CONV_PARAM + TRAIN_PARAM,
        zero=("b",),  # as for affine_bn_relu
    ),
)

LOSSES = (
    LossCase("softmax_loss", layers.softmax_loss, layers.softmax_loss, _score_shape),
    LossCase("svm_loss", layers.svm_loss, layers.svm_loss, _score_shape),
)
