"""Tensors that a module registers on assignment: Parameter, which is trained, and Buffer, which is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from .._tensor import Tensor
from ..core.graph import version_of
from ..device import DeviceLike
from ..dtypes import as_dtype, dtype, get_default_dtype
from ..errors import ArgumentError
from ..ops.creation import empty

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter"]


def _share(target: Tensor, data: Tensor | None) -> None:
    """Make ``target`` a leaf over the memory of ``data``; over no elements where it is None."""
    if data is None:
        target._data = np.empty(0, get_default_dtype().numpy)
        return
    if not isinstance(data, Tensor):
        raise ArgumentError(f"{type(target).__name__}() expects a Tensor, got {type(data).__name__}; use tensor(...)")
    target._data = data._data
    target._version = version_of(data)


class Parameter(Tensor):
    """A tensor that is trained: a leaf that requires grad, and is listed by the module it is assigned to.

    It shares the memory of ``data``. Results of operations on it are plain Tensors.

    Args:
        data: The initial values; None for no elements.
        requires_grad: Whether gradients are computed for it.

    Raises:
        ArgumentError: ``data`` is not a Tensor.
        GraphError: ``data`` is not floating-point and ``requires_grad`` is set.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.Parameter(torch.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        _share(self, data)
        self.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        return type(self)(self.detach().clone(), self.requires_grad)  # without the gradient, as in PyTorch


class Buffer(Tensor):
    """A tensor that belongs to a module but is not trained, such as a running mean.

    It shares the memory of ``data``. Results of operations on it are plain Tensors.

    Args:
        data: The initial values; None for no elements.
        persistent: Whether the module's ``state_dict()`` has it.

    >>> import tinygrad_mlp as torch
    >>> module = torch.nn.Module()
    >>> module.steps = torch.nn.Buffer(torch.tensor(0))
    >>> module.state_dict()
    {'steps': tensor(0)}
    """

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        _share(self, data)
        self.persistent = persistent


class _Uninitialized(Tensor):
    """A tensor without size, so far. Its dtype can be asked for, and little else."""

    _becomes: ClassVar[type[Tensor]]
    _empty: np.ndarray[Any, Any]

    def __init__(self, requires_grad: bool, device: DeviceLike, dtype: dtype | None) -> None:
        made = empty(0, device=device, dtype=dtype)
        self.__dict__.update(_empty=made._data, _wants_grad=requires_grad)

    @property
    def _data(self) -> Any:  # type: ignore[override] # a tensor's array
        raise ValueError(
            f"Attempted to use an uninitialized {type(self).__name__}: it is of a lazy module, and gets its size when that is "
            "called for the first time; call it on an input once, before initializing or counting its parameters"
        )

    @property
    def _like(self) -> Any:
        return self._empty

    @property
    def shape(self) -> Any:
        """Refused: it has none.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(
            f"Can't access the shape of an {type(self).__name__}: it gets one when its lazy module is called for the first "
            "time, or loads a state_dict"
        )

    @property  # type: ignore[misc] # here it cannot be set
    def requires_grad(self) -> bool:
        """Whether it will require grad."""
        wants: bool = self.__dict__["_wants_grad"]
        return wants

    @property
    def data(self) -> Tensor:
        """No elements, of its dtype; setting it takes over the dtype."""
        return empty(0, dtype=as_dtype(self._empty.dtype))

    @data.setter
    def data(self, value: Tensor) -> None:
        self._empty = np.empty(0, value.dtype.numpy)

    def numel(self) -> int:
        """Refused, like the shape."""
        return int(self._data.size)

    def __len__(self) -> int:
        return len(self._data)

    def detach(self) -> Any:
        """Itself, as it has no values: what a ``state_dict`` has of it."""
        return self

    def materialize(self, shape: Sequence[int], device: DeviceLike = None, dtype: dtype | None = None) -> None:
        """Make it an ordinary parameter, or buffer, of this shape, with memory that is not filled."""
        made = empty(tuple(shape), device=device, dtype=as_dtype(self._empty.dtype) if dtype is None else dtype)
        wants = self.requires_grad
        self.__dict__.clear()
        self.__class__ = self._becomes  # type: ignore[assignment] # whoever holds it, holds the parameter now
        _share(self, made)
        self.requires_grad_(wants)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return type(self)(*self._arguments())

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), self._arguments()

    def _arguments(self) -> tuple[Any, ...]:
        return self.requires_grad, None, as_dtype(self._empty.dtype)


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter of a lazy module before its first call: it has a dtype, but no size.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.LazyLinear(2).weight
    <UninitializedParameter>
    """

    _becomes = Parameter

    def __init__(self, requires_grad: bool = True, device: DeviceLike = None, dtype: dtype | None = None) -> None:
        _Uninitialized.__init__(self, requires_grad, device, dtype)


class UninitializedBuffer(_Uninitialized):
    """A buffer of a lazy module before its first call: it has a dtype, but no size."""

    _becomes = Tensor

    def __init__(
        self, requires_grad: bool = False, device: DeviceLike = None, dtype: dtype | None = None, persistent: bool = True
    ) -> None:
        _Uninitialized.__init__(self, requires_grad, device, dtype)
        self.persistent = persistent


def is_lazy(value: object) -> bool:
    """Whether it is an uninitialized parameter or buffer."""
    return isinstance(value, _Uninitialized)
