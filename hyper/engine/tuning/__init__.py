"""The whole way of a profile: recorded, built for, proved to change no answer, and measured. ``tune`` is where it begins."""
