"""One of the two documents that are compared: its references and the normal forms of its schemas."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from tests.compare.difference import json_key

Raw = Any
Conjunction = tuple[Raw, ...]
"""Schemas, as they are in the document, that hold together."""

ANNOTATIONS: Final = ("title", "description", "example", "examples", "default", "deprecated")
FLAGS: Final = ("readOnly", "writeOnly")
_ABOUT: Final = frozenset(
    {*ANNOTATIONS, *FLAGS, "nullable", "externalDocs", "xml", "discriminator", "$comment"}
)
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_OBJECT: Final = frozenset({"properties", "required", "minProperties", "maxProperties"})
_ARRAY: Final = frozenset({"items", "minItems", "maxItems", "uniqueItems"})
_STRING: Final = frozenset({"minLength", "maxLength", "pattern"})


class Choice(NamedTuple):
    """``anyOf`` or ``oneOf`` without its null branch."""

    keyword: str
    branches: list[Conjunction]


class Normal:
    """What a conjunction of schemas says, one level deep; what is below stays a conjunction."""

    __slots__ = (
        "about",
        "additional",
        "choices",
        "enum",
        "items",
        "keywords",
        "nullable",
        "properties",
        "required",
        "types",
    )

    def __init__(self) -> None:
        self.types: set[str] | None = None
        self.nullable = False
        self.enum: dict[tuple[str, str], Any] | None = None
        self.keywords: dict[str, Any] = {}
        self.properties: dict[str, Conjunction] = {}
        self.required: set[str] = set()
        self.additional: Conjunction | bool = True
        self.items: Conjunction = ()
        self.choices: list[Choice] = []
        self.about: dict[str, Any] = {}


class UnresolvedError(Exception):
    """A reference leads nowhere."""


class Side:
    """A document. Normal forms are kept by the identity of the schemas, which the document keeps alive."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._normal: dict[tuple[int, ...], Normal] = {}
        self._kept: list[Any] = []

    def lookup(self, reference: str) -> Any:
        """What a local reference points to."""
        if not reference.startswith("#"):
            raise UnresolvedError(reference)
        node: Any = self.document
        for part in unquote(reference[1:]).split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(key)] if isinstance(node, list) else node[key]
            except (KeyError, IndexError, ValueError, TypeError) as error:
                raise UnresolvedError(reference) from error
        return node

    def resolve(self, node: Any) -> Any:
        """A parameter, response or example with its reference followed; keys beside ``$ref`` override."""
        for _ in range(64):
            if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
                return node
            beside = {key: value for key, value in node.items() if key != "$ref"}
            target = self.lookup(node["$ref"])
            node = {**target, **beside} if beside else target
        raise UnresolvedError("a ring of references")

    def normal(self, schemas: Conjunction) -> Normal:
        """The normal form of schemas that hold together."""
        key = tuple(map(id, schemas))
        found = self._normal.get(key)
        if found is None:
            found = self._normal[key] = self._normalise(schemas)
            self._kept.append(schemas)
        return found

    def _atoms(self, raw: Raw, seen: frozenset[int] = frozenset()) -> list[dict[str, Any]]:
        """The schema without ``$ref``, ``allOf`` and choices of one, as schemas that hold together."""
        if raw is False:
            return [{"not": {}}]
        if not isinstance(raw, dict) or id(raw) in seen:
            return []
        seen |= {id(raw)}
        atoms: list[dict[str, Any]] = []
        if isinstance(raw.get("$ref"), str):
            try:
                atoms += self._atoms(self.lookup(raw["$ref"]), seen)
            except UnresolvedError:
                # Keeps a lost reference from meaning the same as anything at all.
                atoms.append({"unresolved": True})
        for part in raw.get("allOf", ()):
            atoms += self._atoms(part, seen)
        for keyword in ("anyOf", "oneOf"):
            rest = self._not_null(raw.get(keyword, ()))
            if len(rest) == 1:
                atoms += self._atoms(rest[0], seen)
        # What stands beside its parts says more than they do, and comes after them.
        return [*atoms, raw]

    def _normalise(self, schemas: Conjunction) -> Normal:
        normal = Normal()
        atoms = [atom for raw in schemas for atom in self._atoms(raw)]
        # Where nothing says otherwise, anything fits.
        normal.nullable = _all_of([self._takes_null(raw) for raw in schemas]) is not False
        for atom in atoms:
            self._merge(normal, atom)
        self._merge_refusals(normal, atoms)
        if normal.enum is not None:
            _filter_enum(normal)
        else:
            self._choose_types(normal, atoms)
        if normal.additional is not False:
            for name in normal.required:
                other = normal.additional if isinstance(normal.additional, tuple) else ()
                normal.properties.setdefault(name, other)
        normal.about = self._about(schemas)
        return normal

    def _choose_types(self, normal: Normal, atoms: list[dict[str, Any]]) -> None:
        """Complete the types by what the keywords and the choices imply."""
        if normal.types is None:
            normal.types = _implied(atoms)
        for choice in normal.choices:
            kinds: set[str] = set()
            for branch in choice.branches:
                of_branch = self._branch_types(branch[0], frozenset())
                if of_branch is None:
                    break
                kinds |= of_branch
            else:
                kinds = _widest(kinds)
                normal.types = kinds if normal.types is None else _intersect(normal.types, kinds)

    def _branch_types(self, raw: Raw, seen: frozenset[int]) -> set[str] | None:
        """The types that a schema takes; ``None`` where it may be any."""
        if not isinstance(raw, dict) or id(raw) in seen:
            return None
        atoms = self._atoms(raw)
        seen |= {id(raw)}
        known = [kinds for atom in atoms if (kinds := _types(atom)) is not None]
        values = [value for atom in atoms for value in _listed(atom) or ()]
        if not known and values:
            known = [_widest({_json_type(value) for value in values if value is not None})]
        for atom in atoms:
            for keyword in ("anyOf", "oneOf"):
                rest = self._not_null(atom.get(keyword, ()))
                inner = [self._branch_types(branch, seen) for branch in rest]
                if len(inner) > 1 and None not in inner:
                    kinds = set().union(*(kinds for kinds in inner if kinds is not None))
                    known.append(_widest(kinds))
        if not known:
            return _implied(atoms)
        found = known[0]
        for kinds in known[1:]:
            found = _intersect(found, kinds)
        return found

    def _merge(self, normal: Normal, atom: dict[str, Any]) -> None:
        kinds = _types(atom)
        if kinds is not None:
            normal.types = kinds if normal.types is None else _intersect(normal.types, kinds)
        values = _listed(atom)
        if values is not None:
            mine = {json_key(value): value for value in values if value is not None}
            held = normal.enum
            normal.enum = mine if held is None else {k: held[k] for k in held if k in mine}
        for name, schema in (atom.get("properties") or {}).items():
            normal.properties[name] = (*normal.properties.get(name, ()), schema)
        required = atom.get("required")
        if isinstance(required, list):
            normal.required |= set(required)
        if "additionalProperties" in atom:
            self._merge_additional(normal, atom["additionalProperties"])
        if "items" in atom and not self.trivial((atom["items"],)):
            normal.items = (*normal.items, atom["items"])
        for keyword in ("anyOf", "oneOf"):
            if keyword in atom:
                self._merge_choice(normal, keyword, atom[keyword])
        for key, value in atom.items():
            if key not in _STRUCTURE and key not in _ABOUT and not key.startswith("x-"):
                _merge_keyword(normal.keywords, key, value, atom)

    def _merge_additional(self, normal: Normal, schema: Any) -> None:
        if schema is False or normal.additional is False:
            normal.additional = False
        elif not self.trivial((schema,)):
            held = normal.additional
            normal.additional = (*(held if isinstance(held, tuple) else ()), schema)

    def _merge_refusals(self, normal: Normal, atoms: list[dict[str, Any]]) -> None:
        """To each part, what it does not describe itself is additional."""
        for atom in atoms:
            extra = atom.get("additionalProperties", True)
            if self.trivial((extra,)) or "patternProperties" in atom:
                continue
            described = atom.get("properties") or {}
            for name in normal.properties.keys() - described.keys():
                normal.properties[name] = (*normal.properties[name], extra)

    def _merge_choice(self, normal: Normal, keyword: str, branches: list[Raw]) -> None:
        rest = self._not_null(branches)
        if len(rest) < 2:
            return
        pure = [_pure_types(branch) for branch in rest]
        if all(kinds is not None for kinds in pure):
            union = _widest(set().union(*[kinds for kinds in pure if kinds is not None]))
            normal.types = union if normal.types is None else _intersect(normal.types, union)
        else:
            normal.choices.append(Choice(keyword, [(branch,) for branch in rest]))

    def _not_null(self, branches: Any) -> list[Raw]:
        return [branch for branch in branches if not self._only_null(branch)]

    def _only_null(self, raw: Raw) -> bool:
        if not isinstance(raw, dict):
            return False
        if "const" in raw:
            return raw["const"] is None
        return raw.get("type") in ("null", ["null"]) or raw.get("enum") == [None]

    def _takes_null(self, raw: Raw, seen: frozenset[int] = frozenset()) -> bool | None:
        """Whether null fits a schema; ``None`` where it does not say."""
        if not isinstance(raw, dict) or id(raw) in seen:
            return None
        if raw.get("nullable") is True:
            return True
        seen |= {id(raw)}
        verdicts = [_own_verdict(raw)]
        if isinstance(raw.get("$ref"), str):
            try:
                verdicts.append(self._takes_null(self.lookup(raw["$ref"]), seen))
            except UnresolvedError:
                verdicts.append(False)
        verdicts += [self._takes_null(part, seen) for part in raw.get("allOf", ())]
        for keyword in ("anyOf", "oneOf"):
            branches = [self._takes_null(branch, seen) for branch in raw.get(keyword, ())]
            if branches:
                verdicts.append(None if set(branches) == {None} else set(branches) != {False})
        return _all_of(verdicts)

    def _about(self, schemas: Conjunction) -> dict[str, Any]:
        """Annotations. Of several schemas the later ones count, which are the more special ones."""
        found: dict[str, Any] = {}
        for raw in reversed(schemas):
            for key, value in self._annotations(raw, 0).items():
                found.setdefault(key, value)
        return found

    def _annotations(self, raw: Raw, depth: int) -> dict[str, Any]:
        """The outermost count, then those of inline parts; those of a reference where it is the one part that says what
        the schema is."""
        if not isinstance(raw, dict) or depth > 64:
            return {}
        found = {key: raw[key] for key in raw if key in _ABOUT or key.startswith("x-")}
        inner: list[Raw] = list(raw.get("allOf", ()))
        if isinstance(raw.get("$ref"), str):
            try:
                inner.append(self.lookup(raw["$ref"]))
            except UnresolvedError:
                return found
        for keyword in ("anyOf", "oneOf"):
            rest = self._not_null(raw.get(keyword, ()))
            if len(rest) == 1:
                inner += rest
        parts = [part for part in inner if isinstance(part, dict) and _says_what(part)]
        beside = [part for part in inner if isinstance(part, dict) and not _says_what(part)]
        if len(parts) > 1 or (parts and _OWN_PART & raw.keys()):
            parts = [part for part in parts if "$ref" not in part]
        for part in (*beside, *parts):
            for key, value in self._annotations(part, depth + 1).items():
                found.setdefault(key, value)
        return found

    def follow(self, schemas: Conjunction) -> Conjunction:
        """The schemas, or what they refer to where they are one reference and nothing else."""
        for _ in range(64):
            raw = schemas[0] if len(schemas) == 1 else None
            if not (isinstance(raw, dict) and raw.keys() == {"$ref"}):
                break
            try:
                schemas = (self.lookup(raw["$ref"]),)
            except UnresolvedError:
                break
        return schemas

    def trivial(self, schemas: Conjunction) -> bool:
        """Whether anything fits."""
        return all(raw is True or raw == {} for raw in schemas)


_STRUCTURE: Final = frozenset(
    {
        "$ref",
        "allOf",
        "anyOf",
        "oneOf",
        "type",
        "enum",
        "const",
        "properties",
        "required",
        "additionalProperties",
        "items",
    }
)


def _says_what(part: dict[str, Any]) -> bool:
    """Whether a part is more than annotations and bounds."""
    return bool((_STRUCTURE - {"additionalProperties"}) & part.keys())


def _own_verdict(raw: dict[str, Any]) -> bool | None:
    """What the keywords of a schema itself say about null."""
    kind = raw.get("type")
    if kind is not None:
        return kind == "null" or (isinstance(kind, list) and "null" in kind)
    if "const" in raw:
        return raw["const"] is None
    if isinstance(raw.get("enum"), list):
        return None in raw["enum"]
    return False if (_OBJECT | _ARRAY | _STRING) & raw.keys() else None


def _all_of(verdicts: list[bool | None]) -> bool | None:
    """Null must fit every one that says something."""
    said = [verdict for verdict in verdicts if verdict is not None]
    return all(said) if said else None


def _listed(atom: dict[str, Any]) -> list[Any] | None:
    """The values that are listed, where they are."""
    if "const" in atom:
        return [atom["const"]]
    values = atom.get("enum")
    return values if isinstance(values, list) else None


_OWN_PART: Final = frozenset({"properties", "items", "enum", "const"})


def _types(atom: dict[str, Any]) -> set[str] | None:
    kind = atom.get("type")
    if kind is None:
        return None
    kinds = {kind} if isinstance(kind, str) else set(kind)
    kinds.discard("null")
    return _widest(kinds)


_PURE: Final = frozenset({"type", "items", "additionalProperties", "nullable"})


def _pure_types(raw: Raw) -> set[str] | None:
    """The types of a schema that says nothing else."""
    while isinstance(raw, dict) and len(raw) == 1:
        keys = (key for key in ("allOf", "anyOf", "oneOf") if key in raw)
        parts: list[Raw] = next((raw[key] for key in keys), [])
        if len(parts) != 1:
            break
        raw = parts[0]
    if not isinstance(raw, dict) or not raw.keys() <= _PURE:
        return None
    open_ended = all(raw.get(key, True) in (True, {}) for key in ("items", "additionalProperties"))
    return _types(raw) if open_ended else None


def _intersect(left: set[str], right: set[str]) -> set[str]:
    both = left & right
    for one, other in ((left, right), (right, left)):
        if "integer" in one and "number" in other:
            both.add("integer")
    return both


def _implied(atoms: list[dict[str, Any]]) -> set[str] | None:
    keys = {key for atom in atoms for key in atom}
    if keys & _OBJECT:
        return {"object"}
    if keys & _ARRAY:
        return {"array"}
    if keys & _STRING:
        return {"string"}
    extra = [atom["additionalProperties"] for atom in atoms if "additionalProperties" in atom]
    return {"object"} if any(value not in (True, {}) for value in extra) else None


def _filter_enum(normal: Normal) -> None:
    """Keep the values that the types allow, which then say it all."""
    assert normal.enum is not None
    if normal.types is not None:
        normal.enum = {
            key: value
            for key, value in normal.enum.items()
            if _intersect({_json_type(value)}, normal.types)
        }
    for keyword in ("minLength", "maxLength", "minimum", "maximum"):
        if keyword in normal.keywords:
            bound = normal.keywords.pop(keyword)
            normal.enum = {
                key: value for key, value in normal.enum.items() if _keeps(keyword, bound, value)
            }
    normal.types = None


def _keeps(keyword: str, bound: Any, value: Any) -> bool:
    """Whether a value keeps to a bound; bounds of another type do not concern it."""
    if keyword.endswith("Length"):
        measured: Any = len(value) if isinstance(value, str) else bound
    else:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        measured = value if number else bound
    return bool(measured >= bound if keyword.startswith("min") else measured <= bound)


def _json_type(value: Any) -> str:
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    names = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _widest(kinds: set[str]) -> set[str]:
    return kinds - {"integer"} if "number" in kinds else kinds


def _merge_keyword(held: dict[str, Any], key: str, value: Any, atom: dict[str, Any]) -> None:
    if key in ("exclusiveMinimum", "exclusiveMaximum") and isinstance(value, bool):
        # Dialect of 3.0: a flag beside the bound.
        return
    if key == "minimum" and atom.get("exclusiveMinimum") is True:
        key = "exclusiveMinimum"
    elif key == "maximum" and atom.get("exclusiveMaximum") is True:
        key = "exclusiveMaximum"
    elif key == "contentEncoding" and value == "base64":
        key, value = "format", "byte"
    elif (key == "uniqueItems" and value is False) or (key in _LOWER[2:] and value == 0):
        return
    if key in _LOWER and key in held:
        value = max(held[key], value)
    elif key in _UPPER and key in held:
        value = min(held[key], value)
    elif key == "pattern":
        value = tuple(sorted({*held.get(key, ()), value}))
    held[key] = value
