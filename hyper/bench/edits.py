"""Recorded edits: a seeded sequence of what people do to a generated tree, after each of which it builds.

The mix is a guess at daily work, stated in ``MIX``: mostly bodies, some documentation, comments and signatures, few renames,
and a file that comes, goes or moves now and then. Seven of ten edits are to one of the units edited last; others go by popularity.
Whoever changes a body changes the scenario that states its result; whoever renames or moves changes every use.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from hyper.bench.draws import Draws
from hyper.bench.source import files_of, text_of
from hyper.bench.tree import FIRST, SMALLEST, Tree, Unit
from hyper.bench.vocabulary import AMOUNTS, DOMAINS, FIELDS, REMARKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EditKind: TypeAlias = Literal[
    "body", "signature", "doc", "comment", "rename", "new file", "deleted file", "moved file"
]
KINDS: Final[tuple[EditKind, ...]] = get_args(EditKind)
MIX: Final[dict[EditKind, int]] = {
    "body": 45,
    "signature": 15,
    "doc": 10,
    "comment": 10,
    "rename": 6,
    "new file": 8,
    "deleted file": 3,
    "moved file": 3,
}
"""Of a hundred edits, how many are of each kind."""
_RECENT: Final = 5


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit. ``changes`` are new texts by path from the source root, ``None`` for a file that goes."""

    kind: EditKind
    unit: str
    changes: dict[str, str | None]


class Edits:
    """A tree under work. The same size and seed give the same edits on every machine."""

    def __init__(self, size: int, seed: int) -> None:
        self._tree = Tree(size, seed)
        self._draws = Draws(f"edits {seed}")
        self._recent: deque[int] = deque(maxlen=_RECENT)
        self._acts: dict[EditKind, Callable[[], tuple[int, ...] | None]] = {
            "body": self._body,
            "signature": self._signature,
            "doc": self._doc,
            "comment": self._comment,
            "rename": self._rename,
            "new file": self._new,
            "deleted file": self._delete,
            "moved file": self._move,
        }

    def files(self) -> Iterator[tuple[str, str]]:
        """Paths and texts of the tree as it is now."""
        return files_of(self._tree)

    def next(self, kind: EditKind | None = None) -> Edit:
        """Make the next edit, of a kind or of one drawn from ``MIX``. One that is not possible here becomes one of a body."""
        wanted = kind if kind is not None else self._drawn()
        units = self._tree.units
        before = {number: unit.path for number, unit in units.items()}
        touched = self._acts[wanted]()
        if touched is None:
            wanted = "body"
            touched = self._body()
        at = touched[0]
        subject = units[at].path if at in units else before[at]
        changes: dict[str, str | None] = {
            before[number]: None
            for number in sorted(touched)
            if number in before and (number not in units or units[number].path != before[number])
        }
        there = (units[number] for number in sorted(touched) if number in units)
        changes |= {unit.path: text_of(self._tree, unit) for unit in there}
        return Edit(wanted, subject, changes)

    def _drawn(self) -> EditKind:
        return self._draws.one([each for each in KINDS for _ in range(MIX[each])])

    def _chosen(self) -> Unit:
        """The unit that is edited."""
        units = self._tree.units
        recent = [number for number in self._recent if number in units]
        if recent and self._draws.chance(0.7):
            return units[self._draws.one(recent)]
        number = FIRST + self._draws.popular(self._tree.next - FIRST)
        while number not in units:
            number = FIRST + self._draws.below(self._tree.next - FIRST)
        self._recent.append(number)
        return units[number]

    def _body(self) -> tuple[int, ...]:
        unit = self._chosen()
        unit.rate = 1 + (unit.rate + self._draws.below(1998)) % 2000
        return (unit.number,)

    def _signature(self) -> tuple[int, ...]:
        unit = self._chosen()
        taken = {name for name, _, _ in unit.fields}
        spare = [each for each in FIELDS if each[0] not in taken]
        if spare and self._draws.chance(0.6):
            unit.fields.insert(self._draws.below(len(unit.fields) + 1), self._draws.one(spare))
        else:
            unit.wide = not unit.wide
        return (unit.number,)

    def _doc(self) -> tuple[int, ...]:
        unit = self._chosen()
        unit.revision += 1
        return (unit.number,)

    def _comment(self) -> tuple[int, ...]:
        unit = self._chosen()
        unit.remarks.append(f"{self._draws.one(REMARKS)}, {len(unit.remarks) + 1}")
        return (unit.number,)

    def _rename(self) -> tuple[int, ...]:
        unit = self._chosen()
        unit.amount = self._draws.one([each for each in AMOUNTS if each != unit.amount])
        readers = (each for each in self._tree.importers(unit.number) if each.reads(unit.number))
        return (unit.number, *(each.number for each in readers))

    def _new(self) -> tuple[int, ...]:
        unit = self._tree.add(self._draws)
        self._recent.append(unit.number)
        return (unit.number,)

    def _delete(self) -> tuple[int, ...] | None:
        units = self._tree.units
        used = {number for unit in units.values() for number in unit.imports()}
        alone = [number for number in units if number not in used]
        if not alone or self._tree.size <= SMALLEST:
            return None
        gone = self._draws.one(alone)
        del units[gone]
        return (gone,)

    def _move(self) -> tuple[int, ...]:
        unit = self._chosen()
        unit.domain = self._draws.one([each for each in DOMAINS if each != unit.domain])
        return (unit.number, *(each.number for each in self._tree.importers(unit.number)))


def write_tree(folder: str, files: Iterator[tuple[str, str]]) -> None:
    """Write files beneath a folder. Raises ``OSError`` where that fails."""
    for path, text in files:
        _write(os.path.join(folder, path), text)


def apply(folder: str, edit: Edit) -> None:
    """Make an edit's changes to the tree in a folder. Raises ``OSError`` where that fails."""
    for path, text in edit.changes.items():
        full = os.path.join(folder, path)
        if text is None:
            os.unlink(full)
        else:
            _write(full, text)


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
