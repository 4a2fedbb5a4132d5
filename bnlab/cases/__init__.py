"""The one table of cases that drives `bnlab gradcheck` and the tests: every layer, every loss, every net.

A case makes its own inputs, runs its function forward, and gives the analytic gradients. Each is a row in `layers.py` or
`nets.py`.
"""

from bnlab.cases.case import Case, LossCase
from bnlab.cases.layers import LAYERS, LOSSES
from bnlab.cases.nets import NETS, NetCase

FUNCTION_CASES: dict[str, Case] = {case.name: case for case in (*LAYERS, *LOSSES)}
"""The layers and losses."""
NOTEBOOK_CASES = {name: case for name, case in FUNCTION_CASES.items() if case.notebook}
"""Those that the notebooks have, which a user's own file is checked for."""
CASES: dict[str, Case | NetCase] = {**FUNCTION_CASES, **{case.name: case for case in NETS}}

__all__ = [
    "CASES",
    "FUNCTION_CASES",
    "NOTEBOOK_CASES",
    "Case",
    "LossCase",
    "NetCase",
]
