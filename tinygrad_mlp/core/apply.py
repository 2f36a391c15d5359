"""Run an operation and, where a gradient is wanted, record how to get it."""

from __future__ import annotations

import functools
import operator as operators
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .errors import ArgumentError, DTypeError
from .graph import Node, Tensor, record, version_of, wrap
from .primitive import PLAIN, PRIMITIVES, Primitive, as_options, enter, plain
from .promotion import promote
from .state import state


def primitive(
    *rules: Callable[..., Any] | None,
    cast: str | None = None,
    view: bool = False,
    variadic: bool = False,
    keeping: Callable[..., tuple[Any, Any]] | None = None,
    **declared: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Tensor]]:
    """Make an operation of a forward function on arrays, see :mod:`.primitive`.

    Args:
        rules: One VJP rule per array input, None for an input without a gradient. The forward's first ``len(rules)``
            parameters are its array inputs, the others options. A variadic primitive has one rule for all inputs.
        cast: ``"promote"`` casts the inputs to their common dtype first, ``"float"`` to a floating-point one;
            ``"same"`` insists that they have one dtype already.
        view: The forward may return a view of its first input; writes into it then reach the input's history.
        variadic: The forward takes ``*inputs``.
        keeping: As the forward, but returns with the output what rules ask for as ``kept``.
        declared: What else the operation is, see :func:`declare`.
    """

    def register(forward: Callable[..., Any]) -> Callable[..., Tensor]:
        op = Primitive(forward, rules, cast, view, variadic, keeping)
        title = "".join(part.capitalize() for part in op.name.split("_"))
        op.node = type(f"{title}Backward0", (Node,), {"__slots__": ()})

        @functools.wraps(forward)
        def call(*args: Any, **params: Any) -> Any:
            __tracebackhide__ = True
            if not params and args and type(args[0]) is np.ndarray and op.takes_plainly(args):
                return op.forward(*args)  # on arrays: mostly a rule's call
            return apply(op, args, params) if "out" not in params else call.into(args, params)  # type: ignore[attr-defined]

        call.primitive = op  # type: ignore[attr-defined] # a function that also says which primitive it applies
        declare(call, **declared)
        PRIMITIVES[op.name] = op
        return call

    return register


def declare(
    operation: Callable[..., Any],
    *,
    method: bool | str | tuple[str, ...] = False,
    operator: str = "",
    **more: Any,
) -> Callable[..., Any]:
    """Enter an operation in the table, and make it what it is declared to be.

    Args:
        operation: Of Tensors; it has a name of its own.
        method: Whether it is a method of Tensor, too; or the names of the methods.
        operator: The operator that it is: ``"add"`` for ``x + y``, and ``y + x``.
        more: For rooms on top, which read it from the operation's ``declared``: ``in_place``, ``ufunc`` and so on.
    """
    names = (operation.__name__,) if method is True else (method,) if isinstance(method, str) else method or ()
    for name in names:
        setattr(Tensor, name, operation)
    if operator:
        setattr(Tensor, f"__{operator}__", operation)
        if hasattr(operators, f"i{operator}"):  # one of two operands
            setattr(Tensor, f"__r{operator}__", functools.wraps(operation)(lambda self, other: operation(other, self)))
    operation.declared = {"method": names, "operator": operator, **more}  # type: ignore[attr-defined] # read by rooms on top
    enter(operation)
    return operation


def apply(op: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """Run a primitive and, where an input wants a gradient, record how to get it.

    On arrays alone it computes an array: this is how rules run in an ordinary backward pass.
    """
    __tracebackhide__ = True
    now = state.__dict__  # of this thread, looked up once
    if now["follower"] is not None:  # a compiled step is running
        return now["follower"].apply(op, args, params)
    if params or len(args) != op.arity:
        args, given = op.bind(tuple(args), params)
    else:
        given = op.defaults
    arrays: list[Any] = []
    parents: list[Node | None] = []
    tensors = recorded = False
    for arg in args:
        if isinstance(arg, Tensor):
            tensors = True
            arrays.append(arg._data)
            node = arg._node if arg._view is None else node_of(arg)
            recorded |= node is not None
            parents.append(node)
        else:
            arrays.append(arg if type(arg) in PLAIN else _plain(op, arg, len(arrays)))
            parents.append(None)
    params = given if given is op.defaults else as_options(given)
    if not tensors:
        return _on_arrays(op, args, params)
    recorded = recorded and now["grad"] and not now["inference"]
    try:
        if op.cast is not None:
            arrays = _cast(op, arrays)
        if recorded and op.keeping is not None:
            out, kept = now["quiet"](op.keeping, *arrays, **params)
        else:
            out, kept = now["quiet"](op.forward, *arrays, **params), None
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise op.explained(arrays, params, error) from None
    if type(out) is not np.ndarray:
        out = np.asarray(out)
    result = wrap(out)
    if recorded:
        record(op, parents, args, arrays, params, result, kept)
    for observer in now["observers"]:
        observer.applied(op, args, arrays, given, result)
    if op.view and np.may_share_memory(out, arrays[0]):
        view_of(result, args[0], op, params)
    return result


def _plain(op: Primitive, arg: Any, position: int) -> Any:
    """An argument that is neither a Tensor nor an array nor a plain number: another number, None, or an error."""
    if isinstance(arg, np.ndarray | np.generic | int | float):
        return plain(arg)
    if arg is None and not op.variadic and op.inputs[position] in op.optional:
        return arg
    raise ArgumentError(
        f"{op.name.strip('_')}(): expected Tensors or numbers, got {type(arg).__name__}; make a tensor with tensor(...)"
    )


def _on_arrays(op: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
    if not any(isinstance(a, np.ndarray | np.generic) for a in args):
        got = ", ".join(type(a).__name__ for a in args)
        raise ArgumentError(f"{op.name}(): expected a Tensor, got {got}; make one with tensor(...)")
    return op.forward(*(np.asarray(a) if isinstance(a, np.generic) else a for a in args), **params)


def _cast(op: Primitive, arrays: list[Any]) -> list[Any]:
    if op.cast == "same":
        dtypes = [a.dtype for a in arrays if isinstance(a, np.ndarray)]
        if dtypes.count(dtypes[0]) < len(dtypes):
            raise DTypeError(
                f"{op.name.strip('_')}: expected all arguments to have the same dtype, but got {' and '.join(map(str, dtypes))}; "
                "cast with .to(dtype), such as .float()"
            )
        return arrays
    floating = op.cast == "float"
    if len(arrays) == 1:
        a = arrays[0]
        return promote(arrays, True) if floating and a.dtype.kind != "f" else arrays
    a, b = arrays[0], arrays[1]
    if len(arrays) == 2:  # the two everyday cases need no cast
        a_dtype, b_dtype = getattr(a, "dtype", None), getattr(b, "dtype", None)
        if a_dtype is b_dtype and a_dtype is not None and (a_dtype.kind == "f" or not floating):
            return arrays
        if b_dtype is None and a_dtype is not None and a_dtype.kind == "f" and type(b) in (float, int):
            return arrays
    return promote(arrays, floating)


def view_of(result: Any, source: Tensor, how: Primitive | str, params: dict[str, Any]) -> None:
    """Make a tensor known as a view of another's memory."""
    result._view = (source, how, params)
    result._version = version_of(source)
    result._stamp = result._version.rebased


def node_of(tensor: Tensor) -> Node | None:
    """The node that made the tensor's present value, or None where no gradient is wanted.

    A view whose memory has since been given another history finds its own anew: the room of in-place writes knows how.
    """
    if tensor._view is not None:
        version = version_of(tensor)
        if tensor._stamp != version.rebased:
            version.refresh(tensor)
    return tensor._node
