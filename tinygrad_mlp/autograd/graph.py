"""What the graph saves, and its nodes: PyTorch's ``torch.autograd.graph``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from .._tensor import Tensor
from ..core.apply import node_of
from ..core.graph import Node, named, version_of
from ..core.state import state
from ..errors import GraphError
from .saving import Packing

__all__ = [
    "GradientEdge", "Node", "disable_saved_tensors_hooks", "get_gradient_edge", "increment_version", "save_on_cpu",
    "saved_tensors_hooks",
]  # fmt: skip

_refused: list[str] = []  # why hooks are not allowed now, the innermost reason last


class saved_tensors_hooks:  # noqa: N801 - PyTorch's name
    """A block in which what the graph saves for backward is packed by one function, and unpacked by another when it is needed.

    Args:
        pack_hook: Of a tensor that is saved; returns anything.
        unpack_hook: Of that; returns a tensor of the same values.

    Raises:
        RuntimeError: On entering, within :func:`disable_saved_tensors_hooks`.

    >>> import tinygrad_mlp as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), torch.tensor):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 2.])
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self._packing = Packing(pack_hook, unpack_hook)

    def __enter__(self) -> None:
        if _refused:
            raise RuntimeError(_refused[-1])
        state.observers = (*state.observers, self._packing)

    def __exit__(self, *error: object) -> None:
        state.observers = tuple(o for o in state.observers if o is not self._packing)


class save_on_cpu(saved_tensors_hooks):  # noqa: N801 - PyTorch's name
    """A block in which what is saved is kept on the CPU, where everything is already."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor, lambda tensor: tensor)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """A block, or a decorated function, in which :class:`saved_tensors_hooks` raise a RuntimeError with this message."""
    _refused.append(error_message)
    try:
        yield
    finally:
        _refused.pop()


class GradientEdge(NamedTuple):
    """A place in the graph where a gradient flows: the node, and which of its outputs."""

    node: Node
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """Where the gradient of a tensor flows: its ``grad_fn``, or the node that adds to the ``.grad`` of a leaf.

    ``autograd.grad`` takes it in the place of the tensor.

    Raises:
        GraphError: The tensor requires no gradient.
    """
    node = node_of(tensor)
    if node is None:
        raise GraphError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(named(node), getattr(node, "position", 0))


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Count a write to the memory of a tensor, or of several, that autograd has not seen."""
    for each in (tensor,) if isinstance(tensor, Tensor) else tensor:
        version_of(each).bump("increment_version")
