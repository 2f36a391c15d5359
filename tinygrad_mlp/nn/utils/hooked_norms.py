"""Weights that are a direction and a length, and weights of spectral norm 1, by hooks: what :mod:`.parametrizations` replaced."""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from ..._tensor import Tensor
from ...grad_mode import no_grad
from ...ops.creation import empty
from ...ops.linalg import dot, mv
from ..functional.layers import normalize
from ..hooks import Hook
from ..module import Module
from ..parameter import Parameter
from .parametrizations import as_matrix, norm_except_dim

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]

_M = TypeVar("_M", bound=Module)


class _Computed:
    """A hook that computes a weight before each forward."""

    said = ""

    def __init__(self, name: str, **options: Any) -> None:
        self.name = name
        self.__dict__.update(options)

    def compute(self, module: Module) -> Tensor:
        """The weight."""
        raise NotImplementedError

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute(module))

    @classmethod
    def enter(cls, module: _M, hook: _Computed) -> _M:
        """Have the module call the hook, which is the only one of its kind for its weight."""
        if cls.place(module, hook.name) is not None:
            raise RuntimeError(f"Cannot register two {cls.said} hooks on the same parameter {hook.name}")
        module.register_forward_pre_hook(hook)
        return module

    @classmethod
    def place(cls, module: Module, name: str) -> int | None:
        """The key of the hook."""
        for key, hook in module._hooks.items():
            if isinstance(hook, Hook) and isinstance(hook.function, cls) and hook.function.name == name:
                return key
        return None

    @classmethod
    def leave(cls, module: _M, name: str, *parts: str) -> _M:
        """Make the weight a parameter again."""
        key = cls.place(module, name)
        if key is None:
            raise ValueError(f"{cls.said} of '{name}' not found in {module}")
        hook: Any = module._hooks.pop(key).function
        with no_grad():
            value = hook.compute(module).detach()
        delattr(module, name)
        for part in parts:
            delattr(module, name + part)
        module.register_parameter(name, Parameter(value))
        return module


class _Length(_Computed):
    said = "weight_norm"
    dim: int | None

    def compute(self, module: Module) -> Tensor:
        g, v = (getattr(module, self.name + part) for part in ("_g", "_v"))
        result: Tensor = v * (g / norm_except_dim(v, self.dim))
        return result


def weight_norm(module: _M, name: str = "weight", dim: int | None = 0) -> _M:
    """Train a weight's length and direction, ``w = g v / |v|``. Salimans & Kingma 2016. See :func:`.parametrizations.weight_norm`.

    The parameters are ``name + "_g"`` and ``name + "_v"``.

    Raises:
        RuntimeError: The weight has a length already.
    """
    warnings.warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    hook = _Length(name, dim=-1 if dim is None else dim)
    _Length.enter(module, hook)
    weight: Any = getattr(module, name)
    delattr(module, name)
    module.register_parameter(name + "_g", Parameter(norm_except_dim(weight, hook.dim).detach()))
    module.register_parameter(name + "_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute(module))
    return module


def remove_weight_norm(module: _M, name: str = "weight") -> _M:
    """Make the weight a parameter again.

    Raises:
        ValueError: It has no length.
    """
    return _Length.leave(module, name, "_g", "_v")


class _Sigma(_Computed):
    said = "spectral_norm"
    dim: int
    eps: float
    n_power_iterations: int

    def compute(self, module: Module) -> Tensor:
        weight, u, v = (getattr(module, self.name + part) for part in ("_orig", "_u", "_v"))
        matrix = as_matrix(weight, self.dim)
        result: Tensor = weight / dot(u.clone(), mv(matrix, v.clone()))
        return result

    def __call__(self, module: Module, inputs: Any) -> None:
        if module.training:
            weight, u, v = (getattr(module, self.name + part) for part in ("_orig", "_u", "_v"))
            matrix = as_matrix(weight.detach(), self.dim)
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(normalize(mv(matrix.mT, u), dim=0, eps=self.eps))
                    u.copy_(normalize(mv(matrix, v), dim=0, eps=self.eps))
        super().__call__(module, inputs)


def spectral_norm(
    module: _M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> _M:
    """Divide a weight by its largest singular value. Miyato et al. 2018. See :func:`.parametrizations.spectral_norm`.

    The parameter is ``name + "_orig"``; ``name + "_u"`` and ``name + "_v"`` are buffers.

    Raises:
        RuntimeError: The weight is divided already. ValueError: There is no iteration.
    """
    if n_power_iterations <= 0:
        raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
    hook = _Sigma(name, n_power_iterations=n_power_iterations, eps=eps, dim=dim or 0)
    _Sigma.enter(module, hook)
    weight: Any = module._parameters[name]
    matrix = as_matrix(weight.detach(), hook.dim)
    u, v = (normalize(empty(size, dtype=weight.dtype).normal_(), dim=0, eps=eps) for size in matrix.shape)
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.data)
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    return module


def remove_spectral_norm(module: _M, name: str = "weight") -> _M:
    """Make the weight a parameter again.

    Raises:
        ValueError: It is not divided.
    """
    return _Sigma.leave(module, name, "_orig", "_u", "_v")
