"""The runtime of generated functions, copied into every package."""
