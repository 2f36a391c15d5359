"""Layers that give their input mean 0 and variance 1: over the batch, or within each sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from .._tensor import Tensor
from ..device import DeviceLike
from ..dtypes import dtype, int64
from ..ops.creation import empty, tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["BatchNorm1d", "LayerNorm"]


class _NormBase(Module):
    """Running statistics, scales and shifts of channels."""

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None
    _may_miss = ("num_batches_tracked",)  # files from before there was one can be loaded, as in PyTorch
    _dims: ClassVar[tuple[int, ...]]  # how many dimensions an input may have

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: DeviceLike = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats

        def new() -> Tensor:
            return empty(num_features, device=device, dtype=dtype)

        self.register_parameter("weight", Parameter(new()) if affine else None)
        self.register_parameter("bias", Parameter(new()) if affine and bias else None)
        self.register_buffer("running_mean", new() if track_running_stats else None)
        self.register_buffer("running_var", new() if track_running_stats else None)
        self.register_buffer("num_batches_tracked", tensor(0, dtype=int64) if track_running_stats else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the batches seen."""
        for buffer, value in ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0)):
            if buffer is not None:
                buffer.fill_(value)

    def reset_parameters(self) -> None:
        """Forget the batches seen; scale by 1, shift by 0."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_NormBase):
    """Normalizes each channel over batch and places."""

    def forward(self, input: Tensor) -> Tensor:
        """``(N, C, *) -> (N, C, *)``."""
        if input.ndim not in self._dims:
            raise ValueError(f"expected {' or '.join(f'{n}D' for n in self._dims)} input (got {input.ndim}D input)")
        momentum = self.momentum
        updating = self.training and self.track_running_stats
        if updating and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if momentum is None:
                momentum = 1 / self.num_batches_tracked.item()
        use_running = updating or not self.training
        return F.batch_norm(
            input,
            self.running_mean if use_running else None,
            self.running_var if use_running else None,
            self.weight,
            self.bias,
            self.training or self.running_mean is None,
            0.0 if momentum is None else momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Normalizes each feature over the batch: y = (x - E[x]) / sqrt(Var[x] + eps) * weight + bias.

    Shapes: ``(N, num_features)`` or ``(N, num_features, L)``, in and out. In training, mean and (biased) variance
    are the batch's, and the running ones follow: running = (1 - momentum) * running + momentum * batch's, the
    variance unbiased. In evaluation mode the running ones are used. Ioffe & Szegedy 2015, algorithms 1 and 2.

    Args:
        num_features: The number of features.
        eps: Added to the variance.
        momentum: Weight of the batch in the running statistics; None for the mean over all batches.
        affine: Whether there are ``weight`` and ``bias``.
        track_running_stats: Whether there are running statistics; without, the batch's are always used.
        device: The CPU, or None.
        dtype: Of parameters and buffers; the default dtype where None.
        bias: Whether there is a ``bias``, if ``affine``.

    Raises:
        ValueError: On a call: the input has not 2 or 3 dimensions, or in training only one value per feature.

    >>> import tinygrad_mlp as torch
    >>> norm = torch.nn.BatchNorm1d(1)
    >>> norm(torch.tensor([[1.0], [3.0]])).tolist()
    [[-0.9999949932098389], [0.9999949932098389]]
    >>> norm.running_mean
    tensor([0.2000])
    """

    _dims = (2, 3)


class LayerNorm(Module):
    """Normalizes each sample over its last dimensions: y = (x - E[x]) / sqrt(Var[x] + eps) * weight + bias.

    Shapes: ``(*, *normalized_shape)``, in and out. The variance is the biased one. Ba et al. 2016, eq. 4.

    Args:
        normalized_shape: The shape of the last dimensions; an integer for one.
        eps: Added to the variance.
        elementwise_affine: Whether there are ``weight`` and ``bias``, of ``normalized_shape``.
        bias: Whether there is a ``bias``.
        device: The CPU, or None.
        dtype: Of the parameters; the default dtype where None.

    >>> import tinygrad_mlp as torch
    >>> norm = torch.nn.LayerNorm(2)
    >>> norm(torch.tensor([[1.0, 3.0], [10.0, 30.0]])).round(decimals=3).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape = shape
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        for name, there in (("weight", elementwise_affine), ("bias", elementwise_affine and bias)):
            self.register_parameter(name, Parameter(empty(shape, device=device, dtype=dtype)) if there else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale by 1, shift by 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """``(*, *normalized_shape) -> (*, *normalized_shape)``."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )
