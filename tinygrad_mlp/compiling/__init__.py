"""A training step as a flat program: traced once, replayed into memory that is kept.

:func:`compile` runs a function and notes its operations, forward, backward and the optimizer's update alike. What comes out is
a :class:`Program`: a list of instructions, each an operation, the memory that it reads and the memory that it writes. Replaying it
computes the same things into the same places: nothing is allocated, no graph is built and no view is taken again.

What may change between calls, and what that does:

* the values of the arguments' tensors, of parameters, buffers and optimizer states: read where they are, each time;
* learning rates, momenta and step counts, which optimizers keep as Python numbers: computed anew before each replay;
* random numbers: drawn anew, from the same streams in the same order as without compiling;
* shapes, dtypes or other arguments, a module's mode, a comparison of a number (such as ``if momentum != 0``): another
  program is traced for them; programs are kept, so that a short last batch costs one more trace.

A step that looks at values (``item()``, ``bool()``, ``numpy()``), or whose tensors have shapes that depend on values, cannot be
replayed, and says so when it is traced. If an argument's tensor requires grad, the function is called as it is.

What a step reads from Python is as it was when it was traced: numbers in variables and attributes, lists, the outcome of an ``if``,
and what ``math.sqrt`` and its like make of an optimizer's number (``** 0.5`` is computed anew). Setting an attribute of a module is
the exception: it traces anew. What a step does to Python happens when it is traced, and not again: printing, appending to a list,
``scheduler.step()`` (which refuses). The tensors that it returns have no history, and the gradients that it leaves in ``.grad`` are
overwritten by the next call. A method is compiled bound: ``compile(trainer.step)``.
"""

from .program import Program
from .step import compile

__all__ = ["Program", "compile"]
