"""Lists that are made within a kernel: none is kept in memory, each is made again where it is used.

All of a list is there before anything is done with it: what may fail of its elements is run through once where the list is made,
and what is made again later cannot fail.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hyper.emit.native.values import Counting, Generated, Items, NotNative, Value, Written
from hyper.jit.kernel.builder import FALSE, TRUE, integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.emit.native.expressions import Expressions
    from hyper.emit.native.values import Sequence
    from hyper.ir.types import Type
    from hyper.jit.kernel.ir import Operand, Step

    Walk = Callable[[Callable[[Value], None]], None]


class Lists:
    """Lists of one kernel."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self._builder = expressions.builder

    def settled(self, value: Value) -> Value:
        """The value; of a list that is made, after all that can fail of it."""
        if not isinstance(value, Generated) or value.settled:
            return value
        steps = self._failing(value)
        if steps is not None:
            self._builder.fails = True
            self._builder.when(TRUE, steps)
        walk, at = self._sure(value.walk), value.at
        if at is None or steps is None:
            return replace(value, settled=True, walk=walk)

        def sure_at(index: Operand) -> Value:
            with self._builder.sure():
                return at(index)

        return replace(value, settled=True, walk=walk, at=sure_at)

    def _sure(self, walk: Walk) -> Walk:
        """A walk of which nothing can fail but what its user does."""
        builder = self._builder

        def sure(body: Callable[[Value], None]) -> None:
            user = builder.is_sure

            def used(element: Value) -> None:
                with builder.sure(user):
                    body(element)

            with builder.sure():
                walk(used)

        return sure

    def sound(self, value: Value) -> Value:
        """The value; a list that is made counts as settled where nothing can fail of it."""
        if not isinstance(value, Generated) or value.settled or self._failing(value) is not None:
            return value
        return replace(value, settled=True)

    def _failing(self, value: Generated) -> list[Step] | None:
        """The steps of a walk, where one can fail."""
        builder = self._builder
        before, builder.fails = builder.fails, False
        with builder.block() as steps:
            value.walk(lambda _element: None)
        fails, builder.fails = builder.fails, before
        return steps if fails else None

    def placed(self, walk: Walk) -> Walk:
        """A walk whose steps stand where the list is made, and those of its user where that is."""
        sites = self._expressions.sites
        place = sites.place

        def placed(body: Callable[[Value], None]) -> None:
            user = sites.place

            def used(element: Value) -> None:
                with sites.at(*user):
                    body(element)

            with sites.at(*place):
                walk(used)

        return placed

    def length(self, source: Value) -> Operand:
        """How many items a list has. Raises ``NotNative`` for what is no list."""
        builder = self._builder
        if isinstance(source, Written):
            return integer(len(source.values))
        if isinstance(source, Items):
            return builder.op("sub", "int", source.stop, source.start)
        if isinstance(source, Counting):
            size = builder.op("sub", "int", source.stop, source.start)
            return builder.op("max", "int", size, integer(0))
        if not isinstance(source, Generated):
            raise NotNative("the length of a text")
        if source.size is not None:
            return source.size()
        return self._expressions.aggregates.count(source.walk)

    def item(self, source: Value, index: Operand) -> Value:
        """The item at an index that is within the list."""
        builder = self._builder
        if isinstance(source, Written):
            return self._written(source, index)
        if isinstance(source, Items):
            return source.item(builder.op("add", "int", source.start, index))
        if not isinstance(source, Generated):
            raise NotNative("an item of a text")
        return self._sought(source, index) if source.at is None else source.at(index)

    def _written(self, base: Written, index: Operand) -> Value:
        if not base.values:
            raise NotNative("an item of an empty list")
        found = base.values[-1]
        for place, value in reversed(list(enumerate(base.values[:-1]))):
            here = self._builder.op("eq", "bool", index, integer(place))
            found = self._expressions.choose(
                here,
                lambda value=value: value,  # type: ignore[misc]
                lambda found=found: found,  # type: ignore[misc]
            )
        return found

    def _sought(self, source: Generated, index: Operand) -> Value:
        """An item of a list that is walked through up to it."""
        builder, slots = self._builder, self._expressions.slots
        holder = self._expressions.aggregates.holder(source.kind, ())
        count = builder.variable("int", integer(0))

        def take(value: Value) -> None:
            here = builder.op("eq", "bool", builder.get(count), index)
            with builder.block() as taken:
                slots.store(holder(value), value)
            builder.when(here, taken)
            builder.set(count, builder.op("add", "int", builder.get(count), integer(1)))

        source.walk(take)
        return slots.read(holder(None))

    def chained(self, kind: Type, first: Sequence, second: Sequence) -> Generated:
        """One list after the other; ``kind`` is that of the items."""
        expressions = self._expressions

        def both(body: Callable[[Value], None]) -> None:
            expressions.walk(first, body)
            expressions.walk(second, body)

        def size() -> Operand:
            return self._builder.op("add", "int", self.length(first), self.length(second))

        return Generated(both, kind, settled=True, single=False, size=size)

    def either(
        self, condition: Operand, yes: Callable[[], Value], no: Callable[[], Value], kind: Type
    ) -> Value:
        """One of two lists, which are made where they are used; ``kind`` is that of the items."""
        if condition in {TRUE, FALSE}:
            return yes() if condition == TRUE else no()
        builder, expressions = self._builder, self._expressions

        def walk(body: Callable[[Value], None]) -> None:
            with builder.block() as then:
                expressions.walk(yes(), body)
            with builder.block() as orelse:
                expressions.walk(no(), body)
            builder.when(condition, then, orelse)

        return Generated(self.placed(walk), kind, single=False)

    def same(self, left: Sequence, right: Sequence) -> Operand:
        """Whether two lists are equal, item by item."""
        if isinstance(right, Generated):
            left, right = right, left
        if isinstance(right, Generated) and right.at is None:
            raise NotNative("a comparison of two lists that are made here")
        builder, compare = self._builder, self._expressions.scalars.compare
        found = builder.variable("bool", FALSE)
        as_long = builder.op("eq", "bool", self.length(left), self.length(right))
        with builder.block() as inside:
            builder.set(found, TRUE)
            place = builder.variable("int", integer(0))

            def each(one: Value) -> None:
                equal = compare("eq", one, self.item(right, builder.get(place)))
                builder.set(place, builder.op("add", "int", builder.get(place), integer(1)))
                both = builder.op("and", "bool", builder.get(found), equal)
                builder.set(found, both)

            if not (isinstance(right, Written) and not right.values):
                self._expressions.walk(left, each)
        builder.when(as_long, inside)
        return builder.get(found)
