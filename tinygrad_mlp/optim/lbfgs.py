"""L-BFGS: steps along an estimate of Newton's direction, made from the last gradients, with a line search."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.graph import wrap
from ..core.state import recording
from ..errors import ArgumentError
from ..grad_mode import enable_grad
from .optimizer import Optimizer, Params

__all__ = ["LBFGS"]

Vector = npt.NDArray[np.floating[Any]]


class Point(NamedTuple):
    """What is known of a point on the line x + t d."""

    t: float
    loss: float
    gradient: Vector
    slope: float  # d loss / d t


def cubic_minimum(a: Point, b: Point, least: float | None = None, most: float | None = None) -> float:
    """Where the cubic through two points with their slopes is least, between two bounds; else the middle of them.

    Nocedal and Wright, "Numerical Optimization" (2006), eq. 3.59.
    """
    low, high = (a, b) if a.t <= b.t else (b, a)
    least, most = low.t if least is None else least, high.t if most is None else most
    d1 = low.slope + high.slope - 3 * (low.loss - high.loss) / (low.t - high.t)
    square = d1 * d1 - low.slope * high.slope
    if square < 0:
        return (least + most) / 2
    d2 = math.sqrt(square)
    found = high.t - (high.t - low.t) * ((high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2))
    return min(max(found, least), most)


def strong_wolfe(
    at: Callable[[float], Point], start: Point, t: float, size: float, enough: float, tried: int = 25
) -> tuple[Point, int]:
    """A point on the line that fulfils the strong Wolfe conditions, or the best one found; and how many were tried.

    ``loss <= start.loss + 1e-4 t start.slope`` and ``abs(slope) <= 0.9 abs(start.slope)``. Nocedal and Wright (2006),
    algorithms 3.5 and 3.6, with cubic interpolation and safeguards as in Schmidt's minFunc.

    Args:
        at: Evaluates the point at t.
        start: The point at t = 0, of negative slope.
        t: The first step to try.
        size: The direction's largest entry.
        enough: The search ends where the interval, times ``size``, is smaller.
        tried: The largest number of points between which the interval is sought.
    """

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + 1e-4 * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -0.9 * start.slope

    before, now, count = start, at(t), 0
    while count < tried:  # until a minimum lies between two points
        if too_high(now) or (count > 1 and now.loss >= before.loss):
            break
        if flat(now):
            return now, count + 1
        if now.slope >= 0:
            break
        farther = cubic_minimum(before, now, now.t + 0.01 * (now.t - before.t), 10 * now.t)
        before, now, count = now, at(farther), count + 1
    else:
        return min(start, now, key=lambda point: point.loss), count + 1
    low, high = (before, now) if before.loss <= now.loss else (now, before)
    evaluated, stuck = count + 1, False
    while count < tried and abs(high.t - low.t) * size >= enough:  # the interval shrinks around the minimum
        t = cubic_minimum(low, high)
        least, most = sorted((low.t, high.t))
        margin = 0.1 * (most - least)
        near = min(most - t, t - least) < margin
        if near and (stuck or t >= most or t <= least):
            t, near = (most - margin if abs(t - most) < abs(t - least) else least + margin), False
        stuck = near
        now, count, evaluated = at(t), count + 1, evaluated + 1
        if too_high(now) or now.loss >= low.loss:
            low, high = (low, now) if low.loss <= now.loss else (now, low)
        else:
            if flat(now):
                return now, evaluated
            if now.slope * (high.t - low.t) >= 0:
                high = low
            low = now
    return low, evaluated


class LBFGS(Optimizer):
    """Limited-memory BFGS: ``p = p + t d``, where d is minus the gradient times an estimate of the inverse Hessian.

    The estimate H is made, by the two-loop recursion, from the last ``history_size`` changes s of the parameters and y of the gradient::

        d = -H g,   H = (I - s y^T / (y.s)) H_before (I - y s^T / (y.s)) + s s^T / (y.s),   H_0 = (y.s) / (y.y) I

    Nocedal and Wright, "Numerical Optimization" (2006), algorithms 7.4 and 7.5. One :meth:`step` makes up to ``max_iter`` such steps, each
    of length t = lr (in the first one at most lr / sum(abs(g))), or as a line search finds it.

    Args:
        params: As in :class:`Optimizer`; only one group.
        lr: The length of a step, and where a line search begins.
        max_iter: Steps in a call of :meth:`step`.
        max_eval: Calls of the closure in a call of :meth:`step`; by default ``max_iter * 1.25``.
        tolerance_grad: A largest gradient at which it stops.
        tolerance_change: A change of the parameters or of the loss at which it stops.
        history_size: How many changes are kept.
        line_search_fn: None, or ``"strong_wolfe"``.

    Raises:
        ValueError: A negative ``lr``, or several groups.
        ArgumentError: An unknown ``line_search_fn``; a step without a closure.

    >>> import tinygrad_mlp as torch
    >>> w = torch.tensor([-1.5, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.LBFGS([w], line_search_fn="strong_wolfe", max_iter=60)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> _ = optimizer.step(closure)
    >>> [round(value, 3) for value in w.tolist()]
    [1.0, 1.0]
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if line_search_fn not in (None, "strong_wolfe"):
            raise ArgumentError(f"only 'strong_wolfe' is supported as line_search_fn, or None; got {line_search_fn!r}")
        options = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        self.check(options)
        super().__init__(params, options)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def _gradient(self) -> Vector:
        """All gradients as one vector; 0 where there is none."""
        params = self.param_groups[0]["params"]
        parts = [np.zeros(p._like.size, p._like.dtype) if p.grad is None else p.grad._data.reshape(-1) for p in params]
        return np.concatenate(parts)

    def _values(self) -> list[npt.NDArray[Any]]:
        return [p._data.copy() for p in self.param_groups[0]["params"]]

    def _move(self, start: list[npt.NDArray[Any]], t: float, direction: Vector) -> None:
        """Set the parameters to ``start + t direction``."""
        first = 0
        with recording(False):
            for p, values in zip(self.param_groups[0]["params"], start, strict=True):
                along = direction[first : first + values.size].reshape(values.shape)
                p.copy_(wrap(values + (t * along).astype(values.dtype)))
                first += values.size

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make up to ``max_iter`` steps.

        Args:
            closure: Computes the loss and its gradients anew.

        Returns:
            What the closure returned first.
        """
        if closure is None:
            raise ArgumentError(
                "LBFGS.step() needs a closure, which computes the loss and its gradients anew, and returns the loss"
            )
        self.stepped: bool | None = True
        group = self.param_groups[0]
        known = self.state[group["params"][0]]
        known.update({"func_evals": 0, "n_iter": 0, **known})

        def evaluate() -> Any:
            with enable_grad():
                return closure()

        first = evaluate()
        now = Point(0.0, float(first), self._gradient(), 0.0)
        known["func_evals"] += 1
        evaluations = 1
        if np.abs(now.gradient).max(initial=0.0) <= group["tolerance_grad"]:
            return first
        for iteration in range(1, group["max_iter"] + 1):
            known["n_iter"] += 1
            direction = self._direction(known, now.gradient)
            first_ever = known["n_iter"] == 1
            t = float(group["lr"]) * (min(1.0, 1.0 / float(np.abs(now.gradient).sum())) if first_ever else 1.0)
            before = known["prev_loss"] = now.loss
            known["prev_flat_grad"] = wrap(now.gradient.copy())
            slope = float(now.gradient @ direction)
            if slope > -group["tolerance_change"]:
                break
            start, used = self._values(), 0
            if group["line_search_fn"] == "strong_wolfe":

                def at(t: float, start: Any = start, direction: Any = direction) -> Point:
                    self._move(start, t, direction)
                    loss = float(evaluate())
                    gradient = self._gradient()
                    return Point(t, loss, gradient, float(gradient @ direction))

                size = float(np.abs(direction).max())
                now, used = strong_wolfe(
                    at, now._replace(t=0.0, slope=slope), t, size, 1e-9, group["max_eval"] - evaluations
                )
                t = now.t
                self._move(start, t, direction)
            else:
                self._move(start, t, direction)
                if iteration != group["max_iter"]:
                    now, used = Point(t, float(evaluate()), self._gradient(), 0.0), 1
            known["t"] = t
            evaluations += used
            known["func_evals"] += used
            if (
                evaluations >= group["max_eval"]
                or np.abs(now.gradient).max() <= group["tolerance_grad"]
                or np.abs(direction * t).max() <= group["tolerance_change"]
                or abs(now.loss - before) < group["tolerance_change"]
            ):
                break
        return first

    def _direction(self, known: dict[str, Any], gradient: Vector) -> Vector:
        """Minus the gradient times the estimate of the inverse Hessian, which takes in the last change."""
        if known["n_iter"] == 1:
            known.update(d=wrap(-gradient), old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -gradient
        y = gradient - np.asarray(known["prev_flat_grad"])
        s = np.asarray(known["d"]) * np.asarray(known["t"], gradient.dtype)
        curvature = float(y @ s)
        if curvature > 1e-10:
            for name, value in (("old_dirs", wrap(y)), ("old_stps", wrap(s)), ("ro", 1.0 / curvature)):
                known[name].append(value)
                del known[name][: -self.param_groups[0]["history_size"]]
            known["H_diag"] = curvature / float(y @ y)
        changes = [
            (np.asarray(y), np.asarray(s), float(ro))
            for y, s, ro in zip(known["old_dirs"], known["old_stps"], known["ro"], strict=True)
        ]
        direction = -gradient
        shares = []
        for y, s, ro in reversed(changes):
            shares.append(float(s @ direction) * ro)
            direction = direction - shares[-1] * y
        direction = direction * float(known["H_diag"])
        for y, s, ro in changes:
            direction = direction + (shares.pop() - float(y @ direction) * ro) * s
        known["d"] = wrap(direction)
        return direction
