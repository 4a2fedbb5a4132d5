"""Groups of commands, given as tables. The module of a command is imported when the command is called."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

import click

from bnlab.errors import BnlabError, explain
from bnlab.lab.interrupts import Terminated, interrupt_behind, one_interrupt


class Interrupted(BnlabError):
    """Ctrl-C, or SIGTERM. more: text to add."""

    exit_status = 130

    def __init__(self, cause: KeyboardInterrupt | None = None, more: str = "") -> None:
        terminated = isinstance(cause, Terminated)
        self.exit_status = 143 if terminated else 130
        super().__init__(("Terminated" if terminated else "Interrupted") + more)


@contextmanager
def interruptible(more: Callable[[], str] = str) -> Iterator[None]:
    """After Ctrl-C or SIGTERM raise Interrupted. more: gives what to add, such as how much is stored."""
    try:
        yield
    except (BnlabError, OSError):
        raise
    except BaseException as error:
        if interrupt := interrupt_behind(error):
            raise Interrupted(interrupt, more()) from error
        raise


class CommandRow(NamedTuple):
    """A command in the table: one line of help, and the function that makes it. inner: the table of a group. trains:
    whether it trains nets in workers."""

    help: str
    make: Callable[[], click.Command]
    inner: Mapping[str, CommandRow] = {}
    trains: bool = False


NO_WORKERS = {"-h", "--help", "--dry-run", "-j1"}
"""With any of these among its arguments a command has no workers."""


class LazyGroup(click.Group):
    """A group with its commands in `table`, by name. general: the one that is called by its KEY=VALUE alone."""

    def __init__(self, *args: Any, table: Mapping[str, CommandRow], general: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table
        self.general = general

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [self.general, *args] if self.general and self._names_none(args) else args)

    def _names_none(self, args: Sequence[str]) -> bool:
        """Whether the arguments begin with KEY=VALUE, or have one after options, and no command's name."""
        if args and not args[0].startswith("-"):
            return "=" in args[0]
        words = [arg for arg in args if not arg.startswith("-")]
        return any("=" in word for word in words) and not any(word in self.table for word in words)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self.table[cmd_name].make() if cmd_name in self.table else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.table:
            hint = _nearest_command(ctx.find_root(), args[0])
            ctx.fail(f"{ctx.command_path} has no command {args[0]!r}: there are {', '.join(self.table)}{hint}")
        if args and args[0] in self.table and self.table[args[0]].trains and _has_workers(args):
            from bnlab.lab.executor import start_early

            start_early()  # while this process imports what the command takes
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            _refuse_repeats(click.Context(command, ctx, name, resilient_parsing=True), rest)
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.help) for name, row in self.table.items()])


def _has_workers(args: Sequence[str]) -> bool:
    pairs = [*pairwise(args), *(tuple(arg.split("=", 1)) for arg in args if "=" in arg)]
    one_job = any(option in ("-j", "--jobs") and number == "1" for option, number in pairs)
    elsewhere = any(option == "--executor" and name != "process" for option, name in pairs)
    return not one_job and not elsewhere and NO_WORKERS.isdisjoint(args)


def _nearest_command(root: click.Context, word: str) -> str:
    """What to add to an error about an unknown command: the commands that end in this word or in one like it."""
    paths: dict[str, list[str]] = {}
    for name, row in root.command.table.items():  # type: ignore[attr-defined]
        for inner in row.inner:
            paths.setdefault(inner, []).append(f"{root.command_path} {name} {inner}")
        paths.setdefault(name, []).append(f"{root.command_path} {name}")
    near = get_close_matches(word, paths, n=1)
    return f"; did you mean {' or '.join(paths[near[0]])}?" if near else ""


def _refuse_repeats(ctx: click.Context, args: Sequence[str]) -> None:
    """Refuse an option that is given twice and takes one value: Click would take the last one in silence."""
    *_, order = ctx.command.make_parser(ctx).parse_args([*args])
    for param, count in Counter(order).items():
        if count > 1 and isinstance(param, click.Option) and not (param.multiple or param.is_flag or param.count):
            raise click.UsageError(f"{max(param.opts, key=len)} is given {count} times: give it once", ctx)


def asked() -> str:
    """The command line that is being carried out, as one may type it again."""
    root = click.get_current_context().find_root().command
    return shlex.join(["bnlab", *(root.arguments if isinstance(root, Program) else sys.argv[1:])])


class Program(LazyGroup):
    """The outermost group: every error is one line on standard error, with the exit status it stands for."""

    arguments: Sequence[str] = ()

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        self.arguments = sys.argv[1:] if args is None else [*args]
        extra["standalone_mode"] = False
        try:
            status = super().main(args, *rest, **extra)
            sys.stdout.flush()
            sys.exit(status)
        except click.ClickException as error:
            if isinstance(error, click.exceptions.NoArgsIsHelpError):  # a group without a command
                error.show()
                sys.exit(2)
            usage = isinstance(error, click.UsageError) and error.ctx is not None
            remedy = f"; see {error.ctx.command_path} --help" if usage else ""  # type: ignore[attr-defined]
            _end(" ".join(error.format_message().split()).rstrip(".") + remedy, 2)
        except (BnlabError, OSError) as error:
            explained = explain(error)
            _end(str(explained), explained.exit_status, prefix="" if isinstance(error, Interrupted) else "Error: ")
        except click.Abort:
            _end(str(Interrupted()), Interrupted.exit_status, prefix="")

    def invoke(self, ctx: click.Context) -> Any:
        with interruptible(), one_interrupt():
            return super().invoke(ctx)


def _end(message: str, status: int, prefix: str = "Error: ") -> NoReturn:
    for line in message.splitlines():
        click.echo(f"{prefix}{line}", err=True)
    sys.exit(status)
