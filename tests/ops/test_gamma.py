"""The gamma function's family: the sample rows, exact values, poles, and the whole range of arguments."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from contract import Sample, positive

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS
from tinygrad_mlp.ops.gamma import digamma_of, igamma_of, igammac_of, lgamma_of, polygamma_of, zeta_of

X = positive(2, 3)
EULER = 0.5772156649015329
WHOLE = np.array([2.0, 3.5])  # shapes, which have no gradient


def of_second(name: str, first: np.ndarray):
    """The operation of its second argument, with the first one fixed."""
    return {
        "call": lambda x: OPS[name](tg.tensor(first, dtype=x.dtype), x),
        "torch_fn": lambda x: _torch(name)(_tensor(first, x), x),
    }


def _torch(name: str):
    import torch

    return getattr(torch, name, None) or getattr(torch.special, name)


def _tensor(values: np.ndarray, like):
    import torch

    return torch.tensor(values, dtype=like.dtype)


SAMPLES = [
    Sample("lgamma", (X,)),
    Sample("lgamma", (-X - 0.05,)),
    Sample("digamma", (X,), rtol=1e-8),  # torch's derivative of it has nine digits
    Sample("digamma", (positive(),), rtol=1e-8),
    *[Sample("polygamma", (n, X), rtol=1e-8) for n in (0, 1, 2, 3)],
    Sample("polygamma", (1, -X - 0.05), rtol=1e-8),
    *[Sample("mvlgamma", (X + p / 2, p)) for p in (1, 3)],
    *[Sample(name, (positive(3, 2),), **of_second(name, WHOLE), rtol=1e-10) for name in ("igamma", "igammac")],
    Sample("zeta", (positive(3, 2),), **of_second("zeta", WHOLE), rtol=1e-10),
]


def test_lgamma_is_the_logarithm_of_factorials() -> None:
    x = np.concatenate([np.arange(1.0, 170), np.logspace(-300, -1, 50), np.logspace(2.3, 300, 50)])
    np.testing.assert_allclose(lgamma_of(x), [math.lgamma(v) for v in x], rtol=2e-15)
    near, rest = np.array([1 + 1e-10, 1 - 1e-10, 2 + 1e-10]), (np.array([1 + 1e-10, 1 - 1e-10, 2 + 1e-10]) - [1, 1, 2])
    slopes, curves = np.array([-EULER, -EULER, 1 - EULER]), np.array([0, 0, -1]) + math.pi**2 / 6
    np.testing.assert_allclose(lgamma_of(near), rest * (slopes + rest * curves / 2), rtol=1e-15)
    below = -np.linspace(0.1, 19.9, 99)
    np.testing.assert_allclose(lgamma_of(below), [math.lgamma(v) for v in below], rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_narrow_dtypes_stay_themselves(dtype) -> None:
    x = np.array([0.5, 3.0, 10.0], dtype)
    for of in (lgamma_of, digamma_of):
        assert of(x).dtype == dtype
        np.testing.assert_allclose(of(x), of(x.astype(np.float64)), rtol=np.finfo(dtype).eps)


def test_poles_and_infinities() -> None:
    x = np.array([0.0, -0.0, -1, -2, np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(lgamma_of(x), [np.inf] * 6 + [np.nan])
    np.testing.assert_array_equal(digamma_of(x), [-np.inf, np.inf, np.nan, np.nan, np.inf, np.nan, np.nan])
    np.testing.assert_array_equal(polygamma_of(x[:4], 1), [np.inf] * 4)
    np.testing.assert_array_equal(polygamma_of(x[:4], 2), [-np.inf] * 4)
    np.testing.assert_array_equal(
        zeta_of(np.array([1.0, 0.5, 2, 2.5]), np.array([2.0, 2, -1, -1.5])), [np.inf, np.nan, np.inf, np.nan]
    )


def test_known_values() -> None:
    np.testing.assert_allclose(
        digamma_of(np.array([1.0, 2, 0.5])), [-EULER, 1 - EULER, -EULER - 2 * math.log(2)], rtol=1e-15
    )
    np.testing.assert_allclose(
        digamma_of(np.array([1.4616321449683623])), [-9.2412655217294275e-17], rtol=1e-6
    )  # by its zero
    np.testing.assert_allclose(polygamma_of(np.array([1.0, 0.5]), 1), [math.pi**2 / 6, math.pi**2 / 2], rtol=1e-15)
    np.testing.assert_allclose(
        zeta_of(np.array([2.0, 4.0]), np.array([1.0, 1.0])), [math.pi**2 / 6, math.pi**4 / 90], rtol=1e-15
    )
    np.testing.assert_allclose(zeta_of(np.array([2.0]), np.array([-0.5])), [4 + math.pi**2 / 2], rtol=1e-15)


def test_recurrences_hold_over_the_whole_range() -> None:
    x = np.concatenate([np.linspace(-30.03, 30.02, 997), np.logspace(-6, 8, 100)])
    for n in (1, 2, 5):
        change = (-1) ** n * math.factorial(n) * x ** -(n + 1)
        both = polygamma_of(x + 1, n), polygamma_of(x, n)
        np.testing.assert_array_less(np.abs(both[0] - both[1] - change), 1e-13 * (np.abs(both[0]) + np.abs(both[1])))
    difference = digamma_of(x + 1) - digamma_of(x) - 1 / x
    np.testing.assert_array_less(np.abs(difference), 1e-13 * (1 + np.abs(digamma_of(x))))


def test_incomplete_gamma_of_whole_shapes_is_a_poisson_sum() -> None:
    for a in (1, 2, 7, 40):
        x = np.concatenate([np.logspace(-3, 2, 60), [a - 1e-9, a, a + 1e-9]])
        terms = [k * np.log(x) - x - math.lgamma(k + 1) for k in range(a)]
        expected = np.exp(terms).sum(0)
        np.testing.assert_allclose(igammac_of(np.full(x.shape, float(a)), x), expected, rtol=3e-13)
        np.testing.assert_allclose(igamma_of(np.full(x.shape, float(a)), x), 1 - expected, rtol=1e-12, atol=1e-14)


def test_incomplete_gamma_of_tiny_and_huge_shapes() -> None:
    a, x = np.array([1e-10, 0.5, 1e6, 1e10]), np.array([0.5, 0.25, 1e6, 1e10])
    expected = [5.597735946e-11, math.erfc(0.5), 0.499867019, 0.49999867]
    np.testing.assert_allclose(igammac_of(a, x), expected, rtol=1e-8)
    edges = np.array([[0, 1, 1, np.inf, 1, -1, 2, 0], [1, 0, np.inf, 1, 1, 1, -1, 0]], float)
    np.testing.assert_allclose(igamma_of(*edges), [1, 0, 1, 0, 1 - math.exp(-1), *[np.nan] * 3])


def test_large_arrays_are_computed_in_pieces() -> None:
    a, x = np.full(100_000, 30.0), np.linspace(1, 60, 100_000)
    tracemalloc.start()
    whole = igamma_of(a, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6  # as a whole 80 numbers for each would be 64 MB, several times
    np.testing.assert_array_equal(whole[::999], igamma_of(a[::999], x[::999]))


def test_errors() -> None:
    with pytest.raises(RuntimeError, match="negative n"):
        tg.polygamma(-1, tg.ones(1))
    with pytest.raises(RuntimeError, match="p has to be"):
        tg.mvlgamma(tg.ones(1), 0)
    a = tg.ones(1, requires_grad=True)
    with pytest.raises(NotImplementedError, match="igamma"):
        tg.igamma(a, tg.ones(1)).sum().backward()


def test_methods_and_in_place_forms() -> None:
    x = tg.tensor([3.0, 2.5])
    assert x.polygamma(1).equal(tg.polygamma(1, x))
    for name, arguments in (("polygamma", (2,)), ("mvlgamma", (2,)), ("lgamma", ()), ("digamma", ()), ("igamma", (x,))):
        twin = x.clone()
        assert getattr(twin, f"{name}_")(*arguments) is twin
        assert twin.equal(getattr(x, name)(*arguments))
