"""Images, sequences and volumes in another size.

Each dimension is resampled by itself: an element is a weighted sum of a few elements of the input, its *taps*.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...dtypes import as_dtype
from ...errors import DTypeError, ShapeError
from ...ops.composite import takes_tensors
from ...ops.creation import from_numpy

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

_PLACES = {"linear": (3,), "bilinear": (4,), "bicubic": (4,), "trilinear": (5,)}  # dimensions of the input, by mode
Taps = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]  # indices and weights, (taps, out)


def _cubic(x: Any, a: float) -> Any:
    """Keys' kernel: 1 at 0, 0 at the other integers."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def _nearest(size: int, out: int, scale: float, exact: bool) -> Taps:
    place = (np.arange(out, dtype=np.float32) + np.float32(0.5 if exact else 0)) * np.float32(scale)
    return np.minimum(np.floor(place).astype(np.int64), size - 1)[None], None


def _interpolated(size: int, out: int, scale: float, align_corners: bool, cubic: bool, kind: Any) -> Taps:
    place = np.arange(out, dtype=kind)
    if align_corners:
        place = place * kind.type((size - 1) / (out - 1) if out > 1 else 0)
    else:
        place = (place + kind.type(0.5)) * kind.type(scale) - kind.type(0.5)
    if cubic:
        start = np.floor(place)
        taps = np.stack([start + k for k in (-1, 0, 1, 2)])
        return np.clip(taps, 0, size - 1).astype(np.int64), _cubic(place - taps, -0.75).astype(kind)
    place = np.maximum(place, 0)
    first = np.minimum(np.floor(place), size - 1).astype(np.int64)
    share = np.clip(place - first, 0, 1).astype(kind)
    return np.stack([first, np.minimum(first + 1, size - 1)]), np.stack([1 - share, share])


def _averaged(size: int, out: int) -> Taps:
    """The taps of the mean over each of ``out`` parts, which may overlap."""
    starts = np.arange(out) * size // out
    ends = -(-(np.arange(out) + 1) * size // out)
    taps = starts + np.arange((ends - starts).max(initial=1))[:, None]
    return np.minimum(taps, size - 1), (taps < ends) / (ends - starts)


def _smoothed(size: int, out: int, scale: float, align_corners: bool, cubic: bool) -> Taps:
    """Taps of a kernel as wide as the step from one element to the next: nothing of a smaller image is left out."""
    if align_corners:
        scale = (size - 1) / (out - 1) if out > 1 else 0.0
    wide = max(scale, 1.0)
    reach = (2 if cubic else 1) * wide
    centre = scale * (np.arange(out) + (0 if align_corners else 0.5))
    if align_corners:
        centre = centre + 0.5
    start = np.maximum((centre - reach + 0.5).astype(np.int64), 0)
    end = np.minimum((centre + reach + 0.5).astype(np.int64), size)
    taps = start + np.arange((end - start).max(initial=1))[:, None]
    x = (taps - centre + 0.5) / wide
    weights = (_cubic(x, -0.5) if cubic else np.maximum(1 - np.abs(x), 0)) * (taps < end)
    return np.minimum(taps, size - 1), weights / weights.sum(0)


def _resampled(input: Tensor, dim: int, taps: Taps) -> Tensor:
    indices, weights = taps
    if weights is None:
        return input.index_select(dim, from_numpy(indices[0]))
    shape = (-1, *(1,) * (input.ndim - 1 - dim))
    kind = as_dtype(input.dtype).numpy
    parts = (
        input.index_select(dim, from_numpy(index)) * from_numpy(weight.astype(kind).reshape(shape))
        for index, weight in zip(indices, weights, strict=True)
    )
    return sum(parts, next(parts))


def _sizes(input: Tensor, size: Any, scale_factor: Any, recompute: bool | None) -> tuple[list[int], list[float | None]]:
    """The sizes wanted, and the factors that count in what maps to what."""
    places = input.ndim - 2
    if (size is None) == (scale_factor is None):
        raise ValueError(
            "only one of size or scale_factor should be defined"
            if size is not None
            else "either size or scale_factor should be defined"
        )
    given = size if scale_factor is None else scale_factor
    listed = [*given] if isinstance(given, Sequence) else [given] * places
    if len(listed) != places:
        raise ValueError(
            f"Input and output must have the same number of spatial dimensions, but got input with spatial dimensions of "
            f"{list(input.shape[2:])} and {'output size' if scale_factor is None else 'scale_factor'} of {given}"
        )
    if scale_factor is None:
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        return [int(n) for n in listed], [None] * places
    sizes = [math.floor(float(n * factor)) for n, factor in zip(input.shape[2:], listed, strict=True)]
    return sizes, [None if recompute else float(factor) for factor in listed]


def _check(input: Tensor, mode: str, align_corners: bool | None, antialias: bool, sizes: list[int]) -> None:
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
            )
        allowed: tuple[int, ...] = (3, 4, 5)
    elif mode in _PLACES:
        allowed = _PLACES[mode]
    else:
        raise NotImplementedError(
            f"there is no mode {mode!r}; use nearest, nearest-exact, linear, bilinear, bicubic, trilinear or area"
        )
    if input.ndim not in allowed:
        raise NotImplementedError(
            f"Got {input.ndim}D input, but {mode} mode needs {' or '.join(f'{n}D' for n in allowed)} input"
        )
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ValueError("Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as input")
    if 0 in input.shape[1:] or any(n <= 0 for n in sizes):
        raise ShapeError(
            f"Input and output sizes should be greater than 0, but got input {list(input.shape)}, output {sizes}"
        )
    if not input.is_floating_point() and mode not in ("nearest", "nearest-exact"):
        raise DTypeError(f"interpolate: mode {mode!r} is not implemented for {input.dtype}; cast the input with .float()")


@takes_tensors
def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """The input with another size of its places.

    Args:
        input: ``(N, C, L)``, ``(N, C, H, W)`` or ``(N, C, D, H, W)``.
        size: The new sizes of the places.
        scale_factor: Or what they are multiplied by.
        mode: ``"nearest"``, ``"nearest-exact"``, ``"linear"``, ``"bilinear"``, ``"bicubic"``, ``"trilinear"`` or ``"area"``.
        align_corners: Whether the first and last elements stay where they are.
        recompute_scale_factor: Take the factors from the sizes, which were rounded.
        antialias: When the image becomes smaller, let every element count.

    Raises:
        ValueError: Not one of ``size`` and ``scale_factor`` is given, or they do not fit the input.
        NotImplementedError: There is no such mode for such an input.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.functional.interpolate(torch.tensor([[[1.0, 3.0]]]), scale_factor=2, mode="linear")
    tensor([[[1.0000, 1.5000, 2.5000, 3.0000]]])
    """
    if input.ndim < 3:
        raise NotImplementedError(f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.ndim}D)")
    sizes, factors = _sizes(input, size, scale_factor, recompute_scale_factor)
    _check(input, mode, align_corners, antialias, sizes)
    kind, corners, cubic = as_dtype(input.dtype).numpy, bool(align_corners), mode == "bicubic"
    for dim, (out, factor) in enumerate(zip(sizes, factors, strict=True), 2):
        n = input.shape[dim]
        scale = 1 / factor if factor else n / out
        if mode.startswith("nearest"):
            taps = _nearest(n, out, scale, mode == "nearest-exact")
        elif mode == "area":
            taps = _averaged(n, out)
        elif antialias:
            taps = _smoothed(n, out, scale, corners, cubic)
        else:
            taps = _interpolated(n, out, scale, corners, cubic, np.promote_types(kind, np.float32))
        input = _resampled(input, dim, taps)  # noqa: A001 - PyTorch's argument name
    return input


def upsample(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """:func:`interpolate`, by its old name."""
    _old("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Tensor, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
) -> Tensor:
    """:func:`interpolate` with ``mode="nearest"``, by its old name."""
    _old("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(
    input: Tensor, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
) -> Tensor:
    """:func:`interpolate` with ``mode="bilinear", align_corners=True``, by its old name."""
    _old("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _old(name: str) -> None:
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", UserWarning, stacklevel=3
    )
