"""Templates that are text: a line with fields in it, which stand for what is drawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .writer import Predicate, Template, Value, Writer, anywhere

__all__ = ["FIELDS", "forms"]


# Each is drawn anew wherever it stands; {} is the first operand.
FIELDS: dict[str, Callable[[Writer, Value], Any]] = {
    "": lambda w, x: x,
    "affine": lambda w, x: "".join(f", {w.tensor(x.shape[-1:], x, mixed=False)}" for _ in range(2 * w.chance(50))),
    "alike": lambda w, x: w.tensor(x.shape, x, mixed=False),  # of the operand's shape and dtype
    "apart": lambda w, x: w.other(x, lambda y: abs(x.array - y) > 0.02, number=False),  # everywhere from the operand
    "dim": lambda w, x: w.dim(x),
    "divisor": lambda w, x: w.other(x, positive=True),
    "end": lambda w, x: w.pick((0, -1)),
    "factor": lambda w, x: w.pick((1, 0.5, -2) if x.kind == "f" else (1, 2)),
    "keep": lambda w, x: w.keep(),
    "few": lambda w, x: w.integer(1, 3),
    "mask": lambda w, x: w.mask(x.shape),
    "mask_like": lambda w, x: w.mask(w.like(x.shape) if w.chance(20) else x.shape),
    "new_dim": lambda w, x: w.dim(x, 1),
    "offset": lambda w, x: w.integer(-1, 1),
    "other": lambda w, x: w.other(x),
    "over": lambda w, x: "" if (dims := w.dims(x)) is None else f", {dims}{w.keep()}",  # every dimension, or some
    "over_one": lambda w, x: "" if w.chance(40) else f", {w.dim(x)}{w.keep()}",  # every dimension, or one
    "part": lambda w, x: w.pick((0.25, 0.75, 2)),
    "positive": lambda w, x: w.tensor(x.shape, x, positive=True),
    "reduction": lambda w, x: w.pick(("mean", "sum", "none")),
    "same": lambda w, x: w.tensor(x.shape, x),  # of the operand's shape
    "shift": lambda w, x: w.integer(-2, 3),
    "slope": lambda w, x: w.tensor((w.pick((1, x.shape[1] if x.ndim > 1 else 1)),), x),  # one, or one a channel
    "some": lambda w, x: ", ".join([x.name, *(w.tensor(x.shape, x) for _ in range(w.integer(1, 2)))]),  # with the operand
    "spread_dim": lambda w, x: w.pick([d for d in range(x.ndim) if x.shape[d] > 1 or not w.smooth] or [0]),
    "steep": lambda w, x: w.other(x, lambda y: abs(y) > 0.2, positive=True, number=False),
    "tensor": lambda w, x: w.other(x, number=False),
    "twice": lambda w, x: w.integer(1, 2),
    "unbiased": lambda w, x: w.pick(
        ("", ", unbiased=False", ", correction=0", ", keepdim=True", ", correction=1, keepdim=True")
    ),
    "which": lambda w, x: w.integer(0, 1),
    "width": lambda w, x: w.pick((1.0, 0.5)),
}


def _form(text: str) -> Callable[[Writer, Value], str]:
    return lambda w, x: re.sub(r"\{(\w*)\}", lambda field: str(FIELDS[field[1]](w, x)), text)


def forms(
    kinds: str, smooth: Predicate, texts: str, takes: Predicate = anywhere, *, inplace: bool = False
) -> list[Template]:
    """A template for each of the texts, between which there are semicolons."""
    return [Template(text, _form(text), smooth, takes, kinds, inplace) for text in texts.split("; ")]
