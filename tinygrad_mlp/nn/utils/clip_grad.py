"""Clipping of the gradients of a whole model.

``foreach`` is PyTorch's: how it computes. There is one way here, with the same values.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable

from ..._tensor import Tensor
from ...errors import GraphError
from ...grad_mode import no_grad
from ...ops.creation import tensor
from ...ops.joining import stack
from ...ops.norms import vector_norm

__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]

Tensors = Tensor | Iterable[Tensor]


def _listed(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _gradients(parameters: Tensors) -> list[Tensor]:
    return [p.grad for p in _listed(parameters) if p.grad is not None]


@no_grad()
def get_total_norm(
    tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The p-norm of all elements together: (sum abs(x)^p)^(1/p), for p = inf the largest abs(x).

    Args:
        tensors: A tensor or several.
        norm_type: p.
        error_if_nonfinite: Refuse a norm that is nan or infinite.

    Raises:
        GraphError: The norm is not finite and ``error_if_nonfinite`` is set.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.utils.get_total_norm([torch.tensor([3.0]), torch.tensor([4.0])])
    tensor(5.)
    """
    norms = [vector_norm(t, norm_type) for t in _listed(tensors)]
    if not norms:
        return tensor(0.0)
    total = vector_norm(stack(norms), norm_type)
    if error_if_nonfinite and not total.isfinite():
        raise GraphError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite ({total.item()}), "
            "so it cannot be clipped. To scale by it anyway, set error_if_nonfinite=False"
        )
    return total


@no_grad()
def clip_grads_with_norm_(parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None) -> None:
    """Scale the gradients in place by max_norm / (total_norm + 1e-6) if that is less than 1.

    Args:
        parameters: A parameter or several; those without a gradient are passed over.
        max_norm: The largest norm allowed.
        total_norm: The norm they have, from :func:`get_total_norm`.
    """
    scale = (max_norm / (total_norm + 1e-6)).clamp_(max=1.0)
    for gradient in _gradients(parameters):
        gradient.mul_(scale.to(gradient.dtype))


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients in place so that their norm, all together, is at most ``max_norm``.

    Pascanu et al. 2013, algorithm 1.

    Args:
        parameters: A parameter or several; those without a gradient are passed over.
        max_norm: The largest norm allowed.
        norm_type: p of the p-norm.
        error_if_nonfinite: Refuse gradients whose norm is nan or infinite.

    Returns:
        The norm before clipping, ``()``.

    Raises:
        GraphError: The norm is not finite and ``error_if_nonfinite`` is set.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([3.0, 4.0], requires_grad=True)
    >>> (w * w / 2).sum().backward()
    >>> torch.nn.utils.clip_grad_norm_([w], max_norm=1.0)
    tensor(5.)
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    listed = _listed(parameters)
    if isinstance(parameters, Generator) and not listed:
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", UserWarning, stacklevel=2)
    total = get_total_norm(_gradients(listed), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(listed, max_norm, total)
    return total


@no_grad()
def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Clip every element of the gradients in place to [-clip_value, clip_value].

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([3.0, -4.0], requires_grad=True)
    >>> (w * w / 2).sum().backward()
    >>> torch.nn.utils.clip_grad_value_([w], 3.5)
    >>> w.grad
    tensor([ 3.0000, -3.5000])
    """
    for gradient in _gradients(parameters):
        gradient.clamp_(-clip_value, clip_value)
