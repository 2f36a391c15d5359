"""Collating and converting, as PyTorch does."""

from __future__ import annotations

import collections
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.utils.data import (
    default_collate,
    default_convert,
)


@pytest.fixture(scope="module")
def pytorch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


Point = collections.namedtuple("Point", ["x", "y"])

LEAF = st.sampled_from(["int", "float", "bool", "str", "array", "float32", "uint8"])


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(inner, min_size=1, max_size=3)
        | st.tuples(inner, inner)
        | st.builds(Point, inner, inner)
        | st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3)
    )


SAMPLES = LEAF | nested(LEAF | nested(LEAF))


def filled(form: Any, i: int) -> Any:
    if isinstance(form, dict):
        return {key: filled(inner, i) for key, inner in form.items()}
    if isinstance(form, Point):
        return Point(*(filled(inner, i) for inner in form))
    if isinstance(form, list | tuple):
        return type(form)(filled(inner, i) for inner in form)
    leaves: dict[str, Any] = {
        "int": i,
        "float": i / 2,
        "bool": i % 2 == 0,
        "str": str(i),
        "array": np.full((2, 1), i),
        "float32": np.float32(i / 4),
        "uint8": np.uint8(i),
    }
    return leaves[form]


def assert_same(ours: Any, theirs: Any) -> None:
    if hasattr(theirs, "numpy"):
        assert str(ours.dtype).split(".")[1] == str(theirs.dtype).split(".")[1]
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            assert_same(ours[key], theirs[key])
    elif isinstance(theirs, list | tuple):
        assert type(ours) is type(theirs)
        assert len(ours) == len(theirs)
        for ours_entry, theirs_entry in zip(ours, theirs, strict=True):
            assert_same(ours_entry, theirs_entry)
    else:
        assert ours == theirs


@given(SAMPLES, st.integers(1, 4))
def test_collate_and_convert_as_pytorch(pytorch: Any, form: Any, count: int) -> None:
    batch = [filled(form, i) for i in range(count)]
    assert_same(default_collate(batch), pytorch.utils.data.default_collate(batch))
    assert_same(default_convert(batch[0]), pytorch.utils.data.default_convert(batch[0]))


def test_collating_tensors_keeps_dtype_and_history() -> None:
    parts = [tg.full((2, 3), float(i), dtype=tg.float16) for i in range(4)]
    assert default_collate(parts).shape == (4, 2, 3)
    assert default_collate(parts).dtype is tg.float16
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    default_collate([(x, 1), (x, 2)])[0].sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 2.0]


def test_collating_keeps_the_type_of_a_dict() -> None:
    first = collections.defaultdict(int, a=1)
    batch = default_collate([first, collections.defaultdict(int, a=2)])
    assert type(batch) is collections.defaultdict
    assert batch["a"].tolist() == [1, 2]
    assert batch["missing"] == 0
    assert first == {"a": 1}


def test_what_cannot_be_collated() -> None:
    with pytest.raises(TypeError, match="must contain tensors, numpy arrays, numbers, dicts or lists; found object"):
        default_collate([object()])
    with pytest.raises(TypeError, match="found ndarray"):
        default_collate([np.array(["a"])])
    with pytest.raises(RuntimeError, match=r"each element in list of batch should be of equal size, got \[1, 2\]"):
        default_collate([[1], [1, 2]])
    with pytest.raises(RuntimeError):
        default_collate([tg.zeros(2), tg.zeros(3)])
