"""Nested lists, tuples and dicts: their leaves, and the same nest of other leaves."""

from __future__ import annotations

from collections import OrderedDict, UserDict, defaultdict, namedtuple
from types import MappingProxyType
from typing import Any

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.errors import ArgumentError
from tinygrad_mlp.trees import leaves, mapped

Pair = namedtuple("Pair", "a b")


class Row(list[Any]):
    pass


NEST = [
    Pair(1, (2, [])),
    {"x": 3, "y": {}},
    OrderedDict([("b", 4), ("a", 5)]),
    defaultdict(int, {"c": 6}),
    UserDict({"d": 7}),
    MappingProxyType({"e": 8}),
    Row([9]),
    (),
    "text",
    None,
    2.5,
    range(3),
]


def test_leaves_are_in_their_order() -> None:
    assert leaves(NEST, int) == list(range(1, 10))
    assert leaves(NEST, str) == ["text"]
    assert leaves(3, int) == [3]
    assert leaves([NEST, 1], list) == [[NEST, 1]]  # what is of the type is a leaf itself


def test_a_mapped_nest_has_the_same_types() -> None:
    made = mapped(lambda x: -x, NEST, int)
    assert leaves(made, int) == [-x for x in range(1, 10)]
    assert [type(x) for x in made] == [type(x) for x in NEST]
    assert list(made[2]) == ["b", "a"]
    assert made[3]["new"] == 0
    assert leaves(NEST, int) == list(range(1, 10))
    assert made[-1] is NEST[-1]


def test_tensors() -> None:
    w = tg.ones(2, requires_grad=True)
    assert leaves({"w": [w, (w,)]}, tg.Tensor) == [w, w]
    assert mapped(tg.Tensor.detach, (w, 1), tg.Tensor)[0].requires_grad is False
    assert mapped(lambda t: t, (w.shape, w), tg.Tensor) == (w.shape, w)
    assert type(mapped(lambda t: t, w.shape, tg.Tensor)) is tg.Size


def test_deep_and_endless_nests_are_said() -> None:
    endless: list[Any] = []
    endless.append(endless)
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    for tree in (endless, deep):
        with pytest.raises(ArgumentError, match="nested too deeply, or contain themselves"):
            leaves(tree, int)
        with pytest.raises(ArgumentError, match="nested too deeply, or contain themselves"):
            mapped(abs, tree, int)
