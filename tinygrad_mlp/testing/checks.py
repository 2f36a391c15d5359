"""Check suites for one's own functions, layers, losses and optimizers: what PyTorch users take for granted, written down.

:func:`check_module`, :func:`check_loss` and :func:`check_optimizer` run every check of their suite and raise one
:class:`CheckError` that names those that failed, what each expects, what it saw and what to do. A check that does not apply is
left out with ``skip=``; ``MODULE_CHECKS``, ``LOSS_CHECKS`` and ``OPTIMIZER_CHECKS`` list them with what they promise.

>>> import tinygrad_mlp as torch
>>> class Centred(torch.nn.Module):
...     def forward(self, x):
...         return x - x.mean()
>>> check_module(Centred, torch.tensor([[1.0, 2.0], [4.0, 7.0]]))
Traceback (most recent call last):
    ...
tinygrad_mlp.testing.checks.CheckError: check_module(Centred): 1 of 21 checks failed
batch_rows_independent
    expected: in evaluation mode a row's output does not depend on the other rows of the batch (batched=False: there is no batch)
    saw: row 0 in the batch and alone: result 0, element (0, 0), is -2.5 and -0.5
    do: reduce over dim=-1 or dim=1, not over everything; statistics of the batch only where self.training
"""

from __future__ import annotations

import copy
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

import tinygrad_mlp as tg

from ..autograd.gradient_check import GradcheckError, gradcheck
from ..errors import ArgumentError, TinygradError
from ..nn import Module
from ..tensor import Tensor

__all__ = [
    "LOSS_CHECKS",
    "MODULE_CHECKS",
    "OPTIMIZER_CHECKS",
    "CheckError",
    "assert_equivalent",
    "assert_gradients_match",
    "check_loss",
    "check_module",
    "check_optimizer",
]

Array = np.ndarray[Any, Any]
Inputs: TypeAlias = "Tensor | Sequence[Any]"


class CheckError(TinygradError, AssertionError):
    """Which checks of a suite failed.

    Attributes:
        failures: What to read, by the check's name.
    """

    def __init__(self, title: str, failures: Mapping[str, str] | None = None) -> None:
        self.failures = dict(failures or {})
        super().__init__("\n".join([title, *(f"{name}\n{text}" for name, text in self.failures.items())]))


class _Found(Exception):  # noqa: N818 - what a check saw, on its way into a CheckError
    def __init__(self, saw: str, do: str) -> None:
        super().__init__(saw)
        self.saw, self.do = saw, do


Suite: TypeAlias = "dict[str, Callable[[Any], None]]"

MODULE_CHECKS: Suite = {}
LOSS_CHECKS: Suite = {}
OPTIMIZER_CHECKS: Suite = {}


def _check(suite: Suite) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    def register(function: Callable[[Any], None]) -> Callable[[Any], None]:
        suite[function.__name__] = function
        return function

    return register


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A block that leaves random numbers and modes as they were, and in which nobody is warned."""
    state, grad_mode, default = tg.get_rng_state(), tg.is_grad_enabled(), tg.get_default_dtype()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        tg.set_rng_state(state)
        tg.set_grad_enabled(grad_mode)
        tg.set_default_dtype(default)


def _try_factory(
    caller: str, noun: str, factory: Any, parameter: str, make: Callable[[], Any], usable: Callable[[Any], bool]
) -> None:
    """Make one of what is to be checked: what is wrong with its factory is then said once, and not by every check.

    Args:
        parameter: What the factory is given, for messages.

    Raises:
        ArgumentError: It is no factory, it raises an error, or gives something that is not ``usable``.
    """
    expected = f"{caller}() makes a new {noun} for each check: give the class, or a function that makes one"
    if isinstance(factory, Module | tg.optim.Optimizer):
        head = f"lambda {parameter}" if parameter else "lambda"
        raise ArgumentError(f"{expected}, as {head}: {type(factory).__name__}(...), not one that is made")
    try:
        with _undisturbed():
            made = make()
    except Exception as error:  # whatever the code under test raises
        raise ArgumentError(f"{expected}; {_name(factory)}({parameter}) raised {type(error).__name__}: {error}") from error
    if isinstance(made, type) or not usable(made):
        raise ArgumentError(f"{expected}; {_name(factory)}({parameter}) gave {made!r:.80}")


def _run(title: str, suite: Suite, case: Any, skip: Iterable[str]) -> None:
    skipped = [skip] if isinstance(skip, str) else list(skip)
    unknown = sorted(set(skipped) - set(suite))
    if unknown:
        raise ValueError(f"{title}: skip= names {', '.join(unknown)}; the checks are {', '.join(suite)}")
    failures: dict[str, str] = {}
    run = 0
    for name, check in suite.items():
        if name in skipped:
            continue
        run += 1
        promise = " ".join((check.__doc__ or "").split()).rstrip(".")
        promise = promise[:1].lower() + promise[1:]
        try:
            with _undisturbed():
                check(case)
        except _Found as found:
            saw, do = found.saw, found.do
        except Exception as error:  # whatever the code under test raises is what this check saw
            saw, do = (
                f"{type(error).__name__}: {error}",
                "see the traceback of the error by calling it yourself, as the check does",
            )
        else:
            continue
        failures[name] = textwrap.indent(f"expected: {promise}\nsaw: {saw}\ndo: {do}", "    ")
    if failures:
        raise CheckError(f"{title}: {len(failures)} of {run} checks failed", failures)


# ------------------------------------------------------------------------------------------------------- comparing


def _tensors(value: Any) -> list[Tensor]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple | list) else ()
    return [t for part in parts for t in _tensors(part)]


def _values(value: Any) -> list[Array]:
    return [np.array(t.detach().numpy()) for t in _tensors(value)]


def _same(a: Sequence[Array], b: Sequence[Array]) -> bool:
    """Equal to the last bit; nan equals nan."""
    return len(a) == len(b) and all(
        x.dtype == y.dtype and np.array_equal(x, y, equal_nan=x.dtype.kind == "f") for x, y in zip(a, b, strict=True)
    )


def _difference(a: Sequence[Array], b: Sequence[Array], names: Sequence[str] | None = None) -> str:
    """Where two lists of arrays part, in words."""
    for k, (x, y) in enumerate(zip(a, b, strict=False)):
        name = names[k] if names else f"result {k}"
        if x.shape != y.shape or x.dtype != y.dtype:
            return f"{name} has {x.dtype} {x.shape} and {y.dtype} {y.shape}"
        apart = ~((x == y) | ((x != x) & (y != y)))
        if apart.any():
            at = tuple(int(i) for i in np.unravel_index(int(np.argmax(apart)), x.shape))
            return f"{name}, element {at}, is {x[at]} and {y[at]}"
    return f"{len(a)} results and {len(b)}"


def _close(a: Sequence[Array], b: Sequence[Array], rtol: float) -> bool:
    return len(a) == len(b) and all(
        x.shape == y.shape and np.allclose(x, y, rtol=rtol, atol=rtol, equal_nan=True) for x, y in zip(a, b, strict=True)
    )


def _cotangents(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Fixed, all different, so that no element's gradient hides behind another's."""
    return [tg.from_numpy(np.cos(np.arange(1.0, t.numel() + 1)).reshape(tuple(t.shape))).to(t.dtype) for t in outputs]


def _weighted(outputs: Any) -> Tensor | None:
    """The sum of all differentiable outputs, each element with a weight of its own."""
    graded = [t for t in _tensors(outputs) if t.requires_grad]
    parts = [(t * w).sum() for t, w in zip(graded, _cotangents(graded), strict=True)]
    total: Tensor | None = None
    for part in parts:
        total = part if total is None else total + part
    return total


def _gradients(outputs: Any, sources: Sequence[Tensor], create_graph: bool = False) -> list[Tensor | None]:
    total = _weighted(outputs)
    if total is None or not sources:
        return [None] * len(sources)
    return list(tg.autograd.grad(total, list(sources), create_graph=create_graph, allow_unused=True))


# ------------------------------------------------------------------------------------------------------ functions


def _over_examples(check: Callable[..., None], inputs: Sequence[Any], examples: int | None) -> None:
    """Call the check with the inputs, or with examples that hypothesis draws where some are strategies."""
    if not any(hasattr(x, "example") and hasattr(x, "map") for x in inputs):
        check(*inputs)
        return
    from hypothesis import given, settings
    from hypothesis import strategies as st

    whole = st.tuples(*(x if isinstance(x, st.SearchStrategy) else st.just(x) for x in inputs))

    @settings(max_examples=settings().max_examples if examples is None else examples)
    @given(whole)
    def run(drawn: tuple[Any, ...]) -> None:
        check(*(t for x in drawn for t in (x if isinstance(x, tuple) else (x,))))

    run()


def _leaves(values: Sequence[Any]) -> list[Any]:
    """The arguments, tensors and arrays copied: floating-point ones in float64, to differentiate by."""
    chosen = any(isinstance(x, Tensor) and x.requires_grad for x in values)
    out: list[Any] = []
    for x in values:
        if isinstance(x, Tensor | np.ndarray):
            wanted = (isinstance(x, Tensor) and x.requires_grad) or not chosen
            x = x.detach().clone() if isinstance(x, Tensor) else tg.from_numpy(x.copy())
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

    def check(*values: Any) -> None:
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
            raise CheckError(f"assert_gradients_match({_name(f)}): {error}") from error

    _over_examples(check, inputs, examples)


def _name(f: Any) -> str:
    return getattr(f, "__name__", type(f).__name__)


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
    tinygrad_mlp.testing.checks.CheckError: assert_equivalent(relu, abs): the values part: result 0, element (1,), is 0.0 and 2.0

    Args:
        f, g: The functions.
        *inputs: As in :func:`assert_gradients_match`.
        order: The highest derivative to compare.
        rtol, atol: How far two numbers may be apart: ``atol + rtol * abs(of g)``.
        examples: As in :func:`assert_gradients_match`.

    Raises:
        CheckError: They are not; it says what parts, where, and both numbers.
    """

    def check(*values: Any) -> None:
        names = [
            "the values",
            "the gradients",
            "the second derivatives",
            *(f"the derivatives of order {k}" for k in range(3, order + 1)),
        ]
        both = [_derivatives(function, _leaves(values), order) for function in (f, g)]
        for name, mine, others in zip(names, *both, strict=False):
            for k, (a, b) in enumerate(zip(mine, others, strict=False)):
                if a.shape != b.shape or a.dtype != b.dtype or not np.allclose(a, b, rtol, atol, equal_nan=True):
                    near = np.where(np.isclose(a, b, rtol, atol, equal_nan=True), b, a) if a.shape == b.shape else a
                    place = "result" if name == "the values" else "gradient of input"
                    where = _difference([near], [b], [f"{place} {k}"])
                    raise CheckError(f"assert_equivalent({_name(f)}, {_name(g)}): {name} part: {where}")
            if len(mine) != len(others):
                raise CheckError(f"assert_equivalent({_name(f)}, {_name(g)}): {len(mine)} results and {len(others)}")

    _over_examples(check, inputs, examples)


def _derivatives(f: Callable[..., Any], arguments: list[Any], order: int) -> list[list[Array]]:
    """Values; gradients of their weighted sum; of the weighted sum of those; and so on. None is zero."""
    sources = [x for x in arguments if isinstance(x, Tensor) and x.requires_grad]
    result: Any = f(*arguments)
    found = [_values(result)]
    for _ in range(order):
        result = [
            tg.zeros_like(x) if g is None else g
            for x, g in zip(sources, _gradients(result, sources, create_graph=True), strict=True)
        ]
        found.append(_values(result))
    return found


# --------------------------------------------------------------------------------------------------------- modules


class _Function(Module):
    """A plain function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Any) -> Any:
        """What the function computes."""
        return self.function(*inputs)


class _ModuleCase:
    """A factory of modules, and inputs for them."""

    def __init__(self, factory: Callable[[], Any], inputs: Sequence[Any], batched: bool, graded: Sequence[int]) -> None:
        self.factory = factory
        self.originals = tuple(inputs)
        self.batched = batched
        self.graded = set(graded)

    def module(self, dtype: Any = tg.float64, seed: int = 0) -> Any:
        """A new module in training mode, the same each time."""
        tg.manual_seed(seed)
        module = self.factory()
        return module.to(dtype) if isinstance(module, Module) else _Function(module)

    def inputs(self, dtype: Any = tg.float64, requires_grad: bool = False) -> list[Any]:
        """Copies of the inputs, the floating-point ones in this dtype."""
        out = []
        for k, x in enumerate(self.originals):
            if isinstance(x, Tensor):
                x = x.detach().to(dtype, copy=True) if x.is_floating_point() else x.clone()
                if requires_grad and k in self.graded:
                    x.requires_grad_()
            out.append(x)
        return out


def _call(module: Any, inputs: Sequence[Any]) -> Any:
    """The module's result, with the same random numbers each time."""
    tg.manual_seed(1)
    return module(*inputs)


def _graded(inputs: Sequence[Any]) -> list[Tensor]:
    return [x for x in inputs if isinstance(x, Tensor) and x.requires_grad]


def _moved(module: Any) -> None:
    """Change every parameter, and let a pass in training mode change the buffers."""
    rng = np.random.default_rng(0)
    with tg.no_grad():
        for p in module.parameters():
            p += tg.from_numpy(rng.uniform(0.1, 0.3, tuple(p.shape))).to(p.dtype)


def check_module(module: Callable[[], Any], inputs: Inputs, *, batched: bool = True, skip: Iterable[str] = ()) -> None:
    """Run every check of :data:`MODULE_CHECKS` on a layer or model.

    >>> import tinygrad_mlp as torch
    >>> check_module(lambda: torch.nn.Linear(3, 2), torch.randn(4, 3))
    >>> len(MODULE_CHECKS)
    21

    Args:
        module: The class, or a function without arguments that makes a new module; called many times.
        inputs: What to call it with: a tensor, or a tuple of arguments. Where the module has kinks, away from them.
        batched: Whether the first dimension of inputs and outputs is a batch, of rows that in evaluation mode do not depend on
            one another.
        skip: Names of checks to leave out.

    Raises:
        CheckError: Some failed; the message says which, and why.
        ValueError: ``skip`` names a check that there is not.
        ArgumentError: ``module`` is a module, not what makes one, or fails to make one.
    """
    _try_factory("check_module", "module", module, "", module, callable)
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    graded = [k for k, x in enumerate(given) if isinstance(x, Tensor) and x.is_floating_point()]
    left_out = [skip] if isinstance(skip, str) else list(skip)
    suite = (
        MODULE_CHECKS
        if batched
        else {n: c for n, c in MODULE_CHECKS.items() if n != "batch_rows_independent" or n in left_out}
    )
    _run(f"check_module({_name(module)})", suite, _ModuleCase(module, given, batched, graded), left_out)


@_check(MODULE_CHECKS)
def returns_tensors(case: _ModuleCase) -> None:
    """The factory makes modules (or functions) in training mode, and calling one gives tensors."""
    tg.manual_seed(0)
    module = case.factory()
    if isinstance(module, Module) and not module.training:
        raise _Found("a new module with training=False", "leave the mode to train() and eval()")
    if not _tensors(_call(case.module(), case.inputs())):
        raise _Found("a result without a tensor in it", "return a Tensor, or a tuple, list or dict of them, from forward")


def _check_gradients(case: _ModuleCase, wanted: Callable[[Any, list[Any]], list[Tensor]], noun: str) -> None:
    for mode in (True, False):
        module, inputs = case.module().train(mode), case.inputs(requires_grad=noun == "inputs")
        for p in module.parameters():
            p.requires_grad_(noun == "parameters" and p.requires_grad)
        sources = wanted(module, inputs)
        outputs = [t for t in _tensors(_call(module, inputs)) if t.is_floating_point()]
        if not sources or not outputs:
            return

        def function(*_: Tensor, module: Any = module, inputs: list[Any] = inputs) -> tuple[Tensor, ...]:
            return tuple(t for t in _tensors(_call(module, inputs)) if t.is_floating_point())

        large = sum(t.numel() for t in sources) * sum(t.numel() for t in outputs) > 200
        try:
            gradcheck(function, sources, order=2, fast_mode=large)
        except GradcheckError as error:
            raise _Found(
                f"in {'training' if mode else 'evaluation'} mode, of the {noun} {', '.join(_names_of(module, sources))}: {error}",
                "correct the backward of your Function, or the formula; give inputs away from kinks",
            ) from error


def _names_of(module: Any, sources: Sequence[Tensor]) -> list[str]:
    names = {id(p): name for name, p in module.named_parameters()}
    return [names.get(id(t), str(k)) for k, t in enumerate(sources)]


@_check(MODULE_CHECKS)
def input_gradients(case: _ModuleCase) -> None:
    """First and second derivatives by the floating-point inputs are those of the values, in both modes."""
    _check_gradients(case, lambda module, inputs: _graded(inputs), "inputs")


@_check(MODULE_CHECKS)
def parameter_gradients(case: _ModuleCase) -> None:
    """First and second derivatives by the parameters are those of the values, in both modes."""
    _check_gradients(case, lambda module, inputs: [p for p in module.parameters() if p.requires_grad], "parameters")


def _strays(name: str, value: Any, known: set[int]) -> Iterator[str]:
    if isinstance(value, Tensor) and value.requires_grad and id(value) not in known:
        yield f"{name!r} is a Tensor that requires grad"
    elif isinstance(value, Module) and id(value) not in known:
        yield f"{name!r} is a {type(value).__name__} outside the module's children"
    elif isinstance(value, list | tuple):
        for k, part in enumerate(value):
            yield from _strays(f"{name}[{k}]", part, known)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _strays(f"{name}[{key!r}]", part, known)


@_check(MODULE_CHECKS)
def parameters_registered(case: _ModuleCase) -> None:
    """Every tensor that requires grad, and every module, inside the module is registered, so that parameters() finds it."""
    module = case.module()
    known = {id(x) for x in (*module.parameters(), *module.buffers(), *module.modules())}
    own = {"_parameters", "_buffers", "_modules", "_hooks", "_non_persistent"}
    found = [
        text
        for part in module.modules()
        for name, value in vars(part).items()
        if name not in own
        for text in _strays(name, value, known)
    ]
    if found:
        raise _Found(
            "; ".join(found), "wrap it in nn.Parameter, or register_buffer it; keep modules in ModuleList or ModuleDict"
        )


@_check(MODULE_CHECKS)
def parameters_used(case: _ModuleCase) -> None:
    """Every parameter that requires grad receives a gradient."""
    module = case.module()
    total = _weighted(_call(module, case.inputs()))
    if total is not None:
        total.backward()
    unused = [name for name, p in module.named_parameters() if p.requires_grad and p.grad is None]
    if unused:
        raise _Found(
            f"no gradient reaches {', '.join(unused)}",
            "use them in forward; do not detach(), take .data, or compute with .numpy(); a constant is a buffer",
        )


@_check(MODULE_CHECKS)
def deterministic(case: _ModuleCase) -> None:
    """From the same seed come the same values and gradients, to the last bit; in evaluation mode without a seed, too."""
    found = []
    for _ in range(2):
        module, inputs = case.module(), case.inputs(requires_grad=True)
        result = _call(module, inputs)
        sources = [*_graded(inputs), *(p for p in module.parameters() if p.requires_grad)]
        found.append(_values([result, *(g for g in _gradients(result, sources) if g is not None)]))
    if not _same(found[0], found[1]):
        raise _Found(
            f"two runs: {_difference(found[0], found[1])}", "draw random numbers from tinygrad_mlp's generator alone"
        )
    module = case.module().eval()
    runs = [_values(module(*case.inputs())) for _ in range(2)]
    if not _same(runs[0], runs[1]):
        raise _Found(
            f"two calls in evaluation mode: {_difference(runs[0], runs[1])}", "use randomness only where self.training"
        )


@_check(MODULE_CHECKS)
def inputs_unchanged(case: _ModuleCase) -> None:
    """Forward and backward write to no input, and forward to no parameter."""
    module, inputs = case.module(), case.inputs(requires_grad=True)
    sources = [*(x for x in inputs if isinstance(x, Tensor)), *module.parameters()]
    names = [
        *(f"input {k}" for k, x in enumerate(inputs) if isinstance(x, Tensor)),
        *(n for n, _ in module.named_parameters()),
    ]
    before = _values(sources)
    inner = [x * 1 if isinstance(x, Tensor) and x.requires_grad else x for x in inputs]  # which an in-place write may change
    given = _values(inner)
    total = _weighted(_call(module, inner))
    if total is not None:
        total.backward()
    for x, y in ((before, _values(sources)), (given, _values(inner))):
        if not _same(x, y):
            raise _Found(_difference(x, y, names), "compute out of place, or on a clone()")


@_check(MODULE_CHECKS)
def modes_respected(case: _ModuleCase) -> None:
    """train() and eval() reach every part, and evaluation changes neither buffers nor parameters nor the mode."""
    module = case.module()
    for mode in (False, True, False):
        module.train(mode)
        wrong = [name or "the module" for name, part in module.named_modules() if part.training is not mode]
        if wrong:
            raise _Found(
                f"after train({mode}): training is {not mode} in {', '.join(wrong)}", "call super().train(mode) in train"
            )
    before = {key: np.array(t.detach().numpy()) for key, t in module.state_dict().items()}
    _call(module, case.inputs())
    if any(part.training for part in module.modules()):
        raise _Found("forward switched to training mode", "leave the mode as it is in forward")
    after = _values(module.state_dict())
    if not _same(list(before.values()), after):
        raise _Found(_difference(list(before.values()), after, list(before)), "update statistics only where self.training")


@_check(MODULE_CHECKS)
def grad_mode_and_defaults_kept(case: _ModuleCase) -> None:
    """Forward leaves grad mode and the default dtype as they were."""
    default = tg.get_default_dtype()
    module, inputs = case.module(), case.inputs()
    _call(module, inputs)
    if not tg.is_grad_enabled() or tg.get_default_dtype() is not default:
        raise _Found(
            f"grad mode {tg.is_grad_enabled()}, default dtype {tg.get_default_dtype()} after forward",
            "use `with torch.no_grad():`, and pass dtype= where a tensor is made",
        )


@_check(MODULE_CHECKS)
def state_dict_round_trip(case: _ModuleCase) -> None:
    """A state_dict loaded into a new module gives the same outputs, bit for bit."""
    trained = case.module()
    _moved(trained)
    _call(trained, case.inputs())
    state = {key: t.detach().clone() for key, t in trained.state_dict().items()}
    twin = case.module(seed=2)
    if list(twin.state_dict()) != list(state):
        raise _Found(
            f"two modules with the keys {list(state)} and {list(twin.state_dict())}",
            "register the same entries in every __init__",
        )
    twin.load_state_dict(state)
    outputs = [_values(_call(m.eval(), case.inputs())) for m in (trained, twin)]
    if not _same(outputs[0], outputs[1]):
        raise _Found(
            f"{_difference(outputs[0], outputs[1])}", "make what the output depends on a Parameter, or register_buffer it"
        )
    again = _values(twin.state_dict())
    if not _same(_values(state), again):
        raise _Found(_difference(_values(state), again, list(state)), "load every entry as it was saved")


@_check(MODULE_CHECKS)
def state_dict_strict(case: _ModuleCase) -> None:
    """load_state_dict raises for an entry that is missing, unknown, or of another shape."""
    state = case.module().state_dict()
    wrong: dict[str, dict[str, Tensor]] = {"an unknown entry": {**state, "no such entry": tg.zeros(1)}}
    for key, value in list(state.items())[:1]:
        wrong["a missing entry"] = {k: v for k, v in state.items() if k != key}
        wrong["an entry of another shape"] = {**state, key: tg.zeros((*value.shape, 2), dtype=value.dtype)}
    for what, entries in wrong.items():
        try:
            case.module().load_state_dict(entries)
        except (RuntimeError, KeyError):
            continue
        raise _Found(f"{what} was accepted", "leave load_state_dict to nn.Module, or raise as it does")


@_check(MODULE_CHECKS)
def deepcopy_independent(case: _ModuleCase) -> None:
    """A deep copy computes the same, shares no memory, and changing it leaves the original alone."""
    module = case.module()
    twin = copy.deepcopy(module)
    before = _values(_call(module.eval(), case.inputs()))
    copied = _values(_call(twin.eval(), case.inputs()))
    if not _same(before, copied):
        raise _Found(f"original and copy: {_difference(before, copied)}", "keep all state in parameters and buffers")
    shared = _shared(module, twin)
    if shared:
        raise _Found(
            f"{shared} of the copy is the original's memory", "do not define __deepcopy__, or copy every tensor in it"
        )
    _moved(twin)
    after = _values(_call(module, case.inputs()))
    if not _same(before, after):
        raise _Found(
            f"after changing the copy: {_difference(before, after)}", "do not keep bound methods or closures of self"
        )


def _shared(a: Any, b: Any) -> str | None:
    mine = {name: t._data for name, t in (*a.named_parameters(), *a.named_buffers())}
    for name, t in (*b.named_parameters(), *b.named_buffers()):
        if any(np.shares_memory(t._data, other) for other in mine.values() if other.size):
            return str(name)
    return None


@_check(MODULE_CHECKS)
def instances_independent(case: _ModuleCase) -> None:
    """Two modules share no parameter, and start equal from the same seed."""
    a, b = case.module(), case.module()
    shared = _shared(a, b)
    if shared:
        raise _Found(f"{shared} belongs to both", "make parameters in __init__, not in the class or the module file")
    if not _same(_values(a.state_dict()), _values(b.state_dict())):
        where = _difference(_values(a.state_dict()), _values(b.state_dict()), list(a.state_dict()))
        raise _Found(f"from one seed: {where}", "initialize with nn.init or torch's random functions, not NumPy's or random")


def _backward(module: Any, inputs: Sequence[Any]) -> None:
    total = _weighted(_call(module, inputs))
    if total is not None:
        total.backward()


def _grads(module: Any) -> list[Array]:
    return [np.array(p.grad.numpy()) for p in module.parameters() if p.grad is not None]


@_check(MODULE_CHECKS)
def gradients_accumulate(case: _ModuleCase) -> None:
    """A second backward pass adds to the parameters' gradients, and zero_grad() clears them."""
    module = case.module().eval()
    _backward(module, case.inputs())
    once = _grads(module)
    _backward(module, case.inputs())
    twice = _grads(module)
    if not _close([2 * g for g in once], twice, 1e-12):
        raise _Found(
            f"twice the gradient, and two passes: {_difference([2 * g for g in once], twice)}", "never set .grad in forward"
        )
    module.zero_grad()
    left = [name for name, p in module.named_parameters() if p.grad is not None and p.grad.numpy().any()]
    if left:
        raise _Found(
            f"after zero_grad(): {', '.join(left)} has a gradient", "do not override zero_grad, or call super().zero_grad()"
        )


@_check(MODULE_CHECKS)
def dtypes_kept(case: _ModuleCase) -> None:
    """float32 stays float32 and float64 stays float64: outputs, gradients and buffers."""
    for dtype in (tg.float32, tg.float64):
        module, inputs = case.module(dtype), case.inputs(dtype, requires_grad=True)
        if not _graded(inputs) and not list(module.parameters()):
            return
        result = _call(module, inputs)
        total = _weighted(result)
        if total is not None:
            total.backward()
        grads = {f"the gradient of {name}": p.grad for name, p in module.named_parameters()}
        grads |= {f"the gradient of input {k}": x.grad for k, x in enumerate(inputs) if isinstance(x, Tensor)}
        found = {f"output {k}": t for k, t in enumerate(_tensors(result))} | grads | dict(module.named_buffers())
        for name, t in found.items():
            if t is not None and t.is_floating_point() and t.dtype is not dtype:
                raise _Found(
                    f"with inputs and parameters of {dtype}, {name} is {t.dtype}",
                    "make constants with dtype=x.dtype; Python numbers never change a dtype, NumPy arrays do",
                )


@_check(MODULE_CHECKS)
def batch_rows_independent(case: _ModuleCase) -> None:
    """In evaluation mode a row's output does not depend on the other rows of the batch (batched=False: there is no batch)."""
    module = case.module().eval()
    whole = _tensors(_call(module, case.inputs()))
    size = next(len(x) for x in case.originals if isinstance(x, Tensor) and x.ndim)
    for row in range(size):
        rows = [x[row : row + 1] if isinstance(x, Tensor) and x.ndim else x for x in case.inputs()]
        alone = _tensors(_call(module, rows))
        for t, part in zip(whole, alone, strict=True):
            if t.ndim == 0 or len(t) != size:
                raise _Found(
                    f"{size} rows in, an output of shape {tuple(t.shape)} out", "give batched=False if there is no batch"
                )
            if not _close(_values(t[row : row + 1]), _values(part), 1e-9):
                raise _Found(
                    f"row {row} in the batch and alone: {_difference(_values(t[row : row + 1]), _values(part))}",
                    "reduce over dim=-1 or dim=1, not over everything; statistics of the batch only where self.training",
                )


@_check(MODULE_CHECKS)
def frozen_stays_frozen(case: _ModuleCase) -> None:
    """Parameters with requires_grad=False receive no gradient, the others still do, and without any there is no graph."""
    names = [name for name, p in case.module().named_parameters() if p.requires_grad]
    for frozen in names:
        module = case.module()
        parameters = dict(module.named_parameters())
        parameters[frozen].requires_grad_(False)
        _backward(module, case.inputs())
        if parameters[frozen].grad is not None:
            raise _Found(f"{frozen} is frozen and has a gradient", "return None for inputs that need no gradient")
        if not parameters[frozen].requires_grad:
            lost = [n for n in names if n != frozen and parameters[n].grad is None]
            if lost:
                raise _Found(f"with {frozen} frozen, {', '.join(lost)} has no gradient", "do not detach the others")
    module = case.module()
    module.requires_grad_(False)
    if any(t.requires_grad for t in _tensors(_call(module, case.inputs()))):
        raise _Found("an output requires grad though nothing else does", "do not call requires_grad_() in forward")


@_check(MODULE_CHECKS)
def no_grad_respected(case: _ModuleCase) -> None:
    """Under no_grad() the values are the same, and no output requires grad."""
    with_graph = _call(case.module(), case.inputs(requires_grad=True))
    inputs = case.inputs(requires_grad=True)
    with tg.no_grad():
        without = _call(case.module(), inputs)
    if any(t.requires_grad and all(t is not x for x in inputs) for t in _tensors(without)):
        raise _Found("an output that requires grad", "do not use enable_grad() or requires_grad_() in forward")
    if not _same(_values(with_graph), _values(without)):
        raise _Found(_difference(_values(with_graph), _values(without)), "do not let values depend on the grad mode")


@_check(MODULE_CHECKS)
def printable(case: _ModuleCase) -> None:
    """str(module) names the class, and extra_repr() is a string."""
    module = case.module()
    extra = module.extra_repr()
    if not isinstance(extra, str):
        raise _Found(
            f"extra_repr() gave {type(extra).__name__}", "return a string such as f'in_features={self.in_features}'"
        )
    if type(module).__name__ not in str(module):
        raise _Found(f"{str(module)!r}, without {type(module).__name__}", "define extra_repr(), not __repr__ or __str__")


@_check(MODULE_CHECKS)
def layout_does_not_matter(case: _ModuleCase) -> None:
    """Inputs that are transposed views in memory give the same outputs."""
    module = case.module().eval()
    turned = []
    for x in case.inputs():
        if isinstance(x, Tensor) and x.ndim > 1:
            x = x.transpose(0, -1).contiguous().transpose(0, -1)
        turned.append(x)
    straight, other = _values(_call(module, case.inputs())), _values(_call(module, turned))
    if not _close(straight, other, 1e-12):
        raise _Found(
            _difference(straight, other), "use reshape() where the order in memory may differ, and no stride arithmetic"
        )


@_check(MODULE_CHECKS)
def compiles(case: _ModuleCase) -> None:
    """Under tinygrad_mlp.compile outputs and gradients are those without it, also for other values of the inputs."""

    def step_of(module: Any) -> Callable[..., Any]:
        def step(*inputs: Any) -> Any:
            module.zero_grad()
            result = module(*inputs)
            total = _weighted(result)
            if total is not None:
                total.backward()
            return result

        return step

    eager, traced = case.module(), case.module()
    plain, compiled = step_of(eager), tg.compile(step_of(traced))
    for call in range(4):
        results = []
        for step, module in ((plain, eager), (compiled, traced)):
            inputs = [
                x * (1 + 0.125 * (call % 2)) if isinstance(x, Tensor) and k in case.graded else x
                for k, x in enumerate(case.inputs())
            ]
            tg.manual_seed(call)
            results.append([*_values(step(*inputs)), *_grads(module)])
        if not _close(results[0], results[1], rtol=1e-10):
            raise _Found(
                f"in call {call}: {_difference(results[0], results[1])}",
                "do not keep values in Python numbers or NumPy arrays between calls; or leave out this check with skip='compiles'",
            )


# ---------------------------------------------------------------------------------------------------------- losses


class _LossCase(_ModuleCase):
    """A factory of losses that takes the reduction, a prediction and a target."""

    def __init__(
        self,
        make: Callable[..., Any],
        prediction: Tensor,
        target: Tensor,
        perfect: Any,
        reductions: Sequence[str],
        graded: Sequence[int],
    ) -> None:
        super().__init__(
            lambda: make(reduction=reductions[-1]) if reductions else make(), (prediction, target), False, graded
        )
        self.make = make
        self.reductions = tuple(reductions)
        self.perfect = perfect

    def loss(self, reduction: str | None, inputs: Sequence[Any] | None = None) -> Tensor:
        """The loss with a reduction."""
        function = self.make(reduction=reduction) if reduction else self.make()
        if isinstance(function, Module):
            function = function.to(tg.float64)
        result: Tensor = function(*(self.inputs() if inputs is None else inputs))
        return result

    @property
    def whole(self) -> str | None:
        """A reduction to one number."""
        return next((r for r in self.reductions if r != "none"), None)


def check_loss(
    loss: Callable[..., Any],
    prediction: Tensor,
    target: Tensor,
    *,
    perfect: Tensor | None = None,
    reductions: Sequence[str] = ("none", "mean", "sum"),
    skip: Iterable[str] = (),
) -> None:
    """Run every check of :data:`LOSS_CHECKS`, which include those of :data:`MODULE_CHECKS`, on a loss.

    >>> import tinygrad_mlp as torch
    >>> target = torch.randn(5, 3)
    >>> check_loss(torch.nn.MSELoss, torch.randn(5, 3), target, perfect=target)

    Args:
        loss: The class, or a function, that is given ``reduction=`` and makes a loss: a module, or a function of the two.
        prediction: Of shape (N, ...); derivatives by it are checked.
        target: Of as many rows; derivatives by it are checked if it requires grad.
        perfect: A prediction for the target whose loss is 0, if the loss promises that.
        reductions: Those it has, the default last; empty if ``loss`` takes no ``reduction``.
        skip: Names of checks to leave out.

    Raises:
        CheckError: Some failed; the message says which, and why.
        ValueError: ``skip`` names a check that there is not.
        ArgumentError: ``loss`` is a loss, not what makes one, or fails to make one.
    """
    graded = [0, 1] if target.requires_grad else [0]
    left_out = {skip} if isinstance(skip, str) else set(skip)
    not_applicable = {"batch_rows_independent"} | ({"reductions_consistent", "rows_permute"} if not reductions else set())
    not_applicable |= {"zero_when_perfect"} if perfect is None else set()
    suite = {name: check for name, check in LOSS_CHECKS.items() if name not in not_applicable or name in left_out}
    case = _LossCase(loss, prediction, target, perfect, reductions, graded)
    _try_factory("check_loss", "loss", loss, "reduction" if reductions else "", case.factory, callable)
    _run(f"check_loss({_name(loss)})", suite, case, left_out)


LOSS_CHECKS.update(MODULE_CHECKS)


@_check(LOSS_CHECKS)
def reductions_consistent(case: _LossCase) -> None:
    """'sum' and 'mean' are the sum and the mean of 'none', both without dimensions, and an unknown reduction raises ValueError."""
    for reduction in case.reductions:
        value = case.loss(reduction)
        if reduction != "none" and value.ndim:
            raise _Found(f"reduction={reduction!r} gave the shape {tuple(value.shape)}", "reduce over every dimension")
    if "none" in case.reductions:
        each = case.loss("none")
        for reduction in {"sum", "mean"} & set(case.reductions):
            expected, got = getattr(each, reduction)(), case.loss(reduction)
            if not _close(_values(expected), _values(got), 1e-9):
                raise _Found(
                    f"reduction={reduction!r} gave {got.item()}, the {reduction} of 'none' is {expected.item()}",
                    "reduce the same elements that 'none' returns; leave out this check if the mean is weighted",
                )
    try:
        case.loss("no such reduction")
    except ValueError:
        return
    raise _Found("reduction='no such reduction' was accepted", "raise ValueError for what is none of the reductions")


@_check(LOSS_CHECKS)
def zero_when_perfect(case: _LossCase) -> None:
    """The loss of the perfect prediction is 0."""
    inputs = [case.perfect.detach().to(tg.float64), *case.inputs()[1:]]
    value = float(case.loss(case.whole, inputs).detach().sum().item())
    if abs(value) > 1e-6:
        raise _Found(f"a loss of {value}", "leave out perfect= if the loss does not promise that")


@_check(LOSS_CHECKS)
def not_negative(case: _LossCase) -> None:
    """The loss is not negative."""
    value = float(case.loss(case.whole).detach().sum().item())
    if not value >= 0:
        raise _Found(f"a loss of {value}", "leave out this check if the loss has no such bound")


@_check(LOSS_CHECKS)
def shapes_checked(case: _LossCase) -> None:
    """A target with another number of rows raises an error."""
    prediction, target = case.inputs()[:2]
    for wrong in (tg.cat([target, target[:1]]), tg.cat([target, target])):
        try:
            value = case.loss(case.whole, [prediction, wrong])
        except (RuntimeError, ValueError, TypeError, IndexError):
            continue
        raise _Found(
            f"a prediction of shape {tuple(prediction.shape)} and a target of shape {tuple(wrong.shape)} gave {tuple(value.shape)}",
            "compare the shapes, and raise ValueError or ShapeError, before computing",
        )


@_check(LOSS_CHECKS)
def descends(case: _LossCase) -> None:
    """A small step against the gradient of the prediction makes the loss smaller."""
    inputs = case.inputs(requires_grad=True)
    value = case.loss(case.whole, inputs).sum()
    (g,) = tg.autograd.grad(value, [inputs[0]])
    steepness = float((g * g).sum().item())
    if steepness == 0:
        raise _Found("a gradient of 0", "give a prediction that is not perfect")
    stepped = float(
        case.loss(case.whole, [inputs[0].detach() - 1e-6 * g / steepness**0.5, *case.inputs()[1:]]).detach().sum().item()
    )
    if not stepped < value.item():
        raise _Found(f"{value.item()} before the step, {stepped} after it", "check the sign of the gradient")


@_check(LOSS_CHECKS)
def rows_permute(case: _LossCase) -> None:
    """With the rows in another order, so are the losses of 'none', and 'mean' and 'sum' stay the same."""
    size = len(case.originals[0])
    order = tg.from_numpy(np.roll(np.arange(size)[::-1], 1).copy())
    for reduction in case.reductions:
        straight, other = case.loss(reduction), case.loss(reduction, [x[order] for x in case.inputs()])
        expected = straight[order] if reduction == "none" and straight.ndim else straight
        if not _close(_values(expected), _values(other), 1e-9):
            raise _Found(
                f"reduction={reduction!r}: {_difference(_values(expected), _values(other))}", "treat every row alike"
            )


# ------------------------------------------------------------------------------------------------------ optimizers


class _OptimizerCase:
    """An optimizer class with its options, and small problems to optimize."""

    def __init__(self, make: Callable[..., Any], options: dict[str, Any], steps: int) -> None:
        self.make = make
        self.options = options
        self.steps = steps
        self.sign = -1.0 if options.get("maximize") else 1.0

    def params(self, dtype: Any = tg.float64) -> list[Tensor]:
        """A matrix, a vector and a number to optimize, the same each time."""
        rng = np.random.default_rng(0)
        return [tg.from_numpy(rng.uniform(0.5, 2, shape)).to(dtype).requires_grad_() for shape in ((3, 2), (4,), ())]

    def optimizer(self, params: Any, **changed: Any) -> Any:
        """The optimizer of these parameters."""
        return self.make(params, **{**self.options, **changed})

    def objective(self, params: Sequence[Tensor]) -> Tensor:
        """A quadratic with curvatures from 0.5 to 2, least at 0; turned over if the optimizer maximizes."""
        total: Any = 0.0
        for p in params:
            curvature = tg.linspace(0.5, 2.0, max(p.numel(), 1), dtype=p.dtype).reshape(p.shape)
            total = total + (curvature * p * p).sum()
        return self.sign * total

    def step(self, optimizer: Any, params: Sequence[Tensor], count: int = 1) -> None:
        """Steps on the objective."""
        for _ in range(count):
            optimizer.zero_grad()
            self.objective(params).backward()
            optimizer.step()

    def ran(self, count: int = 3, **changed: Any) -> list[Array]:
        """The parameters after some steps with other options."""
        params = self.params()
        self.step(self.optimizer(params, **changed), params, count)
        return _values(params)


def check_optimizer(cls: Callable[..., Any], *, steps: int = 100, skip: Iterable[str] = (), **options: Any) -> None:
    """Run every check of :data:`OPTIMIZER_CHECKS` on an optimizer.

    >>> import tinygrad_mlp as torch
    >>> check_optimizer(torch.optim.SGD, lr=0.1, momentum=0.9)

    Args:
        cls: The class: ``cls(params, **options)``.
        steps: Within how many steps it makes a quadratic smaller.
        skip: Names of checks to leave out.
        **options: What the class is given.

    Raises:
        CheckError: Some failed; the message says which, and why.
        ValueError: ``skip`` names a check that there is not.
        ArgumentError: ``cls`` is an optimizer, not what makes one, or fails to make one.
    """
    case = _OptimizerCase(cls, options, steps)
    _try_factory("check_optimizer", "optimizer", cls, "params", lambda: case.optimizer(case.params()), _steps)
    _run(f"check_optimizer({_name(cls)})", OPTIMIZER_CHECKS, case, skip)


def _steps(optimizer: Any) -> bool:
    return callable(getattr(optimizer, "step", None))


@_check(OPTIMIZER_CHECKS)
def minimizes(case: _OptimizerCase) -> None:
    """Steps on a quadratic make it smaller."""
    params = case.params()
    before = case.sign * case.objective(params).item()
    case.step(case.optimizer(params), params, case.steps)
    after = case.sign * case.objective(params).item()
    if not after < before:
        raise _Found(f"{before} at first, {after} after {case.steps} steps", "check the update's sign; raise lr= or steps=")


@_check(OPTIMIZER_CHECKS)
def every_parameter_moves(case: _OptimizerCase) -> None:
    """A step moves every parameter that has a gradient, whatever its shape."""
    params = case.params()
    before = _values(params)
    case.step(case.optimizer(params), params)
    still = [str(p.shape) for p, old in zip(params, before, strict=True) if np.array_equal(p.detach().numpy(), old)]
    if still:
        raise _Found(f"no change in parameters of shape {', '.join(still)}", "go through every parameter of every group")


@_check(OPTIMIZER_CHECKS)
def same_again(case: _OptimizerCase) -> None:
    """From the same start come the same parameters, to the last bit."""
    runs = [case.ran(), case.ran()]
    if not _same(runs[0], runs[1]):
        raise _Found(_difference(runs[0], runs[1]), "keep state in self.state, not in the class")


@_check(OPTIMIZER_CHECKS)
def writes_in_place(case: _OptimizerCase) -> None:
    """A step writes into the parameters' memory, and they stay leaves that require grad, with no graph."""
    params = case.params()
    views, memory = [p.detach() for p in params], [p._data for p in params]
    case.step(case.optimizer(params), params)
    for p, view, array in zip(params, views, memory, strict=True):
        if p._data is not array or not np.array_equal(view.numpy(), p.detach().numpy()):
            raise _Found(
                "a parameter with new memory, which the model's other views do not see",
                "write with p.add_(...), not p.data = ...",
            )
        if not p.is_leaf or not p.requires_grad:
            raise _Found(f"is_leaf={p.is_leaf}, requires_grad={p.requires_grad} after a step", "update under no_grad()")


@_check(OPTIMIZER_CHECKS)
def gradients_untouched(case: _OptimizerCase) -> None:
    """A step reads .grad and does not write it."""
    params = case.params()
    optimizer = case.optimizer(params)
    for _ in range(2):
        optimizer.zero_grad()
        case.objective(params).backward()
        before = _values([p.grad for p in params])
        optimizer.step()
        after = _values([p.grad for p in params])
        if not _same(before, after):
            raise _Found(_difference(before, after), "compute with g = p.grad + ..., not p.grad.add_(...)")


@_check(OPTIMIZER_CHECKS)
def skips_without_gradient(case: _OptimizerCase) -> None:
    """A parameter whose .grad is None, or that does not require grad, stays as it is, without an error."""
    params = case.params()
    params[2].requires_grad_(False)
    before = _values(params)
    optimizer = case.optimizer(params)
    for _ in range(2):
        optimizer.zero_grad()
        case.objective(params[:1]).backward()
        optimizer.step()
    for k in (1, 2):
        if not np.array_equal(params[k].detach().numpy(), before[k]):
            what = "has .grad None" if k == 1 else "does not require grad"
            raise _Found(f"a parameter that {what} moved", "skip parameters whose grad is None, before weight decay, too")


@_check(OPTIMIZER_CHECKS)
def zero_learning_rate(case: _OptimizerCase) -> None:
    """With lr=0 nothing changes."""
    before = _values(case.params())
    after = case.ran(lr=0.0)
    if not _same(before, after):
        raise _Found(_difference(before, after), "multiply all of the update, weight decay included, by lr")


@_check(OPTIMIZER_CHECKS)
def options_checked(case: _OptimizerCase) -> None:
    """A negative lr, no parameters, and a tensor instead of a list of them raise ValueError or TypeError."""
    calls: dict[str, Callable[[], Any]] = {
        "lr=-1": lambda: case.optimizer(case.params(), lr=-1.0),
        "an empty list": lambda: case.optimizer([]),
        "a tensor": lambda: case.optimizer(case.params()[0]),
    }
    for what, call in calls.items():
        try:
            call()
        except (ValueError, TypeError):
            continue
        raise _Found(f"{what} was accepted", "call super().__init__(params, defaults), which checks both")


@_check(OPTIMIZER_CHECKS)
def groups_respected(case: _OptimizerCase) -> None:
    """Each parameter group is updated with its own lr, as by an optimizer of its own; a group can be added later."""
    params, alone = case.params(), case.params()
    base = case.optimizer(alone).param_groups[0]["lr"]
    grouped = case.optimizer([{"params": params[:1]}, {"params": params[1:2], "lr": base / 2}])
    grouped.add_param_group({"params": params[2:], "lr": base / 4})
    case.step(grouped, params, 3)
    for p, share in zip(alone, (1, 2, 4), strict=True):
        case.step(case.optimizer([p], lr=base / share), [p], 3)
    if not _same(_values(params), _values(alone)):
        raise _Found(
            f"in groups, and each by itself: {_difference(_values(params), _values(alone))}",
            "read options from the group in update, not from self; keep state per parameter",
        )


@_check(OPTIMIZER_CHECKS)
def state_dict_resumes(case: _OptimizerCase) -> None:
    """An optimizer that loads the state_dict of another goes on as that one does, bit for bit."""
    params = case.params()
    first = case.optimizer(params)
    case.step(first, params, 3)
    saved = copy.deepcopy(first.state_dict())
    twins = [p.detach().clone().requires_grad_() for p in params]
    case.step(first, params, 3)
    second = case.optimizer(twins, lr=first.param_groups[0]["lr"] * 3)  # the saved lr counts
    second.load_state_dict(saved)
    case.step(second, twins, 3)
    if not _same(_values(params), _values(twins)):
        raise _Found(
            f"without a break, and resumed: {_difference(_values(params), _values(twins))}",
            "keep all state in self.state[p]",
        )
    try:
        case.optimizer(case.params()[:1]).load_state_dict(saved)
    except (ValueError, RuntimeError, KeyError):
        return
    raise _Found(
        "a state_dict of three parameters was loaded for one", "leave load_state_dict to Optimizer, or check the sizes"
    )


@_check(OPTIMIZER_CHECKS)
def closure_called(case: _OptimizerCase) -> None:
    """step(closure) calls it with gradients enabled, returns its loss, and takes the same step."""
    params, expected = case.params(), case.ran(1)
    optimizer = case.optimizer(params)
    seen: list[bool] = []

    def closure() -> Tensor:
        seen.append(tg.is_grad_enabled())
        optimizer.zero_grad()
        loss = case.objective(params)
        loss.backward()
        return loss

    with tg.no_grad():
        loss = optimizer.step(closure)
    if not seen or not all(seen):
        raise _Found(
            f"the closure was called {len(seen)} times, with gradients enabled: {seen}", "call it under enable_grad()"
        )
    if not isinstance(loss, Tensor | float):
        raise _Found(f"step(closure) returned {type(loss).__name__}", "return what the closure returned")
    if not _same(expected, _values(params)):
        raise _Found(
            f"without and with a closure: {_difference(expected, _values(params))}", "update after the closure, once"
        )


@_check(OPTIMIZER_CHECKS)
def zero_grad_clears(case: _OptimizerCase) -> None:
    """zero_grad() makes every gradient None, and zeros with set_to_none=False."""
    for to_none in (True, False):
        params = case.params()
        optimizer = case.optimizer(params)
        case.objective(params).backward()
        optimizer.zero_grad(set_to_none=to_none)
        wrong = [p.grad for p in params if (p.grad is not None if to_none else p.grad is None or p.grad.numpy().any())]
        if wrong:
            raise _Found(f"zero_grad(set_to_none={to_none}) left {wrong[0]}", "do not override zero_grad")


@_check(OPTIMIZER_CHECKS)
def parameter_dtypes_kept(case: _OptimizerCase) -> None:
    """float32 parameters stay float32, as does the state of their shape."""
    for dtype in (tg.float32, tg.float64):
        params = case.params(dtype)
        optimizer = case.optimizer(params)
        case.step(optimizer, params, 2)
        found = {f"a parameter of {dtype}": p for p in params}
        for p in params:
            found |= {
                f"the state {k!r} of a parameter of {dtype}": v for k, v in optimizer.state.get(p, {}).items() if _like(v, p)
            }
        for name, t in found.items():
            if t.dtype is not dtype:
                raise _Found(f"{name} is {t.dtype}", "make state with zeros_like(p)")


def _like(value: Any, p: Tensor) -> bool:
    return isinstance(value, Tensor) and value.shape == p.shape and p.ndim > 0


@_check(OPTIMIZER_CHECKS)
def scheduler_drives(case: _OptimizerCase) -> None:
    """A scheduler sets the lr of the next step, as setting it in param_groups does."""
    found = []
    for scheduled in (True, False):
        params = case.params()
        optimizer = case.optimizer(params)
        start = optimizer.param_groups[0]["lr"]
        scheduler = tg.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5) if scheduled else None
        for k in range(3):
            case.step(optimizer, params)
            if scheduler is not None:
                scheduler.step()
            else:
                optimizer.param_groups[0]["lr"] = start * 0.5 ** (k + 1)
        found.append(_values(params))
    if not _same(found[0], found[1]):
        raise _Found(f"by a scheduler, and by hand: {_difference(found[0], found[1])}", "read group['lr'] in every step")
    if _same(found[0], case.ran(3)):
        raise _Found("another lr changed nothing", "read group['lr'] in every step")


@_check(OPTIMIZER_CHECKS)
def step_compiles(case: _OptimizerCase) -> None:
    """Under tinygrad_mlp.compile a training step changes the parameters as without it, bit for bit."""
    found = []
    for compiled in (False, True):
        params = case.params()
        optimizer = case.optimizer(params)

        def step(scale: Tensor, params: list[Tensor] = params, optimizer: Any = optimizer) -> Tensor:
            optimizer.zero_grad()
            loss = case.objective(params) * scale
            loss.backward()
            optimizer.step()
            return loss

        run = tg.compile(step) if compiled else step
        for k in range(5):
            run(tg.tensor(1.0 + k, dtype=tg.float64))
        found.append(_values(params))
    if not _close(found[0], found[1], rtol=1e-12):
        raise _Found(
            f"without and with compile: {_difference(found[0], found[1])}",
            "write update(p, g, state, group) in Tensor operations; keep counts in the state; or skip='step_compiles'",
        )


@_check(OPTIMIZER_CHECKS)
def shows_its_options(case: _OptimizerCase) -> None:
    """str(optimizer) names the class and the lr."""
    text = str(case.optimizer(case.params()))
    if "lr" not in text:
        raise _Found(f"{text!r}", "do not override __repr__, or name the options in it")
