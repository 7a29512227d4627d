"""The second line, on every system: Python itself refuses what a stage has no business with (PEP 578).

It holds for what is done through Python's own functions, and says in words what was refused. It cannot be taken off again.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_REFUSED: Final = (
    "ctypes.dlopen",
    "fcntl.ioctl",
    "os.chown",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.kill",
    "os.killpg",
    "os.link",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.symlink",
    "os.system",
    "pty.spawn",
    "resource.prlimit",
    "socket.__new__",
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.sendmsg",
    "socket.sendto",
    "subprocess.Popen",
    "syslog.openlog",
    "webbrowser.open",
)
_READING: Final = ("os.listdir", "os.scandir", "os.listxattr", "os.getxattr")
_WRITING: Final = {
    "os.chdir": 1,
    "os.chmod": 1,
    "os.mkdir": 1,
    "os.remove": 1,
    "os.rename": 2,
    "os.rmdir": 1,
    "os.setxattr": 1,
    "os.removexattr": 1,
    "os.truncate": 1,
    "os.utime": 1,
}
"""Events, and how many of their first arguments are paths."""
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def refuse(reading: Sequence[str], writing: str) -> None:
    """From now on, refuse all but reading these files and folders, and using a folder of its own."""
    checks = _checks(tuple(reading), writing)
    get = checks.get

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        check = get(event)
        if check is not None:
            check(event, arguments)

    sys.addaudithook(hook)


def _checks(
    reading: tuple[str, ...], writing: str
) -> Mapping[str, Callable[[str, tuple[Any, ...]], None]]:
    both = (*reading, writing)

    def no(event: str, arguments: tuple[Any, ...]) -> None:
        del arguments
        raise PermissionError(f"the sandbox refuses {event}")

    def within(event: str, path: Any, allowed: tuple[str, ...]) -> None:
        if isinstance(path, int):
            return
        place = os.path.realpath(os.fsdecode("." if path is None else path))
        if not any(place == each or place.startswith(each.rstrip("/") + "/") for each in allowed):
            raise PermissionError(f"the sandbox refuses {event} of {place}")

    def opens(event: str, arguments: tuple[Any, ...]) -> None:
        path, mode, flags = arguments
        writes = isinstance(flags, int) and bool(flags & _WRITES)
        if isinstance(mode, str):
            writes = writes or not set(mode).isdisjoint("wax+")
        within(event, path, (writing,) if writes else both)

    def reads(event: str, arguments: tuple[Any, ...]) -> None:
        within(event, arguments[0], both)

    def writes(event: str, arguments: tuple[Any, ...]) -> None:
        for path in arguments[: _WRITING[event]]:
            within(event, path, (writing,))

    return {
        **dict.fromkeys(_REFUSED, no),
        **dict.fromkeys(_READING, reads),
        **dict.fromkeys(_WRITING, writes),
        "open": opens,
    }
