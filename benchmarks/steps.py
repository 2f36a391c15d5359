"""The training steps that are timed: forward, loss, backward, update and the loss read back, in float32."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["STEPS", "Array", "Layers", "Step"]

Array = npt.NDArray[np.float32]
Layers = list[tuple[Array, Array]]


@dataclass(frozen=True)
class Step:
    """One training step: a network from the reports, a large one, or a tiny one that shows the overhead per operation.

    Attributes:
        name: On the command line.
        sizes: Units of each layer, the input's first.
        batch: Images in a step.
        activation: Of the hidden layers.
        loss: ``"cross_entropy"`` of a softmax, ``"mse"`` of sigmoids, or ``"bce"`` of sigmoids, per output. All are means.
        momentum: Of SGD.
        adam: Whether Adam takes the place of SGD.
        lr: The learning rate.
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    activation: str
    loss: str = "cross_entropy"
    momentum: float = 0.0
    adam: bool = False
    lr: float = 0.1

    def data(self) -> tuple[Array, npt.NDArray[np.int64]]:
        """Random inputs in [0, 1) and class labels."""
        rng = np.random.default_rng(0)
        x = rng.random((self.batch, self.sizes[0]), dtype=np.float32)
        return x, rng.integers(0, self.sizes[-1], self.batch)

    def targets(self, labels: npt.NDArray[np.int64]) -> Array:
        """One-hot rows."""
        return np.eye(self.sizes[-1], dtype=np.float32)[labels]

    def layers(self) -> Layers:
        """Weights ``(out, in)`` by Glorot's rule, and biases of zero: the same for every peer."""
        rng = np.random.default_rng(1)
        layers = []
        for fan_in, fan_out in pairwise(self.sizes):
            bound = np.sqrt(6 / (fan_in + fan_out))
            layers.append((rng.uniform(-bound, bound, (fan_out, fan_in)).astype(np.float32), np.zeros(fan_out, np.float32)))
        return layers


STEPS = {
    step.name: step
    for step in (
        Step("s000", (784, 392, 196, 4), 1024, "sigmoid", "mse", momentum=0.9),
        Step("s001", (784, 500, 250, 100, 10), 64, "sigmoid"),
        Step("s002", (784, 50, 10), 128, "tanh", momentum=0.9),
        Step("s003", (784, 64, 10), 40_000, "sigmoid"),
        Step("s004", (784, 20, 10), 128, "sigmoid", "bce"),
        Step("big", (1024, 1024, 1024, 10), 256, "relu", adam=True, lr=1e-3),
        Step("tiny", (2, 16, 16, 10), 32, "relu"),
    )
}
