"""Assertions about functions: their derivatives are those of their values, or they are the same function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...autograd.gradient_check import GradcheckError, gradcheck
from ...ops.creation import from_numpy, zeros_like
from .comparing import Array, close, difference, gradients_of, name_of, values_of
from .suite import CheckError

__all__ = ["assert_equivalent", "assert_gradients_match"]


def _over_examples(compare: Callable[..., None], inputs: Sequence[Any], examples: int | None) -> None:
    """Call the comparison with the inputs, or with examples that hypothesis draws where some are strategies."""
    if not any(hasattr(x, "example") and hasattr(x, "map") for x in inputs):
        compare(*inputs)
        return
    from hypothesis import given, settings
    from hypothesis import strategies as st

    whole = st.tuples(*(x if isinstance(x, st.SearchStrategy) else st.just(x) for x in inputs))

    @settings(max_examples=settings().max_examples if examples is None else examples)
    @given(whole)
    def run(drawn: tuple[Any, ...]) -> None:
        compare(*(t for x in drawn for t in (x if isinstance(x, tuple) else (x,))))

    run()


def _leaves(values: Sequence[Any]) -> list[Any]:
    """The arguments, tensors and arrays copied: floating-point ones in float64, to differentiate by."""
    chosen = any(isinstance(x, Tensor) and x.requires_grad for x in values)
    out: list[Any] = []
    for x in values:
        if isinstance(x, Tensor | np.ndarray):
            wanted = (isinstance(x, Tensor) and x.requires_grad) or not chosen
            x = x.detach().clone() if isinstance(x, Tensor) else from_numpy(x.copy())
            x = x.double().requires_grad_(wanted) if x.is_floating_point() else x
        out.append(x)
    return out


def assert_gradients_match(
    f: Callable[..., Any],
    *inputs: Any,
    order: int = 2,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    examples: int | None = None,
) -> None:
    """Assert that the derivatives of ``f`` up to ``order`` are those of its values, by :func:`.gradcheck` in float64.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.testing import tensors
    >>> assert_gradients_match(torch.tanh, torch.tensor([0.5, -2.0]))
    >>> assert_gradients_match(torch.tanh, tensors())

    Args:
        f: The function.
        *inputs: Tensors or arrays, of which the floating-point ones are copied to float64 and differentiated by, or only those that
            require grad, if any do; hypothesis strategies for tensors or tuples of them, from which examples are drawn; anything
            else is passed on.
        order: The highest derivative.
        eps, atol, rtol: As in :func:`.gradcheck`.
        examples: How many examples are drawn from strategies; as hypothesis's profile says, if None.

    Raises:
        CheckError: They do not match; it says where, and what both are.
    """

    def compare(*values: Any) -> None:
        arguments = _leaves(values)
        places = [k for k, x in enumerate(arguments) if isinstance(x, Tensor) and x.requires_grad]

        def function(*moved: Tensor) -> Any:
            whole = list(arguments)
            for k, x in zip(places, moved, strict=True):
                whole[k] = x
            return f(*whole)

        try:
            gradcheck(function, [arguments[k] for k in places], eps=eps, atol=atol, rtol=rtol, order=order)
        except GradcheckError as error:
            raise CheckError(f"assert_gradients_match({name_of(f)}): {error}") from error

    _over_examples(compare, inputs, examples)


def assert_equivalent(
    f: Callable[..., Any],
    g: Callable[..., Any],
    *inputs: Any,
    order: int = 2,
    rtol: float = 1e-7,
    atol: float = 1e-9,
    examples: int | None = None,
) -> None:
    """Assert that two functions have the same values and the same derivatives up to ``order``, in float64.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.testing import tensors
    >>> assert_equivalent(torch.sigmoid, lambda x: 0.5 * (1 + torch.tanh(x / 2)), tensors())
    >>> assert_equivalent(torch.relu, torch.abs, torch.tensor([1.0, 2.0]))
    >>> assert_equivalent(torch.relu, torch.abs, torch.tensor([1.0, -2.0]))
    Traceback (most recent call last):
        ...
    tinygrad_mlp.testing.checks.suite.CheckError: assert_equivalent(relu, abs): the values part: result 0, element (1,), is 0.0 and 2.0

    Args:
        f, g: The functions.
        *inputs: As in :func:`assert_gradients_match`.
        order: The highest derivative to compare.
        rtol, atol: How far two numbers may be apart: ``atol + rtol * abs(of g)``.
        examples: As in :func:`assert_gradients_match`.

    Raises:
        CheckError: They are not; it says what parts, where, and both numbers.
    """

    def compare(*values: Any) -> None:
        names = ["the values", "the gradients", "the second derivatives"]
        names += [f"the derivatives of order {k}" for k in range(3, order + 1)]
        both = [_derivatives(function, _leaves(values), order) for function in (f, g)]
        for name, mine, others in zip(names, *both, strict=False):
            for k, (a, b) in enumerate(zip(mine, others, strict=False)):
                if not close([a], [b], rtol, atol):
                    place = "result" if name == "the values" else "gradient of input"
                    where = difference([a], [b], [f"{place} {k}"], rtol, atol)
                    raise CheckError(f"assert_equivalent({name_of(f)}, {name_of(g)}): {name} part: {where}")
            if len(mine) != len(others):
                raise CheckError(f"assert_equivalent({name_of(f)}, {name_of(g)}): {len(mine)} results and {len(others)}")

    _over_examples(compare, inputs, examples)


def _derivatives(f: Callable[..., Any], arguments: list[Any], order: int) -> list[list[Array]]:
    """Values; gradients of their weighted sum; of the weighted sum of those; and so on. None is zero."""
    sources = [x for x in arguments if isinstance(x, Tensor) and x.requires_grad]
    result: Any = f(*arguments)
    found = [values_of(result)]
    for _ in range(order):
        result = [
            zeros_like(x) if g is None else g
            for x, g in zip(sources, gradients_of(result, sources, create_graph=True), strict=True)
        ]
        found.append(values_of(result))
    return found
