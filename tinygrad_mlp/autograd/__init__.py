"""Gradients on demand, gradients of functions, and users' own operations: PyTorch's ``torch.autograd``."""

from ..engine import backward, grad
from ..grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from . import function, functional
from .function import Function

__all__ = [
    "Function",
    "backward",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "inference_mode",
    "no_grad",
    "set_grad_enabled",
]
