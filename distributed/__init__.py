"""A build over many machines: messages, queues, workers, leases and scaling, on BullMQ and Redis.

Knows nothing of the language: whoever uses it hands in a registry of stages (``stages.py``), pure functions of bytes.
"""
