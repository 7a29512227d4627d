"""``python -m PACKAGE.native``: what of the package is bound to machine code here, and why the rest is not."""

from __future__ import annotations

import sys

from . import status


def _lines() -> list[str]:
    lines = []
    for module, found in status().items():
        where = found["profile"] or f"in Python: {found['reason']}"
        lines.append(f"{module}: {where}")
        lines += [f"  {name}" for name in found["native"]]
        lines += [f"  {name}: in Python: {why}" for name, why in found["python"].items()]
    return lines


sys.stdout.write("".join(f"{line}\n" for line in _lines()))
