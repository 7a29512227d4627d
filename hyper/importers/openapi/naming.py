"""Names for all parts: components keep theirs, inline schemas are named by what they are part of."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from hyper.importers.openapi.nodes import marker, string
from hyper.importers.openapi.words import Names, pascal, type_name, words
from hyper.lang import tree

if TYPE_CHECKING:
    from hyper.importers.openapi.parts import Hint, Part

_VAGUE: Final = frozenset(
    {
        "Action", "Attributes", "Body", "Code", "Config", "Configuration", "Content", "Context",
        "Data", "Detail", "Details", "Display", "Entry", "Error", "Errors", "Event", "Field", "Fields",
        "File", "Filter", "Format", "Id", "Info", "Item", "Items", "Key", "Kind", "Level", "Links",
        "List", "Map", "Message", "Meta", "Mode", "Name", "Node", "Object", "Option", "Options",
        "Order", "Parameters", "Params", "Payload", "Permission", "Policy", "Properties", "Reason",
        "Request", "Resource", "Response", "Result", "Role", "Rule", "Settings", "Size", "Sort",
        "Source", "State", "Status", "Target", "Type", "Types", "User", "Value", "Values", "Word",
    }
)  # fmt: skip
"""Words that say too little to be the name of a declaration of their own."""

LONGEST: Final = 48
"""Names longer than this leave out what is in the middle of the way to them."""

_VAGUE_PLACES: Final = ("Item", "Option", "Payload", "Result", "Value", "Variant", "With")
"""How names of places begin that say nothing without what is around them."""

TOO_LONG: Final = 72
"""Names longer than this keep their first words and their last."""

_ENDINGS: Final = {"enum": "Kind", "union": "Choice", "alias": "Value", "entity": "Record"}


def name_parts(parts: list[Part], names: Names) -> None:
    """Name every part; those with a wire name that is not their own get ``@json``."""
    components = [part for part in parts if part.wire]
    for part in components:
        if type_name(part.wire) == part.wire:
            part.ident.name = names.claim(part.wire)
    for part in components:
        if not part.ident.name:
            part.ident.name = names.claim(type_name(part.wire), _ENDINGS[part.kind])
    inline = [part for part in parts if not part.wire and part.kind != "action"]
    _name_shared(inline, names)
    places = Counter(place for part in inline for place in {pascal(h.text) for h in part.hints})
    for part in inline:
        if not part.ident.name:
            name = _own_name(part, names)
            if len(name) > LONGEST:
                name = _place_alone(part, places, names) or _without_middle(name, part, names)
            part.ident.name = names.claim(name, _ENDINGS[part.kind])
    for part in components:
        decl = part.decl
        if isinstance(decl, tree.Decl) and part.ident.name != part.wire:
            decl.markers.insert(0, marker("json", string(part.wire)))


def _content_name(part: Part) -> str:
    """A name for what says all by itself: nothing at all, or a choice of plain values."""
    shape = part.shape
    if shape is None:
        return ""
    if part.kind == "entity":
        if (
            not shape.properties
            and not shape.bases
            and shape.schema == {"additionalProperties": False}
        ):
            return "Empty"
        if len(shape.properties) <= 2 and shape.properties and part.hints:
            text = pascal(part.hints[0].text)
            same = all(pascal(hint.text) == text for hint in part.hints)
            if same and text in _VAGUE:
                return type_name(f"{' and '.join(shape.properties)} {text}")
    if part.kind == "union" and len(shape.variants) <= 3:
        found = [_plain_word(schema) for schema, _ in shape.variants]
        return "Or".join(found) if all(found) else ""
    return ""


def _plain_word(schema: Any) -> str:
    """A word for a variant that is a plain value; empty for any other."""
    if not isinstance(schema, dict):
        return ""
    values = schema.get("enum")
    if values == [""]:
        return "Empty"
    if values is not None or "format" in schema or "$ref" in schema:
        return ""
    kind = schema.get("type")
    if kind == "array" and isinstance(schema.get("items"), dict):
        word = _plain_word(schema["items"])
        return f"{word}List" if word else ""
    if not isinstance(kind, str) or kind in ("object", "array", "null"):
        return ""
    longest = schema.get("maxLength")
    return _PLAIN.get(kind, "") + (str(longest) if longest is not None else "")


_PLAIN: Final = {"string": "String", "integer": "Int", "number": "Float", "boolean": "Bool"}


def _name_shared(inline: list[Part], names: Names) -> None:
    """An inline schema that stands in many places is named by what they agree on."""
    wanted: dict[str, list[Part]] = {}
    for part in inline:
        if len(part.hints) > 1:
            name = _common_name(part.hints) or _content_name(part)
            if name:
                wanted.setdefault(name, []).append(part)
    for name, claimants in wanted.items():
        if name in names.taken:
            continue
        claimants.sort(key=lambda part: -len(part.hints))
        if len(claimants) > 1 and len(claimants[0].hints) < 2 * len(claimants[1].hints):
            continue  # none of them is what the word means
        claimants[0].ident.name = names.claim(name)


def _common_name(hints: list[Hint]) -> str:
    texts = Counter(pascal(hint.text) for hint in hints)
    text, count = texts.most_common(1)[0]
    if not text or text in _VAGUE or text.startswith(("With", "Result", "Error", "Option")):
        titles = Counter(hint.title for hint in hints)
        title = titles.most_common(1)[0][0]
        name = pascal(title) if title and len(title) <= 60 else ""
        return name if len(words(title)) > 1 else ""
    if count * 2 <= len(hints) or text[0].isdigit():
        return ""
    return text


def _own_name(part: Part, names: Names) -> str:
    """The part around it and the place in it."""
    hint = part.hints[0] if part.hints else None
    if hint is None:
        return "Value"
    text = hint.text
    owner = "" if hint.owner is part else (hint.owner.base or hint.owner.name)
    if text == "not null":
        bare = owner.removeprefix("Nullable")
        if bare != owner and bare and bare not in names.taken:
            return bare
        text = "value"
    best = ""
    for each in part.hints[:50]:
        around = "" if each.owner is part else (each.owner.base or each.owner.name)
        name = _join(around, pascal(each.text if each.text != "not null" else "value"))
        if around and (not best or len(name) < len(best)) and name not in names.taken:
            best = name
    name = best or _join(owner, pascal(text))
    if len(name) > LONGEST and hint.owner is not part:
        shorter = _shortened(hint)
        if shorter and shorter not in names.taken and len(shorter) < len(name):
            return shorter
    return type_name(name)


def _place_alone(part: Part, places: Counter[str], names: Names) -> str:
    """The name of the place alone, where it says enough and no other part has such a place."""
    place = pascal(part.hints[0].text) if part.hints else ""
    if places[place] != 1 or len(words(place)) < 3 or place.startswith(_VAGUE_PLACES):
        return ""
    name = type_name(place)
    return name if name not in names.taken else ""


def _without_middle(name: str, part: Part, names: Names) -> str:
    """A name that is far too long by as much of its beginning as makes it the only one, and by its end."""
    if len(name) <= TOO_LONG:
        return name
    parts = words(name)
    end = max(len(words(part.hints[0].text)) if part.hints else 0, 3)
    for size in range(3, len(parts) - end):
        short = type_name(" ".join((*parts[:size], *parts[-end:])))
        if len(short) <= TOO_LONG and short not in names.taken:
            return short
    return name


def _shortened(hint: Hint) -> str:
    """The outermost owner, the nearest place and what is in it."""
    way = [hint.text]
    owner = hint.owner
    while owner.hints and owner.hints[0].owner is not owner and not owner.wire:
        way.append(owner.hints[0].text)
        owner = owner.hints[0].owner
    root = owner.base or owner.name
    near = pascal(" ".join(reversed(way[:2])))
    return type_name(_join(root, near)) if len(way) > 1 else ""


def _join(owner: str, text: str) -> str:
    """Two names as one: what the first ends with and the second begins with is said once."""
    if not owner or not text:
        return owner or text or "Value"
    ours, theirs = words(owner), words(text)
    for size in range(min(len(ours), len(theirs) - 1), 0, -1):
        if [word.lower() for word in ours[-size:]] == [word.lower() for word in theirs[:size]]:
            return owner + pascal(" ".join(theirs[size:]))
    joint = "_" if owner[-1].isdigit() and text[0].isdigit() else ""
    return f"{owner}{joint}{text}"
