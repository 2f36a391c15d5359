"""Second names of operations, the forms of one bound only, and in-place forms as functions: ``greater``, ``clamp_min``, ``relu_``."""

from __future__ import annotations

from typing import Any

from ..core.basics import Array, neg
from ..core.basics import mul as multiply
from ..core.basics import neg as negative
from ..core.basics import sub as subtract
from ..core.graph import Tensor
from .arithmetic import atan2 as arctan2
from .arithmetic import div as divide
from .choosing import clamp
from .choosing import clamp as clip
from .comparing import ge as greater_equal
from .comparing import gt as greater
from .comparing import le as less_equal
from .comparing import lt as less
from .comparing import ne as not_equal
from .composite import composite
from .creation import tensor
from .functions import abs as absolute
from .functions import acos as arccos
from .functions import asin as arcsin
from .functions import atan as arctan
from .functions import trunc as fix
from .joining import vstack as row_stack

# In-place forms that PyTorch has as functions, too, of the operations that there are.
_WRITING = [
    "abs_", "acos_", "addmv_", "arccos_", "arcsin_", "arctan_", "asin_", "atan_", "ceil_", "clamp_", "clamp_max_",
    "clamp_min_", "clip_", "cos_", "cosh_", "detach_", "erf_", "erfc_", "exp_", "expm1_", "fill_", "fix_", "floor_",
    "frac_", "i0_", "log10_", "log1p_", "log2_", "log_", "logit_", "nan_to_num_", "neg_", "negative_", "reciprocal_",
    "relu_", "resize_as_", "round_", "rsqrt_", "sigmoid_", "sin_", "sinc_", "sinh_", "sqrt_", "square_", "tan_",
    "tanh_", "trunc_", "xlogy_", "zero_",
]  # fmt: skip

__all__ = [
    "absolute", "arccos", "arcsin", "arctan", "arctan2", "clamp_max", "clamp_min", "clip", "divide",
    "fix", "greater", "greater_equal", "less", "less_equal", "multiply", "negative", "not_equal", "positive",
    "row_stack", "rsub", "scalar_tensor", "subtract",
]  # fmt: skip
__all__ += _WRITING


def __getattr__(name: str) -> Any:
    """An in-place form, taken from Tensor when it is asked for: its family may not be imported yet."""
    if name in _WRITING:
        return getattr(Tensor, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@composite(method=True)
def clamp_min(input: Array, min: Any) -> Array:
    """:func:`clamp` with a lower bound, a number or a tensor."""
    return clamp(input, min)


@composite(method=True)
def clamp_max(input: Array, max: Any) -> Array:
    """:func:`clamp` with an upper bound, a number or a tensor."""
    return clamp(input, None, max)


@composite(method=True)
def positive(input: Array) -> Array:
    """The input itself.

    Raises:
        RuntimeError: It is bool.
    """
    if input.dtype.name == "bool":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@composite
def rsub(input: Array, other: Array, *, alpha: float = 1) -> Array:
    """other - alpha * input."""
    return neg(input * alpha if alpha != 1 else input) + other


@composite
def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Array:
    """A tensor without dimensions, of the default dtype if no other is given."""
    return tensor(float(s), dtype=dtype, device=device, requires_grad=requires_grad)
