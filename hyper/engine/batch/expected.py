"""What is expected at each place of a function's columns: spellings, defaults and markers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hyper.engine.batch.layout import marker_sets, walk
from hyper.ir.interpreter import EnumValue
from hyper.ir.markers import FORMAT_RANGES, NO_MARKERS, Markers
from hyper.ir.types import ListOf, Opt
from hyper.jit.columns.binding import NOTHING, Expected
from hyper.jit.columns.formats import MOST_MESSAGES, Wrong, number_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from hyper.engine.batch.layout import Layout
    from hyper.ir.interpreter import Interpreter
    from hyper.ir.kinds import Kinds
    from hyper.ir.program import FieldDef
    from hyper.ir.types import Type
    from hyper.jit.columns.binding import Check, Parts
    from hyper.jit.columns.formats import Array
    from hyper.jit.columns.texts import Texts
    from hyper.jit.kernel.ir import Format


def expected_places(
    layout: Layout, interpreter: Interpreter, kinds: Kinds, now: datetime
) -> dict[Parts, Expected]:
    """Every place of the columns. Rows that are built as values are checked when they are built, and not here."""
    program = interpreter.program
    forms = {path: column.format for path, column in zip(layout.parts, layout.columns, strict=True)}
    found: dict[Parts, Expected] = {}
    for path, column in zip(layout.parts, layout.columns, strict=True):
        if column.role == "whole":
            continue
        for parts, kind, field, owner in walk(program, kinds, layout.params, path):
            if parts in found:
                continue
            names: tuple[str, ...] = (parts[-1],)
            if field is not None and field.wire != field.name:
                names = (field.name, field.wire)
            nullable = isinstance(kinds.bare(kind), Opt)
            if layout.native is None:
                gaps = field is not None and (field.optional or field.default is not None)
                found[parts] = Expected(names, nullable or gaps)
                continue
            nullable |= field is not None and field.optional and field.default is None
            default = NOTHING
            if field is not None and field.default is not None:
                default, empty = _default(interpreter, field, owner, now)
                nullable |= empty
            own = field.markers if field is not None else None
            sets = marker_sets(program, kind, own)
            checks = tuple(_checks(interpreter, kinds.present(kind), sets, forms.get(parts)))
            found[parts] = Expected(names, nullable, default, checks)
    return found


def _default(
    interpreter: Interpreter, field: FieldDef, owner: str, now: datetime
) -> tuple[Any, bool]:
    """A default that is one value, else nothing; and whether it is the empty list."""
    assert field.default is not None
    path = interpreter.program.home[owner].path
    value = interpreter.evaluate(field.default, path=path, line=field.line, now=now)
    if isinstance(value, EnumValue):
        return value.wire, False
    if isinstance(value, list | dict) or hasattr(value, "fields"):
        return NOTHING, value == []
    return value, False


def _checks(
    interpreter: Interpreter, kind: Type, sets: list[Markers], form: Format | None
) -> Iterator[Check]:
    for markers in sets:
        if form is not None and isinstance(kind, ListOf):
            yield from _sizes(markers)
        elif form is not None:
            yield from _ranges(markers, form)
            rest = Markers(
                min_length=markers.min_length,
                max_length=markers.max_length,
                patterns=markers.patterns,
                multiple=markers.multiple,
            )
            if rest != NO_MARKERS:
                check = interpreter.records.constraints.check(kind, rest)
                if check is not None:
                    yield _each(check, form)


def _sizes(markers: Markers) -> Iterator[Check]:
    low, high = markers.min_size, markers.max_size
    if low is None and high is None:
        return

    def check(lengths: Array, _texts: Texts) -> Iterator[Wrong]:
        if low is not None and (places := np.flatnonzero(lengths < low)).size:
            yield Wrong(places, f"fewer than {low} items")
        if high is not None and (places := np.flatnonzero(lengths > high)).size:
            yield Wrong(places, f"more than {high} items")

    yield check


def _ranges(markers: Markers, form: Format) -> Iterator[Check]:
    bounds = [
        (markers.minimum, "below", markers.exclusive_minimum),
        (markers.maximum, "above", markers.exclusive_maximum),
    ]
    if form.meaning == "int" and markers.format in FORMAT_RANGES:
        low, high = FORMAT_RANGES[markers.format]
        bounds += [(low, "below", False), (high, "above", False)]
    if form.meaning not in {"int", "float", "decimal"}:
        return
    for bound, side, exclusive in bounds:
        if bound is not None:
            yield _range(bound, side, form, exclusive=exclusive)


def _range(bound: Any, side: str, form: Format, *, exclusive: bool) -> Check:
    """Whole units are compared with the bound in units; where that is between two, it does not matter which side."""
    text = f"{'not ' if exclusive else ''}{_over(side) if exclusive else side} {bound}"

    def check(values: Array, _texts: Texts) -> Iterator[Wrong]:
        if form.meaning == "float":
            limit = float(bound)
            # NaN is outside of every range.
            inside = (
                (values > limit if exclusive else values >= limit)
                if side == "below"
                else (values < limit if exclusive else values <= limit)
            )
            wrong = ~inside
        else:
            wrong = _beyond(values, bound, side, form, exclusive=exclusive)
        places = np.flatnonzero(wrong)
        if places.size:
            yield Wrong(places, f"a value {text}")

    return check


def _over(side: str) -> str:
    return "above" if side == "below" else "below"


def _beyond(values: Array, bound: Any, side: str, form: Format, *, exclusive: bool) -> Array:
    from fractions import Fraction

    exact = Fraction(bound) * 10**form.scale
    # The least unit that is allowed, or the greatest.
    if side == "below":
        limit = exact.__floor__() + 1 if exclusive else exact.__ceil__()
    else:
        limit = exact.__ceil__() - 1 if exclusive else exact.__floor__()
    if values.ndim == 1:
        if not -(2**63) <= limit < 2**63:
            return np.full(len(values), (limit > 0) == (side == "below"))
        outside: Array = values < limit if side == "below" else values > limit
        return outside
    numbers = [number_at(values, place) for place in range(len(values))]
    return np.array(
        [number < limit if side == "below" else number > limit for number in numbers], np.bool_
    )


def _each(check: Callable[[Any], str | None], form: Format) -> Check:
    """Different values are checked once, by the definition of the markers."""
    from hyper.engine.batch.values import value_of

    def of_texts(values: Array, texts: Texts) -> Iterator[Wrong]:
        for message, places in texts.wrong(check, values):
            yield Wrong(places, message)

    def run(values: Array, texts: Texts) -> Iterator[Wrong]:
        distinct, inverse = np.unique(values, axis=0, return_inverse=True)
        inverse = inverse.reshape(-1)
        bad: dict[str, list[int]] = {}
        for place in range(len(distinct)):
            message = check(value_of(distinct, place, form, texts))
            if message is not None:
                bad.setdefault(message if len(bad) < MOST_MESSAGES else "no such value", []).append(
                    place
                )
        for message, places in bad.items():
            yield Wrong(np.flatnonzero(np.isin(inverse, places)), message)

    return of_texts if form.meaning == "text" else run
