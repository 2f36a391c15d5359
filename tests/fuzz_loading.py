"""Files that are damaged or forged, for every loader: each is loaded, or refused with one error that says which file and why.

``python tests/fuzz_loading.py --inputs 1000000`` makes a million of them, by chance from a seed, in a process that may take
200 MB more than it has when it begins, and prints the slowest; the tests make a few thousand. An input that fails is printed with
its number, from which ``--first NUMBER --inputs 1`` makes it again.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import math
import pickle
import pickletools
import random
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # it runs without an installed package, too

import tinygrad_mlp as tg
from tinygrad_mlp.datasets.idx import idx_header, read_idx
from tinygrad_mlp.errors import DeviceError, FileFormatError
from tinygrad_mlp.serialization import read_json

MEMORY = 200_000_000  # bytes that loading may take
SECONDS = 1.0
NUMBERS = [0, 1, -1, 2, 3, 7, 8, 255, 256, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1, 10**30]
VALUES = [
    *NUMBERS, None, True, False, 0.5, -0.0, 1e308, "", "a", "nan", "inf", "nan:0x7ff8000000000001", "nan:" + "f" * 30, [], {}, [1],
    [[]], {"$tensor": "a"}, {"$tensor": 1}, {"$float": "nan"}, {"$float": "-inf"}, {"$float": "0"}, {"$tuple": [1]}, {"$dict": [[1, 2]]},
    {"$dict": [[[], 2]]}, {"$dict": [1]}, {"dtype": "float32", "shape": [2], "data": [1, 2.5]}, "\ud800", "float64", [0] * 70,
]  # fmt: skip
WORDS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "9" * 5000,
    "[" * 100_000,
    '{"a":' * 50_000,
    '"\\ud800"',
    "\ufeff",
    "01",
    "'a'",
]


def checkpoint() -> dict[str, Any]:
    """Something of everything that a file can hold."""
    return {
        "model": {
            "w": tg.arange(6.0).reshape(2, 3),
            "b": tg.tensor([True, False]),
            "n": tg.tensor(5),
            "h": tg.ones(2, dtype=tg.half),
        },
        "betas": (0.9, 0.999),
        "state": {0: {"step": 3, "empty": tg.zeros(0, 2)}},
        "losses": [2.5, float("nan"), None, "text"],
    }


def saved(ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a{ending}")
        tg.save(checkpoint(), path)
        return path.read_bytes()


# ------------------------------------------------------------------------------------------------------------ any bytes


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, left out, doubled or put in."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(data) + 1)
        until = at + min(chance.choice((1, 2, 4, 8, 40)), len(data) - at)
        match chance.randrange(7):
            case 0:
                del data[at:]
            case 1:
                del data[at:until]
            case 2:
                data[at:at] = data[at:until]
            case 3:
                data[at:until] = chance.randbytes(until - at)
            case 4:
                size = chance.choice((1, 2, 4, 8))
                number = chance.choice(NUMBERS) % 256**size
                data[at : at + size] = number.to_bytes(size, chance.choice(("little", "big")))
            case 5:
                data[at:at] = chance.randbytes(chance.randrange(20))
            case 6 if data:
                data[at - 1] ^= 1 << chance.randrange(8)
    return bytes(data)


# ------------------------------------------------------------------------------------------------------ by their formats


def forged_value(value: Any, chance: random.Random) -> Any:
    """A JSON value with something in it replaced."""
    if isinstance(value, dict | list) and value and chance.random() < 0.85:
        copy: Any = value.copy()
        key: Any = chance.choice(list(copy)) if isinstance(copy, dict) else chance.randrange(len(copy))
        if chance.random() < 0.1:
            del copy[key]
        elif chance.random() < 0.1 and isinstance(copy, dict):
            copy[chance.choice(("a", "$tensor", "$dict", "shape", "__metadata__"))] = copy.pop(key)
        else:
            copy[key] = forged_value(copy[key], chance)
        return copy
    return chance.choice(VALUES)


def forged_text(value: Any, chance: random.Random) -> bytes:
    """JSON with something replaced, and sometimes with what is no JSON, or with a key twice."""
    for _ in range(chance.choice((0, 1, 1, 2))):
        value = forged_value(value, chance)
    text = json.dumps(value)
    if chance.random() < 0.3:
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(WORDS) + text[at + chance.randrange(3) :]
    if chance.random() < 0.1:
        text = text.replace("{", '{"a": 1, "a": 2, ', 1)
    return text.encode("utf-8", "surrogatepass")


def forged_safetensors(chance: random.Random) -> bytes:
    content = SAFETENSORS
    length = int.from_bytes(content[:8], "little")
    text, data = forged_text(json.loads(content[8 : 8 + length]), chance), content[8 + length :]
    length = len(text) if chance.random() < 0.9 else chance.choice(NUMBERS) % 2**64
    return struct.pack("<Q", length) + text + data[: chance.choice((len(data), len(data), chance.randrange(len(data) + 1)))]


def npy(chance: random.Random) -> bytes:
    descr = chance.choice(
        ("<f4", "<f8", ">i4", "|b1", "|u1", "<i8", "<f2", "|O", "<U3", "<c8", "<M8[s]", "V8", "<f99", "f", "", "<x4")
    )
    shape = tuple(chance.choice((0, 1, 2, 3, *NUMBERS)) for _ in range(chance.choice((0, 1, 2, 3, 70))))
    size = math.prod(shape) * 4 if chance.random() < 0.7 else chance.randrange(100)
    header = repr({"descr": descr, "fortran_order": chance.choice((True, False, 1)), "shape": shape})
    header = chance.choice(
        (header, header, header, header.replace("'", '"'), "(" * 300 + header, "-" * 9000 + "1", header[:20], header * 2)
    )
    text = header.encode() + b" " * chance.randrange(30) + b"\n"
    version = chance.choice(((1, 0), (1, 0), (2, 0), (3, 0), (4, 0)))
    length = struct.pack(
        "<H" if version == (1, 0) else "<I", len(text) if chance.random() < 0.9 else chance.randrange(2**16)
    )
    return b"\x93NUMPY" + bytes(version) + length + text + bytes(min(size, 200_000) if size >= 0 else 0)


def forged_npz(chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for _ in range(chance.randrange(4)):
            name = chance.choice(("a.npy", "b.npy", "a/b.npy", "../a.npy", ".npy", "a", "structure.json", "\u00e9.npy"))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a name that is there twice
                archive.writestr(
                    name, npy(chance) if name != "structure.json" else forged_text({"w": {"$tensor": "a"}}, chance)
                )
    return with_forged_fields(buffer.getvalue(), chance)


def with_forged_fields(content: bytes, chance: random.Random) -> bytes:
    """A zip archive in which fields of headers, of entries and of the end are others."""
    data = bytearray(content)
    for _ in range(chance.choice((0, 0, 1, 2))):
        signature, size = chance.choice(((b"PK\x03\x04", 30), (b"PK\x01\x02", 46), (b"PK\x05\x06", 22)))
        at = data.find(signature)
        if at >= 0:
            width, number = chance.choice((2, 4)), chance.choice(NUMBERS)
            field = at + 4 + 2 * chance.randrange((size - 4) // 2)
            data[field : field + width] = (number % 256**width).to_bytes(width, "little")
    return bytes(data)


# Parts of pickles: opcodes with their arguments.
OPCODES = [
    *(bytes([code]) for code in range(256)),
    *(pickle.dumps(number, 2)[2:-1] for number in [*NUMBERS, 0.5, -1, 10**1000]),
    *(b"c" + name + b"\n" for name in (
        b"os\nsystem", b"builtins\neval", b"builtins\nlist", b"builtins\nbytearray", b"builtins\nset", b"builtins\nrange",
        b"builtins\nfrozenset", b"collections\ndeque", b"collections\nCounter", b"collections\nOrderedDict", b"torch\nSize",
        b"collections\ndefaultdict", b"torch\ndevice", b"torch\nfloat64", b"torch\nbfloat16", b"torch\nBFloat16Storage",
        b"torch\nBoolStorage", b"torch\nComplexFloatStorage", b"torch._utils\n_rebuild_tensor_v3", b"torch._utils\n_rebuild_parameter",
        b"torch._tensor\n_rebuild_from_type_v2", b"numpy\ndtype", b"numpy.core.multiarray\n_reconstruct", b"numpy\nndarray",
        b"numpy.core.multiarray\nscalar", b"argparse\nNamespace", b"_codecs\nencode", b"torch\nTensor", b"torch.nn.modules.linear\nLinear",
    )),
    *(pickle.dumps(text, 2)[2:-1] for text in ("storage", "cuda:0", "0", "cpu", "a" * 300, "f8", "latin1", "__class__", "_data")),
    b"]" * 200, b"}" * 200, b"(" * 200, b")\x85" + b"\x85" * 300, b"2" * 3, b"h\x00\x86q\x00" * 60, b"(h\x00h\x01h\x02t", b")R", b")\x81", b"0",
    b"}X\x05\x00\x00\x00_data" b"Nsb", b"N)NNN", b"h\x00h\x00s",
]  # fmt: skip


def forged_pickle(parts: list[bytes], chance: random.Random) -> bytes:
    """A pickle in which some opcodes are others, or are gone, or there more than once."""
    parts = parts.copy()
    for _ in range(chance.choice((0, 1, 1, 2, 4, 8))):
        at = chance.randrange(len(parts))
        match chance.randrange(5):
            case 0:
                del parts[at]
            case 1:
                parts.insert(at, chance.choice(OPCODES))
            case 2:
                parts[at] = chance.choice(OPCODES)
            case 3:
                parts[at:at] = parts[at : at + chance.randrange(20)]
            case 4:
                numbers = [i for i, part in enumerate(parts) if part[:1] in b"KMJ\x8a"]
                if numbers:
                    parts[chance.choice(numbers)] = pickle.dumps(chance.choice(NUMBERS), 2)[2:-1]
    return b"".join(parts)


def parts_of(pickled: bytes) -> list[bytes]:
    """The opcodes of a pickle, each with its argument."""
    starts = [position for _, _, position in pickletools.genops(pickled)]
    return [pickled[a:b] for a, b in zip(starts, [*starts[1:], len(pickled)], strict=True) if a is not None]


def forged_pytorch(chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(PYTORCH)) as whole,
        zipfile.ZipFile(buffer, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive,
    ):
        for name in whole.namelist():
            content = whole.read(name)
            if name == "archive/data.pkl":
                content = forged_pickle(PARTS, chance)
            elif chance.random() < 0.05:
                content = chance.choice((b"", content + b"1", b"big", content[1:]))
            if chance.random() < 0.98:
                archive.writestr(name, content)
    return with_forged_fields(buffer.getvalue(), chance)


def forged_idx(chance: random.Random) -> bytes:
    shape = tuple(abs(chance.choice((1, 2, 3, *NUMBERS))) % 2**32 for _ in range(chance.choice((1, 1, 2, 3, 4, 5))))
    promised = math.prod(shape)
    values = promised + chance.choice((0, 0, -1, 1)) if promised < 10**5 else 9
    content = idx_header(shape) + bytes(max(0, values))
    return gzip.compress(content, 1) if chance.random() < 0.5 else content


SAFETENSORS, NPZ, JSON, PYTORCH = (saved(ending) for ending in (".safetensors", ".npz", ".json", ".pt"))
with zipfile.ZipFile(io.BytesIO(PYTORCH)) as _archive:
    PARTS = parts_of(_archive.read("archive/data.pkl"))
# Of PyTorch before 1.6: [tensor([1., 2.]), a view of it, 3].
_TENSOR = (
    b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x02NtQ"
    b"K%c(K%ct(K\x01t\x89Nt\x85R"
).replace(b"t\x85R", b"tR")
_BEGIN = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
_OBJECT = b"\x80\x02](" + _TENSOR % (b"\x00", b"\x02") + _TENSOR % (b"\x01", b"\x01") + b"K\x03e."
_END = pickle.dumps(["0"], 2) + struct.pack("<Q2f", 2, 1, 2)
LEGACY = _BEGIN + _OBJECT + _END
LEGACY_PARTS = parts_of(_OBJECT)
STRUCTURE = json.loads(JSON)
RESULTS = [{"experiment": "toy", "section": "Table 1", "quantity": "accuracy", "paper": 97.9, "ours": None, "n": 1}]
IDX = idx_header((3, 4)) + bytes(range(12))
GZ = gzip.compress(IDX)


def read_standard(path: Path) -> None:
    """Read a JSON file, and hold what it says against the standard, which has no infinity and no NaN."""
    json.dumps(read_json(path), allow_nan=False)


def load_all(path: Path) -> Any:
    """Load a file; one of PyTorch's with all the names that there are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bfloat16
        return tg.load(path, weights_only=False)


Maker = Callable[[random.Random], bytes]
LOADERS: dict[str, tuple[str, Callable[[Path], Any], bytes, Maker]] = {
    "safetensors": ("a.safetensors", load_all, SAFETENSORS, forged_safetensors),
    "npz": ("a.npz", tg.load, NPZ, forged_npz),
    "pytorch": ("a.pt", load_all, PYTORCH, forged_pytorch),
    "legacy": ("a.pth", load_all, LEGACY, lambda chance: _BEGIN + forged_pickle(LEGACY_PARTS, chance) + _END),
    "json": ("a.json", tg.load, JSON, lambda chance: forged_text(STRUCTURE, chance)),
    "results": ("results.json", read_standard, json.dumps(RESULTS).encode(), lambda chance: forged_text(RESULTS, chance)),
    "idx": ("a-ubyte", read_idx, IDX, forged_idx),
    "idx.gz": ("a-ubyte.gz", read_idx, GZ, forged_idx),
}


def made(loader: str, chance: random.Random) -> bytes:
    """A file for a loader: a whole one damaged, one forged by its format, a forged one damaged, or any bytes."""
    _, _, whole, forge = LOADERS[loader]
    kind = chance.random()
    if kind < 0.05:
        return chance.randbytes(chance.randrange(100))
    if kind < 0.4:
        return damaged(whole, chance)
    content = forge(chance)
    return content if kind < 0.85 else damaged(content, chance)


def outcome(loader: str, content: bytes, folder: Path) -> str:
    """Whether a file is loaded or refused.

    Raises:
        Exception: It is neither: any other error.
        AssertionError: It is refused without its name.
    """
    name, load, _, _ = LOADERS[loader]
    path = folder / name
    path.unlink(missing_ok=True)  # file systems wait for the disk where a file is written over
    path.write_bytes(content)
    try:
        load(path)
    except (FileFormatError, DeviceError) as error:
        if str(path) not in str(error) or len(str(error)) > 2000:
            raise AssertionError(f"an error without the file, or without end: {error}") from error
        return "refused"
    return "loaded"


def fuzz(inputs: int, first: int, folder: Path) -> None:
    """Make files and load them; print what came of it."""
    seen: Counter[tuple[str, str]] = Counter()
    slowest = (0.0, 0)
    for number in range(first, first + inputs):
        loader = list(LOADERS)[number % len(LOADERS)]
        content = made(loader, random.Random(number))
        before = time.process_time()
        try:
            seen[loader, outcome(loader, content, folder)] += 1
        except BaseException as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            message = f"{type(error).__name__}: {str(error)[:300]}, in line {frame.lineno} of {frame.filename}"
            raise SystemExit(f"input {number}, {loader}, {content[:300]!r}: {message}") from None
        slowest = max(slowest, (time.process_time() - before, number))
    for (loader, what), count in sorted(seen.items()):
        print(f"{loader:12} {what:8} {count:9,}")
    print(f"slowest: input {slowest[1]}, {slowest[0]:.3f} s of CPU time")
    if slowest[0] > SECONDS:
        raise SystemExit(f"input {slowest[1]} took {slowest[0]:.1f} s")


def limit_memory() -> None:
    """Let this process take 200 MB more than it has now."""
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("error")
    np.zeros(1) @ np.zeros(1)  # what BLAS takes, it takes now
    if sys.platform == "linux":
        limit_memory()
    with tempfile.TemporaryDirectory() as folder:
        fuzz(options.inputs, options.first, Path(folder))


if __name__ == "__main__":
    main()
