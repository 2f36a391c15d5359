"""Tensors and the graph that they leave behind: nodes, what they save, and how often memory was written since.

A :class:`Node` holds arrays and parent nodes, never Tensors: there are no reference cycles, and what nobody needs is freed at once.
"""

from __future__ import annotations

import itertools
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import GraphError, InplaceError
from .lines import Origin, origin, source_line
from .primitive import Primitive
from .state import state

if TYPE_CHECKING:  # what the files on top give a Tensor, operations as they are defined: the stub has it as types
    from .members import Members
else:
    Members = object


class _Later:
    """What a tensor of a compiled step need not have yet, its array and its node: who asks for it has its cell make it.

    Python finds what a tensor has before it comes here.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name: str = name

    def __get__(self, tensor: Any, owner: Any = None) -> Any:
        if tensor is None or (tensor._cell is None and self.name == "_node"):
            return None
        value = getattr(tensor._cell, self.name)()
        setattr(tensor, self.name, value)
        return value


class Tensor(Members):
    """An n-dimensional array that remembers how it was computed."""

    # Defaults live on the class: a new tensor sets only what differs, which keeps making one cheap.
    _data: np.ndarray[Any, Any] = _Later()  # type: ignore[assignment] # in the tensor, but for those of compiled steps
    _node: Node | None = _Later()  # type: ignore[assignment] # what made the present value; a leaf's own node
    _cell: Any = None  # of a tensor that a compiled step made: what knows its shape and dtype, and can make the rest
    _leaf: Node | None = None  # a leaf's own node, kept while the leaf does not require grad, too
    _like: Any = property(
        lambda self: self._data if self._cell is None else self._cell.like
    )  # tells shape, dtype and strides
    _grad: Tensor | None = None
    _version: Version | None = None
    _view: tuple[Tensor, Primitive | str, dict[str, Any]] | None = None  # source, how it was viewed, options
    _stamp = 0  # version.rebased when a view's node was last right


def extends_tensor(methods: type) -> type:
    """Decorate a class whose members are methods and properties that Tensor is to have."""
    for name, member in vars(methods).items():
        if name not in ("__module__", "__dict__", "__weakref__", "__hash__", "__annotations__") and member is not None:
            if hasattr(member, "__qualname__"):
                member.__qualname__ = f"Tensor.{name}"
            setattr(Tensor, name, member)
    return methods


class Version:
    """How often a piece of memory was written in place; shared by every tensor that views the memory."""

    count: int = 0
    rebased: int = 0  # how many of those writes were recorded, and so gave the memory a new history
    refresh: Callable[[Tensor], None]  # gives a view of the memory its part in the new history
    writer: str = ""
    origin: Origin | None = None

    def bump(self, writer: str, origin: Origin | None = None) -> None:
        """Count a write."""
        self.count += 1
        self.writer = writer
        self.origin = origin

    def overwritten(self, need: str, count: int, origin: Origin | None) -> InplaceError:
        """The error of a value that was saved at ``count``, on the line ``origin``, and is not what it was."""
        written = f" Written at {source_line(self.origin)}." if self.origin else ""
        saved = f" Saved at {source_line(origin)}." if origin else ""
        return InplaceError(
            f"one of the variables needed for gradient computation has been modified by an inplace operation: {need} as it "
            f"was, version {count}, but {self.writer} has written it since, version {self.count}.{written}{saved} Use the "
            f"out-of-place form of {self.writer}, or write to a .clone()."
        )


def settled(tensor: Tensor) -> Tensor:
    """The tensor, which has its array and its node by itself from now on, also where a compiled step made it."""
    tensor._data, tensor._node, tensor._cell = tensor._data, tensor._node, None
    return tensor


INFERENCE = Version()  # stands for "not counted": the version of every tensor made in inference mode


def wrap(array: np.ndarray[Any, Any], node: Node | None = None) -> Any:
    """A Tensor over ``array`` (not a copy) with the given history."""
    tensor = object.__new__(Tensor)
    tensor._data = array
    tensor._node = node
    if state.inference:
        tensor._version = INFERENCE
    return tensor


def version_of(tensor: Tensor) -> Version:
    """The tensor's write counter, made when first asked for."""
    version = tensor._version
    if version is None:
        version = tensor._version = Version() if tensor._cell is None else tensor._cell.counted()
    return version


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of an array; that of a number is ()."""
    return value.shape if isinstance(value, np.ndarray) else ()


_number = itertools.count()
_FIREBREAK = 64  # nodes


class Node:
    """A place in the graph: what made a tensor's value, and what its backward needs.

    Attributes:
        parents: Per input the node that made it, None where it wants no gradient; a leaf has none.
        shape, dtype, origin: Of the output; and the line that made it.
        hooks: Called with the gradient of the output, in order; each may replace it.
        sink: The tensor whose ``.grad`` collects the gradient: a leaf, or one with ``retain_grad``.
        op, saved: The primitive, if any; what its rules asked for, by name, None once freed.
        versions: Name, counter and count of each saved value that a tensor shares.
    """

    __slots__ = (
        "__weakref__", "dtype", "hooks", "is_leaf", "number", "op", "origin", "parents", "saved", "shape", "sink", "versions",
    )  # fmt: skip

    def __init__(
        self, parents: tuple[Node | None, ...], array: np.ndarray[Any, Any], origin: Origin | None, op: Any = None
    ) -> None:
        self.number: int = (number := next(_number))
        self.parents: tuple[Node | None, ...] = parents if number % _FIREBREAK else _Firebreak(parents)
        self.is_leaf: bool = not parents
        self.shape: Any = array.shape
        self.dtype: Any = array.dtype
        self.origin: Origin | None = origin
        self.op: Any = op
        self.saved: dict[str, Any] | None = None
        self.versions: list[tuple[str, Version, int]] = []
        self.hooks: dict[int, Callable[[Any], Any]] | None = None
        self.sink: weakref.ref[Tensor] | None = None

    def name(self) -> str:
        """PyTorch's name of the node, such as ``MulBackward0``."""
        return type(named(self)).__name__

    def __repr__(self) -> str:
        return f"<{self.name()}>"

    def vjp(self, g: Any, wanted: set[Node], lift: bool) -> Iterable[tuple[Node, Any]]:
        """Run the rules of the inputs in ``wanted``, unless saved values were freed, or overwritten."""
        saved, op = self.saved, self.op
        assert op is not None  # who makes nodes of another kind has another vjp()
        if saved is None:
            raise GraphError(
                f"Trying to backward through the graph a second time: the values that {op.name} saved were freed by the "
                "first pass. Pass retain_graph=True to the first backward(), or run the forward pass again."
            )
        for name, version, count in self.versions:
            if version.count != count:
                what = "its output" if name == "y" else "its inputs" if name == "inputs" else f"its argument {name!r}"
                value = saved[name]
                shape = [v.shape for v in value] if name == "inputs" else value.shape
                raise version.overwritten(f"{op.name} needs {what} (shape {shape})", count, self.origin)
        if lift:
            return self._gradients(op, g, wanted, self._as_tensors(op, saved))
        return state.quiet(list, self._gradients(op, g, wanted, saved))

    def _gradients(self, op: Primitive, g: Any, wanted: set[Node], saved: dict[str, Any]) -> Iterator[tuple[Node, Any]]:
        for position, parent in enumerate(self.parents):
            if parent is None or parent not in wanted:
                continue
            which = position
            if op.variadic:
                which, saved = 0, {**saved, "i": position}
            rule: Callable[..., Any] = op.rules[which]  # an input that has a parent has a rule
            yield parent, rule(g, *map(saved.__getitem__, op.needs[which]))

    def _as_tensors(self, op: Primitive, saved: dict[str, Any]) -> dict[str, Any]:
        """Saved arrays as Tensors with the history they had, so that the rules are recorded."""
        tensors = dict(saved)
        for name, value in saved.items():
            if name == "y":
                tensors[name] = wrap(value, self)
            elif name in op.inputs and isinstance(value, np.ndarray):
                tensors[name] = wrap(value, self.parents[op.inputs.index(name)])
            elif name == "inputs":
                tensors[name] = [wrap(v, parent) for v, parent in zip(value, self.parents, strict=True)]
        return tensors

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes of the inputs that have a rule, as PyTorch lists them."""
        rules: Iterable[Any] = itertools.repeat(True) if self.op is None or self.op.variadic else self.op.rules
        return tuple((parent and named(parent), 0) for parent, rule in zip(self.parents, rules) if rule is not None)

    def free(self) -> None:
        """Let go of saved values; a node that saved none can be walked again."""
        if self.versions or (self.saved and any(map(_holds_array, self.saved.values()))):
            self.saved = None


class _Firebreak(tuple[Node | None, ...]):
    """The parents of every 64th node: it frees the nodes behind it one by one, not one inside the other, as deep as the graph."""

    __slots__ = ()

    def __del__(self) -> None:
        stack = _held_alone(self)
        while stack:
            node = stack.pop()
            parents, node.parents = node.parents, ()
            stack += _held_alone(parents)


def _held_alone(parents: tuple[Node | None, ...]) -> list[Node]:
    """The nodes that nothing but ``parents`` holds: besides it refer to them the loop's variable and the call that counts."""
    return [node for node in set(parents) if node is not None and sys.getrefcount(node) <= parents.count(node) + 3]


class AccumulateGrad(Node):
    """The node of a leaf, by name: gradients end in the tensor's ``.grad``."""

    __slots__ = ()


def named(node: Node) -> Node:
    """The node, of the class that has its name: only now that someone looks, as Python is faster with nodes of one class."""
    if type(node) is Node:
        node.__class__ = AccumulateGrad if node.op is None else node.op.node
    return node


def leaf(tensor: Tensor) -> Node:
    """The node of a leaf."""
    node = Node((), tensor._data, None)
    node.sink = weakref.ref(tensor)
    return node


def record(
    op: Primitive, parents: list[Node | None], args: Any, arrays: Any, params: Any, result: Tensor, kept: Any
) -> None:
    """Give the result of a primitive its node, with what the rules of the inputs that want a gradient ask for."""
    if result._data.dtype.kind != "f":
        return
    if op.partial:  # some inputs have no rule, and so no gradient
        parents = [None if rule is None else parent for parent, rule in zip(parents, op.rules)]
        if parents.count(None) == len(parents):
            return
    out = result._data
    node = Node(tuple(parents), out, origin(3), op)
    node.saved = saved = {}
    versions = node.versions
    for parent, plan in zip(parents, op.plans):
        if parent is None:
            continue
        for name, source in plan:
            if name in saved:
                continue
            if type(source) is int:
                saved[name], arg = arrays[source], args[source]
                if isinstance(arg, Tensor) and arg._data is arrays[source]:
                    versions.append(_stamp(name, arg, op))
            elif source == "y":
                saved[name] = out
                versions.append(_stamp(name, result, op))
            elif source == "static":
                saved[name] = params[name]
            elif source == "kept":
                saved[name] = kept
            elif source == "shape":
                saved[name] = shape_of(arrays[op.inputs.index(name.removesuffix("_shape"))])
            elif source == "shapes":
                saved[name] = tuple(shape_of(a) for a in arrays)
            elif source == "inputs":
                saved[name] = tuple(arrays)
                versions.extend(_stamp(name, a, op) for a in args if isinstance(a, Tensor))
    result._node = node


def _holds_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or (isinstance(value, tuple) and any(map(_holds_array, value)))


def _stamp(name: str, tensor: Tensor, op: Primitive) -> tuple[str, Version, int]:
    version = tensor._version or version_of(tensor)
    if version is INFERENCE:
        raise InplaceError(
            f"Inference tensors cannot be saved for backward, and {op.name} would have to: clone() the tensor "
            "outside inference_mode first"
        )
    return name, version, version.count
