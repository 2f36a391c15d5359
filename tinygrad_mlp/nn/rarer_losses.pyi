"""Losses of margins, of embeddings, and of Poisson's and the normal distribution, as modules.

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

class CTCLoss(_Loss):
    """-log of the probability that a sequence of places says labels. Arguments as for :func:`.functional.ctc_loss`."""
    blank: _int
    reduction: str
    zero_infinity: _bool
    def __init__(self, blank: _int = 0, reduction: str = 'mean', zero_infinity: _bool = False) -> None: ...
    def forward(self, log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor) -> Tensor: """The loss of ``(T, N, C)`` log-probabilities and the labels."""  # type: ignore[override] # other inputs

class CosineEmbeddingLoss(_Loss):
    """1 - cos(x1, x2) where t = 1, max(0, cos(x1, x2) - margin) where t = -1. Shapes ``(N, D), (N, D), (N,) -> ()``."""
    margin: _float
    reduction: str
    def __init__(self, margin: _float = 0, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...
    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor: """The function of inputs and target, with this module's options."""  # type: ignore[override] # other inputs

class GaussianNLLLoss(_Loss):
    """(log(var) + (x - t)^2 / var) / 2: -log of the normal distribution. Arguments as for :func:`.functional.gaussian_nll_loss`."""
    full: _bool
    eps: _float
    reduction: str
    def __init__(self, *, full: _bool = False, eps: _float = 1e-06, reduction: str = 'mean') -> None: ...
    def forward(self, input: Tensor, target: Tensor, var: Tensor | _float) -> Tensor: """The function of input, target and variance."""  # type: ignore[override] # other inputs

class HingeEmbeddingLoss(_Loss):
    """x where t = 1, max(0, margin - x) where t = -1. Shapes ``(*), (*) -> ()``."""
    margin: _float
    reduction: str
    def __init__(self, margin: _float = 1.0, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...

class MarginRankingLoss(_Loss):
    """max(0, -t (x1 - x2) + margin). Shapes ``(N,), (N,), (N,) -> ()``."""
    margin: _float
    reduction: str
    def __init__(self, margin: _float = 0, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...
    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor: """The function of inputs and target, with this module's options."""  # type: ignore[override] # other inputs

class MultiLabelMarginLoss(_Loss):
    """sum over classes i of the target and j that are not of max(0, 1 - x_i + x_j) / C. Shapes ``(N, C), (N, C) -> ()``."""
    reduction: str
    def __init__(self, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...

class MultiLabelSoftMarginLoss(_Loss):
    """-weight (t log(s) + (1 - t) log(1 - s)) for s = sigmoid(x), the mean over classes. Shapes ``(*, C), (*, C) -> ()``."""
    weight: Tensor | None
    reduction: str
    def __init__(self, weight: Tensor | None = None, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...

class MultiMarginLoss(_Loss):
    """sum_(j != t) weight_t max(0, margin - x_t + x_j)^p / C. Shapes ``(N, C), (N,) -> ()``."""
    p: _int
    margin: _float
    weight: Tensor | None
    reduction: str
    def __init__(self, p: _int = 1, margin: _float = 1.0, weight: Tensor | None = None, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...

class PoissonNLLLoss(_Loss):
    """exp(x) - t x, or x - t log(x + eps) unless ``log_input``: -log of Poisson's distribution. Shapes ``(*), (*) -> ()``."""
    log_input: _bool
    full: _bool
    eps: _float
    reduction: str
    def __init__(self, log_input: _bool = True, full: _bool = False, size_average: _bool | None = None, eps: _float = 1e-08, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...

class SoftMarginLoss(_Loss):
    """log(1 + exp(-t x)) for t of 1 and -1. Shapes ``(*), (*) -> ()``."""
    reduction: str
    def __init__(self, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...

class TripletMarginLoss(_Loss):
    """max(0, |a - p| - |a - n| + margin) for anchor a, positive p and negative n. Shapes ``(N, D)`` each ``-> ()``."""
    margin: _float
    p: _float
    eps: _float
    swap: _bool
    reduction: str
    def __init__(self, margin: _float = 1.0, p: _float = 2, eps: _float = 1e-06, swap: _bool = False, size_average: _bool | None = None, reduce: _bool | None = None, reduction: str = 'mean') -> None: ...
    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor: """The function of the three, with this module's options."""  # type: ignore[override] # other inputs

class TripletMarginWithDistanceLoss(_Loss):
    """:class:`TripletMarginLoss` with any function for the distance; :class:`PairwiseDistance` where None."""
    distance_function: _Callable[[Tensor, Tensor], Tensor] | None
    margin: _float
    swap: _bool
    reduction: str
    def __init__(self, *, distance_function: _Callable[[Tensor, Tensor], Tensor] | None = None, margin: _float = 1.0, swap: _bool = False, reduction: str = 'mean') -> None: ...
    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor: """The function of the three, with this module's options."""  # type: ignore[override] # other inputs

__all__ = [
    "CTCLoss",
    "CosineEmbeddingLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "PoissonNLLLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]
