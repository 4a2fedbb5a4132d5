"""Layers made of other layers: a mistake in a part is the part's."""

import pytest

from bnlab.homework import findings, reason
from tests.homework.sources import only, spoilt

BROKEN = {
    "relu_backward": (
        ("dx = dout * (x > 0)", "dx = dout * (x < 0)"),
        ["affine", "relu", "layernorm", "affine_relu", "affine_ln_relu"],
        {"affine_relu_backward", "affine_ln_relu_backward"},
    ),
    "batchnorm_forward": (
        ("np.var(x, axis=0)", "np.var(x, axis=0, ddof=1)"),
        ["affine", "relu", "batchnorm", "affine_bn_relu", "spatial_batchnorm"],
        {f"{whole}_{way}" for whole in ("affine_bn_relu", "spatial_batchnorm") for way in ("forward", "backward")},
    ),
    "max_pool_backward_naive": (
        ("np.argmax(window)", "np.argmin(window)"),
        ["relu", "conv", "max_pool", "conv_relu_pool"],
        {"conv_relu_pool_backward"},
    ),
}


@pytest.mark.parametrize("part", BROKEN)
def test_a_layer_is_not_blamed_for_its_parts(check, part):
    change, layers, wholes = BROKEN[part]
    comparisons = check(only(*layers, text=spoilt(part, change)))
    assert {each.function for each in comparisons if reason(each) == f"not checked until {part} is mended"} == wholes
    family = part.rpartition("_forward")[0] or part.rpartition("_backward")[0]
    assert {each.case.split()[0] for each in comparisons if each.ok is False} <= {family, f"{family}_test", f"{family}_alt"}


def test_a_layer_is_blamed_for_what_is_wrong_in_itself(check):
    text = spoilt("affine_relu_backward", ("affine_backward(da", "affine_backward(-da"))
    comparisons = check(only("affine", "relu", "affine_relu", text=text))
    assert {each.function for each in comparisons if each.ok is False} == {"affine_relu_backward"}
    assert findings(comparisons)[0].startswith("affine_relu_backward, dx: wrong")
