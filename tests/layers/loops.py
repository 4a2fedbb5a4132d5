"""Convolution and max pooling as the notebooks' naive loops: what the layers are to compute, and slowly."""

import numpy as np


def conv_forward(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    (N, _, H, W), (F, _, HH, WW) = padded.shape, w.shape
    out = np.zeros((N, F, 1 + (H - HH) // stride, 1 + (W - WW) // stride), x.dtype)
    for n, f, i, j in np.ndindex(out.shape):
        window = padded[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
        out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, (padded, w, b, stride, pad)


def conv_backward(dout, cache):
    padded, w, b, stride, pad = cache
    dx, dw, db = np.zeros_like(padded), np.zeros_like(w), np.zeros_like(b)
    (HH, WW), (H, W) = w.shape[2:], padded.shape[2:]
    for n, f, i, j in np.ndindex(dout.shape):
        rows, columns = slice(i * stride, i * stride + HH), slice(j * stride, j * stride + WW)
        dx[n, :, rows, columns] += dout[n, f, i, j] * w[f]
        dw[f] += dout[n, f, i, j] * padded[n, :, rows, columns]
        db[f] += dout[n, f, i, j]
    return dx[:, :, pad : H - pad, pad : W - pad], dw, db


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
