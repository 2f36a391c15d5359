import hashlib
import io
import zipfile

import numpy as np
import pytest

from tinygrad_mlp.datasets import samples
from tinygrad_mlp.datasets.idx import idx_header
from tinygrad_mlp.datasets.sample_builder import build
from tinygrad_mlp.datasets.samples import ARCHIVE, MEMBERS, load_sample
from tinygrad_mlp.datasets.sources import load
from tinygrad_mlp.errors import DataError

COUNTS = {
    ("mnist", True): 5000,
    ("mnist", False): 1000,
    ("fashion-mnist", True): 1500,
    ("fashion-mnist", False): 500,
}


@pytest.mark.parametrize("name, train", COUNTS)
def test_sample_is_the_beginning_of_the_set(name, train, whole_sets):
    count = COUNTS[name, train]
    images, labels = load_sample(name, train)
    _, (all_images, all_labels) = load(name, train, whole_sets)
    np.testing.assert_array_equal(images, all_images[:count])
    np.testing.assert_array_equal(labels, all_labels[:count])


@pytest.mark.parametrize("name, train", COUNTS)
def test_sample_stands_alone(name, train):
    images, labels = load_sample(name, train)
    assert (images.dtype, images.shape) == (np.uint8, (COUNTS[name, train], 28, 28))
    assert (labels.dtype, labels.shape) == (np.uint8, (COUNTS[name, train],))
    assert set(labels.tolist()) == set(range(10))
    assert images.max() == 255


def test_archive_is_small_and_pinned():
    content = ARCHIVE.read_bytes()
    assert len(content) <= 2_000_000
    assert hashlib.sha256(content).hexdigest() == ("7f296333d19a4d07b05854f17401b006f5f09d0657dacda846b98919759cad77")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {member: hashlib.sha256(archive.read(member)).hexdigest() for member in archive.namelist()} == {
            member: sha256 for member, (_, sha256) in MEMBERS.items()
        }


def test_licences_are_beside_it():
    folder = ARCHIVE.parent
    mnist = (folder / "LICENSE.mnist.txt").read_text("utf-8")
    for words in (
        "Yann LeCun, Corinna Cortes",
        "Attribution-ShareAlike 3.0",
        "first 5,000",
        "8. Miscellaneous",
    ):
        assert words in mnist
    fashion = (folder / "LICENSE.fashion-mnist.txt").read_text("utf-8")
    for words in (
        "The MIT License (MIT) Copyright © 2017 Zalando SE",
        "first 1,500",
        "WITHOUT WARRANTY OF ANY KIND",
    ):
        assert words in fashion


def test_builder_gives_the_archive_again(whole_sets, tmp_path):
    build(whole_sets, tmp_path / "one.zip")
    with (
        zipfile.ZipFile(tmp_path / "one.zip") as made,
        ARCHIVE.open("rb") as file,
        zipfile.ZipFile(file) as shipped,
    ):
        assert made.namelist() == shipped.namelist()
        for member in made.namelist():
            assert made.read(member) == shipped.read(member)
            for field in ("date_time", "compress_type", "create_system", "external_attr"):
                assert getattr(made.getinfo(member), field) == getattr(shipped.getinfo(member), field)


def test_unknown_name():
    with pytest.raises(DataError, match="no data set is called 'sample'; expected one of mnist, fashion-mnist"):
        load_sample("sample", True)


def test_damaged_installation(tmp_path, monkeypatch):
    broken = tmp_path / "sample.zip"
    monkeypatch.setattr(samples, "ARCHIVE", broken)
    with pytest.raises(DataError, match=r"sample\.zip: cannot be read: .*install the package again"):
        load_sample("mnist", True)
    content = bytearray(ARCHIVE.read_bytes())
    broken.write_bytes(content[:-100])
    with pytest.raises(DataError, match="cannot be read: File is not a zip file; install"):
        load_sample("mnist", True)
    content[5000] ^= 0xFF  # within the first member
    broken.write_bytes(content)
    with pytest.raises(DataError, match=r"sample\.zip"):
        load_sample("mnist", True)
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("mnist/train-images-idx3-ubyte", idx_header((1, 28, 28)) + bytes(784))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte: SHA-256 is .*; expected .*; install the package"):
        load_sample("mnist", True)
    with pytest.raises(DataError, match=r"cannot be read: .*no item named 'mnist/t10k-images-idx3-ubyte'"):
        load_sample("mnist", False)
