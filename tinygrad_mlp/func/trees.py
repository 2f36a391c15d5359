"""The tensors in nested lists, tuples and dicts, and other things in their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._tensor import Tensor
from ..errors import ArgumentError
from ..trees import mapped

__all__ = ["each_with", "filled", "replaced", "tensors_in", "with_leaves"]


def tensors_in(name: str, what: str, tree: Any) -> list[Tensor]:
    """The tensors of a nest that holds nothing else.

    Raises:
        ArgumentError: It does.
    """
    found = [leaf for leaf, _ in each_with(name, tree, None)]
    for leaf in found:
        if not isinstance(leaf, Tensor):
            raise ArgumentError(
                f"{name}: expected {what} to be Tensors, or nested lists, tuples and dicts of them, got {type(leaf).__name__}"
            )
    return found


def filled(tree: Any, values: Sequence[Any]) -> Any:
    """The nest with these values in the place of its tensors."""
    remaining = iter(values)
    return mapped(lambda _: next(remaining), tree, Tensor)


def each_with(name: str, tree: Any, prefix: Any) -> list[tuple[Any, Any]]:
    """Every leaf of a nest with what a nest of the same form, or a part of it from the top, has in its place.

    Raises:
        ValueError: The other nest has another form.
    """
    if not isinstance(tree, list | tuple | Mapping):
        return [(tree, prefix)]
    inside = isinstance(prefix, list | tuple | Mapping)
    if isinstance(tree, Mapping):
        keys = list(tree)
        if inside and (not isinstance(prefix, Mapping) or set(prefix) != set(tree)):
            raise ValueError(f"{name} has the wrong form: {prefix} for a dict with the keys {keys}")
        pairs = [(tree[key], prefix[key] if inside else prefix) for key in keys]
    else:
        if inside and (isinstance(prefix, Mapping) or len(prefix) != len(tree)):
            raise ValueError(f"{name} has the wrong form: {prefix} for {len(tree)} values")
        pairs = [(item, prefix[k] if inside else prefix) for k, item in enumerate(tree)]
    return [found for item, part in pairs for found in each_with(name, item, part)]


def with_leaves(tree: Any, values: Sequence[Any]) -> Any:
    """The nest with these values in the place of its leaves, of any type."""
    remaining = iter(values)

    def walk(tree: Any) -> Any:
        if isinstance(tree, Mapping):
            entries: Any = type(tree)
            return entries({key: walk(item) for key, item in tree.items()})
        if isinstance(tree, list | tuple):
            items = [walk(item) for item in tree]
            return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
        return next(remaining)

    return walk(tree)


def replaced(function: Callable[[Tensor], Any], tree: Any) -> Any:
    """The nest with ``function(x)`` for each tensor."""
    return mapped(function, tree, Tensor)
