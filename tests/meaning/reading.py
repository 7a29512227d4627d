"""Random types as text, and JSON as text that nearly fits them: near limits, in odd spellings, of the wrong kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

NUMBERS: Final = (
    *("0", "1", "2", "3", "-1", "-0", "0.0", "-0.0", "1.0", "2.5", "0.3", "0.1", "1e2", "1E-2"),
    *("100", "127", "128", "-128", "-129", "255", "256", "99.99", "99.995", "1e-400", "1e400"),
    *("2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "-1e400", "1e15"),
    *("-9223372036854775808", "-9223372036854775809", "9007199254740992.0", "9007199254740993.0"),
    *("9007199254740994.0", "1e22", "1e300", "0.1234567890123456789", "123456789012345.6", "1e999"),
    *("12345678901234.5", "0.10000000000000000001", "1.7976931348623157e308", "1.8e308", "5e-324"),
    *("12345678901234567890123456789", "1" + "0" * 400, "0.000001", "1e-7", "20", "10", "9.99"),
)
TEXTS: Final = (
    *("", "a", "ab", "abc", "abcd", "ABC-1", "x y", "é", "𐀀", "\x00", "1", "true", "null", " 1"),
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "inf",
        "1.5",
        "1.005",
        "-0",
        "-0.00",
        "1e2",
        "1_0",
        "\uff11",
        "+1",
    ),
    *(".5", "5.", "1e400", "1e-400", "99999.99", "100000", "1e999999999", "red", "green", "Red"),
)
DAYS: Final = ("2024-02-29", "2023-02-29", "0001-01-01", "0000-01-01", "9999-12-31", "2024-13-01")
MORE_DAYS: Final = ("2024-2-29", "20240229", "2024-02-30", "-2024-01-01", "12024-01-01", "2024-060")
CLOCKS: Final = (
    *("10:00:00", "23:59:59", "24:00:00", "23:59:60", "00:00:00.5", "00:00:00.123456", "10:60:00"),
    *(
        "00:00:00.1234567",
        "00:00:00.",
        "10:00",
        "100000",
        "1:00:00",
        "10:00:00,5",
        "10:00:00.000000",
    ),
)
OFFSETS: Final = (
    *(
        "",
        "Z",
        "z",
        "+00:00",
        "-00:00",
        "+01:30",
        "-23:59",
        "+24:00",
        "+23:60",
        "+0130",
        "+01",
        " Z",
    ),
    "+01:30:30",
)
DURATIONS: Final = (
    *("PT0S", "P1D", "-P1DT2H0.5S", "P1W", "P1W1D", "P1Y", "P1M", "PT", "P", "-P", "PT0.0000001S"),
    *("PT1.S", "PT.5S", "PT1,5S", "P999999999D", "P1000000000D", "-P999999999D", "PT1e2S", "+P1D"),
    *(
        "P0D",
        "PT36H",
        "PT90M",
        "PT86400S",
        "PT0.000001S",
        "P1DT",
        "p1d",
        "PT1H1H",
        "1 day",
        "PT1S1M",
    ),
    *(
        "-P999999999DT1S",
        "P142857142W",
        "P142857143W",
        "PT0.123456S",
        "P999999999DT23H59M59.999999S",
    ),
    *("P99999999999999999999D", "-PT0S", "P01D", "PT1.50S", "P1.5D"),
)
OTHERS: Final = (
    *("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"),
    *("6ba7b8109dad11d180b400c04fd430c8", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}"),
    *("urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430cg"),
    *("aGk=", "aGk", "aG k=", "_-8=", "/+8=", "aGk=\n", "====", "é", "aGl=", "YQ==", "YQ"),
    *("https://a.b/c?d#e", "http://", "a.b", "https://a b", "ftp://x", "mailto:a@b.c", "HTTP://A"),
    *("a@b.c", "a@b", "a@", "@b", "a b@c", "a@b.c\n", "é@b.c", "a@-b", "A.B+c@d.e-f.g", "a@b..c"),
)
SCALARS: Final = (
    *("bool", "int", "bigint", "float", "string", "bytes", "date", "time", "datetime", "duration"),
    *("uuid", "url", "email", "any", "decimal(6, 2)", "decimal(28, 20)", "decimal(28, 0)"),
    *("decimal(1, 1)", "Color", "Level", "Flag", "Ratio", "Code", "Hours", "Maybe"),
    *('"card"', "1", "true"),
)
MARKED: Final = (
    *("int @range(1, 100)", "int @above(0)", "int @multiple(3)", "float @range(0, 1)", "Tags"),
    *(
        "float @multiple(0.1)",
        "string @length(1, 3)",
        'string @match("^[a-c]+$")',
        "bytes @length(1, 2)",
    ),
    *(
        "decimal(6, 2) @range(0.5, 99.99)",
        "decimal(6, 2) @multiple(0.25)",
        "bigint @range(max: 100)",
    ),
    *(
        'int @format("int8")',
        'bigint @format("uint64")',
        "Ratio @range(max: 0.5)",
        "float @below(0.3)",
    ),
)
HEAD: Final = """
enum Color: red, green, blue = "Red"
enum Level: low = 1, high = 2
enum Flag: yes = true, no = false
type Ratio = float @range(0, 1)
type Code = string @match("^[A-Z]+-[0-9]$")
type Hours = decimal(6, 2) @range(0, 24)
type Maybe = int?
type Tags = list[any] @size(0, 3) @unique

"""


class Types:
    """Makes the text of a module. ``entities`` and ``unions`` are what may be referred to."""

    def __init__(self, source: random.Random) -> None:
        self.source = source
        self.entities: dict[str, list[tuple[str, str, bool]]] = {}
        self.unions: dict[str, list[str]] = {}
        self.lines: list[str] = []

    def kind(self, depth: int = 0) -> str:
        """The text of a type."""
        pick = self.source.random()
        if depth < 3 and pick < 0.12:
            return f"list[{self.kind(depth + 1)}]"
        if depth < 3 and pick < 0.2:
            return f"map[string, {self.kind(depth + 1)}]"
        if pick < 0.3 and depth < 3:
            inner = self.kind(depth + 1)
            return inner if inner.endswith("?") or inner in {"any", "Maybe"} else f"{inner}?"
        named = [*self.entities, *self.unions]
        if pick < 0.5 and named:
            return self.source.choice(named)
        return self.source.choice(SCALARS)

    def entity(self, name: str) -> None:
        """One more entity."""
        extra = self.source.choice(("", "", " @extra(allow)", " @extra(forbid)", " @extra(int)"))
        fields: list[tuple[str, str, bool]] = []
        self.lines.append(f"entity {name}{extra}:")
        for number in range(self.source.randint(1, 4)):
            marked = self.source.random() < 0.4
            kind = self.source.choice(MARKED) if marked else self.kind()
            label = self.source.choice((f"f{number}", f"f{number}?", f"f{number}"))
            wire = self.source.random() < 0.15
            renamed = f' @json("w-{number}")' if wire else ""
            fields.append((f"w-{number}" if wire else f"f{number}", kind, label.endswith("?")))
            null = " = none" if kind.endswith("?") and self.source.random() < 0.4 else ""
            self.lines.append(f"    {label}: {kind}{null}{renamed}")
        self.lines.append("")
        self.entities[name] = fields

    def union(self, name: str) -> None:
        """One more union, of some form."""
        simple = [
            "int",
            "float",
            "string",
            "bool",
            "datetime",
            "date",
            "Color",
            "Level",
            "list[int]",
        ]
        simple += [
            "decimal(6, 2)",
            "uuid",
            "map[string, int]",
            "any",
            "bytes",
            "duration",
            '"card"',
        ]
        variants = self.source.sample([*simple, *self.entities], self.source.randint(2, 4))
        exactly = self.source.choice(("", "", " exactly"))
        self.lines += [f"union {name}{exactly} = {' | '.join(variants)}", ""]
        self.unions[name] = variants

    def tagged(self, name: str) -> None:
        """One more union that a field tells apart."""
        for tag in ("A", "B"):
            self.lines += [f"entity {name}{tag}:", f'    kind: "{tag.lower()}"', "    n: int", ""]
            self.entities[f"{name}{tag}"] = [
                ("kind", f'"{tag.lower()}"', False),
                ("n", "int", False),
            ]
        self.lines += [
            f'union {name} = {name}A | {name}B by kind {{"a": {name}A, "b": {name}B}}',
            "",
        ]
        self.unions[name] = [f"{name}A", f"{name}B"]

    def module(self, cases: int) -> str:
        """The text of a module with ``Case0``, ``Case1``, …, each an entity with one field ``x``."""
        self.entity("First")
        self.union("Either")
        self.entity("Second")
        self.tagged("Shape")
        self.union("Other")
        self.entity("Third")
        for number in range(cases):
            marked = self.source.random() < 0.25
            kind = self.source.choice(MARKED) if marked else self.kind()
            self.lines += [f"entity Case{number}:", f"    x: {kind}", ""]
            self.entities[f"Case{number}"] = [("x", kind, False)]
        return HEAD + "\n".join(self.lines)

    # JSON

    def json(self, kind: str, depth: int = 0) -> str:
        """JSON text that fits a type, or nearly, or not at all."""
        if self.source.random() < 0.06 or depth > 5:
            return self.anything(depth)
        if kind.endswith("?"):
            return "null" if self.source.random() < 0.3 else self.json(kind[:-1], depth)
        if kind.startswith("list["):
            sizes = self.source.choice((0, 1, 2, 3))
            items = [self.json(kind[5:-1], depth + 1) for _ in range(sizes)]
            return f"[{', '.join(items)}]"
        if kind.startswith("map["):
            inner = kind[len("map[string, ") : -1]
            keys = self.source.sample(("a", "b", "", "é", "x y"), self.source.choice((0, 1, 2)))
            return self.object([(key, self.json(inner, depth + 1)) for key in keys])
        if kind in self.unions:
            return self.json(self.source.choice(self.unions[kind]), depth)
        if kind in self.entities:
            return self.record(self.entities[kind], depth)
        return self.scalar(kind, depth)

    def record(self, fields: list[tuple[str, str, bool]], depth: int) -> str:
        """An object for an entity: mostly all fields, sometimes one too few or one too many."""
        given: list[tuple[str, str]] = []
        for name, kind, optional in fields:
            if self.source.random() < (0.4 if optional else 0.04):
                continue
            value = "null" if self.source.random() < 0.08 else self.json(kind, depth + 1)
            given.append((name, value))
        if self.source.random() < 0.1:
            given.append(
                (self.source.choice(("more", "f0", "f1", "w-0")), self.anything(depth + 1))
            )
        return self.object(list(dict(given).items()))

    def object(self, members: list[tuple[str, str]]) -> str:
        """The text of an object."""
        return f"{{{', '.join(f'{json.dumps(key)}: {value}' for key, value in members)}}}"

    def scalar(self, kind: str, depth: int) -> str:
        """A literal that is interesting for a scalar type."""
        choose = self.source.choice
        base = kind.partition(" @")[0]
        if base in {"any", "Tags"}:
            inner = f"[{', '.join(self.anything(depth + 1) for _ in range(choose((0, 1, 2, 3))))}]"
            return self.anything(depth) if base == "any" and choose((True, False)) else inner
        if base in {"int", "bigint", "float", "Ratio", "Level", "Maybe", "1"}:
            return choose(NUMBERS)
        if base in {"bool", "Flag", "true"}:
            return choose(("true", "false", "1", "0", '"true"', "null", "1.0"))
        if base.startswith("decimal") or base == "Hours":
            return choose((choose(NUMBERS), json.dumps(choose(TEXTS)), f'"{choose(NUMBERS)}"'))
        texts: dict[str, Callable[[], str]] = {
            "date": lambda: choose((choose(DAYS), choose(MORE_DAYS))),
            "time": lambda: choose(CLOCKS) + choose(OFFSETS),
            "datetime": self._moment,
            "duration": lambda: choose(DURATIONS),
            "string": lambda: choose(TEXTS),
            "Code": lambda: choose(("A-1", "AB-2", "a-1", "A-1\n", "A-10", "")),
            "Color": lambda: choose(("red", "green", "blue", "Red", "RED", "")),
            '"card"': lambda: choose(("card", "Card", "card ")),
        }
        text = texts.get(base, lambda: choose(OTHERS))()
        return json.dumps(text, ensure_ascii=choose((True, False)))

    def _moment(self) -> str:
        choose = self.source.choice
        if choose((True, True, False)):
            return f"2024-02-29T{choose(CLOCKS)}{choose(OFFSETS)}"
        day, clock = choose(DAYS + MORE_DAYS), choose(("10:00:00", "00:00:00", "23:59:59.999999"))
        return f"{day}{choose('TTTTt ')}{clock}{choose(OFFSETS)}"

    def anything(self, depth: int) -> str:
        """JSON of any kind."""
        choose = self.source.choice
        pick = self.source.random()
        if pick < 0.3:
            return choose(NUMBERS)
        if pick < 0.6 or depth > 4:
            return json.dumps(choose((*TEXTS, *DAYS, *DURATIONS, *OTHERS)))
        if pick < 0.75:
            return choose(("null", "true", "false"))
        if pick < 0.88:
            items = [self.anything(depth + 1) for _ in range(choose((0, 1, 2)))]
            return f"[{', '.join(items)}]"
        names = self.source.sample(("a", "b", "f0", "f1", "x"), choose((0, 1, 2)))
        return self.object([(name, self.anything(depth + 1)) for name in names])
