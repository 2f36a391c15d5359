"""What layers compute: bilinear maps, dropout, normalisation; and distances."""

from __future__ import annotations

from collections.abc import Sequence

from ..._tensor import Tensor
from ...core import basics
from ...dtypes import float16, float32
from ...errors import ArgumentError, DimensionError, DTypeError, ShapeError
from ...grad_mode import no_grad
from ...ops import activations, normalisation
from ...ops.arithmetic import addcmul
from ...ops.choosing import clamp
from ...ops.composite import takes_tensors
from ...ops.functions import rsqrt
from ...ops.memory import result_type
from ...ops.norms import norm
from ...ops.random import rand
from ...ops.shape import broadcast_tensors
from .activations import activation

__all__ = [
    "batch_norm", "bilinear", "cosine_similarity", "dropout", "layer_norm", "linear", "normalize", "pairwise_distance",
]  # fmt: skip


@takes_tensors
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input @ weight.T + bias. EE6132 lab, eq. 5, 9 and 10.

    Shapes ``(*, in_features), (out_features, in_features), (out_features,) -> (*, out_features)``; a single output may go
    without its dimension, ``(*, in_features), (in_features,), () -> (*)``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.functional.linear(torch.ones(1, 2), torch.tensor([[1.0, 2.0]]), torch.tensor([0.5]))
    tensor([[3.5000]])

    Raises:
        ShapeError: The sizes of the features do not agree. DTypeError: The dtypes differ.
    """
    if weight.ndim == 1 and (bias is None or bias.ndim == 0):
        return linear(input, weight.unsqueeze(0), bias).squeeze(-1)
    if (
        input.ndim > 2 and input._like.size and input.shape[-1] == weight.shape[-1]
    ):  # one product of matrices, not a row of them
        return basics.linear(input.reshape(-1, input.shape[-1]), weight, bias).reshape(*input.shape[:-1], weight.shape[0])
    return basics.linear(input, weight, bias)


@takes_tensors
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y_k = x1^T W_k x2 + b_k.

    Shapes ``(*, in1_features), (*, in2_features), (out_features, in1_features, in2_features) -> (*, out_features)``.

    Raises:
        ShapeError: The shapes do not agree. DTypeError: Nor do the dtypes.
    """
    dtypes = [t.dtype for t in (input1, input2, weight, bias) if t is not None]
    if len(set(dtypes)) > 1:
        raise DTypeError(f"bilinear: All tensors must have the same dtype, got {dtypes}; cast with .to(dtype)")
    sizes = (*input1.shape[:-1], *input2.shape[-1:])
    if weight.ndim != 3 or input2.shape != sizes or (input1.shape[-1], input2.shape[-1]) != weight.shape[1:]:
        raise ShapeError(
            f"bilinear: input1 {tuple(input1.shape)}, input2 {tuple(input2.shape)} and weight {tuple(weight.shape)} do not "
            "fit: expected (*, in1), (*, in2) and (out, in1, in2) with the same leading sizes"
        )
    rows = linear(input2, weight.reshape(-1, weight.shape[2]))  # (*, out * in1)
    y = (rows.reshape(*sizes[:-1], *weight.shape[:2]) * input1.unsqueeze(-2)).sum(-1)
    return y if bias is None else y + bias


@takes_tensors
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero each element with probability ``p`` and scale the others by 1 / (1 - p); the identity unless ``training``.

    Srivastava et al. 2014.

    Raises:
        ValueError: ``p`` is not a probability.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    mask = rand(input.shape, dtype=float32) >= p
    return activation(activations.masked_scale, input, inplace, mask, scale=0.0 if p == 1 else 1 / (1 - p))


@takes_tensors
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and variance over the last dimensions. Ba et al. 2016.

    Shapes: the input's last sizes are ``normalized_shape``, which is also the shape of ``weight`` and ``bias``.

    Raises:
        ShapeError: They are not.
    """
    if isinstance(normalized_shape, int):
        raise ArgumentError("layer_norm(): argument 'normalized_shape' must be a tuple of ints, not int")
    shape = tuple(normalized_shape)
    if not shape or tuple(input.shape[-len(shape) :]) != shape:
        raise ShapeError(
            f"layer_norm: Given normalized_shape={list(shape)}, expected input with shape [*, {str(list(shape))[1:-1]}], "
            f"but got input of size {list(input.shape)}"
        )
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and tuple(parameter.shape) != shape:
            raise ShapeError(
                f"layer_norm: Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(parameter.shape)} and normalized_shape = {list(shape)}"
            )
    _same_dtype(input, weight, bias)
    return normalisation.standardize(input, weight, bias, dim=tuple(range(-len(shape), 0)), eps=eps)


def _same_dtype(x: Tensor, *parameters: Tensor | None) -> None:
    for part in parameters:
        if part is not None and part._like.dtype != x._like.dtype:
            raise DTypeError(
                f"normalisation: mixed dtype: the input has {x.dtype}, weight or bias {part.dtype}; cast the input with "
                ".to(dtype), or the layer with .double() or .float()"
            )


def _followed(
    input: Tensor, dims: Sequence[int], running_mean: Tensor | None, running_var: Tensor | None, momentum: float
) -> tuple[Tensor, ...]:
    """Move the running statistics towards the batch's; gives the batch's mean and biased variance, if they can be used again."""
    if running_mean is running_var is None:
        return ()
    count = input.numel() // input.shape[1]
    with no_grad():
        mean = normalisation.batch_mean(input, dim=dims)
        variance = normalisation.batch_variance(input, mean, dim=dims)
        for running, batch in ((running_mean, mean), (running_var, variance * (count / (count - 1)))):
            if running is not None:
                running.lerp_(batch if batch.dtype is running.dtype else batch.to(running.dtype), momentum)
    return (mean, variance) if input.dtype is not float16 else ()  # which is standardized in more digits


@takes_tensors
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias for each channel. Ioffe & Szegedy 2015, algorithms 1 and 2.

    If ``training``, mean and variance are those of the batch (the variance biased), and the running statistics move
    towards them (the variance unbiased) in place: running = (1 - momentum) running + momentum batch. Otherwise the
    running statistics are used.

    Shapes ``(N, C)`` or ``(N, C, *)``, all others ``(C,)``.

    Raises:
        DimensionError: The input has no dimension of channels.
        ValueError: A batch to train on has a single value per channel, or ``eps`` is not positive.
        ShapeError: The sizes do not agree, or there are no running statistics to use.
    """
    if input.ndim < 2:
        raise DimensionError(f"batch_norm: expected an input of shape (N, C, *), got {list(input.shape)}")
    if eps < 0 or (training and eps == 0):
        raise ValueError(f"batch_norm eps must be positive during training, and never negative, but got {eps}")
    channels = input.shape[1]
    arguments = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, tensor in arguments.items():
        if tensor is not None and tensor.numel() != channels:
            raise ShapeError(f"batch_norm: {name} should contain {channels} elements not {tensor.numel()}")

    def per_channel(tensor: Tensor) -> Tensor:
        return tensor if input.ndim == 2 else tensor.reshape(-1, *(1,) * (input.ndim - 2))

    scale = None if weight is None else per_channel(weight)
    shift = None if bias is None else per_channel(bias)
    if training:
        count = input.numel() // (channels or 1)
        if count == 1:
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
        _same_dtype(input, weight, bias)
        dims = (0, *range(2, input.ndim))
        moments = (
            _followed(input, dims, running_mean, running_var, momentum) if count else ()
        )  # which an empty batch has not
        return normalisation.standardize(input, scale, shift, *moments, dim=dims, eps=eps)
    if running_mean is None or running_var is None:
        raise ShapeError("batch_norm: running_mean and running_var must be defined in evaluation mode")
    inverse = rsqrt(per_channel(running_var) + eps)
    scale = inverse if scale is None else inverse * scale
    centre = per_channel(running_mean) * scale
    return addcmul(-centre if shift is None else shift - centre, input, scale)


@takes_tensors
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(|x|_p, eps) along ``dim``."""
    return input / clamp(norm(input, p, dim, keepdim=True), min=eps)


@takes_tensors
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 . x2 / (max(|x1|, eps) max(|x2|, eps)) along ``dim``, with broadcasting.

    Raises:
        DTypeError: Neither is floating-point.
    """
    common = result_type(x1, x2)
    if not common.is_floating_point:
        raise DTypeError(
            f"cosine_similarity: expected common dtype to be floating point, yet common dtype is {common}; cast with .float()"
        )

    def unit(x: Tensor) -> Tensor:
        length = norm(x, 2, dim, keepdim=True)
        fixed = length.detach()
        return x / (length + (clamp(fixed, min=eps) - fixed))  # in PyTorch eps has no effect on the slope

    x1, x2 = broadcast_tensors(x1.to(common), x2.to(common))
    return (unit(x1) * unit(x2)).sum(dim)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """|x1 - x2 + eps|_p along the last dimension. Shapes ``(N, D), (N, D) -> (N,)``."""
    return norm(x1 - x2 + eps, p, -1, keepdim=keepdim)
