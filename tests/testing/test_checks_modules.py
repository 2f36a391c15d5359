"""check_module: the library's modules pass, and each check notices what it is there for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sound import Layer, WrongSecond, WrongTanh, X

import tinygrad_mlp as tg
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.testing.checks import (
    MODULE_CHECKS,
    CheckError,
    check_module,
)

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
    families = ("activations", "dropout", "embedding", "linear", "normalisation")  # tests/nn checks what is imported later
    public = {n for n in nn.__all__ if getattr(getattr(nn, n), "__module__", "").rpartition(".")[2] in families}
    assert {"Linear", "ReLU", "BatchNorm1d"} <= public <= set(MODULES)


# --------------------------------------------------------------------------------------- broken modules, one a check


class GivesNumbers(Layer):
    def forward(self, x: Any) -> Any:
        return float(super().forward(x).sum().item())


class WrongInputGradient(nn.Module):
    def forward(self, x: Any) -> Any:
        return WrongTanh.apply(x)


class WrongSecondDerivative(nn.Module):
    def forward(self, x: Any) -> Any:
        return WrongSecond.apply(x)


class WrongParameterGradient(Layer):
    def forward(self, x: Any) -> Any:
        return F.linear(x, self.weight) + WrongTanh.apply(self.bias)


class Unregistered(Layer):
    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(2, 2)]


class Detaches(Layer):
    def forward(self, x: Any) -> Any:
        return F.linear(x, self.weight, self.bias.detach())


class CountsCalls(Layer):
    calls = 0

    def forward(self, x: Any) -> Any:
        CountsCalls.calls += 1
        return super().forward(x) * CountsCalls.calls


class DropsAlways(Layer):
    def forward(self, x: Any) -> Any:
        return F.dropout(super().forward(x), 0.5, training=True)


class WritesToInput(Layer):
    def forward(self, x: Any) -> Any:
        with tg.no_grad():
            x.mul_(1.5)
        return super().forward(x)


class KeepsItsMode(Layer):
    def train(self, mode: bool = True) -> Any:
        return self


class MovesStatisticsAlways(Layer):
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


class HidesState(Layer):
    def __init__(self) -> None:
        super().__init__()
        self.mean = tg.zeros(3, dtype=tg.float64)

    def forward(self, x: Any) -> Any:
        if self.training:
            self.mean = self.mean + 0.5
        return super().forward(x - self.mean.to(x.dtype))


class LoadsAnything(Layer):
    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> Any:
        fitting = {k: v for k, v in state_dict.items() if k in self.state_dict() and v.shape == self.state_dict()[k].shape}
        return super().load_state_dict(fitting, strict=False)


class CopiesShallowly(Layer):
    def __deepcopy__(self, memo: Any) -> Any:
        twin = Layer()
        twin.weight, twin.bias = self.weight, self.bias
        return twin


SHARED = nn.Parameter(tg.ones(3, dtype=tg.float64))


class SharesParameters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = SHARED

    def forward(self, x: Any) -> Any:
        return x * self.weight


class SetsGradients(Layer):
    def forward(self, x: Any) -> Any:
        self.bias.grad = None
        return super().forward(x)


class KeepsGradients(Layer):
    def zero_grad(self, set_to_none: bool = True) -> None:
        pass


class Widens(Layer):
    def forward(self, x: Any) -> Any:
        return super().forward(x) * tg.full((2,), 0.5, dtype=tg.float64)


class MixesRows(Layer):
    def forward(self, x: Any) -> Any:
        return super().forward(x - x.mean())


class Thaws(Layer):
    def forward(self, x: Any) -> Any:
        return super().forward(x).requires_grad_()


class ThawsParameters(Layer):
    def forward(self, x: Any) -> Any:
        self.bias.requires_grad_()
        return super().forward(x)


class IgnoresNoGrad(Layer):
    def forward(self, x: Any) -> Any:
        with tg.enable_grad():
            return super().forward(x)


class Unprintable(Layer):
    def extra_repr(self) -> Any:
        return 3

    def __repr__(self) -> str:
        return "a layer"


class ReadsMemory(nn.Module):
    def forward(self, x: Any) -> Any:
        order = np.argsort(x._data.strides)[::-1]
        return x * float(1 + int(order[0]))


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
    check_module(Layer, X)
