"""Attention, as a function and as a layer: by its formula, its masks, its options, and against PyTorch."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same, assert_same_error, both, cotangent, numeric_gradients
from compiled_twin import assert_compiled_alike

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F

Q, K, V = cotangent((2, 2, 3, 4), 0), cotangent((2, 2, 5, 4), 1), cotangent((2, 2, 5, 6), 2)
ALLOWED = np.random.default_rng(3).random((3, 5)) < 0.6
ALLOWED[0] = False  # a place that may look at nothing


def attended(q: np.ndarray, k: np.ndarray, v: np.ndarray, scale: float) -> np.ndarray:
    weights = np.exp(scale * q @ k.swapaxes(-1, -2))
    return weights / weights.sum(-1, keepdims=True) @ v


def test_by_its_formula() -> None:
    y = F.scaled_dot_product_attention(tg.tensor(Q), tg.tensor(K), tg.tensor(V))
    np.testing.assert_allclose(y, attended(Q, K, V, 0.5), rtol=1e-12)
    y = F.scaled_dot_product_attention(tg.tensor(Q), tg.tensor(K), tg.tensor(V), scale=0.1)
    np.testing.assert_allclose(y, attended(Q, K, V, 0.1), rtol=1e-12)


def test_a_causal_place_looks_back_only() -> None:
    y = F.scaled_dot_product_attention(tg.tensor(K), tg.tensor(K), tg.tensor(V), is_causal=True)
    np.testing.assert_allclose(y[..., 0, :], V[..., 0, :])
    np.testing.assert_allclose(y[..., 2:3, :], attended(K[..., 2:3, :], K[..., :3, :], V[..., :3, :], 0.5), rtol=1e-12)


def test_a_place_that_may_look_at_nothing_gets_zeros_and_no_gradient() -> None:
    q = tg.tensor(Q).requires_grad_()
    y = F.scaled_dot_product_attention(q, tg.tensor(K), tg.tensor(V), tg.tensor(ALLOWED))
    y.sum().backward()
    assert not y[..., 0, :].any()
    assert not q.grad[..., 0, :].any()
    assert q.grad[..., 1:, :].all()


def test_gradients_are_the_slopes() -> None:
    numeric_gradients(
        lambda torch, q, k, v: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True), Q[0], K[0], V[0]
    )


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"scale": 0.3}, {"dropout_p": 1.0}], ids=str)
def test_the_function_equals_pytorch(options: dict[str, Any]) -> None:
    assert_same(lambda torch, q, k, v: torch.nn.functional.scaled_dot_product_attention(q, k, v, **options), Q, K, V)


@pytest.mark.parametrize("mask", [ALLOWED, cotangent((3, 5), 4), cotangent((2, 1, 3, 5), 5)], ids=["bool", "2-D", "4-D"])
def test_masks_equal_pytorch(mask: np.ndarray) -> None:
    assert_same(lambda torch, q, k, v, m: torch.nn.functional.scaled_dot_product_attention(q, k, v, m), Q, K, V, mask)


def test_grouped_queries_equal_pytorch() -> None:
    q = cotangent((2, 4, 3, 4), 6)
    assert_same(lambda torch, q, k, v: torch.nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True), q, K, V)


@pytest.mark.parametrize(
    "code",
    [
        lambda torch, f: f(torch.ones(3), torch.ones(3), torch.ones(3)),
        lambda torch, f: f(torch.ones(2, 3), torch.ones(2, 3).double(), torch.ones(2, 3)),
        lambda torch, f: f(torch.ones(2, 3), torch.ones(2, 3), torch.ones(2, 3), torch.ones(2, 2).bool(), is_causal=True),
        lambda torch, f: f(torch.ones(2, 3), torch.ones(2, 3), torch.ones(2, 3), torch.ones(2, 2).long()),
        lambda torch, f: f(torch.ones(2, 3), torch.ones(2, 4), torch.ones(2, 3)),
    ],
)
def test_the_functions_errors(code: Any) -> None:
    assert_same_error(lambda torch: code(torch, torch.nn.functional.scaled_dot_product_attention), "")


def test_without_torch_bad_input_is_refused() -> None:
    x = tg.ones(2, 3)
    with pytest.raises(RuntimeError, match="is_causal"):
        F.scaled_dot_product_attention(x, x, x, tg.ones(2, 2).bool(), is_causal=True)
    with pytest.raises(RuntimeError, match="same dtype"):
        F.scaled_dot_product_attention(x, x.double(), x)
    with pytest.raises(RuntimeError, match="at least 2"):
        F.scaled_dot_product_attention(x[0], x[0], x[0])


LAYERS: list[dict[str, Any]] = [
    {},
    {"bias": False},
    {"add_bias_kv": True},
    {"add_zero_attn": True},
    {"add_bias_kv": True, "add_zero_attn": True},
    {"kdim": 3, "vdim": 5},
    {"kdim": 3, "vdim": 5, "bias": False, "add_bias_kv": True},
    {"batch_first": True},
]


def layers(options: dict[str, Any], training: bool = True) -> list[Any]:
    """One of ours and one of PyTorch's with the same weights."""
    libraries = both()
    made = [torch.nn.MultiheadAttention(8, 2, **options, dtype=torch.float64).train(training) for torch in libraries]
    mine, theirs = made
    assert list(mine.state_dict()) == list(theirs.state_dict())
    assert repr(mine) == repr(theirs)
    for position, (ours, other) in enumerate(zip(mine.parameters(), theirs.parameters(), strict=True)):
        values = cotangent(ours.shape, position) * 0.3
        ours.data.copy_(tg.tensor(values))
        other.data.copy_(libraries[1].tensor(values))
    return made


@pytest.mark.parametrize("options", LAYERS, ids=str)
@pytest.mark.parametrize("masks", ["none", "padding", "attention", "both"])
@pytest.mark.parametrize("call", [{}, {"need_weights": False}, {"average_attn_weights": False}], ids=str)
def test_the_layer_equals_pytorch(options: dict[str, Any], masks: str, call: dict[str, Any]) -> None:
    places, sources, batch = 3, 4, 2
    hidden = np.zeros((batch, sources), bool)
    hidden[1, 2:] = True
    barred = np.triu(np.ones((places, sources), bool), 1)
    results = []
    for torch, layer in zip(both(), layers(options), strict=True):
        q = cotangent((places, batch, 8), 0)
        k, v = (cotangent((sources, batch, options.get(name, 8)), s) for name, s in (("kdim", 1), ("vdim", 2)))
        inputs = [torch.tensor(x.swapaxes(0, 1) if options.get("batch_first") else x).requires_grad_() for x in (q, k, v)]
        given = dict(call)
        if masks in ("padding", "both"):
            given["key_padding_mask"] = torch.tensor(hidden)
        if masks in ("attention", "both"):
            given["attn_mask"] = torch.tensor(barred)
        y, weights = layer(*inputs, **given)
        loss = (y * torch.tensor(cotangent(y.shape, 9))).sum()
        if weights is not None:
            loss = loss + (weights * torch.tensor(cotangent(weights.shape, 10))).sum()
        loss.backward()
        results.append([y, weights, *(x.grad for x in (*inputs, *layer.parameters()))])
    for mine, theirs in zip(*results, strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None:
            assert tuple(mine.shape) == tuple(theirs.shape)
            np.testing.assert_allclose(mine.detach(), theirs.detach(), rtol=1e-9, atol=1e-12)


def test_without_a_batch_and_of_itself_equals_pytorch() -> None:
    results = []
    for torch, layer in zip(both(), layers({}), strict=True):
        x = torch.tensor(cotangent((3, 8), 0)).requires_grad_()
        mask = torch.nn.Transformer.generate_square_subsequent_mask(3, dtype=torch.float64)
        y, weights = layer(x, x, x, attn_mask=mask, is_causal=True)
        y.square().sum().backward()
        results.append([y.detach(), weights.detach(), x.grad])
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)


def test_floats_as_masks_and_masks_by_head() -> None:
    tg.manual_seed(0)
    layer = nn.MultiheadAttention(8, 2)
    x, barred = tg.randn(3, 2, 8), tg.ones(3, 3).triu(1).bool()
    expected = layer(x, x, x, attn_mask=barred)[0]
    added = tg.zeros(3, 3).masked_fill(barred, -np.inf)
    for mask in (added, added.expand(4, 3, 3), barred.expand(4, 3, 3)):
        np.testing.assert_allclose(layer(x, x, x, attn_mask=mask)[0].detach(), expected.detach(), rtol=1e-5)


def test_initial_values() -> None:
    tg.manual_seed(0)
    layer = nn.MultiheadAttention(8, 2, add_bias_kv=True)
    tg.manual_seed(0)
    drawn = [
        nn.Linear(8, 8).weight,
        nn.init.xavier_uniform_(tg.empty(24, 8)),
        nn.init.xavier_normal_(tg.empty(1, 1, 8)),
        nn.init.xavier_normal_(tg.empty(1, 1, 8)),
    ]
    for parameter, expected in zip(
        (layer.out_proj.weight, layer.in_proj_weight, layer.bias_k, layer.bias_v), drawn, strict=True
    ):
        assert parameter.equal(expected)
    assert not layer.in_proj_bias.any()
    assert not layer.out_proj.bias.any()


def test_dropout_is_of_training() -> None:
    layer = nn.MultiheadAttention(8, 2, dropout=0.5)
    x = tg.randn(3, 2, 8)
    tg.manual_seed(0)
    weights = layer(x, x, x, average_attn_weights=False)[1]
    assert 0 < int((weights == 0).sum()) < weights.numel()
    layer.eval()
    np.testing.assert_allclose(layer(x, x, x)[1].detach().sum(-1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    "code",
    [
        lambda nn, torch: nn.MultiheadAttention(7, 2),
        lambda nn, torch: nn.MultiheadAttention(0, 2),
        lambda nn, torch: nn.MultiheadAttention(8, 2)(torch.ones(3, 2, 6), torch.ones(3, 2, 6), torch.ones(3, 2, 6)),
        lambda nn, torch: nn.MultiheadAttention(8, 2)(torch.ones(3, 2, 8), torch.ones(3, 8), torch.ones(3, 8)),
        lambda nn, torch: nn.MultiheadAttention(8, 2)(*[torch.ones(3, 2, 8)] * 3, attn_mask=torch.ones(2, 3).bool()),
        lambda nn, torch: nn.MultiheadAttention(8, 2)(*[torch.ones(3, 2, 8)] * 3, key_padding_mask=torch.ones(3).bool()),
        lambda nn, torch: nn.MultiheadAttention(8, 2)(*[torch.ones(3, 2, 8)] * 3, is_causal=True),
    ],
)
def test_errors(code: Any) -> None:
    assert_same_error(lambda torch: code(torch.nn, torch), "")


def test_signatures_are_pytorchs() -> None:
    _, torch = both()
    for mine, theirs in (
        (nn.MultiheadAttention, torch.nn.MultiheadAttention),
        (nn.MultiheadAttention.forward, torch.nn.MultiheadAttention.forward),
        (F.multi_head_attention_forward, torch.nn.functional.multi_head_attention_forward),
    ):
        expected = inspect.signature(theirs).parameters
        got = inspect.signature(mine).parameters
        assert list(got) == list(expected)
        assert [p.default for p in got.values()] == [p.default for p in expected.values()]


def test_compiled() -> None:
    def make() -> Any:
        return _OfItself(nn.MultiheadAttention(8, 2, batch_first=True, dtype=tg.float64))

    assert_compiled_alike(make, cotangent((2, 3, 8), 0))


class _OfItself(nn.Module):
    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Any) -> Any:
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)
        return self.layer(x, x, x, attn_mask=mask, need_weights=False, is_causal=True)
