"""Users' Functions under transforms: their own vmap and jvp, or those made of forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.autograd import Function
from tinygrad_mlp.func import grad, hessian, jacfwd, jacrev, jvp, vmap

x64 = np.array([[0.3, -0.7, 1.1], [0.2, 0.5, -0.4]])


class Made(Function):
    """sin(x) * y, by the rule that is made."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Any, y: Any) -> Any:
        return x.sin() * y

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, y = ctx.saved_tensors
        return g * x.cos() * y, g * x.sin()


class Pushed(Made):
    """The same with a jvp, which is counted."""

    calls = 0

    @staticmethod
    def jvp(ctx: Any, x_t: Any, y_t: Any) -> Any:
        x, y = ctx.saved_tensors
        Pushed.calls += 1
        return x_t * x.cos() * y + y_t * x.sin()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)


class Own(Made):
    """The same with a vmap of its own."""

    generate_vmap_rule = False
    seen: list[Any] = []

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Any, y: Any) -> Any:
        Own.seen.append((info.batch_size, info.randomness, in_dims))
        x = x if in_dims[0] is None else x.movedim(in_dims[0], -1)
        y = y if in_dims[1] is None else y.movedim(in_dims[1], -1)
        x, y = x if in_dims[0] is not None else x.unsqueeze(-1), y if in_dims[1] is not None else y.unsqueeze(-1)
        return Own.apply(x, y), -1


every = pytest.mark.parametrize("function", [Made, Pushed, Own])


@every
def test_batches_and_derivatives(function: Any) -> None:
    x, y = tg.tensor(x64), tg.tensor(x64).flip(0)

    def plain(x: Any, y: Any) -> Any:
        return x.sin() * y

    for dims in ((0, 0), (0, None), (None, 0), (1, 1)):
        xs, ys = (a if d is not None else a[0] for a, d in zip((x, y), dims, strict=True))
        for transform in (
            lambda f: f,
            lambda f: grad(lambda x, y: (f(x, y) ** 2).sum()),
            lambda f: grad(lambda x, y: (f(x, y) ** 2).sum(), argnums=1),
            lambda f: jacrev(f),
            lambda f: jacfwd(f, argnums=1),
            lambda f: hessian(lambda x, y: (f(x, y) ** 2).sum()),
            lambda f: lambda x, y: jvp(f, (x, y), (y, x))[1],
            lambda f: jacfwd(lambda x, y: jvp(f, (x, y), (y, x))[1]),
        ):
            got = vmap(transform(function.apply), in_dims=dims)(xs, ys)
            expected = vmap(transform(plain), in_dims=dims)(xs, ys)
            np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-10, atol=1e-12)


def test_what_is_called() -> None:
    Pushed.calls = 0
    jvp(Pushed.apply, (tg.ones(2), tg.ones(2)), (tg.ones(2), tg.ones(2)))
    assert Pushed.calls == 1
    grad(lambda x: Pushed.apply(x, x).sum())(tg.ones(2))
    assert Pushed.calls == 1
    Own.seen.clear()
    vmap(Own.apply, in_dims=(None, 1), randomness="same")(tg.ones(2), tg.ones(2, 5))
    assert Own.seen == [(5, "same", (None, 0))]


def test_a_jvp_is_enough_for_forward_mode() -> None:
    class Only(Function):
        @staticmethod
        def forward(x: Any) -> Any:
            return x**3, x.exp()

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_forward(inputs[0])

        @staticmethod
        def jvp(ctx: Any, t: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 3 * x**2 * t, x.exp() * t

    x = tg.tensor([1.0, 2.0])
    _, (cubes, exps) = jvp(Only.apply, (x,), (tg.tensor([1.0, 10.0]),))
    assert cubes.tolist() == [3.0, 120.0]
    assert tg.allclose(exps, x.exp() * tg.tensor([1.0, 10.0]))
    second = jvp(lambda x: jvp(Only.apply, (x,), (tg.ones(2),))[1][0], (x,), (tg.ones(2),))[1]
    assert second.tolist() == [6.0, 12.0]


def test_what_is_refused() -> None:
    class Old(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x

    class Neither(Made):
        generate_vmap_rule = False

    class Both(Own):
        generate_vmap_rule = True

    x = tg.ones(2, 3)
    with pytest.raises(RuntimeError, match="setup_context"):
        vmap(Old.apply)(x)
    with pytest.raises(RuntimeError, match="vmap support"):
        vmap(Neither.apply)(x, x)
    with pytest.raises(RuntimeError, match="both"):
        vmap(Both.apply)(x, x)
    assert vmap(lambda a: Old.apply(tg.ones(3)) + a)(x).shape == (2, 3), "one that gets no samples is not concerned"
