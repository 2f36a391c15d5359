"""Templates of products, normalization and losses."""

from __future__ import annotations

from collections.abc import Callable

from .forms import forms
from .program import Shape
from .writer import Template, Value, Writer, anywhere, ndim, nonempty, nonzero, nowhere, within

__all__ = ["PRODUCTS"]


def _matmul(w: Writer, x: Value) -> str:
    inner = x.shape[-1] if x.ndim else 1
    columns = w.integer(1, 3)
    shapes: list[Shape] = [(inner, columns), (inner,)]
    if x.ndim > 1:
        shapes += [(1, inner, columns), (*x.shape[:-2], inner, columns)]
    if x.ndim == 2 or not w.smooth:  # two batches of different sizes would raise an error
        shapes.append((2, inner, columns))
    return f"{x} @ {w.tensor(w.pick(shapes), x)}"


def _product(form: str, *shapes: Callable[[Value, int], Shape], mixed: bool = True) -> Callable[[Writer, Value], str]:
    """With operands whose shapes follow from the first's and a free size."""

    def writes(w: Writer, x: Value) -> str:
        free = w.integer(1, 3)
        return form.format(x, *(w.tensor(shape(x, free), x, mixed=mixed) for shape in shapes))

    return writes


def _einsum(w: Writer, x: Value) -> str:
    n = x.shape
    rows: list[tuple[str, list[Shape]]]
    if x.ndim == 1:
        rows = [("i->", []), ("i,i->", [n]), ("i,j->ij", [(2,)]), ("i,i->i", [n])]
    elif x.ndim == 2:
        rows = [("ij->ji", []), ("ij,jk->ik", [(n[-1], 2)]), ("ij,ij->", [n]), ("...j->...", []), ("ij,ij->i", [n])]
    else:
        rows = [("bij,bjk->bik", [(n[0], n[-1], 2)]), ("bij->ib", []), ("bij,j->bi", [(n[-1],)])]
    equation, shapes = w.pick(rows)
    return f'torch.einsum("{equation}", {", ".join([x.name, *(w.tensor(s, x, mixed=False) for s in shapes)])})'


def _classes(w: Writer, x: Value) -> str:
    """Class targets for scores ``(N, C, ...)`` or ``(C,)``."""
    return w.indices(x.shape[1] if x.ndim > 1 else x.shape[0], *x.shape[:1] * (x.ndim > 1), *x.shape[2:])


def _cross_entropy(w: Writer, x: Value) -> str:
    reduction = w.pick(("mean", "sum", "none"))
    options = [f', reduction="{reduction}"']
    classes = x.shape[1] if x.ndim > 1 else x.shape[0]
    if w.chance(30):
        options.append(f", weight={w.fresh((classes,), w.dtype(x), positive=True, grad=False)}")
    if w.chance(25):
        options.append(", label_smoothing=0.25")
    if not w.smooth and w.chance(15):
        options.append(", ignore_index=0")
    if w.chance(15):
        return f"F.cross_entropy({x}, torch.softmax({w.fresh(x.shape, x.dtype)}, {1 if x.ndim > 1 else 0}){options[0]})"
    return f"F.cross_entropy({x}, {_classes(w, x)}{''.join(options)})"


def _nll(w: Writer, x: Value) -> str:
    options = ("", ', reduction="sum"', ', reduction="none"', ", ignore_index=1")
    return f"F.nll_loss(F.log_softmax({x}, {1 if x.ndim > 1 else 0}), {_classes(w, x)}{w.pick(options)})"


def _bce(w: Writer, x: Value) -> str:
    target = f"torch.sigmoid({w.fresh(x.shape, x.dtype, grad=False)})"
    reduction = w.pick(("mean", "sum", "none"))
    if w.chance(50) and within(-8, 8)(x):
        return f'F.binary_cross_entropy(torch.sigmoid({x}), {target}, reduction="{reduction}")'
    weight = f", pos_weight={w.fresh(x.shape[-1:], x.dtype, positive=True, grad=False)}" if w.chance(30) else ""
    return f'F.binary_cross_entropy_with_logits({x}, {target}, reduction="{reduction}"{weight})'


def _kl(w: Writer, x: Value) -> str:
    if w.chance(50):
        return f'F.kl_div(F.log_softmax({x}, -1), torch.softmax({w.fresh(x.shape, x.dtype)}, -1), reduction="sum")'
    target = f"F.log_softmax({w.tensor(x.shape, x)}, -1)"
    return f'F.kl_div(F.log_softmax({x}, -1), {target}, log_target=True, reduction="batchmean")'


def _batch_norm(w: Writer, x: Value) -> str:
    n = x.shape[1:2]
    affine = ""
    if w.chance(50):  # contiguous, because PyTorch takes it to be
        weight, bias = w.tensor(n, x, mixed=False), w.tensor(n, x, mixed=False)
        affine = f", weight={weight}.contiguous(), bias={bias}.contiguous()"
    if w.chance(30):
        mean, var = w.fresh(n, x.dtype, grad=False), w.fresh(n, x.dtype, grad=False, positive=True)
        return f"F.batch_norm({x}, {mean}.clone(), {var}.clone(){affine}, training=False)"
    return f"F.batch_norm({x}, None, None{affine}, training=True)"


def _apart_rows(value: Value) -> bool:
    """Standardizing the last dimension is well-conditioned."""
    return value.shape[-1] > 1 and value.gap > 0.02


def _apart_columns(value: Value) -> bool:
    return value.ndim == 2 and value.shape[0] > 1 and value.gap > 0.02


def _standardized(value: Value) -> bool:
    return value.ndim in (2, 3) and value.size > 0 and value.size // value.shape[1] > 1


_matrix = ndim(2, 2, filled=True)
_scores = ndim(1, 3, filled=True)
_ADDMM = "torch.addmm({1}, {0}, {2}, beta=2, alpha=3)"
_SMALL = within(-4, 4)

PRODUCTS = [
    Template("matmul", _matmul, _SMALL, nonempty, "fi"),
    Template("mm", _product("torch.mm({}, {})", lambda x, k: (x.shape[-1], k)), _SMALL, _matrix, "fi"),
    Template("mv", _product("torch.mv({}, {})", lambda x, k: x.shape[1:]), _SMALL, _matrix, "fi"),
    *forms("fi", _SMALL, "torch.dot({}, {same})", ndim(1, 1)),
    Template("inner", _product("torch.inner({}, {})", lambda x, k: x.shape[-1:]), _SMALL, ndim(1), "fi"),
    Template("outer", _product("torch.outer({}, {})", lambda x, k: (k,)), _SMALL, ndim(1, 1), "fi"),
    Template("bmm", _product("torch.bmm({}, {})", lambda x, k: (x.shape[0], x.shape[-1], k)), _SMALL, ndim(3, 3), "fi"),
    Template("addmm", _product(_ADDMM, lambda x, k: (x.shape[0], k), lambda x, k: (x.shape[-1], k)), _SMALL, _matrix),
    Template("linear", _product("F.linear({}, {}, {})", lambda x, k: (k, x.shape[-1]), lambda x, k: (k,)), _SMALL, nonempty),
    Template("linear_no_bias", _product("F.linear({}, {})", lambda x, k: (k, x.shape[-1])), _SMALL, nonempty),
    Template(
        "bilinear", _product("F.bilinear({0}, {0}, {1})", lambda x, k: (k, *x.shape[-1:] * 2), mixed=False), _SMALL, _matrix
    ),
    *forms("fi", anywhere, "torch.trace({})", ndim(2, 2)),
    Template("einsum", _einsum, _SMALL, _scores),
    *forms("f", _apart_rows, "F.layer_norm({}, {}.shape[-1:]{affine})", nonempty),
    Template("batch_norm", _batch_norm, _apart_columns, _standardized),
    *forms("f", nonzero, "F.normalize({}, dim={dim})", nonempty),
    *forms("f", nowhere, "F.cosine_similarity({}, {alike}, dim=-1)", nonempty),
    *forms("f", nowhere, "F.pairwise_distance({}, {alike})", _matrix),
    Template("embedding", lambda w, x: f"F.embedding({w.indices(x.shape[0], w.integer(1, 3), 2)}, {x})", anywhere, _matrix),
    Template("one_hot", lambda w, x: f"F.one_hot({w.indices(4, 3)}, 5)", nowhere, kinds="i"),
    *forms("f", _SMALL, 'F.mse_loss({}, {alike}, reduction="{reduction}")'),
    *forms("f", nowhere, 'F.l1_loss({}, {alike}, reduction="{reduction}")'),
    *forms("f", nowhere, 'F.smooth_l1_loss({}, {alike}, reduction="{reduction}", beta={width})'),
    *forms("f", nowhere, 'F.huber_loss({}, {alike}, reduction="{reduction}", delta={width})'),
    Template("cross_entropy", _cross_entropy, anywhere, _scores),
    Template("nll_loss", _nll, nowhere, _scores),
    Template("bce", _bce, _SMALL, nonempty),
    Template("kl_div", _kl, _SMALL, nonempty),
]
