"""What the lints find, as diagnostics."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base.diagnostics import Diagnostic, diagnostic, related
from hyper.base.source import Location
from hyper.engine.lint.dead import find_dead
from hyper.engine.lint.duplicates import find_duplicates
from hyper.engine.lint.secrets import find_secrets, masked, shown_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.engine.lint.duplicates import Piece
    from hyper.engine.lint.secrets import Secret
    from hyper.engine.search.texts import Texts
    from hyper.ir.program import Program
    from hyper.lang.symbols import World

_NAMED: Final = 3
"""Declarations that are named beside one that nothing reaches."""
_TOLD: Final = 5
"""Places of one secret that are told beside the first."""


_LEAST: Final = 6
"""Characters of a value that is hidden wherever it is: a shorter one may be any word."""


class Masks:
    """What nobody is to see: ranges of lines, and the values that are there, wherever else they are."""

    def __init__(self) -> None:
        self._ranges: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
        self._values: set[str] = set()

    def add(self, place: Location, value: str) -> None:
        """Hide a value, and its range; of its first line, what may be shown is not in it."""
        if len(value) >= _LEAST:
            self._values.add(value)
            # What was made of the values before is made again.
            self.__dict__.pop("_pattern", None)
        for line in range(place.line, place.end_line + 1):
            start = place.column - 1 if line == place.line else 0
            end = place.end_column - 1 if line == place.end_line else -1
            self._ranges[place.file, line].append((start, end))

    def apply(self, file: str, line: int, text: str) -> str:
        """The text of a line with stars for what is hidden."""
        for start, given in self._ranges.get((file, line), ()):
            end = len(text) if given < 0 else given
            text = text[:start] + "*" * (end - start) + text[end:]
        return self._without(text)

    def hidden(self, item: Diagnostic) -> Diagnostic:
        """A diagnostic none of whose texts has a value that is hidden."""
        suggestion = None if item.suggestion is None else self._without(item.suggestion)
        others = tuple(
            msgspec.structs.replace(each, message=self._without(each.message))
            for each in item.related
        )
        return msgspec.structs.replace(
            item, message=self._without(item.message), suggestion=suggestion, related=others
        )

    def _without(self, text: str) -> str:
        return self._pattern.sub(_starred, text) if self._values else text

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Any of the values as a whole, the longest first."""
        values = sorted(self._values, key=lambda value: (-len(value), value))
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, values))})(?!\w)")


def _starred(match: re.Match[str]) -> str:
    value = match[0]
    shown = shown_part(value)
    return value[:shown] + "*" * (len(value) - shown)


def secrets(texts: Texts, masks: Masks, allowed: Callable[[str], bool]) -> list[Diagnostic]:
    """W1101 for each credential, at the first of its places. All are masked, those in files that are allowed, too."""
    places: dict[str, list[Secret]] = defaultdict(list)
    for secret in find_secrets(texts):
        source = texts.source(secret.file)
        value = source.text[secret.start : secret.end]
        masks.add(source.locate(secret.start + shown_part(value), secret.end), value)
        if not allowed(source.path):
            places[value].append(secret)
    return [_secret(texts, value, found) for value, found in places.items()]


def _secret(texts: Texts, value: str, found: list[Secret]) -> Diagnostic:
    first, *others = (texts.source(each.file).locate(each.start, each.end) for each in found)
    message = f"this looks like a credential ({found[0].what}): {masked(value)}"
    if others:
        message += f", here and at {len(others)} more place{'s' * (len(others) > 1)}"
    return diagnostic(
        "W1101",
        f"{message}; take it out of the sources, and have it revoked",
        first,
        related=[related(place, "and here") for place in others[:_TOLD]],
    )


def duplicates(texts: Texts, similarity: float) -> list[Diagnostic]:
    """W1102 for each declaration and file that is nearly an earlier one.

    :raises ImportError: where the extra ``cache`` is not installed.
    """
    found = []
    for piece, earlier, share in find_duplicates(texts, similarity):
        much = f"{int(100 * share)} % of its runs of tokens are" if share < 1 else "all of it is"
        place, other = _place(texts, piece), _place(texts, earlier)
        own = f"`{piece.name}`" if piece.name else "this file"
        their = f"in `{earlier.name}`" if earlier.name else f"in {other.file}"
        found.append(
            diagnostic(
                "W1102",
                f"{own} is nearly there twice: {much} {their}, too",
                place if place.line else None,
                related=[related(other, f"{'this one' if piece.name else ''}")],
                file=place.file,
            )
        )
    return found


def _place(texts: Texts, piece: Piece) -> Location:
    """The name of a declaration, or a file as a whole."""
    if piece.name:
        return texts.source(piece.file).locate(piece.start, piece.end)
    return Location(texts.paths[piece.file], 0, 0, 0, 0)


def dead(program: Program, world: World) -> list[Diagnostic] | None:
    """W1103 for each declaration that nothing reaches, with paths from the source root; ``None`` where nothing is a root."""
    found = find_dead(program, world)
    if found is None:
        return None
    items = []
    for each in found:
        symbol = world.symbols[each.name]
        name = symbol.decl.name
        also = ""
        if each.others:
            names = [f"`{other.rpartition('.')[2]}`" for other in each.others[:_NAMED]]
            more = f" and {len(each.others) - _NAMED} more" if len(each.others) > _NAMED else ""
            also = f", nor what it leads to ({', '.join(names)}{more})"
        items.append(
            diagnostic(
                "W1103",
                f"no action, webhook, service or scenario reaches the {each.kind} `{name.name}`{also}: "
                "remove it, or mark it @export",
                symbol.unit.source.locate(name.start, name.end),
            )
        )
    return items
