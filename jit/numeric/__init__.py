"""Ordinary numeric Python functions in tiers: as they are, compiled, and specialised; the answers are the same."""
