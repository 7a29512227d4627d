"""Calcs, tables, rules and externs as Python callables over values."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from hyper.ir.interpreter.aggregates import AGGREGATES
from hyper.ir.interpreter.arithmetic import quantise
from hyper.ir.interpreter.statements import GOES_ON
from hyper.ir.interpreter.values import (
    EnumValue,
    EvaluationError,
    ExternFailure,
    ExternsNotLoaded,
    Record,
    Refused,
    Value,
)
from hyper.ir.program import RequireDef
from hyper.lang.types import Dec, Entity, Enum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hyper.ir.interpreter.expressions import Code, Locals
    from hyper.ir.interpreter.records import Records
    from hyper.ir.interpreter.statements import Statements
    from hyper.ir.program import CalcDef, DeriveDef, ExternDef, ParamDef, RuleDef, TableDef
    from hyper.lang.types import Type

    Function: TypeAlias = Callable[[Sequence[Value]], Value]
    ExternLoader: TypeAlias = Callable[[str], Callable[..., object]]
    """From ``package.module:function`` to the function."""
    Accept: TypeAlias = Callable[[object, Type, str], Value]
    """Checks what the extern of that target gave against its type."""
    Row: TypeAlias = tuple[list[Code], Code]


def _bound(params: tuple[ParamDef, ...]) -> Callable[[Sequence[Value]], Locals]:
    names = [param.name for param in params]
    return lambda args: dict(zip(names, args, strict=True))


def calc(definition: CalcDef, statements: Statements) -> Function:
    """A calc: its body over its parameters."""
    bind, body = _bound(definition.params), statements.block(definition.body)

    def run(args: Sequence[Value]) -> Value:
        value = body(bind(args))
        if value is GOES_ON:
            raise TypeError(f"{definition.name} ends without a value")
        return value

    return run


def _rows(definition: TableDef, statements: Statements) -> list[Row]:
    return [
        (
            [statements.expression(condition, row.line) for condition in row.conditions],
            _result(definition, place, statements),
        )
        for place, row in enumerate(definition.rows)
    ]


def _result(definition: TableDef, place: int, statements: Statements) -> Code:
    row = definition.rows[place]
    code = statements.told(statements.expression(row.result, row.line), row.line, "")
    watch, path = statements.watch, statements.path
    if watch is None:
        return code

    def run(local: Locals) -> Value:
        watch.row(path, definition, place)
        return code(local)

    return run


def _fitting(rows: list[Row], local: Locals) -> Iterator[Code]:
    for conditions, result in rows:
        if all(condition(local) for condition in conditions):
            yield result


def _no_match(definition: TableDef, path: str) -> EvaluationError:
    return EvaluationError("no_match", f"no row of {definition.name} fits", path, definition.line)


def _rank(definition: TableDef, records: Records) -> Callable[[Value], int]:
    """Where the first result of a row stands among the members of its enum."""
    shapes = records.shapes
    element = shapes.bare(definition.element)
    first: str | None = None
    if isinstance(element, Entity):
        entity = shapes.entity(element.name)
        made = getattr(definition.rows[0].result, "fields", ()) if definition.rows else ()
        first = made[0][0] if made else entity.fields[0].name
        kind = next(field.type for field in entity.fields if field.name == first)
        element = shapes.bare(kind)
    members = shapes.enum(element.name).members if isinstance(element, Enum) else ()
    places = {member.name: place for place, member in enumerate(members)}

    def rank(value: Value) -> int:
        member: EnumValue = value.fields[first] if first is not None else value
        return places[member.member]

    return rank


def _collected(definition: TableDef, rows: list[Row], path: str, records: Records) -> Function:
    bind = _bound(definition.params)
    fold = definition.policy.removeprefix("collect").strip()
    combine = AGGREGATES[fold](records.shapes.bare(definition.element)) if fold else list
    returns = records.shapes.bare(definition.returns)

    def run(args: Sequence[Value]) -> Value:
        local = bind(args)
        try:
            # All rows that fit are evaluated before the first step of the fold.
            value = combine(iter([result(local) for result in _fitting(rows, local)]))
            return quantised(value, returns) if isinstance(returns, Dec) else value
        except EvaluationError as error:
            if not error.line:
                error.file, error.line = path, definition.line
            raise

    return run


def _by_priority(definition: TableDef, rows: list[Row], path: str, records: Records) -> Function:
    bind, rank = _bound(definition.params), _rank(definition, records)

    def run(args: Sequence[Value]) -> Value:
        local = bind(args)
        values = [result(local) for result in _fitting(rows, local)]
        if not values:
            raise _no_match(definition, path)
        return min(values, key=rank)

    return run


def table(definition: TableDef, statements: Statements, path: str, records: Records) -> Function:
    """A decision table by its policy."""
    rows = _rows(definition, statements)
    if definition.policy.startswith("collect"):
        return _collected(definition, rows, path, records)
    if definition.policy == "priority":
        return _by_priority(definition, rows, path, records)
    bind = _bound(definition.params)

    def run(args: Sequence[Value]) -> Value:
        local = bind(args)
        for result in _fitting(rows, local):
            return result(local)
        raise _no_match(definition, path)

    return run


def _condition(clause: RequireDef | DeriveDef, statements: Statements) -> Code:
    code = statements.expression(clause.condition, clause.line)
    watch, path = statements.watch, statements.path
    if watch is None:
        return code

    def run(local: Locals) -> Value:
        held = code(local)
        watch.clause(path, clause, held)
        return held

    return run


def _require(
    clause: RequireDef, statements: Statements, rule: str, path: str
) -> Callable[[Record], Record]:
    condition = _condition(clause, statements)

    def run(record: Record) -> Record:
        if not condition({"self": record}):
            raise Refused(clause.message, rule, path, clause.line)
        return record

    return run


def _derive(
    clause: DeriveDef, statements: Statements, records: Records, path: str
) -> Callable[[Record], Record]:
    condition = _condition(clause, statements)
    fields = [
        (name, statements.told(statements.expression(value, clause.line), clause.line, name))
        for name, value in clause.fields
    ]

    def run(record: Record) -> Record:
        local: Locals = {"self": record}
        if not condition(local):
            return record
        given = {name: value(local) for name, value in fields}
        try:
            return records.replace(record, given)
        except EvaluationError as error:
            error.file, error.line = path, clause.line
            raise

    return run


def rule(
    definition: RuleDef, name: str, statements: Statements, path: str, records: Records
) -> Function:
    """A rule: its clauses one after another, each on what the one before gave."""
    clauses = [
        _require(clause, statements, name, path)
        if isinstance(clause, RequireDef)
        else _derive(clause, statements, records, path)
        for clause in definition.clauses
    ]

    def run(args: Sequence[Value]) -> Value:
        (record,) = args
        for clause in clauses:
            record = clause(record)
        return record

    return run


def extern(definition: ExternDef, loader: ExternLoader | None, accept: Accept) -> Function:
    """An extern: the user's function, whose result must be of the declared type."""

    def run(args: Sequence[Value]) -> Value:
        if loader is None:
            raise ExternsNotLoaded(definition.target)
        try:
            result = loader(definition.target)(*args)
        except Exception as error:
            raise ExternFailure(definition.target, error) from error
        return accept(result, definition.returns, definition.target)

    return run


def quantised(value: object, kind: Dec) -> Value:
    """A decimal that an extern gave or a table added up, at the scale of its declared type."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise EvaluationError("conversion", f"{value!r} is no decimal")
    return quantise(value, kind.precision, kind.scale)
