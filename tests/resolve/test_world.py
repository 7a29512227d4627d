"""What names, types and declarations resolve to."""

from __future__ import annotations

from decimal import Decimal

from hyper.lang.markers import NO_MARKERS, Markers
from hyper.lang.resolve.lookup import core, dotted_symbol, enums_with, is_nullable, symbol_of
from hyper.lang.symbols import ActionSymbol, AliasSymbol, EntitySymbol, EnumSymbol, UnionSymbol
from hyper.lang.types import (
    ANY,
    INT,
    STRING,
    Alias,
    Dec,
    Entity,
    Enum,
    ListOf,
    Lit,
    MapOf,
    Marked,
    Opt,
)
from tests.resolve.worlds import one, resolved


def test_types_of_fields() -> None:
    world = one(
        "type Sku = string @length(1, 8)\n\nenum Tier: gold\n\n"
        "entity A:\n"
        "    a: Sku\n"
        "    b?: Tier?\n"
        "    c: list[string @length(1, 2)]?\n"
        "    d: map[string, list[A?]]\n"
        "    e: decimal(12, 2)\n"
        '    f: "card"\n'
        "    g: -1\n"
        "    h: any\n"
    )
    entity = world.symbols["main.A"]
    assert isinstance(entity, EntitySymbol)
    assert [field.type for field in entity.fields.values()] == [
        Alias("main.Sku"),
        Opt(Enum("main.Tier")),
        Opt(ListOf(Marked(STRING, Markers(min_length=1, max_length=2)))),
        MapOf(ListOf(Opt(Entity("main.A")))),
        Dec(12, 2),
        Lit("card"),
        Lit(-1),
        ANY,
    ]
    assert [field.optional for field in entity.fields.values()][:2] == [False, True]
    assert entity.fields["a"].markers is NO_MARKERS


def test_markers_are_read() -> None:
    world = one(
        'entity A @extra(list[int]) @json("The/A"):\n'
        "    a: decimal(6, 2) @range(-1, 9.50) @above(0) @multiple(0.5)\n"
        '    b: string @match("a") @match("b") @example("x") @example(-1) @default({"k": [null]})\n'
        '    c: int @format("int32") @x("x-a", 1.50) @x("x-b", "é\\n") @schema({"not": {}})\n'
        '    d?: int @json("D") @write @deprecated\n'
    )
    entity = world.symbols["main.A"]
    assert isinstance(entity, EntitySymbol)
    assert entity.markers == Markers(wire="The/A")
    assert entity.extra_type == ListOf(INT)
    assert [field.markers for field in entity.fields.values()] == [
        Markers(
            minimum=0, maximum=Decimal("9.50"), exclusive_minimum=True, multiple=Decimal("0.5")
        ),
        Markers(patterns=("a", "b"), examples=('"x"', "-1"), default='{"k": [null]}'),
        Markers(
            format="int32",
            extensions=(("x-a", "1.50"), ("x-b", '"é\\n"')),
            schema=('{"not": {}}',),
        ),
        Markers(wire="D", write=True, deprecated=""),
    ]
    assert entity.fields["d"].wire == "D"


def test_inherited_fields_come_first_and_may_be_written_again() -> None:
    world = one(
        "entity C is A, B:\n    c: int\n    a: int @range(1, 2)\n\n"
        "entity A:\n    a?: int\n    s: int\n\n"
        "entity B:\n    b: int\n    s: int\n"
    )
    entity = world.symbols["main.C"]
    assert isinstance(entity, EntitySymbol)
    assert entity.bases == ["main.A", "main.B"]
    assert [(field.name, field.owner) for field in entity.fields.values()] == [
        ("a", "main.C"),
        ("s", "main.A"),
        ("b", "main.B"),
        ("c", "main.C"),
    ]


def test_mapping_of_a_union_is_completed() -> None:
    world = one(
        'entity Cat:\n    kind: "cat" @json("@type")\n\n'
        'enum Only: dog = "hund"\n\n'
        'entity Dog:\n    kind: Only @json("@type")\n\n'
        'entity Bird @json("A/Bird"):\n    kind: string @json("@type")\n\n'
        'entity Fish:\n    kind: string @json("@type")\n\n'
        "type Swimmer = Fish\n\n"
        'union Pet = Cat | Dog | Bird | Swimmer by kind {"fish": Swimmer, "carp": Swimmer}\n'
    )
    union = world.symbols["main.Pet"]
    assert isinstance(union, UnionSymbol)
    assert union.discriminator == "@type"
    assert union.mapping == [
        ("fish", "main.Fish"),
        ("carp", "main.Fish"),
        ("cat", "main.Cat"),
        ("hund", "main.Dog"),
        ("A/Bird", "main.Bird"),
    ]


def test_enum_members() -> None:
    world = one('enum A: a, b = "B"\n\nenum N:\n    low = -1\n    high = 2\n        "Doc."\n')
    first, second = world.symbols["main.A"], world.symbols["main.N"]
    assert isinstance(first, EnumSymbol)
    assert isinstance(second, EnumSymbol)
    assert [member.wire for member in first.members.values()] == ["a", "B"]
    assert [member.wire for member in second.members.values()] == [-1, 2]


def test_lookup() -> None:
    world, found = resolved(
        {
            "shop/a.intent": "enum Tier: gold, silver\n\nenum _Own: gold\n",
            "b.intent": "use shop.a (Tier as T)\nuse shop.a\n\nenum Medal: gold\n",
        }
    )
    assert found == []
    scope = world.scopes["b"]
    assert getattr(symbol_of("T", scope, world), "name", None) == "shop.a.Tier"
    assert symbol_of("Tier", scope, world) is None
    assert getattr(dotted_symbol(["shop", "a", "Tier"], scope, world), "name", "") == "shop.a.Tier"
    assert dotted_symbol(["shop", "a", "_Own"], scope, world) is None
    assert [enum.name for enum in enums_with("gold", scope, world)] == ["b.Medal", "shop.a.Tier"]
    assert scope.used >= {"T", "shop.a"}


def test_types_through_aliases() -> None:
    world = one("type A = B?\ntype B = list[C @size(1, 2)] @size(1, 3)\ntype C = list[A]\n")
    assert isinstance(core(Opt(Alias("main.A")), world), ListOf)
    assert is_nullable(Alias("main.A"), world)
    assert not is_nullable(Alias("main.B"), world)


def test_action_is_resolved() -> None:
    world = one(
        "service S:\n    roles clerk\n\n"
        "entity Customer:\n    age: int\n\nentity Order:\n    customer: Customer\n\n"
        'rule adult on Customer:\n    require age >= 18 else "no"\n\n'
        "action place:\n"
        "    route POST /shops/{shop-id}/orders\n"
        '    path shop_id: int @json("shop-id")\n'
        "    query filter?: map[string, string] @style(deepObject, explode)\n"
        "    body order: Order\n"
        '    body order: Order as "application/xml; charset=utf-8"\n'
        "    check adult(order.customer)\n"
        "    returns 201 Order\n"
        '        header next?: string @json("x-next")\n'
        '    error 4XX string as "text/plain"\n'
        "    allow clerk\n"
    )
    action = world.symbols["main.place"]
    assert isinstance(action, ActionSymbol)
    parts = action.parts
    assert [(item.wire, item.markers.style, item.markers.explode) for item in parts.params] == [
        ("shop-id", None, None),
        ("filter", "deepObject", True),
    ]
    assert [item.media for item in parts.bodies] == [
        "application/json",
        "application/xml; charset=utf-8",
    ]
    assert [(item.rule, item.path) for item in parts.checks] == [
        ("main.adult", ("order", "customer"))
    ]
    assert [header.wire for header in parts.returns[0].headers] == ["x-next"]


def test_chains_of_any_length() -> None:
    size = 1000
    aliases = "".join(f"type A{n} = A{n + 1}\n" for n in range(size)) + f"type A{size} = int\n"
    bases = (
        "".join(f"entity E{n} is E{n + 1}:\n    f{n}: int\n\n" for n in range(size))
        + f"entity E{size}:\n    f: A0 @range(1, 2)\n\n"
    )
    needs = "".join(f"entity N{n}:\n    next: N{n + 1}\n\n" for n in range(size))
    unions = "".join(f"union U{n} = U{n + 1} | int\n" for n in range(size))
    world = one(
        f"{aliases}\n{bases}{needs}entity N{size}:\n    n: int\n\n{unions}union U{size} = string\n"
    )
    first = world.symbols["main.E0"]
    assert isinstance(first, EntitySymbol)
    assert len(first.fields) == size + 1
    alias = world.symbols["main.A0"]
    assert isinstance(alias, AliasSymbol)
    assert core(Alias("main.A0"), world) == INT


def test_rings_of_any_length() -> None:
    size = 1000
    text = "".join(
        f"type A{n} = A{(n + 1) % size}\n\nentity E{n} is E{(n + 1) % size}:\n    f{n}: int\n\n"
        f"union U{n} = U{(n + 1) % size} | int\n\nentity N{n}:\n    next: N{(n + 1) % size}\n\n"
        for n in range(size)
    )
    _, found = resolved({"main.intent": text})
    assert [item.code for item in found if item.is_error].count("E0506") == 1
    assert [item.code for item in found if item.is_error].count("E0507") == 2
    assert [item.code for item in found].count("W0501") == size


def test_entities_that_end_are_not_warned_of() -> None:
    one(
        "entity A:\n    a?: A\n    b: A?\n    c: list[A]\n    d: map[string, A]\n    e: U\n"
        "union U = A | string\n"
    )
