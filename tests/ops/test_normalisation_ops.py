"""Softmax and standardizing: the sample rows, and what is special."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from contract import Sample, normal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS
from tinygrad_mlp.errors import DimensionError, DTypeError


def standardized(x: Any, dim: tuple[int, ...], eps: float) -> Any:
    return (x - x.mean(dim, True)) / (x.var(dim, unbiased=False, keepdim=True) + eps).sqrt()


def slope_of_standardized(g: Any, x: Any, dim: tuple[int, ...], eps: float) -> Any:
    y, s = standardized(x, dim, eps), (x.var(dim, unbiased=False, keepdim=True) + eps).sqrt()
    return (g - g.mean(dim, True) - y * (g * y).mean(dim, True)) / s


SAMPLES = [
    *[Sample(name, (normal(2, 3, 4), dim)) for name in ("softmax", "log_softmax") for dim in (0, 1, -1)],
    *[Sample(name, (np.array(0.3), 0)) for name in ("softmax", "log_softmax")],
    *[
        Sample(
            "standardize",
            (normal(4, 3, 2),),
            {"dim": dim, "eps": 1e-5},
            torch_fn=lambda x, dim, eps: standardized(x, dim, eps),
        )
        for dim in ((-1,), (0, 2), (-2, -1))
    ],
    Sample(
        "standardize",
        (normal(5, 4), normal(4, seed=1), normal(4, seed=2)),
        {"dim": (1,), "eps": 0.1},
        torch_fn=lambda x, weight, bias, dim, eps: standardized(x, dim, eps) * weight + bias,
    ),
    Sample(
        "standardize_slope",
        (normal(4, 3, 2, seed=3), normal(4, 3, 2)),
        {"dim": (0, 2), "eps": 0.1},
        torch_fn=lambda g, x, dim, eps: slope_of_standardized(g, x, dim, eps),
    ),
    *[
        Sample("batch_mean", (normal(5, 4, 3),), {"dim": dim}, torch_fn=lambda x, dim: x.mean(dim).flatten().detach())
        for dim in ((0, 2), (1,))
    ],
    Sample(
        "batch_variance",
        (normal(5, 4), normal(4)),
        {"dim": (0,)},
        torch_fn=lambda x, mean, dim: (x - mean).square().mean(0).detach(),
    ),
]


def tensor(values: Any, **kwargs: Any) -> tg.Tensor:
    return tg.tensor(values, **{"dtype": tg.float64, **kwargs})


finite = st.floats(-30, 30)

arrays = hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=5), elements=finite)


@given(arrays, st.data())
def test_softmax_is_a_distribution_and_log_softmax_its_logarithm(x: np.ndarray, data: st.DataObject) -> None:
    dim = data.draw(st.integers(-x.ndim, x.ndim - 1))
    y = tg.softmax(tensor(x), dim).numpy()
    np.testing.assert_allclose(y.sum(dim), 1, rtol=1e-12)
    np.testing.assert_allclose(np.exp(tg.log_softmax(tensor(x), dim).numpy()), y, rtol=1e-12)
    np.testing.assert_allclose(tg.softmax(tensor(x + 1e4), dim).numpy(), y, rtol=1e-9)


def test_softmax_of_infinite_logits() -> None:
    inf = np.inf
    np.testing.assert_array_equal(tg.softmax(tensor([0.0, -inf]), 0).numpy(), [1, 0])
    np.testing.assert_array_equal(tg.log_softmax(tensor([0.0, -inf]), 0).numpy(), [0, -inf])
    np.testing.assert_array_equal(tg.log_softmax(tensor([1e308, -1e308]), 0).numpy(), [0, -inf])
    assert np.isnan(tg.softmax(tensor([-inf, -inf]), 0).numpy()).all()
    assert tg.softmax(tg.zeros(0, 3), 0).shape == (0, 3)


def test_softmax_computes_in_the_dtype_asked_for() -> None:
    x = tg.tensor([1, 2, 3])
    assert tg.softmax(x, 0, dtype=tg.float64).dtype is tg.float64
    y = tg.tensor([1.0, 2.0], requires_grad=True)
    z = tg.log_softmax(y, 0, dtype=tg.float64)
    assert z.dtype is tg.float64
    z[0].backward()
    assert y.grad is not None
    assert y.grad.dtype is tg.float32


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_refuses_integers_and_dims_that_are_not_there(name: str) -> None:
    with pytest.raises(DTypeError, match=rf"{name} is not implemented for tinygrad_mlp.int64; cast the input with .float"):
        OPS[name](tg.tensor([1, 2]), 0)
    with pytest.raises(DimensionError, match=name):
        OPS[name](tg.zeros(2), 1)


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=5), elements=finite), st.data())
def test_standardize_gives_mean_0_and_variance_1(x: np.ndarray, data: st.DataObject) -> None:
    dims = tuple(data.draw(st.sets(st.integers(0, x.ndim - 1), min_size=1)))
    y = OPS["standardize"](tensor(x), dim=dims, eps=1e-5).numpy()
    variance = x.var(dims)
    np.testing.assert_allclose(y.mean(dims), 0, atol=1e-6)
    np.testing.assert_allclose(y.var(dims), variance / (variance + 1e-5), atol=1e-6)
