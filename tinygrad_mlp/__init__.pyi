"""A small reverse-mode autodiff framework on NumPy, under PyTorch's names.

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
from tinygrad_mlp.legacy import BoolTensor as BoolTensor
from tinygrad_mlp.legacy import ByteTensor as ByteTensor
from tinygrad_mlp.legacy import CharTensor as CharTensor
from tinygrad_mlp.legacy import DoubleTensor as DoubleTensor
from tinygrad_mlp.legacy import FloatTensor as FloatTensor
from tinygrad_mlp.amp import GradScaler as GradScaler
from tinygrad_mlp.legacy import HalfTensor as HalfTensor
from tinygrad_mlp.legacy import IntTensor as IntTensor
from tinygrad_mlp.legacy import LongTensor as LongTensor
from tinygrad_mlp.cuda import OutOfMemoryError as OutOfMemoryError
from tinygrad_mlp.legacy import ShortTensor as ShortTensor
from tinygrad_mlp.device import accelerator as accelerator
from tinygrad_mlp.nn.functional.pooling import adaptive_avg_pool1d as adaptive_avg_pool1d
from tinygrad_mlp.nn.functional.pooling import adaptive_max_pool1d as adaptive_max_pool1d
from tinygrad_mlp.nn.functional.at_root import alpha_dropout as alpha_dropout
from . import amp as amp
from tinygrad_mlp.settings import are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled
from tinygrad_mlp.amp import autocast as autocast
from . import autograd as autograd
from tinygrad_mlp.nn.functional.pooling import avg_pool1d as avg_pool1d
from . import backends as backends
from tinygrad_mlp.nn.functional.at_root import batch_norm as batch_norm
from tinygrad_mlp.nn.functional.layers import bilinear as bilinear
from tinygrad_mlp.nn.functional.at_root import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from tinygrad_mlp.dtypes import can_cast as can_cast
from tinygrad_mlp.nn.functional.rarer_activations import celu_ as celu_
from tinygrad_mlp.nn.functional.rearranging import channel_shuffle as channel_shuffle
from tinygrad_mlp.legacy import channels_last as channels_last
from tinygrad_mlp.legacy import channels_last_3d as channels_last_3d
from . import checkpoints as checkpoints
from tinygrad_mlp.compiling.step import compile as compile
from tinygrad_mlp.attributes import conj as conj
from tinygrad_mlp.legacy import contiguous_format as contiguous_format
from tinygrad_mlp.nn.functional.at_root import cosine_embedding_loss as cosine_embedding_loss
from tinygrad_mlp.nn.functional.layers import cosine_similarity as cosine_similarity
from . import cuda as cuda
from tinygrad_mlp.attributes import detach as detach
from tinygrad_mlp.device import device as device
from . import distributions as distributions
from tinygrad_mlp.nn.functional.at_root import dropout as dropout
from tinygrad_mlp.dtypes import dtype as dtype
from tinygrad_mlp.nn.functional.at_root import embedding as embedding
from tinygrad_mlp.grad_mode import enable_grad as enable_grad
from tinygrad_mlp.nn.functional.at_root import feature_alpha_dropout as feature_alpha_dropout
from tinygrad_mlp.dtypes import finfo as finfo
from . import func as func
from tinygrad_mlp.settings import get_default_device as get_default_device
from tinygrad_mlp.dtypes import get_default_dtype as get_default_dtype
from tinygrad_mlp.settings import get_deterministic_debug_mode as get_deterministic_debug_mode
from tinygrad_mlp.attributes import get_device as get_device
from tinygrad_mlp.settings import get_float32_matmul_precision as get_float32_matmul_precision
from tinygrad_mlp.blas import get_num_interop_threads as get_num_interop_threads
from tinygrad_mlp.blas import get_num_threads as get_num_threads
from tinygrad_mlp.nn.functional.at_root import group_norm as group_norm
from tinygrad_mlp.nn.functional.rarer_activations import hardshrink as hardshrink
from tinygrad_mlp.nn.functional.at_root import hinge_embedding_loss as hinge_embedding_loss
from tinygrad_mlp.dtypes import iinfo as iinfo
from tinygrad_mlp.grad_mode import inference_mode as inference_mode
from tinygrad_mlp.nn.functional.at_root import instance_norm as instance_norm
from tinygrad_mlp.autograd.anomaly import is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled
from tinygrad_mlp.autograd.anomaly import is_anomaly_enabled as is_anomaly_enabled
from tinygrad_mlp.amp import is_autocast_enabled as is_autocast_enabled
from tinygrad_mlp.attributes import is_complex as is_complex
from tinygrad_mlp.attributes import is_conj as is_conj
from tinygrad_mlp.settings import is_deterministic_algorithms_warn_only_enabled as is_deterministic_algorithms_warn_only_enabled
from tinygrad_mlp.grad_mode import is_grad_enabled as is_grad_enabled
from tinygrad_mlp.attributes import is_inference as is_inference
from tinygrad_mlp.grad_mode import is_inference_mode_enabled as is_inference_mode_enabled
from tinygrad_mlp.attributes import is_neg as is_neg
from tinygrad_mlp.attributes import is_nonzero as is_nonzero
from tinygrad_mlp.attributes import is_same_size as is_same_size
from tinygrad_mlp.attributes import is_signed as is_signed
from tinygrad_mlp.attributes import is_storage as is_storage
from tinygrad_mlp._tensor import is_tensor as is_tensor
from tinygrad_mlp.settings import is_warn_always_enabled as is_warn_always_enabled
from tinygrad_mlp.nn.functional.at_root import kl_div as kl_div
from tinygrad_mlp.nn.functional.at_root import layer_norm as layer_norm
from tinygrad_mlp.legacy import layout as layout
from . import linalg as linalg
from tinygrad_mlp.serialization import load as load
from tinygrad_mlp.nn.functional.at_root import margin_ranking_loss as margin_ranking_loss
from tinygrad_mlp.nn.functional.pooling import max_pool1d as max_pool1d
from tinygrad_mlp.nn.functional.pooling import max_pool2d as max_pool2d
from tinygrad_mlp.nn.functional.pooling import max_pool3d as max_pool3d
from tinygrad_mlp.legacy import memory_format as memory_format
from . import nn as nn
from tinygrad_mlp.grad_mode import no_grad as no_grad
from tinygrad_mlp._tensor import numel as numel
from . import optim as optim
from tinygrad_mlp.nn.functional.layers import pairwise_distance as pairwise_distance
from tinygrad_mlp.nn.functional.rearranging import pixel_shuffle as pixel_shuffle
from tinygrad_mlp.nn.functional.rearranging import pixel_unshuffle as pixel_unshuffle
from tinygrad_mlp.nn.functional.at_root import poisson_nll_loss as poisson_nll_loss
from tinygrad_mlp.legacy import preserve_format as preserve_format
from tinygrad_mlp.dtypes import promote_types as promote_types
from . import random as random
from tinygrad_mlp.attributes import real as real
from tinygrad_mlp.attributes import resolve_conj as resolve_conj
from tinygrad_mlp.attributes import resolve_neg as resolve_neg
from tinygrad_mlp.nn.functional.rarer_norms import rms_norm as rms_norm
from tinygrad_mlp.nn.functional.at_root import rrelu as rrelu
from tinygrad_mlp.nn.functional.rarer_activations import rrelu_ as rrelu_
from tinygrad_mlp.serialization import save as save
from tinygrad_mlp.nn.functional.rarer_activations import selu_ as selu_
from tinygrad_mlp.settings import set_default_device as set_default_device
from tinygrad_mlp.dtypes import set_default_dtype as set_default_dtype
from tinygrad_mlp.legacy import set_default_tensor_type as set_default_tensor_type
from tinygrad_mlp.settings import set_deterministic_debug_mode as set_deterministic_debug_mode
from tinygrad_mlp.settings import set_float32_matmul_precision as set_float32_matmul_precision
from tinygrad_mlp.settings import set_flush_denormal as set_flush_denormal
from tinygrad_mlp.grad_mode import set_grad_enabled as set_grad_enabled
from tinygrad_mlp.blas import set_num_interop_threads as set_num_interop_threads
from tinygrad_mlp.blas import set_num_threads as set_num_threads
from tinygrad_mlp.printing import set_printoptions as set_printoptions
from tinygrad_mlp.settings import set_warn_always as set_warn_always
from . import special as special
from tinygrad_mlp.legacy import strided as strided
from . import testing as testing
from tinygrad_mlp.nn.functional.at_root import threshold as threshold
from tinygrad_mlp.nn.functional.rarer_activations import threshold_ as threshold_
from tinygrad_mlp.nn.functional.at_root import triplet_margin_loss as triplet_margin_loss
from tinygrad_mlp.legacy import typename as typename
from tinygrad_mlp.settings import use_deterministic_algorithms as use_deterministic_algorithms
from . import utils as utils
from . import version as version
from tinygrad_mlp.func.vmapping import vmap as vmap
from tinygrad_mlp.device import xpu as xpu

_Number: _TypeAlias = _float | _np.number[_Any] | _np.bool_
_Operand: _TypeAlias = Tensor | _Number | _NDArray[_Any]
_Place: _TypeAlias = _int | slice | _EllipsisType | Tensor | _NDArray[_Any] | list[_Any] | None
_Index: _TypeAlias = _Place | tuple[_Place, ...]

__version__: str
def abs(input: Tensor) -> Tensor: """The absolute value."""
def abs_(input: Tensor) -> Tensor: """In-place form of :meth:`abs`."""
def absolute(input: Tensor) -> Tensor: """The absolute value."""
def acos(input: Tensor) -> Tensor: """The inverse cosine, in radians."""
def acos_(input: Tensor) -> Tensor: """In-place form of :meth:`acos`."""
def acosh(input: Tensor) -> Tensor: """The inverse hyperbolic cosine, of numbers from 1 up."""
def acosh_(input: Tensor) -> Tensor: """In-place form of :meth:`acosh`."""
def add(input: _Operand, other: _Operand, *, alpha: _float = 1) -> Tensor: """input + alpha * other, with broadcasting."""
def addbmm(input: Tensor, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """beta * input + alpha * the sum of the products of two batches of matrices."""
def addcdiv(input: _Operand, tensor1: _Operand, tensor2: _Operand, *, value: _float = 1) -> Tensor: """input + value * tensor1 / tensor2, of floats."""
def addcmul(input: _Operand, tensor1: _Operand, tensor2: _Operand, *, value: _float = 1) -> Tensor: """input + value * tensor1 * tensor2; of integers, the whole part of ``value``."""
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """beta * input + alpha * (mat1 @ mat2)."""
def addmv(input: Tensor, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """beta * input + alpha * (matrix @ vector)."""
def addmv_(input: Tensor, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """In-place form of :meth:`addmv`."""
def addr(input: Tensor, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """beta * input + alpha * :func:`outer` of two vectors."""
def all(input: Tensor, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False) -> Tensor: """Whether all elements along ``dim`` are true, or not zero."""
def allclose(input: Tensor, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> _bool: """Whether :func:`isclose` holds everywhere."""
def amax(input: Tensor, dim: _int | _Sequence[_int] | None = (), keepdim: _bool = False) -> Tensor: """The largest element along ``dim``, nan if any is; those that tie share the gradient evenly."""
def amin(input: Tensor, dim: _int | _Sequence[_int] | None = (), keepdim: _bool = False) -> Tensor: """The smallest element along ``dim``, nan if any is; those that tie share the gradient evenly."""
def aminmax(input: Tensor, *, dim: _int | None = None, keepdim: _bool = False) -> _Any: """:func:`amin` and :func:`amax`, along one dimension or of all elements."""
def any(input: Tensor, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False) -> Tensor: """Whether any element along ``dim`` is true, or not zero."""
def arange(*args: _float, start: _float | None = None, end: _float | None = None, step: _float | None = None, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """start, start + step, ... up to and without ``end``: ``arange(end)``, ``arange(start, end, step=1)``."""
def arccos(input: Tensor) -> Tensor: """The inverse cosine, in radians."""
def arccos_(input: Tensor) -> Tensor: """In-place form of :meth:`acos`."""
def arccosh(input: Tensor) -> Tensor: """The inverse hyperbolic cosine, of numbers from 1 up."""
def arccosh_(input: Tensor) -> Tensor: """In-place form of :meth:`acosh`."""
def arcsin(input: Tensor) -> Tensor: """The inverse sine, in radians."""
def arcsin_(input: Tensor) -> Tensor: """In-place form of :meth:`asin`."""
def arcsinh(input: Tensor) -> Tensor: """The inverse hyperbolic sine."""
def arcsinh_(input: Tensor) -> Tensor: """In-place form of :meth:`asinh`."""
def arctan(input: Tensor) -> Tensor: """The inverse tangent, in radians."""
def arctan2(input: _Operand, other: _Operand) -> Tensor: """The angle of the point (other, input), in radians, in [-pi, pi]."""
def arctan_(input: Tensor) -> Tensor: """In-place form of :meth:`atan`."""
def arctanh(input: Tensor) -> Tensor: """The inverse hyperbolic tangent, of numbers between -1 and 1."""
def arctanh_(input: Tensor) -> Tensor: """In-place form of :meth:`atanh`."""
def argmax(input: Tensor, dim: _int | None = None, keepdim: _bool = False) -> Tensor: """The index of the first largest element along ``dim``, or in the flattened tensor; of the first nan if any."""
def argmin(input: Tensor, dim: _int | None = None, keepdim: _bool = False) -> Tensor: """The index of the first smallest element along ``dim``, or in the flattened tensor; of the first nan if any."""
def argsort(input: Tensor, dim: _int = -1, descending: _bool = False, stable: _bool = False) -> Tensor: """The indices that sort the elements along ``dim``; nan counts as largest, ties keep their order."""
def argwhere(input: Tensor) -> Tensor: """The indices of the nonzero elements, a row each."""
def as_strided(input: Tensor, size: _Sequence[_int], stride: _Sequence[_int], storage_offset: _int | None = None) -> Tensor: """A view of the tensor's memory: its element [i, j] is ``storage_offset + i * stride[0] + j * stride[1]``."""
def as_tensor(data: _Any, dtype: _dtype | None = None, device: _device | str | None = None) -> Tensor: """``data`` as a tensor, sharing memory (and, of a tensor, history) where the dtype allows it."""
def asarray(obj: _Any, *, dtype: _dtype | None = None, device: _device | str | None = None, copy: _bool | None = None, requires_grad: _bool = False) -> Tensor: """``obj`` as a tensor; shares memory unless ``copy`` is True, and must if it is False."""
def asin(input: Tensor) -> Tensor: """The inverse sine, in radians."""
def asin_(input: Tensor) -> Tensor: """In-place form of :meth:`asin`."""
def asinh(input: Tensor) -> Tensor: """The inverse hyperbolic sine."""
def asinh_(input: Tensor) -> Tensor: """In-place form of :meth:`asinh`."""
def atan(input: Tensor) -> Tensor: """The inverse tangent, in radians."""
def atan2(input: _Operand, other: _Operand) -> Tensor: """The angle of the point (other, input), in radians, in [-pi, pi]."""
def atan_(input: Tensor) -> Tensor: """In-place form of :meth:`atan`."""
def atanh(input: Tensor) -> Tensor: """The inverse hyperbolic tangent, of numbers between -1 and 1."""
def atanh_(input: Tensor) -> Tensor: """In-place form of :meth:`atanh`."""
def atleast_1d(*tensors: Tensor) -> Tensor: """Each tensor with at least one dimension; one tensor, or a tuple where several are given."""
def atleast_2d(*tensors: Tensor) -> Tensor: """Each tensor with at least two dimensions, new ones in front; one tensor, or a tuple where several are given."""
def atleast_3d(*tensors: Tensor) -> Tensor: """Each tensor with at least three dimensions; one tensor, or a tuple where several are given."""
def baddbmm(input: Tensor, first: Tensor, second: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor: """beta * input + alpha * :func:`bmm` of two batches of matrices."""
def bernoulli(input: Tensor, p: _float | None = None, *, generator: Generator | None = None) -> Tensor: """1 with the probability that ``input`` holds (or ``p``, where given), else 0; in the dtype of ``input``."""
bfloat16: _dtype
def bincount(input: _Operand, weights: _Operand | None = None, minlength: _int = 0) -> Tensor: """How often each of 0, 1, 2 ... occurs in a vector of integers, or the sum of the weights at its occurrences."""
def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor: """How often what has the probability ``prob`` happens in ``count`` attempts, a draw for every element; in the dtype of ``count``."""
def bitwise_and(input: _Operand, other: _Operand) -> Tensor: """Elementwise input & other."""
def bitwise_left_shift(input: _Operand, other: _Operand) -> Tensor: """The bits of integers moved to the left; floats times 2 ** other."""
def bitwise_not(input: Tensor) -> Tensor: """Bits, or truth values, inverted."""
def bitwise_or(input: _Operand, other: _Operand) -> Tensor: """Elementwise input | other."""
def bitwise_right_shift(input: _Operand, other: _Operand) -> Tensor: """The bits of integers moved to the right, with the sign."""
def bitwise_xor(input: _Operand, other: _Operand) -> Tensor: """Elementwise input ^ other."""
def block_diag(*tensors: Tensor) -> Tensor: """A matrix with the given ones along its diagonal, vectors as rows, and zeros elsewhere."""
def bmm(input: Tensor, mat2: Tensor) -> Tensor: """The products of two batches of matrices, shapes ``(b, n, k), (b, k, m) -> (b, n, m)``."""
bool: _dtype
def broadcast_shapes(*shapes: _Any) -> _Any: """The shape that tensors of these shapes have in common by broadcasting."""
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]: """The tensors expanded to their common shape."""
def broadcast_to(input: Tensor, size: _Sequence[_int]) -> Tensor: """Dimensions of size 1, and new ones in front, stretched to ``size``: a view, read-only where elements are shared."""
def bucketize(input: _Any, boundaries: Tensor, *, out_int32: _bool = False, right: _bool = False) -> Tensor: """The index of the bucket, between ascending boundaries, that each element is in, see :func:`searchsorted`."""
def cartesian_prod(*tensors: Tensor) -> Tensor: """All combinations of an element of each vector, a row each."""
def cat(tensors: _Sequence[Tensor], dim: _int = 0) -> Tensor: """The tensors one after the other along ``dim``; of empty ones of shape ``(0,)`` only the dtype counts."""
def cdist(x1: Tensor, x2: Tensor, p: _float = 2.0, compute_mode: str | None = None) -> Tensor: """The p-norms of the differences of all pairs of rows, shapes ``(*, n, d), (*, m, d) -> (*, n, m)``."""
cdouble: _dtype
def ceil(input: Tensor) -> Tensor: """The smallest integer above or at the input."""
def ceil_(input: Tensor) -> Tensor: """In-place form of :meth:`ceil`."""
def celu(input: Tensor, alpha: _float = 1.0) -> Tensor: """max(0, x) + min(0, alpha (exp(x / alpha) - 1))."""
cfloat: _dtype
def chain_matmul(*matrices: Tensor) -> Tensor: """:func:`linalg.multi_dot <multi_dot>` of matrices, each an argument."""
def cholesky(input: Tensor, upper: _bool = False) -> Tensor: """:func:`linalg.cholesky <linalg_cholesky>`, under its older name."""
def cholesky_inverse(L: Tensor, upper: _bool = False) -> Tensor: """The inverse of A, of which L is the Cholesky factor, shapes ``(*, n, n) -> (*, n, n)``."""
def cholesky_solve(B: Tensor, L: Tensor, upper: _bool = False) -> Tensor: """The X of A X = B, where L is the Cholesky factor of A, shapes ``(*, n, k), (*, n, n) -> (*, n, k)``."""
def chunk(input: Tensor, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]: """At most ``chunks`` views of parts along ``dim``, of one size but for the last."""
def clamp(input: _Operand, min: _Operand | None = None, max: _Operand | None = None) -> Tensor: """min(max(input, min), max); either bound may be None, a number or a tensor."""
def clamp_(input: _Operand, min: _Operand | None = None, max: _Operand | None = None) -> Tensor: """In-place form of :meth:`clamp`."""
def clamp_max(input: Tensor, max: Tensor) -> Tensor: """:func:`clamp` with an upper bound alone."""
def clamp_max_(input: Tensor, max: Tensor) -> Tensor: """In-place form of :meth:`clamp_max`."""
def clamp_min(input: Tensor, min: Tensor) -> Tensor: """:func:`clamp` with a lower bound alone."""
def clamp_min_(input: Tensor, min: Tensor) -> Tensor: """In-place form of :meth:`clamp_min`."""
def clip(input: _Operand, min: _Operand | None = None, max: _Operand | None = None) -> Tensor: """min(max(input, min), max); either bound may be None, a number or a tensor."""
def clip_(input: _Operand, min: _Operand | None = None, max: _Operand | None = None) -> Tensor: """In-place form of :meth:`clamp`."""
def clone(input: Tensor, *, memory_format: _Any = None) -> Tensor: """A copy, with its history; elements in the order that they had, or rows first for ``contiguous_format``."""
def column_stack(tensors: _Sequence[Tensor]) -> Tensor: """The tensors side by side, vectors as columns."""
def combinations(input: Tensor, r: _int = 2, with_replacement: _bool = False) -> Tensor: """All choices of ``r`` elements of a vector, in order, a row each."""
complex128: _dtype
complex64: _dtype
def concat(tensors: _Sequence[Tensor], dim: _int = 0) -> Tensor: """The tensors one after the other along ``dim``; of empty ones of shape ``(0,)`` only the dtype counts."""
def concatenate(tensors: _Sequence[Tensor], dim: _int = 0) -> Tensor: """The tensors one after the other along ``dim``; of empty ones of shape ``(0,)`` only the dtype counts."""
def conv1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | _Sequence[_int] = 1, padding: _int | _Sequence[_int] | str = 0, dilation: _int | _Sequence[_int] = 1, groups: _int = 1) -> Tensor: """The cross-correlation of each sample with a weight: y_o = b_o + sum_c w_oc * x_c."""
def conv2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | _Sequence[_int] = 1, padding: _int | _Sequence[_int] | str = 0, dilation: _int | _Sequence[_int] = 1, groups: _int = 1) -> Tensor: """The cross-correlation of each sample with a weight: y_o = b_o + sum_c w_oc * x_c."""
def conv3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | _Sequence[_int] = 1, padding: _int | _Sequence[_int] | str = 0, dilation: _int | _Sequence[_int] = 1, groups: _int = 1) -> Tensor: """The cross-correlation of each sample with a weight: y_o = b_o + sum_c w_oc * x_c."""
def conv_transpose1d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | _Sequence[_int] = 1, padding: _int | _Sequence[_int] = 0, output_padding: _int | _Sequence[_int] = 0, groups: _int = 1, dilation: _int | _Sequence[_int] = 1) -> Tensor: """The transpose of a convolution, which is its gradient by the input: each element adds its multiple of the weight."""
def conv_transpose2d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | _Sequence[_int] = 1, padding: _int | _Sequence[_int] = 0, output_padding: _int | _Sequence[_int] = 0, groups: _int = 1, dilation: _int | _Sequence[_int] = 1) -> Tensor: """The transpose of a convolution, which is its gradient by the input: each element adds its multiple of the weight."""
def conv_transpose3d(input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: _int | _Sequence[_int] = 1, padding: _int | _Sequence[_int] = 0, output_padding: _int | _Sequence[_int] = 0, groups: _int = 1, dilation: _int | _Sequence[_int] = 1) -> Tensor: """The transpose of a convolution, which is its gradient by the input: each element adds its multiple of the weight."""
def copysign(input: _Operand, other: _Operand) -> Tensor: """The size of ``input`` with the sign of ``other``."""
def corrcoef(input: Tensor) -> Tensor: """The correlation coefficients of variables, one a row: :func:`cov` divided by their standard deviations, in [-1, 1]."""
def cos(input: Tensor) -> Tensor: """The cosine of radians."""
def cos_(input: Tensor) -> Tensor: """In-place form of :meth:`cos`."""
def cosh(input: Tensor) -> Tensor: """The hyperbolic cosine."""
def cosh_(input: Tensor) -> Tensor: """In-place form of :meth:`cosh`."""
def count_nonzero(input: Tensor, dim: _int | _Sequence[_int] | None = None) -> Tensor: """The number of elements along ``dim`` that are not zero."""
def cov(input: Tensor, *, correction: _int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor: """The covariances of variables, one a row, of observations, one a column; weighted by counts, or by ``aweights``."""
def cross(input: Tensor, other: Tensor, dim: _int | None = None) -> Tensor: """The cross product of vectors of three elements along ``dim``, the first dimension of that size unless given."""
def cummax(input: Tensor, dim: _int) -> _Selected: """The largest of the elements up to each one along ``dim``, and where it is; the last one of equal ones."""
def cummin(input: Tensor, dim: _int) -> _Selected: """The smallest of the elements up to each one along ``dim``, and where it is; the last one of equal ones."""
def cumprod(input: Tensor, dim: _int, *, dtype: _dtype | None = None) -> Tensor: """The products of the elements up to each one along ``dim``. Its gradient is right with zeros, too."""
def cumsum(input: Tensor, dim: _int, *, dtype: _dtype | None = None) -> Tensor: """The sums of the elements up to each one along ``dim``."""
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: _float | None = None, dim: _int = -1) -> Tensor: """The integrals up to each point but the first, see :func:`trapezoid`."""
default_generator: Generator
def deg2rad(input: Tensor) -> Tensor: """Degrees as radians."""
def deg2rad_(input: Tensor) -> Tensor: """In-place form of :meth:`deg2rad`."""
def det(input: Tensor) -> Tensor: """The determinant, shapes ``(*, n, n) -> (*)``; its gradient is that of the cofactors, so there is one for singular matrices, too."""
def detach_(self: _Any) -> Tensor: """Forget the history, in place."""
def diag(input: Tensor, diagonal: _int = 0) -> Tensor: """A square matrix with the vector on its diagonal; of a matrix, a copy of its diagonal."""
def diag_embed(input: Tensor, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor: """Matrices, over ``dim1`` and ``dim2`` of the result, with the last dimension of ``input`` on their diagonals."""
def diagflat(input: Tensor, offset: _int = 0) -> Tensor: """A matrix with all elements of ``input`` on its diagonal."""
def diagonal(input: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor: """The elements with index i in ``dim1`` and i + offset in ``dim2``, i as the last dimension: a view."""
def diagonal_scatter(input: Tensor, src: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor: """``input`` with ``src`` on a diagonal."""
def diff(input: Tensor, n: _int = 1, dim: _int = -1, prepend: Tensor | None = None, append: Tensor | None = None) -> Tensor: """The differences of neighbours along ``dim``, taken ``n`` times, with elements put in front or behind first."""
def digamma(input: Tensor) -> Tensor: """The derivative of :func:`lgamma`; -0.5772 (Euler's constant) at 1."""
def dist(input: Tensor, other: Tensor, p: _float = 2) -> Tensor: """The p-norm of the difference."""
def div(input: Tensor, other: _Operand, *, rounding_mode: str | None = None) -> Tensor: """input / other; rounded down with ``rounding_mode="floor"``, towards zero with ``"trunc"``."""
def divide(input: Tensor, other: _Operand, *, rounding_mode: str | None = None) -> Tensor: """input / other; rounded down with ``rounding_mode="floor"``, towards zero with ``"trunc"``."""
def dot(input: _Operand, tensor: _Operand) -> Tensor: """The inner product sum_i input_i * tensor_i of two vectors, shapes ``(k,), (k,) -> ()``."""
double: _dtype
def dsplit(input: Tensor, indices_or_sections: _Any) -> tuple[Tensor, ...]: """:func:`tensor_split` into equal parts, or at indices, along dimension 2."""
def dstack(tensors: _Sequence[Tensor]) -> Tensor: """The tensors one behind the other, along a third dimension."""
e: _float
def einsum(equation: str, *operands: Tensor) -> Tensor: """The sum of products of elements that the equation spells out, a letter for each dimension."""
def empty(*args: _int | _Sequence[_int], size: _Sequence[_int] | None = None, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """Memory as it was found: ``empty(2, 3)`` or ``empty((2, 3))``."""
def empty_like(input: Tensor, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """Memory as it was found, in the shape and dtype of ``input``."""
def eq(input: _Operand, other: _Operand) -> Tensor: """Elementwise input == other."""
def equal(input: Tensor, other: Tensor) -> _bool: """Whether two tensors have the same shape and values."""
def erf(input: Tensor) -> Tensor: """The error function 2/sqrt(pi) * integral of e^(-t^2) from 0 to x."""
def erf_(input: Tensor) -> Tensor: """In-place form of :meth:`erf`."""
def erfc(input: Tensor) -> Tensor: """1 - erf(input), accurate for large inputs."""
def erfc_(input: Tensor) -> Tensor: """In-place form of :meth:`erfc`."""
def erfinv(input: Tensor) -> Tensor: """The inverse of :func:`erf`: infinite at -1 and 1, nan beyond."""
def exp(input: Tensor) -> Tensor: """e ** input."""
def exp2(input: Tensor) -> Tensor: """2 ** input."""
def exp2_(input: Tensor) -> Tensor: """In-place form of :meth:`exp2`."""
def exp_(input: Tensor) -> Tensor: """In-place form of :meth:`exp`."""
def expm1(input: Tensor) -> Tensor: """e ** input - 1, accurate near 0."""
def expm1_(input: Tensor) -> Tensor: """In-place form of :meth:`expm1`."""
def eye(n: _int, m: _int | None = None, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """Ones on the diagonal, zeros elsewhere, shape ``(n, m)``; ``(n, n)`` without ``m``."""
def fill(input: _Operand, value: _Operand) -> Tensor: """``value`` in the shape and dtype of ``input``."""
def fill_(self: _Any, value: _float | Tensor) -> Tensor: """Write one value everywhere."""
def fix(input: Tensor) -> Tensor: """The input rounded towards zero."""
def fix_(input: Tensor) -> Tensor: """In-place form of :meth:`trunc`."""
def flatten(input: Tensor, start_dim: _int = 0, end_dim: _int = -1) -> Tensor: """The dimensions from ``start_dim`` to ``end_dim`` as one."""
def flip(input: Tensor, dims: _Sequence[_int]) -> Tensor: """A copy with the order reversed along ``dims``."""
def fliplr(input: Tensor) -> Tensor: """The order reversed along dimension 1."""
def flipud(input: Tensor) -> Tensor: """The order reversed along dimension 0."""
float: _dtype
float16: _dtype
float32: _dtype
float64: _dtype
def float_power(input: Tensor, exponent: Tensor) -> Tensor: """input ** exponent, computed in float64."""
def floor(input: Tensor) -> Tensor: """The largest integer below or at the input."""
def floor_(input: Tensor) -> Tensor: """In-place form of :meth:`floor`."""
def floor_divide(input: _Operand, other: _Operand) -> Tensor: """floor(input / other), with broadcasting. Its gradient is zero."""
def fmax(input: _Operand, other: _Operand) -> Tensor: """The larger of two, the number where one is nan."""
def fmin(input: _Operand, other: _Operand) -> Tensor: """The smaller of two, the number where one is nan."""
def fmod(input: _Operand, other: _Operand) -> Tensor: """input - other * trunc(input / other): has the sign of ``input``."""
def frac(input: Tensor) -> Tensor: """The input minus its integer part; of floats."""
def frac_(input: Tensor) -> Tensor: """In-place form of :meth:`frac`."""
def frexp(input: Tensor) -> _Any: """The mantissa, of size 0.5 to 1, and the exponent of mantissa * 2 ** exponent."""
def from_numpy(ndarray: _NDArray[_Any]) -> Tensor: """A tensor over the array's own memory: writes on either side show on the other."""
def frombuffer(buffer: _Any, *, dtype: _dtype, count: _int = -1, offset: _int = 0, requires_grad: _bool = False, **options: _Any) -> Tensor: """A vector over the memory of a buffer, such as a ``bytearray``: ``count`` elements from byte ``offset``, or all."""
def full(size: _Sequence[_int], fill_value: _Number | Tensor, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """``fill_value`` everywhere, in its own dtype unless another is given."""
def full_like(input: Tensor, fill_value: _Number | Tensor, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """``fill_value`` in the shape and dtype of ``input``."""
def gather(input: _Operand, dim: _int, index: Tensor, *, sparse_grad: _bool = False) -> Tensor: """out[i][j] = input[index[i][j]][j] for dim 0 of two, and so on; the shape is that of ``index``."""
def gcd(input: _Operand, other: _Operand) -> Tensor: """The greatest common divisor of integers."""
def gcd_(input: _Operand, other: _Operand) -> Tensor: """In-place form of :meth:`gcd`."""
def ge(input: _Operand, other: _Operand) -> Tensor: """Elementwise input >= other."""
def ger(input: Tensor, vec2: Tensor) -> Tensor: """:func:`outer` under another name."""
def get_rng_state() -> Tensor: """The state of the default generator, a uint8 tensor."""
def gradient(input: Tensor, *, spacing: _Any = 1, dim: _int | _Sequence[_int] | None = None, edge_order: _int = 1) -> _Any: """The slopes of values on a grid, along each of ``dim`` (all if None), by central differences."""
def greater(input: _Operand, other: _Operand) -> Tensor: """Elementwise input > other."""
def greater_equal(input: _Operand, other: _Operand) -> Tensor: """Elementwise input >= other."""
def gt(input: _Operand, other: _Operand) -> Tensor: """Elementwise input > other."""
half: _dtype
def heaviside(input: _Operand, values: _Operand) -> Tensor: """0 below 0, ``values`` at 0, 1 above."""
def histc(input: Tensor, bins: _int = 100, min: _float = 0, max: _float = 0) -> Tensor: """How many elements are in each of ``bins`` equal parts from ``min`` to ``max``; of the input's range where these are equal."""
def histogram(input: Tensor, bins: _Any = 100, *, range: _Sequence[_float] | None = None, weight: Tensor | None = None, density: _bool = False) -> _Any: """How many elements, or what weight, is in each bin, and the bins' edges."""
def hsplit(input: Tensor, indices_or_sections: _Any) -> tuple[Tensor, ...]: """:func:`tensor_split` into equal parts, or at indices, along dimension 1, of vectors along 0."""
def hstack(tensors: _Sequence[Tensor]) -> Tensor: """The tensors side by side: along dimension 1, vectors along 0."""
def hypot(input: _Operand, other: _Operand) -> Tensor: """sqrt(input^2 + other^2), without overflow."""
def i0(input: Tensor) -> Tensor: """The modified Bessel function of the first kind of order 0."""
def i0_(input: Tensor) -> Tensor: """In-place form of :meth:`i0`."""
def igamma(input: _Operand, other: _Operand) -> Tensor: """The regularised lower incomplete gamma function, 1/gamma(a) times the integral of t^(a-1) e^-t from 0 to x."""
def igammac(input: _Operand, other: _Operand) -> Tensor: """1 - :func:`igamma`, to full accuracy where it is small."""
def index_add(input: _Operand, dim: _int, index: Tensor, source: _Operand, *, alpha: _float = 1) -> Tensor: """``input`` with alpha * ``source`` added at ``index`` along ``dim``; repeated indices add up."""
def index_copy(input: Tensor, dim: _int, index: Tensor, source: Tensor) -> Tensor: """``input`` with the slices of ``source`` at the indices along ``dim``."""
def index_fill(input: Tensor, dim: _int, index: Tensor, value: _Any) -> Tensor: """``input`` with ``value``, a number, at the indices along ``dim``."""
def index_put(input: Tensor, indices: _Sequence[_Any], values: Tensor, accumulate: _bool = False) -> Tensor: """``input`` with ``values`` at ``input[indices]``, or added there, where repeated indices add up."""
def index_put_(input: Tensor, indices: _Sequence[_Any], values: Tensor, accumulate: _bool = False) -> Tensor: """In-place form of :meth:`index_put`."""
def index_reduce(input: Tensor, dim: _int, index: Tensor, source: Tensor, reduce: str, *, include_self: _bool = True) -> Tensor: """``input`` reduced with the slices of ``source`` at the indices along ``dim``: ``"prod"``, ``"mean"``, ``"amax"``, ``"amin"``."""
def index_select(input: Tensor, dim: _int, index: Tensor) -> Tensor: """The slices of ``input`` at ``index`` (a vector) along ``dim``."""
inf: _float
def initial_seed() -> _int: """The seed that the default generator started from."""
def inner(input: Tensor, other: Tensor) -> Tensor: """The sums of products over the last dimensions, shapes ``(*, k), (+, k) -> (*, +)``; scaling by a scalar."""
int: _dtype
int16: _dtype
int32: _dtype
int64: _dtype
int8: _dtype
def inverse(input: Tensor) -> Tensor: """:func:`linalg.inv <inv>`."""
def is_floating_point(input: Tensor) -> _bool: """Whether its dtype is a floating-point one."""
def isclose(input: Tensor, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> Tensor: """Elementwise |input - other| <= atol + rtol * |other|."""
def isfinite(input: Tensor) -> Tensor: """Whether the element is neither nan nor an infinity."""
def isin(elements: _Any, test_elements: _Any, *, assume_unique: _bool = False, invert: _bool = False) -> Tensor: """Whether each element is one of ``test_elements``; with ``invert``, whether it is not."""
def isinf(input: Tensor) -> Tensor: """Whether the element is an infinity."""
def isnan(input: Tensor) -> Tensor: """Whether the element is nan."""
def isneginf(input: Tensor) -> Tensor: """Whether the element is minus infinity."""
def isposinf(input: Tensor) -> Tensor: """Whether the element is infinity."""
def isreal(input: Tensor) -> Tensor: """True: there are no complex numbers."""
def kron(input: Tensor, other: Tensor) -> Tensor: """The Kronecker product: ``other`` times each element of ``input``, laid in blocks."""
def kthvalue(input: Tensor, k: _int, dim: _int = -1, keepdim: _bool = False) -> _Selected: """The k-th smallest element along ``dim``, counted from 1, and where it is."""
def lcm(input: _Operand, other: _Operand) -> Tensor: """The least common multiple of integers."""
def lcm_(input: _Operand, other: _Operand) -> Tensor: """In-place form of :meth:`lcm`."""
def ldexp(input: Tensor, other: Tensor) -> Tensor: """input * 2 ** other."""
def ldexp_(input: Tensor, other: Tensor) -> Tensor: """In-place form of :meth:`ldexp`."""
def le(input: _Operand, other: _Operand) -> Tensor: """Elementwise input <= other."""
def lerp(input: _Operand, end: _Operand, weight: _Operand) -> Tensor: """input + weight * (end - input); a ``weight`` without dimensions is a number, of any dtype."""
def less(input: _Operand, other: _Operand) -> Tensor: """Elementwise input < other."""
def less_equal(input: _Operand, other: _Operand) -> Tensor: """Elementwise input <= other."""
def lgamma(input: Tensor) -> Tensor: """The logarithm of the absolute value of the gamma function, whose value at n is (n - 1)!."""
def linspace(start: _float | Tensor, end: _float | Tensor, steps: _int, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """``steps`` evenly spaced values from ``start`` to ``end``, both included."""
def log(input: Tensor) -> Tensor: """The natural logarithm."""
def log10(input: Tensor) -> Tensor: """The logarithm to base 10."""
def log10_(input: Tensor) -> Tensor: """In-place form of :meth:`log10`."""
def log1p(input: Tensor) -> Tensor: """log(1 + input), accurate near 0."""
def log1p_(input: Tensor) -> Tensor: """In-place form of :meth:`log1p`."""
def log2(input: Tensor) -> Tensor: """The logarithm to base 2."""
def log2_(input: Tensor) -> Tensor: """In-place form of :meth:`log2`."""
def log_(input: Tensor) -> Tensor: """In-place form of :meth:`log`."""
def log_softmax(input: Tensor, dim: _int, dtype: _dtype | None = None) -> Tensor: """x_i - log(sum_j exp(x_j)) along ``dim``: the logarithm of :func:`softmax`, without its underflow."""
def logaddexp(input: _Operand, other: _Operand) -> Tensor: """log(e^input + e^other), without overflow."""
def logaddexp2(input: _Operand, other: _Operand) -> Tensor: """log2(2^input + 2^other), without overflow."""
def logcumsumexp(input: Tensor, dim: _int) -> Tensor: """log of the sum of exp of the elements up to each one along ``dim``, without overflow."""
def logdet(input: Tensor) -> Tensor: """The logarithm of the determinant: nan where that is negative, -inf where it is 0."""
def logical_and(input: _Operand, other: _Operand) -> Tensor: """Elementwise input and other."""
def logical_not(input: Tensor) -> Tensor: """Whether the element is zero."""
def logical_or(input: _Operand, other: _Operand) -> Tensor: """Elementwise input or other."""
def logical_xor(input: _Operand, other: _Operand) -> Tensor: """Elementwise exactly one of input, other."""
def logit(input: Tensor, eps: _float | None = None) -> Tensor: """log(x / (1 - x)), the inverse of :func:`sigmoid`; x is first clamped to [eps, 1 - eps], where that is given."""
def logit_(input: Tensor, eps: _float | None = None) -> Tensor: """In-place form of :meth:`logit`."""
def logspace(start: _float | Tensor, end: _float | Tensor, steps: _int, base: _float = 10.0, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """base ** :func:`linspace` (start, end, steps)."""
def logsumexp(input: Tensor, dim: _int | _Sequence[_int] | None, keepdim: _bool = False) -> Tensor: """log(sum exp(x)) along ``dim``, computed as m + log(sum exp(x - m)) with the largest element m: no overflow."""
long: _dtype
def lt(input: _Operand, other: _Operand) -> Tensor: """Elementwise input < other."""
def manual_seed(seed: _int) -> Generator: """Seed the generator that is used where none is given, and return it."""
def masked_fill(input: _Operand, mask: Tensor, value: _Operand) -> Tensor: """``value`` (a number, or a tensor without dimensions) where the mask is true, else ``input``."""
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor: """``input`` with the elements of ``source``, one after the other, where the mask is true."""
def masked_select(input: Tensor, mask: Tensor) -> Tensor: """The elements where the mask, broadcast against ``input``, is true, as a vector."""
def matmul(input: Tensor, other: Tensor) -> Tensor: """The matrix product; a vector is a row on the left and a column on the right, leading dimensions broadcast."""
def matrix_exp(input: Tensor) -> Tensor: """The matrix exponential sum_k A^k / k!, shapes ``(*, n, n) -> (*, n, n)``."""
def matrix_power(input: Tensor, n: _int) -> Tensor: """The n-th power of a square matrix, by repeated squaring; a negative one of its inverse."""
@_overload
def max(input: Tensor) -> Tensor: """The largest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise maximum."""
@_overload
def max(input: Tensor, dim: _int, keepdim: _bool = False) -> _Selected: """The largest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise maximum."""
@_overload
def max(input: Tensor, other: Tensor) -> Tensor: """The largest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise maximum."""
def maximum(input: _Operand, other: _Operand) -> Tensor: """The larger of two, nan if either is."""
def mean(input: Tensor, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """The mean of the elements along ``dim``; nan of none."""
@_overload
def median(input: Tensor) -> Tensor: """The middle element, the lower of two, nan if any is; along a dim, (values, indices)."""
@_overload
def median(input: Tensor, dim: _int, keepdim: _bool = False) -> _Selected: """The middle element, the lower of two, nan if any is; along a dim, (values, indices)."""
def meshgrid(*tensors: Tensor, indexing: str = 'ij') -> tuple[Tensor, ...]: """Grids of coordinates: of vectors of sizes n and m, two tensors of shape ``(n, m)``, or ``(m, n)`` with ``"xy"``."""
@_overload
def min(input: Tensor) -> Tensor: """The smallest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise minimum."""
@_overload
def min(input: Tensor, dim: _int, keepdim: _bool = False) -> _Selected: """The smallest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise minimum."""
@_overload
def min(input: Tensor, other: Tensor) -> Tensor: """The smallest element; along a dim, (values, indices); or, with a tensor ``other``, the elementwise minimum."""
def minimum(input: _Operand, other: _Operand) -> Tensor: """The smaller of two, nan if either is."""
def mm(input: Tensor, mat2: Tensor) -> Tensor: """The product of two matrices, shapes ``(n, k), (k, m) -> (n, m)``."""
def mode(input: Tensor, dim: _int = -1, keepdim: _bool = False) -> _Selected: """The most frequent element along ``dim``, the smallest of several, and the last place where it is."""
def moveaxis(input: Tensor, source: _int | _Sequence[_int], destination: _int | _Sequence[_int]) -> Tensor: """The dimensions ``source`` moved to the places ``destination``, the others kept in order."""
def movedim(input: Tensor, source: _int | _Sequence[_int], destination: _int | _Sequence[_int]) -> Tensor: """The dimensions ``source`` moved to the places ``destination``, the others kept in order."""
def msort(input: Tensor) -> Tensor: """The elements in order along the first dimension."""
def mul(input: _Operand, other: _Operand) -> Tensor: """input * other, with broadcasting."""
def multinomial(input: Tensor, num_samples: _int, replacement: _bool = False, *, generator: Generator | None = None) -> Tensor: """Indices drawn with probabilities proportional to the weights, shape ``(m, n) -> (m, num_samples)``."""
def multiply(input: _Operand, other: _Operand) -> Tensor: """input * other, with broadcasting."""
def mv(input: Tensor, vec: Tensor) -> Tensor: """A matrix times a vector, shapes ``(n, k), (k,) -> (n,)``."""
def mvlgamma(input: Tensor, p: _int) -> Tensor: """The logarithm of the multivariate gamma function, p (p - 1) / 4 log(pi) + sum over j < p of lgamma(input - j / 2)."""
nan: _float
def nan_to_num(input: Tensor, nan: _float = 0.0, posinf: _float | None = None, neginf: _float | None = None) -> Tensor: """``input`` with nan and the infinities replaced, the latter by the largest finite numbers by default."""
def nan_to_num_(input: Tensor, nan: _float = 0.0, posinf: _float | None = None, neginf: _float | None = None) -> Tensor: """In-place form of :meth:`nan_to_num`."""
def nanmean(input: Tensor, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """The mean of those elements that are not nan."""
def nanmedian(input: Tensor, dim: _int | None = None, keepdim: _bool = False) -> _Any: """:func:`median` of those elements that are not nan."""
def nanquantile(input: Tensor, q: _Any, dim: _int | None = None, keepdim: _bool = False, *, interpolation: str = 'linear') -> Tensor: """:func:`quantile` of those elements that are not nan."""
def nansum(input: Tensor, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """:func:`sum`, in which nan counts as 0."""
def narrow(input: Tensor, dim: _int, start: _int, length: _int) -> Tensor: """``length`` elements along ``dim`` from ``start`` on: a view."""
def ne(input: _Operand, other: _Operand) -> Tensor: """Elementwise input != other."""
def neg(input: Tensor) -> Tensor: """-input."""
def neg_(input: Tensor) -> Tensor: """In-place form of :meth:`neg`."""
def negative(input: Tensor) -> Tensor: """-input."""
def negative_(input: Tensor) -> Tensor: """In-place form of :meth:`neg`."""
newaxis: None
def nextafter(input: _Operand, other: _Operand) -> Tensor: """The next number that the dtype has after ``input``, towards ``other``."""
@_overload
def nonzero(input: Tensor, *, as_tuple: _Literal[False] = False) -> Tensor: """The indices of the nonzero elements, a row each; with ``as_tuple`` a vector per dimension, to index with."""
@_overload
def nonzero(input: Tensor, *, as_tuple: _Literal[True]) -> tuple[Tensor, ...]: """The indices of the nonzero elements, a row each; with ``as_tuple`` a vector per dimension, to index with."""
def norm(input: Tensor, p: _float | str | None = 'fro', dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, dtype: _dtype | None = None) -> Tensor: """The p-norm of the elements along ``dim`` taken as one vector; ``"fro"`` is 2."""
def normal(mean: _float | Tensor = 0.0, std: _float | Tensor = 1.0, size: _Sequence[_int] | None = None, *, generator: Generator | None = None, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """Draws from N(mean, std^2); numbers with a ``size``, or tensors that broadcast."""
def not_equal(input: _Operand, other: _Operand) -> Tensor: """Elementwise input != other."""
def ones(*args: _int | _Sequence[_int], size: _Sequence[_int] | None = None, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """Ones: ``ones(2, 3)`` or ``ones((2, 3))``."""
def ones_like(input: Tensor, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """Ones in the shape and dtype of ``input``."""
def outer(input: Tensor, vec2: Tensor) -> Tensor: """The products of all pairs, shapes ``(n,), (m,) -> (n, m)``."""
def pdist(input: Tensor, p: _float = 2) -> Tensor: """The p-norms of the differences of all pairs of rows of a matrix, shapes ``(n, d) -> (n (n - 1) / 2,)``."""
def permute(input: Tensor, dims: _Sequence[_int]) -> Tensor: """The dimensions in another order: dimension ``i`` of the result is ``dims[i]`` of the input."""
pi: _float
def pinverse(input: Tensor, rcond: _float = 1e-15) -> Tensor: """:func:`linalg.pinv <pinv>` under its older name."""
def poisson(input: Tensor, generator: Generator | None = None) -> Tensor: """A draw from the Poisson distribution for every rate in ``input``, in its dtype."""
def polygamma(n: _int, input: Tensor) -> Tensor: """The n-th derivative of :func:`digamma`."""
def positive(input: Tensor) -> Tensor: """``input`` itself."""
def pow(input: _Operand, exponent: _Operand) -> Tensor: """input ** exponent, with broadcasting. The powers 1/2 and -1/2 are those of :func:`sqrt`: nan at -inf."""
def prelu(input: Tensor, weight: Tensor) -> Tensor: """x where x > 0, else weight x, with one weight for all or one per channel (dimension 1)."""
def prod(input: Tensor, dim: _int | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """The product of the elements along ``dim``; of integers as int64."""
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor: """``input`` with the elements of ``source`` at positions in the flattened tensor, or added there."""
def qr(input: Tensor, some: _bool = True) -> _Any: """:func:`linalg.qr <linalg_qr>` under its older name; ``some=False`` is the mode ``"complete"``."""
def quantile(input: Tensor, q: _Any, dim: _int | None = None, keepdim: _bool = False, *, interpolation: str = 'linear') -> Tensor: """The q-th quantile along ``dim``, of all elements if None; a vector of q gives the quantiles along a new first dimension."""
def rad2deg(input: Tensor) -> Tensor: """Radians as degrees."""
def rad2deg_(input: Tensor) -> Tensor: """In-place form of :meth:`rad2deg`."""
def rand(*args: _int | _Sequence[_int], size: _Sequence[_int] | None = None, generator: Generator | None = None, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """Draws from U[0, 1): ``rand(2, 3)`` or ``rand((2, 3))``."""
def rand_like(input: Tensor, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """:func:`rand` in the shape and dtype of ``input``."""
def randint(*args: _int | _Sequence[_int], low: _int | None = None, high: _int | None = None, size: _Sequence[_int] | None = None, generator: Generator | None = None, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """Integers drawn uniformly from [low, high): ``randint(high, size)`` or ``randint(low, high, size)``."""
def randint_like(input: Tensor, *args: _int, low: _int | None = None, high: _int | None = None, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """:func:`randint` in the shape and dtype of ``input``: ``randint_like(input, high)`` or ``(input, low, high)``."""
def randn(*args: _int | _Sequence[_int], size: _Sequence[_int] | None = None, generator: Generator | None = None, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """Draws from N(0, 1): ``randn(2, 3)`` or ``randn((2, 3))``."""
def randn_like(input: Tensor, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """:func:`randn` in the shape and dtype of ``input``."""
def randperm(n: _int, *, generator: Generator | None = None, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """The numbers 0 to n - 1 in random order."""
def ravel(input: Tensor) -> Tensor: """All elements along one dimension."""
def reciprocal(input: Tensor) -> Tensor: """1 / input."""
def reciprocal_(input: Tensor) -> Tensor: """In-place form of :meth:`reciprocal`."""
def relu(input: Tensor) -> Tensor: """max(input, 0). EE6132 lab, eq. 1."""
def relu_(input: Tensor) -> Tensor: """In-place form of :meth:`relu`."""
def remainder(input: _Operand, other: _Operand) -> Tensor: """input - other * floor(input / other): has the sign of ``other``; but a zero that of ``input``, as in PyTorch."""
def renorm(input: Tensor, p: _float, dim: _int, maxnorm: _float) -> Tensor: """``input`` with each slice along ``dim`` that has a larger p-norm than ``maxnorm`` scaled down to it."""
def repeat_interleave(input: Tensor, repeats: _int | Tensor, dim: _int | None = None, *, output_size: _int | None = None) -> Tensor: """Each element along ``dim`` (of the flattened tensor if None) repeated in place."""
def reshape(input: Tensor, shape: _Sequence[_int]) -> Tensor: """The elements, in order, in another shape: a view where possible, else a copy. One size may be -1: what remains."""
def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: _Any = None) -> Tensor: """:meth:`resize_` to the sizes of another tensor."""
def result_type(tensor1: Tensor, tensor2: _Operand) -> _dtype: """The dtype of an arithmetic operation on the two, tensors or numbers."""
def roll(input: Tensor, shifts: _int | _Sequence[_int], dims: _int | _Sequence[_int] | None = None) -> Tensor: """A copy shifted along ``dims``, what leaves at one end coming in at the other; flattened meanwhile if no ``dims``."""
def rot90(input: Tensor, k: _int = 1, dims: _Sequence[_int] = (0, 1)) -> Tensor: """Turned ``k`` times by 90 degrees in the plane of two dimensions, from the first towards the second."""
def round(input: Tensor, *, decimals: _int = 0) -> Tensor: """The nearest number with that many decimals, halves to even."""
def round_(input: Tensor, *, decimals: _int = 0) -> Tensor: """In-place form of :meth:`round`."""
def row_stack(tensors: _Sequence[Tensor]) -> Tensor: """:func:`vstack` under another name."""
def rsqrt(input: Tensor) -> Tensor: """1 / sqrt(input)."""
def rsqrt_(input: Tensor) -> Tensor: """In-place form of :meth:`rsqrt`."""
def rsub(input: Tensor, other: Tensor, *, alpha: _float = 1) -> Tensor: """other - alpha * input."""
def scalar_tensor(s: _Any, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """A tensor without dimensions, of the default dtype unless another is given."""
def scatter(input: _Operand, dim: _int, index: Tensor, src: _Operand | None = None, *, value: _float | None = None, reduce: str | None = None) -> Tensor: """``input`` with ``src`` (a tensor or a number, or ``value``) written where :func:`gather` would read."""
def scatter_add(input: _Operand, dim: _int, index: Tensor, src: _Operand) -> Tensor: """``input`` with ``src`` added where :func:`gather` would read; repeated indices add up."""
def scatter_reduce(input: Tensor, dim: _int, index: Tensor, src: Tensor, reduce: str, *, include_self: _bool = True) -> Tensor: """``input`` reduced with the elements of ``src`` at the places where :func:`gather` would read."""
def searchsorted(sorted_sequence: Tensor, input: _Any, *, out_int32: _bool = False, right: _bool = False, side: str | None = None, sorter: Tensor | None = None) -> Tensor: """Where values would go in an ascending sequence: before the first element not below them; ``right``: after the last equal one."""
def seed() -> _int: """Seed the default generator with a number that no one can foresee, and return it."""
def select(input: Tensor, dim: _int, index: _int) -> Tensor: """The elements at one index of ``dim``, without that dimension: a view."""
def select_scatter(input: Tensor, src: Tensor, dim: _int, index: _int) -> Tensor: """``input`` with ``src`` at one index of ``dim``."""
def selu(input: Tensor) -> Tensor: """1.0507 x where x > 0, else 1.0507 * 1.6733 (exp(x) - 1): self-normalising. Klambauer et al. 2017."""
def set_rng_state(new_state: Tensor) -> None: """Bring the default generator back to a state."""
def sgn(input: Tensor) -> Tensor: """-1, 0 or 1; 0 for nan."""
short: _dtype
def sigmoid(input: Tensor) -> Tensor: """The logistic function 1 / (1 + e^-x). EE6132 lab, eq. 3."""
def sigmoid_(input: Tensor) -> Tensor: """In-place form of :meth:`sigmoid`."""
def sign(input: Tensor) -> Tensor: """-1, 0 or 1; 0 for nan."""
def signbit(input: Tensor) -> Tensor: """Whether the sign is negative, that of -0.0, too."""
def sin(input: Tensor) -> Tensor: """The sine of radians."""
def sin_(input: Tensor) -> Tensor: """In-place form of :meth:`sin`."""
def sinc(input: Tensor) -> Tensor: """sin(pi x) / (pi x), and 1 at 0."""
def sinc_(input: Tensor) -> Tensor: """In-place form of :meth:`sinc`."""
def sinh(input: Tensor) -> Tensor: """The hyperbolic sine."""
def sinh_(input: Tensor) -> Tensor: """In-place form of :meth:`sinh`."""
def slice_scatter(input: Tensor, src: Tensor, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1) -> Tensor: """``input`` with ``src`` in a slice along ``dim``."""
def slogdet(input: Tensor) -> _Any: """The sign of the determinant and the logarithm of its absolute value, which do not overflow: -inf where it is 0."""
def softmax(input: Tensor, dim: _int, dtype: _dtype | None = None) -> Tensor: """exp(x_i) / sum_j exp(x_j) along ``dim``. EE6132 lab, eq. 4."""
def sort(input: Tensor, dim: _int = -1, descending: _bool = False, stable: _bool = False) -> _Selected: """The elements in order along ``dim``, and the indices they had."""
def split(tensor: Tensor, split_size_or_sections: _int | _Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]: """Views of the parts along ``dim``: of one size (the last may be smaller), or of the sizes listed."""
def split_with_sizes(input: Tensor, split_sizes: _Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]: """:func:`split` into parts of the sizes listed."""
def sqrt(input: Tensor) -> Tensor: """The square root."""
def sqrt_(input: Tensor) -> Tensor: """In-place form of :meth:`sqrt`."""
def square(input: Tensor) -> Tensor: """input ** 2."""
def square_(input: Tensor) -> Tensor: """In-place form of :meth:`square`."""
def squeeze(input: Tensor, dim: _int | _Sequence[_int] | None = None) -> Tensor: """Without the dimensions of size 1: all of them, or those named in ``dim``."""
def stack(tensors: _Sequence[Tensor], dim: _int = 0) -> Tensor: """The tensors, all of one shape, along a new dimension ``dim``."""
def std(input: Tensor, dim: _int | _Sequence[_int] | None = None, unbiased: _bool | None = None, keepdim: _bool = False, *, correction: _float | None = None) -> Tensor: """The standard deviation, the square root of :func:`var`; its gradient is 0 where it is 0."""
def std_mean(input: Tensor, dim: _int | _Sequence[_int] | None = None, unbiased: _bool | None = None, keepdim: _bool = False, *, correction: _float | None = None) -> tuple[Tensor, Tensor]: """The standard deviation and the mean."""
def sub(input: _Operand, other: _Operand, *, alpha: _float = 1) -> Tensor: """input - alpha * other, with broadcasting."""
def subtract(input: _Operand, other: _Operand, *, alpha: _float = 1) -> Tensor: """input - alpha * other, with broadcasting."""
def sum(input: Tensor, dim: _int | _Sequence[_int] | None = None, keepdim: _bool = False, *, dtype: _dtype | None = None) -> Tensor: """The sum of the elements along ``dim``; of integers as int64."""
def svd(input: Tensor, some: _bool = True, compute_uv: _bool = True) -> _Any: """:func:`linalg.svd <linalg_svd>` under its older name: it gives V, not its transpose; ``some=False`` for full matrices."""
def swapaxes(input: Tensor, dim0: _int, dim1: _int) -> Tensor: """Two dimensions swapped."""
def swapdims(input: Tensor, dim0: _int, dim1: _int) -> Tensor: """Two dimensions swapped."""
def t(input: Tensor) -> Tensor: """A matrix transposed; a vector as it is."""
def take(input: Tensor, index: Tensor) -> Tensor: """The elements at positions in the flattened tensor, in the shape of ``index``."""
def take_along_dim(input: Tensor, indices: Tensor, dim: _int | None = None) -> Tensor: """:func:`gather` with the other dimensions broadcast; of the flattened input without ``dim``."""
def tan(input: Tensor) -> Tensor: """The tangent of radians."""
def tan_(input: Tensor) -> Tensor: """In-place form of :meth:`tan`."""
def tanh(input: Tensor) -> Tensor: """The hyperbolic tangent (e^x - e^-x) / (e^x + e^-x). EE6132 lab, eq. 2."""
def tanh_(input: Tensor) -> Tensor: """In-place form of :meth:`tanh`."""
def tensor(data: _Any, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """A new tensor holding a copy of ``data``: a number, nested sequences, arrays, tensors, or sequences of these."""
def tensor_split(input: Tensor, indices_or_sections: _Any, dim: _int = 0) -> tuple[Tensor, ...]: """Views of parts along ``dim``: so many of sizes that differ by one at most, or what is between the indices."""
def tensordot(a: Tensor, b: Tensor, dims: _Any = 2) -> Tensor: """The sums of products over dimensions of ``a`` and of ``b``: the last and the first ``dims``, or two lists of them."""
def tile(input: Tensor, dims: _Sequence[_int]) -> Tensor: """:func:`Tensor.repeat`, where dimensions not named in ``dims`` are those in front, taken once."""
def topk(input: Tensor, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True) -> _Selected: """The ``k`` largest (or smallest) elements along ``dim``, in order, and their indices."""
def trace(input: Tensor) -> Tensor: """The sum of the diagonal of a matrix."""
def transpose(input: Tensor, dim0: _int, dim1: _int) -> Tensor: """Two dimensions swapped."""
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: _float | None = None, dim: _int = -1) -> Tensor: """The integral along ``dim`` by the trapezoidal rule, of points at ``x``, or ``dx`` apart."""
def trapz(y: Tensor, x: Tensor | None = None, *, dx: _float | None = None, dim: _int = -1) -> Tensor: """The integral along ``dim`` by the trapezoidal rule, of points at ``x``, or ``dx`` apart."""
def tril(input: Tensor, diagonal: _int = 0) -> Tensor: """The matrix (or each of a batch) with zeros above the ``diagonal``-th diagonal."""
def tril_indices(row: _int, col: _int, offset: _int = 0, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """The rows and columns of the elements of a lower triangle, shape ``(2, n)``."""
def triu(input: Tensor, diagonal: _int = 0) -> Tensor: """The matrix (or each of a batch) with zeros below the ``diagonal``-th diagonal."""
def triu_indices(row: _int, col: _int, offset: _int = 0, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """The rows and columns of the elements of an upper triangle, shape ``(2, n)``."""
def true_divide(input: _Operand, other: _Operand) -> Tensor: """input / other, with broadcasting; integers divide to floats."""
def trunc(input: Tensor) -> Tensor: """The input rounded towards zero."""
def trunc_(input: Tensor) -> Tensor: """In-place form of :meth:`trunc`."""
uint8: _dtype
def unbind(input: Tensor, dim: _int = 0) -> tuple[Tensor, ...]: """The slices along ``dim``, without that dimension."""
def unflatten(input: Tensor, dim: _int, sizes: _Sequence[_int]) -> Tensor: """One dimension as several, of the given sizes, one of which may be -1."""
@_overload
def unique(input: Tensor, sorted: _bool = True, *, dim: _int | None = None) -> Tensor: """The distinct elements (slices along ``dim``) in ascending order."""
@_overload
def unique(input: Tensor, sorted: _bool, return_inverse: _Literal[True], return_counts: _bool = False, dim: _int | None = None) -> tuple[Tensor, ...]: """The distinct elements (slices along ``dim``) in ascending order."""
@_overload
def unique(input: Tensor, sorted: _bool = True, *, return_inverse: _Literal[True], return_counts: _bool = False, dim: _int | None = None) -> tuple[Tensor, ...]: """The distinct elements (slices along ``dim``) in ascending order."""
@_overload
def unique(input: Tensor, sorted: _bool = True, return_inverse: _bool = False, *, return_counts: _Literal[True], dim: _int | None = None) -> tuple[Tensor, ...]: """The distinct elements (slices along ``dim``) in ascending order."""
def unique_consecutive(input: Tensor, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None) -> _Any: """The elements (slices along ``dim``) without those that equal the one before; as :func:`unique`, but not in order."""
def unravel_index(indices: Tensor, shape: _Any) -> tuple[Tensor, ...]: """Flat positions as an index for each dimension of ``shape``."""
def unsqueeze(input: Tensor, dim: _int) -> Tensor: """With a dimension of size 1 inserted before ``dim``; negative counts from behind the last."""
def vander(x: Tensor, N: _int | None = None, increasing: _bool = False) -> Tensor: """The powers N - 1, … 1, 0 of each element of a vector, shape ``(n,) -> (n, N)``; from 0 up with ``increasing``."""
def var(input: Tensor, dim: _int | _Sequence[_int] | None = None, unbiased: _bool | None = None, keepdim: _bool = False, *, correction: _float | None = None) -> Tensor: """The variance sum (x - mean)^2 / max(0, n - correction) along ``dim``; ``correction`` is 1 unless given."""
def var_mean(input: Tensor, dim: _int | _Sequence[_int] | None = None, unbiased: _bool | None = None, keepdim: _bool = False, *, correction: _float | None = None) -> tuple[Tensor, Tensor]: """The variance and the mean."""
def vdot(input: Tensor, other: Tensor) -> Tensor: """:func:`dot` of two vectors."""
def vsplit(input: Tensor, indices_or_sections: _Any) -> tuple[Tensor, ...]: """:func:`tensor_split` into equal parts, or at indices, along dimension 0."""
def vstack(tensors: _Sequence[Tensor]) -> Tensor: """The tensors, vectors as rows, one below the other."""
def where(condition: Tensor, input: _Any = Ellipsis, other: _Any = Ellipsis) -> _Any: """``input`` where the condition holds, else ``other``; without these where it holds, see :func:`nonzero`."""
def xlogy(input: _Operand, other: _Operand) -> Tensor: """input * log(other), and 0 where the input is 0, unless the other is nan."""
def xlogy_(input: _Operand, other: _Operand) -> Tensor: """In-place form of :meth:`xlogy`."""
def zero_(self: _Any) -> Tensor: """Write zeros."""
def zeros(*args: _int | _Sequence[_int], size: _Sequence[_int] | None = None, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """Zeros: ``zeros(2, 3)`` or ``zeros((2, 3))``."""
def zeros_like(input: Tensor, *, dtype: _dtype | None = None, device: _device | str | None = None, requires_grad: _bool = False) -> Tensor: """Zeros in the shape and dtype of ``input``."""

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "Generator",
    "GradScaler",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "OutOfMemoryError",
    "ShortTensor",
    "Size",
    "Tensor",
    "__version__",
    "abs",
    "abs_",
    "absolute",
    "accelerator",
    "acos",
    "acos_",
    "acosh",
    "acosh_",
    "adaptive_avg_pool1d",
    "adaptive_max_pool1d",
    "add",
    "addbmm",
    "addcdiv",
    "addcmul",
    "addmm",
    "addmv",
    "addmv_",
    "addr",
    "all",
    "allclose",
    "alpha_dropout",
    "amax",
    "amin",
    "aminmax",
    "amp",
    "any",
    "arange",
    "arccos",
    "arccos_",
    "arccosh",
    "arccosh_",
    "arcsin",
    "arcsin_",
    "arcsinh",
    "arcsinh_",
    "arctan",
    "arctan2",
    "arctan_",
    "arctanh",
    "arctanh_",
    "are_deterministic_algorithms_enabled",
    "argmax",
    "argmin",
    "argsort",
    "argwhere",
    "as_strided",
    "as_tensor",
    "asarray",
    "asin",
    "asin_",
    "asinh",
    "asinh_",
    "atan",
    "atan2",
    "atan_",
    "atanh",
    "atanh_",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "autocast",
    "autograd",
    "avg_pool1d",
    "backends",
    "baddbmm",
    "batch_norm",
    "bernoulli",
    "bfloat16",
    "bilinear",
    "binary_cross_entropy_with_logits",
    "bincount",
    "binomial",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "block_diag",
    "bmm",
    "bool",
    "broadcast_shapes",
    "broadcast_tensors",
    "broadcast_to",
    "bucketize",
    "can_cast",
    "cartesian_prod",
    "cat",
    "cdist",
    "cdouble",
    "ceil",
    "ceil_",
    "celu",
    "celu_",
    "cfloat",
    "chain_matmul",
    "channel_shuffle",
    "channels_last",
    "channels_last_3d",
    "cholesky",
    "cholesky_inverse",
    "cholesky_solve",
    "chunk",
    "clamp",
    "clamp_",
    "clamp_max",
    "clamp_max_",
    "clamp_min",
    "clamp_min_",
    "clip",
    "clip_",
    "clone",
    "column_stack",
    "combinations",
    "compile",
    "complex128",
    "complex64",
    "concat",
    "concatenate",
    "conj",
    "contiguous_format",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "copysign",
    "corrcoef",
    "cos",
    "cos_",
    "cosh",
    "cosh_",
    "cosine_embedding_loss",
    "cosine_similarity",
    "count_nonzero",
    "cov",
    "cross",
    "cuda",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_trapezoid",
    "default_generator",
    "deg2rad",
    "deg2rad_",
    "det",
    "detach",
    "detach_",
    "device",
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "diagonal_scatter",
    "diff",
    "digamma",
    "dist",
    "distributions",
    "div",
    "divide",
    "dot",
    "double",
    "dropout",
    "dsplit",
    "dstack",
    "dtype",
    "e",
    "einsum",
    "embedding",
    "empty",
    "empty_like",
    "enable_grad",
    "eq",
    "equal",
    "erf",
    "erf_",
    "erfc",
    "erfc_",
    "erfinv",
    "exp",
    "exp2",
    "exp2_",
    "exp_",
    "expm1",
    "expm1_",
    "eye",
    "feature_alpha_dropout",
    "fill",
    "fill_",
    "finfo",
    "fix",
    "fix_",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "float",
    "float16",
    "float32",
    "float64",
    "float_power",
    "floor",
    "floor_",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "frac",
    "frac_",
    "frexp",
    "from_numpy",
    "frombuffer",
    "full",
    "full_like",
    "func",
    "gather",
    "gcd",
    "gcd_",
    "ge",
    "ger",
    "get_default_device",
    "get_default_dtype",
    "get_deterministic_debug_mode",
    "get_device",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "get_num_threads",
    "get_rng_state",
    "gradient",
    "greater",
    "greater_equal",
    "group_norm",
    "gt",
    "half",
    "hardshrink",
    "heaviside",
    "hinge_embedding_loss",
    "histc",
    "histogram",
    "hsplit",
    "hstack",
    "hypot",
    "i0",
    "i0_",
    "igamma",
    "igammac",
    "iinfo",
    "index_add",
    "index_copy",
    "index_fill",
    "index_put",
    "index_put_",
    "index_reduce",
    "index_select",
    "inf",
    "inference_mode",
    "initial_seed",
    "inner",
    "instance_norm",
    "int",
    "int16",
    "int32",
    "int64",
    "int8",
    "inverse",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_autocast_enabled",
    "is_complex",
    "is_conj",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_floating_point",
    "is_grad_enabled",
    "is_inference",
    "is_inference_mode_enabled",
    "is_neg",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "is_storage",
    "is_tensor",
    "is_warn_always_enabled",
    "isclose",
    "isfinite",
    "isin",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "kl_div",
    "kron",
    "kthvalue",
    "layer_norm",
    "layout",
    "lcm",
    "lcm_",
    "ldexp",
    "ldexp_",
    "le",
    "lerp",
    "less",
    "less_equal",
    "lgamma",
    "linalg",
    "linspace",
    "load",
    "log",
    "log10",
    "log10_",
    "log1p",
    "log1p_",
    "log2",
    "log2_",
    "log_",
    "log_softmax",
    "logaddexp",
    "logaddexp2",
    "logcumsumexp",
    "logdet",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logit",
    "logit_",
    "logspace",
    "logsumexp",
    "long",
    "lt",
    "manual_seed",
    "margin_ranking_loss",
    "masked_fill",
    "masked_scatter",
    "masked_select",
    "matmul",
    "matrix_exp",
    "matrix_power",
    "max",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "maximum",
    "mean",
    "median",
    "memory_format",
    "meshgrid",
    "min",
    "minimum",
    "mm",
    "mode",
    "moveaxis",
    "movedim",
    "msort",
    "mul",
    "multinomial",
    "multiply",
    "mv",
    "mvlgamma",
    "nan",
    "nan_to_num",
    "nan_to_num_",
    "nanmean",
    "nanmedian",
    "nanquantile",
    "nansum",
    "narrow",
    "ne",
    "neg",
    "neg_",
    "negative",
    "negative_",
    "newaxis",
    "nextafter",
    "nn",
    "no_grad",
    "nonzero",
    "norm",
    "normal",
    "not_equal",
    "numel",
    "ones",
    "ones_like",
    "optim",
    "outer",
    "pairwise_distance",
    "pdist",
    "permute",
    "pi",
    "pinverse",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson",
    "poisson_nll_loss",
    "polygamma",
    "positive",
    "pow",
    "prelu",
    "preserve_format",
    "prod",
    "promote_types",
    "put",
    "qr",
    "quantile",
    "rad2deg",
    "rad2deg_",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "random",
    "randperm",
    "ravel",
    "real",
    "reciprocal",
    "reciprocal_",
    "relu",
    "relu_",
    "remainder",
    "renorm",
    "repeat_interleave",
    "reshape",
    "resize_as_",
    "resolve_conj",
    "resolve_neg",
    "result_type",
    "rms_norm",
    "roll",
    "rot90",
    "round",
    "round_",
    "row_stack",
    "rrelu",
    "rrelu_",
    "rsqrt",
    "rsqrt_",
    "rsub",
    "save",
    "scalar_tensor",
    "scatter",
    "scatter_add",
    "scatter_reduce",
    "searchsorted",
    "seed",
    "select",
    "select_scatter",
    "selu",
    "selu_",
    "set_default_device",
    "set_default_dtype",
    "set_default_tensor_type",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_grad_enabled",
    "set_num_interop_threads",
    "set_num_threads",
    "set_printoptions",
    "set_rng_state",
    "set_warn_always",
    "sgn",
    "short",
    "sigmoid",
    "sigmoid_",
    "sign",
    "signbit",
    "sin",
    "sin_",
    "sinc",
    "sinc_",
    "sinh",
    "sinh_",
    "slice_scatter",
    "slogdet",
    "softmax",
    "sort",
    "special",
    "split",
    "split_with_sizes",
    "sqrt",
    "sqrt_",
    "square",
    "square_",
    "squeeze",
    "stack",
    "std",
    "std_mean",
    "strided",
    "sub",
    "subtract",
    "sum",
    "svd",
    "swapaxes",
    "swapdims",
    "t",
    "take",
    "take_along_dim",
    "tan",
    "tan_",
    "tanh",
    "tanh_",
    "tensor",
    "tensor_split",
    "tensordot",
    "threshold",
    "threshold_",
    "tile",
    "topk",
    "trace",
    "transpose",
    "trapezoid",
    "trapz",
    "tril",
    "tril_indices",
    "triplet_margin_loss",
    "triu",
    "triu_indices",
    "true_divide",
    "trunc",
    "trunc_",
    "typename",
    "uint8",
    "unbind",
    "unflatten",
    "unique",
    "unique_consecutive",
    "unravel_index",
    "unsqueeze",
    "use_deterministic_algorithms",
    "utils",
    "vander",
    "var",
    "var_mean",
    "vdot",
    "version",
    "vmap",
    "vsplit",
    "vstack",
    "where",
    "xlogy",
    "xlogy_",
    "xpu",
    "zero_",
    "zeros",
    "zeros_like",
]
