"""``grad``: the core's, and for batches of cotangents."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from ..core.backward import gradients, node_or_error, sequence_of
from ..core.errors import GraphError, ShapeError
from ..core.graph import Tensor, wrap
from ..ops.joining import stack

__all__ = ["grad"]

_T = TypeVar("_T", bound=Tensor)


def grad(
    outputs: _T | Sequence[_T],
    inputs: _T | Sequence[_T],
    grad_outputs: _T | Sequence[_T | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[_T, ...]:
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
        only_inputs: Ignored, as in PyTorch: no other gradients are accumulated.
        allow_unused: Return None for an input that the outputs do not depend on, instead of raising.
        is_grads_batched: Each of ``grad_outputs`` has a leading dimension of cotangents, taken one after the other.
        materialize_grads: Return zeros instead of None.

    Raises:
        GraphError: As :func:`backward`; or an input was not used and neither ``allow_unused`` nor
            ``materialize_grads`` is set.
    """
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True)", FutureWarning, stacklevel=2
        )
    roots, sources = (
        tuple(map(_of_edge, sequence_of([given] if hasattr(given, "ownership_token") else given)))
        for given in (outputs, inputs)
    )
    if not sources:
        raise GraphError("grad requires non-empty inputs.")
    if allow_unused is False and materialize_grads:
        raise ValueError("grad: allow_unused must not be False where materialize_grads is True")
    targets = [node_or_error("grad", f"One of the differentiated Tensors, input {k},", x) for k, x in enumerate(sources)]
    cotangents = (None,) * len(roots) if grad_outputs is None else sequence_of(grad_outputs)

    def pass_back(cotangents: Sequence[Any], retain_graph: bool | None) -> list[Any]:
        arrived = gradients("grad", roots, cotangents, targets, retain_graph, create_graph)
        return [
            _gradient(k, tensor, arrived.get(node), allow_unused, materialize_grads)
            for k, (node, tensor) in enumerate(zip(targets, sources, strict=True))
        ]

    if not is_grads_batched:
        return tuple(pass_back(cotangents, retain_graph))
    counts = {len(g) for g in cotangents if g is not None}
    if len(counts) != 1:
        raise ShapeError(f"grad: is_grads_batched needs grad_outputs of one leading size, got {sorted(counts)}")
    (count,) = counts
    rows = [
        pass_back([None if g is None else g[k] for g in cotangents], True if k < count - 1 else retain_graph)
        for k in range(count)
    ]
    columns: list[Any] = [None if column[0] is None else stack(column) for column in zip(*rows, strict=True)]
    return tuple(columns)


def _of_edge(place: Any) -> Any:
    """A tensor that has the node of a place in the graph; a tensor is one itself."""
    if not hasattr(place, "ownership_token"):
        return place
    return wrap(np.broadcast_to(np.zeros((), place.node.dtype), place.node.shape), place.node)


def _gradient(k: int, tensor: Tensor, g: Any, allow_unused: bool | None, materialize_grads: bool) -> Any:
    """What ``grad`` returns for input ``k``, a ``tensor`` that the gradient ``g`` arrived at: None if none did."""
    if g is None:
        if materialize_grads:
            g = np.zeros_like(tensor._data)
        elif allow_unused:
            return None
        else:
            raise GraphError(
                f"One of the differentiated Tensors appears to not have been used in the graph: input {k}, "
                f"shape {tensor._like.shape}. Set allow_unused=True if this is the desired behavior."
            )
    return g if isinstance(g, Tensor) else wrap(np.asarray(g))
