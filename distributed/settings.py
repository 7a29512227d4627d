"""Where a fleet is, and who is believed there, as the environment says it; ``docs/distributed.md`` has the table of variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from hyper.cache.remote.settings import TLS, Address
from hyper.cache.trust import Keyring
from hyper.distributed.flights import Rules
from hyper.distributed.messages import Post
from hyper.distributed.names import Names
from hyper.distributed.rules import RULE_VARIABLES, JobRules, read_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

URL_VARIABLES: Final = ("HYPER_QUEUE_URL", "HYPER_CACHE_URL")
FLEET: Final = "fleet"
VARIABLES: Final = ("HYPER_QUEUE_URL", "HYPER_FLEET", *RULE_VARIABLES)
"""What is about fleets only. Keys and certificates are those of the shared cache."""


class FleetSettings(msgspec.Struct, frozen=True):
    """A fleet of a project: its server, names, keys, and the rules of jobs. ``demands``: what no key signed is refused."""

    url: str
    project: str
    fleet: str = FLEET
    tls: TLS = TLS()
    keyring: Keyring | None = None
    demands: bool = False
    rules: JobRules = JobRules()

    def __repr__(self) -> str:
        return f"<fleet {self.fleet} of {self.project}>"

    @property
    def address(self) -> Address:
        """The server."""
        return Address.parse(self.url)

    @property
    def names(self) -> Names:
        """How everything is called there."""
        return Names(self.project, self.fleet)

    @property
    def flights(self) -> Rules:
        """What sets an action aside, and for how long things are kept: no result for longer than its content."""
        each = self.rules
        return Rules(strikes=each.strikes, result=each.ttl, trail=each.ttl)

    @property
    def post(self) -> Post:
        """Writes and reads its messages."""
        return Post(self.names.prefix, self.keyring, demands=self.demands)


def _about_the_queue(text: str) -> str:
    """What is wrong with an address, said of a fleet's server and not of a shared cache."""
    return text.replace("of the shared cache", "of the server (--redis, HYPER_QUEUE_URL)")


def fleet_url(environment: Mapping[str, str]) -> str:
    """The server's address; empty where none is configured."""
    return next((environment[each] for each in URL_VARIABLES if environment.get(each)), "")


def open_settings(
    project: str, environment: Mapping[str, str], url: str | None = None
) -> FleetSettings | None:
    """The settings; ``None`` where no server is named. ``url`` is one that was given by hand. Nothing is asked of the server.

    Raises:
        ValueError: Something is not what it should be; the text holds neither passwords nor keys.

    """
    where = url or fleet_url(environment)
    if not where:
        return None
    try:
        Address.parse(where)
    except ValueError as error:
        raise ValueError(_about_the_queue(str(error))) from None
    signatures = environment.get("HYPER_CACHE_SIGNATURES", "")
    if signatures not in {"", "demand", "accept"}:
        raise ValueError("HYPER_CACHE_SIGNATURES is demand or accept")
    keyring = Keyring.from_environment(environment)
    if signatures == "demand" and keyring is None:
        raise ValueError("signatures are demanded, and there is no key to verify them with")
    fleet = environment.get("HYPER_FLEET") or FLEET
    demands = signatures == "demand" or (signatures == "" and keyring is not None)
    tls, rules = TLS.from_environment(environment), read_rules(environment)
    settings = FleetSettings(where, project, fleet, tls, keyring, demands, rules)
    _ = settings.names
    return settings
