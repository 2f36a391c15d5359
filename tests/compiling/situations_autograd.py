"""Situations: backward in all its forms, hooks on tensors, Functions, grad modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from twins import Compile, Seen, attempt, changed, net, numbers, sgd, situation

import tinygrad_mlp as torch
from tinygrad_mlp import nn
from tinygrad_mlp.autograd import Function
from tinygrad_mlp.nn import functional as F

grad = torch.autograd.grad


def gradients(c: Compile, f: Callable[[Any, Any], Any], *changes: Callable[[Any], Any]) -> Seen:
    """``f(w, x)`` of a parameter, which is seen afterwards with its gradient: three calls before and after each change."""
    w = nn.Parameter(numbers(77, 2, 3))
    step = c(lambda x: f(w, x))
    for i, change in enumerate((None, *changes)):
        if change is not None:
            change(w)
        for j in range(5 if not changes else 3):
            yield attempt(step, numbers(10 * i + j, 2, 3)), w


def cleared(f: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Forgets the gradient first."""

    def step(w: Any, x: Any) -> Any:
        w.grad = None
        return f(w, x)

    return step


# ------------------------------------------------------------------------------------------------------- backward


@situation
def gradients_accumulate(c: Compile) -> Seen:
    yield from gradients(
        c, lambda w, x: (w * x).sum().backward(), lambda w: w.grad.zero_(), lambda w: setattr(w, "grad", None)
    )


@situation
def accumulation_over_micro_batches(c: Compile) -> Seen:
    m = net()
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        o.zero_grad()
        losses = [F.mse_loss(m(a), b) / 2 for a, b in zip(x.chunk(2), y.chunk(2))]
        for loss in losses:
            loss.backward()
        o.step()
        return losses

    yield from changed(c, m, optimizer=o, step=step)


@situation
def accumulation_over_calls(c: Compile) -> Seen:
    m, n = net(), [0]
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        (F.mse_loss(m(x), y) / 2).backward()
        n[0] += 1
        if n[0] % 2 == 0:
            o.step()
            o.zero_grad()

    yield from changed(c, m, lambda: None, optimizer=o, step=step)


@situation
def gradients_set_to_zero_instead_of_none(c: Compile) -> Seen:
    m = net()
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        F.mse_loss(m(x), y).backward()
        o.step()
        o.zero_grad(set_to_none=False)

    yield from changed(c, m, optimizer=o, step=step)


@situation
def backward_without_an_update(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        loss = w.sum()
        loss.backward()
        w.grad.mul_(0.5)
        return loss

    yield from gradients(c, cleared(f))


@situation
def the_root_of_backward_is_written(c: Compile) -> Seen:
    w = torch.ones(1, requires_grad=True)

    def f(x: Any) -> Any:
        (g,) = grad(w + x, w)
        g.clamp_(-0.5, 0.5)
        g *= 0.1
        with torch.no_grad():
            w.sub_(g)
        return g

    f = c(f)
    for i in range(6):
        yield f(numbers(i, 1)), w


@situation
def backward_with_a_gradient(c: Compile) -> Seen:
    yield from gradients(c, cleared(lambda w, x: (w * x).tanh().backward(x * 2)))


@situation
def backward_without_a_gradient_raises(c: Compile) -> Seen:
    yield from gradients(c, cleared(lambda w, x: (w * x).backward()))


@situation
def backward_of_several_roots(c: Compile) -> Seen:
    yield from gradients(c, cleared(lambda w, x: torch.autograd.backward([(w * x).sum(), (w * w).sum()])))


@situation
def backward_into_chosen_inputs(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        v = torch.ones(2, 3, requires_grad=True)
        (w * v * x).sum().backward(inputs=[v])
        return v.grad

    yield from gradients(c, f)


@situation
def backward_twice_with_the_graph_retained(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        loss = (w * x).exp().sum()
        loss.backward(retain_graph=True)
        first = w.grad.clone()
        loss.backward()
        return first

    yield from gradients(c, cleared(f))


@situation
def backward_twice_raises(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        loss = (w * x).exp().sum()
        loss.backward()
        return attempt(loss.backward)

    yield from gradients(c, cleared(f))


@situation
def backward_again_after_the_call_raises(c: Compile) -> Seen:
    w = nn.Parameter(torch.ones(2, 3))

    def f(x: Any) -> Any:
        loss = (w * x).exp().sum()
        loss.backward()
        return loss

    f = c(f)
    for i in range(6):
        yield attempt(f(numbers(i, 2, 3)).backward), w


@situation
def backward_of_something_without_history_raises(c: Compile) -> Seen:
    yield from gradients(c, lambda w, x: x.sum().backward())


@situation
def several_losses(c: Compile) -> Seen:
    m = net()
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        o.zero_grad()
        h = m[0](x).tanh()
        a, b = F.mse_loss(m[2](h), y), h.abs().mean()
        (a + 0.1 * b).backward(retain_graph=True)
        b.backward()
        o.step()
        return a, b

    yield from changed(c, m, optimizer=o, step=step)


@situation
def two_players(c: Compile) -> Seen:
    g, d = net(), nn.Linear(2, 1)
    og, od = sgd(g), sgd(d)

    def step(x: Any, y: Any) -> Any:
        fake = g(x)
        loss_d = F.softplus(-d(y)).mean() + F.softplus(d(fake.detach())).mean()
        od.zero_grad()
        loss_d.backward()
        od.step()
        loss_g = F.softplus(-d(fake)).mean()
        og.zero_grad()
        loss_g.backward()
        og.step()
        return loss_d, loss_g

    yield from changed(c, g, optimizer=og, step=step)
    yield d


@situation
def grad_of_a_loss(c: Compile) -> Seen:
    yield from gradients(c, lambda w, x: grad((w * x).tanh().sum(), w))


@situation
def grad_of_unused_inputs(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        v = torch.ones(3, requires_grad=True)
        loss = (w * x).sum()
        return grad(loss, [w, v], allow_unused=True, retain_graph=True), attempt(grad, loss, [v])

    yield from gradients(c, f)


@situation
def grad_with_respect_to_intermediates(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        h = w * x
        return grad(h.exp().sum(), [h, w])

    yield from gradients(c, f)


@situation
def grad_with_respect_to_arguments(c: Compile) -> Seen:
    f = c(lambda x: grad((x**3).sum(), x))
    for i in range(6):
        yield f(numbers(i, 3).requires_grad_())


@situation
def arguments_that_require_grad(c: Compile) -> Seen:
    f = c(lambda x, y: (x * y).tanh().sum().backward())
    for i in range(6):
        x, y = numbers(i, 3).requires_grad_(), numbers(9 + i, 3).requires_grad_(i % 2 == 0)
        f(x, y)
        yield x, y


@situation
def arguments_with_a_history(c: Compile) -> Seen:
    w, f = nn.Parameter(torch.ones(3)), c(lambda x: (x.exp() * 2).sum())
    for i in range(6):
        w.grad = None
        f(w * numbers(i, 3)).backward()
        yield w


@situation
def double_backward(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        (g,) = grad((w * x).tanh().sum(), w, create_graph=True)
        (g * g).sum().backward()

    yield from gradients(c, cleared(f))


@situation
def gradient_penalty(c: Compile) -> Seen:
    m = net(nn.Softplus())
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        x = x.clone().requires_grad_()
        out = m(x)
        (g,) = grad(out.sum(), x, create_graph=True)
        loss = F.mse_loss(out, y) + ((g.norm(dim=1) - 1) ** 2).mean()
        o.zero_grad()
        loss.backward()
        o.step()
        return loss, g

    yield from changed(c, m, optimizer=o, step=step)


@situation
def third_order(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        y = (w**4 * x).sum()
        for _ in range(3):
            (g,) = grad(y, w, create_graph=True)
            y = g.sum()
        return g

    yield from gradients(c, f)


@situation
def backward_with_create_graph(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        (w * w * x).sum().backward(create_graph=True)
        first = w.grad
        w.grad = None
        first.sum().backward()
        return first.detach()

    yield from gradients(c, cleared(f))


@situation
def hessian_vector_products(c: Compile) -> Seen:
    functional = torch.autograd.functional
    yield from gradients(
        c,
        lambda w, x: (
            functional.hvp(lambda t: (t**3 * x).sum(), w.detach(), x),
            functional.jacobian(lambda t: t.exp(), x[0]),
        ),
    )


@situation
def meta_learning_step(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        (g,) = grad(((w * x) ** 2).mean(), w, create_graph=True)
        fast = w - 0.1 * g
        ((fast * x) ** 2).mean().backward()

    yield from gradients(c, cleared(f))


@situation
def gradients_are_seen_in_the_step(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        (w * x).sum().backward()
        return w.grad, w.grad is w.grad, w.grad.sum().item(), w.grad.requires_grad, w.grad.is_leaf

    yield from gradients(c, cleared(f))


# ----------------------------------------------------------------------------------------------- hooks on tensors


@situation
def tensor_hook_added(c: Compile) -> Seen:
    add = lambda w: w.register_hook(lambda g: g * 2) and None  # noqa: E731
    yield from gradients(c, cleared(lambda w, x: (w * x).exp().sum().backward()), add, add)


@situation
def tensor_hook_removed(c: Compile) -> Seen:
    handles: list[Any] = []
    step = cleared(lambda w, x: (w * x).exp().sum().backward())
    add = lambda w: handles.append(w.register_hook(lambda g: g + 1))  # noqa: E731
    yield from gradients(c, step, add, lambda w: handles[0].remove())


@situation
def tensor_hook_within(c: Compile) -> Seen:
    log: list[Any] = []

    def f(w: Any, x: Any) -> Any:
        h = w * x
        h.register_hook(lambda g: log.append(g.clone()))
        h.register_hook(lambda g: g.clamp(-1, 1))
        (h**3).sum().backward()

    yield from gradients(c, cleared(f))
    yield log


@situation
def tensor_hook_that_counts(c: Compile) -> Seen:
    calls: list[Any] = []
    step = cleared(lambda w, x: (w * x).sum().backward())
    yield from gradients(c, step, lambda w: w.register_hook(lambda g: calls.append(len(calls))))
    yield calls


@situation
def tensor_hook_that_raises(c: Compile) -> Seen:
    n = [0]

    def hook(g: Any) -> None:
        n[0] += 1
        if n[0] % 2:
            raise RuntimeError(f"hook {n[0]}")

    def f(w: Any, x: Any) -> Any:
        h = w * x
        h.register_hook(hook)
        (h + w).sum().backward()

    yield from gradients(c, cleared(f))
    yield n


@situation
def gradients_of_intermediates_retained(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        h = w * x
        h.retain_grad()
        h.exp().sum().backward()
        return h.grad, h.retains_grad

    yield from gradients(c, cleared(f))


@situation
def hook_on_the_result_of_the_call(c: Compile) -> Seen:
    w, log = nn.Parameter(torch.ones(3)), []
    f = c(lambda x: (w * x).exp())
    for i in range(6):
        y = f(numbers(i, 3))
        y.register_hook(lambda g: log.append(g) or g * 2)
        w.grad = None
        y.sum().backward()
        yield w, log


@situation
def nodes_are_inspected(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        h = (w * x).exp()
        return type(h.grad_fn).__name__, str(h.grad_fn)[:5], w.grad_fn is None, h.is_leaf, h.requires_grad, x.grad_fn is None

    yield from gradients(c, f)


# ------------------------------------------------------------------------------------------------------ Functions


class Exp(Function):
    """Saves its result."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0]


class Reversed(Function):
    """Turns gradients round, by a factor that is no tensor."""

    @staticmethod
    def forward(ctx: Any, x: Any, factor: float) -> Any:
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return -ctx.factor * g, None


class Split(Function):
    """Two results, of which one has no gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        sign = x.sign()
        ctx.mark_non_differentiable(sign)
        ctx.save_for_backward(sign)
        return x.abs(), sign

    @staticmethod
    def backward(ctx: Any, g: Any, _: Any) -> Any:
        return g * ctx.saved_tensors[0]


class InNumPy(Function):
    """Computes in NumPy, where nobody sees it."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return torch.from_numpy(np.sin(x.detach().numpy()))

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return torch.from_numpy(g.numpy() * np.cos(x.detach().numpy()))


class Doubled(Function):
    """Writes into its argument."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


@situation
def function_that_saves(c: Compile) -> Seen:
    yield from gradients(c, cleared(lambda w, x: Exp.apply(w * x).sum().backward()))


@situation
def function_to_second_order(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        (g,) = grad(Exp.apply(w * x).sum(), w, create_graph=True)
        g.sum().backward()

    yield from gradients(c, cleared(f))


@situation
def function_with_a_number(c: Compile) -> Seen:
    n = [0.0]

    def f(w: Any, x: Any) -> Any:
        n[0] += 0.5
        (Reversed.apply(w, n[0]) * x).sum().backward()

    yield from gradients(c, cleared(f))


@situation
def function_with_a_result_without_gradient(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        a, s = Split.apply(w * x)
        (a * s).sum().backward()
        return a, s

    yield from gradients(c, cleared(f))


@situation
def function_in_numpy(c: Compile) -> Seen:
    yield from gradients(c, cleared(lambda w, x: InNumPy.apply(w * x).sum().backward()))


@situation
def function_that_writes(c: Compile) -> Seen:
    yield from gradients(c, cleared(lambda w, x: Doubled.apply(w * x).exp().sum().backward()))


@situation
def function_that_counts_and_prints(c: Compile) -> Seen:
    class Loud(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            print("forward", tuple(x.shape))
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            print("backward", tuple(g.shape))
            return g * 2

    yield from gradients(c, cleared(lambda w, x: Loud.apply(w * x).sum().backward()))


@situation
def function_whose_backward_raises(c: Compile) -> Seen:
    class Bad(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            raise ArithmeticError("no derivative")

    yield from gradients(c, cleared(lambda w, x: Bad.apply(w * x).sum().backward()))


@situation
def function_in_a_training(c: Compile) -> Seen:
    m = net()
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        o.zero_grad()
        loss = F.mse_loss(InNumPy.apply(m(x)), y)
        loss.backward()
        o.step()
        return loss

    yield from changed(c, m, optimizer=o, step=step)


# ---------------------------------------------------------------------------------------------------- grad modes


@situation
def no_grad_within(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        with torch.no_grad():
            a = w * x
        b = w + a
        return a, b, a.requires_grad

    yield from gradients(c, f)


@situation
def no_grad_around(c: Compile) -> Seen:
    m = net()
    f = c(lambda x: m(x))
    for i in range(8):
        with torch.set_grad_enabled(i % 3 != 0):
            yield f(numbers(i, 2, 3)), torch.is_grad_enabled()


@situation
def enable_grad_within_no_grad(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        with torch.no_grad():
            a = w * x
            with torch.enable_grad():
                b = w * x
        return a, b, grad(b.sum(), w)

    yield from gradients(c, f)


@situation
def inference_mode_within(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        with torch.inference_mode():
            a = w * x
        return a.detach().clone(), a.is_inference(), torch.is_inference_mode_enabled(), attempt(lambda: (a * w).sum())

    yield from gradients(c, f)


@situation
def inference_mode_around(c: Compile) -> Seen:
    m = net()
    f = c(lambda x: m(x))
    for i in range(8):
        with torch.inference_mode(i % 2 == 0):
            y = f(numbers(i, 2, 3))
        yield y.is_inference(), y.requires_grad, y.detach().numpy().copy()


@situation
def set_grad_enabled_by_a_number_that_changes(c: Compile) -> Seen:
    n = [0]

    def f(w: Any, x: Any) -> Any:
        n[0] += 1
        with torch.set_grad_enabled(n[0] % 2 == 0):
            return w * x

    yield from gradients(c, f)


@situation
def grad_mode_left_off_by_the_step(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        torch.set_grad_enabled(False)
        return w * x

    yield from gradients(c, f)


@situation
def no_grad_as_a_decorator(c: Compile) -> Seen:
    m = net()
    f = c(torch.no_grad()(lambda x: m(x)))
    for i in range(6):
        yield f(numbers(i, 2, 3))


@situation
def compiled_within_no_grad(c: Compile) -> Seen:
    m = net()
    f = torch.no_grad()(c(lambda x: m(x)))
    for i in range(6):
        yield f(numbers(i, 2, 3))


@situation
def detach_within(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        h = w * x
        (h.detach() * w + h).sum().backward()
        return h.detach()

    yield from gradients(c, cleared(f))


@situation
def detach_in_place(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        h = (w * x).detach_()
        return h, h.requires_grad, h.is_leaf, attempt((h * 2).sum().backward)

    yield from gradients(c, f)


@situation
def requires_grad_switched_within(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        h = (w.detach() * x).requires_grad_()
        h.exp().sum().backward()
        return h.grad

    yield from gradients(c, f)


@situation
def requires_grad_switched_between(c: Compile) -> Seen:
    step = cleared(lambda w, x: attempt((w * x).sum().backward))
    yield from gradients(c, step, lambda w: w.requires_grad_(False), lambda w: w.requires_grad_(True))


@situation
def anomaly_detection(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        (w * 0).sqrt().sum().backward()

    yield from gradients(c, cleared(f))
    with torch.autograd.detect_anomaly(check_nan=True):
        yield from gradients(c, cleared(lambda w, x: (w * x).exp().sum().backward()))


@situation
def a_recurrent_network_unrolled(c: Compile) -> Seen:
    cell = nn.Linear(5, 2)

    def f(x: Any, n: int) -> Any:
        cell.zero_grad()
        h = torch.zeros(4, 2)
        for _ in range(n):
            h = cell(torch.cat([x, h], 1)).tanh()
        h.sum().backward()
        return h

    f = c(f)
    for i in range(8):
        yield f(numbers(i, 4, 3), 1 + i % 3), cell


@situation
def a_long_chain(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        h = w
        for _ in range(300):
            h = h * 0.99 + x * 0.01
        h.sum().backward()
        return h

    yield from gradients(c, cleared(f))


@situation
def a_wide_graph(c: Compile) -> Seen:
    yield from gradients(c, cleared(lambda w, x: sum((w * i + x).tanh().sum() for i in range(60)).backward()))


@situation
def straight_through(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        h = (w * x).sigmoid()
        hard = h + (h.round() - h).detach()
        hard.sum().backward()
        return hard

    yield from gradients(c, cleared(f))


@situation
def gradient_clipped_by_hand(c: Compile) -> Seen:
    def f(w: Any, x: Any) -> Any:
        (w * x * 10).exp().mean().backward()
        norm = w.grad.norm()
        if norm > 1:
            w.grad.div_(norm)
        with torch.no_grad():
            w -= 0.1 * w.grad
        return norm

    yield from gradients(c, cleared(f))
