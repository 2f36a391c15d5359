"""Situations: hooks, modules that change, and what modules keep."""

from __future__ import annotations

import copy
import pickle
from typing import Any

from twins import Compile, Seen, attempt, batch, changed, net, numbers, sgd, situation, training

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.nn import functional as F

# ----------------------------------------------------------------------------------------------------------- hooks


@situation
def forward_hook_removed(c: Compile) -> Seen:
    m = net()
    h = m[0].register_forward_hook(lambda m, i, o: o * 2)
    yield from changed(c, m, h.remove)


@situation
def forward_hook_added(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: m[1].register_forward_hook(lambda m, i, o: o * 2))


@situation
def forward_hook_added_and_removed_in_turns(c: Compile) -> Seen:
    m, handles = net(), []
    add = lambda: handles.append(m[0].register_forward_hook(lambda m, i, o: o + 1))  # noqa: E731
    yield from changed(c, m, add, lambda: handles.pop().remove(), add, add, lambda: handles.pop().remove())


@situation
def forward_pre_hook_removed(c: Compile) -> Seen:
    m = net()
    h = m[2].register_forward_pre_hook(lambda m, i: (i[0] * 0.5,))
    yield from changed(c, m, h.remove)


@situation
def forward_pre_hook_added(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: m.register_forward_pre_hook(lambda m, i: (i[0] + 1,)))


@situation
def hooks_with_kwargs(c: Compile) -> Seen:
    class Scaled(nn.Module):
        def forward(self, x: Any, scale: float = 1.0) -> Any:
            return x * scale

    m = Scaled()
    f = c(lambda x, s: m(x, scale=s))
    for i in range(3):
        yield f(numbers(i, 2), 2.0)
    m.register_forward_pre_hook(lambda m, a, k: (a, {"scale": k["scale"] + 1}), with_kwargs=True)
    for i in range(3):
        yield f(numbers(i, 2), 2.0 + i)


@situation
def full_backward_hook_added_and_removed(c: Compile) -> Seen:
    m, handles = net(), []
    add = lambda: handles.append(m[2].register_full_backward_hook(lambda m, gi, go: (gi[0] * 2,)))  # noqa: E731
    yield from changed(c, m, add, lambda: handles.pop().remove())


@situation
def full_backward_hook_records(c: Compile) -> Seen:
    m, log = net(), []
    m[0].register_full_backward_hook(lambda m, gi, go: log.append((type(m).__name__, gi[0] is None, go[0])))
    yield from changed(c, m)
    yield log


@situation
def full_backward_pre_hook_added(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: m[2].register_full_backward_pre_hook(lambda m, g: (g[0] * 3,)))


@situation
def full_backward_pre_hook_removed(c: Compile) -> Seen:
    m = net()
    h = m[0].register_full_backward_pre_hook(lambda m, g: (-g[0],))
    yield from changed(c, m, h.remove)


@situation
def hook_replaces_the_result_by_a_constant(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: m[0].register_forward_hook(lambda m, i, o: torch.ones(4, 4)))


@situation
def hook_that_changes_its_number(c: Compile) -> Seen:
    m, scale = net(), [1.0]
    m[0].register_forward_hook(lambda m, i, o: o * scale[0])
    yield from changed(c, m, lambda: scale.insert(0, 0.5), lambda: scale.insert(0, -1.0))


@situation
def hook_that_prints_shapes(c: Compile) -> Seen:
    m = net()
    m[1].register_forward_hook(lambda m, i, o: print(type(m).__name__, o.shape, o.requires_grad))
    yield from changed(c, m)


@situation
def hook_that_prints_values(c: Compile) -> Seen:
    m = nn.Linear(2, 2)
    with torch.no_grad():
        m.weight.fill_(0.5)
        m.bias.fill_(1.0)
    m.register_forward_hook(lambda m, i, o: print(o))
    f = c(lambda x: m(x).sum())
    for i in range(5):
        yield f(torch.full((2, 2), float(i)))


@situation
def hook_keeps_activations(c: Compile) -> Seen:
    m, kept = net(), []
    m[1].register_forward_hook(lambda m, i, o: kept.append(o.detach()))
    yield from changed(c, m)
    yield kept


@situation
def hook_raises_every_third_call(c: Compile) -> Seen:
    m, n = net(), [0]

    def hook(m: Any, i: Any, o: Any) -> None:
        n[0] += 1
        if n[0] % 3 == 0:
            raise ValueError(f"call {n[0]}")

    m[1].register_forward_hook(hook)
    o = sgd(m)
    step = c(training(m, o))
    for i in range(9):
        yield attempt(step, *batch(i)), m, o, n


@situation
def keyboard_interrupt_in_a_backward_hook(c: Compile) -> Seen:
    m, n = net(), [0]

    def hook(m: Any, gi: Any, go: Any) -> None:
        n[0] += 1
        if n[0] % 3 == 0:
            raise KeyboardInterrupt

    m[1].register_full_backward_hook(hook)
    o = sgd(m)
    step = c(training(m, o))
    for i in range(9):
        yield attempt(step, *batch(i)), m, o, n


@situation
def hook_removes_itself(c: Compile) -> Seen:
    m, handles = net(), []

    def hook(m: Any, i: Any, o: Any) -> Any:
        if len(handles) == 2:
            handles[0].remove()
        handles.append(None)
        return o * 2

    handles.append(m[0].register_forward_hook(hook))
    yield from changed(c, m, lambda: None)


@situation
def hook_added_within_the_step(c: Compile) -> Seen:
    m = net()
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        h = m[1].register_forward_hook(lambda m, i, o: o * 0.5)
        first = m(x)
        h.remove()
        loss = F.mse_loss(first + m(x), y)
        o.zero_grad()
        loss.backward()
        o.step()
        return loss

    yield from changed(c, m, optimizer=o, step=step)


@situation
def hook_order_prepend(c: Compile) -> Seen:
    m = net()
    m[0].register_forward_hook(lambda m, i, o: o * 2)
    yield from changed(c, m, lambda: m[0].register_forward_hook(lambda m, i, o: o + 1, prepend=True))


# ------------------------------------------------------------------------------------------------- module surgery


@situation
def child_replaced_by_index(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: m.__setitem__(1, nn.ReLU()), lambda: m.__setitem__(1, nn.Sigmoid()))


@situation
def sequential_append(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: m.append(nn.Sigmoid()), lambda: m.append(nn.Linear(2, 2)))


@situation
def sequential_extend(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: m.extend([nn.Sigmoid(), nn.ReLU()]))


@situation
def sequential_insert(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: m.insert(1, nn.ReLU()))


@situation
def sequential_del(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: m.__delitem__(1))


@situation
def add_module_under_an_old_name(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: m.add_module("1", nn.Softplus()))


@situation
def attribute_set_to_another_module(c: Compile) -> Seen:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.act, self.b = nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)

        def forward(self, x: Any) -> Any:
            return self.b(self.act(self.a(x)))

    m = Net()
    yield from changed(c, m, lambda: setattr(m, "act", nn.ReLU()), lambda: setattr(m, "b", nn.Linear(4, 2, bias=False)))


@situation
def attribute_deleted_falls_back(c: Compile) -> Seen:
    class Net(nn.Linear):
        scale = 2.0

        def forward(self, x: Any) -> Any:
            return super().forward(x) * self.scale

    m = Net(3, 2)
    m.scale = 3.0
    yield from changed(c, m, lambda: delattr(m, "scale"), lambda: setattr(Net, "scale", 0.5))


@situation
def module_deleted_and_asked_for(c: Compile) -> Seen:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.extra = nn.Linear(3, 2), nn.Sigmoid()

        def forward(self, x: Any) -> Any:
            y = self.a(x)
            return self.extra(y) if hasattr(self, "extra") else y

    m = Net()
    yield from changed(c, m, lambda: delattr(m, "extra"), lambda: setattr(m, "extra", nn.Tanh()))


@situation
def module_deleted_then_the_step_raises(c: Compile) -> Seen:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(3, 2)

        def forward(self, x: Any) -> Any:
            return self.a(x)

    m = Net()
    f = c(lambda x: m(x).sum())
    for i in range(3):
        yield f(numbers(i, 2, 3))
    del m.a
    for i in range(3):
        yield attempt(f, numbers(i, 2, 3))


@situation
def module_list_grows_and_shrinks(c: Compile) -> Seen:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(3, 2)])

        def forward(self, x: Any) -> Any:
            for layer in self.layers:
                x = layer(x)
            return x

    m = Net()
    grow = [lambda: m.layers.append(nn.Linear(2, 2)), lambda: m.layers.extend([nn.Tanh()]), lambda: m.layers.pop(1)]
    yield from changed(c, m, *grow, lambda: m.layers.insert(1, nn.Sigmoid()))


@situation
def module_dict_changes(c: Compile) -> Seen:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleDict({"a": nn.Linear(3, 2), "b": nn.Tanh()})

        def forward(self, x: Any) -> Any:
            for part in self.parts.values():
                x = part(x)
            return x

    m = Net()
    changes = [lambda: m.parts.__setitem__("c", nn.Linear(2, 2)), lambda: m.parts.pop("b")]
    yield from changed(c, m, *changes, lambda: m.parts.update({"a": nn.Linear(3, 2)}))


@situation
def parameter_list_append(c: Compile) -> Seen:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scales = nn.ParameterList([nn.Parameter(torch.ones(2))])
            self.l = nn.Linear(3, 2)

        def forward(self, x: Any) -> Any:
            y = self.l(x)
            for scale in self.scales:
                y = y * scale
            return y

    m = Net()
    o = sgd(m)

    def grow() -> None:
        m.scales.append(nn.Parameter(torch.full((2,), 0.5)))
        o.add_param_group({"params": [m.scales[-1]], "lr": 0.01})

    yield from changed(c, m, grow, grow, optimizer=o)


@situation
def parameter_replaced_by_a_new_one(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: setattr(m[0], "weight", nn.Parameter(torch.ones(4, 3))))


@situation
def parameter_registered_again(c: Compile) -> Seen:
    m = net()
    yield from changed(
        c,
        m,
        lambda: m[2].register_parameter("bias", None),
        lambda: m[2].register_parameter("bias", nn.Parameter(torch.ones(2))),
    )


@situation
def buffer_registered_again(c: Compile) -> Seen:
    class Shift(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.l = nn.Linear(3, 2)
            self.register_buffer("shift", torch.zeros(2))

        def forward(self, x: Any) -> Any:
            return self.l(x) + self.shift

    m = Shift()
    ones = lambda: m.register_buffer("shift", torch.ones(2))  # noqa: E731
    yield from changed(c, m, ones, lambda: m.shift.mul_(3), lambda: setattr(m, "shift", torch.full((2,), -1.0)))


@situation
def buffer_written_by_forward(c: Compile) -> Seen:
    class Counting(nn.Linear):
        def __init__(self) -> None:
            super().__init__(3, 2)
            self.register_buffer("calls", torch.tensor(0))
            self.register_buffer("total", torch.zeros(2))

        def forward(self, x: Any) -> Any:
            y = super().forward(x)
            self.calls += 1
            self.total += y.detach().sum(0)
            return y + self.total / self.calls

    yield from changed(c, Counting())


@situation
def buffer_replaced_by_forward(c: Compile) -> Seen:
    class Moving(nn.Linear):
        def __init__(self) -> None:
            super().__init__(3, 2)
            self.register_buffer("mean", torch.zeros(2))

        def forward(self, x: Any) -> Any:
            y = super().forward(x)
            self.mean = 0.9 * self.mean + 0.1 * y.detach().mean(0)
            return y - self.mean

    yield from changed(c, Moving())


# -------------------------------------------------------------------------------------------- what forward keeps


@situation
def moving_average_attribute(c: Compile) -> Seen:
    class Moving(nn.Linear):
        ema = 0.0

        def forward(self, x: Any) -> Any:
            self.ema = 0.5 * self.ema + 0.5 * x.mean()
            return super().forward(x) - self.ema

    m = Moving(3, 2)
    yield from changed(c, m)
    yield m.ema


@situation
def counter_attribute(c: Compile) -> Seen:
    class Counting(nn.Linear):
        n = 0

        def forward(self, x: Any) -> Any:
            self.n += 1
            return super().forward(x) * self.n

    m = Counting(3, 2)
    yield from changed(c, m)
    yield m.n


@situation
def hidden_state_read_afterwards(c: Compile) -> Seen:
    class Keeping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.l = nn.Linear(3, 2)

        def forward(self, x: Any) -> Any:
            self.h = self.l(x)
            return self.h.tanh()

    m = Keeping()
    f = c(lambda x: m(x).sum())
    for i in range(5):
        yield f(numbers(i, 4, 3)), m.h


@situation
def recurrent_state_between_calls(c: Compile) -> Seen:
    class Cell(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.l, self.h = nn.Linear(5, 2), torch.zeros(4, 2)

        def forward(self, x: Any) -> Any:
            self.h = self.l(torch.cat([x, self.h.detach()], 1)).tanh()
            return self.h

    yield from changed(c, m := Cell())
    yield m.h


@situation
def lists_appended(c: Compile) -> Seen:
    m, losses = net(), []
    o = sgd(m)
    train = training(m, o)
    yield from changed(c, m, optimizer=o, step=lambda x, y: losses.append(train(x, y)))
    yield losses


@situation
def dictionary_of_activations(c: Compile) -> Seen:
    m, seen = net(), {}
    for name, module in m.named_modules():
        module.register_forward_hook(lambda m, i, o, name=name: seen.__setitem__(name, o))
    for i, f in enumerate([c(lambda x: m(x).sum())] * 5):
        yield f(numbers(i, 2, 3)), dict(seen)


@situation
def class_attribute_counts(c: Compile) -> Seen:
    class Counting(nn.Linear):
        calls = 0

        def forward(self, x: Any) -> Any:
            type(self).calls += 1
            return super().forward(x) + type(self).calls

    yield from changed(c, Counting(3, 2))
    yield Counting.calls


@situation
def forward_replaced_on_the_instance(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: setattr(m[1], "forward", lambda x: x * 0.1), lambda: delattr(m[1], "forward"))


@situation
def forward_replaced_on_the_class(c: Compile) -> Seen:
    class Act(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.tanh()

    m = net(Act())
    yield from changed(c, m, lambda: setattr(Act, "forward", lambda self, x: x.sigmoid()))


@situation
def options_of_layers_changed(c: Compile) -> Seen:
    m = net(nn.LeakyReLU(0.1))
    yield from changed(c, m, lambda: setattr(m[1], "negative_slope", 0.5), lambda: setattr(m[1], "negative_slope", -2.0))


@situation
def global_configuration_read(c: Compile) -> Seen:
    config = {"scale": 1.0, "act": "tanh"}
    m = nn.Linear(3, 2)
    o = sgd(m)
    train = training(lambda x: getattr(m(x), config["act"])() * config["scale"], o)
    yield from changed(c, m, lambda: config.update(scale=2.0), lambda: config.update(act="sigmoid"), optimizer=o, step=train)


@situation
def module_read_but_not_called(c: Compile) -> Seen:
    flag = nn.Dropout()
    f = c(lambda x: x * 2 if flag.training else x * 3)
    for i in range(8):
        flag.train(i % 3 != 2)
        yield f(numbers(i, 3))


@situation
def training_mode_switched(c: Compile) -> Seen:
    m = net(nn.Dropout(0.5), nn.BatchNorm1d(4))
    yield from changed(c, m, m.eval, m.train, m[1].eval)


@situation
def mode_switched_within_the_step(c: Compile) -> Seen:
    m = net(nn.BatchNorm1d(4))
    o = sgd(m)
    train = training(m, o)

    def step(x: Any, y: Any) -> Any:
        m.train()
        loss = train(x, y)
        m.eval()
        with torch.no_grad():
            return loss, m(x)

    yield from changed(c, m, optimizer=o, step=step)


@situation
def parameters_frozen_and_thawed(c: Compile) -> Seen:
    m = net()
    freeze, thaw = lambda: m[0].requires_grad_(False), lambda: m[0].requires_grad_(True)
    yield from changed(c, m, freeze, thaw, lambda: m[2].bias.requires_grad_(False))


@situation
def frozen_within_the_step(c: Compile) -> Seen:
    m, n = net(), [0]
    o = sgd(m)
    train = training(m, o)

    def step(x: Any, y: Any) -> Any:
        n[0] += 1
        m[0].weight.requires_grad_(n[0] % 2 == 0)
        return train(x, y)

    yield from changed(c, m, optimizer=o, step=step)


@situation
def model_made_double(c: Compile) -> Seen:
    m = net()
    f = c(lambda x: m(x.to(m[0].weight.dtype)).sum())
    for i in range(9):
        if i == 3:
            m.double()
        if i == 6:
            m.float()
        yield f(numbers(i, 4, 3)), m


@situation
def training_made_double(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    step = c(training(m, o))
    for i in range(6):
        x, y = batch(i)
        if i == 3:
            m.double()
        yield step(*((x.double(), y.double()) if i >= 3 else (x, y))), m


@situation
def double_model_on_float_input_raises(c: Compile) -> Seen:
    m = net()
    f = c(lambda x: m(x).sum())
    for i in range(3):
        yield f(numbers(i, 4, 3))
    m.double()
    for i in range(3):
        yield attempt(f, numbers(i, 4, 3)), f(numbers(i, 4, 3).double())


@situation
def state_dict_loaded(c: Compile) -> Seen:
    m = net()
    saved = copy.deepcopy(m.state_dict())
    yield from changed(c, m, lambda: m.load_state_dict(saved), lambda: m.load_state_dict(saved, assign=True))


@situation
def state_dict_is_live(c: Compile) -> Seen:
    m = net()
    live = m.state_dict()
    yield from changed(c, m, lambda: live["0.bias"].fill_(1.0))
    yield live


@situation
def state_dict_taken_within_the_step(c: Compile) -> Seen:
    m, taken = net(), []
    o = sgd(m)
    train = training(m, o)

    def step(x: Any, y: Any) -> Any:
        taken.append({k: v.clone() for k, v in m.state_dict().items()})
        return train(x, y)

    yield from changed(c, m, optimizer=o, step=step)
    yield taken


@situation
def deepcopy_of_the_model_between_calls(c: Compile) -> Seen:
    m, copies = net(), []
    yield from changed(c, m, lambda: copies.append(copy.deepcopy(m)), lambda: copies.append(copy.deepcopy(m)))
    yield copies


@situation
def deepcopy_of_the_model_within_the_step(c: Compile) -> Seen:
    m, copies = net(), []
    o = sgd(m)
    train = training(m, o)
    yield from changed(c, m, optimizer=o, step=lambda x, y: (train(x, y), copies.append(copy.deepcopy(m))))
    yield copies


@situation
def pickle_of_the_model_between_calls(c: Compile) -> Seen:
    m, copies = net(), []
    yield from changed(c, m, lambda: copies.append(attempt(lambda: pickle.loads(pickle.dumps(m)))))
    yield copies


@situation
def weights_tied(c: Compile) -> Seen:
    m = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3), nn.Linear(3, 2))
    m[2].weight = m[0].weight
    yield from changed(c, m, lambda: setattr(m[2], "weight", nn.Parameter(torch.ones(3, 3))))


@situation
def weights_tied_later(c: Compile) -> Seen:
    m = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3), nn.Linear(3, 2))
    yield from changed(c, m, lambda: setattr(m[2], "weight", m[0].weight))


@situation
def one_module_called_twice(c: Compile) -> Seen:
    m = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))
    o = sgd(m)
    yield from changed(c, m, optimizer=o, step=training(lambda x: m(m[0](x)), o))


@situation
def moving_average_of_the_weights(c: Compile) -> Seen:
    m = net()
    ema = copy.deepcopy(m).requires_grad_(False)
    o = sgd(m)
    train = training(m, o)

    def step(x: Any, y: Any) -> Any:
        loss = train(x, y)
        with torch.no_grad():
            for slow, fast in zip(ema.parameters(), m.parameters()):
                slow.mul_(0.9).add_(fast, alpha=0.1)
        return loss, ema(x)

    yield from changed(c, m, optimizer=o, step=step)
    yield ema


@situation
def model_applied_and_initialised_again(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: m.apply(lambda k: nn.init.ones_(k.weight) if isinstance(k, nn.Linear) else None))


@situation
def another_model_of_the_same_shape(c: Compile) -> Seen:
    models = [net(), net(nn.ReLU())]
    f = c(lambda which, x: models[which](x).sum())
    for i in range(8):
        yield f(i % 2, numbers(i, 2, 3))


@situation
def a_model_as_an_argument(c: Compile) -> Seen:
    models = [net(), copy.deepcopy(net()), net(nn.ReLU())]
    f = c(lambda model, x: model(x).sum())
    for i in range(9):
        yield f(models[i % 3], numbers(i, 2, 3))


@situation
def an_optimizer_as_an_argument(c: Compile) -> Seen:
    models = [net(), net()]
    optimizers = [sgd(models[0]), optim.Adam(models[1].parameters())]
    f = c(lambda m, o, x, y: training(m, o)(x, y))
    for i in range(8):
        yield f(models[i % 2], optimizers[i % 2], *batch(i)), models


@situation
def compiled_bound_method(c: Compile) -> Seen:
    class Trainer:
        def __init__(self) -> None:
            self.m, self.n, self.log = net(), 0, []
            self.o = sgd(self.m)

        def step(self, x: Any, y: Any) -> Any:
            self.n += 1
            self.log.append(training(self.m, self.o)(x, y))
            return self.log[-1] * self.n

    t = Trainer()
    step = c(t.step)
    for i in range(6):
        yield step(*batch(i)), t.n, t.log, t.m


@situation
def compiled_method_of_a_class(c: Compile) -> Seen:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.l = nn.Linear(3, 2)

        @c
        def forward(self, x: Any) -> Any:
            return self.l(x)

    a, b = Net(), Net()
    for i in range(6):
        yield attempt(a, numbers(i, 2, 3)), attempt(b, numbers(i, 2, 3))


@situation
def repr_of_the_model_within_the_step(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    train = training(m, o)
    yield from changed(c, m, lambda: m.append(nn.ReLU()), optimizer=o, step=lambda x, y: (print(m), train(x, y)))


@situation
def parameters_counted_within_the_step(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    train = training(m, o)
    step = lambda x, y: (train(x, y), sum(p.numel() for p in m.parameters()))  # noqa: E731
    yield from changed(c, m, lambda: m.append(nn.Linear(2, 2)), optimizer=o, step=step)


@situation
def batch_norm_without_momentum(c: Compile) -> Seen:
    yield from changed(c, net(nn.BatchNorm1d(4, momentum=None)))


@situation
def batch_norm_momentum_changed(c: Compile) -> Seen:
    m = net(nn.BatchNorm1d(4))
    yield from changed(c, m, lambda: setattr(m[1], "momentum", 0.5), lambda: setattr(m[1], "momentum", None))


@situation
def batch_norm_modes(c: Compile) -> Seen:
    m = net(nn.BatchNorm1d(4))
    reset = lambda: m[1].num_batches_tracked.zero_() and None  # noqa: E731
    yield from changed(c, m, m.eval, m.train, reset)


@situation
def batch_norm_without_statistics(c: Compile) -> Seen:
    m = net(nn.BatchNorm1d(4, affine=False, track_running_stats=False))
    yield from changed(c, m, m.eval)


@situation
def batch_norm_of_an_empty_batch(c: Compile) -> Seen:
    m = net(nn.BatchNorm1d(4))
    f = c(lambda x: m(x).sum())
    for n in (4, 0, 4, 0, 1, 4, 0):
        yield attempt(f, numbers(n, n, 3)), m


@situation
def layer_norm_and_eps(c: Compile) -> Seen:
    m = net(nn.LayerNorm(4))
    yield from changed(c, m, lambda: setattr(m[1], "eps", 0.5))


@situation
def embedding_with_max_norm(c: Compile) -> Seen:
    m = nn.Embedding(5, 3, max_norm=1.0)
    o = optim.SGD(m.parameters(), lr=0.5)

    def step(i: Any) -> Any:
        loss = m(i).square().sum()
        o.zero_grad()
        loss.backward()
        o.step()
        return loss

    step = c(step)
    for k in range(6):
        yield step(torch.tensor([k % 5, 1, 1])), m


@situation
def embedding_with_padding(c: Compile) -> Seen:
    m = nn.Embedding(5, 3, padding_idx=0)
    o = sgd(m)
    step = c(training(m, o, lambda y, t: (y * t).sum()))
    for k in range(5):
        yield step(torch.tensor([0, k % 5]), numbers(k, 2, 3)), m


@situation
def embedding_bad_index(c: Compile) -> Seen:
    m, n = nn.Embedding(5, 3), [0]

    def f(i: Any) -> Any:
        z = m(i).sum()
        n[0] += 1
        return z

    f = c(f)
    for k in range(7):
        yield attempt(f, torch.tensor([1, 9 if k in (1, 4) else -1 if k == 5 else 2])), n


@situation
def dropout_probability_changed(c: Compile) -> Seen:
    m = net(nn.Dropout(0.5))
    yield from changed(
        c, m, lambda: setattr(m[1], "p", 0.1), lambda: setattr(m[1], "p", 0.0), lambda: setattr(m[1], "p", 1.0)
    )


@situation
def modules_made_within_the_step(c: Compile) -> Seen:
    f = c(lambda x: nn.Linear(3, 2)(x).sum())
    for i in range(5):
        yield f(numbers(i, 2, 3))


@situation
def layers_skipped_at_random(c: Compile) -> Seen:
    m = nn.ModuleList([nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3)])

    def f(x: Any) -> Any:
        for layer in m:
            if torch.rand(()) < 0.7:
                x = layer(x)
        return x.sum()

    f = c(f)
    for i in range(10):
        yield f(numbers(i, 2, 3))
