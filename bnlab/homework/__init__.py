"""The check of a user's own file of the notebooks' functions, on the table of cases."""

from bnlab.homework.check import check_module
from bnlab.homework.limited import TIME_LIMIT, check_with_limit
from bnlab.homework.loading import ModuleError
from bnlab.homework.report import findings, reason

__all__ = ["TIME_LIMIT", "ModuleError", "check_module", "check_with_limit", "findings", "reason"]
