"""Losses of margins, of embeddings, and of Poisson's and the normal distribution, as modules."""

from __future__ import annotations

from collections.abc import Callable

from .._tensor import Tensor
from . import functional as F
from .distances import PairwiseDistance
from .function_module import FunctionModule
from .functional.rarer_losses import check_margin, check_multi_margin
from .losses import _Loss

__all__ = [
    "CTCLoss", "CosineEmbeddingLoss", "GaussianNLLLoss", "HingeEmbeddingLoss", "MarginRankingLoss", "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss", "MultiMarginLoss", "PoissonNLLLoss", "SoftMarginLoss", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]  # fmt: skip


class _OfTwo(_Loss):
    """One of two inputs and a target."""

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """The function of inputs and target, with this module's options."""
        return type(self)._function(input1, input2, target, **self.options())


class _OfTriplets(_Loss):
    """One of an anchor, a positive and a negative."""

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The function of the three, with this module's options."""
        return type(self)._function(anchor, positive, negative, **self.options())


class HingeEmbeddingLoss(_Loss, function=F.hinge_embedding_loss):
    """x where t = 1, max(0, margin - x) where t = -1. Shapes ``(*), (*) -> ()``."""


class SoftMarginLoss(_Loss, function=F.soft_margin_loss):
    """log(1 + exp(-t x)) for t of 1 and -1. Shapes ``(*), (*) -> ()``."""


class MultiLabelMarginLoss(_Loss, function=F.multilabel_margin_loss):
    """sum over classes i of the target and j that are not of max(0, 1 - x_i + x_j) / C. Shapes ``(N, C), (N, C) -> ()``."""


class MultiLabelSoftMarginLoss(_Loss, function=F.multilabel_soft_margin_loss):
    """-weight (t log(s) + (1 - t) log(1 - s)) for s = sigmoid(x), the mean over classes. Shapes ``(*, C), (*, C) -> ()``."""


class MultiMarginLoss(_Loss, function=F.multi_margin_loss):
    """sum_(j != t) weight_t max(0, margin - x_t + x_j)^p / C. Shapes ``(N, C), (N,) -> ()``."""

    p: int
    weight: Tensor | None

    def _check_options(self) -> None:
        check_multi_margin(self.p, self.weight)


class PoissonNLLLoss(_Loss, function=F.poisson_nll_loss):
    """exp(x) - t x, or x - t log(x + eps) unless ``log_input``: -log of Poisson's distribution. Shapes ``(*), (*) -> ()``."""


class MarginRankingLoss(_OfTwo, function=F.margin_ranking_loss, without="input1 input2"):
    """max(0, -t (x1 - x2) + margin). Shapes ``(N,), (N,), (N,) -> ()``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.MarginRankingLoss()(torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([1.0]))
    tensor(2.)
    """


class CosineEmbeddingLoss(_OfTwo, function=F.cosine_embedding_loss, without="input1 input2"):
    """1 - cos(x1, x2) where t = 1, max(0, cos(x1, x2) - margin) where t = -1. Shapes ``(N, D), (N, D), (N,) -> ()``."""


class TripletMarginLoss(_OfTriplets, function=F.triplet_margin_loss, without="anchor positive negative"):
    """max(0, |a - p| - |a - n| + margin) for anchor a, positive p and negative n. Shapes ``(N, D)`` each ``-> ()``."""

    margin: float

    def _check_options(self) -> None:
        check_margin(self.margin)


class GaussianNLLLoss(_Loss):
    """(log(var) + (x - t)^2 / var) / 2: -log of the normal distribution. Arguments as for :func:`.functional.gaussian_nll_loss`.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.GaussianNLLLoss()(torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([1.0]))
    tensor(2.)
    """

    full: bool
    eps: float
    reduction: str

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        FunctionModule.__init__(self, full=full, eps=eps, reduction=reduction)

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        """The function of input, target and variance."""
        return F.gaussian_nll_loss(input, target, var, **self.options())


class TripletMarginWithDistanceLoss(_OfTriplets):
    """:class:`TripletMarginLoss` with any function for the distance; :class:`PairwiseDistance` where None."""

    margin: float
    swap: bool
    reduction: str

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        distance = PairwiseDistance() if distance_function is None else distance_function
        check_margin(margin)
        options = {"margin": margin, "swap": swap, "reduction": reduction}
        FunctionModule.__init__(self, distance_function=distance, **options)

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The function of the three, with this module's options."""
        return F.triplet_margin_with_distance_loss(anchor, positive, negative, **self.options())


class CTCLoss(_Loss, function=F.ctc_loss, without="log_probs targets input_lengths target_lengths"):
    """-log of the probability that a sequence of places says labels. Arguments as for :func:`.functional.ctc_loss`."""

    def forward(self, log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor) -> Tensor:
        """The loss of ``(T, N, C)`` log-probabilities and the labels."""
        return F.ctc_loss(log_probs, targets, input_lengths, target_lengths, **self.options())
