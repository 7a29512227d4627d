"""What other machines do for a build: the registry of stages, which ``hyper.distributed`` is handed, and how a build joins them."""
