"""Random programs: straight-line code over the library's operations, as text that this library and PyTorch both run.

A :class:`Writer` writes one: it draws an operation and its arguments, runs the line to learn the result's shape, dtype and
values, and goes on from there. What it draws comes from a :class:`Choices`: from a seeded stream (:mod:`.fuzz`), or from
hypothesis (:func:`.strategies.programs`), which can then shrink it. So an operation is described in one place, by the line that
it writes; a row of :data:`OPERATIONS` adds it to both.

>>> program = write(Seeded("a"), length=2)
>>> print(program)  # doctest: +ELLIPSIS
import tinygrad_mlp as torch  # or: import torch
...
>>> program(*program.inputs).requires_grad
True
"""

from __future__ import annotations

import functools
import importlib
import math
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any, Protocol, TypeVar

import numpy as np

import tinygrad_mlp

from ..errors import ArgumentError

__all__ = ["OPERATIONS", "Choices", "Leaf", "Operation", "Program", "Seeded", "Step", "Value", "Writer", "lattice", "write"]

T = TypeVar("T")
Shape = tuple[int, ...]

LARGEST = 48  # elements of a result
LIMIT = 50.0  # magnitude of a value in a program whose derivatives are to be checked


# ------------------------------------------------------------------------------------------------------- choices


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


# ------------------------------------------------------------------------------------------------------ a program


@dataclass(frozen=True)
class Leaf:
    """An input: its name and the numbers that it starts with, row by row."""

    name: str
    shape: Shape
    dtype: str
    values: tuple[Any, ...]
    requires_grad: bool = False

    def __str__(self) -> str:
        if self.values or 0 not in self.shape:
            data = f"torch.tensor({_number(np.array(self.values, dtype=object).reshape(self.shape).tolist())}"
        else:
            data = f"torch.zeros({self.shape}"
        return f"{self.name} = {data}, dtype=torch.{self.dtype}{', requires_grad=True' if self.requires_grad else ''})"

    def make(self, library: Any) -> Any:
        """The tensor, of this library or of PyTorch."""
        array = np.array(self.values, dtype=self.dtype).reshape(self.shape)
        return library.from_numpy(array).requires_grad_(self.requires_grad)


def _number(value: Any) -> str:
    return re.sub(r"\b(nan|inf)\b", r'float("\1")', repr(value))


@functools.lru_cache(maxsize=4096)
def _compiled(line: str) -> CodeType:
    return compile(line, "<program>", "exec")


@dataclass(frozen=True)
class Step:
    """A line: ``target = expression``; a statement where there is no target."""

    target: str
    expression: str

    def __str__(self) -> str:
        return f"{self.target} = {self.expression}" if self.target else self.expression

    @property
    def code(self) -> CodeType:
        """The compiled line."""
        return _compiled(str(self))

    @property
    def uses(self) -> list[str]:
        """The names that the line reads."""
        return re.findall(r"\b[xv]\d+\b", self.expression)


@dataclass(frozen=True, repr=False)
class Program:
    """Inputs and lines; called with tensors, of this library or of PyTorch, it returns the value named ``result``.

    Its text is a Python script that runs.

    >>> leaf = Leaf("x0", (2,), "float64", (0.4, -0.65), requires_grad=True)
    >>> program = Program((leaf,), (Step("v0", "torch.sin(x0)"), Step("v1", "v0 * v0")), "v1")
    >>> program(*program.inputs)
    tensor([0.1516, 0.3663], dtype=tinygrad_mlp.float64, grad_fn=<MulBackward0>)
    >>> print(program)
    import tinygrad_mlp as torch  # or: import torch
    <BLANKLINE>
    F = torch.nn.functional
    <BLANKLINE>
    <BLANKLINE>
    def program(x0):
        v0 = torch.sin(x0)
        v1 = v0 * v0
        return v1
    <BLANKLINE>
    <BLANKLINE>
    x0 = torch.tensor([0.4, -0.65], dtype=torch.float64, requires_grad=True)
    print(program(x0))
    """

    leaves: tuple[Leaf, ...]
    steps: tuple[Step, ...]
    result: str

    @property
    def inputs(self) -> list[Any]:
        """The inputs as new tensors of this library."""
        return [leaf.make(tinygrad_mlp) for leaf in self.leaves]

    def __call__(self, *tensors: Any) -> Any:
        """The program's result for these inputs."""
        if len(tensors) != len(self.leaves):
            raise ArgumentError(f"the program takes {len(self.leaves)} tensors ({self._arguments}), got {len(tensors)}")
        library = importlib.import_module(type(tensors[0]).__module__.partition(".")[0])
        names = {"torch": library, "F": library.nn.functional}
        names.update(zip((leaf.name for leaf in self.leaves), tensors, strict=True))
        for step in self.steps:
            exec(step.code, names)
        return names[self.result]

    @property
    def _arguments(self) -> str:
        return ", ".join(leaf.name for leaf in self.leaves)

    def __str__(self) -> str:
        body = [f"    {step}" for step in self.steps]
        return "\n".join(
            [
                "import tinygrad_mlp as torch  # or: import torch",
                "",
                "F = torch.nn.functional",
                "",
                "",
                f"def program({self._arguments}):",
                *body,
                f"    return {self.result}",
                "",
                "",
                *map(str, self.leaves),
                f"print(program({self._arguments}))",
            ]
        )

    __repr__ = __str__


# ------------------------------------------------------------------------------------------------ what a writer sees


class Value:
    """A tensor of the program being written: its name, and what its numbers allow."""

    def __init__(self, name: str, tensor: Any) -> None:
        self.name = name
        self.tensor = tensor
        self.shape: Shape = tuple(tensor.shape)
        self.ndim = len(self.shape)
        self.size = math.prod(self.shape)
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


@dataclass(frozen=True)
class Operation:
    """What a writer may write.

    Attributes:
        name: For counting and reading.
        write: The line's expression for a first operand; a statement where it begins with a ``!``.
        smooth: The operands for which the line's derivatives are continuous and moderate.
        takes: The operands (by shape) that it is meant for.
        kinds: The kinds of dtypes it is meant for: f(loat), i(nteger), b(ool).
        inplace: It writes into its first operand.
    """

    name: str
    write: Callable[[Writer, Value], str]
    smooth: Predicate = nowhere
    takes: Predicate = anywhere
    kinds: str = "f"
    inplace: bool = False


# --------------------------------------------------------------------------------------------------- the writer


class Writer:
    """Writes a program line by line.

    Args:
        choices: Where decisions come from.
        smooth: Write only what has continuous, moderate derivatives: float64, away from kinks and singularities. Otherwise
            anything goes: dtypes, in-place writes, views, ties, and now and then arguments that make no sense.
        grid: The numbers are small integers, so that ties and zeros abound.
    """

    def __init__(self, choices: Choices, *, smooth: bool = True, grid: bool = False) -> None:
        self.integer = choices.integer
        self.smooth = smooth
        self.grid = grid
        self.wild = False  # whether the present line may make no sense
        self.leaves: list[Leaf] = []
        self.steps: list[Step] = []
        self.values: list[Value] = []
        self.names: dict[str, Any] = {"torch": tinygrad_mlp, "F": tinygrad_mlp.nn.functional}

    # ------------------------------------------------------------------------------------------- drawing

    def pick(self, options: Sequence[T]) -> T:
        """One of the options; the first is the simplest."""
        return options[self.integer(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        """True this often; False is the simpler."""
        return self.integer(0, 99) >= 100 - percent

    def amok(self) -> bool:
        """Whether this argument, of a line that may make no sense, is to make none."""
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
        return self._know(leaf.name, leaf.make(tinygrad_mlp))

    def _lattice(self, size: int, positive: bool) -> list[float]:
        side = 12 if size <= 24 else 60
        low, count = (0, side) if positive else (-side, 2 * side)
        taken: set[int] = set()
        for _ in range(size):
            k = self.integer(low, side - 1)
            while k in taken and len(taken) < count:
                k = k + 1 if k + 1 < side else low
            taken.add(k)
        return (
            [lattice(k, size) for k in taken]
            if len(taken) == size
            else [lattice(low + i % count, size) for i in range(size)]
        )

    def _know(self, name: str, tensor: Any) -> Value:
        self.names[name] = tensor
        value = Value(name, tensor)
        self.values.append(value)
        return value

    def other(self, x: Value, accepts: Predicate = anywhere, *, positive: bool = False, number: bool = True) -> str:
        """A second operand: a value that broadcasts with ``x``, a new input, or a number."""
        kind = self.integer(0, 9)
        if kind >= 8 and number:
            return str(self.pick((2.0, 3, 0.5, 1) if positive or self.smooth else (2, -1.5, 0.5, 0, 1, True)))
        if kind >= 4:
            known = [v for v in self.values if self._fits(v, x, accepts)]
            if known:
                return self.pick(known[::-1]).name
        return self.fresh(self.like(x.shape), self.dtype(x), positive=positive).name

    def _fits(self, v: Value, x: Value, accepts: Predicate) -> bool:
        if self.wild:
            return True
        if self.smooth and not accepts(v):
            return False
        pairs = list(zip(v.shape[::-1], x.shape[::-1]))
        shape_size = x.size * math.prod(n for (n, m) in pairs if m == 1) * math.prod(v.shape[: max(v.ndim - x.ndim, 0)])
        return all(n == m or 1 in (n, m) for n, m in pairs) and shape_size <= LARGEST

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

    def line(self, x: Value, operations: Sequence[Operation]) -> bool:
        """Write a line with first operand ``x``; False if its result is not wanted and it was left out."""
        operation = self.pick(operations)
        leaves, values = len(self.leaves), len(self.values)
        text = operation.write(self, x)
        step = Step("" if text.startswith("!") else f"v{len(self.steps)}", text.removeprefix("!"))
        if operation.inplace and self._overlapping(x, step):  # PyTorch may read what it has just written
            return self._undo(leaves, values)
        try:
            exec(step.code, self.names)
        except Exception:
            if self.smooth:
                raise
            self.steps.append(step)  # PyTorch is to raise, too
            return True
        finally:
            if operation.inplace:  # other values may view the memory
                self.values = [Value(v.name, v.tensor) for v in self.values]
        if step.target:
            tensor = self.names[step.target]
            if not isinstance(tensor, tinygrad_mlp.Tensor) or (not operation.inplace and not self._wanted(tensor)):
                return self._undo(leaves, values)
            self._know(step.target, tensor)
        self.steps.append(step)
        return True

    def _undo(self, leaves: int, values: int) -> bool:
        del self.leaves[leaves:], self.values[values:]
        return False

    def _overlapping(self, x: Value, step: Step) -> bool:
        mine = x.tensor.detach().numpy()
        others = [self.names[name].detach().numpy() for name in step.uses if name != x.name]
        return any(np.may_share_memory(mine, other) for other in others)

    def _wanted(self, tensor: Any) -> bool:
        array = tensor.detach().numpy()
        if array.size > LARGEST:
            return False
        if array.dtype.kind != "f" or array.size == 0:
            return not self.smooth
        largest = float(np.abs(array).max())
        return largest <= LIMIT if self.smooth else largest <= 1e4

    def program(self, length: int) -> Program:
        """Write a program of this many lines, each of which uses the result of the one before: all of them count."""
        x = self.fresh(self.shape())
        while len(self.steps) < length:
            known = x
            fitting = [o for o in OPERATIONS if o.smooth is not nowhere and o.takes(known) and o.smooth(known)]
            if not self.line(known, fitting):
                self.line(known, [_TANH])
            x = self.values[-1]
        return Program(tuple(self._used()), tuple(self.steps), x.name)

    def _used(self) -> list[Leaf]:
        used = {name for step in self.steps for name in step.uses}
        return [leaf for leaf in self.leaves if leaf.name in used or not self.steps]

    def anything(self, length: int) -> Program:
        """Write a program of at most this many lines, any of whose values may be read and written by any line."""
        for _ in range(self.integer(1, 2)):
            self.fresh(self.shape(), self.dtype())
        for _ in range(length):
            back = min(self.integer(0, 5), self.integer(0, 5))
            x = self.values[-1 - back % len(self.values)]
            anything = self.chance(3)
            self.wild = not anything and self.chance(5)
            fitting = WILD if anything else _by_kind(x.kind)
            for _ in range(8):
                operation = self.pick(fitting)
                if operation.takes(x) and (not operation.inplace or _writable(x) or (anything and x.size)):
                    self.line(x, [operation])
                    break
            last = self.values[-1]
            if last.kind == "f" and last.size and not np.abs(last.array).max() <= 1e4:
                break  # an in-place write went out of bounds: nothing after it would say much
        return Program(tuple(self._used()), tuple(self.steps), self.values[-1].name)


def _writable(x: Value) -> bool:
    return x.size > 0 and not (x.requires_grad and x.tensor.is_leaf) and x.tensor.detach().numpy().flags.writeable


@functools.lru_cache
def _by_kind(kind: str) -> tuple[Operation, ...]:
    return tuple(o for o in OPERATIONS if kind in o.kinds)


def write(choices: Choices, *, length: int, smooth: bool = True, grid: bool = False) -> Program:
    """A random program of ``length`` lines; see :class:`Writer`."""
    writer = Writer(choices, smooth=smooth, grid=grid)
    return writer.program(length) if smooth else writer.anything(length)


# ---------------------------------------------------------------------------------------- the operations: elementwise


def _form(form: str) -> Callable[[Writer, Value], str]:
    return lambda w, x: form.format(x)


def _forms(kinds: str, rows: Iterable[tuple[str, Predicate]], takes: Predicate = anywhere) -> list[Operation]:
    """Operations that need nothing but their first operand; ``{}`` stands for it."""
    return [Operation(form, _form(form), smooth, takes, kinds) for form, smooth in rows]


def ndim(least: int, most: int = 9) -> Predicate:
    """Operands with this many dimensions."""
    return lambda value: least <= value.ndim <= most


_TANH = Operation("tanh", _form("torch.tanh({})"), anywhere)

ELEMENTWISE = [
    *_forms(
        "fi",
        [
            ("{} * 2", within(-25, 25)),
            ("{} + 1", within(-40, 40)),
            ("-{}", anywhere),
            ("1 - {}", within(-40, 40)),
            ("{} / 4", anywhere),
            ("{} * 0.5", anywhere),
            ("{} ** 2", within(-7, 7)),
            ("{} ** 3", within(-3, 3)),
            ("torch.abs({})", off(0)),
            ("torch.sign({})", nowhere),
        ],
    ),
    *_forms(
        "fib",
        [
            ("torch.sin({})", within(-20, 20)),
            ("torch.cos({})", within(-20, 20)),
            ("torch.tanh({})", anywhere),
            ("torch.exp({})", within(-20, 3)),
            ("torch.expm1({})", within(-20, 3)),
            ("torch.sigmoid({})", anywhere),
            ("torch.square({})", within(-7, 7)),
            ("torch.atan({})", anywhere),
            ("torch.sinh({})", within(-4, 4)),
            ("torch.cosh({})", within(-4, 4)),
            ("torch.erf({})", anywhere),
            ("torch.erfc({})", anywhere),
            ("torch.log({})", within(0.2, 1e9)),
            ("torch.log1p({})", within(-0.8, 1e9)),
            ("torch.log2({})", within(0.2, 1e9)),
            ("torch.log10({})", within(0.2, 1e9)),
            ("torch.sqrt({})", within(0.2, 1e9)),
            ("torch.rsqrt({})", within(0.2, 1e9)),
            ("torch.reciprocal({})", nonzero),
            ("1 / {}", nonzero),
            ("torch.tan({})", within(-1.2, 1.2)),
            ("torch.asin({})", within(-0.9, 0.9)),
            ("torch.acos({})", within(-0.9, 0.9)),
            ("2 ** {}", within(-20, 4)),
            ("0.5 ** {}", within(-4, 20)),
            ("0 ** {}", nowhere),
            ("{} ** 0", nowhere),
            ("torch.relu({})", off(0)),
            ("torch.nan_to_num({})", anywhere),
            ("torch.clone({})", anywhere),
            ("{}.contiguous()", anywhere),
            ("{}.detach()", nowhere),
            ("{}.to(torch.float64)", anywhere),
            ("{}.to(torch.float32)", nowhere),
            ("{}.to(torch.int64)", nowhere),
            ("{}.bool()", nowhere),
            ("{}.int()", nowhere),
            ("torch.isnan({})", nowhere),
            ("torch.isinf({})", nowhere),
            ("torch.isfinite({})", nowhere),
            ("torch.logical_not({})", nowhere),
            ("torch.zeros_like({})", nowhere),
            ("torch.ones_like({})", nowhere),
            ("torch.full_like({}, 3)", nowhere),
        ],
    ),
    *_forms(
        "fi",
        [
            ("torch.floor({})", nowhere),
            ("torch.ceil({})", nowhere),
            ("torch.trunc({})", nowhere),
            ("torch.round({})", nowhere),
        ],
    ),
    *_forms("fi", [("{} ** 0.5", anywhere), ("{} ** -1.5", anywhere)], takes=within(0.2, 1e9)),
    *_forms("ib", [("~{}", nowhere), ("torch.bitwise_not({})", nowhere)]),
    *_forms("f", [("torch.frac({})", nowhere), ("torch.round({}, decimals=1)", nowhere)]),
    *_forms(
        "f",
        [
            ("F.gelu({})", anywhere),
            ('F.gelu({}, approximate="tanh")', anywhere),
            ("F.silu({})", anywhere),
            ("F.mish({})", anywhere),
            ("F.softplus({})", within(-15, 15)),
            ("F.softplus({}, beta=2.0, threshold=3.1)", off(1.55)),
            ("F.logsigmoid({})", anywhere),
            ("F.softsign({})", off(0)),
            ("F.elu({})", off(0)),
            ("F.elu({}, alpha=0.5)", off(0)),
            ("F.selu({})", off(0)),
            ("F.celu({}, alpha=1.5)", off(0)),
            ("F.leaky_relu({})", off(0)),
            ("F.leaky_relu({}, 0.2)", off(0)),
            ("F.relu6({})", off(0, 6)),
            ("F.hardtanh({})", off(-1, 1)),
            ("F.hardtanh({}, -0.5, 2.0)", off(-0.5, 2)),
            ("F.hardsigmoid({})", off(-3, 3)),
        ],
    ),
]


def _binary(form: str, accepts: Predicate = anywhere, positive: bool = False) -> Callable[[Writer, Value], str]:
    return lambda w, x: form.format(x, w.other(x, accepts, positive=positive))


def _binaries(kinds: str, rows: Iterable[tuple[str, Predicate, Predicate, bool]]) -> list[Operation]:
    """Operations with a second operand: form, first operands and second operands of smooth lines, whether the second is
    positive."""
    return [
        Operation(form, _binary(form, accepts, positive), smooth, anywhere, kinds)
        for form, smooth, accepts, positive in rows
    ]


def _margin(form: str) -> Callable[[Writer, Value], str]:
    """With a number that a smooth operand is nowhere near."""

    def writes(w: Writer, x: Value) -> str:
        points = [p for p in (0, 0.5, 1, -1, 2, -100) if not w.smooth or x.off(p)]
        return form.format(x, w.pick(points))

    return writes


def _clamp(w: Writer, x: Value) -> str:
    low, high = w.pick(((-0.5, 1), (0, None), (None, 0.5), (-2, 2), (1, -1)))
    if w.smooth and not x.off(*(p for p in (low, high) if p is not None)):
        low, high = -100, 100
    return f"torch.clamp({x}, {low}, {high})"


def _apart(form: str) -> Callable[[Writer, Value], str]:
    """With a second operand that differs from the first wherever a smooth line needs that."""

    def writes(w: Writer, x: Value) -> str:
        if w.smooth:
            shift = w.pick((0.25, -1.5, 3.0))
            return form.format(x, f"({x}.detach() + {shift}) * {w.fresh((), grad=False, positive=True)}.sign()")
        return form.format(x, w.other(x, number=False))

    return writes


def _atan2(w: Writer, x: Value) -> str:
    other = w.other(x, nonzero, positive=True, number=False)
    return f"torch.atan2({x}, {other}.to({x}.dtype))"  # of small integers PyTorch's gradient takes squares that do not fit


def _where(w: Writer, x: Value) -> str:
    return f"torch.where({w.mask(w.like(x.shape) if w.chance(20) else x.shape)}, {x}, {w.other(x)})"


def _masked_fill(w: Writer, x: Value) -> str:
    return f"torch.masked_fill({x}, {w.mask(x.shape)}, {w.pick((0.5, 0, 2))})"


def _three(form: str, positive: bool = False) -> Callable[[Writer, Value], str]:
    return lambda w, x: form.format(
        x,
        w.other(x, number=False),
        w.other(x, within(0.2, 20), positive=positive, number=False),
        w.pick((1, 0.5, -2) if x.kind == "f" else (1, 2)),
    )


ELEMENTWISE += [
    *_binaries(
        "fi",
        [
            ("{} * {}", within(-10, 10), within(-5, 5), False),
            ("{} + {}", anywhere, anywhere, False),
            ("{} - {}", anywhere, anywhere, False),
            ("{1} - {0}", anywhere, anywhere, False),
            ("torch.add({}, {}, alpha=2)", within(-20, 20), within(-15, 15), False),
            ("torch.sub({}, {}, alpha=2)", within(-20, 20), within(-10, 10), False),
            ("torch.mul({}, {})", within(-10, 10), within(-5, 5), False),
        ],
    ),
    *_binaries(
        "fib",
        [
            ("{} / {}", anywhere, nonzero, True),
            ("{1} / {0}", nonzero, within(-20, 20), False),
            ("{} * {}", nowhere, anywhere, False),
            ("{} + {}", nowhere, anywhere, False),
            ("torch.eq({}, {})", nowhere, anywhere, False),
            ("{} != {}", nowhere, anywhere, False),
            ("{} < {}", nowhere, anywhere, False),
            ("{} >= {}", nowhere, anywhere, False),
            ("torch.le({}, {})", nowhere, anywhere, False),
            ("torch.gt({}, {})", nowhere, anywhere, False),
        ],
    ),
    *_binaries(
        "fi",
        [
            ("torch.pow({1}, {0})", within(-2, 3), within(0.2, 4), True),
            ("torch.remainder({}, {})", nowhere, anywhere, True),
            ("torch.fmod({}, {})", nowhere, anywhere, True),
            ("{} % {}", nowhere, anywhere, True),
            ("{} // {}", nowhere, anywhere, True),
            ('torch.div({}, {}, rounding_mode="floor")', nowhere, anywhere, True),
            ('torch.div({}, {}, rounding_mode="trunc")', nowhere, anywhere, True),
            ("torch.isclose({}, {})", nowhere, anywhere, False),
        ],
    ),
    Operation(
        "pow", _binary("torch.pow({}, {})", within(-2, 3)), within(0.2, 4), lambda v: v.kind == "i" or v.low >= 0, "fi"
    ),
    *_binaries("ib", [("{} & {}", nowhere, anywhere, False), ("{} | {}", nowhere, anywhere, False)]),
    *_binaries("ib", [("{} ^ {}", nowhere, anywhere, False), ("torch.bitwise_and({}, {})", nowhere, anywhere, False)]),
    Operation("logical_and", _apart("torch.logical_and({}, {})"), kinds="fib"),
    Operation("logical_or", _apart("torch.logical_or({}, {})"), kinds="fib"),
    Operation("logical_xor", _apart("torch.logical_xor({}, {})"), kinds="fib"),
    Operation("maximum", _apart("torch.maximum({}, {})"), kinds="fib"),
    Operation("minimum", _apart("torch.minimum({}, {})"), kinds="fib"),
    Operation("fmax", _apart("torch.fmax({}, {})"), kinds="fi"),
    Operation("fmin", _apart("torch.fmin({}, {})"), kinds="fi"),
    Operation("atan2", _atan2, nonzero, nonzero),
    Operation("clamp", _clamp, anywhere, kinds="fi"),
    Operation("clamp_min", _apart("torch.clamp({}, min={})"), kinds="f"),
    Operation("clamp_max", _apart("torch.clamp({}, max={})"), kinds="f"),
    Operation("where", _where, anywhere, kinds="fib"),
    Operation("where_above", _margin("torch.where({0} > {1}, {0}, {0} * 0.5)"), off(-100), kinds="fi"),
    Operation("masked_fill", _masked_fill, anywhere, kinds="f"),
    Operation("lerp", lambda w, x: f"torch.lerp({x}, {w.other(x, number=False)}, {w.pick((0.25, 0.75, 2))})", anywhere),
    Operation("lerp_tensor", _three("torch.lerp({0}, {1}.to({0}.dtype), {2}.to({0}.dtype))"), within(-5, 5)),
    Operation("addcmul", _three("torch.addcmul({0}, {1}.to({0}.dtype), {2}.to({0}.dtype), value={3})"), within(-10, 10)),
    Operation(
        "addcdiv",
        _three("torch.addcdiv({0}, {1}.to({0}.dtype), {2}.to({0}.dtype), value={3})", positive=True),
        within(-20, 20),
    ),
    Operation(
        "prelu", lambda w, x: f"F.prelu({x}, {w.tensor((w.pick((1, x.shape[1] if x.ndim > 1 else 1)),), x)})", off(0), off(0)
    ),
]


# ------------------------------------------------------------------------------------------------------- reductions


def _reduction(form: str) -> Callable[[Writer, Value], str]:
    """Over every dimension, or some; ``{1}`` stands for the arguments after the first, ``{2}`` for those of a method."""

    def writes(w: Writer, x: Value) -> str:
        dims = w.dims(x)
        options = "" if dims is None else f"{dims}{w.keep()}"
        return form.format(x, options and f", {options}", options)

    return writes


def _single(form: str) -> Callable[[Writer, Value], str]:
    """Over every dimension, or one."""

    def writes(w: Writer, x: Value) -> str:
        whole = w.chance(40)
        return form.format(x, "" if whole else f", {w.dim(x)}{w.keep()}")

    return writes


def _along(form: str) -> Callable[[Writer, Value], str]:
    """Along one dimension."""
    return lambda w, x: form.format(x, w.dim(x))


def _spread_dim(w: Writer, x: Value) -> str:
    dims = [d for d in range(x.ndim) if x.shape[d] > 1 or not w.smooth] or [0]
    return str(w.pick(dims))


def _several(value: Value) -> bool:
    return any(n > 1 for n in value.shape) and value.gap > 0.02


def _filled(value: Value) -> bool:
    return value.size > 0


def _large_enough(value: Value) -> bool:
    return value.size > 0 and nonzero(value)


def _variance(name: str) -> Callable[[Writer, Value], str]:
    options = ("", ", unbiased=False", ", correction=0", ", keepdim=True", ", correction=1, keepdim=True")
    return lambda w, x: f"torch.{name}({x}, {_spread_dim(w, x)}{w.pick(options)})"


def _topk(w: Writer, x: Value) -> str:
    dim = w.dim(x)
    size = x.shape[dim] if x.ndim and -x.ndim <= dim < x.ndim else 1
    return f"torch.topk({x}, {w.integer(0 if w.wild else 1, max(size, 1) + w.amok())}, {dim})[0]"


REDUCTIONS = [
    Operation("sum", _reduction("torch.sum({}{})"), within(-20, 20), kinds="fib"),
    Operation("mean", _reduction("torch.mean({}{})"), _filled),
    Operation("sum_method", _reduction("{0}.sum({2})"), nowhere, kinds="fib"),
    Operation("amax", _reduction("torch.amax({}{})"), distinct, _filled, "fi"),
    Operation("amin", _reduction("torch.amin({}{})"), distinct, _filled, "fi"),
    Operation("prod", _single("torch.prod({}{})"), within(-2, 2), kinds="fib"),
    Operation("max", lambda w, x: f"torch.max({x})", distinct, _filled, "fib"),
    Operation("min", lambda w, x: f"torch.min({x})", distinct, _filled, "fib"),
    Operation("max_dim", _along("torch.max({}, {})[0]"), distinct, _filled, "fib"),
    Operation("min_dim", _along("torch.min({}, {}, keepdim=True)[0]"), distinct, _filled, "fib"),
    Operation("argmax", _single("torch.argmax({}{})"), nowhere, _filled, "fi"),
    Operation("argmin", _single("torch.argmin({}{})"), nowhere, _filled, "fi"),
    Operation("median", lambda w, x: f"torch.median({x})", distinct, _filled, "fi"),
    Operation("median_dim", _along("torch.median({}.contiguous(), {})[0]"), distinct, _filled, "fi"),
    Operation("any", _single("torch.any({}{})"), kinds="fib"),
    Operation("all", _single("torch.all({}{})"), kinds="fib"),
    Operation("count_nonzero", lambda w, x: f"torch.count_nonzero({x})", kinds="fib"),
    Operation("cumsum", _along("torch.cumsum({}, {})"), within(-15, 15), kinds="fib"),
    Operation("cumprod", _along("torch.cumprod({}, {})"), within(-2, 2), kinds="fib"),
    Operation("logsumexp", lambda w, x: f"torch.logsumexp({x}, {w.dim(x)}{w.keep()})", _filled, _filled),
    Operation("softmax", _along("torch.softmax({}, {})"), anywhere),
    Operation("log_softmax", _along("F.log_softmax({}, dim={})"), anywhere),
    Operation("var", _variance("var"), _several, ndim(1)),
    Operation("std", _variance("std"), _several, ndim(1)),
    Operation("var_mean", lambda w, x: f"torch.var_mean({x})[{w.integer(0, 1)}]", nowhere),
    Operation("std_mean", lambda w, x: f"torch.std_mean({x}, {w.dim(x)})[{w.integer(0, 1)}]", nowhere),
    Operation("norm", _reduction("torch.norm({}, 2{})"), _large_enough),
    Operation("norm1", _reduction("torch.norm({}, 1{})"), _large_enough),
    Operation("norm3", _reduction("torch.norm({}, 3{})"), _large_enough),
    Operation("norm_inf", _reduction('torch.norm({}, float("inf"){})'), nowhere, _filled),
    Operation("vector_norm", _reduction("torch.linalg.vector_norm({}, 2.5{})"), _large_enough),
    Operation("sort", _along("torch.sort({}, dim={}, stable=True)[0]"), distinct, kinds="fi"),
    Operation("sort_down", _along("torch.sort({}, dim={}, descending=True, stable=True)[0]"), distinct, kinds="fi"),
    Operation("argsort", _along("torch.argsort({}, dim={}, stable=True)"), nowhere, kinds="fi"),
    Operation("topk", _topk, distinct, lambda v: v.size > 0 and v.gap > 0, "fi"),
    Operation("unique", lambda w, x: f"torch.unique(torch.round({x}.detach().double()))", nowhere, kinds="fib"),
]


# ------------------------------------------------------------------------------------------------ shapes and views


def _shapes_of(size: int) -> list[Shape]:
    """Shapes of up to three dimensions with this many elements."""
    pairs = [(a, size // a) for a in range(1, size + 1) if size % a == 0] if size else [(0, 2), (3, 0)]
    return [(size,), *pairs, *((a, b // 2, 2) for a, b in pairs if size and b % 2 == 0)]


def _reshape(method: str) -> Callable[[Writer, Value], str]:
    def writes(w: Writer, x: Value) -> str:
        shape: list[int] = list(w.pick(_shapes_of(x.size + w.amok())))
        if x.size and w.chance(25):
            shape[w.integer(0, len(shape) - 1)] = -1
        return f"{x}.{method}({tuple(shape)})"

    return writes


def _permute(w: Writer, x: Value) -> str:
    rest = list(range(x.ndim))
    return f"{x}.permute({tuple(rest.pop(w.integer(0, len(rest) - 1)) for _ in range(x.ndim))})"


def _expand(w: Writer, x: Value) -> str:
    sizes = [w.pick((2, 3)) if n == 1 and w.chance(60) else w.pick((n, -1)) for n in x.shape]
    return f"{x}.expand({', '.join(map(str, ([2] if w.chance(40) else []) + sizes)) or '2'})"


def _slice_of(w: Writer, n: int) -> str:
    if w.chance(30):
        return ":"
    low = w.integer(0, max(n - 1, 0))
    high = w.integer(low + 1, max(n, 1) + 1)
    step = ":2" if w.chance(25) else ""
    return f"{low - n if w.chance(20) and n else low or ''}:{high if high <= n or w.wild else ''}{step}"


def _index(w: Writer, n: int) -> str:
    if w.amok():
        return str(w.pick((n, -n - 1)))
    k = w.integer(0, max(n - 1, 0))
    return str(k - n if w.chance(25) else k)


def _key(w: Writer, x: Value) -> str:
    """A basic index: numbers, slices, None and ``...``."""
    parts = []
    for n in x.shape[: w.integer(1, max(x.ndim, 1))] or [1]:
        if w.chance(10):
            parts.append("None")
        parts.append(_index(w, n) if n and w.chance(40) else _slice_of(w, n))
    if w.chance(15):
        parts.append("...")
    return ", ".join(parts)


def _advanced(w: Writer, x: Value) -> str:
    """An index with tensors or lists of positions, or masks, in it."""
    if w.chance(25):
        return w.mask(x.shape[: w.integer(1, x.ndim)])
    shape = w.pick(((2,), (3,), (2, 2), ()))
    parts = [
        w.indices(n, *shape) if n and w.chance(65) else _slice_of(w, n) if not n or w.chance(60) else _index(w, n)
        for n in x.shape[: w.integer(1, x.ndim)]
    ]
    if w.chance(10):
        parts.insert(0, "None")
    return ", ".join(parts)


def _gather(w: Writer, x: Value) -> str:
    dim = w.dim(x)
    shape = [w.integer(1, n) if n else 0 for n in x.shape]
    if -x.ndim <= dim < x.ndim and x.ndim:
        shape[dim] = w.integer(1, 4)
        return f"torch.gather({x}, {dim}, {w.indices(x.shape[dim], *shape)})"
    return f"torch.gather({x}, {dim}, {w.indices(1, *shape)})"


def _scatter(form: str) -> Callable[[Writer, Value], str]:
    def writes(w: Writer, x: Value) -> str:
        dim = w.integer(0, x.ndim - 1)
        shape = (*x.shape[:dim], w.integer(1, x.shape[dim]), *x.shape[dim + 1 :])
        numbers = [w.integer(0, x.shape[dim] - 1) for _ in range(math.prod(shape))]
        positions = np.array(numbers, dtype=np.int64).reshape(shape)
        if "add" not in form:  # which of two writes to a place wins is not promised
            line = np.arange(shape[dim]).reshape([-1 if d == dim else 1 for d in range(x.ndim)])
            positions = np.broadcast_to(line, shape)
        index = f"torch.tensor({positions.tolist()}, dtype=torch.int64)"
        return form.format(x, dim, index, w.tensor(shape, x))

    return writes


def _index_add(form: str) -> Callable[[Writer, Value], str]:
    def writes(w: Writer, x: Value) -> str:
        dim = w.integer(0, x.ndim - 1)
        count = w.integer(1, 3)
        shape = (*x.shape[:dim], count, *x.shape[dim + 1 :])
        return form.format(x, dim, w.indices(x.shape[dim], count), w.tensor(shape, x), w.pick((1, 2)))

    return writes


def _index_select(w: Writer, x: Value) -> str:
    dim = w.integer(0, x.ndim - 1)
    return f"torch.index_select({x}, {dim}, {w.indices(x.shape[dim], w.integer(1, 3))})"


def _take_along_dim(w: Writer, x: Value) -> str:
    dim = w.integer(0, x.ndim - 1)
    shape = (*x.shape[:dim], w.integer(1, 3), *x.shape[dim + 1 :])
    return f"torch.take_along_dim({x}, {w.indices(x.shape[dim], *shape)}, {dim})"


def _join(name: str) -> Callable[[Writer, Value], str]:
    def writes(w: Writer, x: Value) -> str:
        dim = w.dim(x, name == "stack")
        others = [w.tensor(x.shape, x) for _ in range(w.integer(1, 2))]
        return f"torch.{name}([{', '.join([x.name, *others])}], {dim})"

    return writes


def _narrow(w: Writer, x: Value) -> str:
    dim = w.integer(0, x.ndim - 1)
    start = w.integer(0, x.shape[dim] - 1)
    return f"torch.narrow({x}, {dim}, {start}, {w.integer(1, x.shape[dim] - start + w.amok())})"


def _split(w: Writer, x: Value) -> str:
    dim = w.integer(0, x.ndim - 1)
    kind = w.pick(("split", "chunk"))
    return f"torch.{kind}({x}, {w.integer(1, 3)}, {dim})[{w.pick((0, -1))}]"


def _roll(w: Writer, x: Value) -> str:
    shift = w.integer(-2, 3)
    return f"torch.roll({x}, {shift}{f', {w.dim(x)}' if x.ndim and w.chance(60) else ''})"


def _pad(w: Writer, x: Value) -> str:
    widths = tuple(w.integer(-1 if w.chance(15) else 0, 1) for _ in range(2 * w.integer(1, x.ndim)))
    return f"F.pad({x}, {widths}, value={w.pick((0, 1.5))})"


def _repeat(w: Writer, x: Value) -> str:
    return f"{x}.repeat({', '.join(str(w.integer(1, 2)) for _ in range(max(x.ndim, 1) + w.chance(20)))})"


def _unflatten(w: Writer, x: Value) -> str:
    dim = w.integer(0, x.ndim - 1)
    return f"{x}.unflatten({dim}, {w.pick(((1, -1), (-1, 1), (x.shape[dim], 1)))})"


def _diagonal(w: Writer, x: Value) -> str:
    return f"torch.diagonal({x}, {w.integer(-1, 1)}, {w.pick(('0, 1', '1, 0', '-2, -1'))})"


def _swap(form: str) -> Callable[[Writer, Value], str]:
    return lambda w, x: form.format(x, w.dim(x), w.dim(x))


def _meshgrid(w: Writer, x: Value) -> str:
    return f'torch.meshgrid({x}, {w.tensor((2,), x)}, indexing="ij")[{w.integer(0, 1)}]'


_full = ndim(1)
_nonempty: Predicate = lambda value: value.ndim > 0 and value.size > 0  # noqa: E731 - a predicate like the others

SHAPES = [
    Operation("reshape", _reshape("reshape"), anywhere, kinds="fib"),
    Operation("view", _reshape("view"), nowhere, kinds="fib"),
    Operation("flatten", lambda w, x: f"torch.flatten({x}{w.pick(('', ', 1' if x.ndim > 1 else '', ', 0, -1'))})", anywhere),
    Operation("unflatten", _unflatten, nowhere, _nonempty, "fib"),
    Operation("T", lambda w, x: f"{x}.T", ndim(2, 2), ndim(0, 2), "fib"),
    Operation("mT", lambda w, x: f"{x}.mT", ndim(2), ndim(2), "fib"),
    Operation("t", lambda w, x: f"torch.t({x})", ndim(0, 2), ndim(0, 2), "fib"),
    Operation("permute", _permute, anywhere, kinds="fib"),
    Operation("transpose", _swap("torch.transpose({}, {}, {})"), anywhere, kinds="fib"),
    Operation("movedim", _swap("torch.movedim({}, {}, {})"), anywhere, kinds="fib"),
    Operation("squeeze", lambda w, x: f"{x}.squeeze({w.pick(('', w.dim(x)))})", anywhere, kinds="fib"),
    Operation("unsqueeze", lambda w, x: f"torch.unsqueeze({x}, {w.dim(x, 1)})", anywhere, kinds="fib"),
    Operation("expand", _expand, within(-20, 20), kinds="fib"),
    Operation("broadcast_to", lambda w, x: f"torch.broadcast_to({x}, {(2, *x.shape)})", anywhere, kinds="fib"),
    Operation("repeat", _repeat, anywhere, kinds="fib"),
    Operation("tile", lambda w, x: f"torch.tile({x}, ({w.integer(1, 2)},))", anywhere, kinds="fib"),
    Operation("repeat_interleave", _along("torch.repeat_interleave({}, 2, {})"), _full, _full, "fib"),
    Operation("flip", _along("torch.flip({}, ({},))"), _full, _full, "fib"),
    Operation("roll", _roll, _filled, _filled, "fib"),
    Operation("tril", lambda w, x: f"torch.tril({x}, {w.integer(-1, 1)})", ndim(2), ndim(2), "fib"),
    Operation("triu", lambda w, x: f"torch.triu({x}, {w.integer(-1, 1)})", ndim(2), ndim(2), "fib"),
    Operation("diag", lambda w, x: f"torch.diag({x}, {w.integer(-1, 1)})", nowhere, ndim(1, 2), "fib"),
    Operation("diagonal", _diagonal, nowhere, ndim(2), "fib"),
    Operation("narrow", _narrow, _nonempty, _nonempty, "fib"),
    Operation("select", _along("torch.select({}, {}, 0)"), _nonempty, _nonempty, "fib"),
    Operation("split", _split, _nonempty, _nonempty, "fib"),
    Operation("unbind", _along("torch.unbind({}, {})[0]"), _nonempty, _nonempty, "fib"),
    Operation("cat", _join("cat"), _full, _full, "fib"),
    Operation("stack", _join("stack"), anywhere, kinds="fib"),
    Operation("hstack", lambda w, x: f"torch.hstack([{x}, {w.tensor(x.shape, x)}])", anywhere, kinds="fib"),
    Operation("vstack", lambda w, x: f"torch.vstack([{x}, {w.tensor(x.shape, x)}])", anywhere, kinds="fib"),
    Operation("meshgrid", _meshgrid, nowhere, ndim(1, 1), "fi"),
    Operation("atleast_2d", lambda w, x: f"torch.atleast_2d({x})", anywhere, kinds="fib"),
    Operation("pad", _pad, nowhere, _nonempty, "f"),
    Operation("getitem", lambda w, x: f"{x}[{_key(w, x)}]", _nonempty, _full, "fib"),
    Operation("ellipsis", lambda w, x: f"{x}[..., {_slice_of(w, x.shape[-1] if x.ndim else 1)}]", _nonempty, _full, "fib"),
    Operation("new_axis", lambda w, x: f"{x}[{w.pick(('None', '..., None', 'None, ...', '...'))}]", anywhere, kinds="fib"),
    Operation("getitem_advanced", lambda w, x: f"{x}[{_advanced(w, x)}]", nowhere, _nonempty, "fib"),
    Operation("masked_select", lambda w, x: f"torch.masked_select({x}, {w.mask(x.shape)})", nowhere, kinds="fib"),
    Operation("gather", _gather, _nonempty, _nonempty, "fib"),
    Operation("index_select", _index_select, _nonempty, _nonempty, "fib"),
    Operation("take_along_dim", _take_along_dim, _nonempty, _nonempty, "fib"),
    Operation("scatter", _scatter("torch.scatter({}, {}, {}, {})"), _nonempty, _nonempty, "f"),
    Operation("scatter_add", _scatter("torch.scatter_add({}, {}, {}, {})"), _nonempty, _nonempty, "f"),
    Operation("index_add", _index_add("torch.index_add({}, {}, {}, {}, alpha={})"), _nonempty, _nonempty, "f"),
    Operation("nonzero", lambda w, x: f"torch.nonzero({x})", nowhere, kinds="fib"),
]


# ------------------------------------------------------------------------------------------ products, layers, losses


def _matmul(w: Writer, x: Value) -> str:
    inner = x.shape[-1] if x.ndim else 1
    columns = w.integer(1, 3)
    shapes: list[Shape] = [(inner, columns), (inner,)]
    if x.ndim > 1:
        shapes += [(2, inner, columns), (1, inner, columns), (*x.shape[:-2], inner, columns)]
    return f"{x} @ {w.tensor(w.pick(shapes), x)}"


def _product(form: str, *shapes: Callable[[Value, int], Shape], mixed: bool = True) -> Callable[[Writer, Value], str]:
    """With operands whose shapes follow from the first's and a free size."""

    def writes(w: Writer, x: Value) -> str:
        free = w.integer(1, 3)
        return form.format(x, *(w.tensor(shape(x, free), x, mixed=mixed) for shape in shapes))

    return writes


def _einsum(w: Writer, x: Value) -> str:
    n = x.shape
    rows: dict[int, list[tuple[str, list[Shape]]]] = {
        1: [("i->", []), ("i,i->", [n]), ("i,j->ij", [(2,)]), ("i,i->i", [n])],
        2: [
            ("ij->ji", []),
            ("ij,jk->ik", [(n[-1], 2)]),
            ("ij,ij->", [n]),
            ("ij->j", []),
            ("...j->...", []),
            ("ij,ij->i", [n]),
        ],
        3: [("bij,bjk->bik", [(n[0], n[-1], 2)]), ("bij->ib", []), ("bij,j->bi", [(n[-1],)])],
    }
    equation, shapes = w.pick(rows[x.ndim])
    return f'torch.einsum("{equation}", {", ".join([x.name, *(w.tensor(s, x, mixed=False) for s in shapes)])})'


def _pairwise(name: str, options: Sequence[str] = ("",), positive: bool = False) -> Callable[[Writer, Value], str]:
    """A loss of two tensors of one shape."""

    def writes(w: Writer, x: Value) -> str:
        target = w.tensor(x.shape, x, positive=positive, mixed=False)
        return f'F.{name}({x}, {target}, reduction="{w.pick(("mean", "sum", "none"))}"{w.pick(options)})'

    return writes


def _classes(w: Writer, x: Value) -> str:
    """Class targets for scores ``(N, C, ...)`` or ``(C,)``."""
    return w.indices(x.shape[1] if x.ndim > 1 else x.shape[0], *x.shape[:1] * (x.ndim > 1), *x.shape[2:])


def _cross_entropy(w: Writer, x: Value) -> str:
    reduction = w.pick(("mean", "sum", "none"))
    options = [f', reduction="{reduction}"']
    classes = x.shape[1] if x.ndim > 1 else x.shape[0]
    if w.chance(30):
        options.append(f", weight={w.fresh((classes,), w.dtype(x), positive=True, grad=False)}")
    if w.chance(25):
        options.append(", label_smoothing=0.25")
    if not w.smooth and w.chance(15):
        options.append(", ignore_index=0")
    if w.chance(15):
        return f"F.cross_entropy({x}, torch.softmax({w.fresh(x.shape, x.dtype)}, {1 if x.ndim > 1 else 0}){options[0]})"
    return f"F.cross_entropy({x}, {_classes(w, x)}{''.join(options)})"


def _nll(w: Writer, x: Value) -> str:
    options = ("", ', reduction="sum"', ', reduction="none"', ", ignore_index=1")
    return f"F.nll_loss(F.log_softmax({x}, {1 if x.ndim > 1 else 0}), {_classes(w, x)}{w.pick(options)})"


def _bce(w: Writer, x: Value) -> str:
    target = f"torch.sigmoid({w.fresh(x.shape, x.dtype, grad=False)})"
    reduction = w.pick(("mean", "sum", "none"))
    if w.chance(50) and within(-8, 8)(x):
        return f'F.binary_cross_entropy(torch.sigmoid({x}), {target}, reduction="{reduction}")'
    weight = f", pos_weight={w.fresh(x.shape[-1:], x.dtype, positive=True, grad=False)}" if w.chance(30) else ""
    return f'F.binary_cross_entropy_with_logits({x}, {target}, reduction="{reduction}"{weight})'


def _kl(w: Writer, x: Value) -> str:
    if w.chance(50):
        return f'F.kl_div(F.log_softmax({x}, -1), torch.softmax({w.fresh(x.shape, x.dtype)}, -1), reduction="sum")'
    target = f"F.log_softmax({w.tensor(x.shape, x)}, -1)"
    return f'F.kl_div(F.log_softmax({x}, -1), {target}, log_target=True, reduction="batchmean")'


def _layer_norm(w: Writer, x: Value) -> str:
    n = x.shape[-1:]
    affine = f", {w.tensor(n, x, mixed=False)}, {w.tensor(n, x, mixed=False)}" if w.chance(50) else ""
    return f"F.layer_norm({x}, {x.shape[-1:]}{affine})"


def _batch_norm(w: Writer, x: Value) -> str:
    n = x.shape[1:2]
    affine = ""
    if w.chance(50):  # contiguous, because PyTorch takes it to be
        weight, bias = w.tensor(n, x, mixed=False), w.tensor(n, x, mixed=False)
        affine = f", weight={weight}.contiguous(), bias={bias}.contiguous()"
    if w.chance(30):
        mean, var = w.fresh(n, x.dtype, grad=False), w.fresh(n, x.dtype, grad=False, positive=True)
        return f"F.batch_norm({x}, {mean}.clone(), {var}.clone(){affine}, training=False)"
    return f"F.batch_norm({x}, None, None{affine}, training=True)"


def _embedding(w: Writer, x: Value) -> str:
    return f"F.embedding({w.indices(x.shape[0], *w.pick(((2,), (3,), (2, 2))))}, {x})"


def _apart_rows(value: Value) -> bool:
    """Standardizing the last dimension is well-conditioned."""
    return value.ndim > 0 and value.size > 0 and value.shape[-1] > 1 and value.gap > 0.02


def _apart_columns(value: Value) -> bool:
    return value.ndim == 2 and value.shape[0] > 1 and value.shape[1] > 0 and value.gap > 0.02


def _standardized(value: Value) -> bool:
    return value.ndim in (2, 3) and value.size > 0 and value.size // value.shape[1] > 1


def _nonzero(value: Value) -> bool:
    return _nonempty(value) and nonzero(value)


def _matrix(value: Value) -> bool:
    return value.ndim == 2 and value.size > 0


def _scores(value: Value) -> bool:
    return 1 <= value.ndim <= 3 and value.size > 0


def _moderate(predicate: Predicate) -> Predicate:
    return lambda value: predicate(value) and within(-4, 4)(value)


PRODUCTS = [
    Operation("matmul", _matmul, _moderate(_nonempty), _nonempty, "fi"),
    Operation("mm", _product("torch.mm({}, {})", lambda x, k: (x.shape[-1], k)), _moderate(_matrix), _matrix, "fi"),
    Operation("mv", _product("torch.mv({}, {})", lambda x, k: x.shape[1:]), _moderate(_matrix), _matrix, "fi"),
    Operation("dot", _product("torch.dot({}, {})", lambda x, k: x.shape), _moderate(ndim(1, 1)), ndim(1, 1), "fi"),
    Operation("inner", _product("torch.inner({}, {})", lambda x, k: x.shape[-1:]), _moderate(_full), _full, "fi"),
    Operation("outer", _product("torch.outer({}, {})", lambda x, k: (k,)), _moderate(ndim(1, 1)), ndim(1, 1), "fi"),
    Operation(
        "bmm",
        _product("torch.bmm({}, {})", lambda x, k: (x.shape[0], x.shape[-1], k)),
        _moderate(ndim(3, 3)),
        ndim(3, 3),
        "fi",
    ),
    Operation(
        "addmm",
        _product(
            "torch.addmm({1}, {0}, {2}, beta=2, alpha=3)",
            lambda x, k: (x.shape[0], k),
            lambda x, k: (x.shape[-1], k),
        ),
        _moderate(_matrix),
        _matrix,
    ),
    Operation(
        "linear",
        lambda w, x: f"F.linear({x}, {w.fresh((3, x.shape[-1]), x.dtype)}, {w.fresh((3,), x.dtype)})",
        _moderate(_nonempty),
        _nonempty,
    ),
    Operation(
        "linear_no_bias", _product("F.linear({}, {})", lambda x, k: (k, x.shape[-1])), _moderate(_nonempty), _nonempty
    ),
    Operation(
        "bilinear",
        _product("F.bilinear({0}, {0}, {1})", lambda x, k: (k, x.shape[-1], x.shape[-1]), mixed=False),
        within(-3, 3),
        _matrix,
    ),
    Operation("trace", lambda w, x: f"torch.trace({x})", ndim(2, 2), ndim(2, 2), "fi"),
    Operation("einsum", _einsum, lambda v: 1 <= v.ndim <= 3 and within(-4, 4)(v), _scores, "f"),
    Operation("layer_norm", _layer_norm, _apart_rows, _nonempty),
    Operation("batch_norm", _batch_norm, _apart_columns, _standardized),
    Operation("normalize", lambda w, x: f"F.normalize({x}, dim={w.dim(x)})", _large_enough, _nonzero),
    Operation(
        "cosine_similarity",
        lambda w, x: f"F.cosine_similarity({x}, {w.fresh(x.shape, x.dtype, positive=True)}, dim={w.dim(x)})",
        nowhere,
        _nonzero,
    ),
    Operation(
        "pairwise_distance", lambda w, x: f"F.pairwise_distance({x}, {w.tensor(x.shape, x, mixed=False)})", nowhere, _matrix
    ),
    Operation("embedding", _embedding, _matrix, _matrix),
    Operation("one_hot", lambda w, x: f"F.one_hot({w.indices(4, 3)}, 5)", nowhere, kinds="i"),
    Operation("mse_loss", _pairwise("mse_loss"), within(-5, 5)),
    Operation("l1_loss", _pairwise("l1_loss"), nowhere),
    Operation("smooth_l1_loss", _pairwise("smooth_l1_loss", ("", ", beta=0.5")), nowhere),
    Operation("huber_loss", _pairwise("huber_loss", ("", ", delta=0.5")), nowhere),
    Operation("cross_entropy", _cross_entropy, _scores, _scores),
    Operation("nll_loss", _nll, nowhere, _scores),
    Operation("bce", _bce, _moderate(_nonempty), _nonempty),
    Operation("kl_div", _kl, _moderate(_nonempty), _nonempty),
]


# ---------------------------------------------------------------------------------------------------- in-place writes


def _assign(w: Writer, x: Value) -> str:
    key = _key(w, x)
    value = (
        w.pick((0, 1.5, 2))
        if w.chance(50)
        else w.fresh(w.pick(((), (1,), x.shape)), w.dtype(x), grad=None if x.kind == "f" else False)
    )
    return f"!{x}[{key}] = {value}"


def _assign_advanced(w: Writer, x: Value) -> str:
    positions = f"torch.tensor({sorted({w.integer(0, x.shape[0] - 1) for _ in range(2)})}, dtype=torch.int64)"
    key = w.mask(x.shape) if w.chance(40) else positions
    return f"!{x}[{key}] = {w.pick((0, 1.5, w.fresh((), w.dtype(x), grad=None if x.kind == 'f' else False)))}"


def _inplace_forms(*forms: str, kinds: str = "f") -> list[Operation]:
    return [Operation(form, _form(form), kinds=kinds, inplace=True) for form in forms]


def _inplace_binaries(*forms: str, positive: bool = False, kinds: str = "fi") -> list[Operation]:
    return [Operation(form, _binary(form, positive=positive), kinds=kinds, inplace=True) for form in forms]


INPLACE = [
    *_inplace_forms("{}.neg_()", "{}.abs_()", "{}.square_()", "{}.zero_()", "{}.fill_(2)", "{}.clamp_(-1, 1)", kinds="fi"),
    *_inplace_forms(
        "{}.mul_(0.5)", "{}.sin_()", "{}.tanh_()", "{}.sigmoid_()", "{}.relu_()", "{}.exp_()", "F.elu({}, inplace=True)"
    ),
    *_inplace_forms("{}.floor_()", "{}.pow_(2)", "F.leaky_relu({}, 0.1, inplace=True)", "{}.detach().mul_(2)"),
    *_inplace_binaries("{}.add_({})", "{}.sub_({}, alpha=2)", "{}.mul_({})", "{}.copy_({})"),
    *_inplace_binaries("{}.div_({})", "{}.remainder_({})", positive=True, kinds="f"),
    Operation("iadd", lambda w, x: f"!{x} += {w.other(x)}", kinds="fib", inplace=True),
    Operation("imul", lambda w, x: f"!{x} *= {w.other(x)}", kinds="fi", inplace=True),
    Operation("setitem", _assign, kinds="fib", takes=_nonempty, inplace=True),
    Operation("setitem_advanced", _assign_advanced, kinds="fib", takes=_nonempty, inplace=True),
    Operation("masked_fill_", lambda w, x: f"{x}.masked_fill_({w.mask(x.shape)}, 1)", kinds="fi", inplace=True),
    Operation("lerp_", lambda w, x: f"{x}.lerp_({w.tensor(x.shape, x)}, 0.25)", inplace=True),
    Operation("addcmul_", _three("{0}.addcmul_({1}.to({0}.dtype), {2}.to({0}.dtype), value={3})"), inplace=True),
    Operation("scatter_add_", _scatter("{}.scatter_add_({}, {}, {})"), takes=_nonempty, inplace=True),
    Operation("index_add_", _index_add("{}.index_add_({}, {}, {}, alpha={})"), takes=_nonempty, inplace=True),
]

OPERATIONS: tuple[Operation, ...] = (*ELEMENTWISE, *REDUCTIONS, *SHAPES, *PRODUCTS, *INPLACE)


# -------------------------------------------------------------------------------------------------------- nonsense


def _any_two(form: str) -> Operation:
    return Operation(form, lambda w, x: form.format(x, w.pick(w.values)), takes=_filled)


# Besides every operation with dtypes and arguments that it may not take: any two values where few pairs fit.
WILD: tuple[Operation, ...] = OPERATIONS + tuple(
    _any_two(form)
    for form in (
        *(
            "torch.mm({}, {})",
            "torch.bmm({}, {})",
            "torch.dot({}, {})",
            "torch.mv({}, {})",
            "torch.outer({}, {})",
            "{} @ {}",
        ),
        *("torch.cat([{}, {}], 1)", "torch.stack([{}, {}])", "torch.hstack([{}, {}])", "torch.inner({}, {})", "{} + {}"),
        *("F.embedding({}, {})", "F.mse_loss({}, {})"),
        *("torch.gather({}, 0, {})", "torch.index_select({}, 0, {})", "{}[{}]", "{}.view_as({})", "{}.expand_as({})"),
        *("torch.where({}, {}, 0)", "torch.masked_fill({}, {}, 0)", "{}.add_({})", "{}.copy_({})", "torch.equal({}, {})"),
        *("torch.maximum({}, {})", "torch.pow({}, {})", "{} & {}", "torch.lerp({}, {}, 0.5)", "torch.atan2({}, {})"),
        *("F.layer_norm({}, {}.shape)", "torch.broadcast_to({}, {}.shape)"),
        *("torch.scatter_add({0}, 0, {1}, {0})", "torch.take_along_dim({}, {}, 0)", "{}.reshape({}.shape)"),
    )
)
