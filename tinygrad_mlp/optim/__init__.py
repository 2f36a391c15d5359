"""Optimizers, and schedulers of their learning rates (``optim.lr_scheduler``)."""

from typing import TYPE_CHECKING

from ..later import later as _later
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam, AdamW, NAdam
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

if TYPE_CHECKING:
    from . import lr_scheduler
else:
    __getattr__, __dir__ = _later(__name__, {"lr_scheduler": ".lr_scheduler"})

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "NAdam", "Optimizer", "RMSprop", "lr_scheduler"]
