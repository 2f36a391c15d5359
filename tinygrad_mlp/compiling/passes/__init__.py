"""What makes a traced program faster: :func:`optimized` rewrites its list of instructions.

1. :func:`lowered`: an operation becomes the calls of NumPy that it consists of, each with memory to write into;
2. :func:`shared`: what is computed twice is computed once, such as the exponentials of cross-entropy and its gradient;
3. :func:`unused`: what nobody reads is left out, and a result that is only copied goes where the copy went;
4. :func:`oriented`: activations of a batch smaller than the layer are kept with the batch last, as matrix products and additions of
   a bias are faster on them then;
5. :func:`chained`: neighbouring elementwise calls run together. With NumPy those on arrays too large for the cache run block by block, so
   that what one of them writes is still in the cache when the next reads it; with numba they are loops, of any size;
6. :func:`packed`: arrays that are not needed at the same time share memory.

What rounds differently than without fusion: matrix products and the gradients of biases, which are sums, and with numba the exponential,
within 2 units in the last place, and cross-entropy. All else is the same to the last bit. Nothing depends on the clock: the same step
gives the same bits every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...lending import owner
from ...ops.calls import bits_of, masked
from ...ops.class_losses import class_losses, class_slopes, class_total
from ..instruction import Backend, Instruction
from .chains import chained
from .lowering import lowered
from .orientation import oriented
from .packing import packed
from .redundant import shared, unused

__all__ = ["optimized"]


def optimized(instructions: Sequence[Instruction], live: set[int], moving: set[int], backend: Backend) -> list[Instruction]:
    """The instructions, rewritten.

    Args:
        instructions: Of the trace.
        live: Owners of memory that is read after the program, or by the next call.
        moving: Owners of memory that moves between calls: that of the arguments.
        backend: How chains are run.
    """
    program = [part for instruction in instructions for part in lowered(instruction, moving)]
    program = oriented(unused(shared(program, live), live), live, moving)
    program = packed(chained(program, live, moving, backend), live | moving)
    return [_direct(i, moving, backend) for i in program]


def _direct(instruction: Instruction, moving: set[int], backend: Backend) -> Instruction:
    """The instruction with a call that need not find out in each replay what is known now."""
    call: Any = instruction.call
    out = instruction.output
    if call in backend.calls:
        return replace(instruction, call=backend.calls[call](instruction))
    if call is masked and not any(owner(array) in moving for array in (*instruction.reads(), out)):
        source, keep = instruction.inputs
        bits = bits_of(out)
        source = bits if source is out else bits_of(source)
        return replace(instruction, call=np.multiply, inputs=[source, keep], output=bits)
    if call in (masked, class_losses, class_slopes, class_total):
        return replace(instruction, call=call.__wrapped__)  # the function itself, which does not look for stand-ins
    return instruction
