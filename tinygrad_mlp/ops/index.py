"""Which family defines what: of the families of operations that are imported when one is first used.

Written by tests/stubs.py, do not edit: python -m tests.stubs
"""

FUNCTIONS: dict[str, str] = {
    "copysigny": ".pairs",
    "logaddexp": ".pairs",
}
MEMBERS: dict[str, str] = {
    "copysigny": ".pairs",
    "logaddexp": ".pairs",
    "logaddexp_": ".pairs",
}
UFUNCS: dict[str, str] = {
    "copysign": ".pairs",
    "logaddexp": ".pairs",
}
