"""Users' Functions that give back their input, or a view of it, and writes into either: never a wrong gradient."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_mlp as tg

# What the Function returns, and the gradient of its input for that of its output.
RETURNED: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "the input": (lambda library, x: x, lambda library, g: g * -2),
    "a view of all": (lambda library, x: x.view_as(x), lambda library, g: g * -2),
    "a view of the first": (lambda library, x: x[:1], lambda library, g: library.cat([g * -2, library.zeros(1)])),
    "a view of another shape": (lambda library, x: x.view(2, 1), lambda library, g: (g * -2).view(2)),
    "a new tensor": (lambda library, x: x * -2, lambda library, g: g * -2),
    "the input, written": (lambda library, x: x.mul_(-2), lambda library, g: g * -2),
}
PASSED = {
    "a tensor": lambda b: b,
    "a view of all": lambda b: b[:],
    "the first": lambda b: b.view(1, 2)[0],
}
WRITTEN: dict[str, Callable[..., Any]] = {
    "nothing": lambda b, v, out: None,
    "the output": lambda b, v, out: out.mul_(5),
    "a view of the output": lambda b, v, out: out[:1].mul_(5),
    "what was passed": lambda b, v, out: v.mul_(5),
    "its owner": lambda b, v, out: b.mul_(5),
    "a part of its owner": lambda b, v, out: b[1:].mul_(5),
}
READ: dict[str, Callable[..., Any]] = {
    "the output": lambda b, v, out: out,
    "what was passed": lambda b, v, out: v,
    "its owner": lambda b, v, out: b,
}


def gradient(library: Any, returned: str, passed: str, written: str, read: str) -> list[float] | None:
    """The gradient of the sum of squares of what is read; None where it is refused."""
    result, rule = RETURNED[returned]

    class F(library.autograd.Function):  # type: ignore[name-defined,misc]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            if returned == "the input, written":
                ctx.mark_dirty(x)
            return result(library, x)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return rule(library, g)

    x = library.tensor([1.0, 2.0], requires_grad=True)
    b = x * 1
    v = PASSED[passed](b)
    try:
        out = F.apply(v)
        WRITTEN[written](b, v, out)
        seen = READ[read](b, v, out)
        (seen * seen).sum().backward()
    except RuntimeError:
        return None
    return x.grad.tolist()


@pytest.mark.parametrize("returned", RETURNED)
@pytest.mark.parametrize("passed", PASSED)
def test_as_in_pytorch_or_refused(returned: str, passed: str) -> None:
    torch = pytest.importorskip("torch", reason="the gradients are PyTorch's")
    for written, read in itertools.product(WRITTEN, READ):
        expected, got = (gradient(library, returned, passed, written, read) for library in (torch, tg))
        assert got == expected, (returned, passed, written, read)
