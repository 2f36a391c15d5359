"""The check suites: everything of the library's own passes them, and each check notices what it is there for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

import tinygrad_mlp as tg
from tinygrad_mlp import nn, optim
from tinygrad_mlp.errors import ArgumentError
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing import checks
from tinygrad_mlp.testing.checks import (
    LOSS_CHECKS,
    MODULE_CHECKS,
    OPTIMIZER_CHECKS,
    CheckError,
    assert_equivalent,
    assert_gradients_match,
    check_loss,
    check_module,
    check_optimizer,
)
from tinygrad_mlp.testing.checks.suite import Found, expect_equal
from tinygrad_mlp.testing.strategies import broadcastable_tensors, matmul_operands, tensors

# Twelve numbers without ties, away from 0, ±0.5, ±1, ±3.
X = tg.from_numpy(np.random.default_rng(0).permutation(12).reshape(4, 3) * 0.3 - 1.57)
Y = tg.from_numpy(np.random.default_rng(1).random((4, 3)))
LABELS = tg.tensor([0, 2, 1, 1])

# ------------------------------------------------------------------------------------------------ the library's own

MODULES: dict[str, tuple[Any, ...]] = {  # how to make it, its inputs, checks that do not apply
    **{name: (getattr(nn, name), X) for name in nn.activations.__all__ if "Softmax" not in name},
    "Softmax": (lambda: nn.Softmax(-1), X),
    "LogSoftmax": (lambda: nn.LogSoftmax(-1), X),
    "Linear": (lambda: nn.Linear(3, 2), X),
    "Linear without bias": (lambda: nn.Linear(3, 2, bias=False), X),
    "Bilinear": (lambda: nn.Bilinear(3, 2, 2), (X, X[:, :2])),
    "Identity": (nn.Identity, X),
    "Flatten": (nn.Flatten, X.reshape(2, 3, 2)),
    "Unflatten": (lambda: nn.Unflatten(1, (3, 1)), X),
    "Dropout": (nn.Dropout, X),
    "Embedding": (lambda: nn.Embedding(5, 2), tg.tensor([[1, 2], [0, 1]])),
    "Embedding, padded": (lambda: nn.Embedding(5, 2, padding_idx=0), tg.tensor([[1, 2], [0, 1]]), "parameter_gradients"),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(3), X),
    "BatchNorm1d, plain": (lambda: nn.BatchNorm1d(3, affine=False), X),
    "LayerNorm": (lambda: nn.LayerNorm(3), X),
    "LayerNorm, plain": (lambda: nn.LayerNorm(3, elementwise_affine=False), X),
    "Sequential": (
        lambda: nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.GELU(), nn.Dropout(0.3), nn.Linear(2, 2)),
        X,
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_own_modules(name: str) -> None:
    factory, inputs, *skip = MODULES[name]
    check_module(factory, inputs, skip=skip)


def test_no_module_is_left_out() -> None:
    containers = {"Module", "ModuleDict", "ModuleList", "ParameterList"}
    public = {n for n in nn.__all__ if isinstance(getattr(nn, n), type) and issubclass(getattr(nn, n), nn.Module)}
    assert public - containers - set(nn.losses.__all__) <= set(MODULES)


LOG_P = F.log_softmax(X, 1)
LOSSES: dict[str, tuple[Callable[..., Any], tg.Tensor, tg.Tensor, dict[str, Any]]] = {
    "MSELoss": (nn.MSELoss, X, Y.clone().requires_grad_(), {"perfect": Y}),
    "L1Loss": (nn.L1Loss, X, Y.clone().requires_grad_(), {"perfect": Y}),
    "SmoothL1Loss": (nn.SmoothL1Loss, X, Y, {"perfect": Y}),
    "HuberLoss": (nn.HuberLoss, X, Y, {"perfect": Y}),
    "CrossEntropyLoss": (nn.CrossEntropyLoss, X, LABELS, {}),
    "CrossEntropyLoss of distributions": (nn.CrossEntropyLoss, X, F.softmax(Y, 1), {}),
    "CrossEntropyLoss, weighted": (  # whose mean is weighted, too
        lambda **options: nn.CrossEntropyLoss(weight=tg.tensor([1.0, 2.0, 3.0]), label_smoothing=0.1, **options),
        X,
        LABELS,
        {"skip": ["reductions_consistent"]},
    ),
    "NLLLoss": (nn.NLLLoss, LOG_P, LABELS, {}),
    "BCELoss": (nn.BCELoss, tg.sigmoid(X), Y, {}),
    "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss, X, Y, {}),
    "KLDivLoss": (nn.KLDivLoss, LOG_P, F.softmax(Y, 1), {"perfect": F.log_softmax(Y, 1)}),
    "mse_loss": (lambda reduction: lambda x, t: F.mse_loss(x, t, reduction=reduction), X, Y, {"perfect": Y}),
}


@pytest.mark.parametrize("name", LOSSES)
def test_own_losses(name: str) -> None:
    loss, prediction, target, options = LOSSES[name]
    check_loss(loss, prediction, target, **options)


def test_no_loss_is_left_out() -> None:
    assert set(nn.losses.__all__) <= set(LOSSES)


OPTIMIZERS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "SGD": (optim.SGD, {"lr": 0.1}),
    "SGD, Nesterov": (optim.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "SGD, dampened, up": (optim.SGD, {"lr": 0.01, "momentum": 0.9, "dampening": 0.1, "maximize": True}),
    "Adam": (optim.Adam, {}),
    "Adam, AMSGrad": (optim.Adam, {"amsgrad": True, "weight_decay": 0.1}),
    "AdamW": (optim.AdamW, {}),
    "NAdam": (optim.NAdam, {}),
    "RMSprop": (optim.RMSprop, {}),
    "RMSprop, everything": (optim.RMSprop, {"momentum": 0.5, "centered": True}),
    "Adagrad": (optim.Adagrad, {"lr_decay": 0.1}),
    "Adadelta": (optim.Adadelta, {}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_own_optimizers(name: str) -> None:
    cls, options = OPTIMIZERS[name]
    check_optimizer(cls, **options)


def test_no_optimizer_is_left_out() -> None:
    assert set(optim.__all__) - {"Optimizer", "lr_scheduler"} <= set(OPTIMIZERS)


# --------------------------------------------------------------------------------------- broken modules, one a check


class _Layer(nn.Module):
    """A layer with nothing wrong, for the broken ones to start from."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(tg.rand(2, 3))
        self.bias = nn.Parameter(tg.rand(2))

    def forward(self, x: Any) -> Any:
        return tg.tanh(F.linear(x, self.weight, self.bias))


class GivesNumbers(_Layer):
    def forward(self, x: Any) -> Any:
        return float(super().forward(x).sum().item())


class _WrongTanh(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = tg.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (y,) = ctx.saved_tensors
        return g * (1 - y)


class WrongInputGradient(nn.Module):
    def forward(self, x: Any) -> Any:
        return _WrongTanh.apply(x)


class WrongSecondDerivative(nn.Module):
    def forward(self, x: Any) -> Any:
        return _WrongSecond.apply(x)


class WrongParameterGradient(_Layer):
    def forward(self, x: Any) -> Any:
        return F.linear(x, self.weight) + _WrongTanh.apply(self.bias)


class Unregistered(_Layer):
    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(2, 2)]


class Detaches(_Layer):
    def forward(self, x: Any) -> Any:
        return F.linear(x, self.weight, self.bias.detach())


class CountsCalls(_Layer):
    calls = 0

    def forward(self, x: Any) -> Any:
        CountsCalls.calls += 1
        return super().forward(x) * CountsCalls.calls


class DropsAlways(_Layer):
    def forward(self, x: Any) -> Any:
        return F.dropout(super().forward(x), 0.5, training=True)


class WritesToInput(_Layer):
    def forward(self, x: Any) -> Any:
        with tg.no_grad():
            x.mul_(1.5)
        return super().forward(x)


class KeepsItsMode(_Layer):
    def train(self, mode: bool = True) -> Any:
        return self


class MovesStatisticsAlways(_Layer):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", tg.zeros(()))

    def forward(self, x: Any) -> Any:
        self.count += 1
        return super().forward(x)


class TurnsGradientsOff(nn.Module):
    def forward(self, x: Any) -> Any:
        y = x * 2
        tg.set_grad_enabled(False)
        return y


class HidesState(_Layer):
    def __init__(self) -> None:
        super().__init__()
        self.mean = tg.zeros(3, dtype=tg.float64)

    def forward(self, x: Any) -> Any:
        if self.training:
            self.mean = self.mean + 0.5
        return super().forward(x - self.mean.to(x.dtype))


class LoadsAnything(_Layer):
    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> Any:
        fitting = {k: v for k, v in state_dict.items() if k in self.state_dict() and v.shape == self.state_dict()[k].shape}
        return super().load_state_dict(fitting, strict=False)


class CopiesShallowly(_Layer):
    def __deepcopy__(self, memo: Any) -> Any:
        twin = _Layer()
        twin.weight, twin.bias = self.weight, self.bias
        return twin


SHARED = nn.Parameter(tg.ones(3, dtype=tg.float64))


class SharesParameters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = SHARED

    def forward(self, x: Any) -> Any:
        return x * self.weight


class SetsGradients(_Layer):
    def forward(self, x: Any) -> Any:
        self.bias.grad = None
        return super().forward(x)


class KeepsGradients(_Layer):
    def zero_grad(self, set_to_none: bool = True) -> None:
        pass


class Widens(_Layer):
    def forward(self, x: Any) -> Any:
        return super().forward(x) * tg.full((2,), 0.5, dtype=tg.float64)


class MixesRows(_Layer):
    def forward(self, x: Any) -> Any:
        return super().forward(x - x.mean())


class Thaws(_Layer):
    def forward(self, x: Any) -> Any:
        return super().forward(x).requires_grad_()


class ThawsParameters(_Layer):
    def forward(self, x: Any) -> Any:
        self.bias.requires_grad_()
        return super().forward(x)


class IgnoresNoGrad(_Layer):
    def forward(self, x: Any) -> Any:
        with tg.enable_grad():
            return super().forward(x)


class Unprintable(_Layer):
    def extra_repr(self) -> Any:
        return 3

    def __repr__(self) -> str:
        return "a layer"


class ReadsMemory(nn.Module):
    def forward(self, x: Any) -> Any:
        order = np.argsort(x._data.strides)[::-1]
        return x * float(1 + int(order[0]))


class LooksAtValues(_Layer):
    def forward(self, x: Any) -> Any:
        return super().forward(x) * (1.0 if x.sum().item() > 1e9 else 0.5)


BROKEN_MODULES: list[tuple[str, Callable[[], Any], Any]] = [
    ("returns_tensors", GivesNumbers, X),
    ("input_gradients", WrongInputGradient, X),
    ("input_gradients", WrongSecondDerivative, X),
    ("parameter_gradients", WrongParameterGradient, X),
    ("parameters_registered", Unregistered, X),
    ("parameters_used", Detaches, X),
    ("deterministic", CountsCalls, X),
    ("deterministic", DropsAlways, X),
    ("inputs_unchanged", WritesToInput, X),
    ("modes_respected", KeepsItsMode, X),
    ("modes_respected", MovesStatisticsAlways, X),
    ("grad_mode_and_defaults_kept", TurnsGradientsOff, X),
    ("state_dict_round_trip", HidesState, X),
    ("state_dict_strict", LoadsAnything, X),
    ("deepcopy_independent", CopiesShallowly, X),
    ("instances_independent", SharesParameters, X),
    ("gradients_accumulate", SetsGradients, X),
    ("gradients_accumulate", KeepsGradients, X),
    ("dtypes_kept", Widens, X),
    ("batch_rows_independent", MixesRows, X),
    ("frozen_stays_frozen", Thaws, X),
    ("frozen_stays_frozen", ThawsParameters, X),
    ("no_grad_respected", IgnoresNoGrad, X),
    ("printable", Unprintable, X),
    ("layout_does_not_matter", ReadsMemory, X),
    ("compiles", LooksAtValues, X),
]


@pytest.mark.parametrize("check, factory, inputs", BROKEN_MODULES, ids=lambda v: getattr(v, "__name__", None))
def test_broken_modules_are_noticed(check: str, factory: Callable[[], Any], inputs: Any) -> None:
    with pytest.raises(CheckError) as info:
        check_module(factory, inputs)
    assert check in info.value.failures
    text = str(info.value)
    assert text.startswith(
        f"check_module({factory.__name__}): {len(info.value.failures)} of {len(MODULE_CHECKS)} checks failed"
    )
    assert all(word in info.value.failures[check] for word in ("expected: ", "saw: ", "do: "))


def test_every_module_check_has_a_module_that_fails_it() -> None:
    assert {check for check, _, _ in BROKEN_MODULES} == set(MODULE_CHECKS)


def test_a_sound_layer_passes() -> None:
    check_module(_Layer, X)


# ---------------------------------------------------------------------------------------- broken losses, one a check


def _loss(each: Callable[[Any, Any], Any], **special: Callable[[Any], Any]) -> Callable[..., Any]:
    """A loss from its elements, with sound reductions but for the special ones."""
    reductions: dict[str, Callable[[Any], Any]] = {
        "none": lambda v: v,
        "mean": lambda v: v.mean(),
        "sum": lambda v: v.sum(),
        **special,
    }

    def make(reduction: str = "mean") -> Callable[[Any, Any], Any]:
        if reduction not in reductions and "anything" not in special:
            raise ValueError(reduction)
        return lambda x, t: reductions.get(reduction, reductions["mean"])(each(x, t))

    return make


def _squares(x: Any, t: Any) -> Any:
    if x.shape != t.shape:
        raise ValueError("shapes")
    return (x - t) ** 2


BROKEN_LOSSES: list[tuple[str, Callable[..., Any]]] = [
    ("reductions_consistent", _loss(_squares, mean=lambda v: v.sum() / len(v))),
    ("reductions_consistent", _loss(_squares, sum=lambda v: v.sum(0))),
    ("reductions_consistent", _loss(_squares, anything=lambda v: v)),
    ("zero_when_perfect", _loss(lambda x, t: _squares(x, t) + 0.1)),
    ("not_negative", _loss(lambda x, t: _squares(x, t) - 100)),
    ("shapes_checked", _loss(lambda x, t: _squares(x, t[: len(x)]))),
    ("descends", _loss(lambda x, t: _squares(_Flipped.apply(x), t))),
    ("rows_permute", _loss(lambda x, t: _squares(x, t) * tg.arange(1.0, 5.0).reshape(4, 1).to(x.dtype))),
    ("input_gradients", _loss(lambda x, t: _squares(_WrongTanh.apply(x), t))),
]


class _Flipped(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return -g


@pytest.mark.parametrize("check, loss", BROKEN_LOSSES)
def test_broken_losses_are_noticed(check: str, loss: Callable[..., Any]) -> None:
    with pytest.raises(CheckError, match=r"check_loss\(make\)") as info:
        check_loss(loss, X, Y, perfect=Y)
    assert check in info.value.failures


def test_every_loss_check_has_a_loss_that_fails_it() -> None:
    assert {check for check, _ in BROKEN_LOSSES} >= set(LOSS_CHECKS) - set(MODULE_CHECKS)


def test_a_sound_loss_passes() -> None:
    check_loss(_loss(_squares), X, Y, perfect=Y)
    check_loss(lambda: lambda x, t: _squares(x, t).mean(), X, Y, reductions=())


# ------------------------------------------------------------------------------------ broken optimizers, one a check


class _Descent(optim.Optimizer):
    """Momentum with nothing wrong, for the broken ones to start from."""

    def __init__(self, params: Any, lr: float = 0.05) -> None:
        super().__init__(params, {"lr": lr})

    def initial_state(self, p: Any, group: Any) -> Any:
        return {"velocity": tg.zeros_like(p)}

    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        state["velocity"].mul_(0.5).add_(g)
        p.sub_(state["velocity"] * group["lr"])


class Ascends(_Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        p.add_(g * group["lr"])


class ForgetsScalars(_Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        if p.ndim:
            super().update(p, g, state, group)


class KeepsStateInTheClass(_Descent):
    steps = 0

    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        KeepsStateInTheClass.steps += 1
        p.sub_(g * group["lr"] / KeepsStateInTheClass.steps)


class ReplacesMemory(_Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        p.data = p.detach() - g * group["lr"]


class WritesGradients(_Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        g.add_(p.detach() * 0.1)
        p.sub_(g * group["lr"])


class DecaysEverything(_Descent):
    def step(self, closure: Any = None) -> Any:
        result = super().step(closure)
        with tg.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    p.mul_(1 - 0.1 * group["lr"])
        return result


class DecaysWithoutLr(_Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        p.mul_(0.999)
        super().update(p, g, state, group)


class TakesAnything(_Descent):
    ranges = {}


class OneLrForAll(_Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        super().update(p, g, state, self.param_groups[0])


class StateOutside(_Descent):
    def __init__(self, params: Any, lr: float = 0.05) -> None:
        super().__init__(params, lr)
        self.velocities: dict[int, Any] = {}

    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        velocity = self.velocities.setdefault(id(p), tg.zeros_like(p))
        velocity.mul_(0.5).add_(g)
        p.sub_(velocity * group["lr"])


class SwallowsTheLoss(_Descent):
    def step(self, closure: Any = None) -> Any:
        super().step(closure)


class KeepsOldGradients(_Descent):
    def zero_grad(self, set_to_none: bool = True) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad = p.grad * 0.5


class WideState(_Descent):
    def initial_state(self, p: Any, group: Any) -> Any:
        return {"velocity": tg.zeros(p.shape, dtype=tg.float32)}


class FixedLr(_Descent):
    def __init__(self, params: Any, lr: float = 0.05) -> None:
        super().__init__(params, lr)
        self.lr = lr

    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        p.sub_(g * self.lr)


class LooksAtGradients(_Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        if g.abs().sum().item() > 0:
            super().update(p, g, state, group)


class Nameless(_Descent):
    def __repr__(self) -> str:
        return "an optimizer"


BROKEN_OPTIMIZERS: list[tuple[str, Callable[..., Any]]] = [
    ("minimizes", Ascends),
    ("every_parameter_moves", ForgetsScalars),
    ("same_again", KeepsStateInTheClass),
    ("writes_in_place", ReplacesMemory),
    ("gradients_untouched", WritesGradients),
    ("skips_without_gradient", DecaysEverything),
    ("zero_learning_rate", DecaysWithoutLr),
    ("options_checked", TakesAnything),
    ("groups_respected", OneLrForAll),
    ("state_dict_resumes", StateOutside),
    ("closure_called", SwallowsTheLoss),
    ("zero_grad_clears", KeepsOldGradients),
    ("parameter_dtypes_kept", WideState),
    ("scheduler_drives", FixedLr),
    ("step_compiles", LooksAtGradients),
    ("shows_its_options", Nameless),
]


@pytest.mark.parametrize("check, cls", BROKEN_OPTIMIZERS)
def test_broken_optimizers_are_noticed(check: str, cls: Callable[..., Any]) -> None:
    with pytest.raises(
        CheckError, match=rf"check_optimizer\({cls.__name__}\): \d+ of {len(OPTIMIZER_CHECKS)} checks"
    ) as info:
        check_optimizer(cls)
    assert check in info.value.failures


def test_every_optimizer_check_has_an_optimizer_that_fails_it() -> None:
    assert {check for check, _ in BROKEN_OPTIMIZERS} == set(OPTIMIZER_CHECKS)


def test_a_sound_optimizer_passes() -> None:
    check_optimizer(_Descent)


# -------------------------------------------------------------------------------------------------- running a suite


def test_skipping() -> None:
    check_module(LooksAtValues, X, skip=["compiles"])
    check_module(MixesRows, X, batched=False)
    check_module(MixesRows, X, skip="batch_rows_independent")
    check_optimizer(Nameless, skip="shows_its_options")
    with pytest.raises(ValueError, match="no_such_check; the checks are returns_tensors, "):
        check_module(_Layer, X, skip=["no_such_check"])


def test_a_suite_leaves_the_random_numbers_and_the_modes_alone() -> None:
    state = tg.get_rng_state()
    with pytest.raises(CheckError):
        check_module(TurnsGradientsOff, X)
    assert tg.is_grad_enabled()
    assert tg.get_rng_state().equal(state)


def test_an_error_in_the_code_under_test_is_a_failure_of_the_check() -> None:
    class Raises(nn.Module):
        def forward(self, x: Any) -> Any:
            raise KeyError("missing")

    with pytest.raises(CheckError, match="saw: KeyError: 'missing'"):
        check_module(Raises, X)


def test_every_check_says_what_it_promises() -> None:
    for suite in (MODULE_CHECKS, LOSS_CHECKS, OPTIMIZER_CHECKS):
        assert all(check.__doc__ and check.__doc__.endswith(".") for check in suite.values())


# --------------------------------------------------------------------------------------------------------- functions


def test_gradients_of_functions() -> None:
    assert_gradients_match(tg.tanh, X.float())
    assert_gradients_match(tg.tanh, X.numpy())
    assert_gradients_match(lambda x, n: x**n, X, 3)
    assert_gradients_match(lambda a, b: a / (b * b + 1), broadcastable_tensors(2), examples=20)
    assert_gradients_match(tg.matmul, matmul_operands(), examples=20)
    with pytest.raises(CheckError, match=r"assert_gradients_match\(apply\): gradcheck: .*0\.1"):
        assert_gradients_match(_WrongTanh.apply, tg.tensor([0.1]))
    with pytest.raises(CheckError, match="assert_gradients_match"):
        assert_gradients_match(_WrongTanh.apply, tensors(), examples=20)


class _WrongSecond(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * x.detach() ** 2


def test_second_derivatives_are_checked() -> None:
    assert_gradients_match(_WrongSecond.apply, X, order=1)
    with pytest.raises(CheckError, match="gradient of input 0"):
        assert_gradients_match(_WrongSecond.apply, X)
    assert_equivalent(_WrongSecond.apply, lambda x: x**3, X, order=1)
    with pytest.raises(CheckError, match="the second derivatives part: gradient of input 0, element"):
        assert_equivalent(_WrongSecond.apply, lambda x: x**3, X)


def test_equivalence() -> None:
    assert_equivalent(F.softplus, lambda x: tg.log1p(tg.exp(x)), tensors(), examples=20)
    assert_equivalent(tg.add, lambda a, b: b + a, broadcastable_tensors(2), examples=20)
    assert_equivalent(lambda x: x.sort()[0], lambda x: x.sort()[0], X)
    with pytest.raises(CheckError, match="the gradients part: gradient of input 0, element"):
        assert_equivalent(lambda x: x, lambda x: x.detach() + 0 * x, X)
    with pytest.raises(CheckError, match=r"the values part: result 0 has float64 \(3,\) and float64 \(4,\)"):
        assert_equivalent(lambda x: x.sum(0), lambda x: x.sum(1), X)
    with pytest.raises(CheckError, match="1 results and 2"):
        assert_equivalent(lambda x: x, lambda x: (x, x), X)


def test_the_element_that_is_named_is_one_that_differs() -> None:
    a, b = np.array([1.0, 2.0]), np.array([1.0 + 1e-13, 3.0])
    with pytest.raises(Found, match=r"result 0, element \(1,\), is 2.0 and 3.0"):
        expect_equal([a], [b], "", rtol=1e-9)
    expect_equal([a], [np.array([1.0 + 1e-13, 2.0])], "", rtol=1e-9)


def test_strategies_beside_plain_arguments() -> None:
    assert_equivalent(lambda x, k: x * k, lambda x, k: k * x, tensors(), 3, examples=20)
    assert_gradients_match(lambda x, k: x * k, tensors(), st.integers(1, 3), examples=20)


def test_the_public_names() -> None:
    assert all(callable(getattr(checks, name)) or isinstance(getattr(checks, name), dict) for name in checks.__all__)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: check_module(nn.Tanh(), X), r"new module .*, as lambda: Tanh\(\.\.\.\), not one that is made"),
        (lambda: check_module(nn.Linear, X), r"new module .* makes one; Linear\(\) raised TypeError: .*in_features"),
        (lambda: check_module(lambda: nn.Tanh, X), r"new module .*; <lambda>\(\) gave <class .*Tanh"),
        (lambda: check_module(3, X), r"new module .*; int\(\) raised TypeError: 'int' object is not callable"),
        (lambda: check_module(lambda: 3, X), r"new module .*; <lambda>\(\) gave 3"),
        (lambda: check_loss(nn.MSELoss(), X, Y), r"new loss .*, as lambda reduction: MSELoss\(\.\.\.\), not one that is made"),
        (lambda: check_loss(nn.MSELoss(), X, Y, reductions=()), r"new loss .*, as lambda: MSELoss"),
        (lambda: check_loss(F.mse_loss, X, Y), r"new loss .*; mse_loss\(reduction\) raised TypeError: .*input"),
        (lambda: check_loss(lambda reduction: nn.MSELoss, X, Y), r"new loss .*; <lambda>\(reduction\) gave <class .*MSELoss"),
        (lambda: check_loss(lambda: None, X, Y, reductions=()), r"new loss .*; <lambda>\(\) gave None"),
        (lambda: check_optimizer(optim.SGD([tg.ones(1)], 0.1)), r"new optimizer .*, as lambda params: SGD\(\.\.\.\), not one"),
        (lambda: check_optimizer(optim.SGD, speed=2), r"new optimizer .*; SGD\(params\) raised ArgumentError: .*speed"),
        (lambda: check_optimizer(lambda params: optim.SGD), r"new optimizer .*; <lambda>\(params\) gave <class .*SGD"),
        (lambda: check_optimizer(list), r"new optimizer .*; list\(params\) gave \[tensor"),
    ],
)  # fmt: skip
def test_what_is_not_what_makes_one_is_named(check: Callable[[], None], message: str) -> None:
    state = tg.get_rng_state()
    with pytest.raises(ArgumentError, match="(?s)" + message) as info:
        check()
    assert str(info.value).startswith("check_")
    assert tg.get_rng_state().equal(state)


def test_functions_that_make_one_will_do() -> None:
    check_module(lambda: tg.tanh, X)
    check_optimizer(lambda params, lr=0.1: optim.SGD(params, lr))
