"""What is wrong with a function apart from its numbers, and numbers that no slip explains."""

import numpy as np
import pytest

from bnlab.cases import FUNCTION_CASES
from bnlab.homework import findings
from tests.homework.sources import AFFINE, RELU, SOURCE, spoilt

RELU_OUT, RELU_DX = "return x * (x > 0), x > 0", "return dout * cache"
FORWARD = {
    "raise ValueError('no\\nway')": "relu_forward: raises ValueError: no way (mylayers.py, line 3)",
    "assert False": "relu_forward: raises AssertionError (mylayers.py, line 3)",
    "exit(3)": "relu_forward: raises SystemExit: 3 (mylayers.py, line 3)",
    "raise type('Own', (BaseException,), {})('me')": "relu_forward: raises Own: me (mylayers.py, line 3)",
    "raise type('Mute', (Exception,), {'__str__': None})": "relu_forward: raises Mute (mylayers.py, line 3)",
    "return helper(x)": "relu_forward: raises NameError: name 'helper' is not defined (mylayers.py, line 3)",
    "return x * (x > 0)": "relu_forward: gives an array of float64, and should give (out, cache)",
    "return x, x, x": "relu_forward: gives a tuple of 3, and should give (out, cache)",
    "return [[1], [2, 3]], x": "relu_forward, out: is a list, and should be an array of shape (4, 2, 3)",
    "return 3, x": "relu_forward, out: has shape (), and should have (4, 2, 3)",
    "return 'out', x": "relu_forward, out: is a str, and should be an array of shape (4, 2, 3)",
    "return x.astype(object), x": "relu_forward, out: is an array of object, and should be an array of shape (4, 2, 3)",
    "return 0 * x[0], x": "relu_forward, out: has shape (2, 3), and should have (4, 2, 3)",
    "return x.astype('float32'), x": "relu_forward, out: is float32 for float64 inputs; keep the dtype of x",
    "x *= x > 0; return x, x > 0": "relu_forward: changes its argument x in place; work on a copy",
    "return x * float('nan'), x > 0": "relu_forward, out: wrong; no known slip explains it",
    "import numpy; return x * numpy.random.rand(), x": "relu_forward: gives another output for the same input",
}
BACKWARD = {
    "raise KeyError('x')": "relu_backward: raises KeyError: 'x' (mylayers.py, line 6)",
    "dout *= cache; return dout": "relu_backward: changes its argument dout in place; work on a copy",
    "return dout * cache, 1": "relu_backward: gives a tuple of 2, and should give dx",
    "return (dout * cache)[0]": "relu_backward, dx: has shape (2, 3), and should have (4, 2, 3)",
    "return dout * cache + float('inf')": "relu_backward, dx: wrong; no known slip explains it",
}
FAULTS = [*((RELU_OUT, new, line) for new, line in FORWARD.items()), *((RELU_DX, *each) for each in BACKWARD.items())]


@pytest.mark.parametrize(("right", "wrong", "line"), FAULTS, ids=[fault[1] for fault in FAULTS])
def test_a_fault_is_told_in_one_line_and_the_rest_goes_on(check, right, wrong, line):
    comparisons = check(RELU.replace(right, wrong) + AFFINE, "relu", "affine")
    assert [told for told in findings(comparisons) if told.startswith(line)] != []
    assert [each.ok for each in comparisons if each.case == "affine"] == [True] * 4


def test_a_function_with_other_arguments(check):
    [fault] = findings(check(RELU.replace("relu_forward(x)", "relu_forward(x, y)"), "relu"))
    assert fault == "relu_forward: raises TypeError: relu_forward() missing 1 required positional argument: 'y'"


def test_a_loss_without_its_number(check):
    [fault] = findings(check(spoilt("softmax_loss", ("return loss, dx", "return None, dx")), "softmax_loss"))
    assert fault == "softmax_loss, loss: is None, and should be a number"


def test_a_name_ending_in_naive_counts_if_the_plain_one_is_missing(check):
    naive = AFFINE.replace("affine_forward", "affine_forward_naive").replace("affine_backward", "affine_backward_naive")
    assert {each.function for each in check(naive, "affine")} == {"affine_forward_naive", "affine_backward_naive"}
    comparisons = check(AFFINE + naive.replace("+ b,", "- b,"), "affine")
    assert all(each.ok and not each.function.endswith("naive") for each in comparisons)


def test_a_right_gradient_passes_beside_a_wrong_forward_pass(check):
    comparisons = check(AFFINE.replace("@ w + b", "@ w - b"), "affine")
    assert [(each.what, each.ok) for each in comparisons] == [("out", False), ("dx", True), ("dw", True), ("db", True)]


def test_a_gradient_that_follows_from_a_wrong_forward_pass_passes_too(check):
    text = AFFINE.replace("@ w + b", "@ w - b").replace("dout.sum(axis=0)", "-dout.sum(axis=0)")
    assert [each.ok for each in check(text, "affine")] == [False, True, True, True]


def test_a_named_slip_is_not_followed_by_a_difference_without_a_name(check):
    """dgamma has out for xhat, which is a known slip; dx has it too, which isn't."""
    comparisons = check(spoilt("layernorm_forward", ("cache = (xhat, std", "cache = (out, std")), "layernorm")
    assert [each.what for each in comparisons if each.ok is False] == ["dx", "dgamma"]
    assert findings(comparisons) == [
        "layernorm_backward, dx: mend the slip in dgamma first",
        "layernorm_backward, dgamma: has out for xhat; dgamma = Σ dout · xhat",
    ]


def test_a_forward_pass_that_two_cases_share_is_checked_once(check):
    both = check(SOURCE, "batchnorm_alt", "batchnorm")
    assert {each.function for each in both if each.case.startswith("batchnorm_alt")} == {"batchnorm_backward_alt"}
    alone = check(SOURCE, "batchnorm_alt")
    assert {each.function for each in alone} == {"batchnorm_forward", "batchnorm_backward_alt"}


def test_kinks_are_counted_in_a_users_layer_too(check):
    kink = float(FUNCTION_CASES["relu"].inputs(np.random.RandomState(231), np.float64)["x"][1, 0, 2])
    shifted = RELU.replace(RELU_OUT, f"return (x - {kink}) * (x > {kink}), x > {kink}")
    [gradient] = [each for each in check(shifted, "relu") if each.gradient]
    assert (gradient.kinks, gradient.entries, gradient.ok) == (((1, 0, 2),), 24, True)
