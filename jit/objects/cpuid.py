"""A function that asks the processor for what a profile needs, itself made of what each x86-64 processor has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hyper.jit.hardware import Profile

# Feature: (leaf, sub-leaf, register, bit); registers are eax, ebx, ecx, edx.
_BITS: Final[dict[str, tuple[int, int, int, int]]] = {
    "sse3": (1, 0, 2, 0),
    "pclmul": (1, 0, 2, 1),
    "ssse3": (1, 0, 2, 9),
    "fma": (1, 0, 2, 12),
    "cx16": (1, 0, 2, 13),
    "sse4.1": (1, 0, 2, 19),
    "sse4.2": (1, 0, 2, 20),
    "movbe": (1, 0, 2, 22),
    "popcnt": (1, 0, 2, 23),
    "aes": (1, 0, 2, 25),
    "avx": (1, 0, 2, 28),
    "f16c": (1, 0, 2, 29),
    "rdrnd": (1, 0, 2, 30),
    "bmi": (7, 0, 1, 3),
    "avx2": (7, 0, 1, 5),
    "bmi2": (7, 0, 1, 8),
    "avx512f": (7, 0, 1, 16),
    "avx512dq": (7, 0, 1, 17),
    "rdseed": (7, 0, 1, 18),
    "adx": (7, 0, 1, 19),
    "avx512ifma": (7, 0, 1, 21),
    "avx512cd": (7, 0, 1, 28),
    "sha": (7, 0, 1, 29),
    "avx512bw": (7, 0, 1, 30),
    "avx512vl": (7, 0, 1, 31),
    "avx512vbmi": (7, 0, 2, 1),
    "avx512vbmi2": (7, 0, 2, 6),
    "gfni": (7, 0, 2, 8),
    "vaes": (7, 0, 2, 9),
    "vpclmulqdq": (7, 0, 2, 10),
    "avx512vnni": (7, 0, 2, 11),
    "avx512bitalg": (7, 0, 2, 12),
    "avx512vpopcntdq": (7, 0, 2, 14),
    "sahf": (0x80000001, 0, 2, 0),
    "lzcnt": (0x80000001, 0, 2, 5),
}
KNOWN: Final = frozenset(_BITS)
"""The features that can be asked for."""

_OSXSAVE: Final = 1 << 27
_BASELINE: Final = '"target-cpu"="x86-64" "target-features"="+cx8,+fxsr,+mmx,+sse,+sse2,+x87"'
_REGISTERS: Final = "{ i32, i32, i32, i32 }"
_CPUID: Final = '"cpuid", "={ax},={bx},={cx},={dx},{ax},{cx},~{dirflag},~{fpsr},~{flags}"'
_XGETBV: Final = '"xgetbv", "={ax},={dx},{cx},~{dirflag},~{fpsr},~{flags}"'
ASSEMBLER: Final = (_CPUID, _XGETBV)
"""All the assembler that texts of the compiler have, each with what it reads and writes."""


def supported_text(symbol: str, profile: Profile) -> str:
    """``int32_t symbol(void)``: 1 where the processor and the system have what the profile needs, else 0."""
    head = f'define i32 @"{symbol}"() nounwind'
    if profile.architecture != "x86-64":
        return f"{head} {{\n  ret i32 1\n}}\n"
    masks: dict[tuple[int, int], list[int]] = {}
    for feature in profile.needs:
        leaf, sub, register, bit = _BITS[feature]
        masks.setdefault((leaf, sub), [0, 0, 0, 0])[register] |= 1 << bit
    vectors = "avx" in profile.needs
    if vectors:
        masks.setdefault((1, 0), [0, 0, 0, 0])[2] |= _OSXSAVE
    lines = [f"{head} noinline {_BASELINE} {{"]
    for place, ((leaf, sub), wanted) in enumerate(sorted(masks.items())):
        lines += _leaf(place, leaf, sub, wanted)
    if vectors:
        # Bits 1 and 2: the system keeps xmm and ymm; 5 to 7: what AVX-512 adds.
        lines += _saved(0xE6 if "avx512f" in profile.needs else 0x6)
    lines += ["  ret i32 1", "no:", "  ret i32 0", "}", ""]
    return "\n".join(lines)


def _leaf(place: int, leaf: int, sub: int, wanted: list[int]) -> list[str]:
    """Ask for one leaf, where the processor has it, and go on where all wanted bits are set."""
    name, low = f"%l{place}", leaf & 0x80000000
    lines = [
        f"  {name}.m = call {_REGISTERS} asm {_CPUID}(i32 {_signed(low)}, i32 0)",
        f"  {name}.a = extractvalue {_REGISTERS} {name}.m, 0",
        f"  {name}.h = icmp uge i32 {name}.a, {_signed(leaf)}",
        f"  br i1 {name}.h, label %ask{place}, label %no",
        f"ask{place}:",
        f"  {name} = call {_REGISTERS} asm {_CPUID}(i32 {_signed(leaf)}, i32 {sub})",
    ]
    for register, mask in enumerate(wanted):
        if mask:
            each = f"{name}.r{register}"
            lines += [
                f"  {each} = extractvalue {_REGISTERS} {name}, {register}",
                f"  {each}.m = and i32 {each}, {_signed(mask)}",
                f"  {each}.y = icmp eq i32 {each}.m, {_signed(mask)}",
                f"  br i1 {each}.y, label %have{place}.{register}, label %no",
                f"have{place}.{register}:",
            ]
    return lines


def _saved(mask: int) -> list[str]:
    return [
        f"  %x = call {{ i32, i32 }} asm {_XGETBV}(i32 0)",
        "  %x.a = extractvalue { i32, i32 } %x, 0",
        f"  %x.m = and i32 %x.a, {mask}",
        f"  %x.y = icmp eq i32 %x.m, {mask}",
        "  br i1 %x.y, label %saved, label %no",
        "saved:",
    ]


def _signed(value: int) -> int:
    """A register's bits as LLVM writes an ``i32``."""
    return value - (1 << 32) if value >= 1 << 31 else value
