"""The command line in a process of its own, as its user sees it."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from tests.checkout import ROOT

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping
    from pathlib import Path

LONG: Final = bool(os.environ.get("HYPER_LONG"))
_DROP: Final = 24  # PR_CAPBSET_DROP
_OVERRIDES: Final = (1, 2, 3)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
_LIMITED: Final = """\
import os, resource, sys
resource.setrlimit(getattr(resource, sys.argv[1]), (int(sys.argv[2]),) * 2)
os.execv(sys.executable, [sys.executable, "-m", "hyper", *sys.argv[3:]])
"""


class Ended(msgspec.Struct, frozen=True):
    """Exit code (minus the signal where one killed it) and what was printed, stdout and stderr together where both are read."""

    code: int
    text: str


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: this checkout, none of the options of the shell."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HYPER_")}
    return {**kept, "PYTHONPATH": str(ROOT), **(more or {})}


def hyper(
    folder: Path | bytes,
    *words: str | bytes,
    more: Mapping[str, str] | None = None,
    humble: bool = False,
    memory: int | None = None,
    largest_file: int | None = None,
) -> Ended:
    """Run ``hyper`` in a folder. ``humble``: as a user whom permissions bind, root or not; ``memory``: bytes it may have.

    A write beyond ``largest_file`` bytes fails in its middle, as on a full disk.
    """
    start = ["-m", "hyper"]
    if memory is not None:
        start = ["-c", _LIMITED, "RLIMIT_AS", str(memory)]
    elif largest_file is not None:
        start = ["-c", _LIMITED, "RLIMIT_FSIZE", str(largest_file)]
    done = subprocess.run(
        [sys.executable, *start, *words],
        cwd=folder,
        env=environment(more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=120,
        preexec_fn=_give_up_overrides if humble and os.geteuid() == 0 else None,
    )
    return Ended(done.returncode, done.stdout.decode("utf-8", "backslashreplace"))


def start(
    folder: Path, *words: str, more: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Begin ``hyper`` in a folder, to be killed. It can say little to stderr before it has to be read."""
    return subprocess.Popen(
        [sys.executable, "-m", "hyper", *words],
        cwd=folder,
        env=environment(more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def stop_after(process: subprocess.Popen[bytes], seconds: float, number: signal.Signals) -> Ended:
    """Send a signal after a while, unless the process has ended; gives its end with what it said to stderr."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    _, said = process.communicate(timeout=120)
    return Ended(process.returncode, said.decode("utf-8", "backslashreplace"))


def digests(folder: Path) -> dict[str, str]:
    """The digest of each file below a folder, those of the compiler's own cache left out."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".hyper" not in path.relative_to(folder).parts
    }


def is_complete(package: Path) -> bool:
    """Whether a package's folder holds what its manifest says, and nothing else."""
    from hyper.base import digest

    manifest = json.loads((package / "manifest.json").read_bytes())
    found = {
        path.relative_to(package).as_posix(): digest.of_bytes(path.read_bytes())
        for path in package.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    return bool(found == manifest["outputs"])


def _give_up_overrides() -> None:
    """Root without the rights to ignore permissions: after the next exec they hold for it as for anybody."""
    library = ctypes.CDLL(None)
    for right in _OVERRIDES:
        library.prctl(_DROP, right, 0, 0, 0)
