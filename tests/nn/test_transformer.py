"""Transformers: their options against PyTorch, and what holds without it."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same_error, both, cotangent
from compiled_twin import assert_compiled_alike

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.nn import transformer
from tinygrad_mlp.testing import check_module

SMALL = {"d_model": 8, "nhead": 2, "dim_feedforward": 6}
pytestmark = [  # PyTorch's
    pytest.mark.filterwarnings(f"ignore:{text}:UserWarning")
    for text in ("enable_nested_tensor is True", "Support for mismatched", "The PyTorch API of nested tensors")
]


def alike(mine: Any, theirs: Any, torch: Any) -> None:
    """Give the two the same parameters; they have the same names, and look the same."""
    assert repr(mine) == repr(theirs)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    for k, (ours, other) in enumerate(zip(mine.parameters(), theirs.parameters(), strict=True)):
        values = cotangent(ours.shape, k) * 0.4
        ours.data.copy_(tg.tensor(values))
        other.data.copy_(torch.tensor(values))


def assert_same_results(make: Any, run: Any, *arrays: np.ndarray, training: bool = True) -> None:
    libraries = both()
    models = [make(torch.nn, torch).to(torch.float64).train(training) for torch in libraries]
    alike(*models, libraries[1])
    results = []
    for torch, model in zip(libraries, models, strict=True):
        inputs = [torch.tensor(x).requires_grad_() for x in arrays]
        y = run(torch, model, *inputs)
        (y * torch.tensor(cotangent(y.shape, 99))).sum().backward()
        results.append([y.detach(), *(x.grad for x in (*inputs, *model.parameters()))])
    for mine, their in zip(*results, strict=True):
        assert tuple(mine.shape) == tuple(their.shape)
        np.testing.assert_allclose(mine, their, rtol=1e-8, atol=1e-10)


LAYERS: list[dict[str, Any]] = [
    {},
    {"norm_first": True},
    {"activation": "gelu", "batch_first": True},
    {"bias": False, "layer_norm_eps": 0.1},
]


@pytest.mark.parametrize("options", LAYERS, ids=str)
def test_encoders_equal_pytorch(options: dict[str, Any]) -> None:
    def make(nn: Any, torch: Any) -> Any:
        layer = nn.TransformerEncoderLayer(**SMALL, dropout=0.0, **options)
        return nn.TransformerEncoder(layer, 2, nn.LayerNorm(8))

    def run(torch: Any, model: Any, x: Any) -> Any:
        mask = torch.nn.Transformer.generate_square_subsequent_mask(4, dtype=torch.float64)
        padding = torch.tensor([[False, False, False, True]] * 4)
        return model(x, mask, padding) + model(x, mask=mask, is_causal=True) + model(x)

    assert_same_results(make, run, cotangent((4, 4, 8), 0))


@pytest.mark.parametrize("options", LAYERS, ids=str)
def test_decoders_equal_pytorch(options: dict[str, Any]) -> None:
    def make(nn: Any, torch: Any) -> Any:
        return nn.TransformerDecoder(nn.TransformerDecoderLayer(**SMALL, dropout=0.0, **options), 2)

    def run(torch: Any, model: Any, x: Any, memory: Any) -> Any:
        mask = torch.nn.Transformer.generate_square_subsequent_mask(4, dtype=torch.float64)
        return model(x, memory, tgt_mask=mask) + model(x, memory)

    assert_same_results(make, run, cotangent((4, 4, 8), 0), cotangent((4, 4, 8), 1))


@pytest.mark.parametrize("custom", [False, True])
def test_whole_transformers_equal_pytorch(custom: bool) -> None:
    def make(nn: Any, torch: Any) -> Any:
        options: Any = {"num_encoder_layers": 1, "num_decoder_layers": 2, "dropout": 0.0, "activation": torch.tanh}
        if custom:
            options["custom_encoder"] = nn.TransformerEncoder(nn.TransformerEncoderLayer(**SMALL, dropout=0.0), 2)
        return nn.Transformer(**SMALL, **options)

    def run(torch: Any, model: Any, source: Any, target: Any) -> Any:
        mask = model.generate_square_subsequent_mask(3, dtype=torch.float64)
        hidden = torch.tensor([[False, False, True, True], [False] * 4])
        return model(source, target, tgt_mask=mask, src_key_padding_mask=hidden, memory_key_padding_mask=hidden)

    assert_same_results(make, run, cotangent((4, 2, 8), 0), cotangent((3, 2, 8), 1))


def test_hidden_places_in_evaluation_are_pytorchs() -> None:
    results = []
    for torch in both():
        layer = torch.nn.TransformerEncoderLayer(**SMALL, batch_first=True)
        model = torch.nn.TransformerEncoder(layer, 2).eval()
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(torch.tensor(cotangent(p.shape, 3)).float())
            hidden = torch.tensor([[False, False, True], [False] * 3])
            results.append(model(torch.tensor(cotangent((2, 3, 8), 1)).float(), src_key_padding_mask=hidden))
    assert not results[0][0, 2].any()
    np.testing.assert_allclose(*results, rtol=1e-3, atol=1e-4)


def test_a_layer_by_its_parts() -> None:
    layer = nn.TransformerEncoderLayer(**SMALL, dropout=0.0)
    x = tg.randn(4, 2, 8)
    y = layer.norm1(x + layer.self_attn(x, x, x)[0])
    np.testing.assert_allclose(
        layer(x).detach(), layer.norm2(y + layer.linear2(layer.linear1(y).relu())).detach(), rtol=1e-4, atol=1e-6
    )
    layer.norm_first = True
    z = layer.norm1(x)
    y = x + layer.self_attn(z, z, z)[0]
    np.testing.assert_allclose(
        layer(x).detach(), (y + layer.linear2(layer.linear1(layer.norm2(y)).relu())).detach(), rtol=1e-4, atol=1e-6
    )


def test_a_causal_encoder_does_not_look_ahead() -> None:
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(**SMALL, dropout=0.0, batch_first=True), 2)
    x = tg.randn(1, 5, 8).requires_grad_()
    model(x, nn.Transformer.generate_square_subsequent_mask(5))[0, 2].sum().backward()
    assert not x.grad[0, 3:].any()
    assert x.grad[0, :3].any()


def test_copies_start_alike_and_are_trained_apart() -> None:
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(**SMALL), 2)
    first, second = (layer.linear1.weight for layer in model.layers)
    assert first.equal(second)
    assert first is not second


def test_initial_values() -> None:
    model = nn.Transformer(8, 2, 1, 1, 6)
    for p in model.parameters():
        assert p.ndim == 1 or float(p.abs().max()) <= (6 / sum(p.shape)) ** 0.5


def test_a_module_as_activation_is_a_submodule() -> None:
    layer = nn.TransformerEncoderLayer(**SMALL, activation=nn.PReLU())
    assert "activation.weight" in layer.state_dict()


def test_dropout_is_of_training() -> None:
    layer = nn.TransformerEncoderLayer(**SMALL, dropout=0.5)
    x = tg.randn(4, 2, 8)
    assert not layer(x).equal(layer(x))
    layer.eval()
    assert layer(x).equal(layer(x))


@pytest.mark.parametrize(
    "code",
    [
        lambda nn, torch: nn.TransformerEncoderLayer(8, 2, activation="tanh"),
        lambda nn, torch: nn.Transformer(**SMALL)(torch.ones(4, 2, 8), torch.ones(4, 3, 8)),
        lambda nn, torch: nn.Transformer(**SMALL)(torch.ones(4, 2, 7), torch.ones(4, 2, 7)),
    ],
)
def test_errors(code: Any) -> None:
    assert_same_error(lambda torch: code(torch.nn, torch), "")


@pytest.mark.parametrize("name", transformer.__all__)
def test_signatures_are_pytorchs(name: str) -> None:
    ours, torch = both()
    for of in (lambda kind: kind, lambda kind: kind.forward):
        got, expected = (inspect.signature(of(getattr(library.nn, name))).parameters for library in (ours, torch))
        assert list(got) == list(expected)
        for mine, theirs in zip(got.values(), expected.values(), strict=True):
            assert mine.default == theirs.default or mine.default is F.relu


def test_compiled() -> None:
    assert_compiled_alike(
        lambda: nn.TransformerEncoderLayer(**SMALL, dropout=0.1, dtype=tg.float64), cotangent((4, 2, 8), 0)
    )


def test_layers_hold_what_every_module_promises() -> None:
    options: Any = {"dropout": 0.0, "batch_first": True}
    check_module(lambda: nn.TransformerEncoderLayer(4, 2, 3, **options), tg.randn(3, 2, 4))
    check_module(lambda: nn.TransformerDecoderLayer(4, 2, 3, **options), (tg.randn(3, 2, 4), tg.randn(3, 2, 4)))
