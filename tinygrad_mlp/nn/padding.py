"""Layers that add elements at the ends of the last dimensions. Shapes ``(N, C, *)`` or ``(C, *)``, in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from .._tensor import Tensor
from . import functional as F
from .module import Module

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "ReflectionPad1d",
    "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d",
    "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip

Padding = int | Sequence[int]


class _Pad(Module):
    """Adds elements at both ends of the last dimensions: as many at each, or ``(before, after)`` of the last, then of the one before …."""

    padding: tuple[int, ...]
    _places: ClassVar[int] = 1  # how many dimensions
    _mode: ClassVar[str] = "constant"

    def __init__(self, padding: Padding) -> None:
        super().__init__()
        self.padding = (padding,) * (2 * self._places) if isinstance(padding, int) else tuple(padding)

    def forward(self, input: Tensor) -> Tensor:
        """The input with elements added."""
        alone = self._places + 1
        if self._mode != "constant" and input.ndim not in (alone, alone + 1):
            raise (ValueError if self._mode == "circular" else RuntimeError)(
                f"expected {alone}D or {alone + 1}D input (got {input.ndim}D input)"
            )
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        """The numbers of elements."""
        return f"{self.padding}"


class ConstantPad1d(_Pad):
    """Adds ``value`` at both ends of the last dimension.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.ConstantPad1d((1, 2), 7.0)(torch.zeros(1, 2))
    tensor([[7., 0., 0., 7., 7.]])
    """

    def __init__(self, padding: Padding, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """The input with elements added."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The numbers of elements, and the value."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad2d(ConstantPad1d):
    """Adds ``value`` around the last two dimensions."""

    _places = 2


class ConstantPad3d(ConstantPad1d):
    """Adds ``value`` around the last three dimensions."""

    _places = 3


class ZeroPad1d(_Pad):
    """Adds zeros at both ends of the last dimension."""

    value: ClassVar[float] = 0.0


class ZeroPad2d(ZeroPad1d):
    """Adds zeros around the last two dimensions."""

    _places = 2


class ZeroPad3d(ZeroPad1d):
    """Adds zeros around the last three dimensions."""

    _places = 3


class ReflectionPad1d(_Pad):
    """Adds the mirror image, without the element at the edge, at both ends of the last dimension."""

    _mode = "reflect"


class ReflectionPad2d(ReflectionPad1d):
    """Adds the mirror image around the last two dimensions."""

    _places = 2


class ReflectionPad3d(ReflectionPad1d):
    """Adds the mirror image around the last three dimensions."""

    _places = 3


class ReplicationPad1d(_Pad):
    """Adds copies of the element at the edge at both ends of the last dimension."""

    _mode = "replicate"


class ReplicationPad2d(ReplicationPad1d):
    """Adds copies of the elements at the edge around the last two dimensions."""

    _places = 2


class ReplicationPad3d(ReplicationPad1d):
    """Adds copies of the elements at the edge around the last three dimensions."""

    _places = 3


class CircularPad1d(_Pad):
    """Adds the elements from the other end at both ends of the last dimension."""

    _mode = "circular"


class CircularPad2d(CircularPad1d):
    """Adds the elements from the other end around the last two dimensions."""

    _places = 2


class CircularPad3d(CircularPad1d):
    """Adds the elements from the other end around the last three dimensions."""

    _places = 3
