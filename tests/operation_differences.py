"""What differs from PyTorch in its own database of operations, and why: see ``operation_database.py``.

Each row: the operations, a part of the difference's kind, and the reason. ``*`` stands for every operation.
"""

from __future__ import annotations

DIFFERENCES: list[tuple[str, str, str]] = [
    ("*", "error: no error", "a number is taken where PyTorch wants a tensor, or what it refuses is harmless here"),
    ("*", "database: ", "the database's sample cannot be made into an array: of another device, or without memory"),
    ("topk sort argsort kthvalue mode", "value", "of equal elements another index; sorting is stable here"),
    ("linalg.svd svd linalg.eigh linalg.qr qr", "value", "vectors are unique up to their signs, and a basis of what is left up to a turn"),
    ("linalg.eigh linalg.eigvalsh", "gradient", "likewise, and only one triangle is looked at"),
    ("linalg.pinv", "gradient: value", "with hermitian the gradient is that of the triangle that is looked at"),
    ("cholesky_solve cholesky_inverse", "gradient", "the gradient is that of the triangle that is looked at"),
    ("addbmm", "in place: raises ShapeError", "a target is not made larger"),
    ("addbmm", "value", "float16 is added up in float32"),
    ("matrix_exp", "value", "computed in float64"),
    ("histc", "value", "the bounds of bins are not rounded to float16"),
    ("float_power", "in place: no error", "the float64 result is cast to the target's dtype, as that of every other operation"),
    ("index_reduce scatter_reduce", "second value", "the second derivative at zeros, which PyTorch lacks"),
    ("index_fill", "gradient", "the gradient of a value counts a place once, however often its index is given"),
    ("logcumsumexp", "second value", "PyTorch's loses digits of large numbers"),
    ("linalg.norm", "second value", "the second derivative at 0 is 0, not nan"),
    ("sum_to_size", "dtype", "integers that nothing is added to keep their dtype"),
    ("add sub rsub index_add", "raises DTypeError", "alpha=-1 does not fit into uint8"),
    ("nn.functional.interpolate nn.functional.upsample_bilinear", "DTypeError", "bytes are not resampled; cast them"),
    ("zero_", "gradient", "of a leaf, which PyTorch's sample writes as a copy"),
    ("nn.functional.bilinear", "dtype", "sums of int32 are int64"),
    ("nn.functional.pad", "ShapeError", "replicate that also cuts off more than all is refused"),
    ("nn.functional.batch_norm", "DimensionError", "a batch has at least two dimensions"),
    ("nn.functional.multi_margin_loss nn.functional.multilabel_margin_loss", "", "numbers alone are refused, and dtypes before names"),
    ("nn.functional.soft_margin_loss", "value", "float16 is computed in float32"),
    ("nn.functional.avg_pool1d nn.functional.avg_pool2d nn.functional.avg_pool3d", "dtype", "means of integers are floats"),
    ("nn.functional.conv_transpose2d nn.functional.conv_transpose3d", "value", "float16 is added up in float32"),
    ("nn.functional.adaptive_avg_pool2d nn.functional.adaptive_avg_pool3d", "error", "sizes of the wrong kind are a TypeError"),
    ("nn.functional.adaptive_max_pool2d nn.functional.adaptive_max_pool3d", "error", "likewise"),
    ("polygamma special.polygamma", "value", "at a pole the value is infinite"),
    ("igamma igammac heaviside", "error", "a number instead of the first tensor"),
    ("linspace logspace narrow masked_fill", "error: ArgumentError", "an argument of the wrong kind is a TypeError"),
]  # fmt: skip


def reason_of(name: str, kind: str) -> str | None:
    """Why an operation differs in this way, if that is known."""
    for names, part, reason in DIFFERENCES:
        if (names == "*" or name in names.split()) and part in kind:
            return reason
    return None
