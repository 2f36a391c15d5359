"""A training step with each layer, activation, loss and optimizer that the package offers, and with some combinations of them.

The layers are found in the package's own exports, so that a new one is timed without being entered here; of those that are imported
when they are first used, the ones in the table ``_LAYERS``. Each entry is written once, as a user of PyTorch writes it, and run with
either library.
"""

from __future__ import annotations

import importlib
import inspect
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

import tinygrad_mlp

from .goals import COMPILED, EAGER, ratios
from .rounds import started

__all__ = ["ENTRIES", "PEERS", "measure", "table"]

Step = Callable[[], Any]  # does a training step and gives its loss
Make = Callable[[Any, bool], Step]  # of a library, compiled or not

BATCH, INPUTS, UNITS, CLASSES = 128, 64, 256, 10
PEERS = {EAGER: ("tinygrad_mlp", False), COMPILED: ("tinygrad_mlp", True), "torch": ("torch", False)}


def _random(*shape: int) -> Any:
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def _classes(count: int, *shape: int) -> Any:
    return np.random.default_rng(1).integers(0, count, shape)


def _train(
    library: Any,
    compiled: bool,
    modules: Any,
    loss_of: Callable[..., Any],
    *data: Any,
    optimizer: Any = "SGD",
    **options: Any,
) -> Step:
    """The step: ``loss_of(*data)``, and an update of the modules' parameters."""
    parameters = [p for module in modules for p in module.parameters()]
    rng = np.random.default_rng(2)
    with library.no_grad():  # the same for every peer, but for scales and shifts, which are so already
        for p in parameters:
            if p.ndim > 1:
                p.copy_(library.from_numpy(rng.uniform(-1, 1, tuple(p.shape)).astype(np.float32) / math.sqrt(p.shape[-1])))
        for module in modules:
            for name, p in module.named_parameters():
                if "bias" in name:
                    p.zero_()
    update = getattr(library.optim, optimizer)(parameters, lr=1e-3, **options)
    tensors = [library.from_numpy(array) for array in data]

    def step(*inputs: Any) -> Any:
        def gradients() -> Any:
            update.zero_grad()
            loss = loss_of(*inputs)
            loss.backward()
            return loss

        if optimizer == "LBFGS":  # which asks for several
            return update.step(gradients)
        loss = gradients()
        update.step()
        return loss

    run = library.compile(step) if compiled else step
    return lambda: run(*tensors)


def _network(library: Any, *between: Any) -> Any:
    """64-256-256-10 with these modules behind each hidden layer."""
    nn = library.nn
    hidden = [part for n in (INPUTS, UNITS) for part in (nn.Linear(n, UNITS), *(make() for make in between))]
    return nn.Sequential(*hidden, nn.Linear(UNITS, CLASSES))


def _classifier(library: Any, compiled: bool, *between: Any, **options: Any) -> Step:
    model, criterion = _network(library, *between), library.nn.CrossEntropyLoss()
    data = _random(BATCH, INPUTS), _classes(CLASSES, BATCH)
    return _train(library, compiled, [model], lambda x, y: criterion(model(x), y), *data, **options)


_SIZES = {"num_features": UNITS, "normalized_shape": UNITS, "in_features": UNITS, "out_features": UNITS, "dim": 1}


def _layer(name: str, library: Any, compiled: bool) -> Step:
    """The network with a layer of this class behind each hidden one; how wide it is, its arguments' names say."""
    wanted = inspect.signature(getattr(tinygrad_mlp.nn, name)).parameters  # PyTorch's, under its names
    sizes = {key: size for key, size in _SIZES.items() if key in wanted and name != "Flatten"}
    return _classifier(library, compiled, lambda: getattr(library.nn, name)(**sizes))


def _bilinear(library: Any, compiled: bool) -> Step:
    model, criterion = library.nn.Bilinear(INPUTS, INPUTS, CLASSES), library.nn.CrossEntropyLoss()
    data = _random(BATCH, INPUTS), _classes(CLASSES, BATCH)
    return _train(library, compiled, [model], lambda x, y: criterion(model(x, x), y), *data)


def _unflatten(library: Any, compiled: bool) -> Step:
    return _classifier(library, compiled, lambda: library.nn.Unflatten(1, (16, 16)), library.nn.Flatten)


def _embedding(library: Any, compiled: bool) -> Step:
    """Characters of 65 kinds, each of which is to tell the next."""
    nn = library.nn
    model, criterion = nn.Sequential(nn.Embedding(65, 64), nn.Linear(64, 65)), nn.CrossEntropyLoss()
    data = _classes(65, 16, 64), _classes(65, 16 * 64)
    return _train(library, compiled, [model], lambda x, y: criterion(model(x).reshape(-1, 65), y), *data)


def _sequences(make: Callable[[Any], Any], library: Any, compiled: bool) -> Step:
    """A layer of sequences: 16 of 32 places, each a vector of 64."""
    layer, criterion = make(library.nn), library.nn.MSELoss()

    def loss_of(x: Any, y: Any) -> Any:
        got = layer(x, x, x)[0] if isinstance(layer, library.nn.MultiheadAttention) else layer(x)
        return criterion(got, y)

    return _train(library, compiled, [layer], loss_of, _random(16, 32, 64), _random(16, 32, 64))


def _embedding_bag(library: Any, compiled: bool) -> Step:
    """Texts of 32 words of 1,000 each."""
    nn = library.nn
    model, criterion = nn.Sequential(nn.EmbeddingBag(1000, 64), nn.Linear(64, CLASSES)), nn.CrossEntropyLoss()
    data = _classes(1000, BATCH, 32), _classes(CLASSES, BATCH)
    return _train(library, compiled, [model], lambda x, y: criterion(model(x), y), *data)


_LAYERS: dict[str, Make] = {  # of no such shape, or imported when they are first used
    "Bilinear": _bilinear,
    "Unflatten": _unflatten,
    "Embedding": _embedding,
    "EmbeddingBag": _embedding_bag,
    **{name: partial(_layer, name) for name in ("Hardswish", "Hardshrink", "RMSNorm", "Softshrink", "Tanhshrink")},
    "GroupNorm": lambda library, compiled: _classifier(library, compiled, lambda: library.nn.GroupNorm(8, UNITS)),
    "InstanceNorm1d": partial(_sequences, lambda nn: nn.Sequential(nn.Linear(64, 64), nn.InstanceNorm1d(32))),
    "MultiheadAttention": partial(_sequences, lambda nn: nn.MultiheadAttention(64, 4, batch_first=True)),
    "TransformerEncoderLayer": partial(
        _sequences, lambda nn: nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, activation="gelu", batch_first=True)
    ),
}

_LAST = {"BCELoss": "Sigmoid", "NLLLoss": "LogSoftmax", "KLDivLoss": "LogSoftmax"}  # what a loss takes, if not any numbers
_OPTIONS = {"KLDivLoss": {"reduction": "batchmean"}}  # without which PyTorch warns
_OF_CLASSES = ("CrossEntropyLoss", "NLLLoss")  # whose targets are classes


def _loss(name: str, library: Any, compiled: bool) -> Step:
    nn = library.nn
    last = [getattr(nn, _LAST[name])(*[1] * (_LAST[name] == "LogSoftmax"))] if name in _LAST else []
    model, criterion = nn.Sequential(_network(library, nn.ReLU), *last), getattr(nn, name)(**_OPTIONS.get(name, {}))
    shares = np.random.default_rng(1).dirichlet(np.ones(CLASSES), BATCH).astype(np.float32)
    target = _classes(CLASSES, BATCH) if name in _OF_CLASSES else shares
    return _train(library, compiled, [model], lambda x, y: criterion(model(x), y), _random(BATCH, INPUTS), target)


def _optimizer(name: str, library: Any, compiled: bool, **options: Any) -> Step:
    return _classifier(library, compiled, library.nn.ReLU, optimizer=name, **options)


def _attention(library: Any, compiled: bool) -> Step:
    """Self-attention of 4 heads over 32 places."""
    nn, heads, size = library.nn, 4, 64
    into, out, criterion = nn.Linear(size, 3 * size), nn.Linear(size, size), nn.MSELoss()

    def loss_of(x: Any, y: Any) -> Any:
        batch, places, _ = x.shape
        q, k, v = into(x).reshape(batch, places, 3, heads, size // heads).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.mT / math.sqrt(size // heads)).softmax(-1)
        return criterion(out((weights @ v).permute(0, 2, 1, 3).reshape(batch, places, size)), y)

    return _train(library, compiled, [into, out], loss_of, _random(16, 32, size), _random(16, 32, size))


def _lenet(library: Any, compiled: bool) -> Step:
    """LeNet of digits, LeCun et al. 1998, with ReLU and max pooling."""
    nn = library.nn
    images = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)
    )
    rows = nn.Sequential(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, CLASSES))
    criterion, data = nn.CrossEntropyLoss(), (_random(64, 1, 28, 28), _classes(CLASSES, 64))
    return _train(library, compiled, [images, rows], lambda x, y: criterion(rows(images(x)), y), *data)


def _recurrent(name: str, library: Any, compiled: bool) -> Step:
    """Digits, a row a step."""
    nn = library.nn
    layer, last, criterion = getattr(nn, name)(28, 64, batch_first=True), nn.Linear(64, CLASSES), nn.CrossEntropyLoss()
    data = _random(64, 28, 28), _classes(CLASSES, 64)
    return _train(library, compiled, [layer, last], lambda x, y: criterion(last(layer(x)[0][:, -1]), y), *data)


def _second_order(library: Any, compiled: bool) -> Step:
    """u'' = -sin(x) by a network for u: derivatives of derivatives."""
    nn = library.nn
    model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))

    def loss_of(x: Any) -> Any:
        x = x.clone().requires_grad_()
        (first,) = library.autograd.grad(model(x).sum(), [x], create_graph=True)
        (second,) = library.autograd.grad(first.sum(), [x], create_graph=True)
        return ((second + x.sin()) ** 2).mean()

    return _train(library, compiled, [model], loss_of, _random(BATCH, 1))


def _residual(library: Any, compiled: bool) -> Step:
    """A block of a transformer without its attention."""
    nn = library.nn
    block = nn.Sequential(nn.LayerNorm(UNITS), nn.Linear(UNITS, 2 * UNITS), nn.GELU(), nn.Linear(2 * UNITS, UNITS))
    criterion = nn.MSELoss()
    data = _random(BATCH, UNITS), _random(BATCH, UNITS)
    return _train(library, compiled, [block], lambda x, y: criterion(x + block(x), y), *data)


def _found() -> dict[str, Make]:
    """The entries: what the package exports, and the combinations."""
    nn, optim = tinygrad_mlp.nn, tinygrad_mlp.optim
    modules = [
        name
        for name in nn.__all__
        if inspect.isclass(kind := getattr(nn, name)) and issubclass(kind, nn.Module) and kind is not nn.Module
    ]
    at_once = {*nn.activations.__all__, *nn.linear.__all__, "BatchNorm1d", "Dropout", "Embedding", "LayerNorm"}
    layers = [name for name in modules if name in at_once | _LAYERS.keys()]
    optimizers = [
        name for name in optim.__all__ if inspect.isclass(kind := getattr(optim, name)) and kind is not optim.Optimizer
    ]
    return {
        **{name: _LAYERS.get(name, partial(_layer, name)) for name in layers},
        "GELU, tanh": lambda library, compiled: _classifier(library, compiled, partial(library.nn.GELU, "tanh")),
        **{name: partial(_loss, name) for name in modules if name in nn.losses.__all__},
        **{name: partial(_optimizer, name) for name in optimizers},
        "SGD, momentum": partial(_optimizer, "SGD", momentum=0.9),
        "attention": _attention,
        "LeNet": _lenet,
        "LSTM": partial(_recurrent, "LSTM"),
        "GRU": partial(_recurrent, "GRU"),
        "second order": _second_order,
        "residual block": _residual,
    }


ENTRIES = _found()


def measure(names: Iterable[str], peers: Iterable[str], rounds: int, seconds: float) -> dict[str, dict[str, Any]]:
    """By entry and peer the ``seconds`` of a step in each round, the peers taking turns, and the losses of the first two steps.

    Args:
        names: The entries.
        peers: Of :data:`PEERS`.
        rounds: How often each takes its turn.
        seconds: Roughly how long a turn lasts.
    """
    results: dict[str, dict[str, Any]] = {}
    with ExitStack() as stack:
        workers = [stack.enter_context(started("benchmarks.catalogue", peer)) for peer in peers]
        for name in names:
            losses = {worker.peer: worker.ask([name, 2])["losses"] for worker in workers}
            repeats = {worker.peer: max(1, int(seconds / (worker.ask([name, 3])["seconds"] / 3))) for worker in workers}
            times: dict[str, list[float]] = {worker.peer: [] for worker in workers}
            for _ in range(rounds):
                for worker in workers:
                    count = repeats[worker.peer]
                    times[worker.peer].append(worker.ask([name, count])["seconds"] / count)
            results[name] = {peer: {"seconds": own, "losses": losses[peer]} for peer, own in times.items()}
    return results


def table(results: dict[str, dict[str, Any]]) -> str:
    """In Markdown the median times, and the median ratios to PyTorch's, where that was measured, with their geometric mean."""
    peers = list(next(iter(results.values())))
    ours = [peer for peer in peers if peer != "torch" and "torch" in peers]
    rows = [["step", *(f"{peer}, µs" for peer in peers), *(f"{peer} / torch" for peer in ours)]]
    rows.append(["---", *["--:"] * (len(rows[0]) - 1)])
    every: dict[str, list[float]] = {peer: [] for peer in ours}
    for name, times in results.items():
        medians = [f"{statistics.median(times[peer]['seconds']) * 1e6:,.0f}" for peer in peers]
        for peer in ours:
            every[peer].append(statistics.median(ratios(times, peer, "torch")))
        rows.append([name, *medians, *(f"{every[peer][-1]:.2f}" for peer in ours)])
    if ours:
        means = [f"{statistics.geometric_mean(every[peer]):.2f}" for peer in ours]
        rows.append([f"geometric mean of {len(results)}", *[""] * len(peers), *means])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """``python -m benchmarks.catalogue PEER``: reads which entry to run and how often, prints how long that took; until its input ends."""
    module, compiled = PEERS[sys.argv[1]]
    library = importlib.import_module(module)
    print("{}", flush=True)  # it is ready
    steps: dict[str, Step] = {}
    for line in sys.stdin:
        name, count = json.loads(line)
        if name not in steps:
            steps = {name: ENTRIES[name](library, compiled)}
        start = time.perf_counter()
        losses = [steps[name]() for _ in range(min(count, 2))]
        for _ in range(count - 2):
            steps[name]()
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "losses": [float(loss.item()) for loss in losses]}), flush=True)


if __name__ == "__main__":
    main()
