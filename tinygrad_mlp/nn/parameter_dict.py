"""A dict of parameters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, KeysView, Mapping
from typing import Any, Self

from .._tensor import Tensor
from ..errors import ArgumentError
from .module import Module
from .parameter import Parameter

__all__ = ["ParameterDict"]

_KINDS = {"float32": "Float", "float64": "Double", "float16": "Half", "int64": "Long", "int32": "Int", "uint8": "Byte"}


class ParameterDict(Module):
    """A dict of parameters that the module it is assigned to finds; it computes nothing itself.

    Tensors become parameters; other values are kept as they are. The keys are in order of insertion; those of an ordinary
    dict that is given are sorted.

    Args:
        parameters: A mapping, or pairs of key and value.

    Raises:
        ArgumentError: It is neither.

    >>> import tinygrad_mlp as torch
    >>> weights = torch.nn.ParameterDict({"left": torch.ones(2), "right": torch.zeros(3)})
    >>> weights["right"].requires_grad, list(weights.state_dict())
    (True, ['left', 'right'])
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def _attribute(self, key: str) -> str:
        if not isinstance(key, str):
            raise ArgumentError(
                f"Index given to ParameterDict cannot be used as a key as it is not a string (type is '{type(key).__name__}')"
            )
        return key

    def __getitem__(self, key: str) -> Any:
        return getattr(self, self._attribute(key))

    def __setitem__(self, key: str, value: Any) -> None:
        attribute = self._attribute(key)
        self._keys[key] = None
        setattr(
            self, attribute, Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value
        )

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __or__(self, other: ParameterDict) -> ParameterDict:
        return self.copy().__ior__(other)

    def __ror__(self, other: ParameterDict) -> ParameterDict:
        return other.copy().__ior__(self)

    def __ior__(self, other: ParameterDict) -> Self:
        self.update(other)
        return self

    def copy(self) -> ParameterDict:
        """Another one with the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key; if there is none, that of ``default``, which is entered."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Take out all."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Take out the value of a key, and return it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take out the last key and its value, and return them."""
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or ``default``."""
        return self[key] if key in self._keys else default

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Another one, with these keys and one value."""
        return ParameterDict(OrderedDict.fromkeys(keys, default))

    def keys(self) -> KeysView[str]:
        """The keys."""
        return self._keys.keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Pairs of key and value."""
        return ((key, self[key]) for key in self._keys)

    def values(self) -> Iterable[Any]:
        """The values."""
        return (self[key] for key in self._keys)

    def update(self, parameters: Any) -> None:
        """Enter the values of a mapping, or of pairs of key and value."""
        if not isinstance(parameters, Iterable):
            raise ArgumentError(
                f"ParametersDict.update should be called with an iterable of key/value pairs, but got {type(parameters).__name__}"
            )
        if isinstance(parameters, Mapping) and not isinstance(parameters, OrderedDict):
            parameters = sorted(parameters.items())
        elif isinstance(parameters, Mapping | ParameterDict):
            parameters = parameters.items()
        for position, pair in enumerate(parameters):
            if not isinstance(pair, Iterable):
                raise ArgumentError(
                    f"ParameterDict update sequence element #{position} should be Iterable; is {type(pair).__name__}"
                )
            entry = tuple(pair)
            if len(entry) != 2:
                raise ValueError(f"ParameterDict update sequence element #{position} has length {len(entry)}; 2 is required")
            self[entry[0]] = entry[1]

    def extra_repr(self) -> str:
        """The kinds and sizes of the values."""
        lines = []
        for key, value in self.items():
            if isinstance(value, Tensor):
                kind = _KINDS.get(value.dtype.name, value.dtype.name.capitalize())
                lines.append(
                    f"  ({key}): Parameter containing: [torch.{kind}Tensor of size {'x'.join(map(str, value.shape))}]"
                )
            else:
                lines.append(f"  ({key}): Object of type: {type(value).__name__}")
        return "\n".join(lines)
