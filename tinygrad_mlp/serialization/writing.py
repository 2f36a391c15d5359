"""PyTorch's files, written: the zip archive that :mod:`.pytorch` reads, with pickle's opcodes of protocol 2."""

from __future__ import annotations

import copyreg
import pathlib
import struct
import sys
import zipfile
from collections import Counter, OrderedDict
from typing import Any, BinaryIO

import numpy as np

from .._tensor import Size, Tensor
from ..device import device
from ..dtypes import as_dtype, dtype
from ..errors import FileFormatError
from ..nn.module import Module
from ..nn.parameter import Buffer, Parameter
from ..pickling import attributes_of, memory_of
from .names import PLAIN, STORAGES, is_safe
from .opcodes import KEYS
from .structure import located

__all__ = ["pack"]

_ALIGNMENT = 64  # of memory in the file, so that it can be mapped
_STORAGE = {name: kind for kind, name in STORAGES.items()}
_CLASSES = {OrderedDict, Counter, *PLAIN, type(pathlib.Path()), np.ndarray}  # written by the way that they are copied


def pack(obj: Any, file: BinaryIO) -> None:
    """Write a file of PyTorch's."""
    writer = _Writer()
    content = writer.pickled(obj)
    with zipfile.ZipFile(file, "w") as archive:
        _entry(archive, "data.pkl", content)
        _entry(archive, ".format_version", b"1")
        _entry(archive, ".storage_alignment", str(_ALIGNMENT).encode())
        _entry(archive, "byteorder", sys.byteorder.encode())
        for key, (memory, _, _) in enumerate(writer.storages.values()):
            _entry(archive, f"data/{key}", memory.ravel("K").view(np.uint8))
        _entry(archive, "version", b"3\n")


def _entry(archive: zipfile.ZipFile, name: str, content: Any) -> None:
    info = zipfile.ZipInfo(f"archive/{name}")
    large = len(content) >= 2**31
    start = archive.start_dir + 30 + len(info.filename) + 20 * large
    info.extra = _padding(-(start + 4) % _ALIGNMENT)
    with archive.open(info, "w", force_zip64=large) as member:
        member.write(content)


def _padding(length: int) -> bytes:
    """An extra field of so many bytes, and its header, that readers skip; it has PyTorch's mark."""
    return struct.pack("<2sH", b"FB", length) + b"Z" * length


class _Writer:
    """An object as pickle's opcodes, with the memory of its tensors apart."""

    def __init__(self) -> None:
        self.out = bytearray(b"\x80\x02")
        self.memo: dict[Any, tuple[int, Any]] = {}  # by identity, or by value for strings; the object, so that it stays
        self.storages: dict[int, tuple[Any, Any, int]] = {}  # memory, its dtype and its key, by identity
        self.alone: list[Any] = []

    def pickled(self, obj: Any) -> bytes:
        """The whole pickle."""
        self.write(obj, ())
        self.out += b"."
        return bytes(self.out)

    def write(self, value: Any, path: tuple[Any, ...]) -> None:
        """Put down a value; ``path`` has the keys and positions that lead to it."""
        kind = type(value)
        known = self.memo.get(value if kind is str else id(value))
        if known is not None:
            self.out += b"h" + bytes([known[0]]) if known[0] < 256 else b"j" + struct.pack("<I", known[0])
        elif value is None or kind is bool:
            self.out += {None: b"N", True: b"\x88", False: b"\x89"}[value]
        elif kind is int:
            self._int(value)
        elif kind is float:
            self.out += b"G" + struct.pack(">d", value)
        elif kind is str:
            text = value.encode("utf-8", "surrogatepass")
            self.out += b"X" + struct.pack("<I", len(text)) + text
            self._remember(value, value)
        elif kind in (bytes, bytearray):
            name = "_codecs.encode" if kind is bytes else "builtins.bytearray"
            self._call(name, (bytes(value).decode("latin-1"), "latin1"), path)
        elif kind is tuple:
            self._tuple(value, path)
            if value:
                self._remember(id(value), value)
        elif kind is list:
            self.out += b"]"
            self._remember(id(value), value)
            self._items(value, b"e", path)
        elif kind is dict:
            self.out += b"}"
            self._remember(id(value), value)
            self._entries(value.items(), path)
        else:
            self._object(value, path)
            self._remember(id(value), value)

    def _remember(self, key: Any, value: Any) -> None:
        if key in self.memo:
            return
        index = len(self.memo)
        self.memo[key] = index, value
        self.out += b"q" + bytes([index]) if index < 256 else b"r" + struct.pack("<I", index)

    def _int(self, value: int) -> None:
        if 0 <= value < 256:
            self.out += b"K" + bytes([value])
        elif 0 <= value < 65_536:
            self.out += b"M" + struct.pack("<H", value)
        elif -(2**31) <= value < 2**31:
            self.out += b"J" + struct.pack("<i", value)
        else:
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            self.out += b"\x8a" + bytes([len(data)]) if len(data) < 256 else b"\x8b" + struct.pack("<i", len(data))
            self.out += data

    def _items(self, items: Any, code: bytes, path: tuple[Any, ...]) -> None:
        self.out += b"("
        for position, item in enumerate(items):
            self.write(item, (*path, position))
        self.out += code

    def _tuple(self, items: Any, path: tuple[Any, ...]) -> None:
        if items:
            self._items(items, b"t", path)
        else:
            self.out += b")"

    def _entries(self, pairs: Any, path: tuple[Any, ...]) -> None:
        self.out += b"("
        for key, value in pairs:
            if type(key) is int and key not in KEYS:
                raise FileFormatError(f"{located((*path, key))} has a key of more than 64 bits; make it a string")
            self.write(key, (*path, key))
            self.write(value, (*path, key))
        self.out += b"u"

    def _name(self, name: str) -> None:
        known = self.memo.get((name,))
        if known is not None:
            self.out += b"j" + struct.pack("<I", known[0])
            return
        module, _, name_in_it = name.rpartition(".")
        self.out += f"c{module}\n{name_in_it}\n".encode()
        self._remember((name,), None)

    def _call(self, name: str, args: tuple[Any, ...], path: tuple[Any, ...]) -> None:
        self._name(name)
        self._tuple(args, path)
        self.out += b"R"

    # ------------------------------------------------------------------------------------------------------------ objects

    def _object(self, value: Any, path: tuple[Any, ...]) -> None:
        kind = type(value)
        if isinstance(value, Tensor):
            self._tensor(value, path)
        elif kind is set:
            self._call("builtins.set", (list(value),), path)
        elif kind is complex:
            self._call("builtins.complex", (value.real, value.imag), path)
        elif kind is Size:
            self._call("torch.Size", (tuple(value),), path)
        elif kind is device:
            self._call("torch.device", (value.type,) if value.index is None else (value.type, value.index), path)
        elif kind is dtype:
            self._name(f"torch.{value.name}")
        elif kind is slice:
            self._call("builtins.slice", (value.start, value.stop, value.step), path)
        elif isinstance(value, np.dtype | np.generic | Module) or kind in _CLASSES or is_safe(kind):
            self._by_copying(value, path)
        elif value in _FACTORIES:
            self._name(f"builtins.{value.__name__}")
        else:
            raise _refusal(value, path)

    def _by_copying(self, value: Any, path: tuple[Any, ...]) -> None:
        """Write what makes an object like this one, as its class says."""
        made = value.__reduce_ex__(2)
        function, args, state, items, entries = (*made, None, None, None)[:5]
        if function is copyreg.__newobj__:  # type: ignore[attr-defined] # what protocol 2 calls to make an object
            self._name(f"{args[0].__module__}.{args[0].__qualname__}")
            self._tuple(args[1:], path)
            self.out += b"\x81"
        else:
            self._name(f"{function.__module__}.{function.__qualname__}")
            self._function_args(args, path)
            self.out += b"R"
        self._remember(id(value), value)
        if items is not None:
            self._items(items, b"e", path)
        if entries is not None:
            self._entries(entries, path)
        if state is not None:
            self.write(state, path)
            self.out += b"b"

    def _function_args(self, args: tuple[Any, ...], path: tuple[Any, ...]) -> None:
        self.out += b"("
        for arg in args:
            if arg is np.ndarray:
                self._name("numpy.ndarray")
            else:
                self.write(arg, path)
        self.out += b"t"

    # ------------------------------------------------------------------------------------------------------------ tensors

    def _tensor(self, tensor: Tensor, path: tuple[Any, ...]) -> None:
        kind = type(tensor)
        if kind not in (Tensor, Parameter, Buffer):
            raise FileFormatError(f"{located(path)} is a {kind.__name__}, a tensor of a class of its own; save its detach()")
        attributes = attributes_of(tensor)
        if isinstance(tensor, Buffer):
            attributes["_is_buffer"] = True
        if isinstance(tensor, Parameter):
            self._name(f"torch._utils._rebuild_parameter{'_with_state' * bool(attributes)}")
            self.out += b"("
            self._plain_tensor(tensor, False, path)
            self.write(tensor.requires_grad, path)
            self._call("collections.OrderedDict", (), path)
            if attributes:
                self.write(attributes, path)
            self.out += b"tR"
        elif attributes:
            self._name("torch._tensor._rebuild_from_type_v2")
            self.out += b"("
            self._name("torch._utils._rebuild_tensor_v2")
            self._name("torch.Tensor")
            self._tensor_args(tensor, tensor.requires_grad, path)
            self.write(attributes, path)
            self.out += b"tR"
        else:
            self._plain_tensor(tensor, tensor.requires_grad, path)

    def _plain_tensor(self, tensor: Tensor, requires_grad: bool, path: tuple[Any, ...]) -> None:
        self._name("torch._utils._rebuild_tensor_v2")
        self._tensor_args(tensor, requires_grad, path)
        self.out += b"R"

    def _tensor_args(self, tensor: Tensor, requires_grad: bool, path: tuple[Any, ...]) -> None:
        array = tensor._data
        memory, offset, strides = memory_of(array)
        if memory is None:
            memory = np.ascontiguousarray(array)
            self.alone.append(memory)
            offset, strides = 0, memory.strides
        width = array.itemsize
        storage = self.storages.setdefault(id(memory), (memory, array.dtype, len(self.storages)))
        if storage[1] != array.dtype:
            raise FileFormatError(
                f"{located(path)} is a tensor over memory that another tensor has as {storage[1]}, which a file cannot hold; "
                "save a clone() of one"
            )
        self.out += b"(("
        self.write("storage", path)
        self._name(f"torch.{_STORAGE[as_dtype(array.dtype).name]}")
        self.write(str(storage[2]), path)
        self.write("cpu", path)
        self.write(memory.nbytes // width, path)
        self.out += b"tQ"
        self.write(offset // width, path)
        self._tuple(array.shape, path)
        self._tuple(tuple(step // width for step in strides), path)
        self.write(requires_grad, path)
        self._call("collections.OrderedDict", (), path)
        self.out += b"t"


_FACTORIES = (list, dict, set, int, float, str, bool, tuple)  # of a defaultdict


def _refusal(value: Any, path: tuple[Any, ...]) -> FileFormatError:
    name = type(value).__name__
    if hasattr(value, "state_dict"):
        remedy = "code and no data: save its state_dict(), and load that with load_state_dict()"
    else:
        remedy = "no data, as are Tensors, numbers, strings, and lists, tuples, dicts and sets of them; save what it holds"
        if hasattr(value, "__dict__"):
            remedy += f", such as its vars(), or allow its class by torch.serialization.add_safe_globals([{name}])"
    return FileFormatError(f"{located(path)} is a {name}: {remedy}")
