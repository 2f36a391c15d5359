"""Zip archives that are read without trusting what they say of themselves."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, BinaryIO

from ..errors import DeviceError, FileFormatError

__all__ = ["archive", "length_of", "read_exactly"]

_INFLATED, _RATIO = 64 << 20, 20  # a file may inflate to so many bytes, or to so many times its length
_CHUNK = 1 << 20  # bytes read at once
# What zipfile raises for a file that is broken.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, struct.error)


def length_of(file: BinaryIO) -> int:
    """The length of a file that can seek; it is at its beginning afterwards."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


class _Limited:
    """A file that gives ``zipfile`` no long table of contents, as it would make an object of each entry."""

    def __init__(self, file: BinaryIO, table: int) -> None:
        self._file = file
        self._table = table
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > self._table:
            raise FileFormatError(
                f"its table of contents says it has {size:,} bytes, where at most {self._table:,} are read"
            )
        return self._file.read(size)


@contextmanager
def archive(file: BinaryIO, what: str, table: int) -> Iterator[tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]]:
    """The archive in a file, and its entries, whose sizes are no more than the file can hold.

    Args:
        file: Open for reading, from its beginning.
        what: The kind of file, for messages.
        table: The most bytes that its table of contents may have.
    """
    size = length_of(file)
    try:
        with zipfile.ZipFile(_Limited(file, table)) as opened:
            entries = opened.infolist()
            for info in entries:
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.compress_size > size:
                    raise FileFormatError(f"the entry {info.filename!r} is not stored or deflated, or longer than the file")
            packed, inflated = (sum(getattr(info, of) for info in entries) for of in ("compress_size", "file_size"))
            if packed > size or inflated > max(_INFLATED, _RATIO * size):
                raise FileFormatError(
                    f"its entries say that they take {packed:,} bytes of the file's {size:,} and inflate to {inflated:,}; "
                    f"expected at most {max(_INFLATED, _RATIO * size):,}"
                )
            yield opened, entries
    except (FileFormatError, DeviceError):
        raise
    except _BROKEN as error:
        raise FileFormatError(f"not a whole {what} file: {error or type(error).__name__}") from error


def read_exactly(member: IO[bytes], size: int) -> Any:
    """So many bytes, with which the entry ends; a ValueError if it does not. Reading to the end also checks its CRC."""
    data = bytearray()
    while chunk := member.read(min(_CHUNK, size - len(data))):
        data += chunk
    if len(data) != size or member.read(1):
        raise ValueError(f"it ends after {len(data):,} bytes of {size:,}, or does not end there")
    return data
