"""The declarations of operations: what each takes and gives, for the runtime of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyper.emit.python.constants import NotConstantError, constant
from hyper.emit.python.format import INDENT, explode, quote, tuple_of
from hyper.emit.python.reading import reads
from hyper.emit.python.scope import Scope, import_lines
from hyper.emit.python.security import security_text
from hyper.emit.python.served import LIBRARY, argument_names
from hyper.emit.python.types import annotation
from hyper.ir.kinds import bare
from hyper.ir.program import ActionDef, EntityDef, Program
from hyper.ir.types import Entity, Opt, Type

if TYPE_CHECKING:
    from hyper.emit.python.names import Names
    from hyper.ir.program import CheckDef, ParameterDef, ReturnDef


def operations_text(
    module: str, actions: list[ActionDef], chosen: dict[str, str], names: Names
) -> str:
    """The text of the operations of a module, whose handlers have the ``chosen`` names."""
    scope = Scope(names, ("api", "operations", "_"), set(LIBRARY))
    library = {name: name for name in LIBRARY}
    scope.provide(library)
    used: set[str] = {"Operation"}
    entries: list[str] = []
    for action in actions:
        text = _operation(action, chosen[action.name], scope, used)
        entries += explode(text, INDENT, f"{quote(chosen[action.name])}: ", ",")
    lines = [
        f'"""The operations of {module}."""',
        "",
        "from __future__ import annotations",
        "",
        *import_lines("..._runtime.operations", used),
    ]
    references = scope.references()
    if references:
        lines += ["", *references]
    lines += ["", "OPERATIONS = {", *entries, "}", ""]
    return "\n".join(lines)


def _operation(action: ActionDef, name: str, scope: Scope, used: set[str]) -> str:
    arguments = argument_names(action)
    parts = [quote(name)]
    if action.params:
        used.add("Parameter")
        rows = [_parameter(param, arguments[param.name], scope) for param in action.params]
        parts.append(f"params={tuple_of(rows)}")
    if action.bodies:
        used.add("Body")
        parts.append(f"body={quote(arguments[action.bodies[0].name])}")
        if any(body.optional for body in action.bodies):
            parts.append("body_required=False")
        rows = []
        for body in action.bodies:
            kind = annotation(body.type, body.markers, scope)
            row = f"{quote(body.media)}, {quote(kind)}"
            if not is_json(body.media):
                row += f", {literal_reads(reads(body.type, scope.names.program))}"
            rows.append(f"Body({row})")
        parts.append(f"bodies={tuple_of(rows)}")
    if action.returns:
        used.add("Returns")
        parts.append(f"returns={tuple_of([_returns(one, scope, used) for one in action.returns])}")
    if action.checks:
        used.add("Check")
        rows = [_check(check, action, arguments, scope) for check in action.checks]
        parts.append(f"checks={tuple_of(rows)}")
    if action.allow is not None:
        parts.append(f"allow={tuple_of([quote(role) for role in action.allow])}")
    if action.handled_by is not None:
        parts.append(f"handled_by={quote(action.handled_by)}")
    if action.security is not None:
        parts.append(f"security={security_text(action.security)}")
    return f"Operation({', '.join(parts)})"


def is_json(media: str) -> bool:
    """Whether a media type is JSON."""
    plain = media.partition(";")[0].strip().lower()
    return plain in {"application/json", "text/json"} or plain.endswith("+json")


def literal_reads(form: Any) -> str:
    """``reads`` of a declaration as Python text."""
    if isinstance(form, tuple):
        return tuple_of([literal_reads(choice) for choice in form])
    if isinstance(form, list):
        return f"[{literal_reads(form[0])}]"
    if isinstance(form, dict):
        return (
            f"{{{', '.join(f'{quote(key)}: {literal_reads(item)}' for key, item in form.items())}}}"
        )
    return quote(form)


def _parameter(param: ParameterDef, name: str, scope: Scope) -> str:
    markers = param.markers
    kind = annotation(param.type, markers, scope)
    parts = [quote(name), quote(param.wire), quote(param.place), quote(kind)]
    form = reads(param.type, scope.names.program)
    if form != "string":
        parts.append(literal_reads(form))
    if param.default is not None:
        try:
            parts += ["required=False", f"default={quote(constant(param.default, scope))}"]
        except NotConstantError:
            parts.append("required=False")
    elif param.optional:
        parts.append("required=False")
    style = "json" if any('"content"' in text for text in markers.openapi) else markers.style
    if style:
        parts.append(f"style={quote(style)}")
    if markers.explode is not None:
        parts.append(f"explode={markers.explode}")
    return f"Parameter({', '.join(parts)})"


def _returns(returns: ReturnDef, scope: Scope, used: set[str]) -> str:
    parts = [quote(returns.status)]
    if returns.type is not None:
        kind = annotation(returns.type, returns.markers, scope)
        parts += [quote(kind), quote(returns.media or "application/json")]
    if returns.error:
        parts.append("error=True")
    if returns.headers:
        used.add("Header")
        rows = []
        for header in returns.headers:
            kind = annotation(header.type, header.markers, scope)
            required = ", required=False" if header.optional else ""
            rows.append(f"Header({quote(header.wire)}, {quote(kind)}{required})")
        parts.append(f"headers={tuple_of(rows)}")
    return f"Returns({', '.join(parts)})"


def _check(check: CheckDef, action: ActionDef, arguments: dict[str, str], scope: Scope) -> str:
    program = scope.names.program
    first, *rest = check.path
    kinds: dict[str, Type] = {param.name: param.type for param in action.params}
    kinds.update((body.name, body.type) for body in action.bodies)
    kind = kinds.get(first)
    path = [arguments.get(first, first)]
    for name in rest:
        entity = _entity_of(kind, program)
        if entity is None:
            path.append(name)
            continue
        definition = program.definitions[entity]
        assert isinstance(definition, EntityDef)
        path.append(scope.names.field(entity, name))
        kind = next((field.type for field in definition.fields if field.name == name), None)
    target = f"{'.'.join(scope.names.home(check.rule))}:{scope.names.symbol(check.rule)}"
    clock = ", reads_clock=True" if program.reads_clock(check.rule) else ""
    return f"Check({quote(target)}, {tuple_of([quote(part) for part in path])}{clock})"


def _entity_of(kind: Type | None, program: Program) -> str | None:
    while kind is not None:
        kind = bare(kind, program)
        if isinstance(kind, Opt):
            kind = kind.inner
            continue
        return kind.name if isinstance(kind, Entity) else None
    return None
