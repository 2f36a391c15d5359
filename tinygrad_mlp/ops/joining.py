"""Joining tensors, splitting them, repeating and padding."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import ArgumentError, DimensionError, ShapeError
from ..core.graph import wrap
from .composite import composite
from .dims import dim_of, sizes_of
from .places import slice_
from .shape import atleast_1d, atleast_2d, reshape
from .sums import sum as sum_over

__all__ = [
    "cat", "chunk", "concat", "concatenate", "hstack", "narrow", "select", "split", "stack", "tile", "unbind", "vstack",
]  # fmt: skip

# -------------------------------------------------------------------------------------------------------------- splitting


@composite(method=True)
def narrow(input: Array, dim: int, start: int, length: int) -> Array:
    """``length`` elements along ``dim`` from ``start`` on: a view.

    >>> import tinygrad_mlp as torch
    >>> torch.narrow(torch.arange(5), 0, 1, 3)
    tensor([1, 2, 3])
    """
    if input.ndim == 0:
        raise ShapeError("narrow() cannot be applied to a 0-dim tensor")
    start, length = sizes_of("narrow", (start, length))
    dim = dim_of("narrow", dim, input.ndim)
    size = input.shape[dim]
    if not -size <= start <= size:
        raise DimensionError(f"narrow(): start out of range (expected to be in range of [{-size}, {size}], but got {start})")
    start = start + size if start < 0 else start
    if length < 0 or start + length > size:
        raise ShapeError(
            f"narrow(): length must be non-negative, and start ({start}) + length ({length}) must not exceed the "
            f"dimension's size ({size})"
        )
    return slice_(input, key=(slice(None),) * dim + (slice(start, start + length),))


@composite(method=True)
def select(input: Array, dim: int, index: int) -> Array:
    """The elements at one index of ``dim``, without that dimension: a view."""
    if input.ndim == 0:
        raise DimensionError("select() cannot be applied to a 0-dim tensor")
    dim = dim_of("select", dim, input.ndim)
    if not -input.shape[dim] <= index < input.shape[dim]:
        raise DimensionError(
            f"select(): index {index} out of range for tensor of shape {tuple(input.shape)} at dimension {dim}"
        )
    return slice_(input, key=(slice(None),) * dim + (operator.index(index), ...))


@composite
def split(tensor: Array, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Array, ...]:
    """Views of the parts along ``dim``: of one size (the last may be smaller), or of the sizes listed.

    >>> import tinygrad_mlp as torch
    >>> [len(part) for part in torch.split(torch.arange(5), 2)]
    [2, 2, 1]
    """
    if tensor.ndim == 0:
        raise ShapeError("split expects at least a 1-dimensional tensor")
    dim = dim_of("split", dim, tensor.ndim)
    total = tensor.shape[dim]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0 or (size == 0 and total):
            raise ShapeError(f"split expects split_size to be positive, but got {size} for a dimension of size {total}")
        sections = [min(size, total - start) for start in range(0, total, size or 1)] or [0]
    else:
        sections = list(sizes_of("split", split_size_or_sections))
        if sum(sections) != total or any(n < 0 for n in sections):
            raise ShapeError(
                f"split expects non-negative sizes that sum exactly to {total} (the size of dimension {dim}), got {sections}"
            )
    starts = np.cumsum([0, *sections]).tolist()
    return tuple(narrow(tensor, dim, start, n) for start, n in zip(starts, sections, strict=False))


@composite(method=True)
def chunk(input: Array, chunks: int, dim: int = 0) -> tuple[Array, ...]:
    """At most ``chunks`` views of parts along ``dim``, of one size but for the last.

    >>> import tinygrad_mlp as torch
    >>> [len(part) for part in torch.chunk(torch.arange(5), 3)]
    [2, 2, 1]
    """
    if input.ndim == 0 or chunks < 1:
        raise ShapeError(f"chunk expects at least a 1-dimensional tensor and `chunks` greater than 0, got {chunks} chunks")
    size = input.shape[dim_of("chunk", dim, input.ndim)]
    return split(input, [0] * chunks if size == 0 else math.ceil(size / chunks), dim)


@composite(method=True)
def unbind(input: Array, dim: int = 0) -> tuple[Array, ...]:
    """The slices along ``dim``, without that dimension."""
    if input.ndim == 0:
        raise DimensionError(f"unbind(): Dimension specified as {dim} but tensor has no dimensions")
    dim = dim_of("unbind", dim, input.ndim)
    return tuple(select(input, dim, index) for index in range(input.shape[dim]))


# ---------------------------------------------------------------------------------------------------------------- joining


def _part(g: Any, i: int, shapes: Sequence[tuple[int, ...]], dim: int) -> Any:
    return narrow(g, dim, sum(shape[dim] for shape in shapes[:i]), shapes[i][dim])


@primitive(_part, cast="promote", variadic=True)
def _cat(*inputs: Array, dim: int = 0) -> Array:
    return np.concatenate(inputs, dim)


def _list_of(name: str, tensors: Any) -> list[Any]:
    if not isinstance(tensors, list | tuple):
        raise ArgumentError(f"{name}(): argument 'tensors' must be a tuple of Tensors, not {type(tensors).__name__}")
    if not tensors:
        raise (ValueError if name == "cat" else ShapeError)(f"{name}(): expected a non-empty list of Tensors")
    return list(tensors)


@composite
def cat(tensors: Sequence[Array], dim: int = 0) -> Array:
    """The tensors one after the other along ``dim``; of empty ones of shape ``(0,)`` only the dtype counts.

    >>> import tinygrad_mlp as torch
    >>> torch.cat([torch.ones(1, 2), torch.zeros(2, 2)]).shape
    torch.Size([3, 2])

    Raises:
        ShapeError: The shapes differ elsewhere than in ``dim``. ValueError: There are no tensors.
    """
    given = _list_of("cat", tensors)
    shape = next((x.shape for x in given if x.shape != (0,)), (0,))
    at = dim_of("cat", dim, len(shape))
    nothing = (*shape[:at], 0, *shape[at + 1 :])  # an empty vector joins any shape, and counts by its dtype alone
    return _cat(*(x.reshape(nothing) if x.shape == (0,) else x for x in given), dim=at)


concat = cat
concatenate = cat


@primitive(lambda g, i, dim: select(g, dim, i), cast="promote", variadic=True)
def _stack(*inputs: Array, dim: int = 0) -> Array:
    return np.stack(inputs, dim)


@composite
def stack(tensors: Sequence[Array], dim: int = 0) -> Array:
    """The tensors, all of one shape, along a new dimension ``dim``.

    >>> import tinygrad_mlp as torch
    >>> torch.stack([torch.zeros(3), torch.ones(3)], dim=1).shape
    torch.Size([3, 2])
    """
    given = _list_of("stack", tensors)
    return _stack(*given, dim=dim_of("stack", dim, given[0].ndim + 1))


@composite
def vstack(tensors: Sequence[Array]) -> Array:
    """The tensors, vectors as rows, one below the other."""
    return cat([atleast_2d(x) for x in _list_of("vstack", tensors)], 0)


@composite
def hstack(tensors: Sequence[Array]) -> Array:
    """The tensors side by side: along dimension 1, vectors along 0."""
    columns = [atleast_1d(x) for x in _list_of("hstack", tensors)]
    return cat(columns, 0 if columns[0].ndim == 1 else 1)


def _tiles(shape: Sequence[int], repeats: Sequence[int]) -> list[int]:
    """The shape (repeat, size, repeat, size ...) in which what :func:`repeat` copied lies along the even dimensions."""
    padded = (1,) * (len(repeats) - len(shape)) + tuple(shape)
    return [n for pair in zip(repeats, padded, strict=True) for n in pair]


@primitive(
    lambda g, input_shape, repeats: reshape(
        sum_over(reshape(g, _tiles(input_shape, repeats)), tuple(range(0, 2 * len(repeats), 2))), input_shape
    ),
    method=True,
    sizes=True,
)
def repeat(input: Array, repeats: Sequence[int]) -> Array:
    """Copies laid side by side, ``repeats[d]`` times along dimension ``d``; further dimensions go in front.

    >>> import tinygrad_mlp as torch
    >>> torch.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    repeats = sizes_of("repeat", repeats)
    if len(repeats) < input.ndim or any(n < 0 for n in repeats):
        raise ShapeError(
            f"repeat(): repeats {repeats} must name every dimension of the shape {input.shape}, with numbers from 0 up; "
            "tile(...) fills up with ones"
        )
    return np.tile(input, repeats)


@composite(method=True, sizes=True)
def tile(input: Array, dims: Sequence[int]) -> Array:
    """:func:`Tensor.repeat`, where dimensions not named in ``dims`` are those in front, taken once."""
    dims = sizes_of("tile", dims)
    return repeat(input, (1,) * (input.ndim - len(dims)) + dims)


# ---------------------------------------------------------------------------------------------------------------- padding


@primitive(lambda g, widths: _pad(g, [(-before, -after) for before, after in widths]))
def _pad(input: Array, widths: Sequence[tuple[int, int]], value: float = 0) -> Array:
    # widths: (before, after) for each dimension; negative ones cut off. The gradient is the padding with opposite signs.
    shape = [n + before + after for n, (before, after) in zip(input.shape, widths, strict=True)]
    if any(n < 0 for n in shape):
        raise ShapeError(f"pad(): cutting {widths} off the shape {input.shape} leaves a negative size")
    out = np.full(shape, np.asarray(value).astype(input.dtype))
    inside, kept = [], []
    for n, size, (before, after) in zip(input.shape, shape, widths, strict=True):
        inside.append(slice(max(before, 0), size - max(after, 0)))
        kept.append(slice(max(-before, 0), n - max(-after, 0)))
    out[tuple(inside)] = input[tuple(kept)]
    return out


_NUMPY_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@composite
def pad(input: Array, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Array:
    """The tensor with elements added at (or, where negative, cut off) both ends of its last dimensions.

    Args:
        input: Of any shape.
        pad: How many, ``(before, after)`` of the last dimension, then of the last but one, and so on.
        mode: What is added: ``"constant"``: ``value``; ``"reflect"``: the mirror image, without the element at the edge;
            ``"replicate"``: the element at the edge; ``"circular"``: the elements from the other end.
        value: The constant; 0 if None.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.functional.pad(torch.tensor([1, 2, 3]), (1, 2))
    tensor([0, 1, 2, 3, 0, 0])
    >>> torch.nn.functional.pad(torch.tensor([1, 2, 3]), (2, 0), mode="reflect")
    tensor([3, 2, 1, 2, 3])

    Raises:
        ShapeError: An odd number of paddings, more than the dimensions, or too large for the mode.
        NotImplementedError: Another mode.
    """
    widths = sizes_of("pad", pad)
    if len(widths) % 2 or len(widths) > 2 * input.ndim:
        raise ShapeError(
            f"pad(): Padding length should be divisible by 2 and at most two times the input dimension, but got {pad} and "
            f"an input of shape {tuple(input.shape)}"
        )
    pairs = [(widths[k], widths[k + 1]) for k in range(0, len(widths), 2)]
    if mode == "constant":
        unpadded = [(0, 0)] * (input.ndim - len(pairs))
        return _pad(input, unpadded + pairs[::-1], 0 if value is None else value)
    if mode not in _NUMPY_MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}; use constant, reflect, replicate or circular")
    if value:
        raise ShapeError(f'pad(): Padding mode "{mode}" doesn\'t take in value argument')
    for k, (before, after) in enumerate(pairs):
        index = np.arange(input.shape[-1 - k])[max(-before, 0) : input.shape[-1 - k] - max(-after, 0)]
        size, before, after = len(index), max(before, 0), max(after, 0)
        most = {"reflect": size - 1, "replicate": math.inf if size else 0, "circular": size}[mode]
        if max(before, after) > most:
            raise ShapeError(
                f"pad(): padding ({before}, {after}) at dimension {input.ndim - 1 - k} of a tensor of shape "
                f"{tuple(input.shape)} is too large: mode {mode!r} takes at most {most}"
            )
        # NumPy's types list the modes as literals
        index = np.pad(index, (before, after), _NUMPY_MODES[mode])  # type: ignore[call-overload] # a mode from a table is any string
        input = input.index_select(-1 - k, wrap(index))
    return input
