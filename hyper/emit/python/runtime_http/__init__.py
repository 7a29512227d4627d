"""Modules that are copied into every package, beside the arithmetic: what models and the service stand on."""
