"""Routes: methods, paths and their parameters, and no two the same."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from hyper.base.diagnostics import related
from hyper.lang.reads import AllNeededError
from hyper.lang.resolve.lookup import suggest

if TYPE_CHECKING:
    from hyper.base.diagnostics import Reporter
    from hyper.lang import tree
    from hyper.lang.reads import Foreign
    from hyper.lang.symbols import ActionSymbol

METHODS: Final = ("GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")
_PATH_PARAMETER: Final = re.compile(r"\{([^{}]*)\}")


def path_parameters(path: str) -> list[str]:
    """Give the names of the path parameters, those in braces, in order."""
    return _PATH_PARAMETER.findall(path)


def check_route(action: ActionSymbol, reporter: Reporter) -> bool:
    """Check the method and the form of the path; tell whether the path's parameters can be compared."""
    decl = action.decl
    route = decl.route
    if route is None:
        if not decl.webhook:
            reporter.report(
                "E0701",
                f"`{decl.name.name}` has no route: add `route GET /path`",
                decl.name.start,
                decl.name.end,
            )
        return False
    if route.method not in METHODS:
        reporter.report(
            "E0701",
            f"`{route.method}` is no method: one of {', '.join(METHODS)}",
            route.start,
            route.end,
            suggestion=suggest(route.method.upper(), METHODS, reporter),
        )
    if decl.webhook and not route.path:
        return True
    problem = _path_problem(route.path)
    if problem is not None:
        reporter.report("E0701", problem, route.start, route.end)
    return problem is None


def _path_problem(path: str) -> str | None:
    if not path.startswith("/"):
        return "a path begins with `/`"
    rest = _PATH_PARAMETER.sub("", path)
    if "{" in rest or "}" in rest:
        return "each parameter in a path stands in its own braces: `/orders/{id}`"
    names = path_parameters(path)
    if "" in names:
        return "a parameter in a path needs a name: `/orders/{id}`"
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    return None if twice is None else f"`{{{twice}}}` stands in the path twice"


def check_path_params(
    route: tree.Route,
    params: dict[str, tree.ActionParam],
    reporter: Reporter,
) -> None:
    """Compare the places in the path with the ``path`` parameters, which are by wire name."""
    names = dict.fromkeys(path_parameters(route.path))
    for name in names:
        if name not in params:
            reporter.report(
                "E0702",
                f"`{{{name}}}` has no parameter: add `path {name}: string`",
                route.start,
                route.end,
                suggestion=suggest(name, params, reporter),
            )
    for wire, param in params.items():
        if wire not in names:
            reporter.report(
                "E0702",
                f"the path has no place for `{wire}`: write `{{{wire}}}` where it stands",
                param.name.start,
                param.name.end,
                suggestion=suggest(wire, names, reporter),
            )
        elif param.optional or param.default is not None:
            reporter.report(
                "E0702",
                f"`{param.name.name}` is part of the path, so it is always there: take off the `?` or"
                " the default",
                param.name.start,
                param.name.end,
            )


def route_key(action: ActionSymbol) -> str | None:
    """What no two actions have in common: of which kind they are, their method and the form of their path."""
    route = action.decl.route
    if route is None or not route.path:
        return None
    kind = "webhook" if action.decl.webhook else "action"
    return f"{kind} {route.method} {_PATH_PARAMETER.sub('{}', route.path)}"


def check_duplicates(
    actions: list[ActionSymbol], reporters: dict[str, Reporter], foreign: Foreign | None = None
) -> None:
    """Report routes that answer the same requests as an earlier one.

    Raises ``AllNeededError`` where that one is not among the actions, but ``foreign``.
    """
    seen: dict[str, ActionSymbol] = {}
    taken = foreign.routes() if foreign is not None else ()
    for action in actions:
        route = action.decl.route
        key = route_key(action)
        if route is None or key is None:
            continue
        if key in taken:
            raise AllNeededError(f"another file has the route `{key}` too")
        first = seen.setdefault(key, action)
        if first is action:
            continue
        other = first.decl.route
        place = first.unit.source.locate(other.start, other.end)  # type: ignore[union-attr]
        reporters[action.unit.path].report(
            "E0703",
            f"`{first.decl.name.name}` in {first.unit.path} already has {route.method} {route.path}",
            route.start,
            route.end,
            related=[related(place, "the first one")],
        )
