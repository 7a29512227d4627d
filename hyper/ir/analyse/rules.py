"""The rules that one action checks: two that assign the same field (E0620), or a ring of reads and writes (E0621).

Rules run in the order of ``check``. Where each of two reads what the other writes, no order is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hyper.base.diagnostics import diagnostic, related
from hyper.base.graph import components
from hyper.ir.program import RuleDef
from hyper.lang import tree

if TYPE_CHECKING:
    from hyper.base.diagnostics import Diagnostic
    from hyper.ir.program import ActionDef, Program
    from hyper.lang.symbols import Symbol


class Use(msgspec.Struct, eq=False):
    """One rule of a ``check``, with the absolute paths that it reads and writes."""

    name: str
    node: tree.RuleUse
    reads: list[tuple[str, ...]]
    writes: list[tuple[str, ...]]


def _overlap(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    size = min(len(left), len(right))
    return left[:size] == right[:size]


def _paths(base: tuple[str, ...], names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [(*base, *(part for part in name.split(".") if part != "self")) for name in names]


def analyse_rules(action: ActionDef, symbol: Symbol, program: Program) -> list[Diagnostic]:
    """Findings of one action's ``check`` lines."""
    decl = symbol.decl
    if not isinstance(decl, tree.ActionDecl) or len(decl.checks) != len(action.checks):
        return []
    uses: list[Use] = []
    for check, node in zip(action.checks, decl.checks, strict=True):
        rule = program.definitions.get(check.rule)
        if isinstance(rule, RuleDef):
            uses.append(
                Use(
                    rule.name,
                    node,
                    _paths(check.path, rule.reads),
                    _paths(check.path, rule.writes),
                )
            )
    # Rules that share a field feed each other as a matter of course: the ring is no second mistake.
    return _same_field(uses, symbol) or _rings(uses, symbol)


def _same_field(uses: list[Use], symbol: Symbol) -> list[Diagnostic]:
    source = symbol.unit.source
    found: list[Diagnostic] = []
    for place, later in enumerate(uses):
        for earlier in uses[:place]:
            both = [w for w in later.writes if any(_overlap(w, v) for v in earlier.writes)]
            if both:
                found.append(
                    diagnostic(
                        "E0620",
                        f"`{earlier.name}` and `{later.name}` both assign `{'.'.join(both[0])}`: "
                        "keep one of them, or join them in one rule",
                        source.locate(later.node.start, later.node.end),
                        related=[
                            related(
                                source.locate(earlier.node.start, earlier.node.end),
                                f"`{earlier.name}` assigns it first",
                            )
                        ],
                    )
                )
                break
    return found


def _rings(uses: list[Use], symbol: Symbol) -> list[Diagnostic]:
    """One finding for each group of rules in which each feeds each (each reaches the other)."""
    feeds = {
        one: [
            other
            for other in range(len(uses))
            if other != one
            and any(_overlap(w, r) for w in uses[one].writes for r in uses[other].reads)
        ]
        for one in range(len(uses))
    }
    found: list[Diagnostic] = []
    for ring in sorted(sorted(members) for members in components(feeds)):
        if len(ring) < 2:
            continue
        names = ", ".join(f"`{uses[item].name}`" for item in ring)
        node = uses[ring[-1]].node
        found.append(
            diagnostic(
                "E0621",
                f"{names} form a ring: each reads what another of them assigns, so no order is right; "
                "split one of them, or compute the shared value in a calc",
                symbol.unit.source.locate(node.start, node.end),
            )
        )
    return found
