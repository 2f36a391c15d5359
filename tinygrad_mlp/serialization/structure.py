"""What is saved, as values that JSON has, and back; the tensors in it as NumPy arrays."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..core.graph import wrap
from ..dtypes import supported
from ..errors import FileFormatError

__all__ = [
    "TENSOR_KEYS", "Array", "Arrays", "by_name", "check_dtype", "decode", "encode", "flattened", "holds", "located", "not_finite",
    "restored", "shortened", "spelled", "widened",
]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]
Arrays = dict[str, Array]
TENSOR_KEYS = {"dtype", "shape", "data"}

_INT_BITS = 14_284  # 4,300 digits: Python reads no longer ints from text unless told to
_DIMENSIONS = 64  # NumPy's limit


def encode(value: Any, path: tuple[Any, ...], tensor: Callable[[Array, tuple[Any, ...]], Any]) -> Any:
    """A value as JSON can hold it; ``path`` has the keys and positions that lead to it.

    ``tensor(array, path)`` gives what stands for a Tensor. A FileFormatError says what cannot be saved, and where it is.
    """
    if isinstance(value, Tensor):
        return tensor(value.numpy(force=True), path)
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if value.bit_length() > _INT_BITS:
            raise FileFormatError(
                f"{located(path)} is an int of {value.bit_length():,} bits, where at most {_INT_BITS:,} are read"
            )
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": spelled(np.float64(value))}
    if isinstance(value, Mapping):
        pairs = [[encode(key, (*path, key), tensor), encode(entry, (*path, key), tensor)] for key, entry in value.items()]
        if all(isinstance(key, str) and not key.startswith("$") for key, _ in pairs) and value.keys() != TENSOR_KEYS:
            return dict(pairs)
        return {"$dict": pairs}
    if isinstance(value, list | tuple):
        items = [encode(item, (*path, position), tensor) for position, item in enumerate(value)]
        return {"$tuple": items} if isinstance(value, tuple) else items
    hint = "; make it a Tensor with from_numpy()" if isinstance(value, np.ndarray) else ""
    raise FileFormatError(
        f"{located(path)} is a {type(value).__name__}, but only Tensors, numbers, strings, bools, None, and dicts, lists and tuples of "
        f"them can be saved{hint}"
    )


def located(path: tuple[Any, ...]) -> str:
    """Where in the saved object a path leads."""
    return f"the entry {''.join(f'[{shortened(key)}]' for key in path)}" if path else "the object"


def decode(value: Any, tensor: Callable[[dict[str, Any]], Tensor]) -> Any:
    """The value that :func:`encode` made this from; ``tensor`` makes a Tensor of what stands for one."""
    if isinstance(value, list):
        return [decode(item, tensor) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == TENSOR_KEYS or value.keys() == {"$tensor"}:
        return tensor(value)
    tag = next((key for key in value if key.startswith("$")), None)
    if tag is None:
        return {key: decode(entry, tensor) for key, entry in value.items()}
    match value:
        case {"$float": str(text), **rest} if not rest:
            with contextlib.suppress(ValueError, OverflowError):
                return float(not_finite(text, np.dtype(np.float64)))
        case {"$tuple": list(items), **rest} if not rest:
            return tuple(decode(item, tensor) for item in items)
        case {"$dict": list(pairs), **rest} if not rest and all(isinstance(p, list) and len(p) == 2 for p in pairs):
            with contextlib.suppress(TypeError):  # a key that cannot be one
                entries = {decode(key, tensor): decode(entry, tensor) for key, entry in pairs}
                if len(entries) == len(pairs):
                    return entries
    raise FileFormatError(f"its structure has a malformed {shortened(tag)}")


def flattened(obj: Any) -> tuple[Any, Arrays]:
    """The structure of an object, and the arrays of its tensors by their names in the file: their paths, joined by dots."""
    arrays: Arrays = {}

    def tensor(array: Array, path: tuple[Any, ...]) -> dict[str, str]:
        name = ".".join(map(str, path))
        name = "".join(c if c.isprintable() and c != "\\" else "_" for c in name) or "tensor"
        while name in arrays or name == "__metadata__":  # the header's own entry in .safetensors
            name += "_"
        arrays[name] = np.asarray(array, order="C")
        return {"$tensor": name}

    return encode(obj, (), tensor), arrays


def restored(structure: Any, arrays: Arrays) -> Any:
    """The object of which :func:`flattened` gave the structure and the arrays."""
    used: set[str] = set()

    def tensor(value: dict[str, Any]) -> Tensor:
        name = value.get("$tensor")
        if not isinstance(name, str) or name not in arrays or name in used:
            raise FileFormatError(
                f"its structure asks for a tensor {shortened(name)} that is not in the file, or asks twice"
            )
        used.add(name)
        return wrap(arrays[name])

    result = decode(structure, tensor)
    if len(used) != len(arrays):
        raise FileFormatError(f"its structure has no place for the tensors {sorted(arrays.keys() - used)}")
    return result


def by_name(arrays: Arrays) -> dict[str, Any]:
    """The structure of a plain dict of tensors."""
    return {name: {"$tensor": name} for name in arrays}


# ------------------------------------------------------------------------------------------------- arrays and numbers


def check_dtype(name: str, dtype: np.dtype[Any]) -> None:
    """Refuse an entry of a file that tensors cannot hold."""
    if not supported(dtype.newbyteorder("=")):
        raise FileFormatError(f"the entry {name!r} has the dtype {dtype}, which tensors here do not have")


def holds(shape: Any, dtype: np.dtype[Any], length: int) -> bool:
    """Whether an array of this shape and dtype takes this number of bytes, and NumPy can make it."""
    if len(shape) > _DIMENSIONS or not all(type(size) is int and 0 <= size < 2**63 for size in shape):
        return False
    # Where one size is 0, NumPy still multiplies the others.
    return math.prod(shape) * dtype.itemsize == length and math.prod(filter(None, shape)) * dtype.itemsize < 2**63


def widened(bits: Array) -> Array:
    """bfloat16 numbers, given as 16 bits each, as float32, of which they are the upper half."""
    warnings.warn(
        "the file has bfloat16 tensors, which are float32 here: that holds each of their numbers exactly",
        UserWarning,
        stacklevel=2,
    )
    return (bits.astype(np.uint32) << 16).view(np.float32)


def spelled(value: np.floating[Any]) -> str:
    """``nan``, ``inf`` or ``-inf``; a NaN with unusual bits as ``nan:`` and its bits."""
    if not np.isnan(value) or value.tobytes() == np.array(np.nan, value.dtype).tobytes():
        return str(value)
    return f"nan:{int.from_bytes(value.astype(value.dtype.newbyteorder('<')).tobytes(), 'little'):#x}"


def not_finite(text: str, dtype: np.dtype[Any]) -> Any:
    """The number that :func:`spelled` spelled; a ValueError or an OverflowError if there is none."""
    if text in ("nan", "inf", "-inf"):
        return float(text)
    name, _, bits = text.partition(":")
    if name == "nan" and len(bits) <= 18:
        number = np.frombuffer(int(bits, 16).to_bytes(dtype.itemsize, "little"), dtype.newbyteorder("<"))[0]
        if np.isnan(number):
            return number
    raise ValueError(f"{shortened(text)} is not a {dtype}")


def shortened(value: object) -> str:
    """A value as a message shows it."""
    try:
        text = repr(value)
    except Exception:  # an int with more digits than Python writes; an object whose own __repr__ fails
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 40 else f"{text[:40]}…"
