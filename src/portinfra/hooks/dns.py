"""The `dns` of an environment: a function or command that receives the address of each host."""

from portinfra.errors import UserCodeError
from portinfra.hooks.calls import call, name_of
from portinfra.model.environment import Environment, HostAddresses
from portinfra.model.location import location_of
from portinfra.model.observed import Observation
from portinfra.model.resources import Instance, PublicAddress

DNS_SECONDS = 300.0
"""The longest time for a command, in seconds."""


def host_addresses(there: Observation) -> HostAddresses:
    """Return the addresses of each observed host, by its name."""
    public = {seen.spec.instance: seen.parts.get("ip") or None for seen in there.of(PublicAddress).values()}
    return {
        address.name: {"private": seen.spec.private_address, "public": public.get(address)}
        for address, seen in sorted(there.of(Instance).items())
    }


def call_dns(environment: Environment, there: Observation) -> None:
    """Call the `dns` of an environment, if it has one, with the observed addresses.

    Raise UserCodeError where it fails.
    """
    if environment.dns is None:
        return
    answer = call(environment.dns, host_addresses(there), seconds=DNS_SECONDS)
    if not answer.passed:
        where = location_of(environment.dns) or environment.location
        raise UserCodeError(
            f"dns of environment {environment.name}, {name_of(environment.dns)!r} ({where}), failed: "
            f"{answer.told or 'it returned False and printed nothing'}",
            fix="The names may be out of date. Correct the cause, then run the same command again: it calls "
            "dns again.",
        )
