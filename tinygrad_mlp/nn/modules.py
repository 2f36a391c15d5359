"""PyTorch's ``nn.modules``: where programs that were written for it import layers and their base classes from.

>>> from tinygrad_mlp.nn.modules.loss import _Loss
>>> from tinygrad_mlp.nn.modules.activation import ReLU
>>> from tinygrad_mlp.nn.modules import Linear
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from .attention import NonDynamicallyQuantizableLinear
from .lazy import LazyModuleMixin
from .losses import _Loss, _WeightedLoss
from .normalisation import _BatchNorm, _NormBase
from .rarer_norms import InstanceNorm1d

__path__: list[str] = []  # a package, whose files are the modules below
_PLACES = (
    "activation", "adaptive", "batchnorm", "channelshuffle", "container", "conv", "distance", "dropout", "flatten", "fold",
    "instancenorm", "lazy", "linear", "loss", "module", "normalization", "padding", "pixelshuffle", "pooling", "rnn", "sparse",
    "transformer", "upsampling", "utils",
)  # fmt: skip


def _ntuple(n: int) -> Callable[[Any], tuple[Any, ...]]:
    """What makes a tuple of n of a number, and of n numbers as many."""
    return lambda x: tuple(x) if isinstance(x, Iterable) else (x,) * n


_BASES = {
    "LazyModuleMixin": LazyModuleMixin,
    "NonDynamicallyQuantizableLinear": NonDynamicallyQuantizableLinear,
    "_BatchNorm": _BatchNorm,
    "_InstanceNorm": InstanceNorm1d,
    "_Loss": _Loss,
    "_NormBase": _NormBase,
    "_WeightedLoss": _WeightedLoss,
    "_ntuple": _ntuple,
    "_pair": _ntuple(2),
    "_quadruple": _ntuple(4),
    "_single": _ntuple(1),
    "_triple": _ntuple(3),
}


def __getattr__(name: str) -> Any:
    """A layer, or a base class of layers."""
    if name in _BASES:
        return _BASES[name]
    layers: Any = sys.modules[__name__.rpartition(".")[0]]
    if name not in layers.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(layers, name)


for _place in _PLACES:
    _module = ModuleType(f"{__name__}.{_place}", __doc__)
    _module.__getattr__ = __getattr__  # type: ignore[method-assign] # PEP 562
    sys.modules[_module.__name__] = globals()[_place] = _module
