"""Numeric gradients compared with analytic ones: the notebooks' functions, and the check of one case of the table."""

from bnlab.gradcheck.checks import check
from bnlab.gradcheck.comparison import TOLERANCE, VALUE_TOLERANCE, ZERO_TOLERANCE, Comparison
from bnlab.gradcheck.numeric import eval_numerical_gradient, eval_numerical_gradient_array, rel_error

__all__ = [
    "TOLERANCE",
    "VALUE_TOLERANCE",
    "ZERO_TOLERANCE",
    "Comparison",
    "check",
    "eval_numerical_gradient",
    "eval_numerical_gradient_array",
    "rel_error",
]
