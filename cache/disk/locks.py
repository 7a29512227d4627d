"""A lock of a folder that can be tried: housekeeping that another process does already is left to it.

``hyper.base.fs`` has one for output folders, which waits, and whose module costs more to load than a read of the store.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE: Final = "lock"


@contextlib.contextmanager
def locked(folder: str, *, wait: bool, file: str = _FILE) -> Iterator[bool]:
    """Keep others out of the folder's housekeeping, or of what another ``file`` stands for; gives whether it is ours.

    With ``wait`` it always is: a file system or platform without locks protects from nobody, and works all the same.
    """
    try:
        import fcntl

        descriptor = os.open(os.path.join(folder, file), os.O_RDWR | os.O_CREAT, 0o666)
    except (ImportError, OSError):
        yield True
        return
    try:
        ours = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            ours = False
        except OSError:
            pass
        yield ours
    finally:
        os.close(descriptor)
