"""Which family defines what: of the families of operations that are imported when one is first used.

Written by tests/stubs.py, do not edit: python -m tests.stubs
"""

FUNCTIONS: dict[str, str] = {
    "binomial": ".draws",
    "digamma": ".gamma",
    "erfinv": ".gaussian",
    "i0": ".bessel",
    "igamma": ".gamma",
    "igammac": ".gamma",
    "lgamma": ".gamma",
    "logaddexp": ".logarithms",
    "logaddexp2": ".logarithms",
    "logit": ".logarithms",
    "mvlgamma": ".gamma",
    "poisson": ".draws",
    "polygamma": ".gamma",
    "sinc": ".logarithms",
    "xlogy": ".logarithms",
}
MEMBERS: dict[str, str] = {
    "cauchy_": ".draws",
    "digamma": ".gamma",
    "digamma_": ".gamma",
    "erfinv": ".gaussian",
    "erfinv_": ".gaussian",
    "exponential_": ".draws",
    "geometric_": ".draws",
    "i0": ".bessel",
    "i0_": ".bessel",
    "igamma": ".gamma",
    "igamma_": ".gamma",
    "igammac": ".gamma",
    "igammac_": ".gamma",
    "lgamma": ".gamma",
    "lgamma_": ".gamma",
    "log_normal_": ".draws",
    "logaddexp": ".logarithms",
    "logaddexp2": ".logarithms",
    "logit": ".logarithms",
    "logit_": ".logarithms",
    "mvlgamma": ".gamma",
    "sinc": ".logarithms",
    "sinc_": ".logarithms",
    "xlogy": ".logarithms",
    "xlogy_": ".logarithms",
}
UFUNCS: dict[str, str] = {
    "logaddexp": ".logarithms",
    "logaddexp2": ".logarithms",
}
