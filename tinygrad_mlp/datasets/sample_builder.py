"""Makes the sample that comes with the package, from the whole sets::

    python -m tinygrad_mlp.datasets.sample_builder FOLDER SAMPLE.zip

FOLDER holds the whole sets, as for :class:`~tinygrad_mlp.datasets.MNIST`. Equal sets give equal archives, byte for byte, with the
same version of zlib.
"""

import sys
import zipfile
from itertools import product
from pathlib import Path

from .catalog import SETS, file_names
from .idx import idx_header
from .samples import MEMBERS
from .sources import load

__all__ = ["build"]


def build(root: str | Path, path: str | Path) -> None:
    """Write the archive `path` with the first images and labels of each set under `root`; a DataError if one is missing."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, train in product(SETS, (True, False)):
            for file, array in zip(file_names(train), load(name, train, root)[1], strict=True):
                member = f"{name}/{file}"
                excerpt = array[: MEMBERS[member][0]]
                info = zipfile.ZipInfo(member)  # without a date: 1980-01-01
                info.create_system = 3  # Unix, on every system
                info.external_attr = 0o644 << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, idx_header(excerpt.shape) + excerpt.tobytes(), compresslevel=9)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m tinygrad_mlp.datasets.sample_builder FOLDER SAMPLE.zip")
    build(sys.argv[1], sys.argv[2])
