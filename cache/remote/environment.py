"""The shared cache as the environment describes it; ``docs/shared-cache.md`` is the table of the variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from hyper.cache.remote.layer import Mode, RedisLayer
from hyper.cache.remote.settings import TLS
from hyper.cache.trust import MAIN, Keyring

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hyper.cache.remote.wire import Reason

URL_VARIABLE: Final = "HYPER_CACHE_URL"


def open_shared(
    project: str,
    environment: Mapping[str, str],
    on_outage: Callable[[Reason], None] | None = None,
) -> RedisLayer | None:
    """The layer; ``None`` if ``HYPER_CACHE_URL`` is not set. Nothing is asked of the server yet.

    Raises:
        ValueError: A variable is not what it should be; the text holds neither passwords nor keys.
        ImportError: redis-py is not installed.

    """
    url = environment.get(URL_VARIABLE, "")
    if not url:
        return None
    modes = {mode: mode for mode in get_args(Mode)}
    mode = modes.get(environment.get("HYPER_CACHE_MODE", "read-write"))
    signatures = environment.get("HYPER_CACHE_SIGNATURES", "")
    if mode is None or signatures not in {"", "demand", "accept"}:
        raise ValueError(
            "HYPER_CACHE_MODE is read-only or read-write, HYPER_CACHE_SIGNATURES demand or accept"
        )
    return RedisLayer(
        url,
        project,
        scope=environment.get("HYPER_CACHE_SCOPE", MAIN),
        reads=environment["HYPER_CACHE_READS"].split()
        if "HYPER_CACHE_READS" in environment
        else None,
        mode=mode,
        keyring=Keyring.from_environment(environment),
        demands=signatures == "demand" if signatures else None,
        tls=TLS.from_environment(environment),
        on_outage=on_outage,
    )
