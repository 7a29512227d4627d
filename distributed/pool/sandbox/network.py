"""No network: a namespace of its own has no way to anywhere, for all protocols."""

from __future__ import annotations

import os

from hyper.distributed.pool.sandbox import kernel


def leave() -> bool:
    """Take this process, and what it will start, from the network. Returns whether the system lets it.

    Who is not root needs a user namespace for that, in which it keeps its own name. It is to be called with one thread.
    """
    if not kernel.LINUX or not kernel.works(_leave):
        return False
    _leave()
    return True


def _leave() -> None:
    """Raises ``OSError``, and may then have left this process half way."""
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        kernel.call("unshare", kernel.CLONE_NEWNET)
        return
    kernel.call("unshare", kernel.CLONE_NEWUSER | kernel.CLONE_NEWNET)
    # Without a map the process goes on as nobody, and has no right to its own files.
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as stream:
            stream.write(text)
