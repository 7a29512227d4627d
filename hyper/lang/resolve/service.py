"""The service: at most one, with names that are declared once and schemes that OpenAPI knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.base.diagnostics import related
from hyper.lang.reads import AllNeededError, UnitNeededError
from hyper.lang.resolve.lookup import suggest
from hyper.lang.resolve.markers import read_markers
from hyper.lang.resolve.site import Site
from hyper.lang.resolve.values import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.base.diagnostics import Reporter
    from hyper.lang import tree
    from hyper.lang.reads import Foreign
    from hyper.lang.resolve.marker_table import Target
    from hyper.lang.symbols import ActionSymbol, ServiceSymbol, World

# The arguments that each kind of scheme must have.
SCHEME_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "apiKey": ("name", "in"),
    "http": ("scheme",),
    "oauth2": ("flows",),
    "openIdConnect": ("openIdConnectUrl",),
    "mutualTLS": (),
}


def check_single(services: list[ServiceSymbol], reporters: dict[str, Reporter]) -> None:
    """Report every service but the first by path."""
    for extra in services[1:]:
        first = services[0]
        name = first.decl.name
        place = first.unit.source.locate(name.start, name.end)
        reporters[extra.unit.path].report(
            "E0710",
            f"a build has one service, and `{first.decl.name.name}` in {first.unit.path} is it",
            extra.decl.name.start,
            extra.decl.name.end,
            related=[related(place, "the first one")],
        )


def check_service(
    own: ServiceSymbol | None, actions: Sequence[ActionSymbol], foreign: Foreign
) -> None:
    """Where only some units are compiled: the service of the others is needed for actions, and there is no second.

    Raises ``UnitNeededError`` and ``AllNeededError``.
    """
    module = foreign.service()
    if module is None:
        return
    if own is not None:
        raise AllNeededError("there are two services")
    if actions:
        raise UnitNeededError(module)


def resolve_service(service: ServiceSymbol, world: World, reporter: Reporter) -> None:
    """Check the lines of a service."""
    decl = service.decl
    scope = world.scopes[service.unit.name]
    service.markers = read_markers(decl.markers, "service", None, Site(scope, world, reporter))
    _check_twice([(role.name, role) for role in decl.roles], "a role", reporter)
    _check_twice([(line.name.name, line.name) for line in decl.schemes], "a scheme", reporter)
    _check_twice([(line.name.value, line.name) for line in decl.tags], "a tag", reporter)
    for scheme in decl.schemes:
        _check_scheme(scheme, reporter)
    lines: tuple[tuple[Target, Sequence[tree.SchemeLine | tree.ServerLine | tree.TagLine]], ...] = (
        ("scheme", decl.schemes),
        ("server", decl.servers),
        ("tag", decl.tags),
    )
    for target, nodes in lines:
        for node in nodes:
            markers = read_markers(node.markers, target, None, Site(scope, world, reporter))
            service.line_markers[id(node)] = markers
    check_security(decl.security, service, reporter)


def _check_twice(items: list[tuple[str, tree.Node]], word: str, reporter: Reporter) -> None:
    seen: set[str] = set()
    for name, node in items:
        if name in seen:
            reporter.report("E0305", f"{name!r} is already {word}", node.start, node.end)
        seen.add(name)


def _check_scheme(line: tree.SchemeLine, reporter: Reporter) -> None:
    kind = line.kind.name
    wanted = SCHEME_KINDS.get(kind)
    if wanted is None:
        reporter.report(
            "E0711",
            f"there is no kind of scheme `{kind}`: one of {', '.join(SCHEME_KINDS)}",
            line.kind.start,
            line.kind.end,
            suggestion=suggest(kind, SCHEME_KINDS, reporter),
        )
        return
    given: set[str] = set()
    for arg in line.args:
        if arg.name is None or json_text(arg.value) is None:
            reporter.report(
                "E0711", "write `key: value` with a value that is JSON", arg.start, arg.end
            )
            return
        given.add(arg.name.name)
    missing = [key for key in wanted if key not in given]
    if missing:
        keys = " and ".join(f"`{key}`" for key in missing)
        reporter.report("E0711", f"`{kind}` needs {keys}", line.kind.start, line.kind.end)


def check_security(
    uses: list[tree.SecurityUse] | None, service: ServiceSymbol | None, reporter: Reporter
) -> None:
    """Report schemes that the service does not declare."""
    if not uses:
        return
    lines = service.decl.schemes if service is not None else []
    known = {line.name.name: None for line in lines}
    for use in uses:
        for scheme in use.schemes:
            name = scheme.name.name
            if name in known:
                continue
            reporter.report(
                "E0709",
                f"no scheme `{name}` is declared: add `scheme {name}: …` to the service",
                scheme.name.start,
                scheme.name.end,
                suggestion=suggest(name, known, reporter),
            )
