"""Kernels as LLVM: text made from the kernel IR, optimised and compiled for a named processor."""
