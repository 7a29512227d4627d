"""Measurement: trees of any size, recorded edits, whole processes side by side, and what each switch is worth."""
