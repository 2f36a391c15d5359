"""Initial values of weights: functions that fill a tensor in place, unrecorded, and return it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from .._tensor import Tensor
from ..dtypes import float64
from ..grad_mode import no_grad
from ..ops.creation import empty, from_numpy
from ..ops.random import Generator

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]  # fmt: skip

Mode = Literal["fan_in", "fan_out"]
Nonlinearity = Literal["linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]


def calculate_gain(nonlinearity: Nonlinearity, param: float | None = None) -> float:
    """The factor on a weight's standard deviation that suits the activation after it.

    1 for ``"linear"`` and ``"sigmoid"``, 5/3 for ``"tanh"``, sqrt(2) for ``"relu"``, sqrt(2 / (1 + a^2)) for
    ``"leaky_relu"`` of negative slope a (He et al. 2015, eq. 15), 3/4 for ``"selu"``.

    Args:
        nonlinearity: The activation's name in ``nn.functional``.
        param: The negative slope of leaky_relu; 0.01 where None.

    Raises:
        ValueError: There is no such activation, or ``param`` is not a number.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.init.calculate_gain("leaky_relu", 0.2) ** 2
    1.923076923076923
    """
    gains: dict[str, float] = {"linear": 1, "sigmoid": 1, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
    if nonlinearity in gains:
        return gains[nonlinearity]
    if nonlinearity == "leaky_relu":
        if isinstance(param, bool) or not isinstance(param, int | float | None):
            raise ValueError(f"negative_slope {param} not a valid number")
        slope = 0.01 if param is None else param
        return math.sqrt(2 / (1 + slope**2))
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}; expected linear, sigmoid, tanh, relu, leaky_relu or selu")


def _fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs and outputs a weight ``(out, in, *)`` connects, each times the positions in ``*``."""
    if tensor.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, got shape "
            f"{tuple(tensor.shape)}; use uniform_ or normal_"
        )
    fan_out, fan_in, *positions = tensor.shape
    return fan_in * math.prod(positions), fan_out * math.prod(positions)


@no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws from U[a, b)."""
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws from N(mean, std^2)."""
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    return tensor.fill_(val)


@no_grad()
def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return tensor.fill_(1)


@no_grad()
def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return tensor.zero_()


@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with ones on its diagonal and zeros elsewhere.

    Raises:
        ValueError: It has not 2 dimensions.
    """
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, got shape {tuple(tensor.shape)}")
    return tensor.copy_(from_numpy(np.eye(*tensor.shape)))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws from U[-a, a), a = gain * sqrt(6 / (fan_in + fan_out)).

    Glorot & Bengio 2010, eq. 16; with the gain 1, EE6132 lab, eq. 11.

    Raises:
        ValueError: The tensor has fewer than 2 dimensions.

    >>> import tinygrad_mlp as torch
    >>> weight = torch.nn.init.xavier_uniform_(torch.empty(500, 784))
    >>> bool(weight.abs().max() < (6 / (500 + 784)) ** 0.5)
    True
    """
    bound = gain * math.sqrt(6 / max(1, sum(_fans(tensor))))  # where both are 0 there is nothing to fill
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with draws from N(0, std^2), std = gain * sqrt(2 / (fan_in + fan_out)). Glorot & Bengio 2010, eq. 12.

    Raises:
        ValueError: The tensor has fewer than 2 dimensions.
    """
    std = gain * math.sqrt(2 / max(1, sum(_fans(tensor))))
    return normal_(tensor, 0.0, std, generator)


def _kaiming_std(tensor: Tensor, a: float, mode: Mode, nonlinearity: Nonlinearity) -> float:
    if tensor.numel() == 0:
        warnings.warn("Initializing zero-element tensors is a no-op", UserWarning, stacklevel=3)
        return 0.0
    modes = ("fan_in", "fan_out")
    if mode not in modes:
        raise ValueError(f"Mode {mode} not supported, please use one of {list(modes)}")
    fan = _fans(tensor)[modes.index(mode)]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: Mode = "fan_in",
    nonlinearity: Nonlinearity = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with draws from U[-b, b), b = gain * sqrt(3 / fan). He et al. 2015, eq. 10 and 15.

    Args:
        tensor: The weight, ``(out, in, *)``.
        a: The negative slope of the leaky_relu after it.
        mode: ``"fan_in"`` keeps the variance of the forward pass, ``"fan_out"`` that of the backward pass.
        nonlinearity: The activation after it, for :func:`calculate_gain`.
        generator: Draw from this stream of random numbers.

    Raises:
        ValueError: The tensor has fewer than 2 dimensions, or there is no such mode or activation.
    """
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: Mode = "fan_in",
    nonlinearity: Nonlinearity = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with draws from N(0, std^2), std = gain / sqrt(fan). He et al. 2015, eq. 10 and 15.

    Arguments and errors are those of :func:`kaiming_uniform_`.
    """
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


@no_grad()
def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Generator | None = None
) -> Tensor:
    """Fill with draws from N(mean, std^2) restricted to [a, b].

    Warns where ``mean`` is more than two standard deviations outside of [a, b].

    Raises:
        RuntimeError: ``std`` is not positive, or ``a`` above ``b``.
    """
    if not std > 0 or a > b:
        raise RuntimeError(f"trunc_normal_: expected std > 0 and a <= b, got std={std}, a={a}, b={b}")
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be incorrect.",
            UserWarning,
            stacklevel=3,
        )
    from statistics import NormalDist  # slow to import, and for this function alone

    normal = NormalDist(mean, std)
    low, high = normal.cdf(a), normal.cdf(b)
    u = empty(tensor.numel(), dtype=float64).uniform_(low, high, generator=generator).numpy()
    quantile = normal.inv_cdf  # of a probability strictly between 0 and 1
    edge = np.finfo(np.float64).tiny, 1 - np.finfo(np.float64).epsneg
    draws = np.array([quantile(p) for p in np.clip(u, *edge).tolist()])
    return tensor.copy_(from_numpy(np.clip(draws, a, b).reshape(tensor.shape)))


@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill with ``gain`` times a random matrix of orthonormal rows or columns, whichever are fewer.

    Saxe et al. 2013. A tensor of more dimensions is taken for the matrix ``(size of the first, product of the others)``.

    Raises:
        ValueError: It has fewer than 2 dimensions.

    >>> import tinygrad_mlp as torch
    >>> W = torch.nn.init.orthogonal_(torch.empty(3, 5, dtype=torch.float64))
    >>> torch.allclose(W @ W.T, torch.eye(3, dtype=torch.float64))
    True
    """
    if tensor.ndim < 2:
        raise ValueError(f"Only tensors with 2 or more dimensions are supported, got shape {tuple(tensor.shape)}")
    if tensor.numel() == 0:
        return tensor
    rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
    draws = empty((rows, columns), dtype=tensor.dtype).normal_(generator=generator).numpy().astype(np.float64)
    q, r = np.linalg.qr(draws.T if rows < columns else draws)
    q *= np.sign(np.diag(r))  # without this q is not uniform over the orthogonal matrices, Mezzadri 2007
    if rows < columns:
        q = q.T
    return tensor.copy_(from_numpy(gain * q.reshape(tensor.shape)))


def _deprecated(form: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The name without the underscore, of earlier years."""
    name = form.__name__.rstrip("_")

    def initialise(*args: Any, **params: Any) -> Tensor:
        warnings.warn(f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`.", FutureWarning, stacklevel=2)
        return form(*args, **params)

    initialise.__name__ = initialise.__qualname__ = name
    initialise.__doc__ = f"Deprecated: :func:`{name}_`."
    return initialise


uniform: Callable[..., Tensor] = _deprecated(uniform_)
normal: Callable[..., Tensor] = _deprecated(normal_)
constant: Callable[..., Tensor] = _deprecated(constant_)
eye: Callable[..., Tensor] = _deprecated(eye_)
xavier_uniform: Callable[..., Tensor] = _deprecated(xavier_uniform_)
xavier_normal: Callable[..., Tensor] = _deprecated(xavier_normal_)
kaiming_uniform: Callable[..., Tensor] = _deprecated(kaiming_uniform_)
kaiming_normal: Callable[..., Tensor] = _deprecated(kaiming_normal_)
orthogonal: Callable[..., Tensor] = _deprecated(orthogonal_)
