"""Kernels as a module of WebAssembly, run by Node."""

from __future__ import annotations

import base64
import functools
import itertools
from typing import TYPE_CHECKING

import msgspec

from hyper.jit.hardware import resolve
from hyper.jit.objects.abi import interface
from tests.jit.libraries import wasm_module
from tests.meaning.foreign import Machine
from tests.meaning.node import Node, coded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.jit.hardware import Opt
    from hyper.jit.kernel import ir
    from tests.meaning.foreign import Argument, Layout

_numbers = itertools.count()


@functools.cache
def node() -> Node:
    """The process that all share."""
    return Node()


class Module(Machine):
    """A module of a unit."""

    width = 4

    def __init__(self, unit: ir.Unit, level: Opt) -> None:
        super().__init__(interface(unit, "unit"))
        self._name = f"module{next(_numbers)}"
        profile = msgspec.structs.replace(resolve("wasm32"), opt_level=level)
        node().load(self._name, wasm_module(self.made, profile))

    def close(self) -> None:
        """Forget it."""
        node().ask(forget=self._name)

    def call(
        self, function: str, args: Sequence[Argument], layout: Layout, give: tuple[int, int]
    ) -> tuple[int, bytes]:
        """In Node."""
        answer = node().ask(
            name=self._name,
            function=function,
            args=[(arg.kind, coded(arg.data) if arg.data else arg.place) for arg in args],
            memory=coded(bytes(layout.data)),
            pointers=layout.pointers,
            give=give,
        )
        return answer["status"], base64.b64decode(answer["memory"])
