"""Second names, in-place forms as functions and methods, and what each of them does, held against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.ops import aliases

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(["clamp_", "clip_", "clip"], (0.3, 0.6)),
    **dict.fromkeys(["clamp_max_", "clamp_min_", "clamp_max", "clamp_min", "fill_"], (0.4,)),
    **dict.fromkeys(
        ["divide", "greater", "greater_equal", "less", "less_equal", "multiply", "not_equal", "subtract", "rsub"], (0.5,)
    ),
}
OTHERS = {
    "acosh_",
    "addmv_",
    "arccosh_",
    "gcd_",
    "index_put_",
    "lcm_",
    "ldexp_",
    "resize_as_",
    "xlogy_",
}  # of other arguments


@pytest.mark.parametrize("name", sorted({*aliases.__all__, *ARGUMENTS} - OTHERS))
def test_as_in_torch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    values, args = [0.25, 0.5, 0.75], ARGUMENTS.get(name, ())
    ours, theirs = tg.tensor(values), torch.tensor(values)
    got, expected = getattr(tg, name)(ours, *args), getattr(torch, name)(theirs, *args)
    assert got.tolist() == pytest.approx(expected.tolist(), rel=1e-6)
    assert str(got.dtype).rpartition(".")[2] == str(expected.dtype).rpartition(".")[2]
    assert (got is ours) == (expected is theirs)


def test_second_names() -> None:
    x = tg.tensor([1.0, 2.0])
    assert tg.arctan2(x, x).tolist() == tg.atan2(x, x).tolist()
    assert x.absolute_() is x
    assert x.greater(1).tolist() == [False, True]
    assert tg.rsub(x, 1, alpha=2).tolist() == [-1.0, -3.0]
    assert tg.where(x > 1)[0].tolist() == [1]
    with pytest.raises(RuntimeError, match="on a bool tensor"):
        tg.positive(x > 1)


IN_PLACE = {
    "tril_": (), "triu_": (1,), "log1p_": (), "sign_": (), "cumsum_": (0,), "cumprod_": (1,), "eq_": (0.5,), "logical_and_": (1,),
    "logical_not_": (), "addmm_": (2,), "nan_to_num_": (), "expm1_": (), "frac_": (), "less_equal_": (0.5,), "log2_": (), "clamp_min_": (0.5,),
}  # fmt: skip


def in_place(torch: Any, name: str) -> list[Any]:
    """The tensor written, and the gradient through it."""
    x = torch.tensor([[0.25, 0.5], [0.75, 1.0]], requires_grad=True)
    twos = [torch.tensor([[1.0, 2.0], [0.5, 1.0]])] * 2
    args = twos if name == "addmm_" else twos[:1] if name == "logical_and_" else IN_PLACE[name]
    y = x * 2
    written = getattr(y, name)(*args)
    if y.requires_grad:
        (y * torch.tensor([1.0, 3.0])).sum().backward()
    return [written is y, str(y.dtype).rpartition(".")[2], y.tolist(), None if x.grad is None else x.grad.tolist()]


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_forms(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    results = list(zip(in_place(tg, name), in_place(torch, name), strict=True))
    if name.startswith(("eq", "less", "logical")):
        results.pop()  # without a gradient here; in torch zeros, or that of the identity
    for got, expected in results:
        assert got == expected or [pytest.approx(row, rel=1e-5) for row in expected] == got


def test_an_in_place_form_keeps_shape_and_dtype() -> None:
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        tg.ones(2).clamp_min_(tg.ones(3, 2))
    with pytest.raises(RuntimeError, match="can't be cast"):
        tg.ones(2, dtype=tg.int64).clamp_min_(1.5)
    with pytest.raises(RuntimeError, match="a leaf Variable"):
        tg.ones(2, requires_grad=True).clamp_min_(1.5)


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin", "atan2", "logical_and", "logical_or", "logical_xor"])
def test_numbers_are_no_tensors(name: str) -> None:
    for wrong in (lambda: getattr(tg, name)(tg.ones(2), 2), lambda: getattr(tg.ones(2), name)(2.0)):
        with pytest.raises(TypeError, match=rf"{name}\(\): argument 'other' must be Tensor, not"):
            wrong()
