"""Convolution and max pooling as the notebooks' naive loops: what the layers are to compute, and slowly."""

import numpy as np

from bnlab.bench.loops import conv_backward, conv_forward

__all__ = ["conv_backward", "conv_forward", "max_pool_backward", "max_pool_forward"]


def max_pool_forward(x, pool_param):
    height, width, stride = (pool_param[key] for key in ("pool_height", "pool_width", "stride"))
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - height) // stride, 1 + (W - width) // stride), x.dtype)
    for n, c, i, j in np.ndindex(out.shape):
        out[n, c, i, j] = x[n, c, i * stride : i * stride + height, j * stride : j * stride + width].max()
    return out, (x, height, width, stride)


def max_pool_backward(dout, cache):
    x, height, width, stride = cache
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dout.shape):
        window = x[n, c, i * stride : i * stride + height, j * stride : j * stride + width]
        row, column = np.unravel_index(window.argmax(), window.shape)
        dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]
    return dx
