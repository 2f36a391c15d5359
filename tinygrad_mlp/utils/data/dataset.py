"""Data sets: what gives the samples, one by one or a batch at a time."""

from __future__ import annotations

import itertools
import math
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from ..._tensor import Tensor
from ...core.graph import wrap
from ...errors import ArgumentError
from ...ops.joining import cat
from ...ops.random import Generator, randperm

__all__ = ["ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "Subset", "TensorDataset", "random_split"]

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)
Indices = range | np.ndarray[Any, Any] | Sequence[Any]  # of one batch; samplers of this library give ranges and arrays


class Dataset(Generic[_T_co]):
    """Base of data sets that give a sample for an index.

    A subclass has ``__getitem__(index)`` and, for most samplers, ``__len__()``. It may have ``__getitems__(indices)``,
    which gives a list of samples at once; see the module's docstring for data sets that give whole batches.

    >>> from tinygrad_mlp.utils.data import DataLoader, Dataset
    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 5
    ...     def __getitem__(self, index):
    ...         return index, index**2
    >>> for index, square in DataLoader(Squares(), batch_size=3):
    ...     print(index, square)
    tensor([0, 1, 2]) tensor([0, 1, 4])
    tensor([3, 4]) tensor([ 9, 16])
    """

    def __getitem__(self, index: Any) -> _T_co:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(self, index)")

    def __add__(self, other: Dataset[_T_co]) -> ConcatDataset[_T_co]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[_T_co]):
    """Base of data sets that are streams: a subclass has ``__iter__()``, and no indices. ``a + b`` is one after the other."""

    def __iter__(self) -> Iterator[_T_co]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__(self)")

    def __add__(self, other: Dataset[_T_co]) -> ChainDataset[_T_co]:  # type: ignore[override] # a stream, as in PyTorch
        return ChainDataset([self, other])


class ChainDataset(IterableDataset[_T_co]):
    """Streams one after the other.

    >>> from tinygrad_mlp.utils.data import ChainDataset, IterableDataset
    >>> class Letters(IterableDataset):
    ...     def __iter__(self):
    ...         return iter("ab")
    >>> list(ChainDataset([Letters(), Letters()]))
    ['a', 'b', 'a', 'b']

    Raises:
        AssertionError: One of them is not a stream, when its turn comes.
    """

    def __init__(self, datasets: Iterable[Dataset[_T_co]]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[_T_co]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(f"ChainDataset only supports IterableDataset, got {type(dataset).__name__}")
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self.datasets)  # type: ignore[arg-type, misc] # those that have a length


def plain(indices: Indices) -> list[Any]:
    """Indices as a list, of ints where they were an array."""
    return indices.tolist() if isinstance(indices, np.ndarray | Tensor) else list(indices)


def _rows(indices: Indices) -> np.ndarray[Any, Any]:
    """Indices as an array; of ints, or it is an error."""
    rows = np.asarray(indices)
    if rows.size and rows.dtype.kind not in "iu":
        raise ArgumentError(f"the indices of samples must be ints, got {rows.dtype}")
    return rows.astype(np.int64, copy=False)


def is_batched(dataset: Any) -> bool:
    return getattr(dataset, "batched", False)


def fetch(dataset: Any, indices: Indices) -> Any:
    """The samples at the indices, or their batch if the data set makes batches itself."""
    if not is_batched(dataset):
        indices = plain(indices)
    if callable(getattr(dataset, "__getitems__", None)):
        return dataset.__getitems__(indices)
    return [dataset[index] for index in indices]


def _picked(tensor: Tensor, rows: slice | np.ndarray[Any, Any]) -> Tensor:
    """A copy of some rows."""
    if tensor.requires_grad:
        return tensor[rows].clone()
    data = tensor._data  # for a small batch several times faster than indexing the Tensor
    return wrap(data[rows].copy() if isinstance(rows, slice) else data.take(rows, axis=0))


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Samples that are the rows of tensors: sample i is ``(tensors[0][i], tensors[1][i], ...)``.

    Batches are copies: writing to one does not write to the data.

    Args:
        *tensors: Tensors `(N, *)`.

    Raises:
        AssertionError: They do not have the same number of rows.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.utils.data import TensorDataset
    >>> data = TensorDataset(torch.arange(6).reshape(3, 2), torch.tensor([7, 8, 9]))
    >>> data[1]
    (tensor([2, 3]), tensor(8))
    """

    batched = True

    def __init__(self, *tensors: Tensor) -> None:
        for tensor in tensors:
            if not isinstance(tensor, Tensor):
                raise ArgumentError(f"TensorDataset takes Tensors, got {type(tensor).__name__}; use as_tensor()")
        if not tensors or len({len(tensor) for tensor in tensors}) != 1:
            shapes = [tuple(tensor.shape) for tensor in tensors]
            raise AssertionError(
                f"Size mismatch between tensors: they must have the same number of rows, got shapes {shapes}"
            )
        self.tensors = tensors

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __getitems__(self, indices: Indices) -> tuple[Tensor, ...]:
        """The batch of the rows at the indices."""
        if isinstance(indices, range) and len(indices) and indices.step == 1:
            first, end = indices.start, indices.stop
            if first >= 0 and end <= len(self):  # neighbours: copying a slice is faster than picking rows
                return tuple(_picked(tensor, slice(first, end)) for tensor in self.tensors)
        rows = _rows(indices)
        return tuple(_picked(tensor, rows) for tensor in self.tensors)


class Subset(Dataset[_T_co]):
    """The samples of a data set at some indices, in their order.

    Args:
        dataset: The whole.
        indices: Sample i of the subset is ``dataset[indices[i]]``.
    """

    def __init__(self, dataset: Dataset[_T_co], indices: Sequence[Any]) -> None:
        self.dataset = dataset
        self.indices = indices
        if type(self).__getitem__ is not Subset.__getitem__ and type(self).__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{type(self).__name__} overrides __getitem__ but not __getitems__, which makes the batches; add "
                "def __getitems__(self, indices): return [self[index] for index in indices]"
            )

    @property
    def batched(self) -> bool:
        """Whether the whole makes batches itself."""
        return is_batched(self.dataset)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> _T_co:
        return self.dataset[self._of_whole(index) if isinstance(index, list) else self.indices[index]]

    def __getitems__(self, indices: Indices) -> Any:
        """The samples, or the batch, that the whole gives for these indices of the subset."""
        return fetch(self.dataset, self._of_whole(indices))

    def _of_whole(self, indices: Indices) -> Indices:
        own = self.indices.numpy() if isinstance(self.indices, Tensor) else self.indices
        if isinstance(indices, range) and indices.step == 1:
            return own[indices.start : indices.stop]
        if isinstance(own, np.ndarray):
            return own[_rows(indices)]
        return [own[index] for index in plain(indices)]


class ConcatDataset(Dataset[_T_co]):
    """Data sets one after the other, as one.

    Args:
        datasets: Data sets with a length.

    Raises:
        AssertionError: There are none, or one of them is an :class:`IterableDataset`.
    """

    def __init__(self, datasets: Iterable[Dataset[_T_co]]) -> None:
        self.datasets: list[Dataset[_T_co]] = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        sizes = [len(dataset) for dataset in self.datasets]  # type: ignore[arg-type] # no length: its own TypeError
        self.cumulative_sizes: list[int] = list(itertools.accumulate(sizes))

    @property
    def batched(self) -> bool:
        """Whether all parts make batches themselves."""
        return all(map(is_batched, self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> _T_co:
        if index < 0:
            if -index > len(self):
                raise ValueError(f"absolute value of index should not exceed dataset length: {index} of {len(self)}")
            index += len(self)
        if index >= len(self):
            raise IndexError(f"index {index} is out of range for a data set of {len(self)} samples")
        part = bisect_right(self.cumulative_sizes, index)
        return self.datasets[part][index - self._start(part)]

    def __getitems__(self, indices: Indices) -> Any:
        """The batch, put together from one batch of each part that is hit; a list of samples if not all give one."""
        if not self.batched:
            return [self[index] for index in plain(indices)]
        rows = _rows(indices)
        rows = np.where(rows < 0, rows + len(self), rows)
        if rows.size and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"indices reach from {rows.min()} to {rows.max()}, but there are {len(self)} samples")
        parts = np.searchsorted(self.cumulative_sizes, rows, side="right")
        hit = np.unique(parts).tolist()
        places = [np.flatnonzero(parts == part) for part in hit]
        batches = [
            fetch(self.datasets[part], rows[place] - self._start(part)) for part, place in zip(hit, places, strict=True)
        ]
        if len(batches) == 1:
            return batches[0]
        if not all(isinstance(batch, tuple) for batch in batches):
            return [self[index] for index in rows.tolist()]
        order = np.argsort(np.concatenate(places))  # from the order of the parts back to the order of the indices
        return tuple(_picked(cat(column), order) for column in zip(*batches, strict=True))

    def _start(self, part: int) -> int:
        return self.cumulative_sizes[part - 1] if part else 0


def random_split(
    dataset: Dataset[_T], lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset[_T]]:
    """Cut a data set into random parts that do not overlap.

    Args:
        dataset: The whole, of N samples.
        lengths: The sizes of the parts, with sum N; or fractions with sum 1, of which each part gets
            ``floor(N * fraction)`` samples, and the first parts one more each until none is left over.
        generator: Where the permutation is drawn from; the global one by default.

    Raises:
        ValueError: The lengths do not add up to N, or a fraction is not in [0, 1].

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.utils.data import random_split
    >>> train, test = random_split(range(10), [0.75, 0.25], generator=torch.Generator().manual_seed(0))
    >>> len(train), len(test), sorted([*train, *test])
    (8, 2, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    count = len(dataset)  # type: ignore[arg-type] # no length: its own TypeError
    sizes = list(lengths)
    if math.isclose(sum(sizes), 1) and sum(sizes) <= 1:
        for position, fraction in enumerate(sizes):
            if not 0 <= fraction <= 1:
                raise ValueError(f"Fraction at index {position} is not between 0 and 1: {fraction}")
        sizes = [math.floor(count * fraction) for fraction in sizes]
        for extra in range(int(count - sum(sizes))):
            sizes[extra % len(sizes)] += 1
        for position, size in enumerate(sizes):
            if size == 0:
                warnings.warn(f"Length of split at index {position} is 0: an empty dataset", stacklevel=2)
    if sum(sizes) != count or min(sizes, default=0) < 0:
        raise ValueError(
            f"Sum of input lengths does not equal the length of the input dataset: {lengths} for {count} samples; give "
            "sizes that add up to it, or fractions that add up to 1"
        )
    order = iter(randperm(count, generator=generator).tolist())
    return [Subset(dataset, list(itertools.islice(order, int(size)))) for size in sizes]
