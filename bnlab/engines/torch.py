"""The PyTorch engine: modules, autograd and PyTorch's optimizers, from the very draws that our own nets start from.

Imported in the process that trains alone: a process that has loaded PyTorch isn't forked.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch

from bnlab.engines.loop import Trained, run
from bnlab.engines.torch_net import build_net, training_loss
from bnlab.engines.torch_rules import decay, make_optimizer
from bnlab.layers.types import Array
from bnlab.runs.draws import Draws
from bnlab.runs.outcome import Outcome
from bnlab.runs.spec import RunSpec


def version() -> str:
    """The framework and its version."""
    return f"torch {torch.__version__}"


def train(spec: RunSpec, data: Mapping[str, Array], draws: Draws) -> Outcome:
    """Train the run's net. One thread, and algorithms that give the same numbers each time."""
    with repeatable(spec.device):
        return run(TorchNet(spec, draws), spec, data, draws)


def lacks(device: str) -> bool:
    """Whether this machine, or this build of PyTorch, hasn't got the device."""
    there = {"cpu": lambda: True, "cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    return not there[device]()


@contextmanager
def repeatable(device: str) -> Iterator[None]:
    """One thread on the processor, deterministic algorithms, and products in full precision; as it was before, after it."""
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.allow_tf32
    if device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS repeats its sums with this alone
    try:
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.allow_tf32 = False
        yield
    finally:
        threads, deterministic, torch.backends.cudnn.allow_tf32 = before
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)


class TorchNet(Trained):
    """The run's net with its optimizer."""

    def __init__(self, spec: RunSpec, draws: Draws) -> None:
        self.spec, self.draws, self.iteration = spec, draws, 0
        self.net = build_net(spec, draws, lambda layer, shape: draws.uniforms(self.iteration, layer, shape))
        self.optimizer = make_optimizer(spec, self.net.parameters())

    def step(self, iteration: int, images: Array, labels: Array) -> float:
        self.iteration = iteration
        self.net.train()
        loss = training_loss(self.net, self._tensor(images), self._labels(labels), self.spec.net.reg)
        told = float(loss.item())
        if math.isfinite(told):
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        return told

    def decay(self, factor: float) -> None:
        decay(self.optimizer, factor)

    def scores(self, images: Array) -> Array:
        self.net.eval()
        with torch.no_grad():
            found: Array = self.net(self._tensor(images)).cpu().numpy()
        return found

    def finite(self) -> bool:
        return all(bool(torch.isfinite(parameter).all()) for parameter in self.net.parameters())

    def estimate_population(self, batches: Iterator[Array]) -> None:
        """Cumulative averages, which is what PyTorch's batchnorm keeps without a momentum; of corrected variances."""
        norms = [module for module in self.net.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
        momenta = [norm.momentum for norm in norms]
        self.net.eval()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
            norm.train()
        with torch.no_grad():
            for images in batches:
                self.net(self._tensor(images))
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum

    def _labels(self, labels: Array) -> torch.Tensor:
        return torch.from_numpy(labels).long().to(self.spec.device)

    def _tensor(self, images: Array) -> torch.Tensor:
        own = np.array(images, self.spec.dtype)  # PyTorch warns of arrays that are read-only
        return torch.from_numpy(own).to(self.spec.device)
