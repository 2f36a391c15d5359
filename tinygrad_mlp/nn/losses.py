"""Losses: functions of :mod:`.functional` as modules.

``reduction`` is ``"none"`` for the loss of each element, ``"sum"``, or ``"mean"``, the default; ``size_average`` and
``reduce`` are what PyTorch had before it.
"""

from __future__ import annotations

from .._tensor import Tensor
from . import functional as F
from .function_module import FunctionModule
from .functional.losses import Flag, legacy_reduction

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "NLLLoss",
    "SmoothL1Loss",
]  # fmt: skip


class _Loss(FunctionModule):
    """A function of an input and a target."""

    reduction: str

    def __init__(self, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean") -> None:
        super().__init__(reduction=legacy_reduction(reduction, size_average, reduce))

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The function of input and target, with this module's options."""
        return type(self)._function(input, target, **self.options())


class _WeightedLoss(_Loss):
    """One with a weight for each element or class."""

    weight: Tensor | None

    def __init__(
        self, weight: Tensor | None = None, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self._remember({"weight": weight})


class MSELoss(_Loss, function=F.mse_loss):
    """(x - t)^2. Shapes ``(*), (*) -> ()``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.MSELoss()(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)
    """


class L1Loss(_Loss, function=F.l1_loss):
    """abs(x - t). Shapes ``(*), (*) -> ()``."""


class SmoothL1Loss(_Loss, function=F.smooth_l1_loss):
    """d^2 / (2 beta) where abs(d) < beta, else abs(d) - beta / 2, for d = x - t. Shapes ``(*), (*) -> ()``."""

    beta: float

    def __init__(self, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(size_average, reduce, reduction)
        self._remember(beta=beta)


class HuberLoss(_Loss, function=F.huber_loss):
    """d^2 / 2 where abs(d) <= delta, else delta (abs(d) - delta / 2), for d = x - t. Shapes ``(*), (*) -> ()``."""

    delta: float

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self._remember(delta=delta)


class CrossEntropyLoss(_WeightedLoss, function=F.cross_entropy):
    """-sum_c weight_c t_c log_softmax(x)_c for logits x and the distribution t of the classes.

    Arguments, shapes and errors are those of :func:`.functional.cross_entropy`.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.CrossEntropyLoss()(torch.tensor([[2.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1]))
    tensor(0.4100)
    """

    ignore_index: int
    label_smoothing: float

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Flag = None,
        ignore_index: int = -100,
        reduce: Flag = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self._remember(ignore_index=ignore_index, label_smoothing=label_smoothing)


class NLLLoss(_WeightedLoss, function=F.nll_loss):
    """-weight_t x_t for log-probabilities x and class index t. Shapes ``(N, C), (N,) -> ()``, as in CrossEntropyLoss."""

    ignore_index: int

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Flag = None,
        ignore_index: int = -100,
        reduce: Flag = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self._remember(ignore_index=ignore_index)


class BCELoss(_WeightedLoss, function=F.binary_cross_entropy):
    """-weight (t log(x) + (1 - t) log(1 - x)) for probabilities x. Shapes ``(*), (*) -> ()``."""


class BCEWithLogitsLoss(_WeightedLoss, function=F.binary_cross_entropy_with_logits):
    """-weight (pos_weight t log(s) + (1 - t) log(1 - s)) for s = sigmoid(x). Shapes ``(*), (*) -> ()``."""

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Flag = None,
        reduce: Flag = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self._remember({"pos_weight": pos_weight})


class KLDivLoss(_Loss, function=F.kl_div):
    """t (log(t) - x) for log-probabilities x and probabilities t; ``reduction="batchmean"`` is the mean divergence."""

    log_target: bool

    def __init__(
        self, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self._remember(log_target=log_target)
