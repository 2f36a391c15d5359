"""Situations: memory that is written, shared, lent to NumPy, and tensors that outlive a call."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from twins import Compile, Seen, attempt, batch, changed, net, numbers, sgd, situation, training

import tinygrad_mlp as torch
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F


def called(c: Compile, f: Callable[..., Any], make: Callable[[int], tuple[Any, ...]], *watched: Any) -> Seen:
    """Six calls, of which arguments, results and what is watched are seen."""
    f = c(f)
    for i in range(6):
        arguments = make(i)
        yield attempt(f, *arguments), arguments, watched


def one(i: int) -> tuple[Any, ...]:
    """A tensor."""
    return (numbers(i, 2, 3),)


def two(i: int) -> tuple[Any, ...]:
    """Two tensors of one shape."""
    return numbers(i, 2, 3), numbers(50 + i, 2, 3)


# ------------------------------------------------------------------------------------------------------ in-place


@situation
def in_place_on_an_argument(c: Compile) -> Seen:
    yield from called(c, lambda x: x.mul_(2).add_(1), one)


@situation
def in_place_on_an_argument_after_a_read(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 3
        x.zero_()
        return y, x + 1

    yield from called(c, f, one)


@situation
def in_place_on_an_intermediate(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 3
        z = y + 1
        y.mul_(2)
        y[0] = 7.0
        return y, z

    yield from called(c, f, one)


@situation
def in_place_on_a_view_of_an_argument(c: Compile) -> Seen:
    yield from called(c, lambda x: x[0].mul_(-1), one)


@situation
def in_place_on_a_view_of_an_intermediate(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 3
        v = y.t()[1:]
        v.add_(10)
        w = y.view(-1)
        w[::2] = 0.0
        return y, v, w

    yield from called(c, f, one)


@situation
def in_place_on_parameters(c: Compile) -> Seen:
    p = nn.Parameter(torch.ones(2, 3))

    def f(x: Any) -> Any:
        with torch.no_grad():
            p.mul_(0.9)
            p[0] += 1
        return (p * x).sum()

    yield from called(c, f, one, p)


@situation
def in_place_on_a_leaf_raises(c: Compile) -> Seen:
    p = nn.Parameter(torch.ones(2, 3))
    yield from called(c, lambda x: p.mul_(x), one, p)


@situation
def in_place_on_something_from_outside(c: Compile) -> Seen:
    total = torch.zeros(2, 3)

    def f(x: Any) -> Any:
        before = total + 0
        total.add_(x)
        return before, total * 2

    yield from called(c, f, one, total)


@situation
def global_rebound(c: Compile) -> Seen:
    box = [torch.zeros(2, 3)]

    def f(x: Any) -> Any:
        box[0] = box[0] + x
        return box[0].sum()

    yield from called(c, f, one, box)


@situation
def copy_between_arguments(c: Compile) -> Seen:
    yield from called(c, lambda x, y: (x.copy_(y * 2), y.fill_(1.0), x + y), two)


@situation
def masked_and_scattered_writes(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x.clone()
        y[y < 0] = 0.0
        y.masked_fill_(x > 1, -1.0)
        y.index_add_(0, torch.tensor([1]), torch.ones(1, 3))
        y.scatter_(1, torch.tensor([[0], [2]]), 5.0)
        return y

    yield from called(c, f, one)


@situation
def in_place_operators(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x + 0
        y += 1
        y *= x
        y -= 0.5
        y /= 2
        return y

    yield from called(c, f, one)


@situation
def in_place_on_something_saved_raises(c: Compile) -> Seen:
    w, buffer = nn.Parameter(torch.ones(3)), torch.zeros(3)

    def f(bad: bool) -> Any:
        w.grad = None
        loss = (w * buffer).exp().sum()
        if bad:
            buffer.add_(1)
        loss.backward()
        return w.grad.clone()

    yield from called(c, f, lambda i: (i in (2, 4),), w, buffer)


@situation
def in_place_in_the_graph(c: Compile) -> Seen:
    w = nn.Parameter(torch.ones(2, 3))

    def f(x: Any) -> Any:
        w.grad = None
        y = w * x
        y[0] *= 2
        y.tanh_()
        y.sum().backward()
        return w.grad

    yield from called(c, f, one, w)


@situation
def in_place_chained(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 2
        y.add_(1).mul_(2)
        return y, x

    yield from called(c, f, one)


# ------------------------------------------------------------------------------------------------------ aliasing


@situation
def the_same_tensor_twice(c: Compile) -> Seen:
    def make(i: int) -> tuple[Any, ...]:
        x, y = two(i)
        return (x, y) if i % 2 else (x, x)

    yield from called(c, lambda x, y: (x.mul_(2), y + x), make)


@situation
def arguments_are_views_of_each_other(c: Compile) -> Seen:
    def make(i: int) -> tuple[Any, ...]:
        x, y = two(i)
        return [(x, y), (x, x.view(2, 3)), (x, x.flip(0)), (x[:1], x)][i % 4]

    yield from called(c, lambda x, y: (x.mul_(2), y + 1, x), make)


@situation
def overlapping_views(c: Compile) -> Seen:
    def make(i: int) -> tuple[Any, ...]:
        base = numbers(i, 6)
        return (base[: 4 - i % 2], base[2 - i % 2 :][: 4 - i % 2], base)

    yield from called(c, lambda x, y, base: (x.add_(1), y.mul_(2), x + y), make)


@situation
def an_argument_is_a_view_of_a_parameter(c: Compile) -> Seen:
    m = nn.Linear(3, 2)

    def f(x: Any) -> Any:
        y = m(x)
        x.mul_(0.5)
        return y.sum(), m(x).sum()

    yield from called(c, f, lambda i: (m.weight.detach() if i % 2 else numbers(i, 2, 3),), m)


@situation
def an_argument_is_a_parameter(c: Compile) -> Seen:
    m = nn.Linear(3, 2)
    o = sgd(m)

    def f(x: Any) -> Any:
        o.zero_grad()
        loss = (m(x) ** 2).sum()
        loss.backward()
        o.step()
        return loss

    yield from called(c, f, lambda i: (m.weight if i % 2 else numbers(i, 2, 3),), m)


@situation
def an_argument_is_the_last_result(c: Compile) -> Seen:
    f, x = c(lambda x: (x * 0.5 + 1).tanh()), numbers(0, 3)
    for _ in range(8):
        x = f(x)
        yield x


@situation
def an_argument_is_the_last_result_written_in_place(c: Compile) -> Seen:
    f, x = c(lambda x: (x * 0.5 + 1, x.add_(1))), numbers(0, 3)
    for _ in range(8):
        x, y = f(x)
        yield x, y


@situation
def an_argument_is_a_kept_gradient(c: Compile) -> Seen:
    w, g = nn.Parameter(torch.ones(3)), torch.zeros(3)

    def f(g: Any) -> Any:
        w.grad = None
        ((w - g) ** 2).sum().backward()
        return w.grad

    f = c(f)
    for _ in range(6):
        g = f(g)
        yield g, w


@situation
def the_result_is_an_argument(c: Compile) -> Seen:
    f = c(lambda x: (x, x.view(-1), x[0]))
    for i in range(6):
        x = numbers(i, 2, 3)
        a, b, d = f(x)
        x.mul_(2)
        yield a is x, a, b, d


@situation
def the_result_is_a_parameter(c: Compile) -> Seen:
    m = nn.Linear(3, 2)
    f = c(lambda x: (m(x).sum(), m.weight, m.bias.detach()))
    for i in range(6):
        y, w, b = f(numbers(i, 2, 3))
        with torch.no_grad():
            w.mul_(0.5)
            b.add_(1)
        yield y, w is m.weight, m


@situation
def results_share_memory_with_each_other(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 2
        return y, y.t(), y[0], y.detach(), y.clone(), y

    f = c(f)
    for i in range(6):
        results = f(numbers(i, 2, 3))
        results[0].add_(100)
        results[2].zero_()
        yield results, results[0] is results[5]


@situation
def results_modified_afterwards(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    step = c(training(m, o))
    for i in range(6):
        loss = step(*batch(i))
        with torch.no_grad():
            loss.mul_(0).add_(5)
        yield loss, m, o


@situation
def gradients_modified_afterwards(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    step = c(training(m, o))
    for i in range(6):
        yield step(*batch(i)), m
        m[0].weight.grad.zero_()
        m[0].bias.grad.mul_(-1)


@situation
def gradients_kept_across_calls(c: Compile) -> Seen:
    m, kept = net(), []
    o = sgd(m)
    step = c(training(m, o))
    for i in range(6):
        step(*batch(i))
        kept.append([p.grad for p in m.parameters()])
        yield kept


@situation
def gradients_as_numpy_kept_across_calls(c: Compile) -> Seen:
    m, kept = net(), []
    o = sgd(m)
    step = c(training(m, o))
    for i in range(6):
        step(*batch(i))
        kept.append([p.grad.numpy()[:1] for p in m.parameters()])
        yield kept


@situation
def intermediates_kept_in_a_list(c: Compile) -> Seen:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        y = x * 2
        kept.append((y, y.view(-1)))
        return (y + 1).sum()

    f = c(f)
    for i in range(6):
        yield f(numbers(i, 2, 3))
    kept[1][0].mul_(10)
    yield kept


@situation
def results_kept_in_lists(c: Compile) -> Seen:
    f, kept = c(lambda x: (x * 2, {"a": x + 1})), []
    for i in range(8):
        kept.append(f(numbers(i, 2, 3)))
        yield kept


@situation
def a_view_of_a_result_kept(c: Compile) -> Seen:
    f, kept = c(lambda x: x * 2 + 1), []
    for i in range(8):
        kept.append(f(numbers(i, 2, 3))[0].detach())
        yield kept


@situation
def results_of_many_steps_held_at_once(c: Compile) -> Seen:
    m = net()
    f = c(lambda x: m(x).softmax(1))
    yield [f(numbers(i, 4, 3)) for i in range(30)]


@situation
def graphs_outlive_their_calls(c: Compile) -> Seen:
    w, losses = nn.Parameter(torch.ones(3)), []
    f = c(lambda x: losses.append(((w * x).tanh() ** 2).sum()))
    for i in range(5):
        f(numbers(i, 3))
    for loss in losses:
        w.grad = None
        loss.backward()
        yield w, w.grad


@situation
def backward_after_the_call(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    f = c(lambda x, y: F.mse_loss(m(x), y))
    for i in range(6):
        loss = f(*batch(i))
        o.zero_grad()
        loss.backward()
        o.step()
        yield loss, m, o


@situation
def data_assigned(c: Compile) -> Seen:
    m = net()
    yield from changed(c, m, lambda: setattr(m[0].weight, "data", torch.ones(4, 3)), lambda: m[0].bias.data.fill_(2.0))


@situation
def data_assigned_within_the_step(c: Compile) -> Seen:
    p = nn.Parameter(torch.ones(2, 3))

    def f(x: Any) -> Any:
        y = p * 2
        p.data = x * 3
        p.data[0] = 1.0
        return y.sum(), p + 1

    yield from called(c, f, one, p)


@situation
def data_swapped_for_evaluation(c: Compile) -> Seen:
    m = net()
    other = [torch.ones(p.shape) for p in m.parameters()]

    def f(x: Any) -> Any:
        mine = [p.data for p in m.parameters()]
        for p, q in zip(m.parameters(), other):
            p.data = q
        y = m(x)
        for p, q in zip(m.parameters(), mine):
            p.data = q
        return y, m(x)

    yield from called(c, f, one, m)


@situation
def grad_set_to_something_else(c: Compile) -> Seen:
    m = net()
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        o.zero_grad()
        F.mse_loss(m(x), y).backward()
        for p in m.parameters():
            p.grad = p.grad.sign()
        m[0].bias.grad = None
        o.step()

    yield from changed(c, m, optimizer=o, step=step)


# --------------------------------------------------------------------------------------------------------- NumPy


@situation
def numpy_of_a_parameter_written_between(c: Compile) -> Seen:
    m = net()
    a = m[0].weight.detach().numpy()
    yield from changed(c, m, lambda: a.fill(0.5), lambda: np.multiply(a, -1, out=a))
    yield a


@situation
def numpy_of_a_parameter_written_within(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    a, train = m[0].weight.detach().numpy(), training(m, o)

    def step(x: Any, y: Any) -> Any:
        before = m(x)
        a[:] = a * 0.5
        middle = m(x)
        a[0] = 1
        return before, middle, train(x, y)

    yield from changed(c, m, optimizer=o, step=step)


@situation
def numpy_of_a_parameter_read_after_the_update(c: Compile) -> Seen:
    m = nn.Linear(3, 2)
    o = sgd(m)
    a, train = m.weight.detach().numpy(), training(m, o)
    yield from changed(c, m, optimizer=o, step=lambda x, y: (train(x, y), a.copy(), float(a.sum())))


@situation
def numpy_memory_written_after_a_read(c: Compile) -> Seen:
    a = np.ones(3, np.float32)
    x = torch.from_numpy(a)

    def f() -> Any:
        y = x * 2
        a[:] = 7
        return y, x * 3

    f = c(f)
    for i in range(6):
        a[:] = i
        yield f()


@situation
def numpy_memory_written_before_a_read(c: Compile) -> Seen:
    a = np.ones(3, np.float32)
    x, n = torch.from_numpy(a), [0]

    def f() -> Any:
        n[0] += 1
        a[1] = n[0]
        return x * 2

    yield from called(c, f, lambda i: (), a)


@situation
def numpy_of_an_argument_written_within(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x + 1
        x.numpy()[0] = 9
        return y, x + 1

    yield from called(c, f, one)


@situation
def numpy_of_an_intermediate_written_within(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 2
        z = y + 1
        y.numpy()[:] = 5
        return y + 1, z

    yield from called(c, f, one)


@situation
def numpy_of_a_result_written_afterwards(c: Compile) -> Seen:
    f = c(lambda x: x * 2)
    for i in range(6):
        y = f(numbers(i, 3))
        y.numpy()[0] = 100
        yield y


@situation
def numpy_array_written_by_the_user_as_an_argument(c: Compile) -> Seen:
    f, a = c(lambda x: (x * 2).sum()), np.zeros((2, 3), np.float32)
    x = torch.from_numpy(a)
    for i in range(6):
        a += i
        yield f(x), f(torch.from_numpy(a))


@situation
def numpy_arrays_as_arguments(c: Compile) -> Seen:
    yield from called(c, lambda a: torch.from_numpy(a) * a.sum(), lambda i: (np.full(3, i, np.float32),))


@situation
def numpy_functions_on_tensors(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 2
        return torch.from_numpy(np.sort(y.numpy(), axis=1)) + 1, np.asarray(y), np.exp(y)

    yield from called(c, f, one)


@situation
def momentum_buffer_through_numpy(c: Compile) -> Seen:
    m = nn.Linear(3, 2)
    o = sgd(m)
    yield from changed(c, m, lambda: o.state[m.weight]["momentum_buffer"].numpy().fill(1), optimizer=o)


@situation
def tensor_made_of_numpy_within(c: Compile) -> Seen:
    yield from called(c, lambda x: torch.tensor(np.array([x.sum().item(), 2.0])) * 2, one)


@situation
def read_only_memory(c: Compile) -> Seen:
    a = np.arange(3, dtype=np.float32)
    x = torch.from_numpy(a)
    a.flags.writeable = False
    yield from called(c, lambda: attempt(x.mul_, 2), lambda i: (), a)


# ------------------------------------------------------------------------------------------- memory and lifetimes


@situation
def weak_reference_to_an_intermediate(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 2
        r = weakref.ref(y)
        alive = r() is y
        del y
        return alive, r() is None

    yield from called(c, f, one)


@situation
def weak_reference_to_a_result(c: Compile) -> Seen:
    f = c(lambda x: x * 2)
    for i in range(6):
        y = f(numbers(i, 3))
        r = weakref.ref(y)
        alive = r() is y
        del y
        yield alive, r() is None


@situation
def weak_reference_to_the_arguments(c: Compile) -> Seen:
    f = c(lambda x: (x * 2).sum())
    for i in range(6):
        x = numbers(i, 3)
        f(x)
        r = weakref.ref(x)
        del x
        yield r() is None


@situation
def finalizers_run_in_the_step(c: Compile) -> Seen:
    log: list[Any] = []

    def f(x: Any) -> Any:
        y = x * 2
        weakref.finalize(y, log.append, "gone")
        z = y + 1
        del y
        log.append("after")
        return z

    yield from called(c, f, one, log)


def _grows(step: Callable[[int], Any]) -> bool:
    """Whether 200 calls leave more behind than 200 small objects."""
    for i in range(40):
        step(i)
    gc.collect()
    before = sys.getallocatedblocks()
    for i in range(200):
        step(40 + i)
    gc.collect()
    return sys.getallocatedblocks() - before > 200


@situation
def memory_does_not_grow_in_training(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    step = c(training(m, o))
    yield _grows(lambda i: step(*batch(i)))


@situation
def memory_does_not_grow_with_new_numbers(c: Compile) -> Seen:
    f = c(lambda x, s: (x * s).sum())
    yield _grows(lambda i: f(numbers(i, 30), i / 7))


@situation
def memory_does_not_grow_with_new_modules(c: Compile) -> Seen:
    f = c(lambda m, x: m(x).sum())
    yield _grows(lambda i: f(nn.Linear(3, 20), numbers(i, 2, 3)))


@situation
def memory_does_not_grow_with_hooks(c: Compile) -> Seen:
    m = net()
    f = c(lambda x: m(x).sum())

    def step(i: int) -> None:
        h = m[0].register_forward_hook(lambda m, a, o: o * i)
        f(numbers(i, 2, 3))
        h.remove()

    yield _grows(step)


@situation
def no_cycles_are_left(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    step = c(training(m, o))
    for i in range(4):
        step(*batch(i))
    gc.collect()
    gc.disable()
    try:
        for i in range(5):
            x, y = batch(i)
            r = weakref.ref(step(x, y))
            del x, y
            yield r() is None
    finally:
        gc.enable()


# ------------------------------------------------------------------------------------------------ tensors as such


@situation
def type_of_tensors_within(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 2
        return (
            type(y) is torch.Tensor,
            type(y).__name__,
            isinstance(y, torch.Tensor),
            torch.is_tensor(y),
            type(y + 1) is type(x),
        )

    yield from called(c, f, one)


@situation
def type_of_results(c: Compile) -> Seen:
    f = c(lambda x: (x * 2, [x + 1]))
    for i in range(6):
        a, (b,) = f(numbers(i, 3))
        yield type(a) is torch.Tensor, type(b) is torch.Tensor, type(a.detach()) is torch.Tensor, type(a * 2) is torch.Tensor


@situation
def type_of_survivors(c: Compile) -> Seen:
    kept: list[Any] = []
    f = c(lambda x: kept.append(x * 2))
    for i in range(6):
        f(numbers(i, 3))
        yield type(kept[-1]) is torch.Tensor
    yield kept


@situation
def repr_of_tensors_within(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 2
        print(y, str(y + 1), f"{y.sum()}", repr(y.shape))
        return y

    yield from called(c, f, lambda i: (torch.full((2,), float(i)),))


@situation
def format_of_tensors_within(c: Compile) -> Seen:
    yield from called(
        c, lambda x: (f"{(x * 2).sum():.1f}", f"{x.mean().item():.0f}"), lambda i: (torch.full((2,), float(i)),)
    )


@situation
def identity_within(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 2
        kept = [y, x]
        return y is kept[0], x is kept[1], y is not (x * 2), id(y) == id(kept[0]), y.detach() is y

    yield from called(c, f, one)


@situation
def hash_and_sets_within(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y, z = x * 2, x + 1
        table = {y: "y", z: "z"}
        return table[y], table[z], len({x, y, z, y}), hash(y) == hash(y), x in {x}

    yield from called(c, f, one)


@situation
def membership_of_tensors(c: Compile) -> Seen:
    yield from called(c, lambda x: (3.0 in x, 1.0 in x * 2, x.sum() in x), lambda i: (torch.tensor([float(i), 2.0]),))


@situation
def sorted_tensors(c: Compile) -> Seen:
    yield from called(c, lambda x: torch.stack(sorted([x[0] * 2, x[1] * 3, x[2] * 1])), lambda i: (numbers(i, 3),))


@situation
def largest_of_a_python_list(c: Compile) -> Seen:
    yield from called(c, lambda x: (max(x.unbind()), min(list(x * 2)), sum(x)), lambda i: (numbers(i, 4),))


@situation
def tensors_iterated(c: Compile) -> Seen:
    yield from called(c, lambda x: [row * i for i, row in enumerate(x)], one)


@situation
def tensors_unpacked(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        a, b = x * 2
        first, *rest = x.t()
        return a - b, first, len(rest)

    yield from called(c, f, one)


@situation
def lengths_and_sizes(c: Compile) -> Seen:
    def make(i: int) -> tuple[Any, ...]:
        return (numbers(i, 2 + i % 3, 3),)

    yield from called(c, lambda x: (len(x), x.shape[0], x.size(1), x.numel(), (x * x.shape[0]).sum(), tuple(x.shape)), make)


@situation
def results_pickled(c: Compile) -> Seen:
    f = c(lambda x: x * 2)
    for i in range(6):
        yield attempt(lambda y: pickle.loads(pickle.dumps(y)), f(numbers(i, 3)))


@situation
def tensors_pickled_within(c: Compile) -> Seen:
    yield from called(c, lambda x: pickle.loads(pickle.dumps((x * 2).numpy())) + 1, one)


@situation
def tensors_deepcopied_within(c: Compile) -> Seen:
    yield from called(c, lambda x: (copy.deepcopy(x * 2) + 1, copy.copy(x)), one)


@situation
def results_deepcopied(c: Compile) -> Seen:
    f = c(lambda x: (x * 2).detach())
    for i in range(6):
        yield copy.deepcopy(f(numbers(i, 3)))


@situation
def attributes_on_tensors(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 2
        y.retain = 3
        return y.retain, hasattr(x, "retain")

    yield from called(c, f, one)


@situation
def data_pointers(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 2
        return y.data_ptr() == y.view(-1).data_ptr(), y.data_ptr() == x.data_ptr(), x.data_ptr() == x.t().data_ptr()

    yield from called(c, f, one)


@situation
def strides_and_contiguity(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = (x * 2).t()
        return y.stride(), y.is_contiguous(), (y + 1).sum(0).stride(), y.contiguous().stride(), (x @ y).stride()

    yield from called(c, f, one)


@situation
def view_of_something_not_contiguous_raises(c: Compile) -> Seen:
    yield from called(c, lambda x, t: (x.t() if t else x).view(-1), lambda i: (numbers(i, 2, 3), i % 2 == 1))


@situation
def layouts_of_results(c: Compile) -> Seen:
    f = c(lambda x: (x * 2, (x * 2).t(), x.t() + 1, x[:, ::2] * 1))
    for i in range(6):
        x = numbers(i, 4, 3)
        yield [(r.stride(), r.is_contiguous()) for r in f(x if i % 2 else numbers(i, 3, 4).t())]


@situation
def non_contiguous_arguments(c: Compile) -> Seen:
    def make(i: int) -> tuple[Any, ...]:
        x = numbers(i, 4, 6)
        return ([x[:, ::2], x[:, :3], x[:, 3:], x.t()[:3].t(), x.flip(1)[:, :3], x[::2, 1:4]][i],)

    m = nn.Linear(3, 2)
    yield from called(c, lambda x: (m(x).sum(), x.sum(0), (x * 2).mean(1)), make)


@situation
def expanded_arguments(c: Compile) -> Seen:
    yield from called(
        c, lambda x, y: (x + y, x.sum()), lambda i: (numbers(i, 1, 3).expand(2, 3), numbers(i, 2, 1).expand(2, 3))
    )


@situation
def writing_into_an_expanded_tensor_raises(c: Compile) -> Seen:
    yield from called(c, lambda x: x.expand(2, 3).add_(1), lambda i: (numbers(i, 1, 3),))


@situation
def empty_tensors(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        return x.sum(), (x * 2).shape, x.t() @ x, torch.cat([x, x]), attempt(x.max), x.mean()

    yield from called(c, f, lambda i: (numbers(i, i % 3, 3),))


@situation
def tensors_without_dimensions(c: Compile) -> Seen:
    yield from called(
        c, lambda x, y: (x * y, x + 1, x.item(), y.view(1) * x, x.double() + y), lambda i: (numbers(i), numbers(9 + i))
    )


@situation
def integer_and_bool_tensors(c: Compile) -> Seen:
    def f(i: Any, b: Any) -> Any:
        return i * 2, i + b, ~b, b.sum(), i // 2, i % 3, i / 2, (i > 1) & b, i.float() * 0.5, b.long().cumsum(0)

    yield from called(c, f, lambda k: (torch.arange(k, k + 4), torch.tensor([True, False, k % 2 == 0, True])))


@situation
def dtypes_mixed(c: Compile) -> Seen:
    dtypes = [torch.float32, torch.float64, torch.float16, torch.int64, torch.bool, torch.int8]
    yield from called(
        c, lambda x, y: (x + y, x * 2, x * 0.5, x.sum()), lambda i: (numbers(i, 3).to(dtypes[i]), numbers(9, 3))
    )


@situation
def default_dtype_changed_between(c: Compile) -> Seen:
    f = c(lambda x: (torch.ones(2) + x, torch.tensor([1, 2]) * 0.5, torch.zeros(2)))
    try:
        for i in range(9):
            torch.set_default_dtype([torch.float32, torch.float64][i // 3 % 2])
            yield f(numbers(i, 2))
    finally:
        torch.set_default_dtype(torch.float32)
