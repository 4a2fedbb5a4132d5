"""The studies. Each is a question, in a module of its own: its settings, its arms, its figure and its findings.

To add one: a module here, a file in `experiments/`, and its row below. The command appears by itself. The table imports no
study, so that `bnlab --help` stays fast.
"""

from __future__ import annotations

from typing import NamedTuple


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
    model: str = "mlp"
    """The kind of net it trains. Rows that differ in it may share a command: `--model` chooses, the first by default."""

    @property
    def name(self) -> str:
        """The command with the model, where that isn't the usual one."""
        return self.command if self.model == "mlp" else f"{self.command} --model {self.model}"


STUDIES = (
    StudyEntry("compare", "bnlab.studies.compare", "compare.yaml", "A normalization against none."),
    StudyEntry("compare", "bnlab.studies.compare_cnn", "compare-cnn.yaml", "Spatial normalizations against none.", "cnn"),
    StudyEntry(
        "sweep weight-scale",
        "bnlab.studies.weight_scale",
        "weight-scale.yaml",
        "20 scales of the initial weights, with and without batchnorm.",
    ),
    StudyEntry(
        "sweep batch-size",
        "bnlab.studies.batch_size",
        "batch-size.yaml",
        "Batch sizes with a normalization, and a baseline without.",
    ),
    StudyEntry("dropout", "bnlab.studies.dropout", "dropout.yaml", "Dropout against none."),
)
