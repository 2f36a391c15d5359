"""The Tensor: an array, its gradient, and how it came to be.

Every method is a line that names its operation; the operations themselves, with their calculus, are in ``ops/``.
"""

from __future__ import annotations

import builtins
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from . import engine
from .device import CPU
from .device import device as Device
from .dtypes import as_dtype, bool_, float16, float32, float64, get_default_dtype, int8, int16, int32, int64, uint8
from .dtypes import dtype as DType
from .engine import INFERENCE, OPS, Node, Version, node_of, version_of, wrap
from .errors import ArgumentError, DimensionError, GraphError, InplaceError, ShapeError
from .grad_mode import state
from .inplace import inplace

__all__ = ["RemovableHandle", "Size", "Tensor", "is_floating_point", "is_tensor", "numel"]

Number: TypeAlias = "int | float | bool"
Operand: TypeAlias = "Tensor | int | float | bool | np.ndarray[Any, Any]"
Dims: TypeAlias = "int | Sequence[int] | None"


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple that counts its elements.

    >>> import tinygrad_mlp as torch
    >>> torch.ones(2, 3).shape
    torch.Size([2, 3])
    """

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        item = super().__getitem__(key)
        return Size(item) if isinstance(key, slice) else item

    def __add__(self, other: Any) -> Size:
        return Size((*self, *other))

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        return int(np.prod(self, dtype=np.int64))

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"


def _ints(args: tuple[Any, ...]) -> Any:
    """The ints of ``f(2, 3)`` or ``f((2, 3))``."""
    return args[0] if len(args) == 1 and isinstance(args[0], Sequence) else args


def _looked(what: str) -> None:
    """Values leave for Python, which a compiled step cannot do again."""
    if state.tracer is not None:
        state.tracer.read(what)


class RemovableHandle:
    """What ``register_hook`` returns: ``remove()``, or the end of a ``with`` block, takes the hook off again."""

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self.id = max(hooks, default=-1) + 1
        self._hooks = hooks
        hooks[self.id] = hook

    def remove(self) -> None:
        """Take the hook off; doing so twice is no error."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


class Tensor:
    """An n-dimensional array that remembers how it was computed.

    Make one with :func:`tensor`, :func:`zeros`, :func:`randn` and their like. Names, defaults and semantics of the
    attributes and methods are PyTorch's.

    >>> import tinygrad_mlp as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    # Defaults live on the class: a new tensor sets only what differs, which keeps making one cheap.
    _data: np.ndarray[Any, Any]
    _node: Node | None = None  # what made the present value; for a leaf that requires grad, its leaf node
    _grad: Tensor | None = None
    _version: Version | None = None
    _view: tuple[Tensor, engine.Primitive, dict[str, Any]] | None = None  # source, primitive, parameters
    _stamp = 0  # version.rebased when a view's node was last right

    __hash__ = object.__hash__

    def __init__(self, *data: Any) -> None:
        """``Tensor(2, 3)`` has that shape and any values; ``Tensor([1, 2])`` those values, in the default dtype."""
        data = data or (0,)
        sizes = all(isinstance(size, builtins.int) for size in data)
        if not sizes and len(data) > 1:
            raise ArgumentError(f"Tensor() takes sizes, or data as one argument, got {len(data)} arguments; use tensor(...)")
        if data and isinstance(data[0], Tensor):
            self._data, self._version = data[0]._data, version_of(data[0])
        else:
            source = OPS["empty"](data) if sizes else OPS["tensor"](data[0], dtype=get_default_dtype())
            self._data = source._data

    # ---------------------------------------------------------------------------------------------- what it is

    @property
    def shape(self) -> Size:
        """The sizes of its dimensions."""
        return Size(self._data.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or its size along ``dim``."""
        if dim is None:
            return self.shape
        if not -self._data.ndim <= dim < max(self._data.ndim, 0):
            raise DimensionError(f"size(): Dimension out of range: got dim {dim} for shape {self._data.shape}")
        return self._data.shape[dim]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim

    def dim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self._data.size

    nelement = numel

    @property
    def nbytes(self) -> int:
        """The memory that its elements take, in bytes."""
        return self._data.nbytes

    @property
    def itemsize(self) -> int:
        """The memory that one element takes, in bytes."""
        return self._data.itemsize

    def element_size(self) -> int:
        """The memory that one element takes, in bytes."""
        return self._data.itemsize

    @property
    def dtype(self) -> DType:
        """The data type of its elements."""
        return as_dtype(self._data.dtype)

    @property
    def device(self) -> Device:
        """Where it lives: the CPU."""
        return CPU

    def is_floating_point(self) -> bool:
        """Whether its dtype is a floating-point one."""
        return self._data.dtype.kind == "f"

    def is_contiguous(self) -> bool:
        """Whether its elements lie in memory one after the other, last dimension fastest."""
        return self._data.flags.c_contiguous

    def stride(self, dim: int | None = None) -> Any:
        """The steps in memory, in elements, from one index to the next along each dimension, or along ``dim``."""
        strides = tuple(s // self._data.itemsize for s in self._data.strides)
        return strides if dim is None else strides[dim]

    def data_ptr(self) -> int:
        """The address of its first element."""
        return int(self._data.__array_interface__["data"][0])

    def __len__(self) -> int:
        if not self._data.ndim:
            raise ArgumentError("len() of a 0-d tensor")
        return len(self._data)

    def __bool__(self) -> bool:
        _looked("bool()")
        if self._data.size != 1:
            raise ShapeError(f"Boolean value of Tensor with shape {self._data.shape} is ambiguous; use .any() or .all()")
        return bool(self._data.reshape(())[()])

    def __int__(self) -> int:
        return int(self._single())

    def __float__(self) -> float:
        return float(self._single())

    def _single(self) -> Any:
        _looked("float()")
        if self._data.size != 1:
            raise ValueError(f"only one element tensors can be converted to Python scalars, got shape {self._data.shape}")
        return self._data.item()

    def __index__(self) -> int:
        if self._data.size != 1 or self._data.dtype.kind == "f":
            raise ArgumentError(
                f"only integer tensors of a single element can be converted to an index, got {self.dtype} of shape "
                f"{self._data.shape}"
            )
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if not self._data.ndim else object.__format__(self, spec)

    def __repr__(self) -> str:
        from .printing import tensor_str  # few programs print tensors, and every one would wait for it

        return tensor_str(self)

    def __contains__(self, element: Any) -> bool:
        return bool((self._data == (element._data if isinstance(element, Tensor) else element)).any())

    def __iter__(self) -> Iterator[Tensor]:
        if not self._data.ndim:
            raise ArgumentError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    # ------------------------------------------------------------------------------------------------- autograd

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are computed for it. Settable on leaves."""
        return node_of(self) is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Start, or stop, recording what is computed from this leaf.

        Raises:
            GraphError: It is not a leaf, or its dtype is not a floating-point one.
        """
        node = node_of(self)
        if node is not None and not node.is_leaf:
            if requires_grad:
                return self
            raise GraphError(
                "you can only change requires_grad flags of leaf variables: this tensor was computed; use detach()"
            )
        if requires_grad and not self.is_floating_point():
            raise GraphError(f"only Tensors of floating point dtype can require gradients, got {self.dtype}")
        if requires_grad and self._version is INFERENCE and not state.inference:
            raise GraphError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed")
        if not requires_grad:
            self._node = None
        elif node is None:
            self._node = engine.leaf(self)
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user, not computed from something that requires grad."""
        node = node_of(self)
        return node is None or node.is_leaf

    @property
    def grad_fn(self) -> Node | None:
        """The graph node that computed it; None for a leaf."""
        node = node_of(self)
        return None if node is None or node.is_leaf else node

    @property
    def grad(self) -> Tensor | None:
        """What ``backward()`` has accumulated in this leaf, of its shape and dtype; None before the first."""
        if state.tracer is not None:
            state.tracer.looked_up(self)
        if self._grad is None and not self.is_leaf and not self.retains_grad:
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
            if value._data.shape != self._data.shape or value._data.dtype != self._data.dtype:
                raise ShapeError(
                    f"grad: assigned grad has data of a different size or dtype: got {tuple(value.shape)} "
                    f"{value.dtype}, expected {self._data.shape} {self.dtype}"
                )
        if state.tracer is not None:
            state.tracer.assigned(self)
        self._grad = value

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add the gradient of this tensor to the ``.grad`` of every leaf it was computed from.

        Args:
            gradient: The cotangent to start from, of this tensor's shape; 1 for a single element.
            retain_graph: Keep the graph for another pass. Defaults to ``create_graph``.
            create_graph: Record the pass, so that the gradients can be differentiated.
            inputs: Collect gradients in these tensors only.

        Raises:
            GraphError: Nothing was recorded; not a scalar and no ``gradient``; or the graph was freed.
            InplaceError: A value that is needed was overwritten.
            ShapeError: ``gradient`` has another shape.
        """
        engine.backward(self, gradient, retain_graph, create_graph, inputs)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(grad)`` when the gradient of this tensor is computed; what it returns, if not None, replaces it."""
        node = node_of(self)
        if node is None:
            raise GraphError("cannot register a hook on a tensor that doesn't require gradient")
        if node.hooks is None:
            node.hooks = {}
        return RemovableHandle(node.hooks, hook)

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
        if state.tracer is not None:
            state.tracer.outside(self)
        result = wrap(self._data)
        result._version = version_of(self)
        return result

    def detach_(self) -> Tensor:
        """Forget the history, in place."""
        if self._view is not None:
            raise InplaceError("Can't detach views in-place. Use detach() instead.")
        self._node = None
        return self

    @property
    def data(self) -> Tensor:
        """The same memory without the history, whose in-place writes autograd does not notice. Prefer ``detach()``."""
        if state.tracer is not None:
            state.tracer.outside(self)
        return wrap(self._data)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise ArgumentError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        old, self._data = self._data, value._data
        node = self._node
        if node is not None and node.is_leaf and (old.shape, old.dtype) != (self._data.shape, self._data.dtype):
            self._node = engine.leaf(self)  # a leaf of another shape is another leaf
            self._node.hooks = node.hooks

    def is_inference(self) -> bool:
        """Whether it was made in ``inference_mode``."""
        return self._version is INFERENCE

    # -------------------------------------------------------------------------------------- out into Python, NumPy

    def item(self) -> Any:
        """The value of a one-element tensor as a Python number."""
        _looked("item()")
        if self._data.size != 1:
            raise ShapeError(f"a Tensor with {self._data.size} elements cannot be converted to Scalar; use tolist()")
        return self._data.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers; a number for a tensor without dimensions."""
        _looked("tolist()")
        return self._data.tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The tensor's memory as an array: writes on either side show on the other.

        Args:
            force: Take the values of a tensor that requires grad, too.

        Raises:
            GraphError: It requires grad and ``force`` is not set.
        """
        _looked("numpy()")
        if not force and self.requires_grad:
            raise GraphError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self._data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        _looked("numpy.asarray()")
        array = self.numpy()
        if dtype is not None and dtype != array.dtype:
            if copy is False:
                raise ValueError(f"a {array.dtype} Tensor cannot become a {dtype} array without a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return OPS["from_ufunc"](ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return OPS["from_numpy_function"](func, args, kwargs)

    def __copy__(self) -> Tensor:
        result: Tensor = object.__new__(type(self))
        result.__dict__.update(self.__dict__)
        result._version = version_of(self)
        if self.is_leaf and self.requires_grad:
            result._node = engine.leaf(result)
        return result

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        _looked("deepcopy()")
        if not self.is_leaf:
            raise GraphError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol; detach() it first"
            )
        owner = self._data
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        result: Tensor = object.__new__(type(self))
        if owner.flags.owndata:  # all its memory is copied, once, so that the copies of views share memory as well
            key = -id(owner)  # id(owner) is for a copy of the array itself
            if key not in memo:
                memo[key] = owner.ravel("K").copy(), Version()
            memory, result._version = memo[key]
            offset = self.data_ptr() - owner.__array_interface__["data"][0]
            result._data = np.ndarray(self._data.shape, self._data.dtype, memory.data, offset, self._data.strides)
        else:
            result._data = self._data.copy()
        result._grad = None if self._grad is None else self._grad.detach().clone()
        return result.requires_grad_(self.requires_grad)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise ArgumentError(
            "Tensors are not pickled: save a state_dict with tinygrad_mlp.save (.safetensors, .npz or .json), or pass "
            "tensor.detach().numpy()"
        )

    # ----------------------------------------------------------------------------------------- dtypes and copies

    def to(self, *args: Any, dtype: DType | None = None, device: Any = None, copy: bool = False, **ignored: Any) -> Tensor:
        """The tensor in another dtype: ``to(dtype)``, ``to(device)``, ``to(other)``, ``to(device, dtype)``."""
        return OPS["to"](self, *args, dtype=dtype, device=device, copy=copy, **ignored)

    def type(self, dtype: DType) -> Tensor:
        """The tensor in another dtype."""
        return self.to(dtype)

    def type_as(self, other: Tensor) -> Tensor:
        """The tensor in the dtype of ``other``."""
        return self.to(other.dtype)

    def cpu(self) -> Tensor:
        """Itself: it lives on the CPU."""
        return self

    def double(self) -> Tensor:
        """The tensor as float64."""
        return self.to(float64)

    def float(self) -> Tensor:
        """The tensor as float32."""
        return self.to(float32)

    def half(self) -> Tensor:
        """The tensor as float16."""
        return self.to(float16)

    def long(self) -> Tensor:
        """The tensor as int64."""
        return self.to(int64)

    def int(self) -> Tensor:
        """The tensor as int32."""
        return self.to(int32)

    def short(self) -> Tensor:
        """The tensor as int16."""
        return self.to(int16)

    def char(self) -> Tensor:
        """The tensor as int8."""
        return self.to(int8)

    def byte(self) -> Tensor:
        """The tensor as uint8."""
        return self.to(uint8)

    def bool(self) -> Tensor:
        """The tensor as bool."""
        return self.to(bool_)

    # ----------------------------------------------------------------------------------- copies and memory

    def clone(self) -> Tensor:
        """A copy, recorded."""
        return OPS["clone"](self)

    def contiguous(self) -> Tensor:
        """Itself if contiguous in memory, else a copy that is."""
        return OPS["contiguous"](self)

    def new_tensor(self, data: Any, *, dtype: DType | None = None, requires_grad: builtins.bool = False) -> Tensor:
        """A new tensor of ``data`` in this tensor's dtype."""
        return OPS["new_tensor"](self, data, dtype=dtype, requires_grad=requires_grad)

    def new_zeros(self, *size: Any, dtype: DType | None = None, requires_grad: builtins.bool = False) -> Tensor:
        """A new tensor of the given size in this tensor's dtype; see :func:`zeros`."""
        return OPS["new_zeros"](self, *size, dtype=dtype, requires_grad=requires_grad)

    def new_ones(self, *size: Any, dtype: DType | None = None, requires_grad: builtins.bool = False) -> Tensor:
        """A new tensor of the given size in this tensor's dtype; see :func:`ones`."""
        return OPS["new_ones"](self, *size, dtype=dtype, requires_grad=requires_grad)

    def new_empty(self, *size: Any, dtype: DType | None = None, requires_grad: builtins.bool = False) -> Tensor:
        """A new tensor of the given size in this tensor's dtype; see :func:`empty`."""
        return OPS["new_empty"](self, *size, dtype=dtype, requires_grad=requires_grad)

    def new_full(
        self,
        size: Any,
        fill_value: Number,
        *,
        dtype: DType | None = None,
        requires_grad: builtins.bool = False,
    ) -> Tensor:
        """A new tensor filled with ``fill_value``, in this tensor's dtype."""
        return OPS["new_full"](self, size, fill_value, dtype=dtype, requires_grad=requires_grad)

    # ------------------------------------------------------------------------------------------ arithmetic

    def add(self, other: Operand, *, alpha: Number = 1) -> Tensor:
        return OPS["add"](self, other, alpha=alpha)

    def sub(self, other: Operand, *, alpha: Number = 1) -> Tensor:
        return OPS["sub"](self, other, alpha=alpha)

    def mul(self, other: Operand) -> Tensor:
        return OPS["mul"](self, other)

    def pow(self, exponent: Operand) -> Tensor:
        return OPS["pow"](self, exponent)

    def matmul(self, other: Operand) -> Tensor:
        return OPS["matmul"](self, other)

    def fmod(self, other: Operand) -> Tensor:
        return OPS["fmod"](self, other)

    def remainder(self, other: Operand) -> Tensor:
        return OPS["remainder"](self, other)

    def floor_divide(self, other: Operand) -> Tensor:
        return OPS["floor_divide"](self, other)

    def maximum(self, other: Operand) -> Tensor:
        return OPS["maximum"](self, other)

    def minimum(self, other: Operand) -> Tensor:
        return OPS["minimum"](self, other)

    def atan2(self, other: Operand) -> Tensor:
        return OPS["atan2"](self, other)

    def fmax(self, other: Operand) -> Tensor:
        return OPS["fmax"](self, other)

    def fmin(self, other: Operand) -> Tensor:
        return OPS["fmin"](self, other)

    def div(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        return OPS["div"](self, other, rounding_mode=rounding_mode)

    subtract, multiply, divide, true_divide = sub, mul, div, div

    def __add__(self, other: Operand) -> Tensor:
        return OPS["add"](self, other)

    def __radd__(self, other: Operand) -> Tensor:
        return OPS["add"](other, self)

    def __sub__(self, other: Operand) -> Tensor:
        return OPS["sub"](self, other)

    def __rsub__(self, other: Operand) -> Tensor:
        return OPS["sub"](other, self)

    def __mul__(self, other: Operand) -> Tensor:
        return OPS["mul"](self, other)

    def __rmul__(self, other: Operand) -> Tensor:
        return OPS["mul"](other, self)

    def __truediv__(self, other: Operand) -> Tensor:
        return OPS["true_divide"](self, other)

    def __rtruediv__(self, other: Operand) -> Tensor:
        return OPS["true_divide"](other, self)

    def __floordiv__(self, other: Operand) -> Tensor:
        return OPS["floor_divide"](self, other)

    def __rfloordiv__(self, other: Operand) -> Tensor:
        return OPS["floor_divide"](other, self)

    def __mod__(self, other: Operand) -> Tensor:
        return OPS["remainder"](self, other)

    def __rmod__(self, other: Operand) -> Tensor:
        return OPS["remainder"](other, self)

    def __pow__(self, other: Operand) -> Tensor:
        return OPS["pow"](self, other)

    def __rpow__(self, other: Operand) -> Tensor:
        return OPS["pow"](other, self)

    def __matmul__(self, other: Operand) -> Tensor:
        return OPS["matmul"](self, other)

    def __rmatmul__(self, other: Operand) -> Tensor:
        return OPS["matmul"](other, self)

    def __iadd__(self, other: Operand) -> Tensor:
        return inplace("add", self, other)

    def __isub__(self, other: Operand) -> Tensor:
        return inplace("sub", self, other)

    def __imul__(self, other: Operand) -> Tensor:
        return inplace("mul", self, other)

    def __itruediv__(self, other: Operand) -> Tensor:
        return inplace("true_divide", self, other)

    def __ifloordiv__(self, other: Operand) -> Tensor:
        return inplace("floor_divide", self, other)

    def __imod__(self, other: Operand) -> Tensor:
        return inplace("remainder", self, other)

    def __ipow__(self, other: Operand) -> Tensor:
        return inplace("pow", self, other)

    def __iand__(self, other: Operand) -> Tensor:
        return inplace("bitwise_and", self, other)

    def __ior__(self, other: Operand) -> Tensor:
        return inplace("bitwise_or", self, other)

    def __ixor__(self, other: Operand) -> Tensor:
        return inplace("bitwise_xor", self, other)

    def __neg__(self) -> Tensor:
        return OPS["neg"](self)

    def __abs__(self) -> Tensor:
        return OPS["abs"](self)

    def __pos__(self) -> Tensor:
        return self

    def __eq__(self, other: Any) -> Any:
        return OPS["eq"](self, other) if isinstance(other, _COMPARABLE) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return OPS["ne"](self, other) if isinstance(other, _COMPARABLE) else NotImplemented

    def __lt__(self, other: Any) -> Tensor:
        return OPS["lt"](self, other)

    def __le__(self, other: Any) -> Tensor:
        return OPS["le"](self, other)

    def __gt__(self, other: Any) -> Tensor:
        return OPS["gt"](self, other)

    def __ge__(self, other: Any) -> Tensor:
        return OPS["ge"](self, other)

    def __and__(self, other: Operand) -> Tensor:
        return OPS["bitwise_and"](self, other)

    def __rand__(self, other: Operand) -> Tensor:
        return OPS["bitwise_and"](other, self)

    def __or__(self, other: Operand) -> Tensor:
        return OPS["bitwise_or"](self, other)

    def __ror__(self, other: Operand) -> Tensor:
        return OPS["bitwise_or"](other, self)

    def __xor__(self, other: Operand) -> Tensor:
        return OPS["bitwise_xor"](self, other)

    def __rxor__(self, other: Operand) -> Tensor:
        return OPS["bitwise_xor"](other, self)

    def __invert__(self) -> Tensor:
        return OPS["bitwise_not"](self)

    def eq(self, other: Operand) -> Tensor:
        return OPS["eq"](self, other)

    def ne(self, other: Operand) -> Tensor:
        return OPS["ne"](self, other)

    def lt(self, other: Operand) -> Tensor:
        return OPS["lt"](self, other)

    def le(self, other: Operand) -> Tensor:
        return OPS["le"](self, other)

    def gt(self, other: Operand) -> Tensor:
        return OPS["gt"](self, other)

    def ge(self, other: Operand) -> Tensor:
        return OPS["ge"](self, other)

    def logical_and(self, other: Operand) -> Tensor:
        return OPS["logical_and"](self, other)

    def logical_or(self, other: Operand) -> Tensor:
        return OPS["logical_or"](self, other)

    def logical_xor(self, other: Operand) -> Tensor:
        return OPS["logical_xor"](self, other)

    def bitwise_and(self, other: Operand) -> Tensor:
        return OPS["bitwise_and"](self, other)

    def bitwise_or(self, other: Operand) -> Tensor:
        return OPS["bitwise_or"](self, other)

    def bitwise_xor(self, other: Operand) -> Tensor:
        return OPS["bitwise_xor"](self, other)

    def logical_not(self) -> Tensor:
        return OPS["logical_not"](self)

    def bitwise_not(self) -> Tensor:
        return OPS["bitwise_not"](self)

    def equal(self, other: Tensor) -> builtins.bool:
        """Whether shapes and all values are equal."""
        return OPS["equal"](self, other)

    def allclose(
        self,
        other: Tensor,
        rtol: builtins.float = 1e-05,
        atol: builtins.float = 1e-08,
        equal_nan: builtins.bool = False,
    ) -> builtins.bool:
        return OPS["allclose"](self, other, rtol, atol, equal_nan)

    def isclose(
        self,
        other: Tensor,
        rtol: builtins.float = 1e-05,
        atol: builtins.float = 1e-08,
        equal_nan: builtins.bool = False,
    ) -> Tensor:
        return OPS["isclose"](self, other, rtol, atol, equal_nan)

    # ----------------------------------------------------------------------------------------- elementwise

    def neg(self) -> Tensor:
        return OPS["neg"](self)

    def abs(self) -> Tensor:
        return OPS["abs"](self)

    def sign(self) -> Tensor:
        return OPS["sign"](self)

    def exp(self) -> Tensor:
        return OPS["exp"](self)

    def expm1(self) -> Tensor:
        return OPS["expm1"](self)

    def log(self) -> Tensor:
        return OPS["log"](self)

    def log1p(self) -> Tensor:
        return OPS["log1p"](self)

    def log2(self) -> Tensor:
        return OPS["log2"](self)

    def log10(self) -> Tensor:
        return OPS["log10"](self)

    def sqrt(self) -> Tensor:
        return OPS["sqrt"](self)

    def rsqrt(self) -> Tensor:
        return OPS["rsqrt"](self)

    def square(self) -> Tensor:
        return OPS["square"](self)

    def reciprocal(self) -> Tensor:
        return OPS["reciprocal"](self)

    def sin(self) -> Tensor:
        return OPS["sin"](self)

    def cos(self) -> Tensor:
        return OPS["cos"](self)

    def tan(self) -> Tensor:
        return OPS["tan"](self)

    def asin(self) -> Tensor:
        return OPS["asin"](self)

    def acos(self) -> Tensor:
        return OPS["acos"](self)

    def atan(self) -> Tensor:
        return OPS["atan"](self)

    def sinh(self) -> Tensor:
        return OPS["sinh"](self)

    def cosh(self) -> Tensor:
        return OPS["cosh"](self)

    def tanh(self) -> Tensor:
        return OPS["tanh"](self)

    def sigmoid(self) -> Tensor:
        return OPS["sigmoid"](self)

    def erf(self) -> Tensor:
        return OPS["erf"](self)

    def erfc(self) -> Tensor:
        return OPS["erfc"](self)

    def relu(self) -> Tensor:
        return OPS["relu"](self)

    def floor(self) -> Tensor:
        return OPS["floor"](self)

    def ceil(self) -> Tensor:
        return OPS["ceil"](self)

    def trunc(self) -> Tensor:
        return OPS["trunc"](self)

    def frac(self) -> Tensor:
        return OPS["frac"](self)

    def round(self, *, decimals: builtins.int = 0) -> Tensor:
        return OPS["round"](self, decimals=decimals)

    def isnan(self) -> Tensor:
        return OPS["isnan"](self)

    def isinf(self) -> Tensor:
        return OPS["isinf"](self)

    def isfinite(self) -> Tensor:
        return OPS["isfinite"](self)

    def nan_to_num(
        self,
        nan: builtins.float = 0.0,
        posinf: builtins.float | None = None,
        neginf: builtins.float | None = None,
    ) -> Tensor:
        return OPS["nan_to_num"](self, nan, posinf, neginf)

    def clamp(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        return OPS["clamp"](self, min, max)

    clip = clamp

    def where(self, condition: Tensor, other: Operand) -> Tensor:
        return OPS["where"](condition, self, other)

    def lerp(self, end: Tensor, weight: Operand) -> Tensor:
        return OPS["lerp"](self, end, weight)

    def addcmul(self, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
        return OPS["addcmul"](self, tensor1, tensor2, value=value)

    def addcdiv(self, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
        return OPS["addcdiv"](self, tensor1, tensor2, value=value)

    def masked_fill(self, mask: Tensor, value: Operand) -> Tensor:
        return OPS["masked_fill"](self, mask, value)

    # ------------------------------------------------------------------------------------------ reductions

    # ``**numpy_names`` takes NumPy's spellings, ``axis`` and ``keepdims``, for ``dim`` and ``keepdim``.

    def sum(self, *args: Any, **kwargs: Any) -> Tensor:
        """Sum of the elements: ``sum(dim=None, keepdim=False, *, dtype=None)``."""
        return OPS["sum"](self, *args, **kwargs)

    def mean(self, *args: Any, **kwargs: Any) -> Tensor:
        """Mean of the elements: ``mean(dim=None, keepdim=False, *, dtype=None)``."""
        return OPS["mean"](self, *args, **kwargs)

    def prod(self, *args: Any, **kwargs: Any) -> Tensor:
        """Product of the elements: ``prod(dim=None, keepdim=False, *, dtype=None)``."""
        return OPS["prod"](self, *args, **kwargs)

    def var(self, *args: Any, **kwargs: Any) -> Tensor:
        """Variance: ``var(dim=None, *, correction=1, keepdim=False)``."""
        return OPS["var"](self, *args, **kwargs)

    def std(self, *args: Any, **kwargs: Any) -> Tensor:
        """Standard deviation: ``std(dim=None, *, correction=1, keepdim=False)``."""
        return OPS["std"](self, *args, **kwargs)

    def amax(self, *args: Any, **kwargs: Any) -> Tensor:
        """Largest element: ``amax(dim=(), keepdim=False)``; ties share the gradient."""
        return OPS["amax"](self, *args, **kwargs)

    def amin(self, *args: Any, **kwargs: Any) -> Tensor:
        """Smallest element: ``amin(dim=(), keepdim=False)``; ties share the gradient."""
        return OPS["amin"](self, *args, **kwargs)

    def argmax(self, *args: Any, **kwargs: Any) -> Tensor:
        """Index of the largest element: ``argmax(dim=None, keepdim=False)``."""
        return OPS["argmax"](self, *args, **kwargs)

    def argmin(self, *args: Any, **kwargs: Any) -> Tensor:
        """Index of the smallest element: ``argmin(dim=None, keepdim=False)``."""
        return OPS["argmin"](self, *args, **kwargs)

    def logsumexp(self, *args: Any, **kwargs: Any) -> Tensor:
        """log of the sum of exponentials: ``logsumexp(dim, keepdim=False)``."""
        return OPS["logsumexp"](self, *args, **kwargs)

    def norm(self, *args: Any, **kwargs: Any) -> Tensor:
        """p-norm: ``norm(p='fro', dim=None, keepdim=False)``."""
        return OPS["norm"](self, *args, **kwargs)

    def any(self, *args: Any, **kwargs: Any) -> Tensor:
        """Whether any element is true: ``any(dim=None, keepdim=False)``."""
        return OPS["any"](self, *args, **kwargs)

    def all(self, *args: Any, **kwargs: Any) -> Tensor:
        """Whether all elements are true: ``all(dim=None, keepdim=False)``."""
        return OPS["all"](self, *args, **kwargs)

    def cumsum(self, *args: Any, **kwargs: Any) -> Tensor:
        """Running sum: ``cumsum(dim)``."""
        return OPS["cumsum"](self, *args, **kwargs)

    def cumprod(self, *args: Any, **kwargs: Any) -> Tensor:
        """Running product: ``cumprod(dim)``."""
        return OPS["cumprod"](self, *args, **kwargs)

    def count_nonzero(self, *args: Any, **kwargs: Any) -> Tensor:
        """Number of nonzero elements: ``count_nonzero(dim=None)``."""
        return OPS["count_nonzero"](self, *args, **kwargs)

    def softmax(self, *args: Any, **kwargs: Any) -> Tensor:
        """exp(x) / sum exp(x): ``softmax(dim)``."""
        return OPS["softmax"](self, *args, **kwargs)

    def log_softmax(self, *args: Any, **kwargs: Any) -> Tensor:
        """log of softmax: ``log_softmax(dim)``."""
        return OPS["log_softmax"](self, *args, **kwargs)

    def max(self, *args: Any, **kwargs: Any) -> Any:
        """Largest element; with ``dim`` a pair (values, indices); with a tensor the elementwise maximum."""
        return OPS["max"](self, *args, **kwargs)

    def min(self, *args: Any, **kwargs: Any) -> Any:
        """Smallest element; with ``dim`` a pair (values, indices); with a tensor the elementwise minimum."""
        return OPS["min"](self, *args, **kwargs)

    def median(self, *args: Any, **kwargs: Any) -> Any:
        """Lower median; with ``dim`` a pair (values, indices)."""
        return OPS["median"](self, *args, **kwargs)

    def sort(self, *args: Any, **kwargs: Any) -> Any:
        """Sorted values and their indices: ``sort(dim=-1, descending=False, stable=False)``."""
        return OPS["sort"](self, *args, **kwargs)

    def argsort(self, *args: Any, **kwargs: Any) -> Any:
        """Indices that sort: ``argsort(dim=-1, descending=False, stable=False)``."""
        return OPS["argsort"](self, *args, **kwargs)

    def topk(self, *args: Any, **kwargs: Any) -> Any:
        """The k largest values and their indices: ``topk(k, dim=-1, largest=True, sorted=True)``."""
        return OPS["topk"](self, *args, **kwargs)

    def unique(self, *args: Any, **kwargs: Any) -> Any:
        """Sorted distinct values: ``unique(sorted=True, return_inverse=False, return_counts=False)``."""
        return OPS["unique"](self, *args, **kwargs)

    def bincount(self, *args: Any, **kwargs: Any) -> Any:
        """Number of occurrences of each value: ``bincount(weights=None, minlength=0)``."""
        return OPS["bincount"](self, *args, **kwargs)

    def nonzero(self, *, as_tuple: builtins.bool = False) -> Any:
        """Indices of the nonzero elements, a row each."""
        return OPS["nonzero"](self, as_tuple=as_tuple)

    # -------------------------------------------------------------------------------------- linear algebra

    def mm(self, mat2: Tensor) -> Tensor:
        return OPS["mm"](self, mat2)

    def bmm(self, mat2: Tensor) -> Tensor:
        return OPS["bmm"](self, mat2)

    def dot(self, tensor: Tensor) -> Tensor:
        return OPS["dot"](self, tensor)

    def mv(self, vec: Tensor) -> Tensor:
        return OPS["mv"](self, vec)

    def outer(self, vec2: Tensor) -> Tensor:
        return OPS["outer"](self, vec2)

    def addmm(self, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
        return OPS["addmm"](self, mat1, mat2, beta=beta, alpha=alpha)

    def trace(self) -> Tensor:
        return OPS["trace"](self)

    # ---------------------------------------------------------------------------------------------- shapes

    def reshape(self, *shape: Any) -> Tensor:
        """The elements in another shape: a view where possible."""
        return OPS["reshape"](self, _ints(shape))

    def view(self, *shape: Any) -> Tensor:
        """A view in another shape; an error where that needs a copy. ``view(dtype)`` is not offered."""
        return OPS["view"](self, _ints(shape))

    def view_as(self, other: Tensor) -> Tensor:
        return self.view(other.shape)

    def reshape_as(self, other: Tensor) -> Tensor:
        return self.reshape(other.shape)

    def expand_as(self, other: Tensor) -> Tensor:
        return self.expand(other.shape)

    def flatten(self, start_dim: builtins.int = 0, end_dim: builtins.int = -1) -> Tensor:
        return OPS["flatten"](self, start_dim, end_dim)

    def unflatten(self, dim: builtins.int, sizes: Sequence[builtins.int]) -> Tensor:
        return OPS["unflatten"](self, dim, sizes)

    def ravel(self) -> Tensor:
        return OPS["ravel"](self)

    def permute(self, *dims: Any) -> Tensor:
        return OPS["permute"](self, _ints(dims))

    def transpose(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        return OPS["transpose"](self, dim0, dim1)

    def t(self) -> Tensor:
        return OPS["t"](self)

    swapaxes = swapdims = transpose

    def movedim(self, source: Any, destination: Any) -> Tensor:
        return OPS["movedim"](self, source, destination)

    @property
    def T(self) -> Tensor:
        """The transpose: dimensions in reverse order."""
        return OPS["permute"](self, tuple(range(self._data.ndim))[::-1])

    @property
    def mT(self) -> Tensor:
        """The matrix transpose: the last two dimensions swapped."""
        if self._data.ndim < 2:
            raise ShapeError(f"tensor.mT is only supported on matrices or batches of matrices, got shape {self._data.shape}")
        return OPS["transpose"](self, -2, -1)

    def squeeze(self, dim: Dims = None) -> Tensor:
        return OPS["squeeze"](self, dim)

    def unsqueeze(self, dim: builtins.int) -> Tensor:
        return OPS["unsqueeze"](self, dim)

    def expand(self, *sizes: Any) -> Tensor:
        return OPS["expand"](self, _ints(sizes))

    def broadcast_to(self, size: Sequence[builtins.int]) -> Tensor:
        return OPS["expand"](self, size)

    def repeat(self, *repeats: Any) -> Tensor:
        return OPS["repeat"](self, _ints(repeats))

    def tile(self, *dims: Any) -> Tensor:
        return OPS["tile"](self, _ints(dims))

    def repeat_interleave(self, repeats: Any, dim: builtins.int | None = None) -> Tensor:
        return OPS["repeat_interleave"](self, repeats, dim)

    def split(self, split_size: Any, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        return OPS["split"](self, split_size, dim)

    def chunk(self, chunks: builtins.int, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        return OPS["chunk"](self, chunks, dim)

    def unbind(self, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        return OPS["unbind"](self, dim)

    def flip(self, *dims: Any) -> Tensor:
        return OPS["flip"](self, _ints(dims))

    def roll(self, shifts: Any, dims: Any = None) -> Tensor:
        return OPS["roll"](self, shifts, dims)

    def tril(self, diagonal: builtins.int = 0) -> Tensor:
        return OPS["tril"](self, diagonal)

    def triu(self, diagonal: builtins.int = 0) -> Tensor:
        return OPS["triu"](self, diagonal)

    def diag(self, diagonal: builtins.int = 0) -> Tensor:
        return OPS["diag"](self, diagonal)

    def diagonal(self, offset: builtins.int = 0, dim1: builtins.int = 0, dim2: builtins.int = 1) -> Tensor:
        return OPS["diagonal"](self, offset, dim1, dim2)

    def narrow(self, dim: builtins.int, start: builtins.int, length: builtins.int) -> Tensor:
        return OPS["narrow"](self, dim, start, length)

    def select(self, dim: builtins.int, index: builtins.int) -> Tensor:
        return OPS["select"](self, dim, index)

    # -------------------------------------------------------------------------------------------- indexing

    def __getitem__(self, key: Any) -> Tensor:
        return OPS["getitem"](self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        OPS["setitem"](self, key, value)

    def gather(self, dim: builtins.int, index: Tensor) -> Tensor:
        return OPS["gather"](self, dim, index)

    def scatter(
        self, dim: builtins.int, index: Tensor, src: Operand | None = None, *, value: Number | None = None
    ) -> Tensor:
        return OPS["scatter"](self, dim, index, src, value=value)

    def scatter_add(self, dim: builtins.int, index: Tensor, src: Tensor) -> Tensor:
        return OPS["scatter_add"](self, dim, index, src)

    def index_select(self, dim: builtins.int, index: Tensor) -> Tensor:
        return OPS["index_select"](self, dim, index)

    def take_along_dim(self, indices: Tensor, dim: builtins.int | None = None) -> Tensor:
        return OPS["take_along_dim"](self, indices, dim)

    def masked_select(self, mask: Tensor) -> Tensor:
        return OPS["masked_select"](self, mask)

    def index_add(self, dim: builtins.int, index: Tensor, source: Tensor, *, alpha: Number = 1) -> Tensor:
        return OPS["index_add"](self, dim, index, source, alpha=alpha)

    # -------------------------------------------------------------------------------------------- in place

    def add_(self, other: Operand, *, alpha: Number = 1) -> Tensor:
        """In-place form of :meth:`add`."""
        return inplace("add", self, other, alpha=alpha)

    def sub_(self, other: Operand, *, alpha: Number = 1) -> Tensor:
        """In-place form of :meth:`sub`."""
        return inplace("sub", self, other, alpha=alpha)

    def mul_(self, other: Operand) -> Tensor:
        """In-place form of :meth:`mul`."""
        return inplace("mul", self, other)

    def div_(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """In-place form of :meth:`div`."""
        return OPS["div_"](self, other, rounding_mode=rounding_mode)

    def pow_(self, exponent: Operand) -> Tensor:
        """In-place form of :meth:`pow`."""
        return inplace("pow", self, exponent)

    def remainder_(self, other: Operand) -> Tensor:
        """In-place form of :meth:`remainder`."""
        return inplace("remainder", self, other)

    def floor_divide_(self, other: Operand) -> Tensor:
        """In-place form of :meth:`floor_divide`."""
        return inplace("floor_divide", self, other)

    def fmod_(self, other: Operand) -> Tensor:
        """In-place form of :meth:`fmod`."""
        return inplace("fmod", self, other)

    def neg_(self) -> Tensor:
        """In-place form of :meth:`neg`."""
        return inplace("neg", self)

    def abs_(self) -> Tensor:
        """In-place form of :meth:`abs`."""
        return inplace("abs", self)

    def exp_(self) -> Tensor:
        """In-place form of :meth:`exp`."""
        return inplace("exp", self)

    def log_(self) -> Tensor:
        """In-place form of :meth:`log`."""
        return inplace("log", self)

    def sqrt_(self) -> Tensor:
        """In-place form of :meth:`sqrt`."""
        return inplace("sqrt", self)

    def rsqrt_(self) -> Tensor:
        """In-place form of :meth:`rsqrt`."""
        return inplace("rsqrt", self)

    def square_(self) -> Tensor:
        """In-place form of :meth:`square`."""
        return inplace("square", self)

    def reciprocal_(self) -> Tensor:
        """In-place form of :meth:`reciprocal`."""
        return inplace("reciprocal", self)

    def tanh_(self) -> Tensor:
        """In-place form of :meth:`tanh`."""
        return inplace("tanh", self)

    def sigmoid_(self) -> Tensor:
        """In-place form of :meth:`sigmoid`."""
        return inplace("sigmoid", self)

    def relu_(self) -> Tensor:
        """In-place form of :meth:`relu`."""
        return inplace("relu", self)

    def floor_(self) -> Tensor:
        """In-place form of :meth:`floor`."""
        return inplace("floor", self)

    def ceil_(self) -> Tensor:
        """In-place form of :meth:`ceil`."""
        return inplace("ceil", self)

    def round_(self) -> Tensor:
        """In-place form of :meth:`round`."""
        return inplace("round", self)

    def trunc_(self) -> Tensor:
        """In-place form of :meth:`trunc`."""
        return inplace("trunc", self)

    def sin_(self) -> Tensor:
        """In-place form of :meth:`sin`."""
        return inplace("sin", self)

    def cos_(self) -> Tensor:
        """In-place form of :meth:`cos`."""
        return inplace("cos", self)

    def clamp_(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """In-place form of :meth:`clamp`."""
        return inplace("clamp", self, min, max)

    clip_ = clamp_

    def lerp_(self, end: Tensor, weight: Operand) -> Tensor:
        """In-place form of :meth:`lerp`."""
        return inplace("lerp", self, end, weight)

    def addcmul_(self, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
        """In-place form of :meth:`addcmul`."""
        return inplace("addcmul", self, tensor1, tensor2, value=value)

    def addcdiv_(self, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
        """In-place form of :meth:`addcdiv`."""
        return inplace("addcdiv", self, tensor1, tensor2, value=value)

    def masked_fill_(self, mask: Tensor, value: Operand) -> Tensor:
        """In-place form of :meth:`masked_fill`."""
        return inplace("masked_fill", self, mask, value)

    def scatter_(
        self, dim: builtins.int, index: Tensor, src: Operand | None = None, *, value: Number | None = None
    ) -> Tensor:
        """In-place form of :meth:`scatter`."""
        return inplace("scatter", self, dim, index, src, value=value)

    def scatter_add_(self, dim: builtins.int, index: Tensor, src: Tensor) -> Tensor:
        """In-place form of :meth:`scatter_add`."""
        return inplace("scatter_add", self, dim, index, src)

    def index_add_(self, dim: builtins.int, index: Tensor, source: Tensor, *, alpha: Number = 1) -> Tensor:
        """In-place form of :meth:`index_add`."""
        return inplace("index_add", self, dim, index, source, alpha=alpha)

    def copy_(self, src: Operand) -> Tensor:
        """Write the values of ``src``, broadcast and cast to this tensor's shape and dtype."""
        return inplace("copy", self, src)

    def fill_(self, value: Operand) -> Tensor:
        """Write one value everywhere."""
        return inplace("copy", self, value)

    def zero_(self) -> Tensor:
        """Write zeros."""
        return inplace("copy", self, 0)

    def uniform_(self, from_: builtins.float = 0.0, to: builtins.float = 1.0, *, generator: Any = None) -> Tensor:
        """Fill with draws from U[from, to)."""
        return OPS["uniform_"](self, from_, to, generator=generator)

    def normal_(self, mean: builtins.float = 0.0, std: builtins.float = 1.0, *, generator: Any = None) -> Tensor:
        """Fill with draws from N(mean, std^2)."""
        return OPS["normal_"](self, mean, std, generator=generator)

    def bernoulli_(self, p: builtins.float = 0.5, *, generator: Any = None) -> Tensor:
        """Fill with draws of 1 with probability p, else 0."""
        return OPS["bernoulli_"](self, p, generator=generator)

    def random_(self, from_: builtins.int = 0, to: builtins.int | None = None, *, generator: Any = None) -> Tensor:
        """Fill with integers drawn uniformly from [from, to)."""
        return OPS["random_"](self, from_, to, generator=generator)

    def multinomial(self, num_samples: builtins.int, replacement: builtins.bool = False, *, generator: Any = None) -> Tensor:
        """Indices drawn from the rows' weights."""
        return OPS["multinomial"](self, num_samples, replacement, generator=generator)


_COMPARABLE = (Tensor, int, float, np.ndarray, np.generic)


def is_floating_point(input: Tensor) -> bool:
    """Whether its dtype is a floating-point one."""
    return input.is_floating_point()


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input.numel()


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a Tensor."""
    return isinstance(obj, Tensor)


engine.adopt(Tensor)
