"""Gradients and whole training runs of the engine, equal to the handwritten formulas to 1e-12 in float64.

Every test runs twice, its code unchanged: with `tinygrad_mlp` as `torch`, and with PyTorch itself where it is
installed.
"""

from functools import partial
from importlib import import_module

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinygrad_mlp.reference import (
    ACTIVATIONS,
    LOSSES,
    MLP,
    PENALTIES,
    averaged_momentum,
    glorot,
    l2_descent,
    lasso_as_printed,
    momentum,
)

PENALTY_SETS = [{}, *({name: 1e-2} for name in PENALTIES), dict.fromkeys(PENALTIES, 1e-2)]

# What PyTorch's reduction="mean" averages over, for each loss.
MEAN = {
    "softmax_cross_entropy": "sample_mean",
    "sigmoid_cross_entropy": "element_mean",
    "sigmoid_mse": "element_mean",
    "mse": "element_mean",
}


@pytest.fixture(params=["tinygrad_mlp", "torch"])
def torch(request):
    if request.param == "torch":
        return pytest.importorskip("torch", reason="PyTorch is not installed")
    return import_module(request.param)


def problem(sizes, n, loss, batches=1, seed=0):
    """Layers with random biases, and batches (X, Y) of n samples with targets that the loss can take."""
    generator = np.random.default_rng(seed)
    layers = [(W, generator.normal(0, 0.1, b.shape)) for W, b in glorot(sizes, generator)]
    X = generator.uniform(0, 1, (batches, n, sizes[0]))
    if loss == "mse":
        Y = generator.normal(size=(batches, n, sizes[-1]))
    elif loss == "softmax_cross_entropy":
        Y = np.eye(sizes[-1])[generator.integers(sizes[-1], size=(batches, n))]
    else:
        Y = generator.integers(2, size=(batches, n, sizes[-1])).astype(np.float64)
    return layers, list(zip(X, Y, strict=True))


def build(torch, layers, activation):
    """nn.Sequential with the layers' values; it ends at the output layer's pre-activation."""
    make = {name.lower(): getattr(torch.nn, name) for name in dir(torch.nn)}[activation]
    modules = []
    for W, b in layers:
        linear = torch.nn.Linear(*reversed(W.shape), dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W))
            linear.bias.copy_(torch.from_numpy(b))
        modules += [linear, make()]
    return torch.nn.Sequential(*modules[:-1])


def criterion(torch, loss, reduction="mean"):
    """The cost as a function of the output layer's pre-activation and one-hot targets."""
    nn = torch.nn
    mse = nn.MSELoss(reduction=reduction)
    return {
        "softmax_cross_entropy": nn.CrossEntropyLoss(reduction=reduction),
        "sigmoid_cross_entropy": nn.BCEWithLogitsLoss(reduction=reduction),
        "sigmoid_mse": lambda z, y: mse(torch.sigmoid(z), y),
        "mse": mse,
    }[loss]


def penalty(torch, weights, penalties):
    """The penalties' value, in the engine's own operations."""
    value = torch.zeros((), dtype=torch.float64)
    for weight in weights:
        value = value + penalties.get("l1", 0.0) * weight.abs().sum()
        value = value + penalties.get("l2", 0.0) / 2 * (weight**2).sum()
    return value


def pairs(parameters):
    """[W, b, W, b, …] as [(W, b), …] of arrays."""
    arrays = [parameter.detach().numpy() for parameter in parameters]
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def assert_same(actual, expected, context=""):
    """Equal to 1e-12 of the largest entry of each array; 1e-15 is left for what rounding leaves of a zero."""
    assert len(actual) == len(expected)
    for i, (layer, expected_layer) in enumerate(zip(actual, expected, strict=True)):
        for name, got, wanted in zip("Wb", layer, expected_layer, strict=True):
            assert got.shape == wanted.shape
            assert got.dtype == wanted.dtype == np.float64
            error, tolerance = np.abs(got - wanted).max(), 1e-12 * np.abs(wanted).max() + 1e-15
            assert error <= tolerance, f"{name} of layer {i} {context}: off by {error}, allowed {tolerance}"


def assert_same_run(torch, model, optimizer, cost, mlp, layers, batches, weight_rule, bias_rule):
    """Train the model with the optimizer, and the layers with the rules: equal after every step."""
    steps = mlp.train(layers, batches, weight_rule, bias_rule)
    for i, ((X, Y), expected) in enumerate(zip(batches, steps, strict=True)):
        optimizer.zero_grad()
        cost(model(torch.from_numpy(X)), torch.from_numpy(Y)).backward()
        optimizer.step()
        assert_same(pairs(model.parameters()), expected, f"after step {i + 1}")
    moved = [np.abs(new - old).max() for old, new in zip(layers[0], expected[0], strict=True)]
    assert min(moved) > 1e-6


# Gradients


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("penalties", PENALTY_SETS, ids=str)
def test_gradients(torch, activation, loss, reduction, penalties):
    layers, [(X, Y)] = problem([12, 10, 8, 5], 16, loss)
    model = build(torch, layers, activation)
    cost = criterion(torch, loss, reduction)(model(torch.from_numpy(X)), torch.from_numpy(Y))
    cost = cost + penalty(torch, list(model.parameters())[::2], penalties)
    cost.backward()
    mlp = MLP(activation, loss, "sum" if reduction == "sum" else MEAN[loss], penalties)
    assert cost.item() == pytest.approx(mlp.cost(layers, X, Y), rel=1e-12)
    assert_same(pairs(parameter.grad for parameter in model.parameters()), mlp.gradients(layers, X, Y))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=5),
    n=st.integers(1, 5),
    activation=st.sampled_from(list(ACTIVATIONS)),
    loss=st.sampled_from(list(LOSSES)),
    seed=st.integers(0, 2**32 - 1),
)
def test_gradients_for_any_sizes_from_functions_alone(torch, sizes, n, activation, loss, seed):
    layers, [(X, Y)] = problem(sizes, n, loss, seed=seed)
    tensors = [tuple(torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in layer) for layer in layers]
    z = torch.from_numpy(X)
    for W, b in tensors[:-1]:
        z = getattr(torch, activation)(torch.nn.functional.linear(z, W, b))
    z = z @ tensors[-1][0].T + tensors[-1][1]
    functional = torch.nn.functional
    mean = {
        "softmax_cross_entropy": functional.cross_entropy,
        "sigmoid_cross_entropy": functional.binary_cross_entropy_with_logits,
        "sigmoid_mse": lambda z, y: functional.mse_loss(torch.sigmoid(z), y),
        "mse": functional.mse_loss,
    }[loss]
    mean(z, torch.from_numpy(Y)).backward()
    gradients = [tuple(p.grad.numpy() for p in layer) for layer in tensors]
    assert_same(gradients, MLP(activation, loss, MEAN[loss]).gradients(layers, X, Y))


def test_other_ways_to_the_same_loss(torch):
    def log_of_softmax(z, labels, Y):
        return -(Y * torch.softmax(z, dim=1).log()).sum(dim=1).mean()

    def logsumexp(z, labels, Y):
        return (torch.logsumexp(z, dim=1) - z.gather(1, labels.unsqueeze(1)).squeeze(1)).mean()

    nn = torch.nn
    ways = {
        "softmax_cross_entropy": [
            lambda z, labels, Y: nn.CrossEntropyLoss()(z, labels),
            lambda z, labels, Y: nn.NLLLoss()(nn.LogSoftmax(dim=1)(z), labels),
            log_of_softmax,
            logsumexp,
        ],
        "sigmoid_cross_entropy": [
            lambda z, labels, Y: nn.BCELoss()(nn.Sigmoid()(z), Y),
            lambda z, labels, Y: (nn.functional.softplus(z) - Y * z).mean(),
        ],
        "sigmoid_mse": [lambda z, labels, Y: ((1 / (1 + (-z).exp()) - Y) ** 2).mean()],
    }
    for loss, costs in ways.items():
        layers, [(X, Y)] = problem([7, 6, 4], 9, loss)
        expected = MLP("tanh", loss, MEAN[loss])
        for i, cost in enumerate(costs):
            model = build(torch, layers, "tanh")
            value = cost(model(torch.from_numpy(X)), torch.from_numpy(Y.argmax(axis=1)), torch.from_numpy(Y))
            value.backward()
            assert value.item() == pytest.approx(expected.cost(layers, X, Y), rel=1e-12)
            gradients = pairs(parameter.grad for parameter in model.parameters())
            assert_same(gradients, expected.gradients(layers, X, Y), f"({loss}, way {i})")


def test_large_logits_give_the_same_cost_and_gradients(torch):
    for loss in LOSSES:
        layers, [(X, Y)] = problem([5, 4, 3], 6, loss)
        layers[-1] = (layers[-1][0] * 1e3, layers[-1][1])
        model = build(torch, layers, "tanh")
        cost = criterion(torch, loss)(model(torch.from_numpy(X)), torch.from_numpy(Y))
        cost.backward()
        mlp = MLP("tanh", loss, MEAN[loss])
        assert cost.item() == pytest.approx(mlp.cost(layers, X, Y), rel=1e-12)
        assert_same(pairs(parameter.grad for parameter in model.parameters()), mlp.gradients(layers, X, Y))


# Training runs


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("mu", [0.0, 0.9])
def test_fifty_steps_of_sgd(torch, activation, loss, mu):
    layers, batches = problem([10, 12, 8, 4], 16, loss, batches=50)
    model = build(torch, layers, activation)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=mu)
    rule = partial(momentum, lr=0.05, mu=mu)
    mlp = MLP(activation, loss, MEAN[loss])
    assert_same_run(torch, model, optimizer, criterion(torch, loss), mlp, layers, batches, rule, rule)


@pytest.mark.parametrize("penalties", PENALTY_SETS[1:], ids=str)
@pytest.mark.parametrize("mu", [0.0, 0.9])
def test_fifty_steps_with_penalties_in_the_cost(torch, penalties, mu):
    loss = "softmax_cross_entropy"
    layers, batches = problem([10, 12, 8, 4], 16, loss, batches=50)
    model = build(torch, layers, "tanh")
    weights = list(model.parameters())[::2]

    def cost(z, Y):
        return criterion(torch, loss)(z, Y) + penalty(torch, weights, penalties)

    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=mu)
    rule = partial(momentum, lr=0.05, mu=mu)
    mlp = MLP("tanh", loss, MEAN[loss], penalties)
    assert_same_run(torch, model, optimizer, cost, mlp, layers, batches, rule, rule)


@pytest.mark.parametrize(
    ("mu", "penalties", "weight_rule"),
    [
        (0.0, {"l2": 0.1}, partial(momentum, lr=0.5)),
        (0.9, {"l2": 0.1}, partial(momentum, lr=0.5, mu=0.9)),
        (0.0, {}, partial(l2_descent, lr=0.5, beta=0.1)),
    ],
)
def test_fifty_steps_with_weight_decay_on_weights_alone(torch, mu, penalties, weight_rule):
    loss = "softmax_cross_entropy"
    layers, batches = problem([10, 12, 4], 16, loss, batches=50)
    model = build(torch, layers, "sigmoid")
    parameters = list(model.parameters())
    groups = [{"params": parameters[::2], "weight_decay": 0.1}, {"params": parameters[1::2]}]
    optimizer = torch.optim.SGD(groups, lr=0.5, momentum=mu)
    mlp = MLP("sigmoid", loss, MEAN[loss], penalties)
    bias_rule = partial(momentum, lr=0.5, mu=mu)
    assert_same_run(torch, model, optimizer, criterion(torch, loss), mlp, layers, batches, weight_rule, bias_rule)


class InPlace:
    """An optimizer in the engine's in-place operations: step(p, v) for weights, step(p, v) for biases."""

    def __init__(self, torch, model, weight_step, bias_step):
        self.torch, self.model = torch, model
        self.steps = [weight_step, bias_step] * len(list(model.parameters())[::2])
        self.velocities = [torch.zeros_like(p) for p in model.parameters()]

    def zero_grad(self):
        self.model.zero_grad()

    def step(self):
        with self.torch.no_grad():
            for step, p, v in zip(self.steps, self.model.parameters(), self.velocities, strict=True):
                step(p, v)


def test_fifty_steps_of_averaged_momentum(torch):
    def step(p, v):
        v.mul_(0.9).add_(p.grad, alpha=0.1 * 0.5)
        p.sub_(v)

    loss = "softmax_cross_entropy"
    layers, batches = problem([10, 12, 4], 16, loss, batches=50)
    model = build(torch, layers, "tanh")
    optimizer = InPlace(torch, model, step, step)
    rule = partial(averaged_momentum, lr=0.5, gamma=0.9)
    mlp = MLP("tanh", loss, MEAN[loss])
    assert_same_run(torch, model, optimizer, criterion(torch, loss), mlp, layers, batches, rule, rule)


@pytest.mark.parametrize("lam", [1e-4, -1e-4])
def test_fifty_steps_of_the_lasso_as_printed(torch, lam):
    def bias_step(p, v):
        v *= 0.9
        v += p.grad
        p -= 0.05 * v

    def weight_step(p, v):
        sign = torch.sign(p)
        bias_step(p, v)
        p += 2 * lam * sign

    layers, batches = problem([10, 12, 4], 16, "sigmoid_mse", batches=50)
    model = build(torch, layers, "sigmoid")
    optimizer = InPlace(torch, model, weight_step, bias_step)
    cost = criterion(torch, "sigmoid_mse", "sum")
    mlp = MLP("sigmoid", "sigmoid_mse", "sum")
    weight_rule = partial(lasso_as_printed, lr=0.05, lam=lam, mu=0.9)
    bias_rule = partial(momentum, lr=0.05, mu=0.9)
    assert_same_run(torch, model, optimizer, cost, mlp, layers, batches, weight_rule, bias_rule)


@pytest.mark.parametrize(
    ("sizes", "activation", "loss", "n", "lr", "mu"),
    [
        pytest.param([784, 392, 196, 4], "sigmoid", "sigmoid_mse", 64, 0.1, 0.9, id="ascii"),
        pytest.param([784, 500, 250, 100, 10], "sigmoid", "softmax_cross_entropy", 64, 1, 0, id="ee6132"),
        pytest.param([784, 500, 250, 100, 10], "relu", "softmax_cross_entropy", 64, 0.1, 0, id="ee6132-relu"),
        pytest.param([784, 47, 47, 10], "tanh", "softmax_cross_entropy", 1024, 0.02, 0.9, id="fashion"),
        pytest.param([784, 1], "sigmoid", "sigmoid_mse", 1000, 1, 0, id="neuron-one"),
        pytest.param([784, 64, 1], "sigmoid", "sigmoid_cross_entropy", 1000, 2, 0, id="neuron-hidden"),
        pytest.param([784, 64, 10], "sigmoid", "softmax_cross_entropy", 1000, 2, 0, id="neuron-multiclass"),
        pytest.param([784, 20, 10], "sigmoid", "sigmoid_cross_entropy", 128, 0.01, 0, id="grid"),
    ],
)
def test_the_networks_of_the_papers(torch, sizes, activation, loss, n, lr, mu):
    layers, batches = problem(sizes, n, loss, batches=5)
    model = build(torch, layers, activation)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=mu)
    rule = partial(momentum, lr=lr, mu=mu)
    mlp = MLP(activation, loss, MEAN[loss])
    assert_same_run(torch, model, optimizer, criterion(torch, loss), mlp, layers, batches, rule, rule)


# The comparison itself


@pytest.mark.parametrize("change", [1e-9, 1e-11])
def test_a_small_difference_is_found(torch, change):
    layers, batches = problem([10, 12, 4], 16, "mse", batches=50)
    model = build(torch, layers, "tanh")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05 * (1 + change), momentum=0.9)
    rule = partial(momentum, lr=0.05, mu=0.9)
    mlp = MLP("tanh", "mse", MEAN["mse"])
    with pytest.raises(AssertionError, match="after step"):
        assert_same_run(torch, model, optimizer, criterion(torch, "mse"), mlp, layers, batches, rule, rule)
