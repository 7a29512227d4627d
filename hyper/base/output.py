"""Output folders: written to the side and swapped in, and never over what somebody else wrote.

``publish`` owns a whole folder: unchanged files keep their modification time, files that no longer belong are removed if an
earlier build wrote them, everything else in the folder stays. ``create`` adds new files to a folder that is the user's.
Both check everything before they write anything, and an interrupt leaves the folder as it was or as it shall be.
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from hyper.base import digest
from hyper.base.diagnostics import Diagnostic, diagnostic
from hyper.base.fs import ASIDE
from hyper.base.interrupts import held
from hyper.base.spare import NOTHING, Wanted, is_linked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hyper.base.fs import Files, Kind
    from hyper.base.spare import Ready, Spare

    Owned = Mapping[str, str] | None

STAGE: Final = ".hyper-stage-"
_DEVICES: Final = re.compile(r"(?i:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_BAD: Final = re.compile(r'[\x00-\x1f\x7f"*:<>?\\|]|[. ]$')


class Published(msgspec.Struct, frozen=True):
    """What a write did, by relative path, sorted. With an error among ``diagnostics`` nothing was written."""

    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    stale: bool = False
    """Nothing was written, since what should stand no longer did."""

    @property
    def failed(self) -> bool:
        """Whether an error stopped the write."""
        return any(item.is_error for item in self.diagnostics)


def unsafe(path: str) -> str | None:
    """Why a relative output path must not be written, or ``None`` where it may."""
    if not path or path.startswith("/"):
        return "it is not relative to the output folder"
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            return "it would leave the output folder"
        if _BAD.search(part) or _DEVICES.fullmatch(part):
            return "not every system has such file names"
        if len(part.encode("utf-8", "surrogatepass")) > 250:
            return "it is too long for a file name"
    return None


def check_names(paths: Mapping[str, bytes | None], label: str) -> list[Diagnostic]:
    """Refuse unsafe names, names that differ in case only, and files that would also be folders."""
    found: list[Diagnostic] = []
    folded: dict[str, str] = {}
    folders = {parent for path in paths for parent in _parents(path)}
    for path in sorted(paths):
        reason = unsafe(path)
        other = folded.setdefault(path.casefold(), path)
        if reason is None and other != path:
            reason = (
                f'it differs from "{other}" in case alone, and some systems have one file for both:'
                " give one of the two modules another name"
            )
        if reason is None and path in folders:
            reason = "it would be a file and a folder"
        if reason is not None:
            name = path.encode("unicode_escape").decode("ascii")
            found.append(diagnostic("E0905", f'cannot write "{name}": {reason}', file=label))
    return found


def publish(
    files: Files,
    target: str,
    contents: Mapping[str, bytes | None],
    owned: Owned | Callable[[], Owned],
    label: str,
    *,
    stands: Callable[[], bool] | None = None,
    placed: Callable[[], None] | None = None,
    spare: Spare | None = None,
) -> Published:
    """Make ``target`` hold ``contents`` and what is not the build's.

    A file whose contents are ``None`` is one of the build's that is there and stays: the caller has just seen it.
    ``stands`` is asked whether that is still so, once no other build can write there; ``placed`` is called when all is in place,
    while none can yet.
    ``owned`` are the digests by relative path of what earlier builds wrote there, ``None`` where no earlier build is known;
    a function is asked once no other build can write there.
    ``label`` is how messages call the folder. With a ``spare`` a large folder is made of the one before it; ``files`` are those of
    the disk then.
    """
    try:
        return _publish(files, target, contents, _Asked(owned, stands, placed, spare), label)
    except OSError as error:
        return Published(diagnostics=(_unwritable(error, label),))


class _Asked(NamedTuple):
    """What ``publish`` asks, tells and uses: see there."""

    owned: Owned | Callable[[], Owned]
    stands: Callable[[], bool] | None
    placed: Callable[[], None] | None
    spare: Spare | None


def _publish(
    files: Files, target: str, contents: Mapping[str, bytes | None], asked: _Asked, label: str
) -> Published:
    found = check_names(contents, label)
    if found:
        return Published(diagnostics=tuple(found))
    folder, name = os.path.split(target)
    folder = folder or "."
    files.make_folder(folder)
    with files.lock(folder):
        _sweep(files, folder, f".{name}{STAGE}", target)
        if asked.stands is not None and not asked.stands():
            return Published(stale=True)
        owned = asked.owned() if callable(asked.owned) else asked.owned
        found = _conflicts(files, target, contents, owned, label)
        if any(item.is_error for item in found):
            return Published(diagnostics=tuple(found))
        plan = _Plan(files, target, contents, owned or {}, label)
        if plan.changes:
            plan.exchange(files.make_stage(folder, f".{name}{STAGE}"), asked.spare)
        if asked.placed is not None:
            asked.placed()
    return Published(
        tuple(sorted(plan.written)),
        tuple(sorted(plan.unchanged)),
        tuple(sorted(plan.removed)),
        tuple(plan.diagnostics),
    )


class _Plan:
    """What becomes of each file: decided by looking, before anything is written."""

    def __init__(
        self,
        files: Files,
        target: str,
        contents: Mapping[str, bytes | None],
        owned: Mapping[str, str],
        label: str,
    ) -> None:
        self.files = files
        self.target = target
        self.contents = contents
        self.written: list[str] = []
        self.unchanged: list[str] = []
        self.removed: list[str] = []
        self.kept: list[tuple[str, Kind]] = []
        self.diagnostics: list[Diagnostic] = []
        there = list(walk(files, target)) if files.kind(target) else []
        present = {path for path, kind in there if kind == "file"}
        for path, data in contents.items():
            same = data is None or (path in present and files.read(f"{target}/{path}") == data)
            (self.unchanged if same else self.written).append(path)
        stale = {path for path in owned if path not in contents}
        for path, kind in there:
            if path in contents:
                continue
            if path in stale and kind == "file":
                if digest.of_bytes(files.read(f"{target}/{path}")) == owned[path]:
                    self.removed.append(path)
                    continue
                self._warn(path, label)
            module = _cache_of(path)
            if module is None or module not in stale:
                self.kept.append((path, kind))

    def _warn(self, path: str, label: str) -> None:
        message = f'"{path}" is no longer part of the output, but was changed by hand: it is kept'
        self.diagnostics.append(diagnostic("W0901", message, file=f"{label}/{path}"))

    @property
    def changes(self) -> bool:
        """Whether the folder would differ from what it is."""
        return bool(self.written or self.removed)

    def exchange(self, stage: str, spare: Spare | None) -> None:
        """Make the new folder at ``stage``, and put it in the place of the old one. ``stage`` is not there afterwards."""
        put_away = False
        try:
            self.fill(stage, self._taken(stage, spare))
            self.files.exchange(stage, self.target)
            with held():
                if spare is not None and is_linked(stage, self.unchanged):
                    put_away = spare.give(stage, self._foreign())
        finally:
            if not put_away:
                with held():
                    self.files.remove_tree(stage)

    def _taken(self, stage: str, spare: Spare | None) -> Ready:
        if spare is None or not self.unchanged:
            return NOTHING
        carried = {*self.unchanged, *(path for path, kind in self.kept if kind != "folder")}
        folders = {"", *(path for path, kind in self.kept if kind == "folder")}
        for parent in {path.rpartition("/")[0] for path in (*carried, *self.written, *folders)}:
            folders.update((parent, *_parents(parent)))
        return spare.take(stage, self.target, Wanted(carried, self.written, folders))

    def _foreign(self) -> list[str]:
        """The files that are not the build's, nor made of one by Python."""
        return [path for path, kind in self.kept if kind != "folder" and _cache_of(path) is None]

    def fill(self, stage: str, ready: Ready = NOTHING) -> None:
        """Make the new folder at ``stage``, of which some may be there."""
        made = {"", *ready.folders}

        def place(path: str) -> str:
            folder = path.rpartition("/")[0]
            if folder not in made:
                self.files.make_folder(f"{stage}/{folder}")
                made.update((folder, *_parents(folder)))
            return f"{stage}/{path}"

        for path in self.written:
            data = self.contents[path]
            assert data is not None
            self.files.write(place(path), data)
        for path in self.unchanged:
            if path not in ready.files:
                self.files.carry(f"{self.target}/{path}", place(path))
        for path, kind in self.kept:
            if kind == "folder":
                self.files.make_folder(place(path))
            elif path not in ready.files:
                self.files.carry(f"{self.target}/{path}", place(path))


def create(
    files: Files,
    folder: str,
    contents: Mapping[str, bytes],
    label: str,
    *,
    replace: bool = False,
    advice: str = "choose another folder",
) -> Published:
    """Add files to a folder of the user's. A file that is there is an error, or replaced with ``replace``."""
    if files.kind(folder) is None:
        return publish(files, folder, contents, {}, label)
    found = check_names(contents, label)
    if found:
        return Published(diagnostics=tuple(found))
    try:
        taken = _occupied(files, folder, contents, replace=replace)
        if taken:
            names = [posixpath.normpath(f"{label}/{path}") for path in taken]
            items = [_foreign(name, f'"{name}" is there already', advice) for name in names]
            return Published(diagnostics=tuple(items))
        files.make_folder(folder)
        with files.lock(folder):
            _sweep(files, folder, STAGE)
            with held():
                _add(files, folder, contents)
    except OSError as error:
        return Published(diagnostics=(_unwritable(error, label),))
    return Published(written=tuple(sorted(contents)))


def _add(files: Files, folder: str, contents: Mapping[str, bytes]) -> None:
    """Write files to the side and move them to their places."""
    stage = files.make_stage(folder, STAGE)
    try:
        for number, path in enumerate(sorted(contents)):
            files.write(f"{stage}/{number}", contents[path])
        for number, path in enumerate(sorted(contents)):
            files.make_folder(os.path.dirname(f"{folder}/{path}"))
            files.move(f"{stage}/{number}", f"{folder}/{path}")
    finally:
        files.remove_tree(stage)


def walk(files: Files, folder: str) -> Iterator[tuple[str, Kind]]:
    """Everything beneath a folder that has to be carried: files, links, and folders that are empty."""
    pending = [""]
    while pending:
        at = pending.pop()
        entries = files.listing(f"{folder}/{at}" if at else folder)
        if not entries and at:
            yield at, "folder"
        for name, kind in entries:
            path = f"{at}/{name}" if at else name
            if kind == "folder":
                pending.append(path)
            else:
                yield path, kind


def _conflicts(
    files: Files,
    target: str,
    contents: Mapping[str, bytes | None],
    owned: Mapping[str, str] | None,
    label: str,
) -> list[Diagnostic]:
    kind = files.kind(target)
    if kind is None:
        return []
    if kind != "folder":
        what = "a symbolic link" if kind == "link" else "not a folder"
        return [_foreign(label, f'"{label}" is {what}', "choose another output folder")]
    if owned is None:
        if not files.names(target):
            return []
        advice = "move it away, or choose another output folder"
        return [_foreign(label, f'"{label}" was not written by hyper build', advice)]
    found: list[Diagnostic] = []
    blocked: set[str] = set()
    for path in sorted(contents):
        if contents[path] is None:
            continue
        for parent in (*reversed(_parents(path)), path):
            kind = files.kind(f"{target}/{parent}")
            fine = kind is None or (kind == "folder" if parent != path else path in owned)
            if parent == path and kind == "folder":
                fine = False
            if not fine and parent not in blocked:
                blocked.add(parent)
                text = f'"{label}/{parent}" is in the way, and was not written by hyper build'
                found.append(_foreign(f"{label}/{parent}", text, "move it away"))
            if kind is None or not fine:
                break
    return found


def _occupied(
    files: Files, folder: str, contents: Mapping[str, bytes], *, replace: bool
) -> list[str]:
    """What is in the way of new files."""
    found: list[str] = []
    for path in sorted(contents):
        for parent in (*reversed(_parents(path)), path):
            kind = files.kind(f"{folder}/{parent}")
            if kind is None:
                break
            wanted = kind == "folder" if parent != path else replace and kind == "file"
            if not wanted:
                found.append(parent)
                break
    return list(dict.fromkeys(found))


def _foreign(file: str, message: str, advice: str) -> Diagnostic:
    return diagnostic("E0904", f"{message}: {advice}", file=file)


def _unwritable(error: OSError, label: str) -> Diagnostic:
    reason = error.strerror or str(error)
    return diagnostic("E0908", f'cannot write to "{label}": {reason}', file=label)


def _sweep(files: Files, folder: str, prefix: str, target: str | None = None) -> None:
    """Remove what killed runs left at the side. The lock is held: no other run is using it.

    Where one was killed when ``target`` was put aside and nothing was in its place yet, it is put back first.
    """
    for entry in files.names(folder):
        left = f"{folder}/{entry}"
        if not entry.startswith(prefix) or files.kind(left) != "folder":
            continue
        if target is not None and entry.endswith(ASIDE) and files.kind(target) is None:
            files.exchange(left, target)
        files.remove_tree(left)


def _parents(path: str) -> list[str]:
    """The folders above a relative path, nearest first."""
    found = []
    while "/" in path:
        path = path.rpartition("/")[0]
        found.append(path)
    return found


def _cache_of(path: str) -> str | None:
    """The module that a file of Python's bytecode cache belongs to; ``None`` for other files."""
    folder, _, name = path.rpartition("/")
    parent, _, cache = folder.rpartition("/")
    if cache != "__pycache__":
        return None
    module = f"{name.partition('.')[0]}.py"
    return f"{parent}/{module}" if parent else module
