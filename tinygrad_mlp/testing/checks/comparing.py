"""What the checks compare: the tensors in results, their numbers and their gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...autograd.gradients import grad
from ...ops.creation import from_numpy

__all__ = [
    "close",
    "cotangents",
    "difference",
    "gradients_of",
    "identical",
    "name_of",
    "tensors_in",
    "values_of",
    "weighted_sum",
]

Array = np.ndarray[Any, Any]


def tensors_in(value: Any) -> list[Tensor]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple | list) else ()
    return [t for part in parts for t in tensors_in(part)]


def values_of(value: Any) -> list[Array]:
    """Copies of the numbers of all tensors in it."""
    return [np.array(t.detach().numpy()) for t in tensors_in(value)]


def identical(a: Sequence[Array], b: Sequence[Array]) -> bool:
    """Equal to the last bit; nan equals nan."""
    return len(a) == len(b) and all(
        x.dtype == y.dtype and np.array_equal(x, y, equal_nan=x.dtype.kind == "f") for x, y in zip(a, b, strict=True)
    )


def difference(a: Sequence[Array], b: Sequence[Array], names: Sequence[str] | None = None) -> str:
    """Where two lists of arrays part, in words."""
    for k, (x, y) in enumerate(zip(a, b, strict=False)):
        name = names[k] if names else f"result {k}"
        if x.shape != y.shape or x.dtype != y.dtype:
            return f"{name} has {x.dtype} {x.shape} and {y.dtype} {y.shape}"
        apart = ~((x == y) | ((x != x) & (y != y)))
        if apart.any():
            at = tuple(int(i) for i in np.unravel_index(int(np.argmax(apart)), x.shape))
            return f"{name}, element {at}, is {x[at]} and {y[at]}"
    return f"{len(a)} results and {len(b)}"


def close(a: Sequence[Array], b: Sequence[Array], rtol: float) -> bool:
    """Equal but for rounding; nan equals nan."""
    return len(a) == len(b) and all(
        x.shape == y.shape and np.allclose(x, y, rtol=rtol, atol=rtol, equal_nan=True) for x, y in zip(a, b, strict=True)
    )


def cotangents(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Fixed, all different, so that no element's gradient hides behind another's."""
    return [from_numpy(np.cos(np.arange(1.0, t.numel() + 1)).reshape(tuple(t.shape))).to(t.dtype) for t in outputs]


def weighted_sum(outputs: Any) -> Tensor | None:
    """The sum of all differentiable outputs, each element with a weight of its own."""
    graded = [t for t in tensors_in(outputs) if t.requires_grad]
    parts = [(t * w).sum() for t, w in zip(graded, cotangents(graded), strict=True)]
    return sum(parts[1:], parts[0]) if parts else None


def gradients_of(outputs: Any, sources: Sequence[Tensor], create_graph: bool = False) -> list[Tensor | None]:
    """The gradient of that sum by each source; None where it does not depend on it."""
    total = weighted_sum(outputs)
    if total is None or not sources:
        return [None] * len(sources)
    return list(grad(total, list(sources), create_graph=create_graph, allow_unused=True))


def name_of(f: Any) -> str:
    """What messages call a class or a function."""
    return getattr(f, "__name__", type(f).__name__)
