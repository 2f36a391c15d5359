"""Functions of one number: the sample rows, and what is special."""

from __future__ import annotations

import numpy as np
from contract import Sample, apart, positive, unit

import tinygrad_mlp as tg

A = apart(2, 3)

SAMPLES = [
    *[
        Sample(name, (A,))
        for name in (
            "neg",
            "abs",
            "sign",
            "exp",
            "expm1",
            "square",
            "reciprocal",
            "sin",
            "cos",
            "tan",
            "atan",
            "sinh",
            "cosh",
            "tanh",
            "sigmoid",
            "erf",
            "erfc",
            "relu",
            "floor",
            "ceil",
            "trunc",
            "frac",
            "round",
        )
    ],
    *[Sample(name, (positive(2, 3),)) for name in ("log", "log1p", "log2", "log10", "sqrt", "rsqrt")],
    *[Sample(name, (unit(2, 3),)) for name in ("asin", "acos")],
    *[Sample(name, (positive(),)) for name in ("sigmoid", "log", "rsqrt", "relu", "square", "reciprocal")],
]


def test_no_warnings_for_infinities() -> None:
    x = tg.tensor([0.0, -1.0, 1000.0])
    assert (1 / x)[0].item() == float("inf")
    assert tg.isnan(x.log()[1])
    assert x.exp()[2].item() == float("inf")


def test_quotients_of_integers_are_rounded_exactly() -> None:
    a, b = np.meshgrid(np.arange(-7, 8), [-3, -2, -1, 1, 2, 3])
    ours = tg.div(tg.tensor(a), tg.tensor(b), rounding_mode="trunc")
    assert ours.dtype is tg.int64
    np.testing.assert_array_equal(ours, np.trunc(a / b))
    np.testing.assert_array_equal(tg.div(tg.tensor(a), tg.tensor(b), rounding_mode="floor"), np.floor(a / b))
    large = 2**62 + 1  # as a float it would be 2**62
    for mode in ("trunc", "floor"):
        assert tg.div(tg.tensor([large]), tg.tensor([1]), rounding_mode=mode).item() == large
    assert tg.div(tg.tensor([0.3]), tg.tensor([-0.0]), rounding_mode="trunc").item() == -np.inf
