"""Losses: functions of :mod:`.functional` as modules.

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
from tinygrad_mlp.nn.function_module import FunctionModule as _FunctionModule

_Number: _TypeAlias = _float | _np.number[_Any] | _np.bool_
_Operand: _TypeAlias = Tensor | _Number | _NDArray[_Any]
_Place: _TypeAlias = _int | slice | _EllipsisType | Tensor | _NDArray[_Any] | list[_Any] | None
_Index: _TypeAlias = _Place | tuple[_Place, ...]

class _Loss(_FunctionModule):
    """A function of an input and a target, whose other arguments, but for those named in ``without``, are the constructor's."""
    def __init__(self, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...
    def forward(self, input: Tensor, target: Tensor) -> Tensor: """The function of input and target, with this module's options."""

class _WeightedLoss(_Loss):
    """One that remembers a weight, too."""
    weight: Tensor | None
    def __init__(self, weight: Tensor | None = None, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...

class BCELoss(_Loss):
    """-weight (t log(x) + (1 - t) log(1 - x)) for probabilities x. Shapes ``(*), (*) -> ()``."""
    weight: Tensor | None
    reduction: str
    def __init__(self, weight: Tensor | None = None, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...

class BCEWithLogitsLoss(_Loss):
    """-weight (pos_weight t log(s) + (1 - t) log(1 - s)) for s = sigmoid(x). Shapes ``(*), (*) -> ()``."""
    weight: Tensor | None
    reduction: str
    pos_weight: Tensor | None
    def __init__(self, weight: Tensor | None = None, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean', pos_weight: Tensor | None = None) -> None: ...

class CrossEntropyLoss(_Loss):
    """-sum_c weight_c t_c log_softmax(x)_c for logits x and the distribution t of the classes."""
    weight: Tensor | None
    ignore_index: _int
    reduction: str
    label_smoothing: _float
    def __init__(self, weight: Tensor | None = None, size_average: _bool | None = None, ignore_index: _int = -100, reduce: _bool | None = None, reduction: str = 'mean', label_smoothing: _float = 0.0) -> None: ...

class HuberLoss(_Loss):
    """d^2 / 2 where abs(d) <= delta, else delta (abs(d) - delta / 2), for d = x - t. Shapes ``(*), (*) -> ()``."""
    reduction: str
    delta: _float
    def __init__(self, reduction: str = 'mean', delta: _float = 1.0) -> None: ...

class KLDivLoss(_Loss):
    """t (log(t) - x) for log-probabilities x and probabilities t; ``reduction="batchmean"`` is the mean divergence."""
    reduction: str
    log_target: _bool
    def __init__(self, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean', log_target: _bool = False) -> None: ...

class L1Loss(_Loss):
    """abs(x - t). Shapes ``(*), (*) -> ()``."""
    reduction: str
    def __init__(self, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...

class MSELoss(_Loss):
    """(x - t)^2. Shapes ``(*), (*) -> ()``."""
    reduction: str
    def __init__(self, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...

class NLLLoss(_Loss):
    """-weight_t x_t for log-probabilities x and class index t. Shapes ``(N, C), (N,) -> ()``, as in CrossEntropyLoss."""
    weight: Tensor | None
    ignore_index: _int
    reduction: str
    def __init__(self, weight: Tensor | None = None, size_average: _bool | None = None, ignore_index: _int = -100, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...

class SmoothL1Loss(_Loss):
    """d^2 / (2 beta) where abs(d) < beta, else abs(d) - beta / 2, for d = x - t. Shapes ``(*), (*) -> ()``."""
    reduction: str
    beta: _float
    def __init__(self, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean', beta: _float = 1.0) -> None: ...

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "SmoothL1Loss",
]
