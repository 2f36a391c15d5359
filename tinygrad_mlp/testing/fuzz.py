"""Random programs, run by this library and by PyTorch: a difference is shrunk and printed as a script.

::

    python -m tinygrad_mlp.testing.fuzz --programs 100000 [--seed 0] [--jobs 1]
    python -m tinygrad_mlp.testing.fuzz --only 4711        # that program alone

Each program (:mod:`.random_programs`) has up to twelve lines over mixed dtypes, with views, in-place writes, ties, indexing, reductions,
products, losses, and now and then arguments that make no sense. Compared are, of every value, dtype, shape, ``requires_grad`` and
numbers; the gradients of all values together by every input, and the gradients of those; and that a line raises in both
libraries or in neither, here an error that catches PyTorch's.

A program follows from the seed and its number alone. Not counted as a difference:

* rounding: what PyTorch does, too, where the value of each line is
  moved to this library's, from which it is no further than the comparison allows; and gradients that agree in float64, and that part as
  much in one of the libraries alone when its operations round another way (:class:`Rounding`). A wrong rule is as wrong in float64,
  and however its numbers are rounded;
* what a line in place writes to where one library had to copy what the other could view, if both agree when both copy;
* second derivatives that PyTorch gives, too, where it keeps their graph;
* the cases of :data:`DEVIATIONS`, where PyTorch raises and this library need not;
* a second derivative at a singular point that is finite here and not there.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib
import math
import re
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import tinygrad_mlp

from ..autograd.recording import observed_by
from .random_programs import Leaf, Program, Seeded, Step, write

__all__ = ["DEVIATIONS", "Mismatch", "Report", "compare", "fuzz", "main", "program_number", "script", "shrink"]

Array = np.ndarray[Any, Any]

# Why PyTorch may raise where this library does not: the line and what it says (a regular expression), and the reason.
DEVIATIONS: dict[str, str] = {
    r"not implemented for|not supported (on|for)|does not support|hardtanh on an unsigned type": (
        "no kernel for the dtype there"
    ),
    r"derivative for .* is not implemented": "no derivative there",
    r"modified by an inplace operation|is a view and (is being modified inplace|its base)|A view was created in no_grad mode": (
        "the write is given its history here"
    ),
    r"refers? to a single memory location": "operands that share memory are copied here",
    r"result type \w+ can't be cast to the desired output type|Found dtype \w+ but expected|Negation, the `-` operator, on a bool": (
        "no backward of mixed dtypes there"
    ),
    r"Index put requires the source and destination dtypes match": "an assignment casts here",
    r"INTERNAL ASSERT FAILED|returned an invalid gradient|ZeroTensors are immutable": "a fault there",
    r"INDICES element is out of DATA bounds|: index \d+ is out of bounds|: index out of range in self": (
        "another class of error for an index out of range"
    ),
    r"Dimension specified as 0 but tensor has no dimensions": "another class of error for a tensor without dimensions",
    r"Integer division with addcdiv": "addcdiv divides integers here",
    r"^v\d+\W.*: a leaf Variable that requires grad": "the write is given its history here",
    r"view size is not compatible": "another memory layout, of which there is a view",
    r"Subtraction, the `-` operator": "sub with bool computes here",
    r"value cannot be converted to type \w+ without overflow": "an assignment casts here",
    r"self indexing axis dim should be positive": "another class of error for an index out of range",
}

# Why this library may raise where PyTorch does not.
STRICTER: dict[str, str] = {
    r"inplace operation: (l1|standardize|true_divide|linear|_matmul|_einsum|(class|soft)_cross_entropy) needs": "another value is saved here",
    r"view size .* is not compatible": "another memory layout, of which there is no view",
    r"^v\d+ = torch.cat.*Dimension out of range": "empty vectors have dimensions here",
    r"memory is read-only or shared by several": "expanded views cannot be written here",
    r"index -?\d+ is out of bounds": "indices are checked here",
    r"(l1_loss|softmax) is not implemented for": "no losses and probabilities of integers here",
    r"where expected condition to be a boolean": "conditions are bool here, not uint8",
    r"^v\d+ = (torch\.bmm\(|\w+ @ ).*: matmul: expected all arguments to have the same dtype": (
        "batches without elements are multiplied there before their dtypes are compared"
    ),
}

# Operations that PyTorch computes less precisely than their dtype allows, and how far the results may part.
LOOSE: dict[str, float] = {
    "F.hardsigmoid": 1e-7,  # its 1/6 is a float32
    "torch.addcdiv": 1e-7,  # with integers it computes in float32
    "F.binary_cross_entropy(": 1e-6,  # its second derivative adds 1e-12 to denominators
}

_WRITES = re.compile(r"\w_\(|inplace=True|^[xv]\d+(\[.+\] =| .=)")  # in-place methods and operators, assignments to elements
_ORDERS = ("the gradients", "the second gradients")


# --------------------------------------------------------------------------------------------------- running a program


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


def _dtype(tensor: Any) -> str:
    return str(tensor.dtype).rpartition(".")[2]


def _pull(library: Any, outputs: Sequence[Any], inputs: Sequence[Any], create_graph: bool) -> Sequence[Any]:
    cotangents = [library.from_numpy(_weights(tuple(t.shape), _dtype(t))) for t in outputs]
    return library.autograd.grad(outputs, inputs, cotangents, create_graph=create_graph, allow_unused=True)


class Rounding:
    """Another way to round: the results of operations, in this library or in PyTorch, move by up to two units in the last place.

    Monte Carlo arithmetic: Parker 1997. It leaves alone what no rounding made, numbers of the operands and those that half the
    digits can hold, so that ties stay ties.

    Args:
        seed: Of the moves.
        values: Move the program's values, too, and not only what is computed on the way back.
    """

    def __init__(self, seed: int, *, values: bool) -> None:
        self.values = values
        self._draw = np.random.default_rng(seed).integers

    def within(self, library: Any) -> contextlib.AbstractContextManager[Any]:
        """Where this is how the library rounds."""
        if library is tinygrad_mlp:
            return observed_by(self)
        mode = importlib.import_module("torch.utils._python_dispatch").TorchDispatchMode
        dispatch = lambda mode, *call: self._kernel(*call)  # noqa: E731 - PyTorch writes to it, as it cannot to a method
        return type("Rounding", (mode,), {"__torch_dispatch__": dispatch})()

    def _kernel(self, kernel: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one of PyTorch's kernels."""
        if "zerotensor" in str(kernel):  # has no memory, and crashes some kernels that run like this
            return _pytorch().zeros(*args, **(kwargs or {}))
        flat = importlib.import_module("torch.utils._pytree").tree_leaves
        operands = [_array(t).copy() for t in flat((args, kwargs)) if hasattr(t, "detach")]
        results = kernel(*args, **(kwargs or {}))
        if all(r.alias_info is None or r.alias_info.is_write for r in kernel._schema.returns):  # no views
            for result in flat(results):
                if hasattr(result, "detach"):
                    self._move(_array(result), operands)
        return results

    def applied(self, op: Any, args: Sequence[Any], arrays: Sequence[Any], params: dict[str, Any], result: Any) -> None:
        """Move the result of an operation of this library."""
        operands = [array for array in arrays if isinstance(array, np.ndarray)]
        if not any(np.may_share_memory(result._data, array) for array in operands):
            self._move(result._data, operands)

    def differentiating(self, node: Any, g: Any, contributions: Iterator[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        """A backward pass inside: what its rules do on Tensors is moved as everything else is."""
        return contributions

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
    program: Program,
    library: Any,
    *,
    create_graph: bool = False,
    rounding: Rounding | None = None,
    near: float | None = None,
) -> Outcome:
    """Run the program.

    Args:
        program: What to run.
        library: Where.
        create_graph: Keep the graph of the second gradients, too, as it must be for their ``rounding`` here.
        rounding: How operations round.
        near: Where given, the value of each line is moved to this library's before it is used, if it is no further away than this.
    """
    outcome = Outcome()
    names = _names(program, library)
    outcome.values = {leaf.name: names[leaf.name] for leaf in program.leaves}
    sources = {leaf.name: names[leaf.name] for leaf in program.leaves if leaf.requires_grad}

    def rounded(wanted: bool) -> contextlib.AbstractContextManager[Any]:
        return rounding.within(library) if rounding is not None and wanted else contextlib.nullcontext()

    beside = {} if near is None else _names(program, tinygrad_mlp)
    for step in program.steps:
        if beside:
            with contextlib.suppress(Exception):  # which is noted where it is not beside
                exec(step.code, beside)
        try:
            with rounded(bool(rounding and rounding.values)):
                exec(step.code, names)
        except Exception as error:
            outcome.errors[str(step)] = error
        else:
            if step.target:
                if near is not None and step.target in beside:
                    names[step.target] = _moved(names[step.target], _array(beside[step.target]), near, library)
                outcome.values[step.target] = names[step.target]
    outputs = [v for v in outcome.values.values() if hasattr(v, "requires_grad") and v.requires_grad]
    if not sources or not outputs:
        return outcome
    place = _ORDERS[0]
    try:
        with rounded(True):
            first = _pull(library, outputs, list(sources.values()), create_graph=True)
            outcome.gradients = dict(zip(sources, first, strict=True))
            place = _ORDERS[1]
            again = [g for g in first if g is not None and g.requires_grad]
            if again:
                second = _pull(library, again, list(sources.values()), create_graph=create_graph)
                outcome.seconds = dict(zip(sources, second, strict=True))
    except Exception as error:
        outcome.errors[place] = error
    return outcome


def _moved(tensor: Any, value: Array, near: float, library: Any) -> Any:
    """The tensor with another value, if that is near, and the gradients that it had."""
    if value.dtype.kind != "f" or tuple(tensor.shape) != value.shape or distance(value, _array(tensor)) > near:
        return tensor
    with np.errstate(all="ignore"):
        way = np.asarray(value - _array(tensor))
    way[~np.isfinite(way)] = 0
    return tensor + library.from_numpy(way) if way.any() else tensor


# --------------------------------------------------------------------------------------------------------- comparing


@dataclass(frozen=True)
class Mismatch:
    """A difference: what kind of thing differs, where, and both sides as text."""

    kind: str
    where: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.kind} of {self.where}\n  tinygrad_mlp: {self.ours}\n  PyTorch:      {self.theirs}"


def _array(tensor: Any) -> Array:
    if (
        hasattr(tensor, "_is_zerotensor") and tensor._is_zerotensor()
    ):  # PyTorch's zeros without memory: a view of them cannot be read
        return np.zeros(tuple(tensor.shape), _dtype(tensor))
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


def _unsigned(a: Array) -> Array:
    return np.where(np.isinf(a), np.inf, a) if a.dtype.kind == "f" else a


def _kind_of(error: Exception) -> type[BaseException]:
    """The built-in class that catches a PyTorch error; a kernel that is not there is a RuntimeError."""
    found = next(c for c in type(error).__mro__ if c.__module__ == "builtins" and issubclass(c, Exception))
    return RuntimeError if issubclass(found, NotImplementedError) else found


def deviation(place: str, ours: Exception | None, theirs: Exception | None) -> str | None:
    """Why, in this line, one library need not raise what the other does, if there is a reason."""
    table, error = (DEVIATIONS, theirs) if theirs is not None else (STRICTER, ours)
    return next((reason for pattern, reason in table.items() if re.search(pattern, f"{place}: {error}")), None)


def _short(error: Exception) -> str:
    text = str(error).strip().split("\n")[0][:160]
    return f"{type(error).__name__}: {text}"


def _pytorch() -> Any:
    """PyTorch, of which there are no types where it is not installed."""
    return importlib.import_module("torch")


def compare(program: Program, counts: Counter[str] | None = None) -> Mismatch | None:
    """Run the program in both libraries; the first difference, or None.

    Args:
        program: What to run.
        counts: Where to count what happened: lines, errors, gradients, deviations, differences by rounding.
    """
    torch = _pytorch()

    counts = Counter() if counts is None else counts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = run(program, torch)
        found = _difference(program, theirs, counts)
        if found is not None:  # unless a value that was rounded otherwise decided it
            near = run(program, torch, near=_tolerance(program, theirs))
            if _difference(program, near, Counter(), rounding=False) is None:
                counts["rounding"] += 1
                return None
        return found


def _difference(program: Program, theirs: Outcome, counts: Counter[str], rounding: bool = True) -> Mismatch | None:
    """The first difference of this library's outcome from PyTorch's that nothing excuses, or nothing but ``rounding``."""
    ours = run(program, tinygrad_mlp)
    counts["lines"] += len(program.steps)
    counts["errors"] += len(ours.errors)
    found, comparable = _errors_part(ours, theirs, counts)
    if found is not None or not comparable:
        return found
    found = _values_part(ours, theirs)
    if found is not None:
        return found
    counts["gradients"] += bool(ours.gradients)
    counts["second gradients"] += any(g is not None for g in ours.seconds.values())
    return _numbers_part(program, ours, theirs, counts, rounding)


def _errors_part(ours: Outcome, theirs: Outcome, counts: Counter[str]) -> tuple[Mismatch | None, bool]:
    """The first difference in what raises, and whether the rest can be compared."""
    for place in [*theirs.errors, *ours.errors]:
        mine, other = ours.errors.get(place), theirs.errors.get(place)
        reason = deviation(place, mine, other)
        if mine is not None and other is not None:
            if not isinstance(mine, _kind_of(other)) and reason is None:
                return Mismatch(f"class {type(mine).__name__} of error", place, _short(mine), _short(other)), False
            if _WRITES.search(place):  # of which PyTorch may have done a part
                return None, False
            continue
        if reason is None and mine is None and other is not None:
            return Mismatch(f"missing {_kind_of(other).__name__}", place, "no error", _short(other)), False
        if reason is None and mine is not None:
            return Mismatch(f"unexpected {type(mine).__name__}", place, _short(mine), "no error"), False
        counts[f"deviation: {reason}"] += 1
        if place not in _ORDERS:  # what follows is not the same program
            return None, False
        for outcome in (ours, theirs):
            outcome.seconds = {}
            if place == _ORDERS[0]:
                outcome.gradients = {}
    return None, True


def _values_part(ours: Outcome, theirs: Outcome) -> Mismatch | None:
    for name, theirs_value in theirs.values.items():
        if name not in ours.values:
            continue
        mine = ours.values[name]
        for kind, a, b in (
            ("dtype", _dtype(mine), _dtype(theirs_value)),
            ("shape", tuple(mine.shape), tuple(theirs_value.shape)),
            ("requires_grad", mine.requires_grad, theirs_value.requires_grad),
        ):
            if a != b and (kind != "requires_grad" or mine.numel()):  # a view without elements knows no history here
                return Mismatch(kind, name, str(a), str(b))
    for name, other in theirs.gradients.items():
        g = ours.gradients.get(name)
        if (g is None) != (other is None):
            return Mismatch("gradient", name, str(g), str(other))
        if g is not None and other is not None and (_dtype(g), tuple(g.shape)) != (_dtype(other), tuple(other.shape)):
            return Mismatch("gradient dtype", name, f"{_dtype(g)} {tuple(g.shape)}", f"{_dtype(other)} {tuple(other.shape)}")
    return None


def _numbers(outcome: Outcome) -> dict[tuple[str, str], Any]:
    """All tensors by kind and name, in the order in which they are compared."""
    kinds = {"value": outcome.values, "gradient": outcome.gradients, "second gradient": outcome.seconds}
    return {(kind, name): tensor for kind, tensors in kinds.items() for name, tensor in tensors.items()}


def _tolerance(program: Program, outcome: Outcome) -> float:
    """How far numbers of the program may be apart, for its dtypes and operations."""
    tolerance = 2e-4 if any(_dtype(v) == "float32" for v in outcome.values.values()) else 1e-9
    return max([tolerance, *(loose for text, loose in LOOSE.items() if any(text in s.expression for s in program.steps))])


def _numbers_part(program: Program, ours: Outcome, theirs: Outcome, counts: Counter[str], rounding: bool) -> Mismatch | None:
    tolerance = _tolerance(program, theirs)
    mine = _numbers(ours)
    for (kind, name), other in _numbers(theirs).items():
        tensor = mine.get((kind, name))
        present = other if tensor is None else tensor
        if present is None:
            continue
        a, b = (_array(t) if t is not None else np.zeros(tuple(present.shape)) for t in (tensor, other))  # None is zero
        apart = distance(a, b)
        if apart > tolerance:
            excuse = _excuse(program, ours, theirs, kind, name, a, b, tolerance, rounding)
            if excuse:
                counts[excuse] += 1
                return None
            return Mismatch(kind, name, np.array2string(a, precision=17), np.array2string(b, precision=17))
    return None


def _excuse(
    program: Program,
    ours: Outcome,
    theirs: Outcome,
    kind: str,
    name: str,
    a: Array,
    b: Array,
    tolerance: float,
    rounding: bool,
) -> str | None:
    """Why two numbers may differ: what to count it as, or None for a difference that nothing excuses."""
    if (line := _viewed_by_one(program)) is not None and compare(_copying(program, line)) is None:
        return "deviation: another memory layout, of which one library has a view"
    if distance(_unsigned(a), _unsigned(b)) < tolerance:
        return "deviation: the sign of an infinity at a signed zero"
    skipped = np.zeros(b.shape, bool)
    if kind != "value":
        skipped = np.isnan(b)
        if distance(*(np.where(skipped, 0, x) for x in (a, b))) < tolerance:
            return "deviation: a derivative that is nan there"
    if kind == "second gradient":
        if not np.isfinite(b).all():
            skipped = ~np.isfinite(a) | ~np.isfinite(b)
            if distance(*(np.where(skipped, 0, x) for x in (a, b))) < tolerance:
                return "deviation: a second derivative at a singular point"
        kept = run(program, _pytorch(), create_graph=True).seconds[name]
        if kept is not None and distance(a, _array(kept)) < tolerance:
            return "deviation: what PyTorch gives, too, where it keeps the graph"
    if not rounding or not _agree_in_float64(program):
        return None
    return "rounding" if _rounds_apart(program, ours, theirs, kind, name, skipped, tolerance) else None


def _rounds_apart(
    program: Program, ours: Outcome, theirs: Outcome, kind: str, name: str, skipped: Array, tolerance: float
) -> bool:
    """Whether one of the libraries, where it rounds another way, is about as far from itself as from the other."""
    # Where the libraries agree on every value to the last bit, what depends on them was decided alike, and may not be decided
    # otherwise to explain a gradient that is far off. What was decided before something was overwritten is not seen any more.
    decided_alike = not any(_WRITES.search(str(step)) for step in program.steps) and all(
        np.array_equal(_array(v), _array(ours.values[n]), equal_nan=_array(v).dtype.kind == "f")
        for n, v in theirs.values.items()
    )

    def number(outcome: Outcome) -> Array:
        tensor = _numbers(outcome).get((kind, name))
        return np.zeros(skipped.shape) if tensor is None else _array(tensor)

    def apart(one: Outcome, other: Outcome) -> float:
        a, b = number(one), number(other)
        return distance(np.where(skipped, 0, a), np.where(skipped, 0, b)) if a.shape == b.shape else math.inf

    difference = apart(ours, theirs)
    values = not decided_alike or difference < 50 * tolerance
    recorded = run(program, tinygrad_mlp, create_graph=True)  # as it is where operations can be moved
    for seed in range(5):
        for library, plain in ((tinygrad_mlp, recorded), (_pytorch(), theirs)):
            again = run(program, library, create_graph=library is tinygrad_mlp, rounding=Rounding(seed, values=values))
            if again.errors.keys() <= plain.errors.keys() and apart(again, plain) * 10 >= difference:
                return True
    return False


def _viewed_by_one(program: Program) -> int | None:
    """The first line of which one library makes a view and the other a copy, where something is written later."""
    ours, theirs = _names(program, tinygrad_mlp), _names(program, _pytorch())
    for position, step in enumerate(program.steps):
        for names in (ours, theirs):
            with contextlib.suppress(Exception):  # which both raise, or the comparison would have said so
                exec(step.code, names)
        if step.target in ours and step.target in theirs:
            for operand in step.uses:
                shared = {np.may_share_memory(_array(n[step.target]), _array(n[operand])) for n in (ours, theirs)}
                if len(shared) > 1:
                    return position if any(_WRITES.search(str(later)) for later in program.steps[position:]) else None
    return None


def _copying(program: Program, line: int) -> Program:
    """The program with a copy of the line's result."""
    step = program.steps[line]
    copying = Step(step.target, f"({step.expression}).clone()")
    return replace(program, steps=(*program.steps[:line], copying, *program.steps[line + 1 :]))


def _names(program: Program, library: Any) -> dict[str, Any]:
    """What the program's lines are run with, in this library or PyTorch."""
    return {"torch": library, "F": library.nn.functional} | {leaf.name: leaf.make(library) for leaf in program.leaves}


def _agree_in_float64(program: Program) -> bool:
    """Whether the libraries agree on the program with float64 for float32 throughout, or it has that already."""
    libraries = (tinygrad_mlp, _pytorch())
    leaves = tuple(replace(leaf, dtype=leaf.dtype.replace("float32", "float64")) for leaf in program.leaves)
    steps = tuple(Step(s.target, s.expression.replace("torch.float32", "torch.float64")) for s in program.steps)
    wide = replace(program, leaves=leaves, steps=steps)
    defaults = [library.get_default_dtype() for library in libraries]  # of what is made of integers
    if wide == program and all(default is library.float64 for default, library in zip(defaults, libraries, strict=True)):
        return True
    try:
        for library in libraries:
            library.set_default_dtype(library.float64)
        return compare(wide) is None
    finally:
        for library, default in zip(libraries, defaults, strict=True):
            library.set_default_dtype(default)


# --------------------------------------------------------------------------------------------------------- shrinking


def _cut(program: Program, position: int, value: Any) -> Program:
    """Without a line: its result becomes an input with the value that it had."""
    step = program.steps[position]
    steps = program.steps[:position] + program.steps[position + 1 :]
    leaves = program.leaves
    if any(step.target in later.uses for later in steps):
        array = _array(value)
        name = f"x{1 + max((int(leaf.name[1:]) for leaf in leaves), default=-1)}"
        numbers = tuple(array.ravel().tolist())
        leaves += (Leaf(name, array.shape, _dtype(value), numbers, bool(value.requires_grad)),)
        steps = tuple(Step(s.target, re.sub(rf"\b{step.target}\b", name, s.expression)) for s in steps)
    return _tidy(Program(leaves, steps, program.result))


def _tidy(program: Program) -> Program:
    used = {name for step in program.steps for name in step.uses}
    leaves = tuple(leaf for leaf in program.leaves if leaf.name in used)
    targets = [step.target for step in program.steps if step.target]
    return Program(leaves, program.steps, targets[-1] if targets else leaves[-1].name if leaves else "")


def _simpler_leaves(leaf: Leaf) -> Iterator[Leaf]:
    for dim, size in enumerate(leaf.shape):
        if size > 1:
            array = np.array(leaf.values, dtype=object).reshape(leaf.shape)
            smaller = np.take(array, range(size - 1), axis=dim)
            yield replace(leaf, shape=smaller.shape, values=tuple(smaller.ravel().tolist()))
    if leaf.requires_grad:
        yield replace(leaf, requires_grad=False)
    if leaf.dtype.startswith("float"):
        for numbers in ([1.0] * len(leaf.values), [float(round(v)) if abs(v) < 1e9 else v for v in leaf.values]):
            yield replace(leaf, values=tuple(numbers))
        for k, v in enumerate(leaf.values):
            for simple in (1.0, 0.0, round(v, 2) if abs(v) < 1e9 else v):
                yield replace(leaf, values=(*leaf.values[:k], simple, *leaf.values[k + 1 :]))


def _weight(program: Program) -> tuple[float, ...]:
    """How complicated a program is."""
    numbers = [v for leaf in program.leaves for v in leaf.values]
    return (
        len(program.steps),
        len(program.leaves),
        len(numbers),
        sum(leaf.requires_grad for leaf in program.leaves),
        sum(len(repr(v)) for v in numbers),
        sum(abs(v - 1) for v in numbers if math.isfinite(v)),
    )


def _simpler(program: Program) -> Iterator[Program]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = run(program, tinygrad_mlp).values
    for position in range(len(program.steps) - 1, -1, -1):
        target = program.steps[position].target
        if not target or target in values:
            yield _cut(program, position, values.get(target))
        else:
            yield _tidy(Program(program.leaves, program.steps[:position] + program.steps[position + 1 :], program.result))
    for k, leaf in enumerate(program.leaves):
        for simpler in _simpler_leaves(leaf):
            yield Program((*program.leaves[:k], simpler, *program.leaves[k + 1 :]), program.steps, program.result)


def shrink(program: Program, kind: str, limit: int = 600) -> Program:
    """A smaller program with a mismatch of the same kind, in at most ``limit`` comparisons."""
    tries = 0
    again = True
    while again:
        again = False
        for candidate in _simpler(program):
            if _weight(candidate) >= _weight(program):
                continue
            tries += 1
            if tries > limit:
                return program
            found = compare(candidate)
            if found is not None and found.kind == kind:
                program, again = candidate, True
                break
    return program


def script(program: Program, title: str) -> str:
    """A standalone script that runs the program in both libraries and prints what each makes of it."""
    lines = [
        f'"""{title}"""',
        "",
        "import tinygrad_mlp",
        "import torch as pytorch",
        "",
        "",
        "def run(torch):",
        "    F = torch.nn.functional",
        *(f"    {leaf}" for leaf in program.leaves),
        f"    inputs = [{', '.join(leaf.name for leaf in program.leaves if leaf.requires_grad)}]",
        *(f"    {step}" for step in program.steps),
        f"    values = [{', '.join([leaf.name for leaf in program.leaves] + [s.target for s in program.steps if s.target])}]",
        '    print(torch.__name__, "values", *values, sep="\\n")',
        "    outputs = [v for v in values if v.requires_grad]",
        "    for order in range(2 if inputs else 0):",
        "        weights = [torch.cos(torch.arange(1.0, v.numel() + 1)).reshape(v.shape).to(v.dtype) for v in outputs]",
        "        grads = torch.autograd.grad(outputs, inputs, weights, create_graph=True, allow_unused=True)",
        '        print("gradients of order", order + 1, *grads, sep="\\n")',
        "        outputs = [g for g in grads if g is not None and g.requires_grad]",
        "        if not outputs:",
        "            break",
        "",
        "",
        "for library in (tinygrad_mlp, pytorch):",
        "    try:",
        "        run(library)",
        "    except Exception as error:",
        "        print(library.__name__, type(error).__name__, error)",
    ]
    return "\n".join(lines)


# ----------------------------------------------------------------------------------------------------------- the fuzzer


@dataclass
class Report:
    """What a run found: counts, and per kind of difference how often and one shrunk script."""

    programs: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    scripts: dict[str, str] = field(default_factory=dict)

    @property
    def mismatches(self) -> int:
        """How many programs differed."""
        return self.seen.total()

    def add(self, other: Report) -> None:
        """Take another report's findings in."""
        self.programs += other.programs
        self.counts += other.counts
        self.seen += other.seen
        self.scripts = other.scripts | self.scripts

    def __str__(self) -> str:
        lines = [
            f"{self.programs} programs, {1e3 * self.seconds / max(self.programs, 1):.2f} ms each: {self.mismatches} mismatches"
        ]
        lines += [f"  {count:8} {name}" for name, count in sorted(self.counts.items())]
        for signature, count in self.seen.most_common():
            lines += ["", f"{count} x {signature}", "", self.scripts.get(signature, "")]
        return "\n".join(lines)


def program_number(number: int, seed: int = 0) -> Program:
    """The program with this number: it follows from the two alone.

    >>> program_number(3) == program_number(3)
    True
    """
    choices = Seeded(f"{seed}:{number}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return write(choices, length=choices.integer(1, 12), smooth=False, grid=choices.integer(0, 9) >= 7)


def _signature(found: Mismatch, program: Program) -> str:
    """What two reports of the same difference have in common: its kind and the operations of the shrunk program."""
    operations = [re.sub(r"\b[xv]\d+\b", "_", s.expression) for s in program.steps]
    return f"{found.kind}: " + "; ".join(re.sub(r"-?\d+(\.\d+)?", "#", text)[:60] for text in operations)


def fuzz(numbers: Iterable[int], seed: int = 0, *, scripts: int = 50) -> Report:
    """Compare the programs with these numbers.

    Args:
        numbers: Which programs.
        seed: Of which series.
        scripts: How many different differences are shrunk; further ones are counted as they are.
    """
    torch = _pytorch()

    torch.set_num_threads(1)
    report = Report()
    start = time.perf_counter()
    for number in numbers:
        report.programs += 1
        program = program_number(number, seed)
        found = compare(program, report.counts)
        if found is None:
            continue
        shrunk = shrink(program, found.kind) if len(report.scripts) < scripts else program
        found = compare(shrunk) or found
        signature = _signature(found, shrunk)
        report.seen[signature] += 1
        title = f"{found}\n\nProgram {number} of seed {seed}, shrunk.\n"
        report.scripts.setdefault(signature, script(shrunk, title))
    report.seconds = time.perf_counter() - start
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 1 if there were mismatches."""
    parser = argparse.ArgumentParser(prog="python -m tinygrad_mlp.testing.fuzz", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--programs", type=int, default=1000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of which series")
    parser.add_argument("--first", type=int, default=0, help="the first one's number")
    parser.add_argument("--only", type=int, help="this one alone: print it and what it does")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args(arguments)
    if options.only is not None:
        print(program_number(options.only, options.seed))
    numbers = range(options.first, options.first + options.programs) if options.only is None else [options.only]
    report = Report()
    start = time.perf_counter()
    if options.jobs == 1:
        report.add(fuzz(numbers, options.seed))
    else:
        with ProcessPoolExecutor(options.jobs) as pool:
            parts = [numbers[k :: options.jobs] for k in range(options.jobs)]
            for part in pool.map(fuzz, parts, [options.seed] * options.jobs):
                report.add(part)
    report.seconds = time.perf_counter() - start
    print(report)
    return 1 if report.mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
