"""Indexing: the sample rows, and what is special."""

from __future__ import annotations

import math

import numpy as np
import pytest
from contract import Sample, booleans, integers, normal
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS
from tinygrad_mlp.nn import functional as F

X = normal(3, 4, 2)

ROWS = integers(3, 5)  # with repeats

GRID = integers(3, 2, 4, seed=1)

MASK = booleans(3, 4, seed=2)


def own(name: str):
    """A block that has no counterpart in torch, as a plain call."""
    return {"torch_name": "", "call": OPS[name]}


SAMPLES = [
    *[
        Sample("getitem", (X, key), torch_fn=lambda x, key: x[key])
        for key in (1, (slice(None), -1), (..., 0), (0, 1, 1), None, slice(0, 0), (slice(1, None), None, slice(0, 4, 2)))
    ],
    Sample("getitem", (X, ROWS), torch_fn=lambda x, i: x[i]),
    Sample("getitem", (X, GRID), torch_fn=lambda x, i: x[i]),
    Sample("getitem", (X, ROWS), call=lambda x, i: x[:, i, 0], torch_fn=lambda x, i: x[:, i, 0]),
    Sample("getitem", (X, ROWS), call=lambda x, i: x[i, :, i % 2], torch_fn=lambda x, i: x[i, :, i % 2]),
    Sample("getitem", (X, ROWS), call=lambda x, i: x[i, i], torch_fn=lambda x, i: x[i, i]),
    Sample("getitem", (X, MASK), torch_fn=lambda x, m: x[m]),
    Sample("getitem", (X, MASK), call=lambda x, m: x[m, 1], torch_fn=lambda x, m: x[m, 1]),
    Sample("index", (X, ROWS - 2), {"dim": 1}, **own("index")),
    Sample("index_sum", (normal(5, 2), ROWS - 2), {"dim": 0, "size": 3}, **own("index_sum")),
    Sample("index_sum", (normal(2, 5, 2), ROWS), {"dim": 1, "size": 4}, **own("index_sum")),
    Sample("unslice", (normal(2),), {"key": (slice(1, 3),), "shape": (4,)}, **own("unslice")),
    Sample("put", (X, normal(5), np.array([0, 3, 23, 7, 8])), **own("put")),
    Sample("put", (X, 2.5, np.array([0, 3])), {"dim": 1, "dims": 1}, **own("put")),
    Sample("put", (X, normal(2, 2), np.array([0, 3])), {"dim": 1, "dims": 1}, **own("put")),
    Sample("ravel_index", (ROWS, GRID[:, :1]), {"sizes": (3, 4)}, **own("ravel_index")),
    Sample("true_positions", (MASK,), **own("true_positions")),
    Sample("masked_select", (X, booleans(3, 4, 2))),
    Sample("masked_select", (X, booleans(4, 1))),
    Sample("masked_select", (normal(2), booleans(3, 1))),
    Sample("argwhere", (MASK,)),
    Sample("nonzero", (integers(2, 3, 4),)),
    Sample("nonzero", (integers(2, 3, 4),), {"as_tuple": True}),
    Sample("nonzero", (np.array(3),), {"as_tuple": True}),
    Sample("one_hot", (integers(4, 2, 3),), {"num_classes": 5}, torch_name="nn.functional.one_hot"),
    Sample("one_hot", (integers(4, 2, 3),), torch_name="nn.functional.one_hot"),
    Sample("embedding", (ROWS, normal(3, 2)), torch_name="nn.functional.embedding"),
    Sample("scale_gradient", (X, normal(2)), torch_name="", call=lambda x, s: OPS["scale_gradient"](x, s).detach()),
]


@st.composite
def shapes(draw: st.DrawFn) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))


def slices(size: int) -> st.SearchStrategy[slice]:
    bound = st.none() | st.integers(-size - 1, size + 1)
    return st.builds(slice, bound, bound, st.none() | st.integers(1, 3))


@st.composite
def cases(draw: st.DrawFn, unique: bool = False) -> tuple[tuple[int, ...], tuple]:
    """A shape, and a key with every kind of item; ``unique`` if no element may be selected twice."""
    shape = draw(shapes())
    key: list = []
    count = draw(st.integers(1, 3))  # elements of every index array
    arrays = dim = 0
    covered = None  # by the Ellipsis, once there is one
    while dim < len(shape):
        size = shape[dim]
        if covered is not None or draw(st.integers(0, 4)):
            kind = draw(st.sampled_from(["int", "slice", "slice", "none", "mask", "array", "list"]))
        elif draw(st.booleans()):
            break
        else:
            covered = draw(st.integers(0, len(shape) - dim))
            key.append(...)
            dim += covered
            continue
        if kind == "none":
            key.append(None)
            continue
        if kind == "int":
            key.append(draw(st.integers(-size, size - 1)))
        elif kind == "slice":
            key.append(draw(slices(size)))
        elif kind == "mask" and not arrays:
            dims = draw(st.integers(1, len(shape) - dim))
            mask = np.zeros(shape[dim : dim + dims], bool)
            mask.flat[draw(st.permutations(range(mask.size)))[:count]] = True
            count = int(mask.sum())
            key.append(mask)
            arrays += 1
            dim += dims - 1
        elif unique and (arrays or count > size):  # one index in each further dimension: broadcast, and no repeats
            key.append([draw(st.integers(-size, size - 1))])
            arrays += 1
        else:
            index = draw(st.lists(st.integers(0, size - 1), min_size=count, max_size=count, unique=unique))
            index = [i - size if draw(st.booleans()) else i for i in index]
            key.append(index if kind == "list" else np.array(index))
            arrays += 1
        dim += 1
    return shape, tuple(key)


def as_torch(torch, key: tuple) -> tuple:
    return tuple(torch.from_numpy(k.copy()) if isinstance(k, np.ndarray) else k for k in key)


def as_ours(key: tuple) -> tuple:
    return tuple(tg.from_numpy(k.copy()) if isinstance(k, np.ndarray) and k.size % 2 else k for k in key)


def ints_first(x: np.ndarray, key: tuple) -> np.ndarray:
    """PyTorch's meaning of a key in NumPy's terms: integers select before index arrays are looked at."""
    basic: list = []
    advanced: list = []
    for k in key:
        if isinstance(k, list | np.ndarray):
            advanced.append(np.asarray(k))
            basic += [slice(None)] * (advanced[-1].ndim if advanced[-1].dtype == bool else 1)
        else:
            basic.append(k)
            advanced += [] if isinstance(k, int) else [k if k is ... else slice(None)]
    end = [] if any(k is ... for k in key) else [...]
    view = x[(*basic, *end)]
    return view[(*advanced, *end)]


@given(cases())
def test_reads_what_numpy_reads(case) -> None:
    shape, key = case
    x = np.arange(math.prod(shape), dtype=np.float64).reshape(shape)
    ours = tg.from_numpy(x)[as_ours(key)]
    expected = ints_first(x, key)
    assert tuple(ours.shape) == expected.shape
    np.testing.assert_array_equal(ours.numpy(), expected)
    assert np.shares_memory(ours.numpy(), x) == (
        expected.size > 0 and not any(isinstance(k, list | np.ndarray) for k in key)
    ), "a view exactly where the key is basic"


@given(cases())
def test_gradients_of_reads_equal_torch(case) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    shape, key = case
    x = normal(*shape)
    ours, theirs = tg.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    a, b = ours[as_ours(key)], theirs[as_torch(torch, key)]
    assert tuple(a.shape) == tuple(b.shape)
    w = normal(*a.shape, seed=5)
    (a * tg.tensor(w)).sum().backward()
    (b * torch.tensor(w)).sum().backward()
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-13, atol=1e-13)


@given(cases(unique=True), st.booleans(), st.integers(0, 3))
def test_writes_and_their_gradients_equal_torch(case, number, trimmed) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    shape, key = case
    x = normal(*shape)
    wanted = torch.tensor(x)[as_torch(torch, key)].shape
    v = np.array(2.5) if number else normal(*wanted[min(trimmed, len(wanted)) :], seed=6)
    results = []
    for library, made in ((tg, as_ours(key)), (torch, as_torch(torch, key))):
        leaf, value = library.tensor(x, requires_grad=True), library.tensor(v, requires_grad=True)
        y = leaf * 1.0
        y[made] = 2.5 if number else value
        (y * y * library.tensor(normal(*shape, seed=7))).sum().backward()
        results.append((y.detach(), leaf.grad, value.grad))
    for a, b in zip(*results, strict=True):
        if a is None:  # nothing was written
            assert b is None or not b.any()
        else:
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, atol=1e-12)


def test_write_reaches_the_array_and_every_view() -> None:
    array = np.zeros((2, 3))
    x = tg.from_numpy(array)
    row = x[1]
    x[1, 2] = 5
    x[:, [0]] = 7.0
    x[x == 0] = -1.0
    row[1] = 9
    np.testing.assert_array_equal(array, [[7, -1, -1], [7, 9, 5]])


def test_write_where_index_dimensions_are_apart() -> None:
    x = tg.zeros(2, 3, 4)
    x[[0, 1], :, [1, 3]] = tg.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(x[1, :, 3].numpy(), [3, 4, 5])
    assert x.sum() == 15


def test_augmented_assignment_through_a_key() -> None:
    w = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = w * 1
    y[1:] *= 10
    y[[0]] += 5
    y.sum().backward()
    assert w.grad.tolist() == [1, 10, 10]
    assert y.tolist() == [6, 20, 30]


def test_writes_cast_and_trim() -> None:
    x = tg.zeros(2, 3, dtype=tg.int64)
    x[0] = 2.7
    x[1] = tg.tensor([[[1.9, 2.0, True]]])
    assert x.tolist() == [[2, 2, 2], [1, 2, 1]]
    x[[True, False]] = tg.ones(1, 1, 3)
    assert x[0].tolist() == [1, 1, 1]


def test_write_into_a_leaf_and_into_a_saved_value() -> None:
    w = tg.ones(3, requires_grad=True)
    for key in (0, [0], tg.tensor([True, False, False])):
        with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
            w[key] = 2.0
    with tg.no_grad():
        w[0] = 2.0
    y = w * 1
    z = y * y
    y[[0]] = 5.0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_second_order_through_a_write() -> None:
    x = tg.tensor([1.0, 2.0, 3.0], dtype=tg.float64, requires_grad=True)
    y = x * x
    y[[0, 2]] = x[:2] ** 3
    (g,) = tg.autograd.grad((y * y).sum(), x, create_graph=True)
    (h,) = tg.autograd.grad(g.sum(), x)
    # y = (x0^3, x1^2, x1^3): d2/dx0 of x0^6, d2/dx1 of x1^4 + x1^6
    np.testing.assert_allclose(h.numpy(), [30 * 1, 12 * 4 + 30 * 16, 0])


def test_keys_that_torch_knows() -> None:
    x = tg.arange(24.0).reshape(2, 3, 4)
    assert x[0, :, [0, 1]].shape == (3, 2)
    assert x[True].shape == (1, 2, 3, 4)
    assert x[False].shape == (0, 2, 3, 4)
    assert x[tg.tensor(True), [0, 1]].shape == (2, 3, 4)
    assert x[:, True, True].shape == (2, 1, 3, 4)
    assert x[..., ...].shape == (2, 3, 4)
    assert x[tg.tensor(1)].shape == x[np.int64(1)].shape == x[np.array(1)].shape == (3, 4)
    assert x[range(2)].shape == x[(0, 1),].shape == (2, 3, 4)
    assert x[[]].shape == (0, 3, 4)
    assert x[tg.tensor([1, 0], dtype=tg.uint8)].shape == (1, 3, 4)
    assert x[tg.tensor(0) : tg.tensor(1)].shape == (1, 3, 4)
    assert x[()].shape == x[...].shape == (2, 3, 4)
    assert x[()] is not x
    assert tg.tensor(5.0)[...].item() == 5
    assert x[[[0, 1], [1, 0]]].shape == (2, 2, 3, 4)


def test_in_place_forms() -> None:
    x = tg.zeros(2, 3)
    assert x.scatter_(1, tg.tensor([[2], [0]]), 1.0) is x
    x.scatter_(1, tg.tensor([[1], [1]]), value=2.0)
    x.scatter_add_(1, tg.tensor([[1, 1], [0, 0]]), tg.ones(2, 2))
    x.index_add_(0, tg.tensor([0, 0]), tg.ones(2, 3), alpha=10)
    assert x.tolist() == [[20, 24, 21], [3, 2, 0]]


@pytest.mark.parametrize("options", [{"padding_idx": -1}, {"padding_idx": 0, "scale_grad_by_freq": True}], ids=str)
def test_embedding_gradients_that_are_not_derivatives(options) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    gradients = []
    for library in (tg, torch):
        w = library.tensor(normal(3, 2), requires_grad=True)
        out = library.nn.functional.embedding(library.tensor(GRID), w, **options)
        (out * library.tensor(normal(2, 4, 2))).sum().backward()
        gradients.append(w.grad.numpy())
    np.testing.assert_allclose(*gradients, rtol=1e-13)


def test_embedding_renorms_what_is_looked_up() -> None:
    w = tg.tensor([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]], requires_grad=True)
    out = F.embedding(tg.tensor([0, 1, 0]), w, max_norm=1.0)
    np.testing.assert_allclose(out.detach().numpy(), [[0.6, 0.8], [0.3, 0.4], [0.6, 0.8]], rtol=1e-6)
    assert w[2].tolist() == [6, 8]
