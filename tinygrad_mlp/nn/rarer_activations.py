"""Rarer activation layers: functions of :mod:`.functional` as modules. Shapes ``(*) -> (*)``."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from . import functional as F
from .activations import _Activation, _Along, _Fixed, _InPlace
from .dropout import Dropout
from .module import Module

__all__ = [
    "GLU",
    "AlphaDropout",
    "FeatureAlphaDropout",
    "Hardshrink",
    "Hardswish",
    "RReLU",
    "Softmax2d",
    "Softmin",
    "Softshrink",
    "Tanhshrink",
    "Threshold",
]  # fmt: skip


class Hardswish(_InPlace, function=F.hardswish):
    """x min(max(x + 3, 0), 6) / 6. Howard et al. 2019.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.Hardswish()(torch.tensor([-4.0, 0.0, 3.0]))
    tensor([-0., 0., 3.])
    """

    def extra_repr(self) -> str:
        """Nothing: PyTorch does not show ``inplace`` here."""
        return ""


class _Shrinking(_Activation):
    """One that leaves out what is less than ``lambd``."""

    lambd: float

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__(lambd=lambd)

    def extra_repr(self) -> str:
        """The bound."""
        return str(self.lambd)


class Hardshrink(_Shrinking, function=F.hardshrink):
    """x where abs(x) > lambd, else 0."""


class Softshrink(_Shrinking, function=F.softshrink):
    """x - lambd where x > lambd, x + lambd where x < -lambd, else 0."""


class Tanhshrink(_Fixed, function=F.tanhshrink):
    """x - tanh(x)."""


class Threshold(_Activation, function=F.threshold):
    """x where x > threshold, else ``value``."""

    threshold: float
    value: float
    inplace: bool

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(threshold=threshold, value=value, inplace=inplace)


class GLU(_Activation, function=F.glu):
    """a sigmoid(b), a and b the halves of the input along ``dim``. Shapes ``(*, 2n, *) -> (*, n, *)``. Dauphin et al. 2017."""

    dim: int

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim=dim)


class Softmin(_Along, function=F.softmin):
    """exp(-x_i) / sum_j exp(-x_j) along ``dim``."""


class Softmax2d(Module):
    """The softmax over channels at each place. Shapes ``(N, C, H, W)`` or ``(C, H, W)``, in and out.

    Raises:
        ValueError: On a call: the input has other than 3 or 4 dimensions.
    """

    def forward(self, input: Tensor) -> Tensor:
        """exp(x_c) / sum_d exp(x_d), of channels c and d."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)


class RReLU(_Activation, function=F.rrelu):
    """x where x > 0, else r x, r drawn from U[lower, upper) in training, and in evaluation their mean. Xu et al. 2015."""

    lower: float
    upper: float
    inplace: bool

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__(lower=lower, upper=upper, inplace=inplace)

    def options(self) -> dict[str, Any]:
        """The function's keyword arguments, as they are now."""
        return {**super().options(), "training": self.training}

    def extra_repr(self) -> str:
        """The bounds."""
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")


class AlphaDropout(Dropout):
    """In training: sets elements to SELU's limit with probability p, so that mean and variance stay. Klambauer et al. 2017."""

    def forward(self, input: Tensor) -> Tensor:
        """``(*) -> (*)``."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(Dropout):
    """:class:`AlphaDropout` of whole channels. Shapes ``(N, C, *)``, in and out."""

    def forward(self, input: Tensor) -> Tensor:
        """``(N, C, *) -> (N, C, *)``."""
        return F.feature_alpha_dropout(input, self.p, self.training)
