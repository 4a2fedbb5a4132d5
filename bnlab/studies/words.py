"""Words that several studies share: the caption, the settings in words, and differences between arms."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from statistics import fmean
from typing import Any

from bnlab.errors import plural
from bnlab.evidence.sentences import without_zero
from bnlab.report.text import for_readers
from bnlab.runs.spec import NetSpec
from bnlab.studies.panels import loss_window, measured
from bnlab.studies.study import CommonSettings, Result

BASELINE = "no normalization"
"""The label of the arm without."""
ONE_SEED = "One seed: a difference here may turn round with the next seed, and nothing is claimed from it."
VARIED = {"seeds": "seeds", "images": "seeds and training images"}
"""What replicates differ in, in words."""


SAID: dict[str, dict[tuple[str, ...], Callable[[Any], str]]] = {
    "data": {("data.num_train",): lambda settings: images(settings)},
    "net": {
        ("net.hidden_dims",): lambda settings: layers(settings.net),
        ("net.weight_scale",): lambda settings: f"weight scale {settings.net.weight_scale:g}",
    },
    "solver": {
        ("solver.update_rule", "solver.learning_rate"): lambda settings: rule(settings),
        ("solver.update_rule",): lambda settings: for_readers(settings.solver.update_rule),
        ("solver.learning_rate",): lambda settings: f"learning rate {settings.solver.learning_rate:.4g}",
        ("solver.batch_size",): lambda settings: f"batch {settings.solver.batch_size}",
        ("solver.num_epochs",): lambda settings: plural(settings.solver.num_epochs, "epoch"),
    },
}
"""What captions say of a part of the settings: the keys that a phrase is about, and the phrase."""


def sweep_caption(settings: CommonSettings, topic: str, varied: Collection[str], *net: str) -> str:
    """The caption of a sweep: the settings in a line, without those that are swept. net: what else to say of the nets."""
    of_net, solver = (", ".join(_said(settings, part, varied)) for part in ("net", "solver"))
    return caption(settings, topic, ", ".join(filter(None, (*net, of_net))), solver, mark="point", varied=varied)


def _said(settings: CommonSettings, part: str, varied: Collection[str]) -> list[str]:
    """The phrases of a part of the settings: each setting once, by the first phrase that says nothing of what varies."""
    free = [keys for keys in SAID[part] if not set(keys) & set(varied)]
    return [SAID[part][keys](settings) for i, keys in enumerate(free) if not any(set(keys) & set(k) for k in free[:i])]


def caption(
    settings: CommonSettings,
    topic: str,
    net: str,
    training: str,
    mark: str = "curve",
    varied: Collection[str] = frozenset(),
) -> str:
    """The topic and the settings: what is common to all, around what the study says of its net and training.

    mark: what stands for the runs of an arm in the figure. varied: settings that differ between the arms.
    """
    data = ", ".join([settings.data.dataset, *_said(settings, "data", varied)])
    parts = [data, net, training, f"seed {settings.seed}, {_runs(settings, mark)}"]
    return f"{topic}: {'; '.join(part for part in parts if part)}"


def images(settings: CommonSettings) -> str:
    """The training images in words: 'first 1,000 training images'."""
    which = "first " if settings.vary == "seeds" else ""
    return f"{which}{plural(settings.data.num_train, 'training image')}"


def _runs(settings: CommonSettings, mark: str) -> str:
    if settings.replicates == 1:
        return f"one run per {mark}"
    which = f"{settings.replicates} replicates per {mark}, which differ in their {VARIED[settings.vary]}"
    return f"{which}; bold: the mean, and its 95 % interval; pale: single runs"


def loss_words(results: Sequence[Result]) -> str:
    """What the lines of a loss panel are."""
    ends = ", up to the first divergence" if any(result.diverged for result in results) else ""
    return f"; loss: pale as it is, bold the mean over {plural(loss_window(results), 'iteration')}{ends}"


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
    return f"{for_readers(settings.solver.update_rule)} at {settings.solver.learning_rate:.4g}"


def normalization_label(name: str) -> str:
    """A normalization as curves are labelled."""
    return BASELINE if name == "none" else name


def closing_words(settings: CommonSettings) -> str:
    """What the replicates differ in, and so what the findings may be generalized over."""
    if settings.replicates == 1:
        return ONE_SEED
    return f"{settings.replicates} replicates of seed {settings.seed}, which differ in their {VARIED[settings.vary]}."


def best_of_sweep(results: Sequence[Result]) -> str:
    """For each curve of a sweep the arm with the best mean validation accuracy."""
    curves: dict[str, list[tuple[float, str]]] = {}
    for result in results:
        if result.histories:
            mean = fmean(measured("best_val_acc")(history) for history in result.histories)
            curves.setdefault(result.arm.curve, []).append((mean, result.arm.label))
    best = [max(arms, key=lambda arm: arm[0]) for arms in curves.values()]
    return "Best validation accuracy: " + ", ".join(
        f"{without_zero(f'{mean:.3f}')} ({for_readers(label)})" for mean, label in best
    )


def best_reached(results: Sequence[Result]) -> str:
    """The best accuracies of each arm, as a title may state them: means, with no word on what they mean."""
    reached = []
    for result in results:
        if result.histories:
            measures = map(measured, ("best_train_acc", "best_val_acc"))
            means = (fmean(map(measure, result.histories)) for measure in measures)
            reached.append(f"{for_readers(result.arm.label)} {' / '.join(without_zero(f'{mean:.2f}') for mean in means)}")
    return f"Best training / validation accuracy: {', '.join(reached)}" if reached else "Nothing was reached: no run ended"
