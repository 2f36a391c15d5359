"""Random programs from every template there is: smooth ones, whose derivatives can be checked, or any."""

from __future__ import annotations

import functools

import numpy as np

from .elementwise import ELEMENTWISE, TANH
from .products import PRODUCTS
from .program import RandomProgram
from .reductions import REDUCTIONS
from .shapes import SHAPES
from .writer import Choices, Template, Value, Writer, filled, nowhere
from .writes import WRITES

__all__ = ["TEMPLATES", "write"]

TEMPLATES: tuple[Template, ...] = (*ELEMENTWISE, *REDUCTIONS, *SHAPES, *PRODUCTS, *WRITES)


def _any_two(form: str) -> Template:
    return Template(form, lambda w, x: form.format(x, w.pick(w.values)), takes=filled)


# Besides every template with dtypes and arguments that its operation may not take: any two values where few pairs fit.
WILD: tuple[Template, ...] = TEMPLATES + tuple(
    _any_two(form)
    for form in [
        "torch.mm({}, {})", "torch.bmm({}, {})", "torch.dot({}, {})", "torch.mv({}, {})", "torch.outer({}, {})", "{} @ {}",
        "torch.cat([{}, {}], 1)", "torch.stack([{}, {}])", "torch.hstack([{}, {}])", "torch.inner({}, {})", "{} + {}",
        "F.embedding({}, {})", "F.mse_loss({}, {})", "torch.gather({}, 0, {})", "torch.index_select({}, 0, {})", "{}[{}]",
        "{}.view_as({})", "{}.expand_as({})", "torch.where({}, {}, 0)", "torch.masked_fill({}, {}, 0)", "{}.add_({})",
        "{}.copy_({})", "torch.equal({}, {})", "torch.maximum({}, {})", "torch.pow({}, {})", "{} & {}",
        "torch.lerp({}, {}, 0.5)", "torch.atan2({}, {})", "F.layer_norm({}, {}.shape)", "torch.broadcast_to({}, {}.shape)",
        "torch.scatter_add({0}, 0, {1}, {0})", "torch.take_along_dim({}, {}, 0)", "{}.reshape({}.shape)",
    ]
)  # fmt: skip


def write(choices: Choices, *, length: int, smooth: bool = True, grid: bool = False) -> RandomProgram:
    """A random program of ``length`` lines, or fewer; see :class:`Writer`.

    >>> from tinygrad_mlp.testing.random_programs import Seeded
    >>> program = write(Seeded("a"), length=2)
    >>> print(program)  # doctest: +ELLIPSIS
    import tinygrad_mlp as torch  # or: import torch
    ...
    >>> program(*program.inputs).requires_grad
    True
    """
    writer = Writer(choices, smooth=smooth, grid=grid)
    if smooth:
        _write_smooth(writer, length)
    else:
        _write_anything(writer, length)
    return writer.program()


def _write_smooth(writer: Writer, length: int) -> None:
    """Exactly ``length`` lines, each of which uses the result of the one before: all of them count."""
    x = writer.fresh(writer.shape())
    while len(writer.lines) < length:
        fitting = [t for t in TEMPLATES if t.smooth is not nowhere and t.takes(x) and t.smooth(x)]
        if not writer.line(x, writer.pick(fitting)):
            writer.line(x, TANH)
        x = writer.values[-1]


def _write_anything(writer: Writer, length: int) -> None:
    """At most ``length`` lines, each of which may read and write any value."""
    for _ in range(writer.integer(1, 2)):
        writer.fresh(writer.shape(), writer.dtype())
    for _ in range(length):
        back = min(writer.integer(0, 5), writer.integer(0, 5))
        x = writer.values[-1 - back % len(writer.values)]
        anything = writer.chance(3)
        writer.wild = not anything and writer.chance(5)
        fitting = WILD if anything else _by_kind(x.kind)
        for _ in range(8):
            template = writer.pick(fitting)
            if template.takes(x) and (not template.inplace or _writable(x) or (anything and x.size)):
                writer.line(x, template)
                break
        last = writer.values[-1]
        if last.kind == "f" and last.size and not np.abs(last.array).max() <= 1e4:
            break  # an in-place write went out of bounds: nothing after it would say much


def _writable(x: Value) -> bool:
    return x.size > 0 and not (x.requires_grad and x.tensor.is_leaf) and x.tensor.detach().numpy().flags.writeable


@functools.lru_cache
def _by_kind(kind: str) -> tuple[Template, ...]:
    return tuple(t for t in TEMPLATES if kind in t.kinds)
