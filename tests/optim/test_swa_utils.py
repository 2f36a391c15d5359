"""Averages of weights: their formulas, beside PyTorch's, their state_dicts, and batch statistics anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinygrad_mlp as tg
from tinygrad_mlp.optim import swa_utils

VALUES = (1.0, 3.0, 8.0, -2.0)


def model_of(lib: Any, value: float) -> Any:
    model = lib.nn.Sequential(lib.nn.Linear(2, 2), lib.nn.BatchNorm1d(2))
    with lib.no_grad():
        for parameter in model.parameters():
            parameter.fill_(value)
        for buffer in model.buffers():
            buffer.fill_(value if buffer.dtype.is_floating_point else int(value))
    return model


def averages(lib: Any, swa: Any, **options: Any) -> dict[str, np.ndarray]:
    averaged = swa.AveragedModel(model_of(lib, 0.5), **options)
    for value in VALUES:
        averaged.update_parameters(model_of(lib, value))
    return {name: np.asarray(tensor) for name, tensor in averaged.state_dict().items()}


OPTIONS: list[Any] = [
    lambda swa: {},
    lambda swa: {"use_buffers": True},
    lambda swa: {"avg_fn": swa.get_ema_avg_fn(0.9)},
    lambda swa: {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.9), "use_buffers": True},
    lambda swa: {"avg_fn": lambda averaged, current, count: averaged + current},
    lambda swa: {"multi_avg_fn": swa.get_swa_multi_avg_fn()},
    lambda swa: {"avg_fn": swa.get_swa_avg_fn()},
]


def test_the_formulas() -> None:
    plain = averages(tg, swa_utils)
    assert_allclose(plain["module.0.weight"], np.mean(VALUES))
    assert_allclose(plain["module.1.running_mean"], VALUES[-1])
    assert plain["n_averaged"] == 4
    assert_allclose(averages(tg, swa_utils, use_buffers=True)["module.1.running_mean"], np.mean(VALUES))
    ema = VALUES[0]
    for value in VALUES[1:]:
        ema = 0.9 * ema + 0.1 * value
    assert_allclose(averages(tg, swa_utils, avg_fn=swa_utils.get_ema_avg_fn(0.9))["module.0.bias"], ema, rtol=1e-6)


@pytest.mark.parametrize("options", OPTIONS)
def test_averages_are_pytorchs(options: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs_utils = torch.optim.swa_utils
    ours, theirs = averages(tg, swa_utils, **options(swa_utils)), averages(torch, theirs_utils, **options(theirs_utils))
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert_allclose(ours[name], value, rtol=1e-6, err_msg=name)


def test_an_averaged_model_is_a_module() -> None:
    model = model_of(tg, 2.0)
    averaged = swa_utils.AveragedModel(model, device="cpu")
    again = swa_utils.AveragedModel(model_of(tg, 0.0))
    again.load_state_dict(averaged.state_dict())
    x = tg.randn(3, 2)
    averaged.eval()
    again.eval()
    assert again(x).tolist() == averaged(x).tolist()
    assert all(ours is not theirs for ours, theirs in zip(averaged.module.parameters(), model.parameters(), strict=True))
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn"):
        swa_utils.AveragedModel(model, avg_fn=swa_utils.get_swa_avg_fn(), multi_avg_fn=swa_utils.get_swa_multi_avg_fn())
    with pytest.raises(ValueError, match="Invalid decay value 1.5"):
        swa_utils.get_ema_avg_fn(1.5)


def test_batch_statistics_are_averages_over_the_batches() -> None:
    model = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.BatchNorm1d(3, momentum=0.3)).eval()
    batches = [tg.randn(5, 2) for _ in range(4)]
    swa_utils.update_bn([(batch, None) for batch in batches], model)
    means = [model[0](batch).detach().numpy().mean(axis=0) for batch in batches]
    assert_allclose(model[1].running_mean.numpy(), np.mean(means, axis=0), rtol=1e-5, atol=1e-6)
    assert not model.training
    assert model[1].momentum == 0.3
    swa_utils.update_bn([], tg.nn.Linear(1, 1))


def rates(lib: Any, swa: Any, **options: Any) -> list[float]:
    optimizer = lib.optim.SGD([lib.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = swa.SWALR(optimizer, **options)
    seen = []
    for _ in range(8):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen


@pytest.mark.parametrize(
    "options", [{}, {"anneal_epochs": 3}, {"anneal_strategy": "linear", "anneal_epochs": 4}, {"anneal_epochs": 0}]
)
def test_learning_rates_anneal(options: dict[str, Any]) -> None:
    ours = rates(tg, swa_utils, swa_lr=0.1, **options)
    if options == {"anneal_strategy": "linear", "anneal_epochs": 4}:
        assert_allclose(ours, [1.0, 0.775, 0.55, 0.325, 0.1, 0.1, 0.1, 0.1])
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert_allclose(ours, rates(torch, torch.optim.swa_utils, swa_lr=0.1, **options), rtol=1e-12)


def test_what_is_refused() -> None:
    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    with pytest.raises(ValueError, match="anneal_strategy must by one of"):
        swa_utils.SWALR(optimizer, 0.1, anneal_strategy="steep")  # type: ignore[arg-type] # on purpose
    with pytest.raises(ValueError, match="anneal_epochs must be equal or greater than 0"):
        swa_utils.SWALR(optimizer, 0.1, anneal_epochs=-1)
