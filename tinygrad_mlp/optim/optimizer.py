"""The base of all optimizers: parameter groups, state per parameter, the step over both, and their state_dict.

An optimizer is then its formula. A subclass gives :meth:`Optimizer.initial_state`, the state that a parameter starts with, and either

* :meth:`Optimizer.update`: one step of one parameter, in Tensor operations that write to it in place; or, as the library's own,
* :meth:`Optimizer._kernel`: a function that does it on arrays, and what that is given in this step.

The sign (``maximize``) and the weight decay are the same in all of them, and are applied here, before that.
"""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Any, ClassVar, TypeAlias, TypeVar, overload

import numpy as np

from .._tensor import RemovableHandle, Tensor
from ..core.graph import INFERENCE, Version, wrap
from ..core.lines import origin
from ..core.state import recording, state
from ..dtypes import float64, get_default_dtype
from ..errors import ArgumentError, InplaceError
from ..grad_mode import enable_grad, no_grad
from ..ops.memory import blockwise
from .hooks import Hooks, hooked, register_optimizer_step_post_hook, register_optimizer_step_pre_hook

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]

Params: TypeAlias = "Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]"
Group: TypeAlias = "dict[str, Any]"
State: TypeAlias = "dict[str, Any]"
Ranges: TypeAlias = "dict[str, tuple[str, float, float]]"
Array: TypeAlias = Any  # an ndarray
Kernel: TypeAlias = "tuple[Callable[..., None], tuple[Tensor | None, ...], tuple[Any, ...]]"
Update: TypeAlias = "tuple[Tensor, Tensor, Callable[..., None], tuple[Tensor | None, ...], tuple[Any, ...]]"
_T = TypeVar("_T")
_NOTHING = (None, None, None)  # for _with_decay to do
_LARGE = 2**20  # elements; of such arrays what is computed on the way leaves the cache


def number_type() -> type[np.floating[Any]]:
    """The NumPy type in which PyTorch keeps the plain numbers of a state: the default dtype's, but at least float32."""
    return np.float64 if get_default_dtype() is float64 else np.float32


def _decay(group: Group) -> tuple[Any, ...]:
    """What ``_with_decay`` is given: whether g changes its sign, the share of p that is added to g, and what is kept of p."""
    decay, maximize = float(group.get("weight_decay", 0)), True if group.get("maximize", False) else None
    if decay and group.get("decoupled_weight_decay", False):
        return maximize, None, 1 - float(group["lr"]) * decay
    return maximize, decay or None, None


def _with_decay(p: Any, g: Any, *operands: Any) -> None:
    """``function(p, g, *arguments)``, g with its sign and the coupled weight decay, or p shrunk; arrays, or Tensors."""
    *arguments, function, maximize, share, kept = operands
    if maximize:
        g = -g
    if kept is not None:
        p *= kept
    if share is not None:
        g = g + share * p
    function(p, g, *arguments)


class Optimizer:
    """Base of the optimizers: moves each parameter p by its gradient g = p.grad.

    Before the update of the subclass sees it, the gradient is::

        g = -p.grad if maximize else p.grad
        g = g + weight_decay * p              # coupled weight decay: the gradient of an L2 penalty, or, where the
        p = p * (1 - lr * weight_decay)       # group says decoupled_weight_decay, p itself shrinks and g stays

    ``p.grad`` is read and never written, and a parameter whose ``.grad`` is None is left alone. State and updates have
    the parameter's dtype.

    Args:
        params: The tensors to optimize; or pairs ``(name, tensor)``; or dicts, each a group with its ``"params"`` and
            the options that differ from ``defaults``.
        defaults: Options by name, for the groups that do not give their own; all optimizers have ``lr``, the learning
            rate, and ``weight_decay`` and ``maximize``, which are used as above.
        implementation: PyTorch's ``foreach``, ``fused``, ``capturable`` and ``differentiable``, which say how it computes.
            There is one way here; the last two cannot be True.

    Attributes:
        param_groups: A dict per group: its ``"params"`` and all its options. Change an option here at any time.
        state: Per parameter a dict of tensors of its shape and of numbers.

    Raises:
        ArgumentError: ``params`` is a single Tensor, or holds something else than Tensors; another ``implementation``.
        ValueError: No parameters; one that is not a leaf, or is in two groups; an option out of its range.

    >>> import tinygrad_mlp as torch
    >>> class SignDescent(torch.optim.Optimizer):
    ...     def update(self, p, g, state, group):
    ...         p.sub_(g.sign(), alpha=group["lr"])
    >>> w = torch.tensor([3.0, -2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> SignDescent([w], {"lr": 0.5}).step()
    >>> w
    tensor([ 2.5000, -1.5000], requires_grad=True)
    """

    # For each option: its name in errors, its least and its largest value.
    ranges: ClassVar[Ranges] = {
        "lr": ("learning rate", 0, math.inf),
        "eps": ("epsilon value", 0, math.inf),
        "weight_decay": ("weight_decay value", 0, math.inf),
        "momentum": ("momentum value", 0, math.inf),
    }
    # Entries of the state that are plain numbers; in a state_dict they are tensors without dimensions.
    numbers: ClassVar[frozenset[str]] = frozenset({"step"})

    _hooks: Hooks | None = None  # made when the first is registered
    _stepping = False  # while a step with hooks runs

    def __init_subclass__(cls, **options: Any) -> None:
        """A subclass's own ``step`` runs the hooks, too."""
        super().__init_subclass__(**options)
        if "step" in vars(cls):
            cls.step = hooked(cls.step)  # type: ignore[method-assign] # with the same signature

    def __init__(self, params: Params, defaults: dict[str, Any], **implementation: bool | None) -> None:
        self._check_implementation(implementation)
        self._check_options(defaults)
        self.defaults = defaults
        self.state: defaultdict[Tensor, State] = defaultdict(dict)
        self.param_groups: list[Group] = []
        # Whether step() ran, for the warning of schedulers; None if a subclass overrides step(), so that nobody knows.
        self.stepped: bool | None = False if type(self).step is Optimizer.step else None
        if isinstance(params, Tensor):
            raise ArgumentError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got a Tensor; "
                "put it in a list"
            )
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError(
                "optimizer got an empty parameter list; a generator such as parameters() is empty once it was used"
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def _check_implementation(self, options: dict[str, bool | None]) -> None:
        for name, value in options.items():
            if name not in ("foreach", "fused", "capturable", "differentiable"):
                raise ArgumentError(f"{type(self).__name__}() got an unexpected keyword argument {name!r}")
            if value and name in ("capturable", "differentiable"):
                raise ArgumentError(f"{type(self).__name__}() cannot do {name}=True; leave it out")

    # ------------------------------------------------------------------------------------------- for subclasses to define

    def initial_state(self, p: Tensor, group: Group) -> State:
        """The state of a parameter before its first step."""
        return {}

    def _kernel(self, p: Tensor, state: State, group: Group) -> Kernel:
        """Count a step in ``state``, and give what makes it: ``function, tensors, values``.

        ``function(p, g, *tensors, *values)`` is called with arrays. It writes ``p`` and the ``tensors`` of the state in place,
        with NumPy's operations, and never ``g``. The values are floats, for arithmetic with arrays alone, as they may be others
        in each step, and switches (bools and None), which may decide what is done. A tensor that is not used is None.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update(p, g, state, group)")

    def update(self, p: Tensor, g: Tensor, state: State, group: Group) -> None:
        """Move ``p`` by one step along the gradient ``g``, in place; nothing is recorded meanwhile."""
        self._run([(p, g, *self._kernel(p, state, group))], waits=False)

    def _is_a_users(self) -> bool:
        """Whether its ``step`` is a user's from beginning to end; then so are its options and its state."""
        return type(self)._kernel is Optimizer._kernel and type(self).update is Optimizer.update

    def _check_options(self, options: dict[str, Any]) -> None:
        if not self._is_a_users():
            self.check(options)

    def check(self, options: dict[str, Any]) -> None:
        """Raise ValueError for an option out of its range (``ranges``), ArgumentError for one that is no number."""
        for key, (name, least, most) in self.ranges.items():
            value = options.get(key, least)
            expected = f"expected a number, at least {least}" + (f" and at most {most}" if most < math.inf else "")
            if not hasattr(value, "__float__"):
                raise ArgumentError(f"Invalid {name}: {value!r}; {expected}")
            if not least <= value <= most:
                raise ValueError(f"Invalid {name}: {value}; {expected}")
        betas = options.get("betas", (0, 0))
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ArgumentError(f"Invalid betas: {betas!r}; expected a pair of numbers")
        for i, beta in enumerate(betas):
            if not 0 <= beta < 1:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}; expected a number, at least 0 and below 1")

    # ------------------------------------------------------------------------------------------------------- the step

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], _T]) -> _T: ...

    @hooked
    def step(self, closure: Callable[[], _T] | None = None) -> _T | None:
        """Update every parameter that has a gradient.

        Args:
            closure: Computes the loss and its gradients anew, before the update.

        Returns:
            What the closure returned; None without one.
        """
        self.stepped = True
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        own = getattr(self.update, "__func__", None) is not Optimizer.update  # in Tensor operations
        follower = None if state.observers else state.follower
        if follower is not None:
            follower.updating()
        with recording(False):
            for group in self.param_groups:
                decay = _decay(group)
                updates = []
                for p in group["params"]:
                    g = p._grad
                    if g is None:
                        continue
                    entries = self.state[p]
                    if not entries:
                        entries.update(self.initial_state(p, group))
                    if own:
                        _with_decay(p, g, entries, group, self.update, *decay)
                    else:
                        updates.append((p, g, *self._kernel(p, entries, group)))
                if updates:
                    self._run(updates, decay)
        if follower is not None:
            follower.flush()
        return loss

    def _run(self, updates: Sequence[Update], decay: tuple[Any, ...] = _NOTHING, waits: bool = True) -> None:
        """Run what :meth:`_kernel` gave for parameters, after weight decay, and count the writes; a compiled step may let it wait."""
        follower = None if state.observers else state.follower
        calls: list[tuple[Any, ...]] = []
        versions: list[Version] = []  # of memory that is in a graph
        for p, g, function, tensors, values in updates:
            versions += [t._version for t in (p, *tensors) if t is not None and t._version is not None]
            if decay != _NOTHING:
                function, values = _with_decay, (*values, function, *decay)
            calls.append((function, p, g, *tensors, *values))
        if versions:
            self._count(versions)
        if follower is not None and follower.updated(calls):
            if not waits:
                follower.flush()
            return
        for function, p, g, *rest in calls:
            call = function, p._data, g._data, *(value._data if isinstance(value, Tensor) else value for value in rest)
            if p._like.size > _LARGE and not np.may_share_memory(p._data, g._data):
                call = (blockwise, *call)
            try:
                state.quiet(*call)
            except (TypeError, ValueError) as error:  # read-only memory, or p.data was replaced by other shapes or integers
                raise InplaceError(
                    f"{type(self).__name__}.step: cannot write the parameter or its state: {error}"
                ) from error
        if follower is not None:
            follower.update(calls)

    def _count(self, versions: Sequence[Version]) -> None:
        """Count writes to memory that is in a graph."""
        writer, line = f"{type(self).__name__}.step", origin(3)
        if INFERENCE in versions and not state.inference:
            raise InplaceError(
                f"{writer}: Inplace update to inference tensor outside InferenceMode is not allowed; clone() it"
            )
        for version in versions:
            version.bump(writer, line)

    # -------------------------------------------------------------------------------------------------------- hooks

    def _register(self, kind: str, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks.add(kind, hook, prepend)

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Have ``hook(optimizer, args, kwargs)`` run before each step; it may return other ``(args, kwargs)``."""
        return self._register("before", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Have ``hook(optimizer, args, kwargs)`` run after each step."""
        return self._register("after", hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Have ``hook(optimizer)`` run before a state_dict is made."""
        return self._register("saving", hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Have ``hook(optimizer, state_dict)`` run on a state_dict; it may change it, or return another."""
        return self._register("saved", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Have ``hook(optimizer, state_dict)`` run on a state_dict before it is loaded; it may return another."""
        return self._register("loading", hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Have ``hook(optimizer)`` run after a state_dict was loaded."""
        return self._register("loaded", hook, prepend)

    def _run_hooks(self, kind: str, *given: Any) -> Any:
        """Run the hooks of a kind; each may return another state_dict in place of the one given."""
        for hook in [*getattr(self._hooks, kind).values()] if self._hooks is not None else ():
            changed = hook(self, *given)
            given = (changed,) if given and changed is not None else given
        return given[0] if given else None

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients: ``.grad`` becomes None, or zeros in its memory where ``set_to_none`` is False."""
        for p in self._params():
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                with no_grad():
                    p.grad.detach_().zero_()

    # ----------------------------------------------------------------------------------------------- parameter groups

    def _params(self) -> Iterator[Tensor]:
        """Every parameter, group by group: the order in which a state_dict numbers them."""
        for group in self.param_groups:
            yield from group["params"]

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimize further tensors: ``{"params": tensors, ...}`` with the options that differ from the defaults.

        Raises:
            ArgumentError: Not a dict; parameters in a set, which has no order; something else than Tensors.
            KeyError: No ``"params"``.
            ValueError: A parameter that is not a leaf, or is in another group; some named and some not; an option out
                of its range.
        """
        if not isinstance(param_group, dict):
            raise ArgumentError(f"param_group must be a dict, but got {type(param_group).__name__}")
        if "params" not in param_group:
            raise KeyError(f"a parameter group needs 'params', the tensors to optimize; got {list(param_group)}")
        given = param_group["params"]
        if isinstance(given, set):
            raise ArgumentError("optimizer parameters need an order, which a set does not keep from run to run; use a list")
        entries = [given] if isinstance(given, Tensor) else list(given)
        params = [entry[1] if isinstance(entry, tuple) else entry for entry in entries]
        names = [entry[0] for entry in entries if isinstance(entry, tuple)]
        for p in params:
            if not isinstance(p, Tensor):
                raise ArgumentError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
            if not (p.is_leaf or p.retains_grad):
                raise ValueError(
                    "can't optimize a non-leaf Tensor: it was computed from others, so changing it changes none of "
                    "them; optimize those, or detach() it first"
                )
        if names and len(names) != len(params):
            raise ValueError(f"{len(names)} of {len(params)} parameters have names; name all of them or none")
        if any(bool(names) != ("param_names" in group) for group in self.param_groups):
            raise ValueError("the parameters of one group have names and those of another have none; name all or none")
        if len(set(params)) < len(params):
            warnings.warn("a parameter appears twice in its group and is updated twice a step", stacklevel=2)
        if not set(params).isdisjoint(self._params()):
            raise ValueError("some parameters appear in more than one parameter group")
        # A NumPy number would turn float32 parameters into float64; a Python number does not.
        options = {k: v.item() if isinstance(v, np.generic) else v for k, v in {**self.defaults, **param_group}.items()}
        self._check_options(options)
        self.param_groups.append({**options, "params": params, **({"param_names": names} if names else {})})

    # ------------------------------------------------------------------------------------------------ in and out

    def state_dict(self) -> dict[str, Any]:
        """The options and the state in PyTorch's layout, parameters by their number.

        ::

            {"state": {0: {"step": tensor, ...}, ...}, "param_groups": [{"lr": 0.1, ..., "params": [0, ...]}, ...]}

        The tensors are the optimizer's own, not copies.
        """
        self._run_hooks("saving")
        index: dict[Tensor, int] = {}
        for p in self._params():
            index.setdefault(p, len(index))
        numbers = frozenset() if self._is_a_users() else self.numbers
        made = {
            "state": {
                index[p]: {k: wrap(np.asarray(v, number_type())) if k in numbers else v for k, v in state.items()}
                for p, state in self.state.items()
                if state
            },
            "param_groups": [{**group, "params": [index[p] for p in group["params"]]} for group in self.param_groups],
        }
        result: dict[str, Any] = self._run_hooks("saved", made)
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over options and state from :meth:`state_dict`, here or in PyTorch.

        Tensors (or arrays) are copied, into their parameter's dtype. Options that the dict lacks keep their default.

        Raises:
            ValueError: The groups, or the number of parameters in one, are not this optimizer's.
        """
        state_dict = self._run_hooks("loading", state_dict)
        saved = state_dict["param_groups"]
        sizes, saved_sizes = ([len(group["params"]) for group in groups] for groups in (self.param_groups, saved))
        if len(sizes) != len(saved_sizes):
            raise ValueError(
                f"loaded state dict has a different number of parameter groups: {len(saved_sizes)}, expected {len(sizes)}"
            )
        if sizes != saved_sizes:
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group: groups "
                f"of {saved_sizes} parameters, expected {sizes}"
            )
        numbered = dict(zip((i for group in saved for i in group["params"]), self._params(), strict=True))
        self.state = defaultdict(dict)
        for i, entries in state_dict["state"].items():
            if i not in numbered:
                raise ValueError(f"loaded state dict has a state of parameter {i}, which is in none of its groups")
            p = numbered[i]
            self.state[p] = {k: self._loaded(k, v, p) for k, v in entries.items()}
        self.param_groups = [
            {
                **self.defaults,
                **({"param_names": group["param_names"]} if "param_names" in group else {}),
                **deepcopy({k: v for k, v in new.items() if k != "params"}),
                "params": group["params"],
            }
            for group, new in zip(self.param_groups, saved, strict=True)
        ]
        self._run_hooks("loaded")

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what was pickled or copied; subclasses may add options that older pickles lack."""
        self.__dict__.update(state)

    def _loaded(self, key: str, value: Any, p: Tensor) -> Any:
        if key in self.numbers and not self._is_a_users():
            return float(value)
        return wrap(np.asarray(value).astype(p._like.dtype)) if hasattr(value, "__array__") else deepcopy(value)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])
