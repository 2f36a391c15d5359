"""Pruning: parts of a parameter are set to zero, by a mask that is multiplied with it before each forward.

The parameter becomes ``name + "_orig"``, the mask is the buffer ``name + "_mask"``; a parameter can be pruned again, of what
is left. An amount is a share of the parts that are left, from 0 to 1, or their number.

>>> import tinygrad_mlp as torch
>>> layer = torch.nn.Linear(4, 1)
>>> _ = torch.nn.utils.prune.l1_unstructured(layer, "weight", amount=0.5)
>>> int((layer.weight == 0).sum()), list(layer.state_dict())
(2, ['bias', 'weight_orig', 'weight_mask'])
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from ..._tensor import Tensor
from ...errors import ArgumentError
from ...ops.creation import ones_like, zeros_like
from ...ops.joining import cat
from ...ops.norms import vector_norm
from ...ops.order import topk
from ...ops.random import rand_like
from ..hooks import Hook
from ..module import Module

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured", "PruningContainer",
    "RandomStructured", "RandomUnstructured", "custom_from_mask", "global_unstructured", "identity", "is_pruned",
    "l1_unstructured", "ln_structured", "random_structured", "random_unstructured", "remove",
]  # fmt: skip

Amount = float  # an int for a number


def _number(amount: Amount, parts: int) -> int:
    """How many of so many parts an amount is; checked."""
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise ArgumentError(f"Invalid type for amount: {amount}. Must be int or float.")
    if amount < 0 or (isinstance(amount, float) and amount > 1):
        raise ValueError(f"amount={amount} should either be a float in the range [0.0, 1.0] or a non-negative integer")
    if isinstance(amount, int):
        if amount > parts:
            raise ValueError(f"amount={amount} should be smaller than the number of parameters to prune={parts}")
        return amount
    return round(amount * parts)


class BasePruningMethod:
    """A way to choose what is pruned: subclasses define ``compute_mask``, and which part of a tensor they choose from.

    Attributes:
        PRUNING_TYPE: ``"unstructured"``, elements; ``"structured"``, slices along ``dim``; ``"global"``, all.
    """

    PRUNING_TYPE: ClassVar[str] = "unstructured"
    _tensor_name: str

    def __call__(self, module: Module, inputs: Any) -> None:
        """The hook: compute the pruned tensor."""
        setattr(module, self._tensor_name, self.apply_mask(module))

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask of a tensor: 1 for what stays, which is of ``default_mask``, the present one."""
        raise NotImplementedError(f"{type(self).__name__} does not implement compute_mask: define it")

    def apply_mask(self, module: Module) -> Any:
        """The tensor times its mask."""
        mask, original = (getattr(module, self._tensor_name + part) for part in ("_mask", "_orig"))
        return mask.to(original.dtype) * original

    @classmethod
    def apply(cls, module: Module, name: str, *args: Any, importance_scores: Tensor | None = None, **kwargs: Any) -> Self:
        """Prune a parameter of a module by this method, made with the other arguments.

        Args:
            module: The module.
            name: The parameter's name.
            args: The method's.
            importance_scores: What is chosen by, of the parameter's shape; the parameter itself where None.
            kwargs: The method's.
        """
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        before = _hook_of(module, name)
        original = getattr(module, name if before is None else name + "_orig")
        scores = getattr(module, name) if importance_scores is None else importance_scores
        if scores.shape != original.shape:
            raise AssertionError(f"importance_scores should have the same shape as parameter {name} of {module}")
        if before is None:
            default = ones_like(original.detach())
        else:
            default = getattr(module, name + "_mask").detach().clone()
            key, earlier = before
            del module._hooks[key]
            container = earlier if isinstance(earlier, PruningContainer) else PruningContainer(earlier)
            container.add_pruning_method(method)
            method = container
        mask = method.compute_mask(scores.detach(), default)
        if before is None:
            delattr(module, name)
            module.register_parameter(name + "_orig", original)
        module.register_buffer(name + "_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        applied: Self = method
        return applied

    def prune(self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Tensor | None = None) -> Tensor:
        """A tensor pruned, by itself or by scores; of a part only with ``default_mask``."""
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            raise AssertionError("importance_scores should have the same shape as tensor t")
        return t * self.compute_mask(scores, ones_like(t) if default_mask is None else default_mask)

    def remove(self, module: Module) -> None:
        """Make the pruned tensor the parameter, for good."""
        name = self._tensor_name
        weight = self.apply_mask(module)
        original: Any = module._parameters[name + "_orig"]
        original.data = weight.detach()
        for part in (name, name + "_orig", name + "_mask"):
            delattr(module, part)
        module.register_parameter(name, original)


class PruningContainer(BasePruningMethod):
    """Several methods, each of which chooses from what those before it have left."""

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        for method in args:
            self._tensor_name = method._tensor_name
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Add one, for the same tensor."""
        if not isinstance(method, BasePruningMethod):
            raise ArgumentError(f"{type(method)} is not a BasePruningMethod subclass")
        if method._tensor_name != self._tensor_name:
            raise ValueError(f"Can only add pruning methods acting on the parameter named '{self._tensor_name}'")
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Any:
        return iter(self._pruning_methods)

    def __getitem__(self, index: int) -> BasePruningMethod:
        return self._pruning_methods[index]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask of the last method, of what the present mask has left."""
        method: Any = self._pruning_methods[-1]
        mask = default_mask.to(t.dtype)
        if method.PRUNING_TYPE == "unstructured":
            kept = mask == 1
            mask = mask.clone()
            mask[kept] = method.compute_mask(t[kept], default_mask[kept]).to(mask.dtype)
            return mask
        if method.PRUNING_TYPE == "structured":
            dim = method.dim % t.ndim
            others = tuple(d for d in range(t.ndim) if d != dim)
            (kept,) = (mask.sum(others) > 0 if others else mask > 0).nonzero(as_tuple=True)
            new = method.compute_mask(t.index_select(dim, kept), default_mask.index_select(dim, kept))
            result = mask.movedim(dim, 0).clone()
            result[kept] = new.to(mask.dtype).movedim(dim, 0)
            return result.movedim(0, dim).contiguous()
        result = method.compute_mask(t, default_mask)
        return result.to(mask.dtype)


class Identity(BasePruningMethod):
    """Prunes nothing, but has the parameter look pruned."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The present mask."""
        return default_mask


class _Elements(BasePruningMethod):
    """One that prunes the elements of the least scores."""

    def __init__(self, amount: Amount) -> None:
        _number(amount, int(amount) if isinstance(amount, int) else 1)
        self.amount = amount

    def scores(self, t: Tensor) -> Tensor:
        """What is pruned first where it is least."""
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask without the elements of the least scores."""
        count = _number(self.amount, t.numel())
        mask = default_mask.clone()
        if count:
            mask.view(-1)[topk(self.scores(t).reshape(-1), count, largest=False)[1]] = 0
        return mask


class RandomUnstructured(_Elements):
    """Prunes elements by chance."""

    def scores(self, t: Tensor) -> Tensor:
        """Random numbers."""
        return -rand_like(t)


class L1Unstructured(_Elements):
    """Prunes the elements of the least absolute value."""

    def scores(self, t: Tensor) -> Tensor:
        """The absolute values."""
        return t.abs()


class _Slices(BasePruningMethod):
    """One that prunes the slices along ``dim`` of the least scores."""

    PRUNING_TYPE: ClassVar[str] = "structured"

    def __init__(self, amount: Amount, dim: int = -1) -> None:
        _number(amount, int(amount) if isinstance(amount, int) else 1)
        self.amount = amount
        self.dim = dim

    def scores(self, t: Tensor) -> Tensor:
        """What is pruned first where it is least, one for each slice."""
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask without the slices of the least scores."""
        if t.ndim <= 1:
            raise ValueError(
                f"Structured pruning can only be applied to multidimensional tensors. Found tensor of shape {t.shape}"
            )
        if not -t.ndim <= self.dim < t.ndim:
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        count = _number(self.amount, t.shape[self.dim])
        if not count:
            return default_mask
        mask = zeros_like(t.movedim(self.dim, 0))
        mask[topk(self.scores(t), t.shape[self.dim] - count)[1]] = 1
        return default_mask * mask.movedim(0, self.dim).to(default_mask.dtype)


class RandomStructured(_Slices):
    """Prunes slices by chance."""

    def scores(self, t: Tensor) -> Tensor:
        """Random numbers."""
        return rand_like(t.movedim(self.dim, 0).flatten(1)[:, 0])


class LnStructured(_Slices):
    """Prunes the slices of the least n-norm."""

    def __init__(self, amount: Amount, n: float, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def scores(self, t: Tensor) -> Tensor:
        """The norms."""
        return vector_norm(t.movedim(self.dim, 0).flatten(1), self.n, 1)


class CustomFromMask(BasePruningMethod):
    """Prunes by a mask that is given."""

    PRUNING_TYPE: ClassVar[str] = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The present mask and the given one."""
        return default_mask * self.mask.to(default_mask.dtype)


def _hook_of(module: Module, name: str) -> tuple[int, BasePruningMethod] | None:
    for key, hook in module._hooks.items():
        method = hook.function if isinstance(hook, Hook) else None
        if isinstance(method, BasePruningMethod) and method._tensor_name == name:
            return key, method
    return None


def identity(module: Module, name: str) -> Module:
    """Have a parameter look pruned, without pruning it."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: Amount) -> Module:
    """Prune elements of a parameter by chance."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Module, name: str, amount: Amount, importance_scores: Tensor | None = None) -> Module:
    """Prune the elements of a parameter that have the least absolute value, or score."""
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: Amount, dim: int) -> Module:
    """Prune slices of a parameter along ``dim`` by chance."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: Amount, n: float, dim: int, importance_scores: Tensor | None = None
) -> Module:
    """Prune the slices of a parameter along ``dim`` that have the least n-norm."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune a parameter by a mask, 0 where it is pruned."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: dict[tuple[Module, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prune elements of several parameters, chosen from all of them together.

    Args:
        parameters: Pairs of a module and a parameter's name.
        pruning_method: A method that chooses elements.
        importance_scores: What is chosen by, for some of the pairs.
        kwargs: The method's arguments.

    Raises:
        TypeError: The pairs are no iterable, or the method chooses slices.
    """
    if not isinstance(parameters, Iterable):
        raise ArgumentError("global_unstructured(): parameters is not an Iterable")
    pairs, given = list(parameters), importance_scores or {}
    if pruning_method.PRUNING_TYPE != "unstructured":
        raise ArgumentError(
            f'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method {pruning_method} of another'
        )
    scores = cat([given.get((m, name), getattr(m, name)).detach().reshape(-1) for m, name in pairs])
    masks: list[Any] = [getattr(m, name + "_mask", ones_like(getattr(m, name).detach())) for m, name in pairs]
    method: Any = pruning_method(**kwargs)
    method._tensor_name = "temp"
    container = PruningContainer(method)
    final: Any = container.compute_mask(scores, cat([mask.reshape(-1) for mask in masks]))
    start = 0
    for module, name in pairs:
        parameter = getattr(module, name)
        count = parameter.numel()
        custom_from_mask(module, name, final[start : start + count].reshape(parameter.shape))
        start += count


def is_pruned(module: Module) -> bool:
    """Whether a parameter of the module, or of one in it, is pruned."""
    return any(
        isinstance(hook, Hook) and isinstance(hook.function, BasePruningMethod)
        for part in module.modules()
        for hook in part._hooks.values()
    )


def remove(module: Module, name: str) -> Module:
    """Make a pruned tensor the parameter, for good.

    Raises:
        ValueError: It is not pruned.
    """
    found = _hook_of(module, name)
    if found is None:
        raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")
    found[1].remove(module)
    del module._hooks[found[0]]
    return module
