"""A registry of stages that behave, and of some that do not."""

from __future__ import annotations

import ctypes
import gc
import itertools
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from hyper.distributed.pool.sandbox import audit
from hyper.distributed.stages import Registry, RemoteStage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PLACE: Final = "tests.distributed.registry:make"
_LIBRARY: Final = ctypes.CDLL(None, use_errno=True)
_loads: Final = itertools.count()


def make() -> Registry:
    stages = [
        RemoteStage("echo", b"".join, _echo),
        RemoteStage("number", _number_of_load, lambda number, _: number),
        RemoteStage("loads", _load, _echo),
        RemoteStage("act", b"".join, _act),
        RemoteStage("python", b"".join, _attack(PYTHON)),
        RemoteStage("system", b"".join, _attack(SYSTEM)),
    ]
    return Registry(
        PLACE,
        "0" * 64,
        {each.name: each for each in stages},
        {"llvm": "llvmlite-0.48.0"},
        _warm,
    )


def _warm() -> None:
    gc.collect()


def fails() -> Registry:
    raise ValueError("no stages today")


def other() -> Registry:
    """One that is another each time, as after an installation."""
    made = make()
    identity = f"{os.getpid():064}"
    return Registry(PLACE, identity, made.stages)


def unsound() -> Registry:
    """One whose processes cannot be confined."""

    def fail(*_: object) -> NoReturn:
        raise OSError("no such means")

    vars(audit)["refuse"] = fail
    return make()


def ends() -> NoReturn:
    os._exit(3)


def _echo(context: bytes, own: bytes) -> bytes:
    return context + own


def _number_of_load(blobs: Sequence[bytes]) -> bytes:
    """Which process has loaded a context, and how many it had loaded before: what is not loaded again stays the same."""
    del blobs
    return f"{os.getpid()} {next(_loads)}".encode()


def _load(blobs: Sequence[bytes]) -> bytes:
    """A context as it is told to be."""
    _act(b"", b"".join(blobs))
    return b"loaded "


def _act(context: bytes, own: bytes) -> Any:
    """Do what the bytes say: a word, and what it needs."""
    del context
    word, _, rest = own.decode("latin-1").partition(" ")
    return ACTS[word](rest)


def _spin(rest: str) -> bytes:
    for _ in itertools.count():
        pass
    return rest.encode()


def _stay_in_the_library(rest: str) -> NoReturn:
    """Be away where no interrupt of Python's is heard."""
    del rest
    while True:
        _LIBRARY.pause()


_hoard: Final[list[bytearray]] = []


def _keep_memory(rest: str) -> bytes:
    _hoard.extend(bytearray(1 << 20) for _ in range(int(rest)))
    return str(len(_hoard)).encode()


def _allocate(rest: str) -> bytes:
    kept = [bytearray(1 << 20) for _ in range(int(rest))]
    return str(len(kept)).encode()


def _recurse_natively(rest: str) -> bytes:
    """Overflow the stack of C: each level calls the next through a function of the C library."""
    sys.setrecursionlimit(1 << 30)

    def deeper(one: int, other: int) -> int:
        del one, other
        numbers = (ctypes.c_int * 2)(2, 1)
        _LIBRARY.qsort(numbers, 2, 4, compare)
        return 0

    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(deeper)
    deeper(0, 0)
    return rest.encode()


def _kill_itself(rest: str) -> bytes:
    del rest
    # What Python itself would refuse, so that it is the end of the process that is tried.
    _LIBRARY["raise"](signal.SIGKILL)
    return b"still there"


def _exit(rest: str) -> bytes:
    os._exit(int(rest))


def _raise(rest: str) -> bytes:
    raise ValueError(rest)


def _leave(rest: str) -> bytes:
    sys.exit(int(rest))


def _scribble(rest: str) -> bytes:
    """Say what no child would say."""
    os.write(3, rest.encode("latin-1"))
    return b""


def _close(rest: str) -> bytes:
    """Be silent, and stay."""
    os.close(3)
    return _spin(rest)


def _keep_a_file(rest: str) -> bytes:
    found = sorted(os.listdir())
    os.makedirs("folder/below", exist_ok=True)
    Path("folder/below", rest).write_bytes(b"mine")
    return repr(found).encode()


def _large(rest: str) -> bytes:
    return bytes(int(rest))


def _text(rest: str) -> Any:
    return rest


def _facts(rest: str) -> bytes:
    """What a child has of its surroundings."""
    found: dict[str, Callable[[], object]] = {
        "environment": lambda: sorted(os.environ),
        "descriptors": _descriptors,
        "folder": os.getcwd,
        "mask": lambda: os.umask(0o077),
        "pid": os.getpid,
        "user": lambda: (os.getuid(), os.geteuid(), os.getgroups()),
        "arguments": lambda: sys.argv[0],
    }
    return repr(found[rest]()).encode()


def _descriptors() -> list[int]:
    found = []
    for number in range(64):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found


def _import(rest: str) -> bytes:
    """Load a module of the installation that nobody has loaded before."""
    assert rest not in sys.modules
    return __import__(rest).__name__.encode()


ACTS: Final[dict[str, Callable[[str], Any]]] = {
    "allocate": _allocate,
    "close": _close,
    "exit": _exit,
    "facts": _facts,
    "hoard": _keep_memory,
    "import": _import,
    "keep": _keep_a_file,
    "kill": _kill_itself,
    "large": _large,
    "leave": _leave,
    "overflow": _recurse_natively,
    "pause": _stay_in_the_library,
    "raise": _raise,
    "scribble": _scribble,
    "say": str.encode,
    "spin": _spin,
    "text": _text,
}


def _attack(attacks: dict[str, Callable[[str], object]]) -> Callable[[bytes, bytes], bytes]:
    """A stage that tells what came of an attack."""

    def run(context: bytes, own: bytes) -> bytes:
        del context
        word, _, rest = own.decode().partition(" ")
        try:
            attacks[word](rest)
        except OSError as error:
            return f"{type(error).__name__}: {error}".encode()
        return b"it was done"

    return run


def _read(path: str) -> object:
    return Path(path).read_bytes()


def _write(path: str) -> object:
    return Path(path).write_bytes(b"harm")


def _connect(port: str) -> None:
    with socket.socket() as stream:
        stream.connect(("127.0.0.1", int(port)))


def _fork(rest: str) -> object:
    pid = os.fork()
    if not pid:
        os._exit(0)
    return rest


def _exec(rest: str) -> object:
    os.execv("/bin/sh", ["sh", "-c", rest])


PYTHON: Final[dict[str, Callable[[str], object]]] = {
    "connect": _connect,
    "exec": _exec,
    "fork": _fork,
    "kill": lambda pid: os.kill(int(pid), signal.SIGTERM),
    "link": lambda path: os.symlink(path, "link"),
    "list": os.listdir,
    "load": ctypes.CDLL,
    "read": _read,
    "remove": os.remove,
    "start": lambda words: subprocess.run(words.split(), check=True),
    "write": _write,
}


def _called(name: str, *arguments: Any) -> int:
    result: int = getattr(_LIBRARY, name)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _internet(port: str) -> bytes:
    return (
        int(socket.AF_INET).to_bytes(2, sys.byteorder)
        + int(port).to_bytes(2, "big")
        + bytes([127, 0, 0, 1, *bytes(8)])
    )


def _connect_natively(port: str) -> object:
    number = _called("socket", int(socket.AF_INET), int(socket.SOCK_STREAM), 0)
    return _called("connect", number, _internet(port), 16)


def _send_natively(port: str) -> object:
    number = _called("socket", int(socket.AF_INET), int(socket.SOCK_DGRAM), 0)
    return _called("sendto", number, b"secret", 6, 0, _internet(port), 16)


def _connect_locally(name: str) -> object:
    """To a socket of the abstract kind, whose names begin with a zero, or to one with a path."""
    data = name.replace("@", "\0", 1).encode()
    number = _called("socket", int(socket.AF_UNIX), int(socket.SOCK_STREAM), 0)
    address = int(socket.AF_UNIX).to_bytes(2, sys.byteorder) + data
    return _called("connect", number, address, len(address))


def _fork_natively(rest: str) -> object:
    # Without the handlers of Python's own, which a fork would not need.
    pid = _called("fork")
    if not pid:
        os._exit(0)
    return rest


def _exec_natively(rest: str) -> object:
    words = (ctypes.c_char_p * 4)(b"sh", b"-c", rest.encode(), None)
    return _called("execv", b"/bin/sh", words)


SYSTEM: Final[dict[str, Callable[[str], object]]] = {
    "abstract": _connect_locally,
    "become": lambda uid: _called("setuid", int(uid)),
    "connect": _connect_natively,
    "exec": _exec_natively,
    "fork": _fork_natively,
    "kill": lambda pid: _called("kill", int(pid), int(signal.SIGTERM)),
    "list": lambda path: _called("open", path.encode(), os.O_RDONLY | os.O_DIRECTORY),
    "read": lambda path: _called("open", path.encode(), os.O_RDONLY),
    "remove": lambda path: _called("unlink", path.encode()),
    "messages": lambda flags: _called("msgget", 0, int(flags, 8)),
    "semaphores": lambda count: _called("semget", 0, int(count), 0o1600),
    "send": _send_natively,
    "share": lambda size: _called("shmget", 0, int(size), 0o1600),
    "trace": lambda pid: _called("ptrace", 16, int(pid), None, None),
    "write": lambda path: _called("open", path.encode(), os.O_WRONLY | os.O_CREAT, 0o600),
}
