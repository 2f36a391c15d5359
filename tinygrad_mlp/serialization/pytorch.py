"""PyTorch's files (``.pt``, ``.pth``, any ending), read: a zip archive of a pickle and the memory of tensors, or the older form.

The zip archive has a folder with ``data.pkl``, ``byteorder``, and for each piece of memory an entry ``data/<key>``. The older form, of
PyTorch before 1.6, is five pickles (a magic number, a version, the machine, the object, the keys), and then the memory of each key.
In both, the object's pickle refers to memory by its key, and describes a tensor by memory, offset, sizes and strides.
"""

from __future__ import annotations

import math
import os
import sys
import zipfile
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from .._tensor import Tensor
from ..core.graph import version_of, wrap
from ..dtypes import dtype, dtype_named
from ..errors import DeviceError, FileFormatError
from ..nn.parameter import Buffer, Parameter
from ..pickling import within
from .archives import archive, length_of, read_exactly
from .names import build, found
from .opcodes import Named, Reader, brief
from .structure import widened

__all__ = ["TABLE", "Options", "is_legacy", "unpack", "unpack_legacy"]

TABLE = 16 << 20  # bytes of the table of contents: some 200,000 pieces of memory
_PICKLE = 64 << 20  # bytes of the pickle
_DIMENSIONS = 64  # NumPy's limit
_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY = b"\x80\x02\x8a\x0a" + _MAGIC.to_bytes(10, "little")
_WIDTHS = {"bfloat16": 2}


class Options:
    """How a file is loaded: the arguments of ``load``."""

    def __init__(self, map_location: Any, weights_only: bool, encoding: str, mapped: str | None) -> None:
        self.map_location = map_location
        self.weights_only = weights_only
        self.encoding = encoding
        self.mapped = mapped  # the path of the file whose memory tensors are to be

    def place(self, storage: Any, location: str) -> None:
        """Refuse memory that is to be elsewhere than on the CPU.

        Raises:
            DeviceError: It is, or was, and no other place is named.
        """
        wanted = self.map_location
        if callable(wanted):
            got = wanted(storage, location)
            wanted = location if got is None else "cpu"
        elif isinstance(wanted, dict):
            wanted = wanted.get(location, location)
        elif wanted is None:
            wanted = location
        if str(wanted).partition(":")[0] != "cpu":
            raise DeviceError(
                f"its tensors were saved from, or are mapped to, the device {str(wanted)!r}, which is not available: load it with "
                "map_location='cpu'"
            )


class Storage:
    """Memory that tensors of a file share."""

    def __init__(self, name: str, numel: int, location: str) -> None:
        self.name = name  # of the dtype
        self.numel = numel
        self.location = location
        self.first: Tensor | None = None  # the first tensor over it
        self.array: Any = None

    def cpu(self) -> Storage:
        """Itself: it is on the CPU."""
        return self

    def cuda(self, device: Any = None, non_blocking: bool = False) -> Storage:
        """An error, as there is no such device."""
        raise DeviceError("the device 'cuda' is not available: load with map_location='cpu'")

    @property
    def itemsize(self) -> int:
        """Bytes of an element in the file."""
        return 1 if self.name == "untyped" else _WIDTHS.get(self.name) or dtype_named(self.name).itemsize

    def fill(self, data: Any, swapped: bool) -> None:
        """Take over the bytes of the file."""
        array = np.frombuffer(data, np.uint8) if not isinstance(data, np.ndarray) else data
        if swapped:
            array = array.view(f"u{self.itemsize}").byteswap().view(np.uint8)
        if self.name == "bfloat16":  # the upper half of a float32
            array = widened(array.view(np.uint16))
        elif self.name == "bool" and (array > 1).any():
            array = array != 0
        elif self.name != "untyped":
            array = array.view(dtype_named(self.name).numpy)
        self.array = array


class _Loader:
    """What the names of a file make: tensors over the memory that ``read(key, length)`` gives."""

    def __init__(self, options: Options, read: Callable[[str, int], Any] | None, swapped: bool) -> None:
        self.options = options
        self.read = read
        self.swapped = swapped
        self.storages: dict[str, Storage] = {}
        self.names = {
            named.path: named
            for named in (
                Named("torch._utils._rebuild_tensor", self.tensor),
                Named("torch._utils._rebuild_tensor_v2", self.tensor),
                Named("torch._utils._rebuild_tensor_v3", self.typed_tensor),
                Named("torch._utils._rebuild_parameter", self.parameter),
                Named("torch._utils._rebuild_parameter_with_state", self.parameter),
                Named("torch._tensor._rebuild_from_type_v2", self.with_attributes),
                Named("torch.nn.parameter.Parameter", self.parameter, Parameter),
                Named("torch.Tensor", None, Tensor),
                Named("torch.storage.UntypedStorage", None, "untyped"),
            )
        }

    def reader(self, data: bytes) -> Reader:
        """A reader of the file's pickles."""
        options = self.options
        return Reader(
            data,
            lambda path: found(path, options.weights_only, self.names),
            self.stored,
            build,
            options.encoding,
        )

    def stored(self, identity: Any) -> Storage:
        """The memory that a persistent id refers to."""
        match identity:
            case (
                "storage" | b"storage",
                Named() | str() as kind,
                str() | int() as key,
                str() as location,
                int() as numel,
                *views,
            ):
                name = kind.value if isinstance(kind, Named) else kind
            case _:
                raise FileFormatError("its pickle refers to something else than the memory of tensors")
        if views not in ([], [None]):
            raise FileFormatError("it has memory that is a view of other memory, as only very old PyTorch wrote")
        if not 0 <= numel < 2**60 or not isinstance(name, str):
            raise FileFormatError(f"some memory has {numel:,} elements, it says, or no dtype")
        key = str(key)
        storage = self.storages.get(key)
        if storage is None:
            if name != "untyped" and name not in _WIDTHS:
                _offered(name)
            storage = Storage(name, numel, location)
            self.options.place(storage, location)
            if self.read is not None:
                storage.fill(self.read(key, numel * storage.itemsize), self.swapped and storage.itemsize > 1)
            self.storages[key] = storage
        if (storage.name, storage.numel) != (name, numel):
            raise FileFormatError(f"the memory {key!r} has two dtypes or lengths: {name} of {numel:,}, and another")
        return storage

    def tensor(
        self,
        storage: Any,
        offset: Any,
        size: Any,
        stride: Any,
        requires_grad: Any = False,
        hooks: Any = None,
        metadata: Any = None,
    ) -> Tensor:
        """A tensor over a part of the memory."""
        if not isinstance(storage, Storage) or storage.name == "untyped":
            raise FileFormatError(f"its pickle makes a tensor of a {type(storage).__name__}")
        return self._over(storage, storage.array, offset, size, stride, requires_grad)

    def typed_tensor(
        self,
        storage: Any,
        offset: Any,
        size: Any,
        stride: Any,
        requires_grad: Any,
        hooks: Any,
        kind: Any,
        metadata: Any = None,
    ) -> Tensor:
        """A tensor over memory that has no dtype by itself."""
        dtype_of = kind.numpy if isinstance(kind, dtype) else _offered(kind).numpy
        if not isinstance(storage, Storage) or storage.name != "untyped" or storage.numel % dtype_of.itemsize:
            raise FileFormatError("its pickle gives a dtype to what is not memory without one, of whole elements")
        array = None if storage.array is None else storage.array.view(dtype_of)
        return self._over(storage, array, offset, size, stride, requires_grad)

    def _over(self, storage: Storage, array: Any, offset: Any, size: Any, stride: Any, requires_grad: Any) -> Tensor:
        if array is None:  # what the memory holds is not known yet: this reading is to find the keys
            return wrap(np.zeros((), np.float32))
        sizes, strides = tuple(size), tuple(stride)
        if (
            len(sizes) != len(strides)
            or len(sizes) > _DIMENSIONS
            or not all(type(n) is int and 0 <= n < 2**63 for n in (offset, *sizes, *strides))
        ):
            raise FileFormatError(
                f"a tensor has the offset {brief(offset)}, the sizes {brief(sizes)} and the strides {brief(strides)}"
            )
        width = array.itemsize
        last = offset + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True)) if 0 not in sizes else -1
        if last >= array.size or math.prod(filter(None, sizes)) * width >= 2**63:
            raise FileFormatError(
                f"a tensor of sizes {brief(sizes)}, strides {brief(strides)} and offset {brief(offset)} is not within its memory of "
                f"{array.size:,} elements"
            )
        tensor: Tensor = wrap(within(array, array.dtype, sizes, offset * width, [step * width for step in strides]))
        if storage.first is None:
            storage.first = tensor
        else:  # writes to memory that several tensors have are counted with all of them
            tensor._version = version_of(storage.first)
        return tensor.requires_grad_() if requires_grad else tensor

    def parameter(self, data: Any = None, requires_grad: Any = True, hooks: Any = None, state: Any = None) -> Parameter:
        """A parameter over a tensor."""
        made = Parameter(data, bool(requires_grad) and self.read is not None)
        _set_attributes(made, state or {})
        return made

    def with_attributes(self, function: Any, kind: Any, args: Any, state: Any) -> Tensor:
        """A tensor with attributes of its own; a buffer is one."""
        if not isinstance(function, Named) or function.make not in (self.tensor, self.typed_tensor) or kind is not Tensor:
            raise FileFormatError(
                f"it holds a tensor of the class {getattr(kind, 'path', brief(kind))}, which is not known here"
            )
        made: Tensor = function.make(*args)
        if state.get("_is_buffer") is True:
            return Buffer(made, persistent=bool(state.get("persistent", True)))
        _set_attributes(made, state)
        return made


def _set_attributes(tensor: Tensor, state: dict[str, Any]) -> None:
    for name, value in state.items():
        if name.startswith("_") or hasattr(Tensor, name):
            raise FileFormatError(f"it sets the attribute {brief(name)} of a tensor")
        setattr(tensor, name, value)


def _offered(name: Any) -> dtype:
    try:
        return dtype_named(name)
    except TypeError:
        raise FileFormatError(
            f"it has tensors of the dtype {brief(name)}, which tensors here do not have; save them in another one, such as float32"
        ) from None


# ------------------------------------------------------------------------------------------------------------- the files


def unpack(file: BinaryIO, options: Options) -> Any:
    """The object in a zip archive of PyTorch's."""
    with archive(file, "PyTorch", TABLE) as (opened, entries):
        by_name = {info.filename: info for info in entries}
        pickles = [name for name in by_name if name.rpartition("/")[2] == "data.pkl"]
        if any(name.rpartition("/")[2] == "constants.pkl" for name in by_name):
            raise FileFormatError("it is a TorchScript archive: it holds a program, which is not run; save a state_dict()")
        if len(pickles) != 1 or len(by_name) != len(entries):
            raise FileFormatError("it is a zip archive, but none of tensors: one entry data.pkl is expected, and none twice")
        folder = pickles[0].removesuffix("data.pkl")

        def entry(name: str, length: int | None = None) -> Any:
            info = by_name.get(folder + name)
            if info is None or (length is not None and info.file_size != length):
                there = "is not there" if info is None else f"has {info.file_size:,} bytes"
                raise FileFormatError(f"the entry {folder + name!r} {there}, where {length or 'some':,} are expected")
            if options.mapped is not None and length and info.compress_type == zipfile.ZIP_STORED:
                return _mapped(options.mapped, file, info)
            with opened.open(info) as member:
                return read_exactly(member, info.file_size)

        if by_name[pickles[0]].file_size > _PICKLE:
            raise FileFormatError(
                f"its pickle has {by_name[pickles[0]].file_size:,} bytes, where at most {_PICKLE:,} are read"
            )
        order = bytes(entry("byteorder")) if f"{folder}byteorder" in by_name else b"little"
        loader = _Loader(options, lambda key, length: entry(f"data/{key}", length), order != sys.byteorder.encode())
        result = loader.reader(bytes(entry("data.pkl"))).read()
    return _finished(result)


def _mapped(path: str, file: BinaryIO, info: zipfile.ZipInfo) -> Any:
    """The bytes of an entry, in memory that is the file's until it is written to."""
    end = file.seek(0, os.SEEK_END)
    file.seek(info.header_offset + 26)
    start = info.header_offset + 30 + sum(int.from_bytes(file.read(2), "little") for _ in range(2))
    if start + info.file_size > end:
        raise FileFormatError(f"the entry {info.filename!r} is longer than the file")
    return np.asarray(np.memmap(path, np.uint8, "c", start, (info.file_size,)))


def is_legacy(head: bytes) -> bool:
    """Whether a file begins as those of PyTorch before 1.6."""
    return head.startswith(_LEGACY)


def unpack_legacy(file: BinaryIO, options: Options) -> Any:
    """The object in a file of PyTorch before 1.6."""
    if options.mapped is not None:
        raise FileFormatError("it is of the form before PyTorch 1.6, which cannot be mapped: leave mmap out")
    length_of(file)
    data = file.read()
    swapped = sys.byteorder != "little"
    loader = _Loader(options, None, swapped)
    reader = loader.reader(data)
    if [reader.read(), reader.read()] != [_MAGIC, 1001] or not isinstance(reader.read(), dict):
        raise FileFormatError("it does not begin as PyTorch's files do")
    start = reader.position
    reader.read()  # to know the dtypes and the lengths of the memory
    keys, storages, content = reader.read(), loader.storages, {}
    if type(keys) is not list or {str(key) for key in keys} != storages.keys() or len(keys) != len(storages):
        raise FileFormatError("its list of memory is not the one that its tensors are over")
    for key in map(str, keys):
        if reader.number(8) != storages[key].numel:
            raise FileFormatError(f"the memory {key!r} is said to have two lengths")
        content[key] = slice(reader.position, reader.position + storages[key].numel * storages[key].itemsize)
        reader.take(storages[key].numel * storages[key].itemsize)
    reader = _Loader(options, lambda key, length: bytearray(data[content[key]]), swapped).reader(data)
    reader.position = start
    return _finished(reader.read())


def _finished(result: Any) -> Any:
    if isinstance(result, Storage):
        raise FileFormatError("it holds memory without a tensor; save the tensor")
    return result
