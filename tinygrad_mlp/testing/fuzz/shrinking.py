"""A smaller program with the same difference, and a script that shows it."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..random_programs.program import LIBRARY, Leaf, Line, RandomProgram
from .comparing import Mismatch, compare
from .running import array_of, dtype_of, run

__all__ = ["script", "shrink"]


def _cut(program: RandomProgram, position: int, value: Any) -> RandomProgram:
    """Without a line: its result becomes an input with the value that it had."""
    line = program.lines[position]
    lines = program.lines[:position] + program.lines[position + 1 :]
    leaves = program.leaves
    if any(line.target in later.uses for later in lines):
        array = array_of(value)
        name = f"x{1 + max((int(leaf.name[1:]) for leaf in leaves), default=-1)}"
        numbers = tuple(array.ravel().tolist())
        leaves += (Leaf(name, array.shape, dtype_of(value), numbers, bool(value.requires_grad)),)
        lines = tuple(Line(s.target, re.sub(rf"\b{line.target}\b", name, s.expression)) for s in lines)
    return _tidy(RandomProgram(leaves, lines, program.result))


def _tidy(program: RandomProgram) -> RandomProgram:
    used = {name for line in program.lines for name in line.uses}
    leaves = tuple(leaf for leaf in program.leaves if leaf.name in used)
    targets = [line.target for line in program.lines if line.target]
    return RandomProgram(leaves, program.lines, targets[-1] if targets else leaves[-1].name if leaves else "")


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


def _weight(program: RandomProgram) -> tuple[float, ...]:
    numbers = [v for leaf in program.leaves for v in leaf.values]
    return (
        len(program.lines),
        len(program.leaves),
        len(numbers),
        sum(leaf.requires_grad for leaf in program.leaves),
        sum(len(repr(v)) for v in numbers),
        sum(abs(v - 1) for v in numbers if math.isfinite(v)),
    )


def _simpler(program: RandomProgram) -> Iterator[RandomProgram]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = run(program, LIBRARY).values
    for position in range(len(program.lines) - 1, -1, -1):
        target = program.lines[position].target
        if not target or target in values:
            yield _cut(program, position, values.get(target))
        else:
            yield _tidy(replace(program, lines=program.lines[:position] + program.lines[position + 1 :]))
    for k, leaf in enumerate(program.leaves):
        for simpler in _simpler_leaves(leaf):
            yield replace(program, leaves=(*program.leaves[:k], simpler, *program.leaves[k + 1 :]))


def shrink(
    program: RandomProgram, kind: str, limit: int = 600, compare: Callable[[RandomProgram], Mismatch | None] = compare
) -> RandomProgram:
    """A smaller program with a mismatch of the same kind, in at most ``limit`` comparisons."""
    candidates = _simpler(program)
    while limit and (candidate := next(candidates, None)) is not None:
        if _weight(candidate) >= _weight(program):
            continue
        limit -= 1
        found = compare(candidate)
        if found is not None and found.kind == kind:
            program, candidates = candidate, _simpler(candidate)
    return program


_SCRIPT = '''"""{title}"""

import tinygrad_mlp
import torch as pytorch


def run(torch):
    F = torch.nn.functional
{lines}
    print(torch.__name__, "values", *values, sep="\\n")
    outputs = [v for v in values if v.requires_grad]
    for order in range(2 if inputs else 0):
        weights = [torch.cos(torch.arange(1.0, v.numel() + 1)).reshape(v.shape).to(v.dtype) for v in outputs]
        grads = torch.autograd.grad(outputs, inputs, weights, create_graph=True, allow_unused=True)
        print("gradients of order", order + 1, *grads, sep="\\n")
        outputs = [g for g in grads if g is not None and g.requires_grad]
        if not outputs:
            break


for library in (tinygrad_mlp, pytorch):
    try:
        run(library)
    except Exception as error:
        print(library.__name__, type(error).__name__, error)'''


def script(program: RandomProgram, title: str) -> str:
    """A standalone script that runs the program in both libraries and prints what each makes of it."""
    inputs = ", ".join(leaf.name for leaf in program.leaves if leaf.requires_grad)
    values = ", ".join([*(leaf.name for leaf in program.leaves), *(line.target for line in program.lines if line.target)])
    lines = [*map(str, program.leaves), f"inputs = [{inputs}]", *map(str, program.lines), f"values = [{values}]"]
    return _SCRIPT.format(title=title, lines="\n".join(f"    {line}" for line in lines))
