"""Tools for tests of one's own functions, layers, losses and optimizers.

:func:`gradcheck` and :func:`gradgradcheck` need NumPy alone; so does :func:`explain_backward`. What draws examples needs
hypothesis, which comes with ``pip install 'tinygrad_mlp[test]'``.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from ..autograd.gradient_check import GradcheckError, gradcheck, gradgradcheck
from ..later import later as _later

if _TYPE_CHECKING:
    from . import fuzz as fuzz
    from .checks import CheckError, assert_equivalent, assert_gradients_match, check_loss, check_module, check_optimizer
    from .explain import explain_backward, keep_values
    from .strategies import broadcastable_tensors, class_targets, matmul_operands, modules, programs, shapes, tensors
else:
    __getattr__, __dir__ = _later(
        __name__,
        {
            "CheckError": ".checks",
            "assert_equivalent": ".checks",
            "assert_gradients_match": ".checks",
            "broadcastable_tensors": ".strategies",
            "check_loss": ".checks",
            "check_module": ".checks",
            "check_optimizer": ".checks",
            "class_targets": ".strategies",
            "explain_backward": ".explain",
            "fuzz": ".fuzz",
            "keep_values": ".explain",
            "matmul_operands": ".strategies",
            "modules": ".strategies",
            "programs": ".strategies",
            "shapes": ".strategies",
            "tensors": ".strategies",
        },
        needs=("hypothesis", "test"),
    )

__all__ = [
    "CheckError", "GradcheckError", "assert_equivalent", "assert_gradients_match", "broadcastable_tensors", "check_loss",
    "check_module", "check_optimizer", "class_targets", "explain_backward", "gradcheck", "gradgradcheck", "keep_values",
    "matmul_operands", "modules", "programs", "shapes", "tensors",
]  # fmt: skip
