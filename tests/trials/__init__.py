"""The trials of what is promised: a few rounds in every run of the tests, and all of them with ``--full``."""
