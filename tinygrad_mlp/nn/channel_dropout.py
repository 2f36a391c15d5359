"""Dropout of whole channels, whose elements are alike: a single one that is missing could be guessed from its neighbours."""

from __future__ import annotations

from .._tensor import Tensor
from .dropout import Dropout
from .functional import channel_dropout as F

__all__ = ["Dropout1d", "Dropout2d", "Dropout3d"]


class Dropout1d(Dropout):
    """In training: zeroes each channel ``(N, C, L)`` or ``(C, L)`` with probability p, and scales the others by 1 / (1 - p)."""

    def forward(self, input: Tensor) -> Tensor:
        """``(N, C, L) -> (N, C, L)``."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(Dropout):
    """In training: zeroes each channel ``(N, C, H, W)`` with probability p, and scales the others by 1 / (1 - p). Tompson et al. 2015."""

    def forward(self, input: Tensor) -> Tensor:
        """``(N, C, H, W) -> (N, C, H, W)``."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(Dropout):
    """In training: zeroes each channel ``(N, C, D, H, W)`` or ``(C, D, H, W)`` with probability p, and scales the others by 1 / (1 - p)."""

    def forward(self, input: Tensor) -> Tensor:
        """``(N, C, D, H, W) -> (N, C, D, H, W)``."""
        return F.dropout3d(input, self.p, self.training, self.inplace)
