"""The service of a package: the table of routes, the declarations of operations, and ``create_app``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hyper.emit.python.constants import NotConstantError, constant
from hyper.emit.python.format import INDENT, explode, quote, tuple_of
from hyper.emit.python.handlers import handler_modules, handlers_text
from hyper.emit.python.identifiers import identifier, unique
from hyper.emit.python.reading import reads
from hyper.emit.python.scope import Scope, import_lines
from hyper.emit.python.security import is_secured, security_tables, security_text
from hyper.emit.python.types import annotation
from hyper.ir.program import ActionDef, EntityDef, Module, Program
from hyper.ir.types import Entity, Type

if TYPE_CHECKING:
    from hyper.emit.python.names import Names
    from hyper.ir.program import CheckDef, ParameterDef, ReturnDef

# fmt: off
LIBRARY: Final = (
    "Annotated", "Any", "BigInt", "Bool", "Bytes", "Date", "DateTime", "Decimal", "Digits",
    "Duration", "Email", "Exactly", "ExactlyOne", "Field", "Finite", "Float", "Int", "Json",
    "JsonSchema", "Literal", "Matches", "Multiple", "Omittable", "RawBytes", "Tagged", "Time",
    "UUID", "Uuid", "Unique", "Url", "dt", "utc_now", "utc_today",
)
# fmt: on
"""Names that ``_runtime.operations`` gives to the texts of declarations."""


def api_files(program: Program, names: Names) -> dict[str, str]:
    """The files of ``api/``; none where the program has no actions."""
    served: list[tuple[Module, list[ActionDef]]] = []
    for module in program.modules:
        actions = [
            found
            for found in module.definitions
            if isinstance(found, ActionDef) and not found.webhook
        ]
        if actions:
            served.append((module, actions))
    files: dict[str, str] = {"api/__init__.py": _api_text(program)}
    table: list[str] = []
    taken: dict[str, str] = {}
    stems: dict[str, str] = {}
    for module, _ in served:
        stem = unique("_".join(names.module(module.name)), taken)
        taken[stem] = stems[module.name] = stem
    methods = method_names(served)
    for module, actions in served:
        stem = stems[module.name]
        chosen = {action.name: methods[module.name, action.name] for action in actions}
        files[f"api/operations/{stem}.py"] = _operations_text(module, actions, chosen, names)
        files[f"api/handlers/{stem}.py"] = handlers_text(module, actions, chosen, stem, names)
        for action in actions:
            row = ", ".join(
                map(quote, (action.method.upper(), action.path, stem, chosen[action.name]))
            )
            table += explode(f"Route({row})", INDENT, "", ",")
    files["api/handlers/__init__.py"] = handler_modules(
        [stems[module.name] for module, _ in served]
    )
    files["api/operations/__init__.py"] = (
        '"""What each operation takes and gives, by intent module."""\n'
    )
    files["api/routes.py"] = _routes_text(table, security_tables(program))
    return files


def method_names(served: list[tuple[Module, list[ActionDef]]]) -> dict[tuple[str, str], str]:
    """The handler method of each action; of several with one name, each has its module's before it."""
    wanted: dict[str, int] = {}
    for _, actions in served:
        for action in actions:
            name = method_identifier(action.name)
            wanted[name] = wanted.get(name, 0) + 1
    result: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for module, actions in served:
        for action in actions:
            name = method_identifier(action.name)
            if wanted[name] > 1:
                name = f"{identifier(module.name.replace('.', '_'))}_{name}"
            name = unique(name, taken)
            taken.add(name)
            result[module.name, action.name] = name
    return result


def method_identifier(name: str) -> str:
    """The name of a handler method: none that a class or a type in its annotations has."""
    from hyper.emit.python.identifiers import RESERVED_GLOBALS

    wanted = identifier(name).lstrip("_") or "action"
    if not wanted.isidentifier():
        wanted = f"action_{wanted}"
    return f"{wanted}_" if wanted in RESERVED_GLOBALS or wanted in LIBRARY else wanted


def _api_text(program: Program) -> str:
    service = program.service
    title = (service.title or service.name) if service is not None else "API"
    version = service.version if service is not None and service.version else "0.0.0"
    tables = ["ROUTES", *security_tables(program)]
    secured = is_secured(program)

    def only(*lines: str) -> tuple[str, ...]:
        """Lines for a service that declares security schemes."""
        return lines if secured else ()

    names = ["Answer", "ApiError", *only("Credential"), "Reply", "create_app", "current_request"]
    exported = ", ".join(map(quote, names))
    return "\n".join(
        [
            '"""The service: ``create_app`` serves the actions with the handlers that it is given."""',
            "",
            "from __future__ import annotations",
            "",
            "from typing import TYPE_CHECKING",
            "",
            "from .._runtime.answers import Answer, ApiError, Reply, current_request",
            *only("from .._runtime.security import Credential"),
            "",
            "if TYPE_CHECKING:",
            "    from collections.abc import Awaitable, Callable, Collection",
            "",
            "    from fastapi import FastAPI",
            "    from starlette.requests import Request",
            "",
            *only("    from .._runtime.security import Authenticate"),
            "    from .handlers import Handlers",
            "",
            f"__all__ = [{exported}]",
            "",
            "",
            "def create_app(",
            "    handlers: Handlers | None = None,",
            "    *,",
            "    mock: bool = False,",
            "    roles: Callable[[Request], Collection[str] | Awaitable[Collection[str]]] | None = None,",
            *only("    authenticate: Authenticate | None = None,"),
            ") -> FastAPI:",
            '    """Make the app.',
            "",
            "    An action without a handler answers 501, or with ``mock`` data that fits its description.",
            "    ``roles`` tells the roles of the sender of a request, for actions that only some may call;",
            "    without it these answer 403.",
            *only(
                "    ``authenticate`` tells whether the credentials of a request are good, for actions with",
                "    ``security``: without any, or with none that is good, they answer 401. Without it nobody",
                "    looks at credentials.",
            ),
            '    """',
            "    from .._runtime.service import make_app",
            f"    from .routes import {', '.join(tables)}",
            "",
            "    return make_app(",
            "        ROUTES,",
            "        handlers,",
            "        mock=mock,",
            "        roles=roles,",
            *only("        authenticate=authenticate,"),
            *(f"        {name.lower()}={name}," for name in tables[1:]),
            *explode(quote(title), INDENT * 2, "title=", ","),
            *explode(quote(version), INDENT * 2, "version=", ","),
            "    )",
            "",
        ]
    )


def _routes_text(table: list[str], security: dict[str, list[str]]) -> str:
    rows = (
        ["ROUTES: tuple[Route, ...] = (", *table, ")"]
        if table
        else ["ROUTES: tuple[Route, ...] = ()"]
    )
    imports = ["from .._runtime.security import Scheme"] if security else []
    checking = ["", "if TYPE_CHECKING:", "    from .._runtime.security import Security"]
    checking = checking if "SECURITY" in security else []
    return "\n".join(
        [
            '"""Where each operation is served, and which module of ``operations`` declares it."""',
            "",
            "from __future__ import annotations",
            "",
            *(["from typing import TYPE_CHECKING", ""] if checking else []),
            "from .._runtime.routing import Route",
            *imports,
            *checking,
            "",
            *rows,
            *(line for lines in security.values() for line in ("", *lines)),
            "",
        ]
    )


# Declarations of operations


def _operations_text(
    module: Module, actions: list[ActionDef], chosen: dict[str, str], names: Names
) -> str:
    scope = Scope(names, ("api", "operations", "_"), set(LIBRARY))
    library = {name: name for name in LIBRARY}
    scope.provide(library)
    used: set[str] = {"Operation"}
    entries: list[str] = []
    for action in actions:
        text = _operation(action, chosen[action.name], scope, used)
        entries += explode(text, INDENT, f"{quote(chosen[action.name])}: ", ",")
    lines = [
        f'"""The operations of {module.name}."""',
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


def argument_names(action: ActionDef) -> dict[str, str]:
    """The Python name of each parameter and of the body."""
    result: dict[str, str] = {}
    taken = {"self"}
    for name in [*(param.name for param in action.params), *(body.name for body in action.bodies)]:
        if name in result:
            continue
        wanted = identifier(name).lstrip("_") or "value"
        wanted = wanted if wanted.isidentifier() else f"value_{wanted}"
        import keyword

        wanted = f"{wanted}_" if keyword.iskeyword(wanted) else wanted
        result[name] = wanted = unique(wanted, taken)
        taken.add(wanted)
    return result


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
    from hyper.ir.kinds import bare
    from hyper.ir.types import Opt

    while kind is not None:
        kind = bare(kind, program)
        if isinstance(kind, Opt):
            kind = kind.inner
            continue
        return kind.name if isinstance(kind, Entity) else None
    return None
