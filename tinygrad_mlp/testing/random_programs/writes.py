"""Templates of lines that write to memory: in-place operations and assignments."""

from __future__ import annotations

from dataclasses import replace

from .elementwise import ELEMENTWISE_INPLACE, binary, forms, three
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


def _masked_fill(w: Writer, x: Value) -> str:
    return f"{x}.masked_fill_({w.mask(x.shape)}, 1)"


WRITES = [
    *ELEMENTWISE_INPLACE,
    *(replace(t, inplace=True) for t in forms("fi", nowhere, "{}.zero_(); {}.fill_(2); {}.clamp_(-1, 1)")),
    *(replace(t, inplace=True) for t in forms("f", nowhere, "F.elu({}, inplace=True); F.leaky_relu({}, 0.1, inplace=True)")),
    Template("detach_mul_", lambda w, x: f"{x}.detach().mul_(2)", inplace=True),
    Template("sub_alpha_", binary("{}.sub_({}, alpha=2)"), kinds="fi", inplace=True),
    Template("copy_", binary("{}.copy_({})"), kinds="fi", inplace=True),
    Template("div_", binary("{}.div_({})", positive=True), inplace=True),
    Template("setitem", _assign, kinds="fib", takes=nonempty, inplace=True),
    Template("setitem_advanced", _assign_advanced, kinds="fib", takes=nonempty, inplace=True),
    Template("masked_fill_", _masked_fill, kinds="fi", inplace=True),
    Template("lerp_", lambda w, x: f"{x}.lerp_({w.tensor(x.shape, x)}, 0.25)", inplace=True),
    Template("addcmul_", three("{0}.addcmul_({1}.to({0}.dtype), {2}.to({0}.dtype), value={3})"), inplace=True),
    Template("scatter_add_", scatter("{}.scatter_add_({}, {}, {})"), takes=nonempty, inplace=True),
    Template("index_add_", index_add("{}.index_add_({}, {}, {}, alpha={})"), takes=nonempty, inplace=True),
]
