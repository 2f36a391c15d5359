"""Where the decisions that make up a random program come from."""

from __future__ import annotations

import random
from typing import Protocol

__all__ = ["Choices", "Seeded", "lattice"]


class Choices(Protocol):
    """Where a writer's decisions come from."""

    def integer(self, low: int, high: int) -> int:
        """An integer from ``low`` to ``high``, both included."""


class Seeded:
    """Decisions from a stream that the seed alone decides, on every machine."""

    def __init__(self, seed: str) -> None:
        self._draw = random.Random(seed).random

    def integer(self, low: int, high: int) -> int:
        """An integer from ``low`` to ``high``, both included."""
        return low + int(self._draw() * (high - low + 1))


def lattice(step: int, size: int = 0) -> float:
    """The value of an integer: 0.4, 0.65, 0.9 … for 0, 1, 2 …, and their negatives for −1, −2, −3 ….

    None is within 0.1 of 0, 0.5, 1, 3 or 6, where activations have their kinks, and any two differ by at least 0.25; for
    ``size`` above 24 elements the spacing is 0.05, and what is kept of both distances is 0.025.
    """
    magnitude = step if step >= 0 else -1 - step
    value = 0.4 + 0.25 * magnitude if size <= 24 else 0.425 + 0.05 * magnitude
    return round(value if step >= 0 else -value, 3)
