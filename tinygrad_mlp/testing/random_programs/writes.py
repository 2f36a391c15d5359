"""Templates of lines that write to memory: in-place operations and assignments."""

from __future__ import annotations

from .elementwise import ELEMENTWISE_INPLACE
from .forms import forms
from .program import Shape
from .shapes import index_add, key, scatter
from .writer import Template, Value, Writer, nonempty, nowhere

__all__ = ["WRITES"]


def _assign(w: Writer, x: Value) -> str:
    where = key(w, x)
    value = w.pick((0, 1.5, 2)) if w.chance(50) else _source(w, x, w.pick(((), (1,), x.shape)))
    return f"!{x}[{where}] = {value}"


def _assign_advanced(w: Writer, x: Value) -> str:
    positions = f"torch.tensor({sorted({w.integer(0, x.shape[0] - 1) for _ in range(2)})}, dtype=torch.int64)"
    where = w.mask(x.shape) if w.chance(40) else positions
    return f"!{x}[{where}] = {w.pick((0, 1.5, _source(w, x, ())))}"


def _source(w: Writer, x: Value, shape: Shape) -> Value:
    return w.fresh(shape, w.dtype(x), grad=None if x.kind == "f" else False)


WRITES = [
    *ELEMENTWISE_INPLACE,
    *forms("fi", nowhere, "{}.zero_(); {}.fill_(2); {}.clamp_(-1, 1); {}.masked_fill_({mask}, 1)", inplace=True),
    *forms("f", nowhere, "F.elu({}, inplace=True); F.leaky_relu({}, 0.1, inplace=True)", inplace=True),
    *forms("fi", nowhere, "{}.sub_({other}, alpha=2); {}.copy_({other})", inplace=True),
    *forms("f", nowhere, "{}.detach().mul_(2); {}.div_({divisor}); {}.lerp_({same}, 0.25)", inplace=True),
    *forms("f", nowhere, "{}.addcmul_({tensor}.to({}.dtype), {same}.to({}.dtype), value={factor})", inplace=True),
    Template("setitem", _assign, kinds="fib", takes=nonempty, inplace=True),
    Template("setitem_advanced", _assign_advanced, kinds="fib", takes=nonempty, inplace=True),
    Template("scatter_add_", scatter("{}.scatter_add_({}, {}, {})"), takes=nonempty, inplace=True),
    Template("index_add_", index_add("{}.index_add_({}, {}, {}, alpha={})"), takes=nonempty, inplace=True),
]
