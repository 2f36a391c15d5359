"""Forward mode: tensors that carry a tangent with them. PyTorch's ``torch.autograd.forward_ad``.

A dual tensor is one with a node of its own in the graph, and what is computed of it has a history. A tangent is found when it is asked for: the
walk back from a result to the duals is linear in its cotangent, and walking back through that gives J u. So forward mode goes through what is
recorded: a level records, also where ``no_grad`` stands outside of it, but a ``no_grad`` inside it ends the way of a tangent.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from .._tensor import Tensor
from ..core.apply import node_of
from ..core.backward import gradients, history
from ..core.basics import reshaped
from ..core.graph import Node, wrap
from ..core.state import recording, state
from ..errors import ArgumentError, GraphError, ShapeError
from .function import pushing_forward

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class UnpackedDualTensor(NamedTuple):
    """A tensor and its tangent, None where it has none."""

    primal: Tensor
    tangent: Tensor | None


class _Level:
    """The tangents of the duals of a level, by their nodes."""

    def __init__(self) -> None:
        self.tangents: dict[Node, Tensor] = {}
        self.own: set[Node] = set()  # those that would have no history without it
        self.recorded = state.grad


_levels: list[_Level] = []


def enter_dual_level() -> int:
    """Begin a level, and return its number; see :class:`dual_level`.

    Raises:
        RuntimeError: There is one already.
    """
    if _levels:
        raise RuntimeError("Nested forward mode AD is not supported at the moment; func.jvp can be nested")
    _levels.append(_Level())
    state.grad = True
    return len(_levels) - 1


def exit_dual_level(*, level: int | None = None) -> None:
    """End a level: its tangents are gone.

    Raises:
        RuntimeError: It is not the one that was entered last.
    """
    if not _levels or level not in (None, len(_levels) - 1):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    state.grad = _levels.pop().recorded


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """The tensor, as a view, with a tangent.

    Raises:
        RuntimeError: There is no level. ShapeError: The tangent has another shape. GraphError: They do not hold floats of one dtype.

    >>> import tinygrad_mlp as torch
    >>> import tinygrad_mlp.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     dual = fwAD.make_dual(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    ...     fwAD.unpack_dual(dual ** 2).tangent
    tensor([ 2., 40.])
    """
    if not _levels:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    for what, value in (("tensor", tensor), ("tangent", tangent)):
        if not isinstance(value, Tensor):
            raise ArgumentError(f"make_dual: {what} must be a Tensor, got {type(value).__name__}")
    if tensor._like.dtype.kind != "f" or tangent._like.dtype != tensor._like.dtype:
        raise GraphError(f"make_dual: expected floating point tensors of one dtype, got {tensor.dtype} and {tangent.dtype}")
    if tensor._like.shape != tangent._like.shape:
        raise ShapeError(
            f"make_dual: Expected tensor and tangent to have one shape, got {tuple(tensor.shape)} and {tuple(tangent.shape)}"
        )
    with recording(True):
        own = node_of(tensor) is None
        dual: Any = tensor.detach().requires_grad_() if own else reshaped(tensor, shape=tensor._like.shape)
    node = node_of(dual)
    assert node is not None
    now = _levels[-1]
    now.tangents[node] = tangent
    if own:
        now.own.add(node)
    return dual


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The tensor without its tangent, and the tangent: None where it does not depend on a dual, or there is no level."""
    node = node_of(tensor) if isinstance(tensor, Tensor) else None
    if not _levels or node is None:
        return UnpackedDualTensor(tensor, None)
    now = _levels[-1]
    before = history([(node, None)])
    duals = [other for other in before if other in now.tangents]
    leaves = [other for other in before if other.is_leaf]
    primal = tensor.detach() if all(leaf in now.own for leaf in leaves) else tensor.view_as(tensor)
    if not duals:
        return UnpackedDualTensor(primal, None)
    return UnpackedDualTensor(primal, _tangent(tensor, duals, [now.tangents[dual] for dual in duals], primal.requires_grad))


def _tangent(tensor: Tensor, duals: list[Node], tangents: list[Tensor], record: bool) -> Tensor:
    with recording(True):
        cotangent = wrap(np.zeros(tensor._like.shape, tensor._like.dtype)).requires_grad_()
        target = node_of(cotangent)
        assert target is not None
        with pushing_forward():
            products = gradients("unpack_dual", [tensor], [cotangent], duals, True, True)
    pairs = [
        (products[d], u)
        for d, u in zip(duals, tangents, strict=True)
        if node_of(products.get(d, u)) is not None and d in products
    ]
    found: Any = None
    if pairs:
        record = record or any(u.requires_grad for u in tangents)
        found = gradients("unpack_dual", [p for p, _ in pairs], [u for _, u in pairs], [target], True, record).get(target)
    if found is None:
        found = np.zeros(tensor._like.shape, tensor._like.dtype)
    return found if isinstance(found, Tensor) else wrap(np.asarray(found))


class dual_level:  # noqa: N801 - PyTorch's name
    """A block in which tensors may have tangents.

    >>> import tinygrad_mlp as torch
    >>> import tinygrad_mlp.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     x = fwAD.make_dual(torch.tensor(2.0), torch.tensor(1.0))
    ...     primal, tangent = fwAD.unpack_dual(x * x)
    >>> primal, tangent
    (tensor(4.), tensor(4.))
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        exit_dual_level()
