"""Rows out of columns as values of the language, and values as the results of rows."""

from __future__ import annotations

import base64
import itertools
import json
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from hyper.ir.interpreter import EnumValue, InputError, Record
from hyper.ir.interpreter.iso import show_duration
from hyper.ir.interpreter.json_out import show_float
from hyper.ir.program import EntityDef, EnumDef
from hyper.ir.types import Entity, Enum, ListOf, Lit, Opt
from hyper.jit.columns.formats import number_at
from hyper.jit.columns.lists import Cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.engine.batch.layout import Layout
    from hyper.ir.interpreter import Interpreter
    from hyper.ir.kinds import Kinds
    from hyper.ir.program import FieldDef
    from hyper.ir.types import Type
    from hyper.jit.columns.binding import Bound, Parts
    from hyper.jit.columns.formats import Array
    from hyper.jit.columns.texts import Texts
    from hyper.jit.kernel.ir import Format, Meaning

    At = Callable[[int], Any]
    """The value at an index of a column."""

EPOCH: Final = date(1970, 1, 1).toordinal()
_EXACT: Final = Context(prec=60)
_GONE: Final = object()
"""A place that the function does not read."""
_ANY: Final[dict[Meaning, Any]] = {
    "bool": False,
    "int": 0,
    "float": 0.0,
    "date": date(1970, 1, 1),
    "text": "",
}


def value_of(array: Array, place: int, form: Format, texts: Texts) -> Any:
    """One number as Python has the value; a label as its wire value."""
    match form.meaning:
        case "bool":
            return bool(array[place])
        case "float":
            return float(array[place])
        case "date":
            return date.fromordinal(int(array[place]) + EPOCH)
        case "decimal":
            return decimal_of(number_at(array, place), form.scale)
        case "label":
            return form.labels[int(array[place])]
        case "text":
            return texts.names[int(array[place])]
        case _:
            return int(array[place])


def decimal_of(units: int, scale: int) -> Decimal:
    """Units of 10**-scale as a decimal with its scale."""
    return Decimal(units).scaleb(-scale, _EXACT)


class Decoder:
    """Makes the arguments of rows out of bound columns."""

    def __init__(self, layout: Layout, interpreter: Interpreter, kinds: Kinds) -> None:
        self._layout = layout
        self._interpreter = interpreter
        self._kinds = kinds
        self._places: dict[tuple[Parts, bool], int] = {}
        for place, (parts, column) in enumerate(zip(layout.parts, layout.columns, strict=True)):
            if column.role != "whole":
                self._places[parts, column.format.meaning == "offset"] = place
        self._unneeded = {
            (parts, column.format.meaning == "offset"): column.format
            for column, parts in layout.unneeded
            if column.role != "whole"
        }
        self.complete = layout.native is None or all(
            self._is_complete(kind, (name,), ()) for name, kind in layout.params
        )
        """Whether every entity has all of its fields, so that it can be built."""

    def _is_complete(self, kind: Type, parts: Parts, around: tuple[str, ...]) -> bool:
        kind = self._kinds.present(kind)
        if isinstance(kind, ListOf):
            return self._is_complete(kind.item, (*parts, "[]"), around)
        if not isinstance(kind, Entity) or (parts, False) in self._places or kind.name in around:
            return True
        entity = self._interpreter.program.definitions[kind.name]
        assert isinstance(entity, EntityDef)
        return all(
            self._reads((*parts, field.name))
            and self._is_complete(field.type, (*parts, field.name), (*around, kind.name))
            for field in entity.fields
        )

    def _reads(self, parts: Parts) -> bool:
        known = itertools.chain(self._places, self._unneeded)
        return any(path[: len(parts)] == parts for path, _ in known)

    def rows(self, bound: Bound, texts: Texts, now: datetime) -> Callable[[int], list[Any]]:
        """The arguments of a row. Raises ``InputError`` and ``EvaluationError``."""
        reader = _RowReader(self, bound, texts)
        makers = [
            (name, reader.maker(kind, (name,)), self._argument_check(kind))
            for name, kind in self._layout.params
        ]

        def arguments(row: int) -> list[Any]:
            found = []
            self._interpreter.begin(now)
            for name, make, check in makers:
                try:
                    value = make(row)
                except InputError as error:
                    raise error.inside(name) from None
                value = None if value is _GONE else value
                wrong = check(value) if check is not None else None
                if wrong is not None:
                    raise InputError(wrong, "domain").inside(name)
                found.append(value)
            return found

        return arguments

    def _argument_check(self, kind: Type) -> Callable[[Any], str | None] | None:
        """Native columns were checked as columns."""
        if self._layout.native is not None:
            return None
        return self._interpreter.records.constraints.check(kind)

    def place(self, parts: Parts, *, offsets: bool = False) -> int | None:
        """The column at a path."""
        return self._places.get((parts, offsets))

    def unneeded(self, kind: Type, parts: Parts, *, offsets: bool = False) -> Any:
        """A value for a place that the function reads in Python, where any of its type gives the same result or error: a place that
        anything which can fail depends on is needed. ``_GONE`` for one that is not read at all."""
        form = self._unneeded.get((parts, offsets))
        if form is None:
            return _GONE
        if isinstance(kind, Lit):
            return kind.value
        if form.meaning == "decimal":
            return decimal_of(0, form.scale)
        return _ANY.get(form.meaning)

    def stands_in(self, parts: Parts) -> bool:
        """Whether any value of its type stands at a place."""
        return (parts, False) in self._unneeded and (parts, False) not in self._places

    def fitting(self, field: FieldDef, value: Any) -> Any:
        """A value that stands for any of a field, as its markers allow: a record that is changed is checked with all that it has.
        Where none is at hand it is ``_GONE``, and the record not complete."""
        check = self._interpreter.records.constraints.check(field.type, field.markers)
        if check is None or value is None or value is _GONE:
            return value
        known = field.markers
        others = [type(value)(each) for each in (known.minimum, known.maximum) if each is not None]
        if isinstance(value, str):
            others.append("x" * (known.min_length or 0))
        for each in (value, *others):
            if check(each) is None:
                return each
        self.complete = False
        return _GONE

    def reads(self, parts: Parts) -> bool:
        """Whether any column is at a path or beneath it, be it needed or not."""
        return self._reads(parts)

    @property
    def layout(self) -> Layout:
        """The columns."""
        return self._layout

    @property
    def interpreter(self) -> Interpreter:
        """The definition of values."""
        return self._interpreter

    @property
    def kinds(self) -> Kinds:
        """Types looked through."""
        return self._kinds


class _RowReader:
    """Functions that make the values of one binding."""

    def __init__(self, decoder: Decoder, bound: Bound, texts: Texts) -> None:
        self._decoder = decoder
        self._bound = bound
        self._texts = texts

    def maker(self, kind: Type, parts: Parts) -> At:
        kinds = self._decoder.kinds
        bare = kinds.bare(kind)
        flag = self._decoder.place((*parts, "?"))
        inner = self._present(kinds.present(bare), parts)
        if flag is None:
            return inner
        flags = self._bound.arrays[flag]
        return lambda index: inner(index) if flags[index] else None

    def _present(self, kind: Type, parts: Parts) -> At:
        place = self._decoder.place(parts)
        if place is not None and place in self._decoder.layout.opaque:
            return self._opaque(kind, self._bound.objects.get(place, []))
        if isinstance(kind, Entity):
            return self._record(kind.name, parts)
        if isinstance(kind, ListOf):
            return self._list(kind, parts)
        members: list[EnumValue] = []
        if isinstance(kind, Enum):
            definition = self._decoder.interpreter.program.definitions[kind.name]
            assert isinstance(definition, EnumDef)
            members = [EnumValue(kind.name, each.name, each.wire) for each in definition.members]
        if place is None:
            any_value = self._decoder.unneeded(kind, parts)
            if members and any_value is not _GONE:
                any_value = members[0]
            return lambda _index: any_value
        array, texts = self._bound.arrays[place], self._texts
        if members:
            return lambda index: members[array[index]]
        form = self._decoder.layout.columns[place].format
        return lambda index: value_of(array, index, form, texts)

    def _opaque(self, kind: Type, values: list[Any]) -> At:
        reader = self._decoder.interpreter.reader

        def make(index: int) -> Any:
            if values[index] is None and not isinstance(kind, Opt):
                raise InputError("this value is missing")
            value = values[index]
            try:
                return reader.read(as_json(value), kind)
            except InputError:
                if not isinstance(value, Cell):
                    raise
                # What is no text in JSON stands in a cell as JSON.
                try:
                    parsed = json.loads(value)
                except (ValueError, RecursionError):
                    parsed = None
                if parsed is None:
                    raise
            return reader.read(parsed, kind)

        return make

    def _record(self, name: str, parts: Parts) -> At:
        entity = self._decoder.interpreter.program.definitions[name]
        assert isinstance(entity, EntityDef)
        makers = [
            (field.name, self._field(field, (*parts, field.name)))
            for field in entity.fields
            if self._decoder.reads((*parts, field.name))
        ]
        if self._decoder.layout.native is not None:
            return lambda index: Record(
                name,
                {field: value for field, make in makers if (value := make(index)) is not _GONE},
            )
        gaps = {
            field.name
            for field in entity.fields
            if (field.optional or field.default is not None)
            and not isinstance(self._decoder.kinds.bare(field.type), Opt)
        }
        records = self._decoder.interpreter.records

        def make(index: int) -> Any:
            given = {}
            for field, each in makers:
                try:
                    value = each(index)
                except InputError as error:
                    raise error.inside(field) from None
                if value is not None or field not in gaps:
                    given[field] = value
            return records.build_from_input(name, given, {})

        return make

    def _field(self, field: FieldDef, parts: Parts) -> At:
        make = self.maker(field.type, parts)
        if not self._decoder.stands_in(parts):
            return make
        value = self._decoder.fitting(field, make(0))
        return lambda _index: value

    def _list(self, kind: ListOf, parts: Parts) -> At:
        place = self._decoder.place(parts, offsets=True)
        if place is None:
            named = self._decoder.unneeded(kind, parts, offsets=True) is not _GONE
            return lambda _index: [] if named else _GONE
        offsets = self._bound.arrays[place]
        item = self.maker(kind.item, (*parts, "[]"))

        def make(index: int) -> list[Any]:
            found = [item(each) for each in range(int(offsets[index]), int(offsets[index + 1]))]
            return [None if each is _GONE else each for each in found]

        return make


def as_json(value: Any) -> Any:
    """A value of a table as JSON has it."""
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case timedelta():
            return show_duration(value)
        case UUID():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case dict():
            return {str(key): as_json(item) for key, item in value.items()}
        case list() | tuple():
            return [as_json(item) for item in value]
        case _ if hasattr(value, "item"):  # a number of NumPy
            return value.item()
        case _:
            return value


def result_json(value: Any) -> Any:
    """A result as JSON has it: a float that JSON has no number for is the text that the package writes."""
    match value:
        case float():
            return show_float(value)
        case dict():
            return {str(key): result_json(item) for key, item in value.items()}
        case list() | tuple():
            return [result_json(item) for item in value]
        case _:
            made = as_json(value)
            return show_float(made) if isinstance(made, float) else made


def plain(value: Any) -> Any:
    """A value of the language as Python has it: records as dicts, enums as their wire values."""
    match value:
        case Record():
            return {name: plain(item) for name, item in value.fields.items()}
        case EnumValue():
            return value.wire
        case list():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case _:
            return value


def at_path(value: Any, steps: Parts) -> Any:
    """A part of a result as ``plain`` gives it; ``None`` where one around it is not there."""
    for step in steps:
        if step == "?":
            return value is not None
        if value is None:
            return None
        value = value.get(step)
    return value
