"""Memory that others than tensors refer to: NumPy arrays over it, which may be written at any time without the library being told.

A compiled step computes at once what reads such memory.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import numpy as np

__all__ = ["borrowed", "is_lent", "lend", "lent", "owner"]

Array = np.ndarray[Any, Any]

lent: Counter[int] = Counter()  # by owner: the arrays that were handed out; under 0 those that were taken from users


class _Loan:
    """What an array refers to that was handed out, or made of a user's; it lives as long as that array, or a view of it.

    NumPy has views of such an array refer to the array itself, so that what this holds is held by nothing else of the library's.
    """

    def __init__(self, array: Array, key: int) -> None:
        self.array, self.key = array, key
        self.__array_interface__ = array.__array_interface__
        lent[key] += 1

    def view(self) -> Array:
        """The array over the memory."""
        view = np.asarray(self)
        if not self.array.flags.writeable:
            view.flags.writeable = False
        return view

    def __del__(self) -> None:
        lent[self.key] -= 1
        if not lent[self.key]:
            del lent[self.key]


class _Borrowed(_Loan):
    """Of an array of the user's."""

    def held(self) -> bool:
        """Whether somebody else refers to the user's array, or to the memory that it views."""
        array, base = self.array, self.array.base
        if sys.getrefcount(array) > 3:  # this object, the variable here, and the call that counts
            return True
        if base is None:
            return False
        return not isinstance(base, np.ndarray) or base.base is not None or sys.getrefcount(base) > 3


def lend(array: Array) -> Array:
    """A view of the array for the user, who may write it."""
    return _Loan(array, owner(array)).view()


def borrowed(array: Array) -> Array:
    """A view of the user's array, for a tensor."""
    return _Borrowed(array, 0).view()


def is_lent(array: Array) -> bool:
    """Whether somebody else may write the array's memory."""
    while array.base is not None:
        base: Any = array.base
        if isinstance(base, _Borrowed):
            return base.held() or owner(base.array) in lent or id(array) in lent
        if not isinstance(base, np.ndarray | _Loan):
            break
        array = base.array if isinstance(base, _Loan) else base
    return id(array) in lent


def owner(array: Array) -> int:
    """The identity of the memory that an array views."""
    base: Any = array.base
    while isinstance(base, np.ndarray | _Loan):
        array = base.array if isinstance(base, _Loan) else base
        base = array.base
    return id(array)
