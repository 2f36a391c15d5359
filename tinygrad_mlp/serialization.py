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
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .device import device
from .dtypes import dtype_named, supported
from .engine import wrap
from .errors import ArgumentError, FileFormatError
from .tensor import Tensor

__all__ = ["load", "save"]

_Arrays = dict[str, np.ndarray[Any, Any]]
_METADATA = "tinygrad_mlp"
_STRUCTURE = "structure.json"
_TENSOR_KEYS = {"dtype", "shape", "data"}


def save(obj: Any, f: str | os.PathLike[str]) -> None:
    """Save an object to a file, in the format of the file's ending: .safetensors, .npz or .json.

    The file is replaced in one step once everything is written, so that it is either the old or the new one, whole.

    Args:
        obj: Tensors and plain values, nested in dicts, lists and tuples; see the module's docstring.
        f: The path.

    Raises:
        FileFormatError: The ending is another one, or something in ``obj`` cannot be saved (says where).
        ImportError: ``.safetensors`` without the safetensors library.

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
        FileFormatError: The file is damaged, or in another format.
        FileNotFoundError: There is no such file.
        ImportError: ``.safetensors`` without the safetensors library.
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
    with path.open("rb"):  # a file that is missing or may not be read says so here, the same for each format
        pass
    try:
        return unpack(path)
    except FileFormatError as error:
        raise FileFormatError(f"cannot load {path}: {error}") from error
    except RecursionError as error:
        raise FileFormatError(f"cannot load {path}: it is nested too deeply") from error


def _path(f: Any) -> Path:
    if not isinstance(f, str | os.PathLike):
        raise ArgumentError(f"expected a path, whose ending says the format, got {type(f).__name__}")
    return Path(f)


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
    except BaseException:
        temporary.unlink(missing_ok=True)
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
                return float(_number(text, np.dtype(np.float64)))
        case {"$tuple": list(items), **rest} if not rest:
            return tuple(_decode(item, tensor) for item in items)
        case {"$dict": list(pairs), **rest} if not rest and all(isinstance(p, list) and len(p) == 2 for p in pairs):
            with contextlib.suppress(TypeError):  # a key that cannot be one
                return {_decode(key, tensor): _decode(entry, tensor) for key, entry in pairs}
    raise FileFormatError(f"its structure has a malformed {tag!r}")


def _parsed(text: bytes | str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:  # UnicodeDecodeError is one, too
        raise FileFormatError(f"not valid JSON: {error}") from error
    except RecursionError as error:
        raise FileFormatError("its JSON is nested too deeply") from error


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
    content: bytes = library.numpy.save(arrays, metadata={_METADATA: json.dumps(structure)})
    return content


def _unpack_safetensors(path: Path) -> Any:
    library = _safetensors()
    try:
        with library.safe_open(path, framework="np") as file:
            arrays = {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118 - no dict
            metadata = file.metadata() or {}
    except (library.SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FileFormatError(f"not a .safetensors file that NumPy can hold: {error}") from error
    for name, array in arrays.items():
        _check_dtype(name, array.dtype)
    return _restored(_parsed(metadata[_METADATA]) if _METADATA in metadata else _by_name(arrays), arrays)


def _check_dtype(name: str, dtype: np.dtype[Any]) -> None:
    if not supported(dtype):
        raise FileFormatError(f"the entry {name!r} has the dtype {dtype}, which tensors here do not have")


# --------------------------------------------------------------------------------------------------------------- .npz


def _pack_npz(obj: Any) -> bytes:
    structure, arrays = _flattened(obj)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        if structure != _by_name(arrays):
            archive.writestr(zipfile.ZipInfo(_STRUCTURE), json.dumps(structure))
    return buffer.getvalue()


def _unpack_npz(path: Path) -> Any:
    size = path.stat().st_size
    arrays: _Arrays = {}
    structures: list[Any] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.compress_size > size:
                    raise FileFormatError(f"the entry {info.filename!r} is not stored or deflated, or longer than the file")
                content = archive.read(info)  # as long as what is there, whatever its header says, and checked by CRC
                if info.filename == _STRUCTURE:
                    structures.append(_parsed(content))
                    continue
                name = info.filename.removesuffix(".npy")
                if name in arrays or name == info.filename:
                    raise FileFormatError(f"the entry {info.filename!r} is there twice, or is not an array")
                arrays[name] = _from_npy(name, content)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise FileFormatError(f"not a whole .npz file: {error or type(error).__name__}") from error
    return _restored(structures[0] if structures else _by_name(arrays), arrays)


def _from_npy(name: str, content: bytes) -> np.ndarray[Any, Any]:
    """The array in the bytes of an .npy file, without trusting its header."""
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        else:
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
        _check_dtype(name, dtype.newbyteorder("="))
        data = content[stream.tell() :]
        if math.prod(shape) * dtype.itemsize != len(data) or any(size < 0 for size in shape):
            raise ValueError(f"its header says {dtype} of shape {shape}, but there are {len(data)} bytes")
        array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    except FileFormatError:
        raise
    except (ValueError, TypeError, OverflowError, SyntaxError) as error:
        raise FileFormatError(f"the entry {name!r} is not an array: {error}") from error
    return array.astype(dtype.newbyteorder("="), order="C")


# -------------------------------------------------------------------------------------------------------------- .json


def _pack_json(obj: Any) -> bytes:
    structure = _encode(obj, (), lambda array, path: _described(array))
    return ("".join(_lines(structure, "")) + "\n").encode()


def _unpack_json(path: Path) -> Any:
    return _decode(_parsed(path.read_bytes()), _from_description)


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
        if any(type(size) is not int or size < 0 for size in shape):
            raise ValueError(f"dtype {value['dtype']!r} or shape {shape!r}")
        flat = [data]
        for size in shape:
            if any(type(row) is not list or len(row) != size for row in flat):
                raise ValueError(f"its data is not nested as its shape {shape} says")
            flat = [item for row in flat for item in row]
        with np.errstate(over="raise"):
            return wrap(np.array([_number(item, dtype) for item in flat], dtype).reshape(shape))
    except (ValueError, TypeError, ArithmeticError) as error:
        raise FileFormatError(f"a malformed tensor: {error}") from error


def _spelled(value: np.floating[Any]) -> str:
    """``nan``, ``inf`` or ``-inf``; a NaN with other bits than the usual one's as ``nan:`` and its bits."""
    if not np.isnan(value) or value.tobytes() == np.array(np.nan, value.dtype).tobytes():
        return str(value)
    return f"nan:{int.from_bytes(value.astype(value.dtype.newbyteorder('<')).tobytes(), 'little'):#x}"


def _number(item: Any, dtype: np.dtype[Any]) -> Any:
    """The number of this dtype that JSON holds as ``item``."""
    if isinstance(item, str) and dtype.kind == "f":
        if item in ("nan", "inf", "-inf"):
            return float(item)
        name, _, bits = item.partition(":")
        number = np.frombuffer(int(bits, 16).to_bytes(dtype.itemsize, "little"), dtype.newbyteorder("<"))[0]
        if name == "nan" and np.isnan(number):
            return number
    elif (
        (type(item) is bool and dtype.kind == "b")
        or (type(item) is int and dtype.kind in "iu")
        or (type(item) in (int, float) and dtype.kind == "f")
    ):
        return item
    raise ValueError(f"{item!r} is not a {dtype}")


_FORMATS: dict[str, tuple[Callable[[Any], bytes], Callable[[Path], Any]]] = {
    ".safetensors": (_pack_safetensors, _unpack_safetensors),
    ".npz": (_pack_npz, _unpack_npz),
    ".json": (_pack_json, _unpack_json),
}
