"""The target ``native``: what a program computes, compiled ahead of time for hardware profiles."""
