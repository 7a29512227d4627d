"""The ``service`` declaration: what a document says about the API as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hyper.importers.openapi.annotations import doc_of, extensions, open_api
from hyper.importers.openapi.keywords import modern
from hyper.importers.openapi.nodes import ident, string
from hyper.importers.openapi.references import tokens
from hyper.importers.openapi.security import schemes, security_uses
from hyper.lang import tree

if TYPE_CHECKING:
    from hyper.importers.openapi.document import Document

_ROOT: Final = frozenset(
    {"openapi", "info", "servers", "paths", "webhooks", "components", "security", "tags"}
)
_ITEM: Final = frozenset(
    {
        "get",
        "put",
        "post",
        "delete",
        "options",
        "head",
        "patch",
        "trace",
        "parameters",
        "servers",
        "$ref",
    }
)


def read_service(document: Document, name: str) -> tree.ServiceDecl:
    """The declaration; ``rest_of_root`` tells what it carries besides."""
    root = document.root
    info = document.mapping(root, "info", "#")
    doc = doc_of(info.get("description"))
    lines = schemes(document)
    title = document.text(info, "title", "#/info")
    version = document.text(info, "version", "#/info")
    return tree.ServiceDecl(
        0,
        0,
        ident(name),
        doc,
        [],
        None if title is None else string(title),
        None if version is None else string(version),
        _servers(document),
        lines,
        security_uses(document, root, "#"),
        [],
        _tags(document),
    )


def _servers(document: Document) -> list[tree.ServerLine]:
    lines: list[tree.ServerLine] = []
    for at, node in enumerate(document.sequence(document.root, "servers", "#")):
        if not isinstance(node, dict) or not isinstance(node.get("url"), str):
            document.wrong(f"#/servers/{at}", "an object with a url", node)
            continue
        text = doc_of(node.get("description"))
        known = ("url", "description") if text is not None else ("url",)
        rest = {
            key: value
            for key, value in node.items()
            if key not in known and not key.startswith("x-")
        }
        lines.append(
            tree.ServerLine(0, 0, string(node["url"]), text, [*extensions(node), *open_api(rest)])
        )
    return lines


def _tags(document: Document) -> list[tree.TagLine]:
    lines: list[tree.TagLine] = []
    seen: set[str] = set()
    for at, node in enumerate(document.sequence(document.root, "tags", "#")):
        if not isinstance(node, dict) or not isinstance(node.get("name"), str):
            document.wrong(f"#/tags/{at}", "an object with a name", node)
            continue
        if node["name"] in seen:
            continue
        seen.add(node["name"])
        text = doc_of(node.get("description"))
        known = ("name", "description") if text is not None else ("name",)
        rest = {
            key: value
            for key, value in node.items()
            if key not in known and not key.startswith("x-")
        }
        lines.append(
            tree.TagLine(0, 0, string(node["name"]), text, [*extensions(node), *open_api(rest)])
        )
    return lines


def rest_of_root(document: Document) -> dict[str, Any]:
    """What the root says that no form of the language does, but examples and the like (``rest_of_components``)."""
    root = document.root
    info = document.mapping(root, "info", "#")
    known = {"title", "version"}
    if doc_of(info.get("description")) is not None:
        known.add("description")
    rest: dict[str, Any] = {}
    about = {key: value for key, value in info.items() if key not in known}
    if about:
        rest["info"] = about
    paths: dict[str, Any] = {}
    for path, item in document.mapping(root, "paths", "#").items():
        if path.startswith("x-"):
            paths[path] = item
        elif isinstance(item, dict):
            beside = {key: value for key, value in item.items() if key not in _ITEM}
            if beside:
                paths[path] = beside
    if paths:
        rest["paths"] = paths
    rest.update(
        {key: value for key, value in root.items() if key not in _ROOT and not key.startswith("x-")}
    )
    components = document.mapping(root, "components", "#")
    beside = {key: value for key, value in components.items() if key.startswith("x-")}
    if beside:
        rest["components"] = beside
    document.carry(rest)
    document.carry({key: value for key, value in root.items() if key.startswith("x-")})
    return rest


_INLINED: Final = ("parameters", "headers", "responses", "requestBodies")
_KEPT: Final = ("examples", "links", "callbacks", "pathItems")


def rest_of_components(document: Document) -> dict[str, dict[str, Any]]:
    """Components that are neither schemas nor security schemes, by section: those of which nothing was made where
    they are used, and those that a node passed on word by word refers to."""
    components = document.mapping(document.root, "components", "#")
    rest: dict[str, dict[str, Any]] = {}
    for section in _KEPT:
        for name, node in document.mapping(components, section, "#/components").items():
            rest.setdefault(section, {})[name] = node if section == "examples" else modern(node)
            document.carry(node)
    for section in _INLINED:
        for name, node in document.mapping(components, section, "#/components").items():
            if (section, name) not in document.used:
                rest.setdefault(section, {})[name] = modern(node)
                document.carry(node)
    done: set[str] = set()
    while True:
        fresh = [pointer for pointer in document.carried if pointer not in done]
        if not fresh:
            return rest
        for pointer in fresh:
            done.add(pointer)
            path = tokens(pointer)
            if len(path) < 3 or path[1] not in _INLINED:
                continue
            section, name = path[1], path[2]
            node = document.mapping(components, section, "#/components").get(name)
            if node is not None and name not in rest.get(section, {}):
                rest.setdefault(section, {})[name] = modern(node)
                document.carry(node)
