"""Schedulers: how an optimizer's learning rates change over the epochs.

Each formula below is for lr_t, the learning rate of a group in epoch t = 0, 1, ..., where base_lr is what it was when
the scheduler was made. As in PyTorch most schedulers step *from the present value*, lr_t = lr_{t-1} * ratio, and so can
be combined on one optimizer, or given a new ``lr`` between two steps.
"""

from . import curves, cycles
from .base import LRScheduler
from .base import LRScheduler as _LRScheduler  # noqa: F401 - the name of earlier years, which programs derive from
from .curves import *  # noqa: F403 - the file lists its public names in __all__
from .cycles import *  # noqa: F403 - likewise
from .plateau import ReduceLROnPlateau
from .sequential import ChainedScheduler, SequentialLR

__all__ = ["ChainedScheduler", "LRScheduler", "ReduceLROnPlateau", "SequentialLR"]
__all__ += curves.__all__
__all__ += cycles.__all__
