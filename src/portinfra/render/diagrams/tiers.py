"""The order in which roles are drawn: from the internet inwards, with roles that serve all others last."""

from collections.abc import Iterator, Mapping

from portinfra.model.topology import INTERNET, Role, Topology

Arranged = list[tuple[str, list[Role]]]

FEW_ROLES = 6
"""Below this number of roles, flows with most of the others do not make a role one of operations."""


def tiers(topology: Topology) -> Arranged:
    """Return the titles of tiers with their roles, from top to bottom, without empty tiers.

    Public: roles with public addresses. Operations: roles that call, or are called by, more than three
    quarters of all roles (logs, monitoring). Back end: roles that are called, and call no role of the service
    (data). Services: all others. In a tier, roles are in order of their distance from the internet.
    """
    calls = _calls(topology)
    busy = {role.name for role in topology.roles if _talks_with_most(role, topology, calls)}
    distance = _distances(topology, calls, busy)
    titles: dict[str, list[Role]] = {"Public": [], "Services": [], "Back end": [], "Operations": []}
    for role in topology.roles:
        titles[_title(role, calls, busy)].append(role)
    for roles in titles.values():
        roles.sort(key=lambda role: distance[role.name])
    return [(title, roles) for title, roles in titles.items() if roles]


def _title(role: Role, calls: Mapping[str, set[str]], busy: set[str]) -> str:
    if role.public:
        return "Public"
    if role.name in busy:
        return "Operations"
    called = any(role.name in targets for caller, targets in calls.items() if caller != role.name)
    return "Back end" if called and not calls[role.name] - busy - {role.name} else "Services"


def _calls(topology: Topology) -> dict[str, set[str]]:
    """Return the roles that each end may call. The internet and CIDRs are ends that call, too."""
    names = {role.name for role in topology.roles}
    calls: dict[str, set[str]] = {name: set() for name in names}
    for flow in topology.flows:
        for source in flow.sources:
            calls.setdefault(source, set()).update(names.intersection(flow.targets))
    return calls


def _talks_with_most(role: Role, topology: Topology, calls: Mapping[str, set[str]]) -> bool:
    callers = {name for name, targets in calls.items() if role.name in targets}
    most = max(len(callers - {role.name}), len(calls[role.name] - {role.name}))
    return len(topology.roles) >= FEW_ROLES and not role.public and 4 * most > 3 * len(topology.roles)


def _distances(topology: Topology, calls: Mapping[str, set[str]], busy: set[str]) -> dict[str, int]:
    """Return the number of flows from the internet to each role. No path leads through a busy role."""
    far = len(topology.roles) + 1
    distance = {role.name: far for role in topology.roles}
    reached = set(_outside(calls, distance))
    step = 0
    while reached:
        step += 1
        called = {target for name in reached for target in calls[name]}
        reached = {name for name in called if distance[name] == far}
        distance.update(dict.fromkeys(reached, step))
        reached -= busy
    return distance


def _outside(calls: Mapping[str, set[str]], inside: Mapping[str, int]) -> Iterator[str]:
    yield from (name for name in calls if name == INTERNET or name not in inside)
