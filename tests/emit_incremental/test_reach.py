"""Which parts are made again for which edit: those that depend on it, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.emit_incremental.builds import ALL, Builds
from tests.emit_incremental.shop import SHOP

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACTION: Final = """action add_item:
    route POST /items
    body item: Item
    returns 201 Item

"""
_DOUBLE: Final = """(n: int) -> int:
    "Twice as much."
    n + n
"""
EDITS: Final[dict[str, tuple[dict[str, tuple[str, str]], set[str]]]] = {
    "nothing": ({}, set()),
    "a comment that moves no line": (
        {"logic.intent": ("    n + n\n", "    n + n  # twice\n")},
        set(),
    ),
    # Its text comes out as it was; the source map does not.
    "a comment that moves lines": (
        {"logic.intent": ("calc double", "# note\ncalc double")},
        {"module logic"},
    ),
    "a body": ({"logic.intent": ("n + n", "n * 2")}, {"module logic"}),
    "the documentation of a calc": (
        {"logic.intent": ("Twice as much", "Two times as much")},
        {"module logic"},
    ),
    "a signature whose calls stay as they are": (
        {"logic.intent": (_DOUBLE, _DOUBLE.replace("n:", "m:").replace("n + n", "m + m"))},
        {"module logic"},
    ),
    "the name of a calc that nobody else calls": (
        {"logic.intent": ("is_open", "is_it_open")},
        {"module logic"},
    ),
    "a const": ({"logic.intent": ("LIMIT = 3", "LIMIT = 4")}, {"module logic", "module uses"}),
    # ``logic`` makes an item; ``uses``, ``orders`` and the operations only name it.
    "a field": (
        {"data.intent": ("    title: string\n", "    title: string\n    weight?: int\n")},
        {"module data", "module logic", "schema data", "schema data.Item", "schema data.Rare"},
    ),
    "the documentation of an entity": (
        {"data.intent": ("A thing.", "Some thing.")},
        {"module data", "schema data", "schema data.Item"},
    ),
    # Whether its members are strings or ints decides how a parameter is read.
    "a member": (
        {"data.intent": ("open, shut", "open, shut, gone")},
        {"module data", "operations orders", "schema data", "schema data.State"},
    ),
    "an alias": (
        {"data.intent": ("1, 9", "1, 8")},
        {"module data", "schema data", "schema data.Label"},
    ),
    "a new action": (
        {"orders.intent": ("action list_items", f"{_ACTION}action list_items")},
        {
            "handlers orders",
            "module orders",
            "openapi.json",
            "operation orders.add_item",
            "operations orders",
            "routes",
            "schema orders",
        },
    ),
    "the documentation of an action": (
        {"orders.intent": ("    route GET /items", '    "All."\n    route GET /items')},
        {"handlers orders", "operation orders.list_items", "operations orders"},
    ),
    "the path of an action": (
        {"orders.intent": ("/items", "/things")},
        {
            "handlers orders",
            "openapi.json",
            "operation orders.list_items",
            "operations orders",
            "routes",
        },
    ),
    "the version of the service": (
        {"service.intent": ("1.0.0", "1.0.1")},
        {"api", "folder ", "openapi.json", "routes"},
    ),
}


def edited(changes: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    sources = dict(SHOP)
    for path, (old, new) in changes.items():
        assert old in sources[path]
        sources[path] = sources[path].replace(old, new)
    return sources


def built() -> Builds:
    builds = Builds()
    assert len(builds.build(SHOP)) > 40
    return builds


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_reaches(edit: str) -> None:
    changes, made = EDITS[edit]
    builds = built()
    assert set(builds.build(edited(changes))) == made
    # And back again.
    assert set(builds.build(SHOP)) == made - {"operation orders.add_item"}


def test_what_is_made_again_as_it_was_is_told() -> None:
    builds = built()
    builds.build(edited(EDITS["a comment that moves lines"][0]))
    assert builds.written == {"_runtime/lines.json"}
    builds.build(edited(EDITS["a field"][0]))
    assert {"data.py", "openapi.json"} <= builds.written


def test_a_new_and_a_deleted_file() -> None:
    builds = built()
    more = {"extra.intent": "intent extra\n\nentity More:\n    a: int\n"}
    assert builds.build(SHOP | more) == [
        "module extra",
        "openapi.json",
        "schema extra",
        "schema extra.More",
    ]
    assert builds.build(SHOP) == ["openapi.json"]
    less = {path: text for path, text in SHOP.items() if path != "uses.intent"}
    assert builds.build(less) == ["openapi.json"]
    assert not {"uses.py", "schema/uses.json"} & builds.outputs.keys()
    assert builds.build(SHOP) == ["module uses", "openapi.json", "schema uses", "schema uses.Shelf"]


def test_another_package() -> None:
    builds = built()
    builds.package = "other"
    assert builds.build(SHOP) == ["folder "]
    # The names of its modules begin with it, and so are shortened: all of them move.
    builds.package = "data"
    assert builds.build(SHOP) == ["folder "]


def test_other_targets() -> None:
    builds = built()
    builds.targets = ("openapi",)
    assert builds.build(SHOP) == []
    assert list(builds.outputs) == ["openapi.json"]
    builds.targets = ("openapi", "jsonschema")
    assert builds.build(SHOP) == ["schema data", "schema orders", "schema uses"]
    builds.targets = ALL
    assert {"module data", "routes"} <= set(builds.build(SHOP))
    assert "openapi.json" not in builds.made


def test_only_what_is_looked_at_is_read() -> None:
    builds = built()
    builds.build(edited(EDITS["a body"][0]))
    # Its module before and after, and those whose declarations it names.
    assert builds.loaded == {"data", "logic"}
    builds.build(edited(EDITS["the documentation of an entity"][0]))
    assert builds.loaded == {"data", "logic"}


def test_a_document_that_is_gone_is_made_whole() -> None:
    builds = built()
    sources = edited(EDITS["the documentation of an entity"][0])
    builds.outputs = {path: b"" for path in builds.outputs if path != "openapi.json"} | {
        path: data for path, data in builds.outputs.items() if path != "openapi.json"
    }
    made = builds.build(sources)
    assert {"openapi.json", "operation orders.list_items", "schema uses.Shelf"} <= set(made)


def test_an_enum_that_is_first_named_by_another() -> None:
    """A name that is not there when a part is made may come later, and is then looked at."""
    builds = built()
    changed = edited({"data.intent": ("type Label = string", "type Label = State?")})
    changed["data.intent"] = changed["data.intent"].replace(" @length(1, 9)", "")
    assert set(builds.build(changed)) >= {"module data", "schema data.Label"}
    moved = {path: text.replace("State", "Stage") for path, text in changed.items()}
    assert set(builds.build(moved)) >= {"module data", "module logic", "module orders"}


def test_a_component_that_shares_its_name() -> None:
    builds = built()
    more = {"extra.intent": "intent extra\n\nentity Item:\n    a: int\n"}
    made = set(builds.build(SHOP | more))
    # Whatever refers to one of them has the name of its module in the reference now.
    assert made >= {"schema data.Rare", "schema orders.Order", "schema uses.Shelf"}
    assert "operation orders.get_order" not in made
    assert "operation orders.list_items" in made


def test_a_base_that_refuses_other_fields() -> None:
    builds = built()
    closed = edited({"data.intent": ("entity Item:", "entity Item @extra(forbid):")})
    # An entity that refers to a base of it would refuse its own fields.
    assert {"schema data.Item", "schema data.Rare"} <= set(builds.build(closed))
    assert b"allOf" not in builds.outputs["openapi.json"]


def test_a_module_below_another_takes_a_name() -> None:
    builds = built()
    below = {"logic/double.intent": "intent logic.double\n\nentity More:\n    a: int\n"}
    made = set(builds.build(SHOP | below))
    # ``logic`` is a folder now, in which ``double`` is a module: the calc has another name.
    assert {"module logic", "module uses", "module logic.double"} <= made
    assert "module data" not in made
    assert b"double_(double_(n))" in builds.outputs["uses.py"]


def test_modules_that_move_with_another() -> None:
    """The package's name before those of its modules is left out, unless two of them would be one."""
    text = "entity Thing:\n    a: int\n"
    sources = {
        "app/data.intent": f"intent app.data\n\n{text}",
        "app/uses.intent": "intent app.uses\n\nuse app.data (Thing)\n\nunion Either = Thing | int\n",
    }
    builds = Builds()
    builds.build(sources)
    assert {"data.py", "uses.py"} <= builds.outputs.keys()
    made = builds.build(sources | {"data.intent": f"intent data\n\n{text}"})
    assert {"module app.data", "module app.uses", "module data"} <= set(made)
    assert {"app/data.py", "app/uses.py", "data.py"} <= builds.outputs.keys()


def test_a_ring_of_modules() -> None:
    """Modules that need each other import each other whole: who is in a ring may be told by a third module."""
    sources = {
        "a.intent": "intent a\n\nuse b (two)\n\ncalc one(n: int) -> int:\n    two(n)\n",
        "b.intent": "intent b\n\nuse c (three)\n\ncalc two(n: int) -> int:\n    three(n)\n",
        "c.intent": "intent c\n\nuse a (LIMIT)\n\ncalc three(n: int) -> int:\n    n + 1\n\n"
        "calc limit() -> int:\n    3\n",
    }
    sources["a.intent"] = sources["a.intent"].replace("calc one", "const LIMIT = 3\n\ncalc one")
    builds = Builds()
    builds.build(sources)
    ring = sources | {"c.intent": sources["c.intent"].replace("    3\n", "    LIMIT\n")}
    assert set(builds.build(ring)) == {"module a", "module b", "module c"}
    assert set(builds.build(sources)) == {"module a", "module b", "module c"}


def test_an_heir_of_a_variant() -> None:
    """An entity that another inherits from is told from it by its very class."""
    sources = {
        "data.intent": "intent data\n\nentity A:\n    a: int\n\nentity B:\n    b: int\n\n"
        "union Either = A | B\n",
        "tests.intent": "intent tests\n\nuse data (A, B, Either)\n\n"
        "calc is_a(either: Either) -> bool:\n"
        "    match either:\n        A: true\n        B: false\n",
    }
    builds = Builds()
    builds.build(sources)
    more = sources | {"more.intent": "intent more\n\nuse data (A)\n\nentity C is A:\n    c: int\n"}
    assert "module tests" in builds.build(more)
    assert "module data" not in builds.made
