"""Contests within a process: what is compiled beside the same by hand, in libraries of columns, and in engines of rules."""
