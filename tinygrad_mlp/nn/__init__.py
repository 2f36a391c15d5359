"""Layers, activations and losses as modules, and as functions in ``nn.functional``."""

from ..later import later as _later
from . import activations, containers, functional, init, linear, losses, utils
from .activations import *  # noqa: F403 - each file lists its public names in __all__
from .containers import *  # noqa: F403
from .dropout import Dropout
from .embedding import Embedding
from .linear import *  # noqa: F403
from .losses import *  # noqa: F403
from .module import Module
from .normalisation import BatchNorm1d, LayerNorm
from .parameter import Buffer, Parameter

__all__ = [
    "BatchNorm1d", "Buffer", "Dropout", "Embedding", "LayerNorm", "Module", "Parameter", "functional", "init", "utils",
]  # fmt: skip
__all__ += activations.__all__
__all__ += containers.__all__
__all__ += linear.__all__
__all__ += losses.__all__

# The rarer ones are imported when they are first used.
__getattr__, __dir__ = _later(
    __name__,
    {
        "MultiheadAttention": ".attention",
        "Transformer": ".transformer",
        "TransformerDecoder": ".transformer",
        "TransformerDecoderLayer": ".transformer",
        "TransformerEncoder": ".transformer",
        "TransformerEncoderLayer": ".transformer",
    },
)
__all__ += [name for name in __dir__() if name not in globals()]
