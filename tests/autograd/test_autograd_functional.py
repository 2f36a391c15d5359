"""Jacobians, Hessians and their products: against PyTorch, against each other, and where they are asked too much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp.autograd import functional
from tinygrad_mlp.errors import ArgumentError, GraphError, ShapeError

NAMES = ["jacobian", "hessian", "vjp", "jvp", "vhp", "hvp"]


@pytest.fixture(scope="module")
def pytorch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def normal(*shape: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def tensors(library: Any, arrays: Any, requires_grad: bool = False) -> Any:
    """Arrays as tensors of a library, tuples as tuples."""
    if isinstance(arrays, tuple):
        return tuple(tensors(library, array, requires_grad) for array in arrays)
    return library.tensor(arrays, requires_grad=requires_grad)


def assert_equal(ours: Any, theirs: Any) -> None:
    """The same nesting, shapes, dtypes and values."""
    assert isinstance(ours, tuple) == isinstance(theirs, tuple)
    if isinstance(ours, tuple):
        assert len(ours) == len(theirs)
        for x, y in zip(ours, theirs, strict=True):
            assert_equal(x, y)
    else:
        assert tuple(ours.shape) == tuple(theirs.shape)
        assert str(ours.dtype).split(".")[1] == str(theirs.dtype).split(".")[1]
        assert ours.requires_grad == theirs.requires_grad
        rtol = 1e-12 if ours.dtype.itemsize == 8 else 3e-7  # float32 sums round otherwise
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=rtol, atol=1e-14)


# name -> (function of a library and its tensors, the arrays it is called with)
VECTOR: dict[str, tuple[Callable[..., Any], Any]] = {
    "one to one": (lambda t, x: t.tanh(x) * x, normal(3)),
    "matrix to vector": (lambda t, x: (x**3).sum(dim=1), normal(2, 3)),
    "linear": (lambda t, x: 2 * x, normal(2)),
    "identity": (lambda t, x: x, normal(2)),
    "two to one": (lambda t, x, y: x @ y, (normal(2, 3), normal(3))),
    "two to two": (lambda t, x, y: (t.exp(x) * y, (x * y).sum()), (normal(3), normal(3, seed=1))),
    "tuple of one": (lambda t, x: (x.sin(),), (normal(2),)),
    "unused input": (lambda t, x, y: (x * x, x.sum()), (normal(2), normal(3))),
    "constant output": (lambda t, x: (x * x, t.ones(2, dtype=t.float64)), normal(2)),
    "number": (lambda t, x: x.exp(), normal()),
    "float32": (lambda t, x: (x * x).sum(), normal(3).astype(np.float32)),
}
SCALAR: dict[str, tuple[Callable[..., Any], Any]] = {
    "cubes": (lambda t, x: (x**3).sum(), normal(2, 2)),
    "mixed": (lambda t, x, y: ((x * y).sum() ** 2 * x[0]).exp(), (normal(2), normal(2, seed=1))),
    "bilinear": (lambda t, x, y: (x @ y).sum(), (normal(2, 3), normal(3, 2))),
    "linear": (lambda t, x: x.sum(), normal(3)),
    "unused input": (lambda t, x, y: x.tanh().sum(), (normal(2), normal(3))),
    "shape (1, 1)": (lambda t, x: (x * x).sum().reshape(1, 1), normal(2)),
    "number": (lambda t, x: x.exp(), normal()),
    "tuple of one": (lambda t, x: x.prod(), (normal(3),)),
}
CASES = [(name, case) for name in ("jacobian", "vjp", "jvp") for case in VECTOR] + [
    (name, case) for name in ("hessian", "vhp", "hvp") for case in SCALAR
]


def v_for(name: str, func: Any, arrays: Any) -> Any:
    """Vectors of the shapes that the function asks for."""
    like = arrays
    if name == "vjp":
        outputs = func(tg, *tensors(tg, arrays if isinstance(arrays, tuple) else (arrays,)))
        like = tuple(y.numpy() for y in outputs) if isinstance(outputs, tuple) else outputs.numpy()
    if isinstance(like, tuple):
        return tuple(normal(*x.shape, seed=7 + i).astype(x.dtype) for i, x in enumerate(like))
    return np.asarray(normal(*like.shape, seed=7), like.dtype)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(("name", "case"), CASES)
def test_as_pytorch(pytorch: Any, name: str, case: str, create_graph: bool) -> None:
    func, arrays = (SCALAR if name in ("hessian", "vhp", "hvp") else VECTOR)[case]
    results = []
    for library in (tg, pytorch):
        rest = () if name in ("jacobian", "hessian") else (tensors(library, v_for(name, func, arrays)),)
        inputs = tensors(library, arrays, requires_grad=create_graph)
        results.append(
            getattr(library.autograd.functional, name)(
                lambda *xs, library=library: func(library, *xs), inputs, *rest, create_graph=create_graph
            )
        )
    assert_equal(*results)


@pytest.mark.parametrize(("name", "case"), [c for c in CASES if c[1] in ("one to one", "two to two", "cubes", "mixed")])
def test_create_graph_as_pytorch(pytorch: Any, name: str, case: str) -> None:
    """The result can be differentiated: its squares' gradient with respect to the inputs, and to v."""
    func, arrays = {**VECTOR, **SCALAR}[case]
    gradients = []
    for library in (tg, pytorch):
        inputs = tensors(library, arrays, requires_grad=True)
        leaves = inputs if isinstance(inputs, tuple) else (inputs,)
        rest: tuple[Any, ...] = ()
        if name not in ("jacobian", "hessian"):
            rest = (tensors(library, v_for(name, func, arrays), requires_grad=True),)
            leaves += rest[0] if isinstance(rest[0], tuple) else rest
        result = getattr(library.autograd.functional, name)(
            lambda *xs, library=library: func(library, *xs), inputs, *rest, create_graph=True
        )
        flat = [result]
        while any(isinstance(entry, tuple) for entry in flat):
            flat = [x for entry in flat for x in (entry if isinstance(entry, tuple) else (entry,))]
        gradients.append(library.autograd.grad(sum((x * x).sum() for x in flat), leaves))
    assert_equal(*gradients)


@settings(max_examples=settings().max_examples // 4)  # each takes hundreds of passes
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 1000))
def test_products_are_those_of_the_jacobian(n: int, m: int, seed: int) -> None:
    a, x = tg.tensor(normal(n, m, seed=seed)), tg.tensor(normal(m, seed=seed + 1))
    u, v = tg.tensor(normal(n, seed=seed + 2)), tg.tensor(normal(m, seed=seed + 3))

    def func(x: Any) -> Any:
        return (a @ x).sin() * x.sum()

    j = functional.jacobian(func, x)
    numeric = np.stack([(func(x + e).numpy() - func(x - e).numpy()) / 2e-6 for e in 1e-6 * tg.eye(m, dtype=tg.float64)], 1)
    np.testing.assert_allclose(j.numpy(), numeric, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(functional.vjp(func, x, u)[1].numpy(), (u @ j).numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(functional.jvp(func, x, v)[1].numpy(), (j @ v).numpy(), rtol=1e-10, atol=1e-12)

    def scalar(x: Any) -> Any:
        return func(x).sum()

    h = functional.hessian(scalar, x)
    np.testing.assert_allclose(h.numpy(), h.numpy().T, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(functional.vhp(scalar, x, v)[1].numpy(), (v @ h).numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(functional.hvp(scalar, x, v)[1].numpy(), (h @ v).numpy(), rtol=1e-10, atol=1e-12)


def test_hessian_of_the_rosenbrock_function() -> None:
    def rosenbrock(x: Any, y: Any) -> Any:
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    x, y = tg.tensor(0.5, dtype=tg.float64), tg.tensor(-0.25, dtype=tg.float64)
    ((xx, xy), (yx, yy)) = functional.hessian(rosenbrock, (x, y))
    assert xx.item() == pytest.approx(1200 * 0.25 - 400 * -0.25 + 2, rel=1e-14)
    assert xy.item() == yx.item() == pytest.approx(-400 * 0.5, rel=1e-14)
    assert yy.item() == 200


def test_inputs_are_left_alone() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    for name in NAMES:
        rest = () if name in ("jacobian", "hessian") else (tg.ones(()) if name == "vjp" else tg.ones(2),)
        result = getattr(functional, name)(lambda x: (x**3).sum(), x, *rest)
        flat = result if isinstance(result, tuple) else (result,)
        assert not any(y.requires_grad for y in flat)
    assert x.grad is None
    assert x.requires_grad


def test_within_no_grad() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with tg.no_grad():
        assert functional.jacobian(lambda x: x**2, x).tolist() == [[2, 0], [0, 4]]
        assert functional.hessian(lambda x: (x**3).sum(), x, create_graph=True).requires_grad
        assert functional.hvp(lambda x: (x**3).sum(), x, tg.ones(2))[1].tolist() == [6, 12]
        assert functional.jvp(lambda x: x**2, x, tg.ones(2), create_graph=True)[1].requires_grad
        assert not tg.is_grad_enabled()


def test_vectorize_changes_nothing() -> None:
    x = tg.randn(3)
    for name, func in (("jacobian", lambda x: x**2), ("hessian", lambda x: (x**3).sum())):
        method = getattr(functional, name)
        assert method(func, x, vectorize=True).tolist() == method(func, x).tolist()
    assert functional.jacobian(lambda x: x[:0], x).shape == (0, 3)


def test_v_may_be_left_out_for_a_single_element() -> None:
    x = tg.tensor(2.0)
    assert functional.vjp(lambda x: x**3, x)[1].item() == 12
    assert functional.jvp(lambda x: x**3 * tg.ones(2), x)[1].tolist() == [12, 12]
    assert functional.vhp(lambda x: x**3, x)[1].item() == functional.hvp(lambda x: x**3, x)[1].item() == 12


TWO = (normal(2), normal(2))
ERRORS: list[tuple[str, Any, Any, dict[str, Any], type[Exception], str]] = [
    ("jacobian", lambda t, x: x, [1.0], {}, ArgumentError, "inputs given to jacobian must be .* got list"),
    ("vjp", lambda t, x: 3.0, normal(2), {}, ArgumentError, "outputs of the user-provided function given to vjp"),
    ("vjp", lambda t, x: x, normal(2), {}, GraphError, "vjp: the vector v can only be None"),
    ("jvp", lambda t, x: x, normal(2), {}, GraphError, "jvp: the vector v can only be None"),
    ("hvp", lambda t, x: x.sum(), normal(2), {}, GraphError, "hvp: the vector v can only be None"),
    ("vhp", lambda t, x, y: x.sum(), TWO, {}, GraphError, "vhp: the vector v can only be None"),
    ("vjp", lambda t, x: x, normal(2), {"v": normal(3)}, ShapeError, r"should be \[\(2,\)\] but got \[\(3,\)\]"),
    ("jvp", lambda t, x: x, normal(2), {"v": normal(2, 1)}, ShapeError, "v has invalid size"),
    ("jvp", lambda t, x, y: x * y, TWO, {"v": normal(2)}, ShapeError, "v has invalid size"),
    ("vhp", lambda t, x: x.sum(), normal(2), {"v": TWO}, ShapeError, "v has invalid size"),
    ("hessian", lambda t, x: x * 2, normal(2), {}, GraphError, "single Tensor with a single element"),
    ("hessian", lambda t, x: (x.sum(),), normal(2), {}, GraphError, "single Tensor with a single element"),
    ("vhp", lambda t, x: x * 2, normal(2), {"v": normal(2)}, GraphError, "single Tensor with a single element"),
    ("hvp", lambda t, x: (x.sum(), x.sum()), normal(2), {"v": normal(2)}, GraphError, "single Tensor with a single"),
    ("jacobian", lambda t, x: x, normal(2), {"strict": True, "vectorize": True}, GraphError, "not supported together"),
    ("jacobian", lambda t, x: x, normal(2), {"strategy": "forward-mode"}, NotImplementedError, "vectorize=True"),
    ("jacobian", lambda t, x, y: x, TWO, {"strict": True}, GraphError, "independent of input 1"),
    ("jacobian", lambda t, x: t.ones(2), normal(2), {"strict": True}, GraphError, "Output 0 of the user-provided"),
    ("jacobian", lambda t, x: 2 * x, normal(2), {"strict": True, "create_graph": True}, GraphError, "jacobian"),
    ("vjp", lambda t, x, y: x.sum(), TWO, {"strict": True}, GraphError, "independent of input 1"),
    ("jvp", lambda t, x, y: x, TWO, {"strict": True, "v": TWO}, GraphError, "independent of input 1"),
    ("hessian", lambda t, x: x.sum(), normal(2), {"strict": True}, GraphError, "independent of input 0"),
    ("vhp", lambda t, x: x.sum(), normal(2), {"strict": True, "v": normal(2)}, GraphError, "independent of input 0"),
    ("hvp", lambda t, x: x.sum(), normal(2), {"strict": True, "v": normal(2)}, GraphError, "independent of input 0"),
]


def call(library: Any, name: str, func: Any, arrays: Any, options: dict[str, Any]) -> None:
    inputs = arrays if isinstance(arrays, list) else tensors(library, arrays)
    given = {key: tensors(library, value) if key == "v" else value for key, value in options.items()}
    getattr(library.autograd.functional, name)(lambda *xs: func(library, *xs), inputs, **given)


@pytest.mark.parametrize(("name", "func", "arrays", "options", "error", "match"), ERRORS)
def test_errors(name: str, func: Any, arrays: Any, options: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call(tg, name, func, arrays, options)


@pytest.mark.parametrize(("name", "func", "arrays", "options", "error", "match"), ERRORS)
def test_errors_of_pytorch(
    pytorch: Any, name: str, func: Any, arrays: Any, options: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises((RuntimeError, TypeError)) as caught:
        call(pytorch, name, func, arrays, options)
    assert issubclass(error, caught.type)


def test_integers_have_no_gradient() -> None:
    with pytest.raises(RuntimeError, match="floating point"):
        functional.jacobian(lambda x: x * 2, tg.tensor([1, 2]))


def test_the_public_namespace(pytorch: Any) -> None:
    for name in tg.autograd.__all__:
        assert hasattr(pytorch.autograd, name)
        assert hasattr(tg.autograd, name)
    for name in functional.__all__:
        assert hasattr(pytorch.autograd.functional, name)
