"""Situations: a Module that was compiled, in the loops that people write; and compile's arguments."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

from twins import Compile, Seen, attempt, batch, labels, net, numbers, sgd, situation

import tinygrad_mlp as torch
from tinygrad_mlp import nn, optim
from tinygrad_mlp.nn import functional as F


def loop(m: Any, o: Any, calls: int = 5, first: int = 0, count: int = 4) -> Seen:
    """The ordinary loop."""
    for i in range(first, first + calls):
        x, y = batch(i, count)
        o.zero_grad()
        loss = F.mse_loss(m(x), y)
        loss.backward()
        o.step()
        yield loss, m, o


@situation
def module_in_a_loop(c: Compile) -> Seen:
    m = c(net())
    yield from loop(m, sgd(m))


@situation
def module_in_a_loop_by_its_old_name(c: Compile) -> Seen:
    m = net()
    fast = c(m)
    o = sgd(m)
    yield from loop(fast, o)
    yield from loop(m, o)
    yield from loop(fast, o)
    yield m


@situation
def module_with_adam_and_cross_entropy(c: Compile) -> Seen:
    m = c(net(nn.GELU()))
    o, criterion = optim.Adam(m.parameters(), lr=0.01), nn.CrossEntropyLoss()
    for i in range(6):
        loss = criterion(m(numbers(i, 4, 3)), labels(i))
        o.zero_grad()
        loss.backward()
        o.step()
        yield loss, m, o


@situation
def module_with_changing_batches(c: Compile) -> Seen:
    m = c(net())
    o = sgd(m)
    for n in (4, 2, 4, 7, 1, 0, 2):
        yield from loop(m, o, 2, n, n)


@situation
def module_under_no_grad_and_in_eval(c: Compile) -> Seen:
    m = c(net(nn.Dropout(0.5), nn.BatchNorm1d(4)))
    o = sgd(m)
    for k in range(3):
        yield from loop(m, o, 2, 10 * k)
        yield m.eval() is m, m.training, m(numbers(k, 3, 3))
        with torch.no_grad():
            yield m(numbers(k, 3, 3))
        with torch.inference_mode():
            yield m(numbers(k, 3, 3)).requires_grad
        m.train()


@situation
def two_calls_in_flight(c: Compile) -> Seen:
    d = c(nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(0.2), nn.Linear(4, 1)))
    o = sgd(d)
    for i in range(6):
        real, fake = d(numbers(i, 4, 3)), d(numbers(50 + i, 4, 3))
        loss = F.softplus(-real).mean() + F.softplus(fake).mean()
        o.zero_grad()
        loss.backward()
        o.step()
        yield real, fake, loss, d


@situation
def many_calls_in_flight(c: Compile) -> Seen:
    m = c(net())
    o = sgd(m)
    for i in range(5):
        outs = [m(numbers(10 * i + k, 3, 3)) for k in range(6)]
        o.zero_grad()
        for out in reversed(outs[1:]):
            out.tanh().sum().backward()
        o.step()
        yield outs, m


@situation
def recurrent_calls(c: Compile) -> Seen:
    m = c(nn.Sequential(nn.Linear(3, 3), nn.Tanh()))
    o = sgd(m)
    for i in range(5):
        x = numbers(i, 2, 3)
        for _ in range(2 + i % 3):
            x = m(x)
        o.zero_grad()
        x.sum().backward()
        o.step()
        yield x, m


@situation
def generator_and_discriminator(c: Compile) -> Seen:
    g, d = (
        c(nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3))),
        c(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))),
    )
    og, od = sgd(g), optim.Adam(d.parameters(), lr=0.01)
    for i in range(5):
        fake = g(numbers(i, 4, 2))
        loss_d = F.softplus(-d(numbers(50 + i, 4, 3))).mean() + F.softplus(d(fake.detach())).mean()
        od.zero_grad()
        loss_d.backward()
        od.step()
        loss_g = F.softplus(-d(fake)).mean()
        og.zero_grad()
        loss_g.backward()
        og.step()
        yield fake, loss_d, loss_g, g, d


@situation
def module_second_order(c: Compile) -> Seen:
    m = c(net(nn.Softplus()))
    o = sgd(m)
    for i in range(5):
        x = numbers(i, 4, 3).requires_grad_()
        out = m(x)
        (g,) = torch.autograd.grad(out.sum(), x, create_graph=True)
        o.zero_grad()
        ((g.norm(dim=1) - 1) ** 2).mean().backward()
        o.step()
        yield out, g, m


@situation
def module_inputs_that_require_grad(c: Compile) -> Seen:
    m = c(net())
    for i in range(6):
        x = numbers(i, 2, 3).requires_grad_(i % 2 == 0)
        m(x).sum().backward()
        yield x, m


@situation
def module_inputs_with_a_history(c: Compile) -> Seen:
    first, m = nn.Linear(3, 3), c(net())
    for i in range(5):
        m.zero_grad()
        first.zero_grad()
        m(first(numbers(i, 2, 3)).tanh()).sum().backward()
        yield first, m


@situation
def module_backward_twice(c: Compile) -> Seen:
    m = c(net())
    for i in range(5):
        loss = m(numbers(i, 2, 3)).sum()
        loss.backward(retain_graph=i % 2 == 0)
        yield attempt(loss.backward), m


@situation
def module_gradients_accumulate(c: Compile) -> Seen:
    m = c(net())
    o = sgd(m)
    for i in range(8):
        F.mse_loss(m(numbers(i, 4, 3)), numbers(9 + i, 4, 2)).backward()
        if i % 3 == 2:
            o.step()
            o.zero_grad()
        yield m, o


@situation
def module_result_kept_and_written(c: Compile) -> Seen:
    m, kept = c(net()), []
    for i in range(6):
        kept.append(m(numbers(i, 2, 3)))
        yield kept
    with torch.no_grad():
        kept[2].mul_(0)
    yield kept, m(numbers(0, 2, 3))


@situation
def module_weights_changed_between_forward_and_backward(c: Compile) -> Seen:
    m = net()
    fast = c(m)
    for i in range(6):
        m.zero_grad()
        loss = fast(numbers(i, 2, 3)).sum()
        if i % 2:
            with torch.no_grad():
                m[2].weight.add_(1)
        yield attempt(loss.backward), m


@situation
def module_input_changed_between_forward_and_backward(c: Compile) -> Seen:
    m = net()
    fast = c(m)
    for i in range(6):
        m.zero_grad()
        x = numbers(i, 2, 3)
        loss = fast(x).sum()
        if i % 2:
            x.add_(1)
        yield attempt(loss.backward), m


@situation
def module_part_frozen(c: Compile) -> Seen:
    m = net()
    fast = c(m)
    o = sgd(m)
    for k in range(4):
        m[0].requires_grad_(k % 2 == 0)
        yield from loop(fast, o, 3, 10 * k)


@situation
def module_all_frozen(c: Compile) -> Seen:
    m = c(net().requires_grad_(False))
    for i in range(5):
        y = m(numbers(i, 2, 3))
        yield y, attempt(y.sum().backward)


@situation
def module_hooks_inside(c: Compile) -> Seen:
    m, log = net(), []
    fast = c(m)
    o = sgd(m)
    yield from loop(fast, o)
    h = m[1].register_forward_hook(lambda m, i, o: log.append(o) or o * 2)
    yield from loop(fast, o)
    h.remove()
    yield from loop(fast, o)
    m[2].register_full_backward_hook(lambda m, gi, go: log.append(go[0]))
    yield from loop(fast, o)
    yield log


@situation
def module_hooks_outside(c: Compile) -> Seen:
    m, log = c(net()), []
    o = sgd(m)
    yield from loop(m, o)
    h = m.register_forward_hook(lambda m, i, o: log.append(o.detach()) or o * 2)
    p = m.register_forward_pre_hook(lambda m, i: (i[0] + 1,))
    yield from loop(m, o)
    h.remove()
    p.remove()
    b = m.register_full_backward_hook(lambda m, gi, go: log.append(go[0]))
    yield from loop(m, o)
    b.remove()
    yield from loop(m, o)
    yield log


@situation
def module_surgery_after_compiling(c: Compile) -> Seen:
    m = net()
    fast = c(m)
    yield from loop(fast, sgd(m))
    m[1] = nn.ReLU()
    m.append(nn.Linear(2, 2))
    yield from loop(fast, sgd(m))
    del m[3]
    m[0] = nn.Linear(3, 4, bias=False)
    yield from loop(fast, sgd(m))


@situation
def module_state_dict_loaded(c: Compile) -> Seen:
    m = c(net())
    o = sgd(m)
    saved = copy.deepcopy(m.state_dict())
    yield from loop(m, o)
    yield str(m.load_state_dict(saved)), m
    yield from loop(m, o)
    yield m.state_dict()


@situation
def module_deepcopied(c: Compile) -> Seen:
    m = c(net())
    o = sgd(m)
    yield from loop(m, o, 3)
    other = copy.deepcopy(m)
    yield from loop(other, sgd(other), 3)
    yield from loop(m, o, 3)
    yield other


@situation
def module_pickled(c: Compile) -> Seen:
    m = c(net())
    yield from loop(m, sgd(m), 5)
    yield attempt(lambda: pickle.loads(pickle.dumps(m))), attempt(pickle.loads, pickle.dumps(c(nn.Tanh())))


@situation
def module_made_double(c: Compile) -> Seen:
    m = c(net())
    for i in range(6):
        if i == 3:
            yield m.double() is m
        x = numbers(i, 2, 3).to(torch.float64 if i >= 3 else torch.float32)
        m.zero_grad()
        m(x).sum().backward()
        yield m, attempt(m, numbers(i, 2, 3))


@situation
def module_is_a_module(c: Compile) -> Seen:
    m = c(net())
    yield isinstance(m, nn.Module), callable(m), len(list(m.parameters())), m.training, list(m.buffers())
    yield [p.shape for p in m.parameters()], sum(p.numel() for p in m.parameters()), m.eval() is m, m.train() is m
    yield m.requires_grad_(True) is m, m.zero_grad(), m.float() is m, m.to(torch.float32) is m, m.cpu() is m
    for i in range(5):
        yield m(numbers(i, 2, 3)), m.forward(numbers(i, 2, 3))


@situation
def module_inside_another(c: Compile) -> Seen:
    m = nn.Sequential(c(net()), nn.ReLU(), c(nn.Linear(2, 2)))
    o = sgd(m)
    yield from loop(m, o)
    m.eval()
    yield m[0].training, m[2].training
    yield from loop(m, o)


@situation
def module_inside_a_compiled_step(c: Compile) -> Seen:
    m = c(net())
    o = sgd(m)

    @c
    def step(x: Any, y: Any) -> Any:
        o.zero_grad()
        loss = F.mse_loss(m(x), y)
        loss.backward()
        o.step()
        return loss

    for i in range(6):
        yield step(*batch(i)), m, o


@situation
def module_compiled_twice(c: Compile) -> Seen:
    m = c(c(net()))
    yield from loop(m, sgd(m))


@situation
def module_with_attributes(c: Compile) -> Seen:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.l, self.scale, self.calls, self.seen = nn.Linear(3, 2), 2.0, 0, []

        def forward(self, x: Any) -> Any:
            self.calls += 1
            self.seen.append(x.mean())
            return self.l(x) * self.scale

        def describe(self) -> str:
            return f"{self.calls} calls"

    m = c(Net())
    o = sgd(m)
    yield from loop(m, o)
    m.scale = 0.5
    yield m.describe(), m.calls, m.seen, m.l
    yield from loop(m, o)
    yield m.describe(), m.calls, hasattr(m, "nothing")


@situation
def module_with_several_results_and_kwargs(c: Compile) -> Seen:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.l = nn.Linear(3, 2)

        def forward(self, x: Any, *, scale: float = 1.0, extra: Any = None) -> Any:
            y = self.l(x)
            return {"y": y * scale, "both": (y, y.detach()), "extra": extra, "n": len(x), "x": x}

    m = c(Net())
    for i in range(6):
        x = numbers(i, 2, 3)
        r = m(x, scale=i / 2) if i % 2 else m(x=x, extra=i)
        m.zero_grad()
        (r["y"].sum() + r["both"][0].exp().sum()).backward()
        yield r, r["x"] is x, m


@situation
def module_with_a_result_that_is_not_used(c: Compile) -> Seen:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(3, 2), nn.Linear(3, 2)

        def forward(self, x: Any) -> Any:
            return self.a(x), self.b(x)

    m = c(Net())
    for i in range(6):
        m.zero_grad()
        m(numbers(i, 2, 3))[i % 2].sum().backward()
        yield m


@situation
def module_looking_at_values(c: Compile) -> Seen:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(3, 2), nn.Linear(3, 2)

        def forward(self, x: Any) -> Any:
            return self.a(x) if x.sum() > 0 else self.b(x[x[:, 0] > 0])

    m = c(Net())
    for i in range(8):
        m.zero_grad()
        m(numbers(i, 3, 3)).sum().backward()
        yield m


@situation
def module_that_raises(c: Compile) -> Seen:
    m = c(net())
    o = sgd(m)
    for i in range(4):
        yield from loop(m, o, 2, 10 * i)
        yield attempt(m, numbers(i, 2, 5)), attempt(m), attempt(m, "x"), attempt(m, numbers(i, 3).long())


@situation
def module_with_batch_norm_in_flight(c: Compile) -> Seen:
    m = c(net(nn.BatchNorm1d(4), nn.ReLU()))
    o = sgd(m)
    for i in range(5):
        a, b = m(numbers(i, 4, 3)), m(numbers(30 + i, 4, 3))
        o.zero_grad()
        b.sum().backward()
        a.exp().sum().backward()
        o.step()
        yield a, b, m


@situation
def module_with_dropout_draws_as_eagerly(c: Compile) -> Seen:
    m = c(net(nn.Dropout(0.5)))
    o = sgd(m)
    for i in range(5):
        yield from loop(m, o, 1, i)
        yield torch.rand(2)


@situation
def module_tied_and_shared(c: Compile) -> Seen:
    inner = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3), nn.Linear(3, 2))
    inner[2].weight = inner[0].weight
    m = c(inner)
    yield from loop(m, sgd(m))


@situation
def module_embedding(c: Compile) -> Seen:
    m = c(nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 2)))
    o = sgd(m)
    for i in range(6):
        x, y = torch.tensor([[0, i % 5], [1, 6 if i == 3 else 1]]), labels(i, 2)
        o.zero_grad()
        yield attempt(lambda x=x, y=y: F.cross_entropy(m(x), y).backward()), m
        o.step()


@situation
def module_in_threads(c: Compile) -> Seen:
    m, found = c(net()), {}

    def go(k: int) -> None:
        xs = [numbers(k * 100 + i, 3, 3) for i in range(10)]
        found[k] = attempt(lambda: [torch.autograd.grad(m(x).sum(), list(m.parameters())) for x in xs])

    threads = [threading.Thread(target=go, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield [found.get(k) for k in range(3)]


@situation
def module_gradient_hooks_on_results(c: Compile) -> Seen:
    m, log = c(net()), []
    for i in range(5):
        m.zero_grad()
        y = m(numbers(i, 2, 3))
        y.register_hook(lambda g: log.append(g) or g * 2)
        y.retain_grad()
        y.tanh().sum().backward()
        yield y.grad, m, log


@situation
def module_hooks_on_parameters(c: Compile) -> Seen:
    m = net()
    fast = c(m)
    o = sgd(m)
    yield from loop(fast, o)
    h = m[0].weight.register_hook(lambda g: g * 0.1)
    yield from loop(fast, o)
    h.remove()
    yield from loop(fast, o)


@situation
def module_repr(c: Compile) -> Seen:
    m = c(net())
    yield "Linear(in_features=3, out_features=4, bias=True)" in repr(m), "Tanh()" in str(m)
    for i in range(5):
        yield m(numbers(i, 2, 3))


@situation
def module_of_a_users_function(c: Compile) -> Seen:
    class Reversed(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            print("forward")
            return x.clone()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            print("backward")
            return -g

    class Layer(nn.Module):
        def forward(self, x: Any) -> Any:
            return Reversed.apply(x)

    m = c(net(Layer()))
    yield from loop(m, sgd(m))


@situation
def layers_compiled_one_by_one(c: Compile) -> Seen:
    m = nn.Sequential(*[c(layer) for layer in net(nn.GELU(), nn.LayerNorm(4))])
    yield from loop(m, sgd(m))


@situation
def loss_compiled_as_a_module(c: Compile) -> Seen:
    m, criterion = net(), c(nn.CrossEntropyLoss())
    o = sgd(m)
    for i in range(6):
        o.zero_grad()
        loss = criterion(m(numbers(i, 4, 3)), labels(i))
        loss.backward()
        o.step()
        yield loss, m


# --------------------------------------------------------------------------------------------- compile's arguments


def _with(c: Compile, **options: Any) -> Seen:
    m = attempt(c, net(), **options)
    yield from loop(m, sgd(m))
    f = attempt(c, lambda x: x * 2 + 1, **options)
    for i in range(5):
        yield f(numbers(i, 2))


@situation
def argument_mode(c: Compile) -> Seen:
    for mode in ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs", None):
        yield from _with(c, mode=mode)


@situation
def argument_dynamic(c: Compile) -> Seen:
    for dynamic in (True, False, None):
        yield from _with(c, dynamic=dynamic)


@situation
def argument_fullgraph(c: Compile) -> Seen:
    yield from _with(c, fullgraph=True)
    yield from _with(c, fullgraph=False)


@situation
def argument_backend(c: Compile) -> Seen:
    for backend in ("inductor", "eager", "aot_eager"):
        yield from _with(c, backend=backend)


@situation
def argument_options(c: Compile) -> Seen:
    yield from _with(c, options={"trace.enabled": False})
    yield from _with(c, options=None)


@situation
def argument_disable(c: Compile) -> Seen:
    yield from _with(c, disable=True)


@situation
def all_arguments_at_once(c: Compile) -> Seen:
    yield from _with(c, fullgraph=False, dynamic=None, backend="inductor", mode=None, options=None, disable=False)


@situation
def compile_as_a_decorator(c: Compile) -> Seen:
    @c
    def f(x: Any) -> Any:
        return x * 2

    @c(fullgraph=True, dynamic=False)
    def g(x: Any) -> Any:
        return f(x) + 1

    for i in range(6):
        yield f(numbers(i, 2)), g(numbers(i, 2))
