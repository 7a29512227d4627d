"""The kernels as machine code: compiled by numba in memory, or loaded as native objects."""
