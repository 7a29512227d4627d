"""Everything about one declaration, as data: for ``hyper explain``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from hyper.engine.cost import Cost, cost_of
from hyper.engine.execution import Execution, Recorded, execution_of, recorded_of
from hyper.engine.references import KINDS, Uses, declared, uses_of
from hyper.ir.interpreter import Interpreter
from hyper.ir.program import (
    ActionDef,
    AliasDef,
    CalcDef,
    ConstDef,
    EntityDef,
    EnumDef,
    ExternDef,
    FeatureDef,
    RuleDef,
    ServiceDef,
    TableDef,
    UnionDef,
)
from hyper.lang.printer.spelling import quoted
from hyper.lang.types import show

if TYPE_CHECKING:
    from hyper.ir.program import Def, FieldDef, Program
    from hyper.jit.profiles import Profile


class Part(msgspec.Struct, frozen=True):
    """A field, parameter, member, variant, answer or scenario: its name, its type as it is written, and what else is to say."""

    name: str
    type: str
    note: str = ""


class Explanation(msgspec.Struct, frozen=True):
    """``cost`` is ``None`` for what is not evaluated, ``execution`` for what is no function, ``recorded`` without a profile that
    knows the name."""

    name: str
    kind: str
    file: str
    line: int
    doc: str
    signature: str
    parts: tuple[Part, ...]
    cost: Cost | None
    execution: Execution | None
    recorded: Recorded | None
    reads_clock: bool
    reaches_extern: bool
    uses: tuple[str, ...]
    dependents: tuple[str, ...]
    callers: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        value: dict[str, Any] = msgspec.to_builtins(self)
        return value


def explain(program: Program, name: str, profile: Profile | None = None) -> Explanation:
    """Explain a declaration by its qualified name; that of a feature ends in its title."""
    module, definition = declared(program)[name]
    uses: Uses = uses_of(program, name)
    kind = KINDS[type(definition)]
    if isinstance(definition, ActionDef) and definition.webhook:
        kind = "webhook"
    return Explanation(
        name=name,
        kind=kind,
        file=module.path,
        line=definition.line,
        doc=getattr(definition, "doc", ""),
        signature=_signature(kind, definition),
        parts=tuple(_parts(program, definition)),
        cost=None if isinstance(definition, FeatureDef) else cost_of(program, name),
        execution=execution_of(program, name),
        recorded=None if profile is None else recorded_of(program, name, profile),
        reads_clock=bool(getattr(definition, "reads_clock", False)),
        reaches_extern=isinstance(definition, ExternDef)
        or bool(getattr(definition, "reaches_extern", False)),
        uses=uses.uses,
        dependents=uses.dependents,
        callers=uses.callers,
    )


def _signature(kind: str, definition: Def) -> str:
    match definition:
        case CalcDef() | ExternDef() | TableDef():
            params = ", ".join(f"{param.name}: {show(param.type)}" for param in definition.params)
            text = f"{kind} {definition.name}({params}) -> {show(definition.returns)}"
            return f"{text}, {definition.policy}" if isinstance(definition, TableDef) else text
        case RuleDef():
            return f"rule {definition.name} on {_bare(definition.entity)}"
        case AliasDef() | ConstDef():
            return f"{kind} {definition.name}: {show(definition.type)}"
        case EntityDef() if definition.bases:
            return f"entity {definition.name} is {', '.join(map(_bare, definition.bases))}"
        case ActionDef():
            return f"{kind} {definition.name}: {definition.method.upper()} {definition.path}"
        case FeatureDef():
            return f"feature {quoted(definition.title)}"
    return f"{kind} {definition.name}"


def _bare(name: str) -> str:
    return name.rpartition(".")[2]


def _parts(program: Program, definition: Def) -> list[Part]:
    match definition:
        case EntityDef():
            return [
                Part(field.name, show(field.type), _field_note(field))
                for field in definition.fields
            ]
        case EnumDef():
            return [
                Part(member.name, msgspec.json.encode(member.wire).decode())
                for member in definition.members
            ]
        case UnionDef():
            return [Part("", show(variant)) for variant in definition.variants]
        case RuleDef():
            reads = [Part(path, "", "read") for path in definition.reads]
            return reads + [Part(path, "", "written") for path in definition.writes]
        case TableDef():
            return [Part("rows", str(len(definition.rows)))]
        case ConstDef():
            return [Part("value", _value(program, definition))]
        case ExternDef():
            return [Part("from", definition.target)]
        case ServiceDef():
            return _service_parts(program, definition)
        case FeatureDef():
            # Each row of examples is a scenario of its own.
            return [Part("scenario", scenario.title) for scenario in definition.scenarios]
        case ActionDef():
            return _action_parts(definition)
    return []


def _value(program: Program, const: ConstDef) -> str:
    """The value of a constant, as JSON."""
    interpreter = Interpreter.for_compiler(program)
    value = interpreter.to_json(interpreter.evaluate(const.value))
    return json.dumps(value, ensure_ascii=False)


def _service_parts(program: Program, service: ServiceDef) -> list[Part]:
    actions = [each for each in program.definitions.values() if isinstance(each, ActionDef)]
    parts = [Part("version", service.version), Part("actions", str(len(actions)))]
    return parts + [
        Part(
            action.name,
            f"{action.method.upper()} {action.path}".rstrip(),
            "webhook" if action.webhook else "",
        )
        for action in actions
    ]


def _field_note(field: FieldDef) -> str:
    notes = []
    if field.optional:
        notes.append("may be absent")
    if field.default is not None:
        notes.append("has a default")
    if field.wire != field.name:
        notes.append(f'"{field.wire}" in JSON')
    if field.origin is not None:
        notes.append(f"from {_bare(field.origin)}")
    return ", ".join(notes)


def _action_parts(action: ActionDef) -> list[Part]:
    found = [
        Part(
            param.name, show(param.type), f"{param.place}{' (optional)' if param.optional else ''}"
        )
        for param in action.params
    ]
    found += [Part(body.name, show(body.type), f"body, {body.media}") for body in action.bodies]
    found += [
        Part(
            answer.status,
            show(answer.type) if answer.type else "no body",
            "error" if answer.error else "answer",
        )
        for answer in action.returns
    ]
    return found
