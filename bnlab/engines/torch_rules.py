"""The update rules on PyTorch: its own optimizers, and one of ours where the notebooks' rule isn't among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from bnlab.runs.spec import RunSpec


class NotebookMomentum(torch.optim.Optimizer):
    """`v = momentum · v - lr · grad`, then `w + v`.

    PyTorch's SGD keeps `v = momentum · v + grad` and subtracts `lr · v`, so that a rate that decays slows the steps made so
    far too. With one rate the two are the same.
    """

    def __init__(self, parameters: Iterable[torch.Tensor], lr: float, momentum: float) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    def step(self, closure: Any = None) -> None:
        with torch.no_grad():
            for group in self.param_groups:
                for parameter in group["params"]:
                    state = self.state[parameter]
                    velocity = state.setdefault("velocity", torch.zeros_like(parameter))
                    velocity.mul_(group["momentum"]).sub_(parameter.grad * group["lr"])
                    parameter.add_(velocity)


MOMENTA: dict[str, type[Any]] = {"notebook": NotebookMomentum, "torch": torch.optim.SGD}
"""By convention."""
OPTIMIZERS: dict[str, Callable[[Any, str, dict[str, float]], Any]] = {
    "sgd": lambda parameters, _, own: torch.optim.SGD(parameters, own["learning_rate"]),
    "sgd_momentum": lambda parameters, convention, own: MOMENTA[convention](
        parameters, own["learning_rate"], own["momentum"]
    ),
    "rmsprop": lambda parameters, _, own: torch.optim.RMSprop(
        parameters, own["learning_rate"], alpha=own["decay_rate"], eps=own["epsilon"]
    ),
    "adam": lambda parameters, _, own: torch.optim.Adam(
        parameters, own["learning_rate"], (own["beta1"], own["beta2"]), own["epsilon"]
    ),
}
"""By update rule, from the parameters, the convention and the rule's settings. RMSProp and Adam add epsilon outside the
root, as the notebooks do."""


def make_optimizer(spec: RunSpec, parameters: Iterable[torch.Tensor]) -> Any:
    """The run's update rule."""
    return OPTIMIZERS[spec.solver.update_rule](parameters, spec.convention, spec.solver.rule_config)


def decay(optimizer: Any, factor: float) -> None:
    """Multiply its learning rate."""
    for group in optimizer.param_groups:
        group["lr"] *= factor
