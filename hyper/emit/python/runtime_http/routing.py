"""Finds the operation of a request in a tree of path segments, built from the table of routes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match, NoMatchFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.datastructures import URLPath
    from starlette.types import Receive, Scope, Send

__all__ = ["Operations", "Route", "Tree"]

_PARAMETER = re.compile(r"\{([^{}]*)\}")


class Route(NamedTuple):
    """A row of the table: where an operation is served, and the module and name of its declaration."""

    method: str
    path: str
    module: str
    operation: str


class _Node:
    __slots__ = ("any", "literal", "mixed", "routes")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.mixed: dict[str, tuple[re.Pattern[str], _Node]] = {}
        self.any: _Node | None = None
        self.routes: dict[str, Route] = {}


class Tree:
    """Routes by their segments; written segments win over parameters."""

    __slots__ = ("_root",)

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._node(route.path).routes.setdefault(route.method, route)

    def _node(self, path: str) -> _Node:
        node = self._root
        for segment in path.strip("/").split("/") if path != "/" else ():
            if "{" not in segment:
                node = node.literal.setdefault(segment, _Node())
            elif _PARAMETER.fullmatch(segment):
                node.any = node.any or _Node()
                node = node.any
            else:
                if segment not in node.mixed:
                    node.mixed[segment] = (_segment_pattern(segment), _Node())
                node = node.mixed[segment][1]
        if path.endswith("/") and path != "/":
            node = node.literal.setdefault("", _Node())
        return node

    def find(self, segments: list[str], method: str) -> tuple[Route | None, list[str]]:
        """The route of a path and method, and the methods that the path has; none where it is not served."""
        allowed: dict[str, None] = {}
        fallback: Route | None = None
        waiting = [(self._root, 0)]
        while waiting:
            node, at = waiting.pop()
            if at == len(segments):
                if method in node.routes:
                    return node.routes[method], []
                if method == "HEAD" and fallback is None:
                    fallback = node.routes.get("GET")
                allowed.update(dict.fromkeys(node.routes))
                continue
            segment = segments[at]
            if node.any is not None and segment:
                waiting.append((node.any, at + 1))
            for pattern, following in reversed(node.mixed.values()):
                if pattern.fullmatch(segment):
                    waiting.append((following, at + 1))
            literal = node.literal.get(segment)
            if literal is not None:
                waiting.append((literal, at + 1))
        return fallback, sorted(allowed)


def _segment_pattern(segment: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(segment)
    return re.compile(
        "".join("(.+)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts)),
        re.DOTALL,
    )


def path_values(path: str, segments: list[str]) -> dict[str, str]:
    """The values of a path's parameters by wire name."""
    values: dict[str, str] = {}
    for template, segment in zip(path.strip("/").split("/"), segments, strict=False):
        if "{" not in template:
            continue
        names = _PARAMETER.findall(template)
        found = _segment_pattern(template).fullmatch(segment)
        if found is not None:
            values.update(zip(names, found.groups(), strict=True))
    return values


def segments_of(scope: Scope) -> list[str]:
    """The decoded segments of a request's path; an encoded slash does not divide."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    raw: bytes | None = scope.get("raw_path")
    encoded = raw is not None and b"%" in raw
    if raw is not None and encoded:
        path = raw.partition(b"?")[0].decode("latin-1")
    if root and path.startswith(root):
        path = path[len(root) :]
    if path in {"", "/"}:
        return []
    parts = path.removeprefix("/").split("/")
    return [unquote(part) for part in parts] if encoded else parts


class Operations(BaseRoute):
    """All operations of the service as one route, at the root as something mounted there would be; ``routes`` lists them."""

    path = ""
    name = "operations"

    def __init__(
        self,
        routes: Iterable[Route],
        answer: Callable[[Route, dict[str, str], Scope, Receive, Send], Awaitable[None]],
    ) -> None:
        self.routes = tuple(routes)
        self._answer = answer
        self._tree: Tree | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a path is served here; another method of it is refused, if no other route has it."""
        if scope["type"] != "http":
            return Match.NONE, {}
        if self._tree is None:
            self._tree = Tree(self.routes)
        segments = segments_of(scope)
        route, allowed = self._tree.find(segments, scope["method"])
        if route is None:
            return (
                (Match.PARTIAL, {"operation": None, "allowed": allowed})
                if allowed
                else (Match.NONE, {})
            )
        values = path_values(route.path, segments)
        return Match.FULL, {"operation": route, "path_params": values}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that matched."""
        route: Route | None = scope["operation"]
        if route is None:
            allowed: list[str] = scope["allowed"]
            if "GET" in allowed and "HEAD" not in allowed:
                allowed.append("HEAD")
            response = JSONResponse(
                {"detail": "Method Not Allowed"}, 405, {"Allow": ", ".join(allowed)}
            )
            await response(scope, receive, send)
            return
        await self._answer(route, scope["path_params"], scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """The path of an operation by its name, with values for its parameters."""
        from starlette.datastructures import URLPath

        for route in self.routes:
            if route.operation == name and set(_PARAMETER.findall(route.path)) == set(path_params):
                path = _PARAMETER.sub(lambda found: str(path_params[found[1]]), route.path)
                return URLPath(path, protocol="http")
        raise NoMatchFound(name, path_params)
