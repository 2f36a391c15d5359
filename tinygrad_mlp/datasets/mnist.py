"""MNIST and Fashion-MNIST, whole or as the sample that ships with the package."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from operator import index as as_index
from pathlib import Path
from typing import Any, ClassVar, Self, SupportsIndex

import numpy as np

from .._tensor import Tensor
from ..core.graph import wrap
from ..errors import ArgumentError
from ..utils.data import Dataset
from .sources import load

__all__ = ["MNIST", "FashionMNIST"]


class MNIST(Dataset[tuple[Any, Any]]):
    """Handwritten digits, 28 by 28 pixels, with labels 0 to 9: 60,000 for training, 10,000 for testing.

    An item is an image, a uint8 Tensor `(28, 28)`, and its label, an int, or what their transforms make of them: with
    :class:`~tinygrad_mlp.transforms.ToTensor` the image is float32 `(1, 28, 28)` in 0..1.

    Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", 1998; CC BY-SA 3.0.

    Args:
        root: A folder to look in first, see :mod:`tinygrad_mlp.datasets.sources` for where and what else.
        train: The training images, or else the test images.
        transform: Called with the image. One whose attribute `batched` is true, such as all in
            :mod:`tinygrad_mlp.transforms` but `Lambda`, is called once with all images of a batch; any other
            with one image at a time.
        target_transform: Called with the label, or with all labels of a batch, likewise.
        download: Get the set into the user's cache folder if it is nowhere else.

    Attributes:
        data: The images, a uint8 Tensor `(N, 28, 28)`.
        targets: The labels, an int64 Tensor `(N,)`.
        classes: What each label stands for.
        root: The folder the set was found in.

    Raises:
        DataError: The set is nowhere (lists every place tried), or is broken in a folder the user names.
        ArgumentError: A transform cannot be called.

    >>> from tinygrad_mlp.datasets import MNIST
    >>> from tinygrad_mlp.transforms import ToTensor
    >>> digits = MNIST.sample(train=False, transform=ToTensor())
    >>> len(digits)
    1000
    >>> image, label = digits[0]
    >>> image.shape, digits.classes[label]
    (torch.Size([1, 28, 28]), '7 - seven')
    """

    batched: bool = True  # the loader takes what __getitems__ makes for a batch

    name: ClassVar[str] = "mnist"
    classes: ClassVar[list[str]] = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def __init__(
        self,
        root: str | Path | None = None,
        train: bool = True,
        transform: Callable[[Tensor], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        for function in (transform, target_transform):
            if function is not None and not callable(function):
                raise ArgumentError(
                    f"{type(self).__name__}: expected a function as transform, got {type(function).__name__}"
                )
        if root is not None and str(root).endswith("sample.zip"):  # as sample() asks
            from .samples import load_sample  # only now, as archives take long to import

            images, labels = load_sample(self.name, train)
        else:
            root, (images, labels) = load(self.name, train, root, download)
        self.root: str = str(root)
        self.train: bool = train
        self.transform: Callable[[Tensor], Any] | None = transform
        self.target_transform: Callable[[Any], Any] | None = target_transform
        self.data: Tensor = wrap(images)
        self.targets: Tensor = wrap(labels.astype(np.int64))

    @classmethod
    def sample(
        cls,
        train: bool = True,
        transform: Callable[[Tensor], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> Self:
        """The sample that comes with the package: the first images of the set, enough to try things out.

        MNIST: 5,000 for training, 1,000 for testing; Fashion-MNIST: 1,500 and 500.
        """
        from .samples import ARCHIVE

        return cls(str(ARCHIVE), train, transform, target_transform)

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each class."""
        return {name: label for label, name in enumerate(self.classes)}

    @property
    def train_data(self) -> Tensor:
        """The images, by torchvision's earlier name."""
        return self.data

    @property
    def train_labels(self) -> Tensor:
        """The labels, by torchvision's earlier name."""
        return self.targets

    test_data = train_data
    test_labels = train_labels

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: SupportsIndex) -> tuple[Any, Any]:
        position = as_index(index)
        return self._transformed(self.data[position], int(self.targets[position]))

    def __getitems__(self, indices: Iterable[SupportsIndex]) -> tuple[Any, Any] | list[tuple[Any, Any]]:
        """A batch, as a tuple of images and labels; with a transform of one image at a time, a list of items."""
        transforms = (self.transform, self.target_transform)
        if not all(transform is None or getattr(transform, "batched", False) for transform in transforms):
            return [self[index] for index in indices]
        rows = wrap(np.fromiter(map(as_index, indices), np.int64))
        return self._transformed(self.data[rows], self.targets[rows])

    def _transformed(self, image: Tensor, label: Any) -> tuple[Any, Any]:
        return (
            image if self.transform is None else self.transform(image),
            label if self.target_transform is None else self.target_transform(label),
        )

    def __repr__(self) -> str:
        lines = [
            f"Number of datapoints: {len(self)}",
            f"Root location: {self.root}",
            f"Split: {'Train' if self.train else 'Test'}",
        ]
        for name, transform in (("Transform", self.transform), ("Target transform", self.target_transform)):
            if transform is not None:
                lines.append(f"{name}: {transform!r}")
        return f"Dataset {type(self).__name__}\n" + textwrap.indent("\n".join(lines), "    ")


class FashionMNIST(MNIST):
    """Articles of clothing from Zalando's shop, in MNIST's form but harder to tell apart.

    Arguments, attributes and errors are those of :class:`MNIST`.

    Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms", 2017, arXiv:1708.07747; MIT.

    >>> from tinygrad_mlp.datasets import FashionMNIST
    >>> clothes = FashionMNIST.sample()
    >>> clothes.data.shape, clothes.classes[clothes.targets[0]]
    (torch.Size([1500, 28, 28]), 'Ankle boot')
    """

    name = "fashion-mnist"
    classes: ClassVar[list[str]] = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]  # fmt: skip
