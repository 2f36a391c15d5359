import numpy as np
import pytest
from miniature import make_files, set_mnist, write_files

import tinygrad_mlp as torch
from tinygrad_mlp.datasets import MNIST, FashionMNIST, read_idx
from tinygrad_mlp.datasets.idx import IDXError
from tinygrad_mlp.errors import ArgumentError, DataError
from tinygrad_mlp.transforms import Compose, Flatten, Lambda, Normalize, ToTensor
from tinygrad_mlp.utils.data import DataLoader, Dataset


@pytest.fixture
def root(files, tmp_path):
    return write_files(tmp_path / "root", files)


@pytest.mark.parametrize("train, split, count", [(True, "train", 30), (False, "t10k", 10)])
def test_holds_the_files_content(train, split, count, root):
    digits = MNIST(root, train=train)
    assert isinstance(digits, Dataset)
    assert len(digits) == count
    assert (digits.data.dtype, digits.data.shape) == (torch.uint8, (count, 28, 28))
    assert (digits.targets.dtype, digits.targets.shape) == (torch.int64, (count,))
    np.testing.assert_array_equal(digits.data.numpy(), read_idx(root / f"{split}-images-idx3-ubyte"))
    np.testing.assert_array_equal(digits.targets.numpy(), read_idx(root / f"{split}-labels-idx1-ubyte"))


def test_item_without_and_with_transforms(root):
    plain = MNIST(str(root))
    image, label = plain[3]
    assert (image.dtype, image.shape) == (torch.uint8, (28, 28))
    assert type(label) is int
    np.testing.assert_array_equal(image.numpy(), plain.data.numpy()[3])
    assert label == plain.targets[3].item()

    changed = MNIST(root, transform=ToTensor(), target_transform=lambda label: label + 100)
    image, label = changed[3]
    assert (image.dtype, image.shape) == (torch.float32, (1, 28, 28))
    np.testing.assert_array_equal(image.numpy()[0], plain.data.numpy()[3] / np.float32(255))
    assert label == plain.targets[3].item() + 100


def test_indices(root):
    digits = MNIST(root, train=False)
    np.testing.assert_array_equal(digits[-1][0].numpy(), digits.data.numpy()[9])
    assert digits[np.int64(2)][1] == digits[2][1]
    assert len(list(digits)) == 10
    for index in (10, -11):
        with pytest.raises(IndexError):
            digits[index]
    with pytest.raises(TypeError):
        digits[1:3]


@pytest.mark.parametrize("indices", [[1.5], np.array([1.5]), ["1"], [[1, 2]], 3, [None]])
def test_indices_of_a_batch_are_ints(indices, root):
    digits = MNIST(root, train=False)
    with pytest.raises(TypeError):
        digits.__getitems__(indices)
    for right in (range(1, 3), [1, 2], np.array([1, 2]), torch.tensor([1, 2]), [np.int64(1), True + 1]):
        assert digits.__getitems__(right)[1].tolist() == digits.targets[1:3].tolist()
    assert digits.__getitems__([])[0].shape == (0, 28, 28)


def test_what_cannot_be_called_or_read(root):
    for arguments in ({"transform": 3}, {"target_transform": "one-hot"}):
        with pytest.raises(ArgumentError, match="MNIST: expected a function as transform, got"):
            MNIST(root, **arguments)
    with pytest.raises(DataError, match="cannot be read as a folder: embedded null byte"):
        MNIST("a\0")
    with pytest.raises(IDXError, match="cannot be read: embedded null byte"):
        read_idx("a\0")


BATCHED = [None, ToTensor(), Compose([ToTensor(), Normalize(0.13, 0.3), Flatten()])]
SINGLE = [
    lambda image: image,
    Lambda(lambda image: image),
    Compose([ToTensor(), Lambda(lambda image: -image)]),
]


@pytest.mark.parametrize("transform", BATCHED)
def test_batch_is_collated_by_indexing(transform, root):
    digits = MNIST(root, transform=transform)
    batch = digits.__getitems__([5, 0, 5])
    assert isinstance(batch, tuple)
    images, labels = batch
    items = [digits[i] for i in (5, 0, 5)]
    np.testing.assert_array_equal(images.numpy(), np.stack([image.numpy() for image, _ in items]))
    assert labels.dtype == torch.int64
    assert labels.tolist() == [label for _, label in items]


@pytest.mark.parametrize("transform", SINGLE)
def test_transform_not_made_for_batches_is_called_for_each_image(transform, root):
    digits = MNIST(root, transform=transform)
    batch = digits.__getitems__([5, 0, 5])
    assert isinstance(batch, list)
    for (image, label), index in zip(batch, (5, 0, 5), strict=True):
        np.testing.assert_array_equal(image.numpy(), digits[index][0].numpy())
        assert label == digits[index][1]


def test_target_transform_not_made_for_batches(root):
    digits = MNIST(root, transform=ToTensor(), target_transform=lambda label: label % 2)
    batch = digits.__getitems__([1, 2])
    assert [label for _, label in batch] == [int(label) % 2 for label in digits.targets[1:3]]


def test_one_call_a_batch(root):
    class Counting(ToTensor):
        calls = 0

        def __call__(self, image):
            Counting.calls += 1
            return super().__call__(image)

    loader = DataLoader(MNIST(root, transform=Counting()), batch_size=10)
    assert [(tuple(images.shape), tuple(labels.shape)) for images, labels in loader] == [((10, 1, 28, 28), (10,))] * 3
    assert Counting.calls == 3


@pytest.mark.parametrize("transform", BATCHED[1:] + SINGLE[2:])
def test_through_the_data_loader(transform, root):
    digits = MNIST(root, transform=transform)
    loader = DataLoader(digits, batch_size=8, shuffle=True, generator=torch.Generator().manual_seed(0))
    images, labels = (np.concatenate([t.numpy() for t in part]) for part in zip(*loader, strict=True))
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    whole = np.stack([image.numpy() for image, _ in digits])
    order = [int(np.flatnonzero((whole == image).all(axis=tuple(range(1, whole.ndim))))[0]) for image in images]
    assert sorted(order) == list(range(30))
    assert order != sorted(order)
    np.testing.assert_array_equal(labels, digits.targets.numpy()[order])


def test_subset_of_data_may_be_put_in_its_place(root):
    digits = MNIST(root, transform=ToTensor())
    keep = digits.targets < 5
    digits.data, digits.targets = digits.data[keep], digits.targets[keep]
    assert len(digits) == int(keep.sum())
    assert digits.__getitems__(range(len(digits)))[1].max().item() < 5


def test_sample():
    for dataset, train, count in (
        (MNIST, True, 5000),
        (MNIST, False, 1000),
        (FashionMNIST, True, 1500),
        (FashionMNIST, False, 500),
    ):
        sample = dataset.sample(train, transform=ToTensor())
        assert type(sample) is dataset
        assert len(sample) == count
        images, labels = sample.__getitems__(range(count))
        assert images.shape == (count, 1, 28, 28)
        assert 0.1 < images.mean().item() < 0.3
        assert sorted(set(labels.tolist())) == list(range(10))
    assert MNIST.sample().targets[:5].tolist() == [5, 0, 4, 1, 9]


def test_classes():
    assert MNIST.classes[7] == "7 - seven"
    assert FashionMNIST.classes[9] == "Ankle boot"
    digits = MNIST.sample(train=False)
    assert digits.class_to_idx["3 - three"] == 3
    assert len(digits.class_to_idx) == len(FashionMNIST.classes) == 10


def test_repr(root):
    assert repr(MNIST(root)) == (f"Dataset MNIST\n    Number of datapoints: 30\n    Root location: {root}\n    Split: Train")
    transform = Compose([ToTensor(), Flatten()])
    lines = repr(MNIST(root, train=False, transform=transform, target_transform=Lambda(abs))).splitlines()
    assert lines == [
        "Dataset MNIST",
        "    Number of datapoints: 10",
        f"    Root location: {root}",
        "    Split: Test",
        "    Transform: Compose(",
        "        ToTensor()",
        "        Flatten()",
        "    )",
        "    Target transform: Lambda()",
    ]


def test_not_found(tmp_path):
    with pytest.raises(DataError, match=r"FashionMNIST was not found\. Tried:"):
        FashionMNIST(tmp_path)


def test_download(mirror, cache, monkeypatch, tmp_path):
    files = make_files(0)
    set_mnist(monkeypatch, files, mirror.serve("a", files))
    digits = MNIST(tmp_path / "absent", download=True)
    assert digits.root == str(cache)
    assert len(digits) == 30


@pytest.mark.parametrize("dataset", [MNIST, FashionMNIST])
def test_whole_set(dataset, whole_sets):
    train, test = dataset(whole_sets), dataset(whole_sets, train=False)
    assert (len(train), len(test)) == (60_000, 10_000)
    sample = dataset.sample()
    np.testing.assert_array_equal(train.data[: len(sample)].numpy(), sample.data.numpy())
