"""What functions of single numbers that are computed in float64, case by case, have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .calls import one_call

__all__ = ["by_case", "in_float64", "polynomial"]

Array = np.ndarray[Any, Any]
_PIECE = 8192  # elements that are computed at once: some functions take a hundred numbers of memory for each


def in_float64(function: Callable[..., Array]) -> Callable[..., Array]:
    """Decorate a function of float64 vectors, so that it takes float arrays that broadcast, and gives their shape and dtype.

    A compiled program runs it as one call.
    """

    @one_call
    @functools.wraps(function)
    def call(*arrays: Any) -> Array:
        shape = np.broadcast_shapes(*(np.shape(a) for a in arrays))
        dtype = next((a.dtype for a in arrays if getattr(a, "ndim", 0)), arrays[0].dtype)
        vectors = [np.broadcast_to(np.asarray(a, np.float64), shape).ravel() for a in arrays]
        result = np.empty(vectors[0].shape, dtype)
        with np.errstate(all="ignore"):
            for start in range(0, result.size, _PIECE):
                piece = slice(start, start + _PIECE)
                result[piece] = function(*(v[piece] for v in vectors))
        return result.reshape(shape)

    return call


def by_case(cases: Iterable[tuple[Array, Callable[..., Any]]], *vectors: Array) -> Array:
    """For every element what the first case whose condition holds computes of it; nan where none does.

    Args:
        cases: Conditions, as vectors of truth values, and functions of the elements where they hold.
        vectors: Of one length.
    """
    result = np.full(vectors[0].shape, np.nan)
    open_yet = np.ones(vectors[0].shape, bool)
    for condition, function in cases:
        here = condition & open_yet
        if here.any():
            result[here] = function(*(v[here] for v in vectors))
            open_yet &= ~here
    return result


def polynomial(coefficients: Iterable[float], x: Array) -> Array:
    """The polynomial with these coefficients, lowest power first, by Horner's rule."""
    result = np.zeros_like(x)
    for coefficient in [*coefficients][::-1]:
        result *= x
        result += coefficient
    return result
