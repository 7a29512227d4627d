"""Maps whose entries are written out: a look-up compares the codes of their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyper.emit.native.values import Entries, Maybe, NotNative, Scalar, Value, Written
from hyper.jit.kernel.builder import FALSE, TRUE, boolean, integer
from hyper.jit.kernel.ir import Imm

if TYPE_CHECKING:
    from hyper.emit.native.expressions import Expressions
    from hyper.jit.kernel.ir import Operand


class Maps:
    """Maps of one kernel."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self._builder = expressions.builder

    def _same(self, one: Value, other: Value) -> Operand:
        if not isinstance(one, Scalar) or not isinstance(other, Scalar):
            raise NotNative("a key that may be none")
        if isinstance(one.operand, Imm) and isinstance(other.operand, Imm):
            return boolean(one.operand == other.operand)
        return self._builder.op("eq", "bool", one.operand, other.operand)

    def _either(self, one: Operand, other: Operand) -> Operand:
        if TRUE in {one, other}:
            return TRUE
        if one == FALSE:
            return other
        return one if other == FALSE else self._builder.op("or", "bool", one, other)

    def has(self, entries: Entries, key: Value) -> Operand:
        """Whether a key is there."""
        held: Operand = FALSE
        for each in entries.keys:
            held = self._either(held, self._same(each, key))
        return held

    def get(self, entries: Entries, key: Value) -> Maybe:
        """The value of a key, of equal ones the last; anything where it is not there."""
        if not entries.values:
            raise NotNative("a look-up in an empty map")
        found = entries.values[0]
        for each, value in zip(entries.keys[1:], entries.values[1:], strict=True):
            found = self._expressions.choose(
                self._same(each, key),
                lambda value=value: value,  # type: ignore[misc]
                lambda found=found: found,  # type: ignore[misc]
            )
        return Maybe(self.has(entries, key), found)

    def item(self, entries: Entries, key: Value) -> Value:
        """The value of a key that must be there."""
        found = self.get(entries, key)
        if found.present != TRUE:
            missing = self._builder.op("not", "bool", found.present)
            site = self._expressions.sites.error("out_of_bounds", "no such entry")
            self._builder.fail(missing, site)
        return found.value

    def _distinct(self, entries: Entries) -> dict[str, Value]:
        """The values by the codes of their keys, in the order of the keys."""
        distinct: dict[str, Value] = {}
        for key, value in zip(entries.keys, entries.values, strict=True):
            if not isinstance(key, Scalar) or not isinstance(key.operand, Imm):
                raise NotNative("the entries of a map whose keys are computed")
            distinct[key.operand.text] = value
        return distinct

    def _of_codes(self, distinct: dict[str, Value]) -> Entries:
        keys = tuple(Scalar("text", integer(int(code))) for code in distinct)
        return Entries(keys, tuple(distinct.values()))

    def builtin(self, name: str, args: list[Value]) -> Value:
        """A builtin whose first argument is a map. Raises ``NotNative``."""
        entries = args[0]
        if not isinstance(entries, Entries):
            raise NotNative("a map that is given")
        match name:
            case "has" | "contains":
                return Scalar("bool", self.has(entries, args[1]))
            case "get":
                return self.get(entries, args[1])
            case "length":
                return Scalar("int", integer(len(self._distinct(entries))))
            case "keys":
                return Written(self._of_codes(self._distinct(entries)).keys)
            case "values":
                return Written(tuple(self._distinct(entries).values()))
            case "merge" if isinstance(args[1], Entries):
                return self._of_codes(self._distinct(entries) | self._distinct(args[1]))
            case _:
                raise NotNative(f"{name} of a map has no native form")
