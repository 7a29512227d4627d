"""Calcs, tables, rules, externs and consts as Python functions.

``pieces`` are Python expressions that know how to break over lines; ``expressions``, ``conversions``, ``builtins`` and ``shapes``
write those of the IR; ``bodies`` the statements; ``module`` all functions of a module.
"""

from __future__ import annotations
