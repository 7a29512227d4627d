"""The near side of a child: what it is sent, what it answers, and how it ends. Nothing that it says is believed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from hyper.distributed.pool import frames
from hyper.distributed.pool.contract import PoolError, State
from hyper.distributed.pool.frames import Answer, Begin, Confined, Ended, Item, Loaded

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence


_BUFFER: Final = 1 << 20
_ROOM: Final = 1 << 16
"""Bytes of an answer beside its result."""
_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 1.0
_LONGEST: Final = 86400.0
"""Seconds of an item, as far as a message has room for them."""


class Keeper(Protocol):
    """Who can end a child."""

    lost: asyncio.Future[None]

    def kill(self, child: Child) -> None:
        """End it at once."""

    async def ended(self, child: Child) -> Ended | None:
        """Wait until it has ended; ``None`` where nobody can say how."""


class End(msgspec.Struct, frozen=True):
    """How a child ended in the middle of its work. ``lost``: not by anything that it did."""

    state: State
    reason: str
    cpu: float
    lost: bool = False


class _Reader(asyncio.StreamReader):
    """All that a child said before it ended. It is sent items ahead: where it ends before it read them, the connection breaks, and
    what it had answered until then would be forgotten, and blamed on items that are done."""

    def __init__(self, near: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=_BUFFER, loop=loop)
        self._near = near

    def set_exception(self, exc: Exception) -> None:
        """The connection broke: take what lies there still, and let that be the end."""
        del exc
        with contextlib.suppress(OSError):
            while data := self._near.recv(_BUFFER):
                self.feed_data(data)
        self.feed_eof()


class Child:
    """A child, which may be at work. ``contexts`` are those that it has loaded, with their bytes, the last used at the end."""

    def __init__(self, keeper: Keeper, number: int, pid: int) -> None:
        self.keeper = keeper
        self.number = number
        self.pid = pid
        self.jobs = 0
        self.memory = 0
        self.contexts: OrderedDict[bytes, int] = OrderedDict()
        self.ended: asyncio.Future[Ended | None] = asyncio.get_running_loop().create_future()
        self._cpu = 0.0
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, near: socket.socket) -> None:
        """Wait until it has confined itself. Raises ``PoolError`` where it could not."""
        loop = asyncio.get_running_loop()
        self._reader = reader = _Reader(near, loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport, _ = await loop.create_connection(lambda: protocol, sock=near)
        self._writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            said = await self.hear(_START_SECONDS, 0)
        except BaseException:
            self.dismiss()
            raise
        if not isinstance(said, Confined):
            self.dismiss()
            reason = said.reason
            raise PoolError(f"a process cannot be confined: {reason}")

    async def send(
        self, begin: Begin, blobs: Sequence[bytes], items: Sequence[bytes], start: int
    ) -> None:
        """Send a task, from one of its items on, as fast as it takes it."""
        writer = self._writer
        assert writer is not None
        with contextlib.suppress(OSError):
            writer.write(frames.encode(begin))
            for blob in blobs:
                writer.writelines((frames.HEAD.pack(len(blob)), blob))
                await writer.drain()
            for index in range(start, len(items)):
                writer.write(frames.encode(Item(index, items[index])))
                await writer.drain()

    async def hear(self, seconds: float, most: int) -> Confined | Loaded | Answer | End:
        """What it says next, or how it ended before that.

        It is ended after so many ``seconds``, and when it says anything that it would not say by itself, as a result of more than
        ``most`` bytes.
        """
        try:
            async with asyncio.timeout(seconds):
                return self._checked(await self._frame(most))
        except TimeoutError:
            return await self._fell("time", f"it took longer than {seconds:g} seconds")
        except (OSError, EOFError):
            return await self._fell("died", "")
        except ValueError:
            return await self._fell("died", "it said what it should not")

    def dismiss(self) -> None:
        """Tell it that nothing more will come; an idle child then ends."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def _frame(self, most: int) -> bytes:
        assert self._reader is not None
        head = await self._reader.readexactly(frames.HEAD.size)
        size: int = frames.HEAD.unpack(head)[0]
        if size > most + _ROOM:
            raise ValueError("too large")
        return await self._reader.readexactly(size)

    def _checked(self, data: bytes) -> Confined | Loaded | Answer:
        """Raises ``ValueError`` for what is no message."""
        message: frames.FromChild = frames.from_child.decode(data)
        if isinstance(message, Answer):
            if not all(0.0 <= each <= _LONGEST for each in (message.seconds, message.cpu)):
                raise ValueError("costs that are none")
            self._cpu += message.cpu
        if not isinstance(message, Confined):
            self.memory = message.memory
        return message

    async def _fell(self, state: State, reason: str) -> End:
        """See to it that it has ended, and say how."""
        if state == "died" and not reason:
            # It closes its socket while it ends; one that only closed it would stay.
            await asyncio.wait({self.ended}, timeout=_END_SECONDS)
            reason = "" if self.ended.done() else "its process closed its socket"
        self.keeper.kill(self)
        self.dismiss()
        ended = await self.keeper.ended(self)
        if ended is None:
            return End("died", "the process that started it ended", 0.0, lost=True)
        cpu = max(ended.cpu - self._cpu, 0.0)
        if reason:
            return End(state, reason, cpu)
        return End(*_told(ended.code), cpu)


def _told(code: int) -> tuple[State, str]:
    if code == frames.NO_MEMORY:
        return "memory", "it needs more memory than it may have"
    if code >= 0:
        return "died", f"its process exited with {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name in {"SIGALRM", "SIGXCPU"}:
        return "time", f"it took longer than it may, and was ended by {name}"
    if name == "SIGKILL":
        return "died", "its process was ended by SIGKILL, as systems without memory do"
    return "died", f"its process was ended by {name}"
