"""What the checker learns: side tables over the syntax tree, which lowering reads.

A ``Typing`` holds, for one body, what each expression is. Trees of constants and of scenario inputs are typed anew for
every type at which they are used, so each such use has a ``Typing`` of its own.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from hyper.base.diagnostics import Diagnostic
from hyper.lang import tree
from hyper.lang.check.builtins import Signature
from hyper.lang.types import Type


class LocalRef(msgspec.Struct, frozen=True):
    """A local, by its name in the IR; ``type`` is the declared one."""

    name: str
    type: Type


class SelfField(msgspec.Struct, frozen=True):
    """A bare name that is a field of ``self``."""

    entity: str
    name: str
    type: Type


class FieldRef(msgspec.Struct, frozen=True):
    """``base.name``: a field of an entity; ``type`` is optional where it may be absent."""

    entity: str
    name: str
    type: Type


class MemberRef(msgspec.Struct, frozen=True):
    """A member of an enum."""

    enum: str
    member: str


class ConstRef(msgspec.Struct, frozen=True):
    """A use of a ``const``."""

    name: str


class GivenRef(msgspec.Struct, frozen=True):
    """A use of a scenario's input without a type of its own, at the type that the use has."""

    name: str
    type: Type


class FunctionRef(msgspec.Struct, frozen=True):
    """A call of a calc, table, extern or rule."""

    name: str


class EntityRef(msgspec.Struct, frozen=True):
    """An entity being built."""

    name: str


class BuiltinRef(msgspec.Struct, frozen=True):
    """A call of a builtin. ``params`` are the types that the arguments are converted to."""

    name: str
    signature: Signature
    params: tuple[Type, ...]
    form: Literal["function", "conversion", "fold", "clock"]


Ref: TypeAlias = (
    LocalRef
    | SelfField
    | FieldRef
    | MemberRef
    | ConstRef
    | GivenRef
    | FunctionRef
    | EntityRef
    | BuiltinRef
)


class Typing(msgspec.Struct, eq=False):
    """``types``: what an expression is; ``coerced``: what it becomes where it stands, if that differs; ``refs``: what a
    name, attribute or call means; ``args``: the arguments of a call in the order of its parameters; ``pairs``: for each link of a
    comparison the type at which its sides meet (``None``: as they are); ``operands``: the type at which a binary operator works;
    ``names``: what a local is called in the IR; ``declared``: the types of variables; ``arms``: what the arms of a match mean."""

    types: dict[tree.Node, Type] = msgspec.field(default_factory=dict)
    coerced: dict[tree.Node, Type] = msgspec.field(default_factory=dict)
    refs: dict[tree.Node, Ref] = msgspec.field(default_factory=dict)
    args: dict[tree.Node, list[tree.Expr]] = msgspec.field(default_factory=dict)
    pairs: dict[tree.Node, list[Type | None]] = msgspec.field(default_factory=dict)
    operands: dict[tree.Node, Type] = msgspec.field(default_factory=dict)
    names: dict[tree.Node, str] = msgspec.field(default_factory=dict)
    declared: dict[tree.Node, Type] = msgspec.field(default_factory=dict)
    arms: dict[tree.Node, Type | str] = msgspec.field(default_factory=dict)


class Uses(msgspec.Struct):
    """What one declaration reaches directly: qualified functions, consts and rules with the node of the first use; whether it
    reads the clock itself."""

    callees: dict[str, tree.Node] = msgspec.field(default_factory=dict)
    clock: tree.Node | None = None


class Body(msgspec.Struct, eq=False):
    """A checked declaration: its typing, what it uses, and whether it has no error."""

    name: str
    typing: Typing
    uses: Uses
    sound: bool = True


class ConstFacts(msgspec.Struct, eq=False):
    """A checked ``const``. ``type`` is its type, flexible where the uses decide; ``value`` its exact value where that is known
    without running anything (``exact`` says so). ``levels`` is how deep lists, maps and entities are nested in it."""

    name: str
    type: Type
    typing: Typing
    uses: Uses
    exact: bool = False
    value: Any = None
    sound: bool = True
    levels: int = 0


class RowFacts(msgspec.Struct, eq=False):
    """A row as lowering takes it: a condition for each cell that tests anything, and the names of the
    result columns where they make an entity."""

    row: tree.TableRow
    conditions: list[tree.Expr]
    fields: list[str]


class TableFacts(msgspec.Struct, eq=False):
    """A checked table: ``element`` is the type of a row's result, ``policy`` its full name."""

    element: Type
    policy: str
    rows: list[RowFacts]


class RuleFacts(msgspec.Struct, eq=False):
    """Field paths from ``self`` that a rule reads and writes, sorted."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]


class GivenUse(msgspec.Struct, eq=False):
    """A scenario's input at one type."""

    name: str
    local: str
    type: Type
    node: tree.Expr
    typing: Typing


class StepFacts(msgspec.Struct, eq=False):
    """A checked step of a run: the typing, and for a step that names a value its local and type."""

    step: tree.Step
    typing: Typing
    name: str | None = None
    type: Type | None = None


class RunFacts(msgspec.Struct, eq=False):
    """One run of a scenario: the inputs at each type at which they are used, then the steps in order. ``row`` is the number of
    the example row, from 1, 0 without examples; ``start`` and ``end`` are the offsets of that row, or of the scenario's head."""

    scenario: tree.Scenario
    row: int
    start: int
    end: int
    givens: list[GivenUse]
    steps: list[StepFacts]
    uses: Uses
    has_clock: bool


class FeatureFacts(msgspec.Struct, eq=False):
    """A feature of a module with its runs."""

    decl: tree.FeatureDecl
    runs: list[RunFacts]


class Checked(msgspec.Struct, eq=False):
    """What ``check`` gives. ``bodies`` holds calcs, tables, rules and defaults by qualified name; ``defaults`` the typing of
    every default of a field or action parameter, by the default's node; ``features`` are by module; ``order`` lists
    functions, rules and consts, callees first; ``clock`` and ``externs`` hold those that reach the clock or an extern,
    transitively."""

    diagnostics: list[Diagnostic]
    bodies: dict[str, Body]
    consts: dict[str, ConstFacts]
    tables: dict[str, TableFacts]
    rules: dict[str, RuleFacts]
    defaults: dict[tree.Node, Typing]
    features: dict[str, list[FeatureFacts]]
    order: list[str]
    clock: set[str]
    externs: set[str]
    effects: dict[str, dict[str, set[tuple[str, ...]]]] = msgspec.field(default_factory=dict)
    """Of each function and each of its parameters the paths of fields that are read; see ``check.effects``."""
    failures: list[Diagnostic] = msgspec.field(default_factory=list)
    """Consts whose evaluation fails, which lowering finds."""
    lowered: dict[str, Any] = msgspec.field(default_factory=dict)
    """What lowering keeps while it goes from one declaration to the next."""
