"""``dim`` means the same to every operation: counted from either end, in values and in gradients of both orders."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from contract import apart, outputs

import tinygrad_mlp as tg
from tinygrad_mlp.core.primitive import OPS

SHAPE = (2, 3, 4)
PLACES = tg.tensor([1, 0, 1])
Code = Callable[[Any, int], Any]


def grid(x: Any, d: int) -> tg.Tensor:
    """An index for gather: as large as ``x``."""
    size = x.shape[d]
    return (tg.arange(x.numel()) % size).reshape(x.shape)


def rows(x: Any, d: int) -> tg.Tensor:
    """What index_add adds: three slices along ``d``."""
    return x.narrow(d, 0, 1).repeat_interleave(3, d) * 2


OF_ONE: dict[str, Code] = {
    "all": lambda x, d: tg.all(x > 0, d),
    "aminmax": lambda x, d: tg.aminmax(x, dim=d),
    "cross": lambda x, d: tg.cross(x.movedim(1, d), x.movedim(1, d) ** 2, d),
    "cummax": tg.cummax,
    "cummin": tg.cummin,
    "cumulative_trapezoid": lambda x, d: tg.cumulative_trapezoid(x, dim=d),
    "diff": lambda x, d: tg.diff(x, 1, d),
    "gradient": lambda x, d: tg.gradient(x, dim=d),
    "index_copy": lambda x, d: x.index_copy(d, PLACES[:2], x.narrow(d, 0, 2) * 2),
    "index_fill": lambda x, d: x.index_fill(d, PLACES[:1], 3.0),
    "index_reduce": lambda x, d: x.index_reduce(d, PLACES[:2], x.narrow(d, 0, 2) * 2, "mean"),
    "kthvalue": lambda x, d: tg.kthvalue(x, 2, d),
    "linalg_cross": lambda x, d: tg.linalg.cross(x.movedim(1, d), x.movedim(1, d) ** 2, dim=d),
    "logcumsumexp": tg.logcumsumexp,
    "mode": tg.mode,
    "nanmean": tg.nanmean,
    "nanmedian": tg.nanmedian,
    "nanquantile": lambda x, d: tg.nanquantile(x, 0.3, d),
    "nansum": tg.nansum,
    "quantile": lambda x, d: tg.quantile(x, 0.3, d),
    "renorm": lambda x, d: tg.renorm(x, 2, d, 3.0),
    "scatter_reduce": lambda x, d: x.scatter_reduce(d, grid(x, d), x * x, "sum"),
    "select_scatter": lambda x, d: x.select_scatter(x.select(d, 0) * 2, d, 1),
    "slice_scatter": lambda x, d: x.slice_scatter(x.narrow(d, 0, 1) * 2, d, 1, 2),
    "split_with_sizes": lambda x, d: tg.split_with_sizes(x, [1, x.shape[d] - 1], d),
    "tensor_split": lambda x, d: tg.tensor_split(x, 2, d),
    "trapezoid": lambda x, d: tg.trapezoid(x, dim=d),
    "unfold": lambda x, d: x.unfold(d, 2, 1),
    "unique_consecutive": lambda x, d: tg.unique_consecutive(x.detach(), dim=d),
    "vecdot": lambda x, d: tg.linalg.vecdot(x, x * 2, dim=d),
    "amax": tg.amax,
    "amin": tg.amin,
    "any": lambda x, d: tg.any(x > 0, d),
    "argmax": tg.argmax,
    "argmin": tg.argmin,
    "argsort": tg.argsort,
    "cat": lambda x, d: tg.cat([x, x * x], d),
    "chunk": lambda x, d: tg.chunk(x, 2, d),
    "count_nonzero": tg.count_nonzero,
    "cumprod": tg.cumprod,
    "cumsum": tg.cumsum,
    "diagonal": lambda x, d: tg.diagonal(x, 0, d, (d % 3 + 1) % 3 - (3 if d < 0 else 0)),
    "flatten": lambda x, d: tg.flatten(x, d, -1 if d < 0 else 2),
    "flip": lambda x, d: tg.flip(x, (d,)),
    "gather": lambda x, d: x.gather(d, grid(x, d)),
    "index_add": lambda x, d: x.index_add(d, PLACES, rows(x, d), alpha=2),
    "index_select": lambda x, d: x.index_select(d, PLACES),
    "linalg_norm": lambda x, d: tg.linalg.norm(x, 3, d),
    "log_softmax": tg.log_softmax,
    "logsumexp": tg.logsumexp,
    "max": tg.max,
    "mean": tg.mean,
    "median": tg.median,
    "min": tg.min,
    "movedim": lambda x, d: tg.movedim(x, d, 0 if d >= 0 else -3),
    "narrow": lambda x, d: tg.narrow(x, d, 1, 1),
    "norm": lambda x, d: tg.norm(x, 2, d),
    "permute": lambda x, d: tg.permute(x, (d, *(k if d >= 0 else k - 3 for k in range(3) if k != d % 3))),
    "prod": tg.prod,
    "repeat_interleave": lambda x, d: x.repeat_interleave(2, d),
    "roll": lambda x, d: tg.roll(x, 1, d),
    "scatter": lambda x, d: x.scatter(d, grid(x, d), x * x),
    "scatter_add": lambda x, d: x.scatter_add(d, grid(x, d), x * x),
    "select": lambda x, d: tg.select(x, d, 1),
    "softmax": tg.softmax,
    "sort": tg.sort,
    "split": lambda x, d: tg.split(x, 1, d),
    "squeeze": lambda x, d: tg.squeeze(x.narrow(d, 0, 1), d),
    "std": tg.std,
    "std_mean": tg.std_mean,
    "sum": tg.sum,
    "take_along_dim": lambda x, d: tg.take_along_dim(x, grid(x, d), d),
    "topk": lambda x, d: tg.topk(x, 2, d),
    "transpose": lambda x, d: tg.transpose(x, d, 0 if d >= 0 else -3),
    "unbind": tg.unbind,
    "unflatten": lambda x, d: tg.unflatten(x, d, (1, -1)),
    "unique": lambda x, d: tg.unique(x.detach(), dim=d),
    "var": tg.var,
    "var_mean": tg.var_mean,
    "vector_norm": lambda x, d: tg.linalg.vector_norm(x, 3, d),
}
WITH_A_NEW_ONE: dict[str, Code] = {
    "stack": lambda x, d: tg.stack([x, x * x], d),
    "unsqueeze": tg.unsqueeze,
}
# tile's dims are how often, not which; the others take two, which their families' tests count from either end.
ELSEWHERE = {"tile", "diag_embed", "diagonal_scatter", "linalg_diagonal", "matrix_norm", "rot90", "tensordot", "tensorsolve"}
INSIDE = {
    "safe_softmax",
    "batch_mean",
    "batch_variance",
    "index",
    "index_sum",
    "largest",
    "put",
    "scatter_sum",
    "smallest",
    "standardize",
    "standardize_slope",
    "sum_along",
    "window_pick",
    "window_places",
    "window_sum",
    "window_unpick",
    "window_unsum",
}  # not called by users


def derivatives(code: Code, d: int) -> list[np.ndarray]:
    """Values, gradients and gradients of gradients."""
    x = tg.tensor(apart(*SHAPE) + 2, requires_grad=True)
    outs = outputs(code(x, d))
    total: Any = sum(
        ((t * t * (1 + tg.arange(t.numel()).reshape(t.shape))).sum() for t in outs if t.requires_grad), x.sum() * 0
    )
    if not any(t.requires_grad for t in outs):
        return [t.numpy() for t in outs]
    (first,) = tg.autograd.grad(total, x, create_graph=True)
    (second,) = tg.autograd.grad((first * first).sum(), x, allow_unused=True)
    return [t.detach().numpy() for t in (*outs, first, *(() if second is None else (second,)))]


@pytest.mark.parametrize("name", [*OF_ONE, *WITH_A_NEW_ONE])
def test_a_dim_counts_from_either_end(name: str) -> None:
    code = {**OF_ONE, **WITH_A_NEW_ONE}[name]
    ndim = len(SHAPE) + (name in WITH_A_NEW_ONE)
    for d in range(ndim):
        for front, back in zip(derivatives(code, d), derivatives(code, d - ndim), strict=True):
            np.testing.assert_array_equal(front, back)


@pytest.mark.parametrize("name", [*OF_ONE, *WITH_A_NEW_ONE])
def test_a_dim_that_is_not_there_is_an_index_error(name: str) -> None:
    code = {
        "flatten": tg.flatten,
        "movedim": lambda x, d: tg.movedim(x, d, 0),
        "permute": lambda x, d: tg.permute(x, (0, 1, d)),
    }
    code |= {
        "diagonal": lambda x, d: tg.diagonal(x, 0, 0, d),
        "take_along_dim": lambda x, d: tg.take_along_dim(x, PLACES, d),
    }
    code |= {"gather": lambda x, d: x.gather(d, PLACES), "index_add": lambda x, d: x.index_add(d, PLACES, x)}
    code |= {f"scatter{add}": lambda x, d, add=add: getattr(x, f"scatter{add}")(d, PLACES, x) for add in ("", "_add")}
    code |= {"squeeze": tg.squeeze, "split_with_sizes": lambda x, d: tg.split_with_sizes(x, [1, 1], d)}
    code |= {"scatter_reduce": lambda x, d: x.scatter_reduce(d, PLACES, x, "sum")}
    x = tg.ones(SHAPE)
    for d in (4, -5):
        with pytest.raises(
            IndexError, match=r"^\w+\(\): Dimension out of range \(expected to be in range of \[-[34], [23]\], but got"
        ):
            {**OF_ONE, **WITH_A_NEW_ONE, **code}[name](x, d)


def test_every_operation_with_a_dim_is_tested() -> None:
    def takes_a_dim(name: str) -> bool:
        parameters = inspect.signature(OPS[name]).parameters
        return any(p.startswith(("dim", "start_dim", "destination")) for p in parameters)

    found = {name for name in OPS if takes_a_dim(name) and not name.startswith("_")}
    assert found - ELSEWHERE - INSIDE == {*OF_ONE, *WITH_A_NEW_ONE}
