"""Builds one after the other, each emitted from what the one before recorded, and held against an emission of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.emit.openapi import dump_json, emit_openapi, emit_schemas
from hyper.emit.python import emit_python
from hyper.engine.emission import Before, emit
from hyper.engine.emitted import decode_emitted, encode_emitted
from hyper.engine.manifest import NAME
from hyper.ir.index import index_of
from hyper.ir.passes import optimise
from hyper.ir.stored import decode_module, encode_module, stored_program
from tests.emit_incremental.trees import program_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.engine.option_values import TargetName
    from hyper.ir.program import Module, Program

ALL: Final[tuple[TargetName, ...]] = ("python", "openapi", "jsonschema")


class Builds:
    """Builds of a tree that changes. Of the last one, ``made`` are the parts that it made, ``loaded`` the modules that it read,
    ``written`` the paths whose bytes are others, and ``keys`` what was looked at."""

    def __init__(self, package: str = "app", targets: tuple[TargetName, ...] = ALL) -> None:
        self.package = package
        self.targets = targets
        self.outputs: dict[str, bytes] = {}
        self.made: list[str] = []
        self.loaded: set[str] = set()
        self.written: set[str] = set()
        self.keys: set[str] = set()
        self._record: bytes | None = None
        self._modules: dict[str, bytes] = {}

    def build(self, sources: Mapping[str, str]) -> list[str]:
        """Build these sources, and tell which parts were made, sorted."""
        return self.build_program(program_of(sources))

    def build_program(self, program: Program) -> list[str]:
        """Build a program. What is emitted is what an emission of all of it gives."""
        modules = {module.name: encode_module(module) for module in program.modules}
        before: Before | None = None
        self.loaded = set()
        if self._record is not None:
            changed = {
                name
                for name in modules.keys() | self._modules.keys()
                if modules.get(name) != self._modules.get(name)
            }
            record = decode_emitted(self._record)
            before = Before(record, self._stored(self._modules), changed, self.outputs.get)
        emission = emit(self._stored(modules), self.package, self.targets, before)
        outputs: dict[str, bytes] = {}
        self.written = {path for path, file in emission.files.items() if file.data is not None}
        for path, file in emission.files.items():
            data = self.outputs[path] if file.data is None else file.data
            assert len(data) == file.size
            outputs[path] = data
        self._assert_same(program, outputs, emission.extra)
        self.keys = set(emission.record.keys)
        self._record = encode_emitted(emission.record)
        assert encode_emitted(decode_emitted(self._record)) == self._record
        self._modules, self.outputs, self.made = modules, outputs, emission.made
        return sorted(emission.made)

    def _stored(self, modules: dict[str, bytes]) -> Program:
        def load(name: str) -> Module:
            self.loaded.add(name)
            return decode_module(modules[name])

        index = [index_of(decode_module(data)) for data in modules.values()]
        return stored_program(index, load)

    def _assert_same(
        self, program: Program, outputs: dict[str, bytes], extra: Mapping[str, object]
    ) -> None:
        whole = emit(program, self.package, self.targets)
        assert list(outputs) == list(whole.files)
        assert [path for path, file in whole.files.items() if outputs[path] != file.data] == []
        assert msgspec.json.encode(extra) == msgspec.json.encode(whole.extra)
        self._assert_backends(program, outputs)

    def _assert_backends(self, program: Program, outputs: dict[str, bytes]) -> None:
        """What each back end makes of the program by itself."""
        made: dict[str, bytes] = {}
        if "python" in self.targets:
            texts = emit_python(program, self.package, optimise(program).module)
            made |= {path: text.encode() for path, text in texts.items() if path != NAME}
        if "jsonschema" in self.targets:
            made |= {path: dump_json(schema) for path, schema in emit_schemas(program).items()}
        made["openapi.json"] = dump_json(emit_openapi(program))
        assert sorted(made) == list(outputs)
        assert [path for path, data in made.items() if outputs[path] != data] == []
