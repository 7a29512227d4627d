"""Calls of Linux that Python has no names for. Elsewhere each of them raises ``OSError``."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_KEEPCAPS: Final = 8
PR_SET_NO_NEW_PRIVS: Final = 38

CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWNET: Final = 0x40000000

_CAPABILITY_VERSION_3: Final = 0x20080522

LINUX: Final = sys.platform.startswith("linux")


@cache
def _library() -> Any:
    if not LINUX:
        raise OSError("this is not Linux")
    return ctypes.CDLL(None, use_errno=True)


def warm() -> None:
    """Load what the calls need, before nothing more may be loaded."""
    if LINUX:
        _library()


def call(name: str, *arguments: Any) -> int:
    """The result of a function of the C library. Raises ``OSError`` where it gives -1."""
    function = getattr(_library(), name)
    function.restype = ctypes.c_long
    result: int = function(
        *(ctypes.c_long(each) if isinstance(each, int) else each for each in arguments)
    )
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process. Raises ``OSError``."""
    call("prctl", option, value, 0, 0, 0)


def keep_capabilities(kept: int) -> None:
    """Give up all capabilities but those of this set of bits, of the first 32. Raises ``OSError``."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # Effective, permitted, inheritable: of the first 32 capabilities, then of the rest.
    data = (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)
    call("capset", header, data)


def works(attempt: Callable[[], object]) -> bool:
    """Whether a means can be had here, tried by a process of its own: a container may forbid what its system can do, and end
    who asks for it. It is to be called with one thread."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            attempt()
            code = 0
        except OSError:
            pass
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0
