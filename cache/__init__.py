"""Action cache and content store in layers, sketches, admission and eviction, memory-mapped reading."""
