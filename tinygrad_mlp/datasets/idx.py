"""Reader of IDX files, the format of MNIST: a big-endian header, then the values in C order.

::

    0x00 0x00  type  ndim    4 bytes: type 0x08 is uint8, the one type these data sets use
    size_0 ... size_ndim-1   4 bytes each, unsigned, most significant byte first
    values                   size_0 * ... * size_ndim-1 bytes

The header of a damaged or forged file may be wrong. So memory is taken as the bytes arrive, not as the header says, and reading
stops one byte after what it says.
"""

import gzip
import hashlib
import math
import struct
import zlib
from io import BufferedIOBase, BufferedReader
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from ..errors import DataError, FileFormatError

__all__ = ["Bytes", "IDXError", "Stream", "check_pair", "idx_header", "idx_sha256", "parse_idx", "read_idx", "unpacked"]

Bytes = npt.NDArray[np.uint8]


Stream = BufferedIOBase | IO[bytes]  # an open file: `read` gives at most `size` bytes, fewer only at the end

_UINT8 = 0x08
_CHUNK = 1 << 20
_LIMIT = 1 << 30  # 1 GiB; the largest set in this format, EMNIST by class, has 0.55 GB of images
_INFLATED, _RATIO = 64 << 20, 20  # a file may inflate to so many bytes, or so many times its length


class IDXError(DataError, FileFormatError):
    """An IDX file that cannot be read, is cut short, damaged or forged: which file, and why. An error of data sets and of loaders."""


def read_idx(path: str | Path, limit: int = _LIMIT) -> Bytes:
    """Read an IDX file of unsigned bytes, raw or gzip'd (told apart by the first bytes, not by the name).

    Returns a writable uint8 array of one to four dimensions, as the header says. A file whose header says that there are more than
    `limit` values, or more than 64 MiB and 20 times the file's length, is forged or damaged, and not read.

    Raises:
        IDXError: the file cannot be read, is not IDX, or is not exactly as long as its header promises.

    >>> import os, tempfile
    >>> from tinygrad_mlp.datasets.idx import idx_header, read_idx
    >>> path = os.path.join(tempfile.mkdtemp(), "labels")
    >>> with open(path, "wb") as f:
    ...     f.write(idx_header((3,)) + bytes([7, 2, 1]))
    11
    >>> read_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():  # reading a pipe or a device might never end
            raise IDXError(f"{path}: not a regular file; expected an IDX file, raw or gzip'd")
        with path.open("rb") as stream:
            limit = min(limit, max(_INFLATED, _RATIO * path.stat().st_size))
            return parse_idx(unpacked(stream), str(path), limit)
    except IDXError:
        raise
    except (OSError, ValueError) as e:  # ValueError: a null character in the path
        raise IDXError(f"{path}: cannot be read: {getattr(e, 'strerror', None) or e}") from e


def unpacked(stream: BufferedReader) -> Stream:
    """The stream's content: inflated if it starts as gzip does, as it is otherwise."""
    if stream.peek(2)[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=stream)
    return stream


def parse_idx(stream: Stream, name: str, limit: int = _LIMIT) -> Bytes:
    """Read one IDX file from a stream of unpacked bytes that ends with it; errors call it `name`."""
    try:
        magic = stream.read(4)
        if len(magic) < 4:
            raise IDXError(f"{name}: {len(magic)} bytes long; expected an IDX header of 4 bytes or more")
        zeros, kind, ndim = struct.unpack(">HBB", magic)
        if zeros != 0:
            raise IDXError(f"{name}: starts with bytes {magic.hex(' ')}: neither gzip (1f 8b) nor IDX (00 00 08 ndim)")
        if kind != _UINT8:
            raise IDXError(f"{name}: IDX element type 0x{kind:02x}; expected 0x08 (unsigned byte)")
        if not 1 <= ndim <= 4:
            raise IDXError(f"{name}: IDX header with {ndim} dimensions; expected 1 to 4")
        sizes = stream.read(4 * ndim)
        if len(sizes) < 4 * ndim:
            raise IDXError(f"{name}: ends within its IDX header, which has {ndim} dimensions")
        shape = struct.unpack(f">{ndim}I", sizes)
        promised = math.prod(shape)
        if math.prod(filter(None, shape)) > limit:  # where one size is 0, NumPy still multiplies the others
            raise IDXError(
                f"{name}: the header promises {promised:,} bytes of shape {shape}; "
                f"expected at most {limit:,}: forged or damaged"
            )
        values = bytearray()
        # Reading one byte more finds a file that is too long and, for gzip, checks the CRC at the end.
        while chunk := stream.read(min(_CHUNK, promised + 1 - len(values))):
            values += chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as e:
        raise IDXError(f"{name}: truncated or damaged compressed data: {e}") from e
    if len(values) < promised:
        raise IDXError(f"{name}: truncated: {len(values):,} bytes after the header; expected {promised:,} for shape {shape}")
    if len(values) > promised:
        raise IDXError(f"{name}: too long: more bytes after the header than the {promised:,} of shape {shape}")
    return np.frombuffer(values, np.uint8).reshape(shape)


def idx_header(shape: tuple[int, ...]) -> bytes:
    """The header of an IDX file that holds unsigned bytes of this shape.

    >>> from tinygrad_mlp.datasets.idx import idx_header
    >>> idx_header((60000, 28, 28)).hex(" ", 4)
    '00000803 0000ea60 0000001c 0000001c'
    """
    return struct.pack(f">HBB{len(shape)}I", 0, _UINT8, len(shape), *shape)


def idx_sha256(array: Bytes) -> str:
    """SHA-256 (hexadecimal) of the unpacked IDX file that holds this array.

    An array and its IDX file determine each other, so a file that was read needs no second reading.
    """
    digest = hashlib.sha256(idx_header(array.shape))
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def check_pair(images: Bytes, labels: Bytes, images_name: str, labels_name: str) -> None:
    """Check that two arrays are images `(N, 28, 28)`, N > 0, and their labels `(N,)` within 0..9."""
    if images.ndim != 3 or images.shape[1:] != (28, 28):
        raise DataError(f"{images_name}: shape {images.shape}; expected images of shape (N, 28, 28)")
    if labels.ndim != 1:
        raise DataError(f"{labels_name}: shape {labels.shape}; expected labels of shape (N,)")
    if len(images) != len(labels):
        raise DataError(
            f"{images_name} holds {len(images):,} images but {labels_name} holds {len(labels):,} labels; "
            "expected as many of one as of the other"
        )
    if len(labels) == 0:
        raise DataError(f"{labels_name}: holds no labels; expected at least one")
    if labels.max() > 9:
        index = int(labels.argmax())
        raise DataError(f"{labels_name}: label {labels[index]} at index {index}; expected 0 to 9")
