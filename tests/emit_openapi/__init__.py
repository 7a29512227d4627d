"""Tests of the OpenAPI and JSON Schema back ends."""
