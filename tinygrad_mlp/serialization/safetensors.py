"""``.safetensors`` files, with the structure around the tensors in their metadata."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from ..errors import FileFormatError
from .archives import length_of
from .structure import Array, by_name, check_dtype, flattened, restored, widened
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
        arrays = {name: _array(name, entry) for name, entry in library.deserialize(file.read())}
        metadata = header.get("__metadata__") or {}
    except FileFormatError:
        raise
    except (library.SafetensorError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise FileFormatError(f"not a .safetensors file that NumPy can hold: {error}") from error
    structure = parsed(metadata[_METADATA]) if _METADATA in metadata else by_name(arrays)
    return restored(structure, arrays)


def _array(name: str, entry: dict[str, Any]) -> Array:
    """A copy of an entry; a bool that the file has as another byte than 0 or 1 is True."""
    kind, data = entry["dtype"], entry["data"]
    if kind == "BOOL":
        array: Array = np.frombuffer(data, np.uint8) != 0
    elif kind == "BF16":
        array = widened(np.frombuffer(data, "<u2"))
    elif kind[0] in "FIU" and kind[1:] in ("8", "16", "32", "64"):
        stored = np.dtype(f"<{kind[0].lower()}{int(kind[1:]) // 8}")
        check_dtype(name, stored)
        array = np.frombuffer(data, stored).astype(stored.newbyteorder("="))
    else:
        raise FileFormatError(f"the entry {name!r} has the dtype {kind}, which tensors here do not have")
    return array.reshape(entry["shape"])
