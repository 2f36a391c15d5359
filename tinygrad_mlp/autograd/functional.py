"""Derivatives of a whole function at a point: Jacobian, Hessian, and their products with vectors.

For y = f(x) with Jacobian J (and Hessian H, where y is a single number): :func:`vjp` gives v^T J from one backward
pass, :func:`jacobian` all of J from one pass per element of y. The pass itself is linear in v, so differentiating it
with respect to v gives :func:`jvp`, J v. Applied to the gradient of f, the same give :func:`vhp`, :func:`hessian`
and :func:`hvp`.

Arguments that all have in common:

* ``func`` takes Tensors and returns a Tensor or a tuple of them; ``inputs`` are the Tensor or tuple of Tensors that it is
  called with. Where ``inputs`` is a tuple, so is what is returned for it, and likewise for outputs.
* ``create_graph``: the results can themselves be differentiated, with respect to ``inputs`` too.
* ``strict``: raise an error where an output does not depend on an input, instead of returning zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..autograd.gradients import grad
from ..core.graph import wrap
from ..errors import ArgumentError, GraphError, ShapeError
from ..grad_mode import enable_grad
from ..ops.joining import stack

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

_Tensors = tuple[Tensor, ...]
_Given = Tensor | _Tensors
_Function = Callable[..., Any]


def vjp(
    func: _Function, inputs: _Given, v: _Given | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)``, and v^T J: one product per input, of its shape.

    Args:
        func, inputs, create_graph, strict: See the module's docstring.
        v: Of the outputs' shapes; may be left out for a single output of one element, for which it is 1.

    Raises:
        ArgumentError: Inputs or outputs are not Tensors. ShapeError: ``v`` has other shapes than the outputs.
        GraphError: ``v`` is missing; or, where ``strict``, an output does not depend on an input.

    >>> import tinygrad_mlp as torch
    >>> torch.autograd.functional.vjp(lambda x: x ** 2, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        sources, single = _sources("vjp", inputs, create_graph)
        outputs, single_output = _call("vjp", func, sources, strict)
        cotangents = _vectors("vjp", v, outputs, create_graph)
    products = _product(outputs, sources, cotangents, create_graph, strict)
    return _returned(outputs, single_output, create_graph), _returned(products, single, create_graph)


def jvp(
    func: _Function, inputs: _Given, v: _Given | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)``, and J v: one product per output, of its shape.

    Args:
        func, inputs, create_graph, strict: See the module's docstring.
        v: Of the inputs' shapes; may be left out for a single input of one element, for which it is 1.

    Raises:
        ArgumentError: Inputs or outputs are not Tensors. ShapeError: ``v`` has other shapes than the inputs.
        GraphError: ``v`` is missing; or, where ``strict``, an output does not depend on an input.

    >>> import tinygrad_mlp as torch
    >>> torch.autograd.functional.jvp(lambda x: x.prod(), torch.tensor([2.0, 3.0]), torch.tensor([1.0, 10.0]))
    (tensor(6.), tensor(23.))
    """
    with enable_grad():
        sources, _ = _sources("jvp", inputs, create_graph)
        tangents = _vectors("jvp", v, sources, create_graph)
        outputs, single_output = _call("jvp", func, sources, strict)
    products = _pushed(outputs, sources, tangents, create_graph, strict)
    return _returned(outputs, single_output, create_graph), _returned(products, single_output, create_graph)


def jacobian(
    func: _Function,
    inputs: _Given,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian, of shape ``output.shape + input.shape``: J[i, j] = d output[i] / d input[j].

    With tuples, ``jacobian(...)[i][j]`` is that of output i with respect to input j.

    Args:
        func, inputs, create_graph, strict: See the module's docstring.
        vectorize: May be set, for code that does; the passes are done one after the other all the same.
        strategy: ``"reverse-mode"``, or ``"forward-mode"`` with ``vectorize``; the same values, by backward passes.

    Raises:
        ArgumentError: Inputs or outputs are not Tensors; another ``strategy``. NotImplementedError: Forward mode without ``vectorize``.
        GraphError: Where ``strict``, an output does not depend on an input; or ``strict`` with ``vectorize``.

    >>> import tinygrad_mlp as torch
    >>> torch.autograd.functional.jacobian(lambda x: torch.stack([x.sum(), x.prod()]), torch.tensor([2.0, 3.0]))
    tensor([[1., 1.],
            [3., 2.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ArgumentError(f"jacobian: expected strategy 'reverse-mode' or 'forward-mode', got {strategy!r}")
    if strategy == "forward-mode" and not vectorize:
        raise NotImplementedError("jacobian: strategy='forward-mode' goes with vectorize=True, as in PyTorch")
    if strict and vectorize:
        raise GraphError("jacobian: `strict=True` and `vectorize=True` are not supported together")
    with enable_grad():
        sources, single = _sources("jacobian", inputs, create_graph)
        outputs, single_output = _call("jacobian", func, sources, strict)
        blocks = tuple(_block(output, sources, create_graph, strict) for output in outputs)
    results = tuple(_returned(block, single, create_graph) for block in blocks)
    return results[0] if single_output else results


def hessian(
    func: _Function,
    inputs: _Given,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The Hessian of a function with a single value, of shape ``input.shape + input.shape``.

    With a tuple of inputs, ``hessian(...)[i][j]`` is d^2 f / d input_i d input_j.

    Args:
        func, inputs, create_graph, strict: See the module's docstring.
        vectorize, outer_jacobian_strategy: As in :func:`jacobian`.

    Raises:
        GraphError: ``func`` does not return a single value; or, where ``strict``, the gradient does not depend on an
            input. And as :func:`jacobian`.

    >>> import tinygrad_mlp as torch
    >>> torch.autograd.functional.hessian(lambda x: x[0] ** 2 * x[1], torch.tensor([2.0, 3.0]))
    tensor([[6., 4.],
            [4., 0.]])
    """
    sources, single = _checked("hessian", "inputs", inputs)

    def gradient(*xs: Tensor) -> _Tensors:
        outputs, _ = _call("hessian", func, xs, strict, scalar=True)
        return _product(outputs, xs, (None,), True, strict)

    blocks = jacobian(gradient, sources, create_graph, strict, vectorize, outer_jacobian_strategy)
    return blocks[0][0] if single else blocks


def vhp(
    func: _Function, inputs: _Given, v: _Given | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)``, a single value, and v^T H: one product per input, of its shape.

    Args:
        func, inputs, create_graph, strict: See the module's docstring.
        v: Of the inputs' shapes; may be left out for a single input of one element, for which it is 1.

    Raises:
        GraphError: ``func`` does not return a single value. And as :func:`jvp`.

    >>> import tinygrad_mlp as torch
    >>> torch.autograd.functional.vhp(lambda x: (x ** 3).sum(), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    return _times_hessian("vhp", _product, func, inputs, v, create_graph, strict)


def hvp(
    func: _Function, inputs: _Given, v: _Given | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)``, a single value, and H v: one product per input, of its shape.

    Where the second derivatives are continuous H is symmetric, and :func:`vhp` gives the same with a pass less.

    Args and errors: as :func:`vhp`.

    >>> import tinygrad_mlp as torch
    >>> torch.autograd.functional.hvp(lambda x: (x ** 3).sum(), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    return _times_hessian("hvp", _pushed, func, inputs, v, create_graph, strict)


# ------------------------------------------------------------------------------------------------ the steps of the above


def _checked(name: str, what: str, value: Any) -> tuple[_Tensors, bool]:
    """A Tensor or a tuple of them as a tuple, and whether it was a single one."""
    tensors = value if isinstance(value, tuple) else (value,)
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise ArgumentError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors, got {type(tensor).__name__}"
            )
    return tensors, not isinstance(value, tuple)


def _sources(name: str, inputs: Any, create_graph: bool) -> tuple[_Tensors, bool]:
    """New Tensors to differentiate by: the inputs' values, with their history only where results shall reach it."""
    tensors, single = _checked(name, "inputs", inputs)
    return tuple(x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_() for x in tensors), single


def _call(
    name: str, func: Callable[..., Any], sources: _Tensors, strict: bool, scalar: bool = False
) -> tuple[_Tensors, bool]:
    outputs, single = _checked(name, "outputs of the user-provided function", func(*sources))
    if scalar and not (single and outputs[0].numel() == 1):
        raise GraphError(f"The function given to {name} should return a single Tensor with a single element")
    for position, output in enumerate(outputs):
        if strict and not output.requires_grad:
            raise GraphError(
                f"Output {position} of the user-provided function does not depend on the inputs in a differentiable "
                "manner, which is not allowed in strict mode"
            )
    return outputs, single


def _vectors(name: str, v: Any, like: _Tensors, create_graph: bool) -> tuple[Tensor, ...]:
    """The vectors to multiply with, checked against the tensors whose shapes they must have."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise GraphError(f"{name}: the vector v can only be None for a single Tensor with a single element")
        return (wrap(np.ones_like(like[0]._data)),)
    vectors, _ = _checked(name, "v", v)
    if [x.shape for x in vectors] != [x.shape for x in like]:
        raise ShapeError(
            f"{name}: v has invalid size: should be {[tuple(x.shape) for x in like]} but got "
            f"{[tuple(x.shape) for x in vectors]}"
        )
    return tuple(x if create_graph else x.detach() for x in vectors)


def _product(
    outputs: _Tensors,
    sources: _Tensors,
    cotangents: Sequence[Tensor | None],
    create_graph: bool,
    strict: bool,
    retain_graph: bool | None = None,
) -> _Tensors:
    """The products of the cotangents with the Jacobian; zeros for sources that no output depends on."""
    used = [(y, v) for y, v in zip(outputs, cotangents, strict=True) if y.requires_grad]
    results: Sequence[Tensor | None] = [None] * len(sources)
    if used:
        ys, vs = zip(*used, strict=True)
        results = grad(ys, sources, vs, retain_graph, create_graph, allow_unused=True)
    for position, result in enumerate(results):
        if strict and (result is None or (create_graph and not result.requires_grad)):
            what = "output of the user-provided function" if result is None else "jacobian, or its product,"
            raise GraphError(f"The {what} is independent of input {position}. This is not allowed in strict mode.")
    return tuple(wrap(np.zeros_like(x._data)) if r is None else r for r, x in zip(results, sources, strict=True))


def _pushed(outputs: _Tensors, sources: _Tensors, tangents: _Tensors, create_graph: bool, strict: bool) -> _Tensors:
    """J v, as the gradient of u^T J with respect to u: the backward pass is linear in its cotangent u."""
    cotangents = tuple(wrap(np.zeros_like(y._data)).requires_grad_() for y in outputs)
    with enable_grad():
        pulled = _product(outputs, sources, cotangents, True, strict)
    return _product(pulled, cotangents, tangents, create_graph, strict)


def _times_hessian(
    name: str, product: Callable[..., _Tensors], func: Any, inputs: Any, v: Any, create_graph: bool, strict: bool
) -> tuple[Any, Any]:
    """The value, and the gradient's Jacobian multiplied from the left (``product`` is `_product`) or the right (`_pushed`)."""
    with enable_grad():
        sources, single = _sources(name, inputs, create_graph)
        vector = _vectors(name, v, sources, create_graph)
        outputs, _ = _call(name, func, sources, strict, scalar=True)
        gradient = _product(outputs, sources, (None,), True, strict)
    products = product(gradient, sources, vector, create_graph, strict)
    return _returned(outputs, True, create_graph), _returned(products, single, create_graph)


def _block(output: Tensor, sources: _Tensors, create_graph: bool, strict: bool) -> _Tensors:
    """The Jacobian of one output with respect to each source, row by row."""
    if not output.numel():
        return tuple(wrap(np.zeros((*output.shape, *x.shape), x._like.dtype)) for x in sources)
    rows = []
    for element in range(output.numel()):
        one_hot = np.zeros(output.shape, output._like.dtype)
        one_hot.flat[element] = 1
        rows.append(_product((output,), sources, (wrap(one_hot),), create_graph, strict, retain_graph=True))
    return tuple(
        stack(column).reshape(*output.shape, *x.shape) for column, x in zip(zip(*rows, strict=True), sources, strict=True)
    )


def _returned(tensors: _Tensors, single: bool, create_graph: bool) -> Any:
    results = tensors if create_graph else tuple(x.detach() for x in tensors)
    return results[0] if single else results
