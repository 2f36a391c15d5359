"""Data sets and loaders that the tests beside this file share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import tinygrad_mlp as tg
from tinygrad_mlp.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
)


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
