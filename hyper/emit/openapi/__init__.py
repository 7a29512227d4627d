"""The back ends for OpenAPI 3.1 and JSON Schema 2020-12. ``docs/openapi.md`` is the table that they follow."""

from __future__ import annotations

from hyper.emit.openapi.document import emit_openapi
from hyper.emit.openapi.files import emit_schemas
from hyper.emit.openapi.text import dump_json

__all__ = ["dump_json", "emit_openapi", "emit_schemas"]
