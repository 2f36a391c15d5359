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
from tinygrad_mlp.core.primitive import PRIMITIVES
from tinygrad_mlp.testing import fuzz
from tinygrad_mlp.testing.fuzz import comparing, deviations, report, running
from tinygrad_mlp.testing.random_programs.program import LIBRARY, Leaf, Line, RandomProgram

torch = pytest.importorskip("torch", reason="the fuzzer compares with PyTorch")

PROGRAMS = 400


def leaf(name: str, values: Any, dtype: str = "float64", grad: bool = True) -> Leaf:
    array = np.array(values, dtype=dtype)
    return Leaf(name, array.shape, dtype, tuple(array.ravel().tolist()), grad and dtype.startswith("float"))


def program(*texts: str, **leaves: Any) -> RandomProgram:
    """A program of these lines; a leaf is its values, or a pair of values and dtype."""
    lines = tuple(
        Line(*line.split(" = ", 1)) if line[0] == "v" and line[1:].split(" = ")[0].isdigit() else Line("", line)
        for line in texts
    )
    made = tuple(leaf(name, *(v if isinstance(v, tuple) else (v,))) for name, v in leaves.items())
    return RandomProgram(made, lines, next((s.target for s in lines[::-1] if s.target), ""))


# -------------------------------------------------------------------------------------------------- the library's own


@pytest.mark.parametrize("part", range(4))
def test_the_library_and_pytorch_agree(part: int) -> None:
    found = fuzz.fuzz(range(part * PROGRAMS // 4, (part + 1) * PROGRAMS // 4))
    assert found.programs == PROGRAMS // 4
    assert found.mismatches == 0, str(found)
    assert found.counts["second gradients"] > 20
    assert found.counts["errors"] > 2


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
    monkeypatch.setattr(LIBRARY, "atan", broken)
    found = fuzz.compare(whole)
    assert found is not None
    assert found.kind == kind
    small = fuzz.shrink(whole, kind)
    assert [line.expression for line in small.lines] == [f"torch.atan({small.leaves[0].name})"]
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
    monkeypatch.setattr(LIBRARY, "mm", lambda a, b: a * b)
    found = fuzz.compare(whole)
    assert found is not None
    assert found.kind == "missing RuntimeError"
    assert len(fuzz.shrink(whole, found.kind).lines) == 1


def test_an_error_of_another_class_is_found(monkeypatch: Any) -> None:
    whole = program("v0 = torch.mm(x0, x0)", x0=[0.4, 0.65])

    def mm(a: Any, b: Any) -> Any:
        raise KeyError("mm")

    monkeypatch.setattr(LIBRARY, "mm", mm)
    found = fuzz.compare(whole)
    assert found is not None
    assert found.kind == "class KeyError of error"


def test_random_programs_find_what_is_broken(monkeypatch: Any) -> None:
    monkeypatch.setattr(LIBRARY, "sigmoid", lambda x: sound(x) * 1.0)
    found = fuzz.fuzz(range(300), scripts=1)
    assert found.mismatches > 0
    assert any("torch.sigmoid" in signature for signature in found.seen)
    assert any("def run(torch)" in text for text in found.scripts.values())


def test_a_value_that_follows_from_roundings_is_not_a_difference(monkeypatch: Any) -> None:
    steep = program("v0 = torch.exp(x0)", "v1 = v0 * 1e14", "v2 = torch.frac(v1)", x0=([0.4], "float64", False))
    monkeypatch.setattr(LIBRARY, "exp", lambda x: tg.from_numpy(np.nextafter(np.exp(x.numpy()), 9)))
    counts: Counter[str] = Counter()
    assert fuzz.compare(steep, counts) is None
    assert counts["rounding"] == 1


# ------------------------------------------------------------------------------------------------------------- rounding

# Few digits are left of 1 - tanh(x)^2: at -4, differentiated twice, the error of float32 is 6 %.
UNSTABLE = {
    "float32": program("v0 = x0 * 4", "v1 = torch.tanh(v0)", "v2 = torch.log1p(v1)", x0=([-1.0, -1.075, -1.2], "float32")),
    "float64": program("v0 = torch.tanh(x0)", "v1 = torch.log1p(v0)", x0=[-10.0]),
    "in PyTorch": program(  # whose layer norm of single elements is not quite 0
        "v0 = F.layer_norm(x1, (1,), x0, x2)", "v1 = F.batch_norm(v0, None, None, training=True)",
        x0=([1.0], "float32"), x1=([[0.4], [-2.65]], "float32", False), x2=([1.0], "float32", False),
    ),
    "at a kink": program(  # 2.4 * 2.15 - 2.15 * 2.4 is 0 only if both products are rounded
        "v0 = torch.mv(x0, x1)", "v1 = torch.abs(v0)", x0=([[2.4, 2.15], [1.0, 1.0]], "float64", False), x1=[2.15, -2.4]
    ),
}  # fmt: skip


def rule_times(monkeypatch: Any, name: str, factor: float, position: int = 0) -> None:
    """Make one of an operation's rules wrong."""
    op = PRIMITIVES[name]
    rules = list(op.rules)
    right: Any = rules[position]
    rules[position] = lambda g, *values: right(g, *values) * factor
    monkeypatch.setattr(op, "rules", tuple(rules))


@pytest.mark.parametrize("case", UNSTABLE)
def test_a_gradient_that_follows_from_roundings_is_not_a_difference(case: str) -> None:
    counts: Counter[str] = Counter()
    assert fuzz.compare(UNSTABLE[case], counts) is None
    assert counts["rounding"] == 1


@pytest.mark.parametrize("case", ["float32", "float64"])
@pytest.mark.parametrize("name", ["tanh", "log1p"])
@pytest.mark.parametrize("factor", [-1, 1.01])
def test_rounding_excuses_no_wrong_rule(case: str, name: str, factor: float, monkeypatch: Any) -> None:
    rule_times(monkeypatch, name, factor)
    assert fuzz.compare(UNSTABLE[case]) is not None


@pytest.mark.parametrize("factor", [-1, 1.01])
def test_a_kink_excuses_no_wrong_rule(factor: float, monkeypatch: Any) -> None:
    rule_times(monkeypatch, "abs", factor)
    assert fuzz.compare(UNSTABLE["at a kink"]) is not None


def test_rounding_excuses_nothing_that_is_as_wrong_in_float64(monkeypatch: Any) -> None:
    noise = program("v0 = torch.tanh(x0)", "v1 = torch.log1p(v0)", x0=([-8.0], "float32"))  # no digit is right
    assert fuzz.compare(noise) is None
    rule_times(monkeypatch, "log1p", 1.01)
    assert fuzz.compare(noise) is not None
    monkeypatch.setattr(comparing, "_agree_in_float64", lambda program: True)
    assert fuzz.compare(noise) is None


def test_rounding_excuses_no_array_that_lost_digits(monkeypatch: Any) -> None:
    op = PRIMITIVES["tanh"]
    right: Any = op.rules[0]
    wrong = lambda g, y: right(g, y).astype(np.float32).astype(np.float64) if isinstance(g, np.ndarray) else right(g, y)  # noqa: E731
    monkeypatch.setattr(op, "rules", (wrong,))  # where no graph is recorded: in the second gradients
    found = fuzz.compare(program("v0 = torch.tanh(x0)", "v1 = torch.sin(v0)", x0=[0.4, 0.65]))
    assert found is not None
    assert found.kind == "second gradient"


def test_integers_make_float64_where_float64_is_asked_for() -> None:
    made = program("v0 = x0 / 3", "v1 = torch.frac(v0 * 1e7)", x0=([1, 2], "int64"))
    assert fuzz.compare(made) is None
    assert comparing._agree_in_float64(made)
    assert tg.get_default_dtype() is tg.float32
    assert torch.get_default_dtype() is torch.float32


@pytest.mark.parametrize("library", [LIBRARY, torch], ids=["this library", "PyTorch"])
def test_what_no_rounding_made_is_not_moved(library: Any) -> None:
    x = library.tensor([0.1, 0.7], dtype=library.float64)
    with running.Rounding(0, values=True).within(library):
        short = library.tensor([3.0, 4.0], dtype=library.float64) * 0.5
        copied = library.cat([x, -x])
        made = library.exp(library.from_numpy(np.linspace(0.1, 2, 50)))
        inplace = library.tensor([0.1] * 50, dtype=library.float64)
        inplace.sin_()
        seen = inplace[:10]
    assert short.tolist() == [1.5, 2.0]
    assert copied.tolist() == [0.1, 0.7, -0.1, -0.7]
    assert seen.tolist() == inplace.tolist()[:10]
    for moved, exact in ((made, np.exp(np.linspace(0.1, 2, 50))), (inplace, np.sin([0.1] * 50))):
        assert 20 < (moved.numpy() != exact).sum() < 50
        np.testing.assert_allclose(moved.numpy(), exact, rtol=1e-15)


PLANTED = [("mul", 0, -1), ("true_divide", 1, 1.01), ("matrix_product", 1, 1.01), ("exp", 0, 1.01), ("sum", 0, -1)]


@pytest.mark.parametrize("name, position, factor", PLANTED, ids=[f"{name} times {factor}" for name, _, factor in PLANTED])
def test_random_programs_find_a_wrong_rule(name: str, position: int, factor: float, monkeypatch: Any) -> None:
    rule_times(monkeypatch, name, factor, position)
    assert any(fuzz.compare(fuzz.program_number(number)) for number in range(1000))


# ------------------------------------------------------------------------------------------------------- memory layouts

LAYOUT = program("v0 = torch.fmin(x0.mT, x1)", "v1 = v0.reshape((6,))", "v1.mul_(2)", x0=np.ones((3, 2)), x1=np.ones((2, 3)))


def test_a_view_here_and_a_copy_there_is_no_difference() -> None:
    counts: Counter[str] = Counter()
    assert fuzz.compare(LAYOUT, counts) is None
    assert counts["deviation: another memory layout, of which one library has a view"] == 1


def test_a_wrong_rule_beside_another_layout_is_found(monkeypatch: Any) -> None:
    rule_times(monkeypatch, "fmin", 1.01)
    assert fuzz.compare(LAYOUT) is not None


def test_writes_are_known_as_such() -> None:
    writes = ["v1.add_(2)", "v0 = v1.mul_(x0)", "F.elu(v0, inplace=True)", "x0[1:] = 2", "v1 += 1", "v1 //= x0", "v12 **= 2"]
    reads = ["v1 = v0 == x0", "v1 = v0 >= x0", "v1 = v0[1:]", "v1 = v0 // x0", "v1 = -v0"]
    assert [text for text in writes + reads if comparing._WRITES.search(text)] == writes


def test_memory_that_both_view_is_no_excuse(monkeypatch: Any) -> None:
    written = program("v0 = x0 * 2", "v1 = torch.flatten(v0)", "v2 = v1.mul_(3)", x0=[[0.4, 0.9]])
    assert fuzz.compare(written) is None
    monkeypatch.setattr(tg.Tensor, "mul_", lambda self, other: self.copy_(self * other * 1.01))
    assert fuzz.compare(written) is not None


def test_another_choice_at_a_kink_is_a_difference(monkeypatch: Any) -> None:
    kinked = program("v0 = x0 * 2", "v1 = F.hardtanh(v0)", x0=[0.5, 0.9])
    assert fuzz.compare(kinked) is None
    monkeypatch.setattr(tg.nn.functional, "hardtanh", lambda x: tg.clamp(x, -1, 1))  # whose slope at 1 is 1, and not 0
    found = fuzz.compare(kinked)
    assert found is not None
    assert found.kind == "gradient"


# ------------------------------------------------------------------------------------------- what need not be the same

STRICTER: dict[str, RandomProgram] = {
    "another value is saved here": program("v0 = x0 * 1", "v1 = F.l1_loss(v0, x1)", "v0.mul_(2)", x0=[0.4], x1=[0.9]),
    "another memory layout, of which there is no view": program(
        "v0 = torch.roll(x0.mT, 1, 1)", "v1 = v0.view((6,))", x0=np.ones((3, 2))
    ),
    "empty vectors have dimensions here": program("v0 = torch.cat([x0, x1], 1)", x0=np.zeros(0), x1=np.zeros(0)),
    "expanded views cannot be written here": program(
        "v0 = x0.expand(2, 2)", "v0.zero_()", x0=([0.4, 0.9], "float64", False)
    ),
    "indices are checked here": program("v0 = torch.take_along_dim(x0, x1, 0)", x0=[0.4], x1=([-3], "int64")),
    "no losses and probabilities of integers here": program('v0 = F.l1_loss(x0, x0, reduction="sum")', x0=([2], "int64")),
    "conditions are bool here, not uint8": program("v0 = torch.where(x0, x1, 0)", x0=([1], "uint8"), x1=[0.4]),
    "empty batches need not share a dtype there": program(
        "v0 = torch.bmm(x0, x1)", x0=np.zeros((0, 2, 3)), x1=(np.zeros((0, 3, 2)), "float32")
    ),
}


@pytest.mark.parametrize("reason", sorted(set(fuzz.STRICTER.values())))
def test_this_library_still_is_stricter(reason: str) -> None:
    counts: Counter[str] = Counter()
    assert fuzz.compare(STRICTER[reason], counts) is None
    assert counts[f"deviation: {reason}"] == 1


def test_products_of_two_dtypes_are_refused_by_both() -> None:
    x0, x1 = np.ones((1, 2, 3)), (np.ones((1, 3, 2)), "float32")
    assert {type(e) for e in running.run(program("v0 = torch.bmm(x0, x1)", x0=x0, x1=x1), torch).errors.values()} == {
        RuntimeError
    }


def test_what_pytorch_gives_where_it_keeps_the_graph_is_no_difference() -> None:
    lines = ("v0 = torch.cumprod(x0, 0)", "v1 = v0[1:]", "v2 = torch.pow(v1, x1)")
    zeros = program(*lines, x0=[0.0, 0.0], x1=([0.0], "float64", False))
    counts: Counter[str] = Counter()
    assert fuzz.compare(zeros, counts) is None
    assert counts["deviation: what PyTorch gives, too, where it keeps the graph"] == 1


EXAMPLES: dict[str, RandomProgram] = {
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
    "another memory layout, of which there is a view": program(
        "v0 = torch.fmin(x0.mT, x1)", "v1 = v0.view((6,))", x0=np.ones((3, 2)).tolist(), x1=np.ones((2, 3)).tolist()
    ),
    "sub with bool computes here": program("v0 = x0 - x1", x0=([True], "bool"), x1=([True], "bool")),
}


@pytest.mark.parametrize("reason", sorted(set(fuzz.DEVIATIONS.values())))
def test_every_deviation_still_is_one(reason: str) -> None:
    example = EXAMPLES[reason]
    theirs = running.run(example, torch).errors
    reasons = {deviations.deviation(place, None, error) for place, error in theirs.items()}
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
    monkeypatch.setattr(report, "compare", lambda *args: fuzz.Mismatch("value", "v0", "1", "2"))
    assert fuzz.main(["--programs", "1", "--first", "7"]) == 1
    assert "Program 7 of seed 0" in capsys.readouterr().out


def test_a_program_is_shrunk_for_any_comparison() -> None:
    def compare(program: RandomProgram) -> fuzz.Mismatch | None:
        found = any("sum" in line.expression for line in program.lines)
        return fuzz.Mismatch("sum", "a line", "", "") if found else None

    program = next(p for p in map(fuzz.program_number, range(500)) if len(p.lines) > 5 and compare(p))
    small = fuzz.shrink(program, "sum", compare=compare)
    assert len(small.lines) == 1
    assert compare(small) is not None
