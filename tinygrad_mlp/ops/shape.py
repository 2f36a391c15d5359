"""Shapes: the same elements in another arrangement, most of them views of the same memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import ArgumentError, DimensionError, DTypeError, ShapeError
from ..core.graph import Tensor, wrap
from .composite import Operation, called, composite
from .dims import along, dim_of, sizes_of

__all__ = [
    "atleast_1d", "atleast_2d", "broadcast_tensors", "broadcast_to", "diag", "diagonal", "flatten", "flip", "meshgrid",
    "moveaxis", "movedim", "permute", "ravel", "repeat_interleave", "reshape", "roll", "squeeze", "swapaxes", "swapdims",
    "t", "transpose", "tril", "triu", "unflatten", "unsqueeze",
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------ the same elements


@primitive(lambda g, input_shape: reshape(g, input_shape), view=True, method=True, sizes=True)
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


@primitive(lambda g, input_shape: reshape(g, input_shape), view=True, method=True, sizes=True)
def view(input: Array, shape: Sequence[int]) -> Array:
    """A view in another shape; :func:`reshape` where a copy will do.

    Raises:
        ShapeError: The sizes do not multiply to the number of elements, or no view of the memory has this shape.
    """
    try:
        return np.reshape(input, _valid("view", shape), copy=False)
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


@composite(method=True)
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


@composite(method=True)
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


@composite(method=True)
def ravel(input: Array) -> Array:
    """All elements along one dimension."""
    return reshape(input, (-1,) if input.ndim != 1 else tuple(input.shape))


@composite(method=True)
def squeeze(input: Array, dim: int | Sequence[int] | None = None) -> Array:
    """Without the dimensions of size 1: all of them, or those named in ``dim``.

    >>> import tinygrad_mlp as torch
    >>> torch.squeeze(torch.ones(1, 3, 1), 0).shape
    torch.Size([3, 1])
    """
    named = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    dims = {dim_of("squeeze", d, input.ndim) for d in named}
    return reshape(input, tuple(n for d, n in enumerate(input.shape) if n != 1 or d not in dims))


@composite(method=True)
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


# ---------------------------------------------------------------------------------------------------- order of dimensions


@primitive(lambda g, dims: permute(g, np.argsort([d % len(dims) for d in dims])), view=True, method=True, sizes=True)
def permute(input: Array, dims: Sequence[int]) -> Array:
    """The dimensions in another order: dimension ``i`` of the result is ``dims[i]`` of the input.

    >>> import tinygrad_mlp as torch
    >>> torch.permute(torch.ones(2, 3, 4), (2, 0, 1)).shape
    torch.Size([4, 2, 3])
    """
    return np.transpose(input, sizes_of("permute", dims))


@primitive(lambda g, dim0, dim1: transpose(g, dim0, dim1), view=True, method=("transpose", "swapaxes", "swapdims"))
def transpose(input: Array, dim0: int, dim1: int) -> Array:
    """Two dimensions swapped."""
    first, second = (dim_of("transpose", d, input.ndim) for d in (dim0, dim1))
    return input.swapaxes(first, second) if input.ndim else input.reshape(())


swapaxes = transpose
swapdims = transpose


@composite(method=True)
def t(input: Array) -> Array:
    """A matrix transposed; a vector as it is."""
    if input.ndim > 2:
        raise ShapeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D; use .mT or permute")
    return transpose(input, 0, 1) if input.ndim == 2 else input


@primitive(lambda g, source, destination: movedim(g, destination, source), view=True, method=("movedim", "moveaxis"))
def movedim(input: Array, source: int | Sequence[int], destination: int | Sequence[int]) -> Array:
    """The dimensions ``source`` moved to the places ``destination``, the others kept in order.

    >>> import tinygrad_mlp as torch
    >>> torch.movedim(torch.ones(2, 3, 4), 0, -1).shape
    torch.Size([3, 4, 2])
    """
    if isinstance(source, int) != isinstance(destination, int):
        raise ArgumentError(f"movedim(): source {source} and destination {destination} must be both ints or both tuples")
    moved = np.moveaxis(along(input), source, destination)
    return moved if input.ndim else moved.reshape(())


moveaxis = movedim

# -------------------------------------------------------------------------------------------------------------- repeating


@primitive(
    lambda g: g, view=True, method=("expand", "broadcast_to"), sizes=True
)  # the core sums over the repeated dimensions
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
    if math.prod(shape) == input.size and shape[new:] == input.shape and -1 not in shape:
        return input.reshape(shape)
    return np.broadcast_to(input, shape)


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


@composite(method=True)
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
    if not isinstance(repeats, int) and not isinstance(repeats, Tensor):
        raise ArgumentError(f"repeat_interleave(): repeats must be an int or a Tensor, not {type(repeats).__name__}")
    counts = np.asarray(repeats if isinstance(repeats, int) else repeats.tolist(), np.intp)
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


# ------------------------------------------------------------------------------------------------------------ rearranging


@primitive(lambda g, dims: flip(g, dims), method=True, sizes=True)
def flip(input: Array, dims: Sequence[int]) -> Array:
    """A copy with the order reversed along ``dims``.

    >>> import tinygrad_mlp as torch
    >>> torch.flip(torch.arange(3), (0,))
    tensor([2, 1, 0])
    """
    return np.flip(input, sizes_of("flip", dims)).copy() if input.ndim else input.copy()


def _tuple(value: Any) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)


@primitive(lambda g, shifts, dims: roll(g, tuple(-n for n in _tuple(shifts)), dims), method=True)
def roll(input: Array, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Array:
    """A copy shifted along ``dims``, what leaves at one end coming in at the other; flattened meanwhile if no ``dims``.

    >>> import tinygrad_mlp as torch
    >>> torch.roll(torch.arange(4), 1)
    tensor([3, 0, 1, 2])
    """
    steps, along = _tuple(shifts), () if dims is None else _tuple(dims)
    if len(steps) != (len(along) or 1):
        raise ShapeError(f"roll(): shifts and dimensions must align. shifts: {len(steps)}, dims: {len(along)}")
    along = tuple(dim_of("roll", d, input.ndim) for d in along) if input.ndim else ()
    return np.roll(input, steps if along else steps[0], along or None)


def _triangle(name: str, of: Operation, doc: str) -> Operation:
    def forward(input: Array, diagonal: int = 0) -> Array:
        if input.ndim < 2:
            raise ShapeError(f"{name}: input tensor must have at least 2 dimensions, got shape {input.shape}")
        return of(input, diagonal)

    operation = primitive(lambda g, diagonal: operation(g, diagonal), method=True, in_place=True)(
        called(forward, __name__, name, doc)
    )
    return operation


tril: Operation = _triangle(
    "tril", np.tril, "The matrix (or each of a batch) with zeros above the ``diagonal``-th diagonal."
)
triu: Operation = _triangle(
    "triu", np.triu, "The matrix (or each of a batch) with zeros below the ``diagonal``-th diagonal."
)


@primitive(lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2))
def _on_diagonal(input: Array, shape: Sequence[int], offset: int, dim1: int, dim2: int) -> Array:
    # zeros with the input on the diagonal: the inverse of `diagonal`
    out = np.zeros(shape, input.dtype)
    _diagonal_of(out, offset, dim1, dim2)[...] = input
    return out


def _diagonal_of(array: Array, offset: int, dim1: int, dim2: int) -> Array:
    taken = np.diagonal(array, offset, dim1, dim2)
    taken.flags.writeable = array.flags.writeable  # NumPy makes the view read-only, though it shares the array's memory
    return taken


@primitive(
    lambda g, input_shape, offset, dim1, dim2: _on_diagonal(g, input_shape, offset, dim1, dim2), view=True, method=True
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
def linalg_diagonal(A: Array, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Array:  # noqa: N803 - PyTorch's name
    """:func:`diagonal` of the last two dimensions."""
    return diagonal(A, offset, dim1, dim2)


@composite(method=True)
def diag(input: Array, diagonal: int = 0) -> Array:
    """A square matrix with the vector on its diagonal; of a matrix, a copy of its diagonal.

    >>> import tinygrad_mlp as torch
    >>> torch.diag(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if input.ndim == 1:
        (diagonal,) = sizes_of("diag", (diagonal,))
        size = input.shape[0] + abs(diagonal)
        return _on_diagonal(input, (size, size), diagonal, 0, 1)
    if input.ndim != 2:
        raise ShapeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D; use diagonal for batches")
    return input.diagonal(diagonal).clone()
