"""What a library makes of a program: values, gradients of two orders, and errors; also where it rounds another way."""

from __future__ import annotations

import contextlib
import functools
import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.state import Observer
from ...grad_mode import observed_by
from ..random_programs.program import LIBRARY, RandomProgram, pytorch

__all__ = ["ORDERS", "Outcome", "Rounding", "array_of", "distance", "dtype_of", "names_for", "run"]

Array = np.ndarray[Any, Any]

ORDERS = ("the gradients", "the second gradients")


@dataclass
class Outcome:
    """What a library made of a program: values by name, gradients of two orders by input, errors by place."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    gradients: dict[str, Array | None] = field(default_factory=dict)
    seconds: dict[str, Array | None] = field(default_factory=dict)


@functools.lru_cache(maxsize=1024)
def _weights(shape: tuple[int, ...], dtype: str) -> Array:
    """Fixed cotangents, so that every element counts differently."""
    return np.cos(np.arange(1.0, math.prod(shape) + 1)).astype(dtype).reshape(shape)


def dtype_of(tensor: Any) -> str:
    """The name of its dtype, the same in both libraries."""
    return str(tensor.dtype).rpartition(".")[2]


def _pull(library: Any, outputs: Sequence[Any], inputs: Sequence[Any], create_graph: bool) -> Sequence[Any]:
    cotangents = [library.from_numpy(_weights(tuple(t.shape), dtype_of(t))) for t in outputs]
    return library.autograd.grad(outputs, inputs, cotangents, create_graph=create_graph, allow_unused=True)


class Rounding(Observer):
    """Another way to round: the results of operations, in this library or in PyTorch, move by up to two units in the last place.

    Monte Carlo arithmetic: Parker 1997. It leaves alone what no rounding made, numbers of the operands and those that half the
    digits can hold, so that ties stay ties. Without ``values`` only what is computed on the way back moves.
    """

    def __init__(self, seed: int, *, values: bool) -> None:
        self.values = values
        self._draw = np.random.default_rng(seed).integers

    def within(self, library: Any) -> contextlib.AbstractContextManager[Any]:
        """Where this is how the library rounds."""
        if library is LIBRARY:
            return observed_by(self)
        mode = importlib.import_module("torch.utils._python_dispatch").TorchDispatchMode
        dispatch = lambda mode, *call: self._kernel(*call)  # noqa: E731 - PyTorch writes to it, as it cannot to a method
        return type("Rounding", (mode,), {"__torch_dispatch__": dispatch})()

    def _kernel(self, kernel: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one of PyTorch's kernels."""
        if "zerotensor" in str(kernel):  # PyTorch's zeros without memory crash some kernels in this mode
            return pytorch().zeros(*args, **(kwargs or {}))
        flat = importlib.import_module("torch.utils._pytree").tree_leaves
        operands = [array_of(t).copy() for t in flat((args, kwargs)) if hasattr(t, "detach")]
        results = kernel(*args, **(kwargs or {}))
        if all(r.alias_info is None or r.alias_info.is_write for r in kernel._schema.returns):  # no views
            for result in flat(results):
                if hasattr(result, "detach"):
                    self._move(array_of(result), operands)
        return results

    def applied(self, op: Any, args: Sequence[Any], arrays: Sequence[Any], params: dict[str, Any], result: Any) -> None:
        """Move the result of an operation of this library."""
        operands = [array for array in arrays if isinstance(array, np.ndarray)]
        if not any(np.may_share_memory(result._data, array) for array in operands):
            self._move(result._data, operands)

    def _move(self, data: Array, operands: Sequence[Array]) -> None:
        if data.dtype.kind != "f":
            return
        with np.errstate(all="ignore"):
            exact = np.equal(data, data.astype(np.float32 if data.dtype == np.float64 else np.float16))
            for array in operands:
                exact |= np.isin(np.abs(data), np.abs(array)) if array.dtype.kind == "f" else False
            moves = np.finfo(data.dtype).eps * self._draw(-2, 3, data.shape)
            np.copyto(data, data * (1 + moves), where=~exact, casting="same_kind")


def run(
    program: RandomProgram,
    library: Any,
    *,
    create_graph: bool = False,
    rounding: Rounding | None = None,
    near: float | None = None,
) -> Outcome:
    """Run the program in a library.

    Args:
        create_graph: Keep the graph of the second gradients, too, as it must be for their ``rounding`` here.
        rounding: How operations round.
        near: Where given, the value of each line is moved to this library's before it is used, if it is no further away than this.
    """
    outcome = Outcome()
    names = names_for(program, library)
    outcome.values = {leaf.name: names[leaf.name] for leaf in program.leaves}
    sources = {leaf.name: names[leaf.name] for leaf in program.leaves if leaf.requires_grad}

    def rounded(wanted: bool) -> contextlib.AbstractContextManager[Any]:
        return rounding.within(library) if rounding is not None and wanted else contextlib.nullcontext()

    beside = {} if near is None else names_for(program, LIBRARY)
    for line in program.lines:
        if beside:
            with contextlib.suppress(Exception):  # the same error is noted below
                exec(line.code, beside)
        try:
            with rounded(bool(rounding and rounding.values)):
                exec(line.code, names)
        except Exception as error:
            outcome.errors[str(line)] = error
        else:
            if line.target:
                if near is not None and line.target in beside:
                    names[line.target] = _moved(names[line.target], array_of(beside[line.target]), near, library)
                outcome.values[line.target] = names[line.target]
    outputs = [v for v in outcome.values.values() if hasattr(v, "requires_grad") and v.requires_grad]
    if not sources or not outputs:
        return outcome
    place = ORDERS[0]
    try:
        with rounded(True):
            first = _pull(library, outputs, list(sources.values()), create_graph=True)
            outcome.gradients = dict(zip(sources, first, strict=True))
            place = ORDERS[1]
            again = [g for g in first if g is not None and g.requires_grad]
            if again:
                second = _pull(library, again, list(sources.values()), create_graph=create_graph)
                outcome.seconds = dict(zip(sources, second, strict=True))
    except Exception as error:
        outcome.errors[place] = error
    return outcome


def _moved(tensor: Any, value: Array, near: float, library: Any) -> Any:
    """The tensor with another value, if that is near, and the gradients that it had."""
    if value.dtype.kind != "f" or tuple(tensor.shape) != value.shape or distance(value, array_of(tensor)) > near:
        return tensor
    with np.errstate(all="ignore"):
        way = np.asarray(value - array_of(tensor))
    way[~np.isfinite(way)] = 0
    return tensor + library.from_numpy(way) if way.any() else tensor


def names_for(program: RandomProgram, library: Any) -> dict[str, Any]:
    """What the program's lines are run with, in this library or PyTorch."""
    return {"torch": library, "F": library.nn.functional} | {leaf.name: leaf.make(library) for leaf in program.leaves}


def array_of(tensor: Any) -> Array:
    """Its numbers, in the memory where they are."""
    if hasattr(tensor, "_is_zerotensor") and tensor._is_zerotensor():  # PyTorch's zeros without memory, which has no view
        return np.zeros(tuple(tensor.shape), dtype_of(tensor))
    return np.asarray(tensor.detach().numpy())


def distance(a: Array, b: Array) -> float:
    """The largest difference relative to the largest number; infinite where NaNs or infinities are in different places."""
    if a.shape != b.shape or a.dtype.kind != "f" or a.size == 0:
        return 0.0 if np.array_equal(a, b) else math.inf
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(all="ignore"):
        regular = np.isfinite(b)
        if not np.array_equal(np.where(regular, 0.0, b), np.where(regular, 0.0, a), equal_nan=True):
            return math.inf
        difference = np.abs(a - b)[regular]
        largest = np.abs(b[regular]).max(initial=0.0)
    value = float(difference.max(initial=0.0)) / (1 + float(largest))
    return value if value == value else math.inf
