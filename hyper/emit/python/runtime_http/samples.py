"""Values that fit a JSON Schema, chosen without chance: the same schema gives the same value."""

from __future__ import annotations

import re
from functools import cache, partial
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from .patterns import matches, matching

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema import FormatChecker

__all__ = ["Sampler"]

Schema = dict[str, Any]

_FORMATS = {
    "date": "2024-01-15",
    "date-time": "2024-01-15T09:30:00Z",
    "time": "09:30:00Z",
    "duration": "PT1H",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uri-reference": "/example",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "",
    "decimal": "1",
}
_FORMAT_PATTERNS = {
    "date-time": r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)",
    "time": r"\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?",
    "duration": r"-?P(?!$)(\d+[YMWD])*(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?",
    "uri": r"[A-Za-z][A-Za-z0-9+.-]*:\S*",
    "uuid": r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
}
_BOUNDS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"))
_WORDS = "sample text "
_DEEP = 12


class Sampler:
    """Makes values for the schemas of one document."""

    __slots__ = ("_document", "_open", "_validators", "examples")

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._open: list[str] = []
        self.examples = True
        """Whether examples in the schemas are taken."""
        self._validators: dict[int, tuple[Schema, Any]] = {}

    # Fitting

    def fits(self, schema: Any, value: Any) -> bool:
        """Whether a value fits a schema of the document."""
        known = self._validators.get(id(schema))
        if known is None or known[0] is not schema:
            known = self._validators[id(schema)] = (schema, self._validator(schema))
        try:
            return bool(known[1].is_valid(value))
        except RecursionError:
            return False
        except re.error:
            return True  # a pattern of another dialect, which says nothing here

    def _validator(self, schema: Any) -> Any:
        # References count from the root of the document, which the schema is therefore put into.
        return _validator_class()(
            {"components": self._document.get("components", {}), "allOf": [schema]},
            format_checker=_format_checker(),
        )

    def resolve(self, schema: Any) -> Any:
        """The schema behind a reference."""
        seen = 0
        while isinstance(schema, dict) and "$ref" in schema and seen < 100:
            target: Any = self._document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                key = part.replace("~1", "/").replace("~0", "~")
                target = target.get(key, {}) if isinstance(target, dict) else {}
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {"allOf": [target, rest]} if _says_more(rest) else target
            seen += 1
        return schema

    def properties(self, schema: Any) -> Schema:
        """The properties that an object of a schema may have."""
        found: Schema = self._merged(schema).get("properties", {})
        return found

    # Making

    def sample(self, schema: Any) -> Any:
        """A value that fits, as far as one is found."""
        return self._sample(schema, 0)

    def _sample(self, schema: Any, depth: int) -> Any:
        references = _references(schema)
        if depth > _DEEP * 3 or any(self._open.count(one) > 1 for one in references):
            raise _TooDeepError
        self._open += references
        try:
            return self._of(schema, depth)
        finally:
            del self._open[len(self._open) - len(references) :]

    def _of(self, schema: Any, depth: int) -> Any:
        if schema is True or schema == {}:
            return {}
        if not isinstance(schema, dict):
            return None
        merged = self._merged(schema)
        for example in _examples(merged) if self.examples else ():
            if self.fits(schema, example):
                return example
        if "const" in merged:
            return merged["const"]
        for value in merged.get("enum", ()):
            if self.fits(schema, value):
                return value
        for key in ("oneOf", "anyOf"):
            if key in merged:
                return self._choice(schema, merged, key, depth)
        value = self._plain(merged, depth)
        return (
            value
            if not _restless(merged) or self.fits(schema, value)
            else self._search(schema, merged, depth)
        )

    def _choice(self, schema: Schema, merged: Schema, key: str, depth: int) -> Any:
        rest = {name: value for name, value in merged.items() if name != key}
        tags = (merged.get("discriminator") or {}).get("mapping", {})
        name = (merged.get("discriminator") or {}).get("propertyName")
        best: Any = None
        for variant in sorted(merged[key], key=_is_null):
            for least in ({}, {"x-least": True}):
                parts = {"allOf": [rest, variant, least]}
                try:
                    value = self._sample(parts if least or _says_more(rest) else variant, depth + 1)
                except _TooDeepError:
                    continue
                if name is not None and isinstance(value, dict):
                    tag = next(
                        (tag for tag, ref in tags.items() if ref == variant.get("$ref")), None
                    )
                    value = value if tag is None else {**value, name: tag}
                if self.fits(schema, value):
                    return value
                best = value if best is None else best
        if best is None:
            raise _TooDeepError
        return best

    def _search(self, schema: Schema, merged: Schema, depth: int) -> Any:
        """Other values, where the nearest does not fit."""
        candidates = [
            {**merged, "required": list(merged.get("properties", {}))},
            {**merged, "x-least": True},
        ]
        candidates += [
            self._merged({"allOf": [merged, merged[branch]]})
            for branch in ("then", "else")
            if branch in merged
        ]
        for candidate in candidates:
            try:
                value = self._plain(candidate, depth)
            except _TooDeepError:
                continue
            if self.fits(schema, value):
                return value
        for value in (None, "", "a", 0, 1, True, [], {}):
            if self.fits(schema, value):
                return value
        return self._plain(merged, depth)

    def _plain(self, schema: Schema, depth: int) -> Any:
        match _kind(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                return _string(schema)
            case "integer":
                return int(_number(schema, whole=True))
            case "number":
                return _number(schema, whole=False)
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return {}

    def _object(self, schema: Schema, depth: int) -> Schema:
        result: Schema = {}
        required = schema.get("required", ())
        least = schema.get("x-least") or depth > _DEEP
        for name, inner in schema.get("properties", {}).items():
            if name not in required and (least or depth > 2):
                continue
            if isinstance(inner, dict) and inner.get("writeOnly") and name not in required:
                continue
            try:
                result[name] = self._sample(inner, depth + 1)
            except _TooDeepError:
                if name in required:
                    raise
        for name in required:
            if name not in result:
                result[name] = self._additional(schema, depth)
        number = 1
        while len(result) < schema.get("minProperties", 0):
            name = self._new_name(schema, number)
            result.setdefault(name, self._additional(schema, depth))
            number += 1
            if number > 1000:
                break
        most = schema.get("maxProperties")
        if most is not None:
            for name in [name for name in reversed(result) if name not in required]:
                if len(result) <= most:
                    break
                del result[name]
        return result

    def _new_name(self, schema: Schema, number: int) -> str:
        for name in schema.get("properties", {}):
            if number == 1:
                return str(name)
            number -= 1
        for pattern in schema.get("patternProperties", {}):
            found = matching([pattern], number, None)
            if found is not None:
                return found
        return f"key{number}"

    def _additional(self, schema: Schema, depth: int) -> Any:
        inner = schema.get("additionalProperties", True)
        for following in schema.get("patternProperties", {}).values():
            inner = following
            break
        return "" if inner in (True, False, {}) else self._sample(inner, depth + 1)

    def _array(self, schema: Schema, depth: int) -> list[Any]:
        least = schema.get("minItems", 0)
        prefix = schema.get("prefixItems", [])
        result = [self._sample(item, depth + 1) for item in prefix]
        items = schema.get("items", True)
        wanted = max(
            least, 1 if depth < 6 and schema.get("maxItems", 1) and items is not False else 0
        )
        if len(result) >= wanted or items is False:
            return result[: schema.get("maxItems", len(result))]
        try:
            first = "" if items is True else self._sample(items, depth + 1)
        except _TooDeepError:
            if least > len(result):
                raise
            return result
        if schema.get("uniqueItems"):
            return self._different(schema, result, first, wanted)
        return [*result, *[first] * (wanted - len(result))]

    def _different(self, schema: Schema, result: list[Any], first: Any, wanted: int) -> list[Any]:
        """Items that all differ."""
        merged = self._merged(schema.get("items", {}))
        choices = [first, *(value for value in merged.get("enum", ()) if value != first)]
        number = 0
        while len(choices) < wanted and number < wanted * 4 + 10:
            number += 1
            made = _another(first, number)
            if made not in choices and self.fits(schema.get("items", {}), made):
                choices.append(made)
        return [*result, *choices[: wanted - len(result)]]

    # Merging

    def _merged(self, schema: Any) -> Schema:
        """A schema with what its references and ``allOf`` say in one object."""
        result: Schema = {}
        waiting = [schema]
        count = 0
        while waiting and count < 500:
            count += 1
            part = self.resolve(waiting.pop(0))
            if not isinstance(part, dict):
                continue
            waiting[:0] = part.get("allOf", [])
            _merge(result, part)
        return result


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator, ValidationError, validators

    def pattern(_validator: Any, wanted: str, value: Any, _schema: Any) -> Iterator[Any]:
        if isinstance(value, str) and not matches(wanted, value):
            yield ValidationError(f"{value!r} does not match {wanted!r}")

    extend: Any = validators.extend
    return extend(Draft202012Validator, {"pattern": pattern})


@cache
def _format_checker() -> FormatChecker:
    from jsonschema import FormatChecker

    checker = FormatChecker(("date", "email", "ipv4", "ipv6", "regex"))
    for name, pattern in _FORMAT_PATTERNS.items():
        checker.checks(name)(partial(_looks_like, re.compile(pattern)))
    return checker


def _looks_like(pattern: re.Pattern[str], value: object) -> bool:
    return not isinstance(value, str) or pattern.fullmatch(value) is not None


def _references(schema: Any) -> list[str]:
    """The references that a schema is made of."""
    found: list[str] = []
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "$ref" in part:
                found.append(part["$ref"])
            waiting += part.get("allOf", ())
    return found


class _TooDeepError(Exception):
    """A recursive schema whose value would not end on this path."""


def _examples(schema: Schema) -> list[Any]:
    """The examples of a schema, in either spelling."""
    return [*schema.get("examples", ()), *([schema["example"]] if "example" in schema else ())]


def _says_more(schema: Schema) -> bool:
    return any(
        key not in {"description", "title", "deprecated", "readOnly", "writeOnly", "discriminator"}
        and (not key.startswith("x-") or key.removeprefix("x-") in _BOUNDS)
        for key in schema
    )


def _is_null(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


_RESTLESS = frozenset(
    {"not", "if", "oneOf", "anyOf", "dependentRequired", "dependentSchemas", "patternProperties", "contains",
     "propertyNames", "uniqueItems", "pattern", "format", "multipleOf", "minProperties", "maxProperties"}
)  # fmt: skip


def _restless(schema: Schema) -> bool:
    """Whether a first value may not fit yet."""
    return not _RESTLESS.isdisjoint(schema)


def _merge(into: Schema, part: Schema) -> None:
    for key, value in part.items():
        if key in {"allOf", "$ref"}:
            continue
        if key == "properties":
            own = into.setdefault("properties", {})
            for name, inner in value.items():
                own[name] = (
                    {"allOf": [own[name], inner]} if name in own and own[name] != inner else inner
                )
        elif key == "required":
            into["required"] = [
                *into.get("required", []),
                *(one for one in value if one not in into.get("required", [])),
            ]
        elif (
            key in {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
            and key in into
        ):
            into[key] = max(into[key], value)
        elif (
            key in {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
            and key in into
        ):
            into[key] = min(into[key], value)
        elif key == "pattern" and key in into:
            into.setdefault("x-patterns", []).append(value)
        elif key == "type" and key in into:
            both = [
                one
                for one in _types(into)
                if one in _types(part) or (one == "integer" and "number" in _types(part))
            ]
            into["type"] = both or value
        elif key == "enum" and key in into:
            into["enum"] = [one for one in into["enum"] if one in value]
        elif key in {"oneOf", "anyOf"} and key in into:
            into.setdefault("x-also", []).append(value)
        else:
            into[key] = value


def _types(schema: Schema) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


def _kind(schema: Schema) -> str:
    for kind in _types(schema):
        if kind != "null":
            return kind
    if _types(schema):
        return "null"
    if not {
        "properties",
        "additionalProperties",
        "required",
        "minProperties",
        "patternProperties",
    }.isdisjoint(schema):
        return "object"
    if not {"items", "prefixItems", "minItems"}.isdisjoint(schema):
        return "array"
    if not {"minLength", "maxLength", "pattern", "format"}.isdisjoint(schema):
        return "string"
    if not {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}.isdisjoint(
        schema
    ):
        return "number"
    return "any"


def _string(schema: Schema) -> str:
    least: int = schema.get("minLength", 0)
    most: int | None = schema.get("maxLength")
    patterns = [
        *([schema["pattern"]] if "pattern" in schema else []),
        *schema.get("x-patterns", []),
    ]
    form = schema.get("format")
    if form == "decimal":
        bounds = {
            key.removeprefix("x-"): bound
            for key, bound in schema.items()
            if key.removeprefix("x-") in _BOUNDS
        }
        text = str(_number(bounds, whole=False))
        if all(matches(pattern, text) for pattern in patterns):
            return text
    if form in _FORMATS:
        text = _FORMATS[form]
        if least <= len(text) and (most is None or len(text) <= most) and not patterns:
            return text
        if patterns and all(matches(pattern, text) for pattern in patterns):
            return text
    if patterns:
        found = matching(patterns, least, most)
        if found is not None:
            return found
    length = max(least, min(len(_WORDS) - 1, most if most is not None else len(_WORDS) - 1))
    if form in {"byte", "base64"} or schema.get("contentEncoding") == "base64":
        return ("AAAA" * (length // 4 + 1))[: -(-length // 4) * 4] if least else ""
    return (_WORDS * (length // len(_WORDS) + 1))[:length]


def _number(schema: Schema, *, whole: bool) -> Any:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = schema.get("multipleOf")
    least = low if above is None or (low is not None and low > above) else above
    most = high if below is None or (high is not None and high < below) else below
    open_below, open_above = (
        least is not None and least == above,
        most is not None and most == below,
    )
    if step:
        value = ceil((least if least is not None else min(0, most or 0)) / step) * step
        return value + step if open_below and value <= least else value
    if whole:
        first = None if least is None else floor(least) + 1 if open_below else ceil(least)
        last = None if most is None else ceil(most) - 1 if open_above else floor(most)
        value = 1 if last is None else min(1, last)
        return value if first is None else max(first, value)
    if least is not None and most is not None:
        return least if not open_below else (least + most) / 2
    if least is not None:
        return max(least + 1 if open_below else least, 1)
    if most is not None:
        return min(most - 1 if open_above else most, 1)
    return 1


def _another(first: Any, number: int) -> Any:
    """A value like another one, but different."""
    if isinstance(first, bool) or first is None:
        return not first
    if isinstance(first, int | float):
        return first + number
    if isinstance(first, str):
        if len(first) >= 36 and first.count("-") == 4:
            return f"{first[:-6]}{number:06x}"
        return f"{first[: max(0, len(first) - len(str(number)))]}{number}"
    if isinstance(first, dict):
        return {
            key: _another(value, number) if isinstance(value, str | int | float) else value
            for key, value in first.items()
        }
    return [*first, number]
