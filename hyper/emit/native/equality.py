"""Equality of entities, field by field; of lists it is told elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyper.emit.native.values import Generated, Items, NotNative, Record, Value, Written
from hyper.ir.program import EntityDef
from hyper.ir.types import Opt
from hyper.jit.kernel.builder import TRUE

if TYPE_CHECKING:
    from hyper.emit.native.expressions import Expressions
    from hyper.jit.kernel.ir import Operand

_LISTS: Final = (Items, Written, Generated)


class Equality:
    """Comparisons by parts, of one kernel."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self._builder = expressions.builder

    def same(self, left: Value, right: Value) -> Operand:
        """Whether two values of one type, which are no single numbers, are equal. Raises ``NotNative``."""
        if isinstance(left, Record) and isinstance(right, Record):
            return self._records(left, right)
        if isinstance(left, _LISTS) and isinstance(right, _LISTS):
            return self._expressions.lists.same(left, right)
        raise NotNative("a comparison of unions, of maps, or of unrounded quotients")

    def _both(self, left: Operand, right: Operand) -> Operand:
        return right if left == TRUE else self._builder.op("and", "bool", left, right)

    def _records(self, left: Record, right: Record) -> Operand:
        entity = self._expressions.program.definitions[left.entity]
        assert isinstance(entity, EntityDef)
        if entity.markers.extra not in {None, "ignore", "forbid"} or entity.extra_type is not None:
            raise NotNative(f"a comparison of {entity.name}, which may have further fields")
        held: Operand = TRUE
        for field in entity.fields:
            if field.optional and isinstance(self._expressions.kinds.bare(field.type), Opt):
                raise NotNative("a comparison of fields that may be null and may be absent")
            one, other = left.field(field.name), right.field(field.name)
            held = self._both(held, self._expressions.scalars.compare("eq", one, other))
        return held
