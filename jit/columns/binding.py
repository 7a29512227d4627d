"""The columns of a kernel out of a table, row by row what is wrong with them, and where people's names are found."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from hyper.jit.columns.formats import Wrong, WrongTypeError, shown
from hyper.jit.columns.lists import read_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hyper.jit.columns.formats import Array
    from hyper.jit.columns.nodes import Node
    from hyper.jit.columns.tables import Table
    from hyper.jit.columns.texts import Texts
    from hyper.jit.kernel.ir import Column

    Check = Callable[[Array, Texts], Iterable[Wrong]]
    """What is wrong with values that are there, or with the lengths of lists."""

Parts: TypeAlias = tuple[str, ...]
"""From a parameter by fields; ``[]`` for the items of a list, ``?`` at the end for whether a value is there."""
NOTHING: Final = object()
"""No default."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of a place beyond its column. ``names`` are how it may be spelt, the first as messages have it.
    ``default`` stands where no column is given, and for nulls where none may be."""

    names: tuple[str, ...]
    nullable: bool = False
    default: Any = NOTHING
    checks: tuple[Check, ...] = ()

    @property
    def fills(self) -> bool:
        """Whether the default stands for nulls."""
        return self.default is not NOTHING and self.default is not None and not self.nullable


class Fault:
    """Rows that cannot be computed: why, and the column that it is about."""

    __slots__ = ("column", "message", "rows")

    def __init__(self, rows: Array, column: str, message: str) -> None:
        self.rows = rows
        self.column = column
        self.message = message


@dataclass(slots=True)
class Bound:
    """Arrays in the order of the kernel's columns, and what is wrong. Where a value is wrong, or not there, 0 stands."""

    arrays: list[Array]
    objects: dict[int, list[Any]]
    """Values of Python, by the place of a column that is no kernel's."""
    faults: list[Fault]


@dataclass(slots=True)
class _Branch:
    """Columns by the steps of their paths."""

    inner: dict[str, _Branch] = field(default_factory=dict)
    columns: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Where:
    """How values lie to rows. ``reach``: those that should be there, ``None`` for all; ``rows``: the row of each, likewise."""

    count: int
    reach: Array | None
    rows: Array | None

    def to_rows(self, places: Array) -> Array:
        return places if self.rows is None else self.rows[places]


class Binding:
    """Binds tables to columns. ``parts`` are the paths of the columns; with ``bare`` there is one parameter, a record, whose
    fields may be columns of their own; ``whole`` gives the number of a column that is the same for each row."""

    def __init__(
        self,
        columns: Sequence[Column],
        parts: Sequence[Parts],
        expected: Mapping[Parts, Expected],
        *,
        bare: bool,
        opaque: frozenset[int] = frozenset(),
    ) -> None:
        self.columns = columns
        self.opaque = opaque
        self._expected = expected
        self._bare = bare
        self._root = _Branch()
        self._paths: list[Parts] = []
        for place, path in enumerate(parts):
            if columns[place].role == "whole":
                continue
            self._paths.append(path)
            branch = self._root
            for step in path:
                branch = branch.inner.setdefault(step, _Branch())
            branch.columns.append(place)

    def bind(
        self, table: Table, start: int, stop: int, texts: Texts, whole: Mapping[str, int]
    ) -> Bound:
        """The rows from ``start`` up to ``stop``. Raises ``ValueError`` for a column that is missing or of another type."""
        return _Work(self, table, (start, stop), texts).run(whole)

    def names(self, parts: Parts) -> list[str]:
        """How a place may be called in a table."""
        found = _spelt(self, parts)
        return found + (_spelt(self, parts, 1) if self._bare and len(parts) > 1 else [])

    def wanted(self, names: Iterable[str]) -> list[str]:
        """Those among the names of a table that are read."""
        known: set[str] = set()
        for path in self._paths:
            for stop in range(1, len(path) + 1):
                if path[stop - 1] in {"[]", "?"}:
                    break
                known.update(self.names(path[:stop]))
        return [name for name in names if name in known]

    @property
    def root(self) -> _Branch:
        """The columns by their paths."""
        return self._root

    def at(self, parts: Parts) -> Expected:
        """What is expected at a place."""
        return self._expected.get(parts) or Expected((parts[-1],))


def _spelt(binding: Binding, parts: Parts, first: int = 0) -> list[str]:
    found = [""]
    for place in range(first, len(parts)):
        names = binding.at(parts[: place + 1]).names
        found = [f"{head}.{name}" if head else name for head in found for name in names]
    return found


class _Work:
    """One binding of some rows."""

    def __init__(self, binding: Binding, table: Table, rows: tuple[int, int], texts: Texts) -> None:
        self._binding = binding
        self._table = table
        self._rows = rows
        self._texts = texts
        self._faults: list[Fault] = []
        self._arrays: dict[int, Array] = {}
        self._objects: dict[int, list[Any]] = {}

    def run(self, whole: Mapping[str, int]) -> Bound:
        where = _Where(self._rows[1] - self._rows[0], None, None)
        for name, branch in self._binding.root.inner.items():
            self._visit(branch, (name,), None, where)
        for place, column in enumerate(self._binding.columns):
            if column.role == "whole":
                self._arrays[place] = np.array([whole[column.path]], np.int64)
        arrays = [
            self._arrays.get(place, np.zeros(0)) for place in range(len(self._binding.columns))
        ]
        return Bound(arrays, self._objects, self._faults)

    def _column(self, parts: Parts) -> Node | None:
        """A column of the table itself."""
        if "[]" in parts:
            return None
        # A column that is called as the parameter is the parameter, not a field of it that has the same name.
        taken = self._binding.at(parts[:1]).names if len(parts) > 1 else ()
        for name in self._binding.names(parts):
            found = None if name in taken else self._table.column(name, *self._rows)
            if found is not None:
                return found
        return None

    def _found(self, parts: Parts, parent: Node | None) -> Node | None:
        found = self._column(parts)
        if found is None and parent is not None:
            for name in self._binding.at(parts).names:
                found = parent.field(name)
                if found is not None:
                    break
        return found

    def _below(self, branch: _Branch, parts: Parts) -> bool:
        """Whether the table has any part of a record."""
        return any(
            self._found((*parts, step), None) is not None or self._below(inner, (*parts, step))
            for step, inner in branch.inner.items()
            if step not in {"?", "[]"}
        )

    def _visit(self, branch: _Branch, parts: Parts, parent: Node | None, where: _Where) -> None:
        expected = self._binding.at(parts)
        node = self._found(parts, parent)
        if node is None:
            is_record = any(step not in {"?", "[]"} for step in branch.inner)
            if not is_record or not self._below(branch, parts):
                self._absent(branch, parts, expected, where)
                return
            self._flags(branch, np.ones(where.count, np.bool_))
            for step, inner in branch.inner.items():
                if step != "?":
                    self._visit(inner, (*parts, step), None, where)
            return
        self._present(branch, parts, node, where)

    def _absent(self, branch: _Branch, parts: Parts, expected: Expected, where: _Where) -> None:
        """Nothing in the table is it."""
        no_table = not self._table.names and not self._table.rows
        if not expected.nullable and expected.default is NOTHING and not no_table:
            raise ValueError(self._missing(branch, parts))
        if expected.default is NOTHING or expected.default is None:
            self._flags(branch, np.zeros(where.count, np.bool_))
            self._nothing(branch, where.count)
            return
        self._flags(branch, np.ones(where.count, np.bool_))
        for place in branch.columns:
            self._fill(place, parts, np.zeros(where.count, np.bool_), None)

    def _missing(self, branch: _Branch, parts: Parts) -> str:
        wanted = self._binding.names(parts)[-1] if "[]" not in parts else _shown(parts)
        kind = self._kind(branch)
        names = self._table.names
        read = set(self._binding.wanted(names))
        near = get_close_matches(wanted, [name for name in names if name not in read], 1)
        hint = f"; is it {near[0]!r}?" if near else ""
        listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
        return f"there is no column {wanted} ({kind} is expected), but {listed or 'none'}{hint}"

    def _kind(self, branch: _Branch) -> str:
        """What is expected, for people."""
        if "[]" in branch.inner:
            return "a list"
        if not branch.columns:
            return "a record"
        if branch.columns[0] in self._binding.opaque:
            return "a value"
        return shown(self._binding.columns[branch.columns[0]].format)

    def _flags(self, branch: _Branch, there: Array) -> None:
        flag = branch.inner.get("?")
        for place in flag.columns if flag is not None else ():
            self._arrays[place] = there.view(np.uint8)

    def _nothing(self, branch: _Branch, count: int) -> None:
        """Zeros in all that is beneath."""
        for place in branch.columns:
            column = self._binding.columns[place]
            if place in self._binding.opaque:
                self._objects[place] = [None] * count
            elif column.format.meaning == "offset":
                self._arrays[place] = np.zeros(count + 1, np.int64)
            else:
                self._arrays[place] = read_values([None] * count, column.format, self._texts).array
        for step, inner in branch.inner.items():
            if step == "?":
                self._flags(branch, np.zeros(count, np.bool_))
            else:
                self._nothing(inner, 0 if step == "[]" else count)

    def _present(self, branch: _Branch, parts: Parts, node: Node, where: _Where) -> None:
        expected = self._binding.at(parts)
        forms = [self._binding.columns[place].format for place in branch.columns]
        is_list = "[]" in branch.inner or any(form.meaning == "offset" for form in forms)
        if is_list or any(step not in {"?", "[]"} for step in branch.inner):
            node, wrong = node.shaped("list" if is_list else "record")
            for places, message in wrong:
                self._fault(places, parts, message, where)
        is_text = any(form.meaning == "text" for form in forms)
        there = node.there(empty=is_text and not expected.nullable)
        gone = None if there is None else ~there
        if gone is not None and where.reach is not None:
            gone &= where.reach
        if gone is not None and gone.any() and not expected.fills and not expected.nullable:
            message = f"null, where {self._kind(branch)} is needed"
            self._fault(np.flatnonzero(gone), parts, message, where)
        if where.reach is not None:
            there = where.reach if there is None else there & where.reach
        full = np.ones(where.count, np.bool_) if there is None else there
        flags = full
        if expected.fills:
            flags = np.ones(where.count, np.bool_)
        self._flags(branch, flags)
        for place in branch.columns:
            if self._binding.columns[place].format.meaning != "offset":
                self._leaf(place, parts, node, there, where)
        if is_list:
            self._list(branch, parts, node, there, where)
            return
        inside = _Where(where.count, there, where.rows)
        for step, inner in branch.inner.items():
            if step != "?":
                self._visit(inner, (*parts, step), node, inside)

    def _leaf(
        self, place: int, parts: Parts, node: Node, there: Array | None, where: _Where
    ) -> None:
        form = self._binding.columns[place].format
        if place in self._binding.opaque:
            values = node.objects()
            if there is not None:
                values = [
                    value if here else None for value, here in zip(values, there, strict=True)
                ]
            self._objects[place] = values
            return
        try:
            read = node.read(form, self._texts)
        except WrongTypeError as error:
            raise ValueError(f"column {_shown(parts)}: {error}") from None
        if len(read.array) != where.count:
            raise ValueError(f"column {_shown(parts)}: fewer values than the rows or lists have")
        checks = self._binding.at(parts).checks
        if there is None and not read.wrong and not checks:
            self._arrays[place] = np.ascontiguousarray(read.array)
            return
        array, bad = read.array, np.zeros(where.count, np.bool_)
        for wrong in read.wrong:
            self._wrong(wrong, parts, there, bad, where)
        self._fill_into(place, parts, array, there, bad)
        for check in checks:
            for wrong in check(self._arrays[place], self._texts):
                self._wrong(wrong, parts, there, bad, where)

    def _wrong(
        self, wrong: Wrong, parts: Parts, there: Array | None, bad: Array, where: _Where
    ) -> None:
        places = wrong.places
        if there is not None:
            places = places[there[places]]
        places = places[~bad[places]]
        if len(places):
            bad[places] = True
            self._fault(places, parts, wrong.message, where)

    def _fault(self, places: Array, parts: Parts, message: str, where: _Where) -> None:
        self._faults.append(Fault(where.to_rows(places), _shown(parts), message))

    def _fill_into(
        self, place: int, parts: Parts, array: Array, there: Array | None, bad: Array
    ) -> None:
        """What stands where nothing is, or what is wrong: 0, or the default."""
        cleared = bad if there is None else bad | ~there
        if cleared.any():
            array = array.copy()
            array[cleared] = 0
        self._arrays[place] = np.ascontiguousarray(array)
        if there is not None and self._binding.at(parts).fills:
            self._fill(place, parts, there, self._arrays[place])

    def _fill(self, place: int, parts: Parts, there: Array, array: Array | None) -> None:
        """The default where nothing is."""
        default = self._binding.at(parts).default
        if place in self._binding.opaque:
            values = self._objects.get(place, [None] * len(there))
            self._objects[place] = [
                value if here else default for value, here in zip(values, there, strict=True)
            ]
            return
        form = self._binding.columns[place].format
        one = read_values([default], form, self._texts)
        if one.wrong:
            raise ValueError(f"{_shown(parts)}: {one.wrong[0].message}")
        if array is None:
            self._arrays[place] = np.repeat(one.array, len(there), axis=0)
            return
        array[~there] = one.array[0]

    def _list(
        self, branch: _Branch, parts: Parts, node: Node, there: Array | None, where: _Where
    ) -> None:
        try:
            offsets, items = node.items(there)
        except TypeError as error:
            raise ValueError(f"column {_shown(parts)}: a list is expected, not {error}") from None
        except ValueError as error:
            raise ValueError(f"column {_shown(parts)}: {error}") from None
        for place in branch.columns:
            self._arrays[place] = offsets
        lengths = np.diff(offsets)
        bad = np.zeros(where.count, np.bool_)
        for check in self._binding.at(parts).checks:
            for wrong in check(lengths, self._texts):
                self._wrong(wrong, parts, there, bad, where)
        inner = branch.inner.get("[]")
        if inner is None:
            return
        rows = np.repeat(np.arange(where.count) if where.rows is None else where.rows, lengths)
        self._present(inner, (*parts, "[]"), items, _Where(len(items), None, rows))


def _shown(parts: Parts) -> str:
    return ".".join(parts).replace(".[]", "[]")
