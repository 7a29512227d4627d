"""As whom a child works: where the worker is root, as nobody; and in no case with the right to become more.

An installation in root's own folders cannot be read by nobody. A child then keeps the one capability to read, and Landlock says
what. For who is not root, the limit of processes holds, which is none for root.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.distributed.pool.sandbox import kernel

if TYPE_CHECKING:
    from collections.abc import Iterable

_READ_ALL: Final = 1 << 2
"""``CAP_DAC_READ_SEARCH``."""


class User(msgspec.Struct, frozen=True):
    """Whom to become. ``reads_all``: the installation is not for everybody's eyes."""

    name: str
    uid: int
    gid: int
    reads_all: bool


def other_user(reading: Iterable[str], *, confined: bool) -> User | None:
    """Whom children become; ``None`` where they stay who they are: where this is not root, or where nobody could not read what
    it needs. ``confined`` says that something else than its user says what a child may read."""
    if not kernel.LINUX or os.geteuid() != 0:
        return None
    import pwd

    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return None
    readable = _readable(reading, entry.pw_uid, entry.pw_gid)
    if not readable and not confined:
        return None
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid, not readable)


def _readable(paths: Iterable[str], uid: int, gid: int) -> bool:
    """Whether a user may read these files and folders."""
    groups = os.getgroups()
    try:
        os.setgroups([])
        os.setegid(gid)
        os.seteuid(uid)
        return all(
            os.access(path, os.R_OK | (os.X_OK if os.path.isdir(path) else 0), effective_ids=True)
            for path in paths
        )
    except OSError:
        return False
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def become(user: User) -> None:
    """Become another user, for good. Raises ``OSError``."""
    if user.reads_all:
        kernel.prctl(kernel.PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)


def renounce(user: User | None) -> None:
    """Give up what rights are left, and the right to more. Raises ``OSError``."""
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kept = _READ_ALL if user is not None and user.reads_all else 0
    try:
        kernel.keep_capabilities(kept)
    except OSError:
        # Where the call itself is forbidden, only root has capabilities to lose.
        if kept or os.geteuid() == 0:
            raise
    # Nobody else of the same name may look into its memory.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
