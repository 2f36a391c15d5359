"""Whether two libraries agree on a program; what differs, and whether rounding or memory layouts excuse it."""

from __future__ import annotations

import contextlib
import math
import re
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..random_programs.program import LIBRARY, Line, RandomProgram, pytorch
from .deviations import LOOSE, deviation
from .running import ORDERS, Array, Outcome, Rounding, array_of, distance, dtype_of, names_for, run

__all__ = ["Mismatch", "compare"]

Place = tuple[str, str]  # what kind of number, and of which tensor


# In-place methods and operators, and assignments to elements.
_WRITES = re.compile(r"\w_\(|inplace=True|^[xv]\d+(\[.+\] =| [^\s=]{1,2}=)")


@dataclass(frozen=True)
class Mismatch:
    """A difference: what kind of thing differs, where, and both sides as text."""

    kind: str
    where: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.kind} of {self.where}\n  tinygrad_mlp: {self.ours}\n  PyTorch:      {self.theirs}"


def _unsigned(a: Array) -> Array:
    return np.where(np.isinf(a), np.inf, a) if a.dtype.kind == "f" else a


def _kind_of(error: Exception) -> type[BaseException]:
    """The built-in class that catches a PyTorch error; a kernel that is not there is a RuntimeError."""
    found = next(c for c in type(error).__mro__ if c.__module__ == "builtins" and issubclass(c, Exception))
    return RuntimeError if issubclass(found, NotImplementedError) else found


def _short(error: Exception) -> str:
    text = str(error).strip().split("\n")[0][:160]
    return f"{type(error).__name__}: {text}"


def compare(program: RandomProgram, counts: Counter[str] | None = None) -> Mismatch | None:
    """Run the program in both libraries; the first difference, or None.

    In ``counts`` it is counted what happened: lines, errors, gradients, deviations, differences by rounding.
    """
    counts = Counter() if counts is None else counts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = run(program, pytorch())
        found = _difference(program, theirs, counts)
        if found is not None:  # unless a value that the libraries round differently decided it
            near = run(program, pytorch(), near=_tolerance(program, theirs))
            if _difference(program, near, Counter(), rounding=False) is None:
                counts["rounding"] += 1
                return None
        return found


def _difference(program: RandomProgram, theirs: Outcome, counts: Counter[str], rounding: bool = True) -> Mismatch | None:
    """The first difference of this library's outcome from PyTorch's that nothing excuses, or nothing but ``rounding``."""
    ours = run(program, LIBRARY)
    counts["lines"] += len(program.lines)
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
            if _WRITES.search(place):  # PyTorch may have done a part of the write before it raised
                return None, False
            continue
        if reason is None and mine is None and other is not None:
            return Mismatch(f"missing {_kind_of(other).__name__}", place, "no error", _short(other)), False
        if reason is None and mine is not None:
            return Mismatch(f"unexpected {type(mine).__name__}", place, _short(mine), "no error"), False
        counts[f"deviation: {reason}"] += 1
        if place not in ORDERS:  # from here on the two run different programs
            return None, False
        for outcome in (ours, theirs):
            outcome.seconds = {}
            if place == ORDERS[0]:
                outcome.gradients = {}
    return None, True


def _values_part(ours: Outcome, theirs: Outcome) -> Mismatch | None:
    for name, theirs_value in theirs.values.items():
        if name not in ours.values:
            continue
        mine = ours.values[name]
        for kind, a, b in (
            ("dtype", dtype_of(mine), dtype_of(theirs_value)),
            ("shape", tuple(mine.shape), tuple(theirs_value.shape)),
            ("requires_grad", mine.requires_grad, theirs_value.requires_grad),
        ):
            if a != b and (kind != "requires_grad" or mine.numel()):  # here a view without elements has no history
                return Mismatch(kind, name, str(a), str(b))
    for name, other in theirs.gradients.items():
        g = ours.gradients.get(name)
        if (g is None) != (other is None):
            return Mismatch("gradient", name, str(g), str(other))
        if g is not None and other is not None and (dtype_of(g), tuple(g.shape)) != (dtype_of(other), tuple(other.shape)):
            return Mismatch(
                "gradient dtype", name, f"{dtype_of(g)} {tuple(g.shape)}", f"{dtype_of(other)} {tuple(other.shape)}"
            )
    return None


def _numbers(outcome: Outcome) -> dict[Place, Any]:
    """All tensors by kind and name, in the order in which they are compared."""
    kinds = {"value": outcome.values, "gradient": outcome.gradients, "second gradient": outcome.seconds}
    return {(kind, name): tensor for kind, tensors in kinds.items() for name, tensor in tensors.items()}


def _tolerance(program: RandomProgram, outcome: Outcome) -> float:
    """How far numbers of the program may be apart, for its dtypes and operations."""
    tolerance = 2e-4 if any(dtype_of(v) == "float32" for v in outcome.values.values()) else 1e-9
    return max([tolerance, *(loose for text, loose in LOOSE.items() if any(text in s.expression for s in program.lines))])


def _number(outcome: Outcome, place: Place, shape: tuple[int, ...]) -> Array:
    """A tensor's numbers; a gradient that is None is zero."""
    tensor = _numbers(outcome).get(place)
    return np.zeros(shape) if tensor is None else array_of(tensor)


def _numbers_part(
    program: RandomProgram, ours: Outcome, theirs: Outcome, counts: Counter[str], rounding: bool
) -> Mismatch | None:
    tolerance, mine = _tolerance(program, theirs), _numbers(ours)
    for place, other in _numbers(theirs).items():
        present = mine.get(place) if other is None else other
        if present is None:
            continue
        a, b = (_number(outcome, place, tuple(present.shape)) for outcome in (ours, theirs))
        if distance(a, b) > tolerance:
            excuse = _excuse(program, ours, theirs, place, a, b, rounding)
            if excuse:
                counts[excuse] += 1
                return None
            return Mismatch(*place, np.array2string(a, precision=17), np.array2string(b, precision=17))
    return None


def _apart(a: Array, b: Array, skipped: Array) -> float:
    return distance(np.where(skipped, 0, a), np.where(skipped, 0, b)) if a.shape == b.shape else math.inf


def _excuse(
    program: RandomProgram, ours: Outcome, theirs: Outcome, place: Place, a: Array, b: Array, rounding: bool
) -> str | None:
    """Why two numbers may differ: what to count it as, or None for a difference that nothing excuses."""
    (kind, name), tolerance = place, _tolerance(program, theirs)
    if (position := _viewed_by_one(program)) is not None and compare(_copying(program, position)) is None:
        return "deviation: another memory layout, of which one library has a view"
    if distance(_unsigned(a), _unsigned(b)) < tolerance:
        return "deviation: the sign of an infinity at a signed zero"
    skipped = np.isnan(b) if kind != "value" else np.zeros(b.shape, bool)
    if kind != "value" and _apart(a, b, skipped) < tolerance:
        return "deviation: a derivative that is nan there"
    if kind == "second gradient":
        if not np.isfinite(b).all():
            skipped = ~np.isfinite(a) | ~np.isfinite(b)
            if _apart(a, b, skipped) < tolerance:
                return "deviation: a second derivative at a singular point"
        kept = run(program, pytorch(), create_graph=True).seconds[name]
        if kept is not None and distance(a, array_of(kept)) < tolerance:
            return "deviation: what PyTorch gives, too, where it keeps the graph"
    if not rounding or not _agree_in_float64(program):
        return None
    return "rounding" if _rounds_apart(program, ours, theirs, place, skipped) else None


def _rounds_apart(program: RandomProgram, ours: Outcome, theirs: Outcome, place: Place, skipped: Array) -> bool:
    """Whether one of the libraries, where it rounds another way, is about as far from itself as from the other."""
    # Where the libraries agree on every value to the last bit, they took the same branches: rounding that makes one take another
    # branch must not excuse a gradient that is far off. Branches taken on values that were overwritten since are not seen.
    decided_alike = not any(_WRITES.search(str(line)) for line in program.lines) and all(
        np.array_equal(array_of(v), array_of(ours.values[n]), equal_nan=array_of(v).dtype.kind == "f")
        for n, v in theirs.values.items()
    )

    def apart(*outcomes: Outcome) -> float:
        a, b = (_number(outcome, place, skipped.shape) for outcome in outcomes)
        return _apart(a, b, skipped)

    difference = apart(ours, theirs)
    values = not decided_alike or difference < 50 * _tolerance(program, theirs)
    recorded = run(program, LIBRARY, create_graph=True)  # as it is where operations can be moved
    for seed in range(5):
        for library, plain in ((LIBRARY, recorded), (pytorch(), theirs)):
            again = run(program, library, create_graph=library is LIBRARY, rounding=Rounding(seed, values=values))
            if again.errors.keys() <= plain.errors.keys() and apart(again, plain) * 10 >= difference:
                return True
    return False


def _viewed_by_one(program: RandomProgram) -> int | None:
    """The first line of which one library makes a view and the other a copy, where something is written later."""
    ours, theirs = names_for(program, LIBRARY), names_for(program, pytorch())
    for position, line in enumerate(program.lines):
        for names in (ours, theirs):
            with contextlib.suppress(Exception):  # both libraries raise here: a difference was found before
                exec(line.code, names)
        if line.target in ours and line.target in theirs:
            for operand in line.uses:
                shared = {np.may_share_memory(array_of(n[line.target]), array_of(n[operand])) for n in (ours, theirs)}
                if len(shared) > 1:
                    return position if any(_WRITES.search(str(later)) for later in program.lines[position:]) else None
    return None


def _copying(program: RandomProgram, position: int) -> RandomProgram:
    line = program.lines[position]
    copying = Line(line.target, f"({line.expression}).clone()")
    return replace(program, lines=(*program.lines[:position], copying, *program.lines[position + 1 :]))


def _agree_in_float64(program: RandomProgram) -> bool:
    """Whether the libraries agree on the program with float64 for float32 throughout, or it has that already."""
    libraries = (LIBRARY, pytorch())
    leaves = tuple(replace(leaf, dtype=leaf.dtype.replace("float32", "float64")) for leaf in program.leaves)
    lines = tuple(Line(s.target, s.expression.replace("torch.float32", "torch.float64")) for s in program.lines)
    wide = replace(program, leaves=leaves, lines=lines)
    defaults = [library.get_default_dtype() for library in libraries]  # the dtype of what is computed from integers
    if wide == program and all(default is library.float64 for default, library in zip(defaults, libraries, strict=True)):
        return True
    try:
        for library in libraries:
            library.set_default_dtype(library.float64)
        return compare(wide) is None
    finally:
        for library, default in zip(libraries, defaults, strict=True):
            library.set_default_dtype(default)
