"""Reading and writing parts of a tensor: ``x[key]``, masks and lookups.

A key is taken apart in two steps, as in PyTorch: integers, slices, None and ``...`` give a view; what then remains are
index arrays and masks over some of the view's dimensions. Those dimensions are merged into one, so that a single
operation, :func:`index`, reads any key; its gradient, :func:`index_sum`, adds up at repeated indices.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array
from ..core.errors import ArgumentError, DimensionError, DTypeError, ShapeError
from ..core.graph import Tensor
from ..grad_mode import no_grad
from .choosing import where as choose
from .composite import composite
from .creation import arange, tensor
from .dims import as_int64
from .inplace import inplace, write_copy
from .memory import values_of
from .places import INTEGERS, index, index_sum, merged, put, ravel_index, slice_, true_positions
from .shape import broadcast_tensors

__all__ = ["argwhere", "masked_select", "nonzero", "where"]

# ----------------------------------------------------------------------------------------------------------------- x[key]


def _index_tensor(item: Any) -> Array:
    """A list, array or tensor of a key as an integer or boolean tensor."""
    if isinstance(item, Tensor):
        if item._like.dtype == np.uint8:
            return item.bool()
        if item._like.dtype != bool and item._like.dtype not in INTEGERS:
            raise DimensionError(f"tensors used as indices must be long, int, byte or bool tensors, got {item.dtype}")
        return item
    result = tensor(item)
    if result._like.dtype == bool:
        return result
    if result._like.dtype.kind == "f" and result._like.size:
        raise DimensionError(f"arrays used as indices must hold integers or truth values, got {result.dtype}")
    return result.long()


def _bound(value: Any) -> int | None:
    return None if value is None else operator.index(value)


def _plain(item: Any) -> Any:
    """One item of a key as an int, a bool, a slice of ints, None, Ellipsis or an index tensor."""
    if item is None or item is Ellipsis or type(item) in (int, bool):
        return item
    if isinstance(item, slice):
        step = _bound(item.step)
        if step is not None and step <= 0:
            raise ValueError(f"step must be greater than zero, got {step}; use flip() to turn around")
        return slice(_bound(item.start), _bound(item.stop), step)
    if isinstance(item, np.bool_):
        return bool(item)
    if isinstance(item, Tensor | list | tuple | range | np.ndarray | str):
        found = _index_tensor(item)
        return found.item() if found.ndim == 0 else found
    if hasattr(item, "__index__"):
        return operator.index(item)
    raise DimensionError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
        f"{type(item).__name__})"
    )


def _taken_apart(shape: tuple[int, ...], key: Any) -> tuple[tuple[Any, ...], list[tuple[int, int, Array]]]:
    """The key of the view, and per index tensor its first dimension in the view, how many it covers, and itself."""
    items = [_plain(item) for item in (key if isinstance(key, tuple) else (key,))]
    covers = [
        0 if item is None or item is Ellipsis or type(item) is bool
        else item.ndim if isinstance(item, Tensor) and item._like.dtype == bool
        else 1
        for item in items
    ]  # fmt: skip
    spare = len(shape) - sum(covers)
    if spare < 0:
        raise DimensionError(f"too many indices for tensor of dimension {len(shape)}: the key indexes {sum(covers)}")
    basic: list[Any] = []
    advanced: list[tuple[int, int, Array]] = []
    dim = axis = 0  # where we are in the tensor, and in the view
    for item, covered in zip(items, covers, strict=True):
        if item is Ellipsis:
            basic += [slice(None)] * spare
            dim, axis, spare = dim + spare, axis + spare, 0  # a second one covers nothing
        elif item is None:
            basic.append(None)
            axis += 1
        elif type(item) is bool:  # a new dimension, of size 1 or 0
            basic.append(None)
            advanced.append((axis, 1, tensor([0] if item else []).long()))
            axis += 1
        elif isinstance(item, slice):
            basic.append(item)
            dim, axis = dim + 1, axis + 1
        elif isinstance(item, int):
            if not -shape[dim] <= item < shape[dim]:
                raise DimensionError(f"index {item} is out of bounds for dimension {dim} with size {shape[dim]}")
            basic.append(item)
            dim += 1
        else:
            basic += [slice(None)] * covered
            advanced.append((axis, covered, _positions(item, shape, dim)))
            dim, axis = dim + covered, axis + covered
    return (*basic, ...), advanced  # with an Ellipsis NumPy gives a view even of a single element


def _viewed(input: Array, key: Any) -> tuple[Array, list[tuple[int, int, Array]]]:
    """The view that a key begins with, and the index tensors that remain."""
    basic, advanced = _taken_apart(input._like.shape, key)
    if advanced and all(item == slice(None) for item in basic[:-1]):
        return input, advanced
    return slice_(input, key=basic), advanced


def _positions(item: Array, shape: tuple[int, ...], dim: int) -> Array:
    if item._like.dtype != bool:
        return item
    if item._like.shape != shape[dim : dim + item.ndim]:
        raise DimensionError(
            f"The shape of the mask {list(item.shape)} at index {dim} does not match the shape of the indexed tensor "
            f"{list(shape)} at index {dim}"
        )
    return true_positions(item)


def _merge(view: Array, advanced: list[tuple[int, int, Array]]) -> tuple[Array, Array, int, int]:
    """The view with the indexed dimensions side by side, the flat positions in them, the first one, how many."""
    shape = view._like.shape
    first = advanced[0][0]
    indexed = [axis + k for axis, covered, _ in advanced for k in range(covered)]
    if indexed != list(range(first, first + len(indexed))):
        # with others between them, the dimensions of the index come first in the result
        view = view.permute([*indexed, *(d for d in range(len(shape)) if d not in indexed)])
        first = 0
    if len(advanced) == 1:
        return view, advanced[0][2], first, len(indexed)
    sizes = tuple(math.prod(shape[axis : axis + covered]) for axis, covered, _ in advanced)
    return view, ravel_index(*(i for _, _, i in advanced), sizes=sizes), first, len(indexed)


@composite(operator="getitem")
def getitem(input: Array, key: Any) -> Array:
    """``input[key]``: a view where the key has no index arrays and masks, else a copy.

    Raises:
        DimensionError: An index out of range, too many of them, or a mask of another shape.
        ValueError: A slice with a negative step.
    """
    view, advanced = _viewed(input, key)
    if not advanced:
        return view
    view, positions, dim, dims = _merge(view, advanced)
    if dims > 1:
        view = view.reshape(merged(view._like.shape, dim, dims))
    return index(view, positions, dim=dim)


_write_put = inplace(put)


@composite(operator="setitem")
def setitem(input: Array, key: Any, value: Any) -> None:
    """``input[key] = value``, broadcast and cast to what the key selects.

    Raises:
        ShapeError: The value does not broadcast. DimensionError: as :func:`getitem`. ArgumentError: not a value.
    """
    if not isinstance(value, Tensor) and not isinstance(value, int | float | np.generic):
        raise ArgumentError(
            f"can't assign a {type(value).__name__} to a {input.dtype} tensor; make it a tensor with tensor(...)"
        )
    view, advanced = _viewed(input, key)
    if not advanced:
        write_copy(view, _trimmed(value, view.ndim))
        return
    view, positions, dim, dims = _merge(view, advanced)
    value = _trimmed(value, view.ndim - dims + positions.ndim)
    _write_put(view, value, positions, dim=dim, dims=dims)


def _trimmed(value: Any, ndim: int) -> Any:
    """The value without leading dimensions of size 1 that are too many."""
    if not isinstance(value, Tensor) or value.ndim <= ndim:
        return value
    extra = value.ndim - ndim
    return value.reshape(value.shape[extra:]) if set(value.shape[:extra]) == {1} else value


# ------------------------------------------------------------------------------------------------------ masks and lookups


@composite(method=True)
def masked_select(input: Array, mask: Array) -> Array:
    """The elements where the mask, broadcast against ``input``, is true, as a vector."""
    if mask._like.dtype != bool:
        raise DTypeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype}; compare, or cast with .bool()")
    input, mask = broadcast_tensors(input, mask)
    return index(input.reshape(-1), true_positions(mask), dim=0)


@primitive(None)
def argwhere(input: Array) -> Array:
    """The indices of the nonzero elements, a row each."""
    return as_int64(np.argwhere(input))


@composite(method=True)
def nonzero(input: Array, *, as_tuple: bool = False) -> Any:
    """The indices of the nonzero elements, a row each; with ``as_tuple`` a vector per dimension, to index with."""
    if not as_tuple:
        return argwhere(input)
    rows = argwhere(input if input.ndim else input.reshape(1))
    return tuple(rows[:, k] for k in range(rows.shape[1]))


@composite
def one_hot(tensor: Array, num_classes: int = -1) -> Array:
    """1 at the class and 0 elsewhere, shapes ``(*) -> (*, num_classes)``, int64; -1 takes the largest class plus 1.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.functional.one_hot(torch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])

    Raises:
        DTypeError: Not int64. ShapeError: a class below 0 or not below ``num_classes``.
    """
    if tensor._like.dtype != np.int64:
        raise DTypeError(f"one_hot is only applicable to index tensor of type LongTensor, got {tensor.dtype}")
    values = values_of(tensor)
    if not values.size:
        if num_classes <= 0:
            raise ShapeError("one_hot: Can not infer total number of classes from empty tensor.")
    elif values.min() < 0:
        raise ShapeError(f"one_hot: Class values must be non-negative, got {values.min()}")
    elif num_classes == -1:
        num_classes = int(values.max()) + 1
    elif values.max() >= num_classes:
        raise ShapeError(f"one_hot: Class values must be smaller than num_classes, got {values.max()} for {num_classes}")
    return (tensor.unsqueeze(-1) == arange(num_classes)).long()


@primitive(lambda g, scale: g * scale, None)
def scale_gradient(input: Array, scale: Array) -> Array:
    """``input``, whose gradient is multiplied by ``scale``."""
    return np.copy(input)


@composite
def embedding(
    input: Array,
    weight: Array,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Array:
    """The rows of ``weight`` at the indices, shapes ``(*), (V, H) -> (*, H)``.

    Args:
        input: Indices, int64 or int32.
        weight: A row per entry.
        padding_idx: The row that gets no gradient.
        max_norm: Rows that are looked up and have a larger norm are first scaled down to it, in place.
        norm_type: The p of that norm.
        scale_grad_by_freq: Divide a row's gradient by how often the row was looked up.
        sparse: PyTorch's: gradients are dense here.

    Raises:
        DimensionError: An index that the table does not have.
        ShapeError: ``weight`` is not a matrix. DTypeError: The indices are not integers.
    """
    if weight.ndim != 2:
        raise ShapeError(f"embedding: 'weight' must be 2-D, got shape {tuple(weight.shape)}")
    size = weight.shape[0]
    if input._like.dtype not in INTEGERS:
        raise DTypeError(f"embedding: Expected indices of type int64 or int32, got {input.dtype}")
    if padding_idx is not None and not -size <= padding_idx < size:
        raise AssertionError(f"Padding_idx must be within num_embeddings: got {padding_idx} for {size} rows")
    values = values_of(input)
    if values.size and not (values.min() >= 0 and values.max() < size):
        raise DimensionError(
            f"embedding: index out of range in self: indices from {values.min()} to {values.max()} into a "
            f"table of {size} rows"
        )
    if max_norm is not None:
        with no_grad():
            rows = tensor(np.unique(values))
            norms = weight[rows].norm(norm_type, dim=1, keepdim=True)
            weight[rows] = weight[rows] * (max_norm / (norms + 1e-7)).clamp(max=1.0)
    out = index(weight, input, dim=0)
    if padding_idx is not None:
        out = scale_gradient(out, (input != padding_idx % size).unsqueeze(-1))
    if scale_grad_by_freq:
        counts = index_sum(input * 0 + 1, input, dim=0, size=size)
        out = scale_gradient(out, 1.0 / index(counts, input, dim=0).unsqueeze(-1).to(weight.dtype))
    return out


def where(condition: Array, input: Any = ..., other: Any = ...) -> Any:
    """``input`` where the condition holds, else ``other``; without these where it holds, see :func:`nonzero`.

    A nan or an infinity in the branch not taken does not reach that branch's gradient, which is 0 there. What computed the
    branch may still make nan of that 0: so choose before, not only after.

    >>> import tinygrad_mlp as torch
    >>> torch.where(torch.tensor([True, False]), torch.ones(2), 0.0), torch.where(torch.tensor([False, True]))
    (tensor([1., 0.]), (tensor([1]),))

    Raises:
        DTypeError: ``condition`` is not bool.
    """
    if input is ... and other is ...:
        return nonzero(condition, as_tuple=True)
    return choose(condition, input, other)
