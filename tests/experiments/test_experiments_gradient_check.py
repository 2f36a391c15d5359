"""The cross-check of the engine, the formulas and central differences: it passes, and finds a wrong gradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import tinygrad_mlp as torch
from tinygrad_mlp import nn, reference
from tinygrad_mlp.errors import TinygradError
from tinygrad_mlp.experiments import ascii_bits, find_experiments
from tinygrad_mlp.experiments import gradient_check as module
from tinygrad_mlp.experiments.data import one_hot, versus_rest
from tinygrad_mlp.experiments.gradient_check import Comparison, Network, compare_gradients, format_table

NETWORKS: dict[str, tuple[Network, ...]] = {
    name: experiment.load().NETWORKS for name, experiment in find_experiments().items()
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_three_gradients_agree(name: str) -> None:
    differences = compare_gradients([name])
    assert [(d.network, d.parameter, d.shape) for d in differences] == [
        (network.title, f"{kind} {i}", shape)
        for network in NETWORKS[name]
        for i, (m, n) in enumerate(zip(network.sizes, network.sizes[1:], strict=False), 1)
        for kind, shape in (("weight", (n, m)), ("bias", (n,)))
    ]
    for d in differences:
        assert d.experiment == name
        assert d.largest > 1e-4  # there is something to compare
        assert d.formulas < 1e-12
        assert 0 < d.numerical < 1e-8
        assert d.ok


def test_every_report_is_checked() -> None:
    assert NETWORKS.keys() >= {"ascii-bits", "ee6132-lab", "fashion", "grid-search", "neuron-to-multiclass", "recipe"}
    sizes = {network.sizes for networks in NETWORKS.values() for network in networks}
    assert sizes >= {
        (784, 392, 196, 4),
        (784, 500, 250, 100, 10),
        (784, 50, 10),
        (784, 1),
        (784, 64, 1),
        (784, 64, 10),
        (784, 20, 10),
    }


def test_targets() -> None:
    digits = torch.tensor([0, 5, 9])
    assert one_hot(digits)[:, [0, 5, 9]].tolist() == np.eye(3).tolist()
    assert versus_rest(digits).tolist() == [[1], [0], [0]]
    assert versus_rest(digits, 5).tolist() == [[0], [1], [0]]
    (network,) = ascii_bits.NETWORKS
    assert network.targets(digits).tolist() == [[int(b) for b in f"{ord(c):b}"[-4:]] for c in "059"]


def wrong_engine(network: Network, layers: module.Layers) -> nn.Sequential:
    """The first layer's weight gets a gradient that is wrong by 1 in a million."""
    model = build(network, layers)
    model[0].weight.register_hook(lambda g: g * (1 + 1e-6))
    return model


build: Callable[[Network, module.Layers], nn.Sequential] = module.build


def test_a_wrong_gradient_of_the_engine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "build", wrong_engine)
    weight, *others = compare_gradients(["grid-search"])
    assert weight.formulas == pytest.approx(1e-6, rel=1e-3)
    assert not weight.ok
    assert all(d.ok for d in others)


def test_a_wrong_gradient_is_found_by_central_differences_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(network: Network, layers: module.Layers) -> nn.Sequential:
        model = build(network, layers)
        model[2].bias.register_hook(lambda g: g + 1e-6)
        return model

    monkeypatch.setattr(module, "build", wrong)
    differences = compare_gradients(["grid-search"])
    assert [d.parameter for d in differences if d.numerical > module.NUMERICAL_BOUND] == ["bias 2"]
    assert differences[3].numerical == pytest.approx(1e-6, rel=1e-2)


def test_a_wrong_formula_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    tanh = reference.ACTIVATIONS["tanh"]
    monkeypatch.setitem(reference.ACTIVATIONS, "tanh", tanh._replace(slope=lambda a: 1 - a))  # type: ignore[arg-type]
    differences = compare_gradients(["fashion"])
    assert [d.ok for d in differences] == [False, False, True, True]  # the slope is in the first layer's gradients
    assert all(d.numerical < 1e-8 for d in differences)  # the engine is right


def test_the_same_numbers_each_time() -> None:
    assert compare_gradients(["grid-search"]) == compare_gradients(["grid-search"])


def test_an_unknown_name() -> None:
    with pytest.raises(TinygradError, match=r"unknown experiment 'rcipe': expected one of ascii-bits, .*recipe"):
        compare_gradients(["rcipe"])


def test_without_names_all_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, experiment in find_experiments().items():
        monkeypatch.setattr(experiment.load(), "NETWORKS", NETWORKS[name][:1] if name in ("fashion", "grid-search") else ())
    assert {d.experiment for d in compare_gradients([])} == {"fashion", "grid-search"}
    with pytest.raises(TinygradError, match="nothing to check: the NETWORKS of recipe are empty"):
        compare_gradients(["recipe"])


def test_weights_at_which_a_relu_switches_are_not_compared() -> None:
    # One unit, z = w: at w = 0 the cost has a kink, at w = 1 it has none.
    mlp = reference.MLP("relu", "mse", "sample_mean")
    inputs = np.ones((1, 1))
    for w, kink in ((0.0, True), (1.0, False)):
        layers = [(np.array([[w]]), np.zeros(1)), (np.ones((1, 1)), np.zeros(1))]
        assert module._has_kink(mlp, layers, inputs, 0, (0, 0)) is kink
        assert module._has_kink(mlp, layers, inputs, 1, (0,)) is kink
        assert not module._has_kink(mlp, layers, inputs, 2, (0, 0))
        assert layers[0][0].item() == w


def test_table() -> None:
    right = Comparison("fashion", "784-50-10 tanh", "weight 1", (50, 784), 0.25, 3e-16, 4e-11)
    wrong = [replace(right, parameter="bias 1", shape=(50,), formulas=2e-12), replace(right, numerical=math.nan)]
    assert [d.ok for d in (right, *wrong)] == [True, False, False]
    header, _, network, *lines = format_table([right, *wrong]).splitlines()
    assert header.split("  ") == [
        "parameter",
        "shape",
        "",
        "largest gradient",
        "engine - formulas",
        "engine - numerical",
    ]
    assert network == "fashion: 784-50-10 tanh"
    assert lines[0].split() == ["weight", "1", "50x784", "2.500e-01", "3.0e-16", "4.0e-11"]
    assert lines[1].split() == ["bias", "1", "50", "2.500e-01", "2.0e-12", "4.0e-11", "WRONG"]
    assert lines[2].endswith("nan  WRONG")
    assert lines[-1] == "2 of 3 parameters are wrong"
    assert "bound 1e-12" in lines[-3]
    assert "bound epsilon^2 = 1e-08" in lines[-2]
    assert format_table([right]).endswith("all 1 parameters agree")
