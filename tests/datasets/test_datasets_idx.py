import gzip
import hashlib
import math
import os
import re
import struct
import tempfile
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_mlp.datasets.idx import check_pair, idx_header, idx_sha256, read_idx
from tinygrad_mlp.errors import DataError

SMALL = idx_header((3, 4)) + bytes(range(12))
MEMORY = 4_000_000


def write(content: bytes, folder: Path, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def peak_of_reading(path: Path) -> tuple[np.ndarray | DataError, int]:
    tracemalloc.start()
    try:
        try:
            outcome: np.ndarray | DataError = read_idx(path)
        except DataError as e:
            outcome = e
        return outcome, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@given(
    array=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6)),
    zipped=st.booleans(),
    name=st.sampled_from(["a", "a.gz"]),
)
def test_reads_back_what_was_written_raw_or_zipped_whatever_the_name(array, zipped, name):
    content = idx_header(array.shape) + array.tobytes()
    with tempfile.TemporaryDirectory() as folder:
        path = write(gzip.compress(content) if zipped else content, Path(folder), name)
        got = read_idx(str(path))
    assert got.dtype == np.uint8
    assert got.shape == array.shape
    assert got.flags.writeable
    np.testing.assert_array_equal(got, array)


def test_header_is_big_endian(tmp_path):
    content = bytes.fromhex("00 00 08 02  00 00 00 01  00 00 01 00") + bytes(256)
    assert read_idx(write(content, tmp_path)).shape == (1, 256)


GZ = gzip.compress(SMALL)
FAULTS = {
    "empty": (b"", "0 bytes long; expected an IDX header"),
    "three bytes": (SMALL[:3], "3 bytes long; expected an IDX header"),
    "header cut": (SMALL[:9], "ends within its IDX header, which has 2 dimensions"),
    "no values": (SMALL[:12], r"truncated: 0 bytes after the header; expected 12 for shape \(3, 4\)"),
    "one value short": (SMALL[:-1], r"truncated: 11 bytes after the header; expected 12 for shape \(3, 4\)"),
    "one byte more": (SMALL + b"\0", r"too long: more bytes after the header than the 12 of shape \(3, 4\)"),
    "wrong magic": (b"PK\3\4" + SMALL, r"starts with bytes 50 4b 03 04: neither gzip \(1f 8b\) nor IDX"),
    "html": (b"<!DOCTYPE html>", r"neither gzip \(1f 8b\) nor IDX"),
    "little-endian": (bytes.fromhex("02 08 00 00") + SMALL[4:], "neither gzip"),
    "float32": (b"\0\0\x0d\2" + SMALL[4:], r"element type 0x0d; expected 0x08 \(unsigned byte\)"),
    "no dimension": (b"\0\0\x08\0" + b"\1", "IDX header with 0 dimensions; expected 1 to 4"),
    "five dimensions": (idx_header((1,) * 5) + b"\1", "IDX header with 5 dimensions; expected 1 to 4"),
    "forged: 2**64 bytes": (
        idx_header((2**32 - 1, 2**32 - 1)),
        "the header promises 18,446,744,065,119,617,025 bytes of shape .* expected at most 67,108,864",
    ),
    "forged: 64 MiB": (idx_header((2**26,)) + b"\0" * 100, "truncated: 100 bytes after the header"),
    "forged: 1 GiB": (idx_header((2**30,)) + b"\0" * 100, "promises 1,073,741,824 bytes .* expected at most 67,108,864"),
    "forged: none of 2**64 bytes": (idx_header((0, 2**32 - 1, 2**32 - 1)), "expected at most 67,108,864: forged"),
    "gzip of nothing": (gzip.compress(b""), "0 bytes long; expected an IDX header"),
    "gzip header cut": (GZ[:5], "truncated or damaged compressed data"),
    "gzip cut": (GZ[:-9], "truncated or damaged compressed data"),
    "gzip without its trailer": (GZ[:-8], "truncated or damaged compressed data"),
    "gzip CRC": (GZ[:-8] + bytes([GZ[-8] ^ 1]) + GZ[-7:], "damaged compressed data: CRC check failed"),
    "gzip length": (GZ[:-1] + b"\1", "truncated or damaged compressed data"),
    "gzip then rubbish": (GZ + b"rubbish", "damaged compressed data: Not a gzipped file"),
    "gzip method": (GZ[:2] + b"\7" + GZ[3:], "truncated or damaged compressed data"),
    "two gzip members": (GZ + GZ, "too long"),
    "gzip of gzip": (gzip.compress(GZ), "neither gzip"),
}


@pytest.mark.parametrize("content, message", FAULTS.values(), ids=FAULTS.keys())
def test_fault_is_named_with_the_file(content, message, tmp_path):
    path = write(content, tmp_path, "images.gz")
    with pytest.raises(DataError, match=message) as raised:
        read_idx(path)
    assert str(raised.value).startswith(f"{path}: ")


def test_missing_file_directory_and_pipe(tmp_path):
    with pytest.raises(DataError, match="absent: cannot be read: No such file"):
        read_idx(tmp_path / "absent")
    with pytest.raises(DataError, match=f"{re.escape(str(tmp_path))}: not a regular file"):
        read_idx(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(DataError, match="pipe: not a regular file"):
            read_idx(tmp_path / "pipe")


@pytest.mark.parametrize("promised", [10, 2**32 - 1])
def test_gzip_bomb_takes_no_memory(promised, tmp_path):
    bomb = zlib.compressobj(9, wbits=31)
    content = bomb.compress(idx_header((promised,)))
    content += b"".join(bomb.compress(bytes(1 << 20)) for _ in range(64)) + bomb.flush()
    assert len(content) < 100_000
    outcome, peak = peak_of_reading(write(content, tmp_path))
    assert isinstance(outcome, DataError)
    assert peak < MEMORY


@pytest.mark.parametrize("zipped", [False, True])
def test_forged_header_takes_no_memory(zipped, tmp_path):
    content = idx_header((2**30,)) + bytes(1000)
    outcome, peak = peak_of_reading(write(gzip.compress(content) if zipped else content, tmp_path))
    assert isinstance(outcome, DataError)
    assert peak < MEMORY


@settings(max_examples=150, deadline=None)
@given(
    zipped=st.booleans(),
    edits=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4), st.integers(0, 4)), max_size=6),
    cut=st.none() | st.integers(0, 400),
)
def test_damaged_file_gives_an_array_or_data_error_and_takes_no_memory(zipped, edits, cut):
    content = idx_header((2, 5, 7)) + bytes(range(70))
    content = gzip.compress(content) if zipped else content
    for place, inserted, removed in edits:
        start = place % (len(content) + 1)
        content = content[:start] + inserted + content[start + removed :]
    content = content[:cut]
    with tempfile.TemporaryDirectory() as folder:
        path = write(content, Path(folder))
        outcome, peak = peak_of_reading(path)
        if isinstance(outcome, DataError):
            assert str(outcome).startswith(f"{path}: ")
        else:
            assert outcome.size == math.prod(outcome.shape)
    assert peak < MEMORY


def test_header_and_sha256_are_those_of_the_file(tmp_path):
    path = write(SMALL, tmp_path)
    assert idx_header((3, 4)) == struct.pack(">4B2I", 0, 0, 8, 2, 3, 4)
    assert idx_sha256(read_idx(path)) == hashlib.sha256(SMALL).hexdigest()
    backwards = read_idx(path)[:, ::-1]
    assert idx_sha256(backwards) == idx_sha256(backwards.copy())


IMAGES, LABELS = np.zeros((3, 28, 28), np.uint8), np.array([0, 9, 5], np.uint8)
PAIRS = {
    "not images": (
        IMAGES[0],
        LABELS,
        r"the images: shape \(28, 28\); expected images of shape \(N, 28, 28\)",
    ),
    "size": (IMAGES[:, :27], LABELS, r"the images: shape \(3, 27, 28\)"),
    "label shape": (IMAGES, LABELS[:, None], r"the labels: shape \(3, 1\); expected labels of shape \(N,\)"),
    "counts": (IMAGES[:2], LABELS, "the images holds 2 images but the labels holds 3 labels"),
    "nothing": (IMAGES[:0], LABELS[:0], "the labels: holds no labels"),
    "range": (IMAGES, LABELS + 1, "the labels: label 10 at index 1; expected 0 to 9"),
}


@pytest.mark.parametrize("images, labels, message", PAIRS.values(), ids=PAIRS.keys())
def test_pair_that_does_not_fit(images, labels, message):
    with pytest.raises(DataError, match=message):
        check_pair(images, labels, "the images", "the labels")


def test_pair_that_fits():
    check_pair(IMAGES, LABELS, "the images", "the labels")
