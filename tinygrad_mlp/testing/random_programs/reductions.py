"""Templates of reductions, and of what goes along a dimension."""

from __future__ import annotations

from collections.abc import Callable

from .writer import Template, Value, Writer, anywhere, distinct, filled, ndim, nonzero, nowhere, within

__all__ = ["REDUCTIONS", "along"]


def _reduction(form: str) -> Callable[[Writer, Value], str]:
    """Over every dimension, or some; ``{1}`` stands for the arguments after the first, ``{2}`` for those of a method."""

    def writes(w: Writer, x: Value) -> str:
        dims = w.dims(x)
        options = "" if dims is None else f"{dims}{w.keep()}"
        return form.format(x, options and f", {options}", options)

    return writes


def _single(form: str) -> Callable[[Writer, Value], str]:
    """Over every dimension, or one."""

    def writes(w: Writer, x: Value) -> str:
        whole = w.chance(40)
        return form.format(x, "" if whole else f", {w.dim(x)}{w.keep()}")

    return writes


def along(form: str) -> Callable[[Writer, Value], str]:
    """Along one dimension."""
    return lambda w, x: form.format(x, w.dim(x))


def _spread_dim(w: Writer, x: Value) -> str:
    dims = [d for d in range(x.ndim) if x.shape[d] > 1 or not w.smooth] or [0]
    return str(w.pick(dims))


def _several(value: Value) -> bool:
    return any(n > 1 for n in value.shape) and value.gap > 0.02


def _variance(name: str) -> Callable[[Writer, Value], str]:
    options = ("", ", unbiased=False", ", correction=0", ", keepdim=True", ", correction=1, keepdim=True")
    return lambda w, x: f"torch.{name}({x}, {_spread_dim(w, x)}{w.pick(options)})"


def _topk(w: Writer, x: Value) -> str:
    dim = w.dim(x)
    size = x.shape[dim] if x.ndim and -x.ndim <= dim < x.ndim else 1
    return f"torch.topk({x}, {w.integer(0 if w.wild else 1, max(size, 1) + w.amok())}, {dim})[0]"


REDUCTIONS = [
    Template("sum", _reduction("torch.sum({}{})"), within(-20, 20), kinds="fib"),
    Template("mean", _reduction("torch.mean({}{})"), filled),
    Template("sum_method", _reduction("{0}.sum({2})"), nowhere, kinds="fib"),
    Template("amax", _reduction("torch.amax({}{})"), distinct, filled, "fi"),
    Template("amin", _reduction("torch.amin({}{})"), distinct, filled, "fi"),
    Template("prod", _single("torch.prod({}{})"), within(-2, 2), kinds="fib"),
    Template("max", lambda w, x: f"torch.max({x})", distinct, filled, "fib"),
    Template("min", lambda w, x: f"torch.min({x})", distinct, filled, "fib"),
    Template("max_dim", along("torch.max({}, {})[0]"), distinct, filled, "fib"),
    Template("min_dim", along("torch.min({}, {}, keepdim=True)[0]"), distinct, filled, "fib"),
    Template("argmax", _single("torch.argmax({}{})"), nowhere, filled, "fi"),
    Template("argmin", _single("torch.argmin({}{})"), nowhere, filled, "fi"),
    Template("median", lambda w, x: f"torch.median({x})", distinct, filled, "fi"),
    Template("median_dim", along("torch.median({}.contiguous(), {})[0]"), distinct, filled, "fi"),
    Template("any", _single("torch.any({}{})"), kinds="fib"),
    Template("all", _single("torch.all({}{})"), kinds="fib"),
    Template("count_nonzero", lambda w, x: f"torch.count_nonzero({x})", kinds="fib"),
    Template("cumsum", along("torch.cumsum({}, {})"), within(-15, 15), kinds="fib"),
    Template("cumprod", along("torch.cumprod({}, {})"), within(-2, 2), kinds="fib"),
    Template("logsumexp", lambda w, x: f"torch.logsumexp({x}, {w.dim(x)}{w.keep()})", filled, filled),
    Template("softmax", along("torch.softmax({}, {})"), anywhere),
    Template("log_softmax", along("F.log_softmax({}, dim={})"), anywhere),
    Template("var", _variance("var"), _several, ndim(1)),
    Template("std", _variance("std"), _several, ndim(1)),
    Template("var_mean", lambda w, x: f"torch.var_mean({x})[{w.integer(0, 1)}]", nowhere),
    Template("std_mean", lambda w, x: f"torch.std_mean({x}, {w.dim(x)})[{w.integer(0, 1)}]", nowhere),
    Template("norm", _reduction("torch.norm({}, 2{})"), nonzero, filled),
    Template("norm1", _reduction("torch.norm({}, 1{})"), nonzero, filled),
    Template("norm3", _reduction("torch.norm({}, 3{})"), nonzero, filled),
    Template("norm_inf", _reduction('torch.norm({}, float("inf"){})'), nowhere, filled),
    Template("vector_norm", _reduction("torch.linalg.vector_norm({}, 2.5{})"), nonzero, filled),
    Template("sort", along("torch.sort({}, dim={}, stable=True)[0]"), distinct, kinds="fi"),
    Template("sort_down", along("torch.sort({}, dim={}, descending=True, stable=True)[0]"), distinct, kinds="fi"),
    Template("argsort", along("torch.argsort({}, dim={}, stable=True)"), nowhere, kinds="fi"),
    Template("topk", _topk, distinct, lambda v: v.size > 0 and v.gap > 0, "fi"),
    Template("unique", lambda w, x: f"torch.unique(torch.round({x}.detach().double()))", nowhere, kinds="fib"),
]
