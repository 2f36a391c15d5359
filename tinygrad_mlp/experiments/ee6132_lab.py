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

Files of a run: `iterations.csv` and `epochs.csv` hold the curves, `loss.png` and `accuracy.png` show them;
`confusion.csv` and `confusion.png` hold the confusion matrices; `model.safetensors` is the model with the
lowest loss on the training images.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.errors import DataError
from tinygrad_mlp.utils.data import DataLoader, TensorDataset

from .data import load_images
from .plots import draw_curves, draw_matrix, new_figure
from .results import Row, RunFolder, Settings
from .training import Evaluation, evaluate, train

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
    """A trained model and its curves."""

    model: nn.Module
    losses: list[float]  # of each iteration's batch
    tests: dict[int, Evaluation]  # by iteration
    epochs: list[tuple[Evaluation, Evaluation]]  # training and test images, after each epoch


def network(activation: str, generator: torch.Generator) -> nn.Sequential:
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


def fit(activation: str, lr: float, epochs: int, seed: int, train_set: TensorDataset, test_set: TensorDataset) -> Training:
    """Train the network with one activation and learning rate."""
    # Two random streams, so that a change to one leaves the other as it was.
    model = network(activation, torch.Generator().manual_seed(2 * seed))
    shuffle = torch.Generator().manual_seed(2 * seed + 1)
    loader = DataLoader(train_set, batch_size=BATCH_SIZE, shuffle=True, drop_last=True, generator=shuffle)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=lr)

    training = Training(model, [], {0: evaluate(model, criterion, test_set)}, [])
    every = max(1, len(loader) // TESTS_PER_EPOCH)
    for loss in train(model, criterion, optimizer, loader, epochs, f"{activation}, lr {lr:g}"):
        training.losses.append(loss)
        iteration = len(training.losses)
        if iteration % every == 0 or iteration % len(loader) == 0:
            training.tests[iteration] = evaluate(model, criterion, test_set)
        if iteration % len(loader) == 0:
            training.epochs.append((evaluate(model, criterion, train_set), training.tests[iteration]))
    return training


def run(settings: Settings, folder: RunFolder) -> list[Row]:
    """Train the network with each activation and learning rate; returns the rows of the report's tables."""
    epochs = settings.epochs or EPOCHS
    train_set, test_set = load_images(MNIST, settings.data)
    if len(train_set) < BATCH_SIZE:
        raise DataError(f"{settings.data}: {len(train_set)} training images; expected {BATCH_SIZE} or more")
    labels = test_set.tensors[1].numpy()
    note = difference(len(train_set), len(test_set), epochs)

    trainings: dict[str, Training] = {}
    matrices: dict[str, npt.NDArray[np.int64]] = {}
    rows = []
    for (activation, lr), paper in PAPER.items():
        name = f"{activation}, lr {lr:g}"
        training = fit(activation, lr, epochs, settings.seed, train_set, test_set)
        trained, tested = training.epochs[-1]
        predictions = tested.predictions.numpy()
        precision, recall, f1, _ = precision_recall_fscore_support(labels, predictions, average="weighted", zero_division=0)
        measured = {
            "accuracy (train)": trained.accuracy,
            "accuracy (test)": tested.accuracy,
            "loss (test)": tested.loss,
            "precision": float(precision),
            "recall": float(recall),
            "F1": float(f1),
        }
        for quantity, ours in measured.items():
            unit = "%" if quantity.startswith("accuracy") else ""
            rows.append(Row(f"{name}: {quantity}", unit, paper.get(quantity), ours, note=note))
        trainings[name] = training
        matrices[name] = confusion_matrix(labels, predictions, labels=range(10))

    write_tables(folder, trainings, matrices)
    write_figures(folder, trainings, matrices)
    best = min(trainings.values(), key=lambda training: training.epochs[-1][0].loss)
    folder.write_model("model.safetensors", best.model)
    return rows


def difference(train_images: int, test_images: int, epochs: int) -> str:
    """In what a run differs from the report's, in words."""
    parts = []
    if (train_images, test_images) != (60_000, 10_000):
        parts.append(f"{train_images:,} training and {test_images:,} test images, not 60,000 and 10,000")
    if epochs != EPOCHS:
        parts.append(f"{epochs} epochs, not {EPOCHS}")
    return "; ".join(parts)


def write_tables(folder: RunFolder, trainings: dict[str, Training], matrices: dict[str, npt.NDArray[np.int64]]) -> None:
    """The curves and the confusion matrices as CSV."""
    folder.write_csv(
        "iterations.csv",
        ["model", "iteration", "train_loss", "test_loss"],
        (
            [name, i, loss, training.tests[i].loss if i in training.tests else ""]
            for name, training in trainings.items()
            for i, loss in enumerate(training.losses, 1)
        ),
    )
    folder.write_csv(
        "epochs.csv",
        ["model", "epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy"],
        (
            [name, epoch, trained.loss, trained.accuracy, tested.loss, tested.accuracy]
            for name, training in trainings.items()
            for epoch, (trained, tested) in enumerate(training.epochs, 1)
        ),
    )
    folder.write_csv(
        "confusion.csv",
        ["model", "digit", *(f"predicted_{digit}" for digit in range(10))],
        ([name, digit, *row] for name, matrix in matrices.items() for digit, row in enumerate(matrix.tolist())),
    )


def write_figures(folder: RunFolder, trainings: dict[str, Training], matrices: dict[str, npt.NDArray[np.int64]]) -> None:
    """Loss per iteration (figures 1 to 8, 10 to 13), accuracy per epoch, confusion matrices (figure 9)."""
    figure, (left, right) = new_figure("784-500-250-100-10 on MNIST: cross-entropy", columns=2)
    left_curves = {name: (range(1, len(t.losses) + 1), t.losses) for name, t in trainings.items()}
    right_curves = {name: (list(t.tests), [e.loss for e in t.tests.values()]) for name, t in trainings.items()}
    draw_curves(left, left_curves, "Training loss, per batch", "iteration", "loss")
    draw_curves(right, right_curves, "Test loss", "iteration", "loss")
    folder.write_figure("loss.png", figure)

    figure, (left, right) = new_figure("784-500-250-100-10 on MNIST: accuracy", columns=2)
    for axes, which, images in ((left, 0, "Training"), (right, 1, "Test")):
        curves = {
            name: (range(1, len(t.epochs) + 1), [both[which].accuracy for both in t.epochs]) for name, t in trainings.items()
        }
        draw_curves(axes, curves, f"{images} images", "epoch", "accuracy in %")
    folder.write_figure("accuracy.png", figure)

    digits = [str(digit) for digit in range(10)]
    figure, panels = new_figure("Confusion matrices, test images", columns=2, rows=2, height=5)
    for axes, (name, matrix) in zip(panels, matrices.items(), strict=True):
        draw_matrix(axes, matrix, name, "predicted digit", "digit", digits)
    folder.write_figure("confusion.png", figure)
