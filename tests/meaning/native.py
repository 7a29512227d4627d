"""A program in kernels: values of tier 0 into columns, and what comes out back into values."""

from __future__ import annotations

import math
import struct
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from hyper.emit.native.slots import Fields, One, Option
from hyper.emit.native.unit import Native, Unit
from hyper.emit.native.values import NotNative
from hyper.emit.native.weights import NO_WEIGHTS, Weights
from hyper.ir.interpreter import Interpreter
from hyper.ir.interpreter.values import EnumValue, Record
from hyper.ir.program import CalcDef, EntityDef, EnumDef, RuleDef, TableDef
from hyper.jit.batch import DTYPES
from hyper.jit.kernel.verify import verify
from hyper.jit.llvm.module import module_text
from hyper.jit.llvm.target import Compiler
from hyper.lang.types import Enum
from tests.meaning.tiers import form

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from hyper.emit.native.slots import Slot
    from hyper.ir.program import Program
    from hyper.jit.kernel import ir
    from hyper.jit.llvm.target import Loaded, OptLevel, Processor

EPOCH: Final = date(1970, 1, 1)
EXACT: Final = Context(prec=80)
GUARDED: Final = ("guarded",)
"""The outcome of a row that a kernel leaves to a lower tier."""


class Columns(NamedTuple):
    """Rows as memory, with the codes of their texts."""

    rows: Sequence[Sequence[Any]]
    """Kept, so that no other rows are taken for these."""
    arrays: list[np.ndarray[Any, Any]]
    codes: dict[str, int]


class Kernels:
    """The functions of a program that have a native form. ``refused`` are the others. Each compilation is made once."""

    def __init__(
        self,
        program: Program,
        names: Sequence[str] | None = None,
        weights: Weights = NO_WEIGHTS,
    ) -> None:
        self.program = program
        self.interpreter = Interpreter(program, steps=2_000_000, size=64 * 2**20)
        self.source = Unit(program, weights)
        self.natives: dict[str, Native] = {}
        self.refused: dict[str, NotNative] = {}
        for name in _functions(program) if names is None else names:
            try:
                self.natives[name] = self.source.native(name)
            except NotNative as found:
                self.refused[name] = found
        self.unit = self.source.unit(self.natives)
        assert verify(self.unit) == []
        self._kernels = {kernel.function: kernel for kernel in self.unit.kernels}
        self._text = module_text(self.unit)
        self._codes = {text: code for code, text in enumerate(self.unit.texts)}
        self._loaded: dict[tuple[Processor, OptLevel], Loaded] = {}
        self._columns: dict[tuple[str, datetime, tuple[int, ...]], Columns] = {}

    def kernel(self, name: str) -> ir.Kernel:
        """The kernel of a function."""
        return self._kernels[name]

    def loaded(self, processor: Processor, level: OptLevel) -> Loaded:
        """All of them in memory."""
        key = processor, level
        if key not in self._loaded:
            self._loaded[key] = Compiler(*key).load(self._text)
        return self._loaded[key]

    def columns(self, name: str, rows: Sequence[Sequence[Any]], now: datetime) -> Columns:
        """The columns of rows, each of which has the arguments in order."""
        key = name, now, tuple(map(id, rows))
        if key not in self._columns:
            native, kernel = self.natives[name], self._kernels[name]
            names = [param for param, _ in self.interpreter.params(name)]
            given = [dict(zip(names, row, strict=True)) for row in rows]
            # One code for a text in all batches: what they leave in memory is compared.
            arrays = [
                packed(column, gathered(column, parts, given, self._codes, now))
                for column, parts in zip(kernel.columns, native.parts, strict=True)
            ]
            self._columns[key] = Columns(rows, arrays, self._codes)
        return self._columns[key]

    def failed(self, status: int) -> Any:
        """The outcome of a status that is not 0."""
        if status < 0:
            assert self.unit.sites[-status - 1].code == "guard"
            return GUARDED
        site = self.unit.sites[status - 1]
        if site.code == "refused":
            return ("refused", site.message)
        return ("error", site.code, site.file, site.line)

    def outcome(
        self, name: str, args: Sequence[Any], leaves: Sequence[Any], codes: dict[str, int]
    ) -> Any:
        """The outcome of the numbers that a kernel gave for these arguments, in the form of ``tiers.outcome``."""
        outputs = _Outputs(self._kernels[name].outputs, leaves, list(codes))
        value = self._value(self.natives[name].slot, outputs)
        if isinstance(self.program.definitions[name], RuleDef):
            value = Record(value.entity, {**args[0].fields, **value.fields})
        return form(value)

    def _value(self, slot: Slot, outputs: _Outputs) -> Any:
        if isinstance(slot, Option):
            present = outputs.next_leaf()
            value = self._value(slot.slot, outputs)
            return value if present else None
        if isinstance(slot, Fields):
            entity = self.program.definitions[slot.entity]
            assert isinstance(entity, EntityDef)
            absent = {field.name for field in entity.fields if field.optional}
            made = {name: self._value(each, outputs) for name, each in slot.slots.items()}
            kept = {
                name: value
                for name, value in made.items()
                if name not in absent or value is not None
            }
            return Record(slot.entity, kept)
        assert isinstance(slot, One)
        return self._scalar(slot, outputs.next_leaf())

    def _scalar(self, slot: One, value: Any) -> Any:
        if not isinstance(slot.kind, Enum):
            return value
        enum = self.program.definitions[slot.kind.name]
        assert isinstance(enum, EnumDef)
        (member,) = [member for member in enum.members if member.wire == value]
        return EnumValue(slot.kind.name, member.name, member.wire)


class _Outputs:
    """The results of one row, one after another."""

    def __init__(
        self, outputs: Sequence[ir.Output], leaves: Sequence[Any], texts: list[str]
    ) -> None:
        self._waiting = list(zip(outputs, leaves, strict=True))[::-1]
        self._texts = texts

    def next_leaf(self) -> Any:
        """The next result as a value."""
        output, number = self._waiting.pop()
        match output.format.meaning:
            case "bool":
                return bool(number)
            case "date":
                # A value that is not there may be any number.
                return EPOCH + timedelta(number) if -719_162 <= number <= 2_932_896 else number
            case "decimal":
                return Decimal(number).scaleb(-output.format.scale, EXACT)
            case "label":
                labels = output.format.labels
                return labels[number] if 0 <= number < len(labels) else number
            case "text":
                return self._texts[number] if 0 <= number < len(self._texts) else number
            case "float":
                assert not math.isnan(number) or _is_quiet(number)
                return number
            case _:
                return number


def _is_quiet(nan: float) -> bool:
    """Whether arithmetic has made a NaN, and not memory that is none."""
    return bool(struct.pack(">d", nan)[1] & 8)


def _functions(program: Program) -> Iterator[str]:
    for name, definition in program.definitions.items():
        if isinstance(definition, CalcDef | TableDef | RuleDef):
            yield name


def gathered(
    column: ir.Column,
    parts: Sequence[str],
    rows: Sequence[dict[str, Any]],
    codes: dict[str, int],
    now: datetime,
) -> list[int | float]:
    """The numbers of a column. ``codes`` takes texts that it has not seen."""
    if column.role == "whole":
        return [leaf(now.date(), column.format, codes)]
    *lists, last = _segments(parts)
    level: list[Any] = list(rows)
    for path in lists:
        level = [item for value in level for item in at(value, path) or ()]
    if column.format.meaning == "offset":
        offsets = [0]
        for value in level:
            offsets.append(offsets[-1] + len(at(value, last) or ()))
        return list(offsets)
    if last[-1:] == ["?"]:
        return [int(at(value, last[:-1]) is not None) for value in level]
    return [leaf(at(value, last), column.format, codes) for value in level]


def _segments(parts: Sequence[str]) -> list[list[str]]:
    segments: list[list[str]] = [[]]
    for part in parts:
        if part == "[]":
            segments.append([])
        else:
            segments[-1].append(part)
    return segments


def at(value: Any, path: Sequence[str]) -> Any:
    """What lies at a path of fields; ``None`` where something before is not there."""
    for name in path:
        if value is None:
            return None
        value = value[name] if isinstance(value, dict) else value.fields.get(name)
    return value


def leaf(value: Any, form_: ir.Format, codes: dict[str, int]) -> int | float:
    """A value as the number of a column; 0 for what is not there."""
    if value is None:
        return 0
    match form_.meaning:
        case "date":
            return int((value - EPOCH).days)
        case "decimal":
            return int(value.scaleb(form_.scale, EXACT))
        case "label":
            return form_.labels.index(value.wire)
        case "text":
            return codes.setdefault(str(value), len(codes))
        case "bool":
            return int(value)
        case "float":
            return float(value)
        case _:
            return int(value)


def packed(column: ir.Column, numbers: list[int | float]) -> np.ndarray[Any, Any]:
    """Numbers as memory; of no numbers one item, so that it has an address."""
    if column.storage == "i128":
        words = [[int(number) & (2**64 - 1), int(number) >> 64 & (2**64 - 1)] for number in numbers]
        return np.array(words or [[0, 0]], np.uint64).view("<i8")
    return np.array(numbers or [0], DTYPES[column.storage])


def unpacked(out: np.ndarray[Any, Any], row: int) -> Any:
    """The number of a row."""
    item = out[row]
    if out.ndim > 1:
        return int(item[1]) << 64 | int(item[0]) & (2**64 - 1)
    return item.item()
