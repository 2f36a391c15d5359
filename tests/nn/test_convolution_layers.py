"""Convolution and pooling layers: what PyTorch's do, and what needs no PyTorch. PyTorch's samples are in test_module_database.py."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same, both, numeric_gradients

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F


def apart(*shape: int) -> np.ndarray:
    count = int(np.prod(shape))
    return np.random.default_rng(0).permutation(count).reshape(shape) * 0.1


X = apart(2, 3, 7, 8)
POOLS = [
    (kernel, stride, padding, dilation, ceil)
    for kernel, stride, padding, dilation, ceil in itertools.product(
        (2, (3, 2)), (None, 1, (2, 3)), (0, 1), (1, 2), (False, True)
    )
]


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation", "ceil"), POOLS)
def test_max_pool(kernel: Any, stride: Any, padding: Any, dilation: int, ceil: bool) -> None:
    def pooled(torch: Any, x: Any) -> Any:
        y, index = torch.nn.functional.max_pool2d(x, kernel, stride, padding, dilation, ceil, True)
        return y + index.detach().to(y.dtype)

    assert_same(pooled, X)


@pytest.mark.parametrize(("kernel", "stride", "padding", "ceil"), sorted({(k, s, p, c) for k, s, p, _, c in POOLS}, key=str))
@pytest.mark.parametrize("include", [False, True])
def test_avg_pool(kernel: Any, stride: Any, padding: Any, ceil: bool, include: bool) -> None:
    assert_same(lambda torch, x: torch.nn.functional.avg_pool2d(x, kernel, stride, padding, ceil, include), X)


@pytest.mark.parametrize("size", [1, 3, (7, 4), (None, 5), (2, None)])
def test_adaptive_pools(size: Any) -> None:
    def largest(torch: Any, x: Any) -> Any:
        y, index = torch.nn.functional.adaptive_max_pool2d(x, size, True)
        return y + index.detach().to(y.dtype)

    assert_same(lambda torch, x: torch.nn.functional.adaptive_avg_pool2d(x, size), X)
    assert_same(largest, X)


def test_ties_infinities_and_nan_are_chosen_as_in_pytorch() -> None:
    values = np.random.default_rng(0).choice([0.0, 1.0, -np.inf, np.nan], (4, 2, 6, 6))
    found = []
    for library in both():
        y, index = library.nn.functional.max_pool2d(library.tensor(values), 3, 2, 1, return_indices=True)
        found.append((y.tolist(), index.tolist()))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]


def test_unpooling_undoes_pooling() -> None:
    def unpooled(torch: Any, x: Any) -> Any:
        f = torch.nn.functional
        return f.max_unpool2d(*f.max_pool2d(x, 2, return_indices=True), 2, output_size=x.shape)

    assert_same(unpooled, X)
    y, index = F.max_pool1d(tg.tensor([[1.0, 3.0, 2.0, 0.0]]), 2, return_indices=True)
    assert index.tolist() == [[1, 2]]
    assert nn.MaxUnpool1d(2)(y, index).tolist() == [[0, 3, 2, 0]]


def test_derivatives_are_the_slopes() -> None:
    x = X[:1, :1, :5, :4]
    numeric_gradients(lambda torch, x: torch.nn.functional.max_pool2d(x, 2, 1), x)
    numeric_gradients(lambda torch, x: torch.nn.functional.avg_pool2d(x, 2, 1, 1, count_include_pad=False), x)
    numeric_gradients(lambda torch, x: torch.nn.functional.adaptive_avg_pool2d(x, (2, 3)), x)


@pytest.mark.parametrize("layer", ["Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d"])
@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_layers_hold_what_pytorchs_hold(layer: str, mode: str) -> None:
    if "Transpose" in layer and mode != "zeros":
        with pytest.raises(ValueError, match="padding_mode"):
            getattr(nn, layer)(2, 4, 3, padding_mode=mode)
        return
    ours, theirs = (
        getattr(library.nn, layer)(4, 6, 3, stride=2, padding=2, dilation=2, groups=2, padding_mode=mode).double()
        for library in both()
    )
    assert repr(ours) == repr(theirs)
    ours.load_state_dict({name: tg.tensor(value.numpy()) for name, value in theirs.state_dict().items()})
    x = np.random.default_rng(1).standard_normal((2, 4, 9, 8)[: 3 + layer.endswith("2d")])
    torch = both()[1]
    np.testing.assert_allclose(ours(tg.tensor(x)).detach(), theirs(torch.tensor(x)).detach(), atol=1e-12)


def test_an_output_size_is_chosen_as_in_pytorch() -> None:
    for layer in (library.nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1) for library in both()):
        library = tg if isinstance(layer, nn.Module) else both()[1]
        x = library.ones(1, 2, 4, 4)
        assert tuple(layer(x).shape) == (1, 3, 7, 7)
        assert tuple(layer(x, output_size=(8, 7)).shape) == tuple(layer(x, output_size=[1, 3, 8, 7]).shape) == (1, 3, 8, 7)
        with pytest.raises(ValueError, match="requested an output size"):
            layer(x, output_size=(9, 7))


def test_weights_start_within_their_bounds() -> None:
    layer = nn.Conv2d(4, 8, 3)
    for p in layer.parameters():
        assert p.abs().max() <= 1 / 6
    assert layer.weight.abs().max() > 0.15


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_channels_are_dropped_whole(dims: int) -> None:
    tg.manual_seed(0)
    layer = getattr(nn, f"Dropout{dims}d")(0.5)
    x = tg.ones(4, 50, *(2,) * dims)
    y = layer(x).flatten(2)
    assert set(y.sum(2).flatten().tolist()) == {0.0, 2.0 ** (dims + 1)}
    assert 60 < (y[:, :, 0] == 0).sum() < 140
    assert layer.eval()(x) is x


def test_messages() -> None:
    with pytest.raises(RuntimeError, match="pad should be at most half"):
        F.max_pool2d(tg.ones(1, 4, 4), 2, padding=2)
    with pytest.raises(RuntimeError, match="Output size is too small"):
        F.avg_pool2d(tg.ones(1, 2, 2), 3)
    with pytest.raises(ValueError, match="expected 4D input"):
        nn.BatchNorm2d(3)(tg.ones(2, 3))
    with pytest.raises(ValueError, match="divisible by groups"):
        nn.Conv1d(3, 4, 1, groups=2)


def lenet(library: Any) -> Any:
    n = library.nn
    return n.Sequential(
        n.Conv2d(1, 3, 3), n.BatchNorm2d(3), n.ReLU(), n.MaxPool2d(2), n.Conv2d(3, 4, 2), n.ReLU(), n.AvgPool2d(2), n.Flatten(),
        n.Linear(16, 5),
    )  # fmt: skip


def test_a_network_trains_eagerly_and_compiled_alike() -> None:
    def run(c: Any) -> list[float]:
        tg.manual_seed(0)
        model = lenet(tg)
        optimizer = tg.optim.SGD(model.parameters(), lr=0.1)

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        step = c(step)
        return [step(tg.randn(6, 1, 13, 13), tg.randint(0, 5, (6,))).item() for _ in range(6)]

    np.testing.assert_allclose(run(tg.compile), run(lambda f: f), rtol=1e-4)


@pytest.mark.parametrize("name", ["Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d"])
def test_lazy_layers_become_what_they_are_named_after(name: str) -> None:
    tg.manual_seed(0)
    lazy = getattr(nn, f"Lazy{name}")(4, 3, padding=1, groups=2)
    assert lazy.has_uninitialized_params()
    x = tg.ones(2, 6, *(5,) * int(name[-2]))
    y = lazy(x)
    assert type(lazy) is getattr(nn, name)
    tg.manual_seed(0)
    layer = getattr(nn, name)(6, 4, 3, padding=1, groups=2)
    assert repr(layer) == repr(lazy)
    assert layer(x).tolist() == y.tolist()
    with pytest.raises(ValueError, match="divisible by groups"):
        getattr(nn, f"Lazy{name}")(4, 3, groups=2)(x[:, :5])


def test_windows_are_columns_and_back() -> None:
    assert_same(lambda torch, x: torch.nn.functional.unfold(x, (2, 3), (1, 2), 1, (2, 1)), X)
    y = F.unfold(tg.tensor(X), 2, stride=2)
    assert F.fold(y, (7, 8), 2, stride=2)[:, :, :6].tolist() == X[:, :, :6].tolist()
    for layer in ("Fold((7, 8), 2, stride=(2, 2))", "Unfold(2, padding=(1, 2))"):
        ours, theirs = (eval(f"library.nn.{layer}", {"library": library}) for library in both())
        assert repr(ours) == repr(theirs)
    with pytest.raises(RuntimeError, match="at least one"):
        F.unfold(tg.ones(1, 1, 2, 2), 3)
    with pytest.raises(RuntimeError, match="number of windows, 12"):
        F.fold(y, (7, 8), 2, stride=2)[:, :, :1] + F.fold(y[:, :, :3], (7, 8), 2, stride=2)
