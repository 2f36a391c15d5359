"""Cross-entropy of class indices and its gradient by the logits, which share the exponentials of the logits.

What they share is one array ``work`` of shape ``(3 + classes, rows)``: the loss of each row, 0 where its class is ignored; whether the row
counts, 1 or 0; the sum of its exponentials; and its exponentials. A compiled program computes it once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DimensionError
from .calls import one_call
from .summing import total

__all__ = ["class_losses", "class_slopes", "class_total", "in_range"]

Array = Any


def _all_classes(index: Array, classes: int) -> bool:
    unsigned = index.view(np.uint64) if index.itemsize == 8 else index  # as unsigned numbers, negative classes are huge
    return not index.size or unsigned[unsigned.argmax()] < classes


def in_range(index: Array, classes: int) -> None:
    """Check class indices.

    Raises:
        DimensionError: There is no such class.
    """
    if not _all_classes(index, classes):
        wrong = index[(index < 0) | (index >= classes)][0]
        raise DimensionError(f"Target {wrong} is out of bounds: the input has {classes} classes, 0 to {classes - 1}")


def _classes_first(work: Array) -> bool:
    """Whether the exponentials are kept so: NumPy is ten times slower along a short last axis than along a first."""
    return len(work) < 64 + 3


def _exponentials(work: Array) -> Array:
    """The exponentials, ``(classes, rows)``."""
    return work[3:] if _classes_first(work) else work[3:].reshape(work.shape[1], -1).T


@one_call
def class_losses(input: Array, target: Array, ignore_index: int, *, out: Array = None) -> Array:
    """``work`` of logits ``(rows, classes)`` and class indices ``(rows,)``. The loss of a row is log(sum_c exp(x_c)) - x_t."""
    rows, classes = input.shape
    work = np.empty((3 + classes, rows), input.dtype) if out is None else out
    losses, counts, sums, z = work[0], work[1], work[2], _exponentials(work)
    index = target if target.dtype == np.int64 else target.astype(np.int64)
    counts.fill(1)
    ignoring = 0 <= ignore_index < classes or not _all_classes(index, classes)
    if ignoring:
        np.not_equal(target, ignore_index, counts)
        index = index * (counts != 0)
        in_range(index, classes)
    np.copyto(z, input.T)
    np.maximum.reduce(z, 0, None, losses, initial=-np.inf)
    np.subtract(z, losses, z)  # so that no exponential overflows
    row = np.arange(rows)
    of_class = work[3:].take(index * rows + row if _classes_first(work) else row * classes + index)
    np.exp(z, z)
    sums[...] = np.add.reduce(z, 0) if _classes_first(work) else total(work[3:].reshape(rows, classes), 1)
    np.log(sums, losses)
    np.subtract(losses, of_class, losses)
    if ignoring:
        losses[counts == 0] = 0
    return work


def _refuses(input: Array, target: Array, ignore_index: int) -> None:
    if not _all_classes(target, input.shape[1]):
        in_range(target[target != ignore_index], input.shape[1])


class_losses.checked, class_losses.looks = (
    _refuses,
    (1,),
)  # raises what the call would; the arguments whose values it looks at


@one_call
def class_total(work: Array, mean: bool, *, out: Array = None) -> Array:
    """The sum of the losses, or their mean over the rows that count."""
    losses, count = work[0], np.count_nonzero(work[1])
    total = np.add.reduce(losses if count == len(losses) else losses[work[1] != 0])
    result = total / work.dtype.type(count) if mean else total
    if out is None:
        return result
    out[...] = result
    return out


@one_call
def class_slopes(work: Array, target: Array, cotangent: Array, mean: bool, *, out: Array = None) -> Array:
    """The gradient of :func:`class_total` by the logits: softmax(x) - one_hot(t), per row that counts. EE6132 lab, eq. 8 and 11."""
    counts, sums, z = work[1], work[2], _exponentials(work)
    classes, rows = z.shape
    slopes = np.empty((rows, classes), work.dtype) if out is None else out
    count = np.count_nonzero(counts)
    share = work.dtype.type(1) / work.dtype.type(count if mean else 1)
    np.divide(z, sums, slopes.T)
    np.multiply(slopes, share, slopes)
    at = np.arange(0, rows * classes, classes) + (target if count == rows else target * (counts != 0))
    slopes.put(at, slopes.take(at) - share)
    if cotangent.item() != 1:
        np.multiply(slopes, cotangent, slopes)
    if count < rows:
        ignored = counts == 0
        slopes[ignored] = 0 * (z[:, ignored] / sums[ignored]).T  # nan where a logit is no number
    return slopes
