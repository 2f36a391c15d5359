"""The core alone: its length, what it imports, and a network that it trains by itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np

import tinygrad_mlp
from tinygrad_mlp.datasets import MNIST
from tinygrad_mlp.experiments.data import load_images
from tinygrad_mlp.reference import MLP, glorot

ROOT = Path(tinygrad_mlp.__file__).parent
CORE = sorted((ROOT / "core").glob("*.py"))
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

# Runs in a process of its own, in which the package is an empty shell and core/ is the only part of it that can be imported.
ALONE = """
import importlib.abc, sys, types
from pathlib import Path

root = Path(sys.argv[1])


class CoreOnly(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith("tinygrad_mlp.") and not name.startswith("tinygrad_mlp.core"):
            raise ImportError(f"{name} is not a part of the core")


sys.meta_path.insert(0, CoreOnly())
shell = types.ModuleType("tinygrad_mlp")
shell.__path__ = [str(root)]
sys.modules["tinygrad_mlp"] = shell
import numpy as np
from tinygrad_mlp.core import Tensor, basics
from tinygrad_mlp.core.graph import wrap

data = np.load(sys.argv[2])
x, labels = data["images"].astype(np.float64), data["labels"]
one_hot = np.eye(10)[labels]
parameters = [wrap(data[name].astype(np.float64)).requires_grad_() for name in ("W1", "b1", "W2", "b2")]


def loss_of(x, one_hot):
    w1, b1, w2, b2 = parameters
    hidden = basics.tanh(basics.linear(wrap(x), w1, b1))
    logits = basics.linear(hidden, w2, b2)
    z = logits - wrap(logits._data.max(1, keepdims=True))
    log_softmax = z - basics.log(basics.sum_to(basics.exp(z), (len(x), 1)))
    return logits, -basics.sum_to(log_softmax * wrap(one_hot), ()) / len(x)


_, loss = loss_of(x[:64], one_hot[:64])
loss.backward()
np.savez(sys.argv[3], loss=loss._data, **{name: p.grad._data for name, p in zip(("W1", "b1", "W2", "b2"), parameters)})
for epoch in range(8):
    for start in range(0, len(x), 50):
        for p in parameters:
            p.grad = None
        loss_of(x[start : start + 50], one_hot[start : start + 50])[1].backward()
        for p in parameters:
            p._data -= 0.5 * p.grad._data
print((loss_of(x, one_hot)[0]._data.argmax(1) == labels).mean())
print(sorted(m for m in sys.modules if m.startswith("tinygrad_mlp") and not m.startswith("tinygrad_mlp.core")))
"""


def test_the_core_is_short_enough_to_read_in_one_sitting() -> None:
    lines = sum(path.read_text(encoding="utf-8").count("\n") for path in CORE)
    assert lines <= 1500
    (said,) = re.findall(r"`core/`[^|]*?([\d,]+) lines", README)
    assert int(said.replace(",", "")) == lines


def test_the_readme_says_in_which_order_to_read_it() -> None:
    order = re.findall(r"`(\w+\.py)`", README.partition("`core/`")[2].partition("\n\n")[0])
    assert sorted(order) == sorted(path.name for path in CORE if path.name != "__init__.py")


def test_the_core_alone_trains_digits_with_the_gradients_of_the_formulas(tmp_path: Path) -> None:
    train, _ = load_images(MNIST, "sample")
    images, labels = (tensor.numpy() for tensor in train.tensors)
    images = images.reshape(len(images), -1)[:2000].astype(np.float64)
    labels = labels[:2000]
    layers = glorot([images.shape[1], 30, 10], np.random.default_rng(0))
    (w1, b1), (w2, b2) = layers
    np.savez(tmp_path / "data.npz", images=images, labels=labels, W1=w1, b1=b1, W2=w2, b2=b2)
    script = tmp_path / "alone.py"
    script.write_text(ALONE, encoding="utf-8")
    command = [sys.executable, str(script), str(ROOT), str(tmp_path / "data.npz"), str(tmp_path / "out.npz")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    accuracy, others = done.stdout.splitlines()
    assert float(accuracy) > 0.95
    assert others == "['tinygrad_mlp']"

    batch = images[:64], np.eye(10)[labels[:64]]
    network = MLP(activation="tanh", loss="softmax_cross_entropy", reduction="sample_mean")
    found = np.load(tmp_path / "out.npz")
    np.testing.assert_allclose(found["loss"], network.cost(layers, *batch), rtol=1e-12)
    for k, (weight, bias) in enumerate(network.gradients(layers, *batch), start=1):
        np.testing.assert_allclose(found[f"W{k}"], weight, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found[f"b{k}"], bias, rtol=0, atol=1e-12)
