"""Dual tensors: tangents of what is computed of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
import tinygrad_mlp.autograd.forward_ad as fw

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # where PyTorch imports its own


def both(lib: Any, forward: Any, no_grad: bool) -> list[Any]:
    x = lib.tensor([[0.3, -0.7], [1.1, 0.2]], dtype=lib.float64)
    w = lib.tensor([[1.0, 2.0], [0.5, -1.0]], dtype=lib.float64)
    u, v = lib.ones_like(x) * 0.5, lib.ones_like(x).cumsum(0)
    with lib.set_grad_enabled(not no_grad), forward.dual_level():
        a, b = forward.make_dual(x, u), forward.make_dual(w, v)
        y = (a @ b).tanh() * w
        z = y.clone()
        z[0] = a[1] * 2
        z += b
        out = []
        for t in (a, y, z, (y * b).sum(), w, w * 2):
            primal, tangent = forward.unpack_dual(t)
            out += [primal, tangent]
    return [None if t is None else t.numpy() for t in out]


@pytest.mark.parametrize("no_grad", [False, True])
def test_as_in_pytorch(no_grad: bool) -> None:
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")
    import torch.autograd.forward_ad as theirs

    for a, b in zip(both(tg, fw, no_grad), both(torch, theirs, no_grad), strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_a_tangent_is_the_directional_difference() -> None:
    x, u = tg.tensor([0.3, 0.7], dtype=tg.float64), tg.tensor([1.0, -2.0], dtype=tg.float64)

    def f(x: Any) -> Any:
        return (x.prod() * x).softmax(0).log()

    with fw.dual_level():
        primal, tangent = fw.unpack_dual(f(fw.make_dual(x, u)))
    assert tangent is not None
    assert not primal.requires_grad
    np.testing.assert_allclose(tangent.numpy(), ((f(x + 1e-6 * u) - f(x - 1e-6 * u)) / 2e-6).numpy(), rtol=1e-6)


def test_gradients_of_tangents() -> None:
    w = tg.tensor([2.0, 3.0], requires_grad=True)
    with fw.dual_level():
        dual = fw.make_dual(w, tg.tensor([1.0, 10.0]))
        primal, tangent = fw.unpack_dual((dual**3).sum())
    assert tangent is not None
    tangent.backward(retain_graph=True)
    assert w.grad is not None
    assert w.grad.tolist() == [12.0, 180.0]
    assert primal.requires_grad


def test_levels() -> None:
    x = tg.ones(2)
    with pytest.raises(RuntimeError, match="no level"):
        fw.make_dual(x, x)
    level = fw.enter_dual_level()
    try:
        with pytest.raises(RuntimeError, match="Nested"):
            fw.enter_dual_level()
        dual = fw.make_dual(x, x)
        assert fw.unpack_dual(x).tangent is None
        with pytest.raises(RuntimeError, match="shape"):
            fw.make_dual(x, tg.ones(3))
        with pytest.raises(RuntimeError, match="dtype"):
            fw.make_dual(x, x.double())
        with pytest.raises(TypeError):
            fw.make_dual(x, 1.0)  # type: ignore[arg-type]
    finally:
        fw.exit_dual_level(level=level)
    assert fw.unpack_dual(dual).tangent is None
    with pytest.raises(RuntimeError, match="exit"):
        fw.exit_dual_level()
