"""The networks that experiments share, their training step, and measurements on a trained one."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import tinygrad_mlp as torch
from tinygrad_mlp import Generator, Tensor, nn, optim

from ..nn import activations
from ..utils.data import TensorDataset

__all__ = [
    "ACTIVATIONS", "Criterion", "Evaluation", "History", "TrainedModel", "evaluate", "glorot_mlp", "mlp",
    "parameter_groups", "predict", "record", "score", "training_step", "weights_and_biases",
]  # fmt: skip

# Every activation layer, by its name in lower case: that of its formulas in `reference.ACTIVATIONS`, where it has some.
ACTIVATIONS: dict[str, type[nn.Module]] = {name.lower(): getattr(activations, name) for name in activations.__all__}

Criterion = Callable[[Tensor, Tensor], Tensor]
History = defaultdict[str, list[float]]  # curves by their names


def mlp(sizes: Sequence[int], activation: str, draw: Callable[[Tensor], object] | None = None) -> nn.Sequential:
    """Linear layers between the sizes, with an activation (in ACTIVATIONS) after each but the last, whose outputs are logits.

    Biases are 0; `draw` fills each weight matrix.

    >>> from tinygrad_mlp.experiments.training import mlp
    >>> mlp((784, 50, 10), "tanh")
    Sequential(
      (0): Linear(in_features=784, out_features=50, bias=True)
      (1): Tanh()
      (2): Linear(in_features=50, out_features=10, bias=True)
    )
    """
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out), ACTIVATIONS[activation]()]
    model = nn.Sequential(*layers[:-1])
    for parameter in model.parameters():
        if parameter.ndim == 1:
            nn.init.zeros_(parameter)
        elif draw is not None:
            draw(parameter)
    return model


def glorot_mlp(sizes: Sequence[int], activation: str, generator: Generator) -> nn.Sequential:
    """An :func:`mlp` with weights as Glorot drew them, W ~ U[-d, d] with d = sqrt(6 / (fan_in + fan_out)). EE6132 lab, eq. 11."""
    return mlp(sizes, activation, partial(nn.init.xavier_uniform_, generator=generator))


def weights_and_biases(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The weight matrices of a model, and its biases."""
    weights, biases = ([p for p in model.parameters() if p.ndim == ndim] for ndim in (2, 1))
    return weights, biases


def parameter_groups(model: nn.Module, **of_weights: float) -> list[dict[str, Any]]:
    """For an optimizer, the weight matrices, with options that they alone have, and the biases."""
    weights, biases = weights_and_biases(model)
    return [{"params": weights, **of_weights}, {"params": biases}]


def training_step(
    model: nn.Module, criterion: Criterion, optimizer: optim.Optimizer, penalty: Callable[[nn.Module], Tensor] | None = None
) -> Criterion:
    """One step of an optimizer: a function of a batch of inputs and targets, which returns its loss without the penalty."""

    def step(inputs: Tensor, targets: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        (loss if penalty is None else loss + penalty(model)).backward()
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


def score(criterion: Criterion, outputs: Tensor, targets: Tensor) -> Evaluation:
    """Measure outputs `(N, classes)` against labels `(N,)`, or logits of one output `(N, 1)` against zeros and ones `(N, 1)`.

    The predicted class is that of the largest output; with one output it is 1 where the logit is positive.
    """
    predictions = outputs.argmax(dim=1) if outputs.shape[1] > 1 else (outputs > 0).flatten().long()
    correct = (predictions == targets.flatten()).sum().item()
    return Evaluation(criterion(outputs, targets).item(), 100 * correct / len(targets), predictions)


def evaluate(model: nn.Module, criterion: Criterion, data: TensorDataset) -> Evaluation:
    """Measure a model on a set of inputs and targets, see :func:`score`."""
    inputs, targets = data.tensors
    return score(criterion, predict(model, inputs), targets)


def record(history: History, images: str, evaluation: Evaluation) -> None:
    """Add an evaluation to the curves of these images, such as `"train loss"` and `"train accuracy"`."""
    history[f"{images} loss"].append(evaluation.loss)
    history[f"{images} accuracy"].append(evaluation.accuracy)


@dataclass(frozen=True)
class TrainedModel:
    """A model after training, its learning curves, and how it does on the training and on the test images."""

    model: nn.Sequential
    history: History
    train: Evaluation
    test: Evaluation
