"""The batchnorm study on the pairs of functions of `bnlab.layers`: every gradient is written out, layer by layer."""

from bnlab.layers import affine_backward, affine_bn_relu_backward, affine_bn_relu_forward, affine_forward, softmax_loss
from bnlab.optim import adam


def loss_and_gradients(x, y, p, depth, bn_params):
    caches, grads = [], {}
    for i in range(1, depth):
        x, cache = affine_bn_relu_forward(x, p[f"W{i}"], p[f"b{i}"], p[f"gamma{i}"], p[f"beta{i}"], bn_params[i])
        caches.append(cache)
    scores, last = affine_forward(x, p[f"W{depth}"], p[f"b{depth}"])
    loss, dout = softmax_loss(scores, y)
    dout, grads[f"W{depth}"], grads[f"b{depth}"] = affine_backward(dout, last)
    for i in reversed(range(1, depth)):
        names = f"W{i}", f"b{i}", f"gamma{i}", f"beta{i}"
        dout, *own = affine_bn_relu_backward(dout, caches[i - 1])
        grads.update(zip(names, own, strict=True))
    return loss, grads


def train(numbers):
    p, losses = numbers.parameters, []
    bn_params = [{"mode": "train"} for _ in range(numbers.depth)]
    configs = {name: {"learning_rate": numbers.rate} for name in p}
    for x, y in numbers.minibatches():
        loss, grads = loss_and_gradients(x, y, p, numbers.depth, bn_params)
        for name in p:
            p[name], configs[name] = adam(p[name], grads[name], configs[name])
        losses.append(float(loss))
    return losses
