"""Data sets and random_split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_data import ManySquares, Squares, Stream, labels, rows, seeded

import tinygrad_mlp as tg
from tinygrad_mlp.utils import data
from tinygrad_mlp.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Sampler,
    Subset,
    TensorDataset,
    default_collate,
    random_split,
)


@pytest.fixture(scope="module")
def pytorch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def test_tensor_dataset() -> None:
    dataset = rows(4)
    assert len(dataset) == 4
    x, y = dataset[3]
    assert x.tolist() == [3.0, 3.5]
    assert y.item() == 30
    assert dataset[-1][1].item() == 30
    with pytest.raises(IndexError):
        dataset[4]


@pytest.mark.parametrize("shapes", [[(3,), (4,)], [(2, 3), (3, 2)], []])
def test_tensor_dataset_wants_as_many_rows_in_each(shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        TensorDataset(*[tg.zeros(*shape) for shape in shapes])


def test_tensor_dataset_wants_tensors() -> None:
    with pytest.raises(TypeError, match="takes Tensors, got ndarray"):
        TensorDataset(np.zeros(3))


@pytest.mark.parametrize(
    "indices", [range(4), range(1, 3), range(3, -1, -1), range(0, 4, 2), [2, 0, 2], np.array([3, 1]), [-1, 0], [], range(0)]
)
def test_a_batch_is_what_stacking_the_samples_gives(indices: Any) -> None:
    dataset = rows(4)
    x, y = dataset.__getitems__(indices)
    assert x.tolist() == [dataset[int(i)][0].tolist() for i in indices]
    assert y.tolist() == [dataset[int(i)][1].tolist() for i in indices]
    assert x.shape == (len(indices), 2)
    assert (x.dtype, y.dtype) == (tg.float64, tg.int64)


@pytest.mark.parametrize("indices", [range(3, 6), [0, 4], [-5], range(-1, 3)])
def test_a_batch_beyond_the_end_is_an_error(indices: Any) -> None:
    if indices == range(-1, 3):  # -1, 0, 1, 2: the last one, then the first three
        assert rows(4).__getitems__(indices)[1].tolist() == [30, 0, 10, 20]
    else:
        with pytest.raises(IndexError):
            rows(4).__getitems__(indices)


WRONG: list[Any] = [[1.5], [0, 2.0], np.array([1.0]), ["1"], [None]]


@pytest.mark.parametrize("indices", WRONG)
def test_indices_that_are_no_integers_are_not_rounded(indices: Any) -> None:
    for dataset in (rows(4), Subset(rows(4), range(4)), Subset(rows(4), np.arange(4)), ConcatDataset([rows(2), rows(2)])):
        with pytest.raises((TypeError, IndexError)):
            dataset.__getitems__(indices)
    assert [len(part) for part in rows(4).__getitems__([])] == [0, 0]


@pytest.mark.parametrize("shuffle", [False, True])
def test_writing_to_a_batch_does_not_write_to_the_data(shuffle: bool) -> None:
    dataset = rows(6)
    for x, y in DataLoader(dataset, batch_size=6, shuffle=shuffle):
        x.mul_(0)
        y.zero_()
    assert dataset.tensors[0].tolist() == rows(6).tensors[0].tolist()
    assert dataset.tensors[1].tolist() == rows(6).tensors[1].tolist()


def test_gradients_reach_the_tensors_of_a_data_set() -> None:
    weights = tg.ones(4, requires_grad=True)
    for shuffle in (False, True):
        weights.grad = None
        for (batch,) in DataLoader(TensorDataset(weights), batch_size=2, shuffle=shuffle):
            (batch * batch).sum().backward()
        assert weights.grad is not None
        assert weights.grad.tolist() == [2.0] * 4


def test_subset() -> None:
    subset = Subset(rows(10), [7, 1, 4])
    assert len(subset) == 3
    assert subset[0][1].item() == 70
    assert [y.item() for _, y in subset] == [70, 10, 40]
    assert labels(DataLoader(subset, batch_size=2)) == [[70, 10], [40]]
    assert subset[[2, 0]][1].tolist() == [40, 70]


OWN: list[Callable[[list[int]], Any]] = [list, np.array, lambda i: tg.tensor(i), tuple]


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("asked", [range(1, 3), np.array([2, 0, 1]), [0, 0]])
@pytest.mark.parametrize("whole", [rows, Squares, ManySquares])
def test_subset_composes_indices_of_any_kind(kind: Any, asked: Any, whole: Any) -> None:
    subset = Subset(whole(10), kind([7, 1, 4]))
    batch = subset.__getitems__(asked)
    batch = batch if isinstance(batch, tuple) else default_collate(batch)
    assert batch[0].reshape(len(asked), -1)[:, 0].tolist() == [[7, 1, 4][int(i)] for i in asked]


def test_subsets_of_subsets_of_a_range_stay_slices() -> None:
    seen = []

    class Spy(TensorDataset):
        def __getitems__(self, indices: Any) -> Any:
            seen.append(indices)
            return super().__getitems__(indices)

    subset = Subset(Subset(Spy(*rows(20).tensors), range(5, 15)), range(2, 8))
    assert labels(DataLoader(subset, batch_size=4)) == [[70, 80, 90, 100], [110, 120]]
    assert seen == [range(7, 11), range(11, 13)]


def test_a_subset_that_overrides_getitem_must_override_getitems() -> None:
    class Doubled(Subset[Any]):
        def __getitem__(self, index: Any) -> Any:
            return 2 * self.dataset[self.indices[index]][0]

    with pytest.raises(NotImplementedError, match="Doubled overrides __getitem__ but not __getitems__"):
        Doubled(rows(3), [0])


@given(st.lists(st.integers(0, 5), min_size=1, max_size=5), st.data())
def test_concat_dataset_is_one_after_the_other(sizes: list[int], draw: st.DataObject) -> None:
    starts = np.cumsum([0, *sizes])
    total = int(starts[-1])
    parts = [rows(size, int(start)) for size, start in zip(sizes, starts, strict=False)]
    whole = ConcatDataset(parts)
    assert len(whole) == total
    assert [y.item() for _, y in whole] == [10 * i for i in range(total)]
    if total:
        indices = draw.draw(st.lists(st.integers(-total, total - 1), min_size=1, max_size=12))
        x, y = whole.__getitems__(np.array(indices))
        assert y.tolist() == [10 * (i % total) for i in indices]
        assert x.tolist() == [whole[i][0].tolist() for i in indices]


def test_concat_dataset_of_other_kinds_gives_samples() -> None:
    mixed: ConcatDataset[Any] = ConcatDataset([Squares(3), rows(4, start=3)])
    assert [int(sample[0] if isinstance(sample[0], int) else sample[0][0]) for sample in mixed] == list(range(7))
    assert [int(sample[1]) for sample in mixed.__getitems__([0, 2, 3, 6])] == [0, 4, 30, 60]
    both: Dataset[Any] = Squares(3) + ManySquares(2)
    assert [batch[1].tolist() for batch in DataLoader(both, batch_size=4)] == [[0, 1, 4, 0], [1]]


def test_concat_dataset_of_a_part_that_gives_a_list_after_all() -> None:
    class Lists(TensorDataset):
        def __getitems__(self, indices: Any) -> Any:
            return [self[index] for index in indices]

    whole = ConcatDataset([rows(2), Lists(*rows(2, start=2).tensors)])
    assert labels(DataLoader(whole, batch_size=3)) == [[0, 10, 20], [30]]


def test_concat_dataset_errors() -> None:
    with pytest.raises(AssertionError, match="should not be an empty iterable"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="does not support IterableDataset"):
        ConcatDataset([Stream(3)])
    whole = ConcatDataset([rows(2), rows(3)])
    with pytest.raises(ValueError, match="should not exceed dataset length: -6 of 5"):
        whole[-6]
    with pytest.raises(IndexError, match="index 5 is out of range for a data set of 5 samples"):
        whole[5]
    for wrong in ([5], [-6], [0, 5]):
        with pytest.raises(IndexError, match="there are 5 samples"):
            whole.__getitems__(wrong)


def test_bases_say_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="Dataset must define __getitem__"):
        Dataset[int]()[0]
    with pytest.raises(NotImplementedError, match="IterableDataset must define __iter__"):
        iter(IterableDataset[int]())
    with pytest.raises(NotImplementedError, match="Sampler must define __iter__"):
        iter(Sampler[int]())
    with pytest.raises(TypeError, match="len"):
        len(DataLoader(Stream(3)))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(0, 2**32))
def test_random_split_by_lengths_is_a_partition(lengths: list[int], seed: int) -> None:
    count = sum(lengths)
    if count == 1:  # a sum of 1 means fractions, as in PyTorch
        return
    parts = random_split(range(count), lengths, generator=seeded(seed))
    assert [len(part) for part in parts] == lengths
    assert sorted(i for part in parts for i in part) == list(range(count))
    again = random_split(range(count), lengths, generator=seeded(seed))
    assert [part.indices for part in parts] == [part.indices for part in again]


@given(st.integers(10, 1000), st.sampled_from([[0.5, 0.5], [0.7, 0.2, 0.1], [0.8, 0.1, 0.1], [1 / 3] * 3, [1.0]]))
def test_random_split_by_fractions_as_pytorch(pytorch: Any, count: int, fractions: list[float]) -> None:
    ours = random_split(range(count), fractions)
    theirs = pytorch.utils.data.random_split(range(count), fractions)
    assert [len(part) for part in ours] == [len(part) for part in theirs]


def test_random_split_errors() -> None:
    with pytest.raises(ValueError, match=r"Sum of input lengths does not equal .*\[2, 3\] for 10 samples"):
        random_split(rows(10), [2, 3])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        random_split(rows(10), [1.5, -0.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(rows(3), [0.9, 0.1])


def test_random_split_draws_from_the_global_generator_by_default() -> None:
    tg.manual_seed(5)
    first = random_split(rows(50), [20, 30])[0].indices
    assert random_split(rows(50), [20, 30])[0].indices != first
    tg.manual_seed(5)
    assert random_split(rows(50), [20, 30])[0].indices == first


def test_parts_of_a_negative_size() -> None:
    with pytest.raises(ValueError, match="Sum of input lengths does not equal"):
        data.random_split(range(3), [-1, 4])  # type: ignore[arg-type]
