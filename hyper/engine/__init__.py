"""The orchestrator: options and tiers, discovery, the pipeline, output, sessions and results."""
