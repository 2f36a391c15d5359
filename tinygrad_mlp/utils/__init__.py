"""Helpers around training; :mod:`~tinygrad_mlp.utils.data` feeds it."""

from typing import TYPE_CHECKING

from ..later import later as _later

if TYPE_CHECKING:
    from . import checkpoint, data
else:
    __getattr__, __dir__ = _later(__name__, {"checkpoint": ".checkpoint", "data": ".data"})

__all__ = ["checkpoint", "data"]
