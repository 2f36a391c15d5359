"""Losses: functions of :mod:`.functional` as modules.

``reduction`` is ``"none"`` for the loss of each element, ``"sum"``, or ``"mean"``, the default; ``size_average`` and
``reduce`` are what PyTorch had before it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from . import functional as F
from .function_module import FunctionModule
from .functional.losses import legacy_reduction

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "NLLLoss",
    "SmoothL1Loss",
]  # fmt: skip


class _Loss(FunctionModule):
    """A function of an input and a target, whose other arguments, but for those named in ``without``, are the constructor's."""

    def __init_subclass__(cls, without: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "function" in kwargs:
            cls.__init__ = _constructor(kwargs["function"], {"input", "target", *without.split()})  # type: ignore[method-assign]

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__(reduction=legacy_reduction(reduction, size_average, reduce))

    def _check_options(self) -> None:
        """Refuse what the function would refuse at the first call."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The function of input and target, with this module's options."""
        return type(self)._function(input, target, **self.options())


class _WeightedLoss(_Loss):
    """One that remembers a weight, too."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        FunctionModule.__init__(self, weight=weight, reduction=legacy_reduction(reduction, size_average, reduce))


def _constructor(function: Callable[..., Any], without: set[str]) -> Callable[..., None]:
    """What remembers a loss's options."""
    whole = inspect.signature(function)
    options = [parameter for name, parameter in whole.parameters.items() if name not in without]
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = inspect.Signature([own, *options], return_annotation="None")

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it becomes one
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        given = {name: value for name, value in bound.arguments.items() if name != "self"}
        flags = given.pop("size_average", None), given.pop("reduce", None)
        given["reduction"] = legacy_reduction(given["reduction"], *flags)
        FunctionModule.__init__(self, **given)
        self._check_options()

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return __init__


class MSELoss(_Loss, function=F.mse_loss, without="weight"):
    """(x - t)^2. Shapes ``(*), (*) -> ()``.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.MSELoss()(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)
    """


class L1Loss(_Loss, function=F.l1_loss, without="weight"):
    """abs(x - t). Shapes ``(*), (*) -> ()``."""


class SmoothL1Loss(_Loss, function=F.smooth_l1_loss):
    """d^2 / (2 beta) where abs(d) < beta, else abs(d) - beta / 2, for d = x - t. Shapes ``(*), (*) -> ()``."""


class HuberLoss(_Loss, function=F.huber_loss, without="weight"):
    """d^2 / 2 where abs(d) <= delta, else delta (abs(d) - delta / 2), for d = x - t. Shapes ``(*), (*) -> ()``."""


class CrossEntropyLoss(_WeightedLoss, function=F.cross_entropy):
    """-sum_c weight_c t_c log_softmax(x)_c for logits x and the distribution t of the classes.

    Arguments, shapes and errors are those of :func:`.functional.cross_entropy`.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.CrossEntropyLoss()(torch.tensor([[2.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1]))
    tensor(0.4100)
    """


class NLLLoss(_WeightedLoss, function=F.nll_loss):
    """-weight_t x_t for log-probabilities x and class index t. Shapes ``(N, C), (N,) -> ()``, as in CrossEntropyLoss."""


class BCELoss(_WeightedLoss, function=F.binary_cross_entropy):
    """-weight (t log(x) + (1 - t) log(1 - x)) for probabilities x. Shapes ``(*), (*) -> ()``."""


class BCEWithLogitsLoss(_Loss, function=F.binary_cross_entropy_with_logits):
    """-weight (pos_weight t log(s) + (1 - t) log(1 - s)) for s = sigmoid(x). Shapes ``(*), (*) -> ()``."""


class KLDivLoss(_Loss, function=F.kl_div):
    """t (log(t) - x) for log-probabilities x and probabilities t; ``reduction="batchmean"`` is the mean divergence."""
