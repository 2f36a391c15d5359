"""Activation functions, each one operation.

In every rule ``g`` is the cotangent of the output ``y``. At a kink the derivative is PyTorch's choice: that of the left
side, and 0 on the bounds of ``hardtanh`` and ``hardsigmoid``.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import exp, tanh, zeros_of
from ..core.errors import DTypeError, ShapeError
from .calls import masked
from .choosing import between
from .composite import composite
from .functions import abs, sigmoid
from .memory import BLOCK, blockwise
from .normalisation import floating
from .special import upper_tail
from .summing import narrowed, widened

Array = Any  # an ndarray inside a forward, a Tensor at the caller

__all__ = ["celu", "prelu", "selu"]


@functools.lru_cache(16)
def _filled(value: float, dtype: np.dtype[Any]) -> Array:
    return np.full(BLOCK, value, dtype)


def _like(value: float, x: Array) -> Any:
    """A number to take the maximum or minimum of with ``x``: as an array, with which NumPy is four times as fast, if there is one."""
    if x.size <= BLOCK:
        return _filled(value, x.dtype)[: x.size].reshape(x.shape)
    return _filled(value, x.dtype)[: x.shape[-1]] if 64 <= x.shape[-1] <= BLOCK else value


def _above(x: Array) -> Array:
    return np.maximum(_like(0, x), x)  # NumPy takes the second of 0.0 and -0.0: so a -0.0 of x stays


def _below(x: Array) -> Array:
    return np.minimum(_like(0, x), x)


def _log1p_exp(x: Array) -> Array:
    """log(1 + exp(-abs(x)))."""
    return np.log1p(np.exp(-np.abs(x)))


@primitive(
    lambda g, input, beta, threshold: g * _softplus_slope(input, beta, threshold), smooth=lambda input: abs(input) < 15
)
def softplus(input: Array, beta: float = 1.0, threshold: float = 20.0, *, out: Array = None) -> Array:
    """log(1 + exp(beta x)) / beta, and x itself where beta x > threshold."""
    floating("softplus", input)
    scaled = input * beta
    over = scaled > threshold
    rest, base = masked(_log1p_exp(scaled), np.logical_not(over)), (_above if beta > 0 else _below)(input)
    return np.add(base if threshold >= 0 else np.where(over, input, base), rest / beta, out=out)


@primitive(lambda g, y, beta: g * (y * (1 - y) * beta))
def _softplus_slope(input: Array, beta: float, threshold: float) -> Array:
    """sigmoid(beta x), and 1 where beta x > threshold."""
    scaled = input * beta
    return np.maximum(1 / (1 + np.exp(-scaled)), (scaled > threshold).astype(input.dtype))


@primitive(lambda g, input: g * sigmoid(-input), smooth=lambda: True)
def logsigmoid(input: Array, *, out: Array = None) -> Array:
    """log(1 / (1 + exp(-x))) = -softplus(-x)."""
    floating("logsigmoid", input)
    return np.subtract(_below(input), _log1p_exp(input), out=out)


def _silu(input: Array) -> tuple[Array, Array]:
    floating("silu", input)
    s = 1 / (1 + np.exp(-input))
    return input * s, s


def _silu_slope(g: Any, input: Any, kept: Any) -> Any:
    s = kept if type(g) is np.ndarray else sigmoid(input)
    return g * (s * (1 + input * (1 - s)))


@primitive(_silu_slope, smooth=lambda: True, keeping=_silu)
def silu(input: Array) -> Array:
    """x sigmoid(x)."""
    return _silu(input)[0]


def _mish_slope(g: Any, input: Any) -> Any:
    t = tanh(softplus(input))
    return g * (t + input * (1 - t * t) * sigmoid(input))


@primitive(_mish_slope, smooth=lambda: True)
def mish(input: Array, *, out: Array = None) -> Array:
    """x tanh(softplus(x))."""
    floating("mish", input)
    return np.multiply(input, np.tanh(_above(input) + _log1p_exp(input)), out=out)


_CUBIC, _TO_TANH = (
    0.044715,
    math.sqrt(2 / math.pi),
)  # Hendrycks & Gimpel 2016: tanh(sqrt(2/pi) (x + 0.044715 x^3)) is close to erf(x / sqrt(2))
_DENSITY = 1 / math.sqrt(2 * math.pi)


def _distribution(x: Array, sloped: bool) -> tuple[Array, Array]:
    """The normal distribution's function Phi and, if ``sloped``, (x Phi(x))' = Phi(x) + x phi(x)."""
    tail, gaussian = upper_tail(x)
    phi = np.abs((x > 0) - tail)
    if not sloped:
        return phi, None
    gaussian *= x
    gaussian *= _DENSITY
    gaussian += phi
    return phi, gaussian


def _tanh_distribution(x: Array, sloped: bool) -> tuple[Array, Array]:
    """The same of the approximation by tanh."""
    square = x * x
    t = np.tanh(x * (square * (_TO_TANH * _CUBIC) + _TO_TANH))
    phi = t * 0.5 + 0.5
    if not sloped:
        return phi, None
    slope = (1 - t * t) * x
    slope *= square * (1.5 * _TO_TANH * _CUBIC) + 0.5 * _TO_TANH
    slope += phi
    return phi, slope


def _gelu_part(y: Array, x: Array, slopes: Array, approximate: str) -> Array:
    phi, slope = (_tanh_distribution if approximate == "tanh" else _distribution)(x, True)
    np.positive(slope, out=slopes)
    return np.multiply(x, phi, out=y)


def _gelu(input: Array, approximate: str) -> tuple[Array, Array]:
    """The values and the slopes."""
    floating("gelu", input)
    x = widened(input)
    y, slopes = np.empty_like(x), np.empty_like(x)
    return narrowed(blockwise(_gelu_part, y, x, slopes, approximate), input), narrowed(slopes, input)


def _gelu_slope(g: Any, input: Any, approximate: str, kept: Any) -> Any:
    if isinstance(g, np.ndarray):
        return g * kept
    if approximate == "none":
        return g * normal_slope(input)
    square = input * input
    t = tanh(_TO_TANH * (input + _CUBIC * square * input))
    inner = _TO_TANH * (1 + 3 * _CUBIC * square)
    return g * (0.5 * (1 + t) + 0.5 * input * (1 - t * t) * inner)


@primitive(_gelu_slope, smooth=lambda: True, keeping=_gelu)
def gelu(input: Array, *, approximate: str = "none") -> Array:
    """x Phi(x), Phi the normal distribution function, or its approximation by ``"tanh"``."""
    floating("gelu", input)
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"gelu: approximate argument must be either none or tanh, got {approximate!r}")
    x = widened(input)
    return narrowed(x * (_tanh_distribution if approximate == "tanh" else _distribution)(x, False)[0], input)


@primitive(lambda g, input: g * (exp(input * input * -0.5) * ((2 - input * input) * _DENSITY)))
def normal_slope(input: Array) -> Array:
    """(x Phi(x))' = Phi(x) + x phi(x)."""
    return narrowed(_distribution(widened(input), True)[1], input)


def _elu_slope(g: Any, input: Any, alpha: float, scale: float, input_scale: float) -> Any:
    return g * _decay(input, scale * alpha * input_scale, input_scale, scale)


@primitive(lambda g, input, size, rate: g * _decay(input, size * rate, rate, 0.0))
def _decay(input: Array, size: float, rate: float, above: float) -> Array:
    """size exp(rate x), but ``above`` where x > 0 or nan; an ``above`` of 0, a slope of slopes, is for x = 0, too, as in PyTorch."""
    below = np.exp(np.fmin(_like(0, input), input) * rate)
    below *= size
    if size == above:
        return below
    decaying = input <= 0 if above else input < 0
    return below * decaying + np.logical_not(decaying) * input.dtype.type(above)


@primitive(_elu_slope, smooth=lambda input: abs(input) > 0.02)
def elu(input: Array, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0, *, out: Array = None) -> Array:
    """scale x where x > 0, else scale alpha (exp(input_scale x) - 1). The family of ELU, SELU and CELU."""
    floating("elu", input)
    below = np.expm1(_below(input) * input_scale)
    return np.add(_above(input) * scale, below * (scale * alpha), out=out)


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
    return input * _factor(source, slope)


def _factor(source: Array, slope: Any) -> Array:
    """1 where source > 0, else the slope."""
    positive = source > 0
    rest = np.logical_not(positive)
    if isinstance(slope, int | float):
        return rest * source.dtype.type(slope) + positive
    return masked(np.broadcast_to(slope, source.shape), rest) + positive


@primitive(
    lambda g, other, source: _leaked(g, other, source),
    lambda g, input, source: _leaked(g, input, source),
    lambda g: zeros_of(g),
)
def _leaked(input: Array, other: Array, source: Array) -> Array:
    """0 where source > 0, even if ``input`` or ``other`` is nan there, else input * other."""
    return masked(input * other, np.logical_not(source > 0))


@primitive(lambda g, input, negative_slope: leak(g, input, negative_slope), smooth=lambda input: abs(input) > 0.02)
def leaky_relu(input: Array, negative_slope: float = 0.01, *, out: Array = None) -> Array:
    """x where x > 0, else negative_slope x."""
    floating("leaky_relu", input)
    if 0 < negative_slope <= 1:
        return np.maximum(input, input * negative_slope, out=out)
    return np.multiply(input, _factor(input, negative_slope), out=out)


@primitive(lambda g, input, weight: leak(g, input, weight), lambda g, input: _leaked(g, input, input))
def _prelu(input: Array, weight: Array) -> Array:
    return input * _factor(input, weight)


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


@primitive(lambda g, source, low, high: _within(g, source, low, high), lambda g: zeros_of(g))
def _within(input: Array, source: Array, low: float, high: float) -> Array:
    """``input`` where low < source < high, else 0."""
    return masked(input, (source > low) & (source < high))


@primitive(
    lambda g, input, min_val, max_val: between(g, input, min_val, max_val), smooth=lambda input: abs(abs(input) - 1) > 0.02
)
def hardtanh(input: Array, min_val: float = -1.0, max_val: float = 1.0, *, out: Array = None) -> Array:
    """min(max(x, min_val), max_val)."""
    if input.dtype.kind != "f":
        out = np.empty_like(input) if out is None else out
        return np.minimum(max_val, np.maximum(min_val, input), out=out, casting="unsafe")
    return np.minimum(_like(max_val, input), np.maximum(_like(min_val, input), input), out=out)


@primitive(lambda g, input: _within(g * (1 / 6), input, -3.0, 3.0), smooth=lambda input: abs(abs(input) - 3) > 0.02)
def hardsigmoid(input: Array, *, out: Array = None) -> Array:
    """min(max(x + 3, 0), 6) / 6: 0 below -3, 1 above 3."""
    floating("hardsigmoid", input)
    return np.true_divide(np.minimum(_like(6, input), _above(input + 3)), 6, out=out)


def _softsign_slope(g: Any, input: Any) -> Any:
    denominator = 1 + abs(input)
    return g / (denominator * denominator)


@primitive(_softsign_slope, cast="float", smooth=lambda input: abs(input) > 0.02)
def softsign(input: Array, *, out: Array = None) -> Array:
    """x / (1 + abs(x))."""
    return np.true_divide(input, 1 + np.abs(input), out=out)


@primitive(lambda g, mask, scale: g * mask * scale, None)
def masked_scale(input: Array, mask: Array, *, scale: float) -> Array:
    """scale x where the mask is true, else 0: what dropout does."""
    floating("dropout", input)
    return input * mask * scale
