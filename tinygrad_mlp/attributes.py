"""What scripts ask of a tensor in passing, most of which has one answer here: ``x.is_sparse``, ``x.layout``, ``x.is_complex()``."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np

from .core.errors import ArgumentError, ShapeError
from .core.graph import Tensor, extends_tensor, wrap
from .dtypes import bfloat16
from .legacy import strided
from .ops.composite import called
from .ops.inplace import write_copy

__all__ = [
    "conj", "detach", "get_device", "is_complex", "is_conj", "is_inference", "is_neg", "is_nonzero", "is_same_size", "is_signed", "is_storage",
    "real", "resolve_conj", "resolve_neg",
]  # fmt: skip


def _never(doc: str) -> Any:
    def answer(self: Tensor) -> builtins.bool:
        return False

    answer.__doc__ = doc
    return answer


@extends_tensor
class _Attributes(Tensor):
    is_sparse: Any = property(_never("False: all its elements are in memory."))
    is_sparse_csr: Any = property(_never("False: all its elements are in memory."))
    is_quantized: Any = property(_never("False: its elements are not quantized."))
    is_meta: Any = property(_never("False: it has elements."))
    is_mps: Any = property(_never("False: it is on the CPU."))
    is_xpu: Any = property(_never("False: it is on the CPU."))
    is_mkldnn: Any = property(_never("False: it lies in memory as NumPy lays it."))
    is_nested: Any = property(_never("False: it has one shape."))
    volatile: Any = property(_never("False: tensors have not been volatile since long; see no_grad."))

    @property
    def is_cpu(self) -> builtins.bool:
        """True: it is on the CPU."""
        return True

    @property
    def layout(self) -> Any:
        """How its elements lie in memory: evenly spaced."""
        return strided

    @property
    def output_nr(self) -> builtins.int:
        """0: which of the results of its ``grad_fn`` it is."""
        return 0

    @property
    def name(self) -> None:
        """None: tensors have no names."""

    @property
    def real(self) -> Tensor:
        """Itself: it is real."""
        return self

    @property
    def H(self) -> Tensor:  # noqa: N802 - PyTorch's name
        """The transpose of a matrix, conjugated, which changes nothing of real numbers.

        Raises:
            ShapeError: It is not a matrix.
        """
        if self._like.ndim not in (0, 2):
            raise ShapeError(f"tensor.H is only supported on matrices (2-D tensors), got shape {self._like.shape}; use .mT")
        return self.T

    @property
    def mH(self) -> Tensor:  # noqa: N802 - PyTorch's name
        """The matrix transpose, conjugated, which changes nothing of real numbers."""
        return self.mT

    def adjoint(self) -> Tensor:
        """The matrix transpose, conjugated, which changes nothing of real numbers."""
        return self.mT

    def bfloat16(self, memory_format: Any = None) -> Tensor:
        """Always an error.

        Raises:
            DTypeError: There are no such numbers in NumPy.
        """
        return self.to(bfloat16)

    def is_complex(self) -> builtins.bool:
        """False: its elements are real numbers."""
        return False

    def is_conj(self) -> builtins.bool:
        """False: its elements are real numbers."""
        return False

    def is_neg(self) -> builtins.bool:
        """False: its elements are what they are in memory."""
        return False

    def is_signed(self) -> builtins.bool:
        """Whether its dtype has negative numbers."""
        return self._like.dtype.kind in "fi"

    def is_nonzero(self) -> builtins.bool:
        """Whether its one element is not zero.

        Raises:
            ShapeError: It has none or several.
        """
        if self._like.size != 1:
            raise ShapeError(f"Boolean value of Tensor with shape {self._like.shape} is ambiguous; use .any() or .all()")
        return bool(self)

    def is_same_size(self, other: Tensor) -> builtins.bool:
        """Whether the other has the same shape."""
        return self._like.shape == other._like.shape

    def is_shared(self) -> builtins.bool:
        """False: its memory is that of one process."""
        return False

    def is_set_to(self, tensor: Tensor) -> builtins.bool:
        """Whether the other is the same piece of memory in the same shape."""
        return (self.data_ptr(), self.shape, self.stride()) == (tensor.data_ptr(), tensor.shape, tensor.stride())

    def conj(self) -> Tensor:
        """Itself: it is real."""
        return self

    def resolve_conj(self) -> Tensor:
        """Itself: it is real."""
        return self

    def resolve_neg(self) -> Tensor:
        """Itself."""
        return self

    def storage_offset(self) -> builtins.int:
        """How many elements lie before its first one in the memory that it is a view of."""
        array = self._data
        owner = array
        while isinstance(owner.base, type(owner)):
            owner = owner.base
        return int((array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]) // (array.itemsize or 1))

    def apply_(self, callable: Callable[[Any], Any]) -> Tensor:
        """Write ``callable(element)`` in the place of each element; slow, and without a gradient.

        Raises:
            ArgumentError: It requires grad.
        """
        return self.map_(self, lambda element, _: callable(element))

    def map_(self, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
        """Write ``callable(element, other)`` in the place of each element, ``other`` being the element of ``tensor`` there.

        Raises:
            ArgumentError: It requires grad.
        """
        if self.requires_grad:
            raise ArgumentError("Can't call map_() or apply_() on a tensor that requires grad; detach() it first")
        pairs = zip(*(part.reshape(-1).tolist() for part in np.broadcast_arrays(self._data, tensor._data)), strict=True)
        values = np.array([callable(a, b) for a, b in pairs]).astype(self._like.dtype).reshape(self._like.shape)
        return write_copy(self, wrap(values))


def _as_function(name: str) -> Callable[[Tensor], Any]:
    """A method of Tensor as a function."""

    def function(input: Tensor) -> Any:
        if not isinstance(input, Tensor):
            raise ArgumentError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
        return getattr(input, name)()

    return called(function, __name__, name, getattr(Tensor, name).__doc__)


is_complex: Callable[[Tensor], Any] = _as_function("is_complex")
is_conj: Callable[[Tensor], Any] = _as_function("is_conj")
is_neg: Callable[[Tensor], Any] = _as_function("is_neg")
is_signed: Callable[[Tensor], Any] = _as_function("is_signed")
is_nonzero: Callable[[Tensor], Any] = _as_function("is_nonzero")
is_inference: Callable[[Tensor], Any] = _as_function("is_inference")
conj: Callable[[Tensor], Any] = _as_function("conj")
resolve_conj: Callable[[Tensor], Any] = _as_function("resolve_conj")
resolve_neg: Callable[[Tensor], Any] = _as_function("resolve_neg")
detach: Callable[[Tensor], Any] = _as_function("detach")
get_device: Callable[[Tensor], Any] = _as_function("get_device")


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape."""
    return input.is_same_size(other)


def real(input: Tensor) -> Tensor:
    """The tensor itself: it is real."""
    return input


def is_storage(obj: Any) -> bool:
    """False: there are no storages, only tensors that share memory."""
    return False
