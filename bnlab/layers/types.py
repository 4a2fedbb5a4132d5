"""Names for what the layers pass around."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Param: TypeAlias = dict[str, Any]
"""A layer's settings and state (`bn_param`, `dropout_param`, …): the notebooks' plain dicts."""
