"""PyTorch, where it is installed."""

from __future__ import annotations

from typing import Any


def torch_on_one_thread() -> Any:
    """PyTorch with one thread; None where it isn't installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    return torch
