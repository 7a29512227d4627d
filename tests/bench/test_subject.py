"""What is built, and the edit that is made to it again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hyper.bench.edits import Edits, write_tree
from hyper.bench.report import BenchError
from hyper.bench.subject import FieldEdit, workplace
from hyper.engine.compiler import Compiler

if TYPE_CHECKING:
    from pathlib import Path

SPEC = '{"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {}, "components": \
{"schemas": {"Note": {"type": "object", "properties": {"text": {"type": "string"}}}}}}'


def test_the_field_is_one_of_the_most_imported_entity(tmp_path: Path) -> None:
    (tmp_path / "a.intent").write_text("entity Rare:\n    x: int\n")
    (tmp_path / "b.intent").write_text('entity Used:\n    "Doc."\n    x: int\n        "One."\n')
    (tmp_path / "c.intent").write_text("use b (Used as U)\n\nentity C:\n    u: U\n")
    edit = FieldEdit(str(tmp_path))
    edit()
    edit()
    assert (tmp_path / "b.intent").read_text() == (
        'entity Used:\n    "Doc."\n    benchmark_edit?: int @range(0, 2)\n    x: int\n'
        '        "One."\n'
    )


def test_a_generated_tree_builds_after_the_edit(tmp_path: Path) -> None:
    write_tree(str(tmp_path), Edits(10, 1).files())
    FieldEdit(str(tmp_path))()
    with Compiler(environment={}) as compiler:
        assert compiler.analyse(tmp_path).diagnostics == []


def test_a_tree_without_entities_cannot_be_edited(tmp_path: Path) -> None:
    (tmp_path / "a.intent").write_text("const X = 1\n")
    with pytest.raises(BenchError, match="no entity"):
        FieldEdit(str(tmp_path))


def test_a_folder_is_copied(tmp_path: Path) -> None:
    source = tmp_path / "shop"
    (source / ".hyper").mkdir(parents=True)
    (source / "a.intent").write_text("entity A:\n    x: int\n")
    (source / ".hyper" / "b.intent").write_text("entity B:\n    x: int\n")
    work = workplace(str(tmp_path / "work"), str(source), 3, 1)
    assert work.subject.name == "shop"
    assert (work.subject.units, work.subject.bytes) == (1, 21)
    assert work.description is None
    FieldEdit(work.tree)()
    assert (source / "a.intent").read_text() == "entity A:\n    x: int\n"


def test_a_description_is_imported(tmp_path: Path) -> None:
    spec = tmp_path / "notes.json"
    spec.write_text(SPEC)
    folder = tmp_path / "work"
    folder.mkdir()
    work = workplace(str(folder), str(spec), 3, 1)
    assert work.subject.name == "notes"
    assert work.description == str(folder / "notes.json")


def test_what_is_no_gzip_file_is_told(tmp_path: Path) -> None:
    spec = tmp_path / "notes.json.gz"
    spec.write_text(SPEC)
    with pytest.raises(BenchError, match="no gzip"):
        workplace(str(tmp_path), str(spec), 3, 1)


def test_a_folder_without_intent_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BenchError, match="no intent file"):
        workplace(str(tmp_path / "work"), str(tmp_path / "empty"), 3, 1)
