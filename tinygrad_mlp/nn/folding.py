"""Windows of images as columns, and columns back to images, as layers."""

from __future__ import annotations

from collections.abc import Sequence

from .._tensor import Tensor
from .function_module import FunctionModule
from .functional import folding as F

__all__ = ["Fold", "Unfold"]

Given = int | Sequence[int]


class Unfold(FunctionModule, function=F.unfold):
    """Each window of the images as a column. Shapes ``(N, C, H, W) -> (N, C * kernel size, windows)``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.Unfold((2, 3))(torch.ones(2, 5, 3, 4)).shape
    torch.Size([2, 30, 4])
    """

    def __init__(self, kernel_size: Given, dilation: Given = 1, padding: Given = 0, stride: Given = 1) -> None:
        super().__init__(kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride)

    def forward(self, input: Tensor) -> Tensor:
        """``(N, C, H, W) -> (N, C * kernel size, windows)``."""
        return type(self)._function(input, **self.options())

    def extra_repr(self) -> str:
        """The arguments."""
        return ", ".join(f"{name}={value}" for name, value in self.options().items())


class Fold(Unfold, function=F.fold):
    """Adds each column to its window. Shapes ``(N, C * kernel size, windows) -> (N, C, *output_size)``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.Fold((4, 5), (2, 2))(torch.ones(1, 12, 12)).shape
    torch.Size([1, 3, 4, 5])
    """

    def __init__(
        self, output_size: Given, kernel_size: Given, dilation: Given = 1, padding: Given = 0, stride: Given = 1
    ) -> None:
        FunctionModule.__init__(
            self, output_size=output_size, kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride
        )
