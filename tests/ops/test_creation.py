"""New tensors: dtypes, sizes, sharing of memory and errors, against PyTorch where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from contract import Sample, integers, normal
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg

SAMPLES = [
    *[Sample(name, (normal(2, 3),)) for name in ("zeros_like", "ones_like")],
    Sample("zeros_like", (integers(5, 2),)),
    Sample("full_like", (normal(2, 3), 2.5)),
    Sample("full_like", (integers(5, 2), 2.5)),
    *[Sample(name, size) for name in ("zeros", "ones") for size in ((2, 3), ((2, 3),), ([],), (0,))],
    Sample("full", ((2, 3), 1.5)),
    Sample("eye", (2, 3)),
]

VALUES = [
    1, 1.0, True, [1, 2.0], [True, 1], [True, 1.0], [], [[], []], (1, 2), range(3), [[1, 2], [3, 4]], [[True], [False]],
    np.float64(1), [np.float64(1)], [np.float32(1)], [np.float32(1), 2.0], [np.float64(1), 2.0], [np.int32(1)],
    [np.float16(1)], np.ones(2, np.float32), [np.ones(2)], [np.ones(2, np.float32), np.ones(2)], [np.ones(2), [1, 2]],
    2**63 - 1, 1e40, float("nan"), np.array(3, np.int8), np.zeros((2, 0)),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Creating a tensor from a list of numpy")
@pytest.mark.parametrize("value", VALUES, ids=str)
def test_tensor_like_torch(value) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours, theirs = tg.tensor(value), torch.tensor(value)
    assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
    assert tuple(ours.shape) == tuple(theirs.shape)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_tensor_dtypes() -> None:
    assert tg.tensor([1, 2.5]).dtype is tg.float32
    assert tg.tensor([[1], [2]]).dtype is tg.int64
    assert tg.tensor([True]).dtype is tg.bool
    assert tg.tensor([]).dtype is tg.float32
    assert tg.tensor(np.ones(2)).dtype is tg.float64
    assert tg.tensor([1.5], dtype=tg.int64).tolist() == [1]
    assert tg.tensor(-1, dtype=tg.uint8).item() == 255
    try:
        tg.set_default_dtype(tg.float64)
        assert tg.tensor([1.0]).dtype is tg.zeros(1).dtype is tg.arange(2.0).dtype is tg.float64
    finally:
        tg.set_default_dtype(tg.float32)


def test_tensor_of_tensors() -> None:
    a = tg.tensor([1.0, 2.0], requires_grad=True)
    joined = tg.tensor([a[0], 2, np.float32(3), a[1:], tg.tensor([[5]])])
    assert joined.tolist() == [1, 2, 3, 2, 5]
    assert joined.dtype is tg.float32
    assert not joined.requires_grad
    assert tg.tensor(a).requires_grad is False
    assert tg.tensor([np.ones(2), np.ones(2)]).shape == (2, 2)


NESTED = [
    lambda t: [[t.tensor([1.0])], [t.tensor([2.0])]],
    lambda t: [t.tensor([[1.0]]), 2.0],
    lambda t: [[t.tensor([1]), 2]],
    lambda t: [[1.0], [t.tensor([2.0])]],
    lambda t: [[1.0], t.tensor([2.0])],
    lambda t: [[3, 4], t.tensor([1, 2])],
    lambda t: [t.tensor([1.0, 3.0]), t.tensor([2.0, 4.0])],
    lambda t: [t.tensor([1, 3]), t.tensor([2, 4])],
    lambda t: [t.tensor([[1.0, 2.0]])],
    lambda t: [t.tensor([])],
]


@pytest.mark.parametrize("make", NESTED)
def test_tensors_in_sequences_are_numbers_as_in_pytorch(make) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    try:
        theirs = torch.tensor(make(torch))
    except (ValueError, TypeError) as error:
        with pytest.raises(type(error), match="only one element"):
            tg.tensor(make(tg))
    else:
        ours = tg.tensor(make(tg))
        assert ours.tolist() == theirs.tolist()
        assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")


def test_tensor_copies() -> None:
    array = np.zeros(3)
    t = tg.tensor(array)
    array[0] = 1
    assert t.tolist() == [0, 0, 0]
    u = tg.tensor(t)
    t[0] = 5
    assert u[0] == 0


@given(
    st.recursive(
        st.floats(width=32, allow_nan=False) | st.integers(-9, 9),
        lambda x: st.lists(x, min_size=2, max_size=2),
        max_leaves=6,
    )
)
def test_nested_lists_round_trip_or_are_ragged(data) -> None:
    try:
        expected = np.array(data)
    except ValueError:
        with pytest.raises(ValueError, match="expected"):
            tg.tensor(data)
        return
    np.testing.assert_array_equal(tg.tensor(data).numpy(), expected.astype(np.float32))
    assert tg.tensor(data).tolist() == data


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([[1, 2], [3]], ValueError, r"expected sequence of length 2 at dim 1 \(got 1\)"),
        ([[[1], [1, 2]]], ValueError, r"expected sequence of length 1 at dim 2 \(got 2\)"),
        ([1, [2]], ValueError, r"expected a number at dim 1 \(got 1\)"),
        ("abc", TypeError, "invalid data type 'str'"),
        (["a"], TypeError, "str"),
        (None, RuntimeError, "Could not infer dtype of NoneType"),
        ([1, None], RuntimeError, "NoneType"),
        ({}, RuntimeError, "dict"),
        (object(), RuntimeError, "object"),
        (1j, RuntimeError, "complex"),
        (np.array(["a"]), TypeError, "can't convert np.ndarray of type <U1"),
        (np.array([None]), TypeError, "can't convert np.ndarray of type object"),
        (2**63, ValueError, "Overflow when unpacking long"),
        ([2**70], ValueError, "Overflow when unpacking long"),
    ],
)
def test_tensor_errors(data, error, message) -> None:
    with pytest.raises(error, match=message):
        tg.tensor(data)


@pytest.mark.parametrize(
    ("data", "dtype"), [(300, tg.uint8), ([-300], tg.uint8), (1e10, tg.int32), (float("nan"), tg.int64), (200, tg.int8)]
)
def test_values_must_fit(data, dtype) -> None:
    with pytest.raises(RuntimeError, match=f"cannot be converted to type {dtype.name} without overflow"):
        tg.tensor(data, dtype=dtype)


def test_requires_grad() -> None:
    for t in (
        tg.tensor(1.0, requires_grad=True), tg.zeros(2, requires_grad=True), tg.eye(2, requires_grad=True),
        tg.ones_like(tg.zeros(2), requires_grad=True), tg.full((2,), 1.0, requires_grad=True),
        tg.linspace(0, 1, 2, requires_grad=True), tg.zeros(1).new_full((2,), 1.0, requires_grad=True),
    ):  # fmt: skip
        assert t.requires_grad
        assert t.is_leaf
    for call in (lambda: tg.tensor(1, requires_grad=True), lambda: tg.arange(3, requires_grad=True)):
        with pytest.raises(RuntimeError, match="floating point"):
            call()


def test_sharing_memory() -> None:
    array = np.zeros(2)
    shared = [tg.from_numpy(array), tg.as_tensor(array), tg.asarray(array)]
    array[0] = 1
    assert [t[0].item() for t in shared] == [1, 1, 1]
    shared[0][1] = 2
    assert array.tolist() == [1, 2]
    assert tg.asarray(array, copy=True).numpy() is not array
    assert tg.as_tensor(array, dtype=tg.float32).dtype is tg.float32
    t = tg.ones(2, requires_grad=True)
    assert tg.as_tensor(t) is t
    assert tg.as_tensor(t, dtype=tg.float64).requires_grad
    assert tg.asarray([1, 2]).dtype is tg.int64
    with pytest.raises(ValueError, match="copy=False"):
        tg.asarray([1.0], copy=False)
    with pytest.raises(TypeError, match=r"expected np.ndarray \(got list\)"):
        tg.from_numpy([1.0])
    for bad in (np.array(["a"]), np.ones(1, np.complex64), np.ones(1, ">f4"), np.array([None])):
        with pytest.raises(TypeError, match="can't convert np"):
            tg.from_numpy(bad)


def test_sizes() -> None:
    assert tg.zeros(2, 3).shape == tg.zeros((2, 3)).shape == tg.zeros([2, 3]).shape == (2, 3)
    assert tg.zeros(tg.zeros(2, 3).shape).shape == tg.zeros(size=(2, 3)).shape == tg.zeros(np.int64(2), 3).shape
    assert tg.zeros(()).shape == ()
    assert tg.zeros(tg.tensor(2)).shape == (2,)
    assert tg.empty(0, 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tg.zeros(-1), RuntimeError, "negative dimension -1"),
        (lambda: tg.ones(1.5), TypeError, "'size' must be tuple of ints.*float"),
        (lambda: tg.zeros("a"), TypeError, "tuple of ints.*str"),
        (lambda: tg.zeros(True), TypeError, "tuple of ints.*bool"),
        (lambda: tg.zeros(None), TypeError, "NoneType"),
        (lambda: tg.zeros(), TypeError, "misses its argument 'size'"),
        (lambda: tg.zeros(2, device="cuda"), RuntimeError, "device 'cuda' is not available"),
        (lambda: tg.full(2, 1), TypeError, "tuple of ints, not int"),
        (lambda: tg.full((2,), "a"), TypeError, "'fill_value' must be Number, not str"),
        (lambda: tg.full((2,), tg.ones(1)), TypeError, "'fill_value' must be Number, not Tensor"),
        (lambda: tg.full((2,), 300, dtype=tg.uint8), RuntimeError, "without overflow"),
        (lambda: tg.eye(-1), RuntimeError, "negative dimension"),
        (lambda: tg.eye(2.0), TypeError, "float"),
        (lambda: tg.arange(5, 1), RuntimeError, "inconsistent with step sign"),
        (lambda: tg.arange(0, 5, 0), RuntimeError, "step must be nonzero"),
        (lambda: tg.arange(float("inf")), RuntimeError, "unsupported range"),
        (lambda: tg.arange("a"), TypeError, "'end' must be Number, not str"),
        (lambda: tg.arange(), TypeError, r"takes \(end\) or"),
        (lambda: tg.arange(1, 2, end=3), TypeError, "two values for 'end'"),
        (lambda: tg.arange(3, dtype=tg.bool), NotImplementedError, "bool"),
        (lambda: tg.linspace(0, 1, -1), RuntimeError, "steps must be non-negative"),
        (lambda: tg.linspace(0, 1, 2.0), TypeError, "'steps' must be int, not float"),
        (lambda: tg.zeros_like([1]), TypeError, "must be Tensor, not list"),
    ],
)
def test_errors(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call()


CALLS = [
    ("arange", (5,), {}), ("arange", (5.0,), {}), ("arange", (1, 5, 2), {}), ("arange", (1, 2, 0.25), {}),
    ("arange", (5, 1, -2), {}), ("arange", (), {"end": 3}), ("arange", (), {"start": 1, "end": 4}), ("arange", (0,), {}),
    ("arange", (0, 1, 0.1), {}), ("arange", (5,), {"dtype": "float32"}), ("arange", (2.5,), {"dtype": "int64"}),
    ("arange", (0.5, 5, 2), {"dtype": "int64"}), ("arange", (True,), {}), ("arange", (1, 6, 2.0), {}),
    ("linspace", (0, 1, 5), {}), ("linspace", (0, 10, 4), {"dtype": "int64"}), ("linspace", (0, 1, 1), {}),
    ("linspace", (0, 1, 0), {}), ("linspace", (), {"start": 0, "end": 1, "steps": 3}),
    ("linspace", (5, -5, 5), {"dtype": "int64"}), ("linspace", (0, 1, 5), {"dtype": "float16"}),
    ("logspace", (0, 2, 3), {}), ("logspace", (0, 3, 4), {"base": 2}), ("logspace", (0, 3, 4, 2.0), {"dtype": "int64"}),
    ("full", ((2,), 1), {}), ("full", ((2,), 1.0), {}), ("full", ((2,), True), {}), ("full", ([2], 1.5), {"dtype": "int64"}),
    ("full", ((2,), np.float64(1)), {}), ("eye", (2,), {}), ("eye", (2,), {"m": 3}), ("eye", (2,), {"dtype": "bool"}),
    ("zeros", (2,), {"dtype": "uint8"}), ("ones", (2, 0), {"dtype": "float16"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "kwargs"), CALLS, ids=str)
def test_rules_like_torch(name, args, kwargs) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    results = []
    for library in (tg, torch):
        given = {k: getattr(library, v) if k == "dtype" else v for k, v in kwargs.items()}
        results.append(getattr(library, name)(*args, **given))
    ours, theirs = results
    assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
    assert tuple(ours.shape) == tuple(theirs.shape)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


def test_new_tensors_take_the_dtype_of_the_old() -> None:
    like = tg.ones(1, dtype=tg.int16)
    assert like.new_tensor([2.5]).tolist() == [2]
    assert like.new_zeros(2, 3).shape == like.new_ones((2, 3)).shape == like.new_empty(2, 3).shape == (2, 3)
    assert like.new_full((2,), 2.5).tolist() == [2, 2]
    assert {t.dtype for t in (like.new_tensor(1), like.new_zeros(1), like.new_empty(1), like.new_ones(1))} == {tg.int16}
    assert like.new_zeros(2, dtype=tg.float64).dtype is tg.float64
    assert tg.empty_like(like, dtype=tg.bool).dtype is tg.bool
