"""Values nested in lists, tuples and dicts: their leaves, and the same nest of other leaves."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TypeVar

from .errors import ArgumentError

__all__ = ["leaves", "mapped"]

_T = TypeVar("_T")


def leaves(tree: object, kind: type[_T]) -> list[_T]:
    """All values of a type in nested lists, tuples and dicts, in their order.

    Raises:
        ArgumentError: It is nested too deeply, or contains itself.

    >>> from tinygrad_mlp.trees import leaves
    >>> leaves({"a": (1, [2.5, 3]), "b": "text"}, int)
    [1, 3]
    """
    found: list[_T] = []
    try:
        _collect(tree, kind, found)
    except RecursionError as error:
        raise _too_deep() from error
    return found


def _collect(tree: object, kind: type[_T], found: list[_T]) -> None:
    if isinstance(tree, kind):
        found.append(tree)
    elif isinstance(tree, list | tuple | Mapping):
        for item in tree.values() if isinstance(tree, Mapping) else tree:
            _collect(item, kind, found)


def mapped(function: Callable[[_T], object], tree: Any, kind: type[_T]) -> Any:
    """New lists, tuples and dicts of the same types, with ``function(x)`` for each ``x`` of a type; all else is as it was.

    Raises:
        ArgumentError: It is nested too deeply, or contains itself.

    >>> from collections import namedtuple
    >>> from tinygrad_mlp.trees import mapped
    >>> Point = namedtuple("Point", "x y")
    >>> mapped(lambda x: 10 * x, {"a": Point(1, 2), "b": [3, None]}, int)
    {'a': Point(x=10, y=20), 'b': [30, None]}
    """
    try:
        return _mapped(function, tree, kind)
    except RecursionError as error:
        raise _too_deep() from error


def _mapped(function: Callable[[_T], object], tree: Any, kind: type[_T]) -> Any:
    if isinstance(tree, kind):
        return function(tree)
    if isinstance(tree, list | tuple):
        items = [_mapped(function, item, kind) for item in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    if isinstance(tree, Mapping):
        entries = {key: _mapped(function, item, kind) for key, item in tree.items()}
        if not isinstance(tree, MutableMapping):
            return type(tree)(entries)  # type: ignore[call-arg] # as read-only mappings are made
        made = copy.copy(tree)  # which keeps more than the entries: the default of a defaultdict
        made.update(entries)
        return made
    return tree


def _too_deep() -> ArgumentError:
    return ArgumentError("lists, tuples and dicts are nested too deeply, or contain themselves")
