"""Which files a build is made of: folders, files and globs to a source root and sorted relative paths."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base.diagnostics import Diagnostic, diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hyper.base.fs import Files

SUFFIX: Final = ".intent"
_MAGIC: Final = re.compile(r"[*?\[]")


class Discovered(msgspec.Struct, frozen=True):
    """The source root, and the paths of the files from it: with slashes, sorted by code point."""

    root: str
    paths: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]


def start_of(files: Files, paths: Sequence[str]) -> str:
    """The folder that a request is about: where the search for a configuration begins."""
    return _common([_folder_of(files, path) for path in paths]) if paths else "."


def discover(files: Files, paths: Sequence[str], source: str | None) -> Discovered:
    """Find the files of a request. The root is ``source``, else the folder given, else a glob's fixed part.

    Without paths everything beneath the root is taken. Hidden folders are not looked into, and a folder that
    links lead to twice is taken once.
    """
    root = source if source is not None else start_of(files, paths)
    found: list[Diagnostic] = []
    chosen: set[str] = set()
    for path in paths or [root]:
        matched = _expand(files, path)
        if isinstance(matched, Diagnostic):
            found.append(matched)
            continue
        inside = {relative(root, each) for each in matched}
        chosen |= {each for each in inside if each is not None}
        if None in inside:
            message = f'"{path}" is outside of the source root "{root}"'
            found.append(diagnostic("E0901", message, file=path))
    for path in sorted(chosen):
        if not _is_text(path):
            chosen.discard(path)
            message = "the name of the file is not UTF-8: rename it"
            found.append(diagnostic("E0901", message, file=path))
    if not chosen and not found:
        where = ", ".join(f'"{path}"' for path in paths or [root])
        found.append(diagnostic("E0906", f"there is no {SUFFIX} file in {where}"))
    return Discovered(root, tuple(sorted(chosen)), tuple(found))


def _is_text(path: str) -> bool:
    """Whether a path can stand in an output: one with other bytes than UTF-8 cannot."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def relative(root: str, path: str) -> str | None:
    """A path from the root, with slashes; ``None`` where it is not beneath it."""
    inside = path.removeprefix(os.path.join(root, ""))
    plain = inside != path and not inside.startswith(("..", os.sep))
    if plain and os.path.normpath(inside) == inside:  # of most files, and much faster told
        return inside.replace(os.sep, "/")
    inside = os.path.relpath(path, root).replace(os.sep, "/")
    return None if inside == ".." or inside.startswith("../") else inside


def _expand(files: Files, path: str) -> list[str] | Diagnostic:
    """The files that one path of the request stands for."""
    try:
        return _found(files, path)
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else path
        return diagnostic("E0901", f'cannot look at "{where}": {error.strerror}', file=path)


def _found(files: Files, path: str) -> list[str] | Diagnostic:
    kind = files.kind(path, follow=True)
    if kind == "folder":
        return [os.path.join(path, each) for each in _beneath(files, path)]
    if kind == "file":
        if path.endswith(SUFFIX):
            return [path]
        return diagnostic("E0901", f'"{path}" is no {SUFFIX} file', file=path)
    if _MAGIC.search(path):
        folder, pattern = _split_glob(path)
        matches = translate_glob(pattern).fullmatch
        if files.kind(folder, follow=True) == "folder":
            return [os.path.join(folder, each) for each in _beneath(files, folder) if matches(each)]
        path = folder
    return diagnostic("E0901", f'there is no file or folder "{path}"', file=path)


def _beneath(files: Files, folder: str) -> Iterator[str]:
    """Source files beneath a folder, as paths from it."""
    start = files.canonical(folder)
    seen = {start}
    pending = [("", start)]
    while pending:
        at, above = pending.pop()
        folders: list[tuple[str, str]] = []
        for name, entry in files.listing(os.path.join(folder, at)):
            inside = f"{at}/{name}" if at else name
            full = os.path.join(folder, inside)
            kind = files.kind(full, follow=True) if entry == "link" else entry
            if name.endswith(SUFFIX) and kind == "file":
                yield inside
            elif not name.startswith(".") and kind == "folder":
                # What is no link is beneath the folder that it is in; of Windows' junctions nobody tells so.
                plain = entry == "folder" and os.name != "nt"
                place = os.path.join(above, name) if plain else files.canonical(full)
                if place not in seen:
                    seen.add(place)
                    folders.append((inside, place))
        pending.extend(reversed(folders))


def _folder_of(files: Files, path: str) -> str:
    try:
        kind = files.kind(path, follow=True)
    except OSError:  # told when the files are looked for
        kind = "other"
    if kind == "folder":
        return path
    if kind is None and _MAGIC.search(path):
        return _split_glob(path)[0]
    return os.path.dirname(path) or "."


def _common(folders: Sequence[str]) -> str:
    if len(set(folders)) == 1:
        return folders[0]
    whole = [os.path.abspath(folder) for folder in folders]
    try:
        return os.path.relpath(os.path.commonpath(whole))
    except ValueError:
        return folders[0]


def _split_glob(path: str) -> tuple[str, str]:
    """The fixed folder of a glob, and the pattern beneath it with slashes."""
    parts = path.replace(os.sep, "/").split("/")
    fixed = next(at for at, part in enumerate(parts) if _MAGIC.search(part))
    folder = "/".join(parts[:fixed])
    if not folder:
        folder = "/" if path.startswith("/") else "."
    return folder, "/".join(parts[fixed:])


def translate_glob(pattern: str) -> re.Pattern[str]:
    """A glob as a regular expression: ``**`` is any number of folders, ``*`` and ``?`` stay within one."""
    whole = []
    parts = pattern.split("/")
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            whole.append(".*" if last else "(?:[^/]+/)*")
            continue
        whole.append(_segment(part) + ("" if last else "/"))
    return re.compile("".join(whole), re.DOTALL)


def _segment(part: str) -> str:
    text = ""
    at = 0
    while at < len(part):
        character = part[at]
        closing = part.find("]", at + 2) if character == "[" else -1
        if closing > 0:
            text += _set(part[at + 1 : closing])
            at = closing
        else:
            text += {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character))
        at += 1
    return text


def _set(inner: str) -> str:
    """One of some characters, or none of them after a ``!``. A range that ends before it begins has no characters."""
    taken = inner.removeprefix("!") if len(inner) > 1 else inner
    ranges: list[str] = []
    at = 0
    while at < len(taken):
        first = last = taken[at]
        if taken[at + 1 : at + 2] == "-" and at + 2 < len(taken):
            last = taken[at + 2]
            at += 2
        if first <= last:
            ranges.append(f"{re.escape(first)}-{re.escape(last)}")
        at += 1
    if taken != inner:
        return f"[^/{''.join(ranges)}]"
    # A name goes no further than its folder, whatever is in the set.
    return f"(?!/)[{''.join(ranges)}]" if ranges else r"(?!)"
