"""Pooling: the largest element, the mean or the norm of each window, and windows as columns of a matrix."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...core.graph import wrap
from ...dtypes import int64
from ...errors import ShapeError
from ...ops.composite import called, takes_tensors
from ...ops.convolution import Given, Sizes, batched, per_dim
from ...ops.joining import cat
from ...ops.pooling import Window, window_pick, window_places, window_sum

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d", "max_pool1d",
    "max_pool2d", "max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d",
]  # fmt: skip


def _windows(
    name: str, input: Tensor, kernel: Given, stride: Given | None, padding: Given, dilation: Given, ceil_mode: bool
) -> list[Window]:
    """The windows along each dimension, from the first on."""
    dims = int(name[-2])
    batched(name, input, dims)
    kernels = per_dim(name, "kernel_size", kernel, dims, 1)
    strides = kernels if stride is None or stride == () or stride == [] else per_dim(name, "stride", stride, dims, 1)
    paddings, dilations = per_dim(name, "padding", padding, dims, 0), per_dim(name, "dilation", dilation, dims, 1)
    found = []
    for n, k, s, p, d in zip(input.shape[-dims:], kernels, strides, paddings, dilations, strict=True):
        if p > ((k - 1) * d + 1) // 2:
            raise ShapeError(
                f"{name}: pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and dilation={d}"
            )
        room = n + 2 * p - d * (k - 1) - 1
        count = (room + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (count - 1) * s >= n + p:  # a window that begins in the padding
            count -= 1
        if count < 1:
            raise ShapeError(
                f"{name}: Given input size {tuple(input.shape)}. The output size would be {count}. Output size is too small for "
                f"kernel_size={k} and padding={p}"
            )
        found.append((k, s, p, d, count))
    return found


def _max_along(x: Tensor, positions: list[Tensor] | None, dim: int, window: Window) -> Any:
    """The largest of each window, and where they were: positions along the dimensions pooled so far."""
    places = window_places(x.detach(), dim=dim, window=window)
    if positions is not None:
        _, stride, padding, dilation, count = window
        firsts = wrap((np.arange(count) * stride - padding).reshape(-1, *(1,) * (-dim - 1)))
        own = places.to(int64) * dilation + firsts
        positions = [own, *(window_pick(p, places, dim=dim, window=window) for p in positions)]
    return window_pick(x, places, dim=dim, window=window), positions


def _none_yet(wanted: bool) -> list[Tensor] | None:
    return [] if wanted else None


def _flat(positions: list[Tensor], sizes: Sequence[int]) -> Tensor:
    """Positions along several dimensions as one over all."""
    index = positions[0]
    for position, n in zip(positions[1:], sizes[1:], strict=True):
        index = index * n + position
    return index


def _maximum(name: str) -> Callable[..., Any]:
    def pool(
        input: Tensor,
        kernel_size: Given,
        stride: Given | None = None,
        padding: Given = 0,
        dilation: Given = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        windows = _windows(name, input, kernel_size, stride, padding, dilation, ceil_mode)
        y, positions = input, _none_yet(return_indices)
        for dim, window in zip(range(-1, -len(windows) - 1, -1), windows[::-1], strict=True):
            y, positions = _max_along(y, positions, dim, window)
        return (y, _flat(positions, input.shape[-len(windows) :])) if positions is not None else y

    return takes_tensors(called(pool, __name__, name, _MAX))


def _average(name: str) -> Callable[..., Any]:
    def averaged(
        input: Tensor,
        kernel: Given,
        stride: Given | None,
        padding: Given,
        ceil: bool,
        include_pad: bool,
        divisor: int | None,
    ) -> Tensor:
        windows = _windows(name, input, kernel, stride, padding, 1, ceil)
        y, counts = input, np.ones(())
        for dim, window in zip(range(-1, -len(windows) - 1, -1), windows[::-1], strict=True):
            k, s, p, _, count = window
            n = input.shape[dim]
            y, first = window_sum(y, dim=dim, window=window), np.arange(count) * s - p
            each = np.minimum(first + k, n + p) - first if include_pad else np.minimum(first + k, n) - np.maximum(first, 0)
            counts = counts * each.reshape(-1, *(1,) * (-dim - 1))
        if divisor is not None:
            if divisor == 0:
                raise ShapeError(f"{name}: divisor must be not zero")
            return y / divisor
        if counts.size and (counts == counts.flat[0]).all():
            return y / float(counts.flat[0])
        return y / wrap(counts.astype(y._like.dtype))

    def pool(
        input: Tensor,
        kernel_size: Given,
        stride: Given | None = None,
        padding: Given = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> Tensor:
        return averaged(input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)

    def pool_with_divisor(
        input: Tensor,
        kernel_size: Given,
        stride: Given | None = None,
        padding: Given = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Tensor:
        return averaged(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)

    return takes_tensors(called(pool if name == "avg_pool1d" else pool_with_divisor, __name__, name, _AVG))


def _parts(name: str, input: Tensor, output_size: int | Sequence[int | None]) -> list[tuple[int, list[tuple[int, int]]]]:
    """By dimension, from the last on, the first element and the length of each part."""
    dims = int(name[-2])
    batched(name, input, dims)
    sizes: tuple[int | None, ...] = (output_size,) if isinstance(output_size, int | None) else tuple(output_size)
    sizes = sizes * dims if len(sizes) == 1 else sizes
    if len(sizes) != dims:
        raise ShapeError(f"{name}: output_size must be {dims} numbers, but got {output_size}")
    found = []
    for dim in range(-1, -dims - 1, -1):
        n = input.shape[dim]
        size = sizes[dim]
        out = n if size is None else size
        if out < 0 or (n == 0 and out):
            raise ShapeError(
                f"{name}: sizes must be non-negative, and an empty dimension has no parts: {tuple(input.shape)} to {sizes}"
            )
        bounds = [(i * n // out, -(-(i + 1) * n // out)) for i in range(out)]
        found.append((dim, [(a, b - a) for a, b in bounds]))
    return found


def _even(parts: list[tuple[int, int]]) -> Window | None:
    """The parts as one series of windows, where they are of one size and follow each other."""
    size = parts[0][1] if parts else 0
    return (size, size, 0, 1, len(parts)) if size and all(p == (i * size, size) for i, p in enumerate(parts)) else None


def _adaptive_average(name: str) -> Callable[..., Any]:
    def pool(input: Tensor, output_size: int | Sequence[int | None]) -> Tensor:
        y = input
        for dim, parts in _parts(name, input, output_size):
            window = _even(parts)
            if window is not None:
                y = window_sum(y, dim=dim, window=window) / window[0]
            elif parts:
                y = cat([y.narrow(dim, a, n).mean(dim, keepdim=True) for a, n in parts], dim)
            else:
                y = y.narrow(dim, 0, 0)
        return y

    return takes_tensors(called(pool, __name__, name, _ADAPTIVE.format("mean")))


def _adaptive_maximum(name: str) -> Callable[..., Any]:
    def pool(input: Tensor, output_size: int | Sequence[int | None], return_indices: bool = False) -> Any:
        y, positions = input, _none_yet(return_indices)
        every = _parts(name, input, output_size)
        for dim, parts in every:
            window = _even(parts)
            if window is not None:
                y, positions = _max_along(y, positions, dim, window)
            elif parts:
                pooled = []
                for a, n in parts:
                    whole = y.narrow(dim, a, n)
                    before = None if positions is None else [p.narrow(dim, a, n) for p in positions]
                    part, where = _max_along(whole, before, dim, (n, 1, 0, 1, 1))
                    pooled.append((part, where if where is None else [where[0] + a, *where[1:]]))
                y = cat([part for part, _ in pooled], dim)
                if positions is not None:
                    positions = [cat(list(group), dim) for group in zip(*(where for _, where in pooled), strict=True)]
            else:
                y = y.narrow(dim, 0, 0)
                positions = None if positions is None else [y.detach().to(int64), *(p.narrow(dim, 0, 0) for p in positions)]
        return (y, _flat(positions, input.shape[-len(every) :])) if positions is not None else y

    return takes_tensors(called(pool, __name__, name, _ADAPTIVE.format("largest element")))


def _norm(name: str) -> Callable[..., Any]:
    average, dims = globals()[f"avg_pool{name[-2:]}"], int(name[-2])

    def pool(
        input: Tensor, norm_type: float, kernel_size: Given, stride: Given | None = None, ceil_mode: bool = False
    ) -> Tensor:
        mean = average(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
        count = math.prod(per_dim(name, "kernel_size", kernel_size, dims, 1))
        return (mean.sign() * mean.abs().relu() * count).pow(1.0 / norm_type)

    return takes_tensors(called(pool, __name__, name, _LP))


def _unpool(name: str) -> Callable[..., Any]:
    def unpool(
        input: Tensor,
        indices: Tensor,
        kernel_size: Given,
        stride: Given | None = None,
        padding: Given = 0,
        output_size: Sequence[int] | None = None,
    ) -> Tensor:
        dims = int(name[-2])
        batched(name, input, dims)
        if indices.shape != input.shape:
            raise ShapeError(f"{name}: indices of shape {tuple(indices.shape)} for an input of shape {tuple(input.shape)}")
        kernels = per_dim(name, "kernel_size", kernel_size, dims, 1)
        strides = kernels if stride is None else per_dim(name, "stride", stride, dims, 1)
        paddings = per_dim(name, "padding", padding, dims, 0)
        sizes: Sizes = tuple(
            (n - 1) * s + k - 2 * p for n, s, k, p in zip(input.shape[-dims:], strides, kernels, paddings, strict=True)
        )
        if output_size is not None:
            given = tuple(output_size)[-dims:]
            if len(given) != dims or any(not n - s < m < n + s for n, m, s in zip(sizes, given, strides, strict=True)):
                raise ValueError(
                    f"{name}: invalid output_size {tuple(output_size)}: each must be less than a stride off {sizes}"
                )
            sizes = given
        flat = input.flatten(-dims)
        out = flat.new_zeros(*flat.shape[:-1], math.prod(sizes)).scatter(-1, indices.flatten(-dims), flat)
        return out.reshape(*flat.shape[:-1], *sizes)

    return takes_tensors(called(unpool, __name__, name, _UNPOOL))


_MAX = """The largest element of each window; with ``return_indices`` also where it is, over all pooled dimensions.

    Shapes ``(N, C, *)`` or ``(C, *)``: a size L becomes (L + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1, rounded
    down, or up with ``ceil_mode``. The stride is ``kernel_size`` where None. What is padded is never the largest.

    Raises:
        ShapeError: Sizes or options that do not fit.
    """
_AVG = """The mean of each window.

    Shapes ``(N, C, *)`` or ``(C, *)``: a size L becomes (L + 2 padding - kernel_size) / stride + 1, rounded down, or up with
    ``ceil_mode``. Zeros that are padded count, unless ``count_include_pad`` is False.

    Raises:
        ShapeError: Sizes or options that do not fit.
    """
_ADAPTIVE = """The {} of each of ``output_size`` parts along each dimension, about evenly long. Shapes ``(N, C, *)`` or ``(C, *)``.

    A size of None leaves its dimension as it is.

    Raises:
        ShapeError: Sizes that do not fit.
    """
_LP = """The norm (sum x^p)^(1/p) of each window, p = ``norm_type``. Shapes as of the average."""
_UNPOOL = """Each element at its index, zeros elsewhere: what undoes a max pooling that returned the indices.

    Raises:
        ShapeError: The shapes differ. ValueError: The pooling cannot have had an input of ``output_size``.
    """

max_pool1d: Callable[..., Any]
max_pool2d: Callable[..., Any]
max_pool3d: Callable[..., Any]
avg_pool1d: Callable[..., Any]
avg_pool2d: Callable[..., Any]
avg_pool3d: Callable[..., Any]
lp_pool1d: Callable[..., Any]
lp_pool2d: Callable[..., Any]
lp_pool3d: Callable[..., Any]
max_unpool1d: Callable[..., Any]
max_unpool2d: Callable[..., Any]
max_unpool3d: Callable[..., Any]
adaptive_avg_pool1d: Callable[..., Any]
adaptive_avg_pool2d: Callable[..., Any]
adaptive_avg_pool3d: Callable[..., Any]
adaptive_max_pool1d: Callable[..., Any]
adaptive_max_pool2d: Callable[..., Any]
adaptive_max_pool3d: Callable[..., Any]
max_pool1d, max_pool2d, max_pool3d = map(_maximum, ("max_pool1d", "max_pool2d", "max_pool3d"))
avg_pool1d, avg_pool2d, avg_pool3d = map(_average, ("avg_pool1d", "avg_pool2d", "avg_pool3d"))
lp_pool1d, lp_pool2d, lp_pool3d = map(_norm, ("lp_pool1d", "lp_pool2d", "lp_pool3d"))
max_unpool1d, max_unpool2d, max_unpool3d = map(_unpool, ("max_unpool1d", "max_unpool2d", "max_unpool3d"))
adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = map(
    _adaptive_average, ("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
)
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = map(
    _adaptive_maximum, ("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
)
