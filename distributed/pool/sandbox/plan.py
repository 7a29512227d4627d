"""What holds a child: found out once, by the zygote, and applied by each child to itself."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.distributed.pool.sandbox import audit, bounds, kernel, landlock, rights, seccomp
from hyper.distributed.pool.sandbox.rights import User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyper.distributed.pool.contract import Limits

_SYSTEM: Final = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/sys/devices/system/cpu",
)
"""What libraries are loaded from, and what they ask of a machine."""


class Plan(msgspec.Struct, frozen=True):
    """The means of this system. ``reading`` are the files and folders that a child may read."""

    reading: tuple[str, ...]
    abi: int
    filtered: bool
    alone: bool
    user: User | None

    def names(self) -> list[str]:
        """What holds, in words."""
        found = []
        if self.abi:
            found.append(f"landlock {self.abi}")
        if self.filtered:
            found.append("seccomp")
        if self.alone:
            found.append("no network")
        if self.user is not None:
            found.append(f"user {self.user.name}")
        return [*found, "rlimits", "audit"]


def make_plan(home: str, *, alone: bool) -> Plan:
    """What holds here, after all that stages need was loaded.

    ``home`` is where the folders of children are made; ``alone`` says that this process has left the network.
    """
    os.chmod(home, 0o755)  # noqa: S103  # children of another user pass through; their folders are their own
    reading = (*_outermost(_places()), *_SYSTEM)
    abi = landlock.version()
    if abi and not kernel.works(partial(_confine_files, abi, reading, home)):
        abi = 0
    user = rights.other_user((home, *_folders(), os.__file__), confined=abi > 0)
    if user is not None and not kernel.works(partial(_become, user)):
        user = None
    filtered = seccomp.known() and kernel.works(_filter)
    return Plan(reading, abi, filtered, alone, user)


def _confine_files(abi: int, reading: tuple[str, ...], home: str) -> None:
    rights.renounce(None)
    landlock.confine(abi, reading, home)


def _become(user: User) -> None:
    rights.become(user)
    rights.renounce(user)


def _filter() -> None:
    rights.renounce(None)
    seccomp.refuse()


def _places() -> Iterator[str]:
    """Where the installation lies, and each package that was loaded from elsewhere: of a folder with sources no more than that."""
    prefixes = _folders()
    yield from prefixes
    for name, module in [*sys.modules.items()]:
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not os.path.isabs(file):
            continue
        place = os.path.realpath(file)
        if any(place.startswith(prefix + os.sep) for prefix in prefixes):
            continue
        inside = name.partition(".")[2] or os.path.basename(place).startswith("__init__.")
        folder = os.path.dirname(place)
        yield folder if inside else place
        if os.path.basename(place).startswith("__init__."):
            yield from _linked(folder)


def _linked(folder: str) -> Iterator[str]:
    """Packages within a package that lie elsewhere."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink() and entry.is_dir():
                yield os.path.realpath(entry.path)


def _folders() -> list[str]:
    """The folders of Python and of what is installed for it."""
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    found |= {each for each in sys.path if "-packages" in os.path.basename(each)}
    return sorted({os.path.realpath(each) for each in found if os.path.isdir(each)})


def _outermost(places: Iterator[str]) -> Iterator[str]:
    """Places that lie in no other of them."""
    kept = ""
    for place in sorted({each + os.sep for each in places}):
        if not kept or not place.startswith(kept):
            kept = place
            yield place.rstrip(os.sep) or os.sep


def confine(plan: Plan, folder: str, limits: Limits, parent: int) -> None:
    """Confine this process, for good, to a folder of its own. Raises ``OSError`` where what should hold does not.

    ``parent`` is the process that it must not outlive.
    """
    os.umask(0o077)
    os.chdir(folder)
    _be_first_to_go()
    if plan.user is not None:
        rights.become(plan.user)
    if kernel.LINUX:
        rights.renounce(plan.user)
        die_with(parent, signal.SIGKILL)
    bounds.set_bounds(limits.memory, limits.result)
    if plan.abi:
        landlock.confine(plan.abi, plan.reading, folder)
    if plan.filtered:
        seccomp.refuse()
    sys.dont_write_bytecode = True
    audit.refuse(plan.reading, folder)


def _be_first_to_go() -> None:
    """Where memory runs out, the system should end a child, whose work can be done again, and not the worker."""
    with (
        contextlib.suppress(OSError),
        open("/proc/self/oom_score_adj", "wb", buffering=0) as stream,
    ):
        stream.write(b"800")


def die_with(parent: int, how: signal.Signals) -> None:
    """Have the system send this process a signal when its parent ends; end it now where the parent has."""
    if kernel.LINUX:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, how)
    if os.getppid() != parent:
        os._exit(1)
