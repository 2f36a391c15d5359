"""What NumPy's functions do with tensors: ``np.exp(t)``, ``array @ t``, ``np.sum(t, axis=0)`` give tensors with gradients.

An operation says itself which ufunc it answers; the table below maps NumPy's other functions to operations. What neither knows
raises an error that says what to call instead: NumPy would otherwise fall back to arrays of objects, or lose the gradient without a word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import basics
from ..core.errors import ArgumentError
from ..core.graph import Tensor
from ..core.primitive import on_operation
from . import choosing, creation, functions, indexing, joining, linalg, norms, order, products, scattering, sums
from . import shape as shapes
from .composite import composite
from .creation import as_tensor
from .reserve import family_of_ufunc

__all__: list[str] = []

_REMEDY = "use this library's function, or pass values: t.detach().numpy() shares the tensor's memory"


_UFUNCS: dict[tuple[np.ufunc, str], Callable[..., Any]] = {}  # what answers a method of a ufunc, such as "reduce"


@on_operation
def _answering(operation: Any) -> None:
    """An operation answers the ufuncs that it is declared to."""
    for key, method in (("ufunc", "__call__"), ("reduces", "reduce")):
        declared = operation.declared.get(key, ())
        for ufunc in declared if isinstance(declared, tuple) else (declared,):
            _UFUNCS[ufunc, method] = operation


def _operand(value: Any) -> Any:
    """An array-like as a tensor; numbers stay as they are, and weak."""
    if isinstance(value, Tensor | bool | int | float):
        return value
    return value.item() if isinstance(value, np.generic) else as_tensor(value)


@composite(operator="array_ufunc")
def from_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What ``ufunc(*inputs)`` (or ``ufunc.reduce``) gives where an input is a tensor; else ArgumentError."""
    name = ufunc.__name__
    if "out" in kwargs:
        raise ArgumentError(
            f"np.{name}: an array cannot take a tensor's result (out=, or array {name}= tensor); write the tensor as "
            "t.detach().numpy(), or make the array a tensor"
        )
    if (ufunc, method) not in _UFUNCS:
        family_of_ufunc(name)
    operation = _UFUNCS.get((ufunc, method))
    if operation is not None and method == "reduce":
        kwargs = {"axis": 0, **kwargs}
        if kwargs.keys() <= {"axis", "keepdims"}:
            return operation(*inputs, dim=kwargs["axis"], keepdim=kwargs.get("keepdims", False))
    elif operation is not None and not kwargs:
        operands = [_operand(value) for value in inputs]
        if operation.declared.get("numbers") is False:  # type: ignore[attr-defined] # every operation has it
            operands = [as_tensor(value) for value in operands]
        return operation(*operands)
    called = f"np.{name}" + ("" if method == "__call__" else f".{method}")
    given = f" with {', '.join(kwargs)}=" if kwargs else ""
    raise ArgumentError(f"{called}{given} is not defined for tensors; {_REMEDY}")


@composite(operator="array_function")
def from_numpy_function(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a NumPy function that is not a ufunc gives where an argument is a tensor; ArgumentError if it is not in the table."""
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
    if isinstance(value, Tensor):
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


def _reduction(operation: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        return operation(a, **({} if axis is None and not keepdims else {"dim": axis, "keepdim": keepdims}))

    return reduce


def _spread(operation: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(a: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
        return operation(a, axis, correction=ddof, keepdim=keepdims)

    return reduce


def _running(operation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, axis=None: operation(a.reshape(-1), 0) if axis is None else operation(a, axis)


def _flip(m: Any, axis: Any = None) -> Any:
    axes = range(m.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return shapes.flip(m, tuple(axes))


def _take(a: Any, indices: Any, axis: int | None = None) -> Any:
    a, axis = (a.reshape(-1), 0) if axis is None else (a, axis % a.ndim)
    return a[(*[slice(None)] * axis, indices)]


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord is None:
        return norms.norm(x, 2, axis, keepdims)
    if axis is None and x.ndim != 1:
        raise ArgumentError(f"np.linalg.norm of a tensor: ord={ord!r} needs an axis=; {_REMEDY}")
    return norms.linalg_norm(x, ord, axis, keepdims)


_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.amax: _reduction(order.amax),
    np.amin: _reduction(order.amin),
    np.all: _reduction(sums.all),
    np.any: _reduction(sums.any),
    np.argmax: _reduction(order.argmax),
    np.argmin: _reduction(order.argmin),
    np.argsort: lambda a, axis=-1: order.argsort(a, axis),
    np.around: lambda a, decimals=0: functions.round(a, decimals=decimals),
    np.broadcast_to: lambda array, shape: shapes.expand(array, shape),
    np.clip: lambda a, a_min=None, a_max=None: choosing.clamp(a, a_min, a_max),
    np.concatenate: lambda arrays, axis=0: joining.cat([_operand(a) for a in arrays], axis),
    np.copy: lambda a: basics.clone(a),
    np.count_nonzero: lambda a, axis=None: sums.count_nonzero(a, axis),
    np.cumprod: _running(products.cumprod),
    np.cumsum: _running(products.cumsum),
    np.diag: lambda v, k=0: shapes.diag(v, k),
    np.dot: lambda a, b: linalg.matmul(_operand(a), _operand(b)),
    np.einsum: lambda subscripts, *operands: linalg.einsum(subscripts, *map(_operand, operands)),
    np.expand_dims: lambda a, axis: shapes.unsqueeze(a, axis),
    np.flip: _flip,
    np.full_like: lambda a, fill_value: creation.full_like(a, fill_value),
    np.linalg.norm: _norm,
    np.max: _reduction(order.amax),
    np.mean: _reduction(sums.mean),
    np.min: _reduction(order.amin),
    np.moveaxis: lambda a, source, destination: shapes.movedim(a, source, destination),
    np.nan_to_num: lambda x, nan=0.0, posinf=None, neginf=None: choosing.nan_to_num(x, nan, posinf, neginf),
    np.ndim: lambda a: a.ndim,
    np.nonzero: lambda a: indexing.nonzero(a, as_tuple=True),
    np.ones_like: lambda a: creation.ones_like(a),
    np.outer: lambda a, b: linalg.outer(_operand(a), _operand(b)),
    np.prod: _reduction(products.prod),
    np.ravel: lambda a: shapes.ravel(a),
    np.repeat: lambda a, repeats, axis=None: shapes.repeat_interleave(a, repeats, axis),
    np.reshape: lambda a, shape: a.reshape(shape),
    np.roll: lambda a, shift, axis=None: shapes.roll(a, shift, axis),
    np.round: lambda a, decimals=0: functions.round(a, decimals=decimals),
    np.shape: lambda a: tuple(a.shape),
    np.size: lambda a, axis=None: a.numel() if axis is None else a.shape[axis],
    np.sort: lambda a, axis=-1: order.sort(a, axis)[0],
    np.squeeze: lambda a, axis=None: shapes.squeeze(a) if axis is None else shapes.squeeze(a, axis),
    np.stack: lambda arrays, axis=0: joining.stack([_operand(a) for a in arrays], axis),
    np.std: _spread(sums.std),
    np.sum: _reduction(sums.sum),
    np.swapaxes: lambda a, axis1, axis2: shapes.transpose(a, axis1, axis2),
    np.take: _take,
    np.take_along_axis: lambda arr, indices, axis=-1: scattering.take_along_dim(arr, _operand(indices), axis),
    np.tile: lambda A, reps: joining.tile(A, (reps,) if isinstance(reps, int) else reps),  # noqa: N803 - NumPy's name
    np.trace: lambda a: linalg.trace(a),
    np.transpose: lambda a, axes=None: shapes.permute(a, tuple(range(a.ndim))[::-1] if axes is None else axes),
    np.tril: lambda m, k=0: shapes.tril(m, k),
    np.triu: lambda m, k=0: shapes.triu(m, k),
    np.var: _spread(sums.var),
    np.where: lambda condition, x, y: choosing.where(_operand(condition), _operand(x), _operand(y)),
    np.zeros_like: lambda a: creation.zeros_like(a),
}
