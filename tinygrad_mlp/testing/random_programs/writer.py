"""How a random program is written: line by line, each run at once to learn what may follow."""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from ..._tensor import Tensor
from .program import LIBRARY, Leaf, Line, RandomProgram, Shape

__all__ = ["Choices", "Seeded", "Template", "Value", "Writer", "lattice"]


T = TypeVar("T")

LARGEST = 48  # elements of a result
LIMIT = 50.0  # magnitude of a value in a program whose derivatives are to be checked


class Choices(Protocol):
    """Where a writer's decisions come from."""

    def integer(self, low: int, high: int) -> int:
        """An integer from ``low`` to ``high``, both included."""


class Seeded:
    """Decisions from a stream that the seed alone decides, on every machine."""

    def __init__(self, seed: str) -> None:
        self._draw = random.Random(seed).random

    def integer(self, low: int, high: int) -> int:
        """An integer from ``low`` to ``high``, both included."""
        return low + int(self._draw() * (high - low + 1))


def lattice(step: int, size: int = 0) -> float:
    """The value of an integer: 0.4, 0.65, 0.9 … for 0, 1, 2 …, and their negatives for −1, −2, −3 ….

    None is within 0.1 of 0, 0.5, 1, 3 or 6, where activations have their kinks, and any two differ by at least 0.25; for
    ``size`` above 24 elements the spacing is 0.05, and what is kept of both distances is 0.025.
    """
    magnitude = step if step >= 0 else -1 - step
    value = 0.4 + 0.25 * magnitude if size <= 24 else 0.425 + 0.05 * magnitude
    return round(value if step >= 0 else -value, 3)


class Value:
    """A tensor of the program being written: its name, and what its numbers allow."""

    def __init__(self, name: str, tensor: Any) -> None:
        self.name = name
        self.tensor = tensor
        self.shape: Shape = tuple(tensor.shape)
        self.ndim: int = len(self.shape)
        self.size: int = math.prod(self.shape)
        self.dtype: str = tensor.dtype.name
        self.kind = "b" if self.dtype == "bool" else "f" if self.dtype.startswith("float") else "i"
        self.requires_grad: bool = tensor.requires_grad

    def __str__(self) -> str:
        return self.name

    @functools.cached_property
    def array(self) -> np.ndarray[Any, Any]:
        """The numbers."""
        return np.asarray(self.tensor.detach().numpy(), dtype=np.float64)

    @functools.cached_property
    def low(self) -> float:
        """The least number."""
        return float(self.array.min(initial=math.inf))

    @functools.cached_property
    def high(self) -> float:
        """The largest number."""
        return float(self.array.max(initial=-math.inf))

    @functools.cached_property
    def gap(self) -> float:
        """The least difference between two of the numbers."""
        return float(np.diff(np.sort(self.array, axis=None)).min(initial=math.inf))

    def off(self, *points: float) -> bool:
        """Whether all numbers are well away from the points."""
        return all(float(np.abs(self.array - point).min(initial=math.inf)) > 0.02 for point in points)


Predicate = Callable[[Value], bool]


def anywhere(value: Value) -> bool:
    """Smooth everywhere."""
    return True


def nowhere(value: Value) -> bool:
    """Without useful derivatives."""
    return False


def within(low: float, high: float) -> Predicate:
    """Smooth, and neither steep nor large, for numbers in this range."""
    return lambda value: low < value.low and value.high < high


def off(*points: float) -> Predicate:
    """Smooth away from these points."""
    return lambda value: value.off(*points)


def nonzero(value: Value) -> bool:
    """Smooth for numbers well away from zero."""
    return float(np.abs(value.array).min(initial=math.inf)) > 0.2


def distinct(value: Value) -> bool:
    """Smooth where no two numbers tie."""
    return value.gap > 0.02


def ndim(least: int, most: int = 9, filled: bool = False) -> Predicate:
    """Operands with this many dimensions, and with elements."""
    return lambda value: least <= value.ndim <= most and (value.size > 0 or not filled)


filled: Predicate = ndim(0, filled=True)
nonempty: Predicate = ndim(1, filled=True)


@dataclass(frozen=True)
class Template:
    """A kind of line that a writer may write."""

    name: str  # for counting and reading
    write: Callable[[Writer, Value], str]  # the expression for a first operand; a statement where it begins with a "!"
    smooth: Predicate = nowhere  # the operands for which the line's derivatives are continuous and moderate
    takes: Predicate = anywhere  # the operands (by shape) that it is meant for
    kinds: str = "f"  # the kinds of dtypes it is meant for: f(loat), i(nteger), b(ool)
    inplace: bool = False  # it writes into its first operand


class _UnsuitableError(Exception):
    """No second operand was found for a smooth line."""


class Writer:
    """Writes a program line by line, as the choices decide.

    A ``smooth`` one has continuous, moderate derivatives: float64, away from kinks and singularities. Otherwise anything goes:
    dtypes, in-place writes, views, ties, and now and then arguments that make no sense. On a ``grid`` numbers are small integers.
    """

    def __init__(self, choices: Choices, *, smooth: bool = True, grid: bool = False) -> None:
        self.integer: Callable[[int, int], int] = choices.integer
        self.smooth = smooth
        self.grid = grid
        self.wild: bool = False  # whether the present line may make no sense
        self.leaves: list[Leaf] = []
        self.lines: list[Line] = []
        self.values: list[Value] = []
        self.names: dict[str, Any] = {"torch": LIBRARY, "F": LIBRARY.nn.functional}

    # ------------------------------------------------------------------------------------------- drawing

    def pick(self, options: Sequence[T]) -> T:
        """One of the options; the first is the simplest."""
        return options[self.integer(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        """True this often; False is the simpler."""
        return self.integer(0, 99) >= 100 - percent

    def amok(self) -> bool:
        """Whether to write an argument that makes no sense; only in a line that may make none."""
        if not self.wild or not self.chance(40):
            return False
        self.wild = False  # one thing wrong at a time
        return True

    def shape(self, least: int = 0, most: int = 3) -> Shape:
        """A small shape."""
        ndim = self.integer(least, most) if self.smooth else self.pick((0, 1, 1, 2, 2, 2, 3))
        empty = not self.smooth and self.chance(3)
        sides = [self.integer(1, 4 if ndim < 3 else 3) for _ in range(ndim)]
        if empty and sides:
            sides[self.integer(0, ndim - 1)] = 0
        return tuple(sides)

    def like(self, shape: Shape) -> Shape:
        """A shape that broadcasts with this one."""
        if self.amok():
            return self.shape()
        if not self.chance(35):
            return shape
        kept = [1 if self.chance(30) else n for n in shape]
        if kept and self.chance(30):
            kept = kept[self.integer(1, len(kept)) :]
        elif self.chance(15) and math.prod(shape) <= LARGEST // 2:
            kept = [2, *kept]
        return tuple(kept)

    def dtype(self, like: Value | None = None) -> str:
        """A dtype: mostly float64, and that of ``like``."""
        if self.smooth:
            return "float64"
        if like is not None and not self.chance(12):
            return like.dtype
        k = self.integer(0, 99)
        rows = ((60, "float64"), (80, "float32"), (90, "int64"), (95, "bool"), (97, "int32"), (98, "uint8"), (99, "int8"))
        return next((name for bound, name in rows if k < bound), "int16")

    def fresh(self, shape: Shape, dtype: str = "float64", *, positive: bool = False, grad: bool | None = None) -> Value:
        """A new input."""
        size = math.prod(shape)
        if dtype == "bool":
            numbers: list[Any] = [bool(self.integer(0, 1)) for _ in range(size)]
        elif not dtype.startswith("float"):
            numbers = [self.integer(0 if dtype == "uint8" or positive else -3, 4) for _ in range(size)]
        elif self.grid:
            numbers = [float(self.integer(1 if positive else -2, 2)) for _ in range(size)]
        else:
            numbers = self._lattice(size, positive)
        needs = dtype.startswith("float") and (grad if grad is not None else self.smooth or self.chance(80))
        leaf = Leaf(f"x{len(self.leaves)}", shape, dtype, tuple(numbers), needs)
        self.leaves.append(leaf)
        return self._know(leaf.name, leaf.make(LIBRARY))

    def _lattice(self, size: int, positive: bool) -> list[float]:
        side = 12 if size <= 24 else 60
        low, count = (0, side) if positive else (-side, 2 * side)
        taken: set[int] = set()
        for _ in range(size):
            k = self.integer(low, side - 1)
            while k in taken and len(taken) < count:
                k = k + 1 if k + 1 < side else low
            taken.add(k)
        numbers = taken if len(taken) == size else [low + i % count for i in range(size)]
        return [lattice(k, size) for k in numbers]

    def _know(self, name: str, tensor: Any) -> Value:
        self.names[name] = tensor
        value = Value(name, tensor)
        self.values.append(value)
        return value

    def other(
        self, x: Value, accepts: Callable[[Any], Any] = lambda y: True, *, positive: bool = False, number: bool = True
    ) -> str:
        """A second operand: a value that broadcasts with ``x``, a new input, or a number.

        In a smooth line, it is one whose numbers ``accepts`` takes.
        """

        def suits(y: Any) -> bool:
            return not self.smooth or bool(np.all(accepts(y)))

        kind = self.integer(0, 9)
        numbers = [n for n in ((2.0, 3, 0.5, 1) if positive or self.smooth else (2, -1.5, 0.5, 0, 1, True)) if suits(n)]
        if kind >= 8 and number and numbers:
            return str(self.pick(numbers))
        if kind >= 4:
            known = [v for v in self.values if self._broadcasts(v, x) and suits(v.array)]
            if known:
                return self.pick(known[::-1]).name
        fresh = self.fresh(self.like(x.shape), self.dtype(x), positive=positive)
        if suits(fresh.array):
            return fresh.name
        shift = next((shift for shift in (0.25, -1.5, 3.0) if suits(x.array + shift)), None)
        if shift is None:
            raise _UnsuitableError
        return f"({x} + {shift})"

    def _broadcasts(self, v: Value, x: Value) -> bool:
        """Whether the two broadcast, to no more elements than a result may have; or need not."""
        if self.wild:
            return True
        pairs = list(zip(v.shape[::-1], x.shape[::-1]))
        size = x.size * math.prod(n for (n, m) in pairs if m == 1) * math.prod(v.shape[: max(v.ndim - x.ndim, 0)])
        return all(n == m or 1 in (n, m) for n, m in pairs) and size <= LARGEST

    def tensor(self, shape: Shape, x: Value, *, positive: bool = False, mixed: bool = True) -> str:
        """An operand of this very shape and (mostly, or always) the dtype of ``x``, known or new."""
        if self.amok():
            shape = (shape[0] + 1, *shape[1:]) if shape else (2,)
        dtype = self.dtype(x) if mixed else x.dtype
        if self.chance(50):
            known = [v for v in self.values if v.shape == shape and v.dtype == dtype and not (positive and v.low < 0.2)]
            if known:
                return self.pick(known[::-1]).name
        return self.fresh(shape, dtype, positive=positive).name

    def dim(self, x: Value, extra: int = 0) -> int:
        """A dim of ``x``, counted from either end."""
        n = max(x.ndim + extra, 1)
        if self.amok():
            return self.pick((n, -n - 1))
        dim = self.integer(0, n - 1)
        return dim - n if self.chance(25) else dim

    def dims(self, x: Value) -> Any:
        """None, a dim, or a tuple of dims."""
        kind = self.integer(0, 9)
        if kind < 3 or x.ndim == 0:
            return None
        if kind < 8:
            return self.dim(x)
        return tuple(d for d in range(x.ndim) if self.chance(60)) or (0,)

    def keep(self) -> str:
        """Whether the reduced dims stay."""
        return ", keepdim=True" if self.chance(30) else ""

    def indices(self, size: int, *shape: int) -> str:
        """Positions below ``size``, as text."""
        high = size if self.amok() else size - 1
        numbers = np.array([self.integer(0, max(high, 0)) for _ in range(math.prod(shape))], dtype=np.int64)
        return f"torch.tensor({numbers.reshape(shape).tolist()}, dtype=torch.int64)"

    def mask(self, shape: Shape) -> str:
        """Truth values of the shape, as text."""
        truths = np.array([self.chance(50) for _ in range(math.prod(shape))], dtype=bool)
        return f"torch.tensor({truths.reshape(shape).tolist()}, dtype=torch.bool)"

    # ------------------------------------------------------------------------------------------- writing

    def line(self, x: Value, template: Template) -> bool:
        """Write a line with first operand ``x``; False if its result is not wanted and it was left out."""
        leaves, values = len(self.leaves), len(self.values)
        try:
            text = template.write(self, x)
        except _UnsuitableError:
            return self._undo(leaves, values)
        line = Line("" if text.startswith("!") else f"v{len(self.lines)}", text.removeprefix("!"))
        if template.inplace and self._overlapping(x, line):  # PyTorch may read what it has just written
            return self._undo(leaves, values)
        try:
            exec(line.code, self.names)
        except Exception:
            if self.smooth:
                raise
            self.lines.append(line)  # PyTorch must raise an error there, too
            return True
        finally:
            if template.inplace:  # other values may view the memory
                self.values = [Value(v.name, v.tensor) for v in self.values]
        if line.target:
            tensor = self.names[line.target]
            if not isinstance(tensor, Tensor) or (not template.inplace and not self._wanted(tensor)):
                return self._undo(leaves, values)
            self._know(line.target, tensor)
        self.lines.append(line)
        return True

    def _undo(self, leaves: int, values: int) -> bool:
        del self.leaves[leaves:], self.values[values:]
        return False

    def _overlapping(self, x: Value, line: Line) -> bool:
        mine = x.tensor.detach().numpy()
        others = [self.names[name].detach().numpy() for name in line.uses if name != x.name]
        return any(np.may_share_memory(mine, other) for other in others)

    def _wanted(self, tensor: Any) -> bool:
        array = tensor.detach().numpy()
        if array.size > LARGEST:
            return False
        if array.dtype.kind != "f" or array.size == 0:
            return not self.smooth
        largest = float(np.abs(array).max())
        return largest <= LIMIT if self.smooth else largest <= 1e4

    def program(self) -> RandomProgram:
        """What was written: its result is the value made last."""
        used = {name for line in self.lines for name in line.uses}
        leaves = [leaf for leaf in self.leaves if leaf.name in used or not self.lines]
        return RandomProgram(tuple(leaves), tuple(self.lines), self.values[-1].name)
