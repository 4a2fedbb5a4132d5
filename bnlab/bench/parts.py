"""The parts of the bench: each measures one kind of thing, in processes of their own, and hands out figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bnlab.bench.driver import measure_driver
from bnlab.bench.figures import Figure, rate_of, ratio_of, time_of
from bnlab.bench.goals import OVER_LIMIT
from bnlab.bench.processes import measure
from bnlab.bench.startup import measure_startup
from bnlab.bench.sweep import environment_for, kernels_installed, measure_sweep, representative
from bnlab.lab.executor import ONE_THREAD
from bnlab.studies.plan import StudyPlan

SHORT = 5
"""Rounds of what takes little time, for each round of the sweep."""


@dataclass(frozen=True)
class Bench:
    """What is to be measured. options: those of our sweep that made the plan. runs: those of the driver's
    part. say: is told what is under way."""

    plan: StudyPlan
    options: tuple[str, ...]
    jobs: int
    rounds: int
    runs: int
    say: Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """What a part measured. repeats: the seconds of each round, of what should be steady. reached: the best accuracies of
    each program, by normalization."""

    figures: Sequence[Figure]
    repeats: Mapping[str, Sequence[float]] = field(default_factory=dict)
    reached: Mapping[str, Any] = field(default_factory=dict)


def _sweep(bench: Bench) -> Measured:
    return Measured(*measure_sweep(bench.plan, bench.options, bench.jobs, bench.rounds, bench.say))


def _run(bench: Bench) -> Measured:
    """A run on one core, with each kind of kernels."""
    options = {
        "run": representative(bench.plan).to_json(),
        "folders": [str(folder) for folder in bench.plan.folders],
        "rounds": SHORT * bench.rounds,
    }
    figures, repeats = [], {}
    for kernels in kernels_installed():
        bench.say(f"a run on one core, and its limit, with {kernels}")
        found = measure("run", options, {**ONE_THREAD, **environment_for(kernels)})
        figures += _of_run(found, kernels)
        repeats[f"a run with {kernels}"] = found["run"]
    return Measured(figures, repeats)


def _of_run(found: Mapping[str, Any], kernels: str) -> list[Figure]:
    taken = time_of("run", "a run on one core", kernels, found["run"])
    where = [time_of("run", f"run: {name}", kernels, [share * taken.value]) for name, share in found["shares"].items()]
    limits = [time_of("run", "its limit", kernels, found["limit"])]
    limits += [time_of("run", f"limit: {name}", kernels, seconds) for name, seconds in found["limit_parts"].items()]
    rates = [
        rate_of("run", "products", kernels, [rate / 1e9 for rate in found["flops"]], "GFLOP/s"),
        rate_of("run", "memory, for Adam", kernels, [rate / 1e9 for rate in found["bandwidth"]], "GB/s"),
    ]
    return [taken, *where, *limits, ratio_of("run", OVER_LIMIT, kernels, found["run"], found["limit"]), *rates]


def _layers(bench: Bench) -> Measured:
    bench.say("the layers")
    return Measured(_against_torch("layers", "", measure("layers", {"rounds": SHORT * bench.rounds}, ONE_THREAD)))


def _steps(bench: Bench) -> Measured:
    """Adam and a training step, with each kind of kernels."""
    figures = []
    for kernels in kernels_installed():
        bench.say(f"Adam and a training step with {kernels}")
        variables = {**ONE_THREAD, **environment_for(kernels)}
        figures += _against_torch("step", kernels, measure("steps", {"rounds": SHORT * bench.rounds}, variables))
    return Measured(figures)


def _conv(bench: Bench) -> Measured:
    bench.say("the convolution")
    return Measured(_against_torch("conv", "", measure("conv", {"rounds": SHORT * bench.rounds}, ONE_THREAD)))


def _loops(bench: Bench) -> Measured:
    bench.say("the convolution by loops, for about a minute")
    timed = measure("loops", {}, ONE_THREAD)
    return Measured([ratio_of("loops", f"loops, over {what}", "", theirs, ours) for what, ours, theirs in timed])


def _startup(bench: Bench) -> Measured:
    bench.say("start-up")
    return Measured(measure_startup(bench.rounds))


def _driver(bench: Bench) -> Measured:
    bench.say(f"the driver, with {bench.runs:,} runs")
    return Measured(measure_driver(bench.runs, bench.rounds))


def _against_torch(part: str, kernels: str, timed: Sequence[Any]) -> list[Figure]:
    """Our times, and over PyTorch's where that is installed."""
    figures = []
    for what, ours, theirs in timed:
        figures.append(time_of(part, what, kernels, ours))
        if theirs is not None:
            figures.append(ratio_of(part, f"{what}, over PyTorch's", kernels, ours, theirs))
    return figures


class Part(NamedTuple):
    """A part: what it measures, in words, and how. usual: whether it is measured if no part is named."""

    meaning: str
    measure: Callable[[Bench], Measured]
    usual: bool = True


PARTS = {
    "sweep": Part("the weight-scale sweep against PyTorch, JAX and a notebook", _sweep),
    "run": Part("a run on one core, where its time goes, and its limit", _run),
    "step": Part("Adam and a whole training step against PyTorch", _steps),
    "layers": Part("affine, batchnorm, layernorm and dropout against PyTorch", _layers),
    "conv": Part("the convolution against PyTorch", _conv),
    "startup": Part("how long programs take to start", _startup),
    "driver": Part(
        "what the driver costs per run, with --runs N made-up ones, and what two workers gain", _driver, usual=False
    ),
    "loops": Part("the convolution against the notebooks' loops, which take a minute", _loops, usual=False),
}
USUAL = [name for name, part in PARTS.items() if part.usual]
