"""Recurrent layers: a state that each element of a sequence moves on.

What a layer does of all elements at once, the product of the inputs with their weights, is one product. The rest is done step by step.
A batch of one length is treated as a packed one, whose steps all have the same number of rows.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from .._tensor import Tensor
from ..core.basics import linear, tanh
from ..device import DeviceLike
from ..dtypes import dtype
from ..errors import ArgumentError, ShapeError
from ..ops.creation import empty, zeros
from ..ops.functions import relu, sigmoid
from ..ops.joining import cat, stack
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter
from .utils.rnn import PackedSequence

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

State = tuple[Tensor, ...]  # h, or h and c
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"tanh": tanh, "relu": relu}

# ------------------------------------------------------------------------------------------------------------- a step


def _elman_step(activation: Callable[[Tensor], Tensor]) -> Callable[..., State]:
    def step(gates: Tensor, state: State, weight: Tensor, bias: Tensor | None, projection: Tensor | None = None) -> State:
        return (activation(gates + linear(state[0], weight, bias)),)

    return step


def _lstm_step(gates: Tensor, state: State, weight: Tensor, bias: Tensor | None, projection: Tensor | None = None) -> State:
    h, c = state
    i, f, g, o = (gates + linear(h, weight, bias)).chunk(4, 1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)
    return (h if projection is None else linear(h, projection)), c


def _gru_step(gates: Tensor, state: State, weight: Tensor, bias: Tensor | None, projection: Tensor | None = None) -> State:
    (h,) = state
    size = h.shape[1]
    own = linear(h, weight, bias)
    r, z = sigmoid(gates[:, : 2 * size] + own[:, : 2 * size]).chunk(2, 1)
    n = tanh(gates[:, 2 * size :] + r * own[:, 2 * size :])
    return (n + z * (h - n),)


_STEPS = {"RNN_TANH": _elman_step(tanh), "RNN_RELU": _elman_step(relu), "LSTM": _lstm_step, "GRU": _gru_step}
_GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


def _along(
    step: Callable[..., State], gates: Tensor, sizes: list[int], state: State, weights: Sequence[Any], backwards: bool
) -> tuple[Tensor, State]:
    """All steps of a layer: the outputs of all, and the states in which the sequences end."""
    parts: Any = gates.split(sizes)
    outputs: list[Tensor] = []
    ended: list[State] = []  # shorter sequences end earlier, or begin later on the way back
    now = tuple(s[: sizes[-1]] for s in state) if backwards else state
    for t in range(len(sizes) - 1, -1, -1) if backwards else range(len(sizes)):
        rows = len(now[0])
        if sizes[t] < rows:
            ended.append(tuple(s[sizes[t] :] for s in now))
            now = tuple(s[: sizes[t]] for s in now)
        elif sizes[t] > rows:
            now = tuple(cat([s, first[rows : sizes[t]]]) for s, first in zip(now, state, strict=True))
        now = step(parts[t], now, *weights)
        outputs.append(now[0])
    if backwards:
        outputs.reverse()
    if ended:
        now = tuple(cat([s, *late]) for s, *late in zip(now, *reversed(ended), strict=True))
    return cat(outputs), now


# ------------------------------------------------------------------------------------------------------------- layers


class RNNBase(Module):
    """What recurrent layers have in common: their parameters, and the way through layers, directions and steps.

    The parameters of layer k are ``weight_ih_l{k}``, ``weight_hh_l{k}``, ``bias_ih_l{k}``, ``bias_hh_l{k}`` and, with
    projections, ``weight_hr_l{k}``; those of the way back end in ``_reverse``. They start uniform in
    [-1/sqrt(hidden_size), 1/sqrt(hidden_size)].

    Args:
        mode: ``"RNN_TANH"``, ``"RNN_RELU"``, ``"LSTM"`` or ``"GRU"``.
        input_size: Size of each element of a sequence.
        hidden_size: Size of the state.
        num_layers: How many layers, each of which reads the outputs of the one before.
        bias: Whether there are biases.
        batch_first: Whether batches are ``(N, L, *)``, and not ``(L, N, *)``.
        dropout: With which probability the outputs of a layer but the last are zeroed in training.
        bidirectional: Whether each layer goes both ways; its outputs are then those of both, side by side.
        proj_size: Size to which the h of an LSTM is projected; 0 for none.
        device: The CPU, or None.
        dtype: Of the parameters; the default dtype where None.

    Raises:
        ValueError: A size or probability that cannot be.
    """

    _states: ClassVar[int] = 1

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout <= 1:
            raise ValueError(
                f"dropout should be a number in range [0, 1], the probability of an element to be zeroed; got {dropout}"
            )
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if not isinstance(size, int):
                raise ArgumentError(f"{name} should be of type int, got: {type(size).__name__}")
        for name, size in (("hidden_size", hidden_size), ("num_layers", num_layers)):
            if size <= 0:
                raise ValueError(f"{name} must be greater than zero, got {size}")
        if not 0 <= proj_size < hidden_size:
            raise ValueError(f"proj_size should be in [0, hidden_size), got {proj_size} for hidden_size={hidden_size}")
        if mode not in _STEPS:
            raise ValueError(f"Unrecognized RNN mode: {mode}; expected one of {list(_STEPS)}")
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                f"dropout is between layers: dropout={dropout} does nothing where num_layers is 1", UserWarning, stacklevel=3
            )
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout: float = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        rows, out = _GATES[mode] * hidden_size, proj_size or hidden_size
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in self._suffixes(layer):
                width = input_size if layer == 0 else out * (1 + bidirectional)
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, out)}
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
                shapes |= {"weight_hr": (proj_size, hidden_size)} if proj_size else {}
                for name, shape in shapes.items():
                    setattr(self, name + suffix, Parameter(empty(shape, device=device, dtype=dtype)))
                self._all_weights.append([name + suffix for name in shapes])
        self.reset_parameters()

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"][: 1 + self.bidirectional]

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: it is for the layout that graphics cards want."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters, by layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def _state_sizes(self) -> list[int]:
        return [self.proj_size or self.hidden_size, self.hidden_size][: self._states]

    def _first(self, hx: Any, single: bool, like: Tensor, count: int, order: Tensor | None) -> list[Tensor]:
        """The states to begin with, ``(layers * directions, N, *)``; zeros if none are given."""
        layers = self.num_layers * (1 + self.bidirectional)
        sizes = self._state_sizes()
        if hx is None:
            return [zeros(layers, count, size, dtype=like.dtype) for size in sizes]
        given = list(hx) if self._states == 2 else [hx]
        if len(given) != len(sizes):
            raise ShapeError(f"{type(self).__name__}: expected hx to be the pair (h, c), got {len(given)} tensors")
        if single:
            if any(s.ndim != 2 for s in given):
                raise ShapeError(
                    f"For unbatched 2-D input, hx should also be 2-D but got {[s.ndim for s in given]}-D: (num_layers, hidden_size)"
                )
            given = [s.unsqueeze(1) for s in given]
        elif any(s.ndim != 3 for s in given):
            raise ShapeError(f"For batched 3-D input, hx should also be 3-D but got {[s.ndim for s in given]}-D tensors")
        for name, s, size in zip(("hx[0]", "hx[1]"), given, sizes, strict=False):
            if tuple(s.shape) != (layers, count, size):
                raise ShapeError(f"Expected hidden {name} size {(layers, count, size)}, got {list(s.shape)}")
        return given if order is None else [s.index_select(1, order) for s in given]

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """The outputs of the last layer at each step, and the states of all layers after their last ones.

        Args:
            input: ``(L, N, input_size)``, ``(N, L, input_size)`` with ``batch_first``, ``(L, input_size)``, or packed sequences.
            hx: The states to begin with, ``(layers * directions, N, hidden_size)``, or without N; of an LSTM the pair (h, c).
                Zeros where None.
        """
        order = back = None
        single = False
        if isinstance(input, PackedSequence):
            data, sizes = input.data, input.batch_sizes.tolist()
            order, back = input.sorted_indices, input.unsorted_indices
            count = sizes[0]
        else:
            if input.ndim not in (2, 3):
                raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.ndim}D instead")
            single = input.ndim == 2
            x = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
            length, count = x.shape[:2]
            if length == 0:
                raise ShapeError("Expected sequence length to be larger than 0 in RNN")
            data, sizes = x.reshape(length * count, x.shape[2]), [count] * length
        if data.shape[-1] != self.input_size:
            raise ShapeError(f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {data.shape[-1]}")
        weight: Any = self.weight_ih_l0
        if data.dtype is not weight.dtype:
            raise ValueError(
                f"input and parameters must have one dtype, got {data.dtype} and {weight.dtype}; cast with .to(dtype)"
            )
        data, ends = self._layers(data, sizes, self._first(hx, single, data, count, order))
        ends = ends if back is None else [s.index_select(1, back) for s in ends]
        ends = [s.squeeze(1) for s in ends] if single else ends
        states = tuple(ends) if self._states == 2 else ends[0]
        if isinstance(input, PackedSequence):
            return PackedSequence(data, input.batch_sizes, order, back), states
        y = data.reshape(len(sizes), count, data.shape[1])
        return (y.squeeze(1) if single else y.transpose(0, 1) if self.batch_first else y), states

    def _layers(self, data: Tensor, sizes: list[int], first: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        step = _STEPS[self.mode]
        begins = list(zip(*(s.unbind(0) for s in first), strict=True))
        ends: list[State] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                data = F.dropout(data, self.dropout, self.training)
            ways = []
            for backwards, suffix in enumerate(self._suffixes(layer)):
                bias = (getattr(self, f"bias_ih{suffix}"), getattr(self, f"bias_hh{suffix}")) if self.bias else (None, None)
                projection = getattr(self, f"weight_hr{suffix}") if self.proj_size else None
                gates = linear(data, getattr(self, f"weight_ih{suffix}"), bias[0])
                weights = (getattr(self, f"weight_hh{suffix}"), bias[1], projection)
                out, end = _along(step, gates, sizes, begins[len(ends)], weights, bool(backwards))
                ways.append(out)
                ends.append(end)
            data = ways[0] if len(ways) == 1 else cat(ways, 1)
        return data, [stack(list(s)) for s in zip(*ends, strict=True)]

    def extra_repr(self) -> str:
        """The sizes, and what is not the default."""
        text = f"{self.input_size}, {self.hidden_size}"
        defaults: dict[str, Any] = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0}
        for name, default in (defaults | {"bidirectional": False}).items():
            text += "" if getattr(self, name) == default else f", {name}={getattr(self, name)}"
        return text


class RNN(RNNBase):
    """Elman's recurrent layer: h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or with relu for tanh.

    Shapes: ``(L, N, input_size) -> (L, N, hidden_size)``, and the last states, ``(num_layers, N, hidden_size)``; without N, too. Arguments are
    those of :class:`RNNBase`, and:

    Args:
        nonlinearity: ``"tanh"`` or ``"relu"``.

    >>> import tinygrad_mlp as torch
    >>> output, h = torch.nn.RNN(10, 20, 2)(torch.ones(5, 3, 10))
    >>> output.shape, h.shape
    (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        if nonlinearity not in _ACTIVATIONS:
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        options: Any = (num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype)
        super().__init__(f"RNN_{nonlinearity.upper()}", input_size, hidden_size, *options)
        self.nonlinearity = nonlinearity


class GRU(RNNBase):
    """Gated recurrent units. Cho et al. 2014.

    r, z = sigmoid(W x_t + b + U h_{t-1} + c), n = tanh(W_n x_t + b_n + r (U_n h_{t-1} + c_n)), h_t = (1 - z) n + z h_{t-1}. Shapes and arguments
    are those of :class:`RNNBase`.

    >>> import tinygrad_mlp as torch
    >>> output, h = torch.nn.GRU(10, 20, bidirectional=True)(torch.ones(5, 3, 10))
    >>> output.shape, h.shape
    (torch.Size([5, 3, 40]), torch.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        options: Any = (num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype)
        super().__init__("GRU", input_size, hidden_size, *options)


class LSTM(RNNBase):
    """Long short-term memory. Hochreiter & Schmidhuber 1997; with projections, Sak et al. 2014.

    i, f, g, o = W x_t + b + U h_{t-1} + c, c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g), h_t = sigmoid(o) tanh(c_t). Shapes and
    arguments are those of :class:`RNNBase`; its state is the pair (h, c).

    >>> import tinygrad_mlp as torch
    >>> output, (h, c) = torch.nn.LSTM(10, 20, batch_first=True)(torch.ones(3, 5, 10))
    >>> output.shape, h.shape, c.shape
    (torch.Size([3, 5, 20]), torch.Size([1, 3, 20]), torch.Size([1, 3, 20]))
    """

    _states = 2

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        options: Any = (num_layers, bias, batch_first, dropout, bidirectional, proj_size, device, dtype)
        super().__init__("LSTM", input_size, hidden_size, *options)


# -------------------------------------------------------------------------------------------------------------- cells


class RNNCellBase(Module):
    """What a single step of a recurrent layer has in common.

    Args:
        input_size: Size of each input.
        hidden_size: Size of the state.
        bias: Whether there are biases.
        num_chunks: How many gates.
        device: The CPU, or None.
        dtype: Of the parameters; the default dtype where None.
    """

    _states: ClassVar[int] = 1
    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        for name, shape in (("weight_ih", (rows, input_size)), ("weight_hh", (rows, hidden_size))):
            setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(rows, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values, uniform in [-1/sqrt(hidden_size), 1/sqrt(hidden_size)]."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _mode(self) -> str:
        return type(self).__name__.removesuffix("Cell")

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        """The next state.

        Args:
            input: ``(N, input_size)`` or ``(input_size,)``.
            hx: The state, ``(N, hidden_size)`` or ``(hidden_size,)``; of an LSTM the pair (h, c). Zeros where None.
        """
        name = type(self).__name__
        if input.ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        x = input if input.ndim == 2 else input.unsqueeze(0)
        if x.shape[1] != self.input_size:
            raise ShapeError(f"{name}: input has {x.shape[1]} features, expected input_size={self.input_size}")
        given = [] if hx is None else list(hx) if self._states == 2 else [hx]
        for s in given:
            if s.ndim not in (1, 2):
                raise ValueError(f"{name}: Expected hidden to be 1D or 2D, got {s.ndim}D instead")
        state = tuple(s if s.ndim == 2 else s.unsqueeze(0) for s in given)
        state = state or (zeros(len(x), self.hidden_size, dtype=x.dtype),) * self._states
        for s in state:
            if tuple(s.shape) != (len(x), self.hidden_size):
                raise ShapeError(
                    f"{name}: expected a hidden state of size {(len(x), self.hidden_size)}, got {list(s.shape)}"
                )
        gates = linear(x, self.weight_ih, self.bias_ih)
        after = _STEPS[self._mode()](gates, state, self.weight_hh, self.bias_hh)
        after = after if input.ndim == 2 else tuple(s.squeeze(0) for s in after)
        return after if self._states == 2 else after[0]

    def extra_repr(self) -> str:
        """The sizes, and what is not the default."""
        text = f"{self.input_size}, {self.hidden_size}" + ("" if self.bias is True else f", bias={self.bias}")
        nonlinearity = getattr(self, "nonlinearity", "tanh")
        return text + ("" if nonlinearity == "tanh" else f", nonlinearity={nonlinearity}")


class RNNCell(RNNCellBase):
    """One step of :class:`RNN`.

    >>> import tinygrad_mlp as torch
    >>> torch.nn.RNNCell(10, 20)(torch.ones(3, 10)).shape
    torch.Size([3, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: DeviceLike = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def _mode(self) -> str:
        if self.nonlinearity not in _ACTIVATIONS:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}; use 'tanh' or 'relu'")
        return f"RNN_{self.nonlinearity.upper()}"


class GRUCell(RNNCellBase):
    """One step of :class:`GRU`."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: DeviceLike = None, dtype: dtype | None = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)


class LSTMCell(RNNCellBase):
    """One step of :class:`LSTM`: gives h and c."""

    _states = 2

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: DeviceLike = None, dtype: dtype | None = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)
