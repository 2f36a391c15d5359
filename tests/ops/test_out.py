"""Results written into tensors that there are already, held against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.errors import ArgumentError, DTypeError, GraphError

CALLS = {
    "add": lambda t, x, out: t.add(x, x, alpha=2, out=out),
    "exp": lambda t, x, out: t.exp(x, out=out),
    "matmul": lambda t, x, out: t.matmul(x, x.t(), out=out),
    "sum": lambda t, x, out: t.sum(x, 0, out=out),
    "mean": lambda t, x, out: t.mean(x, 1, out=out),
    "cat": lambda t, x, out: t.cat((x, x), out=out),
    "clamp": lambda t, x, out: t.clamp(x, 0, 1, out=out),
    "div": lambda t, x, out: t.div(x, 2, rounding_mode="floor", out=out),
    "zeros": lambda t, x, out: t.zeros(2, 2, out=out),
    "arange": lambda t, x, out: t.arange(3, out=out),
    "full": lambda t, x, out: t.full((2,), 3, out=out),
}


def written(torch: Any, name: str, shape: tuple[int, ...], dtype: str) -> Any:
    """What the call leaves in ``out``, and whether it returned that; or the class of its error."""
    out = torch.ones(shape, dtype=getattr(torch, dtype))
    try:
        returned = CALLS[name](torch, torch.arange(6.0).reshape(2, 3), out)
    except (RuntimeError, TypeError) as error:
        return RuntimeError if isinstance(error, RuntimeError) else TypeError
    return out.tolist(), str(out.dtype).rpartition(".")[2], returned is out


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("name", CALLS)
def test_results_are_written_as_in_torch(name: str, dtype: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if name in ("sum", "cat") and dtype == "int64":
        return  # torch adds up in the dtype of out; and raises another class
    ours, theirs = written(tg, name, (0,), dtype), written(torch, name, (0,), dtype)
    if isinstance(ours, tuple) and isinstance(theirs, tuple):
        assert tg.tensor(ours[0]).flatten().tolist() == pytest.approx(tg.tensor(theirs[0]).flatten().tolist(), rel=1e-6)
        assert ours[1:] == theirs[1:]
    else:
        assert ours == theirs


def test_several_results() -> None:
    x = tg.arange(6.0).reshape(2, 3)
    values, places = tg.empty(0), tg.empty(0, dtype=tg.int64)
    returned = tg.max(x, 1, out=(values, places))
    assert returned[0] is values
    assert values.tolist() == [2.0, 5.0]
    assert places.tolist() == [2, 2]
    with pytest.raises(ArgumentError, match=r"'out' must be 2 tensor\(s\)"):
        tg.max(x, 1, out=values)


def test_out_is_a_write() -> None:
    x = tg.ones(2)
    out = tg.zeros(2)
    part = out[:1]
    assert tg.add(x, 1, out=out) is out
    assert part.item() == 2.0
    assert tg.add(x, 1, out=x).tolist() == [2.0, 2.0]
    assert tg.add(x, 1, out=None).tolist() == [3.0, 3.0]
    with pytest.warns(UserWarning, match=r"was resized since it had shape \[3\]"):
        assert tg.add(x, 1, out=tg.ones(3)).shape == (2,)


def test_what_out_cannot_be() -> None:
    x = tg.ones(2)
    for wrong in (lambda: tg.relu(x, out=x), lambda: tg.add(x, 1, out=3)):
        with pytest.raises(ArgumentError, match="'out'"):
            wrong()
    w = tg.ones(2, requires_grad=True)
    for call in (lambda: tg.add(w, 1, out=tg.ones(2)), lambda: tg.add(x, 1, out=w)):
        with pytest.raises(GraphError, match="don't support automatic differentiation"):
            call()
    with tg.no_grad():
        assert tg.add(w, 1, out=tg.ones(2)).tolist() == [2.0, 2.0]
    with pytest.raises(DTypeError, match="Expected out tensor to have dtype"):
        tg.mm(tg.ones(1, 1), tg.ones(1, 1), out=tg.ones(1, 1, dtype=tg.float64))


def test_a_compiled_step_with_out() -> None:
    def step(x: Any) -> Any:
        out = tg.zeros(2)
        tg.add(x, 1, out=out)
        return out * 2

    compiled = tg.compile(step)
    for k in range(4):
        assert compiled(tg.full((2,), float(k))).tolist() == step(tg.full((2,), float(k))).tolist()
