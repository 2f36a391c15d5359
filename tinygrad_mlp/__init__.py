"""A small reverse-mode autodiff framework on NumPy, under PyTorch's names.

>>> import tinygrad_mlp as torch
>>> x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> loss = (x ** 2).sum()
>>> loss.backward()
>>> x.grad
tensor([2., 4., 6.])
"""

from math import e, inf, nan, pi
from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import explain as _explain  # noqa: F401 - errors that teach
from . import ops
from ._tensor import Size, Tensor, is_floating_point, is_tensor, numel
from ._version import __version__
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
from .later import later as _later
from .memory import keep_freed as _keep_freed
from .ops import *  # noqa: F403 - every operation's public name
from .ops.creation import tensor as tensor  # the function: mypy takes it for the file of that name
from .ops.index import FUNCTIONS as _FUNCTIONS

_keep_freed()

if _TYPE_CHECKING:
    from . import autograd, distributions, linalg, nn, optim, special, utils
    from . import checkpoints as checkpoints
    from . import testing as testing
    from .autograd.anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled
    from .compiling import compile
    from .printing import set_printoptions
    from .serialization import load, save
else:
    __getattr__, __dir__ = _later(
        __name__,
        {
            "autograd": ".autograd",
            "checkpoints": ".checkpoints",
            "compile": ".compiling",
            "distributions": ".distributions",
            "is_anomaly_check_nan_enabled": ".autograd.anomaly",
            "is_anomaly_enabled": ".autograd.anomaly",
            "linalg": ".linalg",
            "load": ".serialization",
            "nn": ".nn",
            "optim": ".optim",
            "save": ".serialization",
            "set_printoptions": ".printing",
            "special": ".special",
            "testing": ".testing",
            "utils": ".utils",
        },
        also={name: f".ops{family}" for name, family in _FUNCTIONS.items()},
    )

__all__ = [
    "Size", "Tensor", "__version__", "accelerator", "autograd", "backends", "bool", "can_cast", "compile", "cuda",
    "device", "distributions", "double", "dtype", "e", "enable_grad", "finfo", "float", "float16", "float32", "float64",
    "get_default_dtype", "half", "iinfo", "inf", "inference_mode", "int", "int8", "int16", "int32", "int64",
    "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "is_floating_point", "is_grad_enabled",
    "is_inference_mode_enabled", "is_tensor", "linalg", "load", "long", "nan", "nn", "no_grad", "numel", "optim", "pi",
    "promote_types", "save", "set_default_dtype", "set_grad_enabled", "set_printoptions", "short", "special", "uint8",
    "utils",
]  # fmt: skip
__all__ += [*ops.__all__, *_FUNCTIONS]
