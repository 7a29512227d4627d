"""Random expressions in source: well typed by construction, or of any shape at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hyper.lang.check.builtins import CONVERSIONS, FUNCTIONS

if TYPE_CHECKING:
    from random import Random

WORLD: Final = """
enum Tier: gold, silver
const WHOLE = 3
const PART = 2.5
const LISTED = [1, 2]
const MAPPED = {"a": 1.5}
const OPENED = "2024-01-31"
entity Leaf:
    n: int
    tier: Tier = gold
    note?: string
entity Cat:
    kind: "cat"
    lives: int
entity Dog:
    kind: "dog"
    name: string?
union Pet = Cat | Dog by kind {"cat": Cat, "dog": Dog}
union Key = int | string
calc triple(n: int) -> int: n * 3
calc fee(d: decimal(12, 4)) -> decimal(12, 4): d * 0.1
calc tier_of(t: Tier?, n: int) -> Tier: if n > 0 then t ?? silver else gold
"""
PARAMS: Final = (
    "i: int, x: float, d: decimal(12, 4), s: string, b: bool, t: Tier, o: int?, w: string?, big: bigint,"
    " leaf: Leaf, pet: Pet, key: Key, day: date, at: datetime, span: duration, li: list[int],"
    " lx: list[float], ld: list[decimal(12, 4)], ls: list[string], m: map[string, float]"
)
ARGUMENTS: Final = {
    "i": 2,
    "x": 1.5,
    "d": "3.1250",
    "s": "ab",
    "b": True,
    "t": "silver",
    "o": None,
    "w": None,
    "big": 12345678901234567890,
    "leaf": {"n": 1},
    "pet": {"kind": "cat", "lives": 9},
    "key": "k",
    "day": "2024-02-29",
    "at": "2024-02-29T00:00:00+02:00",
    "span": "P1DT2H",
    "li": [1, 2, 3],
    "lx": [1.0, 2.5],
    "ld": ["1.5000"],
    "ls": ["a", "b"],
    "m": {"a": 1.0},
}

# For each type, what has it at once, then forms whose holes (``{type}``) are filled. A type is named by one word here.
_LEAVES: Final[dict[str, str]] = {
    "int": "i WHOLE 1 -7 leaf.n",
    "float": "x PART 1.5 2 i",
    "decimal": "d 0.25 3 PART i",
    "bigint": "big 5 i",
    "string": 's "ab" "x,y"',
    "bool": "b true false",
    "optint": "o 3 i",
    "opttext": "w s leaf.note",
    "tier": "t gold Tier.silver leaf.tier",
    "date": 'day date(OPENED) date("2024-02-01")',
    "datetime": 'at datetime("2024-01-31T00:00:00Z")',
    "duration": "span days(2) hours(i)",
    "ints": "li [] LISTED",
    "floats": "lx [] LISTED",
    "decimals": "ld [0.1]",
    "texts": "ls [] [s]",
    "map": "m {} MAPPED",
    "leaf": "leaf Leaf(n:1)",
    "pet": 'pet Cat(kind:"cat",lives:3)',
    "key": 'key i "q"',
}
_NUMBER: Final = "({T} + {T})|({T} - {T})|({T} * {T})|({T} // {T})|({T} % {T})|-{T}|abs({T})|max({T}, {T})|clamp({T}, {T}, {T})"
_FORMS: Final[dict[str, str]] = {
    "int": f"{_NUMBER}|length({{string}})|({{optint}} ?? {{int}})|triple({{int}})|round({{float}})|floor({{decimal}})"
    "|(if o is not none then o else {int})|(if o is none or {bool} then {int} else o)|sum(v * {int} for v in li if v > 1)"
    "|year({date})|li[{int}]|count({texts})|pow({int}, {int})|(first({ints}) ?? {int})|int({float})",
    "float": f"{_NUMBER}|({{float}} / {{float}})|({{int}} / {{int}})|round({{float}}, {{int}})|sqrt({{float}})"
    '|avg({ints})|MAPPED["a"]|(get({map}, {string}) ?? {float})|total_hours({duration})|float({decimal})|sum({floats})',
    "decimal": f"{_NUMBER}|({{decimal}} / {{decimal}})|round({{decimal}}, 2)|fee({{decimal}})|decimal({{float}})"
    '|(MAPPED["a"] * {decimal})|max({decimals})|sum(v * {decimal} for v in ld)',
    "bigint": _NUMBER,
    "string": "({string} + {string})|lower({string})|({opttext} ?? {string})|string({float})|string({decimal})"
    "|string({tier})|substring({string}, {int})|(if w is not none and {bool} then w else {string})"
    '|(if leaf.note is none then {string} else leaf.note + "!")|join({texts}, {string})',
    "bool": "({bool} and {bool})|({bool} or {bool})|(not {bool})|({int} < {float})|({decimal} < {decimal} <= {decimal})"
    "|({tier} == {tier})|({tier} in [gold, {tier}])|({opttext} == {string})|({int} in {ints})|({string} in {map})"
    "|({optint} is none)|({date} > {date})|any(v > {float} for v in lx)|({leaf} == {leaf})|(o is none or o > {int})",
    "optint": "index_of({string}, {string})|first({ints})|{int}",
    "opttext": "first({texts})|{string}",
    "tier": "tier_of({tier}, {int})|tier_of(n: {int}, t: {tier})",
    "date": "({date} + span)|add_months({date}, {int})|date({datetime})",
    "datetime": "({datetime} - {duration})",
    "duration": "(day - {date})|(at - {datetime})|minutes({int})|-{duration}",
    "ints": "[v * {int} for v in li]|sorted({ints})|[{int}, {int}]|({ints} + {ints})|distinct({ints})",
    "floats": "[v / 2 for v in li]|[{float}, {int}]|reversed({floats})|{ints}",
    "decimals": "[{decimal}, {decimal}]|[v * {decimal} for v in ld if {bool}]",
    "texts": 'split({string}, ",")|keys({map})|[{string} for v in li]',
    "map": '{"a": {float}, {string}: {float}}|merge({map}, {map})',
    "leaf": "Leaf(n: {int}, tier: {tier})|(leaf with (n: {int}, note: {opttext}))",
    "pet": 'Dog(kind: "dog", name: {opttext})',
    "key": "{int}|{string}",
}
WRITTEN: Final = {
    "decimal": "decimal(12, 4)",
    "optint": "int?",
    "opttext": "string?",
    "tier": "Tier",
    "ints": "list[int]",
    "floats": "list[float]",
    "decimals": "list[decimal(12, 4)]",
    "texts": "list[string]",
    "map": "map[string, float]",
    "leaf": "Leaf",
    "pet": "Pet",
    "key": "Key",
}
"""How a type is written, where that is not its word here."""

KINDS: Final = tuple(_LEAVES)


def _fresh(form: str, depth: int) -> str:
    """Name the variable of a comprehension by its depth: inner ones do not shadow outer ones."""
    return re.sub(r"\bv\b", f"v{depth}", form)


def typed(random: Random, kind: str, depth: int) -> str:
    """A well-typed expression."""
    if depth <= 0 or random.random() < 0.1:
        return random.choice(_LEAVES[kind].split(" "))
    if random.random() < 0.1:
        parts = [typed(random, part, depth - 1) for part in ("bool", kind, kind)]
        return f"(if {parts[0]} then {parts[1]} else {parts[2]})"
    form = _fresh(random.choice(_FORMS[kind].split("|")).replace("{T}", f"{{{kind}}}"), depth)
    for hole in _FORMS:
        while f"{{{hole}}}" in form:
            form = form.replace(f"{{{hole}}}", typed(random, hole, depth - 1), 1)
    return form


def untyped(random: Random, depth: int) -> str:
    """An expression that may be anything."""
    if depth <= 0 or random.random() < 0.1:
        return random.choice(_LEAVES[random.choice(KINDS)].split(" "))
    if random.random() < 0.3:
        name = random.choice([*FUNCTIONS, *CONVERSIONS])
        arguments = [untyped(random, depth - 1) for _ in range(random.randrange(4))]
        return f"{name}({', '.join(arguments)})"
    form = _fresh(random.choice(_FORMS[random.choice(KINDS)].split("|")), depth)
    form = form.replace("{T}", "{int}")
    for hole in _FORMS:
        while f"{{{hole}}}" in form:
            form = form.replace(f"{{{hole}}}", untyped(random, depth - 1), 1)
    return form
