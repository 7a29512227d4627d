"""Starting a zygote, and the near side of it: forks, ends of children, and its own end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from hyper.distributed.pool import frames
from hyper.distributed.pool.contract import PoolError
from hyper.distributed.pool.frames import Ended, Fork, Forked, Kill, Ready, Unforked, Unready
from hyper.distributed.pool.near import Child
from hyper.distributed.pool.zygote import Order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.distributed.pool.contract import Limits

A = TypeVar("A")

_START: Final = """\
import sys
sys.path[:] = {path!r}
from hyper.distributed.pool.zygote import main
main()
"""
_KEPT: Final = frozenset(
    {
        "DYLD_LIBRARY_PATH",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "LD_LIBRARY_PATH",
        "PATH",
        "SYSTEMROOT",
        "TMPDIR",
        "TZ",
    }
)
_ALONE: Final = {
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Libraries start no threads when they are loaded: a fork would have their locks, and not them."""
_PATIENCE: Final = 120.0
"""Seconds that a zygote has to load its registry."""
_ANSWER: Final = 60.0
"""Seconds that a zygote has to fork, and to tell of the end of a child. One that stands still is ended."""
_FAREWELL: Final = 10.0
"""Seconds that a zygote has to end by itself."""


def environment_of(outer: Mapping[str, str]) -> dict[str, str]:
    """What of an environment a zygote is given: what Python needs, and nothing that anybody keeps there."""
    return {name: outer[name] for name in sorted(_KEPT & outer.keys())} | _ALONE


class NearZygote:
    """The near side of a zygote. ``lost`` is done when it has ended."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, home: str) -> None:
        loop = asyncio.get_running_loop()
        self.ready = Ready("", [], 0.0)
        self.lost: asyncio.Future[None] = loop.create_future()
        self._greeting: asyncio.Future[Ready | Unready | None] = loop.create_future()
        self._process = process
        self._control = control
        self._home = home
        self._forks: dict[int, asyncio.Future[Child | Unforked | None]] = {}
        self._children: dict[int, Child] = {}
        self._number = 0
        self._sending = asyncio.Lock()
        self._hearing = loop.create_task(self._hear())

    async def greet(self) -> None:
        """Wait until it has loaded its registry. Raises ``PoolError`` where it cannot."""
        reason = "the process that loads the stages ended"
        try:
            async with asyncio.timeout(_PATIENCE):
                said = await asyncio.shield(self._greeting)
        except TimeoutError:
            self._process.kill()
            said, reason = None, f"the stages were not loaded in {_PATIENCE:g} seconds"
        if isinstance(said, Ready):
            self.ready = said
            return
        await self.close()
        raise PoolError(said.reason if said else reason)

    async def fork(self) -> Child:
        """A new child, which has confined itself. Raises ``PoolError`` where there is none to be had."""
        self._number += 1
        number = self._number
        near, far = socket.socketpair()
        near.setblocking(False)
        told = self._forks[number] = asyncio.get_running_loop().create_future()
        try:
            with far:
                await self._send(Fork(number), far.fileno())
            child = None if self.lost.done() else await self._answered(told)
        except BaseException:
            near.close()
            raise
        finally:
            self._forks.pop(number, None)
        if not isinstance(child, Child):
            near.close()
            raise PoolError(child.reason if child else "the process that starts others ended")
        await child.open(near)
        return child

    def kill(self, child: Child) -> None:
        """End a child at once; its ``ended`` tells when it has."""
        with contextlib.suppress(OSError):
            # A few bytes: there is room, as the zygote does nothing but read them.
            self._control.send(frames.encode(Kill(child.number)))

    async def ended(self, child: Child) -> Ended | None:
        """Wait until a child that was killed has ended; ``None`` where nobody can say how."""
        return await self._answered(child.ended)

    async def _answered(self, told: asyncio.Future[A]) -> A:
        """What it says, or what stands there when it is lost, which it is where it says nothing. Who gives up waiting leaves the
        future as it is."""
        await asyncio.wait({told}, timeout=_ANSWER)
        if not told.done():
            self._process.kill()
            await asyncio.wait({told})
        return told.result()

    async def close(self) -> None:
        """End it, and all of its children."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        try:
            await asyncio.to_thread(self._process.wait, _FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
        await self._hearing
        self._control.close()
        # It does that itself, unless it was killed.
        await asyncio.to_thread(shutil.rmtree, self._home, ignore_errors=True)

    async def _send(self, message: Any, descriptor: int) -> None:
        loop = asyncio.get_running_loop()
        data = frames.encode(message)
        async with self._sending:
            while True:
                try:
                    socket.send_fds(self._control, [data], [descriptor])
                except BlockingIOError:
                    room = loop.create_future()
                    loop.add_writer(self._control, room.set_result, None)
                    try:
                        await room
                    finally:
                        loop.remove_writer(self._control)
                except OSError as error:
                    # Whoever asks again shall find that it is gone.
                    self._process.kill()
                    await asyncio.wait({self.lost})
                    raise PoolError("the process that starts others ended") from error
                else:
                    return

    async def _hear(self) -> None:
        loop = asyncio.get_running_loop()
        data = bytearray()
        try:
            while part := await loop.sock_recv(self._control, 1 << 16):
                data += part
                while len(data) >= frames.HEAD.size:
                    end = frames.HEAD.size + frames.HEAD.unpack_from(data)[0]
                    if len(data) < end:
                        break
                    self._take(frames.from_zygote.decode(bytes(data[frames.HEAD.size : end])))
                    del data[:end]
        except OSError:
            pass
        finally:
            self._lose()

    def _take(self, message: frames.FromZygote) -> None:
        match message:
            case Ready() | Unready():
                self._greeting.set_result(message)
            case Forked(number, pid):
                child = self._children[number] = Child(self, number, pid)
                self._answer(number, child)
            case Unforked(number):
                self._answer(number, message)
            case Ended(number):
                ended = self._children.pop(number, None)
                if ended is not None:
                    ended.ended.set_result(message)

    def _answer(self, number: int, what: Child | Unforked) -> None:
        told = self._forks.get(number)
        if told is not None and not told.done():
            told.set_result(what)

    def _lose(self) -> None:
        """Nobody will say any more how its children ended."""
        if not self._greeting.done():
            self._greeting.set_result(None)
        for told in self._forks.values():
            if not told.done():
                told.set_result(None)
        for child in self._children.values():
            child.ended.set_result(None)
        self._children.clear()
        if not self.lost.done():
            self.lost.set_result(None)


def _new_home() -> str:
    """A new folder, by its one true name: what a child opens is compared with it."""
    return os.path.realpath(tempfile.mkdtemp(prefix="hyper-pool-"))


def _path() -> list[str]:
    """Where this process finds its modules, wherever another one is at work."""
    return [os.path.abspath(each) for each in sys.path]


async def start_zygote(place: str, limits: Limits) -> NearZygote:
    """Start a zygote with the registry of a place. Raises ``PoolError``."""
    if not hasattr(os, "fork") or not sys.executable:
        raise PoolError("this system cannot start copies of a process")
    home = _new_home()
    near, far = socket.socketpair()
    near.setblocking(False)
    order = msgspec.json.encode(Order(place, os.getpid(), home, limits)).decode()
    words = [sys.executable, "-I", "-c", _START.format(path=_path()), str(far.fileno()), order]
    try:
        with far:
            # From this thread, which lasts: the zygote ends with the thread that started it.
            process = subprocess.Popen(  # noqa: S603, ASYNC220  # this Python and our own text; a millisecond
                words,
                pass_fds=(far.fileno(),),
                env=environment_of(os.environ),
                cwd=os.sep,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
    except OSError as error:
        near.close()
        os.rmdir(home)
        raise PoolError(f"no process can be started: {error}") from error
    zygote = NearZygote(process, near, home)
    try:
        await zygote.greet()
    except asyncio.CancelledError:
        process.send_signal(signal.SIGKILL)
        await zygote.close()
        raise
    return zygote
