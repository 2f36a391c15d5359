"""What the checks compare: the tensors in results, their numbers and their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...autograd.gradients import grad
from ...ops.creation import from_numpy
from ...ops.places import first_place
from ...trees import leaves

__all__ = ["close", "difference", "gradients_of", "name_of", "values_of", "weighted_sum"]

Array = np.ndarray[Any, Any]


def values_of(value: Any) -> list[Array]:
    """Copies of the numbers of all tensors in it."""
    return [np.array(t.detach().numpy()) for t in leaves(value, Tensor)]


def _alike(x: Array, y: Array, rtol: float, atol: float | None) -> Array:
    return np.isclose(x, y, rtol=rtol, atol=rtol if atol is None else atol, equal_nan=True)


def close(a: Sequence[Array], b: Sequence[Array], rtol: float = 0.0, atol: float | None = None) -> bool:
    """Equal to the last bit, or within ``rtol`` (and ``atol``, the same unless given); nan equals nan."""
    return len(a) == len(b) and all(
        (x.shape, x.dtype) == (y.shape, y.dtype) and bool(_alike(x, y, rtol, atol).all()) for x, y in zip(a, b, strict=True)
    )


def difference(
    a: Sequence[Array], b: Sequence[Array], names: Sequence[str] | None = None, rtol: float = 0.0, atol: float | None = None
) -> str:
    """Where two lists of arrays part, in words: the first element that is not :func:`close`."""
    for k, (x, y) in enumerate(zip(a, b, strict=False)):
        name = names[k] if names else f"result {k}"
        if x.shape != y.shape or x.dtype != y.dtype:
            return f"{name} has {x.dtype} {x.shape} and {y.dtype} {y.shape}"
        apart = ~_alike(x, y, rtol, atol)
        if apart.any():
            at = first_place(apart)
            return f"{name}, element {at}, is {x[at]} and {y[at]}"
    return f"{len(a)} results and {len(b)}"


def weighted_sum(outputs: Any) -> Tensor | None:
    """The sum of all differentiable outputs, each element with a weight of its own, so that no gradient hides another."""
    total: Any = None
    for t in leaves(outputs, Tensor):
        if t.requires_grad:
            weights = from_numpy(np.cos(np.arange(1.0, t.numel() + 1)).reshape(tuple(t.shape))).to(t.dtype)
            total = (t * weights).sum() if total is None else total + (t * weights).sum()
    return total


def gradients_of(outputs: Any, sources: Sequence[Tensor], create_graph: bool = False) -> list[Tensor | None]:
    """The gradient of that sum by each source; None where it does not depend on it."""
    total = weighted_sum(outputs)
    if total is None or not sources:
        return [None] * len(sources)
    return list(grad(total, list(sources), create_graph=create_graph, allow_unused=True))


def name_of(f: Any) -> str:
    """What messages call a class or a function."""
    return getattr(f, "__name__", type(f).__name__)
