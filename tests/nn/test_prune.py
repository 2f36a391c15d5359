"""Pruning, against PyTorch's and by what it promises."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same_error, both, cotangent

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn.utils import prune

METHODS: dict[str, Any] = {
    "l1": lambda p, m, torch: p.l1_unstructured(m, "weight", amount=0.3),
    "l1, number": lambda p, m, torch: p.l1_unstructured(m, "weight", amount=3),
    "l1 of scores": lambda p, m, torch: p.l1_unstructured(
        m, "weight", 0.5, importance_scores=torch.tensor(cotangent((4, 5), 9))
    ),
    "rows": lambda p, m, torch: p.ln_structured(m, "weight", amount=2, n=2, dim=0),
    "columns": lambda p, m, torch: p.ln_structured(m, "weight", amount=0.4, n=float("inf"), dim=-1),
    "mask": lambda p, m, torch: p.custom_from_mask(m, "weight", torch.tensor(cotangent((4, 5), 8) > 0)),
    "none": lambda p, m, torch: p.identity(m, "weight"),
}


def of(library: Any) -> Any:
    return importlib.import_module(f"{library.__name__}.nn.utils.prune")


def layer(torch: Any, seed: int = 0) -> Any:
    made = torch.nn.Linear(5, 4, dtype=torch.float64)
    for k, p in enumerate(made.parameters()):
        p.data.copy_(torch.tensor(cotangent(p.shape, seed + k)))
    return made


@pytest.mark.parametrize("first", METHODS)
@pytest.mark.parametrize("second", [None, "l1", "rows", "columns", "mask"])
def test_like_pytorch(first: str, second: str | None) -> None:
    results, said = [], []
    for torch in both():
        module, p = layer(torch), of(torch)
        for name in (first, second):
            if name is not None:
                assert METHODS[name](p, module, torch) is module
        x = torch.tensor(cotangent((3, 5), 7))
        module(x).square().sum().backward()
        said.append(
            [repr(module), list(module.state_dict()), [n for n, _ in module.named_parameters()], p.is_pruned(module)]
        )
        seen = [module.weight.detach(), module.weight_mask, module.weight_orig.grad]
        p.remove(module, "weight")
        said[-1] += [sorted(module.state_dict()), p.is_pruned(module)]
        results.append([*seen, module.weight.detach(), module(x).detach()])
    assert said[0] == said[1]
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)


def test_all_parameters_together_equal_pytorch() -> None:
    results = []
    for torch in both():
        model, p = torch.nn.Sequential(layer(torch), layer(torch, 5)), of(torch)
        pairs = [(model[0], "weight"), (model[1], "weight"), (model[1], "bias")]
        p.global_unstructured(pairs, pruning_method=p.L1Unstructured, amount=0.4)
        p.global_unstructured(pairs, pruning_method=p.L1Unstructured, amount=5)
        results.append([getattr(m, name).detach() for m, name in pairs])
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs)


def test_by_chance() -> None:
    module = nn.Linear(10, 10)
    prune.random_unstructured(module, "weight", amount=0.2)
    assert int((module.weight == 0).sum()) == 20
    prune.random_unstructured(module, "weight", amount=0.5)
    assert int((module.weight == 0).sum()) == 60
    other = nn.Linear(10, 10)
    prune.random_structured(other, "weight", amount=3, dim=0)
    assert int((other.weight == 0).all(1).sum()) == 3


def test_training_keeps_zeros() -> None:
    module = prune.l1_unstructured(layer(tg), "weight", amount=0.5)
    optimizer = tg.optim.SGD(module.parameters(), lr=0.1)
    zeros = module.weight == 0
    for _ in range(3):
        optimizer.zero_grad()
        module(tg.ones(2, 5, dtype=tg.float64)).square().sum().backward()
        optimizer.step()
    module(tg.ones(2, 5, dtype=tg.float64))
    assert not module.weight[zeros].any()
    assert not module.weight_orig.grad[zeros].any()


def test_a_tensor_alone() -> None:
    t = tg.tensor([1.0, -3.0, 2.0])
    assert prune.L1Unstructured(amount=1).prune(t).tolist() == [0, -3, 2]


@pytest.mark.parametrize("name", prune.__all__)
def test_signatures_are_pytorchs(name: str) -> None:
    mine, other = (inspect.signature(getattr(of(library), name)).parameters.values() for library in both())
    assert [(p.name, p.default) for p in mine] == [(p.name, p.default) for p in other]


@pytest.mark.parametrize(
    "code",
    [
        lambda p, m: p.l1_unstructured(m, "weight", amount=1.5),
        lambda p, m: p.l1_unstructured(m, "weight", amount=-1),
        lambda p, m: p.l1_unstructured(m, "weight", amount=21),
        lambda p, m: p.l1_unstructured(m, "weight", amount="some"),
        lambda p, m: p.ln_structured(m, "bias", amount=1, n=2, dim=0),
        lambda p, m: p.ln_structured(m, "weight", amount=1, n=2, dim=2),
        lambda p, m: p.remove(m, "weight"),
        lambda p, m: p.l1_unstructured(m, "x", amount=1),
        lambda p, m: p.global_unstructured([(m, "weight")], p.LnStructured, amount=1, n=1),
    ],
)
def test_errors(code: Any) -> None:
    assert_same_error(lambda torch: code(of(torch), layer(torch)), "")
    with pytest.raises((ValueError, TypeError, IndexError, AttributeError)):
        code(prune, layer(tg))
