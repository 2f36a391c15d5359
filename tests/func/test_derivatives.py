"""grad, vjp, jvp, jacobians and hessians: nested in every order, with every form of argument, beside PyTorch and as identities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import func as F
from tinygrad_mlp.errors import GraphError, ShapeError, TransformError

x64 = np.array([[0.3, -0.7, 1.1], [0.2, 0.5, -0.4]])


def scalar(lib: Any) -> Any:
    return lambda x: (x[0] * x[1]).sin() + (x**3).sum() * x[2].exp()


def vector(lib: Any) -> Any:
    return lambda x: lib.stack([x.prod(), (x * x).sum().tanh()])


TRANSFORMS = {"grad": "scalar", "jacrev": "vector", "jacfwd": "vector"}

NESTED = {
    "grad": lambda F, s, v: F.grad(s),
    "grad_grad": lambda F, s, v: F.grad(lambda x: F.grad(s)(x).sum()),
    "grad_grad_grad": lambda F, s, v: F.grad(lambda x: F.grad(lambda y: (F.grad(s)(y) * y).sum())(x).cos().sum()),
    "jacrev": lambda F, s, v: F.jacrev(v),
    "jacfwd": lambda F, s, v: F.jacfwd(v),
    "jacrev_chunks": lambda F, s, v: F.jacrev(lambda x: x * v(x).sum(), chunk_size=2),
    "hessian": lambda F, s, v: F.hessian(s),
    "hessian_of_vector": lambda F, s, v: F.hessian(v),
    "jacrev_jacfwd": lambda F, s, v: F.jacrev(F.jacfwd(v)),
    "jacfwd_jacfwd": lambda F, s, v: F.jacfwd(F.jacfwd(v)),
    "jacrev_jacrev": lambda F, s, v: F.jacrev(F.jacrev(v)),
    "jacfwd_hessian": lambda F, s, v: F.jacfwd(F.hessian(s)),
    "grad_of_jvp": lambda F, s, v: F.grad(lambda x: F.jvp(s, (x,), (x.cos(),))[1]),
    "jvp_of_grad": lambda F, s, v: lambda x: F.jvp(F.grad(s), (x,), (x.cos(),))[1],
    "jvp_of_jvp": lambda F, s, v: lambda x: F.jvp(lambda y: F.jvp(s, (y,), (y * y,))[1], (x,), (x.cos(),))[1],
    "grad_of_vjp": lambda F, s, v: F.grad(lambda x: (F.vjp(s, x)[1](x.sum())[0] ** 2).sum()),
    "grad_of_jacrev": lambda F, s, v: F.grad(lambda x: (F.jacrev(v)(x) ** 2).sum()),
    "grad_of_jacfwd": lambda F, s, v: F.grad(lambda x: (F.jacfwd(v)(x) ** 2).sum()),
    "grad_of_hessian": lambda F, s, v: F.grad(lambda x: (F.hessian(s)(x) ** 2).sum()),
    "grad_of_vmap": lambda F, s, v: F.grad(lambda x: (F.vmap(lambda a: a * x.sum())(x) ** 2).sum()),
    "vjp_of_vmap_grad": lambda F, s, v: F.grad(lambda x: (F.vmap(F.grad(lambda a: (a * x).sum() ** 2))(x) ** 2).sum()),
    "linearize": lambda F, s, v: lambda x: F.linearize(v, x)[1](x.sin()),
}  # fmt: skip
nested = pytest.mark.parametrize("name", NESTED)


@nested
def test_nested(name: str) -> None:
    """Of one sample and of a batch: a batch is a loop."""
    function = NESTED[name](F, scalar(tg), vector(tg))
    batch = tg.tensor(x64)
    one = [function(x) for x in batch]
    got = F.vmap(function)(batch)
    again = F.vmap(F.vmap(function))(tg.stack([batch, batch.flip(0)]))
    for k in range(2):
        np.testing.assert_allclose(got[k].numpy(), one[k].numpy(), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(again[0, k].numpy(), one[k].numpy(), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(again[1, 1 - k].numpy(), one[k].numpy(), rtol=1e-10, atol=1e-12)
    assert not got.requires_grad


@nested
@pytest.mark.filterwarnings("ignore")  # torch's own
def test_nested_as_in_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours = NESTED[name](F, scalar(tg), vector(tg))(tg.tensor(x64[0]))
    theirs = NESTED[name](torch.func, scalar(torch), vector(torch))(torch.tensor(x64[0]))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-10, atol=1e-12)


@nested
def test_nested_by_differences(name: str) -> None:
    """The outer function's derivative along a direction is that of what it gives."""
    function = NESTED[name](F, scalar(tg), vector(tg))
    x, u = tg.tensor(x64[0]), tg.tensor([0.3, -0.2, 0.5], dtype=tg.float64)
    _, pushed = F.jvp(function, (x,), (u,))
    difference = (function(x + 1e-6 * u) - function(x - 1e-6 * u)) / 2e-6
    np.testing.assert_allclose(pushed.numpy(), difference.numpy(), rtol=1e-4, atol=1e-6)


def test_forms_of_arguments() -> None:
    def f(p: dict[str, Any], x: Any, *, scale: float = 1.0) -> Any:
        return ((p["w"] * x).sum() + p["b"][0]) * scale, {"aux": x * 2}

    p = {"w": tg.tensor([1.0, 2.0]), "b": [tg.tensor(3.0)]}
    x = tg.tensor([4.0, 5.0])
    gradient, aux = F.grad(f, has_aux=True)(p, x, scale=2.0)
    assert gradient["w"].tolist() == [8.0, 10.0]
    assert gradient["b"][0].item() == 2.0
    assert aux["aux"].tolist() == [8.0, 10.0]
    assert not aux["aux"].requires_grad
    (gp, gx), (value, aux) = F.grad_and_value(f, argnums=(0, 1), has_aux=True)(p, x)
    assert gp["w"].tolist() == [4.0, 5.0]
    assert gx.tolist() == [1.0, 2.0]
    assert value.item() == 17.0
    assert F.grad(lambda a, b: (a * b).sum(), argnums=-1)(x, x + 1).tolist() == [4.0, 5.0]
    jacobian, aux = F.jacrev(f, has_aux=True)(p, x)
    assert jacobian["w"].tolist() == [4.0, 5.0]
    jacobian = F.jacfwd(lambda p, x: {"y": p["w"] * x}, argnums=(0, 1))(p, x)
    assert jacobian["y"][0]["w"].tolist() == [[4.0, 0.0], [0.0, 5.0]]
    assert jacobian["y"][0]["b"][0].tolist() == [0.0, 0.0]
    value, pull, aux = F.vjp(f, p, x, has_aux=True)
    (by_p, by_x) = pull(tg.tensor(1.0))
    assert by_x.tolist() == [1.0, 2.0]
    assert by_p["w"].tolist() == [4.0, 5.0]
    assert pull(tg.tensor(2.0))[1].tolist() == [2.0, 4.0], "it can be asked again"
    value, pushed, aux = F.jvp(f, (p, x), (p, x), has_aux=True)
    assert pushed.item() == 2 * 14.0 + 3.0


def test_histories_of_others_are_kept_and_no_others() -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    x = tg.tensor([3.0, 4.0])
    g = F.grad(lambda x: ((w * x) ** 2).sum())(x)
    assert g.requires_grad, "w is differentiated by, too"
    g.sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [12.0, 32.0]
    assert not F.grad(lambda x: (x**2).sum())(x).requires_grad
    assert not x.requires_grad
    with tg.no_grad():
        assert not F.grad(lambda x: ((w * x) ** 2).sum())(x).requires_grad
    value, pull = F.vjp(lambda x: x * 2, x)
    assert not value.requires_grad
    v = tg.ones(2, requires_grad=True)
    assert pull(v)[0].requires_grad


def test_what_is_refused() -> None:
    x = tg.ones(3)
    with pytest.raises(RuntimeError, match="scalar tensor"):
        F.grad(lambda x: x)(x)
    with pytest.raises(RuntimeError, match="single tensor"):
        F.grad(lambda x: (x.sum(), x.sum()))(x)
    with pytest.raises(GraphError, match="floating point"):
        F.grad(lambda x: x.sum())(tg.tensor([1, 2]))
    with pytest.raises(RuntimeError, match="argnum"):
        F.grad(lambda x: x.sum(), argnums=1)(x)
    with pytest.raises(ShapeError):
        F.vjp(lambda x: x, x)[1](tg.ones(2))
    with pytest.raises(TypeError, match="tuple"):
        F.jvp(lambda x: x, x, x)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="independent"):
        F.jvp(lambda x: tg.ones(1), (x,), (x,), strict=True)
    with pytest.raises(TransformError, match=r"torch\.func\.grad"):
        F.vmap(lambda x: tg.autograd.grad((w * x).sum(), w)[0])(x) if (
            w := tg.ones(1, requires_grad=True)
        ) is not None else None


def test_a_compiled_step_with_transforms() -> None:
    model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.Tanh(), tg.nn.Linear(4, 2)).double()
    params = {name: p.detach() for name, p in model.named_parameters()}
    x, t = tg.tensor(x64), tg.tensor([0, 1])

    def loss(p: Any, x: Any, t: Any) -> Any:
        return tg.nn.functional.cross_entropy(F.functional_call(model, p, (x[None],)), t[None])

    def step(x: Any, t: Any) -> Any:
        each = F.vmap(F.grad(loss), in_dims=(None, 0, 0))(params, x, t)
        return [g * 2 for g in each.values()], F.hessian(lambda a: loss(params, a, t[0]))(x[0])

    compiled = tg.compile(step)
    expected, second = step(x, t)
    for _ in range(5):
        got, hessian = compiled(x, t)
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(hessian.numpy(), second.numpy(), rtol=1e-9, atol=1e-12)
