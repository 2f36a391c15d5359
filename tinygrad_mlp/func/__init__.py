"""Functions of functions: derivatives, and batches of samples. PyTorch's ``torch.func``."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from ..later import later as _later

if _TYPE_CHECKING:
    from ..nn.stateless import functional_call
    from .derivatives import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp
    from .ensembles import stack_module_state
    from .vmapping import vmap
else:
    __getattr__, __dir__ = _later(
        __name__,
        {
            "functional_call": "..nn.stateless",
            "grad": ".derivatives",
            "grad_and_value": ".derivatives",
            "hessian": ".derivatives",
            "jacfwd": ".derivatives",
            "jacrev": ".derivatives",
            "jvp": ".derivatives",
            "linearize": ".derivatives",
            "stack_module_state": ".ensembles",
            "vjp": ".derivatives",
            "vmap": ".vmapping",
        },
    )

__all__ = [
    "functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "stack_module_state", "vjp",
    "vmap",
]  # fmt: skip
