"""Every operation, a family a file: the only place with calculus."""

from ..engine import OPS
from ..tensor import Tensor
from . import creation, elementwise, indexing, interop, linalg, neural, random, reduction, shape

__all__ = ["creation", "elementwise", "indexing", "interop", "linalg", "neural", "random", "reduction", "shape"]

for _name, _operation in OPS.items():  # a method that only names its operation has that operation's documentation
    _method = vars(Tensor).get(_name)
    if callable(_method) and not _method.__doc__:
        _method.__doc__ = _operation.__doc__
