"""``grad``: the core's, and for batches of cotangents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from ..core.backward import grad as core_grad
from ..core.backward import sequence_of
from ..core.errors import ShapeError
from ..core.graph import Tensor
from ..ops.joining import stack

__all__ = ["grad"]

_T = TypeVar("_T", bound=Tensor)


def grad(
    outputs: _T | Sequence[_T],
    inputs: _T | Sequence[_T],
    grad_outputs: _T | Sequence[_T | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
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
        allow_unused: Return None for an input that the outputs do not depend on, instead of raising.
        is_grads_batched: Each of ``grad_outputs`` has a leading dimension of cotangents, taken one after the other.
        materialize_grads: Return zeros instead of None.

    Raises:
        GraphError: As :func:`backward`; or an input was not used and neither ``allow_unused`` nor
            ``materialize_grads`` is set.
    """
    options: Any = {"create_graph": create_graph, "allow_unused": allow_unused, "materialize_grads": materialize_grads}
    if not is_grads_batched:
        return core_grad(outputs, inputs, grad_outputs, retain_graph, **options)
    gradients = [None] if grad_outputs is None else sequence_of(grad_outputs)
    counts = {len(g) for g in gradients if g is not None}
    if len(counts) != 1:
        raise ShapeError(f"grad: is_grads_batched needs grad_outputs of one leading size, got {sorted(counts)}")
    (count,) = counts
    rows = [
        core_grad(
            outputs,
            inputs,
            [None if g is None else g[k] for g in gradients],
            True if k < count - 1 else retain_graph,
            **options,
        )
        for k in range(count)
    ]
    return tuple(None if column[0] is None else stack(column) for column in zip(*rows, strict=True))
