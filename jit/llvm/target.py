"""LLVM itself, through llvmlite: a processor named, a module optimised, an object or a function in memory made."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from hyper.jit.llvm.division import divided

if TYPE_CHECKING:
    from hyper.jit.hardware import Profile

OptLevel = Literal["0", "1", "2", "3", "s"]


class Processor(msgspec.Struct, frozen=True):
    """What code is made for. ``features`` is LLVM's list (``+avx2,-avx512f``); ``tune`` names the processor whose costs count,
    where it is another than ``cpu``; ``vector_width`` is in bits, 0 for LLVM's own choice."""

    triple: str
    cpu: str
    features: str = ""
    tune: str = ""
    vector_width: int = 0


WASM_FEATURES: Final = (
    "+bulk-memory,+bulk-memory-opt,+mutable-globals,+nontrapping-fptoint,+sign-ext"
)
"""What every engine of WebAssembly has had for years."""

_HEAD: Final = re.compile(r"^(define [^\n]*) \{$", re.MULTILINE)


_BY_ARCHITECTURE: Final = {"aarch64": ("generic", ""), "wasm32": ("generic", WASM_FEATURES)}


class LlvmError(Exception):
    """LLVM refused a module: a fault of the compiler, never of what is compiled."""


@functools.cache
def _llvm() -> Any:
    """LLVM, ready. Raises ``ImportError`` where it is not installed, or not as it should be."""
    try:
        from llvmlite import binding as llvm

        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
        # The function that asks the processor what it has is written in its assembler.
        llvm.initialize_native_asmparser()
    except (AttributeError, OSError, RuntimeError) as error:
        # Some versions load their library with the package, others when it is first asked.
        raise ImportError(str(error), name="llvmlite") from error
    return llvm


@functools.cache
def host() -> Processor:
    """This machine's processor, by name and features. Raises ``ImportError`` where LLVM cannot be loaded."""
    llvm = _llvm()
    features = llvm.get_host_cpu_features().flatten()
    return Processor(llvm.get_process_triple(), llvm.get_host_cpu_name(), features)


def processor(profile: Profile) -> Processor:
    """The processor of a profile, the same on each machine."""
    cpu, own = _BY_ARCHITECTURE.get(profile.architecture, (profile.level, ""))
    features = ",".join(f"+{feature}" for feature in profile.features) or own
    return Processor(profile.triple, cpu, features, profile.tune, profile.vector_width)


class Compiler:
    """Compiles modules for one processor. ``level`` is the level of optimisation, ``s`` for size."""

    def __init__(self, processor: Processor, level: OptLevel = "3") -> None:
        self.processor = processor
        self._level = level
        self._machine = self._new_machine()

    def _new_machine(self) -> Any:
        processor = self.processor
        return (
            _llvm()
            .Target.from_triple(processor.triple)
            .create_target_machine(
                cpu=processor.cpu,
                features=processor.features,
                opt=2 if self._level == "s" else int(self._level),
                # A module of WebAssembly is loaded at one place, its own memory.
                reloc="static" if processor.triple.startswith("wasm") else "pic",
                codemodel="default",
            )
        )

    def module(
        self,
        text: str,
        exported: frozenset[str] | None = None,
        hidden: frozenset[str] = frozenset(),
    ) -> Any:
        """The module of a text, verified and optimised.

        Where ``exported`` is given, it shows no other function, but ``hidden`` ones to objects that are linked with it.
        """
        llvm = _llvm()
        try:
            module = llvm.parse_assembly(self._attributed(text))
            module.verify()
        except RuntimeError as error:
            raise LlvmError(str(error)) from None
        if exported is not None:
            for function in module.functions:
                if function.is_declaration:
                    continue
                if function.name in hidden:
                    function.linkage, function.visibility = "external", "hidden"
                elif function.name not in exported:
                    function.linkage = "internal"
        module.triple = self.processor.triple
        module.data_layout = str(self._machine.target_data)
        tuning = llvm.create_pipeline_tuning_options(2 if self._level == "s" else int(self._level))
        tuning.loop_vectorization = self._level in {"2", "3"}
        tuning.slp_vectorization = self._level in {"2", "3"}
        # Rows do not wait for each other: several vectors at once take a third longer to compile and are no faster.
        tuning.loop_interleaving = False
        passes = llvm.create_pass_builder(self._machine, tuning)
        passes.getModulePassManager().run(module, passes)
        whole = divided(module)
        return module if whole is None else llvm.parse_assembly(whole)

    def _attributed(self, text: str) -> str:
        """The text with what all functions are told: whose costs count, how wide vectors are, whether size counts."""
        processor = self.processor
        told = [
            "optsize" if self._level == "s" else "",
            f'"tune-cpu"="{processor.tune}"' if processor.tune else "",
            f'"prefer-vector-width"="{processor.vector_width}"' if processor.vector_width else "",
        ]
        attributes = " ".join(filter(None, told))
        return _HEAD.sub(rf"\1 {attributes} {{", text) if attributes else text

    def object(
        self,
        text: str,
        exported: frozenset[str] | None = None,
        hidden: frozenset[str] = frozenset(),
    ) -> bytes:
        """The object file of a module's text; ``exported`` and ``hidden`` as of ``module``."""
        emitted: bytes = self._machine.emit_object(self.module(text, exported, hidden))
        return emitted

    def assembly(self, text: str) -> str:
        """The same as assembler, for people."""
        emitted: str = self._machine.emit_assembly(self.module(text))
        return emitted

    def load(self, text: str) -> Loaded:
        """The module in this process."""
        llvm = _llvm()
        module = self.module(text)
        # The engine takes the machine that it is given.
        engine = llvm.create_mcjit_compiler(module, self._new_machine())
        engine.finalize_object()
        return Loaded(engine)


class Loaded:
    """Functions in memory. They are gone when this is."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def address(self, name: str) -> int:
        """The address of a function. Raises ``KeyError``."""
        found: int = self._engine.get_function_address(name)
        if not found:
            raise KeyError(name)
        return found
