"""Rarer arrangements of elements: the sample rows, and what is special."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from contract import Sample, apart, integers, normal

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS

NOT_ELEMENTWISE = {"_folded", "_isin", "unfold"}  # see test_lowering.py


def of_list(name: str, *shapes: tuple[int, ...]) -> Sample:
    """A row of an operation that takes a list of tensors."""
    return Sample(
        name,
        tuple(normal(*shape, seed=k) for k, shape in enumerate(shapes)),
        call=lambda *xs: OPS[name](list(xs)),
        torch_fn=lambda *xs: getattr(pytest.importorskip("torch"), name)(list(xs)),
    )


SAMPLES = [
    *[
        Sample("diag_embed", (normal(2, 3),), o)
        for o in ({}, {"offset": 1, "dim1": 0, "dim2": 2}, {"offset": -1, "dim1": 2, "dim2": 1})
    ],
    Sample("diagflat", (normal(2, 2), 1)),
    *[
        Sample("unfold", (normal(3, 7), *a), torch_fn=lambda x, *a: x.unfold(*a), covers=("_folded",))
        for a in ((1, 3, 2), (1, 3, 1), (0, 2, 1), (-1, 7, 1), (1, 2, 3))
    ],
    *[Sample("rot90", (normal(2, 3), k), {"dims": d}) for k in (-1, 0, 1, 2, 5) for d in ((0, 1), (1, 0))],
    Sample("fliplr", (normal(2, 3),)),
    Sample("flipud", (normal(2, 3),)),
    *[Sample("atleast_3d", (normal(*shape),)) for shape in ((), (2,), (2, 3), (1, 2, 3))],
    of_list("dstack", (2, 3), (2, 3)),
    of_list("column_stack", (2,), (2, 3)),
    of_list("row_stack", (3,), (2, 3)),
    Sample("block_diag", (normal(2, 3), normal(2), normal(), normal(1, 2))),
    *[Sample("tensor_split", (normal(7, 2), s)) for s in (3, 1, (2, 5), (5, 2), (-3, 100))],
    Sample("hsplit", (normal(4, 6), 3)),
    Sample("hsplit", (normal(6), (2,))),
    Sample("vsplit", (normal(4, 2), 2)),
    Sample("dsplit", (normal(1, 2, 4), 2)),
    Sample("split_with_sizes", (normal(4, 2), (1, 3))),
    Sample("cartesian_prod", (normal(2), normal(3), normal(1))),
    *[Sample("combinations", (normal(4),), {"r": r, "with_replacement": w}) for r in (1, 2, 3) for w in (False, True)],
    *[Sample(name, (3, 4), {"offset": k}) for name in ("tril_indices", "triu_indices") for k in (-1, 0, 2)],
    Sample("unravel_index", (integers(12, 2, 3), (3, 4))),
    Sample("sum_to_size", (normal(2, 3, 4), 3, 1), torch_fn=lambda x, *size: x.sum_to_size(*size)),
    *[Sample("searchsorted", (np.array([1.0, 2.0, 2.0, 4.0]), apart(3, 4)), {"right": r}) for r in (False, True)],
    Sample("searchsorted", (np.sort(normal(2, 4)), normal(2, 3)), {"out_int32": True}),
    *[Sample("bucketize", (apart(3, 4), np.array([-0.2, 0.1, 0.3])), {"right": r}) for r in (False, True)],
    *[Sample("isin", (integers(5, 2, 3), np.array([1, 3])), {"invert": i}, covers=("_isin",)) for i in (False, True)],
    Sample("unique_consecutive", (np.array([1, 1, 2, 2, 2, 1]),), {"return_inverse": True, "return_counts": True}),
    Sample("unique_consecutive", (np.array([[1, 1], [1, 1], [2, 1]]),), {"dim": 0, "return_counts": True}),
]


def test_windows_are_a_view() -> None:
    x = tg.arange(6.0).requires_grad_()
    y = x * 1
    windows = y.unfold(0, 2, 2)
    windows[0] = 0
    (windows * tg.tensor([1.0, 2.0])).sum().backward()
    assert y.tolist() == [0, 0, 2, 3, 4, 5]
    assert x.grad.tolist() == [0, 0, 1, 2, 1, 2]


def test_shapes_that_broadcast() -> None:
    assert tg.broadcast_shapes((2, 1), (3,), 1) == (2, 3)
    with pytest.raises(RuntimeError):
        tg.broadcast_shapes((2,), (3,))
    assert tg.scalar_tensor(2).dtype is tg.float32


@pytest.mark.parametrize(("shape", "size"), list(itertools.product([(0,), (1,), (5,), (5, 0)], [0, 1])))
def test_windows_of_little_as_in_torch(shape: tuple[int, ...], size: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if size <= shape[0]:
        ours, theirs = (library.ones(shape).unfold(0, size, 2).shape for library in (tg, torch))
        assert ours == theirs


def test_searching_for_numbers() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for library in (tg, torch):
        line = library.tensor([1, 3, 5])
        results: Any = library.searchsorted(line, 3), library.searchsorted(line, 3, side="right"), library.bucketize(6, line)
        assert [int(r) for r in results] == [1, 2, 3]
        order = library.tensor([2, 0, 1])
        assert library.searchsorted(library.tensor([3, 5, 1]), library.tensor([4]), sorter=order).tolist() == [2]


def test_what_is_refused() -> None:
    x = tg.ones(2, 3)
    for call in (
        lambda: tg.diag_embed(x, dim1=1, dim2=1),
        lambda: x.unfold(1, 4, 1),
        lambda: x.unfold(1, 2, 0),
        lambda: tg.rot90(x, dims=(0, 0)),
        lambda: tg.rot90(tg.ones(2)),
        lambda: tg.fliplr(tg.ones(2)),
        lambda: tg.flipud(tg.tensor(1.0)),
        lambda: tg.hsplit(x, 2),
        lambda: tg.vsplit(tg.ones(2), 2),
        lambda: tg.tensor_split(x, 0),
        lambda: tg.block_diag(tg.ones(1, 1, 1)),
        lambda: tg.cartesian_prod(x),
        lambda: tg.combinations(x),
        lambda: tg.combinations(tg.ones(2), r=-1),
        lambda: tg.tril_indices(-1, 2),
        lambda: x.sum_to_size(4),
        lambda: tg.searchsorted(x, tg.ones(3, 2)),
        lambda: tg.searchsorted(tg.ones(2), tg.ones(2), side="left", right=True),
        lambda: tg.searchsorted(tg.ones(2), tg.ones(2).double()),
        lambda: tg.bucketize(x, x),
    ):
        with pytest.raises(RuntimeError):
            call()
