"""PyTorch's files: what is written is what PyTorch reads, what it writes is read, and what is no data is refused, and never run."""

from __future__ import annotations

import argparse
import collections
import io
import math
import os
import pathlib
import pickle
import struct
import sys
import time
import tracemalloc
import types
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import fuzz_loading
import numpy as np
import pytest
from hypothesis import assume, given, settings
from test_serialization import OBJECTS, assert_same, checkpoint

import tinygrad_mlp as tg
from tinygrad_mlp import nn, serialization
from tinygrad_mlp.errors import DeviceError, FileFormatError
from tinygrad_mlp.serialization import ForeignObjectError, names, opcodes

DTYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def torch_() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def saved(obj: Any) -> io.BytesIO:
    buffer = io.BytesIO()
    tg.save(obj, buffer)
    buffer.seek(0)
    return buffer


def again(obj: Any, **options: Any) -> Any:
    return tg.load(saved(obj), **options)


def archive(pickled: bytes, compression: int = zipfile.ZIP_STORED, **entries: bytes) -> io.BytesIO:
    """A file of PyTorch's with this pickle; keys of memory with their bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/version", b"3\n")
        for key, content in entries.items():
            archive.writestr("archive/" + (f"data/{key[1:]}" if key[0] == "k" else key), content)
    buffer.seek(0)
    return buffer


def p(value: Any) -> bytes:
    """The opcodes of a value."""
    return pickle.dumps(value, 2)[2:-1].replace(b"q\x00", b"").replace(b"q\x01", b"")


def storage(kind: str = "FloatStorage", key: str = "0", location: str = "cpu", numel: Any = 6) -> bytes:
    return b"(" + p("storage") + f"ctorch\n{kind}\n".encode() + p(key) + p(location) + p(numel) + b"tQ"


def tensor(memory: bytes, offset: Any = 0, size: Any = (2, 3), stride: Any = (3, 1)) -> bytes:
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + memory + p(offset) + p(size) + p(stride) + p(False) + b"NtR"


def program(*parts: bytes) -> bytes:
    return b"\x80\x02" + b"".join(parts) + b"."


SIX = np.arange(6, dtype=np.float32).tobytes()

# ------------------------------------------------------------------------------------------------------ without PyTorch


def test_a_checkpoint_under_every_other_ending(tmp_path: Path) -> None:
    for name in ("m.pt", "m.PTH", "m.ckpt", "m.bin", "m.tar", "m.pkl", "m", "m.0.9"):
        tg.save(checkpoint(), tmp_path / name)
        loaded = tg.load(tmp_path / name)
        assert type(loaded["model"]) is collections.OrderedDict
        loaded["model"] = dict(loaded["model"])
        for parts in loaded["optimizer"]["state"].values():
            assert parts["step"] == 3
        assert loaded["losses"][:1] == [2.5]
        assert math.isnan(loaded["losses"][1])
        tg.save(loaded, tmp_path / "again.npz")
    assert_same(tg.load(tmp_path / "again.npz"), loaded)


@given(obj=OBJECTS)
@settings(max_examples=settings().max_examples // 2)
def test_any_object_round_trips(obj: Any) -> None:
    try:
        buffer = saved(obj)
    except FileFormatError:  # a key that is too long
        assume(False)
    assert_same(obj, tg.load(buffer))


def test_layout_and_kinds_are_kept() -> None:
    x = tg.arange(6.0).reshape(2, 3)
    leaf = tg.ones(2, requires_grad=True)
    leaf.note = "mine"
    parameter = nn.Parameter(x)
    parameter.tag = 1
    state = {
        "x": x, "row": x[1], "turned": x.T, "expanded": tg.ones(1, 2).expand(3, 2), "leaf": leaf, "computed": leaf * 2,
        "parameter": parameter, "frozen": nn.Parameter(x, requires_grad=False), "buffer": nn.Buffer(tg.ones(2), persistent=False),
        "none": tg.zeros(0, 3), "number": tg.tensor(5),
    }  # fmt: skip
    loaded = again(state)
    for name, value in state.items():
        assert type(loaded[name]) is type(value), name
        assert (loaded[name].dtype, loaded[name].shape, loaded[name].tolist()) == (value.dtype, value.shape, value.tolist())
        assert loaded[name].requires_grad == value.requires_grad
        assert loaded[name].is_leaf
        if value.numel():
            assert loaded[name].stride() == value.stride()
    assert loaded["leaf"].note == "mine"
    assert loaded["parameter"].tag == 1
    assert loaded["buffer"].persistent is False
    loaded["row"].zero_()
    assert loaded["x"].tolist() == [[0, 1, 2], [0, 0, 0]]
    assert loaded["turned"][2, 1].item() == 0
    assert loaded["frozen"][1, 1].item() == 0
    product = (loaded["leaf"].sum() * loaded["x"]).sum()
    loaded["row"].add_(1)  # what the product needs
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.backward()


def test_a_view_of_memory_that_is_no_block_is_saved_alone() -> None:
    backwards = tg.from_numpy(np.ascontiguousarray(np.arange(6.0)[::-1]))
    fields = tg.from_numpy(np.array([(1, 2), (3, 4)], [("a", "f4"), ("b", "f4")])["b"])
    assert again([backwards, fields])[0].tolist() == [5, 4, 3, 2, 1, 0]
    assert again([backwards, fields])[1].tolist() == [2, 4]


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(dtype: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype)
    loaded = again(tg.from_numpy(array))
    assert loaded.numpy().dtype == array.dtype
    assert loaded.numpy().tobytes() == array.tobytes()


def plain() -> dict[str, Any]:
    """What is read with weights_only=False."""
    return {
        "number": np.float32(1.5), "array": np.arange(6).reshape(2, 3), "big": np.arange(3, dtype=">i4"), "text": np.array(["ab", "c"]),
        "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "dtype": np.dtype("<f4"), "set": frozenset([1, 2]), "range": range(3),
        "slice": slice(1, None), "path": pathlib.PurePosixPath("a/b"), "options": argparse.Namespace(lr=0.1, sizes=[1, 2]),
        "simple": types.SimpleNamespace(a=1), "deque": collections.deque([1, 2], 3), "many": collections.defaultdict(list, {1: [2]}),
        "here": pathlib.Path("a"),
    }  # fmt: skip


def data() -> dict[str, Any]:
    """What is read with weights_only=True."""
    return {
        "set": {1, 2}, "bytes": b"ab\xff\x00", "array": bytearray(b"\xff"), "size": tg.Size([2, 3]), "device": tg.device("cpu"),
        "dtypes": [tg.float32, tg.bool], "complex": 1 - 2j, "text": "\u00e9\ud800", "ints": [0, -1, 255, 256, 65_536, 2**31, -(2**40), 2**80],
        "long": 1 << 5000, "counts": collections.Counter("aab"), "floats": [0.1, math.inf, -0.0], "empty": [(), [], {}, set(), ""],
        (1, "a"): {None: True, 2: False, 2.5: 1},
    }  # fmt: skip


def assert_equal(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_equal(a[key], b[key])
    elif isinstance(a, np.ndarray):
        assert a.dtype.newbyteorder("=") == b.dtype.newbyteorder("=")  # NumPy may read them so
        assert a.tolist() == b.tolist()
    else:
        assert a == b


def test_plain_data() -> None:
    assert_equal(again(data()), data())
    loaded = again(plain(), weights_only=False)
    assert_equal(loaded, plain())
    loaded["many"]["new"].append(1)
    assert loaded["array"].flags.writeable
    for name, value in plain().items():
        with pytest.raises(ForeignObjectError, match="load it with weights_only=False"):
            again({name: value})
        if name in ("number", "array", "options"):
            with pytest.raises(pickle.UnpicklingError):  # PyTorch's class
                again({name: value})


def test_lists_that_are_in_two_places_or_in_themselves() -> None:
    shared: list[Any] = [1]
    loop: list[Any] = [shared, shared]
    loop.append(loop)
    loaded = again(loop)
    assert loaded[0] is loaded[1]
    assert loaded[2] is loaded
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(FileFormatError, match="nested too deeply"):
        saved(deep)


class Config:
    def __init__(self, width: int) -> None:
        self.width = width


class Slotted:
    __slots__ = ("width",)


def test_classes_of_the_users_that_only_hold_values() -> None:
    with pytest.raises(
        FileFormatError, match=r"the entry \['config'\] is a Config: no data.*add_safe_globals\(\[Config\]\)"
    ):
        saved({"config": Config(3)})
    slotted = Slotted()
    slotted.width = 4
    with serialization.safe_globals([Config, Slotted]):
        assert serialization.get_safe_globals() == [Config, Slotted]
        content = saved([Config(3), slotted]).getvalue()
        config, slots = tg.load(io.BytesIO(content))
    assert (type(config), config.width, slots.width) == (Config, 3, 4)
    assert serialization.get_safe_globals() == []
    for weights_only in (True, False):
        with pytest.raises(
            ForeignObjectError, match=r"an object of test_pytorch_files\.Config.*add_safe_globals\(\[Config\]\)"
        ):
            tg.load(io.BytesIO(content), weights_only=weights_only)
    renamed = content.replace(b"Slotted", b"Another").replace(b"Config", b"Former")
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        renamed = archive(old.read("archive/data.pkl").replace(b"Config", b"Former")).getvalue()
    serialization.add_safe_globals([(Config, "test_pytorch_files.Former"), Slotted])
    try:
        assert type(tg.load(io.BytesIO(renamed))[0]) is Config
    finally:
        serialization.clear_safe_globals()
    assert serialization.get_safe_globals() == []


@pytest.mark.parametrize(
    ("obj", "match"),
    [
        (tg.optim.SGD([tg.ones(1)], lr=0.1), r"is a SGD: code and no data: save its state_dict\(\), and load that with load_state_dict"),
        ({"f": print}, r"the entry \['f'\] is a builtin_function_or_method: no data, as are Tensors"),
        ([lambda: 0], "is a function: no data"),
        ({"t": type("Own", (tg.Tensor,), {})(2)}, "is a Own, a tensor of a class of its own"),
        ({2**64: 1}, "has a key of more than 64 bits"),
    ],
)  # fmt: skip
def test_what_is_code_is_not_saved_and_the_old_file_stays(obj: Any, match: str, tmp_path: Path) -> None:
    tg.save({"old": 1}, tmp_path / "m.pt")
    with pytest.raises(FileFormatError, match=match) as caught:
        tg.save(obj, tmp_path / "m.pt")
    assert str(tmp_path / "m.pt") in str(caught.value)
    assert tg.load(tmp_path / "m.pt") == {"old": 1}
    assert os.listdir(tmp_path) == ["m.pt"]


def test_the_same_object_gives_the_same_bytes() -> None:
    state = {"b": tg.ones(2), "a": tg.zeros(3), "n": [1, (2, "x")]}
    assert saved(state).getvalue() == saved(state).getvalue()


def test_memory_begins_at_multiples_of_64_and_can_be_mapped(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    tg.save({"a": tg.ones(3), "b": tg.arange(100), "c": tg.zeros(0)}, path)
    with zipfile.ZipFile(path) as file:
        for info in file.infolist():
            extra = int.from_bytes(path.read_bytes()[info.header_offset + 28 :][:2], "little")
            assert (info.header_offset + 30 + len(info.filename) + extra) % 64 == 0
    loaded = tg.load(path, mmap=True)
    assert loaded["b"].sum().item() == 4950
    loaded["a"].add_(1)
    assert loaded["a"].tolist() == [2, 2, 2]
    assert tg.load(path)["a"].tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="mmap=True needs the path"):
        tg.load(io.BytesIO(path.read_bytes()), mmap=True)
    path.write_bytes(fuzz_loading.LEGACY)
    with pytest.raises(FileFormatError, match="cannot be mapped"):
        tg.load(path, mmap=True)


def test_where_tensors_were() -> None:
    def file() -> io.BytesIO:
        return archive(program(tensor(storage(location="cuda:1"))), k0=SIX)

    with pytest.raises(
        DeviceError, match="cannot load the file: .*'cuda:1', which is not available: load it with map_location='cpu'"
    ):
        tg.load(file())
    places: list[Any] = [
        "cpu",
        tg.device("cpu"),
        {"cuda:1": "cpu"},
        lambda memory, place: memory,
        lambda memory, place: memory.cpu(),
    ]
    for place in places:
        assert tg.load(file(), map_location=place).tolist() == [[0, 1, 2], [3, 4, 5]]
    wrong: list[Any] = [
        {"cuda:0": "cpu"},
        {"cuda:1": "cuda:0"},
        lambda memory, place: None,
        lambda memory, place: memory.cuda(0),
    ]
    for place in wrong:
        with pytest.raises(DeviceError, match="map_location='cpu'"):
            tg.load(file(), place)
    assert tg.load(saved(tg.ones(1)), {"cuda:0": "cpu"}).tolist() == [1]


def test_bfloat16_is_widened() -> None:
    content = np.array([0x3FC0, 0xC000, 0x7F80, 0x0001, 0, 0], np.uint16).tobytes()
    with pytest.warns(UserWarning, match="bfloat16 tensors, which are float32 here"):
        loaded = tg.load(archive(program(tensor(storage("BFloat16Storage"))), k0=content))
    assert loaded.dtype is tg.float32
    assert loaded.flatten().tolist()[:4] == [1.5, -2.0, math.inf, 2.0**-133]


def test_the_other_byte_order() -> None:
    swapped = np.frombuffer(SIX, np.float32).byteswap().tobytes()
    other = b"big" if struct.pack("=H", 1) == b"\x01\x00" else b"little"
    assert tg.load(archive(program(tensor(storage())), k0=swapped, byteorder=other)).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_bool_that_is_another_byte_is_true() -> None:
    loaded = tg.load(archive(program(tensor(storage("BoolStorage"))), k0=bytes([0, 1, 2, 255, 0, 1])))
    assert loaded.numpy().view(np.uint8).ravel().tolist() == [0, 1, 1, 1, 0, 1]


def test_the_older_form() -> None:
    whole, view, number = tg.load(io.BytesIO(fuzz_loading.LEGACY))
    view.zero_()
    assert (whole.tolist(), number) == ([1, 0], 3)
    for end in range(len(fuzz_loading.LEGACY)):
        with pytest.raises(FileFormatError):
            tg.load(io.BytesIO(fuzz_loading.LEGACY[:end]))


def test_deflated_archives_and_protocol_4() -> None:
    pickled = pickle.dumps([{"a": (1, 2), "s": {3}, "f": frozenset([4]), "b": b"5", "l": 2**3000}, bytearray(b"6")], 5)
    assert tg.load(archive(pickled, zipfile.ZIP_DEFLATED), weights_only=False) == pickle.loads(pickled)
    assert tg.load(archive(program(b"U\x02\xc3\xa9"))) == "\u00e9"
    assert tg.load(archive(program(b"U\x01\xe9")), encoding="latin1") == "\u00e9"
    assert tg.load(archive(program(b"U\x01\xe9")), encoding="bytes") == b"\xe9"


# ------------------------------------------------------------------------------------------------ forged, and never run


class Canary:
    ran = False

    def __reduce__(self) -> Any:
        return run, ()


def run() -> None:
    Canary.ran = True


HOSTILE = [
    (pickle.dumps(Canary(), protocol), r"an object of test_pytorch_files\.run, and such an object.* is code") for protocol in (2, 3, 4, 5)
] + [
    (b"cos\nsystem\n" + p("exit") + b"\x85R.", r"an object of os\.system"),
    (b"\x80\x02c__builtin__\neval\n" + p("1") + b"\x85R.", r"an object of builtins\.eval"),
    (b"\x80\x04" + p("posix") + p("system") + b"\x93" + p("exit") + b"\x85R.", r"posix\.system"),
    (b"(S'exit'\nios\nsystem\n.", "the opcode b'S'"),
    (b"\x80\x02(cos\nsystem\n" + p("exit") + b"o.", r"os\.system"),
    (b"\x80\x02\x82\x01.", "the opcode"),
    (program(b"ctorch\nload\n", p("m.pt"), b"\x85R"), "of a kind that is not known here, by torch.load"),
    (program(b"ctorch._utils\n_rebuild_sparse_tensor\n"), "of a kind that is not known here"),
    (program(b"ctorch.nn.modules.linear\nLinear\n)\x81}b"), r"an object of torch\.nn\.modules\.linear\.Linear, .* a whole module"),
    (program(b"c__main__\nNet\n)\x81}b"), r"an object of __main__\.Net, and such an object, for example a whole module"),
]  # fmt: skip


@pytest.mark.parametrize("weights_only", [True, False])
@pytest.mark.parametrize(("pickled", "match"), HOSTILE)
def test_nothing_of_a_file_is_run(pickled: bytes, match: str, weights_only: bool) -> None:
    with pytest.raises(FileFormatError, match=match):
        tg.load(archive(pickled), weights_only=weights_only)
    assert not Canary.ran


def doubled(count: int) -> bytes:
    """A tuple that holds another twice, and so on: hashing it, or its text, takes 2^count steps."""
    return b")" + b"q\x00h\x00\x86" * count


def with_attribute(name: str) -> bytes:
    return b"ctorch._utils\n_rebuild_parameter_with_state\n(" + tensor(storage()) + b"\x88N}" + p(name) + b"NstR"


FLOAT = b"cnumpy\ndtype\n" + p("f4") + b"\x89\x88\x87R"
MANY = b"N" * 10_000
FORGED: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "cut short"),
    ("no stop", program(b"N")[:-1], "cut short"),
    ("an empty stack", program(b"0"), "more values than it has"),
    ("no mark", program(b"t"), "more values than it has"),
    ("two values", program(b"NN"), "malformed"),
    ("nothing to remember", program(b"q\x00"), "more values than it has"),
    ("an unknown number", program(b"h\x07"), "malformed"),
    ("a long text", program(b"X\xff\xff\xff\xff"), "cut short"),
    ("a text of exabytes", program(b"\x8d" + b"\xff" * 8), "cut short"),
    ("a long int", program(b"\x8b\xff\xff\xff\x7f"), "cut short"),
    ("a frame", program(b"\x95" + b"\xff" * 8), "more values|malformed|expected"),
    ("no UTF-8", program(b"X\x01\x00\x00\x00\xff"), "malformed"),
    ("a list as key", program(b"}]Ns"), "malformed: unhashable|malformed"),
    ("an odd dict", program(b"}(Nu"), "sets entries of a dict"),
    ("entries of a list", program(b"](NNu"), "sets entries of a list"),
    ("appends to a tuple", program(b")Na"), "appends to a tuple"),
    ("state of a list", program(b"]}b"), "sets the state of a list"),
    ("a name as data", program(b"](c_codecs\nencode\ne"), "_codecs.encode where data should be"),
    ("only a name", program(b"ctorch._utils\n_rebuild_tensor_v2\n"), "where data should be"),
    ("calls a number", program(b"K\x01)R"), "calls a int"),
    ("calls a dtype", program(b"ctorch\nfloat32\n)R"), "calls torch.float32"),
    ("not from a tuple", program(b"ctorch\nSize\n]R"), "calls torch.Size"),
    ("a long size", program(b"ctorch\nSize\n(c__builtin__\nset\n)RtR"), "malformed"),
    ("a bytearray of gigabytes", program(b"c__builtin__\nbytearray\n" + p(10**10) + b"\x85R"), "malformed"),
    ("a set of a range", program(b"c__builtin__\nset\nc__builtin__\nrange\n" + p(10**10) + b"\x85R\x85R"), "malformed"),
    ("a list of a range", program(b"c__builtin__\nlist\nc__builtin__\nrange\n" + p(10**10) + b"\x85R\x85R"), "calls builtins.list"),
    ("one list, copied", program(b"](" + MANY + b"eq\x000" + b"c__builtin__\nset\nh\x00\x85R0" * 1000 + b"N"), "more than 200,000 values"),
    ("one text, copied", program(p("a" * 10**6) + b"q\x000" + b"c_codecs\nencode\nh\x00\x85R0" * 1000 + b"N"), "more than 200,000 values"),
    ("many values", program(b"](" + b"N0" * 110_000 + b"e"), "more than 200,000 values"),
    ("a key of keys", program(b"}" + doubled(60) + b"Ns"), "a key of more than 1,000 values"),
    ("a deep key", program(b"}" + b")" + b"\x85" * 20_000 + b"Ns"), "a key of more than 1,000 values"),
    ("a set of keys", program(b"\x8f(" + doubled(60) + b"\x90"), "a key of more than 1,000 values"),
    ("a frozenset of keys", program(b"(" + doubled(60) + b"\x91"), "a key of more than 1,000 values"),
    ("an ordered dict of keys", program(b"ccollections\nOrderedDict\n](" + doubled(60) + b"N\x86e\x85R"), "a key of more than 1,000 values"),
    ("a slice of keys", program(b"}c__builtin__\nslice\n" + doubled(60) + b"NN\x87RNs"), "malformed"),
    ("keys of one hash", program(b"}(" + b"".join(p((k << 70) * (2**61 - 1)) + b"N" for k in range(1, 9)) + b"u"), "a key that is an int of more than 64"),
    ("text without end", program(tensor(storage(), 0).replace(p((2, 3)), doubled(60))), "the sizes .* and the strides"),
    ("an attribute of Python's", program(b"ccollections\nOrderedDict\n)R}" + p("__class__") + b"Nsb"), "malformed"),
    ("an attribute of a tensor", program(with_attribute("_data")), "the attribute '_data'"),
    ("a method of a tensor", program(with_attribute("sum")), "the attribute 'sum'"),
    # memory
    ("another id", program(p("storage") + b"Q"), "something else than the memory"),
    ("only memory", program(storage()), "memory without a tensor"),
    ("negative memory", program(tensor(storage(numel=-1))), "-1 elements"),
    ("much memory", program(tensor(storage(numel=2**62))), "4,611,686,018,427,387,904 elements"),
    ("more memory than there is", program(tensor(storage(numel=10**12))), "has 24 bytes, where 4,000,000,000,000 are expected"),
    ("less memory than there is", program(tensor(storage(numel=5))), "has 24 bytes, where 20 are expected"),
    ("memory of a bool", program(tensor(storage(numel=True))), "expected|24 bytes"),
    ("no such memory", program(tensor(storage(key="1"))), "'archive/data/1' is not there"),
    ("memory elsewhere", program(tensor(storage(key="../data.pkl"))), "is not there"),
    ("memory of two lengths", program(b"](" + tensor(storage()) + tensor(storage(numel=7)) + b"e"), "two dtypes or lengths"),
    ("memory of two dtypes", program(b"](" + tensor(storage()) + tensor(storage("IntStorage")) + b"e"), "two dtypes or lengths"),
    ("complex memory", program(tensor(storage("ComplexFloatStorage"))), "the dtype 'complex64', which tensors here do not have"),
    ("memory without a dtype", program(tensor(storage("HugeStorage"))), "not known here, by torch.HugeStorage"),
    ("a tensor of text", program(tensor(p("memory"))), "makes a tensor of a str"),
    # tensors
    ("too long", program(tensor(storage(), size=(3, 3))), r"sizes \(3, 3\), strides \(3, 1\) and offset 0 is not within its memory of 6 elements"),
    ("too far", program(tensor(storage(), offset=1)), "not within its memory"),
    ("a huge offset", program(tensor(storage(), offset=2**64)), "offset"),
    ("a negative offset", program(tensor(storage(), offset=-1)), "the offset -1"),
    ("a negative stride", program(tensor(storage(), offset=5, stride=(-3, -1))), r"the strides \(-3, -1\)"),
    ("a long stride", program(tensor(storage(), stride=(2**62, 1))), "not within its memory"),
    ("a negative size", program(tensor(storage(), size=(-2, 3))), r"the sizes \(-2, 3\)"),
    ("a size of a float", program(tensor(storage(), size=(2.0, 3))), "the sizes"),
    ("a size of a bool", program(tensor(storage(), size=(True, 3))), "the sizes"),
    ("fewer strides", program(tensor(storage(), stride=(1,))), "the strides"),
    ("many sizes", program(tensor(storage(), size=(1,) * 65, stride=(0,) * 65)), "the sizes"),
    ("endless without memory", program(tensor(storage(), size=(2**40, 2**40), stride=(0, 0))), "not within its memory"),
    ("none of a huge size", program(tensor(storage(), size=(0, 2**62, 2**62), stride=(1, 1, 1))), "not within its memory"),
    ("ints with a gradient", program(tensor(storage("IntStorage")).replace(p(False) + b"Nt", p(True) + b"Nt")), "malformed"),
    # NumPy
    ("objects", program(b"cnumpy\ndtype\n" + p("O8") + b"\x89\x88\x87R"), "malformed: the dtype object"),
    ("fields", program(b"cnumpy\ndtype\n" + p("f4,f4") + b"\x89\x88\x87R"), "malformed: the dtype"),
    ("metadata", program(b"cnumpy\ndtype\n" + p("f4") + b"\x89\x88\x87R(" + p(4) + p("<") + b"NNN" + p(-1) + p(-1) + p(0) + b"}tb"), "malformed"),
    ("a short number", program(b"cnumpy.core.multiarray\nscalar\n" + FLOAT + b"B\x00\x00\x00\x00\x86R"), "malformed: 0 bytes"),
    ("a long array", program(
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + p((0,)) + b"C\x01b\x87R(" + p(1) + p((10**12,)) + b"cnumpy\ndtype\n" + p("f4")
        + b"\x89\x88\x87R\x89C\x00tb"
    ), "malformed: 0 bytes for an array"),
    ("a class of arrays", program(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\ndtype\n" + p((0,)) + b"C\x01b\x87R"), "malformed"),
]  # fmt: skip


@pytest.mark.parametrize(("pickled", "match"), [row[1:] for row in FORGED], ids=[row[0] for row in FORGED])
def test_a_forged_pickle_is_refused_soon_and_in_little_memory(
    pickled: bytes, match: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opcodes, "VALUES", 200_000)
    content = archive(pickled, k0=SIX).getvalue()
    before = time.process_time()
    with pytest.raises(FileFormatError, match=match) as caught:
        tg.load(io.BytesIO(content), weights_only=False)
    assert time.process_time() - before < fuzz_loading.SECONDS  # what it guards against takes hours
    assert len(str(caught.value)) < 1000
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError):
            tg.load(io.BytesIO(content), weights_only=False)
        assert tracemalloc.get_traced_memory()[1] < fuzz_loading.MEMORY
    finally:
        tracemalloc.stop()


def zipped(**entries: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name.replace("__", "/").replace("_", "."), content)
    return buffer.getvalue()


ARCHIVES: list[tuple[str, Callable[[], bytes], str]] = [
    ("nothing", lambda: b"", "it is empty, or read to its end"),
    ("text", lambda: b"hello", "none of the formats that are known here"),
    ("a pickle", lambda: pickle.dumps({"w": 1}), "it is a pickle, but none of PyTorch's"),
    ("an old archive", lambda: b"\0" * 257 + b"ustar\0", "PyTorch before 0.1.10"),
    ("another zip", lambda: zipped(a_txt=b"1"), "but none of tensors"),
    ("two pickles", lambda: zipped(a__data_pkl=b"N.", b__data_pkl=b"N."), "but none of tensors"),
    ("TorchScript", lambda: zipped(a__data_pkl=b"N.", a__constants_pkl=b"N."), "a TorchScript archive: it holds a program"),
    ("a bomb", lambda: zipped(a__data_pkl=b"N" * (100 << 20)), "inflate to 104,857,600; expected at most 67,108,864"),
    ("no end", lambda: archive(b"N.").getvalue()[:-10], "not a whole"),
    ("one byte", lambda: b"P", "none of the formats"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "match"), [row[1:] for row in ARCHIVES], ids=[row[0] for row in ARCHIVES])
def test_what_is_no_file_of_tensors(content: Callable[[], bytes], match: str, tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    path.write_bytes(content())
    with pytest.raises(FileFormatError, match=match) as caught:
        tg.load(path)
    assert str(path) in str(caught.value)


def test_truncated_files() -> None:
    content = saved(checkpoint()).getvalue()
    for end in range(0, len(content), 7):
        with pytest.raises(FileFormatError):
            tg.load(io.BytesIO(content[:end]))


# --------------------------------------------------------------------------------------------------------- with PyTorch


def test_pytorch_reads_what_is_written(tmp_path: Path) -> None:
    torch = torch_()
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    optimizer = tg.optim.Adam(model.parameters())
    model(tg.randn(4, 3)).sum().backward()
    optimizer.step()
    x = tg.arange(6.0).reshape(2, 3)
    tg.save(
        {
            "model": model.state_dict(), "optimizer": optimizer.state_dict(), "x": x, "row": x[1], "turned": x.T, "leaf": tg.ones(2, requires_grad=True),
            "parameter": nn.Parameter(x), "buffer": nn.Buffer(tg.ones(1), persistent=False), "expanded": tg.ones(1, 2).expand(3, 2),
            "dtypes": {name: tg.from_numpy(np.arange(3).astype(name)) for name in DTYPES},
            "data": {key: value for key, value in data().items() if key != "long"},
            "none": tg.zeros(0, 3),
        },
        tmp_path / "m.pt",
    )  # fmt: skip
    for options in ({}, {"mmap": True}):
        loaded = torch.load(tmp_path / "m.pt", weights_only=True, **options)
        theirs = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
        theirs.load_state_dict(loaded["model"])
        their_optimizer = torch.optim.Adam(theirs.parameters())
        their_optimizer.load_state_dict(loaded["optimizer"])
        assert their_optimizer.state[theirs[0].weight]["step"].item() == 1
        for name, value in model.state_dict().items():
            assert loaded["model"][name].numpy().tobytes() == value.numpy().tobytes()
        loaded["row"].zero_()
        assert loaded["x"][1].tolist() == loaded["turned"][:, 1].tolist() == [0, 0, 0]
        assert loaded["expanded"].stride() == (0, 1)
        assert loaded["leaf"].requires_grad
        assert loaded["parameter"].requires_grad
        assert type(loaded["parameter"]) is torch.nn.Parameter
        assert isinstance(loaded["buffer"], torch.nn.Buffer)
        assert tuple(loaded["none"].shape) == (0, 3)
        for name, value in loaded["dtypes"].items():
            assert str(value.dtype) == f"torch.{name}"
            assert value.tolist() == np.arange(3).astype(name).tolist()
        for key, value in data().items():
            if key == "dtypes":
                assert loaded["data"][key] == [torch.float32, torch.bool]
            elif key == "size":
                assert type(loaded["data"][key]) is torch.Size
            elif key != "long" and key != "device":
                assert_equal(loaded["data"][key], value)
    tg.save(plain(), tmp_path / "p.pt")
    assert_equal(torch.load(tmp_path / "p.pt", weights_only=False), plain())
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "p.pt", weights_only=True)


@pytest.mark.parametrize(
    "options", [{}, {"_use_new_zipfile_serialization": False}, {"pickle_protocol": 4}, {"pickle_protocol": 5}]
)
def test_what_pytorch_wrote_is_read(options: dict[str, Any], tmp_path: Path) -> None:
    torch = torch_()
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    x = torch.arange(6.0).reshape(2, 3)
    parameter = torch.nn.Parameter(x)
    parameter.tag = 1
    state = {
        "model": model.state_dict(), "optimizer": optimizer.state_dict(), "x": x, "row": x[1], "turned": x.T, "parameter": parameter,
        "leaf": torch.ones(2, requires_grad=True), "buffer": torch.nn.Buffer(torch.ones(1), persistent=False), "none": torch.zeros(0, 3),
        "dtypes": {name: torch.from_numpy(np.arange(3).astype(name)) for name in DTYPES}, "dtype": torch.float64, "size": x.shape,
        "device": torch.device("cpu"), "expanded": torch.ones(1, 2).expand(3, 2), "plain": plain(), "set": {1}, "complex": 1j, "bytes": b"\xff",
    }  # fmt: skip
    torch.save(state, tmp_path / "m.pt", **options)
    loaded = tg.load(tmp_path / "m.pt", weights_only=False)
    ours = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    ours.load_state_dict(loaded["model"])
    for name, value in model.state_dict().items():
        assert loaded["model"][name].numpy().tobytes() == value.numpy().tobytes()
    assert loaded["model"]._metadata[""] == {"version": 1}
    our_optimizer = tg.optim.Adam(ours.parameters())
    our_optimizer.load_state_dict(loaded["optimizer"])
    assert our_optimizer.state[ours[0].weight]["exp_avg"].tolist() == optimizer.state[model[0].weight]["exp_avg"].tolist()
    loaded["row"].zero_()
    assert loaded["x"][1].tolist() == loaded["turned"][:, 1].tolist() == [0, 0, 0]
    assert loaded["parameter"][1].tolist() == [0, 0, 0]
    assert (type(loaded["parameter"]), loaded["parameter"].tag) == (nn.Parameter, 1)
    assert (type(loaded["buffer"]), loaded["buffer"].persistent) == (nn.Buffer, False)
    assert loaded["leaf"].requires_grad
    assert loaded["expanded"].stride() == (0, 1)
    assert tuple(loaded["none"].shape) == (0, 3)
    for name, value in loaded["dtypes"].items():
        assert value.numpy().dtype == name
        assert value.tolist() == np.arange(3).astype(name).tolist()
    assert (loaded["dtype"], loaded["size"], loaded["device"]) == (tg.float64, tg.Size([2, 3]), tg.device("cpu"))
    assert_equal(loaded["plain"], plain())
    assert (loaded["set"], loaded["complex"], loaded["bytes"]) == ({1}, 1j, b"\xff")


def test_what_of_pytorch_is_refused() -> None:
    torch = torch_()
    for obj, match in (
        (torch.nn.Sequential(torch.nn.Linear(1, 1)), r"torch\.nn\.modules\.container\.Sequential, .* a whole module"),
        (torch.ones(2, dtype=torch.complex64), "the dtype 'complex64'"),
        (torch.ones(2, dtype=torch.uint16), "the dtype 'uint16'"),
        (torch.ones(2).untyped_storage(), "memory without a tensor"),
        (torch.eye(2).to_sparse(), "_rebuild_sparse_tensor"),
        (np.float32(1), r"numpy\._core\.multiarray\.scalar, .* weights_only=False|numpy\.core\.multiarray\.scalar"),
    ):
        for options in ({}, {"_use_new_zipfile_serialization": False}):
            buffer = io.BytesIO()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.save(obj, buffer, **options)
            buffer.seek(0)
            with pytest.raises(FileFormatError, match=match):
                tg.load(buffer)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), buffer)
    buffer.seek(0)
    with pytest.raises(FileFormatError, match="TorchScript"):
        tg.load(buffer)


@given(obj=OBJECTS)
@settings(max_examples=settings().max_examples // 4)
def test_any_object_is_the_same_in_pytorch(obj: Any) -> None:
    torch = torch_()
    try:
        buffer = saved(obj)
    except FileFormatError:
        assume(False)
    theirs = torch.load(buffer, weights_only=False)
    buffer = io.BytesIO()
    torch.save(theirs, buffer)
    buffer.seek(0)
    assert_same(obj, tg.load(buffer))


def test_every_name_of_the_tables_is_pytorchs() -> None:
    torch = torch_()
    for name in names.STORAGES:
        assert hasattr(torch, name), name
    for name in names.DTYPES:
        assert isinstance(getattr(torch, name), torch.dtype), name


class Remembering(nn.Module):
    """A module of a program, whose code a loader must not run."""

    made: ClassVar[list[str]] = []

    def __new__(cls, *args: Any) -> Any:
        cls.made.append("new")
        return super().__new__(cls)

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.made.append("init")
        self.layers = nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width), nn.Tanh())
        self.tied = self.layers[0]
        self.width, self.names, self.unused = width, ["a", "b"], None

    def __setstate__(self, state: Any) -> None:
        self.made.append("setstate")
        super().__setstate__(state)

    def forward(self, x: Any) -> Any:
        return self.layers(x) * self.width


def test_a_whole_module_is_loaded_where_the_program_has_its_class_and_says_so() -> None:
    model = Remembering().eval()
    x = tg.randn(4, 2)
    file = io.BytesIO()
    tg.save({"model": model, "epoch": 3}, file)
    file.seek(0)
    with pytest.raises(
        ForeignObjectError, match=r"a whole module, is code and no data: save its state_dict\(\).*weights_only=False"
    ):
        tg.load(file)
    Remembering.made.clear()
    file.seek(0)
    loaded = tg.load(file, weights_only=False)
    assert Remembering.made == []
    again = loaded["model"]
    assert loaded["epoch"] == 3
    assert type(again) is Remembering
    assert again(x).tolist() == model(x).tolist()
    assert again.tied is again.layers[0]
    assert (again.width, again.names, again.unused, again.training) == (3, ["a", "b"], None, False)
    again.train()(x).sum().backward()
    assert again.tied.weight.grad is not None
    assert model.tied.weight.grad is None


def test_a_whole_module_is_refused_where_its_class_is_unknown_or_it_holds_code(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Remembering()
    file = io.BytesIO()
    tg.save(model, file)
    monkeypatch.delattr(sys.modules[__name__], "Remembering")
    for weights_only in (True, False):
        file.seek(0)
        with pytest.raises(ForeignObjectError, match="Remembering, and such an object, for example a whole module, is code"):
            tg.load(file, weights_only=weights_only)
    model.function = lambda x: x
    with pytest.raises(FileFormatError, match=r"\['function'\] is a function: no data"):
        tg.save(model, io.BytesIO())
