"""Transforms that are applied by chance, and one that erases a part."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .._tensor import Tensor
from ..errors import ArgumentError
from ..ops.random import rand, randint, randn, randperm
from .basic import Transform, check_callable
from .geometry import uniform
from .resampling import sizes_of

__all__ = ["RandomApply", "RandomChoice", "RandomErasing", "RandomOrder"]


class _Several(Transform):
    """Some of several transforms."""

    batched: bool = False

    def __init__(self, transforms: Iterable[Callable[[Any], Any]]) -> None:
        self.transforms: list[Callable[[Any], Any]] = list(transforms)
        for transform in self.transforms:
            check_callable(type(self).__name__, transform)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.transforms))})"


class RandomApply(_Several):
    """All of several transforms, with the probability p, or none."""

    def __init__(self, transforms: Iterable[Callable[[Any], Any]], p: float = 0.5) -> None:
        super().__init__(transforms)
        self.p: float = p

    def __call__(self, image: Any) -> Any:
        if self.p < rand(1).item():
            return image
        for transform in self.transforms:
            image = transform(image)
        return image


class RandomChoice(_Several):
    """One of several transforms, drawn with Python's ``random``, as torchvision does; ``p`` are their weights."""

    def __init__(self, transforms: Iterable[Callable[[Any], Any]], p: Sequence[float] | None = None) -> None:
        super().__init__(transforms)
        self.p: Sequence[float] | None = p

    def __call__(self, image: Any) -> Any:
        return random.choices(self.transforms, weights=self.p)[0](image)


class RandomOrder(_Several):
    """Several transforms in a random order."""

    def __call__(self, image: Any) -> Any:
        for i in randperm(len(self.transforms)).tolist():
            image = self.transforms[i](image)
        return image


class RandomErasing(Transform):
    """Erase a rectangle of a Tensor ``(..., C, H, W)``, with the probability p. Zhong et al., "Random Erasing Data Augmentation" (2020).

    Args:
        p: The probability.
        scale: The least and the largest share of the image's area.
        ratio: The least and the largest height over width.
        value: What is written: a number, one for each channel, or ``"random"``.
        inplace: Write into the image given.

    Raises:
        ArgumentError: Not a Tensor.
    """

    batched: bool = False

    def __init__(
        self,
        p: float = 0.5,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 3.3),
        value: float | str | Sequence[float] = 0,
        inplace: bool = False,
    ) -> None:
        self.p: float = p
        self.scale: tuple[float, float] = scale
        self.ratio: tuple[float, float] = ratio
        self.value: float | str | Sequence[float] = value
        self.inplace: bool = inplace

    def __call__(self, image: Tensor) -> Tensor:
        if not isinstance(image, Tensor):
            raise ArgumentError(f"RandomErasing(): expected a Tensor, got {type(image).__name__}; put ToTensor() before it")
        if rand(1).item() >= self.p:
            return image
        rows, columns = sizes_of(image)
        low, high = (math.log(ratio) for ratio in self.ratio)
        for _ in range(10):
            area = rows * columns * uniform(*self.scale)
            aspect = math.exp(uniform(low, high))
            height, width = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if height < rows and width < columns:
                shape = (image.shape[-3], height, width)
                value = randn(shape) if self.value == "random" else image.new_tensor(self.value).reshape(-1, 1, 1)
                top = int(randint(0, rows - height + 1, (1,)).item())
                left = int(randint(0, columns - width + 1, (1,)).item())
                erased = image if self.inplace else image.clone()
                erased[..., top : top + height, left : left + width] = value
                return erased
        return image

    def __repr__(self) -> str:
        return (
            f"RandomErasing(p={self.p}, scale={self.scale}, ratio={self.ratio}, value={self.value}, inplace={self.inplace})"
        )
