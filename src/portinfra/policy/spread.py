"""Rules about the distribution of hosts: over servers, zones and subnets."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from portinfra.format import count
from portinfra.misplaced_hosts import describe_held, describe_other_zones, find_elsewhere
from portinfra.model.address import Address
from portinfra.model.finding import Severity
from portinfra.model.resources import Instance, Subnet
from portinfra.policy.context import PolicyContext
from portinfra.policy.rules import Found, rule
from portinfra.reach.addresses import bounds
from portinfra.reach.parties import role_of

THREE = 3


@rule(
    "check/fewer-than-three",
    Severity.WARNING,
    "Have three or more; where fewer suffice, waive it with the reason.",
    enforces="R6",
)
def fewer_than_three(context: PolicyContext) -> Iterator[Found]:
    """A service with fewer than three hosts: it may fail with one zone."""
    nothing_there = context.observation is not None and not context.observation.resources
    for role in context.roles:
        number = len(context.hosts(role.name))
        if number >= min(THREE, role.count * THREE) or nothing_there:
            continue
        if context.observation is not None and number < role.count:
            message = (
                f"{number} of {count(role.count, 'declared host')} {'exists' if number == 1 else 'exist'}"
            )
            yield role, message, "Let `portinfra apply` create the others."
        else:
            yield role, count(number, "host")


@rule(
    "check/unbalanced-zones",
    Severity.WARNING,
    "Let the environment have three zones, and hosts where their numbers put them.",
    enforces="R6",
)
def unbalanced_zones(context: PolicyContext) -> Iterator[Found]:
    """A service whose zones differ by more than one host; at least three zones count."""
    for role in context.roles:
        numbers = Counter(str(host.zone) for host in context.hosts(role.name))
        counts = sorted(numbers.values(), reverse=True)
        counts += [0] * (THREE - len(counts))
        if counts[0] - counts[-1] > 1:
            yield role, f"its zones have {', '.join(map(str, counts))} hosts"


@rule(
    "check/shared-subnet",
    Severity.ERROR,
    "Give each role subnets of its own; `portinfra apply` puts a host back that was made in a wrong one.",
    enforces="R3",
)
def shared_subnet(context: PolicyContext) -> Iterator[Found]:
    """Two roles in one subnet, or subnets that overlap."""
    roles: dict[Address, set[str]] = {}
    subnets: list[tuple[int, int, Subnet]] = []
    for address, spec in context.resources.items():
        if isinstance(spec, Instance) and spec.subnet:
            roles.setdefault(spec.subnet, set()).add(role_of(address.name))
        elif isinstance(spec, Subnet):
            subnets.append((*bounds(spec.cidr), spec))
    for subnet, some in roles.items():
        if len(some) > 1:
            yield str(subnet), f"it holds hosts of {' and '.join(sorted(some))}"
    for (_, last, one), (first, _, other) in pairwise(sorted(subnets, key=lambda found: found[:2])):
        if first <= last:
            yield str(other.address), f"{other.cidr} overlaps {one.cidr} of {one.address}"


@rule(
    "check/other-place",
    Severity.WARNING,
    "Declare the zones in which the hosts are.",
    enforces="R6",
    observed_only=True,
)
def other_place(context: PolicyContext) -> Iterator[Found]:
    """Hosts whose zone or address is not the declared one, and that no apply moves."""
    found = find_elsewhere(context.placed, context.resources)
    if others := [each for each in found if not each.volumes]:
        yield context.environment, *describe_other_zones(context.placed, others, context.resources)
    if held := [each for each in found if each.volumes]:
        yield context.environment, *describe_held(context.placed, held, context.resources)


SPREAD = (fewer_than_three, unbalanced_zones, shared_subnet, other_place)
