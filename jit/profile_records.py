"""Profiles as bytes and as files: read, added up, written. Stands on Python alone, since built packages carry it too.

A profile is one line that names the format and has the SHA-256 of what follows, which is JSON: for each function, by the digest
of what it computes, its name; how often each outcome of each of its decisions came about; what each parameter was, where it
was the same in nearly all calls; and for each tier how many calls, rows, guards that did not hold, and nanoseconds.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time
from hashlib import sha256
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "MOST",
    "MOST_BYTES",
    "SPARED",
    "Body",
    "add",
    "add_counters",
    "content",
    "counters",
    "is_constant",
    "merged",
    "read",
    "written",
]

Body: TypeAlias = dict[str, dict[str, Any]]
"""By digest: ``name``, ``decisions`` (counts by outcome of each), ``constants`` (JSON by parameter, none where it varied) and
``tiers`` (by tier: calls, rows, guards that did not hold, nanoseconds). Where there are any, ``left``: lists of a tier, file, line
and reason for which calls were left to a lower tier, with one of them."""

MOST_BYTES = 1 << 26
"""The largest profile that is read."""
MOST = (1 << 63) - 1
"""Where counts stay."""
SPARED = 4
"""Other values of an argument that are let pass before it is no longer looked at: more than a few calls tell how rare they are."""

_START = b"hyper profile "
_VERSION = b"1"
_COUNTERS = "hyper counters"


def is_constant(missed: int, calls: int) -> bool:
    """Whether an argument that was another one in ``missed`` of ``calls`` is taken for a constant: in one of a hundred at most."""
    return missed <= 0 or missed * 100 <= calls


def content(path: str) -> bytes:
    """The bytes of a file, one more than ``MOST_BYTES`` at most. Raises ``OSError``, also for what is no file, such as a pipe, for
    which nobody waits."""
    with open(path, "rb", opener=_at_once) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", path)
        return stream.read(MOST_BYTES + 1)


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read(data: bytes) -> Body:
    """What a profile says. Raises ``ValueError`` for what is none, or none that was written whole."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES >> 20} MB")
    head, _, rest = data.partition(b"\n")
    if not head.startswith(_START):
        raise ValueError("it is not a profile")
    version, _, digest = head.removeprefix(_START).partition(b" ")
    if version != _VERSION:
        shown = version[:20].decode("ascii", "backslashreplace")
        raise ValueError(f"it is of version {shown}, and this reads version {_VERSION.decode()}")
    if digest != sha256(rest).hexdigest().encode():
        raise ValueError("its bytes are not those that were written")
    return _mapping(_json(rest))


def written(body: Body) -> bytes:
    """The bytes of a profile: the same for the same, whatever the order."""
    rest = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return b"%s%s %s\n%s" % (_START, _VERSION, sha256(rest).hexdigest().encode(), rest)


def merged(one: Body, other: Body) -> Body:
    """What two profiles say together, in whichever order. Raises ``ValueError`` for what does not have their form."""
    try:
        return {
            digest: _function(one.get(digest), other.get(digest))
            for digest in sorted({*one, *other})
        }
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"it does not have the form of a profile: {error}") from None


def counters(body: Body) -> dict[str, Any]:
    """The counts of calls alone, as a JSON object for other programs: each function by its name.

    What a tier did not hold for is done again by a lower one: all together it counts once.
    """
    functions = {}
    for digest, entry in body.items():
        tiers = {
            tier: dict(zip(_NAMES, each, strict=True)) for tier, each in entry["tiers"].items()
        }
        sums = {name: sum(each[name] for each in tiers.values()) for name in _NAMES}
        for name in ("calls", "rows"):
            sums[name] = max(0, sums[name] - sums["guard_failures"])
        sums = {name: min(MOST, count) for name, count in sums.items()}
        functions[entry["name"]] = {"digest": digest, **sums, "tiers": tiers}
    return {"format": _COUNTERS, "version": 1, "functions": functions}


def add(path: str, body: Body) -> str:
    """Add a profile to the one in a file, which is replaced at once; several processes may do so at the same time.

    Gives what is to say of what was there and could not be read: it is left out. Raises ``OSError``, and ``ValueError`` where the
    file is there and never was a profile: that is left alone.
    """

    def together(data: bytes) -> tuple[bytes, str]:
        if not data:
            return written(body), ""
        try:
            return written(merged(read(data), body)), ""
        except ValueError as error:
            if not data.startswith(_START):
                raise
            return written(body), f"what was there is left out: {error}"

    return _replaced(path, together)


def add_counters(path: str, body: Body) -> str:
    """The same for the counts of calls alone: see ``counters``. What was counted of another function of the name is left out."""
    names = {entry["name"] for entry in body.values()}

    def together(data: bytes) -> tuple[bytes, str]:
        known = _of_counters(data) if data else {}
        kept = {
            digest: entry
            for digest, entry in known.items()
            if digest in body or entry["name"] not in names
        }
        whole = merged(kept, body)
        return json.dumps(counters(whole), sort_keys=True, indent=2).encode() + b"\n", ""

    return _replaced(path, together)


_NAMES = ("calls", "rows", "guard_failures", "nanoseconds")


def _of_counters(data: bytes) -> Body:
    """What ``counters`` was given, as far as it tells. Raises ``ValueError`` for what it did not make."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES >> 20} MB")
    value = _mapping(_json(data))
    if value.get("format") != _COUNTERS or value.get("version") != 1:
        raise ValueError("it does not hold counters of this version")
    found: Body = {}
    for name, each in _mapping(value.get("functions")).items():
        kept = _mapping(each)
        tiers = {
            tier: [_mapping(counts).get(key) for key in _NAMES]
            for tier, counts in _mapping(kept.get("tiers")).items()
        }
        entry = {"name": name, "decisions": [], "constants": {}, "tiers": tiers}
        found[str(kept.get("digest"))] = entry
    return found


def _json(data: bytes) -> Any:
    try:
        value = json.loads(data)
        if b"\\ud" in data.lower():
            json.dumps(value, ensure_ascii=False).encode()  # halves of characters are no text
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it does not have the form of a profile")  # noqa: TRY004  # of the bytes
    return value


def _function(one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any]:
    first = one or other or {}
    second = other or first
    constants = {**first["constants"]}
    tiers = {tier: _sums(counts, []) for tier, counts in first["tiers"].items()}
    decisions = [_sums(counts, []) for counts in first["decisions"]]
    if one is not None and other is not None:
        for name, text in second["constants"].items():
            constants[name] = text if constants.get(name, text) == text else None
        for tier, counts in second["tiers"].items():
            tiers[tier] = _sums(tiers.get(tier, []), counts)
        nothing: list[int] = []
        pairs = zip_longest(first["decisions"], second["decisions"], fillvalue=nothing)
        decisions = [_sums(left, right) for left, right in pairs]
    whole = {
        "name": min(first["name"], second["name"]),
        "decisions": decisions,
        "constants": constants,
        "tiers": tiers,
    }
    left: dict[tuple[Any, ...], str] = {}
    for *why, value in (*first.get("left", ()), *second.get("left", ())):
        left[tuple(why)] = min(value, left.get(tuple(why), value))
    return whole | ({"left": [[*why, left[why]] for why in sorted(left)]} if left else {})


def _sums(one: list[int], other: list[int]) -> list[int]:
    return [min(MOST, left + right) for left, right in zip_longest(one, other, fillvalue=0)]


def _replaced(path: str, change: Callable[[bytes], tuple[bytes, str]]) -> str:
    """Replace a file by what comes of it, while nobody else does: where the path is a link, the file that it leads to."""
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    with _alone(folder):
        try:
            before = content(path)
        except FileNotFoundError:
            before = b""
        data, remark = change(before)
        staged = os.path.join(folder, f".hyper-profile-{os.getpid()}-{time.time_ns():x}")
        mode = _mode(path)
        try:
            # No link that somebody put there is written through.
            with open(
                staged, "xb", opener=lambda at, flags: os.open(at, flags, mode or 0o666)
            ) as stream:
                stream.write(data)
            if mode is not None:
                os.chmod(staged, mode)
            os.replace(staged, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(staged)
            raise
    return remark


def _mode(path: str) -> int | None:
    """The permissions of a file, which it keeps; ``None`` where there is none: it then has those of any new one."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def _alone(folder: str) -> Iterator[None]:
    """While this lasts no other process replaces a profile in the folder; on Windows, one may."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
