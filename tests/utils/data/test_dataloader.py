"""DataLoader: batches, epochs, streams."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_data import ManySquares, SizedStream, Squares, Stream, labels, rows, seeded

import tinygrad_mlp as tg
from tinygrad_mlp.utils import data
from tinygrad_mlp.utils.data import (
    ConcatDataset,
    DataLoader,
    Subset,
    TensorDataset,
    default_collate,
)


@pytest.fixture(scope="module")
def pytorch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@given(st.integers(1, 25), st.integers(1, 10), st.booleans(), st.sampled_from([rows, Squares, ManySquares]))
def test_batches_in_order_as_pytorch(pytorch: Any, count: int, size: int, drop_last: bool, kind: Any) -> None:
    ours = DataLoader(kind(count), batch_size=size, drop_last=drop_last)
    i = pytorch.arange(count)
    source = pytorch.utils.data.TensorDataset(i, 10 * i) if kind is rows else kind(count)
    theirs = pytorch.utils.data.DataLoader(source, batch_size=size, drop_last=drop_last)
    assert len(ours) == len(theirs)
    ours_batches, theirs_batches = list(ours), list(theirs)
    assert [type(batch) for batch in ours_batches] == [type(batch) for batch in theirs_batches]
    assert [batch[1].tolist() for batch in ours_batches] == [batch[1].tolist() for batch in theirs_batches]


@pytest.mark.parametrize("kind", [rows, Squares, ManySquares, lambda n: Subset(rows(2 * n), range(n))])
def test_shuffled_epochs(kind: Any) -> None:
    def epochs(seed: int) -> list[list[int]]:
        loader = DataLoader(kind(40), batch_size=7, shuffle=True, generator=seeded(seed))
        return [sum(labels(loader), []) for _ in range(3)]

    first = epochs(0)
    assert epochs(0) == first
    assert epochs(1) != first
    assert len({tuple(epoch) for epoch in first}) == 3
    assert all(sorted(epoch) == sorted(first[0]) and len(set(epoch)) == 40 for epoch in first)


def test_the_order_does_not_depend_on_the_kind_of_data_set() -> None:
    orders = [
        [batch[0].reshape(len(batch[0]), -1)[:, 0].tolist() for batch in loader]
        for loader in (
            DataLoader(kind, batch_size=4, shuffle=True, generator=seeded(3))
            for kind in (rows(10), Squares(10), ManySquares(10), ConcatDataset([rows(4), rows(6, start=4)]))
        )
    ]
    assert orders[1:] == orders[:1] * 3


def test_iterating_twice_side_by_side() -> None:
    loader = DataLoader(rows(30), batch_size=4, shuffle=True)
    pairs = list(zip(loader, loader, strict=True))
    for epoch in zip(*pairs, strict=True):
        assert sorted(sum((y.tolist() for _, y in epoch), [])) == [10 * i for i in range(30)]
    assert [a[1].tolist() for a, _ in pairs] != [b[1].tolist() for _, b in pairs]


def test_reading_in_order_draws_no_random_numbers() -> None:
    tg.manual_seed(0)
    expected = tg.rand(3).tolist()
    tg.manual_seed(0)
    list(DataLoader(rows(10), batch_size=4))
    assert tg.rand(3).tolist() == expected


def test_a_collate_fn_gets_a_list_of_samples() -> None:
    for dataset in (rows(5), Subset(rows(5), range(5)), ConcatDataset([rows(2), rows(3, start=2)]), Squares(5)):
        got: list[Any] = []

        def keep(samples: list[Any], got: list[Any] = got) -> int:
            got.append(samples)
            return len(samples)

        assert list(DataLoader(dataset, batch_size=2, collate_fn=keep)) == [2, 2, 1]
        assert all(type(samples) is list and type(samples[0]) is tuple for samples in got)
        factor = 1 if isinstance(dataset, Squares) else 10
        expected = [i**2 if factor == 1 else 10 * i for i in range(5)]
        assert [int(sample[1]) for samples in got for sample in samples] == expected


def test_getitems_of_a_users_data_set_gets_lists_of_ints() -> None:
    for dataset in (ManySquares(5), Subset(ManySquares(9), np.arange(5))):
        for shuffle in (False, True):
            for collate in (None, lambda samples: default_collate(samples)):
                loader = DataLoader(dataset, batch_size=2, shuffle=shuffle, collate_fn=collate)
                assert sorted(sum(labels(loader), [])) == [0, 1, 4, 9, 16]


def test_getitem_of_a_users_data_set_gets_ints() -> None:
    dataset = Squares(4)
    list(DataLoader(dataset, batch_size=3, shuffle=True))
    list(DataLoader(dataset, batch_size=None, shuffle=True))
    assert all(type(index) is int for index in dataset.asked)
    assert sorted(dataset.asked) == sorted([*range(4)] * 2)


def test_without_batches() -> None:
    assert [tuple(sample) for sample in DataLoader(Squares(3), batch_size=None)] == [(0, 0), (1, 1), (2, 4)]
    loader = DataLoader(np.eye(3), batch_size=None, sampler=[2, 0])
    assert len(loader) == 2
    assert [sample.tolist() for sample in loader] == [[0, 0, 1], [1, 0, 0]]


def test_keys_that_are_no_ints() -> None:
    texts = {"a": 1.0, "b": 2.0, "c": 3.0}
    loader = DataLoader(texts, batch_size=2, sampler=["c", "a", "b"])
    assert [batch.tolist() for batch in loader] == [[3.0, 1.0], [2.0]]
    batches = DataLoader(texts, batch_sampler=[["a"], ["b", "c"]])
    assert len(batches) == 2
    assert [batch.tolist() for batch in batches] == [[1.0], [2.0, 3.0]]
    assert [batch.tolist() for batch in DataLoader(Subset(texts, ["b", "c"]), batch_size=2)] == [[2.0, 3.0]]


def test_streams() -> None:
    assert [batch.tolist() for batch in DataLoader(Stream(5), batch_size=2)] == [[0, 1], [2, 3], [4]]
    assert [batch.tolist() for batch in DataLoader(Stream(5), batch_size=2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(3), batch_size=None, shuffle=False)) == [0, 1, 2]
    assert list(DataLoader(Stream(5), batch_size=2, collate_fn=sum)) == [1, 5, 4]
    assert len(DataLoader(SizedStream(5), batch_size=2)) == 3
    assert len(DataLoader(SizedStream(5), batch_size=None)) == 5


def test_workers_are_accepted_and_none_is_started() -> None:
    def called(worker: int) -> None:
        raise AssertionError("there are no workers")

    loader = DataLoader(
        rows(5),
        batch_size=2,
        num_workers=4,
        pin_memory=True,
        timeout=10,
        worker_init_fn=called,
        prefetch_factor=2,
        persistent_workers=True,
        multiprocessing_context="spawn",
    )
    assert loader.num_workers == 0
    assert data.get_worker_info() is None
    assert labels(loader) == [[0, 10], [20, 30], [40]]


def test_an_epoch_needs_memory_for_a_batch_and_the_order_only() -> None:
    dataset = TensorDataset(tg.zeros(20000, 100))
    tracemalloc.start()
    for _ in DataLoader(dataset, batch_size=50, shuffle=True):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6  # the order takes 160 kB, a batch 20 kB, the data 8 MB
