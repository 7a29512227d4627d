"""``hyper doctor``: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import os
import platform
import sys
import time
from importlib import metadata
from typing import TYPE_CHECKING, Final

import msgspec

from hyper.base.fs import Disk
from hyper.cli.main import FAILED, OK
from hyper.cli.session import sized
from hyper.engine.executors.cores import available_cores
from hyper.engine.options import configure
from hyper.engine.store import cache_folder
from hyper.engine.tiers import TIERS

if TYPE_CHECKING:
    import argparse

    from hyper.cli.commands.doctor_gpu import Examination
    from hyper.cli.console import Console
    from hyper.engine.options import Configured, Options
    from hyper.jit.hardware import Profile

_CORE: Final = (
    "fastapi",
    "jsonschema",
    "msgspec",
    "pydantic",
    "python-multipart",
    "pyyaml",
    "rich",
    "shtab",
    "zstandard",
)
# The extras that something uses today: those of parts that are to come are not advised.
_EXTRAS: Final = {
    "cache": ("mmap-ninja", "pybloom-live", "datasketch", "redis"),
    "jit": ("llvmlite", "numpy"),
    "data": ("pyarrow",),
    "gpu": ("numba", "wgpu"),
    "distributed": ("bullmq", "prometheus-client"),
    "bench": ("datamodel-code-generator",),
}


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. ``advice`` says what to do where it is not fine."""

    subject: str
    state: str
    detail: str
    advice: str | None = None


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Look at everything; 1 where something that is needed is missing, or what was to be prepared cannot be."""
    prepared = _prepared() if arguments.prepare else []
    examination = _examined(console) if arguments.gpu else None
    packages = (_package(name) for name in _CORE)
    findings = [*_machine(), *packages, *_extras(), *_text(), _speeds(), *_configuration()]
    findings += prepared
    bad = [item for item in findings if item.state == "missing"]
    if console.json:
        value = {"success": not bad, "findings": msgspec.to_builtins(findings)}
        if examination is not None:
            value["gpu"] = examination.as_object()
        console.object(value)
        return FAILED if bad else OK
    paint = console.palette
    colours = {"ok": paint.note, "absent": paint.warning, "missing": paint.error}
    width = max(len(item.subject) for item in findings) + 2
    for item in findings:
        state = f"{colours[item.state]}{item.state:<8}{paint.reset}"
        console.say(f"{state}{item.subject:<{width}}{item.detail}")
        if item.advice:
            console.say(f"        {item.advice}")
    console.say(
        "something that is needed is missing" if bad else "everything that is needed is here"
    )
    if examination is not None:
        examination.tell(console)
    return FAILED if bad else OK


def _examined(console: Console) -> Examination:
    from hyper.cli.commands.doctor_gpu import Examination

    return Examination(configure(Disk(), ".", os.environ, {}).options, console)


def _machine() -> list[Finding]:
    from hyper import __version__

    python = platform.python_version()
    fine = sys.version_info >= (3, 11)
    return [
        Finding("hyper", "ok", __version__),
        Finding(
            "Python",
            "ok" if fine else "missing",
            python,
            None if fine else "Python 3.11 or newer is needed",
        ),
        Finding("cores", "ok", str(available_cores())),
    ]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _package(name: str) -> Finding:
    version = _version(name)
    if version is not None:
        return Finding(name, "ok", version)
    return Finding(name, "missing", "not installed", f"pip install {name}")


def _extras() -> list[Finding]:
    found = []
    for extra, names in _EXTRAS.items():
        for name in names:
            version = _version(name)
            subject = f"{name} [{extra}]"
            if version is not None:
                found.append(Finding(subject, "ok", version))
            else:
                advice = f"optional: pip install 'hypercompiler[{extra}]'"
                found.append(Finding(subject, "absent", "not installed", advice))
    return found


def _text() -> list[Finding]:
    """Whether the text engine's library of this machine is there."""
    from hyper.engine.lexing.library import can_prepare, open_library

    if open_library() is not None:
        return [Finding("text engine", "ok", "its library is prepared: many files are cut at once")]
    if can_prepare():
        advice = "builds prepare it once it pays; now: hyper doctor --prepare"
        return [Finding("text engine", "absent", "its library is not prepared", advice)]
    advice = "optional, on Linux: pip install 'hypercompiler[gpu]'"
    return [Finding("text engine", "absent", "the reference lexer cuts files one by one", advice)]


def _speeds() -> Finding:
    """Whether the back ends of the text engine were measured here."""
    from hyper.engine.lexing.measured import read_measurements

    found = read_measurements()
    if found:
        return Finding("measured", "ok", f"the text engine's back ends: {', '.join(found)}")
    advice = "optional: hyper doctor --gpu"
    return Finding("measured", "absent", "the text engine goes by defaults", advice)


def _prepared() -> list[Finding]:
    """Prepare the text engine's library."""
    from hyper.engine.lexing.library import NoLibrary, open_library, prepare

    if open_library() is not None:
        return [Finding("prepared", "ok", "the text engine's library was there already")]
    began = time.perf_counter()
    try:
        prepare()
    except NoLibrary as error:
        return [Finding("prepared", "missing", f"nothing: {error}")]
    except OSError as error:
        why = f"nothing: {error.filename or 'the state folder'}: {error.strerror or error}"
        advice = "the library is kept in the user's state folder: XDG_STATE_HOME names another"
        return [Finding("prepared", "missing", why, advice)]
    return [
        Finding(
            "prepared", "ok", f"the text engine's library, in {time.perf_counter() - began:.1f} s"
        )
    ]


def _configuration() -> list[Finding]:
    configured = configure(Disk(), ".", os.environ, {})
    errors = [item.message for item in configured.diagnostics]
    if errors:
        return [Finding("configuration", "missing", errors[0], "see docs/api.md for the options")]
    where = "none here; the defaults hold"
    if configured.folder is not None:
        where = f"in {os.path.relpath(configured.folder)}"
    found = [Finding("configuration", "ok", where), *_switches(configured), *_native(configured)]
    return [*found, _fleet(configured.options)]


def _fleet(options: Options) -> Finding:
    from hyper.cli.commands.doctor_fleet import look_at_fleet

    return Finding("fleet", *look_at_fleet(options, os.environ))


def _native(configured: Configured) -> list[Finding]:
    """Whether machine code is made, for what, what of it this machine could run, and what links a library."""
    from hyper.engine.natives.toolchain import ABSENT, toolchain, why_not

    options, with_what = configured.options, toolchain()
    if not options.compiles:
        told = "neither native nor library is among the targets"
        return [Finding("machine code", "ok", told)]
    if with_what == ABSENT:
        advice = "pip install 'hypercompiler[jit]'"
        return [Finding("machine code", "absent", "it needs llvmlite", advice)]
    broken = why_not()
    if broken:
        told, _, advice = broken.rpartition("; ")
        return [Finding("machine code", "absent", told, advice)]
    profiles = [
        profile.name if _runs_here(profile) else f"{profile.name} (not run here)"
        for profile in options.profiles
    ]
    found = [Finding("machine code", "ok", f"{with_what}, for {', '.join(profiles)}")]
    if "library" in options.target:
        found += _linkers(options)
    return found


def _runs_here(profile: Profile) -> bool:
    from hyper.jit.hardware import ProfileError, host_features, resolve

    try:
        here = resolve("native").architecture
    except ProfileError:
        return False
    return profile.architecture == here and host_features().issuperset(profile.needs)


def _linkers(options: Options) -> list[Finding]:
    """What links the libraries of each architecture; WebAssembly needs nothing."""
    from hyper.jit.objects.link import LinkError, linker

    found = []
    for kind in sorted({profile.architecture for profile in options.profiles} - {"wasm32"}):
        subject = f"linker for {kind}"
        try:
            chosen = linker(options.linker, kind)
        except LinkError as error:
            found.append(Finding(subject, "absent", "objects only", str(error)))
            continue
        told = f"{chosen.kind}, {chosen.version()}" if chosen is not None else options.linker
        found.append(Finding(subject, "ok", told))
    return found


def _switch(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _switches(configured: Configured) -> list[Finding]:
    """What the tier turns on, and what an option overrides."""
    options = configured.options
    found = [Finding("tier", "ok", options.tier)]
    for key in TIERS[options.tier].__struct_fields__:
        value, set_to = getattr(TIERS[options.tier], key), getattr(options, key)
        why = f"by tier {options.tier}" if set_to is None else "as configured"
        on = value if set_to is None else set_to
        shown = sized(on) if key == "memory" else _switch(on)
        if on == "auto":
            shown = f"auto: {options.process_count}"
        found.append(Finding(key, "ok", f"{shown}, {why}"))
    folder = cache_folder(configured)
    kept = "nowhere: .hyper is a link" if folder is None else os.path.relpath(folder)
    found.append(Finding("cache", "ok", kept))
    return found
