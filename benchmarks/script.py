"""A script from a cold start: import, load MNIST, train 784-100-10 for one epoch, print the accuracy; the wall time of all of it.

Each peer's script is what its users would write. All read the same files: MNIST's where it is found, else the digits that ship with the
package.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.datasets.idx import idx_header
from tinygrad_mlp.errors import DataError

from .goals import COMPILED, EAGER, ratios
from .rounds import PINS

__all__ = ["SCRIPTS", "folder_of_digits", "measure", "table"]

READ = """
import gzip, os, sys
import numpy as np

def read(name, header):
    path = os.path.join(sys.argv[1], name)
    with open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)

def load(split):
    images = read(split + "-images-idx3-ubyte", 16).reshape(-1, 784).astype(np.float32)
    images /= 255
    return images, read(split + "-labels-idx1-ubyte", 8).astype(np.int64)
"""

OURS = """
import sys
import tinygrad_mlp as torch
from tinygrad_mlp.datasets import MNIST

def load(split):
    digits = MNIST(sys.argv[1], train=split == "train")
    return digits.data.flatten(1).float().div_(255), digits.targets
"""

TRAIN = """
from LIBRARY import nn
from LIBRARY.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
images, labels = load("train")
loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)
model = nn.Sequential(nn.Linear(784, 100), nn.Sigmoid(), nn.Linear(100, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
criterion = nn.CrossEntropyLoss()

def step(x, y):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    return loss

COMPILE
for x, y in loader:
    step(x, y)
images, labels = load("t10k")
with torch.no_grad():
    print((model(images).argmax(1) == labels).float().mean().item())
"""

TORCH = """
import torch

load_arrays = load

def load(split):
    return tuple(map(torch.from_numpy, load_arrays(split)))
"""

SKLEARN = """
import warnings
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

warnings.simplefilter("ignore", ConvergenceWarning)
images, labels = load("train")
model = MLPClassifier((100,), "logistic", solver="sgd", alpha=0, batch_size=64, learning_rate_init=0.5, momentum=0, max_iter=1, random_state=0)
model.fit(images, labels)
print(model.score(*load("t10k")))
"""

JAX = """
import jax
import jax.numpy as jnp

rng = np.random.default_rng(0)
images, labels = load("train")
model = [(jnp.asarray(rng.uniform(-1, 1, (n, m)).astype(np.float32) / n**0.5), jnp.zeros(m)) for n, m in ((784, 100), (100, 10))]

def logits(model, x):
    (weight, bias), (last, shift) = model
    return jax.nn.sigmoid(x @ weight + bias) @ last + shift

def loss(model, x, y):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits(model, x)), y[:, None], 1).mean()

@jax.jit
def step(model, x, y):
    return jax.tree.map(lambda p, g: p - 0.5 * g, model, jax.grad(loss)(model, x, y))

order = rng.permutation(len(labels))
for start in range(0, len(order), 64):
    rows = order[start : start + 64]
    model = step(model, images[rows], labels[rows])
images, labels = load("t10k")
print(float((logits(model, images).argmax(1) == labels).mean()))
"""

TINYGRAD = """
from tinygrad import Tensor, TinyJit, nn

class Model:
    def __init__(self):
        self.first, self.last = nn.Linear(784, 100), nn.Linear(100, 10)

    def __call__(self, x):
        return self.last(self.first(x).sigmoid())

images, labels = load("train")
model = Model()
optimizer = nn.optim.SGD(nn.state.get_parameters(model), lr=0.5)

@TinyJit
def step(x, y):
    optimizer.zero_grad()
    loss = model(x).sparse_categorical_crossentropy(y).backward()
    return loss.realize(*optimizer.schedule_step())

order = np.random.default_rng(0).permutation(len(labels))
with Tensor.train():
    for start in range(0, len(order) - 63, 64):  # the program is for one shape
        rows = order[start : start + 64]
        step(Tensor(images[rows]), Tensor(labels[rows].astype(np.int32)))
images, labels = load("t10k")
print((model(Tensor(images)).argmax(1).numpy() == labels).mean())
"""


def _trained(library: str, load: str, compiled: bool = False) -> str:
    """The script of a library with PyTorch's names."""
    compile_ = "step = torch.compile(step)" if compiled else ""
    return load + TRAIN.replace("LIBRARY", library).replace("COMPILE", compile_)


SCRIPTS = {  # name: (module it needs, script)
    EAGER: ("tinygrad_mlp", _trained("tinygrad_mlp", OURS)),
    COMPILED: ("tinygrad_mlp", _trained("tinygrad_mlp", OURS, compiled=True)),
    "torch": ("torch", _trained("torch", READ + TORCH)),
    "sklearn": ("sklearn", READ + SKLEARN),
    "jax.jit": ("jax", READ + JAX),
    "tinygrad": ("tinygrad", READ + TINYGRAD),
}


def folder_of_digits(scratch: Path, quick: bool) -> str:
    """Where MNIST's files are; where they are not found, or for a quick run, those of the sample, written into ``scratch``."""
    try:
        if not quick:
            return str(MNIST(train=True).root)
    except DataError:
        pass
    for train in (True, False):
        digits = MNIST.sample(train)
        for kind, array in (("images-idx3", digits.data.numpy()), ("labels-idx1", digits.targets.numpy().astype("uint8"))):
            name = f"{'train' if train else 't10k'}-{kind}-ubyte"
            (scratch / name).write_bytes(idx_header(array.shape) + array.tobytes())
    return str(scratch)


class _Peer:
    """A script and the interpreter that runs it; ``problem`` says why it cannot be run, if so."""

    def __init__(self, name: str, folder: str, interpreters: Sequence[str], scratch: Path) -> None:
        module, self._script = SCRIPTS[name]
        free = {key: value for key, value in os.environ.items() if key not in (*PINS, "PYTHONDONTWRITEBYTECODE")}
        self._environment = {**free, "PYTHONPYCACHEPREFIX": str(scratch / "bytecode")}  # which an installed package has
        self._folder = folder
        self._interpreter = next((python for python in interpreters if self._finds(python, module)), "")
        self.problem = "" if self._interpreter else f"{module} is not installed"

    def _finds(self, python: str, module: str) -> bool:
        code = f"import importlib.util; raise SystemExit(importlib.util.find_spec({module!r}) is None)"
        return subprocess.run([python, "-c", code], check=False).returncode == 0

    def run(self) -> tuple[float, float]:
        """Seconds, and the accuracy."""
        start = time.perf_counter()
        command = [self._interpreter, "-c", self._script, self._folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self._environment)
        seconds = time.perf_counter() - start
        if done.returncode:
            self.problem = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit status {done.returncode}"
            return seconds, float("nan")
        return seconds, float(done.stdout)


def measure(
    folder: str, rounds: int, scratch: Path, interpreters: Sequence[str] = (sys.executable,)
) -> dict[str, dict[str, Any]]:
    """By peer the ``seconds`` of each round, the peers taking turns, and the ``accuracy``; of one that cannot be run the ``problem``.

    Args:
        folder: Of the digits.
        rounds: How often each takes its turn; if more than once, after one that fills the caches.
        scratch: A folder for the bytecode of what is imported.
        interpreters: In which a peer is looked for, in this order.
    """
    peers = {name: _Peer(name, folder, interpreters, scratch) for name in SCRIPTS}
    results: dict[str, dict[str, Any]] = {name: {"seconds": []} for name in SCRIPTS}
    for turn in range(0 if rounds > 1 else 1, rounds + 1):
        for name, peer in peers.items():
            if not peer.problem:
                seconds, results[name]["accuracy"] = peer.run()
                if turn and not peer.problem:
                    results[name]["seconds"].append(seconds)
    return {name: {"problem": peer.problem} if peer.problem else results[name] for name, peer in peers.items()}


def table(results: dict[str, dict[str, Any]]) -> str:
    """In Markdown the median seconds, the accuracy, and the median ratios of ours to each."""
    rows = [["script", "seconds", "accuracy", f"{EAGER} /", f"{COMPILED} /"], ["---", *["--:"] * 4]]
    for name, own in results.items():
        if "problem" in own:
            rows.append([name, f"not run: {own['problem']}", "", "", ""])
            continue
        shares = [f"{statistics.median(ratios(results, ours, name)):.2f}" for ours in (EAGER, COMPILED)]
        rows.append([name, f"{statistics.median(own['seconds']):.2f}", f"{own['accuracy']:.3f}", *shares])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
