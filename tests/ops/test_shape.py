"""Shapes: the sample rows, and what is special."""

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
from tinygrad_mlp.core.primitive import OPS, PRIMITIVES

SAMPLES = [
    Sample("reshaped", (normal(2, 3, 4), (4, 6)), torch_name="reshape"),
    Sample("broadcast", (normal(3, 1), (2, 3, 4)), torch_name="broadcast_to"),
    Sample("matrix_transpose", (normal(2, 3, 4),), torch_fn=lambda x: x.mT),
    Sample("reshape", (normal(2, 3, 4), (4, -1))),
    Sample("reshape", (normal(1, 1), ())),
    Sample("view", (normal(2, 3, 4), (6, 4)), torch_name="Tensor.view"),
    Sample("flatten", (normal(2, 3, 4), 1)),
    Sample("unflatten", (normal(2, 6), 1, (2, -1))),
    Sample("unflatten", (normal(2, 6, 3), 1, (2, -1, 1))),
    Sample("ravel", (normal(2, 3),)),
    Sample("squeeze", (normal(1, 3, 1),)),
    Sample("squeeze", (normal(1, 3, 1), (0, 1))),
    Sample("unsqueeze", (normal(2, 3), -1)),
    Sample("atleast_1d", (normal(),)),
    Sample("atleast_2d", (normal(3),)),
    Sample("permute", (normal(2, 3, 4), (2, 0, -2))),
    Sample("transpose", (normal(2, 3, 4), 0, -1)),
    Sample("transpose", (normal(), 0, -1)),
    Sample("t", (normal(2, 3),)),
    Sample("movedim", (normal(2, 3, 4), (0, 1), (-1, 0))),
    Sample("expand", (normal(2, 1, 3), (4, -1, 5, 3)), torch_name="Tensor.expand"),
    Sample("expand", (normal(2, 3), (1, 2, 3)), torch_name="Tensor.expand"),
    Sample("repeat_interleave", (normal(2, 3), 2)),
    Sample("repeat_interleave", (normal(2, 3), integers(3, 3), 1)),
    Sample("meshgrid", (normal(2), normal(3)), {"indexing": "xy"}),
    Sample("meshgrid", (normal(2), normal(), normal(3)), {"indexing": "ij"}),
    Sample("broadcast_tensors", (normal(2, 1), normal(3))),
    Sample("flip", (normal(2, 3), (0, -1))),
    Sample("flip", (normal(), ())),
    Sample("roll", (normal(2, 3), 2)),
    Sample("roll", (normal(2, 3), (1, -1), (0, 1))),
    Sample("tril", (normal(3, 4), 1)),
    Sample("triu", (normal(2, 3, 3), -1)),
    *[Sample(name, (normal(4, 5, 3),)) for name in ("tril", "triu", "diagonal")],
    *[Sample("diag", (normal(*shape),)) for shape in ((3,), (3, 4))],
    Sample("diag", (normal(3), -1), covers=("_on_diagonal",)),
    Sample("diag", (normal(3, 4), 1)),
    Sample("diagonal", (normal(3, 4, 2), -1, 2, 0)),
    Sample("diagonal", (normal(3, 4), 7)),
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


def dims_of(array: np.ndarray) -> st.SearchStrategy[int]:
    return st.integers(-array.ndim, array.ndim - 1)


def same(ours: Any, expected: np.ndarray) -> None:
    assert tuple(ours.shape) == expected.shape
    np.testing.assert_array_equal(ours.numpy(), expected)


@given(arrays(min_dims=1), st.data())
def test_arrangements_against_numpy(array: np.ndarray, data: Any) -> None:
    x = tg.from_numpy(array)
    dim, other = data.draw(dims_of(array)), data.draw(dims_of(array))
    order = tuple(data.draw(st.permutations(range(array.ndim))))
    several = tuple(data.draw(st.lists(st.integers(0, array.ndim - 1), unique=True)))
    times = tuple(data.draw(st.lists(st.integers(0, 2), min_size=array.ndim, max_size=4)))
    shift = data.draw(st.integers(-4, 4))
    same(x.permute(order), array.transpose(order))
    same(x.permute(*order), array.transpose(order))
    same(x.transpose(dim, other), array.swapaxes(dim, other))
    same(x.movedim(dim, other), np.moveaxis(array, dim, other))
    same(x.movedim(several, several[::-1]), np.moveaxis(array, several, several[::-1]))
    same(x.reshape(-1) if array.size else x.ravel(), array.reshape(-1))
    same(x.reshape(array.T.shape), array.reshape(array.T.shape))
    same(x.flatten(), array.reshape(-1))
    same(x.unsqueeze(dim), np.expand_dims(array, dim))
    same(x.squeeze(), array.squeeze())
    same(x.squeeze(dim), array.squeeze(dim) if array.shape[dim] == 1 else array)
    same(x.flip(*several) if several else x.flip(()), np.flip(array, several))
    same(x.roll(shift, dim), np.roll(array, shift, dim))
    same(x.roll(shift), np.roll(array, shift))
    same(x.repeat(times), np.tile(array, times))
    same(x.tile(times[:1]), np.tile(array, times[:1]))
    same(x.repeat_interleave(2, dim), np.repeat(array, 2, dim))
    same(tg.cat([x, x], dim), np.concatenate([array, array], dim))
    same(tg.stack([x, x], dim), np.stack([array, array], dim))
    same(x.expand(2, *array.shape), np.broadcast_to(array, (2, *array.shape)))
    assert sum(part.shape[dim] for part in x.split(2, dim)) == array.shape[dim]
    same(tg.cat(x.split(2, dim), dim), array)
    same(tg.cat(x.chunk(2, dim), dim), array)
    if array.shape[dim]:
        same(tg.stack(x.unbind(dim), dim), array)


@given(arrays(min_dims=2), st.data())
def test_diagonals_against_numpy(array: np.ndarray, data: Any) -> None:
    x = tg.from_numpy(array)
    one, two = data.draw(st.lists(st.integers(0, array.ndim - 1), unique=True, min_size=2, max_size=2))
    offset = data.draw(st.integers(-4, 4))
    same(x.tril(offset), np.tril(array, offset))
    same(x.triu(offset), np.triu(array, offset))
    taken = x.diagonal(offset, one, two)
    assert tuple(taken.shape)[:-1] == np.diagonal(array, 0, one, two).shape[:-1]
    if min(array.shape) > abs(offset):
        same(taken, np.diagonal(array, offset, one, two))


@given(arrays(), st.data())
def test_view_is_a_view_where_torch_has_one(array: np.ndarray, data: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if not array.size:
        return
    shape = data.draw(st.sampled_from([(-1,), array.shape, array.shape[::-1], (*array.shape, 1), (1, -1)]))
    try:
        expected = torch.from_numpy(array).view(shape)
    except RuntimeError:
        with pytest.raises(RuntimeError, match=r"use \.reshape"):
            tg.from_numpy(array).view(shape)
    else:
        same(tg.from_numpy(array).view(shape), expected.numpy())


VIEWS = {
    "reshape": lambda x: x.reshape(6),
    "view": lambda x: x.view(3, 2),
    "flatten": lambda x: x.flatten(),
    "unflatten": lambda x: x.unflatten(1, (3, 1)),
    "squeeze": lambda x: x.unsqueeze(0).squeeze(0),
    "permute": lambda x: x.permute(1, 0),
    "transpose": lambda x: x.transpose(0, 1),
    "t": lambda x: x.t(),
    "T": lambda x: x.T,
    "movedim": lambda x: x.movedim(0, 1),
    "narrow": lambda x: x.narrow(1, 1, 2),
    "select": lambda x: x.select(0, 1),
    "select to a number": lambda x: x.select(0, 1).select(0, 0),
    "split": lambda x: x.split(1)[1],
    "chunk": lambda x: x.chunk(2)[0],
    "unbind": lambda x: x.unbind(1)[2],
    "diagonal": lambda x: x.diagonal(1),
    "expand to the same size": lambda x: x.expand(1, 2, 3),
}

COPIES = {
    "flip": lambda x: x.flip(0),
    "flip of nothing": lambda x: x.flip(()),
    "roll": lambda x: x.roll(0),
    "tril": lambda x: x.tril(5),
    "repeat": lambda x: x.repeat(1, 1),
    "diag": lambda x: x.diag(),
    "cat": lambda x: tg.cat([x]),
    "stack": lambda x: tg.stack([x]),
    "reshape that cannot view": lambda x: x.T.reshape(6),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_share_memory_and_history(name: str) -> None:
    x = tg.zeros(2, 3)
    part = VIEWS[name](x)
    part += 1
    assert x.sum().item() == part.numel()
    leaf = tg.ones(2, 3, requires_grad=True)
    y = leaf * 1
    part = VIEWS[name](y)
    part *= 5
    y.sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.sum().item() == 6 + 4 * part.numel()


@pytest.mark.parametrize("name", COPIES)
def test_copies_do_not(name: str) -> None:
    x = tg.ones(2, 3)
    part = COPIES[name](x)
    part += 1
    assert x.sum().item() == 6


def test_an_expanded_view_is_not_written() -> None:
    x = tg.ones(3, 1)
    y = x.expand(3, 4)
    assert y.numpy().strides == (4, 0)
    with pytest.raises(RuntimeError, match="clone"):
        y += 1
    assert tg.broadcast_tensors(x, tg.ones(4))[0].numpy().strides == (4, 0)


def test_these_and_no_other_primitives_may_view_their_input() -> None:
    views = {
        "broadcast",
        "matrix_transpose",
        "reshaped",
        "strided_view",
        "reshape",
        "view",
        "movedim",
        "permute",
        "transpose",
        "expand",
        "diagonal",
        "slice_",
        "unfold",
    }
    assert {name for name, op in PRIMITIVES.items() if op.view} == views


def test_reshape_of_what_is_contiguous_records_one_node() -> None:
    x = tg.ones(2, 3, requires_grad=True)
    y = x.flatten()
    assert y.grad_fn is not None
    assert y.grad_fn.name() == "ReshapeBackward0"
    assert x.flatten().grad_fn.next_functions[0][0].name() == "AccumulateGrad"


def test_sizes_may_be_a_tuple_or_spelled_out() -> None:
    x = tg.arange(6)
    for y in (x.reshape(2, 3), x.reshape((2, 3)), x.reshape([2, -1]), tg.reshape(x, (2, 3)), x.view(2, 3), x.view((2, 3))):
        assert y.shape == (2, 3)
    assert x.reshape(tg.zeros(3, 2).shape).shape == (3, 2)
    assert x.reshape(tg.tensor(2), 3).shape == (2, 3)
    assert tg.ones(2, 3).expand((4, 2, 3)).shape == tg.ones(2, 3).expand(4, -1, -1).shape == (4, 2, 3)
    assert tg.broadcast_to(tg.ones(3), (2, 3)).shape == tg.ones(3).broadcast_to((2, 3)).shape == (2, 3)


def test_numpy_spellings() -> None:
    x = tg.ones(2, 3)
    assert tg.cat([x, x], axis=1).shape == (2, 6)
    assert tg.concat((x, x)).shape == tg.concatenate((x, x)).shape == (4, 3)
    assert tg.squeeze(x[None], axis=0).shape == (2, 3)
    assert tg.swapaxes(x, 0, 1).shape == tg.swapdims(x, 0, 1).shape == tg.moveaxis(x, 0, 1).shape == (3, 2)


def test_pieces_of_awkward_sizes(torch: Any) -> None:
    for call in (
        lambda t: t.zeros(0, 3).split(2),
        lambda t: t.zeros(0, 3).split(0),
        lambda t: t.zeros(0, 3).chunk(3),
        lambda t: t.arange(7).chunk(4),
        lambda t: t.arange(3).chunk(9),
        lambda t: t.arange(3).split(9),
        lambda t: t.ones(2, 3).split((1, 2), dim=1),
        lambda t: t.zeros(2, 0).unbind(1),
    ):
        ours, theirs = (call(t) for t in (tg, torch))
        assert [tuple(p.shape) for p in ours] == [tuple(p.shape) for p in theirs]


def test_one_tensor_or_several() -> None:
    assert tg.atleast_1d(tg.tensor(1.0)).shape == (1,)
    assert [tuple(x.shape) for x in tg.atleast_2d(tg.tensor(1.0), tg.ones(3))] == [(1, 1), (1, 3)]
    assert [tuple(x.shape) for x in tg.atleast_2d([tg.tensor(1.0)])] == [(1, 1)]
    assert [tuple(x.shape) for x in tg.meshgrid([tg.ones(2), tg.ones(3)])] == [(2, 3)] * 2
    for x in (tg.ones(3), tg.ones(2, 3)):
        assert tg.hstack([x]).shape == tg.cat([x]).shape == x.shape


def test_tensors_without_dimensions() -> None:
    x = tg.tensor(3.0)
    assert x.flatten().shape == x.unsqueeze(0).shape == x.ravel().shape == x.repeat(1).shape == (1,)
    assert (
        x.squeeze(0).shape
        == x.transpose(0, -1).shape
        == x.flip(0).shape
        == x.permute(()).shape
        == x.movedim(0, 0).shape
        == ()
    )


X = np.arange(6.0).reshape(2, 3)

BAD = [
    ("reshape", lambda x, t: x.reshape(4), r"\(2, 3\)"),
    ("reshape", lambda x, t: x.reshape(-1, -1), "only specify one unknown dimension"),
    ("reshape", lambda x, t: x.reshape(-2, 3), "invalid shape dimension -2"),
    ("reshape", lambda x, t: x.reshape(2.0, 3), "tuple of ints"),
    ("reshape", lambda x, t: t.reshape(x, 6), "tuple of ints"),
    ("reshape", lambda x, t: t.zeros(0, 3).reshape(-1, 0), "reshape"),
    ("view", lambda x, t: x.view(4), r"\(2, 3\)"),
    ("view", lambda x, t: x.T.view(6), "use .reshape"),
    ("flatten", lambda x, t: x.flatten(1, 0), "cannot come after"),
    ("flatten", lambda x, t: x.flatten(0, 5), "got 5"),
    ("unflatten", lambda x, t: x.unflatten(1, (2, 2)), "multiply up"),
    ("unflatten", lambda x, t: x.unflatten(1, (-1, 2)), "multiply up"),
    ("unflatten", lambda x, t: x.unflatten(1, (-1, -1)), "multiply up"),
    ("unflatten", lambda x, t: x.unflatten(1, ()), "multiply up"),
    ("unflatten", lambda x, t: t.zeros(2, 0).unflatten(1, (0, -1)), "multiply up"),
    ("unflatten", lambda x, t: x.unflatten(5, (2, 2)), "got 5"),
    ("squeeze", lambda x, t: x.squeeze(2), r"range of \[-2, 1\], but got 2"),
    ("squeeze", lambda x, t: x.squeeze(-3), r"range of \[-2, 1\], but got -3"),
    ("unsqueeze", lambda x, t: x.unsqueeze(4), r"range of \[-3, 2\], but got 4"),
    ("permute", lambda x, t: x.permute(0), "dimensions don.t match"),
    ("permute", lambda x, t: x.permute(0, 0), "repeated"),
    ("permute", lambda x, t: x.permute(0, 5), "out of range"),
    ("transpose", lambda x, t: x.transpose(0, 2), "out of range"),
    ("transpose", lambda x, t: t.tensor(1.0).transpose(0, 1), "out of range"),
    ("t", lambda x, t: x[None].t(), "<= 2 dimensions"),
    ("movedim", lambda x, t: x.movedim((0, 1), 0), "both"),
    ("movedim", lambda x, t: x.movedim((0, 0), (0, 1)), "repeated"),
    ("movedim", lambda x, t: x.movedim((0, 1), (0,)), "same number"),
    ("movedim", lambda x, t: x.movedim(0, 4), "got 4"),
    ("expand", lambda x, t: x.expand(2, 4), r"\(2, 3\)"),
    ("expand", lambda x, t: x.expand(3), "expand"),
    ("expand", lambda x, t: x.expand(-1, 2, 3), "do not broadcast"),
    ("expand", lambda x, t: x.expand(2, -2), "expand"),
    ("broadcast_tensors", lambda x, t: t.broadcast_tensors(x, t.ones(2)), "do not broadcast"),
    ("repeat", lambda x, t: x.repeat(2), "every dimension"),
    ("repeat", lambda x, t: x.repeat(-1, 1), "from 0 up"),
    ("repeat_interleave", lambda x, t: x.repeat_interleave(t.tensor([1, 2, 3]), 0), "same size"),
    ("repeat_interleave", lambda x, t: x.repeat_interleave(-1), "non-negative"),
    ("repeat_interleave", lambda x, t: x.repeat_interleave(2, dim=5), "got 5"),
    ("repeat_interleave", lambda x, t: t.tensor(1.0).repeat_interleave(2, dim=0), "no dimensions"),
    ("cat", lambda x, t: t.cat([]), "non-empty"),
    ("cat", lambda x, t: t.cat([x, t.ones(3, 3)], 1), r"\(3, 3\)"),
    ("cat", lambda x, t: t.cat([x, t.ones(2)]), "the tensor at index 1"),
    ("cat", lambda x, t: t.cat([x, t.ones(2)], 1), "the tensor at index 1"),
    ("cat", lambda x, t: t.cat([x, t.tensor(1.0)]), "0 dimension"),
    ("cat", lambda x, t: t.cat([x], 5), "got 5"),
    ("cat", lambda x, t: t.cat(x), "tuple of Tensors"),
    ("stack", lambda x, t: t.stack([]), "non-empty"),
    ("stack", lambda x, t: t.stack([x, t.ones(2)]), "must have the same shape"),
    ("stack", lambda x, t: t.stack([x, x], 3), "got 3"),
    ("split", lambda x, t: x.split([1, 1], 1), "sum exactly to 3"),
    ("split", lambda x, t: x.split([1, -1, 3], 1), "non-negative"),
    ("split", lambda x, t: x.split(0, 1), "positive"),
    ("split", lambda x, t: x.split(-1, 1), "positive"),
    ("split", lambda x, t: t.tensor(1.0).split(1), "1-dimensional"),
    ("chunk", lambda x, t: x.chunk(0), "greater than 0"),
    ("unbind", lambda x, t: t.tensor(1.0).unbind(), "no dimensions"),
    ("narrow", lambda x, t: x.narrow(1, 0, 4), "exceed"),
    ("narrow", lambda x, t: x.narrow(1, 2, 2), "exceed"),
    ("narrow", lambda x, t: x.narrow(1, 4, 0), r"start out of range .*of \[-3, 3\], but got 4"),
    ("narrow", lambda x, t: x.narrow(1, 0, -1), "non-negative"),
    ("narrow", lambda x, t: t.tensor(1.0).narrow(0, 0, 1), "0-dim"),
    ("select", lambda x, t: x.select(1, 5), "index 5 out of range"),
    ("select", lambda x, t: x.select(5, 0), "got 5"),
    ("select", lambda x, t: t.tensor(1.0).select(0, 0), "0-dim"),
    ("hstack", lambda x, t: t.hstack([1.0]), "must be Tensors, not float"),
    ("vstack", lambda x, t: t.vstack([1.0]), "must be Tensors, not float"),
    ("flip", lambda x, t: x.flip(0, 0), "repeated dimension"),
    ("flip", lambda x, t: x.flip(3), "got 3"),
    ("flip", lambda x, t: t.flip(x, 0), "tuple of ints"),
    ("roll", lambda x, t: x.roll((1, 2), 0), "must align"),
    ("roll", lambda x, t: x.roll((1, 2)), "must align"),
    ("roll", lambda x, t: x.roll(1, 5), "5"),
    ("tril", lambda x, t: x[0].tril(), "at least 2 dimensions"),
    ("triu", lambda x, t: t.tensor(1.0).triu(), "at least 2 dimensions"),
    ("diag", lambda x, t: x[None].diag(), "1D or 2D"),
    ("diagonal", lambda x, t: x[0].diagonal(), "got 1"),
    ("diagonal", lambda x, t: x.diagonal(0, 1, 1), "identical"),
    ("meshgrid", lambda x, t: t.meshgrid(x[0], x, indexing="ij"), "0D or 1D"),
    ("meshgrid", lambda x, t: t.meshgrid(x[0], x[0], indexing="a"), "indexing"),
    ("pad", lambda x, t: t.nn.functional.pad(x, (1,)), "divisible by 2"),
    ("pad", lambda x, t: t.nn.functional.pad(x, (1,) * 6), "two times the input"),
    ("pad", lambda x, t: t.nn.functional.pad(x, (-4, 0)), "negative size"),
    ("pad", lambda x, t: t.nn.functional.pad(x, (3, 0), mode="reflect"), "too large"),
    ("pad", lambda x, t: t.nn.functional.pad(x, (4, 0), mode="circular"), "too large"),
    ("pad", lambda x, t: t.nn.functional.pad(x, (1, 1), mode="foo"), "Unrecognised"),
    ("pad", lambda x, t: t.nn.functional.pad(x, (1, 1), mode="reflect", value=1.0), "value"),
]

CLASSES = (ValueError, IndexError, TypeError, NotImplementedError, RuntimeError)

each_error = pytest.mark.parametrize(("name", "call", "message"), BAD)


@each_error
def test_errors(name: str, call: Any, message: str) -> None:
    assert name in OPS
    with pytest.raises(CLASSES, match=message):
        call(tg.tensor(X), tg)


@each_error
def test_errors_are_of_torch_classes(torch: Any, name: str, call: Any, message: str) -> None:
    with pytest.raises(CLASSES) as theirs:
        call(torch.tensor(X), torch)
    expected = next(c for c in CLASSES if isinstance(theirs.value, c))
    with pytest.raises(expected):
        call(tg.tensor(X), tg)


def test_expanding_nothing_gives_a_view_to_write_to() -> None:
    x = tg.ones(2, 3)
    x.expand(-1, 3).add_(1)
    x.expand(1, 2, 3).add_(1)
    assert x.tolist() == [[3.0] * 3] * 2
