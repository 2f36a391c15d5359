"""``autocast`` and ``GradScaler`` for CUDA by PyTorch's earlier names: switched off, as there is no CUDA."""

from __future__ import annotations

from typing import Any

from .. import amp
from ..dtypes import dtype, float16

__all__ = ["GradScaler", "autocast"]


class autocast(amp.autocast):  # noqa: N801 - PyTorch's name
    """``amp.autocast("cuda", …)``."""

    def __init__(self, enabled: bool = True, dtype: dtype = float16, cache_enabled: bool = True) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """``amp.GradScaler("cuda", …)``."""

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__("cuda", *args, **params)
