"""Every operation, a family a file: the only place with calculus. All public names are gathered here.

Families that few programs use are not imported here, but when one of their operations is first asked for: ``reserve.py``.
"""

import sys

from ..core import basics
from ..core.basics import *  # noqa: F403 - each family lists its public names in __all__
from . import interop, losses, out, reserve  # noqa: F401 - registers what NumPy's functions do with tensors, the losses, and more
from .activations import *  # noqa: F403 - likewise
from .arithmetic import *  # noqa: F403 - likewise
from .choosing import *  # noqa: F403 - likewise
from .comparing import *  # noqa: F403 - likewise
from .creation import *  # noqa: F403 - likewise
from .functions import *  # noqa: F403 - likewise
from .indexing import *  # noqa: F403 - likewise
from .joining import *  # noqa: F403 - likewise
from .linalg import *  # noqa: F403 - likewise
from .memory import *  # noqa: F403 - likewise
from .normalisation import *  # noqa: F403 - likewise
from .norms import *  # noqa: F403 - likewise
from .order import *  # noqa: F403 - likewise
from .products import *  # noqa: F403 - likewise
from .random import *  # noqa: F403 - likewise
from .scattering import *  # noqa: F403 - likewise
from .shape import *  # noqa: F403 - likewise
from .sums import *  # noqa: F403 - likewise

_FAMILIES = (
    "activations", "arithmetic", "choosing", "comparing", "creation", "functions", "indexing", "joining", "linalg", "memory",
    "normalisation", "norms", "order", "products", "random", "scattering", "shape", "sums",
)  # fmt: skip
__all__ = [*basics.__all__, *(name for family in _FAMILIES for name in sys.modules[f"{__name__}.{family}"].__all__)]
