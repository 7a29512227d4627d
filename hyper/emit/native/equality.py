"""Equality of entities, field by field, and of lists, item by item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.emit.native.values import Items, NotNative, Record, Value, Written
from hyper.ir.program import EntityDef
from hyper.ir.types import Opt
from hyper.jit.kernel.builder import FALSE, TRUE, integer

if TYPE_CHECKING:
    from hyper.emit.native.expressions import Expressions
    from hyper.jit.kernel.ir import Operand


class Equality:
    """Comparisons by parts, of one kernel."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self._builder = expressions.builder

    def same(self, left: Value, right: Value) -> Operand:
        """Whether two values of one type, which are no single numbers, are equal. Raises ``NotNative``."""
        if isinstance(left, Record) and isinstance(right, Record):
            return self._records(left, right)
        if isinstance(left, Items | Written) and isinstance(right, Items | Written):
            return self._lists(left, right)
        raise NotNative("a comparison of unions, of lists that are made, or of unrounded quotients")

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

    def length(self, source: Items | Written) -> Operand:
        """How many items a list has."""
        if isinstance(source, Written):
            return integer(len(source.values))
        return self._builder.op("sub", "int", source.stop, source.start)

    def _item(self, source: Items | Written, index: int) -> Value:
        if isinstance(source, Written):
            return source.values[index]
        return source.item(self._builder.op("add", "int", source.start, integer(index)))

    def _lists(self, left: Items | Written, right: Items | Written) -> Operand:
        builder, compare = self._builder, self._expressions.scalars.compare
        found = builder.variable("bool", FALSE)
        as_long = builder.op("eq", "bool", self.length(left), self.length(right))
        with builder.block() as inside:
            builder.set(found, TRUE)
            written = left if isinstance(left, Written) else right
            if isinstance(written, Written):
                held: Operand = TRUE
                for index in range(len(written.values)):
                    one, other = self._item(left, index), self._item(right, index)
                    held = self._both(held, compare("eq", one, other))
                builder.set(found, held)
            else:
                assert isinstance(left, Items)
                assert isinstance(right, Items)
                with builder.loop(integer(0), self.length(left)) as index_of:
                    one = left.item(builder.op("add", "int", left.start, index_of))
                    other = right.item(builder.op("add", "int", right.start, index_of))
                    same = compare("eq", one, other)
                    builder.set(found, same)
                    builder.leave(builder.op("not", "bool", same))
        builder.when(as_long, inside)
        return builder.get(found)
