"""Data sets, the order in which their samples are drawn, and their batches: PyTorch's ``torch.utils.data``.

A :class:`DataLoader` asks a :class:`Sampler` for indices, a :class:`Dataset` for the samples at them, and collates the
samples into one batch. A data set that holds its samples in arrays skips the samples: it says ``batched = True``, and
its ``__getitems__(indices)``, given a range or an array of indices, may return the batch itself, a tuple of Tensors
made by one indexing call each. :class:`TensorDataset` does, and :class:`Subset` and :class:`ConcatDataset` of such.
Every other data set is treated as in PyTorch: ``__getitems__``, where it has one, gets a list of ints and returns a
list of samples.

Batches are made in the process that asks for them, there are no worker processes: see :class:`DataLoader`.
"""

from __future__ import annotations

import copy
import itertools
import math
import warnings
import weakref
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from ..dtypes import float64
from ..engine import wrap
from ..errors import ArgumentError, ShapeError
from ..ops.creation import as_tensor
from ..ops.joining import cat, stack
from ..ops.random import Generator, current_generator, multinomial, randint, randperm
from ..tensor import Tensor

__all__ = [
    "BatchSampler",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)
_Indices = range | np.ndarray[Any, Any] | Sequence[Any]  # of one batch: the first two from our own samplers

# ---------------------------------------------------------------------------------------------------------- data sets


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

    def __add__(self, other: Dataset[Any]) -> ConcatDataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[_T_co]):
    """Base of data sets that are streams: a subclass has ``__iter__()``, and no indices."""

    def __iter__(self) -> Iterator[_T_co]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__(self)")


def _plain(indices: _Indices) -> list[Any]:
    """Indices as a list, of ints where they were an array."""
    return indices.tolist() if isinstance(indices, np.ndarray | Tensor) else list(indices)


def _is_batched(dataset: Any) -> bool:
    return getattr(dataset, "batched", False)


def _fetch(dataset: Any, indices: _Indices) -> Any:
    """The samples at the indices, or their batch if the data set makes batches itself."""
    if not _is_batched(dataset):
        indices = _plain(indices)
    if callable(getattr(dataset, "__getitems__", None)):
        return dataset.__getitems__(indices)
    return [dataset[index] for index in indices]


def _picked(tensor: Tensor, rows: slice | np.ndarray[Any, Any]) -> Tensor:
    """A copy of some rows."""
    if tensor.requires_grad:
        return tensor[rows].clone()
    data = tensor._data  # straight from the array, which for a small batch is several times faster than indexing
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

    def __getitems__(self, indices: _Indices) -> tuple[Tensor, ...]:
        """The batch of the rows at the indices."""
        if isinstance(indices, range) and len(indices) and indices.step == 1:
            first, end = indices.start, indices.stop
            if first >= 0 and end <= len(self):  # neighbours: a slice is copied faster than rows are picked
                return tuple(_picked(tensor, slice(first, end)) for tensor in self.tensors)
        rows = np.asarray(indices, dtype=np.int64)
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
        return _is_batched(self.dataset)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> _T_co:
        return self.dataset[self._of_whole(index) if isinstance(index, list) else self.indices[index]]

    def __getitems__(self, indices: _Indices) -> Any:
        """The samples, or the batch, that the whole gives for these indices of the subset."""
        return _fetch(self.dataset, self._of_whole(indices))

    def _of_whole(self, indices: _Indices) -> _Indices:
        own = self.indices.numpy() if isinstance(self.indices, Tensor) else self.indices
        if isinstance(indices, range) and indices.step == 1:
            return own[indices.start : indices.stop]
        if isinstance(own, np.ndarray):
            return own[np.asarray(indices, dtype=np.int64)]
        return [own[index] for index in _plain(indices)]


class ConcatDataset(Dataset[_T_co]):
    """Data sets one after the other, as one.

    Args:
        datasets: Data sets with a length.

    Raises:
        AssertionError: There are none, or one of them is an :class:`IterableDataset`.
    """

    def __init__(self, datasets: Iterable[Dataset[_T_co]]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        sizes = [len(dataset) for dataset in self.datasets]  # type: ignore[arg-type] # no length: its own TypeError
        self.cumulative_sizes = list(itertools.accumulate(sizes))

    @property
    def batched(self) -> bool:
        """Whether all parts make batches themselves."""
        return all(map(_is_batched, self.datasets))

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

    def __getitems__(self, indices: _Indices) -> Any:
        """The batch, put together from one batch of each part that is hit; a list of samples if not all give one."""
        if not self.batched:
            return [self[index] for index in _plain(indices)]
        rows = np.asarray(indices, dtype=np.int64)
        rows = np.where(rows < 0, rows + len(self), rows)
        if rows.size and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"indices reach from {rows.min()} to {rows.max()}, but there are {len(self)} samples")
        parts = np.searchsorted(self.cumulative_sizes, rows, side="right")
        places = [np.flatnonzero(parts == part) for part in np.unique(parts)]
        batches = [_fetch(self.datasets[parts[place[0]]], rows[place] - self._start(parts[place[0]])) for place in places]
        if len(batches) == 1:
            return batches[0]
        if not all(isinstance(batch, tuple) for batch in batches):
            return [self[index] for index in rows.tolist()]
        order = np.argsort(np.concatenate(places))  # back from part by part to the order asked for
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
    if sum(sizes) != count:
        raise ValueError(
            f"Sum of input lengths does not equal the length of the input dataset: {lengths} for {count} samples; give "
            "sizes that add up to it, or fractions that add up to 1"
        )
    order = iter(randperm(count, generator=generator).tolist())
    return [Subset(dataset, list(itertools.islice(order, int(size)))) for size in sizes]


# ----------------------------------------------------------------------------------------------------------- samplers


class Sampler(Generic[_T_co]):
    """Base of what decides the order: a subclass has ``__iter__()`` over indices (or lists of them), and ``__len__()``."""

    def __iter__(self) -> Iterator[_T_co]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__(self)")


class _EpochSampler(Sampler[int]):
    """A sampler that knows the indices of an epoch when it starts: iterating twice side by side is safe."""

    def epoch(self) -> range | np.ndarray[Any, Any]:
        raise NotImplementedError

    def __iter__(self) -> Iterator[int]:
        return iter(_plain(self.epoch()))


class SequentialSampler(_EpochSampler):
    """The indices 0, 1, ..., ``len(data_source) - 1``."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __len__(self) -> int:
        return len(self.data_source)

    def epoch(self) -> range:
        """All indices, in order."""
        return range(len(self.data_source))


class RandomSampler(_EpochSampler):
    """Indices in random order, drawn anew for each epoch; the same generator state gives the same order.

    Args:
        data_source: What has the length N.
        replacement: Draw each index independently, instead of each once.
        num_samples: How many to draw; N by default. More than N, without replacement, is one permutation after another.
        generator: Where they are drawn from; the global one by default.

    Raises:
        ArgumentError: ``replacement`` is not a bool.
        ValueError: ``num_samples`` is not a positive int.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.utils.data import RandomSampler
    >>> sorted(RandomSampler(range(4), generator=torch.Generator().manual_seed(0)))
    [0, 1, 2, 3]
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise ArgumentError(f"replacement should be a boolean value, but got replacement={replacement}")
        _positive("num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many indices an epoch has."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __len__(self) -> int:
        return self.num_samples

    def epoch(self) -> np.ndarray[Any, Any]:
        """Newly drawn indices."""
        size, count = len(self.data_source), self.num_samples
        if self.replacement:
            return randint(0, size, (count,), generator=self.generator).numpy()
        permutations = [randperm(size, generator=self.generator).numpy() for _ in range(-(-count // size))]
        return np.concatenate(permutations)[:count] if count != size else permutations[0]


class SubsetRandomSampler(_EpochSampler):
    """Given indices in random order, without replacement."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __len__(self) -> int:
        return len(self.indices)

    def epoch(self) -> np.ndarray[Any, Any]:
        """The indices in a newly drawn order."""
        return np.asarray(self.indices, dtype=np.int64)[randperm(len(self), generator=self.generator).numpy()]


class WeightedRandomSampler(_EpochSampler):
    """Index i with probability ``weights[i] / sum(weights)``.

    Args:
        weights: N weights, which need not add up to 1.
        num_samples: How many to draw.
        replacement: Draw independently; else no index twice.
        generator: Where they are drawn from; the global one by default.

    Raises:
        ValueError: ``num_samples`` is not a positive int, ``replacement`` not a bool, or ``weights`` not a sequence.
    """

    def __init__(
        self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        _positive("num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(f"weights should be a 1d sequence but have shape {tuple(self.weights.shape)}")
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __len__(self) -> int:
        return self.num_samples

    def epoch(self) -> np.ndarray[Any, Any]:
        """Newly drawn indices."""
        return multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).numpy()


class BatchSampler(Sampler[list[int]]):
    """Lists of ``batch_size`` indices, in the order of another sampler; the last one may be shorter.

    Args:
        sampler: A sampler, or any iterable of indices.
        batch_size: How many to a batch.
        drop_last: Leave a shorter last batch out.

    Raises:
        ValueError: ``batch_size`` is not a positive int, or ``drop_last`` not a bool.

    >>> from tinygrad_mlp.utils.data import BatchSampler, SequentialSampler
    >>> list(BatchSampler(SequentialSampler(range(8)), batch_size=3, drop_last=False))
    [[0, 1, 2], [3, 4, 5], [6, 7]]
    """

    def __init__(self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool) -> None:
        _positive("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type] # no length: its own TypeError
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        return map(_plain, self.slices())

    def slices(self) -> Iterator[_Indices]:
        """The batches, as slices of the epoch's indices where the sampler has them in one piece."""
        if isinstance(self.sampler, _EpochSampler) and type(self.sampler).__iter__ is _EpochSampler.__iter__:
            epoch = self.sampler.epoch()
            batches: Iterator[_Indices] = (
                epoch[start : start + self.batch_size] for start in range(0, len(epoch), self.batch_size)
            )
        else:
            source = iter(self.sampler)
            batches = iter(lambda: list(itertools.islice(source, self.batch_size)), [])
        return (batch for batch in batches if len(batch) == self.batch_size or not self.drop_last)


def _positive(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value}")


# ---------------------------------------------------------------------------------------------------------- collating


def default_collate(batch: Sequence[Any]) -> Any:
    """Put samples together: a new first dimension over tensors, arrays and numbers; dicts, tuples and lists entrywise.

    Floats become float64 and ints int64, as in PyTorch; strings stay a list; tuples of samples become a list.

    Raises:
        ArgumentError: There is nothing to make a batch of such samples.
        ShapeError: The samples have different lengths or shapes.

    >>> from tinygrad_mlp.utils.data import default_collate
    >>> default_collate([{"x": 1, "name": "a"}, {"x": 2, "name": "b"}])
    {'x': tensor([1, 2]), 'name': ['a', 'b']}
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch)
    if isinstance(first, np.ndarray) and first.dtype.kind in "biuf":
        return default_collate([as_tensor(array) for array in batch])
    if isinstance(first, np.generic) and first.dtype.kind in "biuf":
        return as_tensor(np.asarray(batch))
    if isinstance(first, int | float):
        return as_tensor(list(batch), dtype=float64 if isinstance(first, float) else None)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return _like(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        if len({len(sample) for sample in batch}) != 1:
            raise ShapeError(
                f"each element in list of batch should be of equal size, got {[len(sample) for sample in batch]}; pad "
                "them, or give the DataLoader a collate_fn"
            )
        return _like(first, [default_collate(column) for column in zip(*batch, strict=True)])
    raise ArgumentError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{type(first).__name__}; give the DataLoader a collate_fn"
    )


def default_convert(data: Any) -> Any:
    """NumPy arrays and numbers as Tensors, also within dicts, tuples and lists; all else as it is."""
    if isinstance(data, np.ndarray | np.generic) and data.dtype.kind in "biuf":
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _like(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _like(data, [default_convert(value) for value in data])
    return data


def _like(sample: Any, entries: Any) -> Any:
    """Collated entries in the sample's own type of dict or sequence, where that can be made."""
    try:
        if isinstance(sample, tuple):
            return type(sample)(*entries) if hasattr(sample, "_fields") else entries
        if isinstance(sample, MutableMapping):
            filled = copy.copy(sample)  # may have more to it than its entries, such as a default
            filled.update(entries)
            return filled
        return type(sample)(entries)
    except TypeError:
        return entries


# ------------------------------------------------------------------------------------------------------------- loading


def get_worker_info() -> None:
    """None, PyTorch's answer in the main process: there are no worker processes here."""


class DataLoader(Generic[_T_co]):
    """Iterates over a data set in batches; each iteration is an epoch, with a new order if shuffled.

    Batches are made in the calling process, when asked for. ``num_workers`` and what goes with it (``worker_init_fn``,
    ``timeout``, ``prefetch_factor``, ``persistent_workers``, ``multiprocessing_context``, ``in_order``) are checked as
    in PyTorch, so that code written for it runs, but start no processes: the attribute ``num_workers`` is always 0,
    and ``worker_init_fn`` is never called. ``pin_memory`` has no effect either: there is no accelerator to copy to.

    An epoch can be left in its middle and taken up later, in another process, too: :meth:`state_dict` says where it is,
    and after :meth:`load_state_dict` the next iteration goes on there. They are what ``torchdata``'s StatefulDataLoader has.

    Args:
        dataset: With ``__getitem__`` and ``__len__``, or an :class:`IterableDataset`.
        batch_size: Samples to a batch; None for single samples, without a batch dimension.
        shuffle: In random order, by :class:`RandomSampler`.
        sampler: The order, instead of ``shuffle``.
        batch_sampler: The lists of indices that make the batches, instead of all other arguments about them.
        collate_fn: Makes a batch of a list of samples; :func:`default_collate` by default.
        drop_last: Leave a shorter last batch out.
        generator: Where the order is drawn from; the global generator by default. The same seed gives the same order.

    Raises:
        ValueError: Arguments that exclude each other, or a size that is not positive.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.utils.data import DataLoader, TensorDataset
    >>> loader = DataLoader(TensorDataset(torch.zeros(100, 3), torch.ones(100)), batch_size=64, shuffle=True)
    >>> [tuple(x.shape) for x, y in loader]
    [(64, 3), (36, 3)]
    """

    _fixed = False

    def __init__(
        self,
        dataset: Dataset[_T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        for name, number in (("num_workers", num_workers), ("timeout", timeout), ("prefetch_factor", prefetch_factor)):
            if number is not None and number < 0:
                raise ValueError(f"{name} option should be non-negative, got {number}")
        if num_workers == 0:
            for name, given in (
                ("prefetch_factor", prefetch_factor is not None),
                ("persistent_workers", persistent_workers),
                ("multiprocessing_context", multiprocessing_context is not None),
            ):
                if given:
                    raise ValueError(f"{name} option needs num_workers > 0")
        streamed = isinstance(dataset, IterableDataset)
        if streamed:
            for name, value in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
                if value is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}: "
                        "a stream decides its own order"
                    )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
        if batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        order: Any = sampler
        if streamed:  # its own sampler: what it yields are the samples themselves
            order = dataset
        elif sampler is None:
            order = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(order, batch_size, drop_last)
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = order
        self.batch_sampler = batch_sampler
        self.drop_last = drop_last
        self.generator = generator
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self.num_workers = 0
        self.pin_memory = pin_memory
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self._streamed = streamed
        self._resumed: tuple[Tensor | None, int] | None = None  # the epoch that the next iteration goes on with
        self._epoch: Callable[[], _Epoch | None] = _no_epoch
        self._fixed = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._fixed and name in ("dataset", "batch_size", "sampler", "batch_sampler", "drop_last"):
            raise ValueError(f"{name} attribute should not be set after DataLoader is initialized: make a new one")
        super().__setattr__(name, value)

    def __len__(self) -> int:
        """The number of batches, or of samples where they are not batched."""
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type] # no length: its own TypeError

    def __iter__(self) -> Iterator[Any]:
        start, given = self._resumed or (None, 0)
        self._resumed = None
        generator = _generator_of(self.sampler if self.batch_sampler is None else self.batch_sampler)
        now = None if generator is None else generator.get_state()
        if generator is None or start is None:
            start = now
            indices = self._indices()
        else:  # the order is drawn again from where it was drawn the first time, and the stream goes on from where it is
            generator.set_state(start)
            indices = self._indices()
        if sum(1 for _ in itertools.islice(indices, given)) < given:
            raise ValueError(f"the epoch to go on with had given {given} batches, but now has fewer: its data have changed")
        if generator is not None and start is not now:
            generator.set_state(now)
        epoch = _Epoch(indices, self._fetched, start, given)
        self._epoch = weakref.ref(epoch)
        return epoch

    def _indices(self) -> Iterator[Any]:
        """What the batches of an epoch are made of: indices, or the samples themselves of a stream."""
        given = self.batch_sampler
        if given is None:
            return iter(self.sampler)
        return iter(given.slices() if type(given) is BatchSampler else given)

    def _fetched(self, indices: Any) -> Any:
        if self._streamed:
            return self.collate_fn(indices)
        if self.batch_sampler is None:
            sample: Any = self.dataset[indices]
            return self.collate_fn(sample)
        return self._batch(indices)

    def _batch(self, indices: _Indices) -> Any:
        if not _is_batched(self.dataset):
            return self.collate_fn(_fetch(self.dataset, indices))
        if self.collate_fn is not default_collate:
            return self.collate_fn([self.dataset[index] for index in _plain(indices)])
        batch = _fetch(self.dataset, indices)
        return list(batch) if isinstance(batch, tuple) else default_collate(batch)

    def state_dict(self) -> dict[str, Any]:
        """How many batches the epoch under way has given, and the state that its order was drawn from.

        Under way is the iteration that was begun last, unless it has ended or nobody holds it any more, as after ``break``.
        """
        epoch = self._epoch()
        if epoch is not None and not epoch.over:
            return {"given": epoch.given, "start": epoch.start}
        start, given = self._resumed or (None, 0)
        return {"given": given, "start": start}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Let the next iteration be the rest of the epoch that was under way at :meth:`state_dict`.

        Where the order, or what the data set does with a sample, is drawn at random, bring the generators back as well.

        Raises:
            ValueError: It is not such a state.
        """
        start, given = state_dict.get("start"), state_dict.get("given")
        if type(given) is not int or given < 0:
            raise ValueError(f"a DataLoader's state_dict has how many batches were given, got {given!r}")
        if start is not None:
            Generator().set_state(start)  # says what is wrong with it
        self._resumed = (start, given)
        self._epoch = _no_epoch


class _Epoch:
    """The batches of one iteration.

    Attributes:
        start: The state of the stream that the order was drawn from; None where none was drawn.
        given: How many batches there were so far.
        over: Whether there are no more.
    """

    def __init__(self, indices: Iterator[Any], fetched: Callable[[Any], Any], start: Tensor | None, given: int) -> None:
        self.indices = indices
        self.fetched = fetched
        self.start = start
        self.given = given
        self.over = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        for indices in self.indices:
            batch = self.fetched(indices)
            self.given += 1
            return batch
        self.over = True
        raise StopIteration


def _no_epoch() -> None:
    """What a reference to an epoch gives where there is none."""


def _generator_of(order: Any) -> Generator | None:
    """Where a sampler draws its order from; None for one that is known to draw nothing."""
    if isinstance(order, SequentialSampler):
        return None
    if isinstance(order, BatchSampler):
        return _generator_of(order.sampler)
    return getattr(order, "generator", None) or current_generator()
