"""Which operands each operation of the kernel IR takes, and of which kind its result is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.jit.kernel import ir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyper.jit.kernel.ir import Kind

_ONE_OPERAND: Final = frozenset(
    {"neg", "abs", "sqrt", "rint", "floor", "ceil", "exp", "log", "log10"}
)
_INT_ONLY: Final = frozenset({"floordiv", "floormod"})


def result_kind(name: str, kinds: Sequence[Kind]) -> Kind | None:
    """The kind of ``name`` over operands of these kinds; ``None`` where there is no such operation."""
    if name in ir.CONVERSIONS:
        operands, result = ir.CONVERSIONS[name]
        return result if tuple(kinds) == operands else None
    if name == "select":
        fits = len(kinds) == 3 and kinds[0] == "bool" and kinds[1] == kinds[2]
        return kinds[1] if fits else None
    if not kinds or any(kind != kinds[0] for kind in kinds):
        return _scaled(name, kinds)
    kind = kinds[0]
    if name in ir.COMPARISONS and (kind != "bool" or name in {"eq", "ne"}):
        return "bool" if len(kinds) == 2 else None
    if kind == "bool":
        fits = name in ir.LOGIC and len(kinds) == (1 if name == "not" else 2)
        return "bool" if fits else None
    if len(kinds) != (1 if name in _ONE_OPERAND else 2):
        return None
    if kind == "float":
        return kind if name in ir.FLOAT_OPERATIONS else None
    if name not in ir.INT_OPERATIONS or (kind == "wide" and name in _INT_ONLY | {"scale_down"}):
        return None
    return kind


def _scaled(name: str, kinds: Sequence[Kind]) -> Kind | None:
    """The exponent of a scaling is an int whatever it scales."""
    return "wide" if name == "scale_down" and tuple(kinds) == ("wide", "int") else None
