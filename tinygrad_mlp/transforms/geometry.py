"""Transforms that move pixels: resize, cut, pad, flip, turn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError
from ..ops.creation import empty
from ..ops.random import rand, randint
from .basic import Transform
from .resampling import InterpolationMode, mapped, on_array, resized, sizes_of

__all__ = [
    "CenterCrop", "Pad", "RandomAffine", "RandomCrop", "RandomHorizontalFlip", "RandomResizedCrop", "RandomRotation",
    "RandomVerticalFlip", "Resize",
]  # fmt: skip

Fill = float | Sequence[float]


def uniform(low: float, high: float) -> float:
    """One number between two."""
    return float(empty(1).uniform_(float(low), float(high)).item())


def pair_of(name: str, size: Any) -> tuple[int, int]:
    """Height and width, from one number or two."""
    values = [size, size] if isinstance(size, int) else [*size] * (2 if len(size) == 1 else 1)
    if len(values) != 2:
        raise ValueError(f"{name}(): expected one or two numbers (h, w) for size, got {size}")
    return int(values[0]), int(values[1])


def around(value: Any, name: str) -> tuple[float, float]:
    """The range of a random amount: ``(-value, value)``, or the two numbers given."""
    if isinstance(value, int | float):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive, got {value}")
        return -float(value), float(value)
    if len(value) != 2:
        raise ArgumentError(f"{name} should be a sequence of length 2, got {value}")
    return float(value[0]), float(value[1])


def cut(name: str, image: Any, top: int, left: int, height: int, width: int) -> Any:
    """A part of an image; zeros where it reaches beyond."""

    def compute(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        rows, columns = array.shape[-2:]
        before = (max(0, -top), max(0, -left))
        after = (max(0, top + height - rows), max(0, left + width - columns))
        padded = np.pad(array, [(0, 0)] * (array.ndim - 2) + [(before[0], after[0]), (before[1], after[1])])
        return padded[..., top + before[0] : top + before[0] + height, left + before[1] : left + before[1] + width]

    return on_array(name, image, compute)


class Resize(Transform):
    """Another height and width: each new pixel the weighted mean of those below it (a triangle of weights).

    Args:
        size: ``(h, w)``, or the length of the shorter edge.
        interpolation: Bilinear, or nearest.
        max_size: The largest allowed length of the longer edge, where ``size`` is one number.
        antialias: Whether the triangle is as wide as a new pixel where the image shrinks.

    Raises:
        ArgumentError: Not an image.
        ValueError: ``size`` is not one or two numbers.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.transforms import Resize
    >>> Resize((1, 2))(torch.tensor([[[0.0, 2.0, 4.0, 6.0]]]))
    tensor([[[1.4286, 4.5714]]])
    """

    def __init__(
        self,
        size: int | Sequence[int],
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        if not isinstance(size, int) and len(size) not in (1, 2):
            raise ValueError(f"If size is a sequence, it should have 1 or 2 values, got {size}")
        self.size: int | Sequence[int] = size
        self.interpolation: InterpolationMode = interpolation
        self.max_size: int | None = max_size
        self.antialias: bool = antialias is not False

    def _target(self, height: int, width: int) -> tuple[int, int]:
        if not isinstance(self.size, int) and len(self.size) == 2:
            return int(self.size[0]), int(self.size[1])
        short = self.size if isinstance(self.size, int) else self.size[0]
        long = int(short * max(height, width) / min(height, width))
        if self.max_size is not None and long > self.max_size:
            short, long = int(self.max_size * short / long), self.max_size
        return (short, long) if height <= width else (long, short)

    def __call__(self, image: Any) -> Any:
        target = self._target(*sizes_of(image))
        if target == sizes_of(image):
            return image
        return on_array("Resize", image, lambda array: resized(array, target, self.interpolation, self.antialias))

    def __repr__(self) -> str:
        shown = f"interpolation={self.interpolation.value}, max_size={self.max_size}, antialias={self.antialias}"
        return f"Resize(size={self.size}, {shown})"


class CenterCrop(Transform):
    """The middle of an image, with zeros around it where the image is smaller.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.transforms import CenterCrop
    >>> CenterCrop(1)(torch.arange(9).reshape(1, 3, 3))
    tensor([[[4]]])
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size: tuple[int, int] = pair_of("CenterCrop", size)

    def __call__(self, image: Any) -> Any:
        height, width = sizes_of(image)
        top, left = (round((have - want) / 2.0) for have, want in zip((height, width), self.size, strict=True))
        return cut("CenterCrop", image, top, left, *self.size)

    def __repr__(self) -> str:
        return f"CenterCrop(size={self.size})"


class Pad(Transform):
    """Pixels around an image: of one value, or as its edge says.

    Args:
        padding: For all sides, ``(left and right, top and bottom)``, or ``(left, top, right, bottom)``.
        fill: The value.
        padding_mode: ``"constant"``, ``"edge"``, ``"reflect"`` or ``"symmetric"``.

    Raises:
        ValueError: Another mode, or another number of sides.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.transforms import Pad
    >>> Pad((1, 0))(torch.ones(1, 1, 2))
    tensor([[[0., 1., 1., 0.]]])
    """

    def __init__(self, padding: int | Sequence[int], fill: float = 0, padding_mode: str = "constant") -> None:
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
        sides = [padding] if isinstance(padding, int) else [*padding]
        if len(sides) not in (1, 2, 4):
            raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(sides)} element tuple")
        self.padding: int | Sequence[int] = padding
        self.fill: float = fill
        self.padding_mode: str = padding_mode
        self._sides = sides * (4 // len(sides))

    def __call__(self, image: Any) -> Any:
        left, top, right, bottom = self._sides
        more: dict[str, Any] = {"constant_values": self.fill} if self.padding_mode == "constant" else {}

        def compute(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
            widths = [(0, 0)] * (array.ndim - 2) + [(top, bottom), (left, right)]
            return np.pad(array, widths, self.padding_mode, **more)  # type: ignore[call-overload] # one of four modes

        return on_array("Pad", image, compute)

    def __repr__(self) -> str:
        return f"Pad(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class RandomCrop(Transform):
    """A part of an image at a random place.

    Args:
        size: ``(h, w)``, or one number for both.
        padding, fill, padding_mode: As in :class:`Pad`, before.
        pad_if_needed: Pad on both sides an image that is smaller.

    Raises:
        ValueError: The image is smaller.
    """

    batched: bool = False

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: float = 0,
        padding_mode: str = "constant",
    ) -> None:
        self.size: tuple[int, int] = pair_of("RandomCrop", size)
        self.padding: int | Sequence[int] | None = padding
        self.pad_if_needed: bool = pad_if_needed
        self.fill: float = fill
        self.padding_mode: str = padding_mode

    def __call__(self, image: Any) -> Any:
        if self.padding is not None:
            image = Pad(self.padding, self.fill, self.padding_mode)(image)
        height, width = self.size
        if self.pad_if_needed and sizes_of(image)[1] < width:
            image = Pad((width - sizes_of(image)[1], 0), self.fill, self.padding_mode)(image)
        if self.pad_if_needed and sizes_of(image)[0] < height:
            image = Pad((0, height - sizes_of(image)[0]), self.fill, self.padding_mode)(image)
        rows, columns = sizes_of(image)
        if rows < height or columns < width:
            raise ValueError(f"Required crop size {self.size} is larger than input image size {(rows, columns)}")
        if (rows, columns) == self.size:
            return image
        top = int(randint(0, rows - height + 1, (1,)).item())
        left = int(randint(0, columns - width + 1, (1,)).item())
        return cut("RandomCrop", image, top, left, height, width)

    def __repr__(self) -> str:
        return f"RandomCrop(size={self.size}, padding={self.padding})"


class RandomResizedCrop(Transform):
    """A part of random size and shape, resized.

    Args:
        size: ``(h, w)`` of the result, or one number for both.
        scale: The least and the largest share of the image's area.
        ratio: The least and the largest width over height.
        interpolation, antialias: As in :class:`Resize`.
    """

    batched: bool = False

    def __init__(
        self,
        size: int | Sequence[int],
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        self.size: tuple[int, int] = pair_of("RandomResizedCrop", size)
        self.scale: tuple[float, float] = scale
        self.ratio: tuple[float, float] = ratio
        self._resize = Resize(self.size, interpolation, antialias=antialias)

    def _part(self, rows: int, columns: int) -> tuple[int, int, int, int]:
        low, high = (math.log(ratio) for ratio in self.ratio)
        for _ in range(10):
            area = rows * columns * uniform(*self.scale)
            aspect = math.exp(uniform(low, high))
            width, height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < width <= columns and 0 < height <= rows:
                top = int(randint(0, rows - height + 1, (1,)).item())
                left = int(randint(0, columns - width + 1, (1,)).item())
                return top, left, height, width
        aspect = min(max(columns / rows, self.ratio[0]), self.ratio[1])
        width, height = min(columns, round(rows * aspect)), min(rows, round(columns / aspect))
        return (rows - height) // 2, (columns - width) // 2, height, width

    def __call__(self, image: Any) -> Any:
        return self._resize(cut("RandomResizedCrop", image, *self._part(*sizes_of(image))))

    def __repr__(self) -> str:
        return f"RandomResizedCrop(size={self.size}, scale={self.scale}, ratio={self.ratio})"


class _RandomFlip(Transform):
    """Flip an image with the probability p."""

    batched: bool = False
    _axis: int

    def __init__(self, p: float = 0.5) -> None:
        self.p: float = p

    def __call__(self, image: Any) -> Any:
        if rand(1).item() >= self.p:
            return image
        return on_array(type(self).__name__, image, lambda array: np.flip(array, self._axis))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomHorizontalFlip(_RandomFlip):
    """Left and right change places, with the probability p."""

    _axis = -1


class RandomVerticalFlip(_RandomFlip):
    """Top and bottom change places, with the probability p."""

    _axis = -2


def turning(angle: float, shift: tuple[float, float], scale: float, shear: tuple[float, float]) -> npt.NDArray[np.float64]:
    """The matrix ``(2, 3)`` that maps a place of the turned image to where it was: the inverse of shift, turn, shear and scale.

    Angles in degrees, clockwise, as y points down.
    """
    turn, sheared_x, sheared_y = (math.radians(value) for value in (angle, *shear))
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    shear_y = np.array([[1, 0], [-math.tan(sheared_y), 1]])
    shear_x = np.array([[1, -math.tan(sheared_x)], [0, 1]])
    back = np.linalg.inv(rotation @ shear_y @ shear_x * scale)
    return np.concatenate([back, -back @ np.array([[shift[0]], [shift[1]]])], axis=1)


class RandomRotation(Transform):
    """Turned about its centre by a random angle.

    Args:
        degrees: The largest angle in both directions, or the least and the largest; counter-clockwise.
        interpolation: Nearest, or bilinear.
        expand: Make the result as large as the turned image.
        fill: The value of pixels outside.
    """

    batched: bool = False

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        expand: bool = False,
        fill: Fill = 0,
    ) -> None:
        self.degrees: tuple[float, float] = around(degrees, "degrees")
        self.interpolation: InterpolationMode = interpolation
        self.expand: bool = expand
        self.fill: Fill = fill

    def __call__(self, image: Any) -> Any:
        angle = uniform(*self.degrees)
        matrix = turning(-angle, (0, 0), 1.0, (0, 0))
        size = height, width = sizes_of(image)
        if self.expand:
            corners = np.array([[-width, width], [-height, -height]]) / 2
            reach = np.abs(np.concatenate([matrix[:, :2].T @ corners, matrix[:, :2].T @ (corners * [[1], [-1]])], axis=1))
            wide, high = (
                math.ceil(round(side / 2 + most, 3)) - math.floor(round(side / 2 - most, 3))
                for side, most in zip((width, height), reach.max(axis=1).tolist(), strict=True)
            )
            size = high, wide
        return on_array("RandomRotation", image, lambda array: mapped(array, matrix, size, self.interpolation, self.fill))

    def __repr__(self) -> str:
        return f"RandomRotation(degrees={list(self.degrees)}, interpolation={self.interpolation.value}, expand={self.expand}, fill={self.fill})"


class RandomAffine(Transform):
    """Turned, shifted, scaled and sheared about its centre by random amounts.

    Args:
        degrees: The largest angle in both directions, or the least and the largest.
        translate: The largest shifts, as shares of width and height.
        scale: The least and the largest factor.
        shear: The largest angle of shear along x in both directions, or its two limits, or those along x and y.
        interpolation: Nearest, or bilinear.
        fill: The value of pixels outside.

    Raises:
        ValueError: A share that is not in 0..1; a factor that is not positive.
    """

    batched: bool = False

    def __init__(
        self,
        degrees: float | Sequence[float],
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: float | Sequence[float] | None = None,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: Fill = 0,
    ) -> None:
        self.degrees: tuple[float, float] = around(degrees, "degrees")
        if translate is not None and not all(0 <= share <= 1 for share in translate):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and not all(factor > 0 for factor in scale):
            raise ValueError("scale values should be positive")
        self.translate: Sequence[float] | None = translate
        self.scale: Sequence[float] | None = scale
        limits = None if shear is None else [*around(shear, "shear")] if isinstance(shear, int | float) else [*shear]
        self.shear: list[float] | None = limits
        self.interpolation: InterpolationMode = interpolation
        self.fill: Fill = fill

    def _draw(self, height: int, width: int) -> tuple[float, tuple[float, float], float, tuple[float, float]]:
        angle = uniform(*self.degrees)
        shift, factor, shear_x, shear_y = (0, 0), 1.0, 0.0, 0.0
        if self.translate is not None:
            most = (float(self.translate[0] * width), float(self.translate[1] * height))
            shift = (round(uniform(-most[0], most[0])), round(uniform(-most[1], most[1])))
        if self.scale is not None:
            factor = uniform(*self.scale)
        if self.shear is not None:
            shear_x = uniform(*self.shear[:2])
            shear_y = uniform(*self.shear[2:]) if len(self.shear) == 4 else 0.0
        return angle, shift, factor, (shear_x, shear_y)

    def __call__(self, image: Any) -> Any:
        size = sizes_of(image)
        matrix = turning(*self._draw(*size))
        return on_array("RandomAffine", image, lambda array: mapped(array, matrix, size, self.interpolation, self.fill))

    def __repr__(self) -> str:
        shown = {"translate": self.translate, "scale": self.scale, "shear": self.shear}
        return (
            f"RandomAffine(degrees={list(self.degrees)}"
            + "".join(f", {k}={v}" for k, v in shown.items() if v is not None)
            + ")"
        )
