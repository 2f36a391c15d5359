"""The core: a Tensor, the graph it leaves behind, and the walk back through it. It imports nothing from the rest of the package.

To read it in one sitting, take the files in this order:

1. ``state.py``: whether operations are recorded, per thread; who is told of them (errors.py: what is raised);
2. ``promotion.py``: which dtype an operation computes in;
3. ``lines.py``: the line of the user's program that ran an operation;
4. ``primitive.py``: an operation: a forward on arrays, and one rule per input that asks by name for what it needs;
5. ``graph.py``: the Tensor, the nodes of the graph, and the counter of writes to memory;
6. ``apply.py``: running an operation and recording it; views;
7. ``basics.py``: the operations of a multi-layer perceptron, with their calculus;
8. ``backward.py``: the walk back;
9. ``tensor.py``: what a Tensor can do by itself.
"""

from . import basics, tensor
from .apply import primitive
from .backward import backward
from .graph import Tensor

__all__ = ["Tensor", "backward", "basics", "primitive", "tensor"]
