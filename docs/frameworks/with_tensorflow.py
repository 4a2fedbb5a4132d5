"""The batchnorm study on Keras with TensorFlow. The tape has the gradients. Adam's epsilon is where the paper has it."""

from bnlab.engines import tensorflow  # noqa: F401, I001  first: it says how TensorFlow is to be loaded
from bnlab.engines.tensorflow_rules import NotebookAdam

import keras
import tensorflow as tf
from keras import layers


def make_net(numbers):
    stack = [keras.Input(numbers.widths[0][:1])]
    for _, outputs in numbers.widths[:-1]:
        stack += [layers.Dense(outputs), layers.BatchNormalization(momentum=0.9, epsilon=1e-5), layers.ReLU()]
    net = keras.Sequential([*stack, layers.Dense(numbers.widths[-1][1])])
    dense = [each for each in net.layers if isinstance(each, layers.Dense)]
    norms = [each for each in net.layers if isinstance(each, layers.BatchNormalization)]
    p = numbers.parameters
    for i, layer in enumerate(dense, start=1):
        layer.kernel.assign(p[f"W{i}"])
        layer.bias.assign(p[f"b{i}"])
    for i, norm in enumerate(norms, start=1):
        norm.gamma.assign(p[f"gamma{i}"])
        norm.beta.assign(p[f"beta{i}"])
    return net


def train(numbers):
    net, losses = make_net(numbers), []
    adam = NotebookAdam(numbers.rate, epsilon=1e-8)
    for x, y in numbers.minibatches():
        with tf.GradientTape() as tape:
            scores = net(x, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, scores))
        gradients = tape.gradient(loss, net.trainable_variables)
        adam.apply(gradients, net.trainable_variables)
        losses.append(float(loss))
    return losses
