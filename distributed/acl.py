"""Who may do what on the server of a fleet: a user for each role, with the commands and names that its work takes, and no others.

A script is refused in its middle where a command of it is, and leaves behind what it did until then. So a role has all commands of
the scripts that it runs, and not only those of the ways through them that are usual (``tests/distributed/test_acl.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import msgspec

from hyper.distributed.names import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hyper.distributed.names import Names

Role: TypeAlias = Literal["reader", "builder", "worker", "producer"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

# A connection that chooses a database, and scripts.
_ALWAYS: Final = ("eval", "evalsha", "select")
# Which node of a cluster has what, also where that is just being moved; and which words of a command are names.
_CLUSTER: Final = ("asking", "cluster|slots", "command")
# BullMQ's scripts are loaded; those of a transaction ask first which the server knows.
_LOADING: Final = ("script|exists", "script|load")
# The roster: signs of life, and reading them.
_SEEING: Final = ("getrange", "srandmember")
_SAYING: Final = ("del", "pexpire", "sadd", "set", "srem")
# Contents, in envelopes.
_CONTENTS: Final = ("getrange", "set")
# Trails of actions and jobs.
_TRAILS: Final = ("exists", "lrange", "time", "type")
# The lengths of queues.
_LENGTHS: Final = ("llen", "zcard")
# Flights: the scripts of ``flights/lua.py``.
_FLIGHTS: Final = (
    "del", "hgetall", "hlen", "hset", "ltrim", "pexpire", "rpush", "time", "type", "unlink",
)  # fmt: skip
# BullMQ: adding jobs.
_ADDING: Final = (
    "del", "exists", "get", "hget", "hmget", "hmset", "hset", "incr", "llen", "lpos", "lpush", "lrange", "persist", "pttl",
    "rpush", "sadd", "scard", "set", "xadd", "zadd", "zrange", "zrem", "zscore",
)  # fmt: skip
# BullMQ: taking back jobs that nobody has taken.
_REMOVING: Final = (
    "del", "exists", "get", "hget", "hgetall", "hmget", "hset", "llen", "lpush", "lrem", "rpush", "scard", "smembers",
    "srem", "xadd", "zadd", "zrange", "zrem", "zscore",
)  # fmt: skip
# BullMQ: hearing how jobs end, and looking at one.
_HEARING: Final = (
    "client|setname", "exists", "hget", "hgetall", "hmget", "lpos", "lrange", "xread", "xrevrange", "zscore",
)  # fmt: skip
# BullMQ: taking jobs, renewing locks, taking over from those that are gone, and ending jobs.
_WORKING: Final = (
    "bzpopmin", "client|setname", "del", "exists", "get", "hdel", "hexists", "hget", "hgetall", "hincrby", "hmget", "hmset",
    "hset", "incr", "llen", "lpush", "lrange", "lrem", "ltrim", "pexpire", "pttl", "rpoplpush", "rpush", "sadd", "scard",
    "set", "smembers", "srem", "xadd", "xtrim", "zadd", "zcard", "zpopmin", "zrange", "zrangebyscore", "zrem",
    "zremrangebyrank", "zremrangebyscore", "zrevrange", "zrevrangebyscore", "zscore",
)  # fmt: skip
_TRANSACTIONS: Final = ("exec", "multi")

COMMANDS: Final[dict[Role, frozenset[str]]] = {
    "reader": frozenset({*_ALWAYS, *_SEEING, *_TRAILS, *_LENGTHS}),
    "builder": frozenset(
        {*_ALWAYS, *_LOADING, *_SEEING, *_SAYING, *_CONTENTS, *_ADDING, *_REMOVING, *_HEARING}
        | {*_FLIGHTS, *_TRANSACTIONS, "ping"}
    ),
    "worker": frozenset(
        {*_ALWAYS, *_LOADING, *_SEEING, *_SAYING, *_CONTENTS, *_FLIGHTS, *_WORKING, *_TRANSACTIONS}
    ),
    "producer": frozenset({*_ALWAYS, *_LOADING, *_ADDING, *_HEARING}),
}
"""The commands of each role, as access lists have them behind a ``+``."""

PURPOSES: Final[dict[Role, str]] = {
    "reader": "looks: hyper worker status and trace",
    "builder": "builds: puts sources and its own results there, asks for actions, adds jobs, hears of results",
    "worker": "works: takes jobs, puts results there",
    "producer": "has documents checked, in any language",
}


class User(msgspec.Struct, frozen=True):
    """A user of the server: ``rules`` as ``ACL SETUSER`` takes them behind the name, with a word in capitals for the password."""

    role: Role
    name: str
    purpose: str
    rules: str

    def command(self) -> str:
        """The command that makes the user."""
        return f"ACL SETUSER {self.name} {self.rules}"

    def line(self) -> str:
        """The line of an access list in a file."""
        return f"user {self.name} {self.rules}"


def users(names: Names, roles: Iterable[Role] = ROLES, *, cluster: bool = False) -> list[User]:
    """The users of a fleet for these roles; with ``cluster`` those that each node of one needs."""
    more = _CLUSTER if cluster else ()
    return [
        User(
            role,
            f"{names.project}-{names.fleet}-{role}",
            PURPOSES[role],
            _rules(names, role, {*COMMANDS[role], *more}),
        )
        for role in roles
    ]


def _rules(names: Names, role: Role, allowed: Iterable[str]) -> str:
    # A producer has its queue and nothing else of the fleet.
    places = f"{names.prefix}:{{{CHECKS}}}:*" if role == "producer" else f"{names.prefix}:*"
    commands = " ".join(f"+{command}" for command in sorted(allowed))
    return f"reset on >{role.upper()}-PASSWORD ~{places} {commands}"
