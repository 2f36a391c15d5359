"""What need not be the same in both libraries, each with the reason."""

from __future__ import annotations

import re

__all__ = ["DEVIATIONS", "LOOSE", "STRICTER", "deviation"]

# Why PyTorch may raise where this library does not: the line and what it says (a regular expression), and the reason.
DEVIATIONS: dict[str, str] = {
    r"not implemented for|not supported (on|for)|does not support|hardtanh on an unsigned type": "no kernel for the dtype there",
    r"derivative for .* is not implemented": "no derivative there",
    r"modified by an inplace operation|A view was created in no_grad mode": "the write is given its history here",
    r"is a view and (is being modified inplace|its base)": "the write is given its history here",
    r"refers? to a single memory location": "operands that share memory are copied here",
    r"result type \w+ can't be cast to the desired output type": "no backward of mixed dtypes there",
    r"Found dtype \w+ but expected|Negation, the `-` operator, on a bool": "no backward of mixed dtypes there",
    r"Index put requires the source and destination dtypes match": "an assignment casts here",
    r"INTERNAL ASSERT FAILED|returned an invalid gradient|ZeroTensors are immutable": "a fault there",
    r"INDICES element is out of DATA bounds|: index \d+ is out of bounds|: index out of range in self": "another class of error for an index out of range",
    r"Dimension specified as 0 but tensor has no dimensions": "another class of error for a tensor without dimensions",
    r"^v\d+\W.*: a leaf Variable that requires grad": "the write is given its history here",
    r"view size is not compatible": "another memory layout, of which there is a view",
    r"Subtraction, the `-` operator": "sub with bool computes here",
    r"value cannot be converted to type \w+ without overflow": "an assignment casts here",
    r"self indexing axis dim should be positive": "another class of error for an index out of range",
}

# Why this library may raise where PyTorch does not.
STRICTER: dict[str, str] = {
    r"inplace operation: (l1|standardize|true_divide|linear|matrix_product|_einsum|(class|soft)_cross_entropy) needs": "another value is saved here",
    r"view size .* is not compatible": "another memory layout, of which there is no view",
    r"^v\d+ = torch.cat.*Dimension out of range": "empty vectors have dimensions here",
    r"memory is read-only or shared by several": "expanded views cannot be written here",
    r"index -?\d+ is out of bounds": "indices are checked here",
    r"(l1_loss|softmax) is not implemented for": "no losses and probabilities of integers here",
    r"where expected condition to be a boolean": "conditions are bool here, not uint8",
    r"^v\d+ = (torch\.bmm\(|\w+ @ ).*: matrix_product: expected all arguments to have the same dtype": "empty batches need not share a dtype there",
}

# Operations that PyTorch computes less precisely than their dtype allows, and how far the results may part.
LOOSE: dict[str, float] = {
    "F.hardsigmoid": 1e-7,  # its 1/6 is a float32
    "torch.addcdiv": 1e-7,  # with integers it computes in float32
    "F.binary_cross_entropy(": 1e-6,  # its second derivative adds 1e-12 to denominators
}


def deviation(place: str, ours: Exception | None, theirs: Exception | None) -> str | None:
    """Why, in this line, one library need not raise what the other does, if there is a reason."""
    table, error = (DEVIATIONS, theirs) if theirs is not None else (STRICTER, ours)
    return next((reason for pattern, reason in table.items() if re.search(pattern, f"{place}: {error}")), None)
