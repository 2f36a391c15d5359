"""Activation layers: values, gradients and reprs like PyTorch's, and their options."""

from __future__ import annotations

import copy
import inspect
import warnings
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same, assert_same_error, both, numeric_gradients
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import activations

X = np.linspace(-7.3, 8.1, 24).reshape(2, 3, 4)
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("ReLU", {}),
    ("LeakyReLU", {}),
    ("LeakyReLU", {"negative_slope": 0.3}),
    ("PReLU", {}),
    ("PReLU", {"num_parameters": 3, "init": 0.1}),
    ("ELU", {}),
    ("ELU", {"alpha": 0.5}),
    ("SELU", {}),
    ("CELU", {}),
    ("CELU", {"alpha": 2.0}),
    ("GELU", {}),
    ("GELU", {"approximate": "tanh"}),
    ("SiLU", {}),
    ("Mish", {}),
    ("Softplus", {}),
    ("Softplus", {"beta": 2.0, "threshold": 1.0}),
    ("Softsign", {}),
    ("Sigmoid", {}),
    ("LogSigmoid", {}),
    ("Hardsigmoid", {}),
    ("Hardtanh", {}),
    ("Hardtanh", {"min_val": -0.5, "max_val": 2.0}),
    ("ReLU6", {}),
    ("Tanh", {}),
    ("Softmax", {"dim": 1}),
    ("LogSoftmax", {"dim": -1}),
]
IN_PLACE = ["ReLU", "LeakyReLU", "ELU", "SELU", "CELU", "SiLU", "Mish", "Hardsigmoid", "Hardtanh", "ReLU6"]
every_call = pytest.mark.parametrize(("name", "options"), CALLS, ids=lambda v: str(v))


def layer(torch: Any, name: str, options: dict[str, Any], like: Any) -> Any:
    return getattr(torch.nn, name)(**options).to(like.dtype)


def test_every_activation_is_tried() -> None:
    assert {name for name, _ in CALLS} == set(activations.__all__)


@every_call
def test_like_pytorch(name: str, options: dict[str, Any]) -> None:
    inexact = name == "Hardsigmoid"  # torch has 1/6 in float32, and no second derivative
    code = lambda torch, x: layer(torch, name, options, x)(x)  # noqa: E731 - one line, used once
    assert_same(code, X, order=1 if inexact else 2, rtol=1e-7 if inexact else 1e-10)
    ours, theirs = (getattr(library.nn, name)(**options) for library in both())
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())


@every_call
def test_derivatives_are_the_slopes(name: str, options: dict[str, Any]) -> None:
    numeric_gradients(lambda torch, x: layer(torch, name, options, x)(x), X[:, :, ::2])


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name: str) -> None:
    def code(torch: Any, x: Any) -> Any:
        y = x * 1.5
        z = getattr(torch.nn, name)(inplace=True)(y)
        assert z is y
        return y

    assert_same(code, X, order=1, rtol=1e-7)
    ours, theirs = (getattr(library.nn, name)(inplace=True) for library in both())
    assert repr(ours) == repr(theirs)


def test_in_place_writes_the_memory_of_the_input() -> None:
    x = tg.tensor([-1.0, 2.0])
    view = x[:1]
    nn.ReLU(inplace=True)(x)
    assert view.item() == 0
    with pytest.raises(RuntimeError, match="leaf"):
        nn.ReLU(inplace=True)(tg.ones(2, requires_grad=True))


@pytest.mark.parametrize("name", sorted(set(activations.__all__)))
def test_signatures_are_pytorchs(name: str) -> None:
    tg_nn, torch_nn = (library.nn for library in both())
    ours, theirs = (inspect.signature(getattr(n, name)).parameters for n in (tg_nn, torch_nn))
    old = {"min_value", "max_value", "args", "kwargs"}  # Hardtanh's deprecated names; layers without options take anything
    assert [(p.name, p.default) for p in ours.values()] == [
        (p.name, p.default) for p in theirs.values() if p.name not in old
    ]


@every_call
def test_options_are_attributes_and_copies_keep_them(name: str, options: dict[str, Any]) -> None:
    module = copy.deepcopy(getattr(nn, name)(**options))
    for option, value in options.items():
        assert getattr(module, option) == value
    x = tg.tensor(X.astype(np.float32))
    np.testing.assert_array_equal(module(x).detach().numpy(), getattr(nn, name)(**options)(x).detach().numpy())


def test_an_option_that_is_changed_counts() -> None:
    module = nn.LeakyReLU(0.5)
    module.negative_slope = 0.25
    assert module(tg.tensor(-4.0)).item() == -1
    assert repr(module) == "LeakyReLU(negative_slope=0.25)"


@pytest.mark.parametrize("name", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize(("shape", "dim"), [((3,), 0), ((2, 3), 1), ((2, 3, 2), 0), ((2, 2, 2, 2), 1)])
def test_a_missing_dim_is_guessed_with_a_warning(name: str, shape: tuple[int, ...], dim: int) -> None:
    x = tg.randn(shape)
    with pytest.warns(UserWarning, match=f"Implicit dimension choice for {name.lower().replace('logs', 'log_s')}"):
        y = getattr(nn, name)()(x)
    np.testing.assert_array_equal(y.numpy(), getattr(nn, name)(dim)(x).numpy())

    def guess(torch: Any, x: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(torch.nn, name)()(x)

    assert_same(guess, x.numpy())


@every_call
def test_derivatives_at_the_kinks_are_pytorchs(name: str, options: dict[str, Any]) -> None:
    kinks = np.array([[0.0, -3.0, 3.0], [-1.0, 1.0, 6.0], [-0.5, 0.5, 2.0]])
    assert_same(lambda torch, x: layer(torch, name, options, x)(x), kinks, order=1, rtol=1e-7)


def test_prelu_learns_its_weight() -> None:
    module = nn.PReLU(3, init=0.5)
    assert repr(module) == "PReLU(num_parameters=3)"
    assert module.weight.tolist() == [0.5, 0.5, 0.5]
    module(tg.tensor([[-2.0, 1.0, -4.0]])).sum().backward()
    assert module.weight.grad.tolist() == [-2, 0, -4]
    with tg.no_grad():
        module.weight.fill_(7)
    module.reset_parameters()
    assert module.weight.tolist() == [0.5, 0.5, 0.5]
    assert nn.PReLU(dtype=tg.float64).weight.dtype is tg.float64
    assert_same(lambda torch, x, w: torch.nn.functional.prelu(x, w), X, np.array([0.1, 0.2, -0.3]))


def test_hardtanh_needs_an_interval() -> None:
    assert_same_error(lambda torch: torch.nn.Hardtanh(1.0, 1.0), r"max_val \(1.0\) must be greater than min_val \(1.0\)")


@given(st.floats(-20, 20), st.sampled_from([c for c in CALLS if c[0] not in ("Softmax", "LogSoftmax", "PReLU")]))
def test_elementwise_whatever_the_shape(x: float, call: tuple[str, dict[str, Any]]) -> None:
    module = getattr(nn, call[0])(**call[1])
    single = module(tg.tensor(x, dtype=tg.float64))
    assert single.shape == ()
    many = module(tg.full((2, 3), x, dtype=tg.float64))
    np.testing.assert_allclose(many.numpy(), single.item(), rtol=1e-13)


@pytest.mark.parametrize("name", sorted(set(activations.__all__) - {"Softmax", "LogSoftmax", "PReLU"}))
def test_zero_dimensions_and_none_elements_have_gradients(name: str) -> None:
    module = getattr(nn, name)()
    for shape in ((), (0,), (1,)):
        x = tg.full(shape, 0.3, requires_grad=True)
        module(x).sum().backward()
        assert x.grad.shape == shape


def test_monotone_layers_are_monotone() -> None:
    x = tg.linspace(-5, 5, 201, dtype=tg.float64)
    for name in ("ReLU", "LeakyReLU", "ELU", "SELU", "CELU", "Softplus", "Softsign", "Sigmoid", "LogSigmoid", "Tanh"):
        assert (np.diff(getattr(nn, name)()(x).numpy()) >= 0).all()
