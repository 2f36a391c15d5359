"""Products of matrices, one for each of a batch, where one factor may be the same for all: what ``vmap`` makes of a layer."""

from __future__ import annotations

import numpy as np

from ..core.apply import primitive
from ..core.basics import Array, matrix_transpose

__all__: list[str] = []


@primitive(
    lambda g, mat2: batch_product(g, matrix_transpose(mat2)),
    lambda g, input: batch_product(matrix_transpose(input), g),
    cast="same",
)
def batch_product(input: Array, mat2: Array) -> Array:
    """Matrix by matrix, shapes ``(B, n, k), (B, k, m) -> (B, n, m)``; of an expanded factor the matrix is read once."""
    count, rows, inner = input.shape
    if count and input.strides[0] == 0:  # one product of matrices, transposed
        columns = np.ascontiguousarray(mat2.swapaxes(1, 2)).reshape(count * mat2.shape[2], inner)
        return np.dot(columns, input[0].T).reshape(count, mat2.shape[2], rows).swapaxes(1, 2)
    if count and mat2.strides[0] == 0:  # one product of matrices
        return np.dot(input.reshape(count * rows, inner), mat2[0]).reshape(count, rows, mat2.shape[2])
    if inner == 1:  # outer products
        return np.multiply(input, mat2)
    return np.matmul(input, mat2)
