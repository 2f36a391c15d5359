"""The softmax of attention, where a place may be allowed to look at nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.apply import primitive
from .normalisation import floating, softmax_slope
from .summing import narrowed, total, widened

__all__: list[str] = []

Array = Any


@primitive(lambda g, y, dim: softmax_slope(g, y, dim))
def safe_softmax(input: Array, dim: int) -> Array:
    """exp(x_i) / sum_j exp(x_j) along ``dim``, and 0 where all x_j are minus infinity."""
    floating("softmax", input)
    x = widened(input)
    most = np.maximum.reduce(x, dim, keepdims=True, initial=-np.inf)
    y = np.exp(x - np.where(most == -np.inf, 0, most).astype(x.dtype))
    return narrowed(
        y / np.maximum(total(y, dim, keepdims=True), 1), input
    )  # the largest term of a sum is 1, if there is one
