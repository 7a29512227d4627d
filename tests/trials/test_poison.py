"""Forged and flipped entries, on the disk and on a shared server: refused, counted, and made again."""

from __future__ import annotations

import contextlib
import random
import re
import shutil
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast, get_args

import pytest
import redis

from hyper.cache.protocol import Kind
from hyper.cache.remote.envelope import BadEntryError, Sealer
from hyper.cache.remote.settings import entry_name
from hyper.cache.trust import Keyring
from tests.trials.harm import flipped, truncated
from tests.trials.project import Project
from tests.trust.command import LONG

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from benchmarks.remote_server import RedisServer
    from hyper.engine.result import Result

ROUNDS: Final = 30 if LONG else 1
FLIPS: Final = 300 if LONG else 10
OURS: Final = f"k1:{'ab' * 32}"
THEIRS: Final = f"k1:{'cd' * 32}"
OTHER_NAME: Final = f"k2:{'cd' * 32}"
_NAME: Final = re.compile(r"hyper:hyper:main:(action|blob):([0-9a-f]{64})")


class Entry(NamedTuple):
    """One entry on a server, with the value that an honest build put."""

    kind: Kind
    key: bytes
    value: bytes


class Team:
    """Machines with one shared cache, whose entries an attacker can write."""

    def __init__(self, folder: Path, client: redis.Redis, url: str, keys: str | None) -> None:
        self.project = Project(folder, 5, 9)
        self._client = client
        self.settings = {"HYPER_CACHE_URL": url}
        if keys is not None:
            self.settings["HYPER_CACHE_KEYS"] = keys
        self._sealer = Sealer("hyper", Keyring.parse(keys) if keys else None, demands=False)

    def entries(self) -> list[Entry]:
        """All on the server that is honest: a lie that no build asks for, or makes itself, stays."""
        found = []
        for name in sorted(self._client.scan_iter()):
            match = _NAME.fullmatch(name.decode())
            if match is not None:
                kind, key = cast("Kind", match[1]), bytes.fromhex(match[2])
                envelope = cast("bytes", self._client.get(name))
                with contextlib.suppress(BadEntryError):
                    value = self._sealer.open("main", kind, key, envelope, 1 << 25)
                    found.append(Entry(kind, key, value))
        return found

    def put(self, entry: Entry, envelope: bytes) -> None:
        """Write an entry past all rules."""
        self._client.set(entry_name("hyper", "main", entry.kind, entry.key), envelope)

    def envelope(self, entry: Entry) -> bytes:
        """What is there under the name of an entry."""
        name = entry_name("hyper", "main", entry.kind, entry.key)
        return cast("bytes", self._client.get(name))

    def empty_machine(self, **options: Any) -> Result:
        """Build on a machine that has nothing but the shared cache; the output is right."""
        folder = self.project.folder / "empty"
        shutil.rmtree(folder, ignore_errors=True)
        given = {"out": str(folder / "out"), "cache": str(folder / "cache")} | options
        result = self.project.build(self.settings, **given)
        self.parsed = self.project.parsed
        assert self.project.is_right(folder / "out")
        return result


def sealed(keys: str | None, entry: Entry, *, project: str = "hyper", scope: str = "main") -> bytes:
    """An entry as somebody else writes it."""
    sealer = Sealer(project, Keyring.parse(keys) if keys else None, demands=False)
    return sealer.seal(scope, entry.kind, entry.key, entry.value, created=1.0, cost=1.0)


def lying(entries: list[Entry], older: Mapping[tuple[Kind, bytes], bytes]) -> list[Entry]:
    """Under each name a whole value of the same kind that belongs to something else."""
    lies = []
    for entry in entries:
        others = [value for (kind, _), value in older.items() if kind == entry.kind]
        others += [each.value for each in entries if each.kind == entry.kind]
        wrong = next((value for value in others if value != entry.value), entry.value[::-1])
        lies.append(Entry(entry.kind, entry.key, wrong))
    return lies


FORGERIES: Final[dict[str, tuple[Callable[[Entry], bytes], tuple[str, ...]]]] = {
    "another's secret": (lambda lie: sealed(THEIRS, lie), ("forged",)),
    "a key that nobody knows": (lambda lie: sealed(OTHER_NAME, lie), ("unsigned",)),
    "no signature": (lambda lie: sealed(None, lie), ("unsigned",)),
    "of another project": (lambda lie: sealed(OURS, lie, project="other"), ("forged",)),
    "of a branch": (lambda lie: sealed(OURS, lie, scope="feature"), ("forged",)),
}
"""How a lie is told to machines that have the keys ``OURS``, and how it is counted."""


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_entries_of_a_shared_cache(
    forgery: str, server: RedisServer, tmp_path: Path, did: Counter[str]
) -> None:
    """Every entry on the server is a lie, whole in itself."""
    seal, faults = FORGERIES[forgery]
    with redis.Redis(unix_socket_path=server.path) as client:
        team = Team(tmp_path, client, server.url, OURS)
        team.project.build(team.settings)

        def once() -> None:
            older = {(each.kind, each.key): each.value for each in team.entries()}
            client.flushall()
            team.project.edit()
            answered(team.project.build(team.settings))
            for lie in lying(team.entries(), older):
                team.put(lie, seal(lie))
                did["entries forged"] += 1
            refused_then_mended(team, faults, did)

        in_rounds(once, did)


class _UnansweredError(Exception):
    """The server did not answer a build in time, as on a machine with much else to do."""


def answered(result: Result) -> Mapping[str, float]:
    """The metrics of a build that the server answered all along. Without an answer, a build does for itself what others did."""
    if result.metrics.get("cache_redis_errors") or result.metrics.get("cache_redis_off"):
        raise _UnansweredError
    return result.metrics


def in_rounds(once: Callable[[], None], did: Counter[str]) -> None:
    """Do something ``ROUNDS`` times. A round in which the server does not answer in time says nothing, and is done again."""
    done = 0
    for _ in range(3 * ROUNDS):
        try:
            once()
        except _UnansweredError:
            did["rounds without an answer in time"] += 1
            continue
        done += 1
        if done == ROUNDS:
            return
    pytest.fail("the server hardly ever answers in time")


def refused_then_mended(team: Team, faults: tuple[str, ...], did: Counter[str]) -> None:
    """An empty machine takes nothing of what is on the server and mends it, so that the next one takes all."""
    metrics = answered(team.empty_machine())
    assert team.parsed > 0
    refused = metrics["cache_redis_dropped"]
    assert refused > 0
    assert sum(metrics[f"cache_redis_{fault}"] for fault in faults) == refused
    did["refused when asked for"] += int(refused)
    again = answered(team.empty_machine())
    if not again.get("cache_redis_sampled"):
        assert team.parsed == 0, {k: v for k, v in again.items() if v and "cache" in k}
    assert again["cache_redis_dropped"] == 0


@pytest.mark.parametrize("keys", [OURS, None], ids=["signed", "unsigned"])
def test_flipped_entries_of_a_shared_cache(
    keys: str | None, server: RedisServer, tmp_path: Path, did: Counter[str]
) -> None:
    """Harm is found with keys and without; an entry under another's name, too."""
    numbers = random.Random(f"flips {keys}")
    with redis.Redis(unix_socket_path=server.path) as client:
        team = Team(tmp_path, client, server.url, keys)

        def once() -> None:
            client.flushall()
            team.project.edit()
            shutil.rmtree(team.project.cache, ignore_errors=True)
            answered(team.project.build(team.settings))
            entries = team.entries()
            envelopes = {entry.key: team.envelope(entry) for entry in entries}
            for entry in entries:
                others = [each for key, each in envelopes.items() if key != entry.key]
                honest = envelopes[entry.key]
                act = numbers.choice((flipped, truncated, None))
                wrong = act(honest, numbers) if act else numbers.choice(others)
                # What says nothing of the value may be other bits where nothing is signed; none is here.
                team.put(entry, wrong if wrong not in (honest, b"") else honest[:-1])
                did["entries harmed or exchanged"] += 1
            refused_then_mended(team, ("damaged", "forged", "unsigned", "oversize"), did)

        in_rounds(once, did)


def test_a_lie_is_believed_only_where_nothing_is_signed(
    server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the trials show is shown by the keys: without them, the same lie is taken, as the documentation says."""
    # One time in a hundred an audit would find it.
    monkeypatch.setattr("hyper.engine.store._AUDITED", 0.0)
    with redis.Redis(unix_socket_path=server.path) as client:
        team = Team(tmp_path, client, server.url, None)
        team.project.build(team.settings)
        older = {each.key: each.value for each in team.entries() if each.kind == "action"}
        team.project.edit(2)
        team.project.build(team.settings)
        changed = [
            each for each in team.entries() if each.kind == "action" and each.key not in older
        ]
        # Actions are outcomes of builds and other things: a lie of the wrong sort is none that is taken.
        believed = 0
        for wrong in older.values():
            for each in changed:
                lie = each._replace(value=wrong)
                team.put(lie, sealed(None, lie))
            try:
                team.empty_machine()
            except AssertionError:
                believed += 1
        assert believed


def test_flipped_bits_on_the_disk(tmp_path: Path, did: Counter[str]) -> None:
    """A bit of the largest files of the cache: a build that has to restore finds it, counts it and makes it again."""
    numbers = random.Random(13)
    project = Project(tmp_path, 5, 10)
    project.build()
    for _ in range(FLIPS):
        shutil.rmtree(project.out)
        files = [path for path in project.cache.rglob("*") if path.is_file()]
        path = numbers.choice(sorted(files, key=lambda each: each.stat().st_size)[-2:])
        path.write_bytes(flipped(path.read_bytes(), numbers))
        did["files flipped"] += 1
        metrics = project.build().metrics
        did["entries dropped"] += int(metrics.get("cache_disk_dropped", 0))
        did["indexes made again"] += int(metrics.get("cache_disk_rebuilt", 0))
        did["builds made again"] += project.parsed > 0
        assert project.is_right()
    assert did["entries dropped"] > 0


def test_a_cache_of_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, did: Counter[str]
) -> None:
    """A checkout that brings a whole cache with a right form, made by another user of other sources, is not believed."""
    project = Project(tmp_path, 5, 11)
    (project.source / "hyper.toml").write_text("")
    project.cache = project.source / ".hyper"
    for number in range(ROUNDS):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / f"stranger{number}"))
        shutil.rmtree(project.cache, ignore_errors=True)
        project.build(cache=None)
        assert project.outages == []
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "ours"))
        project.build(cache=None)
        assert project.outages == ["owner"]
        assert project.parsed > 0
        project.edit()
        project.build(cache=None)
        assert project.outages == ["owner"]
        assert project.is_right()
        did["caches refused"] += 1


def test_every_kind_of_entry_is_tried() -> None:
    assert set(get_args(Kind)) == {"action", "blob"}
