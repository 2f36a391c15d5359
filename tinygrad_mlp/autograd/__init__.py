"""Gradients on demand, gradients of functions, and users' own operations: PyTorch's ``torch.autograd``."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from ..core.backward import backward
from ..grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from ..later import later as _later
from . import function
from .function import Function
from .gradients import grad

if _TYPE_CHECKING:
    from . import forward_ad, functional, graph
    from .anomaly import detect_anomaly, set_detect_anomaly
    from .gradient_check import gradcheck, gradgradcheck
    from .variable import Variable
else:
    __getattr__, __dir__ = _later(
        __name__,
        {
            "detect_anomaly": ".anomaly",
            "forward_ad": ".forward_ad",
            "functional": ".functional",
            "gradcheck": ".gradient_check",
            "graph": ".graph",
            "gradgradcheck": ".gradient_check",
            "set_detect_anomaly": ".anomaly",
            "Variable": ".variable",
            "variable": ".variable",
        },
    )

__all__ = [
    "Function", "Variable", "backward", "detect_anomaly", "enable_grad", "forward_ad", "function", "functional", "grad", "gradcheck",
    "gradgradcheck", "graph", "inference_mode", "no_grad", "set_detect_anomaly", "set_grad_enabled",
]  # fmt: skip
