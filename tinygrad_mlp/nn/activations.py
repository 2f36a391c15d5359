"""Activation layers: functions of :mod:`.functional` as modules. Shapes ``(*) -> (*)``."""

from __future__ import annotations

from .._tensor import Tensor
from ..device import DeviceLike
from ..dtypes import dtype
from ..ops.creation import full
from . import functional as F
from .function_module import FunctionModule
from .module import Module
from .parameter import Parameter

__all__ = [
    "CELU", "ELU", "GELU", "SELU", "Hardsigmoid", "Hardtanh", "LeakyReLU", "LogSigmoid", "LogSoftmax", "Mish", "PReLU",
    "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softplus", "Softsign", "Tanh",
]  # fmt: skip


class _Activation(FunctionModule):
    """A function of one tensor; its options are shown, ``inplace`` (write the result into the input) only if set."""

    def forward(self, input: Tensor) -> Tensor:
        """The function of the input, with this module's options."""
        return type(self)._function(input, **self.options())

    def extra_repr(self) -> str:
        """The options."""
        shown = {name: value for name, value in self.options().items() if name != "inplace" or value}
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())


class _Fixed(_Activation):
    """One without options."""

    def __init__(self) -> None:
        super().__init__()


class _InPlace(_Activation):
    """One with no option but ``inplace``."""

    inplace: bool

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace=inplace)


class _Along(_Activation):
    """One along a dimension."""

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)


class ReLU(_InPlace, function=F.relu):
    """max(x, 0). EE6132 lab, eq. 1.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.ReLU()(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """


class LeakyReLU(_Activation, function=F.leaky_relu):
    """x where x > 0, else negative_slope x. Maas et al. 2013."""

    negative_slope: float
    inplace: bool

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(negative_slope=negative_slope, inplace=inplace)


class PReLU(Module):
    """x where x > 0, else weight x, with a learned weight for all or for each channel (dimension 1). He et al. 2015.

    Args:
        num_parameters: 1, or the number of channels.
        init: The weight's initial value.

    Attributes:
        weight: ``(num_parameters,)``.
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: DeviceLike = None, dtype: dtype | None = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight: Parameter = Parameter(full((num_parameters,), init, dtype=dtype, device=device))

    def reset_parameters(self) -> None:
        """Set the weight to its initial value again."""
        self.weight.data.fill_(self.init)

    def forward(self, input: Tensor) -> Tensor:
        """x where x > 0, else weight x."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The number of weights."""
        return f"num_parameters={self.num_parameters}"


class ELU(_Activation, function=F.elu):
    """x where x > 0, else alpha (exp(x) - 1). Clevert et al. 2016."""

    alpha: float
    inplace: bool

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha=alpha, inplace=inplace)


class SELU(_InPlace, function=F.selu):
    """1.0507 x where x > 0, else 1.0507 * 1.6733 (exp(x) - 1). Klambauer et al. 2017."""


class CELU(_Activation, function=F.celu):
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1)). Barron 2017."""

    alpha: float
    inplace: bool

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha=alpha, inplace=inplace)


class GELU(_Activation, function=F.gelu):
    """x Phi(x), Phi the normal distribution function; approximated if ``approximate="tanh"``. Hendrycks & Gimpel 2016."""

    approximate: str

    def __init__(self, approximate: str = "none") -> None:
        super().__init__(approximate=approximate)


class SiLU(_InPlace, function=F.silu):
    """x sigmoid(x), also known as swish. Ramachandran et al. 2017."""


class Mish(_InPlace, function=F.mish):
    """x tanh(softplus(x)). Misra 2019."""


class Softplus(_Activation, function=F.softplus):
    """log(1 + exp(beta x)) / beta, and x itself where beta x > threshold."""

    beta: float
    threshold: float

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__(beta=beta, threshold=threshold)


class Softsign(_Fixed, function=F.softsign):
    """x / (1 + abs(x))."""


class Sigmoid(_Fixed, function=F.sigmoid):
    """1 / (1 + exp(-x)). EE6132 lab, eq. 3."""


class LogSigmoid(_Fixed, function=F.logsigmoid):
    """log(1 / (1 + exp(-x)))."""


class Tanh(_Fixed, function=F.tanh):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)). EE6132 lab, eq. 2."""


class Hardsigmoid(_InPlace, function=F.hardsigmoid):
    """min(max(x + 3, 0), 6) / 6."""

    def extra_repr(self) -> str:
        """Nothing: PyTorch does not show ``inplace`` here."""
        return ""


class Hardtanh(_Activation, function=F.hardtanh):
    """min(max(x, min_val), max_val).

    Raises:
        AssertionError: ``max_val`` is not greater than ``min_val``.
    """

    min_val: float
    max_val: float
    inplace: bool

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        if max_val <= min_val:
            raise AssertionError(f"max_val ({max_val}) must be greater than min_val ({min_val})")
        super().__init__(min_val=min_val, max_val=max_val, inplace=inplace)


class ReLU6(_InPlace, function=F.relu6):
    """min(max(x, 0), 6)."""


class Softmax(_Along, function=F.softmax):
    """exp(x_i) / sum_j exp(x_j) along ``dim``. EE6132 lab, eq. 4.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.Softmax(dim=1)(torch.zeros(1, 2))
    tensor([[0.5000, 0.5000]])
    """


class LogSoftmax(_Along, function=F.log_softmax):
    """x_i - log(sum_j exp(x_j)) along ``dim``."""
