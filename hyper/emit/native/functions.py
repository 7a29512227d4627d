"""Bodies of calcs, tables and rules as steps of a kernel."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from hyper.emit.native.expressions import Variable
from hyper.emit.native.places import definition as field_of
from hyper.emit.native.values import (
    Changed,
    Decimal,
    Generated,
    MoreDigits,
    NotNative,
    Scalar,
    Value,
)
from hyper.ir import nodes
from hyper.ir.program import CalcDef, RequireDef, RuleDef, TableDef
from hyper.ir.types import Dec, Entity
from hyper.jit.kernel.builder import FALSE, TRUE, integer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hyper.emit.native.expressions import Expressions
    from hyper.emit.native.weights import Ways
    from hyper.ir.program import DeriveDef, RowDef
    from hyper.jit.kernel.ir import Operand, Step

    Locals = dict[str, Value | Variable]


class Functions:
    """Makes the bodies of functions within one kernel."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self._builder = expressions.builder
        self._slots = expressions.slots
        self._sites = expressions.sites
        self._weights = expressions.unit.weights

    def value(self, function: CalcDef | TableDef | RuleDef, path: str, args: list[Value]) -> Value:
        """What a function of the file ``path`` gives for these arguments."""
        with self._at(path, function.line):
            match function:
                case CalcDef():
                    local: Locals = self._bound(function, args)
                    found = self._block(function.body, local)
                    assert found is not None, function.name
                    return found
                case TableDef():
                    return self._table(function, self._bound(function, args))
                case RuleDef():
                    return self._rule(function, args[0])

    @contextmanager
    def _at(self, path: str, line: int) -> Iterator[None]:
        before = self._sites.file, self._sites.line
        self._sites.file, self._sites.line = path, line
        try:
            yield
        except NotNative as found:
            if not found.line:
                found.file, found.line = self._sites.file, self._sites.line
            raise
        finally:
            self._sites.file, self._sites.line = before

    @staticmethod
    def _bound(function: CalcDef | TableDef, args: list[Value]) -> Locals:
        return dict(zip((param.name for param in function.params), args, strict=True))

    def _expression(self, expr: nodes.Expr, line: int, local: Locals) -> Value:
        self._sites.line = line
        return self._expressions.value(expr, local)

    def _test(self, expr: nodes.Expr, line: int, local: Locals) -> Operand:
        self._sites.line = line
        return self._expressions.test(expr, local)

    def _block(self, body: tuple[nodes.Stmt, ...], local: Locals) -> Value | None:
        for stmt in body:
            match stmt:
                case nodes.Return(value, line):
                    return self._expression(value, line, local)
                case nodes.Let():
                    local[stmt.name] = self._expression(stmt.value, stmt.line, local)
                case nodes.Assign():
                    self._assign(stmt, local)
                case nodes.For():
                    self._for(stmt, local)
                case nodes.If():
                    found = self._if(stmt, 0, local)
                    if found is not None:
                        return found
        return None

    def _assign(self, stmt: nodes.Assign, local: Locals) -> None:
        value = self._expression(stmt.value, stmt.line, local)
        held = local.get(stmt.name)
        if stmt.declare or not isinstance(held, Variable):
            held = local[stmt.name] = self._variable(stmt, value)
        held.store(value)

    def _variable(self, stmt: nodes.Assign, value: Value) -> Variable:
        slots, kind = self._slots, self._expressions.kinds.bare(stmt.type)
        if not isinstance(kind, Dec) or kind.precision:
            slot = slots.of_type(stmt.type)
            return Variable(lambda: slots.read(slot), lambda given: slots.store(slot, given))
        if not isinstance(value, Decimal):
            raise NotNative("a variable that holds a quotient that is not rounded")
        place = self._sites.place
        scale = self._expressions.scales.get((place, stmt.name), value.scale)
        decimal = slots.of_digits(scale)

        def store(given: Value) -> None:
            if not isinstance(given, Decimal):
                raise NotNative("a variable that holds a quotient that is not rounded")
            if given.scale > scale:
                raise MoreDigits(place, stmt.name, given.scale)
            slots.store(decimal, self._expressions.decimals.held(given, scale))

        return Variable(lambda: slots.read(decimal), store)

    def _for(self, stmt: nodes.For, local: Locals) -> None:
        source = self._expression(stmt.source, stmt.line, local)

        def each(item: Value) -> None:
            self._block(stmt.body, {**local, stmt.target: item})

        self._expressions.walk(source, each)

    def _if(self, stmt: nodes.If, place: int, local: Locals) -> Value | None:
        if place == len(stmt.branches):
            return self._block(stmt.orelse, dict(local))
        branch = stmt.branches[place]
        condition = self._test(branch.condition, branch.line, local)
        with self._builder.block() as then:
            one = self._block(branch.body, dict(local))
        with self._builder.block() as orelse:
            other = self._if(stmt, place + 1, local)
        ways = self._weights.branch(stmt, place)
        if one is None or other is None:
            self._builder.when(condition, then, orelse, ways)
            return None
        return self._either(condition, (then, one), (orelse, other), ways)

    def _either(
        self,
        condition: Operand,
        yes: tuple[list[Step], Value],
        no: tuple[list[Step], Value],
        ways: Ways | None,
    ) -> Value:
        slot = self._slots.for_both(yes[1], no[1])
        for steps, value in (yes, no):
            with self._builder.block(steps):
                self._slots.store(slot, value)
        self._builder.when(condition, yes[0], no[0], ways)
        return self._slots.read(slot)

    def _row(
        self, row: RowDef, local: Locals, fits: Callable[[Value], None], ways: Ways | None = None
    ) -> None:
        """Where the conditions of a row hold, what its result is for."""
        condition: Operand = TRUE
        for test in row.conditions:
            if condition == TRUE:
                condition = self._test(test, row.line, local)
                continue
            found = self._expressions.choose(
                condition,
                lambda test=test: Scalar("bool", self._test(test, row.line, local)),  # type: ignore[misc]
                lambda: Scalar("bool", FALSE),
            )
            assert isinstance(found, Scalar)
            condition = found.operand
        with self._builder.block() as taken:
            fits(self._expression(row.result, row.line, local))
        self._builder.when(condition, taken, (), ways)

    def _table(self, table: TableDef, local: Locals) -> Value:
        if table.policy.startswith("collect"):
            return self._collected(table, local)
        if table.policy == "priority":
            return self._by_priority(table, local)
        slot = self._slots.of_type(table.element)
        some = self._builder.variable("bool", FALSE)

        def take(value: Value) -> None:
            self._slots.store(slot, value)
            self._builder.set(some, TRUE)
            self._builder.leave()

        ordered, weights = self._weights.table(table, self._expressions.program)
        with self._builder.scope():
            for row, ways in zip(ordered.rows, weights, strict=True):
                self._row(row, local, take, ways)
        if not table.complete:
            self._no_match(table, some)
        return self._slots.read(slot)

    def _no_match(self, table: TableDef, some: int) -> None:
        self._sites.line = table.line
        none = self._builder.op("not", "bool", self._builder.get(some))
        self._builder.fail(none, self._sites.error("no_match", f"no row of {table.name} fits"))

    def _collected(self, table: TableDef, local: Locals) -> Value:
        fold = table.policy.removeprefix("collect").strip()
        kind = self._expressions.kinds.present(table.element)

        def walk(body: Callable[[Value], None]) -> None:
            for row in table.rows:
                self._row(row, local, body)
            self._sites.line = table.line

        if not fold:
            return Generated(self._expressions.lists.placed(walk), table.element, single=False)
        # All rows that fit are evaluated before the first step of the fold.
        value = self._expressions.aggregates.folded(fold, kind, walk, guards=True)
        returns = self._expressions.kinds.present(table.returns)
        if isinstance(returns, Dec):
            return self._expressions.quantised(value, returns)  # type: ignore[arg-type]
        return value

    def _by_priority(self, table: TableDef, local: Locals) -> Value:
        builder = self._builder
        slot = self._slots.of_type(table.element)
        some = builder.variable("bool", FALSE)
        best = builder.variable("int", integer(0))

        def take(value: Value) -> None:
            rank = self._rank(table, value)
            before = builder.op("lt", "bool", rank, builder.get(best))
            first = builder.op("not", "bool", builder.get(some))
            with builder.block() as better:
                self._slots.store(slot, value)
                builder.set(best, rank)
            builder.when(builder.op("or", "bool", first, before), better)
            builder.set(some, TRUE)

        for row in table.rows:
            self._row(row, local, take)
        self._no_match(table, some)
        return self._slots.read(slot)

    def _rank(self, table: TableDef, value: Value) -> Operand:
        if isinstance(self._expressions.kinds.present(table.element), Entity):
            made = table.rows[0].result
            if not isinstance(made, nodes.MakeRecord):
                raise NotNative("a priority of records that are not made in the row")
            value = self._expressions.record(value).field(made.fields[0][0])
        if not isinstance(value, Scalar) or value.kind != "enum":
            raise NotNative("a priority of what is no enum")
        return value.operand

    def _rule(self, rule: RuleDef, given: Value) -> Value:
        record = Changed(rule.entity, self._expressions.record(given), {})
        for clause in rule.clauses:
            self._sites.line = clause.line
            local: Locals = {"self": record}
            condition = self._test(clause.condition, clause.line, local)
            if isinstance(clause, RequireDef):
                wrong = self._builder.op("not", "bool", condition)
                self._builder.fail(wrong, self._sites.error("refused", clause.message))
            else:
                record = self._derived(clause, record, condition)
        return record

    def _derived(self, clause: DeriveDef, record: Changed, condition: Operand) -> Changed:
        expressions, program = self._expressions, self._expressions.program
        slots = {}
        for name, _value in clause.fields:
            field = field_of(program, record.entity, name)
            optional = field.optional and field.default is None
            slots[name] = self._slots.of_type(field.type, optional=optional)
            self._slots.store(slots[name], record.field(name))
        with self._builder.block() as taken:
            local: Locals = {"self": record}
            values = {
                name: self._expression(value, clause.line, local) for name, value in clause.fields
            }
            made = expressions.changed(record, values)
            for name, slot in slots.items():
                self._slots.store(slot, made.field(name))
        self._builder.when(condition, taken, (), self._weights.choice(clause))
        after = {name: self._slots.read(slot) for name, slot in slots.items()}
        return Changed(record.entity, record.base, {**record.fields, **after})
