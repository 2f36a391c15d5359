"""The true gradient of a loss, by numbers alone, and which of a person's gradients differ from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Arrays = Mapping[str, Any]


def numerical(
    loss: Callable[[Arrays], Any], params: Arrays, steps: tuple[float, ...] = (1e-4, 1e-6)
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Central differences at h and h/2, extrapolated: (4 D(h/2) - D(h)) / 3, and how far the two are apart.

    Where the two are far apart a kink (ReLU at 0) lies within the step: a smaller step is tried, the steadier value kept.
    """
    own = {name: np.array(value, dtype=np.float64) for name, value in params.items()}

    def at(name: str, place: tuple[int, ...], h: float) -> float:
        # A fresh copy for each call: programs change what they are given.
        given = {k: v.copy() for k, v in own.items()}
        given[name][place] += h
        return float(loss(given))

    true, doubt = {}, {}
    for name, value in own.items():
        true[name], doubt[name] = np.empty(value.shape), np.empty(value.shape)
        for place in np.ndindex(value.shape):
            doubt[name][place] = np.inf
            for step in steps:
                far, near = ((at(name, place, h) - at(name, place, -h)) / (2 * h) for h in (step, step / 2))
                if not abs(near - far) >= doubt[name][place]:
                    true[name][place], doubt[name][place] = (4 * near - far) / 3, abs(near - far)
                if doubt[name][place] <= 1e-7 * max(1e-2, abs(near)):
                    break
    return true, doubt


def differing(given: Arrays, true: Arrays, doubt: Arrays, tolerance: float = 1e-5) -> tuple[str, ...]:
    """Names of the gradients that are not the true ones, in the order of `true`; another shape is another gradient."""
    wrong = []
    for name, right in true.items():
        mine = np.asarray(given[name], dtype=np.float64)
        if mine.shape != right.shape:
            wrong.append(name)
            continue
        scale = max(float(np.abs(right).max(initial=0.0)), float(np.abs(mine).max(initial=0.0)), 1e-8)
        # The extrapolated value may be wrong by as much as the two differences are apart; nan decides nothing.
        if (np.abs(mine - right) > tolerance * scale + doubt[name]).any():
            wrong.append(name)
    return tuple(wrong)
