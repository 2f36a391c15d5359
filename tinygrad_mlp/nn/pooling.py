"""Layers that pool: one number for each window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._tensor import Tensor
from ..ops.convolution import Given
from .function_module import FunctionModule
from .functional import pooling as F

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d",
    "AvgPool1d", "AvgPool2d", "AvgPool3d", "LPPool1d", "LPPool2d", "LPPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d",
    "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip

Wanted = int | Sequence[int | None]


class _Pool(FunctionModule):
    """Calls its function with the options that it remembers; some of them are shown."""

    _shown: tuple[str, ...] = ("kernel_size", "stride", "padding")

    def forward(self, input: Tensor) -> Any:
        """``(N, C, *) -> (N, C, *)``, or without N."""
        return type(self)._function(input, **self.options())

    def extra_repr(self) -> str:
        """The arguments."""
        return ", ".join(f"{name}={getattr(self, name)}" for name in self._shown)


class MaxPool1d(_Pool, function=F.max_pool1d):
    """The largest element of each window. Shapes ``(N, C, L) -> (N, C, L')``, or without N.

    Args:
        kernel_size: The size of a window; an integer, or one per dimension, as all sizes.
        stride: The step from window to window; ``kernel_size`` where None.
        padding: How many elements are added on both sides, which are never the largest.
        dilation: The step within a window.
        return_indices: Give the places of the largest elements, too.
        ceil_mode: Count a last window that is not whole.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.MaxPool1d(2)(torch.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[3., 2.]])
    """

    _shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self,
        kernel_size: Given,
        stride: Given | None = None,
        padding: Given = 0,
        dilation: Given = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size,
            stride=kernel_size if stride is None else stride,
            padding=padding,
            dilation=dilation,
            return_indices=return_indices,
            ceil_mode=ceil_mode,
        )


class MaxPool2d(MaxPool1d, function=F.max_pool2d):
    """:class:`MaxPool1d` for images, ``(N, C, H, W) -> (N, C, H', W')``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.MaxPool2d(2)(torch.ones(64, 6, 28, 28)).shape
    torch.Size([64, 6, 14, 14])
    """


class MaxPool3d(MaxPool1d, function=F.max_pool3d):
    """:class:`MaxPool1d` for volumes, ``(N, C, D, H, W) -> (N, C, D', H', W')``."""


class AvgPool2d(_Pool, function=F.avg_pool2d):
    """The mean of each window of images. Shapes ``(N, C, H, W) -> (N, C, H', W')``, or without N.

    Args:
        kernel_size: The size of a window; an integer, or one per dimension, as all sizes.
        stride: The step from window to window; ``kernel_size`` where None.
        padding: How many zeros are added on both sides.
        ceil_mode: Count a last window that is not whole.
        count_include_pad: Whether padding counts as elements.
        divisor_override: Divide the sums by this instead of their count.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.AvgPool2d(2)(torch.arange(4.0).reshape(1, 2, 2))
    tensor([[[1.5000]]])
    """

    def __init__(
        self,
        kernel_size: Given,
        stride: Given | None = None,
        padding: Given = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size,
            stride=kernel_size if stride is None else stride,
            padding=padding,
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
            divisor_override=divisor_override,
        )


class AvgPool3d(AvgPool2d, function=F.avg_pool3d):
    """:class:`AvgPool2d` for volumes, ``(N, C, D, H, W) -> (N, C, D', H', W')``."""


class AvgPool1d(_Pool, function=F.avg_pool1d):
    """:class:`AvgPool2d` for sequences, ``(N, C, L) -> (N, C, L')``, without ``divisor_override``."""

    def __init__(
        self,
        kernel_size: Given,
        stride: Given | None = None,
        padding: Given = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        def single(value: Given) -> tuple[int, ...]:
            return (value,) if isinstance(value, int) else tuple(value)

        super().__init__(
            kernel_size=single(kernel_size),
            stride=single(kernel_size if stride is None else stride),
            padding=single(padding),
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
        )


class AdaptiveAvgPool1d(_Pool, function=F.adaptive_avg_pool1d):
    """The means of ``output_size`` parts of each sequence, about evenly long. Shapes ``(N, C, L) -> (N, C, output_size)``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.AdaptiveAvgPool1d(2)(torch.tensor([[1.0, 3.0, 5.0]]))
    tensor([[2., 4.]])
    """

    _shown = ("output_size",)

    def __init__(self, output_size: Wanted) -> None:
        super().__init__(output_size=output_size)


class AdaptiveAvgPool2d(AdaptiveAvgPool1d, function=F.adaptive_avg_pool2d):
    """:class:`AdaptiveAvgPool1d` for images, ``(N, C, H, W) -> (N, C, *output_size)``."""


class AdaptiveAvgPool3d(AdaptiveAvgPool1d, function=F.adaptive_avg_pool3d):
    """:class:`AdaptiveAvgPool1d` for volumes, ``(N, C, D, H, W) -> (N, C, *output_size)``."""


class AdaptiveMaxPool1d(_Pool, function=F.adaptive_max_pool1d):
    """The largest elements of ``output_size`` parts of each sequence, about evenly long. Shapes ``(N, C, L) -> (N, C, output_size)``.

    Args:
        output_size: How many parts.
        return_indices: Give the places of the largest elements, too.
    """

    _shown = ("output_size",)

    def __init__(self, output_size: Wanted, return_indices: bool = False) -> None:
        super().__init__(output_size=output_size, return_indices=return_indices)


class AdaptiveMaxPool2d(AdaptiveMaxPool1d, function=F.adaptive_max_pool2d):
    """:class:`AdaptiveMaxPool1d` for images, ``(N, C, H, W) -> (N, C, *output_size)``."""


class AdaptiveMaxPool3d(AdaptiveMaxPool1d, function=F.adaptive_max_pool3d):
    """:class:`AdaptiveMaxPool1d` for volumes, ``(N, C, D, H, W) -> (N, C, *output_size)``."""


class LPPool1d(_Pool, function=F.lp_pool1d):
    """The norm (sum x^p)^(1/p) of each window, p = ``norm_type``. Shapes ``(N, C, L) -> (N, C, L')``, or without N."""

    _shown = ("norm_type", "kernel_size", "stride", "ceil_mode")

    def __init__(self, norm_type: float, kernel_size: Given, stride: Given | None = None, ceil_mode: bool = False) -> None:
        super().__init__(norm_type=norm_type, kernel_size=kernel_size, stride=stride, ceil_mode=ceil_mode)


class LPPool2d(LPPool1d, function=F.lp_pool2d):
    """:class:`LPPool1d` for images, ``(N, C, H, W) -> (N, C, H', W')``."""


class LPPool3d(LPPool1d, function=F.lp_pool3d):
    """:class:`LPPool1d` for volumes, ``(N, C, D, H, W) -> (N, C, D', H', W')``."""


class MaxUnpool1d(_Pool, function=F.max_unpool1d):
    """Undoes :class:`MaxPool1d`: each element at its index, zeros elsewhere. Shapes ``(N, C, L) -> (N, C, L')``, or without N."""

    _dims = 1

    def __init__(self, kernel_size: Given, stride: Given | None = None, padding: Given = 0) -> None:
        def per_dim(value: Given) -> tuple[int, ...]:
            return (value,) * self._dims if isinstance(value, int) else tuple(value)

        stride = kernel_size if stride is None else stride
        super().__init__(kernel_size=per_dim(kernel_size), stride=per_dim(stride), padding=per_dim(padding))

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:  # type: ignore[override] # as PyTorch's
        """``(N, C, *) -> (N, C, *)``, of ``output_size`` where that is given and possible."""
        return type(self)._function(input, indices, **self.options(), output_size=output_size)


class MaxUnpool2d(MaxUnpool1d, function=F.max_unpool2d):
    """:class:`MaxUnpool1d` for images, ``(N, C, H, W) -> (N, C, H', W')``."""

    _dims = 2


class MaxUnpool3d(MaxUnpool1d, function=F.max_unpool3d):
    """:class:`MaxUnpool1d` for volumes, ``(N, C, D, H, W) -> (N, C, D', H', W')``."""

    _dims = 3
