"""Landlock: a process gives up its own right to files, ports and other processes, for good (``man 7 landlock``).

Each version of its interface (*ABI*) can refuse more: 1 files, 3 truncation, 4 TCP, 5 calls of devices, 6 abstract sockets of other
processes and signals to them. Whatever the version, a confined process traces no other.
"""

from __future__ import annotations

import ctypes
import os
import stat
from typing import TYPE_CHECKING, Final

from hyper.distributed.pool.sandbox import kernel

if TYPE_CHECKING:
    from collections.abc import Iterable

# System calls have these numbers on all machines.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION: Final = 1
_PATH_BENEATH: Final = 1

_READ_FILE: Final = 1 << 2
_READ_FOLDER: Final = 1 << 3
_OF_FILES: Final = 1 << 2 | 1 << 1 | 1 << 14
"""The rights that mean something for a file that is no folder: to read, to write, to truncate."""
_WITHIN: Final = _OF_FILES | _READ_FOLDER | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 13
"""To read, write and remove files and folders, and to make and move them: no devices, sockets or links, and nothing is executed."""


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """The version of Landlock that this system has; 0 where it has none."""
    try:
        return kernel.call("syscall", _CREATE_RULESET, None, 0, _VERSION)
    except OSError:
        return 0


def confine(abi: int, reading: Iterable[str], writing: str) -> None:
    """Allow this process nothing but to read these files and folders, and to use a folder of its own.

    It must have given up new privileges. Raises ``OSError``.
    """
    handled = _files(abi)
    asked = _Ruleset(handled, 0b11 if abi >= 4 else 0, 0b11 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    rules = kernel.call("syscall", _CREATE_RULESET, ctypes.byref(asked), size, 0)
    try:
        for path in reading:
            _allow(rules, path, (_READ_FILE | _READ_FOLDER) & handled)
        _allow(rules, writing, _WITHIN & handled)
        kernel.call("syscall", _RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _files(abi: int) -> int:
    """All rights to files that a version knows."""
    bits = 13 if abi < 2 else 14 if abi < 3 else 15 if abi < 5 else 16
    return (1 << bits) - 1


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # What is not there is not read.
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        rule = _Beneath(rights, place)
        kernel.call("syscall", _ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(place)
