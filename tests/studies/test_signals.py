"""The signals at initialization: against passes by hand, against the law of He et al., and as the figure shows them."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bnlab.lab.images import arrays
from bnlab.layers import batchnorm_backward, batchnorm_forward, softmax_loss
from bnlab.report.draw import draw
from bnlab.runs.streams import streams
from bnlab.studies.signals import signal_figure, signals


def data_of(spec):
    return arrays(spec, ())


def weights(spec, dims):
    """The run's own initial draws, scaled."""
    rng = streams(spec.seed, spec.replicate).weights
    return [spec.net.weight_scale * rng.standard_normal(shape) for shape in pairwise(dims)]


def first_minibatch(spec, data):
    picked = streams(spec.seed, spec.replicate).minibatches.choice(len(data["X_train"]), spec.solver.batch_size)
    return data["X_train"][picked].reshape(len(picked), -1), data["y_train"][picked]


@pytest.mark.parametrize("normalization", ["none", "batchnorm"])
def test_both_passes_are_those_of_the_layers(make_spec, normalization):
    spec = make_spec(weight_scale=0.2, normalization=normalization, dtype="float64", replicate=1)
    data = data_of(spec)
    x, y = first_minibatch(spec, data)
    *hidden, last = weights(spec, (x.shape[1], 8, 6, 10))
    forward, kept = [], []
    for w in hidden:
        out, cache = x @ w, None
        if normalization == "batchnorm":
            width = out.shape[1]
            out, cache = batchnorm_forward(out, np.ones(width), np.zeros(width), {"mode": "train"})
        kept.append((w, out, cache))
        forward.append(out.std())
        x = np.maximum(out, 0)
    scores = x @ last
    _, dout = softmax_loss(scores, y)
    backward, w_above = [dout.std()], last
    for w, out, cache in reversed(kept):
        dout = (dout @ w_above.T) * (out > 0)
        if cache is not None:
            dout, _, _ = batchnorm_backward(dout, cache)
        backward.append(dout.std())
        w_above = w
    found = signals(spec, data)
    np.testing.assert_allclose(found.forward, [*forward, scores.std()], rtol=1e-10)
    np.testing.assert_allclose(found.backward, backward[::-1], rtol=1e-10)


WIDTH = 400


@pytest.mark.parametrize("weight_scale", [0.01, math.sqrt(2 / WIDTH), 0.2])
def test_without_normalization_each_layer_multiplies_by_scale_times_root_of_half_the_width(make_spec, weight_scale):
    """He et al., 2015, in both directions; the first layer sees the images, and the scores are few."""
    spec = make_spec(hidden_dims=(WIDTH,) * 6, weight_scale=weight_scale, dtype="float64", batch_size=60)
    found = signals(spec, data_of(spec))
    factor = weight_scale * math.sqrt(WIDTH / 2)
    np.testing.assert_allclose([after / before for before, after in pairwise(found.forward[:6])], factor, rtol=0.15)
    np.testing.assert_allclose([before / after for before, after in pairwise(found.backward[:6])], factor, rtol=0.15)


def test_with_batchnorm_neither_depth_nor_scale_matters(make_spec):
    """As long as the variances are far above batchnorm's epsilon."""
    spec = make_spec(hidden_dims=(100,) * 6, normalization="batchnorm", dtype="float64", batch_size=60)
    found = [signals(replace(spec, net=replace(spec.net, weight_scale=scale)), data_of(spec)) for scale in (0.1, 10)]
    for each in found:
        np.testing.assert_allclose(each.forward[:-1], 1, rtol=1e-3)
        assert max(each.backward[:-1][1:]) < 3 * min(each.backward[:-1][1:])


def test_signals_of_a_hopeless_scale_are_no_error_and_stop_no_figure(make_spec, plan):
    """In float32: 1e-30 underflows to zero, 1e30 overflows."""
    vanished, exploded = (signals(make_spec(weight_scale=scale), data_of(make_spec())) for scale in (1e-30, 1e30))
    assert vanished.forward[0] > 0
    assert vanished.forward[-1] == 0
    assert not math.isfinite(exploded.forward[-1])
    made = plan(
        "sweep weight-scale",
        {
            **{"data.dataset": "synthetic", "data.num_train": 100, "net.hidden_dims": [8, 8]},
            **{"arms.lowest_weight_scale": 1e-30, "arms.highest_weight_scale": 1e30, "arms.num_weight_scales": 3},
        },
    )
    data = data_of(made.arms[0].runs[0])
    drawn = signal_figure(made.settings, made.arms, data)
    _, forward, _, backward = drawn.panels
    assert [panel.title for panel in drawn.panels] == [
        "Forward, batchnorm", "Forward, no normalization", "Backward, batchnorm", "Backward, no normalization"
    ]  # fmt: skip
    assert [*forward.y] == [1e-30, pytest.approx(1), 1e30]
    assert [*forward.x] == [1, 2, 3]
    assert math.isnan(forward.values[0][2])
    assert math.isnan(forward.values[2][2])
    assert not any(map(math.isinf, [*np.ravel(forward.values), *np.ravel(backward.values)]))
    middle = signals(made.arms[4].runs[0], data)
    np.testing.assert_allclose(forward.values[1], np.log10(middle.forward), rtol=1e-12)
    np.testing.assert_allclose(backward.values[1], np.log10(middle.backward), rtol=1e-12)
    assert "Hatched: zero, or not finite." in drawn.caption
    assert draw(drawn)["png"].startswith(b"\x89PNG")


def test_dropouts_masks_are_the_same_both_ways_and_stay_undrawn(make_spec):
    spec = make_spec(keep_prob=0.5)
    assert signals(spec, data_of(spec)) == signals(spec, data_of(spec))


def test_an_arm_without_a_scale_is_refused(plan):
    made = plan("compare", {"data.dataset": "synthetic", "data.num_train": 100, "net.hidden_dims": [8]})
    with pytest.raises(ValueError, match="'batchnorm' has no x: it must be the weight scale"):
        signal_figure(made.settings, made.arms, data_of(made.arms[0].runs[0]))
