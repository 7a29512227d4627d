"""Packages with machine code: the same answers, and never code that this machine cannot run."""
