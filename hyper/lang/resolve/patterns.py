"""Whether a regular expression is in the dialect of Rust's ``regex``, which Pydantic uses."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def is_supported(pattern: str) -> bool:
    """Compile a pattern as Pydantic does and tell whether that worked."""
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    try:
        SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except (SchemaError, ValueError):
        return False
    return True
