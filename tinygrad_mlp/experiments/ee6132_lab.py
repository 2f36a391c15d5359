"""A. R., "Multi Layer Perceptron", EE6132 Lab 1, 2021: the baseline network and its activations.

MNIST digits, a network of 784-500-250-100-10 units, weights drawn as in equation 11 (Glorot), biases zero,
softmax with cross-entropy (equations 4 and 8), mini-batch SGD of 64 images (equations 12 and 13), 15 epochs.
The hidden layers are sigmoid with learning rate 1 (table 1) and 0.1 (table 1, "the baseline"), tanh and ReLU
with 0.1 (table 2).

What the report leaves open, and the reading that fits its numbers:

* The gradient of a batch is the mean over its images, not the sum.
* Precision, recall and F1 are averages over the classes weighted by their number of images: the report's
  recall equals its accuracy in all three tables, which the unweighted (macro) average does not give.
* The images are shuffled anew in each epoch, and all batches are of 64: those left over, too few for a batch,
  are not used in that epoch.

Files of a run, besides those of every run: `iterations.csv` holds the loss of each batch, `confusion.csv` the
confusion matrices; `model.safetensors` is the model with the lowest loss on the training images.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from tinygrad_mlp import Generator, nn, optim
from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.errors import DataError
from tinygrad_mlp.utils.data import DataLoader, TensorDataset

from .data import load_images
from .lab import History, Lab
from .plots import draw_curves, draw_matrix, new_figure
from .training import evaluate

__all__ = ["run"]

SIZES = (784, 500, 250, 100, 10)
BATCH_SIZE = 64
EPOCHS = 15
ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}
TESTS_PER_EPOCH = 5  # how often the test loss is measured, for its curve

# (activation, learning rate): the report's number for each quantity that it gives, tables 1 and 2 and the text.
PAPER: dict[tuple[str, float], dict[str, float]] = {
    ("sigmoid", 1.0): {"accuracy (train)": 99.457, "accuracy (test)": 97.98, "loss (test)": 0.0731},
    ("sigmoid", 0.1): {
        "accuracy (train)": 94.265,
        "accuracy (test)": 93.87,
        "loss (test)": 0.19846,
        "precision": 0.93971,
        "recall": 0.9387,
        "F1": 0.93855,
    },
    ("tanh", 0.1): {
        "accuracy (train)": 99.830,
        "accuracy (test)": 98.01,
        "loss (test)": 0.06236,
        "precision": 0.980117,
        "recall": 0.980100,
        "F1": 0.980099,
    },
    ("relu", 0.1): {
        "accuracy (train)": 99.992,
        "accuracy (test)": 98.25,
        "loss (test)": 0.07572,
        "precision": 0.982520,
        "recall": 0.982500,
        "F1": 0.982501,
    },
}


@dataclass(frozen=True)
class Training:
    """A trained model, its curves, and the classes it gives the test images."""

    model: nn.Module
    history: History
    predictions: npt.NDArray[np.int64]


def network(activation: str, generator: Generator) -> nn.Sequential:
    """The report's network; it gives logits, as softmax is part of the loss."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(SIZES):
        layers += [nn.Linear(fan_in, fan_out), ACTIVATIONS[activation]()]
    model = nn.Sequential(*layers[:-1])
    for parameter in model.parameters():
        if parameter.ndim == 2:
            nn.init.xavier_uniform_(parameter, generator=generator)  # equation 11
        else:
            nn.init.zeros_(parameter)
    return model


def fit(lab: Lab, activation: str, lr: float, train_set: TensorDataset, test_set: TensorDataset) -> Training:
    """Train the network with one activation and learning rate."""
    name = f"{activation}, lr {lr:g}"
    model = network(activation, lab.generator("weights", activation))
    shuffle = lab.generator("shuffle", name)
    loader = DataLoader(train_set, batch_size=BATCH_SIZE, shuffle=True, drop_last=True, generator=shuffle)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=lr)

    every = max(1, len(loader) // TESTS_PER_EPOCH)
    history: History = defaultdict(list)
    for _ in lab.epochs(name, lab.count(EPOCHS, EPOCHS), history, model=model, optimizer=optimizer, shuffle=shuffle):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
            history["loss of the batch"].append(loss.item())
            iteration = len(history["loss of the batch"])
            if iteration % every == 0:
                history["iteration tested"].append(iteration)
                history["loss then"].append(evaluate(model, criterion, test_set).loss)
        trained, tested = evaluate(model, criterion, train_set), evaluate(model, criterion, test_set)
        history["train loss"].append(trained.loss)
        history["train accuracy"].append(trained.accuracy)
        history["test loss"].append(tested.loss)
        history["test accuracy"].append(tested.accuracy)
    return Training(model, history, evaluate(model, criterion, test_set).predictions.numpy())


def run(lab: Lab) -> None:
    """Train the network with each activation and learning rate."""
    train_set, test_set = load_images(MNIST, lab.settings.data)
    if len(train_set) < BATCH_SIZE:
        raise DataError(f"{lab.settings.data}: {len(train_set)} training images; expected {BATCH_SIZE} or more")
    labels = test_set.tensors[1].numpy()

    lab.section("Tables 1 and 2: learning rates and activations")
    trainings: dict[str, Training] = {}
    matrices: dict[str, npt.NDArray[np.int64]] = {}
    for (activation, lr), paper in PAPER.items():
        name = f"{activation}, lr {lr:g}"
        training = trainings[name] = fit(lab, activation, lr, train_set, test_set)
        precision, recall, f1, _ = precision_recall_fscore_support(
            labels, training.predictions, average="weighted", zero_division=0
        )
        measured = {
            "accuracy (train)": training.history["train accuracy"][-1],
            "accuracy (test)": training.history["test accuracy"][-1],
            "loss (test)": training.history["test loss"][-1],
            "precision": float(precision),
            "recall": float(recall),
            "F1": float(f1),
        }
        for quantity, ours in measured.items():
            unit = "%" if quantity.startswith("accuracy") else ""
            lab.row(f"{name}: {quantity}", ours, paper.get(quantity), unit)
        matrices[name] = confusion_matrix(labels, training.predictions, labels=range(10))

    tables(lab, trainings, matrices)
    figures(lab, trainings, matrices)
    best = min(trainings.values(), key=lambda training: training.history["train loss"][-1])
    lab.model("model.safetensors", best.model)


def tables(lab: Lab, trainings: Mapping[str, Training], matrices: Mapping[str, npt.NDArray[np.int64]]) -> None:
    """The loss of each batch and the confusion matrices as CSV."""
    lab.table(
        "iterations.csv",
        ["model", "iteration", "train_loss"],
        (
            [name, i, loss]
            for name, training in trainings.items()
            for i, loss in enumerate(training.history["loss of the batch"], 1)
        ),
    )
    lab.table(
        "confusion.csv",
        ["model", "digit", *(f"predicted_{digit}" for digit in range(10))],
        ([name, digit, *row] for name, matrix in matrices.items() for digit, row in enumerate(matrix.tolist())),
    )


def figures(lab: Lab, trainings: Mapping[str, Training], matrices: Mapping[str, npt.NDArray[np.int64]]) -> None:
    """Loss per iteration (figures 1 to 8, 10 to 13), accuracy per epoch, confusion matrices (figure 9)."""
    curves = {name: training.history for name, training in trainings.items()}
    figure, (left, right) = new_figure("784-500-250-100-10 on MNIST: cross-entropy", columns=2)
    batches = {name: (range(1, len(h["loss of the batch"]) + 1), h["loss of the batch"]) for name, h in curves.items()}
    draw_curves(left, batches, "Training loss, per batch", "iteration", "loss")
    tests = {name: (h["iteration tested"], h["loss then"]) for name, h in curves.items()}
    draw_curves(right, tests, "Test loss", "iteration", "loss")
    lab.figure("loss.png", figure, number="Figures 1-8 and 10-13")

    figure, axes = new_figure("784-500-250-100-10 on MNIST: accuracy", columns=2)
    for ax, images in zip(axes, ("train", "test"), strict=True):
        accuracies = {
            name: (range(1, len(h[f"{images} accuracy"]) + 1), h[f"{images} accuracy"]) for name, h in curves.items()
        }
        draw_curves(ax, accuracies, f"{images.capitalize()} images", "epoch", "accuracy in %")
    lab.figure("accuracy.png", figure)

    digits = [str(digit) for digit in range(10)]
    figure, panels = new_figure("Confusion matrices, test images", columns=2, rows=2, height=5)
    for ax, (name, matrix) in zip(panels, matrices.items(), strict=True):
        draw_matrix(ax, matrix, name, "predicted digit", "digit", digits)
    lab.figure("confusion.png", figure, number="Figure 9")
