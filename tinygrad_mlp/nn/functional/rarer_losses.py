"""Losses of margins, of embeddings, and of Poisson's and the normal distribution."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..._tensor import Tensor
from ...dtypes import int64
from ...errors import DTypeError, ShapeError
from ...ops.activations import logsigmoid
from ...ops.choosing import clamp, minimum, where
from ...ops.composite import takes_tensors
from ...ops.creation import full_like, zeros_like
from ...ops.functions import sqrt
from ...ops.products import cumprod
from ...ops.scattering import gather
from .layers import pairwise_distance
from .losses import Flag, _checked, _constant, _reduce, legacy_reduction

__all__ = [
    "cosine_embedding_loss", "gaussian_nll_loss", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "poisson_nll_loss", "soft_margin_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]  # fmt: skip

Distance = Callable[[Tensor, Tensor], Tensor]


def _reduced(loss: Tensor, reduction: str, size_average: Flag = None, reduce: Flag = None) -> Tensor:
    return _reduce(loss, _checked(legacy_reduction(reduction, size_average, reduce)))


def _positive(x: Tensor) -> Tensor:
    return clamp(x, min=0)


# ------------------------------------------------------------------------------------------------------------- margins


@takes_tensors
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """x where t = 1, max(0, margin - x) where t = -1. Shapes ``(*), (*) -> ()``."""
    apart = where(target != 1, _positive(margin - input), 0.0)
    return _reduced(apart + where(target != -1, input, 0.0), reduction, size_average, reduce)


@takes_tensors
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -t (x1 - x2) + margin): x1 is to be the larger one where t = 1, x2 where t = -1.

    Raises:
        RuntimeError: The inputs have different numbers of dimensions.
    """
    if not input1.ndim == input2.ndim == target.ndim:
        raise ShapeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return _reduced(_positive(-target * (input1 - input2) + margin), reduction, size_average, reduce)


@takes_tensors
def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean"
) -> Tensor:
    """log(1 + exp(-t x)) for t of 1 and -1, without overflow. Shapes ``(*), (*) -> ()``."""
    return _reduced(-logsigmoid(target * input), reduction, size_average, reduce)


@takes_tensors
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """-weight (t log(s) + (1 - t) log(1 - s)) for s = sigmoid(x), the mean over classes. Shapes ``(*, C), (*, C) -> ()``."""
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    return _reduced((loss if weight is None else loss * weight).mean(-1), reduction, size_average, reduce)


def check_margin(margin: float) -> None:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")


def check_multi_margin(p: int, weight: Tensor | None) -> None:
    if p not in (1, 2):
        raise ValueError(f"only p == 1 and p == 2 supported, got {p}")
    if weight is not None and weight.ndim != 1:
        raise ValueError(f"weight must be one-dimensional, got shape {tuple(weight.shape)}")


def _class_margins(name: str, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs and targets as ``(N, C)`` and ``(N, ...)``."""
    if input.ndim not in (1, 2) or (input.ndim == 2 and input.shape[1] == 0):
        raise ShapeError(
            f"{name}: Expected non-empty vector or matrix with optional 0-dim batch size, but got: {input.shape}"
        )
    if target.dtype is not int64:
        raise DTypeError(f"{name}: expected scalar type Long but found {target.dtype}; use target.long()")
    return (input, target) if input.ndim == 2 else (input.unsqueeze(0), target.reshape(1, *target.shape))


@takes_tensors
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """sum_(j != t) weight_t max(0, margin - x_t + x_j)^p / C. Shapes ``(N, C), (N,) -> ()``, or ``(C,), () -> ()``.

    Raises:
        ValueError: ``p`` is not 1 or 2, or ``weight`` no vector.
        RuntimeError: Sizes do not agree, or a class is out of range.
    """
    check_multi_margin(p, weight)
    rows, index = _class_margins("multi_margin_loss", input, target)
    classes = rows.shape[1]
    if index.numel() != rows.shape[0]:
        raise ShapeError(
            f"multi_margin_loss: inconsistent target size, expected {rows.shape[0]} but got {tuple(target.shape)}"
        )
    index = index.reshape(-1, 1)
    if weight is not None:
        _constant("multi_margin_loss", weight=weight)
        if weight.shape[0] != classes:
            raise ShapeError(f"multi_margin_loss: inconsistent weight size, expected {classes} but got {weight.shape[0]}")
    if index.numel() and not bool(((index >= 0) & (index < classes)).all()):
        raise RuntimeError(f"multi_margin_loss: target out of range; the classes are 0 to {classes - 1}")
    short = _positive(margin - gather(rows, 1, index) + rows)
    short = (short if p == 1 else short * short) if weight is None else short**p * weight[index]
    loss = short.scatter(1, index, zeros_like(short.detach())).sum(1) / classes
    return _reduced(loss if input.ndim == 2 else loss.squeeze(0), reduction, size_average, reduce)


@takes_tensors
def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean"
) -> Tensor:
    """sum over classes i of the target and j that are not of max(0, 1 - x_i + x_j) / C.

    Shapes ``(N, C), (N, C) -> ()``, or without N. The target's classes are those before its first -1.

    Raises:
        RuntimeError: Sizes do not agree, or a class is out of range.
    """
    rows, index = _class_margins("multilabel_margin_loss", input, target)
    classes = rows.shape[1]
    if index.shape != rows.shape:
        raise ShapeError(
            f"multilabel_margin_loss: inconsistent target size {tuple(target.shape)} for input of size {tuple(input.shape)}"
        )
    if index.numel() and not bool(((index >= -1) & (index < classes)).all()):
        raise RuntimeError(
            f"multilabel_margin_loss: target out of range; the classes are 0 to {classes - 1}, and -1 ends them"
        )
    counts = cumprod((index >= 0).to(rows.dtype), 1)
    place = clamp(index, min=0)
    labelled = zeros_like(rows.detach()).scatter_add(1, place, counts) > 0
    short = _positive(1 - gather(rows, 1, place).unsqueeze(2) + rows.unsqueeze(1)) * counts.unsqueeze(2)
    loss = where(labelled.unsqueeze(1), 0.0, short).sum((1, 2)) / classes
    return _reduced(loss if input.ndim == 2 else loss.squeeze(0), reduction, size_average, reduce)


# ---------------------------------------------------------------------------------------------------------- embeddings


@takes_tensors
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos(x1, x2) where t = 1, max(0, cos(x1, x2) - margin) where t = -1.

    Shapes ``(N, D), (N, D), (N,) -> ()``, or ``(D,), (D,), () -> ()``.

    Raises:
        RuntimeError: The shapes do not agree.
    """
    if target.ndim > 1 or not input1.ndim == input2.ndim == target.ndim + 1:
        raise ShapeError(
            f"cosine_embedding_loss: {target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs "
            f"with sizes {list(input1.shape)} and {list(input2.shape)}; 0D or 1D target tensor expected, multi-target not supported"
        )
    squares = ((x * x).sum(-1) + 1e-12 for x in (input1, input2))
    cosine = (input1 * input2).sum(-1) / sqrt(next(squares) * next(squares))
    loss = where(target == 1, 1 - cosine, 0.0) + where(target == -1, _positive(cosine - margin), 0.0)
    return _reduced(loss, reduction, size_average, reduce)


@takes_tensors
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, |a - p| - |a - n| + margin): the anchor is to be closer to the positive. Shapes ``(N, D)`` each, or ``(D,)``.

    Args:
        anchor: a.
        positive: p.
        negative: n.
        margin: How much closer.
        p: Of the norm.
        eps: Added to the differences.
        swap: Use the distance of p and n where it is less than that of a and n. Balntas et al. 2016.

    Raises:
        ValueError: ``margin`` is not positive.
        RuntimeError: The numbers of dimensions differ.
    """
    check_margin(margin)

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return pairwise_distance(x, y, p, eps)

    return _reduced(_triplet(anchor, positive, negative, distance, margin, swap), reduction, size_average, reduce)


def _triplet(a: Tensor, p: Tensor, n: Tensor, distance: Distance, margin: float, swap: bool) -> Tensor:
    if not a.ndim == p.ndim == n.ndim:
        raise ShapeError(
            f"The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: anchor "
            f"{a.ndim}D, positive {p.ndim}D, and negative {n.ndim}D inputs"
        )
    near, far = distance(a, p), distance(a, n)
    return _positive(margin + near - (minimum(far, distance(p, n)) if swap else far))


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Distance | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """:func:`triplet_margin_loss` with any function for the distance; :func:`pairwise_distance` where None.

    Raises:
        ValueError: ``margin`` is not positive.
    """
    check_margin(margin)
    return _reduced(_triplet(anchor, positive, negative, distance_function or pairwise_distance, margin, swap), reduction)


# ------------------------------------------------------------------------------------------------------- distributions


@takes_tensors
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: Flag = None,
    eps: float = 1e-8,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """exp(x) - t x, or x - t log(x + eps) unless ``log_input``: -log of Poisson's distribution. Shapes ``(*), (*) -> ()``.

    If ``full``, with Stirling's approximation of log(t!), t log(t) - t + log(2 pi t) / 2, where t > 1.
    """
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        many = where(target > 1, target, 1)
        loss = loss + where(target > 1, many * many.log() - many + 0.5 * (2 * math.pi * many).log(), 0.0)
    return _reduced(loss, reduction, size_average, reduce)


@takes_tensors
def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor | float, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """(log(var) + (x - t)^2 / var) / 2: -log of the normal distribution; if ``full``, with log(2 pi) / 2. Nix & Weigend 1994.

    Args:
        input: The expected value.
        target: What was seen.
        var: The variance: of the input's shape, or with a last size of 1, or without the last dimension; or a number.
        full: Whether the constant is added.
        eps: The least variance, without an effect on the gradient.

    Raises:
        ValueError: ``var`` is negative, or of another shape.
    """
    variance = var if isinstance(var, Tensor) else full_like(input.detach(), var)
    if bool((variance < 0).any()):
        raise ValueError("var has negative entry/entries")
    if input.shape[:-1] == variance.shape != input.shape:
        variance = variance.unsqueeze(-1)
    elif variance.ndim != input.ndim or any(n not in (m, 1) for n, m in zip(variance.shape, input.shape, strict=True)):
        raise ValueError(f"var is of incorrect size: {tuple(variance.shape)} for an input of shape {tuple(input.shape)}")
    fixed = variance.detach()
    variance = variance + (clamp(fixed, min=eps) - fixed)
    difference = input - target
    loss = 0.5 * (variance.log() + difference * difference / variance)
    return _reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)
