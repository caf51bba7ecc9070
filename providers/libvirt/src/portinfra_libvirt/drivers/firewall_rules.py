"""The rules of filters. A filter has addresses where a declaration has roles."""

from collections.abc import Iterable, Mapping

from attrs import evolve

from portinfra.model.address import Address
from portinfra.model.observed import Observed
from portinfra.model.resources import Firewall, FirewallRules, Rule
from portinfra.provider.interface import DONE, Call, Names, NextCall, Refs
from portinfra_libvirt import filters
from portinfra_libvirt.drivers import reading
from portinfra_libvirt.drivers.base import UNREACHABLE, EverywhereDriver, Part, by_part, call, part
from portinfra_libvirt.drivers.firewall import owner_of
from portinfra_libvirt.drivers.reading import Answers, Record
from portinfra_libvirt.filters import Allowed


class FirewallRulesDriver(EverywhereDriver[FirewallRules]):
    """The rules of a filter. Each observation of the filter shows them. All of them change at once."""

    spec = FirewallRules
    nouns = "rules"
    holds: frozenset[str] = frozenset({"firewall"})
    replaces: frozenset[str] = frozenset({"firewall"})

    def parts_at(self, answer: Record, answers: Answers, names: Names) -> Iterable[Part]:
        """Yield the rules of each of our filters."""
        roles = _roles(answers, names)
        for document in answer["filters"]:
            seen = filters.read(document)
            mark = owner_of(seen, names.scope)
            if mark is None:
                continue
            spec = FirewallRules(
                mark[0].name,
                names.address_of(f"{Firewall.kind}:{seen.name}"),
                _rules(seen.allowed, "ingress", roles),
                _rules(seen.allowed, "egress", roles),
            )
            more = {"owner": seen.owner, "dhcp": seen.dhcp}
            yield Part(spec.address, seen.name, spec, _digest(seen.allowed), more)

    def wanted_digest(self, want: FirewallRules, refs: Refs) -> str:
        """Return the digest of exactly the wanted rules."""
        return _digest(_compile(want, refs))

    def put(self, want: FirewallRules, seen: Observed[FirewallRules] | None, refs: Refs, at: str) -> NextCall:
        """Return the call that defines the filter with all its rules. Running guests change with it."""
        assert want.firewall is not None
        firewall = refs.seen[want.firewall].parts
        owner, dhcp = firewall["owner"], firewall["dhcp"]
        document = filters.document(firewall["name"], owner, _compile(want, refs), dhcp)
        after = self.after(want, seen, refs, at, firewall["name"], owner=owner, dhcp=dhcp)
        where = {"name": firewall["name"], "scope": str(refs.scope)}
        return call("DefineFilter", want.address, after, at, document=document, **where)

    def enforce(self, seen: Observed[FirewallRules], refs: Refs) -> tuple[Call, ...]:
        """Return the calls that make each hypervisor instantiate the filter again for running guests."""
        where = {"name": seen.parts["name"], "scope": str(refs.scope), "attempt": refs.attempt}
        return tuple(
            evolve(call("RenewFilter", seen.address, seen, each.name, **where), place=self.zone_of(each))
            for each in self.site.hypervisors
            if seen.parts.get(part(each.name), UNREACHABLE) != UNREACHABLE
        )

    def next_call(
        self, want: FirewallRules | None, seen: Observed[FirewallRules] | None, refs: Refs
    ) -> NextCall:
        """Return the next call.

        A new filter allows nothing, and rules are gone when it allows nothing again.
        """
        if want is not None:
            return super().next_call(want, seen or self._without_rules(want, refs), refs)
        for at in self.hypervisors if seen else ():
            if seen and seen.parts.get(part(at), _NOTHING) not in (_NOTHING, UNREACHABLE):
                return self.drop(seen, refs, at)
        return DONE

    def _without_rules(self, want: FirewallRules, refs: Refs) -> Observed[FirewallRules]:
        assert want.firewall is not None
        firewall = refs.seen[want.firewall].parts
        there = {at: firewall[part(at)] for at in self.hypervisors if part(at) in firewall}
        closed = by_part({at: UNREACHABLE if each == UNREACHABLE else _NOTHING for at, each in there.items()})
        parts = {name: firewall[name] for name in ("name", "owner", "dhcp")}
        return Observed(want.address, FirewallRules(want.name, want.firewall), {**parts, **closed})

    def drop(self, seen: Observed[FirewallRules], refs: Refs, at: str) -> Call:
        """Return the call that defines the filter without rules."""
        parts = {**seen.parts, part(at): _NOTHING}
        after = evolve(seen, spec=evolve(seen.spec, ingress=(), egress=()), parts=parts)
        document = filters.document(seen.parts["name"], seen.parts["owner"], dhcp=seen.parts["dhcp"])
        where = {"name": seen.parts["name"], "scope": str(refs.scope)}
        return call("DefineFilter", seen.address, after, at, document=document, **where)


def _compile(want: FirewallRules, refs: Refs) -> tuple[Allowed, ...]:
    """Return rules in the form of a filter: the addresses of a role's hosts stand in for the role."""
    found = []
    ways: tuple[filters.Way, ...] = ("ingress", "egress")
    for way in ways:
        rules: tuple[Rule, ...] = getattr(want, way)
        for rule in rules:
            peer = rule.peer_firewall
            cidr = refs.seen[peer].parts["cidr"] if peer else rule.peer
            found.append(Allowed(way, rule.protocol, rule.first, rule.last, cidr, rule.peer))
    return tuple(sorted(found))


def _digest(allowed: Iterable[Allowed]) -> str:
    """Return the digest of rules without the names of peers, which may change while the addresses stay."""
    return filters.digest(each._replace(peer="") for each in allowed)


_NOTHING = _digest(())


def _roles(answers: Answers, names: Names) -> Mapping[Address, str]:
    """Return firewall → the addresses of its role."""
    seen = [
        filters.read(document)
        for answer in reading.answers_by_hypervisor(answers).values()
        for document in answer["filters"]
    ]
    return dict(mark for each in seen if (mark := owner_of(each, names.scope)))


def _rules(allowed: Iterable[Allowed], way: filters.Way, roles: Mapping[Address, str]) -> tuple[Rule, ...]:
    return tuple(sorted(each.rule._replace(peer=_peer(each, roles)) for each in allowed if each.way == way))


def _peer(allowed: Allowed, roles: Mapping[Address, str]) -> str:
    """Return the peer of a rule. A role's name in a comment counts while its addresses are the rule's.

    The role may have been renamed since.
    """
    peer = Address(allowed.peer)
    if allowed.peer == allowed.cidr or roles.get(peer) == allowed.cidr:
        return allowed.peer
    return next((role for role, cidr in sorted(roles.items()) if cidr == allowed.cidr), allowed.cidr)
