"""The side of a build: a process of its own that hands out work to a fleet, spoken to over pipes.

Whoever builds has no event loop, no thread and no connection by it, and never waits for it.
"""
