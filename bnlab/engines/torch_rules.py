"""The update rules on PyTorch: its own optimizers, and one of ours where the notebooks' rule isn't among them."""

from __future__ import annotations

from collections.abc import Iterable
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


def make_optimizer(spec: RunSpec, parameters: Iterable[torch.Tensor]) -> Any:
    """The run's update rule. RMSProp and Adam add epsilon outside the root, as the notebooks do."""
    settings = spec.solver.rule_config
    lr, rule = settings["learning_rate"], spec.solver.update_rule
    if rule == "sgd":
        return torch.optim.SGD(parameters, lr)
    if rule == "sgd_momentum":
        own = NotebookMomentum if spec.convention == "notebook" else torch.optim.SGD
        return own(parameters, lr, settings["momentum"])
    if rule == "rmsprop":
        return torch.optim.RMSprop(parameters, lr, alpha=settings["decay_rate"], eps=settings["epsilon"])
    if rule == "adam":
        betas = settings["beta1"], settings["beta2"]
        return torch.optim.Adam(parameters, lr, betas, settings["epsilon"])
    raise ValueError(f"solver.update_rule: the torch engine has no {rule}: it has sgd, sgd_momentum, rmsprop and adam")
