"""Functions of layers and losses that PyTorch has at its root, too, with arguments in another order: ``torch.layer_norm``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..._tensor import Tensor
from ...ops.indexing import embedding as look_up
from . import layers, losses, rarer_activations, rarer_losses, rarer_norms

__all__ = [
    "alpha_dropout", "batch_norm", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "dropout", "embedding",
    "feature_alpha_dropout", "group_norm", "hinge_embedding_loss", "instance_norm", "kl_div", "layer_norm",
    "margin_ranking_loss", "poisson_nll_loss", "rrelu", "threshold", "triplet_margin_loss",
]  # fmt: skip

_REDUCTIONS = ("none", "mean", "sum")  # by their numbers


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """``nn.functional.dropout``, whose arguments must all be given."""
    return layers.dropout(input, p, train)


def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """``nn.functional.alpha_dropout``, whose arguments must all be given."""
    return rarer_activations.alpha_dropout(input, p, train)


def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """``nn.functional.feature_alpha_dropout``, whose arguments must all be given."""
    return rarer_activations.feature_alpha_dropout(input, p, train)


def rrelu(input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Tensor:
    """``nn.functional.rrelu``."""
    return rarer_activations.rrelu(input, lower, upper, training)


def threshold(input: Tensor, threshold: float, value: float) -> Tensor:
    """``nn.functional.threshold``."""
    return rarer_activations.threshold(input, threshold, value)


def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Tensor:
    """``nn.functional.embedding`` with the weight first; -1 stands for no ``padding_idx``."""
    return look_up(indices, weight, None if padding_idx == -1 else padding_idx, scale_grad_by_freq=scale_grad_by_freq)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enable: bool = True,
) -> Tensor:
    """``nn.functional.layer_norm``."""
    return layers.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enabled: bool = True,
) -> Tensor:
    """``nn.functional.group_norm``."""
    return rarer_norms.group_norm(input, num_groups, weight, bias, eps)


def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """``nn.functional.batch_norm`` with the weight before the running means; all arguments must be given."""
    return layers.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """``nn.functional.instance_norm`` with the weight before the running means; all arguments must be given."""
    return rarer_norms.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


def _loss(loss: Callable[..., Tensor], reduction: int, *args: Any, **options: Any) -> Tensor:
    """A loss whose reduction is given by number: 0 none, 1 mean, 2 sum.

    Raises:
        ValueError: It is another number.
    """
    if reduction not in (0, 1, 2):
        raise ValueError(f"{reduction!r} is not a valid value for reduction: 0 is 'none', 1 'mean', 2 'sum'")
    return loss(*args, **options, reduction=_REDUCTIONS[reduction])


def kl_div(input: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False) -> Tensor:
    """``nn.functional.kl_div`` with the reduction by number: 0 none (the default, as in PyTorch), 1 mean, 2 sum."""
    return _loss(losses.kl_div, reduction, input, target, log_target=log_target)


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None, reduction: int = 0
) -> Tensor:
    """``nn.functional.binary_cross_entropy_with_logits`` with the reduction by number."""
    return _loss(losses.binary_cross_entropy_with_logits, reduction, input, target, weight, pos_weight=pos_weight)


def cosine_embedding_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0) -> Tensor:
    """``nn.functional.cosine_embedding_loss`` with the reduction by number."""
    return _loss(rarer_losses.cosine_embedding_loss, reduction, input1, input2, target, margin)


def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0) -> Tensor:
    """``nn.functional.hinge_embedding_loss`` with the reduction by number."""
    return _loss(rarer_losses.hinge_embedding_loss, reduction, input, target, margin)


def margin_ranking_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0) -> Tensor:
    """``nn.functional.margin_ranking_loss`` with the reduction by number."""
    return _loss(rarer_losses.margin_ranking_loss, reduction, input1, input2, target, margin)


def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int) -> Tensor:
    """``nn.functional.poisson_nll_loss`` with the reduction by number; all arguments must be given."""
    return _loss(rarer_losses.poisson_nll_loss, reduction, input, target, log_input, full, eps=eps)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-06,
    swap: bool = False,
    reduction: int = 0,
) -> Tensor:
    """``nn.functional.triplet_margin_loss`` with the reduction by number."""
    return _loss(rarer_losses.triplet_margin_loss, reduction, anchor, positive, negative, margin, p, eps, swap)
