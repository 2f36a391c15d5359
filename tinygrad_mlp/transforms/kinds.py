"""Transforms of what an image is: its dtype, its colours, and images of Pillow's."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from ..dtypes import dtype as dtype_type
from ..errors import ArgumentError
from ..ops.creation import from_numpy
from .basic import Transform, is_pil
from .resampling import on_array

__all__ = ["ConvertImageDtype", "Grayscale", "PILToTensor", "ToPILImage"]


class ConvertImageDtype(Transform):
    """Another dtype, with the values scaled: floating-point images are in 0..1, others up to the largest number of their dtype.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.transforms import ConvertImageDtype
    >>> ConvertImageDtype(torch.float32)(torch.tensor([0, 51], dtype=torch.uint8))
    tensor([0.0000, 0.2000])
    """

    def __init__(self, dtype: dtype_type) -> None:
        self.dtype: dtype_type = dtype

    def __call__(self, image: Tensor) -> Tensor:
        before, after = image.dtype, self.dtype
        if before == after or before.is_floating_point == after.is_floating_point:
            return image.to(after)
        most = np.iinfo((after if before.is_floating_point else before).numpy).max
        if before.is_floating_point:
            return (image * (most + 1 - 1e-3)).to(after)
        return image.to(after) / most

    def __repr__(self) -> str:
        return f"ConvertImageDtype(dtype={self.dtype})"


class Grayscale(Transform):
    """The brightness 0.2989 R + 0.587 G + 0.114 B of ``(..., 3, H, W)``, in one channel or in three equal ones."""

    def __init__(self, num_output_channels: int = 1) -> None:
        self.num_output_channels: int = num_output_channels

    def __call__(self, image: Any) -> Any:
        if is_pil(image):
            grey = image.convert("L")
            return grey if self.num_output_channels == 1 else grey.convert("RGB")
        if image.ndim < 3 or image.shape[-3] not in (1, 3):
            raise ArgumentError(f"Grayscale(): expected an image of shape (..., 1 or 3, H, W), got {tuple(image.shape)}")

        def compute(array: Any) -> Any:
            weights = np.array([0.2989, 0.587, 0.114], np.float64 if array.dtype == np.float64 else np.float32)
            grey = array if array.shape[-3] == 1 else (array * weights[:, None, None]).sum(axis=-3, keepdims=True)
            if array.dtype.kind in "iu":
                grey = np.floor(grey)
            return np.repeat(grey, self.num_output_channels, axis=-3)

        return on_array("Grayscale", image, compute)

    def __repr__(self) -> str:
        return f"Grayscale(num_output_channels={self.num_output_channels})"


class PILToTensor(Transform):
    """A Tensor ``(C, H, W)`` of an image of Pillow's, with its dtype."""

    batched: bool = False

    def __call__(self, image: Any) -> Tensor:
        if not is_pil(image):
            raise ArgumentError(f"PILToTensor(): expected an image of Pillow's, got {type(image).__name__}")
        array = np.array(image)
        return from_numpy(array[None] if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1)))


class ToPILImage(Transform):
    """An image of Pillow's from a Tensor ``(C, H, W)`` or an array ``(H, W, C)``; floating-point values are in 0..1.

    Raises:
        ModuleNotFoundError: Pillow is not installed.
        ArgumentError: Not an image.
    """

    batched: bool = False

    def __init__(self, mode: str | None = None) -> None:
        self.mode: str | None = mode

    def __call__(self, image: Any) -> Any:
        try:
            from PIL import Image
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "ToPILImage() needs Pillow, which is not installed: pip install pillow", name="PIL"
            ) from error
        if isinstance(image, Tensor):
            array = image.detach().numpy()
            array = np.moveaxis(array, 0, -1) if array.ndim == 3 else array
            if image.dtype.is_floating_point:
                array = (array * 255).astype(np.uint8)
        elif isinstance(image, np.ndarray):
            array = image
        else:
            raise ArgumentError(f"ToPILImage(): expected a Tensor or an array, got {type(image).__name__}")
        if array.ndim not in (2, 3):
            raise ArgumentError(f"ToPILImage(): expected an image of 2 or 3 dimensions, got {array.ndim}")
        made = Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else np.ascontiguousarray(array))
        return made if self.mode is None else made.convert(self.mode)
