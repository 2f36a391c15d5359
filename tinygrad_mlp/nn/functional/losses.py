"""Losses.

Every loss takes ``reduction``: ``"none"`` for the loss of each element, ``"sum"``, or ``"mean"``, the default. Their
``size_average`` and ``reduce`` are what PyTorch had before ``reduction``, and are warned about.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

from ..._tensor import Tensor
from ...dtypes import int64, uint8
from ...errors import DTypeError, GraphError, ShapeError
from ...ops import losses
from ...ops.composite import takes_tensors
from ...ops.shape import broadcast_tensors

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "huber_loss", "kl_div", "l1_loss",
    "mse_loss", "nll_loss", "smooth_l1_loss",
]  # fmt: skip

Flag = bool | None
Op = Callable[..., Tensor]


def legacy_reduction(reduction: str, size_average: Flag, reduce: Flag) -> str:
    """The reduction that PyTorch's two old flags stand for, with a warning, where one of them is given."""
    if size_average is None and reduce is None:
        return reduction
    averaged = size_average is None or size_average
    reduction = ("mean" if averaged else "sum") if reduce is None or reduce else "none"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.", stacklevel=3
    )
    return reduction


def _checked(reduction: str) -> str:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction!r} is not a valid value for reduction; expected 'none', 'mean' or 'sum'")
    return reduction


def _reduce(loss: Tensor, reduction: str) -> Tensor:
    return loss if reduction == "none" else loss.mean() if reduction == "mean" else loss.sum()


def _weighted(op: Op, weight: Tensor | None, reduction: str, *operands: Tensor | None, **params: float) -> Tensor:
    """A loss, each element's times its weight where there are weights, reduced."""
    if weight is None:
        return op(*operands, reduction=reduction, **params)
    return _reduce(op(*operands, reduction="none", **params) * weight, reduction)


def _constant(loss: str, **tensors: Tensor | None) -> None:
    """Refuse what would silently get no gradient."""
    for name, tensor in tensors.items():
        if tensor is not None and tensor.requires_grad:
            raise GraphError(f"{loss}: the derivative for '{name}' is not implemented; pass {name}.detach()")


def _of_pairs(op: Op, input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, **params: float) -> Tensor:
    """A regression loss: broadcast with a warning, and each element's times its weight."""
    if target._like.shape != input._like.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely "
            "lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
        input, target = broadcast_tensors(input, target)  # noqa: A001 - PyTorch's argument name
    if weight is not None and weight.shape != input.shape:
        raise ValueError(f"Weights and input must have the same size, got {weight.shape} and {input.shape}")
    return _weighted(op, weight, reduction, input, target, **params)


def _with_weighted_mean(op: Op, input: Tensor, target: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    if weight is None or reduction != "mean":
        return _of_pairs(op, input, target, weight, reduction)
    return _of_pairs(op, input, target, weight, "sum") / weight.sum()


@takes_tensors
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(x - t)^2, times ``weight`` if given: the mean is then weighted. Shapes ``(*), (*) -> ()``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.functional.mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)
    """
    reduction = _checked(legacy_reduction(reduction, size_average, reduce))
    return _with_weighted_mean(losses.mse, input, target, weight, reduction)


@takes_tensors
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """abs(x - t), times ``weight`` if given: the mean is then weighted. Shapes ``(*), (*) -> ()``."""
    reduction = _checked(legacy_reduction(reduction, size_average, reduce))
    return _with_weighted_mean(losses.l1, input, target, weight, reduction)


@takes_tensors
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d^2 / 2 where abs(d) <= delta, else delta (abs(d) - delta / 2), for d = x - t. Shapes ``(*), (*) -> ()``.

    Raises:
        RuntimeError: ``delta`` is not positive.
    """
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta, got {delta}")
    return _of_pairs(losses.huber, input, target, weight, _checked(reduction), delta=delta)


@takes_tensors
def smooth_l1_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """d^2 / (2 beta) where abs(d) < beta, else abs(d) - beta / 2, for d = x - t. Shapes ``(*), (*) -> ()``.

    Raises:
        RuntimeError: ``beta`` is negative.
    """
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    reduction = _checked(legacy_reduction(reduction, size_average, reduce))
    if beta == 0:
        return _of_pairs(losses.l1, input, target, None, reduction)
    return _of_pairs(losses.huber, input, target, None, reduction, delta=beta) / beta


@takes_tensors
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """t (log(t) - x) for log-probabilities x and probabilities t: the divergence of the input from the target.

    Args:
        input: Log-probabilities, of any shape.
        target: Probabilities; log-probabilities if ``log_target``.
        reduction: Also ``"batchmean"``, the sum over the batch size, which is the divergence's mean.
    """
    batchmean = reduction == "batchmean"
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' divides only "
            "by the batch size, and aligns with the KL div math definition.",
            stacklevel=2,
        )
    reduction = _checked(legacy_reduction("sum" if batchmean else reduction, size_average, reduce))
    x, t = broadcast_tensors(input, target)
    loss = losses.kl_divergence(x, t, log_target=log_target, reduction=reduction)
    return loss / input.shape[0] if batchmean and input.ndim else loss


@takes_tensors
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """-weight (t log(x) + (1 - t) log(1 - x)) for probabilities x. Shapes ``(*), (*) -> ()``.

    Logarithms below -100 count as -100.

    Raises:
        ValueError: Input and target have different shapes.
        DTypeError: They have different dtypes.
        RuntimeError: The input has elements outside [0, 1].
    """
    reduction = _checked(legacy_reduction(reduction, size_average, reduce))
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if target.dtype is not input.dtype:
        raise DTypeError(
            f"binary_cross_entropy: Found dtype {target.dtype} but expected {input.dtype}; use target.to(input)"
        )
    _constant("binary_cross_entropy", weight=weight)
    weight = None if weight is None else weight.expand(input.shape)
    return _weighted(losses.bce, weight, reduction, input, target)


@takes_tensors
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-weight (pos_weight t log(s) + (1 - t) log(1 - s)) for s = sigmoid(x), without overflow.

    Shapes ``(*), (*) -> ()``; the weights broadcast to them.

    Raises:
        ValueError: Input and target have different shapes.
        DTypeError: The target is not floating-point.
    """
    reduction = _checked(legacy_reduction(reduction, size_average, reduce))
    if target._like.shape != input._like.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if not target.is_floating_point():
        raise DTypeError(
            f"binary_cross_entropy_with_logits: result type {input.dtype} can't be cast to the desired output type "
            f"{target.dtype}; use target.to(input)"
        )
    _constant("binary_cross_entropy_with_logits", weight=weight, pos_weight=pos_weight)
    weight = None if weight is None else weight.expand(input.shape)
    return _weighted(losses.bce_logits, weight, reduction, input, target, pos_weight)


def _check_classes(loss: str, weight: Tensor | None, classes: int) -> None:
    if weight is not None and tuple(weight.shape) != (classes,):
        raise ShapeError(
            f"{loss}: weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )


def _by_rows(input: Tensor, target: Tensor, weight: Tensor | None, loss: str) -> tuple[Tensor, Tensor]:
    """Logits as (N, C) and class indices as (N,), from (C,) or (N, C, d1, ...), and checked."""
    sizes, of_target = input._like.shape, target._like.shape
    if not sizes:
        raise ValueError(f"{loss}: Expected 1 or more dimensions (got 0)")
    classes = sizes[min(1, len(sizes) - 1)]
    expected = sizes[:1] + sizes[2:] if len(sizes) > 1 else of_target
    if of_target != expected:
        if of_target[:1] != sizes[:1]:
            got = of_target[0] if of_target else 0
            raise ValueError(f"{loss}: Expected input batch_size ({sizes[0]}) to match target batch_size ({got}).")
        raise ShapeError(
            f"{loss}: Expected target size {list(expected)}, got {list(of_target)}: a class index for each position of "
            f"an input of shape {list(sizes)}, whose classes are dimension 1"
        )
    if len(sizes) == 1 and target.numel() != 1:
        raise ValueError(f"{loss}: For 1D input, target must be one class index, but got shape {list(of_target)}")
    if target.dtype not in (int64, uint8):
        raise DTypeError(
            f"{loss}: expected target dtype to be Long or Byte (expected scalar type Long), but got {target.dtype}: class "
            "indices are int64, use target.long(); probabilities have the input's shape"
        )
    _check_classes(loss, weight, classes)
    if weight is not None:
        if weight.dtype is not input.dtype:
            raise DTypeError(
                f"{loss}: expected a weight of dtype {input.dtype} but found {weight.dtype}; use weight.to(input)"
            )
        _constant(loss, weight=weight)
    rows = input if len(sizes) <= 2 else input.movedim(1, -1)
    indices = target if len(of_target) == 1 else target.reshape(-1)
    return (rows if len(sizes) == 2 else rows.reshape(-1, classes)), indices


@takes_tensors
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Flag = None,
    ignore_index: int = -100,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """-weight_t x_t, the negative log-likelihood of class t under log-probabilities x; the mean is weighted.

    Shapes as for :func:`cross_entropy` with class indices, and the same errors.
    """
    reduction = _checked(legacy_reduction(reduction, size_average, reduce))
    rows, indices = _by_rows(input, target, weight, "nll_loss")
    loss = losses.class_nll(rows, indices, weight, ignore_index, reduction)
    return loss.reshape(target.shape if input.ndim > 1 else ()) if reduction == "none" else loss


@takes_tensors
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Flag = None,
    ignore_index: int = -100,
    reduce: Flag = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-sum_c weight_c t_c log_softmax(x)_c for logits x and the distribution t of the classes. EE6132 lab, eq. 11.

    Args:
        input: Logits ``(C,)``, ``(N, C)`` or ``(N, C, d1, ...)``.
        target: Class indices ``()``, ``(N,)`` or ``(N, d1, ...)``; or probabilities, of the input's shape.
        weight: A factor per class, ``(C,)``. The mean over class indices is weighted with it.
        ignore_index: A class index that contributes nothing, and does not count in the mean.
        label_smoothing: How much of t is spread evenly over all classes, from 0 to 1. Szegedy et al. 2016.

    Raises:
        ValueError: Input and target have different batch sizes.
        ShapeError: The target has another shape, or ``weight`` is not ``(C,)``.
        DTypeError: Class indices are not int64.
        DimensionError: A class index is out of range.

    >>> import tinygrad_mlp as torch
    >>> logits = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    >>> torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1]))
    tensor(0.4100)
    """
    reduction = _checked(legacy_reduction(reduction, size_average, reduce))
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if target._like.shape == input._like.shape != ():
        return _soft_cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)
    rows, indices = _by_rows(input, target, weight, "cross_entropy")
    options = {"ignore_index": ignore_index, "label_smoothing": label_smoothing, "reduction": reduction}
    loss = losses.class_cross_entropy(rows, indices, weight, **options)
    return loss.reshape(target.shape if input.ndim > 1 else ()) if reduction == "none" else loss


def _soft_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, label_smoothing: float
) -> Tensor:
    if not target.is_floating_point():
        raise DTypeError(
            f"cross_entropy: Expected floating point type for target with class probabilities, got {target.dtype}; class "
            "indices have the input's shape without its dimension of classes"
        )
    if ignore_index >= 0:
        raise RuntimeError("cross_entropy: ignore_index is not supported for floating point target")
    dim = 0 if input.ndim == 1 else 1
    classes = input.shape[dim]
    _check_classes("cross_entropy", weight, classes)
    rows, t = (x.movedim(dim, -1).reshape(-1, classes) for x in (input, target))
    if label_smoothing:
        t = t * (1 - label_smoothing) + label_smoothing / classes
    loss = losses.soft_cross_entropy(rows, t if weight is None else t * weight)
    return loss.reshape(input.shape[:dim] + input.shape[dim + 1 :]) if reduction == "none" else _reduce(loss, reduction)
