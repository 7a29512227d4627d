"""What the generated service knows of its security schemes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hyper.emit.python.format import INDENT, explode, quote, tuple_of

if TYPE_CHECKING:
    from hyper.ir.program import Program, SchemeDef

    Security = tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]


def security_tables(program: Program) -> dict[str, list[str]]:
    """The names and lines of what ``routes`` says of security."""
    service = program.service
    made: dict[str, list[str]] = {}
    if service is None or not is_secured(program):
        return made
    rows: list[str] = []
    for scheme in service.schemes:
        rows += explode(_scheme(scheme), INDENT, f"{quote(scheme.name)}: ", ",")
    if rows:
        made["SCHEMES"] = ["SCHEMES = {", *rows, "}"]
    if service.security:
        text = security_text(service.security)
        made["SECURITY"] = explode(text, "", "SECURITY: Security = ")
    return made


def is_secured(program: Program) -> bool:
    """Whether the service declares schemes, so that there are credentials to look at."""
    return program.service is not None and bool(program.service.schemes)


def _scheme(scheme: SchemeDef) -> str:
    found: dict[str, Any] = msgspec.json.decode(scheme.body)
    kind = str(found.get("type", ""))
    parts = [kind]
    if kind == "http":
        parts.append(str(found.get("scheme", "")))
    elif kind == "apiKey":
        parts += [str(found.get("name", "")), str(found.get("in", ""))]
    return f"Scheme({', '.join(map(quote, parts))})"


def security_text(alternatives: Security) -> str:
    """Alternatives of schemes with scopes as Python text."""
    return tuple_of(
        [
            tuple_of(
                [
                    f"({quote(name)}, {tuple_of(list(map(quote, scopes)))})"
                    for name, scopes in all_of
                ]
            )
            for all_of in alternatives
        ]
    )
