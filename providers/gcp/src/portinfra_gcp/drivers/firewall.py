"""Firewalls: a network tag, and one rule that denies all egress of hosts with the tag.

Compute Engine's implied rule in each network denies all ingress. Rules that allow have a higher priority.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.observed import Observed
from portinfra.model.resources import Firewall, FirewallRules
from portinfra.provider.interface import Call, Names, NextCall, Refs, Refuse, Wait
from portinfra.provider.lifecycle import with_owner
from portinfra_gcp import links, marks
from portinfra_gcp.drivers import reading
from portinfra_gcp.drivers.base import GcpDriver, Observation, Owned, call, creation_name
from portinfra_gcp.drivers.reading import Answers, Record

LISTS = "firewalls.list"

FIREWALLS = "FIREWALLS"
"""The quota of rules. One of our firewalls has several."""

LAST = 65_000
"""The priority of the rule that denies.

Compute Engine's implied rule, which allows all egress, has 65,535.
"""


class FirewallDriver(GcpDriver[Firewall]):
    """A network tag. The name of its denying rule is the tag, and never changes."""

    spec = Firewall
    collection = "firewalls"
    lists = LISTS
    labelled = False
    has_state = False
    replaces: frozenset[str] = frozenset({"network"})
    holds: frozenset[str] = frozenset({"network"})

    def listing(self, scope: Scope) -> Call:
        """Return the list of all rules in networks of the scope. Rules of other owners count there, too."""
        return in_networks_of(scope)

    def to_observed(self, owned: Owned, observation: Observation) -> Observed[Firewall]:
        """Return the firewall. It is pending while its rule does not deny all egress."""
        seen = super().to_observed(owned, observation)
        seen = evolve(seen, parts={**seen.parts, "network": links.path(owned.record["network"])})
        if seen.state == "ready" and _is_open(owned.record):
            why = "it does not deny all egress"
            return evolve(seen, state="pending", parts={**seen.parts, "open": "yes"}, reason=why)
        return seen

    foreign_kind = "firewall rule"

    def lists_within(self, networks: Sequence[str]) -> tuple[Call, ...]:
        """Return all firewall rules of these networks."""
        return (reading.in_networks(self.lists, networks),)

    def homes(self, record: Record) -> list[str]:
        """Return its network."""
        return [record["network"]]

    def is_ours(self, record: Record, scope: Scope) -> bool:
        """Return whether a rule denies or allows for a firewall of the scope."""
        kinds = (Firewall.kind, FirewallRules.kind)
        return any(marks.read_mark(record, scope, kind) is not None for kind in kinds)

    def bound_addresses(self, record: Record, answers: Answers, names: Names) -> set[Address]:
        """Return our firewalls to whose hosts it applies. A disabled rule applies to none."""
        shells = (each for each in reading.records(answers, self.lists) if is_shell(each, names.scope))
        concerned = [each["name"] for each in shells if concerns(record, each["name"])]
        tags = () if record.get("disabled") else concerned
        return {address for tag in tags if (address := names.address_of(f"global/firewalls/{tag}"))}

    def to_spec(self, owned: Owned, observation: Observation) -> Firewall:
        """Return the firewall of a record: its network, and the addresses of its role."""
        network = observation.names.address_of(links.path(owned.record["network"]))
        return Firewall(owned.mark.address.name, network, owned.mark.tags, owned.mark.content.get("cidr", ""))

    def takes(self, spec: Firewall, catalogue: Catalogue) -> Mapping[str, int]:
        """Return one rule, which denies."""
        return {FIREWALLS: 1}

    def describe(self, want: Firewall, refs: Refs, name: str) -> str:
        """Return its description, with its tags and its role's addresses, which egress rules use."""
        named = creation_name(want, refs, name)
        return marks.description(want, refs, born=named, tags=dict(want.tags), cidr=want.cidr)

    def body(self, want: Firewall, refs: Refs) -> dict[str, Any]:
        """Return the body of the rule that denies all egress."""
        return {"network": refs.id(want.network), **_deny_egress(refs.free_name(want))}

    def create(self, want: Firewall, refs: Refs) -> Call:
        """Return the creation. The network is a part of the result, because rules need it."""
        made = super().create(want, refs)
        assert made.after is not None
        parts = {**made.after.parts, "network": refs.id(want.network)}
        return evolve(made, after=evolve(made.after, parts=parts))

    def obstacle(self, seen: Observed[Firewall]) -> Wait | Refuse | None:
        """Return no obstacle for an open firewall. It is pending, but no operation on it runs."""
        return None if "open" in seen.parts and seen.state == "pending" else super().obstacle(seen)

    def finish(self, want: Firewall, seen: Observed[Firewall], refs: Refs) -> NextCall | None:
        """Return the call that denies all egress again before any other change."""
        if "open" not in seen.parts:
            return None
        parts = {name: value for name, value in seen.parts.items() if name != "open"}
        after = evolve(with_owner(seen, want), state="ready", parts=parts, reason="")
        return self._rewrite(want, seen, refs, after)

    def own(self, want: Firewall, seen: Observed[Firewall], refs: Refs) -> NextCall:
        """Return the call that writes its description, which rewrites the whole rule."""
        return self._rewrite(want, seen, refs, with_owner(seen, want))

    def _rewrite(
        self, want: Firewall, seen: Observed[Firewall], refs: Refs, after: Observed[Firewall]
    ) -> NextCall:
        name = seen.parts["name"]
        text = self.describe(want, refs, name)
        if refused := marks.refuse_mark(want, text):
            return refused
        body = {"name": name, "description": text, "network": seen.parts["network"], **_deny_egress(name)}
        parameters = {**links.variables(seen.id), "body": body}
        return call("firewalls.update", want.address, parameters, after, safe=True)


def in_networks_of(scope: Scope) -> Call:
    """Return the list of all firewall rules in networks of a scope."""
    return reading.list_all(LISTS, f'network eq ".*-({reading.endings(scope)})"')


def is_shell(record: Record, scope: Scope) -> bool:
    """Return whether a rule is the one that denies."""
    return marks.read_mark(record, scope, Firewall.kind) is not None


def concerns(record: Record, tag: str) -> bool:
    """Return whether a rule applies to the hosts that have a tag."""
    targets = record.get("targetTags")
    return tag in targets if targets else not record.get("targetServiceAccounts")


def _is_open(record: Record) -> bool:
    closed = _deny_egress(record["name"])
    return bool(record.get("disabled")) or any(record.get(name) != closed[name] for name in closed)


def _deny_egress(tag: str) -> dict[str, Any]:
    return {
        "direction": "EGRESS",
        "priority": LAST,
        "denied": [{"IPProtocol": "all"}],
        "destinationRanges": ["0.0.0.0/0"],
        "targetTags": [tag],
    }
