"""What a Tensor can do: the members that the files on top of the core give it.

Written by tests/stubs.py, do not edit: python -m tests.stubs
"""

from builtins import bool as _bool, float as _float, int as _int
from collections.abc import Callable as _Callable, Iterator as _Iterator, Sequence as _Sequence
from types import EllipsisType as _EllipsisType
from typing import Any as _Any, Literal as _Literal, TypeAlias as _TypeAlias, overload as _overload

import numpy as _np
from numpy.typing import NDArray as _NDArray

from tinygrad_mlp._tensor import RemovableHandle as _RemovableHandle, Size as Size
from tinygrad_mlp.core.graph import Node as _Node, Tensor as Tensor
from tinygrad_mlp.device import device as _device
from tinygrad_mlp.dtypes import dtype as _dtype
from tinygrad_mlp.ops.order import Selected as _Selected
from tinygrad_mlp.ops.random import Generator as Generator

_Number: _TypeAlias = _float | _np.number[_Any] | _np.bool_
_Operand: _TypeAlias = Tensor | _Number | _NDArray[_Any]
_Place: _TypeAlias = _int | slice | _EllipsisType | Tensor | _NDArray[_Any] | list[_Any] | None
_Index: _TypeAlias = _Place | tuple[_Place, ...]

class Members:
    """An n-dimensional array that remembers how it was computed."""

    @property
    def H(self) -> Tensor: """The transpose of a matrix, conjugated, which changes nothing of real numbers."""
    @property
    def T(self) -> Tensor: """The transpose: dimensions in reverse order."""
    def __abs__(self) -> Tensor: ...
    def __add__(self, other: _Operand) -> Tensor: ...
    def __and__(self, other: _Operand) -> Tensor: ...
    def __array__(self, dtype: _Any = None, copy: _bool | None = None) -> _NDArray[_Any]: ...
    def __array_function__(self, func: _Any, types: _Any, args: _Any, kwargs: _Any) -> _Any: ...
    def __array_ufunc__(self, ufunc: _Any, method: str, *inputs: _Any, **kwargs: _Any) -> _Any: ...
    def __bool__(self) -> _bool: ...
    def __contains__(self, element: _Any) -> _bool: ...
    def __copy__(self) -> Tensor: ...
    def __deepcopy__(self, memo: dict[_int, _Any]) -> Tensor: ...
    def __eq__(self, other: object) -> Tensor: ...  # type: ignore[override] # of tensors a tensor
    def __float__(self) -> _float: ...
    def __floordiv__(self, other: _Operand) -> Tensor: ...
    def __format__(self, spec: str) -> str: ...
    def __ge__(self, other: _Operand) -> Tensor: ...  # type: ignore[misc] # NumPy's arrays leave it to the tensor
    def __getitem__(self, key: _Index) -> Tensor: ...
    def __gt__(self, other: _Operand) -> Tensor: ...  # type: ignore[misc] # NumPy's arrays leave it to the tensor
    def __iadd__(self, other: _Operand) -> Tensor: ...
    def __iand__(self, other: _Operand) -> Tensor: ...
    def __ifloordiv__(self, other: _Operand) -> Tensor: ...
    def __ilshift__(self, other: _Operand) -> Tensor: ...
    def __imod__(self, other: _Operand) -> Tensor: ...
    def __imul__(self, other: _Operand) -> Tensor: ...
    def __index__(self) -> _int: ...
    def __init__(self, *data: _Any, device: _Any = None) -> None: ...
    def __int__(self) -> _int: ...
    def __invert__(self) -> Tensor: ...
    def __ior__(self, other: _Operand) -> Tensor: ...
    def __ipow__(self, other: _Operand) -> Tensor: ...
    def __irshift__(self, other: _Operand) -> Tensor: ...
    def __isub__(self, other: _Operand) -> Tensor: ...
    def __iter__(self) -> _Iterator[Tensor]: ...
    def __itruediv__(self, other: _Operand) -> Tensor: ...
    def __ixor__(self, other: _Operand) -> Tensor: ...
    def __le__(self, other: _Operand) -> Tensor: ...  # type: ignore[misc] # NumPy's arrays leave it to the tensor
    def __len__(self) -> _int: ...
    def __lshift__(self, other: _Operand) -> Tensor: ...
    def __lt__(self, other: _Operand) -> Tensor: ...  # type: ignore[misc] # NumPy's arrays leave it to the tensor
    def __matmul__(self, other: _Operand) -> Tensor: ...
    def __mod__(self, other: _Operand) -> Tensor: ...
    def __mul__(self, other: _Operand) -> Tensor: ...
    def __ne__(self, other: object) -> Tensor: ...  # type: ignore[override] # likewise
    def __neg__(self) -> Tensor: ...
    def __or__(self, other: _Operand) -> Tensor: ...
    def __pos__(self) -> Tensor: ...
    def __pow__(self, other: _Operand) -> Tensor: ...
    def __radd__(self, other: _Operand) -> Tensor: ...
    def __rand__(self, other: _Operand) -> Tensor: ...
    def __reduce_ex__(self, protocol: _Any) -> _Any: ...
    def __repr__(self) -> str: ...
    def __rfloordiv__(self, other: _Operand) -> Tensor: ...
    def __rlshift__(self, other: _Operand) -> Tensor: ...
    def __rmatmul__(self, other: _Operand) -> Tensor: ...
    def __rmod__(self, other: _Operand) -> Tensor: ...
    def __rmul__(self, other: _Operand) -> Tensor: ...
    def __ror__(self, other: _Operand) -> Tensor: ...
    def __rpow__(self, other: _Operand) -> Tensor: ...
    def __rrshift__(self, other: _Operand) -> Tensor: ...
    def __rshift__(self, other: _Operand) -> Tensor: ...
    def __rsub__(self, other: _Operand) -> Tensor: ...
    def __rtruediv__(self, other: _Operand) -> Tensor: ...
    def __rxor__(self, other: _Operand) -> Tensor: ...
    def __setitem__(self, key: _Index, value: _Operand) -> None: ...
    def __sub__(self, other: _Operand) -> Tensor: ...
    def __truediv__(self, other: _Operand) -> Tensor: ...
    def __xor__(self, other: _Operand) -> Tensor: ...
    def abs(self) -> Tensor: """The absolute value."""
    def abs_(self) -> Tensor: """In-place form of :meth:`abs`."""
    def absolute(self) -> Tensor: """The absolute value."""
    def absolute_(self) -> Tensor: """In-place form of :meth:`abs`."""
    def acos(self) -> Tensor: """The inverse cosine, in radians."""
    def acos_(self) -> Tensor: """In-place form of :meth:`acos`."""
    def acosh(self) -> Tensor: """The inverse hyperbolic cosine, of numbers from 1 up."""
    def acosh_(self) -> Tensor: """In-place form of :meth:`acosh`."""
    def add(self, other: _Operand, *, alpha: _float = 1) -> Tensor: """input + alpha * other, with broadcasting."""
    def add_(self, other: _Operand, *, alpha: _float = 1) -> Tensor: """In-place form of :meth:`add`."""
    def addbmm(self, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """beta * input + alpha * the sum of the products of two batches of matrices."""
    def addbmm_(self, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """In-place form of :meth:`addbmm`."""
    def addcdiv(self, tensor1: _Operand, tensor2: _Operand, *, value: _float = 1) -> Tensor: """input + value * tensor1 / tensor2, of floats."""
    def addcdiv_(self, tensor1: _Operand, tensor2: _Operand, *, value: _float = 1) -> Tensor: """In-place form of :meth:`addcdiv`."""
    def addcmul(self, tensor1: _Operand, tensor2: _Operand, *, value: _float = 1) -> Tensor: """input + value * tensor1 * tensor2; of integers, the whole part of ``value``."""
    def addcmul_(self, tensor1: _Operand, tensor2: _Operand, *, value: _float = 1) -> Tensor: """In-place form of :meth:`addcmul`."""
    def addmm(self, mat1: Tensor, mat2: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """beta * input + alpha * (mat1 @ mat2)."""
    def addmm_(self, mat1: Tensor, mat2: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """In-place form of :meth:`addmm`."""
    def addmv(self, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """beta * input + alpha * (matrix @ vector)."""
    def addmv_(self, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """In-place form of :meth:`addmv`."""
    def addr(self, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """beta * input + alpha * :func:`outer` of two vectors."""
    def addr_(self, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """In-place form of :meth:`addr`."""
    def adjoint(self) -> Tensor: """The matrix transpose, conjugated, which changes nothing of real numbers."""
    def all(self, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False) -> Tensor: """Whether all elements along ``dim`` are true, or not zero."""
    def allclose(self, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> _bool: """Whether :func:`isclose` holds everywhere."""
    def amax(self, dim: _int | _Sequence[_int] | None = (), keepdim: _bool = False) -> Tensor: """The largest element along ``dim``, nan if any is; those that tie share the gradient evenly."""
    def amin(self, dim: _int | _Sequence[_int] | None = (), keepdim: _bool = False) -> Tensor: """The smallest element along ``dim``, nan if any is; those that tie share the gradient evenly."""
    def aminmax(self, *, dim: _int | None = None, keepdim: _bool = False) -> _Any: """:func:`amin` and :func:`amax`, along one dimension or of all elements."""
    def any(self, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False) -> Tensor: """Whether any element along ``dim`` is true, or not zero."""
    def apply_(self, callable: _Callable[[_Any], _Any]) -> Tensor: """Write ``callable(element)`` in the place of each element; slow, and without a gradient."""
    def arccos(self) -> Tensor: """The inverse cosine, in radians."""
    def arccos_(self) -> Tensor: """In-place form of :meth:`acos`."""
    def arccosh(self) -> Tensor: """The inverse hyperbolic cosine, of numbers from 1 up."""
    def arccosh_(self) -> Tensor: """In-place form of :meth:`acosh`."""
    def arcsin(self) -> Tensor: """The inverse sine, in radians."""
    def arcsin_(self) -> Tensor: """In-place form of :meth:`asin`."""
    def arcsinh(self) -> Tensor: """The inverse hyperbolic sine."""
    def arcsinh_(self) -> Tensor: """In-place form of :meth:`asinh`."""
    def arctan(self) -> Tensor: """The inverse tangent, in radians."""
    def arctan2(self, other: _Operand) -> Tensor: """The angle of the point (other, input), in radians, in [-pi, pi]."""
    def arctan2_(self, other: _Operand) -> Tensor: """In-place form of :meth:`atan2`."""
    def arctan_(self) -> Tensor: """In-place form of :meth:`atan`."""
    def arctanh(self) -> Tensor: """The inverse hyperbolic tangent, of numbers between -1 and 1."""
    def arctanh_(self) -> Tensor: """In-place form of :meth:`atanh`."""
    def argmax(self, dim: _int | None = None, keepdim: _bool = False) -> Tensor: """The index of the first largest element along ``dim``, or in the flattened tensor; of the first nan if any."""
    def argmin(self, dim: _int | None = None, keepdim: _bool = False) -> Tensor: """The index of the first smallest element along ``dim``, or in the flattened tensor; of the first nan if any."""
    def argsort(self, dim: _int = -1, descending: _bool = False, stable: _bool = False) -> Tensor: """The indices that sort the elements along ``dim``; nan counts as largest, ties keep their order."""
    def as_strided(self, size: _Sequence[_int], stride: _Sequence[_int], storage_offset: _int | None = None) -> Tensor: """A view of the tensor's memory: its element [i, j] is ``storage_offset + i * stride[0] + j * stride[1]``."""
    def asin(self) -> Tensor: """The inverse sine, in radians."""
    def asin_(self) -> Tensor: """In-place form of :meth:`asin`."""
    def asinh(self) -> Tensor: """The inverse hyperbolic sine."""
    def asinh_(self) -> Tensor: """In-place form of :meth:`asinh`."""
    def atan(self) -> Tensor: """The inverse tangent, in radians."""
    def atan2(self, other: _Operand) -> Tensor: """The angle of the point (other, input), in radians, in [-pi, pi]."""
    def atan2_(self, other: _Operand) -> Tensor: """In-place form of :meth:`atan2`."""
    def atan_(self) -> Tensor: """In-place form of :meth:`atan`."""
    def atanh(self) -> Tensor: """The inverse hyperbolic tangent, of numbers between -1 and 1."""
    def atanh_(self) -> Tensor: """In-place form of :meth:`atanh`."""
    def backward(self, gradient: _Any = None, retain_graph: _bool | None = None, create_graph: _bool = False, inputs: _Any = None) -> None: """Add the gradient of this tensor to the ``.grad`` of every leaf it was computed from."""
    def baddbmm(self, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """beta * input + alpha * :func:`bmm` of two batches of matrices."""
    def baddbmm_(self, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """In-place form of :meth:`baddbmm`."""
    def bernoulli_(self, p: _float | Tensor = 0.5, *, generator: Generator | None = None) -> Tensor: """Fill with 1 with probability ``p`` (a number or a tensor), else 0."""
    def bfloat16(self, memory_format: _Any = None) -> Tensor: """Always an error."""
    def bincount(self, weights: _Operand | None = None, minlength: _int = 0) -> Tensor: """How often each of 0, 1, 2 ... occurs in a vector of integers, or the sum of the weights at its occurrences."""
    def bitwise_and(self, other: _Operand) -> Tensor: """Elementwise input & other."""
    def bitwise_and_(self, other: _Operand) -> Tensor: """In-place form of :meth:`bitwise_and`."""
    def bitwise_left_shift(self, other: _Operand) -> Tensor: """The bits of integers moved to the left; floats times 2 ** other."""
    def bitwise_left_shift_(self, other: _Operand) -> Tensor: """In-place form of :meth:`bitwise_left_shift`."""
    def bitwise_not(self) -> Tensor: """Bits, or truth values, inverted."""
    def bitwise_not_(self) -> Tensor: """In-place form of :meth:`bitwise_not`."""
    def bitwise_or(self, other: _Operand) -> Tensor: """Elementwise input | other."""
    def bitwise_or_(self, other: _Operand) -> Tensor: """In-place form of :meth:`bitwise_or`."""
    def bitwise_right_shift(self, other: _Operand) -> Tensor: """The bits of integers moved to the right, with the sign."""
    def bitwise_right_shift_(self, other: _Operand) -> Tensor: """In-place form of :meth:`bitwise_right_shift`."""
    def bitwise_xor(self, other: _Operand) -> Tensor: """Elementwise input ^ other."""
    def bitwise_xor_(self, other: _Operand) -> Tensor: """In-place form of :meth:`bitwise_xor`."""
    def bmm(self, mat2: Tensor) -> Tensor: """The products of two batches of matrices, shapes ``(b, n, k), (b, k, m) -> (b, n, m)``."""
    def bool(self, memory_format: _Any = None) -> Tensor: """The tensor as bool."""
    @_overload
    def broadcast_to(self, *size: _int) -> Tensor: """Dimensions of size 1, and new ones in front, stretched to ``size``: a view, read-only where elements are shared."""
    @_overload
    def broadcast_to(self, size: _Sequence[_int]) -> Tensor: """Dimensions of size 1, and new ones in front, stretched to ``size``: a view, read-only where elements are shared."""
    def byte(self, memory_format: _Any = None) -> Tensor: """The tensor as uint8."""
    def cauchy_(self, median: _float = 0.0, sigma: _float = 1.0, *, generator: Generator | None = None) -> Tensor: """Fill with draws from the Cauchy distribution."""
    def ceil(self) -> Tensor: """The smallest integer above or at the input."""
    def ceil_(self) -> Tensor: """In-place form of :meth:`ceil`."""
    def char(self, memory_format: _Any = None) -> Tensor: """The tensor as int8."""
    def cholesky(self, upper: _bool = False) -> Tensor: """:func:`linalg.cholesky <linalg_cholesky>`, under its older name."""
    def cholesky_inverse(self, upper: _bool = False) -> Tensor: """The inverse of A, of which L is the Cholesky factor, shapes ``(*, n, n) -> (*, n, n)``."""
    def cholesky_solve(self, L: Tensor, upper: _bool = False) -> Tensor: """The X of A X = B, where L is the Cholesky factor of A, shapes ``(*, n, k), (*, n, n) -> (*, n, k)``."""
    def chunk(self, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]: """At most ``chunks`` views of parts along ``dim``, of one size but for the last."""
    def clamp(self, min: _Operand | None = None, max: _Operand | None = None) -> Tensor: """min(max(input, min), max); either bound may be None, a number or a tensor."""
    def clamp_(self, min: _Operand | None = None, max: _Operand | None = None) -> Tensor: """In-place form of :meth:`clamp`."""
    def clamp_max(self, max: Tensor) -> Tensor: """:func:`clamp` with an upper bound alone."""
    def clamp_max_(self, max: Tensor) -> Tensor: """In-place form of :meth:`clamp_max`."""
    def clamp_min(self, min: Tensor) -> Tensor: """:func:`clamp` with a lower bound alone."""
    def clamp_min_(self, min: Tensor) -> Tensor: """In-place form of :meth:`clamp_min`."""
    def clip(self, min: _Operand | None = None, max: _Operand | None = None) -> Tensor: """min(max(input, min), max); either bound may be None, a number or a tensor."""
    def clip_(self, min: _Operand | None = None, max: _Operand | None = None) -> Tensor: """In-place form of :meth:`clamp`."""
    def clone(self, *, memory_format: _Any = None) -> Tensor: """A copy, with its history; elements in the order that they had, or rows first for ``contiguous_format``."""
    def conj(self) -> Tensor: """Itself: it is real."""
    def contiguous(self, memory_format: _Any = None) -> Tensor: """``input`` itself if contiguous in memory, else a copy that is; rows first, whatever ``memory_format`` says."""
    def copy_(self, src: _Operand, non_blocking: _bool = False) -> Tensor: """In-place form of :meth:`copy`."""
    def copysign(self, other: _Operand) -> Tensor: """The size of ``input`` with the sign of ``other``."""
    def copysign_(self, other: _Operand) -> Tensor: """In-place form of :meth:`copysign`."""
    def corrcoef(self) -> Tensor: """The correlation coefficients of variables, one a row: :func:`cov` divided by their standard deviations, in [-1, 1]."""
    def cos(self) -> Tensor: """The cosine of radians."""
    def cos_(self) -> Tensor: """In-place form of :meth:`cos`."""
    def cosh(self) -> Tensor: """The hyperbolic cosine."""
    def cosh_(self) -> Tensor: """In-place form of :meth:`cosh`."""
    def count_nonzero(self, dim: _int | _Sequence[_int] | None = None) -> Tensor: """The number of elements along ``dim`` that are not zero."""
    def cov(self, *, correction: _int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor: """The covariances of variables, one a row, of observations, one a column; weighted by counts, or by ``aweights``."""
    def cpu(self) -> Tensor: """Itself: it lives on the CPU."""
    def cross(self, other: Tensor, dim: _int | None = None) -> Tensor: """The cross product of vectors of three elements along ``dim``, the first dimension of that size unless given."""
    def cuda(self, device: _device | str | None = None, non_blocking: _bool = False) -> Tensor: """An error, as PyTorch without CUDA gives one."""
    def cummax(self, dim: _int) -> _Selected: """The largest of the elements up to each one along ``dim``, and where it is; the last one of equal ones."""
    def cummin(self, dim: _int) -> _Selected: """The smallest of the elements up to each one along ``dim``, and where it is; the last one of equal ones."""
    def cumprod(self, dim: _int, *, dtype: _dtype | None = None) -> Tensor: """The products of the elements up to each one along ``dim``. Its gradient is right with zeros, too."""
    def cumprod_(self, dim: _int, *, dtype: _dtype | None = None) -> Tensor: """In-place form of :meth:`cumprod`."""
    def cumsum(self, dim: _int, *, dtype: _dtype | None = None) -> Tensor: """The sums of the elements up to each one along ``dim``."""
    def cumsum_(self, dim: _int, *, dtype: _dtype | None = None) -> Tensor: """In-place form of :meth:`cumsum`."""
    @property
    def data(self) -> Tensor: """The same memory without the history, whose in-place writes autograd does not notice. Prefer ``detach()``."""
    @data.setter
    def data(self, value: Tensor) -> None: ...
    def data_ptr(self) -> _int: """The address of its first element."""
    def deg2rad(self) -> Tensor: """Degrees as radians."""
    def deg2rad_(self) -> Tensor: """In-place form of :meth:`deg2rad`."""
    def det(self) -> Tensor: """The determinant, shapes ``(*, n, n) -> (*)``; its gradient is that of the cofactors, so there is one for singular matrices, too."""
    def detach(self) -> Tensor: """The same memory without the history."""
    def detach_(self) -> Tensor: """Forget the history, in place."""
    @property
    def device(self) -> _device: """Where it lives: the CPU."""
    def diag(self, diagonal: _int = 0) -> Tensor: """A square matrix with the vector on its diagonal; of a matrix, a copy of its diagonal."""
    def diag_embed(self, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor: """Matrices, over ``dim1`` and ``dim2`` of the result, with the last dimension of ``input`` on their diagonals."""
    def diagflat(self, offset: _int = 0) -> Tensor: """A matrix with all elements of ``input`` on its diagonal."""
    def diagonal(self, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor: """The elements with index i in ``dim1`` and i + offset in ``dim2``, i as the last dimension: a view."""
    def diagonal_scatter(self, src: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor: """``input`` with ``src`` on a diagonal."""
    def diff(self, n: _int = 1, dim: _int = -1, prepend: Tensor | None = None, append: Tensor | None = None) -> Tensor: """The differences of neighbours along ``dim``, taken ``n`` times, with elements put in front or behind first."""
    def digamma(self) -> Tensor: """The derivative of :func:`lgamma`; -0.5772 (Euler's constant) at 1."""
    def digamma_(self) -> Tensor: """In-place form of :meth:`digamma`."""
    def dim(self) -> _int: """The number of dimensions."""
    def dist(self, other: Tensor, p: _float = 2) -> Tensor: """The p-norm of the difference."""
    def div(self, other: _Operand, *, rounding_mode: str | None = None) -> Tensor: """input / other; rounded down with ``rounding_mode="floor"``, towards zero with ``"trunc"``."""
    def div_(self, other: _Operand, *, rounding_mode: str | None = None) -> Tensor: """:func:`div` in place."""
    def divide(self, other: _Operand, *, rounding_mode: str | None = None) -> Tensor: """input / other; rounded down with ``rounding_mode="floor"``, towards zero with ``"trunc"``."""
    def divide_(self, other: _Operand, *, rounding_mode: str | None = None) -> Tensor: """:func:`div` in place."""
    def dot(self, tensor: _Operand) -> Tensor: """The inner product sum_i input_i * tensor_i of two vectors, shapes ``(k,), (k,) -> ()``."""
    def double(self, memory_format: _Any = None) -> Tensor: """The tensor as float64."""
    def dsplit(self, indices_or_sections: _Any) -> tuple[Tensor, ...]: """:func:`tensor_split` into equal parts, or at indices, along dimension 2."""
    @property
    def dtype(self) -> _dtype: """The data type of its elements."""
    def element_size(self) -> _int: """The memory that one element takes, in bytes."""
    def eq(self, other: _Operand) -> Tensor: """Elementwise input == other."""
    def eq_(self, other: _Operand) -> Tensor: """In-place form of :meth:`eq`."""
    def equal(self, other: Tensor) -> _bool: """Whether two tensors have the same shape and values."""
    def erf(self) -> Tensor: """The error function 2/sqrt(pi) * integral of e^(-t^2) from 0 to x."""
    def erf_(self) -> Tensor: """In-place form of :meth:`erf`."""
    def erfc(self) -> Tensor: """1 - erf(input), accurate for large inputs."""
    def erfc_(self) -> Tensor: """In-place form of :meth:`erfc`."""
    def erfinv(self) -> Tensor: """The inverse of :func:`erf`: infinite at -1 and 1, nan beyond."""
    def erfinv_(self) -> Tensor: """In-place form of :meth:`erfinv`."""
    def exp(self) -> Tensor: """e ** input."""
    def exp2(self) -> Tensor: """2 ** input."""
    def exp2_(self) -> Tensor: """In-place form of :meth:`exp2`."""
    def exp_(self) -> Tensor: """In-place form of :meth:`exp`."""
    @_overload
    def expand(self, *size: _int) -> Tensor: """Dimensions of size 1, and new ones in front, stretched to ``size``: a view, read-only where elements are shared."""
    @_overload
    def expand(self, size: _Sequence[_int]) -> Tensor: """Dimensions of size 1, and new ones in front, stretched to ``size``: a view, read-only where elements are shared."""
    def expand_as(self, other: Tensor) -> Tensor: """A view expanded to the shape of ``other``."""
    def expm1(self) -> Tensor: """e ** input - 1, accurate near 0."""
    def expm1_(self) -> Tensor: """In-place form of :meth:`expm1`."""
    def exponential_(self, lambd: _float = 1.0, *, generator: Generator | None = None) -> Tensor: """Fill with draws from the exponential distribution lambd e^(-lambd x), which are never 0."""
    def fill_(self, value: _float | Tensor) -> Tensor: """Write one value everywhere."""
    def fix(self) -> Tensor: """The input rounded towards zero."""
    def fix_(self) -> Tensor: """In-place form of :meth:`trunc`."""
    def flatten(self, start_dim: _int = 0, end_dim: _int = -1) -> Tensor: """The dimensions from ``start_dim`` to ``end_dim`` as one."""
    @_overload
    def flip(self, *dims: _int) -> Tensor: """A copy with the order reversed along ``dims``."""
    @_overload
    def flip(self, dims: _Sequence[_int]) -> Tensor: """A copy with the order reversed along ``dims``."""
    def fliplr(self) -> Tensor: """The order reversed along dimension 1."""
    def flipud(self) -> Tensor: """The order reversed along dimension 0."""
    def float(self, memory_format: _Any = None) -> Tensor: """The tensor as float32."""
    def float_power(self, exponent: Tensor) -> Tensor: """input ** exponent, computed in float64."""
    def float_power_(self, exponent: Tensor) -> Tensor: """In-place form of :meth:`float_power`."""
    def floor(self) -> Tensor: """The largest integer below or at the input."""
    def floor_(self) -> Tensor: """In-place form of :meth:`floor`."""
    def floor_divide(self, other: _Operand) -> Tensor: """floor(input / other), with broadcasting. Its gradient is zero."""
    def floor_divide_(self, other: _Operand) -> Tensor: """In-place form of :meth:`floor_divide`."""
    def fmax(self, other: _Operand) -> Tensor: """The larger of two, the number where one is nan."""
    def fmin(self, other: _Operand) -> Tensor: """The smaller of two, the number where one is nan."""
    def fmod(self, other: _Operand) -> Tensor: """input - other * trunc(input / other): has the sign of ``input``."""
    def fmod_(self, other: _Operand) -> Tensor: """In-place form of :meth:`fmod`."""
    def frac(self) -> Tensor: """The input minus its integer part; of floats."""
    def frac_(self) -> Tensor: """In-place form of :meth:`frac`."""
    def frexp(self) -> _Any: """The mantissa, of size 0.5 to 1, and the exponent of mantissa * 2 ** exponent."""
    def gather(self, dim: _int, index: Tensor, *, sparse_grad: _bool = False) -> Tensor: """out[i][j] = input[index[i][j]][j] for dim 0 of two, and so on; the shape is that of ``index``."""
    def gcd(self, other: _Operand) -> Tensor: """The greatest common divisor of integers."""
    def gcd_(self, other: _Operand) -> Tensor: """In-place form of :meth:`gcd`."""
    def ge(self, other: _Operand) -> Tensor: """Elementwise input >= other."""
    def ge_(self, other: _Operand) -> Tensor: """In-place form of :meth:`ge`."""
    def geometric_(self, p: _float, *, generator: Generator | None = None) -> Tensor: """Fill with how many attempts it takes until what has the probability p happens: 1, 2 ..."""
    def ger(self, vec2: Tensor) -> Tensor: """:func:`outer` under another name."""
    def get_device(self) -> _int: """-1, the CPU."""
    @property
    def grad(self) -> Tensor | None: """What ``backward()`` has accumulated in this leaf, of its shape and dtype; None before the first."""
    @grad.setter
    def grad(self, value: Tensor | None) -> None: ...
    @grad.deleter
    def grad(self) -> None: ...
    @property
    def grad_fn(self) -> _Node | None: """The graph node that computed it; None for a leaf."""
    def greater(self, other: _Operand) -> Tensor: """Elementwise input > other."""
    def greater_(self, other: _Operand) -> Tensor: """In-place form of :meth:`gt`."""
    def greater_equal(self, other: _Operand) -> Tensor: """Elementwise input >= other."""
    def greater_equal_(self, other: _Operand) -> Tensor: """In-place form of :meth:`ge`."""
    def gt(self, other: _Operand) -> Tensor: """Elementwise input > other."""
    def gt_(self, other: _Operand) -> Tensor: """In-place form of :meth:`gt`."""
    def half(self, memory_format: _Any = None) -> Tensor: """The tensor as float16."""
    def heaviside(self, values: _Operand) -> Tensor: """0 below 0, ``values`` at 0, 1 above."""
    def heaviside_(self, values: _Operand) -> Tensor: """In-place form of :meth:`heaviside`."""
    def histc(self, bins: _int = 100, min: _float = 0, max: _float = 0) -> Tensor: """How many elements are in each of ``bins`` equal parts from ``min`` to ``max``; of the input's range where these are equal."""
    def histogram(self, bins: _Any = 100, *, range: _Sequence[_float] | None = None, weight: Tensor | None = None, density: _bool = False) -> _Any: """How many elements, or what weight, is in each bin, and the bins' edges."""
    def hsplit(self, indices_or_sections: _Any) -> tuple[Tensor, ...]: """:func:`tensor_split` into equal parts, or at indices, along dimension 1, of vectors along 0."""
    def hypot(self, other: _Operand) -> Tensor: """sqrt(input^2 + other^2), without overflow."""
    def hypot_(self, other: _Operand) -> Tensor: """In-place form of :meth:`hypot`."""
    def i0(self) -> Tensor: """The modified Bessel function of the first kind of order 0."""
    def i0_(self) -> Tensor: """In-place form of :meth:`i0`."""
    def igamma(self, other: _Operand) -> Tensor: """The regularised lower incomplete gamma function, 1/gamma(a) times the integral of t^(a-1) e^-t from 0 to x."""
    def igamma_(self, other: _Operand) -> Tensor: """In-place form of :meth:`igamma`."""
    def igammac(self, other: _Operand) -> Tensor: """1 - :func:`igamma`, to full accuracy where it is small."""
    def igammac_(self, other: _Operand) -> Tensor: """In-place form of :meth:`igammac`."""
    def index_add(self, dim: _int, index: Tensor, source: _Operand, *, alpha: _float = 1) -> Tensor: """``input`` with alpha * ``source`` added at ``index`` along ``dim``; repeated indices add up."""
    def index_add_(self, dim: _int, index: Tensor, source: _Operand, *, alpha: _float = 1) -> Tensor: """In-place form of :meth:`index_add`."""
    def index_copy(self, dim: _int, index: Tensor, source: Tensor) -> Tensor: """``input`` with the slices of ``source`` at the indices along ``dim``."""
    def index_copy_(self, dim: _int, index: Tensor, source: Tensor) -> Tensor: """In-place form of :meth:`index_copy`."""
    def index_fill(self, dim: _int, index: Tensor, value: _Any) -> Tensor: """``input`` with ``value``, a number, at the indices along ``dim``."""
    def index_fill_(self, dim: _int, index: Tensor, value: _Any) -> Tensor: """In-place form of :meth:`index_fill`."""
    def index_put(self, indices: _Sequence[_Any], values: Tensor, accumulate: _bool = False) -> Tensor: """``input`` with ``values`` at ``input[indices]``, or added there, where repeated indices add up."""
    def index_put_(self, indices: _Sequence[_Any], values: Tensor, accumulate: _bool = False) -> Tensor: """In-place form of :meth:`index_put`."""
    def index_reduce(self, dim: _int, index: Tensor, source: Tensor, reduce: str, *, include_self: _bool = True) -> Tensor: """``input`` reduced with the slices of ``source`` at the indices along ``dim``: ``"prod"``, ``"mean"``, ``"amax"``, ``"amin"``."""
    def index_reduce_(self, dim: _int, index: Tensor, source: Tensor, reduce: str, *, include_self: _bool = True) -> Tensor: """In-place form of :meth:`index_reduce`."""
    def index_select(self, dim: _int, index: Tensor) -> Tensor: """The slices of ``input`` at ``index`` (a vector) along ``dim``."""
    def inner(self, other: Tensor) -> Tensor: """The sums of products over the last dimensions, shapes ``(*, k), (+, k) -> (*, +)``; scaling by a scalar."""
    def int(self, memory_format: _Any = None) -> Tensor: """The tensor as int32."""
    def inverse(self) -> Tensor: """:func:`linalg.inv <inv>`."""
    def is_complex(self) -> _bool: """False: its elements are real numbers."""
    def is_conj(self) -> _bool: """False: its elements are real numbers."""
    def is_contiguous(self, memory_format: _Any = None) -> _bool: """Whether its elements lie in memory one after the other, last dimension fastest."""
    @property
    def is_cpu(self) -> _bool: """True: it is on the CPU."""
    @property
    def is_cuda(self) -> _bool: """False: it is on the CPU."""
    def is_floating_point(self) -> _bool: """Whether its dtype is a floating-point one."""
    def is_inference(self) -> _bool: """Whether it was made in ``inference_mode``."""
    @property
    def is_leaf(self) -> _bool: """Whether it was made by the user, not computed from something that requires grad."""
    @property
    def is_meta(self) -> _bool: """False: it has elements."""
    @property
    def is_mkldnn(self) -> _bool: """False: it lies in memory as NumPy lays it."""
    @property
    def is_mps(self) -> _bool: """False: it is on the CPU."""
    def is_neg(self) -> _bool: """False: its elements are what they are in memory."""
    @property
    def is_nested(self) -> _bool: """False: it has one shape."""
    def is_nonzero(self) -> _bool: """Whether its one element is not zero."""
    def is_pinned(self) -> _bool: """False: there is no GPU to pin memory for."""
    @property
    def is_quantized(self) -> _bool: """False: its elements are not quantized."""
    def is_same_size(self, other: Tensor) -> _bool: """Whether the other has the same shape."""
    def is_set_to(self, tensor: Tensor) -> _bool: """Whether the other is the same piece of memory in the same shape."""
    def is_shared(self) -> _bool: """False: its memory is that of one process."""
    def is_signed(self) -> _bool: """Whether its dtype has negative numbers."""
    @property
    def is_sparse(self) -> _bool: """False: all its elements are in memory."""
    @property
    def is_sparse_csr(self) -> _bool: """False: all its elements are in memory."""
    @property
    def is_xpu(self) -> _bool: """False: it is on the CPU."""
    def isclose(self, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> Tensor: """Elementwise |input - other| <= atol + rtol * |other|."""
    def isfinite(self) -> Tensor: """Whether the element is neither nan nor an infinity."""
    def isinf(self) -> Tensor: """Whether the element is an infinity."""
    def isnan(self) -> Tensor: """Whether the element is nan."""
    def isneginf(self) -> Tensor: """Whether the element is minus infinity."""
    def isposinf(self) -> Tensor: """Whether the element is infinity."""
    def isreal(self) -> Tensor: """True: there are no complex numbers."""
    def item(self) -> _float | _int | _bool: """The value of a one-element tensor as a Python number."""
    @property
    def itemsize(self) -> _int: """The memory that one element takes, in bytes."""
    def kron(self, other: Tensor) -> Tensor: """The Kronecker product: ``other`` times each element of ``input``, laid in blocks."""
    def kthvalue(self, k: _int, dim: _int = -1, keepdim: _bool = False) -> _Selected: """The k-th smallest element along ``dim``, counted from 1, and where it is."""
    @property
    def layout(self) -> _Any: """How its elements lie in memory: evenly spaced."""
    def lcm(self, other: _Operand) -> Tensor: """The least common multiple of integers."""
    def lcm_(self, other: _Operand) -> Tensor: """In-place form of :meth:`lcm`."""
    def ldexp(self, other: Tensor) -> Tensor: """input * 2 ** other."""
    def ldexp_(self, other: Tensor) -> Tensor: """In-place form of :meth:`ldexp`."""
    def le(self, other: _Operand) -> Tensor: """Elementwise input <= other."""
    def le_(self, other: _Operand) -> Tensor: """In-place form of :meth:`le`."""
    def lerp(self, end: _Operand, weight: _Operand) -> Tensor: """input + weight * (end - input); a ``weight`` without dimensions is a number, of any dtype."""
    def lerp_(self, end: _Operand, weight: _Operand) -> Tensor: """In-place form of :meth:`lerp`."""
    def less(self, other: _Operand) -> Tensor: """Elementwise input < other."""
    def less_(self, other: _Operand) -> Tensor: """In-place form of :meth:`lt`."""
    def less_equal(self, other: _Operand) -> Tensor: """Elementwise input <= other."""
    def less_equal_(self, other: _Operand) -> Tensor: """In-place form of :meth:`le`."""
    def lgamma(self) -> Tensor: """The logarithm of the absolute value of the gamma function, whose value at n is (n - 1)!."""
    def lgamma_(self) -> Tensor: """In-place form of :meth:`lgamma`."""
    def log(self) -> Tensor: """The natural logarithm."""
    def log10(self) -> Tensor: """The logarithm to base 10."""
    def log10_(self) -> Tensor: """In-place form of :meth:`log10`."""
    def log1p(self) -> Tensor: """log(1 + input), accurate near 0."""
    def log1p_(self) -> Tensor: """In-place form of :meth:`log1p`."""
    def log2(self) -> Tensor: """The logarithm to base 2."""
    def log2_(self) -> Tensor: """In-place form of :meth:`log2`."""
    def log_(self) -> Tensor: """In-place form of :meth:`log`."""
    def log_normal_(self, mean: _float = 1.0, std: _float = 2.0, *, generator: Generator | None = None) -> Tensor: """Fill with e to the power of draws from N(mean, std^2)."""
    def log_softmax(self, dim: _int, dtype: _dtype | None = None) -> Tensor: """x_i - log(sum_j exp(x_j)) along ``dim``: the logarithm of :func:`softmax`, without its underflow."""
    def logaddexp(self, other: _Operand) -> Tensor: """log(e^input + e^other), without overflow."""
    def logaddexp2(self, other: _Operand) -> Tensor: """log2(2^input + 2^other), without overflow."""
    def logcumsumexp(self, dim: _int) -> Tensor: """log of the sum of exp of the elements up to each one along ``dim``, without overflow."""
    def logdet(self) -> Tensor: """The logarithm of the determinant: nan where that is negative, -inf where it is 0."""
    def logical_and(self, other: _Operand) -> Tensor: """Elementwise input and other."""
    def logical_and_(self, other: _Operand) -> Tensor: """In-place form of :meth:`logical_and`."""
    def logical_not(self) -> Tensor: """Whether the element is zero."""
    def logical_not_(self) -> Tensor: """In-place form of :meth:`logical_not`."""
    def logical_or(self, other: _Operand) -> Tensor: """Elementwise input or other."""
    def logical_or_(self, other: _Operand) -> Tensor: """In-place form of :meth:`logical_or`."""
    def logical_xor(self, other: _Operand) -> Tensor: """Elementwise exactly one of input, other."""
    def logical_xor_(self, other: _Operand) -> Tensor: """In-place form of :meth:`logical_xor`."""
    def logit(self, eps: _float | None = None) -> Tensor: """log(x / (1 - x)), the inverse of :func:`sigmoid`; x is first clamped to [eps, 1 - eps], where that is given."""
    def logit_(self, eps: _float | None = None) -> Tensor: """In-place form of :meth:`logit`."""
    def logsumexp(self, dim: _int | _Sequence[_int] | None, keepdim: _bool = False) -> Tensor: """log(sum exp(x)) along ``dim``, computed as m + log(sum exp(x - m)) with the largest element m: no overflow."""
    def long(self, memory_format: _Any = None) -> Tensor: """The tensor as int64."""
    def lt(self, other: _Operand) -> Tensor: """Elementwise input < other."""
    def lt_(self, other: _Operand) -> Tensor: """In-place form of :meth:`lt`."""
    @property
    def mH(self) -> Tensor: """The matrix transpose, conjugated, which changes nothing of real numbers."""
    @property
    def mT(self) -> Tensor: """The matrix transpose: the last two dimensions swapped."""
    def map_(self, tensor: Tensor, callable: _Callable[[_Any, _Any], _Any]) -> Tensor: """Write ``callable(element, other)`` in the place of each element, ``other`` being the element of ``tensor`` there."""
    def masked_fill(self, mask: Tensor, value: _Operand) -> Tensor: """``value`` (a number, or a tensor without dimensions) where the mask is true, else ``input``."""
    def masked_fill_(self, mask: Tensor, value: _Operand) -> Tensor: """In-place form of :meth:`masked_fill`."""
    def masked_scatter(self, mask: Tensor, source: Tensor) -> Tensor: """``input`` with the elements of ``source``, one after the other, where the mask is true."""
    def masked_scatter_(self, mask: Tensor, source: Tensor) -> Tensor: """In-place form of :meth:`masked_scatter`."""
    def masked_select(self, mask: Tensor) -> Tensor: """The elements where the mask, broadcast against ``input``, is true, as a vector."""
    def matmul(self, other: Tensor) -> Tensor: """The matrix product; a vector is a row on the left and a column on the right, leading dimensions broadcast."""
    def matrix_exp(self) -> Tensor: """The matrix exponential sum_k A^k / k!, shapes ``(*, n, n) -> (*, n, n)``."""
    def matrix_power(self, n: _int) -> Tensor: """The n-th power of a square matrix, by repeated squaring; a negative one of its inverse."""
    @_overload
    def max(self) -> Tensor: """The largest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise maximum."""
    @_overload
    def max(self, dim: _int, keepdim: _bool = False) -> _Selected: """The largest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise maximum."""
    @_overload
    def max(self, other: Tensor) -> Tensor: """The largest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise maximum."""
    def maximum(self, other: _Operand) -> Tensor: """The larger of two, nan if either is."""
    def mean(self, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """The mean of the elements along ``dim``; nan of none."""
    @_overload
    def median(self) -> Tensor: """The middle element, the lower of two, nan if any is; along a dim, (values, indices)."""
    @_overload
    def median(self, dim: _int, keepdim: _bool = False) -> _Selected: """The middle element, the lower of two, nan if any is; along a dim, (values, indices)."""
    @_overload
    def min(self) -> Tensor: """The smallest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise minimum."""
    @_overload
    def min(self, dim: _int, keepdim: _bool = False) -> _Selected: """The smallest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise minimum."""
    @_overload
    def min(self, other: Tensor) -> Tensor: """The smallest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise minimum."""
    def minimum(self, other: _Operand) -> Tensor: """The smaller of two, nan if either is."""
    def mm(self, mat2: Tensor) -> Tensor: """The product of two matrices, shapes ``(n, k), (k, m) -> (n, m)``."""
    def mode(self, dim: _int = -1, keepdim: _bool = False) -> _Selected: """The most frequent element along ``dim``, the smallest of several, and the last place where it is."""
    def moveaxis(self, source: _int | _Sequence[_int], destination: _int | _Sequence[_int]) -> Tensor: """The dimensions ``source`` moved to the places ``destination``, the others kept in order."""
    def movedim(self, source: _int | _Sequence[_int], destination: _int | _Sequence[_int]) -> Tensor: """The dimensions ``source`` moved to the places ``destination``, the others kept in order."""
    def msort(self) -> Tensor: """The elements in order along the first dimension."""
    def mul(self, other: _Operand) -> Tensor: """input * other, with broadcasting."""
    def mul_(self, other: _Operand) -> Tensor: """In-place form of :meth:`mul`."""
    def multinomial(self, num_samples: _int, replacement: _bool = False, *, generator: Generator | None = None) -> Tensor: """Indices drawn with probabilities proportional to the weights, shape ``(m, n) -> (m, num_samples)``."""
    def multiply(self, other: _Operand) -> Tensor: """input * other, with broadcasting."""
    def multiply_(self, other: _Operand) -> Tensor: """In-place form of :meth:`mul`."""
    def mv(self, vec: Tensor) -> Tensor: """A matrix times a vector, shapes ``(n, k), (k,) -> (n,)``."""
    def mvlgamma(self, p: _int) -> Tensor: """The logarithm of the multivariate gamma function, p (p - 1) / 4 log(pi) + sum over j < p of lgamma(input - j / 2)."""
    def mvlgamma_(self, p: _int) -> Tensor: """In-place form of :meth:`mvlgamma`."""
    @property
    def name(self) -> None: """None: tensors have no names."""
    def nan_to_num(self, nan: _float = 0.0, posinf: _float | None = None, neginf: _float | None = None) -> Tensor: """``input`` with nan and the infinities replaced, the latter by the largest finite numbers by default."""
    def nan_to_num_(self, nan: _float = 0.0, posinf: _float | None = None, neginf: _float | None = None) -> Tensor: """In-place form of :meth:`nan_to_num`."""
    def nanmean(self, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """The mean of those elements that are not nan."""
    def nanmedian(self, dim: _int | None = None, keepdim: _bool = False) -> _Any: """:func:`median` of those elements that are not nan."""
    def nanquantile(self, q: _Any, dim: _int | None = None, keepdim: _bool = False, *, interpolation: str = 'linear') -> Tensor: """:func:`quantile` of those elements that are not nan."""
    def nansum(self, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """:func:`sum`, in which nan counts as 0."""
    def narrow(self, dim: _int, start: _int, length: _int) -> Tensor: """``length`` elements along ``dim`` from ``start`` on: a view."""
    @property
    def nbytes(self) -> _int: """The memory that its elements take, in bytes."""
    @property
    def ndim(self) -> _int: """The number of dimensions."""
    def ndimension(self) -> _int: """The number of dimensions."""
    def ne(self, other: _Operand) -> Tensor: """Elementwise input != other."""
    def ne_(self, other: _Operand) -> Tensor: """In-place form of :meth:`ne`."""
    def neg(self) -> Tensor: """-input."""
    def neg_(self) -> Tensor: """In-place form of :meth:`neg`."""
    def negative(self) -> Tensor: """-input."""
    def negative_(self) -> Tensor: """In-place form of :meth:`neg`."""
    def nelement(self) -> _int: """The number of elements."""
    def new(self, *args: _int | _Sequence[_int], device: _device | str | None = None) -> Tensor: """A tensor of this dtype: of these sizes, or of these values."""
    def new_empty(self, *args: _int | _Sequence[_int], dtype: _dtype | None = None, **options: _Any) -> Tensor: """:func:`empty` in the dtype of ``input``."""
    def new_full(self, size: _Sequence[_int], fill_value: _Number | Tensor, *, dtype: _dtype | None = None, **options: _Any) -> Tensor: """:func:`full` in the dtype of ``input``."""
    def new_ones(self, *args: _int | _Sequence[_int], dtype: _dtype | None = None, **options: _Any) -> Tensor: """:func:`ones` in the dtype of ``input``."""
    def new_tensor(self, data: _Any, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """A copy of ``data`` in the dtype of ``input``."""
    def new_zeros(self, *args: _int | _Sequence[_int], dtype: _dtype | None = None, **options: _Any) -> Tensor: """:func:`zeros` in the dtype of ``input``."""
    def nextafter(self, other: _Operand) -> Tensor: """The next number that the dtype has after ``input``, towards ``other``."""
    def nextafter_(self, other: _Operand) -> Tensor: """In-place form of :meth:`nextafter`."""
    @_overload
    def nonzero(self, *, as_tuple: _Literal[False] = False) -> Tensor: """The indices of the nonzero elements, a row each; with ``as_tuple`` a vector per dimension, to index with."""
    @_overload
    def nonzero(self, *, as_tuple: _Literal[True]) -> tuple[Tensor, ...]: """The indices of the nonzero elements, a row each; with ``as_tuple`` a vector per dimension, to index with."""
    def norm(self, p: _float | str | None = 'fro', dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, dtype: _dtype | None = None) -> Tensor: """The p-norm of the elements along ``dim`` taken as one vector; ``"fro"`` is 2."""
    def normal_(self, mean: _float = 0.0, std: _float = 1.0, *, generator: Generator | None = None) -> Tensor: """Fill with draws from N(mean, std^2)."""
    def not_equal(self, other: _Operand) -> Tensor: """Elementwise input != other."""
    def not_equal_(self, other: _Operand) -> Tensor: """In-place form of :meth:`ne`."""
    def numel(self) -> _int: """The number of elements."""
    def numpy(self, *, force: _bool = False) -> _NDArray[_Any]: """The tensor's memory as an array: writes on either side show on the other."""
    def outer(self, vec2: Tensor) -> Tensor: """The products of all pairs, shapes ``(n,), (m,) -> (n, m)``."""
    @property
    def output_nr(self) -> _int: """0: which of the results of its ``grad_fn`` it is."""
    @_overload
    def permute(self, *dims: _int) -> Tensor: """The dimensions in another order: dimension ``i`` of the result is ``dims[i]`` of the input."""
    @_overload
    def permute(self, dims: _Sequence[_int]) -> Tensor: """The dimensions in another order: dimension ``i`` of the result is ``dims[i]`` of the input."""
    def pinverse(self, rcond: _float = 1e-15) -> Tensor: """:func:`linalg.pinv <pinv>` under its older name."""
    def polygamma(self, n: _int) -> Tensor: """The n-th derivative of :func:`digamma`."""
    def polygamma_(self, n: _int) -> Tensor: """In-place form of :meth:`_polygamma_of`."""
    def positive(self) -> Tensor: """``input`` itself."""
    def pow(self, exponent: _Operand) -> Tensor: """input ** exponent, with broadcasting. The powers 1/2 and -1/2 are those of :func:`sqrt`: nan at -inf."""
    def pow_(self, exponent: _Operand) -> Tensor: """In-place form of :meth:`pow`."""
    def prod(self, dim: _int | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """The product of the elements along ``dim``; of integers as int64."""
    def put(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor: """``input`` with the elements of ``source`` at positions in the flattened tensor, or added there."""
    def put_(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor: """In-place form of :meth:`put_flat`."""
    def qr(self, some: _bool = True) -> _Any: """:func:`linalg.qr <linalg_qr>` under its older name; ``some=False`` is the mode ``"complete"``."""
    def quantile(self, q: _Any, dim: _int | None = None, keepdim: _bool = False, *, interpolation: str = 'linear') -> Tensor: """The q-th quantile along ``dim``, of all elements if None; a vector of q gives the quantiles along a new first dimension."""
    def rad2deg(self) -> Tensor: """Radians as degrees."""
    def rad2deg_(self) -> Tensor: """In-place form of :meth:`rad2deg`."""
    def random_(self, from_: _int = 0, to: _int | None = None, *, generator: Generator | None = None) -> Tensor: """Fill with integers drawn from [from, to); ``random_(to)`` from [0, to); without bounds all the dtype can hold."""
    def ravel(self) -> Tensor: """All elements along one dimension."""
    @property
    def real(self) -> Tensor: """Itself: it is real."""
    def reciprocal(self) -> Tensor: """1 / input."""
    def reciprocal_(self) -> Tensor: """In-place form of :meth:`reciprocal`."""
    def register_hook(self, hook: _Callable[[Tensor], Tensor | None]) -> _RemovableHandle: """Call ``hook(grad)`` when the gradient of this tensor is computed; what it returns, if not None, replaces it."""
    def register_post_accumulate_grad_hook(self, hook: _Callable[[Tensor], None]) -> _RemovableHandle: """Call ``hook(leaf)`` when a gradient was added to the ``.grad`` of this leaf, which the hook may use and set to None."""
    def relu(self) -> Tensor: """max(input, 0). EE6132 lab, eq. 1."""
    def relu_(self) -> Tensor: """In-place form of :meth:`relu`."""
    def remainder(self, other: _Operand) -> Tensor: """input - other * floor(input / other): has the sign of ``other``; but a zero that of ``input``, as in PyTorch."""
    def remainder_(self, other: _Operand) -> Tensor: """In-place form of :meth:`remainder`."""
    def renorm(self, p: _float, dim: _int, maxnorm: _float) -> Tensor: """``input`` with each slice along ``dim`` that has a larger p-norm than ``maxnorm`` scaled down to it."""
    def renorm_(self, p: _float, dim: _int, maxnorm: _float) -> Tensor: """In-place form of :meth:`renorm`."""
    @_overload
    def repeat(self, *repeats: _int) -> Tensor: """Copies laid side by side, ``repeats[d]`` times along dimension ``d``; further dimensions go in front."""
    @_overload
    def repeat(self, repeats: _Sequence[_int]) -> Tensor: """Copies laid side by side, ``repeats[d]`` times along dimension ``d``; further dimensions go in front."""
    def repeat_interleave(self, repeats: _int | Tensor, dim: _int | None = None, *, output_size: _int | None = None) -> Tensor: """Each element along ``dim`` (of the flattened tensor if None) repeated in place."""
    @property
    def requires_grad(self) -> _bool: """Whether gradients are computed for it. Settable on leaves."""
    @requires_grad.setter
    def requires_grad(self, value: _bool) -> None: ...
    def requires_grad_(self, requires_grad: _bool = True) -> Tensor: """Start, or stop, recording what is computed from this leaf; a GraphError where it is none, or holds no floats."""
    @_overload
    def reshape(self, *shape: _int) -> Tensor: """The elements, in order, in another shape: a view where possible, else a copy. One size may be -1: what remains."""
    @_overload
    def reshape(self, shape: _Sequence[_int]) -> Tensor: """The elements, in order, in another shape: a view where possible, else a copy. One size may be -1: what remains."""
    def reshape_as(self, other: Tensor) -> Tensor: """The elements in the shape of ``other``."""
    def resize_(self, *sizes: _Any, memory_format: _Any = None) -> Tensor: """Make the tensor one of other sizes, in place: the elements in order, and any values behind them."""
    def resize_as_(self, the_template: Tensor, *, memory_format: _Any = None) -> Tensor: """:meth:`resize_` to the sizes of another tensor."""
    def resolve_conj(self) -> Tensor: """Itself: it is real."""
    def resolve_neg(self) -> Tensor: """Itself."""
    def retain_grad(self) -> None: """Keep the gradient of this computed tensor in ``.grad``, as leaves do."""
    @property
    def retains_grad(self) -> _bool: """Whether it is a computed tensor that keeps its gradient."""
    def roll(self, shifts: _int | _Sequence[_int], dims: _int | _Sequence[_int] | None = None) -> Tensor: """A copy shifted along ``dims``, what leaves at one end coming in at the other; flattened meanwhile if no ``dims``."""
    def rot90(self, k: _int = 1, dims: _Sequence[_int] = (0, 1)) -> Tensor: """Turned ``k`` times by 90 degrees in the plane of two dimensions, from the first towards the second."""
    def round(self, *, decimals: _int = 0) -> Tensor: """The nearest number with that many decimals, halves to even."""
    def round_(self, *, decimals: _int = 0) -> Tensor: """In-place form of :meth:`round`."""
    def rsqrt(self) -> Tensor: """1 / sqrt(input)."""
    def rsqrt_(self) -> Tensor: """In-place form of :meth:`rsqrt`."""
    def scatter(self, dim: _int, index: Tensor, src: _Operand | None = None, *, value: _float | None = None, reduce: str | None = None) -> Tensor: """``input`` with ``src`` (a tensor or a number, or ``value``) written where :func:`gather` would read."""
    def scatter_(self, dim: _int, index: Tensor, src: _Operand | None = None, *, value: _float | None = None, reduce: str | None = None) -> Tensor: """In-place form of :meth:`scatter`."""
    def scatter_add(self, dim: _int, index: Tensor, src: _Operand) -> Tensor: """``input`` with ``src`` added where :func:`gather` would read; repeated indices add up."""
    def scatter_add_(self, dim: _int, index: Tensor, src: _Operand) -> Tensor: """In-place form of :meth:`scatter_add`."""
    def scatter_reduce(self, dim: _int, index: Tensor, src: Tensor, reduce: str, *, include_self: _bool = True) -> Tensor: """``input`` reduced with the elements of ``src`` at the places where :func:`gather` would read."""
    def scatter_reduce_(self, dim: _int, index: Tensor, src: Tensor, reduce: str, *, include_self: _bool = True) -> Tensor: """In-place form of :meth:`scatter_reduce`."""
    def select(self, dim: _int, index: _int) -> Tensor: """The elements at one index of ``dim``, without that dimension: a view."""
    def select_scatter(self, src: Tensor, dim: _int, index: _int) -> Tensor: """``input`` with ``src`` at one index of ``dim``."""
    def set_(self, source: Tensor) -> Tensor: """Make the tensor share the memory of ``source``, in place."""
    def sgn(self) -> Tensor: """-1, 0 or 1; 0 for nan."""
    def sgn_(self) -> Tensor: """In-place form of :meth:`sign`."""
    @property
    def shape(self) -> Size: """The sizes of its dimensions."""
    def short(self, memory_format: _Any = None) -> Tensor: """The tensor as int16."""
    def sigmoid(self) -> Tensor: """The logistic function 1 / (1 + e^-x). EE6132 lab, eq. 3."""
    def sigmoid_(self) -> Tensor: """In-place form of :meth:`sigmoid`."""
    def sign(self) -> Tensor: """-1, 0 or 1; 0 for nan."""
    def sign_(self) -> Tensor: """In-place form of :meth:`sign`."""
    def signbit(self) -> Tensor: """Whether the sign is negative, that of -0.0, too."""
    def sin(self) -> Tensor: """The sine of radians."""
    def sin_(self) -> Tensor: """In-place form of :meth:`sin`."""
    def sinc(self) -> Tensor: """sin(pi x) / (pi x), and 1 at 0."""
    def sinc_(self) -> Tensor: """In-place form of :meth:`sinc`."""
    def sinh(self) -> Tensor: """The hyperbolic sine."""
    def sinh_(self) -> Tensor: """In-place form of :meth:`sinh`."""
    @_overload
    def size(self) -> Size: """The shape, or its size along ``dim``."""
    @_overload
    def size(self, dim: _int) -> _int: """The shape, or its size along ``dim``."""
    def slice_scatter(self, src: Tensor, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1) -> Tensor: """``input`` with ``src`` in a slice along ``dim``."""
    def slogdet(self) -> _Any: """The sign of the determinant and the logarithm of its absolute value, which do not overflow: -inf where it is 0."""
    def softmax(self, dim: _int, dtype: _dtype | None = None) -> Tensor: """exp(x_i) / sum_j exp(x_j) along ``dim``. EE6132 lab, eq. 4."""
    def sort(self, dim: _int = -1, descending: _bool = False, stable: _bool = False) -> _Selected: """The elements in order along ``dim``, and the indices they had."""
    def split(self, split_size: _int | _Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]: """Views of the parts along ``dim``; see :func:`split`."""
    def split_with_sizes(self, split_sizes: _Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]: """:func:`split` into parts of the sizes listed."""
    def sqrt(self) -> Tensor: """The square root."""
    def sqrt_(self) -> Tensor: """In-place form of :meth:`sqrt`."""
    def square(self) -> Tensor: """input ** 2."""
    def square_(self) -> Tensor: """In-place form of :meth:`square`."""
    def squeeze(self, dim: _int | _Sequence[_int] | None = None) -> Tensor: """Without the dimensions of size 1: all of them, or those named in ``dim``."""
    def squeeze_(self, *args: _int | _Sequence[_int], **params: _Any) -> Tensor: """In-place form of :meth:`squeeze`: no element is written."""
    def std(self, dim: _int | _Sequence[_int] | None = None, unbiased: _bool | None = None, keepdim: _bool = False, *, correction: _float | None = None) -> Tensor: """The standard deviation, the square root of :func:`var`; its gradient is 0 where it is 0."""
    def storage_offset(self) -> _int: """How many elements lie before its first one in the memory that it is a view of."""
    @_overload
    def stride(self) -> tuple[_int, ...]: """The steps in memory, in elements, from one index to the next along each dimension, or along ``dim``."""
    @_overload
    def stride(self, dim: _int) -> _int: """The steps in memory, in elements, from one index to the next along each dimension, or along ``dim``."""
    def sub(self, other: _Operand, *, alpha: _float = 1) -> Tensor: """input - alpha * other, with broadcasting."""
    def sub_(self, other: _Operand, *, alpha: _float = 1) -> Tensor: """In-place form of :meth:`sub`."""
    def subtract(self, other: _Operand, *, alpha: _float = 1) -> Tensor: """input - alpha * other, with broadcasting."""
    def subtract_(self, other: _Operand, *, alpha: _float = 1) -> Tensor: """In-place form of :meth:`sub`."""
    def sum(self, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """The sum of the elements along ``dim``; of integers as int64."""
    def sum_to_size(self, *size: _int) -> Tensor: """The sum over the dimensions that broadcasting from ``size`` would repeat."""
    def svd(self, some: _bool = True, compute_uv: _bool = True) -> _Any: """:func:`linalg.svd <linalg_svd>` under its older name: it gives V, not its transpose; ``some=False`` for full matrices."""
    def swapaxes(self, dim0: _int, dim1: _int) -> Tensor: """Two dimensions swapped."""
    def swapaxes_(self, *args: _int | _Sequence[_int], **params: _Any) -> Tensor: """In-place form of :meth:`transpose`: no element is written."""
    def swapdims(self, dim0: _int, dim1: _int) -> Tensor: """Two dimensions swapped."""
    def swapdims_(self, *args: _int | _Sequence[_int], **params: _Any) -> Tensor: """In-place form of :meth:`transpose`: no element is written."""
    def t(self) -> Tensor: """A matrix transposed; a vector as it is."""
    def t_(self, *args: _int | _Sequence[_int], **params: _Any) -> Tensor: """In-place form of :meth:`t`: no element is written."""
    def take(self, index: Tensor) -> Tensor: """The elements at positions in the flattened tensor, in the shape of ``index``."""
    def take_along_dim(self, indices: Tensor, dim: _int | None = None) -> Tensor: """:func:`gather` with the other dimensions broadcast; of the flattened input without ``dim``."""
    def tan(self) -> Tensor: """The tangent of radians."""
    def tan_(self) -> Tensor: """In-place form of :meth:`tan`."""
    def tanh(self) -> Tensor: """The hyperbolic tangent (e^x - e^-x) / (e^x + e^-x). EE6132 lab, eq. 2."""
    def tanh_(self) -> Tensor: """In-place form of :meth:`tanh`."""
    def tensor_split(self, indices_or_sections: _Any, dim: _int = 0) -> tuple[Tensor, ...]: """Views of parts along ``dim``: so many of sizes that differ by one at most, or what is between the indices."""
    @_overload
    def tile(self, *dims: _int) -> Tensor: """:func:`Tensor.repeat`, where dimensions not named in ``dims`` are those in front, taken once."""
    @_overload
    def tile(self, dims: _Sequence[_int]) -> Tensor: """:func:`Tensor.repeat`, where dimensions not named in ``dims`` are those in front, taken once."""
    @_overload
    def to(self, dtype: _dtype, non_blocking: _bool = False, copy: _bool = False) -> Tensor: """The tensor in another dtype; see ``Tensor.to``."""
    @_overload
    def to(self, device: _device | str, dtype: _dtype | None = None, non_blocking: _bool = False, copy: _bool = False) -> Tensor: """The tensor in another dtype; see ``Tensor.to``."""
    @_overload
    def to(self, other: Tensor, non_blocking: _bool = False, copy: _bool = False) -> Tensor: """The tensor in another dtype; see ``Tensor.to``."""
    def tolist(self) -> _Any: """The values as nested lists of Python numbers; a number for a tensor without dimensions."""
    def topk(self, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True) -> _Selected: """The ``k`` largest (or smallest) elements along ``dim``, in order, and their indices."""
    def trace(self) -> Tensor: """The sum of the diagonal of a matrix."""
    def transpose(self, dim0: _int, dim1: _int) -> Tensor: """Two dimensions swapped."""
    def transpose_(self, *args: _int | _Sequence[_int], **params: _Any) -> Tensor: """In-place form of :meth:`transpose`: no element is written."""
    def tril(self, diagonal: _int = 0) -> Tensor: """The matrix (or each of a batch) with zeros above the ``diagonal``-th diagonal."""
    def tril_(self, diagonal: _int = 0) -> Tensor: """In-place form of :meth:`tril`."""
    def triu(self, diagonal: _int = 0) -> Tensor: """The matrix (or each of a batch) with zeros below the ``diagonal``-th diagonal."""
    def triu_(self, diagonal: _int = 0) -> Tensor: """In-place form of :meth:`triu`."""
    def true_divide(self, other: _Operand, *, rounding_mode: str | None = None) -> Tensor: """input / other; rounded down with ``rounding_mode="floor"``, towards zero with ``"trunc"``."""
    def true_divide_(self, other: _Operand) -> Tensor: """In-place form of :meth:`true_divide`."""
    def trunc(self) -> Tensor: """The input rounded towards zero."""
    def trunc_(self) -> Tensor: """In-place form of :meth:`trunc`."""
    def type(self, dtype: _Any = None, non_blocking: _bool = False) -> _Any: """The tensor in another dtype, given as such or as ``"torch.LongTensor"``; without one the name of its own kind."""
    def type_as(self, other: Tensor) -> Tensor: """The tensor in the dtype of ``other``."""
    def unbind(self, dim: _int = 0) -> tuple[Tensor, ...]: """The slices along ``dim``, without that dimension."""
    def unflatten(self, dim: _int, sizes: _Sequence[_int]) -> Tensor: """One dimension as several, of the given sizes, one of which may be -1."""
    def unfold(self, dimension: _int, size: _int, step: _int) -> Tensor: """Windows of ``size`` elements along a dimension, ``step`` apart, as a new last dimension: a view."""
    def uniform_(self, from_: _float = 0.0, to: _float = 1.0, *, generator: Generator | None = None) -> Tensor: """Fill with draws from U[from, to)."""
    @_overload
    def unique(self, sorted: _bool = True, *, dim: _int | None = None) -> Tensor: """The distinct elements (slices along ``dim``) in ascending order."""
    @_overload
    def unique(self, sorted: _bool, return_inverse: _Literal[True], return_counts: _bool = False, dim: _int | None = None) -> tuple[Tensor, ...]: """The distinct elements (slices along ``dim``) in ascending order."""
    @_overload
    def unique(self, sorted: _bool = True, *, return_inverse: _Literal[True], return_counts: _bool = False, dim: _int | None = None) -> tuple[Tensor, ...]: """The distinct elements (slices along ``dim``) in ascending order."""
    @_overload
    def unique(self, sorted: _bool = True, return_inverse: _bool = False, *, return_counts: _Literal[True], dim: _int | None = None) -> tuple[Tensor, ...]: """The distinct elements (slices along ``dim``) in ascending order."""
    def unique_consecutive(self, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None) -> _Any: """The elements (slices along ``dim``) without those that equal the one before; as :func:`unique`, but not in order."""
    def unsqueeze(self, dim: _int) -> Tensor: """With a dimension of size 1 inserted before ``dim``; negative counts from behind the last."""
    def unsqueeze_(self, *args: _int | _Sequence[_int], **params: _Any) -> Tensor: """In-place form of :meth:`unsqueeze`: no element is written."""
    def var(self, dim: _int | _Sequence[_int] | None = None, unbiased: _bool | None = None, keepdim: _bool = False, *, correction: _float | None = None) -> Tensor: """The variance sum (x - mean)^2 / max(0, n - correction) along ``dim``; ``correction`` is 1 unless given."""
    def vdot(self, other: Tensor) -> Tensor: """:func:`dot` of two vectors."""
    @_overload
    def view(self, *shape: _int) -> Tensor: """A view in another shape; :func:`reshape` where a copy will do."""
    @_overload
    def view(self, shape: _Sequence[_int]) -> Tensor: """A view in another shape; :func:`reshape` where a copy will do."""
    def view_as(self, other: Tensor) -> Tensor: """A view in the shape of ``other``."""
    @property
    def volatile(self) -> _bool: """False: tensors have not been volatile since long; see no_grad."""
    def vsplit(self, indices_or_sections: _Any) -> tuple[Tensor, ...]: """:func:`tensor_split` into equal parts, or at indices, along dimension 0."""
    def where(self, condition: Tensor, other: _float | Tensor) -> Tensor: """This tensor's elements where the condition holds, else ``other``'s."""
    def xlogy(self, other: _Operand) -> Tensor: """input * log(other), and 0 where the input is 0, unless the other is nan."""
    def xlogy_(self, other: _Operand) -> Tensor: """In-place form of :meth:`xlogy`."""
    def zero_(self) -> Tensor: """Write zeros."""
    def __hash__(self) -> _int: ...
