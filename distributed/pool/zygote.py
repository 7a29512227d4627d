"""A clean process with one thread, which has loaded what stages need and forks the children that do them.

A fork has everything at once and shares its memory. The zygote itself touches no item. It ends when the pool closes its socket or
is no more, and takes all children along.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import shutil
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec

from hyper.distributed.pool import frames
from hyper.distributed.pool.child import MOST_REASON, Child
from hyper.distributed.pool.contract import Limits
from hyper.distributed.pool.frames import Ended, Fork, Forked, Loaded, Ready, Unforked, Unready
from hyper.distributed.pool.sandbox import kernel, network, plan
from hyper.distributed.stages import find_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.distributed.pool.sandbox.plan import Plan
    from hyper.distributed.stages import Registry

_MOST_DESCRIPTORS: Final = 1 << 20
CHANNEL: Final = 3
"""The descriptor of a child's socket."""


class Order(msgspec.Struct, frozen=True):
    """How a zygote is started: the place of its registry, the process that started it, the folder for its children's folders."""

    place: str
    parent: int
    home: str
    limits: Limits


class Zygote:
    """Forks children, ends them, and tells of their ends."""

    def __init__(self, control: socket.socket, order: Order, registry: Registry, how: Plan) -> None:
        self._control = control
        self._order = order
        self._registry = registry
        self._plan = how
        self._pids: dict[int, int] = {}
        """The number of each child by its process id."""
        self._data = bytearray()
        self._sockets: list[int] = []

    def serve(self) -> None:
        """Work until the pool closes its side, or its process is no more."""
        with _deaths() as deaths, selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(deaths, selectors.EVENT_READ)
            while os.getppid() == self._order.parent:
                ready = {key.fileobj for key, _ in selector.select()}
                if deaths in ready:
                    with contextlib.suppress(BlockingIOError):
                        deaths.recv(4096)
                    self._reap(os.WNOHANG)
                if self._control in ready and not self._hear():
                    return

    def end(self) -> None:
        """End all children, and leave nothing of them."""
        for pid in self._pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            while self._pids:
                self._reap(0)
        shutil.rmtree(self._order.home, ignore_errors=True)

    def _hear(self) -> bool:
        """Do what the pool asks for; ``False`` where it is gone."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 4096, 16)
        except ConnectionError:
            return False
        self._sockets += descriptors
        self._data += data
        head = frames.HEAD.size
        while len(self._data) >= head:
            end = head + frames.HEAD.unpack_from(self._data)[0]
            if len(self._data) < end:
                break
            message = frames.to_zygote.decode(bytes(self._data[head:end]))
            del self._data[:end]
            if isinstance(message, Fork):
                self._fork(message.child, self._sockets.pop(0))
            else:
                self._kill(message.child)
        return bool(data)

    def _kill(self, child: int) -> None:
        for pid, number in self._pids.items():
            if number == child:
                # It is not waited for yet, so that the id is its own.
                os.kill(pid, signal.SIGKILL)

    def _reap(self, options: int) -> None:
        """Tell of the children that ended."""
        while self._pids:
            pid, status, usage = os.wait4(-1, options)
            if pid == 0:
                return
            child = self._pids.pop(pid, None)
            if child is None:
                continue
            shutil.rmtree(self._folder(child), ignore_errors=True)
            code = os.waitstatus_to_exitcode(status)
            self._tell(Ended(child, code, usage.ru_utime + usage.ru_stime))

    def _folder(self, child: int) -> str:
        return os.path.join(self._order.home, str(child))

    def _fork(self, child: int, channel: int) -> None:
        folder = self._folder(child)
        try:
            os.mkdir(folder, 0o700)
            if self._plan.user is not None:
                os.chown(folder, self._plan.user.uid, self._plan.user.gid)
            zygote = os.getpid()
            pid = os.fork()
        except OSError as error:
            self._tell(Unforked(child, str(error)))
            os.close(channel)
            return
        if pid == 0:
            _be_child(
                channel,
                folder,
                zygote=zygote,
                order=self._order,
                registry=self._registry,
                how=self._plan,
            )
        os.close(channel)
        self._pids[pid] = child
        self._tell(Forked(child, pid))

    def _tell(self, message: Any) -> None:
        with contextlib.suppress(OSError):
            self._control.sendall(frames.encode(message))


@contextlib.contextmanager
def _deaths() -> Iterator[socket.socket]:
    """Has something to read when a child ends."""
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(far.fileno(), warn_on_full_buffer=False)
    try:
        yield near
    finally:
        signal.set_wakeup_fd(-1)
        near.close()
        far.close()


def _be_child(
    channel: int, folder: str, *, zygote: int, order: Order, registry: Registry, how: Plan
) -> NoReturn:
    """In the fork: confine it, serve, and never come back to what the zygote was doing."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if channel != CHANNEL:
            os.dup2(channel, CHANNEL, inheritable=False)
        os.dup2(0, 2)
        _close_from(CHANNEL + 1)
        try:
            plan.confine(how, folder, order.limits, zygote)
        except OSError as error:
            frames.write(CHANNEL, Loaded("failed", str(error)[:MOST_REASON], 0))
            raise
        Child(CHANNEL, folder, registry.stages, order.limits).serve()
        code = 0
    except OSError:
        # The pool is gone, or the sandbox does not hold: either way it hears that this process ended.
        pass
    except MemoryError:
        code = frames.NO_MEMORY
    finally:
        os._exit(code)


def _close_from(lowest: int) -> None:
    """Close all descriptors from one on. How many there may be says nothing: some systems name no end, or one after minutes."""
    try:
        there = [int(name) for name in os.listdir("/dev/fd")]
    except OSError:
        most = os.sysconf("SC_OPEN_MAX")
        os.closerange(lowest, most if 0 < most <= _MOST_DESCRIPTORS else _MOST_DESCRIPTORS)
        return
    for number in there:
        if number >= lowest:
            with contextlib.suppress(OSError):
                os.close(number)


def main() -> None:
    """A zygote: its socket is the descriptor of its first argument, its order the second."""
    began = time.monotonic()
    control = socket.socket(fileno=int(sys.argv[1]))
    order = msgspec.json.decode(sys.argv[2], type=Order)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    zygote = _loaded(control, order, began)
    if zygote is None:
        return
    # From here on a signal has it look whether the pool is there: to stop a worker, systems tell all of its processes, and
    # it has work to end.
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        zygote.serve()
    finally:
        zygote.end()


def _loaded(control: socket.socket, order: Order, began: float) -> Zygote | None:
    alone = network.leave()
    # Until there is something to tidy up, the end of the pool may end it at once.
    plan.die_with(order.parent, signal.SIGTERM)
    try:
        registry = find_registry(order.place)
        if registry.warm is not None:
            registry.warm()
        kernel.warm()
        how = plan.make_plan(order.home, alone=alone)
    except Exception as error:  # noqa: BLE001  # whatever a registry raises, the pool says it
        reason = f"{type(error).__name__}: {error}"
        control.sendall(frames.encode(Unready(reason)))
        return None
    # What is here is never looked through again, so that children go on sharing it.
    gc.collect()
    gc.freeze()
    ready = Ready(registry.identity, how.names(), time.monotonic() - began)
    control.sendall(frames.encode(ready))
    return Zygote(control, order, registry, how)
