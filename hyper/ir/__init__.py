"""The typed IR, its text form, its verifier, lowering, optimisation passes and the interpreter (tier 0)."""
