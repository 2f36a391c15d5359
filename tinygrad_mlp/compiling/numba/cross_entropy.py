"""Cross-entropy of class indices and its gradient in two loops: :mod:`tinygrad_mlp.ops.class_losses`, row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy import exp, inf, log

from ...ops.class_losses import class_losses, in_range
from ..instruction import Instruction
from .compiler import F
from .threads import COLUMN, ELEMENT, MATRIX, NUMBER, over_rows

__all__ = ["in_loop"]

Array = np.ndarray[Any, Any]


def _losses(x: Any, t: Any, ignored: Any, losses: Any, counts: Any, sums: Any, z: Any) -> None:
    """The loss of each row, whether it counts, the sum of its exponentials, and these; for a class that does not exist 2."""
    rows, classes = x.shape
    for start in range(0, rows, 256):  # rows whose exponentials are taken together
        stop = min(start + 256, rows)
        for i in range(start, stop):
            largest = F(-inf)
            for c in range(classes):
                largest = x[i, c] if x[i, c] > largest else largest
            for c in range(classes):
                z[i, c] = x[i, c] - largest
            counts[i, 0] = F(0) if t[i, 0] == ignored[0] else F(2) if t[i, 0] < 0 or t[i, 0] >= classes else F(1)
            losses[i, 0] = -z[i, t[i, 0]] if counts[i, 0] == F(1) else F(0)
        flat = z[start:stop].reshape((stop - start) * classes)
        for j in range(flat.size):
            flat[j] = exp(flat[j])
        for i in range(start, stop):
            added = F(0)
            for c in range(classes):
                added += z[i, c]
            sums[i, 0] = added
            if counts[i, 0] == F(1):
                losses[i, 0] += log(added)


def _slopes(each: Any, t: Any, counts: Any, sums: Any, z: Any, out: Any) -> None:
    """``each`` times softmax(x) - one_hot(t), with zeros in rows that do not count."""
    rows, classes = z.shape
    for i in range(rows):
        if counts[i, 0] == F(0):
            for c in range(classes):
                out[i, c] = F(0)
        else:
            share = F(each) / sums[i, 0]
            for c in range(classes):
                out[i, c] = z[i, c] * share
            out[i, t[i, 0]] -= F(each)


def in_loop(instruction: Instruction) -> Callable[..., Any]:
    """What runs ``class_losses`` and ``class_slopes``: a loop for numbers of single or double precision, else NumPy."""
    if instruction.output.dtype.char not in "fd":
        return instruction.call
    return _Losses(instruction) if instruction.call is class_losses else _Slopes(instruction)


class _Losses:
    def __init__(self, instruction: Instruction) -> None:
        x, _, ignored = instruction.inputs
        self._ignored = np.array([max(-(2**63), min(ignored, 2**63 - 1))])  # no class is larger than int64
        self._target, self._shared, kinds = _arguments(instruction.output)
        self._classes, self._counts = self._target[:, 0], instruction.output[1]
        kinds = [x.dtype.char + MATRIX, kinds[0], self._ignored.dtype.char + ELEMENT, *kinds[1:]]
        rows, classes = x.shape
        self._loop = over_rows(_losses, x.dtype.char, rows, classes, kinds, contract=True)

    def __call__(self, x: Array, target: Array, _: int, *, out: Array) -> None:
        np.copyto(self._classes, target)
        self._loop(x, self._target, self._ignored, *self._shared)
        counts = self._counts
        if counts.size and counts[counts.argmax()] > 1:
            in_range(self._classes[counts > 1], x.shape[1])


class _Slopes:
    def __init__(self, instruction: Instruction) -> None:
        work, out = instruction.inputs[0], instruction.output
        self._target, (_, *self._shared), kinds = _arguments(work)
        self._counts = work[1]
        kinds = [NUMBER, kinds[0], *kinds[2:], out.dtype.char + MATRIX]
        rows, classes = out.shape
        self._loop = over_rows(_slopes, out.dtype.char, rows, classes, kinds, contract=True)

    def __call__(self, work: Array, target: Array, cotangent: Array, mean: bool, *, out: Array) -> None:
        each = cotangent.item() / max(1, np.count_nonzero(self._counts)) if mean else cotangent.item()
        self._loop(each, self._target, *self._shared, out)


_targets: WeakValueDictionary[int, Array] = WeakValueDictionary()  # by the identity of the array that the loops share


def _arguments(work: Array) -> tuple[Array, list[Array], list[str]]:
    """The classes as a column, which the first loop fills; what the loops share as they take it; and the kinds of all these arrays."""
    rows, char = work.shape[1], work.dtype.char
    target = _targets.setdefault(id(work), np.empty((rows, 1), np.int64))
    shared = [*(work[i].reshape(rows, 1) for i in range(3)), work[3:].reshape(rows, len(work) - 3)]
    return target, shared, [target.dtype.char + COLUMN, *[char + COLUMN] * 3, char + MATRIX]
