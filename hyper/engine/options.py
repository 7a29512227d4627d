"""Options of a build: from a configuration file, then ``HYPER_*`` variables, then arguments.

A configuration is ``hyper.toml``, or ``[tool.hyper]`` in ``pyproject.toml``, in the nearest folder at or above the sources that has
one. Its paths are relative to that folder; those of variables and arguments to the working folder.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hyper.base.diagnostics import Diagnostic, diagnostic
from hyper.base.source import Source
from hyper.engine.executors.cores import available_cores
from hyper.engine.option_values import (
    DEFAULT_TARGETS,
    Effort,
    Linker,
    Lto,
    OptionError,
    Server,
    TargetName,
    parse_value,
)
from hyper.engine.tiers import TIERS, GpuUse, ProcessCount, TextLevel, TierName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hyper.base.fs import Files, Kind
    from hyper.base.source import Location

PREFIX: Final = "HYPER_"
# Variables with our prefix that steer the project's own tests.
# ...and those that say where the shared cache is, with secrets that belong into no configuration.
# ...and those that built packages read.
_NOT_OPTIONS: Final = frozenset(
    {
        *("HYPER_LONG", "HYPER_UPDATE_GOLDEN", "HYPER_TEST_GPU"),
        *("HYPER_QUEUE_URL", "HYPER_FLEET"),
        *(f"HYPER_FLEET_{name}" for name in ("ATTEMPTS", "BACKOFF", "ORDER", "PRIORITY")),
        *(f"HYPER_FLEET_{name}" for name in ("KEEP_DONE", "KEEP_FAILED", "TTL", "STRIKES")),
        *("HYPER_NATIVE", "HYPER_PROFILE_OUT", "HYPER_PROFILE_JSON"),
    }
) | {
    f"HYPER_CACHE_{name}"
    for name in (
        *("URL", "KEYS", "SIGNATURES", "MODE", "SCOPE", "READS"),
        *("CA", "CERTIFICATE", "CERTIFICATE_KEY"),
    )
}
_NO_ADDRESS: Final = (
    "where a fleet is says the variable HYPER_QUEUE_URL, and no file of the sources"
)
# A configuration is written by hand.
_LARGEST_FILE: Final = 1 << 20


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set. ``docs/api.md`` describes each; ``None`` means that it is worked out."""

    source: str | None = None
    package: str | None = None
    out: str = "dist"
    target: tuple[TargetName, ...] = DEFAULT_TARGETS
    hardware: tuple[str, ...] | None = None
    kernels: tuple[str, ...] | None = None
    lto: Lto = "unit"
    codegen_units: int = 0
    linker: Linker = "auto"
    strip: bool = True
    tier: TierName = "balanced"
    collects: bool | None = None
    cache: str | None = None
    cache_size: int = 30 * 10**9
    cache_age: int = 30
    incremental: bool | None = None
    shares: bool | None = None
    memory: int | None = None
    sketches: bool | None = None
    processes: ProcessCount | None = None
    distributed: bool | Server | None = None
    jit: int | None = None
    text: TextLevel | None = None
    gpu: GpuUse | None = None
    gpu_memory: int = 10**9
    gpu_workgroup: int = 64
    project: str = "hyper"
    profile: str | None = None
    profile_effort: Effort = "full"
    machines: tuple[Any, ...] = ()
    """The hardware profiles (``hyper.jit.hardware.Profile``) of the configuration's tables; no option of its own."""
    lint: Any = None
    """What the table ``lint`` says (``hyper.engine.lint.settings.LintSettings``); no option of its own, either."""

    @property
    def batch_cores(self) -> int:
        """How many threads a batch may use: as many as there are cores, or as the best profile of a table says that fits here."""
        cores = available_cores()
        if not any(profile.cores for profile in self.machines):
            return cores
        from hyper.jit.hardware import host_features, ranked

        has = host_features()
        best = next((each for each in ranked([*self.machines]) if has.issuperset(each.needs)), None)
        return min(cores, best.cores) if best is not None and best.cores else cores

    @property
    def profiles(self) -> list[Any]:
        """The hardware profiles that native code is made for. Raises ``ProfileError``."""
        from hyper.jit.hardware import DEFAULT, resolve

        tables = {profile.name: profile for profile in self.machines}
        names = self.hardware or tuple(tables) or DEFAULT
        return [tables.get(name) or resolve(name) for name in names]

    @property
    def compiles(self) -> bool:
        """Whether machine code is asked for."""
        return not {"native", "library"}.isdisjoint(self.target)

    @property
    def collecting(self) -> bool:
        """Whether the collector of cycles runs during the build: as set, else as the tier says."""
        return TIERS[self.tier].collects if self.collects is None else self.collects

    @property
    def keeping(self) -> bool:
        """Whether what was built is kept for the next build: as set, else as the tier says."""
        return TIERS[self.tier].incremental if self.incremental is None else self.incremental

    @property
    def sharing(self) -> bool:
        """Whether what is built is put into the shared cache, where there is one: as set, else as the tier says."""
        return TIERS[self.tier].shares if self.shares is None else self.shares

    @property
    def remembering(self) -> int:
        """How many bytes a session keeps between its compiles: as set, else as the tier says."""
        return TIERS[self.tier].memory if self.memory is None else self.memory

    @property
    def sketching(self) -> bool:
        """Whether counts of use decide what is kept, and builds are counted: as set, else as the tier says."""
        return TIERS[self.tier].sketches if self.sketches is None else self.sketches

    @property
    def process_count(self) -> int:
        """How many processes may work on a build: as set, else as the tier says."""
        count = TIERS[self.tier].processes if self.processes is None else self.processes
        return available_cores() if count == "auto" else count

    @property
    def distributing(self) -> bool:
        """Whether a fleet may do a part of the build: as set, else as the tier says."""
        if self.distributed is None:
            return TIERS[self.tier].distributed
        return self.distributed is not False

    @property
    def fleet_url(self) -> str | None:
        """The server of the fleet that was given by hand."""
        return self.distributed.url if isinstance(self.distributed, Server) else None

    @property
    def jit_level(self) -> int:
        """The highest tier of execution of a batch: as set, else as the tier says."""
        return TIERS[self.tier].jit if self.jit is None else self.jit

    @property
    def text_level(self) -> TextLevel:
        """What cuts files into tokens: as set, else as the tier says; a graphics processor that is asked for is used."""
        if self.text is None and self.gpu == "on":
            return "native"
        return self.text or TIERS[self.tier].text

    @property
    def gpu_use(self) -> GpuUse:
        """Whether the text engine may use a graphics processor: as set, else as the tier says."""
        return self.gpu or TIERS[self.tier].gpu


KEYS: Final[tuple[str, ...]] = tuple(
    key for key in Options.__struct_fields__ if key not in {"machines", "lint"}
)
_PATHS: Final = ("source", "out", "cache", "profile")


class Configured(msgspec.Struct, frozen=True):
    """Options with the folder of their configuration, ``None`` where there is none.

    ``chosen`` are the options that variables and arguments set: the user's own word, where a file may have come with the sources.
    """

    options: Options
    folder: str | None
    diagnostics: tuple[Diagnostic, ...]
    chosen: frozenset[str] = frozenset()
    trained: str = ""
    """What a profile makes other in the output, as a key; empty without one."""


def configure(
    files: Files, start: str, environment: Mapping[str, str], arguments: Mapping[str, Any]
) -> Configured:
    """Put the options together for sources at ``start``.

    Mistakes in files and variables are diagnostics; one in ``arguments`` raises ``OptionError``.
    """
    found: list[Diagnostic] = []
    settings: dict[str, Any] = {}
    file = _nearest_file(files, start, found)
    if file is not None:
        _set_from_file(settings, file, found)
    chosen: dict[str, Any] = {}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in _NOT_OPTIONS:
            _set_from_variable(chosen, name, environment[name], found)
    for key, value in arguments.items():
        if value is not None:
            known = check_key(key)
            chosen[known] = parse_value(known, value)
    options = Options(**(settings | chosen))
    if options.hardware is not None or options.compiles:
        options = _with_hardware(options, found, in_arguments="hardware" in arguments)
    return Configured(options, file.folder if file else None, tuple(found), frozenset(chosen))


def _with_hardware(options: Options, found: list[Diagnostic], *, in_arguments: bool) -> Options:
    """The options with profiles that there are. Raises ``OptionError`` where an argument names others."""
    from hyper.jit.hardware import ProfileError

    try:
        kinds = {each.architecture for each in options.profiles}
        other = "" if "library" in options.target else min(kinds - {"x86-64"}, default="")
        if "native" in options.target and "x86-64" not in kinds:
            other = min(kinds)
        message = (
            f"packages are compiled for x86-64, not for {other}: that takes the target `library`"
        )
        message = message if other else ""
    except ProfileError as error:
        message = str(error)
    if not message:
        return options
    if in_arguments:
        raise OptionError("E0903", message)
    found.append(diagnostic("E0903", message))
    return msgspec.structs.replace(options, hardware=None, machines=())


def check_key(key: str) -> str:
    """Give the key back, or raise with the nearest one."""
    if key not in KEYS:
        from difflib import get_close_matches

        near = get_close_matches(key, KEYS, 1)
        advice = f"the options are {', '.join(KEYS)}"
        raise OptionError(
            "E0902", f'there is no option "{key}": {advice}', near[0] if near else None
        )
    return key


class _File(msgspec.Struct, frozen=True):
    """A configuration file: its folder and name, its text, and what it sets."""

    folder: str
    name: str
    text: str
    values: dict[str, Any]

    def locate(self, key: str) -> Location | None:
        """Where a key is set."""
        match = re.search(rf"^[ \t]*(\"?{re.escape(key)}\"?)[ \t]*=", self.text, re.MULTILINE)
        return Source(self.name, self.text).locate(*match.span(1)) if match else None

    def place(self, profile: str) -> Location | None:
        """Where the table of a profile begins."""
        wanted = rf"^[ \t]*\[[^\]\n]*hardware[ \t]*\.[ \t]*\"?({re.escape(profile)})\"?[ \t]*\]"
        match = re.search(wanted, self.text, re.MULTILINE)
        return Source(self.name, self.text).locate(*match.span(1)) if match else None


def _set_from_file(settings: dict[str, Any], file: _File, found: list[Diagnostic]) -> None:
    for key, value in file.values.items():
        if key == "hardware" and isinstance(value, dict):
            settings["machines"] = _machines(value, file, found)
            continue
        if key == "lint":
            settings["lint"] = _lint(value, file, found)
            continue
        try:
            parsed = _value_in_a_file(check_key(key), value)
        except OptionError as error:
            place = file.locate(key)
            found.append(
                diagnostic(
                    error.code, error.message, place, suggestion=error.suggestion, file=file.name
                )
            )
            continue
        if key in _PATHS:
            parsed = os.path.normpath(os.path.join(file.folder, parsed))
        settings[key] = parsed


def _value_in_a_file(key: str, value: Any) -> Any:
    parsed = parse_value(key, value)
    if isinstance(parsed, Server):
        # Else who writes the sources would say where they are sent.
        raise OptionError("E0903", _NO_ADDRESS)
    return parsed


def _lint(table: Any, file: _File, found: list[Diagnostic]) -> Any:
    """The settings of ``[tool.hyper.lint]``."""
    from hyper.engine.lint.settings import read_settings

    settings, mistakes = read_settings(table)
    for wrong in mistakes:
        place = file.locate(wrong.key)
        found.append(
            diagnostic(
                wrong.code, wrong.message, place, suggestion=wrong.suggestion, file=file.name
            )
        )
    return settings


def _machines(tables: dict[str, Any], file: _File, found: list[Diagnostic]) -> tuple[Any, ...]:
    """The profiles of ``[tool.hyper.hardware.NAME]`` tables, by name."""
    from hyper.jit.hardware import ProfileError, resolve

    made = []
    for name in sorted(tables):
        table = tables[name]
        try:
            made.append(resolve(name, table if isinstance(table, dict) else {"cpu": table}))
        except ProfileError as error:
            found.append(diagnostic("E0903", str(error), file.place(name), file=file.name))
    return tuple(made)


def _set_from_variable(
    settings: dict[str, Any], name: str, value: str, found: list[Diagnostic]
) -> None:
    key = name.removeprefix(PREFIX).lower()
    try:
        known = check_key(key)
        settings[known] = parse_value(known, value)
    except OptionError as error:
        text = f"{name}: {error.message}"
        found.append(diagnostic(error.code, text, suggestion=error.suggestion))


def _nearest_file(files: Files, start: str, found: list[Diagnostic]) -> _File | None:
    at = files.canonical(start)
    while True:
        for name in ("hyper.toml", "pyproject.toml"):
            if _is_there(files, os.path.join(at, name), "file"):
                file = _load(files, at, name, found)
                if file is not None:
                    return file
        parent = os.path.dirname(at)
        if parent == at or _is_there(files, os.path.join(at, ".git"), "file", "folder"):
            return None
        at = parent


def _is_there(files: Files, path: str, *kinds: Kind) -> bool:
    """Whether something of a kind is at a path, as far as we may see."""
    try:
        return files.kind(path, follow=True) in kinds
    except OSError:
        return False


def _load(files: Files, folder: str, name: str, found: list[Diagnostic]) -> _File | None:
    """Read a configuration file; ``None`` where it says nothing of us."""
    text = ""
    try:
        text = _configuration_text(files.read(os.path.join(folder, name)))
        import tomllib  # a build without a configuration needs none of it

        document = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        if name == "pyproject.toml":
            return None
        deep = isinstance(error, RecursionError)
        reason = "it is nested too deeply" if deep else re.sub(r" \(at [^()]*\)$", "", str(error))
        message = f"this is not TOML: {reason[:1].lower()}{reason[1:]}"
        found.append(diagnostic("E0907", message, _toml_place(name, text, error), file=name))
        return _File(folder, name, text, {})
    tool = document.get("tool")
    table = document if name == "hyper.toml" else isinstance(tool, dict) and tool.get("hyper")
    if table is None or table is False:
        return None
    if not isinstance(table, dict):
        found.append(diagnostic("E0907", "[tool.hyper] is a table", file=name))
        table = {}
    if _has_huge(table):
        message = "this is not TOML: a number in it does not fit in 64 bits"
        found.append(diagnostic("E0907", message, file=name))
        table = {}
    return _File(folder, name, text, table)


def _has_huge(value: Any) -> bool:
    """Whether a value of TOML holds a whole number that TOML has no place for; Python reads any that is not decimal."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            return True
    return False


def _configuration_text(data: bytes) -> str:
    if len(data) > _LARGEST_FILE:
        raise ValueError(f"it is larger than {_LARGEST_FILE >> 20} MB")
    return data.decode("utf-8")


def _toml_place(name: str, text: str, error: Exception) -> Location | None:
    match = re.search(r"at line (\d+), column (\d+)", str(error))
    source = Source(name, text)
    if not match:
        return source.locate(len(text), len(text)) if text else None
    offset = source.line_starts[int(match[1]) - 1] + int(match[2]) - 1
    return source.locate(offset, offset + 1)
