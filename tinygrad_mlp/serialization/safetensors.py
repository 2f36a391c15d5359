"""``.safetensors`` files, with the structure around the tensors in their metadata."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from ..errors import FileFormatError
from .archives import length_of
from .structure import Array, by_name, check_dtype, flattened, restored
from .text import LIMIT, check_length, dumped, parsed

__all__ = ["pack", "unpack"]

_METADATA = "tinygrad_mlp"


def _library() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            ".safetensors files need the safetensors library: pip install 'tinygrad_mlp[experiments]'; or use .npz"
        ) from error
    return safetensors


def pack(obj: Any, file: BinaryIO) -> None:
    """Write a ``.safetensors`` file."""
    library = _library()
    structure, arrays = flattened(obj)
    # also for a plain dict: the library sorts the tensors, the structure keeps their order
    content: bytes = library.numpy.save(arrays, metadata={_METADATA: dumped(structure)})
    header = content[8 : 8 + int.from_bytes(content[:8], "little")]
    check_length(header.decode(), "; save fewer tensors, or shorter names")
    file.write(content)


def unpack(file: BinaryIO) -> Any:
    """The object in a ``.safetensors`` file."""
    library = _library()
    size = length_of(file)
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(size - 8, LIMIT):
        raise FileFormatError(
            f"not a .safetensors file: it says that its header has {length:,} bytes, where at most "
            f"{max(0, min(size - 8, LIMIT)):,} are read"
        )
    header = parsed(file.read(length))  # within our limits, before the library, which has wider ones, reads it
    file.seek(0)
    try:
        arrays = {name: _sound(array) for name, array in library.numpy.load(file.read()).items()}
        metadata = header.get("__metadata__") or {}
    except (library.SafetensorError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise FileFormatError(f"not a .safetensors file that NumPy can hold: {error}") from error
    for name, array in arrays.items():
        check_dtype(name, array.dtype)
    structure = parsed(metadata[_METADATA]) if _METADATA in metadata else by_name(arrays)
    return restored(structure, arrays)


def _sound(array: Array) -> Array:
    """A copy, in which a bool that the file has as another byte than 0 or 1 is True."""
    return array.view(np.uint8) != 0 if array.dtype.kind == "b" else np.array(array)
