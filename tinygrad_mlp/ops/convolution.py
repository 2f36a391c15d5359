"""Convolutions as products of matrices, in any number of dimensions: each column is the window of one output position.

A convolution is linear in its input and in its weight. So there are three operations, each the gradient of the others: the convolution
itself, its transpose (the gradient by the input), and the gradient by the weight. All have the same options: ``how``, which is the stride,
the padding (before and after) and the dilation along each dimension, and the number of groups; and the ``size`` of their result.

Inside, the batch is the last dimension, as NumPy is fast where neighbours in memory are treated alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import ArgumentError, ShapeError
from .calls import one_call
from .composite import Operation, called, composite
from .summing import narrowed, widened
from .sums import sum

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

Sizes = tuple[int, ...]
Widths = tuple[tuple[int, int], ...]
How = tuple[Sizes, Widths, Sizes, int]
Given = int | Sequence[int]

# --------------------------------------------------------------------------------------------------------- on arrays


def _batch_last(x: Array) -> Array:
    return np.moveaxis(x, 0, -1)


def _batch_first(x: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(x, -1, 0))


def _inside(size: Sequence[int], padding: Widths) -> tuple[Any, ...]:
    """The key of the unpadded part, in ``(C, *padded, N)``."""
    return (slice(None), *(slice(before, before + n) for n, (before, _) in zip(size, padding, strict=True)))


def _padded(size: Sequence[int], padding: Widths) -> list[int]:
    return [n + before + after for n, (before, after) in zip(size, padding, strict=True)]


def columns_of(x: Array, kernel: Sizes, size: Sizes, how: How) -> Array:
    """The windows of ``(N, C, *)``, as ``(C, *kernel, *size, N)``: a view."""
    stride, padding, dilation, _ = how
    if any(map(any, padding)):
        batch_last = np.zeros((x.shape[1], *_padded(x.shape[2:], padding), len(x)), x.dtype)
        batch_last[_inside(x.shape[2:], padding)] = _batch_last(x)
    else:
        batch_last = np.ascontiguousarray(_batch_last(x))
    first, *along, last = batch_last.strides
    steps = (*(d * n for d, n in zip(dilation, along)), *(s * n for s, n in zip(stride, along)))
    shape = (x.shape[1], *kernel, *size, len(x))
    return np.lib.stride_tricks.as_strided(batch_last, shape, (first, *steps, last), writeable=False)


def summed_columns(columns: Array, size: Sizes, how: How) -> Array:
    """The transpose of :func:`columns_of`: each window is added to where it was taken from, ``(N, C, *size)``."""
    (stride, padding, dilation, _), dims = how, len(size)
    kernel, positions = columns.shape[1 : dims + 1], columns.shape[dims + 1 : -1]
    out = np.zeros((len(columns), *_padded(size, padding), columns.shape[-1]), columns.dtype)
    for offset in itertools.product(*map(range, kernel)):
        starts = [d * i for d, i in zip(dilation, offset)]
        places = (slice(i, i + (n - 1) * s + 1, s) for i, n, s in zip(starts, positions, stride))
        part = out[(slice(None), *places)]
        np.add(part, columns[(slice(None), *offset)], out=part)
    return _batch_first(out[_inside(size, padding)])


def _matrix(columns: Array, groups: int) -> Array:
    """The columns as a matrix per group, ``(groups, channels * kernel, positions * N)``."""
    dims = (columns.ndim - 2) // 2
    rows, width = columns.shape[: dims + 1], columns.shape[dims + 1 :]
    return columns.reshape(groups, int(np.prod(rows)) // groups, int(np.prod(width)))


def _rows(x: Array, groups: int) -> Array:
    """``(N, C, *)`` as a matrix per group, ``(groups, channels, positions * N)``."""
    x = _batch_last(x)
    return x.reshape(groups, x.shape[0] // groups, int(np.prod(x.shape[1:])))


def _by_group(weight: Array, groups: int) -> Array:
    """``(out, in / groups, *kernel)`` as a matrix per group, ``(groups, out / groups, in / groups * kernel)``."""
    return weight.reshape(groups, weight.shape[0] // groups, int(np.prod(weight.shape[1:])))


@one_call
def _convolved(input: Array, weight: Array, bias: Array, how: How, size: Sizes) -> Array:
    groups = how[3]
    columns = _matrix(columns_of(widened(input), weight.shape[2:], size, how), groups)
    y = np.matmul(_by_group(widened(weight), groups), columns).reshape(len(weight), *size, len(input))
    if bias is not None:
        y += bias.reshape(-1, *(1,) * (y.ndim - 1))
    return narrowed(_batch_first(y), input)


@one_call
def _transposed(input: Array, weight: Array, how: How, size: Sizes) -> Array:
    groups = how[3]
    rows = np.matmul(_by_group(widened(weight), groups).swapaxes(1, 2), _rows(widened(input), groups))
    columns = rows.reshape(groups * weight.shape[1], *weight.shape[2:], *input.shape[2:], len(input))
    return narrowed(summed_columns(columns, size, how), input)


@one_call
def _correlated(input: Array, cotangent: Array, how: How, size: Sizes) -> Array:
    groups = how[3]
    columns = _matrix(columns_of(widened(input), size, cotangent.shape[2:], how), groups)
    slope = np.matmul(_rows(widened(cotangent), groups), columns.swapaxes(1, 2))
    return narrowed(slope.reshape(cotangent.shape[1], input.shape[1] // groups, *size), input)


# ------------------------------------------------------------------------------------------------ three operations


@primitive(
    lambda g, weight, input_shape, how: transposed_convolution(g, weight, how=how, size=input_shape[2:]),
    lambda g, input, weight_shape, how: convolution_weight(input, g, how=how, size=weight_shape[2:]),
    lambda g: sum(g, (0, *range(2, g.ndim))),
    cast="same",
)
def convolution(input: Array, weight: Array, bias: Array = None, *, how: How, size: Sizes) -> Array:
    """sum_c w_oc * x_c + b_o. Shapes ``(N, C, *), (O, C / groups, *kernel), (O,) -> (N, O, *size)``."""
    return _convolved(input, weight, bias, how=how, size=size)


@primitive(
    lambda g, weight, input_shape, how: convolution(g, weight, None, how=how, size=input_shape[2:]),
    lambda g, input, weight_shape, how: convolution_weight(g, input, how=how, size=weight_shape[2:]),
    cast="same",
)
def transposed_convolution(input: Array, weight: Array, *, how: How, size: Sizes) -> Array:
    """The gradient of :func:`convolution` by its input. Shapes ``(N, O, *), (O, C / groups, *kernel) -> (N, C, *size)``."""
    return _transposed(input, weight, how=how, size=size)


@primitive(
    lambda g, cotangent, input_shape, how: transposed_convolution(cotangent, g, how=how, size=input_shape[2:]),
    lambda g, input, cotangent_shape, how: convolution(input, g, None, how=how, size=cotangent_shape[2:]),
    cast="same",
)
def convolution_weight(input: Array, cotangent: Array, *, how: How, size: Sizes) -> Array:
    """The gradient of :func:`convolution` by its weight. Shapes ``(N, C, *), (N, O, *) -> (O, C / groups, *size)``."""
    return _correlated(input, cotangent, how=how, size=size)


# ----------------------------------------------------------------------------------------------------- under PyTorch's names


def per_dim(name: str, argument: str, value: Given, dims: int, least: int) -> Sizes:
    """The value for each dimension, from one for all or a sequence, at least ``least``."""
    values = (value,) if isinstance(value, int) else tuple(value)
    values = values * dims if len(values) == 1 else values
    if not all(isinstance(n, int) for n in values):
        raise ArgumentError(f"{name}(): argument {argument!r} must be an int or a tuple of ints, got {value!r}")
    if len(values) != dims:
        raise ShapeError(
            f"{name}: expected {argument} to be a single integer or a list of {dims}, but got {argument}={value}"
        )
    if min(values) < least:
        wrong = "negative" if least == 0 else "non-positive"
        raise ShapeError(f"{name}: {wrong} {argument} is not supported, but got {argument}={value}")
    return values


def batched(name: str, input: Array, dims: int) -> Array:
    """The input with a dimension for the batch."""
    if input.ndim not in (dims + 1, dims + 2):
        raise ShapeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {name}, but got input of size: "
            f"{list(input.shape)}; unsqueeze() adds a dimension"
        )
    return input if input.ndim == dims + 2 else input.unsqueeze(0)


def _checked(name: str, input: Array, weight: Array, bias: Array, groups: int, channels: int, outputs: int) -> None:
    dims = input.ndim - 2
    if weight.ndim != dims + 2:
        raise ShapeError(f"{name}: expected a weight of {dims + 2} dimensions, but got weight of size {list(weight.shape)}")
    if groups <= 0 or weight.shape[0] % groups:
        raise ShapeError(
            f"{name}: groups must be positive and divide the weight's first size, but got groups={groups} and weight of "
            f"size {list(weight.shape)}"
        )
    if input.shape[1] != channels:
        raise ShapeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(input.shape)} to have "
            f"{channels} channels, but got {input.shape[1]} channels instead"
        )
    if bias is not None and bias.shape != (outputs,):
        raise ShapeError(
            f"Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {outputs} elements, but got "
            f"bias of size {list(bias.shape)} instead"
        )


def _convolve(
    name: str, input: Array, weight: Array, bias: Array, stride: Given, padding: Given | str, dilation: Given, groups: int
) -> Array:
    dims = int(name[-2])
    x = batched(name, input, dims)
    stride, dilation = per_dim(name, "stride", stride, dims, 1), per_dim(name, "dilation", dilation, dims, 1)
    _checked(name, x, weight, bias, groups, weight.shape[1] * groups, weight.shape[0])
    kernel = tuple(weight.shape[2:])
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
    if padding == "same":
        if any(s != 1 for s in stride):
            raise ShapeError(f"{name}: padding='same' is not supported for strided convolutions, but got stride={stride}")
        widths: Widths = tuple(((span - 1) // 2, span // 2) for span in spans)
    elif isinstance(padding, str):
        if padding != "valid":
            raise ShapeError(f"{name}: Invalid padding string: '{padding}'; use 'valid', 'same' or integers")
        widths = ((0, 0),) * dims
    else:
        widths = tuple((n, n) for n in per_dim(name, "padding", padding, dims, 0))
    padded = _padded(x.shape[2:], widths)
    if any(n < span for n, span in zip(padded, spans)):
        raise ShapeError(
            f"{name}: Calculated padded input size per channel: {tuple(padded)}. Kernel size: {tuple(spans)}, with its "
            "dilation. Kernel size can't be greater than actual input size"
        )
    size = tuple((n - span) // s + 1 for n, span, s in zip(padded, spans, stride))
    y = convolution(x, weight, bias, how=(stride, widths, dilation, groups), size=size)
    return y if x is input else y.squeeze(0)


def _transpose(
    name: str,
    input: Array,
    weight: Array,
    bias: Array,
    stride: Given,
    padding: Given,
    output_padding: Given,
    groups: int,
    dilation: Given,
) -> Array:
    dims = int(name[-2])
    x = batched(name, input, dims)
    stride, dilation = per_dim(name, "stride", stride, dims, 1), per_dim(name, "dilation", dilation, dims, 1)
    padding, more = per_dim(name, "padding", padding, dims, 0), per_dim(name, "output_padding", output_padding, dims, 0)
    outputs = weight.shape[1] * groups if weight.ndim > 1 else 0
    _checked(name, x, weight, bias, groups, weight.shape[0], outputs)
    if any(o >= max(s, d) for o, s, d in zip(more, stride, dilation)):
        raise ShapeError(
            f"{name}: output padding must be smaller than either stride or dilation, but got output_padding={more}, "
            f"stride={stride} and dilation={dilation}"
        )
    geometry = zip(x.shape[2:], weight.shape[2:], stride, padding, dilation, more, strict=True)
    size = tuple((n - 1) * s - 2 * p + d * (k - 1) + o + 1 for n, k, s, p, d, o in geometry)
    if min(size) <= 0:
        raise ShapeError(
            f"{name}: Given input size per channel: {tuple(x.shape[2:])}. Calculated output size per channel: {size}. Output "
            "size is too small"
        )
    widths = tuple((n, n) for n in padding)
    y = transposed_convolution(x, weight, how=(stride, widths, dilation, groups), size=size)
    if bias is not None:
        y = y + bias.reshape(-1, *(1,) * dims)
    return y if x is input else y.squeeze(0)


def _convolution(name: str, letters: str, example: str) -> Any:
    """The public function of as many dimensions as letters."""

    def conv(
        input: Array,
        weight: Array,
        bias: Array = None,
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
    ) -> Array:
        return _convolve(name, input, weight, bias, stride, padding, dilation, groups)

    return composite(called(conv, __name__, name, _CONV.format(letters=letters, name=name, example=example)))


def _transposed_convolution(name: str, letters: str, example: str) -> Any:
    def conv(
        input: Array,
        weight: Array,
        bias: Array = None,
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: int = 1,
        dilation: int | Sequence[int] = 1,
    ) -> Array:
        return _transpose(name, input, weight, bias, stride, padding, output_padding, groups, dilation)

    return composite(called(conv, __name__, name, _TRANSPOSED.format(letters=letters, name=name, example=example)))


_CONV = """The cross-correlation of each sample with a weight: y_o = b_o + sum_c w_oc * x_c.

    Shapes ``(N, C, {letters}), (O, C / groups, *kernel), (O,) -> (N, O, *)``; the batch dimension may be missing. A size L becomes
    (L + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down.

    Args:
        input: The samples.
        weight: One filter per output channel.
        bias: Added to each output channel.
        stride: The step from window to window; one number, or one per dimension, as all that follow.
        padding: Zeros added on both sides; ``"same"``: as many as keep the size; ``"valid"``: none.
        dilation: The step within a window.
        groups: Into how many groups the channels are divided, each convolved by itself.

    Raises:
        ShapeError: Sizes or options that do not fit. DTypeError: The dtypes differ.

    >>> import tinygrad_mlp as torch
    >>> torch.{name}({example})
    """
_TRANSPOSED = """The transpose of a convolution, which is its gradient by the input: each element adds its multiple of the weight.

    Shapes ``(N, C, {letters}), (C, O / groups, *kernel), (O,) -> (N, O, *)``; the batch dimension may be missing. A size L becomes
    (L - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1. Dumoulin & Visin 2016, section 4.

    Args:
        input: The samples.
        weight: As of the convolution that this is the transpose of.
        bias: Added to each output channel.
        stride: The step from window to window; one number, or one per dimension, as all that follow.
        padding: How much is cut off on both sides.
        output_padding: How much is added to the size on one side.
        groups: Into how many groups the channels are divided.
        dilation: The step within a window.

    Raises:
        ShapeError: Sizes or options that do not fit. DTypeError: The dtypes differ.

    >>> import tinygrad_mlp as torch
    >>> torch.{name}({example})
    """

_LINE = "torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[[1.0, 1.0]]]))"
conv1d: Operation = _convolution("conv1d", "L", _LINE + "\n    tensor([[3., 6.]]")
conv2d: Operation = _convolution(
    "conv2d", "H, W", "torch.ones(1, 3, 3), torch.ones(1, 1, 2, 3))\n    tensor([[[6.],\n             [6.]]]"
)
conv3d: Operation = _convolution(
    "conv3d", "D, H, W", "torch.ones(1, 2, 2, 2), torch.ones(1, 1, 2, 2, 2))\n    tensor([[[[8.]]]]"
)
conv_transpose1d: Operation = _transposed_convolution("conv_transpose1d", "L", _LINE + "\n    tensor([[1., 3., 6., 4.]]")
conv_transpose2d: Operation = _transposed_convolution(
    "conv_transpose2d", "H, W", "torch.ones(1, 1, 2), torch.ones(1, 1, 1, 2))\n    tensor([[[1., 2., 1.]]]"
)
conv_transpose3d: Operation = _transposed_convolution(
    "conv_transpose3d", "D, H, W", "torch.ones(1, 1, 1, 2), torch.ones(1, 1, 1, 1, 2))\n    tensor([[[[1., 2., 1.]]]]"
)


# ------------------------------------------------------------------------------------------------------- windows as columns


@one_call
def _to_columns(input: Array, kernel: Sizes, how: How, size: Sizes) -> Array:
    columns = columns_of(input, kernel, size, how)
    rows, width = int(np.prod(columns.shape[: 1 + len(kernel)])), int(np.prod(size))
    return _batch_first(columns.reshape(rows, width, len(input)))


@one_call
def _from_columns(input: Array, kernel: Sizes, how: How, size: Sizes, positions: Sizes) -> Array:
    channels = input.shape[1] // int(np.prod(kernel))
    columns = np.ascontiguousarray(_batch_last(widened(input))).reshape(channels, *kernel, *positions, len(input))
    return narrowed(summed_columns(columns, size, how), input)


@primitive(
    lambda g, input_shape, kernel, how, size: fold_windows(g, kernel=kernel, how=how, size=input_shape[2:], positions=size)
)
def unfold_windows(input: Array, *, kernel: Sizes, how: How, size: Sizes) -> Array:
    """The windows as columns, ``(N, C, *) -> (N, C * product of kernel, product of size)``."""
    return _to_columns(input, kernel=kernel, how=how, size=size)


@primitive(lambda g, kernel, how, positions: unfold_windows(g, kernel=kernel, how=how, size=positions))
def fold_windows(input: Array, *, kernel: Sizes, how: How, size: Sizes, positions: Sizes) -> Array:
    """The gradient of :func:`unfold_windows`: columns added to where they are windows, ``(N, C * kernel, L) -> (N, C, *size)``."""
    return _from_columns(input, kernel=kernel, how=how, size=size, positions=positions)
