"""Which units an edit compiles, kind by kind, and that what comes of it is what a build of everything makes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from hyper.base import digest
from hyper.bench.edits import Edits
from hyper.engine import identity
from hyper.engine.clock import Phases
from hyper.engine.compiler import create_hyper_compiler
from hyper.engine.graph import care
from hyper.engine.graph.edit import compile_edit
from hyper.engine.graph.keep import Kept, keep
from hyper.engine.graph.kept import load
from hyper.engine.graph.partial import Sources
from hyper.engine.graph.rows import Place
from hyper.engine.parsing import parse_unit
from hyper.engine.pipeline import Compilation, compile_front
from hyper.engine.record import Records
from hyper.engine.work import Work

if TYPE_CHECKING:
    from hyper.engine.emission import Emission
    from hyper.engine.graph.kept import Graph
    from hyper.engine.graph.rows import Row
    from hyper.engine.result import Result

SHOP = {
    "service.intent": 'service Shop:\n    title "Shop"\n    version "1"\n    roles clerk\n',
    "money.intent": (
        "type Amount = decimal(10, 2)\n\n"
        "const LIMIT = 100\n\n"
        "entity Price:\n    amount: Amount @range(min: 0)\n    count: int = 1\n\n"
        "calc doubled(price: Price) -> decimal(12, 2):\n    price.amount * 2\n"
    ),
    "item.intent": "use money (Price)\n\nentity Item:\n    name: string\n    price: Price\n",
    "basket.intent": "use item (Item)\n\nentity Basket:\n    items: list[Item]\n",
    "gift.intent": "use item (Item)\n\nentity Gift is Item:\n    card?: string\n",
    "sum.intent": (
        "use item (Item)\nuse money (doubled, Price)\n\n"
        "calc total(item: Item) -> decimal(14, 2):\n    doubled(item.price) + 1\n\n"
        'feature "Sum":\n    scenario "of one":\n'
        '        given item = Item(name: "a", price: Price(amount: 2))\n'
        "        then total(item) >= 3\n"
    ),
    "limits.intent": "use money (LIMIT)\n\ncalc is_much(number: int) -> bool:\n    number > LIMIT\n",
    "calls.intent": (
        "use basket (Basket)\n\n"
        "action add_basket:\n    route POST /baskets\n    body basket: Basket\n"
        "    returns 201 Basket\n    allow clerk\n"
    ),
    "alone.intent": 'enum Colour: red, green\n    "Two."\n',
}


class Shop:
    """The sources in a folder, built once with everything kept."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = environment
        self.sources = folder / "intents"
        self.sources.mkdir(parents=True)
        self.compiled: list[str] = []
        for path, text in SHOP.items():
            (self.sources / path).write_text(text)

    def build(self, out: str = "out", *, incremental: bool = True, **options: Any) -> Result:
        """Build in a new session."""
        self.compiled = []
        given = {"cache": str(self.folder / "cache"), "incremental": incremental} | options
        with create_hyper_compiler(environment=self.environment, **given) as compiler:
            compiler.on("file:parsed", lambda event: self.compiled.append(event.path))
            return compiler.compile(str(self.sources), out=str(self.folder / out))

    def check(self) -> Result:
        """Check in a new session."""
        self.compiled = []
        cache = str(self.folder / "cache")
        with create_hyper_compiler(environment=self.environment, cache=cache) as compiler:
            compiler.on("file:parsed", lambda event: self.compiled.append(event.path))
            return compiler.check(str(self.sources))

    def edit(self, path: str, before: str, after: str) -> None:
        """Replace a text in a file."""
        text = (self.sources / path).read_text()
        assert before in text
        (self.sources / path).write_text(text.replace(before, after))

    def agrees(self, result: Result, **options: Any) -> None:
        """What was built is what a build without anything kept makes."""
        plain = self.build("plain", incremental=False, **options)
        assert result.success, result.diagnostics
        assert result.diagnostics == plain.diagnostics
        assert result.package == plain.package
        counted = {"written", "unchanged", "removed"}
        assert {key: result.stats[key] for key in plain.stats if key not in counted} == {
            key: plain.stats[key] for key in plain.stats if key not in counted
        }
        assert files_of(self.folder / "out") == files_of(self.folder / "plain")


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    result = made.build()
    assert result.success, result.diagnostics
    assert len(made.compiled) == len(SHOP)
    return made


@pytest.mark.parametrize(
    ("path", "before", "after", "compiled"),
    [
        pytest.param("money.intent", "* 2", "+ price.amount", {"money"}, id="body of a calc"),
        pytest.param("money.intent", "LIMIT = 100", "LIMIT = 7", {"money", "limits"}, id="const"),
        pytest.param(
            "money.intent",
            "decimal(12, 2)",
            "decimal(13, 2)",
            {"money", "sum"},
            id="signature of a calc",
        ),
        pytest.param(
            "money.intent",
            "price.amount * 2",
            "price.amount * price.count",
            {"money", "sum"},
            id="what a calc reads of its parameter",
        ),
        pytest.param(
            "money.intent",
            "count: int = 1",
            "count: int = 1\n    note?: string",
            {"money", "sum"},
            id="new field: who builds or reads the entity",
        ),
        pytest.param(
            "money.intent", "count: int = 1", "count: int = 2", {"money"}, id="value of a default"
        ),
        pytest.param(
            "money.intent",
            "decimal(10, 2)",
            "decimal(9, 2)",
            {"money", "sum"},
            id="alias: who looks through it",
        ),
        pytest.param(
            "item.intent",
            "name: string",
            'name: string\n        "What it is called."',
            {"item", "gift"},
            id="doc of a field: who extends the entity has it too",
        ),
        pytest.param(
            "item.intent",
            "name: string",
            "name: string @length(1, 9)",
            {"item", "gift", "sum"},
            id="marker",
        ),
        pytest.param("alone.intent", '"Two."', '"Both."', {"alone"}, id="doc"),
        pytest.param("money.intent", "type Amount", "# new\ntype Amount", {"money"}, id="comment"),
        pytest.param(
            "service.intent", "roles clerk", "roles clerk, boss", {"service", "calls"}, id="service"
        ),
        pytest.param(
            "calls.intent", "/baskets", "/carts", {"calls", "service"}, id="route of an action"
        ),
        pytest.param(
            "sum.intent", "then total(item) >= 3", "then total(item) >= 4", {"sum"}, id="scenario"
        ),
    ],
)
def test_an_edit_compiles(
    shop: Shop, path: str, before: str, after: str, compiled: set[str]
) -> None:
    shop.edit(path, before, after)
    result = shop.build()
    assert {name.removesuffix(".intent") for name in shop.compiled} == compiled
    shop.agrees(result)


def test_a_rename_compiles_those_that_use_the_name(shop: Shop) -> None:
    for path in ("item.intent", "basket.intent", "gift.intent", "sum.intent"):
        shop.edit(path, "Item", "Thing")
    result = shop.build()
    # The action of `calls` names the basket, whose fields it does not look at.
    assert set(shop.compiled) == {"item.intent", "basket.intent", "gift.intent", "sum.intent"}
    shop.agrees(result)


def test_new_deleted_and_moved_files(shop: Shop) -> None:
    (shop.sources / "new.intent").write_text(
        "use alone (Colour)\n\nentity Paint:\n    of: Colour\n"
    )
    result = shop.build()
    assert shop.compiled == ["new.intent"]
    shop.agrees(result)
    (shop.sources / "new.intent").rename(shop.sources / "other.intent")
    result = shop.build()
    assert shop.compiled == ["other.intent"]
    shop.agrees(result)
    (shop.sources / "other.intent").unlink()
    result = shop.build()
    assert shop.compiled == []
    shop.agrees(result)
    text = (shop.sources / "money.intent").read_text()
    (shop.sources / "money.intent").unlink()
    (shop.sources / "cash.intent").write_text(f"intent money\n\n{text}")
    result = shop.build()
    # The module has the name that it had: nobody who uses it can tell.
    assert shop.compiled == ["cash.intent"]
    shop.agrees(result)


def test_a_new_operation_of_a_name_changes_the_ids_of_others(shop: Shop) -> None:
    (shop.sources / "more.intent").write_text(
        "action add_basket:\n    route POST /more\n    returns 204\n"
    )
    result = shop.build()
    assert set(shop.compiled) == {"more.intent", "calls.intent", "service.intent"}
    shop.agrees(result)


def test_a_changed_option_compiles_nothing(shop: Shop) -> None:
    result = shop.build(package="other")
    assert shop.compiled == []
    assert result.package == "other"
    shutil.rmtree(shop.folder / "out" / "shop")
    shop.agrees(result, package="other")


def test_another_compiler_compiles_everything(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "signature", lambda: "0" * 64)
    monkeypatch.setattr(identity, "identity", lambda: "1" * 64)
    result = shop.build()
    assert len(shop.compiled) == len(SHOP)
    shop.agrees(result)


def test_an_error_is_told_as_a_whole_build_tells_it(shop: Shop) -> None:
    shop.edit("money.intent", "amount: Amount", "sum: Amount")
    result = shop.build()
    plain = shop.build("plain", incremental=False)
    assert not result.success
    assert result.diagnostics == plain.diagnostics
    shop.edit("money.intent", "sum: Amount", "amount: Amount")
    shop.edit("alone.intent", "red, green", "red, green, blue")
    result = shop.build()
    assert shop.compiled == ["alone.intent"], "the graph is that of the last build without errors"
    shop.agrees(result)


def test_warnings_of_files_that_are_not_compiled_are_given_again(shop: Shop) -> None:
    (shop.sources / "new.intent").write_text("calc _unused() -> int:\n    1\n")
    assert {item.code for item in shop.build().diagnostics} == {"W0302"}
    shop.edit("alone.intent", "green", "blue")
    result = shop.build()
    assert shop.compiled == ["alone.intent"]
    assert {item.code for item in result.diagnostics} == {"W0302"}
    shop.agrees(result)


def test_misses_say_why_each_file_is_compiled(shop: Shop) -> None:
    shop.edit("money.intent", "LIMIT = 100", "LIMIT = 7")
    assert [(miss.path, miss.reason) for miss in shop.build().misses] == [
        ("money.intent", "this file has other bytes, from line 3 on"),
        ("limits.intent", "it uses `money.LIMIT`, which is not as it was: money.intent, line 3"),
    ]
    (shop.sources / "alone.intent").write_text("entity Broken:\n    a: Nothing\n")
    reasons = [miss.reason for miss in shop.build().misses]
    assert reasons[-1] == "all files are compiled: there are errors"


@pytest.mark.parametrize("name", ["index", "ir"])
def test_a_damaged_graph_costs_only_time(shop: Shop, name: str) -> None:
    (folder,) = (shop.folder / "cache" / "graphs").glob("*/*")
    (path,) = (each for each in folder.iterdir() if each.name.endswith(name))
    whole = path.read_bytes()
    for number, at in enumerate(range(0, len(whole), len(whole) // 2)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        shop.edit("alone.intent", "green", f"green{number}")
        shop.agrees(shop.build())
        shop.edit("alone.intent", f"green{number}", "green")
        shutil.rmtree(shop.folder / "cache")
        assert shop.build().success
        (folder,) = (shop.folder / "cache" / "graphs").glob("*/*")
        (path,) = (each for each in folder.iterdir() if each.name.endswith(name))
        whole = path.read_bytes()


# ---------------------------------------------------------------- against a front end for everything

Texts = dict[str, str]


def _whole(files: Texts) -> Compilation:
    return compile_front([(path, text.encode()) for path, text in sorted(files.items())], Phases())


def _digests(files: Texts) -> dict[str, str]:
    return {path: digest.of_bytes(text.encode()) for path, text in sorted(files.items())}


def _keep(folder: Path, files: Texts, state: Compilation, before: Graph | None = None) -> list[Row]:
    contents = {path: text.encode() for path, text in files.items()}
    assert keep(str(folder), Kept("compiler"), state, (_digests(files), contents), before)
    graph = load(str(folder), "compiler")
    assert graph is not None
    return [msgspec.structs.replace(row, place=Place(0, 0, 0, b"")) for row in graph.index.rows]


@pytest.mark.parametrize("seed", [1, 7])
def test_a_chain_of_edits_knows_what_a_whole_build_knows(seed: int, tmp_path: Path) -> None:
    """Not only the program: what is kept of every unit, the names that it looked up included."""
    work = Edits(16, seed)
    files = dict(work.files())
    kept, plain = tmp_path / "graphs" / "kept", tmp_path / "graphs" / "plain"
    _keep(kept, files, _whole(files))
    compiled = whole = 0
    for _ in range(40):
        for path, text in work.next().changes.items():
            if text is None:
                del files[path]
            else:
                files[path] = text
        graph = load(str(kept), "compiler")
        assert graph is not None
        contents = {path: text.encode() for path, text in files.items()}
        sources = Sources(_digests(files), contents.__getitem__, parse_unit)
        state = compile_edit(graph, sources, [], Phases())
        expected = _whole(files)
        if isinstance(state, str):
            assert state == "most of them changed, or use what did"
            whole += 1
            _keep(kept, files, expected)
            continue
        assert state.partial is not None
        assert state.program is not None
        assert expected.program is not None
        compiled += len(state.partial.why)
        assert state.diagnostics == expected.diagnostics
        assert state.program.modules == expected.program.modules
        assert _keep(kept, files, state, graph) == _keep(plain, files, expected)
    assert whole < 9
    assert compiled < 40 * 16 / 4


def test_graphs_are_looked_after(shop: Shop) -> None:
    cache = str(shop.folder / "cache")
    (path,) = care.graphs(cache)
    compiler = Records(cache).compiler()
    assert care.size(cache) == sum(each.stat().st_size for each in Path(path).iterdir())
    assert care.verify(cache, compiler) == (1, 0)
    (Path(cache) / "graphs" / "notes").mkdir()
    assert care.sweep(cache, 3600) == 0
    os.utime(os.path.join(path, "index"), (0, 0))
    shop.edit("alone.intent", "green", "blue")
    shop.agrees(shop.build())
    assert care.graphs(cache) == [path], "what is used stays"
    (data,) = (each for each in Path(path).iterdir() if each.stat().st_size > 1000 and each.suffix)
    data.write_bytes(bytes(data.stat().st_size))
    assert care.verify(cache, compiler) == (1, 1)
    assert care.graphs(cache) == []
    shop.edit("alone.intent", "blue", "brown")
    shop.agrees(shop.build())
    (path,) = care.graphs(cache)
    os.utime(os.path.join(path, "index"), (0, 0))
    assert care.sweep(cache, 3600) == 1
    assert shop.build(package="other").success
    assert care.clear(cache) == 1
    assert (Path(cache) / "graphs" / "notes").is_dir(), "what is not ours stays"


def test_a_ring_through_a_file_that_is_not_compiled_is_found(shop: Shop) -> None:
    (shop.sources / "a.intent").write_text(
        "use b (F)\nentity X:\n    a: int\nunion B = F | X\nunion C = X | int\n"
    )
    (shop.sources / "b.intent").write_text("use a (C)\nentity Y:\n    b: int\nunion F = C | Y\n")
    shop.agrees(shop.build())
    shop.edit("a.intent", "union C = X | int", "union C = F | int")
    result = shop.build()
    assert {item.code for item in result.diagnostics} == {"E0507"}
    assert result.diagnostics == shop.build("plain", incremental=False).diagnostics


def test_another_build_that_is_quicker_is_not_built_upon(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may publish between our look at the output and our turn to write."""
    shop.edit("alone.intent", "green", "blue")
    original = Work.write

    def write(work: Work, emission: Emission) -> None:
        monkeypatch.setattr(Work, "write", original)
        (shop.folder / "out" / "shop" / "money.py").unlink()
        (shop.folder / "out" / "shop" / "item.py").write_text("# another's\n")
        original(work, emission)

    monkeypatch.setattr(Work, "write", write)
    result = shop.build()
    assert shop.compiled == ["alone.intent"]
    shop.agrees(result)


def test_whoever_extends_an_entity_has_its_defaults_as_they_are(shop: Shop) -> None:
    """The default of a base is of a const of a third file, and two files extend the base."""
    (shop.sources / "kinds.intent").write_text(
        "use money (LIMIT)\n\nentity Kind:\n    most: int = LIMIT\n\nentity Open @extra(allow):\n    a?: int\n"
    )
    for name in ("one", "two"):
        (shop.sources / f"{name}.intent").write_text(
            f"use kinds (Kind, Open)\n\nentity {name.title()} is Kind, Open:\n    b?: int\n"
        )
    shop.agrees(shop.build())
    shop.edit("money.intent", "LIMIT = 100", "LIMIT = 7")
    result = shop.build()
    assert {"one.intent", "two.intent"} <= set(shop.compiled)
    shop.agrees(result)


def test_scenarios_that_are_not_run_again_are_counted_as_before(shop: Shop) -> None:
    (shop.sources / "extern.intent").write_text(
        'extern calc far(a: int) -> int from "somewhere:far"\n\n'
        'entity Near:\n    "Close."\n    a?: int\n\n'
        'feature "Far":\n    scenario "away":\n        then far(1) == 1\n'
    )
    shop.agrees(shop.build())
    shop.edit("extern.intent", "Close.", "Closed")
    result = shop.build()
    assert result.stats["scenarios_skipped"] == 1
    shop.agrees(result)
    shop.edit("alone.intent", "green", "blue")
    shop.agrees(shop.build())


def test_a_default_that_reads_the_clock_is_one_of_all_that_build_the_entity(shop: Shop) -> None:
    (shop.sources / "stamp.intent").write_text(
        "calc this_year() -> int:\n    2024\n\nentity Stamp:\n    of: int = this_year()\n"
    )
    (shop.sources / "letter.intent").write_text(
        "use stamp (Stamp)\n\nentity Letter is Stamp:\n    to?: string\n"
    )
    (shop.sources / "post.intent").write_text(
        "use letter (Letter)\n\ncalc post() -> Letter:\n    Letter()\n"
    )
    shop.agrees(shop.build())
    shop.edit("stamp.intent", "    2024", "    year(today())")
    result = shop.build()
    assert {"letter.intent", "post.intent"} <= set(shop.compiled)
    shop.agrees(result)


def test_only_what_builds_left_is_swept_from_the_folder_of_a_graph(shop: Shop) -> None:
    (graph,) = (shop.folder / "cache").glob("graphs/*/*")
    orphan, unfinished = graph / f"{'0' * 64}.ir", graph / ".index.12.1a"
    mine = [graph / "mine.txt", graph / "mine.ir"]
    for path in (orphan, unfinished, *mine):
        path.write_bytes(b"")
        os.utime(path, (0, 0))
    shop.edit("alone.intent", "green", "blue")
    assert shop.build().success
    assert [path.exists() for path in (orphan, unfinished, *mine)] == [False, False, True, True]
