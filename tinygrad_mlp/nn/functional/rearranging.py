"""Images whose channels become places, and the reverse; channels in another order."""

from __future__ import annotations

from ..._tensor import Tensor
from ...errors import ShapeError
from ...ops.composite import takes_tensors

__all__ = ["channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]


def _image(name: str, input: Tensor, factor: int) -> tuple[tuple[int, ...], int, int, int]:
    if input.ndim < 3:
        raise ShapeError(f"{name} expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)")
    if factor <= 0:
        raise ShapeError(f"{name} expects a positive factor, but got {factor}")
    *batch, channels, height, width = input.shape
    return tuple(batch), channels, height, width


@takes_tensors
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """r^2 channels become r x r places. Shapes ``(*, C r^2, H, W) -> (*, C, H r, W r)``. Shi et al. 2016.

    Raises:
        RuntimeError: The input is no image, or its channels are not divisible by r^2.
    """
    r = upscale_factor
    batch, channels, height, width = _image("pixel_shuffle", input, r)
    if channels % r**2:
        raise ShapeError(
            f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={channels} is not divisible by {r**2}"
        )
    n = len(batch)
    parts = input.reshape(*batch, channels // r**2, r, r, height, width)
    parts = parts.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return parts.reshape(*batch, channels // r**2, height * r, width * r)


@takes_tensors
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """r x r places become r^2 channels. Shapes ``(*, C, H r, W r) -> (*, C r^2, H, W)``.

    Raises:
        RuntimeError: The input is no image, or its sizes are not divisible by r.
    """
    r = downscale_factor
    batch, channels, height, width = _image("pixel_unshuffle", input, r)
    if height % r or width % r:
        raise ShapeError(
            f"pixel_unshuffle expects height and width to be divisible by downscale_factor, but {height} and {width} are not by {r}"
        )
    n = len(batch)
    parts = input.reshape(*batch, channels, height // r, r, width // r, r)
    return parts.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3).reshape(*batch, channels * r**2, height // r, width // r)


@takes_tensors
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels one of each group after the other. Shapes ``(N, C, *)``, in and out. Zhang et al. 2018.

    Raises:
        RuntimeError: The input has fewer than 3 dimensions, or ``groups`` does not divide its channels.
    """
    if input.ndim < 3:
        raise ShapeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}")
    batch, channels, *places = input.shape
    if groups <= 0 or channels % groups:
        raise ShapeError(f"Number of channels must be divisible by groups. Got {channels} channels and {groups} groups.")
    return input.reshape(batch, groups, channels // groups, *places).transpose(1, 2).reshape(input.shape)
