"""Files that are damaged or forged on purpose: every loader refuses them with one error, soon, and without taking memory."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import random
import re
import struct
import subprocess
import sys
import time
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fuzz_loading
import numpy as np
import pytest
from fuzz_loading import LOADERS, MEMORY, SECONDS
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.datasets.idx import IDXError, idx_header, read_idx
from tinygrad_mlp.errors import DataError, FileFormatError
from tinygrad_mlp.serialization import read_json

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("forged")


# ------------------------------------------------------------------------------------------------------- by the thousand


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
def test_thousands_of_files_in_a_process_with_little_memory() -> None:
    done = subprocess.run(
        [sys.executable, fuzz_loading.__file__, "--inputs", "8000"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    counts = {(loader, what): int(n) for loader, what, n in re.findall(r"(\S+) +(loaded|refused) +(\d+)", done.stdout)}
    for loader in LOADERS:  # else the files are not what they should be
        assert counts[loader, "loaded"] >= 40
        assert counts[loader, "refused"] >= 500


@pytest.mark.parametrize("loader", LOADERS)
@settings(max_examples=settings().max_examples // 4)
@given(chance=st.randoms(use_true_random=False))
def test_any_file_is_loaded_or_refused(loader: str, chance: random.Random, folder: Path) -> None:
    fuzz_loading.outcome(loader, fuzz_loading.made(loader, chance), folder)


# ----------------------------------------------------------------------------------------------------------- one by one


def deflated(size: int, begin: bytes = b"") -> bytes:
    """An .npz whose member inflates to a header and so many zeros."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("a.npy", "w") as member,
    ):
        member.write(begin or npy_header(f"({size},)"))
        for _ in range(size >> 20):
            member.write(bytes(1 << 20))
    return buffer.getvalue()


def npy_header(shape: str, descr: str = "|u1", more: str = "") -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, {more}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def stored(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")  # of a name that is there twice
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def overlapping() -> bytes:
    """Entries of a table of contents that all name the same 60 MB, deflated."""
    content = deflated(60 << 20)
    table = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry, count = content[table:end], 200
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, count * len(entry), table, 0)
    return content[:table] + entry * count + tail


def many_entries() -> bytes:
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    count = 100_000
    return entry * count + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, count * len(entry), 0, 0)


def safetensors(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(start: int, stop: int, shape: Any = None, dtype: str = "U8") -> dict[str, Any]:
    return {"dtype": dtype, "shape": [stop - start] if shape is None else shape, "data_offsets": [start, stop]}


def wide(unit: bytes, size: int = 3_000_000) -> bytes:
    """A JSON list of as many as go into so many bytes."""
    return b"[" + b",".join([unit] * (size // (len(unit) + 1))) + b"]"


FORGED: list[tuple[str, str, Callable[[], bytes], str]] = [
    # JSON, whatever it is in
    ("json", "deep lists", lambda: b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    ("json", "deep objects", lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
    ("json", "a long int", lambda: b"[" + b"9" * 5_000_000 + b"]", "not valid JSON: Exceeds the limit"),
    ("json", "long", lambda: b"[" + b" " * 9_000_000, "more than 8,388,608 bytes of JSON"),
    ("json", "lists", lambda: wide(b"[]"), "brackets of JSON, where at most 250,000 are read"),
    ("json", "objects", lambda: wide(b'{"":1}'), "brackets of JSON"),
    ("json", "strings, then an error", lambda: wide(b'"aa"') + b"!", "not valid JSON: Extra data"),
    ("json", "NaN", lambda: b'{"loss": NaN}', "NaN is no number"),
    ("json", "Infinity", lambda: b'{"loss": -Infinity}', "-Infinity is no number"),
    ("json", "a key twice", lambda: b'{"w": 1, "v": 2, "w": 3}', "the key 'w' is there twice"),
    ("json", "a key twice, late", lambda: b"{" + b"".join(b'"%d":0,' % i for i in range(200_000)) + b'"199999":1}', "is there twice"),
    ("json", "no UTF-8", lambda: b'{"\xff": 1}', "not valid JSON: 'utf-8' codec"),
    ("json", "a large number", lambda: b'{"dtype": "float64", "shape": [], "data": 1e999}', "a number is too large for float64"),
    ("json", "a number beyond float64", lambda: b'{"lr": 1e999}', "a number is too large for float64: '1e999'"),
    ("json", "a long number beyond float64", lambda: b"[-" + b"9" * 5_000_000 + b".0]", "a number is too large for float64: '-999"),
    ("json", "nothing", lambda: b"", "not valid JSON: Expecting value"),
    ("json", "many sizes", lambda: b'{"dtype": "float32", "shape": [' + b"0," * 99 + b'0], "data": []}', "malformed tensor"),
    ("results", "a long list, then an error", lambda: wide(b"1.5") + b"]", "not valid JSON"),
    ("results", "a number beyond float64", lambda: b'[{"ours": -1E+400}]', "a number is too large for float64: '-1E[+]400'"),
    # .npz
    ("npz", "nothing", lambda: b"", "not a whole .npz file"),
    ("npz", "a number beyond float64", lambda: stored(("structure.json", b'{"lr": 1e999}')), "a number is too large for float64"),
    ("npz", "a bomb", lambda: deflated(200 << 20), "inflate to 209,715,2.*; expected at most 67,108,864"),
    ("npz", "a bomb that lies", lambda: deflated(50 << 20, npy_header("(10,)")), "of shape .10,., but there are 52,428,800 bytes"),
    ("npz", "overlapping entries", overlapping, "200 bytes of the file's|inflate to 12,58"),
    ("npz", "a long table of contents", many_entries, "table of contents says it has 4,700,000 bytes, where at most 1,048,576"),
    ("npz", "a name twice", lambda: stored(("a.npy", npy_header("()") + b"1"), ("a.npy", npy_header("()") + b"1")), "twice"),
    ("npz", "a structure twice", lambda: stored(("structure.json", b"{}"), ("structure.json", b"{}")), "twice"),
    ("npz", "a deep structure", lambda: stored(("structure.json", b"[" * 100_000)), "nested too deeply"),
    ("npz", "a negative size", lambda: stored(("a.npy", npy_header("(-1,)") + b"1")), "'a' is not an array"),
    ("npz", "a huge size", lambda: stored(("a.npy", npy_header("(9" + "0" * 4500 + ",)"))), "'a' is not an array"),
    ("npz", "none of a huge size", lambda: stored(("a.npy", npy_header(f"(0, {2**62}, {2**62})"))), "'a' is not an array"),
    ("npz", "objects", lambda: stored(("a.npy", npy_header("(1,)", "|O") + b"12345678")), "the dtype object"),
    ("npz", "fields", lambda: stored(("a.npy", npy_header("()", "i1', 'x': '") + b"1")), "'a' is not an array"),
    ("npz", "code", lambda: stored(("a.npy", npy_header("()", more="'x': __import__('os').abort()") + b"1")), "'a' is not an array"),
    ("npz", "a long header", lambda: stored(("a.npy", npy_header("()", more=" " * 20_000) + b"1")), "its header has 20,0.. bytes"),
    # .safetensors
    ("safetensors", "nothing", lambda: b"", "not a .safetensors file"),
    ("safetensors", "infinity", lambda: safetensors({"__metadata__": {"tinygrad_mlp": "[1e999]"}}), "a number is too large for float64"),
    ("safetensors", "a huge header", lambda: safetensors({}, length=2**63), "says that its header has 9,223,372,036,854,775,808"),
    ("safetensors", "a long header", lambda: safetensors(b"{" + b" " * 9_000_000 + b"}"), "at most 8,388,608 are read"),
    ("safetensors", "a deep header", lambda: safetensors(b'{"a":' * 100_000), "nested too deeply"),
    ("safetensors", "wide", lambda: safetensors(wide(b"{}")), "brackets of JSON"),
    ("safetensors", "overlapping", lambda: safetensors({"a": tensor(0, 4), "b": tensor(2, 6)}, bytes(6)), "not a .safetensors file"),
    ("safetensors", "a hole", lambda: safetensors({"a": tensor(0, 2), "b": tensor(4, 6)}, bytes(6)), "not a .safetensors file"),
    ("safetensors", "backwards", lambda: safetensors({"a": tensor(4, 0, [4])}, bytes(4)), "not a .safetensors file"),
    ("safetensors", "another size", lambda: safetensors({"a": tensor(0, 4, [3])}, bytes(4)), "not a .safetensors file"),
    ("safetensors", "cut", lambda: safetensors({"a": tensor(0, 4)}, bytes(3)), "not a .safetensors file"),
    ("safetensors", "more", lambda: safetensors({"a": tensor(0, 4)}, bytes(5)), "not a .safetensors file"),
    ("safetensors", "bools as sizes", lambda: safetensors({"a": tensor(0, 1, [True])}, b"1"), "not a .safetensors file"),
    ("safetensors", "bools as offsets", lambda: safetensors({"a": {**tensor(0, 1), "data_offsets": [False, True]}}, b"1"), "not a .safetensors file"),
    ("safetensors", "none of a huge size", lambda: safetensors({"a": tensor(0, 0, [0, 2**62, 2**62])}), "not a .safetensors file"),
    ("safetensors", "many sizes", lambda: safetensors({"a": tensor(0, 1, [1] * 70)}, b"1"), "not a .safetensors file"),
    ("safetensors", "a tensor twice", lambda: safetensors(b'{"a": 1, "a": 2}'), "the key 'a' is there twice"),
    ("safetensors", "an array", lambda: safetensors([1]), "not a .safetensors file"),
    ("safetensors", "metadata", lambda: safetensors({"__metadata__": {"a": 1}}), "not a .safetensors file"),
    # IDX
    ("idx", "nothing", lambda: b"", "0 bytes long"),
    ("idx.gz", "a bomb", lambda: gzip.compress(idx_header((1 << 30,))) + gzip.compress(bytes(1 << 27), 1), "expected at most 67,108,864"),
    ("idx.gz", "a bomb that lies", lambda: gzip.compress(idx_header((10,)) + bytes(1 << 27), 1), "too long: more bytes"),
    ("idx", "a huge size", lambda: idx_header((2**32 - 1,) * 4), "the header promises 340,282,366,604,025,813,516,997,721,482,669,850,625"),
    ("idx", "none of a huge size", lambda: idx_header((0, 2**32 - 1, 2**32 - 1, 2**32 - 1)), "forged or damaged"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("loader", "content", "match"), [(a, c, m) for a, _, c, m in FORGED], ids=[f"{a}: {b}" for a, b, _, _ in FORGED]
)
def test_a_forged_file_is_refused_soon_and_in_little_memory(
    loader: str, content: Callable[[], bytes], match: str, tmp_path: Path
) -> None:
    name, load, _, _ = LOADERS[loader]
    path = tmp_path / name
    path.write_bytes(content())
    before = time.process_time()
    with pytest.raises(FileFormatError, match=match) as caught:
        load(path)
    # The one promise about time; it is the processor's, and what it guards against takes minutes.
    assert time.process_time() - before < SECONDS
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 1000
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


def test_what_is_written_has_the_limits_of_what_is_read(tmp_path: Path) -> None:
    rows = [[0]] * 300_000
    for ending in (".json", ".npz"):
        with pytest.raises(
            FileFormatError, match="brackets of JSON, where at most 250,000 are read; keep numbers in tensors"
        ):
            tg.save({"rows": rows}, tmp_path / f"a{ending}")
    with pytest.raises(FileFormatError, match="bytes of JSON, .* in a .safetensors or .npz file"):
        tg.save("a" * 9_000_000, tmp_path / "a.json")
    with pytest.raises(FileFormatError, match="2,000 tensors are too many for an .npz file; use .safetensors"):
        tg.save({f"{i:0500}": tg.zeros(0) for i in range(2000)}, tmp_path / "a.npz")
    assert list(tmp_path.iterdir()) == []


def test_what_is_large_but_honest_is_read(tmp_path: Path) -> None:
    state = {"zeros": tg.zeros(30 << 20, dtype=tg.uint8), "ones": tg.ones(30 << 20, dtype=tg.uint8)}
    np.savez_compressed(tmp_path / "a.npz", **{name: value.numpy() for name, value in state.items()})
    assert (tmp_path / "a.npz").stat().st_size < 100_000
    loaded = tg.load(tmp_path / "a.npz")
    assert loaded["ones"].sum().item() == 30 << 20
    many = {f"layer.{i}.weight": tg.zeros(1) for i in range(5000)}
    for ending in (".npz", ".safetensors"):
        tg.save(many, tmp_path / f"many{ending}")
        assert list(tg.load(tmp_path / f"many{ending}")) == list(many)


@pytest.mark.parametrize("loader", LOADERS)
def test_what_is_no_file_is_neither_read_nor_waited_for(loader: str, tmp_path: Path) -> None:
    name, load, _, _ = LOADERS[loader]
    path = tmp_path / name
    path.mkdir()
    with pytest.raises(FileFormatError, match=f"{re.escape(str(path))}: (it is a folder|not a regular file)"):
        load(path)
    path.rmdir()
    if not hasattr(os, "mkfifo"):
        return
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):  # which nobody writes to, and which never ends
        make(path)
        with pytest.raises(FileFormatError, match=f"{re.escape(str(path))}: (it is )?not a regular file"):
            load(path)
        path.unlink()


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("loader", LOADERS)
def test_a_file_that_may_not_be_read(loader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, load, whole, _ = LOADERS[loader]
    path = tmp_path / name
    path.write_bytes(whole)

    def denied(*arguments: Any, **options: Any) -> Any:  # no permission binds the superuser
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(
        (PermissionError, IDXError), match=f"{re.escape(str(path))}.*Permission denied|Permission denied.*{name}"
    ):
        load(path)


def test_one_class_for_every_loader(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_bytes(zlib.compress(b"neither"))
    with pytest.raises(FileFormatError, match="labels") as caught:
        read_idx(path)
    assert isinstance(caught.value, IDXError)
    assert isinstance(caught.value, DataError)  # as all that is wrong with a data set
    with pytest.raises(FileFormatError, match="labels: not valid JSON"):
        read_json(path)


def test_no_loader_unpickles() -> None:
    for path in (ROOT / "tinygrad_mlp").rglob("*.py"):
        content = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(import|from) (shelve|marshal|dill)\b", content, re.M), path
        assert not re.search(r"^\s*import pickle|from pickle import (?!UnpicklingError$)", content, re.M), path
        assert "allow_pickle=True" not in content, path


# --------------------------------------------------------------------------------------------------------- with PyTorch


def test_a_state_dict_goes_to_pytorch_and_back(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    library = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")

    def network(library: Any) -> Any:
        return library.nn.Sequential(
            library.nn.Linear(5, 4), library.nn.BatchNorm1d(4), library.nn.ReLU(), library.nn.Linear(4, 2)
        )

    ours, theirs = network(tg), network(torch)
    ours(tg.randn(8, 5))  # so that running statistics are none
    tg.save(ours.state_dict(), tmp_path / "ours.safetensors")
    theirs.load_state_dict(library.load_file(tmp_path / "ours.safetensors"), strict=True)
    assert library.load_model(network(torch), tmp_path / "ours.safetensors") == (set(), [])
    for name, value in ours.state_dict().items():
        assert theirs.state_dict()[name].numpy().tobytes() == value.numpy().tobytes()

    theirs(torch.randn(8, 5))
    library.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    again = network(tg)
    again.load_state_dict(tg.load(tmp_path / "theirs.safetensors"))
    for name, value in again.state_dict().items():
        assert theirs.state_dict()[name].numpy().tobytes() == value.numpy().tobytes()


@given(
    state=st.dictionaries(
        st.text(max_size=6).filter(lambda name: name != "__metadata__"),
        st.tuples(
            st.sampled_from(["float64", "float32", "float16", "int64", "uint8", "bool"]),
            st.lists(st.integers(0, 3), max_size=3),
        ),
        max_size=5,
    )
)
@settings(max_examples=settings().max_examples // 4)
def test_the_safetensors_library_reads_and_writes_the_same(state: dict[str, Any], folder: Path) -> None:
    library = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")
    arrays = {name: np.ones(shape, dtype) for name, (dtype, shape) in state.items()}
    library.save_file(arrays, folder / "theirs.safetensors")
    loaded = tg.load(folder / "theirs.safetensors")
    assert {name: (value.numpy().dtype, value.shape) for name, value in loaded.items()} == {
        name: (value.dtype, value.shape) for name, value in arrays.items()
    }
    tg.save({f"n{name!a}": value for name, value in loaded.items()}, folder / "ours.safetensors")
    read = library.load_file(folder / "ours.safetensors")
    assert sorted((value.dtype.name, value.shape) for value in read.values()) == sorted(
        (a.dtype.name, a.shape) for a in arrays.values()
    )


def test_a_checkpoint_in_safetensors_opens_in_the_library(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors", reason="safetensors is not installed")
    tg.save({"model": nn.Linear(3, 2).state_dict(), "epoch": 3}, tmp_path / "c.safetensors")
    with library.safe_open(tmp_path / "c.safetensors", framework="np") as file:
        assert sorted(file.keys()) == ["model.bias", "model.weight"]
        assert json.loads(file.metadata()["tinygrad_mlp"])["epoch"] == 3
