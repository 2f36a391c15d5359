"""Dropout of whole channels."""

from __future__ import annotations

import warnings

from ..._tensor import Tensor
from ...ops.composite import takes_tensors
from ...ops.random import rand

__all__ = ["dropout1d", "dropout2d", "dropout3d"]


def _by_channel(name: str, input: Tensor, p: float, training: bool, inplace: bool, ndims: tuple[int, ...]) -> Tensor:
    """Drop channels; an input with one dimension less than the last of ``ndims`` is a single sample."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if input.ndim not in ndims:
        warnings.warn(
            f"{name}: Received a {input.ndim}-D input to {name}, which is taken as (N, C, *); expected one of {ndims} dimensions",
            UserWarning,
            stacklevel=4,
        )
    if not training or p == 0:
        return input
    single = name != "dropout2d" and input.ndim == ndims[-1] - 1
    channels = (1, *input.shape[:1]) if single else input.shape[:2]
    noise = (rand(*channels) >= p).to(input.dtype) * (0.0 if p == 1 else 1 / (1 - p))
    noise = noise.reshape(*channels[single:], *(1,) * (input.ndim - 2 + single))
    return input.mul_(noise) if inplace else input * noise


@takes_tensors
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero each channel ``(N, C, L)`` or ``(C, L)`` with probability ``p``, scale the others by 1 / (1 - p), if ``training``."""
    return _by_channel("dropout1d", input, p, training, inplace, (2, 3))


@takes_tensors
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero each channel ``(N, C, H, W)`` with probability ``p``, scale the others by 1 / (1 - p), if ``training``."""
    return _by_channel("dropout2d", input, p, training, inplace, (4,))


@takes_tensors
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero each channel ``(N, C, D, H, W)`` or ``(C, D, H, W)`` with probability ``p``, scale the others by 1 / (1 - p), if ``training``."""
    return _by_channel("dropout3d", input, p, training, inplace, (4, 5))
