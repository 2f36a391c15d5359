"""Sums, means, variances and counts: the sample rows, and what is special."""

from __future__ import annotations

import math
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from contract import Sample, booleans, integers, normal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS

with_zeros = np.array([[2.0, 0.0, 3.0, 0.5], [0.0, 1.5, 0.0, 2.0], [1.0, 2.0, -3.0, 4.0]])

SAMPLES = [
    Sample("sum", (normal(2, 3),)),
    Sample("sum", (normal(2, 3, 4), (0, -1)), {"keepdim": True}),
    Sample("sum", (normal(2, 3, 4), 1)),
    Sample("sum", (normal(2, 3), ())),
    Sample("sum", (integers(5, 2, 3), 1)),
    Sample("sum", (booleans(2, 3),)),
    Sample("sum", (normal(),)),
    *[
        Sample("sum_to", (normal(*a), b), torch_name="Tensor.sum_to_size", call=lambda x, s: OPS["sum_to"](x, shape=s))
        for a, b in (
            *(((4, 2, 3), (2, 1)), ((4, 3), (3,)), ((4, 3), (1,)), ((4, 3), (1, 3)), ((4, 1), (1,)), ((3,), ())),
            *(((4, 0), (1,)), ((4, 0), (4, 1)), ((0, 3), (3,))),
        )
    ],
    Sample("mean", (normal(2, 3),)),
    Sample("mean", (normal(2, 3, 4), (0, 2))),
    Sample("mean", (normal(2, 3), 1, True)),
    Sample("var", (normal(3, 4),)),
    Sample("var", (normal(3, 4), 0), {"correction": 0, "keepdim": True}),
    Sample("var", (normal(2, 3, 4), (0, 2), False)),
    Sample("std", (normal(3, 4),)),
    Sample("std", (normal(3, 4), -1), {"correction": 0}),
    Sample("std", (normal(3, 4), 0, True, True)),
    Sample("var_mean", (normal(3, 4), 1)),
    Sample("std_mean", (normal(3, 4),)),
    Sample("any", (booleans(2, 3), 1)),
    Sample("all", (booleans(2, 3), (0, 1), True)),
    Sample("count_nonzero", (with_zeros, 1)),
    Sample("bincount", (integers(5, 9),), {"minlength": 7}),
    Sample("bincount", (np.array([0, 2, 2]), np.array([3, 1, 2]))),
]


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@st.composite
def reductions(draw: Any) -> tuple[np.ndarray, Any, bool]:
    """An array without empty dimensions, a valid dim (int, tuple or None) and keepdim."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=3))
    array = draw(hnp.arrays(np.float64, shape, elements=st.integers(-3, 3)))
    dims = st.integers(-len(shape), len(shape) - 1) if shape else st.sampled_from([0, -1])
    several = st.lists(dims, unique_by=lambda d: d % (len(shape) or 1), min_size=1).map(tuple)
    return array, draw(st.none() | dims | several), draw(st.booleans())


def numpy_axis(array: np.ndarray, dim: Any) -> Any:
    return None if array.ndim == 0 else dim


@given(st.sampled_from(["sum", "mean", "amax", "amin", "any", "all", "var", "std"]), reductions())
def test_reductions_against_numpy(name: str, drawn: tuple[np.ndarray, Any, bool]) -> None:
    array, dim, keepdim = drawn
    params = {"correction": 0} if name in ("var", "std") else {}
    ours = getattr(tg, name)(
        tg.tensor(array), () if dim is None and name in ("amax", "amin") else dim, keepdim=keepdim, **params
    )
    expected = getattr(np, name)(array, axis=numpy_axis(array, dim), keepdims=keepdim)
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-12, atol=1e-12)
    assert ours.dtype is (tg.bool if name in ("any", "all") else tg.float64)


@given(st.sampled_from(["sum", "mean", "amax", "amin", "logsumexp", "var", "std", "linalg.vector_norm"]), reductions())
def test_reductions_against_torch(name: str, drawn: tuple[np.ndarray, Any, bool]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    array, dim, keepdim = drawn
    if dim is None and name in ("amax", "amin", "logsumexp"):  # they have no None
        dim = tuple(range(array.ndim)) or 0
    params = {"correction": 0} if name in ("var", "std") else {}
    found = []
    for library in (tg, torch):
        x = library.tensor(array, requires_grad=True)
        y = attrgetter(name)(library)(x, dim=dim, keepdim=keepdim, **params)
        y.sum().backward()
        found.append((tuple(y.shape), y.detach().numpy(), x.grad.numpy()))
    assert found[0][0] == found[1][0]
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found[0][2], found[1][2], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float32", "float64", "float16"])
def test_dtypes_against_torch(torch: Any, dtype: str) -> None:
    calls = [
        lambda t, x: t.sum(x), lambda t, x: t.prod(x), lambda t, x: t.cumsum(x, 0), lambda t, x: t.any(x),
        lambda t, x: t.all(x, 0), lambda t, x: t.amax(x), lambda t, x: t.sum(x, dtype=t.float64),
        lambda t, x: t.sum(x, dtype=t.int32), lambda t, x: t.mean(x, dtype=t.float32), lambda t, x: t.argmin(x.float()),
        lambda t, x: t.count_nonzero(x), lambda t, x: t.logsumexp(x, 0), lambda t, x: t.prod(x, dtype=t.float64),
    ]  # fmt: skip
    array = np.array([1, 0, 1])
    for call in calls:
        ours, theirs = (call(t, t.tensor(array).to(getattr(t, dtype))) for t in (tg, torch))
        assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-3)


def test_a_half_precision_mean_does_not_overflow_on_the_way() -> None:
    assert tg.mean(tg.full((100,), 60000.0, dtype=tg.float16)).item() == 60000


@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
def test_weighted_counts_keep_the_dtype_of_the_weights(dtype: tg.dtype) -> None:
    counts = tg.bincount(tg.tensor([0, 2, 2]), tg.tensor([0.5, 1.0, 2.0], dtype=dtype))
    assert counts.tolist() == [0.5, 0, 3]
    assert counts.dtype is dtype


def test_gradients_of_reductions_are_views_until_they_reach_a_leaf() -> None:
    x = tg.ones(3, 4, requires_grad=True)
    y = x * 1
    seen = []
    y.register_hook(lambda g: seen.append(g.numpy().strides))
    y.sum(1).sum().backward()
    assert seen == [(0, 0)]
    assert x.grad is not None
    assert x.grad.numpy().flags.writeable


def test_zero_norm_and_deviation_have_finite_second_derivatives() -> None:
    for function in (lambda x: x.norm() ** 2, lambda x: x.std()):
        x = tg.zeros(3, requires_grad=True)
        (g,) = tg.autograd.grad(function(x), x, create_graph=True)
        (gg,) = tg.autograd.grad(g.sum(), x)
        assert gg.isfinite().all()


@pytest.mark.filterwarnings("ignore:.*degrees of freedom:UserWarning")  # torch's
def test_variance_of_too_few(torch: Any) -> None:
    for values, correction in (([1.0], 1), ([1.0, 2.0], 3), ([1.0, 2.0], 0.5), ([], 1)):
        ours, theirs = (t.var(t.tensor(values), correction=correction).item() for t in (tg, torch))
        assert ours == pytest.approx(theirs, nan_ok=True)


def test_both_spellings_and_signatures() -> None:
    x = tg.tensor(normal(3, 4))
    assert tg.equal(x.var(False), x.var(correction=0))
    assert tg.equal(x.std(0, False, True), x.std(dim=0, keepdim=True, correction=0))
    assert tg.equal(x.sum(axis=1, keepdims=True), x.sum(dim=1, keepdim=True))
    assert tg.equal(tg.max(x, axis=1)[0], tg.amax(x, axis=1))
    assert tg.equal(tg.max(x, other=x * 2), tg.maximum(x, x * 2))
    assert tg.equal(x.sum([0, 1]), x.sum())
    assert x.max(1)._fields == ("values", "indices")


def test_reductions_of_nothing() -> None:
    empty = tg.zeros(0, 2)
    assert empty.sum().item() == 0
    assert empty.prod().item() == 1
    assert math.isnan(empty.mean().item())
    assert empty.sum(0).tolist() == [0, 0]
    assert empty.amax(1).shape == (0,)
    assert not empty.any()
    assert empty.all()
    assert math.isnan(empty.median().item())
    assert tg.bincount(tg.zeros(0, dtype=tg.int64)).shape == (0,)


BAD = [
    (lambda t: t.ones(2, 3).sum(2), r"range of \[-2, 1\], but got 2"),
    (lambda t: t.ones(2, 3).sum((0, 0)), "multiple times"),
    (lambda t: t.ones(2, 3).sum((0, 5)), r"range of \[-2, 1\], but got 5"),
    (lambda t: t.ones(2, 3).sum(1.5), "dim must be an int"),
    (lambda t: t.tensor(3.0).sum(1), r"range of \[-1, 0\]"),
    (lambda t: t.tensor(3.0).sum((1,)), "out of range"),
    (lambda t: t.ones(2, dtype=t.int32).mean(), "floating point dtype. Got: int32"),
    (lambda t: t.ones(2, dtype=t.int32).var(), "floating point"),
    (lambda t: t.ones(2, dtype=t.int32).std(), "floating point"),
    (lambda t: t.ones(2, dtype=t.int32).norm(), "floating point"),
    (lambda t: t.zeros(0, 2).amax(), "Expected reduction dim to be specified"),
    (lambda t: t.zeros(0, 2).max(), "Expected reduction dim to be specified"),
    (lambda t: t.zeros(0, 2).amin(0), "non-zero size"),
    (lambda t: t.zeros(0, 2).max(0), "non-zero size"),
    (lambda t: t.zeros(0, 2).argmax(), "Expected reduction dim to be specified"),
    (lambda t: t.zeros(0, 2).argmin(0), "non-zero size"),
    (lambda t: t.zeros(0, 2).median(0), "non-zero size"),
    (lambda t: t.ones(2, 3).argmax((0, 1)), "must be int, not tuple"),
    (lambda t: t.ones(2, 3).max((0, 1)), "must be int, not tuple"),
    (lambda t: t.ones(2, 3).prod((0, 1)), "must be int, not tuple"),
    (lambda t: t.ones(2, 3).prod(2), "out of range"),
    (lambda t: t.ones(2, 3).cumsum(2), "out of range"),
    (lambda t: t.ones(2, 3).cumprod(2), "out of range"),
    (lambda t: t.ones(2, 3).sort(2), "out of range"),
    (lambda t: t.ones(2, 3).median(2), "out of range"),
    (lambda t: t.ones(2, 3).topk(4), "k is 4, the dimension has 3"),
    (lambda t: t.ones(2, 3).topk(-1), "out of range"),
    (lambda t: t.ones(2, 3).var(0, unbiased=True, correction=1), "both unbiased and correction"),
    (lambda t: t.ones(2, 3).norm("x"), "Order x not supported"),
    (lambda t: t.linalg.vector_norm(t.ones(2), "fro"), "must be a number"),
    (lambda t: t.linalg.norm(t.ones(2, 2, 2), 1), "3 dimensions"),
    (lambda t: t.linalg.norm(t.ones(2, 2), 3), "not supported"),
    (lambda t: t.linalg.norm(t.ones(2), "fro"), "1 dimensions"),
    (lambda t: t.bincount(t.tensor([-1])), "non-negative"),
    (lambda t: t.bincount(t.tensor([0.5])), "integral"),
    (lambda t: t.bincount(t.ones(2, 2, dtype=t.int64)), "1-d"),
    (lambda t: t.bincount(t.tensor([1]), t.ones(2)), "weights"),
    (lambda t: t.bincount(t.tensor([1]), minlength=-1), "minlength"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises((RuntimeError, IndexError, TypeError), match=message):
        call(tg)


@pytest.mark.parametrize("call", [call for call, _ in BAD])
def test_errors_are_of_torch_classes(torch: Any, call: Any) -> None:
    with pytest.raises((RuntimeError, IndexError, TypeError)) as theirs:
        call(torch)
    expected = next(c for c in (IndexError, TypeError, RuntimeError) if isinstance(theirs.value, c))
    with pytest.raises(expected):
        call(tg)


@pytest.mark.parametrize("name", ["var", "std", "var_mean", "std_mean"])
def test_no_degrees_of_freedom_is_a_warning_as_in_torch(torch: Any, name: str) -> None:
    for library in (tg, torch):
        for x, options in ((library.ones(1), {}), (library.ones(1, 3), {"dim": 0}), (library.ones(2), {"correction": 2})):
            with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
                getattr(library, name)(x, **options)
        getattr(library, name)(library.ones(2, 3), dim=0)
