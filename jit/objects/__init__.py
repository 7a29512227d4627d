"""Kernels as objects: compiled ahead of time for hardware profiles, called from C or from Python without this package."""
