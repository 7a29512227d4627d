"""What a column of a kernel expects, and what reading one gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

try:
    import numpy as np
except ModuleNotFoundError:
    message = "batches need NumPy: pip install 'hypercompiler[data]'"
    raise ModuleNotFoundError(message, name="numpy") from None

if TYPE_CHECKING:
    from hyper.jit.kernel.ir import Format

Array: TypeAlias = np.ndarray[Any, Any]

FIRST_DAY: Final = -719_162
"""0001-01-01 in days since 1970-01-01."""
LAST_DAY: Final = 2_932_896
"""9999-12-31."""
LEAST: Final = -(2**63)
MOST: Final = 2**63 - 1
MOST_MESSAGES: Final = 1000
"""Different messages of one column and part; after them a common one stands."""


class Wrong(NamedTuple):
    """Values that are none of what is expected: their indexes, and one message for all."""

    places: Array
    message: str


class Read(NamedTuple):
    """A column as a kernel takes it; what stands at wrong places means nothing. It may be the caller's own memory."""

    array: Array
    wrong: list[Wrong]


class WrongTypeError(ValueError):
    """A whole column of another type than is expected."""

    def __init__(self, found: str, form: Format) -> None:
        super().__init__(f"{shown(form)} is expected, not {found}")


def shown(form: Format) -> str:
    """What is expected, for people."""
    match form.meaning:
        case "decimal":
            return f"decimal({form.precision}, {form.scale})"
        case "label":
            listed = ", ".join(repr(label) for label in form.labels[:10])
            return f"one of {listed}{', …' if len(form.labels) > 10 else ''}"
        case "text":
            return "text"
        case "offset":
            return "a list"
        case meaning:
            return meaning


def clip(value: object) -> str:
    """A value as it stands in a message."""
    text = ascii(value) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def flagged(mask: Array, message: str) -> list[Wrong]:
    """The places where the mask holds; none where it holds nowhere."""
    return [Wrong(np.flatnonzero(mask), message)] if mask.any() else []


def within_days(days: Array) -> Read:
    """Days as dates of the years 1 to 9999."""
    outside = (days < FIRST_DAY) | (days > LAST_DAY)
    return Read(days, flagged(outside, "a date outside of the years 1 to 9999"))


def words(numbers: Array) -> Array:
    """64-bit numbers as two words each, the low one first."""
    made = np.empty((len(numbers), 2), np.int64)
    made[:, 0] = numbers
    made[:, 1] = numbers >> 63
    return made


def stored(numbers: list[int], *, wide: bool) -> Array:
    """Whole numbers, which fit, as they lie in memory."""
    if not wide:
        return np.array(numbers, np.int64)
    low = np.array([number & 0xFFFF_FFFF_FFFF_FFFF for number in numbers], np.uint64)
    made = np.empty((len(numbers), 2), np.int64)
    made[:, 0] = low.view(np.int64)
    made[:, 1] = np.array([number >> 64 for number in numbers], np.int64)
    return made


def number_at(array: Array, place: int) -> int:
    """A whole number of one or of two words."""
    if array.ndim == 1:
        return int(array[place])
    return (int(array[place, 1]) << 64) | (int(array[place, 0]) & 0xFFFF_FFFF_FFFF_FFFF)
