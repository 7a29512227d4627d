"""Random well-typed programs of the IR."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.ir import nodes
from hyper.ir.program import (
    CalcDef,
    DeriveDef,
    Module,
    ParamDef,
    Program,
    RequireDef,
    RowDef,
    RuleDef,
    TableDef,
)
from hyper.lang.markers import NO_MARKERS
from hyper.lang.types import (
    ANY_DECIMAL,
    BOOL,
    FLOAT,
    INT,
    Dec,
    ListOf,
    Type,
)
from tests.meaning.data import MONEY, TIER, data_module
from tests.meaning.expressions import WHOLE, Maker

if TYPE_CHECKING:
    from random import Random

    from tests.meaning.expressions import Call, Dialect


class Functions:
    """Makes the functions of one module, each on lines of its own."""

    def __init__(self, random: Random, dialect: Dialect, module: str) -> None:
        self.random = random
        self.dialect = dialect
        self.module = module
        self.line = 100
        self.calls: list[Call] = []

    def next_line(self) -> int:
        """A line that nothing else has."""
        self.line += 1
        return self.line

    def _params(self) -> tuple[ParamDef, ...]:
        count = self.random.randrange(1, 5)
        names = self.random.sample(("a", "b", "list", "class", "data", "x_1", "Decimal"), count)
        return tuple(ParamDef(name, self.random.choice(self.dialect.params)) for name in names)

    def calc(self, name: str, depth: int) -> CalcDef:
        """A calc with a few statements."""
        line = self.next_line()
        maker = Maker(self.random, self.calls, self.dialect)
        params = self._params()
        maker.scope = [(param.name, param.type) for param in params]
        returns = self.random.choice(self.dialect.returns or self.dialect.params)
        body = self._block(maker, returns, depth, nesting=2)
        made = CalcDef(name, params, returns, body, True, False, NO_MARKERS, 'Doc """ \\n', line)
        self.calls.append((f"{self.module}.{name}", tuple(param.type for param in params), returns))
        return made

    def _block(
        self, maker: Maker, returns: Type, depth: int, nesting: int
    ) -> tuple[nodes.Stmt, ...]:
        stmts: list[nodes.Stmt] = []
        known = len(maker.scope)
        for _ in range(self.random.randrange(3)):
            stmts += self._statement(maker, depth, nesting)
        if nesting and self.random.random() < 0.4:
            branch = nodes.Branch(
                maker.expr(BOOL, depth),
                self._block(maker, returns, depth, nesting - 1),
                self.next_line(),
            )
            orelse = self._block(maker, returns, depth, nesting - 1)
            stmts.append(nodes.If((branch,), orelse, branch.line))
        else:
            stmts.append(nodes.Return(maker.kept(returns, depth), self.next_line()))
        del maker.scope[known:]
        return tuple(stmts)

    def _statement(self, maker: Maker, depth: int, nesting: int) -> list[nodes.Stmt]:
        kind = self.random.choice(self.dialect.kinds)
        name = maker.fresh("v")
        line = self.next_line()
        choice = self.random.randrange(3)
        value = maker.expr(kind, depth)
        kind = value.type if kind == ANY_DECIMAL else kind
        if choice == 0 or not nesting:
            maker.scope.append((name, kind))
            return [nodes.Let(name, kind, value, line)]
        declared = nodes.Assign(name, kind, value, line, True)
        maker.scope.append((name, kind))
        if isinstance(kind, Dec) and kind.precision:
            return [declared]
        known = len(maker.scope)
        if choice == 1:
            return [
                declared,
                nodes.Assign(name, kind, maker.expr(kind, depth), self.next_line(), False),
            ]
        source = maker.expr(ListOf(INT), depth)
        target = maker.fresh("i")
        maker.scope.append((target, INT))
        inner = nodes.Assign(name, kind, maker.expr(kind, depth), self.next_line(), False)
        branch = nodes.Branch(maker.expr(BOOL, depth), (inner,), self.next_line())
        body: tuple[nodes.Stmt, ...] = (nodes.If((branch,), (), branch.line),)
        del maker.scope[known:]
        return [declared, nodes.For(target, source, body, self.next_line())]

    def table(self, name: str, depth: int) -> TableDef:
        """A table of any policy."""
        line = self.next_line()
        maker = Maker(self.random, self.calls, self.dialect)
        params = self._params()
        maker.scope = [(param.name, param.type) for param in params]
        policy: Any = self.random.choice(
            ("first", "priority", "collect", "collect sum", "collect min", "collect count")
        )
        element: Type = self.random.choice(self.dialect.elements)
        if policy == "priority":
            element = TIER
        elif policy in {"collect sum", "collect min"}:
            element = self.random.choice((INT, FLOAT))
        returns = element
        if policy == "collect":
            returns = ListOf(element)
        elif policy == "collect count":
            returns = INT
        rows = tuple(self._row(maker, element, depth) for _ in range(self.random.randrange(1, 5)))
        made = TableDef(
            name, params, returns, element, policy, rows, True, False, NO_MARKERS, "", line
        )
        self.calls.append((f"{self.module}.{name}", tuple(param.type for param in params), returns))
        return made

    def _row(self, maker: Maker, element: Type, depth: int) -> RowDef:
        count = self.random.randrange(3)
        conditions = tuple(maker.expr(BOOL, depth) for _ in range(count))
        return RowDef(conditions, maker.kept(element, depth), self.next_line())

    def rule(self, name: str, depth: int) -> RuleDef:
        """A rule over the entity of the dialect."""
        line = self.next_line()
        maker = Maker(self.random, self.calls, self.dialect)
        entity = self.dialect.entity
        maker.scope = [("self", entity)]
        clauses: list[RequireDef | DeriveDef] = []
        for _ in range(self.random.randrange(1, 4)):
            condition = maker.expr(BOOL, depth)
            if self.random.random() < 0.4:
                clauses.append(RequireDef(condition, 'no "way"\n', self.next_line()))
                continue
            fields = (("count", maker.expr(INT, depth)), ("price", maker.kept(MONEY, depth)))
            clauses.append(DeriveDef(condition, fields, self.next_line()))
        derives = any(isinstance(clause, DeriveDef) for clause in clauses)
        writes = ("count", "price") if derives else ()
        return RuleDef(
            name, entity.name, tuple(clauses), (), writes, True, False, NO_MARKERS, "", line
        )


def program(random: Random, calcs: int = 6, depth: int = 3, dialect: Dialect = WHOLE) -> Program:
    """A random program of two modules."""
    return Program([data_module(), module("main", random, calcs, depth, dialect)])


def module(name: str, random: Random, calcs: int, depth: int, dialect: Dialect) -> Module:
    """A module of random functions over the types of the data module."""
    functions = Functions(random, dialect, name)
    made: list[CalcDef | TableDef | RuleDef] = []
    for index in range(calcs):
        choice = random.random()
        if choice < 0.7:
            made.append(functions.calc(f"calc_{index}", depth))
        elif choice < 0.85:
            made.append(functions.table(f"table_{index}", depth))
        else:
            made.append(functions.rule(f"rule_{index}", depth))
    return Module(name, f"{name}.intent", "", ("data",), tuple(made))
