"""Reductions: what is special beside the contract of ``test_contract.py``."""

from __future__ import annotations

import math
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from contract import Sample, apart, booleans, integers, normal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mlp as tg
from tinygrad_mlp.engine import OPS

INF, NAN = math.inf, math.nan
with_zeros = np.array([[2.0, 0.0, 3.0, 0.5], [0.0, 1.5, 0.0, 2.0], [1.0, 2.0, -3.0, 4.0]])
ties = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])

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
    Sample("prod", (normal(2, 3),), covers=("_prod",)),
    Sample("prod", (with_zeros, 1)),
    Sample("prod", (with_zeros, 0, True)),
    Sample("prod", (normal(3, 1, 2), -2)),
    Sample("prod", (normal(),)),
    Sample("prod", (normal(), 0)),
    Sample("prod", (normal(), -1, True)),
    Sample("prod", (integers(5, 3),)),
    Sample("cumsum", (normal(2, 3), 1)),
    Sample("cumsum", (integers(5, 2, 3), 0)),
    Sample("cumsum", (normal(), 0)),
    Sample("cumprod", (normal(2, 4), -1), covers=("_recurrence",)),
    Sample("cumprod", (with_zeros, 1)),
    Sample("cumprod", (with_zeros, 0)),
    Sample("cumprod", (normal(), 0)),
    *[Sample("_recurrence", (normal(2, 4), normal(2, 4, seed=1), 1, step), torch_name="") for step in (1, -1)],
    Sample("var", (normal(3, 4),)),
    Sample("var", (normal(3, 4), 0), {"correction": 0, "keepdim": True}),
    Sample("var", (normal(2, 3, 4), (0, 2), False)),
    Sample("std", (normal(3, 4),)),
    Sample("std", (normal(3, 4), -1), {"correction": 0}),
    Sample("std", (normal(3, 4), 0, True, True)),
    Sample("var_mean", (normal(3, 4), 1)),
    Sample("std_mean", (normal(3, 4),)),
    Sample("amax", (apart(3, 4),)),
    Sample("amax", (apart(2, 3, 4), (0, 2), True)),
    Sample("amin", (apart(3, 4), 0)),
    Sample("max", (apart(3, 4),)),
    Sample("max", (apart(3, 4), 1)),
    Sample("max", (apart(3, 4), 0, True)),
    Sample("max", (apart(3, 4), apart(4, seed=1) + 0.02)),
    Sample("min", (apart(3, 4),)),
    Sample("min", (apart(3, 4), -1)),
    Sample("min", (apart(3, 4), apart(4, seed=1) + 0.02)),
    Sample("argmax", (apart(3, 4), 1)),
    Sample("argmin", (apart(3, 4),)),
    Sample("logsumexp", (normal(2, 3), 1)),
    Sample("logsumexp", (normal(2, 3), (0, 1), True)),
    Sample("norm", (normal(2, 3),), covers=("_p_norm",)),
    Sample("norm", (apart(2, 3), 1, 1)),
    Sample("norm", (normal(2, 3), 3, 0, True)),
    Sample("norm", (apart(2, 3) + 2, 0.5)),
    Sample("norm", (apart(2, 3), -1.5)),
    Sample("norm", (apart(2, 3) + 0.02, INF)),
    Sample("norm", (apart(2, 3) + 1, -INF, 1)),
    Sample("vector_norm", (normal(2, 3), 2.5, (0, 1)), torch_name="linalg.vector_norm"),
    *[Sample("linalg_norm", (apart(3, 4), o), torch_name="linalg.norm") for o in (None, "fro", 1, -1, INF, -INF)],
    Sample("linalg_norm", (normal(2, 3, 4), 1, (2, 0), True), torch_name="linalg.norm"),
    *[Sample("linalg_norm", (normal(3, 4), o), torch_name="linalg.norm", rtol=1e-10) for o in (2, -2, "nuc")],
    *[Sample("linalg_norm", (normal(2, 4, 3), o, (2, 0), True), torch_name="linalg.norm", rtol=1e-10) for o in (2, "nuc")],
    Sample("linalg_norm", (normal(2, 3, 4), 3, -1), torch_name="linalg.norm"),
    Sample("linalg_norm", (normal(2, 3, 4),), torch_name="linalg.norm"),
    Sample("any", (booleans(2, 3), 1)),
    Sample("all", (booleans(2, 3), (0, 1), True)),
    Sample("count_nonzero", (with_zeros, 1)),
    Sample("bincount", (integers(5, 9),), {"minlength": 7}),
    Sample("bincount", (np.array([0, 2, 2]), np.array([3, 1, 2]))),
    Sample("sort", (apart(3, 4),)),
    *[Sample(name, (apart(2, 3, 4), *options)) for name, *options in (("sort",), ("argsort",), ("topk", 2))],
    Sample("sort", (apart(3, 4), 0, True)),
    Sample("argsort", (apart(3, 4), 1, True)),
    Sample("topk", (apart(3, 5), 2)),
    Sample("topk", (apart(3, 5), 2, 0, False)),
    Sample("median", (apart(3, 4),), covers=("_median", "_argmedian")),
    Sample("median", (apart(3, 4), 1)),
    Sample("median", (apart(3, 5), 0, True)),
    Sample("unique", (integers(4, 3, 3),), {"return_inverse": True, "return_counts": True}),
    Sample("unique", (np.array([[1, 2], [1, 2], [0, 3]]),), {"dim": 0, "return_inverse": True, "return_counts": True}),
]


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def slope(function: Any, values: Any) -> list[float]:
    """The gradient of a function of one tensor, from ours."""
    x = tg.tensor(values, dtype=tg.float64, requires_grad=True)
    function(x).backward()
    assert x.grad is not None
    return x.grad.tolist()


# -------------------------------------------------------------------------------------- over shapes, dims, dtypes


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


@given(
    array=hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.int64, np.int32, np.uint8]),
        hnp.array_shapes(min_dims=0, max_dims=3, max_side=4),
        elements=st.integers(0, 3),
    ),
    data=st.data(),
)
def test_orders_against_torch(array: np.ndarray, data: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    dim = data.draw(st.integers(-array.ndim, array.ndim - 1) if array.ndim else st.sampled_from([0, -1]))
    down = data.draw(st.booleans())
    results = []
    for library in (tg, torch):
        x = library.tensor(array)
        values, indices = library.sort(x, dim=dim, descending=down, stable=True)
        results.append(
            [
                *(values, indices, library.cumsum(x, dim), library.cumprod(x, dim), library.prod(x, dim)),
                *(library.max(x, dim)[0], library.min(x, dim)[0], library.max(x, dim, keepdim=True)[1]),
                *(library.argmax(x, dim), library.median(x, dim)[0], library.median(x), library.unique(x)),
                *(library.topk(x, 1, dim)[0], library.count_nonzero(x, dim)),
            ]
        )
    for ours, theirs in zip(*results, strict=True):
        assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


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


# ------------------------------------------------------------------------------------------------ special values


def test_gradients_of_reductions_are_views_until_they_reach_a_leaf() -> None:
    x = tg.ones(3, 4, requires_grad=True)
    y = x * 1
    seen = []
    y.register_hook(lambda g: seen.append(g.numpy().strides))
    y.sum(1).sum().backward()
    assert seen == [(0, 0)]
    assert x.grad is not None
    assert x.grad.numpy().flags.writeable


def test_products_with_zeros_have_right_gradients() -> None:
    assert slope(lambda x: x.prod(), [2.0, 0.0, 4.0]) == [0, 8, 0]
    assert slope(lambda x: x.prod(), [2.0, 0.0, 0.0]) == [0, 0, 0]
    assert slope(lambda x: x.cumprod(0).sum(), [0.0, 3.0, 5.0]) == [1 + 3 + 15, 0, 0]
    assert slope(lambda x: x.cumprod(0)[-1], [0.0, 3.0, 5.0]) == [15, 0, 0]


def test_second_derivative_of_a_product_with_zeros() -> None:
    hessian = tg.autograd.functional.hessian(lambda x: x.prod(), tg.tensor([0.0, 0.0, 5.0]))
    assert hessian.tolist() == [[0, 5, 0], [5, 0, 0], [0, 0, 0]]
    third = tg.autograd.functional.jacobian(
        lambda x: tg.autograd.functional.hessian(lambda z: z.prod(), x, create_graph=True), tg.tensor([0.0, 0.0, 0.0])
    )
    assert third[0, 1, 2].item() == 1
    assert third[0, 0, 2].item() == 0


def test_logsumexp_of_huge_and_infinite_values() -> None:
    assert tg.logsumexp(tg.tensor([1e4, 1e4], dtype=tg.float64), 0).item() == pytest.approx(1e4 + math.log(2))
    assert tg.logsumexp(tg.tensor([-1e4, -1e4], dtype=tg.float64), 0).item() == pytest.approx(math.log(2) - 1e4)
    assert tg.logsumexp(tg.tensor([-INF, -INF]), 0).item() == -INF
    assert tg.logsumexp(tg.tensor([INF, 1.0]), 0).item() == INF
    assert math.isnan(tg.logsumexp(tg.tensor([NAN, 1.0]), 0).item())
    assert tg.logsumexp(tg.zeros(0), 0).item() == -INF
    assert tg.logsumexp(tg.tensor([1, 1]), 0).dtype is tg.float32
    assert slope(lambda x: x.logsumexp(0), [-INF, 0.0]) == [0, 1]


def test_ties_share_the_gradient_or_the_first_takes_it() -> None:
    assert slope(lambda x: x.amax(), [3.0, 3.0, 1.0]) == [0.5, 0.5, 0]
    assert slope(lambda x: x.max(), [3.0, 3.0, 1.0]) == [0.5, 0.5, 0]
    assert slope(lambda x: x.min(), [3.0, 1.0, 1.0]) == [0, 0.5, 0.5]
    assert slope(lambda x: x.median(), [2.0, 2.0, 1.0]) == [0.5, 0.5, 0]
    assert slope(lambda x: x.max(0).values, [3.0, 3.0, 1.0]) == [1, 0, 0]
    assert slope(lambda x: x.norm(INF), [-3.0, 3.0, 1.0]) == [-0.5, 0.5, 0]
    assert slope(lambda x: x.max(), [NAN, 1.0]) == [1, 0]


def test_nan_wins() -> None:
    x = tg.tensor([[1.0, NAN, 0.0], [2.0, 1.0, 3.0]])
    for name in ("amax", "amin"):
        assert [math.isnan(v) for v in getattr(tg, name)(x, 1).tolist()] == [True, False]
    assert tg.max(x, 1).indices.tolist() == [1, 2]
    assert tg.median(x, 1).indices.tolist() == [1, 0]
    assert math.isnan(tg.median(x).item())
    assert tg.argsort(x[0]).tolist() == [2, 0, 1]
    assert tg.argsort(x[0], descending=True).tolist() == [1, 0, 2]
    assert tg.topk(x[0], 1).indices.tolist() == [1]
    assert tg.unique(tg.tensor([NAN, 1.0, NAN])).shape == (3,)


def test_ties_keep_their_order() -> None:
    x = tg.tensor([1, 0, 1, 0])
    assert tg.argsort(x).tolist() == [1, 3, 0, 2]
    assert tg.argsort(x, descending=True).tolist() == [0, 2, 1, 3]
    many = integers(3, 500)
    assert tg.argsort(tg.tensor(many)).tolist() == sorted(range(500), key=many.__getitem__)
    assert tg.argmax(x).item() == 0
    assert tg.argmin(x).item() == 1


@pytest.mark.parametrize("p", [0.5, 1, 1.5, 2, 3, INF, -INF, -1])
@pytest.mark.parametrize("values", [[0.0, 0.0], [0.0, 2.0], [-2.0, 2.0, 1.0]])
def test_norms_at_their_kinks(torch: Any, p: float, values: list[float]) -> None:
    x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    x.norm(p).backward()
    np.testing.assert_allclose(slope(lambda t: t.norm(p), values), x.grad.numpy(), rtol=1e-12)


def test_norm_zero_counts_and_has_no_slope() -> None:
    assert tg.norm(tg.tensor([0.0, 2.0, -1.0]), 0).item() == 2
    assert slope(lambda x: x.norm(0), [0.0, 2.0]) == [0, 0]


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


# ------------------------------------------------------------------------------------------------------- errors

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


@pytest.mark.parametrize("function", [tg.cumsum, tg.cumprod])
def test_running_sums_are_contiguous_whatever_their_input_is(function: Any) -> None:
    y = function(tg.ones(3, 4).t(), 0)
    assert y.is_contiguous()
    y.flatten().fill_(7)  # a view, as in PyTorch
    assert y.tolist() == [[7] * 3] * 4


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8"])
def test_the_median_of_nothing_as_in_torch(torch: Any, dtype: str) -> None:
    ours, theirs = (t.zeros(0, 3, dtype=getattr(t, dtype)).median() for t in (tg, torch))
    assert repr(ours.item()) == repr(theirs.item())
