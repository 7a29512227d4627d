"""Messages, queue, worker daemon, scaling and leases, and an in-process twin for tests."""
