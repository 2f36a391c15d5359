"""Extremes and order: the sample rows, and what is special."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from contract import Sample, apart, integers
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mlp as tg

INF, NAN = math.inf, math.nan

SAMPLES = [
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


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8"])
def test_the_median_of_nothing_as_in_torch(torch: Any, dtype: str) -> None:
    ours, theirs = (t.zeros(0, 3, dtype=getattr(t, dtype)).median() for t in (tg, torch))
    assert repr(ours.item()) == repr(theirs.item())


# What gives indices, or counts.
INDICES: dict[str, Callable[[tg.Tensor], Any]] = {
    "argmax": lambda x: x.argmax(),
    "argmax(1)": lambda x: x.argmax(1),
    "argmin": lambda x: x.argmin(),
    "argmin(0)": lambda x: x.argmin(0, keepdim=True),
    "max": lambda x: x.max(1).indices,
    "min": lambda x: x.min(1).indices,
    "sort": lambda x: x.sort().indices,
    "argsort": lambda x: x.argsort(0, descending=True),
    "topk": lambda x: x.topk(2).indices,
    "median": lambda x: x.median(1).indices,
    "nonzero": lambda x: x.nonzero(),
    "nonzero, a tuple": lambda x: x.nonzero(as_tuple=True)[0],
    "argwhere": lambda x: tg.argwhere(x),
    "unique": lambda x: x.unique(return_inverse=True)[1],
    "unique, counts": lambda x: x.unique(return_counts=True)[1],
    "bincount": lambda x: tg.bincount((x * 4).long().abs().reshape(-1)),
    "x[mask]": lambda x: tg.arange(6).reshape(2, 3)[x > 0],
}


@pytest.mark.parametrize("name", INDICES)
def test_indices_are_int64_where_those_of_numpy_have_32_bits(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = tg.tensor(apart(2, 3))
    expected = INDICES[name](x)
    narrowed = []

    def narrow(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(narrow, value))
        if isinstance(value, np.ndarray | np.generic) and value.dtype == np.int64:
            narrowed.append(value)
            return value.astype(np.int32)
        return value

    def of_32_bits(function: Any) -> Any:
        return lambda *args, **options: narrow(function(*args, **options))

    for function in ("argmax", "argmin", "argsort", "nonzero", "argwhere", "flatnonzero", "unique", "bincount"):
        monkeypatch.setattr(np, function, of_32_bits(getattr(np, function)))
    found = INDICES[name](x)
    assert narrowed
    assert found.dtype is tg.int64
    assert found.tolist() == expected.tolist()
