"""From rules to a deterministic machine that finds, from an offset on, what the first row that matches takes.

A state of the machine is the list of places in the patterns where a match can be, in the order in which a backtracking
matcher would try them, cut behind the first one that is a match: what comes after it is never preferred. Thus the last
match that was seen before the machine died is the one that backtracking finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.lang.automaton.patterns import (
    HIGH,
    MIXED,
    Alternatives,
    Chars,
    Concat,
    Repeat,
    Symbols,
    parse_pattern,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hyper.lang.automaton.patterns import Pattern
    from hyper.lang.tokens import Rule

DEAD: Final = -1
UNSURE: Final = -2
"""Where a byte above 127 decides, and only the character tells how."""


class _Step(msgspec.Struct, gc=False):
    """One instruction: take one of ``symbols``, or go on at each of ``onward`` in order, or match the label."""

    symbols: Symbols | None = None
    onward: list[int] = []
    label: int | None = None


class Machine(msgspec.Struct, frozen=True):
    """A deterministic machine over symbols 0 to 127 and ``HIGH``.

    ``moves[state][symbol]`` is a state, ``DEAD`` or ``UNSURE``; ``labels[state]`` is the place of the rule that matches here and of
    what it was refined to, or None. State 0 is the start.
    """

    moves: tuple[tuple[int, ...], ...]
    labels: tuple[tuple[int, int] | None, ...]


def build_machine(rules: Sequence[Rule]) -> Machine:
    """Make the machine of all rules.

    A label is ``(place of the rule, place of the refinement)``; the second is -1 where the rule has refinements and none of them
    matches, and 0 where it has none.
    """
    program = _Program()
    heads = [program.add(parse_pattern(rule.pattern), label) for label, rule in enumerate(rules)]
    finer = _Program()
    finer_heads = [
        finer.add(parse_pattern(each.pattern), (label << 8) | place)
        for label, rule in enumerate(rules)
        for place, each in enumerate(rule.refined)
    ]
    return _Construction(rules, program, finer).run(heads, finer_heads)


class _Program:
    """The instructions of patterns, as in Thompson's construction."""

    def __init__(self) -> None:
        self.steps: list[_Step] = []

    def add(self, pattern: Pattern, label: int) -> int:
        return self._pattern(pattern, self._step(_Step(label=label)))

    def _step(self, step: _Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def _pattern(self, pattern: Pattern, then: int) -> int:
        """Add a pattern that goes on at ``then``; give where it begins."""
        match pattern:
            case Chars(symbols):
                return self._step(_Step(symbols=symbols, onward=[then]))
            case Concat(parts):
                for part in reversed(parts):
                    then = self._pattern(part, then)
                return then
            case Alternatives(parts):
                return self._step(_Step(onward=[self._pattern(part, then) for part in parts]))
            case Repeat(part, least, endless):
                return self._repeat(part, least, then, endless=endless)

    def _repeat(self, part: Pattern, least: int, then: int, *, endless: bool) -> int:
        choice = self._step(_Step())
        body = self._pattern(part, choice if endless else then)
        self.steps[choice].onward = [body, then]
        return body if least else choice

    def closure(self, heads: Iterable[int], *, cut: bool) -> tuple[int, ...]:
        """The places that take a symbol or match, reachable from ``heads``, in order; cut behind the first match if asked for."""
        found: list[int] = []
        seen: set[int] = set()
        stack = list(heads)[::-1]
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            step = self.steps[at]
            if step.label is not None or step.symbols is not None:
                found.append(at)
                if cut and step.label is not None:
                    break
            else:
                stack.extend(reversed(step.onward))
        return tuple(found)

    def after(self, places: Iterable[int], symbol: int) -> list[int] | None:
        """Where the places lead that take a symbol; None where that cannot be told."""
        found: list[int] = []
        for at in places:
            symbols = self.steps[at].symbols
            if symbols is None:
                continue
            if symbol == HIGH and MIXED in symbols:
                return None
            if symbol in symbols:
                found += self.steps[at].onward
        return found

    def labels(self, places: Iterable[int]) -> list[int]:
        return [label for at in places if (label := self.steps[at].label) is not None]


class _Construction:
    """The states while they are found."""

    def __init__(self, rules: Sequence[Rule], program: _Program, finer: _Program) -> None:
        self.rules = rules
        self.program = program
        self.finer = finer
        self.numbers: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
        self.states: list[tuple[tuple[int, ...], tuple[int, ...]]] = []

    def run(self, heads: list[int], finer_heads: list[int]) -> Machine:
        self._number(heads, finer_heads)
        moves: list[tuple[int, ...]] = []
        while len(moves) < len(self.states):
            state = self.states[len(moves)]
            moves.append(tuple(self._move(state, symbol) for symbol in range(HIGH + 1)))
        return Machine(tuple(moves), tuple(self._label(*state) for state in self.states))

    def _number(self, heads: Iterable[int], finer_heads: Iterable[int]) -> int:
        key = (
            self.program.closure(heads, cut=True),
            tuple(sorted(self.finer.closure(finer_heads, cut=False))),
        )
        found = self.numbers.get(key)
        if found is None:
            found = self.numbers[key] = len(self.states)
            self.states.append(key)
        return found

    def _move(self, state: tuple[tuple[int, ...], tuple[int, ...]], symbol: int) -> int:
        heads = self.program.after(state[0], symbol)
        if heads is None:
            return UNSURE
        if not heads:
            return DEAD
        # A refinement that cannot be decided is taken for one that does not match.
        return self._number(heads, self.finer.after(state[1], symbol) or [])

    def _label(self, places: tuple[int, ...], finer: tuple[int, ...]) -> tuple[int, int] | None:
        matched = self.program.labels(places)
        if not matched:
            return None
        rule = matched[0]
        if not self.rules[rule].refined:
            return rule, 0
        fits = [label & 255 for label in self.finer.labels(finer) if label >> 8 == rule]
        return rule, min(fits, default=-1)
