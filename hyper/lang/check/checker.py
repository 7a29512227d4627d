"""The state of a check of one body: where it is, which locals and facts hold, and what was learnt so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from hyper.lang import tree
from hyper.lang.check.literals import literal_items
from hyper.lang.check.relations import (
    describe,
    fits,
    is_flexible,
    natural,
    normal,
    number_kind,
    waits,
    without_none,
)
from hyper.lang.check.settle import adopted
from hyper.lang.check.typed import Typing, Uses
from hyper.lang.resolve.types import resolve_type
from hyper.lang.symbols import EntitySymbol
from hyper.lang.types import DURATION, NONE, UNKNOWN, Dec, ListOf, MapOf, Opt, Prim, Type, Unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from hyper.base.diagnostics import Related, Reporter
    from hyper.lang.check.typed import ConstFacts
    from hyper.lang.symbols import Scope, Unit, World

Path: TypeAlias = tuple[str, ...]
Facts: TypeAlias = dict[Path, Type]
NO_FACTS: Final[Facts] = {}


class Local(msgspec.Struct, eq=False):
    """A name within a body. ``kind`` is ``parameter``, ``let``, ``var``, ``loop``, ``item``, ``given`` or ``self``;
    ``open`` is the expression of a scenario input whose uses decide its type."""

    name: str
    type: Type
    kind: str
    node: tree.Node
    open: tree.Expr | None = None


class Rules(msgspec.Struct, eq=False):
    """The rules by kind of node: ``infer`` gives a type; ``check`` takes an expected type and may leave the node to
    ``infer`` by giving ``None``."""

    infer: Mapping[type, Callable[[Checker, Any, Type | None], Type]]
    check: Mapping[type, Callable[[Checker, Any, Type], bool | None]]


class Checker:
    """Checks the expressions of one body by ``Rules``.

    ``infer`` gives the type that an expression has of itself, possibly flexible; ``check`` makes it what is
    expected or reports it; ``value`` settles it by itself.
    """

    def __init__(
        self,
        world: World,
        unit: Unit,
        reporter: Reporter,
        consts: Callable[[str], ConstFacts | None],
        rules: Rules,
    ) -> None:
        self.world = world
        self.unit = unit
        self.scope: Scope = world.scopes[unit.name]
        self.reporter = reporter
        self.consts = consts
        self.rules = rules
        self.typing = Typing()
        self.uses = Uses()
        self.locals: dict[str, Local] = {}
        # What each name after `for` goes through, for what is said of its items.
        self.loop_sources: dict[str, tree.Expr] = {}
        self.facts: Facts = {}
        self.self_entity: str | None = None
        self.place = "calc"
        """``calc``, ``const``, ``default``, ``table``, ``rule`` or ``scenario``: what decides which calls are allowed."""
        self.beside: Collection[str] = ()
        """The fields or parameters beside the one whose default this is: it cannot read them."""
        self.enum_first: str | None = None
        """The enum whose members come before every other name: that of a table's column."""
        self.columns: set[tree.Node] = set()
        """Names that stand for a column of a table, whatever the enum's members are called."""
        self.negated: set[tree.Node] = set()
        self.given: Callable[[Checker, Local, Type | None], tuple[str, Type]] | None = None
        self.taken: set[str] = set()
        """Names of locals that the IR already uses in this body."""

    # ------------------------------------------------------------ reporting

    def report(
        self,
        code: str,
        message: str,
        node: tree.Node,
        *,
        suggestion: str | None = None,
        related: Iterable[Related] = (),
    ) -> None:
        """Report an error at a node."""
        self.reporter.report(
            code, message, node.start, node.end, suggestion=suggestion, related=related
        )

    # ------------------------------------------------------------ types

    def resolve(self, expr: tree.TypeExpr) -> Type:
        """Resolve a written type as expressions see it."""
        return normal(
            resolve_type(expr, self.scope, self.world, self.reporter),
            self.world,
        )

    def normal(self, kind: Type) -> Type:
        """Give a declared type as expressions see it."""
        return normal(kind, self.world)

    def entity(self, name: str) -> EntitySymbol | None:
        """Find an entity by its qualified name."""
        symbol = self.world.symbols.get(name)
        return symbol if isinstance(symbol, EntitySymbol) else None

    # ------------------------------------------------------------ expressions

    def infer(self, node: tree.Expr, hint: Type | None = None) -> Type:
        """Give the type of an expression; literals and enum members take the type that ``hint`` suggests."""
        typing = self.typing
        typing.coerced.pop(node, None)
        if hint is not None and waits(hint):
            hint = None  # another literal says nothing about this one
        kind = self.rules.infer[type(node)](self, node, hint)
        typing.types[node] = kind
        return kind

    def value(self, node: tree.Expr, hint: Type | None = None) -> Type:
        """Give the settled type of an expression that may be of any type."""
        kind = self.infer(node, hint)
        return self.settle(node, kind, None) if is_flexible(kind) else kind

    def settle(self, node: tree.Expr, kind: Type, target: Type | None) -> Type:
        """Type an expression of a flexible type anew, as its place wants it, else by itself."""
        wanted = natural(adopted(kind, target, self.world))
        return self.infer(node, wanted) if wanted != kind else kind

    def check(self, node: tree.Expr, expected: Type) -> bool:
        """Make an expression a value of ``expected``, or report why it is not one."""
        directed = self.rules.check.get(type(node))
        if directed is not None:
            self.typing.coerced.pop(node, None)
            outcome = directed(self, node, expected)
            if outcome is not None:
                self.typing.types[node] = expected
                return outcome
        kind = self.infer(node, expected)
        if is_flexible(kind):
            kind = self.settle(node, kind, expected)
        return self.coerce(node, kind, expected)

    def bring(self, node: tree.Expr, kind: Type, target: Type) -> None:
        """Make a typed expression what its place asks for. What builds lists and maps takes it into their items."""
        if kind != target and isinstance(without_none(target), ListOf | MapOf):
            self.check(node, target)
            return
        if is_flexible(kind):
            kind = self.settle(node, kind, target)
        self.coerce(node, kind, target)

    def coerce(self, node: tree.Expr, kind: Type, expected: Type) -> bool:
        """Record that a typed expression becomes ``expected``, or report that it cannot."""
        if kind == expected or isinstance(kind, Unknown) or isinstance(expected, Unknown):
            return True
        if fits(kind, expected, self.world):
            if not (isinstance(kind, Dec) and expected == Dec(0, 0)):
                self.typing.coerced[node] = expected
            return True
        self.mismatch(node, kind, expected)
        return False

    def mismatch(self, node: tree.Expr, kind: Type, expected: Type) -> None:
        """Report a value of the wrong type, with what to do about it."""
        if (isinstance(kind, Opt) or kind == NONE) and not isinstance(expected, Opt):
            self.report_none(node, kind)
            return
        wanted, found = describe(expected), describe(kind)
        if isinstance(kind, Opt) and isinstance(expected, Opt):
            kind, expected = kind.inner, expected.inner
        if isinstance(kind, Prim) and kind.name == "float" and isinstance(expected, Dec):
            message = "a float where a decimal is expected: write `decimal(…)`"
            self.report("E0403", literal_items(self, node) or message, node)
        elif isinstance(kind, Dec) and expected == Prim("float"):
            self.report("E0403", "a decimal where a float is expected: write `float(…)`", node)
        elif expected == Prim("int") and kind in (Prim("float"), Prim("#number")):
            self.report(
                "E0401",
                "expected int, found float: write `int(…)`, `round(…)`, `floor(…)` or `ceil(…)`",
                node,
            )
        elif isinstance(kind, Dec) and expected == Prim("int"):
            self.report(
                "E0401",
                "expected int, found decimal: write `int(…)`, `round(…)`, `floor(…)` or `ceil(…)`",
                node,
            )
        elif expected == Prim("string") and not found.startswith(("list", "map", "an empty")):
            self.report("E0401", f"expected string, found {found}: write `string(…)`", node)
        else:
            hint = self._of_duration(node, kind, expected)
            self.report("E0401", f"expected {wanted}, found {found}{hint}", node)

    def _of_duration(self, node: tree.Expr, kind: Type, expected: Type) -> str:
        """How a number comes out of a duration, as of one date less another; empty for other types."""
        if kind != DURATION or number_kind(expected) is None:
            return ""
        while isinstance(node, tree.Paren):
            node = node.inner
        if isinstance(node, tree.Binary) and node.op == "-":
            sides = (node.right, node.left)
            if all(self.typing.types.get(side) == Prim("date") for side in sides):
                start, end = (self.unit.source.text[side.start : side.end] for side in sides)
                return f": write `days_between({start}, {end})`"
        return ": `total_days(…)` or `total_seconds(…)` give its length as a float"

    def report_none(self, node: tree.Node, kind: Type) -> None:
        """Report a value that may be none and is not handled."""
        if kind == NONE:
            self.report("E0401", "there must be a value here, not `none`", node)
            return
        text = self.unit.source.text[node.start : node.end].strip() or "it"
        shown = text if len(text) <= 40 and "\n" not in text else "it"
        self.report(
            "E0405",
            f"`{shown}` may be none here: give a default with `{shown} ?? …`, or test `{shown} is not none` first",
            node,
        )

    def known(self, node: tree.Node, kind: Type) -> Type:
        """Give the type of a value that must be there: one that may be none is reported, and goes on without."""
        if isinstance(kind, Opt):
            self.report_none(node, kind)
            return UNKNOWN
        if kind == NONE:
            self.report_none(node, kind)
            return UNKNOWN
        return kind

    def condition(self, node: tree.Expr) -> bool:
        """Check that an expression is a bool; false where it is not, or may be none."""
        found = self.value(node, Prim("bool"))
        kind = self.known(node, found)
        if isinstance(kind, Unknown) or kind == Prim("bool"):
            return isinstance(found, Unknown) or found == kind
        if fits(kind, Prim("bool"), self.world):
            return True
        self.report(
            "E0407", f"a condition must be bool, found {describe(kind)}{_truth(kind)}", node
        )
        return False

    # ------------------------------------------------------------ locals and facts

    @contextmanager
    def assuming(self, facts: Facts) -> Iterator[None]:
        """Let more facts hold for a while."""
        before = self.facts
        if facts:
            self.facts = {**before, **facts}
        try:
            yield
        finally:
            self.facts = before

    @contextmanager
    def block(self) -> Iterator[None]:
        """Forget the locals that are declared within."""
        before = self.locals
        self.locals = dict(before)
        try:
            yield
        finally:
            self.locals = before

    def narrowed(self, path: Path, declared: Type) -> Type:
        """Give the type that a path has here."""
        return self.facts.get(path, declared)


def _truth(kind: Type) -> str:
    if number_kind(kind):
        return ": compare it, as in `… != 0`"
    if kind == Prim("string"):
        return ': compare it, as in `… != ""`'
    return ""
