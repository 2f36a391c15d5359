"""Shapes: the same elements in another arrangement, most of them views of the same memory.

Which of two dimensions is meant, and what an error says about it, is settled in :func:`dim_of`; a tensor without
dimensions takes a dim as if it had one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..engine import composite, primitive, wrap
from ..errors import ArgumentError, DimensionError, DTypeError, ShapeError
from .indexing import slice_

Array = Any  # an ndarray inside a forward, a Tensor at the caller

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "broadcast_tensors",
    "broadcast_to",
    "cat",
    "chunk",
    "concat",
    "concatenate",
    "diag",
    "diagonal",
    "flatten",
    "flip",
    "hstack",
    "meshgrid",
    "moveaxis",
    "movedim",
    "narrow",
    "permute",
    "ravel",
    "repeat_interleave",
    "reshape",
    "roll",
    "select",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "swapdims",
    "t",
    "tile",
    "transpose",
    "tril",
    "triu",
    "unbind",
    "unflatten",
    "unsqueeze",
    "vstack",
]

# --------------------------------------------------------------------------------------------------------- helpers


def dim_of(name: str, dim: int, ndim: int) -> int:
    """``dim`` counted from the front.

    Raises:
        DimensionError: A tensor of ``ndim`` dimensions does not have it.
    """
    count = ndim or 1
    if not -count <= dim < count:
        raise DimensionError(
            f"{name}(): Dimension out of range (expected to be in range of [{-count}, {count - 1}], but got {dim}) for "
            f"a tensor of {ndim} dimensions"
        )
    return dim % count


def sizes_of(name: str, sizes: Iterable[int]) -> tuple[int, ...]:
    """``sizes`` as a tuple of Python ints.

    Raises:
        ArgumentError: They are something else.
    """
    try:
        return tuple(map(operator.index, sizes))
    except TypeError:
        raise ArgumentError(f"{name}(): expected a tuple of ints, got {sizes!r}") from None


# ------------------------------------------------------------------------------------------------- the same elements


@primitive(lambda g, input_shape: reshape(g, input_shape), view=True)
def reshape(input: Array, shape: Sequence[int]) -> Array:
    """The elements, in order, in another shape: a view where possible, else a copy. One size may be -1: what remains.

    >>> import tinygrad_mlp as torch
    >>> torch.reshape(torch.arange(6), (2, -1))
    tensor([[0, 1, 2],
            [3, 4, 5]])

    Raises:
        ShapeError: The sizes do not multiply to the number of elements.
    """
    return input.reshape(_valid("reshape", shape))


@primitive(lambda g, input_shape: reshape(g, input_shape), view=True)
def view(input: Array, shape: Sequence[int]) -> Array:
    """A view in another shape; :func:`reshape` where a copy will do.

    Raises:
        ShapeError: The sizes do not multiply to the number of elements, or no view of the memory has this shape.
    """
    shape = _valid("view", shape)
    try:
        return np.reshape(input, shape, copy=False)
    except ValueError as error:
        if "copy" not in str(error):
            raise
        raise ShapeError(
            f"view(): view size {shape} is not compatible with the input's shape {input.shape} and its order in memory; "
            "use .reshape(...), which copies where it must"
        ) from None


def _valid(name: str, shape: Sequence[int]) -> tuple[int, ...]:
    sizes = sizes_of(name, shape)
    for size in sizes:
        if size < -1:  # NumPy would take any negative size for -1
            raise ShapeError(f"{name}(): invalid shape dimension {size} in shape {sizes}; only -1 stands for the rest")
    return sizes


@composite
def flatten(input: Array, start_dim: int = 0, end_dim: int = -1) -> Array:
    """The dimensions from ``start_dim`` to ``end_dim`` as one.

    >>> import tinygrad_mlp as torch
    >>> torch.flatten(torch.ones(2, 3, 4), start_dim=1).shape
    torch.Size([2, 12])
    """
    start, end = dim_of("flatten", start_dim, input.ndim), dim_of("flatten", end_dim, input.ndim)
    if start > end:
        raise ShapeError(f"flatten(): start_dim {start_dim} cannot come after end_dim {end_dim}")
    shape = tuple(input.shape)
    return reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@composite
def unflatten(input: Array, dim: int, sizes: Sequence[int]) -> Array:
    """One dimension as several, of the given sizes, one of which may be -1.

    Raises:
        ShapeError: The sizes do not multiply to that dimension's.
    """
    sizes = sizes_of("unflatten", sizes)
    dim = dim_of("unflatten", dim, input.ndim)
    size = input.shape[dim]
    known = math.prod(n for n in sizes if n != -1)
    if sizes.count(-1) > 1 or not sizes or (not known or size % known if -1 in sizes else size != known):
        raise ShapeError(f"unflatten: Provided sizes {sizes} don't multiply up to the size of dim {dim} ({size})")
    sizes = tuple(size // known if n == -1 else n for n in sizes)
    return reshape(input, (*input.shape[:dim], *sizes, *input.shape[dim + 1 :]))


@composite
def ravel(input: Array) -> Array:
    """All elements along one dimension."""
    return reshape(input, (-1,) if input.ndim != 1 else tuple(input.shape))


@composite
def squeeze(input: Array, dim: int | Sequence[int] | None = None) -> Array:
    """Without the dimensions of size 1: all of them, or those named in ``dim``.

    >>> import tinygrad_mlp as torch
    >>> torch.squeeze(torch.ones(1, 3, 1), 0).shape
    torch.Size([3, 1])
    """
    named = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    dims = {dim_of("squeeze", d, input.ndim) for d in named}
    return reshape(input, tuple(n for d, n in enumerate(input.shape) if n != 1 or d not in dims))


@composite
def unsqueeze(input: Array, dim: int) -> Array:
    """With a dimension of size 1 inserted before ``dim``; negative counts from behind the last.

    >>> import tinygrad_mlp as torch
    >>> torch.unsqueeze(torch.ones(3), -1).shape
    torch.Size([3, 1])
    """
    dim = dim_of("unsqueeze", dim, input.ndim + 1)
    return reshape(input, (*input.shape[:dim], 1, *input.shape[dim:]))


@composite
def atleast_1d(*tensors: Array) -> Array:
    """Each tensor with at least one dimension; one tensor, or a tuple where several are given."""
    return _each(tensors, lambda x: reshape(x, (1,)) if x.ndim == 0 else x)


@composite
def atleast_2d(*tensors: Array) -> Array:
    """Each tensor with at least two dimensions, new ones in front; one tensor, or a tuple where several are given."""
    return _each(tensors, lambda x: reshape(x, (1, -1)) if x.ndim < 2 else x)


def _each(tensors: tuple[Any, ...], function: Any) -> Any:
    if len(tensors) == 1:
        (only,) = tensors
        return tuple(map(function, only)) if isinstance(only, list | tuple) else function(only)
    return tuple(map(function, tensors))


# ----------------------------------------------------------------------------------------------- order of dimensions


@primitive(lambda g, dims: permute(g, np.argsort([d % len(dims) for d in dims])), view=True)
def permute(input: Array, dims: Sequence[int]) -> Array:
    """The dimensions in another order: dimension ``i`` of the result is ``dims[i]`` of the input.

    >>> import tinygrad_mlp as torch
    >>> torch.permute(torch.ones(2, 3, 4), (2, 0, 1)).shape
    torch.Size([4, 2, 3])
    """
    return np.transpose(input, sizes_of("permute", dims))


@primitive(lambda g, dim0, dim1: transpose(g, dim0, dim1), view=True)
def transpose(input: Array, dim0: int, dim1: int) -> Array:
    """Two dimensions swapped."""
    if input.ndim == 0:
        return input.reshape(() if dim_of("transpose", dim0, 0) == dim_of("transpose", dim1, 0) else None)
    return input.swapaxes(dim0, dim1)


swapaxes = swapdims = transpose


@composite
def t(input: Array) -> Array:
    """A matrix transposed; a vector as it is."""
    if input.ndim > 2:
        raise ShapeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D; use .mT or permute")
    return transpose(input, 0, 1) if input.ndim == 2 else input


@composite
def movedim(input: Array, source: int | Sequence[int], destination: int | Sequence[int]) -> Array:
    """The dimensions ``source`` moved to the places ``destination``, the others kept in order.

    >>> import tinygrad_mlp as torch
    >>> torch.movedim(torch.ones(2, 3, 4), 0, -1).shape
    torch.Size([3, 4, 2])
    """
    if isinstance(source, int) != isinstance(destination, int):
        raise ArgumentError(f"movedim(): source {source} and destination {destination} must be both ints or both tuples")
    places = []
    for dims in (source, destination):
        wanted = [dim_of("movedim", d, input.ndim) for d in ((dims,) if isinstance(dims, int) else dims)]
        if len(set(wanted)) < len(wanted):
            raise ShapeError(f"movedim(): repeated dim in {dims}")
        places.append(wanted)
    old, new = places
    if len(old) != len(new):
        raise ShapeError(f"movedim(): source {source} and destination {destination} must name as many dims")
    rest = iter(d for d in range(input.ndim) if d not in old)
    moved = dict(zip(new, old, strict=True))
    return permute(input, tuple(moved[d] if d in moved else next(rest) for d in range(input.ndim)))


moveaxis = movedim

# ----------------------------------------------------------------------------------------------------- repeating


@primitive(lambda g: g, view=True)  # the engine sums over the repeated dimensions
def expand(input: Array, size: Sequence[int]) -> Array:
    """Dimensions of size 1, and new ones in front, stretched to ``size``: a view, read-only where elements are shared.

    -1 keeps a dimension's size.

    >>> import tinygrad_mlp as torch
    >>> torch.tensor([[1], [2]]).expand(-1, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])

    Raises:
        ShapeError: A size is neither the dimension's own nor is that 1, or there are too few sizes.
    """
    size = sizes_of("expand", size)
    new = len(size) - input.ndim
    shape = tuple(input.shape[d - new] if n == -1 and d >= new else n for d, n in enumerate(size))
    if math.prod(shape) == input.size and shape[new:] == input.shape:
        return input.reshape(shape)
    try:
        return np.broadcast_to(input, shape)
    except ValueError:
        raise ShapeError(
            f"expand(): The expanded size {size} does not fit a tensor of shape {input.shape}: from the right, each size "
            "must be the dimension's own, or -1, unless that dimension is 1; new dimensions go in front"
        ) from None


broadcast_to = expand


@composite
def broadcast_tensors(*tensors: Array) -> tuple[Array, ...]:
    """The tensors expanded to their common shape.

    >>> import tinygrad_mlp as torch
    >>> a, b = torch.broadcast_tensors(torch.ones(2, 1), torch.ones(3))
    >>> a.shape == b.shape == (2, 3)
    True
    """
    shapes = [tuple(x.shape) for x in tensors]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            f"broadcast_tensors(): shapes {shapes} do not broadcast: from the right, sizes must match or be 1"
        ) from None
    return tuple(expand(x, shape) for x in tensors)


def _tiles(shape: Sequence[int], repeats: Sequence[int]) -> list[int]:
    """The shape (repeat, size, repeat, size ...) in which what :func:`repeat` copied lies along the even dimensions."""
    padded = (1,) * (len(repeats) - len(shape)) + tuple(shape)
    return [n for pair in zip(repeats, padded, strict=True) for n in pair]


@primitive(
    lambda g, input_shape, repeats: reshape(
        reshape(g, _tiles(input_shape, repeats)).sum(tuple(range(0, 2 * len(repeats), 2))), input_shape
    )
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


@composite
def tile(input: Array, dims: Sequence[int]) -> Array:
    """:func:`Tensor.repeat`, where dimensions not named in ``dims`` are those in front, taken once."""
    dims = sizes_of("tile", dims)
    return repeat(input, (1,) * (input.ndim - len(dims)) + dims)


@composite
def repeat_interleave(
    input: Array, repeats: int | Array, dim: int | None = None, *, output_size: int | None = None
) -> Array:
    """Each element along ``dim`` (of the flattened tensor if None) repeated in place.

    Args:
        input: Of any shape.
        repeats: How often; a number, or an integer tensor with a number for each element along ``dim``.
        dim: Along which dimension.
        output_size: Ignored: the size of the result is computed.

    >>> import tinygrad_mlp as torch
    >>> torch.repeat_interleave(torch.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    """
    if dim is None:
        input, dim = ravel(input), 0
    if input.ndim == 0:
        raise DimensionError(
            f"repeat_interleave(): Dimension specified as {dim} but tensor has no dimensions; leave dim out"
        )
    dim = dim_of("repeat_interleave", dim, input.ndim)
    counts = np.asarray(repeats if isinstance(repeats, int) else repeats.tolist())
    count = input.shape[dim]
    if counts.ndim > 1 or counts.size not in (1, count) or (counts < 0).any():
        raise ShapeError(
            f"repeat_interleave(): repeats must be one number, or have the same size as input along dim ({count}), each "
            f"non-negative; got {repeats}"
        )
    return input.index_select(dim, wrap(np.repeat(np.arange(count), counts)))


@composite
def meshgrid(*tensors: Array, indexing: str = "ij") -> tuple[Array, ...]:
    """Grids of coordinates: of vectors of sizes n and m, two tensors of shape ``(n, m)``, or ``(m, n)`` with ``"xy"``.

    >>> import tinygrad_mlp as torch
    >>> torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij")[0]
    tensor([[0, 0, 0],
            [1, 1, 1]])
    """
    vectors = tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    if indexing not in ("ij", "xy"):
        raise ShapeError(f'meshgrid(): indexing must be one of "xy" or "ij", but received: {indexing!r}')
    if wrong := [tuple(v.shape) for v in vectors if v.ndim > 1]:
        raise ShapeError(f"meshgrid(): Expected 0D or 1D tensors but got shapes {wrong}")
    if len({v.dtype for v in vectors}) > 1:
        raise DTypeError(f"meshgrid expects all tensors to have the same dtype, got {[str(v.dtype) for v in vectors]}")
    shape = tuple(v.numel() for v in vectors)
    grids = tuple(expand(reshape(v, (-1,) + (1,) * (len(shape) - 1 - d)), shape) for d, v in enumerate(vectors))
    return tuple(transpose(grid, 0, 1) for grid in grids) if indexing == "xy" and len(shape) > 1 else grids


# ---------------------------------------------------------------------------------------------------------- joining


def _part(g: Any, i: int, shapes: Sequence[tuple[int, ...]], dim: int) -> Any:
    return narrow(g, dim, sum(shape[dim] for shape in shapes[:i]), shapes[i][dim])


@primitive(_part, cast="promote", variadic=True)
def _cat(*inputs: Array, dim: int = 0) -> Array:
    for k, array in enumerate(inputs):
        rest = [array.shape[:dim] + array.shape[dim + 1 :], inputs[0].shape[:dim] + inputs[0].shape[dim + 1 :]]
        if array.ndim != inputs[0].ndim or rest[0] != rest[1]:
            raise ShapeError(
                f"cat(): Sizes of tensors must match except in dimension {dim}. Expected {inputs[0].shape} but got "
                f"{array.shape} for tensor number {k} in the list"
            )
    return np.concatenate(inputs, dim)


def _list_of(name: str, tensors: Any) -> list[Any]:
    if not isinstance(tensors, list | tuple):
        raise ArgumentError(f"{name}(): argument 'tensors' must be a tuple of Tensors, not {type(tensors).__name__}")
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
    if not given:
        raise ValueError("cat(): expected a non-empty list of Tensors")
    for k, x in enumerate(given):
        if x.ndim == 0:
            raise ShapeError(f"cat(): zero-dimensional tensor (at position {k}) cannot be concatenated; use stack")
    shape = next((x.shape for x in given if x.shape != (0,)), (0,))
    at = dim_of("cat", dim, len(shape))
    nothing = (*shape[:at], 0, *shape[at + 1 :])  # what counts of an empty tensor is its dtype
    return _cat(*(x.reshape(nothing) if x.shape == (0,) else x for x in given), dim=at)


concat = concatenate = cat


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
    if not given or len({tuple(x.shape) for x in given}) > 1:
        raise ShapeError(
            "stack expects a non-empty list of tensors, each of equal size, but got shapes "
            f"{[tuple(x.shape) for x in given]}"
        )
    return _stack(*given, dim=dim_of("stack", dim, given[0].ndim + 1))


@composite
def vstack(tensors: Sequence[Array]) -> Array:
    """The tensors, vectors as rows, one below the other."""
    return cat([atleast_2d(x) for x in _list_of("vstack", tensors)], 0)


@composite
def hstack(tensors: Sequence[Array]) -> Array:
    """The tensors side by side: along dimension 1, vectors along 0."""
    columns = [atleast_1d(x) for x in _list_of("hstack", tensors)]
    return cat(columns, 0 if not columns or columns[0].ndim == 1 else 1)


# --------------------------------------------------------------------------------------------------------- splitting


@primitive(lambda g, widths: _pad(g, [(-before, -after) for before, after in widths]))
def _pad(input: Array, widths: Sequence[tuple[int, int]], value: float = 0) -> Array:
    # (before, after) for each dimension; what is negative is cut off, so the gradient is the same with other signs
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


@composite
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


@composite
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


@composite
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


@composite
def unbind(input: Array, dim: int = 0) -> tuple[Array, ...]:
    """The slices along ``dim``, without that dimension."""
    if input.ndim == 0:
        raise DimensionError(f"unbind(): Dimension specified as {dim} but tensor has no dimensions")
    dim = dim_of("unbind", dim, input.ndim)
    return tuple(select(input, dim, index) for index in range(input.shape[dim]))


# ------------------------------------------------------------------------------------------------------- rearranging


@primitive(lambda g, dims: flip(g, dims))
def flip(input: Array, dims: Sequence[int]) -> Array:
    """A copy with the order reversed along ``dims``.

    >>> import tinygrad_mlp as torch
    >>> torch.flip(torch.arange(3), (0,))
    tensor([2, 1, 0])
    """
    order = tuple(dim_of("flip", d, input.ndim) for d in sizes_of("flip", dims))
    if len(set(order)) < len(order):
        raise ShapeError(f"flip(): a dim appears multiple times in {dims}")
    return np.flip(input, order).copy() if input.ndim else input.copy()


def _tuple(value: Any) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)


@primitive(lambda g, shifts, dims: roll(g, tuple(-n for n in _tuple(shifts)), dims))
def roll(input: Array, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Array:
    """A copy shifted along ``dims``, what leaves at one end coming in at the other; flattened meanwhile if no ``dims``.

    >>> import tinygrad_mlp as torch
    >>> torch.roll(torch.arange(4), 1)
    tensor([3, 0, 1, 2])
    """
    steps, along = _tuple(shifts), () if dims is None else _tuple(dims)
    if len(steps) != (len(along) or 1):
        raise ShapeError(f"roll(): shifts and dimensions must align. shifts: {len(steps)}, dims: {len(along)}")
    return np.roll(input, steps if along else steps[0], along or None)


def _triangle(name: str, input: Array, diagonal: int) -> Array:
    if input.ndim < 2:
        raise ShapeError(f"{name}: input tensor must have at least 2 dimensions, got shape {input.shape}")
    return (np.tril if name == "tril" else np.triu)(input, diagonal)


@primitive(lambda g, diagonal: tril(g, diagonal))
def tril(input: Array, diagonal: int = 0) -> Array:
    """The matrix (or each of a batch) with zeros above the ``diagonal``-th diagonal."""
    return _triangle("tril", input, diagonal)


@primitive(lambda g, diagonal: triu(g, diagonal))
def triu(input: Array, diagonal: int = 0) -> Array:
    """The matrix (or each of a batch) with zeros below the ``diagonal``-th diagonal."""
    return _triangle("triu", input, diagonal)


@primitive(lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2))
def _on_diagonal(input: Array, shape: Sequence[int], offset: int, dim1: int, dim2: int) -> Array:
    # zeros of the shape with the input on the diagonal: what `diagonal` took is put back where it was
    out = np.zeros(shape, input.dtype)
    _diagonal_of(out, offset, dim1, dim2)[...] = input
    return out


def _diagonal_of(array: Array, offset: int, dim1: int, dim2: int) -> Array:
    taken = np.diagonal(array, offset, dim1, dim2)
    taken.flags.writeable = array.flags.writeable  # NumPy makes the view read-only; writing reaches the array
    return taken


@primitive(
    lambda g, input_shape, offset, dim1, dim2: _on_diagonal(g, input_shape, offset, dim1, dim2),
    view=True,
)
def diagonal(input: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """The elements with index i in ``dim1`` and i + offset in ``dim2``, i as the last dimension: a view.

    >>> import tinygrad_mlp as torch
    >>> torch.diagonal(torch.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    if dim_of("diagonal", dim1, input.ndim) == dim_of("diagonal", dim2, input.ndim):
        raise ShapeError(f"diagonal(): diagonal dimensions cannot be identical {dim1}, {dim2}")
    return _diagonal_of(input, offset, dim1, dim2)


@composite
def diag(input: Array, diagonal: int = 0) -> Array:
    """A square matrix with the vector on its diagonal; of a matrix, a copy of its diagonal.

    >>> import tinygrad_mlp as torch
    >>> torch.diag(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if input.ndim == 1:
        size = input.shape[0] + abs(diagonal)
        return _on_diagonal(input, (size, size), diagonal, 0, 1)
    if input.ndim != 2:
        raise ShapeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D; use diagonal for batches")
    return input.diagonal(diagonal).clone()


# ---------------------------------------------------------------------------------------------------------- padding

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
        # the mode is a str, where NumPy's types list literals
        index = np.pad(index, (before, after), _NUMPY_MODES[mode])  # type: ignore[call-overload] # a mode from a table is any string
        input = input.index_select(-1 - k, wrap(index))
    return input
