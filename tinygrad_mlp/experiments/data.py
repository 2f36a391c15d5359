"""Images as the experiments' networks take them."""

import tinygrad_mlp as torch

from ..datasets import MNIST
from ..datasets.sources import load_folder
from ..utils.data import TensorDataset

__all__ = ["load_images"]


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
