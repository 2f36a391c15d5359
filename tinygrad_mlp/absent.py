"""What is said of a name that is not here: what it would be in PyTorch and what to use instead, or which name may have been meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

__all__ = ["NEVER", "absence", "never"]

# What of PyTorch is left out for good: what it is, which names (as after "torch."), what to use instead.
NEVER: tuple[tuple[str, str, str], ...] = (
    (
        "TorchScript, tracing and export",
        r"(jit|fx|export|onnx|library|overrides|package|compiler|_dynamo|_inductor|cond|while_loop|vmap_impl)(\..*)?"
        r"|(nn\.)?Script\w+",
        "`compile(model)` runs a model faster, and `save(model.state_dict(), path)` keeps it",
    ),
    (
        "quantised numbers",
        r"(ao|quantization)(\..*)?|(\w+\.)*(de)?quanti[sz]e\w*|(\w+\.)?(fake_quantize|quantized|q_)\w*|q(u)?int\w+|quasi\w+"
        r"|(\w+\.)?(int_repr|qscheme|choose_qparams\w*|fused_moving\w*)|(nn\.)?(quantized|qat)(\..*)?",
        "`float32`, or `float16`, which takes half the memory",
    ),
    (
        "complex numbers and Fourier transforms",
        r"(fft|signal)(\..*)?|(\w+\.)?(complex|polar|chalf|i?stft|view_as_(complex|real)|imag|angle|c(double|float)|complex32)"
        r"|(linalg\.|Tensor\.)?eig(vals)?|(\w+\.)?\w+_window",
        "real and imaginary parts in two tensors; transforms of values: `np.fft` on `x.numpy()`",
    ),
    (
        "sparse, nested and masked layouts",
        r"(sparse|nested|masked)(\..*)?|(\w+\.)?(\w*sparse\w*|\w*coalesced?|(c?col|c?crow|row)_indices|to_(dense|padded_tensor|mkldnn)"
        r"|indices|values|smm|sspaddmm|spmm|dense_dim|jagged)|optim\.SparseAdam",
        "dense tensors; sums at indices: `index_add`, `scatter_add`",
    ),
    (
        "several processes and machines",
        r"(distributed|multiprocessing|futures|monitor)(\..*)?|nn\.(parallel\b.*|DataParallel)|(\w+\.)?(is_distributed|share_memory_)"
        r"|utils\.data\.(distributed\b.*|DistributedSampler)",
        "one process: the model itself, in place of `DataParallel(model)`",
    ),
    (
        "accelerators",
        r"(mps|mtia|hip|ipu|maia|privateuse\w*)(\..*)?|Event|Stream|AcceleratorError"
        r"|Tensor\.(pin_memory|record_stream|ipu|xpu|mtia|is_(ipu|maia|mtia|vulkan|xla))",
        "the CPU; `cuda.is_available()` is False",
    ),
    ("downloads of models", r"hub(\..*)?", "`load(path)` of a state_dict that you have"),
    (
        "tools around PyTorch",
        r"(profiler|autograd\.profiler)(\..*)?|utils\.(tensorboard|cpp_extension|mobile_optimizer|bottleneck)(\..*)?",
        "Python's `cProfile` and `timeit`; any logger of numbers",
    ),
    (
        "names of dimensions and storages",
        r"(Tensor\.)?(names|align_\w+|refine_names|rename_?|untyped_storage|storage|storage_type|typed_storage)|\w*Storage",
        "positions of dimensions; `x.data_ptr()` and views for memory",
    ),
)


def never(name: str) -> tuple[str, str] | None:
    """What kind of thing that is left out for good a name is, as after ``torch.``, and what to use instead; or None."""
    return next(((what, instead) for what, pattern, instead in NEVER if re.fullmatch(pattern, name)), None)


def absence(package: str, name: str, known: Iterable[str]) -> str:
    """The message of an AttributeError: ``package`` has no ``name``.

    Args:
        package: The dotted name of the module that was asked.
        name: What it was asked for.
        known: The names that it has.
    """
    message = f"module {package!r} has no attribute {name!r}"
    if name.startswith("_"):
        return message
    place = package.partition(".")[2]
    left_out = never(f"{place}.{name}" if place else name)
    if left_out:
        return f"{message}: there are no {left_out[0]} here; instead: {left_out[1]}"
    public = [other for other in known if not other.startswith("_")]
    close = difflib.get_close_matches(name, public, 3, 0.7)
    folded = [other for other in public if other.lower() == name.lower() and other not in close]
    meant = [*folded, *close][:3]
    if meant:
        return f"{message}; did you mean {' or '.join(map(repr, meant))}?"
    return f"{message}; what of PyTorch is here is listed in docs/pytorch.md"
