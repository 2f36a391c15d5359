"""Saving and loading: tensors, state_dicts and whole checkpoints, in a format chosen by the file's ending.

=================  ===================================================================================================
``.safetensors``   The `safetensors <https://github.com/huggingface/safetensors>`_ format, which PyTorch users have too.
``.npz``           NumPy's archive of arrays, which ``numpy.load`` reads. Nothing in it is ever unpickled.
``.json``          Text, for small models and for reading; numbers round-trip to the last bit.
=================  ===================================================================================================

Saved are Tensors and numbers, strings, bools and None, nested in dicts, lists and tuples: what a
``{"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}`` consists of. Tensors come back with
their values, shape and dtype, as new leaves that do not require grad.

The structure around the tensors is JSON: the whole of a ``.json`` file, the metadata entry ``tinygrad_mlp`` of a
``.safetensors`` file, the member ``structure.json`` of an ``.npz`` file (left out for a plain dict of tensors). In it

* a Tensor is ``{"dtype": ..., "shape": [...], "data": [...]}``, its values nested as its dimensions are; in the two
  binary formats ``{"$tensor": name}``, where the name in the file is the path to the tensor, joined by dots;
* a tuple is ``{"$tuple": [...]}``; a dict whose keys are not all plain strings is ``{"$dict": [[key, value], ...]}``;
* a float that JSON has no number for is ``{"$float": "nan"}``, ``"inf"`` or ``"-inf"`` (just the string within data).

Pickle, and so PyTorch's ``.pt``, is neither read nor written: loading it may run any code.

What a file says of itself is only a promise. A file that is damaged, cut short or forged gives one error, :class:`FileFormatError`,
with its name and the reason, before memory is taken for what is not there; so do folders, pipes and devices, which are not read.
Sizes are held against the bytes in the file, JSON and tables of contents have a limit, and an ``.npz`` may inflate to 64 MiB, or to
20 times its length where that is more.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .device import device
from .dtypes import dtype_named, supported
from .engine import wrap
from .errors import ArgumentError, FileFormatError
from .tensor import Tensor

__all__ = ["load", "read_json", "save"]

_Arrays = dict[str, np.ndarray[Any, Any]]
_METADATA = "tinygrad_mlp"
_STRUCTURE = "structure.json"
_TENSOR_KEYS = {"dtype", "shape", "data"}

_JSON, _BRACKETS = 8 << 20, 250_000  # bytes of JSON, and lists and objects in it, of which each empty one takes 64 bytes
_TABLE = 1 << 20  # bytes of an .npz file's table of contents: some 10,000 arrays
_INFLATED, _RATIO = 64 << 20, 20  # what an .npz may inflate to: so many bytes, or so many times its length
_CHUNK = 1 << 20  # bytes read at once


def save(obj: Any, f: str | os.PathLike[str]) -> None:
    """Save an object to a file, in the format of the file's ending: .safetensors, .npz or .json.

    The file is replaced in one step once everything is written, so that it is either the old or the new one, whole. A process that is
    killed meanwhile leaves a hidden file ending in ``.tmp`` beside it.

    Args:
        obj: Tensors and plain values, nested in dicts, lists and tuples; see the module's docstring.
        f: The path.

    Raises:
        FileFormatError: The ending is another one, or something in ``obj`` cannot be saved (says where), or it is too
            much for the format: text, and what is not in a tensor, may take 8 MiB.
        OSError: The file cannot be written; says which.

    >>> import tempfile
    >>> import tinygrad_mlp as torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save({"weight": torch.eye(2), "epoch": 3}, folder + "/model.npz")
    ...     torch.load(folder + "/model.npz")["weight"]
    tensor([[1., 0.],
            [0., 1.]])
    """
    path = _path(f)
    pack = _FORMATS[_ending(path)][0]
    try:
        content = pack(obj)
    except FileFormatError as error:
        raise FileFormatError(f"cannot save to {path}: {error}") from error
    except RecursionError as error:
        raise FileFormatError(f"cannot save to {path}: the object is nested too deeply, or contains itself") from error
    _write(path, content)


def load(f: str | os.PathLike[str], map_location: Any = None, *, weights_only: bool = True) -> Any:
    """Load what :func:`save` saved, or any .safetensors or .npz file of arrays, as a dict of Tensors by name.

    Args:
        f: The path.
        map_location: The device to load to: None or the CPU.
        weights_only: Nothing but data is ever loaded, so this must stay true.

    Raises:
        FileFormatError: The file is damaged, cut short or forged, in another format, or no file but a folder, a pipe or a
            device; says which, and why.
        OSError: The system does not let it be read: FileNotFoundError, PermissionError.
    """
    path = _path(f)
    unpack = _FORMATS[_ending(path)][1]
    if map_location is not None:
        device(map_location)
    if not weights_only:
        raise FileFormatError(
            f"cannot load {path} with weights_only=False: that asks for pickled Python objects, which may run any code; "
            "leave it out"
        )
    try:
        with _opened(path):  # a file that is missing or may not be read says so here, the same for each format
            pass
        return unpack(path)
    except FileFormatError as error:
        reason = str(error)  # which may quote the file
        raise FileFormatError(f"cannot load {path}: {reason[:500]}{'…' * (len(reason) > 500)}") from error
    except RecursionError as error:
        raise FileFormatError(f"cannot load {path}: it is nested too deeply") from error
    except MemoryError as error:
        raise FileFormatError(f"cannot load {path}: there is not enough memory for what it holds") from error
    except OSError as error:
        error.filename = error.filename or str(path)  # what goes wrong in reading does not say where
        raise


def _path(f: Any) -> Path:
    if not isinstance(f, str | os.PathLike):
        raise ArgumentError(f"expected a path, whose ending says the format, got {type(f).__name__}")
    return Path(f)


def _opened(path: Path) -> BinaryIO:
    """The file, open for reading.

    Raises:
        FileFormatError: It is a folder, a pipe or a device, reading which might never end. OSError: It cannot be opened.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise FileFormatError("it is a folder" if stat.S_ISDIR(mode) else "it is not a regular file, but a pipe or a device")
    return path.open("rb")


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in _FORMATS:
        pickled = ending in (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin")
        raise FileFormatError(
            f"{path}: {ending or 'a file without an ending'} is not a format here"
            + (": it is pickle, which may run any code when loaded" if pickled else "")
            + "; use .safetensors (which PyTorch reads and writes, too, with safetensors.torch), .npz or .json"
        )
    return ending


def _write(path: Path, content: bytes) -> None:
    """Replace the file by one with this content, or leave all as it is."""
    target = Path(os.path.realpath(path))  # through a link, not in its place
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot save to {path}: the folder {target.parent} does not exist")
    temporary = target.parent / f".{target.name[:100]}.{os.urandom(8).hex()}.tmp"
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            error.filename = str(path)  # what went wrong in writing does not say where
        raise


# ------------------------------------------------------------------------- structure: Python objects as JSON, and back


def _encode(value: Any, path: tuple[Any, ...], tensor: Callable[[np.ndarray[Any, Any], tuple[Any, ...]], Any]) -> Any:
    """A value as what JSON can hold; ``tensor(array, path)`` says how a Tensor is to be held."""
    if isinstance(value, Tensor):
        return tensor(value.numpy(force=True), path)
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": _spelled(np.float64(value))}
    if isinstance(value, Mapping):
        entries = {key: _encode(entry, (*path, key), tensor) for key, entry in value.items()}
        if all(isinstance(key, str) and not key.startswith("$") for key in entries) and entries.keys() != _TENSOR_KEYS:
            return entries
        return {"$dict": [[_encode(key, (*path, key), tensor), entry] for key, entry in entries.items()]}
    if isinstance(value, list | tuple):
        items = [_encode(item, (*path, position), tensor) for position, item in enumerate(value)]
        return {"$tuple": items} if isinstance(value, tuple) else items
    where = "".join(f"[{key!r}]" for key in path)
    hint = "; make it a Tensor with from_numpy()" if isinstance(value, np.ndarray) else ""
    raise FileFormatError(
        f"{f'the entry {where}' if path else 'the object'} is a {type(value).__name__}, but only Tensors, numbers, strings, "
        f"bools, None, and dicts, lists and tuples of them can be saved{hint}"
    )


def _decode(value: Any, tensor: Callable[[Any], Tensor]) -> Any:
    """The value that :func:`_encode` encoded; ``tensor`` undoes the function of that name there."""
    if isinstance(value, list):
        return [_decode(item, tensor) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == _TENSOR_KEYS or value.keys() == {"$tensor"}:
        return tensor(value)
    tag = next((key for key in value if key.startswith("$")), None)
    if tag is None:
        return {key: _decode(entry, tensor) for key, entry in value.items()}
    match value:
        case {"$float": str(text), **rest} if not rest:
            with contextlib.suppress(ValueError, OverflowError):
                return float(_not_finite(text, np.dtype(np.float64)))
        case {"$tuple": list(items), **rest} if not rest:
            return tuple(_decode(item, tensor) for item in items)
        case {"$dict": list(pairs), **rest} if not rest and all(isinstance(p, list) and len(p) == 2 for p in pairs):
            with contextlib.suppress(TypeError):  # a key that cannot be one
                return {_decode(key, tensor): _decode(entry, tensor) for key, entry in pairs}
    raise FileFormatError(f"its structure has a malformed {tag!r}")


def read_json(path: Path) -> Any:
    """What a JSON file says, as the standard has it: UTF-8, no NaN or Infinity, no key twice in one object.

    Raises:
        FileFormatError: It is not valid, has a number beyond float64's, is nested too deeply, is longer than 8 MiB, has more
            than 250,000 lists and objects, or is no file but a folder, a pipe or a device; says which file, and why.
        OSError: The system does not let it be read: FileNotFoundError, PermissionError.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from tinygrad_mlp.serialization import read_json
    >>> path = Path(tempfile.mkdtemp(), "a.json")
    >>> path.write_text('{"epochs": [1, 2.5, null]}')
    26
    >>> read_json(path)
    {'epochs': [1, 2.5, None]}
    """
    try:
        return _parsed_file(path)
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from error


def _parsed_file(path: Path) -> Any:
    with _opened(path) as file:
        return _parsed(file.read(_JSON + 1))


def _parsed(text: bytes | str) -> Any:
    if len(text) > _JSON:
        raise FileFormatError(f"more than {_JSON:,} bytes of JSON, which is not read")
    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        _check_length(text, "")
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except FileFormatError:
        raise
    except ValueError as error:  # UnicodeDecodeError is one, too
        raise FileFormatError(f"not valid JSON: {error}") from error
    except RecursionError as error:
        raise FileFormatError("its JSON is nested too deeply") from error


def _check_length(text: str, hint: str = "; keep numbers in tensors, and those in a .safetensors or .npz file") -> None:
    """Refuse JSON that would take long, or much memory, to read: when reading it, and when writing it, too."""
    for what, count, limit in (("bytes", len(text), _JSON), ("brackets", text.count("[") + text.count("{"), _BRACKETS)):
        if count > limit:
            raise FileFormatError(f"{count:,} {what} of JSON, where at most {limit:,} are read{hint}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value] # None: new
        raise FileFormatError(f"not valid JSON: the key {_shortened(twice)} is there twice")
    return entries


def _constant(name: str) -> None:
    raise FileFormatError(f"not valid JSON: {name} is no number")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):  # which JSON has no number for
        raise FileFormatError(f"a number is too large for float64: {_shortened(text)}")
    return value


def _dumped(structure: Any) -> str:
    text = json.dumps(structure)
    _check_length(text)
    return text


# ----------------------------------------------------------------------------------------- arrays by name, for binary


def _flattened(obj: Any) -> tuple[Any, _Arrays]:
    """The structure of an object, and its tensors as arrays by the names they have in it."""
    arrays: _Arrays = {}

    def tensor(array: np.ndarray[Any, Any], path: tuple[Any, ...]) -> dict[str, str]:
        name = ".".join(map(str, path))
        name = "".join(c if c.isprintable() and c != "\\" else "_" for c in name) or "tensor"
        while name in arrays or name == "__metadata__":  # the header's own entry in .safetensors
            name += "_"
        arrays[name] = np.asarray(array, order="C")
        return {"$tensor": name}

    return _encode(obj, (), tensor), arrays


def _restored(structure: Any, arrays: _Arrays) -> Any:
    used: set[str] = set()

    def tensor(value: Any) -> Tensor:
        name = value.get("$tensor")
        if not isinstance(name, str) or name not in arrays or name in used:
            raise FileFormatError(f"its structure asks for a tensor {name!r} that is not in the file, or asks twice")
        used.add(name)
        return wrap(arrays[name])

    result = _decode(structure, tensor)
    if len(used) != len(arrays):
        raise FileFormatError(f"its structure has no place for the tensors {sorted(arrays.keys() - used)}")
    return result


def _by_name(arrays: _Arrays) -> dict[str, Any]:
    return {name: {"$tensor": name} for name in arrays}


# ------------------------------------------------------------------------------------------------------- .safetensors


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            ".safetensors files need the safetensors library: pip install 'tinygrad_mlp[experiments]'; or use .npz"
        ) from error
    return safetensors


def _pack_safetensors(obj: Any) -> bytes:
    library = _safetensors()
    structure, arrays = _flattened(obj)
    # also for a plain dict: the library sorts the tensors, the structure keeps their order
    content: bytes = library.numpy.save(arrays, metadata={_METADATA: _dumped(structure)})
    return content


def _unpack_safetensors(path: Path) -> Any:
    library = _safetensors()
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, _JSON):
            raise FileFormatError(
                f"not a .safetensors file: it says that its header has {length:,} bytes, where at most "
                f"{max(0, min(size - 8, _JSON)):,} are read"
            )
        _parsed(file.read(length))  # within our limits, before the library, which has wider ones, reads it
    try:
        with library.safe_open(path, framework="np") as file:
            arrays = {name: _sound(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118 - no dict
            metadata = file.metadata() or {}
    except (library.SafetensorError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise FileFormatError(f"not a .safetensors file that NumPy can hold: {error}") from error
    for name, array in arrays.items():
        if not supported(array.dtype):
            raise FileFormatError(f"the entry {name!r} has the dtype {array.dtype}, which tensors here do not have")
    structure = _parsed(metadata[_METADATA]) if _METADATA in metadata else _by_name(arrays)
    return _restored(structure, arrays)


def _sound(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy; truth values of bytes that are neither 0 nor 1, too."""
    return array.view(np.uint8) != 0 if array.dtype.kind == "b" else np.array(array)


def _holds(shape: Any, dtype: np.dtype[Any], length: int) -> bool:
    """Whether this is the shape of an array, which NumPy can hold in so many bytes."""
    if len(shape) > _DIMENSIONS or not all(type(size) is int and 0 <= size < 2**63 for size in shape):
        return False
    # Where one size is 0, NumPy still multiplies the others.
    return math.prod(shape) * dtype.itemsize == length and math.prod(filter(None, shape)) * dtype.itemsize < 2**63


_DIMENSIONS = 64  # NumPy's limit


def _array(data: bytearray, dtype: np.dtype[Any], shape: Sequence[int], order: Any = "C") -> np.ndarray[Any, Any]:
    """The array in these bytes, in this machine's byte order and C order, writable."""
    array = np.frombuffer(data, dtype).reshape(shape, order=order)
    if dtype.kind == "b":
        array = np.frombuffer(data, np.uint8).reshape(shape, order=order) != 0  # a byte may be neither 0 nor 1
    return np.asarray(array, dtype.newbyteorder("="), order="C")


# --------------------------------------------------------------------------------------------------------------- .npz


def _pack_npz(obj: Any) -> bytes:
    structure, arrays = _flattened(obj)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        if structure != _by_name(arrays):
            archive.writestr(zipfile.ZipInfo(_STRUCTURE), _dumped(structure))
        if sum(46 + len(info.filename.encode()) + len(info.extra) for info in archive.infolist()) > _TABLE:
            raise FileFormatError(f"{len(arrays):,} tensors are too many for an .npz file; use .safetensors")
    return buffer.getvalue()


class _Archive(io.FileIO):
    """A file whose table of contents ``zipfile`` may read only if it is not long: that makes an object of each entry."""

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        if size is not None and size > _TABLE:
            raise FileFormatError(f"its table of contents says it has {size:,} bytes, where at most {_TABLE:,} are read")
        return super().read(-1 if size is None else size) or b""


def _unpack_npz(path: Path) -> Any:
    size = path.stat().st_size
    arrays: _Arrays = {}
    structures: list[Any] = []
    try:
        with _Archive(path) as file, zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            for info in entries:
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.compress_size > size:
                    raise FileFormatError(f"the entry {info.filename!r} is not stored or deflated, or longer than the file")
            packed, inflated = (sum(getattr(info, of) for info in entries) for of in ("compress_size", "file_size"))
            if packed > size or inflated > max(_INFLATED, _RATIO * size):
                raise FileFormatError(
                    f"its entries say that they take {packed:,} bytes of the file's {size:,} and inflate to {inflated:,}; "
                    f"expected at most {max(_INFLATED, _RATIO * size):,}"
                )
            for info in entries:
                with archive.open(info) as member:
                    if info.filename == _STRUCTURE:
                        structures.append(_parsed(member.read(_JSON + 1)))
                        continue
                    name = info.filename.removesuffix(".npy")
                    if name in arrays or name == info.filename:
                        raise FileFormatError(f"the entry {info.filename!r} is there twice, or is not an array")
                    arrays[name] = _from_npy(name, member, info.file_size)
    except FileFormatError:
        raise
    except _BROKEN_ZIP as error:
        raise FileFormatError(f"not a whole .npz file: {error or type(error).__name__}") from error
    if len(structures) > 1:
        raise FileFormatError(f"the entry {_STRUCTURE!r} is there twice")
    return _restored(structures[0] if structures else _by_name(arrays), arrays)


_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
    struct.error,
)

_NPY_ENTRY = re.compile(
    r"\s*(?P<q>['\"])(?P<key>descr|fortran_order|shape)(?P=q)\s*:\s*"
    r"(?:(?P<r>['\"])(?P<descr>[<>=|]?[A-Za-z]\d{0,2})(?P=r)|(?P<order>True|False)|\((?P<shape>[\d, ]*)\))\s*(?:,|$)"
)
_NPY_HEADER = 10_000  # bytes, NumPy's own limit


def _from_npy(name: str, file: Any, size: int) -> np.ndarray[Any, Any]:
    """The array in an .npy file of so many bytes, without trusting its header."""
    try:
        magic = file.read(8)
        width = {b"\x93NUMPY\x01\x00": 2, b"\x93NUMPY\x02\x00": 4, b"\x93NUMPY\x03\x00": 4}[magic]
        length = int.from_bytes(file.read(width), "little")
        if length > _NPY_HEADER:
            raise ValueError(f"its header has {length:,} bytes")
        dtype, fortran, shape = _npy_header(file.read(length).decode("utf-8"))
        if not supported(dtype.newbyteorder("=")):
            raise FileFormatError(f"the entry {name!r} has the dtype {dtype}, which tensors here do not have")
        rest = size - len(magic) - width - length
        if not _holds(shape, dtype, rest):
            raise ValueError(f"its header says {dtype} of shape {shape}, but there are {rest:,} bytes")
        data = bytearray()
        while chunk := file.read(min(_CHUNK, rest - len(data))):
            data += chunk
        if len(data) != rest or file.read(1):  # at the end its CRC is checked
            raise ValueError(f"it ends after {len(data):,} bytes of {rest:,}, or does not end there")
    except FileFormatError:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise FileFormatError(f"the entry {name!r} is not an array: {error}") from error
    return _array(data, dtype, shape, "F" if fortran else "C")


def _npy_header(text: str) -> tuple[np.dtype[Any], bool, tuple[int, ...]]:
    """dtype, whether in Fortran's order, and shape; NumPy reads them with Python's own parser, which may take long.

    >>> from tinygrad_mlp.serialization import _npy_header
    >>> _npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }")
    (dtype('float32'), False, (3,))
    """
    text = text.strip()
    inner, found = text[1:-1], dict[str, Any]()
    if text[:1] != "{" or text[-1:] != "}":
        raise ValueError("its header is no dict")
    position = 0
    while match := _NPY_ENTRY.match(inner, position):
        key, position = match["key"], match.end()
        value = match[{"descr": "descr", "fortran_order": "order", "shape": "shape"}[key]]
        if value is None or key in found:
            raise ValueError(f"its header has no right {key!r}, or two")
        found[key] = value
    if inner[position:].strip() or len(found) != 3:
        raise ValueError(f"its header {text[:60]!r} does not describe an array of numbers")
    shape = tuple(int(size) for size in found["shape"].split(",") if size.strip())
    return np.dtype(found["descr"]), found["fortran_order"] == "True", shape


# -------------------------------------------------------------------------------------------------------------- .json


def _pack_json(obj: Any) -> bytes:
    structure = _encode(obj, (), lambda array, path: _described(array))
    text = "".join(_lines(structure, "")) + "\n"
    _check_length(text)
    return text.encode()


def _unpack_json(path: Path) -> Any:
    return _decode(_parsed_file(path), _from_description)


def _lines(value: Any, margin: str) -> Iterator[str]:
    """JSON text with an entry of a dict to a line, and a row of numbers to a line."""
    inner = margin + "  "
    if isinstance(value, dict) and value:
        items = [(f"{json.dumps(key)}: ", entry) for key, entry in value.items()]
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        items = [("", item) for item in value]
    else:
        yield json.dumps(value, allow_nan=False)
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    for position, (key, item) in enumerate(items):
        yield f"{',' if position else opening}\n{inner}{key}"
        yield from _lines(item, inner)
    yield f"\n{margin}{closing}"


def _described(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    """An array as ``{"dtype", "shape", "data"}``, its floats as the shortest decimals that read back the same."""
    data = array
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            short = array.astype("U").astype(np.float64)
            data = np.where(short.astype(array.dtype) == array, short, array)  # should rounding twice ever miss, in full
        strange = ~np.isfinite(array)
        if strange.any():
            data = data.astype(object)
            data[strange] = [_spelled(x) for x in array[strange]]
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data.tolist()}


def _from_description(value: Any) -> Tensor:
    try:
        if value.keys() != _TENSOR_KEYS:
            raise ValueError(f"its entries are {list(value)}")
        dtype, shape, data = dtype_named(value["dtype"]).numpy, value["shape"], value["data"]
        flat = [data]
        for size in shape:
            if type(size) is not int or any(type(row) is not list or len(row) != size for row in flat):
                raise ValueError(f"its data is not nested as its shape {shape} says")
            flat = [item for row in flat for item in row]
        if not _holds(shape, dtype, len(flat) * dtype.itemsize):
            raise ValueError(f"shape {shape!r}")
        return wrap(_numbers(flat, dtype).reshape(shape))
    except (ValueError, TypeError, ArithmeticError) as error:
        raise FileFormatError(f"a malformed tensor: {error}") from error


def _spelled(value: np.floating[Any]) -> str:
    """``nan``, ``inf`` or ``-inf``; a NaN with other bits than the usual one's as ``nan:`` and its bits."""
    if not np.isnan(value) or value.tobytes() == np.array(np.nan, value.dtype).tobytes():
        return str(value)
    return f"nan:{int.from_bytes(value.astype(value.dtype.newbyteorder('<')).tobytes(), 'little'):#x}"


_NUMBERS: dict[str, set[type]] = {"b": {bool}, "i": {int}, "u": {int}, "f": {int, float}}


def _numbers(items: list[Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """The numbers of this dtype that JSON holds as ``items``."""
    kinds = set(map(type, items))
    strings = {}
    if str in kinds and dtype.kind == "f":
        kinds.remove(str)
        strings = {position: _not_finite(item, dtype) for position, item in enumerate(items) if type(item) is str}
        items = [0.0 if type(item) is str else item for item in items]
    if not kinds <= _NUMBERS[dtype.kind]:
        wrong = next(item for item in items if type(item) not in _NUMBERS[dtype.kind])
        raise ValueError(f"{_shortened(wrong)} is not a {dtype}")
    with np.errstate(over="raise"):
        array = np.array(items, dtype)
    if dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"a number is too large for {dtype}")
    for position, number in strings.items():
        array[position] = number
    return array


def _not_finite(text: str, dtype: np.dtype[Any]) -> Any:
    """The number that :func:`_spelled` spelled."""
    if text in ("nan", "inf", "-inf"):
        return float(text)
    name, _, bits = text.partition(":")
    if name == "nan" and len(bits) <= 18:
        number = np.frombuffer(int(bits, 16).to_bytes(dtype.itemsize, "little"), dtype.newbyteorder("<"))[0]
        if np.isnan(number):
            return number
    raise ValueError(f"{_shortened(text)} is not a {dtype}")


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


_FORMATS: dict[str, tuple[Callable[[Any], bytes], Callable[[Path], Any]]] = {
    ".safetensors": (_pack_safetensors, _unpack_safetensors),
    ".npz": (_pack_npz, _unpack_npz),
    ".json": (_pack_json, _unpack_json),
}
