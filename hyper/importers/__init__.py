"""OpenAPI and JSON Schema to intent files."""
