"""Situations: arguments, results, control flow, values that Python sees, randomness, errors, threads."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import copy
import dataclasses
import functools
import gc
import inspect
import io
import math
import random
import tempfile
import threading
import time
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from twins import Compile, Seen, attempt, batch, changed, net, numbers, sgd, situation, training

import tinygrad_mlp as torch
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F


def called(c: Compile, f: Callable[..., Any], make: Callable[[int], tuple[Any, ...]] | None = None, calls: int = 6) -> Seen:
    """Some calls, of which results or errors are seen."""
    f = c(f)
    for i in range(calls):
        yield attempt(f, *((numbers(i, 2, 3),) if make is None else make(i)))


# ------------------------------------------------------------------------------------------ arguments and results


class Pair(NamedTuple):
    """A named tuple."""

    a: Any
    b: Any


@dataclasses.dataclass
class Record:
    """A dataclass."""

    x: Any
    scale: float = 2.0
    log: list[Any] = dataclasses.field(default_factory=list)


@situation
def arguments_by_name(c: Compile) -> Seen:
    f = c(lambda x, *, scale=1.0, **more: x * scale + more.get("shift", 0))
    x = numbers(0, 3)
    yield f(x), f(x, scale=2.0), f(x=x), f(x, shift=1.0, scale=3.0), f(x, shift=numbers(1, 3)), f(x, other=None)


@situation
def wrong_arguments_raise(c: Compile) -> Seen:
    f = c(lambda x, scale: x * scale)
    x = numbers(0, 3)
    yield [
        attempt(f, x),
        attempt(f, x, 2, 3),
        attempt(f, x, 2),
        attempt(f, x, factor=2),
        attempt(f, None, 2),
        attempt(f, x, "2"),
    ]


@situation
def arguments_with_defaults_that_are_changed(c: Compile) -> Seen:
    def f(x: Any, log: list[Any] = []) -> Any:  # noqa: B006 - this is what is tried
        log.append(x.sum())
        return torch.stack(log).sum()

    yield from called(c, f)


@situation
def python_numbers_as_arguments(c: Compile) -> Seen:
    yield from called(
        c, lambda x, a, b: (x * a + b, a), lambda i: (numbers(0, 3), [0, 1, 1.0, True, -0.0, 2**40][i], i / 3), 6
    )


@situation
def many_numbers_as_arguments(c: Compile) -> Seen:
    yield from called(c, lambda x, a: x * a, lambda i: (numbers(0, 3), i / 7), 40)


@situation
def special_numbers_as_arguments(c: Compile) -> Seen:
    values = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-45, 1e38, 1e300]
    yield from called(c, lambda x, a: (x * a, x + a, 1 / (x * 0 + a)), lambda i: (numbers(0, 3), values[i]), 8)


@situation
def strings_and_none_as_arguments(c: Compile) -> Seen:
    f = lambda x, how: x if how is None else getattr(x, how)()  # noqa: E731
    yield from called(c, f, lambda i: (numbers(i, 3), [None, "sum", "mean", "exp", "sum", None][i]))


@situation
def functions_as_arguments(c: Compile) -> Seen:
    scale = [1.0]
    functions = [torch.tanh, F.relu, lambda x: x * scale[0], functools.partial(torch.clamp, max=0.0), math.sqrt, print]
    yield from called(c, lambda g, x: g(x.sum().abs()), lambda i: (functions[i], numbers(i, 3)))


@situation
def generators_as_arguments(c: Compile) -> Seen:
    yield from called(c, lambda xs: sum(x.sum() for x in xs), lambda i: ((numbers(k, 3) * 2 for k in range(i % 4)),))


@situation
def iterators_are_left_where_the_step_left_them(c: Compile) -> Seen:
    it = iter([numbers(k, 3) for k in range(20)])
    f = c(lambda it: next(it) + next(it))
    for _ in range(6):
        yield f(it), next(it)


@situation
def a_data_loader_within_the_step(c: Compile) -> Seen:
    data = torch.utils.data
    loader = data.DataLoader(data.TensorDataset(numbers(0, 10, 3), numbers(1, 10, 2)), batch_size=4, shuffle=True)
    m = net()
    o = sgd(m)
    train = training(m, o)
    f = c(lambda: [train(x, y) for x, y in loader])
    for _ in range(5):
        yield f(), m


@situation
def dictionaries_as_arguments(c: Compile) -> Seen:
    def f(d: Any) -> Any:
        d["z"] = d["x"] * d.get("scale", 1)
        return dict(sorted(d.items()))

    def make(i: int) -> tuple[Any, ...]:
        return ({"x": numbers(i, 3)} | ({"scale": i} if i % 2 else {}),)

    yield from called(c, f, make)


@situation
def lists_as_arguments_are_changed(c: Compile) -> Seen:
    f, xs = c(lambda xs: xs.append(xs[-1] * 2) or len(xs)), [numbers(0, 2)]
    for _ in range(6):
        yield f(xs), xs


@situation
def nested_arguments(c: Compile) -> Seen:
    def make(i: int) -> tuple[Any, ...]:
        return ([{"a": (numbers(i, 2), [numbers(i + 1, 2)] * (i % 3))}, Pair(numbers(i + 2, 2), None)],)

    yield from called(c, lambda t: (t[0]["a"][0] + sum(t[0]["a"][1]), t[1].a, t[1].b, t), make)


@situation
def named_tuples(c: Compile) -> Seen:
    yield from called(c, lambda p: Pair(p.a * 2, (p.b, p)), lambda i: (Pair(numbers(i, 2), i),))


@situation
def dataclasses_as_arguments_and_results(c: Compile) -> Seen:
    def f(r: Any) -> Any:
        r.log.append(r.x * r.scale)
        r.scale += 1
        return Record(r.x + 1), r

    yield from called(c, f, lambda i: (Record(numbers(i, 2), float(i)),))


@situation
def objects_as_arguments(c: Compile) -> Seen:
    space, f = types.SimpleNamespace(n=0, last=None), c(lambda s, x: setattr(s, "n", s.n + 1) or setattr(s, "last", x * s.n))
    for i in range(6):
        yield f(space, numbers(i, 2)), space.n, space.last


@situation
def results_of_all_kinds(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        return [
            x,
            (x + 1,),
            {"a": x * 2, 3: None},
            "text",
            1,
            2.5,
            True,
            None,
            {1},
            x.shape,
            x.dtype,
            range(3),
            print,
            Ellipsis,
        ]

    yield from called(c, f)


@situation
def results_that_are_generators(c: Compile) -> Seen:
    f = c(lambda x: (x * k for k in range(3)))
    for i in range(6):
        yield list(f(numbers(i, 2)))


@situation
def a_generator_function(c: Compile) -> Seen:
    log: list[Any] = []

    def f(x: Any) -> Iterator[Any]:
        for k in range(3):
            log.append(k)
            yield x * k

    f = c(f)
    for i in range(6):
        it = f(numbers(i, 2))
        yield next(it), list(log), next(it)


@situation
def a_coroutine(c: Compile) -> Seen:
    async def f(x: Any) -> Any:
        await asyncio.sleep(0)
        return x * 2

    f = c(f)
    for i in range(6):
        coroutine = f(numbers(i, 2))
        with contextlib.suppress(StopIteration):
            while True:
                coroutine.send(None)
        coroutine.close()
        yield type(coroutine).__name__


@situation
def deque_and_other_containers(c: Compile) -> Seen:
    window: Any = collections.deque(maxlen=3)

    def f(x: Any) -> Any:
        window.append(x.mean())
        return sum(window) / len(window), collections.OrderedDict(a=x), collections.Counter(a=2)

    f = c(f)
    for i in range(8):
        yield *f(numbers(i, 3)), list(window)


@situation
def shapes_in_rotation(c: Compile) -> Seen:
    w = nn.Parameter(torch.ones(3))
    yield from called(c, lambda x: (x * w).sum(), lambda i: (numbers(i, i % 7 + 1, 3),), 30)


@situation
def shapes_never_seen_before(c: Compile) -> Seen:
    w = nn.Parameter(torch.ones(3))
    yield from called(c, lambda x: (x * w).sum(0), lambda i: (numbers(i, i + 1, 3),), 90)


@situation
def training_with_a_short_last_batch(c: Compile) -> Seen:
    m = net(nn.BatchNorm1d(4))
    o = sgd(m)
    step = c(training(m, o))
    for i in range(10):
        yield step(*batch(i, 4 if i % 4 != 3 else 2)), m, o


@situation
def ranks_and_broadcasting_change(c: Compile) -> Seen:
    shapes = [(3,), (1, 3), (2, 3), (), (4, 1, 3), (2, 1)]
    yield from called(c, lambda x, y: (x + y, (x * y).sum()), lambda i: (numbers(i, *shapes[i]), numbers(i, 2, 3)))


@situation
def without_arguments(c: Compile) -> Seen:
    w = nn.Parameter(torch.ones(3))
    f = c(lambda: (w * 2).sum())
    for _ in range(6):
        yield f()
        with torch.no_grad():
            w.mul_(1.5)


@situation
def a_callable_object(c: Compile) -> Seen:
    class Adder:
        n = 0

        def __call__(self, x: Any) -> Any:
            self.n += 1
            return x + self.n

    a = Adder()
    f = c(a)
    for i in range(6):
        yield f(numbers(i, 2)), a.n


@situation
def a_partial(c: Compile) -> Seen:
    kept: list[Any] = []
    f = c(functools.partial(lambda kept, x, s: kept.append(x * s), kept, s=2.0))
    for i in range(6):
        yield f(numbers(i, 2)), kept


@situation
def a_builtin_function(c: Compile) -> Seen:
    yield from called(c, torch.exp)
    yield from called(c, torch.add, lambda i: (numbers(i, 2), i))
    yield from called(c, len)


@situation
def name_and_text_of_the_function(c: Compile) -> Seen:
    @c
    def f(x: Any) -> Any:
        """What it does."""
        return x

    yield f.__name__, f.__doc__, f.__wrapped__.__name__ if c(len) is not len else "f", f(numbers(0, 2))
    for i in range(5):
        yield f(numbers(i, 2))


# ---------------------------------------------------------------------------- values that Python sees, control flow


@situation
def item_within(c: Compile) -> Seen:
    yield from called(
        c, lambda x: (x * x.sum().item(), x.mean().item() > 0, float(x[0, 0]), int(x.sum()), bool(x.sum() > 0))
    )


@situation
def tolist_within(c: Compile) -> Seen:
    yield from called(c, lambda x: ((x * 2).tolist(), torch.tensor(x.tolist()) + 1))


@situation
def if_on_a_value(c: Compile) -> Seen:
    yield from called(c, lambda x: x * 2 if x.sum() > 0 else x.exp(), calls=10)


@situation
def while_on_a_value(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        n = 0
        while x.norm() > 0.1:
            x = x * 0.5
            n += 1
        return x, n

    yield from called(c, f, calls=10)


@situation
def for_over_a_value(c: Compile) -> Seen:
    def f(x: Any, n: Any) -> Any:
        for i in range(n):
            x = x * 0.5 + i
        return x

    yield from called(c, f, lambda i: (numbers(i, 2), torch.tensor(i % 4)), 8)


@situation
def assertions_on_values(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 2
        assert torch.isfinite(y).all(), "not finite"
        assert y.sum() > -1, f"{y.numel()} numbers"
        return y

    yield from called(c, f, lambda i: (numbers(i, 3) / (1 if i != 3 else 0),), 10)


@situation
def early_stopping(c: Compile) -> Seen:
    m, best = net(), [math.inf]
    o = sgd(m)
    train = training(m, o)

    def step(x: Any, y: Any) -> Any:
        loss = train(x, y)
        if loss.item() < best[0]:
            best[0] = loss.item()
            return "better"
        return loss

    yield from changed(c, m, optimizer=o, step=step)


@situation
def branches_taken_in_turns(c: Compile) -> Seen:
    n = [0]

    def f(x: Any) -> Any:
        n[0] += 1
        if n[0] % 3 == 0:
            return x.exp()
        if n[0] % 2 == 0:
            return (x * 2).tanh()
        return (x * 2).sum(), x

    yield from called(c, f, calls=12)


@situation
def branch_after_a_common_beginning(c: Compile) -> Seen:
    m, n = net(), [0]
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        n[0] += 1
        out = m(x)
        loss = F.mse_loss(out, y) if n[0] % 2 else F.l1_loss(out, y)
        o.zero_grad()
        loss.backward()
        if n[0] % 3:
            o.step()
        return loss

    yield from changed(c, m, lambda: None, lambda: None, optimizer=o, step=step)


@situation
def any_and_all_and_in(c: Compile) -> Seen:
    yield from called(
        c, lambda x: (any(x[0] > 1), all(x[0] < 1), 1.0 in (x > 0), bool((x == x).all()), x.any(), x[0, 0] == x[0, 0])
    )


@situation
def equal_and_allclose(c: Compile) -> Seen:
    yield from called(
        c, lambda x, y: (x.equal(y), x.allclose(y), torch.isclose(x, y)), lambda i: (numbers(0, 3), numbers(i % 2, 3))
    )


@situation
def numbers_of_python_from_tensors(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        return math.sqrt(x.square().sum()), round(float(x.sum()), 1), [10, 20][int(x.sum() > 0)], f"{x.sum().item():.2f}"

    yield from called(c, f, lambda i: (torch.full((3,), float(i)),))


@situation
def tensor_as_an_index_of_a_list(c: Compile) -> Seen:
    yield from called(
        c, lambda x, i: (["a", "b", "c"][i], x[i], x[: int(i)]), lambda i: (numbers(i, 3), torch.tensor(i % 3))
    )


@situation
def shape_depends_on_values_nonzero(c: Compile) -> Seen:
    yield from called(c, lambda x: x.clamp(min=0).sum() / (x > 0).nonzero().shape[0], calls=8)


@situation
def shape_depends_on_values_mask(c: Compile) -> Seen:
    yield from called(c, lambda x: (x[x > 0], x[x > 0].numel(), len(x[x[:, 0] > 0]), x.masked_select(x < 0).sum()), calls=8)


@situation
def shape_depends_on_values_unique(c: Compile) -> Seen:
    f = lambda x: (x.unique(), torch.unique(x, return_counts=True), x.unique().numel())  # noqa: E731
    yield from called(c, f, lambda i: (torch.tensor([0, i, i // 2, 1]),))


@situation
def shape_depends_on_values_bincount(c: Compile) -> Seen:
    yield from called(
        c, lambda x: (torch.bincount(x), torch.bincount(x) * 2, F.one_hot(x)), lambda i: (torch.tensor([0, i, 1]),)
    )


@situation
def shape_depends_on_values_arange(c: Compile) -> Seen:
    f = lambda n: (torch.arange(n.item()) * 2, torch.zeros(int(n)).sum(), torch.ones(2).repeat_interleave(n))  # noqa: E731
    yield from called(c, f, lambda i: (torch.tensor(i),))


@situation
def shape_depends_on_values_in_training(c: Compile) -> Seen:
    m = net()
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        o.zero_grad()
        errors = F.mse_loss(m(x), y, reduction="none").mean(1)
        hard = errors[errors > errors.mean().item() * 0.9]
        hard.mean().backward()
        o.step()
        return hard

    yield from changed(c, m, lambda: None, optimizer=o, step=step)


@situation
def sort_and_topk_and_argmax(c: Compile) -> Seen:
    yield from called(c, lambda x: (x.sort(1), x.topk(2), x.argmax(1), x.max(0), x.argsort(), x.median(), x[x.argmax(0), 0]))


@situation
def metrics_within_the_step(c: Compile) -> Seen:
    m, hits = net(), [0, 0]
    o = sgd(m)
    train = training(m, o, F.cross_entropy)

    def step(x: Any, y: Any) -> Any:
        loss = train(x, y)
        hits[0] += (m(x).argmax(1) == y).sum().item()
        hits[1] += len(y)
        return loss, hits[0] / hits[1]

    step = c(step)
    for i in range(6):
        yield step(numbers(i, 4, 3), torch.tensor([0, 1, i % 2, 1])), hits


# --------------------------------------------------------------------------------------------------------- printing


@situation
def printing_text(c: Compile) -> Seen:
    n = [0]

    def f(x: Any) -> Any:
        n[0] += 1
        print("call", n[0], x.shape)
        return x

    yield from called(c, f)


@situation
def printing_into_a_file(c: Compile) -> Seen:
    log = io.StringIO()
    yield from called(c, lambda x: print((x * 0).sum(), file=log))
    yield log.getvalue()


@situation
def warnings_within(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        warnings.warn("slow", stacklevel=1)
        return x

    yield from called(c, f)


@situation
def warnings_of_the_library(c: Compile) -> Seen:
    yield from called(c, lambda x: F.mse_loss(x, x[:1]))


@situation
def time_and_other_outside_things(c: Compile) -> Seen:
    times: list[float] = []
    f = c(lambda x: times.append(time.perf_counter()) or x * 2)
    for i in range(6):
        yield f(numbers(i, 2)), len(times), times == sorted(set(times))


# -------------------------------------------------------------------------------------------------------- randomness


@situation
def dropout_and_draws_in_order(c: Compile) -> Seen:
    yield from called(
        c, lambda x: (F.dropout(x, 0.5), torch.rand(2), torch.randn(2, 2), torch.randint(9, (3,)), torch.randperm(4))
    )


@situation
def draws_between_calls(c: Compile) -> Seen:
    f = c(lambda x: x + torch.rand(2, 3))
    for i in range(6):
        yield f(numbers(i, 2, 3)), torch.rand(i % 3)


@situation
def generator_state_within(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = F.dropout(x, 0.5)
        state = torch.get_rng_state()
        z = torch.rand(2)
        torch.set_rng_state(state)
        return y, z, torch.rand(2)

    yield from called(c, f)


@situation
def seed_set_within(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        torch.manual_seed(7)
        return F.dropout(x, 0.5), torch.initial_seed()

    yield from called(c, f)


@situation
def seed_set_between(c: Compile) -> Seen:
    f = c(lambda x: F.dropout(x, 0.5))
    for i in range(8):
        if i % 3 == 0:
            torch.manual_seed(i)
        yield f(numbers(i, 4, 3))


@situation
def generators_of_their_own(c: Compile) -> Seen:
    g = torch.Generator().manual_seed(3)
    f = c(
        lambda x, g: (
            x + torch.rand(3, generator=g),
            torch.randint(5, (2,), generator=g),
            torch.bernoulli(x.sigmoid(), generator=g),
        )
    )
    for i in range(8):
        if i == 4:
            g.manual_seed(9)
        yield f(numbers(i, 3), g if i % 2 else torch.Generator().manual_seed(i)), g.initial_seed()


@situation
def python_and_numpy_randomness(c: Compile) -> Seen:
    yield from called(c, lambda x: x * random.random() + random.choice([1, 2]))


@situation
def noise_in_place(c: Compile) -> Seen:
    yield from called(c, lambda x: (x.clone().normal_(), x.uniform_(0, 1), torch.empty(3).bernoulli_(0.5), x.random_(5)))


@situation
def multinomial_draws(c: Compile) -> Seen:
    yield from called(
        c, lambda x: (torch.multinomial(x.softmax(1), 2), torch.normal(x, 1.0), torch.rand_like(x), torch.randn_like(x))
    )


@situation
def reparametrised_noise(c: Compile) -> Seen:
    m = net()
    o = sgd(m)

    def step(x: Any, y: Any) -> Any:
        mu, log_sigma = m(x).chunk(2, 1)
        z = mu + log_sigma.exp() * torch.randn_like(mu)
        loss = ((z - y[:, :1]) ** 2).mean() + 0.5 * (mu**2 + log_sigma.exp() ** 2 - 2 * log_sigma).mean()
        o.zero_grad()
        loss.backward()
        o.step()
        return loss, z

    yield from changed(c, m, optimizer=o, step=step)


# ------------------------------------------------------------------------------------------------------------ errors


@situation
def errors_of_the_user(c: Compile) -> Seen:
    n = [0]

    def f(x: Any) -> Any:
        n[0] += 1
        y = x * n[0]
        if n[0] % 3 == 2:
            raise KeyError(f"call {n[0]}")
        return y

    yield from called(c, f, calls=9)
    yield n


@situation
def errors_carry_tensors(c: Compile) -> Seen:
    class StopError(Exception):
        pass

    def f(x: Any) -> Any:
        raise StopError(x * 2)

    f = c(f)
    for i in range(6):
        try:
            f(numbers(i, 2))
        except StopError as error:
            yield error.args[0]


@situation
def errors_caught_within(c: Compile) -> Seen:
    def f(x: Any, y: Any) -> Any:
        before = x * 2
        try:
            z = x + y
        except RuntimeError as error:
            return before, str(error)
        return z

    yield from called(c, f, lambda i: (numbers(i, 2), numbers(i, 2 + i % 2)))


@situation
def shape_errors(c: Compile) -> Seen:
    w, n = nn.Parameter(torch.ones(3, 2)), [0]

    def f(x: Any) -> Any:
        n[0] += 1
        y = x @ w
        n[0] += 10
        return y.sum()

    yield from called(c, f, lambda i: (numbers(i, 4, 3 if i % 3 else 5),), 9)
    yield n


@situation
def index_errors(c: Compile) -> Seen:
    n = [0]

    def f(x: Any, i: Any) -> Any:
        y = x[i]
        n[0] += 1
        return y * 2, x.index_select(0, i)

    yield from called(c, f, lambda i: (numbers(0, 3), torch.tensor([0, 5 if i % 3 == 1 else -1 if i % 3 == 2 else 2])), 9)
    yield n


@situation
def errors_of_class_targets(c: Compile) -> Seen:
    m = net()
    o = torch.optim.Adam(m.parameters())
    step = c(training(m, o, F.cross_entropy))
    for i in range(9):
        y = torch.tensor([0, 1, 7 if i in (1, 4) else -100 if i == 5 else -1 if i == 7 else 1, 0])
        yield attempt(step, numbers(i, 4, 3), y), m, o


@situation
def errors_of_one_hot(c: Compile) -> Seen:
    yield from called(
        c, lambda x: (F.one_hot(x, 3) * 2, F.one_hot(x)), lambda i: (torch.tensor([0, [1, 7, 2, -1, 0, 3][i]]),)
    )


@situation
def errors_of_gather(c: Compile) -> Seen:
    f = lambda x, i: (x.gather(0, i), x.scatter(0, i, 1.0), torch.take_along_dim(x, i, 0))  # noqa: E731
    yield from called(c, f, lambda i: (numbers(i, 3), torch.tensor([0, [1, 7, 2, -1, 0, 3][i]])))


@situation
def errors_of_bce_targets(c: Compile) -> Seen:
    yield from called(
        c,
        lambda p, t: F.binary_cross_entropy(p, t),
        lambda i: (torch.tensor([0.5, [0.1, 1.5, 1.0, -0.1][i % 4]]), torch.ones(2)),
    )


@situation
def integer_division_by_zero(c: Compile) -> Seen:
    n = [0]

    def f(a: Any, b: Any) -> Any:
        z = a // b
        n[0] += 1
        return z, a % b

    yield from called(c, f, lambda k: (torch.tensor([4, 6]), torch.tensor([2, 0 if k in (1, 4) else 3])))
    yield n


@situation
def float_division_by_zero(c: Compile) -> Seen:
    yield from called(
        c,
        lambda x, y: (x / y, x // y, x % y, (y * 0).log(), -y.sqrt()),
        lambda i: (numbers(i, 3), torch.full((3,), float(i % 2))),
    )


@situation
def linear_algebra_errors(c: Compile) -> Seen:
    n = [0]

    def f(a: Any) -> Any:
        s = torch.linalg.svdvals(a)
        n[0] += 1
        return s

    yield from called(c, f, lambda i: (torch.eye(2) * (math.nan if i % 3 == 1 else i),))
    yield n


@situation
def an_error_names_the_lines_of_the_user(c: Compile) -> Seen:
    w = nn.Parameter(torch.ones(2, 3))

    def f(x: Any, bad: bool) -> Any:
        y = w * x
        z = y.exp()
        if bad:
            z.add_(1)
        z.sum().backward()
        return z

    yield from called(c, f, lambda i: (numbers(i, 2, 3), i % 3 != 1))


@situation
def an_error_has_the_frames_of_the_user(c: Compile) -> Seen:
    def inner(x: Any) -> Any:
        return x @ x

    f = c(lambda x: inner(x * 2))
    for i in range(6):
        try:
            yield f(numbers(i, 2, 2 + i % 2))
        except RuntimeError as error:
            names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
            yield [name for name in names if name in ("inner", "<lambda>")], error.__cause__


@situation
def a_step_that_is_deepcopied(c: Compile) -> Seen:
    scale = [2.0]
    f = c(lambda x: x * scale[0])
    for i in range(6):
        g = copy.deepcopy(f)
        scale[0] += 1
        yield f(numbers(i, 2)), g(numbers(i, 2))


@situation
def saved_and_loaded_within_the_step(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    train = training(m, o)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.npz"

        def step(x: Any, y: Any) -> Any:
            torch.save(m.state_dict(), path)
            before = train(x, y), train(x, y)
            m.load_state_dict(torch.load(path))
            return before, train(x, y)

        yield from changed(c, m, lambda: m.load_state_dict(torch.load(path)), optimizer=o, step=step)


@situation
def a_checkpoint_between_calls(c: Compile) -> Seen:
    m = net(nn.Dropout(0.2))
    o = torch.optim.Adam(m.parameters(), lr=0.01)
    step = c(training(m, o))
    with tempfile.TemporaryDirectory() as folder, torch.checkpoints.Checkpoint(folder, model=m, optimizer=o) as checkpoint:
        for i in range(9):
            yield step(*batch(i)), m, o
            if i == 3:
                checkpoint.save(1)
            if i == 6:
                yield tuple(checkpoint.load())


@situation
def garbage_collected_within(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y = x * 2
        gc.collect()
        return y + 1, (y * x).sum()

    yield from called(c, f)


@situation
def signature_of_the_function(c: Compile) -> Seen:
    def f(x: Any, scale: float = 2.0, *, shift: float = 0.0) -> Any:
        return x * scale + shift

    f = c(f)
    yield str(inspect.signature(f)), callable(f), f.__module__
    for i in range(5):
        yield f(numbers(i, 2), i)


@situation
def dtype_errors(c: Compile) -> Seen:
    f = lambda x, y: (x @ y, x.mean())  # noqa: E731
    yield from called(
        c, f, lambda i: (numbers(i, 2, 2), numbers(i, 2, 2).to([torch.float32, torch.float64, torch.int64][i % 3]))
    )


@situation
def attribute_and_type_errors(c: Compile) -> Seen:
    mistakes = [
        lambda x: x, lambda x: x.nothing, lambda x: x + "a", lambda x: x[:, :, :], lambda x: x.view(7), lambda x: undefined,  # noqa: F821
    ]  # fmt: skip
    yield from called(c, lambda x, i: mistakes[i](x * 2), lambda i: (numbers(i, 2), i))


@situation
def recursion_error(c: Compile) -> Seen:
    def f(x: Any, n: int) -> Any:
        return x if n == 0 else f(x * 0.5, n - 1)

    g = c(f)
    for i in range(6):
        yield g(numbers(i, 2), i)


@situation
def stop_iteration_and_exits(c: Compile) -> Seen:
    errors = [
        StopIteration("a"),
        KeyboardInterrupt("b"),
        GeneratorExit("c"),
        AssertionError("d"),
        OSError(2, "e"),
        StopAsyncIteration("f"),
    ]

    def f(x: Any, error: Any) -> Any:
        y = x * 2
        if error is not None:
            raise error
        return y

    f = c(f)
    for i, error in enumerate(errors):
        try:
            yield f(numbers(i, 2), None)
            f(numbers(i, 2), error)
        except BaseException as caught:
            if isinstance(caught, GeneratorExit) and caught is not error:
                raise
            yield caught is error


@situation
def finally_and_context_managers(c: Compile) -> Seen:
    log: list[str] = []

    @contextlib.contextmanager
    def noted(name: str) -> Iterator[None]:
        log.append(f"in {name}")
        try:
            yield
        finally:
            log.append(f"out {name}")

    def f(x: Any, bad: bool) -> Any:
        with noted("a"), torch.no_grad():
            y = x * 2
            if bad:
                y = y @ y
        return y

    yield from called(c, f, lambda i: (numbers(i, 2, 3), i % 3 == 2))
    yield log


@situation
def interrupts_in_training(c: Compile) -> Seen:
    m, n = net(), [0]
    o = torch.optim.Adam(m.parameters())

    def step(x: Any, y: Any) -> Any:
        o.zero_grad()
        loss = F.mse_loss(m(x), y)
        loss.backward()
        n[0] += 1
        if n[0] % 3 == 0:
            raise KeyboardInterrupt
        o.step()
        return loss

    step = c(step)
    for i in range(9):
        yield attempt(step, *batch(i)), m, o


@situation
def an_error_leaves_pending_work_right(c: Compile) -> Seen:
    kept: list[Any] = []

    def f(x: Any, bad: bool) -> Any:
        kept.append(x * 2)
        kept.append(kept[-1].exp())
        if bad:
            raise ValueError("bad")
        return kept[-1].sum()

    yield from called(c, f, lambda i: (numbers(i, 2), i % 2 == 1))
    yield kept


@situation
def an_error_after_an_update(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    train = training(m, o)

    def step(x: Any, y: Any) -> Any:
        train(x, y)
        return m(x)[9]

    step = c(step)
    for i in range(6):
        yield attempt(step, *batch(i)), m, o


# --------------------------------------------------------------------------------------- threads and other compiled steps


@situation
def threads_running_the_same_step(c: Compile) -> Seen:
    m = net()
    f, found = c(lambda x: m(x).softmax(1).sum(0)), {}

    def go(k: int) -> None:
        found[k] = attempt(lambda: [f(numbers(k * 100 + i, 3, 3)).detach() for i in range(20)])

    threads = [threading.Thread(target=go, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield [found.get(k) for k in range(4)]


@situation
def threads_training_each_its_own(c: Compile) -> Seen:
    models = [net() for _ in range(3)]
    steps = [c(training(m, sgd(m))) for m in models]

    def go(k: int) -> None:
        for i in range(10):
            steps[k](*batch(k * 100 + i))

    threads = [threading.Thread(target=go, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield models


@situation
def a_thread_within_the_step(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y, found = x * 2, []
        thread = threading.Thread(target=lambda: found.append((y + 1).sum()))
        thread.start()
        thread.join()
        return found[0] * 2, y

    yield from called(c, f)


@situation
def a_tensor_read_by_another_thread(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        y, found = (x * 2).exp(), []
        thread = threading.Thread(target=lambda: found.append(y.sum().item()))
        thread.start()
        thread.join()
        return found, y + 1

    yield from called(c, f)


@situation
def modes_of_other_threads(c: Compile) -> Seen:
    m = net()
    f, found = c(lambda x: m(x).requires_grad), []
    for i in range(6):
        with torch.no_grad():
            thread = threading.Thread(target=lambda i=i: found.append(f(numbers(i, 2, 3))))
            thread.start()
            thread.join()
            yield f(numbers(i, 2, 3)), found


@situation
def compiled_steps_within_compiled_steps(c: Compile) -> Seen:
    inner = c(lambda x: x * 2 + 1)
    yield from called(c, lambda x: inner(inner(x)).tanh())


@situation
def compiled_training_within_a_compiled_step(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    inner = c(training(m, o))
    yield from changed(c, m, optimizer=o, step=lambda x, y: (inner(x, y), inner(y.repeat(1, 2)[:, :3], y), m(x)))


@situation
def compiled_twice(c: Compile) -> Seen:
    yield from called(c, c(lambda x: (x * 2).sum()))


@situation
def recursive_compiled_step(c: Compile) -> Seen:
    f = c(lambda x, n: x if n == 0 else f(x * 0.5, n - 1) + 1)
    for i in range(6):
        yield f(numbers(i, 2), i % 4)


@situation
def two_compiled_steps_on_one_model(c: Compile) -> Seen:
    m = net()
    o = sgd(m)
    train, evaluate = c(training(m, o)), c(lambda x: m(x).argmax(1))
    for i in range(6):
        yield train(*batch(i)), evaluate(numbers(i, 5, 3)), m


@situation
def a_step_called_again_by_its_own_hook(c: Compile) -> Seen:
    m, log = net(), []
    f = c(lambda x: m(x).sum())

    def hook(module: Any, i: Any, o: Any) -> None:
        if len(i[0]) > 1:
            log.append(f(i[0][:1]))

    m.register_forward_hook(hook)
    for i in range(6):
        yield f(numbers(i, 3, 3)), log


@situation
def closures_over_changing_variables(c: Compile) -> Seen:
    scale, table = 1.0, {"k": numbers(0, 3)}
    f = c(lambda x: x * scale + table["k"])
    for i in range(8):
        scale = [1.0, 2, True, 0.5][i // 2]
        table["k"] = numbers(i // 3, 3)
        yield f(numbers(i, 3))


@situation
def functions_replaced(c: Compile) -> Seen:
    space = types.SimpleNamespace(act=torch.tanh)
    f = c(lambda x: space.act(x * 2))
    for i in range(8):
        space.act = [torch.tanh, torch.exp, lambda x: x.sum() * i][i // 3]  # noqa: B023 - called before i changes
        yield f(numbers(i, 3))


@situation
def a_compiled_step_made_in_each_iteration(c: Compile) -> Seen:
    m = net()
    for i in range(6):
        yield c(lambda x, i=i: m(x) * i)(numbers(i, 2, 3))


@situation
def constants_made_within(c: Compile) -> Seen:
    def f(x: Any) -> Any:
        mask = torch.tril(torch.ones(3, 3)).bool()
        a = torch.zeros(2, 3).masked_fill(x > 0, -math.inf)
        total = torch.zeros(())
        for row in x:
            total += row.sum()
        return mask, a, total, torch.arange(3) * x, torch.full_like(x, 2), torch.zeros_like(x).fill_(3), torch.eye(3) @ x.t()

    yield from called(c, f)


@situation
def fusion_of_long_elementwise_chains(c: Compile) -> Seen:
    yield from called(c, lambda x: ((x * 2 + 1).tanh().sigmoid() - x.exp().clamp(max=3)).abs().sqrt() / (1 + x.square()))
