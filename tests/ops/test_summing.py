"""Sums keep their digits: over any dimension, of any dtype, in every operation that adds up, and in its gradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.ops.summing import average, total

FEW = 8  # roundings
Code = Callable[[tg.Tensor, Any], tg.Tensor]


def lines(x: Any) -> Any:
    """The losses' inputs, as vectors of one size."""
    return x.reshape(-1)


# Each is computed of positive numbers, so that nothing cancels: as many digits must be right as the dtype has.
OVER_A_DIM: dict[str, Code] = {
    "sum": lambda x, d: x.sum(d),
    "sum, keepdim": lambda x, d: x.sum(d, keepdim=True),
    "mean": lambda x, d: x.mean(d),
    "var": lambda x, d: x.var(d),
    "std": lambda x, d: x.std(d),
    "norm": lambda x, d: x.norm(dim=d),
    "norm, 1": lambda x, d: x.norm(1, dim=d),
    "norm, 3": lambda x, d: x.norm(3, dim=d),
    "logsumexp": lambda x, d: x.logsumexp(d),
    "softmax": lambda x, d: x.softmax(d) * 1000,
    "log_softmax": lambda x, d: x.log_softmax(d),
    "cumsum": lambda x, d: x.cumsum(d),
    "cumprod": lambda x, d: (x * 0 + 1 + 2**-10).cumprod(d),
    "the slope of cumsum": lambda x, d: slope(x.cumsum(d), x),
    "the slope of cumprod": lambda x, d: slope((one := x * 0 + 1 + 2**-10).cumprod(d), one),
    "the slope of what was stretched": lambda x, d: slope(
        x * (one := tg.ones_like(x.narrow(d, 0, 1)).requires_grad_()), one
    ),
    "the slope of what was repeated": lambda x, d: slope(
        x
        * (one := tg.ones_like(x.narrow(d, 0, 1)).requires_grad_()).repeat(
            [x.shape[d] if k == d else 1 for k in range(x.ndim)]
        ),
        one,
    ),
    "the slope of what was looked up": lambda x, d: slope(
        x * (one := tg.ones_like(x.narrow(d, 0, 1)).requires_grad_()).index_select(d, tg.zeros(x.shape[d], dtype=tg.int64)),
        one,
    ),
}
OVER_ALL: dict[str, Code] = {
    "sum": lambda x, _: x.sum(),
    "mean": lambda x, _: x.mean(),
    "norm": lambda x, _: x.norm(),
    "logsumexp": lambda x, _: x.logsumexp(tuple(range(x.ndim))),
    "einsum": lambda x, _: tg.einsum("ij...->", x),
    **{
        f"{loss.__name__}, {reduction}": lambda x, _, loss=loss, reduction=reduction: loss(
            lines(x), lines(x * 0), reduction=reduction
        )
        for loss in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.binary_cross_entropy, F.binary_cross_entropy_with_logits)
        for reduction in ("mean", "sum")
    },
    **{
        f"{loss.__name__}, {reduction}": lambda x, _, loss=loss, reduction=reduction: (
            -loss(x.reshape(-1, 2), tg.zeros(x.numel() // 2, dtype=tg.int64), reduction=reduction)
        )
        for loss in (F.nll_loss, F.cross_entropy)
        for reduction in ("mean", "sum")
    },
    "cross_entropy of many classes": lambda x, _: F.cross_entropy(x.reshape(2, -1), tg.tensor([0, 1])),
}


def slope(y: tg.Tensor, x: tg.Tensor) -> tg.Tensor:
    return tg.autograd.grad(y, x, tg.ones_like(y))[0]


def check(code: Code, values: np.ndarray, d: Any, dtype: str) -> None:
    found = code(tg.tensor(values.astype(dtype), requires_grad=True), d).detach().numpy()
    exact = code(tg.tensor(values.astype(dtype).astype(np.float64), requires_grad=True), d).detach().numpy()
    assert found.dtype == dtype
    with np.errstate(over="ignore"):
        wanted = exact.astype(dtype).astype(np.float64)
    np.testing.assert_allclose(found.astype(np.float64), wanted, rtol=FEW * float(np.finfo(dtype).eps))


def numbers(shape: tuple[int, ...], kind: str) -> np.ndarray:
    return np.full(shape, 0.1) if kind == "equal" else np.random.default_rng(0).uniform(0.05, 0.95, shape)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("kind", ["equal", "random"])
@pytest.mark.parametrize(
    ("shape", "d"), [((6000, 2), 0), ((2, 6000), 1), ((3, 5000, 2), 1), ((5000, 2, 3), 0), ((70_000,), 0)]
)
@pytest.mark.parametrize("name", OVER_A_DIM)
def test_over_a_dim(name: str, shape: tuple[int, ...], d: int, kind: str, dtype: str) -> None:
    if kind == "equal" and name in ("var", "std"):  # is 0, and its exact value is a rounding error
        assert OVER_A_DIM[name](tg.full(shape, 0.1, dtype=getattr(tg, dtype)), d).abs().max() == 0
    else:
        check(OVER_A_DIM[name], numbers(shape, kind), d, dtype)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("kind", ["equal", "random"])
@pytest.mark.parametrize("shape", [(6000, 2), (2, 5000), (50, 100, 3)])
@pytest.mark.parametrize("name", OVER_ALL)
def test_over_all(name: str, shape: tuple[int, ...], kind: str, dtype: str) -> None:
    check(OVER_ALL[name], numbers(shape, kind), None, dtype)


@given(st.data())
def test_total_is_the_sum_over_any_axes_of_any_layout(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.sampled_from([0, 1, 2, 3, 30, 65, 130, 300]), max_size=3).map(tuple))
    dtype = np.dtype(data.draw(st.sampled_from(["float16", "float32", "float64", "int32", "bool"])))
    array = np.random.default_rng(0).integers(0, 3, shape).astype(dtype)  # whose sums are exact
    if array.ndim > 1 and data.draw(st.booleans()):
        array = np.transpose(array, data.draw(st.permutations(range(array.ndim))))
    if array.ndim and data.draw(st.booleans()):
        array = array[::2]
    axes = data.draw(st.none() | st.sets(st.integers(0, array.ndim - 1)).map(tuple) if array.ndim else st.none())
    if axes == ():
        axes = None
    if axes and len(axes) == 1:
        axes = axes[0]
    wanted = np.dtype(np.int64) if dtype.kind in "bi" else dtype
    for keepdims in (False, True):
        with np.errstate(over="ignore"):  # more than float16 holds
            found = total(array, axes, wanted, keepdims)
            exact = np.sum(array.astype(np.float64), axis=axes, keepdims=keepdims).astype(wanted)
        assert found.shape == exact.shape
        assert found.dtype == wanted
        np.testing.assert_array_equal(found, exact)


def test_the_mean_of_nothing_is_nan() -> None:
    with np.errstate(invalid="ignore"):
        assert math.isnan(average(np.ones(0, np.float32)))
        assert np.isnan(average(np.ones((0, 2), np.float32), 0)).all()
    assert average(np.ones((0, 2), np.float32), 1).shape == (0,)


def test_sums_over_a_million_rows() -> None:
    x = tg.full((1_000_000, 3), 0.1)
    bias = tg.zeros(3, requires_grad=True)
    (x + bias).backward(x)
    for found, exact in ((x.mean(0), 0.1), (x.sum(0), 1e5), (bias.grad, 1e5), (x[:, 0].cumsum(0)[-1], 1e5)):
        np.testing.assert_allclose(found.numpy(), exact, rtol=1e-6)


def test_the_slope_of_softmax() -> None:
    check(lambda x, d: slope(x.softmax(d).narrow(d, 0, 1), x).narrow(d, 1, 2), numbers((6000, 2), "random"), 0, "float32")


def test_equal_columns_have_equal_sums() -> None:
    x = tg.rand(1000, 1).repeat(1, 37)
    assert x.sum(0).unique().numel() == 1


def test_squares_and_sums_of_half_precision_do_not_overflow_on_the_way() -> None:
    x = tg.tensor([300.0, 300.0], dtype=tg.float16)
    assert x.norm().item() == 424.25
    assert F.mse_loss(tg.full((5000,), 100.0, dtype=tg.float16), tg.zeros(5000, dtype=tg.float16)).item() == 10_000
