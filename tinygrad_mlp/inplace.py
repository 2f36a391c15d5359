"""(for the time of the move)"""

from .core.primitive import OPS
from .ops import inplace as _i


def inplace(o, *a, **k):
    return _i.inplace(OPS[o] if isinstance(o, str) else o, *a, **k)
