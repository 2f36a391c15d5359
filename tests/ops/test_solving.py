"""Systems of equations, inverses, determinants and functions of matrices: the sample rows, and what is special."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from contract import Sample, normal
from test_factorisations import triangular

import tinygrad_mlp as tg
from tinygrad_mlp.errors import ShapeError

NOT_ELEMENTWISE = {
    "_blocks",
    "_cofactors",
    "_det",
    "_inv",
    "_logabsdet",
    "_matrix_exp",
    "_sign_of_det",
    "_solve",
}  # see test_lowering.py

SAMPLES = [
    *[
        Sample("solve", (triangular(*a), normal(*b)), options, torch_name="linalg.solve", rtol=1e-9, covers=("_solve",))
        for a, b, options in [
            ((3,), (3, 2), {}),
            ((3,), (3,), {}),
            ((2, 3), (2, 3), {}),
            ((2, 3), (3, 1), {}),
            ((3,), (2, 3), {"left": False}),
        ]
    ],
    Sample("inv", (triangular(2, 3),), torch_name="linalg.inv", rtol=1e-9),
    Sample("inverse", (triangular(1),), rtol=1e-9),
    Sample("tensorinv", (triangular(6).reshape(2, 3, 6),), torch_name="linalg.tensorinv", rtol=1e-9),
    Sample("tensorsolve", (triangular(6).reshape(2, 3, 6), normal(2, 3)), torch_name="linalg.tensorsolve", rtol=1e-9),
    Sample("tensorsolve", (triangular(6).reshape(6, 2, 3), normal(2, 3)), {"dims": (0,)}, torch_name="", rtol=1e-9),
    *[Sample("det", (x,), rtol=1e-9, covers=("_cofactors",)) for x in (triangular(3), triangular(2, 2), normal(1, 1))],
    Sample("det", (np.diag([2.0, 3.0, 0.0]),), torch_name="", order2=False),
    Sample("det", (np.zeros((1, 1)),), torch_name="", order2=False),
    Sample("slogdet", (triangular(2, 3),), rtol=1e-9, covers=("_sign_of_det",)),
    Sample("slogdet", (-triangular(3),), torch_name="linalg.slogdet", rtol=1e-9),
    Sample("logdet", (triangular(3),), rtol=1e-9),
    *[Sample("matrix_power", (triangular(2, 3),), {"n": n}, rtol=1e-9) for n in (-2, 0, 1, 3, 4)],
    *[Sample("matrix_exp", (normal(*shape),), rtol=1e-9, covers=("_blocks",)) for shape in ((3, 3), (2, 2, 2), (1, 1))],
]


def test_singular_matrices() -> None:
    zero = tg.zeros(2, 2)
    some = tg.stack([tg.eye(2), zero])
    with pytest.raises(tg.linalg.LinAlgError, match=r"^torch.linalg.solve: The solver"):
        tg.linalg.solve(zero, tg.ones(2))
    with pytest.raises(tg.linalg.LinAlgError, match=r"\(Batch element 1\)"):
        tg.linalg.solve(some, tg.ones(2, 2, 1))
    with pytest.raises(tg.linalg.LinAlgError, match=r"\(Batch element 1\)"):
        tg.linalg.inv(some)
    assert tg.slogdet(zero).logabsdet.item() == -math.inf
    assert tg.det(zero).item() == 0
    assert tg.logdet(zero).item() == -math.inf
    assert math.isnan(tg.logdet(tg.diag(tg.tensor([-1.0, 1.0]))).item())


def test_singular_matrices_that_are_no_error() -> None:
    some = tg.stack([tg.eye(2) * 2, tg.zeros(2, 2), tg.tensor([[1.0, 2.0], [2.0, 4.0]])])
    inverse, info = tg.linalg.inv_ex(some)
    assert info.tolist() == [0, 1, 2]
    assert info.dtype is tg.int32
    assert inverse[0].equal(tg.eye(2) / 2)
    result, info = tg.linalg.solve_ex(some, tg.ones(3, 2))
    assert info.tolist() == [0, 1, 2]
    assert result[0].tolist() == [0.5, 0.5]
    for call in (
        lambda: tg.linalg.inv_ex(some, check_errors=True),
        lambda: tg.linalg.solve_ex(some, some, check_errors=True),
    ):
        with pytest.raises(tg.linalg.LinAlgError):
            call()


def test_nothing_at_all() -> None:
    none = tg.ones(0, 0)
    assert tg.det(none).item() == 1
    assert tg.linalg.inv(none).shape == (0, 0)
    assert tg.matrix_exp(none).shape == (0, 0)
    assert tg.linalg.solve(none, tg.ones(0, 2)).shape == (0, 2)
    assert tg.matrix_power(tg.ones(2, 0, 0), 3).shape == (2, 0, 0)


def test_the_exponential_of_large_matrices() -> None:
    x = tg.tensor([[-49.0, 24.0], [-64.0, 31.0]], dtype=tg.float64)  # Moler and Van Loan's
    known = [[-0.735758758144755, 0.551819099658100], [-1.471517599088267, 1.103638240715576]]
    np.testing.assert_allclose(tg.matrix_exp(x).numpy(), known, atol=1e-11)


def test_what_does_not_fit_is_refused() -> None:
    for call in (
        lambda: tg.linalg.solve(tg.eye(2), tg.ones(3)),
        lambda: tg.linalg.solve(tg.eye(2), tg.ones(2), left=False),
        lambda: tg.linalg.tensorinv(tg.ones(2, 3)),
        lambda: tg.linalg.tensorinv(tg.ones(2, 2), ind=0),
        lambda: tg.linalg.tensorsolve(tg.ones(2, 3), tg.ones(2)),
        lambda: tg.matrix_power(tg.ones(2, 3), 2),
    ):
        with pytest.raises(ShapeError):
            call()


def test_a_compiled_step() -> None:
    a, b = tg.tensor(triangular(3), requires_grad=True), tg.tensor(normal(3))

    def step() -> Any:
        loss = tg.linalg.solve(a, b).sum() + tg.logdet(a) + tg.det(a) + tg.matrix_exp(a).sum()
        a.grad = None
        loss.backward()
        return loss.item(), a.grad.tolist()

    compiled = tg.compile(step)
    assert [compiled() for _ in range(3)] == [step()] * 3
