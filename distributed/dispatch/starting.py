"""How a dispatcher is started; apart, so that whoever starts one need not load what it loads."""

from __future__ import annotations

import sys


def command(path: list[str]) -> list[str]:
    """The words that start a dispatcher which finds modules as this process does."""
    text = f"import sys\nsys.path[:] = {path!r}\nfrom hyper.distributed.dispatch.process import main\nmain()\n"
    return [sys.executable, "-c", text]
