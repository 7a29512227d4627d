"""The layer that machines share: a Redis server, signed entries, and an outage that costs speed only."""

from hyper.cache.remote.environment import open_shared
from hyper.cache.remote.layer import RedisLayer
from hyper.cache.remote.settings import TLS, Limits

__all__ = ["TLS", "Limits", "RedisLayer", "open_shared"]
