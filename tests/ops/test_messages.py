"""What goes wrong is told in the words of tensors and dims: NumPy's own errors come through nowhere."""

from __future__ import annotations

import inspect
import itertools
import re
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS

WORDS = re.compile(
    r"\b(array|arrays|axis|axis\d|axes|ndarray|ufunc|newaxis|numpy|remapping|inhomogeneous|iterator)\b",
    re.IGNORECASE,
)
OWN = {"from_numpy", "result_type"}  # they take arrays, and say so
TENSORS = [
    *[tg.ones(shape) for shape in ((), (0,), (4,), (2, 3), (3, 2), (2, 3, 4))],
    *[(tg.ones(2, 3) * 7).to(dtype) for dtype in (tg.bool, tg.int64, tg.uint8, tg.float16)],
    tg.tensor([True, False]),
    tg.tensor([7, -9]),
]
SIZES: list[Any] = [(), (0,), (5,), (-1,), (-1, -1), (0, -1), (2, -3), (2, 3), (7, 0)]
VALUES = {
    "dim": [-9, -1, 0, 1, 9],
    "dims": [*range(-2, 3), *SIZES],
    "shape": SIZES,
    "size": SIZES,
    "sizes": SIZES,
    "repeats": [0, -1, 2, *SIZES],
    "tensors": [[], TENSORS, TENSORS[3:5], TENSORS[:1]],
    "pad": SIZES,
    "dtype": [tg.float32],
    "equation": ["ij", "ij,jk", "ij->k", "i->i", "->"],
}
INTEGERS = ("dim", "start", "end", "diagonal", "offset", "chunks", "split", "k", "length", "shifts", "source", "destination")


def values(name: str) -> list[Any]:
    """Arguments for a parameter of that name, some of them wrong."""
    if name in VALUES:
        return VALUES[name]
    if name.startswith(INTEGERS):
        return VALUES["dim"]
    return [*TENSORS, 2, -2.5]


def calls(name: str) -> list[tuple[Any, ...]]:
    """Calls of the operation with one, two and three arguments, in the order in which it takes them."""
    parameters = [p for p in inspect.signature(OPS[name]).parameters.values() if p.kind is not p.KEYWORD_ONLY][:3]
    found: list[tuple[Any, ...]] = []
    for count in range(1, len(parameters) + 1):
        given = [values(p.name) for p in parameters[:count]]
        if count == 3:  # of many combinations, some
            rng = np.random.default_rng(0)
            found += [tuple(v[rng.integers(len(v))] for v in given) for _ in range(200)]
        else:
            found += itertools.product(*given)
    return found


PUBLIC = [
    n
    for n in list(OPS)
    if OPS[n] in (getattr(tg, n, None), getattr(tg.Tensor, n, None)) and n not in OWN and not n.startswith("manual")
]


@pytest.mark.parametrize("name", PUBLIC)
def test_no_word_of_numpy(name: str) -> None:
    for args in calls(name):
        own = [a.clone() if isinstance(a, tg.Tensor) else a for a in args]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            told = ""
            try:
                OPS[name](*own)
            except (RuntimeError, ValueError, TypeError, IndexError, OverflowError, AssertionError) as error:
                told = str(error)
            assert not WORDS.search(told), f"{name}{tuple(getattr(a, 'shape', a) for a in args)}: {told}"


@pytest.mark.parametrize("name", ["hstack", "vstack", "stack", "cat"])
def test_joining_nothing_names_the_function(name: str) -> None:
    with pytest.raises((RuntimeError, ValueError), match=rf"^{name}\(\): expected a non-empty list"):
        getattr(tg, name)([])


FAILING: dict[str, Callable[[Any], Any]] = {
    "matrix product": lambda x: x @ x,
    "operator": lambda x: x + tg.ones(5),
    "method": lambda x: x.view(5),
    "function": lambda x: tg.cat([x, tg.ones(5)]),
    "in place": lambda x: x.add_(tg.ones(5)),
    "index": lambda x: x[7],
    "reduction": lambda x: x.sum(4),
    "loss": lambda x: tg.nn.functional.cross_entropy(x, tg.ones(9, dtype=tg.int64)),
    "module": lambda x: tg.nn.Linear(2, 2)(x),
    "backward": lambda x: x.backward(),
}


@pytest.mark.parametrize("call", FAILING)
def test_few_frames_of_the_library_are_shown(call: str) -> None:
    """IPython and pytest leave out frames that have a ``__tracebackhide__``."""
    with pytest.raises((RuntimeError, IndexError, ValueError)) as caught:
        FAILING[call](tg.ones(2, 3))
    frames = [frame for frame, _ in traceback.walk_tb(caught.tb)]
    own = [frame for frame in frames if "tinygrad_mlp" in frame.f_globals.get("__name__", "")]
    assert len([frame for frame in own if not frame.f_locals.get("__tracebackhide__")]) <= 5
    assert len(own) <= 8


@pytest.mark.parametrize("thing", [tg.ones(2), tg.nn.Linear(1, 1)])
def test_what_needs_a_gpu_says_that_there_is_none(thing: Any) -> None:
    for call in (lambda: thing.cuda(), lambda: thing.cuda(0), lambda: thing.to("cuda"), lambda: thing.to("cuda:1")):
        with pytest.raises(RuntimeError, match="device 'cuda.*' is not available: this library computes on the CPU"):
            call()
