"""New tensors: from Python numbers, sequences and arrays, or filled by a rule.

Every function takes ``dtype=``, ``device=`` (the CPU is the only one) and ``requires_grad=``. Without a dtype, Python
floats make the default dtype (float32 unless changed), integers int64 and truth values bool; arrays keep theirs.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.apply import declare
from ..core.basics import Array
from ..core.errors import ArgumentError, DTypeError, ShapeError
from ..core.graph import Tensor, wrap
from ..core.primitive import renamed
from ..core.state import state
from ..device import on_cpu
from ..dtypes import as_dtype, bool_, dtype, get_default_dtype, int64, promote_types, storable
from ..errors import DeviceError
from ..lending import borrowed
from .composite import Operation, called, composite

_dtype_type = dtype

__all__ = [
    "arange", "as_tensor", "asarray", "empty", "empty_like", "eye", "from_numpy", "frombuffer", "full", "full_like", "linspace",
    "logspace", "ones", "ones_like", "tensor", "zeros", "zeros_like",
]  # fmt: skip

# --------------------------------------------------------------------------------------------------------- helpers


def creates(function: Any = None, **declared: Any) -> Operation:
    """Make an operation of a function that gives an array: the tensor over it, and ``device`` and ``requires_grad`` as arguments."""
    if function is None:
        return functools.partial(creates, **declared)
    whole = inspect.signature(function)
    more = [
        inspect.Parameter("device", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="Any"),
        inspect.Parameter("requires_grad", inspect.Parameter.KEYWORD_ONLY, default=False, annotation="bool"),
    ]
    known = {*whole.parameters}

    @functools.wraps(function)
    def call(*args: Any, device: Any = None, requires_grad: bool = False, **params: Any) -> Array:
        __tracebackhide__ = True
        if params:
            if "out" in params and isinstance(params["out"], Tensor):
                return call.into(args, {"dtype": params["out"].dtype, **params})  # type: ignore[attr-defined] # by out.py
            params = {renamed(key, known): value for key, value in params.items() if key != "out"}
            if not known.issuperset(params):
                params = _without_hints(function.__name__, params, known)
        array = function(*args, **params)
        if device is not None:
            on_cpu(device)
        result = array if isinstance(array, Tensor) else wrap(np.asarray(array))
        return result if requires_grad is False else result.requires_grad_(requires_grad)

    call.__signature__ = whole.replace(parameters=[*whole.parameters.values(), *more])  # type: ignore[attr-defined]
    return declare(call, **declared)


_HINTS = {"layout", "pin_memory", "memory_format"}


def _without_hints(name: str, params: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """Arguments without those on where and how memory is laid out: there is one way.

    Raises:
        DeviceError: Pinned memory is asked for, which is of accelerators.
        ArgumentError: There is no such argument.
    """
    if params.get("pin_memory") and "pin_memory" not in known:
        raise DeviceError(f"{name}(): pin_memory needs an accelerator, and none is available; leave it out")
    unknown = sorted(params.keys() - known - _HINTS)
    if unknown:
        raise ArgumentError(f"{name}() got an unexpected keyword argument {unknown[0]!r}")
    return {key: value for key, value in params.items() if key in known}


def numpy_dtype(given: dtype | None, otherwise: dtype | None = None) -> np.dtype[Any]:
    """The NumPy dtype of the result: the one given, else ``otherwise``, else the default."""
    return as_dtype(given if given is not None else otherwise if otherwise is not None else get_default_dtype()).numpy


def as_size(name: str, args: Sequence[Any], size: Any = None) -> tuple[int, ...]:
    """``(2, 3)`` of ``name(2, 3)``, of ``name((2, 3))`` and of ``name(size=(2, 3))``."""
    given = args if size is None else (*args, size)
    if not given:
        raise ArgumentError(f"{name}() misses its argument 'size': ints, or one tuple of ints")
    sizes = given[0] if len(given) == 1 and isinstance(given[0], Sequence) else given
    for n in sizes:
        if isinstance(n, bool | str) or not hasattr(n, "__index__"):
            raise ArgumentError(f"{name}(): argument 'size' must be tuple of ints, but it holds {type(n).__name__}: {n!r}")
    shape = tuple(map(operator.index, sizes))
    if any(n < 0 for n in shape):
        raise ShapeError(f"{name}(): Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")
    return shape


def number(name: str, argument: str, value: Any) -> Any:
    """A Python number from a number, a NumPy scalar or a tensor of one element."""
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if not isinstance(value, bool | int | float):
        raise ArgumentError(f"{name}(): argument {argument!r} must be Number, not {type(value).__name__}")
    return value


def like(name: str, input: Array) -> Array:
    if not isinstance(input, Tensor):
        raise ArgumentError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
    return input


# ------------------------------------------------------------------------------------------------------- from data


_PYTHON = {float: None, int: int64, bool: bool_}  # None: the default dtype at the time


def _depth(data: Any) -> int:
    """How many sequences lie around the first number, or tensor."""
    if isinstance(data, list | tuple):
        return 1 + (_depth(data[0]) if data else 0)
    return data.ndim if isinstance(data, np.ndarray) else _depth(list(data)) if _is_sequence(data) else 0


def _is_sequence(data: Any) -> bool:
    """Whether it is a sequence of another kind: a range, a deque."""
    kind = type(data)
    sized = hasattr(kind, "__getitem__") and hasattr(kind, "__len__")
    return sized and not isinstance(data, list | tuple | dict | str | bytes | np.ndarray | np.generic | Tensor)


def _leaves(data: Any, dtypes: set[_dtype_type], depth: int) -> Any:
    """``data`` with arrays for tensors, and numbers for those ``depth`` deep; the dtypes of its leaves go into ``dtypes``."""
    if isinstance(data, list | tuple):
        kinds = set(map(type, data))
        if kinds <= _PYTHON.keys():  # the innermost lists, mostly: no Python loop over their numbers
            dtypes.update(_PYTHON[kind] or get_default_dtype() for kind in kinds)
            return data
        return [_leaves(item, dtypes, depth - 1) for item in data]
    if isinstance(data, Tensor):
        data = data._data
        if depth == 0:
            if data.size != 1:
                raise (ValueError if data.dtype.kind == "f" else ArgumentError)(
                    f"only one element tensors can be converted to Python scalars, got shape {data.shape}; use stack(...)"
                )
            data = data.reshape(())
    if isinstance(data, np.ndarray | np.generic):
        dtypes.add(as_dtype(storable(np.asarray(data)).dtype))
        return data
    if type(data) in _PYTHON:
        dtypes.add(_PYTHON[type(data)] or get_default_dtype())
        return data
    if _is_sequence(data):
        return _leaves(list(data), dtypes, depth)
    raise (ArgumentError if isinstance(data, str | bytes) else DTypeError)(
        f"Could not infer dtype of {type(data).__name__}: a tensor is made of numbers, truth values, arrays, tensors "
        "and nested sequences of them"
    )


def _raggedness(data: Any, depth: int = 0) -> str:
    """Where nested sequences do not have one length."""
    if not isinstance(data, list | tuple | np.ndarray):
        return ""
    sizes = [len(item) if isinstance(item, list | tuple) or np.ndim(item) else -1 for item in data]
    for size in sizes:
        if size != sizes[0]:
            wanted, got = ("a number" if n < 0 else f"sequence of length {n}" for n in (sizes[0], size))
            return f"expected {wanted} at dim {depth + 1} (got {got.removeprefix('sequence of length ')})"
    return next(filter(None, (_raggedness(item, depth + 1) for item in data)), "")


def _from_data(data: Any, dtype: dtype | None) -> np.ndarray[Any, Any]:
    """A new array of the data, by PyTorch's rules for dtypes."""
    if isinstance(data, str | bytes):
        raise ArgumentError(f"new(): invalid data type {type(data).__name__!r}: a tensor is made of numbers")
    found: set[_dtype_type] = set()
    data = _leaves(data, found, -1 if isinstance(data, Tensor) else _depth(data))
    target = numpy_dtype(dtype, functools.reduce(promote_types, found) if found else None)
    if isinstance(data, np.ndarray | np.generic):
        return np.array(data, dtype=target)
    try:
        array = np.array(data)
    except ValueError as error:
        raise ValueError(f"{_raggedness(data) or error}; nested sequences must have the same lengths") from None
    if array.dtype.kind == "O" or (array.dtype.kind == "u" and array.dtype.itemsize == 8):
        raise ValueError("Overflow when unpacking long: an integer does not fit into int64; use floats")
    _check_range(array, target)
    with np.errstate(over="ignore"):  # 1e40 is inf in float32
        return array.astype(target, copy=False)


def _check_range(array: np.ndarray[Any, Any], target: np.dtype[Any]) -> None:
    """Python numbers must fit: PyTorch lets only -max..-1 wrap around in uint8."""
    if target.kind not in "iu" or not array.size:
        return
    low, high = array.min(), array.max()
    limits = np.iinfo(target)
    least = -limits.max if target.kind == "u" else limits.min
    if not (low >= least and high <= limits.max):  # also where nan
        raise DTypeError(
            f"value cannot be converted to type {target.name} without overflow: got {low} to {high}; use a wider dtype"
        )


@creates
def tensor(data: Any, *, dtype: dtype | None = None) -> Array:
    """A new tensor holding a copy of ``data``: a number, nested sequences, arrays, tensors, or sequences of these.

    >>> import tinygrad_mlp as torch
    >>> torch.tensor([[1, 2], [3, 4]]).dtype, torch.tensor(0.5).dtype
    (tinygrad_mlp.int64, tinygrad_mlp.float32)

    Raises:
        ArgumentError: It is text. DTypeError: There is something in it that is not a number.
        ValueError: Sequences of different lengths, or an integer that int64 cannot hold.
        DTypeError: A number that ``dtype`` cannot hold.
    """
    return _from_data(data, dtype)


@composite
def as_tensor(data: Any, dtype: dtype | None = None, device: Any = None) -> Array:
    """``data`` as a tensor, sharing memory (and, of a tensor, history) where the dtype allows it."""
    if isinstance(data, Tensor):
        return data.to(device=device, dtype=dtype)
    if isinstance(data, np.ndarray):
        return from_numpy(data).to(device=device, dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


@composite
def asarray(
    obj: Any, *, dtype: dtype | None = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Array:
    """``obj`` as a tensor; shares memory unless ``copy`` is True, and must if it is False.

    Raises:
        ValueError: ``copy`` is False and a copy is needed.
    """
    result = as_tensor(obj, dtype, device)
    source = obj._data if isinstance(obj, Tensor) else obj
    shared = isinstance(source, np.ndarray) and np.may_share_memory(source, result._data)
    if copy is False and not shared and result.numel():
        raise ValueError(f"can't alias {type(obj).__name__} as a {result.dtype} tensor; leave out copy=False")
    if copy and shared:
        result = result.clone()
    return result.detach().requires_grad_() if requires_grad else result


@composite
def from_numpy(ndarray: Any) -> Array:
    """A tensor over the array's own memory: writes on either side show on the other.

    Raises:
        ArgumentError: It is not an array, or of a dtype that tensors do not have.
    """
    if not isinstance(ndarray, np.ndarray):
        raise ArgumentError(f"expected np.ndarray (got {type(ndarray).__name__}); use tensor(...) for other data")
    return wrap(storable(borrowed(np.asarray(ndarray))))


@composite
def frombuffer(
    buffer: Any, *, dtype: dtype, count: int = -1, offset: int = 0, requires_grad: bool = False, **options: Any
) -> Array:
    """A vector over the memory of a buffer, such as a ``bytearray``: ``count`` elements from byte ``offset``, or all.

    Raises:
        ValueError: The buffer does not hold as many, or a whole number of them.
    """
    if len(memoryview(buffer).cast("B")) == 0 or count == 0:
        raise ValueError(f"both buffer length and count ({count}) must not be 0")
    return from_numpy(np.frombuffer(buffer, as_dtype(dtype).numpy, count, offset)).requires_grad_(requires_grad)


# ---------------------------------------------------------------------------------------------------- filled by a rule


def _filled(name: str, fill: Operation, doc: str) -> Operation:
    def filled(*args: Any, size: Any = None, dtype: dtype | None = None) -> Array:
        return fill(as_size(name, args, size), numpy_dtype(dtype))

    return creates(called(filled, __name__, name, doc))


zeros: Operation = _filled("zeros", np.zeros, "Zeros: ``zeros(2, 3)`` or ``zeros((2, 3))``.")
ones: Operation = _filled("ones", np.ones, "Ones: ``ones(2, 3)`` or ``ones((2, 3))``.")
empty: Operation = _filled("empty", np.empty, "Memory as it was found: ``empty(2, 3)`` or ``empty((2, 3))``.")


@creates
def full(size: Any, fill_value: Any, *, dtype: dtype | None = None) -> Array:
    """``fill_value`` everywhere, in its own dtype unless another is given.

    >>> import tinygrad_mlp as torch
    >>> torch.full((2,), 7), torch.full((2,), 7.0)
    (tensor([7, 7]), tensor([7., 7.]))
    """
    if not isinstance(size, Sequence):
        raise ArgumentError(f"full(): argument 'size' must be tuple of ints, not {type(size).__name__}")
    value = _from_data(number("full", "fill_value", fill_value), dtype)
    return np.full(as_size("full", (size,)), value)


@creates
def eye(n: int, m: int | None = None, *, dtype: dtype | None = None) -> Array:
    """Ones on the diagonal, zeros elsewhere, shape ``(n, m)``; ``(n, n)`` without ``m``."""
    rows, columns = as_size("eye", (n, n if m is None else m))
    return np.eye(rows, columns, dtype=numpy_dtype(dtype))


@creates
def arange(*args: Any, start: Any = None, end: Any = None, step: Any = None, dtype: dtype | None = None) -> Array:
    """start, start + step, ... up to and without ``end``: ``arange(end)``, ``arange(start, end, step=1)``.

    >>> import tinygrad_mlp as torch
    >>> torch.arange(3), torch.arange(0, 1, 0.25)
    (tensor([0, 1, 2]), tensor([0.0000, 0.2500, 0.5000, 0.7500]))

    Raises:
        ShapeError: ``step`` is zero or leads away from ``end``.
    """
    names = ("end",) if len(args) == 1 and end is None else ("start", "end", "step")
    given = {"start": start, "end": end, "step": step}
    for name, value in zip(names, args):
        if given[name] is not None:
            raise ArgumentError(f"arange() got two values for {name!r}")
        given[name] = value
    if len(args) > 3 or given["end"] is None:
        raise ArgumentError("arange() takes (end) or (start, end, step=1)")
    first, last, by = (
        number("arange", name, default if given[name] is None else given[name])
        for name, default in (("start", 0), ("end", None), ("step", 1))
    )
    if by == 0:
        raise ShapeError("arange: step must be nonzero")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise ShapeError(f"arange: unsupported range: {first} -> {last}")
    if (last - first) * by < 0:
        raise ShapeError(f"arange: upper bound and lower bound inconsistent with step sign: {first} to {last} by {by}")
    floating = any(isinstance(value, float) for value in (first, last, by))
    target = numpy_dtype(dtype, None if floating else int64)
    if target.kind == "b":
        raise NotImplementedError("arange is not implemented for bool; make integers and compare")
    if target.kind == "f":
        count = math.ceil((last - first) / by)
    else:
        count = math.ceil((last - first) / by)
        first, last, by = int(first), int(last), int(by)
        count = -((first - last) // by) if target == np.int64 else count
    return (first + by * np.arange(count, dtype=np.int64)).astype(target)


def _spaced(name: str, start: Any, end: Any, steps: Any, target: np.dtype[Any]) -> np.ndarray[Any, Any]:
    if isinstance(steps, bool) or not hasattr(steps, "__index__"):
        raise ArgumentError(f"{name}(): argument 'steps' must be int, not {type(steps).__name__}")
    if steps < 0:
        raise ShapeError(f"{name}: number of steps must be non-negative, got {steps}")
    first, last = number(name, "start", start), number(name, "end", end)
    if target.kind in "iu":  # whole ends, and the second half counted from the end
        first, last = int(first), int(last)
        counts = np.arange(steps)
        step = (last - first) / max(steps - 1, 1)
        return np.where(counts < max(steps // 2, steps == 1), first + step * counts, last - step * (steps - 1 - counts))
    return np.linspace(first, last, operator.index(steps))


@creates
def linspace(start: Any, end: Any, steps: int, *, dtype: dtype | None = None) -> Array:
    """``steps`` evenly spaced values from ``start`` to ``end``, both included."""
    return _spaced("linspace", start, end, steps, numpy_dtype(dtype)).astype(numpy_dtype(dtype))


@creates
def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: dtype | None = None) -> Array:
    """base ** :func:`linspace` (start, end, steps)."""
    return np.power(float(base), _spaced("logspace", start, end, steps, numpy_dtype(dtype))).astype(numpy_dtype(dtype))


# ------------------------------------------------------------------------------------------------- like another tensor


def _for_each_sample(function: Operation) -> Operation:
    """Decorate what makes a tensor like another: where that stands for a sample, as under ``vmap``, each sample has its own."""

    @functools.wraps(function)
    def call(*args: Any, **params: Any) -> Array:
        __tracebackhide__ = True
        result = function(*args, **params)
        follower = state.follower
        return (
            follower.repeated(result) if follower is not None and follower.transforms and follower.owns(args[0]) else result
        )

    return call


def _filled_like(name: str, fill: Operation, doc: str) -> Operation:
    def filled(input: Array, *, dtype: dtype | None = None) -> Array:
        form = like(name, input)._like
        return fill(form if isinstance(form, np.ndarray) else input._data, numpy_dtype(dtype, input.dtype))

    return _for_each_sample(creates(called(filled, __name__, name, doc)))


zeros_like: Operation = _filled_like("zeros_like", np.zeros_like, "Zeros in the shape and dtype of ``input``.")
ones_like: Operation = _filled_like("ones_like", np.ones_like, "Ones in the shape and dtype of ``input``.")
empty_like: Operation = _filled_like(
    "empty_like", np.empty_like, "Memory as it was found, in the shape and dtype of ``input``."
)


@_for_each_sample
@creates
def full_like(input: Array, fill_value: Any, *, dtype: dtype | None = None) -> Array:
    """``fill_value`` in the shape and dtype of ``input``."""
    return full(like("full_like", input).shape, fill_value, dtype=dtype or input.dtype)


@creates(method=True)
def new_tensor(input: Array, data: Any, *, dtype: dtype | None = None) -> Array:
    """A copy of ``data`` in the dtype of ``input``."""
    return _from_data(data, dtype or like("new_tensor", input).dtype)


def _new(name: str, filled: Operation) -> Operation:
    def new(input: Array, *args: Any, dtype: dtype | None = None, **options: Any) -> Array:
        return filled(*args, dtype=dtype or input.dtype, **options)

    called(new, __name__, name, f":func:`{filled.__name__}` in the dtype of ``input``.")
    return composite(_for_each_sample(new), method=True)


new_zeros: Operation = _new("new_zeros", zeros)
new_ones: Operation = _new("new_ones", ones)
new_empty: Operation = _new("new_empty", empty)


@composite(method=True)
@_for_each_sample
def new_full(input: Array, size: Any, fill_value: Any, *, dtype: dtype | None = None, **options: Any) -> Array:
    """:func:`full` in the dtype of ``input``."""
    return full(size, fill_value, dtype=dtype or input.dtype, **options)
