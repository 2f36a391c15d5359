"""Sample rows of the operations that networks need, and what the rows cannot say."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from contract import Sample, apart, booleans, integers, normal, positive
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mlp as tg
from tinygrad_mlp.engine import OPS
from tinygrad_mlp.errors import DimensionError, DTypeError, ShapeError

A = normal(2, 3) * 2
B = normal(2, 3, seed=1)
KINKY = apart(3, 4) * 6  # on both sides of every bound, on none
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
    Sample("_sum_along", (normal(2, 3), 1), torch_fn=lambda x, dim: x.sum(dim, keepdim=True)),
    *[Sample(name, (normal(2, 3, 4), dim)) for name in ("softmax", "log_softmax") for dim in (0, 1, -1)],
    *[Sample(name, (np.array(0.3), 0)) for name in ("softmax", "log_softmax")],
    *[
        Sample(name, (KINKY,), kwargs, torch_fn=functional(name))
        for name, kwargs in (
            ("softplus", {}),
            ("softplus", {"beta": 2.0, "threshold": 3.1}),
            ("logsigmoid", {}),
            ("silu", {}),
            ("mish", {}),
            ("gelu", {}),
            ("gelu", {"approximate": "tanh"}),
            ("elu", {}),
            ("elu", {"alpha": 0.3}),
            ("selu", {}),
            ("celu", {}),
            ("celu", {"alpha": 0.5}),
            ("leaky_relu", {}),
            ("leaky_relu", {"negative_slope": 0.3}),
            ("hardtanh", {}),
            ("hardtanh", {"min_val": -2.0, "max_val": 0.5}),
            ("softsign", {}),
        )
    ],
    Sample(
        "leak",
        (KINKY[::-1].copy(), KINKY, 0.3),
        torch_fn=lambda x, source, slope: x.where(source > 0, x * slope) + source * 0,
    ),
    Sample(
        "_leaked",
        (apart(3, 4, seed=1), apart(3, 4, seed=2), KINKY),
        torch_fn=lambda x, other, source: (x * other).where(source <= 0, 0) + source * 0,
    ),
    Sample("hardsigmoid", (KINKY,), torch_fn=functional("hardsigmoid"), rtol=1e-7),  # torch has 1/6 in float32
    *[Sample(name, (np.array(0.7),), torch_fn=functional(name)) for name in ("elu", "leaky_relu", "hardtanh", "softplus")],
    *[Sample("prelu", (KINKY, w), torch_fn=functional("prelu")) for w in (positive(1), positive(4))],
    Sample("prelu", (apart(2, 3, 4), positive(3)), torch_fn=functional("prelu")),
    Sample("masked_scale", (A, booleans(2, 3)), {"scale": 1.25}, torch_fn=lambda x, mask, scale: x * mask * scale),
    *[
        Sample(
            "standardize",
            (normal(4, 3, 2), dim, 1e-5),
            torch_fn=lambda x, dim, eps: (x - x.mean(dim, True)) / (x.var(dim, unbiased=False, keepdim=True) + eps).sqrt(),
        )
        for dim in ((-1,), (0, 2), (-2, -1))
    ],
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
arrays = hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=5), elements=finite)


@given(arrays, st.data())
def test_softmax_is_a_distribution_and_log_softmax_its_logarithm(x: np.ndarray, data: st.DataObject) -> None:
    dim = data.draw(st.integers(-x.ndim, x.ndim - 1))
    y = tg.softmax(tensor(x), dim).numpy()
    np.testing.assert_allclose(y.sum(dim), 1, rtol=1e-12)
    np.testing.assert_allclose(np.exp(tg.log_softmax(tensor(x), dim).numpy()), y, rtol=1e-12)
    np.testing.assert_allclose(tg.softmax(tensor(x + 1e4), dim).numpy(), y, rtol=1e-9)


def test_softmax_of_infinite_logits() -> None:
    inf = np.inf
    np.testing.assert_array_equal(tg.softmax(tensor([0.0, -inf]), 0).numpy(), [1, 0])
    np.testing.assert_array_equal(tg.log_softmax(tensor([0.0, -inf]), 0).numpy(), [0, -inf])
    np.testing.assert_array_equal(tg.log_softmax(tensor([1e308, -1e308]), 0).numpy(), [0, -inf])
    assert np.isnan(tg.softmax(tensor([-inf, -inf]), 0).numpy()).all()
    assert tg.softmax(tg.zeros(0, 3), 0).shape == (0, 3)


def test_softmax_computes_in_the_dtype_asked_for() -> None:
    x = tg.tensor([1, 2, 3])
    assert tg.softmax(x, 0, dtype=tg.float64).dtype is tg.float64
    y = tg.tensor([1.0, 2.0], requires_grad=True)
    z = tg.log_softmax(y, 0, dtype=tg.float64)
    assert z.dtype is tg.float64
    z[0].backward()
    assert y.grad is not None
    assert y.grad.dtype is tg.float32


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_refuses_integers_and_dims_that_are_not_there(name: str) -> None:
    with pytest.raises(DTypeError, match=rf"{name} is not implemented for tinygrad_mlp.int64; cast the input with .float"):
        OPS[name](tg.tensor([1, 2]), 0)
    with pytest.raises(DimensionError, match=name):
        OPS[name](tg.zeros(2), 1)


@pytest.mark.parametrize("name", ["softplus", "logsigmoid", "silu", "mish", "gelu", "elu", "leaky_relu", "hardsigmoid"])
def test_activations_refuse_integers(name: str) -> None:
    with pytest.raises(DTypeError, match=f"{name} is not implemented for"):
        OPS[name](tg.tensor([1, 2]))


@pytest.mark.parametrize("x", [0.0, -1000.0, 1000.0, -40.0, 40.0])
@pytest.mark.parametrize(
    "name", ["softplus", "logsigmoid", "silu", "mish", "gelu", "elu", "selu", "celu", "leaky_relu", "hardtanh", "softsign"]
)
def test_far_out_values_and_gradients_of_both_orders_stay_finite(name: str, x: float) -> None:
    t = tensor([x], requires_grad=True)
    y = OPS[name](t)
    (g,) = tg.autograd.grad(y, t, tg.ones_like(y), create_graph=True)
    assert np.isfinite([y.item(), g.item()]).all()
    if g.requires_grad:
        (h,) = tg.autograd.grad(g, t, tg.ones_like(g))
        assert np.isfinite(h.item())


def test_activations_keep_their_relative_precision_in_the_tails() -> None:
    assert OPS["gelu"](tensor([-10.0])).item() == pytest.approx(-10 * 7.61985302416e-24, rel=1e-10)
    assert OPS["logsigmoid"](tensor([40.0])).item() == pytest.approx(-4.248354255291589e-18, rel=1e-14)
    assert OPS["softplus"](tensor([-40.0])).item() == pytest.approx(4.248354255291589e-18, rel=1e-14)
    assert OPS["elu"](tensor([-1e-12])).item() == pytest.approx(-1e-12, rel=1e-11)


def test_celu_and_gelu_refuse_what_is_not_defined() -> None:
    with pytest.raises(RuntimeError, match="alpha cannot be 0 for CELU"):
        tg.celu(tg.ones(2), 0.0)
    with pytest.raises(RuntimeError, match="approximate argument must be either none or tanh, got 'erf'"):
        OPS["gelu"](tg.ones(2), approximate="erf")


def test_prelu_with_one_weight_keeps_every_shape() -> None:
    for shape in ((), (3,), (2, 3), (2, 3, 4)):
        assert tg.prelu(tg.full(shape, -2.0), tg.tensor([0.5])).shape == shape


def test_prelu_names_what_does_not_fit() -> None:
    x = tg.ones(2, 3)
    with pytest.raises(ShapeError, match=r"parameter numbers = 2 and channel size = 3 of an input of shape \(2, 3\)"):
        tg.prelu(x, tg.ones(2))
    with pytest.raises(ShapeError, match=r"parameter numbers = 2 and channel size = 1 of an input of shape \(2,\)"):
        tg.prelu(x[:, 0], tg.ones(2))
    with pytest.raises(ShapeError, match="scalar or 1D tensor"):
        tg.prelu(x, tg.ones(3, 1))
    with pytest.raises(DTypeError, match=r"Type promoting not supported. Got tinygrad_mlp.float32 and tinygrad_mlp.float64"):
        tg.prelu(x, tg.ones(3, dtype=tg.float64))


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=5), elements=finite), st.data())
def test_standardize_gives_mean_0_and_variance_1(x: np.ndarray, data: st.DataObject) -> None:
    dims = tuple(data.draw(st.sets(st.integers(0, x.ndim - 1), min_size=1)))
    y = OPS["standardize"](tensor(x), dims, 1e-5).numpy()
    variance = x.var(dims)
    np.testing.assert_allclose(y.mean(dims), 0, atol=1e-6)
    np.testing.assert_allclose(y.var(dims), variance / (variance + 1e-5), atol=1e-6)


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


def test_prelu_does_not_leak_nan_to_where_its_weight_does_not_count() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    found = []
    for library in (tg, torch):
        x = library.tensor([1.0, -1.0, 2.0], dtype=library.float64, requires_grad=True)
        weight = library.tensor([0.5], dtype=library.float64, requires_grad=True)
        y = library.nn.functional.prelu(x, weight) / 0
        first = library.autograd.grad(y.sum(), [x, weight], create_graph=True)
        second = library.autograd.grad(first[0].sum() + first[1].sum(), [x, weight])
        found.append([g.detach().numpy() for g in (*first, *second)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert found[0][2].tolist() == [0, np.inf, 0]


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
