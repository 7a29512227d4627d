"""An edit compiled: the units that changed, those that looked up what changed of them, and no other.

It goes in rounds. The changed units are compiled beside all others as they were left; where the face of a declaration is another
than before, the units that looked it up are compiled along in the next round, until no more come. What needs all units to be
told, a finding of any kind of error above all, is left to the whole front end.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from hyper.base import digest
from hyper.engine.graph.foreign import ForeignUnits
from hyper.engine.graph.rows import Making, Place, Row
from hyper.engine.graph.stale import stale
from hyper.ir.program import FeatureDef
from hyper.lang.reads import OPERATION, SERVICE, AllNeededError, UnitNeededError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from hyper.base.diagnostics import Diagnostic
    from hyper.engine.clock import Phases
    from hyper.engine.graph.kept import Graph
    from hyper.engine.parsed import Parsed
    from hyper.ir.program import Module
    from hyper.lang.check import Checked
    from hyper.lang.symbols import World

_NOWHERE: Final = Place(0, 0, 0, b"")
# Findings that are told once for a build, wherever they are found, or of which one file's depends on another's.
_SHARED: Final = frozenset({"W0501", "W0502"})
# Compiling more units than this share one by one saves nothing over compiling all.
_SHARE: Final = 0.5
_FEW: Final = 8


class Partial(NamedTuple):
    """What an edit comes to: the rows of all units, and the IR of those that were compiled, by module.

    ``why`` says of each compiled path what made it so; ``changed`` are the qualified names of declarations whose definition
    is new, gone or another, and the modules of which something else is.
    """

    rows: list[Row]
    modules: dict[str, Module]
    why: dict[str, str]
    changed: frozenset[str]
    differing: frozenset[str]
    """The modules of which anything is another than before, is new, or is gone."""
    stale: frozenset[str]
    """The modules whose scenarios may come to something else."""


class Sources(NamedTuple):
    """The units of a build: the digest of each by path, and what reads and parses one."""

    digests: Mapping[str, str]
    read: Callable[[str], bytes]
    parse: Callable[[str, bytes], Parsed]


class WholeError(Exception):
    """All units have to be compiled; the text says why."""


def compile_partial(graph: Graph, sources: Sources, phases: Phases) -> Partial:
    """Compile what an edit needs. Raises ``WholeError`` where everything has to be, ``LostError`` where what is kept is not
    whole, and ``OSError``."""
    try:
        return _Edit(graph, sources, phases).compile()
    except AllNeededError as error:
        raise WholeError(str(error)) from None


class _Edit:
    def __init__(self, graph: Graph, sources: Sources, phases: Phases) -> None:
        self.graph = graph
        self.sources = sources
        self.phases = phases
        self.old = {row.path: row for row in graph.index.rows}
        self.paths = {row.module: row.path for row in graph.index.rows}
        self.parsed: dict[str, tuple[Parsed, int]] = {}
        self.why: dict[str, str] = {}

    def compile(self) -> Partial:
        digests = self.sources.digests
        if any(item.code in _SHARED for row in self.old.values() for item in row.diagnostics):
            raise WholeError("there are warnings that are given once for all of them")
        for path, content in digests.items():
            if path not in self.old:
                self.why[path] = "this file is new"
            elif self.old[path].content != content:
                self.why[path] = "this file has other bytes"
        gone = [row for path, row in self.old.items() if path not in digests]
        while True:
            self._limit()
            made = self._round(gone)
            if made is not None:
                return made

    def _limit(self) -> None:
        if len(self.why) > max(_FEW, _SHARE * len(self.sources.digests)):
            raise WholeError("most of them changed, or use what did")

    def _round(self, gone: list[Row]) -> Partial | None:
        """Compile the units that are known to need it; ``None`` where more do."""
        before = [row for path, row in self.old.items() if path in self.why] + gone
        others = [
            row
            for path, row in self.old.items()
            if path not in self.why and path in self.sources.digests
        ]
        foreign = ForeignUnits(others, self.graph.module)
        try:
            rows, modules = self._front(foreign)
        except UnitNeededError as needed:
            path = self.paths.get(needed.module)
            if path is None or path in self.why:
                raise WholeError(f"the file of `{needed.module}` is not there") from None
            self.why[path] = "another file needs all of it"
            return None
        kinds, wholes, bodies = changes(before, rows)
        more = False
        for row in others:
            name = _first(row, kinds, wholes, bodies)
            if name is not None:
                self.why[row.path] = _use(name, rows, modules)
                more = True
        if more:
            return None
        scenarios = stale(before, rows, others)
        was = {row.module: row for row in before}
        rows = [_skipping(row, was.get(row.module), scenarios) for row in rows]
        return Partial(
            sorted([*others, *rows], key=lambda row: row.module),
            modules,
            self.why,
            frozenset(bodies),
            _differing(before, rows),
            scenarios,
        )

    def _parse(self, path: str) -> tuple[Parsed, int]:
        known = self.parsed.get(path)
        if known is None:
            data = self.sources.read(path)
            if digest.of_bytes(data) != self.sources.digests[path]:
                raise WholeError("a file changed meanwhile")
            known = self.parsed[path] = (self.sources.parse(path, data), len(data))
        if any(item.is_error for item in known[0].diagnostics):
            raise WholeError("there are errors")
        return known

    def _front(self, foreign: ForeignUnits) -> tuple[list[Row], dict[str, Module]]:
        from hyper.ir.analyse import analyse
        from hyper.ir.lower import lower
        from hyper.lang.check import check
        from hyper.lang.resolve import resolve
        from hyper.lang.unused import unused

        with self.phases.phase("parse"):
            parsed = [self._parse(path) for path in sorted(self.why)]
        found: list[Diagnostic] = [item for each, _ in parsed for item in each.diagnostics]
        with self.phases.phase("resolve"):
            world, more = resolve([each.unit for each, _ in parsed], foreign)
            found += more
        with self.phases.phase("check"):
            _refuse_errors(found)
            checked = check(world)
            found += checked.diagnostics
            _refuse_errors(found)
        with self.phases.phase("lower"):
            program = lower(world, checked)
            found += checked.failures
        with self.phases.phase("analyse"):
            found += unused(world)
            found += analyse(program, world)
            _refuse_errors(found)
        modules = {module.name: module for module in program.modules}
        with self.phases.phase("compare"):
            return self._rows(world, checked, modules, found), modules

    def _rows(
        self,
        world: World,
        checked: Checked,
        modules: Mapping[str, Module],
        found: Iterable[Diagnostic],
    ) -> list[Row]:
        by_path: dict[str, list[Diagnostic]] = {}
        for item in dict.fromkeys(found):
            if item.file not in self.why:
                raise WholeError("there is a finding about another file")
            by_path.setdefault(item.file, []).append(item)
        making = Making(world, checked)
        rows: list[Row] = []
        for path in sorted(self.why):
            parsed, size = self._parse(path)
            unit = parsed.unit
            if unit.name not in modules:
                raise WholeError("a module is left out")
            source = (self.sources.digests[path], size)
            rows.append(
                making.row(
                    unit,
                    modules[unit.name],
                    source,
                    skipped=0,
                    diagnostics=by_path.get(path, ()),
                    place=_NOWHERE,
                )
            )
        return rows


def _use(name: str, rows: Iterable[Row], modules: Mapping[str, Module]) -> str:
    """That a unit uses what is not as it was, with the place of that."""
    if name == SERVICE:
        return "it has actions, and the service is not as it was"
    if name.startswith(OPERATION):
        return f"another action is called `{name.removeprefix(OPERATION)}`, or none is any more"
    home, _, short = name.rpartition(".")
    path = next((row.path for row in rows if row.module == home), None)
    if path is None or not short:
        return f"it uses `{name.rstrip('.')}`, which is gone"
    for each in modules[home].definitions:
        if not isinstance(each, FeatureDef) and each.name == short:
            return f"it uses `{name}`, which is not as it was: {path}, line {each.line}"
    return f"it uses `{name}`, which is gone from {path}"


def _skipping(row: Row, before: Row | None, scenarios: Collection[str]) -> Row:
    """A row whose scenarios are not run again, with as many skipped as before."""
    if before is None or row.module in scenarios:
        return row
    return msgspec.structs.replace(row, skipped=before.skipped)


def _refuse_errors(found: Sequence[Diagnostic]) -> None:
    if any(item.is_error for item in found):
        raise WholeError("there are errors")
    if any(item.code in _SHARED for item in found):
        raise WholeError("there are warnings that are given once for all of them")


def changes(before: Sequence[Row], after: Sequence[Row]) -> tuple[set[str], set[str], set[str]]:
    """The names of which the form, the face, or anything is another than before."""
    was, now = _digests(before), _digests(after)
    kinds: set[str] = set()
    wholes: set[str] = set()
    bodies: set[str] = set()
    for name in was.keys() | now.keys():
        one, other = was.get(name), now.get(name)
        if one is None or other is None or one[0] != other[0]:
            kinds.add(name)
        if one is None or other is None or one[1] != other[1]:
            wholes.add(name)
        if one != other:
            bodies.add(name)
    kinds |= {f"{name}." for name in _modules(before) ^ _modules(after)}
    bodies |= _outsides(before, after)
    wholes |= _operations(before, after)
    if _service(before) != _service(after):
        wholes.add(SERVICE)
    wholes |= kinds
    return kinds, wholes, bodies | wholes


def _digests(rows: Iterable[Row]) -> dict[str, tuple[str, bytes, bytes]]:
    return {
        f"{row.module}.{each.name}": (each.form, each.face, each.body)
        for row in rows
        for each in row.declared
    }


def _modules(rows: Iterable[Row]) -> set[str]:
    return {row.module for row in rows}


def _outsides(before: Iterable[Row], after: Iterable[Row]) -> set[str]:
    """The modules of which something besides the declarations is another."""
    was = {row.module: row.outside for row in before}
    now = {row.module: row.outside for row in after}
    return {name for name in was.keys() | now.keys() if was.get(name) != now.get(name)}


def _differing(before: Iterable[Row], after: Iterable[Row]) -> frozenset[str]:
    was, now = ({row.module: _all(row) for row in rows} for rows in (before, after))
    return frozenset(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))


def _all(row: Row) -> tuple[object, ...]:
    return (row.path, row.declared, row.outside, row.features)


def _service(rows: Iterable[Row]) -> list[tuple[str, bytes]]:
    return [
        (f"{row.module}.{each.name}", each.body)
        for row in rows
        if row.service
        for each in row.declared
        if each.form == "ServiceDef"
    ]


def _operations(before: Iterable[Row], after: Iterable[Row]) -> set[str]:
    """The names that stand for how many actions have a name, where that is another number."""
    was = Counter(name for row in before for name in row.operations)
    now = Counter(name for row in after for name in row.operations)
    return {f"{OPERATION}{name}" for name in was | now if was[name] != now[name]}


def _first(row: Row, kinds: set[str], wholes: set[str], bodies: set[str]) -> str | None:
    """The first name that a unit looked up and that is not as it was."""
    for looked, changed in ((row.kinds, kinds), (row.wholes, wholes), (row.bodies, bodies)):
        if changed and not changed.isdisjoint(looked):
            return next(name for name in looked if name in changed)
    return None
