"""Functions of nn.functional that are neither activation nor loss, and what all of them share."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same, assert_same_error, both, numeric_gradients
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.errors import ArgumentError
from tinygrad_mlp.nn import functional as F


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


X, Y, CUBE = normal(4, 3), normal(4, 3, seed=1), normal(4, 3, 2)


@pytest.mark.parametrize("name", F.__all__)
def test_signatures_are_pytorchs(name: str) -> None:
    ours, theirs = (getattr(library.nn.functional, name) for library in both())
    assert callable(ours)
    assert ours.__doc__
    try:
        expected = inspect.signature(theirs).parameters.values()
    except ValueError:
        return  # built in, and tells none
    if [p.name for p in expected] == ["args", "kwargs"]:
        return  # one of two functions, and tells neither's
    if name in ("softsign", "sigmoid", "tanh"):  # operations, which take their `out`
        assert next(iter(inspect.signature(ours).parameters)) == "input"
        return
    not_offered = {"out"}
    assert [(p.name, p.default) for p in inspect.signature(ours).parameters.values()] == [
        (p.name, p.default) for p in expected if p.name not in not_offered
    ]


# ---------------------------------------------------------------------------------------------------- linear, bilinear


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("batch", [(), (4,), (2, 4)])
def test_linear_and_bilinear(batch: tuple[int, ...], bias: bool) -> None:
    x1, x2 = normal(*batch, 3), normal(*batch, 2, seed=1)
    w1, w2, b = normal(5, 3, seed=2), normal(5, 3, 2, seed=3), normal(5, seed=4)
    if bias:
        assert_same(lambda torch, x, w, b: torch.nn.functional.linear(x, w, b), x1, w1, b)
        assert_same(lambda torch, x, z, w, b: torch.nn.functional.bilinear(x, z, w, b), x1, x2, w2, b)
    else:
        assert_same(lambda torch, x, w: torch.nn.functional.linear(x, w), x1, w1)
        assert_same(lambda torch, x, z, w: torch.nn.functional.bilinear(x, z, w), x1, x2, w2)


# ------------------------------------------------------------------------------------------------------------- dropout


def test_dropout_zeroes_with_probability_p_and_scales_the_rest() -> None:
    x = tg.ones(200, 200, requires_grad=True)
    y = F.dropout(x, 0.3)
    kept = y.detach().numpy() != 0
    assert kept.mean() == pytest.approx(0.7, abs=0.01)
    np.testing.assert_allclose(y.detach().numpy()[kept], 1 / 0.7, rtol=1e-6)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())


def test_dropout_is_the_identity_in_evaluation_and_repeats_with_the_seed() -> None:
    x = tg.randn(50)
    assert F.dropout(x, 0.5, training=False) is x
    assert F.dropout(x, 0.0).tolist() == x.tolist()
    tg.manual_seed(3)
    first = F.dropout(x)
    tg.manual_seed(3)
    assert F.dropout(x).tolist() == first.tolist()
    assert F.dropout(x).tolist() != first.tolist()
    assert F.dropout(tg.ones(5), 1.0).tolist() == [0] * 5


def test_dropout_in_place() -> None:
    x = tg.ones(100)
    assert F.dropout(x, 0.5, inplace=True) is x
    assert set(x.tolist()) == {0.0, 2.0}


def test_dropout_keeps_the_dtype_and_draws_the_same_mask_for_each() -> None:
    masks = []
    for dtype in (tg.float16, tg.float32, tg.float64):
        tg.manual_seed(0)
        y = F.dropout(tg.ones(64, dtype=dtype))
        assert y.dtype is dtype
        masks.append(y.tolist())
    assert masks[0] == masks[1] == masks[2]


def test_dropout_has_a_second_derivative() -> None:
    x = tg.ones(8, dtype=tg.float64, requires_grad=True)
    y = F.dropout(x * x, 0.5)
    (g,) = tg.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = tg.autograd.grad(g.sum(), x)
    np.testing.assert_allclose(h.numpy(), 2 * y.detach().numpy())


# ------------------------------------------------------------------------------------------------------- normalisation


@pytest.mark.parametrize("shape", [(2,), (3, 2), (4, 3, 2)])
@pytest.mark.parametrize("affine", ["none", "weight", "bias", "both"])
def test_layer_norm(shape: tuple[int, ...], affine: str) -> None:
    def code(torch: Any, x: Any, w: Any, b: Any) -> Any:
        w, b = w if affine in ("weight", "both") else None, b if affine in ("bias", "both") else None
        return torch.nn.functional.layer_norm(x, shape, w, b, 1e-3)

    order = 1 if affine == "bias" else 2  # PyTorch fails on the second derivative where there is no weight
    assert_same(code, CUBE, normal(*shape, seed=1), normal(*shape, seed=2), order=order)


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2), (2, 3, 2, 2)])
@pytest.mark.parametrize("affine", ["none", "weight", "bias", "both"])
@pytest.mark.parametrize("training", [False, True])
def test_batch_norm(shape: tuple[int, ...], affine: str, training: bool) -> None:
    def code(torch: Any, x: Any, w: Any, b: Any) -> Any:
        mean, var = torch.tensor([0.1, 0.2, 0.3]).to(x.dtype), torch.tensor([1.0, 2.0, 0.5]).to(x.dtype)
        w, b = w if affine in ("weight", "both") else None, b if affine in ("bias", "both") else None
        y = torch.nn.functional.batch_norm(x, mean, var, w, b, training, 0.3, 1e-3)
        statistics = torch.stack([mean, var]).sum(0).reshape(-1, *(1,) * (x.ndim - 2))
        return y + statistics.detach()

    order = 1 if affine == "bias" else 2  # PyTorch fails on the second derivative where there is no weight
    assert_same(code, normal(*shape), normal(3, seed=1), normal(3, seed=2), order=order)


def test_batch_norm_without_running_statistics() -> None:
    assert_same(lambda torch, x: torch.nn.functional.batch_norm(x, None, None, training=True), X)
    assert F.batch_norm(tg.zeros(0, 3), None, None, training=True).shape == (0, 3)


def test_batch_norm_moves_the_running_statistics_in_place() -> None:
    mean, var = tg.zeros(3, dtype=tg.float64), tg.ones(3, dtype=tg.float64)
    F.batch_norm(tg.tensor(X), mean, var, training=True, momentum=0.25)
    np.testing.assert_allclose(mean.numpy(), 0.25 * X.mean(0), rtol=1e-12)
    np.testing.assert_allclose(var.numpy(), 0.75 + 0.25 * X.var(0, ddof=1), rtol=1e-12)
    before = mean.tolist(), var.tolist()
    F.batch_norm(tg.tensor(X), mean, var, training=False)
    assert (mean.tolist(), var.tolist()) == before


def test_normalisation_derivatives_are_the_slopes() -> None:
    w, b = np.array([0.5, 2.0, -1.0]), np.array([0.1, 0.2, 0.3])
    numeric_gradients(lambda torch, x, w, b: torch.nn.functional.layer_norm(x, (3,), w, b), X, w, b)
    numeric_gradients(lambda torch, x, w, b: torch.nn.functional.batch_norm(x, None, None, w, b, True), X, w, b)


def test_float32_of_a_large_mean_keeps_its_digits() -> None:
    x = tg.tensor((X * 1e-1 + 1e4).astype(np.float32))
    exact = F.layer_norm(x.double(), (3,)).numpy()
    np.testing.assert_allclose(F.layer_norm(x, (3,)).numpy(), exact, atol=2e-2)


# ---------------------------------------------------------------------------------------------------------- distances


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("dim", [0, 1])
def test_normalize(p: float, dim: int) -> None:
    assert_same(lambda torch, x: torch.nn.functional.normalize(x, p=p, dim=dim), X)
    assert_same(lambda torch, x: torch.nn.functional.normalize(x, p=p, dim=dim), np.zeros((2, 2)), order=1)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_cosine_similarity(dim: int) -> None:
    assert_same(lambda torch, a, b: torch.nn.functional.cosine_similarity(a, b, dim=dim), X, Y)
    assert_same(lambda torch, a, b: torch.nn.functional.cosine_similarity(a, b, dim=dim), X, Y[:1])
    assert_same(lambda torch, a, b: torch.nn.functional.cosine_similarity(a, b, dim=dim), X, Y[0])


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("keepdim", [False, True])
def test_pairwise_distance(p: float, keepdim: bool) -> None:
    assert_same(lambda torch, a, b: torch.nn.functional.pairwise_distance(a, b, p=p, keepdim=keepdim), X, Y)
    assert_same(lambda torch, a, b: torch.nn.functional.pairwise_distance(a, b, p=p, keepdim=keepdim), X, Y[0])


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_normalized_rows_have_length_1(n: int, d: int, seed: int) -> None:
    x = tg.tensor(np.random.default_rng(seed).standard_normal((n, d)) + 0.1)
    np.testing.assert_allclose(F.normalize(x).norm(dim=1).numpy(), 1, rtol=1e-12)
    np.testing.assert_allclose(F.cosine_similarity(x, 3 * x).numpy(), 1, rtol=1e-12)


# --------------------------------------------------------------------------------------- operations of other families


def test_one_hot_embedding_and_pad_are_pytorchs() -> None:
    indices = np.array([[0, 2], [1, 1]])
    assert_same(lambda torch, i, w: torch.nn.functional.embedding(i, w, padding_idx=1), indices, X)
    assert_same(lambda torch, x: torch.nn.functional.pad(x, (1, 2, 0, 1), value=0.5), X)
    ours, theirs = (library.nn.functional.one_hot(library.tensor(indices), 4).tolist() for library in both())
    assert ours == theirs


ERRORS = {
    "dropout": (lambda torch: torch.nn.functional.dropout(torch.ones(2), 1.5), "between 0 and 1, but got 1.5"),
    "dropout of integers": (lambda torch: torch.nn.functional.dropout(torch.tensor([1, 2])), "dropout is not implemented"),
    "layer_norm": (
        lambda torch: torch.nn.functional.layer_norm(torch.ones(2, 3), (4,)),
        r"Given normalized_shape=\[4\], expected input with shape \[\*, 4\], but got input of size \[2, 3\]",
    ),
    "layer_norm of nothing": (lambda torch: torch.nn.functional.layer_norm(torch.ones(2, 3), ()), "normalized_shape="),
    "layer_norm's shape": (lambda torch: torch.nn.functional.layer_norm(torch.ones(2, 3), 3), "must be a tuple of ints"),
    "layer_norm's weight": (
        lambda torch: torch.nn.functional.layer_norm(torch.ones(2, 3), (3,), torch.ones(2)),
        r"weight of shape \[2\] and normalized_shape = \[3\]",
    ),
    "layer_norm of integers": (
        lambda torch: torch.nn.functional.layer_norm(torch.ones(2, 3).long(), (3,)),
        "not implemented for tinygrad_mlp.int64",
    ),
    "one value": (
        lambda torch: torch.nn.functional.batch_norm(torch.ones(1, 3), None, None, training=True),
        r"more than 1 value per channel when training, got input size torch.Size\(\[1, 3\]\)",
    ),
    "no channels": (
        lambda torch: torch.nn.functional.batch_norm(torch.ones(3), None, None, training=True),
        r"expected an input of shape \(N, C, \*\), got \[3\]",
    ),
    "no statistics": (
        lambda torch: torch.nn.functional.batch_norm(torch.ones(2, 3), None, None),
        "must be defined in evaluation mode",
    ),
    "statistics": (
        lambda torch: torch.nn.functional.batch_norm(torch.ones(2, 3), torch.ones(2), torch.ones(3)),
        "running_mean should contain 3 elements not 2",
    ),
    "eps": (
        lambda torch: torch.nn.functional.batch_norm(torch.ones(2, 3), None, None, training=True, eps=0.0),
        "eps must be positive during training",
    ),
    "bilinear": (
        lambda torch: torch.nn.functional.bilinear(torch.ones(2, 3), torch.ones(2, 3), torch.ones(2, 4, 3)),
        "do not fit",
    ),
    "bilinear's batch": (
        lambda torch: torch.nn.functional.bilinear(torch.ones(2, 3), torch.ones(1, 3), torch.ones(2, 3, 3)),
        "do not fit",
    ),
    "hardtanh": (lambda torch: torch.nn.functional.hardtanh(torch.ones(2), 1.0, -1.0), "min_val cannot be greater"),
    "celu": (lambda torch: torch.nn.functional.celu(torch.ones(2), 0.0), "alpha cannot be 0"),
    "softmax's dim": (lambda torch: torch.nn.functional.softmax(torch.ones(2), 1), "softmax"),
    "softmax of integers": (lambda torch: torch.nn.functional.softmax(torch.tensor([1]), 0), "softmax is not implemented"),
    "cosine_similarity": (lambda torch: torch.nn.functional.cosine_similarity(torch.ones(2, 3), torch.ones(2)), "broadcast"),
}


@pytest.mark.parametrize("what", ERRORS)
def test_errors(what: str) -> None:
    assert_same_error(*ERRORS[what])


def test_integers_pass_where_pytorch_lets_them() -> None:
    def code(torch: Any, x: Any) -> Any:
        f = torch.nn.functional
        return torch.stack([f.relu(x), f.relu6(x), f.hardtanh(x, -2.0, 2.0)])

    ours, theirs = (code(library, library.tensor([-3, 1, 9])) for library in both())
    assert ours.tolist() == theirs.tolist()
    assert ours.dtype is tg.int64


def test_cosine_similarity_promotes_and_refuses_integers() -> None:
    x = np.array([[1, 2], [3, 4]])
    assert_same(lambda torch, a, b: torch.nn.functional.cosine_similarity(torch.tensor(x), a), x * 0.5, x * 1.0)
    for dtype in ("int64", "bool", "uint8"):
        with pytest.raises(RuntimeError, match=f"common dtype to be floating point, yet common dtype is .*{dtype}"):
            F.cosine_similarity(tg.from_numpy(x.astype(dtype)), tg.from_numpy(x.astype(dtype)))
    for function in (F.cosine_similarity, F.pairwise_distance):
        with pytest.raises(ArgumentError, match="expected .*Tensor.*, got list"):
            function(tg.ones(1, 2), [[1.0, 2.0]])  # type: ignore[arg-type]
