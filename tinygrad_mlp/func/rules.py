"""What an operation on samples is on batches, whose first dimension is that of the samples.

Most operations need no rule of their own:

* a composite is what it is made of;
* an elementwise one (:func:`_by_element` tries that out) is itself on batches whose dimensions are aligned from the right, and so is
  one of matrices (:func:`_by_matrix`);
* one that goes along the dimensions ``dim`` is itself with the next ones;
* one with a ``shape``, ``size``, ``key`` … of the result has one more in front;
* a loss with a ``reduction`` is reduced sample by sample.

The table has those, by the names of their options, and the products, joins and lookups. What is in none of these loops over the samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..core.apply import apply
from ..core.basics import broadcast, cast, linear, matrix_product, matrix_transpose, reshaped
from ..core.graph import wrap
from ..core.primitive import Primitive
from ..core.promotion import result_dtype
from ..core.state import state
from ..errors import TransformError
from ..ops.batched import batch_product
from ..ops.choosing import where
from ..ops.dims import dim_of
from ..ops.normalisation import softmax
from ..ops.places import index

__all__ = ["rule_of"]

Options = dict[str, Any]
Rule = Callable[[Any, Primitive, Sequence[Any], Options], Tensor]


def rule_of(op: Primitive, options: Options, inputs: Sequence[Any]) -> Rule:
    """The rule of an operation, given its options."""
    rule = _RULES.get(op.name)
    if rule is not None:
        return rule
    if "reduction" in options and not op.variadic and op.arity in (2, 3):
        return _loss
    if op.name in _IN_THE_LAST or _is_so(_by_element, op, options, inputs):
        return _aligned
    if "dim" in options and op.arity == 1 and not options.keys() & {"size", "shape", "key"}:
        return _along
    return _matrices if _is_so(_by_matrix, op, options, inputs) else _looped


def _looped(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    return level.loop(op, inputs, options)


# ---------------------------------------------------------------------------------------------------------- elementwise


_found: dict[Any, bool] = {}  # by operation, dtypes, and the options that its forward may branch on


def _is_so(trial: Callable[..., bool], op: Primitive, options: Options, inputs: Sequence[Any]) -> bool:
    """What a trial of the operation says; it is made once for inputs of these dtypes and dimensions, and these options but for floats."""
    key = (
        trial,
        op.name,
        *((a._like.dtype, min(a._like.ndim, 3)) if isinstance(a, Tensor) else _told_apart(a) for a in inputs),
        *map(_told_apart, options.values()),
    )
    if key not in _found:
        try:
            _found[key] = bool(state.quiet(trial, op, options, inputs))
        except Exception:  # of any class: each forward refuses in its own way
            _found[key] = False
    return _found[key]


def _told_apart(value: Any) -> Any:
    return value if isinstance(value, str | int | None) else type(value)


def _numbers(k: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Some numbers for the k-th input, of which a few are equal."""
    whole = (np.arange(24) * (7 + k) + 5 * k) % 11 - 5
    return (whole / 3 if dtype.kind == "f" else whole).astype(dtype)


def _by_element(op: Primitive, options: Options, inputs: Sequence[Any]) -> bool:
    """Whether the order of the elements, how they are laid out in dimensions, and what stands beside them, make no difference."""
    numbers = {k: _numbers(k, a._like.dtype) for k, a in enumerate(inputs) if isinstance(a, Tensor)}

    def forward(form: Callable[[np.ndarray[Any, Any], int], Any]) -> Any:
        return op.forward(*(form(numbers[k], k) if k in numbers else a for k, a in enumerate(inputs)), **options)

    whole = forward(lambda x, k: x.reshape(2, 3, 4))
    last = max(numbers)
    rows = forward(lambda x, k: x[:4] if k == last else x.reshape(2, 3, 4))
    others = (
        (whole.reshape(-1)[::-1], forward(lambda x, k: x[::-1].copy())),
        (whole.reshape(-1)[3:10], forward(lambda x, k: x[3:10])),
        (whole.reshape(3, 2, 4), forward(lambda x, k: x.reshape(3, 2, 4))),
        (rows, forward(lambda x, k: np.tile(x[:4], (2, 3, 1)) if k == last else x.reshape(2, 3, 4))),
    )
    return whole.shape == (2, 3, 4) and all(
        x.shape == y.shape and x.dtype == y.dtype and np.allclose(x, y, 1e-3, 1e-3, equal_nan=True)
        for x, y in others
        if len(numbers) > 1 or x is not rows
    )


def _by_matrix(op: Primitive, options: Options, inputs: Sequence[Any]) -> bool:
    """Whether it takes matrices, and does the same to each of a batch."""
    tensors = [k for k, a in enumerate(inputs) if isinstance(a, Tensor)]
    if any(inputs[k]._like.ndim < 2 for k in tensors):
        return False
    values = list(inputs)
    for k in tensors:
        x = _numbers(k, inputs[k]._like.dtype)[:18].reshape(2, 3, 3)
        values[k] = x @ x.swapaxes(1, 2) + np.eye(3, dtype=x.dtype)  # positive definite
    whole = op.forward(*values, **options)
    for k in range(2):
        one = op.forward(*(a[k] if i in tensors else a for i, a in enumerate(values)), **options)
        if one.shape != whole.shape[1:] or not np.allclose(one, whole[k], 1e-3, 1e-3):
            return False
    return len(whole) == 2


def _matrices(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    if len({a._like.ndim for a in inputs if isinstance(a, Tensor)}) > 1:
        return _looped(level, op, inputs, options)
    return _same_shape(level, op, inputs, options)


def _aligned(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    values = level.aligned(inputs)
    if op.cast in ("promote", "float") and len(inputs) > 1:
        values = _cast(level, inputs, values)
    return apply(op, values, options)


def _cast(level: Any, inputs: Sequence[Any], values: list[Any]) -> list[Any]:
    """Batches of samples without dimensions in the dtype that the samples have in common: they count less than those with dimensions."""
    if not any(level.owns(a) and not a._like.ndim for a in inputs):
        return values
    if len({a._like.dtype for a in inputs if isinstance(a, Tensor)}) == 1:
        return values
    target = result_dtype([np.empty(a._like.shape, a._like.dtype) if isinstance(a, Tensor) else a for a in inputs])
    return [cast(v, dtype=target) if isinstance(v, Tensor) and v._like.dtype.kind == target.kind else v for v in values]


def _repeated(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    """As :func:`_aligned`, where the first input says what shape the result has."""
    return _aligned(level, op, _with_first(level, inputs), options)


def _with_first(level: Any, inputs: Sequence[Any]) -> list[Any]:
    """The inputs, of which the first has a batch."""
    first, *others = inputs
    return [first if level.owns(first) else level.sample(level.full(first)), *others]


_IN_THE_LAST = {
    "tril",
    "triu",
    "matrix_transpose",
    "svdvals",
    "_left_vectors",
    "_right_vectors",
    "_cholesky",
    "_triangular",
    "where",
}


def _same_shape(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    return apply(op, [level.full(x) if isinstance(x, Tensor) else x for x in inputs], options)


# -------------------------------------------------------------------------------------------------- along given dimensions

_DIMS = ("dim", "dims", "dim0", "dim1", "dim2", "source", "destination")  # options that name dimensions
_ALL: tuple[Any, ...] = (None, (), [])


def _of_batch(op: Primitive, dim: Any, ndim: int) -> Any:
    """The dimensions of a batch that those of a sample are; what is counted from the end stays so."""
    if isinstance(dim, tuple | list):
        return tuple(_of_batch(op, d, ndim) for d in dim)
    place = dim_of(op.name, dim, ndim) + 1
    return place if dim >= 0 else place - max(ndim, 1) - 1


def _along(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    """The dimensions that options name are one further on; none of them means all those of a sample."""
    tensors = [a for a in inputs if isinstance(a, Tensor)]
    ndim = max(a._like.ndim for a in tensors)
    values = level.aligned(inputs, max(ndim, 1))
    if len(tensors) > 1 and op.cast in ("promote", "float"):
        values = _cast(level, inputs, values)
    changed = dict(options)
    shape: tuple[int, ...] | None = None if ndim else (level.size,)
    for name in options.keys() & set(_DIMS):
        dim = options[name]
        if dim not in _ALL or (dim is not None and name != "dim"):
            changed[name] = _of_batch(op, dim, ndim)
        elif name == "dim" and ("keepdim" in options or op.name in ("sum", "mean")) and op.name not in _ONE_DIM:
            changed[name] = tuple(range(1, max(ndim, 1) + 1))
        else:  # as if the sample were a vector
            sizes = tensors[0]._like.shape
            values[0] = reshaped(level.full(tensors[0]), shape=(level.size, math.prod(sizes)))
            changed[name] = 1 if name == "dim" else (1,)
            if name == "dims":
                shape = (level.size, *sizes)
            elif options.get("keepdim"):
                shape = (level.size, *(1,) * ndim)
    result = apply(op, values, changed)
    return result if shape is None else reshaped(result, shape=shape)


_ONE_DIM = {"argmax", "argmin"}  # whose dim is one number


def _standardize(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    """Mean and variance that are given already are left out: they are those of the samples."""
    return _along(level, op, [*_with_first(level, inputs[:3]), None, None], options)


def _along_both(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    """Of inputs of one shape."""
    return _along(level, op, [level.sample(level.full(x)) for x in inputs], options)


# ------------------------------------------------------------------------------------------------------- shapes in options


def _shaped(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    shape = tuple(options["shape"])
    if -1 in shape:
        rest = math.prod(n for n in shape if n != -1)
        size = inputs[0]._like.size
        if shape.count(-1) == 1 and rest and size % rest == 0:
            shape = tuple(size // rest if n == -1 else n for n in shape)
    return apply(op, level.aligned(inputs), {**options, "shape": (level.size, *shape)})


def _stretched(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    (name,) = options
    sizes = tuple(options[name])
    front = level.size if name != "repeats" else 1
    return apply(op, level.aligned(inputs, len(sizes)), {name: (front, *sizes)})


def _summed_to(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    (x,), shape = inputs, tuple(options["shape"])
    kept = (level.size, *(1,) * (x._like.ndim - len(shape)), *shape)
    return reshaped(apply(op, [level.value(x)], {"shape": kept}), shape=(level.size, *shape))


def _keyed(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    changed = {**options, "key": (slice(None), *options["key"])}
    if "shape" in options:
        changed["shape"] = (level.size, *options["shape"])
    return apply(op, [level.value(inputs[0])], changed)


def _permuted(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    ndim = inputs[0]._like.ndim
    dims = tuple(options["dims"])
    if sorted(d % (ndim or 1) for d in dims) == list(range(ndim)):
        dims = (0, *(d % ndim + 1 for d in dims))
    return apply(op, [level.value(inputs[0])], {"dims": dims})


def _padded(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    return apply(op, [level.value(inputs[0])], {**options, "widths": [(0, 0), *options["widths"]]})


def _on_diagonal(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    shape = tuple(options["shape"])
    dims = {name: _of_batch(op, options[name], len(shape)) for name in ("dim1", "dim2")}
    return apply(op, [level.value(inputs[0])], {**options, **dims, "shape": (level.size, *shape)})


# ---------------------------------------------------------------------------------------------------------------- products


def _product(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    a, b = inputs
    if level.owns(a) and not level.owns(b) and b._like.ndim == 2:  # one product of matrices, not one a sample
        rows = matrix_product(reshaped(level.value(a), shape=(-1, a._like.shape[-1])), b)
        return reshaped(rows, shape=(level.size, *a._like.shape[:-1], b._like.shape[-1]))
    if a._like.ndim == b._like.ndim == 2 and level.owns(a) and level.owns(b):
        return batch_product(level.value(a), level.value(b))
    return apply(op, level.aligned(inputs), options)


def _linear(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    x, weight, bias = inputs
    shape = (level.size, *x._like.shape[:-1], weight._like.shape[0])
    if not level.owns(weight):
        plain = None if level.owns(bias) else bias
        y = reshaped(linear(reshaped(level.full(x), shape=(-1, x._like.shape[-1])), weight, plain), shape=shape)
        bias = bias if level.owns(bias) else None
    else:
        rows = reshaped(level.full(x), shape=(level.size, -1, x._like.shape[-1]))
        columns = batch_product(level.value(weight), matrix_transpose(rows))  # so that the weight's gradient has its layout
        y = reshaped(matrix_transpose(columns), shape=shape)
    if bias is None:
        return y
    (bias,) = level.aligned([bias], len(shape) - 1)
    return y + bias


def _dot(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    a, b = level.aligned(inputs)
    return (a * b).sum(-1)


def _einsum(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    left, _, right = options["equation"].partition("->")
    letter = next(c for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in options["equation"])
    terms = [letter + term if level.owns(x) else term for x, term in zip(inputs, left.split(","), strict=True)]
    return apply(op, [level.value(x) for x in inputs], {"equation": f"{','.join(terms)}->{letter}{right}"})


def _convolved(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    """Samples side by side: with one weight for all they are more images, with a weight each more groups of channels."""
    if not level.size:
        return _looped(level, op, inputs, options)
    x, other, *bias = inputs
    images = x._like.shape[0]
    if op.name != "convolution_weight" and not level.owns(other):
        y = apply(op, [level.full(x).reshape(level.size * images, *x._like.shape[1:]), other], options)
        y = y.reshape(level.size, images, *y.shape[1:])
    else:
        stride, padding, dilation, groups = options["how"]
        channels = level.full(x).movedim(0, 1).reshape(images, level.size * x._like.shape[1], *x._like.shape[2:])
        first, second, *sizes = other._like.shape
        of_images = op.name == "convolution_weight"
        along = level.full(other).movedim(0, 1) if of_images else level.full(other)
        shape = (first, level.size * second) if of_images else (level.size * first, second)
        how = (stride, padding, dilation, groups * level.size)
        y = apply(op, [channels, along.reshape(*shape, *sizes)], {**options, "how": how})
        if of_images:
            y = y.reshape(level.size, second, *y.shape[1:])
        else:
            y = y.reshape(images, level.size, y.shape[1] // level.size, *y.shape[2:]).movedim(1, 0)
    if not bias or bias[0] is None:
        return y
    b = level.full(bias[0])
    return y + b.reshape(level.size, 1, *bias[0]._like.shape, *(1,) * (y.ndim - 3))


# ------------------------------------------------------------------------------------------------------- joins and lookups


def _joined(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    return apply(op, [level.full(x) for x in inputs], {"dim": options["dim"] + 1})


def _index(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    x, at, dim = *inputs, options["dim"]
    if not level.owns(at):
        return index(level.value(x), at, dim=dim + 1)
    if not level.owns(x):
        return index(x, level.value(at), dim=dim).movedim(dim, 0)
    size = x._like.shape[dim]
    rows = level.value(x).movedim(dim + 1, 1)
    rows = rows.reshape(level.size * size, *rows.shape[2:])  # the samples' one after the other
    places = level.value(at)
    first = wrap((np.arange(level.size) * size).reshape(-1, *(1,) * at._like.ndim))
    if (outside := (at._cell.values() < -size) | (at._cell.values() >= size)).any():
        raise IndexError(f"index {at._cell.values()[outside].flat[0]} is out of bounds for dimension {dim} with size {size}")
    found = index(rows, where(places < 0, places + size, places) + first, dim=0)  # (samples, *I, *A, *B)
    few, many = at._like.ndim, range(1, dim + 1)
    return found.movedim([few + d for d in many], list(many)) if dim else found


def _index_sum(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    if level.owns(inputs[1]):
        return _looped(level, op, inputs, options)
    return apply(op, [level.full(inputs[0]), inputs[1]], {**options, "dim": options["dim"] + 1})


def _put(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    x, src, positions = inputs
    if level.owns(positions):
        return _looped(level, op, inputs, options)
    ndim, dim = x._like.ndim, options["dim"]
    dims = ndim - dim if options["dims"] is None else options["dims"]
    (src,) = level.aligned([src], ndim - dims + positions._like.ndim) if isinstance(src, Tensor) else (src,)
    return apply(op, [level.full(x), src, positions], {"dim": dim + 1, "dims": dims})


def _gathered(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    x, dim, *others = inputs
    tensors = [a for a in (x, *others) if isinstance(a, Tensor)]
    ndim = len(options["shape"]) if "shape" in options else x._like.ndim
    if any(a._like.ndim != ndim or not ndim for a in tensors):
        return _looped(level, op, inputs, options)
    if "shape" in options:
        options = {**options, "shape": (level.size, *options["shape"])}
    values = [level.full(a) if isinstance(a, Tensor) else a for a in others]
    return apply(op, [level.full(x), dim_of(op.name, dim, ndim) + 1, *values], options)


def _index_add(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    x, dim, at, source = inputs
    if level.owns(at) or not x._like.ndim:
        return _looped(level, op, inputs, options)
    return apply(op, [level.full(x), dim_of(op.name, dim, x._like.ndim) + 1, at, level.full(source)], options)


def _masked_fill(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    if not level.owns(inputs[2]):
        x, mask = level.aligned(inputs[:2])
        return apply(op, [x, mask, inputs[2]], options)
    x, mask, value = level.aligned(inputs)
    return where(mask, value.to(x.dtype), x)


def _values_decide(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    raise TransformError(
        f"vmap: the shape of what {op.name} returns depends on values, and may differ from sample to sample; choose with where() instead"
    )


# ------------------------------------------------------------------------------------------------------------------ losses


def _reduced(level: Any, values: Any, reduction: str, ndim: int) -> Any:
    if reduction == "none" or not ndim:
        return values
    dims = tuple(range(-ndim, 0))
    return values.mean(dims) if reduction == "mean" else values.sum(dims)


def _loss(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    """Element by element, then reduced sample by sample."""
    shape = np.broadcast_shapes(*(a._like.shape for a in inputs if isinstance(a, Tensor)))
    values = [
        broadcast(v, shape=(level.size, *shape)) if isinstance(v, Tensor) and k < 2 else v
        for k, v in enumerate(level.aligned(inputs))
    ]
    each = apply(op, values, {**options, "reduction": "none"})
    return _reduced(level, each, options["reduction"], len(shape))


def _class_loss(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    """Row by row, then reduced sample by sample; the mean is weighted."""
    x, target, weight = inputs
    if level.owns(weight):
        return _looped(level, op, inputs, options)
    rows, classes = x._like.shape
    logits = reshaped(level.full(x), shape=(-1, classes))
    labels = reshaped(level.full(target), shape=(-1,))
    each = reshaped(apply(op, [logits, labels, weight], {**options, "reduction": "none"}), shape=(level.size, rows))
    if options["reduction"] != "mean":
        return _reduced(level, each, options["reduction"], 1)
    ignored, counts = options["ignore_index"], labels
    kept = counts != ignored
    share = kept.to(each.dtype) if weight is None else index(weight, where(kept, counts, 0), dim=0) * kept
    return each.sum(-1) / reshaped(share, shape=(level.size, rows)).sum(-1)


def _class_slope(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    """Row by row, of cotangents that have their share of the mean already."""
    cotangent, x, target = inputs
    rows, classes = x._like.shape
    labels = reshaped(level.full(target), shape=(level.size, rows))
    (g,) = level.aligned([cotangent if isinstance(cotangent, Tensor) else wrap(np.asarray(cotangent, x._like.dtype))], 1)
    kept = labels != options["ignore_index"]
    if options["reduction"] == "mean":
        g = g / kept.to(x.dtype).sum(-1, True)
    of_class = labels.unsqueeze(-1) == wrap(np.arange(classes))
    g = where(kept, broadcast(g, shape=(level.size, rows)), 0.0).unsqueeze(-1)
    return g * (softmax(level.full(x), -1) - of_class)


def _soft_cross_entropy(level: Any, op: Primitive, inputs: Sequence[Any], options: Options) -> Tensor:
    shape = inputs[0]._like.shape
    rows = [reshaped(level.full(a), shape=(-1, shape[-1])) for a in inputs]
    return reshaped(apply(op, rows, options), shape=(level.size, *shape[:-1]))


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("reshape", "reshaped", "view"), _shaped),
    **dict.fromkeys(("expand", "broadcast", "repeat"), _stretched),
    **dict.fromkeys(("slice_", "unslice"), _keyed),
    **dict.fromkeys(("transpose", "movedim", "diagonal", "flip", "roll"), _along),
    **dict.fromkeys(("_recurrence", "standardize_slope"), _along_both),
    **dict.fromkeys(("scale_gradient", "copy"), _repeated),
    **dict.fromkeys(("passed", "between", "_leaked", "_within"), _same_shape),
    **dict.fromkeys(("convolution", "transposed_convolution", "convolution_weight"), _convolved),
    **dict.fromkeys(("_cat", "_stack"), _joined),
    **dict.fromkeys(("gather", "scatter", "scatter_add", "scatter_sum"), _gathered),
    **dict.fromkeys(("true_positions", "argwhere"), _values_decide),
    **dict.fromkeys(("class_cross_entropy", "class_nll"), _class_loss),
    **dict.fromkeys(("bincount", "batch_mean", "batch_variance", "_class_distribution", "_prelu"), _looped),
    "_plain_class_slope": _class_slope,
    "sum_to": _summed_to,
    "permute": _permuted,
    "_pad": _padded,
    "_on_diagonal": _on_diagonal,
    "standardize": _standardize,
    "matrix_product": _product,
    "linear": _linear,
    "dot": _dot,
    "_einsum": _einsum,
    "index": _index,
    "index_sum": _index_sum,
    "put": _put,
    "index_add": _index_add,
    "masked_fill": _masked_fill,
    "soft_cross_entropy": _soft_cross_entropy,
}
