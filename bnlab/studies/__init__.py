"""The studies. Each is a question, in a module of its own: its settings, its arms, its figure and its findings.

To add one: a module here, a file in `experiments/`, and its row below. The command appears by itself. The table imports no
study, so that `bnlab --help` stays fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Form(NamedTuple):
    """A study with other settings than its file's, which `bnlab reproduce` carries out too; and why."""

    settings: Mapping[str, Any]
    reason: str


class StudyEntry(NamedTuple):
    """A study as the registry knows it."""

    command: str
    """The words after `bnlab`."""
    module: str
    """Offers what `bnlab.studies.study.Study` lists."""
    experiment: str
    """The settings file in `experiments/`."""
    help: str
    """One line."""
    title: str = ""
    """What it is about, in a few words; what is compared follows in headings."""
    model: str = "mlp"
    """The kind of net it trains. Rows that differ in it may share a command: `--model` chooses, the first by default."""

    forms: tuple[Form, ...] = ()
    """What `bnlab reproduce` carries out besides the study as its file has it."""

    @property
    def name(self) -> str:
        """The command with the model, where that isn't the usual one."""
        return self.command if self.model == "mlp" else f"{self.command} --model {self.model}"


SWEEP = StudyEntry("sweep", "bnlab.studies.sweep", "sweep.yaml", "Any settings over lists of values.")
"""The general sweep. Its arms come from the command line, so it is no row of the table."""
STUDIES = (
    StudyEntry(
        "compare",
        "bnlab.studies.compare",
        "compare.yaml",
        "A normalization against none.",
        "Training a deep net",
        forms=(Form({"arms.norm": "layernorm"}, "the notebooks compare both normalizations with none"),),
    ),
    StudyEntry(
        "compare",
        "bnlab.studies.compare_cnn",
        "compare-cnn.yaml",
        "Spatial normalizations against none.",
        "Training a convnet",
        "cnn",
    ),
    StudyEntry(
        "sweep weight-scale",
        "bnlab.studies.weight_scale",
        "weight-scale.yaml",
        "20 scales of the initial weights, with and without batchnorm.",
        "Initial weight scale",
    ),
    StudyEntry(
        "sweep batch-size",
        "bnlab.studies.batch_size",
        "batch-size.yaml",
        "Batch sizes with a normalization, and a baseline without.",
        "Batch size",
        forms=(
            Form({"arms.norm": "all"}, "only both in one figure can test that layernorm depends less on the batch size"),
            Form({"arms.equal_updates": True}, "at equal epochs small batches make more updates, which may be the reason"),
        ),
    ),
    StudyEntry(
        "sweep learning-rate",
        "bnlab.studies.learning_rate",
        "learning-rate.yaml",
        "31 learning rates, with and without batchnorm.",
        "Learning rate",
    ),
    StudyEntry(
        "sweep feature-width",
        "bnlab.studies.feature_width",
        "feature-width.yaml",
        "Hidden layers of 2 to 200 units, with layernorm, batchnorm and none.",
        "Width of the hidden layers",
    ),
    StudyEntry(
        "sweep depth",
        "bnlab.studies.depth",
        "depth.yaml",
        "1 to 20 hidden layers, with batchnorm, layernorm and none.",
        "Number of hidden layers",
    ),
    StudyEntry(
        "sweep update-rule",
        "bnlab.studies.update_rule",
        "update-rule.yaml",
        "Update rules, each at a rate of its own.",
        "Update rule",
    ),
    StudyEntry("dropout", "bnlab.studies.dropout", "dropout.yaml", "Dropout against none.", "Dropout"),
)
