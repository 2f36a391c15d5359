"""Situations: every activation, loss, optimizer and scheduler once, and what loops do with optimizers."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

from twins import Compile, Seen, attempt, batch, changed, labels, net, numbers, sgd, situation, training

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.nn import functional as F

schedulers = optim.lr_scheduler

# ----------------------------------------------------------------------------------------- one row for each of a kind

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    name: getattr(nn, name)
    for name in (
        "CELU", "ELU", "GELU", "Hardsigmoid", "Hardtanh", "Identity", "LeakyReLU", "LogSigmoid", "Mish", "PReLU", "ReLU",
        "ReLU6", "SELU", "SiLU", "Sigmoid", "Softplus", "Softsign", "Tanh",
    )
}  # fmt: skip
ACTIVATIONS |= {
    "GELU tanh": lambda: nn.GELU(approximate="tanh"),
    "Softmax": lambda: nn.Softmax(1),
    "LogSoftmax": lambda: nn.LogSoftmax(1),
    "ReLU in place": lambda: nn.ReLU(inplace=True),
    "Dropout": lambda: nn.Dropout(0.5),
    "BatchNorm1d": lambda: nn.BatchNorm1d(4),
    "LayerNorm": lambda: nn.LayerNorm(4),
    "Flatten and Unflatten": lambda: nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Flatten()),
}


def probabilities(seed: int) -> torch.Tensor:
    """Of two classes."""
    return numbers(100 + seed, 4, 2).softmax(1)


LOSSES: dict[str, tuple[Callable[..., Any], Callable[[int], Any]]] = {
    "MSELoss": (nn.MSELoss(), lambda i: numbers(i, 4, 2)),
    "L1Loss": (nn.L1Loss(reduction="sum"), lambda i: numbers(i, 4, 2)),
    "SmoothL1Loss": (nn.SmoothL1Loss(beta=0.5), lambda i: numbers(i, 4, 2)),
    "HuberLoss": (nn.HuberLoss(delta=0.5), lambda i: numbers(i, 4, 2)),
    "CrossEntropyLoss": (nn.CrossEntropyLoss(), labels),
    "CrossEntropyLoss, smoothed": (nn.CrossEntropyLoss(label_smoothing=0.1, ignore_index=0), labels),
    "CrossEntropyLoss, weighted": (nn.CrossEntropyLoss(weight=torch.tensor([1.0, 3.0])), labels),
    "CrossEntropyLoss of probabilities": (nn.CrossEntropyLoss(), probabilities),
    "NLLLoss": (lambda x, y: nn.NLLLoss()(x.log_softmax(1), y), labels),
    "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0, 1.0])), probabilities),
    "BCELoss": (lambda x, y: nn.BCELoss()(x.sigmoid(), y), probabilities),
    "KLDivLoss": (lambda x, y: nn.KLDivLoss(reduction="batchmean")(x.log_softmax(1), y), probabilities),
    "cosine_similarity": (lambda x, y: 1 - F.cosine_similarity(x, y).mean(), lambda i: numbers(i, 4, 2)),
    "pairwise_distance": (lambda x, y: F.pairwise_distance(x, F.normalize(y)).mean(), lambda i: numbers(i, 4, 2)),
}
OPTIMIZERS: dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "SGD, everything": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "SGD, dampened, up": lambda p: optim.SGD(p, lr=0.01, momentum=0.9, dampening=0.1, maximize=True),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "Adam, decaying": lambda p: optim.Adam(p, lr=0.01, weight_decay=0.1, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01, amsgrad=True, maximize=True),
    "NAdam": lambda p: optim.NAdam(p, lr=0.01),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.01, lr_decay=0.1),
    "Adadelta": lambda p: optim.Adadelta(p, lr=0.5),
}
SCHEDULERS: dict[str, Callable[[Any], Any]] = {
    "StepLR": lambda o: schedulers.StepLR(o, 2),
    "MultiStepLR": lambda o: schedulers.MultiStepLR(o, [1, 3]),
    "ConstantLR": lambda o: schedulers.ConstantLR(o, 0.5, 2),
    "LinearLR": lambda o: schedulers.LinearLR(o, 0.1, 1.0, 4),
    "ExponentialLR": lambda o: schedulers.ExponentialLR(o, 0.5),
    "CosineAnnealingLR": lambda o: schedulers.CosineAnnealingLR(o, 4),
    "LambdaLR": lambda o: schedulers.LambdaLR(o, lambda t: 1 / (1 + t)),
    "OneCycleLR": lambda o: schedulers.OneCycleLR(o, 0.5, total_steps=20),
    "SequentialLR": lambda o: schedulers.SequentialLR(o, [schedulers.ConstantLR(o), schedulers.ExponentialLR(o, 0.5)], [2]),
}


def row(name: str, make: Callable[[Compile], Seen]) -> None:
    """A situation under a name that is no identifier."""
    make.__name__ = name
    situation(make)


def _of_activation(make: Callable[[], nn.Module]) -> Callable[[Compile], Seen]:
    return lambda c: changed(c, net(make()), lambda: None)


def _of_loss(loss_fn: Any, target: Callable[[int], Any]) -> Callable[[Compile], Seen]:
    def run(c: Compile) -> Seen:
        m = net()
        o = sgd(m)
        step = c(training(m, o, loss_fn))
        for i in range(5):
            yield step(numbers(i, 4, 3), target(i)), m

    return run


def _of_optimizer(make: Callable[[Any], optim.Optimizer]) -> Callable[[Compile], Seen]:
    def run(c: Compile) -> Seen:
        m = net()
        yield from changed(c, m, lambda: None, optimizer=make(m.parameters()))

    return run


def _of_scheduler(make: Callable[[Any], Any], inside: bool) -> Callable[[Compile], Seen]:
    def run(c: Compile) -> Seen:
        m = net()
        o = sgd(m)
        s, train = make(o), training(m, o)
        step = c(lambda x, y: (train(x, y), s.step() if inside else None, o.param_groups[0]["lr"]))
        for i in range(8):
            yield step(*batch(i)), m, o, s.get_last_lr()
            if not inside:
                s.step()

    return run


for name, layer in ACTIVATIONS.items():
    row(f"activation {name}", _of_activation(layer))
for name, pair in LOSSES.items():
    row(f"loss {name}", _of_loss(*pair))
for name, optimizer in OPTIMIZERS.items():
    row(f"optimizer {name}", _of_optimizer(optimizer))
for name, scheduler in SCHEDULERS.items():
    row(f"scheduler {name} outside", _of_scheduler(scheduler, inside=False))
    row(f"scheduler {name} inside", _of_scheduler(scheduler, inside=True))


@situation
def bilinear_layer(c: Compile) -> Seen:
    m = nn.Bilinear(3, 2, 2)
    o = sgd(m)
    f = c(training(lambda pair: m(*pair), o))
    for i in range(5):
        yield f(batch(i), numbers(i, 4, 2)), m


@situation
def linear_with_a_vector_for_a_weight(c: Compile) -> Seen:
    w, b = nn.Parameter(torch.ones(3)), nn.Parameter(torch.zeros(()))
    o = optim.SGD([w, b], lr=0.1)
    f = c(training(lambda x: F.linear(x, w, b), o))
    for i in range(6):
        yield f(numbers(i, 4, 3), numbers(9 + i, 4)), w, b


@situation
def scheduler_on_a_plateau(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    s, train = schedulers.ReduceLROnPlateau(o, patience=0), training(m, o)

    def step(x: Any, y: Any) -> Any:
        loss = train(x, y)
        s.step(loss)
        return loss

    yield from changed(c, m, lambda: None, optimizer=o, step=step)


# --------------------------------------------------------------------------------------------- options and states


@situation
def learning_rate_changed(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    change = [lambda lr=lr: o.param_groups[0].update(lr=lr) for lr in (0.01, 0.0, 1, -0.1)]
    yield from changed(c, m, *change, optimizer=o)


@situation
def learning_rate_changed_within(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    train = training(m, o)

    def step(x: Any, y: Any) -> Any:
        o.param_groups[0]["lr"] *= 0.5
        return train(x, y), o.param_groups[0]["lr"]

    yield from changed(c, m, optimizer=o, step=step)


@situation
def learning_rate_is_a_tensor(c: Compile) -> Seen:
    m, lr = net(), torch.tensor(0.1)
    o = attempt(lambda: optim.SGD(m.parameters(), lr=lr))
    if isinstance(o, str):
        yield o
        o = sgd(m)
    yield from changed(c, m, lambda: lr.mul_(0.5), optimizer=o)


@situation
def learning_rate_from_a_value(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    train = training(m, o)

    def step(x: Any, y: Any) -> Any:
        o.param_groups[0]["lr"] = 0.1 / (1 + x.abs().max().item())
        return train(x, y)

    yield from changed(c, m, optimizer=o, step=step)


@situation
def every_option_of_sgd_changed(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    changes = [
        {"momentum": 0.5},
        {"weight_decay": 0.1},
        {"nesterov": True},
        {"maximize": True},
        {"momentum": 0.0, "nesterov": False},
    ]
    yield from changed(c, m, *[lambda d=d: o.param_groups[0].update(d) for d in changes], optimizer=o)


@situation
def every_option_of_adam_changed(c: Compile) -> Seen:
    m = net()
    o = optim.Adam(m.parameters(), lr=0.01)
    changes = [{"betas": (0.5, 0.9)}, {"eps": 0.1}, {"weight_decay": 0.1}, {"maximize": True}, {"lr": 0.1}]
    yield from changed(c, m, *[lambda d=d: o.param_groups[0].update(d) for d in changes], optimizer=o)


@situation
def momentum_buffer_replaced(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    new = lambda: o.state[m[0].weight].update(momentum_buffer=torch.ones(4, 3))  # noqa: E731
    yield from changed(c, m, new, o.state.clear, optimizer=o)


@situation
def momentum_buffer_replaced_within(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    train = training(m, o)

    def step(x: Any, y: Any) -> Any:
        loss = train(x, y)
        o.state[m[0].bias]["momentum_buffer"] = torch.ones(4) * loss.detach()
        return loss

    yield from changed(c, m, optimizer=o, step=step)


@situation
def optimizer_state_written_in_place(c: Compile) -> Seen:
    m = net()
    o = optim.Adam(m.parameters(), lr=0.01)
    yield from changed(
        c, m, lambda: o.state[m[0].weight]["exp_avg"].zero_(), lambda: o.state[m[0].bias].update(step=100.0), optimizer=o
    )


@situation
def optimizer_state_loaded(c: Compile) -> Seen:
    m = net()
    o = optim.Adam(m.parameters(), lr=0.01)
    saved: list[Any] = []
    keep, load = lambda: saved.append(copy.deepcopy(o.state_dict())), lambda: o.load_state_dict(saved[0])
    yield from changed(c, m, keep, load, optimizer=o)


@situation
def group_added(c: Compile) -> Seen:
    m, extra = net(), nn.Linear(2, 2)
    o = sgd(m)
    step = training(lambda x: extra(m(x)), o)
    yield from changed(c, m, lambda: o.add_param_group({"params": extra.parameters(), "lr": 0.01}), optimizer=o, step=step)
    yield extra


@situation
def groups_with_options_of_their_own(c: Compile) -> Seen:
    m = net()
    o = optim.SGD(
        [{"params": m[0].parameters()}, {"params": m[2].parameters(), "lr": 0.01, "momentum": 0.0}], lr=0.1, momentum=0.9
    )
    yield from changed(c, m, lambda: o.param_groups[1].update(lr=0.5), lambda: o.param_groups.pop(), optimizer=o)


@situation
def parameter_removed_from_a_group(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    yield from changed(c, m, lambda: o.state.pop(o.param_groups[0]["params"].pop()), optimizer=o)


@situation
def optimizer_replaced(c: Compile) -> Seen:
    m = net()
    box = [sgd(m)]

    def step(x: Any, y: Any) -> Any:
        return training(m, box[0])(x, y)

    new = lambda make: lambda: box.__setitem__(0, make(m.parameters()))  # noqa: E731
    yield from changed(c, m, new(optim.Adam), new(optim.RMSprop), step=step)


@situation
def two_optimizers_in_one_step(c: Compile) -> Seen:
    m = net()
    a, b = optim.SGD(m[0].parameters(), lr=0.1), optim.Adam(m[2].parameters())

    def step(x: Any, y: Any) -> Any:
        loss = F.mse_loss(m(x), y)
        for o in (a, b):
            o.zero_grad()
        loss.backward()
        for o in (a, b):
            o.step()
        return loss

    yield from changed(c, m, optimizer=b, step=step)


@situation
def optimizer_with_a_closure(c: Compile) -> Seen:
    m = net()
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        def closure() -> Any:
            o.zero_grad()
            loss = F.mse_loss(m(x), y)
            loss.backward()
            return loss

        return o.step(closure)

    yield from changed(c, m, optimizer=o, step=step)


@situation
def several_updates_in_one_call(c: Compile) -> Seen:
    m = net()
    o = optim.Adam(m.parameters(), lr=0.01)
    train = training(m, o)
    yield from changed(c, m, optimizer=o, step=lambda x, y: [train(x * k, y) for k in range(3)])


@situation
def update_skipped_now_and_then(c: Compile) -> Seen:
    m, n = net(), [0]
    o = optim.Adam(m.parameters(), lr=0.01)

    def step(x: Any, y: Any) -> Any:
        o.zero_grad()
        F.mse_loss(m(x), y).backward()
        n[0] += 1
        if n[0] % 3:
            o.step()

    yield from changed(c, m, lambda: None, optimizer=o, step=step)


@situation
def update_without_gradients(c: Compile) -> Seen:
    m = net()
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        o.zero_grad()
        m[0](x).sum().backward()
        o.step()

    yield from changed(c, m, optimizer=o, step=step)


@situation
def an_optimizer_of_the_users(c: Compile) -> Seen:
    class Signs(optim.Optimizer):
        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, {"lr": lr})

        def update(self, p: Any, g: Any, state: Any, group: Any) -> None:
            state["n"] = state.get("n", 0) + 1
            p.sub_(g.sign() * group["lr"] / state["n"])

    m = net()
    o = Signs(m.parameters(), 0.1)
    yield from changed(c, m, lambda: o.param_groups[0].update(lr=0.5), optimizer=o)


@situation
def an_update_by_hand(c: Compile) -> Seen:
    m, lr = net(), [0.1]

    def step(x: Any, y: Any) -> Any:
        m.zero_grad()
        loss = F.mse_loss(m(x), y)
        loss.backward()
        with torch.no_grad():
            for p in m.parameters():
                p -= lr[0] * p.grad
        return loss

    yield from changed(c, m, lambda: lr.insert(0, 0.01), step=step)


@situation
def an_update_of_data_by_hand(c: Compile) -> Seen:
    m = net()

    def step(x: Any, y: Any) -> Any:
        for p, g in zip(m.parameters(), torch.autograd.grad(F.mse_loss(m(x), y), list(m.parameters()))):
            p.data.add_(g, alpha=-0.1)

    yield from changed(c, m, step=step)


@situation
def norm_clipped(c: Compile) -> Seen:
    m, most = net(), [0.1]
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        o.zero_grad()
        F.mse_loss(m(x), y).backward()
        norm = nn.utils.clip_grad_norm_(m.parameters(), most[0])
        o.step()
        return norm

    yield from changed(c, m, lambda: most.insert(0, 100.0), lambda: most.insert(0, 0.0), optimizer=o, step=step)


@situation
def norm_clipped_with_an_error(c: Compile) -> Seen:
    m = net()
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        o.zero_grad()
        F.mse_loss(m(x), y).backward()
        norm = nn.utils.clip_grad_norm_(m.parameters(), 1.0, error_if_nonfinite=True)
        o.step()
        return norm

    f = c(step)
    for i in range(7):
        x, y = batch(i)
        yield attempt(f, x / 0 if i == 4 else x, y), m


@situation
def values_clipped(c: Compile) -> Seen:
    m = net()
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        o.zero_grad()
        F.mse_loss(m(x), y).backward()
        nn.utils.clip_grad_value_(m.parameters(), 0.05)
        o.step()

    yield from changed(c, m, optimizer=o, step=step)


@situation
def vectors_of_parameters(c: Compile) -> Seen:
    m = net()

    def step(x: Any, y: Any) -> Any:
        v = nn.utils.parameters_to_vector(m.parameters()).detach()
        nn.utils.vector_to_parameters(v * 0.9, m.parameters())
        return F.mse_loss(m(x), y), v

    yield from changed(c, m, step=step)


@situation
def regularised_by_hand(c: Compile) -> Seen:
    m, weight = net(), [0.01]
    o = sgd(m)
    train = training(m, o, lambda out, y: F.mse_loss(out, y) + weight[0] * sum((p**2).sum() for p in m.parameters()))
    yield from changed(c, m, lambda: weight.insert(0, 0.5), optimizer=o, step=train)


@situation
def learning_rate_warmed_up_by_hand(c: Compile) -> Seen:
    m, n = net(), [0]
    o = sgd(m)
    train = training(m, o)

    def step(x: Any, y: Any) -> Any:
        n[0] += 1
        for group in o.param_groups:
            group["lr"] = 0.1 * min(1.0, n[0] / 5) * math.cos(n[0] / 10)
        return train(x, y)

    yield from changed(c, m, lambda: None, optimizer=o, step=step)


@situation
def temperature_that_is_annealed(c: Compile) -> Seen:
    m, t = net(), [2.0]
    o = sgd(m)

    def loss_fn(out: Any, y: Any) -> Any:
        t[0] *= 0.9
        return F.kl_div((out / t[0]).log_softmax(1), (y / t[0]).softmax(1), reduction="batchmean") * t[0] ** 2

    yield from changed(c, m, optimizer=o, step=training(m, o, loss_fn))


@situation
def softplus_and_slopes_that_are_annealed(c: Compile) -> Seen:
    n = [0.0]

    def f(x: Any) -> Any:
        n[0] += 0.3
        return (
            F.softplus(x, beta=n[0]),
            F.leaky_relu(x, n[0]),
            F.elu(x, n[0]),
            x.clamp(-n[0], n[0]),
            x ** n[0].__ceil__(),
            F.dropout(x, n[0] / 3),
        )

    f = c(f)
    for i in range(6):
        yield f(numbers(i, 2, 3))


@situation
def learning_with_a_metric_in_between(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    step = c(training(m, o))
    for i in range(6):
        yield step(*batch(i)).item(), sum(p.norm().item() for p in m.parameters()), o


@situation
def model_made_anew(c: Compile) -> Seen:
    box: list[Any] = [net()]
    step = c(lambda x, y: training(box[0], sgd(box[0]))(x, y))
    for i in range(6):
        if i % 3 == 2:
            box[0] = net(nn.ReLU())
        yield step(*batch(i)), box[0]
