"""The builtin functions of the language: the one table of names, signatures and error codes.

``docs/language-builtins.md`` says what each does; a test holds the two together. Tier 0 and every back
end implement each line here. In a signature ``N`` is one number type (int, bigint, float, decimal), ``O`` one type that has an
order, ``T`` any type, and ``...`` allows more arguments of the last type. ``decimal`` is a decimal of any scale, not quantised.

The conversions (``CONVERSIONS``) become ``Convert`` in the IR; every other line becomes ``Builtin`` by its name, or ``Fold``
where its argument is a generator (``AGGREGATES``); ``now`` and ``today`` become ``Now``.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hyper.lang.types import (
    ANY_DECIMAL,
    BIGINT,
    BOOL,
    BYTES,
    DATE,
    DATETIME,
    DURATION,
    EMAIL,
    FLOAT,
    INT,
    STRING,
    TIME,
    URL,
    UUID,
    Enum,
    ListOf,
    MapOf,
    Opt,
    Type,
)

_TABLE: Final = """
length(text: string) -> int
length(data: bytes) -> int
length(items: list[T]) -> int
length(entries: map[string, T]) -> int
lower(text: string) -> string
upper(text: string) -> string
trim(text: string) -> string
starts_with(text: string, prefix: string) -> bool
ends_with(text: string, suffix: string) -> bool
contains(text: string, part: string) -> bool
contains(items: list[T], item: T) -> bool
matches(text: string, pattern: string) -> bool
replace(text: string, old: string, new: string) -> string ! domain
split(text: string, separator: string) -> list[string] ! domain
join(parts: list[string], separator: string) -> string
substring(text: string, start: int) -> string ! out_of_bounds
substring(text: string, start: int, end: int) -> string ! out_of_bounds
index_of(text: string, part: string) -> int?
index_of(items: list[T], item: T) -> int?
pad_left(text: string, width: int, fill: string) -> string ! domain
pad_right(text: string, width: int, fill: string) -> string ! domain
abs(value: N) -> N ! overflow
abs(value: duration) -> duration ! overflow
sign(value: N) -> int ! domain
round(value: N) -> int ! domain overflow
round(value: N, digits: int) -> N ! overflow
floor(value: N) -> int ! domain overflow
ceil(value: N) -> int ! domain overflow
clamp(value: O, low: O, high: O) -> O ! domain
pow(base: int, exponent: int) -> int ! domain overflow
pow(base: bigint, exponent: int) -> bigint ! domain overflow
pow(base: decimal, exponent: int) -> decimal ! division_by_zero overflow
pow(base: float, exponent: float) -> float ! division_by_zero domain
sqrt(value: float) -> float ! domain
sqrt(value: decimal) -> decimal ! domain
exp(value: float) -> float
log(value: float) -> float ! domain
log10(value: float) -> float ! domain
is_nan(value: float) -> bool
is_finite(value: float) -> bool
is_infinite(value: float) -> bool
sum(values: list[N]) -> N ! overflow
sum(values: list[duration]) -> duration ! overflow
count(items: list[T]) -> int
avg(values: list[int]) -> float ! empty overflow
avg(values: list[bigint]) -> float ! empty overflow
avg(values: list[float]) -> float ! empty
avg(values: list[decimal]) -> decimal ! empty overflow
avg(values: list[duration]) -> duration ! empty overflow
min(values: list[O]) -> O ! empty
min(a: O, b: O, ...) -> O
max(values: list[O]) -> O ! empty
max(a: O, b: O, ...) -> O
any(values: list[bool]) -> bool
all(values: list[bool]) -> bool
first(items: list[T]) -> T?
last(items: list[T]) -> T?
sorted(values: list[O]) -> list[O]
reversed(items: list[T]) -> list[T]
distinct(items: list[T]) -> list[T]
flatten(items: list[list[T]]) -> list[T]
slice(items: list[T], start: int) -> list[T] ! out_of_bounds
slice(items: list[T], start: int, end: int) -> list[T] ! out_of_bounds
keys(entries: map[string, T]) -> list[string]
values(entries: map[string, T]) -> list[T]
has(entries: map[string, T], key: string) -> bool
get(entries: map[string, T], key: string) -> T?
merge(first: map[string, T], second: map[string, T]) -> map[string, T]
now() -> datetime
today() -> date
date(year: int, month: int, day: int) -> date ! domain
time(hour: int, minute: int, second: int) -> time ! domain
datetime(day: date, at: time) -> datetime
year(value: date) -> int
year(value: datetime) -> int
month(value: date) -> int
month(value: datetime) -> int
day(value: date) -> int
day(value: datetime) -> int
weekday(value: date) -> int
weekday(value: datetime) -> int
day_of_year(value: date) -> int
day_of_year(value: datetime) -> int
hour(value: time) -> int
hour(value: datetime) -> int
minute(value: time) -> int
minute(value: datetime) -> int
second(value: time) -> int
second(value: datetime) -> int
weeks(n: int) -> duration ! overflow
days(n: int) -> duration ! overflow
hours(n: int) -> duration ! overflow
minutes(n: int) -> duration ! overflow
seconds(n: int) -> duration ! overflow
milliseconds(n: int) -> duration ! overflow
total_days(value: duration) -> float
total_hours(value: duration) -> float
total_minutes(value: duration) -> float
total_seconds(value: duration) -> float
add_months(value: date, n: int) -> date ! overflow
add_months(value: datetime, n: int) -> datetime ! overflow
add_years(value: date, n: int) -> date ! overflow
add_years(value: datetime, n: int) -> datetime ! overflow
days_between(start: date, end: date) -> int
months_between(start: date, end: date) -> int
years_between(start: date, end: date) -> int
start_of_month(value: date) -> date
end_of_month(value: date) -> date
"""

_CONVERSIONS: Final = """
int(value: int) -> int
int(value: bigint) -> int ! overflow
int(value: float) -> int ! conversion overflow
int(value: decimal) -> int ! overflow
int(value: string) -> int ! conversion overflow
bigint(value: bigint) -> bigint
bigint(value: int) -> bigint
bigint(value: float) -> bigint ! conversion
bigint(value: decimal) -> bigint
bigint(value: string) -> bigint ! conversion
float(value: float) -> float
float(value: int) -> float
float(value: bigint) -> float ! overflow
float(value: decimal) -> float
float(value: string) -> float ! conversion
decimal(value: decimal) -> decimal
decimal(value: int) -> decimal
decimal(value: bigint) -> decimal ! overflow
decimal(value: float) -> decimal ! conversion
decimal(value: string) -> decimal ! conversion
string(value: string) -> string
string(value: bool) -> string
string(value: int) -> string
string(value: bigint) -> string ! overflow
string(value: float) -> string
string(value: decimal) -> string
string(value: date) -> string
string(value: time) -> string
string(value: datetime) -> string
string(value: duration) -> string
string(value: uuid) -> string
string(value: url) -> string
string(value: email) -> string
string(value: enum) -> string
date(value: string) -> date ! conversion
date(value: datetime) -> date
time(value: string) -> time ! conversion
time(value: datetime) -> time
datetime(value: string) -> datetime ! conversion
duration(value: string) -> duration ! conversion
uuid(value: string) -> uuid ! conversion
url(value: string) -> url ! conversion
email(value: string) -> email ! conversion
"""

ERROR_CODES: Final = (
    "overflow",
    "division_by_zero",
    "out_of_bounds",
    "domain",
    "empty",
    "no_match",
    "conversion",
    "too_expensive",
)
"""Every code that an evaluation can fail with, as ``then error "…"`` names them."""


class Var(msgspec.Struct, frozen=True):
    """A type variable of a signature: ``N``, ``O`` or ``T``."""

    name: str


class Signature(msgspec.Struct, frozen=True):
    """One overload. Types may hold ``Var`` where a ``Type`` stands; ``variadic`` repeats the last parameter;
    ``text`` is the line as it is documented, without its errors."""

    name: str
    params: tuple[tuple[str, Type], ...]
    returns: Type
    variadic: bool
    errors: tuple[str, ...]
    text: str


_NAMED: Final[dict[str, Type]] = {
    "bool": BOOL,
    "int": INT,
    "bigint": BIGINT,
    "float": FLOAT,
    "decimal": ANY_DECIMAL,
    "string": STRING,
    "bytes": BYTES,
    "date": DATE,
    "time": TIME,
    "datetime": DATETIME,
    "duration": DURATION,
    "uuid": UUID,
    "url": URL,
    "email": EMAIL,
    "enum": Enum(""),
    "N": Var("N"),  # type: ignore[dict-item]
    "O": Var("O"),  # type: ignore[dict-item]
    "T": Var("T"),  # type: ignore[dict-item]
}


def _read_type(text: str) -> Type:
    if text.endswith("?"):
        return Opt(_read_type(text[:-1]))
    if text.startswith("list["):
        return ListOf(_read_type(text[5:-1]))
    if text.startswith("map[string, "):
        return MapOf(_read_type(text[12:-1]))
    return _NAMED[text]


def _read_params(text: str) -> list[tuple[str, Type]]:
    params: list[tuple[str, Type]] = []
    for part in text.replace("map[string, ", "map[string,").split(", "):
        if part and part != "...":
            name, _, kind = part.partition(": ")
            params.append((name, _read_type(kind.replace("map[string,", "map[string, "))))
    return params


def _read(line: str) -> Signature:
    text, _, errors = line.partition(" ! ")
    head, _, returns = text.rpartition(" -> ")
    name, _, params = head[:-1].partition("(")
    return Signature(
        name,
        tuple(_read_params(params)),
        _read_type(returns),
        params.endswith("..."),
        tuple(errors.split()),
        text,
    )


def _group(table: str) -> dict[str, tuple[Signature, ...]]:
    groups: dict[str, list[Signature]] = {}
    for line in table.strip().splitlines():
        signature = _read(line)
        groups.setdefault(signature.name, []).append(signature)
    return {name: tuple(group) for name, group in groups.items()}


FUNCTIONS: Final[dict[str, tuple[Signature, ...]]] = _group(_TABLE)
"""Builtin functions by name, overloads in the order in which they are tried."""

CONVERSIONS: Final[dict[str, tuple[Signature, ...]]] = _group(_CONVERSIONS)
"""Written conversions of one value, by the name of the type they give."""

AGGREGATES: Final = frozenset(
    {"sum", "count", "min", "max", "avg", "any", "all", "first", "last", "sorted"}
)
"""Builtins that take a generator in place of their list; the call is then a ``Fold``. ``last`` of a generator is
lowered over a list."""

NAMES: Final = frozenset({*FUNCTIONS, *CONVERSIONS, "range"})
"""Every name of a builtin."""

RESERVED: Final = frozenset(
    """
    length lower upper trim starts_with ends_with contains matches replace split join substring index_of
    pad_left pad_right abs sign round floor ceil clamp pow sqrt exp log log10 is_nan is_finite is_infinite
    sum count avg min max any all first last sorted reversed distinct flatten slice now today range
    bool int bigint float decimal string
    """.split()  # noqa: SIM905 - a table of words reads best as one
)
"""Names that a local must not have. The other builtins are functions only before a bracket, so a local may be a ``day``."""

CLOCK: Final = frozenset({"now", "today"})
"""Builtins that read the instant of the evaluation."""
