"""JSON: reading it within limits, writing it to be read by people, and ``.json`` files of tensors."""

from __future__ import annotations

import json
import math
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .._tensor import Tensor
from ..core.graph import wrap
from ..dtypes import dtype_named
from ..errors import FileFormatError
from .structure import TENSOR_KEYS, Array, decode, encode, holds, not_finite, shortened, spelled

__all__ = ["LIMIT", "check_length", "dumped", "opened", "pack", "parsed", "read_json", "unpack"]

LIMIT = 8 << 20  # bytes of JSON
_BRACKETS = 250_000  # lists and objects in it: an empty one, of two bytes, takes 64 in memory


def opened(path: Path) -> BinaryIO:
    """The file, open for reading; folders, pipes and devices are refused, as reading them might never end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise FileFormatError("it is a folder" if stat.S_ISDIR(mode) else "it is not a regular file, but a pipe or a device")
    return path.open("rb")


def read_json(path: str | Path) -> Any:
    """The content of a JSON file that keeps to the standard: UTF-8, no NaN or Infinity, no key twice in one object.

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
        with opened(Path(path)) as file:
            return parsed(file.read(LIMIT + 1))
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from error


def parsed(text: bytes | str) -> Any:
    """The value of a JSON text, with the limits of :func:`read_json`."""
    if len(text) > LIMIT:
        raise FileFormatError(f"more than {LIMIT:,} bytes of JSON, which is not read")
    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        check_length(text, "")
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except FileFormatError:
        raise
    except ValueError as error:  # UnicodeDecodeError is one, too
        raise FileFormatError(f"not valid JSON: {error}") from error
    except RecursionError as error:
        raise FileFormatError("its JSON is nested too deeply") from error


def check_length(text: str, hint: str = "; keep numbers in tensors, and those in a .safetensors or .npz file") -> None:
    """Refuse JSON that takes too much time or memory to read, when it is read and when it is written."""
    for what, count, limit in (("bytes", len(text), LIMIT), ("brackets", text.count("[") + text.count("{"), _BRACKETS)):
        if count > limit:
            raise FileFormatError(f"{count:,} {what} of JSON, where at most {limit:,} are read{hint}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value] # None: new
        raise FileFormatError(f"not valid JSON: the key {shortened(twice)} is there twice")
    return entries


def _constant(name: str) -> None:
    raise FileFormatError(f"not valid JSON: {name} is no number")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):  # which JSON has no number for
        raise FileFormatError(f"a number is too large for float64: {shortened(text)}")
    return value


def dumped(structure: Any) -> str:
    """A structure as JSON on one line, if it is not too long to be read."""
    text = json.dumps(structure)
    check_length(text)
    return text


# ------------------------------------------------------------------------------------------------- files of tensors


def pack(obj: Any, file: BinaryIO) -> None:
    """Write a ``.json`` file."""
    structure = encode(obj, (), lambda array, path: _described(array))
    text = "".join(_lines(structure, "")) + "\n"
    check_length(text)
    file.write(text.encode())


def unpack(file: BinaryIO) -> Any:
    """The object in a ``.json`` file."""
    return decode(parsed(file.read(LIMIT + 1)), _from_description)


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


def _described(array: Array) -> dict[str, Any]:
    """An array as ``{"dtype", "shape", "data"}``, its floats as the shortest decimals that read back the same."""
    data = array
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            short = array.astype("U").astype(np.float64)
            data = np.where(short.astype(array.dtype) == array, short, array)  # all digits where the short form loses a bit
        strange = ~np.isfinite(array)
        if strange.any():
            data = data.astype(object)
            data[strange] = [spelled(x) for x in array[strange]]
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data.tolist()}


def _from_description(value: dict[str, Any]) -> Tensor:
    try:
        if value.keys() != TENSOR_KEYS:
            raise ValueError(f"its entries are {list(value)}")
        dtype, shape, data = dtype_named(value["dtype"]).numpy, value["shape"], value["data"]
        flat = [data]
        for size in shape:
            if type(size) is not int or any(type(row) is not list or len(row) != size for row in flat):
                raise ValueError(f"its data is not nested as its shape {shape} says")
            flat = [item for row in flat for item in row]
        if not holds(shape, dtype, len(flat) * dtype.itemsize):
            raise ValueError(f"shape {shape!r}")
        return wrap(_numbers(flat, dtype).reshape(shape))
    except (ValueError, TypeError, ArithmeticError) as error:
        raise FileFormatError(f"a malformed tensor: {error}") from error


_NUMBERS: dict[str, set[type]] = {"b": {bool}, "i": {int}, "u": {int}, "f": {int, float}}


def _numbers(items: list[Any], dtype: np.dtype[Any]) -> Array:
    """The numbers of this dtype that JSON holds as ``items``."""
    kinds = set(map(type, items))
    strings = {}
    if str in kinds and dtype.kind == "f":
        kinds.remove(str)
        strings = {position: not_finite(item, dtype) for position, item in enumerate(items) if type(item) is str}
        items = [0.0 if type(item) is str else item for item in items]
    if not kinds <= _NUMBERS[dtype.kind]:
        wrong = next(item for item in items if type(item) not in _NUMBERS[dtype.kind])
        raise ValueError(f"{shortened(wrong)} is not a {dtype}")
    with np.errstate(over="raise"):
        array = np.array(items, dtype)
    if dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"a number is too large for {dtype}")
    for position, number in strings.items():
        array[position] = number
    return array
