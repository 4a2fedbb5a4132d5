"""Layers that behave differently in training and at test time say which in `mode`."""

from __future__ import annotations

from bnlab.layers.types import Param

MODES = ("train", "test")


def check_mode(param: Param, name: str) -> str:
    """The mode in a layer's param dict. Raises ValueError if it is missing or neither 'train' nor 'test'."""
    mode = param.get("mode")
    if mode not in MODES:
        raise ValueError(f"{name}['mode'] is {mode!r}: it must be 'train' or 'test'")
    return str(mode)
