"""Gradients on demand, gradients of functions, and users' own operations: PyTorch's ``torch.autograd``."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from ..engine import backward, grad
from ..grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from . import function, functional
from .anomaly import detect_anomaly, set_detect_anomaly
from .function import Function

if _TYPE_CHECKING:
    from ..testing.gradcheck import gradcheck, gradgradcheck

# PyTorch has them here. They stand on everything else, and are imported when they are first asked for.
_LATER = {"gradcheck", "gradgradcheck"}


def __getattr__(name: str) -> _Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(_import_module("tinygrad_mlp.testing"), name)
    return value


__all__ = [
    "Function",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]
