"""The older name of ``func.functional_call``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from ..._tensor import Tensor
from .. import stateless
from ..module import Module

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameters_and_buffers: Mapping[str, Tensor],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """As :func:`~tinygrad_mlp.func.functional_call`, with a warning that it has another name now."""
    warnings.warn(
        "torch.nn.utils.stateless.functional_call is deprecated; please use torch.func.functional_call instead",
        FutureWarning,
        stacklevel=2,
    )
    return stateless.functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)
