"""Many images in one: ``make_grid``, and ``save_image``, which writes a PNG file."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from .._tensor import Tensor
from ..atomic import replacing
from ..errors import ArgumentError
from ..grad_mode import no_grad
from ..ops.joining import cat, stack

__all__ = ["make_grid", "png_bytes", "save_image"]


@no_grad()
def make_grid(
    tensor: Tensor | Sequence[Tensor],
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """One image ``(3, H, W)`` of many ``(N, C, H, W)``, row by row.

    Args:
        tensor: The images, or a list of them ``(C, H, W)`` of one size; grey ones get three channels.
        nrow: How many stand in a row.
        padding: Pixels between two, and around them.
        normalize: Bring the values into 0..1.
        value_range: What becomes 0 and 1; else the least and the largest value.
        scale_each: Of each image, not of all.
        pad_value: The value between the images.

    Raises:
        ArgumentError: Not images.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.vision.utils import make_grid
    >>> make_grid(torch.zeros(10, 1, 28, 28), nrow=5).shape
    torch.Size([3, 62, 152])
    """
    images = tensor if isinstance(tensor, Tensor) else stack(list(tensor), 0)
    if not isinstance(images, Tensor) or not 2 <= images.ndim <= 4:
        raise ArgumentError("make_grid(): expected a Tensor of images (N, C, H, W), or a list of images (C, H, W)")
    images = images.detach()
    while images.ndim < 4:
        images = images[None] if images.ndim == 3 else images[None, None]
    if images.shape[1] == 1:
        images = cat([images] * 3, 1)
    if normalize:
        scaled = []
        for part in images if scale_each else [images]:
            low, high = value_range if value_range is not None else (float(part.min()), float(part.max()))
            scaled.append((part.clamp(min=low, max=high) - low) / max(high - low, 1e-5))
        images = stack(scaled) if scale_each else scaled[0]
    if len(images) == 1:
        return images[0]
    columns = min(nrow, len(images))
    rows = math.ceil(len(images) / columns)
    high, wide = images.shape[2] + padding, images.shape[3] + padding
    grid = images.new_full((images.shape[1], high * rows + padding, wide * columns + padding), pad_value)
    for k, image in enumerate(images):
        top, left = k // columns * high + padding, k % columns * wide + padding
        grid[:, top : top + high - padding, left : left + wide - padding] = image
    return grid


def png_bytes(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A PNG file of pixels ``(H, W)``, ``(H, W, 3)`` or ``(H, W, 4)``. W3C, "PNG Specification" (2003)."""
    colour = {1: 0, 3: 2, 4: 6}[1 if pixels.ndim == 2 else pixels.shape[2]]
    height, width = pixels.shape[:2]

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = np.zeros((height, 1 + pixels[0].size), np.uint8)  # each line begins with its filter: none
    lines[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def save_image(
    tensor: Tensor | Sequence[Tensor],
    fp: str | Path | IO[bytes],
    format: str | None = None,  # noqa: A002 - torchvision's name
    **options: Any,
) -> None:
    """Write images, arranged as by :func:`make_grid`, to a PNG file, or to Pillow's other formats where Pillow is installed.

    Args:
        tensor, options: As for :func:`make_grid`; values in 0..1.
        fp: The file's name, or a file open for writing.
        format: Such as ``"png"``; else the name's ending.

    Raises:
        ModuleNotFoundError: Another format than PNG, without Pillow.
    """
    grid = make_grid(tensor, **options).mul(255).add_(0.5).clamp_(0, 255)
    pixels = np.ascontiguousarray(grid.permute(1, 2, 0).numpy().astype(np.uint8))
    kind = (format or (Path(fp).suffix[1:] if isinstance(fp, str | Path) else "png")).lower()
    if kind != "png":
        try:
            from PIL import Image
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"save_image(): writing {kind} needs Pillow; save a .png, or: pip install pillow", name="PIL"
            ) from error
        Image.fromarray(pixels).save(fp, format=format)
    elif isinstance(fp, str | Path):
        with replacing(Path(fp)) as file:
            file.write(png_bytes(pixels))
    else:
        fp.write(png_bytes(pixels))
