"""Where the server is, how names of entries are made, and what a build grants to the network."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.cache.protocol import Kind

_PROJECT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_PORT: Final = 6379
_CLUSTER: Final = "+cluster"
_SCHEMES: Final = frozenset({"redis", "rediss", f"redis{_CLUSTER}", f"rediss{_CLUSTER}"})
_HEX: Final = 64
_FILES: Final = ("HYPER_CACHE_CA", "HYPER_CACHE_CERTIFICATE", "HYPER_CACHE_CERTIFICATE_KEY")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds in seconds and bytes.

    Args:
        connect: Seconds for connecting.
        stall: Seconds without a byte in either direction.
        call: Seconds for one round trip.
        budget: Seconds that one build spends waiting for the server, all calls together.
        failures: Failed calls one after the other that turn the layer off.
        off: Seconds that it is off then; twice as many each time, up to ``off_longest``.
        largest_action: Bytes of an action's value.
        largest_blob: Bytes of a blob.
        batch: Bytes of entries in one round trip.
        answer: Bytes of values in one answer; what is beyond them counts as missing.

    """

    connect: float = 1.0
    stall: float = 2.0
    call: float = 10.0
    budget: float = 60.0
    failures: int = 2
    off: float = 5.0
    off_longest: float = 300.0
    largest_action: int = 1 << 20
    largest_blob: int = 32 << 20
    batch: int = 4 << 20
    answer: int = 512 << 20

    def largest(self, kind: Kind) -> int:
        """The most bytes of a value."""
        return self.largest_action if kind == "action" else self.largest_blob


@dataclass(frozen=True, slots=True)
class TLS:
    """Files in PEM form: the authorities that are trusted (those of the system without), and who this client is."""

    authorities: str | None = None
    certificate: str | None = None
    key: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> TLS:
        """The files of ``HYPER_CACHE_CA`` and the like; a variable that is empty names none."""
        return cls(*(environment.get(name) or None for name in _FILES))


@dataclass(frozen=True, slots=True)
class Address:
    """A server: ``path`` of a socket, or ``host`` and ``port``; with ``cluster`` any node of one. The password is not shown."""

    host: str
    port: int
    path: str
    database: int
    tls: bool
    username: str | None
    password: str | None = field(repr=False)
    cluster: bool = False

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address of ``redis://user:password@host:port/database``, ``rediss://…`` with TLS, or ``unix:///path``; a node of a
        cluster is ``redis+cluster://…`` or ``rediss+cluster://…``, without a database.

        Raises:
            ValueError: It is none. The text never has the URL in it, which may hold a password.

        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError("the address of the shared cache is not a URL") from None
        if parts.query or parts.fragment:
            raise ValueError("the address of the shared cache takes no ? and no #")
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        if parts.scheme == "unix" and parts.path:
            return cls("", 0, unquote(parts.path), 0, False, username, password)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise ValueError(
                "the address of the shared cache is redis://HOST:PORT, rediss://HOST:PORT, unix:///PATH, or"
                " redis+cluster://HOST:PORT or rediss+cluster://HOST:PORT of a cluster"
            )
        number = parts.path.strip("/") or "0"
        if not number.isdecimal():
            raise ValueError("the database of the shared cache is a number")
        tls, cluster = parts.scheme.startswith("rediss"), parts.scheme.endswith(_CLUSTER)
        if cluster and int(number):
            raise ValueError(
                "a cluster has one database: the address of the shared cache names none"
            )
        place = (parts.hostname, port or _PORT, "", int(number))
        return cls(*place, tls, username, password, cluster)


def shown_address(url: str) -> str:
    """Where a URL leads, for people: without user, password and database; empty for what is no address."""
    try:
        address = Address.parse(url)
    except ValueError:
        return ""
    if address.path:
        return f"unix://{address.path}"
    host = f"[{address.host}]" if ":" in address.host else address.host
    scheme = f"{'rediss' if address.tls else 'redis'}{_CLUSTER if address.cluster else ''}"
    return f"{scheme}://{host}:{address.port}"


def checked_project(project: str) -> str:
    """The project's name, if it is one: letters, digits, ``.``, ``_`` and ``-``, 64 at most.

    Raises:
        ValueError: It is none.

    """
    if not _PROJECT.fullmatch(project):
        raise ValueError(
            "a project's name is made of letters, digits and ._- and begins with one of the first"
        )
    return project


def entry_name(project: str, scope: str, kind: Kind, key: bytes) -> bytes:
    """How an entry is called on the server: ``hyper:{project}:{scope}:{kind}:{hex}``."""
    return f"hyper:{project}:{scope}:{kind}:{key.hex()}".encode()


def filter_name(project: str, scope: str) -> bytes:
    """How the filter of a scope's keys is called."""
    return f"hyper:{project}:{scope}:filter".encode()


def census_name(project: str, scope: str) -> bytes:
    """How the census of a scope's writers is called."""
    return f"hyper:{project}:{scope}:census".encode()


def parse_entry_name(project: str, scope: str, name: bytes) -> tuple[Kind, bytes] | None:
    """Kind and key of an entry of the scope by its name; ``None`` for other names."""
    for kind in _KINDS:
        prefix = entry_name(project, scope, kind, b"")
        if name.startswith(prefix) and len(name) == len(prefix) + _HEX:
            try:
                return kind, bytes.fromhex(name[len(prefix) :].decode("ascii"))
            except ValueError:
                return None
    return None


_KINDS: Final[tuple[Kind, ...]] = ("action", "blob")
