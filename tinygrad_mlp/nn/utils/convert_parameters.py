"""The parameters of a model as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from ..._tensor import Tensor
from ...errors import ArgumentError, ShapeError
from ...ops.joining import cat, split

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All elements of the parameters, one after the other, as a vector; recorded.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.utils.parameters_to_vector([torch.ones(2, 2), torch.zeros(1)])
    tensor([1., 1., 1., 1., 0.])
    """
    return cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Make the elements of a vector the values of the parameters, which from then on are views of its memory.

    Args:
        vec: As :func:`parameters_to_vector` gives it.
        parameters: The parameters, in the same order.

    Raises:
        ArgumentError: ``vec`` is not a Tensor.
        ShapeError: It has fewer elements than the parameters; none has been changed.

    >>> import tinygrad_mlp as torch
    >>> layer = torch.nn.Linear(2, 1)
    >>> torch.nn.utils.vector_to_parameters(torch.tensor([1.0, 2.0, 3.0]), layer.parameters())
    >>> layer.weight.tolist(), layer.bias.tolist()
    ([[1.0, 2.0]], [3.0])
    """
    if not isinstance(vec, Tensor):
        raise ArgumentError(f"expected a Tensor, but got: {type(vec).__name__}")
    listed = list(parameters)
    needed = sum(parameter.numel() for parameter in listed)
    if vec.numel() < needed:
        raise ShapeError(f"vector_to_parameters: the parameters have {needed} elements, but vec {vec.numel()}")
    parts = split(vec.detach()[:needed], [parameter.numel() for parameter in listed])
    for parameter, part in zip(listed, parts, strict=True):
        parameter.data = part.view_as(parameter)
