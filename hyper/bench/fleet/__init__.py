"""Builds of a fleet, measured: machines as network namespaces with latency between them, and what each part of a fleet costs."""
