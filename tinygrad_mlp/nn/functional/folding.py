"""Windows of images as columns, and columns back to images."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..._tensor import Tensor
from ...errors import ShapeError
from ...ops.composite import takes_tensors
from ...ops.convolution import How, Sizes, batched, fold_windows, per_dim, unfold_windows

__all__ = ["fold", "unfold"]

Given = int | Sequence[int]


def _geometry(
    name: str, size: Sequence[int], kernel: Given, dilation: Given, padding: Given, stride: Given
) -> tuple[Sizes, How, Sizes]:
    """The kernel, how its windows lie, and how many there are."""
    kernels, dilations = per_dim(name, "kernel_size", kernel, 2, 1), per_dim(name, "dilation", dilation, 2, 1)
    paddings, strides = per_dim(name, "padding", padding, 2, 0), per_dim(name, "stride", stride, 2, 1)
    geometry = zip(size, kernels, dilations, paddings, strides, strict=True)
    positions = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in geometry)
    if min(positions) < 1:
        raise ShapeError(
            f"{name}: an image of size {tuple(size)} has no window of kernel_size={kernels}, dilation={dilations} and "
            f"padding={paddings}: calculated shape of the array of sliding blocks as {positions}, but its components must be "
            "at least one"
        )
    return kernels, (strides, tuple((p, p) for p in paddings), dilations, 1), positions


@takes_tensors
def unfold(input: Tensor, kernel_size: Given, dilation: Given = 1, padding: Given = 0, stride: Given = 1) -> Tensor:
    """Each window of the images as a column. Shapes ``(N, C, H, W) -> (N, C * kernel size, windows)``, or without N.

    Raises:
        ShapeError: There is no window.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.functional.unfold(torch.arange(6.0).reshape(1, 1, 2, 3), (2, 2))
    tensor([[[0., 1.],
             [1., 2.],
             [3., 4.],
             [4., 5.]]])
    """
    x = batched("unfold", input, 2)
    kernel, how, size = _geometry("unfold", x.shape[2:], kernel_size, dilation, padding, stride)
    y: Tensor = unfold_windows(x, kernel=kernel, how=how, size=size)
    return y if x is input else y.squeeze(0)


@takes_tensors
def fold(
    input: Tensor, output_size: Given, kernel_size: Given, dilation: Given = 1, padding: Given = 0, stride: Given = 1
) -> Tensor:
    """Adds each column to its window. Shapes ``(N, C * kernel size, windows) -> (N, C, *output_size)``, or without N.

    Raises:
        ShapeError: There are not as many columns as windows, or they are not of the kernel's size.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.functional.fold(torch.ones(1, 4, 2), (2, 3), (2, 2))
    tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    x = batched("fold", input, 1)
    size = per_dim("fold", "output_size", output_size, 2, 1)
    kernel, how, positions = _geometry("fold", size, kernel_size, dilation, padding, stride)
    if x.shape[1] % math.prod(kernel) or x.shape[2] != math.prod(positions):
        raise ShapeError(
            f"fold: Expected size of input's dimension 1 to be divisible by the product of kernel_size={kernel}, and its last one "
            f"to be the number of windows, {math.prod(positions)}, but got {tuple(input.shape)}"
        )
    y: Tensor = fold_windows(x, kernel=kernel, how=how, size=size, positions=positions)
    return y if x is input else y.squeeze(0)
