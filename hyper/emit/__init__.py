"""Back ends: Python, OpenAPI and JSON Schema."""
