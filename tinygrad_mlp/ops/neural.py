"""What networks need beyond mathematics at large: activations, normalisation and losses, each one operation.

In every rule ``g`` is the cotangent of the output ``y``. At a kink the derivative is PyTorch's choice: that of the left
side, and 0 on the bounds of ``hardtanh`` and ``hardsigmoid``. A loss takes its ``reduction`` with it, so that its value
and its gradient are each computed in one go.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dtypes import as_dtype, dtype
from ..engine import composite, primitive
from ..errors import DTypeError, ShapeError
from .class_losses import class_losses, class_slopes, class_total, in_range
from .elementwise import abs, between, clamp, erfc, exp, log, log1p, relu, sigmoid, sign, sqrt, tanh, where, zeros_of
from .shape import expand

_dtype_type = dtype
Array = Any  # an ndarray inside a forward, a Tensor at the caller

__all__ = ["celu", "log_softmax", "prelu", "selu", "softmax"]

# --------------------------------------------------------------------------------------------------------- softmax


def _along(ufunc: np.ufunc, x: Array, dim: int, initial: float) -> Array:
    """The reduction along ``dim``, which becomes 1. NumPy is ten times slower along a short last axis than along a first."""
    if x.ndim == 2 and dim in (1, -1) and x.shape[1] < 64:
        return ufunc.reduce(x.T.copy(), 0, initial=initial)[:, None]
    return ufunc.reduce(x, dim, keepdims=True, initial=initial)


@primitive(lambda g, input_shape: expand(g, input_shape))
def _sum_along(input: Array, dim: int) -> Array:
    return _along(np.add, input, dim, 0)


def _shifted(input: Array, dim: int) -> Array:
    """``input`` minus its maximum along ``dim``, so that no exponential overflows; a new array."""
    out = None if input.ndim else np.empty_like(input)  # without dimensions a number, not an array
    return np.subtract(input, _along(np.maximum, input, dim, -np.inf), out=out)


def _logits(name: str, input: Array, dtype: _dtype_type | None) -> Array:
    if dtype is not None:
        input = input.astype(as_dtype(dtype).numpy)
    _floating(name, input)
    return input


def _floating(name: str, *arrays: Array) -> None:
    for array in arrays:
        if array.dtype.kind != "f":
            raise DTypeError(f"{name} is not implemented for {as_dtype(array.dtype)}; cast the input with .float()")


def softmax_of(x: Array, dim: int) -> Array:
    """exp(x_i) / sum_j exp(x_j) along ``dim``, of an array."""
    y = _shifted(x, dim)
    np.exp(y, out=y)
    return np.divide(y, _along(np.add, y, dim, 0), out=y)


def _softmax_slope(g: Any, y: Any, dim: int = 1) -> Any:
    return y * (g - _sum_along(g * y, dim))


@primitive(_softmax_slope)
def softmax(input: Array, dim: int, dtype: _dtype_type | None = None) -> Array:
    """exp(x_i) / sum_j exp(x_j) along ``dim``. EE6132 lab, eq. 4.

    >>> import tinygrad_mlp as torch
    >>> torch.softmax(torch.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return softmax_of(_logits("softmax", input, dtype), dim)


@primitive(lambda g, y, dim: g - exp(y) * _sum_along(g, dim))
def log_softmax(input: Array, dim: int, dtype: _dtype_type | None = None) -> Array:
    """x_i - log(sum_j exp(x_j)) along ``dim``: the logarithm of :func:`softmax`, without its underflow.

    >>> import tinygrad_mlp as torch
    >>> torch.log_softmax(torch.tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    y = _shifted(_logits("log_softmax", input, dtype), dim)
    return np.subtract(y, np.log(_along(np.add, np.exp(y), dim, 0)), out=y)


# ----------------------------------------------------------------------------------------------------- activations


def _log1p_exp(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@primitive(
    lambda g, input, beta, threshold: where(input * beta > threshold, g, g * sigmoid(input * beta)),
)
def softplus(input: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """log(1 + exp(beta x)) / beta, and x itself where beta x > threshold."""
    _floating("softplus", input)
    scaled = input * beta
    return np.where(scaled > threshold, input, _log1p_exp(scaled) / beta)


@primitive(lambda g, input: g * sigmoid(-input))
def logsigmoid(input: Array) -> Array:
    """log(1 / (1 + exp(-x))) = -softplus(-x)."""
    _floating("logsigmoid", input)
    return np.minimum(input, 0) - np.log1p(np.exp(-np.abs(input)))


def _silu_slope(g: Any, input: Any) -> Any:
    s = sigmoid(input)
    return g * (s * (1 + input * (1 - s)))


@primitive(_silu_slope)
def silu(input: Array) -> Array:
    """x sigmoid(x)."""
    _floating("silu", input)
    return input / (1 + np.exp(-input))


def _mish_slope(g: Any, input: Any) -> Any:
    t = tanh(softplus(input))
    return g * (t + input * (1 - t * t) * sigmoid(input))


@primitive(_mish_slope)
def mish(input: Array) -> Array:
    """x tanh(softplus(x))."""
    _floating("mish", input)
    return input * np.tanh(_log1p_exp(input))


_CUBIC = 0.044715  # Hendrycks & Gimpel 2016: tanh(sqrt(2/pi) (x + 0.044715 x^3)) is close to erf(x / sqrt(2))


def _gelu_slope(g: Any, input: Any, approximate: str) -> Any:
    square = input * input
    if approximate == "tanh":
        t = tanh(math.sqrt(2 / math.pi) * (input + _CUBIC * square * input))
        inner = math.sqrt(2 / math.pi) * (1 + 3 * _CUBIC * square)
        return g * (0.5 * (1 + t) + 0.5 * input * (1 - t * t) * inner)
    return g * (0.5 * erfc(input * -math.sqrt(0.5)) + input * exp(square * -0.5) * (1 / math.sqrt(2 * math.pi)))


@primitive(_gelu_slope)
def gelu(input: Array, *, approximate: str = "none") -> Array:
    """x Phi(x), Phi the normal distribution function, or its approximation by ``"tanh"``."""
    _floating("gelu", input)
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"gelu: approximate argument must be either none or tanh, got {approximate!r}")
    if approximate == "tanh":
        return 0.5 * input * (1 + np.tanh(math.sqrt(2 / math.pi) * (input + _CUBIC * input**3)))
    return 0.5 * input * erfc(input * -math.sqrt(0.5))


def _elu_slope(g: Any, input: Any, alpha: float, scale: float, input_scale: float) -> Any:
    below = exp(-relu(-input) * input_scale) * (scale * alpha * input_scale)
    return where(input <= 0, g * below, g * scale)


@primitive(_elu_slope)
def elu(input: Array, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Array:
    """scale x where x > 0, else scale alpha (exp(input_scale x) - 1). The family of ELU, SELU and CELU."""
    _floating("elu", input)
    return np.where(input > 0, scale * input, scale * alpha * np.expm1(np.minimum(0, input) * input_scale))


SELU = {"alpha": 1.6732632423543772, "scale": 1.0507009873554805}  # the fixed point of Klambauer et al. 2017


@composite
def selu(input: Array) -> Array:
    """1.0507 x where x > 0, else 1.0507 * 1.6733 (exp(x) - 1): self-normalising. Klambauer et al. 2017."""
    return elu(input, **SELU)


@composite
def celu(input: Array, alpha: float = 1.0) -> Array:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1)).

    Raises:
        RuntimeError: ``alpha`` is 0.
    """
    return elu(input, alpha=alpha, input_scale=celu_scale(alpha))


def celu_scale(alpha: float) -> float:
    """1 / alpha, checked."""
    if alpha == 0:
        raise RuntimeError("celu: ZeroDivisionError: alpha cannot be 0 for CELU; use relu")
    return 1 / alpha


@primitive(
    lambda g, source, slope: leak(g, source, slope),
    lambda g: zeros_of(g),
    lambda g, input, source: _leaked(g, input, source),
)
def leak(input: Array, source: Array, slope: Array) -> Array:
    """``input`` where source > 0, else slope * input."""
    return np.where(source > 0, input, input * slope)


@primitive(
    lambda g, other, source: _leaked(g, other, source),
    lambda g, input, source: _leaked(g, input, source),
    lambda g: zeros_of(g),
)
def _leaked(input: Array, other: Array, source: Array) -> Array:
    """0 where source > 0, whatever the others are, else input * other."""
    return np.where(source > 0, 0, input * other)


@primitive(lambda g, input, negative_slope: leak(g, input, negative_slope))
def leaky_relu(input: Array, negative_slope: float = 0.01) -> Array:
    """x where x > 0, else negative_slope x."""
    _floating("leaky_relu", input)
    return np.where(input > 0, input, input * negative_slope)


@primitive(lambda g, input, weight: leak(g, input, weight), lambda g, input: _leaked(g, input, input))
def _prelu(input: Array, weight: Array) -> Array:
    return np.where(input > 0, input, input * weight)


@composite
def prelu(input: Array, weight: Array) -> Array:
    """x where x > 0, else weight x, with one weight for all or one per channel (dimension 1).

    Raises:
        ShapeError: ``weight`` fits neither.
        DTypeError: the two have different dtypes.
    """
    if weight.ndim > 1:
        raise ShapeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got {tuple(weight.shape)}")
    if weight.dtype != input.dtype:
        raise DTypeError(f"prelu: Type promoting not supported. Got {input.dtype} and {weight.dtype}; cast one of them")
    if weight.numel() != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if channels != weight.numel():
            raise ShapeError(
                "prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels} of an input of shape {tuple(input.shape)}"
            )
    shape = () if weight.numel() == 1 else (1, -1, *(1,) * (input.ndim - 2))
    return _prelu(input, weight.reshape(shape))


@primitive(
    lambda g, input, min_val, max_val: between(g, input, min_val, max_val),
)
def hardtanh(input: Array, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """min(max(x, min_val), max_val)."""
    return np.minimum(max_val, np.maximum(min_val, input)).astype(input.dtype, copy=False)


@primitive(lambda g, input: where(abs(input) < 3, g * (1 / 6), 0.0))
def hardsigmoid(input: Array) -> Array:
    """min(max(x + 3, 0), 6) / 6: 0 below -3, 1 above 3."""
    _floating("hardsigmoid", input)
    return np.minimum(np.maximum(input + 3, 0), 6) / 6


def _softsign_slope(g: Any, input: Any) -> Any:
    denominator = 1 + abs(input)
    return g / (denominator * denominator)


@primitive(_softsign_slope, cast="float")
def softsign(input: Array) -> Array:
    """x / (1 + abs(x))."""
    return input / (1 + np.abs(input))


@primitive(lambda g, mask, scale: g * mask * scale, None)
def masked_scale(input: Array, mask: Array, *, scale: float) -> Array:
    """scale x where the mask is true, else 0: what dropout does."""
    _floating("dropout", input)
    return input * mask * scale


# --------------------------------------------------------------------------------------------------- normalisation


def _mean(x: Any, dim: tuple[int, ...]) -> Any:
    return x.sum(dim, keepdims=True) / math.prod(x.shape[d] for d in dim)


def _standardize_slope(g: Any, y: Any, input: Any, dim: tuple[int, ...], eps: float) -> Any:
    # y = (x - mean) / s: g loses its part along the constant and along y, Ioffe & Szegedy 2015, sec. 3
    centred = input - _mean(input, dim)
    s = sqrt(_mean(centred * centred, dim) + eps)
    return (g - _mean(g, dim) - y * _mean(g * y, dim)) / s


@primitive(_standardize_slope)
def standardize(input: Array, dim: tuple[int, ...], eps: float) -> Array:
    """(x - mean) / sqrt(var + eps), mean and (biased) variance over ``dim``: the heart of batch and layer norm."""
    _floating("normalisation", input)
    centred = input - _mean(input, dim)
    return np.divide(centred, np.sqrt(_mean(np.square(centred), dim) + eps), out=centred)


# ---------------------------------------------------------------------------------------------------------- losses


def _reduce(values: Array, reduction: str) -> Array:
    if reduction == "mean":
        return values.sum() / values.size
    return values.sum() if reduction == "sum" else values


def _share(g: Any, reduction: str, shape: tuple[int, ...]) -> Any:
    """The cotangent of each element's loss: what ``_reduce`` passes back."""
    return g / math.prod(shape) if reduction == "mean" else g


def _pair(name: str, input: Array, target: Array) -> None:
    _floating(name, input)
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


def _kl_slope(g: Any, input: Any, target: Any, log_target: bool, reduction: str, shape: tuple[int, ...]) -> Any:
    g = _share(g, reduction, shape)
    return g * (exp(target) * (target - input + 1)) if log_target else g * (log(target) - input + 1)


@primitive(
    lambda g, target, log_target, reduction, target_shape: (
        _share(g, reduction, target_shape) * -(exp(target) if log_target else target)
    ),
    lambda g, input, target, log_target, reduction, target_shape: _kl_slope(
        g, input, target, log_target, reduction, target_shape
    ),
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


def _bce_logits_slope(g: Any, input: Any, target: Any, pos_weight: Any, reduction: str, shape: tuple[int, ...]) -> Any:
    slope = sigmoid(input) - target
    if pos_weight is not None:
        slope = slope + (pos_weight - 1) * target * (sigmoid(input) - 1)
    return _share(g, reduction, shape) * slope


def _bce_target_slope(g: Any, input: Any, pos_weight: Any, reduction: str, shape: tuple[int, ...]) -> Any:
    slope = -input if pos_weight is None else -input - (pos_weight - 1) * logsigmoid(input)
    return _share(g, reduction, shape) * slope


@primitive(
    lambda g, input, target, pos_weight, reduction, input_shape: _bce_logits_slope(
        g, input, target, pos_weight, reduction, input_shape
    ),
    lambda g, input, pos_weight, reduction, input_shape: _bce_target_slope(g, input, pos_weight, reduction, input_shape),
    None,
    cast="promote",
)
def bce_logits(input: Array, target: Array, pos_weight: Array = None, *, reduction: str) -> Array:
    """-(p t log(s) + (1 - t) log(1 - s)) for s = sigmoid(x) and p = ``pos_weight``, reduced, without overflow."""
    _pair("binary_cross_entropy_with_logits", input, target)
    rest = np.log1p(np.exp(-np.abs(input)))  # softplus(-x) = rest - min(x, 0)
    values = (1 - target) * input - np.minimum(input, 0) + rest  # in this order accurate, and nan where PyTorch's is
    if pos_weight is not None:
        values += (pos_weight - 1) * target * (np.maximum(-input, 0) + rest)
    return _reduce(values, reduction)


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
    return weights, number(len(index)) if weight is None else np.add.reduce(weights)


def _reduce_rows(loss: Array, reduction: str, rows: Array, count: int) -> Array:
    """The sum over the rows that count; or the loss of each of ``count`` rows, 0 where it does not."""
    if reduction != "none":
        return np.add.reduce(loss)
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
    weights, total = _row_weights(index, weight, reduction, input)
    share = (1 - label_smoothing) * weights / total
    q = np.zeros(input.shape, input.dtype)
    if label_smoothing:
        q[rows] = label_smoothing / input.shape[1] * (1 if weight is None else weight) / total
        share = q[rows, index] + share
    q[rows, index] = share
    return q


@primitive(
    lambda g, input, q: g * (softmax(input, 1) * _sum_along(q, 1) - q),
    lambda g, input, q, cotangent: _softmax_slope(g * cotangent * _sum_along(q, 1), softmax(input, 1)),
    lambda g, input, cotangent: cotangent * (_sum_along(g * softmax(input, 1), 1) - g),
    cast="same",
)
def _logits_slope(cotangent: Array, input: Array, q: Array) -> Array:
    """The gradient of -sum_c q_c log_softmax(x)_c: softmax(x) - q where q sums to 1. EE6132 lab, eq. 11."""
    p = softmax_of(_classes_first(input), 0)
    np.multiply(p, np.add.reduce(_classes_first(q)), out=p)
    slope = np.subtract(p.T, q, order="C")
    np.multiply(slope, cotangent, out=slope)
    if cotangent.ndim == 0 and not math.isfinite(cotangent):
        slope[~q.any(1)] = 0  # rows that do not count, of which there is no sign but this where they share a cotangent
    return slope


def _per_row(g: Any, target: Any, ignore_index: int) -> Any:
    """The rows' cotangents as a column; 0, and not nan, for rows that do not count."""
    return where(target != ignore_index, g, 0.0).reshape(-1, 1)


def _class_slope(
    g: Any, input: Any, target: Any, weight: Any, ignore_index: int, label_smoothing: float, reduction: str
) -> Any:
    if weight is None and not label_smoothing and reduction != "none":
        return _plain_class_slope(g, input, target, ignore_index, reduction)
    q = _class_distribution(input, target, weight, ignore_index, label_smoothing, reduction)
    return _logits_slope(_per_row(g, target, ignore_index) if reduction == "none" else g, input, q)


def _plain_rule(rule: int) -> Any:
    """The rule of :func:`_logits_slope`, whose result :func:`_plain_class_slope` computes in another way."""

    def slope(g: Any, cotangent: Any, input: Any, target: Any, ignore_index: int, reduction: str) -> Any:
        q = _class_distribution(input, target, None, ignore_index, 0.0, reduction)
        if rule == 0:
            return g * (softmax(input, 1) * _sum_along(q, 1) - q)
        return _softmax_slope(g * cotangent * _sum_along(q, 1), softmax(input, 1))

    return slope


@primitive(_plain_rule(0), _plain_rule(1), None)
def _plain_class_slope(cotangent: Array, input: Array, target: Array, ignore_index: int, reduction: str) -> Array:
    return class_slopes(class_losses(input, target, ignore_index), target, cotangent, reduction == "mean")


@primitive(_class_slope, None, None)
def class_cross_entropy(
    input: Array,
    target: Array,
    weight: Array = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Array:
    """-log_softmax(x)_t per row (N, C) of logits and class index (N,), weighted, smoothed and reduced."""
    _floating("cross_entropy", input)
    if weight is None and not label_smoothing:
        work = class_losses(input, target, ignore_index)
        return np.copy(work[0]) if reduction == "none" else class_total(work, reduction == "mean")
    rows, index = _counted(target, ignore_index)
    in_range(index, input.shape[1])
    weights, total = _row_weights(index, weight, reduction, input)
    z = _shifted(_classes_first(input), 0)
    log_sum = np.log(np.add.reduce(np.exp(z)))
    loss = log_sum[rows] - z[index, rows]
    loss = _reduce_rows(loss if weight is None else weights * loss, reduction, rows, len(input)) / total
    if not label_smoothing:
        return loss
    each = (log_sum - z)[:, rows]
    spread = _reduce_rows(each.sum(0) if weight is None else weight @ each, reduction, rows, len(input)) / total
    return (1 - label_smoothing) * loss + label_smoothing / input.shape[1] * spread


def _nll_slope(g: Any, input: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    q = _class_distribution(input, target, weight, ignore_index, 0.0, reduction)
    each = g.reshape(-1, 1) if reduction == "none" else g
    return where(q != 0, -each * q, 0.0)  # 0, and not nan, where a class is not the row's


@primitive(_nll_slope, None, None)
def class_nll(input: Array, target: Array, weight: Array = None, ignore_index: int = -100, reduction: str = "mean") -> Array:
    """-x_t per row (N, C) of log-probabilities and class index (N,), weighted and reduced."""
    _floating("nll_loss", input)
    rows, index = _counted(target, ignore_index)
    in_range(index, input.shape[1])
    weights, total = _row_weights(index, weight, reduction, input)
    return _reduce_rows(-weights * input[rows, index], reduction, rows, len(input)) / total


@primitive(
    lambda g, input, target: _logits_slope(g.reshape(-1, 1), input, target),
    lambda g, input: -g.reshape(-1, 1) * log_softmax(input, 1),
    cast="promote",
)
def soft_cross_entropy(input: Array, target: Array) -> Array:
    """-sum_c t_c log_softmax(x)_c per row, for class probabilities t. Shapes ``(N, C), (N, C) -> (N,)``."""
    _pair("cross_entropy", input, target)
    return -(target * log_softmax(input, 1)).sum(1)
