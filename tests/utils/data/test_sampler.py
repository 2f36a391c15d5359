"""Samplers: orders, batches of indices, wrong arguments."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_data import Stream, labels, rows, seeded

import tinygrad_mlp as tg
from tinygrad_mlp.utils import data
from tinygrad_mlp.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)


@pytest.fixture(scope="module")
def pytorch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@given(st.integers(1, 30), st.booleans(), st.integers(1, 70), st.integers(0, 1000))
def test_random_sampler(size: int, replacement: bool, count: int, seed: int) -> None:
    sampler = RandomSampler(range(size), replacement, count, seeded(seed))
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == count
    assert all(type(i) is int and 0 <= i < size for i in drawn)
    assert list(RandomSampler(range(size), replacement, count, seeded(seed))) == drawn
    if not replacement:  # one permutation after the other
        for start in range(0, count, size):
            assert len(set(drawn[start : start + size])) == min(size, count - start)


def test_an_epoch_is_drawn_anew() -> None:
    sampler = RandomSampler(range(100), generator=seeded(1))
    first, second = list(sampler), list(sampler)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(100))


def test_random_order_is_uniform() -> None:
    sampler = RandomSampler(range(3), generator=seeded(0))
    counts = collections.Counter(tuple(sampler) for _ in range(3000))
    assert len(counts) == 6
    assert all(abs(count - 500) < 100 for count in counts.values())


WRONG: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda d: d.RandomSampler([1], replacement=1), TypeError, "replacement should be a boolean"),
    (lambda d: d.RandomSampler([1], num_samples=0), ValueError, "num_samples should be a positive integer"),
    (lambda d: d.RandomSampler([1], num_samples=1.5), ValueError, "num_samples should be a positive integer"),
    (lambda d: d.RandomSampler([]), ValueError, "num_samples should be a positive integer"),
    (lambda d: d.WeightedRandomSampler([1.0], 0), ValueError, "num_samples should be a positive integer"),
    (lambda d: d.WeightedRandomSampler([1.0], True), ValueError, "num_samples should be a positive integer"),
    (lambda d: d.WeightedRandomSampler([1.0], 1, 2), ValueError, "replacement should be a boolean"),
    (lambda d: d.WeightedRandomSampler([[1.0]], 1), ValueError, "weights should be a 1d sequence"),
    (lambda d: d.BatchSampler([1], 0, False), ValueError, "batch_size should be a positive integer"),
    (lambda d: d.BatchSampler([1], True, False), ValueError, "batch_size should be a positive integer"),
    (lambda d: d.BatchSampler([1], 2.0, False), ValueError, "batch_size should be a positive integer"),
    (lambda d: d.BatchSampler([1], 2, 1), ValueError, "drop_last should be a boolean"),
    (lambda d: d.DataLoader([1], batch_size=0), ValueError, "batch_size should be a positive integer"),
    (lambda d: d.DataLoader([1], batch_size=-1), ValueError, "batch_size should be a positive integer"),
    (lambda d: d.DataLoader([1], shuffle=True, sampler=[0]), ValueError, "exclusive with shuffle"),
    (lambda d: d.DataLoader([1], batch_size=2, batch_sampler=[[0]]), ValueError, "batch_sampler option is mutually"),
    (lambda d: d.DataLoader([1], sampler=[0], batch_sampler=[[0]]), ValueError, "batch_sampler option is mutually"),
    (lambda d: d.DataLoader([1], drop_last=True, batch_sampler=[[0]]), ValueError, "batch_sampler option is mutually"),
    (lambda d: d.DataLoader([1], batch_size=None, drop_last=True), ValueError, "batch_size=None option"),
    (lambda d: d.DataLoader([1], num_workers=-1), ValueError, "num_workers option should be non-negative"),
    (lambda d: d.DataLoader([1], timeout=-1), ValueError, "timeout option should be non-negative"),
    (lambda d: d.DataLoader([1], prefetch_factor=2), ValueError, "prefetch_factor option"),
    (lambda d: d.DataLoader([1], persistent_workers=True), ValueError, "persistent_workers option needs"),
    (lambda d: d.DataLoader([1], multiprocessing_context="fork"), ValueError, "multiprocessing_context"),
    (lambda d: d.DataLoader([], shuffle=True), ValueError, "num_samples should be a positive integer"),
    (lambda d: setattr(d.DataLoader([1]), "batch_size", 3), ValueError, "batch_size attribute should not be set"),
    (lambda d: setattr(d.DataLoader([1]), "dataset", [2]), ValueError, "dataset attribute should not be set"),
]


@pytest.mark.parametrize(("make", "error", "match"), WRONG)
def test_wrong_arguments(make: Callable[[Any], Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        make(data)


@pytest.mark.parametrize(("make", "error", "match"), WRONG)
def test_wrong_arguments_to_pytorch(pytorch: Any, make: Callable[[Any], Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error):
        make(pytorch.utils.data)


@pytest.mark.parametrize("option", [{"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}])
def test_a_stream_has_no_order_to_choose(option: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"DataLoader with IterableDataset: expected unspecified {next(iter(option))}"):
        DataLoader(Stream(3), **option)


@given(st.integers(0, 20), st.integers(1, 8), st.booleans())
def test_batch_sampler(count: int, size: int, drop_last: bool) -> None:
    expected = [list(range(start, min(start + size, count))) for start in range(0, count, size)]
    if drop_last and expected and len(expected[-1]) < size:
        expected.pop()
    for sampler in (range(count), SequentialSampler(range(count)), iter(range(count))):
        ours = BatchSampler(sampler, size, drop_last)
        if hasattr(sampler, "__len__"):
            assert len(ours) == len(expected)
        batches = list(ours)
        assert batches == expected
        assert all(type(batch) is list for batch in batches)
        assert all(type(i) is int for batch in batches for i in batch)


def test_weighted_and_subset_samplers() -> None:
    drawn = list(WeightedRandomSampler([0.0, 1.0, 3.0], 4000, generator=seeded(0)))
    assert set(drawn) == {1, 2}
    assert abs(drawn.count(2) / 4000 - 0.75) < 0.03
    assert sorted(WeightedRandomSampler([1, 2, 3], 3, replacement=False)) == [0, 1, 2]
    chosen = SubsetRandomSampler([5, 8, 2])
    assert len(chosen) == 3
    assert sorted(chosen) == [2, 5, 8]
    assert sorted(sum(labels(DataLoader(rows(10), sampler=chosen, batch_size=2)), [])) == [20, 50, 80]


def test_an_overridden_iteration_of_a_sampler_is_used() -> None:
    class Backwards(SequentialSampler):
        def __iter__(self) -> Iterator[int]:
            return reversed(range(len(self)))

    class Twice(BatchSampler):
        def __iter__(self) -> Iterator[list[int]]:
            for batch in super().__iter__():
                yield from (batch, batch)

    assert labels(DataLoader(rows(5), sampler=Backwards(rows(5)), batch_size=3)) == [[40, 30, 20], [10, 0]]
    twice = Twice(SequentialSampler(range(3)), 2, False)
    assert labels(DataLoader(rows(3), batch_sampler=twice)) == [[0, 10], [0, 10], [20], [20]]


ENDLESS = int(1e10)
LONG: dict[str, Callable[[tg.Generator], Any]] = {
    "with replacement": lambda g: RandomSampler(range(5), replacement=True, num_samples=ENDLESS, generator=g),
    "permutations": lambda g: RandomSampler(range(5), num_samples=ENDLESS, generator=g),
    "weighted": lambda g: WeightedRandomSampler([1.0] * 5, ENDLESS, generator=g),
    "in order": lambda g: SequentialSampler(range(ENDLESS)),
}


@pytest.mark.parametrize("name", LONG)
def test_a_very_long_epoch_is_drawn_as_it_is_gone_through(name: str) -> None:
    def sampler() -> Any:
        return LONG[name](tg.Generator().manual_seed(0))

    first = list(itertools.islice(sampler(), 100))
    assert len(sampler()) == ENDLESS
    assert list(itertools.islice(BatchSampler(sampler(), 50, False), 2)) == [first[:50], first[50:]]
    if name != "in order":
        assert set(first) == set(range(5))
        side_by_side = sampler()
        one, other = iter(side_by_side), iter(side_by_side)
        assert [next(one) for _ in range(50) if next(other) is not None] == first[:50]


def test_a_very_long_epoch_is_taken_up_again() -> None:
    def loader() -> DataLoader[Any]:
        sampler = LONG["with replacement"](tg.Generator().manual_seed(0))
        return DataLoader(TensorDataset(tg.arange(5)), batch_size=20, sampler=sampler)

    whole = iter(loader())
    expected = [next(whole)[0].tolist() for _ in range(4)]
    begun = loader()
    batches = iter(begun)
    assert [next(batches)[0].tolist() for _ in range(2)] == expected[:2]
    rest = loader()
    rest.load_state_dict(begun.state_dict())
    batches = iter(rest)
    assert [next(batches)[0].tolist() for _ in range(2)] == expected[2:]


def test_an_ordinary_epoch_is_one_draw_of_the_generator() -> None:
    def seeded() -> tg.Generator:
        return tg.Generator().manual_seed(3)

    assert list(RandomSampler(range(9), True, 20, seeded())) == tg.randint(0, 9, (20,), generator=seeded()).tolist()
    assert list(RandomSampler(range(9), generator=seeded())) == tg.randperm(9, generator=seeded()).tolist()
    drawn = tg.multinomial(tg.ones(9, dtype=tg.float64), 20, True, generator=seeded())
    assert list(WeightedRandomSampler([1.0] * 9, 20, generator=seeded())) == drawn.tolist()


def test_a_very_long_epoch_of_the_default_stream_is_drawn_among_other_draws() -> None:
    tg.manual_seed(0)
    expected = [*tg.randint(0, 5, (32,)).tolist(), tg.rand(1).item(), *tg.randint(0, 5, (32,)).tolist()]
    tg.manual_seed(0)
    rows = iter(RandomSampler(range(5), replacement=True, num_samples=ENDLESS))
    assert [*itertools.islice(rows, 32), tg.rand(1).item(), *itertools.islice(rows, 32)] == expected
