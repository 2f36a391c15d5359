"""What a compiled step knows: its operations as a tree of lines, and the values of a call as cells.

* :class:`Cell`: a value of one call; the tensors that have it refer to it, so that their number tells whether anybody can still ask for it.
* :class:`Line`: one operation. Lines form a tree: ``next`` leads from each to those that came after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._tensor import Tensor
from ..core.graph import Node, Version
from ..errors import GraphError

__all__ = ["Cell", "Like", "Line", "Updates", "form_of", "frozen", "kind_of", "root_line"]

Array = np.ndarray[Any, Any]


class Cell:
    """A value that a step made: its array, or who will have it."""

    __slots__ = ("array", "follower", "number", "version")

    def __init__(self, follower: Any, number: int) -> None:
        self.follower: Any = follower
        self.number: int = number
        self.array: Array | None = None
        self.version: Version | None = None

    def _data(self) -> Array:
        """The array; computes what waits."""
        if self.array is None:
            self.follower.flush()
            if self.array is None:
                raise GraphError(
                    "this value was not computed: an exception or interrupt came in the middle of the step that would have"
                )
        return self.array

    values = _data

    def _node(self) -> Node | None:
        """The node of the graph that the value has."""
        return self.follower.graph.node(self.number)

    def tracked(self) -> bool:
        """Whether it has a history."""
        return self.follower.lines[self.number].parents is not None

    def counted(self) -> Version:
        """The counter of writes, which all tensors on this value share."""
        if self.version is None:
            self.version = Version()
        return self.version

    @property
    def like(self) -> Any:
        """What has its shape, dtype and strides."""
        return self.follower.lines[self.number].like if self.array is None else self.array


class Like:
    """What is known of an array before it is there."""

    __slots__ = ("dtype", "itemsize", "ndim", "shape", "strides")

    def __init__(self, array: Array) -> None:
        self.shape: tuple[int, ...] = array.shape
        self.strides: tuple[int, ...] = array.strides
        self.dtype: np.dtype[Any] = array.dtype
        self.ndim: int = array.ndim
        self.itemsize: int = array.itemsize

    @property
    def size(self) -> int:
        """The number of its elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The memory that they take."""
        return self.size * self.itemsize

    @property
    def flags(self) -> Any:
        """How they lie in memory."""
        return self.over_one().flags

    def over_one(self) -> Array:
        """An array of this form over one element: none is to be read."""
        return as_strided(np.empty(1, self.dtype), self.shape, self.strides, writeable=False)

    def fits(self, array: Array) -> bool:
        """Whether an array is like that."""
        return (array.shape, array.dtype, array.strides) == (self.shape, self.dtype, self.strides)


def kind_of(op: Any, args: Sequence[Any]) -> Any:
    """Where to look for a line: by operation and shapes."""
    return op, *[arg._like.shape for arg in args if isinstance(arg, Tensor)]


def form_of(array: Array) -> Any:
    """What an array from outside has in common with one that can take its place."""
    return array.shape, array.dtype, array.strides, array.flags.writeable


class Line:
    """An operation that a step came to.

    Attributes:
        op: The primitive, or what else the follower was asked for.
        call: What computes the value, on arrays.
        slots: The inputs: ``n`` the value of line n, ``~k`` the k-th array from outside, a :class:`Number`, or a constant in a tuple.
        options: Passed by name: constants and Numbers.
        like: Of the result.
        alias: The slot whose memory the result is, or None.
        writes: Slots that it writes; it has no result then.
        parents: Of a recorded operation, per input its slot if it wants a gradient, else None; None where it is not recorded.
        saved: The slots whose values its rules ask for.
        numbers: The numbers of the step up to here.
        graphs: The recorded lines up to here.
        prompt: Whether it must run at once: it may refuse values, or its shape depends on them. None until that is found out.
        exact: Whether its numbers are parts of it, as its forward looks at them.
        checks: Of one that may wait but refuses values: what refuses them.
        match: Given a call as it is written, its result if it is this line; made when the line is first met again.
    """

    def __init__(self, op: Any, call: Callable[..., Any], slots: Sequence[Any], options: dict[str, Any], like: Any) -> None:
        self.op: Any = op
        self.call: Callable[..., Any] = call
        self.slots: tuple[Any, ...] = tuple(slots)
        self.options: dict[str, Any] = options
        self.like: Any = like
        self.alias: Any = None
        self.writes: tuple[int, ...] = ()
        self.parents: Any = None
        self.saved: tuple[int, ...] = ()
        self.numbers: int = 0
        self.graphs: int = 0
        self.prompt: bool | None = None
        self.exact: bool = False
        self.checks: Any = None
        self.match: Callable[..., Any] = _nothing
        self.spelled: Any = None  # the call as it was written, until match is made of it
        self.default: Any = None  # the default dtype, where its result's is that
        self.alone: bool = False  # whether calls that begin with it are better not followed
        self.prefix: tuple[Line, ...] = ()  # casts of its inputs
        self.origin: Any = None
        self.next: dict[Any, list[Line]] = {}  # by operation and shapes, the latest first
        self.likely: Line | None = None
        self.sweeps: dict[Any, Any] = {}  # backward passes that began after this line
        self.stretches: dict[Any, Any] = {}  # of lines up to this one, computed together


class Updates:
    """An optimizer's updates of the parameters of a group: functions, and the places of their arguments."""

    name: str = "update"
    takes_out: bool = False

    def __init__(self, functions: Sequence[tuple[Callable[..., None], int]]) -> None:
        self.parts: list[tuple[Any, ...]] = []
        start = 0
        for function, size in functions:
            self.parts.append((function, *range(start, start + size - 1)))
            start += size - 1

    def __call__(self, *values: Any) -> None:
        """Run them on arrays."""
        for function, *places in self.parts:
            function(*(values[i] for i in places))


def _nothing(*_: Any) -> None:
    """What the line before the first computes, and what is like it."""


def root_line() -> Line:
    """The line before the first."""
    return Line(None, _nothing, (), {}, None)


PLAIN: set[Any] = {int, bool, str, type(None), slice, type, type(...), *(type(np.dtype(kind)) for kind in "?bBhHiIlLqQefd")}


def frozen(value: Any) -> Any:
    """An option as what it is compared by: 1, 1.0 and True are not the same; a float stands for any.

    Raises:
        TypeError: It is of a kind that cannot be told from others so.
    """
    kind = type(value)
    if kind is tuple or kind is list:
        return kind, *map(frozen, value)
    if kind is float:
        return kind, value.hex()
    if kind is slice:
        return kind, frozen(value.start), frozen(value.stop), frozen(value.step)
    if kind not in PLAIN:
        raise TypeError(kind)
    return kind, value
