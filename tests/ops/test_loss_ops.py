"""Losses: the sample rows, and what is special."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from contract import Sample, integers, normal, positive
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS
from tinygrad_mlp.errors import DimensionError, ShapeError

A = normal(2, 3) * 2

B = normal(2, 3, seed=1)

P = positive(2, 3) / 2.5  # probabilities

Q = positive(2, 3, seed=1) / 2.5

LOGITS = normal(4, 3) * 2

CLASSES = np.array([0, 2, 2, 1])

WEIGHT = np.array([0.5, 2.0, 1.5], dtype=np.float64)


def functional(name: str, **fixed: Any) -> Any:
    """torch.nn.functional's function, imported where it is called."""

    def call(*args: Any, **kwargs: Any) -> Any:
        import torch

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "reduction: 'mean' divides")  # kl_div's opinion
            return getattr(torch.nn.functional, name)(*args, **fixed, **kwargs)

    return call


def weighted(name: str) -> Any:
    """A torch loss over classes that takes its weight, which no gradient reaches, as this library's operation does."""

    def call(x: Any, target: Any, weight: Any, *options: Any) -> Any:
        import torch

        names = ("ignore_index", "label_smoothing", "reduction") if len(options) == 3 else ("ignore_index", "reduction")
        w = None if weight is None else torch.tensor(weight, dtype=x.dtype)
        return getattr(torch.nn.functional, name)(x, target, w, **dict(zip(names, options, strict=True)))

    return call


def constant_weight(name: str) -> Any:
    """This library's operation with a weight that is a constant of the input's dtype."""

    def call(x: Any, target: Any, weight: Any, *options: Any) -> Any:
        w = None if weight is None else tg.tensor(weight, dtype=x.dtype)
        return OPS[name](x, target, w, *options)

    return call


def class_rows() -> list[Sample]:
    rows = []
    for weight in (None, WEIGHT.tolist()):
        for ignore_index in (-100, 2):
            for reduction in ("none", "mean", "sum"):
                for smoothing in (0.0, 0.3):
                    name, covers = "class_cross_entropy", ("_class_distribution", "_logits_slope", "_plain_class_slope")
                    args = (LOGITS, CLASSES, weight, ignore_index, smoothing, reduction)
                    rows.append(
                        Sample(name, args, torch_fn=weighted("cross_entropy"), call=constant_weight(name), covers=covers)
                    )
                name, args = "class_nll", (LOGITS, CLASSES, weight, ignore_index, reduction)
                rows.append(Sample(name, args, torch_fn=weighted("nll_loss"), call=constant_weight(name)))
    return rows


def reduced(name: str, torch_name: str, args: tuple[Any, ...], **kwargs: Any) -> list[Sample]:
    return [
        Sample(name, args, {"reduction": reduction, **kwargs}, torch_fn=functional(torch_name))
        for reduction in ("none", "mean", "sum")
    ]


SAMPLES = [
    *reduced("mse", "mse_loss", (A, B)),
    *reduced("l1", "l1_loss", (A, B)),
    *reduced("huber", "huber_loss", (A, B), delta=0.8),
    *reduced("kl_divergence", "kl_div", (np.log(P), Q), log_target=False),
    *reduced("kl_divergence", "kl_div", (np.log(P), np.log(Q)), log_target=True),
    *reduced("bce", "binary_cross_entropy", (P, Q)),
    *reduced("bce_logits", "binary_cross_entropy_with_logits", (A, Q)),
    *[
        Sample(
            "bce_logits",
            (A, Q),
            {"reduction": reduction},
            torch_fn=lambda x, t, reduction: functional("binary_cross_entropy_with_logits")(
                x, t, pos_weight=x.new_tensor([0.5, 2.0, 3.0]), reduction=reduction
            ),
            call=lambda x, t, reduction: OPS["bce_logits"](
                x, t, tg.tensor([0.5, 2.0, 3.0], dtype=x.dtype), reduction=reduction
            ),
        )
        for reduction in ("none", "mean", "sum")
    ],
    *class_rows(),
    Sample("soft_cross_entropy", (LOGITS, positive(4, 3)), torch_fn=functional("cross_entropy", reduction="none")),
]


def tensor(values: Any, **kwargs: Any) -> tg.Tensor:
    return tg.tensor(values, **{"dtype": tg.float64, **kwargs})


finite = st.floats(-30, 30)


@given(hnp.arrays(np.float64, (4, 3), elements=finite), st.lists(st.integers(0, 2), min_size=4, max_size=4))
def test_cross_entropy_is_nll_of_log_softmax(x: np.ndarray, classes: list[int]) -> None:
    target = tg.tensor(classes)
    a, b = tensor(x, requires_grad=True), tensor(x, requires_grad=True)
    fused = OPS["class_cross_entropy"](a, target, None, -100, 0.0, "mean")
    composed = OPS["class_nll"](tg.log_softmax(b, 1), target, None, -100, "mean")
    fused.backward()
    composed.backward()
    assert fused.item() == pytest.approx(composed.item(), rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), atol=1e-14)
    one_hot = np.eye(3)[classes]
    np.testing.assert_allclose(a.grad.numpy(), (tg.softmax(tensor(x), 1).numpy() - one_hot) / 4, atol=1e-14)


def test_ignored_rows_reach_neither_the_loss_nor_the_gradient() -> None:
    x = np.array([[0.3, -np.inf, 1.0], [2.0, 1.0, 0.0], [5.0, -np.inf, 0.0]])
    t = tensor(x, requires_grad=True)
    loss = OPS["class_cross_entropy"](t, tg.tensor([1, 2, 1]), None, 1, 0.0, "mean")
    assert loss.item() == pytest.approx(-tg.log_softmax(tensor(x[1]), 0)[2].item())
    loss.backward()
    np.testing.assert_array_equal(t.grad.numpy()[[0, 2]], 0)


@pytest.mark.parametrize("name", ["class_cross_entropy", "class_nll"])
def test_minus_100_is_ignored_unless_another_is_named(name: str) -> None:
    x = tg.tensor(normal(3, 4)).log_softmax(1)
    rows, kept = tg.tensor([1, -100, 3]), tg.tensor([0, 2])
    assert OPS[name](x, rows).item() == pytest.approx(-(x[0, 1] + x[2, 3]).item() / 2, rel=1e-6)
    assert OPS[name](x, rows).item() == pytest.approx(OPS[name](x[kept], rows[kept]).item(), rel=1e-15)
    assert OPS[name](x, tg.tensor([1, 0, 3]), ignore_index=0).item() == OPS[name](x, rows).item()


def test_only_ignored_targets_give_nan_and_no_gradient() -> None:
    x = tensor(normal(2, 3), requires_grad=True)
    loss = OPS["class_cross_entropy"](x, tg.tensor([-100, -100]), None, -100, 0.0, "mean")
    assert np.isnan(loss.item())
    loss.backward()
    np.testing.assert_array_equal(x.grad.numpy(), 0)


@pytest.mark.parametrize("wrong", [3, -1])
def test_a_class_out_of_range_is_named(wrong: int) -> None:
    for name, options in (("class_nll", ("mean",)), ("class_cross_entropy", (0.0, "mean"))):
        with pytest.raises(DimensionError, match=f"Target {wrong} is out of bounds: the input has 3 classes, 0 to 2"):
            OPS[name](tg.zeros(2, 3), tg.tensor([0, wrong]), None, -100, *options)


def test_bce_counts_logarithms_from_minus_100_and_refuses_no_probabilities() -> None:
    x = tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    loss = OPS["bce"](x, tensor([1.0, 0.0, 0.0, 1.0]), reduction="none")
    np.testing.assert_array_equal(loss.detach().numpy(), [100, 100, 0, 0])
    loss.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    for wrong in (-0.1, 1.1, np.nan):
        with pytest.raises(RuntimeError, match="all elements of input should be between 0 and 1; apply sigmoid"):
            OPS["bce"](tensor([wrong]), tensor([1.0]), reduction="mean")


def test_a_pair_of_different_shapes_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"mse_loss: input and target must have one shape, got \(2,\) and \(1,\)"):
        OPS["mse"](tg.zeros(2), tg.zeros(1), reduction="mean")


@given(st.integers(1, 5), st.integers(2, 5), st.sampled_from(["none", "mean", "sum"]))
def test_losses_over_classes_are_those_of_one_hot_distributions(n: int, c: int, reduction: str) -> None:
    x, classes = normal(n, c), integers(c, n)
    loss = OPS["class_cross_entropy"](tensor(x), tg.tensor(classes), None, -100, 0.0, reduction)
    soft = OPS["soft_cross_entropy"](tensor(x), tensor(np.eye(c)[classes])).numpy()
    np.testing.assert_allclose(loss.numpy(), {"none": soft, "mean": soft.mean(), "sum": soft.sum()}[reduction], rtol=1e-12)


@pytest.mark.parametrize("cotangent", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_ignored_rows_have_no_gradient_whatever_comes_back(cotangent: float, reduction: str, smoothing: float) -> None:
    options: Any = {"reduction": reduction, "label_smoothing": smoothing}
    for target, ignored in (([-100, -100], [0, 1]), ([-100, 1], [0])):
        x = tg.tensor([[1.0, 2.0], [0.0, 1.0]], requires_grad=True)
        loss = tg.nn.functional.cross_entropy(x, tg.tensor(target), **options)
        (g,) = tg.autograd.grad(loss, [x], [tg.tensor(cotangent)])
        assert (g[ignored] == 0).all()
        if len(ignored) == 1:
            assert not g[1].isfinite().any()


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("weight", [None, np.array([1.0, 0.5, 2.0])])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.25])
def test_ignored_rows_are_as_if_they_were_not_there(reduction: str, weight: Any, label_smoothing: float) -> None:
    x, classes = normal(4, 3), [2, -100, 0, -100]
    w = None if weight is None else tensor(weight)
    every, kept = tensor(x, requires_grad=True), tensor(x[[0, 2]], requires_grad=True)
    loss = OPS["class_cross_entropy"](every, tg.tensor(classes), w, -100, label_smoothing, reduction)
    other = OPS["class_cross_entropy"](kept, tg.tensor([2, 0]), w, -100, label_smoothing, reduction)
    if reduction == "none":
        assert loss.detach().numpy()[[1, 3]].tolist() == [0, 0]
        np.testing.assert_array_equal(loss.detach().numpy()[[0, 2]], other.detach().numpy())
    else:
        assert loss.item() == other.item()
    loss.sum().backward()
    other.sum().backward()
    assert every.grad is not None
    assert kept.grad is not None
    np.testing.assert_array_equal(every.grad.numpy()[[0, 2]], kept.grad.numpy())
    assert not every.grad.numpy()[[1, 3]].any()


@pytest.mark.parametrize("cotangent", [float("nan"), float("inf")])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_no_gradient_of_classes_that_nll_does_not_look_at(reduction: str, cotangent: float) -> None:
    x = tg.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], requires_grad=True)
    loss = tg.nn.functional.nll_loss(x, tg.tensor([0, 1, 0]), ignore_index=1, reduction=reduction)
    loss.backward(tg.full(loss.shape, cotangent))
    np.testing.assert_array_equal(x.grad.numpy(), [[-cotangent, 0], [0, 0], [-cotangent, 0]])


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"weight": True}])
@pytest.mark.parametrize("cotangent", [1.0, math.inf])
def test_rows_that_do_not_count_have_no_second_derivative(reduction: str, options: dict[str, Any], cotangent: float) -> None:
    torch = pytest.importorskip("torch", reason="the gradients are PyTorch's")
    seen = []
    for library in (tg, torch):
        x = library.tensor([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]], dtype=library.float64, requires_grad=True)
        given = (
            {**options, "weight": library.tensor([1.0, 2.0, 0.5], dtype=library.float64)} if "weight" in options else options
        )
        target = library.tensor([0, 0])
        loss = library.nn.functional.cross_entropy(x, target, ignore_index=0, reduction=reduction, **given)
        (first,) = library.autograd.grad((loss * cotangent).sum(), x, create_graph=True)
        (second,) = library.autograd.grad(first.sum(), x)
        seen.append([first.tolist(), second.tolist()])
    if math.isfinite(cotangent) or not options:
        np.testing.assert_array_equal(seen[0], seen[1])
    else:
        assert not np.isnan(seen[0]).any()
