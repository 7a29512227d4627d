"""What is done again after each kind of change, and that what is not done again is as if it were."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
from typing import TYPE_CHECKING, Any
from unittest import mock

import msgspec
import pytest

from hyper.base import digest
from hyper.base.fs import Disk
from hyper.engine import identity, stamps
from hyper.engine.compiler import create_hyper_compiler
from hyper.engine.incremental import Request
from hyper.engine.options import Options
from hyper.engine.record import Outcome, Records
from hyper.engine.store import ALONE, Store
from hyper.engine.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hyper.engine.result import Result

SOURCES = {
    "money.intent": 'entity Price:\n    amount: decimal(10, 2) @range(min: 0)\n    currency: string = "EUR"\n',
    "shop.intent": (
        "use money (Price)\n\nentity Item:\n    name: string\n    price: Price\n\n"
        "calc doubled(item: Item) -> decimal(10, 2):\n    item.price.amount * 2\n\n"
        'feature "Doubling":\n    scenario "one":\n'
        '        then doubled(Item(name: "x", price: Price(amount: 2))) == 4\n'
    ),
}


class Tree:
    """A tree of sources in a folder of its own, built with what was kept or without."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.cache = folder / "cache"
        self.sources = folder / "intents"
        self.sources.mkdir()
        for path, text in SOURCES.items():
            (self.sources / path).write_text(text)
        self.parsed: list[str] = []
        self.cached: list[str] = []

    def build(self, kind: str = "compile", **options: Any) -> Result:
        """Build or check in a new session, as a new process would."""
        self.parsed, self.cached = [], []
        given = {"out": str(self.out), "cache": str(self.cache), "incremental": True} | options
        with create_hyper_compiler(environment={}, **given) as compiler:
            compiler.on("file:parsed", lambda event: self.parsed.append(event.path))
            compiler.on("file:cached", lambda event: self.cached.append(event.path))
            result: Result = getattr(compiler, kind)(str(self.sources))
        return result

    def written(self, out: Path | None = None) -> dict[str, bytes]:
        """All files of the output."""
        out = out or self.out
        return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}

    def record(self) -> Path:
        """The file of the only build's record."""
        (found,) = [p for p in (self.cache / "records").iterdir() if p.name != "compiler"]
        return found

    def agrees(self) -> None:
        """The output is what a build without anything kept makes."""
        plain = self.folder / "plain"
        shutil.rmtree(plain, ignore_errors=True)
        assert self.build(out=str(plain), incremental=False).success
        assert self.written() == self.written(plain)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A tree that was built once."""
    made = Tree(tmp_path)
    result = made.build()
    assert result.success, result.diagnostics
    assert made.parsed == ["money.intent", "shop.intent"]
    return made


def same(one: Result, other: Result) -> None:
    """Two results say the same of the sources and the output."""
    assert one.diagnostics == other.diagnostics
    assert one.package == other.package
    assert one.chunks == other.chunks
    assert [(o.path, o.size, o.digest) for o in one.outputs] == [
        (o.path, o.size, o.digest) for o in other.outputs
    ]
    keys = {"written", "unchanged", "removed"}
    assert {k: v for k, v in one.stats.items() if k not in keys} == {
        k: v for k, v in other.stats.items() if k not in keys
    }


def test_nothing_changed(tree: Tree) -> None:
    before = {path: os.stat(tree.out / path).st_mtime_ns for path in tree.written()}
    plain = tree.build(incremental=False)
    again = tree.build()
    assert tree.parsed == []
    assert tree.cached == ["money.intent", "shop.intent"]
    assert all(output.state == "unchanged" for output in again.outputs)
    assert again.success
    assert again.stats["scenarios"] == 1
    same(again, plain)
    assert {path: os.stat(tree.out / path).st_mtime_ns for path in tree.written()} == before


def test_a_third_build_reads_nothing(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "_TICK", -(10**18))
    monkeypatch.setattr(stamps, "_COARSE", -(10**18))
    tree.build()

    def found(path: str) -> None:
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr(stamps, "_read", found)
    assert tree.build().success
    assert tree.parsed == []


def test_touching_a_source_changes_nothing(tree: Tree) -> None:
    os.utime(tree.sources / "shop.intent", ns=(1, 1))
    assert tree.build().success
    assert tree.parsed == []


@pytest.mark.parametrize(
    ("change", "compiled"),
    [
        (
            lambda tree: (tree.sources / "shop.intent").write_text(
                SOURCES["shop.intent"].replace("* 2", "* 3").replace("== 4", "== 6")
            ),
            ["shop.intent"],
        ),
        (
            lambda tree: (tree.sources / "more.intent").write_text("entity More:\n    a: int\n"),
            ["more.intent"],
        ),
        (lambda tree: (tree.sources / "shop.intent").unlink(), []),
        (
            lambda tree: (tree.sources / "money.intent").rename(tree.sources / "Money2.intent"),
            ["Money2.intent", "shop.intent"],
        ),
        (
            lambda tree: (tree.sources / "money.intent").write_text(
                "# a comment\n" + SOURCES["money.intent"]
            ),
            ["money.intent"],
        ),
    ],
    ids=["body", "new file", "deleted file", "renamed file", "comment"],
)
def test_a_change_is_seen(
    tree: Tree, change: Callable[[Tree], object], compiled: list[str]
) -> None:
    change(tree)
    result = tree.build()
    assert tree.parsed == compiled
    if result.success:
        tree.agrees()
    else:
        same(result, tree.build(incremental=False))


def test_a_change_that_keeps_size_and_time_is_seen(tree: Tree) -> None:
    path = tree.sources / "shop.intent"
    status = path.stat()
    path.write_text(SOURCES["shop.intent"].replace("name", "nome"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    tree.build()
    assert tree.parsed


def test_going_back_restores_what_was_there(tree: Tree) -> None:
    first = tree.build(incremental=False)
    path = tree.sources / "shop.intent"
    path.write_text(SOURCES["shop.intent"].replace("name", "title"))
    tree.build()
    path.write_text(SOURCES["shop.intent"])
    back = tree.build()
    assert tree.parsed == []
    assert back.stats["written"] > 0
    same(first, back)
    tree.agrees()
    assert tree.build().stats["written"] == 0


def test_another_checkout_takes_what_was_built_here(tree: Tree) -> None:
    elsewhere = tree.folder / "elsewhere"
    shutil.copytree(tree.sources, elsewhere / "intents")
    plain = tree.written()
    tree.sources, tree.out = elsewhere / "intents", elsewhere / "out"
    assert tree.build().success
    assert tree.parsed == []
    assert tree.written() == plain


def test_files_that_no_longer_belong_go_when_a_build_is_restored(tree: Tree) -> None:
    before = tree.written()
    (tree.sources / "more.intent").write_text("entity More:\n    a: int\n")
    tree.build()
    (tree.sources / "more.intent").unlink()
    back = tree.build()
    assert tree.parsed == []
    assert any(path.endswith("more.py") for path in back.removed)
    assert tree.written() == before


def test_a_damaged_store_costs_only_time(tree: Tree) -> None:
    shutil.rmtree(tree.out)
    shutil.rmtree(tree.cache / "graphs")
    for path in sorted((tree.cache / "store").rglob("*")):
        if path.is_file() and path.stat().st_size:
            data = bytearray(path.read_bytes())
            data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
            path.write_bytes(data)
    assert tree.build().success
    assert tree.parsed
    tree.agrees()


def test_an_outcome_that_names_other_places_is_not_taken(tree: Tree) -> None:
    """Whoever writes the store cannot write beside the output."""
    outcome = Outcome(True, None, [], {"files": 2, "bytes": 0}, [], [])
    data = b"print('mine')"
    content = digest.of_bytes(data)
    for package, path in (("..", "x.py"), ("../evil", "x.py"), ("app", "../../evil.py"), ("", "x")):
        shutil.rmtree(tree.out)
        shutil.rmtree(tree.cache / "graphs")
        shutil.rmtree(tree.cache / "store")
        hostile = msgspec.structs.replace(
            outcome, package=package, files=[(path, len(data), content)]
        )
        with mock.patch.object(Store, "outcome", return_value=hostile):
            store = Store(str(tree.cache), Options(), ALONE)
            store.keep("0" * 64, hostile, {content: data}, 0.0)
            store.close()
            assert tree.build().success
        assert tree.parsed
        assert not list(tree.folder.rglob("evil*"))
    tree.agrees()


@pytest.mark.parametrize("options", [{"target": "openapi"}, {"package": "other"}])
def test_a_changed_option_is_seen(tree: Tree, options: dict[str, str]) -> None:
    result = tree.build(**options)
    assert misses(result)
    same(result, tree.build(incremental=False, **options))


def test_another_output_folder_is_another_build(tree: Tree) -> None:
    out = tree.folder / "elsewhere"
    assert tree.build(out=str(out)).success
    assert tree.written(out) == tree.written()


def test_a_tier_is_not_part_of_the_key(tree: Tree) -> None:
    assert tree.build(tier="conservative").success
    assert tree.parsed == []


def test_another_compiler_builds_again(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "signature", lambda: "1" * 64)
    assert tree.build().success
    assert tree.parsed == [], "the same code at another place is the same compiler"
    monkeypatch.setattr(identity, "signature", lambda: "2" * 64)
    monkeypatch.setattr(identity, "identity", lambda: "3" * 64)
    assert tree.build().success
    assert tree.parsed


def test_an_output_that_is_gone_is_made_again(tree: Tree) -> None:
    path = tree.out / "app" / "openapi.json"
    path.unlink()
    assert tree.build().success
    assert tree.parsed == []
    assert path.exists()
    tree.agrees()


def test_an_output_that_was_changed_by_hand_is_judged_as_ever(tree: Tree) -> None:
    path = tree.out / "app" / "openapi.json"
    path.write_text("mine\n")
    one = tree.build()
    path.write_text("mine\n")
    other = tree.build(incremental=False)
    assert [item.code for item in one.diagnostics] == [item.code for item in other.diagnostics]


def test_a_pipe_in_the_place_of_an_output_is_not_waited_for(tree: Tree) -> None:
    path = tree.out / "app" / "openapi.json"
    path.unlink()
    os.mkfifo(path)
    one = tree.build()
    assert misses(one) == [("app/openapi.json", "this output is gone or was changed")]
    other = tree.build(incremental=False)
    assert [item.code for item in one.diagnostics] == [item.code for item in other.diagnostics]


def test_a_pipe_in_the_place_of_what_is_kept_is_not_waited_for(tree: Tree) -> None:
    (tree.sources / "hyper.toml").write_text("")
    tree.cache = tree.sources / ".hyper"
    for number in itertools.count():
        assert tree.build(cache=None).success
        files = sorted(path for path in tree.cache.rglob("*") if path.is_file())
        if number == len(files):
            break
        files[number].unlink()
        os.mkfifo(files[number])
        (tree.sources / "more.intent").write_text(f"entity More:\n    a{number}: int\n")
        assert tree.build(cache=None).success
        tree.agrees()
        shutil.rmtree(tree.cache)


def test_a_record_with_what_cannot_be_a_path_costs_only_time(tree: Tree) -> None:
    name = tree.record().name
    records = Records(str(tree.cache))
    record = records.load(name)
    assert record is not None
    wrong = msgspec.structs.replace(record.outputs.files[0], path="a\0b")
    outputs = msgspec.structs.replace(record.outputs, files=[wrong])
    records.save(name, msgspec.structs.replace(record, outputs=outputs))
    assert tree.build().success
    tree.agrees()


def refuse(*_: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")


def test_the_store_is_closed_where_a_source_cannot_be_read(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "_TICK", -(10**18))
    monkeypatch.setattr(stamps, "_COARSE", -(10**18))
    tree.build()
    (tree.sources / "money.intent").write_text("# new\n" + SOURCES["money.intent"])
    shutil.rmtree(tree.cache / "graphs")
    monkeypatch.setattr(Disk, "read", refuse)
    result = tree.build()
    assert [item.code for item in result.diagnostics] == ["E0901"]
    assert misses(result), "the store was asked what changed"
    assert not list((tree.cache / "store" / "leases").iterdir())


def test_sources_that_cannot_be_read_leave_the_record_as_it_was(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree.record().read_bytes()
    for path in tree.sources.iterdir():
        path.write_text("# new\n" + path.read_text())
    monkeypatch.setattr(stamps, "_read", refuse)
    monkeypatch.setattr(Disk, "read", refuse)
    assert {item.code for item in tree.build().diagnostics} == {"E0901"}
    assert tree.record().read_bytes() == before


def test_links_that_lead_nowhere_are_no_part_of_the_compiler(tmp_path: Path) -> None:
    """Some editors leave such a link beside each file that is open."""
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "work.py").write_text("")
    (tmp_path / "engine" / ".#work.py").symlink_to("me@here.1")
    assert list(identity._sources(str(tmp_path))) == ["engine/work.py"]


def test_a_compiler_that_cannot_be_identified_keeps_nothing(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "signature", refuse)
    assert tree.build().success
    assert tree.parsed


def test_errors_are_replayed(tree: Tree) -> None:
    (tree.sources / "shop.intent").write_text("entity Item:\n    a: Nothing\n\ncalc unused(:\n")
    first = tree.build()
    assert not first.success
    again = tree.build()
    assert tree.parsed == []
    same(first, again)


def test_checks_are_replayed(tree: Tree) -> None:
    plain = tree.build("check", incremental=False)
    shutil.rmtree(tree.cache / "graphs")
    shutil.rmtree(tree.cache / "store")
    tree.build("check")
    assert tree.parsed
    again = tree.build("check")
    assert tree.parsed == []
    same(again, plain)
    assert not again.outputs


def test_a_cache_that_cannot_be_written_costs_only_time(tree: Tree) -> None:
    tree.cache = tree.folder / "a file"
    tree.cache.write_text("in the way")
    for _ in range(2):
        assert tree.build().success
        assert tree.parsed
    tree.agrees()


def test_the_cache_is_marked_as_one(tree: Tree) -> None:
    assert (tree.cache / ".gitignore").read_text() == "*\n"
    assert (tree.cache / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172")


def test_a_cache_folder_that_a_killed_build_left_empty_is_marked(tree: Tree) -> None:
    shutil.rmtree(tree.cache)
    tree.cache.mkdir()
    assert tree.build().success
    assert (tree.cache / ".gitignore").read_text() == "*\n"


def test_removing_the_cache_costs_only_time(tree: Tree) -> None:
    shutil.rmtree(tree.cache)
    assert tree.build().success
    assert tree.parsed
    tree.agrees()


def misses(result: Result) -> list[tuple[str, str]]:
    return [(miss.path, miss.reason) for miss in result.misses]


def test_misses_are_explained(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree.sources / "shop.intent").write_text("# new\n" + SOURCES["shop.intent"])
    (tree.sources / "more.intent").write_text("entity More:\n    a: int\n")
    assert misses(tree.build()) == [
        ("more.intent", "this file is new"),
        ("shop.intent", "this file has other bytes, from line 1 on"),
    ]
    (tree.sources / "more.intent").unlink()
    assert misses(tree.build()) == [("more.intent", "this file is gone")]
    assert misses(tree.build()) == []
    (tree.out / "app" / "py.typed").unlink()
    assert misses(tree.build()) == [("app/py.typed", "this output is gone or was changed")]
    assert misses(tree.build(package="other")) == [
        ("", "no build of this with this output is on record")
    ]
    monkeypatch.setattr(identity, "signature", lambda: "2" * 64)
    monkeypatch.setattr(identity, "identity", lambda: "3" * 64)
    assert misses(tree.build()) == [("", "the compiler is not the one of the earlier build")]


def test_metrics_tell_what_was_kept(tree: Tree) -> None:
    again = tree.build()
    assert again.metrics["files_from_cache"] == 2
    assert again.metrics["hit_rate"] == 1
    (tree.sources / "shop.intent").write_text("entity Item:\n    a: Nothing\n")
    failed = tree.build()
    assert failed.metrics["files_from_cache"] == 0
    assert failed.metrics["error_rate"] == 0.5


def test_a_trace_opens_and_closes_every_phase(tree: Tree) -> None:
    trace = Trace()
    with create_hyper_compiler(environment={}, incremental=False) as compiler:
        compiler.on("*", trace.hear)
        assert compiler.compile(str(tree.sources), out=str(tree.out)).success
    entries = json.loads(trace.encode())["traceEvents"]
    open_phases: list[str] = []
    for entry in entries:
        if entry["ph"] == "B":
            open_phases.append(entry["name"])
        elif entry["ph"] == "E":
            assert open_phases.pop() == entry["name"]
    assert not open_phases
    times = [entry["ts"] for entry in entries if "ts" in entry]
    assert times == sorted(times)
    assert {"compilation", "parse", "write"} <= {entry["name"] for entry in entries}


def test_what_another_build_wrote_meanwhile_is_not_taken_for_ours(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One build is still keeping what it did when another one has written the output anew."""
    monkeypatch.setattr(stamps, "_TICK", -(10**18))
    monkeypatch.setattr(stamps, "_COARSE", -(10**18))
    money, keep = tree.sources / "money.intent", Store.keep

    def slowly(self: Store, *arguments: Any) -> None:
        monkeypatch.setattr(Store, "keep", keep)
        money.write_text(SOURCES["money.intent"].replace("EUR", "USD"))
        assert tree.build().success
        assert tree.parsed == ["money.intent"]
        keep(self, *arguments)

    monkeypatch.setattr(Store, "keep", slowly)
    money.write_text(SOURCES["money.intent"].replace("EUR", "GBP"))
    assert tree.build().success
    money.write_text(SOURCES["money.intent"].replace("EUR", "GBP"))
    assert tree.build().success
    tree.agrees()


@pytest.mark.parametrize("replaced", [False, True])
def test_an_output_that_changes_before_it_is_recorded_is_made_again(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, replaced: bool
) -> None:
    monkeypatch.setattr(stamps, "_TICK", -(10**18))
    monkeypatch.setattr(stamps, "_COARSE", -(10**18))
    keep = Store.keep

    def slowly(self: Store, *arguments: Any) -> None:
        keep(self, *arguments)
        models = next(tree.out.rglob("money.py"))
        models.unlink()
        if replaced:
            models.write_text("# of somebody else\n")

    money = tree.sources / "money.intent"
    money.write_text(SOURCES["money.intent"].replace("EUR", "USD"))
    with monkeypatch.context() as patch:
        patch.setattr(Store, "keep", slowly)
        assert tree.build().success
    result = tree.build()
    assert result.success, result.diagnostics
    tree.agrees()


def test_outputs_stand_when_a_mistake_is_mended(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    money = tree.sources / "money.intent"
    money.write_text("entity Price:\n    amount: nothing\n")
    assert not tree.build().success
    assert not tree.build().success
    money.write_text(SOURCES["money.intent"].replace("EUR", "USD"))
    monkeypatch.setattr(Request, "outputs", mock.Mock(side_effect=AssertionError))
    result = tree.build()
    assert tree.parsed == ["money.intent"]
    assert result.stats["unchanged"] > result.stats["written"]
    tree.agrees()


def test_an_outcome_that_does_not_say_what_was_counted_is_none(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may write to a cache that others read may put any outcome there."""
    keep = Store.keep

    def lying(self: Store, key: str, outcome: Outcome, *arguments: Any) -> None:
        keep(self, key, msgspec.structs.replace(outcome, stats={"files": 2}), *arguments)

    (tree.sources / "money.intent").write_text(SOURCES["money.intent"].replace("EUR", "USD"))
    with monkeypatch.context() as patch:
        patch.setattr(Store, "keep", lying)
        assert tree.build().success
    shutil.rmtree(tree.cache / "records")
    shutil.rmtree(tree.cache / "graphs")
    result = tree.build()
    assert result.stats["entities"] == 2
    tree.agrees()
