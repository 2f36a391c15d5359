"""Normalisation within each sample: by groups of channels, by channel, by the root of the mean square, by neighbours."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..._tensor import Tensor
from ...dtypes import finfo, float16
from ...errors import ArgumentError, DimensionError, DTypeError, ShapeError
from ...grad_mode import no_grad
from ...ops import normalisation
from ...ops.composite import takes_tensors
from ...ops.functions import rsqrt
from ...ops.joining import pad
from .layers import _same_dtype, batch_norm

__all__ = ["group_norm", "instance_norm", "local_response_norm", "rms_norm"]


def _scaled(y: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """``(N, C, *)`` times a weight and plus a bias for each channel."""
    shape = (-1, *(1,) * (y.ndim - 2))
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


@takes_tensors
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and variance of each group of channels. Wu & He 2018.

    Shapes ``(N, C, *), (C,), (C,) -> (N, C, *)``.

    Raises:
        RuntimeError: The input has no channels, ``num_groups`` does not divide their number, or a parameter has another size.
        ValueError: A group has a single value.
    """
    if input.ndim < 2:
        raise ShapeError(f"Expected at least 2 dimensions for input tensor but received {input.ndim}")
    channels = input.shape[1]
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and (parameter.ndim != 1 or parameter.numel() != channels):
            raise ShapeError(
                f"group_norm: Expected {name} to be a vector of size equal to the number of channels in input, {channels}, "
                f"but got {name} of shape {list(parameter.shape)}"
            )
    if num_groups <= 0 or channels % num_groups:
        raise ShapeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(input.shape)} and num_groups={num_groups}"
        )
    if input.numel() == num_groups and input.shape[0] * channels // num_groups == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
    _same_dtype(input, weight, bias)
    sizes = (input.shape[0], num_groups, math.prod(input.shape[1:]) // num_groups)
    y = normalisation.standardize(input.reshape(sizes), dim=(-1,), eps=eps)
    return _scaled(y.reshape(input.shape), weight, bias)


@takes_tensors
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias for each sample and channel. Ulyanov et al. 2016.

    Shapes ``(N, C, *)``, all others ``(C,)``. Unless ``use_input_stats``, mean and variance are the running ones; if so,
    these move towards the means over the batch of those of the samples.

    Raises:
        ValueError: A channel of a sample has a single value.
        RuntimeError: The running statistics are to be used, and there are none.
    """
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if input.ndim < 3:
        raise DimensionError(f"instance_norm: expected an input of shape (N, C, *), got {list(input.shape)}")
    count, dims = math.prod(input.shape[2:]), tuple(range(2, input.ndim))
    if count == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    _same_dtype(input, weight, bias)
    with no_grad():
        for running, batch in ((running_mean, Tensor.mean), (running_var, Tensor.var)):
            if running is not None:
                running.lerp_(batch(input.detach(), dims).mean(0).to(running.dtype), momentum)
    return _scaled(normalisation.standardize(input, dim=dims, eps=eps), weight, bias)


@takes_tensors
def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """x / sqrt(mean(x^2) + eps) * weight, the mean over the last dimensions. Zhang & Sennrich 2019.

    Args:
        input: Its last sizes are ``normalized_shape``.
        normalized_shape: Also the shape of ``weight``.
        weight: Factors.
        eps: The dtype's machine precision where None.

    Raises:
        ShapeError: The shapes do not agree.
    """
    if isinstance(normalized_shape, int):
        raise ArgumentError("rms_norm(): argument 'normalized_shape' must be a tuple of ints, not int")
    shape = tuple(normalized_shape)
    if not shape or tuple(input.shape[-len(shape) :]) != shape:
        raise ShapeError(
            f"rms_norm: Given normalized_shape={list(shape)}, expected input with shape [*, {str(list(shape))[1:-1]}], "
            f"but got input of size {list(input.shape)}"
        )
    if weight is not None and tuple(weight.shape) != shape:
        raise ShapeError(
            f"rms_norm: Expected weight to be of same shape as normalized_shape, but got weight of shape {list(weight.shape)} "
            f"and normalized_shape = {list(shape)}"
        )
    if not input.is_floating_point():
        raise DTypeError(f"rms_norm is not implemented for {input.dtype}; cast the input with .float()")
    x = input.float() if input.dtype is float16 else input
    eps = finfo(x.dtype).eps if eps is None else eps
    y = x * rsqrt((x * x).mean(tuple(range(-len(shape), 0)), True) + eps)
    return (y if weight is None else y * weight).to(input.dtype)


@takes_tensors
def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha mean(x^2))^beta, the mean over ``size`` neighbouring channels. Krizhevsky et al. 2012.

    Shapes ``(N, C, *)``, in and out. Channels beyond the first and the last count as zeros.

    Raises:
        ValueError: The input has fewer than 3 dimensions.
    """
    if input.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)")
    if not input.numel():
        return input
    squares = pad(input * input, (*(0, 0) * (input.ndim - 2), size // 2, (size - 1) // 2))
    mean = sum(squares.narrow(1, start, input.shape[1]) for start in range(size)) / size
    return input / (mean * alpha + k) ** beta
