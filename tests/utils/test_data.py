"""Data sets, samplers, collating and the DataLoader."""

from __future__ import annotations

import collections
import itertools
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.utils import data
from tinygrad_mlp.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    random_split,
)


@pytest.fixture(scope="module")
def pytorch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def rows(count: int, start: int = 0) -> TensorDataset:
    """Row i is (i, i + 0.5) with the label 10 * i, counted from `start`."""
    i = np.arange(start, start + count)
    return TensorDataset(tg.from_numpy(np.stack([i, i + 0.5], 1)), tg.from_numpy(10 * i))


def seeded(seed: int) -> Any:
    return tg.Generator().manual_seed(seed)


class Squares(Dataset[tuple[int, int]]):
    """A data set as PyTorch's documentation has it: one sample at a time."""

    def __init__(self, count: int = 10) -> None:
        self.count = count
        self.asked: list[Any] = []

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[int, int]:
        if not -self.count <= index < self.count:
            raise IndexError(index)
        self.asked.append(index)
        return index, index**2


class ManySquares(Squares):
    """The same with PyTorch's protocol for many samples."""

    def __getitems__(self, indices: list[int]) -> list[tuple[int, int]]:
        assert type(indices) is list
        assert all(type(index) is int for index in indices)
        self.asked.append(indices)
        return [(index, index**2) for index in indices]


class Stream(IterableDataset[int]):
    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.count))


class SizedStream(Stream):
    def __len__(self) -> int:
        return self.count


def labels(loader: DataLoader[Any]) -> list[list[int]]:
    return [batch[1].tolist() for batch in loader]


# ---------------------------------------------------------------------------------------------------------- data sets


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


# ------------------------------------------------------------------------------------------------------- random_split


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


# ----------------------------------------------------------------------------------------------------------- samplers


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


# ---------------------------------------------------------------------------------------------------------- collating

Point = collections.namedtuple("Point", ["x", "y"])

LEAF = st.sampled_from(["int", "float", "bool", "str", "array", "float32", "uint8"])


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(inner, min_size=1, max_size=3)
        | st.tuples(inner, inner)
        | st.builds(Point, inner, inner)
        | st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3)
    )


SAMPLES = LEAF | nested(LEAF | nested(LEAF))


def filled(form: Any, i: int) -> Any:
    if isinstance(form, dict):
        return {key: filled(inner, i) for key, inner in form.items()}
    if isinstance(form, Point):
        return Point(*(filled(inner, i) for inner in form))
    if isinstance(form, list | tuple):
        return type(form)(filled(inner, i) for inner in form)
    leaves: dict[str, Any] = {
        "int": i,
        "float": i / 2,
        "bool": i % 2 == 0,
        "str": str(i),
        "array": np.full((2, 1), i),
        "float32": np.float32(i / 4),
        "uint8": np.uint8(i),
    }
    return leaves[form]


def assert_same(ours: Any, theirs: Any) -> None:
    if hasattr(theirs, "numpy"):
        assert str(ours.dtype).split(".")[1] == str(theirs.dtype).split(".")[1]
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            assert_same(ours[key], theirs[key])
    elif isinstance(theirs, list | tuple):
        assert type(ours) is type(theirs)
        assert len(ours) == len(theirs)
        for ours_entry, theirs_entry in zip(ours, theirs, strict=True):
            assert_same(ours_entry, theirs_entry)
    else:
        assert ours == theirs


@given(SAMPLES, st.integers(1, 4))
def test_collate_and_convert_as_pytorch(pytorch: Any, form: Any, count: int) -> None:
    batch = [filled(form, i) for i in range(count)]
    assert_same(default_collate(batch), pytorch.utils.data.default_collate(batch))
    assert_same(default_convert(batch[0]), pytorch.utils.data.default_convert(batch[0]))


def test_collating_tensors_keeps_dtype_and_history() -> None:
    parts = [tg.full((2, 3), float(i), dtype=tg.float16) for i in range(4)]
    assert default_collate(parts).shape == (4, 2, 3)
    assert default_collate(parts).dtype is tg.float16
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    default_collate([(x, 1), (x, 2)])[0].sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 2.0]


def test_collating_keeps_the_type_of_a_dict() -> None:
    first = collections.defaultdict(int, a=1)
    batch = default_collate([first, collections.defaultdict(int, a=2)])
    assert type(batch) is collections.defaultdict
    assert batch["a"].tolist() == [1, 2]
    assert batch["missing"] == 0
    assert first == {"a": 1}


def test_what_cannot_be_collated() -> None:
    with pytest.raises(TypeError, match="must contain tensors, numpy arrays, numbers, dicts or lists; found object"):
        default_collate([object()])
    with pytest.raises(TypeError, match="found ndarray"):
        default_collate([np.array(["a"])])
    with pytest.raises(RuntimeError, match=r"each element in list of batch should be of equal size, got \[1, 2\]"):
        default_collate([[1], [1, 2]])
    with pytest.raises(RuntimeError):
        default_collate([tg.zeros(2), tg.zeros(3)])


# --------------------------------------------------------------------------------------------------------- DataLoader


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


def test_parts_of_a_negative_size() -> None:
    with pytest.raises(ValueError, match="Sum of input lengths does not equal"):
        data.random_split(range(3), [-1, 4])  # type: ignore[arg-type]
