"""Keeping the activations of small batches transposed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...lending import owner
from ..instruction import Instruction, elementwise

__all__ = ["oriented"]

Array = np.ndarray[Any, Any]


def oriented(program: Sequence[Instruction], live: set[int], moving: set[int]) -> list[Instruction]:
    """With matrices of fewer rows than columns kept transposed, where only products and elementwise instructions make them.

    A product is computed as that of the transposed factors then, (A B)^T = B^T A^T; an elementwise instruction on transposed arrays.
    """
    turned = _Turned(_turnable(program, live | moving))
    result: list[Instruction] = []

    def transposed(value: Any) -> Any:
        view = turned.transposed(value)
        if view is not value and owner(value) in moving:  # an argument's memory moves, so its view is taken in each call
            result.append(Instruction("transposed", _transposed, [value], {}, view, "view"))
        return view

    for instruction in program:
        inputs, out = instruction.inputs, instruction.output
        if instruction.kind == "view" and turned.holds(out):
            continue  # its output is taken from what is kept
        if not turned.holds(out):
            inputs = [turned.as_is(value) for value in inputs]
        else:
            inputs = [transposed(value) for value in (inputs if elementwise(instruction) else reversed(inputs))]
            out = turned.transposed(out)
        options = {key: turned.as_is(value) for key, value in instruction.options.items()}
        result.append(replace(instruction, inputs=inputs, options=options, output=out))
    return result


def _transposed(array: Array) -> Array:
    return array[:, None] if array.ndim == 1 else array.T


class _Turned:
    """Matrices that are kept transposed: what takes their place."""

    def __init__(self, matrices: Iterable[Array]) -> None:
        self._kept = {id(matrix): matrix.T.copy() for matrix in matrices}
        self._views: dict[int, tuple[Array, Array]] = {}  # one object for each view, as arrays are known by identity

    def holds(self, array: Array) -> bool:
        return owner(array) in self._kept

    def as_is(self, value: Any) -> Any:
        """The same matrix: a view of what is kept."""
        if not isinstance(value, np.ndarray) or owner(value) not in self._kept:
            return value
        kept = self._kept[owner(value)]
        return self._view(kept, kept.T) if id(value) in self._kept else kept

    def transposed(self, value: Any) -> Any:
        """The transpose; of a row a column."""
        if not isinstance(value, np.ndarray) or value.ndim == 0:
            return value
        if id(value) in self._kept:
            return self._kept[id(value)]
        value = self.as_is(value)
        return self._view(value, _transposed(value))

    def _view(self, array: Array, view: Array) -> Array:
        return self._views.setdefault(id(array), (array, view))[1]


def _turnable(program: Sequence[Instruction], fixed: set[int]) -> list[Array]:
    """The matrices to keep transposed, constants among them.

    Those of one shape that meet in an elementwise instruction are so together, or not at all.
    """
    groups: dict[int, set[int]] = {}  # by owner of memory: the owners that are transposed with it
    matrices: dict[int, Array] = {}
    others = set(fixed)
    written = {owner(instruction.output) for instruction in program if instruction.kind != "view"}
    for instruction in program:
        out, key = instruction.output, owner(instruction.output)
        arrays = [*instruction.reads(), out]
        matrices.update({id(array): array for array in arrays if owner(array) == id(array) not in written})
        for array in arrays:
            groups.setdefault(owner(array), {owner(array)})
        others.update(owner(array) for array in arrays if not _as_kept(array))
        if instruction.kind == "view":
            continue
        if elementwise(instruction):
            union = set[int]().union(*(groups[owner(array)] for array in arrays if array.shape == out.shape))
            groups.update((member, union) for member in union)
        if elementwise(instruction) or instruction.call in (np.dot, np.matmul):
            matrices[key] = out
        else:
            others.add(key)

    def turnable(key: int) -> bool:
        matrix, group = matrices[key], groups[key]
        whole = id(matrix) == key and matrix.flags.c_contiguous
        low = matrix.ndim == 2 and matrix.shape[0] < matrix.shape[1]
        together = group <= matrices.keys() and others.isdisjoint(group)
        return whole and low and together and all(matrices[other].shape == matrix.shape for other in group)

    return [matrices[key] for key in matrices if turnable(key)]


def _as_kept(array: Array) -> bool:
    """Whether it is an array with memory of its own, or the transpose of one."""
    base: Any = array.base
    if owner(array) != id(base):
        return owner(array) == id(array)
    return base.ndim == 2 and (array.shape, array.strides) == (base.T.shape, base.T.strides)
