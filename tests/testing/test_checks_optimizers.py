"""check_optimizer: the library's optimizers pass, and each check notices what it is there for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sound import Descent

import tinygrad_mlp as tg
from tinygrad_mlp import optim
from tinygrad_mlp.testing.checks import (
    OPTIMIZER_CHECKS,
    CheckError,
    check_optimizer,
)

OPTIMIZERS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "SGD": (optim.SGD, {"lr": 0.1}),
    "SGD, Nesterov": (optim.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "SGD, dampened, up": (optim.SGD, {"lr": 0.01, "momentum": 0.9, "dampening": 0.1, "maximize": True}),
    "Adam": (optim.Adam, {}),
    "Adam, AMSGrad": (optim.Adam, {"amsgrad": True, "weight_decay": 0.1}),
    "AdamW": (optim.AdamW, {}),
    "NAdam": (optim.NAdam, {}),
    "ASGD": (optim.ASGD, {"t0": 1}),
    "Adamax": (optim.Adamax, {}),
    "RAdam": (optim.RAdam, {}),
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
    assert set(optim.__all__) - {
        "LBFGS",
        "Optimizer",
        "Rprop",
        "lr_scheduler",
        "swa_utils",
    }  # whose lr is a start, or that ask for a closure <= set(OPTIMIZERS)


# ------------------------------------------------------------------------------------ broken optimizers, one a check


class Ascends(Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        p.add_(g * group["lr"])


class ForgetsScalars(Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        if p.ndim:
            super().update(p, g, state, group)


class KeepsStateInTheClass(Descent):
    steps = 0

    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        KeepsStateInTheClass.steps += 1
        p.sub_(g * group["lr"] / KeepsStateInTheClass.steps)


class ReplacesMemory(Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        p.data = p.detach() - g * group["lr"]


class WritesGradients(Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        g.add_(p.detach() * 0.1)
        p.sub_(g * group["lr"])


class DecaysEverything(Descent):
    def step(self, closure: Any = None) -> Any:
        result = super().step(closure)
        with tg.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    p.mul_(1 - 0.1 * group["lr"])
        return result


class DecaysWithoutLr(Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        p.mul_(0.999)
        super().update(p, g, state, group)


class TakesAnything(Descent):
    ranges = {}


class OneLrForAll(Descent):
    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        super().update(p, g, state, self.param_groups[0])


class StateOutside(Descent):
    def __init__(self, params: Any, lr: float = 0.05) -> None:
        super().__init__(params, lr)
        self.velocities: dict[int, Any] = {}

    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        velocity = self.velocities.setdefault(id(p), tg.zeros_like(p))
        velocity.mul_(0.5).add_(g)
        p.sub_(velocity * group["lr"])


class SwallowsTheLoss(Descent):
    def step(self, closure: Any = None) -> Any:
        super().step(closure)


class KeepsOldGradients(Descent):
    def zero_grad(self, set_to_none: bool = True) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad = p.grad * 0.5


class WideState(Descent):
    def initial_state(self, p: Any, group: Any) -> Any:
        return {"velocity": tg.zeros(p.shape, dtype=tg.float32)}


class FixedLr(Descent):
    def __init__(self, params: Any, lr: float = 0.05) -> None:
        super().__init__(params, lr)
        self.lr = lr

    def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
        p.sub_(g * self.lr)


class Nameless(Descent):
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
    check_optimizer(Descent)
