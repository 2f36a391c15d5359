"""``vmap``: where the samples' dimension is, chunks, random numbers, writes in place, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.errors import TransformError
from tinygrad_mlp.func import batching, functional_call, grad, stack_module_state, vmap

x = tg.arange(24.0).reshape(2, 3, 4)


def test_dimensions_in_and_out() -> None:
    for dim in (0, 1, 2, -1):
        y = vmap(lambda a: a * 2 + a.sum(), in_dims=dim)(x)
        parts = tg.stack([a * 2 + a.sum() for a in x.unbind(dim)])
        assert (y == parts).all()
        assert (vmap(lambda a: a * 2, in_dims=dim, out_dims=dim)(x) == x * 2).all()
    assert vmap(lambda a, b: a @ b, in_dims=(0, None))(x, tg.ones(4)).shape == (2, 3)
    assert vmap(lambda a, b: a["k"][0] + b, in_dims=({"k": 1}, None))({"k": [x]}, 5.0).shape == (3, 2, 4)
    first, second = vmap(lambda a: (a.sum(), {"m": a}), out_dims=(0, {"m": -1}))(x)
    assert first.shape == (2,)
    assert second["m"].shape == (3, 4, 2)
    assert vmap(lambda a: tg.ones(3))(x).shape == (2, 3), "what is the same for all is repeated"
    assert vmap(lambda a: tg.ones(3), out_dims=None)(x).shape == (3,)
    assert vmap(lambda a, *, k: a * k)(x, k=3.0)[1, 2, 3].item() == 69.0
    assert (tg.vmap(vmap(tg.sum, in_dims=1))(x) == x.sum(1)).all()


def test_chunks() -> None:
    for size in (1, 2, 3, 5, 100):
        y, z = vmap(lambda a, b: (a * b, a.sum()), in_dims=(1, None), out_dims=(1, 0), chunk_size=size)(x, tg.tensor(2.0))
        assert (y == x * 2).all()
        assert z.tolist() == x.sum((0, 2)).tolist()


def test_no_samples() -> None:
    assert vmap(lambda a: (a * 2).sum())(tg.ones(0, 3)).shape == (0,)


def test_samples_without_dimensions_count_less() -> None:
    y = vmap(lambda a, b: a + b, in_dims=(0, None))(tg.ones(2, dtype=tg.float64), tg.ones(3))
    assert y.dtype is tg.float32, "as of a sum of a tensor without dimensions"
    assert vmap(lambda a: a * 2.5)(tg.tensor([1, 2])).dtype is tg.float32


def test_random_numbers() -> None:
    with pytest.raises(TransformError, match="randomness"):
        vmap(lambda a: a + tg.rand(4))(x[0])
    different = vmap(lambda a: tg.rand(4), randomness="different")(x[0])
    assert (different[0] != different[1]).any()
    same = vmap(lambda a: tg.rand_like(a), randomness="same")(x[0])
    assert (same[0] == same[1]).all()
    for randomness in ("same", "different"):
        coins = vmap(lambda a: tg.bernoulli(a), randomness=randomness)(tg.full((3, 50), 0.5))
        assert (coins[0] == coins[1]).all().item() is (randomness == "same")
        kept = vmap(lambda a: nn.functional.dropout(a, 0.5), randomness=randomness)(tg.ones(3, 50))
        assert (kept[0] == kept[1]).all().item() is (randomness == "same")
        filled = vmap(lambda a: a.clone().normal_(), randomness=randomness)(tg.ones(3, 50))
        assert (filled[0] == filled[1]).all().item() is (randomness == "same")
    with pytest.raises(RuntimeError, match="randomness"):
        vmap(lambda a: a, randomness="some")


def test_writes_in_place() -> None:
    def write(a: Any) -> Any:
        y = tg.zeros_like(a)
        y[0] = a[1]
        y[1:] += a[1:] * 2
        y.mul_(a)
        a = a.clone()
        a.masked_fill_(a > 5, -1.0)
        a[1, :2] = y[0, :2]
        a.add_(1)
        return y + a + a.new_ones(4)

    expected = [write(a) for a in x]
    assert (vmap(write)(x) == tg.stack(expected)).all()
    got = vmap(grad(lambda a: (write(a) ** 2).sum()))(x)
    for k in range(2):
        assert (got[k] == grad(lambda a: (write(a) ** 2).sum())(x[k])).all()
    given = x.clone()
    vmap(lambda a: a.add_(1))(given)
    assert (given == x + 1).all(), "the batch itself is written"
    with pytest.raises(TransformError, match="not possible"):
        vmap(lambda a: tg.zeros(4).add_(a))(x[0])
    with pytest.raises(RuntimeError, match="broadcast"):
        vmap(lambda a: a.sum().add_(a))(x[0])


def test_values_are_not_to_be_had() -> None:
    for ask in (lambda a: a.sum().item(), lambda a: a if a.sum() > 0 else -a, lambda a: a.numpy(), lambda a: a[a > 0]):
        with pytest.raises(TransformError):
            vmap(ask)(x)


def test_what_is_refused() -> None:
    for call in (
        lambda: vmap(tg.sum, in_dims=3)(x),
        lambda: vmap(tg.sum, in_dims=None)(x),
        lambda: vmap(tg.sum, in_dims=(0, 0))(x),
        lambda: vmap(tg.sum)(1.0),
        lambda: vmap(tg.sum)(),
        lambda: vmap(tg.add)(x, x[:1]),
        lambda: vmap(lambda a: a, out_dims=None)(x),
        lambda: vmap(lambda a: a, out_dims=(0, 0))(x),
        lambda: vmap(lambda a: a, chunk_size=0)(x),
    ):
        with pytest.raises(ValueError, match=r"vmap"):
            call()
    with pytest.raises(TypeError, match="only return Tensors"):
        vmap(lambda a: 1.0)(x)
    with pytest.raises(IndexError):
        vmap(lambda a: a, out_dims=5)(x)


def test_an_operation_without_a_rule_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "_told", set())
    indices = tg.tensor([[0, 1], [1, 1]])
    with pytest.warns(UserWarning, match="bincount"):
        y = vmap(lambda a: tg.bincount(a, minlength=3))(indices)
    assert y.tolist() == [[1, 1, 0], [0, 2, 0]]
    vmap(lambda a: tg.bincount(a, minlength=3))(indices)  # where warnings are errors


def test_an_ensemble_is_its_models() -> None:
    models = [nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.LayerNorm(3), nn.Linear(3, 2)) for _ in range(3)]
    params, buffers = stack_module_state(models)
    assert all(p.is_leaf for p in params.values())
    assert all(p.requires_grad for p in params.values())
    batch = x.reshape(6, 4)

    def call(p: Any, b: Any, a: Any) -> Any:
        return functional_call(models[0], (p, b), (a,))

    for a, dims in ((batch, None), (tg.stack([batch] * 3), 0)):
        got = vmap(call, in_dims=(0, 0, dims))(params, buffers, a)
        for k, model in enumerate(models):
            np.testing.assert_allclose(got[k].detach().numpy(), model(batch).detach().numpy(), rtol=1e-4, atol=1e-5)
    with pytest.raises(RuntimeError, match="same class"):
        stack_module_state([nn.Linear(2, 2), nn.Tanh()])
    with pytest.raises(RuntimeError, match="at least one"):
        stack_module_state([])
    with pytest.raises(RuntimeError, match="mode"):
        stack_module_state([nn.Linear(2, 2), nn.Linear(2, 2).eval()])


def test_a_sample_prints_its_batch() -> None:
    seen: list[str] = []
    vmap(lambda a: vmap(lambda b: (seen.append(repr(b)), b)[1])(a))(tg.ones(2, 1, 3))
    assert seen[0].startswith("BatchedTensor(lvl=2, bdim=0, value=")
    assert "lvl=1" in seen[0]
    assert "[1., 1., 1.]" in seen[0]
