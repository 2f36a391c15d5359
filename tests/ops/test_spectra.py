"""QR, eigenvalues and singular values, and what is made of them: the sample rows, and what is special."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from contract import Sample, normal
from test_factorisations import definite, on_symmetric, torchs

import tinygrad_mlp as tg
from tinygrad_mlp.errors import ShapeError

NOT_ELEMENTWISE = {"_eigh", "_pinv", "_qr", "_qr_complete", "_svd", "_svd_rest"}  # see test_lowering.py


def own_sign(name: str, pick: Any) -> dict[str, Any]:
    """How a row calls a factorisation, ours and PyTorch's: what does not depend on the signs of vectors."""

    def call(library: Any) -> Any:
        return lambda x, *args, **options: pick(getattr(library.linalg, name)(x, *args, **options))

    return {
        "call": call(tg),
        "torch_fn": torchs(lambda torch, *args, **options: call(torch)(*args, **options)),
        "rtol": 1e-8,
    }


DEFICIENT = normal(4, 1, seed=2) @ normal(1, 3, seed=3)

SAMPLES = [
    *[
        Sample("linalg_qr", (normal(*shape),), options, **own_sign("qr", lambda f: (f.Q * f.Q, f.R * f.R, f.Q @ f.R)))
        for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1))
        for options in ({}, {"mode": "complete"} if shape[-2] <= shape[-1] else {"mode": "reduced"})
    ],
    Sample("qr", (normal(3, 2),), torch_name="", covers=("_qr",)),
    Sample("linalg_qr", (normal(3, 2),), {"mode": "complete"}, torch_name="", covers=("_qr_complete",)),
    *[
        Sample(
            "eigh",
            (definite(*shape),),
            options,
            covers=("_eigh",),
            rtol=1e-8,
            call=lambda x, *a, **o: (lambda f: (f[0], f[1] ** 2))(tg.linalg.eigh((x + x.mT) / 2, *a, **o)),
            torch_fn=torchs(lambda t, x, *a, **o: (lambda f: (f[0], f[1] ** 2))(t.linalg.eigh((x + x.mT) / 2, *a, **o))),
        )
        for shape in ((3,), (2, 3), (1,))
        for options in ({}, {"UPLO": "U"})
    ],
    Sample("eigvalsh", (definite(2, 3),), rtol=1e-9, **on_symmetric("eigvalsh")),
    *[
        Sample(
            "linalg_svd",
            (normal(*shape),),
            {"full_matrices": False},
            covers=("_svd",),
            **own_sign("svd", lambda f: (f.U**2, f.S, f.Vh**2, f.U @ f.Vh)),
        )
        for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1))
    ],
    *[
        Sample("_svd_rest", (normal(*shape),), torch_name="")
        for shape in ((4, 2), (2, 4))
    ],
    Sample("svd", (normal(3, 2),), torch_name=""),
    *[
        Sample("pinv", (x,), options, torch_name="linalg.pinv", rtol=1e-8, covers=("_pinv",), order2=x is not DEFICIENT)
        for x, options in [
            (normal(3, 3), {}),
            (normal(2, 4, 2), {}),
            (normal(2, 4), {"rtol": 1e-3}),
        ]
    ],
    Sample("pinv", (definite(3),), {"hermitian": True}, rtol=1e-8, **on_symmetric("pinv")),
    Sample("pinverse", (normal(3, 2),), rtol=1e-8),
    *[
        Sample("matrix_rank", (x,), options, torch_name="linalg.matrix_rank")
        for x in (normal(3, 3), DEFICIENT, np.zeros((2, 2, 2)))
        for options in ({}, {"tol": 0.5}, {"atol": 0.5, "rtol": 0.1})
    ],
    *[
        Sample("cond", (normal(2, 3, 3), p), torch_name="")  # PyTorch 2.13 cannot differentiate most
        for p in (None, 2, -2, 1, -1, math.inf, -math.inf, "fro", "nuc")
    ],
    Sample("cond", (normal(3, 2),), torch_name="linalg.cond", rtol=1e-8),
    *[
        Sample("lstsq", (normal(*a), normal(*b)), options, torch_name="linalg.lstsq", rtol=1e-8)
        for a, b in (((4, 2), (4, 3)), ((2, 4), (2, 1)), ((4, 2), (4,)), ((2, 3, 2), (2, 3)))
        for options in ({}, {"driver": "gelsd"}, {"driver": "gels"})
    ],
]  # fmt: skip


def test_factors_multiply_to_the_matrix() -> None:
    for shape in ((0, 0), (0, 2), (3, 0), (1, 1), (3, 2), (2, 3), (2, 3, 3)):
        x = tg.tensor(normal(*shape))
        for full in (False, True):
            U, S, Vh = tg.linalg.svd(x, full)
            k = min(shape[-2:])
            np.testing.assert_allclose(((U[..., :k] * S[..., None, :]) @ Vh[..., :k, :]).numpy(), x.numpy(), atol=1e-12)
            np.testing.assert_allclose(
                (U.mT @ U).numpy(), np.broadcast_to(np.eye(U.shape[-1]), (U.mT @ U).shape), atol=1e-12
            )
        for mode in ("reduced", "complete"):
            Q, R = tg.linalg.qr(x, mode)
            np.testing.assert_allclose((Q @ R).numpy(), x.numpy(), atol=1e-12)
    U, S, V = tg.svd(tg.tensor(normal(3, 2)))
    np.testing.assert_allclose((U @ tg.diag(S) @ V.mT).numpy(), normal(3, 2), atol=1e-12)
    Q, R = tg.linalg.qr(tg.tensor(normal(3, 2)), "r")
    assert Q.shape == (0,)
    np.testing.assert_allclose((R.mT @ R).numpy(), normal(3, 2).T @ normal(3, 2), atol=1e-12)


def test_equal_values_have_gradients_where_vectors_have_none() -> None:
    x = tg.eye(3, dtype=tg.float64).requires_grad_()
    (tg.linalg.eigvalsh(x).sum() + tg.linalg.svdvals(x).sum() + tg.linalg.eigh(x).eigenvalues.sum()).backward()
    np.testing.assert_allclose(x.grad.numpy(), 3 * np.eye(3), atol=1e-12)


def test_what_is_not_finite() -> None:
    nan = tg.full((2, 2), math.nan)
    with pytest.raises(tg.linalg.LinAlgError, match="non-finite"):
        tg.linalg.svd(nan)
    assert tg.linalg.eigh(nan).eigenvalues.isnan().all()


def test_pseudoinverses_of_deficient_matrices() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    results = []
    for library in (tg, torch):
        x = library.tensor(DEFICIENT, requires_grad=True)
        y = library.linalg.pinv(x, rtol=1e-6)
        (y * library.tensor(normal(3, 4))).sum().backward()
        results.append([y.detach().numpy(), x.grad.numpy()])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)


def test_conditions_against_torch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = normal(2, 3, 3)
    for p in (None, 2, -2, 1, -1, math.inf, -math.inf, "fro", "nuc"):
        ours, theirs = (library.linalg.cond(library.tensor(x), p) for library in (tg, torch))
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-9)


def test_conditions_of_singular_matrices() -> None:
    for p in (None, 1, "fro"):
        assert tg.linalg.cond(tg.zeros(2, 2) + tg.tensor([[1.0, 0.0], [0.0, 0.0]]), p).item() == math.inf


def test_what_is_refused() -> None:
    x = tg.eye(2)
    for call in (
        lambda: tg.linalg.qr(x, "some"),
        lambda: tg.linalg.eigh(x, "X"),
        lambda: tg.linalg.svd(x, driver="gesvd"),
        lambda: tg.linalg.cond(x, 3),
        lambda: tg.linalg.lstsq(x, x, driver="gel"),
    ):
        with pytest.raises(RuntimeError):
            call()
    with pytest.raises(ShapeError):
        tg.linalg.lstsq(x, tg.ones(3, 1))
