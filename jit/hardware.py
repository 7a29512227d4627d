"""Hardware profiles: what code is made for, as a name, a level and features that a processor can be asked for.

A processor's name is resolved to its level (``x86-64-v3``) and whose costs count (``tune``), so that all that code needs of a
machine are features with a bit in what CPUID answers: a machine either has them or is not given the code.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

Opt: TypeAlias = Literal["0", "1", "2", "3", "s"]
OPT_LEVELS: Final[tuple[Opt, ...]] = get_args(Opt)

_V2: Final = ("cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3")
_V3: Final = (*_V2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")
_V4: Final = (*_V3, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl")
LEVELS: Final[dict[str, tuple[str, ...]]] = {
    "x86-64": (),
    "x86-64-v2": _V2,
    "x86-64-v3": _V3,
    "x86-64-v4": _V4,
    "aarch64": (),
    "wasm32": (),
}
"""The levels that code is made for, each with the features that a machine must have."""

_TRIPLES: Final = {
    "x86-64": "x86_64-unknown-linux-gnu",
    "aarch64": "aarch64-unknown-linux-gnu",
    "wasm32": "wasm32-unknown-unknown",
}

EXTRA_FEATURES: Final[frozenset[str]] = frozenset(
    {"adx", "aes", "gfni", "pclmul", "rdrnd", "rdseed", "sha", "vaes", "vpclmulqdq"}
    | {"avx512bitalg", "avx512ifma", "avx512vbmi", "avx512vbmi2", "avx512vnni", "avx512vpopcntdq"}
    | {*_V4}
)
"""The features that a profile may add to its level."""

_SHORT: Final = {
    "x86-64-v2": "nehalem westmere sandybridge ivybridge btver2",
    "x86-64-v3": "haswell broadwell skylake znver1 znver2 znver3 alderlake raptorlake arrowlake",
    "x86-64-v4": "skylake-avx512 cascadelake icelake-client icelake-server rocketlake tigerlake"
    " sapphirerapids graniterapids znver4 znver5",
}
_LEVEL_OF: Final = {name: level for level, names in _SHORT.items() for name in names.split()}
"""The level of each processor that can be named."""

# What Linux calls features otherwise than LLVM.
_KERNEL_NAMES: Final = {
    "pni": "sse3",
    "sse4_1": "sse4.1",
    "sse4_2": "sse4.2",
    "bmi1": "bmi",
    "abm": "lzcnt",
    "lahf_lm": "sahf",
    "pclmulqdq": "pclmul",
    "sha_ni": "sha",
    "rdrand": "rdrnd",
}
_KEYS: Final = ("cpu", "tune", "features", "opt_level", "vector_width", "cores")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,30}")


class ProfileError(ValueError):
    """A profile that cannot be; the message says why."""


class Profile(msgspec.Struct, frozen=True):
    """What code is made for, resolved: the same text for the same profile on any machine.

    ``level`` is one of ``LEVELS``, ``features`` are those needed beyond it, sorted. ``tune`` names the processor whose costs
    count, empty for none. ``vector_width`` is in bits, 0 for LLVM's choice; ``cores`` is how many threads a batch may use there, 0
    for all.
    """

    name: str
    level: str
    features: tuple[str, ...] = ()
    tune: str = ""
    opt_level: Opt = "2"
    vector_width: int = 0
    cores: int = 0

    @property
    def needs(self) -> tuple[str, ...]:
        """All features that a machine must have, sorted."""
        return tuple(sorted({*LEVELS[self.level], *self.features}))

    @property
    def architecture(self) -> str:
        """``x86-64``, ``aarch64`` or ``wasm32``."""
        return "x86-64" if self.level.startswith("x86-64") else self.level

    @property
    def triple(self) -> str:
        """The target as LLVM names it."""
        return _TRIPLES[self.architecture]

    @property
    def code(self) -> str:
        """All that shapes the code that is made for it, as text."""
        parts = (self.level, "+".join(self.features), self.tune, self.opt_level)
        return f"{':'.join(parts)}:{self.vector_width}"

    @property
    def key(self) -> str:
        """All that shapes what a build makes for it, as text."""
        return f"{self.name}={self.code}:{self.cores}"


BUILT_IN: Final = ("native", *LEVELS)
"""The profiles that need no table."""
DEFAULT: Final = ("x86-64-v3", "x86-64")
"""What is made where nothing else is asked for: the same on each machine."""


def resolve(name: str, table: Mapping[str, Any] | None = None) -> Profile:
    """The profile of a name: a built-in one, or as a ``[tool.hyper.hardware.NAME]`` table says.

    Raises ``ProfileError``.
    """
    if not _NAME.fullmatch(name):
        raise ProfileError(
            f"a profile is named with small letters, digits, `.`, `_` and `-`, not {name!a}"
        )
    if table is None:
        if name not in BUILT_IN:
            raise ProfileError(f'there is no hardware profile "{name}"; {_known()}')
        table = {"cpu": name}
    unknown = sorted(table.keys() - set(_KEYS))
    if unknown:
        raise ProfileError(
            f'the profile "{name}" has no "{unknown[0]}"; a profile has {", ".join(_KEYS)}'
        )
    level, features, tune = _processor(
        name, table.get("cpu", name if name in BUILT_IN else "x86-64")
    )
    added = _features(name, table.get("features", []))
    if added and not level.startswith("x86-64"):
        raise ProfileError(f'the profile "{name}": features are known of x86-64 only')
    tune = _text(name, "tune", table.get("tune", tune))
    if tune and tune not in _LEVEL_OF:
        raise ProfileError(f'the profile "{name}" is tuned for "{tune}", which is not known')
    own = tuple(sorted({*features, *added} - {*LEVELS[level]}))
    opt = str(table.get("opt_level", "2"))
    if opt not in OPT_LEVELS:
        raise ProfileError(f'the profile "{name}": opt_level is one of {", ".join(OPT_LEVELS)}')
    width = _number(name, "vector_width", table.get("vector_width", 0), (0, 128, 256, 512))
    cores = _number(name, "cores", table.get("cores", 0), range(1025))
    return Profile(name, level, own, tune, opt, width, cores)


def _known() -> str:
    tables = "[hardware.NAME] in hyper.toml, or [tool.hyper.hardware.NAME] in pyproject.toml"
    return f"{', '.join(BUILT_IN)} are built in, others have a table {tables}"


def _processor(name: str, cpu: Any) -> tuple[str, set[str], str]:
    """The level of a processor's name, what it has beyond, and what it is tuned for."""
    cpu = _text(name, "cpu", cpu)
    if cpu == "native":
        return (*_this_machine(), "")
    if cpu in LEVELS:
        return cpu, set(), ""
    if cpu in _LEVEL_OF:
        return _LEVEL_OF[cpu], set(), cpu
    from difflib import get_close_matches  # for a mistake alone

    near = get_close_matches(cpu, sorted(_LEVEL_OF), 3)
    way = f"did you mean {' or '.join(near)}?" if near else f"{', '.join(BUILT_IN)} always are"
    raise ProfileError(f'the profile "{name}": the processor {cpu!a} is not known; {way}')


def _features(name: str, given: Any) -> set[str]:
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(each, str) for each in names):
        raise ProfileError(f'the profile "{name}": features are a list of names')
    found = {each.strip().removeprefix("+") for each in names if each.strip()}
    odd = sorted(found - EXTRA_FEATURES)
    if odd:
        raise ProfileError(f'the profile "{name}": the feature "{odd[0]}" is not known')
    return found


def _text(name: str, key: str, given: Any) -> str:
    if not isinstance(given, str):
        raise ProfileError(f'the profile "{name}": {key} is a text')
    return given


def _number(name: str, key: str, given: Any, allowed: range | tuple[int, ...]) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or given not in allowed:
        raise ProfileError(f'the profile "{name}": {key} cannot be {given!a}')
    return given


def _this_machine() -> tuple[str, set[str]]:
    """The highest level that this machine has whole, and the features beyond it that profiles know."""
    import platform  # a build without machine code does without it

    machine = platform.machine().lower()
    if machine in {"aarch64", "arm64"}:
        return "aarch64", set()
    if machine not in {"x86_64", "amd64"}:
        raise ProfileError(f'there is no profile "native" for a machine of {machine!a}')
    has = host_features()
    level = next(level for level in _DOWNWARDS if has.issuperset(LEVELS[level]))
    return level, {*(has & EXTRA_FEATURES)} - {*LEVELS[level]}


_DOWNWARDS: Final = ("x86-64-v4", "x86-64-v3", "x86-64-v2", "x86-64")


def host_features() -> set[str]:
    """The features of this x86-64 machine as Linux tells them, with their names in LLVM; none where it is not Linux."""
    if sys.platform != "linux":
        return set()
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as stream:
            for line in stream:
                if line.startswith("flags"):
                    flags = line.partition(":")[2].split()
                    return {
                        _KERNEL_NAMES.get(flag, flag).replace("avx512_", "avx512") for flag in flags
                    }
    except OSError:
        pass
    return set()


def ranked(profiles: list[Profile]) -> list[Profile]:
    """The profiles in the order in which a machine tries them: those that need most come first, then by name."""
    return sorted(profiles, key=lambda profile: (-len(profile.needs), profile.name))
