"""Statistics: quantiles, modes, means without nan, covariances, histograms, distances, running extremes, and differences."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, exp
from ..core.errors import ArgumentError, DTypeError, ShapeError
from ..core.graph import Tensor, wrap
from ..dtypes import dtype
from .choosing import where
from .comparing import isnan
from .composite import composite
from .creation import ones_like
from .dims import Dims, along, as_int64, dim_of, nonempty
from .joining import cat, narrow
from .norms import vector_norm
from .order import Selected, _at, amax, amin, sort
from .products import _neighbour, _recurrence
from .sums import floating, mean, sum

__all__ = [
    "aminmax", "cdist", "corrcoef", "cov", "cummax", "cummin", "cumulative_trapezoid", "diff", "dist", "gradient", "histc",
    "histogram", "kthvalue", "logcumsumexp", "mode", "msort", "nanmean", "nanmedian", "nanquantile", "nansum", "pdist", "quantile",
    "renorm", "trapezoid", "trapz",
]  # fmt: skip

# ---------------------------------------------------------------------------------------------------------- without nan


@composite(method=True)
def nansum(input: Array, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Array:
    """:func:`sum`, in which nan counts as 0."""
    return sum(where(isnan(input), 0, input) if input._like.dtype.kind == "f" else input, dim, keepdim, dtype=dtype)


@composite(method=True)
def nanmean(input: Array, dim: Dims = None, keepdim: bool = False, *, dtype: dtype | None = None) -> Array:
    """The mean of those elements that are not nan.

    >>> import tinygrad_mlp as torch
    >>> torch.nanmean(torch.tensor([1.0, float("nan"), 3.0]))
    tensor(2.)
    """
    floating("nanmean", input._like, dtype)
    return nansum(input, dim, keepdim, dtype=dtype) / sum(~isnan(input), dim, keepdim)


# ------------------------------------------------------------------------------------------------------------- quantiles


def _checked_quantiles(name: str, input: Array, q: Any, interpolation: str) -> Array:
    """q as a tensor, if the arguments are right."""
    if not isinstance(q, Tensor):
        q = wrap(np.asarray(q, input._like.dtype))
    if input._like.dtype not in (np.float32, np.float64):
        raise DTypeError(f"{name}() input tensor must be either float or double dtype, got {input.dtype}")
    if q.dtype is not input.dtype:
        raise DTypeError(f"{name}() q tensor must be same dtype as the input tensor, got {q.dtype} and {input.dtype}")
    if q.ndim > 1:
        raise ShapeError(f"{name}() q must be a scalar or 1D tensor, got shape {tuple(q.shape)}")
    if not ((q._data >= 0) & (q._data <= 1)).all():
        raise ShapeError(f"{name}() q values must be in the range [0, 1], got {q.tolist()}")
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise ShapeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if input.numel() == 0:
        raise ShapeError(f"{name}() input tensor must be non-empty, got shape {tuple(input.shape)}")
    return q


def _ranked(name: str, input: Array, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip: bool) -> Array:
    q = _checked_quantiles(name, input, q, interpolation)
    flat = input.reshape(-1) if dim is None else input.reshape(input.shape or (1,))
    at = dim_of(name, 0 if dim is None else dim, flat.ndim)
    line = sort(flat.movedim(at, -1)).values
    size = line.shape[-1]
    missing = np.isnan(line._data).sum(-1, keepdims=True)
    last = size - missing - 1 if skip else np.full_like(missing, size - 1)
    ranks = (q.reshape(-1) * wrap(last.astype(line._like.dtype))).clamp(min=0)
    if not skip:
        ranks = where(wrap(missing > 0), float(size - 1), ranks)
    if interpolation in ("lower", "higher", "nearest"):
        choose: Any = {"lower": ranks.floor, "higher": ranks.ceil, "nearest": ranks.round}[interpolation]
        result = line.gather(-1, choose().long())
    else:
        weight = ones_like(ranks) * 0.5 if interpolation == "midpoint" else ranks - ranks.floor()
        result = line.gather(-1, ranks.floor().long()).lerp(line.gather(-1, ranks.ceil().long()), weight)
    result = result.movedim(-1, 0)  # the quantiles first
    if keepdim:
        shape = [1] * input.ndim if dim is None else [1 if d == at else n for d, n in enumerate(input.shape)]
        result = result.reshape([result.shape[0], *shape])
    elif dim is not None and input.ndim == 0:
        result = result.reshape(-1)
    return result if q.ndim else result[0]


@composite(method=True)
def quantile(input: Array, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Array:
    """The q-th quantile along ``dim``, of all elements if None; a vector of q gives the quantiles along a new first dimension.

    ``interpolation`` between the two nearest elements: ``"linear"``, or ``"lower"``, ``"higher"``, ``"nearest"``, ``"midpoint"``.

    >>> import tinygrad_mlp as torch
    >>> torch.quantile(torch.tensor([0.0, 1.0, 2.0, 3.0]), torch.tensor([0.5, 1.0]))
    tensor([1.5000, 3.0000])

    Raises:
        ShapeError: q is not in [0, 1], or there are no elements. DTypeError: The input is not of float32 or float64, or q is not.
    """
    return _ranked("quantile", input, q, dim, keepdim, interpolation, False)


@composite(method=True)
def nanquantile(
    input: Array, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Array:
    """:func:`quantile` of those elements that are not nan."""
    return _ranked("nanquantile", input, q, dim, keepdim, interpolation, True)


@primitive(None)
def _nanmedian_index(input: Array, dim: int) -> Array:
    line = along(input)
    nonempty("nanmedian", input, dim)
    order = np.argsort(line, dim, kind="stable")  # nan last
    numbers = np.sum(line == line, dim, keepdims=True)
    index = np.take_along_axis(order, np.maximum(numbers - 1, 0) // 2, dim)
    return as_int64(index if input.ndim else index.reshape(()))


@composite(method=True)
def nanmedian(input: Array, dim: int | None = None, keepdim: bool = False) -> Any:
    """:func:`median` of those elements that are not nan."""
    if dim is not None:
        return _at(input, dim, _nanmedian_index(input, dim_of("nanmedian", dim, input.ndim)), keepdim)
    if input.numel() == 0:
        return input.median()
    kept = input.reshape(-1)
    return kept.gather(0, _nanmedian_index(kept, 0)).reshape(())


@primitive(None)
def _mode_index(input: Array, dim: int) -> Array:
    line = np.moveaxis(along(input), dim, -1)
    nonempty("mode", input, dim)
    found = np.empty((*line.shape[:-1], 1), np.int64)
    for index in np.ndindex(line.shape[:-1]):
        values, counts = np.unique(line[index], return_counts=True)
        found[index] = np.flatnonzero(line[index] == values[counts.argmax()])[-1]
    return np.moveaxis(found, -1, dim) if input.ndim else found.reshape(())


@composite(method=True)
def mode(input: Array, dim: int = -1, keepdim: bool = False) -> Selected:
    """The most frequent element along ``dim``, the smallest of several, and the last place where it is.

    >>> import tinygrad_mlp as torch
    >>> values, indices = torch.mode(torch.tensor([1, 2, 2, 0]))
    >>> values, indices
    (tensor(2), tensor(2))
    """
    dim = dim_of("mode", dim, input.ndim)
    return _at(input, dim, _mode_index(input, dim), keepdim)


@composite(method=True)
def kthvalue(input: Array, k: int, dim: int = -1, keepdim: bool = False) -> Selected:
    """The k-th smallest element along ``dim``, counted from 1, and where it is.

    Raises:
        ShapeError: There is no such element.
    """
    dim = dim_of("kthvalue", dim, input.ndim)
    size = input.shape[dim] if input.ndim else 1
    if not 1 <= k <= size:
        raise ShapeError(f"kthvalue(): selected number k out of range for dimension {dim}: k is {k}, of {size} elements")
    indices = input.argsort(dim, stable=True)
    return _at(input, dim, narrow(indices, dim, k - 1, 1) if input.ndim else indices, keepdim)


@composite(method=True)
def msort(input: Array) -> Array:
    """The elements in order along the first dimension."""
    return sort(input, 0).values


class MinMax(NamedTuple):
    """The smallest and the largest elements."""

    min: Tensor
    max: Tensor


@composite(method=True)
def aminmax(input: Array, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """:func:`amin` and :func:`amax`, along one dimension or of all elements."""
    if dim is None and keepdim:
        return MinMax(*(f(input, tuple(range(input.ndim)), True) for f in (amin, amax)))
    return MinMax(*(f(input, () if dim is None else dim, keepdim) for f in (amin, amax)))


# ------------------------------------------------------------------------------------------------------- running results


def _last_extremes(input: Array, ufunc: np.ufunc, dim: int) -> Array:
    """Where the extremes up to each element are, the last of equal ones."""
    line = along(input)
    hit = (line == ufunc.accumulate(line, dim)) | (line != line)
    places = np.arange(line.shape[dim]).reshape([-1 if d == dim else 1 for d in range(line.ndim)])
    return as_int64(np.maximum.accumulate(np.where(hit, places, 0), dim)).reshape(input.shape)


@primitive(None)
def _cummax_index(input: Array, dim: int) -> Array:
    return _last_extremes(input, np.maximum, dim)


@primitive(None)
def _cummin_index(input: Array, dim: int) -> Array:
    return _last_extremes(input, np.minimum, dim)


@composite(method=True)
def cummax(input: Array, dim: int) -> Selected:
    """The largest of the elements up to each one along ``dim``, and where it is; the last one of equal ones.

    >>> import tinygrad_mlp as torch
    >>> torch.cummax(torch.tensor([1, 3, 2]), 0).values
    tensor([1, 3, 3])
    """
    dim = dim_of("cummax", dim, input.ndim)
    return _at(input, dim, _cummax_index(input, dim), True)


@composite(method=True)
def cummin(input: Array, dim: int) -> Selected:
    """The smallest of the elements up to each one along ``dim``, and where it is; the last one of equal ones."""
    dim = dim_of("cummin", dim, input.ndim)
    return _at(input, dim, _cummin_index(input, dim), True)


def _logcumsumexp_input(g: Any, y: Any, input: Any, dim: int) -> Any:
    # sum over k >= i of g_k exp(x_i - y_k): a recurrence whose factors exp(y_k - y_(k+1)) are at most 1
    nothing = y == -math.inf
    steps = where(nothing, 0.0, y - _neighbour(y, dim, -1, 0))
    return where(nothing, 0.0, exp(where(nothing, 0.0, input - y)) * _recurrence(exp(steps), g, dim, -1))


@primitive(_logcumsumexp_input, method=True)
def logcumsumexp(input: Array, dim: int) -> Array:
    """log of the sum of exp of the elements up to each one along ``dim``, without overflow.

    >>> import tinygrad_mlp as torch
    >>> torch.logcumsumexp(torch.tensor([1000.0, 1000.0]), 0)
    tensor([1000.0000, 1000.6932])
    """
    if input.dtype.kind != "f":
        raise NotImplementedError(f"logcumsumexp is not implemented for {input.dtype}; cast with .float()")
    line = along(input).astype(np.float64)
    return np.logaddexp.accumulate(line, dim_of("logcumsumexp", dim, input.ndim)).astype(input.dtype).reshape(input.shape)


@composite(method=True)
def diff(input: Array, n: int = 1, dim: int = -1, prepend: Array = None, append: Array = None) -> Array:
    """The differences of neighbours along ``dim``, taken ``n`` times, with elements put in front or behind first.

    >>> import tinygrad_mlp as torch
    >>> torch.diff(torch.tensor([1, 4, 9]))
    tensor([3, 5])
    """
    if input.ndim == 0:
        raise ShapeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise ShapeError(f"order must be non-negative but got {n}")
    dim = dim_of("diff", dim, input.ndim)
    if n == 0:
        return input.clone()
    parts = [x for x in (prepend, input, append) if x is not None]
    x = cat(parts, dim) if len(parts) > 1 else input
    n = min(n, x.shape[dim])
    for _ in range(n):
        size = x.shape[dim]
        later, earlier = narrow(x, dim, min(1, size), max(size - 1, 0)), narrow(x, dim, 0, max(size - 1, 0))
        x = later ^ earlier if x._like.dtype == bool else later - earlier
    return x


# --------------------------------------------------------------------------------------------------------- integrals, slopes


def _steps(name: str, y: Array, x: Array, dx: float | None, dim: int) -> Any:
    if x is None:
        return 1.0 if dx is None else dx
    if dx is not None:
        raise ArgumentError(f"{name}(): give x or dx, not both")
    if y._like.dtype == bool or x._like.dtype == bool:
        raise DTypeError(f"{name}: received a bool input, but bool is not supported")
    if x.ndim == 1:
        if x.shape[0] != y.shape[dim]:
            raise ShapeError(
                f"{name}: There must be one `x` value for each sample point, got {x.shape[0]} of {y.shape[dim]}"
            )
        return diff(x).reshape([-1 if d == dim else 1 for d in range(y.ndim)])
    return diff(x, dim=dim - y.ndim)


def _areas(name: str, y: Array, x: Array, dx: float | None, dim: int) -> tuple[Array, int]:
    dim = dim_of(name, dim, y.ndim)
    if y._like.dtype == bool:
        raise DTypeError(f"{name}: received a bool input for `y`, but bool is not supported")
    size = y.shape[dim]
    left, right = narrow(y, dim, 0, max(size - 1, 0)), narrow(y, dim, min(1, size), max(size - 1, 0))
    return (left + right) * _steps(name, y, x, dx, dim), dim


@composite
def trapezoid(y: Array, x: Array = None, *, dx: float | None = None, dim: int = -1) -> Array:
    """The integral along ``dim`` by the trapezoidal rule, of points at ``x``, or ``dx`` apart.

    >>> import tinygrad_mlp as torch
    >>> torch.trapezoid(torch.tensor([1.0, 2.0, 3.0]))
    tensor(4.)
    """
    areas, dim = _areas("trapezoid", y, x, dx, dim)
    return sum(areas, dim - y.ndim) / 2.0


trapz = trapezoid


@composite
def cumulative_trapezoid(y: Array, x: Array = None, *, dx: float | None = None, dim: int = -1) -> Array:
    """The integrals up to each point but the first, see :func:`trapezoid`."""
    areas, dim = _areas("cumulative_trapezoid", y, x, dx, dim)
    return (areas / 2.0).cumsum(dim - y.ndim)


def _slopes(x: Array, step: Any, dim: int, edge_order: int) -> Array:
    """The slope of values along one dimension, ``step`` apart or at the places of a vector."""
    size = x.shape[dim]
    part: Callable[[int, int], Array] = lambda start, length: narrow(x, dim, start, length)  # noqa: E731 - short
    if isinstance(step, Tensor):
        gaps = diff(step)
        shape = [-1 if d == dim else 1 for d in range(x.ndim)]
        before, after = (narrow(gaps, 0, k, size - 2).reshape(shape) for k in (0, 1))
        first, last = gaps[0], gaps[-1]
        inner = (
            part(0, size - 2) * (-after / (before * (before + after)))
            + part(1, size - 2) * ((after - before) / (before * after))
            + part(2, size - 2) * (before / (after * (before + after)))
        )
        second, last_but_one = (gaps[1], gaps[-2]) if size > 2 else (first, last)
    else:
        inner = (part(2, size - 2) - part(0, size - 2)) / (2 * step)
        first = second = last = last_but_one = step
    if edge_order == 1:
        start, end = (part(1, 1) - part(0, 1)) / first, (part(size - 1, 1) - part(size - 2, 1)) / last
    else:
        start = (
            part(0, 1) * (-(2 * first + second) / (first * (first + second)))
            + part(1, 1) * ((first + second) / (first * second))
            + part(2, 1) * (-first / (second * (first + second)))
        )
        end = (
            part(size - 3, 1) * (last / (last_but_one * (last + last_but_one)))
            + part(size - 2, 1) * (-(last + last_but_one) / (last * last_but_one))
            + part(size - 1, 1) * ((2 * last + last_but_one) / (last * (last + last_but_one)))
        )
    return cat([start, inner, end], dim)


@composite
def gradient(input: Array, *, spacing: Any = 1, dim: Dims = None, edge_order: int = 1) -> Any:
    """The slopes of values on a grid, along each of ``dim`` (all if None), by central differences.

    Args:
        input: The values.
        spacing: How far the points are apart: a number, or one for each dimension, or their places, a vector for each dimension.
        dim: The dimensions.
        edge_order: 1 or 2: of which order the differences at the ends are.

    >>> import tinygrad_mlp as torch
    >>> torch.gradient(torch.tensor([1.0, 4.0, 9.0]))
    (tensor([3., 4., 5.]),)
    """
    given = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    dims = [dim_of("gradient", d, input.ndim) for d in given]
    if len(set(dims)) < len(dims):
        raise ShapeError(f"torch.gradient: dim {dims} appears multiple times in the list of dims")
    spacing = 1 if spacing is None else spacing
    several = isinstance(spacing, list | tuple)
    steps = list(spacing) if several else [spacing] * len(dims)
    if len(steps) != len(dims):
        raise ShapeError(
            f"torch.gradient expected spacing to be unspecified, a scalar, or a list of length {len(dims)}, got {len(steps)}"
        )
    if edge_order not in (1, 2):
        raise ShapeError(f"torch.gradient only supports edge_order=1 and edge_order=2, got {edge_order}")
    for d in dims:
        if input.ndim == 0 or input.shape[d] < edge_order + 1:
            raise ShapeError("torch.gradient expected each dimension size to be at least edge_order+1")
    x = input if input._like.dtype.kind == "f" else input.float()
    return tuple(_slopes(x, step, d, edge_order) for d, step in zip(dims, steps, strict=True))


# ------------------------------------------------------------------------------------------------ covariances, histograms


def _weights(fweights: Array, aweights: Array, count: int) -> Any:
    """The products of the weights of observations, None where there are none."""
    weights = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        if (given._like.dtype.kind == "f") == (name == "fweights"):
            raise DTypeError(
                f"cov(): expected {name} to have {'integral' if name == 'fweights' else 'floating point'} dtype, got {given.dtype}"
            )
        if (given._data < 0).any():
            raise ShapeError(f"cov(): {name} cannot be negative")
        if given.ndim > 1 or given.numel() != count:
            raise ShapeError(f"cov(): Expected {name} to have the same numel as there are observations in the input")
        weights = given if weights is None else weights * given
    return weights


@composite(method=True)
def cov(input: Array, *, correction: int = 1, fweights: Array = None, aweights: Array = None) -> Array:
    """The covariances of variables, one a row, of observations, one a column; weighted by counts, or by ``aweights``.

    >>> import tinygrad_mlp as torch
    >>> torch.cov(torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.ndim > 2:
        raise ShapeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    if input._like.dtype == bool:
        raise DTypeError("cov(): bool dtype is not supported for input")
    x = input.reshape(1, -1) if input.ndim < 2 else input
    x = x if x._like.dtype.kind == "f" else x.float()
    count = x.shape[1]
    weights = _weights(fweights, aweights, count)
    total: Any = count if weights is None else sum(weights)
    average = mean(x, 1, True) if weights is None else sum(x * weights, 1, True) / total
    if weights is None:
        norm: Any = count - correction
    elif aweights is not None and correction != 0:
        norm = total - correction * sum(weights * aweights) / total
    else:
        norm = total - correction
    centred = x - average
    result = centred @ (centred if weights is None else centred * weights).mT
    if isinstance(norm, Tensor):
        norm = norm.clamp(min=0)
    elif norm <= 0:
        warnings.warn("cov(): degrees of freedom is <= 0", UserWarning, stacklevel=3)
        norm = 0
    result = result / norm
    return result.reshape(()) if input.ndim < 2 or result.shape == (1, 1) else result


@composite(method=True)
def corrcoef(input: Array) -> Array:
    """The correlation coefficients of variables, one a row: :func:`cov` divided by their standard deviations, in [-1, 1]."""
    if input.ndim > 2:
        raise ShapeError(f"corrcoef(): expected input to have two or fewer dimensions but got {input.ndim}")
    c = cov(input)
    if c.ndim == 0:
        return c / c
    deviation = c.diagonal().sqrt()
    return (c / deviation[:, None] / deviation).clamp(-1, 1)


def _range(name: str, data: Array, low: float, high: float) -> tuple[float, float]:
    if low == high and data.size:
        low, high = data.min(), data.max()
    if low == high:
        low, high = low - 1, high + 1
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ShapeError(f"{name}: range of [{low}, {high}] is not finite")
    if low > high:
        raise ShapeError(f"{name}: max must be larger than min, got {high} and {low}")
    return low, high


@primitive(None, method=True)
def histc(input: Array, bins: int = 100, min: float = 0, max: float = 0) -> Array:
    """How many elements are in each of ``bins`` equal parts from ``min`` to ``max``; of the input's range where these are equal.

    >>> import tinygrad_mlp as torch
    >>> torch.histc(torch.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    if input.dtype.kind != "f":
        raise NotImplementedError(f"histc is not implemented for {input.dtype}; cast with .float()")
    if bins <= 0:
        raise ShapeError(f"torch.histc(): bins must be > 0, got {bins}")
    low, high = _range("torch.histc", input, min, max)
    return np.histogram(input[(input >= low) & (input <= high)], bins, (low, high))[0].astype(input.dtype)


class Histogram(NamedTuple):
    """What is in each bin, and where they begin and end."""

    hist: Tensor
    bin_edges: Tensor


@composite(method=True)
def histogram(
    input: Array, bins: Any = 100, *, range: Sequence[float] | None = None, weight: Array = None, density: bool = False
) -> Any:
    """How many elements, or what weight, is in each bin, and the bins' edges.

    ``bins``: how many equal parts of the ``range`` (that of the input unless given), or the edges, a vector.
    """
    data = input._data
    if data.dtype.kind != "f":
        raise NotImplementedError(f"histogram is not implemented for {input.dtype}; cast with .float()")
    if isinstance(bins, Tensor):
        if bins.ndim != 1:
            raise ShapeError(f"histogram(): bins tensor should have one dimension, but got {bins.ndim} dimensions")
        edges = bins._data
        if not (np.diff(edges.astype(np.float64)) > 0).all():
            raise ValueError("histogram(): bins tensor should be strictly increasing")
    else:
        low, high = (data.min(), data.max()) if range is None and data.size else range or (0.0, 1.0)
        low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
        edges = np.linspace(low, high, bins + 1).astype(data.dtype)
    weights = None if weight is None else weight._data.reshape(-1)
    counts = np.histogram(data.reshape(-1), edges.astype(np.float64), weights=weights, density=density)[0]
    return Histogram(wrap(counts.astype(data.dtype)), wrap(edges))


# ---------------------------------------------------------------------------------------------------------------- distances


@composite(method=True)
def dist(input: Array, other: Array, p: float = 2) -> Array:
    """The p-norm of the difference."""
    return vector_norm(input - other, p)


@composite
def cdist(x1: Array, x2: Array, p: float = 2.0, compute_mode: str | None = None) -> Array:
    """The p-norms of the differences of all pairs of rows, shapes ``(*, n, d), (*, m, d) -> (*, n, m)``.

    >>> import tinygrad_mlp as torch
    >>> torch.cdist(torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    for name, x in (("X1", x1), ("X2", x2)):
        if x._like.dtype.kind != "f":
            raise DTypeError(f"cdist only supports floating-point dtypes, {name} got: {x.dtype}")
        if x.ndim < 2:
            raise ShapeError(f"cdist only supports at least 2D tensors, {name} got: {x.ndim}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(f"{x1.shape[-1]} and {x2.shape[-1]}: X1 and X2 must have the same number of columns.")
    if p < 0:
        raise ShapeError(f"cdist only supports non-negative p values, got {p}")
    pairs = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    return vector_norm(pairs, p, -1) if pairs.shape[-1] else sum(pairs, -1)


@composite
def pdist(input: Array, p: float = 2) -> Array:
    """The p-norms of the differences of all pairs of rows of a matrix, shapes ``(n, d) -> (n (n - 1) / 2,)``."""
    if input.ndim != 2:
        raise ShapeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    first, second = (wrap(as_int64(index)) for index in np.triu_indices(input.shape[0], 1))
    return vector_norm(input.index_select(0, first) - input.index_select(0, second), p, -1)


@composite(method=True, in_place=True)
def renorm(input: Array, p: float, dim: int, maxnorm: float) -> Array:
    """``input`` with each slice along ``dim`` that has a larger p-norm than ``maxnorm`` scaled down to it."""
    dim = dim_of("renorm", dim, input.ndim)
    if input.ndim < 2:
        raise ShapeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    if p <= 0:
        raise ShapeError(f"renorm: non-positive-norm not supported, got {p}")
    if maxnorm < 0:
        raise ShapeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    norms = vector_norm(input, p, tuple(d for d in range(input.ndim) if d != dim), True)
    return input * where(norms > maxnorm, maxnorm / (norms + 1e-7), 1.0)
