"""Checks of the layers' arguments. All raise ValueError, with a message that says what is allowed."""

from __future__ import annotations

from numbers import Integral, Real

from bnlab.layers.types import Array, Param

MODES = ("train", "test")


def check_mode(param: Param, name: str) -> str:
    """The mode in a layer's param dict, for layers that behave differently in training and at test time."""
    mode = param.get("mode")
    if mode not in MODES:
        raise ValueError(f"{name}['mode'] is {mode!r}: it must be 'train' or 'test'")
    return str(mode)


def whole_number(param: Param, name: str, key: str, least: int) -> int:
    """The whole number at a key of a layer's param dict."""
    value = param.get(key)
    if not isinstance(value, Real) or not float(value).is_integer() or value < least:
        raise ValueError(f"{name}[{key!r}] is {value!r}: it must be a whole number of at least {least}")
    return int(float(value))


def check_images(x: Array) -> None:
    """x has four axes."""
    _check_axes("x", x, "(N, C, H, W)")


def check_filters(x: Array, w: Array) -> None:
    """x and w have four axes each, and the same number of channels."""
    _check_axes("x", x, "(N, C, H, W)")
    _check_axes("w", w, "(F, C, HH, WW)")
    if x.shape[1] != w.shape[1]:
        raise ValueError(
            f"x {x.shape} has C = {x.shape[1]} channels and w {w.shape} has C = {w.shape[1]}: they must have the same"
        )


def check_filter_size(size: int) -> None:
    """The size is odd, so that padding by half of it, rounded down, keeps the size of the images."""
    if size < 1 or size % 2 == 0:
        raise ValueError(f"filter_size is {size}: it must be odd and at least 1 for the padding to keep the images' size")


def check_groups(C: int, G: int | None) -> None:
    """C channels can be split into G groups of one size."""
    if not isinstance(G, Integral) or G < 1 or C % G:
        why = f"{C} = {C // G} * {G} + {C % G}" if isinstance(G, Integral) and G >= 1 else f"{G} is no number of groups"
        raise ValueError(f"{C} channels can't be split into {G} groups of one size: {why}; give a divisor of {C}")


def _check_axes(name: str, array: Array, axes: str) -> None:
    if array.ndim != 4:
        raise ValueError(f"{name} is {array.shape}: it must be {axes}")
