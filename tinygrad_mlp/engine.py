"""Reverse-mode differentiation: operations, the graph they leave behind, and the walk back through it.

This file knows no mathematics. An operation is a *primitive*: a forward function on arrays and, per input, one rule that
maps the cotangent ``g`` of the output to the cotangent of that input (a vector-Jacobian product, VJP)::

    @primitive(lambda g, y: g * (1 - y * y))
    def tanh(input):
        return np.tanh(input)

A rule asks by name for what it needs, and only that is kept for backward:

* ``g``: the cotangent of the output; ``y``: the output;
* an input's name: its value; ``<input>_shape``: its shape; any other parameter of the forward by its name;
* in a variadic primitive (any number of inputs): ``i``, which input; ``inputs``, their values; ``shapes``, their shapes.

Rules are pure and use operators and other primitives only, which work on arrays and on Tensors alike. So the same rule
runs on plain arrays in an ordinary backward pass, and on Tensors under ``create_graph=True``, where the gradient is
itself recorded and can be differentiated again. Summing a gradient back over broadcast dimensions, and casting it to
the input's dtype, happen here, once, for every rule.

A :class:`Node` holds arrays and parent nodes, never Tensors: there are no reference cycles. Nodes are numbered as they
are made and an input's node is always older than its output's, so walking back means sorting by number: no recursion.
"""

from __future__ import annotations

import functools
import itertools
import linecache
import os
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .dtypes import promote, supported
from .errors import ArgumentError, DimensionError, DTypeError, GraphError, InplaceError, ShapeError
from .grad_mode import enable_grad, set_grad_enabled, state

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["OPS", "PRIMITIVES", "Node", "Primitive", "apply", "backward", "composite", "grad", "primitive", "takes_tensors"]

_F = TypeVar("_F", bound=Callable[..., Any])

# ------------------------------------------------------------------------------------------------------ the Tensor

_Tensor: type[Tensor]


def adopt(tensor_type: type[Tensor]) -> None:
    """Tell the engine which class its results are. Called once, by tensor.py."""
    global _Tensor
    _Tensor = tensor_type


def is_tensor(value: Any) -> bool:
    """Whether it is a Tensor."""
    return isinstance(value, _Tensor)


class _Machinery(dict[str, bool]):
    """By file name: whether the file is part of the package, and not one of the programs that come with it."""

    _root = os.path.join(os.path.dirname(__file__), "")
    _programs = (os.path.join(_root, "experiments", ""), os.path.join(_root, "cli.py"))

    def __missing__(self, filename: str) -> bool:
        self[filename] = found = filename.startswith(self._root) and not filename.startswith(self._programs)
        return found


_machinery = _Machinery()

Origin = tuple[CodeType, int]  # a line of a program: the code that ran, and how far it had come


def origin(depth: int = 2) -> Origin | None:
    """The line being run in the nearest frame outside the package, as what it takes to find it out later.

    The frame itself would keep its variables alive. None in a thread that runs nothing but the package.
    """
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        code = frame.f_code
        if not _machinery[code.co_filename]:
            return code, frame.f_lasti
        frame = frame.f_back
    return None


def source_line(origin: Origin) -> str:
    """``file:line`` and the text of the line."""
    code, instruction = origin
    line = next(
        (line for start, end, line in code.co_lines() if start <= instruction < end and line is not None),
        code.co_firstlineno,
    )
    text = linecache.getline(code.co_filename, line).strip()
    return f"{code.co_filename}:{line}" + (f" ({text})" if text else "")


class Version:
    """How often a piece of memory was written in place; shared by every tensor that views the memory."""

    # Defaults live on the class, as a Tensor's do: most memory is never written.
    count = 0
    rebased = 0  # how many of those writes were recorded, and so gave the memory a new history
    writer = ""
    origin: Origin | None = None

    def bump(self, writer: str, origin: Origin | None = None) -> None:
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


INFERENCE = Version()  # stands for "not counted": the version of every tensor made in inference mode


def wrap(array: np.ndarray[Any, Any], node: Node | None = None) -> Tensor:
    """A Tensor over ``array`` (not a copy) with the given history."""
    tensor: Tensor = object.__new__(_Tensor)
    tensor._data = array
    if node is not None:
        tensor._node = node
    if state.inference:
        tensor._version = INFERENCE
    return tensor


def version_of(tensor: Tensor) -> Version:
    """The tensor's write counter, made when first asked for."""
    version = tensor._version
    if version is None:
        version = tensor._version = Version()
    return version


def node_of(tensor: Tensor) -> Node | None:
    """The node that made the tensor's present value, or None where no gradient is wanted.

    A view whose memory was since written by a recorded operation gets its history anew, by replaying the view on the
    memory's owner.
    """
    if tensor._view is None or tensor._stamp == version_of(tensor).rebased:
        return tensor._node
    owner, path = view_path(tensor)
    if owner._node is not None:
        with enable_grad():
            tensor._node = replay(path, wrap(owner._data, owner._node))._node
    tensor._stamp = version_of(tensor).rebased
    return tensor._node


def view_path(tensor: Tensor) -> tuple[Tensor, list[tuple[Primitive, dict[str, Any]]]]:
    """The owner of a view's memory and the primitives that lead from it to the view."""
    path = []
    while tensor._view is not None:
        tensor, op, params = tensor._view
        path.append((op, params))
    return tensor, path[::-1]


def replay(path: Iterable[tuple[Primitive, dict[str, Any]]], value: Any) -> Any:
    for op, params in path:
        value = apply(op, (value,), params)
    return value


# -------------------------------------------------------------------------------------------------------- primitives

PRIMITIVES: dict[str, Primitive] = {}
OPS: dict[str, Callable[..., Any]] = {}  # every operation by name, primitive or composed: what Tensor's methods look up
_ALIASES = {"axis": "dim", "axes": "dims", "keepdims": "keepdim", "x": "input", "x1": "input", "x2": "other"}


def signature(function: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, Any]]:
    """A function's positional parameters, its keyword-only ones, and their defaults.

    What ``inspect.signature`` knows, in a hundredth of the time, and without importing ``inspect``.
    """
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    positional, keyword = names[: code.co_argcount], names[code.co_argcount :]
    given = function.__defaults__ or ()
    return (
        positional,
        keyword,
        dict(zip(positional[len(positional) - len(given) :], given)) | (function.__kwdefaults__ or {}),
    )


class Primitive:
    """An operation the engine can differentiate: its forward function, its rules and what they ask for."""

    __slots__ = (
        "arity",
        "cast",
        "defaults",
        "forward",
        "inputs",
        "name",
        "names",
        "needs",
        "open",
        "optional",
        "order",
        "partial",
        "plain",
        "plans",
        "required",
        "rules",
        "static",
        "takes_out",
        "variadic",
        "view",
    )

    def __init__(
        self,
        forward: Callable[..., Any],
        rules: Sequence[Callable[..., Any] | None],
        *,
        cast: str | None,
        view: bool,
        variadic: bool,
    ) -> None:
        self.name = forward.__name__
        self.forward = forward
        self.cast = cast
        self.view = view
        self.variadic = variadic
        positional, keyword, defaults = signature(forward)
        self.takes_out = "out" in positional + keyword
        named = tuple(name for name in positional + keyword if name != "out")
        if variadic:
            self.rules: tuple[Callable[..., Any] | None, ...] = tuple(rules)
            self.arity = -1
        else:
            self.rules = tuple(rules)
            self.arity = len(self.rules)
        self.inputs = () if variadic else named[: self.arity]
        self.names = frozenset(named)
        self.order = tuple(name for name in positional if name != "out")
        self.optional = {name: defaults[name] for name in named if name in defaults}
        self.required = tuple(name for name in named if name not in defaults)
        self.static = self.names.difference(self.inputs)
        self.open = self.static.intersection(self.required)  # options that every call must give
        self.defaults = {name: value for name, value in self.optional.items() if name not in self.inputs}
        self.plain = _PLAIN | {type(self.optional[name]) for name in self.inputs if name in self.optional}
        self.needs = tuple(self._asked(rule) for rule in self.rules)
        plans = [tuple((name, self._source(name)) for name in needs) for needs in self.needs]
        self.plans: Iterable[tuple[tuple[str, int | str], ...]] = itertools.repeat(plans[0]) if variadic and plans else plans
        self.partial = not self.rules or None in self.rules

    def _asked(self, rule: Callable[..., Any] | None) -> tuple[str, ...]:
        if rule is None:
            return ()
        names = signature(rule)[0]
        known = {"y", *self.names, *(f"{name}_shape" for name in self.inputs)}
        known |= {"i", "inputs", "shapes"} if self.variadic else set()
        if names[:1] != ("g",) or not known.issuperset(names[1:]):
            raise TypeError(f"{self.name}: a rule asks for {names}, but there is only g, {sorted(known)}")
        return names[1:]

    def _source(self, name: str) -> int | str:
        """Where a saved value comes from: an input's position, or what kind of thing it is."""
        if name in self.inputs:
            return self.inputs.index(name)
        return name if name in ("y", "i", "inputs", "shapes") else "static" if name in self.names else "shape"

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def bind(self, args: tuple[Any, ...], params: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Sort a call's arguments into array inputs and static parameters, as the forward's signature says.

        ``axis``, ``keepdims`` and the other NumPy spellings are taken for ``dim``, ``keepdim``.
        """
        if self.variadic:
            return list(args), {**self.defaults, **params}
        if len(args) == self.arity and self.open <= params.keys() <= self.static:  # the everyday call
            return list(args), {**self.defaults, **as_options(params)}
        given = dict(zip(self.order, args, strict=False))
        if len(args) > len(self.order):
            raise ArgumentError(
                f"{self.name}() takes at most {len(self.order)} positional arguments ({', '.join(self.order)}), "
                f"got {len(args)}"
            )
        for key, value in params.items():
            name = key if key in self.names else _ALIASES.get(key, key)
            if name in given or name not in self.names:
                problem = "got two values for" if name in given else "has no argument"
                raise ArgumentError(f"{self.name}() {problem} {key!r}; its arguments are {', '.join(self.order)}")
            given[name] = value
        given = {**self.optional, **given}
        missing = [name for name in self.required if name not in given]
        if missing:
            raise ArgumentError(f"{self.name}() misses its argument {missing[0]!r} (of {', '.join(self.order)})")
        return [given.pop(name) for name in self.inputs], as_options(given)


_PLAIN = {float, int, bool, np.ndarray}  # types of inputs that a forward takes as they are, and of options
_OPTIONS = {float, int, bool, str, tuple, type(None)}


def as_option(option: Any) -> Any:
    """An option as a Python number where it is a NumPy number or a tensor without dimensions, which are not weak."""
    if type(option) in _OPTIONS:
        return option
    if isinstance(option, np.generic) or (isinstance(option, _Tensor) and option._data.ndim == 0):
        return option.item()
    return option


def as_options(params: dict[str, Any]) -> dict[str, Any]:
    """``params``, the dict itself, with each value :func:`as_option`."""
    for key, value in params.items():
        if type(value) not in _OPTIONS:
            params[key] = as_option(value)
    return params


def primitive(
    *rules: Callable[..., Any] | None, cast: str | None = None, view: bool = False, variadic: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Tensor]]:
    """Make an operation of a forward function on arrays; see the module's docstring.

    Args:
        rules: One VJP rule per array input, None for an input without a gradient. The forward's first ``len(rules)``
            parameters are its array inputs, the others static. A variadic primitive has one rule for all inputs.
        cast: ``"promote"`` casts the inputs to their common dtype first, ``"float"`` to a floating-point one;
            ``"same"`` insists that they have one dtype already.
        view: The forward may return a view of its first input; writes into it then reach the input's history.
        variadic: The forward takes ``*inputs``.
    """

    def register(forward: Callable[..., Any]) -> Callable[..., Tensor]:
        op = Primitive(forward, rules, cast=cast, view=view, variadic=variadic)
        if op.name in PRIMITIVES:
            raise TypeError(f"there is a primitive {op.name!r} already")
        PRIMITIVES[op.name] = op

        @functools.wraps(forward)
        def call(*args: Any, **params: Any) -> Any:
            return apply(op, args, params)

        OPS[op.name] = call
        return call

    return register


def takes_tensors(function: _F) -> _F:
    """Decorate a function so that an argument that should be a Tensor, and is not, is named in the error."""
    positional, keyword, _ = signature(function)
    parameters = positional + keyword
    kinds = {name: str(kind) for name, kind in function.__annotations__.items()}

    @functools.wraps(function)
    def call(*args: Any, **params: Any) -> Any:
        try:
            return function(*args, **params)
        except AttributeError as error:  # only now is it worth looking: most calls are right
            given = dict(zip(positional, args, strict=False)) | params
            if len(args) > len(positional):  # of *operands
                given[function.__code__.co_varnames[len(parameters)]] = args[len(positional) :]
            for name in given.keys() & kinds.keys():
                several = kinds[name] in ("Sequence[Array]", "Sequence[Tensor]") or name not in parameters
                if several or kinds[name] in ("Array", "Tensor"):
                    for value in given[name] if several else (given[name],):
                        if not isinstance(value, _Tensor):
                            raise ArgumentError(
                                f"{function.__name__}(): argument {name!r} must be {'Tensors' if several else 'a Tensor'}, "
                                f"not {type(value).__name__}; make one with tensor(...)"
                            ) from error
            raise

    return call  # type: ignore[return-value] # same signature as `function`, which mypy cannot see


def composite(function: _F) -> _F:
    """Register an operation that is written in terms of others, and let it take ``axis`` for ``dim`` and so on."""
    positional, keyword, _ = signature(function)
    known = {*positional, *keyword}
    checked = takes_tensors(function)

    @functools.wraps(function)
    def call(*args: Any, **params: Any) -> Any:
        if params and not known.issuperset(params):
            params = {key if key in known else _ALIASES.get(key, key): value for key, value in params.items()}
        return checked(*args, **params)

    if function.__name__ in OPS:
        raise TypeError(f"there is an operation {function.__name__!r} already")
    OPS[function.__name__] = call
    return call  # type: ignore[return-value] # same signature as `function`, which mypy cannot see


def _foreign(op: Primitive, arg: Any, position: int) -> Any:
    """An argument that is neither a Tensor nor an array nor a plain number: another number, None, or an error."""
    if isinstance(arg, np.generic):
        return arg.item()
    if isinstance(arg, np.ndarray | int | float) or (arg is None and not op.variadic and op.inputs[position] in op.optional):
        return arg
    raise ArgumentError(
        f"{op.name.strip('_')}(): expected Tensors or numbers, got {type(arg).__name__}; make a tensor with tensor(...)"
    )


def apply(op: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """Run a primitive and, where an input wants a gradient, record how to get it.

    On arrays alone it computes an array: this is how rules run in an ordinary backward pass.
    """
    count = op.arity  # first an array and no options by name: mostly a rule's call
    if not params and args and type(args[0]) is np.ndarray and count <= len(args) <= len(op.order):
        inputs, rest = args[:count], args[count:]
        if op.plain.issuperset(map(type, inputs)) and _OPTIONS.issuperset(map(type, rest)):
            return op.forward(*args)
    if params or len(args) != op.arity:
        args, params = op.bind(tuple(args), params)
    else:
        params = op.defaults
    arrays: list[Any] = []
    parents: list[Node | None] = []
    tensors = recorded = False
    for arg in args:
        if isinstance(arg, _Tensor):
            tensors = True
            arrays.append(arg._data)
            node = arg._node if arg._view is None else node_of(arg)
            if node is not None:
                recorded = True
            parents.append(node)
        else:
            if type(arg) not in _PLAIN:
                arg = _foreign(op, arg, len(arrays))
            arrays.append(arg)
            parents.append(None)
    if not tensors:
        if not any(isinstance(arg, np.ndarray | np.generic) for arg in args):
            got = ", ".join(type(arg).__name__ for arg in args)
            raise ArgumentError(f"{op.name}(): expected a Tensor, got {got}; make one with tensor(...)")
        return op.forward(*(np.asarray(a) if isinstance(a, np.generic) else a for a in args), **params)
    now = state.__dict__  # of this thread, looked up once
    tracer = now["tracer"]
    if tracer is not None:
        given, options = arrays, params
        arrays, params = [tracer.plain(a) for a in arrays], {k: tracer.plain(v) for k, v in params.items()}
    try:
        if op.cast is not None:
            arrays = _cast(op, arrays)
        out = now["quiet"](op.forward, *arrays, **params)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise _explained(op, arrays, params, error) from error
    if type(out) is not np.ndarray:
        out = np.asarray(out)
    if tracer is not None:
        tracer.record(op, args, given, arrays, options, out)
    result = wrap(out)
    if recorded and now["grad"] and out.dtype.kind == "f":
        if op.partial:  # some inputs have no rule, and so no gradient
            parents = [None if rule is None else parent for parent, rule in zip(parents, op.rules)]
            recorded = any(parent is not None for parent in parents)
        if recorded:
            result._node = Node(op, parents, args, arrays, params, result)
    for observer in now["observers"]:
        observer.applied(op, arrays, params, result)
    if op.view and np.may_share_memory(out, arrays[0]):
        source = args[0]
        result._view = (source, op, params)
        result._version = version_of(source)
        result._stamp = result._version.rebased
    return result


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


def _shape(value: Any) -> tuple[int, ...]:
    return value.shape if isinstance(value, np.ndarray) else ()


def _explained(op: Primitive, arrays: Sequence[Any], params: dict[str, Any], error: Exception) -> Exception:
    """The error as PyTorch's exception class, with the operation, what it got and the remedy."""
    if isinstance(error, ShapeError | DTypeError | DimensionError | ArgumentError | NotImplementedError):
        return error
    shapes = " and ".join(str(_shape(a)) for a in arrays if a is not None)
    kinds = " and ".join(str(getattr(a, "dtype", type(a).__name__)) for a in arrays if a is not None)
    shown = {k: v for k, v in params.items() if not isinstance(v, np.ndarray) and v != op.defaults.get(k)}
    got = f"{op.name}() got shapes {shapes}" + (f" with {shown}" if shown else "")
    if isinstance(error, IndexError):  # NumPy's AxisError is one of them
        return DimensionError(f"{got}: {error}; give a dim or an index that the shape has")
    if isinstance(error, OverflowError):
        return DTypeError(f"{op.name}() got {kinds}: {error}; use a number that fits, or a wider dtype")
    if isinstance(error, TypeError):
        if str(error).startswith(("ufunc", "numpy boolean")):
            return DTypeError(f"{op.name}() is not defined for {kinds} ({error}); cast with .to(dtype)")
        given = [*arrays, *(v for k, v in params.items() if v is not op.defaults.get(k))]
        kinds = ", ".join(type(a).__name__ if not isinstance(a, np.ndarray) else "Tensor" for a in given)
        return ArgumentError(f"{op.name}() takes {', '.join(op.order)}; got {kinds} ({error})")
    if "broadcast" in str(error):
        return ShapeError(
            f"{got}, which do not broadcast: aligned from the right, two sizes must be equal or one of them 1; "
            "use reshape, unsqueeze or expand"
        )
    return ShapeError(f"{got}: {error}")


# ------------------------------------------------------------------------------------------------------- the graph

_number = itertools.count()
_order = attrgetter("number")


class Node:
    """One application of a primitive, or a leaf: what backward needs, and no Tensor.

    Attributes:
        op: The primitive; None for a leaf.
        parents: Per input the node that made it, None where it wants no gradient.
        saved: What the rules asked for, by name; None once freed.
        versions: ``(name, counter, count when saved)`` of each saved value that a tensor still shares.
        shape, dtype: Of the output.
        hooks: Called with the gradient of the output, in order; each may replace it.
        sink: The tensor whose ``.grad`` collects the gradient: a leaf, or one with ``retain_grad``.
        origin: The line that made it; None for a leaf.
    """

    __slots__ = (
        "__weakref__",
        "dtype",
        "hooks",
        "number",
        "op",
        "origin",
        "parents",
        "saved",
        "shape",
        "sink",
        "versions",
    )

    origin: Origin | None

    def __init__(
        self,
        op: Primitive,
        parents: Sequence[Node | None],
        args: Sequence[Any],
        arrays: Sequence[Any],
        params: dict[str, Any],
        result: Tensor,
    ) -> None:
        self.op: Primitive | None = op
        self.number = next(_number)
        self.parents = tuple(parents)
        out = result._data
        self.shape = out.shape
        self.dtype = out.dtype
        self.origin = origin(3)
        self.hooks: dict[int, Callable[[Tensor], Tensor | None]] | None = None
        self.sink: weakref.ref[Tensor] | None = None
        saved: dict[str, Any] = {}
        versions: list[tuple[str, Version, int]] = []
        self.saved: dict[str, Any] | None = saved
        self.versions = versions
        for parent, plan in zip(parents, op.plans):
            if parent is None:
                continue
            for name, source in plan:  # only what the rules of inputs that want a gradient ask for
                if name in saved:
                    continue
                if type(source) is int:
                    saved[name], arg = arrays[source], args[source]
                    if isinstance(arg, _Tensor) and arg._data is arrays[source]:
                        versions.append(_stamp(name, arg, op))
                elif source == "y":
                    saved[name] = out
                    versions.append(_stamp(name, result, op))
                elif source == "static":
                    saved[name] = params[name]
                elif source == "shape":
                    saved[name] = _shape(arrays[op.inputs.index(name.removesuffix("_shape"))])
                elif source == "shapes":
                    saved[name] = tuple(_shape(a) for a in arrays)
                elif source == "inputs":
                    saved[name] = tuple(arrays)
                    versions.extend(_stamp(name, a, op) for a in args if isinstance(a, _Tensor))

    @property
    def is_leaf(self) -> bool:
        """Whether it starts a graph: the node of a tensor that the user made."""
        return not self.parents

    def name(self) -> str:
        """PyTorch's name of the node, such as ``MulBackward0``."""
        if self.op is None:
            return "AccumulateGrad"
        return "".join(part.capitalize() for part in self.op.name.split("_")) + "Backward0"

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes of the inputs, as PyTorch lists them."""
        return tuple((parent, 0) for parent in self.parents)

    def __repr__(self) -> str:
        return f"<{self.name()}>"

    def vjp(self, g: Any, wanted: set[Node], recording: bool) -> Iterable[tuple[Node, Any]]:
        """The gradients of the inputs in ``wanted``, from the gradient ``g`` of the output."""
        op, saved = self.op, self.saved
        assert op is not None
        if saved is None:
            raise GraphError(
                f"Trying to backward through the graph a second time: the values that {op.name} saved were freed by the "
                "first pass. Pass retain_graph=True to the first backward(), or run the forward pass again."
            )
        for name, version, count in self.versions:
            if version.count != count:
                raise self._overwritten(name, version, count)
        if recording:
            return self._contributions(g, wanted, op, self._as_tensors(saved))
        return state.quiet(list, self._contributions(g, wanted, op, saved))

    def _contributions(self, g: Any, wanted: set[Node], op: Primitive, saved: dict[str, Any]) -> Iterator[tuple[Node, Any]]:
        for position, parent in enumerate(self.parents):
            if parent is None or parent not in wanted:
                continue
            which = 0 if op.variadic else position
            rule = op.rules[which]
            assert rule is not None
            if op.variadic:
                saved = {**saved, "i": position}
            yield parent, _fit(rule(g, *map(saved.__getitem__, op.needs[which])), parent)

    def _overwritten(self, name: str, version: Version, count: int) -> InplaceError:
        assert self.op is not None
        what = "its output" if name == "y" else "its inputs" if name == "inputs" else f"its argument {name!r}"
        return version.overwritten(f"{self.op.name} needs {what} (shape {self._shape_of(name)})", count, self.origin)

    def _shape_of(self, name: str) -> Any:
        assert self.saved is not None
        value = self.saved[name]
        return [v.shape for v in value] if name == "inputs" else value.shape

    def _as_tensors(self, saved: dict[str, Any]) -> dict[str, Any]:
        """Saved arrays as Tensors with the history they had, so that the rules are recorded."""
        assert self.op is not None
        tensors = dict(saved)
        for name, value in saved.items():
            if name == "y":
                tensors[name] = wrap(value, self)
            elif name in self.op.inputs and isinstance(value, np.ndarray):
                tensors[name] = wrap(value, self.parents[self.op.inputs.index(name)])
            elif name == "inputs":
                tensors[name] = [wrap(v, parent) for v, parent in zip(value, self.parents, strict=True)]
        return tensors

    def free(self) -> None:
        """Let go of saved values; a node that saved none can be walked again."""
        if self.versions or (self.saved and any(map(_holds_array, self.saved.values()))):
            self.saved = None


def _holds_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or (isinstance(value, tuple) and any(map(_holds_array, value)))


def _stamp(name: str, tensor: Tensor, op: Primitive) -> tuple[str, Version, int]:
    version = tensor._version
    if version is None:
        version = tensor._version = Version()
    elif version is INFERENCE:
        raise InplaceError(
            f"Inference tensors cannot be saved for backward, and {op.name} would have to: clone() the tensor "
            "outside inference_mode first"
        )
    return name, version, version.count


def leaf(tensor: Tensor) -> Node:
    """The node of a tensor that starts a graph: gradients end in its ``.grad``."""
    node = object.__new__(Node)
    node.op, node.parents, node.saved, node.versions, node.hooks, node.origin = None, (), {}, [], None, None
    node.number = next(_number)
    node.shape, node.dtype = tensor._data.shape, tensor._data.dtype
    node.sink = weakref.ref(tensor)
    return node


def _fit(g: Any, node: Node) -> Any:
    """A gradient summed back over broadcast dimensions and cast to its input's dtype."""
    if g.shape != node.shape:
        g = OPS["sum_to"](g, node.shape)
    if (g._data if isinstance(g, _Tensor) else g).dtype != node.dtype:
        g = OPS["cast"](g, node.dtype)
    return g


# --------------------------------------------------------------------------------------------------- the way back


def _history(roots: Iterable[Node]) -> list[Node]:
    """Every node the roots depend on, newest first."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=_order, reverse=True)


def _walk(
    starts: Sequence[tuple[Node, Any]],
    targets: Iterable[Node] | None,
    *,
    retain_graph: bool,
    create_graph: bool,
    accumulate: bool,
) -> dict[Node, Any]:
    """Send gradients from the starts down the graph; return those that reach the targets.

    ``targets`` None means every leaf. ``accumulate`` adds what arrives to the sinks' ``.grad``.
    """
    observers = state.observers
    lift = create_graph or state.tracer is not None  # rules run on Tensors where what they do is recorded or traced
    if lift and not create_graph:
        starts = [(node, wrap(g)) for node, g in starts]
    order = _history(node for node, _ in starts)
    if targets is None:
        wanted, targets = set(order), set()
    else:
        targets = set(targets)
        wanted = set()
        for node in reversed(order):  # oldest first: parents are decided before the nodes that used them
            if node in targets or any(parent in wanted for parent in node.parents):
                wanted.add(node)
    pending: dict[Node, Any] = {}
    shared: set[Node] = set()  # nodes whose pending gradient is memory that something else may hold too
    for node, g in starts:
        pending[node] = pending[node] + g if node in pending else g
        shared.add(node)
    arrived: dict[Node, Any] = {}
    for node in order:
        g = pending.pop(node, None)
        if g is None or node not in wanted:
            continue
        if node.hooks:
            g = _run_hooks(node, g, create_graph, lift)
            shared.add(node)
        if node in targets:
            arrived[node] = g if lift or node not in shared else np.array(g)
        if accumulate and node.sink is not None and (not targets or node in targets):
            _deliver(node.sink(), g, node in shared)
        # a leaf, or a target that nothing wanted lies behind
        if not node.parents or (targets and wanted.isdisjoint(node.parents)):
            continue
        contributions: Iterable[tuple[Node, Any]]
        if not observers:
            contributions = node.vjp(g, wanted, lift)
        else:
            contributions = _lazily(node, g, wanted, lift)
            for observer in observers:
                contributions = observer.differentiating(node, g, contributions)
        for parent, contribution in contributions:
            if parent in pending:
                pending[parent] = pending[parent] + contribution  # never in place: a rule may return its g twice
                shared.discard(parent)
            else:
                pending[parent] = contribution
                if (
                    contribution is g or node.op is None or (not lift and contribution.base is not None)
                ):  # a user's may be any
                    shared.add(parent)
        if not retain_graph:
            node.free()
    return arrived


def _lazily(node: Node, g: Any, wanted: set[Node], lift: bool) -> Iterator[tuple[Node, Any]]:
    """What ``vjp`` gives, whose rules run when the first of it is asked for: observers are told before."""
    yield from node.vjp(g, wanted, lift)


def _run_hooks(node: Node, g: Any, create_graph: bool, lift: bool) -> Any:
    tensor = g if isinstance(g, _Tensor) else wrap(np.asarray(g))
    assert node.hooks is not None
    for hook in list(node.hooks.values()):
        with set_grad_enabled(create_graph):
            replaced = hook(tensor)
        if replaced is None:
            continue
        if not isinstance(replaced, _Tensor) or replaced._data.shape != node.shape:
            raise GraphError(
                f"a hook on {node.name()} must return None or a Tensor of shape {node.shape}, got "
                f"{tuple(replaced.shape) if isinstance(replaced, _Tensor) else type(replaced).__name__}"
            )
        tensor = replaced
    return tensor if lift else tensor._data


def _deliver(tensor: Tensor | None, g: Any, shared: bool) -> None:
    """Add a gradient to a tensor's ``.grad``, which never shares its memory with anything."""
    if tensor is None:  # nobody holds the tensor any more, so nobody can read its gradient
        return
    tracer = state.tracer
    if tracer is not None:
        tracer.delivered(tensor)
    old = tensor._grad
    if isinstance(g, _Tensor) and old is not None and tracer is not None and g._node is None:
        total = apply(PRIMITIVES["add"], (old, g), {})  # into the memory that holds the sum so far
        np.copyto(old._data, total._data)
        tracer.copied(total._data, old._data)
    elif isinstance(g, _Tensor):
        tensor._grad = (apply(PRIMITIVES["clone"], (g,), {}) if shared else g) if old is None else old + g
    elif old is None:
        tensor._grad = wrap(np.array(g) if shared or type(g) is not np.ndarray else g)
    elif node_of(old) is not None or old._version is INFERENCE:
        tensor._grad = wrap(old._data + g)
    else:
        state.quiet(np.add, old._data, g, out=old._data)
        version_of(old).bump("backward")


def _starts(
    name: str, tensors: Sequence[Tensor], gradients: Sequence[Tensor | None], create_graph: bool
) -> list[tuple[Node, Any]]:
    """Each root's node with the gradient to start from, checked."""
    for gradient in gradients:
        if gradient is not None and not isinstance(gradient, _Tensor):
            raise ArgumentError(f"{name}: gradients must be Tensors or None, got {type(gradient).__name__}")
    if len(gradients) != len(tensors):
        raise GraphError(f"{name}: got {len(tensors)} tensors but {len(gradients)} gradients; give one for each")
    starts: list[tuple[Node, Any]] = []
    for position, (tensor, gradient) in enumerate(zip(tensors, gradients, strict=True)):
        node = node_of(tensor)
        if node is None:
            raise GraphError(
                f"element {position} of tensors does not require grad and does not have a grad_fn: nothing it was "
                "computed from has requires_grad=True, or it was computed under no_grad, or it was detached"
            )
        if gradient is None:
            if tensor._data.size != 1:
                raise GraphError(
                    f"grad can be implicitly created only for scalar outputs, got shape {tensor._data.shape}: reduce "
                    "it with .sum() or .mean(), or pass gradient= of that shape"
                )
            gradient = wrap(np.array(1, node.dtype).reshape(node.shape))
        elif gradient._data.shape != node.shape:
            raise ShapeError(
                f"{name}: Mismatch in shape: gradient {position} has shape {gradient._data.shape}, but its tensor "
                f"{node.shape}"
            )
        starts.append((node, _fit(gradient if create_graph else gradient._data, node)))
    return starts


def _sequence(value: Any) -> tuple[Any, ...]:
    return (value,) if value is None or isinstance(value, _Tensor) else tuple(value)


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add d(tensors)/d(leaf), weighted by ``grad_tensors``, to the ``.grad`` of every leaf (or of ``inputs`` alone).

    Args:
        tensors: The roots. A root of one element needs no gradient of its own.
        grad_tensors: One cotangent per root, of its shape.
        retain_graph: Keep what the graph saved, for another pass. Defaults to ``create_graph``.
        create_graph: Record the pass itself, so that the gradients can be differentiated.
        inputs: Collect gradients in these tensors only.

    Raises:
        GraphError: A root was not recorded, is not a scalar and has no gradient, or its graph was freed.
        InplaceError: A value that is needed was overwritten.
    """
    roots = _sequence(tensors)
    gradients = (None,) * len(roots) if grad_tensors is None else _sequence(grad_tensors)
    targets = None
    if inputs is not None:
        targets = _targets("backward", _sequence(inputs))
        if not targets:
            raise GraphError("backward: inputs= is empty; leave it out to collect gradients in every leaf")
        for tensor, node in zip(_sequence(inputs), targets, strict=True):
            if node.sink is None:
                node.sink = weakref.ref(tensor)
    starts = _starts("backward", roots, gradients, create_graph)
    with set_grad_enabled(create_graph):
        _walk(
            starts,
            targets,
            retain_graph=create_graph if retain_graph is None else retain_graph,
            create_graph=create_graph,
            accumulate=True,
        )


def _targets(name: str, inputs: Sequence[Tensor]) -> list[Node]:
    nodes = []
    for position, tensor in enumerate(inputs):
        node = node_of(tensor)
        if node is None:
            raise GraphError(
                f"{name}: One of the differentiated Tensors does not require grad: input {position}, shape "
                f"{tensor._data.shape}; set requires_grad=True before computing with it"
            )
        nodes.append(node)
    return nodes


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The gradients of ``outputs`` with respect to ``inputs``, returned and not accumulated: sum_i v_i^T d(out_i)/d(in).

    >>> import tinygrad_mlp as torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> (first,) = torch.autograd.grad(x**3, x, create_graph=True)
    >>> (second,) = torch.autograd.grad(first, x)
    >>> first.item(), second.item()
    (27.0, 18.0)

    Args:
        outputs, grad_outputs, retain_graph, create_graph: As ``tensors``, ``grad_tensors`` … of :func:`backward`.
        inputs: The tensors to differentiate by; leaves or not.
        allow_unused: Return None for an input that the outputs do not depend on, instead of raising.
        is_grads_batched: Each of ``grad_outputs`` has a leading dimension of cotangents, taken one after the other.
        materialize_grads: Return zeros instead of None.

    Raises:
        GraphError: As :func:`backward`; or an input was not used and neither ``allow_unused`` nor
            ``materialize_grads`` is set.
    """
    roots, sources = _sequence(outputs), _sequence(inputs)
    if not sources:
        raise GraphError("grad requires non-empty inputs.")
    if allow_unused is False and materialize_grads:
        raise ValueError("grad: allow_unused must not be False where materialize_grads is True")
    gradients = (None,) * len(roots) if grad_outputs is None else _sequence(grad_outputs)
    if is_grads_batched:
        return _batched(roots, sources, gradients, retain_graph, create_graph, allow_unused, materialize_grads)
    targets = _targets("grad", sources)
    starts = _starts("grad", roots, gradients, create_graph)
    with set_grad_enabled(create_graph):
        arrived = _walk(
            starts,
            targets,
            retain_graph=create_graph if retain_graph is None else retain_graph,
            create_graph=create_graph,
            accumulate=False,
        )
    results: list[Any] = []
    for position, (node, tensor) in enumerate(zip(targets, sources, strict=True)):
        g = arrived.get(node)
        if g is None and materialize_grads:
            g = np.zeros_like(tensor._data)
        elif g is None and not allow_unused:
            raise GraphError(
                f"One of the differentiated Tensors appears to not have been used in the graph: input {position}, "
                f"shape {tensor._data.shape}. Set allow_unused=True if this is the desired behavior."
            )
        results.append(g if g is None or isinstance(g, _Tensor) else wrap(np.asarray(g)))
    return tuple(results)


def _batched(
    roots: Sequence[Tensor],
    sources: Sequence[Tensor],
    gradients: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
    allow_unused: bool | None,
    materialize_grads: bool,
) -> tuple[Tensor, ...]:
    counts = {len(g) for g in gradients if g is not None}
    if len(counts) != 1:
        raise ShapeError(f"grad: is_grads_batched needs grad_outputs of one leading size, got {sorted(counts)}")
    (count,) = counts
    rows = [
        grad(
            roots,
            sources,
            [None if g is None else g[k] for g in gradients],
            True if k < count - 1 else retain_graph,
            create_graph,
            allow_unused,
            False,
            materialize_grads,
        )
        for k in range(count)
    ]
    columns = zip(*rows, strict=True)
    return tuple(
        None if column[0] is None else OPS["stack"](column)  # type: ignore[misc] # None, see below
        for column in columns  # None where unused is PyTorch's contract, outside the annotated return type
    )


def storable(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array itself, if a tensor can hold it.

    Raises:
        ArgumentError: It has a dtype that tensors do not have.
    """
    if not supported(array.dtype):
        raise ArgumentError(f"can't convert np.ndarray of type {array.dtype}: " + _HOLDS)
    return array


_HOLDS = "tensors hold float64, float32, float16, int64, int32, int16, int8, uint8 and bool"
