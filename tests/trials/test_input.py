"""Harmed and truncated input of every kind: no crash and no hang. It is told of, or dropped and made again."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
import yaml

from hyper.base.memory import MemoryFiles
from hyper.bench.edits import Edits
from hyper.engine.compiler import create_hyper_compiler
from hyper.importers.openapi import import_openapi
from tests.checkout import ROOT
from tests.corpora import FILES, FOLDER
from tests.importers.test_golden import FOLDER as DESCRIPTIONS
from tests.trials.bounds import within
from tests.trials.harm import Victim, harmed
from tests.trials.project import Project
from tests.trust.command import LONG

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from benchmarks.remote_server import RedisServer
    from hyper.engine.result import Result

TREES = 2000 if LONG else 40
DOCUMENTS = 2000 if LONG else 60
HARMS = 400 if LONG else 25
SERVERS = 100 if LONG else 5
A_CASE = 20.0
EVERYTHING = ROOT / "tests" / "lang" / "golden" / "everything.intent"


def compiled(files: dict[str, bytes]) -> Result:
    """Build files in memory."""
    memory = MemoryFiles({f"/src/{path}": data for path, data in files.items()})
    with create_hyper_compiler(files=memory, environment={}) as compiler:
        return compiler.compile("/src", out="/out")


def is_told(result: Result, files: dict[str, bytes]) -> bool:
    """Whether a build came to an output or to errors, each at a place that is there."""
    for item in result.diagnostics:
        data = files.get(item.file, b"")
        lines = 1 + data.count(b"\n") + data.count(b"\r")
        assert 1 <= item.line <= lines, item
    return result.success != bool(result.errors)


def test_intents(did: Counter[str]) -> None:
    numbers = random.Random(1)
    trees = [{path: text.encode() for path, text in Edits(5, seed).files()} for seed in range(4)]
    trees.append({"everything.intent": EVERYTHING.read_bytes()})
    storefront = ROOT / "examples" / "storefront"
    trees += [{path.name: path.read_bytes()} for path in sorted(storefront.glob("*.intent"))]
    for number in range(TREES):
        files = dict(numbers.choice(trees))
        for path in numbers.sample(sorted(files), min(len(files), numbers.choice((1, 1, 2)))):
            files[path] = harmed(files[path], numbers)
        with within(A_CASE, f"tree {number}"):
            result = compiled(files)
        assert is_told(result, files), number
        did["trees harmed"] += 1
        did["of them refused"] += not result.success


def descriptions() -> Sequence[bytes]:
    """Small descriptions, as YAML, as JSON, and gzipped."""
    found = [path.read_bytes() for path in sorted(DESCRIPTIONS.glob("*.yaml"))]
    found += [json.dumps(yaml.safe_load(data), default=str).encode() for data in found[::2]]
    found += [gzip.compress(data, mtime=0) for data in found[::5]]
    museum = FOLDER / FILES["museum"]
    return [*found, gzip.decompress(museum.read_bytes())] if museum.is_file() else found


def test_descriptions(did: Counter[str]) -> None:
    numbers = random.Random(2)
    known = descriptions()
    for number in range(DOCUMENTS):
        data = harmed(numbers.choice(known), numbers)
        with within(A_CASE, f"description {number}"):
            done = import_openapi(data, "case", numbers.choice(("tag", "schema", "single")))
            assert done.files or done.diagnostics, number
            did["descriptions harmed"] += 1
            if any(item.is_error for item in done.diagnostics):
                did["of them refused"] += 1
                continue
            files = {path: text.encode() for path, text in done.files.items()}
            assert all(not Path(path).is_absolute() and ".." not in path for path in files)
            assert is_told(compiled(files), files), number


@pytest.mark.parametrize("place", ["chosen", "beside"])
def test_files_of_the_cache(place: str, tmp_path: Path, did: Counter[str]) -> None:
    """Whatever happens to files beneath the cache's folder: an edit and a build make what is made without one.

    A folder beside the sources has the mark of its owner, too, without which nothing of it is believed.
    """
    numbers = random.Random(f"cache {place}")
    project = Project(tmp_path, 5, 3)
    options: dict[str, Any] = {}
    if place == "beside":
        (project.source / "hyper.toml").write_text("")
        project.cache = project.source / ".hyper"
        options["cache"] = None
    victim = Victim(project.cache, tmp_path / "older", numbers)
    for number in range(HARMS):
        if number % 7 == 0:
            victim.remember()
        for _ in range(numbers.choice((1, 1, 2, 6))):
            what = victim.harm()
            if what is not None:
                did[what] += 1
        project.edit(numbers.choice((0, 1, 1, 2)))
        if numbers.random() < 0.3:
            _lose_output(project, numbers)
        with within(A_CASE, f"build {number}"):
            project.build(**options)
        did["builds"] += 1
        did["of them answered from what was kept"] += project.parsed == 0
        assert project.outages in ([], ["owner"], ["state"])
        mistrusted = bool(project.outages)
        assert project.is_right(), number
        if mistrusted or number % 20 == 19:
            _clear(project.cache)


def _lose_output(project: Project, numbers: random.Random) -> None:
    files = sorted(path for path in project.out.rglob("*.py"))
    for path in numbers.sample(files, min(len(files), 3)):
        path.unlink()


def _clear(folder: Path) -> None:
    import shutil

    if folder.is_dir():
        shutil.rmtree(folder)


def test_values_of_a_shared_cache(server: RedisServer, tmp_path: Path, did: Counter[str]) -> None:
    """Whatever lies on the server: an empty machine that asks it makes what is made without one."""
    numbers = random.Random(4)
    project = Project(tmp_path, 5, 4)
    shared = {"HYPER_CACHE_URL": server.url}
    with redis.Redis(unix_socket_path=server.path) as client:
        for number in range(SERVERS):
            project.edit(numbers.choice((0, 1)))
            project.build(shared)
            names = sorted(client.scan_iter())
            assert names
            for name in names:
                if numbers.random() < 0.5:
                    did[_harm_value(client, name, names, numbers)] += 1
            empty = tmp_path / "empty"
            with within(A_CASE, f"machine {number}"):
                project.build(shared, out=str(empty / "out"), cache=str(empty / "cache"))
            assert project.is_right(empty / "out"), number
            did["empty machines"] += 1
            _clear(empty)
            if number % 3 == 2:
                client.flushall()
                _clear(project.cache)


def _harm_value(
    client: redis.Redis, name: bytes, names: Sequence[bytes], numbers: random.Random
) -> str:
    """Harm one value on a server; gives what was done."""
    value = client.get(name) if client.type(name) == b"string" else b""
    assert isinstance(value, bytes)
    match numbers.randrange(8):
        case 0:
            client.delete(name)
            return "values lost"
        case 1:
            client.delete(name)
            client.lpush(name, b"x")
            return "values of another type"
        case 2:
            other = numbers.choice(names)
            if client.type(other) == b"string":
                client.set(name, client.get(other) or b"")
            return "values of another name"
        case _:
            client.set(name, harmed(value, numbers))
            return "values harmed"
