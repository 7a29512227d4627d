"""A proxy in front of a Redis server of one's own (``hyper.bench.redis_server``), which delays or encrypts."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from hyper.bench.redis_server import RedisServer, executable

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

__all__ = ["Proxy", "RedisServer", "delayed", "executable"]

_CHUNK: Final = 1 << 16


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
