"""Templates of shapes, views and indexing."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .forms import forms
from .program import Shape
from .writer import Template, Value, Writer, anywhere, filled, ndim, nonempty, nowhere, within

__all__ = ["SHAPES", "index_add", "key", "scatter"]


def _shape(w: Writer, x: Value) -> Shape:
    """Another shape for the elements of ``x``, of up to three dimensions."""
    size = x.size + w.amok()
    pairs = [(a, size // a) for a in range(1, size + 1) if size % a == 0] if size else [(0, 2), (3, 0)]
    shape: list[int] = list(w.pick([(size,), *pairs, *((a, b // 2, 2) for a, b in pairs if size and b % 2 == 0)]))
    if x.size and w.chance(25):
        shape[w.integer(0, len(shape) - 1)] = -1
    return tuple(shape)


def _permute(w: Writer, x: Value) -> str:
    rest = list(range(x.ndim))
    return f"{x}.permute({tuple(rest.pop(w.integer(0, len(rest) - 1)) for _ in range(x.ndim))})"


def _expand(w: Writer, x: Value) -> str:
    sizes = [w.pick((2, 3)) if n == 1 and w.chance(60) else w.pick((n, -1)) for n in x.shape]
    return f"{x}.expand({', '.join(map(str, ([2] if w.chance(40) else []) + sizes)) or '2'})"


def _slice_of(w: Writer, n: int) -> str:
    if w.chance(30):
        return ":"
    low = w.integer(0, max(n - 1, 0))
    high = w.integer(low + 1, max(n, 1) + 1)
    step = ":2" if w.chance(25) else ""
    return f"{low - n if w.chance(20) and n else low or ''}:{high if high <= n or w.wild else ''}{step}"


def _index(w: Writer, n: int) -> str:
    if w.amok():
        return str(w.pick((n, -n - 1)))
    k = w.integer(0, max(n - 1, 0))
    return str(k - n if w.chance(25) else k)


def key(w: Writer, x: Value) -> str:
    """A basic index: numbers, slices, None and ``...``."""
    parts = []
    for n in x.shape[: w.integer(1, max(x.ndim, 1))] or [1]:
        if w.chance(10):
            parts.append("None")
        parts.append(_index(w, n) if n and w.chance(40) else _slice_of(w, n))
    if w.chance(15):
        parts.append("...")
    return ", ".join(parts)


def _advanced(w: Writer, x: Value) -> str:
    """An index with tensors or lists of positions, or masks, in it."""
    if w.chance(25):
        return w.mask(x.shape[: w.integer(1, x.ndim)])
    shape = w.pick(((2,), (3,), (2, 2), ()))
    parts = [
        w.indices(n, *shape) if n and w.chance(65) else _slice_of(w, n) if not n or w.chance(60) else _index(w, n)
        for n in x.shape[: w.integer(1, x.ndim)]
    ]
    if w.chance(10):
        parts.insert(0, "None")
    return ", ".join(parts)


def _gather(w: Writer, x: Value) -> str:
    dim = w.dim(x)
    shape = [w.integer(1, n) if n else 0 for n in x.shape]
    inside = -x.ndim <= dim < x.ndim
    if inside:
        shape[dim] = w.integer(1, 4)
    return f"torch.gather({x}, {dim}, {w.indices(x.shape[dim] if inside else 1, *shape)})"


def scatter(form: str) -> Callable[[Writer, Value], str]:
    """Writes of a tensor to positions along a dimension."""

    def writes(w: Writer, x: Value) -> str:
        dim = w.integer(0, x.ndim - 1)
        shape = (*x.shape[:dim], w.integer(1, x.shape[dim]), *x.shape[dim + 1 :])
        numbers = [w.integer(0, x.shape[dim] - 1) for _ in range(math.prod(shape))]
        positions = np.array(numbers, dtype=np.int64).reshape(shape)
        if "add" not in form:  # which of two writes to a place wins is not promised
            line = np.arange(shape[dim]).reshape([-1 if d == dim else 1 for d in range(x.ndim)])
            positions = np.broadcast_to(line, shape)
        index = f"torch.tensor({positions.tolist()}, dtype=torch.int64)"
        return form.format(x, dim, index, w.tensor(shape, x))

    return writes


def index_add(form: str) -> Callable[[Writer, Value], str]:
    """Additions of a tensor at positions along a dimension."""

    def writes(w: Writer, x: Value) -> str:
        dim = w.integer(0, x.ndim - 1)
        count = w.integer(1, 3)
        shape = (*x.shape[:dim], count, *x.shape[dim + 1 :])
        return form.format(x, dim, w.indices(x.shape[dim], count), w.tensor(shape, x), w.pick((1, 2)))

    return writes


def _index_select(w: Writer, x: Value) -> str:
    dim = w.integer(0, x.ndim - 1)
    return f"torch.index_select({x}, {dim}, {w.indices(x.shape[dim], w.integer(1, 3))})"


def _take_along_dim(w: Writer, x: Value) -> str:
    dim = w.integer(0, x.ndim - 1)
    shape = (*x.shape[:dim], w.integer(1, 3), *x.shape[dim + 1 :])
    return f"torch.take_along_dim({x}, {w.indices(x.shape[dim], *shape)}, {dim})"


def _narrow(w: Writer, x: Value) -> str:
    dim = w.integer(0, x.ndim - 1)
    start = w.integer(0, x.shape[dim] - 1)
    return f"torch.narrow({x}, {dim}, {start}, {w.integer(1, x.shape[dim] - start + w.amok())})"


def _pad(w: Writer, x: Value) -> str:
    widths = tuple(w.integer(-1 if w.chance(15) else 0, 1) for _ in range(2 * w.integer(1, x.ndim)))
    return f"F.pad({x}, {widths}, value={w.pick((0, 1.5))})"


def _unflatten(w: Writer, x: Value) -> str:
    dim = w.integer(0, x.ndim - 1)
    return f"{x}.unflatten({dim}, {w.pick(((1, -1), (-1, 1), (x.shape[dim], 1)))})"


SHAPES = [
    Template("reshape", lambda w, x: f"{x}.reshape({_shape(w, x)})", anywhere, kinds="fib"),
    Template("view", lambda w, x: f"{x}.view({_shape(w, x)})", nowhere, kinds="fib"),
    *forms("fib", anywhere, "torch.flatten({}); torch.flatten({}, 0, -1)"),
    *forms("fib", anywhere, "torch.flatten({}, 1)", ndim(2)),
    Template("unflatten", _unflatten, nowhere, nonempty, "fib"),
    *forms("fib", ndim(2, 2), "{}.T", ndim(0, 2)),
    *forms("fib", anywhere, "{}.mT; torch.tril({}, {offset}); torch.triu({}, {offset})", ndim(2)),
    *forms("fib", anywhere, "torch.t({})", ndim(0, 2)),
    Template("permute", _permute, anywhere, kinds="fib"),
    *forms("fib", anywhere, "torch.transpose({}, {dim}, {dim}); torch.movedim({}, {dim}, {dim})"),
    *forms("fib", anywhere, "{}.squeeze(); {}.squeeze({dim}); torch.unsqueeze({}, {new_dim})"),
    Template("expand", _expand, within(-20, 20), kinds="fib"),
    *forms("fib", anywhere, "torch.broadcast_to({}, (2, *{}.shape)); torch.tile({}, ({twice},))"),
    *forms("fib", anywhere, "{}.repeat({twice}, *(2,) * {}.ndim); {}.repeat(2, *(1,) * ({}.ndim - 1))"),
    *forms("fib", anywhere, "torch.repeat_interleave({}, 2, {dim}); torch.flip({}, ({dim},))", ndim(1)),
    *forms("fib", anywhere, "torch.roll({}, {shift})", filled),
    *forms("fib", anywhere, "torch.roll({}, {shift}, {dim})", nonempty),
    *forms("fib", nowhere, "torch.diag({}, {offset})", ndim(1, 2)),
    *forms("fib", nowhere, "torch.diagonal({}, {offset}, 0, 1); torch.diagonal({}, {offset}, -2, -1)", ndim(2)),
    Template("narrow", _narrow, anywhere, nonempty, "fib"),
    *forms("fib", anywhere, "torch.select({}, {dim}, 0); torch.unbind({}, {dim})[0]", nonempty),
    *forms("fib", anywhere, "torch.split({}, {few}, {dim})[{end}]; torch.chunk({}, {few}, {dim})[{end}]", nonempty),
    *forms("fib", anywhere, "torch.cat([{some}], {dim})", ndim(1)),
    *forms("fib", anywhere, "torch.stack([{some}], {new_dim}); torch.hstack([{some}]); torch.vstack([{some}])"),
    *forms("fi", nowhere, 'torch.meshgrid({}, {same}, indexing="ij")[{which}]', ndim(1, 1)),
    *forms("fib", anywhere, "torch.atleast_2d({}); {}[None]; {}[..., None]; {}[...]"),
    Template("pad", _pad, nowhere, nonempty, "f"),
    Template("getitem", lambda w, x: f"{x}[{key(w, x)}]", nonempty, ndim(1), "fib"),
    Template("ellipsis", lambda w, x: f"{x}[..., {_slice_of(w, x.shape[-1] if x.ndim else 1)}]", nonempty, ndim(1), "fib"),
    Template("getitem_advanced", lambda w, x: f"{x}[{_advanced(w, x)}]", nowhere, nonempty, "fib"),
    *forms("fib", nowhere, "torch.masked_select({}, {mask}); torch.nonzero({})"),
    Template("gather", _gather, anywhere, nonempty, "fib"),
    Template("index_select", _index_select, anywhere, nonempty, "fib"),
    Template("take_along_dim", _take_along_dim, anywhere, nonempty, "fib"),
    Template("scatter", scatter("torch.scatter({}, {}, {}, {})"), anywhere, nonempty, "f"),
    Template("scatter_add", scatter("torch.scatter_add({}, {}, {}, {})"), anywhere, nonempty, "f"),
    Template("index_add", index_add("torch.index_add({}, {}, {}, {}, alpha={})"), anywhere, nonempty, "f"),
]
