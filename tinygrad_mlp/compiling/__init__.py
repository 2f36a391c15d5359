"""Compiled steps and modules: Python runs in every call, and only the numbers wait.

:mod:`.following` holds each operation against the :mod:`.lines` of earlier calls, :mod:`.graphs` knows the graph and its backward passes without
making them, :mod:`.stretches` computes what waits, with programs (:mod:`.program`) that :mod:`.passes` make fast. docs/design.md has the
whole on a page.
"""

from .step import CompiledFunction, OptimizedModule, compile

__all__ = ["CompiledFunction", "OptimizedModule", "compile"]
