"""The command line: a module a command, loaded when it is called. `bnlab --help` imports neither NumPy nor Matplotlib."""

from __future__ import annotations

from bnlab.cli.main import cli


def main() -> None:
    """The `bnlab` program."""
    cli(prog_name="bnlab")
