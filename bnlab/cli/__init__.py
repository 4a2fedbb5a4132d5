"""The command line: one module per command, loaded when it is called. `bnlab --help` imports no NumPy and no Matplotlib."""

from __future__ import annotations

from bnlab.cli.main import cli
from bnlab.cli.streams import prepare_streams


def main() -> None:
    """The `bnlab` program."""
    prepare_streams()
    cli(prog_name="bnlab")
