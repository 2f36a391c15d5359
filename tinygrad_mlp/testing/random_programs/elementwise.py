"""Templates of elementwise operations.

Those of one or two operands follow from the operations themselves (:data:`.PRIMITIVES`): which they are, their dtypes, and
their function, method, operator and in-place forms. Only options, other operands, and what is no primitive have rows here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...core.primitive import OPS, PRIMITIVES, Primitive, signature
from ...ops.creation import from_numpy
from ...ops.reserve import all_families
from .forms import forms
from .program import LIBRARY
from .writer import Predicate, Template, Value, Writer, anywhere, nonzero, nowhere, off, within

__all__ = ["ELEMENTWISE", "ELEMENTWISE_INPLACE", "TANH"]

# ------------------------------------------------------------------------------------------------ from the operations

# Python's operators, by the names of their methods without underscores.
_SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "neg": "-", "invert": "~",
    "and": "&", "or": "|", "xor": "^", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip


def _declared(op: Primitive, key: str) -> Any:
    return OPS[op.name].declared.get(key)  # type: ignore[attr-defined] # every operation has it


def _symbol_of(op: Primitive) -> str | None:
    """The operator that the operation is, such as ``"+"``; None where it is none."""
    return _SYMBOLS.get(_declared(op, "operator"))


def _is_smooth(op: Primitive) -> bool:
    """Whether the operation has useful derivatives somewhere: else it rounds, or compares."""
    return _declared(op, "smooth") is not None


def _smooth_at(op: Primitive, *operands: Any) -> bool:
    """Whether the operation has continuous, moderate derivatives at all of these numbers, as its declaration says."""
    predicate, given = _declared(op, "smooth"), dict(zip(op.inputs, operands, strict=True))
    if predicate is None:
        return False
    with np.errstate(all="ignore"):
        return bool(np.all(predicate(*(np.asarray(given[name]) for name in signature(predicate)[0]))))


def _kinds(op: Primitive) -> str:
    """The kinds of dtypes for which the operation is elementwise, as two numbers, tried at once and one by one, show."""
    function = next((getattr(of, op.name) for of in (LIBRARY, LIBRARY.nn.functional, Tensor) if hasattr(of, op.name)), None)
    found = ""
    for kind, dtype in (("f", "float64"), ("i", "int64"), ("b", "bool")):
        pair = from_numpy(np.array([1, 2]).astype(dtype))
        try:
            both, *each = (function(*[x] * op.arity).numpy() for x in (pair, pair[:1], pair[1:]))  # type: ignore[misc]
        except (RuntimeError, TypeError, ValueError):
            continue
        if both.shape == (2,) and np.array_equal(both, np.concatenate(each), equal_nan=both.dtype.kind == "f"):
            found += kind
    return found


def _has_inplace(op: Primitive, kinds: str) -> bool:
    """Whether there is a form in place; what has no gradient gives the written tensor a history in PyTorch, and none here."""
    return hasattr(Tensor, f"{op.name}_") and ("f" not in kinds or op.rules[0] is not None)


def _templates_of(op: Primitive, kinds: str) -> Iterator[Template]:
    """An elementwise operation's lines: on a first operand, on a second one, and in place."""
    symbol = _symbol_of(op)
    rest = ", {}" if op.arity == 2 else ""
    rooms = ("torch", LIBRARY), ("F", LIBRARY.nn.functional)
    several = [f"{room}.{op.name}({{}}{rest})" for room, names in rooms if hasattr(names, op.name)][:1]
    if hasattr(Tensor, op.name):
        several.append(f"{{}}.{op.name}({rest[2:]})")
    if symbol:
        several.append(f"{{}} {symbol} {{}}" if op.arity == 2 else f"{symbol}{{}}")
    inplace = [f"{{}}.{op.name}_({rest[2:]})"] if _has_inplace(op, kinds) else []
    if op.arity == 2 and symbol in ("+", "-", "*", "/", "//", "%", "**", "&", "|", "^"):
        inplace.append(f"!{{}} {symbol}= {{}}")
    takes: Predicate = (lambda x: _smooth_at(op, x.array)) if op.name in _STEEP else anywhere
    for swapped in range(op.arity):
        smooth: Predicate = nowhere
        if _is_smooth(op):
            smooth = anywhere if op.arity == 2 else lambda x: _smooth_at(op, x.array)
        name = f"{op.name}, second operand" if swapped else op.name
        yield Template(name, _writes(op, several, bool(swapped)), smooth, takes, kinds)
    if inplace:
        yield Template(f"{op.name}_", _writes(op, inplace, False), takes=takes, kinds=kinds, inplace=True)


def _writes(op: Primitive, several: list[str], swapped: bool) -> Callable[[Writer, Value], str]:
    """One of the forms, with a second operand where the operation has two."""
    if op.arity == 1:
        return lambda w, x: w.pick(several).format(x)
    numbers = _symbol_of(op) is not None
    everywhere = not _is_smooth(op)

    def ordered(x: Any, y: Any) -> tuple[Any, Any]:
        return (y, x) if swapped else (x, y)

    positive = not (everywhere or all(_smooth_at(op, *ordered(1.0, y)) for y in (0.0, -1.0)))

    def write(w: Writer, x: Value) -> str:
        y = w.other(x, lambda y: everywhere or _smooth_at(op, *ordered(x.array, y)), positive=positive, number=numbers)
        number_first = swapped and y[0] not in "xv("
        return (several[-1] if number_first else w.pick(several)).format(*ordered(x.name, y))

    return write


# With lines of their own, or where PyTorch has another derivative, or none, or whose zeros are rounding.
_APART = {"atan2", "copysign", "heaviside", "igamma", "igammac", "nextafter", "sinc"}
_STEEP = {"digamma", "erfinv", "lgamma"}  # near their poles; taken where they are smooth
all_families()
_DERIVED = [
    template
    for op in PRIMITIVES.values()
    if op.arity in (1, 2) and not op.view and not op.open and op.name not in _APART and (kinds := _kinds(op))
    for template in _templates_of(op, kinds)
]
ELEMENTWISE_INPLACE = [template for template in _DERIVED if template.inplace]
TANH = next(template for template in _DERIVED if template.name == "tanh")


# ----------------------------------------------------------------------------------------- options, and other operands


def _where_above(w: Writer, x: Value) -> str:
    """With a number that a smooth operand is nowhere near."""
    point = w.pick([p for p in (0, 0.5, 1, -1, 2, -100) if not w.smooth or x.off(p)])
    return f"torch.where({x} > {point}, {x}, {x} * 0.5)"


def _clamp(w: Writer, x: Value) -> str:
    low, high = w.pick(((-0.5, 1), (0, None), (None, 0.5), (-2, 2), (1, -1)))
    if w.smooth and not x.off(*(p for p in (low, high) if p is not None)):
        low, high = -100, 100
    return f"torch.clamp({x}, {low}, {high})"


ELEMENTWISE = [
    *(template for template in _DERIVED if not template.inplace),
    *forms("fi", within(-7, 7), "{} ** 2"),
    *forms("fi", within(-3, 3), "{} ** 3"),
    *forms("fi", anywhere, "{} ** 0.5; {} ** -1.5", takes=within(0.2, 1e9)),
    *forms("fib", within(-20, 4), "2 ** {}"),
    *forms("fib", within(-4, 20), "0.5 ** {}"),
    *forms("fib", nonzero, "1 / {}"),
    *forms("fib", anywhere, "{}.contiguous(); {}.to(torch.float64)"),
    *forms(
        "fib", nowhere, "0 ** {}; {} ** 0; torch.fmod({}, 2); torch.round({}, decimals=1); {}.detach(); {}.bool(); {}.int()"
    ),
    *forms("fib", nowhere, "{}.to(torch.float32); {}.to(torch.int64)"),
    *forms("fib", nowhere, "torch.zeros_like({}); torch.ones_like({}); torch.full_like({}, 3)"),
    *forms("f", anywhere, 'F.gelu({}, approximate="tanh")'),
    *forms("f", off(1.55), "F.softplus({}, beta=2.0, threshold=3.1)"),
    *forms("f", off(0), "F.elu({}, alpha=0.5); F.selu({}); F.celu({}, alpha=1.5); F.leaky_relu({}, 0.2)"),
    *forms("f", off(0, 6), "F.relu6({})"),
    *forms("f", off(-0.5, 2), "F.hardtanh({}, -0.5, 2.0)"),
    *forms("fi", within(-20, 20), "torch.add({}, {other}, alpha=2); torch.sub({}, {other}, alpha=2)"),
    *forms(
        "fi", nowhere, 'torch.div({}, {divisor}, rounding_mode="floor"); torch.div({}, {divisor}, rounding_mode="trunc")'
    ),
    *forms("fi", nowhere, "torch.isclose({}, {other})"),
    *forms("f", nonzero, "torch.atan2({}, {steep}.to({}.dtype))", nonzero),  # to: of small integers PyTorch squares too much
    Template("clamp", _clamp, anywhere, kinds="fi"),
    *forms("f", anywhere, "torch.clamp({}, min={apart}); torch.clamp({}, max={apart})"),
    *forms("fib", anywhere, "torch.where({mask}, {}, {other}); torch.where({mask_like}, {}, {factor})"),
    Template("where_above", _where_above, off(-100), kinds="fi"),
    *forms("f", anywhere, "torch.masked_fill({}, {mask}, {factor}); torch.lerp({}, {tensor}, {part})"),
    *forms("f", within(-5, 5), "torch.lerp({}, {tensor}.to({}.dtype), {same}.to({}.dtype))"),
    *forms("f", within(-10, 10), "torch.addcmul({}, {tensor}.to({}.dtype), {same}.to({}.dtype), value={factor})"),
    *forms("f", within(-20, 20), "torch.addcdiv({}, {tensor}.to({}.dtype), {positive}.to({}.dtype), value={factor})"),
    *forms("f", off(0), "F.prelu({}, {slope})", off(0)),
]
