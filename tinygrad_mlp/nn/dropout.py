"""Dropout: noise that a network trains with, so that no unit relies on another."""

from __future__ import annotations

from .._tensor import Tensor
from . import functional as F
from .module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training: zeroes each element with probability p, and scales the others by 1 / (1 - p).

    In evaluation mode it gives back its input. Srivastava et al. 2014.

    Args:
        p: The probability of an element to be zeroed.
        inplace: Write the result into the input.

    Raises:
        ValueError: ``p`` is not in [0, 1].

    >>> import tinygrad_mlp as torch
    >>> dropout = torch.nn.Dropout(0.5)
    >>> sorted(set(dropout(torch.ones(100)).tolist()))
    [0.0, 2.0]
    >>> dropout.eval()(torch.ones(3))
    tensor([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """``(*) -> (*)``."""
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}, inplace={self.inplace}"
