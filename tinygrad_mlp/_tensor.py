"""What else a Tensor can do: sizes, dtypes, values for Python and NumPy, copies. Operations are methods by themselves.

The class is the core's (:mod:`tinygrad_mlp.core.graph`), which is given the members below; the rooms above take it from here.
"""

from __future__ import annotations

import builtins
import functools
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any, SupportsIndex, overload

import numpy as np

from .core.apply import node_of
from .core.basics import matrix_transpose
from .core.errors import ArgumentError, DimensionError, GraphError, InplaceError, ShapeError
from .core.graph import INFERENCE, Node, Tensor, Version, extends_tensor, leaf, named, settled, version_of
from .core.primitive import on_operation
from .core.state import state
from .device import CPU
from .device import device as Device
from .dtypes import as_dtype, bool_, float16, float32, float64, get_default_dtype, int8, int16, int32, int64, uint8
from .dtypes import dtype as DType
from .legacy import constructed, dtype_of_type, type_of
from .lending import lend
from .node_hooks import after_accumulation, after_rules, before_rules
from .ops.choosing import where
from .ops.comparing import eq, ne
from .ops.inplace import write_copy
from .ops.interop import from_numpy_function, from_ufunc
from .ops.joining import split
from .ops.memory import same
from .ops.shape import permute, reshape
from .pickling import attributes_of, memory_of, reduced, within

__all__ = ["RemovableHandle", "Size", "Tensor", "is_floating_point", "is_tensor", "numel"]


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple that counts its elements.

    >>> import tinygrad_mlp as torch
    >>> torch.ones(2, 3).shape
    torch.Size([2, 3])
    """

    __slots__ = ()

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> Size: ...
    def __getitem__(self, key: Any) -> Any:
        item = super().__getitem__(key)
        return Size(item) if isinstance(key, slice) else item

    def __add__(self, other: tuple[Any, ...]) -> Size:
        return Size((*self, *other))

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        return int(np.prod(self, dtype=np.int64))

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"


class RemovableHandle:
    """What ``register_hook`` returns: ``remove()``, or the end of a ``with`` block, takes the hook off again."""

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self.id: int = max(hooks, default=-1) + 1
        self._hooks = hooks
        hooks[self.id] = hook

    def remove(self) -> None:
        """Take the hook off; doing so twice is no error."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def _register_hook(self: Node, fn: Callable[..., Any]) -> RemovableHandle:
    """Call ``fn(grad_inputs, grad_outputs)`` when the node's rules ran; what it returns, if not None, replaces ``grad_inputs``."""
    return RemovableHandle(after_rules(self), fn)


def _register_prehook(self: Node, fn: Callable[..., Any]) -> RemovableHandle:
    """Call ``fn(grad_outputs)`` before the node's rules run; what it returns, if not None, replaces ``grad_outputs``."""
    return RemovableHandle(*before_rules(self, fn))


for _name, _method in (("register_hook", _register_hook), ("register_prehook", _register_prehook)):
    setattr(Node, _name, _method)


@on_operation
def _taking_sizes(operation: Any) -> None:
    """The methods of an operation that is declared to take ``sizes``: ``x.reshape(2, 3)`` and ``x.reshape((2, 3))``."""
    if not operation.declared.get("sizes"):
        return

    @functools.wraps(operation)
    def method(self: Any, *sizes: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        if named and not sizes:
            return operation(self, **named)
        return operation(self, sizes[0] if len(sizes) == 1 and isinstance(sizes[0], Sequence) else sizes, **named)

    for name in operation.declared["method"]:
        setattr(Tensor, name, method)


@extends_tensor
class _Methods(Tensor):
    """An n-dimensional array that remembers how it was computed.

    Make one with :func:`tensor`, :func:`zeros`, :func:`randn` and their like. Names, defaults and semantics of the
    attributes and methods are PyTorch's.

    >>> import tinygrad_mlp as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    def __init__(self, *data: Any, device: Any = None) -> None:
        """``Tensor(2, 3)`` has that shape and any values; ``Tensor([1, 2])`` those values, in the default dtype."""
        if data and isinstance(data[0], Tensor):
            self._data, self._version = data[0]._data, version_of(data[0])
        else:
            self._data = constructed(get_default_dtype(), data, device)._data

    # ---------------------------------------------------------------------------------------------- what it is

    @property
    def shape(self) -> Size:
        """The sizes of its dimensions."""
        return Size(self._like.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or its size along ``dim``."""
        if dim is None:
            return self.shape
        if not -self._like.ndim <= dim < max(self._like.ndim, 0):
            raise DimensionError(f"size(): Dimension out of range: got dim {dim} for shape {self._like.shape}")
        return self._like.shape[dim]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._like.ndim

    def dim(self) -> int:
        """The number of dimensions."""
        return self._like.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self._like.size

    nelement = numel

    @property
    def nbytes(self) -> int:
        """The memory that its elements take, in bytes."""
        return self._like.nbytes

    @property
    def itemsize(self) -> int:
        """The memory that one element takes, in bytes."""
        return self._like.itemsize

    def element_size(self) -> int:
        """The memory that one element takes, in bytes."""
        return self._like.itemsize

    @property
    def dtype(self) -> DType:
        """The data type of its elements."""
        return as_dtype(self._like.dtype)

    @property
    def device(self) -> Device:
        """Where it lives: the CPU."""
        return CPU

    @property
    def is_cuda(self) -> builtins.bool:
        """False: it is on the CPU."""
        return False

    def is_floating_point(self) -> bool:
        """Whether its dtype is a floating-point one."""
        return self._like.dtype.kind == "f"

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether its elements lie in memory one after the other, last dimension fastest."""
        return self._like.flags.c_contiguous

    def stride(self, dim: int | None = None) -> Any:
        """The steps in memory, in elements, from one index to the next along each dimension, or along ``dim``."""
        strides = tuple(s // self._like.itemsize for s in self._like.strides)
        return strides if dim is None else strides[dim]

    def data_ptr(self) -> int:
        """The address of its first element."""
        return int(self._data.__array_interface__["data"][0])

    def __len__(self) -> int:
        if not self._like.ndim:
            raise ArgumentError("len() of a 0-d tensor")
        return int(self._like.shape[0])

    def __bool__(self) -> bool:
        if self._like.size != 1:
            raise ShapeError(f"Boolean value of Tensor with shape {self._like.shape} is ambiguous; use .any() or .all()")
        return bool(self._data.reshape(())[()])

    def __int__(self) -> int:
        return int(self._single())

    def __float__(self) -> float:
        return float(self._single())

    def _single(self) -> Any:
        if self._like.size != 1:
            raise ValueError(f"only one element tensors can be converted to Python scalars, got shape {self._like.shape}")
        return self._data.item()

    def __index__(self) -> int:
        if self._like.size != 1 or self._like.dtype.kind == "f":
            raise ArgumentError(
                f"only integer tensors of a single element can be converted to an index, got {self.dtype} of shape "
                f"{self._like.shape}"
            )
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if not self._like.ndim else object.__format__(self, spec)

    def __repr__(self) -> str:
        from .printing import tensor_str  # few programs print tensors, and every one would wait for it

        return tensor_str(self)

    def __contains__(self, element: Any) -> bool:
        return bool((self._data == (element._data if isinstance(element, Tensor) else element)).any())

    def __iter__(self) -> Iterator[Tensor]:
        if not self._like.ndim:
            raise ArgumentError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    # ------------------------------------------------------------------------------------------------- its history

    @property
    def grad(self) -> Tensor | None:
        """What ``backward()`` has accumulated in this leaf, of its shape and dtype; None before the first."""
        node = node_of(self)
        if self._grad is None and node is not None and node.sink is None:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed; it is only filled for leaves, "
                "and for tensors on which .retain_grad() was called",
                UserWarning,
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise ArgumentError(f"grad: assigned grad expected to be a Tensor or None, got {type(value).__name__}")
            if value is self:
                raise GraphError("grad: can't assign Variable as its own grad")
            expected, got = ((x._like.shape, x._like.dtype) for x in (self, value))
            if expected != got:
                raise ShapeError(
                    f"grad: assigned grad has data of a different size or dtype: got {got[0]} {got[1]}, expected {expected[0]} "
                    f"{expected[1]}"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    @property
    def grad_fn(self) -> Node | None:
        """The graph node that computed it; None for a leaf."""
        node = node_of(self)
        return None if node is None or node.is_leaf else named(node)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(grad)`` when the gradient of this tensor is computed; what it returns, if not None, replaces it."""
        node = node_of(self)
        if node is None:
            raise GraphError("cannot register a hook on a tensor that doesn't require gradient")
        if node.hooks is None:
            node.hooks = {}
        return RemovableHandle(node.hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(leaf)`` when a gradient was added to the ``.grad`` of this leaf, which the hook may use and set to None.

        Raises:
            GraphError: It is no leaf, or requires no gradient.
        """
        return RemovableHandle(after_accumulation(self), hook)

    def retain_grad(self) -> None:
        """Keep the gradient of this computed tensor in ``.grad``, as leaves do."""
        node = node_of(self)
        if node is None:
            raise GraphError("can't retain_grad on Tensor that has requires_grad=False")
        if not node.is_leaf:
            node.sink = weakref.ref(self)

    @property
    def retains_grad(self) -> bool:
        """Whether it is a computed tensor that keeps its gradient."""
        node = node_of(self)
        return node is not None and not node.is_leaf and node.sink is not None and node.sink() is self

    def detach(self) -> Tensor:
        """The same memory without the history."""
        result: Tensor = same(self)
        result._version = version_of(self)
        if result._cell is not None:
            result._cell.version = result._version
        return result

    def detach_(self) -> Tensor:
        """Forget the history, in place."""
        if self._view is not None:
            raise InplaceError("Can't detach views in-place. Use detach() instead.")
        settled(self)._node = None
        return self

    @property
    def data(self) -> Tensor:
        """The same memory without the history, whose in-place writes autograd does not notice. Prefer ``detach()``."""
        return same(self)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise ArgumentError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        settled(self)._data = value._data
        node = self._node
        if node is not None and node.is_leaf and (node.shape, node.dtype) != (self._like.shape, self._like.dtype):
            self._node = self._leaf = leaf(self)  # a leaf of another shape is another leaf
            self._node.hooks = node.hooks

    def is_inference(self) -> bool:
        """Whether it was made in ``inference_mode``."""
        return self._version is INFERENCE

    # -------------------------------------------------------------------------------------- out into Python, NumPy

    def item(self) -> builtins.float | builtins.int | builtins.bool:
        """The value of a one-element tensor as a Python number."""
        if self._like.size != 1:
            raise ShapeError(f"a Tensor with {self._like.size} elements cannot be converted to Scalar; use tolist()")
        return self._data.item()

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The tensor's memory as an array: writes on either side show on the other.

        Args:
            force: Take the values of a tensor that requires grad, too.

        Raises:
            GraphError: It requires grad and ``force`` is not set.
        """
        if not force and self.requires_grad:
            raise GraphError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if state.follower is not None:
            state.follower.lending(self._data)
        return lend(self._data)

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers; a number for a tensor without dimensions."""
        return self._data.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy()
        if dtype is not None and dtype != array.dtype:
            if copy is False:
                raise ValueError(f"a {array.dtype} Tensor cannot become a {dtype} array without a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return from_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return from_numpy_function(func, args, kwargs)

    def __copy__(self) -> Tensor:
        result: Tensor = object.__new__(type(self))
        result.__dict__.update(self.__dict__)
        result._version = version_of(self)
        if self.is_leaf and self.requires_grad:
            result._node = result._leaf = leaf(result)
        return result

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise GraphError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol; detach() it first"
            )
        array = self._data
        memory, offset, strides = memory_of(array)
        result: Tensor = object.__new__(type(self))
        if memory is not None:  # all its memory is copied, once, so that the copies of views share memory as well
            key = -id(memory)  # id(memory) is for a copy of the array itself
            if key not in memo:
                memo[key] = memory.copy("K"), Version()
            copied, result._version = memo[key]
            result._data = within(copied, array.dtype, array.shape, offset, strides)
        else:
            result._data = array.copy()
        result._grad = None if self._grad is None else self._grad.detach().clone()
        result.__dict__.update(deepcopy(attributes_of(self), memo))
        return result.requires_grad_(self.requires_grad)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return reduced(self)

    # ----------------------------------------------------------------------------------------- dtypes and copies

    def type(self, dtype: Any = None, non_blocking: builtins.bool = False) -> Any:
        """The tensor in another dtype, given as such or as ``"torch.LongTensor"``; without one the name of its own kind."""
        return type_of(self) if dtype is None else self.to(dtype_of_type(dtype))

    def new(self, *args: Any, device: Any = None) -> Tensor:
        """A tensor of this dtype: of these sizes, or of these values."""
        return constructed(self.dtype, args, device)

    def type_as(self, other: Tensor) -> Tensor:
        """The tensor in the dtype of ``other``."""
        return self.to(other.dtype)

    def cpu(self) -> Tensor:
        """Itself: it lives on the CPU."""
        return self

    def cuda(self, device: Any = None, non_blocking: builtins.bool = False) -> Tensor:
        """An error, as PyTorch without CUDA gives one.

        Raises:
            DeviceError: There is no device but the CPU.
        """
        return self.to("cuda")

    def get_device(self) -> builtins.int:
        """-1, the CPU."""
        return -1

    def is_pinned(self) -> builtins.bool:
        """False: there is no GPU to pin memory for."""
        return False

    def double(self, memory_format: Any = None) -> Tensor:
        """The tensor as float64."""
        return self.to(float64)

    def float(self, memory_format: Any = None) -> Tensor:
        """The tensor as float32."""
        return self.to(float32)

    def half(self, memory_format: Any = None) -> Tensor:
        """The tensor as float16."""
        return self.to(float16)

    def long(self, memory_format: Any = None) -> Tensor:
        """The tensor as int64."""
        return self.to(int64)

    def int(self, memory_format: Any = None) -> Tensor:
        """The tensor as int32."""
        return self.to(int32)

    def short(self, memory_format: Any = None) -> Tensor:
        """The tensor as int16."""
        return self.to(int16)

    def char(self, memory_format: Any = None) -> Tensor:
        """The tensor as int8."""
        return self.to(int8)

    def byte(self, memory_format: Any = None) -> Tensor:
        """The tensor as uint8."""
        return self.to(uint8)

    def bool(self, memory_format: Any = None) -> Tensor:
        """The tensor as bool."""
        return self.to(bool_)

    # ------------------------------------------------------------------------------------------------ operations with a turn

    def __eq__(self, other: Any) -> Any:
        return eq(self, other) if isinstance(other, _COMPARABLE) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return ne(self, other) if isinstance(other, _COMPARABLE) else NotImplemented

    def __pos__(self) -> Tensor:
        return self

    def where(self, condition: Tensor, other: builtins.float | Tensor) -> Tensor:
        """This tensor's elements where the condition holds, else ``other``'s."""
        return where(condition, self, other)

    def split(self, split_size: builtins.int | Sequence[builtins.int], dim: builtins.int = 0) -> tuple[Tensor, ...]:
        """Views of the parts along ``dim``; see :func:`split`."""
        return split(self, split_size, dim)

    def view_as(self, other: Tensor) -> Tensor:
        """A view in the shape of ``other``."""
        return self.view(other.shape)

    def reshape_as(self, other: Tensor) -> Tensor:
        """The elements in the shape of ``other``."""
        return reshape(self, other.shape)

    def expand_as(self, other: Tensor) -> Tensor:
        """A view expanded to the shape of ``other``."""
        return self.expand(other.shape)

    @property
    def T(self) -> Tensor:
        """The transpose: dimensions in reverse order."""
        return permute(self, tuple(range(self._like.ndim))[::-1])

    @property
    def mT(self) -> Tensor:
        """The matrix transpose: the last two dimensions swapped."""
        if self._like.ndim < 2:
            raise ShapeError(f"tensor.mT is only supported on matrices or batches of matrices, got shape {self._like.shape}")
        return matrix_transpose(self)

    def fill_(self, value: builtins.float | Tensor) -> Tensor:
        """Write one value everywhere."""
        return write_copy(self, value)

    def zero_(self) -> Tensor:
        """Write zeros."""
        return write_copy(self, 0)


_COMPARABLE = (Tensor, int, float, np.ndarray, np.generic)


def is_floating_point(input: Tensor) -> bool:
    """Whether its dtype is a floating-point one."""
    return input._like.dtype.kind == "f"


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input._like.size


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a Tensor."""
    return isinstance(obj, Tensor)
