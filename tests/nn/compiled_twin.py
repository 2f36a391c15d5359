"""A training step of a module, compiled, beside the same step as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_mlp as tg


def assert_compiled_alike(make: Callable[[], Any], *arrays: np.ndarray, calls: int = 5) -> None:
    """The losses of a compiled training step, in ``calls`` calls, are those of its twin.

    Args:
        make: Makes the module, from the same random numbers each time.
        arrays: What it is called with, in each call multiplied by another number if of floats.
        calls: How often.
    """
    seen = []
    for wrap in (lambda f: f, tg.compile):
        tg.manual_seed(0)
        module = make()
        optimizer = tg.optim.SGD([*module.parameters()], lr=0.1) if [*module.parameters()] else None

        def step(*inputs: Any, module: Any = module, optimizer: Any = optimizer) -> Any:
            y = module(*inputs)
            loss = ((y[0] if isinstance(y, tuple) else y) ** 2).sum()
            loss.backward()
            if optimizer is not None:
                optimizer.step()
                optimizer.zero_grad()
            return loss

        run = wrap(step)
        losses = []
        for k in range(calls):
            inputs = [tg.tensor(a * (1 + k / 10)).requires_grad_() if a.dtype.kind == "f" else tg.tensor(a) for a in arrays]
            losses.append(run(*inputs).item())
            losses += [float(x.grad.sum()) for x in inputs if x.grad is not None]
        seen.append(losses)
    np.testing.assert_allclose(seen[1], seen[0], rtol=1e-9, atol=1e-12)
