"""S. S. Rachakonda, "Implementation of MLP from scratch with regularization techniques": digits as bits of their ASCII codes.

A network of 784-392-196-4 sigmoid units learns the low 4 bits of the ASCII code of the digit; the two bits above
are the same for all digits. Squared error, full-batch gradient descent with momentum on the first 1,024 training
images of MNIST, 100 epochs. It is then asked about these images, about the same plus N(0, 1) noise (`randn`) and
about the test images. A digit is right when all 4 bits are.

The report gives no numbers but "one bit different" under noise.

Figure 2 is a drawing of bias and variance, without data.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

import tinygrad_mlp as torch
from tinygrad_mlp import Generator, Tensor, nn, optim
from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.utils.data import TensorDataset

from .data import load_images, take, with_noise
from .gradient_check import Network
from .lab import Lab
from .plots import draw_curves, draw_wrong, new_figure
from .training import History, mlp, parameter_groups, predict, training_step, weights_and_biases

TITLE = "Digits as bits of their ASCII codes"
SUMMARY = "MNIST digits as 4 bits of their ASCII codes by a 784-392-196-4 network, full-batch gradient descent"
SECONDS = 3.5

SIZES = (784, 392, 196, 4)
IMAGES = 1024
EPOCHS = 100, 50  # on the whole set, on the sample
ALPHA = 0.1
MOMENTUM = 0.9
SCALE = 0.1  # standard deviation of the initial weights
LAMBDA_2 = 1e-3  # of the ridge penalty
LAMBDA_1 = 1e-4  # of the lasso penalty, and of the printed rule
BITS = 4

# ------------------------------------------------------------------------------------------------ digits as bits

# The low 4 bits of each digit's ASCII code, the highest first, as 1001 of the 9; the two above are 1 and 1 for all digits.
CODES = torch.tensor([[float(bit) for bit in f"{ord(digit):b}"[-BITS:]] for digit in "0123456789"])

DATASETS = (MNIST,)
NETWORKS = (Network("784-392-196-4 sigmoid, squared error", SIZES, "sigmoid", "sigmoid_mse", lambda digits: CODES[digits]),)
READINGS = """What it leaves open, and the reading taken, with what
seed 0 measured on the whole set:

* The gradient is the mean over the images (of the sum over the bits), with the learning rate 0.1 that is printed. With
  the sum over the images, one step saturates all outputs, and the error stays at 0.37 or 0.42; figure 1's falls gradually.
* The momentum, which is not printed, is 0.9. With 0 and 0.5 almost nothing is learned in 100 epochs (about 20 % of the
  digits right on the training images).
* Weights "initialized arbitrarily" are N(0, 0.1²), biases 0: that makes one bit wrong under noise, as the report says. Drawn
  as Glorot did they make 0.87 bits wrong, with U(-1, 1) 1.51 and with N(0, 1) 1.61.
* The ridge rule as printed, `w + (1/N) * α * dw`, penalizes nothing: it is the plain rule with 1/1,024 of the learning rate.
  The curve is smooth, as the report says, because hardly anything is learned. With `dw` a sum over the images it would be
  the plain rule itself. The usual penalty, λ/2 of the squared weights with λ = 0.001, is beside it.
* The lasso rule as printed, `w + 2 * λ * sign(w) + α * dw`, drives weights away from zero, the reverse of a lasso; λ is not
  printed and 0.0001 here. With 0.001 (and Glorot's weights) more of the training digits are right (64 %), and fewer under
  noise (19 %); with 0.01 it is 63 % and 11 %. The usual penalty, λ times the absolute weights, is beside it."""


def percentage(true: Tensor) -> float:
    """How many of a tensor's booleans are true, in %."""
    return 100 * true.float().mean().item()


@dataclass(frozen=True)
class Answers:
    """The outputs `(N, 4)` of a network for N images, and the digits `(N,)` that they show."""

    outputs: Tensor
    digits: Tensor

    @property
    def wrong_bits(self) -> Tensor:
        """The Hamming distance of each answer to the digit's code, `(N,)`; an output above 1/2 is a 1."""
        return ((self.outputs > 0.5).float() != CODES[self.digits]).sum(dim=1)

    def measured(self) -> dict[str, float]:
        """In %: how many bits are right, and how many digits, with all 4 bits right."""
        wrong = self.wrong_bits.float()
        return {"bits right": 100 - 100 * wrong.mean().item() / BITS, "digits right": percentage(wrong == 0)}

    def by_bit_and_digit(self) -> dict[str, float]:
        """In %: how often each bit is right, the highest first, and how often each digit is, with all 4 bits right."""
        right = (self.outputs > 0.5).float() == CODES[self.digits]
        bits = {f"bit {8 >> i} right": percentage(right[:, i]) for i in range(BITS)}
        digits = sorted(set(self.digits.tolist()))
        return bits | {f"digit {digit} right": percentage(right[self.digits == digit].all(dim=1)) for digit in digits}


# ------------------------------------------------------------------------------------------------ the update rules

Rule = Callable[[nn.Module], optim.Optimizer]
Penalty = Callable[[nn.Module], Tensor] | None


class PrintedLasso(optim.SGD):
    """v = μ v + g and p = p + 2 λ sign(p) - lr v: section 2.1.5 as printed, where `d_w` is -v; λ is a group's option `lam`.

    With λ > 0 it drives the weights away from zero, the reverse of a lasso penalty.
    """

    def update(self, p: Tensor, g: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """One step; see the class."""
        push = p.sign().mul_(2 * group.get("lam", 0.0))
        super().update(p, g, state, group)
        p.add_(push)


def plain(model: nn.Module) -> optim.Optimizer:
    """v = μ v + g and w = w - α v: section 2.1.1, `wo + 0.1 * dwo`."""
    return optim.SGD(model.parameters(), lr=ALPHA, momentum=MOMENTUM)


def ridge_as_printed(model: nn.Module) -> optim.Optimizer:
    """w = w - (1/N) α v: section 2.1.4, `w0 + (1/N) * α * d_w0`; biases too, as nothing in it regularizes."""
    return optim.SGD(model.parameters(), lr=ALPHA / IMAGES, momentum=MOMENTUM)


def lasso_as_printed(model: nn.Module) -> optim.Optimizer:
    """w = w + 2 λ sign(w) - α v: section 2.1.5; biases as in the plain rule."""
    return PrintedLasso(parameter_groups(model, lam=LAMBDA_1), lr=ALPHA, momentum=MOMENTUM)


def ridge_penalty(model: nn.Module) -> Tensor:
    """λ/2 Σ w²: section 2.1.4's "square of the magnitude of the coefficients"."""
    return sum(((w * w).sum() for w in weights_and_biases(model)[0]), torch.zeros(())) * (LAMBDA_2 / 2)


def lasso_penalty(model: nn.Module) -> Tensor:
    """λ Σ |w|."""
    return sum((w.abs().sum() for w in weights_and_biases(model)[0]), torch.zeros(())) * LAMBDA_1


# ------------------------------------------------------------------------------------------------ network, training


def network(generator: Generator) -> nn.Sequential:
    """784-392-196-4 with a sigmoid after each layer; weights from N(0, 0.1²), biases 0."""
    return mlp(SIZES, "sigmoid", partial(nn.init.normal_, std=SCALE, generator=generator)).append(nn.Sigmoid())


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Σ (output - target)² over the bits, its mean over the images."""
    return ((outputs - targets) ** 2).sum(dim=1).mean()


def train_network(
    lab: Lab, name: str, train_set: TensorDataset, rule: Rule, penalty: Penalty
) -> tuple[nn.Sequential, list[float]]:
    """A trained network, all from the same weights, and its mean squared error per bit before each step and after the last."""
    images, digits = train_set.tensors
    targets = CODES[digits]
    model = network(lab.generator("init"))
    optimizer = rule(model)
    step = lab.compiled(model, training_step(model, squared_error, optimizer, penalty))
    history: History = defaultdict(list)
    for _ in lab.epochs(name, lab.count(*EPOCHS), history, model=model, optimizer=optimizer):
        history["mean squared error"].append(step(images, targets).item() / BITS)
    last = squared_error(predict(model, images), targets).item() / BITS
    return model, [*history["mean squared error"], last]


# ------------------------------------------------------------------------------------------------ the report


def run(lab: Lab) -> None:
    """Train by each rule, and measure on clean, noisy and unseen images: figures 1, 3 and 4, and the text's claim."""
    train_set, test_set = load_images(MNIST, lab.settings.data)
    train_set = take(train_set, slice(IMAGES))
    noisy_set = with_noise(train_set, 1.0, lab.generator("noise"))
    image_sets = {"training images": train_set, "training images + noise": noisy_set, "test images": test_set}

    # Number, title and what the report says of a figure; in it, by name, an update rule and a penalty.
    figures: dict[tuple[str, str, str], dict[str, tuple[Rule, Penalty]]] = {
        ("Figure 1", "plain gradient descent", "The loss falls gradually."): {"plain": (plain, None)},
        ("Figure 3", "ridge", "The loss curve is smooth."): {
            "ridge as printed": (ridge_as_printed, None),
            "ridge penalty": (plain, ridge_penalty),
        },
        ("Figure 4", "lasso", ""): {
            "lasso as printed": (lasso_as_printed, None),
            "lasso penalty": (plain, lasso_penalty),
        },
    }
    distances: dict[str, list[float]] = {}
    plain_answers: dict[str, Answers] = {}
    for (number, title, says), models in figures.items():
        lab.section(f"{number}: {title}")
        figure, (axes,) = new_figure("", columns=1, width=6)
        for name, (rule, penalty) in models.items():
            model, losses = train_network(lab, name, train_set, rule, penalty)
            draw_curves(axes, {name: (range(len(losses)), losses)}, "First 1,024 images", "epoch", "mean squared error")
            lab.row(f"{name}: mean squared error, at the end", losses[-1])
            lab.claim(f"{name}: the loss falls in every epoch", all(b < a for a, b in pairwise(losses)))
            for kind, data in image_sets.items():
                answers = Answers(predict(model, data.tensors[0]), data.tensors[1])
                for quantity, share in answers.measured().items():
                    lab.row(f"{name}, {kind}: {quantity}", share, None, "%")
                if data is noisy_set:
                    wrong = answers.wrong_bits
                    mean = wrong.float().mean().item()
                    lab.row(
                        f"{name}, {kind}: wrong bits, mean",
                        mean,
                        1.0,
                        "",
                        CLAIM,
                        headline="wrong bits under noise" if name == "plain" else "",
                    )
                    distances[name] = [percentage(wrong == n) for n in range(BITS + 1)]
                if name == "plain":
                    plain_answers[kind] = answers
                    if data is not train_set:
                        show_wrong(lab, kind, data, answers)
            if name == "plain":
                lab.model("model.safetensors", model)
        axes.set_ylim(bottom=0)
        lab.figure(f"{number.lower().replace(' ', '-')}.png", figure, number, says)
    noise(lab, distances)
    lab.section("Each bit and each digit, plain gradient descent", "A digit is right when all 4 bits of it are.")
    for kind, answers in plain_answers.items():
        for quantity, share in answers.by_bit_and_digit().items():
            lab.row(f"{kind}: {quantity}", share, None, "%")


CLAIM = 'the report: "every time it is predicting one bit different"; "most of the cases ... varied by a single bit"'


def noise(lab: Lab, distances: dict[str, list[float]]) -> None:
    """The claim of sections 2.1.3 and III, that noise makes one bit wrong: how many images have how many wrong bits."""
    lab.section("Wrong bits under noise")
    for name, shares in distances.items():
        lab.row(f"{name}: exactly one bit wrong", shares[1], None, "%")
    figure, (axes,) = new_figure("", columns=1, width=6)
    width = 0.8 / len(distances)
    for i, (name, shares) in enumerate(distances.items()):
        axes.bar(np.arange(BITS + 1) + (i - (len(distances) - 1) / 2) * width, shares, width, label=name)
    axes.set(title="Training images plus N(0, 1) noise", xlabel="wrong bits of an image", ylabel="images in %")
    axes.grid(alpha=0.3, axis="y")
    axes.legend()
    lab.figure("wrong-bits.png", figure, says="The report has no such figure; it says that one bit is wrong.")
    rows = ([name, n, share] for name, shares in distances.items() for n, share in enumerate(shares))
    lab.table("wrong-bits.csv", ["model", "wrong_bits", "images_percent"], rows)


def show_wrong(lab: Lab, kind: str, data: TensorDataset, answers: Answers) -> None:
    """Pictures of the first images whose bits are wrong, with the bits answered."""
    digits = data.tensors[1].tolist()
    bits = (answers.outputs > 0.5).int().tolist()
    wrong = answers.wrong_bits.numpy() > 0
    title = f"Wrong on {kind}: the digit, and the bits answered"
    figure = draw_wrong(data, wrong, lambda i: f"{digits[i]}: {''.join(map(str, bits[i]))}", title)
    lab.figure(f"wrong-on-{kind.replace(' + ', '-').replace(' ', '-')}.png", figure)
