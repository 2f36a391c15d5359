"""A softmax over many classes, of which the rarer ones are in clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .._tensor import Tensor
from ..device import DeviceLike
from ..dtypes import dtype
from ..ops.choosing import where
from ..ops.creation import zeros
from ..ops.joining import cat
from . import functional as F
from .containers import ModuleList, Sequential
from .linear import Linear
from .module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    """The log-probability of each row's target, and the loss, which is their negative mean."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """The log-softmax of classes sorted by frequency: the head has the most frequent ones and the clusters of the others.

    A cluster has its classes' logits by two maps, through fewer features the rarer they are. Grave et al. 2017.

    Args:
        in_features: Size of each input vector.
        n_classes: The number of classes, 0 the most frequent one.
        cutoffs: Where each cluster begins.
        div_value: Cluster i has ``in_features / div_value^(i + 1)`` features.
        head_bias: Whether the head has a bias.
        device: The CPU, or None.
        dtype: Of the parameters; the default dtype where None.

    Raises:
        ValueError: ``cutoffs`` is not sorted, without repetition, and from 1 to ``n_classes - 1``.
        RuntimeError: On a call: sizes do not agree, or a target is no class.

    >>> import tinygrad_mlp as torch
    >>> softmax = torch.nn.AdaptiveLogSoftmaxWithLoss(16, 100, cutoffs=[10, 50])
    >>> output, loss = softmax(torch.ones(3, 16), torch.tensor([0, 20, 99]))
    >>> output.shape, softmax.log_prob(torch.ones(3, 16)).shape
    (torch.Size([3]), torch.Size([3, 100]))
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        given = list(cutoffs)
        if not given:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        rising = all(a < b for a, b in zip([0, *given], [*given, n_classes], strict=True))
        if not rising or any(int(cutoff) != cutoff for cutoff in given):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value is "
                f"between 1 and n_classes-1, got {given} for {n_classes} classes"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs: list[int] = [*given, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size: int = self.cutoffs[0]
        self.n_clusters: int = len(given)
        self.head_size: int = self.shortlist_size + self.n_clusters
        self.head: Linear = Linear(in_features, self.head_size, bias=head_bias, device=device, dtype=dtype)
        self.tail: ModuleList = ModuleList()
        for i, (low, high) in enumerate(zip(self.cutoffs, self.cutoffs[1:], strict=False)):
            features = int(in_features // div_value ** (i + 1))
            into = Linear(in_features, features, bias=False, device=device, dtype=dtype)
            self.tail.append(Sequential(into, Linear(features, high - low, bias=False, device=device, dtype=dtype)))

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        self.head.reset_parameters()
        for module in self.tail.modules():
            if isinstance(module, Linear):
                module.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        """``(N, in_features), (N,) -> (N,), ()``; or without N."""
        if target_.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if (input_.shape[0] != target_.shape[0]) if target_.ndim else input_.ndim != 1:
            raise RuntimeError(
                f"Input and target should have the same size in the batch dimension, got {tuple(input_.shape)} and "
                f"{tuple(target_.shape)}"
            )
        rows, target = (input_, target_) if target_.ndim else (input_.unsqueeze(0), target_.unsqueeze(0))
        if target.numel() and not 0 <= target.min().item() <= target.max().item() < self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range [{target.min().item()}, "
                f"{target.max().item()}] were found. "
            )
        head = F.log_softmax(self.head(rows), 1)
        place, rest = target, zeros(target.shape, dtype=head.dtype)
        for i, tail in enumerate(self.tail):
            low, high = self.cutoffs[i : i + 2]
            (inside,) = ((target >= low) & (target < high)).nonzero(as_tuple=True)
            if inside.numel():
                share = F.log_softmax(tail(rows[inside]), 1).gather(1, (target[inside] - low).unsqueeze(1)).squeeze(1)
                rest = rest.index_add(0, inside, share)
                place = where((target >= low) & (target < high), self.shortlist_size + i, place)
        output = head.gather(1, place.unsqueeze(1)).squeeze(1) + rest
        loss = (-output).mean()
        return _ASMoutput(output if target_.ndim else output.squeeze(0), loss)

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes, ``(N, in_features) -> (N, n_classes)``."""
        head = F.log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for i, tail in enumerate(self.tail):
            parts.append(F.log_softmax(tail(input), 1) + head[:, self.shortlist_size + i].unsqueeze(1))
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row, ``(N, in_features) -> (N,)``."""
        return self.log_prob(input).argmax(1)
