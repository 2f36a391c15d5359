"""The names that a PyTorch file may have in it, and what each stands for; a file gets nothing that is not in these tables.

``torch.load`` of PyTorch knows the same names with ``weights_only=True``. Those of NumPy and of Python's plain data are known here only
with ``weights_only=False``, or after :func:`add_safe_globals`, as there; but nothing is imported or run for them either.
Likewise whole modules, of classes that the program has already: their attributes are set, and no code of theirs runs.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np

from .. import dtypes
from .._tensor import Size
from ..device import device
from ..errors import FileFormatError
from ..nn.module import Module
from .opcodes import Named, brief, checked_key
from .structure import holds

__all__ = [
    "DTYPES", "PLAIN", "STORAGES", "ForeignObjectError", "add_safe_globals", "build", "clear_safe_globals", "found",
    "get_safe_globals", "is_safe", "safe_globals",
]  # fmt: skip


class ForeignObjectError(FileFormatError, UnpicklingError):
    """A file has an object of a class that is not data: of a program, such as a whole module."""


# ------------------------------------------------------------------------------------------------ what a user allows

_safe: list[Any] = []


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let files have objects of these classes, and call these functions: yours, which run when such a file is loaded.

    An entry may be a pair, with the name ``module.name`` that it has in files. ``save`` writes objects of these classes.
    """
    _safe.extend(entry for entry in safe_globals if entry not in _safe)


def get_safe_globals() -> list[Any]:
    """What :func:`add_safe_globals` allowed."""
    return list(_safe)


def clear_safe_globals() -> None:
    """Take back what :func:`add_safe_globals` allowed."""
    _safe.clear()


class safe_globals:  # noqa: N801 - PyTorch's name
    """A block in which files may have objects of these classes; see :func:`add_safe_globals`."""

    def __init__(self, safe_globals: list[Any]) -> None:
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        self._before = get_safe_globals()
        add_safe_globals(self.safe_globals)

    def __exit__(self, *error: object) -> None:
        _safe[:] = self._before


def _path(entry: Any) -> str:
    if isinstance(entry, tuple):
        return str(entry[1])
    return f"{getattr(entry, '__module__', '')}.{getattr(entry, '__qualname__', entry)}"


def is_safe(kind: type) -> bool:
    """Whether a user allowed this class."""
    return any((entry[0] if isinstance(entry, tuple) else entry) is kind for entry in _safe)


# ----------------------------------------------------------------------------------------------------- PyTorch's names

STORAGES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8",
    "BoolStorage": "bool", "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128",
    "QInt8Storage": "qint8", "QUInt8Storage": "quint8", "QInt32Storage": "qint32",
}  # fmt: skip
DTYPES = {*STORAGES.values(), "uint16", "uint32", "uint64", "complex32", "float8_e4m3fn", "float8_e5m2"}


def _ordered(*pairs: Any) -> OrderedDict[Any, Any]:
    """``OrderedDict()`` or, of Python 2, ``OrderedDict([[key, value], ...])``."""
    made: OrderedDict[Any, Any] = OrderedDict()
    for key, value in pairs[0] if pairs else ():
        made[checked_key(key)] = value
    return made


def _counter(entries: Any = None) -> Counter[Any]:
    return Counter(_typed(entries or {}, dict))


def _typed(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"a {type(value).__name__} is in the place of another type")
    return value


def _encoded(text: Any, encoding: Any = "latin1") -> bytes:
    """Bytes, as protocol 2 writes them: a character each."""
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"bytes in the encoding {brief(encoding)}")
    return bytes(_typed(text, str), "latin-1")


def _byte_array(value: Any = b"", encoding: Any = "latin1") -> bytearray:
    return bytearray(value if isinstance(value, bytes) else _encoded(value, encoding))


_TORCH: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _ordered,
    "collections.Counter": _counter,
    "torch.Size": lambda sizes=(): Size(_typed(size, int) for size in _typed(sizes, tuple)),
    "torch.device": lambda kind, index=None: device(_typed(kind, str), index),
    "_codecs.encode": _encoded,
    "builtins.bytearray": _byte_array,
    "builtins.set": lambda items=(): {checked_key(item) for item in _typed(items, list | tuple)},
    "builtins.complex": lambda *parts: complex(*(_typed(part, int | float) for part in parts)),
}

# ---------------------------------------------------------------------------------------------- NumPy's and Python's names


_KINDS = "biufcSU"  # of dtypes: numbers and text


def _numpy_dtype(name: Any, align: Any = False, copy: Any = False) -> np.dtype[Any]:
    dtype = np.dtype(_typed(name, str), False, True)  # a copy, whose byte order the file may set
    if dtype.kind not in _KINDS:
        raise TypeError(f"the dtype {dtype}")
    return dtype


def _numpy_array(kind: Any, shape: Any, code: Any) -> Any:
    """An array without elements; its state follows."""
    if kind is not np.ndarray:
        raise TypeError("a class of arrays other than ndarray")
    return np.ndarray((0,), np.int8)


def _numpy_scalar(dtype: Any, data: Any = b"") -> Any:
    if _typed(dtype, np.dtype).kind not in _KINDS or len(_typed(data, bytes)) != dtype.itemsize:
        raise ValueError(f"{len(data)} bytes for a {dtype}")
    return np.frombuffer(data, dtype)[0]


def _numpy_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> Any:
    """An array, as protocol 5 has it."""
    if _typed(dtype, np.dtype).kind not in _KINDS or not holds(shape, dtype, len(_typed(data, bytes | bytearray))):
        raise ValueError(f"{len(data)} bytes for an array of shape {brief(shape)} and dtype {dtype}")
    return np.frombuffer(bytearray(data), dtype).reshape(shape, order=order)


_NUMPY: dict[str, tuple[Callable[..., Any] | None, Any]] = {
    "numpy.dtype": (_numpy_dtype, None),
    "numpy.ndarray": (None, np.ndarray),
    **{
        f"numpy.{core}.{name}": (make, None)
        for core in ("core", "_core")
        for name, make in (
            ("multiarray._reconstruct", _numpy_array),
            ("multiarray.scalar", _numpy_scalar),
            ("numeric._frombuffer", _numpy_buffer),
        )
    },
}

PLAIN: dict[type, Callable[..., Any] | None] = {  # what may be saved with weights_only=False; None for names of types
    frozenset: lambda items=(): frozenset(checked_key(item) for item in _typed(items, list | tuple)),
    slice: lambda *parts: slice(*(_typed(part, int | types.NoneType) for part in parts)),
    range: range,
    deque: lambda items=(), most=None: deque(_typed(items, list | tuple), most),
    defaultdict: lambda factory=None: defaultdict(factory),
    argparse.Namespace: argparse.Namespace,
    types.SimpleNamespace: types.SimpleNamespace,
    pathlib.PurePosixPath: lambda *parts: pathlib.PurePosixPath(*(_typed(part, str) for part in parts)),
    pathlib.PureWindowsPath: lambda *parts: pathlib.PureWindowsPath(*(_typed(part, str) for part in parts)),
    list: None,
    dict: None,
    int: None,
    float: None,
    str: None,
    bool: None,
    tuple: None,
}
_PYTHON_2 = {"xrange": range, "long": int, "unicode": str}
_BY_PATH = (
    {_path(kind): (make, kind) for kind, make in PLAIN.items()}
    | {f"builtins.{name}": (PLAIN[kind], kind) for name, kind in _PYTHON_2.items()}
    | {
        f"{module}.{name}": (lambda *parts: pathlib.Path(*(_typed(part, str) for part in parts)), pathlib.Path)
        for module in ("pathlib", "pathlib._local")
        for name in ("PosixPath", "WindowsPath")
    }
)


def found(path: str, weights_only: bool, tensors: dict[str, Named]) -> Named:
    """What a name stands for; ``tensors`` has those that make tensors.

    Raises:
        ForeignObjectError: It is in no table.
    """
    if path in tensors:
        return tensors[path]
    if path in _TORCH:
        return Named(path, _TORCH[path])
    module, _, name = path.rpartition(".")
    if module == "torch" and name in STORAGES:
        return Named(path, value=STORAGES[name])
    if module == "torch" and name in DTYPES:
        return Named(path, value=getattr(dtypes, "bool_" if name == "bool" else name, name))
    plain = _NUMPY.get(path) or _BY_PATH.get(path)
    known = next((entry for entry in reversed(_safe) if _path(entry) == path), None)
    numpy_dtype = module == "numpy.dtypes"  # which NumPy has users allow, but no file names
    if plain is not None and (known is not None or not weights_only):
        return Named(path, *plain)
    if known is not None and not numpy_dtype:
        known = known[0] if isinstance(known, tuple) else known
        return Named(path, known, known, (lambda *args: known.__new__(known, *args)) if isinstance(known, type) else None)
    kind = _module_class(path)
    if kind is not None and not weights_only:
        return Named(path, new=lambda: object.__new__(kind))
    raise _foreign(path, plain is not None, kind)


def _foreign(path: str, plain: bool, kind: type[Module] | None) -> ForeignObjectError:
    module, _, name = path.rpartition(".")
    if plain:
        return ForeignObjectError(
            f"it holds {path}, which is data, but not of tensors: load it with weights_only=False, which here runs nothing "
            "of the file's either"
        )
    if module in ("torch._utils", "torch._tensor", "torch", "torch.storage"):
        return ForeignObjectError(f"it holds a tensor or another object of a kind that is not known here, by {path}")
    more = "; this program has its class, so weights_only=False loads it, too" if kind is not None else ""
    return ForeignObjectError(
        f"it holds an object of {path}, and such an object, for example a whole module, is code and no data: save its "
        f"state_dict() instead, and load that into a module that your program makes{more}; a class of yours that only holds "
        f"values can be allowed by torch.serialization.add_safe_globals([{name}])"
    )


def _module_class(path: str) -> type[Module] | None:
    """The class of modules that the program has under this name already; nothing is imported for it, and nothing run."""
    parts = path.split(".")
    for k in range(len(parts) - 1, 0, -1):
        found: Any = sys.modules.get(".".join(parts[:k]))
        for part in parts[k:]:
            found = vars(found).get(part) if hasattr(found, "__dict__") else None
        if isinstance(found, type) and issubclass(found, Module):
            return found
    return None


def build(target: Any, state: Any) -> None:
    """Set the state of an object that one of the names made."""
    kind = type(target)
    if kind in (OrderedDict, argparse.Namespace, types.SimpleNamespace):
        if not all(isinstance(key, str) and not key.startswith("__") for key in _typed(state, dict)):
            raise TypeError("attributes of other names than Python's")
        target.__dict__.update(state)
    elif isinstance(target, np.dtype):
        _build_dtype(target, *_typed(state, tuple))
    elif kind is np.ndarray and target.size == 0:
        _build_array(target, *_typed(state, tuple))
    elif isinstance(target, Module):
        if not all(isinstance(key, str) and not key.startswith("__") for key in _typed(state, dict)):
            raise TypeError("attributes of other names than Python's")
        Module.__setstate__(target, state)
    elif is_safe(kind) and hasattr(target, "__setstate__"):
        target.__setstate__(state)
    elif is_safe(kind):
        attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
        if attributes:
            target.__dict__.update(attributes)
        for name, value in (slots or {}).items():
            setattr(target, name, value)
    else:
        raise FileFormatError(f"its pickle sets the state of a {kind.__name__}")


def _build_dtype(target: Any, version: Any, order: Any, *rest: Any) -> None:
    if version != 3 or order not in ("<", ">", "|", "=") or rest[:3] != (None, None, None):
        raise ValueError("a dtype with fields or metadata")
    target.__setstate__((3, order, None, None, None, rest[3], rest[4], 0))


def _build_array(target: Any, version: Any, shape: Any, dtype: Any, columns: Any, data: Any) -> None:
    if _typed(dtype, np.dtype).kind not in _KINDS or not holds(shape, dtype, len(_typed(data, bytes))):
        raise ValueError(f"{len(data)} bytes for an array of shape {brief(shape)} and dtype {dtype}")
    target.__setstate__((1, tuple(shape), dtype, bool(columns), data))
