"""A user's imported file: how its functions are found, and how they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from bnlab.cases import NOTEBOOK_CASES, Case
from bnlab.homework.faults import Fault, Unwritten, is_placeholder, their_code
from bnlab.homework.spelling import is_misspelt

ENDINGS = ("", "_naive")
"""What the notebooks add to a function's name."""


def names_of(case: Case) -> tuple[str, str]:
    """The names of the case's forward and backward function; a loss is one function that is both."""
    return case.forward_function.__name__, case.backward_function.__name__


KNOWN = tuple(dict.fromkeys(name for case in NOTEBOOK_CASES.values() for name in names_of(case)))


class UserFunction:
    """A function of a user's. It gets copies, so that it can't spoil our arrays, and what it does to them is noted.

    changed: the names of the arguments that a call changed in place. given: the arguments of the last call. given_up: why
    it isn't to be called any more. on_call: called before each call.
    """

    def __init__(
        self,
        function: Any,
        name: str,
        arguments: Sequence[str],
        folder: Path,
        given_up: str | None,
        on_call: Callable[[], None],
    ) -> None:
        self.function, self.name, self.arguments, self.folder = function, name, arguments, folder
        self.given_up, self.on_call = given_up, on_call
        self.changed: dict[str, None] = {}
        self.given: tuple[Any, ...] = ()

    def __call__(self, *args: Any) -> Any:
        if self.given_up:
            raise Fault(self.given_up)
        self.given = tuple(arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args)
        self.on_call()
        try:
            with their_code(self.folder):
                result = self.function(*self.given)
        except Fault as fault:
            if is_placeholder(fault.__cause__):
                raise Unwritten from fault
            raise
        for name, before, after in zip(self.arguments, args, self.given, strict=False):
            if isinstance(before, np.ndarray) and before.tobytes() != after.tobytes():
                self.changed[name] = None
        return result


class UserFile:
    """The functions in an imported file.

    given_up: by name, why a function isn't to be called any more. on_call: gets the name of each function before its call.
    """

    def __init__(
        self, module: ModuleType, given_up: Mapping[str, str] | None = None, on_call: Callable[[str], None] | None = None
    ) -> None:
        self.functions = {name: value for name, value in vars(module).items() if callable(value)}
        self.folder = Path(str(module.__file__)).parent
        self.given_up, self.on_call = given_up or {}, on_call or (lambda name: None)

    def find(self, name: str, arguments: Sequence[str] = ()) -> UserFunction | None:
        """The function of that name, or of the same name ending in `_naive`; None if the file has neither.

        arguments: the names of its array arguments, in order.
        """
        for own_name in (name + ending for ending in ENDINGS):
            if own_name in self.functions:
                return UserFunction(
                    self.functions[own_name],
                    own_name,
                    arguments,
                    self.folder,
                    self.given_up.get(name),
                    lambda: self.on_call(name),
                )
        return None

    @cached_property
    def found(self) -> list[str]:
        """The known functions that the file has."""
        return [name for name in KNOWN if self.find(name)]

    @cached_property
    def misspelt(self) -> dict[str, tuple[str, str]]:
        """By missing function: the name in the file that is probably meant to be it, and how that should be spelt."""
        missing = [name + ending for name in KNOWN if name not in self.found for ending in ENDINGS]
        others = [name for name in self.functions if name.removesuffix("_naive") not in KNOWN]
        pairs = {other: next((name for name in missing if is_misspelt(other, name)), None) for other in others}
        return {right.removesuffix("_naive"): (other, right) for other, right in pairs.items() if right}
