"""Layers, activations and losses as modules, and as functions in ``nn.functional``."""

from . import activations, functional, init, losses, utils
from .activations import *  # noqa: F403 - the file lists its public names in __all__
from .containers import ModuleDict, ModuleList, ParameterList, Sequential
from .dropout import Dropout
from .embedding import Embedding
from .linear import Bilinear, Flatten, Identity, Linear, Unflatten
from .losses import *  # noqa: F403 - the same
from .module import Module
from .normalisation import BatchNorm1d, LayerNorm
from .parameter import Buffer, Parameter

__all__ = [
    "BatchNorm1d",
    "Bilinear",
    "Buffer",
    "Dropout",
    "Embedding",
    "Flatten",
    "Identity",
    "LayerNorm",
    "Linear",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ParameterList",
    "Sequential",
    "Unflatten",
    "functional",
    "init",
    "utils",
]
__all__ += activations.__all__
__all__ += losses.__all__
