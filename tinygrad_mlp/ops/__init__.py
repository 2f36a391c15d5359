"""Every operation, a family a file: the only place with calculus. All public names are gathered here."""

from ..engine import OPS
from ..tensor import Tensor
from . import (
    activations,
    arithmetic,
    choosing,
    comparing,
    creation,
    functions,
    indexing,
    interop,  # noqa: F401 - registers what NumPy's functions do with tensors
    joining,
    linalg,
    losses,  # noqa: F401 - registers the losses
    memory,
    normalisation,
    norms,
    order,
    products,
    random,
    scattering,
    shape,
    sums,
)
from .activations import *  # noqa: F403 - each family lists its public names in __all__
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

__all__: list[str] = []
__all__ += activations.__all__
__all__ += arithmetic.__all__
__all__ += choosing.__all__
__all__ += comparing.__all__
__all__ += creation.__all__
__all__ += functions.__all__
__all__ += indexing.__all__
__all__ += joining.__all__
__all__ += linalg.__all__
__all__ += memory.__all__
__all__ += normalisation.__all__
__all__ += norms.__all__
__all__ += order.__all__
__all__ += products.__all__
__all__ += random.__all__
__all__ += scattering.__all__
__all__ += shape.__all__
__all__ += sums.__all__

for _name, _operation in OPS.items():  # a method that only names its operation has that operation's documentation
    _method = vars(Tensor).get(_name)
    if callable(_method) and not _method.__doc__:
        _method.__doc__ = _operation.__doc__
