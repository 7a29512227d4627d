"""Calls of the system that a child has no business with are refused by a filter (``man 2 seccomp``), whoever it is.

Landlock says nothing of sockets with a path, nor the limit of processes anything to root. The filter is written by hand, for the
machines whose numbers stand here; it needs no library.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from typing import Final

from hyper.distributed.pool.sandbox import kernel

_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_ERROR: Final = 0x00050000

_INSTRUCTION: Final = struct.Struct("=HBBI")
_LOAD: Final = 0x20
_IF_EQUAL: Final = 0x15
_IF_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_NUMBER_AT: Final = 0
_MACHINE_AT: Final = 4
_OTHER_INTERFACE: Final = 0x40000000
"""From this number on, a call of x86-64 is one of another interface (x32), with other numbers."""

# socket, socketpair; clone, fork, vfork, execve, execveat; ptrace, process_vm_readv and _writev; mount, setns, unshare; bpf,
# perf_event_open, userfaultfd; add_key, request_key, keyctl; shmget, semget, msgget, mq_open, whose memory is in no limit of a
# process and outlives it. Then what has one number on all machines: io_uring_setup, pidfd_open, clone3, pidfd_getfd.
_ALIKE: Final = (425, 434, 435, 438)
_X86_64: Final = (
    41, 53, 56, 57, 58, 59, 322, 101, 310, 311, 165, 308, 272, 321, 298, 323, 248, 249, 250, 29, 64, 68, 240,
)  # fmt: skip
_ARM64: Final = (
    198, 199, 220, 221, 281, 117, 270, 271, 40, 268, 97, 280, 241, 282, 217, 218, 219, 194, 190, 186, 180,
)  # fmt: skip
_MACHINES: Final = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _ARM64)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def known() -> bool:
    """Whether there is a filter for this machine."""
    return kernel.LINUX and platform.machine() in _MACHINES


def program(machine: str) -> bytes:
    """The filter for a machine, in the instructions of classic BPF: what is of another machine, or listed, gives ``EPERM``."""
    architecture, numbers = _MACHINES[machine]
    refused = (*numbers, *_ALIKE)
    # A jump skips so many instructions; the last one refuses.
    checks = [(_IF_AT_LEAST, _OTHER_INTERFACE), *((_IF_EQUAL, number) for number in refused)]
    code = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_IF_EQUAL, 0, len(checks) + 2, architecture),
        (_LOAD, 0, 0, _NUMBER_AT),
        *(
            (kind, len(checks) - position, 0, value)
            for position, (kind, value) in enumerate(checks)
        ),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERROR | errno.EPERM),
    ]
    return b"".join(_INSTRUCTION.pack(*each) for each in code)


def refuse() -> None:
    """Refuse these calls from now on. The process must have given up new privileges. Raises ``OSError``."""
    code = program(platform.machine())
    asked = _Program(len(code) // _INSTRUCTION.size, code)
    kernel.call("prctl", _PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(asked), 0, 0)
