"""How one generated module reaches the declarations of another at run time.

A module imports the names it needs, as a person would, but in a ring of modules: there it imports
the other module, and looks the name up when it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.base.graph import components
from hyper.emit.python.functions.facts import link_facts
from hyper.ir.program import ConstDef

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.emit.python.functions.facts import LinkFacts
    from hyper.emit.python.names import Names
    from hyper.ir.nodes import Expr


FRAMES_PER_CALL: Final = 5
"""Frames of a call: the function, its decorators and a generator or two."""

RING: Final = "ring "
"""Of a module and, after a tab, a declaration: whether their modules need each other."""
FRAMES: Final = "frames "
CONST: Final = "const "


class Links:
    """What the modules of a program need of one another at run time: rings among them, and how consts are used.

    ``facts`` gives those of a module, where they are known. What is asked for is noted as a read.
    """

    def __init__(self, names: Names, facts: Callable[[str], LinkFacts] | None = None) -> None:
        self._program = names.program
        self._note = names.program.reads.note
        self._uses: dict[str, Expr] | None = None
        self._frames: dict[str, int] = {}

        def found(module: str) -> LinkFacts:
            return link_facts(names.index[module], names.source, names.program)

        self._facts = {name: (facts or found)(name) for name in names.index}
        self._ring = self._rings(names)

    def _rings(self, names: Names) -> dict[str, int]:
        by_parts = {names.module(name): name for name in names.index}
        edges: dict[str, set[str]] = {}
        for name, module in names.index.items():
            parts = names.module(name)
            near = edges[name] = set()
            for size in range(1, len(parts)):
                if parts[:size] in by_parts:
                    near.add(by_parts[parts[:size]])
            needed = [*self._facts[name].needs]
            for definition in module.definitions:
                needed += definition.bases
            near.update(self._module_of(each) for each in needed)
            near.discard("")
        return {name: number for number, ring in enumerate(components(edges)) for name in ring}

    def _module_of(self, name: str) -> str:
        try:
            return self._program.module_of(name)
        except KeyError:
            return ""

    def const_value(self, name: str) -> Expr:
        """The value that a const has as a variable: at the type of its uses, where they have one, else at its own."""
        self._note(CONST + name)
        if self._uses is None:
            self._uses = self._const_uses()
        definition = self._program.definitions[name]
        assert isinstance(definition, ConstDef)
        return self._uses.get(name, definition.value)

    def _const_uses(self) -> dict[str, Expr]:
        """The value of each const that all its uses agree on, where they do."""
        found: dict[str, list[Expr]] = {}
        for facts in self._facts.values():
            for name, values in facts.consts.items():
                known = found.setdefault(name, [])
                known += [value for value in values if value not in known]
        return {name: values[0] for name, values in found.items() if len(values) == 1}

    def frames(self, name: str) -> int:
        """How many Python frames a function takes at most with all that it calls; there are no rings of calls."""
        self._note(FRAMES + name)
        stack = [name]
        while stack:
            top = stack[-1]
            calls = self._facts[self._program.module_of(top)].calls.get(top, ())
            waiting = [called for called in calls if called not in self._frames]
            if waiting:
                stack.append(waiting[0])
                continue
            stack.pop()
            inner = (self._frames[called] for called in calls)
            self._frames[top] = FRAMES_PER_CALL + max(inner, default=0)
        return self._frames[name]

    def in_ring(self, module: str, qualified: str) -> bool:
        """Whether a module and the one of a declaration need each other."""
        self._note(f"{RING}{module}\t{qualified}")
        return self._ring[module] == self._ring[self._program.module_of(qualified)]
