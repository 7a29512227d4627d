"""Comparison of whole OpenAPI documents, from the root to the schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.compare.difference import Difference, same_doc, same_json
from tests.compare.schemas import SchemaComparison, compare_extensions
from tests.compare.side import Side, UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.compare.difference import Kind

Node = dict[str, Any]

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_STYLES: Final = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}


def compare(original: Node, emitted: Node) -> list[Difference]:
    """Every difference between an OpenAPI 3.0 or 3.1 document and the one that was made from it."""
    return DocumentComparison(original, emitted).run()


class DocumentComparison:
    """Walks two documents side by side."""

    def __init__(self, original: Node, emitted: Node) -> None:
        self.left = Side(original)
        self.right = Side(emitted)
        self.found: list[Difference] = []
        self.schemas = SchemaComparison(self.left, self.right, self.found)

    def run(self) -> list[Difference]:
        """Compare everything."""
        left, right = self.left.document, self.right.document
        self._docs(left["info"], right["info"], "info", ("description", "summary"))
        for key in ("title", "version", "termsOfService", "contact", "license"):
            self._same("meaning", f"info.{key}", left["info"].get(key), right["info"].get(key))
        compare_extensions(left["info"], right["info"], "info", self.found)
        compare_extensions(left, right, "root", self.found)
        for key in ("servers", "externalDocs"):
            self._same("meaning", key, left.get(key) or None, right.get(key) or None)
        one, other = _security(left.get("security")), _security(right.get("security"))
        self._same("meaning", "security", one, other)
        self._tags(left.get("tags", []), right.get("tags", []))
        self._components(left.get("components", {}), right.get("components", {}))
        self._extended(left.get("paths", {}), right.get("paths", {}), "paths", self._path_item)
        hooks = left.get("webhooks", {}), right.get("webhooks", {})
        self._keyed(*hooks, "webhooks", self._path_item)
        return self.found

    def _report(self, kind: Kind, path: str, left: Any, right: Any) -> None:
        self.found.append(Difference(kind, path, left, right))

    def _same(self, kind: Kind, path: str, left: Any, right: Any) -> None:
        if not same_json(left, right):
            self._report(kind, path, left, right)

    def _docs(self, left: Node, right: Node, path: str, keys: tuple[str, ...]) -> None:
        for key in keys:
            if not same_doc(left.get(key), right.get(key)):
                self._report("doc", f"{path}.{key}", left.get(key), right.get(key))

    def _keyed(
        self, left: Node, right: Node, path: str, compare: Callable[[Any, Any, str], None]
    ) -> None:
        """Compare two maps whose keys are names."""
        left = {str(key): value for key, value in left.items()}
        right = {str(key): value for key, value in right.items()}
        for key in sorted(left.keys() | right.keys()):
            if key not in left or key not in right:
                self._report("meaning", f"{path}.{key}", key in left, key in right)
                continue
            try:
                one, other = self.left.resolve(left[key]), self.right.resolve(right[key])
            except UnresolvedError as error:
                self._report("meaning", f"{path}.{key}", "unresolved", str(error))
                continue
            compare(one, other, f"{path}.{key}")

    def _extended(
        self, left: Node, right: Node, path: str, compare: Callable[[Any, Any, str], None]
    ) -> None:
        """Compare two maps that have vendor extensions among their keys."""
        compare_extensions(left, right, path, self.found)
        one, other = (
            {key: value for key, value in node.items() if not str(key).startswith("x-")}
            for node in (left, right)
        )
        self._keyed(one, other, path, compare)

    def _tags(self, left: list[Node], right: list[Node]) -> None:
        self._same("meaning", "tags", [t["name"] for t in left], [t["name"] for t in right])
        others = {tag["name"]: tag for tag in right}
        for tag in left:
            other = others.get(tag["name"], {})
            path = f"tags.{tag['name']}"
            self._docs(tag, other, path, ("description",))
            self._same("doc", path, tag.get("externalDocs"), other.get("externalDocs"))
            compare_extensions(tag, other, path, self.found)

    def _components(self, left: Node, right: Node) -> None:
        schemas = right.get("schemas", {})
        for name, schema in left.get("schemas", {}).items():
            path = f"components.schemas.{name}"
            if name in schemas:
                self.schemas.compare(schema, schemas[name], path)
            else:
                self._report("meaning", path, True, False)
        self._keyed(
            left.get("securitySchemes", {}),
            right.get("securitySchemes", {}),
            "components.securitySchemes",
            lambda one, other, path: self._same("meaning", path, one, other),
        )
        used = _references(self.left.document)
        for kind in ("parameters", "responses", "requestBodies", "headers", "examples", "links"):
            for name in left.get(kind, {}):
                reference = f"#/components/{kind}/{name}"
                path = f"components.{kind}.{name}"
                if name in right.get(kind, {}):
                    self._same("example", path, left[kind][name], right[kind][name])
                elif reference not in used:
                    self._report("meaning", f"{path} (unused)", True, False)
        for reference in sorted(_references(self.right.document)):
            if (reference not in used or _resolves(self.left, reference)) and not _resolves(
                self.right, reference
            ):
                self._report("meaning", reference, "resolves", "leads nowhere")

    def _path_item(self, left: Node, right: Node, path: str) -> None:
        self._docs(left, right, path, ("summary", "description"))
        compare_extensions(left, right, path, self.found)
        for method in METHODS:
            if (method in left) != (method in right):
                self._report("meaning", f"{path}.{method}", method in left, method in right)
            elif method in left:
                self._operation(
                    _with_item(left, left[method]),
                    _with_item(right, right[method]),
                    f"{path}.{method}",
                )

    def _operation(self, left: Node, right: Node, path: str) -> None:
        self._docs(left, right, path, ("summary", "description"))
        compare_extensions(left, right, path, self.found)
        if "operationId" in left:
            one, other = left["operationId"], right.get("operationId")
            self._same("meaning", f"{path}.operationId", one, other)
        for key in ("externalDocs", "servers"):
            self._same("meaning", f"{path}.{key}", left.get(key), right.get(key))
        self._same(
            "meaning", f"{path}.tags", sorted(left.get("tags", [])), sorted(right.get("tags", []))
        )
        self._flag(left, right, path, "deprecated")
        roots = self.left.document.get("security"), self.right.document.get("security")
        one = _security(left.get("security", roots[0]))
        other = _security(right.get("security", roots[1]))
        self._same("meaning", f"{path}.security", one, other)
        self._keyed(
            self._parameters(self.left, left),
            self._parameters(self.right, right),
            f"{path}.parameters",
            self._parameter,
        )
        self._body(left.get("requestBody"), right.get("requestBody"), f"{path}.requestBody")
        self._extended(
            left.get("responses", {}),
            right.get("responses", {}),
            f"{path}.responses",
            self._response,
        )
        self._keyed(
            left.get("callbacks", {}),
            right.get("callbacks", {}),
            f"{path}.callbacks",
            lambda one, other, at: self._keyed(one, other, at, self._path_item),
        )

    def _flag(self, left: Node, right: Node, path: str, key: str) -> None:
        if bool(left.get(key)) != bool(right.get(key)):
            self._report("meaning", f"{path}.{key}", left.get(key), right.get(key))

    def _parameters(self, side: Side, operation: Node) -> Node:
        found: Node = {}
        for node in operation.get("parameters", []):
            try:
                param = side.resolve(node)
            except UnresolvedError:
                found[str(node)] = {"unresolved": True}
                continue
            found[f"{param['in']} {param['name']}"] = param
        return found

    def _parameter(self, left: Node, right: Node, path: str) -> None:
        place = str(left.get("in"))
        for key in ("required", "allowReserved", "allowEmptyValue"):
            self._flag(left, right, path, key)
        one, other = _style(left, place), _style(right, place)
        self._same("meaning", f"{path}.style", one, other)
        self._described(left, right, path)

    def _header(self, left: Node, right: Node, path: str) -> None:
        self._flag(left, right, path, "required")
        self._described(left, right, path)

    def _described(self, left: Node, right: Node, path: str) -> None:
        """What parameters and headers share."""
        self._flag(left, right, path, "deprecated")
        self._docs(left, right, path, ("description",))
        compare_extensions(left, right, path, self.found)
        if "schema" in left or "schema" in right:
            self.schemas.compare(left.get("schema", {}), right.get("schema", {}), f"{path}.schema")
        one, other = _own_or_schema(self.left, left), _own_or_schema(self.right, right)
        if same_json(one, other):
            # The example of the schema is that of the parameter too.
            given = f"{path}.schema.examples"
            self.found[:] = [found for found in self.found if found.path != given]
        else:
            self._report("example", f"{path}.examples", one, other)
        self._content(left, right, path)

    def _body(self, left: Any, right: Any, path: str) -> None:
        if left is None or right is None:
            if left is not right:
                self._report("meaning", path, left is not None, right is not None)
            return
        left, right = self.left.resolve(left), self.right.resolve(right)
        self._flag(left, right, path, "required")
        self._docs(left, right, path, ("description",))
        compare_extensions(left, right, path, self.found)
        self._content(left, right, path)

    def _response(self, left: Node, right: Node, path: str) -> None:
        self._docs(left, right, path, ("description",))
        compare_extensions(left, right, path, self.found)
        headers = left.get("headers", {}), right.get("headers", {})
        self._keyed(*headers, f"{path}.headers", self._header)
        links = left.get("links", {}), right.get("links", {})
        self._keyed(
            *links, f"{path}.links", lambda one, other, at: self._same("meaning", at, one, other)
        )
        self._content(left, right, path)

    def _content(self, left: Node, right: Node, path: str) -> None:
        contents = left.get("content", {}), right.get("content", {})
        self._keyed(*contents, f"{path}.content", self._media)

    def _media(self, left: Node, right: Node, path: str) -> None:
        self.schemas.compare(left.get("schema", {}), right.get("schema", {}), f"{path}.schema")
        one, other = left.get("encoding") or None, right.get("encoding") or None
        self._same("meaning", f"{path}.encoding", one, other)
        compare_extensions(left, right, path, self.found)
        self._examples(left, right, path)

    def _examples(self, left: Node, right: Node, path: str) -> None:
        one, other = _examples(self.left, left), _examples(self.right, right)
        self._same("example", f"{path}.examples", one, other)


def _with_item(item: Node, operation: Node) -> Node:
    """An operation with what its path item says for all of them."""
    merged = dict(operation)
    if "servers" in item:
        merged.setdefault("servers", item["servers"])
    if "parameters" in item:
        # Later ones win where both name one.
        merged["parameters"] = [*item["parameters"], *operation.get("parameters", [])]
    return merged


def _security(value: Any) -> Any:
    return [{}] if value == [] else value


def _style(param: Node, place: str) -> tuple[str, bool]:
    style = param.get("style", _STYLES.get(place, "form"))
    return style, bool(param.get("explode", style == "form"))


def _examples(side: Side, node: Node) -> list[Any]:
    """Named examples with their references followed; a lone one has no name to speak of."""
    given = [[None, node["example"]]] if "example" in node else []
    for name, example in sorted((node.get("examples") or {}).items()):
        try:
            given.append([name, side.resolve(example)])
        except UnresolvedError:
            given.append([name, "unresolved"])
    return given


def _own_or_schema(side: Side, node: Node) -> list[Any]:
    """The examples of a parameter or header, else those of its schema."""
    own = _examples(side, node)
    schema = node.get("schema")
    if own or not isinstance(schema, dict):
        return own
    values = [*schema.get("examples", []), *([schema["example"]] if "example" in schema else [])]
    return [[None, value] for value in values]


def _resolves(side: Side, reference: str) -> bool:
    try:
        side.lookup(reference)
    except UnresolvedError:
        return False
    return True


def _references(document: Node) -> set[str]:
    found: set[str] = set()
    waiting: list[Any] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                found.add(node["$ref"])
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return found
