"""Where random numbers come from. Nets and the Solver take any object that has the methods they call:

- `standard_normal(shape)` for initial weights: once for each weight array, in the order of the layers
- `choice(n, size)` for minibatches and evaluation: `size` indices below n, drawn with replacement
- `random(shape)` for dropout: uniform on [0, 1), once for each dropout layer in each training pass

NumPy's RandomState and Generator have them all. So has the module `np.random`, which stands for NumPy's global stream. A
source may as well hand out draws that were made before. To be saved, it needs `get_state()` and `set_state(state)`; a
Generator, which has neither, is saved by its `bit_generator`.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np


def or_global(source: Any) -> Any:
    """The source itself; NumPy's global stream for None."""
    return np.random if source is None else source


def state_of(source: Any) -> Any:
    """A copy of the source's state. Raises TypeError for a source that can't be saved."""
    if hasattr(source, "get_state"):
        return copy.deepcopy(source.get_state())
    if hasattr(source, "bit_generator"):
        return copy.deepcopy(source.bit_generator.state)
    raise TypeError(
        f"{source!r} can't be saved: a source of random numbers needs get_state() and set_state(state) for that"
    )


def set_state(source: Any, state: Any) -> None:
    """Bring the source to a state that `state_of` gave."""
    if hasattr(source, "set_state"):
        source.set_state(copy.deepcopy(state))
    else:
        source.bit_generator.state = state
