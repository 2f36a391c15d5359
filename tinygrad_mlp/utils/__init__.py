"""Helpers around training; :mod:`~tinygrad_mlp.utils.data` feeds it."""

from typing import TYPE_CHECKING

from ..later import later as _later

if TYPE_CHECKING:
    from . import benchmark, checkpoint, data
else:
    __getattr__, __dir__ = _later(__name__, {"benchmark": ".benchmark", "checkpoint": ".checkpoint", "data": ".data"})

__all__ = ["benchmark", "checkpoint", "data"]
