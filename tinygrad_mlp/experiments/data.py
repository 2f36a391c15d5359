"""Images as the experiments' networks take them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

import tinygrad_mlp as torch
from tinygrad_mlp import Generator, Tensor, nn

from ..datasets import MNIST
from ..datasets.sources import load_folder
from ..utils.data import TensorDataset

__all__ = ["Split", "first_of_each_class", "hold_out", "join", "load_images", "one_hot", "take", "versus_rest", "with_noise"]


class Split(NamedTuple):
    """Images `(N, 784)` to train on, to validate and to test, with their labels."""

    train: TensorDataset
    validation: TensorDataset
    test: TensorDataset


def take(data: TensorDataset, index: Any) -> TensorDataset:
    """The items at an index: a slice, or a tensor of positions or of booleans.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.experiments.data import take
    >>> take(torch.utils.data.TensorDataset(torch.arange(5)), slice(2)).tensors
    (tensor([0, 1]),)
    """
    return TensorDataset(*(tensor[index] for tensor in data.tensors))


def join(parts: Iterable[TensorDataset]) -> TensorDataset:
    """The items of several sets, one after the other."""
    return TensorDataset(*(torch.cat(tensors) for tensors in zip(*(part.tensors for part in parts), strict=True)))


def first_of_each_class(data: TensorDataset) -> TensorDataset:
    """The first item of each label, in the order of the labels."""
    return take(data, torch.from_numpy(np.unique(data.tensors[1].numpy(), return_index=True)[1]))


def hold_out(train: TensorDataset, test: TensorDataset, count: int, generator: Generator) -> Split:
    """Keep `count` of the training images, drawn at random, for validation."""
    order = torch.randperm(len(train), generator=generator)
    return Split(take(train, order[count:]), take(train, order[:count]), test)


def load_images(dataset: type[MNIST], data: str) -> tuple[TensorDataset, TensorDataset]:
    """The training and the test images, float32 `(N, 784)` in 0..1, with their int64 labels `(N,)`.

    Args:
        dataset: `MNIST` or `FashionMNIST`.
        data: `"sample"`, what ships with the package; `"full"`, the whole set, wherever it is found; or the
            folder that holds it.

    Raises:
        DataError: the set is not there, or is broken.

    >>> from tinygrad_mlp.datasets import MNIST
    >>> from tinygrad_mlp.experiments.data import load_images
    >>> train, test = load_images(MNIST, "sample")
    >>> images, labels = test.tensors
    >>> len(train), images.shape
    (5000, torch.Size([1000, 784]))
    """
    return _load(dataset, data, train=True), _load(dataset, data, train=False)


def _load(dataset: type[MNIST], data: str, train: bool) -> TensorDataset:
    if data in ("sample", "full"):
        found = dataset.sample(train=train) if data == "sample" else dataset(train=train)
        images, labels = found.data, found.targets
    else:
        images, labels = (torch.from_numpy(array) for array in load_folder(dataset.name, train, data))
    return TensorDataset(images.flatten(1).float() / 255, labels.long())


def one_hot(labels: Tensor) -> Tensor:
    """Classes `(N,)` as `(N, 10)`: 1 at the class, 0 elsewhere."""
    return nn.functional.one_hot(labels, 10).float()


def versus_rest(labels: Tensor, digit: int = 0) -> Tensor:
    """The task "digit vs. all", `(N,)` to `(N, 1)`: 1 for the digit, 0 for the others."""
    return (labels == digit).float().unsqueeze(1)


def with_noise(data: TensorDataset, sigma: float, generator: Generator) -> TensorDataset:
    """The images plus Gaussian noise N(0, sigma²), not clipped."""
    images, labels = data.tensors
    return TensorDataset(images + sigma * torch.randn(images.shape, generator=generator), labels)
