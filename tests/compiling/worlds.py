"""A small world around a compiled step or Module, and what may happen in it between calls and within them."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

from twins import Compile, attempt, numbers

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.nn import functional as F

__all__ = ["CHANGES", "POINTS", "WITHIN", "World"]

POINTS = ("start", "first layer", "last layer", "loss", "after backward", "end")
ACTIVATIONS: tuple[Callable[[], nn.Module], ...] = (
    nn.Tanh,
    nn.ReLU,
    nn.GELU,
    lambda: nn.Dropout(0.3),
    lambda: nn.BatchNorm1d(4),
)
OPTIMIZERS: tuple[Callable[[Any], optim.Optimizer], ...] = (
    lambda p: optim.SGD(p, lr=0.05),
    lambda p: optim.SGD(p, lr=0.05, momentum=0.9),
    lambda p: optim.Adam(p, lr=0.01, eps=1e-3),
    lambda p: optim.RMSprop(p, lr=0.01, eps=1e-3),
)


class Net(nn.Module):
    """Layers, a number and a buffer; between the layers things may happen."""

    def __init__(self, world: World, activation: nn.Module) -> None:
        super().__init__()
        self.at = world.at
        self.layers = nn.ModuleList([nn.Linear(3, 4), activation, nn.Linear(4, 2)])
        self.scale = 1.0
        self.register_buffer("shift", torch.zeros(2))

    def forward(self, x: Any) -> Any:
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i == 0:
                x = self.at("first layer", x)
        return self.at("last layer", x * self.scale + self.shift)

    def __deepcopy__(self, memo: Any) -> Any:
        """Only what it computes with."""
        return copy.deepcopy(self.state_dict(), memo)


class World:
    """A model, an optimizer, and what calls leave behind; the step, or the model, is compiled."""

    def __init__(self, c: Compile, *, module: bool, activation: int, optimizer: int, double: bool, exact: bool) -> None:
        torch.manual_seed(0)
        self.exact = exact
        self.script: dict[str, list[str]] = {}
        self.kept: list[Any] = []
        self.flying: list[Any] = []
        self.handles: list[Any] = []
        self.log: list[Any] = []
        self.model = Net(self, ACTIVATIONS[activation]())
        if double:
            self.model.double()
        self.optimizer = OPTIMIZERS[optimizer](self.model.parameters())
        self.saved = copy.deepcopy(self.model.state_dict())
        self.forward = c(self.model) if module else self.model
        self.step = self.train if module else c(self.train)
        self.predict = self.forward if module else c(lambda x: self.model(x).softmax(1))
        self.random = torch.get_rng_state()

    def does(self, action: Callable[[World], Any]) -> Any:
        """What an action gives, or its error; each world draws from a stream of its own."""
        torch.set_rng_state(self.random)
        try:
            return attempt(action, self)
        finally:
            torch.set_grad_enabled(True)
            self.random = torch.get_rng_state()

    def seen(self) -> dict[str, Any]:
        """All there is to see."""
        parts = {"model": self.model, "scale": self.model.scale, "kept": self.kept, "log": self.log, "random": self.random}
        return parts | {"optimizer": attempt(self.optimizer.state_dict)}

    def at(self, point: str, x: Any) -> Any:
        """What the script has for a point of the step."""
        for name in self.script.get(point, ()):
            result = WITHIN[name](self, x)
            x = x if result is None else result
        return x

    def data(self, seed: int, count: int) -> tuple[Any, Any]:
        """A batch in the model's dtype."""
        dtype = self.model.layers[0].weight.dtype
        return numbers(seed, count, 3).to(dtype), numbers(100 + seed, count, 2).to(dtype)

    def train(self, x: Any, y: Any) -> Any:
        """A step of training."""
        x = self.at("start", x)
        self.optimizer.zero_grad()
        loss = self.at("loss", F.mse_loss(self.forward(x), y))
        loss.backward()
        self.at("after backward", loss)
        self.optimizer.step()
        self.at("end", loss)
        return loss

    def linear(self, k: int) -> Any:
        """One of the linear layers that there are."""
        layers = [layer for layer in self.model.layers if isinstance(layer, nn.Linear)]
        return layers[k % len(layers)]


# ------------------------------------------------------------------------------------------ what happens between calls

Change = Callable[[World, int], Any]
Within = Callable[[World, Any], Any]


def _hook(w: World, k: int) -> None:
    w.handles.append(w.linear(k).register_forward_hook(lambda m, i, o: o * (1 + 0.1 * k)))


def _recording_hook(w: World, k: int) -> None:
    w.handles.append(w.linear(k).register_forward_hook(lambda m, i, o: w.log.append(tuple(o.shape))))


def _pre_hook(w: World, k: int) -> None:
    w.handles.append(w.linear(k).register_forward_pre_hook(lambda m, i: (i[0] + 0.1 * k,)))


def _backward_hook(w: World, k: int) -> None:
    w.handles.append(w.linear(k).register_full_backward_hook(lambda m, gi, go: w.log.append(go[0].sum())))


def _parameter_hook(w: World, k: int) -> None:
    w.handles.append(w.linear(k).weight.register_hook(lambda g: g * 0.5))


def _failing_hook(w: World, k: int) -> None:
    errors, calls = (ValueError("in a hook"), KeyboardInterrupt(), RuntimeError("late"), IndexError(3)), [0]

    def fail(*_: Any) -> None:
        calls[0] += 1
        if calls[0] % 3 == 1:
            raise errors[k]

    layer = w.linear(k)
    w.handles.append(layer.register_forward_hook(fail) if k % 2 else layer.register_full_backward_hook(fail))


def _unhook(w: World, k: int) -> None:
    if w.handles:
        w.handles.pop(k % len(w.handles)).remove()


def _option(name: str, *values: Any) -> Change:
    def change(w: World, k: int) -> None:
        for group in w.optimizer.param_groups:
            if name in group:
                group[name] = values[k]

    return change


def _activation(w: World, k: int) -> None:
    w.model.layers[1] = ACTIVATIONS[k]().to(w.model.layers[0].weight.dtype)


def _append(w: World, k: int) -> None:
    w.model.layers.append([nn.Sigmoid(), nn.Linear(2, 2), nn.Softplus(), nn.LayerNorm(2)][k].to(w.model.shift.dtype))


def _delete(w: World, k: int) -> None:
    if len(w.model.layers) > 3:
        del w.model.layers[-1]


def _new_parameter(w: World, k: int) -> None:
    layer = w.linear(k)
    layer.weight = nn.Parameter(numbers(k, *layer.weight.shape).to(layer.weight.dtype) * 0.3)


def _write(w: World, k: int) -> None:
    with torch.no_grad():
        w.linear(k).weight.mul_(0.9)


def _write_numpy(w: World, k: int) -> None:
    w.linear(k).weight.detach().numpy()[0] *= 0.5


def _assign_data(w: World, k: int) -> None:
    w.linear(k).bias.data = w.linear(k).bias.data * 0.5 + 0.1


def _new_state(w: World, k: int) -> None:
    for state in w.optimizer.state.values():
        if "momentum_buffer" in state:
            state["momentum_buffer"] = torch.ones_like(state["momentum_buffer"])


def _new_optimizer(w: World, k: int) -> None:
    w.optimizer = OPTIMIZERS[k](w.model.parameters())


def _group(w: World, k: int) -> None:
    known = {id(p) for group in w.optimizer.param_groups for p in group["params"]}
    w.optimizer.add_param_group({"params": [p for p in w.model.parameters() if id(p) not in known], "lr": 0.01 * k})


def _tie(w: World, k: int) -> None:
    w.model.layers[2].bias = nn.Parameter(w.model.shift.detach().clone())
    w.model.shift = w.model.layers[2].bias.detach()


def _write_kept(w: World, k: int) -> None:
    with torch.no_grad():
        for kept in w.kept[k:]:
            kept.mul_(0.5)


def _backward_of_kept(w: World, k: int) -> None:
    for kept in w.kept[k : k + 1]:
        kept.sum().backward()


CHANGES: dict[str, Change] = {
    "hook": _hook,
    "recording hook": _recording_hook,
    "pre-hook": _pre_hook,
    "backward hook": _backward_hook,
    "hook on a parameter": _parameter_hook,
    "failing hook": _failing_hook,
    "hook removed": _unhook,
    "train or eval": lambda w, k: w.model.train(k % 2 == 0),
    "a layer's mode": lambda w, k: w.model.layers[1].train(k % 2 == 0),
    "lr": _option("lr", 0.01, 0.1, 0.0, 1e-3),
    "momentum": _option("momentum", 0.9, 0.0, 0.5, 0.1),
    "weight_decay": _option("weight_decay", 0.0, 0.01, 0.1, 1),
    "maximize": _option("maximize", False, True, False, True),
    "activation": _activation,
    "layer appended": _append,
    "layer deleted": _delete,
    "parameter replaced": _new_parameter,
    "parameter written": _write,
    "parameter written by NumPy": _write_numpy,
    "data assigned": _assign_data,
    "frozen": lambda w, k: w.linear(k).weight.requires_grad_(False),
    "thawed": lambda w, k: w.model.requires_grad_(True),
    "double": lambda w, k: w.model.double(),
    "float": lambda w, k: w.model.float() if w.exact else None,  # over many steps float32 is compared to the last bit alone
    "buffer written": lambda w, k: w.model.shift.add_(0.1 * k),
    "buffer registered again": lambda w, k: w.model.register_buffer(
        "shift", torch.full((2,), 0.1 * k).to(w.model.shift.dtype)
    ),
    "scale": lambda w, k: setattr(w.model, "scale", (1.0, 0.5, 2, -1.0)[k]),
    "state loaded": lambda w, k: w.model.load_state_dict(w.saved, strict=False),
    "state replaced": _new_state,
    "state cleared": lambda w, k: w.optimizer.state.clear(),
    "optimizer replaced": _new_optimizer,
    "group added": _group,
    "shared memory": _tie,
    "gradients cleared": lambda w, k: w.optimizer.zero_grad(set_to_none=k % 2 == 0),
    "gradient written": lambda w, k: w.linear(k).weight.grad.mul_(0.5),
    "seed": lambda w, k: torch.manual_seed(k),
    "drawn": lambda w, k: w.log.append(torch.rand(k)),
    "kept written": _write_kept,
    "kept backward": _backward_of_kept,
    "kept dropped": lambda w, k: w.kept.clear(),
    "copied": lambda w, k: w.kept.extend(copy.deepcopy(w.model).values()),
}


# --------------------------------------------------------------------------------------------- what happens within calls


def _nothing(_: Any) -> None:
    """What was done gives nothing to go on with."""


def _raise(error: BaseException) -> Within:
    def action(w: World, x: Any) -> None:
        raise error

    return action


def _in_place(w: World, x: Any) -> Any:
    y = x * 1
    y.mul_(0.9)
    return y


def _view(w: World, x: Any) -> Any:
    y = x.clone()
    y.view(-1)[:1] += 0.1
    return y


def _numpy_of_an_intermediate(w: World, x: Any) -> Any:
    y = x.detach() * 2
    z = y + 1
    y.numpy().fill(0.25)
    return x + (y + z).mean()


def _in_a_thread(w: World, x: Any) -> None:
    thread = threading.Thread(target=lambda: w.log.append(x.detach().sum().item()))
    thread.start()
    thread.join()


def _hook_on_the_tensor(w: World, x: Any) -> None:
    if x.requires_grad:
        x.register_hook(lambda g: g * 0.5)


def _without_grad(w: World, x: Any) -> Any:
    with torch.no_grad():
        extra = x.tanh() * 0.1
    return x + extra


def _masked(w: World, x: Any) -> Any:
    return x + x[x > 0].detach().sum() * 0.01


def _update_by_hand(w: World, x: Any) -> None:
    with torch.no_grad():
        for p in w.model.parameters():
            if p.grad is not None:
                p.sub_(p.grad, alpha=0.01)


WITHIN: dict[str, Within] = {
    "item": lambda w, x: w.log.append(x.sum().item()),
    "text": lambda w, x: w.log.append(str(tuple(x.shape))),
    "kept": lambda w, x: w.kept.append(x),
    "a graph of its own kept": lambda w, x: w.kept.append((w.linear(0).weight * w.model.scale).exp()),
    "product kept": lambda w, x: w.kept.append(x * 2),
    "branch": lambda w, x: x * 0.5 if x.sum() > 0 else x + 0.1,
    "masked": _masked,
    "in place": _in_place,
    "through a view": _view,
    "NumPy writes an intermediate": _numpy_of_an_intermediate,
    "NumPy writes a parameter": lambda w, x: _write_numpy(w, 0),
    "a parameter is written": lambda w, x: _write(w, 1),
    "a parameter is replaced": lambda w, x: _new_parameter(w, 1),
    "a buffer is written": lambda w, x: _nothing(w.model.shift.add_(0.1)),
    "a value goes into a buffer": lambda w, x: _nothing(w.model.shift.add_(x.detach().mean())),
    "a hook is added": lambda w, x: _hook(w, 1),
    "the tensor gets a hook": _hook_on_the_tensor,
    "the mode is switched": lambda w, x: _nothing(w.model.train(not w.model.training)),
    "the learning rate is halved": lambda w, x: w.optimizer.param_groups[0].update(lr=w.optimizer.param_groups[0]["lr"] / 2),
    "draws": lambda w, x: x + torch.rand(()) * 0.1,
    "dropout": lambda w, x: F.dropout(x, 0.2),
    "a seed is set": lambda w, x: _nothing(torch.manual_seed(5)),
    "a thread reads": _in_a_thread,
    "no_grad": _without_grad,
    "gradients clipped": lambda w, x: _nothing(nn.utils.clip_grad_norm_(w.model.parameters(), 0.5)),
    "updated by hand": _update_by_hand,
    "an error": _raise(ValueError("in the step")),
    "an interrupt": _raise(KeyboardInterrupt()),
    "a bad index": lambda w, x: x.view(-1)[99],
    "a bad shape": lambda w, x: x @ torch.ones(7, 7),
    "retained": lambda w, x: x.retain_grad() if x.requires_grad else None,
    "more history": lambda w, x: x * sum(p.mean() for p in w.model.parameters()),
}
