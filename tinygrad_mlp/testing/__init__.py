"""Tools for tests of one's own functions, layers, losses and optimizers.

:func:`gradcheck` and :func:`gradgradcheck` need NumPy alone; so does :func:`explain_backward`. What draws examples needs
hypothesis, which comes with ``pip install 'tinygrad_mlp[test]'``.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from .gradcheck import GradcheckError, gradcheck, gradgradcheck

if _TYPE_CHECKING:
    from .checks import CheckError, assert_equivalent, assert_gradients_match, check_loss, check_module, check_optimizer
    from .explain import explain_backward
    from .strategies import broadcastable_tensors, class_targets, matmul_operands, modules, programs, shapes, tensors

_LATER = {
    "CheckError": "checks",
    "assert_equivalent": "checks",
    "assert_gradients_match": "checks",
    "broadcastable_tensors": "strategies",
    "check_loss": "checks",
    "check_module": "checks",
    "check_optimizer": "checks",
    "class_targets": "strategies",
    "explain_backward": "explain",
    "matmul_operands": "strategies",
    "modules": "strategies",
    "programs": "strategies",
    "shapes": "strategies",
    "tensors": "strategies",
}


def __getattr__(name: str) -> _Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = _import_module(f".{_LATER[name]}", __name__)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "hypothesis":
            raise
        raise ModuleNotFoundError(
            f"tinygrad_mlp.testing.{name} draws examples with hypothesis, which is not installed: "
            "pip install 'tinygrad_mlp[test]'",
            name=error.name,
        ) from error
    value = globals()[name] = getattr(module, name)
    return value


__all__ = [
    "CheckError",
    "GradcheckError",
    "assert_equivalent",
    "assert_gradients_match",
    "broadcastable_tensors",
    "check_loss",
    "check_module",
    "check_optimizer",
    "class_targets",
    "explain_backward",
    "gradcheck",
    "gradgradcheck",
    "matmul_operands",
    "modules",
    "programs",
    "shapes",
    "tensors",
]
