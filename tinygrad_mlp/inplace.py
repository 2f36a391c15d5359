"""In-place writes: into memory that other tensors may view, and that a graph may still need.

A recorded write is the out-of-place operation on a copy of the old value; its result is written to the memory, and its
history becomes the tensor's. Where the tensor is a view, the owner of the memory gets a new history, too: what it was, with
the result put into the view's positions. Every other view finds its own when it is next asked (``engine.node_of``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .dtypes import as_dtype, can_cast
from .engine import (
    INFERENCE,
    PRIMITIVES,
    Primitive,
    apply,
    as_options,
    is_tensor,
    node_of,
    origin,
    replay,
    version_of,
    view_path,
    wrap,
)
from .errors import DTypeError, InplaceError, ShapeError
from .grad_mode import no_grad, state

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["inplace"]


def inplace(name: str, target: Tensor, *args: Any, **params: Any) -> Tensor:
    """Write ``primitive(target, *args)`` into the target's memory and return the target.

    Recorded where a gradient is wanted: the target's history (and that of every view of its memory) becomes the
    result's. The old value, where a rule needs it, is kept as a copy.

    Raises:
        InplaceError: The target is a leaf that requires grad (or a view of one), or an inference tensor.
        ShapeError: The result has another shape. DTypeError: it cannot be stored in the target's dtype.
    """
    op = PRIMITIVES[name]
    writer = f"{name}_"
    data, now = target._data, state.__dict__  # of this thread, looked up once
    version = target._version or version_of(target)
    if version is INFERENCE and not now["inference"]:
        raise InplaceError(f"{writer}: Inplace update to inference tensor outside InferenceMode is not allowed; clone() it")
    if not data.flags.writeable:
        raise InplaceError(
            f"{writer}: the tensor's memory is read-only or shared by several of its elements (an expanded view, or a "
            "read-only array); clone() it first"
        )
    direct = op.takes_out and data.dtype.kind == "f" and not now["observers"]
    arrays = []
    for arg in args:
        arrays.append(arg._data if is_tensor(arg) else arg)
        direct = direct and _fits(arrays[-1], data)
    if now["grad"] and any(is_tensor(a) and node_of(a) is not None for a in (target, *args)):
        _record(op, writer, target, args, params)
    elif not direct:
        with no_grad():
            _store(writer, target, apply(op, (target, *args), params)._data)
    elif now["tracer"] is None:
        now["quiet"](op.forward, data, *arrays, **as_options(params), out=data)
    else:
        tracer, params = now["tracer"], as_options(params)
        plain = [tracer.plain(a) for a in arrays]
        now["quiet"](op.forward, data, *plain, **{k: tracer.plain(v) for k, v in params.items()}, out=data)
        tracer.wrote(op, target, [data, *arrays], params)
    version.bump(writer, origin())
    return target


def _record(op: Primitive, writer: str, target: Tensor, args: Sequence[Any], params: dict[str, Any]) -> None:
    owner, path = view_path(target)
    if owner._node is not None and owner._node.is_leaf:
        kind = "a leaf Variable" if owner is target else "a view of a leaf Variable"
        raise InplaceError(
            f"{writer}: {kind} that requires grad is being used in an in-place operation; do it under no_grad(), "
            "or on a clone()"
        )
    old = target._data.copy()
    if state.tracer is not None:
        state.tracer.copied(target._data, old)
    result = apply(op, (wrap(old, node_of(target)), *args), params)
    _store(writer, target, result._data)
    _rebase(target, owner, path, apply(PRIMITIVES["cast"], (result,), {"dtype": target._data.dtype}))


def _fits(arg: Any, data: np.ndarray[Any, Any]) -> bool:
    """Whether ``op(data, arg)`` certainly has the shape and dtype of ``data`` and may be computed in its memory."""
    if type(arg) is not np.ndarray:
        return type(arg) in (float, int)
    if arg.dtype != data.dtype or arg.shape != data.shape:
        return False
    return arg is data or (arg.base is None and data.base is None) or not np.may_share_memory(arg, data)


def _store(writer: str, target: Tensor, value: np.ndarray[Any, Any]) -> None:
    data = target._data
    if value.shape != data.shape:
        raise ShapeError(
            f"{writer}: output with shape {data.shape} doesn't match the broadcast shape {value.shape}; an in-place "
            "operation cannot change its target's shape"
        )
    if value.dtype != data.dtype and not can_cast(as_dtype(value.dtype), as_dtype(data.dtype)):
        raise DTypeError(
            f"{writer}: result type {as_dtype(value.dtype)} can't be cast to the desired output type "
            f"{as_dtype(data.dtype)}; cast the target with .to(dtype) first"
        )
    data[...] = value
    if state.tracer is not None:
        state.tracer.stored(value, target)


def _rebase(target: Tensor, owner: Tensor, path: Sequence[tuple[Primitive, dict[str, Any]]], result: Tensor) -> None:
    """Give the written memory its new history: what was there, with the result put into the view's elements."""
    if owner is target:
        node = result._node
    else:
        every = np.arange(owner._data.size).reshape(owner._data.shape)
        positions = replay(path, every)
        if np.array_equal(positions.reshape(-1), every.reshape(-1)):  # nothing is left of what was there
            node = apply(PRIMITIVES["reshape"], (result,), {"shape": owner._data.shape})._node
        else:
            node = apply(PRIMITIVES["put"], (wrap(owner._data, owner._node), result), {"positions": positions})._node
    if owner._node is not None and node is not None:  # hooks stay with the old value, retained gradients move on
        node.sink, owner._node.sink = owner._node.sink, None
    owner._node = node
    version = version_of(target)
    version.rebased += 1
    if owner is target:
        target._stamp = version.rebased
