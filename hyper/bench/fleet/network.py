"""Machines in a network of their own: namespaces of the kernel, joined by a bridge, with latency and a rate where wanted.

A namespace has no name: it is held by a process that ends when its pipe to us closes, however we end, and the kernel then takes
away the namespace with its devices. What we start in one is killed with us, too. Nothing is added to the machine's own network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from hyper.bench.report import BenchError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_TOOLS: Final = ("ip", "tc", "unshare", "nsenter", "setpriv")
_HELD: Final = ("unshare", "--net", "sh", "-c", "ip link set lo up && echo && exec cat")
_SECONDS: Final = 30.0
_BRIDGE: Final = "bridge"
_NEAR: Final = "eth0"
_NETWORK: Final = "10.213.0."
_LAST: Final = 250
_BURST_SECONDS: Final = 0.01
_LEAST_BURST: Final = 16_000
_QUEUE_SECONDS: Final = "50ms"


def lacking() -> str | None:
    """Why there can be no namespaces here; ``None`` where there can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in _TOOLS if shutil.which(name) is None]
    if missing:
        return f"{' and '.join(missing)} is not installed"
    try:
        Network().close()
    except BenchError as error:
        return str(error)
    return None


class Machine:
    """A machine of a network: a namespace with an address, on a cable to the bridge."""

    def __init__(self, network: Network | None, name: str, number: int) -> None:
        self._network = network
        self.name = name
        self.address = f"{_NETWORK}{number}" if network is not None else "127.0.0.1"
        self.port = f"port{number}"
        self._holder = None if network is None else _hold()

    @property
    def holder(self) -> int:
        """The process that holds the namespace."""
        assert self._holder is not None
        return self._holder.pid

    def before(self, core: int | None = None) -> tuple[str, ...]:
        """The words before a command that is to run here, on one core where that is said; its process is the command's own."""
        # It ends with us, however we end.
        words: tuple[str, ...] = ()
        if shutil.which("setpriv") is not None:
            words = ("setpriv", "--pdeathsig", "KILL")
        if self._holder is not None:
            words += _inside(self.holder)
        if core is not None:
            words += ("taskset", "-c", str(core))
        return words

    def cut(self) -> None:
        """Pull the plug. Connections stay as they are, and hear of nothing. Raises ``BenchError``."""
        assert self._network is not None
        self._network.act("ip", "link", "set", self.port, "down")

    def mend(self) -> None:
        """Put the plug in again. Raises ``BenchError``."""
        assert self._network is not None
        self._network.act("ip", "link", "set", self.port, "up")

    def close(self) -> None:
        """Let go of the namespace, which ends when no process is in it."""
        if self._holder is not None:
            _let_go(self._holder)


class Network:
    """A bridge in a namespace of its own, and the machines on it. Raises ``BenchError`` where the system does not let us."""

    def __init__(self) -> None:
        self._machines: list[Machine] = []
        self._cables: list[subprocess.Popen[bytes]] = []
        self._hub = _hold()
        try:
            self.act("ip", "link", "add", _BRIDGE, "type", "bridge")
            self.act("ip", "link", "set", _BRIDGE, "up")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    @property
    def cables(self) -> list[int]:
        """The processes that make packets late where the kernel cannot."""
        return [each.pid for each in self._cables]

    def machine(self, name: str, *, late: float = 0.0, rate: int = 0) -> Machine:
        """A new machine. Each packet to it and from it comes ``late`` seconds later; it takes and gives ``rate`` bits a second.

        Raises ``BenchError``.
        """
        if len(self._machines) == _LAST:
            raise BenchError(f"a network has at most {_LAST} machines")
        made = Machine(self, name, len(self._machines) + 1)
        self._machines.append(made)
        if late and not _kernel_is_late():
            self._lay(made, late)
        else:
            self._plug(made)
        for inside, device in ((self._hub.pid, made.port), (made.holder, _NEAR)):
            if late and _kernel_is_late():
                delay = ("netem", "limit", "100000", "delay", f"{late * 1e6:.0f}us")
                limit = ("rate", f"{rate}bit") if rate else ()
                _act(inside, "tc", "qdisc", "add", "dev", device, "root", *delay, *limit)
            elif rate:
                _act(inside, "tc", "qdisc", "add", "dev", device, "root", *_bucket(rate))
        return made

    def act(self, *command: str) -> None:
        """Run a command on the bridge's machine. Raises ``BenchError`` with what it said."""
        _act(self._hub.pid, *command)

    def close(self) -> None:
        """Take all down. What still runs on a machine goes on without a network."""
        for cable in self._cables:
            _let_go(cable)
        for machine in self._machines:
            machine.close()
        _let_go(self._hub)

    def _plug(self, machine: Machine) -> None:
        far = ("peer", "name", _NEAR, "netns", str(machine.holder))
        self.act("ip", "link", "add", machine.port, "type", "veth", *far)
        self._connect(machine)

    def _lay(self, machine: Machine, late: float) -> None:
        """A cable of a process, both ends of which begin at the bridge."""
        command = (*_inside(self._hub.pid), sys.executable, "-m", "hyper.bench.fleet.cable")
        far = f"far{machine.port}"
        cable = subprocess.Popen(
            (*command, machine.port, far, str(late)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._cables.append(cable)
        assert cable.stdout is not None
        if not cable.stdout.readline():
            raise BenchError("there is no device (TUN) that could make packets late")
        self.act("ip", "link", "set", far, "netns", str(machine.holder))
        _act(machine.holder, "ip", "link", "set", far, "name", _NEAR)
        self._connect(machine)

    def _connect(self, machine: Machine) -> None:
        self.act("ip", "link", "set", machine.port, "master", _BRIDGE, "up")
        _act(machine.holder, "ip", "address", "add", f"{machine.address}/24", "dev", _NEAR)
        _act(machine.holder, "ip", "link", "set", _NEAR, "up")


class Loopback:
    """Where there are no namespaces: all machines are this one."""

    cables: Final[list[int]] = []

    def machine(self, name: str) -> Machine:
        """This machine."""
        return Machine(None, name, 0)

    def close(self) -> None:
        """Nothing has to be taken down."""


_LATE: list[bool] = []


def _kernel_is_late() -> bool:
    """Whether the kernel has the discipline that makes packets late."""
    if not _LATE:
        holder = _hold()
        try:
            _act(holder.pid, "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms")
            _LATE.append(True)
        except BenchError:
            _LATE.append(False)
        finally:
            _let_go(holder)
    return _LATE[0]


def how_late() -> str:
    """What makes packets late here."""
    if _kernel_is_late():
        return "tc netem"
    return "a process between two TAP devices (this kernel has no netem)"


def _bucket(rate: int) -> Sequence[str]:
    burst = max(_LEAST_BURST, int(rate / 8 * _BURST_SECONDS))
    return ("tbf", "rate", f"{rate}bit", "burst", str(burst), "latency", _QUEUE_SECONDS)


def _hold() -> subprocess.Popen[bytes]:
    """A process in a new namespace. Raises ``BenchError``."""
    try:
        holder = subprocess.Popen(
            _HELD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise BenchError(f"unshare does not start: {error.strerror or error}") from None
    assert holder.stdout is not None
    if not holder.stdout.readline():
        _let_go(holder)
        raise BenchError("the system does not let us have a network namespace")
    return holder


def _let_go(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    try:
        process.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _inside(holder: int) -> tuple[str, ...]:
    return ("nsenter", f"--net=/proc/{holder}/ns/net")


def _act(holder: int, *command: str) -> None:
    try:
        subprocess.run(
            (*_inside(holder), *command), check=True, capture_output=True, timeout=_SECONDS
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise BenchError(f"{' '.join(command)}: {said}") from None
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(f"{' '.join(command)}: {error}") from None
