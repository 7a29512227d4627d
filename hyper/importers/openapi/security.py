"""Security: the schemes under ``service`` and the requirements of the service and of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hyper.importers.openapi.annotations import doc_of, extensions, open_api
from hyper.importers.openapi.nodes import ident, literal, string
from hyper.importers.openapi.words import is_identifier
from hyper.lang import tree

if TYPE_CHECKING:
    from hyper.importers.openapi.document import Document

KINDS: Final = ("apiKey", "http", "oauth2", "openIdConnect", "mutualTLS")

_NEEDED: Final = {
    "apiKey": ("name", "in"),
    "http": ("scheme",),
    "openIdConnect": ("openIdConnectUrl",),
}


def schemes(document: Document) -> list[tree.SchemeLine]:
    """The ``scheme`` lines; the names of all that were read are kept in the document."""
    components = document.mapping(document.root, "components", "#")
    lines: list[tree.SchemeLine] = []
    for name, item in document.mapping(components, "securitySchemes", "#/components").items():
        pointer = f"#/components/securitySchemes/{name}"
        node, _ = document.resolved(item, pointer)
        if node is None:
            continue
        kind = node.get("type")
        if kind not in KINDS:
            document.wrong(f"{pointer}/type", f"one of {', '.join(KINDS)}", kind)
            continue
        missing = [key for key in _NEEDED.get(kind, ()) if not isinstance(node.get(key), str)]
        if missing:
            document.findings.report(
                "E1004",
                f"{pointer}: {kind} needs {' and '.join(missing)}; the scheme is left out",
            )
            continue
        document.schemes[name] = name
        args = [
            tree.Arg(0, 0, ident(key), literal(value))
            for key, value in node.items()
            if key not in ("type", "description") and is_identifier(key)
        ]
        odd = {
            key: value
            for key, value in node.items()
            if not is_identifier(key) and not key.startswith("x-")
        }
        lines.append(
            tree.SchemeLine(
                0,
                0,
                ident(name),
                ident(kind),
                args,
                [*extensions(node), *open_api(odd)],
                doc_of(node.get("description")),
            )
        )
    return lines


def security_uses(
    document: Document, node: dict[str, Any], pointer: str
) -> list[tree.SecurityUse] | None:
    """The ``security`` line of the service or of an action; ``None`` where the key is absent."""
    if "security" not in node:
        return None
    found: list[tree.SecurityUse] = []
    for at, item in enumerate(document.sequence(node, "security", pointer)):
        if not isinstance(item, dict):
            document.wrong(f"{pointer}/security/{at}", "an object", item)
            continue
        uses: list[tree.SecurityScheme] = []
        for name, scopes in item.items():
            if name not in document.schemes:
                document.findings.report(
                    "W1001",
                    f"the security scheme {name[:80]!r} is nowhere defined; it is left out where it is required",
                )
                continue
            wanted = (
                [scope for scope in scopes or () if isinstance(scope, str)]
                if isinstance(scopes, list | None)
                else []
            )
            uses.append(tree.SecurityScheme(0, 0, ident(name), [string(scope) for scope in wanted]))
        if uses or not item:
            found.append(tree.SecurityUse(0, 0, uses))
    if not found:
        return [tree.SecurityUse(0, 0, [])]
    return found
