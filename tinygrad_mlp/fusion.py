"""What makes a traced program faster: operations taken apart into NumPy's, unused ones left out, chains run in blocks.

An :class:`Instruction` is one line of a program of :mod:`~tinygrad_mlp.compiling`. :func:`optimized` rewrites a list of them:

1. :func:`joined`: cross-entropy and its gradient, which both need the exponentials of the logits, share them;
2. :func:`lowered`: an operation becomes the NumPy calls that it consists of, each with memory to write into;
3. :func:`unused`: what nobody reads is left out, and a result that is only copied goes where the copy went;
4. :func:`oriented`: activations of a batch smaller than the layer are kept with the batch last, as matrix products and additions
   of a bias are faster on them then;
5. :func:`chained`: neighbouring elementwise calls on arrays too large for the cache run block by block, so that what one of
   them writes is still in the cache when the next reads it; what only they use is kept for one block alone. With numba they
   are loops instead, of any size: see :mod:`~tinygrad_mlp.kernels`;
6. :func:`packed`: arrays that are not needed at the same time share memory.

Elementwise results do not depend on how they are divided, and numba's are NumPy's but for the exponential, its own, within 2 units in
the last place. Sums do: cross-entropy, matrix products and the gradients of biases round differently than without fusion; and the
gradient of ReLU differs where it meets an infinity (``0 * inf``), as does that of a row that cross-entropy ignores and whose logits
are infinite or nan (0 here). Nothing depends on the clock: the same step gives the same bits
every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from .errors import DimensionError

__all__ = ["NUMPY", "Backend", "Instruction", "copy", "meets", "optimized", "owner", "place"]

Array = np.ndarray[Any, Any]

# Elements of a block of one thread: 128 KiB of float32, so that a handful of arrays fit in a core's own cache.
BLOCK = 32_768
_LONG, _LONGEST = 32, 128  # instructions of a chain, as each is held against all others: no new one joins, none at all


@dataclass
class Instruction:
    """One line of a program.

    Attributes:
        name: The operation's.
        call: What computes it, on arrays.
        inputs: Arrays, numbers or None.
        options: Passed on by name.
        output: The memory that receives the result.
        kind: ``"out"``: ``call`` takes ``out=``; ``"copy"``: what it returns is copied; ``"view"``: the output is a view
            of the first input; ``"draw"``: like copy, of random numbers; ``"blocks"``: the body is run block by block;
            ``"loop"``: ``call`` takes the inputs, among which are the arrays that it writes.
        body: Of ``"blocks"`` and ``"loop"``: elementwise instructions.
        tables: Of ``"blocks"``: for each block the memory of each array of the body.
        completes: The number of the traced instruction whose output this one makes; -1 where it is a part of one.
    """

    name: str
    call: Callable[..., Any]
    inputs: list[Any]
    options: dict[str, Any]
    output: Array
    kind: str = "out"
    body: list[Instruction] = field(default_factory=list)
    tables: list[tuple[Array, ...]] = field(default_factory=list)
    completes: int = -1

    def reads(self) -> Iterator[Array]:
        """The arrays it reads; of a body those that come from outside."""
        if not self.body:
            yield from (v for v in (*self.inputs, *self.options.values()) if isinstance(v, np.ndarray))
        outside = {id(array) for array in self.inputs}
        for part in self.body:
            yield from (array for array in part.reads() if id(array) in outside)
            outside.discard(id(part.output))

    def writes(self) -> Iterator[Array]:
        """The arrays it writes; of a body those that it does not keep for itself."""
        outside = {id(array) for array in self.inputs}
        yield from (part.output for part in self.body if id(part.output) in outside)
        if self.kind != "view" and not self.body:
            yield self.output


class LossAndSlope(Protocol):
    """A cross-entropy and its gradient, which share work: see :class:`CrossEntropy`."""

    def __init__(self, shape: tuple[int, ...], dtype: Any, ignore_index: int) -> None: ...

    def loss(self, x: Array, t: Array, *, out: Array) -> None:
        """Of logits and class indices."""

    def slope(self, g: Array, _: Array, *, out: Array) -> None:
        """The gradient by the logits, of what :meth:`loss` was given last."""


@dataclass(frozen=True)
class Backend:
    """What runs instructions that were joined.

    Attributes:
        chains: Whether an elementwise instruction can be part of a chain; given besides the owners of memory that is elsewhere in
            each call.
        chained: The instruction that takes the place of a chain; given besides whether an array is read after it.
        shortest: How many instructions are worth a chain.
        cross_entropy: Made for a shape and dtype of logits and a class to ignore.
    """

    chains: Callable[[Instruction, set[int]], bool]
    chained: Callable[[Sequence[Instruction], Callable[[Array], bool]], Instruction]
    shortest: int
    cross_entropy: type[LossAndSlope]


def copy(source: Array, *, out: Array) -> None:
    """The values of one array into another."""
    np.copyto(out, source, casting="unsafe")


def owner(array: Array) -> int:
    """The identity of the memory that an array views."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return id(array)


def place(array: Array) -> tuple[Any, ...]:
    """The memory of an array: the same for two views of the same elements."""
    return array.ctypes.data, array.shape, array.strides


def optimized(instructions: Sequence[Instruction], live: set[int], moving: set[int], backend: Backend) -> list[Instruction]:
    """The instructions, rewritten.

    Args:
        instructions: Of the trace.
        live: Owners of memory that is read after the program, or by the next call.
        moving: Owners of memory that is elsewhere in each call.
        backend: What runs instructions that were joined.
    """
    program = [part for instruction in joined(instructions, live, backend) for part in lowered(instruction, moving)]
    return packed(chained(oriented(unused(program, live), live, moving), live, moving, backend), live | moving)


# -------------------------------------------------------------------------------------------------- cross-entropy

_SLOPE = ["class_cross_entropy", "_class_distribution", "_logits_slope"]


def joined(instructions: Sequence[Instruction], live: set[int], backend: Backend) -> list[Instruction]:
    """The instructions with each cross-entropy of unweighted classes, and its gradient, as two that share their work.

    In a program: loss(x, t), q(x, t), slope(g, x, q).
    """
    result = list(instructions)
    start = 0
    while start < len(result):
        window = result[start : start + len(_SLOPE)]
        if [i.name for i in window] == _SLOPE and _is_slope(window, result[start + len(_SLOPE) :], live):
            loss, slope = window[0], window[-1]
            x, t, _ = loss.inputs
            g = slope.inputs[0]
            kernel = backend.cross_entropy(x.shape, x.dtype, loss.options["ignore_index"])
            result[start : start + len(_SLOPE)] = [
                replace(loss, name="cross_entropy", call=kernel.loss, inputs=[x, t], options={}, kind="out"),
                replace(
                    slope, name="cross_entropy_slope", call=kernel.slope, inputs=[g, loss.output], options={}, kind="out"
                ),
            ]
        start += 1
    return result


def _is_slope(window: Sequence[Instruction], later: Sequence[Instruction], live: set[int]) -> bool:
    loss, q, slope = window
    g, x, _ = slope.inputs
    return (
        loss.inputs[2] is None
        and loss.options["reduction"] == "mean"
        and loss.options["label_smoothing"] == 0
        and q.options == loss.options
        and all(a is b for a, b in zip(q.inputs, loss.inputs, strict=True))
        and x is loss.inputs[0]
        and slope.inputs[2] is q.output
        and isinstance(g, np.ndarray)
        and g.ndim == 0
        and loss.inputs[1].dtype == np.int64
        and -(2**63) <= loss.options["ignore_index"] < 2**63
        and x.dtype.char in "fd"
        and owner(q.output) not in live
        and not any(owner(array) == owner(q.output) for i in later for array in i.reads())
    )


class CrossEntropy:
    """Mean cross-entropy of class indices, and its gradient by the logits, from one exponential of them.

    The classes are the first dimension meanwhile: NumPy sums along a short last one far slower.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, ignore_index: int) -> None:
        rows, classes = shape
        self._ignored = ignore_index
        self._z = np.empty((classes, rows), dtype)  # logits minus their largest, then their exponentials
        self._flat = self._z.reshape(-1)
        self._largest, self._sums, self._picked = (np.empty(rows, dtype) for _ in range(3))
        self._at, self._rows = np.empty(rows, np.int64), np.arange(rows)
        self._unsigned = self._at.view(np.uint64)  # in which negative classes are huge
        self._each_class, self._each_row = np.ones(classes, dtype), np.ones(rows, dtype)  # sums are products with these
        self._each = np.empty((), dtype)
        self._kept, self._none = np.empty(rows, bool), np.empty(rows, bool)
        self._count = rows

    def loss(self, x: Array, t: Array, *, out: Array) -> None:
        """mean(log(sum_c exp(x_c)) - x_t) over rows whose class is not the one that is ignored."""
        z, largest, picked = self._z, self._largest, self._picked
        np.not_equal(t, self._ignored, out=self._kept)
        np.multiply(t, self._kept, out=self._at)
        if np.maximum.reduce(self._unsigned, initial=0) >= len(z):
            wrong = self._at[(self._at < 0) | (self._at >= len(z))][0]
            raise DimensionError(f"Target {wrong} is out of bounds: the input has {len(z)} classes, 0 to {len(z) - 1}")
        np.copyto(z, x.T)
        np.maximum.reduce(z, axis=0, out=largest)
        np.subtract(z, largest, out=z)
        np.multiply(self._at, len(self._rows), out=self._at)
        np.add(self._at, self._rows, out=self._at)
        np.take(self._flat, self._at, out=picked, mode="clip")
        np.exp(z, out=z)
        np.dot(self._each_class, z, out=self._sums)
        np.log(self._sums, out=largest)
        np.subtract(largest, picked, out=picked)
        self._count = int(np.count_nonzero(self._kept))
        if self._count < len(t):
            np.copyto(picked, 0, where=np.logical_not(self._kept, out=self._none))
        np.true_divide(np.dot(picked, self._each_row), self._count, out=out)

    def slope(self, g: Array, _: Array, *, out: Array) -> None:
        """(softmax(x) - one_hot(t)) g / rows, with zeros in rows that are ignored; after :meth:`loss`. EE6132 lab, eq. 8.

        It takes the loss as well, for which it has no use: so :meth:`loss` is not left out where nobody else reads it.
        """
        z, share, picked = self._z, self._largest, self._picked
        each = np.true_divide(g, self._count, out=self._each)
        np.true_divide(each, self._sums, out=share)
        np.multiply(z, share, out=z)
        np.take(self._flat, self._at, out=picked, mode="clip")
        np.subtract(picked, each, out=picked)
        np.put(self._flat, self._at, picked)
        np.copyto(out, z.T)
        if self._count < len(out):
            out[self._none] = 0


# ------------------------------------------------------------------------------------------------------- lowering

_UFUNCS: dict[str, np.ufunc] = {
    "mul": np.multiply,
    "true_divide": np.true_divide,
    "neg": np.negative,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "maximum": np.maximum,
    "minimum": np.minimum,
}


def _line(ufunc: Callable[..., Any], output: Array, *inputs: Any) -> Instruction:
    return Instruction(getattr(ufunc, "__name__", "call"), ufunc, list(inputs), {}, output)


def _scratch(like: Array) -> Array:
    return np.empty(like.shape, like.dtype)


def lowered(instruction: Instruction, moving: set[int]) -> list[Instruction]:
    """The instruction as NumPy's own calls, where it is one of those that pay; else itself."""
    name, inputs, out = instruction.name.rstrip("_"), instruction.inputs, instruction.output
    lines = None
    if instruction.kind in ("out", "copy") and out.dtype.kind == "f":
        if name in _UFUNCS and not instruction.options:
            lines = [_line(_UFUNCS[name], out, *inputs)]
        elif name in _LOWERED:
            lines = _LOWERED[name](instruction, out, *inputs, moving=moving, **instruction.options)
    if not lines:
        return [instruction]
    lines[-1].completes = instruction.completes
    return lines


def _is_one(value: Any) -> bool:
    return type(value) in (int, float) and value == 1


def _scaled(ufunc: np.ufunc, _: Instruction, out: Array, a: Any, b: Any, *, moving: set[int], alpha: Any = 1) -> Any:
    if _is_one(alpha):
        return [_line(ufunc, out, a, b)]
    if not isinstance(b, np.ndarray):
        return None
    scaled = _scratch(b)
    return [_line(np.multiply, scaled, b, alpha), _line(ufunc, out, a, scaled)]


def _sigmoid(_: Instruction, out: Array, x: Array, *, moving: set[int]) -> Any:
    chain = [_line(np.negative, out, x), _line(np.exp, out, out), _line(np.add, out, out, 1)]
    return [*chain, _line(np.true_divide, out, 1, out)]


def _relu(_: Instruction, out: Array, x: Array, *, moving: set[int]) -> Any:
    zeros = np.zeros(out.shape if out.size <= BLOCK else out.shape[-1:], out.dtype)  # NumPy compares with a number slowly
    return [_line(np.maximum, out, x, zeros)]


def _between(_: Instruction, out: Array, x: Array, source: Array, *, moving: set[int], low: Any, high: Any) -> Any:
    if high is not None:
        return None
    inside = np.empty(source.shape, bool)  # as is nan
    outside = [_line(np.less_equal, inside, source, low), _line(np.logical_not, inside, inside)]
    return [*outside, _line(np.multiply, out, x, inside)]


def _linear(_: Instruction, out: Array, x: Array, weight: Array, bias: Array | None, *, moving: set[int]) -> Any:
    if owner(weight) in moving or x.ndim < 2:
        return None
    product = _product(out, x, weight.T)
    return [product] if bias is None else [product, _line(np.add, out, out, bias)]


def _product(out: Array, a: Array, b: Array) -> Instruction:
    """A matrix product; of two matrices by dot, which costs less to call."""
    return _line(np.dot if a.ndim == b.ndim == 2 and out.flags.c_contiguous else np.matmul, out, a, b)


def _matmul(_: Instruction, out: Array, a: Array, b: Array, *, moving: set[int]) -> Any:
    return [_product(out, a, b)]


def _sum_to(_: Instruction, out: Array, x: Array, *, moving: set[int], shape: tuple[int, ...]) -> Any:
    if x.shape[1:] != shape or x.dtype.char not in "fd" or len(x) > 128:  # a running total of more loses digits
        return None
    if x.ndim == 2:  # a product is faster than a sum along the first dimension
        return [_line(np.dot, out, np.ones(len(x), x.dtype), x)]
    return [_line(partial(np.add.reduce, axis=0), out, x)]


def _product_added(
    product: np.ufunc, _: Instruction, out: Array, x: Any, a: Array, b: Array, *, moving: set[int], value: Any
) -> Any:
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        return None
    term = np.empty(np.broadcast_shapes(a.shape, b.shape), out.dtype)
    scaled = [] if _is_one(value) else [_line(np.multiply, term, term, value)]
    return [_line(product, term, a, b), *scaled, _line(np.add, out, x, term)]


def _lerp(_: Instruction, out: Array, x: Array, end: Array, weight: Any, *, moving: set[int]) -> Any:
    if not isinstance(x, np.ndarray) or not isinstance(end, np.ndarray):
        return None
    way = np.empty(np.broadcast_shapes(x.shape, end.shape), out.dtype)
    if isinstance(weight, np.ndarray) and weight.shape not in ((), way.shape):
        return None
    return [_line(np.subtract, way, end, x), _line(np.multiply, way, way, weight), _line(np.add, out, x, way)]


def _mse(_: Instruction, out: Array, x: Array, t: Array, *, moving: set[int], reduction: str) -> Any:
    if reduction != "mean" or x.dtype.char not in "fd":
        return None
    d = np.empty(x.shape, out.dtype)
    squares = [_line(np.subtract, d, x, t), _line(np.multiply, d, d, d)]
    return [*squares, _line(np.add.reduce, out, d.reshape(-1)), _line(np.true_divide, out, out, x.size)]


_LOWERED: dict[str, Callable[..., Any]] = {
    "add": partial(_scaled, np.add),
    "sub": partial(_scaled, np.subtract),
    "sigmoid": _sigmoid,
    "relu": _relu,
    "between": _between,
    "linear": _linear,
    "_matmul": _matmul,
    "sum_to": _sum_to,
    "addcmul": partial(_product_added, np.multiply),
    "addcdiv": partial(_product_added, np.true_divide),
    "lerp": _lerp,
    "mse": _mse,
}


# --------------------------------------------------------------------------------------------------------- unused


def unused(program: Sequence[Instruction], live: set[int]) -> list[Instruction]:
    """Without instructions whose results nobody reads, and without copies of what can be computed in place."""
    kept: list[Instruction] = []
    wanted = set(live)
    for instruction in reversed(program):
        if instruction.kind not in ("view", "draw") and owner(instruction.output) not in wanted:
            continue
        wanted.update(owner(array) for array in instruction.reads())
        kept.append(instruction)
    kept.reverse()

    readers: dict[int, int] = {}
    for instruction in kept:
        for array in instruction.reads():
            readers[owner(array)] = readers.get(owner(array), 0) + 1
    result: list[Instruction] = []
    for instruction in kept:
        before = result[-1] if result else None
        if (
            before is not None
            and instruction.call is copy
            and _elementwise(before)
            and before.output is instruction.inputs[0]
            and owner(before.output) not in live
            and readers[owner(before.output)] == 1
            and (before.output.shape, before.output.dtype) == (instruction.output.shape, instruction.output.dtype)
            and all(_aligned(array, instruction.output) for array in before.reads())
        ):
            before.output, before.completes = instruction.output, instruction.completes
        else:
            result.append(instruction)
    return result


def _elementwise(instruction: Instruction) -> bool:
    return isinstance(instruction.call, np.ufunc) and instruction.call.signature is None and instruction.kind == "out"


def _aligned(a: Array, b: Array) -> bool:
    """Whether two arrays share no memory, or element by element."""
    if not np.may_share_memory(a, b):
        return True
    return place(a) == place(b)


# ---------------------------------------------------------------------------------------------------- orientation


def oriented(program: Sequence[Instruction], live: set[int], moving: set[int]) -> list[Instruction]:
    """With matrices of fewer rows than columns kept transposed, where only products and elementwise instructions make them.

    A product is computed as that of the transposed factors then, (A B)^T = B^T A^T; an elementwise instruction on transposed arrays.
    """
    turned = _Turned(_turnable(program, live | moving))
    result: list[Instruction] = []

    def transposed(value: Any) -> Any:
        view = turned.transposed(value)
        if view is not value and owner(value) in moving:  # elsewhere in each call, so that the view is taken in each call
            result.append(Instruction("transposed", _transposed, [value], {}, view, "view"))
        return view

    for instruction in program:
        inputs, out = instruction.inputs, instruction.output
        if instruction.kind == "view" and turned.holds(out):
            continue  # its output is taken from what is kept
        if not turned.holds(out):
            inputs = [turned.as_is(value) for value in inputs]
        else:
            inputs = [transposed(value) for value in (inputs if _elementwise(instruction) else reversed(inputs))]
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
    groups: dict[int, set[int]] = {}  # of owners, by owner
    matrices: dict[int, Array] = {}
    others = set(fixed)
    written = {owner(instruction.output) for instruction in program if instruction.kind != "view"}
    for instruction in program:
        matrices.update({id(array): array for array in instruction.reads() if owner(array) == id(array) not in written})
        out = instruction.output
        for array in (*instruction.reads(), out):
            key = owner(array)
            groups.setdefault(key, {key})
            if id(array) != key and not (id(array.base) == key and _is_transpose(array, array.base)):
                others.add(key)
        if instruction.kind == "view":
            continue
        if instruction.call in (np.dot, np.matmul) or _elementwise(instruction):
            matrices[owner(out)] = out
        else:
            others.add(owner(out))
        if _elementwise(instruction):
            met = {owner(array) for array in (*instruction.reads(), out) if array.shape == out.shape}
            union = set[int]().union(*(groups[key] for key in met))
            groups.update((key, union) for key in union)
    return [
        matrix
        for key, matrix in matrices.items()
        if id(matrix) == key
        and matrix.ndim == 2
        and matrix.shape[0] < matrix.shape[1]
        and matrix.flags.c_contiguous
        and groups[key] <= matrices.keys()
        and others.isdisjoint(groups[key])
        and all(matrices[other].shape == matrix.shape for other in groups[key])
    ]


def _is_transpose(array: Array, of: Any) -> bool:
    return bool(array.shape == of.shape[::-1] and array.strides == of.strides[::-1] and of.ndim == 2)


# --------------------------------------------------------------------------------------------------------- chains


def chained(program: Sequence[Instruction], live: set[int], moving: set[int], backend: Backend) -> list[Instruction]:
    """Elementwise instructions of one shape that follow one another as one instruction."""
    last = {}  # where an owner's memory is last read
    for i, instruction in enumerate(program):
        for array in instruction.reads():
            last[owner(array)] = i
    result: list[Instruction] = []
    chain: list[Instruction] = []

    def close(end: int) -> None:
        def later(array: Array) -> bool:
            return owner(array) in live or last.get(owner(array), -1) >= end

        for part in _apart(chain):
            result.extend(part if len(part) < backend.shortest else [backend.chained(part, later)])
        chain.clear()

    for i, instruction in enumerate(program):
        fits = _elementwise(instruction) and backend.chains(instruction, moving)
        if chain and not (fits and instruction.output.shape == chain[0].output.shape and _fit(instruction, chain)):
            close(i)
        if fits:
            chain.append(instruction)
        else:
            result.append(instruction)
    close(len(program))
    return result


def _apart(chain: Sequence[Instruction]) -> list[list[Instruction]]:
    """The chain as several that have no arrays in common, such as the updates of two parameters, each in its order."""
    groups: list[tuple[set[int], list[int]]] = []  # memory, and who uses it
    for i, instruction in enumerate(chain):
        memory, members = {array.ctypes.data for array in (*instruction.reads(), instruction.output) if array.ndim}, [i]
        for group in [group for group in groups if not group[0].isdisjoint(memory)]:
            groups.remove(group)
            memory, members = memory | group[0], members + group[1]
        groups.append((memory, members))
    return [[chain[i] for i in sorted(members)] for _, members in sorted(groups, key=lambda group: min(group[1]))]


def meets(instruction: Instruction) -> bool:
    """Whether its arrays are contiguous and of the output's shape, or a row or column of it, or a number."""
    out = instruction.output
    for array in instruction.reads():
        if array.shape == out.shape:
            if not array.flags.c_contiguous:
                return False
            continue
        row = out.ndim == 2 and array.shape in (out.shape[1:], (1, out.shape[1]))
        column = out.ndim == 2 and array.shape == (out.shape[0], 1)
        if not (row or column or array.ndim == 0):
            return False
    return out.flags.c_contiguous and out.ndim > 0


def _fit(instruction: Instruction, chain: Sequence[Instruction]) -> bool:
    """Whether what it touches and what the chain touches is the same memory in the same places, or other memory; of one dtype, and not too much."""
    mine = (*instruction.reads(), instruction.output)
    theirs = [array for part in chain for array in (*part.reads(), part.output)]
    if len({array.dtype for array in (*mine, *theirs) if array.dtype.kind == "f"}) > 1:
        return False
    if len(chain) >= _LONG and (len(chain) >= _LONGEST or len(_apart([*chain, instruction])) > len(_apart(chain))):
        return False
    return all(_aligned(a, b) for a in mine for b in theirs)


def _large(instruction: Instruction, moving: set[int]) -> bool:
    """Whether it pays to run an instruction in blocks, and its memory is where it was."""
    if instruction.output.size <= BLOCK or not meets(instruction):
        return False
    return not any(owner(array) in moving for array in (*instruction.reads(), instruction.output))


def _in_blocks(chain: Sequence[Instruction], later: Callable[[Array], bool]) -> Instruction:
    """One instruction for the chain, block by block; what is of no use outside gets memory for one block."""
    first: dict[int, str] = {}
    for part in chain:
        for array in part.reads():
            first.setdefault(id(array), "read")
        first.setdefault(id(part.output), "written")
    inner = {
        id(part.output)
        for part in chain
        if owner(part.output) == id(part.output) and not later(part.output) and first[id(part.output)] == "written"
    }
    shape = chain[0].output.shape
    arrays: dict[int, Array] = {}
    for part in chain:
        for array in (*part.reads(), part.output):
            arrays.setdefault(id(array), array)
    rows = max(1, BLOCK // max(1, int(np.prod(shape[1:]))))
    kept = {key: np.empty((rows, *shape[1:]), arrays[key].dtype) for key in inner}
    tables: list[tuple[Array, ...]] = []
    for start in range(0, shape[0], rows):
        stop = min(start + rows, shape[0])
        tables.append(
            tuple(
                kept[key][: stop - start]
                if key in kept
                else array[start:stop]
                if array.ndim == len(shape) and len(array) == shape[0]
                else array
                for key, array in arrays.items()
            )
        )
    outside = [array for key, array in arrays.items() if key not in inner]
    body = [
        replace(part, inputs=[kept.get(id(v), v) for v in part.inputs], output=kept.get(id(part.output), part.output))
        for part in chain
    ]
    name = "+".join(part.name for part in chain)
    return Instruction(name, copy, outside, {}, chain[-1].output, "blocks", body, tables)


NUMPY = Backend(_large, _in_blocks, 2, CrossEntropy)


# --------------------------------------------------------------------------------------------------------- memory


def packed(program: Sequence[Instruction], fixed: set[int]) -> list[Instruction]:
    """With one piece of memory for several arrays, where the last reader of one comes before the first writer of the next.

    Arrays that an instruction makes as a whole are moved; ``fixed``, constants and what lives on from call to call are not.
    """
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    arrays: dict[int, Array] = {}
    for i, instruction in enumerate(program):
        for array in instruction.reads():
            first.setdefault(owner(array), -1)  # read before the program wrote it
            last[owner(array)] = i
        for array in instruction.writes():
            key = owner(array)
            if key not in first:
                first[key] = i if key == id(array) and array.flags.c_contiguous and key not in fixed else -1
                arrays[key] = array
            last[key] = i
    memory: dict[int, Array] = {}  # owner: bytes
    free: list[Array] = []
    ending: dict[int, list[int]] = {}
    for key, i in last.items():
        ending.setdefault(i, []).append(key)
    for i in range(len(program)):
        for key in [key for key in arrays if first[key] == i]:
            needed = arrays[key].nbytes
            fitting = [piece for piece in free if piece.nbytes >= needed]
            piece = min(fitting, key=len) if fitting else _aligned_bytes(needed)
            free = [other for other in free if other is not piece]
            memory[key] = piece
        free += [memory[key] for key in ending.get(i, ()) if key in memory]
    moved = _Moved(arrays, memory)
    return [moved.instruction(instruction) for instruction in program]


def _aligned_bytes(count: int) -> Array:
    """Memory that starts where a line of the cache does."""
    memory = np.empty(count + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + count]


class _Moved:
    """Arrays in other memory."""

    def __init__(self, owners: dict[int, Array], memory: dict[int, Array]) -> None:
        self._owners, self._memory = owners, memory
        self._moved: dict[int, tuple[Array, Array]] = {}

    def array(self, value: Any) -> Any:
        """The same view of the memory that took the place of its owner's."""
        if not isinstance(value, np.ndarray) or (key := owner(value)) not in self._memory:
            return value
        if id(value) not in self._moved:
            offset = value.ctypes.data - self._owners[key].ctypes.data
            view = np.ndarray(value.shape, value.dtype, self._memory[key].data, offset, value.strides)
            self._moved[id(value)] = value, view
        return self._moved[id(value)][1]

    def instruction(self, instruction: Instruction) -> Instruction:
        return replace(
            instruction,
            inputs=[self.array(value) for value in instruction.inputs],
            options={key: self.array(value) for key, value in instruction.options.items()},
            output=self.array(instruction.output),
            body=[self.instruction(part) for part in instruction.body],
            tables=[tuple(map(self.array, block)) for block in instruction.tables],
        )
