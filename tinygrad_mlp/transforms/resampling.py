"""Images read at other places than their pixels: resized, and mapped by a matrix."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._tensor import Tensor
from ..core.graph import wrap
from ..errors import ArgumentError
from .basic import is_pil

__all__ = ["InterpolationMode", "mapped", "on_array", "resized", "sizes_of"]

Array = npt.NDArray[Any]


class InterpolationMode(enum.Enum):
    """How values between pixels are found."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"


def on_array(name: str, image: Any, compute: Callable[[Array], Array]) -> Any:
    """Compute on the array ``(..., H, W)`` of an image; the result is of the image's kind and dtype, integers rounded.

    Raises:
        ArgumentError: It is not an image.
    """
    pil = is_pil(image)
    array = np.asarray(image) if pil else image.detach().numpy() if isinstance(image, Tensor) else image
    if not isinstance(array, np.ndarray) or array.ndim < 2:
        raise ArgumentError(
            f"{name}(): expected an image of shape (..., H, W), got {getattr(array, 'shape', type(image).__name__)}"
        )
    colours_last = pil and array.ndim == 3
    result = compute(np.moveaxis(array, -1, 0) if colours_last else array)
    if array.dtype.kind in "iu" and result.dtype.kind == "f":
        result = np.clip(np.round(result), 0, np.iinfo(array.dtype).max)
    result = np.ascontiguousarray(result.astype(array.dtype, copy=False))
    if pil:
        from PIL import Image  # which is there, as it made the image

        return Image.fromarray(np.moveaxis(result, 0, -1) if colours_last else result)
    return wrap(result) if isinstance(image, Tensor) else result


def sizes_of(image: Any) -> tuple[int, int]:
    """Height and width of an image; an ArgumentError for what is none."""
    if is_pil(image):
        return image.size[1], image.size[0]
    if len(getattr(image, "shape", ())) < 2:
        raise ArgumentError(
            f"expected an image of shape (..., H, W), or Pillow's, got {getattr(image, 'shape', type(image).__name__)}"
        )
    return int(image.shape[-2]), int(image.shape[-1])


def _weights(before: int, after: int, mode: InterpolationMode, antialias: bool) -> Array:
    """The matrix ``(after, before)`` that resamples one axis: rows are triangles as wide as a new pixel, and at least as an old one."""
    scale = before / after
    if mode is InterpolationMode.NEAREST:
        return np.eye(before)[np.minimum((np.arange(after) * scale).astype(int), before - 1)]
    width = max(scale, 1.0) if antialias else 1.0
    centres = (np.arange(after) + 0.5) * scale
    if not antialias:
        centres = np.clip(centres, 0.5, before - 0.5)
    triangles = np.maximum(0, 1 - np.abs(np.arange(before) + 0.5 - centres[:, None]) / width)
    return triangles / triangles.sum(axis=1, keepdims=True)


def resized(array: Array, size: tuple[int, int], mode: InterpolationMode, antialias: bool = True) -> Array:
    """An image ``(..., H, W)`` with another height and width."""
    rows, columns = (_weights(before, after, mode, antialias) for before, after in zip(array.shape[-2:], size, strict=True))
    if array.dtype == np.uint8 and mode is InterpolationMode.BILINEAR:  # as Pillow computes, to the last bit
        for matrix, axis in ((columns, -1), (rows, -2)):
            whole = np.floor(matrix * 2**22 + 0.5).astype(np.int64)
            summed = np.moveaxis(array, axis, -1).astype(np.int64) @ whole.T + 2**21
            array = np.moveaxis(np.clip(summed >> 22, 0, 255).astype(np.uint8), -1, axis)
        return array
    kind = np.float64 if array.dtype == np.float64 else np.float32
    return np.asarray(rows.astype(kind) @ array.astype(kind) @ columns.T.astype(kind))


def mapped(
    array: Array, matrix: Array, size: tuple[int, int], mode: InterpolationMode, fill: float | Sequence[float]
) -> Array:
    """An image whose pixel at (x, y) from its centre is read at ``matrix @ (x, y, 1)`` from the centre of the given one ``(..., H, W)``."""
    height, width = array.shape[-2:]
    y, x = np.meshgrid(np.arange(size[0]) - (size[0] - 1) / 2, np.arange(size[1]) - (size[1] - 1) / 2, indexing="ij")
    at_x, at_y = matrix @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    at_x, at_y = at_x + (width - 1) / 2, at_y + (height - 1) / 2
    background = np.asarray(fill, np.float64)
    background = background.reshape(-1, 1) if background.ndim else background
    flat = array.reshape(*array.shape[:-2], -1)

    def read(left: Array, top: Array) -> Array:
        inside = (left >= 0) & (left < width) & (top >= 0) & (top < height)
        pixels = flat[..., np.where(inside, top * width + left, 0)]
        return np.where(inside, pixels, background)

    if mode is InterpolationMode.NEAREST:
        out = read(np.round(at_x).astype(int), np.round(at_y).astype(int))
    else:
        left, top = np.floor(at_x).astype(int), np.floor(at_y).astype(int)
        right, below = at_x - left, at_y - top
        upper = read(left, top) * (1 - right) + read(left + 1, top) * right
        lower = read(left, top + 1) * (1 - right) + read(left + 1, top + 1) * right
        out = upper * (1 - below) + lower * below
    return np.asarray(out.reshape(*array.shape[:-2], *size))
