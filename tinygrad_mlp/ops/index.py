"""Which family defines what: of the families of operations that are imported when one is first used.

Written by tests/stubs.py, do not edit: python -m tests.stubs
"""

FUNCTIONS: dict[str, str] = {
    "addbmm": ".matrix_products",
    "addmv": ".matrix_products",
    "addr": ".matrix_products",
    "baddbmm": ".matrix_products",
    "chain_matmul": ".matrix_products",
    "cholesky": ".factorisations",
    "cholesky_inverse": ".factorisations",
    "cholesky_solve": ".factorisations",
    "cross": ".matrix_products",
    "det": ".solving",
    "ger": ".matrix_products",
    "inverse": ".solving",
    "kron": ".matrix_products",
    "logdet": ".solving",
    "matrix_exp": ".solving",
    "matrix_power": ".solving",
    "pinverse": ".spectra",
    "qr": ".spectra",
    "slogdet": ".solving",
    "svd": ".spectra",
    "tensordot": ".matrix_products",
    "vander": ".matrix_products",
    "vdot": ".matrix_products",
}
MEMBERS: dict[str, str] = {
    "addbmm": ".matrix_products",
    "addmv": ".matrix_products",
    "addr": ".matrix_products",
    "baddbmm": ".matrix_products",
    "cholesky": ".factorisations",
    "cholesky_inverse": ".factorisations",
    "cholesky_solve": ".factorisations",
    "cross": ".matrix_products",
    "det": ".solving",
    "ger": ".matrix_products",
    "inverse": ".solving",
    "kron": ".matrix_products",
    "logdet": ".solving",
    "matrix_exp": ".solving",
    "matrix_power": ".solving",
    "pinverse": ".spectra",
    "qr": ".spectra",
    "slogdet": ".solving",
    "svd": ".spectra",
    "vdot": ".matrix_products",
}
UFUNCS: dict[str, str] = {}
