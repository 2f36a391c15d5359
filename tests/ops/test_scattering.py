"""Gather and scatter: the sample rows, and what is special."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from contract import Sample, integers, normal

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing import gradcheck

X = normal(3, 4, 2)

ROWS = integers(3, 5)  # with repeats


def own(name: str):
    """A block that has no counterpart in torch, as a plain call."""
    return {"torch_name": "", "call": OPS[name]}


def quietly(name: str) -> Any:
    """PyTorch's call, without its warning that this is an older way."""

    def call(*args: Any, **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*deprecated.*")
            return getattr(pytest.importorskip("torch"), name)(*args, **options)

    return call


SAMPLES = [
    *[
        Sample("scatter", (integers(9, 3, 4), 0, integers(3, 2, 4), *src), {"reduce": how}, torch_fn=quietly("scatter"))
        for how in ("add", "multiply")
        for src in ((integers(9, 2, 4, seed=1),), (2,), (2.5,))
    ],
    Sample("gather", (X, 0, integers(3, 2, 4, 2))),
    Sample("gather", (X, -1, integers(2, 3, 2, 5))),
    Sample("gather", (X, -3, integers(3, 2, 4, 2))),
    Sample("gather", (normal(), 0, integers(1))),
    Sample("scatter_sum", (normal(2, 3), 1, integers(4, 2, 3)), {"shape": (2, 4)}, **own("scatter_sum")),
    Sample("scatter", (X, 1, np.array([[[0], [2]], [[3], [1]]]), normal(2, 2, 1))),
    Sample("scatter", (X, 1, np.array([[[0], [2]]]), normal(3, 4, 2, seed=3)), order2=True, torch_name=""),
    Sample("scatter", (X, 2, integers(2, 3, 4, 2), 1.5)),
    Sample("scatter", (X, 2, integers(2, 3, 4, 2)), {"value": 1.5}),
    Sample("scatter_add", (X, 0, integers(3, 3, 4, 2), normal(3, 4, 2, seed=4))),
    Sample("scatter_add", (X, 0, integers(3, 2, 4, 1), normal(3, 4, 2, seed=4)), torch_name=""),
    Sample("index_add", (X, 1, integers(4, 6), normal(3, 6, 2))),
    Sample("index_add", (X, 0, ROWS, normal(5, 4, 2)), {"alpha": -2.5}),
    *[Sample("index_add", (integers(9, 3, 2), 0, ROWS, integers(9, 5, 2)), {"alpha": alpha}) for alpha in (0, 2)],
    Sample("index_select", (X, 1, integers(4, 6))),
    Sample("index_select", (X, -1, np.array(1))),
    Sample("take_along_dim", (X, integers(4, 3, 5, 2)), {"dim": 1}),
    Sample("take_along_dim", (X, integers(4, 1, 5, 1) - 4), {"dim": 1}),
    Sample("take_along_dim", (X, integers(24, 7))),
]


def test_integer_sums_are_exact() -> None:
    big = 2**53 + 1
    total = tg.zeros(2, dtype=tg.int64).index_add(0, tg.tensor([1, 1]), tg.tensor([big, 0]))
    assert total.tolist() == [0, big]
    assert tg.zeros(2, dtype=tg.int64).scatter_add(0, tg.tensor([1, 1]), tg.tensor([big, 1])).tolist() == [0, big + 1]


def test_empty_indices() -> None:
    x = tg.ones(2, 3, requires_grad=True)
    none = tg.empty(0, dtype=tg.int64)
    assert x.gather(1, none).shape == (0,)
    assert x.scatter(1, none, 5.0).tolist() == x.tolist()
    y = x[none].sum() + x.index_select(1, none).sum() + x.gather(1, none).sum()
    y.backward()
    assert x.grad.tolist() == [[0] * 3] * 2
    assert F.one_hot(none, 3).shape == (0, 3)


Y = tg.arange(6.0).reshape(2, 3)

I64 = tg.int64


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Y[::-1], ValueError, "step must be greater than zero.*flip"),
        (lambda: Y[::0], ValueError, "step must be greater than zero"),
        (lambda: Y[2], IndexError, "index 2 is out of bounds for dimension 0 with size 2"),
        (lambda: Y[0, -4], IndexError, "index -4 is out of bounds for dimension 1 with size 3"),
        (lambda: Y[[2]], IndexError, "index 2 is out of bounds"),
        (lambda: Y[[0, 0], [0, -4]], IndexError, "index -4 is out of bounds for a dimension of size 3"),
        (lambda: Y[0, 0, 0], IndexError, "too many indices for tensor of dimension 2"),
        (lambda: tg.tensor(1.0)[0], IndexError, "too many indices"),
        (lambda: Y["a"], TypeError, "invalid data type 'str'"),
        (lambda: Y[1.0], IndexError, "only integers, slices .* valid indices .got float"),
        (lambda: Y[object()], IndexError, "only integers"),
        (lambda: Y[tg.tensor([1.0])], IndexError, "tensors used as indices must be long"),
        (lambda: Y[tg.tensor([1], dtype=tg.int16)], IndexError, "tensors used as indices must be long"),
        (lambda: Y[[0.5]], IndexError, "arrays used as indices must hold integers"),
        (lambda: Y[0:1.5], TypeError, "integer"),
        (lambda: Y[tg.tensor([True] * 3)], IndexError, r"shape of the mask \[3\] at index 0 does not match.*\[2, 3\]"),
        (lambda: Y[[0, 1], [0, 1, 2]], IndexError, r"could not be broadcast together with shapes \[2\], \[3\]"),
        (lambda: Y.__setitem__(0, [1, 2, 3]), TypeError, "can't assign a list"),
        (lambda: Y.__setitem__(0, None), TypeError, "can't assign a NoneType"),
        (lambda: Y.__setitem__(0, tg.ones(5)), RuntimeError, "broadcast"),
        (lambda: Y.__setitem__([0], tg.ones(5)), RuntimeError, r"\[5\] cannot be broadcast to .* of shape \[1, 3\]"),
        (lambda: Y.__setitem__(Y > 9, tg.ones(2)), RuntimeError, r"\[2\] cannot be broadcast to .* of shape \[0\]"),
        (lambda: Y.__setitem__([0], tg.ones(2, 1, 3)), RuntimeError, r"\[2, 1, 3\] cannot be broadcast to"),
        (lambda: Y.__setitem__([9], 1.0), IndexError, "out of bounds"),
        (lambda: Y.gather(1, tg.tensor([[3]])), RuntimeError, "index 3 is out of bounds for dimension 1 with size 3"),
        (lambda: Y.gather(1, tg.tensor([[-1]])), RuntimeError, "index -1 is out of bounds"),
        (lambda: Y.gather(1, tg.tensor([1])), RuntimeError, "same number of dimensions as input"),
        (lambda: Y.gather(1, tg.tensor([[0]] * 3)), RuntimeError, "to be no larger than input"),
        (lambda: Y.gather(1, tg.tensor([[0.0]])), RuntimeError, "Expected dtype int32/int64 for index"),
        (lambda: Y.gather(2, tg.tensor([[0]])), IndexError, r"expected to be in range of \[-2, 1\], but got 2"),
        (lambda: Y.gather(-3, tg.tensor([[0]])), IndexError, r"expected to be in range of \[-2, 1\], but got -3"),
        (lambda: Y.scatter(1, tg.tensor([[3]]), 1.0), RuntimeError, "index 3 is out of bounds"),
        (lambda: Y.scatter(1, tg.tensor([[1]]), tg.ones(1, 1, dtype=tg.float64)), RuntimeError, "self.dtype to be equal"),
        (lambda: Y.scatter(1, tg.tensor([[1, 2]]), tg.ones(1, 1)), RuntimeError, "no larger than src"),
        (lambda: Y.scatter(1, tg.tensor([[1]]), tg.tensor(1.0)), RuntimeError, "same number of dimensions as src"),
        (lambda: Y.scatter(1, tg.tensor([[1]])), TypeError, "misses its argument 'src'"),
        (lambda: Y.scatter_add(1, tg.tensor([[1]]), 1.0), TypeError, "must be Tensor, not float"),
        (lambda: Y.scatter_add(1, tg.tensor([[1]]), tg.tensor([[1]])), RuntimeError, "self.dtype to be equal"),
        (lambda: Y.index_select(1, tg.tensor([5])), RuntimeError, "index 5 is out of bounds"),
        (lambda: Y.index_select(1, tg.tensor([[1]])), IndexError, "supposed to be a vector"),
        (lambda: Y.index_select(1, tg.tensor([1.0])), RuntimeError, "Expected dtype"),
        (lambda: Y.index_add(1, tg.tensor([0]), tg.ones(2, 2)), RuntimeError, "must match self tensor shape"),
        (lambda: Y.index_add(1, tg.tensor([5]), tg.ones(2, 1)), RuntimeError, "index 5 is out of bounds"),
        (lambda: Y.index_add(1, tg.tensor([0]), tg.ones(2, 1, dtype=tg.float64)), RuntimeError, "same scalar type"),
        (lambda: Y.take_along_dim(tg.tensor([1]), 1), RuntimeError, "same number of dimensions"),
        (lambda: tg.tensor(1.0).take_along_dim(tg.tensor(0), 0), IndexError, "no dimensions"),
        (lambda: Y.masked_select(tg.tensor([1, 0, 1])), RuntimeError, "expected BoolTensor"),
        (lambda: Y.masked_select(tg.tensor([True, False])), RuntimeError, "do not broadcast"),
        (lambda: F.one_hot(tg.tensor([-1])), RuntimeError, "must be non-negative"),
        (lambda: F.one_hot(tg.tensor([3]), 2), RuntimeError, "must be smaller than num_classes, got 3 for 2"),
        (lambda: F.one_hot(tg.tensor([1.0])), RuntimeError, "only applicable to index tensor"),
        (lambda: F.one_hot(tg.empty(0, dtype=I64)), RuntimeError, "Can not infer total number of classes"),
        (lambda: F.embedding(tg.tensor([2]), Y), IndexError, "out of range in self: indices from 2 to 2 into a table of 2"),
        (lambda: F.embedding(tg.tensor([-1]), Y), IndexError, "out of range in self"),
        (lambda: F.embedding(tg.tensor([1.0]), Y), RuntimeError, "Expected indices of type int64"),
        (lambda: F.embedding(tg.tensor([1]), Y[0]), RuntimeError, "must be 2-D"),
        (lambda: F.embedding(tg.tensor([1]), Y, padding_idx=2), AssertionError, "Padding_idx must be within"),
    ],
)  # fmt: skip
def test_errors(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call()


SHAPES = [((3,), (), (2,)), ((3,), (), ()), ((3,), (1,), ()), ((), (), (2,)), ((), (1,), ()), ((), (2,), (3,))]


@pytest.mark.parametrize("name", ["scatter", "scatter_add"])
@pytest.mark.parametrize(("shape", "places", "source"), SHAPES)
def test_scatter_takes_tensors_without_dimensions_for_vectors(
    name: str, shape: tuple[int, ...], places: tuple[int, ...], source: tuple[int, ...]
) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if name == "scatter" and places == (2,):
        pytest.skip("which of two writes to a place wins is not promised")
    results = []
    for library in (tg, torch):
        x, src = ((1 + library.arange(int(np.prod(s)), dtype=library.float64)).reshape(s) for s in (shape, source))
        index = library.zeros(places, dtype=library.int64)
        results.append(getattr(library, name)(x, 0, index, src).numpy())
    assert results[0].shape == results[1].shape
    np.testing.assert_array_equal(*results)
    inputs = [tg.ones(s, dtype=tg.float64, requires_grad=True) for s in (shape, source)]  # PyTorch refuses its own gradients
    assert gradcheck(lambda x, src: getattr(tg, name)(x, 0, tg.zeros(places, dtype=tg.int64), src), inputs)


def test_a_tensor_without_dimensions_has_one_element_to_select() -> None:
    assert tg.index_select(tg.tensor(3.0), 0, tg.tensor([0])).tolist() == 3.0
    with pytest.raises(RuntimeError, match="Index to scalar can have only 1 value, got 2"):
        tg.index_select(tg.tensor(3.0), 0, tg.tensor([0, 0]))


@pytest.mark.parametrize("scatter", [tg.scatter, tg.scatter_add])
@pytest.mark.parametrize("shape", [(0, 2), (0,), (2, 0, 1)])
def test_an_index_without_elements_scatters_nothing_whatever_its_shape(scatter: Any, shape: tuple[int, ...]) -> None:
    x, src = (tg.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    out = scatter(x, 0, tg.zeros(shape, dtype=tg.int64), src)
    assert out.tolist() == [1.0, 2.0]
    out.sum().backward()
    assert x.grad is not None
    assert src.grad is not None
    assert (x.grad.tolist(), src.grad.tolist()) == ([1.0, 1.0], [0.0, 0.0])


def test_scatter_that_reduces_has_no_derivative() -> None:
    x = tg.ones(2, requires_grad=True)
    y = x.scatter(0, tg.tensor([0, 0]), tg.tensor([2.0, 3.0]), reduce="multiply")
    assert y.tolist() == [6, 1]
    with pytest.raises(NotImplementedError, match="scatter_reduce"):
        y.sum().backward()
    with pytest.raises(RuntimeError, match="add or multiply"):
        x.scatter(0, tg.tensor([0]), 2.0, reduce="mean")
