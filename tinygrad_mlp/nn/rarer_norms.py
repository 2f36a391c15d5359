"""Layers that normalize within each sample: by groups of channels, by channel, by the root of the mean square, by neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from .._tensor import Tensor
from ..device import DeviceLike
from ..dtypes import dtype
from ..ops.creation import empty
from . import functional as F
from . import init
from .function_module import FunctionModule
from .module import Module
from .normalisation import _NormBase
from .parameter import Parameter

__all__ = ["GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LocalResponseNorm", "RMSNorm"]


class GroupNorm(Module):
    """Normalizes each group of channels of each sample: y = (x - E[x]) / sqrt(Var[x] + eps) * weight + bias. Wu & He 2018.

    Shapes: ``(N, num_channels, *)``, in and out. The variance is the biased one.

    Args:
        num_groups: The number of groups.
        num_channels: The number of channels.
        eps: Added to the variance.
        affine: Whether there are ``weight`` and ``bias``, for each channel.
        device: The CPU, or None.
        dtype: Of the parameters; the default dtype where None.
        bias: Whether there is a ``bias``, if ``affine``.

    Raises:
        ValueError: ``num_groups`` does not divide ``num_channels``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.GroupNorm(2, 4)(torch.tensor([[1.0, 3.0, 10.0, 30.0]])).round(decimals=3).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: DeviceLike = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        for name, there in (("weight", affine), ("bias", affine and bias)):
            self.register_parameter(name, Parameter(empty(num_channels, device=device, dtype=dtype)) if there else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale by 1, shift by 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """``(N, num_channels, *) -> (N, num_channels, *)``."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"


class InstanceNorm1d(_NormBase):
    """Normalizes each channel of each sample: y = (x - E[x]) / sqrt(Var[x] + eps) * weight + bias. Ulyanov et al. 2016.

    Shapes: ``(N, num_features, L)`` or ``(num_features, L)``, in and out. The variance is the biased one.

    Args:
        num_features: The number of channels.
        eps: Added to the variance.
        momentum: Weight of a batch in the running statistics.
        affine: Whether there are ``weight`` and ``bias``.
        track_running_stats: Whether there are running statistics, which are used in evaluation mode.
        device: The CPU, or None.
        dtype: Of parameters and buffers; the default dtype where None.
        bias: Whether there is a ``bias``, if ``affine``.

    Raises:
        ValueError: On a call: the input has another number of dimensions, or of channels, or one value per channel.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.InstanceNorm1d(2)(torch.tensor([[[1.0, 3.0], [10.0, 30.0]]])).round(decimals=3).tolist()
    [[[-1.0, 1.0], [-1.0, 1.0]]]
    """

    _places: ClassVar[int] = 1  # dimensions behind that of the channels

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: DeviceLike = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """``(N, C, *) -> (N, C, *)``, or without N."""
        alone = self._places + 1
        if input.ndim not in (alone, alone + 1):
            raise ValueError(f"expected {alone}D or {alone + 1}D input (got {input.ndim}D input)")
        channels = input.shape[-alone]
        if channels != self.num_features and self.affine:
            raise ValueError(
                f"expected input's size at dim={input.ndim - alone} to match num_features ({self.num_features}), but got: {channels}."
            )
        y = F.instance_norm(
            input.unsqueeze(0) if input.ndim == alone else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return y.squeeze(0) if input.ndim == alone else y


class InstanceNorm2d(InstanceNorm1d):
    """:class:`InstanceNorm1d` for images: ``(N, num_features, H, W)`` or ``(num_features, H, W)``, in and out."""

    _places = 2


class InstanceNorm3d(InstanceNorm1d):
    """:class:`InstanceNorm1d` for volumes: ``(N, num_features, D, H, W)`` or ``(num_features, D, H, W)``, in and out."""

    _places = 3


class RMSNorm(Module):
    """Divides each sample by the root of its mean square: y = x / sqrt(E[x^2] + eps) * weight. Zhang & Sennrich 2019.

    Shapes: ``(*, *normalized_shape)``, in and out.

    Args:
        normalized_shape: The shape of the last dimensions; an integer for one.
        eps: Added to the mean; the dtype's machine precision where None.
        elementwise_affine: Whether there is a ``weight``, of ``normalized_shape``.
        device: The CPU, or None.
        dtype: Of the weight; the default dtype where None.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.RMSNorm(2)(torch.tensor([[3.0, 3.0], [5.0, -5.0]])).tolist()
    [[1.0, 1.0], [1.0, -1.0]]
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape: tuple[int, ...] = (
            (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        )
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        there = Parameter(empty(self.normalized_shape, device=device, dtype=dtype)) if elementwise_affine else None
        self.register_parameter("weight", there)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale by 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """``(*, *normalized_shape) -> (*, *normalized_shape)``."""
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(FunctionModule, function=F.local_response_norm):
    """x / (k + alpha mean(x^2))^beta, the mean over ``size`` neighbouring channels. Krizhevsky et al. 2012.

    Shapes: ``(N, C, *)``, in and out.
    """

    size: int
    alpha: float
    beta: float
    k: float

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__(size=size, alpha=alpha, beta=beta, k=k)

    def forward(self, input: Tensor) -> Tensor:
        """``(N, C, *) -> (N, C, *)``."""
        return F.local_response_norm(input, **self.options())

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
