"""Enums: members and their wire values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.lang.markers import NO_MARKERS
from hyper.lang.resolve.markers import read_markers
from hyper.lang.resolve.site import Site
from hyper.lang.resolve.values import literal_of
from hyper.lang.symbols import MemberSymbol

if TYPE_CHECKING:
    from hyper.base.diagnostics import Reporter
    from hyper.lang import tree
    from hyper.lang.symbols import EnumSymbol, World


def resolve_enum(enum: EnumSymbol, world: World, reporter: Reporter) -> None:
    """Fill the members of an enum."""
    scope = world.scopes[enum.unit.name]
    decl = enum.decl
    if decl.markers:
        enum.markers = read_markers(decl.markers, "enum", None, Site(scope, world, reporter))
    wires: dict[tuple[type, str | int | bool], str] = {}
    first: type | None = None
    mixed = False
    for member in decl.members:
        name = member.name.name
        wire = _wire(member, reporter)
        if name in enum.members:
            reporter.report(
                "E0305",
                f"`{name}` is already a member of `{decl.name.name}`",
                member.name.start,
                member.name.end,
            )
            continue
        if wire is None:
            wire = name
        else:
            first = first or type(wire)
            if type(wire) is not first and not mixed:
                mixed = True
                _report_mixed(member, reporter)
            other = wires.setdefault((type(wire), wire), name)
            if other != name:
                reporter.report(
                    "E0509",
                    f"`{other}` has the same wire value",
                    (member.wire or member).start,
                    (member.wire or member).end,
                )
        markers = NO_MARKERS
        if member.markers:
            markers = read_markers(member.markers, "member", None, Site(scope, world, reporter))
        enum.members[name] = MemberSymbol(name, wire, markers, member)
    if not enum.members and not decl.members and not reporter.failed:
        reporter.report(
            "E0510",
            f"the enum `{decl.name.name}` has no members",
            decl.name.start,
            decl.name.end,
        )


def _wire(member: tree.EnumMember, reporter: Reporter) -> str | int | bool | None:
    if member.wire is None:
        return member.name.name
    wire = literal_of(member.wire)
    if wire is None:
        reporter.report(
            "E0510",
            "a wire value is a string, an int or a bool, written out",
            member.wire.start,
            member.wire.end,
        )
    return wire


def _report_mixed(member: tree.EnumMember, reporter: Reporter) -> None:
    place = member.wire or member.name
    reporter.report(
        "E0510",
        "the wire values of an enum are all of one kind: strings, ints or bools"
        + (
            ""
            if member.wire is not None
            else f" (without one, it is the string `{member.name.name}`)"
        ),
        place.start,
        place.end,
    )
