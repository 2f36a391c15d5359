"""Chains of elementwise instructions as loops that numba compiles: what ``compile(backend="numba")`` runs instead of blocks.

A loop reads an element of each array, computes the whole chain in registers, and writes what is read later; what only the
chain uses takes no memory at all. Where NumPy's update of Adam passes 13 times over the parameters, a loop passes once. Long loops are
divided between threads, see :mod:`.openblas`, which does not change a bit of what they compute.
"""

from ...ops.class_losses import class_losses, class_slopes
from ..instruction import Backend
from .chains import chained, fits
from .compiler import require_numba
from .cross_entropy import in_loop

__all__ = ["NUMBA", "require_numba"]

NUMBA = Backend(fits, chained, 1, {class_losses: in_loop, class_slopes: in_loop})
