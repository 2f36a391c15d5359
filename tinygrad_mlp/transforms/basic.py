"""Images to Tensors, Tensors to features, and transforms one after the other."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._tensor import Tensor
from ..core.graph import wrap
from ..errors import ArgumentError, ShapeError
from ..ops.creation import from_numpy

__all__ = ["Compose", "Flatten", "Lambda", "Normalize", "ToTensor"]


class Transform:
    """One that is called once for each batch, and has no options to show."""

    batched: bool = True

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def is_pil(image: object) -> bool:
    """Whether it is an image of Pillow's, which need not be installed."""
    return hasattr(image, "getbands") and hasattr(image, "size")


class Compose:
    """Transforms one after the other; made for batches if each of them is.

    Raises:
        ArgumentError: one of them cannot be called.

    >>> from tinygrad_mlp.transforms import Compose, Normalize, ToTensor
    >>> Compose([ToTensor(), Normalize(0.1307, 0.3081)])
    Compose(
        ToTensor()
        Normalize(mean=0.1307, std=0.3081)
    )
    """

    def __init__(self, transforms: Iterable[Callable[[Any], Any]]) -> None:
        self.transforms: list[Callable[[Any], Any]] = list(transforms)
        for transform in self.transforms:
            check_callable("Compose", transform)

    @property
    def batched(self) -> bool:
        """Whether all of them are called once for each batch."""
        return all(getattr(transform, "batched", False) for transform in self.transforms)

    def __call__(self, image: Any) -> Any:
        for transform in self.transforms:
            image = transform(image)
        return image

    def __repr__(self) -> str:
        lines = textwrap.indent("\n".join(map(repr, self.transforms)), "    ")
        return f"Compose(\n{lines}\n)"


class ToTensor(Transform):
    """Add the channel's dimension and bring uint8 values into 0..1: `(..., H, W)` to `(..., 1, H, W)`.

    `y = x / 255` as float32 for uint8; values of another dtype stay as they are.

    Raises:
        ArgumentError: given neither a Tensor nor an array, or an array of a dtype that Tensors do not have.
        ValueError: fewer than two dimensions; or three, of which the last looks like that of colours.

    >>> import numpy as np
    >>> from tinygrad_mlp.transforms import ToTensor
    >>> ToTensor()(np.array([[0, 51], [102, 255]], dtype=np.uint8))
    tensor([[[0.0000, 0.2000],
             [0.4000, 1.0000]]])
    """

    def __call__(self, image: Tensor | npt.NDArray[Any]) -> Tensor:
        if is_pil(image):
            array = np.asarray(image)
            if array.ndim == 3:  # colours come last in Pillow's images
                return from_numpy(np.divide(array.transpose(2, 0, 1), np.float32(255)))
        else:
            array = image.numpy() if isinstance(image, Tensor) else image
        if not isinstance(array, np.ndarray):
            raise ArgumentError(
                f"ToTensor(): expected a Tensor, an array or an image of Pillow's, got {type(image).__name__}"
            )
        if array.ndim == 3 and array.shape[-1] in (1, 3, 4):
            raise ValueError(f"ToTensor(): expected grey images of shape (..., H, W), got {array.shape}: channels last?")
        if array.ndim < 2:
            raise ValueError(f"ToTensor(): expected an image of shape (..., H, W), got {array.shape}")
        if array.dtype == np.uint8:
            array = np.divide(array, np.float32(255))
        return from_numpy(np.expand_dims(array, -3))


class Normalize(Transform):
    """Shift and scale each channel of `(..., C, H, W)`: `y = (x - mean) / std`.

    Args:
        mean: One number for each channel, or one for all.
        std: Likewise.

    Raises:
        ValueError: `std` has a zero, or a number that is zero in the image's dtype, or the image fewer than three dimensions.
        ArgumentError: `mean` or `std` are not numbers, or the image is not a Tensor of floating-point numbers.
        ShapeError: `mean` or `std` has neither one number nor one a channel.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.transforms import Normalize
    >>> Normalize(0.5, 0.25)(torch.tensor([[[0.0, 0.5, 1.0]]]))
    tensor([[[-2.,  0.,  2.]]])
    """

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        for name, values in (("mean", mean), ("std", std)):
            if np.asarray(values).dtype.kind not in "biuf":
                raise ArgumentError(f"Normalize(): expected {name} to be a number or a list of numbers, got {values!r}")
        if not np.all(std):
            raise ValueError(f"Normalize(): std is {std}; expected no zero, as images are divided by it")
        self.mean: float | Sequence[float] = mean
        self.std: float | Sequence[float] = std

    def __call__(self, image: Tensor) -> Tensor:
        if not isinstance(image, Tensor) or not image.dtype.is_floating_point:
            got = image.dtype if isinstance(image, Tensor) else type(image).__name__
            raise ArgumentError(f"Normalize(): expected a floating-point Tensor, got {got}; put ToTensor() before it")
        if image.ndim < 3:
            raise ValueError(f"Normalize(): expected an image of shape (..., C, H, W), got {tuple(image.shape)}")
        std = self._channels(self.std, image)
        if not std.all():
            raise ValueError(f"Normalize(): std is {self.std}; expected no number that is zero as {image.dtype}")
        return (image - self._channels(self.mean, image)) / std

    def _channels(self, values: float | Sequence[float], image: Tensor) -> Tensor:
        array = np.asarray(values, np.float64).reshape(-1, 1, 1)
        if len(array) not in (1, image.shape[-3]):
            raise ShapeError(
                f"Normalize(): {len(array)} values for mean or std, but the image of shape "
                f"{tuple(image.shape)} has {image.shape[-3]} channels"
            )
        return wrap(array).to(image.dtype)

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


class Flatten(Transform):
    """Flatten an image into an MLP's features: `(..., C, H, W)` to `(..., C*H*W)`.

    Raises:
        ArgumentError: the image is not a Tensor.
        DimensionError: it has fewer than three dimensions.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.transforms import Flatten
    >>> Flatten()(torch.zeros(64, 1, 28, 28)).shape
    torch.Size([64, 784])
    """

    def __call__(self, image: Tensor) -> Tensor:
        if not isinstance(image, Tensor):
            raise ArgumentError(f"Flatten(): expected a Tensor, got {type(image).__name__}; put ToTensor() before it")
        return image.flatten(-3)


class Lambda(Transform):
    """A user's own function as a transform, called with one image at a time.

    Raises:
        ArgumentError: it cannot be called.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.transforms import Lambda
    >>> Lambda(lambda image: 1.0 - image)(torch.zeros(1, 1, 2))
    tensor([[[1., 1.]]])
    """

    batched: bool = False

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        check_callable("Lambda", lambd)
        self.lambd: Callable[[Any], Any] = lambd

    def __call__(self, image: Any) -> Any:
        return self.lambd(image)


def check_callable(name: str, function: object) -> None:
    if not callable(function):
        raise ArgumentError(f"{name}(): expected a function, got {type(function).__name__}")
