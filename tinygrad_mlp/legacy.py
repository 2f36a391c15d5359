"""What PyTorch scripts of earlier years say: ``FloatTensor(2, 3)``, ``x.type("torch.LongTensor")``, ``Variable(x)``."""

from __future__ import annotations

import warnings
from typing import Any

from .core.errors import ArgumentError, DTypeError
from .core.graph import Tensor
from .device import DeviceLike, on_cpu
from .dtypes import bool_, dtype, float16, float32, float64, int8, int16, int32, int64, set_default_dtype, uint8
from .errors import DeviceError
from .ops.creation import empty, tensor

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "Variable",
    "channels_last",
    "channels_last_3d",
    "constructed",
    "contiguous_format",
    "memory_format",
    "preserve_format",
    "set_default_tensor_type",
    "strided",
    "tensortype",
    "type_name",
    "type_of",
    "typename",
]  # fmt: skip


class layout:  # noqa: N801 - PyTorch's name
    """How a tensor's elements lie in memory."""

    def __repr__(self) -> str:
        return "torch.strided"

    def __reduce__(self) -> str:
        return "strided"


strided: layout = layout()  # evenly spaced: the only one


class memory_format:  # noqa: N801 - PyTorch's name
    """In which order the elements of a tensor lie in memory: a wish, as results do not depend on it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


contiguous_format: memory_format = memory_format("contiguous_format")
preserve_format: memory_format = memory_format("preserve_format")
channels_last: memory_format = memory_format("channels_last")
channels_last_3d: memory_format = memory_format("channels_last_3d")


def constructed(kind: dtype, args: tuple[Any, ...], device: DeviceLike = None) -> Tensor:
    """``FloatTensor(*args)``: sizes give a tensor of any values, a sequence its own values, a tensor itself.

    Raises:
        ArgumentError: It is none of these, or a tensor of another dtype. DeviceError: The device is not the CPU.
    """
    if device is not None:
        on_cpu(device)
    first = args[0] if args else 0
    if isinstance(first, tuple) and hasattr(first, "numel"):  # a Size
        return empty(first, dtype=kind)
    if all(isinstance(size, int) and not isinstance(size, bool) for size in args):
        return empty(args or (0,), dtype=kind)
    if len(args) > 1:
        raise ArgumentError(f"new(): takes sizes, or data as one argument, got {len(args)} arguments; use tensor(...)")
    if isinstance(first, Tensor):
        if first.dtype is not kind:
            raise ArgumentError(f"new(): expected a tensor of {kind}, got one of {first.dtype}; cast with .to(dtype)")
        return first.detach()
    if isinstance(first, str | bytes):
        raise ArgumentError(f"new(): invalid data type {type(first).__name__!r}: a tensor is made of numbers")
    if not hasattr(first, "__getitem__") or not hasattr(first, "__len__") or isinstance(first, dict):
        raise ArgumentError(f"new(): data must be a sequence (got {type(first).__name__}); use tensor(...) for a number")
    return tensor(first, dtype=kind)


class tensortype:  # noqa: N801 - PyTorch's name
    """A kind of tensors that can be called like a class: ``FloatTensor(2, 3)``, ``LongTensor([1, 2])``.

    Tensors of its dtype count as its instances. Those of CUDA have a name, and no instances.

    >>> import tinygrad_mlp as torch
    >>> torch.LongTensor([1, 2]), isinstance(torch.ones(2), torch.FloatTensor)
    (tensor([1, 2]), True)
    """

    is_sparse = False
    layout = strided

    def __init__(self, kind: dtype, name: str, module: str = "torch") -> None:
        self.dtype = kind
        self.__name__: str = f"{name}Tensor"
        self.__qualname__: str = self.__name__
        self.__module__ = module
        self.is_cuda: bool = module != "torch"

    def __call__(self, *args: Any, device: DeviceLike = None) -> Tensor:
        """A new tensor of this kind; see :func:`constructed`."""
        self.check()
        return constructed(self.dtype, args, device)

    def check(self) -> None:
        """Nothing, if tensors of it can be made.

        Raises:
            ArgumentError: It is of CUDA.
        """
        if self.is_cuda:
            raise UnavailableTypeError(f"type {type_name(self)} not available: this library computes on the CPU")

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is self.dtype and not self.is_cuda

    def __repr__(self) -> str:
        return f"<class '{type_name(self)}'>"


class UnavailableTypeError(DeviceError, TypeError):
    """A type of tensors on a device other than the CPU."""


_LETTERS = {
    "Float": float32, "Double": float64, "Half": float16, "Long": int64, "Int": int32, "Short": int16, "Char": int8, "Byte": uint8,
    "Bool": bool_,
}  # fmt: skip
_TYPES = {name: tensortype(kind, name) for name, kind in _LETTERS.items()}
CUDA_TYPES = {f"{name}Tensor": tensortype(kind, name, "torch.cuda") for name, kind in _LETTERS.items()}
FloatTensor: tensortype = _TYPES["Float"]
DoubleTensor: tensortype = _TYPES["Double"]
HalfTensor: tensortype = _TYPES["Half"]
LongTensor: tensortype = _TYPES["Long"]
IntTensor: tensortype = _TYPES["Int"]
ShortTensor: tensortype = _TYPES["Short"]
CharTensor: tensortype = _TYPES["Char"]
ByteTensor: tensortype = _TYPES["Byte"]
BoolTensor: tensortype = _TYPES["Bool"]
_BY_NAME: dict[str, tensortype] = {
    f"{kind.__module__}.{kind.__name__}": kind for kind in [*_TYPES.values(), *CUDA_TYPES.values()]
}


def type_name(kind: tensortype) -> str:
    """``"torch.FloatTensor"`` and so on."""
    return f"{kind.__module__}.{kind.__name__}"


def type_of(x: Tensor) -> str:
    """The name of the tensor's kind, ``"torch.FloatTensor"``."""
    return next(type_name(kind) for kind in _TYPES.values() if kind.dtype is x.dtype)


def dtype_of_type(kind: Any) -> dtype:
    """The dtype of what ``x.type(…)`` is given: a dtype, a kind of tensors, or the name of one.

    Raises:
        ValueError: It is none of these.
    """
    if isinstance(kind, dtype):
        return kind
    found = _BY_NAME.get(kind) if isinstance(kind, str) else kind
    if not isinstance(found, tensortype):
        name = kind.__name__ if isinstance(kind, type) else str(kind)
        raise ValueError(f"invalid type: {name!r}; expected a dtype, or a kind such as 'torch.FloatTensor'")
    found.check()
    return found.dtype


def set_default_tensor_type(t: tensortype | str) -> None:
    """Make the dtype of ``t`` the default one. Deprecated in PyTorch: use ``set_default_dtype``.

    Raises:
        ArgumentError: It is not a kind of floating-point tensors on the CPU.
    """
    kind = dtype_of_type(t)
    if not kind.is_floating_point:
        raise ArgumentError("only floating-point types are supported as the default type")
    set_default_dtype(kind)


def typename(obj: Any) -> str:
    """``"torch.FloatTensor"`` of a tensor; of anything else the name of its class."""
    if isinstance(obj, Tensor):
        return type_of(obj)
    owner = obj if isinstance(getattr(obj, "__qualname__", None), str) else type(obj)
    module = getattr(owner, "__module__", None) or ""
    return owner.__qualname__ if module in ("", "builtins", "__main__") else f"{module}.{owner.__qualname__}"


class _VariableType(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableType):
    """A tensor over the same memory, without its history. Tensors are variables by themselves today.

    >>> import tinygrad_mlp as torch
    >>> torch.autograd.Variable(torch.ones(2), requires_grad=True)
    tensor([1., 1.], requires_grad=True)

    Raises:
        ArgumentError: ``data`` is not a tensor. DTypeError: it cannot require grad.
    """

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: bool | None = None) -> Any:
        """The tensor; there are no instances but tensors."""
        if volatile:
            warnings.warn("volatile was removed and now has no effect. Use `with no_grad():` instead.", stacklevel=2)
        if not isinstance(data, Tensor):
            raise ArgumentError(
                f"Variable data has to be a tensor, but got {type(data).__name__}; make one with tensor(...)"
            )
        if requires_grad and not data.is_floating_point():
            raise DTypeError(f"Only Tensors of floating point dtype can require gradients, got {data.dtype}")
        return data.detach().requires_grad_(requires_grad)
