"""Saving and loading: round trips in every format, other programs' files, and files that are broken or forged."""

from __future__ import annotations

import collections
import errno
import io
import json
import os
import pickle
import struct
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mlp as tg
from tinygrad_mlp import serialization
from tinygrad_mlp.errors import ArgumentError, FileFormatError

ENDINGS = [".safetensors", ".npz", ".json"]
FEW = settings(max_examples=settings().max_examples // 2)  # each example writes a file
DTYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("saved")


def restored(obj: Any, folder: Path, ending: str) -> Any:
    path = folder / f"object{ending}"
    tg.save(obj, path)
    return tg.load(path)


def assert_same(a: Any, b: Any) -> None:
    """The same types and values, to the last bit."""
    if isinstance(a, tg.Tensor):
        assert type(b) is tg.Tensor
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert a.numpy(force=True).tobytes() == b.numpy().tobytes()
    elif isinstance(a, dict):
        assert type(b) is dict
        assert [(type(key), key) for key in a] == [(type(key), key) for key in b]
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert type(a) is type(b)
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif isinstance(a, float):
        assert type(b) is float
        assert struct.pack("d", a) == struct.pack("d", b)
    else:
        assert type(a) is type(b)
        assert a == b


def checkpoint() -> dict[str, Any]:
    return {
        "model": collections.OrderedDict([("0.weight", tg.randn(3, 2)), ("0.bias", tg.zeros(3)), ("1.n", tg.tensor(5))]),
        "optimizer": {
            "state": {0: {"step": 3, "exp_avg": tg.rand(3, 2)}, 1: {"step": 3, "exp_avg": tg.rand(3)}},
            "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "foreach": None, "amsgrad": False, "params": [0, 1]}],
        },
        "epoch": 3,
        "losses": [2.5, float("nan"), float("inf"), -float("inf"), 0.1],
    }


# --------------------------------------------------------------------------------------------------------- round trips


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_checkpoint(ending: str, tmp_path: Path) -> None:
    saved = checkpoint()
    loaded = restored(saved, tmp_path, ending)
    assert_same({**saved, "model": dict(saved["model"])}, loaded)


@pytest.mark.parametrize("ending", ENDINGS)
def test_training_resumes_where_it_was_saved(ending: str, tmp_path: Path) -> None:
    def parts(seed: int) -> tuple[Any, Any]:
        tg.manual_seed(seed)
        model = tg.nn.Sequential(tg.nn.Linear(4, 3), tg.nn.Tanh(), tg.nn.Linear(3, 1))
        return model, tg.optim.Adam(model.parameters(), lr=0.1)

    def train(model: Any, optimizer: Any) -> None:
        for step in range(3):
            optimizer.zero_grad()
            (model(tg.arange(8.0).reshape(2, 4) + step) ** 2).mean().backward()
            optimizer.step()

    model, optimizer = parts(0)
    train(model, optimizer)
    path = tmp_path / f"checkpoint{ending}"
    tg.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    train(model, optimizer)

    again, its_optimizer = parts(1)
    loaded = tg.load(path)
    again.load_state_dict(loaded["model"])
    its_optimizer.load_state_dict(loaded["optimizer"])
    train(again, its_optimizer)
    assert_same(dict(model.state_dict()), dict(again.state_dict()))


TENSORS = (
    st.sampled_from(DTYPES)
    .flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)))
    .map(tg.from_numpy)
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8)
KEYS = st.text(st.characters(), max_size=5) | st.sampled_from(
    ["dtype", "shape", "data", "$tensor", "$dict", "__metadata__", "structure.json", "w.npy", "w", "a.b", "file", "../x", ""]
)
OBJECTS = st.recursive(
    PLAIN | TENSORS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(KEYS | st.integers() | st.none() | st.tuples(st.integers()), inner, max_size=4)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("ending", ENDINGS)
@FEW
@given(obj=OBJECTS)
def test_any_object_round_trips(folder: Path, ending: str, obj: Any) -> None:
    assert_same(obj, restored(obj, folder, ending))


@pytest.mark.parametrize("ending", ENDINGS)
@FEW
@given(obj=st.dictionaries(KEYS, TENSORS, max_size=5))
def test_any_state_dict_round_trips(folder: Path, ending: str, obj: Any) -> None:
    assert_same(obj, restored(obj, folder, ending))


@pytest.mark.parametrize("ending", ENDINGS)
def test_dicts_that_look_like_the_formats_own_entries(ending: str, tmp_path: Path) -> None:
    saved = {
        "e": {"dtype": "float32", "shape": [1], "data": [2.0]},
        "b": {"$tensor": "a"},
        "c": {"$dict": [], "$float": "nan"},
        "d": {1: "int", "1": "str", False: "bool", None: "none", (2, "x"): "tuple", 2.5: "float"},
        "a.x": {"y": tg.zeros(1)},
        "a": {"x.y": tg.ones(2), "dtype": tg.ones(1), "shape": 1, "data": 2},
    }
    assert_same(saved, restored(saved, tmp_path, ending))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_round_trip_to_the_last_bit(ending: str, dtype: str, tmp_path: Path) -> None:
    bits = np.random.default_rng(0).integers(0, 2**16, (4000, np.dtype(dtype).itemsize // 2), dtype=np.uint16)
    values = bits.view(dtype).ravel()  # about 1 in 30 of float16 is a NaN, of all kinds
    special = np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, np.finfo(dtype).max, np.finfo(dtype).tiny], dtype)
    smallest = np.nextafter(np.array([0], dtype), np.array([1], dtype))
    tensor = tg.from_numpy(np.concatenate([values, special, smallest]))
    assert_same(tensor, restored(tensor, tmp_path, ending))


@pytest.mark.parametrize("ending", ENDINGS)
def test_views_and_leaves_are_saved_by_value(ending: str, tmp_path: Path) -> None:
    base = tg.arange(6.0).reshape(2, 3)
    saved = {
        "transposed": base.T,
        "strided": base[:, ::2],
        "expanded": tg.ones(1, 2).expand(3, 2),
        "leaf": tg.ones(2, requires_grad=True),
        "computed": tg.ones(2, requires_grad=True) * 2,
        "parameter": tg.nn.Parameter(tg.zeros(2)),
    }
    loaded = restored(saved, tmp_path, ending)
    for name, tensor in saved.items():
        assert loaded[name].tolist() == tensor.tolist()
        assert type(loaded[name]) is tg.Tensor
        assert not loaded[name].requires_grad
        loaded[name].add_(1)  # its own memory, and writable
    assert base.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("ending", ENDINGS)
def test_loaded_tensors_do_not_depend_on_the_file(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"w{ending}"
    tg.save({"w": tg.ones(100_000)}, path)
    loaded = tg.load(path)
    path.write_bytes(b"")
    assert loaded["w"].sum().item() == 100_000


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_object_gives_the_same_bytes(ending: str, tmp_path: Path) -> None:
    state = {"b": tg.ones(2), "a": tg.zeros(3)}
    paths = [tmp_path / f"{i}{ending}" for i in range(2)]
    for path in paths:
        tg.save(state, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert list(tg.load(paths[0])) == ["b", "a"]


def test_numpy_numbers_become_python_numbers(tmp_path: Path) -> None:
    for ending in ENDINGS:
        loaded = restored({"loss": np.float32(0.5), "n": np.int64(3), "ok": np.bool_(True)}, tmp_path, ending)
        assert_same({"loss": 0.5, "n": 3, "ok": True}, loaded)


# ------------------------------------------------------------------------------------------------ what the files hold


def test_json_is_meant_to_be_read(tmp_path: Path) -> None:
    tg.save(
        {"weight": tg.tensor([[0.1, 1.0], [float("nan"), -2.5]]), "epoch": 3, "betas": (0.9, 0.999)}, tmp_path / "m.json"
    )
    assert (
        (tmp_path / "m.json").read_text()
        == """{
  "weight": {
    "dtype": "float32",
    "shape": [2, 2],
    "data": [
      [0.1, 1.0],
      ["nan", -2.5]
    ]
  },
  "epoch": 3,
  "betas": {
    "$tuple": [0.9, 0.999]
  }
}
"""
    )


def test_numpy_reads_npz_files(tmp_path: Path) -> None:
    state = {"0.weight": tg.randn(3, 2), "0.bias": tg.arange(3)}
    tg.save(state, tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz", allow_pickle=False) as archive:
        assert archive.files == ["0.weight", "0.bias"]
        np.testing.assert_array_equal(archive["0.weight"], state["0.weight"].numpy())
    tg.save({"model": state, "epoch": 3}, tmp_path / "c.npz")
    with np.load(tmp_path / "c.npz", allow_pickle=False) as archive:
        assert archive.files == ["model.0.weight", "model.0.bias", "structure.json"]
        assert json.loads(archive["structure.json"])["epoch"] == 3


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_npz_files_of_numpy_are_read(write: Any, tmp_path: Path) -> None:
    arrays = {"a": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "b": np.array([1, 2], ">i4"), "c": np.array(True)}
    write(tmp_path / "n.npz", **arrays)
    loaded = tg.load(tmp_path / "n.npz")
    assert loaded["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert loaded["a"].is_contiguous()
    assert (loaded["b"].tolist(), loaded["b"].dtype) == ([1, 2], tg.int32)
    assert loaded["c"].item() is True


def test_safetensors_go_to_pytorch_and_back(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    library = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    ours = {name: tg.from_numpy(np.arange(6).reshape(2, 3).astype(name)) for name in DTYPES}
    ours["transposed"] = tg.randn(3, 2).T
    ours["number"] = tg.tensor(2.5)
    tg.save(ours, tmp_path / "ours.safetensors")
    theirs = library.load_file(tmp_path / "ours.safetensors")
    assert theirs.keys() == ours.keys()
    for name, tensor in theirs.items():
        assert str(tensor.dtype).split(".")[1] == str(ours[name].dtype).split(".")[1]
        np.testing.assert_array_equal(tensor.numpy(), ours[name].numpy())

    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    library.save_file(model.state_dict(), tmp_path / "theirs.safetensors")
    copy = tg.nn.Sequential(tg.nn.Linear(4, 3), tg.nn.BatchNorm1d(3))
    copy.load_state_dict(tg.load(tmp_path / "theirs.safetensors"))
    np.testing.assert_array_equal(copy[0].weight.detach().numpy(), model[0].weight.detach().numpy())

    numbers = torch.tensor([1.5, -2.0, float("inf")], dtype=torch.bfloat16)
    library.save_file({"w": numbers}, tmp_path / "bf16.safetensors")
    with pytest.warns(UserWarning, match="bfloat16 tensors, which are float32 here"):
        loaded = tg.load(tmp_path / "bf16.safetensors")
    assert (loaded["w"].dtype, loaded["w"].tolist()) == (tg.float32, numbers.tolist())


# -------------------------------------------------------------------------------------------------- what is not saved


class Thing:
    pass


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    ("obj", "match"),
    [
        ({"a": [1, {2, 3}]}, r"the entry \['a'\]\[1\] is a set"),
        ({"model": Thing()}, r"the entry \['model'\] is a Thing, but only Tensors, numbers, strings"),
        (Thing(), "the object is a Thing"),
        ({"a": np.ones(2)}, r"is a ndarray.*make it a Tensor with from_numpy"),
        ({"a": 1j}, "is a complex"),
        ({Thing: 1}, "is a type"),
        ({"f": print}, "is a builtin_function_or_method"),
        ({"a": [10**5000]}, r"the entry \['a'\]\[0\] is an int of 16,610 bits, where at most 14,284 are read"),
        ({-(10**5000): 1}, r"the entry \[<int>\] is an int of"),
        ({(1, 10**5000): tg.ones(1)}, "is an int of"),
        ({10**5000: print}, "is an int of"),
        ({"k" * 70_000: print}, r"the entry \['kkk.{0,40}…\] is a builtin_function_or_method"),
        ({Broken(): 1}, r"the entry \[<Broken>\] is a Broken"),
    ],
)
def test_other_objects_are_refused_and_the_old_file_stays(ending: str, obj: Any, match: str, tmp_path: Path) -> None:
    path = tmp_path / f"m{ending}"
    tg.save({"old": 1}, path)
    with pytest.raises(FileFormatError, match=match) as caught:
        tg.save(obj, path)
    assert str(path) in str(caught.value)
    assert tg.load(path) == {"old": 1}
    assert os.listdir(tmp_path) == [path.name]


def test_what_is_too_long_for_a_format_is_refused_when_it_is_saved(tmp_path: Path) -> None:
    long = {"k" * 70_000: tg.ones(2)}
    with pytest.raises(FileFormatError, match="the name 'kk.*… of a tensor is too long for an .npz file; use .safetensors"):
        tg.save(long, tmp_path / "m.npz")
    for ending in (".json", ".safetensors"):
        assert_same(long, restored(long, tmp_path, ending))
        (tmp_path / f"object{ending}").unlink()
    for obj in (
        {"k" * 3_000_000: tg.ones(2)},
        {str(i): tg.ones(1) for i in range(65_000)},
    ):  # within the limits but for the header
        with pytest.raises(
            FileFormatError, match=r"of JSON, where at most .* are read; save fewer tensors, or shorter names"
        ):
            tg.save(obj, tmp_path / "m.safetensors")
    assert os.listdir(tmp_path) == []


def test_ints_as_long_as_python_reads_them(tmp_path: Path) -> None:
    for ending in ENDINGS:
        assert_same({2**14_284 - 1: [-(2**14_284) + 1]}, restored({2**14_284 - 1: [-(2**14_284) + 1]}, tmp_path, ending))


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_object_that_contains_itself(ending: str, tmp_path: Path) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(FileFormatError, match="contains itself"):
        tg.save(loop, tmp_path / f"m{ending}")


def test_endings_in_capitals(tmp_path: Path) -> None:
    tg.save({"w": tg.ones(2)}, tmp_path / "M.NPZ")
    assert tg.load(str(tmp_path / "M.NPZ"))["w"].tolist() == [1, 1]


def test_what_is_not_a_path(tmp_path: Path) -> None:
    (tmp_path / "m.npz").touch()
    with pytest.raises(TypeError, match="expected a path, or a file that is open, got int"):
        tg.save({}, 3)
    with pytest.raises(TypeError, match="expected a path"):
        tg.load(None)
    with os.scandir(os.fsencode(tmp_path)) as entries:
        entry = next(entries)  # its path is bytes
    for act in (lambda path: tg.save({}, path), tg.load):
        with pytest.raises(ArgumentError, match="expected a path, .* got DirEntry"):
            act(entry)
        with pytest.raises(FileFormatError, match="is not a path: it has a null character in it"):
            act("a\0.npz")


@pytest.mark.parametrize("ending", [*ENDINGS, ".pt"])
def test_files_that_are_open(ending: str, tmp_path: Path) -> None:
    saved = {"w": tg.ones(2), "epoch": 3}
    with (tmp_path / f"m{ending}").open("wb") as file:
        tg.save(saved, file)
    assert_same(saved, tg.load(tmp_path / f"m{ending}"))
    with (tmp_path / f"m{ending}").open("rb") as file:
        assert_same(saved, tg.load(file))
    buffer = io.BytesIO((tmp_path / f"m{ending}").read_bytes())  # which has no name: the content tells the format
    assert_same(saved, tg.load(buffer))
    with pytest.raises(FileFormatError, match="the file: it is empty, or read to its end"):
        tg.load(buffer)
    buffer = io.BytesIO(b"before")
    with pytest.raises(FileFormatError, match="the object is a Thing"):
        tg.save(Thing(), buffer)
    assert buffer.getvalue() == b"before"


@pytest.mark.parametrize("ending", ENDINGS)
def test_missing_files_and_folders(ending: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        tg.load(tmp_path / f"missing{ending}")
    with pytest.raises(FileNotFoundError, match=r"the folder .*nowhere does not exist"):
        tg.save({}, tmp_path / "nowhere" / f"m{ending}")
    (tmp_path / f"folder{ending}").mkdir()
    with pytest.raises(FileFormatError, match=f"cannot load .*folder{ending}: it is a folder"):
        tg.load(tmp_path / f"folder{ending}")


def test_an_error_of_the_disk_says_which_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(content: bytes) -> Any:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    path = tmp_path / "m.json"
    path.write_text("{}")
    monkeypatch.setattr(serialization.text, "parsed", failing)
    with pytest.raises(OSError, match=r"Input/output error: .*m\.json"):
        tg.load(path)


def test_options_of_load(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    tg.save({"w": tg.ones(2)}, path)
    assert tg.load(path, map_location="cpu", weights_only=True)["w"].tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="'cuda' is not available"):
        tg.load(path, map_location="cuda")
    assert tg.load(path, weights_only=False)["w"].tolist() == [1, 1]
    with pytest.raises(TypeError, match="takes no pickle_module"):
        tg.load(path, None, pickle)
    with pytest.raises(ValueError, match="pickle_protocol is 2 to 5, got 1"):
        tg.save({}, path, pickle_protocol=1)


def test_without_the_safetensors_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    for act in (lambda: tg.save({}, path), lambda: tg.load(path)):
        with pytest.raises(ImportError, match=r"pip install 'tinygrad_mlp\[experiments\]'; or use \.npz"):
            act()


# --------------------------------------------------------------------------------------------- broken and forged files


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, bytes]:
    tg.manual_seed(0)
    contents = {}
    for ending in ENDINGS:
        path = folder / f"whole{ending}"
        tg.save(checkpoint(), path)
        contents[ending] = path.read_bytes()
    return contents


def loads_or_says_why(path: Path, content: bytes) -> bool:
    path.write_bytes(content)
    try:
        tg.load(path)
    except FileFormatError as error:
        message = str(error)
    else:
        return True
    assert f"cannot load {path}: " in message
    return False


@pytest.mark.parametrize("ending", ENDINGS)
@FEW
@given(share=st.floats(0, 1, exclude_max=True))
def test_truncated_files(folder: Path, whole: dict[str, bytes], ending: str, share: float) -> None:
    content = whole[ending].rstrip(b"\n")
    assert not loads_or_says_why(folder / f"cut{ending}", content[: int(share * len(content))])


@pytest.mark.parametrize("ending", ENDINGS)
@given(draw=st.data())
def test_corrupted_files(folder: Path, whole: dict[str, bytes], ending: str, draw: st.DataObject) -> None:
    content = bytearray(whole[ending])
    for _ in range(draw.draw(st.integers(1, 4))):
        content[draw.draw(st.integers(0, len(content) - 1))] = draw.draw(st.integers(0, 255))
    loads_or_says_why(folder / f"bad{ending}", bytes(content))


@pytest.mark.parametrize("ending", ENDINGS)
@FEW
@given(content=st.binary(max_size=60))
def test_any_bytes(folder: Path, ending: str, content: bytes) -> None:
    loads_or_says_why(folder / f"any{ending}", content)


@pytest.mark.parametrize("ending", ENDINGS)
def test_pickles_under_another_name(ending: str, tmp_path: Path) -> None:
    assert not loads_or_says_why(tmp_path / f"m{ending}", pickle.dumps({"w": [1.0]}))


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def npz(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


HEADER = "{'descr': '%s', 'fortran_order': False, 'shape': %s}\n"
FORGED_NPZ = [
    (npz(a__npy=npy(HEADER % ("<f8", "(10**12,)"))), "'a' is not an array"),
    (npz(a__npy=npy(HEADER % ("<f8", "(1000000000000,)"))), r"says float64 of shape \(1000000000000,\), but there are 0"),
    (npz(a__npy=npy(HEADER % ("<f8", "(-1,)"))), "'a' is not an array"),
    (npz(a__npy=npy(HEADER % ("<f8", "(-1, -1)"), b"12345678")), "'a' is not an array"),
    (npz(a__npy=npy(HEADER % ("<f8", "(0, 99999999999999999999)"))), "'a' is not an array"),
    (npz(a__npy=npy(HEADER % ("|O", "(1,)"), pickle.dumps([1]))), "'a' has the dtype object, which tensors here do not"),
    (npz(a__npy=npy(HEADER % ("<U3", "(1,)"), b"a" * 12)), "'a' has the dtype <U3"),
    (npz(a__npy=npy("__import__('os').getpid()\n")), "'a' is not an array"),
    (npz(a__npy=b"text"), "'a' is not an array"),
    (npz(a__npy=npy(HEADER % ("<f8", "(1,)"), b"1234567890")), "but there are 10 bytes"),
    (npz(notes__txt=b"text"), "'notes.txt' is there twice, or is not an array"),
    (npz(structure__json=b'{"w": {"$tensor": "w"}}'), "asks for a tensor 'w' that is not in the file"),
    (
        npz(structure__json=b'[{"$tensor": "a"}, {"$tensor": "a"}]', a__npy=npy(HEADER % ("<f8", "()"), b"12345678")),
        "asks for a tensor 'a' that is not in the file, or asks twice",
    ),
    (npz(structure__json=b"{", a__npy=b""), "not valid JSON"),
    (npz(structure__json=b"{}", a__npy=npy(HEADER % ("<f8", "()"), b"12345678")), r"no place for the tensors \['a'\]"),
    (npz(structure__json=b'{"$odd": 1}'), r"malformed '\$odd'"),
    (npz(structure__json=b'{"$float": "zero"}'), r"malformed '\$float'"),
    (npz(structure__json=b'{"$dict": [[[1], 2]]}'), r"malformed '\$dict'"),
    (npz(structure__json=b'{"$dict": [[1, 2], [1, 3]]}'), r"malformed '\$dict'"),
    (npz(structure__json=b'{"$tuple": [1], "more": 2}'), r"malformed '\$tuple'"),
    (npz(structure__json=b"[" * 100_000), "nested too deeply"),
]


@pytest.mark.parametrize(("content", "match"), FORGED_NPZ)
def test_forged_npz_files(content: bytes, match: str, tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=match):
        tg.load(path)


def test_an_npz_that_claims_to_unpack_to_a_terabyte(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    content = bytearray(npz(a__npy=npy(HEADER % ("<f8", "(125000000000,)"))))
    size = len(npy(HEADER % ("<f8", "(125000000000,)")))
    for position in range(len(content) - 4):
        if content[position : position + 4] == struct.pack("<I", size):
            content[position : position + 4] = struct.pack("<I", 2**32 - 2)
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(FileFormatError, match="longer than the file"):
        tg.load(path)
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


def safetensors_file(header: Any, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


FORGED_SAFETENSORS = [
    (struct.pack("<Q", 2**62), "header"),
    (safetensors_file({"w": {"dtype": "F64", "shape": [10**12], "data_offsets": [0, 8 * 10**12]}}), "not a .safetensors"),
    (safetensors_file({"w": {"dtype": "F64", "shape": [2], "data_offsets": [0, 8]}}, b"12345678"), "not a .safetensors"),
    (safetensors_file({"w": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}, b"1"), "not a .safetensors"),
    (safetensors_file({"w": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}}, b"1"), "'w' has the dtype F8_E4M3"),
    (
        safetensors_file({"w": {"dtype": "U64", "shape": [1], "data_offsets": [0, 8]}}, b"12345678"),
        "'w' has the dtype uint64",
    ),
    (safetensors_file({"__metadata__": {"tinygrad_mlp": "{"}}), "not valid JSON"),
    (safetensors_file({"__metadata__": {"tinygrad_mlp": '{"w": {"$tensor": "w"}}'}}), "asks for a tensor 'w'"),
]


@pytest.mark.parametrize(("content", "match"), FORGED_SAFETENSORS)
def test_forged_safetensors_files(content: bytes, match: str, tmp_path: Path) -> None:
    pytest.importorskip("safetensors", reason="safetensors is not installed")
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=match):
        tg.load(path)


FORGED_JSON = [
    ("", "not valid JSON"),
    ('{"a": 1', "not valid JSON"),
    ("[" * 100_000, "nested too deeply"),
    ('{"dtype": "float32", "shape": [1000000000000], "data": [1.0]}', "not nested as its shape"),
    ('{"dtype": "float32", "shape": [-1], "data": [1.0]}', "malformed tensor"),
    ('{"dtype": "float32", "shape": [true], "data": [1.0]}', "malformed tensor"),
    ('{"dtype": "float32", "shape": 3, "data": [1.0]}', "malformed tensor"),
    ('{"dtype": "float32", "shape": [2, 2], "data": [[1.0, 2.0], [3.0]]}', "not nested as its shape"),
    ('{"dtype": "float32", "shape": [0, 99999999999999999999], "data": []}', "malformed tensor"),
    ('{"dtype": "object", "shape": [], "data": 1}', "malformed tensor"),
    ('{"dtype": [], "shape": [], "data": 1}', "malformed tensor"),
    ('{"dtype": "uint8", "shape": [], "data": 256}', "malformed tensor"),
    ('{"dtype": "uint8", "shape": [], "data": 1.5}', r"1\.5 is not a uint8"),
    ('{"dtype": "bool", "shape": [], "data": 1}', "1 is not a bool"),
    ('{"dtype": "int8", "shape": [], "data": true}', "True is not a int8"),
    ('{"dtype": "float64", "shape": [], "data": "1"}', "malformed tensor"),
    ('{"dtype": "float32", "shape": [], "data": 1e300}', "malformed tensor"),
    ('{"dtype": "float64", "shape": [], "data": "nan:0x0"}', "is not a float64"),
    ('{"dtype": "float64", "shape": [], "data": "nan:0xfffffffffffffffff"}', "malformed tensor"),
    ('{"dtype": "float64", "shape": [], "data": null}', "None is not a float64"),
    ('{"w": {"$tensor": "w"}}', "malformed tensor"),
]


@pytest.mark.parametrize(("text", "match"), FORGED_JSON)
def test_forged_json_files(text: str, match: str, tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=match):
        tg.load(path)
