"""Which files a build is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper.base.fs import Disk
from hyper.base.memory import MemoryFiles
from hyper.engine.discovery import discover, start_of

if TYPE_CHECKING:
    from pathlib import Path

FILES = MemoryFiles(
    dict.fromkeys(
        [
            "/w/intents/a.intent",
            "/w/intents/shop/b.intent",
            "/w/intents/shop/deep/c.intent",
            "/w/intents/shop/readme.md",
            "/w/intents/.hidden/d.intent",
            "/w/other/e.intent",
            "/w/empty/readme.md",
        ],
        "",
    )
)


@pytest.mark.parametrize(
    ("request_", "source", "root", "paths"),
    [
        (["/w/intents"], None, "/w/intents", ["a.intent", "shop/b.intent", "shop/deep/c.intent"]),
        (["/w/intents/"], None, "/w/intents/", ["a.intent", "shop/b.intent", "shop/deep/c.intent"]),
        (["/w/intents/shop/b.intent"], None, "/w/intents/shop", ["b.intent"]),
        (
            ["/w/intents/**/*.intent"],
            None,
            "/w/intents",
            ["a.intent", "shop/b.intent", "shop/deep/c.intent"],
        ),
        (["/w/intents/*/*.intent"], None, "/w/intents", ["shop/b.intent"]),
        (["/w/intents/[ab].intent"], None, "/w/intents", ["a.intent"]),
        (["/w/intents/shop/deep"], "/w/intents", "/w/intents", ["shop/deep/c.intent"]),
        ([], "/w/other", "/w/other", ["e.intent"]),
        (
            ["/w/intents/shop", "/w/intents/shop/b.intent"],
            "/w/intents",
            "/w/intents",
            ["shop/b.intent", "shop/deep/c.intent"],
        ),
        (["/w/intents/.hidden"], None, "/w/intents/.hidden", ["d.intent"]),
    ],
)
def test_finds(request_: list[str], source: str | None, root: str, paths: list[str]) -> None:
    found = discover(FILES, request_, source)
    assert not found.diagnostics
    assert found.root == root
    assert list(found.paths) == paths


@pytest.mark.parametrize(
    ("request_", "source", "code"),
    [
        (["/w/none"], None, "E0901"),
        (["/w/none/*.intent"], None, "E0901"),
        (["/w/intents/shop/readme.md"], None, "E0901"),
        (["/w/empty"], None, "E0906"),
        (["/w/intents/*.txt"], None, "E0906"),
        (["/w/other"], "/w/intents", "E0901"),
    ],
)
def test_says_what_is_wrong(request_: list[str], source: str | None, code: str) -> None:
    assert [item.code for item in discover(FILES, request_, source).diagnostics] == [code]


def test_the_root_of_several_folders_is_what_they_share(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.intent").write_text("")
    found = discover(Disk(), [str(tmp_path / "a"), str(tmp_path / "b")], None)
    assert found.paths == ("a/x.intent", "b/x.intent")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("[!b]", "a - [ ] ^ 1"),
        ("[z-ab]", "b"),
        ("[z-a]", ""),
        ("[a-]", "a -"),
        ("[[&&^a]", "a [ ^"),
        ("[]b]", "b ]"),
        ("[^]", "^"),
        ("[!]", ""),
        ("[0-9]", "1"),
        ("[\\d]", ""),
        ("[", "["),
    ],
)
@pytest.mark.filterwarnings("error")
def test_sets_of_characters_in_a_pattern(pattern: str, names: str) -> None:
    files = MemoryFiles({f"/w/{name}.intent": "" for name in [*"ab-[]^1"]})
    found = discover(files, [f"/w/*{pattern}.intent"], None)
    assert sorted(found.paths) == sorted(f"{name}.intent" for name in names.split())
    assert [item.code for item in found.diagnostics] == ([] if names else ["E0906"])


def test_a_set_of_characters_stays_within_a_folder() -> None:
    for pattern in ("/w/shop[+-9]b.intent", "/w/shop[!x]b.intent"):
        assert discover(MemoryFiles({"/w/shop/b.intent": ""}), [pattern], None).paths == ()


def test_links_in_a_ring_end(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.intent").write_text("")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "dangling.intent").symlink_to(tmp_path / "none")
    assert discover(Disk(), [str(tmp_path)], None).paths == ("a/x.intent",)


def test_a_name_with_brackets_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "[x].intent").write_text("")
    assert discover(Disk(), [str(tmp_path / "[x].intent")], None).paths == ("[x].intent",)


def test_the_search_for_a_configuration_starts_at_the_sources() -> None:
    assert start_of(FILES, []) == "."
    assert start_of(FILES, ["/w/intents/a.intent"]) == "/w/intents"
    assert start_of(FILES, ["/w/intents/**/x.intent"]) == "/w/intents"
