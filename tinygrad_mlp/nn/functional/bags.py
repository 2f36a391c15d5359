"""Sums, means and maxima of bags of rows of a table."""

from __future__ import annotations

import math

from ..._tensor import Tensor
from ...dtypes import int32, int64
from ...errors import DTypeError, ShapeError
from ...ops.choosing import clamp, where
from ...ops.composite import takes_tensors
from ...ops.creation import arange, zeros
from ...ops.indexing import embedding
from ...ops.joining import cat
from ...ops.shape import repeat_interleave

__all__ = ["embedding_bag"]


def _bags(input: Tensor, offsets: Tensor | None, include_last_offset: bool) -> tuple[Tensor, Tensor]:
    """For each index the number of its bag; and the sizes of the bags."""
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. "
                f"However, found offsets of type {type(offsets).__name__}"
            )
        rows, length = input.shape
        return repeat_interleave(arange(rows), length), zeros(rows, dtype=int64) + length
    if input.ndim != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets.ndim != 1:
        raise ValueError(f"offsets has to be a 1D Tensor, but got {offsets.ndim}D")
    starts = offsets.long()
    if starts.numel() and (starts[0].item() != 0 or starts[-1].item() > input.numel()):
        raise ShapeError(f"embedding_bag: offsets must begin with 0 and not go beyond the input, got {offsets.tolist()}")
    bounds = starts if include_last_offset else cat([starts, starts.new_tensor([input.numel()])])
    sizes = bounds[1:] - bounds[:-1]
    return repeat_interleave(arange(sizes.numel()), sizes), sizes


def _largest(rows: Tensor, kept: Tensor, bags: Tensor, sizes: Tensor) -> Tensor:
    """The maxima over the rows of each bag, 0 where there are none."""
    count, length = sizes.numel(), int(sizes.max().item()) if sizes.numel() else 0
    if not length or not rows.shape[0]:
        return rows.sum(0, keepdim=True).expand(count, -1) * 0
    place = arange(length) + (sizes.cumsum(0) - sizes).unsqueeze(1)  # (bags, length)
    inside = arange(length) < sizes.unsqueeze(1)
    place = where(inside, place, 0)
    there = (inside & kept[place]).unsqueeze(2)
    most = where(there, rows[place], -math.inf).max(1)[0]
    return where(there.any(1), most, 0.0)


@takes_tensors
def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows of ``weight`` in each bag of indices; 0 for an empty one.

    Args:
        input: Indices: ``(B, N)`` for B bags of N, or ``(M,)`` with ``offsets``.
        weight: The table, ``(V, H)``.
        offsets: Where in the input each bag begins, ``(B,)``.
        max_norm: Rows that are looked up are first scaled down, in place, to this norm at most.
        norm_type: The p of that norm.
        scale_grad_by_freq: Divide the gradient of a row by how often it was looked up; not for ``"max"``.
        mode: ``"sum"``, ``"mean"`` or ``"max"``.
        sparse: PyTorch's: gradients are dense here.
        per_sample_weights: A factor for each index, for ``"sum"``.
        include_last_offset: Whether the last offset is the end of the last bag, and begins none.
        padding_idx: A row that does not count, and gets no gradient.

    Returns:
        ``(B, H)``.

    Raises:
        ValueError: The shapes of input and offsets do not fit, or there is no such mode.
        NotImplementedError: Weights of samples in another mode than ``"sum"``.

    >>> import tinygrad_mlp as torch
    >>> table = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> torch.nn.functional.embedding_bag(torch.tensor([0, 1, 2]), table, torch.tensor([0, 2]), mode="sum")
    tensor([[4., 6.],
            [5., 6.]])
    """
    if weight.dtype in (int64, int32) and input.is_floating_point():
        input, weight = weight, input  # noqa: A001 - as in PyTorch, which once had them so
    if input.dtype not in (int64, int32):
        raise DTypeError(f"embedding_bag: Expected indices of type int64 or int32, got {input.dtype}")
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"mode has to be one of sum, mean or max, got {mode!r}")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if per_sample_weights is not None:
        if mode != "sum":
            raise NotImplementedError(
                f"embedding_bag: per_sample_weights was not None. It is only supported for mode='sum' (got mode={mode!r})"
            )
        if per_sample_weights.shape != input.shape:
            raise ValueError(
                f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the same "
                f"shape as the input ({input.shape})"
            )
    bags, sizes = _bags(input, offsets, include_last_offset)
    flat = input.reshape(-1)[: bags.numel()]
    rows = embedding(flat, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq)
    kept = flat == flat if padding_idx is None else flat != padding_idx % weight.shape[0]
    if mode == "max":
        return _largest(rows, kept, bags, sizes)
    if padding_idx is not None:
        rows = where(kept.unsqueeze(1), rows, 0.0)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(-1)[: bags.numel()].unsqueeze(1)
    start = zeros(sizes.numel(), weight.shape[1], dtype=weight.dtype)
    result = start.index_add(0, bags, rows)
    if mode == "sum":
        return result
    counts = zeros(sizes.numel(), dtype=weight.dtype).index_add(0, bags, kept.to(weight.dtype))
    return result / clamp(counts, min=1).unsqueeze(1)
