"""The gradients of each experiment's networks on real images, by the engine, by handwritten formulas and numerically.

As in table 1 of the Fashion report, but for every parameter of every experiment's networks: one image of each class, weights
drawn by Glorot's rule, biases from N(0, 0.1²), everything in float64. The cost is the mean over the images of the
network's loss. Three gradients of it are compared:

* the engine's, by `backward()`;
* that of :mod:`tinygrad_mlp.reference`, which shares no code with the engine. Every entry must agree within 1e-12 of the
  parameter's largest;
* central differences of the engine's cost, (E(w + ε) - E(w - ε)) / 2ε with ε = 1e-4, for 20 entries of each parameter, which
  must agree within ε². Their error is E'''/6 ε², and E'''/6 is below 1 in these networks; rounding adds about 1e-12.

>>> from tinygrad_mlp.experiments.gradient_check import compare_gradients, format_table
>>> differences = compare_gradients(["grid-search"], "sample")
>>> [(d.parameter, d.shape) for d in differences]
[('weight 1', (20, 784)), ('bias 1', (20,)), ('weight 2', (10, 20)), ('bias 2', (10,))]
>>> all(d.ok for d in differences)
True
>>> print(format_table(differences).splitlines()[-1])
all 4 parameters agree
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, islice
from typing import Any

import numpy as np
import numpy.typing as npt

import tinygrad_mlp as torch
from tinygrad_mlp import Tensor, nn

from ..checkpoints import RandomStreams
from ..datasets import MNIST
from ..errors import TinygradError
from ..reference import MLP, central_difference, glorot
from . import find_experiments
from .data import first_of_each_class, load_images, one_hot
from .training import mlp

__all__ = ["Comparison", "Network", "compare_gradients", "format_table"]

FORMULAS_BOUND = 1e-12  # relative to the parameter's largest gradient
EPSILON = 1e-4
NUMERICAL_BOUND = EPSILON**2
ENTRIES = 20  # of each parameter, for central differences

Array = npt.NDArray[np.floating[Any]]
Layers = list[tuple[Array, Array]]


@dataclass(frozen=True)
class Network:
    """A network whose gradients are compared."""

    title: str  # how it is named in the table
    sizes: tuple[int, ...]  # units of each layer, the input's first
    activation: str  # of the hidden layers, a name in reference.ACTIVATIONS
    loss: str  # with the output layer, a name in reference.LOSSES
    targets: Callable[[Tensor], Tensor] = one_hot  # from classes `(N,)` to targets `(N, outputs)`
    dataset: type[MNIST] = MNIST  # where its images are from


@dataclass(frozen=True)
class Comparison:
    """How far the three gradients of one parameter are apart."""

    experiment: str  # its name on the command line
    network: str  # its title
    parameter: str  # such as "weight 1", of the first layer
    shape: tuple[int, ...]
    largest: float  # the largest entry of the engine's gradient, absolute
    formulas: float  # engine and formulas: the largest difference of an entry, divided by the formulas' largest entry
    numerical: float  # engine and central differences: the largest difference, absolute, of the entries tried

    @property
    def ok(self) -> bool:
        """Whether both are within their bounds; NaN is not."""
        return self.formulas <= FORMULAS_BOUND and self.numerical <= NUMERICAL_BOUND


def build(network: Network, layers: Layers) -> nn.Sequential:
    """The network of the engine with these weights and biases; it gives logits."""
    model = mlp(network.sizes, network.activation).double()
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), chain.from_iterable(layers), strict=True):
            parameter.copy_(torch.from_numpy(value))
    return model


def cost(network: Network, logits: Tensor, targets: Tensor) -> Tensor:
    """The network's loss by the engine, summed over outputs, its mean over the images."""
    if network.loss == "softmax_cross_entropy":
        return nn.functional.cross_entropy(logits, targets.argmax(dim=1))
    if network.loss == "sigmoid_cross_entropy":
        loss = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum")
    else:
        loss = nn.functional.mse_loss(logits.sigmoid(), targets, reduction="sum")
    return loss / len(targets)


def compare_gradients(names: Sequence[str], data: str = "sample") -> list[Comparison]:
    """Compare the gradients of these experiments' networks, parameter by parameter.

    Args:
        names: Of experiments; all of them if empty.
        data: As for :func:`~tinygrad_mlp.experiments.data.load_images`.

    Raises:
        DataError: The images are not there.
        TinygradError: There is no experiment of a name, or the experiments declare no networks.
    """
    experiments = find_experiments()
    if unknown := [name for name in names if name not in experiments]:
        raise TinygradError(f"unknown experiment {unknown[0]!r}: expected one of {', '.join(experiments)}")
    networks = [(name, network) for name in names or experiments for network in experiments[name].load().NETWORKS]
    if not networks:
        raise TinygradError(f"there is nothing to check: the NETWORKS of {', '.join(names or experiments)} are empty")
    datasets = {network.dataset for _, network in networks}
    images = {dataset: first_of_each_class(load_images(dataset, data)[0]).tensors for dataset in datasets}
    return [found for name, network in networks for found in _compare(name, network, *images[network.dataset])]


def _compare(experiment: str, network: Network, images: Tensor, classes: Tensor) -> list[Comparison]:
    generator = RandomStreams(0)[network.title].numpy
    layers: Layers = [(w, generator.normal(0, 0.1, b.shape)) for w, b in glorot(network.sizes, generator)]
    y = network.targets(classes).double()
    model = build(network, layers)
    x = images.double()
    inputs = x.numpy()

    cost(network, model(x), y).backward()
    formulas = MLP(network.activation, network.loss, "sample_mean")
    expected = chain.from_iterable(formulas.gradients(layers, inputs, y.numpy()))

    @torch.no_grad()
    def engine_cost() -> float:
        return cost(network, model(x), y).item()

    found = []
    for i, (parameter, by_hand) in enumerate(zip(model.parameters(), expected, strict=True)):
        assert parameter.grad is not None
        gradient = parameter.grad.numpy()
        values = parameter.detach().numpy()  # the parameter's own memory
        # In random order, without those of pixels that are 0 in all images, whose gradient is 0.
        shuffled = (tuple(map(int, entry)) for entry in generator.permutation(np.argwhere(by_hand != 0)))
        entries = islice((e for e in shuffled if not _has_kink(formulas, layers, inputs, i, e)), ENTRIES)
        apart = [abs(central_difference(engine_cost, values, e, EPSILON) - gradient[e]) for e in entries]
        name = f"{'bias' if i % 2 else 'weight'} {i // 2 + 1}"
        largest = float(np.abs(gradient).max())
        relative = float(np.abs(gradient - by_hand).max() / np.abs(by_hand).max())
        numerical = float(np.max(apart)) if apart else math.nan
        found.append(Comparison(experiment, network.title, name, gradient.shape, largest, relative, numerical))
    return found


def _has_kink(formulas: MLP, layers: Layers, inputs: Array, parameter: int, index: tuple[int, ...]) -> bool:
    """Whether a ReLU switches between w - ε and w + ε: the cost has no derivative there, and the error is O(ε)."""
    if formulas.activation != "relu":
        return False
    changed = layers[parameter // 2][parameter % 2]
    value = changed[index]
    patterns = []
    for moved in (value - EPSILON, value + EPSILON):
        changed[index] = moved
        patterns.append([a > 0 for a in formulas.forward(layers, inputs)[1:-1]])
    changed[index] = value
    return any((below != above).any() for below, above in zip(*patterns, strict=True))


def format_table(differences: Sequence[Comparison]) -> str:
    """The differences as a text to print: a line for each parameter below its network, the bounds at the end."""
    lines = ["parameter  shape    largest gradient  engine - formulas  engine - numerical"]
    lines.append("-" * len(lines[0]))
    for (experiment, network), group in groupby(differences, lambda d: (d.experiment, d.network)):
        lines.append(f"{experiment}: {network}")
        for d in group:
            shape = "x".join(map(str, d.shape))
            line = f"{d.parameter:9}  {shape:7}  {d.largest:16.3e}  {d.formulas:17.1e}  {d.numerical:18.1e}"
            lines.append(line if d.ok else line + "  WRONG")
    wrong = sum(not d.ok for d in differences)
    lines += [
        "",
        f"engine - formulas: relative to the largest gradient; bound {FORMULAS_BOUND:g}",
        f"engine - numerical: central differences, epsilon {EPSILON:g}; bound epsilon^2 = {NUMERICAL_BOUND:g}",
        f"{wrong} of {len(differences)} parameters are wrong" if wrong else f"all {len(differences)} parameters agree",
    ]
    return "\n".join(lines)
