"""The network that experiments share, and measurements on a trained one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import tinygrad_mlp as torch
from tinygrad_mlp import Generator

from .. import nn
from .._tensor import Tensor
from ..optim import Optimizer
from ..utils.data import TensorDataset

__all__ = ["Evaluation", "evaluate", "glorot_mlp", "predict", "training_step"]

Criterion = Callable[[Tensor, Tensor], Tensor]


def glorot_mlp(sizes: Sequence[int], activation: type[nn.Module], generator: Generator) -> nn.Sequential:
    """Linear layers between the sizes, with an activation after each but the last, whose outputs are logits.

    Weights are drawn as Glorot did, W ~ U[-d, d] with d = sqrt(6 / (fan_in + fan_out)), biases are 0. EE6132 lab, eq. 11.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.experiments.training import glorot_mlp
    >>> glorot_mlp((784, 50, 10), torch.nn.Tanh, torch.Generator())
    Sequential(
      (0): Linear(in_features=784, out_features=50, bias=True)
      (1): Tanh()
      (2): Linear(in_features=50, out_features=10, bias=True)
    )
    """
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out), activation()]
    model = nn.Sequential(*layers[:-1])
    for parameter in model.parameters():
        if parameter.ndim == 2:
            nn.init.xavier_uniform_(parameter, generator=generator)
        else:
            nn.init.zeros_(parameter)
    return model


def training_step(model: nn.Module, criterion: Criterion, optimizer: Optimizer) -> Criterion:
    """One step of an optimizer on a batch of inputs and targets, which gives the batch's loss."""

    def step(inputs: Tensor, targets: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        return loss

    return step


def predict(model: nn.Module, inputs: Tensor, batch_size: int = 1000) -> Tensor:
    """The outputs of the model in evaluation mode, `(N, ...)`, without a graph; the mode is restored."""
    training = model.training
    model.eval()
    with torch.no_grad():
        outputs: Tensor = torch.cat([model(batch) for batch in inputs.split(batch_size)])
    model.train(training)
    return outputs


@dataclass(frozen=True)
class Evaluation:
    """A classifier measured on a set: mean loss, accuracy in %, and the classes predicted, `(N,)`."""

    loss: float
    accuracy: float
    predictions: Tensor


def evaluate(model: nn.Module, criterion: Criterion, data: TensorDataset) -> Evaluation:
    """Measure a model with outputs `(N, classes)` on a set of inputs and class labels `(N,)`."""
    inputs, labels = data.tensors
    outputs = predict(model, inputs)
    predictions = outputs.argmax(dim=1)
    correct = (predictions == labels).sum().item()
    return Evaluation(criterion(outputs, labels).item(), 100 * correct / len(labels), predictions)
