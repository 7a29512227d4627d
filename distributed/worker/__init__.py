"""The worker daemon: takes jobs from the queues that it can serve, has them done by processes, and says how it is."""
