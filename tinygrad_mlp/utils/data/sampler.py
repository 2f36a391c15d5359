"""Samplers: the order in which samples are drawn, one by one or in batches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np

from ..._tensor import Tensor
from ...dtypes import float64
from ...errors import ArgumentError
from ...ops.creation import as_tensor
from ...ops.random import Generator, current_generator, multinomial, randint, randperm
from .dataset import Indices, plain

__all__ = ["BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler"]

_T_co = TypeVar("_T_co", covariant=True)
Epoch = range | np.ndarray[Any, Any] | Iterator[int]  # all indices of one epoch, in order
_AT_ONCE = 10**6  # longer epochs are drawn in parts of this size, each when it is reached


class Sampler(Generic[_T_co]):
    """Base of samplers, which decide the order: a subclass has ``__iter__()`` over indices (or lists of them), and ``__len__()``."""

    def __iter__(self) -> Iterator[_T_co]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__(self)")


class _EpochSampler(Sampler[int]):
    """A sampler whose epoch is settled when it starts: iterating twice side by side is safe."""

    def epoch(self) -> Epoch:
        raise NotImplementedError

    def __iter__(self) -> Iterator[int]:
        epoch = self.epoch()
        return iter(epoch.tolist() if isinstance(epoch, np.ndarray) else epoch)


def _drawn(count: int, part: int, draw: Callable[[int, Generator | None], Tensor], generator: Generator | None) -> Epoch:
    """``count`` indices, in draws of ``part`` each. A long epoch is drawn while it runs, from a generator of its own."""
    sizes = (min(part, count - start) for start in range(0, count, part))
    if count <= max(part, _AT_ONCE):
        return np.concatenate([draw(size, generator).numpy() for size in sizes])
    own = Generator().manual_seed(int(randint(0, 2**63 - 1, (1,), generator=generator)))
    return (index for size in sizes for index in draw(size, own).tolist())


def _drawn_meanwhile(count: int, size: int) -> Iterator[int]:
    """A long epoch of draws with replacement from the default stream: 32 at a time, among the program's other draws."""
    for start in range(0, count, 32):
        yield from randint(0, size, (min(32, count - start),)).tolist()


class SequentialSampler(_EpochSampler):
    """The indices 0, 1, ..., ``len(data_source) - 1``."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __len__(self) -> int:
        return len(self.data_source)

    def epoch(self) -> range:
        """All indices, in order."""
        return range(len(self.data_source))


class RandomSampler(_EpochSampler):
    """Indices in random order, drawn anew for each epoch; the same generator state gives the same order.

    Args:
        data_source: Any object with a length, N.
        replacement: Draw each index independently, instead of each once.
        num_samples: How many to draw; N by default. More than N, without replacement, is one permutation after another.
        generator: Where they are drawn from; the global one by default. An epoch of more than 10**6 draws with replacement
            that is to be taken up again in its middle needs one of its own.

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
        data_source: Sized,
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

    def epoch(self) -> Epoch:
        """Newly drawn indices."""
        size = len(self.data_source)
        if self.replacement and self.generator is None and self.num_samples > _AT_ONCE:
            return _drawn_meanwhile(self.num_samples, size)
        if self.replacement:
            return _drawn(self.num_samples, _AT_ONCE, lambda n, g: randint(0, size, (n,), generator=g), self.generator)
        return _drawn(self.num_samples, size, lambda n, g: randperm(size, generator=g)[:n], self.generator)


class SubsetRandomSampler(_EpochSampler):
    """Given indices in random order, without replacement."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __len__(self) -> int:
        return len(self.indices)

    def epoch(self) -> Epoch:
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
        self.weights: Tensor = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(f"weights should be a 1d sequence but have shape {tuple(self.weights.shape)}")
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __len__(self) -> int:
        return self.num_samples

    def epoch(self) -> Epoch:
        """Newly drawn indices."""
        part = _AT_ONCE if self.replacement else self.num_samples
        return _drawn(
            self.num_samples, part, lambda n, g: multinomial(self.weights, n, self.replacement, generator=g), self.generator
        )


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
        return map(plain, self.slices())

    def slices(self) -> Iterator[Indices]:
        """The batches, as slices of the epoch's indices where the sampler has them in one piece."""
        epoch: Epoch | Iterable[int] = self.sampler
        if isinstance(epoch, _EpochSampler) and type(epoch).__iter__ is _EpochSampler.__iter__:
            epoch = epoch.epoch()
        batches: Iterator[Indices]
        if isinstance(epoch, range | np.ndarray):
            batches = (epoch[start : start + self.batch_size] for start in range(0, len(epoch), self.batch_size))
        else:
            source = iter(epoch)
            batches = iter(lambda: list(itertools.islice(source, self.batch_size)), [])
        return (batch for batch in batches if len(batch) == self.batch_size or not self.drop_last)


def _positive(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value}")


def generator_of(order: Any) -> Generator | None:
    """Where a sampler draws its order from; None for one that is known to draw nothing."""
    if isinstance(order, SequentialSampler):
        return None
    if isinstance(order, BatchSampler):
        return generator_of(order.sampler)
    return getattr(order, "generator", None) or current_generator()
