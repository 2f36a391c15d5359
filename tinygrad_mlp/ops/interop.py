"""What NumPy's functions do with tensors: ``np.exp(t)``, ``array @ t``, ``np.sum(t, axis=0)`` give tensors with gradients.

Both tables below map NumPy's functions to operations of this library. What is in neither raises an error that says what
to call instead: NumPy would otherwise fall back to arrays of objects, or lose the gradient without a word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import OPS, composite, is_tensor
from ..errors import ArgumentError
from .creation import as_tensor

__all__: list[str] = []

_RENAMED = {
    "subtract": "sub",
    "multiply": "mul",
    "divide": "true_divide",
    "power": "pow",
    "negative": "neg",
    "absolute": "abs",
    "fabs": "abs",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "rint": "round",
    "equal": "eq",
    "not_equal": "ne",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "invert": "bitwise_not",
}
_SAME = [
    "add", "floor_divide", "remainder", "fmod", "sign", "exp", "expm1", "log", "log1p", "log2", "log10",
    "sqrt", "square", "reciprocal", "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor", "ceil",
    "trunc", "isnan", "isinf", "isfinite", "logical_and", "logical_or", "logical_xor", "logical_not",
    "bitwise_and", "bitwise_or", "bitwise_xor", "maximum", "minimum", "fmax", "fmin", "matmul",
]  # fmt: skip
_UFUNCS = {**_RENAMED, **{name: name for name in _SAME}}
_REDUCTIONS = {
    "add": "sum", "multiply": "prod", "maximum": "amax", "minimum": "amin", "logical_and": "all", "logical_or": "any"
}  # fmt: skip

_REMEDY = "use this library's function, or pass values: t.detach().numpy() shares the tensor's memory"


def _operand(value: Any) -> Any:
    """An array-like as a tensor; numbers stay as they are, and weak."""
    if is_tensor(value) or isinstance(value, bool | int | float):
        return value
    return value.item() if isinstance(value, np.generic) else as_tensor(value)


@composite
def from_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What ``ufunc(*inputs)`` (or ``ufunc.reduce``) gives where an input is a tensor.

    Raises:
        ArgumentError: There is no such operation here, or no such argument of it.
    """
    name = ufunc.__name__
    if "out" in kwargs:
        raise ArgumentError(
            f"np.{name}: an array cannot take a tensor's result (out=, or array {name}= tensor); write the tensor as "
            "t.detach().numpy(), or make the array a tensor"
        )
    if method == "reduce" and name in _REDUCTIONS:
        kwargs = {"axis": 0, **kwargs}
        if kwargs.keys() <= {"axis", "keepdims"}:
            return OPS[_REDUCTIONS[name]](*inputs, dim=kwargs["axis"], keepdim=kwargs.get("keepdims", False))
    elif method == "__call__" and name in _UFUNCS and not kwargs:
        return OPS[_UFUNCS[name]](*map(_operand, inputs))
    called = f"np.{name}" + ("" if method == "__call__" else f".{method}")
    given = f" with {', '.join(kwargs)}=" if kwargs else ""
    raise ArgumentError(f"{called}{given} is not defined for tensors; {_REMEDY}")


@composite
def from_numpy_function(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a NumPy function that is not a ufunc gives where an argument is a tensor.

    Raises:
        ArgumentError: There is no such function here, or no such argument of it.
        GraphError: It looks at values, of a tensor that requires grad.
    """
    if func in _INSPECTING:
        return func(*_values(args), **_values(kwargs))
    name = f"{func.__module__}.{func.__name__}".replace("numpy", "np", 1)
    ours = _FUNCTIONS.get(func)
    if ours is None:
        raise ArgumentError(f"{name} is not defined for tensors; {_REMEDY}")
    try:
        import inspect  # slow to import, and for this error alone

        inspect.signature(ours).bind(*args, **kwargs)
    except TypeError as error:
        raise ArgumentError(f"{name} of a tensor: {error}; {_REMEDY}") from None
    return ours(*args, **kwargs)


def _values(value: Any) -> Any:
    """Arguments with arrays for tensors."""
    if is_tensor(value):
        return value.numpy()
    if isinstance(value, dict):
        return {key: _values(item) for key, item in value.items()}
    return type(value)(map(_values, value)) if type(value) in (list, tuple) else value


# Functions that look at values and return no tensor.
_INSPECTING = {
    np.allclose, np.array2string, np.array_equal, np.array_equiv, np.array_repr, np.array_str, np.can_cast,
    np.iscomplexobj, np.isclose, np.isrealobj, np.may_share_memory, np.min_scalar_type, np.result_type, np.save,
    np.savetxt, np.savez, np.savez_compressed, np.shares_memory,
}  # fmt: skip


def _call(name: str, *args: Any, **params: Any) -> Any:
    return OPS[name](*args, **params)


def _reduction(name: str) -> Callable[..., Any]:
    def reduce(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        return OPS[name](a, **({} if axis is None and not keepdims else {"dim": axis, "keepdim": keepdims}))

    return reduce


def _spread(name: str) -> Callable[..., Any]:
    def reduce(a: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
        return OPS[name](a, axis, correction=ddof, keepdim=keepdims)

    return reduce


def _along(name: str, otherwise: Any) -> Callable[..., Any]:
    """A function of one tensor and an axis."""
    return lambda a, axis=otherwise: OPS[name](a, axis)


def _running(name: str) -> Callable[..., Any]:
    return lambda a, axis=None: OPS[name](a.reshape(-1), 0) if axis is None else OPS[name](a, axis)


def _plain(name: str, count: int) -> Callable[..., Any]:
    """A function of ``count`` tensors and nothing else."""
    if count == 1:
        return lambda a: OPS[name](a)
    return lambda a, b: OPS[name](_operand(a), _operand(b))


def _joined(name: str) -> Callable[..., Any]:
    return lambda arrays, axis=0: OPS[name]([_operand(a) for a in arrays], axis)


def _where(condition: Any, x: Any, y: Any) -> Any:
    return OPS["where"](_operand(condition), _operand(x), _operand(y))


def _flip(m: Any, axis: Any = None) -> Any:
    axes = range(m.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return OPS["flip"](m, tuple(axes))


def _clip(a: Any, a_min: Any = None, a_max: Any = None) -> Any:
    return OPS["clamp"](a, a_min, a_max)


def _take(a: Any, indices: Any, axis: int | None = None) -> Any:
    a, axis = (a.reshape(-1), 0) if axis is None else (a, axis % a.ndim)
    return a[(*[slice(None)] * axis, indices)]


def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    return OPS["take_along_dim"](arr, _operand(indices), axis)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord is None:
        return OPS["norm"](x, 2, axis, keepdims)
    if axis is None and x.ndim != 1:
        raise ArgumentError(f"np.linalg.norm of a tensor: ord={ord!r} needs an axis=; {_REMEDY}")
    return OPS["linalg_norm"](x, ord, axis, keepdims)


_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.amax: _reduction("amax"),
    np.amin: _reduction("amin"),
    np.all: _reduction("all"),
    np.any: _reduction("any"),
    np.argmax: _reduction("argmax"),
    np.argmin: _reduction("argmin"),
    np.argsort: _along("argsort", -1),
    np.around: lambda a, decimals=0: OPS["round"](a, decimals=decimals),
    np.broadcast_to: lambda array, shape: OPS["expand"](array, shape),
    np.clip: _clip,
    np.concatenate: _joined("cat"),
    np.copy: _plain("clone", 1),
    np.count_nonzero: _along("count_nonzero", None),
    np.cumprod: _running("cumprod"),
    np.cumsum: _running("cumsum"),
    np.diag: lambda v, k=0: OPS["diag"](v, k),
    np.dot: _plain("matmul", 2),
    np.einsum: lambda subscripts, *operands: OPS["einsum"](subscripts, *map(_operand, operands)),
    np.expand_dims: lambda a, axis: OPS["unsqueeze"](a, axis),
    np.flip: _flip,
    np.full_like: lambda a, fill_value: OPS["full_like"](a, fill_value),
    np.linalg.norm: _norm,
    np.max: _reduction("amax"),
    np.mean: _reduction("mean"),
    np.min: _reduction("amin"),
    np.moveaxis: lambda a, source, destination: OPS["movedim"](a, source, destination),
    np.nan_to_num: lambda x, nan=0.0, posinf=None, neginf=None: OPS["nan_to_num"](x, nan, posinf, neginf),
    np.ndim: lambda a: a.ndim,
    np.nonzero: lambda a: OPS["nonzero"](a, as_tuple=True),
    np.ones_like: _plain("ones_like", 1),
    np.outer: _plain("outer", 2),
    np.prod: _reduction("prod"),
    np.ravel: _plain("ravel", 1),
    np.repeat: lambda a, repeats, axis=None: OPS["repeat_interleave"](a, repeats, axis),
    np.reshape: lambda a, shape: a.reshape(shape),
    np.roll: lambda a, shift, axis=None: OPS["roll"](a, shift, axis),
    np.round: lambda a, decimals=0: OPS["round"](a, decimals=decimals),
    np.shape: lambda a: tuple(a.shape),
    np.size: lambda a, axis=None: a.numel() if axis is None else a.shape[axis],
    np.sort: lambda a, axis=-1: OPS["sort"](a, axis)[0],
    np.squeeze: lambda a, axis=None: OPS["squeeze"](a) if axis is None else OPS["squeeze"](a, axis),
    np.stack: _joined("stack"),
    np.std: _spread("std"),
    np.sum: _reduction("sum"),
    np.swapaxes: lambda a, axis1, axis2: OPS["transpose"](a, axis1, axis2),
    np.take: _take,
    np.take_along_axis: _take_along_axis,
    np.tile: lambda A, reps: OPS["tile"](A, (reps,) if isinstance(reps, int) else reps),  # noqa: N803 - NumPy's name
    np.trace: _plain("trace", 1),
    np.transpose: lambda a, axes=None: OPS["permute"](a, tuple(range(a.ndim))[::-1] if axes is None else axes),
    np.tril: lambda m, k=0: OPS["tril"](m, k),
    np.triu: lambda m, k=0: OPS["triu"](m, k),
    np.var: _spread("var"),
    np.where: _where,
    np.zeros_like: _plain("zeros_like", 1),
}
