"""Rarer ways to arrange elements: diagonals, windows, turns, blocks, grids of pairs, and joining and splitting by dimension."""

from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import ArgumentError, DimensionError, DTypeError, ShapeError
from ..core.graph import Tensor, wrap
from ..dtypes import dtype, int64
from .composite import composite
from .creation import creates, number, numpy_dtype
from .dims import Dims, as_int64, dim_of, sizes_of
from .joining import _list_of, cat, narrow
from .shape import _each, _on_diagonal, flip, meshgrid, reshape, transpose
from .sums import sum

__all__ = [
    "atleast_3d", "block_diag", "broadcast_shapes", "bucketize", "cartesian_prod", "column_stack", "combinations", "diag_embed",
    "diagflat", "dsplit", "dstack", "fliplr", "flipud", "hsplit", "isin", "rot90", "row_stack", "scalar_tensor", "searchsorted",
    "split_with_sizes", "tensor_split", "tril_indices", "triu_indices", "unique_consecutive", "unravel_index", "vsplit",
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------ diagonals, windows


@composite(method=True)
def diag_embed(input: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Array:
    """Matrices, over ``dim1`` and ``dim2`` of the result, with the last dimension of ``input`` on their diagonals.

    >>> import tinygrad_mlp as torch
    >>> torch.diag_embed(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    ndim = input.ndim + 1
    first, second = (dim_of("diag_embed", d, ndim) for d in (dim1, dim2))
    if first == second:
        raise ShapeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    if input.ndim == 0:
        raise DimensionError("diag_embed(): input must have at least one dimension")
    size = input.shape[-1] + abs(offset)
    shape = list(input.shape[:-1])
    for d in sorted((first, second)):
        shape.insert(d, size)
    return _on_diagonal(input, tuple(shape), offset, first, second)


@composite(method=True)
def diagflat(input: Array, offset: int = 0) -> Array:
    """A matrix with all elements of ``input`` on its diagonal."""
    return diag_embed(input.reshape(-1), offset)


def _windows(array: Array, dim: int, size: int, step: int) -> Array:
    shown: Array = np.lib.stride_tricks.sliding_window_view(array, size, dim, writeable=array.flags.writeable)
    return shown[(slice(None),) * dim + (slice(None, None, step),)]


@primitive(lambda g, dim, size, step: unfold(g, dim, size, step))
def _folded(input: Array, shape: tuple[int, ...], dim: int, size: int, step: int) -> Array:
    # zeros with each window added where it was taken from: the inverse of unfold
    out = np.zeros(shape, input.dtype)
    lines, windows = np.moveaxis(out, dim, 0), np.moveaxis(input, dim, 0)
    for k, window in enumerate(windows):
        lines[k * step : k * step + size] += np.moveaxis(window, -1, 0)
    return out


@primitive(
    lambda g, input_shape, dimension, size, step: (
        _folded(g, input_shape, dimension % len(input_shape), size, step) if input_shape else reshape(g, ())
    ),
    view=True,
    method=True,
)
def unfold(input: Array, dimension: int, size: int, step: int) -> Array:
    """Windows of ``size`` elements along a dimension, ``step`` apart, as a new last dimension: a view.

    >>> import tinygrad_mlp as torch
    >>> torch.arange(5).unfold(0, 3, 2)
    tensor([[0, 1, 2],
            [2, 3, 4]])

    Raises:
        ShapeError: The windows are larger than the dimension, or do not move.
    """
    dim = dim_of("unfold", dimension, input.ndim)
    most = input.shape[dim] if input.ndim else 1
    if size < 0 or size > most:
        raise ShapeError(f"maximum size for tensor at dimension {dim} is {most} but size is {size}")
    if step <= 0:
        raise ShapeError(f"step is {step} but must be > 0")
    if not input.ndim:
        return input.reshape(1)[:size]
    if size == 0:
        return np.empty((*input.shape[:dim], most // step + 1, *input.shape[dim + 1 :], 0), input.dtype)
    return _windows(input, dim, size, step)


# ------------------------------------------------------------------------------------------------------------------ turns


@composite(method=True)
def rot90(input: Array, k: int = 1, dims: Sequence[int] = (0, 1)) -> Array:
    """Turned ``k`` times by 90 degrees in the plane of two dimensions, from the first towards the second."""
    dims = sizes_of("rot90", dims)
    if len(dims) != 2:
        raise ShapeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.ndim < 2:
        raise ShapeError(f"expected total dims >= 2, but got total dims = {input.ndim}")
    first, second = (dim_of("rot90", d, input.ndim) for d in dims)
    if first == second:
        raise ShapeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    turns = k % 4
    if turns == 0:
        return input.clone()
    if turns == 2:
        return flip(input, (first, second))
    return transpose(flip(input, (second if turns == 1 else first,)), first, second)


@composite(method=True)
def fliplr(input: Array) -> Array:
    """The order reversed along dimension 1."""
    if input.ndim < 2:
        raise ShapeError(f"Input must be >= 2-d, got {input.ndim}")
    return flip(input, (1,))


@composite(method=True)
def flipud(input: Array) -> Array:
    """The order reversed along dimension 0."""
    if input.ndim < 1:
        raise ShapeError("Input must be >= 1-d, got 0")
    return flip(input, (0,))


# ------------------------------------------------------------------------------------------------------ joining, splitting


@composite
def atleast_3d(*tensors: Array) -> Array:
    """Each tensor with at least three dimensions; one tensor, or a tuple where several are given."""

    def shaped(x: Array) -> Array:
        return x.reshape(1, -1, 1) if x.ndim < 2 else x.unsqueeze(-1) if x.ndim == 2 else x

    return _each(tensors, shaped)


@composite
def dstack(tensors: Sequence[Array]) -> Array:
    """The tensors one behind the other, along a third dimension."""
    return cat([atleast_3d(x) for x in _list_of("dstack", tensors)], 2)


@composite
def column_stack(tensors: Sequence[Array]) -> Array:
    """The tensors side by side, vectors as columns."""
    return cat([x.reshape(x.numel(), 1) if x.ndim < 2 else x for x in _list_of("column_stack", tensors)], 1)


@composite
def row_stack(tensors: Sequence[Array]) -> Array:
    """:func:`vstack` under another name."""
    return cat([x.reshape(1, -1) if x.ndim < 2 else x for x in _list_of("row_stack", tensors)], 0)


@composite
def block_diag(*tensors: Array) -> Array:
    """A matrix with the given ones along its diagonal, vectors as rows, and zeros elsewhere.

    >>> import tinygrad_mlp as torch
    >>> torch.block_diag(torch.tensor([[1]]), torch.tensor([2, 3]))
    tensor([[1, 0, 0],
            [0, 2, 3]])
    """
    blocks = [x.reshape(1, -1) if x.ndim < 2 else x for x in (tensors or (wrap(np.empty((1, 0), np.float32)),))]
    for k, x in enumerate(blocks):
        if x.ndim > 2:
            raise ShapeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {k} has {x.ndim} dimensions"
            )
    width = builtins.sum(x.shape[1] for x in blocks)
    start, rows = 0, []
    for x in blocks:
        left, right = (x.new_zeros((x.shape[0], int(n))) for n in (start, width - start - x.shape[1]))
        rows.append(cat([left, x, right], 1))
        start += x.shape[1]
    return cat(rows, 0)


def _parts(name: str, tensor: Array, sections: Any, dim: int) -> tuple[Array, ...]:
    if isinstance(sections, Tensor):
        sections = sections.tolist()
    size = tensor.shape[dim]
    if isinstance(sections, int):
        if sections <= 0:
            raise ShapeError(f"{name}: number of sections must be larger than 0, got {sections}")
        small, more = divmod(size, sections)
        lengths = [small + (k < more) for k in range(sections)]
        starts = [0, *itertools.accumulate(lengths)]
        return tuple(narrow(tensor, dim, start, length) for start, length in zip(starts, lengths, strict=False))
    bounds = [0, *(max(0, n + size) if n < 0 else min(n, size) for n in sizes_of(name, sections)), size]
    return tuple(narrow(tensor, dim, min(a, size), max(b - a, 0)) for a, b in itertools.pairwise(bounds))


@composite(method=True)
def tensor_split(input: Array, indices_or_sections: Any, dim: int = 0) -> tuple[Array, ...]:
    """Views of parts along ``dim``: so many of sizes that differ by one at most, or what is between the indices.

    >>> import tinygrad_mlp as torch
    >>> [len(part) for part in torch.tensor_split(torch.arange(7), 3)]
    [3, 2, 2]
    """
    if input.ndim == 0:
        raise ShapeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    return _parts("tensor_split", input, indices_or_sections, dim_of("tensor_split", dim, input.ndim))


def _split_along(name: str, input: Array, sections: Any, dim: int, least: int) -> tuple[Array, ...]:
    if input.ndim < least:
        raise ShapeError(f"torch.{name} requires a tensor with at least {least} dimension, but got {input.ndim} dimensions!")
    if isinstance(sections, int) and (sections <= 0 or input.shape[dim] % sections):
        raise ShapeError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension {input.shape[dim]} is not "
            f"divisible by the split_size {sections}!"
        )
    return _parts(name, input, sections, dim)


@composite(method=True)
def hsplit(input: Array, indices_or_sections: Any) -> tuple[Array, ...]:
    """:func:`tensor_split` into equal parts, or at indices, along dimension 1, of vectors along 0."""
    return _split_along("hsplit", input, indices_or_sections, 0 if input.ndim == 1 else 1, 1)


@composite(method=True)
def vsplit(input: Array, indices_or_sections: Any) -> tuple[Array, ...]:
    """:func:`tensor_split` into equal parts, or at indices, along dimension 0."""
    return _split_along("vsplit", input, indices_or_sections, 0, 2)


@composite(method=True)
def dsplit(input: Array, indices_or_sections: Any) -> tuple[Array, ...]:
    """:func:`tensor_split` into equal parts, or at indices, along dimension 2."""
    return _split_along("dsplit", input, indices_or_sections, 2, 3)


@composite(method=True)
def split_with_sizes(input: Array, split_sizes: Sequence[int], dim: int = 0) -> tuple[Array, ...]:
    """:func:`split` into parts of the sizes listed."""
    return tuple(input.split(list(split_sizes), dim))


# ----------------------------------------------------------------------------------------------------------- pairs, indices


@composite
def cartesian_prod(*tensors: Array) -> Array:
    """All combinations of an element of each vector, a row each."""
    for x in tensors:
        if x.ndim > 1:
            raise ShapeError(f"cartesian_prod: Expect a 1D vector, but got shape {list(x.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    grids = meshgrid(*tensors, indexing="ij")
    return cat([grid.reshape(-1, 1) for grid in grids], 1)


@composite
def combinations(input: Array, r: int = 2, with_replacement: bool = False) -> Array:
    """All choices of ``r`` elements of a vector, in order, a row each.

    >>> import tinygrad_mlp as torch
    >>> torch.combinations(torch.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    if input.ndim != 1:
        raise ShapeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise ShapeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return wrap(np.empty(0, input._like.dtype))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input.shape[0]), r)), np.int64).reshape(-1, r)
    return input.index_select(0, wrap(rows.reshape(-1))).reshape(rows.shape)


def _triangle_indices(name: str, row: int, col: int, offset: int, of: Any, dtype: Any) -> Array:
    if row < 0 or col < 0:
        raise ShapeError(f"{name}: row and col must be non-negative, got {row} and {col}")
    return np.stack(of(row, offset, col)).astype(numpy_dtype(dtype, int64))


@creates
def tril_indices(row: int, col: int, offset: int = 0, *, dtype: dtype | None = None) -> Array:
    """The rows and columns of the elements of a lower triangle, shape ``(2, n)``."""
    return _triangle_indices("tril_indices", row, col, offset, np.tril_indices, dtype)


@creates
def triu_indices(row: int, col: int, offset: int = 0, *, dtype: dtype | None = None) -> Array:
    """The rows and columns of the elements of an upper triangle, shape ``(2, n)``."""
    return _triangle_indices("triu_indices", row, col, offset, np.triu_indices, dtype)


@creates
def scalar_tensor(s: Any, *, dtype: dtype | None = None) -> Array:
    """A tensor without dimensions, of the default dtype unless another is given."""
    return np.asarray(number("scalar_tensor", "s", s)).astype(numpy_dtype(dtype))


@composite
def unravel_index(indices: Array, shape: Any) -> tuple[Array, ...]:
    """Flat positions as an index for each dimension of ``shape``."""
    if indices._like.dtype.kind not in "iu":
        raise ValueError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    sizes = (shape,) if isinstance(shape, int) else tuple(shape.tolist() if isinstance(shape, Tensor) else shape)
    strides = [math.prod(sizes[k + 1 :]) for k in range(len(sizes))]
    return tuple(indices.long() // stride % size for stride, size in zip(strides, sizes, strict=True))


@composite
def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that tensors of these shapes have in common by broadcasting."""
    try:
        found = np.broadcast_shapes(*((s,) if isinstance(s, int) else tuple(s) for s in shapes))
    except ValueError:
        raise ShapeError(f"Shape mismatch: objects cannot be broadcast to a single shape, got {shapes}") from None
    return type(wrap(np.empty(0)).shape)(found)


@composite(method=True)
def sum_to_size(input: Array, *size: int) -> Array:
    """The sum over the dimensions that broadcasting from ``size`` would repeat."""
    shape = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
    new = input.ndim - len(shape)
    if new < 0 or any(n not in (1, m) for n, m in zip(shape, input.shape[new:], strict=True)):
        raise ShapeError(f"size {list(shape)} is not expandable to size {list(input.shape)}.")
    dims: Dims = tuple(d for d in range(input.ndim) if d < new or (shape[d - new] == 1 != input.shape[d]))
    return (sum(input, dims, True) if dims else input).reshape(shape)


# ------------------------------------------------------------------------------------------------------------- searching


@composite
def searchsorted(
    sorted_sequence: Array,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Array = None,
) -> Array:
    """Where values would go in an ascending sequence: before the first element not below them; ``right``: after the last equal one.

    Shapes ``(n,), (*) -> (*)``, or a row for each row ``(*, n), (*, m) -> (*, m)``.

    >>> import tinygrad_mlp as torch
    >>> torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([3, 6]))
    tensor([1, 3])
    """
    if side not in (None, "left", "right"):
        raise ShapeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise ShapeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    where: Any = "right" if right or side == "right" else "left"
    sequence = sorted_sequence._data if sorter is None else np.take_along_axis(sorted_sequence._data, sorter._data, -1)
    values = input._data if isinstance(input, Tensor) else np.asarray(input)
    if isinstance(input, Tensor) and input.dtype is not sorted_sequence.dtype:
        raise DTypeError(
            f"torch.searchsorted(): boundary tensor and input value tensor should have same dtype, got {sorted_sequence.dtype} "
            f"and {input.dtype}"
        )
    if sequence.ndim == 0 or (sequence.ndim > 1 and sequence.shape[:-1] != values.shape[:-1]):
        raise ShapeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and "
            f"input value tensor must match, but we got {list(sequence.shape)} and {list(values.shape)}"
        )
    if sequence.ndim == 1:
        found = np.asarray(np.searchsorted(sequence, values, where))
    else:
        found = np.empty(values.shape, np.int64)
        for index in np.ndindex(sequence.shape[:-1]):
            found[index] = np.searchsorted(sequence[index], values[index], where)
    return wrap(found.astype(np.int32) if out_int32 else as_int64(found))


@composite
def bucketize(input: Any, boundaries: Array, *, out_int32: bool = False, right: bool = False) -> Array:
    """The index of the bucket, between ascending boundaries, that each element is in, see :func:`searchsorted`."""
    if boundaries.ndim != 1:
        raise ShapeError(f"bucketize(): boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@primitive(None, None)
def _isin(elements: Array, test_elements: Array, invert: bool) -> Array:
    return np.isin(elements, test_elements, invert=invert)


@composite
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Array:
    """Whether each element is one of ``test_elements``; with ``invert``, whether it is not."""
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise ArgumentError("isin(): elements or test_elements must be a Tensor")
    return _isin(elements if isinstance(elements, Tensor) else wrap(np.asarray(elements)), test_elements, invert=invert)


@composite(method=True)
def unique_consecutive(
    input: Array, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements (slices along ``dim``) without those that equal the one before; as :func:`unique`, but not in order.

    >>> import tinygrad_mlp as torch
    >>> torch.unique_consecutive(torch.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    data = (
        input._data.reshape(-1)
        if dim is None
        else np.moveaxis(input._data, dim_of("unique_consecutive", dim, input.ndim), 0)
    )
    rows = data.reshape(len(data), -1) if data.size else data.reshape(len(data), 0)
    new = np.ones(len(data), bool)
    new[1:] = (rows[1:] != rows[:-1]).any(1)
    starts = np.flatnonzero(new)
    kept = data[new] if dim is None else np.moveaxis(data[new], 0, dim)
    inverse = as_int64(np.cumsum(new) - 1).reshape(input.shape if dim is None else -1)
    counts = as_int64(np.diff(np.append(starts, len(data))))
    results = [np.ascontiguousarray(kept), *(inverse,) * return_inverse, *(counts,) * return_counts]
    return wrap(results[0]) if len(results) == 1 else tuple(map(wrap, results))
