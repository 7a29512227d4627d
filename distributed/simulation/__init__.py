"""What a fleet of any size would do, by measured costs: builds, servers and workers as events in simulated time.

How a job is sized, which build gets how much, which shard a key has and how many processes a worker wants is decided by the code
that builds and workers use (``shares``, ``sharding``, ``scaling``), which is imported and not modelled.
"""
