"""In-place writes: into memory that other tensors may view, and that a graph may still need.

A recorded write is the out-of-place operation on a copy of the old value; its result is written to the memory, and its
history becomes the tensor's. Where the tensor is a view, the owner of the memory gets a new history, too: what it was, with
the result put into the view's positions. Every other view finds its own when it is next asked (:func:`~.core.apply.node_of`).
"""

from __future__ import annotations

import functools
import operator as operators
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..core.apply import apply, node_of, primitive
from ..core.basics import cast, clone, reshaped, zeros_of
from ..core.errors import DTypeError, InplaceError, ShapeError
from ..core.graph import INFERENCE, Node, Tensor, version_of, wrap
from ..core.lines import origin
from ..core.primitive import Primitive, as_options, on_operation
from ..core.state import recording, state
from ..dtypes import as_dtype, can_cast
from .places import put

__all__ = ["copy", "inplace", "rebase", "write_copy"]

Array = Any  # an ndarray inside a forward, a Tensor at the caller


def inplace(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The in-place form of a primitive: it writes ``operation(target, *args)`` into the target's memory, and returns the target.

    A write is recorded where a gradient is wanted: the target's history (and that of every view of its memory) becomes the
    result's. The old value, where a rule needs it, is kept as a copy.

    Raises:
        InplaceError: The target is a leaf that requires grad (or a view of one), or an inference tensor.
        ShapeError: The result has another shape. DTypeError: it cannot be stored in the target's dtype.
    """
    op: Primitive = operation.primitive  # type: ignore[attr-defined] # every primitive's function has it
    writer = f"{op.name}_"

    def form(target: Any, *args: Any, **params: Any) -> Any:
        __tracebackhide__ = True
        for value in params.values():
            if isinstance(value, Tensor):  # an operand by its name
                inputs, params = op.bind((target, *args), params)
                args = tuple(inputs[1:])
                break
        now = state.__dict__  # of this thread, looked up once
        if now["follower"] is not None and now["follower"].transforms:
            return now["follower"].in_place(form, op, target, args, params)
        data = target._data
        version = target._version or version_of(target)
        if version is INFERENCE and not now["inference"]:
            raise InplaceError(
                f"{writer}: Inplace update to inference tensor outside InferenceMode is not allowed; clone() it"
            )
        if not data.flags.writeable:
            raise InplaceError(
                f"{writer}: the tensor's memory is read-only or shared by several of its elements (an expanded view, or a "
                "read-only array); clone() it first"
            )
        if now["follower"] is not None:
            now["follower"].writing(target)
        direct = op.takes_out and data.dtype.kind == "f" and not now["observers"]
        arrays = []
        for arg in args:
            arrays.append(arg._data if isinstance(arg, Tensor) else arg)
            direct = direct and _fits(arrays[-1], data)
        grad = now["grad"] and not now["inference"]
        if grad and any(isinstance(a, Tensor) and node_of(a) is not None for a in (target, *args)):
            _record(op, writer, target, args, params)
        elif direct:
            now["quiet"](op.forward, data, *arrays, **as_options(params), out=data)
        else:
            with recording(False):
                _store(writer, target, apply(op, (target, *args), params)._data)
        version.bump(writer, origin())
        return target

    return _named_as_form(form, operation)


def _named_as_form(form: Callable[..., Any], operation: Callable[..., Any]) -> Callable[..., Any]:
    functools.update_wrapper(form, operation)
    form.__name__, form.__qualname__ = f"{operation.__name__}_", f"Tensor.{operation.__name__}_"
    form.__doc__ = f"In-place form of :meth:`{operation.__name__}`."
    return form


def _fits(arg: Any, data: np.ndarray[Any, Any]) -> bool:
    """Whether ``op(data, arg)`` certainly has the shape and dtype of ``data`` and may be computed in its memory."""
    if type(arg) is not np.ndarray:
        return type(arg) in (float, int)
    if arg.dtype != data.dtype or arg.shape != data.shape:
        return False
    return arg is data or (arg.base is None and data.base is None) or not np.may_share_memory(arg, data)


def _record(op: Primitive, writer: str, target: Tensor, args: Sequence[Any], params: dict[str, Any]) -> None:
    refuse_leaf(writer, target)
    with recording(False):
        old = clone(target)._data
    result = apply(op, (wrap(old, node_of(target)), *args), params)
    _store(writer, target, result._data)
    if result._like.dtype != target._like.dtype:
        result = cast(result, dtype=target._like.dtype)
    rebase(target, result._node)


def refuse_leaf(writer: str, target: Tensor) -> None:
    """Raise InplaceError where the memory to be written is a leaf's that requires grad, or a user's Function made the view of it."""
    owner, _ = view_path(target)
    if owner._node is not None and owner._node.is_leaf:
        kind = "a leaf Variable" if owner is target else "a view of a leaf Variable"
        raise InplaceError(
            f"{writer}: {kind} that requires grad is being used in an in-place operation; do it under no_grad(), "
            "or on a clone()"
        )


def storable_in(writer: str, target: Any, value: Any) -> None:
    """Raise an error unless ``value`` has the shape of ``target``, and a dtype whose numbers that can hold."""
    if value.shape != target.shape:
        raise ShapeError(
            f"{writer}: output with shape {target.shape} doesn't match the broadcast shape {value.shape}; an in-place "
            "operation cannot change its target's shape"
        )
    if value.dtype != target.dtype and not can_cast(as_dtype(value.dtype), as_dtype(target.dtype)):
        raise DTypeError(
            f"{writer}: result type {as_dtype(value.dtype)} can't be cast to the desired output type "
            f"{as_dtype(target.dtype)}; cast the target with .to(dtype) first"
        )


def _store(writer: str, target: Tensor, value: np.ndarray[Any, Any]) -> None:
    data = target._data
    storable_in(writer, data, value)
    data[...] = value


def view_path(tensor: Tensor) -> tuple[Tensor, list[tuple[Primitive, dict[str, Any]]]]:
    """The owner of a view's memory and the primitives that lead from it to the view.

    Raises:
        InplaceError: A user's Function made the view: what it did to the gradient cannot be replayed.
    """
    path = []
    while tensor._view is not None:
        tensor, op, params = tensor._view
        if isinstance(op, str):
            raise InplaceError(
                f"an output of {op} is a view (or an input that was returned as it is), and its memory is being modified in "
                "place: that would override the backward of the custom Function; clone() the output of the custom Function"
            )
        path.append((op, params))
    return tensor, path[::-1]


def replay(path: Iterable[tuple[Primitive, dict[str, Any]]], value: Any) -> Any:
    """What a path of views gives of another array or Tensor."""
    for op, params in path:
        value = apply(op, (value,), params)
    return value


def refresh(view: Tensor) -> None:
    """Give a view of written memory its history: the view, replayed on the memory's owner."""
    owner, path = view_path(view)
    if owner._node is not None:
        old = view._node
        with recording(True):
            view._node = node = replay(path, wrap(owner._data, owner._node))._node
        if old is not None and node is not None:  # as in rebase()
            node.sink, old.sink = old.sink, None
    view._stamp = version_of(view).rebased


def _place(array: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    """Where its elements lie in memory."""
    return array.__array_interface__["data"][0], array.shape, array.strides


def rebase(target: Tensor, node: Node | None) -> None:
    """Give written memory its new history: ``node`` made the target's values; the owner has them in the target's positions.

    Raises:
        InplaceError: The target is a view that a user's Function made.
    """
    owner, path = view_path(target)
    if owner is not target:
        result = wrap(target._data, node)
        every = np.arange(owner._like.size).reshape(owner._like.shape)
        positions = replay(path, every)
        if getattr(version_of(target), "reshaped", False) and _place(replay(path, owner._data)) != _place(target._data):
            raise InplaceError(
                "a view is being modified in place of a tensor that has got another shape since, by unsqueeze_() or its like; "
                "make the view after that, or use the form without the underscore"
            )
        if np.array_equal(positions.reshape(-1), every.reshape(-1)):  # nothing is left of what was there
            node = reshaped(result, owner._like.shape)._node
        else:
            node = put(wrap(owner._data, owner._node), result, positions)._node
    if owner._node is not None and node is not None:  # hooks stay with the old value, retained gradients move on
        node.sink, owner._node.sink = owner._node.sink, None
    owner._node = node
    version = version_of(target)
    version.rebased += 1
    version.refresh = refresh
    if owner is target:
        target._stamp = version.rebased


# ------------------------------------------------------------------------------------------- what writes are made of


@primitive(lambda g: zeros_of(g), lambda g: g, in_place=True)
def copy(input: Array, src: Array, non_blocking: bool = False) -> Array:
    """``src`` in the shape and dtype of ``input``: what ``copy_`` writes."""
    try:
        return np.broadcast_to(src, input.shape).astype(input.dtype)
    except ValueError:
        raise ShapeError(
            f"copy_(): a tensor of shape {np.shape(src)} does not broadcast to the shape {input.shape} that is written"
        ) from None


write_copy: Callable[..., Any] = inplace(copy)


# ------------------------------------------------------------------------------------------------------ their methods


def _composed(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The in-place form of what is written with other operations: their result is copied into the target."""

    def form(target: Any, *args: Any, **params: Any) -> Any:
        __tracebackhide__ = True
        result = operation(clone(target), *args, **params)
        storable_in(form.__name__, target._like, result._like)
        return write_copy(target, result)

    return _named_as_form(form, operation)


@on_operation
def _in_place_form(operation: Any) -> None:
    """``name_`` and, of an operator, ``+=`` and its like, of each operation that is declared to have an in-place form."""
    declared = operation.declared
    if not declared.get("in_place"):
        return

    form = inplace(operation) if hasattr(operation, "primitive") else _composed(operation)
    for name in declared["method"] or (operation.__name__,):
        setattr(Tensor, f"{name}_", form)
    if hasattr(operators, f"i{declared['operator']}"):
        setattr(Tensor, f"__i{declared['operator']}__", form)
