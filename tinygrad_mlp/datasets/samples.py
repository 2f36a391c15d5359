"""The sample that comes with the package: the first images of each set, as IDX files in one zip archive."""

import zipfile
from importlib.resources import files

from ..errors import DataError
from .catalog import file_names, get_source
from .idx import Bytes, check_pair, idx_sha256, parse_idx

__all__ = ["ARCHIVE", "MEMBERS", "load_sample"]

ARCHIVE = files("tinygrad_mlp.datasets") / "sample" / "sample.zip"

# What the archive holds: images (and labels) in each file, and the SHA-256 of the file as unpacked.
MEMBERS: dict[str, tuple[int, str]] = {
    "mnist/train-images-idx3-ubyte": (5000, "1e3ffdb2f57e22d9e5363dde25c2d057542c2e72baa312f0f3b03948bb3802b7"),
    "mnist/train-labels-idx1-ubyte": (5000, "685aeb7baef68233efa643639a5e9c15bb48be09a628f96fb7f606ca2a1ea7bc"),
    "mnist/t10k-images-idx3-ubyte": (1000, "de7c252b04f05e1f8309634180ccdf286dc6dbac8c579b74e76e02ae0331ca52"),
    "mnist/t10k-labels-idx1-ubyte": (1000, "832c0d20f0dc42e575488c75a83a970787d4c8d4d05831b2ef03701b4a478a90"),
    "fashion-mnist/train-images-idx3-ubyte": (1500, "79a1615c551b6d706e03d877a3c735317820a37753871211a0be3336f63f8c62"),
    "fashion-mnist/train-labels-idx1-ubyte": (1500, "9b42ff8b31718148cf0fa8113c1ad43e3a26d654e98b6ad5a95f3a43d57e035a"),
    "fashion-mnist/t10k-images-idx3-ubyte": (500, "c9bd0ed7148856eb2287d902861921296d6c36d95a5113341a35554343e84123"),
    "fashion-mnist/t10k-labels-idx1-ubyte": (500, "9f5f7b9143df7bffff73a8bf7d8a53545dbf787f86e5e195c64401d2c6f8f372"),
}


def load_sample(name: str, train: bool) -> tuple[Bytes, Bytes]:
    """Read the shipped sample's training or test images `(N, 28, 28)` and labels `(N,)`, both uint8.

    Raises:
        DataError: no set has that name, or the installed archive is damaged.

    >>> from tinygrad_mlp.datasets.samples import load_sample
    >>> images, labels = load_sample("mnist", train=False)
    >>> images.shape, labels[:5]
    ((1000, 28, 28), array([7, 2, 1, 0, 4], dtype=uint8))
    """
    members = [f"{get_source(name).name}/{file}" for file in file_names(train)]
    try:
        with ARCHIVE.open("rb") as file, zipfile.ZipFile(file) as archive:
            images, labels = (_read(archive, member) for member in members)
    except (OSError, KeyError, zipfile.BadZipFile) as e:
        raise DataError(f"{ARCHIVE}: cannot be read: {e}; install the package again") from e
    check_pair(images, labels, *members)
    return images, labels


def _read(archive: zipfile.ZipFile, member: str) -> Bytes:
    with archive.open(member) as stream:
        array = parse_idx(stream, f"{ARCHIVE}/{member}")
    if (got := idx_sha256(array)) != MEMBERS[member][1]:
        raise DataError(f"{ARCHIVE}/{member}: SHA-256 is {got}; expected {MEMBERS[member][1]}; install the package again")
    return array
