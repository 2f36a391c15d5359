"""erf and erfc against the standard library's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_mlp.ops.special import erf_of, erfc_of

EDGES = [0.46875, 4.0, 26.5, 27.3]  # where one approximation, or the representable range, ends
GRID = np.concatenate(
    [
        np.linspace(-7, 27, 40_001),
        np.logspace(-300, 1, 500),
        np.nextafter(EDGES, 0),
        EDGES,
        np.nextafter(EDGES, 100),
        -np.array(EDGES),
    ]
)
both = pytest.mark.parametrize(("ours", "exact"), [(erf_of, math.erf), (erfc_of, math.erfc)], ids=["erf", "erfc"])


@both
def test_full_precision_in_float64(ours, exact) -> None:
    expected = np.array([exact(x) for x in GRID])
    normal = np.abs(expected) > 1e-300  # below, the numbers themselves lose digits
    np.testing.assert_allclose(ours(GRID)[normal], expected[normal], rtol=1.2e-15)
    np.testing.assert_allclose(ours(GRID)[~normal], expected[~normal], atol=1e-299)


@both
def test_float32_and_float16_stay_themselves(ours, exact) -> None:
    for dtype, rtol, tiny in ((np.float32, 1e-6, 1e-35), (np.float16, 1e-3, 1e-4)):
        x = GRID.astype(dtype)
        expected = np.array([exact(v) for v in x.astype(np.float64)])
        y = ours(x)
        assert y.dtype == dtype
        normal = np.abs(expected) > tiny
        np.testing.assert_allclose(y[normal], expected[normal], rtol=rtol)
        np.testing.assert_allclose(y[~normal], expected[~normal], atol=tiny)


def test_infinities_nan_and_signed_zero() -> None:
    x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0])
    np.testing.assert_array_equal(erf_of(x), [1, -1, np.nan, 0, 0])
    np.testing.assert_array_equal(erfc_of(x), [0, 2, np.nan, 1, 1])
    assert np.signbit(erf_of(x))[4]


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (2, 3)])
def test_shape_is_kept_and_the_input_too(shape: tuple[int, ...]) -> None:
    x = np.full(shape, 0.5)
    assert erf_of(x).shape == erfc_of(x).shape == shape
    np.testing.assert_array_equal(x, 0.5)


@given(st.floats(-6, 6))
def test_odd_and_complementary(x: float) -> None:
    a = np.array(x)
    assert erf_of(-a) == -erf_of(a)
    assert erf_of(a) + erfc_of(a) == pytest.approx(1, abs=3e-16)
    assert erfc_of(-a) + erfc_of(a) == pytest.approx(2, abs=5e-16)
