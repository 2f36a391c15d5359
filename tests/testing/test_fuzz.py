"""The fuzzer finds nothing in the library, and finds and shrinks what is broken on purpose."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.testing import fuzz
from tinygrad_mlp.testing.random_programs import Leaf, Program, Step

torch = pytest.importorskip("torch", reason="the fuzzer compares with PyTorch")

PROGRAMS = 400


def leaf(name: str, values: Any, dtype: str = "float64", grad: bool = True) -> Leaf:
    array = np.array(values, dtype=dtype)
    return Leaf(name, array.shape, dtype, tuple(array.ravel().tolist()), grad and dtype.startswith("float"))


def program(*lines: str, **leaves: Any) -> Program:
    """A program of these lines; a leaf is its values, or a pair of values and dtype."""
    steps = tuple(
        Step(*line.split(" = ", 1)) if line[0] == "v" and line[1:].split(" = ")[0].isdigit() else Step("", line)
        for line in lines
    )
    made = tuple(leaf(name, *(v if isinstance(v, tuple) else (v,))) for name, v in leaves.items())
    return Program(made, steps, next((s.target for s in steps[::-1] if s.target), ""))


# -------------------------------------------------------------------------------------------------- the library's own


@pytest.mark.parametrize("part", range(4))
def test_the_library_and_pytorch_agree(part: int) -> None:
    report = fuzz.fuzz(range(part * PROGRAMS // 4, (part + 1) * PROGRAMS // 4))
    assert report.programs == PROGRAMS // 4
    assert report.mismatches == 0, str(report)
    assert report.counts["second gradients"] > 20
    assert report.counts["errors"] > 2


# ---------------------------------------------------------------------------------------------------- breaking things


sound = tg.atan


class _Second(tg.autograd.Function):
    """Right to first order alone."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return sound(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g / (1 + x.detach() ** 2)


class _First(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return sound(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g / (1 + x * x) * 1.001


def _raises(x: Any) -> Any:
    raise ValueError("there is no arc tangent")


BROKEN: list[tuple[str, Callable[[Any], Any]]] = [
    ("value", lambda x: sound(x) * (1 + 1e-7)),
    ("dtype", lambda x: sound(x).float()),
    ("shape", lambda x: sound(x)[None]),
    ("requires_grad", lambda x: sound(x).detach()),
    ("gradient", _First.apply),
    ("second gradient", _Second.apply),
    ("unexpected ValueError", _raises),
]


@pytest.mark.parametrize("kind, broken", BROKEN, ids=[kind for kind, _ in BROKEN])
def test_what_is_broken_is_found_and_shrunk(kind: str, broken: Callable[[Any], Any], monkeypatch: Any) -> None:
    whole = program(
        "v0 = x0 * x1",
        "v1 = torch.sin(v0)",
        "v2 = v1 + 1",
        "v3 = torch.atan(v2)",
        "v4 = v3.sum(0)",
        "v5 = torch.exp(v4)",
        x0=[[0.4, 0.65], [0.9, -1.15]],
        x1=[0.65, -0.4],
    )
    assert fuzz.compare(whole) is None
    monkeypatch.setattr(tg, "atan", broken)
    found = fuzz.compare(whole)
    assert found is not None
    assert found.kind == kind
    small = fuzz.shrink(whole, kind)
    assert [step.expression for step in small.steps] == [f"torch.atan({small.leaves[0].name})"]
    assert len(small.leaves) == 1
    assert len(small.leaves[0].values) == 1
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(fuzz.script(small, str(found)), {})
    assert "tinygrad_mlp" in printed.getvalue()
    assert "torch" in printed.getvalue()


def test_an_error_that_is_missing_is_found(monkeypatch: Any) -> None:
    whole = program("v0 = x0 + 1", "v1 = torch.mm(v0, v0)", "v2 = v0 * 2", x0=[0.4, 0.65])
    assert fuzz.compare(whole) is None
    monkeypatch.setattr(tg, "mm", lambda a, b: a * b)
    found = fuzz.compare(whole)
    assert found is not None
    assert found.kind == "missing RuntimeError"
    assert len(fuzz.shrink(whole, found.kind).steps) == 1


def test_an_error_of_another_class_is_found(monkeypatch: Any) -> None:
    whole = program("v0 = torch.mm(x0, x0)", x0=[0.4, 0.65])

    def mm(a: Any, b: Any) -> Any:
        raise KeyError("mm")

    monkeypatch.setattr(tg, "mm", mm)
    found = fuzz.compare(whole)
    assert found is not None
    assert found.kind == "class KeyError of error"


def test_random_programs_find_what_is_broken(monkeypatch: Any) -> None:
    monkeypatch.setattr(tg, "sigmoid", lambda x: sound(x) * 1.0)
    report = fuzz.fuzz(range(300), scripts=1)
    assert report.mismatches > 0
    assert any("torch.sigmoid" in signature for signature in report.seen)
    assert any("def run(torch)" in text for text in report.scripts.values())


def test_a_value_that_follows_from_roundings_is_not_a_difference(monkeypatch: Any) -> None:
    steep = program("v0 = torch.exp(x0)", "v1 = v0 * 1e14", "v2 = torch.frac(v1)", x0=([0.4], "float64", False))
    monkeypatch.setattr(tg, "exp", lambda x: tg.from_numpy(np.nextafter(np.exp(x.numpy()), 9)))
    counts: Counter[str] = Counter()
    assert fuzz.compare(steep, counts) is None
    assert counts["ill-conditioned"] == 1


def test_another_choice_at_a_kink_is_a_difference(monkeypatch: Any) -> None:
    kinked = program("v0 = x0 * 2", "v1 = F.hardtanh(v0)", x0=[0.5, 0.9])
    assert fuzz.compare(kinked) is None
    monkeypatch.setattr(tg.nn.functional, "hardtanh", lambda x: tg.clamp(x, -1, 1))  # whose slope at 1 is 1, and not 0
    found = fuzz.compare(kinked)
    assert found is not None
    assert found.kind == "gradient"


# ------------------------------------------------------------------------------------------- what need not be the same

EXAMPLES: dict[str, Program] = {
    "no derivative there": program("v0 = F.hardsigmoid(x0)", x0=[0.4]),
    "no kernel for the dtype there": program("v0 = torch.relu(x0)", x0=([True, False], "bool")),
    "the write is given its history here": program("v0 = torch.sin(x0)", "v1 = torch.exp(v0)", "v2 = v1.mul_(v1)", x0=[0.4]),
    "operands that share memory are copied here": program(
        "v0 = x0 * 1", "v1 = v0.view((1, 2))", "v1.add_(v1.mT)", x0=[0.4, 0.9]
    ),
    "no backward of mixed dtypes there": program("v0 = torch.addcdiv(x1, x0, x1)", x0=[0.4], x1=([2], "int64")),
    "an assignment casts here": program(
        "x1[torch.tensor([0])] = x0", x0=([0.4], "float64", False), x1=([0.5], "float32", False)
    ),
    "a fault there": program(
        "v0 = torch.scatter_add(x1, 0, torch.tensor([0]), x0)", x0=[0.4, 0.9], x1=([0.5], "float64", False)
    ),
    "another class of error for an index out of range": program(
        "v0 = torch.index_select(x0, 0, torch.tensor([4]))", x0=([True], "bool")
    ),
    "another class of error for a tensor without dimensions": program("v0 = torch.mv(x0, x1)", x0=0.4, x1=[0.4]),
    "addcdiv divides integers here": program(
        "v0 = torch.addcdiv(x0, x1, x1)", x0=([3.0], "float64", False), x1=([2], "int64")
    ),
    "another memory layout, of which there is a view": program(
        "v0 = torch.fmin(x0.mT, x1)", "v1 = v0.view((6,))", x0=np.ones((3, 2)).tolist(), x1=np.ones((2, 3)).tolist()
    ),
    "sub with bool computes here": program("v0 = x0 - x1", x0=([True], "bool"), x1=([True], "bool")),
}


@pytest.mark.parametrize("reason", sorted(set(fuzz.DEVIATIONS.values())))
def test_every_deviation_still_is_one(reason: str) -> None:
    example = EXAMPLES[reason]
    theirs = fuzz.run(example, torch).errors
    reasons = {fuzz.deviation(place, None, error) for place, error in theirs.items()}
    assert reason in reasons, theirs


# -------------------------------------------------------------------------------------------------- the command line


def test_programs_follow_from_seed_and_number() -> None:
    assert fuzz.program_number(5, 1) == fuzz.program_number(5, 1)
    texts = {str(fuzz.program_number(n, seed)) for n in range(20) for seed in (0, 1)}
    assert len(texts) > 30


def test_the_command_line(capsys: Any, monkeypatch: Any) -> None:
    assert fuzz.main(["--programs", "5"]) == 0
    assert "5 programs" in capsys.readouterr().out
    assert fuzz.main(["--only", "3"]) == 0
    out = capsys.readouterr().out
    assert str(fuzz.program_number(3)) in out
    assert "1 programs" in out
    monkeypatch.setattr(fuzz, "compare", lambda *args: fuzz.Mismatch("value", "v0", "1", "2"))
    assert fuzz.main(["--programs", "1", "--first", "7"]) == 1
    assert "Program 7 of seed 0" in capsys.readouterr().out
