"""The same sources give the same bytes, whatever the tier, what is kept, the hash seed, the path or the order of files."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from hyper import hyperCompile
from hyper.bench.ablate import states, switches
from hyper.bench.subject import FieldEdit
from hyper.engine.options import KEYS
from hyper.engine.tiers import TIER_NAMES
from hyper.importers.openapi import import_openapi
from tests.checkout import STOREFRONT, copy_of
from tests.corpora import FILES, corpus_bytes
from tests.trust.command import LONG, digests, hyper

if TYPE_CHECKING:
    from collections import Counter

SOURCES: Final = ("storefront", *(FILES if LONG else ()))
SETTINGS: Final[list[dict[str, str]]] = [
    *({"HYPER_TIER": str(tier)} for tier in TIER_NAMES),
    *(
        {f"HYPER_{switch.upper()}": state}
        for switch in switches()
        if switch in KEYS
        for state in states(switch)
    ),
]
"""Each tier, and each state of each switch that a tier has."""
STAGES: Final = ("off", "cold", "edited", "restored")
"""What is kept: nothing; nothing yet; a build of other sources, then this one; this one, but not its output."""


class Checkouts:
    """Copies of one tree at paths of all kinds, their files made in any order."""

    def __init__(self, tree: Path, folder: Path, numbers: random.Random) -> None:
        self._tree = tree
        self._folder = folder
        self._numbers = numbers
        self._count = 0

    def take(self) -> Path:
        """A new copy of the tree."""
        self._count += 1
        names = ("x", "a longer path", "ünïcode", "deep/er/still", "-dash", "a'b\"c")
        copy = self._folder / f"{self._count}" / self._numbers.choice(names) / "src"
        files = sorted(path for path in self._tree.rglob("*") if path.is_file())
        self._numbers.shuffle(files)
        for path in files:
            target = copy / path.relative_to(self._tree)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        return copy


class Builder:
    """Builds in processes, each with another hash seed, from another checkout, and with files named in any order."""

    def __init__(self, checkouts: Checkouts, numbers: random.Random, did: Counter[str]) -> None:
        self._checkouts = checkouts
        self._numbers = numbers
        self._did = did

    def build(self, out: Path, *words: str, **settings: str) -> dict[str, str]:
        """Build and give the digests of what was made."""
        return self.build_at(self._checkouts.take(), out, *words, **settings)

    def build_at(self, source: Path, out: Path, *words: str, **settings: str) -> dict[str, str]:
        """Build what is at a path."""
        files = sorted(str(path.relative_to(source)) for path in source.rglob("*.intent"))
        self._numbers.shuffle(files)
        named = files if self._numbers.random() < 0.5 else ["."]
        seed = str(self._numbers.randrange(1, 2**32))
        more = {"PYTHONHASHSEED": seed, "HYPER_SOURCE": ".", "HYPER_PACKAGE": "same", **settings}
        done = hyper(source, "build", *named, "-o", str(out), *words, more=more)
        assert done.code == 0, done.text
        self._did["builds"] += 1
        return digests(out)


def made_of(name: str, tree: Path) -> Path:
    """The storefront, or a real description that is imported; skips where that is not here."""
    if name == "storefront":
        copy_of(STOREFRONT, tree)
    else:
        for path, text in import_openapi(corpus_bytes(name), FILES[name]).files.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text, encoding="utf-8")
    return tree


def passed(
    stage: str, builder: Builder, other: Path, folder: Path, setting: dict[str, str]
) -> list[dict[str, str]]:
    """What builds make that go through a stage."""
    shutil.rmtree(folder, ignore_errors=True)
    out = folder / "out"
    if stage == "off":
        return [builder.build(out, "--no-cache", **setting)]
    kept = {"HYPER_CACHE": str(folder / "cache"), **setting}
    if stage == "edited":
        builder.build_at(other, out, **kept)
    made = [builder.build(out, **kept)]
    if stage == "restored":
        shutil.rmtree(out)
    return [*made, builder.build(out, **kept)]


@pytest.mark.parametrize("name", SOURCES)
def test_same_bytes(name: str, tmp_path: Path, did: Counter[str]) -> None:
    numbers = random.Random(name)
    tree = made_of(name, tmp_path / "tree")
    other = shutil.copytree(tree, tmp_path / "edited")
    FieldEdit(str(other))()
    builder = Builder(Checkouts(tree, tmp_path / "at", numbers), numbers, did)
    plain = {"HYPER_TIER": "conservative", "PYTHONHASHSEED": "0"}
    wanted = builder.build_at(tree, tmp_path / "plain", "--no-cache", **plain)
    assert wanted
    for number, setting in enumerate(SETTINGS if LONG else SETTINGS[: len(STAGES)]):
        for stage in STAGES if LONG else STAGES[number : number + 1]:
            made = passed(stage, builder, other, tmp_path / "made", setting)
            assert all(each == wanted for each in made), (setting, stage)
        did["tiers and states of switches"] += 1


def test_order_of_files(tmp_path: Path) -> None:
    """Files named one by one, in either order, make what their folder makes."""
    tree = tmp_path / "src"
    tree.mkdir()
    (tree / "a.intent").write_text("use b (B)\n\nentity A:\n    b?: B\n", encoding="utf-8")
    (tree / "b.intent").write_text("use a (A)\n\nentity B:\n    a?: A\n", encoding="utf-8")
    files = [str(tree / "a.intent"), str(tree / "b.intent")]
    made = []
    for number, paths in enumerate((files, files[::-1])):
        out = tmp_path / f"out{number}"
        result = hyperCompile(paths, out=str(out), package="same", source=str(tree))
        assert result.success, result.diagnostics
        made.append(digests(out))
    assert made[0] == made[1]


def test_line_ends(tmp_path: Path) -> None:
    """A checkout with CRLF makes what one with LF makes, text over several lines included."""
    text = b'"""One\ntwo."""\nintent a\n\ncalc f() -> string: """x\ny"""\n'
    made = []
    for name, data in (("lf", text), ("crlf", text.replace(b"\n", b"\r\n"))):
        tree = tmp_path / name
        tree.mkdir()
        (tree / "a.intent").write_bytes(data)
        result = hyperCompile(str(tree), out=str(tmp_path / f"out-{name}"), package="same")
        assert result.success, result.diagnostics
        made.append(digests(tmp_path / f"out-{name}"))
        # The manifest names the bytes of each source, which do differ.
        assert made[-1].pop(str(Path("same") / "manifest.json"))
    assert made[0] == made[1]
