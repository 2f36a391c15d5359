"""Parametrizations, weight norm and spectral norm: in both forms, against PyTorch and by their definitions."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same_error, both, cotangent
from compiled_twin import assert_compiled_alike

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn.utils import parametrizations, parametrize

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated:FutureWarning")


class Doubled(nn.Module):
    def forward(self, x: Any) -> Any:
        return 2 * x

    def right_inverse(self, x: Any) -> Any:
        return x / 2


class Symmetric(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.triu() + x.triu(1).mT


def test_a_parametrized_weight() -> None:
    layer = nn.Linear(3, 3)
    value = layer.weight.detach().clone()
    assert parametrize.register_parametrization(layer, "weight", Doubled()) is layer
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    assert isinstance(layer, nn.Linear)
    assert type(layer).__name__ == "ParametrizedLinear"
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    assert layer.weight.equal(value)
    original = layer.parametrizations.weight.original
    assert original.equal(value / 2)
    layer(tg.ones(1, 3)).sum().backward()
    assert original.grad.tolist() == [[2.0] * 3] * 3
    layer.weight = tg.eye(3)
    assert original.equal(tg.eye(3) / 2)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert layer.weight.equal(tg.eye(3))
    assert parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear
    assert repr(layer) == "Linear(in_features=3, out_features=3, bias=True)"
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    assert layer.weight is original
    assert layer.weight.equal(tg.eye(3))


def test_leaving_the_original() -> None:
    layer = nn.Linear(2, 2)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    original = layer.parametrizations.weight.original.clone()
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert layer.weight.equal(original)


def test_values_are_kept_in_a_cached_block() -> None:
    layer = nn.Linear(2, 2)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    with parametrize.cached():
        assert layer.weight is layer.weight
    assert layer.weight is not layer.weight


def test_copies_are_apart() -> None:
    layer = nn.Linear(2, 2)
    parametrize.register_parametrization(layer, "weight", Doubled())
    twin = copy.deepcopy(layer)
    twin.weight = tg.eye(2)
    assert twin.weight.equal(tg.eye(2))
    assert not layer.weight.equal(tg.eye(2))
    parametrize.remove_parametrizations(layer, "weight")
    assert parametrize.is_parametrized(twin)


def test_transfer() -> None:
    source, target = nn.Linear(2, 2), nn.Linear(2, 2)
    parametrize.register_parametrization(source, "weight", Doubled())
    parametrize.transfer_parametrizations_and_params(source, target)
    assert target.weight.equal(source.weight)
    assert list(target.state_dict()) == list(source.state_dict())


def weights(module: Any, torch: Any) -> None:
    for k, p in enumerate(module.parameters()):
        p.data.copy_(torch.tensor(cotangent(p.shape, k)))


def trained(torch: Any, module: Any, steps: int = 3) -> list[Any]:
    """Outputs and parameters of a training, and an output in evaluation."""
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    x, seen = torch.tensor(cotangent((4, 3), 9)), []
    for _ in range(steps):
        optimizer.zero_grad()
        y = module(x)
        (y**2).mean().backward()
        optimizer.step()
        seen.append(y.detach().numpy())
    module.eval()
    seen.append(module(x).detach().numpy())
    return [*seen, *(value.detach().numpy() for value in module.state_dict().values())]


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("old", [False, True])
def test_weight_norm_equals_pytorch(dim: int | None, old: bool) -> None:
    results, said = [], []
    for torch in both():
        layer = torch.nn.Linear(3, 2, dtype=torch.float64)
        weights(layer, torch)
        place = torch.nn.utils if old else torch.nn.utils.parametrizations
        layer = place.weight_norm(layer, dim=dim)
        said.append([repr(layer), list(layer.state_dict()), [n for n, _ in layer.named_parameters()]])
        results.append(trained(torch, layer))
    assert said[0] == said[1]
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)


@pytest.mark.parametrize("old", [False, True])
def test_spectral_norm_equals_pytorch(old: bool) -> None:
    results, said = [], []
    for torch in both():
        layer = torch.nn.Linear(3, 2, dtype=torch.float64)
        weights(layer, torch)
        place = torch.nn.utils if old else torch.nn.utils.parametrizations
        layer = place.spectral_norm(layer)
        vectors = [b for _, b in layer.named_buffers()]
        for k, vector in enumerate(vectors):
            direction = cotangent(vector.shape, k)
            vector.copy_(torch.tensor(direction / np.linalg.norm(direction)))
        said.append([repr(layer), list(layer.state_dict()), [n for n, _ in layer.named_parameters()]])
        results.append(trained(torch, layer))
    assert said[0] == said[1]
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)


@pytest.mark.parametrize("old", [False, True])
def test_spectral_norm_is_one(old: bool) -> None:
    layer = (nn.utils if old else parametrizations).spectral_norm(nn.Linear(4, 5))
    for _ in range(60):
        layer(tg.ones(1, 4))
    assert float(tg.linalg.norm(layer.weight, 2)) == pytest.approx(1, abs=1e-3)
    value = layer.eval()(tg.ones(1, 4)).detach()
    if old:
        nn.utils.remove_spectral_norm(layer)
        np.testing.assert_allclose(layer(tg.ones(1, 4)).detach(), value, rtol=1e-4)
        assert sorted(layer.state_dict()) == ["bias", "weight"]


def test_old_weight_norm_can_be_removed() -> None:
    layer = nn.utils.weight_norm(nn.Linear(3, 2))
    with pytest.raises(RuntimeError, match="two weight_norm hooks"):
        nn.utils.weight_norm(layer)
    value = layer(tg.ones(1, 3)).detach()
    assert nn.utils.remove_weight_norm(layer) is layer
    np.testing.assert_allclose(layer(tg.ones(1, 3)).detach(), value, rtol=1e-6)
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    with pytest.raises(ValueError, match="not found"):
        nn.utils.remove_weight_norm(layer)


def test_old_weight_norm_says_that_it_is_old() -> None:
    with pytest.warns(FutureWarning, match="deprecated"):
        nn.utils.weight_norm(nn.Linear(3, 2))


@pytest.mark.parametrize(
    "code",
    [
        lambda torch: torch.nn.utils.parametrize.register_parametrization(torch.nn.Linear(2, 2), "x", torch.nn.Identity()),
        lambda torch: torch.nn.utils.parametrize.register_parametrization(
            torch.nn.Linear(2, 3), "weight", torch.nn.Flatten(0)
        ),
        lambda torch: torch.nn.utils.parametrize.remove_parametrizations(torch.nn.Linear(2, 2), "weight"),
        lambda torch: torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(2, 2), n_power_iterations=0),
        lambda torch: torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(2, 2), "x"),
        lambda torch: torch.nn.utils.spectral_norm(torch.nn.Linear(2, 2), n_power_iterations=0),
        lambda torch: torch.nn.utils.remove_weight_norm(torch.nn.Linear(2, 2)),
    ],
)
def test_errors(code: Any) -> None:
    assert_same_error(code, "")


def test_compiled() -> None:
    make = lambda: parametrizations.weight_norm(nn.Linear(3, 2, dtype=tg.float64))  # noqa: E731 - one line, used once
    assert_compiled_alike(make, cotangent((4, 3), 0))
    make = lambda: parametrizations.spectral_norm(nn.Linear(3, 2, dtype=tg.float64))  # noqa: E731 - likewise
    assert_compiled_alike(make, cotangent((4, 3), 0))


MAPS = [("matrix_exp", True), ("matrix_exp", False), ("cayley", True), ("householder", True), ("householder", False)]


@pytest.mark.parametrize(("name", "trivialized"), MAPS)
@pytest.mark.parametrize("sizes", [(3, 3), (3, 2), (2, 3)])
def test_orthogonal_weights_stay_so(name: str, trivialized: bool, sizes: tuple[int, int]) -> None:
    layer = nn.Linear(*sizes, dtype=tg.float64)
    parametrizations.orthogonal(layer, orthogonal_map=name, use_trivialization=trivialized)
    optimizer, fewer = tg.optim.SGD(layer.parameters(), lr=0.1), min(sizes)
    for _ in range(3):
        w = layer.weight if sizes[1] <= sizes[0] else layer.weight.mT
        np.testing.assert_allclose((w @ w.mT).detach(), np.eye(fewer), atol=1e-10)
        layer(tg.tensor(cotangent((4, sizes[0]), 0))).square().sum().backward()
        optimizer.step()


@pytest.mark.parametrize(("name", "trivialized"), MAPS)
@pytest.mark.parametrize("sizes", [(3, 3), (3, 2)])
def test_orthogonal_maps_equal_pytorch(name: str, trivialized: bool, sizes: tuple[int, int]) -> None:
    results, said = [], []
    square = np.linalg.qr(cotangent((3, 3), 5))[0]
    for torch in both():
        layer = torch.nn.Linear(*sizes, dtype=torch.float64)
        weights(layer, torch)
        torch.nn.utils.parametrizations.orthogonal(layer, orthogonal_map=name, use_trivialization=trivialized)
        chain = layer.parametrizations.weight
        start = chain.original.detach().clone()
        if trivialized:
            if sizes[0] == sizes[1]:
                start = chain[0].base.clone()
            chain[0].base.copy_(torch.tensor(square))
        said.append([repr(layer), list(layer.state_dict())])
        results.append([start, *trained(torch, layer)])
    assert said[0] == said[1]
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=1e-9)
