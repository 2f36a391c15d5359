"""Memory that others than tensors refer to: NumPy arrays over it, which may be written at any time without the library being told.

A compiled step computes at once what reads such memory.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

__all__ = ["borrowed", "is_lent", "lend", "owner"]

Array = np.ndarray[Any, Any]

lent: dict[int, Any] = {}  # by owner: how many loans there are, or a reference to the array of the user's


class _Loan:
    """What an array refers to that was handed out; it lives as long as that array, or a view of it."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.__array_interface__ = array.__array_interface__
        self.key = owner(array)
        if not isinstance(lent.get(self.key), weakref.ref):
            lent[self.key] = lent.get(self.key, 0) + 1

    def __del__(self) -> None:
        count = lent.get(self.key)
        if type(count) is int:
            if count > 1:
                lent[self.key] = count - 1
            else:
                del lent[self.key]


def lend(array: Array) -> Array:
    """A view of the array for the user, who may write it."""
    view = np.asarray(_Loan(array))
    if not array.flags.writeable:
        view.flags.writeable = False
    return view


def borrowed(array: Array) -> Array:
    """The user's array, known to be so as long as it lives."""
    key, base = owner(array), owner_of(array)
    if not isinstance(lent.get(key), weakref.ref):
        lent[key] = weakref.ref(base, lambda _: lent.pop(key, None))
    return array


def is_lent(array: Array) -> bool:
    """Whether somebody else may write the array's memory."""
    return bool(lent) and owner(array) in lent


def owner_of(array: Array) -> Array:
    """The array whose memory an array views."""
    base: Any = array.base
    while base is not None:
        if isinstance(base, _Loan):
            base = base.array
        if not isinstance(base, np.ndarray):
            break
        array, base = base, base.base
    return array


def owner(array: Array) -> int:
    """The identity of the memory that an array views."""
    return id(owner_of(array))
