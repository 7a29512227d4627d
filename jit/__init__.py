"""Kernels in four tiers, profiles, promotion and deoptimisation, native objects and their loader."""
