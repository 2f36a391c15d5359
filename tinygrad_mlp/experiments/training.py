"""The training loop that the experiments share, and the measurements on a trained network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

import tinygrad_mlp as torch

from .. import nn
from ..optim import Optimizer
from ..tensor import Tensor
from ..utils.data import DataLoader, TensorDataset

__all__ = ["Evaluation", "evaluate", "predict", "train"]

Criterion = Callable[[Tensor, Tensor], Tensor]


def train(
    model: nn.Module,
    criterion: Criterion,
    optimizer: Optimizer,
    loader: DataLoader[Any],
    epochs: int,
    title: str,
) -> Iterator[float]:
    """Train and yield each iteration's loss, on the batch it was trained on; a bar shows the progress.

    What is to happen between iterations stands in the body of the loop over them; leaving that loop ends the
    training.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.experiments.training import train
    >>> model = torch.nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> data = torch.utils.data.TensorDataset(torch.ones(4, 1), torch.zeros(4, 1))
    >>> loader = torch.utils.data.DataLoader(data, batch_size=2)
    >>> losses = list(train(model, torch.nn.MSELoss(), optimizer, loader, epochs=10, title="example"))
    >>> len(losses), losses[-1] < 1e-3
    (20, True)
    """
    with tqdm(total=epochs * len(loader), desc=title, unit="batch", mininterval=0.5) as bar:
        for epoch in range(epochs):
            for inputs, targets in loader:
                optimizer.zero_grad()
                loss = criterion(model(inputs), targets)
                loss.backward()
                optimizer.step()
                bar.set_postfix_str(f"epoch {epoch + 1}/{epochs}, loss {loss.item():.4f}", refresh=False)
                bar.update()
                yield loss.item()


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
