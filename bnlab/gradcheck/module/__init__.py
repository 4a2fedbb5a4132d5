"""A user's own file of the notebooks' functions, checked against the table of cases."""

from bnlab.gradcheck.module.check import check_module
from bnlab.gradcheck.module.loading import ModuleError

__all__ = ["ModuleError", "check_module"]
