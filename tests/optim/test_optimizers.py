"""Each optimizer against its formula in NumPy and against PyTorch, step by step; groups, state_dicts and errors."""

from __future__ import annotations

import copy
import inspect
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import tinygrad_mlp as tg
from tinygrad_mlp.errors import ArgumentError, InplaceError

STEPS = 20
SHAPES = [(3, 4), (5,), ()]


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


# ------------------------------------------------------------------------------------------------------- the cases

SWITCHES: dict[str, dict[str, tuple[Any, ...]]] = {
    "SGD": {
        "momentum": (0, 0.9),
        "dampening": (0, 0.3),
        "nesterov": (False, True),
        "weight_decay": (0, 0.1),
        "maximize": (False, True),
    },
    "Adam": {
        "betas": ((0.9, 0.999), (0.3, 0.8)),
        "amsgrad": (False, True),
        "weight_decay": (0, 0.1),
        "decoupled_weight_decay": (False, True),
        "maximize": (False, True),
    },
    "AdamW": {
        "eps": (1e-8, 0.1),
        "amsgrad": (False, True),
        "weight_decay": (0, 0.1),
        "maximize": (False, True),
    },
    "NAdam": {
        "momentum_decay": (4e-3, 0.5),
        "weight_decay": (0, 0.1),
        "decoupled_weight_decay": (False, True),
        "maximize": (False, True),
    },
    "Adamax": {
        "betas": ((0.9, 0.999), (0.3, 0.8)),
        "weight_decay": (0, 0.1),
        "maximize": (False, True),
    },
    "RAdam": {
        "betas": ((0.9, 0.999), (0.3, 0.8)),
        "weight_decay": (0, 0.1),
        "decoupled_weight_decay": (False, True),
        "maximize": (False, True),
    },
    "Rprop": {
        "etas": ((0.5, 1.2), (0.3, 1.7)),
        "step_sizes": ((1e-6, 50), (0.04, 0.08)),
        "maximize": (False, True),
    },
    "ASGD": {
        "lambd": (1e-4, 0.1),
        "alpha": (0.75, 0.3),
        "t0": (1e6, 3),
        "weight_decay": (0, 0.1),
        "maximize": (False, True),
    },
    "RMSprop": {
        "alpha": (0.99, 0.6),
        "momentum": (0, 0.8),
        "centered": (False, True),
        "weight_decay": (0, 0.1),
        "maximize": (False, True),
    },
    "Adagrad": {
        "lr_decay": (0, 0.2),
        "initial_accumulator_value": (0, 0.5),
        "weight_decay": (0, 0.1),
        "maximize": (False, True),
    },
    "Adadelta": {
        "rho": (0.9, 0.5),
        "eps": (1e-6, 1e-2),
        "weight_decay": (0, 0.1),
        "maximize": (False, True),
    },
}


def _combinations() -> Iterator[Any]:
    for name, switches in SWITCHES.items():
        for values in itertools.product(*switches.values()):
            options = {key: value for key, value in zip(switches, values, strict=True) if value != switches[key][0]}
            if options.get("nesterov") and ("momentum" not in options or "dampening" in options):
                continue
            shown = "-".join(f"{key}={value}" for key, value in options.items())
            yield pytest.param(name, {"lr": 0.05, **options}, id=f"{name}-{shown}")


COMBINATIONS = list(_combinations())
each_combination = pytest.mark.parametrize(("name", "options"), COMBINATIONS)
each_optimizer = pytest.mark.parametrize("name", list(SWITCHES))
# A choice per optimizer that has all kinds of its state.
RICH: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 0.05, "momentum": 0.9, "nesterov": True},
    "Adam": {"lr": 0.05, "amsgrad": True, "weight_decay": 0.1},
    "AdamW": {"lr": 0.05, "amsgrad": True},
    "NAdam": {"lr": 0.05, "weight_decay": 0.1},
    "Adamax": {"lr": 0.05, "weight_decay": 0.1},
    "RAdam": {"lr": 0.05, "weight_decay": 0.1},
    "Rprop": {"lr": 0.05},
    "ASGD": {"lr": 0.05, "t0": 3, "lambd": 0.1},
    "RMSprop": {"lr": 0.05, "momentum": 0.8, "centered": True},
    "Adagrad": {"lr": 0.05, "lr_decay": 0.2},
    "Adadelta": {"lr": 0.5, "weight_decay": 0.1},
}


def accepted(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Those of some options that the optimizer has."""
    return {key: value for key, value in options.items() if key in inspect.signature(getattr(tg.optim, name)).parameters}


class Problem:
    """Starting points, and gradients that depend on the point and, by fixed noise, on the step."""

    def __init__(self, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.start = [random.normal(size=shape) for shape in SHAPES]
        self.target = [random.normal(size=shape) for shape in SHAPES]
        self.noise = [random.normal(size=(2 * STEPS, *shape)) for shape in SHAPES]

    def gradient(self, i: int, t: int, p: np.ndarray) -> np.ndarray | None:
        """Of the i-th parameter in step t; None for the last one in every third step."""
        if i == len(SHAPES) - 1 and t % 3 == 1:
            return None
        return 0.5 * (p - self.target[i]) + np.sin(p) + self.noise[i][t]


def parameters(lib: Any, problem: Problem, dtype: str = "float64") -> list[Any]:
    return [lib.tensor(p, dtype=getattr(lib, dtype), requires_grad=True) for p in problem.start]


def values(params: list[Any]) -> list[np.ndarray]:
    return [p.detach().numpy().copy() for p in params]


def run(lib: Any, optimizer: Any, params: list[Any], problem: Problem, steps: range) -> list[list[np.ndarray]]:
    """The parameters after each step."""
    trajectory = []
    for t in steps:
        for i, p in enumerate(params):
            g = problem.gradient(i, t, p.detach().numpy().astype(np.float64))
            p.grad = None if g is None else lib.tensor(g, dtype=p.dtype)
        optimizer.step()
        trajectory.append(values(params))
    return trajectory


def train(lib: Any, name: str, options: dict[str, Any], problem: Problem, steps: int = STEPS) -> Any:
    params = parameters(lib, problem)
    optimizer = getattr(lib.optim, name)(params, **options)
    return run(lib, optimizer, params, problem, range(steps)), optimizer


def assert_same(ours: Any, theirs: Any, rtol: float = 1e-12) -> None:
    for i, (x, y) in enumerate(zip(zip(*ours, strict=True), zip(*theirs, strict=True), strict=True)):
        assert_allclose(np.stack(x), np.stack(y), rtol=rtol, atol=rtol / 10, err_msg=f"parameter {i}, step by step")


# --------------------------------------------------------------------- the formulas, by hand: (p, g, t, s) -> the new p
# s is a dict for what is kept from one step to the next, t = 1, 2, ...; o are the options.

Rule = Callable[[Any, Any, int, dict[str, Any], dict[str, Any]], Any]


def sgd(p: Any, g: Any, t: int, s: dict[str, Any], o: dict[str, Any]) -> Any:
    if not o["momentum"]:
        return p - o["lr"] * g
    s["b"] = g if t == 1 else o["momentum"] * s["b"] + (1 - o["dampening"]) * g
    return p - o["lr"] * (g + o["momentum"] * s["b"] if o["nesterov"] else s["b"])


def moments(g: Any, s: dict[str, Any], beta1: float, beta2: float) -> tuple[Any, Any]:
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g**2
    return s["m"], s["v"]


def adam(p: Any, g: Any, t: int, s: dict[str, Any], o: dict[str, Any]) -> Any:
    beta1, beta2 = o["betas"]
    m, v = moments(g, s, beta1, beta2)
    s["top"] = np.maximum(s.get("top", 0), v)
    v = s["top"] if o["amsgrad"] else v
    return p - o["lr"] * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + o["eps"])


def nadam(p: Any, g: Any, t: int, s: dict[str, Any], o: dict[str, Any]) -> Any:
    beta1, beta2 = o["betas"]
    m, v = moments(g, s, beta1, beta2)
    mu = [beta1 * (1 - 0.96 ** (k * o["momentum_decay"]) / 2) for k in range(1, t + 2)]
    now, after = math.prod(mu[:-1]), math.prod(mu)
    ahead = (1 - mu[-2]) / (1 - now) * g + mu[-1] / (1 - after) * m
    return p - o["lr"] * ahead / (np.sqrt(v / (1 - beta2**t)) + o["eps"])


def adamax(p: Any, g: Any, t: int, s: dict[str, Any], o: dict[str, Any]) -> Any:
    beta1, beta2 = o["betas"]
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["u"] = np.maximum(beta2 * s.get("u", 0), np.abs(g) + o["eps"])
    return p - o["lr"] / (1 - beta1**t) * s["m"] / s["u"]


def radam(p: Any, g: Any, t: int, s: dict[str, Any], o: dict[str, Any]) -> Any:
    beta1, beta2 = o["betas"]
    m, v = moments(g, s, beta1, beta2)
    longest = 2 / (1 - beta2) - 1
    r = longest - 2 * t * beta2**t / (1 - beta2**t)
    m = m / (1 - beta1**t)
    if r <= 5:
        return p - o["lr"] * m
    rectified = np.sqrt((r - 4) * (r - 2) * longest / ((longest - 4) * (longest - 2) * r))
    return p - o["lr"] * m * rectified * np.sqrt(1 - beta2**t) / (np.sqrt(v) + o["eps"])


def rprop(p: Any, g: Any, t: int, s: dict[str, Any], o: dict[str, Any]) -> Any:
    same = g * s.get("g", 0 * g)
    factor = np.where(same > 0, o["etas"][1], np.where(same < 0, o["etas"][0], 1))
    s["l"] = np.clip(s.get("l", o["lr"]) * factor, *o["step_sizes"])
    s["g"] = np.where(same < 0, 0, g)
    return p - np.sign(s["g"]) * s["l"]


def asgd(p: Any, g: Any, t: int, s: dict[str, Any], o: dict[str, Any]) -> Any:
    eta = s.get("eta", o["lr"])
    s["eta"] = o["lr"] / (1 + o["lambd"] * o["lr"] * t) ** o["alpha"]
    return p * (1 - o["lambd"] * eta) - eta * g


def rmsprop(p: Any, g: Any, t: int, s: dict[str, Any], o: dict[str, Any]) -> Any:
    a, v = moments(g, s, o["alpha"], o["alpha"])
    spread = v - a**2 if o["centered"] else v
    s["b"] = o["momentum"] * s.get("b", 0) + g / (np.sqrt(spread) + o["eps"])
    return p - o["lr"] * s["b"]


def adagrad(p: Any, g: Any, t: int, s: dict[str, Any], o: dict[str, Any]) -> Any:
    s["sum"] = s.get("sum", o["initial_accumulator_value"]) + g**2
    return p - o["lr"] / (1 + (t - 1) * o["lr_decay"]) * g / (np.sqrt(s["sum"]) + o["eps"])


def adadelta(p: Any, g: Any, t: int, s: dict[str, Any], o: dict[str, Any]) -> Any:
    s["v"] = o["rho"] * s.get("v", 0) + (1 - o["rho"]) * g**2
    step = np.sqrt(s.get("u", 0) + o["eps"]) / np.sqrt(s["v"] + o["eps"]) * g
    s["u"] = o["rho"] * s.get("u", 0) + (1 - o["rho"]) * step**2
    return p - o["lr"] * step


RULES: dict[str, Rule] = {
    "SGD": sgd,
    "Adam": adam,
    "AdamW": adam,
    "NAdam": nadam,
    "Adamax": adamax,
    "RAdam": radam,
    "Rprop": rprop,
    "ASGD": asgd,
    "RMSprop": rmsprop,
    "Adagrad": adagrad,
    "Adadelta": adadelta,
}


def by_hand(name: str, options: dict[str, Any], problem: Problem) -> list[list[np.ndarray]]:
    params, states = [p.copy() for p in problem.start], [{} for _ in SHAPES]
    counts = [0] * len(SHAPES)
    trajectory = []
    decoupled = name == "AdamW" or options.get("decoupled_weight_decay")
    for t in range(STEPS):
        for i, p in enumerate(params):
            g = problem.gradient(i, t, p)
            if g is None:
                continue
            g = -g if options["maximize"] else g
            if decoupled:
                p = p - options["lr"] * options["weight_decay"] * p
            else:
                g = g + options.get("weight_decay", 0) * p
            counts[i] += 1
            params[i] = RULES[name](p, g, counts[i], states[i], options)
        trajectory.append(list(params))
    return trajectory


@each_combination
def test_every_step_is_the_formula(name: str, options: dict[str, Any]) -> None:
    problem = Problem()
    ours, optimizer = train(tg, name, options, problem)
    # The product of NAdam's momenta is kept in float32, as in PyTorch.
    assert_same(
        ours, by_hand(name, {**optimizer.defaults, **options}, problem), 1e-7 if name in ("NAdam", "ASGD") else 1e-11
    )


@pytest.fixture
def double_by_default() -> Iterator[None]:
    tg.set_default_dtype(tg.float64)
    yield
    tg.set_default_dtype(tg.float32)


@pytest.mark.usefixtures("double_by_default")
def test_nadam_is_the_formula_where_the_default_dtype_is_double() -> None:
    problem = Problem()
    ours, optimizer = train(tg, "NAdam", {"lr": 0.05}, problem)
    assert_same(ours, by_hand("NAdam", optimizer.defaults, problem), 1e-11)
    step = optimizer.state_dict()["state"][0]["step"]
    assert step.dtype is tg.float64


# -------------------------------------------------------------------------------------------------------- PyTorch


@each_combination
def test_every_step_is_pytorchs(torch: Any, name: str, options: dict[str, Any]) -> None:
    ours, optimizer = train(tg, name, options, Problem(1))
    theirs, reference = train(torch, name, options, Problem(1))
    assert_same(ours, theirs)
    state, expected = optimizer.state_dict()["state"], reference.state_dict()["state"]
    assert state.keys() == expected.keys()
    for i, entries in expected.items():
        assert state[i].keys() == entries.keys()
        for key, value in entries.items():
            assert str(state[i][key].dtype).split(".")[1] == str(value.dtype).split(".")[1]
            assert_allclose(state[i][key].numpy(), value.numpy(), rtol=1e-12, atol=1e-15, err_msg=key)


numbers = st.floats(0.01, 0.99)
DRAWN: dict[str, dict[str, Any]] = {
    "SGD": {"lr": numbers, "momentum": numbers, "dampening": numbers, "weight_decay": numbers},
    "Adam": {"lr": numbers, "betas": st.tuples(numbers, numbers), "eps": numbers, "weight_decay": numbers},
    "AdamW": {"lr": numbers, "betas": st.tuples(numbers, numbers), "eps": numbers, "weight_decay": numbers},
    "NAdam": {"lr": numbers, "betas": st.tuples(numbers, numbers), "eps": numbers, "momentum_decay": numbers},
    "Adamax": {"lr": numbers, "betas": st.tuples(numbers, numbers), "eps": numbers, "weight_decay": numbers},
    "RAdam": {"lr": numbers, "betas": st.tuples(numbers, numbers), "eps": numbers, "weight_decay": numbers},
    "Rprop": {"lr": numbers, "etas": st.tuples(numbers, st.floats(1.01, 3))},
    "ASGD": {"lr": numbers, "lambd": numbers, "alpha": numbers, "t0": st.integers(0, 5), "weight_decay": numbers},
    "RMSprop": {"lr": numbers, "alpha": numbers, "eps": numbers, "momentum": numbers, "weight_decay": numbers},
    "Adagrad": {"lr": numbers, "lr_decay": numbers, "initial_accumulator_value": numbers, "eps": numbers},
    "Adadelta": {"lr": numbers, "rho": numbers, "eps": numbers, "weight_decay": numbers},
}


@each_optimizer
def test_drawn_options_give_pytorchs_steps(torch: Any, name: str) -> None:
    @settings(max_examples=25)
    @given(st.fixed_dictionaries(DRAWN[name]), st.integers(0, 1000))
    def check(options: dict[str, Any], seed: int) -> None:
        problem = Problem(seed)
        ours, theirs = train(tg, name, options, problem, 4)[0], train(torch, name, options, problem, 4)[0]
        assert_same(ours, theirs, 1e-11)

    check()


@each_optimizer
def test_defaults_are_pytorchs(torch: Any, name: str) -> None:
    ours = getattr(tg.optim, name)([tg.zeros(1, requires_grad=True)])
    theirs = getattr(torch.optim, name)([torch.zeros(1, requires_grad=True)])
    assert ours.defaults == {key: theirs.defaults[key] for key in ours.defaults}
    # PyTorch's other options choose among its implementations.
    assert theirs.defaults.keys() - ours.defaults.keys() <= {"foreach", "fused", "capturable", "differentiable"}
    theirs.param_groups = [{key: g[key] for key in ours.param_groups[0]} for g in theirs.param_groups]
    assert repr(ours) == repr(theirs)


def as_torch(torch: Any, value: Any) -> Any:
    """A state_dict with PyTorch's tensors in place of ours."""
    if isinstance(value, tg.Tensor):
        return torch.tensor(value.numpy())
    if isinstance(value, dict):
        return {key: as_torch(torch, v) for key, v in value.items()}
    return value


@each_optimizer
def test_state_dicts_go_to_pytorch_and_back(torch: Any, name: str) -> None:
    problem, options, half = Problem(2), RICH[name], STEPS // 2
    whole, _ = train(tg, name, options, problem)

    params = parameters(tg, problem)
    ours = getattr(tg.optim, name)(params, **options)
    run(tg, ours, params, problem, range(half))
    their_params = [torch.tensor(p.detach().numpy(), requires_grad=True) for p in params]
    theirs = getattr(torch.optim, name)(their_params)
    theirs.load_state_dict(as_torch(torch, ours.state_dict()))
    # PyTorch goes on with NAdam's product of momenta in the parameter's precision, not in float32 as before.
    rtol = 1e-8 if name == "NAdam" else 1e-12
    assert_same(run(torch, theirs, their_params, problem, range(half, half + 6)), whole[half : half + 6], rtol)

    back_params = [tg.tensor(p.detach().numpy(), requires_grad=True) for p in their_params]
    back = getattr(tg.optim, name)(back_params)
    back.load_state_dict(theirs.state_dict())  # PyTorch's tensors are taken as they are
    assert_same(run(tg, back, back_params, problem, range(half + 6, STEPS)), whole[half + 6 :], rtol)


def test_exception_classes_are_pytorchs(torch: Any) -> None:
    def misuses(lib: Any) -> Iterator[Callable[[], Any]]:
        w, v = lib.ones(2, requires_grad=True), lib.ones(2, requires_grad=True)
        w.grad = lib.ones(2)
        made = lib.optim.SGD([w], lr=0.1)
        yield lambda: lib.optim.SGD([], lr=0.1)
        yield lambda: lib.optim.SGD(w, lr=0.1)
        yield lambda: lib.optim.SGD([1.0], lr=0.1)
        yield lambda: lib.optim.SGD([w * 2], lr=0.1)
        yield lambda: lib.optim.SGD([{"params": [w]}, {"params": [w]}], lr=0.1)
        yield lambda: lib.optim.SGD([{"params": {w}}], lr=0.1)
        yield lambda: lib.optim.SGD([{"lr": 1.0}], lr=0.1)
        yield lambda: lib.optim.SGD([("w", w), v], lr=0.1)
        yield lambda: lib.optim.SGD([w, w], lr=0.1)  # a warning, here an error
        yield lambda: lib.optim.SGD([w], lr=0.1, nesterov=True)
        yield lambda: lib.optim.SGD([w], lr=-0.1)
        yield lambda: lib.optim.SGD([w], momentum=-0.1)
        yield lambda: lib.optim.SGD([w], weight_decay=-0.1)
        yield lambda: lib.optim.Adam([w], betas=(1.0, 0.9))
        yield lambda: lib.optim.Adam([w], betas=(0.9, -0.1))
        yield lambda: lib.optim.Adam([w], eps=-1.0)
        yield lambda: lib.optim.NAdam([w], momentum_decay=-1.0)
        yield lambda: lib.optim.RMSprop([w], alpha=-1.0)
        yield lambda: lib.optim.Adagrad([w], lr_decay=-1.0)
        yield lambda: lib.optim.Adagrad([w], initial_accumulator_value=-1.0)
        yield lambda: lib.optim.Adadelta([w], rho=1.5)
        yield lambda: made.add_param_group([v])
        yield lambda: made.add_param_group({"params": [("v", v)]})
        yield lambda: made.load_state_dict(lib.optim.SGD([{"params": [w]}, {"params": [v]}], lr=1.0).state_dict())
        yield lambda: made.load_state_dict(lib.optim.SGD([w, v], lr=1.0).state_dict())
        yield lambda: lib.optim.Optimizer([w], {}).step()

    def fails_with(misuse: Callable[[], Any]) -> type[BaseException]:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is compared below
            misuse()
        return caught.type

    for i, (ours, theirs) in enumerate(zip(misuses(tg), misuses(torch), strict=True)):
        assert issubclass(fails_with(ours), fails_with(theirs)), f"misuse {i}"


# ----------------------------------------------------------------------------------------- what holds for all of them


@each_optimizer
def test_minimises_a_quadratic(name: str) -> None:
    target = np.array([1.0, -2.0, 0.5])
    w = tg.tensor([3.0, 3.0, 3.0], dtype=tg.float64, requires_grad=True)
    lr = {"Adadelta": 20.0, "Adagrad": 1.0, "Adamax": 0.3, "RAdam": 0.3}.get(name, 0.1)
    optimizer = getattr(tg.optim, name)([w], lr=lr)
    for _ in range(150):
        optimizer.zero_grad()
        loss = ((w - tg.tensor(target)) ** 2 * tg.tensor([1.0, 2.0, 0.5], dtype=tg.float64)).sum()
        loss.backward()
        optimizer.step()
    assert_allclose(w.detach().numpy(), target, atol=0.05)


@each_optimizer
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_parameters_and_state_keep_their_dtype(name: str, dtype: str) -> None:
    problem = Problem()
    params = parameters(tg, problem, dtype)
    more = {"lr": np.float64(0.01), "weight_decay": np.float64(0.1), "eps": np.float64(1e-3)}
    options = accepted(name, {**RICH[name], **more})
    optimizer = getattr(tg.optim, name)(params, **options)
    run(tg, optimizer, params, problem, range(3))
    for p in params:
        assert p.dtype is getattr(tg, dtype)
        tensors = [value for value in optimizer.state[p].values() if isinstance(value, tg.Tensor)]
        assert tensors
        assert all(value.dtype is p.dtype and value.shape == p.shape for value in tensors)
        assert all(isinstance(v, tg.Tensor | float) for v in optimizer.state[p].values())


@each_optimizer
def test_single_precision_is_pytorchs(torch: Any, name: str) -> None:
    def trajectory(lib: Any) -> Any:
        params = parameters(lib, Problem(3), "float32")
        optimizer = getattr(lib.optim, name)(params, **RICH[name])
        return run(lib, optimizer, params, Problem(3), range(STEPS))

    assert_same(trajectory(tg), trajectory(torch), 1e-4)


@each_combination
def test_gradients_are_never_touched(name: str, options: dict[str, Any]) -> None:
    p = tg.tensor([1.0, -2.0], requires_grad=True)
    p.grad = tg.tensor([0.5, 0.25])
    grad = p.grad
    optimizer = getattr(tg.optim, name)([p], **options)
    for _ in range(3):
        optimizer.step()
        assert p.grad is grad
        assert_array_equal(grad.numpy(), np.array([0.5, 0.25], np.float32))
    assert not any(isinstance(v, tg.Tensor) and np.shares_memory(v._data, grad._data) for v in optimizer.state[p].values())


@each_optimizer
def test_parameters_stay_the_same_leaves(name: str) -> None:
    p = tg.tensor([1.0, -2.0], requires_grad=True)
    memory = p._data
    optimizer = getattr(tg.optim, name)([p], **RICH[name])
    p.grad = tg.ones(2)
    optimizer.step()
    assert p._data is memory
    assert p.is_leaf
    assert p.requires_grad
    assert not any(isinstance(v, tg.Tensor) and v.requires_grad for v in optimizer.state[p].values())


def test_an_update_is_seen_by_a_graph_that_still_needs_the_old_value() -> None:
    p = tg.tensor([1.0, -2.0], requires_grad=True)
    loss = (p * p).sum()
    p.grad = tg.ones(2)
    tg.optim.SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@each_optimizer
def test_the_error_of_an_overwritten_parameter_names_the_optimizer_and_the_line(name: str) -> None:
    p = tg.tensor([1.0, -2.0], requires_grad=True)
    optimizer = getattr(tg.optim, name)([p], **RICH[name])
    p.grad = tg.ones(2)
    loss = (p * p).sum()
    optimizer.step()  # this line
    with pytest.raises(
        InplaceError, match=rf"{name}.step has written it since.* Written at .*\(optimizer.step\(\)  # this line"
    ):
        loss.backward()


@each_optimizer
def test_large_parameters_are_updated_piece_by_piece_to_the_same_bits(name: str) -> None:
    rng = np.random.default_rng(0)
    values, gradient = rng.normal(size=(2, 1024, 1026)).astype(np.float32)
    ordered = [np.ascontiguousarray, np.asfortranarray]  # the second is computed as a whole
    params = [tg.from_numpy(order(values.copy())).requires_grad_() for order in ordered]
    optimizer = getattr(tg.optim, name)(params, **accepted(name, {**RICH[name], "weight_decay": 0.1, "maximize": True}))
    for p, order in zip(params, ordered, strict=True):
        p.grad = tg.from_numpy(order(gradient))
    for _ in range(3):
        optimizer.step()
    assert_array_equal(*(p.detach().numpy() for p in params))
    assert not np.array_equal(params[0].detach().numpy(), values)
    assert_array_equal(params[0].grad.numpy(), gradient)


@pytest.mark.parametrize("name", sorted(set(SWITCHES) - {"NAdam"}))  # which writes p in two steps
@pytest.mark.parametrize("size", [6, 2**20 + 6])
def test_a_gradient_in_the_parameters_memory_is_read_before_it_is_written(name: str, size: int) -> None:
    values = np.random.default_rng(0).normal(size=size).astype(np.float32)
    memory = values.copy()
    shared, apart = (tg.from_numpy(a).requires_grad_() for a in (memory[1:], values[1:].copy()))
    shared.grad, apart.grad = tg.from_numpy(memory[:-1]), tg.from_numpy(values[:-1])
    getattr(tg.optim, name)([apart, shared], **accepted(name, RICH[name] | {"weight_decay": 0})).step()
    assert_array_equal(shared.detach().numpy(), apart.detach().numpy())


@each_optimizer
def test_what_cannot_be_written_is_refused(name: str) -> None:
    fixed, moved, whole = np.ones(2), tg.ones(2, requires_grad=True), tg.from_numpy(np.ones(2, int))
    fixed.setflags(write=False)
    with tg.inference_mode():
        made = tg.ones(2)
    optimizer = getattr(tg.optim, name)([moved], **RICH[name])
    moved.grad = tg.ones(2)
    optimizer.step()
    moved.data = tg.ones(3)
    moved.grad = tg.ones(3)
    with pytest.raises(InplaceError, match=f"{name}.step: cannot write the parameter or its state"):
        optimizer.step()
    for p, message in (
        (tg.from_numpy(fixed), "state: .*read-only"),
        (tg.ones(1).expand(2), "state: .*read-only"),
        (whole, "state: "),
        (made, "inference tensor outside InferenceMode"),
    ):
        p.grad = tg.ones_like(p)
        with pytest.raises(InplaceError, match=f"{name}.step: .*{message}"):
            getattr(tg.optim, name)([p], **RICH[name]).step()


@each_optimizer
def test_a_learning_rate_may_be_a_tensor(name: str) -> None:
    results = []
    for wrapped in (float, lambda x: tg.tensor(x, dtype=tg.float64)):
        p, lr = tg.tensor([1.0, -2.0], requires_grad=True), wrapped(0.5)
        optimizer = getattr(tg.optim, name)([p], **{**RICH[name], "lr": lr})
        p.grad = tg.tensor([0.5, 0.25])
        optimizer.step()
        if isinstance(lr, tg.Tensor):
            lr.mul_(0.5)  # read anew
        else:
            optimizer.param_groups[0]["lr"] = 0.25
        optimizer.step()
        results.append(p.detach().numpy())
    assert_array_equal(*results)


@pytest.mark.parametrize("name", sorted(set(SWITCHES) - {"ASGD", "Rprop"}))  # to which lr is a start only
def test_a_subclass_may_add_to_the_step_of_the_librarys(name: str) -> None:
    base = getattr(tg.optim, name)
    decay = 0 if name in ("AdamW", "Rprop") else 0.1  # coupled, so that it is in the gradient
    seen = []

    class Halved(base):  # type: ignore[misc, valid-type]
        def update(self, p: tg.Tensor, g: tg.Tensor, state: Any, group: Any) -> None:
            seen.append(g.tolist())
            super().update(p, g, state, {**group, "lr": group["lr"] / 2})

    params = [tg.tensor([1.0, -2.0], requires_grad=True) for _ in range(2)]
    for cls, p, lr in zip((base, Halved), params, (0.25, 0.5), strict=True):
        p.grad = tg.tensor([0.5, 0.25])
        cls([p], **accepted(name, {**RICH[name], "lr": lr, "maximize": True, "weight_decay": decay})).step()
    assert_array_equal(*(p.detach().numpy() for p in params))
    assert_allclose(seen, [[-0.5 + decay, -0.25 - 2 * decay]], rtol=1e-6)


@each_optimizer
def test_without_gradient_nothing_moves(name: str) -> None:
    p = tg.tensor([1.0], requires_grad=True)
    optimizer = getattr(tg.optim, name)([p], **accepted(name, {**RICH[name], "weight_decay": 0.5}))
    assert optimizer.step() is None
    assert p.item() == 1.0
    assert optimizer.state_dict()["state"] == {}


def test_closure_is_recorded_and_its_value_returned() -> None:
    p = tg.tensor([2.0], requires_grad=True)
    optimizer = tg.optim.SGD([p], lr=0.25)

    def closure() -> tg.Tensor:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with tg.no_grad():
        assert optimizer.step(closure).item() == 4.0
    assert p.item() == 1.0


def test_zero_grad() -> None:
    p, q = tg.tensor([2.0], requires_grad=True), tg.tensor([2.0], requires_grad=True)
    optimizer = tg.optim.SGD([p, q], lr=0.1)
    (p * p).sum().backward(create_graph=True)
    grad = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is grad
    assert grad.item() == 0.0
    assert not grad.requires_grad
    assert q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


# --------------------------------------------------------------------------------------------------- groups, in and out


def test_groups_have_their_own_options(torch: Any) -> None:
    def trajectory(lib: Any) -> Any:
        params = parameters(lib, Problem(4))
        groups = [{"params": params[:1], "lr": 0.2}, {"params": params[1], "momentum": 0.5}]
        optimizer = lib.optim.SGD(groups, lr=0.01)
        optimizer.add_param_group({"params": params[2:], "weight_decay": 0.3})
        return run(lib, optimizer, params, Problem(4), range(STEPS))

    assert_same(trajectory(tg), trajectory(torch))


def test_groups_are_filled_with_the_defaults_and_the_given_dict_is_left_alone() -> None:
    p, q = tg.ones(1, requires_grad=True), tg.ones(1, requires_grad=True)
    given_group = {"params": p, "lr": 0.5}
    optimizer = tg.optim.SGD([given_group, {"params": [q]}], lr=0.1, momentum=0.9)
    assert given_group == {"params": p, "lr": 0.5}
    first, second = optimizer.param_groups
    assert (first["lr"], first["momentum"], first["params"]) == (0.5, 0.9, [p])
    assert (second["lr"], second["momentum"], second["params"]) == (0.1, 0.9, [q])


def test_a_changed_option_counts_from_the_next_step() -> None:
    p = tg.tensor([1.0], dtype=tg.float64, requires_grad=True)
    optimizer = tg.optim.SGD([p], lr=0.1)
    p.grad = tg.tensor([1.0], dtype=tg.float64)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.5
    optimizer.step()
    assert_allclose(p.item(), 1 - 0.1 - 0.5)


def test_named_parameters_keep_their_names() -> None:
    p, q = tg.ones(1, requires_grad=True), tg.ones(1, requires_grad=True)
    optimizer = tg.optim.SGD([("p", p), ("q", q)], lr=0.1)
    assert optimizer.param_groups[0]["params"] == [p, q]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["p", "q"]
    nameless = tg.optim.SGD([p, q], lr=0.5).state_dict()
    optimizer.load_state_dict(nameless)
    assert optimizer.param_groups[0]["param_names"] == ["p", "q"]
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_a_generator_of_parameters_is_taken() -> None:
    ps = [tg.ones(1, requires_grad=True) for _ in range(300)]
    assert tg.optim.SGD((p for p in ps), lr=0.1).param_groups[0]["params"] == ps


@each_optimizer
def test_resuming_is_the_same_as_going_on(name: str) -> None:
    problem, half = Problem(5), STEPS // 2
    whole, _ = train(tg, name, RICH[name], problem)
    params = parameters(tg, problem)
    first = getattr(tg.optim, name)(params, **RICH[name])
    run(tg, first, params, problem, range(half))
    saved = copy.deepcopy(first.state_dict())
    before = copy.deepcopy(saved)

    resumed_params = [p.detach().clone().requires_grad_() for p in params]
    resumed = getattr(tg.optim, name)(resumed_params)
    resumed.load_state_dict(saved)
    rest = run(tg, resumed, resumed_params, problem, range(half, STEPS))
    for a, b in zip(rest, whole[half:], strict=True):
        for x, y in zip(a, b, strict=True):
            assert_array_equal(x, y)
    # The dict that was loaded is as it was: the optimizer works on copies.
    assert saved["param_groups"] == before["param_groups"]
    for i, entries in before["state"].items():
        for key, value in entries.items():
            assert_array_equal(saved["state"][i][key].numpy(), value.numpy())


def test_state_dict_has_pytorchs_layout() -> None:
    ps = [tg.ones(2, requires_grad=True) for _ in range(3)]
    optimizer = tg.optim.SGD([{"params": ps[:2]}, {"params": ps[2], "lr": 0.5}], lr=0.1, momentum=0.9)
    ps[2].grad = tg.tensor([1.0, 2.0])
    optimizer.step()
    saved = optimizer.state_dict()
    assert saved.keys() == {"state", "param_groups"}
    assert list(saved["state"]) == [2]
    assert saved["state"][2]["momentum_buffer"].tolist() == [1.0, 2.0]
    assert [group["params"] for group in saved["param_groups"]] == [[0, 1], [2]]
    assert [group["lr"] for group in saved["param_groups"]] == [0.1, 0.5]


def test_loading_casts_to_the_parameters_dtype() -> None:
    source, target = tg.ones(2, requires_grad=True), tg.ones(2, dtype=tg.float64, requires_grad=True)
    first = tg.optim.Adam([source])
    source.grad = tg.ones(2)
    first.step()
    second = tg.optim.Adam([target])
    second.load_state_dict(first.state_dict())
    assert second.state[target]["exp_avg"].dtype is tg.float64
    assert second.state[target]["step"] == 1.0


def test_adamw_stays_decoupled_when_it_loads_adams_state() -> None:
    p = tg.ones(2, requires_grad=True)
    optimizer = tg.optim.AdamW([p])
    optimizer.load_state_dict(tg.optim.Adam([p], weight_decay=0.1).state_dict())
    assert optimizer.param_groups[0]["decoupled_weight_decay"]
    assert optimizer.param_groups[0]["weight_decay"] == 0.1


def test_repr() -> None:
    optimizer = tg.optim.SGD([tg.ones(1, requires_grad=True)], lr=0.5)
    assert repr(optimizer) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    lr: 0.5\n    maximize: False\n    momentum: 0\n"
        "    nesterov: False\n    weight_decay: 0\n)"
    )


def test_a_subclass_may_replace_step() -> None:
    class Mine(tg.optim.Optimizer):
        def step(self, closure: Any = None) -> None:
            with tg.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p.sub_(p.grad, alpha=group["lr"])

    p = tg.tensor([1.0], requires_grad=True)
    p.grad = tg.tensor([1.0])
    optimizer = Mine([p], {"lr": 0.5})
    scheduler = tg.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    assert p.item() == 0.5
    assert scheduler.get_last_lr() == [0.25]


def test_a_subclass_without_weight_decay_gets_the_gradient_as_it_is() -> None:
    class Mine(tg.optim.Optimizer):
        def update(self, p: tg.Tensor, g: tg.Tensor, state: Any, group: Any) -> None:
            p.sub_(g, alpha=group["lr"])

    p = tg.tensor([1.0], requires_grad=True)
    p.grad = tg.tensor([1.0])
    Mine([p], {"lr": 0.5}).step()
    assert p.item() == 0.5


# ---------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("misuse", "error", "message"),
    [
        (lambda w: tg.optim.SGD([w], lr=-1), ValueError, "Invalid learning rate: -1; expected a number, at least 0"),
        (lambda w: tg.optim.SGD([w], lr=math.nan), ValueError, "Invalid learning rate: nan"),
        (lambda w: tg.optim.SGD([{"params": [w], "lr": -1}]), ValueError, "Invalid learning rate: -1"),
        (lambda w: tg.optim.SGD([{"params": [w], "lr": 1}], lr=-1), ValueError, "Invalid learning rate: -1"),
        (lambda w: tg.optim.SGD([w], momentum=-1), ValueError, "Invalid momentum value: -1"),
        (lambda w: tg.optim.Adam([w], eps=-1), ValueError, "Invalid epsilon value: -1"),
        (lambda w: tg.optim.Adam([w], betas=(1, 0.9)), ValueError, "beta parameter at index 0: 1; .* below 1"),
        (lambda w: tg.optim.Adadelta([w], rho=2), ValueError, "rho value: 2; expected .* at least 0 and at most 1"),
        (lambda w: tg.optim.SGD([w], nesterov=True), ValueError, "requires a momentum and zero dampening, got"),
        (lambda w: tg.optim.SGD([w], momentum=-1, nesterov=True), ValueError, "zero dampening, got momentum=-1"),
        (lambda w: tg.optim.SGD([w], momentum=1, dampening=0.1, nesterov=True), ValueError, "got .*dampening=0.1"),
        (lambda w: tg.optim.SGD([w], momentum=1, dampening=-0.1, nesterov=True), ValueError, "got .*dampening=-0.1"),
        (lambda w: tg.optim.SGD([]), ValueError, "empty parameter list"),
        (lambda w: tg.optim.SGD(w), TypeError, "iterable of Tensors or dicts, but got a Tensor"),
        (lambda w: tg.optim.SGD(["w"]), TypeError, "only optimize Tensors, but one of the params is str"),
        (lambda w: tg.optim.SGD([w * 1]), ValueError, "can't optimize a non-leaf Tensor"),
        (lambda w: tg.optim.SGD([("w", w), w]), ValueError, "1 of 2 parameters have names"),
        (lambda w: tg.optim.SGD([{"params": {w}}]), TypeError, "use a list"),
        (lambda w: tg.optim.SGD([{"params": w}, {"params": w}]), ValueError, "more than one parameter group"),
        (lambda w: tg.optim.SGD([w]).add_param_group([w]), TypeError, "must be a dict, but got list"),
        (lambda w: tg.optim.SGD([{"params": w}, w]), TypeError, "must be a dict, but got Tensor"),
        (lambda w: tg.optim.SGD([w, w]), UserWarning, "appears twice"),
    ],
)
def test_errors_say_what_was_wrong(misuse: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        misuse(tg.ones(2, requires_grad=True))


def test_the_warning_of_a_parameter_twice_names_the_line_that_added_it() -> None:
    w, v = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="appears twice") as caught:
        tg.optim.SGD([w]).add_param_group({"params": [v, v]})
    assert caught[0].filename == __file__


def test_a_computed_tensor_that_retains_its_gradient_may_be_optimized() -> None:
    w = tg.ones(2, requires_grad=True) * 2
    w.retain_grad()
    assert tg.optim.SGD([w]).param_groups[0]["params"] == [w]


def test_a_state_dict_of_other_groups_is_refused() -> None:
    w, v = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    optimizer = tg.optim.SGD([w])
    with pytest.raises(ValueError, match="different number of parameter groups: 2, expected 1"):
        optimizer.load_state_dict(tg.optim.SGD([{"params": w}, {"params": v}]).state_dict())
    with pytest.raises(ValueError, match=r"of \[2\] parameters, expected \[1\]"):
        optimizer.load_state_dict(tg.optim.SGD([w, v]).state_dict())


def test_bad_options_are_named() -> None:
    w = tg.zeros(1, requires_grad=True)
    for lr in (None, "0.1", [0.1]):
        with pytest.raises(ArgumentError, match="Invalid learning rate: .*expected a number, at least 0"):
            tg.optim.SGD([w], lr)  # type: ignore[arg-type]
    for betas in (0.9, None, (0.9,), (0.9, 0.9, 0.9)):
        with pytest.raises(ArgumentError, match="Invalid betas: .*expected a pair of numbers"):
            tg.optim.Adam([w], betas=betas)  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="a parameter group needs 'params'"):
        tg.optim.SGD([{"lr": 0.1}])
    optimizer = tg.optim.SGD([w])
    state = {"state": {7: {}}, "param_groups": optimizer.state_dict()["param_groups"]}
    with pytest.raises(ValueError, match="a state of parameter 7, which is in none of its groups"):
        optimizer.load_state_dict(state)
