"""Losses: functions of :mod:`.functional` as modules.

``reduction`` is ``"none"`` for the loss of each element, ``"sum"``, or ``"mean"``, the default; ``size_average`` and
``reduce`` are what PyTorch had before it.
"""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .function_module import FunctionModule

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

Flag = bool | None


class MSELoss(FunctionModule):
    """(x - t)^2. Shapes ``(*), (*) -> ()``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.MSELoss()(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)
    """

    function = staticmethod(F.mse_loss)

    def __init__(self, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean") -> None:
        super().__init__(reduction=F.legacy_reduction(reduction, size_average, reduce))


class L1Loss(FunctionModule):
    """abs(x - t). Shapes ``(*), (*) -> ()``."""

    function = staticmethod(F.l1_loss)

    def __init__(self, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean") -> None:
        super().__init__(reduction=F.legacy_reduction(reduction, size_average, reduce))


class SmoothL1Loss(FunctionModule):
    """d^2 / (2 beta) where abs(d) < beta, else abs(d) - beta / 2, for d = x - t. Shapes ``(*), (*) -> ()``."""

    function = staticmethod(F.smooth_l1_loss)

    def __init__(self, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=F.legacy_reduction(reduction, size_average, reduce), beta=beta)


class HuberLoss(FunctionModule):
    """d^2 / 2 where abs(d) <= delta, else delta (abs(d) - delta / 2), for d = x - t. Shapes ``(*), (*) -> ()``."""

    function = staticmethod(F.huber_loss)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction, delta=delta)


class CrossEntropyLoss(FunctionModule):
    """-sum_c weight_c t_c log_softmax(x)_c for logits x and the distribution t of the classes.

    Arguments, shapes and errors are those of :func:`.functional.cross_entropy`.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.CrossEntropyLoss()(torch.tensor([[2.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1]))
    tensor(0.4100)
    """

    function = staticmethod(F.cross_entropy)

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Flag = None,
        ignore_index: int = -100,
        reduce: Flag = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(
            {"weight": weight},
            ignore_index=ignore_index,
            reduction=F.legacy_reduction(reduction, size_average, reduce),
            label_smoothing=label_smoothing,
        )


class NLLLoss(FunctionModule):
    """-weight_t x_t for log-probabilities x and class index t. Shapes ``(N, C), (N,) -> ()``, as in CrossEntropyLoss."""

    function = staticmethod(F.nll_loss)

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Flag = None,
        ignore_index: int = -100,
        reduce: Flag = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(
            {"weight": weight}, ignore_index=ignore_index, reduction=F.legacy_reduction(reduction, size_average, reduce)
        )


class BCELoss(FunctionModule):
    """-weight (t log(x) + (1 - t) log(1 - x)) for probabilities x. Shapes ``(*), (*) -> ()``."""

    function = staticmethod(F.binary_cross_entropy)

    def __init__(
        self, weight: Tensor | None = None, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean"
    ) -> None:
        super().__init__({"weight": weight}, reduction=F.legacy_reduction(reduction, size_average, reduce))


class BCEWithLogitsLoss(FunctionModule):
    """-weight (pos_weight t log(s) + (1 - t) log(1 - s)) for s = sigmoid(x). Shapes ``(*), (*) -> ()``."""

    function = staticmethod(F.binary_cross_entropy_with_logits)

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Flag = None,
        reduce: Flag = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(
            {"weight": weight, "pos_weight": pos_weight}, reduction=F.legacy_reduction(reduction, size_average, reduce)
        )


class KLDivLoss(FunctionModule):
    """t (log(t) - x) for log-probabilities x and probabilities t; ``reduction="batchmean"`` is the mean divergence."""

    function = staticmethod(F.kl_div)

    def __init__(
        self, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        super().__init__(reduction=F.legacy_reduction(reduction, size_average, reduce), log_target=log_target)
