"""Optimisation passes over the IR, one a file, in the order in which they run.

Each is a function from a body to one that means the same: the same value, or the same error at the same line.
"""
