"""Measurements on a trained network."""

from collections.abc import Callable
from dataclasses import dataclass

import tinygrad_mlp as torch

from .. import nn
from ..tensor import Tensor
from ..utils.data import TensorDataset

__all__ = ["Evaluation", "evaluate", "predict"]

Criterion = Callable[[Tensor, Tensor], Tensor]


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
