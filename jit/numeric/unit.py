"""A numeric function and all that it calls as one text for the compiler, for given kinds of arguments.

Each function gives a status and a value: 0, or the number of the check that did not hold (``sites``, number 1 first). Then the call
has to be run by Python, which gives the right value or the right exception.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hyper.jit.numeric.source import Held, NotNumericError, Site, read_source
from hyper.jit.numeric.statements import Statements
from hyper.jit.numeric.writing import Writer, constant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FunctionType

    from hyper.jit.numeric.source import Kind, Number, Source

_MOST_LINES: Final = 4_000
"""Lines from which on compiling takes longer than anyone waits."""
ZEROS: Final[dict[Kind, Number]] = {"bool": False, "int": 0, "float": 0.0}


class Made(NamedTuple):
    """A function of the unit: its name there, the kinds of its parameters, the kind of its result, and its text."""

    name: str
    kinds: tuple[Kind, ...]
    result: Kind
    text: str


class Unit:
    """``main`` comes last of ``functions``; ``held`` are the names of the surroundings that the text depends on."""

    def __init__(
        self,
        function: FunctionType,
        kinds: tuple[Kind, ...],
        constants: Mapping[int, Number] | None = None,
    ) -> None:
        """``constants`` are values of parameters by their place. Raises ``NotNumericError``."""
        self.constants = dict(constants or {})
        self.sites: list[Site] = []
        self.held: list[Held] = []
        self.functions: list[Made] = []
        self._numbers: dict[tuple[str, int, str], int] = {}
        self._made: dict[tuple[FunctionType, tuple[Kind, ...]], Made] = {}
        self._running: list[FunctionType] = []
        self._lines = 0
        self.main = self._make(function, kinds, self.constants)

    def site(self, source: Source, line: int, reason: str) -> int:
        """The number of a check."""
        key = (source.file, line, reason)
        if key not in self._numbers:
            self.sites.append(Site(source.file, line, reason))
            self._numbers[key] = len(self.sites)
        return self._numbers[key]

    def hold(self, held: Held) -> None:
        """Compiled code is only right while a name means this."""
        known = {(each.name, id(each.value)) for each in self.held}
        if (held.name, id(held.value)) not in known:
            self.held.append(held)

    def callee(
        self, function: FunctionType, kinds: tuple[Kind, ...], line: int
    ) -> tuple[str, Kind]:
        """The name and the kind of the result of another function."""
        if (function, kinds) not in self._made:
            if function in self._running:
                raise NotNumericError(f"`{function.__name__}` calls itself", line)
            try:
                self._make(function, kinds, {})
            except NotNumericError as error:
                reason = f"`{function.__name__}`: {error.reason}"
                raise NotNumericError(f"{reason} (line {error.line})", line) from None
        made = self._made[function, kinds]
        return made.name, made.result

    def _make(
        self, function: FunctionType, kinds: tuple[Kind, ...], constants: Mapping[int, Number]
    ) -> Made:
        source = read_source(function)
        if len(kinds) != len(source.parameters):
            raise NotNumericError(f"`{source.name}` is given {len(kinds)} arguments", source.line)
        self._running.append(function)
        writer = Writer()
        statements = Statements(self, source, writer)
        for place, (name, kind) in enumerate(zip(source.parameters, kinds, strict=True)):
            text = f"p_{name}"
            if place in constants:
                fixed = constant(constants[place], source.line).text
                other = f"{text} != {fixed}"
                if kind == "float":
                    other += f" or math.copysign(1.0, {text}) != math.copysign(1.0, {fixed})"
                reason = f"`{name}` is not {constants[place]!r}, as it was"
                writer.check(other, self.site(source, source.line, reason))
                text = fixed
            statements.let(name, text, kind)
        statements.function(source.body)
        self._running.pop()
        if statements.result is None:
            raise NotNumericError("it never gives a value", source.line)
        self._lines += len(writer.lines)
        if self._lines > _MOST_LINES:
            raise NotNumericError("more steps than are compiled", source.line)
        name = f"f{len(self.functions)}_{source.name}"
        head = f"def {name}({', '.join(f'p_{each}' for each in source.parameters)}):"
        zero = repr(ZEROS[statements.result])
        lines = [line.replace("?", zero) for line in writer.lines]
        made = Made(name, kinds, statements.result, "\n".join([head, *lines, ""]))
        self.functions.append(made)
        self._made[function, kinds] = made
        return made
