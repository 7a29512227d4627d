"""What a Python function is made of: its syntax, its parameters, and what its names mean outside of it."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind: TypeAlias = Literal["bool", "int", "float"]
Number: TypeAlias = bool | int | float

_MARK: Final = "_tiered"
LEAST_INT: Final = -(1 << 63)
MOST_INT: Final = (1 << 63) - 1


class NotNumericError(Exception):
    """A function has no compiled form; ``line`` is 0 where no one line is the reason."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class Site(NamedTuple):
    """A check of compiled code that may not hold: its place, and what has happened then."""

    file: str
    line: int
    reason: str


class Held(NamedTuple):
    """A name of the function's surroundings whose value is part of the compiled code: ``owner[name]``, or an attribute."""

    name: str
    value: Any
    owner: Any
    attribute: str = ""

    def reading(self, owner: str) -> str:
        """The expression that reads it, with the name of the owner."""
        return f"{owner}.{self.attribute}" if self.attribute else f"{owner}[{self.name!r}]"

    def stands(self) -> bool:
        """Whether the name still means the same."""
        try:
            now = getattr(self.owner, self.attribute) if self.attribute else self.owner[self.name]
        except (AttributeError, KeyError, ValueError):
            return False
        return now is self.value


class Source(NamedTuple):
    """A function's file, name, parameters and statements; lines of the tree are those of the file."""

    function: FunctionType
    file: str
    name: str
    parameters: tuple[str, ...]
    body: Sequence[ast.stmt]
    line: int


def kind_of(value: object) -> Kind | None:
    """The kind of a value of exactly one of the three types, and for ints within 64 bits."""
    if type(value) is int:
        return "int" if LEAST_INT <= value <= MOST_INT else None
    if type(value) is float:
        return "float"
    return "bool" if type(value) is bool else None


def mark_tiered(made: Any, plain: object) -> None:
    """Note that a function stands for another one, with the same answers."""
    made.__wrapped__ = plain
    setattr(made, _MARK, made)  # what wraps it has a copy of its attributes, and is another one


def is_tiered(function: object) -> bool:
    """Whether a function stands for another one, with the same answers."""
    return getattr(function, _MARK, None) is function


def plain_of(function: FunctionType) -> FunctionType:
    """The plain function that one stands for; any other is itself, whatever it wraps."""
    if not is_tiered(function):
        return function
    plain: FunctionType = vars(function)["__wrapped__"]
    return plain


def parameters_of(function: object) -> tuple[str, ...]:
    """The parameters of an ordinary function. Raises ``NotNumericError`` for others."""
    if not isinstance(function, FunctionType):
        raise NotNumericError("it is not a function that `def` made")
    flags = function.__code__.co_flags
    if flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        raise NotNumericError("it is a generator or a coroutine", function.__code__.co_firstlineno)
    if flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        raise NotNumericError("it takes any number of arguments", function.__code__.co_firstlineno)
    count = function.__code__.co_argcount + function.__code__.co_kwonlyargcount
    return function.__code__.co_varnames[:count]


def read_source(function: object) -> Source:
    """The syntax of a function. Raises ``NotNumericError`` where it cannot be read."""
    parameters = parameters_of(function)
    assert isinstance(function, FunctionType)
    try:
        # Of the code itself: of a function, `inspect` would find what it wraps.
        lines, first = inspect.getsourcelines(function.__code__)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        raise NotNumericError("its source cannot be read") from None
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.FunctionDef):
        raise NotNumericError("it is not written as one `def`", first)
    ast.increment_lineno(tree, first - 1)
    definition = tree.body[0]
    file = function.__code__.co_filename
    return Source(function, file, function.__name__, parameters, definition.body, definition.lineno)


def outside(source: Source, name: str, line: int) -> Held:
    """What a name that is no local means: a variable of an enclosing function, a global or a builtin."""
    function: Any = source.function
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    if name in cells:
        try:
            return Held(name, cells[name].cell_contents, cells[name], "cell_contents")
        except ValueError:
            raise NotNumericError(f"`{name}` has no value yet", line) from None
    space: dict[str, Any] = function.__globals__
    if name in space:
        return Held(name, space[name], space)
    if hasattr(builtins, name):
        return Held(name, getattr(builtins, name), builtins, name)
    raise NotNumericError(f"`{name}` has no value", line)
