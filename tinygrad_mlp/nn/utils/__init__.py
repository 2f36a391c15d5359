"""Functions on modules: clipping of gradients, parameters as one vector; and other tensors in the place of parameters."""

from ...later import later as _later
from . import clip_grad, convert_parameters
from .clip_grad import *  # noqa: F403 - each file lists its public names in __all__
from .convert_parameters import *  # noqa: F403

# The rarer ones are imported when they are first used.
__getattr__, __dir__ = _later(
    __name__,
    {
        "parametrizations": ".parametrizations",
        "parametrize": ".parametrize",
        "prune": ".prune",
        "remove_spectral_norm": ".hooked_norms",
        "remove_weight_norm": ".hooked_norms",
        "rnn": ".rnn",
        "spectral_norm": ".hooked_norms",
        "stateless": ".stateless",
        "weight_norm": ".hooked_norms",
    },
)
__all__ = [*clip_grad.__all__, *convert_parameters.__all__]
__all__ += [name for name in __dir__() if name not in globals()]
