"""Copies and dtypes: the sample rows, and what is special."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from contract import Sample, apart

import tinygrad_mlp as tg

A, B, ROW = apart(2, 3), apart(2, 3, seed=1) + 0.03, apart(3, seed=2) + 0.01

SAMPLES = [
    *[Sample(name, (A,)) for name in ("clone",)],
    Sample("zeros_of", (A,), torch_name="zeros_like"),
    Sample("same", (A,), torch_fn=lambda a: a.detach()),
    Sample("copy", (A, ROW), torch_name=""),
    Sample("cast", (A,), {"dtype": np.dtype(np.float64)}, torch_name="", widens=True),
    Sample("contiguous", (A,), torch_fn=lambda a: a.contiguous()),
    Sample("_packed", (A,), torch_name=""),
]


def test_a_tensor_that_is_what_is_asked_for_is_given_back_itself_unless_as_a_copy() -> None:
    x = tg.ones(2)
    for same in (x.to(tg.float32), x.to("cpu"), x.to(tg.ones(1)), x.to("cpu", tg.float32), x.to(tg.float32, copy=False)):
        assert same is x
    for copy in (x.to(tg.float32, copy=True), x.to(tg.float32, False, True), x.to(tg.float64), x.to(tg.float64, copy=True)):
        assert not np.shares_memory(copy.numpy(), x.numpy())


def test_integers_to_negative_powers() -> None:
    x = tg.tensor([2, 1, -1, -1])
    assert (x ** tg.tensor([-1, -3, -2, -3])).tolist() == [0, 1, 1, -1]
    assert (x ** tg.tensor([3, -3, 0, 3])).tolist() == [8, 1, 1, -1]
    assert (x ** tg.tensor(-1)).tolist() == [0, 1, -1, -1]
    with pytest.raises(RuntimeError, match="Integers to negative integer powers are not allowed"):
        x**-1


@pytest.mark.parametrize("size", [40_000, 32_768, 100_001])
def test_large_updates_in_place_are_the_formula_to_the_last_bit(size: int) -> None:
    rng = np.random.default_rng(0)
    a, b, c = (rng.standard_normal(size).astype(np.float32) + 3 for _ in range(3))
    rows: list[tuple[Callable[[tg.Tensor, tg.Tensor, tg.Tensor], Any], Any]] = [
        (lambda x, y, _: x.add_(y, alpha=-0.1), a + -0.1 * b),
        (lambda x, y, _: x.sub_(y, alpha=0.1), a - 0.1 * b),
        (lambda x, y, _: x.lerp_(y, 0.3), a + 0.3 * (b - a)),
        (lambda x, y, z: x.addcmul_(y, z, value=0.5), a + 0.5 * (b * c)),
        (lambda x, y, z: x.addcdiv_(y, z, value=-0.5), a + -0.5 * (b / c)),
        (lambda x, y, _: x.addcmul_(x, y), a + 1 * (a * b)),
        (lambda x, y, _: x.add_(x, alpha=2), a + 2 * a),
    ]
    for update, expected in rows:
        x = tg.from_numpy(a.copy())
        update(x, tg.from_numpy(b), tg.from_numpy(c))
        np.testing.assert_array_equal(x.numpy(), expected)
    x = tg.from_numpy(a.copy())
    x[1:].add_(x[:-1], alpha=2)  # memory that overlaps
    np.testing.assert_array_equal(x.numpy(), np.concatenate([a[:1], a[1:] + 2 * a[:-1]]))
    x = tg.from_numpy(np.stack([a, b], 1))
    x.add_(x.flip(1), alpha=2)
    np.testing.assert_array_equal(x.numpy(), np.stack([a + 2 * b, b + 2 * a], 1))
    x = tg.from_numpy(np.stack([a, b], 1))[:, 0]  # not contiguous
    x.add_(tg.from_numpy(c), alpha=2)
    np.testing.assert_array_equal(x.numpy(), a + 2 * c)


EXPANDED: list[Callable[[Any], Any]] = [
    lambda t: t.ones(3).expand(2, 3),
    lambda t: t.ones(2, 1).expand(2, 3),
    lambda t: t.ones(1, 2).expand(3, 2).T,
    lambda t: t.meshgrid(t.ones(2), t.ones(2), indexing="ij")[1],
    lambda t: t.ones(2, 4).T,
]


@pytest.mark.parametrize("make", EXPANDED)
def test_copies_of_expanded_tensors_lie_in_rows_as_in_pytorch(make: Callable[[Any], Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for copy in (lambda x: x.clone(), lambda x: x.double(), lambda x: x.to(x.dtype, copy=True)):
        assert tuple(copy(make(tg)).stride()) == tuple(copy(make(torch)).stride())


@pytest.mark.parametrize("alpha", [np.float64(0.5), tg.tensor(0.5, dtype=tg.float64)])
def test_numbers_with_a_dtype_are_weak_as_options(alpha: Any) -> None:
    x = tg.ones(2)
    assert tg.add(x, x, alpha=alpha).dtype is tg.float32
    assert x.clone().add_(x, alpha=alpha).tolist() == [1.5, 1.5]
