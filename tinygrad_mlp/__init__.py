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
from .device import accelerator, device, xpu
from .dtypes import (
    bfloat16,
    can_cast,
    cdouble,
    cfloat,
    complex64,
    complex128,
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
from .dtypes import bool_ as bool
from .dtypes import float_ as float
from .dtypes import int_ as int
from .grad_mode import enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled
from .later import later as _later
from .legacy import (
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
    layout,
    set_default_tensor_type,
    strided,
    typename,
)
from .memory import keep_freed as _keep_freed
from .ops import *  # noqa: F403 - every operation's public name
from .ops.creation import tensor as tensor  # the function: mypy takes it for the file of that name
from .ops.index import FUNCTIONS as _FUNCTIONS

_keep_freed()

if _TYPE_CHECKING:
    from . import amp, autograd, backends, cuda, distributions, func, linalg, nn, optim, random, special, utils, version
    from . import checkpoints as checkpoints
    from . import testing as testing
    from .amp import GradScaler, autocast, is_autocast_enabled
    from .autograd.anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled
    from .blas import get_num_interop_threads, get_num_threads, set_num_interop_threads, set_num_threads
    from .compiling import compile
    from .cuda import OutOfMemoryError
    from .func.vmapping import vmap
    from .printing import set_printoptions
    from .serialization import load, save
    from .settings import (
        are_deterministic_algorithms_enabled,
        get_default_device,
        get_deterministic_debug_mode,
        get_float32_matmul_precision,
        is_deterministic_algorithms_warn_only_enabled,
        set_default_device,
        set_deterministic_debug_mode,
        set_float32_matmul_precision,
        set_flush_denormal,
        use_deterministic_algorithms,
    )
else:
    __getattr__, __dir__ = _later(
        __name__,
        {
            "GradScaler": ".amp",
            "OutOfMemoryError": ".cuda",
            "amp": ".amp",
            "are_deterministic_algorithms_enabled": ".settings",
            "autocast": ".amp",
            "autograd": ".autograd",
            "backends": ".backends",
            "checkpoints": ".checkpoints",
            "compile": ".compiling",
            "distributions": ".distributions",
            "func": ".func",
            "cuda": ".cuda",
            "get_default_device": ".settings",
            "get_deterministic_debug_mode": ".settings",
            "get_float32_matmul_precision": ".settings",
            "get_num_interop_threads": ".blas",
            "get_num_threads": ".blas",
            "is_anomaly_check_nan_enabled": ".autograd.anomaly",
            "is_anomaly_enabled": ".autograd.anomaly",
            "is_autocast_enabled": ".amp",
            "is_deterministic_algorithms_warn_only_enabled": ".settings",
            "linalg": ".linalg",
            "load": ".serialization",
            "nn": ".nn",
            "optim": ".optim",
            "random": ".random",
            "save": ".serialization",
            "serialization": ".serialization",
            "set_default_device": ".settings",
            "set_deterministic_debug_mode": ".settings",
            "set_float32_matmul_precision": ".settings",
            "set_flush_denormal": ".settings",
            "set_num_interop_threads": ".blas",
            "set_num_threads": ".blas",
            "set_printoptions": ".printing",
            "special": ".special",
            "testing": ".testing",
            "use_deterministic_algorithms": ".settings",
            "utils": ".utils",
            "vmap": ".func.vmapping",
            "version": ".version",
        },
        also={name: f".ops{family}" for name, family in _FUNCTIONS.items()},
    )

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "GradScaler",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "OutOfMemoryError",
    "ShortTensor",
    "Size",
    "Tensor",
    "__version__",
    "accelerator",
    "amp",
    "are_deterministic_algorithms_enabled",
    "autocast",
    "autograd",
    "backends",
    "bfloat16",
    "bool",
    "can_cast",
    "cdouble",
    "cfloat",
    "compile",
    "complex64",
    "complex128",
    "cuda",
    "device",
    "distributions",
    "double",
    "dtype",
    "e",
    "enable_grad",
    "finfo",
    "float",
    "float16",
    "float32",
    "float64",
    "func",
    "get_default_device",
    "get_default_dtype",
    "get_deterministic_debug_mode",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "get_num_threads",
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
    "is_autocast_enabled",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_floating_point",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "is_tensor",
    "layout",
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
    "random",
    "save",
    "set_default_device",
    "set_default_dtype",
    "set_default_tensor_type",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_grad_enabled",
    "set_num_interop_threads",
    "set_num_threads",
    "set_printoptions",
    "short",
    "special",
    "strided",
    "typename",
    "uint8",
    "use_deterministic_algorithms",
    "utils",
    "version",
    "vmap",
    "xpu",
]  # fmt: skip
__all__ += [*ops.__all__, *_FUNCTIONS]
