"""The values of consts: exact ones at any type; what calls functions is run once by the interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.base.diagnostics import diagnostic
from hyper.ir import nodes
from hyper.ir.lower.constants import constant
from hyper.ir.lower.expressions import Expressions, Names
from hyper.ir.lower.operands import settled
from hyper.ir.program import ConstDef, Module, Program
from hyper.lang import tree
from hyper.lang.reads import AllNeededError
from hyper.lang.symbols import (
    AliasSymbol,
    ConstSymbol,
    EntitySymbol,
    EnumSymbol,
    FunctionSymbol,
    UnionSymbol,
)
from hyper.lang.types import ANY, Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.ir.lower.bodies import Bodies
    from hyper.ir.program import Def
    from hyper.lang.check.typed import Checked, ConstFacts
    from hyper.lang.symbols import World


class Consts:
    """Values of the consts of a world, each found once."""

    def __init__(self, world: World, checked: Checked, bodies: Bodies) -> None:
        self.world = world
        self.checked = checked
        self.bodies = bodies
        self._run: dict[str, nodes.Expr] = {}
        self._definitions: dict[str, list[Def]] | None = None

    def value(self, name: str, kind: Type) -> nodes.Expr:
        """The value of a const at the type of a use."""
        facts = self.checked.consts[name]
        if facts.exact:
            return constant(facts.value, kind, self.world)
        if name not in self._run:
            self._run_until(name)
        return self._run[name]

    def _run_until(self, name: str) -> None:
        """Evaluate consts in the order of their uses, so that a long chain of them is no deep one."""
        for other in self.checked.order:
            facts = self.checked.consts.get(other)
            if facts is not None and not facts.exact and other not in self._run:
                self._run[other] = self._evaluate(other, facts)
            if other == name:
                return

    def definition(self, symbol: ConstSymbol) -> ConstDef:
        """The definition of a const, at its own type."""
        facts = self.checked.consts[symbol.name]
        value = self.value(symbol.name, settled(facts.type))
        doc = symbol.decl.doc
        return ConstDef(
            symbol.decl.name.name,
            value.type if isinstance(value, nodes.Const) else settled(facts.type),
            value,
            symbol.markers,
            doc.value if doc is not None else "",
            symbol.unit.source.line_of(symbol.decl.start),
        )

    def expression(self, facts: ConstFacts) -> nodes.Expr:
        """The expression of a const, as it is written."""
        lowering = Expressions(self.world, facts.typing, self.value, Names())
        symbol = self.world.symbols[facts.name]
        assert isinstance(symbol, ConstSymbol)
        return lowering.lower(symbol.decl.value)

    def _evaluate(self, name: str, facts: ConstFacts) -> nodes.Expr:
        """Run the functions that a const calls. A failure is reported at the const."""
        from hyper.ir.interpreter import EvaluationError, Interpreter

        # What is called may use consts; there are no rings, and a chain of them is no deeper than its functions.
        if self.world.foreign is not None:
            raise AllNeededError(f"the value of `{name}` calls functions")
        interpreter = Interpreter.for_compiler(self._program(name))
        symbol = self.world.symbols[name]
        line = symbol.unit.source.line_of(symbol.decl.start)
        before = self.world.symbols.reading(symbol.unit.name)
        expression = self.expression(facts)
        self.world.symbols.reading(before)
        try:
            value = interpreter.evaluate(expression, path=symbol.unit.path, line=line)
        except EvaluationError as error:
            assert isinstance(symbol, ConstSymbol)
            node = symbol.decl.value
            place = symbol.unit.source.locate(node.start, node.end)
            message = f"the evaluation of this const fails with `{error.code}`: {error.message}"
            self.checked.failures.append(diagnostic("E0810", message, place))
            return nodes.Const(ANY, "null")
        return interpreter.constant(value, settled(facts.type))

    def _program(self, name: str) -> Program:
        """The types of the world and the functions that a const reaches."""
        reached: dict[str, None] = {}
        waiting = list(self.checked.consts[name].uses.callees)
        while waiting:
            callee = waiting.pop()
            if callee in reached:
                continue
            reached[callee] = None
            if callee in self.checked.bodies:
                waiting.extend(self.checked.bodies[callee].uses.callees)
        functions: dict[str, list[Def]] = {module: [] for module in self.world.units}
        for callee in reached:
            symbol = self.world.symbols.get(callee)
            if isinstance(symbol, FunctionSymbol) and not isinstance(symbol.decl, tree.ExternDecl):
                functions[symbol.unit.name].append(self.bodies.definition(symbol))
        self._note(name, reached)
        types = self._types()
        return Program(
            [
                Module(unit.name, unit.path, "", (), (*types[unit.name], *functions[unit.name]))
                for unit in self.world.units.values()
            ]
        )

    def _note(self, name: str, reached: Iterable[str]) -> None:
        """Note that the value depends on what the functions say, and on all that they look up themselves."""
        symbols = self.world.symbols
        module = symbols[name].unit.name
        reads = symbols.reads[module]
        for callee in reached:
            symbol = symbols.get(callee)
            reads.bodies.add(callee)
            if symbol is not None:
                reads.beyond.add(symbol.unit.name)

    def _types(self) -> dict[str, list[Def]]:
        if self._definitions is None:
            self._definitions = {module: [] for module in self.world.units}
            for symbol in self.world.symbols.values():
                if isinstance(symbol, EntitySymbol | EnumSymbol | UnionSymbol | AliasSymbol):
                    self._definitions[symbol.unit.name].append(self.bodies.data(symbol))
        return self._definitions
