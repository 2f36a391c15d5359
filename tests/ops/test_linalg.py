"""Products of matrices, and einsum: what is special beside the contract of ``test_contract.py``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from contract import Sample, integers, normal
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.errors import ShapeError
from tinygrad_mlp.testing import gradcheck

EQUATIONS = [
    ("ij,jk", (2, 3), (3, 4)),
    ("ij,jk->ki", (2, 3), (3, 4)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)),
    ("i,i", (3,), (3,)),
    ("i,j->ij", (3,), (2,)),
    ("ij,ij->ij", (2, 3), (2, 3)),
    ("ij,ij->ij", (2, 3), (1, 3)),
    ("ij,jk->ik", (2, 3), (1, 4)),
    ("bn,anm,bm->ba", (2, 3), (4, 3, 2), (2, 2)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("ba", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iji->j", (2, 3, 2)),
    ("iii->i", (2, 2, 2)),
    ("ijij->ji", (2, 3, 2, 3)),
    ("ii,i->i", (3, 3), (3,)),
    ("ij,k->i", (2, 3), (4,)),
    ("ij,->ij", (2, 3), ()),
    (",", (), ()),
    ("->", ()),
    ("...i,...i", (2, 3), (3,)),
    ("...ij,...jk->...ik", (2, 1, 2, 3), (4, 3, 2)),
    ("...,...", (2, 3), (3,)),
    ("i...->...", (2, 3, 4)),
    ("...ii->...i", (2, 3, 3)),
    ("...i->i", (2, 3)),
    ("b...i,...->b", (2, 4, 3), (4,)),
    ("i...,j...->...ij", (2, 3), (4, 3)),
    ("ij->...j", (2, 3)),
    (" i j , j -> i ", (2, 3), (3,)),
    ("aB,Bc", (2, 3), (3, 2)),
]

SAMPLES = [
    Sample("matmul", (normal(2, 3), normal(3, 4)), covers=("matrix_product",)),
    Sample("matmul", (normal(2, 1, 2, 3), normal(4, 3, 2))),
    Sample("matmul", (normal(3), normal(3))),
    Sample("matmul", (normal(3), normal(2, 3, 4))),
    Sample("matmul", (normal(2, 4, 3), normal(3))),
    Sample("matmul", (integers(5, 2, 3), integers(5, 3, 2))),
    Sample("mm", (normal(2, 3), normal(3, 4))),
    Sample("bmm", (normal(2, 2, 3), normal(2, 3, 4))),
    Sample("mv", (normal(2, 3), normal(3))),
    Sample("dot", (normal(3), normal(3, seed=1))),
    Sample("outer", (normal(3), normal(2))),
    *[Sample("inner", (normal(*a), normal(*b, seed=1))) for a in ((), (3,), (2, 3)) for b in ((), (3,), (4, 3), (4, 2, 3))],
    Sample("addmm", (normal(4), normal(2, 3), normal(3, 4)), {"beta": 0.5, "alpha": 2}),
    *[
        Sample("addmm", (normal(2, 4), normal(2, 3), normal(3, 4)), {"beta": beta, "alpha": alpha})
        for beta in (1, 2)
        for alpha in (0, 1, 2)
    ],
    Sample("trace", (normal(3, 4),)),
    *[
        Sample(
            "svdvals", (normal(*shape),), torch_name="linalg.svdvals", rtol=1e-10, covers=("_left_vectors", "_right_vectors")
        )
        for shape in ((3, 3), (2, 4), (4, 2), (2, 3, 2))
    ],
    Sample("linear", (normal(4, 3), normal(2, 3), normal(2)), torch_name="nn.functional.linear"),
    Sample("linear", (normal(2, 4, 3), normal(2, 3), normal(2)), torch_name="nn.functional.linear"),
    Sample("linear", (normal(3), normal(2, 3)), torch_name="nn.functional.linear"),
    *[
        Sample("linear", (normal(*shape, 3), normal(3)), torch_name="nn.functional.linear", call=tg.nn.functional.linear)
        for shape in ((), (4,), (2, 4))
    ],
    *[
        Sample(
            "einsum",
            (equation, *(normal(*shape, seed=k) for k, shape in enumerate(shapes))),
            covers=("_einsum",),
            rtol=1e-11,
        )
        for equation, *shapes in EQUATIONS
    ],
]


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


LETTERS = "abcd"
SIZES = {"a": 2, "b": 3, "c": 1, "d": 2}


@given(
    st.lists(st.text(LETTERS, max_size=3), min_size=1, max_size=3),
    st.data(),
)
def test_einsum_and_its_gradients_against_torch(terms: list[str], data: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    used = sorted(set("".join(terms)))
    output = "".join(data.draw(st.lists(st.sampled_from(used), unique=True))) if used else ""
    equation = ",".join(terms) + data.draw(st.sampled_from(["", "->" + output]))
    arrays = [normal(*(SIZES[letter] for letter in term), seed=k) for k, term in enumerate(terms)]
    results = []
    for library in (tg, torch):
        tensors = [library.tensor(a, requires_grad=True) for a in arrays]
        y = library.einsum(equation, *tensors)
        (y * library.tensor(normal(*y.shape, seed=9))).sum().backward()
        results.append([y.detach().numpy(), *(x.grad.numpy() for x in tensors)])
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


def test_einsum_of_one_operand_views_it() -> None:
    x = tg.zeros(3, 3)
    tg.einsum("ii->i", x).add_(1)
    assert x.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_einsum_takes_a_list() -> None:
    x = tg.ones(2, 3)
    assert tg.einsum("ij,ij->i", [x, x]).tolist() == [3, 3]


def test_addmm_with_beta_zero_does_not_look_at_what_is_added() -> None:
    product = tg.addmm(tg.full((2, 2), np.nan), tg.ones(2, 3), tg.ones(3, 2), beta=0, alpha=2)
    assert product.tolist() == [[6, 6]] * 2


def test_empty_products() -> None:
    assert (tg.zeros(2, 0) @ tg.zeros(0, 3)).tolist() == [[0, 0, 0]] * 2
    assert tg.einsum("ij,jk", tg.zeros(2, 0), tg.zeros(0, 3)).tolist() == [[0, 0, 0]] * 2


X = normal(2, 3)
BAD = [
    (lambda x, t: t.einsum("ij,jk", x, x), "subscript j has size 2 for operand 1"),
    (lambda x, t: t.einsum("ii", x), "repeated but the sizes don't match, 2 != 3"),
    (lambda x, t: t.einsum("ii", x[:1]), "repeated"),
    (lambda x, t: t.einsum("ij->k", x), "output subscript k does not appear"),
    (lambda x, t: t.einsum("ij->ii", x), "more than once in the output"),
    (lambda x, t: t.einsum("i", x), r"number of dimensions \(2\) for operand 0"),
    (lambda x, t: t.einsum("ijk", x), "does not match"),
    (lambda x, t: t.einsum("ijk...", x), "does not match"),
    (lambda x, t: t.einsum("ij,j", x), "fewer operands"),
    (lambda x, t: t.einsum("ij", x, x), "more operands"),
    (lambda x, t: t.einsum("i1", x), "invalid subscript"),
    (lambda x, t: t.einsum("..i", x), "invalid subscript"),
    (lambda x, t: t.einsum("...i...j", x), "invalid subscript"),
    (lambda x, t: t.einsum("ij->ji->ij", x), "invalid subscript"),
    (lambda x, t: t.einsum("ij"), "at least one operand"),
    (lambda x, t: t.einsum("ij->i", [x], x), "must be Tensors, not list"),
    (lambda x, t: x @ x, r"\(2, 3\) and \(2, 3\)"),
    (lambda x, t: x @ 2, "must be a Tensor"),
    (lambda x, t: x @ t.tensor(2.0), "at least 1 dimension"),
    (lambda x, t: t.mm(x, x[0]), "2 and 2 dimensions"),
    (lambda x, t: t.bmm(x, x), "3 and 3 dimensions"),
    (lambda x, t: t.bmm(x[None], t.ones(2, 3, 2)), "number of batches"),
    (lambda x, t: t.mv(x, x), "2 and 1 dimensions"),
    (lambda x, t: t.dot(x[0], x[:, 0]), "inconsistent"),
    (lambda x, t: t.dot(t.tensor(1.0), t.tensor(2.0)), "inconsistent"),
    (lambda x, t: t.outer(x, x[0]), "1 and 1 dimensions"),
    (lambda x, t: t.inner(x, x.T), r"the last dimensions must be of one size, got \(2, 3\) and \(3, 2\)"),
    (lambda x, t: t.linalg.svdvals(x[0]), "must be at least two-dimensional"),
    (lambda x, t: t.trace(x[0]), "expected a matrix"),
    (lambda x, t: t.nn.functional.linear(x, t.ones(2, 2)), "in_features"),
]
CLASSES = (ValueError, IndexError, TypeError, RuntimeError)


@pytest.mark.parametrize(("call", "message"), BAD)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(CLASSES, match=message):
        call(tg.tensor(X, dtype=tg.float32), tg)


@pytest.mark.parametrize("call", [call for call, _ in BAD])
def test_errors_are_of_torch_classes(torch: Any, call: Any) -> None:
    with pytest.raises(CLASSES) as theirs:
        call(torch.tensor(X, dtype=torch.float32), torch)
    expected = next(c for c in CLASSES if isinstance(theirs.value, c))
    with pytest.raises(expected):
        call(tg.tensor(X, dtype=tg.float32), tg)


def test_the_error_of_linear_names_the_layer_that_would_fit() -> None:
    with pytest.raises(RuntimeError, match=r"make the layer Linear\(3, \.\.\.\)"):
        tg.nn.functional.linear(tg.ones(2, 3), tg.ones(4, 5))
    with pytest.raises(RuntimeError, match=r"make the layer Linear\(1, \.\.\.\)"):
        tg.nn.functional.linear(tg.tensor(1.0), tg.ones(4, 5))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 4, 3)])
@pytest.mark.parametrize("bias", [False, True])
def test_linear_of_one_output_without_a_dimension(shape: tuple[int, ...], bias: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s) for s in (shape, (3,), ())][: 3 if bias else 2]
    ours = tg.nn.functional.linear(*map(tg.tensor, arrays))
    theirs = torch.tensor(arrays[0]) @ torch.tensor(arrays[1]) + (torch.tensor(arrays[2]) if bias else 0)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-13)
    inputs = [tg.tensor(a, dtype=tg.float64, requires_grad=True) for a in arrays]
    assert gradcheck(tg.nn.functional.linear, inputs, order=2)


def test_linear_of_one_output_takes_a_bias_without_dimensions_alone() -> None:
    for bias in (tg.ones(1), tg.ones(2)):
        with pytest.raises(ShapeError, match="linear: mat1 and mat2"):
            tg.nn.functional.linear(tg.ones(2, 3), tg.ones(3), bias)
    with pytest.raises(ShapeError, match="linear: mat1 and mat2"):
        tg.nn.functional.linear(tg.ones(2, 2), tg.ones(3))
