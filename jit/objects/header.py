"""The C header of a library of kernels: one documented prototype a function, and what its numbers mean."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from hyper.jit.objects.abi import VERSION, meaning, stored
from hyper.jit.objects.wasm_support import left_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hyper.jit.objects.abi import Entry, Interface

_WIDTH = 96


def header_text(made: Interface) -> str:
    """The text of ``PREFIX.h``: the same for the same unit, byte by byte."""
    prefix = made.prefix
    guard = f"{prefix.upper()}_H"
    lines = [
        *_comment(
            f"Kernels of {prefix}: calculations, tables and rules at native speed.",
            "",
            "Each function gives a status: 0 where it computed its results. Where it is above 0 the computation failed, and "
            f"{prefix}_site tells the code, the message and the line. Where it is below 0 the values are beyond what the kernel "
            "computes (its site has the code `guard`): they need the Python function of the same name. The results are not to be "
            "read where the status is not 0.",
            "",
            "A function NAME__rows computes rows: `columns` has the address of each column, `outputs` that of each result's "
            "column, `status` takes a status a row. It does rows from `start` up to `stop`, without it, and gives the number of "
            "those whose status is not 0; their outputs are 0. Columns and outputs must not overlap. All functions may be called "
            "from any thread.",
        ),
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        "#include <stdint.h>",
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        *_comment(
            f"The version of these rules; compare it with {prefix}_abi_version(), which is that of the library."
        ),
        f"#define {prefix.upper()}_ABI_VERSION {VERSION}",
        "",
        *_comment(f"What was compiled; {prefix}_unit() gives the same for the library."),
        f'#define {prefix.upper()}_UNIT "{made.digest}"',
        "",
        *_comment("A signed whole number of 128 bits."),
        f"typedef struct {prefix}_wide {{",
        "    uint64_t low;",
        "    int64_t high;",
        f"}} {prefix}_wide;",
        "",
        *_comment("Why a computation failed, and where in the source. Lines begin with 1."),
        f"typedef struct {prefix}_error {{",
        "    int32_t status;",
        "    int32_t line;",
        "    const char *code;",
        "    const char *message;",
        "    const char *file;",
        f"}} {prefix}_error;",
        "",
        f"int32_t {prefix}_abi_version(void);",
        f"const char *{prefix}_unit(void);",
        "",
        *_comment(
            "1 where this processor has all that the library is made for, else 0: then nothing else may be called."
        ),
        f"int32_t {prefix}_supported(void);",
        "",
        *_comment("What a status stands for; NULL for 0 and for one that no function gives."),
        f"const {prefix}_error *{prefix}_site(int32_t status);",
        "",
        *_comment(
            "A text that the functions know, by the number that stands for it; NULL beyond them. A text that is not among these "
            "is any number beyond, another for each other text."
        ),
        f"const char *{prefix}_text(int64_t place);",
        "",
    ]
    lacking = left_out(made.unit)
    for entry in made.entries:
        lines += _entry(entry, prefix, lacking.get(entry.kernel.function, ""))
    if made.left:
        told = [
            f"  {_said(each.name)}: {_said(each.reason)} ({_said(each.file)}:{each.line})"
            for each in made.left
        ]
        lines += [*_comment("Not here, since they have no native form:", "", *told), ""]
    lines += ["#ifdef __cplusplus", "}", "#endif", "", "#endif"]
    return "\n".join([*lines, ""])


def _entry(entry: Entry, prefix: str, lacking: str) -> Iterator[str]:
    told = [f"{_said(entry.kernel.function)}.", ""]
    told += [
        f"  {parameter.name}: {_said(parameter.about.replace('PREFIX', prefix))}"
        for parameter in entry.parameters
    ]
    if not entry.function.fails:
        told += ["", "Its status is always 0; the `status` of its rows may be NULL."]
    if lacking:
        told += [
            "",
            f"Not in WebAssembly: it needs `{lacking}` of the C library that Python calls.",
        ]
    yield from _comment(*told)
    given = [f"{parameter.type}{parameter.name}" for parameter in entry.parameters]
    yield from _prototype(f"int32_t {entry.symbol}", given or ["void"])
    columns = [
        f"  columns[{place}]: {_said(column.path)}, {stored(column.storage, prefix)}, {_ROLES[column.role]}"
        for place, column in enumerate(entry.kernel.columns)
    ]
    columns += [
        f"  outputs[{place}]: {_said(output.path or 'the result')}, {stored(output.storage, prefix)}, "
        f"{_said(meaning(output).replace('PREFIX', prefix))}"
        for place, output in enumerate(entry.kernel.outputs)
    ]
    yield ""
    yield from _comment(f"{_said(entry.kernel.function)} over rows.", "", *columns)
    yield from _prototype(f"int64_t {entry.rows}", _ROWS)
    yield ""


_ROWS: Final = (
    "const void *const *columns",
    "void *const *outputs",
    "int32_t *status",
    "int64_t start",
    "int64_t stop",
)
_ROLES: Final = {
    "value": "one a row",
    "offsets": "one a row and one more: where the items of a row begin, and before which those of the last end",
    "items": "the items of all rows",
    "whole": "one for all rows",
}


def _said(text: str) -> str:
    """A text that cannot end the comment that it stands in."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return shown.replace("*/", "* /").replace("/*", "/ *").replace("??/", "?? /")


def _comment(*paragraphs: str) -> Iterator[str]:
    lines: list[str] = []
    for paragraph in paragraphs:
        indent = "    " if paragraph.startswith("  ") else ""
        first = "  " if indent else ""
        lines += textwrap.wrap(
            paragraph.strip(), _WIDTH, initial_indent=first, subsequent_indent=indent,
            break_on_hyphens=False,
        ) or [""]  # fmt: skip
    if len(lines) == 1:
        yield f"/* {lines[0]} */"
        return
    yield f"/* {lines[0]}"
    yield from (f" * {line}".rstrip() for line in lines[1:])
    yield " */"


def _prototype(head: str, parameters: Sequence[str]) -> list[str]:
    """A prototype in lines that break between its parameters."""
    lines, line = [], f"{head}("
    for place, parameter in enumerate(parameters):
        piece = parameter + (");" if place == len(parameters) - 1 else ",")
        if len(line) + len(piece) > _WIDTH and line.strip():
            lines.append(line.rstrip())
            line = "    "
        line += f"{piece} "
    return [*lines, line.rstrip()]
