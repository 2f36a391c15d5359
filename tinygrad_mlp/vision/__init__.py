"""torchvision's names: ``datasets``, ``transforms`` and ``utils``, so that a program changes its import lines only.

>>> from tinygrad_mlp.vision import datasets, transforms, utils
>>> from tinygrad_mlp.vision.transforms import ToTensor
"""

import sys as _sys

from .. import datasets, transforms
from . import utils

for _room in (datasets, transforms):  # so that `import tinygrad_mlp.vision.transforms` finds them
    _sys.modules[f"{__name__}.{_room.__name__.rpartition('.')[2]}"] = _room

__all__ = ["datasets", "transforms", "utils"]
