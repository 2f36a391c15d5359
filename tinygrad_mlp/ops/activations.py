"""Activation functions, each one operation.

In every rule ``g`` is the cotangent of the output ``y``. At a kink the derivative is PyTorch's choice: that of the left
side, and 0 on the bounds of ``hardtanh`` and ``hardsigmoid``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import exp, tanh, zeros_of
from ..core.errors import DTypeError, ShapeError
from .choosing import between, where
from .composite import composite
from .functions import abs, erfc, relu, sigmoid
from .normalisation import floating

Array = Any  # an ndarray inside a forward, a Tensor at the caller

__all__ = ["celu", "prelu", "selu"]


def _log1p_exp(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@primitive(
    lambda g, input, beta, threshold: where(input * beta > threshold, g, g * sigmoid(input * beta)),
    smooth=lambda input: abs(input) < 15,
)
def softplus(input: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """log(1 + exp(beta x)) / beta, and x itself where beta x > threshold."""
    floating("softplus", input)
    scaled = input * beta
    return np.where(scaled > threshold, input, _log1p_exp(scaled) / beta)


@primitive(lambda g, input: g * sigmoid(-input), smooth=lambda: True)
def logsigmoid(input: Array) -> Array:
    """log(1 / (1 + exp(-x))) = -softplus(-x)."""
    floating("logsigmoid", input)
    return np.minimum(input, 0) - np.log1p(np.exp(-np.abs(input)))


def _silu_slope(g: Any, input: Any) -> Any:
    s = sigmoid(input)
    return g * (s * (1 + input * (1 - s)))


@primitive(_silu_slope, smooth=lambda: True)
def silu(input: Array) -> Array:
    """x sigmoid(x)."""
    floating("silu", input)
    return input / (1 + np.exp(-input))


def _mish_slope(g: Any, input: Any) -> Any:
    t = tanh(softplus(input))
    return g * (t + input * (1 - t * t) * sigmoid(input))


@primitive(_mish_slope, smooth=lambda: True)
def mish(input: Array) -> Array:
    """x tanh(softplus(x))."""
    floating("mish", input)
    return input * np.tanh(_log1p_exp(input))


_CUBIC = 0.044715  # Hendrycks & Gimpel 2016: tanh(sqrt(2/pi) (x + 0.044715 x^3)) is close to erf(x / sqrt(2))


def _gelu_slope(g: Any, input: Any, approximate: str) -> Any:
    square = input * input
    if approximate == "tanh":
        t = tanh(math.sqrt(2 / math.pi) * (input + _CUBIC * square * input))
        inner = math.sqrt(2 / math.pi) * (1 + 3 * _CUBIC * square)
        return g * (0.5 * (1 + t) + 0.5 * input * (1 - t * t) * inner)
    return g * (0.5 * erfc(input * -math.sqrt(0.5)) + input * exp(square * -0.5) * (1 / math.sqrt(2 * math.pi)))


@primitive(_gelu_slope, smooth=lambda: True)
def gelu(input: Array, *, approximate: str = "none") -> Array:
    """x Phi(x), Phi the normal distribution function, or its approximation by ``"tanh"``."""
    floating("gelu", input)
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"gelu: approximate argument must be either none or tanh, got {approximate!r}")
    if approximate == "tanh":
        return 0.5 * input * (1 + np.tanh(math.sqrt(2 / math.pi) * (input + _CUBIC * input**3)))
    return 0.5 * input * erfc(input * -math.sqrt(0.5))


def _elu_slope(g: Any, input: Any, alpha: float, scale: float, input_scale: float) -> Any:
    below = exp(-relu(-input) * input_scale) * (scale * alpha * input_scale)
    return where(input <= 0, g * below, g * scale)


@primitive(_elu_slope, smooth=lambda input: abs(input) > 0.02)
def elu(input: Array, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Array:
    """scale x where x > 0, else scale alpha (exp(input_scale x) - 1). The family of ELU, SELU and CELU."""
    floating("elu", input)
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
    """0 where source > 0, even if ``input`` or ``other`` is nan there, else input * other."""
    return np.where(source > 0, 0, input * other)


@primitive(lambda g, input, negative_slope: leak(g, input, negative_slope), smooth=lambda input: abs(input) > 0.02)
def leaky_relu(input: Array, negative_slope: float = 0.01) -> Array:
    """x where x > 0, else negative_slope x."""
    floating("leaky_relu", input)
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
    lambda g, input, min_val, max_val: between(g, input, min_val, max_val), smooth=lambda input: abs(abs(input) - 1) > 0.02
)
def hardtanh(input: Array, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """min(max(x, min_val), max_val)."""
    return np.minimum(max_val, np.maximum(min_val, input)).astype(input.dtype, copy=False)


@primitive(lambda g, input: where(abs(input) < 3, g * (1 / 6), 0.0), smooth=lambda input: abs(abs(input) - 3) > 0.02)
def hardsigmoid(input: Array) -> Array:
    """min(max(x + 3, 0), 6) / 6: 0 below -3, 1 above 3."""
    floating("hardsigmoid", input)
    return np.minimum(np.maximum(input + 3, 0), 6) / 6


def _softsign_slope(g: Any, input: Any) -> Any:
    denominator = 1 + abs(input)
    return g / (denominator * denominator)


@primitive(_softsign_slope, cast="float", smooth=lambda input: abs(input) > 0.02)
def softsign(input: Array) -> Array:
    """x / (1 + abs(x))."""
    return input / (1 + np.abs(input))


@primitive(lambda g, mask, scale: g * mask * scale, None)
def masked_scale(input: Array, mask: Array, *, scale: float) -> Array:
    """scale x where the mask is true, else 0: what dropout does."""
    floating("dropout", input)
    return input * mask * scale
