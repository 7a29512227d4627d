"""What somebody can do who may write all of a fleet's names on its server, and has no key: harm, exchange and forge entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.base import digest
from hyper.cache.remote.envelope import Sealer
from hyper.cache.trust import Keyring
from hyper.distributed.flights.contract import Result
from hyper.distributed.flights.forms import Seal
from hyper.distributed.names import Names
from tests.trials.harm import flipped, harmed, truncated

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    import redis

JUNK: Final = (
    b"",
    b"\0",
    b"{}",
    b"[]",
    b"null",
    b"1e999",
    b"\xff" * 40,
    b'{"version":1}',
    b"9" * 400,
)


class Attacker:
    """Somebody at the server of a fleet. What is done is drawn."""

    def __init__(
        self, client: redis.Redis, project: str, draws: random.Random, keys: str | None
    ) -> None:
        """``keys`` are the attacker's own, which nobody knows or which are named as those of others."""
        self._client: Any = client
        # Whoever may write can read, too: contents are signed, and no secret.
        self._reader = Sealer(project, None, demands=False)
        self._project = project
        self.names = Names(project)
        self._draws = draws
        keyring = Keyring.parse(keys) if keys else None
        self._seal = Seal(self.names.prefix, keyring, demands=False)
        self._sealer = Sealer(project, keyring, demands=False)

    def found(self, kind: str) -> list[bytes]:
        """The names of a kind that are there, in order."""
        return sorted(self._client.scan_iter(match=f"{self.names.prefix}:{kind}:*", count=1000))

    # Contents

    def harm_blobs(self) -> int:
        """Flip bits, cut off ends, and put contents under each other's names."""
        names = self.found("blob")
        values = [self._client.get(name) for name in names]
        for name, value in zip(names, values, strict=True):
            act = self._draws.choice((flipped, truncated, harmed, None))
            wrong = act(value, self._draws) if act else self._draws.choice(values)
            self._client.set(name, wrong if wrong != value else value[:-1])
        return len(names)

    def forge_blobs(self) -> int:
        """Another content under each name, sealed with the attacker's own keys."""
        names = self.found("blob")
        for name in names:
            lie = self._draws.randbytes(200)
            self._client.set(name, self._sealed(name, lie))
        return len(names)

    def put(self, blob: str, lie: bytes) -> None:
        """A content under a name, sealed with the attacker's own keys."""
        name = f"{self.names.prefix}:blob:{blob}".encode()
        self._client.set(name, self._sealed(name, lie))

    # Results of actions

    def harm_flights(self, *, exchange: bool) -> int:
        """Fields that are other bits, other types, or not there; with ``exchange``, whole records of other actions too."""
        names = self.found("flight")
        records = [self._client.hgetall(name) for name in names]
        acts: list[Callable[[bytes, dict[bytes, bytes]], None]] = [
            *(self._flip_field, self._flip_field, self._flip_field, self._junk_field),
            *(self._other_type, self._far_future, self._drop_field),
        ]
        if exchange:
            acts += [lambda name, _: self._write(name, self._draws.choice(records))] * 3
        for name, record in zip(names, records, strict=True):
            self._draws.choice(acts)(name, record)
        return len(names)

    def forge_flights(self) -> int:
        """A result for each action that differs a little from the true one, both sealed with the attacker's own keys."""
        names = self.found("flight")
        for name in names:
            key = name.decode().rpartition("{")[2].rstrip("}")
            lie = self._lie(self._client.hget(name, "b"))
            self.put(digest.of_bytes(lie), lie)
            b, m, s = self._seal.write(key, Result(digest.of_bytes(lie), len(lie), 0.1, 0.1))
            record = {"b": b, "m": m, "s": s, "t": "1", "p": "1"}
            self._write(
                name, {each.encode(): value.encode() for each, value in record.items() if value}
            )
        return len(names)

    def _lie(self, blob: bytes | None) -> bytes:
        """A true content, of which anybody can see what it is, with another bit towards its end."""
        name = f"{self.names.prefix}:blob:{(blob or b'').decode()}"
        envelope = self._client.get(name)
        if not blob or envelope is None:
            return self._draws.randbytes(200)
        key = bytes.fromhex(blob.decode())
        lie = bytearray(self._reader.open(self.names.fleet, "blob", key, envelope, 1 << 25))
        lie[-self._draws.randrange(1, 1 + len(lie) // 2)] ^= 1
        return bytes(lie)

    # Who is there

    def forge_roster(self, identity: str, slots: int = 4) -> int:
        """Workers that are none: well-formed ones, and such that say nothing that holds."""
        # What was ruined before stays so until somebody takes it away.
        self._client.delete(self.names.members("workers"), self.names.members("builds"))
        honest = {"name": "nobody", "identity": identity, "grades": ["any"], "slots": slots}
        said = [
            honest,
            honest | {"name": "more", "slots": 100_000, "shards": 64},
            honest | {"name": "less", "slots": -1},
            honest | {"name": "../../etc", "slots": 1},
            honest | {"name": "other"},
        ]
        for number, each in enumerate(said):
            name = each["name"] if number < len(said) - 1 else "somebody"
            self._member("workers", str(name), msgspec.json.encode(each))
        for number, junk in enumerate(JUNK):
            self._member("workers", f"junk{number}", junk)
            self._member("builds", f"junk{number}", junk)
        self._client.sadd(self.names.members("workers"), *(f"gone{each}" for each in range(2000)))
        return len(said) + 2 * len(JUNK) + 2000

    def ruin_roster(self) -> int:
        """What should be sets and texts is something else."""
        wrong = ("workers", "builds")
        for kind in wrong:
            self._client.delete(self.names.members(kind))
            self._client.rpush(self.names.members(kind), *JUNK)
        return len(wrong)

    # Queues

    def ruin_queues(self) -> int:
        """Parts of the queues are of other types, name jobs that are not there, or hold what is none."""
        names = [name for name in self.found("*") if b":{" in name and b"flight" not in name]
        done = 0
        for name in names:
            kind = self._client.type(name)
            act = self._draws.randrange(4)
            if act == 0:
                self._client.delete(name)
                self._client.set(name, self._draws.choice(JUNK))
            elif act == 1 and kind == b"list":
                self._client.rpush(name, *JUNK)
            elif act == 1 and kind == b"zset":
                self._client.zadd(name, {junk: self._draws.random() * 1e15 for junk in JUNK})
            elif act == 2 and kind == b"hash":
                self._client.hset(
                    name,
                    mapping={field: self._draws.choice(JUNK) for field in self._client.hkeys(name)},
                )
            elif act == 2 and kind == b"stream":
                self._client.xadd(
                    name, {b"event": b"completed", b"jobId": b"x", b"returnvalue": b"{"}
                )
            else:
                continue
            done += 1
        return done

    def _member(self, kind: str, name: str, said: bytes) -> None:
        place = self.names.worker if kind == "workers" else self.names.build
        self._client.set(place(name), said, ex=600)
        self._client.sadd(self.names.members(kind), name)

    def _sealed(self, name: bytes, lie: bytes) -> bytes:
        key = bytes.fromhex(name.decode().rpartition(":")[2])
        return self._sealer.seal(self.names.fleet, "blob", key, lie, created=1.0, cost=1.0)

    def _write(self, name: bytes, record: dict[bytes, bytes]) -> None:
        self._client.delete(name)
        self._client.hset(name, mapping=record)

    def _flip_field(self, name: bytes, record: dict[bytes, bytes]) -> None:
        field = self._field(record)
        self._client.hset(name, field, flipped(record[field], self._draws))

    def _junk_field(self, name: bytes, record: dict[bytes, bytes]) -> None:
        self._client.hset(name, self._field(record), self._draws.choice(JUNK))

    def _drop_field(self, name: bytes, record: dict[bytes, bytes]) -> None:
        self._client.hdel(name, self._field(record))

    def _other_type(self, name: bytes, _: dict[bytes, bytes]) -> None:
        self._client.delete(name)
        self._client.rpush(name, *JUNK)

    def _far_future(self, name: bytes, _: dict[bytes, bytes]) -> None:
        self._client.hset(name, mapping={"h": "w:nobody:ab", "u": "99999999999999", "t": "7"})

    def _field(self, record: dict[bytes, bytes]) -> bytes:
        return self._draws.choice(sorted(record))
