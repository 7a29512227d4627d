"""Arguments of a handler from a request: strings become what the declaration says that they stand for.

``reads`` of a declaration is ``string``, ``integer``, ``number``, ``boolean``, ``any``, ``json``, a list of one of
these, an object of them by wire name (``*`` for any other), or a tuple of alternatives. A string that does not look like what is
expected stays a string, and the validator says so.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.datastructures import FormData
    from starlette.requests import Request

    from .operations import Body, Operation, Parameter

__all__ = ["Absent", "media_of", "parameter_value", "read_form"]

_INTEGER = re.compile(r"[-+]?\d+", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_AROUND_COMMA = re.compile(r"[ \t]*,[ \t]*")
_PART = re.compile(r"\[([^\]]*)\]")
_NO_TEXT = {"integer", "number", "boolean"}
_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}


class Absent:
    """Stands for a parameter that was not sent."""


def convert(text: Any, reads: Any) -> Any:
    """What a string stands for."""
    if not isinstance(text, str):
        return text
    match reads:
        case "integer" if _INTEGER.fullmatch(text) and len(text) < 400:
            return int(text)
        case "number" if _NUMBER.fullmatch(text):
            if _INTEGER.fullmatch(text) and len(text) < 400:
                return int(text)
            number = float(text)
            return number if isfinite(number) else text
        case "boolean" if text in {"true", "false"}:
            return text == "true"
        case "json":
            try:
                return from_json(text, allow_inf_nan=False)
            except ValueError:
                return text
        case tuple():
            for choice in reads:
                value = convert(text, choice)
                if value is not text:
                    return value
        case _:
            pass
    return text


def convert_items(texts: Iterable[str], reads: Any) -> list[Any]:
    """What the strings of a list stand for."""
    return [convert(text, reads[0]) for text in texts]


def _pairs(texts: list[str], reads: dict[str, Any]) -> dict[str, Any]:
    """An object written as ``name,value,name,value``."""
    return {
        name: convert(value, reads.get(name, reads.get("*")))
        for name, value in zip(texts[::2], texts[1::2], strict=False)
    }


def _split_value(text: str, reads: Any, separator: str, *, explode: bool) -> Any:
    reads = _structured(reads)
    if isinstance(reads, list):
        return convert_items(text.split(separator) if text else [], reads)
    if isinstance(reads, dict):
        parts = text.split(separator)
        if explode:
            parts = [piece for part in parts for piece in part.partition("=")[::2]]
        return _pairs(parts, reads)
    return convert(text, reads)


def _structured(reads: Any) -> Any:
    """The alternative that has items or names, where one does."""
    if isinstance(reads, tuple):
        return next((choice for choice in reads if isinstance(choice, list | dict)), reads)
    return reads


def _is_structured(reads: Any) -> bool:
    return isinstance(_structured(reads), list | dict)


def parameter_value(param: Parameter, request: Request, path: dict[str, str]) -> Any:
    """The JSON value of a parameter, or ``Absent``."""
    match param.place:
        case "path":
            return _path_value(param, path.get(param.wire, ""))
        case "query":
            return _query_value(param, request.query_params.multi_items())
        case "header":
            text = request.headers.get(param.wire)
        case _:
            text = request.cookies.get(param.wire)
    if text is None:
        return Absent
    if param.style == "json":
        return convert(text, "json")
    if param.place == "header":
        text = _AROUND_COMMA.sub(",", text) if _is_structured(param.reads) else text
    return _split_value(text, param.reads, ",", explode=bool(param.explode))


def _path_value(param: Parameter, text: str) -> Any:
    separator = ","
    if param.style == "label":
        text = text.removeprefix(".")
        separator = "." if param.explode else ","
    elif param.style == "matrix":
        text = text.removeprefix(";")
        if not param.explode or not isinstance(_structured(param.reads), dict):
            text = text.removeprefix(f"{param.wire}=").replace(f";{param.wire}=", ",")
        else:
            separator = ";"
    return _split_value(text, param.reads, separator, explode=bool(param.explode))


def _query_value(param: Parameter, items: list[tuple[str, str]]) -> Any:
    reads = _structured(param.reads)
    if param.style == "json":
        return next((convert(value, "json") for name, value in items if name == param.wire), Absent)
    if isinstance(reads, dict):
        return _query_object(param, reads, items)
    texts = [value for name, value in items if name in {param.wire, f"{param.wire}[]"}]
    if not texts:
        return Absent
    if isinstance(reads, list):
        if param.explode is False or param.style in _SEPARATORS:
            separator = _SEPARATORS.get(param.style, ",")
            texts = [piece for text in texts for piece in text.split(separator)]
        return convert_items(texts, reads)
    return convert(texts[-1], reads)


def _query_object(param: Parameter, reads: dict[str, Any], items: list[tuple[str, str]]) -> Any:
    if param.style == "deepObject":
        prefix = f"{param.wire}["
        found = [
            (_PART.findall(name[len(param.wire) :]), value)
            for name, value in items
            if name.startswith(prefix)
        ]
        return _nested(found, reads) if found else Absent
    if param.explode is False:
        texts = [value for name, value in items if name == param.wire]
        return _pairs(texts[-1].split(","), reads) if texts else Absent
    own = {name: value for name, value in items if name in reads}
    if not own:
        return Absent
    return {name: convert(value, reads[name]) for name, value in own.items()}


def _nested(found: list[tuple[list[str], str]], reads: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for path, value in found:
        here: Any = result
        kind: Any = reads
        for part in path[:-1]:
            kind = _inside(kind, part)
            following = here.setdefault(part, {})
            if not isinstance(following, dict):
                following = here[part] = {}
            here = following
        if not path:
            continue
        leaf = _structured(_inside(kind, path[-1]))
        if isinstance(leaf, list):
            here.setdefault(path[-1], []).append(convert(value, leaf[0]))
        else:
            here[path[-1]] = convert(value, leaf)
    return {name: _lists(item, reads.get(name, reads.get("*"))) for name, item in result.items()}


def _inside(reads: Any, part: str) -> Any:
    """What is expected at a name of an object or at an index of a list."""
    reads = _structured(reads)
    if isinstance(reads, dict):
        return reads.get(part, reads.get("*", "any"))
    return reads[0] if isinstance(reads, list) else "any"


def _lists(value: Any, reads: Any) -> Any:
    """Objects with the keys ``0``, ``1``, … or none as lists, where a list is expected."""
    reads = _structured(reads)
    if isinstance(reads, list) and isinstance(value, dict):
        return [_lists(item, reads[0]) for item in value.values()]
    if isinstance(reads, dict) and isinstance(value, dict):
        return {key: _lists(item, reads.get(key, reads.get("*"))) for key, item in value.items()}
    return value


def media_of(request: Request) -> str:
    """The media type of a request's body, without its parameters."""
    header = request.headers.get("content-type", "")
    return header.partition(";")[0].strip().lower()


def choose_body(operation: Operation, media: str) -> Body | None:
    """The declared body that a media type means, the nearest first."""
    if not media:
        return operation.bodies[0]
    for body in operation.bodies:
        if body.media.partition(";")[0].strip().lower() == media:
            return body
    group = media.partition("/")[0]
    for wanted in (f"{group}/*", "*/*"):
        for body in operation.bodies:
            if body.media == wanted:
                return body
    return None


def is_json(media: str) -> bool:
    """Whether a media type is JSON."""
    plain = media.partition(";")[0].strip().lower()
    return plain in {"application/json", "text/json"} or plain.endswith("+json")


def is_form(media: str) -> bool:
    """Whether a media type is a form's."""
    return media.startswith(("application/x-www-form-urlencoded", "multipart/"))


async def read_form(form: FormData, reads: Any) -> dict[str, Any]:
    """The JSON value of a form; files are bytes."""
    kinds = _structured(reads)
    kinds = kinds if isinstance(kinds, dict) else {}
    sent: dict[str, list[Any]] = {}
    deep: list[tuple[list[str], str]] = []
    for name, item in form.multi_items():
        value: Any = item if isinstance(item, str) else await item.read()
        base, bracket, rest = name.partition("[")
        wire = name
        if bracket and base and name not in kinds:
            if rest == "]" and isinstance(_structured(kinds.get(base)), list):
                wire = base
            elif isinstance(value, str):
                deep.append(([base, *_PART.findall(name)], value))
                continue
        sent.setdefault(wire, []).append(value)
    result = {
        name: _form_value(values, kinds.get(name, kinds.get("*", "any")))
        for name, values in sent.items()
    }
    if deep:
        result.update(_nested(deep, kinds))
    return result


def _form_value(values: list[Any], reads: Any) -> Any:
    """What the parts of one name stand for: all of them for a list, else the last."""
    kind = _structured(reads)
    if not isinstance(kind, list):
        return _part_value(values[-1], reads)
    if len(values) == 1 and _is_no_array(kind[0]):
        whole = _json_value(values[0])
        if isinstance(whole, list):
            return whole
    return [_part_value(value, kind[0]) for value in values]


def _part_value(value: Any, reads: Any) -> Any:
    """What one part stands for: JSON where an object or a list is expected, as text or as a file."""
    if not _is_structured(reads):
        return convert(value, reads)
    found = _json_value(value)
    choices = reads if isinstance(reads, tuple) else (reads,)
    kinds = tuple(type(one) for one in choices if isinstance(one, dict | list))
    return found if isinstance(found, kinds) or len(choices) == 1 else convert(value, reads)


def _is_no_array(reads: Any) -> bool:
    """Whether no item of a list can be, or be written as, a JSON array: a part that is one holds all items."""
    choices = reads if isinstance(reads, tuple) else (reads,)
    return all(
        isinstance(one, dict) or (isinstance(one, str) and one in _NO_TEXT) for one in choices
    )


def _json_value(value: Any) -> Any:
    """What a part holds as JSON, else the part."""
    try:
        return from_json(value, allow_inf_nan=False)
    except ValueError:
        return value
