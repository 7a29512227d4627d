"""One connection to the server: commands in a batch, their answers, and every wait bounded."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from threading import Timer
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.cache.remote.settings import TLS, Address, Limits

Reason: TypeAlias = Literal[
    "connection", "timeout", "budget", "authentication", "cluster", "single", "server"
]
Command: TypeAlias = tuple[bytes, ...]
Node: TypeAlias = tuple[str, int]
"""The host and the port of a server of several."""

_READ_BYTES: Final = 1 << 16
# What redis-py's parser raises for answers that no Redis server gives: lengths without bound, nesting without end.
NONSENSE: Final = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
)


class OutageError(Exception):
    """There is no answer; ``reason`` says why, without a word of the server's or of an address."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Final[Reason] = reason


class Refusal:
    """An answer that refuses one command: ``code`` is its first word, as ``NOPERM``, ``OOM``, ``WRONGTYPE``; ``node`` is who is
    to be asked instead, as ``MOVED`` and ``ASK`` say."""

    __slots__ = ("code", "node")

    def __init__(self, code: str, node: Node | None = None) -> None:
        self.code = code
        self.node: Final = node


class Asking(Protocol):
    """Who asks a server, or several as one: ``Wire``, and ``ClusterWire``."""

    spent: float

    @property
    def round_trips(self) -> int:
        """How often there was something to wait for."""
        ...

    @property
    def connects(self) -> int:
        """How many connections were opened."""
        ...

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        """See ``Wire``."""
        ...

    def go_on(self, commands: Sequence[Command]) -> list[Any]:
        """See ``Wire``."""
        ...

    def close(self) -> None:
        """See ``Wire``."""
        ...


class Wire:
    """Asks the server; connects when there is something to ask. Not for two threads at once.

    redis-py is imported with the first question: it takes a tenth of a second and more.
    """

    def __init__(self, address: Address, tls: TLS, limits: Limits) -> None:
        self._address = address
        self._tls = tls
        self._limits = limits
        self._connection: Any = None
        self._pid = 0
        self.spent = 0.0
        self.round_trips = 0
        self.connects = 0

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        """The answers to the commands, in order: bytes, numbers, lists, ``None``, or a ``Refusal``.

        A connection that the server closed while nothing was asked is opened again, once, and the commands are sent
        again: they have to be such that it does not matter whether the first were carried out.

        Raises:
            OutageError: The server could not be asked, or did not answer in time. The connection is closed.

        """
        return self._within_budget(commands, again=True)

    def go_on(self, commands: Sequence[Command]) -> list[Any]:
        """The answers on the connection of the question before, for commands that need what that one left: a ``WATCH``.

        Raises:
            OutageError: As ``ask``; for the reason ``connection`` where that connection is gone.

        """
        if self._connection is None or self._pid != os.getpid():
            raise OutageError("connection")
        return self._within_budget(commands, again=False)

    def _within_budget(self, commands: Sequence[Command], *, again: bool) -> list[Any]:
        if self._connection is not None and self._pid != os.getpid():
            self._connection = None  # The parent's: not ours to close.
        left = self._limits.budget - self.spent
        if left <= 0.0:
            raise OutageError("budget")
        began = time.monotonic()
        try:
            used = self._connection is not None
            try:
                return self._bounded(commands, min(left, self._limits.call))
            except OutageError as error:
                if not used or not again or error.reason != "connection":
                    raise
                return self._bounded(commands, min(left, self._limits.call))
        finally:
            self.spent += time.monotonic() - began

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()

    def _bounded(self, commands: Sequence[Command], seconds: float) -> list[Any]:
        """A limit of the socket is for one read, so a server that answers in drops is cut off by a timer."""
        late = []

        def cut() -> None:
            late.append(True)
            held = getattr(self._connection, "_sock", None)
            if held is not None:
                # Not the method of a TLS socket, which would also forget its state under the reader.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(held, socket.SHUT_RDWR)

        timer = Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            return self._exchange(commands)
        except OutageError as error:
            self.close()
            raise OutageError("timeout") if late else error from None
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()

    def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        from redis import exceptions

        try:
            if self._connection is None:
                self._connection = self._new_connection()
                self._pid = os.getpid()
                self.connects += 1
                self._connection.connect()
            connection = self._connection
            self.round_trips += 1
            connection.send_packed_command([b"".join(map(_packed, commands))], check_health=False)
            return [self._answer(connection, exceptions.ResponseError) for _ in commands]
        except exceptions.TimeoutError:
            raise OutageError("timeout") from None
        except (exceptions.AuthenticationError, exceptions.AuthorizationError):
            raise OutageError("authentication") from None
        except exceptions.BusyLoadingError:
            raise OutageError("server") from None
        except exceptions.ConnectionError:
            raise OutageError("connection") from None
        except (exceptions.RedisError, *NONSENSE):
            raise OutageError("server") from None
        except (OSError, AttributeError):
            # A file of TLS that is not there, or a socket that was cut off in between.
            raise OutageError("connection") from None

    @staticmethod
    def _answer(connection: Any, refused: type[Exception]) -> Any:
        try:
            return connection.read_response(disable_decoding=True)
        except refused as error:
            return Refusal(_code(error), _node(error, connection))

    def _new_connection(self) -> Any:
        import redis

        kinds: Any = redis
        address, limits = self._address, self._limits
        options: dict[str, Any] = {
            "db": address.database,
            "username": address.username,
            "password": address.password,
            "socket_timeout": limits.stall,
            "socket_connect_timeout": limits.connect,
            "socket_read_size": _READ_BYTES,
            "protocol": 2,
        }
        if address.path:
            made = kinds.UnixDomainSocketConnection(path=address.path, **options)
        elif not address.tls:
            made = kinds.Connection(host=address.host, port=address.port, **options)
        else:
            made = kinds.SSLConnection(
                host=address.host,
                port=address.port,
                ssl_cert_reqs="required",
                ssl_check_hostname=True,
                ssl_ca_certs=self._tls.authorities,
                ssl_certfile=self._tls.certificate,
                ssl_keyfile=self._tls.key,
                **options,
            )
        # The client's name and version are round trips of their own, and a command more in the access list.
        for name in ("driver_info", "lib_name", "lib_version"):
            setattr(made, name, None)
        return made


def _packed(command: Command) -> bytes:
    parts = [b"$%d\r\n%b\r\n" % (len(part), part) for part in command]
    return b"*%d\r\n%b" % (len(parts), b"".join(parts))


def _code(error: Exception) -> str:
    """The first word of the server's error, which redis-py keeps for some and gives a class of its own to others."""
    known = {
        "NoPermissionError": "NOPERM",
        "OutOfMemoryError": "OOM",
        "ReadOnlyError": "READONLY",
        "MovedError": "MOVED",
        "AskError": "ASK",
        "TryAgainError": "TRYAGAIN",
    }
    word = str(error).partition(" ")[0]
    return known.get(type(error).__name__, word if word.isalpha() and word.isupper() else "ERR")


def _node(error: Exception, connection: Any) -> Node | None:
    """Who is to be asked instead; one that names no host is where the server is that says so."""
    match getattr(error, "node_addr", None):
        case (str(host), int(port)) if 0 < port <= 65535:
            return host or str(getattr(connection, "host", "")), port
    return None
