"""Numbers that may differ from call to call, and the expressions that compute them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from ..errors import GraphError

__all__ = ["Expressions", "Number", "is_number", "looked_at"]


def looked_at(what: str) -> NoReturn:
    """The step looks at values.

    Raises:
        GraphError: always.
    """
    raise GraphError(
        f"a compiled step cannot look at values ({what}): they would be those of the traced call for ever. Return the tensor "
        "and look at it outside; choose between values with where()"
    )


@dataclass
class Expressions:
    """How numbers are computed in each call.

    Attributes:
        numbers: Their names, by expression.
        guards: Comparisons, and how they came out: the program is for calls in which they come out so.
        environment: What the expressions name.
    """

    numbers: dict[str, str] = field(default_factory=dict)
    guards: list[tuple[str, bool]] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)

    def number(self, expression: str, value: float) -> Number:
        """A number computed from others."""
        number = Number(value)
        number.name, number.known = self.numbers.setdefault(expression, f"n{len(self.numbers)}"), self
        return number


def _spelled(value: Any) -> str:
    """A number as Python; infinity and nan have no literal."""
    if type(value) is Number:
        return value.name
    return repr(value) if isinstance(value, int) else f"float('{float(value)!r}')"


class Number(float):
    """A number that may differ from call to call: its value now, and the name that it has in the program."""

    __array_ufunc__ = None  # NumPy's numbers leave arithmetic to it

    name: str
    known: Expressions

    def _with(self, symbol: str, other: Any, compute: Callable[[Any, Any], Any], swapped: bool) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        mine, others = self.name, _spelled(other)
        left, right = (others, mine) if swapped else (mine, others)
        a, b = float(self), float(other) if isinstance(other, Number) else other
        return self.known.number(f"{left} {symbol} {right}", compute(b, a) if swapped else compute(a, b))

    def mapped(self, function: Callable[[float], float]) -> Number:
        """The function of the number, computed anew in each call."""
        name = f"function{len(self.known.environment)}"
        self.known.environment[name] = function
        return self.known.number(f"{name}({self.name})", function(float(self)))

    def _compared(self, symbol: str, other: Any, outcome: bool) -> bool:
        self.known.guards.append((f"({self.name} {symbol} {_spelled(other)})", outcome))
        return outcome

    def __neg__(self) -> Number:
        return self.known.number(f"-{self.name}", -float(self))

    def __abs__(self) -> Number:
        return self.known.number(f"abs({self.name})", abs(float(self)))

    def __pos__(self) -> Number:
        return self

    def __bool__(self) -> bool:
        return self._compared("!=", 0, float(self) != 0)

    def _rounded(self, *_: Any) -> Any:
        looked_at("a number of the optimizer, rounded")

    __int__: Any = _rounded
    __round__: Any = _rounded
    __trunc__: Any = _rounded
    __floor__: Any = _rounded
    __ceil__: Any = _rounded
    __divmod__: Any = _rounded
    __hash__: Any = float.__hash__


def _arithmetic(symbol: str, compute: Callable[[Any, Any], Any], swapped: bool) -> Callable[[Number, Any], Any]:
    return lambda self, other: self._with(symbol, other, compute, swapped)


def _comparison(symbol: str, compute: Callable[[Any, Any], bool]) -> Callable[[Number, Any], Any]:
    return lambda self, other: self._compared(symbol, other, compute(float(self), float(other)))


_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**", "floordiv": "//", "mod": "%"}
for _name, _symbol in _OPERATORS.items():
    _compute = getattr(operator, _name)
    setattr(Number, f"__{_name}__", _arithmetic(_symbol, _compute, swapped=False))
    setattr(Number, f"__r{_name}__", _arithmetic(_symbol, _compute, swapped=True))
for _name, _symbol in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="), ("eq", "=="), ("ne", "!=")):
    setattr(Number, f"__{_name}__", _comparison(_symbol, getattr(operator, _name)))


def is_number(value: Any) -> bool:
    """Whether it is a number, and not a truth value."""
    return isinstance(value, float | int | np.floating) and not isinstance(value, bool)
