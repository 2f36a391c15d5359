"""A small reverse-mode autodiff framework on NumPy, under PyTorch's names.

>>> import tinygrad_mlp as torch
>>> x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> loss = (x ** 2).sum()
>>> loss.backward()
>>> x.grad
tensor([2., 4., 6.])
"""

from importlib import import_module as _import_module
from math import e, inf, nan, pi
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from . import autograd, linalg, nn, optim, utils
from ._version import __version__
from .autograd.anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled
from .device import accelerator, backends, cuda, device
from .dtypes import bool_ as bool
from .dtypes import (
    can_cast,
    double,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    long,
    promote_types,
    set_default_dtype,
    short,
    uint8,
)
from .dtypes import float_ as float
from .dtypes import int_ as int
from .grad_mode import enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled
from .memory import keep_freed as _keep_freed
from .ops import creation, elementwise, indexing, neural, random, reduction, shape
from .ops import linalg as products
from .ops.creation import *  # noqa: F403 - each family lists its public names in __all__
from .ops.elementwise import *  # noqa: F403 - likewise
from .ops.indexing import *  # noqa: F403 - likewise
from .ops.linalg import *  # noqa: F403 - likewise
from .ops.neural import *  # noqa: F403 - likewise
from .ops.random import *  # noqa: F403 - likewise
from .ops.reduction import *  # noqa: F403 - likewise
from .ops.shape import *  # noqa: F403 - likewise
from .printing import set_printoptions
from .tensor import Size, Tensor, is_floating_point, is_tensor, numel

_keep_freed()

if _TYPE_CHECKING:
    from .compiling import compile
    from .serialization import load, save

# What few programs use and what is slow to import is imported when it is first asked for.
_LATER = {"compile": "compiling", "load": "serialization", "save": "serialization"}


def __getattr__(name: str) -> _Any:
    if name in ("checkpoints", "testing"):
        return _import_module(f".{name}", __name__)
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(_import_module(f".{_LATER[name]}", __name__), name)
    return value


__all__ = [
    "Size",
    "Tensor",
    "__version__",
    "accelerator",
    "autograd",
    "backends",
    "bool",
    "can_cast",
    "compile",
    "cuda",
    "device",
    "double",
    "dtype",
    "e",
    "enable_grad",
    "finfo",
    "float",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "half",
    "iinfo",
    "inf",
    "inference_mode",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_floating_point",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "is_tensor",
    "linalg",
    "load",
    "long",
    "nan",
    "nn",
    "no_grad",
    "numel",
    "optim",
    "pi",
    "promote_types",
    "save",
    "set_default_dtype",
    "set_grad_enabled",
    "set_printoptions",
    "short",
    "uint8",
    "utils",
]
__all__ += creation.__all__
__all__ += elementwise.__all__
__all__ += indexing.__all__
__all__ += neural.__all__
__all__ += products.__all__
__all__ += random.__all__
__all__ += reduction.__all__
__all__ += shape.__all__

del creation, elementwise, indexing, neural, products, random, reduction, shape  # named for their __all__ alone
