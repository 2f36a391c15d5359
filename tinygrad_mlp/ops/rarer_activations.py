"""Rarer activation functions that are one operation each; at a kink the derivative is PyTorch's choice."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import primitive
from .activations import _like
from .choosing import where
from .functions import abs
from .normalisation import floating

__all__: list[str] = []

Array = Any


@primitive(lambda g, input: where((input > -3) & (input < 3), g * (1 / 3), 0.0))
def _hardswish_slope(input: Array) -> Array:
    """0 up to -3, 1 from 3 on, x / 3 + 1/2 between."""
    return np.where(input <= -3, 0, np.where(input < 3, input / 3 + input.dtype.type(0.5), 1)).astype(input.dtype)


@primitive(lambda g, input: g * _hardswish_slope(input), smooth=lambda input: abs(abs(input) - 3) > 0.02)
def hardswish(input: Array, *, out: Array = None) -> Array:
    """x min(max(x + 3, 0), 6) / 6."""
    floating("hardswish", input)
    return np.true_divide(input * np.minimum(_like(6, input), np.maximum(_like(0, input), input + 3)), 6, out=out)


@primitive(lambda g, input, lambd: where(abs(input) <= lambd, 0.0, g))
def hardshrink(input: Array, lambd: float = 0.5) -> Array:
    """x where abs(x) > lambd, else 0."""
    return np.where(np.abs(input) <= lambd, 0, input).astype(input.dtype)


@primitive(lambda g, input, lambd: where(abs(input) <= lambd, 0.0, g))
def softshrink(input: Array, lambd: float = 0.5) -> Array:
    """x - lambd where x > lambd, x + lambd where x < -lambd, else 0."""
    floating("softshrink", input)
    return np.subtract(input, np.minimum(np.maximum(input, -lambd), lambd))


@primitive(lambda g, input, threshold: where(input <= threshold, 0.0, g))
def threshold(input: Array, threshold: float, value: float) -> Array:
    """x where x > threshold, else ``value``."""
    return np.where(input <= threshold, value, input).astype(input.dtype)
