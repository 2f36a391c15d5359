"""Images as the experiments' networks take them."""

from pathlib import Path

from ..datasets import MNIST
from ..errors import DataError
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
    if data == "sample":
        found = dataset.sample(train=train)
    elif data == "full":
        found = dataset(train=train)
    else:
        found = dataset(data, train=train)
        # A search goes on where the folder holds nothing of the set; who names a folder means that one.
        if not Path(found.root).is_relative_to(Path(data)):
            raise DataError(f"{data}: expected a folder that holds {dataset.__name__}'s four files, raw or .gz")
    return TensorDataset(found.data.flatten(1).float() / 255, found.targets)
