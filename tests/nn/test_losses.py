"""Losses: values, gradients of both orders, options, errors and warnings like PyTorch's."""

from __future__ import annotations

import copy
import inspect
import itertools
import warnings
from typing import Any

import numpy as np
import pytest
from against_torch import assert_same, assert_same_error, both, numeric_gradients
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.nn import losses


def drawn(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


X, T = drawn(0).standard_normal((2, 2, 4, 3)) * 2
P, Q = drawn(1).random((2, 2, 4, 3)) * 0.9 + 0.05
LOG_P = np.log(P)
REDUCTIONS = ("none", "mean", "sum")
PAIRS: list[tuple[str, dict[str, Any], np.ndarray, np.ndarray]] = [
    ("MSELoss", {}, X, T),
    ("L1Loss", {}, X, T),
    ("SmoothL1Loss", {}, X, T),
    ("SmoothL1Loss", {"beta": 0.4}, X, T),
    ("SmoothL1Loss", {"beta": 0.0}, X, T),
    ("HuberLoss", {}, X, T),
    ("HuberLoss", {"delta": 2.5}, X, T),
    ("BCELoss", {}, P, Q),
    ("BCEWithLogitsLoss", {}, X, Q),
    ("KLDivLoss", {}, LOG_P, Q),
    ("KLDivLoss", {"log_target": True}, LOG_P, np.log(Q)),
]
quiet_mean = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")  # KLDivLoss says so, as PyTorch


@quiet_mean
@pytest.mark.parametrize(("name", "options", "x", "t"), PAIRS, ids=lambda v: str(v) if isinstance(v, str | dict) else "")
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_losses_of_pairs(name: str, options: dict[str, Any], x: np.ndarray, t: np.ndarray, reduction: str) -> None:
    def code(torch: Any, x: Any, t: Any) -> Any:
        return getattr(torch.nn, name)(reduction=reduction, **options)(x, t)

    assert_same(code, x, t)


@quiet_mean
@pytest.mark.parametrize(("name", "options", "x", "t"), PAIRS, ids=lambda v: str(v) if isinstance(v, str | dict) else "")
def test_derivatives_are_the_slopes(name: str, options: dict[str, Any], x: np.ndarray, t: np.ndarray) -> None:
    numeric_gradients(lambda torch, x, t: getattr(torch.nn, name)(**options)(x, t), x[0, :2], t[0, :2])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
def test_weighted_regression(name: str, reduction: str) -> None:
    def code(torch: Any, x: Any, t: Any, w: Any) -> Any:
        return getattr(torch.nn.functional, name)(x, t, reduction=reduction, weight=w)

    assert_same(code, X, T, P)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_targets_of_another_shape_are_broadcast_with_a_warning(name: str) -> None:
    def code(torch: Any, x: Any, t: Any) -> Any:
        with pytest.warns(UserWarning, match="target size .* different to the input size .* broadcasting"):
            return getattr(torch.nn.functional, name)(x, t)

    assert_same(code, X[0], T[0, :, :1])
    assert_same(code, X[0, :1], T[0])
    assert_same_error(lambda torch: getattr(torch.nn.functional, name)(torch.ones(3), torch.ones(2)), "broadcast")


@pytest.mark.parametrize("reduction", [*REDUCTIONS, "batchmean"])
def test_kl_div_reductions_and_broadcasting(reduction: str) -> None:
    def code(torch: Any, x: Any, t: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.nn.functional.kl_div(x, t, reduction=reduction)

    assert_same(code, LOG_P, Q)
    assert_same(code, LOG_P[0], Q[0, :1])
    zero_target = Q.copy()
    zero_target[0] = 0
    ours, theirs = (code(library, library.tensor(LOG_P), library.tensor(zero_target)).numpy() for library in both())
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_kl_div_of_mean_says_that_it_is_not_the_divergence() -> None:
    with pytest.warns(UserWarning, match="'batchmean' divides only"):
        nn.KLDivLoss()(tg.tensor(LOG_P), tg.tensor(Q))


# ------------------------------------------------------------------------------------------------ binary cross-entropy


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3), (1, 4, 1)])
def test_binary_cross_entropy_weights(reduction: str, shape: tuple[int, ...]) -> None:
    w, p = drawn(2).random((2, *shape)) + 0.5

    def bce(torch: Any, x: Any, t: Any) -> Any:
        return torch.nn.BCELoss(torch.tensor(w).to(x.dtype), reduction=reduction)(x, t)

    def logits(torch: Any, x: Any, t: Any) -> Any:
        weights = {"weight": torch.tensor(w).to(x.dtype), "pos_weight": torch.tensor(p).to(x.dtype)}
        return torch.nn.BCEWithLogitsLoss(reduction=reduction, **weights)(x, t)

    assert_same(bce, P, Q)
    assert_same(logits, X, Q)
    if reduction == "mean" and shape == (3,):
        numeric_gradients(logits, X[0, :2], Q[0, :2])


def test_binary_cross_entropy_at_the_ends() -> None:
    ends = np.array([0.0, 1.0, 0.0, 1.0, 1e-40, 0.5]), np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.5])
    x, t = ends  # the target's gradient stays finite here, PyTorch's is infinite
    assert_same(
        lambda torch, x: torch.nn.functional.binary_cross_entropy(x, torch.tensor(t).to(x.dtype)), x, order=1, rtol=1e-7
    )
    far = np.array([-1000.0, 1000.0, -1000.0, 1000.0, 0.0]), np.array([0.0, 1.0, 1.0, 0.0, 0.5])
    assert_same(lambda torch, x, t: torch.nn.functional.binary_cross_entropy_with_logits(x, t, reduction="none"), *far)


def test_logits_and_probabilities_agree() -> None:
    x, t = tg.tensor(X), tg.tensor(Q)
    a, b = nn.BCEWithLogitsLoss()(x, t), nn.BCELoss()(x.sigmoid(), t)
    assert a.item() == pytest.approx(b.item(), rel=1e-12)


# ------------------------------------------------------------------------------------------------------- class losses

SHAPES = [((5,), ()), ((6, 5), (6,)), ((2, 5, 3), (2, 3)), ((2, 5, 2, 3), (2, 2, 3)), ((2, 5, 2, 1, 3), (2, 2, 1, 3))]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_class_indices(shapes: tuple[Any, Any], reduction: str, weighted: bool) -> None:
    x = drawn(3).standard_normal(shapes[0])
    t = drawn(4).integers(0, 5, shapes[1])
    w = [0.0, 1.0, 2.0, 0.5, 1.5]
    for ignore, smoothing in ((-100, 0.0), (2, 0.0), (2, 0.2), (-100, 1.0)):
        if np.all(t == ignore):
            continue

        def loss(torch: Any, x: Any, ignore: int = ignore, **more: Any) -> dict[str, Any]:
            weight = torch.tensor(w).to(x.dtype) if weighted else None
            return {"weight": weight, "ignore_index": ignore, "reduction": reduction, **more}

        def entropy(torch: Any, x: Any, t: Any, smoothing: float = smoothing, loss: Any = loss) -> Any:
            return torch.nn.CrossEntropyLoss(**loss(torch, x), label_smoothing=smoothing)(x, t)

        def likelihood(torch: Any, x: Any, t: Any, loss: Any = loss) -> Any:
            return torch.nn.NLLLoss(**loss(torch, x))(x, t)

        assert_same(entropy, x, np.asarray(t))
        if smoothing == 0:
            assert_same(likelihood, x, np.asarray(t))


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
def test_class_probabilities(shapes: tuple[Any, Any], reduction: str, smoothing: float, weighted: bool) -> None:
    x, t = drawn(5).standard_normal(shapes[0]), drawn(6).random(shapes[0])

    def code(torch: Any, x: Any, t: Any) -> Any:
        weight = torch.tensor([0.5, 1.0, 2.0, 0.0, 1.5]).to(x.dtype) if weighted else None
        return torch.nn.CrossEntropyLoss(weight, reduction=reduction, label_smoothing=smoothing)(x, t)

    assert_same(code, x, t)


@settings(max_examples=25)
@given(st.data())
def test_cross_entropy_of_any_shape_and_option(data: st.DataObject) -> None:
    classes = data.draw(st.integers(1, 5))
    batch = data.draw(st.integers(1, 4))
    more = tuple(data.draw(st.lists(st.integers(1, 3), max_size=3)))
    ignore = data.draw(st.sampled_from([-100, 0, 1]))
    reduction = data.draw(st.sampled_from(REDUCTIONS))
    smoothing = data.draw(st.sampled_from([0.0, 0.1, 0.9]))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x, t = rng.standard_normal((batch, classes, *more)), rng.integers(0, classes, (batch, *more))
    if (t == ignore).all():
        t = np.where(t == ignore, classes - 1, t)
        ignore = -100

    def code(torch: Any, x: Any, t: Any) -> Any:
        return torch.nn.functional.cross_entropy(x, t, ignore_index=ignore, reduction=reduction, label_smoothing=smoothing)

    assert_same(code, x, t)


def test_cross_entropy_derivatives_are_the_slopes() -> None:
    t = np.array([0, 2, 1])
    numeric_gradients(lambda torch, x, t: torch.nn.functional.cross_entropy(x, t), X[0, :3], t)
    numeric_gradients(
        lambda torch, x, t: torch.nn.functional.cross_entropy(x, t, ignore_index=1, label_smoothing=0.3), X[0, :3], t
    )
    numeric_gradients(lambda torch, x, t: torch.nn.functional.cross_entropy(x, t), X[0, :3], P[0, :3])


def test_cross_entropy_of_extreme_logits() -> None:
    inf = np.inf
    for x, t in (
        ([[1e4, -1e4, 0.0]], [1]),
        ([[0.0, -inf, 1.0]], [0]),
        ([[0.0, -inf, 1.0]], [1]),
        ([[0.0, -inf, 1.0], [1.0, 2.0, 3.0]], [-100, 1]),
        ([[1.0, 2.0, 3.0]], [-100]),
    ):
        for reduction in REDUCTIONS:

            def code(torch: Any, x: Any, t: Any, reduction: str = reduction) -> Any:
                return torch.nn.functional.cross_entropy(x, t, reduction=reduction)

            assert_same(code, np.array(x), np.array(t), order=1)


@pytest.mark.parametrize("loss", ["cross_entropy", "nll_loss"])
def test_an_empty_batch(loss: str) -> None:
    for reduction in REDUCTIONS:

        def code(torch: Any, x: Any, t: Any, reduction: str = reduction) -> Any:
            return getattr(torch.nn.functional, loss)(x, t, reduction=reduction)

        assert_same(code, np.zeros((0, 3)), np.zeros(0, dtype=np.int64), order=1)


@pytest.mark.parametrize(
    ("loss", "options"), [("cross_entropy", {}), ("nll_loss", {}), ("cross_entropy", {"label_smoothing": 0.25})]
)
def test_targets_without_any_weight(loss: str, options: dict[str, float]) -> None:
    def code(torch: Any, x: Any, t: Any) -> Any:
        weight = torch.tensor([1.0, 0.0, 1.0]).to(x.dtype)
        return getattr(torch.nn.functional, loss)(x, t, weight, **options)

    assert_same(code, X[0, :2], np.array([1, -100]), order=1)


def test_uint8_class_indices() -> None:
    t = np.array([0, 2, 1, 1], dtype=np.uint8)
    assert_same(lambda torch, x, t: torch.nn.functional.cross_entropy(x, t), X[0], t)


def test_the_gradient_of_cross_entropy_is_softmax_minus_one_hot() -> None:
    x = tg.tensor(X[0], requires_grad=True)
    nn.CrossEntropyLoss()(x, tg.tensor([0, 1, 2, 0])).backward()
    e = np.exp(X[0])
    expected = (e / e.sum(1, keepdims=True) - np.eye(3)[[0, 1, 2, 0]]) / 4
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-12)


# --------------------------------------------------------------------------------------------------- as in PyTorch


@pytest.mark.parametrize("name", losses.__all__)
def test_reprs_and_signatures(name: str) -> None:
    ours, theirs = (getattr(library.nn, name) for library in both())
    assert repr(ours()) == repr(theirs())
    mine, other = (inspect.signature(c).parameters.values() for c in (ours, theirs))
    assert [(p.name, p.default) for p in mine] == [(p.name, p.default) for p in other]


@pytest.mark.parametrize("name", [n for n in F.__all__ if n.endswith(("loss", "entropy", "logits", "kl_div"))])
def test_signatures_of_the_functions(name: str) -> None:
    mine, other = (inspect.signature(getattr(library.nn.functional, name)).parameters.values() for library in both())
    assert [(p.name, p.default) for p in mine] == [(p.name, p.default) for p in other]


@pytest.mark.parametrize("name", ["CrossEntropyLoss", "NLLLoss", "BCELoss", "BCEWithLogitsLoss"])
def test_weights_are_buffers(name: str) -> None:
    weight = [1.0, 2.0]
    for library in both():
        module = getattr(library.nn, name)(weight=library.tensor(weight))
        assert list(module.state_dict()) == ["weight"]
        assert module.double().weight.dtype is library.float64
        assert getattr(library.nn, name)().weight is None
    assert copy.deepcopy(getattr(nn, name)(weight=tg.tensor(weight))).weight.tolist() == weight


@pytest.mark.parametrize("flags", list(itertools.product([None, True, False], repeat=2)))
def test_the_old_flags(flags: tuple[bool | None, bool | None]) -> None:
    def code(torch: Any, x: Any, t: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.nn.functional.mse_loss(x, t, *flags) + torch.nn.MSELoss(*flags)(x, t)

    assert_same(code, X, T)
    if flags != (None, None):
        with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
            nn.MSELoss(*flags)


ERRORS = {
    "batch size": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(3, 4), torch.zeros(2).long()),
        r"Expected input batch_size \(3\) to match target batch_size \(2\)",
    ),
    "no batch": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(1, 4), torch.tensor(0)),
        r"Expected input batch_size \(1\) to match target batch_size \(0\)",
    ),
    "no dims": (lambda torch: torch.nn.functional.nll_loss(torch.tensor(0.0), torch.tensor(0)), "Expected 1 or more dim"),
    "1D with two targets": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(3), torch.zeros(2).long()),
        "For 1D input, target must be one class index",
    ),
    "out of range": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 3])),
        "Target 3 is out of bounds",
    ),
    "negative": (
        lambda torch: torch.nn.functional.nll_loss(torch.zeros(2, 3), torch.tensor([0, -1])),
        "Target -1 is out of bounds",
    ),
    "float indices": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.tensor([0.0, 1.0])),
        r"target dtype to be Long .*expected scalar type Long.* got tinygrad_mlp.float32.* use target.long\(\)",
    ),
    "int32 indices": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 1]).int()),
        "target dtype to be Long",
    ),
    "integer probabilities": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.zeros(2, 3).long()),
        "Expected floating point type for target with class probabilities",
    ),
    "multi-target": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.zeros(2, 2).long()),
        r"Expected target size \[2\], got \[2, 2\]",
    ),
    "spatial": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(2, 3, 4), torch.zeros(2, 5).long()),
        r"Expected target size \[2, 4\], got \[2, 5\]",
    ),
    "weight's shape": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.zeros(2).long(), torch.ones(2)),
        "defined either for all 3 classes or no classes but got weight tensor of shape: .2.",
    ),
    "weight's shape for probabilities": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.zeros(2, 3), torch.ones(2)),
        "defined either for all 3 classes",
    ),
    "weight's dtype": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.zeros(2).long(), torch.ones(3).double()),
        "expected a weight of dtype tinygrad_mlp.float32 but found tinygrad_mlp.float64",
    ),
    "weight's gradient": (
        lambda torch: torch.nn.functional.nll_loss(
            torch.zeros(2, 3, requires_grad=True), torch.zeros(2).long(), torch.ones(3, requires_grad=True)
        ),
        r"the derivative for 'weight' is not implemented; pass weight.detach\(\)",
    ),
    "smoothing": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.zeros(2).long(), label_smoothing=1.5),
        "label_smoothing must be between 0.0 and 1.0. Got: 1.5",
    ),
    "ignored probabilities": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.zeros(2, 3), ignore_index=1),
        "ignore_index is not supported for floating point target",
    ),
    "integer logits": (
        lambda torch: torch.nn.functional.cross_entropy(torch.zeros(2, 3).long(), torch.zeros(2).long()),
        "cross_entropy is not implemented for",
    ),
    "integers": (
        lambda torch: torch.nn.functional.mse_loss(torch.tensor([1]), torch.tensor([2])),
        r"mse_loss is not implemented for tinygrad_mlp.int64; cast the input with .float\(\)",
    ),
    "BCE of other shapes": (
        lambda torch: torch.nn.functional.binary_cross_entropy(torch.zeros(3), torch.zeros(2)),
        r"target size \(torch.Size\(\[2\]\)\) that is different to the input size \(torch.Size\(\[3\]\)\)",
    ),
    "BCE of other dtypes": (
        lambda torch: torch.nn.functional.binary_cross_entropy(torch.zeros(2), torch.zeros(2).double()),
        "Found dtype tinygrad_mlp.float64 but expected tinygrad_mlp.float32",
    ),
    "BCE of no probabilities": (
        lambda torch: torch.nn.functional.binary_cross_entropy(torch.tensor([1.5]), torch.zeros(1)),
        "all elements of input should be between 0 and 1",
    ),
    "BCE's weight's gradient": (
        lambda torch: torch.nn.functional.binary_cross_entropy(
            torch.zeros(2), torch.zeros(2), torch.ones(2, requires_grad=True)
        ),
        "the derivative for 'weight' is not implemented",
    ),
    "BCE's weight's shape": (
        lambda torch: torch.nn.functional.binary_cross_entropy(torch.zeros(2), torch.zeros(2), torch.ones(3, 2)),
        "expand",
    ),
    "logits of other shapes": (
        lambda torch: torch.nn.functional.binary_cross_entropy_with_logits(torch.zeros(3), torch.zeros(2)),
        "Target size .* must be the same as input size",
    ),
    "logits of integer targets": (
        lambda torch: torch.nn.functional.binary_cross_entropy_with_logits(torch.zeros(2), torch.zeros(2).long()),
        r"can't be cast to the desired output type tinygrad_mlp.int64; use target.to\(input\)",
    ),
    "logits' pos_weight's gradient": (
        lambda torch: torch.nn.functional.binary_cross_entropy_with_logits(
            torch.zeros(2, requires_grad=True), torch.zeros(2), pos_weight=torch.ones(2, requires_grad=True)
        ),
        "the derivative for 'pos_weight' is not implemented",
    ),
    "delta": (lambda torch: torch.nn.HuberLoss(delta=0.0)(torch.zeros(1), torch.zeros(1)), "non-positive values for delta"),
    "beta": (lambda torch: torch.nn.SmoothL1Loss(beta=-1.0)(torch.zeros(1), torch.zeros(1)), "negative values for beta"),
    "regression weight": (
        lambda torch: torch.nn.functional.mse_loss(torch.zeros(2), torch.zeros(2), weight=torch.ones(1)),
        "Weights and input must have the same size",
    ),
}


@pytest.mark.parametrize("what", ERRORS)
def test_errors(what: str) -> None:
    assert_same_error(*ERRORS[what])


@pytest.mark.parametrize("name", losses.__all__)
def test_an_unknown_reduction(name: str) -> None:
    def code(torch: Any) -> Any:
        target = torch.zeros(2).long() if name in ("CrossEntropyLoss", "NLLLoss") else torch.zeros(2, 3)
        return getattr(torch.nn, name)(reduction="average")(torch.zeros(2, 3), target)

    assert_same_error(code, "'?average'? is not a valid value for reduction")


def test_float32_and_float64_mix_as_in_pytorch() -> None:
    for library in both():
        loss = library.nn.functional.mse_loss(library.ones(2), library.ones(2, dtype=library.float64))
        assert loss.dtype is library.float64
