"""``.npz`` files: a zip archive of NumPy's ``.npy`` files, read without trusting what it says of itself."""

from __future__ import annotations

import ast
import zipfile
from typing import IO, Any, BinaryIO

import numpy as np

from ..errors import FileFormatError
from .archives import archive, read_exactly
from .structure import Array, Arrays, by_name, check_dtype, flattened, holds, restored, shortened
from .text import LIMIT, dumped, parsed

__all__ = ["pack", "unpack"]

_STRUCTURE = "structure.json"
_NAME = 65_535  # bytes of a name in a zip archive
_TABLE = 1 << 20  # bytes of the table of contents: some 10,000 arrays
_NPY_HEADER = 2_000  # bytes: enough for 64 dimensions, and read quickly by Python's own parser


def pack(obj: Any, file: BinaryIO) -> None:
    """Write an ``.npz`` file."""
    structure, arrays = flattened(obj)
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            if len(f"{name}.npy".encode()) > _NAME:
                raise FileFormatError(
                    f"the name {shortened(name)} of a tensor is too long for an .npz file; use .safetensors"
                )
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        if structure != by_name(arrays):
            archive.writestr(zipfile.ZipInfo(_STRUCTURE), dumped(structure))
        if sum(46 + len(info.filename.encode()) + len(info.extra) for info in archive.infolist()) > _TABLE:
            raise FileFormatError(f"{len(arrays):,} tensors are too many for an .npz file; use .safetensors")


def unpack(file: BinaryIO) -> Any:
    """The object in an ``.npz`` file."""
    arrays: Arrays = {}
    structures: list[Any] = []
    with archive(file, ".npz", _TABLE) as (opened, entries):
        for info in entries:
            with opened.open(info) as member:
                if info.filename == _STRUCTURE:
                    structures.append(parsed(member.read(LIMIT + 1)))
                    continue
                name = info.filename.removesuffix(".npy")
                if name in arrays or name == info.filename:
                    raise FileFormatError(f"the entry {info.filename!r} is there twice, or is not an array")
                arrays[name] = _from_npy(name, member, info.file_size)
    if len(structures) > 1:
        raise FileFormatError(f"the entry {_STRUCTURE!r} is there twice")
    return restored(structures[0] if structures else by_name(arrays), arrays)


def _from_npy(name: str, file: IO[bytes], size: int) -> Array:
    """The array in an ``.npy`` file of so many bytes."""
    try:
        magic = file.read(8)
        width = {b"\x93NUMPY\x01\x00": 2, b"\x93NUMPY\x02\x00": 4, b"\x93NUMPY\x03\x00": 4}[magic]
        length = int.from_bytes(file.read(width), "little")
        if length > _NPY_HEADER:
            raise ValueError(f"its header has {length:,} bytes")
        match ast.literal_eval(file.read(length).decode().strip()):
            case {"descr": str(descr), "fortran_order": bool(columns), "shape": tuple(shape), **others} if not others:
                dtype = np.dtype(descr)
            case _:
                raise ValueError("its header does not describe an array of numbers")
        check_dtype(name, dtype)
        rest = size - len(magic) - width - length
        if not holds(shape, dtype, rest):
            raise ValueError(f"its header says {dtype} of shape {shape}, but there are {rest:,} bytes")
        data = read_exactly(file, rest)
    except FileFormatError:
        raise
    except (ValueError, TypeError, KeyError, SyntaxError) as error:
        raise FileFormatError(f"the entry {name!r} is not an array: {error}") from error
    array = np.frombuffer(data, dtype) if dtype.kind != "b" else np.frombuffer(data, np.uint8) != 0  # a byte may be 2
    return np.asarray(array.reshape(shape, order="F" if columns else "C"), dtype.newbyteorder("="), order="C")
