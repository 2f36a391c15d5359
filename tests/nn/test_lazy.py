"""Lazy layers: what can be asked before the first call, what it makes of them, and loading."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import pytest
from against_torch import both

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import lazy


def test_the_first_call_makes_an_ordinary_layer() -> None:
    tg.manual_seed(0)
    layer = nn.LazyLinear(3)
    weight, bias = layer.weight, layer.bias
    optimizer = tg.optim.SGD(layer.parameters(), lr=1.0)
    assert repr(layer) == "LazyLinear(in_features=0, out_features=3, bias=True)"
    y = layer(tg.ones(2, 5))
    assert type(layer) is nn.Linear
    assert repr(layer) == "Linear(in_features=5, out_features=3, bias=True)"
    assert layer.weight is weight
    assert layer.bias is bias
    assert type(weight) is nn.Parameter
    assert weight.shape == (3, 5)
    assert weight.requires_grad
    tg.manual_seed(0)
    twin = nn.Linear(5, 3)
    assert twin.weight.equal(weight)
    assert twin.bias.equal(bias)
    y.sum().backward()
    optimizer.step()
    assert weight.equal(twin.weight - 2)


def test_before_the_first_call_there_are_no_sizes() -> None:
    weight = nn.LazyLinear(3, dtype=tg.float64).weight
    assert isinstance(weight, nn.Parameter)
    assert isinstance(weight, nn.UninitializedParameter)
    assert repr(weight) == "<UninitializedParameter>"
    assert weight.dtype is tg.float64
    assert weight.is_leaf
    assert weight.grad is None
    with pytest.raises(RuntimeError, match="Can't access the shape"):
        _ = weight.shape
    for use in (lambda: weight + 1, lambda: weight.numel(), lambda: len(weight), lambda: nn.init.ones_(weight), weight.sum):
        with pytest.raises(ValueError, match="Attempted to use an uninitialized"):
            use()


def test_dtypes_are_converted_before_and_after() -> None:
    layer = nn.LazyLinear(3).double()
    assert layer.weight.dtype is tg.float64
    assert layer(tg.ones(2, 5, dtype=tg.float64)).dtype is tg.float64


def test_copies_are_lazy_by_themselves() -> None:
    layer = nn.LazyLinear(3)
    twin = copy.deepcopy(layer)
    layer(tg.ones(2, 5))
    assert repr(twin.weight) == "<UninitializedParameter>"
    assert twin(tg.ones(2, 4)).shape == (2, 3)


def test_states() -> None:
    state = nn.LazyLinear(3).state_dict()
    assert list(state) == ["weight", "bias"]
    assert isinstance(state["weight"], nn.UninitializedParameter)
    layer = nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d())
    full = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    layer.load_state_dict(full.state_dict())
    assert layer[0].weight.equal(full[0].weight)
    assert type(layer[0]) is nn.LazyLinear
    layer(tg.ones(4, 2))
    assert repr(layer) == repr(full)
    assert layer[0].weight.equal(full[0].weight)
    nn.LazyLinear(3).load_state_dict(state)
    with pytest.raises(RuntimeError):
        nn.Linear(2, 3).load_state_dict(state)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("BatchNorm1d", (4, 6)),
        ("BatchNorm2d", (4, 6, 2, 2)),
        ("InstanceNorm1d", (4, 6, 2)),
        ("InstanceNorm2d", (4, 6, 2, 2)),
    ],
)
def test_lazy_norms(name: str, shape: tuple[int, ...]) -> None:
    layer = getattr(nn, f"Lazy{name}")()
    twin = getattr(nn, name)(6, affine=True, track_running_stats=True)
    assert list(layer.state_dict()) == list(twin.state_dict())
    x = tg.randn(shape)
    assert layer(x).equal(twin(x))
    assert type(layer) is type(twin)
    assert repr(layer) == repr(twin)
    assert layer.running_mean.equal(twin.running_mean)


def test_a_lazy_module_of_ones_own() -> None:
    class Scale(lazy.LazyModuleMixin, nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.UninitializedParameter()

        def initialize_parameters(self, x: Any) -> None:
            with tg.no_grad():
                self.factor.materialize(x.shape[1:])
                self.factor.fill_(2)

        def forward(self, x: Any) -> Any:
            return self.factor * x

    module = Scale()
    assert module.has_uninitialized_params()
    assert module(tg.ones(2, 3)).tolist() == [[2.0] * 3] * 2
    module.factor.data.fill_(3)
    assert module(tg.ones(2, 3)).tolist() == [[3.0] * 3] * 2
    assert not module.has_uninitialized_params()


def test_a_module_that_forgets_a_parameter_is_told() -> None:
    class Forgets(lazy.LazyModuleMixin, nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.UninitializedParameter()

        def initialize_parameters(self, x: Any) -> None:
            pass

    with pytest.raises(RuntimeError, match="not been fully initialized"):
        Forgets()(tg.ones(2))


def test_compiled() -> None:
    tg.manual_seed(0)
    model = nn.Sequential(nn.LazyLinear(3), nn.Tanh(), nn.LazyLinear(1))
    compiled = tg.compile(model)
    x = tg.ones(2, 5)
    first = compiled(x)
    assert compiled(x).equal(first)
    assert model(x).equal(first)


@pytest.mark.parametrize("name", lazy.__all__)
@pytest.mark.filterwarnings("ignore:Lazy modules:UserWarning")  # PyTorch's
def test_pytorch_says_the_same(name: str) -> None:
    ours, theirs = both()
    args = (3,) if name == "LazyLinear" else ()
    shape = {
        "LazyBatchNorm2d": (4, 6, 2, 2),
        "LazyBatchNorm3d": (4, 6, 2, 2, 2),
        "LazyInstanceNorm1d": (4, 6, 2),
        "LazyInstanceNorm2d": (4, 6, 2, 2),
        "LazyInstanceNorm3d": (4, 6, 2, 2, 2),
    }
    said = []
    for torch in (ours, theirs):
        kind = getattr(torch.nn, name)
        parameters = inspect.signature(kind).parameters.values()
        layer = kind(*args)
        said.append([[(p.name, p.default) for p in parameters], repr(layer), str(dict(layer.state_dict()))])
        layer(torch.ones(shape.get(name, (4, 6))))
        said[-1] += [type(layer).__name__, repr(layer), list(layer.state_dict())]
    assert said[0] == said[1]
