"""The training steps that are timed: forward, loss, backward, update and the loss read back, in float32.

Each step is written once against PyTorch's interface and run with either library, and once by hand in NumPy from the
formulas of ``tinygrad_mlp.reference``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, repeat
from typing import Any

import numpy as np

from tinygrad_mlp import reference


@dataclass(frozen=True)
class Step:
    """One training step: a network from the reports, or a tiny one that shows the overhead per operation."""

    name: str
    sizes: tuple[int, ...]
    batch: int
    activation: str
    loss: str = "cross_entropy"
    lr: float = 0.1
    momentum: float = 0.0

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Random inputs in [0, 1) and class labels."""
        rng = np.random.default_rng(0)
        x = rng.random((self.batch, self.sizes[0]), dtype=np.float32)
        return x, rng.integers(0, self.sizes[-1], self.batch)

    def targets(self, labels: np.ndarray) -> np.ndarray:
        """One-hot rows."""
        return np.eye(self.sizes[-1], dtype=np.float32)[labels]


STEPS = {
    step.name: step
    for step in (
        Step("s000", (784, 392, 196, 4), 1024, "sigmoid", "mse", momentum=0.9),
        Step("s001", (784, 500, 250, 100, 10), 64, "sigmoid"),
        Step("s002", (784, 50, 10), 128, "tanh", momentum=0.9),
        Step("s004", (784, 20, 10), 128, "sigmoid", "bce"),
        Step("tiny", (2, 16, 16, 10), 32, "relu"),
    )
}

_ACTIVATIONS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "ReLU"}


def with_library(library: Any, step: Step) -> Callable[[], float]:
    """The step as a user of ``library`` (tinygrad_mlp or torch) writes it."""
    nn = library.nn
    library.manual_seed(0)
    layers: list[Any] = []
    for fan_in, fan_out in pairwise(step.sizes):
        layers += [nn.Linear(fan_in, fan_out), getattr(nn, _ACTIVATIONS[step.activation])()]
    model = nn.Sequential(*layers[:-1], *([nn.Sigmoid()] if step.loss == "mse" else []))
    criterion = {"cross_entropy": nn.CrossEntropyLoss, "mse": nn.MSELoss, "bce": nn.BCEWithLogitsLoss}[step.loss]()
    optimizer = library.optim.SGD(model.parameters(), lr=step.lr, momentum=step.momentum)
    x, labels = step.data()
    inputs = library.from_numpy(x)
    targets = library.from_numpy(labels if step.loss == "cross_entropy" else step.targets(labels))

    def run() -> float:
        loss = criterion(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return run


def by_hand(step: Step) -> Callable[[], object]:
    """The step from the handwritten formulas. It does not read the loss back, which is in its favour."""
    loss, reduction = {
        "cross_entropy": ("softmax_cross_entropy", "sample_mean"),
        "mse": ("sigmoid_mse", "element_mean"),
        "bce": ("sigmoid_cross_entropy", "element_mean"),
    }[step.loss]
    layers = [
        (w.astype(np.float32), b.astype(np.float32)) for w, b in reference.glorot(step.sizes, np.random.default_rng(0))
    ]
    x, labels = step.data()
    rule = partial(reference.momentum, lr=step.lr, mu=step.momentum)
    network = reference.MLP(step.activation, loss, reduction)
    return partial(next, network.train(layers, repeat((x, step.targets(labels))), rule, rule))
