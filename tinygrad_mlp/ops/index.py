"""Which family defines what: of the families of operations that are imported when one is first used.

Written by tests/stubs.py, do not edit: python -m tests.stubs
"""

FUNCTIONS: dict[str, str] = {}
MEMBERS: dict[str, str] = {}
UFUNCS: dict[str, str] = {}
