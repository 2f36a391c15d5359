"""Factorisations of matrices and what is solved with them: the sample rows, and what is special."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from contract import Sample, normal

import tinygrad_mlp as tg
from tinygrad_mlp.errors import DTypeError, ShapeError

NOT_ELEMENTWISE = {"_cholesky", "_triangular"}  # see test_lowering.py


def definite(*shape: int) -> np.ndarray:
    """Symmetric positive-definite matrices."""
    x = normal(*shape, shape[-1], seed=3)
    return x @ x.mT + 0.5 * np.eye(shape[-1])


def triangular(*shape: int) -> np.ndarray:
    """Matrices with a strong diagonal, for their triangles to be far from singular."""
    return normal(*shape, shape[-1], seed=5) * 0.5 + 2 * np.eye(shape[-1])


def on_symmetric(name: str) -> dict[str, Any]:
    """How a row calls a function of symmetric matrices, ours and PyTorch's: steps along one element stay symmetric."""

    def call(library: Any) -> Any:
        return lambda x, *args, **options: getattr(library.linalg, name)((x + x.mT) / 2, *args, **options)

    return {"call": call(tg), "torch_fn": lambda *args, **options: call(pytest.importorskip("torch"))(*args, **options)}


def torchs(call: Any) -> Any:
    """A call of PyTorch's, given first."""
    return lambda *args, **options: call(pytest.importorskip("torch"), *args, **options)


SAMPLES = [
    *[
        Sample("linalg_cholesky", (definite(*shape),), options, covers=("_cholesky",), rtol=1e-9, **on_symmetric("cholesky"))
        for shape in ((3,), (1,), (2, 3))
        for options in ({}, {"upper": True})
    ],
    *[
        Sample(
            "solve_triangular",
            (triangular(3), normal(3, 2)),
            {"upper": upper, "unitriangular": unit},
            torch_name="linalg.solve_triangular",
            rtol=1e-10,
            covers=("_triangular",),
        )
        for upper in (False, True)
        for unit in (False, True)
    ],
    Sample(
        "solve_triangular",
        (triangular(2, 2), normal(3, 1, 3, 2)),
        {"upper": True, "left": False},
        torch_name="linalg.solve_triangular",
        rtol=1e-10,
    ),
    Sample(
        "cholesky_solve",
        (normal(3, 2), triangular(3)),
        rtol=1e-10,
        torch_fn=torchs(lambda torch, b, factor: torch.cholesky_solve(b, factor.tril())),
    ),
    Sample(
        "cholesky_inverse",
        (triangular(2, 3),),
        {"upper": True},
        rtol=1e-10,
        torch_fn=torchs(lambda torch, factor, upper: torch.cholesky_inverse(factor.triu(), upper)),
    ),
]


def test_what_is_not_positive_definite_is_named() -> None:
    good, bad = tg.eye(3), tg.diag(tg.tensor([1.0, -1.0, 1.0]))
    with pytest.raises(tg.linalg.LinAlgError, match=r"^linalg.cholesky: The factorization .* order 2 is not"):
        tg.linalg.cholesky(bad)
    with pytest.raises(RuntimeError, match=r"\(Batch element 1\).* order 2"):
        tg.linalg.cholesky(tg.stack([good, bad]))
    factor, info = tg.linalg.cholesky_ex(tg.stack([good, bad]))
    assert info.tolist() == [0, 2]
    assert info.dtype is tg.int32
    assert factor[0].equal(good)
    with pytest.raises(tg.linalg.LinAlgError):
        tg.linalg.cholesky_ex(bad, check_errors=True)


def test_what_is_no_matrix_is_refused() -> None:
    for function in (tg.linalg.cholesky, tg.linalg.cholesky_ex, tg.cholesky_inverse):
        with pytest.raises(ShapeError, match="at least 2 dimensions"):
            function(tg.ones(3))
        with pytest.raises(ShapeError, match="square"):
            function(tg.ones(2, 3))
        with pytest.raises(DTypeError, match="floating point"):
            function(tg.ones(2, 2).long())
        with pytest.raises(NotImplementedError, match="float16"):
            function(tg.ones(2, 2).half())
    with pytest.raises(ShapeError, match="Incompatible"):
        tg.linalg.solve_triangular(tg.eye(2), tg.ones(3, 1), upper=True)
    with pytest.raises(ShapeError, match="Incompatible"):
        tg.cholesky_solve(tg.ones(3, 1), tg.eye(2))


def test_a_zero_on_the_diagonal_gives_infinities() -> None:
    x = tg.linalg.solve_triangular(tg.zeros(2, 2), tg.ones(2, 1), upper=True)
    assert repr(x.tolist()) == "[[nan], [inf]]"


@pytest.mark.parametrize("n", [0, 1, 15, 17, 50])
def test_triangular_systems_of_any_size(n: int) -> None:
    a, b = tg.tensor(triangular(n) + n * np.eye(n)), tg.tensor(normal(n, 3))
    for upper in (False, True):
        x = tg.linalg.solve_triangular(a, b, upper=upper)
        np.testing.assert_allclose(((a.triu() if upper else a.tril()) @ x).numpy(), b.numpy(), atol=1e-10)
        assert x.is_contiguous()


def test_only_one_triangle_is_looked_at() -> None:
    a = tg.tensor(definite(3))
    nan = tg.full((3, 3), float("nan"), dtype=tg.float64)
    lower, upper = a.tril() + nan.triu(1), a.triu() + nan.tril(-1)
    assert tg.linalg.cholesky(lower).equal(tg.linalg.cholesky(a))
    assert tg.linalg.cholesky(upper, upper=True).equal(tg.linalg.cholesky(a).mT)


def test_a_compiled_step() -> None:
    a, b = tg.tensor(definite(3), requires_grad=True), tg.tensor(normal(3, 2))

    def step() -> Any:
        factor = tg.linalg.cholesky(a)
        loss = (tg.linalg.solve_triangular(factor, b, upper=False) ** 2).sum() + tg.cholesky_solve(b, factor).sum()
        a.grad = None
        loss.backward()
        return loss.item(), a.grad.tolist()

    compiled = tg.compile(step)
    assert [compiled() for _ in range(3)] == [step()] * 3
