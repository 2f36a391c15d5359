"""Beyond the papers: how far each one's network goes on its own training images.

Layer sizes and training images are the papers'; what is learned from them is new. Each time an image is used it is
turned, stretched, sheared, shifted and displaced elastically at random, in the course of training ever less. The
optimizer is AdamW with a one-cycle schedule: the learning rate rises over the first tenth of the steps, and falls
along a cosine to nearly 0. The trained network makes one plain forward pass over the test images. Only the last
weights are measured; none were picked by their result.

* ascii-bits: four sigmoid outputs and cross-entropy of each bit. A digit is right if all its bits are on the right
  side of 1/2.
* neuron-to-multiclass, a single neuron: cross-entropy. Squared error of the sigmoid went as far, but with some seeds
  the neuron never said anything but "not 0".
* fashion: the 50,000 images that the experiment of this seed trains on; what it validates on is left out.
* neuron-to-multiclass: likewise, 40,000.
* grid-search: the 13,000 images that the paper's final model is trained on; softmax and cross-entropy in place of ten
  separate sigmoids.
* Hidden layers are ReLU, also where the paper's are sigmoid. Fashion images are mirrored too.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import tinygrad_mlp as torch
from tinygrad_mlp import Generator, Tensor, nn, optim
from tinygrad_mlp.datasets import MNIST, FashionMNIST
from tinygrad_mlp.utils.data import TensorDataset

from . import ascii_bits, fashion, grid_search, neuron_to_multiclass
from .augment import SIDE, Distortion, distort
from .data import join, load_images, one_hot, take, versus_rest
from .gradient_check import Network
from .lab import Lab
from .plots import draw_history, draw_wrong, new_figure
from .training import ACTIVATIONS, Criterion, History, mlp, predict, training_step

TITLE = "Beyond the papers"
SUMMARY = "Beyond the papers: each one's network on its own training images, distorted at random, AdamW, one cycle"
SECONDS = 18
DATASETS = (MNIST, FashionMNIST)

EXAMPLES = 12  # distorted images drawn for each recipe
WRONG = 48  # wrong images drawn for each recipe


@dataclass(frozen=True)
class Head:
    """What the outputs stand for."""

    quantity: str  # what is counted as right
    targets: Callable[[Tensor], Tensor]  # from labels `(N,)` to what the criterion compares the outputs with
    says: Callable[[Tensor], str]  # from one image's logits to the answer in a word
    criterion: Criterion = nn.functional.binary_cross_entropy_with_logits  # the loss of logits and targets

    def right(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Whether each image is right, `(N,)`: the largest output is its class, or all are on their target's side of 1/2."""
        if self.criterion is nn.functional.cross_entropy:
            return logits.argmax(dim=1) == labels
        return ((logits > 0) == (self.targets(labels) > 0.5)).all(dim=1)


BITS = Head(
    "all 4 bits right",
    lambda labels: ascii_bits.CODES[labels],
    lambda logits: "".join("01"[logit > 0] for logit in logits.tolist()),
)
CLASSES = Head("accuracy", lambda labels: labels, lambda logits: str(logits.argmax().item()), nn.functional.cross_entropy)
ZERO = Head("0 against all, accuracy", versus_rest, lambda logits: "0" if logits.item() > 0 else "not 0")

# By experiment: from the lab of the seed and all training images to exactly those that the experiment trains on.
IMAGES: dict[str, Callable[[Lab, TensorDataset], TensorDataset]] = {
    "ascii-bits": lambda lab, train: take(train, slice(ascii_bits.IMAGES)),
    "ee6132-lab": lambda lab, train: train,
    "fashion": lambda lab, train: fashion.load_data(lab).train,
    "neuron-to-multiclass": lambda lab, train: neuron_to_multiclass.divide(train, train, lab.generator("split")).train,
    "grid-search": lambda lab, train: join(grid_search.split(train)),  # those of phase 2
}


@dataclass(frozen=True)
class Recipe:
    """How a network is trained."""

    paper: str  # the experiment whose network and images it takes
    sizes: tuple[int, ...]  # units of each layer, the input's first
    best: float | None  # the paper's best accuracy, in %; None where it gives none
    aim: float  # the accuracy aimed at, in %
    epochs: int  # on the whole data
    sample: int = 20  # on the sample
    dataset: type[MNIST] = MNIST
    head: Head = CLASSES
    activation: str = "relu"  # of the hidden layers
    # Of the training images, at the start, and its factor in the last epoch; that falls linearly from 1 in the first.
    distortion: Distortion = field(default=Distortion(rotate=12, stretch=0.12, shear=0.12, shift=1.5, elastic=1.1))
    mild: float = 0.5
    passes: int = 1  # how often an epoch uses each training image
    batch_size: int = 256
    lr: float = 2e-3  # the highest learning rate of the cycle
    decay: float = 1e-2  # AdamW's weight decay

    @property
    def name(self) -> str:
        """The paper's experiment and the layers."""
        return f"{self.paper}: {'-'.join(map(str, self.sizes))}"


RECIPES = (
    Recipe(
        "ascii-bits",
        (784, 392, 196, 4),
        best=None,
        aim=97.5,
        epochs=45,
        head=BITS,
        passes=60,
        batch_size=128,
        distortion=Distortion(rotate=15, stretch=0.18, shear=0.2, shift=2, elastic=1.4),
        mild=0.9,
    ),
    Recipe(
        "ee6132-lab",
        (784, 500, 250, 100, 10),
        best=98.25,
        aim=99.4,
        epochs=80,
        sample=40,
        distortion=Distortion(rotate=12, stretch=0.14, shear=0.14, shift=1.8, elastic=1.3),
        mild=0.6,
    ),
    Recipe(
        "fashion",
        (784, 50, 10),
        best=84.51,
        aim=89.5,
        epochs=120,
        dataset=FashionMNIST,
        distortion=Distortion(rotate=3, stretch=0.06, shear=0.05, shift=1, elastic=0.4, mirror=True),
        mild=0.2,
        lr=1e-2,
    ),
    Recipe(
        "neuron-to-multiclass",
        (784, 1),
        best=99.25,
        aim=99.4,
        epochs=100,
        head=ZERO,
        distortion=Distortion(rotate=6, stretch=0.05, shear=0.05, shift=1, elastic=0.6),
        mild=0.3,
        lr=3e-2,
        decay=0.0,
    ),
    Recipe("neuron-to-multiclass", (784, 64, 10), best=99.0, aim=98.8, epochs=130, lr=1e-2),
    Recipe("grid-search", (784, 20, 10), best=75.08, aim=97.0, epochs=150, passes=5, mild=0.6, lr=1e-2),
)

NETWORKS = tuple(
    Network(
        f"{recipe.name.split(': ')[1]} {recipe.activation}, {recipe.head.quantity}",
        recipe.sizes,
        recipe.activation,
        "softmax_cross_entropy" if recipe.head is CLASSES else "sigmoid_cross_entropy",
        one_hot if recipe.head is CLASSES else recipe.head.targets,
        recipe.dataset,
    )
    for recipe in RECIPES
)
READINGS = """The settings were chosen with the seed 0 on training images held out: the last 10,000 for ee6132-lab and fashion, 3,000 of
the 13,000 for grid-search, the first quarter of the 1,024 for ascii-bits, and 20,000 for neuron-to-multiclass. For fashion and
the single neuron that was not all: further choices, on the images held out, came after a first measurement on the test images
with seed 0, of 88.87 (90 epochs, a half of the distortion left at the end) and 99.25 (squared error, 60 epochs).
What decided, in % right of those held out:

* ascii-bits: distortions as below, as strong to the end, 96.1 (15 epochs); about three quarters as far, and half of
  that at the end, 95.3 (10 epochs). With 256 images held out this is not much evidence.
* ee6132-lab: 99.16 after 25 epochs, with 99.75 on the undistorted training images; so it was trained for longer and
  with somewhat stronger distortions, which were not compared with others.
* fashion: no distortion 88.07 (20 epochs); mirrored and moved by little 88.29 (30 epochs); half as far again as below
  88.69 (100 epochs). What mattered most was to leave little of the distortion at the end: a half 89.12 (60 epochs,
  learning rate 4e-3), a fifth 89.53 (120 epochs), a tenth 89.40 (250 epochs); and, with distortions a little weaker,
  0.8 of them 88.79 (60 epochs), 0.4 of them 89.16 (70 epochs). With a half at the end and 60 epochs: SiLU 89.19,
  weight decay 0.15 88.77, label smoothing 0.1 88.78.
* single neuron: squared error without distortion 98.83 (learning rate 3e-3, 10 epochs), distorted as below 99.14, by
  less 99.11, by more 99.07 (3e-2, 60 epochs); as below, 40 epochs: squared error 99.16 (1e-2), squared hinge 99.15
  (1e-2), cross-entropy 99.15 (3e-2; 99.13 after 100). With 0.07 points of standard error these are one and the same:
  what one plane can do.
* 784-64-10: learning rate 2e-3 98.06 (60 epochs), 4e-3 98.57, 1e-2 98.69 (80 epochs each).
* grid-search: learning rate 4e-3 96.73, 1e-2 96.80; tanh 95.83; weaker distortions, down to a fifth at the end, 96.30
  (100 epochs each); SiLU 96.20 (60 epochs)."""


def network(recipe: Recipe, generator: Generator) -> nn.Sequential:
    """The network; it gives logits. Weights as He et al. (2015) draw them, biases zero."""
    draw = partial(nn.init.kaiming_normal_, nonlinearity="relu", generator=generator)
    return mlp(recipe.sizes, recipe.activation, draw)


def train_network(lab: Lab, recipe: Recipe, images: Tensor, labels: Tensor) -> tuple[nn.Sequential, History]:
    """Train a recipe's network on images `(N, 784)` and their labels `(N,)`."""
    model = network(recipe, lab.generator(f"init {recipe.name}"))
    random = lab.generator(f"augmentation {recipe.name}")  # the order of the images, and their distortions
    epochs, repeats = lab.count(recipe.epochs, recipe.sample), passes(lab, recipe)
    batches = -(-len(images) // recipe.batch_size)
    optimizer = optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=recipe.decay)
    # One step more than there are batches, as scheduler.step() is called after the last one, too.
    scheduler = optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.lr, epochs * repeats * batches + 1, pct_start=0.1, cycle_momentum=False
    )
    pixels, targets = images.numpy(), recipe.head.targets(labels)
    step = lab.compiled(model, training_step(model, recipe.head.criterion, optimizer))
    history: History = defaultdict(list)
    state: dict[str, Any] = {"model": model, "optimizer": optimizer, "scheduler": scheduler, "random": random}
    for epoch in lab.epochs(recipe.name, epochs, history, **state):
        part = (epoch - 1) / max(1, epochs - 1)
        distortion = recipe.distortion.scaled(1 - part * (1 - recipe.mild))
        total = 0.0
        for _ in range(repeats):
            for chosen in torch.randperm(len(images), generator=random).split(recipe.batch_size):
                inputs = torch.from_numpy(distort(pixels[chosen.numpy()], distortion, random.numpy))
                total += step(inputs, targets[chosen]).item() * len(chosen)
                scheduler.step()
        history["loss"].append(total / (repeats * len(images)))
    return model, history


def measure(recipe: Recipe, model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, Tensor, Tensor]:
    """The share of images that are right, in %, the logits, and whether each image is right, `(N,)`."""
    logits = predict(model, images)
    right = recipe.head.right(logits, labels)
    return 100 * right.sum().item() / len(labels), logits, right


def run(lab: Lab) -> None:
    """Train every recipe, then measure it on the test images, once."""
    histories: dict[str, History] = {}
    examples: dict[str, tuple[Tensor, Distortion]] = {}
    for recipe in RECIPES:
        train_set, test_set = load_images(recipe.dataset, lab.settings.data)
        images, labels = IMAGES[recipe.paper](lab, train_set).tensors
        uses = lab.count(recipe.epochs, recipe.sample) * passes(lab, recipe)
        lab.section(recipe.name, text(recipe, len(images), uses))
        model, histories[recipe.name] = train_network(lab, recipe, images, labels)
        examples[recipe.name] = images[:EXAMPLES], recipe.distortion
        quantity = recipe.head.quantity
        lab.row(f"{quantity} (train)", measure(recipe, model, images, labels)[0], unit="%", note="undistorted")
        accuracy, logits, right = measure(recipe, model, *test_set.tensors)
        lab.row(f"{quantity} (test)", accuracy, recipe.best, "%", headline=f"{recipe.name}: {quantity}, %")
        lab.claim(f"At least {recipe.aim:g} % of the test images are right", accuracy >= recipe.aim)
        name = re.sub(r"[^a-z0-9]+", "-", recipe.name)
        says = "Test images that it gets wrong: what each is, and the answer."
        lab.figure(f"wrong-{name}.png", wrong_images(recipe, test_set, logits, right), says=says)
        lab.model(f"{name}.safetensors", model)

    lab.section("Training")
    examples_of = "Training images of each recipe as they are, and distorted as at the start of its training."
    lab.figure("distorted.png", distorted_images(examples, lab.generator("augmentation examples")), says=examples_of)
    figure, axes = new_figure("Loss on the distorted training images", columns=3, rows=2, height=3)
    for ax, (name, history) in zip(axes, histories.items(), strict=True):
        draw_history(ax, history, "loss", name, "loss")
    lab.figure("loss.png", figure, says="Mean loss of each epoch, on images that are distorted ever less.")


def passes(lab: Lab, recipe: Recipe) -> int:
    """How often an epoch goes over the images: once on the sample."""
    return recipe.passes if lab.whole else 1


def text(recipe: Recipe, images: int, uses: int) -> str:
    """The recipe in words."""
    far = recipe.distortion
    amounts = {
        f"turned by up to {far.rotate:g} degrees": far.rotate,
        f"stretched by up to {100 * far.stretch:g} %": far.stretch,
        f"sheared by up to {far.shear:g}": far.shear,
        f"shifted by up to {far.shift:g} pixels": far.shift,
        f"displaced elastically by {far.elastic:g} pixels (standard deviation; sigma {far.sigma:g})": far.elastic,
        "mirrored, half of them": far.mirror,
    }
    hidden = f"Hidden layers: {ACTIVATIONS[recipe.activation].__name__}. " if len(recipe.sizes) > 2 else ""
    return (
        f"{images:,} training images, {uses} times, each time "
        + ", ".join(what for what, amount in amounts.items() if amount)
        + f"; at the end {100 * recipe.mild:g} % as far. {hidden}AdamW, "
        f"{recipe.batch_size} images a step, learning rate up to {recipe.lr:g}, weight decay {recipe.decay:g}."
    )


def class_name(recipe: Recipe, label: str) -> str:
    """A label as a caption shows it: a digit as it is, the first letters of an article of clothing."""
    return FashionMNIST.classes[int(label)].split("/")[0][:4] if recipe.dataset is FashionMNIST else label


def wrong_images(recipe: Recipe, test_set: TensorDataset, logits: Tensor, right: Tensor) -> Figure:
    """The first test images that are not right, each with its label and what the network says."""
    digits, wrong = test_set.tensors[1].tolist(), ~right.numpy()
    title = f"{recipe.name}: {min(WRONG, wrong.sum())} of the {wrong.sum()} test images that it gets wrong"

    def caption(i: int) -> str:
        return f"{class_name(recipe, str(digits[i]))}: {class_name(recipe, recipe.head.says(logits[i]))}"

    return draw_wrong(test_set, wrong, caption, title, WRONG)


def distorted_images(examples: Mapping[str, tuple[Tensor, Distortion]], random: Generator) -> Figure:
    """A few training images of each recipe, and below them as its network may see them at the start."""
    figure, axes = new_figure("Training images, and distorted", columns=1, rows=len(examples), width=7, height=1.5)
    for ax, (name, (images, how)) in zip(axes, examples.items(), strict=True):
        pictures = [images.numpy(), distort(images.numpy(), how, random.numpy)]
        both = np.concatenate(pictures).reshape(2, -1, SIDE, SIDE).transpose(0, 2, 1, 3)
        ax.imshow(both.reshape(2 * SIDE, -1), cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(name, fontsize=9)
        ax.set_axis_off()
    return figure
