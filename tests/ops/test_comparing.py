"""Comparison and logic: the sample rows, and what is special."""

from __future__ import annotations

import numpy as np
from contract import Sample, apart, integers

import tinygrad_mlp as tg

A, B, ROW = apart(2, 3), apart(2, 3, seed=1) + 0.03, apart(3, seed=2) + 0.01

SAMPLES = [
    *[Sample(name, (A, B)) for name in ("eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor")],
    *[Sample(name, (integers(9, 4), integers(9, 4, seed=1))) for name in ("bitwise_and", "bitwise_or", "bitwise_xor")],
    *[Sample(name, (A,)) for name in ("isnan", "isinf", "isfinite", "logical_not")],
    Sample("bitwise_not", (integers(9, 4),)),
    Sample("isclose", (A, A + 1e-7)),
    Sample("allclose", (A, A)),
    Sample("equal", (A, A)),
]


def test_close_numbers() -> None:
    x = tg.tensor([1.0, 1.0, 0.0, 0.0, np.nan, np.inf, np.inf], dtype=tg.float64)
    y = tg.tensor([1 + 9e-6, 1 + 2e-5, 9e-9, 2e-8, np.nan, np.inf, -np.inf], dtype=tg.float64)
    assert tg.isclose(x, y).tolist() == [True, False, True, False, False, True, False]
    assert tg.isclose(x, y, equal_nan=True).tolist() == [True, False, True, False, True, True, False]
    assert tg.isclose(x, y, rtol=1e-4, atol=1e-7).tolist() == [True, True, True, True, False, True, False]
    for tolerances in ({}, {"rtol": 1e-4, "atol": 1e-7}):
        for k in range(len(x)):
            assert tg.allclose(x[k], y[k], **tolerances) == tg.isclose(x[k], y[k], **tolerances).item()
    assert tg.allclose(x[4], y[4], equal_nan=True)
