"""Convolutions that find the number of input channels at their first call."""

from __future__ import annotations

from typing import Any, ClassVar

from .._tensor import Tensor
from ..grad_mode import no_grad
from .convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, _Convolution
from .lazy import LazyModuleMixin
from .module import Module
from .parameter import UninitializedParameter

__all__ = ["LazyConv1d", "LazyConv2d", "LazyConv3d", "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d"]


class _LazyConvolution(LazyModuleMixin, _Convolution):
    """What they have in common: ``in_channels`` is the size of the input's dimension of channels."""

    def __init__(self, out_channels: int, kernel_size: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(0, out_channels, kernel_size, *args, **kwargs)

    def _make(self, bias: bool, where: dict[str, Any]) -> None:
        self.weight = UninitializedParameter(**where)
        self.register_parameter("bias", UninitializedParameter(**where) if bias else None)

    def reset_parameters(self) -> None:
        """Draw new initial values, if there is something to fill."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """The size of the input's dimension of channels is ``in_channels``."""
        if not self.has_uninitialized_params():
            return
        if input.ndim not in (self._dims + 1, self._dims + 2):
            raise RuntimeError(
                f"Expected {self._dims + 1}D (unbatched) or {self._dims + 2}D (batched) input to {type(self).__name__}, but got "
                f"input of size: {tuple(input.shape)}"
            )
        self.in_channels: int = input.shape[-self._dims - 1]
        if self.in_channels % self.groups:
            raise ValueError(f"in_channels must be divisible by groups, but got {self.in_channels} and {self.groups}")
        with no_grad():
            self.weight.materialize(self._weight_shape())  # type: ignore[attr-defined] # it has no size yet
            if self.bias is not None:
                self.bias.materialize((self.out_channels,))  # type: ignore[attr-defined] # likewise
            self.reset_parameters()


class LazyConv1d(_LazyConvolution, Conv1d):
    """A :class:`Conv1d` whose ``in_channels`` is that of its first input.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.LazyConv1d(4, 3)(torch.ones(2, 5, 9)).shape
    torch.Size([2, 4, 7])
    """

    cls_to_become: ClassVar[type[Module] | None] = Conv1d


class LazyConv2d(_LazyConvolution, Conv2d):
    """A :class:`Conv2d` whose ``in_channels`` is that of its first input."""

    cls_to_become: ClassVar[type[Module] | None] = Conv2d


class LazyConv3d(_LazyConvolution, Conv3d):
    """A :class:`Conv3d` whose ``in_channels`` is that of its first input."""

    cls_to_become: ClassVar[type[Module] | None] = Conv3d


class LazyConvTranspose1d(_LazyConvolution, ConvTranspose1d):
    """A :class:`ConvTranspose1d` whose ``in_channels`` is that of its first input."""

    cls_to_become: ClassVar[type[Module] | None] = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvolution, ConvTranspose2d):
    """A :class:`ConvTranspose2d` whose ``in_channels`` is that of its first input."""

    cls_to_become: ClassVar[type[Module] | None] = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvolution, ConvTranspose3d):
    """A :class:`ConvTranspose3d` whose ``in_channels`` is that of its first input."""

    cls_to_become: ClassVar[type[Module] | None] = ConvTranspose3d
