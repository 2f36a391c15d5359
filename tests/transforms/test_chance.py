"""Transforms by chance, erasing, and kinds of images."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinygrad_mlp as tg
from tinygrad_mlp import transforms as T
from tinygrad_mlp.errors import ArgumentError


def add(value: float) -> T.Lambda:
    return T.Lambda(lambda image: image + value)


def test_some_of_several() -> None:
    x = tg.zeros(1, 2, 2)
    assert T.RandomApply([add(1), add(2)], p=1.0)(x).sum().item() == 12
    assert T.RandomApply([add(1)], p=0.0)(x) is x
    seen = {T.RandomChoice([add(1), add(2)])(x)[0, 0, 0].item() for _ in range(40)}
    assert seen == {1.0, 2.0}
    assert {T.RandomChoice([add(1), add(2)], p=[0, 1])(x)[0, 0, 0].item() for _ in range(20)} == {2.0}
    double = T.Lambda(lambda image: image * 2)
    assert {T.RandomOrder([add(1), double])(x)[0, 0, 0].item() for _ in range(40)} == {1.0, 2.0}
    assert repr(T.RandomApply([T.Resize(2)], p=0.1)).startswith("RandomApply(Resize(size=2")
    with pytest.raises(ArgumentError, match="expected a function"):
        T.RandomOrder([3])  # type: ignore[list-item] # on purpose


def test_erasing_writes_a_rectangle() -> None:
    x = tg.ones(3, 20, 20)
    erased = T.RandomErasing(p=1.0, scale=(0.1, 0.3))(x)
    assert x.min().item() == 1
    rows, columns = np.nonzero(erased[0].numpy() == 0)
    assert (erased[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] == 0).all()
    assert 0.05 < (erased == 0).float().mean().item() < 0.35
    assert T.RandomErasing(p=0.0)(x) is x
    assert T.RandomErasing(p=1.0, inplace=True, value=[1.0, 2.0, 3.0])(x) is x
    assert x[2].max().item() == 3
    with pytest.raises(ArgumentError, match="put ToTensor"):
        T.RandomErasing()(np.ones((3, 4, 4)))  # type: ignore[arg-type] # on purpose


def test_dtypes_and_greys() -> None:
    bytes_ = tg.tensor([[[0, 255]]], dtype=tg.uint8)
    assert T.ConvertImageDtype(tg.float32)(bytes_).tolist() == [[[0.0, 1.0]]]
    assert_array_equal(T.ConvertImageDtype(tg.uint8)(tg.tensor([0.0, 0.5, 1.0])).numpy(), [0, 127, 255])
    assert T.ConvertImageDtype(tg.float64)(tg.ones(1)).dtype is tg.float64
    colour = tg.tensor([1.0, 0.0, 0.0]).reshape(3, 1, 1)
    assert_allclose(T.Grayscale()(colour).numpy(), 0.2989, rtol=1e-6)
    assert T.Grayscale(3)(colour).shape == (3, 1, 1)
    with pytest.raises(ArgumentError, match="1 or 3"):
        T.Grayscale()(tg.zeros(2, 4, 4))


def test_a_batch_of_a_data_set_is_transformed_at_once_or_one_by_one() -> None:
    from tinygrad_mlp.utils.data import DataLoader
    from tinygrad_mlp.vision import datasets, transforms

    steps = [
        transforms.Resize((14, 14)),
        transforms.ToTensor(),
        transforms.RandomHorizontalFlip(),
        transforms.Normalize((0.5,), (0.5,)),
    ]
    digits = datasets.MNIST.sample(transform=transforms.Compose(steps))
    images, labels = next(iter(DataLoader(digits, batch_size=8)))
    assert images.shape == (8, 1, 14, 14)
    assert labels.shape == (8,)
