"""Harm that is done to bytes, and to folders of which nothing is known but that they hold files."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

JUNK: Final = (
    *(b"", b"\0", b"\xff" * 9, b"\xef\xbb\xbf", b"\r", b"\n\n\n", b"\t", b"'", b'"', b'"""', b"`"),
    *(b"((((", b"]]]", b"{{{{{{{{", b"@", b"=>", b"|", b"\\", b"\\u0000", b"\xed\xa0\x80", b"\xc3"),
    *(b"9" * 400, b"-1e999", b"null", b"true", b"entity", b"union", b"table", b"$ref", b"allOf"),
)


def flipped(data: bytes, numbers: random.Random) -> bytes:
    """Some bits are others."""
    made = bytearray(data)
    for _ in range(numbers.choice((1, 1, 1, 8)) if made else 0):
        made[numbers.randrange(len(made))] ^= 1 << numbers.randrange(8)
    return bytes(made)


def truncated(data: bytes, numbers: random.Random) -> bytes:
    """The end is gone."""
    return data[: numbers.randrange(len(data) + 1)]


def cut(data: bytes, numbers: random.Random) -> bytes:
    """A stretch is gone."""
    at = numbers.randrange(len(data) + 1)
    return data[:at] + data[at + numbers.randrange(1, 200) :]


def repeated(data: bytes, numbers: random.Random) -> bytes:
    """A stretch is there again, somewhere."""
    at, to = numbers.randrange(len(data) + 1), numbers.randrange(len(data) + 1)
    return data[:to] + data[at : at + numbers.randrange(1, 400)] + data[to:]


def mixed(data: bytes, numbers: random.Random) -> bytes:
    """Junk is put in."""
    for _ in range(numbers.randint(1, 3)):
        at = numbers.randrange(len(data) + 1)
        data = data[:at] + numbers.choice(JUNK) + data[at:]
    return data


def zeroed(data: bytes, numbers: random.Random) -> bytes:
    """A stretch is zeros, as after a power cut."""
    at = numbers.randrange(len(data) + 1)
    size = min(numbers.randrange(1, 5000), len(data) - at)
    return data[:at] + bytes(size) + data[at + size :]


def replaced(data: bytes, numbers: random.Random) -> bytes:
    """Other bytes, of any number."""
    return numbers.randbytes(numbers.choice((0, 1, 40, len(data))))


def without_lines(data: bytes, numbers: random.Random) -> bytes:
    """A line is gone, or stands elsewhere."""
    lines = data.splitlines(keepends=True)
    if lines:
        line = lines.pop(numbers.randrange(len(lines)))
        if numbers.random() < 0.5:
            lines.insert(numbers.randrange(len(lines) + 1), line)
    return b"".join(lines)


def reworded(data: bytes, numbers: random.Random) -> bytes:
    """A word is another one of the same text, or of ours."""
    words = list(_WORD.finditer(data))
    if not words:
        return data
    at = numbers.choice(words).span()
    other = numbers.choice((numbers.choice(words)[0], numbers.choice(JUNK)))
    return data[: at[0]] + other + data[at[1] :]


_WORD: Final = re.compile(rb"[\w$.-]+")
OF_BYTES: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    *(flipped, flipped, truncated, cut, repeated, mixed, zeroed, replaced),
    *(without_lines, without_lines, reworded, reworded, reworded, reworded),
)


def harmed(data: bytes, numbers: random.Random) -> bytes:
    """The bytes with one or two kinds of harm done to them."""
    for _ in range(numbers.choice((1, 1, 2))):
        data = numbers.choice(OF_BYTES)(data, numbers)
    return data


class Victim:
    """A folder that is harmed, one file at a time, with a copy of how it once was."""

    def __init__(self, folder: Path, older: Path, numbers: random.Random) -> None:
        """``older`` is where copies go; it is this object's."""
        self._folder = folder
        self._older = older
        self._numbers = numbers
        self._acts: tuple[Callable[[Path], None], ...] = (
            *([self._harm] * 6),
            *(self._delete, self._exchange, self._bring_back, self._bring_back),
            *(self._folder_instead, self._pipe_instead, self._link_instead, self._forget_folder),
        )

    def remember(self) -> None:
        """Keep how the folder is now, to bring files of it back later."""
        shutil.rmtree(self._older, ignore_errors=True)
        if self._folder.is_dir():
            shutil.copytree(self._folder, self._older, symlinks=True, ignore=_no_files)

    def harm(self) -> str | None:
        """Do one harm; gives its name, or ``None`` where no file is there."""
        files = self.files()
        if not files:
            return None
        act = self._numbers.choice(self._acts)
        act(self._numbers.choice(files))
        return act.__name__.strip("_").replace("_", " ")

    def files(self) -> list[Path]:
        """All files beneath the folder, those aside."""
        return sorted(each for each in self._folder.rglob("*") if _is_file(each))

    def _harm(self, path: Path) -> None:
        path.write_bytes(harmed(path.read_bytes(), self._numbers))

    def _delete(self, path: Path) -> None:
        path.unlink()

    def _exchange(self, path: Path) -> None:
        other = self._numbers.choice(self.files())
        one, two = path.read_bytes(), other.read_bytes()
        path.write_bytes(two)
        other.write_bytes(one)

    def _bring_back(self, path: Path) -> None:
        """An older file stands where another is, or none."""
        then = sorted(each for each in self._older.rglob("*") if _is_file(each))
        if not then:
            return self._delete(path)
        source = self._numbers.choice(then)
        target = self._folder / source.relative_to(self._older)
        if all(parent.is_dir() or not parent.exists() for parent in target.parents):
            _remove(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        return None

    def _folder_instead(self, path: Path) -> None:
        path.unlink()
        path.mkdir()
        (path / "x").write_text("x")

    def _pipe_instead(self, path: Path) -> None:
        path.unlink()
        os.mkfifo(path)

    def _link_instead(self, path: Path) -> None:
        path.unlink()
        path.symlink_to(self._numbers.choice(("nowhere", path.name, "/dev/zero", "..")))

    def _forget_folder(self, path: Path) -> None:
        shutil.rmtree(path.parent)


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _no_files(folder: str, names: list[str]) -> list[str]:
    """What is neither file, folder nor link."""
    paths = [(name, os.path.join(folder, name)) for name in names]
    return [
        name
        for name, path in paths
        if not (os.path.islink(path) or os.path.isfile(path) or os.path.isdir(path))
    ]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
