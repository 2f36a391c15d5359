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

A file that is damaged, cut short or forged gives one error, :class:`FileFormatError`, with its name and the reason, before much
memory is taken; so do folders, pipes and devices, which are not read. The sizes that a file states are compared with its length,
JSON and tables of contents have a limit, and an ``.npz`` may inflate to 64 MiB, or to 20 times its length where that is more.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..atomic import replacing
from ..device import device
from ..errors import ArgumentError, FileFormatError
from . import npz, safetensors, text
from .text import opened, read_json

__all__ = ["load", "read_json", "save"]

_Format = tuple[Callable[[Any], bytes], Callable[[Path], Any]]  # an object to a file's content, and a file to the object

_FORMATS: dict[str, _Format] = {
    ".safetensors": (safetensors.pack, safetensors.unpack),
    ".npz": (npz.pack, npz.unpack),
    ".json": (text.pack, text.unpack),
}


def save(obj: Any, f: str | os.PathLike[str]) -> None:
    """Save an object to a file, in the format of the file's ending: .safetensors, .npz or .json.

    The file is replaced in one step once everything is written, so that it is either the old or the new one, whole. A process that is
    killed meanwhile leaves a hidden file ending in ``.tmp`` beside it.

    Args:
        obj: Tensors and plain values, nested in dicts, lists and tuples; see the module's docstring.
        f: The path.

    Raises:
        ArgumentError: ``f`` is not a path.
        FileFormatError: The ending is another one, or something in ``obj`` cannot be saved (says where), or it is too
            much for the format: text, and what is not in a tensor, may take 8 MiB, and an int 4,300 digits.
        OSError: The file cannot be written; says which.
        ImportError: The safetensors library is not installed, for .safetensors.

    >>> import tempfile
    >>> import tinygrad_mlp as torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save({"weight": torch.eye(2), "epoch": 3}, folder + "/model.npz")
    ...     torch.load(folder + "/model.npz")["weight"]
    tensor([[1., 0.],
            [0., 1.]])
    """
    path, (pack, _) = _path_and_format(f)
    try:
        content = pack(obj)
    except (FileFormatError, RecursionError) as error:
        reason = error if isinstance(error, FileFormatError) else "the object is nested too deeply, or contains itself"
        raise FileFormatError(f"cannot save to {path}: {reason}") from error
    with replacing(path) as file:
        file.write(content)


def load(f: str | os.PathLike[str], map_location: str | device | None = None, *, weights_only: bool = True) -> Any:
    """Load what :func:`save` saved, or any .safetensors or .npz file of arrays, as a dict of Tensors by name.

    Args:
        f: The path.
        map_location: The device to load to: None or the CPU.
        weights_only: Nothing but data is ever loaded, so this must stay true.

    Raises:
        ArgumentError: ``f`` is not a path.
        DeviceError: ``map_location`` is another device.
        FileFormatError: The file is damaged, cut short or forged, in another format, or no file but a folder, a pipe or a
            device; says which, and why.
        OSError: The system does not let it be read: FileNotFoundError, PermissionError.
        ImportError: The safetensors library is not installed, for .safetensors.
    """
    path, (_, unpack) = _path_and_format(f)
    if map_location is not None:
        device(map_location)
    if not weights_only:
        raise FileFormatError(
            f"cannot load {path} with weights_only=False: that asks for pickled Python objects, which may run any code; "
            "leave it out"
        )
    try:
        with opened(path):  # a file that is missing or may not be read gives the same error in each format
            pass
        return unpack(path)
    except (FileFormatError, RecursionError, MemoryError) as error:
        reasons = {RecursionError: "it is nested too deeply", MemoryError: "there is not enough memory for what it holds"}
        reason = reasons.get(type(error), str(error))  # which may quote the file
        raise FileFormatError(f"cannot load {path}: {reason[:500]}{'…' * (len(reason) > 500)}") from error
    except OSError as error:
        error.filename = error.filename or str(path)  # an error of reading, not of opening, names no file
        raise


def _path_and_format(f: Any) -> tuple[Path, _Format]:
    name = os.fspath(f) if isinstance(f, os.PathLike) else f
    if not isinstance(name, str):
        raise ArgumentError(f"expected a path, whose ending says the format, got {type(f).__name__}")
    if "\0" in name:
        raise FileFormatError(f"{name!r} is not a path: it has a null character in it")
    path = Path(name)
    ending = path.suffix.lower()
    if ending not in _FORMATS:
        pickled = ending in (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin")
        raise FileFormatError(
            f"{path}: {ending or 'a file without an ending'} is not a format here"
            + (": it is pickle, which may run any code when loaded" if pickled else "")
            + "; use .safetensors (which PyTorch reads and writes, too, with safetensors.torch), .npz or .json"
        )
    return path, _FORMATS[ending]
