"""The one list of diagnostic codes. A code never changes its meaning and is never reused.

E01xx text and tokens, E02xx syntax, E03xx names, E04xx types, E05xx declarations and markers,
E06xx tables and rules, E07xx actions and services, E08xx scenarios and evaluation,
E09xx files, configuration and output, E10xx imported documents, E11xx what is legal and yet wrong (``hyper lint``).
Warnings have a W and the same ranges.
Every code has a page in ``docs/diagnostics/`` and a golden test.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec


class Code(msgspec.Struct, frozen=True):
    """What a diagnostic code is about."""

    severity: Literal["error", "warning"]
    title: str


def _table(text: str) -> dict[str, Code]:
    codes: dict[str, Code] = {}
    for line in text.strip().splitlines():
        code, title = line.strip().split(" ", 1)
        codes[code] = Code("warning" if code.startswith("W") else "error", title)
    return codes


# One line a code, sorted; the title is a short noun phrase.
CODES: Final[dict[str, Code]] = _table(
    """
    E0101 invalid UTF-8
    E0102 character with no meaning
    E0103 string or quoted name not closed
    E0104 tab in indentation
    E0105 indentation that matches no block
    E0106 malformed number
    E0107 malformed escape
    E0201 unexpected token
    E0202 missing block
    E0203 unexpected indentation
    E0204 line that cannot stand here
    E0210 nested too deeply
    E0301 two files with one module name
    E0302 unknown module
    E0303 unknown name
    E0304 private name
    E0305 duplicate name
    E0306 name of another kind
    E0307 wrong type arguments
    E0308 invalid module name
    E0309 name of a builtin
    E0310 invalid declaration name
    E0311 unknown field or member
    E0312 ambiguous enum member
    E0401 wrong type
    E0402 operator that does not go with its operands
    E0403 float with decimal
    E0404 number that its type cannot hold
    E0405 value that may be none
    E0406 call that does not fit
    E0407 condition that is no bool
    E0408 match that does not fit
    E0409 block without a value, or value without a use
    E0410 type that cannot be told
    E0411 recursion
    E0412 const that is no constant
    E0413 assignment to what is no variable
    E0414 loop over what is no list
    E0415 text that is no such value
    E0501 unknown marker
    E0502 marker that does not fit
    E0503 wrong marker arguments
    E0504 repeated marker
    E0505 contradictory constraints
    E0506 inheritance cycle
    E0507 type that is only itself
    E0508 conflicting fields
    E0509 duplicate wire name
    E0510 invalid enum values
    E0511 invalid union tag
    E0512 too many inherited fields
    E0601 columns that do not fit
    E0602 cell that does not fit
    E0603 policy that does not fit
    E0610 table rows overlap
    E0620 rules that assign the same field
    E0621 rules in a ring
    E0701 invalid route
    E0702 path parameters that disagree with the route
    E0703 duplicate route
    E0704 duplicate answer
    E0705 invalid media type
    E0706 invalid reference to a Python function
    E0707 check that does not fit
    E0708 unknown role
    E0709 unknown security scheme
    E0710 more than one service
    E0711 invalid security scheme
    E0712 bodies that disagree
    E0801 scenario that does not hold
    E0802 scenario that fails
    E0803 scenario without a clock
    E0804 extern calc that raised
    E0810 constant whose evaluation fails
    E0811 scenario that does not fit
    E0901 unreadable file
    E0902 unknown option
    E0903 invalid option
    E0904 output that the build did not write
    E0905 unsafe output name
    E0906 nothing to compile
    E0907 invalid configuration file
    E0908 unwritable output
    E1001 unreadable document
    E1002 not an OpenAPI 3 description
    E1003 document beyond its bounds
    E1004 malformed node of a document
    W0301 unused import
    W0302 unused private declaration
    W0401 default that is never used
    W0501 entity that can never be built
    W0502 pattern outside the dialect
    W0503 duplicate variant
    W0611 table with a gap
    W0612 table row that is never chosen
    W0613 condition that can never hold
    W0901 changed output kept
    W0902 no machine code
    W0903 profile that is not used
    W0904 part of a profile left out
    W1001 reference that cannot be resolved
    W1002 part of a document left out
    W1003 key given twice
    W1101 credential in a source
    W1102 near-duplicate
    W1103 declaration that nothing reaches
    """
)
