"""The `bnlab` program, which is also `python -m bnlab`."""

import sys


def main() -> None:
    """Carry out the command line. Ctrl-C while the program still loads ends it with a word too."""
    try:
        from bnlab.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
