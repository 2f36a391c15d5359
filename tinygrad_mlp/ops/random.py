"""Random numbers: generators that can be seeded, saved and restored, and the tensors drawn from them.

What is given no generator, as dropout and the initial weights of layers, draws from the default one. All threads share that, so
which of them gets which number is a matter of luck; a thread that wants numbers of its own has a default generator of its own
within :func:`drawing_from`.

The stream is NumPy's PCG64, so values differ from PyTorch's at the same seed; distributions, arguments and errors are
PyTorch's. float32 is drawn directly, not cut down from float64.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, DTypeError, ShapeError
from ..core.graph import Tensor, wrap
from ..core.state import state
from ..device import CPU, on_cpu
from ..dtypes import dtype, int64
from .composite import Operation, called, composite
from .creation import as_size, creates, like, number, numpy_dtype
from .inplace import write_copy

Array = Any  # a Tensor

__all__ = [
    "Generator", "bernoulli", "default_generator", "get_rng_state", "initial_seed", "manual_seed", "multinomial",
    "normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "seed", "set_rng_state",
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------ generators


class Generator:
    """A stream of random numbers, the same for the same seed.

    >>> import tinygrad_mlp as torch
    >>> g = torch.Generator().manual_seed(0)
    >>> a = torch.rand(2, generator=g)
    >>> bool((a == torch.rand(2, generator=g.manual_seed(0))).all())
    True

    Attributes:
        numpy: The stream as a ``numpy.random.Generator``; drawing from it advances this one.
    """

    def __init__(self, device: Any = "cpu") -> None:
        on_cpu(device)
        self.device = CPU
        self.manual_seed(67280421310721)

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of ``seed`` and return this generator. Negative seeds count from 2**64 down.

        Raises:
            DTypeError: It is not an integer. ValueError: It does not fit into 64 bits.
        """
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise DTypeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"Overflow when unpacking long: the seed {seed} does not fit into 64 bits")
        self._seed = int(seed) % 2**64
        self._numpy: np.random.Generator | None = None
        return self

    @property
    def numpy(self) -> np.random.Generator:
        """The stream; made when it is first drawn from, as importing ``numpy.random`` takes its time."""
        stream = self._numpy
        if stream is None:
            with _making:  # two threads that draw first at the same time draw from one stream
                if self._numpy is None:
                    self._numpy = np.random.Generator(np.random.PCG64(self._seed))
                stream = self._numpy
        return stream

    def seed(self) -> int:
        """Start a stream that no one can foresee and return its seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little") >> 1)
        return self._seed

    def initial_seed(self) -> int:
        """The seed the stream started from."""
        return self._seed

    def get_state(self) -> Array:
        """Where the stream is now, as a uint8 tensor for :meth:`set_state`."""
        now: Any = self.numpy.bit_generator.state
        fields = (now["state"]["state"], now["state"]["inc"], self._seed, now["has_uint32"], now["uinteger"])
        packed = b"".join(n.to_bytes(size, "little") for n, size in zip(fields, _FIELDS, strict=True))
        return wrap(np.frombuffer(packed, np.uint8).copy())

    def set_state(self, new_state: Array) -> None:
        """Go to where the stream was when ``new_state`` was got.

        Raises:
            ArgumentError: It is not a uint8 tensor. ShapeError: It is not a state of a generator.
        """
        if not isinstance(new_state, Tensor) or new_state._like.dtype != np.uint8:
            raise ArgumentError("RNG state must be a torch.ByteTensor: the uint8 tensor that get_state() returned")
        packed = new_state._data.tobytes()
        if new_state.ndim != 1 or len(packed) != sum(_FIELDS):
            raise ShapeError(f"RNG state must have shape ({sum(_FIELDS)},), got {tuple(new_state.shape)}")
        ends = np.cumsum(_FIELDS)
        position, increment, self._seed, has_spare, spare = (
            int.from_bytes(packed[end - size : end], "little") for size, end in zip(_FIELDS, ends, strict=True)
        )
        self.numpy.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": position, "inc": increment},
            "has_uint32": has_spare,
            "uinteger": spare,
        }


_FIELDS = (16, 16, 8, 1, 4)  # bytes of a state's parts
_making = threading.Lock()

default_generator: Generator = Generator()
default_generator.seed()


class _Default(threading.local):
    """The generator that a thread uses where none is given."""

    generator = default_generator


_default = _Default()


def current_generator() -> Generator:
    """The generator that this thread uses where none is given."""
    return _default.generator


@contextmanager
def drawing_from(generator: Generator) -> Iterator[Generator]:
    """Within the block, and in this thread alone, use this generator where none is given.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.ops.random import drawing_from
    >>> with drawing_from(torch.Generator().manual_seed(1)):
    ...     a = torch.rand(2)
    >>> bool((a == torch.rand(2, generator=torch.Generator().manual_seed(1))).all())
    True
    """
    outer, _default.generator = _default.generator, generator
    try:
        yield generator
    finally:
        _default.generator = outer


def manual_seed(seed: int) -> Generator:
    """Seed the generator that is used where none is given, and return it."""
    return current_generator().manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator with a number that no one can foresee, and return it."""
    return current_generator().seed()


def initial_seed() -> int:
    """The seed that the default generator started from."""
    return current_generator().initial_seed()


def get_rng_state() -> Array:
    """The state of the default generator, a uint8 tensor."""
    return current_generator().get_state()


def set_rng_state(new_state: Array) -> None:
    """Bring the default generator back to a state."""
    current_generator().set_state(new_state)


def stream(name: str, generator: Generator | None) -> np.random.Generator:
    if generator is None:
        return _default.generator.numpy
    if not isinstance(generator, Generator):
        raise ArgumentError(f"{name}(): argument 'generator' must be Generator, not {type(generator).__name__}")
    return generator.numpy


# ----------------------------------------------------------------------------------------------------------- draws


def random_draw(function: Operation) -> Operation:
    """Decorate what draws random numbers: under ``vmap`` it is asked what the samples have in common."""

    @functools.wraps(function)
    def call(*args: Any, **params: Any) -> Any:
        __tracebackhide__ = True
        if state.follower is not None and state.follower.transforms:
            return state.follower.draw(call, args, params)
        return function(*args, **params)

    return call


def floating(name: str, target: np.dtype[Any]) -> np.dtype[Any]:
    if target.kind != "f":
        raise NotImplementedError(f"{name} is not implemented for {target.name}: it draws floating-point numbers")
    return target


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], target: np.dtype[Any]) -> np.ndarray[Any, Any]:
    return rng.random(shape, np.float64 if target.itemsize == 8 else np.float32).astype(target, copy=False)


def _normal(rng: np.random.Generator, shape: tuple[int, ...], target: np.dtype[Any]) -> np.ndarray[Any, Any]:
    return rng.standard_normal(shape, np.float64 if target.itemsize == 8 else np.float32).astype(target, copy=False)


_WHOLE = {"float16": 2**11, "float32": 2**24, "float64": 2**53, "bool": 1}  # up to where every integer is a value


def _integers(
    rng: np.random.Generator, low: int, high: int, shape: tuple[int, ...], target: np.dtype[Any]
) -> np.ndarray[Any, Any]:
    for name, value in (("low", low), ("high", high)):
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise ArgumentError(f"randint(): argument {name!r} must be int, not {type(value).__name__}")
    if low >= high:
        raise ShapeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if target.kind in "iu":
        least, most = np.iinfo(target).min, np.iinfo(target).max
    else:
        most = _WHOLE[target.name]
        least = 0 if target.kind == "b" else -most
    for name, value in (("from", low), ("to - 1", high - 1)):
        if not least <= value <= most:
            raise DTypeError(f"{name} is out of bounds for {target.name}: got {value}, expected {least} to {most}")
    return rng.integers(low, high, shape).astype(target)


def _drawn(name: str, draw: Operation, doc: str) -> Operation:
    def drawn(*args: Any, size: Any = None, generator: Generator | None = None, dtype: dtype | None = None) -> Array:
        shape, target = as_size(name, args, size), floating(name, numpy_dtype(dtype))
        return draw(stream(name, generator), shape, target)

    return random_draw(creates(called(drawn, __name__, name, doc)))


rand: Operation = _drawn("rand", _uniform, "Draws from U[0, 1): ``rand(2, 3)`` or ``rand((2, 3))``.")
randn: Operation = _drawn("randn", _normal, "Draws from N(0, 1): ``randn(2, 3)`` or ``randn((2, 3))``.")


@random_draw
@creates
def randint(
    *args: Any,
    low: int | None = None,
    high: int | None = None,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtype | None = None,
) -> Array:
    """Integers drawn uniformly from [low, high): ``randint(high, size)`` or ``randint(low, high, size)``.

    Raises:
        ShapeError: ``low`` is not less than ``high``. DTypeError: the dtype cannot hold them.
    """
    given = list(args)
    if size is None and given:
        size = given.pop()
    if high is None and given:
        high = given.pop()
    if low is None:
        low = given.pop() if given else 0
    if given or size is None or high is None or not isinstance(size, tuple | list):
        raise ArgumentError("randint() takes (high, size) or (low, high, size), with size a tuple of ints")
    shape = as_size("randint", (size,))
    return _integers(stream("randint", generator), low, high, shape, numpy_dtype(dtype, int64))


@random_draw
@creates
def randperm(n: int, *, generator: Generator | None = None, dtype: dtype | None = None) -> Array:
    """The numbers 0 to n - 1 in random order."""
    (count,) = as_size("randperm", (n,))
    target = numpy_dtype(dtype, int64)
    most = np.iinfo(target).max if target.kind in "iu" else _WHOLE[target.name]
    if count - 1 > most:
        raise DTypeError(f"randperm: {count - 1} cannot be converted to {target.name} without overflow")
    return stream("randperm", generator).permutation(count).astype(target)


@random_draw
@creates
def rand_like(input: Array, *, dtype: dtype | None = None) -> Array:
    """:func:`rand` in the shape and dtype of ``input``."""
    return rand(like("rand_like", input).shape, dtype=dtype or input.dtype)


@random_draw
@creates
def randn_like(input: Array, *, dtype: dtype | None = None) -> Array:
    """:func:`randn` in the shape and dtype of ``input``."""
    return randn(like("randn_like", input).shape, dtype=dtype or input.dtype)


@random_draw
@creates
def randint_like(
    input: Array, *args: int, low: int | None = None, high: int | None = None, dtype: dtype | None = None
) -> Array:
    """:func:`randint` in the shape and dtype of ``input``: ``randint_like(input, high)`` or ``(input, low, high)``."""
    return randint(*args, low=low, high=high, size=like("randint_like", input).shape, dtype=dtype or input.dtype)


@random_draw
@creates
def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, dtype: dtype | None = None
) -> Array:
    """Draws from N(mean, std^2); numbers with a ``size``, or tensors that broadcast.

    Raises:
        ShapeError: ``std`` is negative, or the shapes do not broadcast.
    """
    spread = std._data if isinstance(std, Tensor) else number("normal", "std", std)
    if np.any(np.less(spread, 0)):
        raise ShapeError(f"normal expects all elements of std >= 0.0, but found std {np.min(spread)}")
    rng = stream("normal", generator)
    if isinstance(mean, Tensor) or isinstance(std, Tensor):
        if size is not None:
            raise ArgumentError("normal(): size= goes with numbers; tensors have their own shape")
        given = mean if isinstance(mean, Tensor) else std
        scaled = std * wrap(np.ones((), floating("normal", given._like.dtype)))
        total = (mean + scaled * 0).detach()
        draws = _normal(rng, total._like.shape, total._like.dtype)
        return (mean + std * wrap(draws))._data
    if size is None:
        raise ArgumentError("normal(): numbers need a size=, a tuple of ints")
    draws = _normal(rng, as_size("normal", (size,)), floating("normal", numpy_dtype(dtype)))
    return draws * spread + number("normal", "mean", mean)


@random_draw
@composite
def bernoulli(input: Array, p: float | None = None, *, generator: Generator | None = None) -> Array:
    """1 with the probability that ``input`` holds (or ``p``, where given), else 0; in the dtype of ``input``.

    Raises:
        ShapeError: A probability outside [0, 1].
    """
    if p is None:
        floating("bernoulli", input._like.dtype)
    chance = input._data if p is None else number("bernoulli", "p", p)
    return wrap(_coins(stream("bernoulli", generator), chance, input._like.shape, input))


def _coins(rng: np.random.Generator, p: Any, shape: tuple[int, ...], like: Array) -> np.ndarray[Any, Any]:
    if not np.all((np.greater_equal(p, 0)) & (np.less_equal(p, 1))):
        raise ShapeError(f"bernoulli expects p to be in [0, 1], but got p={p}")
    return np.less(rng.random(shape), p).astype(like._like.dtype)


@composite(method=True)
@random_draw
def multinomial(input: Array, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Array:
    """Indices drawn with probabilities proportional to the weights, shape ``(m, n) -> (m, num_samples)``.

    Without replacement they are the largest of log w_i + Gumbel noise, which draws one after the other at once.

    Raises:
        ShapeError: Not one or two dimensions, weights that are negative, not finite or all zero, or too many draws.
        DTypeError: The weights are not floats.
    """
    weights = input._data.astype(np.float64)
    if input._like.dtype.kind != "f":
        raise DTypeError(f"multinomial only supports floating-point dtypes for input, got: {input.dtype}")
    if weights.ndim not in (1, 2):
        raise ShapeError(f"multinomial: prob_dist must be 1 or 2 dim, got shape {weights.shape}")
    if num_samples <= 0:
        raise ShapeError(f"multinomial: cannot sample n_sample <= 0 samples, got {num_samples}")
    if not replacement and num_samples > weights.shape[-1]:
        raise ShapeError(
            f"multinomial: cannot sample n_sample > prob_dist.size(-1) samples without replacement: {num_samples} of "
            f"{weights.shape[-1]}"
        )
    if not np.all(np.isfinite(weights) & (weights >= 0)):
        raise ShapeError("multinomial: probability tensor contains either `inf`, `nan` or element < 0")
    if not np.all(weights.sum(-1) > 0):
        raise ShapeError("multinomial: invalid multinomial distribution (sum of probabilities <= 0)")
    rng = stream("multinomial", generator)
    if replacement:
        edges = np.cumsum(weights, -1)
        points = rng.random((*weights.shape[:-1], num_samples)) * edges[..., -1:]
        # side="right": a point on an edge belongs to the next weight, so a weight of zero is never drawn
        rows = [np.searchsorted(e, p, "right") for e, p in zip(np.atleast_2d(edges), np.atleast_2d(points))]
        return wrap(np.array(rows, np.int64).reshape(points.shape))
    with np.errstate(divide="ignore"):
        keys = np.log(weights) + rng.gumbel(size=weights.shape)
    return wrap(np.argsort(-keys, -1)[..., :num_samples].astype(np.int64))


# -------------------------------------------------------------------------------------------------------- in place


@composite(method=True)
@random_draw
def uniform_(input: Array, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None) -> Array:
    """Fill with draws from U[from, to)."""
    target = floating("uniform_", input._like.dtype)
    if from_ > to:
        raise ShapeError(f"uniform_ expects to return a [from, to) range, but found from={from_} > to={to}")
    draws = _uniform(stream("uniform_", generator), input._like.shape, target)
    return write_copy(input, wrap(np.asarray(draws * (to - from_) + from_)))


@composite(method=True)
@random_draw
def normal_(input: Array, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Array:
    """Fill with draws from N(mean, std^2)."""
    target = floating("normal_", input._like.dtype)
    if std < 0:
        raise ShapeError(f"normal expects std >= 0.0, but found std {std}")
    draws = _normal(stream("normal_", generator), input._like.shape, target)
    return write_copy(input, wrap(np.asarray(draws * std + mean)))


@composite(method=True)
@random_draw
def bernoulli_(input: Array, p: Any = 0.5, *, generator: Generator | None = None) -> Array:
    """Fill with 1 with probability ``p`` (a number or a tensor), else 0."""
    chance = p._data if isinstance(p, Tensor) else p
    return write_copy(input, wrap(np.asarray(_coins(stream("bernoulli_", generator), chance, input._like.shape, input))))


@composite(method=True)
@random_draw
def random_(input: Array, from_: int = 0, to: int | None = None, *, generator: Generator | None = None) -> Array:
    """Fill with integers drawn from [from, to); ``random_(to)`` from [0, to); without bounds all the dtype can hold."""
    target = input._like.dtype
    if to is None and from_ != 0:
        from_, to = 0, from_
    if to is None:
        to = np.iinfo(target).max if target.kind in "iu" else _WHOLE[target.name] + 1
    return write_copy(input, wrap(np.asarray(_integers(stream("random_", generator), from_, to, input._like.shape, target))))
