"""The table of commands. Studies come from their registry; all other commands are listed here."""

from __future__ import annotations

from functools import partial
from importlib import import_module

import click

from bnlab import __version__
from bnlab.cli.lazy import CommandRow, LazyGroup, Program
from bnlab.studies import STUDIES, StudyEntry

GROUPS = {"sweep": "One setting, or several, over a range of values.", "runs": "The stored runs.", "data": "The data sets."}
GENERAL = {"sweep": "KEY=V1,V2"}
"""The command of a group that is called by its arguments alone."""
MORE_HELP = {
    "sweep": "Besides the sweeps below, any settings can be swept: bnlab sweep KEY=V1,V2 [KEY=V1,V2] [--against KEY=V].\n\n"
    "The first KEY is the x axis. Each further KEY gives a curve for each of its values. Each --against gives one more "
    "curve, the baseline. For instance:\n\n\b\n"
    "  bnlab sweep net.reg=0,0.01,0.1 net.normalization=batchnorm,layernorm \\\n"
    "      --against net.normalization=none\n\n"
    "bnlab sweep KEY=V1,V2 --help says more.",
}
COMMANDS = {
    "gradcheck": ("bnlab.cli.gradcheck", "Numeric against analytic gradients, layer by layer; ours, or your own."),
    "train": ("bnlab.cli.train", "One net on all images of a data set, as a settings file says; with checkpoints."),
    "evaluate": ("bnlab.cli.evaluate", "A trained net on the test images: accuracy, confusion matrix, surest mistakes."),
    "settings": ("bnlab.cli.settings", "The settings of a study: what each means, and where it comes from."),
    "reproduce": ("bnlab.cli.reproduce", "Everything at once: all studies, verify, gradcheck, and one page about them."),
    "verify": ("bnlab.cli.verify", "Every number that the notebooks publish, computed again and compared."),
    "parity": ("bnlab.cli.parity", "Other frameworks beside our own core: layers, update rules, nets, whole trainings."),
    "bench": ("bnlab.cli.bench", "How fast this is, side by side with PyTorch, JAX and a notebook."),
    "sweep KEY=V1,V2": ("bnlab.cli.sweep", "The general form: any settings over lists of values."),
    "report": ("bnlab.cli.report", "One page with all that a results folder holds, to read and to hand out."),
    "runs list": ("bnlab.cli.runs_list", "The stored runs: their settings and results, as a table, CSV or JSON."),
    "runs show": ("bnlab.cli.runs_show", "One run: its settings, its outcome, one line per curve."),
    "runs diff": ("bnlab.cli.runs_diff", "Two runs: which settings differ, and what came out."),
    "runs gc": ("bnlab.cli.runs_gc", "What nobody needs any more, or runs that you name: list them, or delete them."),
    "runs export": ("bnlab.cli.runs_export", "Stored runs as files for other programs: CSV, Parquet, TensorBoard."),
    "data list": ("bnlab.cli.data", "Which data sets are here, where from, how large."),
    "data fetch": ("bnlab.cli.data_fetch", "CIFAR-10 or Fashion-MNIST from the network, checked by their hashes."),
}
TRAIN = {"reproduce", "parity", "sweep KEY=V1,V2"}
"""Of these, the commands that train nets in workers, as all studies do."""


def _table() -> dict[str, CommandRow]:
    """All commands and groups by the first word after `bnlab`."""
    studies: dict[str, list[StudyEntry]] = {}
    for entry in STUDIES:
        studies.setdefault(entry.command, []).append(entry)
    rows = {
        command: CommandRow(entries[0].help, partial(_study, entries), trains=True) for command, entries in studies.items()
    }
    rows |= {
        path: CommandRow(text, partial(_command, module), trains=path in TRAIN) for path, (module, text) in COMMANDS.items()
    }
    for group, text in GROUPS.items():
        inner = {path.split()[1]: rows.pop(path) for path in list(rows) if path.startswith(f"{group} ")}
        example = f"Example: bnlab {group} {next(iter(inner))}"
        whole = "\n\n".join(filter(None, (text, MORE_HELP.get(group))))
        make = partial(LazyGroup, group, table=inner, general=GENERAL.get(group), help=whole, epilog=example)
        rows[group] = CommandRow(text, make, inner)
    return rows


def _study(entries: list[StudyEntry]) -> click.Command:
    from bnlab.cli.study import study_command

    return study_command(entries)


def _command(module: str) -> click.Command:
    command: click.Command = import_module(module).command
    return command


cli = click.version_option(__version__, prog_name="bnlab")(
    Program(
        "bnlab",
        table=_table(),
        context_settings={"help_option_names": ["-h", "--help"]},
        help="What batch normalization, layer normalization and dropout do to the training of neural nets.\n\n"
        "Each study is one command and leaves its results and pictures in the results folder.",
        epilog="Example: bnlab sweep weight-scale",
    )
)
