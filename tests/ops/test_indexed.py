"""Writing to places by index: the sample rows, and what is special."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from contract import Sample, apart, integers, normal

import tinygrad_mlp as tg

NOT_ELEMENTWISE = {"_scatter_extreme", "_scatter_prod"}  # see test_lowering.py
INDEX = np.array([[0, 1, 2, 0], [2, 2, 0, 1]])
MASK = np.array([[True, False, True], [False, True, True]])


def methods(name: str) -> Any:
    """PyTorch's call, a method."""

    def call(x: Any, *args: Any, **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".* is in beta")
            return getattr(x, name)(*args, **options)

    return call


SAMPLES = [
    Sample("select_scatter", (normal(3, 4), normal(4), 0, 1)),
    Sample("slice_scatter", (normal(3, 5), normal(3, 2), 1, 0, 4, 2)),
    Sample("diagonal_scatter", (normal(3, 4), normal(3), 1)),
    Sample("take", (normal(3, 4), np.array([[0, -1], [5, 0]]))),
    *[
        Sample("put_flat", (normal(2, 3), np.array([[0, -1], [4, 2]]), normal(2, 2), add), torch_fn=methods("put"))
        for add in (False, True)
    ],
    *[
        Sample(
            "index_put", (normal(3, 4), np.array([0, 2]), np.array([1, 1]), normal(2)), {"accumulate": add},
            call=lambda x, i, j, v, **o: x.index_put((i, j), v, **o), torch_fn=lambda x, i, j, v, **o: x.index_put((i, j), v, **o),
        )
        for add in (False, True)
    ],
    Sample(
        "index_put", (normal(3, 4), MASK[0], normal(4)),
        call=lambda x, i, v: x.index_put((i,), v), torch_fn=lambda x, i, v: x.index_put((i,), v),
    ),
    Sample("index_fill", (normal(3, 4), 1, np.array([0, 2]), 1.5)),
    Sample("index_fill", (normal(3, 4), 0, np.array(1), np.array(0.5))),
    Sample("index_copy", (normal(3, 4), 1, np.array([3, 0]), normal(3, 2))),
    Sample("masked_scatter", (normal(2, 3), MASK, normal(5))),
    Sample("masked_scatter", (normal(2, 3), MASK[0], normal(2, 2))),
    *[
        Sample(
            "scatter_reduce", (apart(3, 4), 0, INDEX, apart(2, 4, seed=5) + 0.02, how), {"include_self": own}, rtol=1e-11,
            torch_fn=methods("scatter_reduce"), covers=("_scatter_extreme", "_scatter_prod"), order2=True,
        )
        for how in ("sum", "prod", "mean", "amax", "amin")
        for own in (True, False)
    ],
    *[
        Sample("scatter_reduce", (integers(9, 3, 4), 1, INDEX, integers(9, 3, 5), how), torch_fn=methods("scatter_reduce"))
        for how in ("sum", "prod", "amax", "amin")
    ],
    *[
        Sample(
            "index_reduce", (apart(3, 4), 1, np.array([0, 3, 0]), apart(3, 3, seed=5) + 0.02, how), {"include_self": own},
            torch_fn=methods("index_reduce"), rtol=1e-11,
        )
        for how in ("prod", "mean", "amax", "amin")
        for own in (True, False)
    ],
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*beta:UserWarning")
@pytest.mark.parametrize("how", ["prod", "amax", "amin", "mean"])
@pytest.mark.parametrize("own", [True, False])
def test_ties_and_zeros_as_in_torch(how: str, own: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    found = []
    for library in (tg, torch):
        x = library.tensor([2.0, 0.0, 3.0, 0.0], dtype=library.float64, requires_grad=True)
        src = library.tensor([2.0, 0.0, 3.0, 3.0, 0.0, 0.0], dtype=library.float64, requires_grad=True)
        y = x.scatter_reduce(0, library.tensor([0, 0, 1, 2, 2, 3]), src, how, include_self=own)
        (y * library.tensor([1.0, 2.0, 3.0, 4.0], dtype=library.float64)).sum().backward()
        found.append([y.tolist(), x.grad.tolist(), src.grad.tolist()])
    assert found[0] == found[1]


def test_in_place() -> None:
    leaf = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    x = leaf * 1
    x.index_fill_(0, tg.tensor([0]), 5.0).index_copy_(0, tg.tensor([1]), leaf[2:]).put_(tg.tensor([2]), tg.tensor([7.0]))
    x.masked_scatter_(tg.tensor([False, False, True]), tg.tensor([8.0])).index_put_((tg.tensor([0]),), tg.tensor([9.0]))
    assert x.tolist() == [9, 3, 8]
    x.scatter_reduce_(0, tg.tensor([0]), tg.tensor([2.0]), "prod").sum().backward()
    assert leaf.grad.tolist() == [0, 0, 1]


def test_what_is_refused() -> None:
    x, i = tg.ones(2, 3), tg.tensor([0, 1])
    for call in (
        lambda: tg.select_scatter(x, tg.ones(2), 0, 0),
        lambda: tg.take(x, tg.tensor([6])),
        lambda: tg.take(x, tg.tensor([0.0])),
        lambda: x.put(i, tg.ones(3)),
        lambda: x.put(i, tg.ones(2).double()),
        lambda: x.index_put((i,), tg.ones(3).double()),
        lambda: x.index_fill(0, i, tg.ones(2)),
        lambda: x.index_fill(0, tg.tensor([2]), 1.0),
        lambda: x.index_copy(0, i, tg.ones(2, 2)),
        lambda: x.index_copy(0, i, tg.ones(2, 3).double()),
        lambda: x.masked_scatter(tg.ones(2, 3), x),
        lambda: x.masked_scatter(tg.ones(2, 3).bool(), tg.ones(2)),
        lambda: x.scatter_reduce(0, tg.tensor([[0]]), x, "max"),
        lambda: x.scatter_reduce(0, tg.tensor([[2]]), x, "sum"),
        lambda: x.index_reduce(0, i, x, "sum"),
        lambda: x.index_reduce(0, i, tg.ones(3, 3), "prod"),
    ):
        with pytest.raises((RuntimeError, IndexError)):
            call()
