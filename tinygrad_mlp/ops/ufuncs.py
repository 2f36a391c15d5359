"""Operations that NumPy has as a ufunc: of one tensor or two, element by element, with broadcasting.

They differ in the ufunc and in what is declared of it, so each is a line: name, ufunc, docstring, one rule per input as for
:func:`~tinygrad_mlp.core.apply.primitive`, and what else it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..core.apply import primitive
from ..core.basics import Array
from ..core.primitive import on_operation
from .composite import Operation, called
from .dims import tensor_only

__all__ = ["ufunc_operations"]


def ufunc_operations(module: str) -> Callable[..., Operation]:
    """What makes the operations that ``module`` has names for; each is a method of Tensor, too."""

    def operation(name: str, ufunc: Any, doc: str, /, *rules: Callable[..., Any] | None, **declared: Any) -> Operation:
        def of_one(input: Array, *, out: Array = None) -> Array:
            return ufunc(input, out=out)

        def of_two(input: Array, other: Array, *, out: Array = None) -> Array:
            return ufunc(input, other, out=out)

        def of_tensors(input: Array, other: Array, *, out: Array = None) -> Array:
            tensor_only(name, input=input, other=other)
            return ufunc(input, other, out=out)

        if declared.get("numbers") is False:
            of_two = of_tensors
        forward = called(of_one if len(rules) == 1 else of_two, module, name, doc)
        return primitive(*rules, **{"method": True, "ufunc": ufunc, **declared})(forward)

    return operation


@on_operation
def _hide_out(operation: Any) -> None:
    """``out``, the memory that a forward may compute in, is no argument of the operation, so its signature does not show it."""
    if hasattr(operation, "primitive") and operation.primitive.takes_out:
        whole = inspect.signature(operation)
        shown = [parameter for name, parameter in whole.parameters.items() if name != "out"]
        operation.__signature__ = whole.replace(parameters=shown)
