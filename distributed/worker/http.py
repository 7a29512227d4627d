"""Health, readiness and metrics over HTTP, on the loopback: three documents, and nothing that changes anything."""

from __future__ import annotations

import asyncio
import contextlib
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.distributed.worker.status import Status

_HEAD_BYTES: Final = 8192
_PATIENCE: Final = 5.0
_AT_ONCE: Final = 32
"""Connections, so that the queues have descriptors left. One more ends the oldest: who asks at once is answered, however many
say nothing."""
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
JSON: Final = "application/json"


class Endpoints:
    """``/healthz`` (the event loop turns), ``/readyz`` (jobs are taken, else 503) and ``/metrics``."""

    def __init__(self, status: Status, facts: Callable[[], dict[str, object]]) -> None:
        """``facts`` are told along with the health."""
        self._status = status
        self._facts = facts
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, asyncio.Task[Any]] = {}
        self.port = 0

    async def start(self, port: int, host: str = "127.0.0.1") -> None:
        """Listen on a port, 0 for a free one, of the loopback or another address of this machine.

        Raises ``OSError`` where it is taken, or the address is not this machine's.
        """
        self._server = await asyncio.start_server(self._serve, host, port, limit=_HEAD_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            serving = list(self._open.values())
            for writer in list(self._open):
                self._end(writer)
            await asyncio.gather(*serving, return_exceptions=True)
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[writer] = task
        if len(self._open) > _AT_ONCE:
            self._end(next(iter(self._open)))
        try:
            async with asyncio.timeout(_PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head))
                await writer.drain()
        except (
            TimeoutError,
            OSError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
        ):
            pass
        finally:
            self._open.pop(writer, None)
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await writer.wait_closed()

    def _end(self, writer: asyncio.StreamWriter) -> None:
        self._open.pop(writer, None)
        writer.transport.abort()

    def _answer(self, head: bytes) -> bytes:
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3 or words[0] not in {b"GET", b"HEAD"}:
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, b"GET only\n", TEXT, body=True)
        path = words[1].split(b"?", 1)[0]
        status, body, kind = self._document(path)
        return _response(status, body, kind, body=words[0] == b"GET")

    def _document(self, path: bytes) -> tuple[HTTPStatus, bytes, str]:
        phase = self._status.phase
        if path == b"/healthz":
            fine = phase != "stopped"
            told = {"phase": phase, "worker": self._status.name, **self._facts()}
            code = HTTPStatus.OK if fine else HTTPStatus.SERVICE_UNAVAILABLE
            return code, json.dumps(told).encode() + b"\n", JSON
        if path == b"/readyz":
            code = HTTPStatus.OK if phase == "ready" else HTTPStatus.SERVICE_UNAVAILABLE
            return code, json.dumps({"phase": phase}).encode() + b"\n", JSON
        if path == b"/metrics":
            return HTTPStatus.OK, self._status.metrics(), TEXT
        return HTTPStatus.NOT_FOUND, b"/healthz, /readyz and /metrics\n", TEXT


def _response(status: HTTPStatus, content: bytes, kind: str, *, body: bool) -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(content)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (content if body else b"")
