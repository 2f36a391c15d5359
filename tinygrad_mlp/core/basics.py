"""The operations that gradients themselves need, and those of a multi-layer perceptron, with their calculus."""

from __future__ import annotations

from typing import Any

import numpy as np

from .apply import primitive
from .errors import DTypeError, ShapeError

__all__ = ["add", "clone", "exp", "log", "mul", "neg", "sub", "tanh", "true_divide"]

Array = Any  # an ndarray or a number inside a forward, a Tensor at the caller


@primitive(None)
def zeros_of(input: Array) -> Array:
    """Zeros of the shape and dtype of ``input``: the gradient of a step function."""
    return np.zeros_like(input)


def _scaled(alpha: float, input: Array, other: Array) -> Array:
    """alpha * other, to be added to ``input``. Bools have no multiples: ``other``, or False; integers need a whole ``alpha``."""
    floating = type(other) is np.ndarray and other.dtype.kind == "f"  # np.result_type takes as long as the sum
    kind = "f" if floating else np.result_type(input, other).kind
    if kind in "biu" and isinstance(alpha, float):
        raise DTypeError("For integral input tensors, argument alpha must not be a floating point number.")
    return other & bool(alpha) if kind == "b" else alpha * other


_ADD: Any = {"cast": "promote", "method": True, "operator": "add", "in_place": True, "ufunc": np.add, "smooth": lambda: True}


@primitive(lambda g: g, lambda g, alpha: g if alpha == 1 else g * alpha, **_ADD)
def add(input: Array, other: Array, *, alpha: float = 1, out: Array = None) -> Array:
    """input + alpha * other, with broadcasting.

    >>> import tinygrad_mlp as torch
    >>> torch.add(torch.tensor([1.0, 2.0]), torch.tensor([1.0]), alpha=10)
    tensor([11., 12.])
    """
    return np.add(input, other if alpha == 1 else _scaled(alpha, input, other), out=out)


_SUB: Any = {"cast": "promote", "method": ("sub", "subtract"), "operator": "sub", "in_place": True, "ufunc": np.subtract}


@primitive(lambda g: g, lambda g, alpha: -g if alpha == 1 else g * -alpha, **_SUB, smooth=lambda: True)
def sub(input: Array, other: Array, *, alpha: float = 1, out: Array = None) -> Array:
    """input - alpha * other, with broadcasting."""
    return np.subtract(input, other if alpha == 1 else _scaled(alpha, input, other), out=out)


def _by(ufunc: Any, input: Array, number: float, out: Array) -> Any:
    """ufunc(input, number); of float16 computed in float32, as the number may be too large, or too small, for float16."""
    if input.dtype.char != "e":
        return ufunc(input, number, out=out)
    return ufunc(input, number, out=np.empty_like(input) if out is None else out, dtype=np.float32, casting="same_kind")


_MUL: Any = {"cast": "promote", "method": ("mul", "multiply"), "operator": "mul", "in_place": True, "ufunc": np.multiply}
_MUL["smooth"] = lambda input, other: (abs(input) < 10) & (abs(other) < 10)


@primitive(lambda g, other: g * other, lambda g, input: g * input, **_MUL)
def mul(input: Array, other: Array, *, out: Array = None) -> Array:
    """input * other, with broadcasting."""
    input, other = (other, input) if type(input) is float else (input, other)
    return np.multiply(input, other, out=out) if type(other) is not float else _by(np.multiply, input, other, out)


_DIVIDE: Any = {"cast": "float", "operator": "truediv", "in_place": True, "ufunc": np.true_divide}
_DIVIDE["smooth"] = lambda input, other: (abs(input) < 20) & (abs(other) > 0.2)


@primitive(lambda g, other: g / other, lambda g, input, other: -g * (input / other) / other, **_DIVIDE)
def true_divide(input: Array, other: Array, *, out: Array = None) -> Array:
    """input / other, with broadcasting; integers divide to floats."""
    return np.true_divide(input, other, out=out) if type(other) is not float else _by(np.true_divide, input, other, out)


@primitive(lambda g: -g, method=("neg", "negative"), operator="neg", in_place=True, ufunc=np.negative, smooth=lambda: True)
def neg(input: Array, *, out: Array = None) -> Array:
    """-input."""
    # NumPy's negative, in place on strided memory, reads elements that it has written (2.4 with AVX-512)
    return np.negative(input) if out is None else np.multiply(input, -1, out=out)


@primitive(lambda g, y: g * y, cast="float", method=True, in_place=True, ufunc=np.exp, smooth=lambda input: abs(input) < 3)
def exp(input: Array, *, out: Array = None) -> Array:
    """e ** input."""
    return np.exp(input, out=out)


@primitive(
    lambda g, input: g / input, cast="float", method=True, in_place=True, ufunc=np.log, smooth=lambda input: input > 0.2
)
def log(input: Array, *, out: Array = None) -> Array:
    """The natural logarithm."""
    return np.log(input, out=out)


@primitive(lambda g, y: g * (1 - y * y), cast="float", method=True, in_place=True, ufunc=np.tanh, smooth=lambda: True)
def tanh(input: Array, *, out: Array = None) -> Array:
    """The hyperbolic tangent (e^x - e^-x) / (e^x + e^-x). EE6132 lab, eq. 2."""
    return np.tanh(input, out=out)


def order_of(input: Array) -> Any:
    """The memory layout of a copy, as PyTorch's: the same, but in rows where expanded dimensions leave it open."""
    return "C" if 0 in input.strides else "K"


@primitive(lambda g: g, method=True, smooth=lambda: True)
def clone(input: Array, *, memory_format: Any = None) -> Array:
    """A copy, with its history; elements in the order that they had, or rows first for ``contiguous_format``."""
    return np.copy(input, order="C" if str(memory_format) == "torch.contiguous_format" else order_of(input))


@primitive(lambda g: g)
def cast(input: Array, dtype: np.dtype[Any]) -> Array:
    """The values in another NumPy dtype; the same memory where it has that dtype already."""
    return input.astype(dtype, order=order_of(input), copy=False)


@primitive(lambda g, input_shape: reshaped(g, input_shape), view=True)
def reshaped(input: Array, shape: tuple[int, ...]) -> Array:
    """The elements, in order, in another shape: a view where possible, else a copy."""
    return input.reshape(shape)


@primitive(lambda g, input_shape: sum_to(g, input_shape), view=True)
def broadcast(input: Array, shape: tuple[int, ...]) -> Array:
    """The elements repeated along dimensions of size 1, and along new ones in front: a view, read-only."""
    return np.broadcast_to(input, shape)


_FEW = 128  # rows, which a product adds up about as exactly as NumPy's pairs
_ONES = {kind: np.ones(_FEW, kind) for kind in "fd"}


@primitive(lambda g, input_shape: broadcast(g, input_shape))
def sum_to(input: Array, shape: tuple[int, ...]) -> Array:
    """The sum over the dimensions that broadcasting from ``shape`` repeated; many rows are summed up a few at a time."""
    if input.ndim == 2 and shape == input.shape[1:] and input.dtype.char in "fd":
        ones = _ONES[input.dtype.char]  # the gradient of every bias: a product is faster than a sum
        while len(input) > _FEW:
            rest = len(input) % _FEW
            rows = input[: len(input) - rest].reshape(-1, _FEW, *shape)
            input = np.concatenate([np.matmul(ones, rows), input[len(input) - rest :]])
        return np.dot(ones[: len(input)], input)
    new = input.ndim - len(shape)
    repeated = [d + new for d, n in enumerate(shape) if n == 1 and input.shape[d + new] != 1]
    wide = np.float64 if input.dtype.kind == "f" else input.dtype  # adding up many float32 would lose digits
    return np.add.reduce(input, (*range(new), *repeated), wide).astype(input.dtype).reshape(shape)


@primitive(lambda g: matrix_transpose(g), view=True)
def matrix_transpose(input: Array) -> Array:
    """The last two dimensions swapped."""
    return input.swapaxes(-1, -2)


@primitive(
    lambda g, mat2: matrix_product(g, matrix_transpose(mat2)),
    lambda g, input: matrix_product(matrix_transpose(input), g),
    cast="same",
)
def matrix_product(input: Array, mat2: Array, *, out: Array = None) -> Array:
    """The product of matrices, leading dimensions broadcast: shapes ``(..., n, k), (..., k, m) -> (..., n, m)``."""
    if input.shape[-1] != mat2.shape[-2]:
        raise ShapeError(
            f"matmul: mat1 and mat2 shapes cannot be multiplied: {input.shape} and {mat2.shape}; the last size of the first "
            "must be the last but one of the second; transpose one with .mT"
        )
    return np.matmul(input, mat2, out=out)


def _rows(x: Any) -> Any:
    return x if x.ndim == 2 else reshaped(x, (-1, x.shape[-1]))


def _linear_input(g: Any, weight: Any, input_shape: tuple[int, ...]) -> Any:
    if type(g) is np.ndarray and g.ndim == 2:  # the everyday case, at NumPy's speed
        return np.dot(g, weight)
    rows = matrix_product(_rows(g), weight)  # (N, out) @ (out, in)
    return rows if len(input_shape) == 2 else reshaped(rows, input_shape)


def _linear_weight(g: Any, input: Any) -> Any:
    if type(g) is np.ndarray and g.ndim == 2:
        return np.dot(g.T, input)
    return matrix_product(matrix_transpose(_rows(g)), _rows(input))  # (out, N) @ (N, in)


@primitive(
    _linear_input,
    _linear_weight,
    lambda g: g,
    cast="same",
)
def linear(input: Array, weight: Array, bias: Array = None, *, out: Array = None) -> Array:
    """input @ weight.T + bias: the pre-activation of a layer. EE6132 lab, eq. 5, 9 and 10.

    Shapes ``(*, in_features), (out_features, in_features), (out_features,) -> (*, out_features)``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.functional.linear(torch.ones(1, 2), torch.tensor([[1.0, 2.0]]), torch.tensor([0.5]))
    tensor([[3.5000]])

    Raises:
        ShapeError: The sizes of the features do not agree. DTypeError: The dtypes differ.
    """
    if weight.ndim != 2 or input.ndim == 0 or input.shape[-1] != weight.shape[1]:
        raise ShapeError(
            f"linear: mat1 and mat2 shapes cannot be multiplied: input {input.shape}, weight {weight.shape}; the "
            f"input's last size must be in_features, the weight's last: flatten the input, or make the layer "
            f"Linear({input.shape[-1] if input.ndim else 1}, ...)"
        )
    y = (np.dot if input.ndim == 2 else np.matmul)(input, weight.T, out=out)  # dot costs less to call
    return y if bias is None else np.add(y, bias, out=y)
