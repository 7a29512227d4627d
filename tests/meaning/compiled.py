"""The generated package with machine code beside it, as the target ``native`` builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.engine.emission import emit
from hyper.engine.natives.emission import Natives
from hyper.engine.natives.toolchain import toolchain
from hyper.jit.hardware import resolve
from tests.meaning.tiers import Tiers

if TYPE_CHECKING:
    from pathlib import Path

    from hyper.ir.program import Program


class CompiledTiers(Tiers):
    """The generated package with machine code. Entities are made as they are, whatever their markers say."""

    def __init__(self, program: Program, folder: Path) -> None:
        super().__init__(program, folder)
        natives = Natives([resolve("x86-64")], (), toolchain())
        emission = emit(program, self.package, ("python", "native"), natives=natives)
        for path, file in emission.files.items():
            target = folder / self.package / path
            target.parent.mkdir(parents=True, exist_ok=True)
            assert file.data is not None
            target.write_bytes(file.data)
        found = self.module("native").status()
        self.bound = {
            f"{module}.{name}" for module, each in found.items() for name in each["native"]
        }
