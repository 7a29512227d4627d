"""Machines of a benchmark's own network: reachable, late, cut off, and gone when they are done with."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

import pytest

from hyper.bench.fleet.cable import pass_on
from hyper.bench.fleet.network import Network, lacking
from hyper.bench.fleet.usage import seconds_of, tree_of
from hyper.bench.report import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.bench.fleet.network import Machine

SECONDS: Final = 30
BYTES: Final = 200_000
BURST: Final = 40_000
"""What may pass before a rate holds, at both ends of a way."""
_LISTEN: Final = f"""\
import socket, sys
with socket.create_server((sys.argv[1], 7000)) as listener:
    print("ready", flush=True)
    while True:
        near, _ = listener.accept()
        with near:
            near.sendall(bytes({BYTES}))
"""
_ASK: Final = f"""\
import socket, sys, time
began = time.perf_counter()
with socket.create_connection((sys.argv[1], 7000), timeout=float(sys.argv[2])) as near:
    whole = 0
    while some := len(near.recv(1 << 16)):
        whole += some
took = time.perf_counter() - began
assert whole == {BYTES}, whole
print(took)
"""


@pytest.fixture
def net() -> Iterator[Network]:
    """A network; skips where there can be none."""
    reason = lacking()
    if reason is not None:
        pytest.skip(reason)
    with Network() as made:
        yield made


def asked(client: Machine, server: Machine, seconds: float = SECONDS) -> float:
    """Seconds until a machine had all ``BYTES`` from another. Raises ``CalledProcessError`` where it is not heard."""
    command = (*client.before(), sys.executable, "-c", _ASK, server.address, str(seconds))
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    return float(done.stdout)


def listening(machine: Machine) -> subprocess.Popen[bytes]:
    """A server on a machine."""
    command = (*machine.before(), sys.executable, "-c", _LISTEN, machine.address)
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def ended(process: subprocess.Popen[bytes]) -> int:
    """How a process ended, soon."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    return process.wait(SECONDS)


def devices() -> str:
    return subprocess.run(["ip", "link"], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("late", [0.0, 0.02])
@pytest.mark.parametrize("rate", [0, 8_000_000])
def test_machines_hear_each_other(net: Network, late: float, rate: int) -> None:
    """Later where packets are late, as a connection and an answer take two round trips; and no faster than the rate."""
    before = devices()
    server = net.machine("server", late=late, rate=rate)
    client = net.machine("client")
    process = listening(server)
    took = asked(client, server)
    assert took >= 4 * late
    if rate:
        assert took >= 8 * (BYTES - BURST) / rate
    assert devices() == before
    process.kill()
    assert ended(process) == -signal.SIGKILL


def test_a_machine_that_is_cut_off_is_not_heard(net: Network) -> None:
    server, client = net.machine("server"), net.machine("client")
    process = listening(server)
    server.cut()
    with pytest.raises(subprocess.CalledProcessError):
        asked(client, server, 0.3)
    server.mend()
    assert asked(client, server) > 0
    process.kill()
    ended(process)


def test_machines_do_not_reach_the_network_of_this_one(net: Network) -> None:
    machine = net.machine("alone")
    said = subprocess.run(
        (*machine.before(), "ip", "-br", "link"), check=True, capture_output=True, text=True
    ).stdout
    names = {line.split()[0].partition("@")[0] for line in said.splitlines()}
    assert {"lo", "eth0"} <= names
    routes = subprocess.run(
        (*machine.before(), "ip", "route"), check=True, capture_output=True, text=True
    ).stdout
    assert "default" not in routes


_WHOLE: Final = """\
import subprocess, sys
from hyper.bench.fleet.network import Network
network = Network()
machine = network.machine("m", late=0.001)
child = subprocess.Popen((*machine.before(), "sleep", "1000"))
print(child.pid, machine.holder, *network.cables, flush=True)
sys.stdin.read()
"""


def test_all_is_gone_when_who_made_it_is_killed() -> None:
    """By SIGKILL, after which nobody can tidy up."""
    reason = lacking()
    if reason is not None:
        pytest.skip(reason)
    process = subprocess.Popen(
        (sys.executable, "-c", _WHOLE), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    watched = [os.pidfd_open(int(pid)) for pid in process.stdout.readline().split()]
    assert len(watched) >= 2
    process.kill()
    ended(process)
    for descriptor in watched:
        # Readable when the process is over.
        assert select.select([descriptor], [], [], SECONDS)[0]
        os.close(descriptor)


def test_a_command_that_fails_says_why(net: Network) -> None:
    with pytest.raises(BenchError, match=r"ip link set nothing up: .*nothing"):
        net.act("ip", "link", "set", "nothing", "up")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes cannot be selected there")
def test_a_cable_passes_frames_on_until_it_is_told_to_end() -> None:
    """Between pairs of sockets, which keep frames apart as devices do."""
    pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
    (one, near), (other, far) = pairs
    for each in (near, far):
        each.setblocking(False)
    until, end = os.pipe()
    thread = threading.Thread(target=pass_on, args=(near.fileno(), far.fileno(), until, 0.001))
    thread.start()
    one.send(b"a frame")
    one.send(b"another")
    assert (other.recv(100), other.recv(100)) == (b"a frame", b"another")
    other.send(b"back")
    assert one.recv(100) == b"back"
    os.close(end)
    thread.join(SECONDS)
    assert not thread.is_alive()
    os.close(until)
    for pair in pairs:
        for each in pair:
            each.close()


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="there is no /proc")
def test_processor_time_of_a_process_with_its_children() -> None:
    code = (
        "import subprocess, sys, time\n"
        "burn = 'import time\\nwhile time.process_time() < 0.1: pass'\n"
        "subprocess.run([sys.executable, '-c', burn], check=True)\n"
        "child = subprocess.Popen([sys.executable, '-c', burn + '\\nprint(1, flush=True)\\ninput()'], stdin=subprocess.PIPE)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        (sys.executable, "-c", code), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"1\n"
    assert len(tree_of(process.pid)) == 2
    (took,) = seconds_of([process.pid])
    assert took >= 0.15
    process.kill()
    ended(process)
    assert tree_of(process.pid) == []
    assert seconds_of([process.pid]) == [0]
