"""Whether gradients are right: those of backward passes against numerical derivatives (:mod:`.numerical`)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, overload

import numpy as np

from .._tensor import Tensor
from ..autograd.gradients import grad
from ..core.graph import version_of, wrap
from ..errors import ShapeError
from ..grad_mode import enable_grad
from ..ops.places import first_place
from .mutation import Evidence, PowerReport, power
from .numerical import Direction, GradcheckError, Numerics, Slopes, Subject
from .recording import Array

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

_Tensors = Tensor | Sequence[Tensor]


# fmt: off
@overload
def gradcheck(
    func: Callable[..., Any], inputs: _Tensors, *, eps: float = ..., atol: float = ..., rtol: float = ...,
    raise_exception: bool = ..., nondet_tol: float = ..., check_undefined_grad: bool = ..., fast_mode: bool = ...,
    order: int = ..., report: Literal[False] = ...,
) -> bool: ...
@overload
def gradcheck(
    func: Callable[..., Any], inputs: _Tensors, *, eps: float = ..., atol: float = ..., rtol: float = ...,
    raise_exception: bool = ..., nondet_tol: float = ..., check_undefined_grad: bool = ..., fast_mode: bool = ...,
    order: int = ..., report: Literal[True],
) -> PowerReport | Literal[False]: ...
# fmt: on
def gradcheck(
    func: Callable[..., Any],
    inputs: _Tensors,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    fast_mode: bool = False,
    order: int = 1,
    report: bool = False,
) -> bool | PowerReport:
    """Hold the gradients of ``func`` against numerical derivatives: |analytic - numerical| <= atol + rtol |numerical|.

    Every element of every input is moved by itself, then all inputs at once along a random direction. Also found, and named:
    values and gradients that differ between two runs; inputs that ``func`` or its backward pass writes to; results that share
    memory without autograd knowing; a backward pass that does not multiply by its cotangent; points without a derivative.

    A right gradient is not called wrong because of a kink within ``eps``: steps get smaller until they no longer reach it. Where
    rounding does not let them, some 1e-11 from a kink of values near 1, the error says that func is not differentiable there, or
    that right cannot be told from wrong.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.autograd import gradcheck
    >>> x = torch.tensor([0.5, -2.0], dtype=torch.float64, requires_grad=True)
    >>> gradcheck(torch.tanh, x, order=2)
    True
    >>> found = gradcheck(torch.tanh, x, report=True)
    9 of 9 mutants of 1 rule were caught
    >>> gradcheck(torch.relu, torch.zeros(1, dtype=torch.float64, requires_grad=True))
    Traceback (most recent call last):
        ...
    tinygrad_mlp.autograd.numerical.GradcheckError: gradcheck: func is not differentiable where it is checked, or too near to
    tell within eps=1e-06 of there: output 0, element (0,) has the slopes 0 and 1 on the two sides of input 0, element (0,) = 0.
    The gradient there is a choice, which no check can confirm: move the input away from there.

    Args:
        func: Takes ``inputs``; returns a Tensor, or a tuple or list of them.
        inputs: A Tensor or a sequence of them. Those that require grad are checked. Their elements are moved where they are in
            memory, and put back, so ``func`` may use them through a closure, as a layer does its parameters.
        eps: The step of the differences.
        atol, rtol: How far the analytic derivative may be from the numerical one.
        raise_exception: Raise the error that says what is wrong; else return False.
        nondet_tol: How far two runs may differ.
        check_undefined_grad: Whether an output whose gradient is not given must count as one with a gradient of 0.
        fast_mode: Random directions alone: a few backward passes instead of one per element of the outputs.
        order: Check the derivatives up to this order; 2 is :func:`gradcheck` and :func:`gradgradcheck`.
        report: Make the rules wrong that the check ran, one at a time and in many ways; print how many of these mutants it
            notices, and return the report.

    Returns:
        True, or with ``report`` a :class:`~tinygrad_mlp.autograd.mutation.PowerReport`; False if the check failed.

    Raises:
        GradcheckError: A gradient is wrong, or one of the above was found.
        ValueError: No input requires grad, or ``eps`` or ``order`` is not positive.
        DTypeError: An input that requires grad, or an output, is of another floating-point dtype than float64.
        ArgumentError: ``func`` returns something else. ShapeError: Elements of the inputs share memory.
    """
    if order < 1:
        raise ValueError(f"gradcheck: order is that of the highest derivative to check, 1 or more, got {order}")
    subject, found = Subject("gradcheck", func, inputs), PowerReport()
    with nullcontext() if raise_exception else suppress(GradcheckError):
        for level in range(1, order + 1):
            check = _GradientCheck(subject, eps, atol, rtol, nondet_tol, check_undefined_grad, fast_mode)
            check.run()
            if report:
                found += power(check.gradient, check.evidence, level)
            if level < order and check.outputs:  # the gradient of a constant is one, too
                subject = _derivative(subject)
        if report:
            print(found)
        return found if report else True
    return False


def gradgradcheck(
    func: Callable[..., Any],
    inputs: _Tensors,
    grad_outputs: _Tensors | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    fast_mode: bool = False,
) -> bool:
    """Hold the gradients of the gradients against numerical derivatives, with respect to inputs and cotangents.

    What is checked, as :func:`gradcheck` does, is the function (inputs, grad_outputs) -> gradients of the inputs.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.autograd import gradgradcheck
    >>> gradgradcheck(torch.exp, torch.tensor([0.5, -2.0], dtype=torch.float64, requires_grad=True))
    True

    Args:
        func, inputs, eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad, fast_mode: As for :func:`gradcheck`.
        grad_outputs: A cotangent per output that requires grad, of its shape, float64; random ones if None.
        gen_non_contig_grad_outputs: Make the random ones non-contiguous in memory.

    Raises:
        GradcheckError, ValueError, DTypeError, ArgumentError, ShapeError: As :func:`gradcheck`; or ``grad_outputs`` do not fit.
    """
    subject = Subject("gradgradcheck", func, inputs)
    with nullcontext() if raise_exception else suppress(GradcheckError):
        derivative = _derivative(subject, grad_outputs, gen_non_contig_grad_outputs)
        _GradientCheck(derivative, eps, atol, rtol, nondet_tol, check_undefined_grad, fast_mode).run()
        return True
    return False


def _derivative(subject: Subject, grad_outputs: Any = None, non_contiguous: bool = False) -> Subject:
    """The function (inputs, cotangents) -> gradients of the inputs."""
    shapes = [t._like.shape for t in subject.call().checked if t.requires_grad]
    if not shapes:
        raise GradcheckError(f"{subject.caller}: no output of func requires grad, so there is no gradient to differentiate")
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        arrays = [rng.standard_normal((*shape, 2))[..., 0] for shape in shapes]
        cotangents = [wrap(a if non_contiguous else a.copy()).requires_grad_() for a in arrays]
    else:
        cotangents = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
        if [c._like.shape for c in cotangents] != shapes:
            raise ShapeError(
                f"{subject.caller}: grad_outputs must have the shapes of the outputs that require grad, {shapes}, got "
                f"{[c._like.shape for c in cotangents]}"
            )
    count = len(subject.inputs)

    def gradients(*args: Any) -> tuple[Tensor | None, ...]:
        result = subject.func(*args[:count])
        results = result if isinstance(result, tuple | list) else (result,)
        roots = [t for t in results if t.requires_grad]
        return grad(roots, [args[k] for k in subject.chosen], args[count:], create_graph=True, allow_unused=True)

    with enable_grad():
        used = [k for k, g in enumerate(gradients(*subject.inputs, *cotangents)) if g is not None]
    suffix = "" if subject.order == 1 else f" of order {subject.order}"
    names = [*subject.names, *(f"grad_output {k}{suffix}" for k in range(len(cotangents)))]
    return Subject(
        subject.caller,
        lambda *args: tuple(gradients(*args)[k] for k in used),
        (*subject.inputs, *cotangents),
        names,
        [f"gradient of {subject.source_names[k]}" for k in used],
        subject.order + 1,
    )


# --------------------------------------------------------------------------------------------------------- the check


def _identical(a: Array, b: Array) -> Array:
    """Elementwise equality, nan being equal to nan."""
    return (a == b) | ((a != a) & (b != b))


@dataclass
class _GradientCheck:
    """The check of one order of derivatives."""

    subject: Subject
    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    check_undefined_grad: bool
    fast_mode: bool

    def __post_init__(self) -> None:
        if not self.eps > 0:
            raise ValueError(f"gradcheck: eps is a distance from the point, more than 0, got {self.eps}")
        self.rng = np.random.default_rng(1)
        self.evidence: list[Evidence] = []  # what the gradients were held against
        tensors = [(n, x) for n, x in zip(self.subject.names, self.subject.inputs, strict=True) if isinstance(x, Tensor)]
        self.inputs = [(name, x, x._data.copy()) for name, x in tensors]
        self.first = self.subject.call()
        self.outputs = [t for t in self.first.checked if t.requires_grad]
        self.named = [(self.subject.output_name(k), self.first.tensors[k]) for k in self.first.watched]

    def run(self) -> None:
        """Check everything; a GradcheckError says what was found."""
        self._check_function()
        self._check_backward()
        self.numerics = Numerics(self.subject, self.eps)
        infinite = ~np.isfinite(self.numerics.base)
        if infinite.any():
            row = int(np.argmax(infinite))
            self._fail(f"func has no derivative where it is checked: {self._row(row)[0]} is {self.numerics.base[row]}")
        if not self.fast_mode:
            self._check_elements()
        self._check_directions()

    def _fail(self, message: str) -> NoReturn:
        raise GradcheckError(f"{self.subject.caller}: {message}")

    # ------------------------------------------------------------------------------------- values

    def _check_function(self) -> None:
        """The function gives the same twice, writes to no input, and returns memory of its own."""
        values = [t._data.copy() for t in self.first.tensors]
        self._unwritten("func")
        self.again = self.subject.call()
        self._unwritten("func")
        if len(self.again.tensors) != len(values):
            self._fail(f"func is not deterministic: it returned {len(values)} outputs, then {len(self.again.tensors)}")
        for k, (a, b) in enumerate(zip(values, self.again.tensors, strict=True)):
            self._same(f"func is not deterministic: {self.subject.output_name(k)}", a, b._data)
        known: list[tuple[str, Tensor]] = [(name, x) for name, x, _ in self.inputs]
        for k, tensor in enumerate(self.first.tensors):
            name = self.subject.output_name(k)
            for other, x in known:
                if version_of(tensor) is not version_of(x) and np.shares_memory(tensor._data, x._data):
                    self._fail(
                        f"{name} shares memory with {other}, and autograd does not know: a write to the one would change the other "
                        "unnoticed. Return a clone(), or a view that a tensor operation made"
                    )
            known.append((name, tensor))

    def _unwritten(self, who: str) -> None:
        for name, x, before in self.inputs:
            different = ~_identical(x._data, before)
            if different.any():
                index = first_place(different)
                now = x._data[index].item()
                x._data[...] = before
                self._fail(
                    f"{who} wrote to {name}: element {index} was {before[index].item()!r} and became {now!r}. Compute into new "
                    "tensors, or on a clone()"
                )

    def _same(self, what: str, a: Array, b: Array) -> None:
        if a.shape != b.shape:
            self._fail(f"{what} has shape {a.shape}, then {b.shape}, from the same inputs")
        different = ~_identical(a, b)
        if self.nondet_tol > 0:
            different &= ~(np.abs(a.astype(float) - b) <= self.nondet_tol)
        if different.any():
            index = first_place(different)
            self._fail(
                f"{what}, element {index} is {a[index].item()!r}, then {b[index].item()!r}, from the same inputs (nondet_tol "
                f"{self.nondet_tol:g}). Seed random numbers inside func, and keep no state between calls"
            )

    # ----------------------------------------------------------------------------------- gradients

    def _pulled(self, outputs: Sequence[Tensor], cotangents: Sequence[Tensor]) -> list[Array]:
        """The gradient of each source, zeros where no output depends on it."""
        zeros = [np.zeros(p.shape) for p in self.subject.point]
        if not outputs:
            return zeros
        results = grad(outputs, self.subject.sources, cotangents, retain_graph=True, allow_unused=True)
        return [zero if g is None else g._data for g, zero in zip(results, zeros, strict=True)]

    def gradient(self, cotangents: Sequence[Array]) -> Array:
        """The gradients of all sources as one vector, from a cotangent per output that requires grad."""
        return np.concatenate([np.ravel(g) for g in self._pulled(self.outputs, [wrap(c) for c in cotangents])])

    def _cotangents(self, weights: Array) -> list[Array]:
        """A weight per element of the outputs as a cotangent per output that requires grad."""
        cotangents, start = [], 0
        for t in self.first.checked:
            if t.requires_grad:
                cotangents.append(weights[start : start + t._like.size].reshape(t._like.shape).copy())
            start += t._like.size
        return cotangents

    def _check_backward(self) -> None:
        """The backward pass gives the same twice, writes to nothing, gives 0 where cotangents are 0, and takes a missing one for 0."""
        arrays = self._cotangents(self.rng.standard_normal(sum(t._like.size for t in self.first.checked)))
        cotangents = [wrap(c.copy()) for c in arrays]
        names = [name for name, t in self.named if t.requires_grad]
        gradients = self._pulled(self.outputs, cotangents)
        self._unwritten("the backward pass")
        for name, c, before in zip(names, cotangents, arrays, strict=True):
            if not _identical(c._data, before).all():
                self._fail(f"the backward pass wrote to the gradient of {name} that it was given: return new tensors")
        again = [t for t in self.again.checked if t.requires_grad]
        for name, a, b in zip(self.subject.source_names, gradients, self._pulled(again, cotangents), strict=True):
            self._same(f"the backward pass is not deterministic: the gradient of {name}", a, b)
        zeros = [np.zeros(c.shape) for c in arrays]
        for name, g in zip(self.subject.source_names, self._pulled(self.outputs, [wrap(z) for z in zeros]), strict=True):
            if (wrong := np.isfinite(g) & (g != 0)).any():
                index = first_place(wrong)
                self._fail(
                    f"backward not multiplied by grad_output: the gradient of {name}, element {index} is {g[index]:.6g} where the "
                    "gradients of all outputs are 0"
                )
        if self.check_undefined_grad and len(self.outputs) > 1:
            for k, name in enumerate(names):
                self._check_undefined(k, name, arrays)

    def _check_undefined(self, k: int, name: str, arrays: list[Array]) -> None:
        rest = [j for j in range(len(arrays)) if j != k]
        undefined = self._pulled([self.outputs[j] for j in rest], [wrap(arrays[j]) for j in rest])
        zero = self._pulled(self.outputs, [wrap(np.zeros(c.shape) if j == k else c) for j, c in enumerate(arrays)])
        for source, a, b in zip(self.subject.source_names, undefined, zero, strict=True):
            if not np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True):
                self._fail(
                    f"the gradient of {source} is not the same where the gradient of {name} is not given and where it is 0: "
                    "backward must take None for 0"
                )

    # ------------------------------------------------------------------------------------ both numbers

    def _row(self, row: int) -> tuple[str, Tensor]:
        """What an element of the outputs is called, and its tensor."""
        elements = ((name, index, t) for name, t in self.named for index in np.ndindex(t._like.shape))
        name, index, tensor = next(itertools.islice(elements, row, None))
        return f"{name}, element {index}", tensor

    def _wrong(self, analytic: Array, numerical: Array) -> Array:
        return ~(np.abs(analytic - numerical) <= self.atol + self.rtol * np.abs(numerical))

    def _check_elements(self) -> None:
        """The derivative of every element of the outputs by every element of the inputs."""
        probes = [self._cotangents(one_hot) for one_hot in np.eye(self.numerics.base.size)]
        columns = sum(self.subject.sizes)
        analytic = np.array([self.gradient(cotangents) for cotangents in probes]).reshape(len(probes), columns)
        numerical = np.zeros(analytic.shape)
        column = 0
        for source, point in enumerate(self.subject.point):
            start = column
            mismatch: tuple[Direction, Slopes, int] | None = None
            for index in np.ndindex(point.shape):
                vector = np.zeros(point.shape)
                vector[index] = 1.0
                unit = Direction([vector if k == source else None for k in range(len(self.subject.point))], (source, index))
                slopes = self.numerics.quick(unit)
                self._check_kinks(unit, slopes)
                if mismatch is None and self._wrong(analytic[:, column], slopes.value).any():
                    slopes = self.numerics.careful(unit)
                    wrong = self._wrong(analytic[:, column], slopes.value)
                    self._check_kinks(unit, slopes, wrong)
                    if wrong.any():
                        mismatch = unit, slopes, column
                numerical[:, column] = slopes.value
                column += 1
            if mismatch is not None:
                wrong = self._wrong(analytic[:, start:column], numerical[:, start:column])
                unit, slopes, at = mismatch
                self._mismatch(unit, slopes, analytic[:, at], f"{wrong.sum()} of {wrong.size}")
        allowed = self.atol + self.rtol * np.abs(numerical)
        self.evidence += map(Evidence, probes, [None] * len(probes), numerical, allowed)

    def _place(self, direction: Direction) -> str:
        if direction.element is None:
            return "the inputs along a random direction"
        source, index = direction.element
        return f"{self.subject.source_names[source]}, element {index} = {self.subject.point[source][index]:.6g}"

    def _kinks(self, slopes: Slopes) -> Array:
        """Per element of the outputs, whether steps disagree by more than the derivative may be off, or rounding explains."""
        with np.errstate(all="ignore"):
            allowed = self.atol * np.abs(slopes.along).sum() + self.rtol * np.abs(slopes.value)
            kinks: Array = ~(slopes.kink <= allowed + slopes.rounding)
            return kinks

    def _check_kinks(self, direction: Direction, slopes: Slopes, among: Array | bool = True) -> None:
        kinks = self._kinks(slopes) & among
        if kinks.any():
            row = int(np.argmax(kinks))
            below, above = (side[row] for side in slopes.sides)
            self._fail(
                f"func is not differentiable where it is checked, or too near to tell within eps={self.eps:g} of there: "
                f"{self._row(row)[0]} has the slopes {below:.6g} and {above:.6g} on the two sides of {self._place(direction)}. The "
                "gradient there is a choice, which no check can confirm: move the input away from there."
            )

    def _mismatch(self, unit: Direction, slopes: Slopes, analytic: Array, count: str) -> NoReturn:
        wrong = self._wrong(analytic, slopes.value)
        row = int(np.argmax(np.where(wrong, np.nan_to_num(np.abs(analytic - slopes.value), nan=np.inf), -1.0)))
        errors = float(slopes.truncation[row]), float(slopes.rounding[row])
        numerical = float(slopes.value[row])
        allowed = self.atol + self.rtol * abs(numerical)
        name, tensor = self._row(row)
        what = "the gradient is wrong"
        if abs(float(analytic[row]) - numerical) <= sum(errors):
            what = "the gradient cannot be told right from wrong"
        if not tensor.requires_grad:  # PyTorch's words
            what = "Numerical gradient for function expected to be zero, as the output does not require grad"
        self._fail(
            f"{what}: {count} derivatives by this input. d {name} / d {self._place(unit)}\n"
            + self._numbers(float(analytic[row]), numerical, allowed, errors, slopes.method)
        )

    def _numbers(self, analytic: float, numerical: float, allowed: float, errors: tuple[float, float], method: str) -> str:
        """Both numbers and the error budget, a line each."""
        lines = [
            f"  analytic    {analytic:.15g}",
            f"  numerical   {numerical:.15g} ({method})",
            f"  difference  {abs(analytic - numerical):.3g}; allowed {allowed:.3g}, of atol={self.atol:g}, rtol={self.rtol:g}",
            f"  the numerical one is good to about {sum(errors):.1g}: truncation {errors[0]:.1g}, rounding {errors[1]:.1g}, with "
            f"eps={self.eps:g}",
        ]
        if not sum(errors) <= allowed:
            lines.append("  which is more than is allowed: take another eps, larger tolerances, or scale the function")
        return "\n".join(lines)

    def _check_directions(self) -> None:
        """Random weights of all outputs along random directions of all inputs; in fast mode of each input, too."""
        sources = range(len(self.subject.point))
        for chosen in [{k} for k in sources if self.fast_mode] + [set(sources)]:
            draws = [self.rng.standard_normal(p.shape) for p in self.subject.point]
            length = math.sqrt(sum(float((draws[k] ** 2).sum()) for k in chosen)) or 1.0
            direction = Direction([v / length if k in chosen else None for k, v in enumerate(draws)])
            weights = self.rng.standard_normal(self.numerics.base.size)
            cotangents = self._cotangents(weights)
            gradient = self.gradient(cotangents)
            size = np.abs(weights)
            for derivatives in (self.numerics.quick, self.numerics.careful):
                slopes = derivatives(direction)
                if self.fast_mode and self._kinks(slopes).any():
                    self._check_elements()  # which names the element
                self._check_kinks(direction, slopes)
                analytic, numerical = gradient @ slopes.along, weights @ slopes.value
                share = size.sum() * np.abs(slopes.along).sum()  # of each element's atol
                allowed = self.atol * share + self.rtol * abs(numerical)
                if abs(analytic - numerical) <= allowed:
                    break
            else:
                errors = float(size @ slopes.truncation), float(size @ slopes.rounding)
                self._misdirected(direction, float(analytic), float(numerical), float(allowed), errors, slopes.method)
            piece = Evidence(cotangents, slopes.along[:, None], np.array([numerical]), np.array([allowed]))
            self.evidence.insert(0, piece)  # where power() begins: it reaches everything

    def _misdirected(
        self,
        direction: Direction,
        analytic: float,
        numerical: float,
        allowed: float,
        errors: tuple[float, float],
        method: str,
    ) -> NoReturn:
        """Say which derivative is wrong where the sum of many is."""
        if self.fast_mode:
            self._check_elements()
        lines = self._numbers(analytic, numerical, allowed, errors, method)
        if abs(analytic - numerical) <= sum(errors):
            self._fail(f"the gradient cannot be told right from wrong along {self._place(direction)}\n{lines}")
        self._fail(
            f"the gradient is wrong along {self._place(direction)}, for a random weight per output, though element by element it is "
            f"right: backward is not linear in grad_output, or func is not differentiable\n{lines}"
        )
