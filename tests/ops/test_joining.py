"""Joining, splitting, repeating and padding: the sample rows, and what is special."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from contract import Sample, integers, normal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mlp as tg


def listed(name: str, a: Any, b: Any, c: Any, *args: Any) -> Sample:
    """A row for an operation on a list of tensors."""
    return Sample(
        name,
        (a, b, c),
        call=lambda *tensors: getattr(tg, name)(tensors, *args),
        torch_fn=lambda *tensors: __import__("torch").__dict__[name](tensors, *args),
        covers=(f"_{name}",),
    )


SAMPLES = [
    Sample("repeat", (normal(2, 3), (2, 1, 3)), torch_name="Tensor.repeat"),
    Sample("tile", (normal(2, 3), (2,))),
    listed("cat", normal(2, 3), normal(1, 3), normal(4, 3)),
    listed("cat", normal(2, 3), normal(2, 1), normal(2, 2), -1),
    listed("cat", normal(2, 3), normal(0, 3), integers(5, 1, 3)),
    listed("stack", normal(2, 3), normal(2, 3, seed=1), normal(2, 3, seed=2), 1),
    listed("stack", normal(2, 3), normal(2, 3, seed=1), normal(2, 3, seed=2), -1),
    listed("stack", normal(2, 3), normal(2, 3, seed=1), normal(2, 3, seed=2)),
    listed("vstack", normal(3), normal(2, 3), normal(1, 3)),
    listed("hstack", normal(3), normal(), normal(2)),
    listed("hstack", normal(2, 3), normal(2, 1), normal(2, 2)),
    listed("hstack", normal(2, 3), normal(2, 1), normal(0)),
    Sample("narrow", (normal(4, 3), 0, -3, 3)),
    Sample("select", (normal(4, 3), -1, -2)),
    Sample("select", (normal(4), 0, 1)),
    Sample("split", (normal(5, 2), 2)),
    Sample("split", (normal(2, 5), [1, 0, 4], -1)),
    Sample("chunk", (normal(5, 2), 3)),
    Sample("unbind", (normal(2, 3), 1)),
    *[Sample(name, (normal(4, 5, 3), *options)) for name, *options in (("unbind",), ("split", 3), ("chunk", 2))],
    *[
        Sample("pad", (x, widths, mode), torch_name="nn.functional.pad")
        for mode in ("reflect", "replicate", "circular")
        for x, widths in (
            (normal(2, 3), (1, 2)),
            (normal(2, 3, 3), (2, 0, 0, 1)),
            (normal(2, 3), (-1, 1)),
            (normal(2, 4), (1, -2)),
        )
    ],
    Sample("pad", (normal(2, 3), (1, 2, 0, 1), "constant", 0.5), torch_name="nn.functional.pad", covers=("_pad",)),
    Sample("pad", (normal(2, 3), (-1, 2)), torch_name="nn.functional.pad"),
    Sample("pad", (integers(5, 2, 3), (-3, 0, 1, 1)), {"value": 1.5}, torch_name="nn.functional.pad"),
]


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@st.composite
def arrays(draw: Any, min_dims: int = 0) -> np.ndarray:
    """An array of distinct values, perhaps empty, perhaps not contiguous."""
    shape = draw(hnp.array_shapes(min_dims=min_dims, max_dims=4, min_side=0, max_side=3))
    array = np.arange(math.prod(shape), dtype=np.float64).reshape(shape)
    return array.transpose(draw(st.permutations(range(len(shape)))))


def same(ours: Any, expected: np.ndarray) -> None:
    assert tuple(ours.shape) == expected.shape
    np.testing.assert_array_equal(ours.numpy(), expected)


@given(arrays(min_dims=1), st.data())
def test_pad_against_torch(array: np.ndarray, data: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    widths = []
    for n in array.shape[::-1][: data.draw(st.integers(0, array.ndim))]:
        before = data.draw(st.integers(-n, 3))
        widths += [before, data.draw(st.integers(-n - min(before, 0), 3))]
    ours = tg.nn.functional.pad(tg.from_numpy(array), widths, value=-1.0)
    same(ours, torch.nn.functional.pad(torch.from_numpy(array.copy()), widths, value=-1.0).numpy())


def test_cat_and_stack_take_the_common_dtype() -> None:
    assert tg.cat([tg.ones(1), tg.ones(1, dtype=tg.int64)]).dtype is tg.float32
    assert tg.cat([tg.ones(1), tg.ones(1, dtype=tg.float64)]).dtype is tg.float64
    assert tg.stack([tg.ones(1, dtype=tg.bool), tg.ones(1, dtype=tg.uint8)]).dtype is tg.uint8
    assert tg.cat([tg.zeros(0), tg.zeros(0)]).shape == (0,)
    assert tg.cat([tg.zeros(0), tg.ones(2, 3)]).shape == (2, 3)
    assert tg.cat([tg.zeros(0), tg.zeros(3, 0)]).shape == tg.cat([tg.zeros(3, 0), tg.zeros(0)], 1).shape == (3, 0)


def test_padding_of_every_dimension_and_order_of_widths() -> None:
    x = tg.ones(1, 2)
    padded = tg.nn.functional.pad(x, (0, 1, 2, 0))
    assert padded.tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 0]]
    assert tg.nn.functional.pad(tg.tensor([1, 2, 3]), (2, 1), mode="circular").tolist() == [2, 3, 1, 2, 3, 1]
    assert tg.nn.functional.pad(tg.tensor([1, 2]), (2, 1), mode="replicate").tolist() == [1, 1, 1, 2, 2]
    assert tg.nn.functional.pad(tg.zeros(0), (1, 1), value=3).tolist() == [3, 3]


def test_of_an_empty_vector_cat_takes_the_dtype() -> None:
    empty = tg.zeros(0, dtype=tg.float64, requires_grad=True)
    joined = tg.cat([empty, tg.tensor([[4], [5]], dtype=tg.uint8)], 1)
    assert (joined.dtype, joined.tolist()) == (tg.float64, [[4.0], [5.0]])
    joined.sum().backward()
    assert empty.grad is not None
    assert empty.grad.shape == (0,)
    assert tg.cat([tg.zeros(0), tg.zeros(0)]).shape == (0,)
