"""Markers become one record: known, where they may stand, with arguments that make sense."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.lang import tree
from hyper.lang.markers import NO_MARKERS, Markers
from hyper.lang.resolve.bounds import check_bounds, tighten
from hyper.lang.resolve.lookup import core, suggest
from hyper.lang.resolve.marker_habits import form_of, said_of
from hyper.lang.resolve.marker_table import (
    EXTRAS,
    FIT_WORDS,
    MARKERS,
    STYLES,
    TARGET_WORDS,
    MarkerSpec,
    Target,
    fits,
)
from hyper.lang.resolve.patterns import is_supported, mistake
from hyper.lang.resolve.values import bare, json_text, number_of, string_of
from hyper.lang.symbols import EnumSymbol
from hyper.lang.types import UNKNOWN, Enum, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.lang.markers import Number
    from hyper.lang.resolve.site import Site
    from hyper.lang.types import Type

_LARGEST_LENGTH: Final = 2**63 - 1


def read_markers(
    nodes: list[tree.Marker],
    target: Target,
    kind: Type | None,
    site: Site,
) -> Markers:
    """Read the markers of one node, which is of the type ``kind`` where it has one.

    Each mistake is reported and leaves its marker out.
    """
    if not nodes:
        return NO_MARKERS
    reading = _Reading(target, kind, site)
    for node in nodes:
        reading.add(node)
    if not reading.values:
        return NO_MARKERS
    check_bounds(reading.values, kind, nodes, site.world, site.reporter)
    return Markers(**reading.values)


class _Reading:
    """What was read of one node's markers so far."""

    __slots__ = ("core", "kind", "reporter", "scope", "seen", "target", "values", "world")

    def __init__(self, target: Target, kind: Type | None, site: Site) -> None:
        self.target = target
        self.kind = kind
        self.scope, self.world, self.reporter = site
        self.values: dict[str, Any] = {}
        self.seen: set[str] = set()
        self.core = core(kind, site.world) if kind is not None else UNKNOWN

    def add(self, node: tree.Marker) -> None:
        """Read one marker."""
        name = node.name.name
        spec = MARKERS.get(name)
        if spec is None:
            form, said = form_of(name), said_of(name)
            near = None if said else _with_at(suggest(name, MARKERS, self.reporter))
            self.reporter.report(
                "E0501",
                f"there is no marker `@{name}`{f': {said}' if said else ''}",
                node.start,
                node.end,
                suggestion=f"write `{form}`" if form else near,
            )
            return
        if not self._may_stand(node, name, spec):
            return
        if name in self.seen and not spec.repeats:
            self.reporter.report(
                "E0504", f"`@{name}` is written twice: keep one", node.start, node.end
            )
            return
        self.seen.add(name)
        if not _READERS[name](self, node):
            self.reporter.report("E0503", f"write `{spec.form}`", node.start, node.end)

    def _may_stand(self, node: tree.Marker, name: str, spec: MarkerSpec) -> bool:
        if self.target not in spec.targets:
            self.reporter.report(
                "E0502",
                f"`@{name}` cannot stand on {TARGET_WORDS[self.target]}",
                node.start,
                node.end,
            )
            return False
        if spec.fit == "any" or self.kind is None or fits(self.core, spec.fit):
            return True
        self.reporter.report(
            "E0502",
            f"`@{name}` is for {FIT_WORDS[spec.fit]}, and this is `{show(self.kind)}`",
            node.start,
            node.end,
        )
        return False

    def number(self, expr: tree.Expr) -> Number | None:
        return number_of(bare(expr), self.scope, self.world)

    def text(self, node: tree.Marker) -> str | None:
        args = node.args
        if args is None or len(args) != 1 or args[0].name is not None:
            return None
        return string_of(args[0].value, self.scope, self.world)

    def json(self, node: tree.Marker) -> str | None:
        args = node.args
        if args is None or len(args) != 1 or args[0].name is not None:
            return None
        return json_text(args[0].value) or self._member(bare(args[0].value))

    def _member(self, value: tree.Expr) -> str | None:
        """Give the wire value of a member of the enum that the node is of."""
        if not isinstance(value, tree.Name) or not isinstance(self.core, Enum):
            return None
        enum = self.world.symbols.get(self.core.name)
        member = enum.members.get(value.name) if isinstance(enum, EnumSymbol) else None
        return None if member is None else msgspec.json.encode(member.wire).decode()

    def append(self, key: str, value: object) -> None:
        self.values[key] = (*self.values.get(key, ()), value)


def _with_at(name: str | None) -> str | None:
    return None if name is None else f"@{name}"


def _pair(reading: _Reading, node: tree.Marker) -> tuple[Number | None, Number | None] | None:
    """Two bounds, of which one may be ``none`` or left out; ``min`` and ``max`` name them."""
    args = node.args
    if not args or len(args) > 2:
        return None
    found: dict[str, Number | None] = {}
    for place, arg in zip(("min", "max"), args, strict=False):
        key = arg.name.name if arg.name is not None else place
        if key not in ("min", "max") or key in found:
            return None
        value = bare(arg.value)
        if isinstance(value, tree.NoneLit):
            found[key] = None
            continue
        number = reading.number(value)
        if number is None:
            return None
        found[key] = number
    low, high = found.get("min"), found.get("max")
    return None if low is None and high is None else (low, high)


def _range(reading: _Reading, node: tree.Marker) -> bool:
    pair = _pair(reading, node)
    if pair is None:
        return False
    tighten(reading.values, *pair, exclusive=False)
    return True


def _above(reading: _Reading, node: tree.Marker) -> bool:
    number = _one_number(reading, node)
    if number is not None:
        tighten(reading.values, number, None, exclusive=True)
    return number is not None


def _below(reading: _Reading, node: tree.Marker) -> bool:
    number = _one_number(reading, node)
    if number is not None:
        tighten(reading.values, None, number, exclusive=True)
    return number is not None


def _one_number(reading: _Reading, node: tree.Marker) -> Number | None:
    args = node.args
    if args is None or len(args) != 1 or args[0].name is not None:
        return None
    return reading.number(args[0].value)


def _multiple(reading: _Reading, node: tree.Marker) -> bool:
    number = _one_number(reading, node)
    if number is None:
        return False
    if number <= 0:
        reading.reporter.report("E0505", "`@multiple` takes a number above 0", node.start, node.end)
        return True
    reading.values["multiple"] = number
    return True


def _counts(low: str, high: str) -> Callable[[_Reading, tree.Marker], bool]:
    def read(reading: _Reading, node: tree.Marker) -> bool:
        pair = _pair(reading, node)
        if pair is None:
            return False
        for key, value in ((low, pair[0]), (high, pair[1])):
            if value is None:
                continue
            if not isinstance(value, int):
                return False
            if not 0 <= value <= _LARGEST_LENGTH:
                message = f"`@{node.name.name}` counts: {value} is out of bounds"
                reading.reporter.report("E0505", message, node.start, node.end)
                return True
            reading.values[key] = value
        return True

    return read


def _match(reading: _Reading, node: tree.Marker) -> bool:
    pattern = reading.text(node)
    if pattern is None:
        return False
    cause = mistake(pattern)
    if cause is not None:
        message = f"this pattern is no regular expression: {cause}"
        reading.reporter.report("E0415", message, node.start, node.end)
    elif not is_supported(pattern):
        reading.reporter.report(
            "W0502",
            f"the pattern {json_text(tree.StrLit(0, 0, pattern, False, ''))} is outside the dialect of"
            " Rust's regex: it is passed on, and not enforced",
            node.start,
            node.end,
        )
    reading.append("patterns", pattern)
    return True


def _flag(key: str) -> Callable[[_Reading, tree.Marker], bool]:
    def read(reading: _Reading, node: tree.Marker) -> bool:
        reading.values[key] = True
        return not node.args

    return read


def _string(key: str) -> Callable[[_Reading, tree.Marker], bool]:
    def read(reading: _Reading, node: tree.Marker) -> bool:
        text = reading.text(node)
        if not text:
            return False
        reading.values[key] = text
        return True

    return read


def _deprecated(reading: _Reading, node: tree.Marker) -> bool:
    text = "" if not node.args else reading.text(node)
    if text is None:
        return False
    reading.values["deprecated"] = text
    return True


def _default(reading: _Reading, node: tree.Marker) -> bool:
    text = reading.json(node)
    if text is None:
        return False
    reading.values["default"] = text
    return True


def _repeated_json(key: str, *, obj: bool) -> Callable[[_Reading, tree.Marker], bool]:
    def read(reading: _Reading, node: tree.Marker) -> bool:
        text = reading.json(node)
        if text is None or (obj and not text.startswith("{")):
            return False
        reading.append(key, text)
        return True

    return read


def _extension(reading: _Reading, node: tree.Marker) -> bool:
    args = node.args
    if args is None or len(args) != 2:
        return False
    key = string_of(args[0].value, reading.scope, reading.world)
    value = json_text(args[1].value)
    if key is None or value is None:
        return False
    if not key.startswith("x-"):
        reading.reporter.report(
            "E0503",
            f'the key of an extension begins with "x-": write "x-{key}"',
            args[0].start,
            args[0].end,
        )
        return True
    reading.append("extensions", (key, value))
    return True


def _extra(reading: _Reading, node: tree.Marker) -> bool:
    if node.args is None or len(node.args) != 1 or node.args[0].name is not None:
        return False
    word = bare(node.args[0].value)
    if isinstance(word, tree.Name) and word.name in EXTRAS:
        reading.values["extra"] = word.name
    return True  # `@extra(T)` is kept by the declaration


def _style(reading: _Reading, node: tree.Marker) -> bool:
    for arg in node.args or ():
        word = bare(arg.value)
        if arg.name is not None and arg.name.name == "explode":
            if not isinstance(word, tree.BoolLit):
                return False
            reading.values["explode"] = word.value
        elif arg.name is None and isinstance(word, tree.Name | tree.StrLit):
            name = word.name if isinstance(word, tree.Name) else word.value
            if name == "explode":
                reading.values["explode"] = True
            elif name in STYLES:
                reading.values["style"] = name
            else:
                reading.reporter.report(
                    "E0503",
                    f"there is no style `{name}`: one of {', '.join(STYLES)}, and `explode`",
                    arg.start,
                    arg.end,
                    suggestion=suggest(name, (*STYLES, "explode"), reading.reporter),
                )
        elif _is_not_explode(arg, word):
            reading.values["explode"] = False
        else:
            return False
    return bool(node.args)


def _is_not_explode(arg: tree.Arg, word: tree.Expr) -> bool:
    """Whether an argument is ``not explode``."""
    return (
        arg.name is None
        and isinstance(word, tree.Unary)
        and word.op == "not"
        and isinstance(word.operand, tree.Name)
        and word.operand.name == "explode"
    )


_READERS: Final[dict[str, Callable[[_Reading, tree.Marker], bool]]] = {
    "range": _range,
    "above": _above,
    "below": _below,
    "multiple": _multiple,
    "length": _counts("min_length", "max_length"),
    "match": _match,
    "size": _counts("min_size", "max_size"),
    "unique": _flag("unique"),
    "format": _string("format"),
    "key": _flag("key"),
    "json": _string("wire"),
    "read": _flag("read"),
    "write": _flag("write"),
    "default": _default,
    "deprecated": _deprecated,
    "extra": _extra,
    "example": _repeated_json("examples", obj=False),
    "style": _style,
    "export": _flag("export"),
    "lazy": _flag("lazy"),
    "fastmath": _flag("fastmath"),
    "x": _extension,
    "schema": _repeated_json("schema", obj=True),
    "openapi": _repeated_json("openapi", obj=True),
}
