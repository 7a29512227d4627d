"""The process of a dispatcher: requests come in on one pipe, messages go out on another, until the first is closed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.distributed.dispatch.protocol import Hello, Message, News, Reader, Request, frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from hyper.distributed.dispatch.dispatcher import Dispatcher

_CHUNK: Final = 1 << 18
_LAST_WORDS: Final = 2.0
LONGEST_END: Final = 60
"""Seconds after the end of a build until its dispatcher is ended by the system, should anything keep it."""


def main() -> None:
    """Serve on the standard input and output of this process."""
    # An interrupt reaches all of a terminal's processes: the build deals with it, and closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = os.dup(0), os.dup(1)
    # Whatever a library prints is no message.
    with open(os.devnull, "r+b", buffering=0) as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    asyncio.run(serve(requests, answers))


async def serve(requests: int, answers: int) -> None:
    """Serve until the pipe of requests is closed; both are closed then."""
    reader, writer, ended = await _streams(requests, answers)

    def say(message: Message) -> None:
        if not writer.is_closing():
            writer.write(frame(message))

    dispatcher: Dispatcher | None = None
    try:
        async for request in _requests(reader):
            if dispatcher is not None:
                dispatcher.take(request)
            elif isinstance(request, Hello):
                made = _made(request, say, reader.feed_eof)
                if isinstance(made, str):
                    say(News(on=False, reason=made))
                    break
                dispatcher = made
                dispatcher.begin()
    finally:
        signal.alarm(LONGEST_END)
        if dispatcher is not None:
            await dispatcher.close()
        writer.close()
        # What was said last is still to be written, unless nobody reads.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended, _LAST_WORDS)


class _Out(asyncio.BaseProtocol):
    """Tells when all is written, or nobody reads any more."""

    def __init__(self, ended: asyncio.Future[None]) -> None:
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if not self._ended.done():
            self._ended.set_result(None)


async def _streams(
    requests: int, answers: int
) -> tuple[asyncio.StreamReader, asyncio.WriteTransport, asyncio.Future[None]]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_CHUNK)
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(requests, "rb", 0)
    )
    ended: asyncio.Future[None] = loop.create_future()
    transport, _ = await loop.connect_write_pipe(lambda: _Out(ended), os.fdopen(answers, "wb", 0))
    return reader, transport, ended


async def _requests(reader: asyncio.StreamReader) -> AsyncIterator[Request]:
    messages = Reader(Request)
    while data := await reader.read(_CHUNK):
        try:
            found: list[Any] = messages.feed(data)
        except msgspec.MsgspecError:
            return
        for each in found:
            yield each


def _made(
    hello: Hello, say: Callable[[Message], None], broken: Callable[[], None]
) -> Dispatcher | str:
    """The dispatcher, else why there is none."""
    from hyper.distributed.settings import open_settings
    from hyper.distributed.stages import find_registry

    try:
        import bullmq  # noqa: F401  # whether it is there

        from hyper.distributed.dispatch.dispatcher import Dispatcher
    except ImportError:
        return "missing"
    try:
        settings = open_settings(hello.project, hello.environment, hello.url)
        registry = find_registry(hello.place)
    except (ValueError, LookupError, OSError):
        return "configuration"
    if settings is None:
        return "configuration"
    return Dispatcher(hello, registry, settings, say, broken=broken)
