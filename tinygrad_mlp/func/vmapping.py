"""``vmap``: a function of samples as one of batches."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from ..core.basics import broadcast
from ..errors import ArgumentError
from ..ops.joining import cat
from .batching import Level, running_under
from .trees import each_with, with_leaves

__all__ = ["vmap"]


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that does to each sample of a batch what ``func`` does to one: ``vmap(f)(x)[k]`` is ``f(x[k])``.

    ``func`` runs once, on tensors that have the shape of a sample and compute with the whole batch.

    Args:
        func: Of Tensors, or of nested lists, tuples and dicts of them; so is what it returns.
        in_dims: Which dimension of each argument is that of the samples, None for what is the same for all: one for all arguments, or nested
            as they are.
        out_dims: Where the samples' dimension is put in what is returned, nested as that; None for what is the same for all samples.
        randomness: What random functions draw: ``"different"`` numbers for each sample, the ``"same"`` for all, or an ``"error"``.
        chunk_size: How many samples are computed at once; all if None.

    Keyword arguments are passed on as they are.

    Raises:
        ValueError: ``in_dims`` or ``out_dims`` do not fit, or the sizes of the batches differ.
        TransformError: The function does what differs from sample to sample: asks for a value, or writes into what all share.

    >>> import tinygrad_mlp as torch
    >>> torch.func.vmap(torch.dot)(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.ones(2, 2))
    tensor([3., 7.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def batched(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        pairs, size = _inputs(func, args, in_dims)
        if chunk_size is None or chunk_size >= size:
            return _run(func, args, pairs, size, out_dims, randomness, kwargs)
        parts = []
        for start in range(0, size, chunk_size):
            count = min(chunk_size, size - start)
            chunk = [(leaf if dim is None else leaf.narrow(dim, start, count), dim) for leaf, dim in pairs]
            parts.append(_run(func, args, chunk, count, out_dims, randomness, kwargs))
        columns = zip(*(each_with("out_dims", part, out_dims) for part in parts), strict=True)
        joined = [column[0][0] if column[0][1] is None else cat([x for x, _ in column], column[0][1]) for column in columns]
        return with_leaves(parts[0], joined)

    return batched


def _inputs(func: Any, args: tuple[Any, ...], in_dims: Any) -> tuple[list[tuple[Any, int | None]], int]:
    """Each leaf of the arguments with its dimension of samples, counted from the front, and the number of samples."""
    name = f"vmap({getattr(func, '__name__', type(func).__name__)}, in_dims={in_dims}, ...)(<inputs>)"
    if not isinstance(in_dims, int | tuple | list):
        raise ValueError(
            f"{name}: expected `in_dims` to be int or a (potentially nested) tuple, nested as the inputs, got {type(in_dims).__name__}"
        )
    if not args:
        raise ValueError(f"{name}: got no inputs: there is nothing to map over")
    try:
        pairs = each_with("in_dims", args, tuple(in_dims) if isinstance(in_dims, list) else in_dims)
    except ValueError as error:
        raise ValueError(f"{name}: in_dims is not compatible with the structure of `inputs`: {error}") from None
    found: list[tuple[Any, int | None]] = []
    for leaf, dim in pairs:
        if dim is not None:
            if not isinstance(dim, int) or isinstance(dim, bool):
                raise ValueError(f"{name}: Got in_dim={dim} for an input, but it must be either an int or None")
            if not isinstance(leaf, Tensor):
                raise ValueError(
                    f"{name}: Got in_dim={dim} for an input of type {type(leaf).__name__}, which is no Tensor; use None"
                )
            if not -leaf.ndim <= dim < leaf.ndim:
                raise ValueError(
                    f"{name}: Got in_dim={dim} for some input, a Tensor of dimensionality {leaf.ndim}: expected in_dim to satisfy "
                    f"-{leaf.ndim} <= in_dim < {leaf.ndim}"
                )
            dim %= leaf.ndim
        found.append((leaf, dim))
    sizes = {leaf.shape[dim] for leaf, dim in found if dim is not None}
    if not sizes:
        raise ValueError(f"{name}: at least one input must be a batch, but in_dims has None for all of them")
    if len(sizes) > 1:
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sorted(sizes)}"
        )
    return found, sizes.pop()


def _run(
    func: Any,
    args: Any,
    pairs: list[tuple[Any, int | None]],
    size: int,
    out_dims: Any,
    randomness: str,
    kwargs: dict[str, Any],
) -> Any:
    __tracebackhide__ = True
    level = Level(size, randomness)
    samples = [leaf if dim is None else level.sample(leaf.movedim(dim, 0) if dim else leaf) for leaf, dim in pairs]
    with running_under(level):
        result = func(*with_leaves(args, samples), **kwargs)
    try:
        outputs = each_with("out_dims", result, out_dims)
    except ValueError as error:
        raise ValueError(f"vmap: out_dims is not compatible with the structure of `outputs`: {error}") from None
    return with_leaves(result, [_output(level, leaf, dim) for leaf, dim in outputs])


def _output(level: Level, leaf: Any, dim: Any) -> Any:
    if not isinstance(leaf, Tensor):
        raise ArgumentError(f"vmap: the function must only return Tensors, got type {type(leaf).__name__}")
    if dim is None:
        if level.owns(leaf):
            raise ValueError("vmap: out_dims has None for a result that differs from sample to sample; give it a dimension")
        return leaf
    if not isinstance(dim, int):
        raise ValueError(f"vmap: out_dims must be ints or None, got {type(dim).__name__}")
    batch = level.value(leaf) if level.owns(leaf) else broadcast(leaf, shape=(level.size, *leaf._like.shape)).clone()
    if not -batch.ndim <= dim < batch.ndim:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-batch.ndim}, {batch.ndim - 1}], but got {dim})"
        )
    return batch.movedim(0, dim) if dim % batch.ndim else batch
