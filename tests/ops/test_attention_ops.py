"""The softmax of attention: its sample rows, and what is special."""

from __future__ import annotations

import numpy as np
from contract import Sample, normal

import tinygrad_mlp as tg
from tinygrad_mlp.ops.attention import safe_softmax

SAMPLES = [
    Sample("safe_softmax", (normal(3, 4),), {"dim": -1}, torch_name="softmax"),
    Sample("safe_softmax", (normal(2, 3, 2),), {"dim": 1}, torch_name="softmax"),
]


def test_a_place_that_may_look_at_nothing() -> None:
    x = tg.tensor([[-np.inf, -np.inf], [0.0, -np.inf]], requires_grad=True)
    y = safe_softmax(x, -1)
    assert y.tolist() == [[0.0, 0.0], [1.0, 0.0]]
    (y * tg.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_nan_stays() -> None:
    assert safe_softmax(tg.tensor([np.nan, 1.0]), 0).isnan().all()
