"""Checkpoints of a training, random streams that they can keep, and a check that stops a training that diverges.

A :class:`Checkpoint` keeps all that a training changes in one file of a folder: model with its gradients, optimizer, scheduler, the
place in the epoch, random streams. A process that is killed at any moment can be started again and goes on from there. On the same
machine the final weights are those of an undisturbed training, bit for bit::

    streams = RandomStreams(seed=0)
    with streams.using("init"):
        model = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Dropout(0.5), nn.Linear(100, 10))
    optimizer = torch.optim.Adam(model.parameters())
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 5)
    loader = DataLoader(train, batch_size=64, shuffle=True, generator=streams["shuffle"])
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler, "loader": loader, "streams": streams}

    with Checkpoint("runs/1", **parts) as checkpoint, streams.using("dropout"):
        start = checkpoint.load()  # epoch 0 and step 0 if nothing was saved
        for epoch in range(start.epoch, 10):
            for step, (images, labels) in enumerate(loader, start.step if epoch == start.epoch else 0):
                loss = loss_fn(model(images), labels)
                check_finite(loss, model, images, epoch=epoch, step=step, checkpoint=checkpoint)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                if step % 100 == 99:
                    checkpoint.save(epoch, step + 1)  # the next step
            scheduler.step()
            checkpoint.save(epoch + 1)

**Random streams.** A :class:`RandomStreams` has a generator for each purpose. The usual names are ``init``, ``shuffle``,
``dropout``, ``augmentation`` and ``evaluation``. Functions with a ``generator`` argument are given a stream. The others, such as
dropout and the initial weights of layers, draw from the default generator, as in PyTorch: :meth:`RandomStreams.using` makes a
stream the default one in a block, for one thread. A checkpoint also keeps the default generator that all threads share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

from ._tensor import Tensor
from .atomic import remove_leftovers
from .errors import ArgumentError, FileFormatError, StateDictError, TinygradError
from .grad_mode import no_grad
from .locking import locked
from .nn import Module
from .ops.random import Generator, current_generator, default_generator, drawing_from
from .optim import Optimizer
from .serialization import load, save
from .trees import leaves, mapped

__all__ = [
    "Checkpoint", "CheckpointError", "DivergenceError", "Position", "RandomStreams", "check_finite", "restore",
    "state_of",
]  # fmt: skip


class CheckpointError(TinygradError, OSError):
    """A checkpoint that cannot be written, or a folder that another process has open; an older checkpoint is still there."""


class DivergenceError(TinygradError, ArithmeticError):
    """A training whose numbers are no longer finite.

    Attributes:
        epoch, step: Where it happened, as given to :func:`check_finite`.
        layer: The dotted name of the first module, in the order of computing, with a number that is not finite; ``""`` for the
            whole model, None if all modules are finite.
        what: What is not finite in it, such as ``"output"`` or ``"parameter weight"``.
    """

    def __init__(self, message: str, epoch: int, step: int, layer: str | None, what: str) -> None:
        super().__init__(message)
        self.epoch: int = epoch
        self.step: int = step
        self.layer: str | None = layer
        self.what: str = what


class Position(NamedTuple):
    """Where a training goes on: the epoch, and the step in it, from 0."""

    epoch: int = 0
    step: int = 0


# ------------------------------------------------------------------------------------------------------ random streams


class RandomStreams:
    """A random generator for each name, made when it is first used.

    A stream starts from the SHA-256 of the seed and its name, so it draws the same numbers whatever the others do: evaluating more
    often does not change the shuffles.

    Args:
        seed: Of all streams.

    Raises:
        ArgumentError: The seed is not an int.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.checkpoints import RandomStreams
    >>> streams = RandomStreams(seed=0)
    >>> order = torch.randperm(10, generator=streams["shuffle"])
    >>> with streams.using("init"):
    ...     layer = torch.nn.Linear(2, 2)
    >>> sorted(streams.state_dict()["streams"])
    ['init', 'shuffle']
    """

    def __init__(self, seed: int) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise ArgumentError(f"RandomStreams expects an int as seed, got {type(seed).__name__}")
        self.seed: int = seed
        self._streams: dict[str, Generator] = {}

    def __getitem__(self, name: str) -> Generator:
        """The generator of that name; an ArgumentError if that is not a string."""
        if not isinstance(name, str):
            raise ArgumentError(f"a random stream is called by a string, such as 'shuffle', got {name!r}")
        if name not in self._streams:
            digest = hashlib.sha256(f"{self.seed} {name}".encode()).digest()
            self._streams[name] = Generator().manual_seed(int.from_bytes(digest[:8], "little"))
        return self._streams[name]

    def using(self, name: str) -> AbstractContextManager[Generator]:
        """A block in which this stream is the default generator of this thread, as for dropout."""
        return drawing_from(self[name])

    def state_dict(self) -> dict[str, Any]:
        """The seed, and the state of each stream."""
        return {"seed": self.seed, "streams": {name: generator.get_state() for name, generator in self._streams.items()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Bring every stream to its saved state, and one that was not in use then to its start.

        Raises:
            StateDictError: It is not a state_dict of random streams; no stream is changed.
        """
        match state_dict:
            case {"seed": int(seed), "streams": dict(states)} if not isinstance(seed, bool):
                pass
            case _:
                raise StateDictError(
                    "RandomStreams expects what its state_dict() gave, {'seed': an int, 'streams': a state by name}, got "
                    + (f"a dict of {list(state_dict)}" if isinstance(state_dict, dict) else type(state_dict).__name__)
                )
        loaded = RandomStreams(seed)
        for name, state in states.items():
            try:
                loaded[name].set_state(state)
            except TinygradError as error:
                raise StateDictError(f"RandomStreams: the state of the stream {name!r} is not one: {error}") from error
        self.seed = seed
        for name in {*self._streams, *states}:
            self[name].set_state(loaded[name].get_state())


# --------------------------------------------------------------------------------------------------------- checkpoints


def state_of(part: Any) -> Any:
    """How a part of a training is saved: its state_dict, a generator's state, or the dict or list itself.

    Raises:
        ArgumentError: It is none of these.
    """
    if isinstance(part, Generator):
        return part.get_state()
    if hasattr(part, "state_dict") and hasattr(part, "load_state_dict"):
        return part.state_dict()
    if isinstance(part, dict | list):
        return part
    raise ArgumentError(
        f"a checkpoint keeps what has state_dict() and load_state_dict(), generators, dicts and lists, not {type(part).__name__}"
    )


def restore(part: Any, state: Any) -> None:
    """Bring a part of a training, in place, to the state that :func:`state_of` gave.

    Raises:
        StateDictError: A dict or a list is given the state of something else. What ``load_state_dict`` raises.
    """
    match part, state:
        case Generator(), _:
            part.set_state(state)
        case dict(), dict():
            entries = dict(state)
            part.clear()
            part.update(entries)
        case list(), list():
            part[:] = state
        case ((dict() | list()), _):
            raise StateDictError(f"expected a {type(part).__name__}, got {type(state).__name__}")
        case _:
            part.load_state_dict(state)


class _Gradients:
    """The gradients of all that the parts train, as in the middle of an accumulation over several backward passes."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        named = [
            (part, name, p) for part, m in sorted(parts.items()) if isinstance(m, Module) for name, p in m.named_parameters()
        ]
        for part, optimizer in sorted(parts.items()):
            if isinstance(optimizer, Optimizer):  # its parameters may be in no module
                trained = [p for group in optimizer.param_groups for p in group["params"]]
                named += [(part, str(position), p) for position, p in enumerate(trained)]
        # A parameter in several parts has the name of the first, a module if there is one.
        first = {id(p): (f"{part}.{name}", p) for part, name, p in reversed(named)}
        self._tensors: dict[str, Tensor] = dict(first.values())

    def state_dict(self) -> dict[str, Any]:
        """Each gradient as it is in memory, and the order of its dimensions there, on which the rounding of sums depends."""
        state = {}
        for name, tensor in self._tensors.items():
            if tensor.grad is not None:
                order = np.argsort([-stride for stride in tensor.grad.stride()], kind="stable").tolist()
                state[name] = (tensor.grad.detach().permute(order), order)
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if unknown := state_dict.keys() - self._tensors.keys():
            raise StateDictError(f"there are gradients of {', '.join(sorted(unknown))}, but no such parameters")
        for name, tensor in self._tensors.items():
            grad, order = state_dict.get(name, (None, []))
            tensor.grad = None if grad is None else grad.permute(np.argsort(order).tolist())


def _as_it_is(part: Any) -> Callable[[], None]:
    """A function that brings a part back to its present state, even if it was left half changed."""
    if isinstance(part, Generator | dict | list):
        return partial(restore, part, state_of(part) if isinstance(part, Generator) else part.copy())
    state = mapped(lambda tensor: tensor.detach().clone(), part.state_dict(), Tensor)
    attributes = getattr(part, "__dict__", {})
    before = dict(attributes)

    def undo() -> None:
        attributes.clear()
        attributes.update(before)  # also those that the state does not have, such as a scheduler's optimizer
        part.load_state_dict(state)

    return undo


def _counted(what: str, value: Any) -> int:
    """An epoch or a step, as a plain int."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ArgumentError(f"a checkpoint's {what} is the next one to do, an int from 0, got {value!r}")
    if value < 0:
        raise ValueError(f"a checkpoint's {what} is the next one to do, from 0, got {value}")
    return int(value)


class Checkpoint:
    """The last saved state of a training, in a folder that one process at a time can have open.

    Use it in a ``with`` block, which closes it at its end; what a killed process left half-written is removed at its begin. See the
    module's docstring for a whole training.

    Args:
        folder: Made if it does not exist. The file in it is ``checkpoint.npz``.
        **parts: All that the training changes, each by a name: modules, optimizers, schedulers, a ``DataLoader``,
            :class:`RandomStreams` and other objects with ``state_dict`` and ``load_state_dict``; generators; dicts and lists
            of plain values, such as curves. The gradients of modules' and optimizers' parameters are saved with them; call
            ``zero_grad()`` before ``save`` for a smaller file.

    Attributes:
        path: The file.
        last: The position that was saved or loaded last; None if there was none.

    Raises:
        CheckpointError: Another process has the folder open, or it cannot be written to.
        ArgumentError: A part is none of these.

    >>> import tempfile
    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.checkpoints import Checkpoint
    >>> folder = tempfile.mkdtemp()
    >>> model, losses = torch.nn.Linear(2, 1), [0.5]
    >>> with Checkpoint(folder, model=model, losses=losses) as checkpoint:
    ...     checkpoint.save(epoch=1)
    >>> again, its_losses = torch.nn.Linear(2, 1), []
    >>> with Checkpoint(folder, model=again, losses=its_losses) as checkpoint:
    ...     checkpoint.load()
    Position(epoch=1, step=0)
    >>> its_losses, bool((again.weight == model.weight).all())
    ([0.5], True)
    """

    def __init__(self, folder: str | Path, **parts: Any) -> None:
        for part in parts.values():
            state_of(part)
        self.path: Path = Path(folder) / "checkpoint.npz"
        self.last: Position | None = None
        self._parts = parts
        self._open = ExitStack()
        self._closed = False
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            busy = "another process, or this one, keeps its checkpoints there; wait for it, or use another folder"
            self._open.enter_context(locked(self.path.parent / ".lock", CheckpointError(f"{self.path.parent}: {busy}")))
            remove_leftovers(self.path)
        except CheckpointError:
            raise
        except OSError as error:
            raise CheckpointError(
                f"{self.path.parent}: checkpoints cannot be written there: {error.strerror or error}"
            ) from error

    def save(self, epoch: int, step: int = 0) -> None:
        """Save the state of all parts in place of an older one, which stays until this is complete and on the disk.

        Args:
            epoch: The epoch to go on with.
            step: The step in it to go on with.

        Raises:
            ArgumentError: The epoch or the step is not an int. ValueError: It is negative.
            DivergenceError: A parameter of a model is not finite, or a buffer is NaN.
            CheckpointError: It cannot be written, as on a full disk, or is closed.
        """
        position = Position(_counted("epoch", epoch), _counted("step", step))
        if self._closed:
            raise CheckpointError(
                f"{self.path.parent}: this checkpoint is closed; save within its `with` block, or open it again"
            )
        for name, part in self._parts.items():
            if isinstance(part, Module) and (found := _first_broken(part)):
                raise _divergence(f"{name} is not kept", epoch, step, *found, self)
        state = {
            "epoch": position.epoch,
            "step": position.step,
            "default_generator": default_generator.get_state(),
            "parts": {name: state_of(part) for name, part in self._parts.items()},
            "gradients": _Gradients(self._parts).state_dict(),
        }
        try:
            save(state, self.path)
        except OSError as error:
            raise CheckpointError(
                f"{self.path}: the checkpoint of epoch {epoch}, step {step} could not be written: {error.strerror or error}; "
                f"{self.kept()}"
            ) from error
        self.last = position

    def load(self) -> Position:
        """Bring all parts to the saved state, and return where the training goes on: (0, 0) if nothing was saved.

        If one part refuses its state, all parts are brought back to the state they had, of which a copy is held in memory meanwhile.

        Raises:
            FileFormatError: The file is damaged, or has the state of other parts, or one that does not fit; no part is changed.
        """
        if not self.path.exists():
            return Position()
        saved = load(self.path)
        match saved:
            case {
                "epoch": int(epoch),
                "step": int(step),
                "default_generator": Tensor() as default,
                "parts": dict(states),
            } if min(epoch, step) >= 0:
                gradients = saved.get("gradients", {})  # older files have none
            case _:
                raise FileFormatError(f"cannot load {self.path}: it is not a checkpoint")
        if states.keys() != self._parts.keys():
            raise FileFormatError(
                f"cannot load {self.path}: it keeps the state of {', '.join(states)}, expected {', '.join(self._parts)}; "
                "give the parts that it was saved with, or use another folder"
            )
        parts: list[tuple[str, Any, Any]] = [(name, part, states[name]) for name, part in self._parts.items()]
        parts += [("default_generator", default_generator, default), ("gradients", _Gradients(self._parts), gradients)]
        with ExitStack() as undo:
            for name, part, state in parts:
                undo.callback(_as_it_is(part))
                try:
                    restore(part, state)
                except Exception as error:  # whatever a part's load_state_dict raises
                    reason = f"{type(error).__name__}: {error}"
                    raise FileFormatError(f"cannot load {self.path}: its state does not fit {name!r}: {reason}") from error
            undo.pop_all()
        self.last = Position(epoch, step)
        return self.last

    def kept(self) -> str:
        """Which state is in the file, for messages."""
        if self.last is None:
            return f"{self.path} is as it was" if self.path.exists() else "nothing was kept yet"
        return f"the last good one, of epoch {self.last.epoch}, step {self.last.step}, is kept in {self.path}"

    def close(self) -> None:
        """Let other processes have the folder."""
        self._closed = True
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
        if error is not None and not isinstance(error, CheckpointError | DivergenceError):
            error.add_note(f"checkpoint: {self.kept()}")


# ---------------------------------------------------------------------------------------------------------- divergence


def check_finite(
    loss: Tensor | float, model: Module, *inputs: Any, epoch: int, step: int, checkpoint: Checkpoint | None = None
) -> None:
    """Stop a training whose loss is NaN or infinite, and say where it went wrong.

    Call it before ``optimizer.step()``. While the loss is finite, nothing else is checked. When it is not, the model is called again
    with the inputs to find the first module, in the order of computing, with a parameter or an output that is not finite; if
    there is none, the gradients are checked.

    Args:
        loss: The loss, or any other tensor that should be finite, such as the model's output.
        model: The model that is trained.
        *inputs: What the model was called with; without them, only parameters and gradients are checked.
        epoch, step: Where the training is, for the message.
        checkpoint: Where the last good model is, for the message.

    Raises:
        DivergenceError: The loss is not finite.

    >>> import tinygrad_mlp as torch
    >>> from tinygrad_mlp.checkpoints import DivergenceError, check_finite
    >>> model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
    >>> with torch.no_grad():
    ...     _ = model[1].weight.fill_(1e38)
    >>> x = torch.tensor([[1e10]])
    >>> try:
    ...     check_finite(model(x).sum(), model, x, epoch=3, step=7)
    ... except DivergenceError as error:
    ...     print(error.layer, error.what)
    1 output
    """
    array = loss._data if isinstance(loss, Tensor) else np.asarray(loss)
    if np.isfinite(array).all():
        return
    value = f"the loss is {array.item()}" if array.size == 1 else "its output is not finite"
    raise _divergence(value, epoch, step, *_where_it_broke(model, inputs), checkpoint)


def _finite(tensor: Tensor) -> bool:
    return bool(np.isfinite(tensor._data).all())


def _first_broken(model: Module, gradients: bool = False) -> tuple[str, str] | None:
    """The first parameter that is not finite, buffer with a NaN (it may be infinite on purpose) or gradient: its module, and what."""
    parameters = list(model.named_parameters())
    broken = [(name, "parameter") for name, p in parameters if not _finite(p)]
    broken += [(name, "buffer") for name, b in model.named_buffers() if b.is_floating_point() and np.isnan(b._data).any()]
    broken += [(name, "gradient of") for name, p in parameters if gradients and p.grad is not None and not _finite(p.grad)]
    for name, kind in broken[:1]:
        layer, _, own = name.rpartition(".")
        return layer, f"{kind} {own}"
    return None


def _where_it_broke(model: Module, inputs: tuple[Any, ...]) -> tuple[str | None, str]:
    """The first module with something that is not finite, and what; (None, what) if it is in no module."""
    if not all(map(_finite, leaves(inputs, Tensor))):
        return None, "input"
    found: list[tuple[str, str]] = []

    def look(name: str, module: Module, args: Any, output: Any) -> None:
        own = module.named_parameters(recurse=False)
        found.extend((name, f"parameter {own_name}") for own_name, parameter in own if not _finite(parameter))
        if not all(map(_finite, leaves(output, Tensor))):
            found.append((name, "output"))

    if inputs:
        buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]  # running statistics have seen this batch already
        copy = Generator()
        copy.set_state(current_generator().get_state())
        with ExitStack() as hooks, no_grad(), drawing_from(copy):
            for name, module in model.named_modules():
                hooks.callback(module.register_forward_hook(partial(look, name)).remove)
            model(*inputs)
            for buffer, before in buffers:
                buffer.copy_(before)
    return found[0] if found else _first_broken(model, gradients=True) or (None, "loss")


def _divergence(
    value: str, epoch: int, step: int, layer: str | None, what: str, checkpoint: Checkpoint | None
) -> DivergenceError:
    if layer is not None:
        where = f"the first that is not finite is the {what} of {f'layer {layer!r}' if layer else 'the model'}"
        advice = "lower the learning rate, tenfold to begin with, or clip gradients with nn.utils.clip_grad_norm_()"
    elif what == "input":
        where, advice = "the inputs are not finite", "clean the data, or look at what augments them"
    else:
        where = "the model's outputs, parameters and gradients are finite"
        advice = "look at the loss function: a log or a division of 0, or of a large exponential; losses that take logits are safe"
    kept = f"; {checkpoint.kept()}" if checkpoint else ""
    return DivergenceError(
        f"the training diverged in epoch {epoch}, step {step}: {value}; {where}; {advice}{kept}", epoch, step, layer, what
    )
