"""Sequences of several lengths as one tensor: padded, or packed, which is all first elements, then all second ones, and so on."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..._tensor import Tensor
from ...core.graph import wrap
from ...errors import ShapeError
from ...ops.creation import full, tensor
from ...ops.joining import cat

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences, longest first, without padding; made by :func:`pack_sequence` and its like.

    Args:
        data: All first elements, then all second ones, and so on, ``(sum of lengths, *)``.
        batch_sizes: How many of each.
        sorted_indices: The order in which the sequences are, None where it is that of the batch.
        unsorted_indices: The order that undoes it.
    """

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        """The fields; ``unsorted_indices`` are found from ``sorted_indices``."""
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """With data of another dtype, see :meth:`Tensor.to`."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._replace(data=data)

    def cpu(self) -> PackedSequence:
        """Itself: the only device."""
        return self

    def float(self) -> PackedSequence:
        """With data of float32."""
        return self.to(self.data.float().dtype)

    def double(self) -> PackedSequence:
        """With data of float64."""
        return self.to(self.data.double().dtype)

    def half(self) -> PackedSequence:
        """With data of float16."""
        return self.to(self.data.half().dtype)

    def long(self) -> PackedSequence:
        """With data of int64."""
        return self.to(self.data.long().dtype)

    def pin_memory(self) -> PackedSequence:
        """Itself."""
        return self

    @property
    def is_cuda(self) -> bool:
        """False."""
        return False

    def is_pinned(self) -> bool:
        """False."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes one.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.utils.rnn.invert_permutation(torch.tensor([1, 2, 0]))
    tensor([2, 0, 1])
    """
    return None if permutation is None else permutation.argsort()


def _lengths(lengths: Tensor | Sequence[int], count: int) -> list[int]:
    known = [int(n) for n in (lengths.tolist() if isinstance(lengths, Tensor) else lengths)]
    if len(known) != count:
        raise ShapeError(f"Expected `len(lengths)` to be equal to batch_size, but got {len(known)} (batch_size={count})")
    return known


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Packs padded sequences ``(T, B, *)``, or ``(B, T, *)`` with ``batch_first``.

    Args:
        input: The sequences.
        lengths: How long each is.
        batch_first: Whether the batch is the first dimension.
        enforce_sorted: Whether they must be sorted, longest first; else they are sorted here.

    Raises:
        RuntimeError: A length is not positive, too many or too few of them, or they are not sorted.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.utils.rnn.pack_padded_sequence(torch.tensor([[1, 2], [3, 0]]), [2, 1], batch_first=True).data
    tensor([1, 3, 2])
    """
    x = input.transpose(0, 1) if batch_first else input
    known = _lengths(lengths, x.shape[1])
    order = None
    if not enforce_sorted:
        order = sorted(range(len(known)), key=lambda i: -known[i])
        known = [known[i] for i in order]
        x = x.index_select(1, tensor(order))
    if not known or known[-1] <= 0:
        raise RuntimeError("Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0")
    if any(a < b for a, b in itertools.pairwise(known)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True; pass enforce_sorted=False"
        )
    if known[0] > x.shape[0]:
        raise ShapeError(f"Expected lengths of at most {x.shape[0]}, the size of the input along time, but got {known[0]}")
    sizes = [sum(n > t for n in known) for t in range(known[0])]
    batch = x.shape[1]
    rows = np.concatenate([np.arange(n) + t * batch for t, n in enumerate(sizes)]).astype(np.int64)
    data = x.reshape(-1, *x.shape[2:]).index_select(0, wrap(rows))
    return PackedSequence(data, tensor(sizes), None if order is None else tensor(order))


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """Undoes :func:`pack_padded_sequence`: the padded sequences in their old order, and their lengths.

    Raises:
        ValueError: ``total_length`` is less than the longest length.
    """
    sizes = sequence.batch_sizes.tolist()
    total = len(sizes) if total_length is None else total_length
    if total < len(sizes):
        raise ValueError(
            f"Expected total_length to be at least the length of the longest sequence in input, but got total_length={total} "
            f"and max sequence length being {len(sizes)}"
        )
    lengths = tensor([sum(n > i for n in sizes) for i in range(sizes[0])])
    data = sequence.data
    rows = np.full((total, sizes[0]), len(data), np.int64)  # the last row, which is the padding
    start = 0
    for t, n in enumerate(sizes):
        rows[t, :n] = np.arange(start, start + n)
        start += n
    padding = full((1, *data.shape[1:]), padding_value, dtype=data.dtype)
    padded = cat([data, padding]).index_select(0, wrap(rows.reshape(-1))).reshape(total, sizes[0], *data.shape[1:])
    if sequence.unsorted_indices is not None:
        padded, lengths = padded.index_select(1, sequence.unsorted_indices), lengths[sequence.unsorted_indices]
    return padded.transpose(0, 1) if batch_first else padded, lengths


def pad_sequence(
    sequences: Tensor | Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences ``(L, *)`` of several lengths as ``(T, B, *)``, or ``(B, T, *)`` with ``batch_first``, padded to the longest.

    Args:
        sequences: Their sizes after the first are equal.
        batch_first: Whether the batch is the first dimension.
        padding_value: What is added.
        padding_side: Where: ``"right"`` or ``"left"``.

    Raises:
        RuntimeError: There are none, or another side.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.utils.rnn.pad_sequence([torch.tensor([1, 2]), torch.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}")
    parts = list(sequences)
    if not parts or padding_side not in ("left", "right"):
        raise RuntimeError(
            f"pad_sequence: expected sequences and a side, left or right, but got {len(parts)} and {padding_side!r}"
        )
    longest = max(len(part) for part in parts)
    total = sum(len(part) for part in parts)
    rows, start = np.full((len(parts), longest), total, np.int64), 0
    for row, part in zip(rows, parts, strict=True):
        place = slice(0, len(part)) if padding_side == "right" else slice(longest - len(part), None)
        row[place] = np.arange(start, start + len(part))
        start += len(part)
    rows = rows if batch_first else np.ascontiguousarray(rows.T)
    padding = full((1, *parts[0].shape[1:]), padding_value, dtype=parts[0].dtype)
    return cat([*parts, padding]).index_select(0, wrap(rows.reshape(-1))).reshape(*rows.shape, *parts[0].shape[1:])


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The first ``lengths`` elements of each padded sequence: undoes :func:`pad_sequence`."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[:n] for row, n in zip(rows, _lengths(lengths, len(rows)), strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Packs sequences ``(L, *)``; see :func:`pack_padded_sequence`.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.utils.rnn.pack_sequence([torch.tensor([1, 2]), torch.tensor([3])]).batch_sizes
    tensor([2, 1])
    """
    return pack_padded_sequence(pad_sequence(sequences), [len(part) for part in sequences], enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences: undoes :func:`pack_sequence`."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
