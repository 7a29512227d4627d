"""Attacks, each by name: on the second line by Python's own functions, and on the first by those of the C library."""

from __future__ import annotations

import os
import platform
import re
import socket
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from hyper.distributed.pool.launch import environment_of
from hyper.distributed.pool.sandbox import landlock, seccomp
from tests.distributed.pools import act, outcomes, outcomes_of, task, words_of_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks")

LINUX: Final = sys.platform.startswith("linux")


PYTHON_REFUSES: Final = [
    ("connect PORT", "socket.__new__"),
    ("exec true", "os.exec"),
    ("fork", "os.fork"),
    ("kill PARENT", "os.kill"),
    ("link FILE", "os.symlink"),
    ("list HOME", "os.listdir of HOME"),
    ("load libz.so.1", "ctypes.dlopen"),
    ("read /etc/passwd", "open of /"),
    ("read /proc/PARENT/environ", "open of /proc/PARENT/environ"),
    ("read FILE", "open of FILE"),
    ("remove FILE", "os.remove of FILE"),
    ("start /bin/true", "subprocess.Popen"),
    ("write FILE", "open of FILE"),
    ("write NEW", "open of NEW"),
    ("write ../new", "open of /"),
]
"""Attacks, and the events that are refused."""
SYSTEM_REFUSES: Final[list[tuple[str, set[str]]]] = [
    ("abstract @hyper-none", {"seccomp"}),
    ("abstract FOLDER/socket", {"seccomp"}),
    ("become 0", {"rlimits"}),
    ("connect PORT", {"landlock", "seccomp", "no network"}),
    ("exec true", {"landlock", "seccomp"}),
    ("fork", {"user nobody", "seccomp"}),
    ("kill PARENT", {"landlock", "user nobody"}),
    ("list /", {"landlock"}),
    ("list HOME", {"landlock"}),
    ("read /etc/passwd", {"landlock"}),
    ("read /proc/PARENT/environ", {"landlock", "user nobody"}),
    ("read /proc/self/environ", {"landlock"}),
    ("read FILE", {"landlock"}),
    ("remove FILE", {"landlock"}),
    ("messages 1600", {"seccomp"}),
    ("semaphores 4", {"seccomp"}),
    ("send OPEN", {"no network", "seccomp"}),
    ("share 4096", {"seccomp"}),
    ("trace PARENT", {"landlock", "seccomp", "user nobody"}),
    ("write FILE", {"landlock"}),
    ("write NEW", {"landlock"}),
]
"""Attacks, and the means of which each is enough to refuse them."""


@pytest.fixture(scope="module")
def holds() -> str:
    """What holds children here."""
    return words_of_sandbox()


class Places:
    """What a machine has that is none of a child's business."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "file"
        self.file.write_bytes(b"secret")
        # Nothing but the sandbox is in the way.
        folder.chmod(0o777)
        self.file.chmod(0o666)
        self.stream = socket.create_server(("127.0.0.1", 0))
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", 0))

    def filled(self, attack: str) -> str:
        """An attack on these places."""
        places = {
            "FILE": str(self.file),
            "NEW": str(self.folder / "new"),
            "FOLDER": str(self.folder),
            "PORT": str(self.stream.getsockname()[1]),
            "OPEN": str(self.datagrams.getsockname()[1]),
            "PARENT": str(os.getpid()),
            "HOME": os.path.expanduser("~"),
        }
        return re.sub(r"[A-Z]{3,}", lambda found: places[found[0]], attack)

    def harmed(self) -> bool:
        """Whether something got through."""
        self.datagrams.setblocking(False)
        self.stream.setblocking(False)
        heard = True
        try:
            self.datagrams.recv(1)
        except BlockingIOError:
            heard = False
        try:
            self.stream.accept()
        except BlockingIOError:
            return heard or self.file.read_bytes() != b"secret" or (self.folder / "new").exists()
        return True

    def close(self) -> None:
        self.stream.close()
        self.datagrams.close()


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    found = Places(tmp_path)
    yield found
    found.close()


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Places, dict[str, str]]]:
    """What came of all attacks, in one process for each stage: none ends it."""
    places = Places(tmp_path_factory.mktemp("attacked"))
    with socket.socket(socket.AF_UNIX) as stream:
        stream.bind(str(places.folder / "socket"))
        (places.folder / "socket").chmod(0o777)
        stream.listen()
        tasks = {
            "python": [attack for attack, _ in PYTHON_REFUSES],
            "system": [attack for attack, _ in SYSTEM_REFUSES] if LINUX else [],
        }
        works = [
            task(stage, *map(places.filled, attacks), "write mine")
            for stage, attacks in tasks.items()
        ]
        found: dict[str, str] = {}
        for (stage, attacks), results in zip(tasks.items(), outcomes_of(*works), strict=True):
            assert [each.state for each in results] == ["done"] * len(results)
            assert results[-1].data == b"it was done"
            found |= {
                f"{stage} {attack}": each.data.decode()
                for attack, each in zip(attacks, results, strict=False)
            }
    yield places, found
    places.close()


@pytest.mark.parametrize(("attack", "event"), PYTHON_REFUSES)
def test_python_refuses(attack: str, event: str, attacked: tuple[Places, dict[str, str]]) -> None:
    places, found = attacked
    said = found[f"python {attack}"]
    assert said.startswith(f"PermissionError: the sandbox refuses {places.filled(event)}")
    assert not places.harmed()


@pytest.mark.skipif(not LINUX, reason="only the second line holds on this system")
@pytest.mark.parametrize(("attack", "means"), SYSTEM_REFUSES)
def test_the_system_refuses(
    attack: str, means: set[str], attacked: tuple[Places, dict[str, str]], holds: str
) -> None:
    if not any(each in holds for each in means):
        pytest.skip(f"{attack}: this system has none of {', '.join(sorted(means))}")
    places, found = attacked
    assert re.match(
        r"(PermissionError|BlockingIOError|OSError): \[Errno", found[f"system {attack}"]
    )
    assert not places.harmed()


LAYER: Final = """\
import os, sys
sys.path[:] = {path!r}
from tests.distributed.registry import SYSTEM
from hyper.distributed.pool.sandbox import bounds, kernel, landlock, network, rights, seccomp
{layer}
try:
    SYSTEM[{word!r}]({rest!r})
except OSError as error:
    print("refused")
else:
    print("done")
"""
FILES: Final = "rights.renounce(None); landlock.confine({abi}, sys.path, '.')"
NOBODY: Final = (
    "rights.become(rights.User('nobody', 65534, 65534, False)); bounds.set_bounds(1 << 30, 1 << 20)"
)


@pytest.mark.skipif(not LINUX, reason="only the second line holds on this system")
@pytest.mark.parametrize(
    ("layer", "attack"),
    [
        ("landlock", "read FILE"),
        ("landlock", "write FILE"),
        ("landlock", "write NEW"),
        ("landlock", "remove FILE"),
        ("landlock", "list FOLDER"),
        ("landlock", "exec true"),
        ("landlock", "connect PORT"),
        ("landlock", "kill PARENT"),
        ("landlock", "trace PARENT"),
        ("landlock", "abstract @PORT"),
        ("network", "connect PORT"),
        ("network", "send OPEN"),
        ("network", "abstract @PORT"),
        ("nobody", "fork"),
        ("nobody", "kill PARENT"),
        ("nobody", "become 0"),
        ("seccomp", "abstract FOLDER/socket"),
        ("seccomp", "connect PORT"),
        ("seccomp", "exec true"),
        ("seccomp", "fork"),
        ("seccomp", "send OPEN"),
        ("seccomp", "trace PARENT"),
    ],
)
def test_each_means_holds_by_itself(layer: str, attack: str, places: Places, holds: str) -> None:
    """What several of them refuse is refused by each; without any of them the same attack gets through."""
    named = {"network": "no network", "nobody": "user nobody"}.get(layer, layer)
    if named not in holds:
        pytest.skip(f"{attack}: this system has no {layer}")
    abi = landlock.version()
    if layer == "landlock" and abi < {"connect": 4, "kill": 6, "abstract": 6}.get(
        attack.split(maxsplit=1)[0], 1
    ):
        pytest.skip(f"{attack}: Landlock {abi} does not refuse it")
    text = {
        "landlock": FILES.format(abi=abi),
        "network": "assert network.leave()",
        "nobody": NOBODY,
        "seccomp": "rights.renounce(None); seccomp.refuse()",
    }[layer]
    word, _, rest = places.filled(attack).partition(" ")
    with socket.socket(socket.AF_UNIX) as there, socket.socket(socket.AF_UNIX) as abstract:
        there.bind(str(places.folder / "socket"))
        there.listen()
        abstract.bind("\0" + places.filled("PORT"))
        abstract.listen()
        assert _said(text, word, rest) == "refused"
        assert not places.harmed()


def _said(layer: str, word: str, rest: str) -> str:
    code = LAYER.format(path=sys.path, layer=layer, word=word, rest=rest)
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


@pytest.mark.parametrize("attack", ["read FILE", "write NEW", "connect PORT", "send OPEN", "fork"])
def test_without_a_sandbox_an_attack_gets_through(attack: str, places: Places) -> None:
    word, _, rest = places.filled(attack).partition(" ")
    # A fork answers as well.
    assert set(_said("", word, rest).split()) == {"done"}


def test_a_child_has_nothing_of_the_workers() -> None:
    os.environ["HYPER_CACHE_KEYS"] = "secret"
    try:
        found = outcomes(act(*(f"facts {word}" for word in ("environment", "descriptors", "mask"))))
    finally:
        del os.environ["HYPER_CACHE_KEYS"]
    environment, descriptors, mask = (eval(each.data) for each in found)
    assert set(environment) <= set(environment_of(dict.fromkeys(environment, "")))
    assert not [each for each in environment if each.startswith("HYPER")]
    assert descriptors == [0, 1, 2, 3]
    assert mask == 0o077


def test_an_environment_is_reduced_to_what_python_needs() -> None:
    outer = {
        "HYPER_QUEUE_URL": "redis://:password@host",
        "TOKEN": "1",
        "LANG": "C",
        "HOME": "/root",
    }
    assert environment_of(outer) == environment_of({"LANG": "C"})
    assert environment_of(outer)["LANG"] == "C"


def test_a_module_that_nobody_has_loaded_can_still_be() -> None:
    found = outcomes(act("import wave", "import sqlite3"))
    assert [each.data for each in found] == [b"wave", b"sqlite3"]


def test_files_of_a_task_are_gone_with_it() -> None:
    (first, second), (third,) = outcomes_of(act("keep one", "keep two"), act("keep three"))
    assert (first.data, second.data, third.data) == (b"[]", b"['folder']", b"[]")


def _emulated(code: bytes, machine: int, number: int) -> int:
    """What a filter says to a call: a machine of these few instructions."""
    instructions: list[tuple[int, int, int, int]] = [*struct.iter_unpack("=HBBI", code)]
    at = accumulator = 0
    while True:
        kind, yes, no, value = instructions[at]
        at += 1
        if kind == 0x20:
            accumulator = {0: number, 4: machine}[value]
        elif kind == 0x06:
            return value
        else:
            holds = accumulator == value if kind == 0x15 else accumulator >= value
            at += yes if holds else no


@pytest.mark.parametrize(("name", "machine"), [("x86_64", 0xC000003E), ("aarch64", 0xC00000B7)])
def test_a_filter_refuses_what_is_listed_and_nothing_else(name: str, machine: int) -> None:
    code = seccomp.program(name)
    listed = {*seccomp._MACHINES[name][1], *seccomp._ALIKE}
    allowed = {n for n in range(600) if _emulated(code, machine, n) == seccomp._ALLOW}
    assert allowed == set(range(600)) - listed
    refusal = seccomp._ERROR | 1
    assert {_emulated(code, machine, n) for n in listed} == {refusal}
    # Calls by another interface have other numbers: none gets through.
    assert _emulated(code, machine, 0x40000000 + 39) == refusal
    assert _emulated(code, 0x40000003, 39) == refusal


@pytest.mark.skipif(
    platform.machine() not in seccomp._MACHINES, reason="no filter for this machine"
)
def test_a_filter_is_known_here() -> None:
    assert seccomp.known() == LINUX


@pytest.mark.skipif(not LINUX, reason="only the second line holds on this system")
def test_a_means_that_ends_who_asks_for_it_is_left_out() -> None:
    """As a filter does that others have set, in a container or a service."""
    code = (
        "import os, signal\n"
        "from hyper.distributed.pool.sandbox import kernel\n"
        "def fails(): raise OSError(1, 'not here')\n"
        "print(kernel.works(lambda: os.kill(os.getpid(), signal.SIGSYS)), kernel.works(fails), kernel.works(int))\n"
    )
    words = [sys.executable, "-c", code]
    found = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60)
    assert found.stdout.split() == ["False", "False", "True"]


@pytest.mark.parametrize("most", [(1 << 63) - 1, -1, 1 << 16])
@pytest.mark.parametrize("lists", [True, False])
def test_no_descriptor_is_left_however_many_there_may_be(most: int, lists: bool) -> None:
    code = (
        "import os\n"
        "from hyper.distributed.pool import zygote\n"
        f"os.sysconf = lambda _: {most}\n"
        f"os.listdir = os.listdir if {lists} else lambda _: os.stat('/nowhere')\n"
        "held = [os.open('/dev/null', os.O_RDONLY) for _ in range(9)]\n"
        "zygote._close_from(held[2])\n"
        "print([each for each in held if os.path.exists(f'/dev/fd/{each}')] == held[:2])\n"
    )
    words = [sys.executable, "-c", code]
    found = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60)
    assert found.stdout == "True\n"
