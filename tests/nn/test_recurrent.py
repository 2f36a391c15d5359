"""Recurrent layers, cells and packed sequences, against PyTorch's and against their formulas."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from against_torch import both

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.testing import gradcheck


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def pair(name: str, *args: Any, **options: Any) -> list[tuple[Any, Any]]:
    """Both libraries, with a module that has the same weights."""
    ours, theirs = (getattr(library.nn, name)(*args, **options).double() for library in both())
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({key: tg.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
    return [(tg, ours), (both()[1], theirs)]


def seen(library: Any, module: Any, outputs: list[Any], inputs: list[Any]) -> list[np.ndarray]:
    """Outputs and gradients, and those of the gradients' squares."""
    total = sum((y * library.tensor(normal(*y.shape, seed=k))).sum() for k, y in enumerate(outputs))
    sources = [*inputs, *module.parameters()]
    first = library.autograd.grad(total, sources, create_graph=True)
    second = library.autograd.grad(sum((g**2).sum() for g in first), sources)
    return [t.detach().numpy() for t in (*outputs, *first, *second)]


def assert_alike(sides: list[list[np.ndarray]]) -> None:
    for mine, other in zip(*sides, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-8, atol=1e-9)


LAYERS = [("RNN", {}), ("RNN", {"nonlinearity": "relu"}), ("GRU", {}), ("LSTM", {}), ("LSTM", {"proj_size": 2})]
SHAPES = [{}, {"num_layers": 2, "bidirectional": True, "batch_first": True}, {"bias": False, "num_layers": 2}]


def states(library: Any, name: str, layer: Any, *batch: int) -> Any:
    layers = layer.num_layers * (1 + layer.bidirectional)
    h = library.tensor(normal(layers, *batch, layer.proj_size or layer.hidden_size), requires_grad=True)
    c = library.tensor(normal(layers, *batch, layer.hidden_size, seed=1), requires_grad=True)
    return (h, c) if name == "LSTM" else h


@pytest.mark.parametrize(("name", "own"), LAYERS, ids=str)
@pytest.mark.parametrize("options", SHAPES, ids=str)
@pytest.mark.parametrize(("batch", "given"), [*itertools.product(((), (2,)), (False, True))])
def test_layers(name: str, own: dict[str, Any], options: dict[str, Any], batch: tuple[int, ...], given: bool) -> None:
    sides = []
    for library, layer in pair(name, 3, 4, **own, **options):
        shape = (4, *batch, 3) if not batch or not options.get("batch_first") else (*batch, 4, 3)
        x = library.tensor(normal(*shape), requires_grad=True)
        hx = states(library, name, layer, *batch) if given else None
        y, end = layer(x, hx)
        ends = list(end) if name == "LSTM" else [end]
        firsts = [] if hx is None else list(hx) if name == "LSTM" else [hx]
        sides.append(seen(library, layer, [y, *ends], [x, *firsts]))
    assert_alike(sides)


@pytest.mark.parametrize(("name", "own"), LAYERS, ids=str)
@pytest.mark.parametrize("lengths", [[4, 2, 2, 1], [2, 4, 1, 3]])
@pytest.mark.parametrize("given", [False, True])
def test_packed_sequences(name: str, own: dict[str, Any], lengths: list[int], given: bool) -> None:
    ordered = lengths == sorted(lengths, reverse=True)
    sides = []
    for library, layer in pair(name, 3, 4, 2, bidirectional=True, **own):
        x = library.tensor(normal(4, 4, 3), requires_grad=True)
        utils = library.nn.utils.rnn
        packed = utils.pack_padded_sequence(x, library.tensor(lengths), enforce_sorted=ordered)
        y, end = layer(packed, states(library, name, layer, 4) if given else None)
        assert isinstance(y, utils.PackedSequence)
        padded, back = utils.pad_packed_sequence(y, batch_first=True, padding_value=7.0, total_length=5)
        assert back.tolist() == lengths
        sides.append(seen(library, layer, [padded, *(end if name == "LSTM" else [end])], [x]))
    assert_alike(sides)


@pytest.mark.parametrize("name", ["RNNCell", "GRUCell", "LSTMCell"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("batch", [(), (2,)])
def test_cells(name: str, bias: bool, batch: tuple[int, ...]) -> None:
    sides = []
    for library, cell in pair(name, 3, 4, bias):
        x = library.tensor(normal(*batch, 3), requires_grad=True)
        after = cell(x, cell(x))
        sides.append(seen(library, cell, list(after) if name == "LSTMCell" else [after], [x]))
    assert_alike(sides)


def test_an_lstm_by_its_formula() -> None:
    def sigmoid(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    layer = nn.LSTM(3, 2).double()
    w, u, b, d = (p.detach().numpy() for p in layer.parameters())
    x, h, c = normal(4, 1, 3), np.zeros((1, 2)), np.zeros((1, 2))
    y = layer(tg.tensor(x))[0].detach().numpy()
    for t in range(4):
        i, f, g, o = np.split(x[t] @ w.T + b + h @ u.T + d, 4, 1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        np.testing.assert_allclose(y[t], h, atol=1e-12)


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_derivatives_are_the_slopes(name: str) -> None:
    layer = getattr(nn, name)(2, 2, bidirectional=True).double()
    x = tg.tensor(normal(3, 2, 2), requires_grad=True)
    assert gradcheck(lambda x, *_: layer(x)[0], [x, *layer.parameters()], order=2)


def test_weights_start_within_their_bounds_and_are_named() -> None:
    tg.manual_seed(0)
    layer = nn.GRU(2, 4, 2)
    tg.manual_seed(0)
    for p in layer.parameters():
        bound = 0.5
        assert p.tolist() == tg.empty(p.shape).uniform_(-bound, bound).tolist()
    assert [len(names) for names in layer.all_weights] == [4, 4]
    layer.flatten_parameters()


def test_dropout_is_between_layers() -> None:
    layer = nn.RNN(2, 3, 2, dropout=1.0)
    x = tg.ones(2, 1, 2)
    assert layer(x)[0].tolist() == layer(x * 0)[0].tolist()  # nothing of the first layer is left
    layer.eval()
    assert layer(x)[0].tolist() != layer(x * 0)[0].tolist()
    with pytest.warns(UserWarning, match="between layers"):
        nn.RNN(2, 3, dropout=0.5)


def test_sequences_are_padded_packed_and_back() -> None:
    parts = [[1.0, 2.0, 3.0], [4.0], [5.0, 6.0]]
    for library in both():
        utils = library.nn.utils.rnn
        tensors = [library.tensor(p) for p in parts]
        assert utils.pad_sequence(tensors, True, -1.0).tolist() == [[1, 2, 3], [4, -1, -1], [5, 6, -1]]
        assert utils.pad_sequence(tensors, padding_side="left").tolist() == [[1, 0, 0], [2, 0, 5], [3, 4, 6]]
        packed = utils.pack_sequence(tensors, enforce_sorted=False)
        assert packed.data.tolist() == [1, 5, 4, 2, 6, 3]
        assert packed.batch_sizes.tolist() == [3, 2, 1]
        assert packed.sorted_indices.tolist() == [0, 2, 1]
        assert packed.unsorted_indices.tolist() == [0, 2, 1]
        assert [p.tolist() for p in utils.unpack_sequence(packed)] == parts
        assert packed.double().data.dtype is library.float64
        assert packed.to(library.float32) is packed


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_a_network_trains_eagerly_and_compiled_alike(name: str) -> None:
    def run(c: Any) -> list[float]:
        tg.manual_seed(0)
        layer = getattr(nn, name)(3, 4, 2)
        optimizer = tg.optim.SGD(layer.parameters(), lr=0.1)

        def step(x: Any) -> Any:
            optimizer.zero_grad()
            loss = layer(x)[0].square().mean()
            loss.backward()
            optimizer.step()
            return loss

        step = c(step)
        return [step(tg.randn(4, 2, 3)).item() for _ in range(6)]

    np.testing.assert_allclose(run(tg.compile), run(lambda f: f), rtol=1e-4)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda t: t.nn.RNN(2, 3)(t.ones(2)), ValueError, "2D or 3D"),
        (lambda t: t.nn.RNN(2, 3)(t.ones(2, 2, 2).double()), ValueError, "one dtype"),
        (lambda t: t.nn.RNN(2, 3)(t.ones(2, 2, 3)), RuntimeError, "must be equal to input_size"),
        (lambda t: t.nn.RNN(2, 3)(t.ones(2, 2), t.ones(1, 1, 3)), RuntimeError, "should also be 2-D"),
        (lambda t: t.nn.GRU(2, 3)(t.ones(2, 2, 2), t.ones(1, 1, 3)), RuntimeError, "Expected hidden"),
        (lambda t: t.nn.RNN(2, 3, nonlinearity="x"), ValueError, "Unknown nonlinearity"),
        (lambda t: t.nn.LSTM(2, 3, proj_size=3), ValueError, "proj_size"),
        (lambda t: t.nn.LSTM(2, 0), ValueError, "hidden_size must be greater"),
        (lambda t: t.nn.LSTM(2, 2.5), TypeError, "hidden_size should be of type int"),
        (lambda t: t.nn.LSTM(2, 2, dropout=2), ValueError, "dropout should be a number"),
        (lambda t: t.nn.LSTM(2, 2)(t.ones(0, 1, 2)), RuntimeError, "larger than 0"),
        (lambda t: t.nn.utils.rnn.pack_padded_sequence(t.ones(2, 2), [1, 2]), RuntimeError, "sorted in decreasing"),
        (lambda t: t.nn.utils.rnn.pack_padded_sequence(t.ones(2, 2), [1, 0]), RuntimeError, "greater than 0"),
        (lambda t: t.nn.utils.rnn.pack_padded_sequence(t.ones(2, 2), [1]), RuntimeError, "batch_size"),
        (lambda t: t.nn.LSTMCell(2, 2)(t.ones(1, 1, 2)), ValueError, "1D or 2D"),
    ],
)
def test_errors(call: Any, kind: type[Exception], message: str) -> None:
    for library in both():
        with pytest.raises(kind, match=message if library is tg else None):
            call(library)
