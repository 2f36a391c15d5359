"""Optimizers, and schedulers of their learning rates (``optim.lr_scheduler``)."""

from typing import TYPE_CHECKING

from ..later import later as _later
from .adam import Adam, AdamW
from .optimizer import Optimizer
from .sgd import SGD

if TYPE_CHECKING:
    from . import lr_scheduler, swa_utils
    from .adadelta import Adadelta
    from .adagrad import Adagrad
    from .adam import NAdam
    from .adamax import Adamax, RAdam
    from .asgd import ASGD
    from .lbfgs import LBFGS
    from .rmsprop import RMSprop
    from .rprop import Rprop
else:
    __getattr__, __dir__ = _later(
        __name__,
        {
            "ASGD": ".asgd",
            "Adadelta": ".adadelta",
            "Adagrad": ".adagrad",
            "Adamax": ".adamax",
            "LBFGS": ".lbfgs",
            "NAdam": ".adam",
            "RAdam": ".adamax",
            "RMSprop": ".rmsprop",
            "Rprop": ".rprop",
            "lr_scheduler": ".lr_scheduler",
            "swa_utils": ".swa_utils",
        },
    )

__all__ = [
    "ASGD", "LBFGS", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "Optimizer", "RAdam", "RMSprop", "Rprop",
    "lr_scheduler", "swa_utils",
]  # fmt: skip
