"""The two libraries that a random program runs in, as what it calls ``torch``."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

from ... import autograd, dtypes, linalg, nn, ops
from ...tensor import Tensor

__all__ = ["LIBRARY", "library_of", "pytorch"]

_rooms = (*(getattr(ops, family) for family in ops.__all__), dtypes)
_names = {name: getattr(room, name) for room in _rooms for name in room.__all__}
# What lines use of this library: the package itself stands above this file, and so cannot be asked.
LIBRARY: Any = SimpleNamespace(**_names, bool=dtypes.bool_, autograd=autograd, linalg=linalg, nn=nn)


def pytorch() -> Any:
    """PyTorch, of which there are no types where it is not installed."""
    return importlib.import_module("torch")


def library_of(tensor: Any) -> Any:
    """The library that a tensor belongs to."""
    return LIBRARY if isinstance(tensor, Tensor) else pytorch()
