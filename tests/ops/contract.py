"""What every operation must fulfil, checked on sample calls: a row a call, see :class:`Sample`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Standard normal values, the same each time."""
    return np.asarray(np.random.default_rng([seed, *shape]).standard_normal(shape))


def positive(*shape: int, seed: int = 0) -> np.ndarray:
    """Values in [0.3, 2.3)."""
    return np.asarray(np.random.default_rng([seed, *shape]).random(shape) * 2 + 0.3)


def unit(*shape: int, seed: int = 0) -> np.ndarray:
    """Values in (-0.9, 0.9)."""
    return np.asarray(np.random.default_rng([seed, *shape]).random(shape) * 1.8 - 0.9)


def apart(*shape: int, seed: int = 0) -> np.ndarray:
    """Values that are all different by at least 0.1, away from 0, half of them negative: for ops with kinks."""
    count = int(np.prod(shape))
    values = (np.arange(count) - count // 2) * 0.1 + 0.05
    return np.random.default_rng([seed, *shape]).permutation(values).reshape(shape)


def integers(high: int, *shape: int, seed: int = 0) -> np.ndarray:
    """int64 values in [0, high)."""
    return np.random.default_rng([seed, *shape]).integers(0, high, shape)


def booleans(*shape: int, seed: int = 0) -> np.ndarray:
    """Truth values."""
    return np.random.default_rng([seed, *shape]).random(shape) < 0.5


@dataclass
class Sample:
    """One call of an operation.

    Attributes:
        name: The operation's name in the table of operations.
        args: Arrays become tensors, and are differentiated if floating-point; anything else is passed on.
        kwargs: Passed on.
        torch_name: The name under ``torch`` (dots allowed); ``name`` if None; "" to skip the comparison.
        torch_fn: The call on torch tensors, where a name is not enough.
        call: The call on our tensors, where ``OPS[name]`` is not enough (an argument that is a list of tensors, say).
        covers: Primitives that this row stands for beside ``name``.
        order2: Whether second derivatives exist and are checked.
        widens: It gives float64 for float32 on purpose.
        rtol: Relative tolerance of the comparison with torch in float64.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    torch_name: str | None = None
    torch_fn: Callable[..., Any] | None = None
    call: Callable[..., Any] | None = None
    covers: tuple[str, ...] = ()
    order2: bool = True
    widens: bool = False
    rtol: float = 1e-12

    def __str__(self) -> str:
        shapes = "-".join("x".join(map(str, a.shape)) if isinstance(a, np.ndarray) else repr(a) for a in self.args)
        return f"{self.name}({shapes}{self.kwargs or ''})"[:90]

    def arrays(self, dtype: Any = np.float64) -> list[Any]:
        return [
            a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else
            a.copy() if isinstance(a, np.ndarray) else a
            for a in self.args
        ]  # fmt: skip

    def run(self, args: list[Any]) -> Any:
        """Call our operation on tensors."""
        return (self.call or OPS[self.name])(*args, **self.kwargs)

    def run_torch(self, torch: Any, args: list[Any]) -> Any:
        """Call torch's operation on torch tensors."""
        if self.torch_fn is not None:
            return self.torch_fn(*args, **self.kwargs)
        function = torch
        for part in (self.torch_name or self.name).split("."):
            function = getattr(function, part)
        return function(*args, **self.kwargs)


def tensors(sample: Sample, library: Any, dtype: Any = np.float64, requires_grad: bool = True) -> list[Any]:
    """The sample's arguments as tensors of the library, the floating-point ones ready to be differentiated."""
    out = []
    for a in sample.arrays(dtype):
        if isinstance(a, np.ndarray):
            t = library.from_numpy(a.copy())
            out.append(t.requires_grad_() if requires_grad and a.dtype.kind == "f" else t)
        else:
            out.append(a)
    return out


def outputs(result: Any) -> list[Any]:
    """An operation's results as a flat list of tensors."""
    if isinstance(result, tuple | list):
        return [t for part in result for t in outputs(part)]
    return [result]


def differentiable(result: Any) -> list[Any]:
    return [t for t in outputs(result) if hasattr(t, "requires_grad") and t.requires_grad]


def weights_for(result: list[Any]) -> list[np.ndarray]:
    """Fixed cotangents, so that every output element counts differently."""
    return [normal(*t.shape, seed=7 + k) for k, t in enumerate(result)]


GIVE_INPUT_BACK = {"cast", "_packed"}  # called with nothing to do, as no operation of the public ones does


def function_of(sample: Sample) -> tuple[Callable[..., Any], list[Any]] | None:
    """The row as a function of the tensors that it differentiates, and those, in float64; None if nothing has a gradient."""
    args = tensors(sample, tg)
    if not differentiable(sample.run(args)):
        return None
    moved = [k for k, a in enumerate(args) if isinstance(a, tg.Tensor) and a.requires_grad]

    def call(*inputs: Any) -> tuple[Any, ...]:
        given = list(args)
        for k, x in zip(moved, inputs, strict=True):
            given[k] = x.clone() if sample.name in GIVE_INPUT_BACK else x
        return tuple(outputs(sample.run(given)))

    return call, [args[k] for k in moved]
