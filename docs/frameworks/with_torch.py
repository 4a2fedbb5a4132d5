"""The batchnorm study on PyTorch, three times: bare functions, `nn.Sequential`, `nn.Module`. Autograd has the gradients."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn


def bare_functions(numbers):
    p = {name: torch.tensor(array, requires_grad=True) for name, array in numbers.parameters.items()}

    def scores(x):
        for i in range(1, numbers.depth):
            x = F.linear(x, p[f"W{i}"].T, p[f"b{i}"])
            x = F.batch_norm(x, None, None, p[f"gamma{i}"], p[f"beta{i}"], training=True, eps=1e-5)
            x = F.relu(x)
        return F.linear(x, p[f"W{numbers.depth}"].T, p[f"b{numbers.depth}"])

    return train(numbers, scores, [*p.values()])


def sequential(numbers):
    layers = []
    for inputs, outputs in numbers.widths[:-1]:
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
    net = nn.Sequential(*layers, nn.Linear(*numbers.widths[-1])).double()
    load(numbers, net[::3], net[1::3])
    return train(numbers, net, net.parameters())


class Net(nn.Module):
    def __init__(self, widths):
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(*pair) for pair in widths)
        self.norms = nn.ModuleList(nn.BatchNorm1d(outputs) for _, outputs in widths[:-1])

    def forward(self, x):
        for linear, norm in zip(self.linears, self.norms, strict=False):
            x = F.relu(norm(linear(x)))
        return self.linears[-1](x)


def module(numbers):
    net = Net(numbers.widths).double()
    load(numbers, net.linears, net.norms)
    return train(numbers, net, net.parameters())


def load(numbers, linears, norms):
    p = {name: torch.tensor(array) for name, array in numbers.parameters.items()}
    with torch.no_grad():
        for i, linear in enumerate(linears, start=1):
            linear.weight.copy_(p[f"W{i}"].T)
            linear.bias.copy_(p[f"b{i}"])
        for i, norm in enumerate(norms, start=1):
            norm.weight.copy_(p[f"gamma{i}"])
            norm.bias.copy_(p[f"beta{i}"])


def train(numbers, scores, parameters):
    adam, losses = torch.optim.Adam(parameters, lr=numbers.rate), []
    for x, y in numbers.minibatches():
        loss = F.cross_entropy(scores(torch.tensor(x)), torch.tensor(y).long())
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    return losses
