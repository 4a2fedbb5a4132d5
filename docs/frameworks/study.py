"""What all three programs share: the study's settings, its images, and the numbers that are drawn for it."""

from __future__ import annotations

from itertools import pairwise

from bnlab.lab.images import arrays
from bnlab.runs.draws import Draws
from bnlab.studies import STUDIES
from bnlab.studies.plan import make_plan
from bnlab.studies.settings import parse_set


def batchnorm_study(*settings):
    """The first run of `bnlab compare` in float64. settings: as after -s, such as 'solver.num_epochs=1'."""
    plan = make_plan(STUDIES[0], None, [parse_set(each) for each in ("dtype=float64", "replicates=1", *settings)])
    return plan.runs[0]


class Numbers:
    """The initial parameters by name, and the minibatches, images (N, D) and labels (N,), in turn."""

    def __init__(self, run):
        self.run, self.data = run, arrays(run, ())
        self.draws = Draws(run, self.data)
        self.parameters = self.draws.parameters()
        self.rate = run.solver.learning_rate
        self.depth = run.net.num_layers  # 5 hidden layers, and the last
        self.widths = [*pairwise([self.data["X_train"][0].size, *run.net.hidden_dims, self.draws.num_classes])]

    def minibatches(self):
        for iteration in range(1, self.run.num_iterations + 1):
            picked = self.draws.minibatch(iteration)
            yield self.data["X_train"][picked].reshape(len(picked), -1), self.data["y_train"][picked]
