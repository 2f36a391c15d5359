"""Matching: what may wait, what runs at once, and what makes an operation another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from trainings import lines_of, warm

import tinygrad_mlp as torch
from tinygrad_mlp.nn import functional as F

# ----------------------------------------------------------------------------------------------------- what may wait

A, B = torch.linspace(0.1, 0.9, 6).reshape(2, 3), torch.ones(3, 2)
INDEX = torch.tensor([[0, 1, 0], [1, 0, 1]])

WAITS: dict[str, Callable[[torch.Tensor], Any]] = {
    "arithmetic": lambda x: (x + 1) * 2 - x / 3,
    "functions": lambda x: x.exp().log().sqrt().sin().tanh().sigmoid(),
    "comparisons": lambda x: torch.where(x > 0.5, x, 0.0),
    "products": lambda x: x @ B,
    "sums": lambda x: x.sum(1).mean() + x.sum(),
    "extremes": lambda x: x.max(1).values + x.amin(),
    "views": lambda x: x.t()[1:].reshape(-1).unsqueeze(0).expand(2, 4) * 1,
    "joining": lambda x: torch.cat([x, x * 2]).sum(),
    "powers": lambda x: x**2 + x**0.5,
    "clamping": lambda x: x.clamp(0.2, 0.7),
    "softmax": lambda x: x.softmax(1).log() + x.log_softmax(0),
    "losses": lambda x: F.mse_loss(x, x * 2) + F.smooth_l1_loss(x, x * 3),
    "casts": lambda x: x.double() * 2,
    "layers": lambda x: F.linear(x, torch.ones(2, 3)),
    "norms": lambda x: F.layer_norm(x, (3,)),
    "triangles": lambda x: (x * 2).tril(),
    "sorting": lambda x: (x * 2).sort(1).values,
    "cumulative": lambda x: (x * 2).cumsum(1),
}
AT_ONCE: dict[str, tuple[Callable[[torch.Tensor], Any], str]] = {
    "masks": (lambda x: (x * 2)[x > 0.5].sum(), "its shape depends on values"),
    "nonzero": (lambda x: (x > 0.5).nonzero() * 1, "likewise"),
    "gather": (lambda x: (x * 2).gather(0, INDEX * 1) * 1, "it refuses indices out of range"),
    "repeat_interleave": (lambda x: (x * 2).repeat_interleave(INDEX[0] * 1, 1) * 1, "its shape depends on values"),
    "bincount": (lambda x: ((x * 2) > 1).int().flatten().bincount() * 1, "likewise"),
    "integer powers": (lambda x: (x * 3).int() ** ((x * 2).int()) * 1, "it refuses negative exponents"),
}


WHOLE = {  # what gives a shape that no values decide, and refuses none, but is not known to: it is no call of NumPy that takes ``out=``
    "triangles": {"tril"},
    "sorting": {"argsort", "gather"},
    "cumulative": {"cumsum"},
    "joining": {"_cat"},
    "extremes": {"argmax", "gather"},
}


def prompts(function: Callable[[torch.Tensor], Any]) -> set[str]:
    """The operations that run at once."""
    compiled = warm(torch.compile(function), A)
    return {line.op.name for line in lines_of(compiled) if line.prompt}


@pytest.mark.parametrize("name", WAITS)
def test_what_may_wait(name: str) -> None:
    assert prompts(WAITS[name]) == WHOLE.get(name, set())


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_runs_at_once(name: str) -> None:
    assert len(prompts(AT_ONCE[name][0])) >= 1


@pytest.mark.parametrize("name", [*WAITS, *AT_ONCE])
def test_the_values_are_the_functions(name: str) -> None:
    function = WAITS[name] if name in WAITS else AT_ONCE[name][0]
    compiled = torch.compile(function, fusion=False)
    for i in range(10):
        x = A + i % 5 / 5
        assert compiled(x).tolist() == function(x).tolist()


# ------------------------------------------------------------------------------------------------- what is another call


def both(function: Callable[..., Any], calls: list[Any]) -> Any:
    """The step after the calls, whose results are the function's; each comes five times."""
    compiled = torch.compile(function, fusion=False)
    for args in [call for call in calls for _ in range(5)] + calls:
        got, expected = compiled(*args), function(*args)
        assert (got.dtype, got.shape, got.tolist()) == (expected.dtype, expected.shape, expected.tolist()), args
    return compiled


def test_other_shapes_dtypes_and_strides() -> None:
    x = torch.linspace(-1.0, 1.0, 6).reshape(2, 3)
    calls = [
        (x,),
        (x[:1],),
        (x.t(),),
        (x.double(),),
        (x.half(),),
        (x[:, ::2],),
        (x.expand(2, 2, 3),),
        ((x * 10).int(),),
        (x > 0,),
    ]
    assert both(lambda x: x * 2 + 1, calls).count == 2 * len(calls)


def test_other_numbers_are_the_same_line() -> None:
    x = torch.ones(3)
    assert both(lambda x, n: x * n + 1, [(x, 2.0), (x, 3.0), (x, -0.0), (x, 1e300), (x, float("nan"))][:4]).count == 2
    assert both(lambda x, n: x * n + 1, [(x, 2), (x, 3), (x, 0), (x, 1)]).count == 2


def test_other_kinds_of_numbers_are_not() -> None:
    x = torch.arange(3)
    calls = [(x, 1), (x, 1.0), (x, True), (x, np.float64(1.0)), (x, np.int64(1)), (x, np.float32(1))]
    both(lambda x, n: x * n + 1, calls)


def test_numbers_that_a_forward_looks_at() -> None:
    x = torch.linspace(0.1, 1.0, 3)
    both(lambda x, n: torch.add(x, x, alpha=n) * 1, [(x, n) for n in (1.0, 0.5, 0.0, -1.0)])
    both(lambda x, n: x.pow(n) * 1, [(x, n) for n in (2.0, 0.5, 1.0, 0.0, -1.0, 3.0, 2.5)])
    both(lambda x, n: x.norm(p=n) * 1, [(x, n) for n in (1.0, 2.0, 3.0, float("inf"))])
    both(lambda x, n: F.leaky_relu(x - 0.5, n) * 1, [(x, n) for n in (0.0, 0.1, 1.0)])
    both(lambda x, n: F.smooth_l1_loss(x, x * 2, beta=n) * 1, [(x, n) for n in (1.0, 0.5, 0.0)])
    both(lambda x, n: F.cross_entropy(x[None], torch.tensor([1]), label_smoothing=n) * 1, [(x, n) for n in (0.0, 0.1, 1.0)])


def test_options_are_compared() -> None:
    x = torch.arange(24.0).reshape(2, 3, 4)
    both(lambda x, d: x.sum(d), [(x, d) for d in (0, 1, -1, (0, 1), (1, 0), None)])
    both(lambda x, d: x.sum(d, keepdim=True), [(x, d) for d in (0, [0, 1], (0, 1))])
    both(lambda x, *shape: x.reshape(*shape), [(x, 24), (x, 6, 4), (x, (6, 4)), (x, -1, 4), (x, [4, 6])])
    both(lambda x, i: x[i] * 1, [(x, i) for i in (0, 1, slice(0, 1), (0, 1), (..., 2), (slice(None), 1), None, -1)])
    both(lambda x, *d: x.permute(*d) * 1, [(x, 0, 1, 2), (x, 2, 1, 0), (x, (1, 0, 2))])
    both(lambda x, d: x.to(d), [(x, d) for d in (torch.float64, torch.int32, torch.float16, torch.bool)])


def test_arguments_by_name_and_in_place() -> None:
    x = torch.linspace(-1.0, 1.0, 6).reshape(2, 3)
    spelled: list[Callable[[torch.Tensor], torch.Tensor]] = [
        lambda x: torch.sum(x, 1),
        lambda x: torch.sum(x, dim=1),
        lambda x: torch.sum(input=x, dim=1),
        lambda x: torch.sum(x, dim=1, keepdim=False),
        lambda x: x.sum(1),
        lambda x: torch.sum(x, axis=1),
    ]
    both(lambda x, way: spelled[way](x), [(x, way) for way in range(len(spelled))])


def test_tensors_by_their_place() -> None:
    x, y = torch.ones(3), torch.full((3,), 2.0)

    def step(a: torch.Tensor, b: torch.Tensor, way: int) -> torch.Tensor:
        c, d = a * 2, b * 3
        return (c - d, d - c, c - c, a - c, c - b, d - a)[way] * 1

    both(step, [(*pair, way) for way in range(6) for pair in ((x, y), (y, x), (x, x))])


def test_gradients_are_part_of_it() -> None:
    x = torch.ones(3)
    w, v = torch.ones(3, requires_grad=True), torch.full((3,), 2.0)
    compiled = torch.compile(lambda a, b: a * b + 1, fusion=False)
    for a, b in [(x, w), (x, v), (w, x), (x, w * 1), (w, w), (v, v)] * 6:
        got = compiled(a, b)
        assert (got.requires_grad, got.tolist()) == (a.requires_grad or b.requires_grad, (a * b + 1).tolist())


def test_views_remain_views() -> None:
    def step(x: torch.Tensor) -> torch.Tensor:
        y = x * 2
        y.t()[0].add_(1)
        y.reshape(-1)[1:3].mul_(3)
        return y

    both(step, [(torch.ones(2, 3) * i,) for i in range(3)])


@pytest.mark.parametrize("read_only", [False, True])
def test_read_only_arrays_are_others(read_only: bool) -> None:
    compiled = torch.compile(lambda x: x * 2 + 1)
    for i in range(12):
        array = np.full(3, float(i))
        array.flags.writeable = not read_only or i % 4 < 2
        assert compiled(torch.from_numpy(array)).tolist() == [2.0 * i + 1] * 3


def test_the_default_dtype_is_part_of_it() -> None:
    """What is made of numbers alone has the default dtype, and so has what is computed of integers and floats."""
    step = torch.compile(lambda n: [n * 0.5, n / 2, n.sqrt(), n.float().mean(), n + torch.zeros(3)], fusion=False)
    n = torch.arange(3)
    try:
        for dtype in [torch.float32] * 5 + [torch.float64] * 5 + [torch.float32, torch.float64]:
            torch.set_default_dtype(dtype)
            expected = [n * 0.5, n / 2, n.sqrt(), n.float().mean(), n + torch.zeros(3)]
            assert [(t.dtype, t.tolist()) for t in step(n)] == [(t.dtype, t.tolist()) for t in expected]
    finally:
        torch.set_default_dtype(torch.float32)


def test_lines_say_whether_they_wait() -> None:
    compiled = warm(torch.compile(lambda x: (x.exp() * 2).gather(0, INDEX) + 1), A)
    prompt = {line.op.name: line.prompt for line in lines_of(compiled) if line.op is not None}
    assert prompt == {"exp": False, "mul": False, "gather": True, "add": False}


@pytest.mark.parametrize("columns", [0, 1])
def test_empty_and_single_arrays(columns: int) -> None:
    both(
        lambda x: (x.exp() * 2).sum() + x.mean(0).sum(),
        [(torch.ones(3, columns),), (torch.ones(columns, 2),), (torch.ones(2, 2),)][: 1 + columns],
    )
