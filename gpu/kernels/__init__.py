"""The loops of the text engine, each a plain function over arrays of numbers.

numba compiles them as they stand, in memory or to native objects that need neither numba nor NumPy. For the latter
they use nothing but arithmetic, comparisons and the elements of the arrays that they are given: no exception, no
division, no other function.
"""
