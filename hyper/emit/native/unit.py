"""The functions of a program as one unit of kernels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from hyper.emit.native.constants import constants
from hyper.emit.native.expressions import Expressions
from hyper.emit.native.functions import Functions
from hyper.emit.native.markers import MarkerChecks
from hyper.emit.native.places import PRESENCE, Place, PlacedItems, Places, layout, scalar, shown
from hyper.emit.native.places import definition as field_of
from hyper.emit.native.sites import Sites
from hyper.emit.native.slots import Fields, One, Option, Slot
from hyper.emit.native.values import (
    Changed,
    Decimal,
    Items,
    Made,
    Maybe,
    MoreDigits,
    Nothing,
    NotNative,
    Record,
    Scalar,
    Value,
)
from hyper.emit.native.weights import NO_WEIGHTS, Weights
from hyper.ir.kinds import Kinds
from hyper.ir.program import CalcDef, ExternDef, ParamDef, RuleDef, TableDef
from hyper.ir.types import Entity, ListOf, MapOf
from hyper.jit.kernel import ir
from hyper.jit.kernel.builder import FALSE, Builder, TooLarge, floating, integer
from hyper.jit.kernel.liveness import Liveness
from hyper.jit.kernel.specialise import Special, specialised
from hyper.jit.kernel.verify import is_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hyper.emit.native.places import Parts
    from hyper.ir.program import Program
    from hyper.jit.kernel.ir import Operand

_MOST_ATTEMPTS: Final = 8
MOST_STEPS: Final = 50_000
"""Steps of a kernel from which on compiling it takes longer than anyone waits."""


@dataclass(frozen=True, slots=True)
class Native:
    """A function that has a native form. ``columns`` are in the order of its parameters, ``parts`` their paths."""

    function: ir.Function
    columns: tuple[ir.Column, ...]
    parts: tuple[tuple[str, ...], ...]
    outputs: tuple[ir.Output, ...]
    slot: Slot
    """How the results make a value; of a rule, the fields that it writes."""
    unneeded: tuple[tuple[ir.Column, Parts], ...] = ()
    """Columns, with their paths, that the function names and that no result, error or guard depends on. Who runs the function by
    other means may give any values of their types."""
    bodies: ir.Bodies | None = None
    """Of a function that is specialised."""


class Unit:
    """Makes the kernels of one program; each function once. ``weights`` are what a profile tells of its branches."""

    def __init__(self, program: Program, weights: Weights = NO_WEIGHTS) -> None:
        self.program = program
        self.weights = weights
        self.kinds = Kinds(program)
        self.sites = Sites()
        self.markers = MarkerChecks(program)
        self._texts: dict[str, int] = {}
        self._special: dict[str, Special] = {}
        self._made: dict[str, Native | NotNative] = {}
        self._functions: dict[str, ir.Function] = {}
        """All that can be called, by name: of native functions, too, those forms of which only some results are needed."""
        self._restricted: dict[tuple[str, frozenset[int]], tuple[ir.Function, tuple[int, ...]]] = {}

    def text(self, value: str) -> int:
        """The code of a text that the program names."""
        return self._texts.setdefault(value, len(self._texts))

    def native(self, name: str) -> Native:
        """A function as a kernel. Raises ``NotNative``, with the place of what has no native form."""
        if name not in self._made:
            try:
                self._made[name] = self._make(name)
            except NotNative as found:
                self._made[name] = found.again()
        made = self._made[name]
        if isinstance(made, NotNative):
            raise made.again()
        return made

    def unit(self, names: Iterable[str], *, rows: bool = True) -> ir.Unit:
        """The kernels of these functions, all native, with all that they call. Without ``rows`` there is nothing that only rows
        need."""
        chosen = [self.native(name) for name in names]
        called: dict[str, ir.Function] = {}
        for native in chosen:
            if rows and native.bodies is not None:
                self._reach(self._functions[native.bodies.held], called)
            self._reach(native.function, called)
        kernels = tuple(
            ir.Kernel(
                native.function.name,
                native.columns,
                native.outputs,
                native.bodies if rows else None,
            )
            for native in chosen
        )
        return ir.Unit(tuple(called.values()), kernels, self.sites.all(), tuple(self._texts))

    def _reach(self, function: ir.Function, reached: dict[str, ir.Function]) -> None:
        if function.name in reached:
            return
        for name in sorted(ir.calls(function.body)):
            self._reach(self._functions[name], reached)
        reached[function.name] = function

    def _make(self, name: str) -> Native:
        definition = self.program.definitions[name]
        if not is_name(name):
            raise NotNative("a name that objects cannot have", self._path(name), definition.line)
        if isinstance(definition, ExternDef):
            raise NotNative("an extern is the user's Python", self._path(name), definition.line)
        assert isinstance(definition, CalcDef | TableDef | RuleDef), name
        self.weights.look(name, definition)
        scales: dict[tuple[tuple[str, int], str], int] = {}
        for _ in range(_MOST_ATTEMPTS):
            try:
                return self._specialised(definition, self._attempt(name, definition, scales))
            except MoreDigits as found:
                scales[found.place, found.name] = found.scale
                last = found
        raise NotNative("a variable of decimals that gets more digits each time", *last.place)

    def _specialised(self, definition: CalcDef | TableDef | RuleDef, native: Native) -> Native:
        """The same, for arguments that a profile says hardly ever changed, where that pays."""
        name = native.function.name
        known = self.weights.constants(name)
        if not known:
            return native
        if isinstance(definition, RuleDef):  # in Python its parameter has another name
            known = {f"self.{path.partition('.')[2]}": text for path, text in known.items()}
        columns = zip(native.columns, native.parts, strict=True)
        found = list(constants(columns, known, self._texts))
        given = {param: value for _, param, value in found}
        special = specialised(native.function, given, self._special, self.restricted)
        if special is None:
            return native
        self._special[name] = special
        self._functions |= {each.name: each for each in (special.held, special.general)}
        self._functions[name] = special.entry
        used = tuple((place, value) for place, param, value in found)
        bodies = ir.Bodies(special.held.name, special.general.name, used)
        return replace(native, function=special.entry, bodies=bodies)

    def _attempt(
        self,
        name: str,
        definition: CalcDef | TableDef | RuleDef,
        scales: dict[tuple[tuple[str, int], str], int],
    ) -> Native:
        """The function, with these digits after the point for variables of decimals. Raises ``MoreDigits`` and ``NotNative``."""
        builder = Builder(name, limit=MOST_STEPS)
        builder.reorders = definition.markers.fastmath
        places = Places(self.program, self.kinds, builder)
        expressions = Expressions(self, builder, places, scales)
        path, before = self._path(name), (self.sites.file, self.sites.line)
        self.sites.file, self.sites.line = path, definition.line
        try:
            args = [places.value(param.type, Place((param.name,))) for param in _params(definition)]
            value = Functions(expressions).value(definition, path, args)
            return self._finished(definition, expressions, value)
        except NotNative as found:
            if not found.line:
                found.file, found.line = path, definition.line
            raise
        except TooLarge:
            raise NotNative("more steps than are compiled", path, definition.line) from None
        except RecursionError:
            raise NotNative("expressions nested too deeply", path, definition.line) from None
        finally:
            self.sites.file, self.sites.line = before

    def _path(self, name: str) -> str:
        return self.program.home[name].path

    def _finished(
        self, definition: CalcDef | TableDef | RuleDef, expressions: Expressions, value: Value
    ) -> Native:
        slots = expressions.slots
        slot: Slot
        if isinstance(definition, RuleDef):
            assert isinstance(value, Changed)
            written = {}
            for name, given in value.fields.items():
                field = field_of(self.program, value.entity, name)
                optional = field.optional and field.default is None
                written[name] = slots.of_type(field.type, optional=optional)
                slots.store(written[name], given)
            slot = Fields(value.entity, written)
        else:
            slot = slots.of_type(definition.returns)
            slots.store(slot, value)
        leaves = list(_leaves((), slot))
        builder, places = expressions.builder, expressions.places
        outputs = tuple(self._output(parts, leaf) for parts, leaf in leaves)
        operands = [builder.get(leaf if isinstance(leaf, int) else leaf.var) for _, leaf in leaves]
        return self._needed(builder.finish(operands), places, outputs, slot)

    def _needed(
        self, whole: ir.Function, places: Places, outputs: tuple[ir.Output, ...], slot: Slot
    ) -> Native:
        """The function without the columns that nothing needs. Arguments that are values themselves stay: they are given, and
        checked, as they are declared."""
        live = Liveness(whole, range(len(outputs)), self.restricted)
        kept: list[tuple[ir.Column, Parts]] = []
        unneeded: list[tuple[ir.Column, Parts]] = []
        params: list[int] = []
        first = 0
        for column, parts in zip(places.columns, places.parts, strict=True):
            own = range(first, first + (2 if column.role == "offsets" else 1))
            first = own.stop
            declared = column.role != "whole" and parts[1:] in {(), ("?",)}
            if declared or not live.params.isdisjoint(own):
                kept.append((column, parts))
                params += own
            else:
                unneeded.append((column, parts))
        function = live.rebuilt(whole.name, params)
        self._functions[whole.name] = function
        columns, paths = (tuple(each) for each in zip(*kept, strict=True)) if kept else ((), ())
        return Native(function, columns, paths, outputs, slot, tuple(unneeded))

    def restricted(self, name: str, results: frozenset[int]) -> tuple[ir.Function, tuple[int, ...]]:
        """A function that is called, as it is where only the results at some places are needed, with the places of its parameters
        that are needed then; the function itself where these are all."""
        key = name, results
        if key not in self._restricted:
            function = self._functions[name]
            live = Liveness(function, results, self.restricted)
            if len(live.params) < len(function.params):
                # No definition has a backtick in its name.
                shown = f"{name}`{','.join(map(str, sorted(results)))}`"
                params = sorted(live.params)
                function = self._functions[shown] = live.rebuilt(shown, params)
                self._restricted[key] = function, tuple(params)
            else:
                self._restricted[key] = function, tuple(range(len(function.params)))
        return self._restricted[key]

    def _output(self, parts: Parts, leaf: int | One) -> ir.Output:
        if isinstance(leaf, int):
            return ir.Output(shown(parts), "u8", PRESENCE)
        storage, form = layout(leaf.kind, self.program)
        return ir.Output(shown(parts), storage, form)

    def called(self, expressions: Expressions, name: str, args: list[Value]) -> Value:
        """The value of a call: of the function's own kernel, or its body made here where a list is given or comes back that is in
        no column."""
        definition = self.program.definitions[name]
        assert isinstance(definition, CalcDef | TableDef | RuleDef)
        self.weights.look(name, definition)
        if isinstance(definition, CalcDef | TableDef) and isinstance(
            self.kinds.present(definition.returns), ListOf | MapOf
        ):
            return Functions(expressions).value(definition, self._path(name), args)
        native = self.native(name)
        given = dict(zip((param.name for param in _params(definition)), args, strict=True))
        operands: list[Operand] = []
        for column, parts in zip(native.columns, native.parts, strict=True):
            passed = self._passed(expressions, column, parts, given)
            if passed is None:
                return Functions(expressions).value(definition, self._path(name), args)
            operands += passed
        results = expressions.builder.call(native.function, operands)
        value = _assembled(native.slot, list(reversed(results)))
        if isinstance(definition, RuleDef):
            assert isinstance(value, Made)
            return Changed(value.entity, expressions.record(args[0]), value.fields)
        return value

    def _passed(
        self,
        expressions: Expressions,
        column: ir.Column,
        parts: tuple[str, ...],
        given: dict[str, Value],
    ) -> list[Operand] | None:
        """The operands of one column of a call; ``None`` where the argument is no column."""
        if column.role == "whole":
            return [expressions.places.whole(parts, column.storage, column.format)]
        value = given[parts[0]]
        for place, part in enumerate(parts[1:], 1):
            if part == "?":
                return [expressions.scalars.presence(value)]
            value = value.value if isinstance(value, Maybe) else value
            if part == "[]":
                if not isinstance(value, PlacedItems) or value.places is not expressions.places:
                    return None
                rest = value.parts + parts[place + 1 :]
                return [value.places.pointer(rest, column.storage, column.format)]
            if not isinstance(value, Record):
                return None
            value = value.field(part)
        value = value.value if isinstance(value, Maybe) else value
        if column.role == "offsets":
            return [value.start, value.stop] if isinstance(value, Items) else None
        return _leaf(expressions, column, value)


def _leaves(parts: Parts, slot: Slot) -> Iterator[tuple[Parts, int | One]]:
    """The variables of a slot; of an option first the one that tells whether it is there."""
    if isinstance(slot, Option):
        yield (*parts, "?"), slot.present
        yield from _leaves(parts, slot.slot)
    elif isinstance(slot, Fields):
        for name, inner in slot.slots.items():
            yield from _leaves((*parts, name), inner)
    else:
        assert isinstance(slot, One)
        yield parts, slot


def _assembled(slot: Slot, waiting: list[int]) -> Value:
    """The value of results in the order of ``_leaves``, the last first."""
    if isinstance(slot, Option):
        present = waiting.pop()
        return Maybe(present, _assembled(slot.slot, waiting))
    if isinstance(slot, Fields):
        return Made(
            slot.entity, {name: _assembled(each, waiting) for name, each in slot.slots.items()}
        )
    assert isinstance(slot, One)
    return scalar(slot.kind, waiting.pop())


def _leaf(expressions: Expressions, column: ir.Column, value: Value) -> list[Operand] | None:
    kind = ir.KIND_OF[column.storage]
    if isinstance(value, Nothing):
        return [_ZEROS[kind]]
    if isinstance(value, Decimal):
        value = expressions.decimals.scaled_up(value, column.format.scale)
        operand = value.operand
        if expressions.builder.kind(operand) != kind:
            operand = expressions.builder.op("widen" if kind == "wide" else "narrow", kind, operand)
        return [operand]
    return [value.operand] if isinstance(value, Scalar) else None


_ZEROS: Final[dict[ir.Kind, ir.Imm]] = {
    "bool": FALSE,
    "int": integer(0),
    "wide": integer(0, "wide"),
    "float": floating(0.0),
}


def _params(definition: CalcDef | TableDef | RuleDef) -> Iterable[ParamDef]:
    if isinstance(definition, RuleDef):
        return (ParamDef("self", Entity(definition.entity)),)
    return definition.params
