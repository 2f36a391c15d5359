"""Operations as the calls of NumPy that they consist of, each with memory to write into.

An operation's forward is run on :class:`Noted` stand-ins for its arrays, which compute and note every call of NumPy that they meet. So
what an operation computes is written once, in its forward. A forward may do what cannot be noted: look at values, index by a mask,
write into an input, or call a function that is not known here. Such an operation stays one instruction.

Numbers that differ from call to call have a stand-in, too, which a forward can pass on and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ...core.state import state
from ...lending import owner
from ..instruction import Instruction, Number, choose, copy

__all__ = ["lowered"]

Array = np.ndarray[Any, Any]


class _CannotBeNoted(Exception):  # noqa: N818 - it ends an attempt, and nobody else sees it
    pass


def lowered(instruction: Instruction, moving: set[int]) -> list[Instruction]:
    """The instruction as NumPy's own calls; itself where its forward does what cannot be noted."""
    if instruction.kind == "writes":
        return _Recording(moving).writes(instruction)
    if instruction.kind not in ("out", "copy") or instruction.call is copy:
        return [instruction]
    try:
        calls, result = _Recording(moving).run(instruction)
        if calls.place(result, instruction.output):  # again, so that the calls write straight into the output
            calls, result = _Recording(moving, calls.placed).run(instruction)
    except Exception:  # of any class: NumPy and the forward each fail in their own way on stand-ins
        return [instruction]
    if result.memory is not instruction.output and not calls.placed:
        calls.calls.append(Instruction("copy", copy, [result.memory], {}, instruction.output))
    return calls.calls


class _Recording:
    """The calls of one forward.

    Attributes:
        calls: As instructions.
        placed: Which of the arrays that it allocates get which memory.
    """

    def __init__(self, moving: set[int], placed: dict[int, Array] | None = None) -> None:
        self.calls: list[Instruction] = []
        self.placed: dict[int, Array] = placed or {}
        self._moving = moving
        self._own: list[Array] = []  # the memory that it allocated

    def run(self, instruction: Instruction) -> tuple[_Recording, Noted]:
        """Run the forward; gives the recording, and what the forward returned."""
        options = {key: self._stand_in(value) for key, value in instruction.options.items()}
        if instruction.kind == "out":
            options["out"] = Noted(self, instruction.output, np.empty_like(instruction.output), own=True)
        result = state.quiet(instruction.call, *map(self._stand_in, instruction.inputs), **options)
        if type(result) is not Noted or result.value.shape != instruction.output.shape:
            raise _CannotBeNoted
        return self, result

    def writes(self, instruction: Instruction) -> list[Instruction]:
        """The calls of a function that writes some of its inputs; NotImplementedError if it does what cannot be noted."""
        values = [
            Noted(self, value, value.copy(), own=True) if i in instruction.targets else self._stand_in(value)
            for i, value in enumerate(instruction.inputs)
        ]
        options = {key: self._stand_in(value) for key, value in instruction.options.items()}
        try:
            state.quiet(instruction.call, *values, **options)
        except Exception as error:
            raise NotImplementedError(f"{instruction.name} cannot be noted") from error
        return self.calls

    def _stand_in(self, value: Any) -> Any:
        if isinstance(value, list | tuple) and any(isinstance(item, np.ndarray) for item in value):
            raise _CannotBeNoted
        if isinstance(value, np.ndarray):
            return Noted(self, value, value)
        return NotedNumber(value) if type(value) is Number else value

    def place(self, result: Noted, output: Array) -> bool:
        """Find the allocated array that the result fills as a whole, so that the output can take its place; False if there is none."""
        for i, array in enumerate(self._own):
            if owner(array) == owner(result.memory) and array.size == result.value.size and array.dtype == output.dtype:
                whole = array.flags.c_contiguous and result.memory.flags.c_contiguous and output.flags.c_contiguous
                moves = (
                    array.shape != output.shape and owner(output) in self._moving
                )  # its view had to be taken in each call
                if not moves and (whole or (result.memory is array and array.strides == output.strides)):
                    self.placed = {i: output if array.shape == output.shape else output.reshape(array.shape)}
                    return True
        return False

    def call(self, function: Callable[..., Any], inputs: Any, options: dict[str, Any], compute: Any = None) -> Noted:
        """Note a call and compute it; ``compute`` where the function itself gives nothing back."""
        out = options.pop("out", None)
        inputs = [np.asarray(value) if isinstance(value, np.generic) else value for value in inputs]
        values = [_value(value) for value in inputs]
        value = np.asarray((compute or function)(*values, **options))
        if value.dtype.kind not in "fiub":
            raise _CannotBeNoted
        if out is None:
            out = self.allocated(value)
        elif type(out) is not Noted or not out.own or (out.value.shape, out.value.dtype) != (value.shape, value.dtype):
            raise _CannotBeNoted
        else:
            np.copyto(out.value, value)
        if any(type(v) is Noted or isinstance(v, np.ndarray) for v in options.values()):
            raise _CannotBeNoted
        if function is np.matmul and [v.ndim for v in values] == [2, 2] and out.memory.flags.c_contiguous:
            function = np.dot  # which costs less to call
        memory = [self._memory(value) for value in inputs]
        self.calls.append(Instruction(_name(function), function, memory, options, out.memory))
        return out

    def view(self, array: Noted, function: Callable[[Array], Array]) -> Noted:
        """Note a view."""
        memory, value = function(array.memory), function(array.value)
        if owner(memory) != owner(array.memory):
            raise _CannotBeNoted
        if owner(memory) in self._moving:
            self.calls.append(Instruction("view", function, [array.memory], {}, memory, "view"))
        return Noted(self, memory, value, array.own)

    def allocated(self, value: Array) -> Noted:
        """Memory to write into, which holds this value now."""
        memory = self.placed.get(len(self._own))
        memory = np.empty_like(value) if memory is None else memory
        self._own.append(memory)
        return Noted(self, memory, value, own=True)

    def _memory(self, value: Any) -> Any:
        if type(value) is Noted:
            return value.memory
        if type(value) is NotedNumber:
            return value.number
        return value.copy() if isinstance(value, np.ndarray) else value  # a constant


def _value(value: Any) -> Any:
    """What a stand-in stands for now."""
    return value.value if type(value) is Noted else value.number.kind(1) if type(value) is NotedNumber else value


def _name(function: Callable[..., Any]) -> str:
    of = getattr(function, "__self__", None)
    if isinstance(of, np.ufunc):
        return f"{of.__name__}_{function.__name__}"
    return function.__name__ if function.__name__.isidentifier() else "function"  # as of a lambda


class Noted(NDArrayOperatorsMixin):
    """A stand-in for an array: what is computed of it is noted.

    It is no array, so NumPy's functions are handed to it or fail, and methods that it lacks fail: no call goes unnoticed.

    Attributes:
        memory: The array in the program.
        value: What it holds, of the traced call. It is in other memory, so that the program's is not written yet.
        own: Whether the forward may write into it.
    """

    __class__ = property(lambda self: np.ndarray)  # forwards ask isinstance(x, np.ndarray)
    __hash__ = None  # type: ignore[assignment] # as of arrays

    def __init__(self, recording: _Recording, memory: Array, value: Array, own: bool = False) -> None:
        self.memory: Array = memory
        self.value: Array = value
        self.own: bool = own
        self._recording = recording
        self.shape: tuple[int, ...] = value.shape
        self.strides: tuple[int, ...] = value.strides
        self.dtype: np.dtype[Any] = value.dtype
        self.ndim: int = value.ndim
        self.size: int = value.size
        self.itemsize: int = value.itemsize

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        if ufunc.nout != 1 or method not in ("__call__", "reduce"):
            return NotImplemented
        options = {key: value for key, value in options.items() if value is not np._NoValue}
        return self._recording.call(
            ufunc if method == "__call__" else ufunc.reduce, inputs, {**options, "out": out and out[0]}
        )

    def __array_function__(self, function: Any, types: Any, args: Any, options: dict[str, Any]) -> Any:
        known = _with_out(function) if hasattr(function, "one_call") else _FUNCTIONS.get(function)
        return NotImplemented if known is None else known(self._recording, *args, **options)

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise _CannotBeNoted

    __bool__: Any = __array__
    __int__: Any = __array__
    __float__: Any = __array__
    __index__: Any = __array__
    __iter__: Any = __array__
    __contains__: Any = __array__

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, key: Any) -> Noted:
        return self._recording.view(self, lambda array: array[key])

    @property
    def T(self) -> Noted:  # noqa: N802 - NumPy's name
        return self._recording.view(self, np.transpose)

    def swapaxes(self, a: int, b: int) -> Noted:
        return self._recording.view(self, lambda array: array.swapaxes(a, b))

    def reshape(self, *shape: Any) -> Noted:
        return self._recording.view(self, lambda array: array.reshape(*shape))

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return np.add.reduce(self, axis=axis, keepdims=keepdims)  # type: ignore[call-overload] # as NumPy's does

    def copy(self) -> Noted:
        return self.astype(self.dtype, "C")

    def astype(self, dtype: Any, order: Any = "K", **options: Any) -> Noted:
        if self.dtype == dtype and not options.get("copy", True):
            return self
        return self._recording.call(copy, [self], {}, lambda value: value.astype(dtype, order))


class NotedNumber:
    """A stand-in for a number that differs from call to call. It can be passed on, and nothing else."""

    __class__ = property(lambda self: self.number.kind)  # forwards ask isinstance(x, float)

    def __init__(self, number: Number) -> None:
        self.number = number

    def __bool__(self, *_: Any) -> NoReturn:
        raise _CannotBeNoted

    __eq__: Any = __bool__
    __lt__: Any = __bool__
    __le__: Any = __bool__
    __gt__: Any = __bool__
    __ge__: Any = __bool__
    __hash__: Any = __bool__


# -------------------------------------------------------------------------------------- NumPy's functions that are not ufuncs


def _with_out(function: Callable[..., Any]) -> Callable[..., Noted]:
    return lambda recording, *args, **options: recording.call(function, args, options)


def _asked(function: Callable[..., Any]) -> Callable[..., Any]:
    """What depends on shapes and dtypes alone."""
    return lambda _, *args: function(*map(_value, args))


def _put(indices: Array, values: Any, *, out: Array) -> None:
    np.put(out, indices, values)


def _noted_put(recording: _Recording, array: Noted, indices: Any, values: Any) -> None:
    def compute(indices: Array, values: Any) -> Array:
        np.put(array.value, indices, values)
        return array.value

    recording.call(_put, [indices, values], {"out": array}, compute)


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    **{function: _with_out(function) for function in (np.dot, np.round, np.take)},
    **{function: _asked(function) for function in (np.ndim, np.shape, np.size, np.result_type)},
    np.squeeze: lambda recording, array, axes: recording.view(array, lambda a: np.squeeze(a, axes)),
    np.broadcast_to: lambda recording, array, shape: recording.view(array, lambda a: np.broadcast_to(a, shape)),
    np.where: lambda recording, condition, a, b: recording.call(choose, [condition, a, b], {}, np.where),
    np.copyto: lambda recording, out, source, *, where: recording.call(choose, [where, source, out], {"out": out}, np.where),
    np.copy: lambda recording, array, order="K": array.astype(array.dtype, order),
    np.empty_like: lambda recording, array, dtype=None: recording.allocated(np.empty_like(array.value, dtype)),
    np.zeros_like: lambda recording, array: recording.call(copy, [0], {}, lambda _: np.zeros_like(array.value)),
    np.put: _noted_put,
}
