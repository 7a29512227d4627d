"""The typed protocols that handlers of a service follow: one for each module with actions, and all of them joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.emit.python.format import INDENT, LIMIT, docstring, explode, width
from hyper.emit.python.models import described
from hyper.emit.python.scope import Scope, import_lines, source_key
from hyper.emit.python.served import argument_names
from hyper.emit.python.types import annotation
from hyper.ir.markers import NO_MARKERS
from hyper.ir.types import Opt

if TYPE_CHECKING:
    from hyper.emit.python.names import Names
    from hyper.ir.program import ActionDef


def protocol_name(stem: str) -> str:
    """The class of a module's protocol."""
    title = "".join(part[:1].upper() + part[1:] for part in stem.split("_") if part)
    return f"{title}Handlers"


def handler_modules(stems: list[str]) -> str:
    """The text of ``api/handlers/__init__.py``."""
    lines = [
        '"""What handlers look like. ``Handlers`` has a method for every action: inherit from it and',
        "override those that you serve; the others answer 501.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Protocol",
        "",
    ]
    for source in sorted((f".{stem}" for stem in stems), key=source_key):
        lines += import_lines(source, {protocol_name(source[1:])})
    if stems:
        lines.append("")
    lines += [
        '__all__ = ["Handlers"]',
        "",
        "",
        "class Handlers(",
        *(f"{INDENT}{protocol_name(stem)}," for stem in stems),
        f"{INDENT}Protocol,",
        "):",
        f'{INDENT}"""All actions of the service."""',
        "",
    ]
    return "\n".join(lines)


def handlers_text(
    module: str, actions: list[ActionDef], chosen: dict[str, str], stem: str, names: Names
) -> str:
    """The text of the protocol of one module."""
    title = protocol_name(stem)
    scope = Scope(names, ("api", "handlers", stem), {title, *chosen.values()})
    protocol = scope.take("typing", "Protocol")
    reply = scope.take(".answers", "Reply")
    body: list[str] = []
    for action in actions:
        body += ["", *_method(action, chosen[action.name], reply, scope)]
    lines = [
        f'"""The handlers of {module}."""',
        "",
        *scope.header(references=False),
        "",
        "",
        f"class {title}({protocol}):",
        f'{INDENT}"""The actions of {module}."""',
        *body,
        "",
    ]
    return "\n".join(lines)


def _method(action: ActionDef, name: str, reply: str, scope: Scope) -> list[str]:
    arguments = argument_names(action)
    optional = any(body.optional for body in action.bodies)
    kinds: dict[str, list[str]] = {}
    for param in action.params:
        kind = annotation(param.type, NO_MARKERS, scope)
        if param.optional and param.default is None and not isinstance(param.type, Opt):
            kind = f"{kind} | None"
        kinds.setdefault(arguments[param.name], [kind])
    for body in action.bodies:
        found = kinds.setdefault(arguments[body.name], [])
        kind = annotation(body.type, NO_MARKERS, scope)
        if kind not in found:
            found.append(kind)
    if optional:
        kinds[arguments[action.bodies[0].name]].append("None")
    params = [f"{argument}: {' | '.join(found)}" for argument, found in kinds.items()]
    result = f"{reply}[{_result(action, scope)}]"
    lines = _signature(name, params, result)
    lines += docstring(described(action.doc, action.markers), INDENT * 2)
    unhandled = scope.take(".answers", "UnhandledError")
    return [*lines, f"{INDENT * 2}raise {unhandled}"]


def _result(action: ActionDef, scope: Scope) -> str:
    found: list[str] = []
    for returns in action.returns:
        if returns.error:
            continue
        kind = "None" if returns.type is None else annotation(returns.type, NO_MARKERS, scope)
        if kind not in found:
            found.append(kind)
    return " | ".join(found) or "None"


def _signature(name: str, params: list[str], result: str) -> list[str]:
    listed = ["self", "*", *params] if params else ["self"]
    line = f"{INDENT}def {name}({', '.join(listed)}) -> {result}:"
    if width(line) <= LIMIT:
        return [line]
    lines = [f"{INDENT}def {name}("]
    for index, part in enumerate(listed):
        if index < 2:
            lines.append(f"{INDENT * 2}{part},")
        else:
            argument, _, kind = part.partition(": ")
            lines += explode(kind, INDENT * 2, f"{argument}: ", ",")
    return [*lines, *explode(result, INDENT, ") -> ", ":")]
