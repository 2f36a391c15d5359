"""Affine layers, and layers that only change shapes."""

from __future__ import annotations

import math
from typing import Any

from .._tensor import Tensor
from ..core.basics import linear
from ..device import DeviceLike
from ..dtypes import dtype
from ..errors import ArgumentError
from ..ops.creation import empty
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["Bilinear", "Flatten", "Identity", "Linear", "Unflatten"]


class Linear(Module):
    """An affine map of the last dimension: y = x W^T + b.

    Shapes: ``(*, in_features) -> (*, out_features)``. Weights and biases start uniform in
    [-1/sqrt(in_features), 1/sqrt(in_features)].

    Args:
        in_features: Size of each input vector.
        out_features: Size of each output vector.
        bias: Whether there is a b.
        device: The CPU, or None.
        dtype: Of the parameters; the default dtype where None.

    Attributes:
        weight: W, ``(out_features, in_features)``.
        bias: b, ``(out_features,)``, or None.

    >>> import tinygrad_mlp as torch
    >>> layer = torch.nn.Linear(784, 10)
    >>> layer(torch.zeros(64, 784)).shape
    torch.Size([64, 10])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: DeviceLike = None, dtype: dtype | None = None
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty(out_features, in_features, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """``(*, in_features) -> (*, out_features)``."""
        return (F.linear if getattr(input, "ndim", 0) > 2 else linear)(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """A bilinear map of two inputs: y_k = x_1^T A_k x_2 + b_k.

    Shapes: ``(*, in1_features), (*, in2_features) -> (*, out_features)``. Weights and biases start uniform in
    [-1/sqrt(in1_features), 1/sqrt(in1_features)].

    Args:
        in1_features: Size of each first input vector.
        in2_features: Size of each second input vector.
        out_features: Size of each output vector.
        bias: Whether there is a b.
        device: The CPU, or None.
        dtype: Of the parameters; the default dtype where None.

    Raises:
        ValueError: ``in1_features`` is not positive.

    >>> import tinygrad_mlp as torch
    >>> layer = torch.nn.Bilinear(3, 4, 2)
    >>> layer(torch.ones(5, 3), torch.ones(5, 4)).shape
    torch.Size([5, 2])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = Parameter(empty(out_features, in1_features, in2_features, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1 / math.sqrt(self.in1_features)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """``(*, in1_features), (*, in2_features) -> (*, out_features)``."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class Identity(Module):
    """Gives back its input, whatever arguments it was made with.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.Identity(54, unused=True)(torch.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """``(*) -> (*)``."""
        return input


class Flatten(Module):
    """Makes one dimension of the dimensions from ``start_dim`` to ``end_dim``, both included.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.Flatten()(torch.ones(64, 1, 28, 28)).shape
    torch.Size([64, 784])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """``(N, *) -> (N, product of *)`` with the defaults."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The dimensions."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits dimension ``dim`` into dimensions of ``unflattened_size``, one of which may be -1.

    Raises:
        ArgumentError: ``dim`` is not an integer, or ``unflattened_size`` not a tuple of integers.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.Unflatten(1, (28, 28))(torch.ones(64, 784)).shape
    torch.Size([64, 28, 28])
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        super().__init__()
        if not isinstance(dim, int):
            raise ArgumentError(f"Unflatten: dim must be an int, but got {type(dim).__name__}")
        if not isinstance(unflattened_size, tuple | list) or not all(isinstance(n, int) for n in unflattened_size):
            raise ArgumentError(f"Unflatten: unflattened_size must be a tuple of ints, but got {unflattened_size!r}")
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        """``(*, n, *) -> (*, *unflattened_size, *)``."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """The dimension and the sizes."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
