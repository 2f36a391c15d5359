"""Who is timed: each a maker of a function that does one training step and gives its loss.

All start from the same weights and see the same batch, so that their losses must agree; :mod:`tests.test_benchmarks` holds
that. Each is written as its users write it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from .steps import Array, Step

__all__ = ["PEERS", "Run", "available", "installed"]

Run = Callable[[], float]

_MODULES = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "ReLU"}


def _library(name: str, compiled: bool, step: Step, **options: str) -> Run:
    """The step as a user of PyTorch writes it, with tinygrad_mlp or torch; ``options`` are compile()'s."""
    library: Any = importlib.import_module(name)
    nn = library.nn
    layers: list[Any] = []
    for (fan_in, fan_out), (weight, bias) in zip(pairwise(step.sizes), step.layers(), strict=True):
        linear = nn.Linear(fan_in, fan_out)
        with library.no_grad():
            linear.weight.copy_(library.from_numpy(weight))
            linear.bias.copy_(library.from_numpy(bias))
        layers += [linear, getattr(nn, _MODULES[step.activation])()]
    model = nn.Sequential(*layers[:-1], *([nn.Sigmoid()] if step.loss == "mse" else []))
    criterion = {"cross_entropy": nn.CrossEntropyLoss, "mse": nn.MSELoss, "bce": nn.BCEWithLogitsLoss}[step.loss]()
    if step.adam:
        optimizer = library.optim.Adam(model.parameters(), lr=step.lr)
    else:
        optimizer = library.optim.SGD(model.parameters(), lr=step.lr, momentum=step.momentum)
    x, labels = step.data()
    inputs = library.from_numpy(x)
    targets = library.from_numpy(labels if step.loss == "cross_entropy" else step.targets(labels))

    def train(inputs: Any, targets: Any) -> Any:
        loss = criterion(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    if compiled and name == "torch":  # what torch.compile takes: the forward pass, with its backward pass behind it
        model = library.compile(model)
    elif compiled:
        train = library.compile(train, **options)
    return lambda: float(train(inputs, targets).item())


# ---------------------------------------------------------------------------------------------- handwritten NumPy


def _activation(name: str, z: Array) -> Array:
    if name == "relu":
        return np.maximum(z, 0)
    return np.tanh(z) if name == "tanh" else 1 / (1 + np.exp(-z))


def _slope(name: str, a: Array) -> Any:
    return (a > 0) if name == "relu" else 1 - a * a if name == "tanh" else a * (1 - a)


class _Update:
    """SGD with momentum, or Adam, written as their formulas are."""

    def __init__(self, step: Step, parameters: list[Array]) -> None:
        self.step = step
        self.parameters = parameters
        self.first = [np.zeros_like(p) for p in parameters]
        self.second = [np.zeros_like(p) for p in parameters]
        self.count = 0

    def __call__(self, gradients: list[Array]) -> None:
        self.count += 1
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second, strict=True):
            if self.step.adam:
                m *= 0.9
                m += 0.1 * g
                v *= 0.999
                v += 0.001 * g * g
                p -= self.step.lr / (1 - 0.9**self.count) * m / (np.sqrt(v / (1 - 0.999**self.count)) + 1e-8)
            elif self.step.momentum:
                m *= self.step.momentum
                m += g
                p -= self.step.lr * m
            else:
                p -= self.step.lr * g


def _naive(step: Step) -> Run:
    """By hand, with one expression per formula."""
    layers = step.layers()
    x, labels = step.data()
    y = step.targets(labels)
    update = _Update(step, [p for layer in layers for p in layer])

    def run() -> float:
        inputs = [x]
        for weight, bias in layers[:-1]:
            inputs.append(_activation(step.activation, inputs[-1] @ weight.T + bias))
        weight, bias = layers[-1]
        z = inputs[-1] @ weight.T + bias
        if step.loss == "cross_entropy":
            z = z - z.max(axis=1, keepdims=True)
            e = np.exp(z)
            total = e.sum(axis=1, keepdims=True)
            loss = float((np.log(total) - (z * y).sum(axis=1, keepdims=True)).mean())
            delta = (e / total - y) / len(x)
        elif step.loss == "mse":
            p = 1 / (1 + np.exp(-z))
            loss = float(((p - y) ** 2).mean())
            delta = 2 / y.size * (p - y) * p * (1 - p)
        else:
            loss = float((np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).mean())
            delta = (1 / (1 + np.exp(-z)) - y) / y.size
        gradients: list[Array] = []
        for (weight, _), a in zip(layers[::-1], inputs[::-1], strict=True):
            gradients[:0] = [delta.T @ a, delta.sum(axis=0)]
            if a is not x:
                delta = delta @ weight * _slope(step.activation, a)
        update(gradients)
        return loss

    return run


def _activate(name: str, z: Array) -> None:
    """The activation, in place."""
    if name == "relu":
        np.maximum(z, 0, out=z)
    elif name == "tanh":
        np.tanh(z, out=z)
    else:
        np.negative(z, out=z)
        np.exp(z, out=z)
        np.add(z, 1, out=z)
        np.divide(1, z, out=z)


def _output(step: Step, z: Array, y: Array) -> float:
    """The loss's sum over a part of the batch; its gradient by the logits ``z`` takes their place."""
    if step.loss == "cross_entropy":
        np.subtract(z, z.max(axis=1, keepdims=True), out=z)
        picked = np.einsum("nc,nc->", z, y)
        np.exp(z, out=z)
        total = z.sum(axis=1, keepdims=True)
        np.divide(z, total, out=z)
        np.subtract(z, y, out=z)
        return float(np.log(total).sum() - picked) / step.batch
    count = step.batch * step.sizes[-1]
    if step.loss == "mse":
        _activate("sigmoid", z)
        slope = z * (1 - z)
        np.subtract(z, y, out=z)
        loss = float(np.einsum("nc,nc->", z, z)) / count
        np.multiply(z, slope, out=z)
        return loss
    loss = float((np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).sum()) / count
    _activate("sigmoid", z)
    np.subtract(z, y, out=z)
    return loss


def _blocked(step: Step, rows: int = 2048, block: int = 32_768) -> Run:
    """By hand, tuned: every array is kept, the batch is taken in parts and the update in blocks that stay in the cache."""
    layers = step.layers()
    x, labels = step.data()
    y = step.targets(labels)
    rows = min(rows, step.batch)
    outputs = [np.empty((rows, n), np.float32) for n in step.sizes[1:]]
    slopes = [np.empty((rows, n), np.float32) for n in step.sizes[1:-1]]
    gradients = [(np.empty_like(w), np.empty_like(b)) for w, b in layers]
    parts = [(np.empty_like(w), np.empty_like(b)) for w, b in layers] if rows < step.batch else gradients
    scale = np.float32({"cross_entropy": 1 / step.batch}.get(step.loss, (2 if step.loss == "mse" else 1) / y.size))
    flat = [array.reshape(-1) for layer in layers for array in layer]
    flat_gradients = [array.reshape(-1) for pair in gradients for array in pair]
    updates = [_Update(step, [p[i : i + block]]) for p in flat for i in range(0, p.size, block)]
    blocks = [g[i : i + block] for g in flat_gradients for i in range(0, g.size, block)]

    def run() -> float:
        loss = 0.0
        for start in range(0, step.batch, rows):
            inputs = [x[start : start + rows]]
            count = len(inputs[0])
            for i, (weight, bias) in enumerate(layers):
                z = outputs[i][:count]
                np.dot(inputs[-1], weight.T, out=z)
                np.add(z, bias, out=z)
                if i < len(layers) - 1:
                    _activate(step.activation, z)
                    inputs.append(z)
            delta = outputs[-1][:count]
            loss += _output(step, delta, y[start : start + rows])
            np.multiply(delta, scale, out=delta)
            ones = np.ones(count, np.float32)
            for i in reversed(range(len(layers))):
                np.dot(delta.T, inputs[i], out=parts[i][0])
                np.dot(ones, delta, out=parts[i][1])
                if i:
                    back = slopes[i - 1][:count]
                    np.dot(delta, layers[i][0], out=back)
                    np.multiply(back, _slope(step.activation, inputs[i]), out=back)
                    delta = back
            if parts is not gradients:
                for pair, part in zip(gradients, parts, strict=True):
                    for g, more in zip(pair, part, strict=True):
                        np.copyto(g, more) if start == 0 else np.add(g, more, out=g)
        for update, g in zip(updates, blocks, strict=True):
            update([g])
        return loss

    return run


def _gemms(step: Step) -> Run:
    """The matrix products of the step alone, into kept buffers: the floor."""
    layers = step.layers()
    x, _ = step.data()
    inputs = [x, *(np.random.default_rng(2).random((step.batch, n), dtype=np.float32) for n in step.sizes[1:])]
    weights = [np.empty_like(weight) for weight, _ in layers]
    outputs = [np.empty_like(a) for a in inputs]

    def run() -> float:
        for i, (weight, _) in enumerate(layers):
            np.matmul(inputs[i], weight.T, out=outputs[i + 1])
        for i in reversed(range(len(layers))):
            np.matmul(inputs[i + 1].T, inputs[i], out=weights[i])
            if i:
                np.matmul(inputs[i + 1], layers[i][0], out=outputs[i])
        return float("nan")

    return run


# -------------------------------------------------------------------------------------------- other libraries


def _jax(step: Step) -> Run:
    import jax
    import jax.numpy as jnp

    x, labels = step.data()
    inputs, targets = jnp.asarray(x), jnp.asarray(step.targets(labels))
    parameters: Any = [(jnp.asarray(w), jnp.asarray(b)) for w, b in step.layers()]
    activation = {"sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh, "relu": jax.nn.relu}[step.activation]

    def loss_of(parameters: Any) -> Any:
        a = inputs
        for weight, bias in parameters[:-1]:
            a = activation(a @ weight.T + bias)
        z = a @ parameters[-1][0].T + parameters[-1][1]
        if step.loss == "cross_entropy":
            return -(jax.nn.log_softmax(z) * targets).sum(axis=1).mean()
        if step.loss == "mse":
            return ((jax.nn.sigmoid(z) - targets) ** 2).mean()
        return (jnp.maximum(z, 0) - z * targets + jnp.log1p(jnp.exp(-jnp.abs(z)))).mean()

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state: Any = (zeros, zeros, jnp.zeros(()))

    def train(parameters: Any, state: Any) -> Any:
        loss, g = jax.value_and_grad(loss_of)(parameters)
        m, v, count = state
        if step.adam:
            count = count + 1
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
            rate = step.lr / (1 - 0.9**count)
            parameters = jax.tree.map(
                lambda p, m, v: p - rate * m / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8), parameters, m, v
            )
        elif step.momentum:
            m = jax.tree.map(lambda m, g: step.momentum * m + g, m, g)
            parameters = jax.tree.map(lambda p, m: p - step.lr * m, parameters, m)
        else:
            parameters = jax.tree.map(lambda p, g: p - step.lr * g, parameters, g)
        return loss, parameters, (m, v, count)

    compiled = jax.jit(train, donate_argnums=(0, 1))
    kept = [parameters, jax.tree.map(jnp.copy, state)]

    def run() -> float:
        loss, kept[0], kept[1] = compiled(*kept)
        return float(loss)

    return run


def _mygrad(step: Step) -> Run:
    import mygrad as mg

    x, labels = step.data()
    y = step.targets(labels)
    layers = [(mg.tensor(w), mg.tensor(b)) for w, b in step.layers()]
    update = _Update(step, [p.data for layer in layers for p in layer])
    activation = {
        "sigmoid": lambda z: 1 / (1 + mg.exp(-z)),
        "tanh": mg.tanh,
        "relu": lambda z: mg.maximum(z, 0),
    }[step.activation]

    def run() -> float:
        a: Any = x
        for weight, bias in layers[:-1]:
            a = activation(mg.matmul(a, weight.T) + bias)
        z = mg.matmul(a, layers[-1][0].T) + layers[-1][1]
        if step.loss == "cross_entropy":
            loss = -mg.sum(mg.nnet.activations.logsoftmax(z) * y) / len(x)
        elif step.loss == "mse":
            loss = mg.mean((1 / (1 + mg.exp(-z)) - y) ** 2)
        else:
            loss = mg.mean(mg.maximum(z, 0) - z * y + mg.log1p(mg.exp(-mg.abs(z))))
        loss.backward()
        update([p.grad for layer in layers for p in layer])
        return float(loss)

    return run


def _autograd(step: Step) -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, labels = step.data()
    y = step.targets(labels)
    layers = step.layers()
    flat = [p for layer in layers for p in layer]
    update = _Update(step, flat)
    activation = {
        "sigmoid": lambda z: 1 / (1 + anp.exp(-z)),
        "tanh": anp.tanh,
        "relu": lambda z: anp.maximum(z, 0),
    }[step.activation]

    def loss_of(parameters: Any) -> Any:
        a: Any = x
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            a = activation(anp.dot(a, weight.T) + bias)
        z = anp.dot(a, parameters[-2].T) + parameters[-1]
        if step.loss == "cross_entropy":
            z = z - anp.max(z, axis=1, keepdims=True)
            return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - anp.sum(z * y, axis=1))
        if step.loss == "mse":
            return anp.mean((1 / (1 + anp.exp(-z)) - y) ** 2)
        return anp.mean(anp.maximum(z, 0) - z * y + anp.log1p(anp.exp(-anp.abs(z))))

    gradient = value_and_grad(loss_of)

    def run() -> float:
        loss, gradients = gradient(flat)
        update(gradients)
        return float(loss)

    return run


def _sklearn(step: Step) -> Run:
    """MLPClassifier on one batch; it has softmax and cross-entropy alone, and a small L2 penalty cannot be left out."""
    from sklearn.neural_network import MLPClassifier

    x, labels = step.data()
    model = MLPClassifier(
        step.sizes[1:-1],
        activation={"sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}[step.activation],
        solver="adam" if step.adam else "sgd",
        alpha=0,
        batch_size=step.batch,
        learning_rate_init=step.lr,
        momentum=step.momentum,
        nesterovs_momentum=False,
        shuffle=False,
    )
    classes = np.arange(step.sizes[-1])

    def run() -> float:
        model.partial_fit(x, labels, classes=classes)
        return float(model.loss_)

    return run


PEERS: dict[str, tuple[str, Callable[[Step], Run]]] = {  # name: (module it needs, maker)
    "tinygrad_mlp": ("tinygrad_mlp", partial(_library, "tinygrad_mlp", False)),
    "tinygrad_mlp, compiled": ("tinygrad_mlp", partial(_library, "tinygrad_mlp", True)),
    "tinygrad_mlp, numba": ("numba", partial(_library, "tinygrad_mlp", True, backend="numba")),
    "torch": ("torch", partial(_library, "torch", False)),
    "torch.compile": ("torch", partial(_library, "torch", True)),
    "jax.jit": ("jax", _jax),
    "mygrad": ("mygrad", _mygrad),
    "autograd": ("autograd.numpy", _autograd),
    "sklearn": ("sklearn", _sklearn),
    "numpy by hand": ("numpy", _naive),
    "numpy by hand, blocked": ("numpy", _blocked),
    "gemms": ("numpy", _gemms),
}


def available(step: Step, quick: bool = False) -> list[str]:
    """The peers that are installed and can do the step; ``quick`` is without those that compile for long."""
    found = [name for name, (module, _) in PEERS.items() if installed(module)]
    return [
        name
        for name in found
        if not (name == "sklearn" and step.loss != "cross_entropy")
        and not (quick and name in ("torch.compile", "tinygrad_mlp, numba"))
    ]


def installed(module: str) -> bool:
    """Whether a module can be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that the module is in
        return False
