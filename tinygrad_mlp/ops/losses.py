"""Losses, each one operation with its ``reduction``, so that the value and the gradient are each computed in one go."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, exp, log
from ..core.errors import ShapeError
from .activations import hardtanh, logsigmoid
from .choosing import clamp, where
from .class_losses import class_losses, class_slopes, class_total, in_range
from .functions import log1p, sigmoid, sign
from .normalisation import floating, log_softmax, shifted, softmax, softmax_of, softmax_slope
from .summing import average, narrowed, total, widened
from .sums import sum

__all__: list[str] = []

# ------------------------------------------------------------------------------------------------------------------ pairs


def _reduce(values: Array, reduction: str) -> Array:
    if reduction == "mean":
        return average(values)
    return total(values) if reduction == "sum" else values


def _share(g: Any, reduction: str, shape: tuple[int, ...]) -> Any:
    """The cotangent of each element's loss: what ``_reduce`` passes back."""
    return g / math.prod(shape) if reduction == "mean" else g


def _pair(name: str, input: Array, target: Array) -> None:
    floating(name, input)
    if input.shape != target.shape:
        raise ShapeError(f"{name}: input and target must have one shape, got {input.shape} and {target.shape}")


@primitive(
    lambda g, input, target, reduction, input_shape: _share(g, reduction, input_shape) * (2 * (input - target)),
    lambda g, input, target, reduction, input_shape: _share(g, reduction, input_shape) * (2 * (target - input)),
    cast="promote",
)
def mse(input: Array, target: Array, *, reduction: str) -> Array:
    """(input - target)^2, reduced."""
    _pair("mse_loss", input, target)
    difference = input - target
    return _reduce(np.multiply(difference, difference), reduction)


@primitive(
    lambda g, input, target, reduction, input_shape: _share(g, reduction, input_shape) * sign(input - target),
    lambda g, input, target, reduction, input_shape: _share(g, reduction, input_shape) * sign(target - input),
    cast="promote",
)
def l1(input: Array, target: Array, *, reduction: str) -> Array:
    """abs(input - target), reduced."""
    _pair("l1_loss", input, target)
    return _reduce(np.abs(input - target), reduction)


def _huber_slope(g: Any, difference: Any, delta: float, reduction: str, shape: tuple[int, ...]) -> Any:
    return _share(g, reduction, shape) * hardtanh(difference, -delta, delta)


@primitive(
    lambda g, input, target, delta, reduction, input_shape: _huber_slope(g, input - target, delta, reduction, input_shape),
    lambda g, input, target, delta, reduction, input_shape: _huber_slope(g, target - input, delta, reduction, input_shape),
    cast="promote",
)
def huber(input: Array, target: Array, *, delta: float, reduction: str) -> Array:
    """d^2 / 2 where abs(d) <= delta, else delta (abs(d) - delta / 2), for d = input - target, reduced."""
    _pair("huber_loss", input, target)
    size = np.abs(input - target)
    near = np.minimum(size, delta)
    return _reduce(near * (size - 0.5 * near), reduction)


def _kl_slope(g: Any, input: Any, target: Any, log_target: bool, reduction: str, target_shape: tuple[int, ...]) -> Any:
    g = _share(g, reduction, target_shape)
    return g * (exp(target) * (target - input + 1)) if log_target else g * (log(target) - input + 1)


@primitive(
    lambda g, target, log_target, reduction, target_shape: (
        _share(g, reduction, target_shape) * -(exp(target) if log_target else target)
    ),
    _kl_slope,
    cast="promote",
)
def kl_divergence(input: Array, target: Array, *, log_target: bool, reduction: str) -> Array:
    """target (log(target) - input), 0 where target is 0; exp(target) (target - input) if ``log_target``. Reduced."""
    _pair("kl_div", input, target)
    if log_target:
        return _reduce(np.exp(target) * (target - input), reduction)
    entropy = np.where(target == 0, 0, target * np.log(target))
    return _reduce(entropy - target * input, reduction)


@primitive(
    lambda g, input, target, reduction, input_shape: (
        _share(g, reduction, input_shape) * ((input - target) / clamp(input * (1 - input), min=1e-12))
    ),
    lambda g, input, reduction, input_shape: _share(g, reduction, input_shape) * (log1p(-input) - log(input)),
    cast="promote",
)
def bce(input: Array, target: Array, *, reduction: str) -> Array:
    """-(t log(x) + (1 - t) log(1 - x)), reduced; logarithms count as -100 at least, as in PyTorch."""
    _pair("binary_cross_entropy", input, target)
    if not (np.all(input >= 0) and np.all(input <= 1)):
        raise RuntimeError(
            "binary_cross_entropy: all elements of input should be between 0 and 1; apply sigmoid, or use "
            "binary_cross_entropy_with_logits"
        )
    if not (np.all(target >= 0) and np.all(target <= 1)):
        raise RuntimeError("binary_cross_entropy: all elements of target should be between 0 and 1")
    log_x = np.maximum(np.log(input), -100)
    log_rest = np.maximum(np.log1p(-input), -100)
    return _reduce((target - 1) * log_rest - target * log_x, reduction)


def _bce_logits_slope(g: Any, input: Any, target: Any, pos_weight: Any, reduction: str, input_shape: tuple[int, ...]) -> Any:
    slope = sigmoid(input) - target
    if pos_weight is not None:
        slope = slope + (pos_weight - 1) * target * (sigmoid(input) - 1)
    return _share(g, reduction, input_shape) * slope


def _bce_target_slope(g: Any, input: Any, pos_weight: Any, reduction: str, input_shape: tuple[int, ...]) -> Any:
    slope = -input if pos_weight is None else -input - (pos_weight - 1) * logsigmoid(input)
    return _share(g, reduction, input_shape) * slope


@primitive(_bce_logits_slope, _bce_target_slope, None, cast="promote")
def bce_logits(input: Array, target: Array, pos_weight: Array = None, *, reduction: str) -> Array:
    """-(p t log(s) + (1 - t) log(1 - s)) for s = sigmoid(x) and p = ``pos_weight``, reduced, without overflow."""
    _pair("binary_cross_entropy_with_logits", input, target)
    rest = np.log1p(np.exp(-np.abs(input)))  # softplus(-x) = rest - min(x, 0)
    values = (1 - target) * input - np.minimum(input, 0) + rest  # in this order accurate, and nan where PyTorch's is
    if pos_weight is not None:
        values += (pos_weight - 1) * target * (np.maximum(-input, 0) + rest)
    return _reduce(values, reduction)


# ---------------------------------------------------------------------------------------------------------------- classes


def _classes_first(x: Array) -> Array:
    """The transpose of (N, C), in which NumPy reduces along the classes; a copy of few: along a short last axis it is ten times slower."""
    return np.ascontiguousarray(x.T) if x.shape[1] < 64 else x.T


def _counted(target: Array, ignore_index: int) -> tuple[Array, Array]:
    """The rows that count, and their classes."""
    (rows,) = (target != ignore_index).nonzero()
    return rows, target[rows]


def _row_weights(index: Array, weight: Array, reduction: str, like: Array) -> tuple[Any, Any]:
    """The weights of the rows that count, a number where all weigh the same, and what they are divided by: for the mean their sum."""
    number = like.dtype.type
    weights = number(1) if weight is None else weight[index]
    if reduction != "mean":
        return weights, number(1)
    return weights, number(len(index)) if weight is None else total(weights)


def _reduce_rows(loss: Array, reduction: str, rows: Array, count: int) -> Array:
    """The sum over the rows that count; or the loss of each of ``count`` rows, 0 where it does not."""
    if reduction != "none":
        return total(loss)
    each = np.zeros(count, loss.dtype)
    each[rows] = loss
    return each


@primitive(None, None, None)
def _class_distribution(
    input: Array,
    target: Array,
    weight: Array = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Array:
    """What cross-entropy holds against log_softmax: row i is w_i times the smoothed one-hot vector of target i."""
    rows, index = _counted(target, ignore_index)
    weights, divisor = _row_weights(index, weight, reduction, input)
    share = (1 - label_smoothing) * weights / divisor
    q = np.zeros(input.shape, input.dtype)
    if label_smoothing:
        q[rows] = label_smoothing / input.shape[1] * (1 if weight is None else weight) / divisor
        share = q[rows, index] + share
    q[rows, index] = share
    return q


@primitive(
    lambda g, input, q: g * (softmax(input, 1) * sum(q, 1, True) - q),
    lambda g, input, q, cotangent: _slope_of_slope(g * cotangent, input, q),
    lambda g, input, cotangent: cotangent * (sum(g * softmax(input, 1), 1, True) - g),
    cast="same",
)
def _logits_slope(cotangent: Array, input: Array, q: Array) -> Array:
    """The gradient of -sum_c q_c log_softmax(x)_c: softmax(x) - q where q sums to 1. EE6132 lab, eq. 11."""
    p = softmax_of(_classes_first(input), 0)
    np.multiply(p, total(_classes_first(q), 0), out=p)
    slope = np.subtract(p.T, q, order="C")
    np.multiply(slope, cotangent, out=slope)
    if cotangent.ndim == 0 and not math.isfinite(cotangent):
        slope[~q.any(1)] = 0  # ignored rows: 0 times inf or nan would be nan
    return slope


def _slope_of_slope(g: Any, input: Any, q: Any) -> Any:
    """The gradient by the logits of g (softmax(x) sum_c q_c - q); 0, and not nan, for rows that do not count."""
    share = sum(q, 1, True)
    return softmax_slope(where(share != 0, g * share, 0.0), softmax(input, 1))


def _per_row(g: Any, target: Any, ignore_index: int) -> Any:
    """The rows' cotangents as a column; 0, and not nan, for rows that do not count."""
    return where(target != ignore_index, g, 0.0).reshape(-1, 1)


def _class_slope(
    g: Any, input: Any, target: Any, weight: Any, ignore_index: int, label_smoothing: float, reduction: str, kept: Any
) -> Any:
    if weight is None and not label_smoothing and reduction != "none":
        if type(g) is np.ndarray:
            return narrowed(class_slopes(kept, target, g, reduction == "mean"), input)
        return _plain_class_slope(g, input, target, ignore_index, reduction)
    q = _class_distribution(input, target, weight, ignore_index, label_smoothing, reduction)
    return _logits_slope(_per_row(g, target, ignore_index) if reduction == "none" else g, input, q)


def _plain_rule(rule: int) -> Any:
    """The rule of :func:`_logits_slope`, whose result :func:`_plain_class_slope` computes in another way."""

    def slope(g: Any, cotangent: Any, input: Any, target: Any, ignore_index: int, reduction: str) -> Any:
        q = _class_distribution(input, target, None, ignore_index, 0.0, reduction)
        if rule == 0:
            return g * (softmax(input, 1) * sum(q, 1, True) - q)
        return _slope_of_slope(g * cotangent, input, q)

    return slope


@primitive(_plain_rule(0), _plain_rule(1), None)
def _plain_class_slope(cotangent: Array, input: Array, target: Array, ignore_index: int, reduction: str) -> Array:
    slopes = class_slopes(class_losses(widened(input), target, ignore_index), target, cotangent, reduction == "mean")
    return narrowed(slopes, input)


def _class_loss(
    input: Array, target: Array, weight: Array, ignore_index: int, label_smoothing: float, reduction: str
) -> tuple[Array, Array]:
    """The loss, and the exponentials from which the gradient is had, too; None of a weighted or smoothed one."""
    floating("cross_entropy", input)
    x = widened(input)
    if weight is None and not label_smoothing:
        work = class_losses(x, target, ignore_index)
        return narrowed(np.copy(work[0]) if reduction == "none" else class_total(work, reduction == "mean"), input), work
    rows, index = _counted(target, ignore_index)
    in_range(index, input.shape[1])
    weights, divisor = _row_weights(index, weight, reduction, x)
    z = shifted(_classes_first(x), 0)
    log_sum = np.log(total(np.exp(z), 0))
    loss = log_sum[rows] - z[index, rows]
    loss = _reduce_rows(loss if weight is None else weights * loss, reduction, rows, len(x)) / divisor
    if label_smoothing:
        each = (log_sum - z)[:, rows]
        spread = _reduce_rows(total(each, 0) if weight is None else weight @ each, reduction, rows, len(x)) / divisor
        loss = (1 - label_smoothing) * loss + label_smoothing / x.shape[1] * spread
    return narrowed(loss, input), None


@primitive(_class_slope, None, None, keeping=_class_loss)
def class_cross_entropy(
    input: Array,
    target: Array,
    weight: Array = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Array:
    """-log_softmax(x)_t per row (N, C) of logits and class index (N,), weighted, smoothed and reduced."""
    return _class_loss(input, target, weight, ignore_index, label_smoothing, reduction)[0]


def _nll_slope(g: Any, input: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    q = _class_distribution(input, target, weight, ignore_index, 0.0, reduction)
    each = g.reshape(-1, 1) if reduction == "none" else g
    return where(q != 0, -each * q, 0.0)  # 0, and not nan, where a class is not the row's


@primitive(_nll_slope, None, None)
def class_nll(input: Array, target: Array, weight: Array = None, ignore_index: int = -100, reduction: str = "mean") -> Array:
    """-x_t per row (N, C) of log-probabilities and class index (N,), weighted and reduced."""
    floating("nll_loss", input)
    rows, index = _counted(target, ignore_index)
    in_range(index, input.shape[1])
    weights, divisor = _row_weights(index, weight, reduction, input)
    return _reduce_rows(-weights * input[rows, index], reduction, rows, len(input)) / divisor


@primitive(
    lambda g, input, target: _logits_slope(g.reshape(-1, 1), input, target),
    lambda g, input: -g.reshape(-1, 1) * log_softmax(input, 1),
    cast="promote",
)
def soft_cross_entropy(input: Array, target: Array) -> Array:
    """-sum_c t_c log_softmax(x)_c per row, for class probabilities t. Shapes ``(N, C), (N, C) -> (N,)``."""
    _pair("cross_entropy", input, target)
    return -total(target * log_softmax(input, 1), 1)
