"""Words that several studies share: the caption, the settings in words, and differences between arms."""

from __future__ import annotations

from statistics import fmean

from bnlab.errors import plural
from bnlab.runs.spec import NetSpec
from bnlab.studies.study import CommonSettings, Result

ACCURACIES = ("train_acc_history", "val_acc_history")
ONE_SEED = "One seed: a difference here may turn round with the next seed, and nothing is claimed from it."


def caption(settings: CommonSettings, net: str, training: str, mark: str = "curve") -> str:
    """The settings in a line: what is common to all, around what the study says of its net and training.

    mark: what stands for one run in the figure.
    """
    data = f"{settings.data.dataset}, first {plural(settings.data.num_train, 'training image')}"
    return f"{data}; {net}; {training}; seed {settings.seed}, one run per {mark}"


def layers(net: NetSpec) -> str:
    """The hidden layers in words: '5 hidden layers of 100'."""
    dims = net.hidden_dims
    if len(set(dims)) > 1:
        return f"hidden layers of {', '.join(map(str, dims))}"
    return f"{plural(len(dims), 'hidden layer')} of {dims[0]}"


def training(settings: CommonSettings) -> str:
    """The training in words: 'adam at 0.001, batch 50, 10 epochs'."""
    return f"{rule(settings)}, batch {settings.solver.batch_size}, {plural(settings.solver.num_epochs, 'epoch')}"


def rule(settings: CommonSettings) -> str:
    """The update rule in words: 'adam at 0.001'."""
    return f"{settings.solver.update_rule} at {settings.solver.learning_rate:.4g}"


def normalization_label(name: str) -> str:
    """A normalization as curves are labelled."""
    return "no normalization" if name == "none" else name


def differences(results: list[Result], baseline: Result) -> list[str]:
    """How each arm differs from the baseline at the last check, in words."""
    return [_difference(result, baseline) for result in results if result is not baseline]


def _difference(result: Result, baseline: Result) -> str:
    who = f"{result.arm.label} less {baseline.arm.label}"
    for each in (result, baseline):
        if each.failures or not each.histories:
            return f"{who}: not known, since {each.arm.label} failed"
        if any(history.diverged_at is not None for history in each.histories):
            return f"{who}: not compared, since {each.arm.label} diverged"
    train, val = (_at_the_end(result, name) - _at_the_end(baseline, name) for name in ACCURACIES)
    return f"{who}, at the end: training accuracy {train:+.3f}, validation accuracy {val:+.3f}"


def _at_the_end(result: Result, accuracy: str) -> float:
    """The mean over an arm's replicates of an accuracy at the last check."""
    return fmean(getattr(history.outcome, accuracy)[-1] for history in result.histories)
