"""OpenAPI 3.0 and 3.1 descriptions as ``.intent`` files."""

from hyper.importers.openapi.importer import Imported, import_openapi

__all__ = ["Imported", "import_openapi"]
