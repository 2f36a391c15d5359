"""The modified Bessel functions: the sample rows, the power series in exact arithmetic, and large arguments."""

from __future__ import annotations

from fractions import Fraction
from math import factorial

import numpy as np
import pytest
from contract import Sample, apart

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS

NAMES = ("i0", "i0e", "i1", "i1e")
SAMPLES = [*[Sample(name, (apart(2, 3) * 7,), torch_name=f"special.{name}", rtol=1e-11) for name in NAMES]]


@pytest.mark.parametrize("order", [0, 1])
def test_against_the_power_series(order: int) -> None:
    x = np.array([-12.5, -1.0, 0.125, 3.0, 24.9921875, 25.0078125, 60.0])

    def exact(v: float) -> float:
        half = Fraction(v) / 2
        return float(sum(half ** (2 * k + order) / (factorial(k) * factorial(k + order)) for k in range(140)))

    plain, scaled = (OPS[f"i{order}{end}"](tg.tensor(x)).numpy() for end in ("", "e"))
    np.testing.assert_allclose(plain, [exact(v) for v in x], rtol=4e-15)
    np.testing.assert_allclose(scaled * np.exp(np.abs(x)), plain, rtol=3e-14)


def test_large_and_special_arguments() -> None:
    x = tg.tensor([700.0, 1e30, np.inf, -np.inf, np.nan, 0.0, -0.0], dtype=tg.float64)
    np.testing.assert_allclose(OPS["i0e"](x), [0.0150813, 3.98942280e-16, 0, 0, np.nan, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(OPS["i1"](x)[1:], [np.inf, np.inf, -np.inf, np.nan, 0, 0])
    assert OPS["i0"](x)[0] < np.inf
    y = tg.zeros(1, requires_grad=True)
    OPS["i1"](y).sum().backward()
    assert y.grad.item() == 0.5
