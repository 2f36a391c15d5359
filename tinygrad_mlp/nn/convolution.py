"""Layers that convolve: each output is a weighted sum of its neighbourhood, with the same weights everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from .._tensor import Tensor
from ..device import DeviceLike
from ..dtypes import dtype
from ..ops import convolution
from ..ops.convolution import Given
from ..ops.creation import empty
from ..ops.joining import pad
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

_MODES = ("zeros", "reflect", "replicate", "circular")


def _per_dim(value: Given, dims: int) -> tuple[int, ...]:
    return (value,) * dims if isinstance(value, int) else tuple(value)


class _Convolution(Module):
    """What all have in common: the options, the parameters and their initial values."""

    _dims: ClassVar[int]
    _function: ClassVar[Callable[..., Tensor]]
    transposed: ClassVar[bool] = False
    weight: Parameter
    bias: Parameter | None

    def _set_up(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Given,
        stride: Given,
        padding: Given | str,
        dilation: Given,
        output_padding: Given,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: DeviceLike,
        dtype: dtype | None,
    ) -> None:
        Module.__init__(self)
        if groups <= 0:
            raise ValueError(f"groups must be a positive integer, but got {groups}")
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name} must be divisible by groups, but got {channels} and {groups}")
        dims = self._dims
        self.stride: tuple[int, ...] = _per_dim(stride, dims)
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of 'same', 'valid'")
            if padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        modes = _MODES[:1] if self.transposed else _MODES
        if padding_mode not in modes:
            raise ValueError(
                f"padding_mode must be one of {list(modes)} for {type(self).__name__}, but got {padding_mode!r}"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size: tuple[int, ...] = _per_dim(kernel_size, dims)
        self.padding = padding if isinstance(padding, str) else _per_dim(padding, dims)
        self.dilation: tuple[int, ...] = _per_dim(dilation, dims)
        self.output_padding: tuple[int, ...] = _per_dim(output_padding, dims)
        self.groups = groups
        self.padding_mode = padding_mode
        self._make(bias, {"device": device, "dtype": dtype})

    def _weight_shape(self) -> tuple[int, ...]:
        first, second = (self.in_channels, self.out_channels) if self.transposed else (self.out_channels, self.in_channels)
        return (first, second // self.groups, *self.kernel_size)

    def _make(self, bias: bool, where: dict[str, Any]) -> None:
        """Make the parameters."""
        self.weight = Parameter(empty(self._weight_shape(), **where))
        self.register_parameter("bias", Parameter(empty(self.out_channels, **where)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        fan_in = math.prod(self.weight.shape[1:])
        if self.bias is not None and fan_in:
            bound = 1 / math.sqrt(fan_in)
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """The options that are not the defaults."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        zeros, ones = (0,) * self._dims, (1,) * self._dims
        for name, default in (("padding", zeros), ("dilation", ones), ("output_padding", zeros), ("groups", 1)):
            value = getattr(self, name)
            text += "" if value == default else f", {name}={value}"
        text += ", bias=False" if self.bias is None else ""
        return text + ("" if self.padding_mode == "zeros" else f", padding_mode={self.padding_mode}")


class Conv1d(_Convolution):
    """Cross-correlates sequences with a filter per output channel: y_o = b_o + sum_c w_oc * x_c.

    Shapes: ``(N, in_channels, L) -> (N, out_channels, L')`` with L' = (L + 2 padding - dilation (kernel_size - 1) - 1) /
    stride + 1, rounded down; without N, too. Weights and biases start uniform in [-1/sqrt(n), 1/sqrt(n)] for the
    n = in_channels / groups * kernel_size inputs of an output.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: The size of the window; an integer, or one per dimension, as all sizes.
        stride: The step from window to window.
        padding: How much is added on both sides; ``"same"``: as much as keeps the size; ``"valid"``: nothing.
        dilation: The step within a window.
        groups: Into how many groups the channels are divided.
        bias: Whether there is a b.
        padding_mode: What is added: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        device: The CPU, or None.
        dtype: Of the parameters; the default dtype where None.

    Raises:
        ValueError: Options that do not fit together.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.Conv1d(16, 33, 3, stride=2)(torch.ones(20, 16, 50)).shape
    torch.Size([20, 33, 24])
    """

    _dims = 1
    _function = staticmethod(convolution.conv1d)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Given,
        stride: Given = 1,
        padding: Given | str = 0,
        dilation: Given = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        self._set_up(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device, dtype
        )

    def forward(self, input: Tensor) -> Tensor:
        """``(N, in_channels, *) -> (N, out_channels, *)``."""
        x, padding = input, self.padding
        if self.padding_mode != "zeros":
            widths: list[int] = []
            for d in range(self._dims - 1, -1, -1):  # from the last dimension on
                span = self.dilation[d] * (self.kernel_size[d] - 1)
                if isinstance(padding, str):
                    widths += (span // 2, span - span // 2) if padding == "same" else (0, 0)
                else:
                    widths += (padding[d], padding[d])
            x, padding = pad(input, widths, mode=self.padding_mode), (0,) * self._dims
        return type(self)._function(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(Conv1d):
    """:class:`Conv1d` for images, ``(N, in_channels, H, W) -> (N, out_channels, H', W')``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.Conv2d(1, 6, 5, padding=2)(torch.ones(64, 1, 28, 28)).shape
    torch.Size([64, 6, 28, 28])
    """

    _dims = 2
    _function = staticmethod(convolution.conv2d)


class Conv3d(Conv1d):
    """:class:`Conv1d` for volumes, ``(N, in_channels, D, H, W) -> (N, out_channels, D', H', W')``."""

    _dims = 3
    _function = staticmethod(convolution.conv3d)


class ConvTranspose1d(_Convolution):
    """The transpose of :class:`Conv1d`, which is its gradient by the input: makes sequences longer where that shortens them.

    Shapes: ``(N, in_channels, L) -> (N, out_channels, L')`` with L' = (L - 1) stride - 2 padding + dilation (kernel_size - 1) +
    output_padding + 1; without N, too. Arguments and errors are those of :class:`Conv1d`, but for:

    Args:
        output_padding: How much is added to L' on one side, as lengths that differ by less than a stride give the same L.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.ConvTranspose1d(16, 33, 3, stride=2)(torch.ones(20, 16, 50)).shape
    torch.Size([20, 33, 101])
    """

    _dims = 1
    _function = staticmethod(convolution.conv_transpose1d)
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Given,
        stride: Given = 1,
        padding: Given = 0,
        output_padding: Given = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Given = 1,
        padding_mode: str = "zeros",
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        self._set_up(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias, padding_mode,
            device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """``(N, in_channels, *) -> (N, out_channels, *)``, of ``output_size`` where that is given and possible."""
        more = self.output_padding if output_size is None else self._more(input, list(output_size))
        options: Any = (self.stride, self.padding, more, self.groups, self.dilation)
        return type(self)._function(input, self.weight, self.bias, *options)

    def _more(self, input: Tensor, wanted: list[int]) -> tuple[int, ...]:
        """The output padding that gives the size wanted."""
        dims = self._dims
        wanted = wanted[-dims:] if len(wanted) == input.ndim else wanted
        if len(wanted) != dims:
            raise ValueError(
                f"{type(self).__name__}: for {input.ndim}D input, output_size must have {dims} or {input.ndim} elements "
                f"(got {len(wanted)})"
            )
        padding: Any = self.padding
        geometry = zip(input.shape[-dims:], self.stride, padding, self.dilation, self.kernel_size, strict=True)
        least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in geometry]
        if any(not low <= n < low + s for n, low, s in zip(wanted, least, self.stride, strict=True)):
            most = [low + s - 1 for low, s in zip(least, self.stride, strict=True)]
            raise ValueError(f"requested an output size of {wanted}, but valid sizes range from {least} to {most}")
        return tuple(n - low for n, low in zip(wanted, least, strict=True))


class ConvTranspose2d(ConvTranspose1d):
    """:class:`ConvTranspose1d` for images, ``(N, in_channels, H, W) -> (N, out_channels, H', W')``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1)(torch.ones(5, 8, 14, 14)).shape
    torch.Size([5, 1, 28, 28])
    """

    _dims = 2
    _function = staticmethod(convolution.conv_transpose2d)


class ConvTranspose3d(ConvTranspose1d):
    """:class:`ConvTranspose1d` for volumes, ``(N, in_channels, D, H, W) -> (N, out_channels, D', H', W')``."""

    _dims = 3
    _function = staticmethod(convolution.conv_transpose3d)
