"""Random programs, run by this library and by PyTorch: a difference is shrunk and printed as a script.

::

    python -m tinygrad_mlp.testing.fuzz --programs 100000 [--seed 0] [--jobs 1]
    python -m tinygrad_mlp.testing.fuzz --only 4711        # that program alone

Each program (:mod:`..random_programs`) has up to twelve lines over mixed dtypes, with views, in-place writes, ties, indexing,
reductions, products, losses, and now and then arguments that make no sense. Compared are, of every value, dtype, shape, ``requires_grad`` and
numbers; the gradients of all values together by every input, and the gradients of those; and that a line raises in both
libraries or in neither, here an error that catches PyTorch's.

A program follows from the seed and its number alone. Not counted as a difference:

* rounding: what PyTorch does, too, where the value of each line is moved to this library's, from which it is no further than the
  comparison allows; and gradients that agree in float64, and that part as much in one of the libraries alone when its operations
  round another way (:class:`.Rounding`). A wrong rule is as wrong in float64, and however its numbers are rounded;
* writes to what one library had to copy and the other could view, if both agree when both copy;
* second derivatives that PyTorch gives, too, where it keeps their graph, or that are finite at a singular point here alone;
* the cases of :data:`DEVIATIONS` and :data:`STRICTER`, where one of the libraries raises and the other need not.
"""

from .comparing import Mismatch, compare
from .deviations import DEVIATIONS, STRICTER
from .report import Report, fuzz, main, program_number
from .shrinking import script, shrink

__all__ = ["DEVIATIONS", "STRICTER", "Mismatch", "Report", "compare", "fuzz", "main", "program_number", "script", "shrink"]
