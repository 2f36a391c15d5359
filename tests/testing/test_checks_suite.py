"""How a suite of checks runs: what is skipped, what is left alone, what the errors say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sound import Layer, X, Y
from test_checks_modules import MixesRows, TurnsGradientsOff, Unprintable
from test_checks_optimizers import Nameless

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
    check_loss,
    check_module,
    check_optimizer,
)
from tinygrad_mlp.testing.checks.suite import FailedCheck, expect_equal


def test_skipping() -> None:
    check_module(Unprintable, X, skip=["printable"])
    check_module(MixesRows, X, batched=False)
    check_module(MixesRows, X, skip="batch_rows_independent")
    check_optimizer(Nameless, skip="shows_its_options")
    with pytest.raises(ValueError, match="no_such_check; the checks are returns_tensors, "):
        check_module(Layer, X, skip=["no_such_check"])


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


def test_the_element_that_is_named_is_one_that_differs() -> None:
    a, b = np.array([1.0, 2.0]), np.array([1.0 + 1e-13, 3.0])
    with pytest.raises(FailedCheck, match=r"result 0, element \(1,\), is 2.0 and 3.0"):
        expect_equal([a], [b], "", rtol=1e-9)
    expect_equal([a], [np.array([1.0 + 1e-13, 2.0])], "", rtol=1e-9)


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
