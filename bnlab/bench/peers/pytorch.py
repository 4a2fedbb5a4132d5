"""The sweep in PyTorch: modules run eagerly, the fused Adam, one thread per process.

These were the fastest of the settings tried: Adam fused, `foreach` and plain; one thread and two; with `torch.compile` and
without; processes forked after PyTorch is imported, and spawned.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from bnlab.bench.peers.task import SEED, Reached, Task, images, in_processes, print_best, read_task


def build(widths: Sequence[int], normalization: str, scale: float) -> nn.Sequential:
    """The net: affine, batchnorm if asked for, relu; the last layer affine alone."""
    layers: list[nn.Module] = []
    for i, (inputs, outputs) in enumerate(pairwise(widths), start=2):
        linear = nn.Linear(inputs, outputs)
        nn.init.normal_(linear.weight, std=scale)
        nn.init.zeros_(linear.bias)
        layers.append(linear)
        if i < len(widths):
            layers += [nn.BatchNorm1d(outputs)] if normalization == "batchnorm" else []
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def accuracy(net: nn.Sequential, X: torch.Tensor, y: torch.Tensor) -> float:
    """The share of images that the net gets right."""
    with torch.no_grad():
        return float((net(X).argmax(dim=1) == y).float().mean())


def train(task: Task, normalization: str, scale: float) -> Reached:
    """Train one net, with a check of both accuracies at the end of each epoch."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    X, y, X_val, y_val = (torch.from_numpy(array) for array in images(task["images"]).values())
    net = build([X.shape[1], *task["hidden_dims"], 10], normalization, scale)
    adam = torch.optim.Adam(net.parameters(), lr=task["learning_rate"], fused=True)
    loss_function, losses, best = nn.CrossEntropyLoss(), [], (0.0, 0.0)
    for _ in range(task["num_epochs"]):
        net.train()
        for _ in range(len(X) // task["batch_size"]):
            picked = torch.randint(len(X), (task["batch_size"],))
            loss = loss_function(net(X[picked]), y[picked])
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(loss.item())
        net.eval()
        best = (max(best[0], accuracy(net, X, y)), max(best[1], accuracy(net, X_val, y_val)))
    return best


if __name__ == "__main__":
    task = read_task()
    print_best(task, in_processes(train, task, "fork"))
