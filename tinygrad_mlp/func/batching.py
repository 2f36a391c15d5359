"""Tensors that stand for one sample of a batch: what :func:`~.vmapping.vmap` runs a function on.

Such a tensor has no array of its own but a cell, a :class:`Batched`, that holds the batch: a tensor whose first dimension is that of
the samples. To the function it has the shape of one sample. While the function runs, a :class:`Level` follows the thread's operations
(``state.follower``), as that of a compiled step does. It hands each one on, as an operation on batches, to whoever followed before: nobody, a
compiled step, or the level of an outer ``vmap``. So histories are those of the batches, and a level knows nothing of gradients.

:mod:`.rules` says what an operation on samples is on batches.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from .._tensor import Tensor
from ..core.apply import apply, node_of
from ..core.basics import broadcast, clone, reshaped
from ..core.graph import Node, Version, version_of, wrap
from ..core.primitive import Primitive
from ..core.state import state
from ..errors import ShapeError, TransformError, ValuesError
from ..ops.inplace import write_copy
from ..ops.joining import stack
from ..ops.random import get_rng_state, set_rng_state
from ..trees import leaves
from .custom import of_samples
from .rules import rule_of
from .trees import filled, replaced

__all__ = ["Batched", "Level", "levels", "lowered", "raised", "running_under"]

_told: set[str] = set()  # operations that a warning has named


class Batched:
    """The cell of a tensor that stands for one sample: the batch, and the level that it belongs to."""

    def __init__(self, level: Level, value: Tensor) -> None:
        self.level: Level = level
        self.value: Tensor = value  # its first dimension is that of the samples
        self.version: Version | None = None
        self._like: Any = None

    @property
    def like(self) -> Any:
        """An array with the form of one sample."""
        if self._like is None:
            batch = self.value._like
            if isinstance(batch, np.ndarray) and len(batch):
                self._like = batch[0, ...]
            else:
                self._like = np.empty(batch.shape[1:], batch.dtype)
        return self._like

    def tracked(self) -> bool:
        """Whether a gradient is wanted."""
        return self.value.requires_grad

    def counted(self) -> Version:
        """The counter of writes to the memory."""
        return version_of(self.value)

    def values(self) -> Any:
        """The elements of every sample."""
        below, state.follower = state.follower, self.level.outer
        try:
            cell = self.value._cell
            return self.value._data if cell is None else cell.values()
        finally:
            state.follower = below

    def _node(self) -> Node | None:
        return node_of(self.value)

    def _data(self) -> NoReturn:
        raise ValuesError(
            "vmap: the function asks for the values of a tensor (.item(), bool(), numpy(), an `if` or a size that depend on them), "
            "and in a batch they differ from sample to sample; choose with where(), or loop over the samples"
        )

    def described(self) -> str:
        """The batch, as text."""
        return f"BatchedTensor(lvl={self.level.depth}, bdim=0, value=\n    {self.value!r}\n)"


class Level:
    """One ``vmap`` that is running: follows the operations of its thread.

    Attributes:
        size: The number of samples.
        outer: Who followed before, and gets the operations on batches; None if nobody.
        randomness: What random numbers are: ``"error"``, ``"different"`` or ``"same"`` for all samples.
    """

    transforms = True  # tensors, and not only when they are computed

    def __init__(self, size: int, randomness: str = "error") -> None:
        self.size: int = size
        self.randomness: str = randomness
        self.outer: Any = state.follower
        self.depth: int = getattr(self.outer, "depth", 0) + 1
        self.graph: Level = self

    # ------------------------------------------------------------------------------------------ what the core asks

    def apply(self, op: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """The result of an operation on samples, computed on batches."""
        __tracebackhide__ = True
        state.follower = self.outer
        try:
            if not any(map(self.owns, args)):
                return apply(op, args, params)
            inputs, options = op.bind(tuple(args), params)
            return self.sample(rule_of(op, options, inputs)(self, op, inputs, options))
        finally:
            state.follower = self

    def in_place(self, form: Callable[..., Any], op: Primitive, target: Tensor, args: Sequence[Any], params: Any) -> Tensor:
        """A write into a tensor's memory.

        Raises:
            TransformError: It would write a batch into memory that has room for one sample.
        """
        __tracebackhide__ = True
        inputs, options = op.bind((target, *args), params)
        if not self.owns(target):
            if any(map(self.owns, inputs)):
                raise TransformError(
                    f"vmap: inplace arithmetic {op.name}_ is not possible because its target is one tensor for all samples, and what "
                    "is written differs from sample to sample; make the target of a sample, as by new_zeros or zeros_like, or "
                    "use the out-of-place form"
                )
            with running_under(self.outer):
                form(target, *args, **params)
            return target
        batch = target._cell.value
        old = target
        if state.grad and any(isinstance(a, Tensor) and a.requires_grad for a in inputs):
            old = clone(target)  # a rule may need it
        result = self.apply(op, (old, *inputs[1:]), options)
        if result._like.shape != target._like.shape:
            raise ShapeError(
                f"{op.name}_: output with shape {target._like.shape} doesn't match the broadcast shape {result._like.shape}; an "
                "in-place operation cannot change its target's shape"
            )
        with running_under(self.outer):
            write_copy(batch, result._cell.value)
        return target

    def draw(self, function: Callable[..., Any], args: Sequence[Any], params: dict[str, Any]) -> Any:
        """What a function draws at random: for each sample anew, or for all the same.

        Raises:
            TransformError: Neither was asked for.
        """
        if self.randomness == "error":
            raise TransformError(
                "vmap: called random operation while in randomness error mode: pass randomness='different' to draw for each sample, "
                "or 'same' to draw once for all"
            )
        values = (*args, *params.values())
        with running_under(self.outer):
            if self.randomness == "same" and not any(map(self.owns, values)):
                return function(*args, **params)
            drawn, start = [], get_rng_state() if self.randomness == "same" else None
            for k in range(self.size):
                if start is not None:
                    set_rng_state(start)
                row, named = self.row(([*args], params), k)
                drawn.append(function(*row, **named))
        if args and isinstance(args[0], Tensor) and function.__name__.endswith("_"):  # the samples' memory was written
            return args[0]
        with running_under(self.outer):
            batch = stack(drawn)
        return self.sample(batch)

    def custom(self, function: Any, args: Sequence[Any]) -> Any:
        """What a user's Function gives."""
        if any(map(self.owns, leaves([*args], Tensor))):
            return of_samples(self, function, args)
        with running_under(self.outer):
            return function.apply(*args)

    def repeated(self, tensor: Tensor) -> Tensor:
        """A sample's own tensor, equal for all to begin with."""
        with running_under(self.outer):
            batch = clone(broadcast(tensor, shape=(self.size, *tensor._like.shape)))
        return self.sample(batch)

    def sweep(self, *_: Any) -> NoReturn:
        """Refuse a backward pass: gradients of samples are for :func:`~.derivatives.grad`."""
        raise TransformError(
            "backward() or autograd.grad() called inside a functorch transform: this is not supported; use torch.func.grad there"
        )

    def lending(self, array: Any) -> None:
        """An array over memory is handed out: it is that of no sample."""

    writing = lending

    # -------------------------------------------------------------------------------------------- what rules are made of

    def owns(self, value: Any) -> bool:
        """Whether the value is a tensor that differs from sample to sample."""
        return isinstance(value, Tensor) and type(value._cell) is Batched and value._cell.level is self

    def sample(self, batch: Tensor) -> Tensor:
        """The tensor that stands for one sample of the batch."""
        tensor: Tensor = object.__new__(Tensor)
        tensor._cell = Batched(self, batch)
        return tensor

    def value(self, arg: Any) -> Any:
        """The batch of a tensor that has one; anything else as it is."""
        return arg._cell.value if self.owns(arg) else arg

    def full(self, arg: Tensor) -> Tensor:
        """The batch; of a tensor without one it is repeated, as a view."""
        if self.owns(arg):
            value: Tensor = arg._cell.value
            return value
        return broadcast(arg, shape=(self.size, *arg._like.shape))

    def aligned(self, args: Sequence[Any], ndim: int = 0) -> list[Any]:
        """The batches with as many dimensions as each other, so that those of samples broadcast, and tensors without a batch."""
        ndim = max(ndim, *(a._like.ndim for a in args if isinstance(a, Tensor)))
        found = []
        for arg in args:
            if self.owns(arg) and arg._like.ndim < ndim:
                shape = arg._like.shape
                arg = reshaped(arg._cell.value, shape=(self.size, *(1,) * (ndim - len(shape)), *shape))
            found.append(self.value(arg))
        return found

    def row(self, args: Any, k: int) -> Any:
        """The arguments, in any nest, of the k-th sample."""
        return replaced(lambda x: x._cell.value[k] if self.owns(x) else x, args)

    def loop(self, op: Primitive, inputs: Sequence[Any], options: dict[str, Any]) -> Tensor:
        """The batch of an operation on one sample after the other."""
        found = self.each(op.name, lambda *args: apply(op, args, options), inputs, {})
        return self.value(found)

    def each(self, name: str, function: Callable[..., Any], args: Sequence[Any], params: dict[str, Any]) -> Any:
        """What a function gives for one sample after the other; a warning says so, once for each name."""
        given = [*args], params
        with running_under(self.outer):
            if not any(map(self.owns, leaves(given, Tensor))):  # it is for an outer level
                return self.outer.each(name, function, args, params)
            if name not in _told:
                _told.add(name)
                warnings.warn(
                    f"There is a performance drop: vmap has no rule for {name}, and computes it in a loop over the samples",
                    UserWarning,
                    stacklevel=2,
                )
            if self.size:
                rows = [self.row(given, k) for k in range(self.size)]
            else:
                zeros = replaced(lambda x: wrap(np.zeros(x._like.shape, x._like.dtype)) if self.owns(x) else x, given)
                rows = [zeros]
            results = [function(*row, **named) for row, named in rows]
            columns = zip(*(leaves(result, Tensor) for result in results), strict=True)
            batches = [stack(column)[: self.size] for column in columns]
        return filled(results[0], [self.sample(batch) for batch in batches])


@contextmanager
def running_under(follower: Any) -> Iterator[None]:
    """A block whose operations another one follows."""
    before, state.follower = state.follower, follower
    try:
        yield
    finally:
        state.follower = before


def levels() -> list[Level]:
    """Every ``vmap`` that is running in this thread, the outermost first."""
    found, follower = [], state.follower
    while isinstance(follower, Level):
        found.append(follower)
        follower = follower.outer
    return found[::-1]


def lowered(tensor: Tensor, through: Sequence[Level]) -> Tensor:
    """The batch of all samples of these levels, their dimensions in front in the order of the levels."""
    for level in reversed(through):
        with running_under(level.outer):
            tensor = level.full(tensor)
    return tensor


def raised(batch: Tensor, through: Sequence[Level]) -> Tensor:
    """The tensor that stands for one sample, of a batch as :func:`lowered` gives it."""
    for level in through:
        batch = level.sample(batch)
    return batch
