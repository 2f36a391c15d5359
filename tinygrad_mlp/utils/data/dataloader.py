"""The loader: batches of a data set in the order of a sampler."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..._tensor import Tensor
from ...ops.random import Generator
from .collating import default_collate, default_convert
from .dataset import Dataset, IterableDataset, fetch, is_batched, plain
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, generator_of

__all__ = ["DataLoader", "get_worker_info"]

_T_co = TypeVar("_T_co", covariant=True)


def get_worker_info() -> None:
    """None, PyTorch's answer in the main process: there are no worker processes here."""


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool, multiprocessing_context: object
) -> None:
    """Refuse what PyTorch refuses about worker processes, though there are none."""
    for name, number in (("num_workers", num_workers), ("timeout", timeout), ("prefetch_factor", prefetch_factor or 0)):
        if number < 0:
            raise ValueError(f"{name} option should be non-negative, got {number}")
    options = {"prefetch_factor": prefetch_factor, "multiprocessing_context": multiprocessing_context}
    for name, value in {**options, "persistent_workers": persistent_workers or None}.items():
        if value is not None and num_workers == 0:
            raise ValueError(f"{name} option needs num_workers > 0")


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
        multiprocessing_context: object = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        streamed = isinstance(dataset, IterableDataset)
        for name, value in {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}.items():
            if streamed and value is not None:
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
        if streamed:  # a stream is its own sampler: it yields the samples themselves
            order = dataset
        elif sampler is None:
            sized: Any = dataset  # one without a length raises TypeError when its length is needed
            order = RandomSampler(sized, generator=generator) if shuffle else SequentialSampler(sized)
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
        self.collate_fn: Callable[[Any], Any] = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self.num_workers = 0
        self.pin_memory = pin_memory
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self._streamed = streamed
        self._resumed: tuple[Tensor | None, int] | None = None  # where the next iteration continues an epoch
        self._epoch: Callable[[], _Epoch | None] = type(None)  # gives None
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
        generator = generator_of(self.sampler if self.batch_sampler is None else self.batch_sampler)
        now = None if generator is None else generator.get_state()
        if generator is None or start is None:
            start = now
            indices = self._indices()
        else:  # draw the same order again, and afterwards put the generator back
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
        """The batch, or sample, that an epoch's next entry stands for."""
        if self._streamed:
            return self.collate_fn(indices)
        if self.batch_sampler is None:
            return self.collate_fn(self.dataset[indices])
        if not is_batched(self.dataset):
            return self.collate_fn(fetch(self.dataset, indices))
        if self.collate_fn is not default_collate:
            return self.collate_fn([self.dataset[index] for index in plain(indices)])
        batch = fetch(self.dataset, indices)
        return list(batch) if isinstance(batch, tuple) else default_collate(batch)

    def state_dict(self) -> dict[str, Any]:
        """How many batches the epoch under way has given, and the state that its order was drawn from.

        That is the iteration begun last, unless it has ended or was dropped, as after ``break``.
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
            Generator().set_state(start)  # raises if it is not a state
        self._resumed = (start, given)
        self._epoch = type(None)


@dataclass(eq=False)
class _Epoch:
    """The batches of one iteration."""

    indices: Iterator[Any]
    fetched: Callable[[Any], Any]
    start: Tensor | None  # the state of the stream that the order was drawn from; None where none was drawn
    given: int  # batches so far
    over: bool = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        for indices in self.indices:
            batch = self.fetched(indices)
            self.given += 1
            return batch
        self.over = True
        raise StopIteration
