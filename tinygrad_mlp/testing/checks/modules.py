"""The checks of modules: what every layer and model of PyTorch does, and one's own should do, too."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...autograd.gradient_check import GradcheckError, gradcheck
from ...dtypes import float32, float64, get_default_dtype
from ...grad_mode import is_grad_enabled, no_grad
from ...nn import Module
from ...ops.creation import from_numpy, zeros
from ...ops.random import manual_seed
from ...trees import leaves
from .comparing import gradients_of, name_of, values_of, weighted_sum
from .suite import FailedCheck, Suite, expect, expect_equal, expect_error, register, run, try_factory

__all__ = ["MODULE_CHECKS", "ModuleCase", "check_module"]

MODULE_CHECKS: Suite = {}


class _AsModule(Module):
    """A plain function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs)


class ModuleCase:
    """A factory of modules, and inputs for them."""

    def __init__(self, factory: Callable[[], Any], inputs: Sequence[Any], graded: Sequence[int]) -> None:
        self.factory = factory
        self.originals: tuple[Any, ...] = tuple(inputs)
        self.graded: set[int] = set(graded)

    def module(self, dtype: Any = float64, seed: int = 0) -> Any:
        """A new module in training mode, the same each time."""
        manual_seed(seed)
        module = self.factory()
        return module.to(dtype) if isinstance(module, Module) else _AsModule(module)

    def inputs(self, dtype: Any = float64, requires_grad: bool = False) -> list[Any]:
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
    manual_seed(1)
    return module(*inputs)


def _backward(module: Any, inputs: Sequence[Any]) -> Any:
    """The module's result, after a backward pass."""
    result = _call(module, inputs)
    total = weighted_sum(result)
    if total is not None:
        total.backward()
    return result


def _graded(inputs: Sequence[Any]) -> list[Tensor]:
    return [x for x in inputs if isinstance(x, Tensor) and x.requires_grad]


def _moved(module: Any) -> None:
    """Change every parameter, and let a pass in training mode change the buffers."""
    rng = np.random.default_rng(0)
    with no_grad():
        for p in module.parameters():
            p += from_numpy(rng.uniform(0.1, 0.3, tuple(p.shape))).to(p.dtype)


def check_module(
    module: Callable[[], Any], inputs: Tensor | Sequence[Any], *, batched: bool = True, skip: Iterable[str] = ()
) -> None:
    """Run every check of :data:`MODULE_CHECKS` on a layer or model.

    >>> import tinygrad_mlp as torch
    >>> check_module(lambda: torch.nn.Linear(3, 2), torch.randn(4, 3))
    >>> len(MODULE_CHECKS)
    20

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
    try_factory("check_module", "module", module, "", module, callable)
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    graded = [k for k, x in enumerate(given) if isinstance(x, Tensor) and x.is_floating_point()]
    case = ModuleCase(module, given, graded)
    run(f"check_module({name_of(module)})", MODULE_CHECKS, case, skip, () if batched else ("batch_rows_independent",))


@register(MODULE_CHECKS)
def returns_tensors(case: ModuleCase) -> None:
    """The factory makes modules (or functions) in training mode, and calling one gives tensors."""
    manual_seed(0)
    module = case.factory()
    training = module.training if isinstance(module, Module) else True
    expect(training, "a new module with training=False", "leave the mode to train() and eval()")
    tensors = leaves(_call(case.module(), case.inputs()), Tensor)
    expect(tensors, "a result without a tensor in it", "return a Tensor, or a tuple, list or dict of them, from forward")


def _check_gradients(case: ModuleCase, noun: str) -> None:
    for mode in (True, False):
        module, inputs = case.module().train(mode), case.inputs(requires_grad=noun == "inputs")
        for p in module.parameters():
            p.requires_grad_(noun == "parameters" and p.requires_grad)
        named = module.named_parameters() if noun == "parameters" else enumerate(inputs)
        sources = {str(name): x for name, x in named if isinstance(x, Tensor) and x.requires_grad}

        def function(*_: Tensor, module: Any = module, inputs: list[Any] = inputs) -> tuple[Tensor, ...]:
            return tuple(t for t in leaves(_call(module, inputs), Tensor) if t.is_floating_point())

        outputs = function()
        if not sources or not outputs:
            return
        large = sum(t.numel() for t in sources.values()) * sum(t.numel() for t in outputs) > 200
        try:
            gradcheck(function, list(sources.values()), order=2, fast_mode=large)
        except GradcheckError as error:
            saw = f"in {'training' if mode else 'evaluation'} mode, of the {noun} {', '.join(sources)}: {error}"
            do = "correct the backward of your Function, or the formula; give inputs away from kinks"
            raise FailedCheck(saw, do) from error


@register(MODULE_CHECKS)
def input_gradients(case: ModuleCase) -> None:
    """First and second derivatives by the floating-point inputs are those of the values, in both modes."""
    _check_gradients(case, "inputs")


@register(MODULE_CHECKS)
def parameter_gradients(case: ModuleCase) -> None:
    """First and second derivatives by the parameters are those of the values, in both modes."""
    _check_gradients(case, "parameters")


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


@register(MODULE_CHECKS)
def parameters_registered(case: ModuleCase) -> None:
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
    do = "wrap it in nn.Parameter, or register_buffer; keep modules in ModuleList or ModuleDict"
    expect(not found, "; ".join(found), do)


@register(MODULE_CHECKS)
def parameters_used(case: ModuleCase) -> None:
    """Every parameter that requires grad receives a gradient."""
    module = case.module()
    _backward(module, case.inputs())
    unused = [name for name, p in module.named_parameters() if p.requires_grad and p.grad is None]
    do = "use them in forward; do not detach(), take .data, or compute with .numpy(); a constant is a buffer"
    expect(not unused, f"no gradient reaches {', '.join(unused)}", do)


@register(MODULE_CHECKS)
def deterministic(case: ModuleCase) -> None:
    """From the same seed come the same values and gradients, to the last bit; in evaluation mode without a seed, too."""
    found = []
    for _ in range(2):
        module, inputs = case.module(), case.inputs(requires_grad=True)
        result = _call(module, inputs)
        sources = [*_graded(inputs), *(p for p in module.parameters() if p.requires_grad)]
        found.append(values_of([result, *(g for g in gradients_of(result, sources) if g is not None)]))
    expect_equal(found[0], found[1], "draw random numbers from tinygrad_mlp's generator alone", "two runs")
    module = case.module().eval()
    runs = [values_of(module(*case.inputs())) for _ in range(2)]
    expect_equal(runs[0], runs[1], "use randomness only where self.training", "two calls in evaluation mode")


@register(MODULE_CHECKS)
def inputs_unchanged(case: ModuleCase) -> None:
    """Forward and backward write to no input, and forward to no parameter."""
    module, inputs = case.module(), case.inputs(requires_grad=True)
    sources = {f"input {k}": x for k, x in enumerate(inputs) if isinstance(x, Tensor)} | dict(module.named_parameters())
    before = values_of(sources)
    inner = [x * 1 if isinstance(x, Tensor) and x.requires_grad else x for x in inputs]  # which an in-place write may change
    given = values_of(inner)
    _backward(module, inner)
    for x, y in ((before, values_of(sources)), (given, values_of(inner))):
        expect_equal(x, y, "compute out of place, or on a clone()", names=list(sources))


@register(MODULE_CHECKS)
def modes_respected(case: ModuleCase) -> None:
    """train() and eval() reach every part, and evaluation changes neither buffers nor parameters nor the mode."""
    module = case.module()
    for mode in (False, True, False):
        module.train(mode)
        wrong = [name or "the module" for name, part in module.named_modules() if part.training is not mode]
        saw = f"train({mode}) left training={not mode} in {', '.join(wrong)}"
        expect(not wrong, saw, "call super().train(mode) in train")
    before = values_of(module.state_dict())
    _call(module, case.inputs())
    switched = any(part.training for part in module.modules())
    expect(not switched, "forward switched to training mode", "leave the mode as it is in forward")
    after = values_of(module.state_dict())
    expect_equal(before, after, "update statistics only where self.training", names=list(module.state_dict()))


@register(MODULE_CHECKS)
def grad_mode_and_defaults_kept(case: ModuleCase) -> None:
    """Forward leaves grad mode and the default dtype as they were."""
    default = get_default_dtype()
    module, inputs = case.module(), case.inputs()
    _call(module, inputs)
    saw = f"grad mode {is_grad_enabled()}, default dtype {get_default_dtype()} after forward"
    kept = is_grad_enabled() and get_default_dtype() is default
    expect(kept, saw, "use `with torch.no_grad():`, and pass dtype= where a tensor is made")


@register(MODULE_CHECKS)
def state_dict_round_trip(case: ModuleCase) -> None:
    """A state_dict loaded into a new module gives the same outputs, bit for bit."""
    trained = case.module()
    _moved(trained)
    _call(trained, case.inputs())
    state = {key: t.detach().clone() for key, t in trained.state_dict().items()}
    twin = case.module(seed=2)
    keys, others = list(state), list(twin.state_dict())
    expect(keys == others, f"the keys {keys} and {others}", "register the same entries in every __init__")
    twin.load_state_dict(state)
    outputs = [values_of(_call(m.eval(), case.inputs())) for m in (trained, twin)]
    expect_equal(outputs[0], outputs[1], "make what the output depends on a Parameter, or register_buffer it")
    again = values_of(twin.state_dict())
    expect_equal(values_of(state), again, "load every entry as it was saved", names=keys)


@register(MODULE_CHECKS)
def state_dict_strict(case: ModuleCase) -> None:
    """load_state_dict raises for an entry that is missing, unknown, or of another shape."""
    state = case.module().state_dict()
    wrong: dict[str, dict[str, Tensor]] = {"an unknown entry": {**state, "no such entry": zeros(1)}}
    for key, value in list(state.items())[:1]:
        wrong["a missing entry"] = {k: v for k, v in state.items() if k != key}
        wrong["an entry of another shape"] = {**state, key: zeros((*value.shape, 2), dtype=value.dtype)}
    do = "leave load_state_dict to nn.Module, or raise as it does"
    for what, entries in wrong.items():
        load = functools.partial(case.module().load_state_dict, entries)
        expect_error((RuntimeError, KeyError), load, f"{what} was accepted", do)


@register(MODULE_CHECKS)
def deepcopy_independent(case: ModuleCase) -> None:
    """A deep copy computes the same, shares no memory, and changing it leaves the original alone."""
    module = case.module()
    twin = copy.deepcopy(module)
    before = values_of(_call(module.eval(), case.inputs()))
    copied = values_of(_call(twin.eval(), case.inputs()))
    expect_equal(before, copied, "keep all state in parameters and buffers", "original and copy")
    shared = _shared(module, twin)
    expect(not shared, f"{shared} of the copy shares memory", "do not define __deepcopy__, or copy every tensor in it")
    _moved(twin)
    after = values_of(_call(module, case.inputs()))
    expect_equal(before, after, "do not keep bound methods or closures of self", "after changing the copy")


def _shared(a: Any, b: Any) -> str | None:
    mine = {name: t._data for name, t in (*a.named_parameters(), *a.named_buffers())}
    for name, t in (*b.named_parameters(), *b.named_buffers()):
        if any(np.shares_memory(t._data, other) for other in mine.values() if other.size):
            return str(name)
    return None


@register(MODULE_CHECKS)
def instances_independent(case: ModuleCase) -> None:
    """Two modules share no parameter, and start equal from the same seed."""
    a, b = case.module(), case.module()
    shared = _shared(a, b)
    expect(not shared, f"{shared} belongs to both", "make parameters in __init__, not in the class or the module file")
    first, second = (values_of(m.state_dict()) for m in (a, b))
    do = "initialize with nn.init or torch's random functions, not NumPy's or random"
    expect_equal(first, second, do, "from one seed", names=list(a.state_dict()))


@register(MODULE_CHECKS)
def gradients_accumulate(case: ModuleCase) -> None:
    """A second backward pass adds to the parameters' gradients, and zero_grad() clears them."""
    module = case.module().eval()
    _backward(module, case.inputs())
    once = values_of([p.grad for p in module.parameters()])
    _backward(module, case.inputs())
    twice = values_of([p.grad for p in module.parameters()])
    expect_equal([2 * g for g in once], twice, "never set .grad in forward", "twice one pass, and two passes", rtol=1e-12)
    module.zero_grad()
    left = [name for name, p in module.named_parameters() if p.grad is not None and p.grad.numpy().any()]
    expect(not left, f"after zero_grad(): {', '.join(left)} has a gradient", "call super().zero_grad() in zero_grad")


@register(MODULE_CHECKS)
def dtypes_kept(case: ModuleCase) -> None:
    """float32 stays float32 and float64 stays float64: outputs, gradients and buffers."""
    for dtype in (float32, float64):
        module, inputs = case.module(dtype), case.inputs(dtype, requires_grad=True)
        if not _graded(inputs) and not list(module.parameters()):
            return
        result = _backward(module, inputs)
        grads = {f"the gradient of {name}": p.grad for name, p in module.named_parameters()}
        grads |= {f"the gradient of input {k}": x.grad for k, x in enumerate(inputs) if isinstance(x, Tensor)}
        found = {f"output {k}": t for k, t in enumerate(leaves(result, Tensor))} | grads | dict(module.named_buffers())
        do = "make constants with dtype=x.dtype; Python numbers never change a dtype, NumPy arrays do"
        for name, t in found.items():
            if t is not None and t.is_floating_point():
                expect(t.dtype is dtype, f"with inputs and parameters of {dtype}, {name} is {t.dtype}", do)


@register(MODULE_CHECKS)
def batch_rows_independent(case: ModuleCase) -> None:
    """In evaluation mode a row's output does not depend on the other rows of the batch (batched=False: there is no batch)."""
    module = case.module().eval()
    whole = leaves(_call(module, case.inputs()), Tensor)
    size = next(len(x) for x in case.originals if isinstance(x, Tensor) and x.ndim)
    do = "reduce over dim=-1 or dim=1, not over everything; statistics of the batch only where self.training"
    for row in range(size):
        rows = [x[row : row + 1] if isinstance(x, Tensor) and x.ndim else x for x in case.inputs()]
        alone = leaves(_call(module, rows), Tensor)
        for t, part in zip(whole, alone, strict=True):
            saw = f"{size} rows in, shape {tuple(t.shape)} out"
            expect(t.ndim and len(t) == size, saw, "give batched=False if there is no batch")
            together, single = values_of(t[row : row + 1]), values_of(part)
            expect_equal(together, single, do, f"row {row} in the batch and alone", rtol=1e-09)


@register(MODULE_CHECKS)
def frozen_stays_frozen(case: ModuleCase) -> None:
    """Parameters with requires_grad=False receive no gradient, the others still do, and without any there is no graph."""
    names = [name for name, p in case.module().named_parameters() if p.requires_grad]
    for frozen in names:
        module = case.module()
        parameters = dict(module.named_parameters())
        parameters[frozen].requires_grad_(False)
        _backward(module, case.inputs())
        still = parameters[frozen].grad is None
        expect(still, f"{frozen} is frozen and has a gradient", "return None for inputs that need no gradient")
        if not parameters[frozen].requires_grad:
            lost = [n for n in names if n != frozen and parameters[n].grad is None]
            expect(not lost, f"with {frozen} frozen, {', '.join(lost)} has no gradient", "do not detach the others")
    module = case.module()
    module.requires_grad_(False)
    graph = any(t.requires_grad for t in leaves(_call(module, case.inputs()), Tensor))
    expect(not graph, "an output requires grad though nothing else does", "do not call requires_grad_() in forward")


@register(MODULE_CHECKS)
def no_grad_respected(case: ModuleCase) -> None:
    """Under no_grad() the values are the same, and no output requires grad."""
    with_graph = _call(case.module(), case.inputs(requires_grad=True))
    inputs = case.inputs(requires_grad=True)
    with no_grad():
        without = _call(case.module(), inputs)
    graph = any(t.requires_grad and all(t is not x for x in inputs) for t in leaves(without, Tensor))
    expect(not graph, "an output that requires grad", "do not use enable_grad() or requires_grad_() in forward")
    expect_equal(values_of(with_graph), values_of(without), "do not let values depend on the grad mode")


@register(MODULE_CHECKS)
def printable(case: ModuleCase) -> None:
    """str(module) names the class, and extra_repr() is a string."""
    module = case.module()
    extra = module.extra_repr()
    do = "return a string such as f'in_features={self.in_features}'"
    expect(isinstance(extra, str), f"extra_repr() gave {type(extra).__name__}", do)
    name, text = type(module).__name__, str(module)
    expect(name in text, f"{text!r}, without {name}", "define extra_repr(), not __repr__ or __str__")


@register(MODULE_CHECKS)
def layout_does_not_matter(case: ModuleCase) -> None:
    """Inputs that are transposed views in memory give the same outputs."""
    module = case.module().eval()
    turned = []
    for x in case.inputs():
        if isinstance(x, Tensor) and x.ndim > 1:
            x = x.transpose(0, -1).contiguous().transpose(0, -1)
        turned.append(x)
    straight, other = values_of(_call(module, case.inputs())), values_of(_call(module, turned))
    expect_equal(straight, other, "use reshape() where the order in memory may differ, and no stride arithmetic", rtol=1e-12)
