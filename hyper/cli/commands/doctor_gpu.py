"""``hyper doctor --gpu``: graphics adapters, and every back end of the text engine measured: from which sizes on each pays."""

from __future__ import annotations

import contextlib
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from hyper.engine.lexing.library import NoLibrary, can_prepare, open_library, prepare
from hyper.engine.lexing.measured import keep_measurements, measure_here
from hyper.engine.lexing.opening import settings_of
from hyper.gpu.backend import BackendError
from hyper.gpu.choosing import OPERATIONS
from hyper.gpu.crossover import LEAST, pays_from, plot, rate, size_of
from hyper.gpu.webgpu.device import adapters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.cli.console import Console
    from hyper.engine.options import Options
    from hyper.gpu.choosing import Operation, Speeds
    from hyper.gpu.webgpu.device import Listed

_MARKS: Final = {"native": "N", "numpy": "Y", "numba": "B", "wgpu": "W", "plain": "p"}
_WIDTH: Final = 11


class Examination:
    """What was found and measured here; it is kept for the engine to choose by."""

    def __init__(self, options: Options, console: Console) -> None:
        if open_library() is None and can_prepare():
            with contextlib.suppress(NoLibrary, OSError):
                prepare()
        console.remark("measuring every back end of the text engine: about half a minute")
        began = perf_counter()
        library = open_library()
        settings = settings_of(options)._replace(gpu="on")
        loops = library.loops if library is not None else None
        self.found = measure_here(settings, loops, lambda _name, _operation: None)
        self.seconds = perf_counter() - began
        # Whoever has looked for adapters opens one sooner: that comes when all is measured.
        self.adapters, self.trouble = _adapters()
        try:
            keep_measurements(self.found)
            self.kept = ""
        except OSError as error:
            self.kept = error.strerror or str(error)

    def as_object(self) -> dict[str, Any]:
        """For machines."""
        return {
            "adapters": [_adapter_object(each) for each in self.adapters],
            "trouble": self.trouble or None,
            "seconds": self.seconds,
            "kept": not self.kept,
            "backends": [
                {
                    "name": name,
                    "kind": speeds.kind,
                    "device": speeds.device or None,
                    "startup": speeds.opening,
                    "transfer": speeds.transfer or None,
                }
                for name, speeds in self.found.items()
            ],
            "operations": {
                operation: [
                    self._cost_object(operation, name)
                    for name, speeds in self.found.items()
                    if operation in speeds.costs
                ]
                for operation in OPERATIONS
            },
        }

    def _cost_object(self, operation: Operation, name: str) -> dict[str, Any]:
        cost = self.found[name].costs[operation]
        return {
            "backend": name,
            "first": cost.first,
            "fixed": cost.fixed,
            "speed": cost.speed,
            "points": [{"size": size, "seconds": seconds} for size, seconds in cost.points],
            "pays_from": pays_from(self.found, operation, name, opened=False),
            "pays_from_open": pays_from(self.found, operation, name, opened=True),
        }

    def tell(self, console: Console) -> None:
        """In a terminal: tables, then plots."""
        console.say("\ngraphics adapters")
        for each in self.adapters:
            console.say(f"  {_adapter_line(each)}")
        if self.trouble:
            console.say(f"  {self.trouble}")
        elif not self.adapters:
            console.say("  none: install a driver for Vulkan, Metal or D3D12")
        self._tell_backends(console)
        for operation in OPERATIONS:
            self._tell_operation(operation, console)
        legend = ", ".join(f"{_MARKS[name]} {name}" for name in self.found if name in _MARKS)
        console.say(
            "\nbytes a second by bytes, each back end in a process that has started nothing"
        )
        console.say(f"{legend}; where several stand in one place, the fastest")
        for operation in OPERATIONS:
            console.say(f"\n{operation}")
            for line in plot(self.found, operation, _MARKS):
                console.say(line)
        if self.kept:
            console.say(f"\nthe measurements cannot be kept: {self.kept}")
        else:
            console.say(f"\nmeasured in {self.seconds:.0f} s, and kept: the text engine goes by it")

    def _tell_backends(self, console: Console) -> None:
        console.say("\nstart-up")
        for name, speeds in self.found.items():
            moved = f", {rate(speeds.transfer)} there and back" if speeds.transfer else ""
            what = {"processor": "", "device": "", "software": "; software, never under auto"}
            on = f" on {speeds.device}{what[speeds.kind]}" if speeds.device else ""
            console.say(f"  {name:<8}{speeds.opening * 1000:8.1f} ms{moved}{on}")

    def _tell_operation(self, operation: Operation, console: Console) -> None:
        able: Mapping[str, Speeds] = {
            name: speeds for name, speeds in self.found.items() if operation in speeds.costs
        }
        columns = max(
            ([size for size, _ in each.costs[operation].points] for each in able.values()),
            key=len,
            default=[],
        )
        heads = [size_of(size) for size in columns]
        heads += ["first", "pays from", "once open"]
        console.say(f"\n{operation:<10}{''.join(f'{head:>{_WIDTH}}' for head in heads)}")
        for name, speeds in able.items():
            cost = speeds.costs[operation]
            cells = [rate(size / max(seconds, 1e-9)) for size, seconds in cost.points]
            cells += ["-"] * (len(columns) - len(cells))
            cells.append(f"{cost.first * 1000:.0f} ms")
            for opened in (False, True):
                least = pays_from(self.found, operation, name, opened=opened)
                cells.append(_from(least))
            console.say(f"  {name:<8}{''.join(f'{cell:>{_WIDTH}}' for cell in cells)}")


def _from(least: int | None) -> str:
    if least is None:
        return "never"
    return "always" if least <= LEAST else size_of(least)


def _adapters() -> tuple[list[Listed], str]:
    try:
        return adapters(), ""
    except BackendError as error:
        return [], str(error)


def _adapter_line(each: Listed) -> str:
    adapter = each.adapter
    kind = "software" if adapter.software else adapter.kind
    limits = f"bindings of {size_of(each.binding)}, {each.workgroup} invocations a workgroup"
    unusable = "" if each.usable else "; not used: kernels need Vulkan, Metal or D3D12"
    return f"{adapter.name}: {kind}, {adapter.api}, {adapter.driver}; {limits}{unusable}"


def _adapter_object(each: Listed) -> dict[str, Any]:
    adapter = each.adapter
    return {
        "name": adapter.name,
        "type": adapter.kind,
        "software": adapter.software,
        "api": adapter.api,
        "driver": adapter.driver,
        "usable": each.usable,
        "binding": each.binding,
        "buffer": each.buffer,
        "workgroup": each.workgroup,
    }
