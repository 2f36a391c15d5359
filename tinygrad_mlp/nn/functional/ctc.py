"""Connectionist temporal classification: the probability of a sequence of labels, wherever they stand in a longer one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...errors import DTypeError, ShapeError
from ...ops.choosing import where
from ...ops.composite import takes_tensors
from ...ops.creation import from_numpy
from ...ops.joining import pad, stack
from ...ops.norms import logsumexp
from ...ops.scattering import gather
from .losses import _checked, _reduce

__all__ = ["ctc_loss"]

_NEVER = -1e30  # the logarithm of 0, which has a gradient


def _lengths(name: str, lengths: Tensor | Sequence[int], batch: int, most: int) -> np.ndarray[Any, Any]:
    found = np.asarray(lengths.tolist() if isinstance(lengths, Tensor) else lengths).reshape(-1)
    if len(found) != batch:
        raise ShapeError(f"ctc_loss: {name} must be of size batch_size, {batch}, got {len(found)}")
    if found.dtype.kind not in "iu" and batch:
        raise DTypeError(f"ctc_loss: {name} must be integral")
    if batch and (found.min() < 0 or found.max() > most):
        raise RuntimeError(f"ctc_loss: Expected {name} to have value from 0 to {most}, got {found.tolist()}")
    return found.astype(np.int64)


def _labels(targets: Tensor, lengths: np.ndarray[Any, Any], blank: int) -> np.ndarray[Any, Any]:
    """Each row's labels with blanks before, between and after them, ``(N, 2 S + 1)``."""
    rows = targets.detach().numpy()
    most = int(lengths.max(initial=0))
    result = np.full((len(lengths), 2 * most + 1), blank, np.int64)
    ends = np.cumsum(lengths)
    for n, length in enumerate(lengths):
        row = rows[n] if rows.ndim == 2 else rows[ends[n] - length :]
        result[n, 1 : 2 * length : 2] = row[:length]
    return result


def _shifted(alpha: Tensor, by: int) -> Tensor:
    return pad(alpha, (by, -by), value=_NEVER)


@takes_tensors
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability that the places, without repetitions and blanks, say the labels. Graves et al. 2006, eq. 6 to 8.

    The gradient is, as in PyTorch, that of log-probabilities which come from ``log_softmax``.

    Args:
        log_probs: ``(T, N, C)``, or ``(T, C)``.
        targets: Labels: ``(N, S)``, or those of all rows in one vector.
        input_lengths: How many of the T places count, for each row.
        target_lengths: How many labels each row has.
        blank: The class that is no label.
        reduction: ``"mean"`` divides each row's loss by its number of labels first.
        zero_infinity: Count rows that cannot say their labels as 0, not infinity.

    Raises:
        RuntimeError: Sizes do not agree, or ``blank`` is no class.
    """
    alone = log_probs.ndim == 2
    x = log_probs.unsqueeze(1) if alone else log_probs
    if x.ndim != 3:
        raise ShapeError(f"ctc_loss: log_probs must be (T, N, C) or (T, C), got {tuple(log_probs.shape)}")
    if targets.is_floating_point():
        raise DTypeError(f"ctc_loss: targets must be integers, got {targets.dtype}; use targets.long()")
    places, batch, classes = x.shape
    if not 0 <= blank < classes:
        raise RuntimeError(f"blank must be in label range, 0 to {classes - 1}, got {blank}")
    targets = targets.unsqueeze(0) if alone and targets.ndim == 1 else targets
    most = targets.shape[1] if targets.ndim == 2 else targets.numel()
    sizes = _lengths("input_lengths", input_lengths, batch, places)
    lengths = _lengths("target_lengths", target_lengths, batch, most)
    if targets.ndim == 1 and int(lengths.sum()) > targets.numel():
        raise ShapeError(f"ctc_loss: target_lengths sum up to {int(lengths.sum())}, but there are {targets.numel()} targets")
    loss = _negative_log(x, _labels(targets, lengths, blank), sizes, lengths, blank)
    loss = where(loss > -_NEVER / 10, 0.0 if zero_infinity else math.inf, loss)
    if reduction == "mean":
        loss = loss / from_numpy(np.maximum(lengths, 1)).to(loss.dtype)
    return _reduce(loss.squeeze(0) if alone else loss, _checked(reduction))


def _negative_log(
    x: Tensor, labels: np.ndarray[Any, Any], sizes: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any], blank: int
) -> Tensor:
    """The losses of the rows, ``(N,)``."""
    places, batch, _ = x.shape
    index = from_numpy(np.ascontiguousarray(np.broadcast_to(labels, (places, *labels.shape))))
    said = gather(x, 2, index)  # (T, N, 2 S + 1)
    position = np.arange(labels.shape[1])
    skips = np.zeros(labels.shape, bool)  # a label may follow the one before it without a blank, if it is another one
    skips[:, 2:] = (labels[:, 2:] != blank) & (labels[:, 2:] != labels[:, :-2])
    may_skip = from_numpy(skips)
    start = from_numpy(np.where(position == 0, 0.0, _NEVER)).to(x.dtype).expand(batch, -1)
    alpha, first = start, from_numpy(np.broadcast_to(position < 2, labels.shape).copy())
    for t in range(places):
        if t:
            ways = stack([alpha, _shifted(alpha, 1), where(may_skip, _shifted(alpha, 2), _NEVER)])
            step = logsumexp(ways, 0) + said[t]
        else:
            step = where(first, said[0], _NEVER)
        alpha = where(from_numpy((t < sizes)[:, None]), step, alpha)
    last = np.stack([2 * lengths, np.maximum(2 * lengths - 1, 0)], 1)
    ends = gather(alpha, 1, from_numpy(last))
    ends = where(from_numpy(np.stack([lengths >= 0, lengths > 0], 1)), ends, _NEVER)
    counts = from_numpy((np.arange(places)[:, None] < sizes).astype(np.int64)).to(x.dtype)
    whole = (x.exp().sum(2) * counts).sum(0)  # what log_softmax would give its gradient for
    return whole - whole.detach() - logsumexp(ends, 1)
