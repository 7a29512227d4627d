"""Aggregates, comprehensions and membership, as loops."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from hyper.emit.native.values import (
    Counting,
    Decimal,
    Entries,
    Generated,
    Items,
    Maybe,
    NotNative,
    Ratio,
    Scalar,
    Value,
    Written,
)
from hyper.ir.types import DURATION, FLOAT, INT, Dec, show
from hyper.jit.kernel.builder import FALSE, TRUE, floating, integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyper.emit.native.expressions import Expressions, Locals
    from hyper.emit.native.slots import Slot
    from hyper.ir import nodes
    from hyper.ir.types import Type
    from hyper.jit.kernel.ir import Operand

    Holder = Callable[[Value | None], Slot]
    Walk = Callable[[Callable[[Value], None]], None]


_ENDS_EARLY: Final = frozenset({"all", "any", "first"})
"""Aggregates for which the elements behind one that decides are not computed."""


class Aggregates:
    """The folds of one kernel."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self._builder = expressions.builder

    def comprehension(self, expr: nodes.Comprehend, local: Locals) -> Value:
        """A list that is made where it is used. Variables are taken as they are now."""
        expressions = self._expressions
        source = expressions.value(expr.source, local)
        held = expressions.held(local)
        place = expressions.sites.place
        placed = expressions.lists.placed(self._elements(expr, source, held))
        kind, single = expr.element.type, _is_single(source)
        if expr.condition is not None or not isinstance(source, Items | Written | Generated):
            return Generated(placed, kind, single=single)
        if isinstance(source, Generated) and source.at is None:
            return Generated(placed, kind, single=single, size=source.size)

        def at(index: Operand) -> Value:
            with expressions.sites.at(*place):
                item = expressions.lists.item(source, index)
                return expressions.value(expr.element, {**held, expr.target: item})

        def size() -> Operand:
            return expressions.lists.length(source)

        return Generated(placed, kind, single=single, size=size, at=at)

    def _elements(
        self,
        expr: nodes.Comprehend | nodes.Fold,
        source: Value,
        local: Locals,
        over: int | None = None,
    ) -> Walk:
        """The elements one after the other. None is computed once the variable ``over`` is true."""
        expressions, builder = self._expressions, self._builder

        def walk(body: Callable[[Value], None]) -> None:
            def unless_over(item: Value) -> None:
                if over is None:
                    each(item)
                    return
                with builder.block() as going_on:
                    each(item)
                builder.when(builder.op("not", "bool", builder.get(over)), going_on)

            def each(item: Value) -> None:
                inner = {**local, expr.target: item}
                if expr.condition is None:
                    body(expressions.value(expr.element, inner))
                    return
                keep = expressions.test(expr.condition, inner)
                with builder.block() as kept:
                    body(expressions.value(expr.element, inner))
                builder.when(keep, kept)

            expressions.walk(source, unless_over)

        return walk

    def fold(self, expr: nodes.Fold, local: Locals) -> Value:
        """An aggregate over a generator: each element is used before the next is computed."""
        source = self._expressions.value(expr.source, local)
        kind = self._expressions.kinds.present(expr.element.type)
        single = _is_single(source)
        over = None
        if expr.op in _ENDS_EARLY and not single:
            # To leave one of several loops would only go on to the next.
            over = self._builder.variable("bool", FALSE)
        walk = self._elements(expr, source, local, over)
        return self.folded(expr.op, kind, walk, guards=False, leaves=single, over=over)

    def of_list(self, op: str, kind: Type, source: Value) -> Value:
        """An aggregate over a list. All of a list is there before the first step: an element of one that is made just for this
        fails before what the aggregate itself may fail with, which is therefore left to a lower tier."""

        def walk(body: Callable[[Value], None]) -> None:
            self._expressions.walk(source, body)

        known = source.values if isinstance(source, Written) else ()
        guards = isinstance(source, Generated) and not source.settled
        leaves = not guards and _is_single(source)
        return self.folded(op, kind, walk, guards=guards, leaves=leaves, known=known)

    def folded(
        self,
        op: str,
        kind: Type,
        walk: Walk,
        *,
        guards: bool,
        leaves: bool = False,
        over: int | None = None,
        known: tuple[Value, ...] = (),
    ) -> Value:
        """The aggregate of what ``walk`` goes through, whose type is ``kind``.

        ``leaves`` tells whether it may be left where the rest does not matter; where it cannot be, the variable ``over`` tells that
        it does not. ``known`` are the elements of a list that is written out."""
        match op:
            case "sum":
                return self._sum(kind, walk, guards=guards, known=known)
            case "avg":
                return self._avg(kind, walk, guards=guards, known=known)
            case "count":
                return Scalar("int", self.count(walk))
            case "min" | "max":
                return self._extreme(op, walk, self.holder(kind, known))
            case "any" | "all":
                return self._decided(op, walk, leaves=leaves, over=over)
            case "first" | "last":
                return self._end(op, walk, self.holder(kind, known), leaves=leaves, over=over)
            case _:
                raise NotNative(f"{op} has no native form")

    def holder(self, kind: Type, known: tuple[Value, ...]) -> Holder:
        """Variables for one of the elements. Of decimals without a bound their digits are known when the first is made."""
        slots = self._expressions.slots
        if not isinstance(kind, Dec) or kind.precision:
            slot = slots.of_type(kind)
            return lambda _value: slot
        held = [functools.reduce(slots.for_two, map(slots.for_one, known))] if known else []

        def holder(value: Value | None) -> Slot:
            if not held:
                held.append(slots.for_one(value or Decimal(integer(0), 0, 1)))
            return held[0]

        return holder

    def _sum(self, kind: Type, walk: Walk, *, guards: bool, known: tuple[Value, ...] = ()) -> Value:
        builder = self._builder
        if isinstance(kind, Dec):
            return self._decimal_sum(kind, walk, known)
        if kind == FLOAT:
            total = builder.variable("float", floating(0.0))

            def add_float(value: Value) -> None:
                assert isinstance(value, Scalar)
                builder.set(total, builder.op("add", "float", builder.get(total), value.operand))

            walk(add_float)
            return Scalar("float", builder.get(total))
        if kind == DURATION:
            return self._duration_sum(walk, guards=guards)
        if kind != INT:
            raise NotNative(f"the sum of {show(kind)} has no native form")
        whole = builder.variable("int", integer(0))

        def add(value: Value) -> None:
            assert isinstance(value, Scalar)
            builder.set(whole, self._added(builder.get(whole), value.operand, guards=guards))

        walk(add)
        return Scalar("int", builder.get(whole))

    def _added(self, total: Operand, value: Operand, *, guards: bool) -> Operand:
        builder, sites = self._builder, self._expressions.sites
        if not guards:
            return builder.checked("add", total, value, self._expressions.scalars.overflow())
        wide = builder.op(
            "add", "wide", builder.op("widen", "wide", total), builder.op("widen", "wide", value)
        )
        short = builder.op("narrow", "int", wide)
        over = builder.op("ne", "bool", builder.op("widen", "wide", short), wide)
        builder.fail(over, sites.guard("a sum that does not fit"), guard=True)
        return short

    def _duration_sum(self, walk: Walk, *, guards: bool) -> Value:
        builder, durations = self._builder, self._expressions.durations
        if guards:
            raise NotNative("the sum of durations of a list that is made just for it")
        total = builder.variable("wide", durations.zero().operand)

        def add(value: Value) -> None:
            made = durations.arithmetic("add", Scalar("duration", builder.get(total)), value)
            if made is None:
                raise NotNative("a duration that is given has no native form")
            builder.set(total, made.operand)

        walk(add)
        return Scalar("duration", builder.get(total))

    def _decimal_sum(self, kind: Dec, walk: Walk, known: tuple[Value, ...]) -> Decimal:
        builder, decimals = self._builder, self._expressions.decimals
        scales = [value.scale for value in known if isinstance(value, Decimal)]
        scale: int | None = kind.scale if kind.precision else max(scales, default=None)
        # The digits of what is added are known when the first element is made: its scale is that of all.
        total = builder.variable("wide", integer(0, "wide"))

        def add(value: Value) -> None:
            nonlocal scale
            if not isinstance(value, Decimal):
                raise NotNative("a sum of quotients that are not rounded")
            if scale is None or value.scale > scale:
                if scale is not None:
                    raise NotNative("a sum of decimals of several scales")
                scale = value.scale
            value = decimals.scaled_up(value, scale)
            held = Decimal(builder.get(total), scale, 10**28 - 1)
            made = decimals.arithmetic("add", held, value)
            builder.set(total, made.operand)

        walk(add)
        return Decimal(builder.get(total), scale or 0, 10**28 - 1)

    def count(self, walk: Walk) -> Operand:
        """How many elements there are."""
        builder = self._builder
        count = builder.variable("int", integer(0))

        def one_more(_value: Value) -> None:
            builder.set(count, builder.op("add", "int", builder.get(count), integer(1)))

        walk(one_more)
        return builder.get(count)

    def _avg(self, kind: Type, walk: Walk, *, guards: bool, known: tuple[Value, ...]) -> Value:
        builder, sites = self._builder, self._expressions.sites
        count = builder.variable("int", integer(0))

        def counted(body: Callable[[Value], None]) -> None:
            def each(value: Value) -> None:
                body(value)
                builder.set(count, builder.op("add", "int", builder.get(count), integer(1)))

            walk(each)

        total = self._sum(kind, counted, guards=guards, known=known)
        found = builder.get(count)
        none = builder.op("eq", "bool", found, integer(0))
        builder.fail(none, sites.error("empty", "avg of nothing"))
        if isinstance(total, Decimal):
            return Ratio(total, self._expressions.decimals.of_int(found))
        assert isinstance(total, Scalar)
        if total.kind == "duration":
            return self._expressions.durations.mean(total, found)
        if total.kind == "float":
            by = builder.op("to_float", "float", found)
            return Scalar("float", builder.op("div", "float", total.operand, by))
        return Scalar("float", builder.op("ratio", "float", total.operand, found))

    def _extreme(self, op: str, walk: Walk, holder: Holder) -> Value:
        expressions, builder = self._expressions, self._builder
        some = builder.variable("bool", FALSE)

        def compare(value: Value) -> None:
            if isinstance(value, Maybe):
                raise NotNative(f"{op} of values that may be none")
            slot = holder(value)
            best = expressions.slots.read(slot)
            better = self.better(op, value, best)
            first = builder.op("not", "bool", builder.get(some))
            with builder.block() as taken:
                expressions.slots.store(slot, value)
                builder.set(some, TRUE)
            builder.when(builder.op("or", "bool", first, better), taken)

        walk(compare)
        none = builder.op("not", "bool", builder.get(some))
        # Also of a list that is there before: what fails here is that it is empty, and then no element has failed.
        builder.fail(none, expressions.sites.error("empty", f"{op} of nothing"))
        return expressions.slots.read(holder(None))

    def better(self, op: str, value: Value, best: Value) -> Operand:
        """Whether a value takes the place of the best so far; NaN is better than all but NaN."""
        builder, scalars = self._builder, self._expressions.scalars
        wins = scalars.compare("lt" if op == "min" else "gt", value, best)
        if not isinstance(value, Scalar) or value.kind != "float" or not isinstance(best, Scalar):
            return wins
        nan = builder.op("is_nan", "bool", value.operand)
        known = builder.op("not", "bool", builder.op("is_nan", "bool", best.operand))
        return builder.op("and", "bool", known, builder.op("or", "bool", nan, wins))

    def _decided(self, op: str, walk: Walk, *, leaves: bool, over: int | None) -> Value:
        builder = self._builder
        found = builder.variable("bool", FALSE if op == "any" else TRUE)

        def look(value: Value) -> None:
            assert isinstance(value, Scalar)
            decides = value.operand
            if op == "all":
                decides = builder.op("not", "bool", decides)
            with builder.block() as settled:
                builder.set(found, TRUE if op == "any" else FALSE)
                if over is not None:
                    builder.set(over, TRUE)
            builder.when(decides, settled)
            if leaves:
                builder.leave(decides)

        walk(look)
        return Scalar("bool", builder.get(found))

    def _end(self, op: str, walk: Walk, holder: Holder, *, leaves: bool, over: int | None) -> Value:
        expressions, builder = self._expressions, self._builder
        some = builder.variable("bool", FALSE)

        def take(value: Value) -> None:
            if isinstance(value, Maybe):
                raise NotNative(f"{op} of values that may be none")
            slot = holder(value)
            if op == "first" and not leaves:
                with builder.block() as taken:
                    expressions.slots.store(slot, value)
                builder.when(builder.op("not", "bool", builder.get(some)), taken)
            else:
                expressions.slots.store(slot, value)
            builder.set(some, TRUE)
            if over is not None:
                builder.set(over, TRUE)
            if op == "first" and leaves:
                builder.leave(TRUE)

        walk(take)
        return Maybe(builder.get(some), expressions.slots.read(holder(None)))

    def contains(self, items: Value, item: Value) -> Operand:
        """Whether a list has an item that is equal."""
        expressions, builder = self._expressions, self._builder
        if isinstance(items, Written):
            held: Operand = FALSE
            for each in items.values:
                same = expressions.scalars.compare("eq", each, item)
                held = same if held == FALSE else builder.op("or", "bool", held, same)
            return held
        if isinstance(items, Entries):
            return expressions.maps.has(items, item)
        if not isinstance(items, Items | Generated | Counting):
            raise NotNative("a search in a text or a map that is given")
        found = builder.variable("bool", FALSE)

        def look(value: Value) -> None:
            same = expressions.scalars.compare("eq", value, item)
            builder.set(found, builder.op("or", "bool", builder.get(found), same))

        expressions.walk(items, look)
        return builder.get(found)


def _is_single(source: Value) -> bool:
    """Whether one loop goes through a list."""
    return not isinstance(source, Generated) or source.single
