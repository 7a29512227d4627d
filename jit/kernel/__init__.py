"""The kernel IR: small typed functions over machine numbers, whose every failure is a status.

``ir`` is the data, ``builder`` makes it, ``verify`` holds what every kernel must be.
"""
