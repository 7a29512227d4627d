"""The text form of the IR: S-expressions that people can read and that parse back to the same module.

Every struct is ``(head value …)``, its parts in the order of the struct; parts that have their default are left out, others of
those are written ``:name value``. Tuples stand in brackets. A string that looks like a name is written bare, any other as
JSON; decimals end in ``d``; ``none``, ``true`` and ``false`` are themselves.
"""

from __future__ import annotations

from hyper.ir.text.dump import dump, dump_node
from hyper.ir.text.load import IrTextError, load, load_node

__all__ = ["IrTextError", "dump", "dump_node", "load", "load_node"]
