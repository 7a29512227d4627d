"""Which outcome of which decision a statement is, so that what runs can be counted: for profiles of packages.

What is emitted went through passes, and a decision is known by the function as it was written. The line of the source brings them
together; where two things stand on one line neither is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.ir.decisions import decisions
from hyper.ir.program import TableDef

if TYPE_CHECKING:
    from hyper.ir import nodes
    from hyper.ir.decisions import Function


class Outcomes:
    """The decisions of one function, by lines of the source."""

    def __init__(self, written: Function) -> None:
        self._by_line: dict[int, tuple[int, int] | None] = {}
        self._sizes: list[int] = []
        for place, decision in enumerate(decisions(written)):
            self._sizes.append(decision.outcomes)
            node = decision.node
            if decision.kind == "choice":
                continue
            if isinstance(node, TableDef):
                lines = [row.line for row in node.rows]
            elif decision.kind == "branches":
                lines = [branch.line for branch in getattr(node, "branches", ())]
            else:
                lines = [node.line]  # type: ignore[union-attr]  # a clause
            for outcome, line in enumerate(lines):
                self._by_line[line] = None if line in self._by_line else (place, outcome)

    @property
    def sizes(self) -> list[int]:
        """How many outcomes each decision has."""
        return self._sizes

    def at(self, line: int) -> tuple[int, int] | None:
        """The decision and outcome of a row or branch on a line; of a clause its decision, and 0."""
        return self._by_line.get(line)

    def past(self, stmt: nodes.If) -> tuple[int, int] | None:
        """The decision and outcome of taking none of the branches, where they are those that were written."""
        found = self.at(stmt.branches[-1].line)
        if found is None or found[1] != len(stmt.branches) - 1:
            return None
        decision = found[0]
        return (decision, len(stmt.branches)) if self._sizes[decision] == found[1] + 2 else None
