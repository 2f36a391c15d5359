"""An operation: its forward on arrays, one rule per input, and what the rules ask for.

A *rule* maps the cotangent ``g`` of the output to the cotangent of one input (a vector-Jacobian product, VJP)::

    @primitive(lambda g, y: g * (1 - y * y))
    def tanh(input):
        return np.tanh(input)

It asks by name for what it needs, and only that is kept for backward:

* ``g``: the cotangent of the output; ``y``: the output;
* an input's name: its value; ``<input>_shape``: its shape; any other parameter of the forward by its name;
* ``kept``: what else the forward computed on the way, where it is declared ``keeping=`` a function that gives both;
* in a variadic primitive (any number of inputs): ``i``, which input; ``inputs``, their values; ``shapes``, their shapes.

Rules use operators and other primitives only, which work on arrays and on Tensors alike. So the same rule runs on arrays in
an ordinary backward pass, and on Tensors under ``create_graph=True``, where what it does is recorded and can be
differentiated again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .errors import ArgumentError

PRIMITIVES: dict[str, Primitive] = {}
OPS: dict[str, Callable[..., Any]] = {}  # every operation by name, primitive or composed of others

_listeners: list[Callable[[Callable[..., Any]], None]] = []
_THEIRS = {"axis": "dim", "axes": "dims", "keepdims": "keepdim", "size": "shape", "x": "input", "x1": "input", "x2": "other"}
PLAIN: set[type[Any]] = {float, int, bool, np.ndarray}  # types of inputs that a forward takes as they are
OPTIONS: set[type[Any]] = {float, int, bool, str, tuple, type(None)}  # and of options


def on_operation(listener: Callable[[Callable[..., Any]], None]) -> None:
    """Call ``listener`` with every operation: those that there are, and those to come."""
    for operation in OPS.values():
        listener(operation)
    _listeners.append(listener)


def enter(operation: Callable[..., Any]) -> None:
    """Enter an operation in the table."""
    if operation.__name__ in OPS:
        raise TypeError(f"there is an operation {operation.__name__!r} already")
    OPS[operation.__name__] = operation
    for listener in _listeners:
        listener(operation)


def signature(function: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, Any]]:
    """A function's positional parameters, its keyword-only ones, and their defaults; importing ``inspect`` takes long."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    positional, keyword = names[: code.co_argcount], names[code.co_argcount :]
    given = function.__defaults__ or ()
    defaults = dict(zip(positional[len(positional) - len(given) :], given))
    return positional, keyword, defaults | (function.__kwdefaults__ or {})


def renamed(name: str, known: Iterable[str]) -> str:
    """``dim``, ``keepdim`` and so on for NumPy's ``axis``, ``keepdims``; a ``known`` name as it is."""
    return name if name in known else _THEIRS.get(name, name)


class Primitive:
    """An operation that can be differentiated: its forward function, its rules and what they ask for.

    Attributes:
        arity, inputs: How many array inputs, -1 for any number; their names.
        needs, plans: Per rule the names that it asks for; the same, with where each value comes from.
        partial: Whether an input has no rule, and so no gradient.
        node: The class of its nodes in the graph.
    """

    __slots__ = (
        "arity", "cast", "defaults", "forward", "inputs", "keeping", "name", "names", "needs", "node", "open", "optional", "order",
        "partial", "plain", "plans", "required", "rules", "static", "takes_out", "variadic", "view",
    )  # fmt: skip
    cast: str | None
    view: bool
    variadic: bool
    keeping: Any
    node: type[Any]

    def __init__(
        self, forward: Any, rules: Sequence[Any], cast: str | None, view: bool, variadic: bool, keeping: Any = None
    ) -> None:
        self.name: str = forward.__name__
        self.forward: Any = forward
        self.rules: tuple[Any, ...] = tuple(rules)
        self.cast, self.view, self.variadic, self.keeping = cast, view, variadic, keeping
        positional, keyword, defaults = signature(forward)
        self.takes_out: bool = "out" in positional + keyword
        named = tuple(name for name in positional + keyword if name != "out")
        self.arity: int = -1 if variadic else len(self.rules)
        self.inputs: tuple[str, ...] = () if variadic else named[: self.arity]
        self.names: frozenset[str] = frozenset(named)
        self.order: tuple[str, ...] = tuple(name for name in positional if name != "out")
        self.optional: dict[str, Any] = {name: defaults[name] for name in named if name in defaults}
        self.required: tuple[str, ...] = tuple(name for name in named if name not in defaults)
        self.static: frozenset[str] = self.names.difference(self.inputs)
        self.open: frozenset[str] = self.static.intersection(self.required)  # options that every call must give
        self.defaults: dict[str, Any] = {name: value for name, value in self.optional.items() if name not in self.inputs}
        self.plain: set[type[Any]] = PLAIN | {type(self.optional[name]) for name in self.inputs if name in self.optional}
        self.needs: tuple[tuple[str, ...], ...] = tuple(self._asked(rule) for rule in self.rules)
        plans = [tuple((name, self._source(name)) for name in needs) for needs in self.needs]
        self.plans: Iterable[tuple[tuple[str, int | str], ...]] = itertools.repeat(plans[0]) if variadic and plans else plans
        self.partial: bool = not self.rules or None in self.rules

    def _asked(self, rule: Callable[..., Any] | None) -> tuple[str, ...]:
        if rule is None:
            return ()
        names = signature(rule)[0]
        known = {"y", "kept", *self.names, *(f"{name}_shape" for name in self.inputs)}
        known |= {"i", "inputs", "shapes"} if self.variadic else set()
        if names[:1] != ("g",) or not known.issuperset(names[1:]):
            raise TypeError(f"{self.name}: a rule asks for {names}, but there is only g, {sorted(known)}")
        return names[1:]

    def _source(self, name: str) -> int | str:
        """Where a saved value comes from: an input's position, or what kind of thing it is."""
        if name in self.inputs:
            return self.inputs.index(name)
        return name if name in ("y", "i", "inputs", "shapes", "kept") else "static" if name in self.names else "shape"

    def explained(self, arrays: Sequence[Any], params: dict[str, Any], error: Exception) -> Exception:
        """The error that the caller sees where the forward raised ``error``; a room on top replaces this to explain it."""
        return error

    def takes_plainly(self, args: Sequence[Any]) -> bool:
        """Whether the forward takes these arguments as they are: mostly a rule's call, on arrays."""
        count = self.arity
        if count < len(args) <= len(self.order) and OPTIONS.issuperset(map(type, args[count:])):
            args = args[:count]
        return len(args) == count and self.plain.issuperset(map(type, args))

    def bind(self, args: tuple[Any, ...], params: dict[str, Any]) -> tuple[Sequence[Any], dict[str, Any]]:
        """Sort a call's arguments into array inputs and options, as the forward's signature says."""
        if self.variadic or (len(args) == self.arity and self.open <= params.keys() <= self.static):  # the everyday call
            return args, {**self.defaults, **params}
        given = dict(zip(self.order, args, strict=False))
        if len(args) > len(self.order):
            raise ArgumentError(
                f"{self.name}() takes at most {len(self.order)} positional arguments ({', '.join(self.order)}), "
                f"got {len(args)}"
            )
        for key, value in params.items():
            name = renamed(key, self.names)
            if name in given or name not in self.names:
                problem = "got two values for" if name in given else "has no argument"
                raise ArgumentError(f"{self.name}() {problem} {key!r}; its arguments are {', '.join(self.order)}")
            given[name] = value
        given = {**self.optional, **given}
        missing = [name for name in self.required if name not in given]
        if missing:
            raise ArgumentError(f"{self.name}() misses its argument {missing[0]!r} (of {', '.join(self.order)})")
        return [given.pop(name) for name in self.inputs], given


def plain(value: Any) -> Any:
    """A number of another kind, or a tensor without dimensions, as Python's number; anything else as it is."""
    if isinstance(value, np.generic) or getattr(getattr(value, "_data", None), "ndim", None) == 0:
        return value.item()
    return float(value) if isinstance(value, float) else value


def as_options(params: dict[str, Any]) -> dict[str, Any]:
    """``params``, itself where each value is plain already."""
    if OPTIONS.issuperset(map(type, params.values())):
        return params
    return {key: plain(value) for key, value in params.items()}
