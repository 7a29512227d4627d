"""The operations by NumPy: whole arrays at a time, many places of an arena in lockstep."""
