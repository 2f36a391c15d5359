"""Pickle's opcodes, read as data: lists, dicts, numbers, and calls of a table's functions. Nothing else is ever called.

A pickle is a program for a machine with a stack. ``pickle`` runs it, with any function of any module that it names; here a name is
looked up in a table that the caller gives, and what is not in it is refused. The work and the memory that a file can ask for are
bounded by its length, and by :data:`VALUES`.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

from ..errors import DeviceError, FileFormatError
from .structure import shortened

__all__ = ["KEYS", "VALUES", "Named", "Reader", "brief", "checked_key"]

VALUES = 4_000_000  # opcodes of a pickle, and elements that it copies
KEYS = range(-(2**63), 2**64)  # ints that may be keys: of longer ones any number can have the same hash
_KEY = 1_000  # values in a key of a dict: hashing nested tuples that share parts takes time exponential in their depth


class Named:
    """What a name in the file stands for: a value, or a function that makes one of arguments that a file may give.

    Attributes:
        path: The name, ``module.name``.
        make: Makes the value of the arguments; None if it cannot be called.
        value: What the name by itself is, in the place of a value.
        new: Makes the value without ``__init__``.
    """

    def __init__(
        self, path: str, make: Callable[..., Any] | None = None, value: Any = None, new: Callable[..., Any] | None = None
    ) -> None:
        self.path = path
        self.make = make
        self.value: Any = self if value is None else value
        self.new: Callable[..., Any] | None = new or make


class Reader:
    """Reads pickles that stand one behind the other in ``data``.

    Args:
        data: The bytes.
        find: Gives for a name ``module.name`` what it stands for; a FileFormatError refuses it.
        stored: Gives for a persistent id, which stands for what is elsewhere in the file, what it is.
        build: ``build(object, state)`` sets the state of an object that a function of ``find`` made.
        encoding: Of strings that Python 2 wrote.
    """

    def __init__(
        self,
        data: bytes,
        find: Callable[[str], Named],
        stored: Callable[[Any], Any],
        build: Callable[[Any, Any], None],
        encoding: str = "utf-8",
    ) -> None:
        self.data = data
        self.position = 0
        self.find = find
        self.stored = stored
        self.build = build
        self.encoding = encoding
        self._left = VALUES

    def read(self) -> Any:
        """The value of the next pickle."""
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # stacks under marks
        self.memo: dict[int, Any] = {}
        try:
            while True:
                code = self.data[self.position]
                self.position += 1
                if code == _STOP:
                    (value,) = self.stack
                    return _data(value)
                action = _ACTIONS.get(code)
                if action is None:
                    raise FileFormatError(f"its pickle has the opcode {bytes([code])!r}, which no file of tensors needs")
                self._left -= 1
                if self._left < 0:
                    self.charge(0)
                action(self)
        except IndexError:
            raise FileFormatError("its pickle is cut short, or takes more values than it has put down") from None
        except (FileFormatError, DeviceError):
            raise
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError, RuntimeError, struct.error) as error:
            raise FileFormatError(f"its pickle is malformed: {error or type(error).__name__}") from error

    def charge(self, count: int) -> None:
        """Count values that are made; a FileFormatError where they are too many."""
        self._left -= count
        if self._left < 0:
            raise FileFormatError(f"its pickle makes more than {VALUES:,} values outside of tensors, which are not read")

    # ------------------------------------------------------------------------------------------ what the actions are made of

    def take(self, count: int) -> bytes:
        """The next bytes."""
        start, self.position = self.position, self.position + count
        if self.position > len(self.data):
            raise FileFormatError("its pickle is cut short")
        return self.data[start : self.position]

    def number(self, size: int) -> int:
        """The next bytes as an unsigned number."""
        return int.from_bytes(self.take(size), "little")

    def line(self) -> str:
        """The text up to the end of the line."""
        end = self.data.find(b"\n", self.position)
        if end < 0:
            raise FileFormatError("its pickle is cut short")
        return self.take(end + 1 - self.position)[:-1].decode()

    def items(self) -> list[Any]:
        """What was put down since the last mark."""
        items, self.stack = self.stack, self.below.pop()
        return items

    def call(self, function: Any, args: Any, new: bool = False) -> Any:
        """What a named function makes of arguments."""
        made = (function.new if new else function.make) if isinstance(function, Named) else None
        if made is None or type(args) is not tuple:
            what = function.path if isinstance(function, Named) else f"a {type(function).__name__}"
            raise FileFormatError(f"its pickle calls {what}, which is no function that makes data")
        args = tuple(map(_plain, args))
        for arg in args:  # which the function may copy; the file has it once, and may ask for copies many times
            self.charge_copy(arg)
        return made(*args)

    def charge_copy(self, value: Any) -> None:
        """Count the copy of a value as what it takes in memory."""
        if isinstance(value, list | tuple | dict | set | frozenset):
            self.charge(len(value))
        elif isinstance(value, str | bytes | bytearray):
            self.charge(len(value) // 32)

    def set_entries(self, items: list[Any]) -> None:
        """Put keys and values into the dict on the stack."""
        entries = self.stack[-1]
        if type(entries) not in (dict, OrderedDict, Counter, defaultdict) or len(items) % 2:
            raise FileFormatError(f"its pickle sets entries of a {type(entries).__name__}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            entries[checked_key(_data(key))] = _data(value)

    def add(self, items: list[Any]) -> None:
        """Add to the list, set or deque on the stack."""
        target = self.stack[-1]
        if isinstance(target, set):
            target.update(checked_key(_data(item)) for item in items)
        elif type(target) is list or isinstance(target, deque):
            target.extend(map(_data, items))
        else:
            raise FileFormatError(f"its pickle appends to a {type(target).__name__}")

    def set_state(self) -> None:
        """The opcode BUILD."""
        state = _plain(self.stack.pop())
        for part in state if isinstance(state, tuple) else (state,):
            self.charge_copy(part)
        self.build(self.stack[-1], state)

    def remember(self, index: int) -> None:
        """Give the value on top of the stack a number."""
        self.memo[index] = self.stack[-1]

    def name(self, module: str, name: str) -> Any:
        """What a name stands for."""
        return self.find(f"{_PYTHON_2.get(module, module)}.{name}")


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Named) else value


def _data(value: Any) -> Any:
    """The value, if it is none that only stands in calls."""
    value = _plain(value)
    if isinstance(value, Named):
        raise FileFormatError(f"its pickle has {value.path} where data should be")
    return value


def checked_key(key: Any) -> Any:
    """A key of a dict, or an element of a set, that can be hashed soon."""
    waiting, seen = [key], 0
    while waiting:
        value = waiting.pop()
        if type(value) is int and value not in KEYS:
            raise FileFormatError("its pickle has a key that is an int of more than 64 bits")
        if isinstance(value, tuple | frozenset):
            seen += len(value)
            if seen > _KEY:
                raise FileFormatError(f"its pickle has a key of more than {_KEY:,} values")
            waiting += value
    return key


def brief(value: Any) -> str:
    """A value as a message shows it; of nested ones, whose text may be longer than memory, the type."""
    if isinstance(value, tuple) and len(value) <= 64:
        return f"({', '.join(str(item) if type(item) is int and item in KEYS else type(item).__name__ for item in value)})"
    return shortened(value) if isinstance(value, int | float | str) else f"<{type(value).__name__}>"


_PYTHON_2 = {"__builtin__": "builtins", "copy_reg": "copyreg"}
_STOP = ord(".")


def _pushes(value: Callable[[Reader], Any]) -> Callable[[Reader], None]:
    def action(reader: Reader) -> None:
        made = value(reader)  # which may change which stack it is
        reader.stack.append(made)

    return action


def _tuple_of(count: int) -> Callable[[Reader], None]:
    def action(reader: Reader) -> None:
        stack = reader.stack
        if len(stack) < count:
            raise IndexError
        stack[-count:] = [tuple(map(_plain, stack[-count:]))]

    return action


def _text(size: int) -> Callable[[Reader], None]:
    return _pushes(lambda r: r.take(r.number(size)).decode("utf-8", "surrogatepass"))


def _bytes(size: int) -> Callable[[Reader], None]:
    return _pushes(lambda r: r.take(r.number(size)))


def _old_text(size: int) -> Callable[[Reader], None]:
    def value(reader: Reader) -> Any:
        text = reader.take(reader.number(size))
        return text if reader.encoding == "bytes" else text.decode(reader.encoding)

    return _pushes(value)


def _mark(reader: Reader) -> None:
    reader.below.append(reader.stack)
    reader.stack = []


def _pop_two(reader: Reader) -> tuple[Any, Any]:
    second = reader.stack.pop()
    return reader.stack.pop(), second


def _pair(reader: Reader) -> None:
    reader.set_entries(list(_pop_two(reader)))


def _one(reader: Reader) -> None:
    item = reader.stack.pop()
    reader.add([item])


_ACTIONS: dict[int, Callable[[Reader], Any]] = {
    ord(code): action
    for code, action in {
        "\x80": lambda r: r.take(1),  # the protocol
        "\x95": lambda r: r.take(8),  # the length of a frame
        "N": _pushes(lambda r: None),
        "\x88": _pushes(lambda r: True),
        "\x89": _pushes(lambda r: False),
        "K": _pushes(lambda r: r.number(1)),
        "M": _pushes(lambda r: r.number(2)),
        "J": _pushes(lambda r: int.from_bytes(r.take(4), "little", signed=True)),
        "\x8a": _pushes(lambda r: int.from_bytes(r.take(r.number(1)), "little", signed=True)),
        "\x8b": _pushes(lambda r: int.from_bytes(r.take(r.number(4)), "little", signed=True)),
        "G": _pushes(lambda r: struct.unpack(">d", r.take(8))[0]),
        "X": _text(4),
        "\x8c": _text(1),
        "\x8d": _text(8),
        "U": _old_text(1),
        "T": _old_text(4),
        "C": _bytes(1),
        "B": _bytes(4),
        "\x8e": _bytes(8),
        "\x96": _pushes(lambda r: bytearray(r.take(r.number(8)))),
        ")": _pushes(lambda r: ()),
        "]": _pushes(lambda r: []),
        "}": _pushes(lambda r: {}),
        "\x8f": _pushes(lambda r: set()),
        "(": _mark,
        "t": _pushes(lambda r: tuple(map(_plain, r.items()))),
        "l": _pushes(lambda r: list(map(_data, r.items()))),
        "\x91": _pushes(lambda r: frozenset(checked_key(_data(item)) for item in r.items())),
        "\x85": _tuple_of(1),
        "\x86": _tuple_of(2),
        "\x87": _tuple_of(3),
        "a": _one,
        "e": lambda r: r.add(r.items()),
        "\x90": lambda r: r.add(r.items()),
        "s": _pair,
        "u": lambda r: r.set_entries(r.items()),
        "q": lambda r: r.remember(r.number(1)),
        "r": lambda r: r.remember(r.number(4)),
        "\x94": lambda r: r.remember(len(r.memo)),
        "h": _pushes(lambda r: r.memo[r.number(1)]),
        "j": _pushes(lambda r: r.memo[r.number(4)]),
        "0": lambda r: r.stack.pop(),
        "1": lambda r: r.items(),
        "c": _pushes(lambda r: r.name(r.line(), r.line())),
        "\x93": _pushes(lambda r: r.name(*_pop_two(r))),
        "R": _pushes(lambda r: r.call(*_pop_two(r))),
        "\x81": _pushes(lambda r: r.call(*_pop_two(r), new=True)),
        "Q": _pushes(lambda r: r.stored(r.stack.pop())),
        "b": lambda r: r.set_state(),
    }.items()
}
