"""Saving and loading: tensors, state_dicts and whole checkpoints, in a format chosen by the file's ending.

=================  ===================================================================================================
any other ending   PyTorch's own format (``.pt``, ``.pth``, …), which ``torch.load`` reads, and what ``torch.save`` wrote.
``.safetensors``   The `safetensors <https://github.com/huggingface/safetensors>`_ format, which PyTorch users have too.
``.npz``           NumPy's archive of arrays, which ``numpy.load`` reads. Nothing in it is ever unpickled.
``.json``          Text, for small models and for reading; numbers round-trip to the last bit.
=================  ===================================================================================================

Saved are Tensors and numbers, strings, bools and None, nested in dicts, lists and tuples: what a
``{"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}`` consists of. In PyTorch's format Tensors come back
as they were: views of the same memory share it, Parameters are Parameters, and leaves that require grad do so. It also has sets, bytes,
OrderedDicts, complex numbers, ``Size``, ``device`` and ``dtype``; and, where they are loaded with ``weights_only=False``, NumPy's arrays
and numbers, ``argparse.Namespace`` and a few others of Python's classes of plain data. In the other formats Tensors come back with
their values, shape and dtype, as new leaves that do not require grad.

PyTorch's format has a pickle in it. It is not given to ``pickle``, which would run it: a reader of its opcodes makes data of it, and
looks up names in a table, so that nothing of the file is imported or called. Whole modules are refused, as they are code: save a
``state_dict()``. Classes of yours that only hold values can be allowed by :func:`add_safe_globals`.

The structure around the tensors is JSON in the other formats: the whole of a ``.json`` file, the metadata entry ``tinygrad_mlp`` of a
``.safetensors`` file, the member ``structure.json`` of an ``.npz`` file (left out for a plain dict of tensors). In it

* a Tensor is ``{"dtype": ..., "shape": [...], "data": [...]}``, its values nested as its dimensions are; in the two
  binary formats ``{"$tensor": name}``, where the name in the file is the path to the tensor, joined by dots;
* a tuple is ``{"$tuple": [...]}``; a dict whose keys are not all plain strings is ``{"$dict": [[key, value], ...]}``;
* a float that JSON has no number for is ``{"$float": "nan"}``, ``"inf"`` or ``"-inf"`` (just the string within data).

A file that is damaged, cut short or forged gives one error, :class:`FileFormatError`, with its name and the reason, before much
memory is taken; so do folders, pipes and devices, which are not read. The sizes that a file states are compared with its length,
JSON, pickles and tables of contents have a limit, and an archive may inflate to 64 MiB, or to 20 times its length where that is more.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from ..atomic import replacing
from ..device import on_cpu
from ..errors import ArgumentError, DeviceError, FileFormatError
from . import archives, npz, pytorch, safetensors, text, writing
from .names import ForeignObjectError, add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals
from .text import opened, read_json

__all__ = [
    "ForeignObjectError", "add_safe_globals", "clear_safe_globals", "get_safe_globals", "load", "read_json", "safe_globals", "save",
]  # fmt: skip

_PACK: dict[str, Callable[[Any, BinaryIO], None]] = {
    ".safetensors": safetensors.pack,
    ".npz": npz.pack,
    ".json": text.pack,
}
_UNPACK: dict[str, Callable[[BinaryIO], Any]] = {
    ".safetensors": safetensors.unpack,
    ".npz": npz.unpack,
    ".json": text.unpack,
}


def save(obj: Any, f: str | os.PathLike[str] | BinaryIO, *, pickle_protocol: int = 2) -> None:
    """Save an object to a file, in the format of its name's ending: .safetensors, .npz, .json, and PyTorch's for all others.

    The file is replaced in one step once everything is written, so that it is either the old or the new one, whole. A process that is
    killed meanwhile leaves a hidden file ending in ``.tmp`` beside it.

    Args:
        obj: Tensors and plain values, nested in dicts, lists and tuples; see the module's docstring.
        f: The path; or a file that is open for writing bytes, or an ``io.BytesIO``, to which all is written at once.
        pickle_protocol: 2 to 5; what is written is of protocol 2, which is read wherever these are.

    Raises:
        ArgumentError: ``f`` is neither a path nor a file.
        FileFormatError: Something in ``obj`` cannot be saved, such as a whole module (says where), or it is too much for the format:
            text, and what is not in a tensor, may take 8 MiB in the other formats than PyTorch's, and an int 4,300 digits.
        OSError: The file cannot be written; says which.
        ImportError: The safetensors library is not installed, for .safetensors.

    >>> import tempfile
    >>> import tinygrad_mlp as torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save({"weight": torch.eye(2), "epoch": 3}, folder + "/model.pt")
    ...     torch.load(folder + "/model.pt")["weight"]
    tensor([[1., 0.],
            [0., 1.]])
    """
    if not 2 <= pickle_protocol <= 5:
        raise ValueError(f"pickle_protocol is 2 to 5, got {pickle_protocol}")
    if hasattr(f, "write") and not isinstance(f, os.PathLike):
        name = getattr(f, "name", "")
        content = io.BytesIO()
        _packed(obj, content, name if isinstance(name, str) else "")
        f.write(content.getbuffer())
        return
    path = _path(f)
    with replacing(path) as file:
        _packed(obj, file, str(path))


def _packed(obj: Any, file: BinaryIO, name: str) -> None:
    try:
        _PACK.get(Path(name).suffix.lower(), writing.pack)(obj, file)
    except (FileFormatError, RecursionError) as error:
        reason = error if isinstance(error, FileFormatError) else "the object is nested too deeply, or contains itself"
        raise FileFormatError(f"cannot save to {name or 'the file'}: {reason}") from error


def load(
    f: str | os.PathLike[str] | BinaryIO,
    map_location: Any = None,
    pickle_module: None = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    encoding: str = "utf-8",
) -> Any:
    """Load what :func:`save` saved, or PyTorch; or any .safetensors or .npz file of arrays, as a dict of Tensors by name.

    Args:
        f: The path; or a file that is open for reading bytes, which is read from where it is.
        map_location: The CPU, for tensors that were saved from elsewhere: ``"cpu"``, a device, a dict from one to the other, or a
            function of memory and the name of its device.
        pickle_module: None: nothing is unpickled.
        weights_only: False lets PyTorch's files have NumPy's arrays and a few more of Python's classes, too. Nothing is run either way.
        mmap: Tensors of PyTorch's format are in the file's memory, until they are written to. The file must stay as it is.
        encoding: Of strings that Python 2 wrote.

    Raises:
        ArgumentError: ``f`` is neither a path nor a file.
        DeviceError: ``map_location`` is another device than the CPU, or not given where tensors were saved from another one.
        FileFormatError: The file is damaged, cut short or forged, in another format, or no file but a folder, a pipe or a
            device; says which, and why. Where it holds objects of other classes, such as a module, a ForeignObjectError.
        OSError: The system does not let it be read: FileNotFoundError, PermissionError.
        ImportError: The safetensors library is not installed, for .safetensors.
    """
    if pickle_module is not None:
        raise ArgumentError("load unpickles nothing, and takes no pickle_module: leave it out")
    if map_location is not None and not callable(map_location) and not isinstance(map_location, dict):
        on_cpu(map_location)
    named = not hasattr(f, "read") or isinstance(f, os.PathLike)
    if mmap and not named:
        raise ValueError("mmap=True needs the path of a file, not a file that is open")
    path = _path(f) if named else None
    options = pytorch.Options(map_location, weights_only is not False, encoding, str(path) if mmap else None)
    where: Any = path or getattr(f, "name", "the file")
    try:
        with opened(path) if path else nullcontext(io.BytesIO(f.read())) as file:  # type: ignore[union-attr] # it is a file
            return _unpacker(file, str(where), options)(file)
    except (FileFormatError, DeviceError, RecursionError, MemoryError) as error:
        reasons = {RecursionError: "it is nested too deeply", MemoryError: "there is not enough memory for what it holds"}
        reason = reasons.get(type(error), str(error))  # which may quote the file
        kind = type(error) if isinstance(error, ForeignObjectError | DeviceError) else FileFormatError
        raise kind(f"cannot load {where}: {reason[:500]}{'…' * (len(reason) > 500)}") from error
    except OSError as error:
        error.filename = error.filename or str(where)  # an error of reading, not of opening, names no file
        raise


def _unpacker(file: BinaryIO, name: str, options: pytorch.Options) -> Callable[[BinaryIO], Any]:
    """What reads the file: by the ending of its name, or else by how it begins."""
    known = _UNPACK.get(Path(name).suffix.lower())
    if known is not None:
        return known
    head = file.read(262)
    if head.startswith(b"PK"):
        with archives.archive(file, "zip", pytorch.TABLE) as (_, entries):
            arrays = any(info.filename.endswith(".npy") for info in entries)
        return npz.unpack if arrays else lambda file: pytorch.unpack(file, options)
    if pytorch.is_legacy(head):
        return lambda file: pytorch.unpack_legacy(file, options)
    file.seek(0)
    if head[8:9] == b"{":
        return safetensors.unpack
    if head[:1] in (b"{", b"["):
        return text.unpack
    reason = (
        "it is empty, or read to its end: seek(0) first" if not head else "it is none of the formats that are known here"
    )
    if head[:1] == b"\x80":
        reason = "it is a pickle, but none of PyTorch's; pickle.load reads it, and runs what is in it"
    if head[257:262] == b"ustar":
        reason = "it is of PyTorch before 0.1.10, in a form that is not read: load and save it with a newer PyTorch"
    raise FileFormatError(reason)


def _path(f: Any) -> Path:
    name = os.fspath(f) if isinstance(f, os.PathLike) else f
    if not isinstance(name, str):
        raise ArgumentError(f"expected a path, or a file that is open, got {type(f).__name__}")
    if "\0" in name:
        raise FileFormatError(f"{name!r} is not a path: it has a null character in it")
    return Path(name)
