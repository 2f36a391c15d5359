"""Templates of reductions, and of what goes along a dimension."""

from __future__ import annotations

from .forms import forms
from .writer import Template, Value, Writer, anywhere, distinct, filled, ndim, nonzero, nowhere, within

__all__ = ["REDUCTIONS"]


def _several(value: Value) -> bool:
    return any(n > 1 for n in value.shape) and value.gap > 0.02


def _topk(w: Writer, x: Value) -> str:
    dim = w.dim(x)
    size = x.shape[dim] if x.ndim and -x.ndim <= dim < x.ndim else 1
    return f"torch.topk({x}, {w.integer(0 if w.wild else 1, max(size, 1) + w.amok())}, {dim})[0]"


REDUCTIONS = [
    *forms("fib", within(-20, 20), "torch.sum({}{over})"),
    *forms("f", filled, "torch.mean({}{over})"),
    *forms("fib", nowhere, "{}.sum(); {}.sum({dim}{keep})"),
    *forms("fi", distinct, "torch.amax({}{over}); torch.amin({}{over})", filled),
    *forms("fib", within(-2, 2), "torch.prod({}{over_one})"),
    *forms("fib", distinct, "torch.max({}); torch.min({})", filled),
    *forms("fib", distinct, "torch.max({}, {dim})[0]; torch.min({}, {dim}, keepdim=True)[0]", filled),
    *forms("fi", nowhere, "torch.argmax({}{over_one}); torch.argmin({}{over_one})", filled),
    *forms("fi", distinct, "torch.median({}); torch.median({}.contiguous(), {dim})[0]", filled),
    *forms("fib", nowhere, "torch.any({}{over_one}); torch.all({}{over_one}); torch.count_nonzero({})"),
    *forms("fib", within(-15, 15), "torch.cumsum({}, {dim})"),
    *forms("fib", within(-2, 2), "torch.cumprod({}, {dim})"),
    *forms("f", filled, "torch.logsumexp({}, {dim}{keep})", filled),
    *forms("f", anywhere, "torch.softmax({}, {dim}); F.log_softmax({}, dim={dim})"),
    *forms("f", _several, "torch.var({}, {spread_dim}{unbiased}); torch.std({}, {spread_dim}{unbiased})", ndim(1)),
    *forms("f", nowhere, "torch.var_mean({})[{which}]; torch.std_mean({}, {dim})[{which}]"),
    *forms("f", nonzero, "torch.norm({}, 2{over}); torch.norm({}, 1{over}); torch.norm({}, 3{over})", filled),
    *forms("f", nonzero, "torch.linalg.vector_norm({}, 2.5{over})", filled),
    *forms("f", nowhere, 'torch.norm({}, float("inf"){over})', filled),
    *forms("fi", distinct, "torch.sort({}, dim={dim}, stable=True)[0]"),
    *forms("fi", distinct, "torch.sort({}, dim={dim}, descending=True, stable=True)[0]"),
    *forms("fi", nowhere, "torch.argsort({}, dim={dim}, stable=True)"),
    Template("topk", _topk, distinct, lambda v: v.size > 0 and v.gap > 0, "fi"),
    *forms("fib", nowhere, "torch.unique(torch.round({}.detach().double()))"),
]
