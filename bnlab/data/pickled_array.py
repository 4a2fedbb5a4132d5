"""What takes the place of NumPy's functions while a pickle is read: it notes an array down instead of building it.

The names are those of all versions of NumPy (`numpy.core` became `numpy._core` in 2.0) and of both ways to pickle an array:
empty at first and then given a state, or, since protocol 5, from a buffer. Source: `pickletools.dis` of pickled arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class BadPickleError(Exception):
    """What is wrong with a pickle, in words that follow its file's name."""


class PickledArray:
    """An array as it was pickled: shape, dtype without byte order (`u1`), order of its axes (C or F), and its bytes."""

    __slots__ = ("data", "dtype", "order", "shape")

    def __init__(self) -> None:
        self.note((0,), "u1", "C", b"")

    def note(self, shape: Any, dtype: Any, order: Any, data: Any) -> None:
        """Keeps these. Raises BadPickleError if one has a wrong type."""
        dtype = _text(dtype.name if isinstance(dtype, _Dtype) else dtype)
        order = _text(order)
        if "O" in dtype:
            raise BadPickleError("it holds an array of Python objects")
        whole = isinstance(shape, tuple) and all(type(length) is int and length >= 0 for length in shape)
        if not whole or order not in ("C", "F") or not isinstance(data, (bytes, bytearray)):
            raise BadPickleError("it holds an array of an unknown form")
        self.shape: tuple[int, ...] = shape
        self.dtype: str = dtype
        self.order: str = order
        self.data: bytes | bytearray = data

    def __setstate__(self, state: Any) -> None:
        """The state that NumPy gives an array: version, shape, dtype, whether in Fortran's order, bytes."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise BadPickleError("it holds an array of an unknown form")
        _, shape, dtype, fortran, data = state
        self.note(shape, dtype, "F" if fortran else "C", data)


class _Dtype:
    """A dtype's name. Its state (byte order, alignment) means nothing to single bytes, and no others are used."""

    __slots__ = ("name",)

    def __init__(self, name: Any, *_: Any) -> None:
        self.name = _text(name)

    def __setstate__(self, state: Any) -> None:
        pass


@dataclass(frozen=True)
class _Function:
    """A permitted name. It can be called, but no pickle can change it."""

    call: Callable[..., Any]

    def __call__(self, *args: Any) -> Any:
        return self.call(*args)

    def __setstate__(self, state: Any) -> None:
        raise BadPickleError("it is a pickle that changes what it was lent")


def _text(value: Any) -> str:
    """Python 2's strings arrive as bytes."""
    if isinstance(value, bytes):
        value = value.decode("latin1")
    if not isinstance(value, str):
        raise BadPickleError("it holds an array of an unknown form")
    return value


def _encode(text: Any, encoding: Any) -> bytes:
    """Up to protocol 2, bytes are pickled as text in Latin-1."""
    if not isinstance(text, str) or encoding != "latin1":
        raise BadPickleError("it holds bytes of an unknown form")
    return text.encode("latin1")


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> PickledArray:
    array = PickledArray()
    array.note(shape, dtype, order, data)
    return array


def _no_call(*_: Any) -> Any:
    raise BadPickleError("it is a pickle that calls numpy.ndarray")


_reconstruct = _Function(lambda *_: PickledArray())
PERMITTED = {
    ("__builtin__", "bytes"): _Function(lambda: b""),  # how protocol 2 pickles no bytes at all
    ("_codecs", "encode"): _Function(_encode),
    ("numpy", "dtype"): _Function(_Dtype),
    ("numpy", "ndarray"): _Function(_no_call),  # only handed to _reconstruct
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.numeric", "_frombuffer"): _Function(_from_buffer),
    ("numpy._core.numeric", "_frombuffer"): _Function(_from_buffer),
}
"""(module, name) as pickles have them, and what stands in for each."""
