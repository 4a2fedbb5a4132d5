"""A watch over NumPy's global stream."""

from __future__ import annotations

import numpy as np
import pytest


class GlobalStream:
    """Knows the state in which the test found the global stream."""

    def __init__(self) -> None:
        self.before = self._state()

    def untouched(self) -> bool:
        return self._state() == self.before

    @staticmethod
    def _state() -> list:
        return [part.tolist() if isinstance(part, np.ndarray) else part for part in np.random.get_state()]


@pytest.fixture
def global_stream():
    """The stream as it is before the test, and again after it."""
    state = np.random.get_state()
    yield GlobalStream()
    np.random.set_state(state)
