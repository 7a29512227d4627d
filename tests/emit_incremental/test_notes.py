"""Parts look at more than the definitions that they are made of: each look is noted, or one of these would stay as it was.

In each case what changes is elsewhere, and the part that it changes names it, but has none of it.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.emit_incremental.builds import Builds


class Case(NamedTuple):
    """Sources, one change of a text of theirs, and the part that is another for it, among others."""

    sources: dict[str, str]
    change: tuple[str, str, str]
    part: str


_CHAIN = 79


def _chain() -> str:
    calls = (
        f"calc f{number}(n: int) -> int:\n    f{number - 1}(n)\n" for number in range(1, _CHAIN)
    )
    return "\n".join(["intent deep\n\ncalc g(n: int) -> int:\n    n\n", *calls])


CASES: dict[str, Case] = {
    "whether an alias takes null": Case(
        {
            "data.intent": "intent data\n\ntype Label = string\n",
            "uses.intent": "intent uses\n\nuse data (Label)\n\nentity A:\n    label?: Label\n",
        },
        ("data.intent", "= string", "= string?"),
        "module uses",
    ),
    "whether a union takes null": Case(
        {
            "data.intent": "intent data\n\nunion Either = int | string\n",
            "uses.intent": "intent uses\n\nuse data (Either)\n\nentity A:\n    either?: Either\n",
        },
        ("data.intent", "int | string", "int | string?"),
        "module uses",
    ),
    "whether a rule reads the clock": Case(
        {
            "data.intent": "intent data\n\nentity A:\n    at: datetime\n\n"
            'rule past on A:\n    require year(at) > 1000 else "early"\n',
            "uses.intent": "intent uses\n\nuse data (A, past)\n\naction add:\n    route POST /a\n"
            "    body a: A\n    check past(a)\n    returns 204\n",
        },
        ("data.intent", "year(at) > 1000", "at < now()"),
        "operations uses",
    ),
    "whether an entity can inherit": Case(
        {
            "data.intent": "intent data\n\nuse more (two)\n\nentity A:\n    a: int\n\n"
            "calc one() -> int:\n    1\n",
            "more.intent": "intent more\n\nuse data (A)\n\nentity C is A:\n    c: int\n\n"
            "calc two() -> int:\n    2\n",
        },
        ("data.intent", "    1\n", "    two()\n"),
        "module more",
    ),
    "the attribute of a field": Case(
        {
            "data.intent": "intent data\n\nentity A:\n    # first\n    class_: int\n",
            "uses.intent": "intent uses\n\nuse data (A)\n\ncalc f(a: A) -> int:\n    a.class_\n",
        },
        ("data.intent", "    # first\n", "    class?: int\n"),
        "module uses",
    ),
    "the name of a member": Case(
        {
            "data.intent": "intent data\n\nenum E: name_, other\n",
            "uses.intent": "intent uses\n\nuse data (E)\n\ncalc f(e: E) -> bool:\n"
            "    e == E.name_\n",
        },
        ("data.intent", "name_,", "name, name_,"),
        "module uses",
    ),
    "the attribute of a tag": Case(
        {
            "data.intent": "intent data\n\n"
            'entity A:\n    # first\n    class: "a"\n\nentity B:\n    # first\n    class: "b"\n',
            "uses.intent": "intent uses\n\nuse data (A, B)\n\n"
            'union Either =\n    | A\n    | B\n    by class {"a": A, "b": B}\n',
        },
        ("data.intent", "    # first\n", "    class_?: int\n"),
        "module uses",
    ),
    "the type at which a const is used": Case(
        {
            "data.intent": "intent data\n\nconst LIMIT = 3\n",
            "more.intent": "intent more\n\nuse data (LIMIT)\n\ncalc f() -> float:\n    LIMIT\n",
        },
        ("more.intent", "-> float", "-> int"),
        "module data",
    ),
    "how deep calls go": Case(
        {
            "deep.intent": _chain().replace("f0(n)", "n"),
            "uses.intent": f"intent uses\n\nuse deep (f{_CHAIN - 1})\n\n"
            f"calc f(n: int) -> int:\n    f{_CHAIN - 1}(f{_CHAIN - 1}(n))\n",
        },
        ("deep.intent", "calc f1(n: int) -> int:\n    n", "calc f1(n: int) -> int:\n    g(n)"),
        "module uses",
    ),
    "which modules have markers": Case(
        {"data.intent": "intent data\n\nentity A:\n    a: int\n"},
        ("data.intent", "intent data", 'intent data @x("x-a", 1)'),
        "openapi.json",
    ),
    "which declaration is the service": Case(
        {
            "data.intent": "intent data\n\nentity A:\n    a: int\n",
            "service.intent": "intent service\n",
        },
        ("service.intent", "intent service\n", 'intent service\n\nservice S:\n    title "T"\n'),
        "openapi.json",
    ),
    "what a document is merged with that reaches into its entries": Case(
        {
            "data.intent": "intent data\n\nentity A:\n    a: int\n",
            "root.intent": 'intent root @openapi({"components": {"schemas": {"Z": {}}}})\n',
        },
        ("data.intent", "a: int", "a: string"),
        "openapi.json",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_looked_at_is_noted(name: str) -> None:
    sources, (path, old, new), part = CASES[name]
    builds = Builds()
    builds.build(sources)
    assert old in sources[path]
    changed = sources | {path: sources[path].replace(old, new)}
    before = builds.outputs
    assert part in builds.build(changed)
    assert builds.outputs != before
    assert part in builds.build(sources)
    assert builds.outputs == before
